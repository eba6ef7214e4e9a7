"""The browser files, decoded the way karte.js does it and compared with the boundaries they came from."""

import gzip
import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import shapely

from geodata.gebiet import Gebiet, read_gebiete
from geodata.geometrie import read_geometrie, write_browsergeometrie
from tests.hilfe_geodata import quadrat, vier_quadrate, write_gebiet

GEBIETE = ["flensburg", "nrw", "rhein_sieg", "dueren"]
VEREINFACHUNG = 16_000  # small maps lose details below this fraction of their extent


@dataclass
class Karte:
    """A decoded file; `raeume` holds the rings of each Raum as (n, 2) arrays of grid units, open."""

    kopf: dict
    raeume: list[list[np.ndarray]]

    def flaeche(self, nr: int) -> shapely.Geometry:
        """Even-odd fill of one Raum."""
        flaeche = shapely.Polygon()
        for ring in self.raeume[nr]:
            flaeche = shapely.symmetric_difference(flaeche, shapely.make_valid(shapely.Polygon(ring)))
        return flaeche

    def punkte(self, nr: int) -> set[tuple[int, int]]:
        return {(int(x), int(y)) for ring in self.raeume[nr] for x, y in ring}


def decode(pfad: Path) -> Karte:
    """Reads the format from its description alone."""
    inhalt = gzip.decompress(pfad.read_bytes())
    laenge = int.from_bytes(inhalt[:4], "little")
    assert laenge % 4 == 0
    kopf = json.loads(inhalt[4 : 4 + laenge])
    anzahl = sum(kopf["punkte"])
    werte = np.frombuffer(inhalt[4 + laenge :], dtype="<i2")
    assert len(werte) == 2 * anzahl
    schritte = np.stack([werte[:anzahl], werte[anzahl:]], axis=1).astype(int)
    ringe, stelle, anfang = [], 0, np.array([0, 0])
    for laenge in kopf["punkte"]:
        ring = schritte[stelle : stelle + laenge].copy()
        ring[0] += anfang
        ring = ring.cumsum(axis=0)
        anfang, stelle = ring[0], stelle + laenge
        ringe.append(ring)
    grenzen = np.cumsum([0, *kopf["ringe"]])
    return Karte(kopf, [ringe[a:b] for a, b in pairwise(grenzen)])


def write_karten(gebiet: Gebiet, ziel: Path) -> dict[str, Karte]:
    ziel.mkdir(exist_ok=True)
    dateien = write_browsergeometrie(gebiet, gebiet.gebietsstaende[0], ziel)
    return {ebene: decode(ziel / name) for ebene, name in dateien.items()}


@pytest.fixture(scope="module", params=GEBIETE)
def gebiet(request) -> Gebiet:
    return read_gebiete()[request.param]


@pytest.fixture(scope="module")
def karten(gebiet, tmp_path_factory) -> dict[str, Karte]:
    return write_karten(gebiet, tmp_path_factory.mktemp("geo"))


@pytest.fixture(scope="module")
def wahr(gebiet):
    """The boundaries as read, before simplification."""
    return read_geometrie(gebiet, gebiet.gebietsstaende[0])


def test_header_tells_everything_the_map_needs(gebiet, karten):
    raeume = gebiet.read_raeume()
    assert list(karten) == [ebene.id for ebene in gebiet.ebenen]
    for ebene, karte in karten.items():
        soll = raeume[(raeume["ebene"] == ebene) & ~raeume["rest"]]
        kopf = karte.kopf
        assert (kopf["version"], kopf["ebene"], kopf["crs"]) == (1, ebene, "EPSG:25832")
        assert kopf["gebietsstand"] == gebiet.gebietsstaende[0].id
        assert kopf["ids"] == soll["raum_id"].tolist()
        assert kopf["namen"] == soll["name"].tolist()
        assert kopf["eltern"] == [None if ebene == gebiet.ebenen[0].id else e for e in soll["eltern_id"]]
        assert 0 < kopf["breite"] <= 32767 and 0 < kopf["hoehe"] <= 32767


def test_all_points_lie_in_the_frame_and_no_ring_repeats_a_point(karten):
    for karte in karten.values():
        for ring in (ring for raum in karte.raeume for ring in raum):
            assert len(ring) >= 3
            assert ring.min() >= 0
            assert ring[:, 0].max() <= karte.kopf["breite"] and ring[:, 1].max() <= karte.kopf["hoehe"]
            assert np.any(ring != np.roll(ring, 1, axis=0), axis=1).all()


def test_every_point_is_a_point_of_the_true_border_within_one_grid_unit(karten, wahr):
    minx, _, _, maxy = wahr.total_bounds
    for karte in karten.values():
        meter = karte.kopf["meter"]
        for nr, raum_id in enumerate(karte.kopf["ids"]):
            punkte = np.array(sorted(karte.punkte(nr))) * [meter, -meter] + [minx, maxy]
            rand = shapely.MultiPoint(shapely.get_coordinates(wahr.set_index("raum_id").geometry[raum_id]))
            assert shapely.distance(shapely.points(punkte), rand).max() <= meter


def test_simplification_moves_no_border_visibly_and_no_area_collapses(karten, wahr):
    flaechen = wahr.set_index("raum_id").geometry
    minx, miny, maxx, maxy = wahr.total_bounds
    for karte in karten.values():
        meter = karte.kopf["meter"]
        toleranz = meter + max(maxx - minx, maxy - miny) / VEREINFACHUNG * 4
        for nr, raum_id in enumerate(karte.kopf["ids"]):
            bild = shapely.transform(karte.flaeche(nr), lambda p, m=meter: p * [m, -m] + [minx, maxy])
            assert bild.area == pytest.approx(flaechen[raum_id].area, rel=0.01)
            assert shapely.hausdorff_distance(bild.boundary, flaechen[raum_id].boundary) <= toleranz


