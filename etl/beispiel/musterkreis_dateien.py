"""Delivered files in the forms suppliers use: the same bytes every time, and labelled as invented."""

import os
import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from io import BytesIO
from pathlib import Path

os.environ.setdefault("OPENPYXL_LXML", "False")  # where lxml happens to be installed, other bytes would come out
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

ERFUNDEN = "Musterkreis – erfundene Daten: alle Gebiete und Zahlen sind erfunden."
ZEITPUNKT = datetime(2025, 3, 1)
Zeile = Sequence[object]


def tausender(zahl: int) -> str:
    """1234 → 1.234"""
    return f"{zahl:,}".replace(",", ".")


def strich(zahl: int) -> str:
    """As the Bundesagentur writes it: 1.234, and »-« for exactly nothing."""
    return tausender(zahl) if zahl else "-"


def write_csv(
    pfad: Path, titel: Sequence[str], zeilen: Iterable[Zeile], *, zeichensatz: str = "cp1252", fuss: Sequence[str] = ()
) -> None:
    """Semicolon, CRLF; title lines above the head, notes behind an empty line below."""
    texte = [*titel, *(";".join(map(str, zeile)) for zeile in zeilen), *(["", *fuss] if fuss else [])]
    pfad.parent.mkdir(parents=True, exist_ok=True)
    pfad.write_bytes("".join(text + "\r\n" for text in texte).encode(zeichensatz))


def write_xlsx(pfad: Path, deckblatt: Sequence[str], blaetter: dict[str, Sequence[Zeile]], *, kopf: int = 1) -> None:
    """A workbook with a cover sheet. `kopf` = number of head rows, found by their bold first cell »Schlüssel«.

    An empty head cell belongs to the cell on its left (merged), in the last head row to the one above.
    """
    mappe = Workbook()
    mappe.remove(mappe.active)
    deck = mappe.create_sheet("Deckblatt")
    for zeile in (*deckblatt, "", ERFUNDEN):
        deck.append([zeile])
    deck["A1"].font = Font(bold=True, size=14)
    deck.column_dimensions["A"].width = 90
    for name, zeilen in blaetter.items():
        _write_blatt(mappe.create_sheet(name), zeilen, kopf)
    _speichere(mappe, pfad)


def _write_blatt(blatt, zeilen: Sequence[Zeile], kopf: int) -> None:
    for zeile in zeilen:
        blatt.append(list(zeile))
    blatt["A1"].font = Font(bold=True)
    erste = next(nr for nr, zeile in enumerate(zeilen, 1) if "Schlüssel" in zeile[:2])
    _verbinde_kopf(blatt, zeilen, erste, kopf)
    for nr in range(erste, erste + kopf):
        for zelle in blatt[nr]:
            zelle.font, zelle.alignment = Font(bold=True), Alignment(wrap_text=True, horizontal="center")
    blatt.column_dimensions["A"].width, blatt.column_dimensions["B"].width = 15, 30
    blatt.freeze_panes = f"C{erste + kopf}"


def _verbinde_kopf(blatt, zeilen: Sequence[Zeile], erste: int, kopf: int) -> None:
    """Merge a two-row head as office workers do."""
    if kopf == 1:
        return
    oben, unten = zeilen[erste - 1], zeilen[erste]
    spalte = 0
    while spalte < len(oben):
        ende = spalte
        while ende + 1 < len(oben) and oben[ende + 1] is None and unten[ende + 1] is not None:
            ende += 1
        if ende > spalte:
            blatt.merge_cells(f"{get_column_letter(spalte + 1)}{erste}:{get_column_letter(ende + 1)}{erste}")
        elif unten[spalte] is None:
            blatt.merge_cells(f"{get_column_letter(spalte + 1)}{erste}:{get_column_letter(spalte + 1)}{erste + 1}")
        spalte = ende + 1


def _speichere(mappe: Workbook, pfad: Path) -> None:
    """Packed again with fixed times: openpyxl stamps the clock into the properties and every ZIP entry."""
    mappe.properties.created, mappe.properties.creator = ZEITPUNKT, "Musterkreis (erfunden)"
    roh, fertig = BytesIO(), BytesIO()
    mappe.save(roh)
    stempel = f"{ZEITPUNKT:%Y-%m-%dT%H:%M:%SZ}".encode()
    with zipfile.ZipFile(roh) as quelle, zipfile.ZipFile(fertig, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as ziel:
        for name in quelle.namelist():
            inhalt = quelle.read(name)
            if name == "docProps/core.xml":
                inhalt = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + stempel, inhalt)
            eintrag = zipfile.ZipInfo(name, ZEITPUNKT.timetuple()[:6])
            eintrag.compress_type, eintrag.create_system = zipfile.ZIP_DEFLATED, 3
            ziel.writestr(eintrag, inhalt)
    pfad.parent.mkdir(parents=True, exist_ok=True)
    pfad.write_bytes(fertig.getvalue())
