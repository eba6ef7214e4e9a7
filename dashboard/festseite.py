"""Pages without controls as plain HTML: the same components, written out here instead of by Dash in the browser.

Why: Dash's renderer needs many seconds for a page of some thousand components (measured: the handbook), plain HTML
none; and these pages then print, search and work without JavaScript.
"""

from html import escape

from dash.development.base_component import Component

NAMEN = {"className": "class", "htmlFor": "for", "tabIndex": "tabindex"}
LEER = {"img", "br", "hr"}

VORLAGE = """<!DOCTYPE html>
<html lang="de">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{titel}</title>
<link rel="icon" href="{symbol}">
<link rel="stylesheet" href="{stil}">
<script src="{skript}" defer></script>
<script src="{stand}" defer></script>
</head>
<body>
{inhalt}
</body>
</html>"""


class Roh(str):
    """HTML that is escaped already."""


def eingabe(**werte) -> Roh:
    """An `<input>`; Dash's own is drawn by Dash only."""
    return Roh(f"<input{''.join(attribut(k, w) for k, w in werte.items())}>")


def als_html(knoten) -> str:
    """A tree of `dash.html` components, texts and lists → HTML. Every text and attribute is escaped.

    Raises:
        TypeError: a component that only Dash can draw; such a page belongs to Dash.
    """
    if knoten is None:
        return ""
    if isinstance(knoten, Roh):
        return knoten
    if isinstance(knoten, list | tuple):
        return "".join(map(als_html, knoten))
    if not isinstance(knoten, Component):
        return escape(str(knoten))
    if knoten._namespace != "dash_html_components":
        raise TypeError(f"{knoten._type} is no plain HTML")
    name = knoten._type.lower()
    werte = dict(knoten.to_plotly_json()["props"])
    inhalt = als_html(werte.pop("children", None))
    anfang = f"<{name}{''.join(attribut(k, w) for k, w in werte.items())}>"
    return anfang if name in LEER else f"{anfang}{inhalt}</{name}>"


def attribut(name: str, wert) -> str:
    """` class="x"`; True is an attribute without value, False and None are none."""
    if wert is None or wert is False:
        return ""
    name = NAMEN.get(name, name)
    return f" {name}" if wert is True else f' {name}="{escape(str(wert))}"'
