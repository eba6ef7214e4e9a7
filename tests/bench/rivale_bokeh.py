"""Rival 2: plain Bokeh – geometry once, then only the column of values.

    python -m tests.bench.rivale_bokeh ORDNER PORT

ORDNER holds gemeinden.gpkg (metres) and werte.parquet (raum_id × year).
"""

import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from bokeh.application import Application
from bokeh.application.handlers import FunctionHandler
from bokeh.layouts import column
from bokeh.models import ColumnDataSource, LinearColorMapper, Slider
from bokeh.palettes import YlGnBu9
from bokeh.plotting import figure
from bokeh.server.server import Server


def build_ringe(grenzen: gpd.GeoDataFrame) -> tuple[list, list]:
    """MultiPolygons as Bokeh's nested lists: Raum → part → ring → coordinates."""
    xs, ys = [], []
    for geometrie in grenzen.geometry:
        ringe = [[shapely.get_coordinates(r) for r in shapely.get_rings(teil)] for teil in shapely.get_parts(geometrie)]
        xs.append([[ring[:, 0] for ring in teil] for teil in ringe])
        ys.append([[ring[:, 1] for ring in teil] for teil in ringe])
    return xs, ys


def create_handler(ordner: Path):
    grenzen = gpd.read_file(ordner / "gemeinden.gpkg")
    werte = pd.read_parquet(ordner / "werte.parquet").reindex(grenzen["raum_id"]).astype(np.float32)
    xs, ys = build_ringe(grenzen)
    jahre = [int(jahr) for jahr in werte.columns]

    def seite(dokument) -> None:
        quelle = ColumnDataSource({"xs": xs, "ys": ys, "wert": werte[str(jahre[0])].to_numpy()})
        farben = LinearColorMapper(palette=YlGnBu9[::-1], low=0, high=12)
        karte = figure(width=900, height=900, match_aspect=True, toolbar_location=None, output_backend="canvas")
        karte.multi_polygons(
            "xs", "ys", source=quelle, line_color="white", line_width=0.3, color={"field": "wert", "transform": farben}
        )
        regler = Slider(start=jahre[0], end=jahre[-1], step=1, value=jahre[0], title="Jahr")

        def aendere(_name: str, _alt: int, jahr: int) -> None:
            quelle.data["wert"] = werte[str(jahr)].to_numpy()

        regler.on_change("value", aendere)
        dokument.add_root(column(regler, karte))

    return seite


if __name__ == "__main__":
    port = int(sys.argv[2])
    server = Server(
        {"/": Application(FunctionHandler(create_handler(Path(sys.argv[1]))))}, port=port, address="127.0.0.1"
    )
    server.start()
    print(f"http://127.0.0.1:{port}", flush=True)
    server.io_loop.start()
