"""What a reader can add and subtract: the cells of one Stichtag and every linear relation between them.

The relations are public knowledge (which Quartiere make a Kommune, which ages make a total), so the gate has
to assume that an attacker uses all of them at once:

* Raum = sum of its parts, per Merkmal (all hierarchies, the Rest-Raum included); ≥ where a part is not delivered,
* Merkmal = sum of its parts, per Raum (every declared way to add it up); ≥ likewise,
* Merkmal = Merkmal where two sources count the same (December of the months and the year),
* Zähler + Gegenstück = Nenner for every quote that is published, and part + remainder = whole where a Merkmal is
  declared part of another. The Gegenstück is never shown, but can be computed: "everyone in this Quartier is
  poor" is a disclosure too.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import sparse

GLEICHE_AB = 3  # so many Räume must agree before two Merkmale count as the same
TOLERANZ = 0.5  # counts are whole: a relation that misses by more does not hold in the delivered data


@dataclass(frozen=True)
class Block:
    """Cells of one Stichtag, position by position, with their relations `matrix @ wert == 0`.

    `zellen` has one row per cell: raum_id, gebietsstand, ebene, merkmal, rest, recht, einwohner, wert, spitze (Raum of
    the top level), nenner_wert (reference group of the smallest quote the cell is Zähler of; NaN: none), sichtbar
    (stands behind a published Kennzahl), gegenstueck (N − Z: never shown, appended behind all others) and quote (the
    Gegenstück of a published quote).
    """

    stichtag: object
    zellen: pd.DataFrame
    matrix: sparse.csr_matrix


def build_block(
    stichtag: object,
    zaehlung: pd.DataFrame,
    *,
    eltern: pd.DataFrame,
    summen: dict[str, list[list[str]]],
    quoten: list[tuple[list[str], list[str]]],
    teile: list[tuple[str, str]],
    gezeigt: frozenset[str],
) -> Block:
    """Cells and relations of one Stichtag.

    Args:
        zaehlung: counts of persons with a value or kept secret by the supplier, one row per Raum and Merkmal:
            raum_id, gebietsstand, ebene, merkmal, rest, recht, einwohner, wert.
        eltern: raum_id, eltern_id, hierarchie, rest of the Gebietsstand of this Stichtag.
        summen: Merkmal → the ways it adds up from other Merkmale.
        quoten: (Zähler, Nenner) of all published quotes, each a list of Merkmale that are added.
        teile: (part, whole) Merkmale as the sources declare them.
        gezeigt: Merkmale that stand behind a published Kennzahl.
    """
    spalten = ["raum_id", "gebietsstand", "ebene", "merkmal", "rest", "recht", "einwohner", "wert"]
    zellen = zaehlung[spalten].reset_index(drop=True).assign(gegenstueck=False, quote=False)
    zellen["sichtbar"] = zellen["merkmal"].isin(gezeigt)
    zellen["spitze"] = ~zellen["raum_id"].isin(eltern["raum_id"])
    ort = pd.Series(zellen.index, index=pd.MultiIndex.from_frame(zellen[["raum_id", "merkmal"]])).to_dict()
    werte = zellen["wert"].to_numpy(float)
    gliederungen = [Gliederung(h, ort) for _, h in eltern.groupby("hierarchie")]
    ganze, reste = [], []
    for relation in (
        *_raum_summen(gliederungen, ort),
        *_merkmal_summen(zellen, summen, ort),
        *_gleiche(zellen, gliederungen, ort),
    ):
        luecke = werte[relation.ganzes] - werte[relation.teile].sum()
        if (
            relation.vollstaendig and not abs(luecke) > TOLERANZ
        ):  # a rounded source may break it; a secret leaves it open
            ganze.append(([relation.ganzes, *relation.teile], [1.0] + [-1.0] * len(relation.teile)))
        elif not relation.vollstaendig and luecke >= 0:
            reste.append(Rest([relation.ganzes], relation.teile, luecke, quote=False))
    reste += _gegenstuecke(zellen, teile, quoten, ort, werte)
    zellen["nenner_wert"] = _kleinste_nenner(zellen, quoten, ort, werte)
    gleichungen = ganze + [
        ([*r.ganze, *r.teile, len(werte) + nr], [1.0] * len(r.ganze) + [-1.0] * (len(r.teile) + 1))
        for nr, r in enumerate(reste)
    ]
    zellen = pd.concat([zellen, _rest_zellen(zellen, reste)], ignore_index=True)
    return Block(stichtag, zellen, _matrix(gleichungen, len(zellen)))


@dataclass(frozen=True)
class Summe:
    """ganzes = teile, positions of cells; with vollstaendig=False some part is unknown: ganzes ≥ teile."""

    ganzes: int
    teile: list[int]
    vollstaendig: bool = True


@dataclass(frozen=True)
class Rest:
    """What is left of the sum of `ganze` beside the sum of `teile`: a cell nobody shows, never negative."""

    ganze: list[int]
    teile: list[int]
    wert: float
    quote: bool


class Gliederung:
    """Which Räume make up a Raum in one hierarchy."""

    def __init__(self, hierarchie: pd.DataFrame, ort: dict) -> None:
        self._ort = ort
        self._kinder = {
            oben: list(zip(t["raum_id"], t["rest"], strict=True)) for oben, t in hierarchie.groupby("eltern_id")
        }

    def zerlege(self, raum_id: str, merkmal: str) -> tuple[list[int], bool]:
        """Cells that add up to a Raum, and whether they are all. A part that is no cell is replaced by its parts."""
        stellen, vollstaendig = [], raum_id in self._kinder
        for kind, rest in self._kinder.get(raum_id, ()):
            if (kind, merkmal) in self._ort:
                stellen.append(self._ort[kind, merkmal])
            elif not rest:  # what cannot be placed is not always delivered: then there is none
                unten, ganz = self.zerlege(kind, merkmal)
                stellen, vollstaendig = stellen + unten, vollstaendig and ganz
        return stellen, vollstaendig


def _raum_summen(gliederungen: list[Gliederung], ort: dict) -> list[Summe]:
    relationen = []
    for gliederung in gliederungen:
        for (raum_id, merkmal), ganzes in ort.items():
            stellen, vollstaendig = gliederung.zerlege(raum_id, merkmal)
            if stellen:
                relationen.append(Summe(ganzes, stellen, vollstaendig))
    return relationen


def _merkmal_summen(zellen: pd.DataFrame, summen: dict[str, list[list[str]]], ort: dict) -> list[Summe]:
    relationen = []
    raeume = zellen["raum_id"].unique()
    for merkmal, wege in summen.items():
        for weg, raum_id in ((weg, raum_id) for weg in wege for raum_id in raeume):
            teile = [ort[raum_id, m] for m in weg if (raum_id, m) in ort]
            if teile and (raum_id, merkmal) in ort:
                relationen.append(Summe(ort[raum_id, merkmal], teile, len(teile) == len(weg)))
    return relationen


def _gleiche(zellen: pd.DataFrame, gliederungen: list[Gliederung], ort: dict) -> list[Summe]:
    """Merkmale with the same number in every Raum, such as December of a monthly count and the yearly count.

    A reader sees that the open numbers agree and takes the hidden one from the other column.
    """
    breit = zellen.pivot(index="raum_id", columns="merkmal", values="wert")
    werte, namen = breit.to_numpy(float), list(breit.columns)
    relationen = []
    for i, j in combinations(range(len(namen)), 2):
        beide = ~np.isnan(werte[:, i]) & ~np.isnan(werte[:, j])
        if beide.sum() < GLEICHE_AB or not (werte[beide, i] == werte[beide, j]).all() or not werte[beide, i].any():
            continue
        for a, b in ((namen[i], namen[j]), (namen[j], namen[i])):
            relationen += [s for g in gliederungen for raum_id in breit.index if (s := _gleich(raum_id, a, b, g, ort))]
    return relationen


def _gleich(raum_id: str, merkmal: str, anderes: str, gliederung: Gliederung, ort: dict) -> Summe | None:
    """One Merkmal of a Raum as the other one, or as its parts where that has no number of its own."""
    if (raum_id, merkmal) not in ort:
        return None
    if (raum_id, anderes) in ort:
        return Summe(ort[raum_id, merkmal], [ort[raum_id, anderes]])
    stellen, vollstaendig = gliederung.zerlege(raum_id, anderes)
    return Summe(ort[raum_id, merkmal], stellen, vollstaendig) if stellen else None


def _gegenstuecke(zellen: pd.DataFrame, teile: list, quoten: list, ort: dict, werte: np.ndarray) -> list[Rest]:
    """N − Z of every published quote and of every declared part, where both are known and do not disagree."""
    paare = [(z, n, True) for z, n in quoten]
    paare += [([z], [n], False) for z, n in teile if ([z], [n]) not in quoten]
    reste = []
    for zaehler, nenner, ist_quote in paare:
        for raum_id in zellen["raum_id"].unique():
            z, n = ([ort.get((raum_id, m)) for m in merkmale] for merkmale in (zaehler, nenner))
            if None in z or None in n or set(z) & set(n):
                continue
            if (rest := werte[n].sum() - werte[z].sum()) >= 0:
                reste.append(Rest(n, z, rest, ist_quote))
    return reste


def _kleinste_nenner(zellen: pd.DataFrame, quoten: list, ort: dict, werte: np.ndarray) -> np.ndarray:
    """The smallest reference group each cell is set against as Zähler of a quote; NaN: none."""
    kleinste = np.full(len(zellen), np.nan)
    for zaehler, nenner in quoten:
        for raum_id in zellen["raum_id"].unique():
            n = [ort.get((raum_id, m)) for m in nenner]
            for stelle in (ort.get((raum_id, m)) for m in zaehler):
                if stelle is not None and None not in n:
                    kleinste[stelle] = np.fmin(kleinste[stelle], werte[n].sum())
    return kleinste


def _rest_zellen(zellen: pd.DataFrame, reste: list[Rest]) -> pd.DataFrame:
    """Rows for the cells nobody shows; they belong to the Raum of their first part and to its law."""
    neu = zellen.iloc[[r.teile[0] for r in reste]].reset_index(drop=True)
    namen = [f"Rest von {zellen['merkmal'].iat[r.ganze[0]]}" for r in reste]
    return neu.assign(
        merkmal=namen,
        wert=[r.wert for r in reste],
        quote=[r.quote for r in reste],
        gegenstueck=True,
        sichtbar=False,
        spitze=False,
        nenner_wert=np.nan,
    )


def _matrix(gleichungen: list[tuple[list[int], list[float]]], n: int) -> sparse.csr_matrix:
    zeilen = np.repeat(np.arange(len(gleichungen)), [len(stellen) for stellen, _ in gleichungen])
    spalten = np.concatenate([np.asarray(s, int) for s, _ in gleichungen]) if gleichungen else np.zeros(0, int)
    faktoren = np.concatenate([np.asarray(f) for _, f in gleichungen]) if gleichungen else np.zeros(0)
    return sparse.csr_matrix((faktoren, (zeilen, spalten)), shape=(len(gleichungen), n))
