"""Taking a published snapshot back for good: never shown again, its files gone, its manifest kept as evidence.

The order makes every crash safe: first the list says it, then the pointer turns, then the files go. From the first
step on nobody shows the snapshot; whatever is left undone, the same command does when it is given again.
"""

from __future__ import annotations

import getpass
import os
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from geodata.fehler import MonitoringError
from indicators.bestand import (
    add_zurueckgezogen,
    find_zeiger,
    list_snapshots,
    nenne,
    read_zurueckgezogen,
    sage_zurueckgezogen,
    set_zeiger,
)
from indicators.manifest import NAME as MANIFEST
from indicators.platte import ersetze, loesche, schreibfehler, write_ganz
from indicators.referenzen import find_genannte
from indicators.sperre import sperre
from indicators.staende import find_letzten_guten, raeume_auf

BELEGE = "zurueckgezogen"


@dataclass(frozen=True)
class Ruecknahme:
    """What is shown now (None: nothing), where the evidence lies, and which Mappen named the snapshot."""

    gezeigt: str | None
    beleg: Path
    mappen: list[str]


def ziehe_zurueck(ordner: Path, snapshot: str, *, grund: str, ohne_ersatz: bool = False) -> Ruecknahme:
    """Withdraw a snapshot of `daten/<gebiet>`.

    If it is the one that is shown, the last good one before it takes its place. What had been published is not
    forgotten: the memory of the gate and the manifest stay.

    Raises:
        MonitoringError: there is no such snapshot, no reason, or nothing to show instead and not `ohne_ersatz`.
    """
    if not grund.strip():
        raise MonitoringError("Der Grund ist leer.", tun='Mit --grund "…" sagen, warum der Stand zurückgezogen wird.')
    with sperre(ordner), schreibfehler(ordner):
        weg, bestand = read_zurueckgezogen(ordner), ordner / "bestand"
        raeume_auf(bestand)
        if snapshot not in weg and snapshot not in _list_ordner(bestand):
            raise MonitoringError(
                f"Den Stand »{snapshot}« gibt es nicht.",
                wo=f"{bestand}: {', '.join(list_snapshots(ordner)) or 'leer'}",
                tun="Einen der genannten Stände angeben.",
            )
        if snapshot in weg and not (bestand / snapshot).exists() and find_zeiger(ordner) != snapshot:
            raise MonitoringError(f"{sage_zurueckgezogen(weg[snapshot])}", wo=str(ordner), tun="Es ist nichts zu tun.")
        ist_gezeigt = find_zeiger(ordner) == snapshot
        ersatz = _find_ersatz(ordner, snapshot) if ist_gezeigt else find_zeiger(ordner)
        if ist_gezeigt and ersatz is None and not ohne_ersatz:
            raise MonitoringError(
                f"{nenne(snapshot)} ist der einzige, der gezeigt werden kann.",
                wo=str(bestand),
                tun="Mit --ohne-ersatz zurückziehen, dann wird zurzeit nichts gezeigt; oder erst veröffentlichen.",
            )
        mappen = find_genannte(ordner, [snapshot]).get(snapshot, [])
        if snapshot not in weg:
            add_zurueckgezogen(ordner, _beschreibe(snapshot, grund.strip(), ersatz))
        if ist_gezeigt:
            set_zeiger(ordner, ersatz)
        beleg = ordner / BELEGE / f"{snapshot}.json"
        _hebe_manifest_auf(bestand / snapshot / MANIFEST, beleg)
        if (bestand / snapshot).exists():
            ersetze(bestand / snapshot, bestand / f".weg_{snapshot}")
        loesche(bestand / f".weg_{snapshot}")
    return Ruecknahme(ersatz, beleg, mappen)


def _list_ordner(bestand: Path) -> set[str]:
    """Also damaged ones, even without a manifest, can be withdrawn."""
    return {p.name for p in bestand.glob("*") if p.is_dir() and not p.name.startswith(".")}


def _find_ersatz(ordner: Path, snapshot: str) -> str | None:
    """The last good one before it; a later one was turned back from, and is shown only if somebody says so."""
    return find_letzten_guten(ordner, vor=snapshot)


def _beschreibe(snapshot: str, grund: str, ersatz: str | None) -> dict:
    return {
        "stand": snapshot,
        "zurueckgezogen_am": datetime.now(UTC).replace(microsecond=0).isoformat(),
        "grund": grund,
        "wer": f"{_wer()} auf {socket.gethostname()}",
        "ersatz": ersatz,
    }


def _wer() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # an account without a name, as in a container
        return f"Nutzer {os.getuid()}" if hasattr(os, "getuid") else "unbekannt"


def _hebe_manifest_auf(manifest: Path, beleg: Path) -> None:
    if manifest.is_file():
        beleg.parent.mkdir(exist_ok=True)
        write_ganz(beleg, manifest.read_text(encoding="utf-8", errors="replace"))
