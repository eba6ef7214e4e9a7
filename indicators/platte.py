"""Files that survive a crash: synced before they are renamed, renamed in one step, German words when the disk refuses.

Nothing here knows what a snapshot is.
"""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from geodata.fehler import MonitoringError

VOLL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
VERWEHRT = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.EEXIST)
BELEGT = (5, 32, 33)  # Windows: access denied, sharing violation, lock violation; a scanner or a reader has it open
PAUSEN = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 1.6)  # seconds between attempts, 5 s in all


def ist_belegt(fehler: OSError) -> bool:
    """Whether the file is only held open by somebody, as it happens on Windows; such an error passes by itself."""
    return getattr(fehler, "winerror", None) in BELEGT


def wiederhole(
    tat: Callable[[], object],
    *,
    voruebergehend: Callable[[OSError], bool] = ist_belegt,
    pausen: tuple[float, ...] = PAUSEN,
    warte: Callable[[float], object] = time.sleep,
) -> None:
    """Do `tat`, again after each pause while its error is one that passes; the last error is raised."""
    for pause in pausen:
        try:
            tat()
            return
        except OSError as fehler:
            if not voruebergehend(fehler):
                raise
        warte(pause)
    tat()


def ersetze(von: Path, nach: Path) -> None:
    """Rename in one step, over an existing file; on disk when it returns."""
    wiederhole(lambda: os.replace(von, nach))
    sync_ordner(nach.parent)


def write_ganz(pfad: Path, text: str) -> None:
    """The file is as before or as wanted, never half: written beside, synced, renamed."""
    neu = pfad.with_name(f".{pfad.name}.neu")
    try:
        with neu.open("w", encoding="utf-8") as datei:
            datei.write(text)
            datei.flush()
            os.fsync(datei.fileno())
        ersetze(neu, pfad)
    except OSError:
        neu.unlink(missing_ok=True)
        raise


def loesche(ordner: Path) -> None:
    """Remove a folder with all it holds; gone already is fine."""
    if ordner.exists():
        wiederhole(lambda: shutil.rmtree(ordner))


def sync_baum(ordner: Path) -> None:
    """Every file and folder below, and the folder itself, on disk."""
    for pfad in ordner.rglob("*"):
        if pfad.is_dir():
            sync_ordner(pfad)
        else:
            with pfad.open("rb+") as datei:
                os.fsync(datei.fileno())
    sync_ordner(ordner)


def sync_ordner(ordner: Path) -> None:
    if os.name == "posix":  # Windows cannot open folders; its renames are journalled
        griff = os.open(ordner, os.O_RDONLY)
        try:
            os.fsync(griff)
        finally:
            os.close(griff)


@contextmanager
def schreibfehler(ordner: Path) -> Iterator[None]:
    """A full disk and a folder that cannot be written to, told as what they are; other errors pass as they come.

    The database reports both as text of its own, hence the look into the message.
    """
    try:
        yield
    except MonitoringError:
        raise
    except Exception as fehler:
        if _ist(fehler, VOLL):
            raise MonitoringError(
                "Der Datenträger ist voll; der bisherige Stand gilt weiter.",
                wo=str(ordner),
                tun="Platz schaffen (»sozialraum aufraeumen« löscht alte Stände) und den Befehl wiederholen.",
            ) from None
        if _ist(fehler, VERWEHRT) and _liegt_in(fehler, ordner):
            grund = os.strerror(fehler.errno) if isinstance(fehler, OSError) and fehler.errno else str(fehler)
            raise MonitoringError(
                "Der Datenordner lässt sich nicht lesen oder beschreiben; der bisherige Stand gilt weiter.",
                wo=f"{ordner} ({grund.splitlines()[0]})",
                tun="Rechte und Besitzer des Ordners prüfen oder mit --daten einen anderen nennen.",
            ) from None
        raise


def _ist(fehler: Exception, nummern: tuple[int, ...]) -> bool:
    if isinstance(fehler, OSError):
        return fehler.errno in nummern
    return type(fehler).__module__.endswith("duckdb") and any(os.strerror(n) in str(fehler) for n in nummern)


def _liegt_in(fehler: Exception, ordner: Path) -> bool:
    """An error about another place (the catalogue, a library) is none of this folder's."""
    datei = getattr(fehler, "filename", None)
    if not isinstance(datei, str | os.PathLike):
        return True
    ort, oben = Path(datei).absolute(), ordner.absolute()
    return ort == oben or oben in ort.parents or ort in oben.parents
