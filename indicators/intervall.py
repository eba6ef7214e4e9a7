"""Confidence intervals of counts: arrays in, arrays out.

Full administrative counts are not samples. The interval describes the random variation of the process that
produced them (how far would the number move if nothing but chance changed?), not a sampling error.
"""

import numpy as np
from scipy import stats

SICHERHEIT = 0.95
KLEIN = 10  # below this many events Byar's approximation is too rough; the exact Poisson limits are used


def wilson(zaehler, nenner, *, sicherheit: float = SICHERHEIT) -> tuple[np.ndarray, np.ndarray]:
    """Interval of a share, after Wilson.

    Args:
        zaehler: persons with the characteristic [persons]; fractions (annual means) are allowed.
        nenner: persons of the reference group, same shape [persons].
        sicherheit: coverage, 0.95 for screens, 0.998 for "conspicuous on a map".

    Returns:
        Lower and upper limit as a share in 0…1. NaN where the share is not defined: a missing number,
        Nenner ≤ 0, Zähler < 0 or Zähler > Nenner.

    Source: Wilson (1927); PHEindicatormethods 2.1 `phe_proportion`.
    """
    x, n = np.broadcast_arrays(np.asarray(zaehler, float), np.asarray(nenner, float))
    gueltig = (n > 0) & (x >= 0) & (x <= n)
    x, n = np.where(gueltig, x, np.nan), np.where(gueltig, n, np.nan)
    z = stats.norm.ppf((1 + sicherheit) / 2)
    anteil = x / n
    mitte, weite = 2 * x + z**2, z * np.sqrt(z**2 + 4 * x * (1 - anteil))
    unten, oben = (mitte - weite) / (2 * (n + z**2)), (mitte + weite) / (2 * (n + z**2))
    # Rounding errors must not push a limit past the value or out of 0…1.
    return np.minimum(np.where(x == 0, 0, np.maximum(unten, 0)), anteil), np.maximum(np.where(x == n, 1, oben), anteil)


def byar(ereignisse, *, sicherheit: float = SICHERHEIT) -> tuple[np.ndarray, np.ndarray]:
    """Interval of a number of events: Byar's approximation, exact Poisson limits below 10 events.

    Args:
        ereignisse: events or cases; may exceed the persons they are later divided by.

    Returns:
        Lower and upper limit in events. NaN where the number is missing or negative.

    Source: Breslow & Day (1987); PHEindicatormethods 2.1 `phe_rate`.
    """
    x = np.asarray(ereignisse, float)
    x = np.where(x >= 0, x, np.nan)
    klein = x < KLEIN
    # The exact limits are slow: only where they are needed.
    exakt_unten, exakt_oben = poisson_exakt(x[klein], sicherheit=sicherheit)
    z = stats.norm.ppf((1 + sicherheit) / 2)
    gross = np.maximum(x, KLEIN)  # keeps the unused branch free of divisions by zero
    unten = gross * (1 - 1 / (9 * gross) - z / (3 * np.sqrt(gross))) ** 3
    oben = (gross + 1) * (1 - 1 / (9 * (gross + 1)) + z / (3 * np.sqrt(gross + 1))) ** 3
    unten, oben = np.array(unten), np.array(oben)  # NaN has stayed NaN
    unten[klein], oben[klein] = exakt_unten, exakt_oben
    return unten, oben


def poisson_exakt(ereignisse, *, sicherheit: float = SICHERHEIT) -> tuple[np.ndarray, np.ndarray]:
    """Exact limits of a Poisson count (Garwood 1936), lower limit 0 at 0 events; missing stays NaN."""
    x = np.asarray(ereignisse, float)
    rand = (1 - sicherheit) / 2
    unten = np.where(x == 0, 0, stats.chi2.ppf(rand, 2 * np.where(x == 0, 1, x)) / 2)
    return unten, stats.chi2.ppf(1 - rand, 2 * x + 2) / 2
