"""Since when? Trends of annual series. Arrays in, arrays out: series along the first axis, years along the last.

Two statistics for two questions. The *recent trend* of OHID Fingertips looks at the last five annual points and asks
whether they move in one direction more than chance explains. *Mann–Kendall* with the Theil–Sen slope looks at a whole
section of a series between two breaks. Neither corrects for autocorrelation: many of the same people are counted year
after year, so a real change of one year keeps showing in the next ones.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy import stats

PUNKTE = 5  # of the recent trend
SCHWELLE = 9.54953570608324  # of χ² with one degree of freedom, 99.8 %
PUNKTE_LANG = 8  # fewer points of a whole section say too little to be shown
ALPHA = 0.05
GLEICH, STEIGT, FAELLT = 0, 1, -1
Z95 = stats.norm.ppf(0.975)


def trend_quote(zaehler, nenner, jahr) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Recent trend of shares: χ² for trend (Cochran–Armitage) and the slope of the logits.

    Args:
        zaehler, nenner: counts, PUNKTE years along the last axis.
        jahr: calendar years in the same shape or one row for all; gaps count.

    Returns:
        χ², slope of logit(share) per year, direction (STEIGT, FAELLT, GLEICH). All NaN (direction GLEICH) where a
        number is missing or a share is 0 or 1. A direction needs χ² above SCHWELLE and a slope that keeps its sign
        whichever of the points is left out.

    Source: OHID Fingertips, technical guidance "recent trends"; PHEindicatormethods, branch add_trend_markers.
    """
    c, n = np.asarray(zaehler, float), np.asarray(nenner, float)
    t = _jahre(jahr, c)
    gueltig = ((c > 0) & (c < n)).all(axis=-1, keepdims=True)
    c, n = np.where(gueltig, c, np.nan), np.where(gueltig, n, np.nan)
    summe_c, summe_n, nt = c.sum(-1), n.sum(-1), (n * t).sum(-1)
    oben = summe_n * (summe_n * (c * t).sum(-1) - summe_c * nt) ** 2
    chi2 = oben / (summe_c * (summe_n - summe_c) * (summe_n * (n * t**2).sum(-1) - nt**2))
    return _entscheide(chi2, np.log(c / (n - c)), t, np.ones_like(c))