def test_neighbours_are_those_with_a_common_border_and_share_its_points(karten, wahr):
    flaechen = wahr.set_index("raum_id").geometry
    for karte in karten.values():
        ids = karte.kopf["ids"]
        for nr, nachbarn in enumerate(karte.kopf["nachbarn"]):
            gemeinsam = [shapely.intersection(flaechen[ids[nr]], flaechen[andere]).length for andere in ids]
            soll = [andere for andere, laenge in enumerate(gemeinsam) if laenge > 0 and andere != nr]
            assert nachbarn == soll
            for andere in nachbarn:
                assert len(karte.punkte(nr) & karte.punkte(andere)) >= 2
                # nothing between them: the areas overlap nowhere by more than rounding to the grid
                ueber = shapely.intersection(karte.flaeche(nr), karte.flaeche(andere))
                assert ueber.area <= ueber.length


def test_outlines_of_upper_levels_run_exactly_along_the_lowest(gebiet, karten):
    unten = karten[gebiet.unterste_ebene.id]
    alle = set().union(*(unten.punkte(nr) for nr in range(len(unten.raeume))))
    for karte in karten.values():
        for nr in range(len(karte.raeume)):
            assert karte.punkte(nr) <= alle


def test_the_label_point_lies_inside(karten):
    for karte in karten.values():
        mitten = np.array(karte.kopf["mitten"]).reshape(-1, 2)
        assert len(mitten) == len(karte.raeume)
        for nr, mitte in enumerate(mitten):
            assert karte.flaeche(nr).contains(shapely.Point(mitte))


def test_the_same_boundaries_give_the_same_bytes(gebiet, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    stand = gebiet.gebietsstaende[0]

    a, b = write_browsergeometrie(gebiet, stand, tmp_path / "a"), write_browsergeometrie(gebiet, stand, tmp_path / "b")

    assert a == b
    for name in a.values():
        inhalt = (tmp_path / "a" / name).read_bytes()
        assert inhalt == (tmp_path / "b" / name).read_bytes()
        assert inhalt[4:8] == bytes(4)  # gzip: no time


def test_files_are_small(gebiet, tmp_path):
    dateien = write_browsergeometrie(gebiet, gebiet.gebietsstaende[0], tmp_path)

    assert sum((tmp_path / name).stat().st_size for name in dateien.values()) < 40_000


def test_a_common_corner_is_no_common_border(tmp_path):
    kopf = write_karten(write_gebiet(tmp_path / "k", {"2015-01-01": vier_quadrate()}), tmp_path)["kommune"].kopf

    assert kopf["ids"] == ["K01", "K02", "K03", "K04"]
    assert kopf["nachbarn"] == [[1, 2], [0, 3], [0, 3], [1, 2]]  # K01 and K04 touch in the middle only


def test_y_grows_downwards(tmp_path):
    karte = write_karten(write_gebiet(tmp_path / "k", {"2015-01-01": vier_quadrate()}), tmp_path)["kommune"]
    mitten = dict(zip(karte.kopf["ids"], np.array(karte.kopf["mitten"]).reshape(-1, 2), strict=True))

    assert mitten["K03"][1] < mitten["K01"][1]  # K03 lies north of K01
    assert mitten["K02"][0] > mitten["K01"][0]  # K02 lies east of K01


def test_an_enclosed_raum_is_a_hole_in_the_other(tmp_path):
    see = shapely.difference(quadrat(0, 0, 4, 4), quadrat(1, 1))
    karte = write_karten(write_gebiet(tmp_path / "k", {"2015-01-01": {"K01": see, "K02": quadrat(1, 1)}}), tmp_path)[
        "kommune"
    ]

    assert karte.kopf["ringe"] == [2, 1]
    assert karte.flaeche(0).area / karte.flaeche(1).area == pytest.approx(15, rel=0.001)  # 16 − 1 to 1


def test_a_raum_in_two_parts_keeps_both(tmp_path):
    zwei_teile = shapely.union_all([quadrat(0, 0), quadrat(2, 0)])
    karte = write_karten(
        write_gebiet(tmp_path / "k", {"2015-01-01": {"K01": zwei_teile, "K02": quadrat(1, 0)}}), tmp_path
    )["kommune"]

    assert karte.kopf["ringe"] == [2, 1]
    assert karte.kopf["nachbarn"] == [[1], [0]]


def test_a_raum_smaller_than_a_grid_unit_stays_one_unit_large(tmp_path):
    winzig = quadrat(50, 0, 0.0015, 0.0015)  # 1.5 m in a territory 100 km wide: a grid unit is 3 m
    gross = shapely.difference(quadrat(0, 0, 100, 10), winzig)
    gebiet = write_gebiet(tmp_path / "k", {"2015-01-01": {"K01": gross, "K02": winzig}})
    karte = write_karten(gebiet, tmp_path)["kommune"]

    assert karte.flaeche(1).area >= 1


def test_all_gebietsstaende_share_one_frame(tmp_path):
    """The map must not jump when the year changes, even where a Kommune joins the Kreis."""
    groesser = vier_quadrate() | {"K05": quadrat(2, 0, 2, 2)}
    gebiet = write_gebiet(tmp_path / "k", {"2015-01-01": vier_quadrate(), "2020-01-01": groesser})
    karten = [
        decode(tmp_path / write_browsergeometrie(gebiet, stand, tmp_path)["kommune"]) for stand in gebiet.gebietsstaende
    ]

    assert len({(k.kopf["breite"], k.kopf["hoehe"], k.kopf["meter"]) for k in karten}) == 1
    assert karten[0].punkte(0) == karten[1].punkte(0)
