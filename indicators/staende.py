"""The snapshots of one Gebiet as folders: which are complete, which is shown, who may build, how one reaches the disk.

A snapshot is built beside the others under a temporary name, synced to disk, renamed, and only then the pointer
AKTUELL.json turns to it: a crash at any step leaves the old state served.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

from filelock import FileLock, Timeout

from geodata.fehler import MonitoringError
from indicators.store import SCHEMA_VERSION

ZEIGER = "AKTUELL.json"


def list_snapshots(ordner: Path) -> list[str]:
    """Names of all complete snapshots, oldest first."""
    bestand = ordner / "bestand"
    return sorted(p.parent.name for p in bestand.glob("*/manifest.json") if not p.parent.name.startswith("."))


def set_zeiger(ordner: Path, snapshot: str) -> None:
    """Serve this snapshot from now on: the pointer is replaced in one step, never edited."""
    neu = ordner / f".{ZEIGER}.neu"
    with neu.open("w", encoding="utf-8") as datei:
        json.dump({"snapshot": snapshot}, datei)
        datei.flush()
        os.fsync(datei.fileno())
    os.replace(neu, ordner / ZEIGER)
    _sync_ordner(ordner)


def zurueck(ordner: Path, snapshot: str | None = None) -> str:
    """Turn the pointer to an earlier snapshot (default: the one before the current).

    Raises:
        MonitoringError: there is no such snapshot.
    """
    vorhanden, aktuell = list_snapshots(ordner), read_zeiger(ordner)
    fruehere = [s for s in vorhanden if aktuell is None or s < aktuell]
    ziel = snapshot or (fruehere[-1] if fruehere else None)
    if ziel not in vorhanden:
        raise MonitoringError(
            f"Den Stand »{snapshot}« gibt es nicht." if snapshot else "Es gibt keinen früheren Stand.",
            wo=f"{ordner / 'bestand'}: {', '.join(vorhanden) or 'leer'}",
            tun="Einen der genannten Stände angeben.",
        )
    with sperre(ordner):
        set_zeiger(ordner, ziel)
    return ziel


def write_manifest(bau: Path, kopf: dict, zertifikate: dict) -> None:
    dateien = {
        p.relative_to(bau).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(bau.rglob("*"))
        if p.is_file()
    }
    manifest = {**kopf, "schema": SCHEMA_VERSION, "zertifikate": zertifikate, "dateien": dateien}
    (bau / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")


def sync(ordner: Path) -> None:
    """Everything on disk before the rename makes it visible."""
    for pfad in ordner.rglob("*"):
        if pfad.is_file():
            with pfad.open("rb+") as datei:
                os.fsync(datei.fileno())
    _sync_ordner(ordner)


def _sync_ordner(ordner: Path) -> None:
    if os.name == "posix":  # Windows cannot open folders; its renames are journalled
        griff = os.open(ordner, os.O_RDONLY)
        try:
            os.fsync(griff)
        finally:
            os.close(griff)


def raeume_auf(bestand: Path) -> None:
    """Remains of a crashed run. Safe under the lock: nobody else is building."""
    for rest in bestand.glob(".bau_*"):
        shutil.rmtree(rest, ignore_errors=True)


def read_zeiger(ordner: Path) -> str | None:
    zeiger = ordner / ZEIGER
    return json.loads(zeiger.read_text(encoding="utf-8"))["snapshot"] if zeiger.is_file() else None


class sperre:
    """One publisher at a time; the lock goes with the process, so a killed one leaves none behind."""

    def __init__(self, ordner: Path) -> None:
        self._pfad = ordner / ".veroeffentlichen.sperre"
        self._sperre = FileLock(self._pfad)

    def __enter__(self) -> None:
        self._pfad.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._sperre.acquire(timeout=10)
        except Timeout:
            raise MonitoringError(
                "Gerade veröffentlicht schon jemand.",
                wo=str(self._pfad),
                tun="Warten, bis der andere Lauf fertig ist, und den Befehl wiederholen.",
            ) from None

    def __exit__(self, *_) -> None:
        self._sperre.release()
