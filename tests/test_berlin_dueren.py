"""Berlin and Düren: their example deliveries through the real door, and the true forms of the reference data."""

import csv
import io
import json
import shutil
from datetime import date
from pathlib import Path

import duckdb
import openpyxl
import pytest

from app import _create_server
from indicators.store import Wahl
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


# --- index and spatial patterns ---

AUSGABEN = {2012: 434, 2014: 435, 2016: 436, 2018: 436, 2020: 536}
KLASSEN = {"hoch": 1, "mittel": 2, "niedrig": 3, "sehr niedrig": 4, "positiv": -1, "stabil": 0, "negativ": 1}


@pytest.fixture(scope="module")
def client(geladen, berlin):
    return _create_server(geladen.daten, None, wo="").test_client()


def mss_2021() -> dict[str, dict]:
    with (BEISPIEL / "berlin" / "be_mss_2021" / "mss_2021.csv").open(encoding="utf-8") as datei:
        return {z["plr_id"]: z for z in csv.DictReader(datei) if z["comment"] == "gültig"}


def test_all_five_editions_of_the_monitoring_are_exported(berlin):
    alles = berlin.read_alles()
    for kennzahl in ("mss_statusindex", "mss_status", "mss_dynamikindex", "mss_dynamik"):
        teil = alles[(alles["kennzahl_id"] == kennzahl) & alles["wert"].notna()]
        assert {t.year: len(g) for t, g in teil.groupby("stichtag")} == AUSGABEN
        assert not teil["umgerechnet"].any()


def test_published_index_and_classes_are_those_of_the_senate(berlin):
    """MSS 2021: 536 areas, index within the two decimals it was published with, every class."""
    amtlich, tag = mss_2021(), date(2020, 12, 31)

    def werte(kennzahl: str) -> dict[str, float]:
        df = berlin.read_werte(kennzahl, "planungsraum", tag).dropna(subset=["wert"])
        return dict(zip(df["raum_id"], df["wert"], strict=True))

    for feld, kennzahl in (("status", "mss_statusindex"), ("dynamic", "mss_dynamikindex")):
        assert werte(kennzahl) == {r: pytest.approx(float(z[f"{feld}_index"]), abs=0.0051) for r, z in amtlich.items()}
        klasse = kennzahl.removesuffix("index")
        assert werte(klasse) == {r: KLASSEN[z[f"{feld}_label"]] for r, z in amtlich.items()}
    assert berlin.klassen("mss_status", "planungsraum") == (1, 2, 3, 4, 5)


def test_areas_that_are_not_rated_say_why(berlin):
    df = berlin.read_werte("mss_status", "planungsraum").set_index(["raum_id", "stichtag"])
    assert df.loc[("10100205", date(2020, 12, 31)), "hinweis"] == "Ausreißer: Gewerbegebiet Bitterfelder Straße"
    assert df.loc[("03400831", date(2020, 12, 31)), "hinweis"].endswith("unter 300")
    # 436 inhabitants at the key date, but left out by the source: it gives no value
    assert df.loc[("04020314", date(2016, 12, 31)), "status"] == "gesperrt_quelle"


def test_the_laboratory_starts_from_the_published_index(berlin):
    definition = berlin.indizes[0]
    ausgabe = definition.ausgaben[-1]
    wahl = Wahl(definition.ebene, ausgabe.stichtag, tuple(ausgabe.status.items()), definition.id, ausgabe.id, -1)
    labor = berlin.build_labor(wahl)
    amtlich = {r: z["SDI"].replace("-", "−") for r, z in mss_2021().items()}

    gezeigt = labor.raeume[labor.raeume["grund"] == ""]
    assert dict(zip(gezeigt["raum_id"], gezeigt["gesamt"], strict=True)) == amtlich
    veroeffentlicht = berlin.read_werte("mss_statusindex", definition.ebene, ausgabe.stichtag).set_index("raum_id")
    assert labor.raeume.set_index("raum_id")["index"].equals(veroeffentlicht["wert"].reindex(labor.raeume["raum_id"]))
    assert labor.rho is None  # these are the default weights


def test_other_weights_other_years_and_what_stands_in_their_way(berlin):
    nur_zwei = (("mss_s1_arbeitslosigkeit", 3.0), ("mss_s4_kinderarmut", 1.0))
    labor = berlin.build_labor(Wahl("planungsraum", date(2020, 12, 31), nur_zwei, "mss", "2021", 2))
    assert 0.9 < labor.rho < 1 and labor.dynamik is None and "Bruch" in labor.dynamik_grund
    labor = berlin.build_labor(Wahl("planungsraum", date(2016, 12, 31), nur_zwei, dynamik=2))
    assert labor.gebietsstand == "2006-08-01" and labor.anzahl == 436
    jung = (("anteil_65_plus", -1.0), ("anteil_nichtdeutsche", 1.0))
    labor = berlin.build_labor(Wahl("bezirk", date(2024, 12, 31), jung))
    assert labor.wenige and labor.anzahl == 12


