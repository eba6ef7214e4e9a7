"""Which Räume border on each other."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

ABSTAND_M = 1.0  # delivered borders do not always meet exactly; a river or a street between two Räume is wider


def find_nachbarn(geometrien: dict[str, gpd.GeoDataFrame], *, abstand_m: float = ABSTAND_M) -> pd.DataFrame:
    """Pairs of Räume of one level that touch, in a border or in a corner (queen contiguity).

    Args:
        geometrien: Gebietsstand → Räume of all levels with `raum_id`, `ebene`, polygons in a metric CRS.
        abstand_m: gaps up to this width [m] are none.

    Returns:
        One row per pair and direction: `gebietsstand`, `ebene`, `raum_id`, `nachbar_id`, sorted. A Raum without
        neighbours (an island, an exclave, one alone on its level) does not appear.
    """
    teile = []
    for stand, raeume in geometrien.items():
        for ebene, teil in raeume.groupby("ebene", sort=False):
            links, rechts = teil.sindex.query(teil.geometry, predicate="dwithin", distance=abstand_m)
            andere = links != rechts
            ids = teil["raum_id"].to_numpy(object)
            paare = {"raum_id": ids[links[andere]], "nachbar_id": ids[rechts[andere]]}
            teile.append(pd.DataFrame({"gebietsstand": stand, "ebene": ebene, **paare}))
    spalten = ["gebietsstand", "ebene", "raum_id", "nachbar_id"]
    alle = pd.concat(teile, ignore_index=True) if teile else pd.DataFrame(columns=spalten)
    return alle.drop_duplicates().sort_values(spalten, ignore_index=True)


def find_komponenten(raeume: list[str], nachbarn: pd.DataFrame) -> np.ndarray:
    """Number of the connected part that each Raum belongs to, 0 = that of the first Raum.

    Args:
        nachbarn: `raum_id`, `nachbar_id` of one level.
    """
    ort = {r: i for i, r in enumerate(raeume)}
    teil = np.arange(len(raeume))
    i, j = nachbarn["raum_id"].map(ort), nachbarn["nachbar_id"].map(ort)
    da = i.notna() & j.notna()
    i, j = i[da].to_numpy(int), j[da].to_numpy(int)
    while True:  # the smallest number spreads along the borders until nothing changes
        neu = teil.copy()
        np.minimum.at(neu, i, teil[j])
        neu = neu[neu]
        if (neu == teil).all():
            return np.unique(teil, return_inverse=True)[1]
        teil = neu
