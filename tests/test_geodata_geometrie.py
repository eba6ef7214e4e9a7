"""Boundaries as they are really delivered: what is refused, what is mended, and what the message says."""

import os
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from geodata.fehler import GebietError
from geodata.gebiet import read_gebiet, read_gebiete
from geodata.geometrie import check_gebiet, find_zuschnitte, read_geometrie
from geodata.grenzdatei import read_polygone
from geodata.topologie import build_deckung, find_luecken, find_ueberlappungen, find_ungueltige
from tests.hilfe_geodata import X, Y, quadrat, vieleck, vier_quadrate, write_gebiet, write_geojson

AB = "2015-01-01"
# Nine squares, the middle one missing: a hole of one square kilometre around (501 500, 5 701 500).
RING = {f"K{3 * z + s + 1:02}": quadrat(s, z) for s in range(3) for z in range(3) if (s, z) != (1, 1)}
HALBER_METER, ZEHN_METER = 0.0005, 0.01  # in kilometres, the unit of the test maps


@pytest.fixture
def referenz() -> Path:
    """Folder of the public reference data; they are too large to ship."""
    ordner = os.environ.get("SOZIALRAUM_REFERENZ")
    if not ordner:
        pytest.skip("Referenzdaten fehlen: SOZIALRAUM_REFERENZ nennt keinen Ordner")
    return Path(ordner)


def fehlertext(ordner: Path, flaechen: dict, **gebiet) -> str:
    """The message with which these boundaries are refused."""
    with pytest.raises(GebietError) as fehler:
        check_gebiet(write_gebiet(ordner, {AB: flaechen}, **gebiet))
    assert fehler.value.exit_code == 10
    assert fehler.value.tun
    assert f"{AB}.geojson" in fehler.value.wo or "gebiet.toml" in fehler.value.wo
    return str(fehler.value)


def flaechen_km2(gebiet) -> dict[str, float]:
    geometrie = read_geometrie(gebiet, gebiet.gebietsstaende[-1])
    return dict(zip(geometrie["raum_id"], (geometrie.area / 1e6).round(6), strict=True))


def test_a_clean_map_is_taken_as_it_is(tmp_path):
    gebiet = write_gebiet(tmp_path, {AB: vier_quadrate()})

    assert check_gebiet(gebiet) == []
    assert flaechen_km2(gebiet) == {"K": 4, "K01": 1, "K02": 1, "K03": 1, "K04": 1}


# --- invalid areas ---


def test_e39_a_border_that_crosses_itself_is_refused_with_key_place_and_area(tmp_path):
    schleife = vieleck((1, 0), (2, 1), (2, 0), (1, 1))  # two corners swapped: a bow tie
    text = fehlertext(tmp_path, vier_quadrate() | {"K02": schleife})

    assert "K02: Rand überschneidet sich bei (501500, 5700500)" in text
    assert "500.000 m² ungewiss" in text


def test_e39_a_border_that_only_touches_itself_is_mended_with_a_hint(tmp_path):
    # a hole drawn as part of the outer ring: the border comes back to (0.5, 0) but crosses nothing
    eins = vieleck((0, 0), (0.5, 0), (0.3, 0.4), (0.7, 0.4), (0.5, 0), (1, 0), (1, 1), (0, 1))
    fuenf = vieleck((0.5, 0), (0.7, 0.4), (0.3, 0.4))
    gebiet = write_gebiet(tmp_path, {AB: vier_quadrate() | {"K01": eins, "K05": fuenf}})

    assert [hinweis for hinweis in check_gebiet(gebiet) if "ohne sichtbare Änderung repariert: K01" in hinweis]
    assert flaechen_km2(gebiet)["K01"] == pytest.approx(1 - 0.5 * 0.4 * 0.4)  # square minus triangle


# --- overlaps ---


def test_e39_an_overlap_is_refused_with_both_keys_and_its_size(tmp_path):
    text = fehlertext(tmp_path, vier_quadrate() | {"K01": quadrat(0, 0, breite=1 + ZEHN_METER)})

    assert "1 Paare von Räumen überlappen sich" in text
    assert "K01 und K02 10.000 m² (bis 10 m breit)" in text  # 10 m × 1000 m


