"""Verdicts, trends and ranks in words: the codes of a snapshot, and the sentences that pages and files share."""

from __future__ import annotations

from datetime import date

import pandas as pd

from indicators import satz
from indicators.deutsch import Bezug, bezug_aussen, bezug_frueher, bezug_gruppe, bezug_rest
from indicators.vergleich import bewerte

URTEIL_TEXT = {"hoeher": "höher", "niedriger": "niedriger", "aehnlich": "ähnlich"}
ZEICHEN = {"hoeher": "▲", "niedriger": "▼", "aehnlich": "●"}
BEWERTUNG_TEXT = {"guenstiger": "günstiger", "unguenstiger": "ungünstiger", "": ""}
TREND_TEXT = {"steigend": "steigt", "fallend": "sinkt", "keine_aenderung": "keine deutliche Änderung"}
TREND_ZEICHEN = {"steigend": "↗", "fallend": "↘", "keine_aenderung": "→"}
GRUND_TEXT = {
    "": "",
    "kein_wert": "kein Wert",
    "gesperrt": "der Wert ist gesperrt",
    "rest_raum": "kein Ort",
    "unsicher": "der Wert ist unsicher",
    "uebernommen": "ein übernommener Wert hat kein Intervall",
    "anzahl": "eine Anzahl wird nicht mit einem größeren Raum verglichen",
    "ohne_intervall": "für diese Kennzahl gibt es kein Intervall",
    "kein_bezug": "es gibt keinen übergeordneten Raum",
    "bezug_gesperrt": "der Vergleichswert ist gesperrt",
    "bezug_fehlt": "es gibt keinen Vergleichswert",
    "bezug_klein": "das Übrige ist kleiner als der Raum selbst",
    "unverortet": "ein Teil der Fälle gehört zu keinem Raum",
    "keine_gruppe": "es gibt keine Vergleichsgruppe",
    "bildet_gruppe": "nach dieser Kennzahl wird die Vergleichsgruppe gebildet",
    "bruch": "die Reihe ist unterbrochen",
    "neuer_zuschnitt": "der Raum wurde neu zugeschnitten",
    "kein_vorwert": "es gibt keinen früheren Wert",
    "kein_jahrespunkt": "im selben Monat gibt es einen späteren Stichtag",
    "zu_wenig_punkte": "es gibt zu wenige Stichtage",
    "wert_gesperrt": "ein Wert der Reihe ist gesperrt",
    "wert_fehlt": "ein Wert der Reihe fehlt",
    "randwert": "ein Anteil der Reihe ist 0 oder 100 Prozent",
    "kein_vergleichswert": "zu dieser Kennzahl ist für diesen Stichtag kein Vergleichswert angegeben",
    "zu_wenig_faelle": "unter 10 Fällen oder mit leerer Altersgruppe ist ein standardisierter Wert nicht definiert",
    "nicht_summierbar": "standardisierte Werte lassen sich nicht zusammenfassen",
}
LAGE = {"hoeher": "ueber", "niedriger": "unter", "aehnlich": "aehnlich"}
RICHTUNG = {"steigend": "steigend", "fallend": "fallend", "keine_aenderung": "gleichbleibend"}
INTERVALL_HINWEIS = (
    "Alle Fälle sind gezählt, nicht geschätzt: Einen Stichprobenfehler gibt es nicht. Das Intervall beschreibt den "
    "Zufall dahinter. Bei gleichen Verhältnissen kann ein Wert im nächsten Jahr allein durch Zufall irgendwo in "
    "diesem Bereich liegen, in kleinen Räumen weiter weg als in großen."
)


def satz_rest(store, eintrag, zeile, *, streng: bool = False) -> str:
    """One Raum against the rest of the Gebiet: "Siegburg liegt mit 6,9 % über dem übrigen Kreisgebiet (4,7 %). …".

    Args:
        zeile: a row of `store.read_auswertung`.
        streng: the verdict at 99.8 %, as maps show it.
    """
    bezug = bezug_rest(store.stand.ebenen[0].titel)
    return satz_gegen(eintrag, zeile, "rest", bezug, urteil=zeile.rest_streng if streng else zeile.rest_urteil)


