"""Exports of the Musterkreis as it ships: thousands of real cells, every one compared with the snapshot."""

import io

import openpyxl
import pytest

from indicators.bericht.pflegeplanung import write_pflegeplanung
from indicators.bericht.tabellen import write_ansicht_xlsx
from tests.test_bericht_pflegeplanung import blatt
from tests.test_bericht_tabellen import texte, zeilen

ZEICHEN = {
    "gesperrt": ".",
    "gesperrt_quelle": ".",
    "nicht_geliefert": "…",
    "nicht_sinnvoll": "x",
    "nicht_definiert": "x",
}


@pytest.fixture(scope="module")
def pflege(snapshot_muster, tmp_path_factory):
    return openpyxl.load_workbook(write_pflegeplanung(snapshot_muster, tmp_path_factory.mktemp("bericht")))


@pytest.mark.parametrize("kennzahl_id", ["sgb2_quote", "grundsicherung_alter", "bevoelkerung"])
def test_every_cell_says_what_the_snapshot_says(snapshot_muster, kennzahl_id):
    werte = snapshot_muster.read_werte(kennzahl_id, "quartier").set_index(["raum_id", "stichtag"])
    inhalt = write_ansicht_xlsx(snapshot_muster, kennzahl_id, "quartier")
    einheit = snapshot_muster.eintrag(kennzahl_id).einheit
    tabelle = list(zeilen(openpyxl.load_workbook(io.BytesIO(inhalt))["Daten"]))
    # Converted values stand in a table of their own; tests/test_umrechnung.py recomputes them from the export.
    tabelle = [zeile for zeile in tabelle if not zeile["Umgerechnet"].value]

    assert len(tabelle) == len(werte)
    for zeile in tabelle:
        wert = werte.loc[zeile["Schlüssel"].value, zeile["Stichtag"].value.date()]
        erwartet = ZEICHEN.get(wert["status"]) or pytest.approx(wert["wert"], rel=1e-12)
        assert zeile[f"Wert ({einheit})"].value == erwartet


def test_population_and_care_tables_are_full(snapshot_muster, pflege):
    kommunen = set(snapshot_muster.raeume("kommune")["raum_id"]) | set(snapshot_muster.raeume("kreis")["raum_id"])
    for nr in ("T1", "T3"):
        tabelle = list(zeilen(blatt(pflege, nr)))
        neuester = max(zeile["Stichtag"].value for zeile in tabelle)
        neueste = [zeile for zeile in tabelle if zeile["Stichtag"].value == neuester]
        assert {zeile["Schlüssel"].value for zeile in neueste} == kommunen
        assert not [zelle.coordinate for zeile in neueste for zelle in zeile.values() if zelle.value == "…"]


def test_projection_tables_are_full_and_say_what_is_a_model(snapshot_muster, pflege):
    raeume = len(snapshot_muster.raeume("kommune")) + 1
    je = {nr: list(zeilen(blatt(pflege, nr))) for nr in ("T2", "T5", "T6", "T7", "T16")}

    assert {nr: len(z) for nr, z in je.items()} == {
        "T2": raeume,
        "T5": 7,
        "T6": raeume - 1,
        "T7": raeume - 1,
        "T16": raeume,
    }
    kreis = next(z for z in je["T16"] if z["Ebene"].value == "Kreis")
    assert kreis["Bilanz heute"].value == kreis["belegbare Plätze"].value - kreis["Bedarf heute"].value
    assert {z["65–79 in 15 Jahren (Modell)"].value for z in je["T2"] if z["Ebene"].value == "Kommune"} == {"x"}
    assert sum(z["gezählt"].value for z in je["T7"]) == sum(z["Männer"].value + z["Frauen"].value for z in je["T5"])
    assert "Modell: gerechnet, nicht gezählt" in texte(blatt(pflege, "T7"))


def test_kreis_row_is_the_sum_of_the_kommunen_where_all_are_open(pflege):
    tabelle = [zeile for zeile in zeilen(blatt(pflege, "T3")) if zeile["Stichtag"].value.year == 2023]
    kreis = [zeile for zeile in tabelle if zeile["Ebene"].value == "Kreis"]
    kommunen = [zeile["Pflegebedürftige"].value for zeile in tabelle if zeile["Ebene"].value == "Kommune"]

    assert all(isinstance(zahl, int) for zahl in kommunen)
    assert [zeile["Pflegebedürftige"].value for zeile in kreis] == [sum(kommunen)]


def test_care_levels_run_through_where_the_total_breaks(pflege):
    kreis = {z["Stichtag"].value.year: z for z in zeilen(blatt(pflege, "T3")) if z["Ebene"].value == "Kreis"}

    assert [kreis[jahr]["Veränderung absolut"].value for jahr in (2017, 2019, 2021)] == ["x", "x", "x"]
    for jahr in (2019, 2021, 2023):
        unterschied = kreis[jahr]["PG 2–5"].value - kreis[jahr - 2]["PG 2–5"].value
        assert kreis[jahr]["PG 2–5: Veränderung absolut"].value == unterschied


def test_every_sheet_is_labelled_as_invented(pflege):
    for tabelle in (b for b in pflege if b.freeze_panes):
        assert "Erfundene Daten" in texte(tabelle)
    for seite in pflege:
        assert "Erfundene Daten" in seite.oddHeader.center.text
