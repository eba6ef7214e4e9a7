"""What a Gebiet delivers for projections of care, and protected access to it.

Merkmale by sex and age are known by their names: `fs_m_65_69`, `fs_w_90_plus` (population of the Fortschreibung),
`pflege_m_80_84` (people in need of care).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from indicators.arten import MIT_WERT, RANGFOLGE
from indicators.berechnung import Zahlen

NAME = re.compile(r"(fs|pflege)_([mw])_(\d+)_(\d+|plus)")
FUENFJAEHRIG = tuple(range(0, 91, 5))
PFLEGEGRADE_2_BIS_5 = ("pflege_pg2", "pflege_pg3", "pflege_pg4", "pflege_pg5")
VERSORGUNG = ("pflege_pflegegeld", "pflege_ambulant", "pflege_stationaer", "pflege_pg1_ohne")
PLAETZE = "plaetze_belegbar"
NACH_GESCHLECHT = ("pflegebeduerftige_m", "pflegebeduerftige_w")
# new bases of the Fortschreibung: no difference of two populations crosses them
ZENSUS = (date(2011, 5, 9), date(2022, 5, 15))


@dataclass(frozen=True)
class Gliederung:
    """Merkmale by sex (male, female) and age: `grenzen` are the first ages of the groups, the last one is open."""

    grenzen: tuple[int, ...]
    merkmale: tuple[tuple[str, ...], tuple[str, ...]]

    @property
    def alle(self) -> tuple[str, ...]:
        return (*self.merkmale[0], *self.merkmale[1])

    def bis(self, nr: int) -> int | None:
        """Last age of a group; None: open."""
        return self.grenzen[nr + 1] - 1 if nr + 1 < len(self.grenzen) else None


@dataclass(frozen=True)
class Pflegemodell:
    """`art`: "voll" (care by sex and age: projection) or "quoten" (care by sex only: national quotas)."""

    art: str
    bevoelkerung: Gliederung
    pflege: Gliederung | None
    merkmale: frozenset[str]  # what leaves the gate for it


def find_modell(namen: Collection[str]) -> Pflegemodell | None:
    """What the delivered Merkmale allow; None: neither population by sex and age nor care by sex."""
    bev, pflege = find_gliederung(namen, "fs"), find_gliederung(namen, "pflege")
    da = set(namen)
    if bev is None or "pflegebeduerftige" not in da:
        return None
    if bev.grenzen == FUENFJAEHRIG and pflege and set(pflege.grenzen) <= set(bev.grenzen):
        weitere = {"pflegebeduerftige", *(da & {*PFLEGEGRADE_2_BIS_5, *VERSORGUNG, PLAETZE})}
        return Pflegemodell("voll", bev, pflege, frozenset({*bev.alle, *pflege.alle, *weitere}))
    if 75 in bev.grenzen and da.issuperset(NACH_GESCHLECHT):
        return Pflegemodell("quoten", bev, None, frozenset({*bev.alle, *NACH_GESCHLECHT, "pflegebeduerftige"}))
    return None


def find_gliederung(namen: Collection[str], vorsatz: str) -> Gliederung | None:
    """Groups of both sexes from 0 to an open one without a gap; None: there is no such set."""
    je_geschlecht: dict[str, dict[int, tuple[int | None, str]]] = {"m": {}, "w": {}}
    for name in namen:
        if (treffer := NAME.fullmatch(name)) and treffer[1] == vorsatz:
            bis = None if treffer[4] == "plus" else int(treffer[4])
            je_geschlecht[treffer[2]][int(treffer[3])] = (bis, name)
    m, w = (dict(sorted(je_geschlecht[z].items())) for z in "mw")
    if not m or [(a, b) for a, (b, _) in m.items()] != [(a, b) for a, (b, _) in w.items()]:
        return None
    grenzen, enden = tuple(m), [b for b, _ in m.values()]
    if grenzen[0] != 0 or enden != [*(g - 1 for g in grenzen[1:]), None]:
        return None
    return Gliederung(grenzen, tuple(tuple(n for _, n in x.values()) for x in (m, w)))


def fasse(werte: np.ndarray, fein: tuple[int, ...], grob: tuple[int, ...]) -> np.ndarray:
    """Add bands along the last axis up to coarser ones; every limit of `grob` is one of `fein`."""
    return np.add.reduceat(np.asarray(werte, float), [fein.index(g) for g in grob], axis=-1)


class Tafel:
    """Protected counts of the Merkmale that may leave the gate; asking for another one is a bug of ours."""

    def __init__(self, zahlen: Zahlen, gezeigt: frozenset[str], raeume: pd.DataFrame) -> None:
        ort = zahlen.index.merge(raeume[["raum_id", "gebietsstand", "zuschnitt"]], how="left")
        ort["stichtag"] = pd.to_datetime(ort["stichtag"]).dt.date
        self._gezeigt = gezeigt
        self._fest = ~ort["rest"].to_numpy(bool)
        self._ort = ort
        self._zeile = {(z.stichtag, z.raum_id, z.zuschnitt): z.Index for z in ort[self._fest].itertuples()}
        namen = [m for m in zahlen.wert.columns if m in gezeigt]
        self._da = set(zahlen.wert.columns)
        self._spalte = {name: nr for nr, name in enumerate(namen)}
        self._wert = zahlen.wert[namen].to_numpy(float)
        self._status = zahlen.status[namen].to_numpy(object)

    def _spalten(self, merkmale: Collection[str]) -> list[int]:
        assert self._gezeigt.issuperset(merkmale), f"not through the gate: {set(merkmale) - self._gezeigt}"
        return [self._spalte[m] for m in merkmale]

    def stichtage(self, merkmale: Collection[str], ebene: str) -> list[date]:
        """Days on which all of them were delivered to this level (hidden or not), ascending."""
        if not set(merkmale) <= self._da:
            return []
        da = (self._status[:, self._spalten(merkmale)] != "nicht_geliefert").all(axis=1)
        hier = self._fest & (self._ort["ebene"] == ebene).to_numpy() & da
        return sorted(set(self._ort.loc[hier, "stichtag"]))

    def orte(self, ebene: str, stichtag: date) -> pd.DataFrame:
        """raum_id, gebietsstand, zuschnitt of one level, sorted by raum_id."""
        hier = self._fest & (self._ort["ebene"] == ebene).to_numpy() & (self._ort["stichtag"] == stichtag).to_numpy()
        orte = self._ort.loc[hier, ["raum_id", "gebietsstand", "zuschnitt"]]
        return orte.sort_values("raum_id").drop_duplicates("raum_id", keep="last")

    def lies(self, orte: pd.DataFrame, stichtag: date, merkmale: Collection[str]) -> tuple[np.ndarray, np.ndarray]:
        """Values [Raum, Merkmal] and the status of each Raum: the most secret of its cells.

        A Raum of another shape at that time, or without a count, is `nicht_geliefert`.
        """
        merkmale = list(merkmale)
        wert, status = np.full((len(orte), len(merkmale)), np.nan), np.full(len(orte), "nicht_geliefert", object)
        if not set(merkmale) <= self._da:
            return wert, status
        spalten = self._spalten(merkmale)
        for nr, ort in enumerate(zip(orte["raum_id"], orte["zuschnitt"], strict=True)):
            if (zeile := self._zeile.get((stichtag, *ort))) is not None:
                wert[nr] = self._wert[zeile, spalten]
                status[nr] = min(set(self._status[zeile, spalten]), key=RANGFOLGE.index)
        wert[~np.isin(status, MIT_WERT)] = np.nan
        return wert, status


def find_fenster(stichtage: Collection[date], *, jahre: int, bis: date, brueche: tuple[date, ...] = ZENSUS):
    """The newest pair of days so many years apart, not after `bis`, with no break between; None: there is none."""
    for ende in sorted((t for t in stichtage if t <= bis), reverse=True):
        anfang = date(ende.year - jahre, ende.month, min(ende.day, 28) if ende.month == 2 else ende.day)
        if anfang in set(stichtage) and not any(anfang < b <= ende for b in brueche):
            return anfang, ende
    return None
