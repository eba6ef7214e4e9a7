"""Building workbooks: text stays text, numbers stay numbers, equal content gives equal bytes."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from functools import cache
from typing import NamedTuple

import xlsxwriter

from geodata.fehler import MonitoringError
from indicators.bericht.texte import MIT_WERT, ZEICHEN, kennzeichnung
from indicators.store import Stand

EXCEL_ZEILEN = 1_048_576
MUSTERZEILEN = 2_000  # rows that decide the column widths
KOPFZEILE = 3  # zero-based: title, origin and a blank line stand above the header


class Zahl(NamedTuple):
    """A number on its way into a cell."""

    wert: float
    stellen: int = 0
    unsicher: bool = False


Zelle = Zahl | str | date | None


def zelle(status: str, wert: float, stellen: int = 0) -> Zelle:
    """A number where the status opens one (None if it has none), otherwise the sign of official statistics."""
    if status not in MIT_WERT:
        return ZEICHEN[status]
    if wert is None or math.isnan(wert):
        return None
    return Zahl(float(wert), stellen, status == "unsicher")


@cache
def zahlenformat(stellen: int, unsicher: bool = False) -> str:
    """Excel format code; the code is always English, Excel shows `1.234,5` on a German computer."""
    code = "#,##0" + ("." + "0" * stellen if stellen else "")
    return rf"\({code}\);\(-{code}\)" if unsicher else code


def blattname(text: str) -> str:
    return re.sub(r"[\[\]:*?/\\]", " ", text).strip("' ")[:31]


class Mappe:
    """One workbook. Every sheet prints with the label of the release profile and the snapshot id."""

    def __init__(self, titel: str, stand: Stand) -> None:
        self._stand = stand
        self._puffer = io.BytesIO()
        self._buch = xlsxwriter.Workbook(
            self._puffer,
            {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False},
        )
        # The creation date is the snapshot's, so the same snapshot always gives the same bytes.
        self._buch.set_properties(
            {
                "title": titel,
                "subject": kennzeichnung(stand) or f"Sozialräumliches Monitoring {stand.gebiet_name}",
                "author": f"Sozialräumliches Monitoring {stand.gebiet_name}",
                "comments": f"Stand {stand.snapshot}, Freigabe {stand.freigabe_titel}",
                "created": stand.erstellt_am.astimezone(UTC).replace(tzinfo=None, microsecond=0),
            }
        )
        self._formate: dict[tuple, xlsxwriter.format.Format] = {}

    def _format(self, **merkmale) -> xlsxwriter.format.Format:
        schluessel = tuple(merkmale.items())
        if schluessel not in self._formate:
            self._formate[schluessel] = self._buch.add_format({"valign": "top", **merkmale})
        return self._formate[schluessel]

    def _blatt(self, name: str, *, quer: bool) -> xlsxwriter.worksheet.Worksheet:
        blatt = self._buch.add_worksheet(blattname(name))
        blatt.set_paper(9)  # A4
        blatt.fit_to_pages(1, 0)
        if quer:
            blatt.set_landscape()
        if label := kennzeichnung(self._stand):
            blatt.set_header("&C" + label.replace("&", "&&"))
        fuss = f"{self._stand.gebiet_name} · Stand {self._stand.snapshot}"
        blatt.set_footer("&L" + fuss.replace("&", "&&") + "&RSeite &P von &N")
        return blatt

    def textblatt(self, name: str, titel: str, zeilen: Iterable[tuple[str, str]]) -> None:
        """A sheet of label and text, for cover and metadata; pairs without text are left out."""
        blatt = self._blatt(name, quer=False)
        blatt.set_column(0, 0, 30)
        blatt.set_column(1, 1, 90)
        blatt.write_string(0, 0, titel, self._format(bold=True, font_size=16))
        for nr, (links, rechts) in enumerate(((a, b) for a, b in zeilen if b), start=2):
            blatt.write_string(nr, 0, links, self._format(bold=True))
            blatt.write_string(nr, 1, rechts, self._format(text_wrap=True))

    def satzblatt(self, name: str, titel: str, saetze: Sequence[str]) -> None:
        """A sheet that has no table and says why."""
        blatt = self._blatt(name, quer=False)
        blatt.set_column(0, 0, 110)
        blatt.write_string(0, 0, titel, self._format(bold=True, font_size=14))
        for nr, satz in enumerate(saetze, start=2):
            blatt.write_string(nr, 0, satz, self._format(text_wrap=True))

    def tabelle(
        self,
        name: str,
        titel: str,
        kopf: Sequence[str],
        zeilen: Sequence[Sequence[Zelle]],
        *,
        hinweise: Sequence[str] = (),
    ) -> None:
        """A sheet with one table: frozen header, filter, widths by content, notes below.

        Raises:
            MonitoringError: more rows than an Excel sheet holds.
        """
        if KOPFZEILE + 1 + len(zeilen) + len(hinweise) + 1 > EXCEL_ZEILEN:
            raise MonitoringError(
                f"Die Tabelle »{titel}« hat {len(zeilen)} Zeilen; ein Excel-Blatt fasst {EXCEL_ZEILEN}.",
                tun="Einen einzelnen Stichtag wählen oder die Datei kennzahlen_daten.csv verwenden.",
            )
        blatt = self._blatt(name, quer=True)
        blatt.write_string(0, 0, titel, self._format(bold=True, font_size=14))
        blatt.write_string(1, 0, self._herkunft(), self._format(italic=True))
        for spalte, text in enumerate(kopf):
            blatt.write_string(
                KOPFZEILE, spalte, text, self._format(bold=True, text_wrap=True, bottom=1, bg_color="#E7ECF1")
            )
        for nr, zeile in enumerate(zeilen, start=KOPFZEILE + 1):
            for spalte, inhalt in enumerate(zeile):
                self._schreibe(blatt, nr, spalte, inhalt)
        for spalte, breite in enumerate(_breiten(kopf, zeilen)):
            blatt.set_column(spalte, spalte, breite)
        letzte = KOPFZEILE + len(zeilen)
        blatt.autofilter(KOPFZEILE, 0, max(letzte, KOPFZEILE + 1), len(kopf) - 1)
        blatt.freeze_panes(KOPFZEILE + 1, 0)
        blatt.repeat_rows(KOPFZEILE)
        for nr, hinweis in enumerate(hinweise, start=letzte + 2):
            blatt.write_string(nr, 0, hinweis)

    def _herkunft(self) -> str:
        teile = [kennzeichnung(self._stand), f"Freigabe {self._stand.freigabe_titel}", f"Stand {self._stand.snapshot}"]
        return " · ".join(teil for teil in teile if teil)

    def _schreibe(self, blatt: xlsxwriter.worksheet.Worksheet, zeile: int, spalte: int, inhalt: Zelle) -> None:
        if isinstance(inhalt, Zahl):
            format_ = self._format(num_format=zahlenformat(inhalt.stellen, inhalt.unsicher))
            blatt.write_number(zeile, spalte, inhalt.wert, format_)
        elif isinstance(inhalt, date):
            tag = datetime.combine(inhalt, time())
            blatt.write_datetime(zeile, spalte, tag, self._format(num_format="dd.mm.yyyy", align="left"))
        elif inhalt:
            ist_zeichen = inhalt in ZEICHEN.values()
            merkmale = {"align": "right"} if ist_zeichen else {"text_wrap": len(inhalt) > 60}
            blatt.write_string(zeile, spalte, inhalt, self._format(num_format="@", **merkmale))

    def in_bytes(self) -> bytes:
        """Close the workbook and return the file; call once, last."""
        self._buch.close()
        return self._puffer.getvalue()


def _breiten(kopf: Sequence[str], zeilen: Sequence[Sequence[Zelle]]) -> list[float]:
    """Column widths in characters, between 9 and 60; a header may wrap onto two lines."""
    breiten = [max(9, math.ceil(len(text) * 0.6), *map(len, text.split())) for text in kopf]
    for zeile in zeilen[:MUSTERZEILEN]:
        for spalte, inhalt in enumerate(zeile):
            breiten[spalte] = max(breiten[spalte], _laenge(inhalt))
    return [min(breite + 2, 60) for breite in breiten]


def _laenge(inhalt: Zelle) -> int:
    if isinstance(inhalt, Zahl):
        return len(f"{inhalt.wert:,.{inhalt.stellen}f}")
    return 10 if isinstance(inhalt, date) else len(inhalt or "")
