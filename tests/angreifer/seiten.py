"""Door: pages. Tables of a Steckbrief with their small pictures, tables sorted by value, charts of a series.

A page shows rounded numbers: the true one lies half of the last digit around it. Pictures are measured: where the dot
of a Raum stands between the lowest and the highest of its level, there its value is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import parse_qs, unquote, urlsplit

from tests.angreifer.beobachtung import Einblick, Ort

ZEILE = re.compile(r"<tr[ >].*?</tr>", re.S)
ZELLE = re.compile(r"<t[dh][^>]*>(.*?)</t[dh]>", re.S)
GERMAN = re.compile(r"-?\d{1,3}(?:\.\d{3})+(?:,\d+)?|-?\d+(?:,\d+)?")
SPANNE = re.compile(r"von (\S+) bis (\S+),")
PUNKT = re.compile(r'<circle cx="([\d.]+)"')
BALKEN = re.compile(r'<rect x="([\d.]+)"[^>]*width="([\d.]+)"')


def read_steckbrief(inhalt: bytes, stand: str) -> Einblick:
    """One Raum: value, interval and position of every Kennzahl. `stand`: the Gebietsstand the page is about."""
    einblick = Einblick()
    for zeile in ZEILE.findall(inhalt.decode("utf-8")):
        zellen = ZELLE.findall(zeile)
        link = re.search(r'href="([^"]*kennzahl=[^"]*)"', zeile)
        tag = re.search(r"(\d{2})\.(\d{2})\.(\d{4})", zellen[0]) if zellen else None
        if not link or not tag or len(zellen) < 3:
            continue
        frage = parse_qs(urlsplit(unescape(link.group(1))).query)
        ort = Ort(frage["raum"][0], stand, "-".join(tag.groups()[::-1]), frage["kennzahl"][0])
        for rolle, text in zip(("wert", "unten", "oben"), _texte(zellen), strict=False):
            if text:
                wert, rundung = read_zahl(text)
                einblick.note(ort, rolle, wert, "Steckbrief", rundung=rundung)
        for wert, rundung in _vermiss(zellen):
            einblick.note(ort, "wert", wert, "Steckbrief, Punkt im Bild", rundung=rundung)
    return einblick


def _texte(zellen: list[str]) -> Iterator[str | None]:
    """Value, lower and upper limit as written."""
    wert = GERMAN.findall(_text(zellen[1]))
    yield wert[0] if wert else None
    grenzen = GERMAN.findall(_text(zellen[2]).replace("–", " "))
    yield from grenzen[:2]


def _vermiss(zellen: list[str]) -> Iterator[tuple[float, float]]:
    for zelle in zellen:
        bild = unquote(unescape(zelle))
        spanne, punkt, balken = SPANNE.search(bild), PUNKT.search(bild), BALKEN.search(bild)
        if spanne and punkt and balken:
            (tief, r1), (hoch, r2) = (read_zahl(z) for z in spanne.groups())
            links, breite = map(float, balken.groups())
            anteil = (float(punkt.group(1)) - links) / breite
            yield tief + anteil * (hoch - tief), max(r1, r2) + 0.05 / breite * (hoch - tief)


def read_zahl(text: str) -> tuple[float, float]:
    """`1.234,5` → 1234.5 and half of its last digit."""
    stellen = len(text.partition(",")[2])
    return float(text.replace(".", "").replace(",", ".")), 0.5 * 10**-stellen if stellen else 0.5


def _text(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", " ", html))


def read_kurven(antwort: dict, kennzahl: str, namen: dict[str, tuple[str, str]]) -> Einblick:
    """A chart of the page »Zeitreihe«: points of every line, bands are limits of chance without a name.

    Args:
        namen: name in the legend → (raum_id, stand).
    """
    einblick = Einblick()
    for spur in _finde(antwort, "data"):
        raum = namen.get(str(spur.get("name", "")))
        if raum and isinstance(spur.get("y"), list):
            for x, y in zip(spur["x"], spur["y"], strict=True):
                if isinstance(y, int | float):
                    einblick.note(Ort(*raum, str(x)[:10], kennzahl), "wert", float(y), "Zeitreihe")
    return einblick


def _finde(knoten: object, schluessel: str) -> Iterator[dict]:
    """All dicts in lists under a key, anywhere in a tree of JSON."""
    if isinstance(knoten, dict):
        for name, wert in knoten.items():
            if name == schluessel and isinstance(wert, list):
                yield from (w for w in wert if isinstance(w, dict))
            yield from _finde(wert, schluessel)
    elif isinstance(knoten, list):
        for wert in knoten:
            yield from _finde(wert, schluessel)