def test_an_overlap_nobody_can_see_is_closed_with_a_hint(tmp_path):
    gebiet = write_gebiet(tmp_path, {AB: vier_quadrate() | {"K01": quadrat(0, 0, breite=1 + HALBER_METER)}})

    hinweise = check_gebiet(gebiet)
    assert len(hinweise) == 1
    assert "Überlappungen unter 1 m Breite geschlossen (zusammen 500 m²)" in hinweise[0]
    km2 = flaechen_km2(gebiet)
    assert sum(km2[raum] for raum in ("K01", "K02", "K03", "K04")) == pytest.approx(4)
    assert km2["K"] == pytest.approx(4)


def test_a_neighbour_with_more_points_on_the_same_line_is_no_overlap(tmp_path):
    mit_punkt = vieleck((1, 0), (2, 0), (2, 1), (1, 1), (1, 0.3))
    gebiet = write_gebiet(tmp_path, {AB: vier_quadrate() | {"K02": mit_punkt}})

    assert check_gebiet(gebiet) == []
    unten = read_geometrie(gebiet, gebiet.gebietsstaende[0]).query("ebene == 'kommune'")
    assert shapely.coverage_is_valid(unten.geometry.values)


# --- gaps ---


def test_e39_a_gap_is_refused_with_place_size_and_neighbours(tmp_path):
    zu_klein = RING | {"K05": quadrat(1, 1, breite=1 - ZEHN_METER)}
    text = fehlertext(tmp_path, zu_klein)

    assert "1 Lücken im Gebiet, zusammen 10.000 m²" in text
    assert "zwischen K02, K05, K06, K08" in text
    assert "bei (501995, 570" in text  # the middle of the strip between 501 990 and 502 000


def test_a_gap_nobody_can_see_is_closed_with_a_hint(tmp_path):
    gebiet = write_gebiet(tmp_path, {AB: RING | {"K05": quadrat(1, 1, breite=1 - HALBER_METER)}})

    assert "Lücken unter 1 m Breite geschlossen (zusammen 500 m²)" in check_gebiet(gebiet)[0]
    assert flaechen_km2(gebiet)["K"] == pytest.approx(9)


def test_the_message_on_a_hole_tells_how_to_declare_it_and_that_works(tmp_path):
    text = fehlertext(tmp_path / "a", RING)
    assert "enklaven = [[501500, 5701500]]" in text

    gebiet = write_gebiet(tmp_path / "b", {AB: RING}, mehr="enklaven = [[501500, 5701500]]")
    assert check_gebiet(gebiet) == []
    assert flaechen_km2(gebiet)["K"] == pytest.approx(8)  # the city in the middle is not ours


# --- coordinates ---


def test_e38_degrees_under_a_metric_crs_are_refused(tmp_path):
    grad = {raum: shapely.affinity.scale(shapely.box(7, 50, 8, 51), 0.1, 0.1) for raum in ("K01",)}

    text = fehlertext(tmp_path, grad)
    assert "Die Koordinaten sind Grad, angegeben ist aber EPSG:25832" in text


def test_a_file_in_wgs84_is_brought_to_metres(tmp_path):
    grad = gpd.GeoSeries(vier_quadrate(), crs="EPSG:25832").to_crs("EPSG:4326")
    gebiet = write_gebiet(tmp_path, {AB: grad.to_dict()}, crs_datei=None)

    assert check_gebiet(gebiet) == []
    assert flaechen_km2(gebiet)["K"] == pytest.approx(4, rel=1e-6)


def test_metres_in_a_geojson_without_crs_take_the_declared_one(tmp_path):
    gebiet = write_gebiet(tmp_path, {AB: vier_quadrate()}, crs_datei=None)

    assert read_geometrie(gebiet, gebiet.gebietsstaende[0]).crs == "EPSG:25832"
    assert flaechen_km2(gebiet)["K"] == 4


def test_e38_swapped_axes_are_refused(tmp_path):
    vertauscht = {raum: shapely.transform(flaeche, lambda p: p[:, ::-1]) for raum, flaeche in vier_quadrate().items()}

    assert "nicht in Deutschland" in fehlertext(tmp_path, vertauscht)


