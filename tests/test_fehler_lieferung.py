"""Every fault of a delivered file by its number (E01–E24, E31–E37, E41, E42, E45): what stops, and in which words.

`pytest tests/test_fehler_lieferung.py --collect-only -q` lists them. A stop (A) must name the file, the place, what was
found and what helps; a repair (W) must give the same numbers and a finding.
E25–E30, E43, E44, E47 and E48 are rules and loading: test_checks, test_load; E38–E40 and E46 boundaries: test_geodata.
"""

import datetime
import io
import re
import zipfile

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
import xlwt
from odfdo import Cell, Document, Element, Row, Table

from etl.gruppen import pruefe_lieferung
from geodata.fehler import LieferungError
from tests.lieferungen import GUT, RAEUME, baue_gebiet, baue_quelle, schreibe

KOPF = GUT.splitlines()[2]
UTF8 = (('zeichensatz = "cp1252"', 'zeichensatz = "utf-8"'),)
TABELLE = [zeile.split(";") for zeile in GUT.splitlines()]


def excel(art: str) -> tuple[tuple[str, str], ...]:
    """Replacements that make the profile one for a workbook."""
    return (
        ("sgb2_{stichtag:%Y}*.csv", f"sgb2_{{stichtag:%Y}}*.{art}"),
        ('zeichensatz = "cp1252"', f'format = "{art}"'),
    )


@pytest.fixture
def gebiet(tmp_path):
    return baue_gebiet(tmp_path / "gebiete")


@pytest.fixture
def lies(tmp_path, gebiet):
    """Deliver bytes or a text for 2022 and read it with the profile, changed by replacements."""

    def lies(inhalt=GUT, *profil, art="csv", zeichensatz="cp1252"):
        quelle = baue_quelle(tmp_path / "quellen", *(excel(art) if art != "csv" else ()), *profil)
        return pruefe_lieferung(schreibe(tmp_path / f"sgb2_2022.{art}", inhalt, zeichensatz), quelle, gebiet)

    return lies


@pytest.fixture
def stoppt(lies):
    """The message of a delivery that must not load: it names the file, and says `teile`."""

    def stoppt(inhalt, *profil, teile, art="csv", zeichensatz="cp1252"):
        with pytest.raises(LieferungError) as fehler:
            lies(inhalt, *profil, art=art, zeichensatz=zeichensatz)
        text = str(fehler.value)
        assert "Quelle »sgb2«" in fehler.value.was
        assert f"sgb2_2022.{art}" in fehler.value.wo
        assert fehler.value.tun
        assert [teil for teil in teile if teil not in text] == [], text
        return text

    return stoppt


def werte(lieferung):
    return {
        (z.raum_id, z.merkmal): (z.wert if z.wert == z.wert else None, z.status) for z in lieferung.frame.itertuples()
    }


def texte(lieferung):
    return " ".join(b.text for b in lieferung.befunde)


def xlsx(tabelle=TABELLE, aendere=lambda mappe, blatt: None) -> bytes:
    """A workbook as Excel leaves it: numbers as numbers."""
    strom = io.BytesIO()
    mappe = xlsxwriter.Workbook(strom)
    blatt, datum = mappe.add_worksheet("Tabelle1"), mappe.add_format({"num_format": "dd.mm.yyyy"})
    for nr, zeile in enumerate(tabelle):
        for spalte, text in enumerate(zeile):
            zahl = text.replace(".", "") if spalte >= 2 else ""
            if re.fullmatch(r"\d\d\.\d\d\.\d{4}", text):
                blatt.write_datetime(nr, spalte, datetime.datetime.strptime(text, "%d.%m.%Y"), datum)
            elif text:
                blatt.write(nr, spalte, int(zahl) if zahl.isdigit() else text)
    aendere(mappe, blatt)
    mappe.close()
    return strom.getvalue()


def xls(tabelle=TABELLE, aendere=lambda blatt: None) -> bytes:
    mappe = xlwt.Workbook()
    blatt = mappe.add_sheet("Tabelle1", cell_overwrite_ok=True)
    for nr, zeile in enumerate(tabelle):
        for spalte, text in enumerate(zeile):
            blatt.write(nr, spalte, text)
    aendere(blatt)
    strom = io.BytesIO()
    mappe.save(strom)
    return strom.getvalue()


def ods(tabelle=TABELLE, aendere=lambda blatt: None) -> bytes:
    dokument = Document("spreadsheet")
    dokument.body.clear()
    blatt = Table("Tabelle1")
    for zeile in tabelle:
        reihe = Row()
        for text in zeile or [""]:
            reihe.append_cell(Cell(text) if text else Cell())
        blatt.append_row(reihe)
    aendere(blatt)
    dokument.body.append(blatt)
    strom = io.BytesIO()
    dokument.save(strom)
    return strom.getvalue()


MAPPEN = {"xlsx": xlsx, "xls": xls, "ods": ods}


def umgebaut(mappe: bytes, teil: str, alt: bytes, neu: bytes) -> bytes:
    """The archive with one text of one part replaced."""
    ziel = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(mappe)) as quelle, zipfile.ZipFile(ziel, "w", zipfile.ZIP_DEFLATED) as archiv:
        for name in quelle.namelist():
            inhalt = quelle.read(name)
            if name == teil:
                assert alt in inhalt
                inhalt = inhalt.replace(alt, neu, 1)
            archiv.writestr(name, inhalt)
    return ziel.getvalue()


@pytest.mark.parametrize("art", MAPPEN)
def test_a_workbook_of_each_kind_reads_like_the_text(lies, art):
    assert werte(lies(MAPPEN[art](), art=art)) == werte(lies())


