"""Which cells need protection of their own, by the rules of one release profile, and why."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from indicators import dominanz, geheimhaltung
from indicators.freigabe import Freigabe

# Why a count is not shown, as the memory and the certificate keep it.
OFFEN, KLEIN, WENIGE, LIEFERANT, BETRAG, WEGGELASSEN, GEGENSTUECK, SCHUTZ, FRUEHER, UNGENUTZT = range(10)
GRUND_TEXT = {
    KLEIN: "kleine Fallzahl",
    WENIGE: "zu wenige Einwohner oder zu kleine Bezugsgruppe (oder unbekannt, wie viele)",
    LIEFERANT: "vom Lieferanten geheim gehalten",
    BETRAG: "Geldbetrag mit zu wenigen Empfängern",
    WEGGELASSEN: "im Profil weggelassen",
    GEGENSTUECK: "sonst wäre das kleine Gegenstück (Nenner minus Zähler) bekannt",
    SCHUTZ: "zum Schutz anderer Werte",
    FRUEHER: "schon in einer früheren Veröffentlichung gesperrt",
}


@dataclass(frozen=True)
class Frage:
    """What one profile asks of the cells of a block: arrays over all cells."""

    wert: np.ndarray
    schwelle: np.ndarray
    grund: np.ndarray  # OFFEN: needs no protection of its own
    ohne: np.ndarray  # left out by the profile
    sichtbar: np.ndarray

    @property
    def primaer(self) -> np.ndarray:
        return self.grund != OFFEN

    def gleicht(self, andere: Frage) -> bool:
        return all(
            np.array_equal(getattr(self, f), getattr(andere, f), equal_nan=f in ("wert", "schwelle"))
            for f in ("wert", "schwelle", "grund", "ohne", "sichtbar")
        )


def build_frage(zellen: pd.DataFrame, freigabe: Freigabe, *, ohne_zuvor: np.ndarray, alt: np.ndarray) -> Frage:
    """The question of a profile.

    Args:
        ohne_zuvor: cells that more permissive profiles leave out; they stay out.
        alt: cells of earlier editions, which nobody shows any more.
    """
    wert = zellen["wert"].to_numpy(float)
    schwelle = zellen["recht"].map(freigabe.schwelle_fuer).to_numpy(float)
    ohne = (_ohne(zellen, freigabe) | ohne_zuvor) & ~alt
    grund = find_gruende(zellen, freigabe, wert, schwelle)
    sichtbar = zellen["sichtbar"].to_numpy(bool) & ~ohne & (~alt | zellen["fix"].to_numpy(bool))
    return Frage(wert, schwelle, grund, ohne, sichtbar)


def _ohne(zellen: pd.DataFrame, freigabe: Freigabe) -> np.ndarray:
    """Cells the profile leaves out by level and Merkmal; the others are then protected against adding them up."""
    aus = pd.Series(False, index=zellen.index)
    for ebene, merkmale in freigabe.ohne.items():
        aus |= (zellen["ebene"] == ebene) & zellen["merkmal"].isin(merkmale)
    return (aus & ~zellen["gegenstueck"] & ~zellen["fix"]).to_numpy(bool)


def find_gruende(zellen: pd.DataFrame, freigabe: Freigabe, wert: np.ndarray, schwelle: np.ndarray) -> np.ndarray:
    """Why each cell needs protection of its own; OFFEN: it does not.

    A count below the threshold or kept secret by the supplier; the Gegenstück of a quote below it, zero included
    ("all of them"); a count of persons on benefits where hardly anybody lives or the reference group is too small;
    money behind which stand too few persons, or nobody knows how many.
    """
    rest, betrag = zellen["gegenstueck"].to_numpy(bool), zellen["betrag"].to_numpy(bool)
    zahl = ~rest & ~betrag
    gruende = np.full(len(zellen), OFFEN)
    gruende[zahl & _wenige(zellen, freigabe)] = WENIGE
    gruende[zahl & geheimhaltung.find_primaer(wert, schwelle)] = KLEIN
    gruende[betrag & _wenige_traeger(zellen, schwelle)] = BETRAG
    gruende[~rest & np.isnan(wert)] = LIEFERANT
    # What is left of a whole beside a declared part is no group that anybody reports: it only bounds the part.
    gruende[rest & zellen["quote"].to_numpy(bool) & (wert < schwelle)] = GEGENSTUECK
    gruende[(zellen["signiert"] | zellen["fix"]).to_numpy(bool)] = OFFEN
    return gruende


def _wenige(zellen: pd.DataFrame, freigabe: Freigabe) -> np.ndarray:
    """Persons on benefits where fewer people live than the profile asks for, or nobody tells how many.

    The Rest-Raum is no place; the whole territory is large enough; a reference group of that size proves as many.
    """
    leistung = zellen["sichtbar"] & (zellen["recht"] != "bevoelkerung") & (zellen["wert"] != 0)
    bekannt = np.fmax(zellen["einwohner"], zellen["nenner_wert"])
    unbekannt = bekannt.isna() & ~zellen["rest"].astype(bool) & ~zellen["spitze"]
    zu_klein = (zellen["einwohner"] < freigabe.einwohner_mindest) | (unbekannt & (freigabe.einwohner_mindest > 0))
    return (leistung & (zu_klein | (zellen["nenner_wert"] < freigabe.nenner_mindest))).to_numpy(bool)


def _wenige_traeger(zellen: pd.DataFrame, schwelle: np.ndarray) -> np.ndarray:
    """Money of fewer persons than the threshold, or most of it of one.

    Without declared persons only the whole territory is shown.
    """
    wert, traeger = zellen["wert"].to_numpy(float), zellen["traeger_wert"].to_numpy(float)
    unbekannt = np.isnan(traeger) & ~zellen["spitze"].to_numpy(bool)
    # What the largest has is not always told; of persons on benefits none has more than a few times as much as another.
    groesster = zellen["groesster_wert"].to_numpy(float)
    beherrscht = dominanz.find_dominanz(wert, traeger, groesster, schwelle=schwelle) & (groesster != 0)
    return (wert != 0) & (unbekannt | (traeger < schwelle) | beherrscht)


def find_soll(zellen: pd.DataFrame, frage: Frage) -> tuple[np.ndarray, np.ndarray]:
    """What must remain possible of protected money: from nothing to twice as much; of one that many have, what
    dominance asks for; NaN: no money."""
    betrag = frage.grund == BETRAG
    viele = betrag & (zellen["traeger_wert"] >= frage.schwelle).to_numpy(bool)
    unten, oben = dominanz.compute_soll(frage.wert, zellen["groesster_wert"].to_numpy(float), viele)
    wenige = betrag & ~viele
    return np.where(wenige, 0.0, unten), np.where(wenige, 2 * frage.wert, oben)
