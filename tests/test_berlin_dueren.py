"""Berlin and Düren: their example deliveries through the real door, and the true forms of the reference data."""

import csv
import json
import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest

from tests.conftest import WURZEL, Installation

BEISPIEL = WURZEL / "etl" / "beispiel"


@pytest.fixture(scope="module")
def geladen(tmp_path_factory) -> Installation:
    daten = tmp_path_factory.mktemp("laender") / "daten"
    for gebiet in ("berlin", "dueren"):
        shutil.copytree(BEISPIEL / gebiet, daten / gebiet / "eingang")
    installation = Installation(daten)
    for gebiet in ("berlin", "dueren"):
        installation.run("laden", "--gebiet", gebiet)
    return installation


@pytest.fixture(scope="module")
def berlin(geladen):
    geladen.run("veroeffentlichen", "--gebiet", "berlin")
    return geladen.store("berlin")


def frage(installation: Installation, gebiet: str, sql: str) -> list[tuple]:
    with duckdb.connect(str(installation.daten / gebiet / "intern.duckdb"), read_only=True) as con:
        return con.execute(sql).fetchall()


# --- loading ---


def test_inhabitants_of_berlin_on_three_cuts(geladen):
    zeilen = frage(
        geladen,
        "berlin",
        "SELECT year(stichtag), gebietsstand, count(*), sum(wert)::INT FROM fallzahl_gueltig "
        "WHERE merkmal = 'bev_gesamt' GROUP BY ALL ORDER BY 1",
    )
    assert zeilen[0] == (2015, "2006-08-01", 447, 3_610_156)
    assert zeilen[4:7] == [
        (2019, "2019-01-01", 448, 3_769_495),
        (2020, "2019-01-01", 448, 3_769_962),
        (2021, "2021-01-01", 542, 3_775_480),
    ]
    assert len(zeilen) == 10 and zeilen[-1][3] == 3_897_145


def test_four_dialects_of_one_matrix_say_what_the_other_source_says(geladen):
    """2015, 2018 and 2020 come from both sources; 2012 and 2015 are written "2930,00"."""
    ungleich = """
        SELECT count(*), count(*) FILTER (a.wert <> b.wert)
        FROM fallzahl_gueltig a JOIN fallzahl_gueltig b USING (raum_id, gebietsstand, stichtag)
        WHERE (a.merkmal, b.merkmal) IN (('ewr_gesamt', 'bev_gesamt'), ('ewr_w', 'bev_w'), ('ewr_6_14', 'bev_6_14'))
    """
    assert frage(geladen, "berlin", ungleich) == [(3 * (447 + 447 + 448), 0)]
    werte = (
        "SELECT year(stichtag), wert FROM fallzahl_gueltig "
        "WHERE merkmal = 'ewr_gesamt' AND raum_id = '01011101' ORDER BY 1"
    )
    assert frage(geladen, "berlin", werte) == [(2008, 3140), (2012, 2930), (2015, 3090), (2018, 3384), (2020, 3419)]
    assert (
        frage(
            geladen,
            "berlin",
            "SELECT sum(wert) FROM fallzahl_gueltig WHERE merkmal = 'ewr_80_plus' AND year(stichtag) = 2012",
        )[0][0]
        > 100_000
    )


def test_an_edition_of_the_monitoring_describes_the_year_before(geladen):
    """The edition of 2021 speaks of 31.12.2020, but already of the 542 Räume of 2021."""
    sql = (
        "SELECT stichtag, gebietsstand, count(*), count(wert) FROM fallzahl_gueltig WHERE merkmal = 'mss_s4' "
        "GROUP BY ALL ORDER BY 1"
    )
    assert frage(geladen, "berlin", sql) == [
        (date(2012, 12, 31), "2006-08-01", 447, 434),
        (date(2014, 12, 31), "2006-08-01", 447, 435),
        (date(2016, 12, 31), "2006-08-01", 447, 436),
        (date(2018, 12, 31), "2006-08-01", 447, 436),
        (date(2020, 12, 31), "2021-01-01", 542, 536),
    ]
    k03 = (
        "SELECT status, count(*), count(wert), min(wert) FROM fallzahl_gueltig "
        "WHERE merkmal = 'mss_k03' GROUP BY 1 ORDER BY 2"
    )
    assert frage(geladen, "berlin", k03) == [
        ("gesperrt_quelle", 6, 0, None),
        ("offen", 536, 536, 0),
    ]  # −9999 is no value


def test_care_homes_are_counted_where_they_stand(geladen):
    sql = (
        "SELECT sum(wert) FILTER (merkmal = 'pflegeheime')::INT, "
        "sum(wert) FILTER (merkmal = 'pflegeheimplaetze')::INT, count(DISTINCT raum_id), any_value(gebietsstand) "
        "FROM fallzahl_gueltig WHERE merkmal LIKE 'pflegeheim%'"
    )
    assert frage(geladen, "berlin", sql) == [(274, 31_154, 542, "2021-01-01")]


def test_dueren_is_complete(geladen):
    jahre = "min(year(stichtag)), max(year(stichtag))"
    sql = f"SELECT merkmal, count(DISTINCT raum_id), {jahre} FROM fallzahl_gueltig GROUP BY 1"
    anzahl = {m: rest for m, *rest in frage(geladen, "dueren", sql)}

    assert anzahl["al_gesamt"] == [15, 1998, 2021]
    assert anzahl["bev_15_64"] == [15, 2001, 2021]
    assert anzahl["gisd_score"] == [15, 1998, 2021]
    assert anzahl["inkar_kinderarmut"][0] == 16  # with the Kreis itself
    assert frage(geladen, "dueren", "SELECT count(DISTINCT raum_id) FROM fallzahl_gueltig") == [(16,)]


