"""The map: class edges, and the files a browser asks for."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import pandas as pd

from indicators.lesen.katalog import Katalog
from indicators.lesen.raeume import Raeume
from indicators.mischung import Mischdatei, mische_datei


class Karte(Katalog, Raeume):
    """Files of this view; a name that it does not list does not exist."""

    _mischdateien: dict[str, Mischdatei]

    def klassen(self, kennzahl_id: str, ebene: str) -> tuple[float, ...]:
        """Class edges, ascending, fixed over all Stichtage; class i holds edge[i] ≤ wert < edge[i+1]."""
        df = self._frage(
            "SELECT von, bis FROM klasse WHERE kennzahl_id = $kennzahl_id AND ebene = $ebene ORDER BY nr",
            {"kennzahl_id": kennzahl_id, "ebene": ebene},
        )
        return () if df.empty else (*df["von"].tolist(), float(df["bis"].iloc[-1]))

    @cached_property
    def _dateien(self) -> pd.DataFrame:
        return self._frage("SELECT kennzahl_id, ebene, gebietsstand, art, name FROM datei ORDER BY gebietsstand")

    def karten_teile(self, kennzahl_id: str, ebene: str) -> list[dict]:
        """One dict per Gebietsstand, oldest first: gebietsstand, geo, wert, grenzen, vergleich (file names; the last is
        missing where nothing is compared), stichtage (ISO)."""
        d = self._dateien[self._dateien["ebene"] == ebene]
        geo = d[d["art"] == "geo"].set_index("gebietsstand")["name"]
        werte = d[(d["kennzahl_id"] == kennzahl_id) & d["art"].isin(["wert", "grenzen", "vergleich"])]
        tage = self._frage(
            """
            SELECT gebietsstand, stichtag FROM kennzahl WHERE kennzahl_id = $kennzahl_id AND ebene = $ebene
            GROUP BY ALL ORDER BY ALL
            """,
            {"kennzahl_id": kennzahl_id, "ebene": ebene},
        )
        return [
            {
                "gebietsstand": stand,
                "geo": geo[stand],
                "wert": teil.loc[teil["art"] == "wert", "name"].iloc[0],
                "grenzen": teil.loc[teil["art"] == "grenzen", "name"].iloc[0],
                "vergleich": next(iter(teil.loc[teil["art"] == "vergleich", "name"]), None),
                "stichtage": [t.isoformat() for t in tage.loc[tage["gebietsstand"] == stand, "stichtag"]],
            }
            for stand, teil in werte.groupby("gebietsstand")
            if stand in geo.index
        ]

    def geometrie_dateien(self, gebietsstand: str) -> dict[str, str]:
        """Level → name of its geometry file in one Gebietsstand."""
        d = self._dateien[(self._dateien["art"] == "geo") & (self._dateien["gebietsstand"] == gebietsstand)]
        return dict(zip(d["ebene"], d["name"], strict=True))

    def karten_teil_heute(self, kennzahl_id: str, ebene: str) -> dict | None:
        """All Stichtage on today's Räume, shape as one of `karten_teile`; None where nothing is converted."""
        d = self._dateien
        namen = d[(d["kennzahl_id"] == kennzahl_id) & (d["ebene"] == ebene)].set_index("art")["name"]
        if "wert_heute" not in namen:
            return None
        stand = self._raeume["gebietsstand"].max()
        geo = d[(d["art"] == "geo") & (d["ebene"] == ebene) & (d["gebietsstand"] == stand)]["name"].iloc[0]
        tage = [t.isoformat() for t in self._katalog[kennzahl_id].stichtage[ebene]]
        heute = {"wert": namen["wert_heute"], "grenzen": namen["grenzen_heute"]}
        return {"gebietsstand": stand, "geo": geo, **heute, "stichtage": tage}

    def umrisse(self, ebene: str) -> dict[str, str]:
        """Geometry file of the level above, per Gebietsstand; empty for the top level."""
        eltern = self.stand.ebene(ebene).eltern
        d = self._dateien
        d = d[(d["art"] == "geo") & (d["ebene"] == eltern)]
        return dict(zip(d["gebietsstand"], d["name"], strict=True))

    def datei_inhalt(self, name: str) -> bytes | None:
        """A browser file of this view, compressed; None for every name that this view does not list."""
        if (misch := self._mischdateien.get(name)) is not None:
            return mische_datei(self._ordner, self.sicht, self._verbindung.cursor(), misch)
        pfad = self.datei_pfad(name)
        return pfad.read_bytes() if pfad else None

    def datei_pfad(self, name: str) -> Path | None:
        """Path of a browser file of this snapshot; None for every name the view does not list or that is mixed."""
        if name in self._mischdateien:
            return None
        treffer = self._dateien[self._dateien["name"] == name]
        if treffer.empty:
            return None
        if treffer.iloc[0]["art"] == "geo":
            return self._ordner / "geo" / name
        return self._ordner / f"werte_{self.sicht.freigabe}" / name