def trend_wert(wert, unten, oben, jahr) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Recent trend of other numbers from their 95 % intervals: weighted slope per year and its χ².

    Args and Returns: as `trend_quote`; NaN where a number or an interval is missing or an interval has no width.
    """
    v = np.asarray(wert, float)
    t = _jahre(jahr, v)
    sigma = (np.asarray(oben, float) - np.asarray(unten, float)) / (2 * Z95)
    gueltig = ((sigma > 0) & np.isfinite(v)).all(axis=-1, keepdims=True)
    v, gewicht = np.where(gueltig, v, np.nan), 1 / np.where(gueltig, sigma, np.nan) ** 2
    steigung = _steigung(v, t, gewicht)
    s1, st, stt = gewicht.sum(-1), (gewicht * t).sum(-1), (gewicht * t**2).sum(-1)
    return _entscheide(steigung**2 / (s1 / (s1 * stt - st**2)), v, t, gewicht)


def _jahre(jahr, wie: np.ndarray) -> np.ndarray:
    """Years from their mean on: differences of squares of 2020 would lose digits."""
    t = np.broadcast_to(np.asarray(jahr, float), wie.shape)
    return t - t.mean(axis=-1, keepdims=True)


def _steigung(y: np.ndarray, t: np.ndarray, gewicht: np.ndarray) -> np.ndarray:
    s1, st, stt = gewicht.sum(-1), (gewicht * t).sum(-1), (gewicht * t**2).sum(-1)
    return (s1 * (gewicht * y * t).sum(-1) - st * (gewicht * y).sum(-1)) / (s1 * stt - st**2)


def _entscheide(chi2: np.ndarray, y: np.ndarray, t: np.ndarray, gewicht: np.ndarray) -> tuple:
    """The direction: significant, and with the same sign whichever point is left out."""
    alle = _steigung(y, t, gewicht)
    teile = (gewicht, gewicht * t, gewicht * t**2, gewicht * y, gewicht * y * t)
    s1, st, stt, sy, sty = (teil.sum(-1, keepdims=True) - teil for teil in teile)  # all sums without each point
    ohne_einen = (s1 * sty - st * sy) / (s1 * stt - st**2)
    flach = np.abs(ohne_einen) < 1e-9 * np.abs(alle)[..., None]  # a slope of 0 with the dust of rounding has no sign
    bleibt = ((np.sign(ohne_einen) == np.sign(alle)[..., None]) & ~flach).all(axis=-1)
    richtung = np.where((chi2 > SCHWELLE) & bleibt, np.sign(np.nan_to_num(alle)), GLEICH).astype(np.int8)
    return chi2, alle, richtung


def mann_kendall(wert) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Test for a monotonic trend of each series; missing years are left out.

    Args:
        wert: years along the last axis, in order; NaN is missing.

    Returns:
        S, two-sided p (NaN for fewer than 3 points), whether p is exact, number of points. Exact below 10 points
        without ties: the normal approximation is wrong there (5 rising points: 0.0167 exactly, 0.0275 approximated).
        Otherwise normal with variance corrected for ties and with continuity correction.

    Source: Mann (1945), Kendall (1975); exact distribution by the number of inversions.
    """
    x = np.asarray(wert, float)
    da = np.isfinite(x)
    anzahl = da.sum(-1)
    i, j = np.triu_indices(x.shape[-1], 1)
    s = np.nansum(np.sign(x[..., j] - x[..., i]), axis=-1)
    gleiche = (x[..., :, None] == x[..., None, :]).sum(-1)  # of each point: how many have its value, itself included
    bindung = np.where(da, (gleiche - 1) * (2 * gleiche + 5), 0).sum(-1)
    varianz = (anzahl * (anzahl - 1) * (2 * anzahl + 5) - bindung) / 18
    z = (s - np.sign(s)) / np.sqrt(np.where(varianz > 0, varianz, np.nan))
    p = np.where(varianz > 0, 2 * stats.norm.sf(np.abs(z)), 1.0)
    exakt = (anzahl < 10) & (anzahl >= 3) & (bindung == 0)
    for n in np.unique(anzahl[exakt]):
        hier = exakt & (anzahl == n)
        p[hier] = kendall_exakt(int(n))[np.abs(s[hier]).astype(int)]
    return s, np.where(anzahl >= 3, p, np.nan), exakt, anzahl


@cache
def kendall_exakt(n: int) -> np.ndarray:
    """P(|S| ≥ s) of n points in random order without ties, for s = 0 … n(n−1)/2."""
    paare = n * (n - 1) // 2
    zahl = np.ones(1)
    for k in range(2, n + 1):  # permutations by their number of inversions
        zahl = np.convolve(zahl, np.ones(k))
    verteilung = zahl / zahl.sum()
    s = np.abs(paare - 2 * np.arange(paare + 1))
    return np.array([verteilung[s >= grenze].sum() for grenze in range(paare + 1)]).clip(max=1.0)


def theil_sen(wert, jahr) -> np.ndarray:
    """Median of the slopes between all pairs of points, per year; NaN for fewer than two points."""
    x = np.asarray(wert, float)
    t = np.broadcast_to(np.asarray(jahr, float), x.shape)
    if x.shape[-1] < 2:
        return np.full(x.shape[:-1], np.nan)
    i, j = np.triu_indices(x.shape[-1], 1)
    steigungen = np.sort((x[..., j] - x[..., i]) / (t[..., j] - t[..., i]), axis=-1)  # NaN last
    anzahl = np.isfinite(steigungen).sum(-1)
    mitte = [
        np.take_along_axis(steigungen, np.maximum(k, 0)[..., None], -1)[..., 0]
        for k in ((anzahl - 1) // 2, anzahl // 2)
    ]
    return np.where(anzahl > 0, sum(mitte) / 2, np.nan)
