"""Addresses in a Straßenverzeichnis."""

import random

import numpy as np
import pytest

from geodata.fehler import GebietError
from geodata.gebiet import read_gebiet
from geodata.strassen import GRUENDE, Strassenverzeichnis, lies_hausnummer, normalisiere, trenne_anschrift
from tests.hilfe_fallliste import STRASSEN, baue_fallgebiet


@pytest.fixture
def verzeichnis(tmp_path):
    """The Straßenverzeichnis of the test territory with another text."""

    def verzeichnis(text=STRASSEN):
        ordner = tmp_path / "gebiete" / "test"
        if not ordner.exists():
            baue_fallgebiet(tmp_path / "gebiete")
        (ordner / "2015_strassen.csv").write_text(text, encoding="utf-8")
        gebiet = read_gebiet(ordner)
        return Strassenverzeichnis.read(gebiet, gebiet.gebietsstaende[0])

    return verzeichnis


def finde(verzeichnis, *adressen):
    """(raum_id or reason) per address; an address is (street, number[, plz[, ort]])."""
    spalten = [np.array(s, dtype=object) for s in zip(*adressen, strict=True)]
    raum, grund = verzeichnis.finde(*spalten)
    return [verzeichnis.raum_ids[r] if r >= 0 else GRUENDE[g] for r, g in zip(raum, grund, strict=True)]


@pytest.mark.parametrize(
    "schreibweise",
    ["Goethestraße", "Goethestr.", "goethe-straße", "GOETHE STRASSE", "Goethestrasse", "Goethe Str", " Goethe­str. "],
)
def test_a_street_is_found_however_it_is_written(verzeichnis, schreibweise):
    assert finde(verzeichnis(), (schreibweise, "7")) == ["05999004"]


@pytest.mark.parametrize(
    ("eine", "andere"),
    [
        ("Müllerweg", "Muellerweg"),
        ("Müllerweg", "Mu\u0308llerweg"),  # decomposed, as a Mac writes it
        ("St.-Anna-Platz", "Sankt Anna Pl."),
        ("Straße des 17. Juni", "Str. des 17.Juni"),
        ("Caféring", "Cafe Ring"),
        ("Käthe-Kollwitz-Straße", "KAETHE KOLLWITZ STR"),
    ],
)
def test_normal_forms_agree(eine, andere):
    assert normalisiere(eine) == normalisiere(andere) != ""


def test_different_streets_stay_different():
    namen = [
        "Am Markt",
        "Markt",
        "Marktstraße",
        "Marktweg",
        "Alter Markt",
        "Platz",
        "Poststraße",
        "Post",
        "Stratmannweg",
    ]
    assert len({normalisiere(n) for n in namen}) == len(namen)


def test_odd_and_even_sides_and_ranges(verzeichnis):
    v = verzeichnis()
    assert finde(v, ("Goethestraße", "98"), ("Goethestraße", "99"), ("Goethestraße", "101"), ("Lange Str.", "500")) == [
        "05999008", "05999004", "Hausnummer außerhalb", "05999012",
    ]  # fmt: skip


def test_letters_behind_the_number(verzeichnis):
    adressen = [
        ("Lange Straße", n) for n in ("12", "12z", "13", "13 A", "13b", "14a", "012", "14-16", "12 1/2", "12 HH")
    ]
    raeume = ["05999008", "05999008", "Hausnummer außerhalb", "05999012", "Hausnummer außerhalb", "05999012"]
    assert finde(verzeichnis(), *adressen) == [*raeume, "05999008", "05999012", "05999008", "05999008"]


def test_without_a_number_a_street_in_one_raum_is_enough(verzeichnis):
    v = verzeichnis()
    assert finde(v, ("Am Markt", ""), ("Am Markt", "o. Nr."), ("Goethestr.", ""), ("", "3"), ("Nirgends", "3")) == [
        "05999004", "05999004", "Hausnummer fehlt oder unlesbar", "keine Anschrift", "Straße unbekannt",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "teile"),
    [
        ("Am Markt 12a", ("Am Markt", "12a")),
        ("Hauptstr.12", ("Hauptstr.", "12")),
        ("Straße des 17. Juni 135", ("Straße des 17. Juni", "135")),
        ("Lange Str. 14, 2. OG", ("Lange Str.", "14")),
        ("Lange Str. 14 - 16", ("Lange Str.", "14 - 16")),
        ("Am Markt", ("Am Markt", "")),
        ("", ("", "")),
    ],
)
def test_street_and_number_in_one_column(text, teile):
    assert trenne_anschrift(text) == teile


def test_numbers_are_read_in_order():
    folge = ["1", "1a", "1b", "1z", "2", "10", "10 1/2", "11", "999"]
    assert [lies_hausnummer(n) for n in folge] == sorted(lies_hausnummer(n) for n in folge)
    assert [lies_hausnummer(n) for n in ("", "a", "0", "Nr", "12345")] == [-1] * 5


MIT_ORT = """strasse;plz;ort;raum_id
Hauptstraße;53111;Altstadt;05999004
Hauptstraße;53112;Bahnhof;05999008
Bahnweg;53112;Bahnhof;05999008
"""


