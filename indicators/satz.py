"""Plain-German sentences about one value: what it is, how it compares, where it stands, where it goes. Words only;
nothing is computed here but the comparison of the given numbers. Screen readers, reports and exports say the same."""

from datetime import date
from math import isfinite
from typing import Protocol

from indicators.arten import MIT_WERT
from indicators.deutsch import (
    Bezug,
    bezug_raum,
    format_abstand,
    format_anzahl,
    format_menge,
    format_zeitpunkt,
    gross,
    in_raum,
    von,
)
from indicators.zahlformat import format_datum, format_zahl

STATUS_SATZ = {
    "gesperrt": "Der Wert ist zum Schutz kleiner Zahlen gesperrt.",
    "gesperrt_quelle": "Der Wert ist schon von der liefernden Stelle gesperrt.",
    "nicht_geliefert": "Für diesen Zeitpunkt liegt kein Wert vor.",
    "nicht_sinnvoll": "Der Wert ist nicht sinnvoll: Die Zahlen der Quellen passen nicht zusammen.",
    "nicht_definiert": "Der Wert ist nicht definiert: Die Bezugsgruppe ist leer.",
    "unsicher": "Der Wert ist unsicher.",
}
ZU_WENIG = "Der Wert ist nicht definiert: Es gibt weniger als 10 Fälle oder eine Altersgruppe ohne Menschen."
WERTUNG = {  # (Polarität, Lage) → what it means; neutral Kennzahlen are never judged
    ("belastung", "ueber"): "Das steht für eine höhere Belastung.",
    ("belastung", "unter"): "Das steht für eine geringere Belastung.",
    ("entlastung", "ueber"): "Das steht für eine geringere Belastung.",
    ("entlastung", "unter"): "Das steht für eine höhere Belastung.",
}
RICHTUNG = {"steigend": ("steigt", "gestiegen"), "fallend": ("sinkt", "gesunken")}


class Angaben(Protocol):
    """What a sentence needs to know of a Kennzahl; `Kennzahl` and `store.Eintrag` both have it."""

    art: str
    einheit: str
    stellen: int
    lesart: str
    polaritaet: str


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
        return f"{name} {zeitpunkt}: {satz_status(eintrag, status)}"
    satz = f"{name}: {_menge(eintrag, wert)} {zeitpunkt}"
    if _zahl(unten) and _zahl(oben):
        satz += f" (95-%-Intervall {format_zahl(unten, eintrag.stellen)} bis {_menge(eintrag, oben)})"
    return f"{satz}. {STATUS_SATZ['unsicher']}" if status == "unsicher" else f"{satz}."


def satz_status(eintrag: Angaben, status: str) -> str:
    """Why there is no value. A standardised one is not defined for other reasons than a share."""
    return ZU_WENIG if (eintrag.art, status) == ("standardisiert", "nicht_definiert") else STATUS_SATZ[status]


def satz_intervall(eintrag: Angaben, unten: float | None, oben: float | None) -> str:
    """What the interval of a full count means; empty where there is none."""
    if not (_zahl(unten) and _zahl(oben)):
        return ""
    spanne = f"{format_zahl(unten, eintrag.stellen)} und {_menge(eintrag, oben)}"
    return (
        f"Bei gleichen Verhältnissen wären allein durch Zufall auch Werte zwischen {spanne} zu erwarten; einen "
        "Stichprobenfehler hat eine Vollerhebung nicht."
    )


