"""Boundaries of the invented Musterkreis: seeded, drawn like a real Kreis, an exact coverage.

The smallest pieces are Bausteine. A Quartier is one Baustein, or two where the second Gebietsstand splits or
merges it; so both Gebietsstände share every border they have in common, and every share of a conversion is known.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.random import RandomState  # the stream of RandomState never changes between versions of numpy
from shapely import LineString, Point, Polygon
from shapely.ops import linemerge, polygonize, unary_union

from geodata.beispiel.namen import DORF_ANFANG, DORF_ENDE, KOMMUNEN, ORTSTEILE, STADTTEILE
from geodata.fehler import GebietError

SAAT = 5999
KREIS = "05999"
MITTE = np.array([396_000.0, 5_671_000.0])  # EPSG:25832
RADIUS = 18_700.0  # m; with the outline below about 1,150 km²
FEINHEIT = 220.0  # m between two points of a border
RAUHEIT = 0.19  # sideways step of a new point, in parts of its segment
TEILUNGEN = {1: 3, 2: 2, 3: 1, 4: 1, 5: 1, 6: 1, 7: 1, 9: 1}  # Kommune → Quartiere that the second Gebietsstand splits
FUSIONEN = {1: 1, 3: 1, 8: 1}  # Kommune → pairs that it merges


@dataclass(frozen=True)
class Musterkreis:
    """`bausteine`: one row per piece (`kommune` 1…19, `kern` bool, `q2015`, `q2020` keys, `geometry` [m]).

    `raeume`: Gebietsstand → table `raum_id`, `name`, `ebene`, `eltern_id` of all levels.
    """

    bausteine: pd.DataFrame
    raeume: dict[str, pd.DataFrame]


def build_musterkreis() -> Musterkreis:
    """The whole territory; the same every time."""
    zufall = RandomState(SAAT)
    umriss = build_umriss(zufall)
    zentren = build_zentren(umriss, zufall)
    punkte = build_punkte(zentren, umriss, zufall)
    flaechen = build_flaechen(np.array([p for _, p, _ in punkte]), umriss, zufall)
    bausteine = pd.DataFrame({"kommune": [k for k, _, _ in punkte], "kern": [k for _, _, k in punkte]})
    bausteine["geometry"] = flaechen
    bausteine = _nummeriere(bausteine, zentren)
    return _benenne(_schneide_zu(bausteine), zufall)


# ---------------------------------------------------------------- areas


def build_umriss(zufall: RandomState) -> Polygon:
    """An organic outline: a circle bent by a few waves."""
    winkel = np.linspace(0, 2 * np.pi, 110, endpoint=False)
    wellen = sum(zufall.normal(0, 0.21 / k) * np.cos(k * winkel + zufall.uniform(0, 6.28)) for k in range(2, 22))
    strecke = RADIUS * (1 + wellen)
    return Polygon(MITTE + np.c_[1.12 * strecke * np.cos(winkel), 0.92 * strecke * np.sin(winkel)])


def build_zentren(umriss: Polygon, zufall: RandomState) -> np.ndarray:
    """One centre per Kommune [m], evenly spread by a few rounds of Lloyd; the large towns lie inside."""
    punkte = _streue(umriss, len(KOMMUNEN), zufall)
    for _ in range(2):
        punkte = np.array([z.centroid.coords[0] for z in voronoi(punkte, umriss)])
    innen = np.linalg.norm(punkte - MITTE, axis=1) + zufall.uniform(0, 9_000, len(punkte))
    return punkte[np.argsort(innen)]


def build_punkte(zentren: np.ndarray, umriss: Polygon, zufall: RandomState) -> list[tuple[int, np.ndarray, bool]]:
    """Seeds of the Bausteine: (Kommune 1…19, x/y, in the built-up core?). Dense in the core, wide outside."""
    punkte = []
    for nr, (zelle, (_, einwohner, anzahl, stadt)) in enumerate(
        zip(voronoi(zentren, umriss), KOMMUNEN, strict=True), start=1
    ):
        kern = zelle.intersection(Point(zentren[nr - 1]).buffer(350 * np.sqrt(einwohner / 1000)))
        im_kern = max(1, round(anzahl * (0.35 + 0.35 * stadt)))
        lage = _streue(kern, im_kern, zufall)
        lage = _streue(zelle.buffer(-500).difference(kern), anzahl - im_kern, zufall, vorhanden=lage)
        punkte += [(nr, punkt, i < im_kern) for i, punkt in enumerate(lage)]
    return punkte


def _streue(flaeche: Polygon, anzahl: int, zufall: RandomState, vorhanden: np.ndarray | None = None) -> np.ndarray:
    """Scattered points that keep their distance (best of 40 candidates each), appended to `vorhanden`."""
    x0, y0, x1, y1 = flaeche.bounds
    punkte = [] if vorhanden is None else list(vorhanden)
    ziel = len(punkte) + anzahl
    while len(punkte) < ziel:
        kandidaten = np.c_[zufall.uniform(x0, x1, 120), zufall.uniform(y0, y1, 120)]
        kandidaten = kandidaten[shapely.contains_xy(flaeche, kandidaten)][:40]
        if not len(kandidaten):
            continue
        if punkte:
            abstand = np.linalg.norm(kandidaten[:, None] - np.array(punkte)[None], axis=2).min(axis=1)
            kandidaten = kandidaten[[int(np.argmax(abstand))]]
        punkte.append(kandidaten[0])
    return np.array(punkte)


def voronoi(punkte: np.ndarray, umriss: Polygon) -> list[Polygon]:
    """Cells of the points within the outline, in their order."""
    zellen = shapely.voronoi_polygons(shapely.multipoints(punkte), extend_to=umriss.buffer(RADIUS), ordered=True)
    return [zelle.intersection(umriss) for zelle in zellen.geoms]


def build_flaechen(punkte: np.ndarray, umriss: Polygon, zufall: RandomState) -> list[Polygon]:
    """The cells with wiggly borders. Each border is bent once, so that neighbours share it exactly."""
    zellen = [shapely.set_precision(zelle, 1) for zelle in voronoi(punkte, umriss)]
    netz = linemerge(unary_union([zelle.exterior for zelle in zellen]))
    grenzen = sorted((np.array(linie.coords) for linie in netz.geoms), key=lambda linie: linie.tolist())
    flaechen = np.array(list(polygonize(_biege_alle(grenzen, zufall).tolist())))
    if len(flaechen) != len(zellen) or not shapely.coverage_is_valid(flaechen):
        raise GebietError("Musterkreis: Die erzeugten Grenzen kreuzen sich.", tun="RAUHEIT verkleinern.")
    return [flaechen[np.argmax(shapely.area(shapely.intersection(flaechen, zelle)))] for zelle in zellen]


def _biege_alle(grenzen: list[np.ndarray], zufall: RandomState) -> np.ndarray:
    """All borders bent; where two cross each other or themselves, again and more gently."""
    rauheit = np.full(len(grenzen), RAUHEIT)
    linien = np.array([LineString(_biege(g, RAUHEIT, zufall)) for g in grenzen])
    for _ in range(12):
        a, b = shapely.STRtree(linien).query(linien, predicate="crosses")
        c, d = shapely.STRtree(linien).query(linien, predicate="overlaps")
        schlecht = np.unique(np.r_[a, b, c, d, np.flatnonzero(~shapely.is_simple(linien))])
        rauheit[schlecht] /= 2
        for i in schlecht:
            linien[i] = LineString(_biege(grenzen[i], rauheit[i], zufall))
    return linien


def _biege(linie: np.ndarray, rauheit: float, zufall: RandomState) -> np.ndarray:
    """Midpoint displacement until no segment is longer than `FEINHEIT`; ends stay; whole metres."""
    while True:
        schritt = np.diff(linie, axis=0)
        lang = np.hypot(*schritt.T)
        if lang.max() <= FEINHEIT:
            return linie.round()
        teilen = np.flatnonzero(lang > FEINHEIT)
        quer = np.c_[-schritt[teilen, 1], schritt[teilen, 0]]
        seitwaerts = np.clip(zufall.normal(0, rauheit, len(teilen)), -1.6 * rauheit, 1.6 * rauheit)[:, None]
        neu = (linie[teilen] + linie[teilen + 1]) / 2 + quer * seitwaerts
        linie = np.insert(linie, teilen + 1, neu, axis=0)


# ---------------------------------------------------------------- Quartiere of the two Gebietsstände


def _nummeriere(bausteine: pd.DataFrame, zentren: np.ndarray) -> pd.DataFrame:
    """Bausteine of a Kommune in the order of their distance from its centre: the core comes first."""
    mitte = np.array([g.representative_point().coords[0] for g in bausteine["geometry"]])
    abstand = np.linalg.norm(mitte - zentren[bausteine["kommune"] - 1], axis=1)
    bausteine = bausteine.assign(abstand=abstand)
    return bausteine.sort_values(["kommune", "abstand"], kind="stable", ignore_index=True).drop(columns="abstand")


def _schneide_zu(bausteine: pd.DataFrame) -> pd.DataFrame:
    """Keys of both Gebietsstände: split and merged Quartiere get new numbers behind the last one."""
    alt = np.arange(len(bausteine))
    neu = alt.copy()
    for kommune, teil in bausteine.groupby("kommune"):
        frei = list(teil.index)
        for ziel, anzahl in ((alt, TEILUNGEN.get(kommune, 0)), (neu, FUSIONEN.get(kommune, 0))):
            for _ in range(anzahl):
                a, b = _nachbarn(bausteine, frei)
                ziel[b] = ziel[a]
                frei = [i for i in frei if i not in (a, b)]
    spalten = {"q2015": _schluessel(bausteine, alt, None), "q2020": ""}
    bausteine = bausteine.assign(**spalten)
    return bausteine.assign(q2020=_schluessel(bausteine, alt, neu))


def _nachbarn(bausteine: pd.DataFrame, frei: list[int]) -> tuple[int, int]:
    """The two free pieces farthest inside (but not the centre itself) that share a real border."""
    for a in frei[1:]:
        for b in (i for i in frei if i > a):
            if bausteine["geometry"][a].intersection(bausteine["geometry"][b]).length > 800:
                return a, b
    raise GebietError("Musterkreis: Es gibt nicht genug Nachbarn zum Teilen.", tun="TEILUNGEN verkleinern.")


def _schluessel(bausteine: pd.DataFrame, alt: np.ndarray, neu: np.ndarray | None) -> list[str]:
    """Keys `05999kkk-nn` per Baustein; without `neu` those of the first Gebietsstand."""
    schluessel, laufend = [""] * len(bausteine), {}
    for i, kommune in enumerate(bausteine["kommune"]):
        if alt[i] == i:
            laufend[kommune] = laufend.get(kommune, 0) + 1
        nummer = laufend[kommune] if alt[i] == i else None
        schluessel[i] = f"{KREIS}{kommune:03d}-{nummer:02d}" if nummer else schluessel[alt[i]]
    if neu is None:
        return schluessel
    geteilt = {k for k in schluessel if schluessel.count(k) > 1}
    fusioniert = set(neu[neu != np.arange(len(neu))])
    for i, kommune in enumerate(bausteine["kommune"]):
        if neu[i] != i:
            schluessel[i] = schluessel[neu[i]]
        elif schluessel[i] in geteilt or i in fusioniert:
            laufend[kommune] += 1
            schluessel[i] = f"{KREIS}{kommune:03d}-{laufend[kommune]:02d}"
    return schluessel


# ---------------------------------------------------------------- names and tables


def _benenne(bausteine: pd.DataFrame, zufall: RandomState) -> Musterkreis:
    """Names of the Quartiere: quarters in the built-up core, villages outside, each once in the Kreis."""
    grund = _bausteinnamen(bausteine, zufall)
    raeume = {
        "2015-01-01": _tabelle(bausteine, "q2015", grund),
        "2020-01-01": _tabelle(bausteine, "q2020", grund),
    }
    return Musterkreis(bausteine, raeume)


def _bausteinnamen(bausteine: pd.DataFrame, zufall: RandomState) -> list[str]:
    doerfer = [a + e for a in DORF_ANFANG for e in DORF_ENDE]
    doerfer = iter([doerfer[i] for i in zufall.permutation(len(doerfer))])
    namen = []
    for kommune, teil in bausteine.groupby("kommune"):
        ort, _, _, stadt = KOMMUNEN[kommune - 1]
        viertel = iter(STADTTEILE if stadt >= 0.4 else ORTSTEILE)
        erstes = True
        for kern in teil["kern"]:
            if erstes:
                namen.append(f"{ort}-Mitte")
            else:
                namen.append(f"{ort}-{v}" if kern and (v := next(viertel, None)) else next(doerfer))
            erstes = False
    return namen


def _tabelle(bausteine: pd.DataFrame, spalte: str, grund: list[str]) -> pd.DataFrame:
    """raeume.csv of one Gebietsstand, sorted by level and key."""
    zeilen = [(KREIS, "Musterkreis", "kreis", "")]
    zeilen += [(f"{KREIS}{nr:03d}", k[0], "kommune", KREIS) for nr, k in enumerate(KOMMUNEN, start=1)]
    quartiere = {}
    for i, schluessel in enumerate(bausteine[spalte]):
        quartiere.setdefault(schluessel, []).append(grund[i])
    zeilen += [(k, _verbinde(namen), "quartier", k[:8]) for k, namen in sorted(quartiere.items())]
    return pd.DataFrame(zeilen, columns=["raum_id", "name", "ebene", "eltern_id"])


def _verbinde(namen: list[str]) -> str:
    """»Erlbrück-Nordstadt« + »Erlbrück-Südstadt« → »Erlbrück-Nordstadt/Südstadt«."""
    if len(namen) == 1:
        return namen[0]
    ort = namen[0].partition("-")[0]
    return f"{namen[0]}/{namen[1].removeprefix(ort + '-')}"
