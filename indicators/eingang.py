"""intern.duckdb as the gate reads it. Only `publish` may ask; nothing else behind loading sees what is secret."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from geodata.fehler import MonitoringError
from geodata.gebiet import Gebiet

INTERN_VERSION = 2  # of intern.duckdb, see etl/bestand.py
# Findings about the form of a delivery. Whether the others occur depends on values: two worlds that differ in hidden
# counts only must not be told apart by them, so they stay in the house.
FORMREGELN = (
    "blatt", "doppelt", "fallliste", "fehlende", "korrektur", "lesen", "spalten", "versteckt", "vollstaendigkeit",
    "zeichensatz", "zuordnung",
)  # fmt: skip
LUECKE = """
WITH fehlt AS (
    SELECT l.quelle, f.merkmal, f.stichtag, r.ebene, list(f.raum_id ORDER BY f.raum_id) AS raeume
    FROM fallzahl_gueltig f JOIN lieferung l USING (lieferung_id) JOIN raum r USING (raum_id, gebietsstand)
    WHERE f.status = 'nicht_geliefert' AND NOT r.rest
    GROUP BY l.quelle, f.merkmal, f.stichtag, r.ebene
)
SELECT quelle, stichtag, ebene, list(merkmal ORDER BY merkmal) AS merkmale, raeume
FROM fehlt GROUP BY quelle, stichtag, ebene, raeume ORDER BY ALL
"""
WOHER = """
WITH spalten AS (
    SELECT z.lieferung_id, z.stichtag, m.text AS merkmal, b.text AS blatt, s.text AS spalte
    FROM (SELECT DISTINCT lieferung_id, stichtag, merkmal, blatt, spalte FROM zahl) z
    JOIN sprecher USING (lieferung_id, stichtag)
    JOIN wort m ON m.code = z.merkmal JOIN wort b ON b.code = z.blatt JOIN wort s ON s.code = z.spalte
), korrektur AS (
    SELECT lieferung_id, stichtag, merkmal, list(DISTINCT grund) AS gruende FROM korrigiert GROUP BY ALL
), annahme AS (
    SELECT lieferung_id, stichtag, coalesce(merkmal, '') AS merkmal, count(*) AS anzahl
    FROM befund JOIN angenommen USING (befund_id) WHERE list_contains($formregeln, regel) GROUP BY ALL
)
SELECT l.quelle, x.merkmal, x.stichtag, l.datei, x.blatt, x.spalte, l.geladen_am, l.profil_sha256 AS profil,
       coalesce(any_value(k.gruende), []) AS korrekturen, coalesce(sum(a.anzahl), 0)::INTEGER AS angenommen
FROM spalten x JOIN lieferung l USING (lieferung_id)
LEFT JOIN korrektur k USING (lieferung_id, stichtag, merkmal)
LEFT JOIN annahme a ON a.lieferung_id = x.lieferung_id AND coalesce(a.stichtag, x.stichtag) = x.stichtag
                    AND a.merkmal IN (x.merkmal, '')