def test_e38_gauss_krueger_values_under_utm_are_refused(tmp_path):
    verschoben = {raum: shapely.affinity.translate(f, xoff=2_900_000) for raum, f in vier_quadrate().items()}

    assert "Gauß-Krüger" in fehlertext(tmp_path, verschoben)  # x = 3 400 000


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:99999", "UTM 32"])
def test_the_declared_crs_must_exist_and_count_in_metres(tmp_path, crs):
    assert f"»{crs}« ist kein Koordinatensystem in Metern" in fehlertext(tmp_path, vier_quadrate(), crs=crs)


def test_e40_a_shapefile_without_prj_takes_the_declared_crs(tmp_path):
    gebiet = write_gebiet(tmp_path, {AB: vier_quadrate()})
    tabelle = gpd.read_file(tmp_path / f"{AB}.geojson")
    tabelle.set_crs(None, allow_override=True).to_file(tmp_path / "grenzen.shp")
    toml = (tmp_path / "gebiet.toml").read_text(encoding="utf-8").replace(f"{AB}.geojson", "grenzen.shp")
    (tmp_path / "gebiet.toml").write_text(toml, encoding="utf-8")

    gebiet = read_gebiet(tmp_path)
    assert check_gebiet(gebiet) == []
    assert read_polygone(gebiet, gebiet.gebietsstaende[0]).crs == "EPSG:25832"


# --- keys and files ---


@pytest.mark.parametrize(
    ("flaechen", "erwartet"),
    [
        (lambda f: [*f, f[0]], "doppelt: K01"),
        (lambda f: f[1:], "ohne Fläche: K01"),
        (lambda f: [*f, ("K77", quadrat(2, 0))], "nicht in der Liste: K77"),
        (lambda f: [*f, (None, quadrat(2, 0))], "leer: –"),
    ],
)
def test_e46_keys_of_boundaries_and_list_must_be_the_same(tmp_path, flaechen, erwartet):
    gebiet = write_gebiet(tmp_path, {AB: vier_quadrate()})
    write_geojson(tmp_path / f"{AB}.geojson", flaechen(list(vier_quadrate().items())))

    with pytest.raises(GebietError) as fehler:
        check_gebiet(gebiet)
    assert erwartet in fehler.value.wo


def test_keys_stored_as_numbers_tell_about_the_leading_zero(tmp_path):
    gebiet = write_gebiet(tmp_path, {AB: vier_quadrate()})
    write_geojson(tmp_path / f"{AB}.geojson", [(nr, f) for nr, f in enumerate(vier_quadrate().values(), 5382001)])

    with pytest.raises(GebietError, match="führende Nullen"):
        check_gebiet(gebiet)


def test_a_missing_key_column_lists_those_there_are(tmp_path):
    gebiet = write_gebiet(tmp_path, {AB: vier_quadrate()})
    write_geojson(tmp_path / f"{AB}.geojson", list(vier_quadrate().items()), spalte="AGS")

    with pytest.raises(GebietError, match="Spalten der Datei: AGS"):
        check_gebiet(gebiet)


def test_points_are_no_areas(tmp_path):
    text = fehlertext(tmp_path, vier_quadrate() | {"K03": shapely.Point(X, Y)})

    assert "1 Räume haben keine Fläche" in text and "K03" in text


@pytest.mark.parametrize("inhalt", [None, "", "kein GeoJSON", '{"type":"FeatureCollection","features":[]}'])
def test_an_unreadable_file_is_an_error_not_a_traceback(tmp_path, inhalt):
    gebiet = write_gebiet(tmp_path, {AB: vier_quadrate()})
    pfad = tmp_path / f"{AB}.geojson"
    pfad.unlink()
    if inhalt is not None:
        pfad.write_text(inhalt, encoding="utf-8")

    with pytest.raises(GebietError) as fehler:
        check_gebiet(gebiet)
    assert pfad.name in fehler.value.wo


# --- the same Raum through time ---


