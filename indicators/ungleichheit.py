"""How unevenly a group lives: segregation, isolation, Gini, location quotient. Arrays in, numbers out.

Sources: Duncan and Duncan 1955 (dissimilarity), Massey and Denton 1988 (isolation, Gini of segregation). All are biased
upwards where Räume are small: chance alone spreads a small group unevenly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MINDEST_RAEUME = 5
MINDEST_EINWOHNER = 300  # mean per Raum; below, chance alone makes a city look segregated


@dataclass(frozen=True)
class Segregation:
    """`status` "offen", or why there are no numbers: "zu_wenige" (areas), "gruppe_leer", "rest_leer".

    All three between 0 (as everywhere) and 1. `is_`: share of the group that would have to move to live as spread as
    the others. `isolation`: share of the group in the neighbourhood of its average member; `anteil`: in the whole, to
    compare with. `gini`: as `is_`, but over the whole curve. `n`: areas with people; `klein`: fewer than 300 people
    per area on average.
    """

    status: str
    n: int
    klein: bool = False
    is_: float | None = None
    isolation: float | None = None
    gini: float | None = None
    anteil: float | None = None


def compute_segregation(gruppe: np.ndarray, alle: np.ndarray, *, mindestens: int = MINDEST_RAEUME) -> Segregation:
    """Index of segregation, isolation and Gini of a group among all people.

    IS = ½ Σ |x/X − (n−x)/(N−X)|; isolation = Σ (x/X)(x/n); areas without people (n = 0) or without a number are left
    out. The caller decides whether a partly known city may be described at all.
    """
    x, n = np.asarray(gruppe, float), np.asarray(alle, float)
    da = np.isfinite(x) & np.isfinite(n) & (n > 0)
    x, n = x[da], n[da]
    if len(x) < mindestens:
        return Segregation("zu_wenige", len(x))
    gesamt_x, gesamt_n = float(x.sum()), float(n.sum())
    klein = gesamt_n / len(n) < MINDEST_EINWOHNER
    if gesamt_x <= 0 or gesamt_x >= gesamt_n:
        return Segregation("gruppe_leer" if gesamt_x <= 0 else "rest_leer", len(x), klein)
    return Segregation(
        "offen",
        len(x),
        klein,
        is_=dissimilaritaet(x, n - x),
        isolation=float((x / gesamt_x) @ (x / n)),
        gini=gini_segregation(x, n - x),
        anteil=gesamt_x / gesamt_n,
    )


def dissimilaritaet(a: np.ndarray, b: np.ndarray) -> float:
    """½ Σ |a/A − b/B|: share of one of both groups that would have to move. Neither may be empty."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    return float(0.5 * np.abs(a / a.sum() - b / b.sum()).sum())


def gini_segregation(a: np.ndarray, b: np.ndarray) -> float:
    """Gini of segregation: twice the area between the curve of both groups, areas ordered by the share of `a`, and the
    diagonal."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    folge = np.argsort(np.divide(a, a + b, out=np.zeros(len(a)), where=a + b > 0), kind="stable")
    x = np.concatenate([[0], np.cumsum(b[folge]) / b.sum()])
    y = np.concatenate([[0], np.cumsum(a[folge]) / a.sum()])
    return float(1 - (np.diff(x) * (y[1:] + y[:-1])).sum())


def gini(werte: np.ndarray) -> float | None:
    """Gini of values that are not negative, 0 (all equal) to (n−1)/n; None without values, or if all are 0."""
    x = np.sort(np.asarray(werte, float))
    x = x[np.isfinite(x)]
    n = len(x)
    if not n or x[0] < 0 or x.sum() <= 0:
        return None
    return float((2 * np.arange(1, n + 1) - n - 1) @ x / (n * x.sum()))


def lokationsquotient(gruppe: np.ndarray, alle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """LQ = (x/n)/(X/N): 2 means twice the share of the whole.

    Returns:
        Values (NaN without one) and status: "offen", "ohne_wert", "nenner_null", or "gruppe_leer" for all where the
        whole has nobody of the group.
    """
    x, n = np.asarray(gruppe, float), np.asarray(alle, float)
    da = np.isfinite(x) & np.isfinite(n)
    status = np.where(da, np.where(n > 0, "offen", "nenner_null"), "ohne_wert").astype(object)
    offen = status == "offen"
    gesamt = x[offen].sum()
    if gesamt <= 0:
        status[offen] = "gruppe_leer"
        return np.full(len(x), np.nan), status
    wert = np.full(len(x), np.nan)
    wert[offen] = x[offen] / n[offen] / (gesamt / n[offen].sum())
    return wert, status