GROUP BY ALL ORDER BY ALL
"""


@dataclass(frozen=True)
class Eingang:
    """Everything of intern.duckdb that a snapshot needs."""

    fallzahl: pd.DataFrame  # raum_id, gebietsstand, stichtag, merkmal, wert, status
    lieferung: pd.DataFrame  # quelle, datei, sha256, von, bis, geladen_am
    befund: pd.DataFrame  # quelle, regel, merkmal, schwere, anzahl, angenommen; FORMREGELN only
    vollstaendigkeit: pd.DataFrame  # quelle, merkmal, stichtag, ebene, raeume, geheim
    luecke: pd.DataFrame  # quelle, stichtag, ebene, merkmale, raeume
    unsinn: pd.DataFrame  # raum_id, gebietsstand, stichtag, merkmal: counted, but not shown
    woher: pd.DataFrame  # see herkunft.build_herkunft


def read_eingang(pfad: Path, gebiet: Gebiet) -> Eingang:
    if not pfad.is_file():
        raise MonitoringError(
            f"Für »{gebiet.name}« ist noch nichts geladen.",
            wo=str(pfad),
            tun=f"Zuerst »sozialraum laden --gebiet {gebiet.id}« ausführen.",
        )
    with duckdb.connect(str(pfad), read_only=True, config={"enable_external_access": "false"}) as con:
        _check_version(con, pfad, gebiet)
        con.register("angenommen", _read_annahmen(pfad.parent))
        fallzahl = con.execute(
            "SELECT raum_id, gebietsstand, stichtag, merkmal, wert, status FROM fallzahl_gueltig ORDER BY ALL"
        ).df()
        lieferung = con.execute(
            """
            SELECT l.quelle, l.datei, l.sha256, min(f.stichtag) AS von, max(f.stichtag) AS bis, l.geladen_am
            FROM lieferung l JOIN fallzahl_gueltig f USING (lieferung_id)
            GROUP BY ALL ORDER BY l.quelle, von, l.datei
            """
        ).df()
        befund = con.execute(
            """
            SELECT b.quelle, b.regel, coalesce(b.merkmal, '') AS merkmal, b.schwere, count(*) AS anzahl,
                   count(a.befund_id) AS angenommen
            FROM befund b LEFT JOIN angenommen a USING (befund_id)
            WHERE lieferung_id IN (SELECT lieferung_id FROM sprecher) AND list_contains($formregeln, b.regel)
            GROUP BY ALL ORDER BY ALL
            """,
            {"formregeln": list(FORMREGELN)},
        ).df()
        vollstaendigkeit = con.execute(
            """
            SELECT l.quelle, f.merkmal, f.stichtag, r.ebene, f.gebietsstand,
                   count(*) FILTER (f.status <> 'nicht_geliefert') AS raeume,
                   count(*) FILTER (f.status = 'gesperrt_quelle') AS geheim
            FROM fallzahl_gueltig f JOIN lieferung l USING (lieferung_id) JOIN raum r USING (raum_id, gebietsstand)
            WHERE NOT r.rest GROUP BY ALL ORDER BY ALL
            """
        ).df()
        luecke = con.execute(LUECKE).df()
        unsinn = con.execute("SELECT raum_id, gebietsstand, stichtag, merkmal FROM unsinn ORDER BY ALL").df()
        woher = con.execute(WOHER, {"formregeln": list(FORMREGELN)}).df()
        woher["korrekturen"] = [set(gruende) for gruende in woher["korrekturen"]]
    if fallzahl.empty:
        raise MonitoringError(
            f"Für »{gebiet.name}« liegt keine gültige Lieferung vor.",
            wo=str(pfad),
            tun=f"»sozialraum laden --gebiet {gebiet.id}« ausführen.",
        )
    lieferung["von"], lieferung["bis"] = (pd.to_datetime(lieferung[s]).dt.date for s in ("von", "bis"))
    for df in (fallzahl, vollstaendigkeit, luecke, unsinn, woher):
        df["stichtag"] = pd.to_datetime(df["stichtag"]).dt.date
    return Eingang(fallzahl, lieferung, befund, vollstaendigkeit, luecke, unsinn, woher)


def _check_version(con: duckdb.DuckDBPyConnection, pfad: Path, gebiet: Gebiet) -> None:
    """Refuses what an older or newer program has written; loading brings an older one up to date."""
    gefunden = con.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'fassung'").fetchall()
    version = con.execute("SELECT max(version) FROM fassung").fetchall()[0][0] if gefunden else 1
    if version != INTERN_VERSION:
        raise MonitoringError(
            f"Die interne Datenbank stammt von einer {'älteren' if version < INTERN_VERSION else 'neueren'} "
            "Programmversion.",
            wo=f"{pfad} (Fassung {version}, erwartet {INTERN_VERSION})",
            tun=f"»sozialraum laden --gebiet {gebiet.id}« bringt sie auf den heutigen Stand."
            if version < INTERN_VERSION
            else "Das Programm aktualisieren. Die Datei bleibt unverändert.",
        )


def _read_annahmen(ordner: Path) -> pd.DataFrame:
    """Ids of accepted findings; why they were accepted stays in the house."""
    pfad = ordner / "annahmen.jsonl"
    zeilen = pfad.read_text(encoding="utf-8").splitlines() if pfad.is_file() else []
    kennungen = sorted({json.loads(zeile)["befund_id"] for zeile in zeilen if zeile.strip()})
    return pd.DataFrame({"befund_id": pd.Series(kennungen, dtype=str)})
