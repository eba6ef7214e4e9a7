"""The archive of a data folder: a ZIP whose last entry lists every file with size and checksum.

ZIP because every system opens it and its index stands at the end: a file cut short does not open at all.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from geodata.fehler import MonitoringError

FASSUNG = 1  # of the archive; a higher one belongs to a newer program
INHALT, LISTE = "daten/", "sicherung.json"
STUECK = 1 << 20  # bytes read at once
LISTE_HOECHSTENS = 256 << 20  # bytes; a list of a million files
VERHAELTNIS = 200  # unpacked to packed; our databases and CSV files reach 20
Melder = Callable[[int, int, str], None]
# What a flipped bit makes of an archive, besides a wrong checksum.
_KAPUTT = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, TypeError, NotImplementedError, RuntimeError)


@dataclass(frozen=True)
class Datei:
    """One saved file: size in bytes, checksum, permissions, time of last change."""

    groesse: int
    sha256: str
    modus: int
    geaendert: float


@dataclass(frozen=True)
class Inhalt:
    """What an archive holds; `gebiete`: id → snapshot shown when it was saved ("" if none)."""

    fassung: int
    programm: str
    erstellt_am: str
    gebiete: dict[str, str]
    dateien: dict[str, Datei] = field(repr=False)

    @property
    def bytes(self) -> int:
        return sum(d.groesse for d in self.dateien.values())


def kopiere(quelle: IO[bytes], ziel: IO[bytes] | None, *, hoechstens: int | None, melde: Callable[[int], None]) -> Any:
    """Copy in pieces.

    Args:
        ziel: None reads only.
        hoechstens: more bytes than this are an error, whatever the archive says about itself.

    Returns:
        Size and checksum of what was read.
    """
    summe, groesse = hashlib.sha256(), 0
    while stueck := quelle.read(STUECK):
        groesse += len(stueck)
        if hoechstens is not None and groesse > hoechstens:
            break
        summe.update(stueck)
        if ziel is not None:
            ziel.write(stueck)
        melde(len(stueck))
    return groesse, summe.hexdigest()


def write_liste(archiv: zipfile.ZipFile, inhalt: Inhalt) -> None:
    archiv.writestr(LISTE, json.dumps(asdict(inhalt), ensure_ascii=False, indent=1))


def check_archiv(pfad: Path, *, melde: Melder = lambda *_: None) -> Inhalt:
    """Read a whole archive and compare every file with its checksum; nothing is written.

    Raises:
        MonitoringError: no archive of ours, damaged, incomplete, or of a newer program.
    """
    with oeffne(pfad) as archiv:
        inhalt = read_inhalt(archiv, pfad)
        lese_alle(archiv, inhalt, pfad, lambda name, datei, quelle, m: kopiere(quelle, None, hoechstens=None, melde=m),
                  melde, "Prüfen")  # fmt: skip
    return inhalt


def oeffne(pfad: Path) -> zipfile.ZipFile:
    """The archive, opened.

    Raises:
        MonitoringError: there is no such file, or it is no archive.
    """
    if not pfad.is_file():
        raise MonitoringError("Die Sicherung gibt es nicht.", wo=str(pfad), tun="Pfad und Schreibweise prüfen.")
    try:
        return zipfile.ZipFile(pfad)
    except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError) as fehler:
        raise beschaedigt(pfad, f"kein vollständiges Archiv: {fehler}") from None


def read_inhalt(archiv: zipfile.ZipFile, pfad: Path) -> Inhalt:
    """The list of an archive, after its index has been found harmless.

    Raises:
        MonitoringError: entries that would leave the folder, unpack to something huge, or are not in the list.
    """
    eintraege = archiv.infolist()
    for eintrag in eintraege:
        _check_eintrag(eintrag, pfad)
    if len({e.filename for e in eintraege}) != len(eintraege):
        raise abgelehnt(pfad, "ein Name kommt zweimal vor")
    gepackt, ungepackt = sum(e.compress_size for e in eintraege), sum(e.file_size for e in eintraege)
    if gepackt > pfad.stat().st_size or ungepackt > VERHAELTNIS * max(gepackt, STUECK):
        raise abgelehnt(pfad, f"{gepackt} Bytes würden zu {ungepackt} Bytes entpackt")
    inhalt = _read_liste(archiv, pfad)
    da = {e.filename.removeprefix(INHALT): e.file_size for e in eintraege if e.filename != LISTE}
    soll = {name: datei.groesse for name, datei in inhalt.dateien.items()}
    if da != soll:
        fremd = min(k for k in da.keys() | soll.keys() if da.get(k) != soll.get(k))
        raise beschaedigt(pfad, f"Inhalt und Liste passen nicht zusammen: {fremd}")
    return inhalt


def _check_eintrag(eintrag: zipfile.ZipInfo, pfad: Path) -> None:
    name = eintrag.filename
    if eintrag.flag_bits & 1:
        raise abgelehnt(pfad, f"verschlüsselter Eintrag {name!r}")
    if stat.S_ISLNK(eintrag.external_attr >> 16):
        raise abgelehnt(pfad, f"Verknüpfung {name!r}")
    if name != LISTE and not ist_harmlos(name.removeprefix(INHALT) if name.startswith(INHALT) else ""):
        raise abgelehnt(pfad, f"unzulässiger Name {name!r}")


def ist_harmlos(name: str) -> bool:
    """A relative path that stays below its folder, on every system."""
    teile = name.split("/")
    verboten = "\\\0" + (":" if os.name == "nt" else "")
    if any(z in name for z in verboten) or any(ord(z) < 32 for z in name):
        return False
    return all(teil not in ("", ".", "..") for teil in teile)


def _read_liste(archiv: zipfile.ZipFile, pfad: Path) -> Inhalt:
    try:
        info = archiv.getinfo(LISTE)
        if info.file_size > LISTE_HOECHSTENS:
            raise abgelehnt(pfad, "die Liste ist zu groß")
        angaben = json.loads(archiv.read(info).decode("utf-8"))
        fassung = int(angaben["fassung"])
        if fassung > FASSUNG:
            raise MonitoringError(
                "Die Sicherung stammt von einer neueren Programmversion.",
                wo=f"{pfad} (Fassung {fassung}, Programm {angaben.get('programm')}; dieses kennt {FASSUNG})",
                tun="Das Programm aktualisieren und den Befehl wiederholen.",
            )
        felder = ("groesse", "sha256", "modus", "geaendert")
        dateien = {str(n): Datei(*(d[f] for f in felder)) for n, d in angaben["dateien"].items()}
        return Inhalt(fassung, str(angaben["programm"]), str(angaben["erstellt_am"]), dict(angaben["gebiete"]), dateien)
    except KeyError as fehler:
        raise MonitoringError(
            "Die Datei ist keine Sicherung dieses Programms.",
            wo=f"{pfad} ({fehler} fehlt)",
            tun="Eine Datei nehmen, die »sozialraum sichern« geschrieben hat.",
        ) from None
    except _KAPUTT as fehler:
        raise beschaedigt(pfad, f"Liste: {fehler}") from None


def lese_alle(archiv: zipfile.ZipFile, inhalt: Inhalt, pfad: Path, tue: Callable, melde: Melder, text: str) -> None:
    """Hand every file to `tue(name, datei, quelle, melde)` and compare what it returns: size and checksum.

    Raises:
        MonitoringError: a file is not what the list says.
    """
    gelesen, gesamt = 0, max(inhalt.bytes, 1)

    def weiter(anzahl: int) -> None:
        nonlocal gelesen
        gelesen += anzahl
        melde(gelesen, gesamt, text)

    for name, datei in inhalt.dateien.items():
        try:
            with archiv.open(INHALT + name) as quelle:
                groesse, summe = tue(name, datei, quelle, weiter)
        except _KAPUTT as fehler:
            raise beschaedigt(pfad, f"{name}: {fehler}") from None
        if (groesse, summe) != (datei.groesse, datei.sha256):
            raise beschaedigt(pfad, f"{name}: Prüfsumme falsch")


def beschaedigt(pfad: Path, was: str) -> MonitoringError:
    return MonitoringError(
        "Die Sicherung ist beschädigt oder unvollständig; nichts wurde geändert.",
        wo=f"{pfad} ({was})",
        tun="Eine andere Sicherung nehmen. »sozialraum wiederherstellen DATEI --nur-pruefen« prüft eine Datei.",
    )


def abgelehnt(pfad: Path, was: str) -> MonitoringError:
    return MonitoringError(
        "Diese Datei wird nicht entpackt: So schreibt dieses Programm keine Sicherung. Nichts wurde geändert.",
        wo=f"{pfad} ({was})",
        tun="Klären, woher die Datei stammt; sie könnte verfälscht sein.",
    )
