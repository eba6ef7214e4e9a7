"""Small, independent writer of the two browser formats, and a loopback server with the dashboard's CSP.

Independent on purpose: the browser test proves that karte.js reads the *format*, not that two halves of the same
program agree with each other.
"""

from __future__ import annotations

import gzip
import json
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

WURZEL = Path(__file__).resolve().parent.parent
CSP = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
CODES = {"gesperrt": 1, "gesperrt_quelle": 2, "nicht_geliefert": 3, "nicht_sinnvoll": 4, "nicht_definiert": 5}


def write_container(pfad: Path, kopf: dict, koerper: bytes) -> None:
    """uint32 header length, JSON header padded to four bytes, body; gzip around all of it."""
    text = json.dumps(kopf, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    pfad.write_bytes(gzip.compress(len(text).to_bytes(4, "little") + text + koerper, 6))


def simplify(raeume: gpd.GeoDataFrame, *, teile: int = 4000) -> gpd.GeoDataFrame:
    """The coverage with shared borders kept, simplified to about 1/`teile` of its extent."""
    x0, y0, x1, y1 = raeume.total_bounds
    geometrie = shapely.coverage_simplify(shapely.make_valid(raeume.geometry.values), max(x1 - x0, y1 - y0) / teile)
    return raeume.assign(geometry=geometrie)


def write_geometrie(
    pfad: Path, raeume: gpd.GeoDataFrame, *, ebene: str, gebietsstand: str, rahmen=None, gitter: int = 16000
) -> None:
    """Write one level; `raeume` has raum_id, name, eltern_id, geometry; `rahmen` = (x0, y0, x1, y1) of the grid [m]."""
    x0, y0, x1, y1 = rahmen if rahmen is not None else raeume.total_bounds
    meter = max(x1 - x0, y1 - y0) / gitter
    ringe, punkte, reihen = [], [], []
    for geometrie in raeume.geometry:
        anzahl = 0
        for teil in shapely.get_parts(geometrie):
            if teil.geom_type != "Polygon":
                continue
            for ring in (teil.exterior, *teil.interiors):
                xy = shapely.get_coordinates(ring)[:-1]
                gitterpunkte = np.rint(np.c_[(xy[:, 0] - x0) / meter, (y1 - xy[:, 1]) / meter]).astype(np.int32)
                neu = np.r_[True, (np.diff(gitterpunkte, axis=0) != 0).any(axis=1)]
                reihen.append(gitterpunkte[neu])
                punkte.append(int(neu.sum()))
                anzahl += 1
        ringe.append(anzahl)
    delta = [np.diff(ring, axis=0, prepend=ring[:1]) for ring in reihen]
    anfang = np.diff(np.array([ring[0] for ring in reihen]), axis=0, prepend=np.zeros((1, 2), dtype=np.int32))
    for ring, erster in zip(delta, anfang, strict=True):
        ring[0] = erster
    alle = np.concatenate(delta).astype("<i2")
    mitten = shapely.get_coordinates(shapely.point_on_surface(raeume.geometry.values))
    mitten = np.rint(np.c_[(mitten[:, 0] - x0) / meter, (y1 - mitten[:, 1]) / meter]).astype(int)
    links, rechts = raeume.sindex.query(raeume.geometry, predicate="intersects")
    nachbarn = [[] for _ in range(len(raeume))]
    for a, b in zip(links.tolist(), rechts.tolist(), strict=True):
        if a != b:
            nachbarn[a].append(b)
    kopf = {
        "version": 1,
        "ebene": ebene,
        "gebietsstand": gebietsstand,
        "breite": int(np.ceil((x1 - x0) / meter)),
        "hoehe": int(np.ceil((y1 - y0) / meter)),
        "meter": meter,
        "crs": str(raeume.crs.to_authority() and ":".join(raeume.crs.to_authority())),
        "ids": raeume["raum_id"].tolist(),
        "namen": raeume["name"].tolist(),
        "eltern": raeume["eltern_id"].tolist(),
        "mitten": mitten.ravel().tolist(),
        "nachbarn": nachbarn,
        "ringe": ringe,
        "punkte": punkte,
    }
    write_container(pfad, kopf, alle[:, 0].tobytes() + alle[:, 1].tobytes())


def mit_status(werte: np.ndarray, status: dict[tuple[int, int], str]) -> np.ndarray:
    """float32 values with the status codes as NaN payload at (Stichtag, Raum)."""
    bits = np.array(werte, dtype="<f4").view("<u4").copy()
    for stelle, wort in status.items():
        bits[stelle] = 0x7FC00000 | CODES[wort]
    return bits.view("<f4")


def write_werte(pfad: Path, werte: np.ndarray, *, stichtage: list[str], rest=(), unsicher=(), **kopf) -> None:
    """Write a value file; `werte` is float32[T, N] with status codes already in place."""
    kopf = {
        "version": 1,
        **kopf,
        "stichtage": stichtage,
        "anzahl": werte.shape[1],
        "rest": list(rest),
        "unsicher": list(unsicher),
    }
    write_container(pfad, kopf, np.ascontiguousarray(werte, dtype="<f4").tobytes())


def write_grenzen(pfad: Path, unten: np.ndarray, oben: np.ndarray, *, stichtage: list[str], **kopf) -> None:
    """Write the interval file: float32[T, N] lower, then float32[T, N] upper limits."""
    kopf = {"version": 1, **kopf, "stichtage": stichtage, "anzahl": unten.shape[1], "rest": [], "unsicher": []}
    koerper = np.ascontiguousarray(unten, "<f4").tobytes() + np.ascontiguousarray(oben, "<f4").tobytes()
    write_container(pfad, kopf, koerper)


class _Handler(SimpleHTTPRequestHandler):
    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", CSP)
        self.send_header("Cache-Control", "no-store")  # a test that removes a file must be believed
        if self.path.endswith(".bin") and "roh" not in self.path:
            self.send_header("Content-Encoding", "gzip")
        super().end_headers()

    def log_message(self, *_args) -> None:
        """Quiet: the test asserts on the browser's console, not on the server's."""


@contextmanager
def serve(ordner: Path):
    """Serve a folder on a free loopback port; yields the base URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(ordner)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
