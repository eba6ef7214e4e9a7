"""Sums of money: which ones tell about a single carrier, and what must remain uncertain about them.

The expenditure for one provider is a business secret, and of a sum with two carriers each can calculate the other.

Source: Hundepool et al., "Statistical Disclosure Control" (Wiley 2012), chapter 4: threshold rule, (n, k)-dominance
rule with n = 1, p %-rule, and the protection levels that follow from them.
"""

from __future__ import annotations

import numpy as np


def find_dominanz(
    summe: np.ndarray, traeger: np.ndarray, groesster: np.ndarray, *, schwelle: int, anteil: float = 0.85
) -> np.ndarray:
    """Sums that must be protected.

    Args:
        summe: sum of all carriers [euros].
        traeger: how many carriers or cases stand behind it; NaN = unknown.
        groesster: what the largest of them has [euros]; NaN = unknown.
        schwelle: fewer carriers are too few.
        anteil: the largest may have at most this share of the sum.

    Returns:
        True where fewer than `schwelle` carriers, or one with more than `anteil`, make up a sum that is not 0. What is
        unknown counts as too few.
    """
    genug, gestreut = traeger >= schwelle, groesster <= anteil * summe  # False where unknown
    return (summe != 0) & ~(genug & gestreut)


def compute_soll(
    summe: np.ndarray,
    groesster: np.ndarray,
    primaer: np.ndarray,
    *,
    anteil: float = 0.85,
    prozent: float = 10,
) -> tuple[np.ndarray, np.ndarray]:
    """Interval around each protected sum that must remain possible [euros]: `Zellen.soll_unten`, `soll_oben`.

    Half its width is the larger of

    * (1, k)-dominance: x₁/k − X, so that the largest may have no more than the share k of the greatest possible sum,
    * p %-rule: p/100·x₁ − (X − x₁ − x₂), so that the second cannot estimate the largest better than to p per cent;
      here in its strictest form, p/100·x₁: all others together know everything but the largest.

    Args:
        summe, groesster: X and x₁, as in `find_dominanz`; an unknown x₁ is reckoned as the whole sum.
        primaer: what `find_dominanz` says; elsewhere the result is NaN (no claim of its own).
        anteil: k as a share.
        prozent: p.
    """
    x1 = np.where(np.isnan(groesster), summe, groesster)
    breite = np.maximum(prozent / 100 * x1, x1 / anteil - summe)
    unten, oben = np.maximum(summe - breite, 0), summe + breite
    return np.where(primaer, unten, np.nan), np.where(primaer, oben, np.nan)
