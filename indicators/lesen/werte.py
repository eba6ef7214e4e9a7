"""Values and time series, delivered and converted."""

from __future__ import annotations

from datetime import date

import pandas as pd

from indicators.lesen.grund import Grund

# Comparison, rank and trend as exports carry them; see read_auswertung.
AUSWERTUNG = (
    *("rest_wert", "rest_urteil", "rest_streng", "rest_grund", "eltern_wert", "eltern_urteil", "eltern_grund"),
    *("gleiche_wert", "gleiche_urteil", "gleiche_grund"),
    *("bezug_wert", "bezug_urteil", "bezug_streng", "bezug_grund"),
    *("vorher_am", "vorher_diff", "vorher_unten", "vorher_oben", "vorher_urteil", "vorher_grund"),
    *("rang", "rang_von", "rang_bis", "rang_anzahl", "trend", "trend_seit", "trend_grund"),
    *("mittel_wert", "mittel_unten", "mittel_oben", "mittel_seit"),
)
_GELIEFERT = "false AS umgerechnet, CAST(NULL AS DOUBLE) AS anteil_aufgeteilt"
_UMGERECHNET = "true AS umgerechnet, k.anteil AS anteil_aufgeteilt"
_WERTE = """
    k.raum_id, r.name, r.eltern_id, k.gebietsstand, k.stichtag, k.wert, k.unten, k.oben, k.zaehler, k.nenner,
    k.status, k.hinweis"""


