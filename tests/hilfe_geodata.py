"""Territories for tests, as a Kreis would put them down: gebiet.toml, raeume.csv and a GeoJSON file in a folder."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import shapely
from shapely import Polygon

from geodata.gebiet import Gebiet, read_gebiet

X, Y = 500_000, 5_700_000  # lower left corner of the test maps, in EPSG:25832
UTM32 = "urn:ogc:def:crs:EPSG::25832"

KOPF = """name = "Prüfkreis"
anzeige_ebene = "kommune"

[[ebene]]
id = "kreis"
titel = "Kreis"
titel_plural = "Kreise"
muster = '^K$'

[[ebene]]
id = "kommune"
titel = "Kommune"
titel_plural = "Kommunen"
eltern = "kreis"
muster = '^K\\d{2}$'
"""
STAND = """
[[gebietsstand]]
ab = {ab}
geometrie = "{ab}.geojson"
crs = "{crs}"
raeume = "{ab}.csv"
quelle = "erfunden"
lizenz = "CC0"
{mehr}
"""


def quadrat(spalte: float, zeile: float, breite: float = 1, hoehe: float = 1) -> Polygon:
    """A rectangle in kilometres on the test map."""
    x, y = X + 1000 * spalte, Y + 1000 * zeile
    return shapely.box(x, y, x + 1000 * breite, y + 1000 * hoehe)


def vieleck(*punkte: tuple[float, float]) -> Polygon:
    """A polygon from corners in kilometres on the test map."""
    return Polygon([(X + 1000 * x, Y + 1000 * y) for x, y in punkte])


def vier_quadrate() -> dict[str, Polygon]:
    """K01 K02 below, K03 K04 above, one square kilometre each."""
    return {"K01": quadrat(0, 0), "K02": quadrat(1, 0), "K03": quadrat(0, 1), "K04": quadrat(1, 1)}


def write_gebiet(
    ordner: Path,
    staende: Mapping[str, Mapping[str, Polygon]],
    *,
    crs: str = "EPSG:25832",
    crs_datei: str | None = UTM32,
    mehr: str = "",
    kopf: str = KOPF,
) -> Gebiet:
    """Writes a territory, date → key → polygon, and reads it through the front door."""
    ordner.mkdir(parents=True, exist_ok=True)
    bloecke = [STAND.format(ab=ab, crs=crs, mehr=mehr) for ab in staende]
    (ordner / "gebiet.toml").write_text(kopf + "".join(bloecke), encoding="utf-8")
    for ab, flaechen in staende.items():
        zeilen = ["raum_id;name;ebene;eltern_id", "K;Prüfkreis;kreis;"]
        zeilen += [f"{raum_id};Ort {raum_id};kommune;K" for raum_id in flaechen]
        (ordner / f"{ab}.csv").write_text("\n".join(zeilen) + "\n", encoding="utf-8")
        write_geojson(ordner / f"{ab}.geojson", list(flaechen.items()), crs=crs_datei)
    return read_gebiet(ordner)


def write_geojson(
    pfad: Path, flaechen: Sequence[tuple[object, Polygon]], *, crs: str | None = UTM32, spalte: str = "raum_id"
) -> None:
    """A GeoJSON file as GIS programs write it; crs None leaves the member out, which then means WGS 84."""
    inhalt: dict = {"type": "FeatureCollection"}
    if crs:
        inhalt["crs"] = {"type": "name", "properties": {"name": crs}}
    inhalt["features"] = [
        {"type": "Feature", "properties": {spalte: raum_id}, "geometry": json.loads(shapely.to_geojson(flaeche))}
        for raum_id, flaeche in flaechen
    ]
    pfad.write_text(json.dumps(inhalt), encoding="utf-8")
