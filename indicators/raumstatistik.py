"""Spatial statistics over contiguity: Moran's I, local Moran (LISA) and binomial empirical-Bayes smoothing.

Arrays in, arrays out. Neighbours are pairs (i, j) of places in the array, each border named in both directions; weights
are row-standardised (every neighbour of a Raum counts the same, together 1) unless said otherwise. Nothing here gives a
bare NaN: where a statistic does not exist, a word says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np

PERMUTATIONEN, SAAT = 99_999, 20211231
ALPHA = 0.05
MINDEST = 8  # fewer areas: no spatial statistic
KLASSEN = {"HH": "hoch-hoch", "NN": "niedrig-niedrig", "HN": "hoch-niedrig", "NH": "niedrig-hoch"}
GRUND = {
    "zu_wenige": f"weniger als {MINDEST} Räume mit Wert und Nachbarn",
    "konstant": "alle Räume haben denselben Wert",
    "insel": "kein Nachbar mit Wert",
    "ohne_wert": "kein Wert",
    "nenner_null": "Bezugsgruppe leer",
    "keine_auswahl": "alle anderen Räume sind Nachbarn",
}


@dataclass(frozen=True)
class Nachbarn:
    """Neighbours of n areas in compressed rows: those of area i are `ziel[start[i]:start[i + 1]]`."""

    start: np.ndarray  # (n + 1,)
    ziel: np.ndarray

    @property
    def anzahl(self) -> np.ndarray:
        """(n,) number of neighbours; 0: an island."""
        return np.diff(self.start)

    def mittel(self, werte: np.ndarray) -> np.ndarray:
        """(n,) mean over the neighbours of each area; 0 for an island."""
        summe = np.concatenate([[0.0], np.cumsum(np.asarray(werte, float)[self.ziel])])
        return np.diff(summe[self.start]) / np.maximum(self.anzahl, 1)


def build_nachbarn(i: np.ndarray, j: np.ndarray, n: int) -> Nachbarn:
    """From pairs in any order; pairs given in one direction only and doubles are allowed, loops are left out."""
    i, j = np.asarray(i, int), np.asarray(j, int)
    paare = np.unique(np.column_stack([np.concatenate([i, j]), np.concatenate([j, i])]), axis=0)
    paare = paare[paare[:, 0] != paare[:, 1]]
    return Nachbarn(np.searchsorted(paare[:, 0], np.arange(n + 1)), paare[:, 1])


def _teilmenge(nachbarn: Nachbarn, da: np.ndarray) -> Nachbarn:
    """Only areas of the mask `da`, renumbered."""
    neu = np.cumsum(da) - 1
    von = np.repeat(np.arange(len(da)), nachbarn.anzahl)
    bleibt = da[von] & da[nachbarn.ziel]
    return Nachbarn(np.searchsorted(neu[von[bleibt]], np.arange(da.sum() + 1)), neu[nachbarn.ziel[bleibt]])


# --- Moran's I ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Moran:
    """`status` is "offen", or one of GRUND and every number is None. `n` areas with value and neighbour, `inseln` have
    a value and no neighbour. Variance and p value under randomisation (two-sided, normal); `p_perm` from
    permutations."""

    status: str
    n: int
    inseln: int
    i: float | None = None
    erwartet: float | None = None
    varianz: float | None = None
    z: float | None = None
    p: float | None = None
    p_perm: float | None = None
    permutationen: int = 0


def compute_moran(
    werte: np.ndarray,
    nachbarn: Nachbarn,
    *,
    zeilen: bool = True,
    permutationen: int = 0,
    saat: int = SAAT,
    mindestens: int = MINDEST,
) -> Moran:
    """Global Moran's I = n/S0 · Σ w_ij z_i z_j / Σ z² (Cliff and Ord 1981).

    Areas without a value and islands are left out; their numbers are told.

    Args:
        werte: (n,) NaN without a value.
        zeilen: row-standardised weights; False: every border counts 1.
        permutationen: for `p_perm`; 0: none.
    """
    werte = np.asarray(werte, float)
    da = np.isfinite(werte)
    mit = da.copy()
    mit[da] = _teilmenge(nachbarn, da).anzahl > 0
    inseln, n = int((da & ~mit).sum()), int(mit.sum())
    if n < mindestens:
        return Moran("zu_wenige", n, inseln)
    x, w = werte[mit], _teilmenge(nachbarn, mit)
    z = x - x.mean()
    if _konstant(x):
        return Moran("konstant", n, inseln)
    von = np.repeat(np.arange(n), w.anzahl)
    gewicht = 1 / w.anzahl[von] if zeilen else np.ones(len(von))
    s0 = gewicht.sum()
    statistik = float(n / s0 * (gewicht @ (z[von] * z[w.ziel])) / (z @ z))
    erwartet = -1 / (n - 1)
    varianz = _varianz_zufall(z, von, w.ziel, gewicht, n)
    abstand = (statistik - erwartet) / np.sqrt(varianz)
    p = 2 * NormalDist().cdf(-abs(abstand))
    p_perm = None
    if permutationen:
        gezogen = _ziehe_global(z, von, w.ziel, gewicht, permutationen, saat) * n / s0
        aussen = min((gezogen >= statistik - 1e-12).sum(), (gezogen <= statistik + 1e-12).sum())
        p_perm = float(min(1.0, 2 * (aussen + 1) / (permutationen + 1)))
    return Moran("offen", n, inseln, statistik, erwartet, float(varianz), float(abstand), p, p_perm, permutationen)


def _konstant(x: np.ndarray) -> bool:
    return float(np.ptp(x)) <= 1e-12 * max(float(np.abs(x).max()), 1e-300)


def _varianz_zufall(z: np.ndarray, von: np.ndarray, ziel: np.ndarray, gewicht: np.ndarray, n: int) -> float:
    """Variance under randomisation, Cliff and Ord 1981, eq. 2.36."""
    schluessel = np.concatenate([von * n + ziel, ziel * n + von])  # w_ij + w_ji; zero where neither borders
    _, ort = np.unique(schluessel, return_inverse=True)
    beide = np.bincount(ort, weights=np.concatenate([gewicht, gewicht]))
    s0, s1 = gewicht.sum(), 0.5 * (beide @ beide)
    rand = np.bincount(von, gewicht, n) + np.bincount(ziel, gewicht, n)
    s2 = rand @ rand
    b2 = n * (z**4).sum() / (z @ z) ** 2
    oben = n * ((n * n - 3 * n + 3) * s1 - n * s2 + 3 * s0**2) - b2 * ((n * n - n) * s1 - 2 * n * s2 + 6 * s0**2)
    return oben / ((n - 1) * (n - 2) * (n - 3) * s0**2) - 1 / (n - 1) ** 2


def _ziehe_global(z, von, ziel, gewicht, permutationen: int, saat: int, block: int = 200) -> np.ndarray:
    zufall, werte = np.random.default_rng(saat), []
    for beginn in range(0, permutationen, block):
        anzahl = min(block, permutationen - beginn)
        gemischt = zufall.permuted(np.tile(z, (anzahl, 1)), axis=1)
        werte.append((gemischt[:, von] * gemischt[:, ziel]) @ gewicht / (z @ z))
    return np.concatenate(werte)


# --- local Moran -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lisa:
    """Local Moran of n areas. `status` is "offen", or one of GRUND; then `i`, `p` are NaN and `klasse` is "".

    `p` is two-sided; `klasse` is one of KLASSEN where the area passes the false discovery rate, "-" where it does not.
    """

    status: np.ndarray  # (n,)
    i: np.ndarray  # (n,)
    p: np.ndarray  # (n,)
    klasse: np.ndarray  # (n,)
    schwelle: float  # the largest p that passes; 0: none does
    permutationen: int
    saat: int


def compute_lisa(
    werte: np.ndarray,
    nachbarn: Nachbarn,
    *,
    permutationen: int = PERMUTATIONEN,
    saat: int = SAAT,
    alpha: float = ALPHA,
    mindestens: int = MINDEST,
) -> Lisa:
    """I_i = z_i · mean of z over the neighbours, divided by the variance of z (ddof=0), against conditional
    permutations: the value of the area stays, its neighbours are drawn from all others.

    How it is quick: the mean over k areas drawn at random does not depend on which area asks, as long as it is not
    among them. So one set of draws serves all areas with k neighbours, and for each area those holding itself are taken
    out again. Every area has at least `permutationen` draws; p = 2 · (draws at least as extreme + 1) / (draws + 1).
    """
    werte = np.asarray(werte, float)
    n = len(werte)
    da = np.isfinite(werte)
    w = _teilmenge(nachbarn, da)
    status = np.full(n, "ohne_wert", object)
    status[da] = np.where(w.anzahl > 0, "offen", "insel")
    leer, ohne = np.full(n, np.nan), np.full(n, "", object)
    x = werte[da]
    if da.sum() < mindestens or _konstant(x):
        status[da] = "zu_wenige" if da.sum() < mindestens else "konstant"
        return Lisa(status, leer, leer.copy(), ohne, 0.0, permutationen, saat)
    z = (x - x.mean()) / x.std()
    umgebung = w.mittel(z)
    p = _p_bedingt(z, umgebung, w.anzahl, permutationen, saat)
    offen = w.anzahl > 0
    fest = offen & (w.anzahl >= len(z) - 1)  # nothing to draw: its neighbours are all there is
    status[np.flatnonzero(da)[fest]] = "keine_auswahl"
    offen &= ~fest
    bestanden, schwelle = fdr(p[offen], alpha)
    klasse = np.full(len(z), "", object)
    quadrant = np.where(z > 0, np.where(umgebung > 0, "HH", "HN"), np.where(umgebung > 0, "NH", "NN"))
    klasse[offen] = np.where(bestanden, quadrant[offen], "-")
    i_alle, p_alle = leer, leer.copy()
    i_alle[da], p_alle[da], ohne[da] = np.where(offen, z * umgebung, np.nan), np.where(offen, p, np.nan), klasse
    return Lisa(status, i_alle, p_alle, ohne, schwelle, permutationen, saat)


def _p_bedingt(z: np.ndarray, umgebung: np.ndarray, anzahl: np.ndarray, permutationen: int, saat: int) -> np.ndarray:
    """Two-sided p of the mean over each area's neighbours; NaN where there is nothing to draw."""
    n, p = len(z), np.full(len(z), np.nan)
    for k in np.unique(anzahl[(anzahl > 0) & (anzahl < n - 1)]):
        bereich = _ziehungen(n, int(k), permutationen, saat)
        mittel = z[bereich.auswahl].sum(axis=0) / k
        sortiert = np.sort(mittel)
        for i in np.flatnonzero(anzahl == k):
            eigene = mittel[bereich.mit(i)]
            m = len(mittel) - len(eigene)
            tief, hoch = umgebung[i] - 1e-12, umgebung[i] + 1e-12
            drueber = len(mittel) - np.searchsorted(sortiert, tief, side="left") - (eigene >= tief).sum()
            drunter = np.searchsorted(sortiert, hoch, side="right") - (eigene <= hoch).sum()
            p[i] = min(1.0, 2 * (min(drueber, drunter) + 1) / (m + 1))
    return p


