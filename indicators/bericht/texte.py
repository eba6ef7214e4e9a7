"""Words and signs that every exported file shares: statuses, legend, intervals, disclosure rule."""

from __future__ import annotations

import hashlib

import pandas as pd

from indicators.store import Eintrag, QuellenHinweis, Stand
from indicators.zahlformat import format_zahl

MIT_WERT = ("offen", "unsicher")
GANZ = 1e-9  # a smaller apportioned share means whole old Räume
WERTSPALTEN = ("wert", "unten", "oben", "zaehler", "nenner")
AUSWERTUNG_ZAHLEN = (
    *("rest_wert", "eltern_wert", "gleiche_wert", "bezug_wert", "vorher_diff", "vorher_unten", "vorher_oben"),
    *("rang", "rang_von", "rang_bis", "rang_anzahl", "mittel_wert", "mittel_unten", "mittel_oben"),
)

ZEICHEN = {
    "gesperrt": ".",
    "gesperrt_quelle": ".",
    "nicht_geliefert": "…",
    "nicht_sinnvoll": "x",
    "nicht_definiert": "x",
}

STATUS_TEXT = {
    "offen": "offen",
    "unsicher": "unsicher (vom Herausgeber eingeklammert)",
    "gesperrt": "gesperrt (Geheimhaltung)",
    "gesperrt_quelle": "gesperrt vom Herausgeber",
    "nicht_geliefert": "nicht geliefert",
    "nicht_sinnvoll": "nicht sinnvoll (Zähler und Nenner passen nicht zusammen)",
    "nicht_definiert": "nicht definiert (Bezugsgruppe ist leer, bei standardisierten Werten unter 10 Fällen)",
}

LEGENDE = (
    ("0", "genau null oder weniger als die Hälfte der letzten angezeigten Stelle"),
    (".", "gesperrt: Zahl aus Gründen der Geheimhaltung nicht ausgewiesen"),
    ("…", "nicht geliefert: Zahl liegt nicht oder noch nicht vor"),
    ("x", "Angabe nicht sinnvoll oder nicht definiert (zum Beispiel: Bezugsgruppe ist leer)"),
    ("(12,3)", "unsicherer Wert, vom Herausgeber eingeklammert"),
    ("u", "umgerechnet: aus Fallzahlen älterer Räume auf die heutigen Räume; ohne Intervall, wo aufgeteilt wurde"),
)

_VERFAHREN = {"quote": "Wilson", "verhaeltnis": "Byar, unter 10 Fällen exakt", "standardisiert": "Dobson"}
_OHNE_INTERVALL = {
    "anzahl": "Kein Intervall: gezählte Anzahl.",
    "uebernommen": "Kein Intervall: Der Wert ist fertig berechnet übernommen, Fallzahlen liegen nicht vor.",
    "index": "Kein Intervall: Ein Index ordnet Räume; wie fest seine Rangfolge steht, zeigt die Seite »Index«.",
}


def intervall_text(eintrag: Eintrag, *, mit_intervall: bool) -> str:
    """What the interval means, or why there is none; `mit_intervall` tells whether the data have one."""
    if not mit_intervall:
        return _OHNE_INTERVALL.get(eintrag.art, "Kein Intervall: Diese Zahl unterliegt keiner Zufallsschwankung.")
    return (
        f"95-%-Intervall ({_VERFAHREN[eintrag.art]}): So stark kann der Wert durch Zufall schwanken, ohne dass sich an "
        "den Verhältnissen etwas ändert; in kleinen Räumen ist das viel. Liegt ein Vergleichswert innerhalb des "
        "Intervalls, ist der Unterschied nicht zu deuten."
    )


def geheimhaltung_text(stand: Stand) -> str:
    return (
        f"Freigabe »{stand.freigabe_titel}«: Kleine Fallzahlen sind gesperrt, ebenso jede Zahl, aus der sie sich durch "
        "Abziehen oder Zusammenzählen errechnen ließen. Jede Kennzahl, die eine gesperrte Fallzahl braucht, ist "
        "ebenfalls gesperrt. Gesperrte Zahlen sind in dieser Datei nicht enthalten, auch nicht verborgen. "
        "Sie sind nicht null."
    )


