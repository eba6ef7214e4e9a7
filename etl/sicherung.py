"""Backup: everything of a data folder that cannot be rebuilt, in one archive, verified after it was written.

What is left out is a short list of what only lives while a program runs. Whatever else lies in the data folder is
saved, also files that nobody has thought of here.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path

from filelock import FileLock, Timeout

from etl.archiv import (
    FASSUNG,
    INHALT,
    Datei,
    Inhalt,
    Melder,
    check_archiv,
    ist_harmlos,
    kopiere,
    write_liste,
)
from geodata.fehler import MonitoringError

# Locks, drafts and half-built snapshots of a running or killed program; sessions, which must not come back to life.
FLUECHTIG = ("*.lock", "*.sperre", "*.wer", "*.neu", "*.neu.wal", "*.neu.tmp", "*.teil", ".bau_*", "sitzungen*")
SPERRE = ".sichern.lock"
Sperre = Callable[[Path], AbstractContextManager]


@dataclass(frozen=True)
class Gesichert:
    pfad: Path
    inhalt: Inhalt


def sichere(daten: Path, ziel: Path, *, version: str, sperre: Sperre, melde: Melder = lambda *_: None) -> Gesichert:
    """Save the data folder into one new file that only its owner may read.

    Args:
        ziel: file to write, or an existing folder that gets a file named after the time.
        sperre: keeps loaders and publishers away from the folder of one Gebiet while its files are read.

    Raises:
        MonitoringError: nothing to save, the file exists, no space, or somebody else saves.
    """
    daten, ziel = daten.resolve(), _zieldatei(daten, ziel)
    with _allein(daten):
        entwurf = _entwurf(daten, ziel)
        try:
            with _schreibfehler(ziel):
                inhalt = _write(daten, entwurf, version, sperre, melde)
                check_archiv(entwurf, melde=melde)
                os.replace(entwurf, ziel)
                sync_ordner(ziel.parent)
        finally:
            entwurf.unlink(missing_ok=True)
    return Gesichert(ziel, inhalt)


def find_dateien(wurzel: Path) -> Iterator[tuple[str, Path]]:
    """Relative name and path of everything worth saving below a folder, sorted; links are followed once.

    Raises:
        MonitoringError: a name that another system could not read back.
    """
    gesehen: set[Path] = set()
    for ordner, unter, namen in os.walk(wurzel, followlinks=True):
        if (echt := Path(ordner).resolve()) in gesehen:
            unter.clear()
            continue
        gesehen.add(echt)
        unter[:] = sorted(u for u in unter if not _fluechtig(u))
        for name in sorted(n for n in namen if not _fluechtig(n)):
            pfad = Path(ordner) / name
            relativ = pfad.relative_to(wurzel).as_posix()
            if not (ist_harmlos(relativ) and relativ.isprintable() and _als_utf8(relativ)):
                raise MonitoringError(
                    "Ein Dateiname enthält Zeichen, die sich nicht überall wiederherstellen lassen.",
                    wo=ascii(str(pfad)),
                    tun="Die Datei umbenennen (ohne Steuerzeichen und \\) und den Befehl wiederholen.",
                )
            if pfad.is_file():  # neither sockets nor links into nowhere
                yield relativ, pfad


def _fluechtig(name: str) -> bool:
    return any(fnmatch(name, muster) for muster in FLUECHTIG)


def _als_utf8(name: str) -> bool:
    try:
        return bool(name.encode("utf-8"))
    except UnicodeEncodeError:
        return False


def _zieldatei(daten: Path, ziel: Path) -> Path:
    if not daten.is_dir() or not any(find_dateien(daten)):
        raise MonitoringError("Es gibt nichts zu sichern.", wo=str(daten), tun="Mit --daten den Datenordner nennen.")
    ziel = ziel.resolve()
    if ziel.is_dir():
        ziel /= f"sozialraum_{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}.zip"
    if ziel.is_relative_to(daten):
        raise MonitoringError(
            "Die Sicherung darf nicht im Datenordner selbst liegen.",
            wo=str(ziel),
            tun="Einen Ort auf einem anderen Datenträger wählen.",
        )
    if ziel.exists():
        raise MonitoringError(
            "Die Datei gibt es schon; eine Sicherung wird nie überschrieben.",
            wo=str(ziel),
            tun="Einen anderen Namen wählen oder einen Ordner nennen; dann entsteht ein Name mit Datum und Uhrzeit.",
        )
    if not ziel.parent.is_dir():
        raise MonitoringError("Den Ordner gibt es nicht.", wo=str(ziel.parent), tun="Ihn anlegen oder einhängen.")
    return ziel


@contextmanager
def _allein(daten: Path) -> Iterator[None]:
    sperre = FileLock(daten / SPERRE)
    try:
        with _schreibfehler(daten / SPERRE):
            sperre.acquire(timeout=1)
    except Timeout:
        raise MonitoringError(
            "Dieser Datenordner wird gerade schon gesichert.", wo=str(daten), tun="Warten, bis das fertig ist."
        ) from None
    try:
        yield
    finally:
        sperre.release()


def _entwurf(daten: Path, ziel: Path) -> Path:
    """Where the archive grows. What a killed run of this data folder has left beside it goes: it is secret."""
    kennung = hashlib.sha256(str(daten).encode()).hexdigest()[:12]
    for rest in ziel.parent.glob(f".*.{kennung}.teil"):
        rest.unlink(missing_ok=True)
    return ziel.parent / f".{ziel.name}.{kennung}.teil"


class _Fortschritt:
    """Adds up what has been read of all files."""

    def __init__(self, gesamt: int, melde: Melder) -> None:
        self._fertig, self._gesamt, self._melde = 0, max(gesamt, 1), melde

    def __call__(self, anzahl: int) -> None:
        self._fertig += anzahl
        self._melde(min(self._fertig, self._gesamt), self._gesamt, "Sichern")


def _write(daten: Path, entwurf: Path, version: str, sperre: Sperre, melde: Melder) -> Inhalt:
    fortschritt = _Fortschritt(sum(pfad.stat().st_size for _, pfad in find_dateien(daten)), melde)
    dateien: dict[str, Datei] = {}
    gebiete: dict[str, str] = {}
    griff = os.open(entwurf, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with open(griff, "wb") as datei:
        with zipfile.ZipFile(datei, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archiv:
            for teil in sorted(daten.iterdir()):
                if _fluechtig(teil.name):
                    continue
                with sperre(teil) if ist_gebiet(teil) else nullcontext():
                    if ist_gebiet(teil):
                        gebiete[teil.name] = _aktuell(teil)
                    paare = find_dateien(teil) if teil.is_dir() else [("", teil)]
                    for name, pfad in paare:
                        name = f"{teil.name}/{name}".rstrip("/")
                        dateien[name] = _write_datei(archiv, name, pfad, fortschritt)
            jetzt = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            inhalt = Inhalt(FASSUNG, version, jetzt, gebiete, dateien)
            write_liste(archiv, inhalt)
        datei.flush()
        os.fsync(datei.fileno())
    return inhalt


def ist_gebiet(ordner: Path) -> bool:
    """Whether loaders and publishers work in this folder."""
    return any((ordner / name).exists() for name in ("intern.duckdb", "bestand", "eingang"))


def _aktuell(ordner: Path) -> str:
    zeiger = ordner / "AKTUELL.json"
    try:
        return str(json.loads(zeiger.read_text(encoding="utf-8"))["snapshot"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""  # nothing published, or a damaged pointer, which is saved as it is


def _write_datei(archiv: zipfile.ZipFile, name: str, pfad: Path, melde: Callable[[int], None]) -> Datei:
    try:
        quelle = pfad.open("rb")
    except OSError as fehler:
        raise MonitoringError(
            "Eine Datei lässt sich nicht lesen; gesichert wurde nichts.",
            wo=f"{pfad} ({fehler.strerror})",
            tun="Leserechte prüfen. Wurde sie gerade verschoben, den Befehl wiederholen.",
        ) from None
    with quelle:
        angaben = os.fstat(quelle.fileno())
        eintrag = zipfile.ZipInfo(INHALT + name, date_time=(1980, 1, 1, 0, 0, 0))
        eintrag.compress_type, eintrag.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
        with archiv.open(eintrag, "w", force_zip64=True) as ziel:
            groesse, summe = kopiere(quelle, ziel, hoechstens=None, melde=melde)
    return Datei(groesse, summe, angaben.st_mode & 0o777, angaben.st_mtime)


VOLL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def _schreibfehler(ziel: Path) -> Iterator[None]:
    try:
        yield
    except OSError as fehler:
        if fehler.errno in VOLL:
            raise MonitoringError(
                "Der Datenträger ist voll; es wurde keine Sicherung geschrieben.",
                wo=str(ziel.parent),
                tun="Platz schaffen oder mit --ziel einen anderen Ort nennen.",
            ) from None
        raise MonitoringError(
            "Die Sicherung lässt sich nicht schreiben.",
            wo=f"{fehler.filename or ziel} ({fehler.strerror})",
            tun="Schreibrechte des Ordners prüfen oder mit --ziel einen anderen Ort nennen.",
        ) from None


def sync_ordner(ordner: Path) -> None:
    if os.name == "posix":
        griff = os.open(ordner, os.O_RDONLY)
        try:
            os.fsync(griff)
        finally:
            os.close(griff)