@dataclass(frozen=True)
class _Ziehungen:
    """Random k-subsets of n places, and for each place the draws that hold it."""

    auswahl: np.ndarray  # (k, m)
    nach_ort: np.ndarray
    start: np.ndarray

    def mit(self, ort: int) -> np.ndarray:
        return self.nach_ort[self.start[ort] : self.start[ort + 1]]


@lru_cache(maxsize=32)  # one level of a Gebiet has some 15 numbers of neighbours; its Kennzahlen share them
def _ziehungen(n: int, k: int, permutationen: int, saat: int) -> _Ziehungen:
    """So many that at least `permutationen` do not hold any one place, with a reserve of five standard deviations."""
    frei = (n - k) / n
    m = int(np.ceil(permutationen / frei + 5 * np.sqrt(permutationen * (1 - frei)) / frei + 1))
    zufall = np.random.default_rng([saat, n, k])
    typ = np.int16 if n < 2**15 else np.int32  # short numbers are sorted digit by digit: many times quicker
    if k > n // 3:  # drawing again where a place comes twice would take long
        auswahl = zufall.random((n, m)).argpartition(k - 1, axis=0)[:k].astype(typ)
    else:
        auswahl = zufall.integers(0, n, (k, m), dtype=typ)
        doppelt = np.flatnonzero(_hat_doppelte(auswahl))
        while len(doppelt):
            auswahl[:, doppelt] = zufall.integers(0, n, (k, len(doppelt)), dtype=typ)
            doppelt = doppelt[_hat_doppelte(auswahl[:, doppelt])]
    ort = auswahl.ravel()
    folge = np.argsort(ort, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(ort, minlength=n))])
    return _Ziehungen(auswahl, (folge % m).astype(np.int32), start)


