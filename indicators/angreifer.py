"""The attacker of the disclosure control: what can be derived from everything open? Pure linear programs.

He knows all open cells, all relations M·a = 0 and a ≥ 0; a second, better informed one also knows that a supplier's
"*" stands for a count in [1, t − 1]. Both have to fail. That counts are whole is the subject of `ganzzahl.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse
from scipy.optimize import OptimizeResult, linprog
from scipy.sparse.csgraph import connected_components

EPS = 1e-6
# Rounds of random objectives before the attacker is asked about single cells.
ZEUGEN_RUNDEN = 12
OPTIMAL, UNLOESBAR, UNBESCHRAENKT = 0, 2, 3


@dataclass(frozen=True)
class Angreifer:
    """One state of knowledge, arrays over all cells.

    Args:
        unten, oben: bounds he takes for granted for a hidden cell.
        soll_unten, soll_oben: interval that must remain possible for him; NaN = no claim.
        grundlage: what was hidden from him without our publication (cells, bool): no more than he did not know then
            is claimed. None = the claims are absolute.
    """

    unten: np.ndarray
    oben: np.ndarray
    soll_unten: np.ndarray
    soll_oben: np.ndarray
    grundlage: np.ndarray | None = None


@dataclass(frozen=True)
class Fund:
    """A secret found: the cell cannot get to where it must. Weak duality bounds what another pattern could change.

    Args:
        zelle: the cell found.
        fehlt: missing width of its interval.
        gewinn: at most this much is gained by hiding a cell or lost by opening one, over all n cells;
            None = the program has no solution at all (the open cells contradict the relations).
        innen: cells that are unknowns now.
    """

    zelle: int
    fehlt: float
    gewinn: np.ndarray | None
    innen: np.ndarray


class Spur:
    """Values proven possible so far per cell: every solution of an attacker's program is a witness.

    One per attacker. Hiding more keeps every witness valid, so it serves all rounds that only add cells.
    """

    def __init__(self, n: int) -> None:
        self.unten = np.full(n, np.inf)
        self.oben = np.full(n, -np.inf)

    def note(self, zellen: np.ndarray, werte: np.ndarray) -> None:
        self.unten[zellen] = np.minimum(self.unten[zellen], werte)
        self.oben[zellen] = np.maximum(self.oben[zellen], werte)

    def take(self, andere: Spur) -> None:
        self.unten, self.oben = np.minimum(self.unten, andere.unten), np.maximum(self.oben, andere.oben)

    def fehlt_unten(self, wer: Angreifer) -> np.ndarray:
        return self.unten > wer.soll_unten + EPS  # without a claim (NaN) always False

    def fehlt_oben(self, wer: Angreifer) -> np.ndarray:
        return self.oben < wer.soll_oben - EPS


@dataclass
class System:
    """The hidden cells as unknowns of A·x = b, and the connected components (`teil`) they fall into."""

    zellen: np.ndarray
    zeilen: np.ndarray
    a: sparse.csr_array
    b: np.ndarray
    teil: np.ndarray
    teil_zeile: np.ndarray
    _teile: dict[int, tuple[np.ndarray, np.ndarray, sparse.csr_array]] = field(default_factory=dict)

    def part(self, nummer: int) -> tuple[np.ndarray, np.ndarray, sparse.csr_array]:
        """Columns, rows and matrix of one component."""
        if nummer not in self._teile:
            spalten, zeilen = np.flatnonzero(self.teil == nummer), np.flatnonzero(self.teil_zeile == nummer)
            self._teile[nummer] = (spalten, zeilen, self.a[zeilen][:, spalten])
        return self._teile[nummer]

    def solve(self, nummer: int, kosten: dict[int, float], unten: np.ndarray, oben: np.ndarray) -> OptimizeResult:
        """Least Σ kosten·x within one component; `kosten` by cell, bounds over all cells."""
        spalten, zeilen, a = self.part(nummer)
        zellen = self.zellen[spalten]
        c = np.array([kosten.get(zelle, 0.0) for zelle in zellen.tolist()])
        if len(zeilen) == 0:
            a = None
        return linprog(
            c,
            A_eq=a,
            b_eq=None if a is None else self.b[zeilen],
            bounds=np.column_stack([unten[zellen], oben[zellen]]),
            method="highs",
        )

    def feasible(self, nummer: int, unten: np.ndarray, oben: np.ndarray) -> bool:
        return self.solve(nummer, {}, unten, oben).status == OPTIMAL


def build_system(matrix: sparse.csr_array, wert: np.ndarray, verdeckt: np.ndarray, ziel: np.ndarray) -> System:
    """Unknowns of the attacker; hidden cells that a single relation gives away count as open at once.

    Args:
        wert: true counts; NaN allowed where `verdeckt`.
        ziel: protected cells, which stay unknowns in any case.
    """
    muster, nummer = abs(matrix.sign()), np.arange(len(wert))
    unbekannt, bekannt = verdeckt.copy(), np.where(verdeckt, 0.0, wert)
    while True:
        allein = np.flatnonzero(muster @ unbekannt.astype(float) == 1)
        zelle = (muster[allein] @ (unbekannt * nummer)).astype(int)
        allein, zelle = allein[~ziel[zelle]], zelle[~ziel[zelle]]
        if not len(zelle):
            break
        bekannt[zelle] = -(matrix[allein] @ bekannt) / (matrix[allein] @ unbekannt.astype(float))
        unbekannt[zelle] = False
    zellen, zeilen = np.flatnonzero(unbekannt), np.flatnonzero(muster @ unbekannt.astype(float) > 0)
    a = matrix[zeilen][:, zellen].tocsr()
    return System(zellen, zeilen, a, -(matrix[zeilen] @ bekannt), *find_teile(a))


def find_teile(a: sparse.csr_array) -> tuple[np.ndarray, np.ndarray]:
    """Number of the connected component of every column and of every row."""
    zeilen, spalten = a.shape
    graph = sparse.block_array([[None, a], [a.T, None]]) if zeilen else sparse.csr_array((spalten,) * 2)
    _, teil = connected_components(graph, directed=False)
    return teil[zeilen:], teil[:zeilen]


def find_aussen(system: System, wer: Angreifer, *, runden: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of every unknown that follow from single relations, one after the other: never narrower than the truth.

    Where a witness reaches such a bound, no program has to be solved. Returns lower and upper, by unknown.
    """
    a = system.a.tocoo()
    unten, oben = wer.unten[system.zellen].astype(float), wer.oben[system.zellen].astype(float)
    plus = a.data > 0
    for _ in range(runden):
        tief = a.data * np.where(plus, unten[a.col], oben[a.col])  # least and greatest contribution of each entry
        hoch = a.data * np.where(plus, oben[a.col], unten[a.col])
        ende_oben = (system.b[a.row] - _sum_andere(a.row, tief, len(system.b))) / a.data
        ende_unten = (system.b[a.row] - _sum_andere(a.row, hoch, len(system.b))) / a.data
        ende_unten, ende_oben = np.where(plus, ende_unten, ende_oben), np.where(plus, ende_oben, ende_unten)
        neu_unten, neu_oben = unten.copy(), oben.copy()
        np.maximum.at(neu_unten, a.col, ende_unten)
        np.minimum.at(neu_oben, a.col, ende_oben)
        enger = (neu_unten > unten + EPS) | (neu_oben < oben - EPS)
        unten, oben = neu_unten, neu_oben
        if not enger.any():
            break
    return unten, oben


