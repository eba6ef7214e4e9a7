"""Loading: rows a second from a long CSV into intern.duckdb, all rules applied, and the peak of memory.

`python -m tests.bench.laden_bench [Millionen Zeilen …]`; invented figures, 400 Kreise with 10,800 Gemeinden.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

KREISE, GEMEINDEN = 400, 27  # Gemeinden of each Kreis
MERKMALE = 30  # every third is the sum of the two before it

GEBIET = """
name = "Messland"
erfunden = true
anzeige_ebene = "gemeinde"
[[ebene]]
id = "land"
titel = "Land"
titel_plural = "Länder"
muster = '^99$'
[[ebene]]
id = "kreis"
titel = "Kreis"
titel_plural = "Kreise"
eltern = "land"
muster = '^99\\d{3}$'
[[ebene]]
id = "gemeinde"
titel = "Gemeinde"
titel_plural = "Gemeinden"
eltern = "kreis"
muster = '^99\\d{6}$'
[[gebietsstand]]
ab = 1900-01-01
geometrie = "ohne.geojson"
crs = "EPSG:25832"
raeume = "raeume.csv"
quelle = "erfunden"
lizenz = "CC0"
"""
LADEN = """
import sys
from pathlib import Path
from etl.load import load
from etl.quelle import read_quelle
from geodata.gebiet import read_gebiet
wurzel = Path(sys.argv[1])
quelle = read_quelle(wurzel / "lang.toml")
load(read_gebiet(wurzel / "messland"), {"lang": quelle}, [(quelle, wurzel / "lang.csv")], wurzel / "intern.duckdb")
"""


def write_gebiet(wurzel: Path) -> list[str]:
    """The invented territory; returns the keys of Kreise and Gemeinden."""
    ordner = wurzel / "messland"
    ordner.mkdir()
    (ordner / "gebiet.toml").write_text(GEBIET, encoding="utf-8")
    kreise = [f"99{k:03d}" for k in range(KREISE)]
    gemeinden = [f"{k}{g:03d}" for k in kreise for g in range(GEMEINDEN)]
    zeilen = ["99;Messland;land;", *(f"{k};Kreis {k};kreis;99" for k in kreise)]
    zeilen += [f"{g};Gemeinde {g};gemeinde;{g[:5]}" for g in gemeinden]
    (ordner / "raeume.csv").write_text("raum_id;name;ebene;eltern_id\n" + "\n".join(zeilen) + "\n", encoding="utf-8")
    return kreise + gemeinden


def write_profil(wurzel: Path) -> None:
    teile = ['titel = "Lang"', 'gebiet = ["messland"]', 'herausgeber = "erfunden"', 'lizenz = "CC0"']
    teile += ['ebene = "gemeinde"', "[datei]", 'muster = "lang.csv"', "[raum]", 'spalte = "ags"']
    teile += ["[stichtag]", 'spalte = "tag"', 'format = "%d.%m.%Y"', "[lang]", 'merkmal = ["merkmal"]', 'wert = "wert"']
    teile += ["[lang.werte]", *(f'm{m:02d} = "m{m:02d}"' for m in range(MERKMALE))]
    teile += ["[standard]", 'einheit = "Personen"', 'recht = "sgb2"']
    for m in range(MERKMALE):
        teile += [f"[merkmale.m{m:02d}]", f'titel = "Merkmal {m}"']
        teile += [f'summe_aus = ["m{m - 2:02d}", "m{m - 1:02d}"]'] if m % 3 == 2 else []
    (wurzel / "lang.toml").write_text("\n".join(teile) + "\n", encoding="utf-8")


def write_lieferung(wurzel: Path, raeume: list[str], zeilen: int) -> int:
    """The long CSV, Stichtag by Stichtag (as such files come); returns the number of rows."""
    je_tag = len(raeume) * MERKMALE
    zufall, anzahl = np.random.default_rng(1), 0
    namen = pa.array([f"m{m:02d}" for m in range(MERKMALE)])
    with open(wurzel / "lang.csv", "wb") as ziel:
        ziel.write(b"ags;tag;merkmal;wert\n")
        for jahr in range(max(1, round(zeilen / je_tag))):
            werte = zufall.poisson(60, (KREISE, GEMEINDEN, MERKMALE)).astype(np.int64)
            werte[:, :, 2::3] = werte[:, :, 0::3] + werte[:, :, 1::3]
            alle = np.concatenate([werte.sum(axis=1), werte.reshape(-1, MERKMALE)]).ravel()
            tabelle = pa.table(
                {
                    "ags": pa.array(raeume).take(pa.array(np.repeat(np.arange(len(raeume)), MERKMALE))),
                    "tag": pa.array([f"31.12.{1900 + jahr}"] * je_tag),
                    "merkmal": namen.take(pa.array(np.tile(np.arange(MERKMALE), len(raeume)))),
                    "wert": alle,
                }
            )
            optionen = pacsv.WriteOptions(include_header=False, delimiter=";", quoting_style="none")
            pacsv.write_csv(tabelle, ziel, optionen)
            anzahl += je_tag
    return anzahl


def messe(millionen: float) -> str:
    with tempfile.TemporaryDirectory() as ordner:
        wurzel = Path(ordner)
        raeume = write_gebiet(wurzel)
        write_profil(wurzel)
        anzahl = write_lieferung(wurzel, raeume, round(millionen * 1e6))
        mb = (wurzel / "lang.csv").stat().st_size / 1e6
        anfang = time.perf_counter()
        subprocess.run([sys.executable, "-c", LADEN, ordner], check=True)
        dauer = time.perf_counter() - anfang
        spitze = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        return (
            f"{anzahl / 1e6:.1f} Mio. Zeilen ({mb:.0f} MB): {dauer:.1f} s, {anzahl / dauer / 1e6:.2f} Mio. Zeilen/s, "
            f"Spitze {spitze:.0f} MiB"
        )


if __name__ == "__main__":
    for angabe in sys.argv[1:] or ["2", "10"]:
        print(messe(float(angabe)), flush=True)