def satz_gleiche(store, eintrag, zeile, anzahl: int, plural: str) -> str:
    """One Raum against the similar ones; empty where there is no group at all."""
    return (
        ""
        if zeile.gleiche_grund == "keine_gruppe"
        else satz_gegen(eintrag, zeile, "gleiche", bezug_gruppe(anzahl, plural), urteil=zeile.gleiche_urteil)
    )


def satz_aussen(store, eintrag, zeile) -> str:
    """One Raum against the declared benchmark; empty where the Gebiet has none."""
    if not store.stand.bezug:
        return ""
    return satz_gegen(eintrag, zeile, "bezug", bezug_aussen(store.stand.bezug), urteil=zeile.bezug_urteil)


def satz_gegen(eintrag, zeile, name: str, bezug: Bezug, *, urteil) -> str:
    """The verdict in one sentence, or why there is none."""
    if not ist_wort(urteil):
        return f"Kein Vergleich mit {bezug.dativ}: {GRUND_TEXT[getattr(zeile, f'{name}_grund')]}."
    return satz.satz_vergleich(
        eintrag,
        zeile.name,
        zeile.wert,
        zeile.unten,
        zeile.oben,
        zeile.status,
        vergleich_name=bezug,
        vergleich_wert=getattr(zeile, f"{name}_wert"),
        lage=LAGE[urteil],
        wertung=True,
    )


def satz_vorher(eintrag, zeile) -> str:
    """How far the value moved since the Stichtag before, and whether that is more than chance."""
    if pd.isna(zeile.vorher_diff):
        return f"Kein Vergleich mit früher: {GRUND_TEXT[zeile.vorher_grund]}."
    veraenderung = satz.satz_veraenderung(
        eintrag, zeile.name, zeile.wert - zeile.vorher_diff, _tag(zeile.vorher_am), zeile.wert, _tag(zeile.stichtag)
    )
    gleich = round(zeile.wert, eintrag.stellen) == round(zeile.wert - zeile.vorher_diff, eintrag.stellen)
    if not ist_wort(zeile.vorher_urteil) or gleich:
        return veraenderung
    sicher = "Das kann Zufall sein." if zeile.vorher_urteil == "aehnlich" else "Das ist mehr, als der Zufall erklärt."
    return f"{veraenderung} {sicher}"


def satz_trend(eintrag, zeile) -> str:
    """The recent trend of one value."""
    if not ist_wort(zeile.trend):
        return satz.satz_trend(eintrag, zeile.name, "", grund=GRUND_TEXT[zeile.trend_grund])
    von = zeile.trend_seit if not pd.isna(zeile.trend_seit) else None
    if von is None:  # without a direction there is no beginning: the last five points are looked at
        wo = satz.gross(satz.in_raum(zeile.name))
        return f"{wo} ist in den letzten fünf Jahreswerten keine deutliche Veränderung zu erkennen."
    return satz.satz_trend(eintrag, zeile.name, RICHTUNG[zeile.trend], von=_tag(von), bis=_tag(zeile.stichtag))


def satz_abschnitt(eintrag, name: str, zeile) -> str:
    """The long trend of a section between two breaks; empty where it is too short or has no direction.

    Args:
        zeile: a row of `store.read_abschnitte`.
    """
    if zeile.richtung not in ("steigend", "fallend"):
        return ""
    return "Über die ganze Reihe: " + satz.satz_trend(
        eintrag,
        name,
        RICHTUNG[zeile.richtung],
        von=_tag(zeile.von),
        bis=_tag(zeile.bis),
        stichtage=int(zeile.punkte),
        je_jahr=zeile.steigung,
    )


def bezug_vorher(eintrag, zeile) -> Bezug:
    return bezug_frueher(_tag(zeile.vorher_am), monatlich=eintrag.monatlich)


def find_bewertung(urteil, polaritaet: str) -> str:
    """`guenstiger`, `unguenstiger`, or empty."""
    return bewerte(urteil if ist_wort(urteil) else None, polaritaet)


def ist_wort(inhalt) -> bool:
    return isinstance(inhalt, str) and bool(inhalt)


def _tag(tag) -> date:
    return tag.date() if hasattr(tag, "date") else tag
