"""Who may change the snapshots of a Gebiet (one at a time), and which snapshots somebody is reading.

Both are locks of the operating system: they go with the process, so a killed one leaves none behind.
"""

from __future__ import annotations

import json
import logging
import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock, Timeout

from geodata.fehler import MonitoringError
from indicators.platte import schreibfehler

try:
    import fcntl
except ImportError:  # Windows: it refuses by itself to delete or rename what somebody has open
    fcntl = None

WARTEN = 60.0  # seconds for another publisher to finish
SPERRE, WER = ".veroeffentlichen.sperre", ".veroeffentlichen.wer"

log = logging.getLogger("sozialraum.staende")


class sperre:
    """One publisher at a time: the second says that it waits, and after `WARTEN` who keeps it waiting.

    Raises:
        MonitoringError: somebody else keeps the lock, or the folder cannot be written to.
    """

    def __init__(self, ordner: Path) -> None:
        self._ordner, self._wer = ordner, ordner / WER
        self._sperre = FileLock(ordner / SPERRE)

    def __enter__(self) -> None:
        with schreibfehler(self._ordner):
            self._ordner.mkdir(parents=True, exist_ok=True)
            self._nimm()
        try:
            if self._wer.exists():
                log.warning(
                    "Die Sperre von %s war verwaist (Vorgang abgebrochen); sie wurde übernommen.", lies_wer(self._wer)
                )
            with schreibfehler(self._ordner):
                self._wer.write_text(json.dumps(beschreibe_mich()), encoding="utf-8")
        except BaseException:
            self._wer.unlink(missing_ok=True)
            self._sperre.release()
            raise

    def _nimm(self) -> None:
        try:
            self._sperre.acquire(timeout=0)
            return
        except Timeout:
            log.warning(
                "Die Stände sind gerade gesperrt von %s; es wird bis zu %.0f Sekunden gewartet.",
                lies_wer(self._wer),
                WARTEN,
            )
        try:
            self._sperre.acquire(timeout=WARTEN)
        except Timeout:
            raise MonitoringError(
                f"Die Stände dieses Gebiets ändert gerade jemand anderes: gesperrt von {lies_wer(self._wer)}.",
                wo=str(self._ordner / SPERRE),
                tun="Warten, bis der andere Lauf fertig ist, und den Befehl wiederholen.",
            ) from None

    def __exit__(self, *_) -> None:
        self._wer.unlink(missing_ok=True)
        self._sperre.release()


def beschreibe_mich() -> dict:
    seit = datetime.now(UTC).replace(microsecond=0)
    return {"vorgang": os.getpid(), "rechner": socket.gethostname(), "seit": seit.isoformat()}


def lies_wer(pfad: Path) -> str:
    try:
        angabe = json.loads(pfad.read_text(encoding="utf-8"))
        seit = datetime.fromisoformat(angabe["seit"])
        return f"Vorgang {angabe['vorgang']} auf »{angabe['rechner']}« seit {seit:%d.%m.%Y, %H:%M} Uhr (UTC)"
    except (OSError, ValueError, KeyError, TypeError):
        return "einem unbekannten Vorgang"


# --- snapshots in use ------------------------------------------------------------------------


def belege(snapshot: Path) -> BinaryIO | None:
    """Mark a snapshot as being read while what is returned stays open; no write access is needed.

    Returns:
        The manifest, held open; None where the system offers no such mark.

    Raises:
        MonitoringError: somebody is removing the snapshot at this moment.
    """
    if fcntl is None:
        return None
    try:
        griff = (snapshot / "manifest.json").open("rb")
    except OSError:
        return None
    try:
        fcntl.flock(griff, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        griff.close()
        raise MonitoringError(
            "Dieser Stand wird gerade gelöscht.", wo=str(snapshot), tun="Den Befehl gleich noch einmal ausführen."
        ) from None
    except OSError:  # a network drive without locks
        griff.close()
        return None
    return griff


class allein:
    """Whether nobody reads this snapshot; while it holds, nobody begins to.

    with allein(snapshot) as frei: ...
    """

    def __init__(self, snapshot: Path) -> None:
        self._manifest, self._griff = snapshot / "manifest.json", None

    def __enter__(self) -> bool:
        if fcntl is None or not self._manifest.is_file():
            return True
        self._griff = self._manifest.open("rb+")
        try:
            fcntl.flock(self._griff, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def __exit__(self, *_) -> None:
        if self._griff:
            self._griff.close()