def test_the_example_names_no_operator_and_no_address():
    """The full list names those who run the homes, and streets; what is counted needs neither."""
    datei = BEISPIEL / "berlin" / "be_pflegeheime" / "pflegeeinrichtungen.geojson"
    punkte = json.loads(datei.read_text(encoding="utf-8"))["features"]

    assert {name for punkt in punkte for name in punkt["properties"]} == {"gc_ortsteil", "platzzahl"}


def test_example_data_stay_small():
    assert sum(d.stat().st_size for d in BEISPIEL.rglob("*") if d.is_file()) < 15_000_000


@pytest.mark.parametrize(
    ("gebiet", "ordner", "quellen"),
    [
        ("berlin", "berlin/bevoelkerung", {"*.csv": "be_bevoelkerung"}),
        ("berlin", "berlin/ewr", {"*.csv": "be_ewr"}),
        (
            "berlin",
            "berlin/mss",
            {"mss_201[357].csv": "be_mss_2013", "mss_2019.csv": "be_mss_2019", "mss_2021.csv": "be_mss_2021",
             "*kontext*.csv": "be_mss_kontext"},
        ),
        ("berlin", "berlin/pflege", {"*.geojson": "be_pflegeheime"}),
        ("dueren", "rhein_sieg_dueren", {"derived_indikatoren*.csv": "du_inkar", "derived_gisd*.csv": "du_gisd"}),
    ],
)  # fmt: skip
def test_every_reference_folder_loads_with_profiles_alone(referenz, tmp_path, gebiet, ordner, quellen):
    for muster, quelle in quellen.items():
        for datei in (referenz / ordner).glob(muster):
            ziel = tmp_path / "daten" / gebiet / "eingang" / quelle / datei.name
            ziel.parent.mkdir(parents=True, exist_ok=True)
            ziel.write_bytes(datei.read_bytes())

    Installation(tmp_path / "daten").run("laden", "--gebiet", gebiet)


def _spalten(datei: Path) -> dict[str, list[str]]:
    """Columns of a delivered table by head, as texts; decimals of the dialects (`2930,00`) included."""
    text = datei.read_text(encoding="utf-8-sig")
    zeilen = list(csv.reader(text.splitlines(), delimiter=";" if ";" in text.splitlines()[0] else ","))
    return dict(zip(zeilen[0], zip(*zeilen[1:], strict=True), strict=True))


def test_example_files_are_columns_of_the_reference_files(referenz):
    tabellen = sorted((BEISPIEL / "berlin").rglob("*.csv"))
    paare = [(datei, next((referenz / "berlin").rglob(datei.name))) for datei in tabellen]

    assert len(paare) == 21
    for eigene, fremde in paare:
        vorlage = _spalten(Path(fremde))
        gekuerzt = _spalten(eigene)
        assert gekuerzt == {name: vorlage[name] for name in gekuerzt}, eigene.name


# --- publishing ---


def test_a_raum_without_an_area_is_in_the_table_and_not_on_the_map(berlin):
    werte = berlin.read_werte("bevoelkerung", "planungsraum", date(2020, 12, 31)).set_index("raum_id")
    raum = berlin.raum("09041403")

    assert werte.loc["09041403", "wert"] == 4368 and len(werte) == 448
    assert not raum.mit_geometrie and not raum.rest and raum.bis == date(2021, 1, 1)
    assert list(werte.index)[-1] == "09041403"  # behind those of the geometry file, as the browser expects it


def test_two_cuts_at_one_stichtag_do_not_mix(berlin):
    """31.12.2020: inhabitants on the 448 Räume of then, the monitoring already on the 542 of 2021."""
    tag = date(2020, 12, 31)
    je_kennzahl = {k: berlin.read_werte(k, "planungsraum", tag) for k in ("bevoelkerung", "mss_s4_kinderarmut")}

    assert {k: (len(w), w["gebietsstand"].unique().tolist()) for k, w in je_kennzahl.items()} == {
        "bevoelkerung": (448, ["2019-01-01"]),
        "mss_s4_kinderarmut": (542, ["2021-01-01"]),
    }


def test_series_run_through_both_changes_or_say_why_not(berlin):
    """Stülerstraße only got a new key; Allende II was cut off in 2019, by how much nobody knows."""
    stueler = berlin.read_reihe("bevoelkerung", ["01100101"])
    assert list(stueler["wert"].round().astype(int))[:6] == [3090, 3114, 3225, 3384, 3445, 3419]
    assert stueler["umgerechnet"].sum() == 6 and stueler["zuschnitt"].nunique() == 1

    allende = berlin.read_reihe("bevoelkerung", ["09401433"])
    assert allende["stichtag"].iloc[0] == date(2019, 12, 31)
    bruch = berlin.read_umbrueche("bevoelkerung", ["09401433"]).iloc[0]
    assert bruch.bis == date(2018, 12, 31) and bruch.anteil != bruch.anteil  # unknown


def test_districts_and_the_city_keep_their_delivered_numbers(berlin):
    reihe = berlin.read_reihe("bevoelkerung", ["11000", "09"])

    assert len(reihe) == 20 and not reihe["umgerechnet"].any()
    assert reihe.groupby("raum_id")["zuschnitt"].nunique().eq(1).all()


def test_the_pages_say_by_what_berlin_was_converted(berlin):
    assert {u.art for u in berlin.stand.umstiege} == {"nach Fläche"}
    assert berlin.karten_teil_heute("bevoelkerung", "planungsraum")["stichtage"][0] == "2015-12-31"
    assert berlin.karten_teil_heute("mss_s4_kinderarmut", "planungsraum") is None
