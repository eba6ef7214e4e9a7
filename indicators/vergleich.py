"""Is that difference real? A value against a benchmark, against last year, against similar Räume. Arrays in, arrays
out: no database, no catalogue.

One rule decides all verdicts: the interval of the Raum against the benchmark, whose value counts as exactly known.
Interval above it: `hoeher`; below: `niedriger`; around it: `aehnlich`. 95 % where one Raum is looked at; 99.8 % where
many are looked at together (of 500 Räume, 25 lie outside their 95 % by chance alone).
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from indicators.intervall import byar, wilson

PROFIL, KARTE = 0.95, 0.998  # confidence of the verdict where one Raum, where many are looked at
URTEIL = ("aehnlich", "hoeher", "niedriger")
AEHNLICH, HOEHER, NIEDRIGER = range(3)
OHNE = -1  # code of "no verdict"; its reason stands elsewhere
JAHRE = 3  # what is pooled for small Räume


def grenzen(art: str, zaehler, nenner, *, pro: float, sicherheit: float) -> tuple[np.ndarray, np.ndarray]:
    """Interval of a `quote` (Wilson) or `verhaeltnis` (Byar, exact below 10) in its unit; NaN where not defined."""
    x, n = np.asarray(zaehler, float), np.asarray(nenner, float)
    if art == "quote":
        unten, oben = wilson(x, n, sicherheit=sicherheit)
        return unten * pro, oben * pro
    teiler = np.where(n > 0, n, np.nan)
    unten, oben = byar(x, sicherheit=sicherheit)
    return unten / teiler * pro, oben / teiler * pro


def dobson(wert, oben, faelle, *, sicherheit: float) -> tuple[np.ndarray, np.ndarray]:
    """Interval of a directly standardised rate at another confidence, without its age groups.

    Dobson's limits are wert + k·(Byar(X) − X) with k = √(Var/X), the same at every confidence: the published upper
    limit at 95 % tells k.

    Args:
        wert, oben: the rate and its upper limit at 95 %.
        faelle: cases of all age groups together (X).
    """
    w, o, x = (np.asarray(a, float) for a in (wert, oben, faelle))
    k = (o - w) / (byar(x, sicherheit=PROFIL)[1] - x)
    unten, oben = byar(x, sicherheit=sicherheit)
    return w + k * (unten - x), w + k * (oben - x)


def urteile(unten, oben, mass) -> np.ndarray:
    """Code of the verdict (index in URTEIL) per cell; OHNE where interval or benchmark is missing."""
    unten, oben, mass = np.broadcast_arrays(*(np.asarray(a, float) for a in (unten, oben, mass)))
    urteil = np.where(unten > mass, HOEHER, np.where(oben < mass, NIEDRIGER, AEHNLICH)).astype(np.int8)
    return np.where(np.isnan(unten) | np.isnan(oben) | np.isnan(mass), OHNE, urteil).astype(np.int8)


def bewerte(urteil: str | None, polaritaet: str) -> str:
    """`guenstiger`, `unguenstiger`, or empty: similar, neutral, or without a verdict.

    Args:
        polaritaet: `belastung` (high is worse), `entlastung` (high is better), `neutral`.
    """
    if urteil not in ("hoeher", "niedriger") or polaritaet == "neutral":
        return ""
    return "unguenstiger" if (urteil == "hoeher") == (polaritaet == "belastung") else "guenstiger"


def ohne_teil(zaehler, nenner, ganzes_zaehler, ganzes_nenner) -> tuple[np.ndarray, np.ndarray]:
    """Zähler and Nenner of the whole without this part: (X − x), (N − n).

    A Raum is part of its Kreis: compared with the whole Kreis, a large one would be compared with itself. NaN where one
    of the four is missing, nothing is left, or the rest contradicts itself (the part has more cases than the whole).
    """
    x, n, gx, gn = (np.asarray(a, float) for a in (zaehler, nenner, ganzes_zaehler, ganzes_nenner))
    rest_x, rest_n = gx - x, gn - n
    gueltig = (rest_x >= 0) & (rest_n > 0)
    return np.where(gueltig, rest_x, np.nan), np.where(gueltig, rest_n, np.nan)


def differenz(wert, unten, oben, vorher, vorher_unten, vorher_oben) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Difference wert − vorher of two independent estimates and its interval, from the intervals of both.

    With Wilson limits this is Newcombe's method 10 for two shares, with Poisson limits its counterpart for rates. Two
    Stichtage share most of their people, which makes the true interval narrower: the one given is on the safe side.

    Source: Newcombe, Statistics in Medicine 17 (1998) 873–890, method 10; Zou & Donner, ibid. 27 (2008) 1693–1702.
    """
    p, lp, up, q, lq, uq = (np.asarray(a, float) for a in (wert, unten, oben, vorher, vorher_unten, vorher_oben))
    d = p - q
    return d, d - np.hypot(p - lp, uq - q), d + np.hypot(up - p, q - lq)


def pool(art: str, zaehler, nenner, *, pro: float, ereignisse: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean over several years: sum of the Zähler by sum of the Nenner, never the mean of rates, with its 95 % interval.

    Args:
        zaehler, nenner: the years along the last axis; one missing year leaves no mean.
        ereignisse: counts of a year (cases, births): every year brings new ones, so the years add up. Otherwise the
            same people are counted on each Stichtag: the interval is that of one mean year, as if nothing were gained.
    """
    x, n = np.sum(zaehler, axis=-1, dtype=float), np.sum(nenner, axis=-1, dtype=float)
    n = np.where(n > 0, n, np.nan)
    jahre = 1 if ereignisse else np.shape(zaehler)[-1]
    unten, oben = grenzen(art, x / jahre, n / jahre, pro=pro, sicherheit=PROFIL)
    return x / n * pro, unten, oben


def find_aehnliche(merkmale, *, anzahl: int) -> np.ndarray:
    """The most similar Räume of each: nearest by Euclidean distance of z-values, equal weights.

    Args:
        merkmale: one row per Raum, one column per Kennzahl that makes Räume similar; a row with a missing number has
            no group and belongs to none. A constant column makes no difference and is left out.

    Returns:
        Row numbers, nearest first, one row per Raum; −1 where there is none. Equal distances: the earlier row.
    """
    m = np.asarray(merkmale, float)
    gruppe = np.full((len(m), anzahl), -1)
    da = np.flatnonzero(np.isfinite(m).all(axis=1)) if m.shape[1] else np.array([], int)
    if len(da) <= anzahl:
        return gruppe
    streuung = m[da].std(axis=0)
    z = ((m[da] - m[da].mean(axis=0)) / np.where(streuung > 0, streuung, 1))[:, streuung > 0]
    if not z.shape[1]:
        return gruppe
    gruppe[da] = da[_naechste(z, anzahl)]
    return gruppe


def _naechste(z: np.ndarray, anzahl: int) -> np.ndarray:
    """Row numbers of the nearest rows of each, itself left out."""
    abstand, nahe = cKDTree(z).query(z, anzahl + 1)
    eigene = nahe == np.arange(len(z))[:, None]
    eigene[~eigene.any(axis=1), -1] = True  # among equal ones it may not have found itself: then the last one goes
    nahe, abstand = (a[~eigene].reshape(len(z), anzahl) for a in (nahe, abstand))
    folge = np.lexsort((nahe, abstand), axis=1)
    return np.take_along_axis(nahe, folge, axis=1)
