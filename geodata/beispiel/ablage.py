"""Files of the Musterkreis in geodata/gebiete/musterkreis/; gebiet.toml is written by hand."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import shapely

from geodata.beispiel.musterkreis import Musterkreis

CRS = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25832"}}
ERFUNDEN = "erfundene Daten: Gebiete und Grenzen des Musterkreises sind erfunden"


def write_gebiet(musterkreis: Musterkreis, ziel: Path, einwohner: np.ndarray) -> None:
    """Boundaries and Räume of both Gebietsstände and the conversion between them.

    Args:
        einwohner: per Baustein at the change [persons]: the weight of a part in its old Quartier.
    """
    ziel.mkdir(parents=True, exist_ok=True)
    for stand, raeume in musterkreis.raeume.items():
        jahr = stand[:4]
        raeume.to_csv(ziel / f"{jahr}_raeume.csv", sep=";", index=False, lineterminator="\n")
        _write_geojson(musterkreis.bausteine, f"q{jahr}", ziel / f"{jahr}.geojson")
    umstieg = build_umstieg(musterkreis.bausteine, einwohner)
    umstieg.to_csv(ziel / "umstieg_2015_2020.csv", sep=";", index=False, lineterminator="\n", float_format="%.4f")


def _write_geojson(bausteine: pd.DataFrame, spalte: str, pfad: Path) -> None:
    """One feature per Quartier and line, whole metres."""
    zeilen = []
    for schluessel, teile in bausteine.groupby(spalte):
        flaeche = shapely.normalize(shapely.coverage_union_all(teile["geometry"].to_numpy()))
        ringe = [[[int(x), int(y)] for x, y in ring.coords] for ring in (flaeche.exterior, *flaeche.interiors)]
        geometrie = {"type": "Polygon", "coordinates": ringe}
        zeilen.append({"type": "Feature", "properties": {"raum_id": schluessel}, "geometry": geometrie})
    kopf = {"type": "FeatureCollection", "name": ERFUNDEN, "crs": CRS}
    text = json.dumps(kopf, ensure_ascii=False)[:-1] + ', "features": [\n'
    text += ",\n".join(json.dumps(zeile, separators=(",", ":")) for zeile in zeilen) + "\n]}\n"
    pfad.write_bytes(text.encode())


def build_umstieg(bausteine: pd.DataFrame, einwohner: np.ndarray) -> pd.DataFrame:
    """Shares of the old Quartiere in the new ones: `raum_alt`, `raum_neu`, `anteil`; sums to 1 per `raum_alt`."""
    tabelle = bausteine.assign(einwohner=einwohner).groupby(["q2015", "q2020"], as_index=False)["einwohner"].sum()
    zeilen = []
    for alt, teile in tabelle.groupby("q2015"):
        anteile = (teile["einwohner"] / teile["einwohner"].sum()).round(4).tolist()
        anteile[-1] = 1 - sum(anteile[:-1])
        zeilen += [(alt, neu, anteil) for neu, anteil in zip(teile["q2020"], anteile, strict=True)]
    return pd.DataFrame(zeilen, columns=["raum_alt", "raum_neu", "anteil"])
