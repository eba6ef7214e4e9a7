"""The care-planning workbook: all nineteen tables in order, filled or saying what is missing."""

import openpyxl
import pytest

from indicators.bericht.pflegeplanung import list_berichte, read_tabellen, write_pflegeplanung
from tests.hilfe_bericht import open_snapshot
from tests.test_bericht_tabellen import alle_teile, texte, zeilen


@pytest.fixture(scope="module")
def pfad(tmp_path_factory):
    store = open_snapshot(tmp_path_factory.mktemp("snapshot"))
    return write_pflegeplanung(store, tmp_path_factory.mktemp("bericht") / "neu")


@pytest.fixture(scope="module")
def mappe(pfad):
    return openpyxl.load_workbook(pfad)


def blatt(mappe, nr):
    return next(b for b in mappe if b.title.split()[0] == nr)


def zeile(mappe, nr, raum_id, jahr):
    treffer = [
        z for z in zeilen(blatt(mappe, nr)) if z["Schlüssel"].value == raum_id and z["Stichtag"].value.year == jahr
    ]
    return treffer[0]


def test_all_tables_stand_in_the_order_of_the_report(mappe):
    assert [name.split()[0] for name in mappe.sheetnames] == ["Deckblatt", *(f"T{nr}" for nr in range(1, 20))]


def test_population_comes_from_numerator_and_denominator(mappe):
    kreis = zeile(mappe, "T1", "05999", 2019)

    assert (kreis["Bevölkerung gesamt"].value, kreis["65 und älter"].value) == (3000, 700)
    assert kreis["Anteil 65+ in %"].value == pytest.approx(700 / 3000 * 100)
    assert kreis["75 und älter"].value == "…"
    assert "Nicht geliefert: 75 und älter, 80 und älter" in texte(blatt(mappe, "T1"))


def test_change_is_counted_within_a_series_and_never_across_a_break(mappe):
    kreis_2019, kreis_2017 = zeile(mappe, "T3", "05999", 2019), zeile(mappe, "T3", "05999", 2017)

    assert kreis_2019["Veränderung absolut"].value == 150 - 120
    assert kreis_2019["Veränderung in %"].value == pytest.approx((150 - 120) / 120 * 100)
    assert kreis_2019["Reihenbruch"].value is None
    assert kreis_2017["Veränderung absolut"].value == "x"
    assert "Pflegegrade" in kreis_2017["Reihenbruch"].value
    assert zeile(mappe, "T3", "05999", 2015)["Veränderung absolut"].value is None


def test_suppressed_commune_prints_the_sign_and_no_number(pfad, mappe):
    weiler = zeile(mappe, "T3", "05999012", 2019)

    assert weiler["Pflegebedürftige"].value == weiler["Pflegequote in %"].value == "."
    assert "4711" not in alle_teile(pfad.read_bytes())


def test_numbers_are_numbers_and_keys_are_text(mappe):
    altdorf = zeile(mappe, "T3", "05999004", 2019)

    assert (altdorf["Schlüssel"].value, altdorf["Schlüssel"].data_type) == ("05999004", "s")
    assert (altdorf["Pflegebedürftige"].value, altdorf["Pflegebedürftige"].data_type) == (50, "n")
    assert altdorf["Pflegequote in %"].number_format == "#,##0.0"


@pytest.mark.parametrize("tabelle", [t for t in read_tabellen() if t.nr not in ("T1", "T3")], ids=lambda t: t.nr)
def test_empty_table_says_which_delivery_is_missing_and_who_has_it(mappe, tabelle):
    text = texte(blatt(mappe, tabelle.nr))

    assert f"Es fehlt diese Lieferung: {tabelle.fehlt}." in text
    assert f"Üblicher Lieferant: {tabelle.lieferant}." in text


def test_methods_name_source_definition_and_breaks(mappe):
    text = texte(blatt(mappe, "T19"))

    for stueck in ("Teststatistik", "© Testamt 2026", "Pflegegrade lösen die Pflegestufen ab", "Geheimhaltung"):
        assert stueck in text


def test_cover_lists_every_table_with_its_state(mappe):
    text = texte(mappe["Deckblatt"])

    assert "Bevölkerung heute – Stand 31.12.2019" in text
    assert "Pflegebedürftige nach Versorgungsart – Stand 31.12.2015, 31.12.2017, 31.12.2019" in text
    assert "Bevölkerungsvorausberechnung – Lieferung fehlt" in text
    assert "Erfundene Daten" in text


def test_report_is_offered_under_its_name():
    assert list_berichte() == {"pflegeplanung": write_pflegeplanung}
