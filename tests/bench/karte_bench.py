"""Benchmark of the map: our dashboard against a tutorial Dash app and plain Bokeh, on 10,990 Gemeinden.

Needs SOZIALRAUM_REFERENZ (see gemeinden.py). Builds the territory through the real commands, once per folder.
All three show the same values and boundaries (ours simplified as always, the rivals' the same way), one after the
other in the same browser; the table prints medians and ratios.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import pandas as pd
import psutil
import shapely
from playwright.sync_api import sync_playwright

from tests.bench import gemeinden
from tests.bench.messung import Ergebnis, miss
from tests.browser import ARGUMENTE, find_browser
from tests.conftest import free_port

WURZEL = Path(__file__).resolve().parent.parent.parent
ZEILEN = [
    ("erste Karte [ms]", "erste_karte"),
    ("Jahreswechsel [ms]", "wechsel"),
    ("Bytes bis zur Karte", "bytes_erste"),
    ("Bytes je Wechsel", "bytes_wechsel"),
]


def build_daten(referenz: Path, ordner: Path) -> None:
    """Territory, snapshot and the rivals' files; does nothing where they are there."""
    if (ordner / "werte.parquet").is_file():
        return
    grenzen, werte = gemeinden.read_grenzen(referenz), gemeinden.read_werte(referenz)
    gemeinden.write_gebiet(ordner, grenzen, werte)
    for befehl in ("laden", "veroeffentlichen"):
        angaben = [befehl, "--gebiet", gemeinden.GEBIET, "--daten", str(ordner)]
        subprocess.run([sys.executable, str(WURZEL / "app.py"), *angaben], check=True, stdout=sys.stderr)
    write_rivalen(ordner, grenzen, werte)


def write_rivalen(ordner: Path, grenzen: gpd.GeoDataFrame, werte: pd.DataFrame) -> None:
    """The same boundaries, simplified as for our map, as GeoJSON (WGS 84) and GeoPackage; the same values."""
    x0, y0, x1, y1 = grenzen.total_bounds
    einfach = grenzen.set_geometry(shapely.coverage_simplify(grenzen.geometry.values, max(x1 - x0, y1 - y0) / 4000))
    einfach.to_file(ordner / "gemeinden.gpkg", driver="GPKG")
    wgs84 = einfach.to_crs(4326).set_index("raum_id")[["geometry"]]
    wgs84["geometry"] = shapely.set_precision(wgs84.geometry.values, 1e-5)
    (ordner / "gemeinden.geojson").write_text(wgs84.to_json(), encoding="utf-8")
    werte.rename_axis("raum_id").rename(columns=str).to_parquet(ordner / "werte.parquet")


@contextmanager
def laufend(*befehl: str) -> Iterator[psutil.Process]:
    """A server process that has said where it listens; ended afterwards."""
    with subprocess.Popen([sys.executable, *befehl], stdout=subprocess.PIPE, text=True, cwd=WURZEL) as prozess:
        try:
            if "http://" not in (zeile := prozess.stdout.readline()):
                raise SystemExit(f"{befehl[0]} startet nicht: {zeile}")
            yield psutil.Process(prozess.pid)
        finally:
            prozess.terminate()


def miss_alle(ordner: Path) -> tuple[list[Ergebnis], int]:
    """Ours, tutorial Dash, Bokeh; and the memory of our web process after that [bytes]."""
    ergebnisse = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_browser(), args=[*ARGUMENTE, "--enable-unsafe-swiftshader"]
        )
        port = str(free_port())
        with laufend(str(WURZEL / "app.py"), "starten", "--daten", str(ordner), "--port", port) as prozess:
            url = f"http://127.0.0.1:{port}/{gemeinden.GEBIET}/karte?kennzahl={gemeinden.KENNZAHL}&ebene=gemeinde"
            ergebnisse.append(miss(browser, "sozialraum", f"{url}&stichtag=2015-12-31", "#stichtag"))
            speicher = prozess.memory_info().rss
        for name, modul, regler in (
            ("Dash (Lehrbuch)", "rivale_dash", "[role=slider]"),
            ("Bokeh", "rivale_bokeh", ".noUi-handle"),
        ):
            port = str(free_port())
            with laufend("-m", f"tests.bench.{modul}", str(ordner), port):
                ergebnisse.append(miss(browser, name, f"http://127.0.0.1:{port}/", regler))
        browser.close()
    return ergebnisse, speicher


def format_tabelle(ergebnisse: list[Ergebnis]) -> str:
    """One line per quantity: medians, and behind them how many times ours."""
    unser, *andere = ergebnisse
    kopf = f"{'10.990 Gemeinden':24}{unser.name:>14}" + "".join(f"{e.name:>18}{'×':>8}" for e in andere)
    zeilen = [kopf]
    for titel, was in ZEILEN:
        eigen = unser.median(was)
        zeile = f"{titel:24}{eigen:>14,.0f}"
        for e in andere:
            verhaeltnis = f"{e.median(was) / eigen:.1f}" if eigen else "–"
            zeile += f"{e.median(was):>18,.0f}{verhaeltnis:>8}"
        zeilen.append(zeile.translate(str.maketrans(",.", ".,")))
    return "\n".join(zeilen)


def main(ordner: Path | None = None) -> int:
    referenz = gemeinden.find_referenz()
    if referenz is None:
        print("Kartenvergleich ausgelassen: SOZIALRAUM_REFERENZ zeigt auf keinen Ordner mit germany/ und inkar/.")
        return 0
    ordner = ordner or WURZEL / "build" / "bench"
    ordner.mkdir(parents=True, exist_ok=True)
    build_daten(referenz, ordner)
    ergebnisse, speicher = miss_alle(ordner)
    print(format_tabelle(ergebnisse))
    print(f"Speicher des Webprozesses: {speicher / 2**20:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
