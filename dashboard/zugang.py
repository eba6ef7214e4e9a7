"""The gate in front of every request: known paths only, own origin only, safe headers, German errors.

Dash answers every unknown path with 200 and every foreign POST with data; what may pass is therefore decided here.
"""

import logging
import re
from html import escape
from urllib.parse import urlsplit

from dash import Dash
from flask import Response, g, jsonify, redirect, request
from werkzeug.exceptions import HTTPException

from dashboard.ansicht import UnbekannteAngabe, find_raum, read_ansicht
from dashboard.eingaben import FalscheEingabe, check_callback
from geodata.fehler import MonitoringError
from indicators.store import ZuLange

MAX_ANFRAGE = 256 * 1024  # bytes; the largest callback carries a view and a few keys
CALLBACK = "/_dash-update-component"
POST_WEGE = ["/ansehen-als", "/abmelden"]  # plain forms; their views check where they come from
SCHREIBWEG = re.compile(r"/[a-z0-9_]+/eigene/anlegen")  # checked in its view like those
SEITEN_MIT_ANSICHT = ("karte", "zeitreihe")

TEXTE = {
    400: ("Diese Anfrage ist unvollständig", "Die Angaben passen nicht zu diesem Programm."),
    401: ("Bitte anmelden", "Diese Seiten sehen nur angemeldete Personen."),
    403: ("Das ist nicht erlaubt", "Hier fehlt die Berechtigung, oder die Anfrage kam von einer fremden Seite."),
    404: ("Diese Seite gibt es nicht", "Vielleicht ist der Link veraltet oder beim Kopieren abgeschnitten worden."),
    405: ("So lässt sich diese Seite nicht aufrufen", "Die Seite nimmt nur lesende Anfragen an."),
    413: ("Diese Anfrage ist zu groß", "Das Programm nimmt nur kleine Anfragen an."),
    500: (
        "Da ist etwas schiefgegangen",
        "Der Fehler liegt beim Programm und wurde aufgezeichnet. Ein neuer Versuch hilft manchmal.",
    ),
    503: ("Das geht im Moment nicht", "Ein neuer Versuch in einigen Minuten hilft meistens."),
}

START = '<p><a class="knopf" href="/">Zur Übersicht der Gebiete</a></p>'

log = logging.getLogger("sozialraum.dashboard")


def install(app: Dash, read_stores, seiten: dict) -> None:
    """Put the gate in front of `app`.

    Args:
        read_stores: () → {gebiet_id: Store}; asked on every request, so that a new snapshot is served at once.
        seiten: page name → module, the pages below a territory.
    """
    server = app.server
    server.config["MAX_CONTENT_LENGTH"] = MAX_ANFRAGE
    server.before_request(lambda: check_anfrage(app, read_stores, seiten))
    server.after_request(lambda antwort: set_kopfzeilen(app, antwort))
    server.register_error_handler(Exception, answer_fehler)


def check_anfrage(app: Dash, read_stores, seiten: dict):
    """None lets the request pass; everything else is the answer."""
    if request.method == "POST":
        return check_post(app)
    if ist_seite():
        return check_seite(request.path, request.query_string.decode("utf-8", "replace"), read_stores(), seiten)
    return None


def ist_seite() -> bool:
    """Whether one of the two rules by which Dash answers any path would answer this request."""
    regel = request.url_rule
    return request.method in ("GET", "HEAD") and regel is not None and regel.rule in ("/", "/<path:path>")


def check_post(app: Dash):
    """Only our own pages may call back, and only callbacks that exist."""
    if not kommt_von_hier():
        return weise_ab(403, "fremde Herkunft", "Anfragen von fremden Seiten werden nicht angenommen.")
    if (request.content_length or 0) > MAX_ANFRAGE:
        return weise_ab(413, "zu groß", "Die Anfrage ist zu groß.")
    if request.path in POST_WEGE or SCHREIBWEG.fullmatch(request.path):
        return None
    if request.path != CALLBACK:
        return answer_json(405, "Hier sind nur lesende Anfragen möglich.")
    try:
        check_callback(request.get_json(silent=True), app.callback_map)
    except (FalscheEingabe, RecursionError) as fehler:  # a JSON of a hundred thousand brackets cannot be read
        return weise_ab(400, str(fehler)[:80], "Diese Anfrage kennt das Programm nicht.")
    return None


def kommt_von_hier(*, streng: bool = False) -> bool:
    """Whether our own pages sent this request. `streng`: it must say where it comes from, as every browser does."""
    herkunft, eigene = request.headers.get("Origin"), g.get("adresse")
    if herkunft is None:
        return not streng
    return herkunft == eigene if eigene else urlsplit(herkunft).netloc == request.host


def weise_ab(status: int, warum: str, text: str):
    """Refuse a callback or form, with one line in the log that repeats nothing of what was sent."""
    log.warning("abgewiesen %s: %s", status, warum)
    return answer_json(status, text)


