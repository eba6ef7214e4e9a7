"""Boundaries of a territory: read, check, bring to all levels, compare over time, write for the browser."""

from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geodata import browsergeometrie
from geodata.befunde import check_gueltig, check_luecken, check_ueberlappungen
from geodata.gebiet import HAUPTHIERARCHIE, Gebiet, Gebietsstand
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


def read_geometrien(gebiet: Gebiet) -> dict[str, gpd.GeoDataFrame]:
    """id of each Gebietsstand → `read_geometrie`; for callers that need the boundaries more than once."""
    return {stand.id: read_geometrie(gebiet, stand) for stand in gebiet.gebietsstaende}


def find_zuschnitte(gebiet: Gebiet, geometrien: dict[str, gpd.GeoDataFrame] | None = None) -> pd.DataFrame:
    """Since when each Raum has had its present shape without interruption (less than 1 % of its area differs).

    A change that the drawn areas do not show, but gebiet.toml declares (`umstieg_fest`), counts as well.

    Returns:
        One row per Raum and Gebietsstand: `raum_id`, `gebietsstand`, `zuschnitt` (id of the Gebietsstand with which
        the shape began). The Rest-Raum has no shape; its zuschnitt is that of its first uninterrupted appearance.
    """
    raeume = gebiet.read_raeume()[["raum_id", "gebietsstand"]]
    if len(gebiet.gebietsstaende) == 1:
        return raeume.assign(zuschnitt=raeume["gebietsstand"])
    geometrien = geometrien or read_geometrien(gebiet)
    zeilen, vorher = [], {}
    for alt, stand in pairwise([None, *gebiet.gebietsstaende]):
        flaechen = geometrien[stand.id].set_index("raum_id").geometry.to_dict()
        jetzt, anders = {}, _anders_laut_angabe(gebiet, alt, stand) if alt else set()
        for raum_id in raeume.loc[raeume["gebietsstand"] == stand.id, "raum_id"]:
            flaeche = flaechen.get(raum_id)
            seit, alte = vorher.get(raum_id, (stand.id, flaeche))
            # compared with the first shape, not the last: many small changes must not add up unseen
            gleich = _gleich(alte, flaeche) and raum_id not in anders
            jetzt[raum_id] = (seit, alte) if gleich else (stand.id, flaeche)
            zeilen.append((raum_id, stand.id, jetzt[raum_id][0]))
        vorher = jetzt
    return pd.DataFrame(zeilen, columns=["raum_id", "gebietsstand", "zuschnitt"])


def _anders_laut_angabe(gebiet: Gebiet, alt: Gebietsstand, neu: Gebietsstand) -> set[str]:
    """Räume of all levels that gained or lost ground by a declared Umstieg of another Raum into them."""
    eltern = gebiet.read_eltern()
    eltern = eltern[eltern["hierarchie"] == HAUPTHIERARCHIE]
    oben_alt, oben_neu = (
        teil.set_index("raum_id")["eltern_id"].to_dict()
        for teil in (eltern[eltern["gebietsstand"] == stand.id] for stand in (alt, neu))
    )
    anders: set[str] = set()
    for fest in neu.umstieg_fest:
        for raum_neu in fest.nach:
            links, rechts = fest.raum_alt, raum_neu
            while links != rechts and links and rechts:  # up to the Raum that holds both
                anders |= {links, rechts}
                links, rechts = oben_alt.get(links), oben_neu.get(rechts)
    return anders


def _gleich(a: shapely.Geometry | None, b: shapely.Geometry | None) -> bool:
    if a is None or b is None:
        return a is b
    groesse = max(a.area, b.area)
    if abs(a.area - b.area) >= GLEICH * groesse or a.equals_exact(b, 0):  # most are one or the other, and it is quick
        return abs(a.area - b.area) < GLEICH * groesse
    return shapely.symmetric_difference(a, b).area < GLEICH * groesse


def write_browsergeometrie(
    gebiet: Gebiet,
    stand: Gebietsstand,
    ziel: Path,
    geometrien: dict[str, gpd.GeoDataFrame] | None = None,
    eigene: pd.DataFrame | None = None,
    eltern: pd.DataFrame | None = None,
) -> dict[str, str]:
    """Writes one browser file per level into the folder `ziel`; see `browsergeometrie` for the format.

    Args:
        eigene: own areas as `eigene.build_raeume` tells them; eltern: raum_id, gebietsstand, eltern_id of their parts.

    Returns:
        Level id → file name.
    """
    geometrien = geometrien or read_geometrien(gebiet)
    rahmen = browsergeometrie.build_rahmen(_grenzen(geometrien))
    inhalte = build_browsergeometrie(gebiet, stand, geometrien[stand.id], rahmen, eigene, eltern)
    dateien = {}
    for ebene, inhalt in inhalte.items():
        dateien[ebene] = browsergeometrie.format_dateiname(ebene, stand.id, inhalt)
        (ziel / dateien[ebene]).write_bytes(browsergeometrie.compress(inhalt))
    return dateien


def build_browsergeometrie(
    gebiet: Gebiet,
    stand: Gebietsstand,
    raeume: gpd.GeoDataFrame,
    rahmen: browsergeometrie.Rahmen,
    eigene: pd.DataFrame | None = None,
    eltern: pd.DataFrame | None = None,
) -> dict[str, bytes]:
    """Level id → uncompressed content. Only the lowest level is simplified; the others are unions of the result."""
    unten = raeume[raeume["ebene"] == gebiet.unterste_ebene.id]
    ausdehnung = max(rahmen.breite, rahmen.hoehe) * rahmen.meter
    einfach = browsergeometrie.simplify_deckung(unten.geometry.values, ausdehnung)
    unten = unten.set_geometry(gpd.GeoSeries(einfach, index=unten.index, crs=unten.crs))
    alle = build_ebenen(gebiet, stand, unten)
    ebenen = [ebene.id for ebene in gebiet.ebenen]
    if eigene is not None and len(eigene):
        eigene = eigene[(eigene["gebietsstand"] == stand.id) & eigene["mit_geometrie"]]
        ebenen += list(eigene["ebene"].unique())
        alle = pd.concat([alle, vereinige(eigene, eltern[eltern["gebietsstand"] == stand.id], alle)])
    return {
        ebene: browsergeometrie.encode_ebene(alle[alle["ebene"] == ebene], rahmen, ebene=ebene, gebietsstand=stand.id)
        for ebene in ebenen
    }


def vereinige(eigene: pd.DataFrame, eltern: pd.DataFrame, raeume: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Own areas as unions of those of their parts that have an area, in the order and shape of `eigene`."""
    flaechen = dict(zip(raeume["raum_id"], raeume.geometry, strict=True))
    teile = eltern.groupby("eltern_id")["raum_id"].agg(sorted).to_dict()
    geometrie = [
        shapely.coverage_union_all([flaechen[teil] for teil in teile[eigener] if teil in flaechen])
        for eigener in eigene["raum_id"]
    ]
    return gpd.GeoDataFrame(eigene[["raum_id", "name", "ebene", "eltern_id"]], geometry=geometrie, crs=raeume.crs)


def _grenzen(geometrien: dict[str, gpd.GeoDataFrame]) -> tuple[float, float, float, float]:
    """Extent of all Gebietsstände together: one frame for all years."""
    alle = np.array([raeume.total_bounds for raeume in geometrien.values()])
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
