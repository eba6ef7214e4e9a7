"""Every bad file: which exception, does the message name file, place and remedy, and is nothing changed?"""

import zipfile

import openpyxl
import pytest

from etl.gruppen import pruefe_lieferung
from etl.load import load
from etl.read import flache_namen, read_lieferung
from geodata.fehler import LieferungError
from tests.lieferungen import GUT, baue_gebiet, baue_quelle, schreibe

ZEILE_4 = "05999004;Altstadt;1.245;900;345"


@pytest.fixture
def gebiet(tmp_path):
    return baue_gebiet(tmp_path / "gebiete")


@pytest.fixture
def lies(tmp_path, gebiet):
    """Deliver a text (or bytes) for 2022 and read it."""

    def lies(inhalt=GUT, *profil, name="sgb2_2022.csv", zeichensatz="cp1252"):
        quelle = baue_quelle(tmp_path / "quellen", *profil)
        return pruefe_lieferung(schreibe(tmp_path / name, inhalt, zeichensatz), quelle, gebiet)

    return lies


def werte(lieferung):
    frame = lieferung.frame
    return {(z.raum_id, z.merkmal): (z.wert if z.wert == z.wert else None, z.status) for z in frame.itertuples()}


def test_every_value_has_its_place(lies):
    lieferung = lies()
    altstadt = lieferung.frame.iloc[0]
    assert (altstadt.raum_id, altstadt.merkmal, altstadt.wert) == ("05999004", "sgb2_rlb", 1245)
    assert (altstadt.zeile, altstadt.spalte, f"{altstadt.stichtag:%d.%m.%Y}") == (
        4,
        "Leistungsberechtigte",
        "31.12.2022",
    )
    assert len(lieferung.frame) == 4 * 3  # three Kommunen and the Rest-Raum; the total row is checked, not loaded
    assert werte(lieferung)["05999012", "sgb2_nef"] == (0, "offen")
    assert werte(lieferung)["05999-R", "sgb2_rlb"] == (3, "offen")


