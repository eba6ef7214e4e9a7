"""German numbers, dates and the signs of official statistics. Pure text functions; NaN, NA and None are missing."""

from datetime import date, datetime
from math import isfinite

import pandas as pd

FEST = "\N{NO-BREAK SPACE}"
MONATE = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
]

# status → sign in tables, what it means; the signs are those of the German statistical offices
ZEICHEN = {
    "gesperrt": (".", "geheim gehalten: zum Schutz weniger Personen nicht veröffentlicht"),
    "gesperrt_quelle": (".", "schon von der liefernden Stelle gesperrt"),
    "nicht_geliefert": ("…", "nicht geliefert: für diesen Stichtag liegt keine Angabe vor"),
    "nicht_sinnvoll": ("x", "Angabe nicht sinnvoll"),
    "nicht_definiert": ("x", "nicht definiert: die Bezugsgruppe ist leer, oder es gibt zu wenige Fälle"),
}
# short words for chips, legends and hover boxes
KURZ = {
    "gesperrt": "geheim gehalten",
    "gesperrt_quelle": "von der Quelle gesperrt",
    "nicht_geliefert": "nicht geliefert",
    "nicht_sinnvoll": "nicht sinnvoll",
    "nicht_definiert": "nicht definiert",
    "unsicher": "unsicher",
}
UNSICHER = "in Klammern: Aussagewert eingeschränkt"
UMGERECHNET = ("u", "umgerechnet: aus Fallzahlen älterer Räume auf die heutigen Räume")
VORLAEUFIG = "vorläufig mit der Bezugsgruppe vom"
GANZ = 1e-9  # a smaller apportioned share means whole old Räume


def hat_wert(wert: float | None) -> bool:
    """Whether there is a number at all; zero is one."""
    return bool(pd.notna(wert)) and isfinite(wert)


def format_zahl(wert: float, stellen: int = 0) -> str:
    """1234.5 → `1.234,5`; a rounded zero never carries a sign."""
    text = f"{wert:,.{stellen}f}"
    if not text.strip("-0.,"):
        text = text.lstrip("-")
    return text.translate(str.maketrans(",.", ".,")).replace("-", "−")


def format_wert(wert: float | None, stellen: int, einheit: str = "", status: str = "offen") -> str:
    """A value as people read it, or the sign for its status.

    Returns:
        `12,3 %`, `(12,3 %)` if `status` is "unsicher", otherwise one of the signs `.`, `…`, `x`.
    """
    if not hat_wert(wert):
        return ZEICHEN.get(status, ("…", ""))[0]
    text = format_zahl(wert, stellen) + (FEST + einheit.replace(" ", FEST) if einheit else "")
    return f"({text})" if status == "unsicher" else text


def ist_vorlaeufig(hinweis: str | None) -> bool:
    """Whether the note of a value says that its reference group is older than its Stichtag and will be replaced."""
    return isinstance(hinweis, str) and VORLAEUFIG in hinweis


def format_umgerechnet(anteil: float | None, art: str = "") -> str:
    """`umgerechnet (nach Fläche), 1,2 % aufgeteilt`: what a converted value rests on."""
    weg = f"umgerechnet ({art})" if art else "umgerechnet"
    if not hat_wert(anteil):
        return weg
    return f"{weg}, {'ganze Räume' if anteil <= GANZ else f'{format_zahl(100 * anteil, 1)}{FEST}% aufgeteilt'}"


def format_intervall(unten: float | None, oben: float | None, stellen: int) -> str:
    """`9,4–10,2`; empty when there is no interval."""
    if not (hat_wert(unten) and hat_wert(oben)):
        return ""
    return f"{format_zahl(unten, stellen)}–{format_zahl(oben, stellen)}"


def format_anzahl(anzahl: int, einzahl: str, mehrzahl: str) -> str:
    """`1 Kommune`, `19 Kommunen`."""
    return f"{format_zahl(anzahl)} {einzahl if anzahl == 1 else mehrzahl}"


def format_datum(tag: date | None) -> str:
    """`31.12.2024`; empty when missing."""
    return "" if tag is None else tag.strftime("%d.%m.%Y")


def format_zeitpunkt(zeit: datetime) -> str:
    """`21.11.2026, 14:05 UTC`: snapshots are named in UTC, so they are shown in it."""
    return zeit.strftime("%d.%m.%Y, %H:%M UTC")


def format_stichtag(tag: date, *, monatlich: bool = False) -> str:
    """`31.12.2024`, or `Dezember 2024` for monthly series."""
    return f"{MONATE[tag.month - 1]} {tag.year}" if monatlich else format_datum(tag)


def vergleiche(wert: float | None, unten: float | None, oben: float | None, mass: float | None) -> tuple[str, str]:
    """Sign and word for a value against a benchmark, decided by its 95 % interval.

    Args:
        wert, unten, oben: the value and its interval. Without an interval nothing has been tested, so nothing is said.
        mass: value of the benchmark, taken as a fixed number.

    Returns:
        `("▲", "über")`, `("▼", "unter")`, `("●", "ähnlich")`, or `("", "")` when there is nothing to compare.
    """
    if not all(map(hat_wert, (wert, unten, oben, mass))):
        return "", ""
    if unten > mass:
        return "▲", "über"
    if oben < mass:
        return "▼", "unter"
    return "●", "ähnlich"
