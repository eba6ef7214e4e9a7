"""Tables for the tests of the disclosure control, and an attacker who shares no code with it."""

import csv
import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from indicators.geheimhaltung import Zellen, find_primaer

NAN = float("nan")


# --- Building blocks -------------------------------------------------------------------------------------------------


def zellen(wert, *, t=3, primaer=None, virtuell=(), fest=()) -> Zellen:
    wert = np.array(wert, dtype=float)
    schwelle = np.full(len(wert), t)
    sichtbar, fest_ = np.ones(len(wert), bool), np.zeros(len(wert), bool)
    sichtbar[list(virtuell)] = False
    fest_[list(fest)] = True
    klein = find_primaer(wert, schwelle) & sichtbar
    klein[[] if primaer is None else list(primaer)] = True
    return Zellen(wert, schwelle, klein, sichtbar, fest_)


def summen(n, *gleichungen) -> sparse.csr_array:
    """Each relation as (whole, [parts])."""
    m = np.zeros((len(gleichungen), n))
    for zeile, (ganz, teile) in enumerate(gleichungen):
        m[zeile, ganz], m[zeile, teile] = 1, -1
    return sparse.csr_array(m)


def tafel(zeilen, spalten):
    """Relations of a table with margins, cells row by row, margins last in each row and as last row."""
    nr = np.arange((zeilen + 1) * (spalten + 1)).reshape(zeilen + 1, spalten + 1)
    return summen(
        nr.size,
        *[(nr[r, -1], nr[r, :-1]) for r in range(zeilen + 1)],
        *[(nr[-1, s], nr[:-1, s]) for s in range(spalten + 1)],
    )


# --- The independent attacker: dense matrix, all cells as variables, no code shared with the gate ---------------------


VIELE = 10_000.0  # more than lives in any of these tables; keeps every program bounded


def attack(wert, matrix, verdeckt, ziele, *, unten=None, oben=None):
    """Least and greatest value of each of `ziele`, given every open cell and every relation.

    One program per cell and end, stacked into one: copies of the same relations share no variable.
    """
    ziele, frei = np.atleast_1d(ziele), np.flatnonzero(verdeckt)
    if not len(frei):
        return wert[ziele], wert[ziele]
    a, b = sparse.csr_array(matrix)[:, frei], -(sparse.csr_array(matrix)[:, ~verdeckt] @ wert[~verdeckt])
    kopien = 2 * len(ziele)
    kosten = np.vstack([1.0 * (frei == ziel) for ziel in ziele] + [-1.0 * (frei == ziel) for ziel in ziele])
    unten = np.zeros(len(frei)) if unten is None else unten[frei]
    oben = np.full(len(frei), VIELE) if oben is None else np.minimum(oben[frei], VIELE)
    r = linprog(
        kosten.ravel(),
        A_eq=sparse.kron(sparse.eye_array(kopien), a, format="csr"),
        b_eq=np.tile(b, kopien),
        bounds=np.column_stack([np.tile(unten, kopien), np.tile(oben, kopien)]),
    )
    assert r.status == 0, r.message
    enden = (kosten * r.x.reshape(kopien, -1)).sum(axis=1)
    enden = np.where(np.isin(np.r_[ziele, ziele], frei), np.abs(enden), np.tile(wert[ziele], 2))
    return enden[: len(ziele)], enden[len(ziele) :]


def claims(z: Zellen):
    """Protected cells and the value up to which their interval has to reach, from 0."""
    ziele = np.flatnonzero(z.primaer)
    return ziele, np.where(np.isnan(z.wert), z.schwelle, np.fmax(z.wert + 1, z.schwelle))[ziele]


def least(z: Zellen) -> np.ndarray:
    """Least value of every cell: 0, but a difference may be negative."""
    return np.zeros(len(z.wert)) if z.signiert is None else np.where(z.signiert, -VIELE, 0.0)


def leaks(z: Zellen, matrix, gesperrt) -> list[int]:
    """Protected cells the independent attacker finds."""
    ziele, soll = claims(z)
    if not len(ziele):
        return []
    unten, oben = attack(z.wert, matrix, gesperrt | ~z.sichtbar, ziele, unten=least(z))
    return ziele[(unten > 1e-6) | (oben < soll - 1e-6)].tolist()


