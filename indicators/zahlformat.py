"""German numbers and dates as text: 1.234,5 · −0,3 · 12,3 % · 31.12.2024."""

import math
from datetime import date

MINUS = "\N{MINUS SIGN}"
FEST = "\N{NO-BREAK SPACE}"  # keeps number and unit on one line


def format_zahl(wert: float, stellen: int = 0) -> str:
    """A number with decimal comma, thousands dots and a real minus; a missing one is "–"."""
    if wert is None or not math.isfinite(wert):
        return "–"
    text = f"{abs(wert):,.{stellen}f}".translate(str.maketrans(",.", ".,"))
    return f"{MINUS}{text}" if wert < 0 and text.strip("0.,") else text


def format_wert(wert: float, einheit: str, stellen: int = 0) -> str:
    """A number with its unit: "12,3 %", "4,1 je 1.000", "1.240 Personen"."""
    return f"{format_zahl(wert, stellen)}{FEST}{einheit}".strip()


def format_datum(tag: date) -> str:
    return f"{tag:%d.%m.%Y}"