def test_the_same_street_in_two_towns(verzeichnis):
    v = verzeichnis(MIT_ORT)
    adressen = [("Hauptstr.", "1", "53111", ""), ("Hauptstr.", "1", "", "BAHNHOF"), ("Hauptstr.", "1", "", ""),
                ("Hauptstr.", "1", "53119", ""), ("Bahnweg", "1", "", ""), ("Bahnweg", "1", "53111", "")]  # fmt: skip
    assert finde(v, *adressen) == [
        "05999004", "05999008", "Anschrift mehrdeutig", "Straße unbekannt", "05999008", "Straße unbekannt",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("zeilen", "wo"),
    [
        ("Am Markt;1;10;;;05999004\nAm Markt;10;20;;;05999008", "Zeile 2 und 3"),
        ("Am Markt;;;;;05999004\nWeg;;;;;05999004\nam markt;4;4;;;05999008", "Zeile 2 und 4"),
        ("Am Markt;1;9;ungerade;;05999004\nAm Markt;5;6;;;05999008", "Zeile 2 und 3"),
        ("Am Markt;12;12;;;05999004\nAm Markt;12;;;b;05999008", "Zeile 2 und 3"),
    ],
)
def test_lines_that_contradict_each_other_are_named(verzeichnis, zeilen, wo):
    with pytest.raises(GebietError, match="widerspricht sich: 1 Paar") as fehler:
        verzeichnis(f"strasse;von;bis;seite;zusatz;raum_id\n{zeilen}\n")
    assert wo in fehler.value.wo
    assert "2015_strassen.csv" in fehler.value.wo


@pytest.mark.parametrize(
    ("zeile", "wo"),
    [
        ("Am Markt;1;10;links;;05999004", "Zeile 2: die Seite »links«"),
        ("Am Markt;10;1;;;05999004", "Zeile 2: der Bereich 10 bis 1 läuft rückwärts"),
        ("Am Markt;x;10;;;05999004", "Zeile 2: »x« ist keine Hausnummer"),
        ("Am Markt;1;10;;a;05999004", "Zeile 2: ein Zusatz gilt nur"),
        ("Am Markt;1;10;;;05999999", "Zeile 2: den Raum »05999999« gibt es"),
        (";1;10;;;05999004", "Zeile 2: die Straße ist leer"),
    ],
)
def test_a_line_that_cannot_be_meant_is_named(verzeichnis, zeile, wo):
    with pytest.raises(GebietError) as fehler:
        verzeichnis(f"strasse;von;bis;seite;zusatz;raum_id\n{zeile}\n")
    assert wo in fehler.value.wo


def test_overlapping_lines_of_the_same_raum_do_no_harm(verzeichnis):
    v = verzeichnis("strasse;von;bis;raum_id\nAm Markt;1;10;05999004\nAm Markt;5;20;05999004\n")
    assert finde(v, ("Am Markt", "3"), ("Am Markt", "7"), ("Am Markt", "20c"), ("Am Markt", "21")) == [
        "05999004", "05999004", "05999004", "Hausnummer außerhalb",
    ]  # fmt: skip


def test_a_missing_directory_and_a_wrong_head_say_what_to_do(verzeichnis, tmp_path):
    with pytest.raises(GebietError, match=r"unbekannt: str\)"):
        verzeichnis("str;raum_id\nx;05999004\n")
    (tmp_path / "gebiete" / "test" / "2015_strassen.csv").unlink()
    gebiet = read_gebiet(tmp_path / "gebiete" / "test")
    with pytest.raises(GebietError, match="lässt sich nicht lesen"):
        Strassenverzeichnis.read(gebiet, gebiet.gebietsstaende[0])
    ohne = gebiet.gebietsstaende[0].model_copy(update={"strassen": None})
    with pytest.raises(GebietError, match="gibt es kein Straßenverzeichnis") as fehler:
        Strassenverzeichnis.read(gebiet, ohne)
    assert "strasse;von;bis;seite;zusatz;plz;ort;raum_id" in fehler.value.tun


@pytest.mark.parametrize("same", range(3))
def test_many_ranges_agree_with_looking_through_every_line(verzeichnis, same):
    zufall, zeilen = random.Random(same), []
    for strasse in ("A", "B", "C"):
        for seite in ("gerade", "ungerade"):
            stelle = 1
            while stelle < 120:
                bis = stelle + zufall.randrange(0, 15)
                if zufall.random() < 0.8:
                    zeilen.append((strasse, stelle, bis, seite, zufall.choice(["05999004", "05999008", "05999012"])))
                stelle = bis + 1
    zufall.shuffle(zeilen)
    v = verzeichnis("strasse;von;bis;seite;raum_id\n" + "".join(";".join(map(str, z)) + "\n" for z in zeilen))
    for strasse in ("A", "B", "C"):
        erwartet = []
        for nummer in range(1, 150):
            seite = "ungerade" if nummer % 2 else "gerade"
            treffer = [r for s, von, bis, auf, r in zeilen if s == strasse and von <= nummer <= bis and auf == seite]
            erwartet.append(treffer[0] if treffer else "Hausnummer außerhalb")
        assert finde(v, *((strasse, f"{n}a") for n in range(1, 150))) == erwartet