def leaks_to_insider(z: Zellen, matrix, gesperrt) -> list[int]:
    """Cells found by someone who knows that "*" is in [1, t − 1], beyond what the signs alone tell him."""
    ziele, soll = claims(z)
    if not len(ziele):
        return []
    geheim = np.isnan(z.wert)
    wissen = {"unten": np.where(geheim, 1.0, 0.0), "oben": np.where(geheim, z.schwelle - 1.0, np.inf)}
    ohne_uns = attack(z.wert, matrix, np.ones(len(z.wert), bool), ziele, **wissen)
    unten, oben = attack(z.wert, matrix, gesperrt | ~z.sichtbar, ziele, **wissen)
    return ziele[(unten > ohne_uns[0] + 1e-6) | (oben < np.minimum(soll, ohne_uns[1]) - 1e-6)].tolist()


def possible_values(wert, matrix, verdeckt, zelle) -> set[int]:
    """Values of one hidden cell in whole tables, by trying every combination of the hidden cells (up to a limit)."""
    m, frei = matrix.toarray(), np.flatnonzero(verdeckt)
    stufen = min(20, int(300_000 ** (1 / len(frei))))
    proben = np.indices((stufen,) * len(frei)).reshape(len(frei), -1)
    passt = (m[:, frei] @ proben == -(m[:, ~verdeckt] @ wert[~verdeckt])[:, None]).all(axis=0)
    return set(proben[np.flatnonzero(frei == zelle)[0], passt].tolist())


def is_possible(z: Zellen, matrix, verdeckt, zelle: int, wert: float) -> bool:
    """Is there a table of whole numbers with this value and all open cells? One integer program over everything."""
    frei, offen = np.flatnonzero(verdeckt), np.flatnonzero(~verdeckt)
    m = sparse.csr_array(matrix)
    b = -(m[:, offen] @ z.wert[offen])
    unten, oben = least(z)[frei], np.full(len(frei), VIELE)
    unten[frei == zelle] = oben[frei == zelle] = wert
    r = milp(np.zeros(len(frei)), integrality=np.ones(len(frei)), bounds=Bounds(unten, oben),
             constraints=[LinearConstraint(m[:, frei], b, b)])  # fmt: skip
    assert r.status in (0, 2), r.message
    return r.status == 0


def impossible_counts(z: Zellen, matrix, gesperrt) -> list[tuple[int, int]]:
    """Protected cell and whole number from 0 to max(a + 1, t) that it cannot be."""
    verdeckt = gesperrt | ~z.sichtbar
    return [
        (int(zelle), wert)
        for zelle, soll in zip(*claims(z), strict=True)
        for wert in range(int(soll) + 1)
        if not is_possible(z, matrix, verdeckt, zelle, wert)
    ]


# --- Random blocks ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Muster:
    """What a random block may contain."""

    geheim: float = 0.0  # share of the small counts that the supplier keeps secret
    geschlecht: bool = True  # sometimes a third dimension
    zweite: bool = True  # sometimes a second geography over the same Räume
    rest: bool = True  # sometimes complements of a quote
    differenz: bool = False  # published differences to an earlier Stichtag, itself in the block
    mittel: float = 9.0


def random_block(seed: int, art: Muster = Muster()):
    """Räume in Kommunen in a Kreis × ages with total, and what `art` says."""
    zufall = np.random.default_rng(seed)
    kommunen = zufall.integers(1, 4, zufall.integers(1, 4))
    r, alter = int(kommunen.sum()), int(zufall.integers(2, 4))
    sexes = 2 if art.geschlecht and zufall.random() < 0.35 else 1
    mittel = zufall.choice([1.5, 5, art.mittel])
    gruppen = [np.repeat(np.arange(len(kommunen)), kommunen)]
    if art.zweite and zufall.random() < 0.4:
        gruppen.append(np.unique(zufall.integers(0, 2, r), return_inverse=True)[1])
    wert, relationen = _table(zufall.poisson(mittel, (r, alter, sexes)), gruppen, 0)
    sichtbar = np.ones(len(wert), bool)
    signiert = np.zeros(len(wert), bool)
    if art.differenz:
        frueher, dazu = _table(zufall.poisson(mittel, (r, alter, sexes)), gruppen, len(wert))
        n = len(wert)
        relationen += dazu + [(i, [n + i, 2 * n + i]) for i in range(n)]  # now = earlier + difference
        wert = np.r_[wert, frueher, wert - frueher]
        sichtbar, signiert = np.ones(3 * n, bool), np.arange(3 * n) >= 2 * n
    elif art.rest and zufall.random() < 0.5:  # the first age as a quote of all ages: complement N − Z
        je_raum, n = (alter + 1) * (sexes + (sexes > 1)), len(wert)
        schritt = 1 if sexes == 1 else 3
        for i, start in enumerate(range(0, n, je_raum)):
            ganz = start + alter * schritt + schritt - 1
            relationen.append((ganz, [start + schritt - 1, n + i]))
            wert = np.r_[wert, wert[ganz] - wert[start + schritt - 1]]
        sichtbar, signiert = np.arange(len(wert)) < n, np.zeros(len(wert), bool)
    t = np.full(len(wert), zufall.choice([3, 5]))
    primaer = np.where(sichtbar, find_primaer(wert, t), wert < t) & ~signiert
    wert = np.where(primaer & sichtbar & (zufall.random(len(wert)) < art.geheim), NAN, wert)
    z = Zellen(wert, t, primaer, sichtbar, np.zeros(len(wert), bool), signiert=signiert)
    return z, summen(len(wert), *relationen)


