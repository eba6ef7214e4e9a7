"""Which snapshot of a Gebiet is shown: the one the pointer names if every byte is as published, else the last good.

A snapshot is built beside the others under a temporary name, synced to disk, renamed, and only then the pointer
AKTUELL.json turns to it: a crash at any step leaves the old state served.
"""

from __future__ import annotations

import logging
import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from geodata.fehler import MonitoringError
from indicators.bestand import (
    ZEIGER,
    find_folge,
    find_kennung,
    find_marke,
    find_zeiger,
    list_snapshots,
    nenne,
    platz,
    read_zeiger,
    read_zurueckgezogen,
    sage_zurueckgezogen,
    set_zeiger,
)
from indicators.manifest import Mangel, find_mangel
from indicators.platte import schreibfehler
from indicators.sperre import sperre

log = logging.getLogger("sozialraum.staende")


@dataclass(frozen=True)
class Gezeigt:
    """What is shown of one Gebiet.

    Args:
        ordner: folder of the snapshot; None: nothing is published at the moment, on purpose.
        hinweis: German sentence for every page when it is not the snapshot that should be shown.
        einzelheit: the same for the log, with path and cause.
    """

    ordner: Path | None
    hinweis: str = ""
    einzelheit: str = ""


def find_gezeigt(ordner: Path, *, bisher: Path | None = None) -> Gezeigt | None:
    """Decide what `daten/<gebiet>` shows; None: nothing has been published.

    Instead of a snapshot that is damaged, withdrawn or of another program version stands what a running program shows
    already (`bisher`), else the last good one before it. Later ones are left alone: somebody turned back from them.

    Raises:
        MonitoringError: no snapshot can be shown, or the list of withdrawn ones is unreadable.
    """
    weg = read_zurueckgezogen(ordner)
    try:
        gewollt = read_zeiger(ordner)
    except MonitoringError as fehler:
        gewollt, mangel = "", Mangel("ist nicht mehr zu bestimmen", fehler.wo)
    else:
        if gewollt is None:
            return Gezeigt(None) if (ordner / ZEIGER).is_file() else None
        mangel = _find_mangel(ordner, gewollt, weg)
    if mangel is None:
        return Gezeigt(ordner / "bestand" / gewollt)
    if bisher and bisher.name not in weg and bisher.name != gewollt:
        ersatz = bisher.name
    else:
        ersatz = find_letzten_guten(ordner, vor=gewollt)
    if ersatz is None:
        raise _keiner_gut(ordner, gewollt, mangel)
    was = nenne(gewollt) if gewollt else "Der Stand, der gezeigt werden soll,"
    name = nenne(ersatz)
    hinweis = f"{was} {mangel.text}; gezeigt wird {name[0].lower()}{name[1:]}."
    return Gezeigt(ordner / "bestand" / ersatz, hinweis, mangel.einzelheit)


def find_letzten_guten(ordner: Path, *, vor: str = "") -> str | None:
    """The newest snapshot whose files are whole, not withdrawn and understood; only earlier ones than `vor`."""
    fruehere = [s for s in list_snapshots(ordner) if not vor or platz(s) < platz(vor)]
    return next((s for s in reversed(fruehere) if find_mangel(ordner / "bestand" / s) is None), None)


def _find_mangel(ordner: Path, snapshot: str, weg: dict) -> Mangel | None:
    if snapshot in weg:
        return Mangel("wurde zurückgezogen", f"{ordner / 'bestand' / snapshot}")
    return find_mangel(ordner / "bestand" / snapshot)


def _keiner_gut(ordner: Path, gewollt: str, mangel: Mangel) -> MonitoringError:
    was = nenne(gewollt) if gewollt else "Der Stand, der gezeigt werden soll,"
    spaetere = find_letzten_guten(ordner)
    return MonitoringError(
        f"Für das Gebiet »{ordner.name}« lässt sich kein Stand zeigen: {was} {mangel.text}.",
        wo=mangel.einzelheit,
        tun=f"»sozialraum veroeffentlichen --gebiet {ordner.name}« baut einen neuen Stand"
        + (f"; »sozialraum zurueck --gebiet {ordner.name} {spaetere}« zeigt einen, der heil ist" if spaetere else "")
        + f"; oder {ordner / 'bestand'} aus der Datensicherung holen.",
    )


