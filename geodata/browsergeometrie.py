"""Boundaries as the map in the browser reads them: one small, immutable binary file per level and Gebietsstand.

File (gzip, little endian): uint32 length of the header; JSON header, padded with blanks to a multiple of 4; int16 dx
of all points, then int16 dy. The first point of a ring counts from the first point of the ring before, all others from
the point before. y grows downwards. Rings are implicitly closed and filled even-odd, so holes are rings like others.
"""

import gzip
import hashlib
import json
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

VERSION = 1
RASTER = 32_000  # grid units on the longer side; int16 holds 32 767
FEIN, GROB = 16_000, 4_000  # simplification: fraction of the extent that may be lost, for small and for large maps
PUNKTE_FEIN = 60_000  # up to here the finer one costs nothing: 60 000 points are about 200 kB


@dataclass(frozen=True)
class Rahmen:
    """The grid of a Gebiet: all its levels and Gebietsstände share one, so the map stands still between years.

    `x0`, `y0` is the upper left corner [m], `meter` the width of a grid unit.
    """

    x0: float
    y0: float
    meter: float
    breite: int
    hoehe: int

    def to_raster(self, punkte: np.ndarray) -> np.ndarray:
        """Points (n, 2) in metres → whole grid units, y downwards."""
        return np.rint((punkte - [self.x0, self.y0]) / [self.meter, -self.meter]).astype(np.int32)


def build_rahmen(grenzen: tuple[float, float, float, float]) -> Rahmen:
    """The grid for an extent (minx, miny, maxx, maxy) in metres."""
    minx, miny, maxx, maxy = (float(wert) for wert in grenzen)
    meter = max(maxx - minx, maxy - miny) / RASTER
    return Rahmen(minx, maxy, meter, round((maxx - minx) / meter), round((maxy - miny) / meter))


def simplify_deckung(flaechen: np.ndarray, ausdehnung: float) -> np.ndarray:
    """Simplifies an exact coverage without opening gaps; the tolerance is a fraction of the extent [m].

    Large maps are simplified more, to a quarter of a pixel on a map 1000 pixels wide.
    """
    fein = shapely.coverage_simplify(flaechen, ausdehnung / FEIN)
    if shapely.get_num_coordinates(fein).sum() <= PUNKTE_FEIN:
        return fein
    return shapely.coverage_simplify(flaechen, ausdehnung / GROB)


def encode_ebene(raeume: gpd.GeoDataFrame, rahmen: Rahmen, *, ebene: str, gebietsstand: str) -> bytes:
    """One level as the content of a browser file, before compression; equal input gives equal bytes.

    Args:
        raeume: one row per Raum: `raum_id`, `name`, `eltern_id`, simplified polygons of an exact coverage in metres.
    """
    flaechen = raeume.geometry.values
    ringe = [_ringe(flaeche, rahmen) for flaeche in flaechen]
    alle = [ring for je_raum in ringe for ring in je_raum]
    kopf = {
        "version": VERSION,
        "ebene": ebene,
        "gebietsstand": gebietsstand,
        "breite": rahmen.breite,
        "hoehe": rahmen.hoehe,
        "meter": rahmen.meter,
        "crs": raeume.crs.to_string(),
        "ids": raeume["raum_id"].tolist(),
        "namen": raeume["name"].tolist(),
        "eltern": [None if pd.isna(eltern) else eltern for eltern in raeume["eltern_id"]],
        "mitten": rahmen.to_raster(find_mitten(flaechen, rahmen.meter)).ravel().tolist(),
        "nachbarn": find_nachbarn(flaechen),
        "ringe": [len(je_raum) for je_raum in ringe],
        "punkte": [len(ring) for ring in alle],
    }
    return _container(kopf, _deltas(alle).T.astype("<i2").tobytes())


def compress(inhalt: bytes) -> bytes:
    """gzip without time and name, so that equal content stays equal."""
    return gzip.compress(inhalt, compresslevel=9, mtime=0)


