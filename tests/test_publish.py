"""From deliveries to a protected snapshot, on numbers small enough to check by hand (tests/kleinkreis)."""

import json
import signal
import subprocess
import sys
from datetime import date

import pytest

from indicators.staende import list_snapshots
from tests.conftest import WURZEL


def quote(installation, freigabe="oeffentlich"):
    werte = installation.store("kleinkreis", freigabe).read_werte("sgb2_quote", "quartier")
    return werte.assign(jahr=[t.year for t in werte["stichtag"]]).set_index(["name", "jahr"])


@pytest.mark.parametrize("freigabe", ["kreis", "oeffentlich"])
def test_two_cases_in_weiler_stay_secret(kleinkreis, freigabe):
    werte = quote(kleinkreis, freigabe)

    assert werte.loc[("Weiler", 2023), "status"] == "gesperrt"  # 2 persons
    assert werte.loc[("Südhang", 2023), "status"] == "gesperrt"  # else 1245 − 749 − 410 − 84 = 2
    assert werte.loc[("Bahnhof", 2023), "wert"] == pytest.approx(410 / 2600 * 100)
    assert werte.loc[("Weiler", 2022), "wert"] == pytest.approx(12 / 610 * 100)


def test_outside_the_house_the_suppliers_secret_looks_like_ours(neuer_kleinkreis):
    """Where a number is so small that we would hide it too, his sign would tell that there is somebody."""
    profil = neuer_kleinkreis.daten / "katalog/quellen/kk_sgb2.toml"
    profil.write_text(
        profil.read_text(encoding="utf-8").replace("null =", 'gesperrt = ["*"]\nnull ='), encoding="utf-8"
    )
    lieferung = neuer_kleinkreis.daten / "kleinkreis/eingang/kk_sgb2/sgb2_2023-12.csv"
    text = lieferung.read_text(encoding="cp1252").replace("Weiler;2", "Weiler;*")
    lieferung.write_text(text, encoding="cp1252", newline="")
    neuer_kleinkreis.run("laden", "--gebiet", "kleinkreis")
    neuer_kleinkreis.run("veroeffentlichen", "--gebiet", "kleinkreis")

    for freigabe, zeichen in (
        ("kreis", "gesperrt_quelle"),
        ("kommune", "gesperrt_quelle"),
        ("oeffentlich", "gesperrt"),
    ):
        assert quote(neuer_kleinkreis, freigabe).loc[("Weiler", 2023), "status"] == zeichen, freigabe
        # Weiler is in no sum, so nothing beside it need be hidden; the town without it is no number of the town.
        assert quote(neuer_kleinkreis, freigabe).loc[("Südhang", 2023), "status"] == "offen"
        stadt = neuer_kleinkreis.store("kleinkreis", freigabe).read_werte("sgb2_quote", "kommune", date(2023, 12, 31))
        assert stadt["status"].item() == "gesperrt_quelle" and stadt["wert"].isna().all()


def test_nothing_is_left_of_a_suppressed_value(kleinkreis):
    gesperrt = quote(kleinkreis).query("status == 'gesperrt'")
    assert len(gesperrt) == 2
    assert gesperrt[["wert", "unten", "oben", "zaehler", "nenner"]].isna().all(axis=None)


def test_the_town_is_the_sum_of_its_quartiere_and_the_rest(kleinkreis):
    stadt = kleinkreis.store("kleinkreis").read_werte("sgb2_quote", "kommune").set_index("stichtag")
    # 749 + 410 + 84 + 2 + 0 nicht zuordenbar = 1245; 3120 + 2600 + 1200 + 600 = 7520
    assert stadt["zaehler"].iloc[-1] == 1245
    assert stadt["wert"].iloc[-1] == pytest.approx(1245 / 7520 * 100)


def test_a_rate_says_nothing_where_nobody_lives(kleinkreis):
    assert quote(kleinkreis).loc[("nicht zuordenbar", 2023), "status"] == "nicht_sinnvoll"


def test_publishing_the_same_again_changes_nothing(neuer_kleinkreis):
    neuer_kleinkreis.run("laden", "--gebiet", "kleinkreis")
    neuer_kleinkreis.run("veroeffentlichen", "--gebiet", "kleinkreis")
    vorher = list_snapshots(neuer_kleinkreis.daten / "kleinkreis")

    assert "unverändert" in neuer_kleinkreis.run("veroeffentlichen", "--gebiet", "kleinkreis").stdout
    assert list_snapshots(neuer_kleinkreis.daten / "kleinkreis") == vorher


def nachlieferung(installation):
    """A later delivery for 2023 in which Weiler has 20 instead of 2 persons (sum 1.263)."""
    eingang = installation.daten / "kleinkreis" / "eingang" / "kk_sgb2"
    text = (eingang / "sgb2_2023-12.csv").read_text(encoding="cp1252")
    neu = text.replace("Weiler;2", "Weiler;20").replace("1.245", "1.263")
    (eingang / "sgb2_2023-12_korrektur.csv").write_text(neu, encoding="cp1252", newline="")


