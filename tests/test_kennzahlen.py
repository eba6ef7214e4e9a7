"""The catalogue of Kennzahlen: every worked example, every rule of the file format, every error as a recipe."""

import re
from pathlib import Path

import pytest

from geodata.fehler import KatalogError
from indicators.kennzahl import ORDNER, THEMEN, check_katalog, read_kennzahl, read_kennzahlen

KENNZAHLEN = read_kennzahlen()
alle = pytest.mark.parametrize("kennzahl", KENNZAHLEN.values(), ids=lambda k: k.id)

EINTRAG = """\
titel = "SGB-II-Quote"
kurz = "SGB-II-Quote"
thema = "armut"
art = "quote"
zaehler = ["sgb2_lb"]
nenner = ["bev_unter_rag"]
pro = 100
einheit = "%"
polaritaet = "belastung"
quelle = "Jobcenter"
lesart = "Von 100 Menschen erhalten {wert} Leistungen."
definition = "Leistungsberechtigte je 100 Menschen unter der Regelaltersgrenze."

[[ersatz]]
zaehler = ["sgb2_rlb"]
nenner = ["bev_0_17", "bev_18_64"]
hinweis = "Nenner: unter 65 Jahre"
naeherung = true
lesart = "Auf 100 Menschen unter 65 Jahren kommen {wert} Berechtigte."

[beispiel]
sgb2_lb = 84
bev_unter_rag = 1200
ergebnis = 7.0
"""


@pytest.fixture
def eintrag(tmp_path):
    """Write EINTRAG with replacements to sgb2_quote.toml and read it."""

    def schreibe(*tausch: tuple[str, str], name: str = "sgb2_quote", ordner: Path = tmp_path):
        text = EINTRAG
        for alt, neu in tausch:
            assert alt in text
            text = text.replace(alt, neu)
        ordner.mkdir(exist_ok=True)
        (ordner / f"{name}.toml").write_text(text, encoding="utf-8")
        return read_kennzahl(ordner / f"{name}.toml")

    return schreibe


# ------------------------------------------------------------- the shipped catalogue


@alle
def test_worked_example(kennzahl):
    assert kennzahl.compute(kennzahl.beispiel.zahlen) == pytest.approx(kennzahl.beispiel.ergebnis)


@alle
def test_fortschreibung_and_melderegister_never_meet_in_one_quotient(kennzahl):
    for fassung in kennzahl.fassungen:
        basis = {"fs" if m.startswith("fs_") else "register" for m in fassung.merkmale if re.match("fs_|bev_|hh_", m)}
        assert len(basis) <= 1, f"{kennzahl.id}: {sorted(fassung.merkmale)}"


@alle
def test_reading_aid_is_a_sentence_with_the_number_in_it(kennzahl):
    for fassung in kennzahl.fassungen:
        assert fassung.lesart.count("{wert}") == 1
        assert fassung.lesart.endswith(".")
        assert len(fassung.lesart) <= 150
        # the base it names is the base it is divided by
        if "%" in kennzahl.einheit or kennzahl.einheit.startswith("je"):
            assert re.search(rf"\b{re.escape(f'{kennzahl.pro:,.0f}'.replace(',', '.'))}\b", fassung.lesart) or (
                kennzahl.art == "uebernommen"
            )


@alle
def test_texts_are_complete_german_sentences_without_leftovers(kennzahl):
    for text in (kennzahl.definition, *kennzahl.fallstricke):
        assert text[0].isupper()
        assert text.endswith((".", "!"))
    for text in (kennzahl.titel, kennzahl.kurz, kennzahl.definition, kennzahl.lesart, *kennzahl.fallstricke):
        assert "  " not in text
        assert text == text.strip()
        assert not re.search(r"\b(fuer|ueber|ue|oe|ae|groesse|Buergergeld)\b", text)


@alle
def test_foreign_rates_name_their_publisher_in_the_title(kennzahl):
    if kennzahl.art == "uebernommen":
        assert re.search(r"\((INKAR|RKI|MSS)\)$", kennzahl.titel)
        assert kennzahl.herausgeber


@alle
def test_breaks_stand_in_order(kennzahl):
    tage = [bruch.ab for bruch in kennzahl.bruch]
    assert tage == sorted(tage)


