"""Who did what with the data folder: one line each in `daten/protokoll.jsonl`, never a value, a text or a file name.

In the bottom room like the errors, so that every room may write a line.
"""

from __future__ import annotations

import getpass
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from geodata.fehler import MonitoringError

NAME = "protokoll.jsonl"


def protokolliere(daten: Path, tat: str, gebiet: str = "", **angaben: str | int) -> None:
    """Add one line: time (UTC), user of the operating system, what was done, in which Gebiet.

    Args:
        tat: one of a few words, "veroeffentlicht", "geloescht", …
        angaben: numbers and ids that say to what; nothing that a person or a delivery wrote.

    Raises:
        MonitoringError: the line cannot be written; what was done stays done.
    """
    zeile = {"zeit": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "wer": _wer(), "tat": tat}
    zeile |= {"gebiet": gebiet} if gebiet else {}
    pfad = daten / NAME
    try:
        griff = os.open(pfad, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with open(griff, "r+b", buffering=0) as datei:
            anfang = "" if datei.seek(0, os.SEEK_END) == 0 or _endet(datei) else "\n"  # after a power failure
            datei.write(f"{anfang}{json.dumps(zeile | angaben, ensure_ascii=False)}\n".encode())  # one write, one line
            os.fsync(datei.fileno())
    except OSError as fehler:
        raise MonitoringError(
            f"Der Vorgang »{tat}« ist ausgeführt, ließ sich aber nicht protokollieren.",
            wo=f"{pfad} ({fehler.strerror})",
            tun="Schreibrechte und Platz prüfen und den Vorgang von Hand vermerken.",
        ) from None


def read_protokoll(daten: Path) -> list[dict]:
    """All lines, oldest first; a line cut off by a power failure is left out."""
    pfad, zeilen = daten / NAME, []
    for text in pfad.read_text(encoding="utf-8").splitlines() if pfad.is_file() else []:
        try:
            zeilen.append(dict(json.loads(text)))
        except (ValueError, TypeError):
            continue
    return zeilen


def _endet(datei: IO[bytes]) -> bool:
    datei.seek(-1, os.SEEK_END)
    return datei.read(1) == b"\n"


def _wer() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container without a name for its user
        return "unbekannt"
