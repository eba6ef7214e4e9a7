"""Invented population of the Musterkreis: every Baustein lives through ten years of births, deaths and moves.

Arrays are [year, Baustein, sex (0 male, 1 female), age 0…100]; whole persons.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.random import RandomState  # its stream never changes between versions of numpy

from geodata.beispiel.namen import KOMMUNEN

JAHRE = range(2015, 2025)
ALTER = np.arange(101)
# Inhabitants per 1,000 and single year of age, about Germany 2015
STUETZEN = {0: 9.0, 5: 8.7, 10: 9.1, 15: 10.3, 18: 11.2, 22: 11.8, 27: 12.2, 32: 11.9, 37: 11.6, 42: 12.8, 47: 16.4}
STUETZEN |= {51: 17.2, 55: 15.5, 60: 12.6, 65: 10.7, 70: 8.3, 75: 11.5, 80: 7.3, 85: 4.7, 90: 2.3, 95: 0.6, 100: 0.2}
ZUZUG = dict(zip(JAHRE, (1.0, 1.15, 1.10, 1.09, 1.08, 1.05, 1.09, 1.30, 1.11, 1.08), strict=True))
GEBURTEN = dict(zip(JAHRE, (1.50, 1.58, 1.57, 1.57, 1.55, 1.54, 1.59, 1.47, 1.38, 1.36), strict=True))
STERBLICHKEIT = {2020: 1.03, 2021: 1.05, 2022: 1.05}


@dataclass(frozen=True)
class Bevoelkerung:
    """`personen` [year, Baustein, sex, age]; `lage` social burden (mean 0, sd about 1) and `stadt` 0…1 per Baustein."""

    personen: np.ndarray
    lage: np.ndarray
    stadt: np.ndarray

    def alter(self, von: int, bis: int = 100) -> np.ndarray:
        """Persons of both sexes aged `von` to `bis` inclusive [year, Baustein]."""
        return self.personen[:, :, :, von : bis + 1].sum(axis=(2, 3))

    def unter_regelaltersgrenze(self) -> np.ndarray:
        """Persons under the Regelaltersgrenze at 31.12. [year, Baustein]: whole years plus months of birth."""
        teile = [self.alter(0, 64)]
        for alter in (65, 66):
            monate = np.array([np.clip(_zusatzmonate(j - alter) - 12 * (alter - 65), 0, 12) for j in JAHRE])
            teile.append(np.floor(self.alter(alter, alter) * monate[:, None] / 12 + 0.5).astype(int))
        return sum(teile)


def _zusatzmonate(geburtsjahr: int) -> int:
    """Months beyond the 65th birthday, § 235 SGB VI."""
    if geburtsjahr <= 1946:
        return 0
    if geburtsjahr <= 1958:
        return geburtsjahr - 1946
    return min(12 + 2 * (geburtsjahr - 1958), 24)


def build_bevoelkerung(bausteine: pd.DataFrame, zufall: RandomState) -> Bevoelkerung:
    """Ten year ends from 31.12.2015 on."""
    stadt = np.array([KOMMUNEN[k - 1][3] for k in bausteine["kommune"]]) * np.where(bausteine["kern"], 1.0, 0.45)
    lage = _lage(bausteine, stadt, zufall)
    groesse = _groessen(bausteine, zufall)
    profil = _altersprofil(stadt, lage, zufall)
    stand = zufall.poisson(groesse[:, None, None] * profil)
    geteilt = (bausteine["q2015"] != bausteine["q2020"]).to_numpy()
    reihe = [stand]
    for jahr in list(JAHRE)[1:]:
        reihe.append(_ein_jahr(reihe[-1], groesse[:, None, None] * profil, jahr, geteilt, zufall))
    return Bevoelkerung(np.array(reihe), lage, stadt)


def _lage(bausteine: pd.DataFrame, stadt: np.ndarray, zufall: RandomState) -> np.ndarray:
    """Latent social burden: towns above the country, a few hot spots, and differences between Kommunen."""
    kommune = zufall.normal(0, 0.35, len(KOMMUNEN))[bausteine["kommune"] - 1]
    brennpunkt = (zufall.uniform(size=len(stadt)) < 0.18 * stadt) * 1.5
    roh = 0.9 * stadt + kommune + brennpunkt + zufall.normal(0, 0.55, len(stadt))
    return (roh - roh.mean()) / roh.std()


def _groessen(bausteine: pd.DataFrame, zufall: RandomState) -> np.ndarray:
    """Inhabitants of every Baustein at the start; the last of some Kommunen are hamlets of under 300."""
    gewicht = np.exp(zufall.normal(0, 0.32, len(bausteine))) * np.where(bausteine["kern"], 1.0, 0.45)
    groesse = np.zeros(len(bausteine))
    for kommune, teil in bausteine.groupby("kommune"):
        anteil = gewicht[teil.index] / gewicht[teil.index].sum()
        groesse[teil.index] = np.minimum(KOMMUNEN[kommune - 1][1] * anteil, 6_200)
        if kommune in WEILER:
            groesse[teil.index[-1]] = WEILER[kommune]
    return groesse


WEILER = {1: 70, 4: 210, 8: 245, 13: 190, 18: 275}  # Kommune → inhabitants of its outermost Quartier


def _altersprofil(stadt: np.ndarray, lage: np.ndarray, zufall: RandomState) -> np.ndarray:
    """Expected share of every sex and age [Baustein, sex, age], sums to 1: young in town, old on the edge."""
    grund = np.interp(ALTER, list(STUETZEN), list(STUETZEN.values()))
    alt = zufall.normal(0, 1, len(stadt)) - 0.6 * lage - 0.3 * stadt
    kinder = zufall.normal(0, 0.12, len(stadt)) + 0.08 * lage
    form = grund * np.exp(0.0065 * alt[:, None] * (ALTER - 45) + kinder[:, None] * (ALTER < 18))
    frauen = np.interp(ALTER, [0, 20, 60, 70, 80, 90, 100], [0.487, 0.487, 0.50, 0.53, 0.59, 0.71, 0.80])
    beide = np.stack([form * (1 - frauen), form * frauen], axis=1)
    return beide / beide.sum(axis=(1, 2), keepdims=True)


def _ein_jahr(stand: np.ndarray, anfang: np.ndarray, jahr: int, waechst: np.ndarray, zufall: RandomState) -> np.ndarray:
    """Everybody one year older; who dies, moves away, moves in or is born."""
    tod = np.exp(-10.35 + 0.0955 * ALTER)[None] * np.array([[1.08], [0.68]]) * STERBLICHKEIT.get(jahr, 1.0)
    fort = 0.028 + 0.06 * np.exp(-(((ALTER - 24) / 6.5) ** 2)) - 0.018 * (ALTER > 55)
    bleibt = zufall.binomial(stand, np.clip((1 - tod) * (1 - fort), 0, 1).round(9))
    neu = np.zeros_like(stand)
    neu[:, :, 1:] = bleibt[:, :, :-1]
    neu[:, :, 100] += bleibt[:, :, 100]
    neu += zufall.poisson((anfang * fort * (ZUZUG[jahr] + 0.30 * waechst[:, None, None])).round(6))
    fruchtbar = np.exp(-(((ALTER - 31) / 7.2) ** 2)) * ((ALTER >= 15) & (ALTER <= 48))
    geburten = zufall.poisson((stand[:, 1] @ fruchtbar / fruchtbar.sum() * GEBURTEN[jahr]).round(6))
    jungen = zufall.binomial(geburten, 0.513)
    neu[:, 0, 0], neu[:, 1, 0] = jungen, geburten - jungen
    return neu
