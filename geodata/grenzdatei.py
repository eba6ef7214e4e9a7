"""The boundary file of one Gebietsstand: read, keys compared, brought to its metric CRS."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import shapely

from geodata.fehler import GebietError
from geodata.gebiet import Gebiet, Gebietsstand

# grids that are used in Germany (UTM, Gauß-Krüger, European and web grids), many of them far beyond it
IN_DEUTSCHLAND = {25831, 25832, 25833, 4647, 5650, 31466, 31467, 31468, 31469, 3034, 3035, 3857, 4258, 4326, None}
DEUTSCHLAND = (5.5, 47.0, 15.5, 55.3)  # degrees; Helgoland and Sylt included


def read_polygone(gebiet: Gebiet, stand: Gebietsstand) -> gpd.GeoDataFrame:
    """The lowest level as delivered: `raum_id`, `geometry` in the metric CRS of the Gebietsstand, keys checked."""
    datei = _lies_datei(gebiet, stand)
    if stand.schluessel not in datei:
        raise grenzfehler(
            gebiet,
            stand,
            f"Die Spalte »{stand.schluessel}« mit den Raumschlüsseln fehlt.",
            wo=f"Spalten der Datei: {', '.join(spalte for spalte in datei if spalte != 'geometry') or 'keine'}",
            tun="In gebiet.toml unter [[gebietsstand]] den Namen der Schlüsselspalte bei `schluessel` eintragen.",
        )
    schluessel = datei[stand.schluessel]
    raeume = gpd.GeoDataFrame({"raum_id": schluessel.astype("str")}, geometry=datei.geometry.values, crs=datei.crs)
    als_zahl = pd.api.types.is_numeric_dtype(schluessel)
    if stand.korrekturen:  # their points are metres
        raeume = korrigiere_schluessel(gebiet, stand, _to_metrisch(gebiet, stand, raeume))
    check_schluessel(gebiet, stand, raeume, als_zahl=als_zahl)
    _check_flaechen(gebiet, stand, raeume)
    return _to_metrisch(gebiet, stand, raeume)


def korrigiere_schluessel(gebiet: Gebiet, stand: Gebietsstand, raeume: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Puts right the wrong keys that gebiet.toml declares.

    Raises:
        GebietError: the guard does not hold, since the boundaries have been changed meanwhile.
    """
    schluessel = raeume["raum_id"].copy()
    for nr, korrektur in enumerate(stand.korrekturen):
        treffer = schluessel[raeume.intersects(shapely.Point(korrektur.punkt))]
        if list(treffer) != [korrektur.von]:
            raise grenzfehler(
                gebiet,
                stand,
                f"Die Korrektur des Schlüssels {korrektur.von} → {korrektur.auf} passt nicht mehr: bei "
                f"({korrektur.punkt[0]:.0f}, {korrektur.punkt[1]:.0f}) liegt "
                f"{format_liste(treffer) or 'keine Fläche'}.",
                wo=f"gebiet.toml, Gebietsstand {stand.id}, korrektur.{nr}",
                tun="Sind die Grenzen inzwischen berichtigt, den Eintrag [[gebietsstand.korrektur]] löschen; sonst "
                "einen Punkt angeben, der nur in der gemeinten Fläche liegt.",
            )
        schluessel[treffer.index] = korrektur.auf
    return raeume.assign(raum_id=schluessel)


def _lies_datei(gebiet: Gebiet, stand: Gebietsstand) -> gpd.GeoDataFrame:
    pfad = gebiet.ordner / stand.geometrie
    try:
        datei = gpd.read_file(pfad)
    except (pyogrio.errors.DataSourceError, OSError) as fehler:
        raise grenzfehler(
            gebiet,
            stand,
            f"Die Grenzen lassen sich nicht lesen ({fehler}).",
            tun="Als GeoPackage, GeoJSON oder Shapefile (mit .shp, .shx, .dbf, .prj) in den Ordner des Gebiets legen.",
        ) from None
    except shapely.errors.ShapelyError as fehler:
        raise grenzfehler(
            gebiet,
            stand,
            f"Eine Fläche ist unbrauchbar aufgebaut ({fehler}).",
            tun="Meist ist ein Ring nicht geschlossen: die Grenzen im GIS reparieren und neu ausgeben.",
        ) from None
    if not isinstance(datei, gpd.GeoDataFrame) or datei.empty:
        raise grenzfehler(
            gebiet,
            stand,
            "Die Datei enthält keine Flächen.",
            tun="Die richtige Datei oder Ebene ablegen.",
        )
    return datei


