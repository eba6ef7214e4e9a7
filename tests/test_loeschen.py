"""Erasing a delivery for good: the bytes are gone from every file of the data folder; and who did what is on record."""

import getpass
import json
import re
import shutil

import pytest

from etl.bestand import frage, list_lieferungen
from etl.loeschung import ERSATZ, loesche_lieferung
from geodata.fehler import LieferungError, MonitoringError
from geodata.protokoll import protokolliere, read_protokoll
from tests.conftest import Installation, build_kleinkreis

MERKWORT = "Vertraulich4711"  # a head nobody asked for: stands in the delivery and in a finding
NEU = """Grundsicherung für Arbeitsuchende;;;
Kleinstadt, erfundene Zahlen;;;
Schlüssel;Quartier;Leistungsberechtigte;{merkwort}
99001-01;Altstadt;7654;x
99001-02;Bahnhof;410;x
99001-03;Südhang;84;x
99001-04;Weiler;2;x
99001;Insgesamt;8.150;x
"""


def dateien_mit(installation, wort: str) -> set[str]:
    """Files of the data folder in which the text stands, as bytes in any of the encodings in use."""
    formen = [wort.encode(), wort.encode("utf-16-le")]
    alle = (p for p in installation.daten.rglob("*") if p.is_file())
    return {p.name for p in alle if any(form in p.read_bytes() for form in formen)}


@pytest.fixture(scope="module")
def vorlage(tmp_path_factory):
    """The Kleinkreis of 2022 and 2023, and after it a correction of 2023 nobody should have sent."""
    haus = build_kleinkreis(tmp_path_factory.mktemp("loeschen") / "daten")
    haus.run("laden", "--gebiet", "kleinkreis")
    ort = haus.daten / "kleinkreis" / "eingang" / "kk_sgb2" / "sgb2_2023-12_korrektur.csv"
    ort.write_text(NEU.format(merkwort=MERKWORT), "cp1252")
    # 7654 instead of 749 stops the loading until somebody says why
    fehler = haus.run("laden", "--gebiet", "kleinkreis", erwarte=20).stderr
    kennungen = re.findall(r"\[([0-9a-f]{10})\]", fehler)
    haus.run("befunde", "annehmen", *kennungen, "--gebiet", "kleinkreis", "--grund", f"Anruf: {MERKWORT}")
    haus.run("laden", "--gebiet", "kleinkreis")
    return haus


@pytest.fixture
def geladen(vorlage, tmp_path):
    shutil.copytree(vorlage.daten, tmp_path / "daten")
    return Installation(tmp_path / "daten")


def nummer(installation) -> int:
    liste = list_lieferungen(installation.daten / "kleinkreis" / "intern.duckdb")
    return int(liste.loc[liste["datei"].str.contains("korrektur"), "lieferung_id"].iloc[0])


def test_the_bytes_are_gone_from_every_file(geladen):
    ziel = geladen.daten / "kleinkreis" / "intern.duckdb"
    assert dateien_mit(geladen, MERKWORT) >= {"sgb2_2023-12_korrektur.csv", "intern.duckdb", "annahmen.jsonl"}
    nr = str(nummer(geladen))

    gefragt = geladen.run("lieferung", "loeschen", nr, "--gebiet", "kleinkreis", erwarte=1).stderr
    assert "Noch ist nichts gelöscht" in gefragt
    assert "sgb2_2023-12_korrektur.csv" in gefragt
    assert MERKWORT in (geladen.daten / "kleinkreis" / "annahmen.jsonl").read_text()

    gesagt = geladen.run("lieferung", "loeschen", nr, "--gebiet", "kleinkreis", "--endgueltig").stdout
    assert "Endgültig gelöscht" in gesagt
    assert "Sicherungen, die vorher entstanden" in gesagt
    assert dateien_mit(geladen, MERKWORT) == set()
    assert dateien_mit(geladen, "sgb2_2023-12_korrektur") == set()
    werte = frage(ziel, "SELECT wert FROM fallzahl WHERE merkmal = 'sgb2_lb' AND year(stichtag) = 2023")["wert"]
    assert 7654 not in set(werte)
    assert 749 in set(werte)  # the delivery before speaks again
    (zeile,) = [z for z in read_protokoll(geladen.daten) if z["tat"] == "lieferung_geloescht"]
    assert zeile == {**zeile, "gebiet": "kleinkreis", "lieferung": int(nr), "wer": getpass.getuser()}
    assert set(zeile) == {"zeit", "wer", "tat", "gebiet", "lieferung"}

    # the acceptance is still on record, its words are not; and life goes on
    annahmen = [json.loads(z) for z in (geladen.daten / "kleinkreis" / "annahmen.jsonl").read_text().splitlines()]
    assert {a["grund"] for a in annahmen} == {ERSATZ}
    assert int(nr) not in set(list_lieferungen(ziel)["lieferung_id"])


