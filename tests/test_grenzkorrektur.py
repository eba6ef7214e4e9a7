"""Boundaries with a wrong key, and Räume that have no boundary at all."""

from pathlib import Path

import geopandas as gpd
import pytest

from geodata.fehler import GebietError
from geodata.gebiet import Gebiet, read_gebiet
from geodata.geometrie import check_gebiet, find_zuschnitte, read_geometrie
from tests.hilfe_geodata import quadrat, vier_quadrate, write_gebiet, write_geojson

AB = "2015-01-01"
KORREKTUR = """
[[gebietsstand.korrektur]]
punkt = [{x}, {y}]
von = "K02"
auf = "K04"
grund = "Die Datei nennt K02 zweimal und K04 nie."
"""


@pytest.fixture
def gebiet(tmp_path: Path) -> Gebiet:
    """As in Berlin: two areas carry K02, nobody carries K04."""
    gebiet = write_gebiet(tmp_path / "pruefkreis", {AB: vier_quadrate()})
    flaechen = vier_quadrate()
    paare = [("K01", flaechen["K01"]), ("K02", flaechen["K02"]), ("K03", flaechen["K03"]), ("K02", flaechen["K04"])]
    write_geojson(gebiet.ordner / f"{AB}.geojson", paare)
    return gebiet


def declare(gebiet: Gebiet, text: str) -> Gebiet:
    with (gebiet.ordner / "gebiet.toml").open("a", encoding="utf-8") as datei:
        datei.write(text)
    return read_gebiet(gebiet.ordner)


def test_a_key_on_two_areas_names_both_and_says_how_to_repair_it(gebiet):
    with pytest.raises(GebietError) as fehler:
        check_gebiet(gebiet)

    assert "1 Raumschlüssel stehen an mehreren Flächen" in fehler.value.was
    assert "K02: Fläche bei (501500, 5700500) 1000000 m² und Fläche bei (501500, 5701500) 1000000 m²" in fehler.value.wo
    assert "ohne Fläche: K04" in fehler.value.wo
    assert (
        "[[gebietsstand.korrektur]] punkt = [501500, 5701500]" in fehler.value.tun and 'von = "K02"' in fehler.value.tun
    )


def test_a_declared_correction_repairs_it(gebiet):
    gebiet = declare(gebiet, KORREKTUR.format(x=501_500, y=5_701_500))

    flaechen = read_geometrie(gebiet, gebiet.gebietsstaende[0]).set_index("raum_id").geometry

    assert flaechen["K04"].equals(quadrat(1, 1)) and flaechen["K02"].equals(quadrat(1, 0))


def test_a_correction_that_is_no_longer_needed_says_so(gebiet):
    """The supplier has put the key right: the guard stops before K04 exists twice."""
    write_geojson(gebiet.ordner / f"{AB}.geojson", list(vier_quadrate().items()))
    gebiet = declare(gebiet, KORREKTUR.format(x=501_500, y=5_701_500))

    with pytest.raises(GebietError) as fehler:
        check_gebiet(gebiet)

    assert "K02 → K04 passt nicht mehr: bei (501500, 5701500) liegt K04" in fehler.value.was
    assert "löschen" in fehler.value.tun


def test_a_point_in_no_area_corrects_nothing(gebiet):
    with pytest.raises(GebietError, match="liegt keine Fläche"):
        check_gebiet(declare(gebiet, KORREKTUR.format(x=900_000, y=5_701_500)))


def test_a_correction_needs_its_reason(gebiet):
    with pytest.raises(GebietError, match="grund"):
        declare(
            gebiet, KORREKTUR.format(x=501_500, y=5_701_500).replace("Die Datei nennt K02 zweimal und K04 nie.", "")
        )


def test_the_real_file_with_the_wrong_key(referenz, tmp_path):
    """The Berlin file as some portals give it: Schlossstraße (Charlottenburg) under the key of the one in Steglitz."""
    karte = gpd.read_file(referenz / "berlin" / "geometrie" / "plr_bis_2020_ohne_crs.geojson")
    berlin = read_gebiet(Path(__file__).parent.parent / "geodata" / "gebiete" / "berlin")
    ordner = tmp_path / "berlin"
    ordner.mkdir()
    for datei in berlin.ordner.iterdir():
        (ordner / datei.name).write_bytes(datei.read_bytes())
    karte.loc[karte["SCHLUESSEL"] == "04030417", "SCHLUESSEL"] = "06010102"
    karte.set_crs("EPSG:25833", allow_override=True).to_file(ordner / "2006.geojson", driver="GeoJSON")

    with pytest.raises(GebietError) as fehler:
        check_gebiet(read_gebiet(ordner))
    assert "06010102: Fläche bei" in fehler.value.wo and "ohne Fläche: 04030417" in fehler.value.wo

    ort = (
        read_geometrie(berlin, berlin.gebietsstaende[0])
        .set_index("raum_id")
        .geometry["04030417"]
        .representative_point()
    )
    text = (ordner / "gebiet.toml").read_text(encoding="utf-8")
    korrektur = KORREKTUR.format(x=round(ort.x), y=round(ort.y)).replace("K02", "06010102").replace("K04", "04030417")
    kopf, erster, zweiter, dritter = text.split("[[gebietsstand]]")
    zweiter = zweiter.replace("[[gebietsstand.umstieg_fest]]", f"{korrektur}\n[[gebietsstand.umstieg_fest]]", 1)
    (ordner / "gebiet.toml").write_text(
        "[[gebietsstand]]".join([kopf, erster + korrektur, zweiter, dritter]), encoding="utf-8"
    )

    assert len(read_geometrie(read_gebiet(ordner), read_gebiet(ordner).gebietsstaende[0])) == 1 + 12 + 60 + 138 + 447


# --- a Raum without a polygon ---


@pytest.fixture
def ohne_k04(tmp_path: Path) -> Gebiet:
    gebiet = write_gebiet(tmp_path / "pruefkreis", {AB: vier_quadrate()}, mehr='ohne_geometrie = ["K04"]')
    write_geojson(gebiet.ordner / f"{AB}.geojson", list(vier_quadrate().items())[:3])
    return gebiet


def test_a_raum_may_be_declared_without_an_area(ohne_k04):
    assert check_gebiet(ohne_k04) == []
    assert "K04" not in set(read_geometrie(ohne_k04, ohne_k04.gebietsstaende[0])["raum_id"])
    assert "K04" in set(find_zuschnitte(ohne_k04)["raum_id"])


def test_undeclared_it_is_an_error_that_names_the_way_out(ohne_k04):
    pfad = ohne_k04.ordner / "gebiet.toml"
    pfad.write_text(pfad.read_text(encoding="utf-8").replace('ohne_geometrie = ["K04"]', ""), encoding="utf-8")

    with pytest.raises(GebietError) as fehler:
        check_gebiet(read_gebiet(ohne_k04.ordner))

    assert "ohne Fläche: K04" in fehler.value.wo and "ohne_geometrie" in fehler.value.tun


@pytest.mark.parametrize(("angabe", "befund"), [("K03", "hat doch eine Fläche"), ("K09", "nicht in der Liste: K09")])
def test_a_wrong_declaration_is_noticed(ohne_k04, angabe, befund):
    pfad = ohne_k04.ordner / "gebiet.toml"
    text = pfad.read_text(encoding="utf-8").replace('["K04"]', f'["K04", "{angabe}"]')
    pfad.write_text(text, encoding="utf-8")

    with pytest.raises(GebietError) as fehler:
        check_gebiet(read_gebiet(ohne_k04.ordner))

    assert befund in fehler.value.wo
