"""Own areas of all territories as files: list, take in, take away. What the command line and the page share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from geodata.eigene import ORDNER, Bestand, Datei, Eigene, check, lege_ab, read_bestand, read_dateien
from geodata.fehler import GebietError
from geodata.gebiet import Gebiet
from geodata.protokoll import protokolliere
from indicators.eigene_pruefung import Zustand, list_zustaende
from indicators.freigabe import Freigabe
from indicators.store import Store, find_aktuell


class Werkstatt:
    """Files below `daten/<gebiet>/eigene/`.

    Args:
        read_gebiet: id → Gebiet; raises a GebietError for one that does not exist.
        read_freigaben: () → release profiles, most permissive first.
    """

    def __init__(
        self, daten: Path, read_gebiet: Callable[[str], Gebiet], read_freigaben: Callable[[], list[Freigabe]]
    ) -> None:
        self._daten, self._read_gebiet, self._read_freigaben = daten, read_gebiet, read_freigaben

    def _ordner(self, gebiet_id: str) -> Path:
        return self._daten / self._read_gebiet(gebiet_id).id / ORDNER

    def bestand(self, gebiet_id: str) -> Bestand:
        return read_bestand(self._read_gebiet(gebiet_id))

    def dateien(self, gebiet_id: str) -> list[Datei]:
        return read_dateien(self._ordner(gebiet_id), self.bestand(gebiet_id))

    def liste(self, gebiet_id: str) -> list[Zustand]:
        """Every area of every file and what became of it in the snapshot that is shown."""
        bestand = self.bestand(gebiet_id)
        dateien = read_dateien(self._ordner(gebiet_id), bestand)
        snapshot = find_aktuell(self._daten, gebiet_id)
        if snapshot is None:
            return list_zustaende(bestand, dateien, None)
        store = Store.open(snapshot, self._read_freigaben()[0].id)
        try:
            return list_zustaende(bestand, dateien, store)
        finally:
            store.close()

    def lege_an(self, gebiet_id: str, eigene: Eigene, *, ersetzen: bool = False) -> Path:
        """Take a Gliederung in; the next publishing shows it.

        Raises:
            GebietError: it cannot be formed, or there is one of this id already.
        """
        ordner = self._ordner(gebiet_id)
        ziel = ordner / f"{eigene.id}.toml"
        check(eigene, self.bestand(gebiet_id), wo=f"{eigene.id}.toml")
        if ziel.exists() and not ersetzen:
            raise GebietError(
                f"Eigene Räume »{eigene.id}« gibt es schon.",
                wo=str(ziel),
                tun="Einen anderen Dateinamen wählen, oder mit »--ersetzen« an ihre Stelle setzen.",
            )
        pfad = lege_ab(ordner, eigene)
        protokolliere(self._daten, "eigene_angelegt", gebiet_id, raeume=len(eigene.raeume))
        return pfad

    def entferne(self, gebiet_id: str, kennung: str) -> None:
        """Take a file away.

        Raises:
            GebietError: there is none of this id.
        """
        vorhanden = {p.stem: p for p in sorted(self._ordner(gebiet_id).glob("*.toml"))}
        if kennung not in vorhanden:
            raise GebietError(
                f"Eigene Räume »{kennung}« gibt es nicht.",
                wo=f"vorhanden: {', '.join(vorhanden) or 'keine'}",
                tun=f"»sozialraum eigene liste --gebiet {gebiet_id}« zeigt alle.",
            )
        vorhanden[kennung].unlink()
        protokolliere(self._daten, "eigene_entfernt", gebiet_id)
