"""Geheimhaltung: which counts must be hidden so that nobody can calculate the small ones.

Pure: arrays and one sparse matrix in, arrays out. A block is a set of cells with the linear relations M·a = 0 that
hold between them (parent − children, whole − parts, Nenner − Zähler − complement). A cell is protected when the
values an attacker must consider possible contain [0, max(a + 1, t)].

Method (Fischetti and Salazar 2000, "Models and algorithms for the cell suppression problem"): an integer program
chooses the cheapest cells to hide; linear programs play the attacker (`angreifer.py`); each secret he finds returns
as one more condition ("Schnitt") of the integer program. It ends when the attacker finds nothing, or with an error:
no unaudited pattern leaves `protect`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from geodata.fehler import GeheimhaltungError
from indicators.angreifer import (
    UNLOESBAR,
    Angreifer,
    Fund,
    Spur,
    build_system,
    find_funde,
    find_intervall,
    find_zeugen,
)

# The least a supplier's own secret is worth, even where the Kreis sets no threshold: the smallest in use anywhere.
SCHWELLE_QUELLE = 3
# Up to this many cells every round optimises anew (the optimum); above, rounds only add cells (fast, close to it).
NEU_OPTIMIEREN_BIS = 500
# Limits of one integer program: share above the optimum (large blocks), nodes, seconds. What it has by then is
# audited and repaired as usual.
LUECKE, KNOTEN, ZEITLIMIT = 0.01, 20_000, 30.0
# Repair looks for cells this many relations away, then everywhere.
UMKREIS = 2
# A relation may miss by this much: annual means are delivered rounded.
TOLERANZ = 0.5
EPS = 1e-6


@dataclass(frozen=True)
class Zellen:
    """The cells of one block; arrays of equal length n.

    Args:
        wert: true count; NaN = kept secret by the supplier, never open.
        schwelle: t per cell; 0 = needs no protection of its own.
        primaer: must be protected: the attacker's interval has to contain [0, max(a + 1, t)].
        sichtbar: False = virtual, never published (complement N − Z, a difference); protected too if `primaer`.
        fest: must stay open (total of the Kreis, headline figure).
    """

    wert: np.ndarray
    schwelle: np.ndarray
    primaer: np.ndarray
    sichtbar: np.ndarray
    fest: np.ndarray


@dataclass(frozen=True)
class Pruefung:
    """What the attacker can derive, one entry per protected cell.

    Args:
        zelle: index of the cell.
        unten, oben: values proven possible; his interval contains [unten, oben] (and is wider for safe cells).
        offenbar: cells whose secret he finds; empty = safe.
    """

    zelle: np.ndarray
    unten: np.ndarray
    oben: np.ndarray
    offenbar: np.ndarray


@dataclass(frozen=True)
class Schutz:
    """An audited pattern: `gesperrt` over all cells (visible ones only), `zelle`, `unten`, `oben` as in `Pruefung`.

    The counts are for the certificate: hidden because small (`primaer`) or to cover others (`sekundaer`), rounds of
    attack and repair, conditions the attacker has added.
    """

    gesperrt: np.ndarray
    zelle: np.ndarray
    unten: np.ndarray
    oben: np.ndarray
    primaer: int
    sekundaer: int
    runden: int
    schnitte: int


class UnschuetzbareZellenError(GeheimhaltungError):
    """`zellen` holds the indices of the cells concerned; the caller knows their names."""

    def __init__(self, was: str, zellen: np.ndarray, *, tun: str) -> None:
        self.zellen = np.asarray(zellen, dtype=int)
        liste = ", ".join(map(str, self.zellen[:20])) + (" …" if len(self.zellen) > 20 else "")
        super().__init__(was, wo=f"Zellen {liste}", tun=tun)


def find_primaer(wert: np.ndarray, schwelle: np.ndarray) -> np.ndarray:
    """Cells that need protection: 0 < a < t, and everything the supplier keeps secret (NaN)."""
    return np.isnan(wert) | ((wert > 0) & (wert < schwelle))


def protect(zellen: Zellen, matrix: sparse.sparray, *, erzwungen: np.ndarray | None = None) -> Schutz:
    """Cheapest cells to hide so that the attacker finds nothing.

    Args:
        matrix: one row per relation, one column per cell, M·a = 0.
        erzwungen: cells already hidden in a more permissive profile; they stay hidden and cost nothing.

    Raises:
        UnschuetzbareZellenError: a relation does not hold, or a cell can be derived even when everything is hidden
            that may be. Nothing of the block may be published then.
    """
    block = _build_block(zellen, matrix, erzwungen)
    klein = len(zellen.wert) <= NEU_OPTIMIEREN_BIS
    schnitte, gewaehlt, spuren, runden = _zeilenschnitte(block), None, _build_spuren(block), 0
    while True:
        runden += 1
        gewaehlt = _choose(block, schnitte) if klein or gewaehlt is None else _extend(block, schnitte, gewaehlt)
        spuren = _build_spuren(block) if klein else spuren  # witnesses stay valid while cells are only added
        funde = _attack(block, block.verdeckt | gewaehlt, spuren)
        if not funde:
            break
        schnitte = sparse.vstack([schnitte, sparse.csr_array([_schnitt(fund) for fund in funde])]).tocsr()
    gesperrt = zellen.sichtbar & (block.verdeckt | gewaehlt)
    ziel = np.flatnonzero(block.ziel)
    return Schutz(
        gesperrt=gesperrt,
        zelle=ziel,
        unten=spuren[-1].unten[ziel],
        oben=spuren[-1].oben[ziel],
        primaer=int((gesperrt & block.ziel).sum()),
        sekundaer=int((gesperrt & ~block.ziel).sum()),
        runden=runden,
        schnitte=schnitte.shape[0],
    )


def audit(zellen: Zellen, matrix: sparse.sparray, gesperrt: np.ndarray) -> Pruefung:
    """Play the attacker against a pattern: which protected cells does he find?

    Args:
        gesperrt: visible cells that are hidden; virtual cells and the supplier's secrets are hidden anyway.
    """
    block = _build_block(zellen, matrix, None)
    spuren, ziel = _build_spuren(block), np.flatnonzero(block.ziel)
    funde = _attack(block, block.verdeckt | gesperrt, spuren)
    lesbar = ziel[~(block.verdeckt | gesperrt)[ziel]]
    spuren[-1].note(lesbar, block.wert[lesbar])
    offenbar = np.union1d(lesbar, [fund.zelle for fund in funde]).astype(int)
    return Pruefung(ziel, spuren[-1].unten[ziel], spuren[-1].oben[ziel], offenbar)


def compute_intervalle(
    zellen: Zellen, matrix: sparse.sparray, gesperrt: np.ndarray, welche: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Exact least and greatest value of the cells `welche` for the attacker without previous knowledge.

    Two linear programs per cell: for hand examples and spot checks, not for whole blocks.
    """
    block = _build_block(zellen, matrix, None)
    system = build_system(block.matrix, zellen.wert, block.verdeckt | gesperrt, block.ziel)
    paare = [find_intervall(system, block.angreifer[-1], zelle, zellen.wert[zelle]) for zelle in welche]
    return tuple(np.array(paare, dtype=float).reshape(-1, 2).T)


