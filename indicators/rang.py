"""Ranks and how sure they are. Arrays in, arrays out."""

from __future__ import annotations

import numpy as np

SICHERHEIT = 0.95


def find_sicherheit(anzahl: int, *, sicherheit: float = SICHERHEIT) -> float:
    """Coverage of each of `anzahl` independent intervals, so that all together cover with `sicherheit` (Šidák)."""
    return sicherheit ** (1 / max(anzahl, 1))


def range_mit_intervall(wert, unten, oben) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rank (1 = highest; equal values share one) and the ranks it may have.

    Args:
        wert: of all Räume that are ranked together; NaN has no rank.
        unten, oben: intervals that hold jointly, see `find_sicherheit`; NaN where there is none.

    Returns:
        Rank, best and last possible rank. A Raum without an interval may stand anywhere for the others, and has no
        interval of its rank itself.

    No simulation: with jointly valid intervals, all Räume whose lower limit lies above the upper limit of this one are
    surely higher, and those whose upper limit lies below its lower limit surely lower. What is left is open.

    Source: Klein, Wright & Wieczorek, J. R. Stat. Soc. A 183 (2020) 589–606, theorem 1.
    """
    wert, unten, oben = (np.asarray(a, float) for a in (wert, unten, oben))
    da = np.isfinite(wert)
    hoechste = np.sort(-wert[da])
    rang = np.where(da, 1 + np.searchsorted(hoechste, -wert, side="left"), np.nan)
    mit = da & np.isfinite(unten) & np.isfinite(oben)
    sicher_hoeher = mit.sum() - np.searchsorted(np.sort(unten[mit]), oben, side="right")
    sicher_tiefer = np.searchsorted(np.sort(oben[mit]), unten, side="left")
    bester = np.where(mit, 1 + sicher_hoeher, np.nan)
    letzter = np.where(mit, da.sum() - sicher_tiefer, np.nan)
    return rang, bester, letzter
