"""Boundaries of a territory: read, check, bring to all levels, compare over time, write for the browser."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geodata import browsergeometrie
from geodata.befunde import check_gueltig, check_luecken, check_ueberlappungen
from geodata.gebiet import Gebiet, Gebietsstand
from geodata.grenzdatei import read_polygone
from geodata.topologie import (
    build_deckung,
    build_gueltige,
    find_luecken,
    find_ueberlappungen,
    find_ungueltige,
)

GLEICH = 0.01  # share of area that may differ before a Raum counts as cut anew


def read_geometrie(gebiet: Gebiet, stand: Gebietsstand) -> gpd.GeoDataFrame:
    """Polygons of all levels; upper levels are unions of the lowest, so shared borders are exactly equal.

    Returns:
        One row per Raum with geometry in the order of `read_raeume()`: `raum_id`, `name`, `ebene`, `eltern_id`
        (missing for the top Raum), `geometry` in the metric CRS of the Gebietsstand.

    Raises:
        GebietError: file, CRS or keys wrong, areas broken, overlaps or gaps wider than a sliver.
    """
    return _read_ebenen(gebiet, stand)[0]


def check_gebiet(gebiet: Gebiet) -> list[str]:
    """Runs every check on tables and boundaries of all Gebietsstände.

    Returns:
        German hints on what was mended silently; empty if nothing was.

    Raises:
        GebietError: as `read_geometrie` and `Gebiet.read_raeume`.
    """
    gebiet.read_raeume()
    return [hinweis for stand in gebiet.gebietsstaende for hinweis in _read_ebenen(gebiet, stand)[1]]


def find_zuschnitte(gebiet: Gebiet) -> pd.DataFrame:
    """Since when each Raum has had its present shape without interruption (less than 1 % of its area differs).

    Returns:
        One row per Raum and Gebietsstand: `raum_id`, `gebietsstand`, `zuschnitt` (id of the Gebietsstand with which
        the shape began). The Rest-Raum has no shape; its zuschnitt is that of its first uninterrupted appearance.
    """
    raeume = gebiet.read_raeume()[["raum_id", "gebietsstand"]]
    if len(gebiet.gebietsstaende) == 1:
        return raeume.assign(zuschnitt=raeume["gebietsstand"])
    zeilen, vorher = [], {}
    for stand in gebiet.gebietsstaende:
        flaechen = read_geometrie(gebiet, stand).set_index("raum_id").geometry.to_dict()
        jetzt = {}
        for raum_id in raeume.loc[raeume["gebietsstand"] == stand.id, "raum_id"]:
            flaeche = flaechen.get(raum_id)
            seit, alte = vorher.get(raum_id, (stand.id, flaeche))
            # compared with the first shape, not the last: many small changes must not add up unseen
            jetzt[raum_id] = (seit, alte) if _gleich(alte, flaeche) else (stand.id, flaeche)
            zeilen.append((raum_id, stand.id, jetzt[raum_id][0]))
        vorher = jetzt
    return pd.DataFrame(zeilen, columns=["raum_id", "gebietsstand", "zuschnitt"])


def _gleich(a: shapely.Geometry | None, b: shapely.Geometry | None) -> bool:
    if a is None or b is None:
        return a is b
    return shapely.symmetric_difference(a, b).area < GLEICH * max(a.area, b.area)


def write_browsergeometrie(gebiet: Gebiet, stand: Gebietsstand, ziel: Path) -> dict[str, str]:
    """Writes one browser file per level into the folder `ziel`; see `browsergeometrie` for the format.

    Returns:
        Level id → file name.
    """
    raeume = read_geometrie(gebiet, stand)
    inhalte = build_browsergeometrie(gebiet, stand, raeume, browsergeometrie.build_rahmen(_grenzen(gebiet)))
    dateien = {}
    for ebene, inhalt in inhalte.items():
        dateien[ebene] = browsergeometrie.format_dateiname(ebene, stand.id, inhalt)
        (ziel / dateien[ebene]).write_bytes(browsergeometrie.compress(inhalt))
    return dateien


def build_browsergeometrie(
    gebiet: Gebiet, stand: Gebietsstand, raeume: gpd.GeoDataFrame, rahmen: browsergeometrie.Rahmen
) -> dict[str, bytes]:
    """Level id → uncompressed content. Only the lowest level is simplified; the others are unions of the result."""
    unten = raeume[raeume["ebene"] == gebiet.unterste_ebene.id]
    ausdehnung = max(rahmen.breite, rahmen.hoehe) * rahmen.meter
    einfach = browsergeometrie.simplify_deckung(unten.geometry.values, ausdehnung)
    unten = unten.set_geometry(gpd.GeoSeries(einfach, index=unten.index, crs=unten.crs))
    alle = build_ebenen(gebiet, stand, unten)
    return {
        ebene.id: browsergeometrie.encode_ebene(
            alle[alle["ebene"] == ebene.id], rahmen, ebene=ebene.id, gebietsstand=stand.id
        )
        for ebene in gebiet.ebenen
    }


def _grenzen(gebiet: Gebiet) -> tuple[float, float, float, float]:
    """Extent of all Gebietsstände together: one frame for all years."""
    alle = np.array([read_polygone(gebiet, stand).total_bounds for stand in gebiet.gebietsstaende])
    return (*alle[:, :2].min(axis=0), *alle[:, 2:].max(axis=0))


def build_ebenen(gebiet: Gebiet, stand: Gebietsstand, unten: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """All levels from the coverage of the lowest (`raum_id`, geometry); shape as `read_geometrie`."""
    raeume, eltern = gebiet.read_raeume(), gebiet.read_eltern()
    raeume = raeume[(raeume["gebietsstand"] == stand.id) & ~raeume["rest"]]
    eltern = eltern[eltern["gebietsstand"] == stand.id]
    kinder = eltern.groupby("eltern_id")["raum_id"].agg(list).to_dict()
    flaechen = dict(zip(unten["raum_id"], unten.geometry, strict=True))

    def blaetter(raum_id: str) -> set[str]:
        if raum_id in flaechen:
            return {raum_id}
        return set().union(*(blaetter(kind) for kind in kinder.get(raum_id, [])))

    def flaeche(raum_id: str) -> shapely.Geometry | None:
        teile = sorted(blaetter(raum_id))
        return shapely.coverage_union_all([flaechen[teil] for teil in teile]) if teile else None

    geometrie = [flaechen.get(raum_id) or flaeche(raum_id) for raum_id in raeume["raum_id"]]
    spalten = raeume[["raum_id", "name", "ebene", "eltern_id"]].reset_index(drop=True)
    alle = gpd.GeoDataFrame(spalten, geometry=geometrie, crs=unten.crs)
    return alle[alle.geometry.notna()].reset_index(drop=True)


def _read_ebenen(gebiet: Gebiet, stand: Gebietsstand) -> tuple[gpd.GeoDataFrame, list[str]]:
    """All levels and the hints on what was mended."""
    unten = read_polygone(gebiet, stand)
    hinweise = check_gueltig(gebiet, stand, find_ungueltige(unten))
    unten = build_gueltige(unten)
    hinweise += check_ueberlappungen(gebiet, stand, find_ueberlappungen(unten))
    hinweise += check_luecken(gebiet, stand, find_luecken(unten))
    return build_ebenen(gebiet, stand, build_deckung(unten)), hinweise
