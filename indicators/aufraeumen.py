"""Removing old snapshots: only those that nothing and nobody needs any more.

What was published stays known all the same: the memory of the gate, the list of withdrawn snapshots.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from geodata.fehler import MonitoringError
from indicators.altstand import find_alte
from indicators.bestand import list_snapshots, platz, read_zeiger
from indicators.gedaechtnis import Gedaechtnis
from indicators.manifest import find_mangel
from indicators.platte import ersetze, loesche, schreibfehler
from indicators.referenzen import find_genannte, find_verwaiste
from indicators.sperre import allein, sperre
from indicators.staende import find_gezeigt, find_groesse, raeume_auf


@dataclass(frozen=True)
class Aufraeumen:
    """What was removed (or would be), what stays and why, and what deserves a look."""

    geloescht: list[str]
    bytes: int
    bleibt: dict[str, str]
    hinweise: list[str] = field(default_factory=list)


def raeume_staende_auf(ordner: Path, *, behalten: int, probe: bool = False) -> Aufraeumen:
    """Remove the snapshots of `daten/<gebiet>` before the newest `behalten` good ones that nobody refers to.

    Raises:
        MonitoringError: it is unknown what is shown or what a Mappe needs; then nothing is removed.
    """
    if behalten < 1:
        raise MonitoringError("Mindestens ein Stand muss bleiben.", wo=f"--behalten {behalten}", tun="1 oder mehr.")
    with sperre(ordner), schreibfehler(ordner):
        if not probe:
            raeume_auf(ordner / "bestand")  # what a crashed run left
        snapshots = list_snapshots(ordner)
        bleibt = find_bleibende(ordner, snapshots, behalten)
        weg, groesse = [], 0
        for snapshot in [s for s in snapshots if s not in bleibt]:
            with allein(ordner / "bestand" / snapshot) as frei:
                if not frei:
                    bleibt[snapshot] = "in Benutzung"
                    continue
                groesse += find_groesse(ordner / "bestand" / snapshot)
                weg.append(snapshot)
                if not probe and not _entferne(ordner / "bestand" / snapshot):
                    bleibt[weg.pop()] = "in Benutzung"
        hinweise = [
            f"{datei} nennt den Stand »{name}«, den es nicht gibt." for datei, name in find_verwaiste(ordner, snapshots)
        ]
    return Aufraeumen(weg, groesse, {s: bleibt[s] for s in snapshots if s in bleibt}, hinweise)


def find_bleibende(ordner: Path, snapshots: list[str], behalten: int) -> dict[str, str]:
    """Snapshot → why it stays."""
    gute = [s for s in snapshots if find_mangel(ordner / "bestand" / s) is None][-behalten:]
    # Damaged ones between the newest good ones stay too: a backup may mend them.
    bleibt = {s: f"einer der neuesten {behalten}" for s in snapshots if gute and platz(s) >= platz(gute[0])}
    for snapshot, dateien in find_genannte(ordner, snapshots).items():
        bleibt[snapshot] = f"gebraucht von {', '.join(dateien)}"
    for snapshot in find_alte(ordner, Gedaechtnis(ordner)):
        bleibt[snapshot] = "das Gedächtnis kennt ihn noch nicht; die nächste Veröffentlichung liest ihn"
    gewollt, gezeigt = read_zeiger(ordner), find_gezeigt(ordner)
    for name in (gewollt, gezeigt.ordner.name if gezeigt and gezeigt.ordner else None):
        if name:
            bleibt[name] = "wird gezeigt"
    return bleibt


def _entferne(snapshot: Path) -> bool:
    """False: somebody has a file of it open, as only Windows minds."""
    abgelegt = snapshot.with_name(f".weg_{snapshot.name}")
    try:
        ersetze(snapshot, abgelegt)
    except PermissionError:
        return False
    loesche(abgelegt)
    return True