# ---------------------------------------------------------------- encodings


def test_e01_cp1252_read_as_utf8(lies, stoppt):
    stoppt(GUT, *UTF8, teile=["Zeile 3, Byte 40", "vermutlich »ü«", "zeichensatz eintragen", '"cp1252"'])
    erlaubt = lies(GUT, ('"cp1252"', '"utf-8"\nzeichensatz_ersatz = "cp1252"'))
    assert werte(erlaubt) == werte(lies())
    assert "nicht in utf-8, sondern in cp1252" in texte(erlaubt)


def test_e01_mojibake(stoppt):
    stoppt(GUT.encode(), teile=["Umlaute sind beschädigt: »Ã¼«", "Zeile 3", 'dort "utf-8" eintragen'])


def test_e02_byte_order_mark(lies):
    assert werte(lies(GUT.encode("utf-8-sig"), *UTF8)) == werte(lies())
    ohne_titel = "\n".join(GUT.splitlines()[2:])
    assert werte(lies(ohne_titel.encode("utf-8-sig"), *UTF8)) == werte(lies())  # the BOM stands before »Schlüssel«


def test_e03_unicode_text_of_excel(lies):
    gelesen = lies(GUT.encode("utf-16"))
    assert werte(gelesen) == werte(lies())
    assert "»Unicode-Text« (UTF-16)" in texte(gelesen)


def test_e04_two_encodings_in_one_file(stoppt):
    zeilen = GUT.splitlines()
    gemischt = "\n".join(zeilen[:5]).encode() + "\n05999012;Weiler Süd;84;84;-\n".encode("cp1252")
    stelle = gemischt.index(b"S\xfcd") + 1
    stoppt(gemischt, *UTF8, teile=[f"Zeile 6, Byte {stelle}", "zusammenkopiert: neu liefern"])


# ---------------------------------------------------------------- separators and numbers


def test_e05_comma_instead_of_semicolon(stoppt):
    teile = ["1 Spalte gefunden, erwartet mindestens 4", "vermutlich mit Komma statt Semikolon", "trennzeichen = ','"]
    stoppt(GUT.replace(";", ","), teile=teile)


def test_e06_decimal_comma_in_an_unquoted_comma_file(stoppt):
    inhalt = (
        GUT.replace(";", ",").replace("410,300,110", "410,5,300,110").replace("1.245", "1245").replace("1.742", "1742")
    )
    teile = ["Die Zeile hat 6 Spalten, die Kopfzeile 5", "Zeile 5: 05999008,…,410,5,300,110", "Anführungszeichen"]
    stoppt(inhalt, ('tausender = "."', 'tausender = "."\ntrennzeichen = ","'), teile=teile)


def test_e07_a_point_between_thousands(lies, stoppt):
    assert werte(lies())["05999004", "sgb2_rlb"] == (1245, "offen")
    teile = [
        "»1.245« ist mehrdeutig",
        "Zeile 4, Spalte »Leistungsberechtigte«; ebenso Zeile 8",
        "dezimal und tausender",
    ]
    stoppt(GUT, ('tausender = "."', ""), teile=teile)


@pytest.mark.parametrize("leer", [" ", "\u00a0", "\u202f", "\u2009"])
def test_e08_blanks_between_thousands(lies, leer):
    gelesen = lies(GUT.replace("1.245", f"1{leer}245").encode(), *UTF8)
    assert werte(gelesen) == werte(lies())
    assert "1 Zahl(en) von Leerzeichen als Tausenderzeichen befreit" in texte(gelesen)


@pytest.mark.parametrize(("zahl", "tausender", "dezimal"), [("1'245", "'", ","), ("1,245.0", ",", ".")])
def test_e09_other_thousands(lies, stoppt, zahl, tausender, dezimal):
    inhalt = GUT.replace("1.245", zahl).replace("1.742", "1742").replace("1.287", "1287")
    stoppt(inhalt, teile=[f"»{zahl}« ist mehrdeutig", "Zeile 4", "so eintragen, wie die Datei sie verwendet"])
    erlaubt = ('tausender = "."', f'tausender = "{tausender}"\ndezimal = "{dezimal}"')
    assert werte(lies(inhalt, erlaubt)) == werte(lies())


# ---------------------------------------------------------------- keys


def test_e10_a_lost_leading_zero(lies, stoppt):
    gelesen = lies(GUT.replace("05999012", "5999012"))
    assert werte(gelesen) == werte(lies())
    assert "1 Raumschlüssel wurde(n) ergänzt" in texte(gelesen)
    stoppt(GUT.replace("05999012", "5999099"), teile=["Ein Raumschlüssel ist unbekannt", "»5999099« (Zeile 6)"])


def test_e11_a_key_as_a_float(lies):
    for text in ("5999012.0", "05999012,0"):
        gelesen = lies(GUT.replace("05999012", text))
        assert werte(gelesen) == werte(lies())
        assert "(führende Null, Kommazahl)" in texte(gelesen)


def test_e12_a_key_that_excel_shortened(stoppt):
    teile = ["»5,99E+06« wurde in Excel beschädigt", "Zeile 6, Spalte »Schlüssel«", "als Text ausgeben"]
    stoppt(GUT.replace("05999012", "5,99E+06"), teile=teile)


