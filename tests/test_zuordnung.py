"""Points in polygons, and places counted per Raum."""

import json
from itertools import pairwise

import numpy as np
import pytest
import shapely

from etl.gruppen import pruefe_lieferung
from geodata.fehler import KatalogError, LieferungError
from geodata.zuordnung import OHNE, Flaechen
from tests.hilfe_fallliste import baue_fallgebiet
from tests.lieferungen import baue_quelle, schreibe

PROFIL = """
titel = "Heime"
gebiet = ["test"]
herausgeber = "erfunden"
lizenz = "erfunden"
ebene = "kommune"
[datei]
muster = "heime.geojson"
format = "geojson"
weitere = ["name"]
[stichtag]
fest = 2023-12-31
[punkte]
anzahl = "heime"
summen = { platzzahl = "plaetze" }
[standard]
recht = "keins"
[merkmale]
heime = { titel = "Heime", einheit = "Heime" }
plaetze = { titel = "Plätze", einheit = "Plätze" }
"""
CRS = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25832"}}
A, B, C = (400_500, 5_600_500), (401_500, 5_600_500), (402_500, 5_600_500)


def geojson(*punkte, crs=CRS, **angaben):
    """Points as ((x, y), attributes)."""
    merkmale = [
        {"type": "Feature", "properties": {"platzzahl": 10, "name": "Erfunden"} | eigene,
         "geometry": {"type": "Point", "coordinates": ort} if ort else None}
        for ort, eigene in punkte
    ]  # fmt: skip
    return json.dumps({"type": "FeatureCollection", "features": merkmale} | ({"crs": crs} if crs else {}) | angaben)


LINIE = geojson((A, {})).replace('"Point"', '"LineString"').replace("[400500, 5600500]", "[[1, 2], [3, 4]]")


@pytest.fixture
def lies(tmp_path):
    gebiet = baue_fallgebiet(tmp_path / "gebiete")

    def lies(inhalt, *ersetzungen, name="heime.geojson"):
        quelle = baue_quelle(tmp_path / "quellen", *ersetzungen, profil=PROFIL, name="heime")
        return pruefe_lieferung(schreibe(tmp_path / "eingang" / name, inhalt, "utf-8"), quelle, gebiet)

    return lies


def werte(lieferung, merkmal):
    teil = lieferung.frame[lieferung.frame["merkmal"] == merkmal]
    return dict(zip(teil["raum_id"], teil["wert"], strict=True))


# ---------------------------------------------------------------- points in polygons


def test_points_agree_with_trying_every_polygon():
    zufall = np.random.default_rng(3)
    orte = zufall.uniform(0, 100, (40, 2))
    zellen = shapely.get_parts(
        shapely.voronoi_polygons(shapely.multipoints(orte), extend_to=shapely.box(0, 0, 100, 100))
    )
    flaechen = Flaechen([f"{nr:02d}" for nr in range(len(zellen))], zellen, "EPSG:25832")
    x, y = zufall.uniform(-150, 250, (2, 3000))
    einzeln = [
        next((nr for nr, z in enumerate(flaechen.polygone) if z.intersects(shapely.Point(a, b))), OHNE)
        for a, b in zip(x, y, strict=True)
    ]
    assert flaechen.finde(x, y).tolist() == einzeln
    assert 0 < einzeln.count(OHNE) < 3000


