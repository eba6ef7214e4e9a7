"""create_app: snapshots in, a Dash application out. Nothing happens at import."""

from collections.abc import Callable
from pathlib import Path

from dash import Dash, Input, Output, State, dcc, html
from flask import request

from dashboard import bausteine, wege, zugang
from dashboard.ansicht import UnbekannteAngabe, find_raum
from dashboard.seiten import daten, karte, methodik, start, steckbrief, zeitreihe

SEITEN = {seite.PFAD: seite for seite in (karte, zeitreihe, steckbrief, daten, methodik)}
LADEN = '<div id="react-entry-point"><p class="warten" role="status">Wird geladen …</p></div>'
INDEX = """<!DOCTYPE html>
<html lang="de">
<head>
{%metas%}
<title>{%title%}</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Cpath fill='%230b5268' d='M3 9l9-5 8 4 9-4v19l-9 5-8-4-9 4z'/%3E%3Cpath fill='%23a1dab4' d='M12 4l8 4v9l-8 3z'/%3E%3Cpath fill='%2341b6c4' d='M20 17l9-4v10l-9 5z'/%3E%3C/svg%3E">
{%css%}
</head>
<body>
{%app_entry%}
<noscript><p class="warten">Diese Seite braucht JavaScript. Alle Zahlen gibt es auch als Tabellen unter /api/v1/.</p></noscript>
{%config%}
{%scripts%}
{%renderer%}
</body>
</html>"""


class Anwendung(Dash):
    """Dash with a German page template whose title tells the page."""

    def interpolate_index(self, **teile) -> str:
        teile["title"] = find_titel(self.read_stores(), request.path)
        teile["app_entry"] = LADEN
        return super().interpolate_index(**teile)


def create_app(stores, *, daten_hinweis: str = "") -> Dash:
    """The dashboard over published snapshots.

    Args:
        stores: {gebiet_id: Store}, or a function that returns it; a function is asked on every request, so that a
            newly published snapshot is served without a restart.
        daten_hinweis: a sentence of the operator for every page.
    """
    read_stores: Callable[[], dict] = stores if callable(stores) else lambda: stores
    app = Anwendung(
        "dashboard",
        assets_folder=str(Path(__file__).parent / "assets"),
        assets_ignore=r".*\.worker\.js",
        index_string=INDEX,
        title=bausteine.PRODUKT,
        update_title=None,
        suppress_callback_exceptions=True,  # pages arrive one at a time
        enable_mcp=False,
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )
    app.read_stores = read_stores
    app.layout = bausteine.huelle(
        dcc.Location(id="url", refresh=False), html.Div(id="seite"))
    wege.install(app.server, read_stores)
    zugang.install(app, read_stores, SEITEN)
    register_seiten(app, read_stores, daten_hinweis)
    return app


def register_seiten(app: Dash, read_stores, daten_hinweis: str) -> None:
    @app.callback(Output("seite", "children"), Input("url", "pathname"), State("url", "search"))
    def zeige_seite(pfad: str, query: str):
        return build_seite(read_stores(), pfad or "/", query or "", daten_hinweis)

    for seite in SEITEN.values():
        seite.register_callbacks(app, read_stores)


def build_seite(stores: dict, pfad: str, query: str, daten_hinweis: str):
    """Path → page. The gate has checked the path already; a callback may still carry another one."""
    teile = [teil for teil in pfad.split("/") if teil]
    if not teile:
        return bausteine.rahmen(stores, None, "start", start.layout(stores), daten_hinweis=daten_hinweis)
    if teile[0] not in stores or len(teile) < 2:
        raise UnbekannteAngabe("Diese Seite gibt es nicht.")
    store = stores[teile[0]]
    zugang.check_unterseite(store, teile[1:], query, SEITEN)
    inhalt = SEITEN[teile[1]].layout(store, query, *teile[2:])
    return bausteine.rahmen(
        stores, store, teile[1], inhalt, klasse=f"inhalt-{teile[1]}", daten_hinweis=daten_hinweis
    )


def find_titel(stores: dict, pfad: str) -> str:
    """`Karte – Rhein-Sieg-Kreis – Sozialraum-Monitor`."""
    teile = [teil for teil in pfad.split("/") if teil]
    if len(teile) < 2 or teile[0] not in stores or teile[1] not in SEITEN:
        return bausteine.PRODUKT
    store = stores[teile[0]]
    raum = [find_raum(store, teile[2]).name] if len(teile) > 2 else []
    return " – ".join([*raum, SEITEN[teile[1]].TITEL, store.stand.gebiet_name, bausteine.PRODUKT])