def format_dateiname(ebene: str, gebietsstand: str, inhalt: bytes) -> str:
    """Immutable file name: the hash is that of the uncompressed content, so it does not depend on the zlib version."""
    return f"{ebene}_{gebietsstand}_{hashlib.sha256(inhalt).hexdigest()[:12]}.bin"


def _container(kopf: dict, rumpf: bytes) -> bytes:
    text = json.dumps(kopf, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    return len(text).to_bytes(4, "little") + text + rumpf


def _ringe(flaeche: shapely.Geometry, rahmen: Rahmen) -> list[np.ndarray]:
    """All rings of a Raum on the grid, open (last ≠ first). Rings that shrink to nothing go; the largest stays."""
    roh = [
        rahmen.to_raster(shapely.get_coordinates(ring)[:-1]) for ring in shapely.get_rings(shapely.get_parts(flaeche))
    ]
    ringe = [ring[np.any(ring != np.roll(ring, 1, axis=0), axis=1)] for ring in roh]
    groessen = [_doppelte_flaeche(ring) for ring in ringe]
    bleibt = [ring for ring, groesse in zip(ringe, groessen, strict=True) if groesse > 0]
    return bleibt or [roh[0][0] + np.array([[0, 0], [1, 0], [1, 1], [0, 1]])]  # smaller than a grid unit: one unit


def _doppelte_flaeche(ring: np.ndarray) -> int:
    """Twice the area of a ring, in whole grid units."""
    x, y = ring.T.astype(np.int64)
    return abs(int(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))))


def _deltas(ringe: list[np.ndarray]) -> np.ndarray:
    """Steps from point to point (n, 2); the first point of a ring counts from the first of the ring before."""
    punkte = np.concatenate(ringe)
    schritte = np.diff(punkte, axis=0, prepend=[[0, 0]])
    anfang = np.cumsum([0, *map(len, ringe[:-1])])
    schritte[anfang] = np.diff(punkte[anfang], axis=0, prepend=[[0, 0]])
    return schritte


def find_mitten(flaechen: np.ndarray, meter: float) -> np.ndarray:
    """A point well inside each Raum, for labels and keyboard moves: centre of the largest circle that fits (n, 2)."""
    kreise = shapely.maximum_inscribed_circle(flaechen, tolerance=20 * meter)
    return shapely.get_coordinates(shapely.get_point(kreise, 0))


def find_nachbarn(flaechen: np.ndarray) -> list[list[int]]:
    """For each Raum the positions of those it shares a border with (a common corner is not enough), ascending."""
    kanten, raum = _kanten(flaechen)
    ordnung = np.lexsort(kanten.T)
    kanten, raum = kanten[ordnung], raum[ordnung]
    gleich = np.flatnonzero(np.all(kanten[1:] == kanten[:-1], axis=1) & (raum[1:] != raum[:-1]))
    paare = {frozenset((int(raum[i]), int(raum[i + 1]))) for i in gleich}
    nachbarn: list[list[int]] = [[] for _ in flaechen]
    for a, b in sorted(map(sorted, paare)):
        nachbarn[a].append(b)
        nachbarn[b].append(a)
    return [sorted(liste) for liste in nachbarn]


def _kanten(flaechen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every border segment (n, 4), its ends in fixed order, and the position of its Raum (n)."""
    teile, raum_je_teil = shapely.get_parts(flaechen, return_index=True)
    ringe, teil_je_ring = shapely.get_rings(teile, return_index=True)
    punkte, ring = shapely.get_coordinates(ringe, return_index=True)
    innen = ring[1:] == ring[:-1]
    von, bis = punkte[:-1][innen], punkte[1:][innen]
    tausch = (von[:, 0] > bis[:, 0]) | ((von[:, 0] == bis[:, 0]) & (von[:, 1] > bis[:, 1]))
    von[tausch], bis[tausch] = bis[tausch], von[tausch]
    return np.hstack([von, bis]), raum_je_teil[teil_je_ring[ring[:-1][innen]]]
