"""The door: commands, exit codes, German messages; bad input changes nothing."""

import json
import shutil
from hashlib import sha256

import pytest

ENGLISCH = ("Usage", "Options", "Commands", "Arguments", "Show this message", "Error", "required", "default", "<")


@pytest.mark.parametrize("befehl", [[], ["laden"], ["demo"], ["pruefen"], ["lieferung"], ["starten"], ["bericht"]])
def test_help_is_german(neuer_kleinkreis, befehl):
    import subprocess
    import sys

    from tests.conftest import WURZEL

    hilfe = subprocess.run(
        [sys.executable, str(WURZEL / "app.py"), *befehl, "--help"], capture_output=True, text=True, encoding="utf-8"
    )
    assert hilfe.returncode == 0 and "Aufruf:" in hilfe.stdout
    assert not [wort for wort in ENGLISCH if wort in hilfe.stdout]


@pytest.mark.parametrize(
    ("angaben", "code", "text"),
    [
        (["laden", "--gebiet", "nirgendwo"], 10, "Das Gebiet »nirgendwo« gibt es nicht."),
        (["laden", "--gebiet", "kleinkreis", "--quelle", "fehlt"], 1, "Die Quelle »fehlt« gibt es"),
        (["laden", "--gebiet", "kleinkreis", "gibt_es_nicht.csv"], 20, "Zu welcher Quelle die Datei gehört"),
        (["veroeffentlichen", "--gebiet", "kleinkreis"], 1, "ist noch nichts geladen"),
        (["starten"], 1, "Es ist noch nichts veröffentlicht"),
        (["export", "--gebiet", "kleinkreis", "--ziel", "x"], 1, "ist noch nichts veröffentlicht"),
        (["bericht", "unbekannt", "--gebiet", "kleinkreis", "--ziel", "x"], 1, "Den Bericht »unbekannt« gibt es nicht"),
        (["zurueck", "--gebiet", "kleinkreis"], 1, "Es gibt keinen früheren Stand"),
        (["starten", "--freigabe", "geheim"], 1, "Das Freigabeprofil »geheim« gibt es nicht"),
    ],
)
def test_wrong_use_is_told_in_german(neuer_kleinkreis, angaben, code, text):
    ergebnis = neuer_kleinkreis.run(*angaben, erwarte=code)
    assert text in ergebnis.stderr
    assert "Traceback" not in ergebnis.stderr


@pytest.mark.parametrize(
    ("angaben", "text"),
    [
        (["quatsch"], "Den Befehl »quatsch« gibt es nicht."),
        (["laden"], "Die Angabe --gebiet fehlt."),
        (["laden", "--gibts", "nicht"], "Die Option --gibts gibt es nicht."),
    ],
)
def test_wrong_words_exit_2(neuer_kleinkreis, angaben, text):
    assert text in neuer_kleinkreis.run(*angaben, erwarte=2).stderr


def test_the_internal_profile_stays_on_this_machine(kleinkreis):
    ergebnis = kleinkreis.run("starten", "--freigabe", "kreis", "--adresse", "0.0.0.0", erwarte=1)
    assert "darf nur auf diesem Rechner gezeigt werden" in ergebnis.stderr


def test_diagnose_tells_versions_and_states(kleinkreis):
    felder = json.loads(kleinkreis.run("diagnose", "--json").stdout)
    assert felder["gebiete"]["kleinkreis"]["geladen"] is True
    assert felder["gebiete"]["kleinkreis"]["aktuell"].startswith("20")