def satz_vergleich(
    eintrag: Angaben,
    name: str,
    wert: float | None,
    unten: float | None,
    oben: float | None,
    status: str,
    *,
    vergleich_name: str | Bezug,
    vergleich_wert: float | None,
    lage: str = "",
    wertung: bool = False,
) -> str:
    """One Raum against another value, which counts as exactly known.

    With an interval: above or below only if the interval does not hold the other value. Without one the numbers are
    compared as they are shown. Counts are not compared with the count of a larger Raum: the sentence is empty.

    Args:
        vergleich_name: name of a Raum, or whom `deutsch` declines: the rest of the Kreis, last year, similar Räume.
        lage: "ueber", "unter", "aehnlich", "gleich" where somebody has tested it (two uncertain values, 99.8 %);
            empty: decided here.
        wertung: add what it means by the polarity of the Kennzahl; never for neutral ones.

    Returns:
        "Troisdorf liegt mit 12,3 % über dem übrigen Kreisgebiet (10,5 %)."
    """
    if eintrag.art == "anzahl":
        return ""
    bezug = vergleich_name if isinstance(vergleich_name, Bezug) else bezug_raum(vergleich_name)
    if not _hat_wert(wert, status):
        return f"Ein Vergleich mit {bezug.dativ} ist nicht möglich. {satz_status(eintrag, status)}"
    if not _zahl(vergleich_wert):
        return f"Ein Vergleich mit {bezug.dativ} ist nicht möglich: Dort liegt kein Wert vor."
    lage = lage or _lage(wert, unten, oben, vergleich_wert, eintrag.stellen)
    wer, mit = gross(bezug_raum(name).nominativ), _menge(eintrag, wert)
    worte = {
        "ueber": f"liegt mit {mit} über {bezug.dativ}",
        "unter": f"liegt mit {mit} unter {bezug.dativ}",
        "aehnlich": f"unterscheidet sich mit {mit} nicht deutlich {von(bezug)}",
        "gleich": f"liegt mit {mit} gleichauf mit {bezug.dativ}",
    }
    saetze = [f"{wer} {worte[lage]} ({_menge(eintrag, vergleich_wert)})."]
    if wertung and status == "offen":
        saetze.append(WERTUNG.get((eintrag.polaritaet, lage), ""))
    if status == "unsicher":
        saetze.append(STATUS_SATZ["unsicher"])
    return " ".join(filter(None, saetze))


def satz_veraenderung(
    eintrag: Angaben, name: str, alt: float | None, stichtag_alt: date, neu: float | None, stichtag: date
) -> str:
    """How far a value moved between two Stichtage of one unbroken series; empty where one of them has none.

    Returns:
        "In Troisdorf ist der Wert vom 31.12.2021 bis zum 31.12.2022 um 1,3 Prozentpunkte gestiegen."
    """
    if not (_zahl(alt) and _zahl(neu)):
        return ""
    monatlich = getattr(eintrag, "monatlich", False)
    von, bis = (format_zeitpunkt(t, monatlich=monatlich).split(" ", 1)[1] for t in (stichtag_alt, stichtag))
    zeitraum = f"von {von} bis {bis}" if monatlich else f"vom {von} bis zum {bis}"
    if (vorher := nenne_stufe(eintrag, alt)) and (jetzt := nenne_stufe(eintrag, neu)) and vorher != jetzt:
        return f"{name} hat {zeitraum} die Klasse gewechselt: von »{vorher}« zu »{jetzt}«."
    abstand = round(neu, eintrag.stellen) - round(alt, eintrag.stellen)
    wo = gross(in_raum(name))
    if round(abstand, eintrag.stellen) == 0:
        return f"{wo} ist der Wert {zeitraum} gleich geblieben."
    worte = RICHTUNG["steigend" if abstand > 0 else "fallend"][1]
    return f"{wo} ist der Wert {zeitraum} um {format_abstand(abstand, eintrag.einheit, eintrag.stellen)} {worte}."


def satz_trend(
    eintrag: Angaben,
    name: str,
    richtung: str,
    *,
    von: date | None = None,
    bis: date | None = None,
    stichtage: int = 0,
    je_jahr: float | None = None,
    grund: str = "",
) -> str:
    """Where a series goes.

    Args:
        richtung: "steigend", "fallend", "gleichbleibend"; anything else cannot be said, and `grund` says why (half a
            sentence without a full stop).
        von, bis: first and last Stichtag of the segment that was looked at; `stichtage`: how many it holds.
        je_jahr: mean change per year [unit of the Kennzahl]; only told where there is a direction.

    Returns:
        "In Troisdorf steigt der Wert von 2018 bis 2022 (5 Stichtage), im Mittel um 0,4 Prozentpunkte je Jahr."
    """
    wo = gross(in_raum(name))
    if richtung not in ("steigend", "fallend", "gleichbleibend") or not (von and bis):
        warum = f": {grund}" if grund else ""
        return f"{wo} kann kein Trend berechnet werden{warum}."
    zeitraum = f"von {von.year} bis {bis.year}"
    anzahl = f" ({format_anzahl(stichtage, 'Stichtage')})" if stichtage else ""
    if richtung == "gleichbleibend":
        return f"{wo} ist {zeitraum}{anzahl} keine deutliche Veränderung zu erkennen."
    mittel = ""
    if _zahl(je_jahr) and round(je_jahr, eintrag.stellen):
        mittel = f", im Mittel um {format_abstand(je_jahr, eintrag.einheit, eintrag.stellen)} je Jahr"
    return f"{wo} {RICHTUNG[richtung][0]} der Wert {zeitraum}{anzahl}{mittel}."