def _hat_doppelte(auswahl: np.ndarray) -> np.ndarray:
    """(m,) whether a draw holds a place twice."""
    doppelt = np.zeros(auswahl.shape[1], bool)
    for nr in range(1, len(auswahl)):
        doppelt |= (auswahl[:nr] == auswahl[nr]).any(axis=0)
    return doppelt


def fdr(p: np.ndarray, alpha: float = ALPHA) -> tuple[np.ndarray, float]:
    """Benjamini–Hochberg: which p pass at the false discovery rate `alpha`, and the largest that does (0: none)."""
    p = np.asarray(p, float)
    if not len(p):
        return np.zeros(0, bool), 0.0
    sortiert = np.sort(p)
    unter = np.flatnonzero(sortiert <= alpha * np.arange(1, len(p) + 1) / len(p))
    if not len(unter):
        return np.zeros(len(p), bool), 0.0
    schwelle = float(sortiert[unter[-1]])
    return p <= schwelle, schwelle


# --- empirical Bayes ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Glaettung:
    """Shares pulled towards the mean of all areas. `status` is "offen", or one of GRUND; then the numbers are NaN.

    `gewicht` (0 to 1): how much of an area's own share is left; 0 means only the mean of all. `mittel`: of all areas;
    `varianz`: between the areas beyond chance (0: no difference beyond it).
    """

    status: np.ndarray
    wert: np.ndarray
    gewicht: np.ndarray
    mittel: float
    varianz: float


