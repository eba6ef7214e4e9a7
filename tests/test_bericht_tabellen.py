"""Workbooks and CSV files of one view: read back with another library, compared with the numbers written by hand."""

import csv
import io
import re
import zipfile
from datetime import UTC, date, datetime

import openpyxl
import pytest

from geodata.fehler import MonitoringError
from indicators.bericht.daten import SPALTEN, write_daten
from indicators.bericht.mappe import blattname, zahlenformat
from indicators.bericht.tabellen import write_alles_xlsx, write_ansicht_csv, write_ansicht_xlsx
from tests.hilfe_bericht import FORMELNAME, GEHEIM, SNAPSHOT, open_snapshot

ANSICHT = ("pflegequote", "kommune")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return open_snapshot(tmp_path_factory.mktemp("snapshot"))


@pytest.fixture(scope="module")
def mappe(store):
    return openpyxl.load_workbook(io.BytesIO(write_ansicht_xlsx(store, *ANSICHT)))


def zeilen(blatt, kopf=4):
    """Rows of a sheet as dicts of cells, from the header row down to the first empty key."""
    namen = [zelle.value for zelle in blatt[kopf]]
    for zeile in blatt.iter_rows(min_row=kopf + 1):
        if zeile[0].value is None:
            return
        yield dict(zip(namen, zeile, strict=True))


def texte(blatt):
    return "\n".join(str(zelle.value) for zeile in blatt.iter_rows() for zelle in zeile if zelle.value is not None)


def alle_teile(inhalt: bytes) -> str:
    """Every part of a workbook as one text: hidden sheets, comments and properties included."""
    with zipfile.ZipFile(io.BytesIO(inhalt)) as archiv:
        return "\n".join(archiv.read(name).decode("utf-8", "replace") for name in archiv.namelist())


def test_numbers_are_numbers_and_keys_are_text(mappe):
    altdorf = next(z for z in zeilen(mappe["Daten"]) if z["Stichtag"].value == datetime(2019, 12, 31))

    assert altdorf["Schlüssel"].value == "05999004"
    assert altdorf["Wert (%)"].data_type == "n"
    assert altdorf["Wert (%)"].value == pytest.approx(50 / 1200 * 100)
    assert altdorf["Wert (%)"].number_format == "#,##0.0"
    assert (altdorf["Zähler"].value, altdorf["Nenner"].value) == (50, 1200)
    assert altdorf["Zähler"].number_format == "#,##0"
    assert altdorf["Stichtag"].number_format == "dd.mm.yyyy"
    assert altdorf["gehört zu"].value == "Testkreis"


def test_suppressed_value_is_a_sign_and_stands_nowhere_in_the_file(store, mappe):
    weiler = next(z for z in zeilen(mappe["Daten"]) if z["Raum"].value == "Weiler")

    for spalte in ("Wert (%)", "Intervall von", "Intervall bis", "Zähler", "Nenner"):
        assert (weiler[spalte].value, weiler[spalte].data_type) == (".", "s")
    assert "gesperrt" in weiler["Status"].value
    for inhalt in (write_ansicht_xlsx(store, *ANSICHT), write_alles_xlsx(store)):
        assert re.search(r"4711[.,]25", alle_teile(inhalt)) is None


def test_suppressed_value_stands_in_no_csv(store, tmp_path):
    dateien = [write_ansicht_csv(store, *ANSICHT, art=art) for art in ("excel", "daten")]
    dateien += [pfad.read_bytes() for pfad in write_daten(store, tmp_path)]

    assert str(GEHEIM) == "4711.25"
    for inhalt in dateien:
        assert re.search(rb"4711[.,]25", inhalt) is None


def test_uncertain_value_stands_in_brackets_and_stays_a_number(mappe):
    unsicher = next(z for z in zeilen(mappe["Daten"]) if z["Schlüssel"].value == "05999008")

    assert unsicher["Wert (%)"].data_type == "n"
    assert unsicher["Wert (%)"].number_format == r"\(#,##0.0\);\(-#,##0.0\)"


def test_formula_in_a_name_stays_text(store, mappe):
    name = next(z for z in zeilen(mappe["Daten"]) if z["Schlüssel"].value == "05999008")["Raum"]

    assert (name.value, name.data_type) == (FORMELNAME, "s")
    assert "<f>" not in alle_teile(write_ansicht_xlsx(store, *ANSICHT))
    for art in ("excel", "daten"):
        assert f"'{FORMELNAME[:10]}" in write_ansicht_csv(store, *ANSICHT, art=art).decode("utf-8-sig")


