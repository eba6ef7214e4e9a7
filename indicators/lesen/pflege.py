"""Care: projection, comparison with national quotas."""

from __future__ import annotations

import pandas as pd

from indicators.lesen.grund import Grund


class Pflege(Grund):
    """Tables of care."""

    @property
    def pflege(self) -> dict:
        """How the tables of care came about; `art`: "voll", "quoten" or "keine" with `grund` (a status)."""
        return self._stand_roh.get("pflege", {"art": "keine", "grund": "nicht_geliefert"})

    def _read_pflege(self, tabelle: str, raum_id: str | None, folge: str) -> pd.DataFrame:
        return self._frage(
            f"""
            SELECT t.*, r.name FROM {tabelle} t JOIN raum r USING (raum_id, gebietsstand)
            WHERE $raum_id IS NULL OR t.raum_id = $raum_id
            ORDER BY {folge}, NOT r.mit_geometrie, r.nr, t.raum_id
            """,
            {"raum_id": raum_id},
        )

    def read_prognose(self, raum_id: str | None = None) -> pd.DataFrame:
        """Population, people in need and places in homes, now and ahead (all but the base year is a model).

        Returns:
            ebene, raum_id, gebietsstand, groesse, variante, jahr, wert, unten, oben (band), status, name; sorted by
            groesse, variante, jahr. Numbers are NaN unless the status is `offen` or `unsicher`.
        """
        return self._read_pflege("prognose", raum_id, "t.groesse, t.variante, t.jahr")

    def read_prognose_alter(self, raum_id: str) -> pd.DataFrame:
        """One Raum by sex and age: art ("bevoelkerung" in five-year groups, "pflege" of the Kreis), jahr, geschlecht,
        von, bis (NaN: open), bevoelkerung, pflegebeduerftige, modell."""
        return self._read_pflege("prognose_alter", raum_id, "t.art, t.jahr, t.geschlecht, t.von")

    def read_zerlegung(self, raum_id: str | None = None) -> pd.DataFrame:
        """What changes of the people in need are made of: von, bis (years), gesamt, umfang, struktur, haeufigkeit
        [persons], modell (ahead) or not (looking back)."""
        return self._read_pflege("prognose_zerlegung", raum_id, "t.modell, t.von, t.bis")

    def read_probe(self, raum_id: str | None = None) -> pd.DataFrame:
        """What the same procedure would have said earlier: groesse, basis, ziel (days), vorhergesagt, eingetreten."""
        df = self._read_pflege("prognose_probe", raum_id, "t.groesse, t.basis, t.ziel")
        return df.assign(basis=pd.to_datetime(df["basis"]).dt.date, ziel=pd.to_datetime(df["ziel"]).dt.date)

    def read_pflegevergleich(self, groesse: str | None = None) -> pd.DataFrame:
        """Counted against expected, one row per Raum, day, groesse and verfahren ("indirekt", "direkt", "quoten"):
        beobachtet, erwartet (a model, with its band), verhaeltnis (1 = as expected), roh and rate per 100, status."""
        df = self._read_pflege("pflege_vergleich", None, "t.verfahren, t.groesse, t.stichtag")
        return (df if groesse is None else df[df["groesse"] == groesse]).reset_index(drop=True)