def glaette_anteile(zaehler: np.ndarray, nenner: np.ndarray) -> Glaettung:
    """Binomial empirical Bayes (Martuzzi and Elliott 1996) for shares x/n.

    b = Σx/Σn, s² = Σn(r−b)²/Σn, A = (n̄s² − b(1−b))/(n̄−1), at least 0; θ = b + (r−b) · A/(b(1−b)/n + A(n−1)/n).
    """
    x, n = np.asarray(zaehler, float), np.asarray(nenner, float)
    status, da = _status_anteile(x, n)
    b, s2, mittel_n = _momente(x, n, da)
    a = max((mittel_n * s2 - b * (1 - b)) / (mittel_n - 1), 0.0) if mittel_n > 1 else 0.0
    return _glaettung(status, da, x, n, b, a, lambda m: b * (1 - b) / m + a * (m - 1) / m)


def glaette_raten(zaehler: np.ndarray, nenner: np.ndarray) -> Glaettung:
    """Global empirical Bayes for rates x/n (Marshall 1991): a = s² − b/n̄, at least 0; θ = b + (r−b) · a/(a + b/n)."""
    x, n = np.asarray(zaehler, float), np.asarray(nenner, float)
    status, da = _status_anteile(x, n)
    b, s2, mittel_n = _momente(x, n, da)
    a = max(s2 - b / mittel_n, 0.0) if da.any() else 0.0
    return _glaettung(status, da, x, n, b, a, lambda m: a + b / m)


def _status_anteile(x: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    status = np.where(np.isfinite(x) & np.isfinite(n), np.where(n > 0, "offen", "nenner_null"), "ohne_wert")
    return status.astype(object), status == "offen"


def _momente(x: np.ndarray, n: np.ndarray, da: np.ndarray) -> tuple[float, float, float]:
    if not da.any():
        return np.nan, np.nan, np.nan
    summe = n[da].sum()
    b = x[da].sum() / summe
    return float(b), float((n[da] * (x[da] / n[da] - b) ** 2).sum() / summe), float(summe / da.sum())


def _glaettung(status, da, x, n, b, a, streuung) -> Glaettung:
    wert, gewicht = np.full(len(x), np.nan), np.full(len(x), np.nan)
    gesamt = streuung(n[da])
    gewicht[da] = np.divide(a, gesamt, out=np.zeros(int(da.sum())), where=gesamt > 0)
    wert[da] = b + (x[da] / n[da] - b) * gewicht[da]
    return Glaettung(status, wert, gewicht, b, float(a))
