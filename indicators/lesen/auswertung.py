"""Comparison, rank and trend."""

from __future__ import annotations

from datetime import date
from functools import cached_property

import pandas as pd

from indicators.lesen.katalog import Katalog
from indicators.trichter import Trichter, build_trichter


class Auswertung(Katalog):
    """Is a difference real?"""

    def read_auswertung(self, kennzahl_id: str, ebene: str, stichtag: date | None = None) -> pd.DataFrame:
        """Is the difference real, for every value of one Kennzahl on one level; order and Räume of `read_werte`.

        Returns:
            raum_id, name, gebietsstand, stichtag, wert, unten, oben, zaehler, nenner, status, rest, and, each with its
            reason where there is none (a word of `feld.GRUENDE`): `rest_…` against the Gebiet without the Raum
            (`rest_streng`: verdict at 99.8 %), `eltern_…` against its parent without it, `gleiche_…` against similar
            Räume, `bezug_…` against the benchmark outside (`bezug_streng`: 99.8 %), `vorher_…` against the Stichtag
            before (difference with interval), `trend…` of the last five annual points, `rang` (1 = highest) of
            `rang_anzahl` with the ranks it may have, `mittel_…` of three years.
            Verdicts are `hoeher`, `niedriger`, `aehnlich`; trends `steigend`, `fallend`, `keine_aenderung`.
        """
        return self._frage(
            """
            SELECT r.name, k.wert, k.unten, k.oben, k.zaehler, k.nenner, k.status, r.rest,
                   a.* EXCLUDE (kennzahl_id, ebene)
            FROM auswertung a JOIN kennzahl k USING (kennzahl_id, ebene, raum_id, gebietsstand, stichtag)
            JOIN raum r USING (raum_id, gebietsstand)
            WHERE a.kennzahl_id = $kennzahl_id AND a.ebene = $ebene AND ($stichtag IS NULL OR a.stichtag = $stichtag)
            ORDER BY a.stichtag, NOT r.mit_geometrie, r.nr, a.raum_id
            """,
            {"kennzahl_id": kennzahl_id, "ebene": ebene, "stichtag": stichtag},
        )

    def read_vergleichstafel(self, ebene: str, kennzahlen: list[str], bis: date) -> pd.DataFrame:
        """Several Kennzahlen of all Räume of a level, each at its newest Stichtag not after `bis`.

        Returns:
            Columns of `read_auswertung` plus kennzahl_id and eltern_id, by the given order of Kennzahlen, then Räume.
        """
        return self._frage(
            """
            SELECT r.name, r.eltern_id, r.rest, k.wert, k.unten, k.oben, k.zaehler, k.nenner, k.status,
                   a.* EXCLUDE (ebene, gebietsstand)
            FROM auswertung a JOIN kennzahl k USING (kennzahl_id, ebene, raum_id, gebietsstand, stichtag)
            JOIN raum r USING (raum_id, gebietsstand)
            WHERE a.ebene = $ebene AND list_contains($kennzahlen, a.kennzahl_id) AND a.stichtag <= $bis
            QUALIFY a.stichtag = max(a.stichtag) OVER (PARTITION BY a.kennzahl_id)
                AND row_number() OVER (PARTITION BY a.kennzahl_id, a.raum_id, a.stichtag ORDER BY gebietsstand DESC) = 1
            ORDER BY list_position($kennzahlen, a.kennzahl_id), NOT r.mit_geometrie, r.nr, a.raum_id
            """,
            {"ebene": ebene, "kennzahlen": list(kennzahlen), "bis": bis},
        )

    def read_abschnitte(self, raum_id: str) -> pd.DataFrame:
        """Long trends of one Raum, one row per Kennzahl and section between two breaks, in catalogue order.

        Returns:
            kennzahl_id, von, bis, punkte, s and p (Mann–Kendall; `exakt`: not approximated), steigung (Theil–Sen, unit
            of the Kennzahl per year), richtung (missing: `grund` says why).
        """
        return self._frage(
            """
            SELECT kennzahl_id, a.von::DATE AS von, a.bis::DATE AS bis, punkte, s, p, exakt, steigung, richtung, grund
            FROM abschnitt a JOIN katalog USING (kennzahl_id)
            WHERE raum_id = $raum_id ORDER BY reihenfolge, a.von
            """,
            {"raum_id": raum_id},
        )

    def gleiche(self, raum_id: str) -> pd.DataFrame:
        """The Räume most similar to this one, nearest first: raum_id, name; empty where there is no group."""
        return self._frage(
            """
            SELECT g.gleicher_id AS raum_id, r.name
            FROM gleiche g JOIN raum r ON r.raum_id = g.gleicher_id AND r.gebietsstand = g.gebietsstand
            WHERE g.raum_id = $raum_id
            QUALIFY g.gebietsstand = max(g.gebietsstand) OVER ()
            ORDER BY g.nr
            """,
            {"raum_id": raum_id},
        )

    def vergleichswerte(self) -> pd.DataFrame:
        """Declared benchmarks outside the Gebiet: bezug, kennzahl_id, stichtag, wert, zaehler, nenner, quelle, in the
        order of the file; values are compared with those of `stand.bezug`."""
        return self._frage(
            "SELECT bezug, kennzahl_id, stichtag, wert, zaehler, nenner, quelle FROM vergleichswert ORDER BY nr"
        )

    def vergleichswert(self, kennzahl_id: str, stichtag: date) -> float | None:
        """The benchmark of `stand.bezug`; None where none is declared for this Stichtag."""
        return self._bezugswerte.get((kennzahl_id, stichtag))

    def hat_vergleichswerte(self, kennzahl_id: str) -> bool:
        """Whether there is a benchmark of `stand.bezug` for any Stichtag."""
        return any(name == kennzahl_id for name, _ in self._bezugswerte)

    @cached_property
    def _bezugswerte(self) -> dict[tuple[str, date], float]:
        alle = self.vergleichswerte()
        erster = alle[alle["bezug"] == self.stand.bezug]
        return {(z.kennzahl_id, z.stichtag): z.wert for z in erster.itertuples()}

    def hat_urteile(self, kennzahl_id: str, ebene: str) -> bool:
        """Whether any Raum of this level is compared with the rest of the Gebiet."""
        frage = """
            SELECT 1 FROM auswertung
            WHERE kennzahl_id = $kennzahl_id AND ebene = $ebene AND rest_urteil IS NOT NULL LIMIT 1
            """
        return len(self._frage(frage, {"kennzahl_id": kennzahl_id, "ebene": ebene})) > 0

    def read_trichter(self, kennzahl_id: str, ebene: str, stichtag: date) -> Trichter | None:
        """Funnel of one Kennzahl on one level: how far from the common value chance reaches, by size.

        None where there is nothing to test: no interval, or fewer than three Räume with a value.
        """
        return build_trichter(self.read_auswertung(kennzahl_id, ebene, stichtag), self._katalog[kennzahl_id])
