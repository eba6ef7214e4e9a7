"""`sozialraum export` for several territories and profiles in one process: the same commands, one start of Python."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

WURZEL = Path(__file__).parents[2]


def fuehre_aus(daten: Path, ziel: Path, paare: list[tuple[str, str]]) -> dict[tuple[str, str], Path]:
    """(gebiet, freigabe) → its kennzahlen_daten.csv."""
    angaben = [str(daten), str(ziel), *(f"{gebiet}:{freigabe}" for gebiet, freigabe in paare)]
    subprocess.run([sys.executable, "-m", "tests.angreifer.ausfuhr", *angaben], check=True, cwd=WURZEL)
    return {(g, f): ziel / g / f / "kennzahlen_daten.csv" for g, f in paare}


def main(daten: str, ziel: str, *paare: str) -> None:
    from app import cli

    for gebiet, freigabe in (p.split(":") for p in paare):
        wohin = ["--ziel", f"{ziel}/{gebiet}/{freigabe}", "--daten", daten]
        cli(["export", "--gebiet", gebiet, "--freigabe", freigabe, *wohin], standalone_mode=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