def satz_rang(
    name: str,
    rang: float | None,
    von: float | None,
    *,
    unten: float | None = None,
    oben: float | None = None,
    plural: str = "",
    status: str = "offen",
) -> str:
    """The place among the Räume of a level; place 1 has the highest value.

    Args:
        unten, oben: 95 % interval of the place, smallest and largest number.
        plural: title of the level: "Kommunen".

    Returns:
        "Troisdorf: Platz 3 von 19 Kommunen (Platz 1 = höchster Wert); mit 95 % Sicherheit zwischen Platz 2 und 6."
    """
    if not (_zahl(rang) and _zahl(von)):
        return f"{name}: kein Platz in der Reihenfolge. {STATUS_SATZ.get(status, '')}".strip()
    satz = f"{name}: Platz {int(rang)} von {' '.join(filter(None, (str(int(von)), plural)))} (Platz 1 = höchster Wert)"
    if not (_zahl(unten) and _zahl(oben)):
        return f"{satz}."
    if int(unten) == int(oben):
        return f"{satz}; mit 95 % Sicherheit genau dieser Platz."
    return f"{satz}; mit 95 % Sicherheit zwischen Platz {int(unten)} und {int(oben)}."


def satz_bruch(ab: date, wirkung: str, grund: str) -> str:
    """A break in the series, as a sentence."""
    if wirkung == "trennt":
        return f"Werte ab dem {format_datum(ab)} sind mit früheren nicht vergleichbar: {grund}."
    return f"Werte ab dem {format_datum(ab)} sind mit früheren nur mit Vorsicht zu vergleichen: {grund}."


def satz_fehlt(titel: str, lieferung: str) -> str:
    """Why a Kennzahl is not there: the delivery it waits for."""
    return f"»{titel}« ist hier noch nicht berechnet. Es fehlt: {lieferung.rstrip('.')}."


def nenne_stufe(eintrag: Angaben, wert: float | None) -> str:
    """The name of the class a number stands for: 2 → "2 mittel"; empty where numbers are numbers."""
    if not _zahl(wert):
        return ""
    namen = (s for s in getattr(eintrag, "stufen", ()) if float(s.split(" ")[0].replace("−", "-")) == wert)
    return next(namen, "")


def satz_lesart(eintrag: Angaben, wert: float | None = None) -> str:
    """How to read the Kennzahl: with the number of a Raum, or in general ("so viele")."""
    return eintrag.lesart.replace("{wert}", format_zahl(wert, eintrag.stellen) if _zahl(wert) else "so viele")


def _menge(eintrag: Angaben, wert: float) -> str:
    return nenne_stufe(eintrag, wert) or format_menge(wert, eintrag.einheit, eintrag.stellen)


def _lage(wert: float, unten: float | None, oben: float | None, vergleich: float, stellen: int) -> str:
    if _zahl(unten) and _zahl(oben):
        if unten > vergleich:
            return "ueber"
        return "unter" if oben < vergleich else "aehnlich"
    abstand = round(wert, stellen) - round(vergleich, stellen)
    return "gleich" if abstand == 0 else "ueber" if abstand > 0 else "unter"


def _hat_wert(wert: float | None, status: str) -> bool:
    return status in MIT_WERT and _zahl(wert)


def _zahl(wert: float | None) -> bool:
    return wert is not None and isfinite(wert)
