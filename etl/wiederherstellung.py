"""Restore: an archive becomes a data folder. Everything is checked first, then unpacked beside, then put in place.

Two renames make the change: the old folder aside, the new one to its name. A run killed before the second leaves
both lying there under their own names; nothing is ever deleted.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout

from etl.archiv import Datei, Inhalt, Melder, check_archiv, kopiere, lese_alle, oeffne, read_inhalt
from etl.sicherung import VOLL, ist_gebiet, sync_ordner
from geodata.fehler import MonitoringError


@dataclass(frozen=True)
class Wiederhergestellt:
    """`alt`: where the former data folder lies now, None if there was none; `berichte`: see `nimm_mit`."""

    inhalt: Inhalt
    alt: Path | None
    berichte: tuple[str, ...] = ()


def stelle_wieder_her(
    archiv: Path,
    daten: Path,
    *,
    ersetzen: bool,
    sperre: Callable[[Path], AbstractContextManager],
    nimm_mit: Callable[[Path, Path], list[str]] = lambda alt, neu: [],
    melde: Melder = lambda *_: None,
) -> Wiederhergestellt:
    """Unpack an archive into `daten`.

    Args:
        ersetzen: a data folder that is there already is moved aside; otherwise it is an error.
        sperre: keeps loaders and publishers away from the folder of one Gebiet; taken for all of them.
        nimm_mit: adds to the new folder what only the old one knows and nobody may forget; says what it did.

    Raises:
        MonitoringError: the archive is damaged, the target is not empty, in use or not to be replaced, or no space.
    """
    daten, archiv = daten.resolve(), archiv.resolve()
    _check_ziel(daten, archiv, ersetzen)
    check_archiv(archiv, melde=melde)
    with _allein(daten), ExitStack() as sperren:
        neu = daten.with_name(f".{daten.name}.wiederherstellung")
        shutil.rmtree(neu, ignore_errors=True)  # what a run that was killed has left
        try:
            inhalt = _entpacke(archiv, neu, melde)
            for ordner in sorted(p for p in daten.iterdir() if ist_gebiet(p)) if daten.is_dir() else []:
                sperren.enter_context(sperre(ordner))
            with _schreibfehler(neu):
                berichte = nimm_mit(daten, neu) if daten.is_dir() else []
                _auf_die_platte()
            if os.name == "nt":
                sperren.close()  # Windows renames no folder in which a file is open
            alt = _tausche(neu, daten)
        finally:
            shutil.rmtree(neu, ignore_errors=True)
    return Wiederhergestellt(inhalt, alt, tuple(berichte))


def _check_ziel(daten: Path, archiv: Path, ersetzen: bool) -> None:
    if daten.exists() and not daten.is_dir():
        raise MonitoringError("Das Ziel ist kein Ordner.", wo=str(daten), tun="Mit --daten einen Ordner nennen.")
    if archiv.is_relative_to(daten):
        raise MonitoringError(
            "Die Sicherung liegt in dem Ordner, der ersetzt werden soll.",
            wo=str(archiv),
            tun="Sie vorher an einen anderen Ort legen.",
        )
    if daten.is_dir() and any(daten.iterdir()) and not ersetzen:
        raise MonitoringError(
            "Der Datenordner ist nicht leer; nichts wurde geändert.",
            wo=str(daten),
            tun="Mit --daten einen leeren Ordner nennen oder »--ersetzen« angeben: Dann wird der bisherige Ordner "
            "beiseite gelegt, nicht gelöscht.",
        )
    if os.path.ismount(daten):
        raise MonitoringError(
            "Der Datenordner ist ein eigener Datenträger (eingehängt) und lässt sich nicht als Ganzes austauschen.",
            wo=str(daten),
            tun=f"In einen Unterordner wiederherstellen, zum Beispiel --daten {daten / 'daten'}, und das Programm mit "
            "diesem Ordner starten.",
        )


@contextmanager
def _allein(daten: Path) -> Iterator[None]:
    with _schreibfehler(daten):
        daten.parent.mkdir(parents=True, exist_ok=True)
        sperre = FileLock(daten.with_name(f".{daten.name}.wiederherstellung.lock"))
        try:
            sperre.acquire(timeout=1)
        except Timeout:
            raise MonitoringError(
                "In diesen Ordner wird gerade schon wiederhergestellt.", wo=str(daten), tun="Warten, bis es fertig ist."
            ) from None
    try:
        yield
    finally:
        sperre.release()
        Path(sperre.lock_file).unlink(missing_ok=True)


def _entpacke(archiv: Path, neu: Path, melde: Melder) -> Inhalt:
    """Every file once more against its checksum while it is written, and on the disk before anything is renamed."""
    with _schreibfehler(neu), oeffne(archiv) as zipdatei:
        inhalt = read_inhalt(zipdatei, archiv)
        frei = shutil.disk_usage(neu.parent).free
        if inhalt.bytes > frei:
            raise _voll(neu, f"nötig {inhalt.bytes >> 20} MB, frei {frei >> 20} MB")
        neu.mkdir(mode=0o700)

        def schreibe(name: str, datei: Datei, quelle: IO[bytes], weiter: Callable[[int], None]) -> tuple[int, str]:
            ort = neu / name
            ort.parent.mkdir(parents=True, exist_ok=True)
            griff = os.open(ort, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
            with open(griff, "wb") as ziel:
                gelesen = kopiere(quelle, ziel, hoechstens=datei.groesse, melde=weiter)
                if not hasattr(os, "sync"):  # Windows; elsewhere all files at once, below
                    ziel.flush()
                    os.fsync(ziel.fileno())
            os.utime(ort, (datei.geaendert, datei.geaendert))
            os.chmod(ort, datei.modus & 0o777)
            return gelesen

        lese_alle(zipdatei, inhalt, archiv, schreibe, melde, "Wiederherstellen")
    return inhalt


def _auf_die_platte() -> None:
    if hasattr(os, "sync"):
        os.sync()


def _tausche(neu: Path, daten: Path) -> Path | None:
    """The two renames; if the second fails, the first is taken back."""
    alt = None
    try:
        if daten.is_dir() and any(daten.iterdir()):
            alt = _beiseite(daten)
            os.rename(daten, alt)
        elif daten.is_dir():
            daten.rmdir()
        os.rename(neu, daten)
    except OSError as fehler:
        if alt is not None and not daten.exists():
            os.rename(alt, daten)
        raise MonitoringError(
            "Der Datenordner lässt sich nicht austauschen; der bisherige gilt weiter.",
            wo=f"{daten} ({fehler.strerror})",
            tun="Programme beenden, die ihn benutzen, die Rechte des übergeordneten Ordners prüfen und wiederholen.",
        ) from None
    sync_ordner(daten.parent)
    return alt


def _beiseite(daten: Path) -> Path:
    stamm = f"{daten.name}.vorher_{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}"
    namen = (daten.with_name(stamm if nr == 1 else f"{stamm}_{nr}") for nr in range(1, 1000))
    return next(n for n in namen if not n.exists())


@contextmanager
def _schreibfehler(ort: Path) -> Iterator[None]:
    try:
        yield
    except OSError as fehler:
        if fehler.errno in VOLL:
            raise _voll(ort, fehler.strerror) from None
        raise MonitoringError(
            "Der Ordner lässt sich nicht schreiben; nichts wurde geändert.",
            wo=f"{fehler.filename or ort} ({fehler.strerror})",
            tun="Schreibrechte prüfen oder mit --daten einen anderen Ort nennen.",
        ) from None


def _voll(ort: Path, was: str) -> MonitoringError:
    return MonitoringError(
        "Der Platz reicht nicht; nichts wurde geändert.",
        wo=f"{ort.parent} ({was})",
        tun="Platz schaffen oder mit --daten einen anderen Ort nennen.",
    )
