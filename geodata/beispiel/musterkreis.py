"""Boundaries of the invented Musterkreis: seeded, drawn like a real Kreis, an exact coverage.

The smallest pieces are Bausteine. A Quartier is one Baustein, or two where the second Gebietsstand splits or
merges it; so both Gebietsstände share every border they have in common, and every share of a conversion is known.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.random import RandomState  # the stream of RandomState never changes between versions of numpy
from scipy.spatial import Voronoi
from shapely import Point, Polygon
from shapely.ops import linemerge, polygonize, unary_union

from geodata.beispiel.namen import DORF_ANFANG, DORF_ENDE, KOMMUNEN, STADTTEILE
from geodata.fehler import GebietError

SAAT = 5999
KREIS = "05999"
MITTE = np.array([396_000.0, 5_671_000.0])  # EPSG:25832
RADIUS = 18_700.0  # m; with the outline below about 1,150 km²
FEINHEIT = 260.0  # m between two points of a border
RAUHEIT = 0.17  # sideways step of a new point, in parts of its segment
TEILUNGEN = {1: 3, 2: 2, 3: 1, 4: 1, 5: 1, 6: 1, 7: 1, 9: 1}  # Kommune → Quartiere that the second Gebietsstand splits
FUSIONEN = {1: 1, 3: 1, 8: 1}  # Kommune → pairs that it merges


@dataclass(frozen=True)
class Musterkreis:
    """`bausteine`: one row per piece (`kommune` 1…19, `kern` bool, `q2015`, `q2020` keys, `geometry` [m]).

    `raeume`: Gebietsstand → table `raum_id`, `name`, `ebene`, `eltern_id` of all levels.
    """

    bausteine: pd.DataFrame
    raeume: dict[str, pd.DataFrame]


def build_musterkreis() -> Musterkreis:
    """The whole territory; the same every time."""
    zufall = RandomState(SAAT)
    umriss = build_umriss(zufall)
    zentren = build_zentren(umriss, zufall)
    punkte = build_punkte(zentren, umriss, zufall)
    flaechen = build_flaechen(np.array([p for _, p, _ in punkte]), umriss, zufall)
    bausteine = pd.DataFrame({"kommune": [k for k, _, _ in punkte], "kern": [k for _, _, k in punkte]})
    bausteine["geometry"] = flaechen
    bausteine = _nummeriere(bausteine, zentren)
    return _benenne(*_schneide_zu(bausteine), zufall)


# ---------------------------------------------------------------- areas


def build_umriss(zufall: RandomState) -> Polygon:
    """An organic outline: a circle bent by a few waves."""
    winkel = np.linspace(0, 2 * np.pi, 240, endpoint=False)
    wellen = sum(zufall.normal(0, 0.17 / k) * np.cos(k * winkel + zufall.uniform(0, 6.28)) for k in range(2, 9))
    strecke = RADIUS * (1 + wellen)
    return Polygon(MITTE + np.c_[1.12 * strecke * np.cos(winkel), 0.92 * strecke * np.sin(winkel)])


def build_zentren(umriss: Polygon, zufall: RandomState) -> np.ndarray:
    """One centre per Kommune [m], evenly spread by a few rounds of Lloyd; the large towns lie inside."""
    punkte = _streue(umriss, len(KOMMUNEN), zufall)
    for _ in range(6):
        punkte = np.array([z.centroid.coords[0] for z in voronoi(punkte, umriss)])
    innen = np.linalg.norm(punkte - MITTE, axis=1) + zufall.uniform(0, 9_000, len(punkte))
    return punkte[np.argsort(innen)]


def build_punkte(zentren: np.ndarray, umriss: Polygon, zufall: RandomState) -> list[tuple[int, np.ndarray, bool]]:
    """Seeds of the Bausteine: (Kommune 1…19, x/y, in the built-up core?). Dense in the core, wide outside."""
    punkte = []
    for nr, (zelle, (_, einwohner, anzahl, stadt)) in enumerate(
        zip(voronoi(zentren, umriss), KOMMUNEN, strict=True), start=1
    ):
        kern = zelle.intersection(Point(zentren[nr - 1]).buffer(430 * np.sqrt(einwohner / 1000)))
        im_kern = max(1, round(anzahl * (0.35 + 0.35 * stadt)))
        lage = _streue(kern, im_kern, zufall)
        lage = _streue(zelle.buffer(-500).difference(kern), anzahl - im_kern, zufall, vorhanden=lage)
        punkte += [(nr, punkt, i < im_kern) for i, punkt in enumerate(lage)]
    return punkte


def _streue(flaeche: Polygon, anzahl: int, zufall: RandomState, vorhanden: np.ndarray | None = None) -> np.ndarray:
    """Scattered points that keep their distance (best of 40 candidates each), appended to `vorhanden`."""
    x0, y0, x1, y1 = flaeche.bounds
    punkte = [] if vorhanden is None else list(vorhanden)
    ziel = len(punkte) + anzahl
    while len(punkte) < ziel:
        kandidaten = np.c_[zufall.uniform(x0, x1, 120), zufall.uniform(y0, y1, 120)]
        kandidaten = kandidaten[shapely.contains_xy(flaeche, kandidaten)][:40]
        if not len(kandidaten):
            continue
        if punkte:
            abstand = np.linalg.norm(kandidaten[:, None] - np.array(punkte)[None], axis=2).min(axis=1)
            kandidaten = kandidaten[[int(np.argmax(abstand))]]
        punkte.append(kandidaten[0])
    return np.array(punkte)


def voronoi(punkte: np.ndarray, umriss: Polygon) -> list[Polygon]:
    """Cells of the points within the outline, in their order."""
    fern = MITTE + 400_000 * np.array([(1, 0), (0, 1), (-1, 0), (0, -1)])
    netz = Voronoi(np.vstack([punkte, fern]))
    zellen = (Polygon(netz.vertices[netz.regions[netz.point_region[i]]]) for i in range(len(punkte)))
    return [zelle.intersection(umriss) for zelle in zellen]


def build_flaechen(punkte: np.ndarray, umriss: Polygon, zufall: RandomState) -> list[Polygon]:
    """The cells with wiggly borders. Each border is bent once, so that neighbours share it exactly."""
    zellen = voronoi(punkte, umriss)
    netz = linemerge(unary_union([zelle.exterior for zelle in zellen]))
    grenzen = sorted((np.round(np.array(linie.coords)) for linie in netz.geoms), key=lambda linie: linie[0].tolist())
    gebogen = [_biege(linie, zufall) for linie in grenzen]
    flaechen = list(polygonize(unary_union(shapely.linestrings_from(gebogen) if False else _linien(gebogen))))
    if len(flaechen) != len(zellen) or not shapely.coverage_is_valid(flaechen):
        raise GebietError("Musterkreis: Die erzeugten Grenzen kreuzen sich.", tun="RAUHEIT verkleinern.")
    baum = shapely.STRtree(flaechen)
    wo = [int(np.argmax([zelle.intersection(flaechen[i]).area for i in range(len(flaechen))])) for zelle in zellen]
    del baum
    return [flaechen[i] for i in wo]
