"""The catalogue of a command that loads: Gebiete and sources."""

from __future__ import annotations

from geodata.kataloge import Gebietskatalog


class Quellenkatalog(Gebietskatalog):
    """Gebiete and source profiles, shipped and own."""

    def quellen(self) -> dict:
        from etl.quelle import read_quellen

        return read_quellen(*self._wurzeln("quellen", "etl/quellen"))
