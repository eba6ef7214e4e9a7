"""Commands about places."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geodata.kataloge import Gebietskatalog
from geodata.kommandozeile import DATEN, Daten, GebietId


def umstieg(
    gebiet: GebietId,
    ziel: Annotated[Path, typer.Option("--ziel", help="CSV-Datei, die geschrieben wird.")],
    von: Annotated[str | None, typer.Option("--von", help="Alter Gebietsstand (ab), Vorgabe: der vorletzte.")] = None,
    nach: Annotated[
        str | None, typer.Option("--nach", help="Neuer Gebietsstand (ab), Vorgabe: der nach --von.")
    ] = None,
    punkte: Annotated[
        Path | None, typer.Option("--punkte", help="Adressen, Gebäude oder Rasterzellen; ohne sie zählt die Fläche.")
    ] = None,
    daten: Daten = DATEN,
) -> None:
    """Umsteigeschlüssel zwischen zwei Gebietsständen berechnen (aus Punkten oder Flächen) und als CSV ablegen."""
    from geodata.umstieg import build_datei

    print(build_datei(Gebietskatalog(daten).gebiet(gebiet), von, nach, ziel, punkte=punkte))
