"""The only reader of snapshots: one release profile of one published snapshot of one Gebiet.

A snapshot holds no suppressed number, so whatever is asked here may be shown. Nothing here writes.
All DataFrames are sorted as promised and carry a plain index; value columns are NaN unless the
status is `offen` or `unsicher`.
"""

from __future__ import annotations

import json
from pathlib import Path

import duckdb

from geodata.fehler import MonitoringError
from indicators.frist import ZuLange
from indicators.labor import Wahl
from indicators.lesen.auswertung import Auswertung
from indicators.lesen.begriffe import Eintrag, IndexAusgabe, IndexEintrag, QuellenHinweis, Stand
from indicators.lesen.daten import Daten
from indicators.lesen.karte import Karte
from indicators.lesen.muster import Muster
from indicators.lesen.pflege import Pflege
from indicators.lesen.werte import AUSWERTUNG, Werte
from indicators.mischung import Mischdatei, Sicht, verbinde
from indicators.sperre import belege

SCHEMA_VERSION = 5

# What others import from here: the questions stand in `lesen`, this is where they are asked.
__all__ = [
    "AUSWERTUNG",
    "SCHEMA_VERSION",
    "Eintrag",
    "IndexAusgabe",
    "IndexEintrag",
    "QuellenHinweis",
    "Sicht",
    "Stand",
    "Store",
    "Wahl",
    "ZuLange",
    "find_aktuell",
]


def _find_datei(snapshot_ordner: Path, freigabe: str) -> Path:
    datei = snapshot_ordner / f"{freigabe}.duckdb"
    if not datei.is_file():
        vorhanden = ", ".join(sorted(p.stem for p in snapshot_ordner.glob("*.duckdb"))) or "keines"
        raise MonitoringError(
            f"Das Freigabeprofil »{freigabe}« ist in diesem Stand nicht veröffentlicht.",
            wo=f"{snapshot_ordner} (vorhanden: {vorhanden})",
            tun="Ein vorhandenes Profil wählen oder »sozialraum veroeffentlichen« ausführen.",
        )
    return datei


class Store(Werte, Auswertung, Muster, Pflege, Karte, Daten):
    """Read access to `<freigabe>.duckdb` of one snapshot folder. Safe for several threads."""

    hinweis = ""  # set by whoever serves it: why this snapshot is shown and not the newest; stands on every page

    def __init__(
        self,
        ordner: Path,
        verbindung: duckdb.DuckDBPyConnection,
        sicht: Sicht,
        mischdateien: dict[str, Mischdatei] | None = None,
    ) -> None:
        self._ordner = ordner
        self._belegt = belege(ordner)  # until this Store is gone, nobody removes the snapshot
        self._verbindung = verbindung
        self.sicht = sicht
        self._mischdateien = mischdateien or {}

    @classmethod
    def open(cls, snapshot_ordner: Path, freigabe: str) -> Store:
        """Open a published snapshot; `staende.find_gezeigt` says which one may be shown.

        Raises:
            MonitoringError: the profile is not part of the snapshot, or another version wrote it.
        """
        return cls.open_sicht(snapshot_ordner, Sicht(freigabe))

    @classmethod
    def open_sicht(cls, snapshot_ordner: Path, sicht: Sicht) -> Store:
        """Open what a role sees of a published snapshot: one profile, or a mixture of two (see `mischung`).

        Raises:
            MonitoringError: as `open`.
        """
        profile = (sicht.freigabe, sicht.innen) if sicht.kommunen else (sicht.freigabe,)
        dateien = [_find_datei(snapshot_ordner, profil) for profil in profile]
        if sicht.kommunen:
            cls.open(snapshot_ordner, sicht.freigabe).close()  # of this version of the program?
            verbindung, mischdateien = verbinde(snapshot_ordner, sicht)
        else:
            schutz = {"enable_external_access": "false", "lock_configuration": "true"}
            verbindung, mischdateien = duckdb.connect(str(dateien[0]), read_only=True, config=schutz), {}
        store = cls(snapshot_ordner, verbindung, sicht, mischdateien)
        if store._stand_roh.get("schema") != SCHEMA_VERSION:
            verbindung.close()
            raise MonitoringError(
                "Dieser Stand wurde von einer anderen Programmversion geschrieben.",
                wo=str(dateien[0]),
                tun="»sozialraum veroeffentlichen« mit dieser Version erneut ausführen.",
            )
        return store

    def close(self) -> None:
        self._verbindung.close()
        if self._belegt:
            self._belegt.close()


def find_aktuell(daten: Path, gebiet_id: str) -> Path | None:
    """Folder of the snapshot that AKTUELL.json points to, unchecked; None when nothing is published."""
    zeiger = daten / gebiet_id / "AKTUELL.json"
    if not zeiger.is_file():
        return None
    name = json.loads(zeiger.read_text(encoding="utf-8"))["snapshot"]
    ordner = daten / gebiet_id / "bestand" / (name or "")
    return ordner if name and ordner.is_dir() else None