def _sum_andere(zeile: np.ndarray, werte: np.ndarray, zeilen: int) -> np.ndarray:
    """Sum of the other entries of the row of each entry; ±inf where one of the others is."""
    endlich = np.isfinite(werte)
    summe = np.bincount(zeile, np.where(endlich, werte, 0.0), zeilen)[zeile] - np.where(endlich, werte, 0.0)
    unendlich = np.bincount(zeile, ~endlich, zeilen)[zeile] - ~endlich
    vorzeichen = np.bincount(zeile, np.where(endlich, 0, np.sign(werte)), zeilen)[zeile]
    return np.where(unendlich > 0, np.where(vorzeichen > 0, np.inf, -np.inf), summe)


def find_zeugen(system: System, wer: Angreifer, spur: Spur, *, runden: int = ZEUGEN_RUNDEN) -> None:
    """Random objectives over the whole block: each solution proves many cells at once. Writes into `spur`.

    What a cell has above its claim earns nothing, so that one solution lifts as many cells as possible.
    """
    zufall, z, vorher = np.random.default_rng(0), system.zellen, np.inf
    for runde in range(runden):
        auf, ab = spur.fehlt_oben(wer)[z], spur.fehlt_unten(wer)[z]
        fehlt = int(auf.sum() + ab.sum())
        if fehlt == 0 or (runde > 2 and fehlt > 0.9 * vorher):
            return
        vorher = fehlt
        hoch = auf & (~ab | (zufall.random(len(z)) < 0.5))
        x = _solve_zeuge(system, wer, hoch, ab & ~hoch, zufall.uniform(0.5, 1.5, len(z)))
        if x is None:
            return  # the exact programs decide, and name the place
        spur.note(z, x)


