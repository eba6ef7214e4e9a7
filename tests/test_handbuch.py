"""The handbook's example territory, typed off the page and taken through the real door."""

import csv
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app import cli

WURZEL = Path(__file__).parents[1]
HANDBUCH = WURZEL / "docs" / "handbuch.md"
DATEI = re.compile(r"^Datei `daten/([^`]+)`:\n\n```\w*\n(.*?)^```$", re.M | re.S)


def rufe(daten: Path, *befehl: str) -> str:
    """Run one command of the program; its output, or a failed test with the message it gave."""
    lauf = CliRunner(env={"SOZIALRAUM_DATEN": str(daten)}).invoke(cli, befehl)
    if lauf.exception:
        raise lauf.exception
    return lauf.output


@pytest.fixture(scope="module")
def beispielstadt(tmp_path_factory):
    """Folder `daten` with every file of the handbook, loaded and published."""
    daten = tmp_path_factory.mktemp("daten")
    for pfad, inhalt in DATEI.findall(HANDBUCH.read_text(encoding="utf-8")):
        (daten / pfad).parent.mkdir(parents=True, exist_ok=True)
        (daten / pfad).write_text(inhalt, encoding="utf-8")
    for befehl in ("pruefen", "laden", "veroeffentlichen"):
        rufe(daten, befehl, "--gebiet", "beispielstadt")
    return daten


def test_recipe_gives_the_value_the_handbook_promises(beispielstadt, tmp_path):
    rufe(beispielstadt, "export", "--gebiet", "beispielstadt", "--ziel", str(tmp_path))

    with (tmp_path / "kennzahlen_daten.csv").open(encoding="utf-8", newline="") as datei:
        werte = {z["name"]: z for z in csv.DictReader(datei) if z["kennzahl_id"] == "anteil_unter_6"}
    assert werte["Altstadt"]["wert"] == "5"  # 620 / 12.400 × 100
    for name in ("Weiler", "Hafen"):  # 2 children, and the Raum that would give them away by subtraction
        assert (werte[name]["wert"], werte[name]["status"]) == ("", "gesperrt")


def test_second_run_says_unchanged(beispielstadt):
    for befehl in ("laden", "veroeffentlichen"):
        assert "unverändert" in rufe(beispielstadt, befehl, "--gebiet", "beispielstadt")


def test_report_is_written_for_a_territory_without_care_data(beispielstadt, tmp_path):
    rufe(beispielstadt, "bericht", "pflegeplanung", "--gebiet", "beispielstadt", "--ziel", str(tmp_path))

    assert [pfad.name for pfad in tmp_path.iterdir()] == ["pflegeplanung_beispielstadt_oeffentlich.xlsx"]


def befehle() -> list[str]:
    """Every command line of the handbook, without the program's name."""
    bloecke = re.findall(r"^```\n(.*?)^```$", HANDBUCH.read_text(encoding="utf-8"), re.M | re.S)
    zeilen = [zeile for block in bloecke for zeile in block.splitlines()]
    return sorted({zeile.removeprefix("sozialraum ") for zeile in zeilen if zeile.startswith("sozialraum ")})


@pytest.mark.parametrize("befehl", befehle())
def test_every_command_of_the_handbook_exists(befehl, tmp_path):
    woerter = befehl.replace("[", "").replace("]", "").split()
    tiefe = 2 if woerter[0] in ("lieferung", "quelle", "eigene") or woerter[:2] == ["befunde", "annehmen"] else 1
    hilfe = rufe(tmp_path, *woerter[:tiefe], "--help")

    for option in (wort for wort in woerter if wort.startswith("--")):
        assert option in hilfe


def test_links_of_the_contents_lead_to_chapters():
    text = HANDBUCH.read_text(encoding="utf-8")
    kapitel = {
        re.sub(r"[^\w\- ]", "", titel.lower()).replace(" ", "-") for titel in re.findall(r"^## (.+)$", text, re.M)
    }

    ziele = set(re.findall(r"\]\(#([^)]+)\)", text))
    assert ziele <= kapitel
    assert len(ziele) == len(kapitel)
