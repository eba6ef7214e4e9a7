"""Linear programs: the least and the greatest value of an unknown, and which equations forbid more."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse.csgraph import connected_components

EPS = 1e-6
GANZZAHLIG_BIS = 40  # unknowns of a component that is also asked for whole numbers


@dataclass
class Zeile:
    """von ≤ Σ faktor·x ≤ bis, and where it comes from."""

    faktoren: dict[Hashable, float]
    von: float
    bis: float
    grund: str


class Teil:
    """One connected component: unknowns that have nothing to do with any other.

    `tief`, `hoch`: least and greatest value of each unknown in any solution met so far.
    """

    def __init__(self, spalten: np.ndarray, nummern: np.ndarray, alles: tuple) -> None:
        self.spalten, self._nummern, self._alles = spalten, nummern, alles
        self.tief, self.hoch = np.full(len(spalten), np.inf), np.full(len(spalten), -np.inf)

    def leer(self) -> Teil:
        """The same component, nothing solved yet."""
        return Teil(self.spalten, self._nummern, self._alles)

    @cached_property
    def matrix(self) -> sparse.csr_matrix:
        return self._alles[0][self._nummern][:, self.spalten]

    @cached_property
    def von(self) -> np.ndarray:
        return self._alles[1][self._nummern]

    @cached_property
    def bis(self) -> np.ndarray:
        return self._alles[2][self._nummern]

    @cached_property
    def gruende(self) -> list[str]:
        return [self._alles[3][nr].grund for nr in self._nummern]


@dataclass
class System:
    """All rows, with the numbers that are plainly readable put in."""

    ort: dict[Hashable, int]
    bekannt: np.ndarray  # NaN: unknown
    unten: np.ndarray
    oben: np.ndarray
    teile: list[Teil]
    teil: np.ndarray  # component of each column, −1 for known ones
    widersprueche: list[str] = field(default_factory=list)

    def mit_grenzen(self, grenzen: dict[Hashable, tuple[float, float]]) -> System:
        """The same equations for somebody who takes narrower bounds for granted."""
        unten, oben = self.unten.copy(), self.oben.copy()
        for zelle, (von, bis) in grenzen.items():
            unten[self.ort[zelle]], oben[self.ort[zelle]] = von, bis
        return replace(self, unten=unten, oben=oben, teile=[t.leer() for t in self.teile])

    def intervall(self, was: Hashable, *, mindestens: tuple[float, float] | None = None) -> tuple[float, float]:
        """Least and greatest possible value; not asked further once an end lies beyond `mindestens`."""
        stelle = self.ort[was]
        if self.teil[stelle] < 0:
            return self.bekannt[stelle], self.bekannt[stelle]
        teil = self.teile[self.teil[stelle]]
        hier = int(np.searchsorted(teil.spalten, stelle))
        soll = mindestens or (-np.inf, np.inf)
        if teil.tief[hier] > soll[0] + EPS:
            self._extrem(teil, hier, 1)
        if teil.hoch[hier] < soll[1] - EPS:
            self._extrem(teil, hier, -1)
        return teil.tief[hier], teil.hoch[hier]

    def _extrem(self, teil: Teil, hier: int, richtung: int) -> list[str]:
        """Push one unknown down (1) or up (−1); every solution tells about all others too."""
        ziel = np.zeros(len(teil.spalten))
        ziel[hier] = richtung
        loesung = _solve(teil, ziel, self.unten[teil.spalten], self.oben[teil.spalten])
        if loesung.status == 3:  # unbounded
            (teil.tief if richtung > 0 else teil.hoch)[hier] = -richtung * np.inf
            return []
        if loesung.status != 0:
            teil.tief[hier], teil.hoch[hier] = np.inf, -np.inf  # no value at all is possible: certainly a find
            return [f"widersprüchlich: {loesung.message}"]
        werte = loesung.x[: len(teil.spalten)]
        np.minimum(teil.tief, werte, out=teil.tief)
        np.maximum(teil.hoch, werte, out=teil.hoch)
        return [g for g, m in zip(teil.gruende, loesung.eqlin.marginals, strict=True) if abs(m) > EPS]

    def gruende(self, was: Hashable) -> list[str]:
        """The equations that hold both ends of an interval in place."""
        stelle = self.ort[was]
        if self.teil[stelle] < 0:
            return ["steht offen da"]
        teil = self.teile[self.teil[stelle]]
        hier = int(np.searchsorted(teil.spalten, stelle))
        return list(dict.fromkeys(g for r in (1, -1) for g in self._extrem(teil, hier, r)))

    def ganzzahlig(self, was: Hashable) -> tuple[float, float] | None:
        """The same in whole numbers; None where the component is too large to ask."""
        stelle = self.ort[was]
        if self.teil[stelle] < 0 or len(self.teile[self.teil[stelle]].spalten) > GANZZAHLIG_BIS:
            return None
        teil = self.teile[self.teil[stelle]]
        ziel = (teil.spalten == stelle).astype(float)
        grenzen = Bounds(self.unten[teil.spalten], self.oben[teil.spalten])
        zeilen = LinearConstraint(teil.matrix, teil.von - EPS, teil.bis + EPS) if teil.matrix.shape[0] else None
        enden = []
        for richtung in (1, -1):
            loesung = milp(richtung * ziel, integrality=np.ones(len(ziel)), bounds=grenzen, constraints=zeilen)
            enden.append(richtung * loesung.fun if loesung.status == 0 else -richtung * np.inf)
        return enden[0], enden[1]


def _solve(teil: Teil, ziel: np.ndarray, unten: np.ndarray, oben: np.ndarray):
    """Ranges become equations with one more unknown each, so that every row has a price."""
    if not teil.matrix.shape[0]:
        return linprog(ziel, bounds=np.column_stack([unten, oben]), method="highs")
    gleich = teil.von == teil.bis
    spiel = np.flatnonzero(~gleich)
    n = len(spiel)
    schlupf = sparse.csr_matrix((-np.ones(n), (spiel, np.arange(n))), shape=(len(gleich), n))
    return linprog(
        np.r_[ziel, np.zeros(n)],
        A_eq=sparse.hstack([teil.matrix, schlupf]).tocsr(),
        b_eq=np.where(gleich, teil.von, 0.0),
        bounds=np.column_stack([np.r_[unten, teil.von[spiel]], np.r_[oben, teil.bis[spiel]]]),
        method="highs",
    )


def build_system(zeilen: list[Zeile], zellen: Iterable[Hashable]) -> System:
    """Sort the unknowns, all of them ≥ 0, into components."""
    ort = {zelle: i for i, zelle in enumerate(zellen)}
    for zeile in zeilen:
        for zelle in zeile.faktoren:
            ort.setdefault(zelle, len(ort))
    bekannt, widersprueche, rest = _lies(zeilen, ort)
    teile, nummer = _teile(rest, ort, bekannt)
    return System(ort, bekannt, np.zeros(len(ort)), np.full(len(ort), np.inf), teile, nummer, widersprueche)


def _lies(zeilen: list[Zeile], ort: dict) -> tuple[np.ndarray, list[str], list[Zeile]]:
    """Rows that say one number exactly are read; two that differ are a contradiction worth telling."""
    bekannt, widersprueche, rest = np.full(len(ort), np.nan), [], []
    for zeile in zeilen:
        if len(zeile.faktoren) > 1 or zeile.von != zeile.bis:
            rest.append(zeile)
            continue
        ((zelle, faktor),) = zeile.faktoren.items()
        wert = zeile.von / faktor
        if abs(bekannt[ort[zelle]] - wert) > EPS:
            widersprueche.append(f"{zelle}: {bekannt[ort[zelle]]:g} und {wert:g} ({zeile.grund})")
        bekannt[ort[zelle]] = wert
    return bekannt, widersprueche, rest


def _teile(zeilen: list[Zeile], ort: dict, bekannt: np.ndarray) -> tuple[list[Teil], np.ndarray]:
    n = len(ort)
    i = np.repeat(np.arange(len(zeilen)), [len(z.faktoren) for z in zeilen])
    j = np.fromiter((ort[c] for z in zeilen for c in z.faktoren), int, len(i))
    w = np.fromiter((f for z in zeilen for f in z.faktoren.values()), float, len(i))
    voll = sparse.csr_matrix((w, (i, j)), shape=(len(zeilen), n))
    lesbar = ~np.isnan(bekannt)
    schon = voll @ np.where(lesbar, bekannt, 0)
    von, bis = np.array([z.von for z in zeilen]) - schon, np.array([z.bis for z in zeilen]) - schon
    matrix = sparse.csr_matrix(voll @ sparse.diags((~lesbar).astype(float)))
    matrix.eliminate_zeros()
    muster = abs(matrix).sign()
    _, gruppe = connected_components(sparse.block_array([[None, muster], [muster.T, None]]), directed=False)
    gruppe_zeile, gruppe_spalte = gruppe[: len(zeilen)], gruppe[len(zeilen) :]
    nummer = np.full(n, -1)
    zeilen_je, spalten_je = _sortiert(gruppe_zeile), _sortiert(np.where(lesbar, -1, gruppe_spalte))
    teile, alles = [], (matrix, von, bis, zeilen)
    for kennung, spalten in spalten_je.items():
        if kennung >= 0:
            nummer[spalten] = len(teile)
            teile.append(Teil(spalten, zeilen_je.get(kennung, np.zeros(0, int)), alles))
    return teile, nummer


def _sortiert(gruppe: np.ndarray) -> dict[int, np.ndarray]:
    """Group → positions, ascending."""
    folge = np.argsort(gruppe, kind="stable")
    kanten = np.flatnonzero(np.diff(gruppe[folge])) + 1
    return {int(gruppe[teil[0]]): teil for teil in np.split(folge, kanten) if len(teil)}
