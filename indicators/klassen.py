"""Class edges for maps: at most five classes, fixed over all Stichtage, with numbers that fit a legend."""

import math

import numpy as np

KLASSEN = 5
SPIEL = 0.2  # how far an edge may move off its quantile to become a round number, in classes
STELLEN = 12  # decimal places tried before giving up on a round number
INDEX_GRENZEN = (-1.0, 1.0, 1.5)  # standard deviations, see index.py
RAND = 0.15  # how far the outer edges may reach beyond the data, in widths of the outer class


def build_klassen(werte, *, art: str = "quote") -> tuple[float, ...]:
    """Edges of quantile classes, moved to the roundest number nearby.

    Args:
        werte: all values of one Kennzahl on one level over all Stichtage; NaN is left out.
        art: the kind of Kennzahl; counts (`anzahl`) get whole edges.

    Returns:
        k+1 ascending edges of k ≤ 5 classes: value v belongs to class i if edge[i] ≤ v < edge[i+1], the last class
        is closed. No class is empty over all years; few different values make fewer classes, a constant makes one,
        no value at all none (empty tuple).
    """
    v = np.sort(np.asarray(werte, float).ravel())
    v = v[np.isfinite(v)]
    if not len(v):
        return ()
    if art == "index":
        return _index(v)
    klein = 1.0 if art == "anzahl" else 0.0
    return _aussen(v, _ohne_leere(v, _innen(v, KLASSEN, klein)), klein)


def _index(v: np.ndarray) -> tuple[float, ...]:
    """Whole numbers are classes already, each gets its own; an index is cut where its method cuts it."""
    if (v == np.round(v)).all() and v[-1] - v[0] < KLASSEN + 1:
        return tuple(float(k) for k in range(int(v[0]), int(v[-1]) + 2))
    innen = [g for g in INDEX_GRENZEN if v[0] < g < v[-1]]
    return (float(np.floor(v[0])), *innen, float(np.floor(v[-1]) + 1))


def _innen(v: np.ndarray, klassen: int, klein: float) -> list[float]:
    """Edges between the classes. A smallest value that fills a class alone (often 0) gets one of its own."""
    rest = v[v > v[0]]
    if klassen < 2 or not len(rest):
        return []
    if (len(v) - len(rest)) * klassen >= len(v):
        erste = _trenne(v, v[0], rest[0], rest[0], klein)
        return [*erste, *_innen(rest, klassen - 1, klein)]
    return [kante for nr in range(1, klassen) for kante in _kante(v, nr / klassen, klein, SPIEL / klassen)]


def _kante(v: np.ndarray, anteil: float, klein: float, spiel: float) -> list[float]:
    """The roundest number that splits the sorted values near the quantile `anteil`."""
    ziel, links, rechts = np.quantile(v, [anteil, anteil - spiel, anteil + spiel], method="higher")
    kleiner = v[v < links]
    return _trenne(v, kleiner[-1] if len(kleiner) else links, rechts, ziel, klein)


def _trenne(v: np.ndarray, von: float, bis: float, ziel: float, klein: float) -> list[float]:
    """The roundest number above `von` and up to `bis`, near `ziel`; empty if there is none.

    Not on the largest value if it can be helped: that would make a class without width.
    """
    mitte = (von + bis) / 2
    if bis == v[-1] and (kante := _runde_zahl(von, mitte, min(ziel, mitte), klein, offen_links=True)) is not None:
        return [kante]
    kante = _runde_zahl(von, bis, ziel, klein, offen_links=True)
    return [] if kante is None else [kante]


def _runde_zahl(von: float, bis: float, ziel: float, klein: float, *, offen_links: bool = False) -> float | None:
    """The multiple of the coarsest step 1, 2, 5 × 10ⁿ in the interval, the one nearest to `ziel`.

    `klein` is the finest step allowed (1: whole numbers). None if the interval holds no such number.
    """
    hoch = math.floor(math.log10(max(abs(von), abs(bis), klein, 1e-9))) + 1
    for exponent in range(hoch, hoch - STELLEN, -1):
        for ziffer in (5, 2, 1):
            if _vielfaches(1, ziffer, exponent) < klein:
                return None
            erste, letzte = _spanne(von, bis, ziffer, exponent, offen_links)
            if erste <= letzte:
                naechste = round(ziel / _vielfaches(1, ziffer, exponent))
                return _vielfaches(min(max(naechste, erste), letzte), ziffer, exponent)
    return None


def _spanne(von: float, bis: float, ziffer: int, exponent: int, offen_links: bool) -> tuple[int, int]:
    """Smallest and largest n with n · ziffer · 10^exponent in the interval, compared as the numbers they will be."""
    schritt = _vielfaches(1, ziffer, exponent)
    erste, letzte = math.floor(von / schritt) - 1, math.floor(bis / schritt) + 1
    while (zahl := _vielfaches(erste, ziffer, exponent)) < von or (offen_links and zahl == von):
        erste += 1
    while _vielfaches(letzte, ziffer, exponent) > bis:
        letzte -= 1
    return erste, letzte


def _vielfaches(anzahl: int, ziffer: int, exponent: int) -> float:
    """Exactly the float that a legend's decimal number reads as, without the dust of multiplying."""
    return float(f"{anzahl * ziffer}e{exponent}")


def _ohne_leere(v: np.ndarray, innen: list[float]) -> list[float]:
    """Only edges with at least one value between them and their neighbours."""
    kanten: list[float] = []
    unten = -math.inf
    for kante in sorted(set(innen)):
        if np.any((v >= unten) & (v < kante)) and np.any(v >= kante):
            kanten.append(kante)
            unten = kante
    return kanten


def _aussen(v: np.ndarray, innen: list[float], klein: float) -> tuple[float, ...]:
    """Add the outer edges, rounded away from the data; every class gets a width."""
    kleinster, groesster = float(v[0]), float(v[-1])
    weite_unten = innen[0] - kleinster if innen else abs(kleinster)
    weite_oben = groesster - innen[-1] if innen else abs(groesster)
    von, bis = kleinster - RAND * weite_unten, groesster + RAND * weite_oben
    if klein:  # room for a whole number also below and above a fractional count
        von, bis = min(von, math.floor(kleinster)), max(bis, math.ceil(groesster))
    unten = _runde_zahl(von, kleinster, kleinster, klein)
    oben = _runde_zahl(groesster, bis, groesster, klein)
    unten = kleinster if unten is None else unten
    oben = groesster if oben is None else oben
    if unten < 0 <= kleinster:
        unten = 0.0
    letzte = max([unten, *innen])
    return (unten, *innen, oben if oben > letzte else letzte + (klein or abs(letzte) * RAND or 1.0))
