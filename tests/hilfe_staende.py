"""Snapshots to work on, and the command line that is quick enough to be killed at every step."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.befehle import Lauf, Vorgeladen
from tests.conftest import build_kleinkreis

GEBIET = "kleinkreis"
OHNE_GEBIET = ("starten", "diagnose")


class Befehlszeile(Vorgeladen):
    """The command line on a Kleinkreis whose files count every step."""

    def run(self, daten: Path, *angaben: str, erwarte: int | None = 0, **mehr) -> Lauf:
        self.beginne(daten, *angaben, **mehr)
        lauf = self.ende()
        if erwarte is not None:
            assert lauf.code == erwarte, lauf.stdout + lauf.stderr
        return lauf

    def beginne(self, daten: Path, *angaben: str, **mehr) -> None:
        gebiet = [] if angaben[0] in OHNE_GEBIET else ["--gebiet", GEBIET]
        self.schicke([*angaben, *gebiet, "--daten", str(daten)], daten, ordner=str(daten / GEBIET), **mehr)


@contextmanager
def befehlszeile(ort: Path) -> Iterator[Befehlszeile]:
    zeile = Befehlszeile(ort)
    try:
        yield zeile
    finally:
        zeile.beende()


def baue_staende(zeile: Befehlszeile, daten: Path, anzahl: int) -> list[str]:
    """Publish the Kleinkreis `anzahl` times, each time with other numbers for Weiler; names, oldest first."""
    build_kleinkreis(daten)
    namen = []
    for nr in range(anzahl):
        aendere(daten, nr)
        zeile.run(daten, "laden")
        zeile.run(daten, "veroeffentlichen")
        namen.append(read_zeiger(daten))
    return namen


def aendere(daten: Path, nr: int) -> None:
    """A later delivery for 2023 in which Weiler has 20 + nr instead of 2 persons."""
    eingang = daten / GEBIET / "eingang" / "kk_sgb2"
    text = (eingang / "sgb2_2023-12.csv").read_text(encoding="cp1252")
    neu = text.replace("Weiler;2", f"Weiler;{20 + nr}").replace("1.245", f"1.{263 + nr}")
    (eingang / f"sgb2_2023-12_korrektur_{nr}.csv").write_text(neu, encoding="cp1252", newline="")


def read_zeiger(daten: Path) -> str | None:
    return json.loads((daten / GEBIET / "AKTUELL.json").read_text(encoding="utf-8"))["snapshot"]


def kopiere(vorlage: Path, ziel: Path) -> Path:
    """A data folder of one's own. Files of snapshots never change, so they are linked, not copied."""
    return shutil.copytree(vorlage, ziel, copy_function=_kopiere_datei)


def _kopiere_datei(von: str, nach: str) -> None:
    if Path(von).suffix in (".bin", ".duckdb") and "bestand" in Path(von).parts:
        os.link(von, nach)
    else:
        shutil.copy2(von, nach)


def kopiere_stand(snapshot: Path, name: str) -> Path:
    """The same snapshot under another name."""
    return kopiere(snapshot, snapshot.with_name(name))


def schreibe(pfad: Path, inhalt: bytes) -> None:
    """Change a file of one's own copy; the original behind a link stays as it is."""
    pfad.unlink()
    pfad.write_bytes(inhalt)


def kippe_bit(pfad: Path, stelle: int) -> None:
    inhalt = bytearray(pfad.read_bytes())
    inhalt[stelle % len(inhalt)] ^= 1
    schreibe(pfad, bytes(inhalt))


def reste(daten: Path) -> list[str]:
    """What a crash may leave: hidden files and folders, apart from the empty lock file."""
    ordner = daten / GEBIET
    gefunden = [*ordner.glob(".*"), *(ordner / "bestand").glob(".*")]
    return sorted(p.name for p in gefunden if p.name != ".veroeffentlichen.sperre")