def _table(basis, gruppen, ab: int):
    """Values and relations of Räume × ages × sexes with all margins, cells numbered from `ab`; Räume, then the groups
    of every geography, then the Kreis."""
    r = len(basis)
    mitten = [np.array([basis[g == k].sum(0) for k in range(g.max() + 1)]) for g in gruppen]
    wuerfel = np.concatenate([basis, *mitten, basis.sum(0, keepdims=True)])
    wuerfel = np.concatenate([wuerfel, wuerfel.sum(1, keepdims=True)], axis=1)
    if wuerfel.shape[2] == 2:
        wuerfel = np.concatenate([wuerfel, wuerfel.sum(2, keepdims=True)], axis=2)
    nr = ab + np.arange(wuerfel.size).reshape(wuerfel.shape)
    relationen, anfang = [], r
    for g in gruppen:
        ende = anfang + g.max() + 1
        for a, s in itertools.product(range(nr.shape[1]), range(nr.shape[2])):
            relationen += [(nr[anfang + k, a, s], nr[:r, a, s][g == k]) for k in range(g.max() + 1)]
            relationen.append((nr[-1, a, s], nr[anfang:ende, a, s]))
        anfang = ende
    relationen += [(nr[i, -1, s], nr[i, :-1, s]) for i in range(len(nr)) for s in range(nr.shape[2])]
    if nr.shape[2] == 3:
        relationen += [(nr[i, a, 2], nr[i, a, :2]) for i in range(len(nr)) for a in range(nr.shape[1])]
    return wuerfel.ravel().astype(float), relationen


# --- Published reference tables, from a folder with their CSV files ---------------------------------------------------


def read_referenz(ordner: Path, name: str) -> list[dict]:
    with (ordner / name).open(encoding="utf-8", newline="") as datei:
        return list(csv.DictReader(datei))


def read_sdctable(ordner: Path):
    """Cells, relations and proven least number of hidden cells: regions × sex, margins stay open."""
    zeilen = read_referenz(ordner, "sdctable_microdata1_table_expected.csv")
    nr = np.arange(15).reshape(5, 3)
    m = summen(15, *[(nr[r, 2], nr[r, :2]) for r in range(5)], *[(nr[4, s], nr[:4, s]) for s in range(3)])
    z = zellen([float(x["freq"]) for x in zeilen], fest=[12, 13, 14])
    assert z.primaer.tolist() == [x["primary"] == "True" for x in zeilen]
    return z, m, sum(x["optimal_suppressed"] == "True" for x in zeilen)


def read_tiny(ordner: Path):
    """Likewise: six Räume in two Kommunen × three ages, the Kreis stays open."""
    zeilen = read_referenz(ordner, "synthetic_tiny_6x3.csv")
    ort = {(x["geo"], x["age"]): i for i, x in enumerate(zeilen)}
    kinder: dict[str, set] = {}
    for x in zeilen:
        kinder.setdefault(x["parent"], set()).add(x["geo"])
    gleichungen = [
        (i, [ort[g, alter] for g in sorted(kinder[geo])]) for (geo, alter), i in ort.items() if geo in kinder
    ]
    gleichungen += [(ort[geo, "total"], [ort[geo, a] for a in ("a1", "a2", "a3")]) for geo, a in ort if a == "total"]
    z = zellen([float(x["freq"]) for x in zeilen], fest=[i for i, x in enumerate(zeilen) if x["frozen"] == "True"])
    return z, summen(len(zeilen), *gleichungen), sum(x["one_optimal_pattern"] == "True" for x in zeilen)