class Auslage:
    """What is shown of all Gebiete, kept up to date: a turned pointer is seen at the next call.

    One thread at a time verifies a new snapshot; the others go on with the old one meanwhile. While running nothing
    is lost: if the new state cannot be shown, the old one stays.

    Args:
        pruefe: raises MonitoringError if a snapshot, whole as it is, cannot be served here.
    """

    def __init__(self, daten: Path, pruefe: Callable[[Path], object] = lambda ordner: None) -> None:
        self._daten, self._pruefe, self._schloss = daten, pruefe, threading.Lock()
        self._marken: dict[str, tuple] | None = None
        self._gezeigt: dict[str, Gezeigt] = {}

    def __call__(self) -> dict[str, Gezeigt]:
        """Gebiet → what is shown of it, in the order of their names.

        Raises:
            MonitoringError: at the first call, a Gebiet of which no snapshot can be shown.
        """
        marken = self._find_marken()
        if marken != self._marken and self._schloss.acquire(blocking=self._marken is None):
            try:
                self._gezeigt = self._erneuere(marken)
                self._marken = marken
            finally:
                self._schloss.release()
        return self._gezeigt

    def _find_marken(self) -> dict[str, tuple]:
        try:
            namen = sorted(os.listdir(self._daten))
        except FileNotFoundError:
            return {}
        except OSError as fehler:
            if self._marken is not None:
                return self._marken  # a network drive that is away for a moment
            raise MonitoringError(
                "Der Datenordner lässt sich nicht lesen.",
                wo=f"{self._daten} ({fehler.strerror})",
                tun="Rechte und Besitzer des Ordners prüfen oder mit --daten einen anderen nennen.",
            ) from None
        marken = ((name, find_marke(f"{self._daten}/{name}")) for name in namen if name[0] != ".")
        return {name: marke for name, marke in marken if marke is not None}

    def _erneuere(self, marken: dict[str, tuple]) -> dict[str, Gezeigt]:
        alte, neu = self._marken or {}, {}
        for gebiet, marke in marken.items():
            vorher = self._gezeigt.get(gebiet)
            gezeigt = vorher if alte.get(gebiet) == marke else self._entscheide(gebiet, vorher)
            if gezeigt is not None:
                neu[gebiet] = gezeigt
        return neu

    def _entscheide(self, gebiet: str, vorher: Gezeigt | None) -> Gezeigt | None:
        try:
            gezeigt = find_gezeigt(self._daten / gebiet, bisher=vorher.ordner if vorher else None)
            if gezeigt and gezeigt.ordner:
                self._pruefe(gezeigt.ordner)
        except MonitoringError as fehler:
            if self._marken is None:
                raise
            log.error("%s: %s Der bisherige Stand bleibt. (%s)", gebiet, fehler.was, fehler.wo)
            return vorher
        if gezeigt and gezeigt.hinweis:
            log.error("%s: %s (%s)", gebiet, gezeigt.hinweis, gezeigt.einzelheit)
        return gezeigt


# --- turning back ----------------------------------------------------------------------------


def zurueck(ordner: Path, snapshot: str | None = None) -> str:
    """Turn the pointer to an earlier snapshot (default: the last good one before the current).

    Raises:
        MonitoringError: there is no such snapshot, or it cannot be shown.
    """
    with sperre(ordner), schreibfehler(ordner):
        raeume_auf(ordner / "bestand")
        ziel = snapshot or _find_vorigen(ordner)
        weg = read_zurueckgezogen(ordner)
        if ziel in weg:
            raise MonitoringError(
                f"{sage_zurueckgezogen(weg[ziel])}",
                wo=str(ordner / "bestand"),
                tun="Er wird nicht mehr gezeigt. Einen anderen Stand nennen; »sozialraum diagnose« zählt sie auf.",
            )
        if ziel not in list_snapshots(ordner):
            raise MonitoringError(
                f"Den Stand »{snapshot}« gibt es nicht." if snapshot else "Es gibt keinen früheren Stand.",
                wo=f"{ordner / 'bestand'}: {', '.join(list_snapshots(ordner)) or 'leer'}",
                tun="Einen der genannten Stände angeben.",
            )
        if mangel := find_mangel(ordner / "bestand" / ziel):
            raise MonitoringError(
                f"{nenne(ziel)} {mangel.text}; er wird nicht gezeigt.",
                wo=mangel.einzelheit,
                tun="Einen anderen Stand nennen; »sozialraum diagnose« zählt sie auf.",
            )
        set_zeiger(ordner, ziel)
    return ziel


