"""The deliveries that ship with the project, laid out as if they had been delivered."""

from __future__ import annotations

import shutil
from pathlib import Path

BEISPIEL = Path(__file__).parent / "beispiel"


def list_beispiele() -> list[str]:
    """The territories there are examples of."""
    return sorted(p.name for p in BEISPIEL.iterdir() if p.is_dir() and not p.name.startswith(("_", ".")))


def lege_ab(daten: Path, gebiet_id: str) -> None:
    """Copy the deliveries of one territory to where a Kreis would put them."""
    eingang = daten / gebiet_id / "eingang"
    for quelle in sorted(p for p in (BEISPIEL / gebiet_id).iterdir() if p.is_dir()):
        shutil.copytree(quelle, eingang / quelle.name, dirs_exist_ok=True)
