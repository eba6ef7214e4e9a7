"""Plain-German sentences about one value: what it is, and how it compares. Words only; nothing is computed here
but the comparison of the given numbers."""

from datetime import date
from math import isfinite
from typing import Protocol

from indicators.arten import MIT_WERT
from indicators.zahlformat import format_datum, format_wert, format_zahl

MONATE = (
    *("Januar", "Februar", "März", "April", "Mai", "Juni"),
    *("Juli", "August", "September", "Oktober", "November", "Dezember"),
)
STATUS_SATZ = {
    "gesperrt": "Der Wert ist zum Schutz kleiner Zahlen gesperrt.",
    "gesperrt_quelle": "Der Wert ist schon von der liefernden Stelle gesperrt.",
    "nicht_geliefert": "Für diesen Zeitpunkt liegt kein Wert vor.",
    "nicht_sinnvoll": "Der Wert ist nicht sinnvoll: Die Zahlen der Quellen passen nicht zusammen.",
    "nicht_definiert": "Der Wert ist nicht definiert: Die Bezugsgruppe ist leer.",
    "unsicher": "Der Wert ist unsicher.",
}


class Angaben(Protocol):
    """What a sentence needs to know of a Kennzahl; `Kennzahl` and `store.Eintrag` both have it."""

    art: str
    einheit: str
    stellen: int
    lesart: str


def satz_wert(
    eintrag: Angaben,
    name: str,
    stichtag: date,
    wert: float | None,
    unten: float | None,
    oben: float | None,
    status: str,
) -> str:
    """The value of one Raum with its interval, or why there is none.

    Returns:
        "Troisdorf: 12,3 % am 31.12.2022 (95-%-Intervall 11,8 bis 12,9 %)."
    """
    zeitpunkt = format_zeitpunkt(stichtag, monatlich=getattr(eintrag, "monatlich", False))
    if not _hat_wert(wert, status):
        return f"{name} {zeitpunkt}: {STATUS_SATZ[status]}"
    satz = f"{name}: {format_wert(wert, eintrag.einheit, eintrag.stellen)} {zeitpunkt}"
    if _zahl(unten) and _zahl(oben):
        bis = format_wert(oben, eintrag.einheit, eintrag.stellen)
        satz += f" (95-%-Intervall {format_zahl(unten, eintrag.stellen)} bis {bis})"
    return f"{satz}. {STATUS_SATZ['unsicher']}" if status == "unsicher" else f"{satz}."


def satz_vergleich(
    eintrag: Angaben,
    name: str,
    wert: float | None,
    unten: float | None,
    oben: float | None,
    status: str,
    *,
    vergleich_name: str,
    vergleich_wert: float | None,
) -> str:
    """One Raum against the superordinate Raum, whose value counts as exactly known.

    With an interval: above or below only if the interval does not hold the other value. Without one the numbers are
    compared as they are shown. Counts are not compared with the count of a larger Raum: the sentence is empty.
    """
    if eintrag.art == "anzahl":
        return ""
    if not _hat_wert(wert, status):
        return f"Ein Vergleich mit {vergleich_name} ist nicht möglich. {STATUS_SATZ[status]}"
    if not _zahl(vergleich_wert):
        return f"Ein Vergleich mit {vergleich_name} ist nicht möglich: Dort liegt kein Wert vor."
    lage = _lage(wert, unten, oben, vergleich_wert, eintrag.stellen)
    vergleich = f"({vergleich_name}: {format_wert(vergleich_wert, eintrag.einheit, eintrag.stellen)})"
    if status == "unsicher":
        return f"{name} liegt {lage} {vergleich}. {STATUS_SATZ['unsicher']}"
    return f"{name} liegt {lage} {vergleich}."


def satz_lesart(eintrag: Angaben, wert: float | None = None) -> str:
    """How to read the Kennzahl: with the number of a Raum, or in general ("so viele")."""
    return eintrag.lesart.replace("{wert}", format_zahl(wert, eintrag.stellen) if _zahl(wert) else "so viele")


def format_zeitpunkt(stichtag: date, *, monatlich: bool = False) -> str:
    """ "am 31.12.2022", for monthly series "im Dezember 2022"."""
    return f"im {MONATE[stichtag.month - 1]} {stichtag.year}" if monatlich else f"am {format_datum(stichtag)}"


def _lage(wert: float, unten: float | None, oben: float | None, vergleich: float, stellen: int) -> str:
    if _zahl(unten) and _zahl(oben):
        if unten > vergleich:
            return "über dem Vergleichswert"
        return "unter dem Vergleichswert" if oben < vergleich else "im Bereich des Vergleichswerts"
    abstand = round(wert, stellen) - round(vergleich, stellen)
    if abstand == 0:
        return "gleichauf mit dem Vergleichswert"
    return "über dem Vergleichswert" if abstand > 0 else "unter dem Vergleichswert"


def _hat_wert(wert: float | None, status: str) -> bool:
    return status in MIT_WERT and _zahl(wert)


def _zahl(wert: float | None) -> bool:
    return wert is not None and isfinite(wert)