@pytest.mark.parametrize(
    ("key", "hilfe"),
    [
        ("05 999 012", "enthält Leerzeichen"),
        ("059990012012", 'form = "ars"'),
        ("059990012", "9-stellige Schlüssel eines Gemeindeverbands"),
        ("05998", "Gebietsstand"),
    ],
)
def test_e13_keys_of_another_form(lies, stoppt, key, hilfe):
    stoppt(GUT.replace("05999012", key), teile=["Ein Raumschlüssel ist unbekannt", f"»{key}« (Zeile 6)", hilfe])
    if len(key) == 12:
        alle = GUT.replace("05999004", "059990004004").replace("05999008", "059990008008").replace("05999012", key)
        assert werte(lies(alle, ("[raum]", '[raum]\nform = "ars"'))) == werte(lies())


# ---------------------------------------------------------------- dates


def test_e14_dates_as_serial_numbers(lies, stoppt):
    """44926 is 31.12.2022 counted from 1900, 43464 counted from 1904."""
    mit_datum = "\n".join(z + (";Stand" if "Name" in z else ";44926") if ";" in z else z for z in GUT.splitlines())
    profil = (("{stichtag:%Y}*", "*"), ("[spalten]", '[stichtag]\nspalte = "Stand"\nformat = "FORM"\n[spalten]'))
    for form, zahl in (("excel", "44926"), ("excel1904", "43464")):
        gelesen = lies(mit_datum.replace("44926", zahl), *profil, ("FORM", form))
        assert werte(gelesen) == werte(lies())
        assert f"{gelesen.stichtage[0]}" == "2022-12-31"
    teile = ["»44926« ist kein Stichtag der Form »TT.MM.JJJJ«", "Zeile 4, Spalte »Stand«", "[stichtag] format"]
    stoppt(mit_datum, *profil, ("FORM", "%d.%m.%Y"), teile=teile)


@pytest.mark.parametrize("text", ["01.03.", "01. Mrz", "1. Mär", "2022-03-01", "3. Okt"])
def test_e15_a_value_that_became_a_date(stoppt, text):
    teile = [f"»{text}« ist ein Datum, keine Zahl", "Zeile 5, Spalte »Leistungsberechtigte«", "(etwa 1-3)"]
    stoppt(GUT.replace("410;", f"{text};"), teile=teile)


def test_e15_in_a_workbook_names_the_cell(stoppt):
    def datum(mappe, blatt):
        blatt.write_datetime("D5", datetime.datetime(2022, 3, 1), mappe.add_format({"num_format": "dd.mm.yyyy"}))

    stoppt(xlsx(aendere=datum), art="xlsx", teile=["Zelle D5 (»erwerbsfähig«)", "»2022-03-01« ist ein Datum"])


# ---------------------------------------------------------------- heads, notes, totals


def test_e16_two_header_rows_by_declaration(lies):
    kopf = "Schlüssel;Name;Leistungsberechtigte;;\n;;Insgesamt;erwerbsfähig;nicht erwerbsfähig"
    namen = [
        (f'"{n}" = "sgb2', f'"Leistungsberechtigte | {n}" = "sgb2') for n in ("erwerbsfähig", "nicht erwerbsfähig")
    ]
    profil = (
        ('kopf = "Schlüssel"', 'kopf = "Schlüssel"\nkopf_zeilen = 2'),
        ('"Leistungsberechtigte" =', '"Leistungsberechtigte | Insgesamt" ='),
        *namen,
    )
    assert werte(lies(GUT.replace(KOPF, kopf), *profil)) == werte(lies())


def test_e16_a_merge_out_of_the_head(stoppt):
    def verbinde(mappe, blatt):
        blatt.merge_range("A3:A4", "Schlüssel")

    teile = ["Verbundene Zellen (A3:A4) reichen aus der Kopfzeile in die Daten", "kopf_zeilen = 2"]
    stoppt(xlsx(aendere=verbinde), art="xlsx", teile=teile)


def test_e16_a_header_over_several_columns(stoppt):
    def verbinde(mappe, blatt):
        blatt.merge_range("C3:D3", "Leistungsberechtigte")

    tabelle = [*TABELLE[:2], [*TABELLE[2][:3], "", *TABELLE[2][4:]], *TABELLE[3:]]
    profil = ('"erwerbsfähig" = "sgb2_elb"', '"Spalte 4" = "sgb2_elb"')
    teile = ["»Leistungsberechtigte« überspannt mehrere Spalten (C3:D3)", "Zeile 3", "kopf_zeilen = 2"]
    stoppt(xlsx(tabelle, verbinde), profil, art="xlsx", teile=teile)


@pytest.mark.parametrize("art", MAPPEN)
def test_e16_merged_cells_among_the_data(stoppt, art):
    verbinde = {
        "xlsx": lambda mappe, blatt: blatt.merge_range("C4:C5", 1245),
        "xls": lambda blatt: blatt.merge(3, 4, 2, 2),
        "ods": lambda blatt: blatt.set_span("C4:C5"),
    }
    teile = ["Zellen innerhalb der Tabelle sind verbunden", "Zellen C4:C5 (»Leistungsberechtigte«)", "fuellen"]
    stoppt(MAPPEN[art](aendere=verbinde[art]), art=art, teile=teile)


def test_e17_titles_above_the_header(lies, stoppt):
    assert werte(lies("Titel\n\n;;;;\nStand: heute\n" + GUT)) == werte(lies())
    text = stoppt(
        GUT.replace("Schlüssel;", "Schluessel;"), teile=["Die Kopfzeile mit »Schlüssel« fehlt", "Gemeint »Schlu"]
    )
    assert "»Leistungsberechtigte im Kreis Test«" in text


