"""What a reader can add and subtract: the cells of one block and every linear relation between them.

The relations are public knowledge (which Quartiere make a Kommune, which ages make a total), so the gate has
to assume that an attacker uses all of them at once:

* Raum = sum of its parts, per Merkmal (all hierarchies, the Rest-Raum included); ≥ where a part is not delivered,
* Merkmal = sum of its parts, per Raum (every declared way to add it up); ≥ likewise,
* Merkmal = Merkmal where two sources count the same (December of the months and the year; a declared case list),
* Zähler + Gegenstück = Nenner for every quote that is published, and part + remainder = whole where a Merkmal is
  declared part of another. The Gegenstück is never shown, but can be computed: "everyone in this Quartier is
  poor" is a disclosure too.

A block is one Stichtag; Stichtage with relations between them become one block (see `zeitrelationen`).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import sparse

from indicators.regeln import Regeln

TRENNER = "\x1f"  # between the key of a Raum and its Gebietsstand, where both are needed to tell Räume apart
GLEICHE_AB = 3  # so many Räume must agree before two Merkmale count as the same
TOLERANZ = 0.5  # counts are whole: a relation that misses by more does not hold in the delivered data


SPALTEN = [
    "stichtag", "raum_id", "zuschnitt", "gebietsstand", "ebene", "merkmal", "rest", "recht", "einwohner", "wert",
]  # fmt: skip


@dataclass(frozen=True)
class Block:
    """Cells of one block, position by position, with their relations `matrix @ wert == 0`.

    `zellen` has one row per cell: SPALTEN, spitze (Raum of the top level), nenner_wert (reference group of the smallest
    quote the cell is Zähler of; NaN: none), sichtbar (stands behind a published Kennzahl), signiert (a difference, may
    be negative), betrag (euros), traeger_wert (persons behind them; NaN: unknown) and groesster_wert (the largest
    single amount; 0: nobody says, NaN: unknown). Behind them stand the cells nobody shows: gegenstueck (what is left
    of a whole, never negative; quote: that of a published quote) and fix (a known number by which a relation misses).
    """

    stichtage: tuple
    zellen: pd.DataFrame
    matrix: sparse.csr_matrix

    @property
    def echt(self) -> np.ndarray:
        """Cells that are counts of their own."""
        return ~(self.zellen["gegenstueck"] | self.zellen["fix"]).to_numpy(bool)


def build_block(stichtag: object, zaehlung: pd.DataFrame, *, eltern: pd.DataFrame, regeln: Regeln) -> Block:
    """Cells and relations of one Stichtag.

    Args:
        zaehlung: counts with a value or kept secret by the supplier, one row per Raum and Merkmal: SPALTEN,
            nenner_letzter (Merkmal → newest earlier count is in `regeln`; optional).
        eltern: raum_id, eltern_id, hierarchie, rest of the Gebietsstand of this Stichtag.
    """
    zellen = zaehlung[SPALTEN].reset_index(drop=True).assign(gegenstueck=False, quote=False, fix=False)
    zellen["sichtbar"] = zellen["merkmal"].isin(regeln.gezeigt)
    zellen["spitze"] = ~zellen["raum_id"].isin(eltern["raum_id"])
    zellen["signiert"] = zellen["merkmal"].isin(regeln.differenzen)
    zellen["betrag"] = zellen["merkmal"].isin(list(regeln.betraege))
    ort = pd.Series(zellen.index, index=pd.MultiIndex.from_frame(zellen[["raum_id", "merkmal"]])).to_dict()
    werte = zellen["wert"].to_numpy(float)
    zellen["traeger_wert"] = _neben(zellen, regeln.betraege, ort, werte)
    zellen["groesster_wert"] = _neben(zellen, regeln.groesste, ort, werte, leer=0.0)
    genau = (zellen["betrag"] | zellen["signiert"]).to_numpy(bool)
    gliederungen = [Gliederung(h, ort) for _, h in eltern.groupby("hierarchie")]
    sammlung = Sammlung(len(zellen))
    for relation in (
        *_raum_summen(gliederungen, ort),
        *_merkmal_summen(zellen, regeln.summen, ort),
        *_gleiche(zellen, gliederungen, ort),
        *_erklaert_gleiche(zellen, regeln.gleich, ort),
    ):
        luecke = werte[relation.ganzes] - werte[relation.teile].sum()
        signiert = zellen["signiert"].iat[relation.ganzes]
        if relation.vollstaendig:
            # a rounded source may break a relation; a secret leaves it open
            if not abs(luecke) > TOLERANZ:
                sammlung.gleichung(relation.ganzes, relation.teile)
            elif relation.knapp or genau[relation.ganzes]:
                sammlung.gleichung(relation.ganzes, relation.teile, fix=luecke)
        elif not signiert and not luecke < 0:
            sammlung.rest([relation.ganzes], relation.teile, _offener_rest(luecke, werte, relation), quote=False)
    _gegenstuecke(sammlung, zellen, regeln, ort, werte)
    zellen["nenner_wert"] = _kleinste_nenner(zellen, regeln, ort, werte)
    return Block((stichtag,), *sammlung.schliesse(zellen))


def _offener_rest(luecke: float, werte: np.ndarray, relation: Summe) -> float:
    """What is left beside secrets nobody knows: as much as the smallest of them leave."""
    if not np.isnan(luecke):
        return luecke
    return max(np.nansum([werte[relation.ganzes]]) - np.nansum(werte[relation.teile]) - 1, 0)


class Sammlung:
    """Relations while they are found, with the cells nobody shows that they bring along."""

    def __init__(self, zahl: int) -> None:
        self._n, self._gleichungen, self._neue = zahl, [], []

    def gleichung(self, ganzes: int, teile: list[int], *, fix: float = 0.0, faktor: float = 1.0) -> None:
        """faktor · ganzes = teile + fix"""
        stellen, faktoren = [ganzes, *teile], [faktor] + [-1.0] * len(teile)
        if fix:
            stellen, faktoren = [*stellen, self._neu(teile[0], fix, fix=True, signiert=True)], [*faktoren, -1.0]
        self._gleichungen.append((stellen, faktoren))

    def rest(self, ganze: list[int], teile: list[int], wert: float, *, quote: bool, faktor: float = 1.0) -> None:
        """faktor · ganze = teile + a rest that is never negative"""
        neu = self._neu(teile[0], wert, quote=quote, gegenstueck=True, name=ganze[0])
        self._gleichungen.append(([*ganze, *teile, neu], [faktor] * len(ganze) + [-1.0] * (len(teile) + 1)))

    def differenz(self, ganzes: int, neu: int, alt: int) -> None:
        """ganzes = neu − alt"""
        self._gleichungen.append(([ganzes, neu, alt], [1.0, -1.0, 1.0]))

    def _neu(self, vorbild: int, wert: float, name: int | None = None, **art: bool) -> int:
        self._neue.append({"vorbild": vorbild, "wert": wert, "name": name, **art})
        return self._n + len(self._neue) - 1

    def schliesse(self, zellen: pd.DataFrame) -> tuple[pd.DataFrame, sparse.csr_matrix]:
        """All cells, and the matrix. New cells belong to the Raum of their first part and to its law."""
        arten = ("gegenstueck", "quote", "fix", "signiert")
        neu = zellen.iloc[[n["vorbild"] for n in self._neue]].reset_index(drop=True)
        namen = zellen["merkmal"].to_numpy(object)
        neu = neu.assign(
            merkmal=[f"Rest von {namen[n['name']]}" if n["name"] is not None else "Abweichung" for n in self._neue],
            wert=[float(n["wert"]) for n in self._neue],
            **{art: [bool(n.get(art)) for n in self._neue] for art in arten},
            sichtbar=[bool(n.get("fix")) for n in self._neue],
            spitze=False,
            betrag=False,
            nenner_wert=np.nan,
            traeger_wert=np.nan,
            groesster_wert=np.nan,
        )
        alle = pd.concat([zellen, neu], ignore_index=True) if len(neu) else zellen
        return alle, bilde_matrix(self._gleichungen, len(alle))


@dataclass(frozen=True)
class Summe:
    """ganzes = teile, positions of cells; with vollstaendig=False some part is unknown: ganzes ≥ teile."""

    ganzes: int
    teile: list[int]
    vollstaendig: bool = True
    knapp: bool = False  # declared: used even where the numbers miss a little


class Gliederung:
    """Which Räume make up a Raum in one hierarchy."""

    def __init__(self, hierarchie: pd.DataFrame, ort: dict) -> None:
        self._ort = ort
        self._kinder: dict[str, list] = {}
        for oben, kind, rest in zip(*(hierarchie[s].tolist() for s in ("eltern_id", "raum_id", "rest")), strict=True):
            self._kinder.setdefault(oben, []).append((kind, rest))

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
    raeume = zellen["raum_id"].unique().tolist()
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


def _erklaert_gleiche(zellen: pd.DataFrame, gleich: list[tuple[str, str]], ort: dict) -> list[Summe]:
    """Merkmale declared to count the same people: who knows one knows the other, whatever few they differ by."""
    raeume = zellen["raum_id"].unique().tolist()
    return [
        Summe(ort[raum_id, a], [ort[raum_id, b]], knapp=True)
        for a, b in gleich
        for raum_id in raeume
        if (raum_id, a) in ort and (raum_id, b) in ort
    ]


def _gegenstuecke(sammlung: Sammlung, zellen: pd.DataFrame, regeln: Regeln, ort: dict, werte: np.ndarray) -> None:
    """N − Z of every published quote and of every declared part, where they do not disagree.

    With a secret of the supplier among them its size is unknown, but the part is never larger than the whole.
    """
    paare = [(z, n, True) for z, n in regeln.quoten]
    paare += [([z], [n], False) for z, n in regeln.teile if ([z], [n]) not in regeln.quoten]
    raeume = zellen["raum_id"].unique().tolist()
    for zaehler, nenner, ist_quote in paare:
        for raum_id in raeume:
            z, n = ([ort.get((raum_id, m)) for m in merkmale] for merkmale in (zaehler, nenner))
            if None in z or None in n or set(z) & set(n):
                continue
            rest = werte[n].sum() - werte[z].sum()
            if np.isnan(rest):
                geheim = int(np.isnan(werte[z]).sum())
                rest = max(np.nansum(werte[n]) - np.nansum(werte[z]) - geheim, 0)
            if rest >= 0:
                sammlung.rest(n, z, rest, quote=ist_quote)


def _kleinste_nenner(zellen: pd.DataFrame, regeln: Regeln, ort: dict, werte: np.ndarray) -> np.ndarray:
    """The smallest reference group each cell is set against as Zähler of a quote; NaN: none.

    A quote may stand over the newest earlier count of its reference group: then that one is meant.
    """
    kleinste, raeume = np.full(len(zellen), np.nan), zellen["raum_id"].unique().tolist()
    for nummer, (zaehler, nenner) in enumerate(regeln.quoten):
        aelter = regeln.aeltere_nenner.get(nummer, {})
        for raum_id in raeume:
            n = [werte[ort[raum_id, m]] if (raum_id, m) in ort else aelter.get((raum_id, m)) for m in nenner]
            for stelle in (ort.get((raum_id, m)) for m in zaehler):
                if stelle is not None and None not in n:
                    kleinste[stelle] = np.fmin(kleinste[stelle], sum(n))
    return kleinste


def _neben(
    zellen: pd.DataFrame, andere: dict[str, str], ort: dict, werte: np.ndarray, *, leer: float = np.nan
) -> np.ndarray:
    """The number a rule sets beside each cell (Merkmal → other Merkmal of the same Raum); NaN: unknown; `leer`: there
    is no rule for the Merkmal."""
    daneben = np.where(zellen["merkmal"].isin(list(andere)), np.nan, leer)
    for stelle, (raum_id, merkmal) in enumerate(zip(zellen["raum_id"], zellen["merkmal"], strict=True)):
        if (anderes := ort.get((raum_id, andere.get(merkmal, "")))) is not None:
            daneben[stelle] = werte[anderes]
    return daneben


def bilde_matrix(gleichungen: list[tuple[list[int], list[float]]], n: int) -> sparse.csr_matrix:
    zeilen = np.repeat(np.arange(len(gleichungen)), [len(stellen) for stellen, _ in gleichungen])
    spalten = np.concatenate([np.asarray(s, int) for s, _ in gleichungen]) if gleichungen else np.zeros(0, int)
    faktoren = np.concatenate([np.asarray(f) for _, f in gleichungen]) if gleichungen else np.zeros(0)
    return sparse.csr_matrix((faktoren, (zeilen, spalten)), shape=(len(gleichungen), n))
