"""manifest.json of a snapshot: what belongs to it, byte for byte, and whether that is still so."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from geodata.fehler import MonitoringError
from indicators.store import SCHEMA_VERSION

NAME = "manifest.json"


@dataclass(frozen=True)
class Mangel:
    """Why a snapshot is not shown: `text` continues "Der Stand vom …", `einzelheit` is for the log."""

    text: str
    einzelheit: str


def write_manifest(bau: Path, kopf: dict, zertifikate: dict) -> None:
    """List every file of a finished snapshot with size and hash, under a checksum of the list itself."""
    assert not list(bau.glob("*.wal")), "a database was not written to its end"
    pfade = {p.relative_to(bau).as_posix(): p for p in sorted(bau.rglob("*")) if p.is_file()}
    manifest = {
        **kopf,
        "schema": SCHEMA_VERSION,
        "zertifikate": zertifikate,
        "dateien": {name: _hash(pfad) for name, pfad in pfade.items()},
        "groessen": {name: pfad.stat().st_size for name, pfad in pfade.items()},
    }
    manifest["pruefsumme"] = find_pruefsumme(manifest)
    (bau / NAME).write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")


def read_manifest(snapshot: Path) -> dict:
    """
    Raises:
        MonitoringError: it is missing, no JSON, or not as it was written.
    """
    pfad = snapshot / NAME
    try:
        manifest = json.loads(pfad.read_text(encoding="utf-8"))
        # Snapshots of the first versions carry no checksum; their files are hashed all the same.
        heil = isinstance(manifest["dateien"], dict) and isinstance(manifest["schema"], int)
        heil = heil and manifest.get("pruefsumme") in (None, find_pruefsumme(manifest))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as fehler:
        raise MonitoringError("Das Verzeichnis des Standes ist unlesbar.", wo=f"{pfad} ({fehler})") from None
    if not heil:
        raise MonitoringError("Das Verzeichnis des Standes ist verändert.", wo=str(pfad))
    return manifest


def find_mangel(snapshot: Path) -> Mangel | None:
    """What is wrong with the files of a snapshot; None: every byte is as published, and this program understands it."""
    if not snapshot.is_dir():
        return Mangel("fehlt", f"{snapshot} gibt es nicht")
    try:
        manifest = read_manifest(snapshot)
    except MonitoringError as fehler:
        return Mangel("ist beschädigt", fehler.wo)
    if manifest["schema"] != SCHEMA_VERSION:
        wie = "älteren" if manifest["schema"] < SCHEMA_VERSION else "neueren"
        return Mangel(
            f"wurde von einer {wie} Programmversion geschrieben",
            f"{snapshot / NAME}: Fassung {manifest['schema']}, dieses Programm liest {SCHEMA_VERSION}",
        )
    try:
        schaden = find_schaden(snapshot, manifest)
    except OSError as fehler:
        schaden = f"{fehler.filename}: {fehler.strerror}"
    return Mangel("ist beschädigt", schaden) if schaden else None


def find_schaden(snapshot: Path, manifest: dict) -> str:
    """The first file that is not as published; databases first: a broken one would take the whole program down."""
    dateien = manifest["dateien"]
    if not any(name.endswith(".duckdb") for name in dateien):
        return f"{snapshot / NAME}: nennt keine Datenbank"
    for name in dateien:
        if not (snapshot / name).is_file():
            return f"{snapshot / name} fehlt"
    for name, groesse in manifest.get("groessen", {}).items():
        ist = (snapshot / name).stat().st_size
        if ist != groesse:
            return f"{snapshot / name}: {ist} Bytes statt {groesse}"
    if protokolle := sorted(snapshot.glob("*.wal")):  # the database would replay it
        return f"{protokolle[0]} gehört nicht zum Stand"
    for name in sorted(dateien, key=lambda n: not n.endswith(".duckdb")):
        if _hash(snapshot / name) != dateien[name]:
            return f"{snapshot / name}: Inhalt verändert"
    return ""


def find_pruefsumme(manifest: dict) -> str:
    rest = {schluessel: wert for schluessel, wert in manifest.items() if schluessel != "pruefsumme"}
    return hashlib.sha256(json.dumps(rest, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _hash(pfad: Path) -> str:
    with pfad.open("rb") as datei:
        return hashlib.file_digest(datei, "sha256").hexdigest()