@dataclass(frozen=True)
class _Block:
    """Checked input. `ziel`: protected cells; `verdeckt`: hidden from the start; `frei`: may be chosen."""

    matrix: sparse.csr_array
    wert: np.ndarray
    ziel: np.ndarray
    verdeckt: np.ndarray
    frei: np.ndarray
    kosten: np.ndarray
    soll_oben: np.ndarray
    angreifer: tuple[Angreifer, ...]


def _build_block(zellen: Zellen, matrix: sparse.sparray, erzwungen: np.ndarray | None) -> _Block:
    matrix = sparse.csr_array(matrix, dtype=float, copy=True)
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    wert, geheim = np.asarray(zellen.wert, dtype=float), np.isnan(zellen.wert)
    verdeckt = ~zellen.sichtbar | geheim | (False if erzwungen is None else erzwungen)
    _check_input(matrix, wert, zellen, verdeckt)
    t = np.where(geheim, np.maximum(zellen.schwelle, SCHWELLE_QUELLE), zellen.schwelle)
    soll_oben = np.where(geheim, t, np.fmax(wert + 1, t))
    ziel = zellen.primaer | geheim
    return _Block(
        matrix=matrix,
        wert=wert,
        ziel=ziel,
        verdeckt=verdeckt,
        frei=~verdeckt & ~ziel & ~zellen.fest,
        kosten=np.where(verdeckt, 0.0, 1 + np.log1p(np.nan_to_num(wert))),
        soll_oben=soll_oben,
        angreifer=_build_angreifer(matrix, wert, ziel, geheim, t, soll_oben, ~zellen.sichtbar | geheim),
    )