class Werte(Grund):
    """Published values; NaN unless the status is `offen` or `unsicher`."""

    def read_werte(self, kennzahl_id: str, ebene: str, stichtag: date | None = None) -> pd.DataFrame:
        """One Kennzahl on one level, one row per Raum and Stichtag, sorted by Stichtag and position.

        Returns:
            raum_id, name, eltern_id, gebietsstand, stichtag, wert, unten, oben (unit of the Kennzahl),
            zaehler, nenner (counts), status, hinweis.
        """
        return self._frage(
            f"""
            SELECT {_WERTE}
            FROM kennzahl k JOIN raum r USING (raum_id, gebietsstand)
            WHERE k.kennzahl_id = $kennzahl_id AND k.ebene = $ebene
              AND ($stichtag IS NULL OR k.stichtag = $stichtag)
            ORDER BY k.stichtag, NOT r.mit_geometrie, r.nr, k.raum_id
            """,
            {"kennzahl_id": kennzahl_id, "ebene": ebene, "stichtag": stichtag},
        )

    def read_reihe(self, kennzahl_id: str, raum_ids: list[str]) -> pd.DataFrame:
        """Time series of several Räume (any level): columns of `read_werte` plus `zuschnitt`, `ebene`, and for values
        converted to today's Räume `umgerechnet` with `anteil_aufgeteilt` (0 to 1: how much was apportioned).

        Sorted by the given order of Räume, then Stichtag. A line may only connect rows of one `zuschnitt`. A converted
        value stands in place of the one delivered for another shape under the same key.
        """
        return self._frage(
            f"""
            WITH alle AS (
                SELECT {_WERTE}, {_GELIEFERT}, r.zuschnitt, k.ebene
                FROM kennzahl k JOIN raum r USING (raum_id, gebietsstand)
                WHERE k.kennzahl_id = $kennzahl_id AND list_contains($raeume, k.raum_id)
                UNION ALL
                SELECT {_WERTE}, {_UMGERECHNET}, r.zuschnitt, k.ebene
                FROM kennzahl_umgerechnet k JOIN raum r USING (raum_id, gebietsstand)
                WHERE k.kennzahl_id = $kennzahl_id AND list_contains($raeume, k.raum_id)
            )
            SELECT * FROM alle
            QUALIFY row_number() OVER (PARTITION BY raum_id, stichtag ORDER BY umgerechnet DESC, gebietsstand DESC) = 1
            ORDER BY list_position($raeume, raum_id), stichtag
            """,
            {"kennzahl_id": kennzahl_id, "raeume": list(raum_ids)},
        )

    def read_umbrueche(self, kennzahl_id: str, raum_ids: list[str]) -> pd.DataFrame:
        """Where series of today's Räume are not continued backwards, because too much would have to be apportioned.

        Returns:
            raum_id, name, bis (last Stichtag before the break), anteil (0 to 1; NaN: the share is unknown), sorted by
            the given order of Räume.
        """
        return self._frage(
            """
            SELECT u.raum_id, r.name, u.bis, u.anteil
            FROM umbruch u JOIN raum r USING (raum_id, gebietsstand)
            WHERE u.kennzahl_id = $kennzahl_id AND list_contains($raeume, u.raum_id)
            ORDER BY list_position($raeume, u.raum_id)
            """,
            {"kennzahl_id": kennzahl_id, "raeume": list(raum_ids)},
        )

    def read_umgerechnete(self, kennzahl_id: str, ebene: str, stichtag: date | None = None) -> pd.DataFrame:
        """Values of old Stichtage on today's Räume that were cut anew since: columns of `read_werte` plus
        `umgerechnet` and `anteil_aufgeteilt`, see `read_reihe`."""
        return self._frage(
            f"""
            SELECT {_WERTE}, {_UMGERECHNET}
            FROM kennzahl_umgerechnet k JOIN raum r USING (raum_id, gebietsstand)
            WHERE k.kennzahl_id = $kennzahl_id AND k.ebene = $ebene AND ($stichtag IS NULL OR k.stichtag = $stichtag)
            ORDER BY k.stichtag, NOT r.mit_geometrie, r.nr, k.raum_id
            """,
            {"kennzahl_id": kennzahl_id, "ebene": ebene, "stichtag": stichtag},
        )

    def read_profil(self, raum_id: str) -> pd.DataFrame:
        """Newest value of every Kennzahl for one Raum, with its place among the Räume of its level.

        Returns:
            One row per Kennzahl in catalogue order: kennzahl_id, stichtag, wert, unten, oben, zaehler, nenner, status,
            hinweis, rang (1 = highest) among `von` Räume of the level with a value at that Stichtag,
            ganzes_eltern_wert and oberster_wert at the same Stichtag, ebene_min, ebene_median, ebene_max, name, and
            comparison, rank interval and trend as in `read_auswertung`.
            A Rest-Raum is no place: it has no rank, and nobody is ranked or measured against it.
        """
        return self._frage(
            """
            WITH mein AS (
                SELECT * FROM kennzahl WHERE raum_id = $raum_id
                QUALIFY row_number() OVER (PARTITION BY kennzahl_id ORDER BY stichtag DESC, gebietsstand DESC) = 1
            ), ebene AS (
                SELECT k.kennzahl_id, k.stichtag, k.raum_id, k.wert,
                       rank() OVER (PARTITION BY k.kennzahl_id ORDER BY k.wert DESC) AS rang
                FROM kennzahl k
                JOIN mein m ON (k.kennzahl_id, k.ebene, k.stichtag) = (m.kennzahl_id, m.ebene, m.stichtag)
                JOIN raum r ON r.raum_id = k.raum_id AND r.gebietsstand = k.gebietsstand
                WHERE k.wert IS NOT NULL AND NOT r.rest
            ), streuung AS (
                SELECT kennzahl_id, count(*) AS von, min(wert) AS ebene_min, median(wert) AS ebene_median,
                       max(wert) AS ebene_max
                FROM ebene GROUP BY kennzahl_id
            ), eltern AS (
                SELECT k.kennzahl_id, k.wert
                FROM kennzahl k JOIN mein m ON k.kennzahl_id = m.kennzahl_id AND k.stichtag = m.stichtag
                JOIN raum r ON r.raum_id = m.raum_id AND r.gebietsstand = m.gebietsstand
                WHERE k.raum_id = r.eltern_id
            ), oberster AS (
                SELECT k.kennzahl_id, any_value(k.wert) AS wert
                FROM kennzahl k JOIN mein m ON k.kennzahl_id = m.kennzahl_id AND k.stichtag = m.stichtag
                WHERE k.ebene = $oberste_ebene
                GROUP BY k.kennzahl_id
            )
            SELECT m.kennzahl_id, m.stichtag, m.wert, m.unten, m.oben, m.zaehler, m.nenner, m.status, m.hinweis,
                   e.rang, s.von, eltern.wert AS ganzes_eltern_wert, oberster.wert AS oberster_wert,
                   s.ebene_min, s.ebene_median, s.ebene_max,
                   mr.name, a.* EXCLUDE (kennzahl_id, ebene, raum_id, gebietsstand, stichtag, rang, rang_anzahl)
            FROM mein m
            JOIN katalog c USING (kennzahl_id)
            JOIN raum mr ON mr.raum_id = m.raum_id AND mr.gebietsstand = m.gebietsstand
            LEFT JOIN auswertung a ON (a.kennzahl_id, a.ebene, a.raum_id, a.gebietsstand, a.stichtag)
                = (m.kennzahl_id, m.ebene, m.raum_id, m.gebietsstand, m.stichtag)
            LEFT JOIN streuung s USING (kennzahl_id)
            LEFT JOIN ebene e ON e.kennzahl_id = m.kennzahl_id AND e.raum_id = m.raum_id
            LEFT JOIN eltern ON eltern.kennzahl_id = m.kennzahl_id
            LEFT JOIN oberster ON oberster.kennzahl_id = m.kennzahl_id
            ORDER BY c.reihenfolge
            """,
            {"raum_id": raum_id, "oberste_ebene": self.stand.ebenen[0].id},
        )

    def read_alles(self) -> pd.DataFrame:
        """The whole published table, one row per Kennzahl, Raum and Stichtag, columns of kennzahlen_daten.csv.

        Old Stichtage on today's Räume stand behind all others of their Kennzahl, with `umgerechnet` and without
        comparison, rank and trend (AUSWERTUNG).
        """
        spalten = """
            $gebiet AS gebiet, k.ebene, k.raum_id, k.gebietsstand, r.eltern_id, r.name, k.stichtag, k.kennzahl_id,
            k.wert, k.unten, k.oben, k.zaehler, k.nenner, k.status, k.hinweis"""
        auswertung = ", ".join(f"a.{name}" for name in AUSWERTUNG)
        return self._frage(
            f"""
            WITH alle AS (
                SELECT {spalten}, {_GELIEFERT}, {auswertung}, c.reihenfolge, r.mit_geometrie, r.nr
                FROM kennzahl k JOIN raum r USING (raum_id, gebietsstand) JOIN katalog c USING (kennzahl_id)
                LEFT JOIN auswertung a ON (a.kennzahl_id, a.ebene, a.raum_id, a.gebietsstand, a.stichtag)
                    = (k.kennzahl_id, k.ebene, k.raum_id, k.gebietsstand, k.stichtag)
                UNION ALL BY NAME
                SELECT {spalten}, {_UMGERECHNET}, c.reihenfolge, r.mit_geometrie, r.nr
                FROM kennzahl_umgerechnet k
                JOIN raum r USING (raum_id, gebietsstand) JOIN katalog c USING (kennzahl_id)
            )
            SELECT * EXCLUDE (reihenfolge, mit_geometrie, nr) FROM alle
            ORDER BY reihenfolge, ebene, umgerechnet, stichtag, NOT mit_geometrie, nr, raum_id
            """,
            {"gebiet": self.stand.gebiet_id},
        )
