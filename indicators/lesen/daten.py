"""About the data: deliveries, gaps, findings, provenance, protection."""

from __future__ import annotations

import pandas as pd

from indicators.lesen.grund import Grund


class Daten(Grund):
    """Where values come from and how much is hidden."""

    def lieferungen(self) -> pd.DataFrame:
        """Deliveries in use: quelle, titel, herausgeber, lizenz, hinweis, datei, sha256, von, bis, geladen_am."""
        return self._frage("SELECT * FROM lieferung ORDER BY quelle, von, datei")

    def vollstaendigkeit(self) -> pd.DataFrame:
        """Räume delivered against expected: quelle, merkmal, titel, stichtag, ebene, raeume, erwartet, geheim."""
        return self._frage("SELECT * FROM vollstaendigkeit ORDER BY quelle, merkmal, stichtag")

    def luecken(self) -> pd.DataFrame:
        """Räume that were not delivered: quelle, stichtag, ebene, merkmale (list), raeume (list of raum_id)."""
        return self._frage("SELECT * FROM luecke ORDER BY quelle, stichtag DESC, ebene, len(raeume) DESC, merkmale")

    def herkunft(self, kennzahl_id: str) -> pd.DataFrame:
        """What a Kennzahl was made of, newest first: stichtag, rolle (Zähler, Nenner), quelle, titel, datei, blatt,
        spalten, vom (Stichtag of the counts), geladen_am, profil, korrekturen, angenommen (findings)."""
        return self._frage(
            """
            SELECT * EXCLUDE (kennzahl_id) FROM herkunft WHERE kennzahl_id = $kennzahl_id
            ORDER BY stichtag DESC, rolle DESC, quelle, datei, blatt
            """,
            {"kennzahl_id": kennzahl_id},
        )

    def befunde(self) -> pd.DataFrame:
        """Findings as counts, never with values: quelle, regel, merkmal, schwere, anzahl, angenommen."""
        return self._frage("SELECT * FROM befund_zahl ORDER BY schwere DESC, quelle, regel, merkmal")

    def schutz(self) -> pd.DataFrame:
        """How much the gate hides: merkmal, titel, ebene, zellen, gesperrt."""
        return self._frage("SELECT * FROM schutz ORDER BY merkmal, ebene")