def test_e18_footnotes(lies):
    inhalt = GUT.replace(";410;", ";410 1);").replace("84;84;", "84²⁾;84;") + "\n\n1) vorläufig\n2) berichtigt\n"
    gelesen = lies(inhalt.encode(), *UTF8, ("[raum]", 'fussnoten = ["1)", "²⁾"]\n[raum]'))
    assert werte(gelesen) == werte(lies())
    assert "2 Zahl(en) von Fußnotenzeichen befreit" in texte(gelesen)
    assert "2 Zeile(n) unter der Tabelle" in texte(gelesen)


def test_e19_totals_among_the_areas(lies, stoppt):
    assert ("05999", "sgb2_rlb") not in werte(lies())
    teile = ["zusammen 1.742, die Summenzeile (05999) sagt 1.749", "Zeile 8", "ob ein Raum fehlt"]
    stoppt(GUT.replace("Insgesamt;;1.742", "Insgesamt;;1.749"), teile=teile)
    stoppt(GUT.replace("Insgesamt", "Summe"), teile=["»Summe« (Zeile 8)", "[raum] summen"])


def test_e20_signs(lies, stoppt):
    ohne_summe = GUT.replace("Insgesamt;;1.742;1.287;455\n", "")
    gelesen = werte(lies(ohne_summe.replace("410;300;110", "410;*;*").replace("84;84;-", "x;...;-")))
    assert gelesen["05999008", "sgb2_elb"] == (None, "gesperrt_quelle")
    assert gelesen["05999012", "sgb2_rlb"] == (None, "nicht_sinnvoll")
    assert gelesen["05999012", "sgb2_elb"] == (None, "nicht_geliefert")
    assert gelesen["05999012", "sgb2_nef"] == (0, "offen")
    for zeichen in ("/", ".", "–", "()", "k. A."):
        teile = [
            f"»{zeichen}« ist weder eine Zahl noch ein bekanntes Zeichen",
            "Zeile 6, Spalte »nicht erw",
            "erfragen",
        ]
        stoppt(GUT.replace("84;84;-", f"84;84;{zeichen}").encode(), *UTF8, teile=teile)
    geklammert = lies(GUT.replace(";410;", ";(410);"), ("[raum]", "unsicher_klammern = true\n[raum]"))
    assert werte(geklammert)["05999008", "sgb2_rlb"] == (410, "unsicher")


# ---------------------------------------------------------------- spreadsheets


VERSTECKT = {
    "xlsx": lambda mappe, blatt: blatt.set_row(5, None, None, {"hidden": True}),
    "xls": lambda blatt: setattr(blatt.row(5), "hidden", True),
    "ods": lambda blatt: _ods_zeile(blatt, 5, "filter"),
}


def _ods_zeile(blatt: Table, nummer: int, sicht: str) -> None:
    zeile = blatt.get_row(nummer)
    zeile.set_attribute("table:visibility", sicht)
    blatt.set_row(nummer, zeile)


@pytest.mark.parametrize("art", MAPPEN)
def test_e21_hidden_rows(lies, art):
    """A filter left on: Weiler (row 6) is hidden."""
    inhalt = MAPPEN[art](aendere=VERSTECKT[art])
    offen = ('tausender = "."', 'tausender = "."\nunvollstaendig = true')
    summe = ("[raum]", "[toleranz]\nraeume = 84\n[raum]")
    gelesen = lies(inhalt, offen, summe, art=art)
    assert werte(gelesen)["05999012", "sgb2_rlb"] == (None, "nicht_geliefert")
    assert "Zeile(n) 6 im Blatt »Tabelle1« sind ausgeblendet (oder weggefiltert) und wurden nicht gelesen" in texte(
        gelesen
    )
    gelesen = lies(inhalt, ('tausender = "."', 'tausender = "."\nversteckte = "lesen"'), art=art)
    assert werte(gelesen) == werte(lies())
    assert "und wurden gelesen" in texte(gelesen)


def test_e21_hidden_columns(lies, stoppt):
    def verstecke(spalten):
        return lambda mappe, blatt: blatt.set_column(spalten, None, None, {"hidden": True})

    gelesen = lies(xlsx(aendere=verstecke("B:B")), art="xlsx")  # the name, which nobody reads
    assert werte(gelesen) == werte(lies())
    assert "Spalte(n) B im Blatt »Tabelle1« sind ausgeblendet" in texte(gelesen)
    teile = ["Die Spalte »erwerbsfähig« fehlt", "Ausgeblendete Spalten (ab D)", 'versteckte = "lesen"']
    stoppt(xlsx(aendere=verstecke("D:D")), art="xlsx", teile=teile)


def test_e21_hidden_sheets(lies):
    def blatt(mappe, _):
        mappe.add_worksheet("Rohdaten").hide()

    gelesen = lies(xlsx(aendere=blatt), art="xlsx")
    assert werte(gelesen) == werte(lies())
    assert "Ausgeblendetes Blatt »Rohdaten« wurde nicht gelesen" in texte(gelesen)


def _ods_formel(blatt: Table) -> None:
    zelle = Element.from_tag("table:table-cell")
    zelle.set_attribute("table:formula", "of:=[.C6]-[.D6]")
    blatt.set_cell("E6", zelle)


UNGERECHNET = {
    "xlsx": lambda mappe, blatt: blatt.write_formula("E6", "=C6-D6", None, ""),
    "xls": lambda blatt: blatt.write(5, 4, xlwt.Formula("C6-D6")),
    "ods": _ods_formel,
}


