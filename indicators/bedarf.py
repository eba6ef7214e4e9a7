"""People in need of care in a Kreis and its Kommunen, now and ahead, from protected counts only.

The quotas by sex and age are those of the Kreis. A Kommune takes them times its own level: what was counted there over
what was expected. All Kommunen, shown or hidden, add up to the Kreis.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from indicators import prognose
from indicators.arten import MIT_WERT, merge_status
from indicators.pflegemodell import PFLEGEGRADE_2_BIS_5, ZENSUS, Pflegemodell, Tafel, fasse
from indicators.vorausschau import Vorausschau

DAEMPFUNG = 0.7  # each year, the growth of the quotas is this share of the year before
GEWINN = 0.1  # years that need begins later, per calendar year
VARIANTEN = ("konstant", "trend", "verschoben")


@dataclass
class Bedarf:
    """Everything from one base day.

    `tage`: days on which care by sex and age and the population by sex and age are both known. `quote` [sex, band of
    care]; `niveau` per Kommune (1 = as many as the quotas of the Kreis let expect), NaN where `status` gives no value.
    """

    tafel: Tafel
    modell: Pflegemodell
    schau: Vorausschau
    tage: tuple[date, ...]
    basis: date = field(init=False)

    def __post_init__(self) -> None:
        self.basis = self.schau.basis
        self.quote = prognose.quoten(self.faelle(self.basis), self.grob(self.schau.kreis_bev[0]))
        grenzen = self.modell.pflege.grenzen
        self.mitten = [(a + b) / 2 for a, b in zip(grenzen, (*grenzen[1:], grenzen[-1] + 6), strict=True)]
        self.steigerung = self._find_steigerung()
        anzahl, status = self.anzahl(self.schau.kommunen, "pflegebeduerftige")
        self.status = merge_status(self.schau.status, status) if len(status) else status
        self.offen = np.isin(self.status, MIT_WERT)
        self.beobachtet = np.where(self.offen, anzahl, np.nan)
        erwartet = self.erwarte(self.quote, self.schau.kommunen_bev[0])
        self.niveau = np.divide(self.beobachtet, erwartet, out=np.full(len(anzahl), np.nan), where=erwartet > 0)

    # --- counts

    def faelle(self, tag: date) -> np.ndarray:
        """People in need of the Kreis by sex and age [sex, band of care]; NaN where one of them is hidden."""
        return self.tafel.lies(self.schau.kreis, tag, self.modell.pflege.alle)[0].reshape(2, -1)

    def grob(self, bevoelkerung: np.ndarray) -> np.ndarray:
        """Population in the age bands of care."""
        return fasse(bevoelkerung, self.modell.bevoelkerung.grenzen, self.modell.pflege.grenzen)

    def kreis_bev(self, tag: date) -> np.ndarray:
        """Population of the Kreis in the age bands of care [sex, band]."""
        return self.grob(self.schau.lies(self.schau.kreis, tag)[0][0])

    def anzahl(self, orte: pd.DataFrame, *merkmale: str, tag: date | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Sum of counts per Raum, NaN where one is hidden, and its status."""
        wert, status = self.tafel.lies(orte, tag or self.basis, merkmale)
        return wert.sum(axis=1), status

    def erwarte(self, quote: np.ndarray, bevoelkerung: np.ndarray) -> np.ndarray:
        """People in need by these quotas in a population of five-year bands."""
        return prognose.erwarte(quote, self.grob(bevoelkerung))

    # --- ahead

    def _find_steigerung(self) -> dict | None:
        """Yearly growth of need at equal sex and age, from Pflegegrad 2 to 5 of the newest stretch without a break.

        Pflegegrad 1 is left out: it has been counted more and more completely since 2017.
        """
        pegel = {}
        for tag in self.tage:
            anzahl, status = self.anzahl(self.schau.kreis, *PFLEGEGRADE_2_BIS_5, tag=tag)
            erwartet = float(prognose.erwarte(self.quote, self.kreis_bev(tag)))
            if status[0] in MIT_WERT and anzahl[0] > 0 and erwartet > 0:
                pegel[tag] = anzahl[0] / erwartet
        for ende in sorted(pegel, reverse=True):
            frueher = [t for t in pegel if t < ende and not any(t < b <= ende for b in ZENSUS)]
            if frueher:
                anfang = min(frueher)
                rate = (pegel[ende] / pegel[anfang]) ** (1 / (ende.year - anfang.year)) - 1
                return {"rate": float(rate), "von": anfang.isoformat(), "bis": ende.isoformat()}
        return None

    @property
    def varianten(self) -> tuple[str, ...]:
        return VARIANTEN if self.steigerung else tuple(v for v in VARIANTEN if v != "trend")

    def quoten_in(self, variante: str, jahre: float) -> np.ndarray:
        """Quotas of a variant so many years ahead; never above 1."""
        if variante == "verschoben":
            return prognose.verschiebe(self.quote, self.mitten, GEWINN * jahre)
        if variante == "trend":
            return np.minimum(self.quote * prognose.daempfe(self.steigerung["rate"], jahre, daempfung=DAEMPFUNG), 1)
        return self.quote

    def in_jahren(self, variante: str, jahre: float) -> tuple[float, np.ndarray]:
        """People in need: of the Kreis, and of each Kommune, scaled so that all (the hidden included) add up to it."""
        quote = self.quoten_in(variante, jahre)
        kreis, kommunen = self.schau.in_jahren(jahre)
        gesamt = float(self.erwarte(quote, kreis))
        erwartet = np.where(self.offen, self.erwarte(quote, kommunen), np.nan)
        if jahre > prognose.HORIZONT:
            return gesamt, erwartet
        rest = self._niveau_rest() * (gesamt - np.nansum(erwartet))
        teile = np.append(np.nan_to_num(self.niveau * erwartet), max(rest, 0))
        return gesamt, np.where(self.offen, prognose.verteile(teile, np.asarray(gesamt))[:-1], np.nan)

    def _niveau_rest(self) -> float:
        """Level of all Kommunen that are not shown, together; 0 where all are."""
        gesamt = float(self.erwarte(self.quote, self.schau.kreis_bev[0]))
        offen = gesamt - self.erwarte(self.quote, self.schau.kommunen_bev[0])[self.offen].sum()
        return (gesamt - np.nansum(self.beobachtet)) / offen if offen > 1e-6 * gesamt else 0.0
