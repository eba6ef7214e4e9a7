"""The small files around the snapshots of one Gebiet: their names and order, the pointer, what was withdrawn.

    daten/<gebiet>/bestand/<UTC time>_<Folge>_<hash>/   the snapshots
    daten/<gebiet>/AKTUELL.json                         which one is shown; {"snapshot": null}: none, on purpose
    daten/<gebiet>/zurueckgezogen.jsonl                 which must never be shown again
    daten/<gebiet>/zurueckgezogen/<name>.json           their manifests, as evidence

The Folge counts up with every snapshot, whatever the clock says.
"""

from __future__ import annotations

import json
import os
import re
from datetime import datetime
from pathlib import Path

from geodata.fehler import MonitoringError
from indicators.platte import write_ganz

ZEIGER, ZURUECKGEZOGEN = "AKTUELL.json", "zurueckgezogen.jsonl"
NAME = re.compile(r"(?P<zeit>\d{4}-\d\d-\d\dT\d{6}Z)(_(?P<folge>\d{6,}))?_(?P<kennung>[0-9a-f]{12})")


# --- names and order -------------------------------------------------------------------------


def list_snapshots(ordner: Path) -> list[str]:
    """Names of all complete snapshots in the order they were published, withdrawn ones left out."""
    weg = read_zurueckgezogen(ordner)
    namen = (p.parent.name for p in (ordner / "bestand").glob("*/manifest.json") if not p.parent.name.startswith("."))
    return sorted((n for n in namen if n not in weg), key=platz)


def platz(snapshot: str) -> tuple[int, str]:
    """Sorts snapshots by their Folge; those of the first versions have none and come first, by time."""
    return find_folge(snapshot), snapshot


def find_folge(snapshot: str) -> int:
    treffer = NAME.fullmatch(snapshot)
    return int(treffer["folge"] or 0) if treffer else 0


def find_kennung(snapshot: str) -> str:
    """Hash of the inputs a snapshot was made of."""
    return snapshot.rpartition("_")[2]


def find_neuen_namen(ordner: Path, kennung: str, jetzt: datetime) -> str:
    """Name of the next snapshot: its Folge is greater than any that was ever used here."""
    bekannt = {p.name for p in (ordner / "bestand").glob("*")} | set(read_zurueckgezogen(ordner))
    if aktuell := find_zeiger(ordner):
        bekannt.add(aktuell)
    folge = 1 + max(map(find_folge, bekannt), default=0)
    return f"{jetzt:%Y-%m-%dT%H%M%SZ}_{folge:06d}_{kennung}"


def nenne(snapshot: str) -> str:
    """`Der Stand vom 21.11.2026, 14:05 UTC`: how pages and messages call a snapshot."""
    treffer = NAME.fullmatch(snapshot)
    if not treffer:
        return f"Der Stand »{snapshot}«"
    return f"Der Stand vom {datetime.strptime(treffer['zeit'], '%Y-%m-%dT%H%M%SZ'):%d.%m.%Y, %H:%M} UTC"


# --- the pointer -----------------------------------------------------------------------------


def read_zeiger(ordner: Path) -> str | None:
    """Name of the snapshot to be shown; None: nothing is published.

    Raises:
        MonitoringError: the pointer is damaged or cannot be read.
    """
    pfad = ordner / ZEIGER
    try:
        snapshot = json.loads(pfad.read_text(encoding="utf-8"))["snapshot"]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as fehler:
        raise MonitoringError("Der Zeiger auf den gezeigten Stand ist unlesbar.", wo=f"{pfad} ({fehler})") from None
    if snapshot is not None and (not isinstance(snapshot, str) or Path(snapshot).name != snapshot):
        raise MonitoringError("Der Zeiger auf den gezeigten Stand nennt keinen Stand.", wo=str(pfad))
    return snapshot


def find_zeiger(ordner: Path) -> str | None:
    """As `read_zeiger`, for those who write a new one: a damaged pointer is none."""
    try:
        return read_zeiger(ordner)
    except MonitoringError:
        return None


def set_zeiger(ordner: Path, snapshot: str | None) -> None:
    """Show this snapshot from now on (None: nothing): the pointer is replaced in one step, never edited."""
    write_ganz(ordner / ZEIGER, json.dumps({"snapshot": snapshot}))


def find_marke(ordner: str) -> tuple | None:
    """Changes whenever another snapshot has to be shown; None: no pointer. Two looks at the disk, at every request."""
    zeiger = _blick(f"{ordner}/{ZEIGER}")
    return zeiger and (zeiger, _blick(f"{ordner}/{ZURUECKGEZOGEN}"))


def _blick(pfad: str) -> tuple | None:
    try:
        stat = os.stat(pfad)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as fehler:  # it is there, but cannot be looked at: whoever reads it says why
        return (fehler.errno,)
    return stat.st_mtime_ns, stat.st_ino, stat.st_size


# --- what was withdrawn ----------------------------------------------------------------------


def read_zurueckgezogen(ordner: Path) -> dict[str, dict]:
    """Withdrawn snapshots with everything noted about them, oldest first.

    Raises:
        MonitoringError: the list cannot be read. Then nothing may be shown: one of the snapshots may be on it.
    """
    pfad = ordner / ZURUECKGEZOGEN
    try:
        zeilen = [json.loads(z) for z in pfad.read_text(encoding="utf-8").splitlines() if z.strip()]
        return {zeile["stand"]: zeile for zeile in zeilen}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as fehler:
        raise MonitoringError(
            "Die Liste der zurückgezogenen Stände ist unlesbar; ohne sie wird nichts gezeigt.",
            wo=f"{pfad} ({fehler})",
            tun="Die Datei aus der Datensicherung holen oder ihre Rechte prüfen.",
        ) from None


def add_zurueckgezogen(ordner: Path, eintrag: dict) -> None:
    alle = [*read_zurueckgezogen(ordner).values(), eintrag]
    write_ganz(ordner / ZURUECKGEZOGEN, "".join(json.dumps(z, ensure_ascii=False) + "\n" for z in alle))


def sage_zurueckgezogen(eintrag: dict) -> str:
    """`Der Stand vom … wurde am 21.11.2026 zurückgezogen: Grund`."""
    tag = datetime.fromisoformat(eintrag["zurueckgezogen_am"])
    return f"{nenne(eintrag['stand'])} wurde am {tag:%d.%m.%Y} zurückgezogen: {eintrag['grund']}"
