"""Are these polygons a map? Checks for invalid areas, overlaps and gaps, and the repair of what is only noise.

Delivered boundaries are rarely perfect: rounding and reprojecting leave slivers that nobody can see. The rule for
all checks is one length: what is nowhere wider than `TOLERANZ_M` is a sliver and is closed, anything wider means that
somebody has to decide where the border runs. Input is always one row per Raum with `raum_id` and polygons in metres.
"""

import re

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

TOLERANZ_M = 1.0  # below the accuracy of digital city maps and of what any screen shows of a Kreis
RAUSCHEN_M2 = 1e-4  # one square centimetre: floating point noise of intersections, not reported at all
ZWEIFEL_M2 = 1.0  # area that two readings of an invalid polygon may differ by

GRUENDE = {
    "Ring Self-intersection": "Rand berührt sich selbst",
    "Self-intersection": "Rand überschneidet sich",
    "Hole lies outside shell": "Loch liegt außerhalb der Fläche",
    "Holes are nested": "Löcher liegen ineinander",
    "Nested shells": "Teilflächen liegen ineinander",
    "Interior is disconnected": "Löcher zerteilen die Fläche",
    "Too few points": "Rand hat zu wenige Punkte",
    "Invalid Coordinate": "Koordinate ist keine Zahl",
}


def find_ungueltige(raeume: gpd.GeoDataFrame) -> pd.DataFrame:
    """Areas whose border contradicts itself.

    Returns:
        One row per invalid Raum: `raum_id`, `grund` (German), `x`, `y` (place), `zweifel_m2` (area of which it is
        open whether it belongs to the Raum; up to `ZWEIFEL_M2` the repair changes nothing one could see).
    """
    flaechen = raeume.geometry.values
    krank = np.flatnonzero(~shapely.is_valid(flaechen))
    texte = [str(shapely.is_valid_reason(flaechen[i])) for i in krank]
    orte = [re.findall(r"-?\d+(?:\.\d+)?", text) for text in texte]
    return pd.DataFrame(
        {
            "raum_id": raeume["raum_id"].to_numpy()[krank],
            "grund": [GRUENDE.get(text.split("[")[0].strip(), text) for text in texte],
            "x": [float(ort[0]) if ort else np.nan for ort in orte],
            "y": [float(ort[1]) if len(ort) > 1 else np.nan for ort in orte],
            "zweifel_m2": [_zweifel(flaechen[i]) for i in krank],
        }
    )


def _zweifel(flaeche: shapely.Geometry) -> float:
    """How far the readings of an invalid polygon differ: even-odd, by structure, and by its signed area [m²]."""
    linien = shapely.make_valid(flaeche)
    struktur = shapely.make_valid(flaeche, method="structure", keep_collapsed=False)
    return max(abs(linien.area - flaeche.area), shapely.symmetric_difference(linien, struktur).area)


def find_ueberlappungen(raeume: gpd.GeoDataFrame) -> pd.DataFrame:
    """Pairs of Räume that cover the same ground. Needs valid areas.

    Returns:
        One row per pair, widest first: `raum_a`, `raum_b`, `flaeche_m2`, `breite_m` (widest place), `x`, `y` (there).
    """
    flaechen, ids = raeume.geometry.values, raeume["raum_id"].to_numpy()
    links, rechts = raeume.sindex.query(flaechen, predicate="intersects")
    einmal = links < rechts  # each pair once, no Raum with itself
    links, rechts = links[einmal], rechts[einmal]
    schnitt = np.asarray(shapely.intersection(flaechen[links], flaechen[rechts]), dtype=object)
    echt = shapely.area(schnitt) > RAUSCHEN_M2
    befunde = pd.DataFrame({"raum_a": ids[links[echt]], "raum_b": ids[rechts[echt]]})
    return _with_mass(befunde, schnitt[echt])