def find_schluesselfehler(gebiet: Gebiet, stand: Gebietsstand, raeume: gpd.GeoDataFrame) -> pd.DataFrame:
    """Keys of the boundary file against the list of Räume.

    Returns:
        One row per finding: `raum_id`, `befund` ("doppelt", "ohne Fläche", "nicht in der Liste", "leer", or has an area
        although it is declared `ohne_geometrie`).
    """
    liste = gebiet.read_raeume()
    gesucht = (liste["gebietsstand"] == stand.id) & (liste["ebene"] == gebiet.unterste_ebene.id) & ~liste["rest"]
    soll, ist = set(liste.loc[gesucht, "raum_id"]), raeume["raum_id"]
    ohne = set(stand.ohne_geometrie)
    funde = [("–", "leer")] * int(ist.isna().sum())
    funde += [(raum_id, "doppelt") for raum_id in sorted(set(ist[ist.duplicated() & ist.notna()]))]
    funde += [(raum_id, "ohne Fläche") for raum_id in sorted(soll - set(ist) - ohne)]
    funde += [(raum_id, "nicht in der Liste") for raum_id in sorted((set(ist.dropna()) | ohne) - soll)]
    funde += [(raum_id, "hat doch eine Fläche (ohne_geometrie)") for raum_id in sorted(ohne & set(ist) & soll)]
    return pd.DataFrame(funde, columns=["raum_id", "befund"])


def check_schluessel(gebiet: Gebiet, stand: Gebietsstand, raeume: gpd.GeoDataFrame, *, als_zahl: bool) -> None:
    """Raises a GebietError when boundary file and list of Räume do not name the same keys."""
    funde = find_schluesselfehler(gebiet, stand, raeume)
    if funde.empty:
        return
    je_befund = [f"{befund}: {format_liste(ids)}" for befund, ids in funde.groupby("befund", sort=False)["raum_id"]]
    if doppelte := list(funde.loc[funde["befund"] == "doppelt", "raum_id"]):
        raise _doppelte(gebiet, stand, raeume, doppelte, je_befund)
    zahl = "Die Spalte enthält Zahlen, dabei gehen führende Nullen verloren: als Text speichern. " if als_zahl else ""
    raise grenzfehler(
        gebiet,
        stand,
        f"Raumschlüssel der Grenzen und der Liste {stand.raeume} passen nicht zusammen ({len(funde)} Fälle).",
        wo="; ".join(je_befund),
        tun=(
            f"{zahl}Jeder Raum der Ebene »{gebiet.unterste_ebene.titel}« braucht genau eine Fläche (auch aus mehreren "
            f"Teilen) und genau eine Zeile in {stand.raeume}. Gibt es zu einem Raum keine Fläche, ihn unter "
            "[[gebietsstand]] bei ohne_geometrie nennen."
        ),
    )


def _doppelte(
    gebiet: Gebiet, stand: Gebietsstand, raeume: gpd.GeoDataFrame, doppelte: list[str], je_befund: list[str]
) -> GebietError:
    """Two areas under one key, told so that one can find both on a map; often one of them lacks its own key."""
    raeume = _to_metrisch(gebiet, stand, raeume)
    orte, punkte = [], raeume.geometry.representative_point()
    for raum_id in doppelte[:3]:
        gleiche = raeume.index[raeume["raum_id"] == raum_id]
        flaechen = [f"bei ({punkte[i].x:.0f}, {punkte[i].y:.0f}) {raeume.geometry[i].area:.0f} m²" for i in gleiche]
        orte.append(f"{raum_id}: Fläche {' und Fläche '.join(flaechen)}")
    ort = punkte[raeume.index[raeume["raum_id"] == doppelte[0]][-1]]
    return grenzfehler(
        gebiet,
        stand,
        f"{len(doppelte)} Raumschlüssel stehen an mehreren Flächen (Gebietsstand {stand.id}).",
        wo="; ".join([*orte, *je_befund]),
        tun=(
            "Gehören die Flächen zusammen, zu einer mehrteiligen Fläche verbinden. Trägt eine den falschen Schlüssel, "
            f"in gebiet.toml eintragen: [[gebietsstand.korrektur]] punkt = [{ort.x:.0f}, {ort.y:.0f}] (ein Punkt in "
            f'dieser Fläche), von = "{doppelte[0]}", auf = "…", grund = "…".'
        ),
    )