def test_short_titles_tell_the_entries_apart():
    assert len({k.kurz for k in KENNZAHLEN.values()}) == len(KENNZAHLEN)
    assert len({k.titel for k in KENNZAHLEN.values()}) == len(KENNZAHLEN)


def test_care_breaks_2017_separate_every_series_of_persons_in_care():
    for kennzahl in KENNZAHLEN.values():
        gezaehlt = {m for m in kennzahl.zaehler + kennzahl.nenner if m.startswith("pflegebeduerftige")}
        if gezaehlt and "pflege_pg1_ohne" not in kennzahl.zaehler:
            assert any(b.ab.year == 2017 and b.wirkung == "trennt" for b in kennzahl.bruch), kennzahl.id


def test_order_is_thema_then_reihenfolge_then_id():
    themen = [k.thema for k in KENNZAHLEN.values()]
    assert list(dict.fromkeys(themen)) == list(THEMEN)
    for thema in THEMEN:
        reihen = [(k.reihenfolge, k.id) for k in KENNZAHLEN.values() if k.thema == thema]
        assert reihen == sorted(reihen)


def test_file_names_are_the_ids():
    assert {p.stem for p in ORDNER.glob("*.toml")} == set(KENNZAHLEN)


@pytest.mark.parametrize(
    ("kennzahl_id", "geliefert", "nenner", "naeherung"),
    [
        ("arbeitslosenanteil", {"al_gesamt", "bev_15_unter_rag", "bev_15_64"}, ("bev_15_unter_rag",), False),
        ("arbeitslosenanteil", {"al_gesamt", "bev_15_64"}, ("bev_15_64",), True),  # Rhein-Sieg-Kreis
        ("arbeitslosenanteil", {"al_gesamt", "bev_18_64"}, ("bev_18_64",), True),  # Flensburg
        ("arbeitslosenanteil", {"al_gesamt", "fs_15_64"}, ("fs_15_64",), True),  # Nordrhein-Westfalen
        ("kinderarmut_u15", {"sgb2_nef_u15", "bev_0_17"}, ("bev_0_17",), True),
        ("pflegequote", {"pflegebeduerftige", "fs_gesamt"}, ("fs_gesamt",), False),
    ],
)
def test_real_territories_use_the_denominator_they_have(kennzahl_id, geliefert, nenner, naeherung):
    fassung = KENNZAHLEN[kennzahl_id].fassung(geliefert)
    assert (fassung.nenner, fassung.naeherung) == (nenner, naeherung)
    assert bool(fassung.hinweis) == naeherung


# ------------------------------------------------------------- reading one entry


def test_without_a_delivered_merkmal_there_is_no_version(eintrag):
    kennzahl = eintrag()
    assert kennzahl.fassung({"sgb2_lb"}) is None
    assert kennzahl.fassung(set()) is None


def test_a_substitute_keeps_what_it_does_not_replace(eintrag):
    kennzahl = eintrag(('zaehler = ["sgb2_rlb"]\n', ""))
    fassung = kennzahl.fassung({"sgb2_lb", "bev_0_17", "bev_18_64"})
    assert fassung.zaehler == ("sgb2_lb",)
    assert fassung.nenner == ("bev_0_17", "bev_18_64")
    assert fassung.lesart == "Auf 100 Menschen unter 65 Jahren kommen {wert} Berechtigte."


def test_later_folders_overlay_earlier_ones(eintrag, tmp_path):
    eintrag(ordner=tmp_path / "mit")
    eintrag(('titel = "SGB-II-Quote"', 'titel = "Unsere Quote"'), ordner=tmp_path / "eigen")
    eintrag(ordner=tmp_path / "eigen", name="zweite")
    gelesen = read_kennzahlen(tmp_path / "mit", tmp_path / "eigen")
    assert {k: v.titel for k, v in gelesen.items()} == {"sgb2_quote": "Unsere Quote", "zweite": "SGB-II-Quote"}


