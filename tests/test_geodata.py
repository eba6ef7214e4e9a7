"""Territories: gebiet.toml, lists of Räume, and the territories that ship."""

from datetime import date
from pathlib import Path

import pytest

from geodata.fehler import GebietError
from geodata.gebiet import GEBIETE, Gebiet, read_gebiet, read_gebiete
from geodata.geometrie import check_gebiet, read_geometrie
from tests.hilfe_geodata import KOPF, quadrat, vier_quadrate, write_gebiet

ANZAHL = {"flensburg": 13, "rhein_sieg": 19, "nrw": 53, "berlin": 447, "dueren": 15}
REST = '\n[rest_raum]\nraum_id = "K-R"\nname = "nicht zuordenbar"\nebene = "kommune"\n'


@pytest.fixture
def gebiet(tmp_path: Path) -> Gebiet:
    return write_gebiet(tmp_path / "pruefkreis", {"2015-01-01": vier_quadrate(), "2020-01-01": vier_quadrate()})


def aendere(gebiet: Gebiet, datei: str, alt: str, neu: str) -> Path:
    pfad = gebiet.ordner / datei
    text = pfad.read_text(encoding="utf-8")
    assert alt in text
    pfad.write_text(text.replace(alt, neu), encoding="utf-8")
    return gebiet.ordner


# --- the territories that ship ---


@pytest.mark.parametrize("gebiet_id", ANZAHL)
def test_shipped_territory_passes_every_check_without_a_hint(gebiet_id):
    assert check_gebiet(read_gebiete()[gebiet_id]) == []


@pytest.mark.parametrize(("gebiet_id", "anzahl"), ANZAHL.items())
def test_shipped_territory_is_complete(gebiet_id, anzahl):
    gebiet = read_gebiete()[gebiet_id]
    geometrie = read_geometrie(gebiet, gebiet.gebietsstaende[0])
    unten = geometrie[geometrie["ebene"] == gebiet.unterste_ebene.id]
    oben = geometrie[geometrie["ebene"] == gebiet.ebenen[0].id]

    assert len(unten) == anzahl
    assert oben.area.sum() == pytest.approx(unten.area.sum())
    assert gebiet.gebietsstaende[0].lizenz and gebiet.gebietsstaende[0].quelle


def test_rhein_sieg_kreis_has_the_size_the_statistics_say():
    gebiet = read_gebiete()["rhein_sieg"]
    kreis = read_geometrie(gebiet, gebiet.gebietsstaende[0]).set_index("raum_id").loc["05382"]

    assert kreis.geometry.area / 1e6 == pytest.approx(1153, rel=0.01)  # km², Katasterfläche 1 153,2


def test_names_are_those_in_daily_use():
    namen = {raum for gebiet in read_gebiete().values() for raum in gebiet.read_raeume()["name"]}

    assert {"Troisdorf", "Rhein-Sieg-Kreis", "Köln", "Westliche Höhe", "nicht zuordenbar"} <= namen
    assert not [name for name in namen if "," in name or name != name.strip()]


def test_flensburg_counts_what_cannot_be_placed_for_the_whole_city():
    raeume = read_gebiete()["flensburg"].read_raeume()
    rest = raeume[raeume["rest"]].iloc[0]

    assert (rest.raum_id, rest.ebene, rest.eltern_id) == ("FL99", "stadtteil", "FL")


def test_shipped_boundaries_of_the_real_territories_stay_small():
    dateien = [datei for gebiet_id in ANZAHL for datei in (GEBIETE / gebiet_id).iterdir()]

    assert sum(datei.stat().st_size for datei in dateien) < 2_500_000


# --- the interface ---


def test_levels_are_told_by_the_key():
    nrw, flensburg = read_gebiete()["nrw"], read_gebiete()["flensburg"]

    assert [nrw.ebene_von(raum_id).id for raum_id in ("05", "053", "05382")] == ["land", "regierungsbezirk", "kreis"]
    assert nrw.ebene_von("5382") is None  # lost its leading zero
    assert flensburg.ebene_von("FL99").id == "stadtteil"