def _find_vorigen(ordner: Path) -> str | None:
    aktuell = find_zeiger(ordner)
    gut = find_letzten_guten(ordner, vor=aktuell or "")
    for name in list_snapshots(ordner):
        if gut and platz(gut) < platz(name) and (aktuell is None or platz(name) < platz(aktuell)):
            log.warning("%s wird übersprungen: %s", nenne(name), find_mangel(ordner / "bestand" / name).einzelheit)
    return gut


# --- publishing ------------------------------------------------------------------------------


def find_fertigen(ordner: Path, kennung: str) -> str | None:
    """A good snapshot of exactly these inputs, if it is the current one or newer.

    Newer than the current one is what a run left that was killed between renaming and turning the pointer, and what
    somebody turned back from; neither has to be built again.

    Raises:
        MonitoringError: just these inputs were withdrawn.
    """
    for eintrag in read_zurueckgezogen(ordner).values():
        if find_kennung(eintrag["stand"]) == kennung:
            raise MonitoringError(
                f"Genau diese Zahlen wurden zurückgezogen. {sage_zurueckgezogen(eintrag)}",
                wo=str(ordner),
                tun="Erst die Ursache beheben (Lieferung entfernen oder ersetzen, Freigabeprofil ändern), dann "
                "veröffentlichen.",
            )
    aktuell = find_zeiger(ordner)
    gleiche = [s for s in list_snapshots(ordner) if find_kennung(s) == kennung]
    gleiche = [s for s in gleiche if aktuell is None or platz(s) >= platz(aktuell)]
    return next((s for s in reversed(gleiche) if find_mangel(ordner / "bestand" / s) is None), None)


def raeume_auf(bestand: Path) -> None:
    """Remains of a crashed run. Safe under the lock: nobody else is building or removing."""
    for muster in (".bau_*", ".weg_*"):
        for rest in bestand.glob(muster):
            shutil.rmtree(rest, ignore_errors=True)
    for rest in bestand.parent.glob(".*.neu"):
        rest.unlink(missing_ok=True)


# --- looking ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Zustand:
    """One line of `diagnose`; `zustand`: aktuell, gut, beschädigt, zurückgezogen, andere Programmversion."""

    stand: str
    folge: int
    zustand: str
    bytes: int
    einzelheit: str = ""


def list_zustaende(ordner: Path) -> list[Zustand]:
    """All snapshots ever published that are still known, oldest first; every byte is checked."""
    weg, aktuell = read_zurueckgezogen(ordner), find_zeiger(ordner)
    vorhanden = {p.name for p in (ordner / "bestand").glob("*") if p.is_dir() and not p.name.startswith(".")}
    zeilen = []
    for name in sorted(vorhanden | set(weg), key=platz):
        mangel, groesse = find_mangel(ordner / "bestand" / name), find_groesse(ordner / "bestand" / name)
        if name in weg:
            zeilen.append(Zustand(name, find_folge(name), "zurückgezogen", groesse, weg[name]["grund"]))
        elif mangel:
            art = "andere Programmversion" if "Programmversion" in mangel.text else "beschädigt"
            zeilen.append(Zustand(name, find_folge(name), art, groesse, mangel.einzelheit))
        else:
            zeilen.append(Zustand(name, find_folge(name), "aktuell" if name == aktuell else "gut", groesse))
    return zeilen


def find_groesse(snapshot: Path) -> int:
    """Bytes on disk of all its files."""
    return sum(p.stat().st_size for p in snapshot.rglob("*") if p.is_file())
