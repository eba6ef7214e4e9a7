"""How verdicts, ranks and trends look on every page: a sign, a word, and never a colour alone."""

import pandas as pd
from dash import html

from dashboard import zahlen
from indicators.bericht import urteile
from indicators.bericht.urteile import INTERVALL_HINWEIS as INTERVALL_HINWEIS

GRUPPE_NACH = "Anteil der Menschen ab 65 und unter 18 Jahren und SGB-II-Quote, soweit vorhanden"
# Better and worse by polarity, never red and green; blue where higher is neither. Light to dark differ, too: a printed
# page is grey. Text on them is dark, and every place carries its sign.
SCHLECHTER, BESSER, GLEICH, HOCH, TIEF = "#e08214", "#9e8fc4", "#f1f1f1", "#4393c3", "#b6d7e8"
URTEILE = {  # polarity → (words, colour) of similar, higher, lower: as the map shows them
    "belastung": [["ähnlich", GLEICH], ["höher (ungünstiger)", SCHLECHTER], ["niedriger (günstiger)", BESSER]],
    "entlastung": [["ähnlich", GLEICH], ["höher (günstiger)", BESSER], ["niedriger (ungünstiger)", SCHLECHTER]],
    "neutral": [["ähnlich", GLEICH], ["höher", HOCH], ["niedriger", TIEF]],
}
GRUENDE = urteile.GRUND_TEXT
OHNE_TEST = ("ohne_intervall", "uebernommen")  # kinds that are never tested: said once below, not in every line
WORTE = {"hoeher": "höher", "niedriger": "niedriger", "aehnlich": "ähnlich"}


def rest_dativ(store) -> str:
    """ "dem übrigen Kreisgebiet", "der übrigen Stadt"."""
    return urteile.bezug_rest(store.stand.ebenen[0].titel).dativ


def klasse(urteil, polaritaet: str) -> str:
    """CSS class of a verdict: better and worse by polarity, blue where higher is neither."""
    if urteil not in ("hoeher", "niedriger"):
        return "urteil-aehnlich" if urteil == "aehnlich" else "urteil-ohne"
    return f"urteil-{urteile.find_bewertung(urteil, polaritaet) or 'neutral'}"


def urteil(wort, grund, polaritaet: str):
    """▲ höher (ungünstiger), or a dash whose title tells the reason."""
    if wort not in WORTE:
        text = urteile.GRUND_TEXT.get(grund, "") if isinstance(grund, str) else ""
        return html.Span("–", title=text) if text else "–"
    wertung = urteile.BEWERTUNG_TEXT[urteile.find_bewertung(wort, polaritaet)]
    inhalt = [
        f"{urteile.ZEICHEN[wort]}{zahlen.FEST}{WORTE[wort]}",
        *([html.Span(wertung, className="leise klein")] if wertung else []),
    ]
    return html.Span(inhalt, className=f"vergleich {klasse(wort, polaritaet)}")


def aussen(store, eintrag, zeile):
    """The benchmark outside the Gebiet with its verdict below; a dash whose title tells why there is none."""
    if not zahlen.hat_wert(zeile.bezug_wert):
        return urteil(None, zeile.bezug_grund, eintrag.polaritaet)
    wert = zahlen.format_wert(zeile.bezug_wert, eintrag.stellen, eintrag.einheit)
    if zeile.bezug_urteil not in WORTE:
        return html.Span(wert, title=f"kein Urteil: {GRUENDE.get(zeile.bezug_grund, '')}")
    return html.Span([wert, " ", urteil(zeile.bezug_urteil, zeile.bezug_grund, eintrag.polaritaet)], className="aussen")


def aussen_quellen(store, kennzahlen) -> str:
    """Who says so, each source once; empty where these Kennzahlen have no benchmark."""
    alle = store.vergleichswerte()
    da = alle[(alle["bezug"] == store.stand.bezug) & alle["kennzahl_id"].isin(list(kennzahlen))]
    return "; ".join(dict.fromkeys(da["quelle"]))


def rang(platz, von, bis, anzahl) -> str:
    """`3 (2–6) von 19`."""
    if not (zahlen.hat_wert(platz) and zahlen.hat_wert(anzahl)):
        return "–"
    spanne = f" ({int(von)}–{int(bis)})" if zahlen.hat_wert(von) and zahlen.hat_wert(bis) else ""
    return f"{int(platz)}{spanne} von {int(anzahl)}"


def trend(zeile):
    """Arrow and word of the recent trend, or that there is none; its title tells why."""
    if zeile.trend not in urteile.TREND_TEXT:
        if zeile.trend_grund in (*OHNE_TEST, "anzahl", "kein_wert", "gesperrt"):
            return ""
        text = urteile.GRUND_TEXT.get(zeile.trend_grund, "") if isinstance(zeile.trend_grund, str) else ""
        return html.Span("Trend nicht berechenbar", title=text, className="leise klein") if text else ""
    seit = "" if pd.isna(zeile.trend_seit) else f" seit {zeile.trend_seit.year}"
    wort = urteile.TREND_TEXT[zeile.trend] if seit else "kein klarer Trend"
    return html.Span(f"{urteile.TREND_ZEICHEN[zeile.trend]} {wort}{seit}", className="klein")


def saetze(store, eintrag, zeile, anzahl_gleiche: int, plural: str, abschnitt=None) -> list[str]:
    """Comparison, similar Räume, last year and trend; empty where there is no value or nothing can be said.

    Args:
        abschnitt: the newest row of `store.read_abschnitte` of this Kennzahl.
    """
    if not zahlen.hat_wert(zeile.wert) or not isinstance(zeile.rest_grund, str):
        return []
    teile = []
    if zeile.rest_grund not in ("kein_bezug", "anzahl", *OHNE_TEST):
        teile.append(urteile.satz_rest(store, eintrag, zeile))
        teile.append(urteile.satz_gleiche(store, eintrag, zeile, anzahl_gleiche, plural) if anzahl_gleiche else "")
    if zeile.bezug_grund not in ("anzahl", *OHNE_TEST) and store.hat_vergleichswerte(eintrag.id):
        teile.append(urteile.satz_aussen(store, eintrag, zeile))
    if zahlen.hat_wert(zeile.vorher_diff) or zeile.rest_grund not in OHNE_TEST:
        teile.append(urteile.satz_vorher(eintrag, zeile))
    return [t for t in teile if t] + trendsaetze(eintrag, zeile, abschnitt)


def trendsaetze(eintrag, zeile, abschnitt=None) -> list[str]:
    """Where the last five years go, and the whole series; empty where nothing can be said."""
    if not zahlen.hat_wert(zeile.wert) or not isinstance(zeile.rest_grund, str):
        return []
    teile = []
    if zeile.rest_grund not in ("anzahl", *OHNE_TEST):
        teile.append(urteile.satz_trend(eintrag, zeile))
    if abschnitt is not None:
        teile.append(urteile.satz_abschnitt(eintrag, zeile.name, abschnitt))
    return [t for t in teile if t]
