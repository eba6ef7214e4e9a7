"""Door: workbooks. All sheets, hidden ones too, and what stands around them: properties, names, comments."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date, datetime

import openpyxl

from tests.angreifer.beobachtung import Einblick, Ort

SPALTEN = {"Intervall von": "unten", "Intervall bis": "oben", "Zähler": "zaehler", "Nenner": "nenner"}
TEXT = re.compile(rb">([^<>]+)<")


def read_mappe(inhalt: bytes, kennzahl: str = "", tuer: str = "Mappe") -> Einblick:
    """Every number of every table that has a key and a Stichtag.

    Args:
        kennzahl: the one the workbook is about; tables of many have a column »Kennung«.
    """
    einblick = Einblick()
    for blatt in openpyxl.load_workbook(io.BytesIO(inhalt), data_only=False).worksheets:
        kopf: dict[str, int] = {}
        for zeile in blatt.iter_rows(values_only=True):
            if "Schlüssel" in zeile and "Stichtag" in zeile:
                kopf = {str(name): nr for nr, name in enumerate(zeile) if name}
            elif kopf and zeile[kopf["Schlüssel"]]:
                _note(einblick, kopf, zeile, kennzahl, f"{tuer} »{blatt.title}«")
    return einblick


def _note(einblick: Einblick, kopf: dict[str, int], zeile: tuple, kennzahl: str, tuer: str) -> None:
    k = str(zeile[kopf["Kennung"]]) if "Kennung" in kopf else kennzahl
    heute = "umgerechnet" in str(zeile[kopf["Umgerechnet"]] or "").lower() if "Umgerechnet" in kopf else False
    ort = Ort(str(zeile[kopf["Schlüssel"]]), _tag(zeile[kopf["Gebietsstand"]]), _tag(zeile[kopf["Stichtag"]]), k, heute)
    for name, nr in kopf.items():
        rolle = "wert" if name.startswith("Wert") else SPALTEN.get(name)
        if rolle and isinstance(zeile[nr], int | float):
            einblick.note(ort, rolle, float(zeile[nr]), tuer)


def _tag(wert: object) -> str:
    return wert.strftime("%Y-%m-%d") if isinstance(wert, date | datetime) else str(wert)[:10]


def list_beiwerk(inhalt: bytes) -> dict[str, str]:
    """Texts of every member of the file that is no sheet: properties, defined names, comments, custom parts."""
    with zipfile.ZipFile(io.BytesIO(inhalt)) as archiv:
        namen = [n for n in archiv.namelist() if not re.match(r"xl/(worksheets/sheet|theme|styles|sharedStrings)", n)]
        texte = {n: b" ".join(TEXT.findall(archiv.read(n))).decode("utf-8", "replace") for n in namen}
        return texte | {"Kommentar des Archivs": archiv.comment.decode("utf-8", "replace")}