def _check_input(matrix: sparse.csr_array, wert: np.ndarray, zellen: Zellen, verdeckt: np.ndarray) -> None:
    bekannt = np.nan_to_num(wert)
    if (negativ := np.flatnonzero(bekannt < 0)).size:
        raise UnschuetzbareZellenError(
            "Eine Fallzahl ist negativ.", negativ, tun="Die Lieferung prüfen: sozialraum befunde."
        )
    vollstaendig = abs(matrix) @ np.isnan(wert) == 0
    falsch = np.flatnonzero(vollstaendig & (np.abs(matrix @ bekannt) > TOLERANZ))
    if falsch.size:
        raise UnschuetzbareZellenError(
            f"{falsch.size} Summen gehen nicht auf.",
            np.unique(matrix[falsch].indices),
            tun="Die Lieferung prüfen: sozialraum befunde. Gerundete oder verrauschte Zahlen nie als Summe führen.",
        )
    if (konflikt := np.flatnonzero(zellen.fest & zellen.sichtbar & (zellen.primaer | verdeckt))).size:
        raise UnschuetzbareZellenError(
            f"{konflikt.size} Werte sollen offen bleiben, müssen aber geschützt werden.",
            konflikt,
            tun="Die Werte in der Freigabe nicht als Eckzahl führen, oder das Merkmal nicht veröffentlichen.",
        )


def _build_angreifer(matrix, wert, ziel, geheim, t, soll_oben, von_anfang) -> tuple[Angreifer, ...]:
    """The attacker without previous knowledge and, where a supplier has kept secrets, the one who knows that "*"
    means [1, t − 1]."""
    n = len(wert)
    soll_unten, soll_oben = np.where(ziel, 0, np.nan), np.where(ziel, soll_oben, np.nan)
    ahnungslos = Angreifer(np.zeros(n), np.full(n, np.inf), soll_unten, soll_oben)
    if not geheim.any():
        return (ahnungslos,)
    system = build_system(matrix, wert, von_anfang, ziel)
    unten, oben = np.where(geheim, 1.0, 0.0), np.where(geheim, t - 1.0, np.inf)
    for nummer in np.unique(system.teil[geheim[system.zellen]]):
        # The supplier has also hidden larger counts under the same sign: then "*" says nothing here.
        if not system.feasible(nummer, unten, oben):
            zelle = system.zellen[system.teil == nummer]
            unten[zelle], oben[zelle] = 0, np.inf
    wissend = Angreifer(unten, oben, np.maximum(soll_unten, unten), np.minimum(soll_oben, oben))
    return _limit_claims(matrix, wert, ziel, wissend), ahnungslos


def _limit_claims(matrix, wert, ziel, wissend: Angreifer) -> Angreifer:
    """What the supplier's signs alone give away ("*" = "*" + "*" means 2 = 1 + 1) cannot be claimed from him."""
    system, spur = build_system(matrix, wert, np.ones(len(wert), bool), ziel), Spur(len(wert))
    find_zeugen(system, wissend, spur)
    list(find_funde(matrix, wert, system, wissend, spur))
    return replace(
        wissend,
        soll_unten=np.maximum(wissend.soll_unten, spur.unten),
        soll_oben=np.minimum(wissend.soll_oben, spur.oben),
    )


def _build_spuren(block: _Block) -> list[Spur]:
    return [Spur(len(block.wert)) for _ in block.angreifer]


def _attack(block: _Block, verdeckt: np.ndarray, spuren: list[Spur]) -> list[Fund]:
    """All secrets found against a pattern; the values proven possible are added to `spuren`, one per attacker."""
    system = build_system(block.matrix, block.wert, verdeckt, block.ziel)
    funde: list[Fund] = []
    for nummer, (wer, spur) in enumerate(zip(block.angreifer, spuren, strict=True)):
        if nummer:
            spur.take(spuren[nummer - 1])  # what the better informed one must consider possible, the other must too
        find_zeugen(system, wer, spur)
        funde += find_funde(block.matrix, block.wert, system, wer, spur)
    if kaputt := [fund.zelle for fund in funde if fund.gewinn is None]:
        raise UnschuetzbareZellenError(
            "Die offenen Zahlen widersprechen den Summen.",
            np.array(kaputt),
            tun="Die Lieferung prüfen: sozialraum befunde.",
        )
    return funde


def _schnitt(fund: Fund) -> np.ndarray:
    """Condition of the integer program, Σ gewicht·x ≥ 1: whatever else is hidden, the cells open now must bring what
    is missing. The present pattern has Σ = 0, so no pattern comes twice."""
    return np.where(fund.innen, 0, np.minimum(fund.gewinn / fund.fehlt, 1))


def _zeilenschnitte(block: _Block) -> sparse.csr_array:
    """Conditions Σ gewicht·x ≥ 1 of each single relation for its protected cells: the others must be able to give way.

    A cell rises by u only if cells of the same sign fall by u together, or one of the opposite sign rises.
    """
    m = block.matrix.tocoo()
    paar = np.flatnonzero(block.ziel[m.col])
    zeile, zelle, faktor = m.row[paar], m.col[paar], m.data[paar]
    # A supplier's secret may itself be t − 1; then rising by one is all that is certain to be missing.
    weg = np.where(np.isnan(block.wert), 1, block.soll_oben - np.nan_to_num(block.wert))[zelle]
    c = block.matrix[zeile].tocoo()
    verhaeltnis = c.data / faktor[c.row]
    wert = np.where(np.isnan(block.wert), np.inf, block.wert)[c.col]
    gewicht = np.where(verhaeltnis > 0, np.minimum(1, wert * verhaeltnis / weg[c.row]), 1.0)
    gewicht[c.col == zelle[c.row]] = 0
    return sparse.coo_array((gewicht, (c.row, c.col)), shape=c.shape).tocsr()


