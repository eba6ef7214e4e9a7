"""The files of a snapshot: geometry and values for the browser, and the database of one release profile."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd

from geodata.gebiet import Gebiet
from geodata.geometrie import write_browsergeometrie
from indicators.mischung import find_spalten
from indicators.umrechnung import build_heute
from indicators.wertdatei import write_vergleichsdatei, write_wertdateien

SCHEMA = Path(__file__).with_name("schema.sql")


def write_geometrie(gebiet: Gebiet, geometrien: dict, ziel: Path, eigene: pd.DataFrame, eltern) -> pd.DataFrame:
    """Geometry of every level in every Gebietsstand; rows of the table `datei`, as from all functions here."""
    ziel.mkdir()
    zeilen = []
    for stand in gebiet.gebietsstaende:
        for ebene, name in write_browsergeometrie(gebiet, stand, ziel, geometrien, eigene, eltern).items():
            zeilen.append(("", ebene, stand.id, "geo", name))
    return pd.DataFrame(zeilen, columns=["kennzahl_id", "ebene", "gebietsstand", "art", "name"])


def write_werte(tabellen: dict[str, pd.DataFrame], raeume: pd.DataFrame, ziel: Path) -> pd.DataFrame:
    """Value files of all Kennzahlen, one per level and Gebietsstand."""
    ziel.mkdir()
    orte, zeilen = _orte(raeume), []
    for kennzahl_id, tabelle in tabellen.items():
        for (ebene, gebietsstand), teil in tabelle.groupby(["ebene", "gebietsstand"], sort=False):
            kopf = {"kennzahl": kennzahl_id, "ebene": ebene, "gebietsstand": gebietsstand}
            for art, name in write_wertdateien(teil, orte[ebene, gebietsstand], kopf, ziel).items():
                zeilen.append((kennzahl_id, ebene, gebietsstand, art, name))
    return pd.DataFrame(zeilen, columns=["kennzahl_id", "ebene", "gebietsstand", "art", "name"])


def _orte(raeume: pd.DataFrame) -> dict[tuple[str, str], pd.DataFrame]:
    """Level and Gebietsstand → its Räume in the order of the geometry file, Rest-Räume last."""
    rest = raeume[raeume["rest"]]
    return {
        (ebene, stand): pd.concat([teil[~teil["rest"]].sort_values("nr"), rest[rest["gebietsstand"] == stand]])
        for (ebene, stand), teil in raeume.groupby(["ebene", "gebietsstand"])
    }


def write_vergleiche(auswertung: pd.DataFrame, raeume: pd.DataFrame, ziel: Path) -> pd.DataFrame:
    """Verdicts and ranks for the map, one file beside each value file."""
    orte, zeilen = _orte(raeume), []
    schluessel = ["kennzahl_id", "ebene", "gebietsstand"]
    for (kennzahl_id, ebene, gebietsstand), teil in auswertung.groupby(schluessel, sort=False, observed=True):
        kopf = {"kennzahl": kennzahl_id, "ebene": ebene, "gebietsstand": gebietsstand}
        name = write_vergleichsdatei(teil, orte[ebene, gebietsstand], kopf, ziel)
        zeilen.append((kennzahl_id, ebene, gebietsstand, "vergleich", name))
    return pd.DataFrame(zeilen, columns=["kennzahl_id", "ebene", "gebietsstand", "art", "name"])


def write_heute(
    tabellen: dict[str, pd.DataFrame], umgerechnet: pd.DataFrame, raeume: pd.DataFrame, ziel: Path
) -> pd.DataFrame:
    """Value files of all Stichtage on today's Räume, where there are converted values."""
    heute = raeume[raeume["gebietsstand"] == raeume["gebietsstand"].max()]
    zeilen = []
    for (kennzahl_id, ebene), neue in umgerechnet.groupby(["kennzahl_id", "ebene"], sort=False):
        orte = pd.concat([heute[(heute["ebene"] == ebene) & ~heute["rest"]].sort_values("nr"), heute[heute["rest"]]])
        tabelle = build_heute(tabellen[kennzahl_id][lambda t, e=ebene: t["ebene"] == e], neue, orte)
        kopf = {"kennzahl": kennzahl_id, "ebene": ebene, "gebietsstand": heute["gebietsstand"].iloc[0]}
        for art, name in write_wertdateien(tabelle, orte, kopf, ziel).items():
            zeilen.append((kennzahl_id, ebene, kopf["gebietsstand"], f"{art}_heute", name))
    return pd.DataFrame(zeilen, columns=["kennzahl_id", "ebene", "gebietsstand", "art", "name"])


def write_datenbank(pfad: Path, **tabellen: pd.DataFrame) -> None:
    """The database of one release profile."""
    with duckdb.connect(str(pfad)) as con:
        con.execute(SCHEMA.read_text(encoding="utf-8"))
        for name, df in tabellen.items():
            con.register("neu", df)
            con.execute(f"INSERT INTO {name} BY NAME SELECT {find_spalten(con, name)} FROM neu")
            con.unregister("neu")
        con.execute("CHECKPOINT")  # closing would do it too, but say nothing if the disk is full