@pytest.mark.parametrize("art", MAPPEN)
def test_e22_a_formula_never_calculated(stoppt, art):
    teile = ["hat kein gespeichertes Ergebnis", "Zelle E6 (»nicht erwerbsfähig«)", "in Excel öffnen und speichern"]
    inhalt = bytearray(MAPPEN[art](aendere=UNGERECHNET[art]))
    if art == "xls":  # record 6, row 5, column 4: mark »calculate on load«, which xlwt leaves out
        satz = re.search(rb"\x06\x00..\x05\x00\x04\x00", inhalt, re.S).start()
        inhalt[satz + 18] |= 2
    stoppt(bytes(inhalt), art=art, teile=teile)


def test_e22_a_stand_in_zero_of_a_program_that_never_calculated(stoppt):
    def formel(mappe, blatt):
        blatt.write_formula("E6", "=C6-D6")  # XlsxWriter writes 0 and leaves the calculation to Excel

    stoppt(xlsx(aendere=formel), art="xlsx", teile=["kein gespeichertes Ergebnis", "Zelle E6"])


def test_e22_formulas_elsewhere_do_not_matter(lies):
    """A column nobody reads, and another sheet whose part comes first in the archive."""

    def formeln(mappe, blatt):
        blatt.write("F3", "Anteil")
        blatt.write_formula("F4", "=C4/C8", None, "")
        mappe.add_worksheet("Rechnung").write_formula("E6", "=1+1", None, "")

    inhalt = xlsx(aendere=formeln)
    gelesen = lies(inhalt, ('muster = "sgb2', 'blatt = "Tabelle1"\nmuster = "sgb2'), art="xlsx")
    assert werte(gelesen) == werte(lies())


def test_e22_the_sheet_is_found_by_the_relationships(lies, stoppt):
    """Parts are swapped: the sheet that is read lies in sheet2.xml, the uncalculated formula only there."""

    def zwei(mappe, blatt):
        mappe.add_worksheet("Andere").write("A1", "nichts")
        blatt.write_formula("E6", "=C6-D6", None, "")

    mappe = xlsx(aendere=zwei)
    for alt, neu in ((b"sheet1.xml", b"sheetX.xml"), (b"sheet2.xml", b"sheet1.xml"), (b"sheetX.xml", b"sheet2.xml")):
        mappe = umgebaut(mappe, "xl/_rels/workbook.xml.rels", alt, neu)
    ziel = io.BytesIO()
    tausch = {
        "xl/worksheets/sheet1.xml": "xl/worksheets/sheet2.xml",
        "xl/worksheets/sheet2.xml": "xl/worksheets/sheet1.xml",
    }
    with zipfile.ZipFile(io.BytesIO(mappe)) as quelle, zipfile.ZipFile(ziel, "w") as archiv:
        for name in quelle.namelist():
            archiv.writestr(tausch.get(name, name), quelle.read(name))
    profil = ('muster = "sgb2', 'blatt = "Tabelle1"\nmuster = "sgb2')
    stoppt(ziel.getvalue(), profil, art="xlsx", teile=["kein gespeichertes Ergebnis", "Blatt »Tabelle1«, Zelle E6"])


@pytest.mark.parametrize("fehler", ["#DIV/0!", "#NV", "#BEZUG!", "#REF!"])
def test_e23_errors_of_excel(stoppt, fehler):
    teile = [
        f"»{fehler}« ist ein Rechenfehler aus Excel",
        "Zeile 5, Spalte »Leistungsberechtigte«",
        "Formel in der Datei",
    ]
    stoppt(GUT.replace("410;", f"{fehler};"), teile=teile)


def test_e23_an_error_cell_is_not_an_empty_cell(stoppt):
    """The value reader shows both alike, and here an empty cell would be allowed."""
    mappe = openpyxl.Workbook()
    for zeile in TABELLE:
        mappe.active.append([int(t) if t.isdigit() and len(t) < 8 else t for t in zeile])
    mappe.active["E5"] = "#DIV/0!"
    mappe.active["E5"].data_type = "e"
    strom = io.BytesIO()
    mappe.save(strom)
    leer = ('nicht_geliefert = ["..."]', 'nicht_geliefert = ["..." , ""]')
    stoppt(strom.getvalue(), leer, art="xlsx", teile=["»#DIV/0!« ist ein Rechenfehler aus Excel", "Zelle E5"])


def test_e24_numbers_as_text(lies, stoppt):
    alles_text = xls()  # every cell is text
    assert werte(lies(alles_text, art="xls")) == werte(lies())
    stoppt(GUT.replace("410;", "ca. 410;"), teile=["»ca. 410« ist keine Zahl", "Zeile 5", "»ca.« entfernen"])


# ---------------------------------------------------------------- columns, rows, texts


def test_e31_columns(lies, stoppt):
    umgestellt = "\n".join(";".join(z.split(";")[::-1]) for z in GUT.splitlines())
    assert werte(lies(umgestellt)) == werte(lies())
    mehr = lies(
        "\n".join(z + ";9" if ";" in z else z for z in GUT.splitlines()).replace("bsfähig;9", "bsfähig;Haushalte")
    )
    assert werte(mehr) == werte(lies())
    assert "nicht gelesen: Haushalte" in texte(mehr)
    teile = ["Die Spalte »erwerbsfähig« fehlt", "Zeile 3", "Gemeint »erwerbsfähige LB«?"]
    stoppt(GUT.replace(";erwerbsfähig;", ";erwerbsfähige LB;"), teile=teile)


