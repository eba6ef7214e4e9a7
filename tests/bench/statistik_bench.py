"""What the statistics cost: `python -m tests.bench.statistik_bench [kreis|land]`.

All Kennzahlen with comparison, rank and trend, from the values to the tables of a snapshot, written to a DuckDB file.
Processor seconds of one core, so that other work on the machine does not count.
`kreis`: 158 Quartiere, 19 Kommunen and the Kreis × 10 years × 80 Kennzahlen. `land`: 10,990 Gemeinden and their Land ×
20 years × 20 Kennzahlen. Counts are drawn with a seed, every fifth Kennzahl is a `verhaeltnis`, one cell of fifty is
hidden.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from indicators.arten import Spalte, compute
from indicators.auswertung import build_angaben, build_auswertung
from indicators.standdateien import write_datenbank

GROESSEN = {"kreis": (((1, "kreis"), (19, "kommune"), (158, "quartier")), 10, 80, 20), "land": (
    ((1, "land"), (10_990, "gemeinde")), 20, 20, 60)}  # fmt: skip


def build_raeume(ebenen) -> pd.DataFrame:
    teile, davor = [], [None]
    for anzahl, ebene in ebenen:
        namen = [f"{ebene}-{i}" for i in range(anzahl)]
        eltern = [davor[i % len(davor)] for i in range(anzahl)]
        teile.append(pd.DataFrame({"raum_id": namen, "eltern_id": eltern, "ebene": ebene}))
        davor = namen
    return pd.concat(teile, ignore_index=True).assign(gebietsstand="2015-01-01", zuschnitt="2015-01-01", rest=False)


def build_tabelle(raeume: pd.DataFrame, jahre: int, kennzahl: str, art: str, zufall) -> pd.DataFrame:
    """Counts of the lowest level, summed upwards, and the Kennzahl of all levels."""
    unten = raeume[~raeume["raum_id"].isin(raeume["eltern_id"])]
    n = zufall.integers(1500, 9000, (len(unten), 1)) + zufall.integers(-50, 50, (len(unten), jahre)).cumsum(axis=1)
    anteil = zufall.beta(8, 72, (len(unten), 1)) * np.linspace(1, 1.15, jahre)
    x = zufall.binomial(n, np.minimum(anteil, 0.9))
    zahlen = {r: (x[i], n[i]) for i, r in enumerate(unten["raum_id"])}
    for ebene in reversed(list(dict.fromkeys(raeume["ebene"]))[:-1]):
        for raum in raeume.loc[raeume["ebene"] == ebene, "raum_id"]:
            kinder = [zahlen[k] for k in raeume.loc[raeume["eltern_id"] == raum, "raum_id"]]
            zahlen[raum] = tuple(np.sum([k[j] for k in kinder], axis=0) for j in (0, 1))
    x, n = (np.array([zahlen[r][j] for r in raeume["raum_id"]], float).ravel() for j in (0, 1))
    status = np.where(zufall.random(len(x)) < 0.02, "gesperrt", "offen").astype(object)
    status[:jahre] = "offen"
    werte = compute(art, [Spalte(x, status)], [Spalte(n, np.full(len(n), "offen", object))], pro=100)
    tage = [date(2004 + j, 12, 31) for j in range(jahre)]
    offen = werte.status == "offen"
    return pd.DataFrame(
        {
            "kennzahl_id": kennzahl,
            "ebene": np.repeat(raeume["ebene"].to_numpy(object), jahre),
            "raum_id": np.repeat(raeume["raum_id"].to_numpy(object), jahre),
            "gebietsstand": "2015-01-01",
            "stichtag": tage * len(raeume),
            "wert": werte.wert,
            "unten": werte.unten,
            "oben": werte.oben,
            "zaehler": np.where(offen, x, np.nan),
            "nenner": np.where(offen, n, np.nan),
            "status": werte.status,
            "hinweis": "",
        }
    )


def miss(name: str) -> float:
    ebenen, jahre, anzahl, grenze = GROESSEN[name]
    zufall, raeume = np.random.default_rng(5), build_raeume(ebenen)
    ids = ["anteil_65_plus", "anteil_unter_18", *(f"kennzahl_{i}" for i in range(anzahl - 2))]
    arten = ["verhaeltnis" if i % 5 == 4 else "quote" for i in range(anzahl)]
    beginn = time.process_time()
    tabellen = {k: build_tabelle(raeume, jahre, k, a, zufall) for k, a in zip(ids, arten, strict=True)}
    davor = time.process_time()
    bruch = [{"ab": "2007-01-01", "wirkung": "trennt"}]
    texte = (json.dumps({"id": k, "art": a, "pro": 100, "brueche": bruch}) for k, a in zip(ids, arten, strict=True))
    ergebnis = build_auswertung(tabellen, pd.DataFrame(), raeume, build_angaben(texte))
    gerechnet = time.process_time()
    with tempfile.TemporaryDirectory() as ordner:
        write_datenbank(Path(ordner) / "probe.duckdb", **ergebnis)
        groesse = (Path(ordner) / "probe.duckdb").stat().st_size
    fertig = time.process_time()
    speicher = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{name}: {len(ergebnis['auswertung']):,} Werte; Zählen und Intervalle {davor - beginn:.1f} s (samt Auslosen), "
        f"Vergleich, Rang, Trend {gerechnet - davor:.1f} s, Schreiben {fertig - gerechnet:.1f} s "
        f"({groesse / 2**20:.0f} MB), Speicher {speicher:.0f} MB; Ziel {grenze} s"
    )
    return fertig - davor


def main() -> int:
    namen = sys.argv[1:] or list(GROESSEN)
    return int(any(miss(name) > GROESSEN[name][3] for name in namen))


if __name__ == "__main__":
    sys.exit(main())
