"""From old Räume to new ones: weight tables between Gebietsstände. Builds, reads, checks and chains them.

A weight table has one row per pair: `raum_alt`, `raum_neu`, `anteil` (share of the counts of the old Raum that lies in
the new one; the shares of an old Raum sum to 1). It speaks of the lowest level only; what a share counts says
`umstieg_art` of the Gebietsstand: addresses and grid cells tell where people live, areas only where land is.
A missing `anteil` means that nobody knows the share: such counts are never converted.
"""

from datetime import date
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from geodata.fehler import GebietError
from geodata.gebiet import Gebiet, Gebietsstand
from geodata.grenzdatei import format_liste, read_polygone
from geodata.topologie import build_deckung, build_gueltige, groesste_breite
from geodata.zuordnung import Flaechen

SPALTEN = ["raum_alt", "raum_neu", "anteil"]
TOLERANZ = 1e-9
SPLITTER_M = 20.0  # parts nowhere wider are the same border drawn twice, not land that changed hands: a street's width
ART_TEXT = {
    "adressen": "nach Adressen",
    "einwohner": "nach Einwohnern",
    "raster": "nach Rasterzellen",
    "flaeche": "nach Fläche",
}


# --- read and chain ---


def read_umstiege(gebiet: Gebiet) -> dict[str, pd.DataFrame]:
    """Weight tables from every older Gebietsstand straight to the newest one, chained where there are several between.

    Returns:
        id of the old Gebietsstand → table. A Gebietsstand from which no unbroken chain of tables leads on is left out.

    Raises:
        GebietError: a table is unreadable or does not fit the lists of Räume.
    """
    tabellen: dict[str, pd.DataFrame] = {}
    schritte = [(alt, neu, read_umstieg(gebiet, alt, neu)) for alt, neu in pairwise(gebiet.gebietsstaende)]
    bisher = None
    for nr, (alt, _, tabelle) in enumerate(reversed(schritte)):
        if tabelle is None:
            break
        bisher = tabelle if nr == 0 else build_kette(tabelle, bisher)
        tabellen[alt.id] = bisher
    return tabellen


def read_umstieg(gebiet: Gebiet, alt: Gebietsstand, neu: Gebietsstand) -> pd.DataFrame | None:
    """The checked table from `alt` to `neu`, the next Gebietsstand; None where none is declared."""
    if neu.umstieg is None:
        return None
    pfad = gebiet.ordner / neu.umstieg
    try:
        roh = pd.read_csv(
            pfad, sep=";", dtype="str", keep_default_na=False, na_values=[""], encoding="utf-8-sig", comment="#"
        )
        tabelle = roh[SPALTEN].assign(anteil=pd.to_numeric(roh["anteil"]))
    except (OSError, UnicodeDecodeError, ValueError, KeyError, pd.errors.ParserError) as fehler:
        raise GebietError(
            f"Gebiet »{gebiet.id}«: Die Umstiegstabelle lässt sich nicht lesen ({fehler}).",
            wo=str(pfad),
            tun=f"CSV in UTF-8 mit Semikolon, Dezimalpunkt und den Spalten {';'.join(SPALTEN)}; "
            f"»sozialraum umstieg --gebiet {gebiet.id} --von {alt.id} --nach {neu.id}« schreibt eine.",
        ) from None
    check_umstieg(gebiet, alt, neu, tabelle, str(pfad))
    return tabelle


def build_kette(erste: pd.DataFrame, zweite: pd.DataFrame) -> pd.DataFrame:
    """Weight table A → B and B → C as A → C. Paths through an unknown share are unknown, unless all meet again."""
    paare = erste.merge(
        zweite, left_on="raum_neu", right_on="raum_alt", suffixes=("", "_zwei"), how="left", validate="m:m"
    )
    paare = paare.assign(anteil=paare["anteil"] * paare["anteil_zwei"], raum_neu=paare["raum_neu_zwei"])
    return fasse_zusammen(paare[SPALTEN])


def fasse_zusammen(paare: pd.DataFrame) -> pd.DataFrame:
    """One row per pair. An old Raum that goes into one new Raum only goes there whole, whatever was unknown between."""
    tabelle = paare.groupby(["raum_alt", "raum_neu"], as_index=False)["anteil"].agg(
        lambda teile: teile.sum(skipna=False)
    )
    allein = ~tabelle["raum_alt"].duplicated(keep=False)
    return tabelle.assign(anteil=tabelle["anteil"].mask(allein, 1.0))


# --- check ---