def test_e31_several_accepted_names(lies, stoppt):
    profil = ('"erwerbsfähig" =', '"eLb|erwerbsfähig|erwerbsfähige LB" =')
    for name in ("eLb", "erwerbsfähig", "erwerbsfähige LB"):
        assert werte(lies(GUT.replace(";erwerbsfähig;", f";{name};"), profil)) == werte(lies())
    teile = ["Die Spalte »eLb« oder »erwerbsfähig« oder »erwerbsfähige LB« fehlt", "Zeile 3"]
    stoppt(GUT.replace(";erwerbsfähig;", ";ELB neu;"), profil, teile=teile)


def test_e32_rows(lies, stoppt):
    assert werte(lies(GUT.replace("Weiler", '"Weiler\nim Tal; Ort ""W"""'))) == werte(lies())
    kurz = GUT.replace("05999008;Bahnhof;410;300;110", "05999008;Bahnhof;410")
    stoppt(kurz, teile=["Die Zeile hat 3 Spalten, die Kopfzeile 5", "Zeile 5: 05999008;…;410"])
    stoppt(GUT[: GUT.rindex("05999012") + 8], teile=["Die Zeile hat 1 Spalten, die Kopfzeile 5", "neu anfordern"])
    stoppt(GUT.replace("Bahnhof", '"Bahnhof'), teile=["Anführungszeichen", "ab Zeile 5", 'verdoppelt ("")'])


def test_e33_invisible_signs(lies, stoppt):
    unsichtbar = (
        GUT.replace("05999012", "\u200b05999012").replace("erwerbsf", "erwerbs\u00adf").replace(";84;", ";\u206084;")
    )
    assert werte(lies(unsichtbar.encode(), *UTF8)) == werte(lies())
    stoppt(GUT.replace("Weiler", "Wei\x00ler"), teile=["Nullzeichen", "Zeile 6", "neu anfordern"])


def test_e34_decomposed_umlauts(lies):
    zerlegt = GUT.replace("ü", "u\u0308").replace("ä", "a\u0308").encode()
    assert werte(lies(zerlegt, *UTF8)) == werte(lies())


# ---------------------------------------------------------------- disguises and attacks


ANDERES = {
    "csv": [(b"<!DOCTYPE html><html>", "eine HTML-Seite"), (xlsx(), "Excel-Datei (XLSX)"), (b"%PDF-1.4", "PDF"),
            (b"PK\x03\x04....", "ZIP- oder Excel-Datei"), (xls(), "alte Excel-Datei (XLS)")],
    "xls": [(b"<html><table>", "eine HTML-Seite"), (xlsx(), "Excel-Datei (XLSX)"), (GUT.encode(), "Textdatei")],
    "xlsx": [(xls(), "alte Excel-Datei (XLS)"), (ods(), "OpenDocument-Tabelle (ODS)"), (GUT.encode(), "Textdatei")],
    "ods": [(xlsx(), "Excel-Datei (XLSX)"), (b"\x1f\x8b\x08", "gepackte Datei")],
    "parquet": [(GUT.encode(), "Textdatei"), (xlsx(), "Excel-Datei (XLSX)")],
}  # fmt: skip


@pytest.mark.parametrize(("art", "inhalt", "echt"), [(a, *f) for a, faelle in ANDERES.items() for f in faelle])
def test_e35_the_true_type(stoppt, art, inhalt, echt):
    text = stoppt(inhalt, art=art, teile=["in Wahrheit", echt, "genügt nicht"])
    assert "Erwartet ist eine" in text


def ole(*stroeme: str) -> bytes:
    """The smallest container with directory entries of these names."""
    kopf = bytearray(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504))
    kopf[24:34] = b"\x3e\x00\x03\x00\xfe\xff\x09\x00\x06\x00"
    kopf[44:52] = (1).to_bytes(4, "little") + (1).to_bytes(4, "little")
    kopf[56:60] = (4096).to_bytes(4, "little")
    kopf[60:76] = b"\xfe\xff\xff\xff" + bytes(4) + b"\xfe\xff\xff\xff" + bytes(4)
    kopf[76:512] = bytes(4) + b"\xff" * 432
    fat = b"\xfd\xff\xff\xff\xfe\xff\xff\xff" + b"\xff" * 504
    eintraege = b""
    for name in ("Root Entry", *stroeme):
        roh = name.encode("utf-16-le")
        eintraege += (
            (roh + bytes(64))[:64] + (len(roh) + 2).to_bytes(2, "little") + bytes(50) + b"\xfe\xff\xff\xff" + bytes(8)
        )
    return bytes(kopf) + fat + (eintraege + bytes(512))[:512]


def mit_teil(mappe: bytes, name: str, inhalt: bytes = b"x") -> bytes:
    strom = io.BytesIO(mappe)
    with zipfile.ZipFile(strom, "a") as archiv:
        archiv.writestr(name, inhalt)
    return strom.getvalue()


