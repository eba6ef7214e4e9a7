"""Maps as inline SVG for pages that need no script: a colour and a pattern per Raum, its name and value as a title."""

from __future__ import annotations

from html import escape
from pathlib import Path

from dashboard.festseite import Roh
from dashboard.figures import read_ringe, svg_pfad

OHNE = "#e9edf0"
MUSTER = {  # pattern name → drawing in a tile of 8 × 8; every one reads without its colour
    "streifen": '<path d="M-2 2 2-2M0 8 8 0M6 10 10 6" stroke="#14212b" stroke-width="1.6"/>',
    "punkte": '<circle cx="2" cy="2" r="1.3" fill="#14212b"/><circle cx="6" cy="6" r="1.3" fill="#14212b"/>',
    "kreuz": '<path d="M0 0 8 8M8 0 0 8" stroke="#8a979f" stroke-width="1"/>',
}


def muster(praefix: str) -> str:
    """Definitions of all patterns; dark strokes carry a white edge so that they show on dark colours as well."""
    teile = []
    for name, bild in MUSTER.items():
        weiss = bild.replace("#14212b", "#fff").replace('stroke-width="1.6"', 'stroke-width="3.2"')
        weiss = weiss.replace('r="1.3"', 'r="2.1"')
        teile.append(
            f'<pattern id="{praefix}-{name}" width="8" height="8" patternUnits="userSpaceOnUse">'
            f"{weiss if name != 'kreuz' else ''}{bild}</pattern>"
        )
    return f"<defs>{''.join(teile)}</defs>"


def build_karte(
    datei: Path, faerbung: dict[str, tuple[str, str, str]], *, praefix: str, alt: str, breite: int = 720
) -> Roh:
    """All areas of one level.

    Args:
        datei: browser geometry of the level.
        faerbung: raum_id → colour, name of a pattern or "", text for people. Räume not named are crossed out.
        praefix: of ids inside this picture.
        alt: what the map shows, in one sentence; the values stand in the table beside it.
    """
    kopf, raeume = read_ringe(datei)
    masse = breite / max(kopf["breite"], 1)
    hoehe = max(1, round(kopf["hoehe"] * masse))
    flaechen, auflagen = [], []
    for raum_id, name, ringe in zip(kopf["ids"], kopf["namen"], raeume, strict=True):
        farbe, bild, text = faerbung.get(raum_id, (OHNE, "kreuz", "nicht bewertet"))
        pfad = svg_pfad(ringe, masse)
        titel = f"<title>{escape(f'{name}: {text}')}</title>"
        flaechen.append(f'<path d="{pfad}" fill="{farbe}">{titel}</path>')
        if bild:
            auflagen.append(f'<path d="{pfad}" fill="url(#{praefix}-{bild})">{titel}</path>')
    return Roh(
        f'<svg class="raumbild" viewBox="0 0 {breite} {hoehe}" role="img" aria-label="{escape(alt)}" focusable="false">'
        f'{muster(praefix)}<g stroke="#6b7780" stroke-width="0.6" stroke-linejoin="round" fill-rule="evenodd">'
        f"{''.join(flaechen)}{''.join(auflagen)}</g></svg>"
    )


def feld(farbe: str, bild: str, praefix: str) -> Roh:
    """The same colour and pattern as a small square for the legend; `build_karte` with this prefix is on the page."""
    auflage = f'<rect width="24" height="16" fill="url(#{praefix}-{bild})"/>' if bild else ""
    return Roh(
        '<svg class="feld" width="24" height="16" viewBox="0 0 24 16" aria-hidden="true" focusable="false">'
        f'<rect width="24" height="16" fill="{farbe}"/>{auflage}'
        '<rect x=".5" y=".5" width="23" height="15" fill="none" stroke="#6b7780"/></svg>'
    )


def rangbalken(rang: float, von: float, bis: float, achse: tuple[float, float]) -> Roh:
    """Where a Raum may land when the weights change: a line from place to place, a dot at its own; `achse`: the first
    and the last place of the axis."""
    breite = 140

    def x(platz: float) -> float:
        return 5 + (platz - achse[0]) / max(achse[1] - achse[0], 1) * (breite - 10)

    return Roh(
        f'<svg class="rangbalken" width="{breite}" height="16" viewBox="0 0 {breite} 16" aria-hidden="true" '
        f'focusable="false"><path d="M5 8H{breite - 5}" stroke="#d5dde3"/>'
        f'<path d="M{x(von):.1f} 8H{max(x(bis), x(von) + 1):.1f}" stroke="#5c7480" stroke-width="5"/>'
        f'<circle cx="{x(rang):.1f}" cy="8" r="4" fill="#0b5268" stroke="#fff"/></svg>'
    )
