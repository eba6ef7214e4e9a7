"""What the gate costs: `python -m tests.bench.tor_bench DATEN [ANZAHL]` on a folder that is already published.

Measured is everything between the arrival of a request and the first line of a page: identity, role, choice of the
Stores of all Gebiete. Also: opening a mixed view for the first time, and mixing one value file.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from flask import g
from werkzeug.test import EnvironBuilder

from app import _create_server
from dashboard.kopfzeile import ORT, Filter
from indicators.mischung import Sicht
from indicators.staende import find_gezeigt
from indicators.store import Store
from tests.hilfe_zugang import GEHEIMNIS, KOPFZEILE, als_gruppe


def find_kommune(daten: Path, gebiet: str) -> str:
    store = Store.open(find_gezeigt(daten / gebiet).ordner, "oeffentlich")
    return store.raeume(store.stand.ebenen[1].id)["raum_id"].iloc[0]


def miss_tor(daten: Path, kommunen: list[str], anzahl: int) -> list[float]:
    """Milliseconds of the gate for requests of a role for Kommunen in every Gebiet."""
    text = KOPFZEILE.replace('"99002"', ", ".join(f'"{k}"' for k in kommunen)).replace('"99003"', f'"{kommunen[0]}"')
    with tempfile.TemporaryDirectory() as ordner:
        for teil in daten.iterdir():
            if teil.name != "zugang.toml":
                (Path(ordner) / teil.name).symlink_to(teil)
        (Path(ordner) / "zugang.toml").write_text(text, encoding="utf-8")
        (Path(ordner) / "geheimnis").write_text(GEHEIMNIS)
        (Path(ordner) / "geheimnis").chmod(0o600)
        return miss_anfragen(_create_server(Path(ordner), None, wo=""), anzahl)


def miss_anfragen(server, anzahl: int) -> list[float]:
    tor, zeiten = server.extensions["tor"], []
    leser = Filter(lambda umgebung, beginne: umgebung[ORT], tor.einstellung.kopfzeile, GEHEIMNIS)
    for _ in range(anzahl + 1):
        umgebung = EnvironBuilder("/flensburg/karte", **als_gruppe("g-bedorf")).get_environ()
        beginn = time.perf_counter()
        leser(umgebung, lambda *_: None)
        davor = time.perf_counter() - beginn
        with server.request_context(umgebung):
            beginn = time.perf_counter()
            antwort = tor.pruefe()
            stores = tor.read_stores()
            zeiten.append((davor + time.perf_counter() - beginn) * 1000)
            assert antwort is None and stores and g.zutritt.rollen
    return zeiten[1:]


def main() -> int:
    daten, anzahl = Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    gebiete = sorted(p.parent.name for p in daten.glob("*/AKTUELL.json"))
    kommunen = {gebiet: find_kommune(daten, gebiet) for gebiet in gebiete}
    zeiten = sorted(miss_tor(daten, list(kommunen.values()), anzahl))
    print(f"{len(gebiete)} Gebiete, {len(zeiten)} Anfragen einer Rolle für {len(kommunen)} Kommunen")
    print(f"Tor [ms]: p50 {statistics.median(zeiten):.3f}, p95 {zeiten[int(0.95 * len(zeiten))]:.3f}")
    for gebiet, kommune in kommunen.items():
        beginn = time.perf_counter()
        store = Store.open_sicht(find_gezeigt(daten / gebiet).ordner, Sicht("oeffentlich", frozenset({kommune})))
        geoeffnet = time.perf_counter() - beginn
        namen = list(store._mischdateien)[:20]
        beginn = time.perf_counter()
        for name in namen:
            assert store.datei_inhalt(name)
        je_datei = f"{1000 * (time.perf_counter() - beginn) / len(namen):.1f} ms" if namen else "keine nötig"
        print(f"  {gebiet:<14} gemischte Sicht öffnen {1000 * geoeffnet:.0f} ms, eine Kartendatei mischen {je_datei}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