SCHLECHT = {
    "leere Datei": ("", (), "Datei ist leer", "sgb2_2022.csv", "neu anfordern"),
    "nur der Kopf": (GUT.splitlines()[2], (), "stehen keine Daten", "Zeile 1", "vollständig"),
    "Komma statt Semikolon": (
        GUT.replace(";", ","),
        (),
        "1 Spalte gefunden, erwartet mindestens 4; die Datei trennt vermutlich mit Komma statt Semikolon",
        "sgb2_2022.csv",
        "trennzeichen = ','",
    ),
    "Kopfzeile heißt anders": (
        GUT.replace("Schlüssel", "Schluessel"),
        (),
        "Die Kopfzeile mit »Schlüssel« fehlt",
        "»Leistungsberechtigte im Kreis Test«",
        "Gemeint »Schluessel«?",
    ),
    "Spalte umbenannt": (
        GUT.replace(";erwerbsfähig;", ";erwerbsfähige LB;"),
        (),
        "Die Spalte »erwerbsfähig« fehlt",
        "Zeile 3",
        "Gemeint »erwerbsfähige LB«?",
    ),
    "Spalte doppelt": (GUT.replace("Name", "erwerbsfähig"), (), "kommt 2-mal vor", "Zeile 3", "Klären"),
    "unbekannter Schlüssel": (
        GUT.replace("05999012", "05999013"),
        (),
        "Ein Raumschlüssel ist unbekannt",
        "»05999013« (Zeile 6)",
        "Neuer Zuschnitt?",
    ),
    "Schlüssel mit Leerzeichen": (
        GUT.replace("05999012", "05 999 012"), (), "unbekannt", "(Zeile 6)", "enthält Leerzeichen",
    ),
    "12-stelliger Schlüssel": (GUT.replace("05999012", "059990012012"), (), "unbekannt", "(Zeile 6)", 'form = "ars"'),
    "Schlüssel aus Excel": (
        GUT.replace("05999012", "5,99E+06"), (), "in Excel beschädigt", "Zeile 6, Spalte »Schlüssel«", "als Text",
    ),
    "Schlüssel doppelt, anderer Wert": (
        GUT.replace("05999008;Bahnhof", "05999004;Altstadt"),
        (),
        "Der Raum 05999004 kommt am 31.12.2022 mehrfach vor",
        "Zeile 4, Spalte »Leistungsberechtigte«: 1.245, Zeile 5, Spalte »Leistungsberechtigte«: 410",
        "welche Zeile gilt",
    ),
    "Text in Zahlenspalte": (
        GUT.replace("410;", "ca. 410;"), (), "»ca. 410« ist keine Zahl", "Zeile 5, Spalte »Leist", "»ca.« entfernen",
    ),
    "unbekanntes Zeichen": (
        GUT.replace("84;84;-", "84;84;/"), (), "noch ein bekanntes Zeichen", "Zeile 6, Spalte »nicht erw", "erfragen",
    ),
    "leere Zelle": (GUT.replace("84;84;-", "84;84;"), (), "Die Zelle ist leer", "Zeile 6", "nicht_geliefert"),
    "Datum aus Excel": (GUT.replace("410;", "01.03.;"), (), "»01.03.« ist ein Datum", "Zeile 5", "als Text"),
    "Rechenfehler": (GUT.replace("410;", "#BEZUG!;"), (), "Rechenfehler aus Excel", "Zeile 5", "Formel"),
    "Punkt ohne Erklärung": (
        GUT,
        (('tausender = "."', ""),),
        "»1.245« ist mehrdeutig",
        "Zeile 4, Spalte »Leistungsberechtigte«; ebenso Zeile 8",
        "dezimal und tausender",
    ),
    "Komma als Tausenderzeichen": (
        GUT.replace("1.245;900;345", "1,245;900;345"), (), "keine ganze Zahl", "Zeile 4", "Tausenderzeichen?",
    ),
    "negative Anzahl": (GUT.replace(";410;", ";-410;"), (), "-410 eine negative Anzahl", "Zeile 5", "nachfragen"),
    "Teile größer als das Ganze": (
        GUT.replace("84;84;-", "84;84;5"), (), "84 + 5 = 89 statt 84 (05999012, 31.12.2022)", "Zeile 6", "[[korrekt",
    ),
    "Teil größer, anderer Teil geheim": (
        GUT.replace("84;84;-", "84;91;*"), (), "91 + ohne Wert = 91 statt 84", "Zeile 6", "nachfragen",
    ),
    "Summenzeile stimmt nicht": (
        GUT.replace("Insgesamt;;1.742", "Insgesamt;;1.749"),
        (),
        "zusammen 1.742, die Summenzeile (05999) sagt 1.749",
        "Zeile 8",
        "ob ein Raum fehlt",
    ),
    "Raum fehlt": (
        GUT.replace("05999012;Weiler;84;84;-\n", "").replace("1.742;1.287;455", "1.658;1.203;455"),
        (),
        "1 Raum fehlt am 31.12.2022 für »Leistungsberechtigte«: 05999012 Weiler",
        "sgb2_2022.csv",
        "unvollstaendig = true",
    ),
    "Zeile zu kurz": (
        GUT.replace("05999008;Bahnhof;410;300;110", "05999008;Bahnhof;410"),
        (),
        "Die Zeile hat 3 Spalten, die Kopfzeile 5",
        "Zeile 5: 05999008;…;410",
        "Anführungszeichen",
    ),
    "Zeile zu lang": (GUT.replace("410;300", "410;300;1"), (), "Die Zeile hat 6 Spalten", "Zeile 5", "Trennzeichen"),
    "Anführungszeichen offen": (GUT.replace("Bahnhof", '"Bahnhof'), (), "Anführungszeichen", "ab Zeile 5", "doppelt"),
    "Daten hinter Leerzeile": (
        GUT.replace("05999012", "\n05999012"), (), "Hinter dem Ende der Tabelle", "Zeile 7: 05999012", "Leerzeilen",
    ),
    "HTML statt CSV": ("<!DOCTYPE html><html><body>Anmeldung", (), "in Wahrheit eine HTML-Seite", ".csv", "genügt"),
    "ZIP statt CSV": (b"PK\x03\x04\x14\x00\x00\x00", (), "in Wahrheit eine ZIP- oder Excel-Datei", ".csv", "speichern"),
    "XLS statt CSV": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", (), "alte Excel-Datei", ".csv", "speichern"),
    "PDF statt CSV": (b"%PDF-1.4", (), "PDF", ".csv", "speichern"),
    "UTF-8 als cp1252": (GUT.encode(), (), "Umlaute sind beschädigt: »Ã¼«", "Zeile 3", '"utf-8" eintragen'),
    "cp1252 als UTF-8": (
        GUT, (("cp1252", "utf-8"),), "nicht (durchgehend)", "Zeile 3, Byte 40: vermutlich »ü«", '"cp1252"',
    ),
    "schon beschädigte Umlaute": (
        GUT.replace("fähig", "fÃ¤hig").encode(), (("cp1252", "utf-8"),), "Umlaute sind", "Zeile 3", "neu anfordern",
    ),
    "Nullzeichen": (GUT.replace("Weiler", "Wei\x00ler"), (), "Nullzeichen", "Zeile 6", "neu anfordern"),
    "Summe statt Raum": (GUT.replace("Insgesamt", "Summe"), (), "unbekannt", "»Summe« (Zeile 8)", "[raum] summen"),
    "Raum gab es noch nicht": (GUT.replace("05999012", "05999016"), (), "gab es diese Räume", "05999016", "stand"),
    "falscher Stichtag im Namen": (
        GUT, (("{stichtag:%Y}*", "*"), ("[spalten]", '[stichtag]\nspalte = "Name"\n[spalten]')),
        "»Altstadt« ist kein Stichtag der Form »JJJJ«", "Zeile 4, Spalte »Name«", "[stichtag] format",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def bestand(tmp_path_factory):
    """The bytes of an intern.duckdb that holds the delivery for 2021."""
    ordner = tmp_path_factory.mktemp("bestand")
    quelle = baue_quelle(ordner / "quellen")
    datei = schreibe(ordner / "sgb2_2021.csv", GUT + "\n\n")
    load(baue_gebiet(ordner / "gebiete"), {"sgb2": quelle}, [(quelle, datei)], ordner / "intern.duckdb")
    return (ordner / "intern.duckdb").read_bytes()


@pytest.mark.parametrize("fall", SCHLECHT)
def test_bad_input_stops_with_file_place_and_remedy_and_changes_nothing(fall, tmp_path, gebiet, bestand):
    inhalt, profil, was, wo, tun = SCHLECHT[fall]
    ziel = schreibe(tmp_path / "intern.duckdb", bestand)
    gute_quelle = baue_quelle(tmp_path / "quellen")
    quelle = baue_quelle(tmp_path / "quellen", *profil)
    gut, schlecht = schreibe(tmp_path / "sgb2_2020.csv", GUT + "\n"), schreibe(tmp_path / "sgb2_2022.csv", inhalt)
    with pytest.raises(LieferungError) as fehler:
        load(gebiet, {"sgb2": quelle}, [(gute_quelle, gut), (quelle, schlecht)], ziel)

    assert fehler.value.exit_code == 20
    assert was in fehler.value.was
    assert "Quelle »sgb2«" in fehler.value.was
    assert wo in fehler.value.wo
    assert "sgb2_2022.csv" in fehler.value.wo
    assert tun in fehler.value.tun
    assert ziel.read_bytes() == bestand
    assert [p.name for p in tmp_path.glob("intern*")] == ["intern.duckdb", "intern.duckdb.lock"]


@pytest.mark.parametrize("spalte", ["Vorname", "Geburtsdatum", "Aktenzeichen", "IBAN", "Straße", "E-Mail", "BG-Nummer"])
def test_persons_data_stop_the_delivery_and_are_never_echoed(lies, spalte):
    inhalt = "\n".join(z + (f";{spalte}" if "Name" in z else ";Geheimnis") if ";" in z else z for z in GUT.splitlines())
    with pytest.raises(LieferungError, match="Datenschutz") as fehler:
        lies(inhalt, ('weitere = ["Name"]', 'weitere = "*"'))
    assert spalte in fehler.value.wo
    assert "Geheimnis" not in str(fehler.value)
    assert "löschen" in fehler.value.tun


def test_a_column_name_is_suspicious_until_declared(lies):
    with pytest.raises(LieferungError, match="Datenschutz") as fehler:
        lies(GUT, ('weitere = ["Name"]', ""))
    assert "nur die Namen der Räume" in fehler.value.tun


# ---------------------------------------------------------------- repaired without loss, and reported


HEIL = {
    "führende Null fehlt": (GUT.replace("05999", "5999"), (), "3 Raumschlüssel wurde(n)"),
    "Schlüssel als Kommazahl": (GUT.replace("05999012", "5999012.0"), (), "1 Raumschlüssel wurde(n) ergänzt"),
    "schmales Leerzeichen": (
        GUT.replace("1.245", "1\u202f245").replace("1.742", "1 742").encode(),
        (("cp1252", "utf-8"),),
        "Leerzeichen als Tausenderzeichen",
    ),
    "weitere Spalte": (GUT.replace("Name", "Anmerkung"), (), "nicht gelesen: Anmerkung"),
    "Spalten umgestellt": (
        "\n".join(";".join(z.split(";")[::-1]) for z in GUT.splitlines()), (), None,
    ),
    "doppelte gleiche Zeile": (GUT.replace(ZEILE_4, f"{ZEILE_4}\n{ZEILE_4}"), (), "3 Wert(e) standen doppelt"),
    "BOM": (GUT.encode("utf-8-sig"), (("cp1252", "utf-8"),), None),
    "UTF-16 aus Excel": (GUT.encode("utf-16"), (), "Unicode-Text"),
    "zweiter Zeichensatz erlaubt": (
        GUT, (('"cp1252"', '"utf-8"\nzeichensatz_ersatz = "cp1252"'),), "nicht in utf-8, sondern in cp1252",
    ),
    "NFD-Umlaute": (GUT.replace("ü", "u\u0308").replace("ä", "a\u0308").encode(), (("cp1252", "utf-8"),), None),
    "Fußnoten darunter": (GUT + "\n\n1) vorläufig\nQuelle: Jobcenter", (), "2 Zeile(n) unter der Tabelle"),
    "Fußnote ohne Leerzeile": (GUT + "Stand: 01.02.2023", (), "1 Zeile(n) unter der Tabelle"),
    "Fußnotenzeichen": (
        GUT.replace(";410;", ";410 1);"), (("[raum]", 'fussnoten = ["1)"]\n[raum]'),), "1 Zahl(en) von Fußnotenzeichen",
    ),
    "Windows-Zeilen, leere Spalten rechts": ("\r\n".join(z + ";;" for z in GUT.splitlines()), (), None),
    "Umbruch in Anführungszeichen": (GUT.replace("Weiler", '"Weiler\nim Tal; Ort"'), (), None),
    "weiches Trennzeichen": (GUT.replace("Schlüssel", "Schlüs\u00adsel").encode(), (("cp1252", "utf-8"),), None),
}  # fmt: skip


@pytest.mark.parametrize("fall", HEIL)
def test_repaired_without_loss_and_reported(lies, fall):
    inhalt, profil, hinweis = HEIL[fall]
    lieferung = lies(inhalt, *profil)
    assert werte(lieferung) == werte(lies())
    assert all(b.schwere == "hinweis" for b in lieferung.befunde)
    texte = [b.text for b in lieferung.befunde]
    assert any(hinweis in text for text in texte) if hinweis else texte == []


def test_signs_become_statuses(lies):
    zeilen = GUT.replace("410;300;110", "410;*;*").replace("84;84;-", "x;...;...")
    gelesen = werte(lies(zeilen.replace("Insgesamt;;1.742;1.287;455\n", "")))
    assert gelesen["05999008", "sgb2_elb"] == (None, "gesperrt_quelle")
    assert gelesen["05999012", "sgb2_rlb"] == (None, "nicht_sinnvoll")
    assert gelesen["05999012", "sgb2_elb"] == (None, "nicht_geliefert")


def test_an_incomplete_delivery_by_declaration(lies):
    inhalt = GUT.replace("05999012;Weiler;84;84;-\n", "").replace("1.742;1.287;455", "1.658;1.203;455")
    lieferung = lies(inhalt, ("[raum]", "unvollstaendig = true\n[raum]"))
    assert werte(lieferung)["05999012", "sgb2_rlb"] == (None, "nicht_geliefert")
    assert lieferung.befunde[-1].schwere == "warnung"


def test_areas_outside_are_left_out_only_by_declaration(lies):
    inhalt = GUT.replace("Insgesamt", "11000000;Berlin;7;7;0\nInsgesamt")
    lieferung = lies(inhalt, ("[raum]", '[raum]\nandere = "auslassen"'))
    assert werte(lieferung) == werte(lies())
    assert "1 Zeile(n) außerhalb des Gebiets" in lieferung.befunde[0].text


def test_a_row_of_the_level_above_is_a_total(lies):
    assert werte(lies(GUT.replace("Insgesamt", "05999"))) == werte(lies())
    with pytest.raises(LieferungError, match=r"sagt 1\.749"):
        lies(GUT.replace("Insgesamt;;1.742", "05999;;1.749"))


def test_left_out_rows_are_counted(lies):
    inhalt = GUT.replace(ZEILE_4, f"{ZEILE_4}\n05999004;davon Frauen;600;400;200")
    lieferung = lies(inhalt, ('weitere = ["Name"]', 'weitere = ["Name"]\nausser = { "Name" = ["davon Frauen"] }'))
    assert werte(lieferung) == werte(lies())
    assert "1 Zeile(n) wurden laut Profil (ausser, nur) ausgelassen" in lieferung.befunde[0].text


# ---------------------------------------------------------------- long tables, rows as parts, headers


LANG = """
titel = "Leistungen"
gebiet = ["test"]
herausgeber = "Sozialamt"
lizenz = "erfunden"
ebene = "kommune"
[datei]
muster = "l*.csv"
tausender = "."
[raum]
spalte = "AGS"
[stichtag]
spalte = "Monat"
format = "%Y-%m"
[lang]
merkmal = ["Leistung", "Alter"]
wert = "Anzahl"
fehlend = "null"
auslassen = ["HLU | alle"]
[lang.werte]
"GSi | 65+" = "sgb12_gsi_alter"
"GSi | unter 65" = "sgb12_gsi_em"
[standard]
einheit = "Personen"
recht = "sgb12"
[merkmale]
sgb12_gsi_alter = { titel = "Alter" }
sgb12_gsi_em = { titel = "Erwerbsminderung" }
sgb12_gsi = { titel = "Zusammen", berechnet = true, summe_aus = ["sgb12_gsi_alter", "sgb12_gsi_em"] }
"""
LANGE_DATEI = """AGS;Monat;Leistung;Alter;Anzahl
05999004;2022-06;GSi;65+;1.020
05999008;2022-06;GSi;65+;30
05999012;2022-06;GSi;65+;7
05999004;2022-06;GSi;unter 65;12
05999004;2022-06;HLU;alle;99
"""


def test_a_long_table_where_a_missing_row_means_none(tmp_path, gebiet):
    quelle = baue_quelle(tmp_path, profil=LANG, name="lang")
    gelesen = werte(lieferung := pruefe_lieferung(schreibe(tmp_path / "l.csv", LANGE_DATEI), quelle, gebiet))
    assert gelesen["05999004", "sgb12_gsi"] == (1032, "offen")  # 1.020 + 12, computed
    assert gelesen["05999012", "sgb12_gsi_em"] == (0, "offen")
    assert f"{lieferung.stichtage[0]}" == "2022-06-30"


def test_an_unknown_name_in_a_long_table_stops(tmp_path, gebiet):
    quelle = baue_quelle(tmp_path, profil=LANG, name="lang")
    with pytest.raises(LieferungError, match=r"»GSi \| 65plus« ist im Profil nicht beschrieben") as fehler:
        pruefe_lieferung(schreibe(tmp_path / "l.csv", LANGE_DATEI.replace("65+", "65plus")), quelle, gebiet)
    assert "Zeile 2" in fehler.value.wo
    assert "Gemeint »GSi | 65+«?" in fehler.value.tun


def test_headers_of_several_rows():
    assert flache_namen([["Nr.", "Männer", "", "Frauen", ""], ["", "unter 3", "ab 3", "unter 3", "ab 3"]]) == [
        "Nr.",
        "Männer | unter 3",
        "Männer | ab 3",
        "Frauen | unter 3",
        "Frauen | ab 3",
    ]
    assert flache_namen([["", "", "Arbeitslose", "Arbeitslose"], ["", "", "", "Ausländer"]]) == [
        "Spalte 1",
        "Spalte 2",
        "Arbeitslose",
        "Arbeitslose | Ausländer",
    ]


# ---------------------------------------------------------------- spreadsheets


XLSX = (
    ("sgb2_{stichtag:%Y}*.csv", "sgb2_*.xlsx"),
    ('zeichensatz = "cp1252"', 'format = "xlsx"\nblatt = "Tabelle *"'),
    ("[spalten]", '[stichtag]\ntitel = "Stichtag: {stichtag:%d.%m.%Y}"\n[spalten]'),
)
ZEILEN = [
    ["Leistungsberechtigte (Stichtag: 31.12.2022)"],
    [],
    ["Schlüssel", "Name", "Leistungsberechtigte", "erwerbsfähig", "nicht erwerbsfähig"],
    ["05999004", "Altstadt", 1245, 900, 345],
    [5999008, "Bahnhof", 410.0, "300", 110],
    ["05999012", "Weiler", 84, 84, "-"],
    ["ohne", "nicht zuordenbar", 3, 3, 0],
    ["Insgesamt", None, 1742, 1287, 455],
    ["Quelle: Jobcenter"],
]


@pytest.fixture
def mappe(tmp_path, gebiet):
    """Write a workbook (changed by `aendere`) and read it."""

    def lies(aendere=lambda mappe, blatt: None):
        mappe = openpyxl.Workbook()
        blatt = mappe.active
        blatt.title = "Tabelle 1"
        for zeile in ZEILEN:
            blatt.append(zeile)
        aendere(mappe, blatt)
        mappe.save(tmp_path / "sgb2_x.xlsx")
        return pruefe_lieferung(tmp_path / "sgb2_x.xlsx", baue_quelle(tmp_path / "q", *XLSX), gebiet)

    return lies


def test_a_workbook_reads_like_the_text_file(mappe, lies):
    lieferung = mappe()
    assert werte(lieferung) == werte(lies())
    bahnhof = lieferung.frame[lieferung.frame["raum_id"] == "05999008"].iloc[0]
    assert (bahnhof.blatt, bahnhof.zeile, bahnhof.spalte) == ("Tabelle 1", 5, "C (Leistungsberechtigte)")


def setze(zelle, wert):
    def aendere(mappe, blatt):
        blatt[zelle] = wert

    return aendere


def test_a_date_in_a_number_cell_names_the_cell(mappe):
    import datetime

    with pytest.raises(LieferungError, match="ist ein Datum") as fehler:
        mappe(setze("D5", datetime.date(2022, 3, 1)))
    assert "Blatt »Tabelle 1«, Zelle D5 (»erwerbsfähig«)" in fehler.value.wo


def test_a_formula_never_calculated_stops(mappe):
    with pytest.raises(LieferungError, match="kein gespeichertes Ergebnis") as fehler:
        mappe(setze("E6", "=C6-D6"))
    assert "Zelle E6" in fehler.value.wo
    assert "in Excel öffnen und speichern" in fehler.value.tun


def test_hidden_and_other_sheets_are_reported(mappe, lies):
    def aendere(mappe, blatt):
        mappe.create_sheet("Notizen")
        mappe.create_sheet("Tabelle 2").sheet_state = "hidden"

    lieferung = mappe(aendere)
    texte = " ".join(b.text for b in lieferung.befunde)
    assert "Blatt »Notizen« wurde nicht gelesen" in texte
    assert "Ausgeblendetes Blatt »Tabelle 2« wurde nicht gelesen" in texte


def test_a_missing_sheet_lists_those_there_are(mappe):
    def aendere(mappe, blatt):
        blatt.title = "Daten"

    with pytest.raises(LieferungError, match=r"Blatt »Tabelle \*« fehlt") as fehler:
        mappe(aendere)
    assert "Blätter: Daten" in fehler.value.wo


def test_a_missing_stichtag_in_the_title(mappe):
    with pytest.raises(LieferungError, match="Stichtag ist nicht zu finden") as fehler:
        mappe(setze("A1", "Leistungsberechtigte"))
    assert "über der Tabelle steht: Leistungsberechtigte" in fehler.value.wo


@pytest.mark.parametrize(
    ("inhalt", "was"),
    [
        (b"Schl\xfcssel;Name", "in Wahrheit eine Textdatei"),
        (b"\xd0\xcf\x11\xe0", "mit Kennwort geschützte"),
        (b"<html><table>", "HTML-Seite"),
        (b"PK\x03\x04kaputt", "Excel-Datei, die beschädigt ist"),
    ],
)
def test_a_file_that_is_no_workbook(tmp_path, gebiet, inhalt, was):
    quelle = baue_quelle(tmp_path / "q", *XLSX)
    with pytest.raises(LieferungError, match=was):
        read_lieferung(schreibe(tmp_path / "sgb2_x.xlsx", inhalt), quelle, gebiet)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path, gebiet):
    with zipfile.ZipFile(tmp_path / "sgb2_x.xlsx", "w", zipfile.ZIP_DEFLATED) as archiv:
        archiv.writestr("xl/workbook.xml", "<x/>")
        with archiv.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as eintrag:
            for _ in range(420):
                eintrag.write(bytes(1 << 20))
    with pytest.raises(LieferungError, match="unzulässig groß"):
        read_lieferung(tmp_path / "sgb2_x.xlsx", baue_quelle(tmp_path / "q", *XLSX), gebiet)