def _solve_zeuge(system: System, wer: Angreifer, hoch, tief, gewicht) -> np.ndarray | None:
    """Solution with many `hoch` cells up to their claim and many `tief` cells down to theirs.

    Such a cell is the sum of two variables: up to the claim, and what lies above it.
    """
    z, zwei = system.zellen, np.flatnonzero(hoch | tief)
    unten, oben = wer.unten[z], wer.oben[z].copy()
    oben[zwei] = np.where(hoch, wer.soll_oben[z], wer.soll_unten[z])[zwei]
    loesung = linprog(
        np.r_[np.where(hoch, -gewicht, 0), np.where(tief, gewicht, 0)[zwei]],
        A_eq=sparse.hstack([system.a, system.a[:, zwei]]).tocsr(),
        b_eq=system.b,
        bounds=np.column_stack([np.r_[unten, np.zeros(len(zwei))], np.r_[oben, wer.oben[z[zwei]] - oben[zwei]]]),
        method="highs",
    )
    if loesung.status != OPTIMAL:
        return None
    x = loesung.x[: len(z)].copy()
    x[zwei] += loesung.x[len(z) :]
    return x


def find_funde(
    matrix: sparse.csr_array, wert: np.ndarray, system: System, wer: Angreifer, spur: Spur
) -> Iterator[Fund]:
    """Exact program for every cell without a witness; what cannot reach its claim is a Fund."""
    teil = dict(zip(system.zellen.tolist(), system.teil.tolist(), strict=True))
    for richtung, fehlt, soll in ((1, spur.fehlt_unten, wer.soll_unten), (-1, spur.fehlt_oben, wer.soll_oben)):
        for zelle in np.flatnonzero(fehlt(wer)):
            if zelle not in teil or not fehlt(wer)[zelle]:
                continue  # open, or proven meanwhile by the witness of a neighbour
            loesung = system.solve(teil[zelle], {zelle: richtung}, wer.unten, wer.oben)
            spalten, zeilen, _ = system.part(teil[zelle])
            innen = np.zeros(len(wert), dtype=bool)
            innen[system.zellen[spalten]] = True
            if loesung.status == UNBESCHRAENKT:
                spur.note(np.array([zelle]), np.array([-richtung * np.inf]))
            elif loesung.status != OPTIMAL:
                yield Fund(int(zelle), np.nan, None, innen)
            else:
                spur.note(system.zellen[spalten], loesung.x)
                if (luecke := loesung.fun - richtung * soll[zelle]) > EPS:
                    dual = np.zeros(matrix.shape[0])
                    dual[system.zeilen[zeilen]] = loesung.eqlin.marginals
                    yield Fund(int(zelle), float(luecke), _gewinn(matrix, wert, wer, dual), innen)


def _gewinn(matrix: sparse.csr_array, wert: np.ndarray, wer: Angreifer, dual: np.ndarray) -> np.ndarray:
    """Reduced costs: a freed cell can fall from a to its lower bound (without limit if it has none), or rise without
    limit."""
    reduziert = -(matrix.T @ dual)
    reduziert[np.abs(reduziert) < 1e-9] = 0
    gewinn, faellt = np.where(reduziert < 0, np.inf, 0), np.flatnonzero(reduziert > 0)
    tiefe = np.nan_to_num(wert)[faellt] - np.where(np.isnan(wert), 0, wer.unten)[faellt]
    gewinn[faellt] = reduziert[faellt] * np.maximum(tiefe, 0)
    return gewinn


def find_intervall(system: System, wer: Angreifer, zelle: int, wert: float) -> tuple[float, float]:
    """Exact interval of one cell; an open cell is known: [wert, wert]."""
    hier = np.flatnonzero(system.zellen == zelle)
    if not len(hier):
        return wert, wert
    enden = []
    for richtung in (1.0, -1.0):
        loesung = system.solve(system.teil[hier[0]], {int(zelle): richtung}, wer.unten, wer.oben)
        enden.append(-richtung * np.inf if loesung.status == UNBESCHRAENKT else richtung * loesung.fun)
    return enden[0], enden[1]
