"""Door: tables. The exported kennzahlen_daten.csv, the CSV and JSON of the API; all have the same columns."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path

from tests.angreifer.beobachtung import Einblick, Ort

ZAHLEN = ("wert", "unten", "oben", "zaehler", "nenner")


def read_export(datei: Path, *, tage: set[str] | None = None) -> Einblick:
    """What one exported table shows; `tage`: of these Stichtage only."""
    with datei.open(encoding="utf-8", newline="") as f:
        return read_zeilen(csv.DictReader(f), "Export", tage=tage)


def read_csv(inhalt: bytes, tuer: str) -> Einblick:
    return read_zeilen(csv.DictReader(io.StringIO(inhalt.decode("utf-8-sig"), newline="")), tuer)


def read_json(inhalt: bytes, tuer: str) -> Einblick:
    """An answer of /api/v1/…/werte/….json; its head names the Kennzahl."""
    antwort = json.loads(inhalt)
    kennzahl = {"kennzahl_id": antwort["kennzahl"]["id"]}
    return read_zeilen((kennzahl | zeile for zeile in antwort["werte"]), tuer)


def read_zeilen(zeilen: Iterable[dict], tuer: str, *, tage: set[str] | None = None) -> Einblick:
    """Every number of every row, whatever its status says: a number beside "gesperrt" is one all the same."""
    einblick = Einblick()
    for z in zeilen:
        tag = z["stichtag"][:10]
        if tage is not None and tag not in tage:
            continue
        heute = str(z.get("umgerechnet", "")).lower() == "true"
        ort = Ort(z["raum_id"], z["gebietsstand"], tag, z["kennzahl_id"], heute)
        einblick.status[ort] = z["status"]
        for rolle in ZAHLEN:
            if z.get(rolle) not in ("", None):
                einblick.note(ort, rolle, float(z[rolle]), tuer)
    return einblick
