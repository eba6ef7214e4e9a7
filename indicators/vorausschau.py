"""Population of a Kreis and its Kommunen some years ahead, from protected counts only (method: Hamilton–Perry).

A Kommune with a hidden count has no projection. In the balance of the parts it stands, with all others of that kind, as
one remainder that every reader can compute as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from indicators import prognose
from indicators.arten import MIT_WERT, merge_status
from indicators.pflegemodell import Gliederung, Tafel

WEITE = 15  # years, for the whole Kreis


@dataclass
class Vorausschau:
    """From `basis` on, with the changes of the cohorts between the two days of `fenster`.

    `kreis_bev` [step, sex, band] up to WEITE; `kommunen_bev` [step, Raum, sex, band] up to prognose.HORIZONT, NaN where
    `status` gives no value.
    """

    tafel: Tafel
    gliederung: Gliederung
    ebenen: tuple[str, ...]
    basis: date
    fenster: tuple[date, date]
    kreis: pd.DataFrame = field(init=False)
    kommunen: pd.DataFrame = field(init=False)
    ebene_unten: str | None = field(init=False)

    def __post_init__(self) -> None:
        self.kreis = self.tafel.orte(self.ebenen[0], self.basis)
        unten = [e for e in self.ebenen[1:] if self.basis in self.tafel.stichtage(self.gliederung.alle, e)]
        self.ebene_unten = unten[0] if unten else None
        self.kommunen = self.tafel.orte(unten[0], self.basis) if unten else self.kreis.iloc[:0]
        tage = (*self.fenster, self.basis)
        ganz = [self.lies(self.kreis, t)[0][0] for t in tage]
        self.kreis_bev = prognose.projiziere(ganz[2], prognose.uebergang(ganz[0], ganz[1]), WEITE)
        teile = [self.lies(self.kommunen, t) for t in tage]
        self.status = merge_status(*(s for _, s in teile)) if len(self.kommunen) else np.array([], object)
        self.kommunen_bev = self._projiziere_kommunen([w for w, _ in teile], ganz)

    def lies(self, orte: pd.DataFrame, tag: date) -> tuple[np.ndarray, np.ndarray]:
        """Population [Raum, sex, band] and the status of each Raum."""
        wert, status = self.tafel.lies(orte, tag, self.gliederung.alle)
        return wert.reshape(len(orte), 2, -1), status

    def _projiziere_kommunen(self, teile: list[np.ndarray], ganz: list[np.ndarray]) -> np.ndarray:
        offen = np.isin(self.status, MIT_WERT)
        # All that are hidden are one part of the sum: what remains of the Kreis.
        alle = [
            np.concatenate([t[offen], np.clip(g - t[offen].sum(0), 0, None)[None]])
            for t, g in zip(teile, ganz, strict=True)
        ]
        wechsel = prognose.uebergang(alle[0], alle[1], kreis=prognose.uebergang(ganz[0], ganz[1]))
        schritte = prognose.HORIZONT // prognose.SCHRITT + 1
        reihe = prognose.projiziere_teile(alle[2], wechsel, self.kreis_bev[:schritte])
        kommunen = np.full((schritte, len(self.kommunen), *reihe.shape[2:]), np.nan)
        kommunen[:, offen] = reihe[:, :-1]
        return kommunen

    def in_jahren(self, jahre: float) -> tuple[np.ndarray, np.ndarray]:
        """Kreis [sex, band] and Kommunen [Raum, sex, band] so many years ahead; NaN beyond the horizon of the small."""
        kreis = prognose.zwischen(self.kreis_bev, jahre)
        if jahre > prognose.HORIZONT:
            return kreis, np.full(self.kommunen_bev.shape[1:], np.nan)
        return kreis, prognose.zwischen(self.kommunen_bev, jahre)
