"""The catalogue of Kennzahlen: every worked example, every rule of the file format, every error as a recipe."""

import re
from pathlib import Path

import pytest

from etl.quelle import read_quellen
from geodata.fehler import KatalogError
from indicators.kennzahl import ORDNER, THEMEN, check_katalog, read_kennzahl, read_kennzahlen

KENNZAHLEN = read_kennzahlen()
QUELLEN = Path(__file__).parent.parent / "etl" / "quellen"
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


V1, V2 = ("[[version]]\nnr = 1\nab = 2025-01-01\n", "[[version]]\nnr = 2\nab = 2026-01-01\n")


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
        assert re.search(r"\((INKAR|RKI|MSS|MSB|Zensus)\)$", kennzahl.titel)
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


# ------------------------------------------------------------- the standard catalogue

BESTAETIGT = (  # number → id: seen in a source
    "D01 bevoelkerung, D02 bevoelkerungsentwicklung_5j, D10 anteil_migrationshintergrund, D12 anteil_alleinerziehende, "
    "A01 sgb2_quote, A02 sgb2_rlb_quote, A03 sgb2_elb_quote, A04 kinderarmut_u15, A05 kinderarmut_u18, "
    "A06 kinder_u18_in_bg, A07 alleinerziehenden_hilfequote, A10 arbeitslosenanteil, A11 langzeitarbeitslosenanteil, "
    "A13 beschaeftigungsquote, A14 mindestsicherungsquote, A15 mindestsicherungsquote_u18, S01 grundsicherung_alter, "
    "S02 grundsicherung_em, S03 hlu_quote, S04 hzp_dichte, S05 hzp_ambulante_quote, S06 hzp_aufwand_je_lb, "
    "S08 hzp_ohne_pflegeversicherung, P01 pflegequote, P02 pflegequote_65_plus, P06a pflege_anteil_pflegegeld, "
    "P06b pflege_anteil_ambulant, P06c pflege_anteil_stationaer, P06d pflege_anteil_pg1_ohne, "
    "P07 versorgungsquote_stationaer, P09 kurzzeitpflegeplaetze, P10 tagespflegeplaetze, "
    "P11 pflegebeduerftige_je_dienst, P13 angebote_alltag, P15 pflegebeduerftige_prognose, H01 hze_falldichte, "
    "H02 hze_inanspruchnahme, "
    "H04 hze_aufwand_je_fall, H05 hze_aufwand_je_ew_u21, H06 hze_falldichte_heim, H08 hze_junge_volljaehrige, "
    "H09 gefaehrdungseinschaetzungen, W02 kdu_je_bg, W04a leerstandsquote, W04b nettokaltmiete_median, "
    "W05 wohnungslose_untergebracht, W07 wohndauer_5_plus, G01 seu_sprache, G02 seu_adipositas, G03 seu_u9, "
    "G04 vorzeitige_sterblichkeit"
)
OFFEN = (  # number → id: still to be confirmed
    "D03 jugendquotient, D04 altenquotient, D05 anteil_80_plus, D06 greying_index, D07 aging_index, "
    "D08 unterstuetzungspotenzial, D09 anteil_nichtdeutsche, D11 wanderungssaldo, D13 anteil_alleinlebende_75_plus, "
    "A08 sgb2_langzeitbezug, A09 sgb2_aufstocker, A12 jugendarbeitslosenanteil, A16 asylblg_quote, "
    "S07 hzp_aufwand_je_ew65, S09 egh_quote, P03 pflegequote_80_plus, P04 pflegequote_standardisiert, "
    "P05 anteil_pflegegrad_4_5, P08 auslastung_stationaer, P12 pflegepersonal_ambulant, P14 pflege_wg_plaetze, "
    "H03 hze_anteil_ambulant, H07 hze_anteil_vollzeitpflege, H10 inobhutnahmen, H11 betreuungsquote_u3, "
    "W01 wohngeldhaushalte, W03 wohnkostenluecke, W06 preisgebundene_mietwohnungen, B01 schulabgang_ohne_abschluss, "
    "B02 uebergang_gymnasium, B03 ogs_quote, B04 schulsozialindex, G05 schwerbehindertenquote, G06 hausarztdichte"
)


def katalog(text: str) -> dict[str, str]:
    return {name: nr for nr, name in (teil.split() for teil in text.split(", "))}


def test_the_51_confirmed_kennzahlen_are_there_under_their_numbers():
    soll = katalog(BESTAETIGT)
    assert len(soll) == 51
    assert {name: KENNZAHLEN[name].nr for name in soll} == soll
    assert not [name for name in soll if KENNZAHLEN[name].entwurf or not KENNZAHLEN[name].bestaetigt]


