"""The key of an installation: with it, hashes of secret numbers tell outsiders nothing.

A plain hash of a file with few unknown numbers can be tried out: whoever guesses the numbers sees that he is right.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from geodata.fehler import MonitoringError

DATEI = ".schluessel"
LAENGE = 32


def read_schluessel(daten: Path) -> bytes:
    """The key in `daten/.schluessel`, made when first asked for, readable by its owner only."""
    pfad = daten / DATEI
    if not pfad.is_file():
        _lege_an(pfad)
    try:
        schluessel = bytes.fromhex(pfad.read_text(encoding="ascii").strip())
    except ValueError:
        schluessel = b""
    if len(schluessel) != LAENGE:
        raise MonitoringError(
            "Der Schlüssel der Installation ist beschädigt.",
            wo=str(pfad),
            tun="Die Datei aus der Sicherung zurückholen oder löschen; dann entsteht ein neuer, und die nächste "
            "Veröffentlichung rechnet einmal alles neu.",
        )
    return schluessel


def _lege_an(pfad: Path) -> None:
    """In one step: who comes second takes the key of the first."""
    neu = pfad.with_name(f"{DATEI}.{os.getpid()}.neu")
    griff = os.open(neu, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(griff, "w", encoding="ascii") as datei:
        datei.write(secrets.token_hex(LAENGE))
        datei.flush()
        os.fsync(datei.fileno())
    try:
        os.link(neu, pfad)
    except FileExistsError:
        pass
    except OSError:  # a file system without hard links
        os.replace(neu, pfad)
    neu.unlink(missing_ok=True)


def mac(schluessel: bytes, inhalt: str | bytes) -> str:
    """Keyed hash as hexadecimal text."""
    roh = inhalt.encode() if isinstance(inhalt, str) else inhalt
    return hmac.new(schluessel, roh, hashlib.sha256).hexdigest()
