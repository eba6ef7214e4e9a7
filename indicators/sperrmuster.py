"""Which cells to hide: an integer program chooses, the attacker answers, what he finds becomes a condition ("Schnitt").

Fischetti and Salazar (2000), "Models and algorithms for optimizing cell suppression in tabular data with linear
constraints". Three steps per independent part: choose the cheapest pattern; while the attacker finds something, hide
more (nearby first); then look for something cheaper with everything learnt meanwhile. Only patterns the attacker has
failed on leave this module.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from indicators.angreifer import EPS, UNLOESBAR, Fund, Spur, System, build_system, find_funde, find_zeugen
from indicators.aufgabe import Aufgabe, UnschuetzbareZellenError, raise_widerspruch
from indicators.ganzzahl import Ganzpruefung

# Up to this many cells the pattern is the proven optimum; above, it is close to it (`LUECKE`, neighbourhood).
OPTIMAL_BIS = 60
# Up to this many cells neighbours may join when a finished pattern is made cheaper; above, cells are only re-opened.
NACHBARN_BIS = 4_000
RUNDEN_OPTIMAL, RUNDEN = 60, 6
# Limits of one integer program: share above the optimum (large parts), nodes, seconds. What it has by then is audited
# and repaired as usual.
LUECKE, KNOTEN, ZEITLIMIT = 0.01, 20_000, 30.0
# Nothing cheaper is looked for once it could save no more than this share.
GENUG = 0.02
# Repair looks for cells this many relations away, then everywhere.
UMKREIS = 2
# After so many rounds the way a found cell needs is looked for as a whole: at which price per unit along hidden cells,
# and how far any cell may move.
GEDULD, GERING, VIEL = 3, 1e-3, 1e6


@dataclass(frozen=True)
class Muster:
    """A pattern on which every attacker has failed: `gewaehlt` over the cells of one Aufgabe, protected ones included.

    `teile`, `teile_ganz`: connected components with protected cells, and how many are proven with whole numbers.
    `runden`, `schnitte`: rounds of attack, conditions learnt.
    """

    gewaehlt: np.ndarray
    teile: int
    teile_ganz: int
    runden: int
    schnitte: int


def find_muster(aufgabe: Aufgabe) -> Muster:
    """Cheapest safe pattern, or close to it.

    Raises:
        UnschuetzbareZellenError: a cell can be derived even when everything is hidden that may be.
    """
    lauf = _Lauf(aufgabe)
    return lauf.improve(lauf.repair(_choose(aufgabe, lauf.schnitte)))


class _Lauf:
    """Attacks on one Aufgabe and the conditions learnt from them, which hold for every pattern."""

    def __init__(self, aufgabe: Aufgabe) -> None:
        self.aufgabe = aufgabe
        self.schnitte = _zeilenschnitte(aufgabe)
        self.ganz = Ganzpruefung(aufgabe)
        self.runden = 0

    def repair(self, gewaehlt: np.ndarray, hoechstens: float = np.inf) -> Muster | None:
        """Add cells until the pattern is safe; what has been proven possible stays so meanwhile.

        None = it would cost as much as `hoechstens`; what has been learnt by then is kept.
        """
        spuren, runde = build_spuren(self.aufgabe), 0
        while funde := self._attack(gewaehlt, spuren):
            neue = sparse.csr_array([_schnitt(fund) for fund in funde])
            self.schnitte = sparse.vstack([self.schnitte, neue]).tocsr()
            runde += 1
            mehr = _add_wege(self.aufgabe, funde, gewaehlt) if runde > GEDULD else gewaehlt
            gewaehlt = mehr if (mehr & ~gewaehlt).any() else _extend(self.aufgabe, self.schnitte, gewaehlt)
            if self.aufgabe.kosten @ gewaehlt > hoechstens - EPS:
                return None
        return Muster(gewaehlt, self.ganz.teile, self.ganz.geprueft, self.runden, self.schnitte.shape[0])

    def _attack(self, gewaehlt: np.ndarray, spuren: list[Spur]) -> list[Fund]:
        self.runden += 1
        system, funde = find_linear_funde(self.aufgabe, self.aufgabe.verdeckt | gewaehlt, spuren)
        return funde or self.ganz.find_funde(system)

    def improve(self, muster: Muster) -> Muster:
        """Choose anew with all conditions and repair again, until nothing noticeably cheaper can exist."""
        aufgabe, exakt = self.aufgabe, len(muster.gewaehlt) <= OPTIMAL_BIS
        kann = aufgabe.verdeckt | aufgabe.ziel | _find_nachbarn(aufgabe, muster.gewaehlt)
        for _ in range(RUNDEN_OPTIMAL if exakt else RUNDEN):
            versuch = _solve(aufgabe, self.schnitte, aufgabe.ziel, kann)
            preis = aufgabe.kosten @ muster.gewaehlt
            if versuch is None or aufgabe.kosten @ versuch > preis * (1 if exakt else 1 - GENUG) - EPS:
                break
            muster = self.repair(versuch, preis) or muster
        return replace(muster, runden=self.runden, schnitte=self.schnitte.shape[0])


def build_spuren(aufgabe: Aufgabe) -> list[Spur]:
    return [Spur(len(aufgabe.wert)) for _ in aufgabe.angreifer]


def find_linear_funde(aufgabe: Aufgabe, verdeckt: np.ndarray, spuren: list[Spur]) -> tuple[System, list[Fund]]:
    """Everything the linear programs find against a pattern; values proven possible are added to `spuren`, one per
    attacker."""
    system = build_system(aufgabe.matrix, aufgabe.wert, verdeckt, aufgabe.ziel)
    funde: list[Fund] = []
    for nummer, (wer, spur) in enumerate(zip(aufgabe.angreifer, spuren, strict=True)):
        if nummer:
            spur.take(spuren[nummer - 1])  # what the better informed one must consider possible, the other must too
        find_zeugen(system, wer, spur)
        funde += find_funde(aufgabe.matrix, aufgabe.wert, system, wer, spur)
    if kaputt := [fund.zelle for fund in funde if fund.gewinn is None]:
        raise_widerspruch(kaputt)
    return system, funde


def _schnitt(fund: Fund) -> np.ndarray:
    """Condition of the integer program, Σ gewicht·x ≥ 1: whatever else is hidden, the cells open now must bring what
    is missing. The present pattern has Σ = 0, so no pattern comes twice."""
    return np.where(fund.innen, 0, np.minimum(fund.gewinn / fund.fehlt, 1))


def _zeilenschnitte(aufgabe: Aufgabe) -> sparse.csr_array:
    """Conditions Σ gewicht·x ≥ 1 of each single relation for its protected cells: the others must be able to give way.

    A cell rises by u only if cells of the same sign fall by u together, or one of the opposite sign rises.
    """
    m, geheim = aufgabe.matrix.tocoo(), np.isnan(aufgabe.wert)
    # A supplier's secret may itself be t − 1, or more; that it moves at all is all that is certain to be missing.
    weg = np.where(geheim, 1, aufgabe.soll_oben - np.nan_to_num(aufgabe.wert))
    paar = np.flatnonzero(aufgabe.ziel[m.col] & (weg[m.col] > EPS))
    zeile, zelle, faktor = m.row[paar], m.col[paar], m.data[paar]
    c = aufgabe.matrix[zeile].tocoo()
    verhaeltnis = c.data / faktor[c.row]
    tiefe = np.where(geheim | aufgabe.signiert, np.inf, aufgabe.wert)[c.col]
    gewicht = np.ones(len(c.data))
    faellt = (verhaeltnis > 0) & ~geheim[zelle][c.row]
    gewicht[faellt] = np.minimum(1, tiefe[faellt] * verhaeltnis[faellt] / weg[zelle][c.row][faellt])
    gewicht[c.col == zelle[c.row]] = 0
    return sparse.coo_array((gewicht, (c.row, c.col)), shape=c.shape).tocsr()


def _choose(aufgabe: Aufgabe, schnitte: sparse.csr_array) -> np.ndarray:
    """Cheapest set of hidden cells that meets all conditions."""
    gewaehlt = _solve(aufgabe, schnitte, aufgabe.ziel, aufgabe.frei | aufgabe.verdeckt | aufgabe.ziel)
    if gewaehlt is None:
        raise _unschuetzbar(aufgabe)
    return gewaehlt


def _extend(aufgabe: Aufgabe, schnitte: sparse.csr_array, behalten: np.ndarray) -> np.ndarray:
    """Cheapest cells in addition to `behalten`, near the conditions not yet met if possible."""
    muster = abs(aufgabe.matrix.sign())
    nah = (schnitte[schnitte @ behalten < 1 - EPS].sum(axis=0) > 0) & ~behalten
    for _ in range(UMKREIS):
        nah = muster.T @ (muster @ nah) > 0
    kann = aufgabe.frei | aufgabe.verdeckt | behalten
    gewaehlt = _solve(aufgabe, schnitte, behalten, behalten | (kann & nah))
    if gewaehlt is None:
        gewaehlt = _solve(aufgabe, schnitte, behalten, kann)
    if gewaehlt is None:
        raise _unschuetzbar(aufgabe)
    return gewaehlt


def _add_wege(aufgabe: Aufgabe, funde: list[Fund], gewaehlt: np.ndarray) -> np.ndarray:
    """A pattern with the cells along which the found ones can move as far as they must.

    Conditions tell what the next cell may be, not where the way ends. Per found cell and direction a linear program
    looks for the cheapest change of the table that keeps all sums (price per unit of change; hidden cells cost next to
    nothing). It does not know what a supplier keeps secret; the attack that follows decides.
    """
    kann = np.flatnonzero(aufgabe.frei | aufgabe.verdeckt | aufgabe.ziel)
    zeilen = np.unique(aufgabe.matrix.tocsc()[:, kann].indices)
    a, wer = aufgabe.matrix[zeilen][:, kann], aufgabe.angreifer[-1]
    wert = np.where(np.isnan(aufgabe.wert), np.nan_to_num(wer.soll_oben), aufgabe.wert)
    tiefe = np.minimum(wert - wer.unten, VIEL)[kann]
    gewaehlt = gewaehlt.copy()
    for zelle in dict.fromkeys(fund.zelle for fund in funde):
        for weg in (wer.soll_oben[zelle] - wert[zelle], wer.soll_unten[zelle] - wert[zelle]):
            hier = kann == zelle
            preis = np.where(gewaehlt | aufgabe.verdeckt, GERING, aufgabe.kosten)[kann]
            auf = np.where(hier, max(weg, 0), VIEL)
            ab = np.where(hier, max(-weg, 0), tiefe)
            loesung = linprog(
                np.r_[preis, preis],
                A_eq=sparse.hstack([a, -a]).tocsr(),
                b_eq=np.zeros(len(zeilen)),
                bounds=np.column_stack([np.r_[np.where(hier, auf, 0), np.where(hier, ab, 0)], np.r_[auf, ab]]),
                method="highs",
            )
            if loesung.x is not None:
                bewegt = np.abs(loesung.x[: len(kann)] - loesung.x[len(kann) :]) > EPS
                gewaehlt[kann[bewegt]] = True
    return gewaehlt


def _find_nachbarn(aufgabe: Aufgabe, gewaehlt: np.ndarray) -> np.ndarray:
    """Where a cheaper pattern is looked for: everywhere, near the cells of the present one, or only among them."""
    if len(gewaehlt) <= OPTIMAL_BIS:
        return aufgabe.frei
    if len(gewaehlt) > NACHBARN_BIS:
        return gewaehlt
    muster = abs(aufgabe.matrix.sign())
    return gewaehlt | ((muster.T @ (muster @ gewaehlt) > 0) & aufgabe.frei)


def _solve(aufgabe: Aufgabe, schnitte: sparse.csr_array, muss: np.ndarray, kann: np.ndarray) -> np.ndarray | None:
    """Integer program: muss ⊆ x ⊆ kann, every Schnitt met, no relation with exactly one unknown; None = impossible.

    Variables: x per cell (1 = unknown to the attacker), y per relation (1 = has unknowns). Virtual and already hidden
    cells cost nothing, and may be 0: a relation may give them away.
    """
    zellen = np.flatnonzero(kann)
    matrix = aufgabe.matrix[:, zellen]
    muster = abs(matrix[np.flatnonzero(abs(matrix).sum(axis=1))].sign())
    offen = schnitte[np.flatnonzero(schnitte @ muss < 1 - EPS)][:, zellen]
    m, n = muster.shape
    zeile, zelle = muster.nonzero()
    k, eins = np.arange(len(zeile)), np.ones(len(zeile))
    je_zelle = sparse.coo_array((np.r_[eins, -eins], (np.r_[k, k], np.r_[zelle, n + zeile])), shape=(len(k), n + m))
    je_zeile = sparse.hstack([muster, -2 * sparse.eye_array(m)])
    je_schnitt = sparse.hstack([offen, sparse.csr_array((offen.shape[0], m))])
    programm = {
        "c": np.r_[np.where(muss, 0, aufgabe.kosten)[zellen], np.zeros(m)],
        "bounds": Bounds(np.r_[muss[zellen].astype(float), np.zeros(m)], np.ones(n + m)),
        "constraints": [
            LinearConstraint(je_zelle.tocsr(), -np.inf, 0),
            LinearConstraint(je_zeile.tocsr(), 0, np.inf),
            LinearConstraint(je_schnitt.tocsr(), 1 - EPS, np.inf),
        ],
    }
    luecke = 0 if len(kann) <= OPTIMAL_BIS else LUECKE
    grenzen = {"mip_rel_gap": luecke, "node_limit": KNOTEN, "time_limit": ZEITLIMIT}
    ergebnis = milp(**programm, integrality=np.r_[np.ones(n), np.zeros(m)], options=grenzen)
    if ergebnis.x is None and ergebnis.status != UNLOESBAR:
        # Nothing whole within the limits: hide every cell the linear program touches, which meets all conditions.
        ergebnis = milp(**programm)
    if ergebnis.x is None:
        return None
    gewaehlt = np.zeros(len(kann), dtype=bool)
    gewaehlt[zellen] = ergebnis.x[:n] > EPS
    return gewaehlt


def _unschuetzbar(aufgabe: Aufgabe) -> UnschuetzbareZellenError:
    """Who is still found when everything is hidden that may be."""
    alles = aufgabe.verdeckt | aufgabe.frei | aufgabe.ziel
    system, funde = find_linear_funde(aufgabe, alles, build_spuren(aufgabe))
    funde = funde or Ganzpruefung(aufgabe).find_funde(system)
    zellen = np.unique([fund.zelle for fund in funde]) if funde else np.flatnonzero(aufgabe.ziel)
    return UnschuetzbareZellenError(
        f"{len(zellen)} Werte lassen sich nicht schützen: Wer die offenen Summen kennt, rechnet sie aus.",
        zellen,
        tun="Seltene Untergliederungen zusammenfassen, weniger Eckzahlen führen oder das Merkmal weglassen.",
    )