def test_a_day_belongs_to_the_gebietsstand_in_force(gebiet):
    tage = [date(1999, 12, 31), date(2019, 12, 31), date(2020, 1, 1), date(2030, 1, 1)]

    assert [gebiet.gebietsstand_am(tag).id for tag in tage] == ["2015-01-01", "2015-01-01", "2020-01-01", "2020-01-01"]


def test_raeume_come_in_file_order_once_per_gebietsstand_with_the_rest_last(gebiet):
    raeume = read_gebiet(aendere(gebiet, "gebiet.toml", KOPF, KOPF + REST)).read_raeume()

    je_stand = ["K", "K01", "K02", "K03", "K04", "K-R"]
    assert raeume["raum_id"].tolist() == je_stand * 2
    assert raeume["gebietsstand"].tolist() == ["2015-01-01"] * 6 + ["2020-01-01"] * 6
    assert raeume["eltern_id"].isna().tolist() == [True, False, False, False, False, False] * 2
    assert raeume["rest"].tolist() == [False, False, False, False, False, True] * 2


def test_further_hierarchies_are_further_parents(gebiet):
    jugendamt = "[[ebene]]\nid = 'jugendamt'\ntitel = 'Jugendamt'\ntitel_plural = 'Jugendämter'\nmuster = '^J\\d$'\n"
    aendere(
        gebiet, "gebiet.toml", '[[ebene]]\nid = "kommune"', f'{jugendamt}eltern = "kreis"\n[[ebene]]\nid = "kommune"'
    )
    with (gebiet.ordner / "gebiet.toml").open("a", encoding="utf-8") as datei:
        datei.write(REST)
    for ab in ("2015-01-01", "2020-01-01"):
        zeilen = ["K;Prüfkreis;kreis;;", "J1;Süd;jugendamt;K;", "J2;Nord;jugendamt;K;"]
        zeilen += [f"K0{nr};Ort {nr};kommune;K;J{1 if nr < 3 else 2}" for nr in (1, 2, 3, 4)]
        text = "raum_id;name;ebene;eltern_id;jugendamt_id\n" + "\n".join(zeilen)
        (gebiet.ordner / f"{ab}.csv").write_text(text, encoding="utf-8")

    gebiet = read_gebiet(gebiet.ordner)
    eltern = gebiet.read_eltern()
    k01 = eltern[(eltern["raum_id"] == "K01") & (eltern["gebietsstand"] == "2020-01-01")]
    flaechen = read_geometrie(gebiet, gebiet.gebietsstaende[0]).set_index("raum_id").area / 1e6

    assert dict(zip(k01["hierarchie"], k01["eltern_id"], strict=True)) == {"gebiet": "K", "jugendamt": "J1"}
    # Children add up to their parent in every hierarchy, also where one of them belongs to no Jugendamt.
    kinder = eltern[eltern["gebietsstand"] == "2020-01-01"].groupby(["hierarchie", "eltern_id"])["raum_id"].agg(set)
    assert kinder["gebiet", "K"] == {"K01", "K02", "K03", "K04", "K-R"}
    assert kinder["jugendamt", "K"] == {"J1", "J2", "K-R"} and kinder["jugendamt", "J1"] == {"K01", "K02"}
    assert flaechen[["J1", "J2", "K"]].tolist() == pytest.approx([2, 2, 4])


def test_a_later_root_overlays_an_earlier_one(tmp_path):
    write_gebiet(tmp_path / "eigene" / "nrw", {"2015-01-01": vier_quadrate()})

    gebiete = read_gebiete(GEBIETE, tmp_path / "eigene")

    assert gebiete["nrw"].name == "Prüfkreis"
    assert gebiete["flensburg"].name == "Flensburg"


# --- mistakes in gebiet.toml and in the list of Räume ---


