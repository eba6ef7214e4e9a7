"""The catalogue a command works with: shipped entries, overlaid by the Kreis's own in `daten/katalog/`.

Each room adds what it knows: here the Gebiete, the sources in `etl`, Kennzahlen and release profiles in `indicators`.
"""

from __future__ import annotations

from pathlib import Path

from geodata.fehler import GebietError, MonitoringError

WURZEL = Path(__file__).parents[1]


class Gebietskatalog:
    """The Gebiete and where their data lie, read when first asked for."""

    def __init__(self, daten: Path) -> None:
        self._daten, self._eigene = daten, daten / "katalog"

    def _wurzeln(self, name: str, mitgeliefert: str) -> tuple[Path, Path]:
        return WURZEL / mitgeliefert, self._eigene / name

    def gebiete(self) -> dict:
        from geodata.gebiet import read_gebiete

        return read_gebiete(*self._wurzeln("gebiete", "geodata/gebiete"))

    def gebiet(self, gebiet_id: str):
        alle = self.gebiete()
        if gebiet_id not in alle:
            raise GebietError(
                f"Das Gebiet »{gebiet_id}« gibt es nicht.",
                wo=f"vorhanden: {', '.join(alle)}",
                tun=f"Eine der Kennungen angeben oder unter {self._eigene / 'gebiete'} ein Gebiet anlegen.",
            )
        return alle[gebiet_id]

    def intern(self, gebiet_id: str) -> Path:
        """The internal database of a Gebiet.

        Raises:
            MonitoringError: nothing is loaded yet.
        """
        pfad = self._daten / self.gebiet(gebiet_id).id / "intern.duckdb"
        if not pfad.is_file():
            raise MonitoringError(
                "Es ist noch nichts geladen.", wo=str(pfad), tun=f"»sozialraum laden --gebiet {gebiet_id}« ausführen."
            )
        return pfad