@pytest.mark.parametrize(
    ("art", "inhalt", "was"),
    [
        ("xlsx", ole("EncryptedPackage", "EncryptionInfo"), "mit Kennwort geschützte Excel-Datei"),
        ("xls", ole("EncryptedPackage"), "mit Kennwort geschützte Excel-Datei"),
        ("xls", ole("Workbook", "_VBA_PROJECT_CUR"), "enthält Makros"),
        ("xls", ole("WordDocument"), "Office-Datei (etwa Word)"),
        ("xlsx", mit_teil(xlsx(), "xl/vbaProject.bin"), "enthält Makros"),
        ("ods", mit_teil(ods(), "Basic/Standard/Modul1.xml"), "enthält Makros"),
        ("ods", umgebaut(ods(), "META-INF/manifest.xml", b"</manifest:manifest>",
                         b"<manifest:encryption-data/></manifest:manifest>"), "mit einem Kennwort geschützt"),
        ("xlsx", xlsx()[:-200], "beschädigt"),
        ("xls", xls()[:3000], "beschädigt"),
        ("ods", ods()[:900], "beschädigt"),
        ("parquet", b"PAR1" + bytes(50) + b"PAR1", "beschädigt"),
        ("xlsx", umgebaut(xlsx(), "xl/worksheets/sheet1.xml", b"</sheetData>", b""), "beschädigt"),
        ("xlsx", umgebaut(xlsx(), "xl/worksheets/sheet1.xml", b'<row r="1"', b'<row r="A1"'), "Nummer »A1«"),
    ],
)  # fmt: skip
def test_e36_protected_with_macros_or_damaged(stoppt, art, inhalt, was):
    stoppt(inhalt, art=art, teile=[was])


def test_e36_a_zip_bomb(stoppt):
    strom = io.BytesIO(xlsx())
    with zipfile.ZipFile(strom, "a", zipfile.ZIP_DEFLATED) as archiv, archiv.open("xl/media/b.xml", "w") as teil:
        for _ in range(40):
            teil.write(bytes(1 << 20))  # 40 MB of nothing in 40 kB
    stoppt(
        strom.getvalue(), art="xlsx", teile=["ist ausgepackt unzulässig groß (40 MB)", "nur die gelieferten Blätter"]
    )


def test_e36_a_sheet_that_only_claims_to_be_huge(stoppt):
    """One number in the last cell there is: laid out as a rectangle it would need 17 billion cells."""

    def weit(mappe, blatt):
        blatt.write(1_048_575, 16_383, 1)

    stoppt(xlsx(aendere=weit), art="xlsx", teile=["ein Blatt mit 1048576 Zeilen und 16384 Spalten"])


def test_e36_an_ods_that_repeats_a_cell_a_billion_times(stoppt):
    def wiederhole(blatt):
        zeile = Row()
        zelle = Cell(1)
        zelle.set_attribute("table:number-columns-repeated", "16384")
        zeile.append_cell(zelle)
        zeile.set_attribute("table:number-rows-repeated", "1048000")
        blatt.append_row(zeile)

    stoppt(ods(aendere=wiederhole), art="ods", teile=["Zeilen und 16384 Spalten"])


@pytest.mark.parametrize(
    ("art", "teil"), [("xlsx", "xl/worksheets/sheet1.xml"), ("xlsx", "xl/sharedStrings.xml"), ("ods", "content.xml")]
)
def test_e37_external_entities_are_not_resolved(stoppt, tmp_path, art, teil):
    (tmp_path / "geheim.txt").write_text("SEHR GEHEIM", encoding="utf-8")
    dtd = f'?>\n<!DOCTYPE x [<!ENTITY e SYSTEM "{(tmp_path / "geheim.txt").as_uri()}">]>'.encode()
    text = stoppt(umgebaut(MAPPEN[art](), teil, b"?>", dtd), art=art, teile=["Dokumenttyp-Angabe", "nach außen"])
    assert "GEHEIM" not in text


# ---------------------------------------------------------------- nothing there, persons, names


@pytest.mark.parametrize("leer", [b"", b"\xef\xbb\xbf", b"\r\n\r\n  \r\n"])
def test_e41_an_empty_file(stoppt, leer):
    stoppt(leer, teile=["Die Datei ist leer", "neu anfordern"])


@pytest.mark.parametrize("art", ["csv", *MAPPEN])
def test_e41_a_header_only(stoppt, art):
    inhalt = MAPPEN[art](TABELLE[:3]) if art in MAPPEN else "\n".join(GUT.splitlines()[:3])
    stoppt(inhalt, art=art, teile=["Unter der Kopfzeile stehen keine Daten", "Zeile 3", "vollständig"])


PERSON = "Mustermann-Geheim"


@pytest.mark.parametrize("zeichensatz", [(), UTF8])
def test_e42_a_wrong_encoding_repeats_no_name(stoppt, zeichensatz):
    inhalt = als_text(mit_spalte("Nachname", ["Müller-Geheim"] * 5))
    roh = inhalt if zeichensatz else inhalt.decode("cp1252").encode()
    assert "Geheim" not in stoppt(roh, *zeichensatz, teile=["Umlaute"])


HINWEISE = {  # header and cells; what must be noticed, and may never be repeated
    "Name der Spalte": ("Nachname", [PERSON] * 5),
    "Name mit Zusatz": ("Geburtsdatum (TT.MM.JJJJ)", ["07.03.1951"] * 5),
    "zusammengesetzt": ("Name, Vorname", [PERSON] * 5),
    "IBAN unter fremdem Namen": ("Bemerkung", ["", "DE44 5001 0517 5407 3249 31", "", "", ""]),
    "Versicherungsnummer": ("Kennung", ["65170839J003"] * 5),
    "BG-Nummer": ("Kennung", ["31502//0012345"] * 5),
    "Geburtsdaten unter fremdem Namen": ("Merker", ["07.03.1951", "19.11.1948", "02.05.1960", "23.08.1939", ""]),
    "Geburtsdaten ohne Überschrift": ("", ["07.03.1951", "19.11.1948", "02.05.1960", "23.08.1939", ""]),
}


def mit_spalte(titel: str, zellen: list[str]) -> list[list[str]]:
    return [*TABELLE[:2], [*TABELLE[2], titel], *([*z, neu] for z, neu in zip(TABELLE[3:], zellen, strict=True))]


