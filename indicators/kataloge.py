"""The catalogue of a command that publishes or shows: everything that has an entry of its own."""

from __future__ import annotations

from geodata.fehler import MonitoringError
from geodata.kataloge import Gebietskatalog


class Katalog(Gebietskatalog):
    """Gebiete, sources, Kennzahlen, lists, indices and release profiles, shipped and own."""

    def quellen(self) -> dict:
        from etl.quelle import read_quellen

        return read_quellen(*self._wurzeln("quellen", "etl/quellen"))

    def kennzahlen(self) -> dict:
        from etl.quelle import build_register
        from indicators.kennzahl import check_katalog, read_kennzahlen

        kennzahlen = read_kennzahlen(*self._wurzeln("kennzahlen", "indicators/kennzahlen"))
        quellen = self.quellen()
        check_katalog(kennzahlen, {m for q in quellen.values() for m in q.merkmale}, build_register(quellen))
        return kennzahlen

    def zusammenstellungen(self) -> dict:
        from indicators.zusammenstellung import check_zusammenstellungen, read_zusammenstellungen

        listen = read_zusammenstellungen(*self._wurzeln("zusammenstellungen", "indicators/zusammenstellungen"))
        check_zusammenstellungen(listen, self.kennzahlen())
        return listen

    def indizes(self) -> dict:
        from indicators.indexkatalog import check_indizes, read_indizes

        indizes = read_indizes(*self._wurzeln("indizes", "indicators/indizes"))
        check_indizes(indizes, self.kennzahlen())
        return indizes

    def freigaben(self) -> list:
        from indicators.freigabe import read_freigaben

        return read_freigaben(*self._wurzeln("freigaben", "indicators/freigaben"))

    def freigabe(self, freigabe_id: str):
        """One release profile."""
        profile = {f.id: f for f in self.freigaben()}
        if freigabe_id not in profile:
            raise MonitoringError(
                f"Das Freigabeprofil »{freigabe_id}« gibt es nicht.", wo=f"vorhanden: {', '.join(profile)}"
            )
        return profile[freigabe_id]