def _choose(block: _Block, schnitte: sparse.csr_array) -> np.ndarray:
    """Cheapest set of hidden cells that meets all conditions."""
    kann = block.frei | block.verdeckt | block.ziel
    gewaehlt = _solve(block, schnitte, block.ziel, kann)
    if gewaehlt is None:
        raise _unschuetzbar(block)
    return gewaehlt


def _extend(block: _Block, schnitte: sparse.csr_array, behalten: np.ndarray) -> np.ndarray:
    """Cheapest cells in addition to `behalten`, near the conditions not yet met if possible."""
    muster = abs(block.matrix.sign())
    nah = (schnitte[schnitte @ behalten < 1 - EPS].sum(axis=0) > 0) & ~behalten
    for _ in range(UMKREIS):
        nah = muster.T @ (muster @ nah) > 0
    kann = block.frei | block.verdeckt | behalten
    gewaehlt = _solve(block, schnitte, behalten, behalten | (kann & nah))
    if gewaehlt is None:
        gewaehlt = _solve(block, schnitte, behalten, kann)
    if gewaehlt is None:
        raise _unschuetzbar(block)
    return gewaehlt


def _solve(block: _Block, schnitte: sparse.csr_array, muss: np.ndarray, kann: np.ndarray) -> np.ndarray | None:
    """Integer program: muss ⊆ x ⊆ kann, every Schnitt met, no relation with exactly one unknown; None = impossible.

    Variables: x per cell (1 = unknown to the attacker), y per relation (1 = has unknowns). Virtual and already hidden
    cells cost nothing, and may be 0: a relation may give them away.
    """
    zellen = np.flatnonzero(kann)
    matrix = block.matrix[:, zellen]
    muster = abs(matrix[np.flatnonzero(abs(matrix).sum(axis=1))].sign())
    offen = schnitte[np.flatnonzero(schnitte @ muss < 1 - EPS)][:, zellen]
    m, n = muster.shape
    zeile, zelle = muster.nonzero()
    k, eins = np.arange(len(zeile)), np.ones(len(zeile))
    je_zelle = sparse.coo_array((np.r_[eins, -eins], (np.r_[k, k], np.r_[zelle, n + zeile])), shape=(len(k), n + m))
    je_zeile = sparse.hstack([muster, -2 * sparse.eye_array(m)])
    je_schnitt = sparse.hstack([offen, sparse.csr_array((offen.shape[0], m))])
    klein = len(kann) <= NEU_OPTIMIEREN_BIS
    programm = {
        "c": np.r_[np.where(muss, 0, block.kosten)[zellen], np.zeros(m)],
        "bounds": Bounds(np.r_[muss[zellen].astype(float), np.zeros(m)], np.ones(n + m)),
        "constraints": [
            LinearConstraint(je_zelle.tocsr(), -np.inf, 0),
            LinearConstraint(je_zeile.tocsr(), 0, np.inf),
            LinearConstraint(je_schnitt.tocsr(), 1 - EPS, np.inf),
        ],
    }
    grenzen = {"mip_rel_gap": 0 if klein else LUECKE, "node_limit": KNOTEN, "time_limit": ZEITLIMIT}
    ergebnis = milp(**programm, integrality=np.r_[np.ones(n), np.zeros(m)], options=grenzen)
    if ergebnis.x is None and ergebnis.status != UNLOESBAR:
        # Nothing whole within the limits: hide every cell the linear program touches, which meets all conditions.
        ergebnis = milp(**programm)
    if ergebnis.x is None:
        return None
    gewaehlt = np.zeros(len(kann), dtype=bool)
    gewaehlt[zellen] = ergebnis.x[:n] > EPS
    return gewaehlt


def _unschuetzbar(block: _Block) -> UnschuetzbareZellenError:
    """Who is still found when everything is hidden that may be."""
    funde = _attack(block, block.verdeckt | block.frei | block.ziel, _build_spuren(block))
    zellen = np.unique([fund.zelle for fund in funde]) if funde else np.flatnonzero(block.ziel)
    return UnschuetzbareZellenError(
        f"{len(zellen)} Werte lassen sich nicht schützen: Wer die offenen Summen kennt, rechnet sie aus.",
        zellen,
        tun="Seltene Untergliederungen zusammenfassen, weniger Eckzahlen führen oder das Merkmal weglassen.",
    )