def kennzeichnung(stand: Stand) -> str:
    """The label that must stand on every page: invented data and watermark; empty when neither applies."""
    teile = ["Erfundene Daten" if stand.erfunden else "", stand.wasserzeichen]
    return " · ".join(teil for teil in teile if teil)


def quellen_text(quelle: QuellenHinweis) -> str:
    teile = (quelle.titel, quelle.herausgeber, quelle.lizenz, quelle.hinweis)
    return " · ".join(dict.fromkeys(teil for teil in teile if teil))


def definition_fassung(eintrag: Eintrag) -> str:
    """Version of the definition, and a program-independent fingerprint of what is computed: it changes exactly when the
    definition changes. "2 · 3f9c0a41b2d7"."""
    inhalt = "\n".join(
        (eintrag.id, eintrag.art, str(eintrag.pro), eintrag.zaehler_text, eintrag.nenner_text, eintrag.definition)
    )
    return f"{eintrag.version} · {hashlib.sha256(inhalt.encode()).hexdigest()[:12]}"


def formel(eintrag: Eintrag) -> str:
    if eintrag.art == "uebernommen":
        return f"fertig übernommen von {eintrag.herausgeber}"
    if eintrag.art == "index":
        return "Index, siehe Definition"
    if eintrag.art == "anzahl":
        return eintrag.zaehler_text
    if eintrag.art == "veraenderung":
        return f"({eintrag.zaehler_text} − {eintrag.nenner_text}) ÷ {eintrag.nenner_text} × {eintrag.pro:g}"
    if eintrag.art == "standardisiert":
        quoten = f"{eintrag.zaehler_text} ÷ {eintrag.nenner_text}"
        return f"Mittel der Altersgruppen, gewichtet mit der Standardbevölkerung: {quoten} × {eintrag.pro:g}"
    return f"{eintrag.zaehler_text} ÷ {eintrag.nenner_text} × {eintrag.pro:g}"


def brueche_text(eintrag: Eintrag) -> str:
    return "\n".join(
        f"{bruch.ab:%d.%m.%Y} ({'trennt die Reihe' if bruch.wirkung == 'trennt' else 'Hinweis'}): {bruch.grund}"
        for bruch in eintrag.brueche
    )


def umrechnung_kurz(umgerechnet: bool, anteil: float) -> str:
    """`u` with what it rests on: whole old Räume, or how much of the count was apportioned; empty for other values."""
    if not umgerechnet:
        return ""
    if pd.isna(anteil):
        return "u"
    return "u: ganze Räume" if anteil <= GANZ else f"u: {format_zahl(100 * anteil, 1)} % aufgeteilt"


def umrechnung_text(stand: Stand) -> str:
    """How old counts come to today's Räume; empty where Räume were never cut anew."""
    if not stand.umstiege:
        return ""
    arten = "; ".join(f"zum {u.ab:%d.%m.%Y} {u.art}" for u in stand.umstiege)
    return (
        f"Räume wurden neu zugeschnitten; ältere Fallzahlen sind umgerechnet ({arten}), Zähler und Nenner getrennt. "
        f"Werte mit »u« sind so entstanden. Müssten mehr als {format_zahl(100 * stand.bruch_ab_anteil, 0)} % einer "
        "Zahl aufgeteilt werden, wird nicht umgerechnet: die Reihe beginnt dann mit dem neuen Zuschnitt."
    )


def nur_offene(werte: pd.DataFrame) -> pd.DataFrame:
    """The same rows with every value column emptied that its status does not open: the last lock before a file."""
    frei = werte.copy()
    spalten = [spalte for spalte in (*WERTSPALTEN, *AUSWERTUNG_ZAHLEN) if spalte in frei]
    frei[spalten] = frei[spalten].astype(float).where(frei["status"].isin(MIT_WERT), axis=0)
    return frei
