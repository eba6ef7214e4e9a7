"""XLS files are read twice: they carry no checksum, so a damaged one may open and hold other numbers than delivered.

The values come from calamine; xlrd, which shares no code with it, reads the same sheets and must see the same. What one
of them cannot open or reads otherwise is damaged, and refused.
"""

from __future__ import annotations

import io
from pathlib import Path

import xlrd

from etl.blattbau import Bauplanfehler

TEXT, ZAHL, LEER = (xlrd.XL_CELL_TEXT,), (xlrd.XL_CELL_NUMBER,), (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK)


def oeffne_gegenprobe(pfad: Path) -> xlrd.Book:
    """The workbook for the second reading.

    Raises:
        Bauplanfehler: this reader finds the file damaged.
    """
    return _versuche(lambda: xlrd.open_workbook(str(pfad), logfile=io.StringIO()))


def check_gegenprobe(mappe: xlrd.Book, name: str, zellen: list[list[object]]) -> None:
    """Compare one sheet with the cells the first reader saw, from A1; numbers and texts, other kinds are left out.

    Raises:
        Bauplanfehler: the sheet is missing, or a cell differs.
    """
    blatt = _versuche(lambda: mappe.sheet_by_name(name))
    for zeile in range(max(blatt.nrows, len(zellen))):
        erste = zellen[zeile] if zeile < len(zellen) else []
        arten = blatt.row_types(zeile) if zeile < blatt.nrows else ()
        werte = blatt.row_values(zeile) if zeile < blatt.nrows else ()
        for spalte in range(max(len(erste), len(arten))):
            einer = erste[spalte] if spalte < len(erste) else ""
            art, anderer = (arten[spalte], werte[spalte]) if spalte < len(arten) else (LEER[0], "")
            if not _gleich(einer, art, anderer):
                ort = f"Blatt »{name}«, Zelle {xlrd.cellname(zeile, spalte)}"
                raise Bauplanfehler(f"ist beschädigt ({ort}: zwei Leseverfahren lesen Verschiedenes)")


def _gleich(einer: object, art: int, anderer: object) -> bool:
    if art in ZAHL and isinstance(einer, int | float) and not isinstance(einer, bool):
        return einer == anderer
    if art in TEXT and isinstance(einer, str):
        return einer == anderer or einer.strip() == str(anderer).strip()
    if art in LEER:
        return einer is None or einer == ""
    return art not in (*ZAHL, *TEXT) or not isinstance(einer, int | float | str)


def _versuche(tat):
    try:
        return tat()
    except (MemoryError, KeyboardInterrupt):
        raise
    except Exception as fehler:  # a damaged file ends in whatever error its bytes lead to
        raise Bauplanfehler(f"ist beschädigt (die Gegenprobe bricht ab: {type(fehler).__name__})") from None
