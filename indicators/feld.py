"""A Kennzahl as matrices: Räume down, Stichtage across. What `auswertung` computes with.

All Räume of a Gebiet stand in one order (`Geruest`), so a parent is one look-up and everything else array arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from geodata.eigene import VORSILBE

# Why there is no verdict or no trend; the codes in arrays are the places in this list.
GRUENDE = (
    "",
    "kein_wert",
    "gesperrt",
    "rest_raum",
    "unsicher",
    "uebernommen",
    "anzahl",
    "ohne_intervall",
    "kein_bezug",
    "bezug_gesperrt",
    "bezug_fehlt",
    "bezug_klein",
    "unverortet",
    "keine_gruppe",
    "bildet_gruppe",
    "bruch",
    "neuer_zuschnitt",
    "kein_vorwert",
    "kein_jahrespunkt",
    "zu_wenig_punkte",
    "wert_gesperrt",
    "wert_fehlt",
    "randwert",
    "kein_vergleichswert",
    "zu_wenig_faelle",
    "nicht_summierbar",
)
NR = {wort: nr for nr, wort in enumerate(GRUENDE)}
KEINE, OFFEN, UNSICHER, GEHEIM, ANDERES, UNDEFINIERT = range(6)  # status of a cell; KEINE: no row at all
ZAHLEN = ("wert", "unten", "oben", "zaehler", "nenner")


@dataclass(frozen=True)
class Angaben:
    """What the evaluation needs to know of a Kennzahl. `trennt`: days from which the series starts anew; `bezug`:
    Stichtag → value of the benchmark outside the Gebiet."""

    id: str
    art: str
    pro: float
    trennt: tuple[date, ...] = ()
    jahressumme: bool = False  # counts of a year: the years add up
    bezug: Mapping[date, float] = field(default_factory=dict)


class Geruest:
    """The Räume of all Gebietsstände in one order; `eltern`, `oberster`: place of the parent and of the Raum at the top
    (−1: none); `eigen`: own areas; `gruppe`: number of level and Gebietsstand; `stand`: of the Gebietsstand, the oldest
    first; `reihe`: number of the series a Raum belongs to; `reihe_mehrfach`: series of a Raum that was cut anew."""

    def __init__(self, raeume: pd.DataFrame) -> None:
        """Args: raeume: raum_id, gebietsstand, zuschnitt, eltern_id, ebene, rest."""
        r = raeume.reset_index(drop=True)
        self.raum_id = r["raum_id"].to_numpy(object)
        self.raum_nr, self.raum_namen = pd.factorize(self.raum_id)
        self.ebenen = list(dict.fromkeys(r["ebene"]))
        self.gebietsstand = r["gebietsstand"].to_numpy(object)
        self.ebene = r["ebene"].to_numpy(object)
        self.rest = r["rest"].to_numpy(bool)
        self.eigen = np.array([e.startswith(VORSILBE) for e in self.ebene], bool)
        self.schluessel = pd.MultiIndex.from_frame(r[["raum_id", "gebietsstand"]])
        eltern = pd.MultiIndex.from_arrays([r["eltern_id"].fillna(""), r["gebietsstand"]])
        self.eltern = self.schluessel.get_indexer(eltern)
        self.oberster = self._find_oberste()
        self.gruppe = pd.factorize(pd.MultiIndex.from_frame(r[["ebene", "gebietsstand"]]))[0]
        self.stand, self.staende = pd.factorize(r["gebietsstand"].to_numpy(object), sort=True)
        self.reihe, reihen = pd.factorize(pd.MultiIndex.from_frame(r[["raum_id", "zuschnitt"]]))
        self.reihe_raum = reihen.get_level_values(0).to_numpy(object)
        self.reihe_raum_nr = np.zeros(len(reihen), int)
        self.reihe_raum_nr[self.reihe] = self.raum_nr
        self.reihe_mehrfach = pd.Series(self.reihe_raum).duplicated(keep=False).to_numpy()

    def _find_oberste(self) -> np.ndarray:
        oben = self.eltern
        while True:
            weiter = np.where(oben >= 0, self.eltern[oben], -1)
            if (weiter < 0).all():
                return oben
            oben = np.where(weiter >= 0, weiter, oben)

    def find(self, tabelle: pd.DataFrame) -> np.ndarray:
        """Place of the Raum of each row."""
        return self.schluessel.get_indexer(pd.MultiIndex.from_frame(tabelle[["raum_id", "gebietsstand"]]))


@dataclass(frozen=True)
class Feld:
    """One Kennzahl: numbers (NaN: none) and status of shape Räume × Stichtage."""

    tage: list[date]
    wert: np.ndarray
    unten: np.ndarray
    oben: np.ndarray
    zaehler: np.ndarray
    nenner: np.ndarray
    status: np.ndarray

    def teil(self, zeilen: np.ndarray, spalten: np.ndarray) -> Feld:
        ort = np.ix_(zeilen, spalten)
        tage = [self.tage[i] for i in spalten]
        return Feld(tage, *(getattr(self, name)[ort] for name in (*ZAHLEN, "status")))


def build_feld(tabelle: pd.DataFrame, zeile: np.ndarray, spalte: np.ndarray, zeilen: int, tage: list[date]) -> Feld:
    """Rows of one Kennzahl at their places; a later row replaces an earlier one."""
    zahlen = {}
    for name in ZAHLEN:
        zahlen[name] = np.full((zeilen, len(tage)), np.nan)
        zahlen[name][zeile, spalte] = tabelle[name].to_numpy(float)
    status = np.full((zeilen, len(tage)), KEINE, np.int8)
    status[zeile, spalte] = find_status(tabelle["status"].to_numpy(object))
    return Feld(tage=tage, status=status, **zahlen)


def find_status(worte: np.ndarray) -> np.ndarray:
    geheim = (worte == "gesperrt") | (worte == "gesperrt_quelle")
    faelle = [worte == "offen", worte == "unsicher", geheim, worte == "nicht_definiert"]
    return np.select(faelle, [OFFEN, UNSICHER, GEHEIM, UNDEFINIERT], ANDERES).astype(np.int8)


def find_grund(*paare: tuple[np.ndarray, str], form: tuple) -> np.ndarray:
    """Code of the first reason that applies to each cell, 0 for none."""
    bedingungen = [np.broadcast_to(bedingung, form) for bedingung, _ in paare]
    return np.select(bedingungen, [NR[wort] for _, wort in paare], 0).astype(np.int8)


def grund_des_werts(feld: Feld, art: str, rest: np.ndarray | bool = False) -> np.ndarray:
    """Why the value itself allows no verdict. Only an `offen` value with an interval does."""
    s = feld.status
    return find_grund(
        ((s == UNDEFINIERT) & (art == "standardisiert"), "zu_wenig_faelle"),
        ((s == KEINE) | (s == ANDERES) | (s == UNDEFINIERT), "kein_wert"),
        (s == GEHEIM, "gesperrt"),
        (rest, "rest_raum"),
        (s == UNSICHER, "unsicher"),
        (art == "uebernommen", "uebernommen"),
        (art == "anzahl", "anzahl"),
        (np.isnan(feld.unten) | np.isnan(feld.oben), "ohne_intervall"),
        form=s.shape,
    )
