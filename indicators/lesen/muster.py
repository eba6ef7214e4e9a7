"""Indices and spatial patterns."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from functools import cached_property

import pandas as pd

from indicators.labor import Labor, Wahl, build_labor
from indicators.lesen.begriffe import IndexAusgabe, IndexEintrag
from indicators.lesen.katalog import Katalog
from indicators.muster_saetze import sage_muster


class Muster(Katalog):
    """What neighbours have in common."""

    @cached_property
    def indizes(self) -> tuple[IndexEintrag, ...]:
        """Indices whose result is published here, with all their editions, oldest first."""
        zeilen = self._verbindung.cursor().execute("SELECT eintrag FROM indexdefinition ORDER BY index_id").fetchall()
        gefunden = []
        for (text,) in zeilen:
            roh = json.loads(text)
            ausgaben = tuple(
                IndexAusgabe(**a | {"stichtag": date.fromisoformat(a["stichtag"])}) for a in roh.pop("ausgaben")
            )
            index = IndexEintrag(**roh, ausgaben=ausgaben)
            if eintrag := self.eintrag(index.statusindex):
                da = tuple(a for a in ausgaben if a.stichtag in eintrag.stichtage[index.ebene])
                gefunden.append(replace(index, ausgaben=da))
        return tuple(gefunden)

    def build_labor(self, wahl: Wahl) -> Labor:
        """An index of one's own choice, computed from the published values; see `labor.build_labor`."""
        return build_labor(self, wahl)

    def read_muster(self, kennzahl_id: str, ebene: str) -> pd.DataFrame:
        """Spatial pattern of one Kennzahl on one level at its newest Stichtag, one row per Raum in map order.

        Returns:
            raum_id, name, eltern_id, gebietsstand, stichtag, wert, zaehler, nenner, wert_status (of the value), status
            ("offen", or why there is no cluster class), klasse (HH, NN, HN, NH; "-" does not pass the false discovery
            rate), lokal (local Moran), p, geglaettet with gewicht (share of the Raum's own value, 0 to 1),
            lokationsquotient. Empty where nothing was computed. A smoothed value is never shown without `gewicht`.
        """
        return self._frage(
            """
            SELECT m.raum_id, r.name, r.eltern_id, m.gebietsstand, m.stichtag, k.wert, k.zaehler, k.nenner,
                   k.status AS wert_status, m.status, m.klasse, m.lokal, m.p, m.geglaettet, m.gewicht,
                   m.lokationsquotient
            FROM raum_muster m JOIN raum r USING (raum_id, gebietsstand)
            JOIN kennzahl k ON (k.kennzahl_id, k.ebene, k.raum_id, k.gebietsstand, k.stichtag)
                = (m.kennzahl_id, m.ebene, m.raum_id, m.gebietsstand, m.stichtag)
            WHERE m.kennzahl_id = $kennzahl_id AND m.ebene = $ebene
            ORDER BY NOT r.mit_geometrie, r.nr, m.raum_id
            """,
            {"kennzahl_id": kennzahl_id, "ebene": ebene},
        )

    def read_raumstatistik(self, kennzahl_id: str, ebene: str) -> dict | None:
        """Moran's I, number of clusters and segregation of one Kennzahl on one level (columns of the table
        `raum_statistik`, numbers None where there are none); None where nothing was computed."""
        df = self._frage(
            "SELECT * FROM raum_statistik WHERE kennzahl_id = $kennzahl_id AND ebene = $ebene",
            {"kennzahl_id": kennzahl_id, "ebene": ebene},
        )
        if df.empty:
            return None
        return {k: None if w is None or w is pd.NA or w != w else w for k, w in df.iloc[0].items()}

    def sage_muster(self, kennzahl_id: str, ebene: str) -> list[str]:
        """The spatial pattern in German sentences; empty where nothing was computed."""
        statistik = self.read_raumstatistik(kennzahl_id, ebene)
        return sage_muster(statistik) if statistik else []

    @cached_property
    def mit_muster(self) -> dict[str, tuple[str, ...]]:
        """Kennzahl → levels with a spatial pattern."""
        df = self._frage("SELECT kennzahl_id, ebene FROM raum_statistik ORDER BY kennzahl_id, ebene")
        return {k: tuple(teil["ebene"]) for k, teil in df.groupby("kennzahl_id", sort=False)}