def test_findings_of_later_deliveries_that_quote_it_lose_the_value(geladen):
    """The correction was compared with the first delivery of 2023: erasing that takes its values out of the text."""
    ziel = geladen.daten / "kleinkreis" / "intern.duckdb"
    frueher = frage(ziel, "SELECT text FROM befund WHERE regel = 'sprung'")["text"]
    assert any("749" in text for text in frueher)
    liste = list_lieferungen(ziel)
    erste = int(liste.loc[liste["datei"] == "sgb2_2023-12.csv", "lieferung_id"].iloc[0])

    ergebnis = loesche_lieferung(ziel, erste)
    assert ergebnis.nummern == (erste,)
    befunde = frage(ziel, "SELECT * FROM befund")
    assert not befunde.astype(str).apply(lambda spalte: spalte.str.contains("749")).to_numpy().any()
    assert ERSATZ in set(befunde["text"])
    assert 7654 in set(frage(ziel, "SELECT wert FROM fallzahl_gueltig WHERE merkmal = 'sgb2_lb'")["wert"])


def test_new_deliveries_get_new_numbers_and_words(geladen):
    """Texts are counted on from their number: a gap left by erased ones must not be filled twice."""
    ziel = geladen.daten / "kleinkreis" / "intern.duckdb"
    alt = nummer(geladen)
    loesche_lieferung(ziel, alt)
    datei = geladen.daten / "kleinkreis" / "eingang" / "kk_sgb2" / "sgb2_2023-12_neu.csv"
    datei.write_text(NEU.format(merkwort="Neues Wort").replace("7654", "750").replace("8.150", "1.246"), "cp1252")
    geladen.run("laden", "--gebiet", "kleinkreis")
    assert max(list_lieferungen(ziel)["lieferung_id"]) == alt + 1
    assert 750 in set(frage(ziel, "SELECT wert FROM fallzahl_gueltig WHERE merkmal = 'sgb2_lb'")["wert"])


def test_what_does_not_exist_changes_nothing(geladen):
    ziel = geladen.daten / "kleinkreis" / "intern.duckdb"
    vorher = ziel.read_bytes()
    with pytest.raises(LieferungError, match="Nummer 99 gibt es nicht"):
        loesche_lieferung(ziel, 99)
    assert ziel.read_bytes() == vorher


# ---------------------------------------------------------------- the audit log


def test_who_did_what(geladen):
    gebiet = ("--gebiet", "kleinkreis")
    geladen.run("laden", *gebiet)  # nothing new, nothing to record
    geladen.run("lieferung", "entfernen", "5", *gebiet)
    geladen.run("lieferung", "zurueckholen", "5", *gebiet)
    zeilen = read_protokoll(geladen.daten)
    taten = ["geladen", "befund_angenommen", "befund_angenommen", "geladen"]  # a jump against 2022 and against 2023
    taten += ["lieferung_entfernt", "lieferung_zurueckgeholt"]
    assert [z["tat"] for z in zeilen] == taten
    assert [z.get("lieferung") for z in zeilen[-2:]] == [5, 5]
    assert {z["wer"] for z in zeilen} == {getpass.getuser()}
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", z["zeit"]) for z in zeilen)
    assert MERKWORT not in str(zeilen)


def test_a_line_cut_off_by_a_power_failure_stays_alone(tmp_path):
    protokolliere(tmp_path, "geladen", "a", lieferungen=1)
    with (tmp_path / "protokoll.jsonl").open("a", encoding="utf-8") as datei:
        datei.write('{"zeit": "2026')
    protokolliere(tmp_path, "veroeffentlicht", "a", stand="x")
    assert [z["tat"] for z in read_protokoll(tmp_path)] == ["geladen", "veroeffentlicht"]


def test_what_cannot_be_recorded_is_said(tmp_path):
    (tmp_path / "protokoll.jsonl").mkdir()
    with pytest.raises(MonitoringError, match="ist ausgeführt, ließ sich aber nicht protokollieren"):
        protokolliere(tmp_path, "geladen")
