"""Rival 1: the map as the Dash tutorial builds it – a figure per callback, geometry and all.

    python -m tests.bench.rivale_dash ORDNER PORT

ORDNER holds gemeinden.geojson (WGS 84, feature id = raum_id) and werte.parquet (raum_id × year).
"""

import json
import sys
from pathlib import Path

import pandas as pd
import plotly.express as px
from dash import Dash, Input, Output, dcc, html


def create_app(ordner: Path) -> Dash:
    geojson = json.loads((ordner / "gemeinden.geojson").read_text(encoding="utf-8"))
    werte = pd.read_parquet(ordner / "werte.parquet")
    jahre = [int(jahr) for jahr in werte.columns]
    app = Dash(__name__)
    app.layout = html.Div(
        [
            dcc.Slider(jahre[0], jahre[-1], 1, value=jahre[0], id="jahr", updatemode="drag"),
            dcc.Graph(id="karte", style={"width": "900px", "height": "900px"}),
        ]
    )

    @app.callback(Output("karte", "figure"), Input("jahr", "value"))
    def zeichne(jahr: int):
        figur = px.choropleth_map(
            werte.reset_index(),
            geojson=geojson,
            locations="raum_id",
            color=str(jahr),
            range_color=(0, 12),
            color_continuous_scale="YlGnBu",
            map_style="white-bg",
            center={"lat": 51.3, "lon": 10.4},
            zoom=5,
        )
        return figur.update_layout(margin={"l": 0, "r": 0, "t": 0, "b": 0})

    return app


if __name__ == "__main__":
    from waitress import serve

    anwendung = create_app(Path(sys.argv[1]))
    print(f"http://127.0.0.1:{sys.argv[2]}", flush=True)
    serve(anwendung.server, host="127.0.0.1", port=int(sys.argv[2]), threads=4, clear_untrusted_proxy_headers=True)
