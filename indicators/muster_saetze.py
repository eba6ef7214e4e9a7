"""What a spatial pattern says, in sentences."""

from __future__ import annotations

from indicators import raumstatistik as raum
from indicators.zahlformat import format_zahl

ALPHA = raum.ALPHA
SEG_GRUND = {
    "gesperrt": "Wie ungleich die Gruppe verteilt ist, lässt sich hier nicht sagen: Für einzelne Räume ist die Zahl "
    "geheim gehalten, und die Summe der übrigen ergäbe ein falsches Bild.",
    "unvollstaendig": "Wie ungleich die Gruppe verteilt ist, lässt sich hier nicht sagen: Es fehlen Räume.",
    "gruppe_leer": "Wie ungleich die Gruppe verteilt ist, lässt sich nicht sagen: Es gehört niemand zu ihr.",
    "rest_leer": "Wie ungleich die Gruppe verteilt ist, lässt sich nicht sagen: Alle gehören zu ihr.",
    "zu_wenige": "Wie ungleich die Gruppe verteilt ist, lässt sich bei so wenigen Räumen nicht sagen.",
}


def sage_muster(s: dict) -> list[str]:
    """All sentences about one row of the table `raum_statistik`."""
    return [sage_moran(s), *sage_haeufung(s), *sage_segregation(s)]


def sage_moran(s: dict) -> str:
    """Whether neighbours are alike."""
    inseln = ""
    if s["inseln"]:
        inseln = f" {_raeume(s['inseln'])} ohne Nachbarn mit Wert {'ist' if s['inseln'] == 1 else 'sind'} nicht dabei."
    if s["status"] != "offen":
        return f"Ob sich Nachbarn ähneln, lässt sich nicht sagen: {raum.GRUND[s['status']]}.{inseln}"
    zahlen = f"(Moran-Koeffizient {format_zahl(s['moran'], 2)} bei {s['n']} Räumen, p {sage_p(s['p'])})"
    if s["p"] >= ALPHA:
        return (
            f"Ein räumliches Muster ist nicht erkennbar: Nachbarn ähneln sich nicht mehr als zufällig {zahlen}.{inseln}"
        )
    if s["moran"] < s["erwartet"]:
        return f"Hohe und niedrige Werte wechseln sich ab, mehr als zufällig zu erwarten {zahlen}.{inseln}"
    staerke = "deutlich" if s["moran"] >= 0.3 else "etwas"
    return f"Ähnliche Werte liegen beieinander: Nachbarn ähneln sich {staerke} mehr als zufällig {zahlen}.{inseln}"


def sage_haeufung(s: dict) -> list[str]:
    """How many Räume stand out together with their neighbours."""
    if s["status"] != "offen":
        return []
    if not s["lisa_permutationen"]:
        return ["Häufungen einzelner Räume werden erst ab 30 Räumen mit Wert gesucht."]
    if s["hoch_hoch"] + s["niedrig_niedrig"] == 0:
        return ["Einzelne Häufungen heben sich nicht vom Zufall ab."]
    return [
        f"{_raeume(s['hoch_hoch'])} {_liegt(s['hoch_hoch'])} in einer Häufung hoher Werte, "
        f"{_raeume(s['niedrig_niedrig'])} in einer Häufung niedriger Werte; im Mittel sind höchstens 5 % davon "
        "Zufallsfunde."
    ]


def sage_segregation(s: dict) -> list[str]:
    """How unevenly the group lives; only for shares with counts behind them."""
    if s["seg_status"] == "kein_anteil":
        return []
    if s["seg_status"] != "offen":
        return [SEG_GRUND[s["seg_status"]]]
    umzug, isolation, anteil = (format_zahl(100 * s[f], 1) for f in ("segregation", "isolation", "anteil"))
    saetze = [
        f"{umzug} % der Gruppe müssten umziehen, damit sie überall so verteilt wäre wie die übrige Bevölkerung "
        "(Segregationsindex; 0 % = gleich verteilt, 100 % = völlig getrennt).",
        f"Im Raum eines durchschnittlichen Mitglieds der Gruppe gehören {isolation} % zu ihr; im ganzen Gebiet sind es "
        f"{anteil} % (Isolationsindex).",
    ]
    if s["klein"]:
        saetze.append(
            "Die Räume haben im Mittel weniger als 300 Menschen: Schon der Zufall verteilt kleine Gruppen ungleich, "
            "der Segregationsindex ist hier zu hoch."
        )
    return saetze


def sage_p(p: float) -> str:
    return "< 0,001" if p < 0.001 else f"= {format_zahl(p, 3)}"


def _raeume(zahl: int) -> str:
    return "Ein Raum" if zahl == 1 else f"{format_zahl(zahl)} Räume"


def _liegt(zahl: int) -> str:
    return "liegt" if zahl == 1 else "liegen"