def test_a_series_breaks_where_the_shape_changes_and_only_there(tmp_path):
    """K01 and K02 exchange 20 % in 2018 and go back in 2020; K03 grows by 0.6 % twice; K04 loses what K03 gains."""

    def stand(k01: float, k03: float) -> dict:
        return {
            "K01": quadrat(0, 0, breite=k01),
            "K02": quadrat(k01, 0, breite=2 - k01),
            "K03": quadrat(0, 1, breite=k03),
            "K04": quadrat(k03, 1, breite=2 - k03),
        }

    staende = {"2015-01-01": stand(1, 1), "2018-01-01": stand(1.2, 1.006), "2020-01-01": stand(1, 1.012)}
    gebiet = write_gebiet(tmp_path, staende)
    zuschnitte = find_zuschnitte(gebiet).pivot(index="raum_id", columns="gebietsstand", values="zuschnitt")

    assert zuschnitte.loc["K"].tolist() == ["2015-01-01", "2015-01-01", "2015-01-01"]
    assert zuschnitte.loc["K01"].tolist() == ["2015-01-01", "2018-01-01", "2020-01-01"]
    # 1.2 % away from 2015: two small changes must not add up unseen
    assert zuschnitte.loc["K03"].tolist() == ["2015-01-01", "2015-01-01", "2020-01-01"]


def test_a_raum_that_comes_back_begins_anew(tmp_path):
    ohne = {"K01": quadrat(0, 0), "K02": quadrat(1, 0), "K03": quadrat(0, 1, breite=2)}
    gebiet = write_gebiet(tmp_path, {"2015-01-01": vier_quadrate(), "2018-01-01": ohne, "2020-01-01": vier_quadrate()})
    zuschnitte = find_zuschnitte(gebiet).set_index(["raum_id", "gebietsstand"])["zuschnitt"]

    assert zuschnitte["K04"].to_dict() == {"2015-01-01": "2015-01-01", "2020-01-01": "2020-01-01"}
    assert zuschnitte["K01", "2020-01-01"] == "2015-01-01"


def test_one_gebietsstand_is_one_zuschnitt():
    flensburg = read_gebiete()["flensburg"]

    assert find_zuschnitte(flensburg)["zuschnitt"].eq("2011-01-01").all()
    assert "FL99" in set(find_zuschnitte(flensburg)["raum_id"])  # the Rest-Raum has a series, too


# --- a real file that is broken ---


def test_a_map_simplified_area_by_area_is_refused(tmp_path, referenz):
    """396 Gemeinden of a newspaper's map: every polygon valid, every border drawn twice."""
    karte = gpd.read_file(referenz / "bad_topology" / "nrw.geojson")
    kopf = """name = "NRW"
anzeige_ebene = "gemeinde"
[[ebene]]
id = "land"
titel = "Land"
titel_plural = "Länder"
muster = '05'
[[ebene]]
id = "gemeinde"
titel = "Gemeinde"
titel_plural = "Gemeinden"
eltern = "land"
muster = '05\\d{6}'
"""
    write_gebiet(tmp_path, {AB: {}}, kopf=kopf, mehr='schluessel = "AGS"')
    zeilen = ["raum_id;name;ebene;eltern_id", "05;NRW;land;"]
    zeilen += [f"{ags};{name};gemeinde;05" for ags, name in zip(karte["AGS"], karte["GEN"], strict=True)]
    (tmp_path / f"{AB}.csv").write_text("\n".join(zeilen), encoding="utf-8")
    (tmp_path / f"{AB}.geojson").write_bytes((referenz / "bad_topology" / "nrw.geojson").read_bytes())
    gebiet = read_gebiet(tmp_path)

    with pytest.raises(GebietError, match="Paare von Räumen überlappen sich") as fehler:
        check_gebiet(gebiet)
    assert "nicht Fläche für Fläche vereinfachen" in fehler.value.tun

    flaechen = read_polygone(gebiet, gebiet.gebietsstaende[0])
    kreis = flaechen[flaechen["raum_id"].str.startswith("05382")].reset_index(drop=True)
    assert find_ungueltige(kreis).empty
    assert find_ueberlappungen(kreis)["flaeche_m2"].sum() / 1e6 == pytest.approx(2.06, abs=0.05)  # SOURCE.md: 2.06 km²
    assert len(find_luecken(kreis)) > 30
    assert shapely.coverage_is_valid(build_deckung(kreis).geometry.values)
