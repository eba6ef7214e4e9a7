"""What a restored data folder must not forget although its backup is older: withdrawals, the memory, the record.

A backup of last week knows nothing of a snapshot withdrawn yesterday, and would show it again; nothing of what was
published since, and would publish beside it what gives both away. What the folder that is being replaced still knows of
that goes along; figures and deliveries do not.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

from geodata.protokoll import NAME as PROTOKOLL
from indicators.bestand import ZURUECKGEZOGEN
from indicators.gedaechtnis import ORDNER as GEDAECHTNIS


def nimm_mit(alt: Path, neu: Path) -> list[str]:
    """Add to `neu` (a restored data folder nobody uses yet) what only `alt` (the one it replaces) knows.

    Returns:
        Sentences about what went along and what could not: a damaged folder is replaced all the same.
    """
    _eine_zeilen(alt / PROTOKOLL, neu / PROTOKOLL)
    berichte = []
    for ordner in sorted(p for p in neu.iterdir() if p.is_dir() and (alt / p.name).is_dir()):
        for was, tue in (("zurückgezogene Stände", _zurueckgezogene), ("Ausgaben im Gedächtnis", _gedaechtnis)):
            try:
                anzahl = tue(alt / ordner.name, ordner)
            except (OSError, ValueError, KeyError, TypeError) as fehler:
                berichte.append(f"{ordner.name}: {was} sind im bisherigen Ordner unlesbar, nicht übernommen ({fehler})")
            else:
                berichte.append(f"{ordner.name}: {anzahl} neuere {was} übernommen" if anzahl else "")
    return [b for b in berichte if b]


def _eine_zeilen(alt: Path, neu: Path) -> int:
    """Lines of `alt` that `neu` lacks, added in their order; lines begin with their time."""
    if not alt.is_file():
        return 0
    vorhanden = neu.read_text(encoding="utf-8").splitlines() if neu.is_file() else []
    zeilen = alt.read_text(encoding="utf-8", errors="replace").splitlines()
    mehr = [z for z in zeilen if z.strip() and z not in vorhanden]
    if mehr:
        neu.write_text("".join(f"{z}\n" for z in [*vorhanden, *mehr]), encoding="utf-8")
    return len(mehr)


def _zurueckgezogene(alt: Path, neu: Path) -> int:
    if not (alt / ZURUECKGEZOGEN).is_file():
        return 0
    for zeile in (alt / ZURUECKGEZOGEN).read_text(encoding="utf-8").splitlines():
        json.loads(zeile)["stand"]  # an unreadable list is told, not taken along
    anzahl = _eine_zeilen(alt / ZURUECKGEZOGEN, neu / ZURUECKGEZOGEN)
    for beleg in sorted((alt / "zurueckgezogen").glob("*")) if anzahl else []:
        (neu / "zurueckgezogen").mkdir(exist_ok=True)
        if not (neu / "zurueckgezogen" / beleg.name).exists():
            shutil.copy2(beleg, neu / "zurueckgezogen" / beleg.name)
    return anzahl


def _gedaechtnis(alt: Path, neu: Path) -> int:
    """Editions the backup does not hold, numbered on from its last one."""
    bekannt = {_abdruck(p) for p in _ausgaben(neu)}
    fremde = [p for p in _ausgaben(alt) if _abdruck(p) not in bekannt]
    for nummer, ausgabe in enumerate(fremde, start=len(bekannt) + 1):
        ziel = neu / GEDAECHTNIS / f"{nummer:06d}"
        shutil.copytree(ausgabe, ziel)
        stand = json.loads((ziel / "stand.json").read_text(encoding="utf-8"))
        (ziel / "stand.json").write_text(json.dumps(stand | {"nr": nummer}, ensure_ascii=False), encoding="utf-8")
    return len(fremde)


def _ausgaben(ordner: Path) -> list[Path]:
    return sorted(p for p in (ordner / GEDAECHTNIS).glob("[0-9]*") if p.is_dir())


def _abdruck(ausgabe: Path) -> str:
    return hashlib.sha256((ausgabe / "zellen.parquet").read_bytes()).hexdigest()