def leistungsberechtigte(installation) -> float:
    tafel = installation.store("kleinkreis").read_werte("sgb2_quote", "kommune", date(2023, 12, 31))
    return tafel["zaehler"].item()


def test_a_later_delivery_replaces_and_rollback_brings_the_old_state_back(neuer_kleinkreis):
    """The 20 of Weiler stay hidden: with them the 84 beside would be known, and so the 2 of the first edition."""
    neuer_kleinkreis.run("laden", "--gebiet", "kleinkreis")
    neuer_kleinkreis.run("veroeffentlichen", "--gebiet", "kleinkreis")
    erster = neuer_kleinkreis.store("kleinkreis").stand.snapshot
    nachlieferung(neuer_kleinkreis)

    assert "Nachlieferung" in neuer_kleinkreis.run("laden", "--gebiet", "kleinkreis").stdout
    neuer_kleinkreis.run("veroeffentlichen", "--gebiet", "kleinkreis")
    store = neuer_kleinkreis.store("kleinkreis")
    assert store.lieferungen()["datei"].str.contains("korrektur").any()
    # 20 cases are not few, but beside the first edition they would tell what was hidden there.
    assert quote(neuer_kleinkreis).loc[("Weiler", 2023), "status"] == "gesperrt"

    neuer_kleinkreis.run("zurueck", "--gebiet", "kleinkreis")
    assert neuer_kleinkreis.store("kleinkreis").stand.snapshot == erster != store.stand.snapshot


def test_a_delivery_taken_back_lets_the_earlier_one_speak(neuer_kleinkreis):
    nachlieferung(neuer_kleinkreis)
    neuer_kleinkreis.run("laden", "--gebiet", "kleinkreis")
    liste = neuer_kleinkreis.run("lieferung", "liste", "--gebiet", "kleinkreis").stdout
    nummer = next(z.split()[0] for z in liste.splitlines() if "korrektur" in z)
    assert "ersetzt" in liste

    neuer_kleinkreis.run("lieferung", "entfernen", nummer, "--gebiet", "kleinkreis")
    neuer_kleinkreis.run("veroeffentlichen", "--gebiet", "kleinkreis")

    assert "zurückgenommen" in neuer_kleinkreis.run("lieferung", "liste", "--gebiet", "kleinkreis").stdout
    assert quote(neuer_kleinkreis).loc[("Weiler", 2023), "status"] == "gesperrt"


def test_the_manifest_names_every_file_by_its_hash(kleinkreis):
    from hashlib import sha256

    ordner = next((kleinkreis.daten / "kleinkreis" / "bestand").glob("2*"))
    dateien = json.loads((ordner / "manifest.json").read_text(encoding="utf-8"))["dateien"]
    vorhanden = {p.relative_to(ordner).as_posix() for p in ordner.rglob("*") if p.is_file()} - {"manifest.json"}
    assert set(dateien) == vorhanden
    assert all(sha256((ordner / name).read_bytes()).hexdigest() == wert for name, wert in dateien.items())


def test_kill_while_publishing_leaves_the_old_state(beispiel, tmp_path):
    """The process dies in the middle of the build; the pointer names a whole snapshot, the next run cleans up."""
    import shutil

    daten = tmp_path / "daten"
    shutil.copytree(beispiel.daten / "flensburg", daten / "flensburg")
    zeiger = daten / "flensburg" / "AKTUELL.json"
    vorher = zeiger.read_bytes()
    katalog = daten / "katalog" / "freigaben"
    katalog.mkdir(parents=True)
    profil = (WURZEL / "indicators" / "freigaben" / "oeffentlich.toml").read_text(encoding="utf-8")
    (katalog / "oeffentlich.toml").write_text(profil.replace("einwohner_mindest = 300", "einwohner_mindest = 301"))
    angaben = ["veroeffentlichen", "--gebiet", "flensburg", "--daten", str(daten)]
    befehl = [sys.executable, str(WURZEL / "app.py"), *angaben]
    bestand = daten / "flensburg" / "bestand"

    prozess = subprocess.Popen(befehl, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while prozess.poll() is None and not list(bestand.glob(".bau_*")):
        pass
    prozess.send_signal(signal.SIGKILL)
    prozess.wait()

    assert list(bestand.glob(".bau_*")), "the build was not under way when it was killed"
    assert zeiger.read_bytes() == vorher
    danach = subprocess.run(befehl, capture_output=True, text=True, encoding="utf-8", check=True)
    assert "veröffentlicht" in danach.stdout
    assert not list(bestand.glob(".bau_*"))
