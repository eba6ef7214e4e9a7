"""Benchmarks from outside the Gebiet: reads `vergleichswerte.csv` of its folder (a Land, the Bund, another Kreis).

They are public reference data, so they pass no gate. They count as exactly known, and hold for their Stichtag alone.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pandas as pd

from geodata.fehler import GebietError
from geodata.gebiet import Gebiet
from indicators.kennzahl import Kennzahl

DATEI = "vergleichswerte.csv"
SPALTEN = ("bezug", "kennzahl", "stichtag", "wert", "zaehler", "nenner", "quelle")
TABELLE = ("nr", "bezug", "kennzahl_id", "stichtag", "wert", "zaehler", "nenner", "quelle")
ZAHL = re.compile(r"-?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?")
AUS_ZAHLEN = ("quote", "verhaeltnis")  # kinds whose value is Zähler by Nenner
OHNE = ("anzahl", "index")  # kinds that mean nothing outside: a count of a larger place, a place within a ranking


def read_vergleichswerte(gebiet: Gebiet, kennzahlen: Mapping[str, Kennzahl]) -> pd.DataFrame:
    """The declared benchmarks of a Gebiet in the order of the file; none where it has no such file.

    Returns:
        Columns TABELLE, one row per Bezug, Kennzahl and Stichtag; `wert` in the unit of the Kennzahl, computed from
        `zaehler` and `nenner` where they are given, which are NaN otherwise.

    Raises:
        GebietError: the file cannot be read, or lines of it cannot be right; each with its number and reason.
    """
    pfad = gebiet.ordner / DATEI
    if not pfad.is_file():
        return pd.DataFrame(columns=list(TABELLE))
    zeilen = _read_datei(gebiet, pfad)
    funde = list(_find_fehler(zeilen, kennzahlen))
    if funde:
        rest = f" … und {len(funde) - 8} weitere" if len(funde) > 8 else ""
        raise GebietError(
            f"Gebiet »{gebiet.id}«: {len(funde)} Fehler in den Vergleichswerten.",
            wo=f"{pfad}, {'; '.join(funde[:8])}{rest}",
            tun="Zeilen berichtigen; wie die Datei aussieht, steht im Handbuch, Kapitel 21.",
        )
    return pd.DataFrame(
        [_build_zeile(nr, z, kennzahlen[z["kennzahl"]]) for nr, z in enumerate(zeilen, 1)], columns=list(TABELLE)
    )


def find_bezug(vergleichswerte: pd.DataFrame) -> str:
    """Whom the Gebiet is compared with: the Bezug that its file names first; empty without any."""
    return "" if vergleichswerte.empty else str(vergleichswerte.sort_values("nr")["bezug"].iloc[0])


def find_werte(vergleichswerte: pd.DataFrame) -> dict[str, dict[date, float]]:
    """Kennzahl id → Stichtag → value of the first Bezug."""
    werte: dict[str, dict[date, float]] = {}
    erster = vergleichswerte[vergleichswerte["bezug"] == find_bezug(vergleichswerte)]
    for z in erster.itertuples():
        tag = z.stichtag.date() if hasattr(z.stichtag, "date") else z.stichtag
        werte.setdefault(z.kennzahl_id, {})[tag] = float(z.wert)
    return werte


def find_quellen(vergleichswerte: pd.DataFrame) -> list[dict[str, str]]:
    """Attribution of each Bezug and source once, in the form of `store.QuellenHinweis`."""
    paare = dict.fromkeys(zip(vergleichswerte["bezug"], vergleichswerte["quelle"], strict=True))
    return [
        {"titel": f"Vergleichswerte {bezug}", "herausgeber": quelle, "lizenz": "", "hinweis": ""}
        for bezug, quelle in paare
    ]


# --- reading -------------------------------------------------------------------------------------


def _read_datei(gebiet: Gebiet, pfad: Path) -> list[dict[str, str]]:
    """The rows as text, "" for an empty cell, with the number of their line in `zeile`; empty lines are left out."""
    try:
        with pfad.open(encoding="utf-8-sig", newline="") as datei:
            leser = csv.reader(datei, delimiter=";", strict=True)
            zeilen = [(leser.line_num, [zelle.strip() for zelle in zellen]) for zellen in leser]
    except (OSError, UnicodeDecodeError, csv.Error) as fehler:
        raise _dateifehler(gebiet, f"Die Vergleichswerte lassen sich nicht lesen ({fehler}).", str(pfad)) from None
    kopf = zeilen[0][1] if zeilen else []
    if sorted(kopf) != sorted(SPALTEN):
        fehlend, fremd = ([s for s in a if s not in b] for a, b in ((SPALTEN, kopf), (kopf, SPALTEN)))
        befund = f"es fehlen: {', '.join(fehlend) or 'keine'}; unbekannt: {', '.join(fremd) or 'keine'}"
        text = f"In den Vergleichswerten stimmen die Spalten nicht ({befund})."
        raise _dateifehler(gebiet, text, f"{pfad}, Zeile 1")
    zeilen = [(nr, zellen) for nr, zellen in zeilen[1:] if any(zellen)]
    if schief := [nr for nr, zellen in zeilen if len(zellen) != len(kopf)]:
        text = f"In den Vergleichswerten hat eine Zeile nicht {len(kopf)} Spalten."
        raise _dateifehler(gebiet, text, f"{pfad}, Zeile {schief[0]}")
    return [{**dict(zip(kopf, zellen, strict=True)), "zeile": nr} for nr, zellen in zeilen]


def _dateifehler(gebiet: Gebiet, text: str, wo: str) -> GebietError:
    tun = f'Als CSV in UTF-8 mit Semikolon und den Spalten {";".join(SPALTEN)} ablegen; Texte mit Semikolon in "…".'
    return GebietError(f"Gebiet »{gebiet.id}«: {text}", wo=wo, tun=tun)


def _find_fehler(zeilen: list[dict], kennzahlen: Mapping[str, Kennzahl]) -> Iterator[str]:
    """Every line that cannot be right, as "Zeile 3 (…): why"."""
    gesehen: dict[tuple, int] = {}
    for zeile in zeilen:
        schluessel = (zeile["bezug"], zeile["kennzahl"], read_tag(zeile["stichtag"]))
        grund = _find_zeilenfehler(zeile, kennzahlen)
        if not grund and schluessel in gesehen:
            grund = f"steht schon in Zeile {gesehen[schluessel]}"
        gesehen.setdefault(schluessel, zeile["zeile"])
        if grund:
            yield f"Zeile {zeile['zeile']} ({zeile['bezug'] or '–'}, {zeile['kennzahl'] or '–'}): {grund}"


def _find_zeilenfehler(zeile: dict, kennzahlen: Mapping[str, Kennzahl]) -> str:
    if leer := [s for s in ("bezug", "kennzahl", "stichtag", "quelle") if not zeile[s]]:
        return f"{', '.join(leer)} fehlt"
    if zeile["kennzahl"] not in kennzahlen:
        naechste = get_close_matches(zeile["kennzahl"], kennzahlen, n=1)
        return "diese Kennzahl gibt es nicht" + (f"; gemeint »{naechste[0]}«?" if naechste else "")
    if read_tag(zeile["stichtag"]) is None:
        return f"»{zeile['stichtag']}« ist kein Datum; erwartet: 31.12.2024"
    if falsch := [s for s in ("wert", "zaehler", "nenner") if zeile[s] and read_zahl(zeile[s]) is None]:
        return f"{falsch[0]} »{zeile[falsch[0]]}« ist keine Zahl; erwartet: 1.234,5 (Komma vor den Nachkommastellen)"
    return _find_wertfehler(zeile, kennzahlen[zeile["kennzahl"]])


def _find_wertfehler(zeile: dict, k: Kennzahl) -> str:
    wert, x, n = (read_zahl(zeile[s]) for s in ("wert", "zaehler", "nenner"))
    if k.art in OHNE:
        return f"eine Kennzahl der Art »{k.art}« wird nicht mit Orten außerhalb des Gebiets verglichen"
    if (x is None) != (n is None):
        return "zaehler und nenner gehören zusammen: beide oder keiner"
    if x is not None and k.art not in AUS_ZAHLEN:
        return f"zu einer Kennzahl der Art »{k.art}« gehört nur der wert, ohne zaehler und nenner"
    if x is None and wert is None:
        return "es fehlt die Zahl: wert, oder zaehler und nenner"
    if x is not None and not (x >= 0 and n > 0 and (x <= n or k.art != "quote")):
        return "zaehler und nenner passen nicht zusammen"
    gerechnet = wert if x is None else x / n * k.pro
    if wert is not None and abs(wert - gerechnet) > 0.5 * 10.0 ** -_stellen(zeile["wert"]) * (1 + 1e-9):
        text = f"{gerechnet:.{_stellen(zeile['wert']) + 1}f}".replace(".", ",")
        return f"wert {zeile['wert']} widerspricht zaehler und nenner: gerechnet {text} {k.einheit}"
    if (gerechnet < 0 and k.art != "veraenderung") or (k.art == "quote" and gerechnet > k.pro):
        return f"{zeile['wert']} {k.einheit} ist nicht möglich"
    return ""


def _build_zeile(nr: int, zeile: dict, k: Kennzahl) -> tuple:
    wert, x, n = (read_zahl(zeile[s]) for s in ("wert", "zaehler", "nenner"))
    wert = wert if x is None else x / n * k.pro
    zahlen = (np.nan if zahl is None else zahl for zahl in (wert, x, n))
    return nr, zeile["bezug"], zeile["kennzahl"], read_tag(zeile["stichtag"]), *zahlen, zeile["quelle"]


def read_tag(text: str) -> date | None:
    """31.12.2024, or as tables of machines have it, 2024-12-31; None for anything else."""
    for form in ("%d.%m.%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    return None


def read_zahl(text: str) -> float | None:
    """A German number; None for an empty cell and for anything else."""
    return float(text.replace(".", "").replace(",", ".")) if ZAHL.fullmatch(text) else None


def _stellen(text: str) -> int:
    return len(text.partition(",")[2])