@pytest.mark.parametrize(
    ("alt", "neu", "erwartet"),
    [
        ('name = "Prüfkreis"', 'nmae = "Prüfkreis"', ["name fehlt", "nmae", "Gemeint »name«"]),
        ("ab = 2020-01-01", 'ab = "bald"', ["gebietsstand.1.ab", "bald"]),
        ('crs = "EPSG:25832"\nraeume = "2020-01-01.csv"', 'raeume = "2020-01-01.csv"', ["gebietsstand.1.crs fehlt"]),
        ("muster = '^K$'", "muster = '^(K$'", ["ebene.0.muster", "regulärer Ausdruck"]),
        ('eltern = "kreis"', 'eltern = "land"', ["ebene.1.eltern", "land"]),
        ('anzeige_ebene = "kommune"', 'anzeige_ebene = "quartier"', ["anzeige_ebene", "quartier"]),
        ("ab = 2020-01-01", "ab = 2010-01-01", ["Reihenfolge"]),
        (KOPF, KOPF + REST.replace('"kommune"', '"kreis"'), ["rest_raum.ebene", "kommune"]),
        ("[[ebene]]", "[[ebene", ["gebiet.toml lässt sich nicht lesen", "line"]),
    ],
)
def test_a_mistake_in_gebiet_toml_names_file_and_key(gebiet, alt, neu, erwartet):
    ordner = aendere(gebiet, "gebiet.toml", alt, neu)

    with pytest.raises(GebietError) as fehler:
        read_gebiet(ordner)

    assert [wort for wort in [*erwartet, "pruefkreis", "gebiet.toml"] if wort not in str(fehler.value)] == []


@pytest.mark.parametrize(
    ("alt", "neu", "erwartet"),
    [
        ("K02;Ort K02", "K01;Ort K02", ["Zeile 4 (K01)", "doppelt"]),
        ("K02;", "K2;", ["Zeile 4 (K2)", "Muster"]),
        ("K02;Ort K02;kommune;K", "K02;Ort K02;kommune;X", ["Zeile 4 (K02)", "Eltern-Raum »X«"]),
        ("K02;Ort K02;kommune;K", "K02;Ort K02;kommune;", ["Zeile 4 (K02)", "Eltern-Raum »«"]),
        ("K02;Ort K02;kommune", "K02;Ort K02;quartier", ["Zeile 4 (K02)", "quartier"]),
        ("K02;Ort K02", "K02;", ["Zeile 4 (K02)", "name leer"]),
        ("K;Prüfkreis;kreis;\n", "", ["genau einen Raum", "hat aber 0"]),
        ("raum_id;name", "schluessel;name", ["es fehlen: raum_id", "unbekannt: schluessel"]),
    ],
)
def test_a_mistake_in_the_list_of_raeume_names_the_line(gebiet, alt, neu, erwartet):
    gebiet = read_gebiet(aendere(gebiet, "2020-01-01.csv", alt, neu))

    with pytest.raises(GebietError) as fehler:
        gebiet.read_raeume()

    assert [wort for wort in [*erwartet, "2020-01-01.csv"] if wort not in str(fehler.value)] == []


def test_the_rest_raum_must_not_stand_in_the_list(tmp_path):
    rest = REST.replace("K-R", "K99")
    gebiet = write_gebiet(
        tmp_path / "k", {"2015-01-01": {"K01": quadrat(0, 0), "K99": quadrat(1, 0)}}, kopf=KOPF + rest
    )

    with pytest.raises(GebietError, match="der Rest-Raum steht in"):
        gebiet.read_raeume()


def test_a_missing_list_is_an_error_of_the_territory(gebiet):
    (gebiet.ordner / "2020-01-01.csv").unlink()

    with pytest.raises(GebietError) as fehler:
        check_gebiet(gebiet)

    assert fehler.value.exit_code == 10
    assert "2020-01-01.csv" in fehler.value.wo