def test_entries_without_reihenfolge_come_last(eintrag, tmp_path):
    eintrag(name="a")
    eintrag(('art = "quote"', 'reihenfolge = 20\nart = "quote"'), name="b")
    eintrag(('art = "quote"', 'reihenfolge = 10\nart = "quote"'), name="c")
    assert list(read_kennzahlen(tmp_path)) == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("alt", "neu", "was", "wo", "tun"),
    [
        ("polaritaet", "polarität_", "", "sgb2_quote.toml", ""),  # not even TOML
        ('polaritaet = "belastung"', 'polaritat = "belastung"', "»polaritaet« fehlt", "polaritaet", ""),
        ('quelle = "Jobcenter"', 'quelle = "J"\nlesartt = "x"', "»lesartt« ist unbekannt", "lesartt", "»lesart«"),
        ('quelle = "Jobcenter"', 'quelle = "J"\nid = "x"', "»id« ist unbekannt", "id", "Dateiname"),
        ('thema = "armut"', 'thema = "geld"', "»thema«", "thema", "demografie, armut"),
        ("naeherung = true", 'naeherung = "ja"', "»ersatz.0.naeherung«", "ersatz.0.naeherung", ""),
        ('hinweis = "Nenner: unter 65 Jahre"\n', "", "eigene lesart", "ersatz.0.hinweis", ""),
        ('kurz = "SGB-II-Quote"', f'kurz = "{"x" * 29}"', "»kurz«", "kurz", "28 Zeichen"),
        ('zaehler = ["sgb2_lb"]', 'zaehler = "sgb2_lb"', "»zaehler«", "zaehler", "Liste"),
        ("pro = 100", "pro = 1000", "pro = 100", "pro", ""),
        ('nenner = ["bev_unter_rag"]\n', "", "braucht einen Nenner", "nenner", ""),
        ('art = "quote"', 'art = "anzahl"', "weder nenner noch pro", "nenner", ""),
        ("{wert} Leistungen", "{zahl} Leistungen", "{wert}", "lesart", ""),
        ("{wert} Leistungen", "{wert Leistungen", "{wert}", "lesart", ""),
        ("sgb2_lb = 84", "sgb2_lb = 85", "Gerechnet 7.08333, angegeben 7", "beispiel.ergebnis", ""),
        ("sgb2_lb = 84", "sgb2_rlb = 84", "genau eine Zahl je Merkmal", "beispiel", ""),
        ("ergebnis = 7.0\n", "", "»beispiel.ergebnis« fehlt", "beispiel.ergebnis", ""),
    ],
)
def test_errors_name_file_key_and_remedy(eintrag, alt, neu, was, wo, tun):
    with pytest.raises(KatalogError) as fehler:
        eintrag((alt, neu))
    assert "Kennzahl »sgb2_quote«" in fehler.value.was
    assert was in fehler.value.was
    assert "sgb2_quote.toml" in fehler.value.wo
    assert wo in fehler.value.wo
    assert tun in fehler.value.tun
    assert fehler.value.tun
    assert not re.search(r"Input should|Field required|Extra inputs", str(fehler.value))


def test_an_entry_without_example_does_not_load(eintrag):
    with pytest.raises(KatalogError, match="»beispiel« fehlt"):
        eintrag((EINTRAG[EINTRAG.index("[beispiel]") :], ""))


def test_file_in_another_encoding_is_refused(tmp_path):
    pfad = tmp_path / "sgb2_quote.toml"
    pfad.write_text(EINTRAG.replace("Leistungen", "Bezüge"), encoding="cp1252")
    with pytest.raises(KatalogError, match="UTF-8"):
        read_kennzahl(pfad)


@pytest.mark.parametrize("name", ["SGB2", "quote-neu", "1quote", "größe"])
def test_file_name_must_be_an_identifier(eintrag, name):
    with pytest.raises(KatalogError, match="keine gültige Kennung"):
        eintrag(name=name)


def test_unknown_merkmal_is_answered_with_the_nearest_name(eintrag):
    katalog = {"sgb2_quote": eintrag()}
    bekannt = {"sgb2_lb", "bev_unter_rag", "sgb2_rlb", "bev_0_17", "bev_18_64"}
    check_katalog(katalog, bekannt)

    with pytest.raises(KatalogError) as fehler:
        check_katalog(katalog, bekannt - {"bev_18_64"} | {"bev_18_65"})
    assert "»bev_18_64«" in fehler.value.was
    assert fehler.value.wo == "sgb2_quote.toml, Schlüssel ersatz.0.nenner"
    assert fehler.value.tun == "Gemeint »bev_18_65«?"
