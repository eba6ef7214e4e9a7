"""The certificate by the command line: what it says of a sound state, and that it bites on every kind of damage."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import date

import duckdb
import pandas as pd
import pytest

from indicators.freigabe import ORDNER
from tests.conftest import Installation
from tests.hilfe_staende import Befehlszeile, Lauf, befehlszeile

PROFILE = ["kreis", "kommune", "oeffentlich"]


@pytest.fixture(scope="module")
def zeile(tmp_path_factory) -> Iterator[Befehlszeile]:
    """The real command line, without the seconds of importing."""
    with befehlszeile(tmp_path_factory.mktemp("zeile")) as laeuft:
        yield laeuft


def pruefe(zeile: Befehlszeile, installation: Installation, *angaben: str, erwarte: int = 0) -> Lauf:
    return zeile.run(installation.daten, "pruefen", "--geheimhaltung", *angaben, erwarte=erwarte)


@pytest.fixture
def kopie(kleinkreis, tmp_path) -> Installation:
    """The published Kleinkreis, to be damaged."""
    shutil.copytree(kleinkreis.daten, tmp_path / "daten")
    return Installation(tmp_path / "daten")


def test_a_sound_state_in_german(zeile, kleinkreis):
    text = pruefe(zeile, kleinkreis).stdout
    for satz in (
        "Der veröffentlichte Stand entspricht den heutigen Daten und Regeln.",
        "Gedächtnis: 1 Ausgabe",
        "Profil »Öffentlich« (oeffentlich)",
        "2 von 32 Fallzahlen gesperrt (6,2 %)",
        "kleine Fallzahl",
        "zum Schutz anderer Werte",
        "Ebene quartier",
        "Spielraum, der ihm bleibt: mindestens 3",
        "Nicht erfasst:",
        "Ergebnis: Kein geschützter Wert",
    ):
        assert satz in text, satz


def test_the_same_for_programs_and_in_the_manifest(zeile, kleinkreis):
    bericht = json.loads(pruefe(zeile, kleinkreis, "--json").stdout)
    assert bericht["sicher"] and bericht["gedaechtnis_passt"]
    assert [p["id"] for p in bericht["profile"]] == PROFILE
    bestand = kleinkreis.daten / "kleinkreis" / "bestand"
    manifest = json.loads((bestand / bericht["stand"] / "manifest.json").read_text(encoding="utf-8"))
    for profil in bericht["profile"]:
        im_manifest = manifest["zertifikate"][profil["id"]]
        for feld in ("zellen", "gesperrt", "gruende", "ebenen", "relationen_hash", "schmalstes"):
            assert im_manifest[feld] == profil["zahlen"][feld], feld


def test_a_snapshot_that_shows_a_hidden_number(zeile, kopie):
    [snapshot] = (kopie.daten / "kleinkreis" / "bestand").glob("2*")
    with duckdb.connect(str(snapshot / "oeffentlich.duckdb")) as con:
        con.execute("UPDATE kennzahl SET status = 'offen', zaehler = 2, nenner = 600 WHERE status = 'gesperrt'")
    lauf = pruefe(zeile, kopie, erwarte=40)
    assert "WIDERSPRUCH" in lauf.stdout and "NICHT SICHER" in lauf.stdout


def test_a_pattern_that_does_not_protect(zeile, kopie):
    """Opened by hand: the neighbour that covers the 2 of Weiler."""
    datei = kopie.daten / "kleinkreis" / "gedaechtnis" / "000001" / "zellen.parquet"
    zellen = pd.read_parquet(datei)
    nachbar = (zellen["raum_id"] == "99001-03") & (zellen["merkmal"] == "sgb2_lb")
    assert (zellen.loc[nachbar, "grund_kreis"] > 0).any()
    zellen.loc[nachbar, "grund_kreis"] = 0
    zellen.to_parquet(datei, index=False)
    lauf = pruefe(zeile, kopie, erwarte=40)
    assert "GEFUNDEN: 1 Geheimnis" in lauf.stdout and "99001-04 sgb2_lb" in lauf.stdout
    assert "NICHT SICHER" in lauf.stdout


def test_without_a_gebiet_or_a_publication_it_says_what_to_do(zeile, neuer_kleinkreis):
    assert "»--gebiet ID« ergänzen" in neuer_kleinkreis.run("pruefen", "--geheimhaltung", erwarte=1).stderr
    assert "sozialraum veroeffentlichen" in pruefe(zeile, neuer_kleinkreis, erwarte=1).stderr


# --- rounded instead of hidden ---


def test_rounded_everywhere_and_said_so(zeile, neuer_kleinkreis):
    """Weiler 2 → 0, Südhang 84 → 80; the total is that of the true numbers; no interval pretends precision."""
    ziel = neuer_kleinkreis.daten / "katalog" / "freigaben"
    ziel.mkdir()
    for datei in sorted(ORDNER.glob("*.toml")):
        text = datei.read_text(encoding="utf-8") + '\n[methode]\nsgb2_lb = "runden10"\n'
        (ziel / datei.name).write_text(text, encoding="utf-8")
    zeile.run(neuer_kleinkreis.daten, "laden")
    zeile.run(neuer_kleinkreis.daten, "veroeffentlichen")
    for profil in PROFILE:
        store = neuer_kleinkreis.store("kleinkreis", profil)
        tafel = store.read_werte("sgb2_quote", "quartier", date(2023, 12, 31)).set_index("name")
        ohne_rest = tafel["zaehler"].dropna().to_dict()
        assert ohne_rest == {"Altstadt": 750, "Bahnhof": 410, "Südhang": 80, "Weiler": 0}
        assert tafel["unten"].isna().all()
        assert store.read_werte("sgb2_quote", "kommune", date(2023, 12, 31))["zaehler"].tolist() == [1250]
        assert "auf 10 gerundet" in store.eintrag("sgb2_quote").naeherung
    assert "Auf 10 gerundet statt gesperrt: sgb2_lb" in pruefe(zeile, neuer_kleinkreis).stdout


# --- the same by the command line: two editions with a correction between them ---


def _gesperrt(installation: Installation) -> set[str]:
    tafel = installation.store("kleinkreis", "kreis").read_werte("sgb2_quote", "quartier", date(2023, 12, 31))
    zeilen = tafel[tafel["status"] == "gesperrt"]
    return set(zeilen["name"])


@pytest.mark.parametrize("vergisst", ["nichts", "gedaechtnis", "alles"])
def test_a_correction_between_two_editions(zeile, kopie, vergisst):
    """Weiler has 2, hidden behind Südhang with 84. The correction makes that 500; now Bahnhof with 410 would be cheaper
    — but its 410 stand in the first edition: total − Altstadt − Südhang − Bahnhof = 2.

    The memory keeps Südhang hidden; without it the old snapshot tells what it showed; without both the leak is there.
    """
    assert _gesperrt(kopie) == {"Südhang", "Weiler"}
    ordner = kopie.daten / "kleinkreis"
    datei = next((ordner / "eingang").rglob("sgb2_2023-12.csv"))
    text = datei.read_bytes().decode("cp1252").replace("dhang;84", "dhang;500").replace("1.245", "1.661")
    datei.write_bytes(text.encode("cp1252"))
    zeile.run(kopie.daten, "laden")
    if vergisst == "nichts":
        assert "1 davon sind mit anderen Daten oder Regeln veröffentlicht" in pruefe(zeile, kopie).stdout
    else:
        shutil.rmtree(ordner / "gedaechtnis")
    if vergisst == "alles":
        shutil.rmtree(ordner / "bestand")
        (ordner / "AKTUELL.json").unlink()
    zeile.run(kopie.daten, "veroeffentlichen")
    assert _gesperrt(kopie) == {"Weiler", "Bahnhof" if vergisst == "alles" else "Südhang"}
