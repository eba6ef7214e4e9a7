"""`python -m tests.angreifer DATEN`: attack everything that is published in a data folder, and say what was found.

Every territory, every release profile, and whoever has two of them; every Stichtag, in whole numbers too. Takes minutes
on a large territory: `--tage 2` takes the two Stichtage with most numbers, `--hoechstens 100` so many secrets of each.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from tests.angreifer.angriff import greife_an, lies_richtig
from tests.angreifer.ausfuhr import fuehre_aus
from tests.angreifer.beobachtung import vereine
from tests.angreifer.gleichungen import Ausgabe
from tests.angreifer.katalog import list_profile, read_profil, read_wissen
from tests.angreifer.tabellen import read_export
from tests.angreifer.wahrheit import list_merkmale, list_tage, read_wahrheit


def main() -> int:
    angaben = argparse.ArgumentParser(prog="python -m tests.angreifer", description="Der Angreifer.")
    angaben.add_argument("daten", type=Path, help="Datenordner")
    angaben.add_argument("--gebiet", help="nur dieses Gebiet")
    angaben.add_argument("--tage", type=int, help="höchstens so viele Stichtage je Gebiet")
    angaben.add_argument("--hoechstens", type=int, help="höchstens so viele Geheimnisse je Stichtag")
    a = angaben.parse_args()
    gebiete = [z.parent.name for z in sorted(a.daten.glob(f"{a.gebiet or '*'}/AKTUELL.json"))]
    funde = 0
    for gebiet in gebiete:
        with tempfile.TemporaryDirectory() as ordner:
            funde += _greife_gebiet_an(a.daten, gebiet, Path(ordner), a.tage, a.hoechstens)
    print(f"{len(gebiete)} Gebiete, {funde} Funde")
    return 1 if funde or not gebiete else 0


def _greife_gebiet_an(daten: Path, gebiet: str, ordner: Path, tage: int | None, hoechstens: int | None) -> int:
    (stand,) = (daten / gebiet / "bestand").glob(_stand(daten / gebiet))
    profile = [f for f in list_profile(daten) if (stand / f"{f}.duckdb").is_file()]
    dateien = fuehre_aus(daten, ordner, [(gebiet, f) for f in profile])
    intern, funde = daten / gebiet / "intern.duckdb", 0
    merkmale = list_merkmale(intern)
    for tag in list_tage(intern)[:tage]:
        sichten = {f: read_export(dateien[gebiet, f], tage={tag}) for f in profile}
        raeume = {ort.raum for e in sichten.values() for ort in e.status}
        wissen = read_wissen(gebiet, daten, merkmale=merkmale, raeume=raeume)
        wahr = read_wahrheit(intern, wissen, {tag})
        for f, sicht in (*sichten.items(), ("alle zusammen", vereine(sichten.values()))):
            profil = read_profil(f if f in profile else profile[0], daten)
            ergebnis = greife_an(wissen, [Ausgabe(sicht, wahr)], profil, hoechstens=hoechstens)
            falsch = list(lies_richtig(wissen, Ausgabe(sicht, wahr)))
            print(f"{gebiet} {tag} {f}: {ergebnis}", *falsch[:5], sep="\n  falsch gelesen: ", flush=True)
            funde += len(ergebnis.funde) + len(falsch)
    return funde


def _stand(ordner: Path) -> str:
    return json.loads((ordner / "AKTUELL.json").read_text(encoding="utf-8"))["snapshot"]


if __name__ == "__main__":
    sys.exit(main())