def test_the_34_open_ones_are_marked_and_say_what_is_open():
    soll = katalog(OFFEN)
    assert len(soll) == 34
    assert {name: KENNZAHLEN[name].nr for name in soll} == soll
    assert not [name for name in soll if KENNZAHLEN[name].bestaetigt or not KENNZAHLEN[name].beleg]


def test_only_kennzahlen_nobody_delivers_yet_are_hidden_as_drafts():
    assert {k.id for k in KENNZAHLEN.values() if k.entwurf} < set(katalog(OFFEN))
    assert all(k.lieferung for k in KENNZAHLEN.values() if k.entwurf)


def test_undelivered_merkmale_have_a_german_name_and_somebody_who_has_to_deliver_them():
    quellen = read_quellen(QUELLEN)
    geliefert = {m for q in quellen.values() for m in q.merkmale}
    check_katalog(KENNZAHLEN, geliefert)
    for kennzahl in (k for k in KENNZAHLEN.values() if k.art != "index"):
        fehlt = {m for m in (*kennzahl.zaehler, *kennzahl.nenner) if m not in geliefert}
        assert fehlt <= set(kennzahl.merkmaltitel), kennzahl.id
        assert bool(fehlt) <= bool(kennzahl.lieferung), kennzahl.id


def test_kinderarmut_has_three_named_definitions():
    gruppe = {k.id: k.variante for k in KENNZAHLEN.values() if k.variante_von == "kinderarmut"}
    assert set(gruppe) == {"kinderarmut_u15", "kinderarmut_u18", "kinder_u18_in_bg"}
    assert len(set(gruppe.values())) == 3


def test_a_break_may_concern_one_version_only():
    bevoelkerung = KENNZAHLEN["bevoelkerung"]
    register, fortschreibung = (bevoelkerung.fassung({m}) for m in ("bev_gesamt", "fs_gesamt"))
    assert bevoelkerung.brueche(register) == ()
    assert [b.ab.year for b in bevoelkerung.brueche(fortschreibung)] == [2011, 2022]


def test_whoever_may_be_denied_names_his_measure_of_completeness():
    mass = KENNZAHLEN["hzp_ohne_pflegeversicherung"].vollstaendigkeit
    assert (mass.kennzahl, mass.mindestens) == ("hzp_versichertenstatus_bekannt", 90)


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
        ("pro = 100", "pro = 100\njahre = 5", "Veränderung (und nur sie)", "jahre", ""),
        ("pro = 100", "pro = 100\ngewichte = [1, 2]", "gehören zur Art »standardisiert«", "gewichte", ""),
        ("pro = 100", 'pro = 100\nvariante = "x"', "worin er abweicht", "variante", ""),
        ("[beispiel]", '[merkmaltitel]\nhaus = "Haus"\n[beispiel]', "»haus« ist kein Merkmal", "merkmaltitel", ""),
        ("[beispiel]", "[[version]]\nnr = 2\nab = 2026-01-01\n[beispiel]", "1, 2, 3", "version", ""),
        ("[beispiel]", f"{V1}\n{V2}\n[beispiel]", "behält ihre definition", "version", ""),
        ("[beispiel]", f'{V1}definition = "alt"\n{V2}\n[beispiel]', "was anders ist", "version", ""),
        ("[beispiel]", f"{V2}{V1}\n[beispiel]", "1, 2, 3", "version", ""),
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


def test_an_old_version_keeps_its_texts(eintrag):
    alt = f'{V1}definition = "Je 100 Menschen."\nformel = "Berechtigte ÷ Menschen × 100"\n'
    kennzahl = eintrag(("[beispiel]", f'{alt}{V2}aenderung = "Neuer Nenner."\n[beispiel]'))
    assert kennzahl.version_nr == 2
    assert [v.definition for v in kennzahl.version] == ["Je 100 Menschen.", ""]
    assert eintrag().version_nr == 1


def test_an_undelivered_merkmal_is_allowed_with_a_named_delivery_only(eintrag):
    check_katalog({"sgb2_quote": eintrag(("pro = 100", 'pro = 100\nlieferung = "Jobcenter: Fälle je Raum"'))}, set())
    with pytest.raises(KatalogError, match="liefert keine Quelle") as fehler:
        check_katalog({"sgb2_quote": eintrag()}, set())
    assert "lieferung" in fehler.value.tun


def test_the_measure_of_completeness_must_exist(eintrag):
    mass = '[vollstaendigkeit]\nkennzahl = "sgb2_quoten"\nmindestens = 90\n[beispiel]'
    with pytest.raises(KatalogError, match="»sgb2_quoten« gibt es nicht") as fehler:
        check_katalog(
            {"sgb2_quote": eintrag(("[beispiel]", mass))},
            {"sgb2_lb", "bev_unter_rag", "sgb2_rlb", "bev_0_17", "bev_18_64"},
        )
    assert fehler.value.tun == "Gemeint »sgb2_quote«?"