def check_seite(pfad: str, query: str, stores: dict, seiten: dict):
    """Raise UnbekannteAngabe for every page path that does not exist, redirect a bare territory to its map."""
    teile = [teil for teil in pfad.split("/") if teil]
    if not teile:
        return None
    if teile[0] not in stores:
        raise UnbekannteAngabe(f"Ein Gebiet »{teile[0]}« ist hier nicht veröffentlicht.")
    if len(teile) == 1:
        return redirect(f"/{teile[0]}/karte")
    check_unterseite(stores[teile[0]], teile[1:], query, seiten)
    return None


def check_unterseite(store, teile: list[str], query: str, seiten: dict) -> None:
    name, *rest = teile
    if name not in seiten or len(rest) > (1 if name == "steckbrief" else 0):
        raise UnbekannteAngabe(f"Die Seite »{'/'.join(teile)}« gibt es nicht.")
    if rest:
        find_raum(store, rest[0])
    if name in SEITEN_MIT_ANSICHT:
        read_ansicht(store, query)
    if check_query := getattr(seiten[name], "check_query", None):
        check_query(store, query)


def find_csp(app: Dash) -> str:
    """The content security policy; only Dash's own inline scripts may run, by their hashes.

    Computed once, on the first answer: by then all callbacks are registered.
    """
    if "csp" not in app.server.extensions:
        hashes = " ".join(f"'{h}'" if not h.startswith("'") else h for h in app.csp_hashes())
        app.server.extensions["csp"] = (
            f"default-src 'self'; script-src 'self' {hashes}; style-src 'self' 'unsafe-inline'; "
            "img-src 'self' data: blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; "
            "form-action 'self'; frame-ancestors 'none'"
        )
    return app.server.extensions["csp"]


def set_kopfzeilen(app: Dash, antwort: Response) -> Response:
    kopf = antwort.headers
    kopf["Content-Security-Policy"] = find_csp(app)
    kopf["X-Content-Type-Options"] = "nosniff"
    kopf["X-Frame-Options"] = "DENY"
    kopf["Referrer-Policy"] = "same-origin"
    kopf["Cross-Origin-Opener-Policy"] = "same-origin"
    kopf["Cross-Origin-Resource-Policy"] = "same-origin"
    kopf["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), fullscreen=(self)"
    if request.path.startswith("/assets/") and "m" in request.args and antwort.status_code == 200:
        kopf["Cache-Control"] = "public, max-age=31536000, immutable"  # `m` changes with the file
    if g.get("https"):
        kopf["Strict-Transport-Security"] = "max-age=31536000"
    if g.get("privat") and not request.path.startswith("/assets/"):
        # Only the browser of this person may keep it, and pages not even that: others sit at the same computer later.
        eigene = kopf.get("Cache-Control", "")
        kopf["Cache-Control"] = eigene.replace("public", "private") if "public" in eigene else "private, no-store"
        antwort.vary.add("Cookie")
    kopf.setdefault("Cache-Control", "no-cache")
    return antwort


def answer_fehler(fehler: Exception):
    """Every error as a German page, or as JSON where a program asked. Bugs keep their traceback in the log."""
    if isinstance(fehler, UnbekannteAngabe):
        if request.path == CALLBACK:
            return weise_ab(400, "unbekannte Angabe", str(fehler))
        return answer(404, str(fehler))
    if isinstance(fehler, ZuLange):
        log.warning("abgebrochen 503: zu lange gerechnet bei %s", request.url_rule)
        return answer(503, "Diese Anfrage hat zu lange gedauert und wurde abgebrochen.")
    if isinstance(fehler, HTTPException) and fehler.code:
        return fehler if fehler.code < 400 else answer(fehler.code)
    if type(fehler).__module__.startswith("dash.") and request.path.startswith("/_dash-"):
        return answer(404)  # Dash reports a wrong script name or component as an exception of its own
    log.exception("Fehler bei %r", request.path)  # quoted: a path may hold a line break
    return answer(500, fehler.was if isinstance(fehler, MonitoringError) else "")


def answer(status: int, text: str = ""):
    if request.path.startswith(("/_dash-", "/api/")):
        return answer_json(status, text or TEXTE.get(status, TEXTE[400])[0])
    return build_fehlerseite(status, text), status


def answer_json(status: int, text: str):
    return jsonify({"fehler": text}), status


def build_fehlerseite(status: int, text: str = "", weiter: str = START) -> str:
    """A complete HTML page that needs nothing but the stylesheet. `weiter` is HTML of our own."""
    titel, hilfe = TEXTE.get(status, TEXTE[400])
    inhalt = f'<p class="fehler-text">{escape(text)}</p>\n<p>{hilfe}</p>\n{weiter}'
    return build_meldung(titel, inhalt, f'<p class="fehler-zahl">Fehler {status}</p>')


def build_meldung(titel: str, inhalt: str, davor: str = "") -> str:
    """A page of one message; `inhalt` and `davor` are HTML of our own."""
    return f"""<!DOCTYPE html>
<html lang="de">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{titel} – Sozialraum-Monitor</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets/style.css">
</head>
<body class="fehlerseite">
<header class="kopf"><div class="kopf-zeile"><a class="marke" href="/">Sozialraum-Monitor</a></div></header>
<main class="fehler-inhalt" id="inhalt">
{davor}
<h1>{titel}</h1>
{inhalt}
</main>
</body>
</html>"""
