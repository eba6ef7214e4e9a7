"""Which snapshots the files of others name, so that nobody removes them: `daten/<gebiet>/mappen/*.toml` and `*.json`.

A file refers to a snapshot with one key at its top level, whatever else it holds:

    stand   = "2026-11-21T075623Z_000007_43199e156351"       one snapshot, by its name or by the hash at its end
    staende = ["…", "…"]                                     several
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from geodata.fehler import MonitoringError
from indicators.bestand import find_kennung

ORDNER = "mappen"


def read_referenzen(ordner: Path) -> dict[str, list[str]]:
    """File name → the snapshots (names or hashes) it names.

    Raises:
        MonitoringError: a file that cannot be read or names none: what it needs is unknown, so nothing may be removed.
    """
    dateien = sorted(p for p in (ordner / ORDNER).glob("*") if p.suffix in (".toml", ".json") and p.name[0] != ".")
    return {datei.name: _read_datei(datei) for datei in dateien}


def _read_datei(datei: Path) -> list[str]:
    try:
        text = datei.read_text(encoding="utf-8-sig")
        inhalt = tomllib.loads(text) if datei.suffix == ".toml" else json.loads(text)
        einer, mehrere = inhalt.get("stand"), inhalt.get("staende", [])
        namen = [*([einer] if einer is not None else []), *mehrere]
        if not namen or not all(isinstance(n, str) and n for n in namen) or not isinstance(mehrere, list):
            raise ValueError("der Eintrag »stand« fehlt")
    except (OSError, ValueError, AttributeError, TypeError) as fehler:
        raise MonitoringError(
            f"In der Mappe »{datei.name}« ist nicht zu lesen, welchen Stand sie braucht; nichts wurde gelöscht.",
            wo=f"{datei} ({fehler})",
            tun='Oben in der Datei stand = "NAME DES STANDES" eintragen, oder die Datei aus dem Ordner nehmen.',
        ) from None
    return namen


def find_genannte(ordner: Path, snapshots: list[str]) -> dict[str, list[str]]:
    """Snapshot → names of the files that need it."""
    genannt: dict[str, list[str]] = {}
    for datei, namen in read_referenzen(ordner).items():
        for snapshot in snapshots:
            if any(name in (snapshot, find_kennung(snapshot)) for name in namen):
                genannt.setdefault(snapshot, []).append(datei)
    return genannt


def find_verwaiste(ordner: Path, snapshots: list[str]) -> list[tuple[str, str]]:
    """(file, name) of everything named that is not among these snapshots."""
    bekannt = {*snapshots, *map(find_kennung, snapshots)}
    return [(datei, name) for datei, namen in read_referenzen(ordner).items() for name in namen if name not in bekannt]
