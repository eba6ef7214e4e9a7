import subprocess
import sys
from pathlib import Path

import pytest

from etl.quelle import read_quelle, read_quellen
from geodata.fehler import KatalogError
from tests.lieferungen import PROFIL, baue_quelle

QUELLEN = Path(__file__).parents[1] / "etl" / "quellen"


def test_all_shipped_profiles_load():
    quellen = read_quellen(QUELLEN)
    assert {"fl_bevoelkerung", "nrw_pflege", "rs_inkar_kommunen"} <= set(quellen)
    assert quellen["nrw_bevoelkerung"].merkmale["fs_gesamt"].zerlegungen == (
        ("fs_m", "fs_w"),
        ("fs_0_19", "fs_20_64", "fs_65_plus"),
    )


@pytest.mark.parametrize(
    ("alt", "neu", "ort", "was"),
    [
        ('kopf = "Schlüssel"', 'kopff = "Schlüssel"', "datei.kopff", "gibt es nicht"),
        ('titel = "Leistungsberechtigte nach Kommunen"', "", "titel", "fehlt"),
        ('recht = "sgb2"', 'recht = "hartz4"', "merkmale.sgb2_rlb.recht", "darf nicht 'hartz4' sein"),
        ('"nicht erwerbsfähig" = "sgb2_nef"', "", "ganze Datei", "»sgb2_nef« wird von keiner Spalte geliefert"),
        ('= "sgb2_nef"', '= "sgb2_neff"', "ganze Datei", "»sgb2_nef« wird von keiner Spalte"),
        ('["sgb2_elb", "sgb2_nef"]', '["sgb2_elb", "sgb2_x"]', "ganze Datei", "»sgb2_x« ist kein Merkmal"),
        ("{stichtag:%Y}", "", "ganze Datei", "der Stichtag kommt aus genau einem Ort"),
        ('tausender = "."', 'tausender = "."\ntausender = ","', "sgb2.toml", "kein gültiges TOML"),
    ],
)
def test_a_wrong_profile_names_file_and_key_path(tmp_path, alt, neu, ort, was):
    with pytest.raises(KatalogError) as fehler:
        baue_quelle(tmp_path, (alt, neu))
    assert was in fehler.value.was
    assert "sgb2.toml" in fehler.value.wo
    assert ort in fehler.value.wo
    assert fehler.value.tun


def test_a_misspelt_key_gets_a_suggestion(tmp_path):
    with pytest.raises(KatalogError, match="gibt es nicht") as fehler:
        baue_quelle(tmp_path, ("zeichensatz", "zeichnsatz"))
    assert "Gemeint »zeichensatz«?" in fehler.value.tun


def test_a_merkmal_means_one_thing_within_a_gebiet(tmp_path):
    baue_quelle(tmp_path, name="eine")
    baue_quelle(tmp_path, ('titel = "Erwerbsfähige"', 'titel = "Erwerbstätige"'), name="zwei")
    with pytest.raises(KatalogError, match="»sgb2_elb« ist in zwei Quellen verschieden") as fehler:
        read_quellen(tmp_path)
    assert "eine.toml und zwei.toml" in fehler.value.wo
    assert "titel" in fehler.value.wo


def test_the_same_merkmal_may_differ_between_territories(tmp_path):
    baue_quelle(tmp_path, name="eine")
    baue_quelle(tmp_path, ('titel = "Erwerbsfähige"', 'titel = "ELB"'), ('["test"]', '["anderswo"]'), name="zwei")
    assert set(read_quellen(tmp_path)) == {"eine", "zwei"}


def test_a_later_folder_overlays_by_file_name(tmp_path):
    baue_quelle(tmp_path / "mitgeliefert")
    baue_quelle(tmp_path / "eigene", ("Jobcenter", "Jobcenter Test"))
    assert read_quellen(tmp_path / "mitgeliefert", tmp_path / "eigene")["sgb2"].herausgeber == "Jobcenter Test"


def test_the_profile_hash_ignores_comments_but_not_meaning(tmp_path):
    eine = baue_quelle(tmp_path, name="q")
    assert baue_quelle(tmp_path, ("[datei]", "# Notiz\n[datei]"), name="q").sha256 == eine.sha256
    assert baue_quelle(tmp_path, ('null = ["-"]', 'null = ["–"]'), name="q").sha256 != eine.sha256


@pytest.mark.parametrize(
    ("name", "passt"),
    [("sgb2_2022.csv", True), ("SGB2_2022_neu.CSV", True), ("sgb2_22.csv", False), ("hlu.csv", False)],
)
def test_file_names_match_the_muster(tmp_path, name, passt):
    assert baue_quelle(tmp_path).passt(name) is passt


def test_importing_profiles_needs_no_database_and_no_spreadsheet_reader():
    code = (
        "import sys, etl.quelle; print(sorted({'duckdb', 'python_calamine', 'openpyxl', 'pandas'} & set(sys.modules)))"
    )
    aus = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert "duckdb" not in aus.stdout
    assert "calamine" not in aus.stdout


def test_a_correction_must_be_complete(tmp_path):
    pfad = tmp_path / "q.toml"
    pfad.write_text(PROFIL + '\n[[korrektur]]\ntat = "wert"\ngrund = "x"\nraum = "05999004"\n', encoding="utf-8")
    with pytest.raises(KatalogError, match="braucht auch: merkmal, von, auf"):
        read_quelle(pfad)