def find_luecken(raeume: gpd.GeoDataFrame) -> pd.DataFrame:
    """Holes in the territory: ground between Räume that belongs to none. Needs valid areas.

    Returns:
        One row per hole, widest first: `nachbarn` (keys around it, comma separated), `flaeche_m2`, `breite_m`
        (widest place), `x`, `y` (there), `geometry` (the hole).
    """
    flaechen, ids = raeume.geometry.values, raeume["raum_id"].to_numpy()
    teile = shapely.get_parts(_vereinige(flaechen))
    loecher = shapely.polygons(shapely.get_rings(teile))[_ist_innenring(teile)]
    loecher = loecher[shapely.area(loecher) > RAUSCHEN_M2]
    saum = shapely.buffer(loecher, 0.01)
    loch, raum = raeume.sindex.query(saum, predicate="intersects")
    seite = shapely.area(shapely.intersection(saum[loch], flaechen[raum])) > 0.001  # 10 cm of border, not a corner
    loch, raum = loch[seite], raum[seite]
    nachbarn = [", ".join(sorted(ids[raum[loch == nr]])) for nr in range(len(loecher))]
    return _with_mass(pd.DataFrame({"nachbarn": nachbarn, "geometry": loecher}), loecher)


def _vereinige(flaechen: np.ndarray) -> shapely.Geometry:
    """Union of all areas; the fast way where borders are shared exactly."""
    if shapely.coverage_is_valid(flaechen):
        return shapely.coverage_union_all(flaechen)
    return shapely.union_all(flaechen)


def _ist_innenring(teile: np.ndarray) -> np.ndarray:
    """True for every ring of these polygons, in the order of `get_rings`, that is a hole."""
    anzahl = shapely.get_num_interior_rings(teile) + 1
    innen = np.ones(anzahl.sum(), dtype=bool)
    innen[np.cumsum(anzahl) - anzahl] = False
    return innen


def _with_mass(befunde: pd.DataFrame, flaechen: np.ndarray) -> pd.DataFrame:
    """Adds area, greatest width and its place to findings; the widest first."""
    kreise = _kreise(_nur_flaechen(flaechen))
    anfang = shapely.get_point(kreise, 0)
    befunde = befunde.assign(
        flaeche_m2=shapely.area(flaechen),
        breite_m=2 * shapely.length(kreise),
        x=shapely.get_x(anfang),
        y=shapely.get_y(anfang),
    )
    return befunde.sort_values("breite_m", ascending=False, kind="stable", ignore_index=True)


def groesste_breite(polygone: np.ndarray, *, genau: float = 1.0) -> np.ndarray:
    """Diameter of the largest circle that fits into each polygon [m], to within `genau`."""
    return 2 * shapely.length(_kreise(polygone, genau))


def _kreise(polygone: np.ndarray, genau: float = 0.05) -> np.ndarray:
    """The largest circle that fits, as a line from its centre to its edge."""
    return shapely.maximum_inscribed_circle(polygone, tolerance=genau)


def _nur_flaechen(geometrien: np.ndarray) -> np.ndarray:
    """Drops points and lines that repairs and intersections leave beside the polygons."""

    def nur(geometrie: shapely.Geometry) -> shapely.Geometry:
        teile = shapely.get_parts(shapely.get_parts(geometrie))
        teile = teile[shapely.get_type_id(teile) == shapely.GeometryType.POLYGON]
        return teile[0] if len(teile) == 1 else shapely.MultiPolygon(list(teile))

    return np.array([nur(geometrie) for geometrie in geometrien], dtype=object)


def build_gueltige(raeume: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The same Räume with every invalid area repaired; valid ones are untouched."""
    flaechen = np.array(raeume.geometry.values, dtype=object)
    krank = ~shapely.is_valid(flaechen)
    flaechen[krank] = _nur_flaechen(shapely.make_valid(flaechen[krank], method="structure", keep_collapsed=False))
    return raeume.set_geometry(gpd.GeoSeries(flaechen, index=raeume.index, crs=raeume.crs))


def build_deckung(raeume: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The same Räume as an exact coverage: neighbours share their border point by point, slivers are closed.

    Overlaps go to the neighbour with the longer common border, whatever their size: whether they are small enough
    is decided before, from `find_ueberlappungen` and `find_luecken`. Needs valid areas.
    """
    flaechen = np.array(raeume.geometry.values, dtype=object)
    if shapely.coverage_is_valid(flaechen, gap_width=TOLERANZ_M):
        return raeume
    sauber = shapely.coverage_clean(flaechen, gap_width=TOLERANZ_M)
    return raeume.set_geometry(gpd.GeoSeries(sauber, index=raeume.index, crs=raeume.crs))
