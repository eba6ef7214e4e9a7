"""What an index says, in sentences for a committee; the same on the page and in the workbook."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from indicators import index as methode
from indicators.zahlformat import format_zahl

if TYPE_CHECKING:
    from indicators.labor import Labor

ALLE_BIS = 3  # so many names stand in one sentence
FEST, NAHEZU, WEITGEHEND = 0.99, 0.95, 0.8


def sage_labor(labor: Labor, plural: str) -> list[str]:
    """All sentences in order; `plural` is the title of the level, for example "Planungsräume"."""
    if grund := sage_grund(labor):
        return [sage_gueltige(labor, plural), grund]
    return [
        sage_gueltige(labor, plural),
        sage_spitze(labor),
        *sage_stoerung(labor),
        *sage_vergleich(labor),
        *sage_ohne(labor),
        *sage_dynamik(labor),
    ]


def sage_grund(labor: Labor) -> str:
    """Why there is no index; empty if there is one."""
    e = labor.status.ergebnis
    if e.grund == "zu_wenige":
        return "Ein Index lässt sich nicht bilden: Weniger als zwei Räume haben zu allen Kennzahlen einen Wert."
    if e.grund == "konstant" and e.stelle >= 0:
        titel = labor.status.teile[e.stelle].eintrag.titel
        return f"Ein Index lässt sich nicht bilden: »{titel}« hat in allen Räumen denselben Wert."
    if e.grund == "konstant":
        return "Ein Index lässt sich nicht bilden: Die Kennzahlen heben sich gegenseitig auf."
    return ""


def sage_gueltige(labor: Labor, plural: str) -> str:
    alle, v = len(labor.raeume), labor.anzahl
    satz = f"{format_zahl(v)} von {format_zahl(alle)} Räumen ({plural}) sind bewertet"
    gruende = Counter(g for g in labor.raeume["grund"] if g)
    if not gruende:
        return f"{satz}."
    return f"{satz}. Nicht bewertet: " + "; ".join(f"{format_zahl(n)} ({grund})" for grund, n in gruende.items()) + "."


def sage_spitze(labor: Labor) -> str:
    oben = labor.raeume.nsmallest(ALLE_BIS, "rang")["name"].tolist()
    unten = labor.raeume.nlargest(1, "rang")["name"].tolist()
    return f"Am höchsten liegt {oben[0]}, danach {verbinde(oben[1:])}; am niedrigsten liegt {verbinde(unten)}."


def sage_stoerung(labor: Labor) -> list[str]:
    """How firm the top is, and the whole order."""
    s = labor.stabil
    if len(labor.status.teile) < 2 or len(s.rho) == 0:
        return ["Mit nur einer Kennzahl entscheiden die Gewichte nichts."]
    spitze = labor.raeume.nsmallest(s.spitze, "rang")
    erster = spitze.iloc[0]
    immer = int((spitze["oben"] >= 0.95).sum())
    umfang = f"jedes um bis zu {format_zahl(100 * s.spanne)} % größer oder kleiner"
    saetze = [
        f"Bei {format_zahl(s.ziehungen)} zufällig veränderten Gewichten ({umfang}) bleibt {erster['name']} in "
        f"{prozent(erster['oben'])} der Fälle unter den {zahlwort(s.spitze)} höchsten; "
        f"für {immer} der {len(spitze)} höchsten Räume gilt das in mindestens 95 % der Fälle."
    ]
    unten, mitte = float(s.rho.min()), float(np.median(s.rho))
    wort = "Nein" if unten >= NAHEZU else "Kaum" if unten >= WEITGEHEND else "Teilweise"
    saetze.append(
        f"Dreht eine andere Gewichtung die Rangfolge um? {wort}: Die Rangkorrelation mit den gewählten Gewichten ist "
        f"im Mittel {format_zahl(mitte, 3)} und nie weniger als {format_zahl(unten, 3)} (1 = dieselbe Rangfolge)."
    )
    if not labor.wenige:
        bleibt = labor.raeume.loc[labor.raeume["grund"] == "", "bleibt"].mean()
        saetze.append(f"Ein Raum bleibt im Durchschnitt in {prozent(bleibt)} der Fälle in seiner Klasse.")
    return saetze


def sage_vergleich(labor: Labor) -> list[str]:
    if labor.rho is None or not np.isfinite(labor.rho):
        return []
    womit = "der Gewichtung der Vorlage" if labor.wahl.index else "gleichen Gewichten"
    rho = f"(Rangkorrelation {format_zahl(labor.rho, 3)})"
    if labor.rho >= FEST:
        return [f"Die Rangfolge ist fast dieselbe wie mit {womit} {rho}."]
    if labor.rho >= WEITGEHEND:
        return [f"Die Rangfolge ähnelt der mit {womit} {rho}; einzelne Räume wechseln den Platz deutlich."]
    return [f"Die Rangfolge ist eine andere als mit {womit} {rho}."]


def sage_ohne(labor: Labor) -> list[str]:
    """Which indicator the order depends on most."""
    rho = np.array(labor.rho_ohne)
    if not np.isfinite(rho).any():
        return []
    schwaechste = int(np.nanargmin(rho))
    titel = labor.status.teile[schwaechste].eintrag.titel
    return [
        f"Am meisten hängt die Rangfolge an »{titel}«: Ohne diese Kennzahl beträgt die Rangkorrelation "
        f"{format_zahl(rho[schwaechste], 3)}."
    ]


def sage_dynamik(labor: Labor) -> list[str]:
    if labor.dynamik_grund:
        return [f"Eine Dynamik lässt sich nicht bilden: {labor.dynamik_grund}"]
    if labor.dynamik is None:
        return []
    if labor.dynamik.ergebnis.grund:
        return ["Eine Dynamik lässt sich nicht bilden: Zu wenige Räume haben zu beiden Stichtagen Werte."]
    if labor.wenige:
        return []
    schlecht = labor.raeume[(labor.raeume["klasse"] == 4) & (labor.raeume["dynamik"] == 1)]
    gut = labor.raeume[(labor.raeume["klasse"] == 4) & (labor.raeume["dynamik"] == -1)]
    return [
        f"{format_zahl((labor.raeume['klasse'] == 4).sum())} Räume haben den Status »sehr niedrig«; "
        f"bei {format_zahl(len(schlecht))} davon ist die Dynamik negativ, bei {format_zahl(len(gut))} positiv."
    ]


def verbinde(namen: list[str]) -> str:
    """ "A, B und C"."""
    return " und ".join(filter(None, (", ".join(namen[:-1]), namen[-1]))) if namen else ""


def prozent(anteil: float) -> str:
    """Never rounded to certainty: 99.97 % reads "über 99 %"."""
    wert = 100 * anteil
    if 99 < wert < 100:
        return "über 99 %"
    if 0 < wert < 1:
        return "unter 1 %"
    return f"{format_zahl(wert)} %"


def zahlwort(zahl: int) -> str:
    worte = ("null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn")
    return worte[zahl] if zahl < len(worte) else format_zahl(zahl)


def klasse_text(labor: Labor, klasse: float) -> str:
    return methode.STATUS[int(klasse)] if np.isfinite(klasse) and not labor.wenige else ""


def dynamik_text(labor: Labor, dynamik: float) -> str:
    return methode.DYNAMIK[int(dynamik)] if np.isfinite(dynamik) and not labor.wenige else ""