def find_umstiegfehler(gebiet: Gebiet, alt: Gebietsstand, neu: Gebietsstand, tabelle: pd.DataFrame) -> list[str]:
    """German findings on a weight table: unknown or missing Räume, shares out of bounds or not summing to 1."""
    soll_alt, soll_neu = _raeume(gebiet, alt), _raeume(gebiet, neu)
    doppelt = tabelle[tabelle.duplicated(["raum_alt", "raum_neu"])]
    falsch = tabelle[~(tabelle["anteil"].isna() | tabelle["anteil"].between(0, 1, inclusive="right"))]
    summen = tabelle.groupby("raum_alt")["anteil"].agg(lambda teile: teile.sum(skipna=False))
    summen = summen[(summen - 1).abs() > TOLERANZ]
    gruppen = (
        (f"im Gebietsstand {alt.id} unbekannt", sorted(set(tabelle["raum_alt"].dropna()) - soll_alt)),
        (f"im Gebietsstand {neu.id} unbekannt", sorted(set(tabelle["raum_neu"].dropna()) - soll_neu)),
        ("kein Umstieg angegeben für", sorted(soll_alt - set(tabelle["raum_alt"]))),
        ("ohne Herkunft", sorted(soll_neu - set(tabelle["raum_neu"]))),
        ("Paar doppelt", [f"{z.raum_alt}→{z.raum_neu}" for z in doppelt.itertuples()]),
        ("Anteil nicht größer als 0 und höchstens 1", [f"{z.raum_alt}→{z.raum_neu}" for z in falsch.itertuples()]),
        ("Anteile ergeben nicht 1", [f"{raum} ({summe:.6g})" for raum, summe in summen.items()]),
        ("Schlüssel leer", ["–"] * int(tabelle[["raum_alt", "raum_neu"]].isna().any(axis=1).sum())),
    )
    return [f"{text}: {format_liste(raeume)}" for text, raeume in gruppen if raeume]


def check_umstieg(gebiet: Gebiet, alt: Gebietsstand, neu: Gebietsstand, tabelle: pd.DataFrame, wo: str) -> None:
    """Raises a GebietError when a table would lose or invent counts."""
    if funde := find_umstiegfehler(gebiet, alt, neu, tabelle):
        raise GebietError(
            f"Gebiet »{gebiet.id}«: Der Umstieg vom Gebietsstand {alt.id} auf {neu.id} geht nicht auf.",
            wo=f"{wo}: {'; '.join(funde)}",
            tun="Jeder alte Raum braucht Zeilen, deren Anteile zusammen 1 ergeben, jeder neue mindestens eine. Was "
            "sich nicht berechnen lässt, in gebiet.toml unter [[gebietsstand.umstieg_fest]] mit Grund festlegen.",
        )


def find_alte_raeume(gebiet: Gebiet, raum_id: str, gebietsstand: str, tag: date) -> tuple[str, dict[str, float]]:
    """The Räume that a converted value of `tag` was apportioned from: their Gebietsstand, raum_id → share (0 to 1)."""
    stand = gebiet.gebietsstand_am(tag).id
    eltern = gebiet.read_eltern()
    eltern = eltern[(eltern["gebietsstand"] == gebietsstand) & (eltern["hierarchie"] == "gebiet")]
    unten = {raum_id}
    while neue := set(eltern.loc[eltern["eltern_id"].isin(unten), "raum_id"]) - unten:
        unten |= neue
    tabelle = read_umstiege(gebiet).get(stand)
    return stand, tabelle[tabelle["raum_neu"].isin(unten)].groupby("raum_alt", sort=True)["anteil"].sum().to_dict()


def _raeume(gebiet: Gebiet, stand: Gebietsstand) -> set[str]:
    """The lowest level of a Gebietsstand. The Rest-Raum stays the Rest-Raum and needs no row."""
    r = gebiet.read_raeume()
    return set(
        r.loc[(r["gebietsstand"] == stand.id) & (r["ebene"] == gebiet.unterste_ebene.id) & ~r["rest"], "raum_id"]
    )


# --- build ---


def build_umstieg(
    gebiet: Gebiet,
    alt: Gebietsstand,
    neu: Gebietsstand,
    flaechen_alt: gpd.GeoDataFrame,
    flaechen_neu: gpd.GeoDataFrame,
    *,
    punkte: gpd.GeoDataFrame | None = None,
    splitter_m: float = SPLITTER_M,
) -> pd.DataFrame:
    """The weight table between two Gebietsstände, from points if there are any, otherwise from areas.

    Args:
        flaechen_alt, flaechen_neu: lowest level, `raum_id` and polygons in the same metric CRS.
        punkte: addresses, buildings or centres of grid cells with their `gewicht`, in that CRS.

    Raises:
        GebietError: an old or new Raum is left without a partner; nothing is guessed then.
    """
    if punkte is None:
        tabelle = build_aus_flaechen(flaechen_alt, flaechen_neu, splitter_m=splitter_m)
    else:
        tabelle = build_aus_punkten(flaechen_alt, flaechen_neu, punkte)
    tabelle = setze_feste(tabelle, neu)
    check_umstieg(gebiet, alt, neu, tabelle, f"{gebiet.ordner / 'gebiet.toml'}, Gebietsstand {neu.id}")
    return tabelle