def als_parquet(tabelle: list[list[str]]) -> bytes:
    kopf, *zeilen = tabelle[2:]
    strom = pa.BufferOutputStream()
    namen = [n or "leer" for n in kopf]
    pq.write_table(pa.table([pa.array(s) for s in zip(*zeilen, strict=True)], names=namen), strom)
    return strom.getvalue().to_pybytes()


def als_text(tabelle: list[list[str]]) -> bytes:
    return "\n".join(";".join(zeile) for zeile in tabelle).encode("cp1252")


SCHREIBER = {"csv": als_text, **MAPPEN, "parquet": als_parquet}


@pytest.mark.parametrize("art", SCHREIBER)
@pytest.mark.parametrize("fall", HINWEISE)
def test_e42_persons_stop_everything_and_are_never_repeated(stoppt, art, fall):
    titel, zellen = HINWEISE[fall]
    text = stoppt(
        SCHREIBER[art](mit_spalte(titel, zellen)), art=art, teile=["Datenschutz", "nichts wurde geladen", "löschen"]
    )
    assert not any(zelle in text for zelle in zellen if zelle)


def test_e42_a_list_of_persons_without_a_head(stoppt):
    liste = "".join(f"{PERSON};Anna;{tag};05999004\n" for tag in ("07.03.1951", "19.11.1948", "02.05.1960"))
    for profil in ((), (('kopf = "Schlüssel"\n', ""),)):
        text = stoppt(liste, *profil, teile=["Datenschutz"])
        assert PERSON not in text
        assert "1951" not in text


def test_e42_dates_of_the_office_are_no_births(lies):
    """A Stichtag, a date of processing and month ends are dates too."""
    for titel, tage in (
        ("Stand", ["17.08.2021"] * 5),
        ("Quartal", ["31.03.2020", "30.06.2021", "30.09.2022", "31.12.2023", ""]),
    ):
        inhalt = als_text(mit_spalte(titel, tage))
        assert werte(lies(inhalt)) == werte(lies())


def test_e42_nothing_is_left_anywhere(neuer_kleinkreis):
    """Through the real command: not on the screen, not in the database, not in any file beside it."""
    eingang = neuer_kleinkreis.daten / "kleinkreis" / "eingang" / "kk_sgb2"
    datei = sorted(eingang.iterdir())[0]
    vorher = {p for p in neuer_kleinkreis.daten.rglob("*") if p.is_file()}
    zeilen = datei.read_bytes().splitlines()
    kopf = next(nr for nr, zeile in enumerate(zeilen) if zeile.startswith(b"Schl"))
    zeilen[kopf] += b";Vorname"
    for nr in range(kopf + 1, len(zeilen)):
        zeilen[nr] += b";" + PERSON.encode() if b";" in zeilen[nr] else b""
    datei.write_bytes(b"\n".join(zeilen))
    for befehl in ("pruefen", "laden"):
        ergebnis = neuer_kleinkreis.run(befehl, "--gebiet", "kleinkreis", erwarte=20)
        assert "Datenschutz" in ergebnis.stderr
        assert "Vorname" in ergebnis.stderr
        assert PERSON not in ergebnis.stdout + ergebnis.stderr
    neu = {p for p in neuer_kleinkreis.daten.rglob("*") if p.is_file()} - vorher
    assert not any(PERSON.encode() in p.read_bytes() for p in neu)


NACH_NAMEN = (
    ('kopf = "Schlüssel"', 'kopf = "Name"'),
    ('weitere = ["Name"]', ""),
    ('spalte = "Schlüssel"', 'spalte = "Name"'),
    ('rest = ["ohne"]', 'rest = ["nicht zuordenbar"]'),
)


def ohne_schluessel() -> str:
    """The delivery without its first column; the row of the total keeps its text."""
    zeilen = [z.replace("Insgesamt;;", ";Insgesamt;").split(";", 1)[-1] for z in GUT.splitlines()]
    return "\n".join(zeilen)


def test_e45_a_source_that_names_areas_lists_the_pairs(lies, stoppt):
    teile = [
        "3 Raumschlüssel sind unbekannt",
        "»Altstadt« (Zeile 4)",
        "Namen statt Schlüssel",
        '"Altstadt" = "05999004"',
    ]
    stoppt(ohne_schluessel(), *NACH_NAMEN, teile=teile)
    paare = 'ersetzen = { "Altstadt" = "05999004", "Bahnhof" = "05999008", "Weiler" = "05999012" }\n[spalten]'
    assert werte(lies(ohne_schluessel(), *NACH_NAMEN, ("[spalten]", paare))) == werte(lies())


def test_e45_two_areas_with_one_name(gebiet, lies, stoppt):
    """Bahnhof exists twice: only keys tell them apart."""
    (gebiet.ordner / "2015.csv").write_text(RAEUME.replace("Weiler", "Bahnhof"), encoding="utf-8")
    inhalt = GUT.replace("Weiler", "Bahnhof")
    gelesen = werte(lies(inhalt))
    assert (gelesen["05999008", "sgb2_rlb"], gelesen["05999012", "sgb2_rlb"]) == ((410, "offen"), (84, "offen"))
    eins = ("[spalten]", 'ersetzen = { "Altstadt" = "05999004" }\n[spalten]')
    teile = ["»Bahnhof« heißen mehrere Räume (05999008, 05999012)", "Schlüssel statt Namen anfordern"]
    stoppt(ohne_schluessel().replace("Weiler", "Bahnhof"), *NACH_NAMEN, eins, teile=teile)
