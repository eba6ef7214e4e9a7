"""create_app: snapshots in, a Dash application out. Nothing happens at import."""

from collections.abc import Callable
from html import escape
from pathlib import Path

from dash import Dash, Input, Output, State, dcc, html
from flask import g, request

from dashboard import anlegen, anmeldung, bausteine, festseite, wege, zugang
from dashboard.ansicht import UnbekannteAngabe, find_raum
from dashboard.person import build_band, build_menue
from dashboard.seiten import (
    daten,
    eigene,
    index,
    karte,
    methodik,
    muster,
    pflege,
    start,
    steckbrief,
    vergleich,
    zeitreihe,
)
from dashboard.tor import Tor, aktueller_zutritt

SEITEN = {
    seite.PFAD: seite
    for seite in (karte, zeitreihe, steckbrief, vergleich, index, muster, pflege, eigene, daten, methodik)
}
LEBENDIG = ("karte", "zeitreihe", "pflege")  # drawn by Dash; all others are plain HTML
ASSETS = Path(__file__).parent / "assets"
LADEN = '<div id="react-entry-point"><p class="warten" role="status">Wird geladen …</p></div>'
SYMBOL = (  # inside the page: as a file it would be fetched again with every change of the link
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E"
    "%3Cpath fill='%230b5268' d='M3 9l9-5 8 4 9-4v19l-9 5-8-4-9 4z'/%3E"
    "%3Cpath fill='%23a1dab4' d='M12 4l8 4v9l-8 3z'/%3E%3Cpath fill='%2341b6c4' d='M20 17l9-4v10l-9 5z'/%3E%3C/svg%3E"
)
OHNE_SKRIPT = "Diese Seite braucht JavaScript. Alle Zahlen gibt es auch als Tabellen unter /api/v1/."
INDEX = """<!DOCTYPE html>
<html lang="de">
<head>
{%metas%}
<title>{%title%}</title>
<link rel="icon" href="{{SYMBOL}}">
{%css%}
</head>
<body>
{%app_entry%}
<noscript><p class="warten">{{OHNE_SKRIPT}}</p></noscript>
{%config%}
{%scripts%}
{%renderer%}
</body>
</html>""".replace("{{SYMBOL}}", SYMBOL).replace("{{OHNE_SKRIPT}}", OHNE_SKRIPT)


class Anwendung(Dash):
    """Dash with a German page template whose title tells the page."""

    def interpolate_index(self, **teile) -> str:
        teile["title"] = find_titel(self.read_stores(), request.path)
        teile["app_entry"] = LADEN
        return super().interpolate_index(**teile)


def create_app(stores, *, daten_hinweis: str = "", tor: Tor | None = None, werkstatt=None) -> Dash:
    """The dashboard over published snapshots.

    Args:
        stores: {gebiet_id: Store}, or a function that returns it; a function is asked on every request, so that a
            newly published snapshot is served without a restart.
        daten_hinweis: a sentence of the operator for every page.
        werkstatt: where own areas are kept (list, dateien, lege_an); None: they can only be read.
        tor: recognises people and roles; then `stores` is `tor.read_stores`. Without it everybody sees everything.
    """
    read_stores: Callable[[], dict] = stores if callable(stores) else lambda: stores
    app = Anwendung(
        "dashboard",
        assets_folder=str(ASSETS),
        assets_ignore=r".*\.worker\.js|eigene\.js",
        index_string=INDEX,
        title=bausteine.PRODUKT,
        update_title=None,
        suppress_callback_exceptions=True,  # pages arrive one at a time
        enable_mcp=False,
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )
    app.read_stores = read_stores
    if tor:
        tor.install(app.server)
        anmeldung.install(app.server, tor)
    app.layout = bausteine.huelle(dcc.Location(id="url", refresh=False), html.Div(id="seite"))
    wege.install(app.server, read_stores)
    wege.install_kompression(app.server)
    anlegen.install(app.server, read_stores, werkstatt)
    zugang.install(app, read_stores, SEITEN)
    app.server.before_request(lambda: answer_festseite(read_stores(), daten_hinweis))
    register_seiten(app, read_stores, daten_hinweis)
    return app


def answer_festseite(stores: dict, daten_hinweis: str) -> str | None:
    """The whole page if it needs no Dash; None passes the request on. Runs behind the gate: the path exists."""
    rest = [teil for teil in request.path.split("/") if teil][1:]
    if not zugang.ist_seite() or (rest and rest[0] in LEBENDIG):
        return None
    inhalt = build_seite(stores, request.path, request.query_string.decode("utf-8", "replace"), daten_hinweis)
    return festseite.VORLAGE.format(
        titel=escape(find_titel(stores, request.path)),
        symbol=SYMBOL,
        stil=find_adresse("style.css"),
        skript=find_adresse("ansicht.js"),
        stand=find_adresse("stand.js"),
        inhalt=festseite.als_html(inhalt),
    )


def find_adresse(name: str) -> str:
    """URL of an asset that changes with the file, as Dash writes it on its own pages."""
    return f"/assets/{name}?m={(ASSETS / name).stat().st_mtime}"


def register_seiten(app: Dash, read_stores, daten_hinweis: str) -> None:
    @app.callback(Output("seite", "children"), Input("url", "pathname"), State("url", "search"))
    def zeige_seite(pfad: str, query: str):
        teile = [teil for teil in (pfad or "").split("/") if teil]
        if len(teile) != 2 or teile[1] not in LEBENDIG:
            raise UnbekannteAngabe("Diese Seite gibt es nicht.")
        return build_seite(read_stores(), pfad, query or "", daten_hinweis)

    for name in LEBENDIG:
        SEITEN[name].register_callbacks(app, read_stores)


def build_seite(stores: dict, pfad: str, query: str, daten_hinweis: str):
    """Path → page. The gate has checked the path already; a callback may still carry another one."""
    teile = [teil for teil in pfad.split("/") if teil]
    person = build_person(pfad)
    if not teile:
        return bausteine.rahmen(stores, None, "start", start.layout(stores), daten_hinweis=daten_hinweis, **person)
    if teile[0] not in stores or len(teile) < 2:
        raise UnbekannteAngabe("Diese Seite gibt es nicht.")
    store = stores[teile[0]]
    zugang.check_unterseite(store, teile[1:], query, SEITEN)
    inhalt = SEITEN[teile[1]].layout(store, query, *teile[2:])
    return bausteine.rahmen(
        stores, store, teile[1], inhalt, klasse=f"inhalt-{teile[1]}", daten_hinweis=daten_hinweis, **person
    )


def build_person(pfad: str) -> dict:
    """What header and band say about the person of this request."""
    zutritt = aktueller_zutritt()
    return {
        "person": build_menue(zutritt, g.get("wechsel", []), pfad),
        "sichtband": build_band(zutritt, pfad),
    }


def find_titel(stores: dict, pfad: str) -> str:
    """`Karte – Rhein-Sieg-Kreis – Sozialraum-Monitor`."""
    teile = [teil for teil in pfad.split("/") if teil]
    if len(teile) < 2 or teile[0] not in stores or teile[1] not in SEITEN:
        return bausteine.PRODUKT
    store = stores[teile[0]]
    raum = [find_raum(store, teile[2]).name] if len(teile) > 2 else []
    return " – ".join([*raum, SEITEN[teile[1]].TITEL, store.stand.gebiet_name, bausteine.PRODUKT])
