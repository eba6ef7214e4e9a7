"""The connection to one release profile of one snapshot, and what that snapshot is."""

from __future__ import annotations

import json
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

import pandas as pd

from indicators.frist import SEKUNDEN, frist
from indicators.lesen.begriffe import QuellenHinweis, Stand, StandEbene, Umstieg
from indicators.mischung import Sicht


class Grund:
    """What every question needs; opened and closed by `Store`."""

    sekunden = SEKUNDEN  # the longest any query may take

    _ordner: Path
    _verbindung: object  # of duckdb, read only
    sicht: Sicht

    def _frage(self, sql: str, parameter: dict | None = None) -> pd.DataFrame:
        cursor = self._verbindung.cursor()
        with frist(cursor, self.sekunden):
            df = cursor.execute(sql, parameter or {}).df()
        for spalte in ("stichtag", "von", "bis", "vom", "vorher_am", "trend_seit", "mittel_seit"):
            if spalte in df and str(df[spalte].dtype).startswith("datetime"):
                df[spalte] = df[spalte].dt.date
        return df

    @cached_property
    def _stand_roh(self) -> dict:
        zeilen = self._verbindung.cursor().execute("SELECT schluessel, wert FROM stand").fetchall()
        return {schluessel: json.loads(wert) for schluessel, wert in zeilen}

    @cached_property
    def stand(self) -> Stand:
        roh = self._stand_roh
        felder = {
            name: roh[name]
            for name in Stand.__dataclass_fields__
            if name not in ("erstellt_am", "ebenen", "quellen", "umstiege") and name in roh
        }
        return Stand(
            **felder,
            erstellt_am=datetime.fromisoformat(roh["erstellt_am"]),
            umstiege=tuple(Umstieg(date.fromisoformat(u["ab"]), u["art"]) for u in roh["umstiege"]),
            ebenen=tuple(StandEbene(**e) for e in roh["ebenen"]),
            quellen=tuple(QuellenHinweis(**q) for q in roh["quellen"]),
        )

    @property
    def zertifikat(self) -> dict:
        """How many counts there are and how many are hidden; the rest of the certificate stays in the house."""
        return self._stand_roh["zertifikat"]

    @property
    def ist_weiteste(self) -> bool:
        """Is this the most permissive profile, for the whole Gebiet?"""
        return "eigene_abgelehnt" in self._stand_roh and not self.sicht.kommunen

    @property
    def einwohner_mindest(self) -> float:
        """Sums over fewer people than this give nothing but hatching: the largest minimum of all profiles."""
        return float(self._stand_roh.get("einwohner_mindest", 0))

    @property
    def eigene_abgelehnt(self) -> list[dict]:
        """Own areas that were refused when this snapshot was built: datei, raum, name, grund; the most permissive
        profile only."""
        return self._stand_roh.get("eigene_abgelehnt", [])
