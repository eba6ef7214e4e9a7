"""Points → Räume: which polygon of a Gebietsstand holds each coordinate. Addresses: see `strassen`."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyogrio
import pyproj
import shapely

from geodata.fehler import GebietError
from geodata.gebiet import Gebiet, Gebietsstand
from geodata.geometrie import read_geometrie

OHNE = -1  # code of a point that lies in no Raum
STUECK = 250_000  # points handled at once: bounds the memory of candidate pairs
ZELLEN = 4  # cells of the search grid per polygon


class Flaechen:
    """The polygons of one level, asked for many points at once.

    Args:
        raum_ids: key per polygon; codes returned by `finde` are positions in it.
        polygone: same order, in `crs`.
    """

    def __init__(self, raum_ids: list[str], polygone: np.ndarray, crs: object) -> None:
        # a point on a common border belongs to the Raum whose key comes first, whatever the order of the file
        folge = np.argsort(np.asarray(raum_ids, dtype=object), kind="stable")
        self.raum_ids = [raum_ids[nr] for nr in folge]
        self.polygone, self.crs = np.asarray(polygone)[folge], pyproj.CRS.from_user_input(crs)
        shapely.prepare(self.polygone)

    @classmethod
    def read(cls, gebiet: Gebiet, stand: Gebietsstand, ebene_id: str) -> "Flaechen":
        """The Räume of one level in the CRS of the Gebietsstand; those without a polygon cannot be hit."""
        raeume = read_geometrie(gebiet, stand)
        raeume = raeume[raeume["ebene"] == ebene_id]
        return cls(list(raeume["raum_id"]), raeume.geometry.to_numpy(), raeume.crs)

    @cached_property
    def _raster(self) -> tuple[np.ndarray, float, tuple[int, int], np.ndarray, np.ndarray]:
        """Extent, width and shape of square cells, and the polygons touching each: `flaeche[ab[zelle]:ab[zelle + 1]]`.

        The tree is asked once per cell instead of once per point: no geometry is built for a point.
        """
        xmin, ymin, xmax, ymax = shapely.total_bounds(self.polygone)
        breite = max(np.sqrt((xmax - xmin) * (ymax - ymin) / (len(self.polygone) * ZELLEN)), 1e-9)
        form = int((xmax - xmin) // breite) + 1, int((ymax - ymin) // breite) + 1
        spalte, zeile = (achse.ravel() for achse in np.indices(form))
        x, y, rand = xmin + spalte * breite, ymin + zeile * breite, breite * 1e-6  # rounding must not lose a border
        zellen = shapely.box(x - rand, y - rand, x + breite + rand, y + breite + rand)
        zelle, flaeche = shapely.STRtree(self.polygone).query(zellen, predicate="intersects")
        folge = np.lexsort((flaeche, zelle))
        ab = np.searchsorted(zelle[folge], np.arange(len(zellen) + 1))
        return np.array([xmin, ymin, xmax, ymax]), breite, form, flaeche[folge], ab

    def finde(self, x: np.ndarray, y: np.ndarray, *, crs: object = None) -> np.ndarray:
        """Position in `raum_ids` per point, OHNE (−1) outside all polygons or without a coordinate (NaN).

        Args:
            x, y: coordinates in `crs` (default: that of the polygons); x is the easting or the longitude.
        """
        x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        fremd = pyproj.CRS.from_user_input(crs) if crs is not None else self.crs
        if fremd != self.crs:
            x, y = pyproj.Transformer.from_crs(fremd, self.crs, always_xy=True).transform(x, y)
        codes = np.full(len(x), OHNE, dtype=np.int32)
        for ab in range(0, len(x), STUECK):
            stueck = slice(ab, ab + STUECK)
            codes[stueck] = self._finde_stueck(x[stueck], y[stueck])
        return codes

    def _finde_stueck(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        codes = np.full(len(x), OHNE, dtype=np.int32)
        (xmin, ymin, xmax, ymax), breite, (spalten, zeilen), flaeche, ab = self._raster
        punkt = np.flatnonzero((x >= xmin) & (x <= xmax) & (y >= ymin) & (y <= ymax))  # NaN lies nowhere
        spalte = np.minimum((x[punkt] - xmin) / breite, spalten - 1).astype(np.int64)
        zelle = spalte * zeilen + np.minimum((y[punkt] - ymin) / breite, zeilen - 1).astype(np.int64)
        folge = np.argsort(zelle, kind="stable")  # neighbours one after the other: polygons stay in the cache
        punkt, zelle = punkt[folge], zelle[folge]
        anzahl = ab[zelle + 1] - ab[zelle]
        paar = np.arange(anzahl.sum()) - np.repeat(np.cumsum(anzahl) - anzahl - ab[zelle], anzahl)
        punkt, moeglich = np.repeat(punkt, anzahl), flaeche[paar]
        drin = shapely.intersects_xy(self.polygone[moeglich], x[punkt], y[punkt])
        codes[punkt[drin][::-1]] = moeglich[drin][::-1]  # backwards: of several Räume the first one stays
        return codes


@dataclass
class Punkte:
    """Points of a file with their attributes, in the CRS `crs`; `x`, `y` are NaN without a place."""

    x: np.ndarray
    y: np.ndarray
    crs: pyproj.CRS
    tabelle: pd.DataFrame


def read_feldnamen(pfad: Path) -> list[str]:
    """Names of the attributes of a point file.

    Raises:
        GebietError: not readable as GeoJSON.
    """
    try:
        return [str(name) for name in pyogrio.read_info(pfad)["fields"]]
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError):
        raise _unlesbar(pfad) from None


def read_punkte(pfad: Path, spalten: list[str], crs: str | None) -> Punkte:
    """The points of a GeoJSON with the attributes `spalten`; others are not read.

    Args:
        crs: what the profile declares; needed when the file names none, otherwise both must agree.

    Raises:
        GebietError: not readable, no points, CRS missing or contradictory.
    """
    try:
        tabelle = pyogrio.read_dataframe(pfad, columns=spalten)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, shapely.errors.ShapelyError):
        raise _unlesbar(pfad) from None
    orte = shapely.get_type_id(tabelle.geometry.to_numpy()) if "geometry" in tabelle else np.array([])
    if not len(orte) or not np.isin(orte, [-1, 0]).all():
        raise GebietError(
            "Die Datei enthält keine Punkte." if not len(orte) else "Die Datei enthält nicht nur Punkte.",
            wo=pfad.name,
            tun="Die Standorte als Punkte (GeoJSON, Geometrie »Point«) ausgeben lassen.",
        )
    x, y = tabelle.geometry.x.to_numpy(), tabelle.geometry.y.to_numpy()
    return Punkte(x, y, _finde_crs(pfad, crs, x, y), pd.DataFrame(tabelle.drop(columns="geometry")))


def _unlesbar(pfad: Path) -> GebietError:
    return GebietError(
        "Die Datei lässt sich nicht als GeoJSON lesen.",
        wo=pfad.name,
        tun="Prüfen, ob die Datei vollständig ist, und neu ausgeben lassen (GeoJSON, UTF-8).",
    )


def _finde_crs(pfad: Path, erklaert: str | None, x: np.ndarray, y: np.ndarray) -> pyproj.CRS:
    """The CRS of file and profile; the standard's silent WGS 84 counts only when the numbers are degrees."""
    genannt = _genanntes_crs(pfad)
    grad = bool(np.nanmax(np.abs([x, y]), initial=0) <= 180)
    try:
        soll = pyproj.CRS.from_user_input(erklaert) if erklaert else None
        ist = pyproj.CRS.from_user_input(genannt) if genannt else None
    except pyproj.exceptions.CRSError:
        raise GebietError(
            f"Das Koordinatensystem »{erklaert or genannt}« ist unbekannt.",
            wo=pfad.name,
            tun='Im Profil crs = "EPSG:25832" (im Osten "EPSG:25833", Grad: "EPSG:4326") eintragen.',
        ) from None
    if soll and ist and not ist.equals(soll, ignore_axis_order=True):
        raise GebietError(
            f"Die Datei nennt das Koordinatensystem {ist.to_string()}, das Profil {soll.to_string()}.",
            wo=pfad.name,
            tun="Klären, welches gilt, und den Eintrag crs im Profil anpassen oder streichen.",
        )
    crs = soll or ist or (pyproj.CRS("EPSG:4326") if grad else None)
    if crs is None or (crs.is_projected and grad) or (crs.is_geographic and not grad):
        zahlen = "Grad" if grad else "Meter"
        raise GebietError(
            f"Die Koordinaten sind {zahlen}, "
            + (f"angegeben ist aber {crs.to_string()}." if crs else "das Koordinatensystem ist nirgends angegeben."),
            wo=pfad.name,
            tun='Im Profil das wirkliche Koordinatensystem eintragen, etwa crs = "EPSG:25832".',
        )
    return crs


def _genanntes_crs(pfad: Path) -> str | None:
    """The `crs` member of the GeoJSON itself; a driver would report WGS 84 also where nobody said so."""
    inhalt = json.loads(pfad.read_text(encoding="utf-8-sig"))
    crs = inhalt.get("crs") if isinstance(inhalt, dict) else None
    name = crs.get("properties", {}).get("name") if isinstance(crs, dict) else None
    return name if isinstance(name, str) else None