def _check_flaechen(gebiet: Gebiet, stand: Gebietsstand, raeume: gpd.GeoDataFrame) -> None:
    """Every Raum needs a polygon with an area."""
    gut = raeume.geom_type.isin(["Polygon", "MultiPolygon"]) & ~raeume.geometry.is_empty & raeume.geometry.notna()
    if not gut.all():
        raise grenzfehler(
            gebiet,
            stand,
            f"{(~gut).sum()} Räume haben keine Fläche, sondern Punkte, Linien oder nichts.",
            wo=format_liste(raeume.loc[~gut, "raum_id"]),
            tun="Die Datei mit den Umringen (Polygonen) ablegen.",
        )


def _to_metrisch(gebiet: Gebiet, stand: Gebietsstand, raeume: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Brings the polygons to the CRS of the Gebietsstand after checking that no CRS involved is a lie."""
    ziel = _check_crs(gebiet, stand)
    eigenes = raeume.crs
    grad = np.abs(raeume.total_bounds).max() <= 180
    if eigenes is not None and eigenes.is_geographic and not grad:
        eigenes = None  # GeoJSON without CRS counts as WGS 84 by its standard; metres show that nobody meant it
    if grad and (eigenes or ziel).is_projected:
        raise grenzfehler(
            gebiet,
            stand,
            f"Die Koordinaten sind Grad, angegeben ist aber {(eigenes or ziel).to_string()} (Meter).",
            wo=_format_grenzen(raeume.total_bounds),
            tun="In der Datei das richtige Koordinatensystem angeben (meist EPSG:4326) oder nach EPSG:25832 umrechnen.",
        )
    raeume = raeume.set_crs(eigenes or ziel, allow_override=True)
    _check_lage(gebiet, stand, raeume)
    return raeume if raeume.crs == ziel else raeume.to_crs(ziel)


def _check_crs(gebiet: Gebiet, stand: Gebietsstand) -> pyproj.CRS:
    """The declared CRS; it must exist and count in metres."""
    try:
        crs = pyproj.CRS.from_user_input(stand.crs)
    except pyproj.exceptions.CRSError:
        crs = None
    if crs is None or not crs.is_projected or crs.axis_info[0].unit_name != "metre":
        raise GebietError(
            f"Gebiet »{gebiet.id}«: »{stand.crs}« ist kein Koordinatensystem in Metern.",
            wo=f"{gebiet.ordner / 'gebiet.toml'}, Gebietsstand {stand.id}, crs",
            tun='Für Deutschland crs = "EPSG:25832" (im Osten auch "EPSG:25833") eintragen.',
        )
    return crs


def _check_lage(gebiet: Gebiet, stand: Gebietsstand, raeume: gpd.GeoDataFrame) -> None:
    """A territory outside Germany means a wrong zone or swapped axes; a neighbour's grid says where it holds itself."""
    minx, miny, maxx, maxy = raeume.to_crs("EPSG:4326").total_bounds
    fremd = raeume.crs.area_of_use if raeume.crs.to_epsg() not in IN_DEUTSCHLAND else None
    west, sued, ost, nord = fremd.bounds if fremd else DEUTSCHLAND
    if not (west <= minx <= maxx <= ost and sued <= miny <= maxy <= nord):
        raise grenzfehler(
            gebiet,
            stand,
            f"Die Grenzen liegen mit {raeume.crs.to_string()} nicht in {fremd.name if fremd else 'Deutschland'}.",
            wo=(
                f"{_format_grenzen(raeume.total_bounds)}; das wäre {minx:.2f} bis {maxx:.2f}° Ost, "
                f"{miny:.2f} bis {maxy:.2f}° Nord"
            ),
            tun=(
                "Das wirkliche Koordinatensystem angeben (25832 oder 25833? alte Gauß-Krüger-Werte?) oder vertauschte "
                "Achsen berichtigen."
            ),
        )


def _format_grenzen(grenzen) -> str:
    minx, miny, maxx, maxy = grenzen
    return f"x {minx:.2f} bis {maxx:.2f}, y {miny:.2f} bis {maxy:.2f}"


def grenzfehler(gebiet: Gebiet, stand: Gebietsstand, was: str, *, wo: str = "", tun: str) -> GebietError:
    """An error in the boundary file of a Gebietsstand; `wo` is the place within the file."""
    datei = str(gebiet.ordner / stand.geometrie)
    return GebietError(f"Gebiet »{gebiet.id}«: {was}", wo=f"{datei}: {wo}" if wo else datei, tun=tun)


def format_liste(texte, *, hoechstens: int = 5, trenner: str = ", ") -> str:
    """The first few entries and how many more there are."""
    texte = [str(text) for text in texte]
    mehr = f"{trenner}… und {len(texte) - hoechstens} weitere" if len(texte) > hoechstens else ""
    return trenner.join(texte[:hoechstens]) + mehr
