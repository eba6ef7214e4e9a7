"""Routes of the page »Eigene Räume« besides the page: the draft as a file, and taking it in.

Taking in changes files of the house: only a reader of the most permissive profile may, only from our own pages (the
browser has to say so), and only where the door has brought a Werkstatt.
"""

from urllib.parse import parse_qs, urlencode

from flask import Flask, Response, current_app, redirect, request
from werkzeug.exceptions import Forbidden

from dashboard.ansicht import UnbekannteAngabe
from dashboard.eigene_entwurf import build_entwurf, find_befunde, read_bestand
from dashboard.zugang import kommt_von_hier
from geodata.eigene import format_toml

NAME = "werkstatt"


def darf_anlegen(store) -> bool:
    """May this reader take own areas in? Whoever sees the most permissive profile of the whole Gebiet."""
    return store.ist_weiteste


def find_werkstatt(store):
    """Where own areas are kept, if there is such a place and this reader may use it; otherwise None."""
    return current_app.extensions.get(NAME) if darf_anlegen(store) else None


def install(server: Flask, read_stores, werkstatt) -> None:
    """Register the routes; `werkstatt` None: nothing can be taken in."""
    server.extensions[NAME] = werkstatt

    def find_store(gebiet: str):
        store = read_stores().get(gebiet)
        if store is None:
            raise UnbekannteAngabe(f"Ein Gebiet »{gebiet}« ist hier nicht veröffentlicht.")
        return store

    @server.get("/<gebiet>/eigene/datei")
    def eigene_datei(gebiet: str):
        store = find_store(gebiet)
        werte = parse_qs(request.query_string.decode("utf-8", "replace"), keep_blank_values=True)
        entwurf = build_entwurf(store, find_werkstatt(store), werte)
        if find_befunde(store, read_bestand(store), entwurf):
            return zur_pruefung(gebiet, werte)
        eigene = entwurf.als_eigene()
        kopf = {"Content-Disposition": f'attachment; filename="{eigene.id}.toml"'}
        return Response(format_toml(eigene), mimetype="application/toml; charset=utf-8", headers=kopf)

    @server.post("/<gebiet>/eigene/anlegen")
    def eigene_anlegen(gebiet: str):
        store = find_store(gebiet)
        ort = find_werkstatt(store)
        if ort is None or not kommt_von_hier(streng=True):
            raise Forbidden
        werte = request.form.to_dict(flat=False)
        entwurf = build_entwurf(store, ort, werte)
        if find_befunde(store, read_bestand(store), entwurf):
            return zur_pruefung(gebiet, werte)
        eigene = entwurf.als_eigene()
        ort.lege_an(gebiet, eigene, ersetzen=bool(entwurf.gliederung))
        return redirect(f"/{gebiet}/eigene?angelegt={eigene.id}", 303)


def zur_pruefung(gebiet: str, werte: dict):
    """Back to the form with everything that was filled in, and with what stands against it."""
    frage = urlencode({**werte, "pruefen": "1"}, doseq=True)
    return redirect(f"/{gebiet}/eigene?{frage}#ergebnis", 303)