def build_aus_flaechen(alt: gpd.GeoDataFrame, neu: gpd.GeoDataFrame, *, splitter_m: float = SPLITTER_M) -> pd.DataFrame:
    """Shares of land: area of the common part / area of the old Raum, without slivers, normalised to 1.

    A common part that is nowhere wider than `splitter_m` is a sliver of two drawings of one border. A Raum that would
    be left with slivers only keeps them: there is nothing else to go by.
    """
    a, n = neu.sindex.query(alt.geometry, predicate="intersects")
    schnitt = shapely.intersection(alt.geometry.values[a], neu.geometry.values[n])
    teile = pd.DataFrame(
        {"raum_alt": alt["raum_id"].to_numpy()[a], "raum_neu": neu["raum_id"].to_numpy()[n], "teil": schnitt}
    )
    teile = _einzeln(teile)
    teile = teile[teile["flaeche"] > 0].assign(breit=lambda t: t["breite"] > splitter_m)
    nur_splitter = ~teile.groupby("raum_alt")["breit"].transform("any")
    return _anteile(teile[teile["breit"] | nur_splitter], "flaeche")


def _einzeln(teile: pd.DataFrame) -> pd.DataFrame:
    """One row per polygon: raum_alt, raum_neu, flaeche [m²], breite (widest place) [m]."""
    polygone, zeile = shapely.get_parts(teile["teil"].to_numpy(), return_index=True)
    flaechig = shapely.get_dimensions(polygone) == 2
    polygone, zeile = polygone[flaechig], zeile[flaechig]
    einzeln = teile[["raum_alt", "raum_neu"]].iloc[zeile].reset_index(drop=True)
    return einzeln.assign(flaeche=shapely.area(polygone), breite=groesste_breite(polygone))


def build_aus_punkten(alt: gpd.GeoDataFrame, neu: gpd.GeoDataFrame, punkte: gpd.GeoDataFrame) -> pd.DataFrame:
    """Shares of addresses, buildings or people: weight of the points in both Räume / weight of those in the old one.

    Points outside either drawing say nothing about the change and are left out. An old Raum without a point has no
    row: the check names it.
    """
    lage = pd.DataFrame(
        {
            "raum_alt": _raum_der_punkte(alt, punkte),
            "raum_neu": _raum_der_punkte(neu, punkte),
            "gewicht": punkte["gewicht"].to_numpy(float),
        }
    ).dropna()
    return _anteile(lage[lage["gewicht"] > 0], "gewicht")


def _raum_der_punkte(flaechen: gpd.GeoDataFrame, punkte: gpd.GeoDataFrame) -> np.ndarray:
    """Key of the Raum each point lies in; None outside."""
    raeume = Flaechen(list(flaechen["raum_id"]), flaechen.geometry.to_numpy(), flaechen.crs)
    codes = raeume.finde(punkte.geometry.x.to_numpy(), punkte.geometry.y.to_numpy())
    return np.array([*raeume.raum_ids, None], dtype=object)[codes]  # OHNE is −1: the last one


def _anteile(teile: pd.DataFrame, mass: str) -> pd.DataFrame:
    paare = teile.groupby(["raum_alt", "raum_neu"], as_index=False)[mass].sum()
    anteil = paare[mass] / paare.groupby("raum_alt")[mass].transform("sum")
    return paare.assign(anteil=anteil)[SPALTEN]


def setze_feste(tabelle: pd.DataFrame, neu: Gebietsstand) -> pd.DataFrame:
    """Rows decided by hand instead of the computed ones of the same old Raum."""
    zeilen = []
    for fest in neu.umstieg_fest:
        ziele = fest.nach if isinstance(fest.nach, dict) else dict.fromkeys(fest.nach, np.nan)
        zeilen += [(fest.raum_alt, raum_neu, anteil) for raum_neu, anteil in ziele.items()]
    if not zeilen:
        return tabelle
    feste = pd.DataFrame(zeilen, columns=SPALTEN)
    rest = tabelle[~tabelle["raum_alt"].isin(feste["raum_alt"])]
    return pd.concat([rest, feste], ignore_index=True).sort_values(SPALTEN[:2], ignore_index=True)


