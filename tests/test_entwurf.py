"""`sozialraum quelle neu`: a delivered file becomes a profile to start from, in German, and is read the same by it."""

import shutil
import tomllib

import openpyxl
import pytest

from etl.entwurf import entwirf, kennung_aus, write_entwurf
from etl.gruppen import pruefe_lieferung
from etl.quelle import read_quelle
from tests.conftest import Installation
from tests.lieferungen import GUT, baue_gebiet, schreibe
from tests.test_belege import BELEGE, NAMEN, read_beleg, read_erwartet


def werte(lieferung):
    """(Raum, Stichtag, value) of everything that has a value; names of Merkmale are the draft's own."""
    return sorted(
        (z.raum_id, f"{z.stichtag:%Y-%m-%d}", z.wert) for z in lieferung.frame.itertuples() if z.wert == z.wert
    )


@pytest.fixture
def installation(tmp_path):
    shutil.copytree(BELEGE / "_gebiete", tmp_path / "daten" / "katalog" / "gebiete")
    return Installation(tmp_path / "daten")


@pytest.mark.parametrize("name", NAMEN)
def test_a_draft_reads_the_specimen(tmp_path, name):
    _, gebiet, dateien = read_beleg(name)
    profil = write_entwurf(entwirf(dateien[0], gebiet, f"neu_{name}"), tmp_path)
    assert profil == tmp_path / f"neu_{name}.toml"
    assert "# Probegelesen: " in profil.read_text(encoding="utf-8")
    assert "# prüfen: recht bestimmt den Schutz" in profil.read_text(encoding="utf-8")
    entwurf = read_quelle(profil)
    assert entwurf.passt(dateien[0].name)
    gelesene = werte(pruefe_lieferung(dateien[0], entwurf, gebiet))
    zahlen = {k: w for k, (w, _) in read_erwartet(name).items() if w is not None and k[0] == dateien[0].name}
    erwartete = sorted((raum_id, tag, wert) for (_, raum_id, tag, _), wert in zahlen.items())
    if name in UNTERSCHIEDE:
        assert UNTERSCHIEDE[name](gelesene, erwartete), (gelesene, erwartete)
    else:
        assert gelesene == erwartete


# The draft reads more columns or levels than the finished profile, never another number for the same cell.
def mehr(gelesene, erwartete):
    return not [w for w in erwartete if w not in gelesene] and len(gelesene) > len(erwartete)


def anderer_tag(gelesene, erwartete):
    """The title says 15 December, the finished profile takes the year of the file name."""
    return sorted((r, w) for r, _, w in gelesene) == sorted((r, w) for r, _, w in erwartete)


UNTERSCHIEDE = {"zensus": mehr, "kommune_ods": mehr, "ewr_matrix": mehr, "pflegestatistik": anderer_tag}


def test_an_existing_profile_is_never_overwritten(installation):
    _, gebiet, (datei,) = read_beleg("lang_csv")
    ziel = installation.daten / "katalog" / "quellen" / "leistungen.toml"
    ausgabe = installation.run("quelle", "neu", str(datei), "--gebiet", gebiet.id).stdout
    assert f"geschrieben: {ziel}" in ausgabe
    assert "Probegelesen: 20 Werte, Stichtage 30.11.2023, 31.12.2023" in ausgabe
    ziel.write_text(ziel.read_text(encoding="utf-8") + "# von Hand\n", encoding="utf-8")
    fehler = installation.run("quelle", "neu", str(datei), "--gebiet", gebiet.id, erwarte=1).stderr
    assert "gibt es schon" in fehler
    assert "--id" in fehler
    assert ziel.read_text(encoding="utf-8").endswith("# von Hand\n")


def test_what_is_missing_keeps_it_a_draft(installation, tmp_path):
    datei = schreibe(tmp_path / "abc.csv", "AGS;Personen\n05999004;12\n05999008;3\n05999012;5\n", "utf-8")
    ausgabe = installation.run("quelle", "neu", str(datei), "--gebiet", "beispielland", "--ziel", str(tmp_path / "z"))
    assert "fest = JJJJ-MM-TT" in ausgabe.stdout
    assert [p.name for p in (tmp_path / "z").iterdir()] == ["abc.toml.entwurf"]
    text = (tmp_path / "z" / "abc.toml.entwurf").read_text(encoding="utf-8").replace("# [stichtag]", "[stichtag]")
    fertig = tomllib.loads(text.replace("# fest = JJJJ-MM-TT", "fest = 2023-12-31"))
    assert fertig["spalten"] == {"Personen": "abc_personen"}


@pytest.mark.parametrize(
    ("spalte", "zelle"),
    [
        ("Geburtsdatum", "Geheim"),
        ("Bemerkung", "DE44500105175407324931"),
        ("Kennung", "65170839J003"),
        ("Name des Kindes", "Geheim"),
    ],
)
@pytest.mark.parametrize("art", ["csv", "xlsx"])
def test_persons_refuse_a_draft_without_an_echo(installation, tmp_path, spalte, zelle, art):
    zeilen = [["AGS", spalte, "Fälle"], ["05999004", zelle, 1], ["05999008", zelle, 2], ["05999012", zelle, 1]]
    if art == "csv":
        datei = schreibe(tmp_path / "fall_2023.csv", "\n".join(";".join(map(str, z)) for z in zeilen), "utf-8")
    else:
        mappe = openpyxl.Workbook()
        for zeile in zeilen:
            mappe.active.append(zeile)
        datei = tmp_path / "fall_2023.xlsx"
        mappe.save(datei)
    ergebnis = installation.run("quelle", "neu", str(datei), "--gebiet", "beispielland", erwarte=20)
    assert "Datenschutz" in ergebnis.stderr
    assert zelle not in ergebnis.stdout + ergebnis.stderr
    assert not (installation.daten / "katalog" / "quellen").exists()


def test_the_draft_of_a_plain_delivery(tmp_path):
    datei = schreibe(tmp_path / "sgb2_2022.csv", GUT)
    entwurf = entwirf(datei, baue_gebiet(tmp_path / "gebiete"), "sgb2")
    for zeile in (
        'ebene = "kommune"  # gefunden: 3 × kommune',
        'muster = "sgb2_{stichtag:%Y}.csv"',
        'zeichensatz = "iso-8859-1"',
        'kopf = "Schlüssel"',
        'tausender = "."  # prüfen: »1.245« gilt als 1245',
        'null = ["-"]',
        'summen = ["Insgesamt"]',
        'rest = ["ohne"]',
        'weitere = ["Name"]  # nicht gelesen',
        '"erwerbsfähig" = "sgb2_erwerbsfaehig"',
        'recht = "sgb2"',
    ):
        assert zeile in entwurf.text
    assert entwurf.vollstaendig


def test_no_key_of_the_territory(installation, tmp_path):
    datei = schreibe(tmp_path / "x_2023.csv", "AGS;Personen\n11000000;12\n12000000;3\n", "utf-8")
    ergebnis = installation.run("quelle", "neu", str(datei), "--gebiet", "beispielland", erwarte=20)
    assert "kein Schlüssel des Gebiets »beispielland«" in ergebnis.stderr
    assert "--gebiet" in ergebnis.stderr


def test_an_id_comes_from_the_file_name():
    assert kennung_aus("SGB II Quartiere_2023-12.xlsx") == "sgb_ii_quartiere"
    assert kennung_aus("2023.csv") == "quelle"
