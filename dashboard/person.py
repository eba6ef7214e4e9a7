"""Who is logged in, as what, and the way out: a menu in the header; a band while somebody looks as another role."""

from __future__ import annotations

from urllib.parse import quote

from dash import html

from dashboard.rollen import Zutritt
from dashboard.zugangsdatei import Rolle


def build_menue(zutritt: Zutritt | None, wechsel: list[Rolle], weiter: str) -> list:
    """A native disclosure; empty where nobody logs in and nothing can be chosen.

    Args:
        wechsel: roles that this person may look as.
        weiter: the page to come back to.
    """
    if zutritt is None or not (zutritt.name or zutritt.kann_abmelden or wechsel):
        return []
    titel = zutritt.name or zutritt.titel
    teile = [html.P([html.Strong(zutritt.name), html.Br(), zutritt.titel] if zutritt.name else zutritt.titel)]
    if wechsel:
        knoepfe = [html.Li(_knopf(r.titel, r.id)) for r in wechsel if zutritt.als is None or r.id != zutritt.als.id]
        teile.append(
            html.Form(
                [html.P("Anzeigen als Rolle …", id="ansehen-als"), html.Ul(knoepfe)],
                method="post",
                action=_ziel(weiter),
                **{"aria-labelledby": "ansehen-als"},
            )
        )
    if zutritt.kann_abmelden:
        teile.append(html.Form(html.Button("Abmelden", type="submit"), method="post", action="/abmelden"))
    summary = html.Summary([html.Span("Angemeldet: " if zutritt.name else "Rolle: ", className="leise"), titel])
    return [html.Details([summary, html.Div(teile, className="klappe")], className="aufklapp person")]


def build_band(zutritt: Zutritt | None, weiter: str) -> list:
    """Above everything else: these pages are shown as somebody else sees them."""
    if zutritt is None or zutritt.als is None:
        return []
    inhalt = [
        html.P(["Sie sehen die Seiten so, wie die Rolle ", html.Strong(zutritt.als.titel), " sie sieht."]),
        html.Button("Zurück zur eigenen Rolle", type="submit", name="rolle", value="", className="knopf klein-knopf"),
    ]
    form = html.Form(inhalt, method="post", action=_ziel(weiter))
    return [html.Section(form, className="sichtband", **{"aria-label": "Ansicht als andere Rolle"})]


def _knopf(titel: str, rolle: str):
    return html.Button(titel, type="submit", name="rolle", value=rolle)


def _ziel(weiter: str) -> str:
    return f"/ansehen-als?weiter={quote(weiter, safe='/')}"