def test_header_is_frozen_and_filtered(mappe):
    assert mappe.sheetnames == ["Deckblatt", "Daten", "Metadaten"]
    assert mappe["Daten"].freeze_panes == "A5"
    assert mappe["Daten"].auto_filter.ref == "A4:AG8"  # four rows: two of Altdorf, one each of the others
    assert mappe["Daten"].print_title_rows == "$4:$4"


def test_cover_names_origin_label_and_signs(mappe):
    deckblatt, metadaten = texte(mappe["Deckblatt"]), texte(mappe["Metadaten"])

    for stueck in ("Testkreis", "31.12.2017 bis 31.12.2019", "Öffentlich", SNAPSHOT, "Erfundene Daten", "dl-de/by-2-0"):
        assert stueck in deckblatt
    for stueck in ("Wilson", "Pflegebedürftige ÷ Bevölkerung × 100", "01.01.2017 (trennt die Reihe)", "Zeichen …"):
        assert stueck in metadaten
    assert mappe.properties.subject == "Erfundene Daten"
    assert mappe.properties.title == "Pflegequote – Kommunen"
    assert mappe.properties.created.replace(tzinfo=UTC) == datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_same_snapshot_gives_the_same_bytes(store):
    assert write_ansicht_xlsx(store, *ANSICHT) == write_ansicht_xlsx(store, *ANSICHT)
    assert write_alles_xlsx(store) == write_alles_xlsx(store)


def test_one_stichtag_gives_only_its_rows(store):
    inhalt = write_ansicht_xlsx(store, *ANSICHT, date(2017, 12, 31))
    blatt = openpyxl.load_workbook(io.BytesIO(inhalt))["Daten"]

    assert [z["Raum"].value for z in zeilen(blatt)] == ["Altdorf"]


def test_excel_csv_opens_in_german_excel(store):
    inhalt = write_ansicht_csv(store, *ANSICHT, date(2019, 12, 31))
    tabelle = list(csv.reader(io.StringIO(inhalt.decode("utf-8-sig")), delimiter=";"))

    assert inhalt.startswith(b"\xef\xbb\xbf")
    assert tabelle[1][:6] == ["05999004", "Altdorf", "Testkreis", "01.01.2015", "31.12.2019", "4,2"]
    assert tabelle[3][5:10] == ["."] * 5
    assert ["Kennzeichnung: Erfundene Daten"] in tabelle


def test_data_csv_is_a_part_of_the_whole_table(store, tmp_path):
    ganz = write_daten(store, tmp_path)[0].read_bytes().decode("utf-8").split("\r\n")
    teil = write_ansicht_csv(store, *ANSICHT, art="daten").decode("utf-8").split("\r\n")

    assert teil[0] == ",".join(SPALTEN) == ganz[0]
    assert teil[1:-1] == [
        zeile for zeile in ganz if zeile.startswith("testkreis,kommune,") and ",pflegequote," in zeile
    ]
    assert len(teil) == 4 + 2  # four rows, header, empty rest behind the last line end


def test_whole_table_has_a_sheet_per_thema_and_every_row(store):
    buch = openpyxl.load_workbook(io.BytesIO(write_alles_xlsx(store)))

    assert buch.sheetnames == ["Deckblatt", "Bevölkerung", "Alter und Pflege", "Metadaten", "Quellen"]
    assert sum(len(list(zeilen(buch[name]))) for name in ("Bevölkerung", "Alter und Pflege")) == len(store.read_alles())
    assert [z["Datei"].value for z in zeilen(buch["Quellen"])] == ["test_2019.csv"]
    assert all(blatt.sheet_state == "visible" for blatt in buch)


@pytest.mark.parametrize(
    ("kennzahl_id", "ebene", "stichtag", "stueck"),
    [
        ("gibt_es_nicht", "kommune", None, "gibt_es_nicht"),
        ("pflegequote", "quartier", None, "kreis, kommune"),
        ("pflegequote", "kommune", date(2018, 12, 31), "31.12.2018"),
    ],
)
def test_unknown_view_is_told_with_a_remedy(store, kennzahl_id, ebene, stichtag, stueck):
    with pytest.raises(MonitoringError, match=r"gibt es|liegt") as fehler:
        write_ansicht_xlsx(store, kennzahl_id, ebene, stichtag)

    assert stueck in str(fehler.value)
    assert fehler.value.tun


def test_formats_are_the_codes_of_the_file_format():
    assert [zahlenformat(stellen) for stellen in (0, 1, 2)] == ["#,##0", "#,##0.0", "#,##0.00"]
    assert blattname("Kinder: Jugend/Familie [lang] und noch viel länger") == "Kinder  Jugend Familie  lang  u"
