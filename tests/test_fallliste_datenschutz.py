"""No person of a case list ever shows: not in a message, not in a file, whatever is wrong with the list.

Every list below holds invented marks ("Zeuge…"). They are looked for in everything that is printed or written.
"""

import io
import shutil

import duckdb
import pytest
from openpyxl import Workbook

from etl.fallliste import read_fallliste
from etl.load import load
from geodata.fehler import LieferungError, MonitoringError
from tests.hilfe_fallliste import KOPF, PROFIL, baue_fallgebiet
from tests.lieferungen import baue_quelle, schreibe

ZEUGE = "Zeuge"
ADRESSE = ('[raum]\nspalte = "Gemeinde"', '[zuordnung]\nstrasse = "Straße"\nhausnummer = "Nr"')
KOORDINATE = ('[raum]\nspalte = "Gemeinde"', '[zuordnung]\nx = "Straße"\ny = "Nr"\ncrs = "EPSG:25832"')
ALLE_SPALTEN = KOPF + ";Straße;Nr;IBAN"
GUT = {
    "Fallnummer": "ZeugeNr1", "Name": "ZeugeName", "Geburtsdatum": "17.03.1941", "Geschlecht": "w",
    "Gemeinde": "05999004", "Leistung": "amb", "Versichert": "ja", "Beginn": "13.02.2022", "Ende": "",
    "Straße": "Zeugenweg", "Nr": "4711", "IBAN": "ZeugeDE02120300000000202051",
}  # fmt: skip
VERRAT = (ZEUGE, "17.03.1941", "1941-03-17", "13.02.2022", "2022-02-13", "4711", "0202051")


def liste(*personen, kopf=ALLE_SPALTEN, davor="", danach=""):
    zeilen = [";".join(GUT[s] if s not in p else p[s] for s in ALLE_SPALTEN.split(";")) for p in personen]
    return davor + "\n".join([kopf, *zeilen]) + "\n" + danach


def mappe(*personen):
    buch, datei = Workbook(), io.BytesIO()
    for zeile in liste(*personen).splitlines():
        buch.active.append(zeile.split(";"))
    buch.save(datei)
    return datei.getvalue()


VIELE = [{"Fallnummer": f"ZeugeNr{nr}"} for nr in range(5)]
HEIL = {
    "an unread column": ({}, ()),
    "unknown street": ([{**p, "Straße": "Bei Zeuge Müller"} for p in VIELE], (ADRESSE,)),
    "street of one person": ([{"Straße": "Zeugenweg 3"}], (ADRESSE,)),
    "unknown key": ([{"Gemeinde": "Zeuge"}], ()),
    "impossible birth": ([{"Geburtsdatum": "17.03.2941"}], ()),
    "end before begin": (
        [{}, {"Fallnummer": "ZeugeNr2", "Ende": "01.01.2001"}], (("bis = 2023", "fehlerhaft = 1\nbis = 2023"),),
    ),
}  # fmt: skip
KAPUTT = {
    **{f"words in {s}": (liste({s: "ZeugeUnsinn"}), ()) for s in ("Geburtsdatum", "Beginn", "Ende")},
    **{f"a rare code in {s}": (liste({s: "ZeugeX"}), ()) for s in ("Geschlecht", "Leistung", "Versichert")},
    **{f"a long code in {s}": (liste(*({**p, s: "ZeugeUndMehrAls12"} for p in VIELE)), ()) for s in ("Leistung",)},
    "a date as code": (liste(*({**p, "Leistung": "17.03.1941"} for p in VIELE)), ()),
    "a coordinate": (liste({"Straße": "Zeuge", "Nr": "4711"}), (KOORDINATE,)),
    "a coordinate with the wrong mark": (liste({"Straße": "4711.5", "Nr": "4711.5"}), (KOORDINATE,)),
    "no person": (liste({"Fallnummer": ""}), ()),
    "end before begin": (liste({"Ende": "01.01.2001"}), ()),
    "columns shifted": (liste({}).replace(";w;", ";Zeuge;w;"), ()),
    "a ragged row": (liste({}, danach="ZeugeNr7;ZeugeName\n" * 2), ()),
    "one cell below": (liste({}, danach="Stand Zeuge\n"), ()),
    "an open quote": (liste({"Name": '"Zeuge'}), ()),
    "a quote gone wrong": (liste({"Name": '"Zeuge"x"'}), ()),
    "no head": (liste({}, kopf=""), ()),
    "a person as head": (liste({}).partition("\n")[2], (('muster = "hzp*.csv"', 'muster = "hzp*.csv"\nkopf = "w"'),)),
    "a column gone": (liste({}).replace(";Beginn;", ";Anfang;"), ()),
    "a row that holds the name of a column": (liste({"Name": "Fallnummer", "IBAN": "Beginn Zeuge"}, kopf=""), ()),
    "a column twice": (liste({}).replace(";Name;", ";Leistung;"), ()),
    "cp1252 in utf-8": (liste({"Name": "Zeuge Müller"}).encode("cp1252"), ()),
    "mojibake": (liste({"Name": "Zeuge MÃ¼ller"}), ()),
    "NUL": (liste({"Name": "Zeuge\x00"}), ()),
    "an HTML page": ("<html><body>" + liste({}) + "</body></html>", ()),
    "nothing but a head": (liste(), ()),
    "empty": ("", ()),
}
ALS_MAPPE = ('muster = "hzp*.csv"', 'muster = "hzp*.xlsx"\nformat = "xlsx"')
MAPPEN = {
    "a word as date": mappe({"Beginn": "ZeugeUnsinn"}),
    "a rare code": mappe({"Leistung": "Zeuge"}),
    "a text file": liste({}).encode(),
    "a broken workbook": mappe({})[:2000] + b"Zeuge" * 100,
}


