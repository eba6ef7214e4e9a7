"""Geheimhaltung: which counts must be hidden so that nobody can calculate the small ones.

Pure: arrays and one sparse matrix in, arrays out. What is asked stands in `aufgabe.py`, how cells are chosen in
`sperrmuster.py`, who attacks in `angreifer.py` (linear programs) and `ganzzahl.py` (whole numbers). Each independent
part of a block is solved for itself. It ends when no attacker finds anything, or with an error: no unaudited pattern
leaves `protect`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from indicators.angreifer import build_system, find_intervall
from indicators.aufgabe import (
    Aufgabe,
    UnschuetzbareZellenError,
    Zellen,
    build_aufgabe,
    find_primaer,
    split_aufgabe,
)
from indicators.ganzzahl import Ganzpruefung
from indicators.sperrmuster import Muster, build_spuren, find_linear_funde, find_muster

__all__ = [
    "Pruefung",
    "Schutz",
    "UnschuetzbareZellenError",
    "Zellen",
    "audit",
    "compute_intervalle",
    "find_primaer",
    "protect",
]

# Small independent parts are solved together until they have this many cells.
BUENDEL = 500


@dataclass(frozen=True)
class Pruefung:
    """What the attacker can derive, one entry per protected cell.

    Args:
        zelle: index of the cell.
        unten, oben: values proven possible; his interval contains [unten, oben] (and is wider for safe cells).
        offenbar: cells whose secret he finds; empty = safe.
        teile, teile_ganz: connected components of hidden cells with protected ones among them, and how many of them
            are also proven with whole numbers.
    """

    zelle: np.ndarray
    unten: np.ndarray
    oben: np.ndarray
    offenbar: np.ndarray
    teile: int = 0
    teile_ganz: int = 0


@dataclass(frozen=True)
class Schutz:
    """An audited pattern, with what a certificate says about it.

    Args:
        gesperrt: over all cells (visible ones only).
        zelle, unten, oben, teile, teile_ganz: as in `Pruefung`.
        primaer, sekundaer: hidden because small, and to cover others.
        runden, schnitte: rounds of attack and repair, conditions the attackers have added.
        verloren: protected cells of which earlier publications have told more than is allowed today; of them only
            what was still secret then is protected.
        sekunden: time it took [s].
    """

    gesperrt: np.ndarray
    zelle: np.ndarray
    unten: np.ndarray
    oben: np.ndarray
    primaer: int
    sekundaer: int
    runden: int
    schnitte: int
    verloren: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    teile: int = 0
    teile_ganz: int = 0
    sekunden: float = 0.0


def protect(
    zellen: Zellen,
    matrix: sparse.sparray,
    *,
    erzwungen: np.ndarray | None = None,
    vorher: np.ndarray | None = None,
) -> Schutz:
    """Cheapest cells to hide so that the attacker finds nothing.

    Args:
        matrix: one row per relation, one column per cell, M·a = 0.
        erzwungen: cells already hidden in a more permissive profile; they stay hidden and cost nothing.
        vorher: what had been published before: True = was hidden, or did not exist. Every other cell is known to the
            reader for ever, whatever happens to it now (hiding it protects nothing, so it is never chosen; if it is
            `primaer` or `erzwungen` it is still listed as hidden), and no more is claimed for a protected cell than
            what was secret until now: hiding all new cells always suffices.

    Raises:
        UnschuetzbareZellenError: a relation does not hold, or a cell can be derived even when everything is hidden
            that may be. Nothing of the block may be published then.
    """
    start = time.perf_counter()
    aufgabe = build_aufgabe(zellen, matrix, erzwungen, vorher)
    gewaehlt, muster = _find_gewaehlt(aufgabe)
    # Once more, everything together: what is published is what was audited, however it came about.
    spuren = build_spuren(aufgabe)
    _, funde = find_linear_funde(aufgabe, aufgabe.verdeckt | gewaehlt, spuren)
    assert not funde, "the parts of a block are safe, but not the whole"
    noetig = zellen.primaer | np.isnan(zellen.wert)
    bisher = np.zeros(len(noetig), bool) if erzwungen is None else erzwungen
    gesperrt = zellen.sichtbar & (aufgabe.verdeckt | gewaehlt | noetig | bisher)
    ziel = np.flatnonzero(aufgabe.ziel)
    return Schutz(
        gesperrt=gesperrt,
        zelle=ziel,
        unten=spuren[-1].unten[ziel],
        oben=spuren[-1].oben[ziel],
        primaer=int((gesperrt & noetig).sum()),
        sekundaer=int((gesperrt & ~noetig).sum()),
        runden=max((m.runden for m in muster), default=0),
        schnitte=sum(m.schnitte for m in muster),
        verloren=np.flatnonzero(aufgabe.verloren),
        teile=sum(m.teile for m in muster),
        teile_ganz=sum(m.teile_ganz for m in muster),
        sekunden=time.perf_counter() - start,
    )


def _find_gewaehlt(aufgabe: Aufgabe) -> tuple[np.ndarray, list[Muster]]:
    """Cells to hide, and the patterns of the parts. The error names the cells of every part that cannot be saved."""
    gewaehlt, alle, fehler = np.zeros(len(aufgabe.wert), bool), [], []
    for zellen, teil in split_aufgabe(aufgabe, BUENDEL):
        try:
            muster = find_muster(teil)
        except UnschuetzbareZellenError as ein_fehler:
            fehler.append((ein_fehler, zellen[ein_fehler.zellen]))
            continue
        gewaehlt[zellen] |= muster.gewaehlt
        alle.append(muster)
    if fehler:
        was, tun = fehler[0][0].was, fehler[0][0].tun
        raise UnschuetzbareZellenError(was, np.concatenate([zellen for _, zellen in fehler]), tun=tun)
    return gewaehlt, alle


def audit(
    zellen: Zellen, matrix: sparse.sparray, gesperrt: np.ndarray, *, vorher: np.ndarray | None = None
) -> Pruefung:
    """Play the attacker against a pattern: which protected cells does he find?

    Args:
        gesperrt: visible cells that are hidden; virtual cells and the supplier's secrets are hidden anyway.
        vorher: as in `protect`.
    """
    aufgabe = build_aufgabe(zellen, matrix, None, vorher)
    verdeckt, ziel = aufgabe.verdeckt | (gesperrt & ~aufgabe.bekannt), np.flatnonzero(aufgabe.ziel)
    spuren, ganz = build_spuren(aufgabe), Ganzpruefung(aufgabe)
    system, funde = find_linear_funde(aufgabe, verdeckt, spuren)
    funde += ganz.find_funde(system)
    spur = spuren[-1]
    lesbar = ziel[~verdeckt[ziel]]
    spur.note(lesbar, aufgabe.wert[lesbar])
    offenbar = np.union1d(lesbar, [fund.zelle for fund in funde]).astype(int)
    return Pruefung(ziel, spur.unten[ziel], spur.oben[ziel], offenbar, ganz.teile, ganz.geprueft)


def compute_intervalle(
    zellen: Zellen, matrix: sparse.sparray, gesperrt: np.ndarray, welche: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Exact least and greatest value of the cells `welche` for the attacker without previous knowledge.

    Two linear programs per cell: for hand examples and spot checks, not for whole blocks.
    """
    aufgabe = build_aufgabe(zellen, matrix, None, None)
    system = build_system(aufgabe.matrix, zellen.wert, aufgabe.verdeckt | gesperrt, aufgabe.ziel)
    paare = [find_intervall(system, aufgabe.angreifer[-1], zelle, zellen.wert[zelle]) for zelle in welche]
    return tuple(np.array(paare, dtype=float).reshape(-1, 2).T)