def test_the_index_page_is_its_link(client):
    seite = client.get("/berlin/index").text
    assert "536 von 542 Räumen (Planungsräume) sind bewertet" in seite and "Schulenburgpark" in seite
    assert "Bei 1.000 zufällig veränderten Gewichten" in seite and "Ausgabe 2013" in seite
    link = "/berlin/index?kennzahl=mss_s1_arbeitslosigkeit&gewicht=2%2C5&kennzahl=mss_s4_kinderarmut&gewicht=1"
    seite = client.get(link).text
    assert 'value="2.5"' in seite and "gleichen Gewichten" in seite


@pytest.mark.parametrize(
    "query",
    [
        *(
            "kennzahl=gibtesnicht",
            "ebene=x",
            "index=mss&ausgabe=1999",
            "index=x",
            "dynamik=7",
            "spanne=33",
            "stichtag=x",
        ),
        *("kennzahl=mss_s4_kinderarmut&gewicht=viel", "kennzahl=mss_s4_kinderarmut&gewicht=nan"),
        *("kennzahl=mss_s4_kinderarmut&gewicht=1e9", "&".join(["kennzahl=mss_s4_kinderarmut"] * 9)),
    ],
)
def test_an_index_that_nobody_offers_is_not_found(client, query):
    assert client.get(f"/berlin/index?{query}").status_code == 404
    assert client.get(f"/berlin/export/index.csv?{query}").status_code == 404


def test_the_audit_sheet_holds_every_step(client):
    antwort = client.get("/berlin/export/index.csv?index=mss&ausgabe=2021")
    zeilen = list(csv.DictReader(io.StringIO(antwort.text)))
    amtlich = mss_2021()
    for zeile in zeilen:
        if not zeile["nicht bewertet, weil"]:
            z = amtlich[zeile["Schlüssel"]]
            assert float(zeile["z: Kinderarmut (MSS)"]) == pytest.approx(float(z["zS4"]), abs=0.0051)
            assert float(zeile["Summe Status"]) == pytest.approx(float(z["status_sum"]), abs=0.0051)
            assert zeile["Klasse Dynamik"] == z["dynamic_label"]
    assert len(zeilen) == 542 and zeilen[0]["Rang"] == "1.0" and zeilen[-1]["nicht bewertet, weil"]
    mappe = openpyxl.load_workbook(io.BytesIO(client.get("/berlin/export/index.xlsx?index=mss&ausgabe=2021").data))
    assert mappe.sheetnames == ["Deckblatt", "Rechenblatt", "Kennwerte"] and mappe["Rechenblatt"].max_row == 542 + 4


def test_poor_areas_lie_together_and_the_page_names_them(berlin, client):
    """Moran's I of the published index with the neighbours of the snapshot, computed once more by hand."""
    s = berlin.read_raumstatistik("mss_statusindex", "planungsraum")
    muster = berlin.read_muster("mss_statusindex", "planungsraum").set_index("raum_id")
    paare = berlin.nachbarn("planungsraum", "2021-01-01")
    x = muster["wert"].dropna()
    z = x - x.mean()
    paare = paare[paare["raum_id"].isin(x.index) & paare["nachbar_id"].isin(x.index)]
    umgebung = paare.assign(z=paare["nachbar_id"].map(z)).groupby("raum_id")["z"].mean()

    assert s["n"] == 536 and s["moran"] == pytest.approx((umgebung * z).sum() / (z @ z)) and s["p"] < 1e-6
    hoch = muster[muster["klasse"] == "HH"]
    assert len(hoch) == s["hoch_hoch"] > 20 and (hoch["wert"] > 0).all() and (umgebung[hoch.index] > 0).all()
    seite = client.get("/berlin/muster").text
    assert "Ähnliche Werte liegen beieinander" in seite and "Wedding Zentrum" in seite


def test_smoothed_values_come_with_their_weight_and_leave_in_no_file(berlin, client):
    muster = berlin.read_muster("anteil_65_plus", "planungsraum")
    assert (muster["geglaettet"].notna() == muster["gewicht"].notna()).all() and muster["gewicht"].max() < 1
    seite = client.get("/berlin/muster?kennzahl=anteil_65_plus").text
    assert "(geglättet)" in seite and "Gewicht des eigenen Werts" in seite and "müssten umziehen" in seite
    assert "geglaettet" not in berlin.read_alles().columns
    assert "glättet" not in client.get("/berlin/export/anteil_65_plus_planungsraum_daten.csv").text


def test_a_pattern_that_nobody_computed_is_not_found(client):
    for query in ("kennzahl=bevoelkerung", "kennzahl=x", "ebene=x"):
        assert client.get(f"/berlin/muster?{query}").status_code == 404