@pytest.fixture
def lade(tmp_path):
    """Load one list into tmp_path/daten and return the error, if any, as text."""
    gebiet = baue_fallgebiet(tmp_path / "gebiete")

    def lade(inhalt, *ersetzungen, name="hzp.csv"):
        quelle = baue_quelle(tmp_path / "quellen", *ersetzungen, profil=PROFIL, name="hzp")
        pfad = schreibe(tmp_path / "eingang" / name, inhalt, "utf-8")
        bericht = load(gebiet, {"hzp": quelle}, [(quelle, pfad)], tmp_path / "daten" / "intern.duckdb")
        return bericht.text

    return lade


def pruefe_still(tmp_path, capfd, *weitere):
    """Nothing printed and nothing written below `daten` holds a mark."""
    gedruckt = capfd.readouterr()
    for text in (gedruckt.out, gedruckt.err, *weitere):
        assert not [v for v in VERRAT if v in text], text
    for datei in (tmp_path / "daten").rglob("*"):
        if datei.is_file():
            inhalt = datei.read_bytes()
            assert not [v for v in VERRAT if v.encode() in inhalt], datei
    for text in texte_der_datenbank(tmp_path / "daten" / "intern.duckdb"):
        assert not [v for v in VERRAT if v in text], text


def texte_der_datenbank(pfad):
    """Every value of every table as text: DuckDB may compress what it writes."""
    if not pfad.exists():
        return
    with duckdb.connect(str(pfad), read_only=True) as con:
        for (tabelle,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            for zeile in con.execute(f'SELECT * FROM "{tabelle}"').fetchall():
                yield " ".join(map(str, zeile))


@pytest.mark.parametrize("fall", HEIL)
def test_a_list_that_loads_leaves_no_trace(lade, tmp_path, capfd, fall):
    personen, ersetzungen = HEIL[fall]
    text = lade(liste(*(personen or [{}])), *ersetzungen)
    assert "Werte geladen" in text
    pruefe_still(tmp_path, capfd, text)


@pytest.mark.parametrize("fall", KAPUTT)
def test_a_list_that_stops_the_load_is_not_quoted(lade, tmp_path, capfd, fall):
    inhalt, ersetzungen = KAPUTT[fall]
    with pytest.raises(MonitoringError) as fehler:
        lade(inhalt, *ersetzungen)
    assert fehler.value.__cause__ is None
    assert fehler.value.__suppress_context__ or fehler.value.__context__ is None
    assert fehler.value.wo.startswith("hzp.csv")
    assert fehler.value.tun
    pruefe_still(tmp_path, capfd, str(fehler.value))


@pytest.mark.parametrize("fall", MAPPEN)
def test_a_workbook_that_stops_the_load_is_not_quoted(lade, tmp_path, capfd, fall):
    with pytest.raises(MonitoringError) as fehler:
        lade(MAPPEN[fall], ALS_MAPPE, name="hzp.xlsx")
    pruefe_still(tmp_path, capfd, str(fehler.value))


def test_a_code_that_several_persons_have_is_named(lade):
    with pytest.raises(LieferungError) as fehler:
        lade(liste(*({**p, "Leistung": "tagpfl"} for p in VIELE)))
    assert "Der Code »tagpfl« ist im Profil nicht beschrieben (Spalte »Leistung«)" in fehler.value.was
    assert fehler.value.wo.startswith("hzp.csv, Zeile 2, 3, 4, 5, 6;")


def test_a_street_is_named_from_three_persons_on_and_without_numbers(lade, tmp_path):
    personen = [{**p, "Straße": "Neuer Ring", "Nr": str(nr)} for nr, p in enumerate(VIELE[:3])]
    personen += [{"Fallnummer": f"x{nr}", "Straße": "Alter Ring"} for nr in range(2)]
    text = lade(liste(*personen), ADRESSE)
    assert "im Straßenverzeichnis fehlen (Personen): Neuer Ring: 3; 2 in seltenen" in text
    assert "Alter" not in text


def test_an_error_of_the_program_tells_its_place_and_no_value(tmp_path):
    gebiet = baue_fallgebiet(tmp_path / "gebiete")
    quelle = baue_quelle(tmp_path / "quellen", profil=PROFIL, name="hzp")
    pfad = schreibe(tmp_path / "hzp.csv", liste({}), "utf-8")
    with pytest.raises(LieferungError, match=r"konnte nicht gezählt werden \(AttributeError\)") as fehler:
        read_fallliste(pfad, quelle, gebiet, buch=None)  # a mistake only we can make
    assert fehler.value.__context__ is None
    assert "fallorte.py:" in fehler.value.wo
    assert not [v for v in VERRAT if v in str(fehler.value)]


# ---------------------------------------------------------------- through the door


QUELLE_KLEIN = """
titel = "Hilfe zur Pflege"
gebiet = ["kleinkreis"]
herausgeber = "erfunden"
lizenz = "CC0"
ebene = "quartier"
[datei]
muster = "hzp_{stichtag:%Y}.csv"
[raum]
spalte = "Quartier"
[fallliste]
person = "Fallnummer"
beginn = "Beginn"
ende = "Ende"
geburtsdatum = "Geburtsdatum"
[fallliste.felder.alter]
altersgruppen = { _u65 = [0, 64], _65_plus = [65, 120] }
[[fallliste.zaehlung]]
merkmal = "hzp"
[[fallliste.zaehlung]]
merkmal = "hzp"
nach = ["alter"]
[merkmale]
hzp = { titel = "HzP", einheit = "Personen", recht = "sgb12", summe_aus = ["hzp_u65", "hzp_65_plus"] }
hzp_u65 = { titel = "HzP unter 65", einheit = "Personen", recht = "sgb12" }
hzp_65_plus = { titel = "HzP ab 65", einheit = "Personen", recht = "sgb12" }
"""


def kleine_liste(*zeilen):
    personen = [f"ZeugeNr{nr};ZeugeName;17.03.1941;99001-0{nr % 4 + 1};13.02.2022;" for nr in range(60)]
    return "\n".join(["Fallnummer;Name;Geburtsdatum;Quartier;Beginn;Ende", *personen, *zeilen]) + "\n"


def test_loading_and_publishing_through_the_door_leaves_no_trace(neuer_kleinkreis, tmp_path, monkeypatch):
    daten, voruebergehend = neuer_kleinkreis.daten, tmp_path / "voruebergehend"
    voruebergehend.mkdir()
    monkeypatch.setenv("TMPDIR", str(voruebergehend))
    schreibe(daten / "katalog" / "quellen" / "kk_hzp.toml", QUELLE_KLEIN, "utf-8")
    pfad = schreibe(daten / "kleinkreis" / "eingang" / "kk_hzp" / "hzp_2023.csv", kleine_liste(), "utf-8")
    ausgaben = [
        neuer_kleinkreis.run("pruefen", "--gebiet", "kleinkreis"),
        neuer_kleinkreis.run("laden", "--gebiet", "kleinkreis"),
        neuer_kleinkreis.run("veroeffentlichen", "--gebiet", "kleinkreis"),
        neuer_kleinkreis.run("befunde", "--gebiet", "kleinkreis"),
    ]
    assert "»spalten«" not in ausgaben[3].stdout
    assert "1 weitere Spalte(n) der Fallliste wurden nicht gelesen." in ausgaben[3].stdout
    pfad.write_text(kleine_liste("ZeugeNr61;ZeugeName;ZeugeTag;99001-01;13.02.2022;"), encoding="utf-8")
    ausgaben.append(neuer_kleinkreis.run("laden", "--gebiet", "kleinkreis", erwarte=20))
    assert "Zeile 62; der Inhalt wird aus Gründen des Datenschutzes nicht wiederholt" in ausgaben[-1].stderr
    pfad.unlink()
    for ausgabe in ausgaben:
        assert not [v for v in VERRAT if v in ausgabe.stdout + ausgabe.stderr]
    geschrieben = [p for p in daten.rglob("*") if p.is_file() and "katalog" not in p.parts]
    assert len(geschrieben) > 5
    for datei in geschrieben:
        assert not [v for v in VERRAT if v.encode() in datei.read_bytes()], datei
    for datenbank in daten.rglob("*.duckdb"):
        kopie = tmp_path / "kopie.duckdb"
        shutil.copyfile(datenbank, kopie)
        for text in texte_der_datenbank(kopie):
            assert not [v for v in VERRAT if v in text], datenbank
    assert list(voruebergehend.iterdir()) == []