@pytest.mark.parametrize("reihenfolge", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_a_point_on_a_border_goes_to_the_first_key_whatever_the_order_of_the_file(reihenfolge):
    quadrate = np.array([shapely.box(nr, 0, nr + 1, 1) for nr in range(3)])
    ids = ["b", "a", "c"]
    flaechen = Flaechen([ids[n] for n in reihenfolge], quadrate[list(reihenfolge)], "EPSG:25832")
    gefunden = flaechen.finde([1.0, 2.0, 0.0, 3.0, 1.5, 3.1, np.nan], [0.5, 0.5, 0.0, 1.0, 0.5, 0.5, 0.5])
    assert [flaechen.raum_ids[g] if g >= 0 else None for g in gefunden] == ["a", "a", "b", "c", "a", None, None]


def test_every_border_of_a_fine_grid_is_seen_from_both_sides():
    kante = np.linspace(0, 1, 38)  # widths that no float holds exactly
    quadrate = [shapely.box(a, b, c, d) for a, c in pairwise(kante)
                for b, d in pairwise(kante)]  # fmt: skip
    flaechen = Flaechen([f"{nr:04d}" for nr in range(len(quadrate))], np.array(quadrate), "EPSG:25832")
    x, y = (achse.ravel() for achse in np.meshgrid(kante, kante))
    erste = [int(np.argmax(shapely.intersects_xy(flaechen.polygone, a, b))) for a, b in zip(x, y, strict=True)]
    assert flaechen.finde(x, y).tolist() == erste


def test_other_coordinates_are_converted():
    flaechen = Flaechen(["a"], np.array([shapely.box(400_000, 5_600_000, 401_000, 5_601_000)]), "EPSG:25832")
    laenge, breite = 7.5955821, 50.5479601  # the middle of the square
    assert flaechen.finde([laenge], [breite], crs="EPSG:4326").tolist() == [0]
    assert flaechen.finde([breite], [laenge], crs="EPSG:4326").tolist() == [OHNE]


# ---------------------------------------------------------------- places


def test_places_are_counted_and_summed_per_raum(lies):
    lieferung = lies(geojson((A, {}), (A, {"platzzahl": 32}), (C, {"platzzahl": 7})))
    assert werte(lieferung, "heime") == {"05999004": 2, "05999008": 0, "05999012": 1, "05999-R": 0}
    assert werte(lieferung, "plaetze") == {"05999004": 42, "05999008": 0, "05999012": 7, "05999-R": 0}
    assert lieferung.befunde == []


def test_places_outside_count_in_the_rest_raum_or_are_left_out(lies):
    draussen = geojson((A, {}), ((0, 0), {}), (None, {}))
    lieferung = lies(draussen)
    assert werte(lieferung, "heime")["05999-R"] == 2
    assert "2 von 3 Punkten liegen in keinem Raum" in lieferung.befunde[0].text
    lieferung = lies(draussen, ("[punkte]", '[raum]\nandere = "auslassen"\n[punkte]'))
    assert werte(lieferung, "heime") == {"05999004": 1, "05999008": 0, "05999012": 0}
    assert "2 Punkt(e) außerhalb des Gebiets wurden ausgelassen" in lieferung.befunde[0].text


def test_a_missing_number_leaves_its_raum_without_a_sum(lies):
    inhalt = geojson((A, {"platzzahl": None}), (B, {"platzzahl": "1.234"}))
    with pytest.raises(LieferungError, match="Die Zelle ist leer") as fehler:
        lies(inhalt)
    assert fehler.value.wo == "heime.geojson, Punkt 1, Attribut »platzzahl«"
    lieferung = lies(inhalt, ('format = "geojson"', 'format = "geojson"\nnicht_geliefert = [""]\ntausender = "."'))
    plaetze = werte(lieferung, "plaetze")
    assert np.isnan(plaetze.pop("05999004"))
    assert plaetze == {"05999008": 1234, "05999012": 0, "05999-R": 0}
    assert werte(lieferung, "heime")["05999004"] == 1


def test_places_may_be_chosen_and_dated_by_attributes(lies):
    inhalt = geojson(
        (A, {"art": "Pflege", "jahr": 2022}), (A, {"art": "Pflege", "jahr": 2023}), (B, {"art": "Kita", "jahr": 2023})
    )
    lieferung = lies(
        inhalt,
        ("fest = 2023-12-31", 'spalte = "jahr"'),
        ('weitere = ["name"]', 'weitere = ["name"]\nnur = { art = ["Pflege"] }'),
    )
    assert [str(t) for t in lieferung.stichtage] == ["2022-12-31", "2023-12-31"]
    assert lieferung.frame.groupby("stichtag")["wert"].sum().tolist() == [11, 11]
    assert "1 Punkt(e) wurden laut Profil (ausser, nur) ausgelassen." in [b.text for b in lieferung.befunde]


@pytest.mark.parametrize(
    ("inhalt", "ersetzung", "was"),
    [
        (geojson((A, {"Geburtsdatum": "x"})), (), "Datenschutz"),
        (geojson((A, {})), ("platzzahl =", "plaetzzahl ="), "Das Attribut »plaetzzahl« fehlt"),
        (geojson(((7.5, 50.5), {})), (), "Die Koordinaten sind Grad, angegeben ist aber EPSG:25832"),
        (geojson((A, {}), crs=None), (), "das Koordinatensystem ist nirgends angegeben"),
        (geojson((A, {})), ('anzahl = "heime"', 'anzahl = "heime"\ncrs = "EPSG:25833"'), "das Profil EPSG:25833"),
        (geojson((A, {})), ('anzahl = "heime"', 'anzahl = "heime"\ncrs = "EPSG:1"'), "»EPSG:1« ist unbekannt"),
        (geojson(((0, 0), {}), ((1000, 1000), {})), (), "Kein einziger Punkt liegt im Gebiet"),
        ('{"type": "FeatureCollection", "features": []}', (), "Das Attribut »platzzahl« fehlt"),
        ("kein JSON", (), "lässt sich nicht als GeoJSON lesen"),
        (LINIE, (), "nicht nur Punkte"),
    ],
)  # fmt: skip
def test_a_file_of_places_that_cannot_be_meant_is_refused(lies, inhalt, ersetzung, was):
    with pytest.raises(LieferungError) as fehler:
        lies(inhalt, *([ersetzung] if ersetzung else []))
    assert was in fehler.value.was
    assert fehler.value.wo.startswith("heime.geojson")
    assert fehler.value.tun


def test_places_without_a_crs_may_have_it_declared(lies):
    lieferung = lies(geojson((B, {}), crs=None), ('anzahl = "heime"', 'anzahl = "heime"\ncrs = "EPSG:25832"'))
    assert werte(lieferung, "heime")["05999008"] == 1


def test_a_profile_of_places_needs_its_format(tmp_path):
    with pytest.raises(KatalogError, match="gehören zusammen"):
        baue_quelle(tmp_path, ('format = "geojson"', 'format = "csv"'), profil=PROFIL, name="heime")


def test_care_homes_of_berlin_have_their_places(referenz):
    pfad = referenz / "berlin" / "pflege" / "pflegeeinrichtungen.geojson"
    from geodata.zuordnung import read_punkte

    punkte = read_punkte(pfad, ["platzzahl"], "EPSG:25833")
    assert (len(punkte.x), int(punkte.tabelle["platzzahl"].sum())) == (274, 31_154)
