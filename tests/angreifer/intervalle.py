"""Numbers that give away other numbers: limits of chance tell the persons behind a rate, an order tells a value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
from scipy import stats

from tests.angreifer.beobachtung import Reihe, Zahl

Z = float(stats.norm.ppf(0.975))
GROESSTE = 1e9  # persons
REIHE_AB = 4  # so many shown values must stand in order before one believes in the order


def ordne_ein(reihe: Reihe) -> Iterator[Zahl]:
    """A hidden value between two shown ones of a table sorted by value lies between them.

    Hidden ones that stand together at the end say nothing: that is where a table puts what has no value.
    """
    werte = [w for _, w in reihe.werte if w is not None]
    if len(werte) < REIHE_AB or len(set(werte)) < 2 or any(a < b for a, b in pairwise(werte)):
        return
    letzte = max(i for i, (_, w) in enumerate(reihe.werte) if w is not None)
    oben = np.inf
    for i, (ort, wert) in enumerate(reihe.werte):
        if wert is not None:
            oben = wert
        elif i < letzte:
            unten = next(w for _, w in reihe.werte[i:] if w is not None)
            yield Zahl(ort, "wert", unten, oben, f"{reihe.tuer}, Platz {i + 1} der Reihenfolge")


def kehre_um(art: str, pro: float, wert: Zahl, unten: Zahl, oben: Zahl) -> list[tuple[str, float, float]]:
    """Persons behind a rate and its 95 % interval, as (rolle, least, greatest).

    Wilson's limits of a share p move towards p as the Nenner grows; those of a ratio (Byar) as the Zähler does.
    """
    if wert.von <= 0 or wert.bis == np.inf:
        return []
    if art == "quote":
        p = wert.von / pro, wert.bis / pro
        n = _schnitt(
            _umkehr(lambda n: _wilson(p[1], n, 1), oben.von / pro),
            _umkehr(lambda n: _wilson(p[0], n, 1), oben.bis / pro),
        )
        return [("nenner", *n), ("zaehler", n[0] * p[0], n[1] * p[1])]
    x = _schnitt(
        _umkehr(lambda x: _byar_oben(x) / x, oben.von / wert.bis),
        _umkehr(lambda x: _byar_oben(x) / x, oben.bis / wert.von),
    )
    return [("zaehler", *x)]


def _schnitt(a: float, b: float) -> tuple[float, float]:
    return min(a, b) - 1e-6 * abs(a) - 1e-6, max(a, b) + 1e-6 * abs(b) + 1e-6


def _umkehr(fallend: Callable[[float], float], ziel: float) -> float:
    """x with fallend(x) = ziel."""
    links, rechts = 1e-6, GROESSTE
    for _ in range(200):
        mitte = (links * rechts) ** 0.5
        links, rechts = (mitte, rechts) if fallend(mitte) > ziel else (links, mitte)
    return (links + rechts) / 2


def _wilson(p: float, n: float, seite: int) -> float:
    mitte, weite = p + Z**2 / (2 * n), Z * np.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
    return (mitte + seite * weite) / (1 + Z**2 / n)


def _byar_oben(x: float) -> float:
    if x < 10:
        return float(stats.chi2.ppf(0.975, 2 * x + 2) / 2)
    return (x + 1) * (1 - 1 / (9 * (x + 1)) + Z / (3 * np.sqrt(x + 1))) ** 3
