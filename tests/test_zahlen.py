from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.zahlen import Zahl, Zahlenfehler, Zahlenformat, parse_schluessel, parse_stichtag, parse_zahl

ZEICHEN = {"-": "offen", "*": "gesperrt_quelle", "x": "nicht_sinnvoll", "": "nicht_geliefert"}
DEUTSCH = Zahlenformat(",", ".", ZEICHEN, fussnoten=("1)", "²⁾"), klammern=True)
OHNE_TAUSENDER = Zahlenformat(",", "", ZEICHEN)
ENGLISCH = Zahlenformat(".", ",", ZEICHEN)


@pytest.mark.parametrize(
    ("text", "form", "zahl"),
    [
        ("1.234", DEUTSCH, Zahl(1234, "offen")),
        ("12.345.678", DEUTSCH, Zahl(12345678, "offen")),
        ("1.234,5", DEUTSCH, Zahl(1234.5, "offen")),
        ("1,5", DEUTSCH, Zahl(1.5, "offen")),
        ("007", DEUTSCH, Zahl(7, "offen")),
        ("−12", DEUTSCH, Zahl(-12, "offen")),
        ("1.234", Zahlenformat("."), Zahl(1.234, "offen")),
        ("1,234.5", ENGLISCH, Zahl(1234.5, "offen")),
        ("1'234", Zahlenformat(",", "'"), Zahl(1234, "offen")),
        ("1 234", DEUTSCH, Zahl(1234, "offen", "leerzeichen")),
        ("1\u202f234", DEUTSCH, Zahl(1234, "offen", "leerzeichen")),
        ("1\u00a0234\u200b", DEUTSCH, Zahl(1234, "offen", "leerzeichen")),
        ("-", DEUTSCH, Zahl(0, "offen")),
        (" * ", DEUTSCH, Zahl(None, "gesperrt_quelle")),
        ("", DEUTSCH, Zahl(None, "nicht_geliefert")),
        ("(123)", DEUTSCH, Zahl(123, "unsicher")),
        ("1.234²⁾", DEUTSCH, Zahl(1234, "offen", "fussnote")),
    ],
)
def test_declared_format_decides(text, form, zahl):
    assert parse_zahl(text, form) == zahl


@pytest.mark.parametrize(
    ("text", "form", "grund"),
    [
        ("1.234", OHNE_TAUSENDER, "mehrdeutig"),
        ("1,234.5", DEUTSCH, "mehrdeutig"),
        ("1'234", DEUTSCH, "mehrdeutig"),
        ("12.5", DEUTSCH, "keine Zahl"),
        ("1.23", DEUTSCH, "keine Zahl"),
        ("1.2345", DEUTSCH, "keine Zahl"),
        ("ca. 12", DEUTSCH, "keine Zahl"),
        ("5,38E+06", DEUTSCH, "Excel gekürzt"),
        ("01.03.", DEUTSCH, "ein Datum"),
        ("2023-03-01", DEUTSCH, "ein Datum"),
        ("#DIV/0!", DEUTSCH, "Rechenfehler"),
        ("?", DEUTSCH, "bekanntes Zeichen"),
        ("/", DEUTSCH, "bekanntes Zeichen"),
        ("(123)", OHNE_TAUSENDER, "keine Zahl"),
        ("", Zahlenformat(), "leer"),
        ("--5", DEUTSCH, "keine Zahl"),
        ("１２", DEUTSCH, "keine Zahl"),  # full-width digits: str.isdigit() accepts them
        ("²", DEUTSCH, "keine Zahl"),
        ("inf", DEUTSCH, "bekanntes Zeichen"),
        ("nan", DEUTSCH, "bekanntes Zeichen"),
    ],
)
def test_what_is_unclear_is_an_error_with_a_remedy(text, form, grund):
    with pytest.raises(Zahlenfehler, match=grund) as fehler:
        parse_zahl(text, form)
    assert len(fehler.value.tun) > 20


@given(st.integers(-(10**12), 10**12))
def test_a_whole_number_survives_german_writing(zahl):
    assert parse_zahl(f"{zahl:,}".replace(",", "."), DEUTSCH).wert == zahl


@given(st.text(max_size=12))
def test_any_text_is_a_number_a_sign_or_an_error_never_a_crash(text):
    try:
        zahl = parse_zahl(text, DEUTSCH)
    except Zahlenfehler:
        return
    assert (zahl.wert is None) == (zahl.status not in ("offen", "unsicher"))


BEKANNT = {"09162000", "05382004", "FL01"}.__contains__


@pytest.mark.parametrize(
    ("text", "angaben", "ergebnis"),
    [
        ("09162000", {}, ("09162000", "")),
        ("9162000", {}, ("09162000", "null_ergaenzt")),
        ("9162000.0", {}, ("09162000", "null_ergaenzt")),
        ("05382004.0", {}, ("05382004", "kommazahl")),
        ("1", {"vorsatz": "FL", "stellen": 2}, ("FL01", "")),
        ("053820004004", {"form": "ars"}, ("05382004", "")),
        ("053820004004", {}, ("053820004004", "")),
        ("12345678", {}, ("12345678", "")),
    ],
)
def test_keys(text, angaben, ergebnis):
    assert parse_schluessel(text, BEKANNT, **angaben) == ergebnis


def test_a_key_in_scientific_notation_is_lost():
    with pytest.raises(Zahlenfehler, match="in Excel beschädigt"):
        parse_schluessel("5,38E+06", BEKANNT)


@pytest.mark.parametrize(
    ("text", "form", "tag"),
    [
        ("2022", "%Y", date(2022, 12, 31)),
        ("2024-02", "%Y-%m", date(2024, 2, 29)),
        ("31.12.2019", "%d.%m.%Y", date(2019, 12, 31)),
        ("Dezember 2023", "%B %Y", date(2023, 12, 31)),
        ("März 2023", "%B %Y", date(2023, 3, 31)),
        ("44926", "excel", date(2022, 12, 31)),
        ("43464", "excel1904", date(2022, 12, 31)),
    ],
)
def test_stichtage(text, form, tag):
    assert parse_stichtag(text, form) == tag


@pytest.mark.parametrize(("text", "form"), [("22", "%Y"), ("44926", "%d.%m.%Y"), ("2023-13", "%Y-%m"), ("", "%Y")])
def test_a_stichtag_of_another_form_is_an_error(text, form):
    with pytest.raises(Zahlenfehler, match="kein Stichtag"):
        parse_stichtag(text, form)
