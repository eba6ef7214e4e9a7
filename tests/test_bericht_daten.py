"""Open data: the CSV says exactly what the snapshot says, and the descriptor describes exactly this CSV."""

import csv
import hashlib
import json
from datetime import date

import pytest

from indicators.bericht.ablage import ersetze
from indicators.bericht.daten import feld_text, write_daten, zahl_text
from tests.hilfe_bericht import open_snapshot


@pytest.fixture(scope="module")
def dateien(tmp_path_factory):
    store = open_snapshot(tmp_path_factory.mktemp("snapshot"))
    return write_daten(store, tmp_path_factory.mktemp("export") / "neu")


@pytest.fixture(scope="module")
def zeilen(dateien):
    with dateien[0].open(encoding="utf-8", newline="") as datei:
        return list(csv.DictReader(datei))


def test_columns_are_the_promised_ones(zeilen):
    assert ",".join(zeilen[0]) == (
        "gebiet,ebene,raum_id,gebietsstand,eltern_id,name,stichtag,kennzahl_id,"
        "wert,unten,oben,zaehler,nenner,status,hinweis,umgerechnet,anteil_aufgeteilt,"
        "rest_wert,rest_urteil,rest_streng,rest_grund,eltern_wert,eltern_urteil,eltern_grund,"
        "gleiche_wert,gleiche_urteil,gleiche_grund,bezug_wert,bezug_urteil,bezug_streng,bezug_grund,"
        "vorher_am,vorher_diff,vorher_unten,vorher_oben,vorher_urteil,vorher_grund,"
        "rang,rang_von,rang_bis,rang_anzahl,trend,trend_seit,trend_grund,"
        "mittel_wert,mittel_unten,mittel_oben,mittel_seit"
    )


def test_open_row_reads_back_exactly(zeilen):
    altdorf = next(z for z in zeilen if (z["raum_id"], z["kennzahl_id"]) == ("05999004", "pp_anteil_65_plus"))

    assert altdorf["wert"] == "25"  # 300 / 1200 × 100, without ".0"
    assert (altdorf["unten"], altdorf["zaehler"], altdorf["nenner"]) == ("24.5", "300", "1200")
    assert (altdorf["stichtag"], altdorf["eltern_id"]) == ("2019-12-31", "05999")


def test_closed_row_has_a_status_and_no_number(zeilen):
    weiler = next(z for z in zeilen if (z["raum_id"], z["kennzahl_id"]) == ("05999012", "pflegequote"))

    assert weiler["status"] == "gesperrt"
    assert [weiler[s] for s in ("wert", "unten", "oben", "zaehler", "nenner")] == [""] * 5


def test_descriptor_describes_this_csv(dateien, zeilen):
    tabelle, paket = dateien[0], json.loads(dateien[1].read_text(encoding="utf-8"))
    ressource = paket["resources"][0]
    felder = {feld["name"]: feld for feld in ressource["schema"]["fields"]}

    assert (tabelle.parent / ressource["path"]) == tabelle
    assert ressource["bytes"] == tabelle.stat().st_size
    assert ressource["hash"] == "sha256:" + hashlib.sha256(tabelle.read_bytes()).hexdigest()
    assert list(felder) == list(zeilen[0])
    assert ressource["schema"]["missingValues"] == [""]
    for zeile in zeilen:
        assert zeile["status"] in felder["status"]["constraints"]["enum"]
        for name, feld in felder.items():
            wahr = {"true": True, "false": False}.__getitem__
            pruefe = {"number": float, "date": date.fromisoformat, "string": str, "boolean": wahr, "integer": int}[
                feld["type"]
            ]
            assert zeile[name] == "" or pruefe(zeile[name]) is not None
    schluessel = [tuple(zeile[name] for name in ressource["schema"]["primaryKey"]) for zeile in zeilen]
    assert len(set(schluessel)) == len(schluessel)


def test_descriptor_names_origin_and_label(dateien):
    paket = json.loads(dateien[1].read_text(encoding="utf-8"))

    assert paket["licenses"] == [
        {"name": "dl-de-by-2.0", "title": "dl-de/by-2-0", "path": "https://www.govdata.de/dl-de/by-2-0"}
    ]
    assert "Erfundene Daten" in paket["title"]
    assert (paket["created"], paket["version"]) == ("2026-01-31T12:00:00Z", "0.1.0")
    assert [k["kennzahl_id"] for k in paket["kennzahlen"]] == [
        "pp_anteil_65_plus",
        "pflegequote",
        "pp_pflegebeduerftige",
    ]


def test_same_snapshot_gives_the_same_bytes(tmp_path):
    store = open_snapshot(tmp_path)
    erste = [pfad.read_bytes() for pfad in write_daten(store, tmp_path / "a")]

    assert erste == [pfad.read_bytes() for pfad in write_daten(store, tmp_path / "b")]


def test_abort_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    ziel = tmp_path / "kennzahlen_daten.csv"
    ziel.write_text("alt")

    with pytest.raises(RuntimeError), ersetze(ziel) as datei:
        datei.write("halb")
        raise RuntimeError("Abbruch")

    assert ziel.read_text() == "alt"
    assert list(tmp_path.iterdir()) == [ziel]


@pytest.mark.parametrize("zahl", [0.1 + 0.2, 1 / 3, 84.0, 0.0, -2.5, 1e-9, 123456789.123])
def test_number_text_reads_back_as_the_same_number(zahl):
    assert float(zahl_text(zahl)) == zahl
    assert not zahl_text(zahl).endswith(".0")


def test_missing_number_is_empty_text():
    assert zahl_text(float("nan")) == ""


@pytest.mark.parametrize("text", ["=1+1", "+49", "-5", "@a", "\tx", "\rx"])
def test_text_that_a_spreadsheet_would_run_is_marked(text):
    assert feld_text(text) == "'" + text


@pytest.mark.parametrize("inhalt", ["Weiler", "05999", "x=1"])
def test_harmless_text_stays_as_it_is(inhalt):
    assert feld_text(inhalt) == inhalt
