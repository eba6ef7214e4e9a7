"""`sozialraum …` as a process of its own, without the seconds of importing (see vorgeladen.py)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

WURZEL = Path(__file__).parent.parent


@dataclass(frozen=True)
class Lauf:
    code: int
    stdout: str
    stderr: str
    schritte: list[str]


class Vorgeladen:
    """A process that has everything imported and forks for each command."""

    def __init__(self, ort: Path) -> None:
        self._ort = ort
        self._prozess = subprocess.Popen(
            [sys.executable, str(WURZEL / "tests" / "vorgeladen.py")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", cwd=WURZEL,
        )  # fmt: skip

    def schicke(self, angaben: list[str], ort: Path, *, ordner: str = "", schritte: bool = False, **mehr) -> None:
        """Begin a command in the folder `ort`; `mehr` as vorgeladen.py reads it."""
        ausgabe, fehler, liste = self._ort / "stdout", self._ort / "stderr", self._ort / "schritte"
        for datei in (ausgabe, fehler, liste):
            datei.unlink(missing_ok=True)
        auftrag = {"angaben": angaben, "ort": str(ort), "ordner": ordner, "umgebung": dict(os.environ)}
        auftrag |= {"stdout": str(ausgabe), "stderr": str(fehler), **mehr}
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


@cache
def vorgeladen() -> Vorgeladen:
    """The one of this test process; it ends with it, when its input closes."""
    return Vorgeladen(Path(tempfile.mkdtemp(prefix="sozialraum_befehle_")))


def rufe(angaben: list[str], ort: Path) -> subprocess.CompletedProcess:
    """Run one command in the folder `ort`: from the quick process where the system can fork."""
    if hasattr(os, "fork") and angaben[0] != "demo":  # building uses both cores by processes of its own
        vorgeladen().schicke(angaben, ort)
        lauf = vorgeladen().ende()
        return subprocess.CompletedProcess(angaben, lauf.code, lauf.stdout, lauf.stderr)
    befehl = [sys.executable, str(WURZEL / "app.py"), *angaben]
    return subprocess.run(befehl, capture_output=True, text=True, encoding="utf-8", cwd=ort)