def build_datei(gebiet: Gebiet, von: str | None, nach: str | None, ziel: Path, *, punkte: Path | None = None) -> str:
    """Build the table between two successive Gebietsstände and write it; German text on what it says.

    Args:
        von, nach: ids of the Gebietsstände; default: the last two.
        punkte: file of points, see `read_punkte`.
    """
    alt, neu = find_schritt(gebiet, von, nach)
    flaechen = [build_deckung(build_gueltige(read_polygone(gebiet, stand))) for stand in (alt, neu)]
    flaechen[0] = flaechen[0].to_crs(flaechen[1].crs)
    gewichte = read_punkte(punkte, flaechen[1].crs) if punkte else None
    tabelle = build_umstieg(gebiet, alt, neu, *flaechen, punkte=gewichte)
    mass = f"Punkten ({punkte.name})" if punkte else f"Fläche (Splitter bis {SPLITTER_M:g} m Breite entfernt)"
    write_umstieg(
        tabelle, ziel, [f"{gebiet.name}: Umstieg vom Gebietsstand {alt.id} auf {neu.id}, Anteile nach {mass}"]
    )
    geteilt = tabelle[tabelle["anteil"] != 1]["raum_alt"]
    text = f"{ziel}: {tabelle['raum_alt'].nunique()} alte Räume, davon {geteilt.nunique()} geteilt"
    unbekannt = tabelle.loc[tabelle["anteil"].isna(), "raum_alt"].nunique()
    return text + (f", {unbekannt} mit unbekannten Anteilen." if unbekannt else ".")


def find_schritt(gebiet: Gebiet, von: str | None, nach: str | None) -> tuple[Gebietsstand, Gebietsstand]:
    """Two successive Gebietsstände by their ids.

    Raises:
        GebietError: there is none, or they do not follow each other.
    """
    schritte = list(pairwise(gebiet.gebietsstaende))
    passend = [(a, n) for a, n in schritte if von in (None, a.id) and nach in (None, n.id)]
    if not passend:
        raise GebietError(
            f"Gebiet »{gebiet.id}«: Vom Gebietsstand {von or '?'} führt kein Schritt auf {nach or '?'}.",
            wo=f"{gebiet.ordner / 'gebiet.toml'}: {', '.join(f'{a.id} → {n.id}' for a, n in schritte) or 'nur einer'}",
            tun="Zwei aufeinanderfolgende Gebietsstände nennen; über mehrere hinweg wird verkettet.",
        )
    return passend[-1]


def read_punkte(pfad: Path, crs) -> gpd.GeoDataFrame:
    """Points in the metric CRS of a Gebietsstand, with their weight.

    A CSV (`;`, UTF-8) has the columns x, y in that CRS; GeoPackage, GeoJSON or Shapefile say their CRS themselves. The
    column `gewicht` (households, inhabitants of a grid cell) is optional: without it every point counts once.

    Raises:
        GebietError: unreadable, no points, or no number where one is needed.
    """
    try:
        if pfad.suffix.lower() == ".csv":
            tabelle = pd.read_csv(pfad, sep=";", encoding="utf-8-sig")
            punkte = gpd.GeoDataFrame(tabelle, geometry=gpd.points_from_xy(tabelle["x"], tabelle["y"]), crs=crs)
        else:
            punkte = gpd.read_file(pfad).to_crs(crs)
        gewicht = pd.to_numeric(punkte["gewicht"]) if "gewicht" in punkte else pd.Series(1.0, index=punkte.index)
        if not (punkte.geom_type == "Point").all() or not (gewicht >= 0).all():
            raise ValueError("gebraucht werden Punkte und Gewichte ab 0")
    except (
        OSError,
        UnicodeDecodeError,
        ValueError,
        KeyError,
        pd.errors.ParserError,
        pyogrio.errors.DataSourceError,
    ) as f:
        raise GebietError(
            f"Die Punkte lassen sich nicht lesen ({f}).",
            wo=str(pfad),
            tun="CSV mit den Spalten x;y;gewicht (Meter, Dezimalpunkt) oder eine Punktdatei (GeoPackage, GeoJSON).",
        ) from None
    return punkte[["geometry"]].assign(gewicht=gewicht.to_numpy(float))


def write_umstieg(tabelle: pd.DataFrame, ziel: Path, kopf: list[str]) -> None:
    """CSV with shares of six digits that still sum to 1; `kopf` becomes comment lines."""
    tabelle = tabelle.assign(anteil=_runde(tabelle))
    text = "".join(f"# {zeile}\n" for zeile in kopf)
    text += tabelle[tabelle["anteil"] != 0].to_csv(sep=";", index=False, lineterminator="\n", float_format="%.6g")
    ziel.write_text(text, encoding="utf-8")


def _runde(tabelle: pd.DataFrame) -> pd.Series:
    """Shares with 6 digits; the largest share of each old Raum takes what rounding left."""
    rund = tabelle["anteil"].round(6)
    groesster = tabelle.groupby("raum_alt")["anteil"].transform("max") == tabelle["anteil"]
    erster = groesster & ~tabelle.assign(g=groesster).duplicated(["raum_alt", "g"])
    fehlt = 1 - rund.groupby(tabelle["raum_alt"]).transform(lambda teile: teile.sum(skipna=False))
    return (rund + fehlt.where(erster, 0)).round(6)
