"""Germany's 10,990 Gemeinden with eight years of one indicator: the size at which maps become slow.

Boundaries VG250 (BKG) and `q_hausarzt_bev` (INKAR, BBSR) come from the folder that SOZIALRAUM_REFERENZ names.
"""

from __future__ import annotations

import os
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

MERKMAL, KENNZAHL, GEBIET = "inkar_hausaerzte", "hausaerzte_inkar", "deutschland"
QUELLE = "de_hausaerzte"

GEBIET_TOML = """name = "Deutschland"
erfunden = false
anzeige_ebene = "gemeinde"
vorauswahl = "hausaerzte_inkar"

[[ebene]]
id = "bund"
titel = "Bund"
titel_plural = "Bund"
muster = '^DG$'

[[ebene]]
id = "kreis"
titel = "Kreis"
titel_plural = "Kreise"
eltern = "bund"
muster = '^\\d{5}$'

[[ebene]]
id = "gemeinde"
titel = "Gemeinde"
titel_plural = "Gemeinden"
eltern = "kreis"
muster = '^\\d{8}$'

[[gebietsstand]]
ab = 2015-01-01
geometrie = "gemeinden.gpkg"
schluessel = "raum_id"
crs = "EPSG:25832"
raeume = "raeume.csv"
enklaven = [[609563, 5270067]]
quelle = "© GeoBasis-DE / BKG 2022 (Daten verändert)"
lizenz = "dl-de/by-2-0"
"""

QUELLE_TOML = """titel = "Hausärzte der Gemeinden"
gebiet = ["deutschland"]
herausgeber = "BBSR, INKAR 2024"
lizenz = "dl-de/by-2-0"
hinweis = "Datenbasis: Laufende Raumbeobachtung des BBSR, INKAR 2024, © BBSR Bonn, dl-de/by-2-0"
ebene = "gemeinde"

[datei]
muster = "hausaerzte_{stichtag:%Y}.csv"
zeichensatz = "utf-8"
trennzeichen = ";"
dezimal = ","
kopf = "Schlüssel"
nicht_geliefert = [""]
unvollstaendig = true

[raum]
spalte = "Schlüssel"
andere = "auslassen"

[spalten]
"Hausärzte" = "inkar_hausaerzte"

[merkmale.inkar_hausaerzte]
titel = "Hausärzte je 10.000 Einwohner"
einheit = "je 10.000"
recht = "keins"
art = "wert"
minimum = 0
"""


def find_referenz() -> Path | None:
    """The reference folder, or None where SOZIALRAUM_REFERENZ names none."""
    ordner = os.environ.get("SOZIALRAUM_REFERENZ")
    return Path(ordner) if ordner and (Path(ordner) / "germany").is_dir() else None


def read_grenzen(referenz: Path) -> gpd.GeoDataFrame:
    """One row per Gemeinde: raum_id (AGS), name, eltern_id (Kreis), polygon in EPSG:25832.

    The generalised VG250 overlaps in 106 places, so the coverage is cleaned first; our own gate would refuse it.
    """
    vg250 = gpd.read_file(referenz / "germany" / "VG250_GEM.shp")
    ags = vg250["ARS"].str[:5] + vg250["ARS"].str[9:]
    regionen = pd.read_parquet(referenz / "inkar" / "medizinische_und_soziale_versorgung.parquet")
    namen = regionen[regionen["raumbezug"] == "Gemeinden"].drop_duplicates("kennziffer").set_index("kennziffer")["name"]
    flaechen = shapely.make_valid(vg250.geometry.values)
    raeume = gpd.GeoDataFrame(
        {"raum_id": ags, "name": ags.map(namen).fillna("Gemeindefreies Gebiet " + ags), "eltern_id": ags.str[:5]},
        geometry=shapely.coverage_clean(_nur_flaechen(flaechen)),
        crs=25832,
    )
    return raeume.sort_values("raum_id", ignore_index=True)


def _nur_flaechen(geometrien):
    """make_valid leaves lines where a polygon touched itself; only areas stay."""
    teile, nummer = shapely.get_parts(geometrien, return_index=True)
    flaechen = gpd.GeoSeries(teile)[shapely.get_dimensions(teile) == 2]
    return flaechen.groupby(nummer[flaechen.index]).agg(lambda gruppe: shapely.union_all(gruppe.values)).values


def read_werte(referenz: Path) -> pd.DataFrame:
    """One row per Gemeinde, one column per year (2015 … 2022): Hausärzte je 10.000 Einwohner; NaN = not delivered."""
    tabelle = pd.read_parquet(referenz / "inkar" / "medizinische_und_soziale_versorgung.parquet")
    gemeinden = tabelle[(tabelle["raumbezug"] == "Gemeinden") & tabelle["q_hausarzt_bev"].notna()]
    return gemeinden.pivot(index="kennziffer", columns="zeitbezug", values="q_hausarzt_bev")


def write_gebiet(daten: Path, grenzen: gpd.GeoDataFrame, werte: pd.DataFrame) -> None:
    """Territory, source profile and deliveries as a Kreis would put them into its own data folder."""
    gebiet = daten / "katalog" / "gebiete" / GEBIET
    quellen = daten / "katalog" / "quellen"
    eingang = daten / GEBIET / "eingang" / QUELLE
    for ordner in (gebiet, quellen, eingang):
        ordner.mkdir(parents=True, exist_ok=True)
    (gebiet / "gebiet.toml").write_text(GEBIET_TOML, encoding="utf-8")
    (quellen / f"{QUELLE}.toml").write_text(QUELLE_TOML, encoding="utf-8")
    grenzen[["raum_id", "geometry"]].to_file(gebiet / "gemeinden.gpkg", driver="GPKG")
    kreise = pd.DataFrame({"raum_id": grenzen["eltern_id"].unique()})
    kreise = kreise.assign(name="Kreis " + kreise["raum_id"], ebene="kreis", eltern_id="DG")
    bund = pd.DataFrame({"raum_id": ["DG"], "name": ["Deutschland"], "ebene": ["bund"], "eltern_id": [""]})
    raeume = pd.concat([bund, kreise, grenzen[["raum_id", "name", "eltern_id"]].assign(ebene="gemeinde")])
    raeume[["raum_id", "name", "ebene", "eltern_id"]].to_csv(gebiet / "raeume.csv", sep=";", index=False)
    for jahr in werte.columns:
        lieferung = werte[jahr].dropna().rename_axis("Schlüssel").rename("Hausärzte").reset_index()
        lieferung.to_csv(eingang / f"hausaerzte_{jahr}.csv", sep=";", decimal=",", index=False)