SCHLECHT = {
    "falsches Trennzeichen": (lambda t: t.replace(";", ","), "Komma statt Semikolon"),
    "falscher Zeichensatz": (lambda t: t.replace("Südhang", "SÃ¼dhang"), "Umlaute sind beschädigt"),
    "fehlende Spalte": (lambda t: t.replace("Leistungsberechtigte", "Leistungsbezieher"), "Leistungsberechtigte"),
    "unbekannter Schlüssel": (lambda t: t.replace("99001-04", "99001-77"), "99001-77"),
    "doppelter Schlüssel": (lambda t: t.replace("99001-04;Weiler", "99001-03;Südhang"), "99001-03"),
    "Text in einer Zahlenspalte": (lambda t: t.replace("Bahnhof;410", "Bahnhof;viele"), "viele"),
    "unbekanntes Zeichen": (lambda t: t.replace("Weiler;2", "Weiler;#"), "#"),
    "Teile über dem Ganzen": (lambda t: t.replace("1.245", "845"), "845"),
    "negative Zahl": (lambda t: t.replace("Südhang;84", "Südhang;-84"), "-84"),
    "leere Datei": (lambda t: "", "leer"),
}


@pytest.mark.parametrize("fall", SCHLECHT)
def test_a_bad_delivery_changes_nothing(kleinkreis, tmp_path, fall):
    """Exit 20, a message with file, place and remedy; database and served snapshot stay byte for byte."""
    verderbe, gesucht = SCHLECHT[fall]
    daten = tmp_path / "daten"
    shutil.copytree(kleinkreis.daten, daten)
    installation = type(kleinkreis)(daten)
    gut = daten / "kleinkreis" / "eingang" / "kk_sgb2" / "sgb2_2023-12.csv"
    schlecht = tmp_path / "kk_sgb2" / "sgb2_2024-12.csv"
    schlecht.parent.mkdir()
    text = verderbe(gut.read_text(encoding="cp1252"))
    schlecht.write_bytes(text.encode("utf-8" if "Ã" in text else "cp1252"))
    vorher = abdruck(daten)

    ergebnis = installation.run("laden", "--gebiet", "kleinkreis", str(schlecht), erwarte=20)

    assert gesucht in ergebnis.stderr, ergebnis.stderr
    assert "sgb2_2024-12.csv" in ergebnis.stderr and "Abhilfe:" in ergebnis.stderr
    assert abdruck(daten) == vorher


def abdruck(daten):
    dateien = [daten / "kleinkreis" / "intern.duckdb", daten / "kleinkreis" / "AKTUELL.json"]
    return [sha256(d.read_bytes()).hexdigest() for d in dateien]


def test_overlapping_polygons_stop_with_exit_10(neuer_kleinkreis):
    grenzen = neuer_kleinkreis.daten / "katalog" / "gebiete" / "kleinkreis" / "grenzen.geojson"
    karte = json.loads(grenzen.read_text())
    karte["features"][1]["geometry"]["coordinates"][0][0][0] -= 1000  # one corner of Bahnhof reaches into Altstadt
    karte["features"][1]["geometry"]["coordinates"][0][-1][0] -= 1000
    grenzen.write_text(json.dumps(karte))
    ergebnis = neuer_kleinkreis.run("pruefen", "--gebiet", "kleinkreis", erwarte=10)
    assert "99001-0" in ergebnis.stderr and "m²" in ergebnis.stderr and "Abhilfe" in ergebnis.stderr


def test_an_unclosed_ring_stops_with_exit_10(neuer_kleinkreis):
    grenzen = neuer_kleinkreis.daten / "katalog" / "gebiete" / "kleinkreis" / "grenzen.geojson"
    karte = json.loads(grenzen.read_text())
    karte["features"][2]["geometry"]["coordinates"][0].pop()
    grenzen.write_text(json.dumps(karte))
    ergebnis = neuer_kleinkreis.run("pruefen", "--gebiet", "kleinkreis", erwarte=10)
    assert "grenzen.geojson" in ergebnis.stderr and "Abhilfe" in ergebnis.stderr


def test_pruefen_names_findings_and_writes_nothing(neuer_kleinkreis):
    assert "4 Lieferungen in Ordnung" in neuer_kleinkreis.run("pruefen", "--gebiet", "kleinkreis").stdout
    assert not (neuer_kleinkreis.daten / "kleinkreis" / "intern.duckdb").exists()
