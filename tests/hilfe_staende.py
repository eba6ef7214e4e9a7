"""Snapshots to work on, and the command line that is quick enough to be killed at every step."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import WURZEL, build_kleinkreis

GEBIET = "kleinkreis"
OHNE_GEBIET = ("starten", "diagnose")


@dataclass(frozen=True)
class Lauf:
    code: int
    stdout: str
    stderr: str
    schritte: list[str]


class Befehlszeile:
    """`sozialraum …` as a process of its own, without the seconds of importing (see vorgeladen.py)."""

    def __init__(self, ort: Path) -> None:
        self._ort = ort
        self._prozess = subprocess.Popen(
            [sys.executable, str(WURZEL / "tests" / "vorgeladen.py")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", cwd=WURZEL,
        )  # fmt: skip

    def run(self, daten: Path, *angaben: str, erwarte: int | None = 0, **mehr) -> Lauf:
        self.beginne(daten, *angaben, **mehr)
        lauf = self.ende()
        if erwarte is not None:
            assert lauf.code == erwarte, lauf.stdout + lauf.stderr
        return lauf

    def beginne(self, daten: Path, *angaben: str, schritte: bool = False, **mehr) -> None:
        ausgabe, fehler, liste = self._ort / "stdout", self._ort / "stderr", self._ort / "schritte"
        for datei in (ausgabe, fehler, liste):
            datei.unlink(missing_ok=True)
        auftrag = {
            "angaben": [*angaben, *([] if angaben[0] in OHNE_GEBIET else ["--gebiet", GEBIET]), "--daten", str(daten)],
            "ort": str(daten), "ordner": str(daten / GEBIET), "stdout": str(ausgabe), "stderr": str(fehler), **mehr,
        }  # fmt: skip
        if schritte or "toete_bei" in mehr:
            auftrag["schritte"] = str(liste)
        self._prozess.stdin.write(json.dumps(auftrag) + "\n")
        self._prozess.stdin.flush()

    @property
    def fehler(self) -> str:
        """What the command has written to stderr so far."""
        datei = self._ort / "stderr"
        return datei.read_text(encoding="utf-8") if datei.is_file() else ""

    def ende(self) -> Lauf:
        code = json.loads(self._prozess.stdout.readline())["code"]
        dateien = [self._ort / name for name in ("stdout", "stderr", "schritte")]
        texte = [d.read_text(encoding="utf-8") if d.is_file() else "" for d in dateien]
        return Lauf(code, texte[0], texte[1], texte[2].splitlines())

    def beende(self) -> None:
        self._prozess.stdin.close()
        self._prozess.wait(30)


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
