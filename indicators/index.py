"""Composite index by the method of the Berlin Monitoring Soziale Stadtentwicklung (MSS). Arrays in, arrays out.

Source: Indikatorenheft MSS 2021, pp. 41-45. Over the valid areas V: every indicator is centred on the unweighted mean
of the areas and divided by their population standard deviation (ddof=0), the z values are added with their weights,
the sum is standardised once more. High means more burden. Classes are cut at fixed multiples of the standard deviation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MINDEST_RAEUME = 30  # with fewer areas a class is noise: rank and percentile instead
GRENZEN_STATUS = (-1.0, 1.0, 1.5)
GRENZEN_DYNAMIK = (-1.0, 1.0)
STATUS = {1: "hoch", 2: "mittel", 3: "niedrig", 4: "sehr niedrig"}
DYNAMIK = {-1: "positiv", 0: "stabil", 1: "negativ"}
DYNAMIK_ZEICHEN = {-1: "+", 0: "+/−", 1: "−"}
ZIEHUNGEN, SPANNE, SAAT = 1000, 0.5, 20211231
GLEICH = 1e-12  # a spread below this share of the values is rounding, not difference


@dataclass(frozen=True)
class Ergebnis:
    """An index with everything it was made of. n areas, k indicators; NaN outside of V and where nothing is defined.

    `grund` is empty, or says why no index exists: "zu_wenige" (fewer than two valid areas), "konstant" (the indicator
    number `stelle`, or with -1 the sum, is the same everywhere).
    """

    gueltig: np.ndarray  # (n,) bool: the valid areas V
    gewichte: np.ndarray  # (k,)
    mittel: np.ndarray  # (k,) over V
    streuung: np.ndarray  # (k,) over V, ddof=0
    z: np.ndarray  # (n, k)
    summe: np.ndarray  # (n,) weighted sum of z
    summe_mittel: float
    summe_streuung: float
    index: np.ndarray  # (n,)
    grund: str = ""
    stelle: int = -1

    @property
    def rang(self) -> np.ndarray:
        """1 = highest index, equal values share the better place; NaN without an index."""
        return rangfolge(self.index)

    @property
    def prozent(self) -> np.ndarray:
        """Share of the other valid areas with a lower index, in per cent; NaN without an index."""
        return prozentrang(self.index)


def compute_index(werte: np.ndarray, gewichte: np.ndarray, gueltig: np.ndarray | None = None) -> Ergebnis:
    """The index of n areas from k indicators.

    Args:
        werte: (n, k), NaN where there is no value. Such an area is not in V: nothing is imputed.
        gewichte: (k,); 0 leaves an indicator out, negative turns it round (a high value is then a good one).
        gueltig: (n,) bool, areas that may be in V; None: all.

    Returns:
        Never raises for data: see `Ergebnis.grund`.
    """
    werte, gewichte = np.asarray(werte, float), np.asarray(gewichte, float)
    zaehlt = gewichte != 0
    v = np.isfinite(werte[:, zaehlt]).all(axis=1) & zaehlt.any()
    if gueltig is not None:
        v = v & np.asarray(gueltig, bool)
    if v.sum() < 2:
        return _leer(werte, gewichte, v, "zu_wenige")
    with np.errstate(invalid="ignore"):
        mittel, streuung = werte[v].mean(axis=0), werte[v].std(axis=0)
    fest = zaehlt & (streuung <= GLEICH * np.abs(werte[v]).max(axis=0, initial=0))
    if fest.any():
        return _leer(werte, gewichte, v, "konstant", int(np.flatnonzero(fest)[0]), mittel, streuung)
    z = np.full(werte.shape, np.nan)
    z[np.ix_(v, zaehlt)] = ((werte - mittel) / np.where(streuung > 0, streuung, np.nan))[np.ix_(v, zaehlt)]
    summe = np.where(v, z[:, zaehlt] @ gewichte[zaehlt], np.nan)
    m, s = float(summe[v].mean()), float(summe[v].std())
    if s <= GLEICH * np.abs(gewichte).sum():
        return _leer(werte, gewichte, v, "konstant", -1, mittel, streuung)
    return Ergebnis(v, gewichte, mittel, streuung, z, summe, m, s, (summe - m) / s)


def _leer(werte, gewichte, v, grund, stelle=-1, mittel=None, streuung=None) -> Ergebnis:
    n, k = werte.shape
    nichts = np.full(k, np.nan)
    mittel, streuung = (nichts if feld is None else feld for feld in (mittel, streuung))
    leer = np.full(n, np.nan)
    return Ergebnis(v, gewichte, mittel, streuung, np.full((n, k), np.nan), leer, np.nan, np.nan, leer, grund, stelle)


def klassen_status(index: np.ndarray) -> np.ndarray:
    """1 hoch (x < -1), 2 mittel (-1 ≤ x ≤ 1), 3 niedrig (1 < x ≤ 1.5), 4 sehr niedrig (x > 1.5); NaN stays NaN."""
    return _klassen(index, GRENZEN_STATUS) + 1


def klassen_dynamik(index: np.ndarray) -> np.ndarray:
    """-1 positiv (x < -1), 0 stabil (-1 ≤ x ≤ 1), 1 negativ (x > 1); NaN stays NaN."""
    return _klassen(index, GRENZEN_DYNAMIK) - 1


def _klassen(index: np.ndarray, grenzen: tuple[float, ...]) -> np.ndarray:
    """0, 1, … : the lowest border is the first value of the middle, every other one the last value below it."""
    x = np.asarray(index, float)
    klasse = (x >= grenzen[0]).astype(float) + sum((x > g).astype(float) for g in grenzen[1:])
    return np.where(np.isfinite(x), klasse, np.nan)


def gesamtindex(status: float, dynamik: float) -> str:
    """Label of the 4 × 3 table, "1+" to "4−"; empty where one of both is missing."""
    if not (np.isfinite(status) and np.isfinite(dynamik)):
        return ""
    return f"{int(status)}{DYNAMIK_ZEICHEN[int(dynamik)]}"


def rangfolge(werte: np.ndarray) -> np.ndarray:
    """Rank 1 = highest along the first axis, equal values share the better place; NaN stays NaN."""
    werte = np.asarray(werte, float)
    raenge = np.full(werte.shape, np.nan)
    da = np.isfinite(werte)
    sortiert = np.sort(-werte[da])
    raenge[da] = np.searchsorted(sortiert, -werte[da], side="left") + 1
    return raenge


def prozentrang(werte: np.ndarray) -> np.ndarray:
    """Share of the other values that are lower, equal ones by half, in per cent; NaN stays NaN, a single value too."""
    werte = np.asarray(werte, float)
    prozent = np.full(werte.shape, np.nan)
    da = np.isfinite(werte)
    if da.sum() < 2:
        return prozent
    sortiert = np.sort(werte[da])
    darunter = np.searchsorted(sortiert, werte[da], side="left")
    gleich = np.searchsorted(sortiert, werte[da], side="right") - darunter - 1
    prozent[da] = 100 * (darunter + gleich / 2) / (da.sum() - 1)
    return prozent


# --- how much the weights decide ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stabilitaet:
    """What becomes of every area when the weights change at random; NaN (share: 0) outside of V.

    `rang_von`, `rang_bis`: the places it holds in 90 of 100 draws. `oben`: share of draws among the `spitze` highest
    (0 to 1). `klasse`: share of draws in the class of the chosen weights (0 to 1). `rho`: Spearman's correlation of
    each draw with the chosen weights, (ziehungen,).
    """

    ziehungen: int
    spanne: float
    saat: int
    spitze: int
    rang_von: np.ndarray
    rang_bis: np.ndarray
    oben: np.ndarray
    klasse: np.ndarray
    rho: np.ndarray


def stoere_gewichte(
    e: Ergebnis, *, ziehungen: int = ZIEHUNGEN, spanne: float = SPANNE, saat: int = SAAT, spitze: int = 5
) -> Stabilitaet:
    """Every weight is multiplied by its own random factor between 1 - spanne and 1 + spanne, `ziehungen` times.

    The seed makes the answer the same every time; V and the z values stay as they are.
    """
    n = len(e.index)
    fehlt, nie = np.full(n, np.nan), np.zeros(n)
    if e.grund:
        return Stabilitaet(ziehungen, spanne, saat, spitze, fehlt, fehlt, nie, nie, np.array([]))
    zaehlt, v = e.gewichte != 0, e.gueltig
    faktor = np.random.default_rng(saat).uniform(1 - spanne, 1 + spanne, (ziehungen, int(zaehlt.sum())))
    summen = e.z[np.ix_(v, zaehlt)] @ (e.gewichte[zaehlt] * faktor).T
    raenge = (-summen).argsort(axis=0, kind="stable").argsort(axis=0, kind="stable") + 1
    streuung = summen.std(axis=0)
    indizes = (summen - summen.mean(axis=0)) / np.where(streuung > 0, streuung, np.nan)
    bleibt = klassen_status(indizes) == klassen_status(e.index[v])[:, None]
    von, bis = np.percentile(raenge, [5, 95], axis=1, method="nearest")

    def auf_alle(werte: np.ndarray, leer: np.ndarray) -> np.ndarray:
        alle = leer.copy()
        alle[v] = werte
        return alle

    # Draws hardly ever tie: ranks without ties give Spearman's correlation in one product for all of them.
    eigene = _mittelraenge(e.summe[v])
    eigene -= eigene.mean()
    mitte = (len(eigene) + 1) / 2
    rho = (raenge.T - mitte) @ -eigene / np.sqrt((eigene @ eigene) * (len(eigene) ** 3 - len(eigene)) / 12)
    return Stabilitaet(
        ziehungen,
        spanne,
        saat,
        spitze,
        auf_alle(von, fehlt),
        auf_alle(bis, fehlt),
        auf_alle((raenge <= spitze).mean(axis=1), nie),
        auf_alle(bleibt.mean(axis=1), nie),
        rho,
    )


def lass_weg(e: Ergebnis) -> np.ndarray:
    """Ranks without each indicator in turn, V unchanged.

    Returns:
        (n, k) ranks, 1 = highest; NaN outside of V, and in the column of an indicator that has no weight or is the
        only one.
    """
    n, k = e.z.shape
    raenge = np.full((n, k), np.nan)
    zaehlt = np.flatnonzero(e.gewichte != 0)
    if e.grund or len(zaehlt) < 2:
        return raenge
    for j in zaehlt:
        andere = zaehlt[zaehlt != j]
        raenge[:, j] = rangfolge(np.where(e.gueltig, e.z[:, andere] @ e.gewichte[andere], np.nan))
    return raenge


def spearman(a: np.ndarray, b: np.ndarray) -> float:
    """Rank correlation with mean ranks for equal values; NaN if fewer than three pairs or one side is constant."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    da = np.isfinite(a) & np.isfinite(b)
    if da.sum() < 3:
        return np.nan
    x, y = _mittelraenge(a[da]), _mittelraenge(b[da])
    x, y = x - x.mean(), y - y.mean()
    nenner = np.sqrt((x @ x) * (y @ y))
    return float(x @ y / nenner) if nenner > 0 else np.nan


def _mittelraenge(werte: np.ndarray) -> np.ndarray:
    sortiert = np.sort(werte)
    links, rechts = (np.searchsorted(sortiert, werte, side=seite) for seite in ("left", "right"))
    return (links + rechts + 1) / 2
