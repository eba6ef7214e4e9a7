"""The life of published snapshots: checked, replaced, turned back, withdrawn, removed. F04 to F11 for snapshots."""

import json
import os
import re
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

import app
from indicators.bestand import (
    find_folge,
    find_neuen_namen,
    list_snapshots,
    nenne,
    read_zeiger,
    read_zurueckgezogen,
    set_zeiger,
)
from indicators.manifest import find_mangel, find_pruefsumme
from indicators.platte import wiederhole, write_ganz
from indicators.sperre import sperre
from indicators.staende import Auslage, find_gezeigt
from indicators.store import SCHEMA_VERSION, Store
from tests.hilfe_staende import GEBIET, kippe_bit, kopiere, kopiere_stand, schreibe


@pytest.fixture
def daten(zwei_staende, tmp_path):
    """Two snapshots, the second one shown; a third delivery is loaded and not published."""
    return kopiere(zwei_staende, tmp_path / "daten")


@pytest.fixture
def drei(drei_staende, tmp_path):
    """The third one published as well; its folder `daten/kleinkreis`."""
    return kopiere(drei_staende[0], tmp_path / "drei") / GEBIET


@pytest.fixture
def ordner(daten):
    return daten / GEBIET


def bestand(ordner):
    return [ordner / "bestand" / name for name in list_snapshots(ordner)]


def client(daten):
    """The real application over this data folder, without a socket."""
    return app.create_server(daten).test_client()


def setze_fassung(snapshot, fassung):
    """As a program of another version would have written it."""
    manifest = json.loads((snapshot / "manifest.json").read_text(encoding="utf-8")) | {"schema": fassung}
    manifest["pruefsumme"] = find_pruefsumme(manifest)
    schreibe(snapshot / "manifest.json", json.dumps(manifest).encode())


# ---------------------------------------------------------------- F04: damage


@pytest.mark.parametrize(
    ("datei", "was"),
    [
        ("oeffentlich.duckdb", "Inhalt verändert"),
        ("kreis.duckdb", "Inhalt verändert"),
        ("geo/*.bin", "Inhalt verändert"),
        ("werte_oeffentlich/*.wert.bin", "Inhalt verändert"),
        ("manifest.json", "manifest.json"),
    ],
)
def test_f04_one_flipped_bit_is_found_wherever_it_is(ordner, datei, was):
    erster, zweiter = bestand(ordner)
    pfad = next(zweiter.glob(datei))
    kippe_bit(pfad, pfad.stat().st_size * 2 // 3)

    gezeigt = find_gezeigt(ordner)

    assert gezeigt.ordner == erster
    vom, ersatz = nenne(zweiter.name), nenne(erster.name).replace("Der", "der")
    assert gezeigt.hinweis == f"{vom} ist beschädigt; gezeigt wird {ersatz}."
    assert pfad.name in gezeigt.einzelheit and was in gezeigt.einzelheit


def test_f04_a_byte_more_or_less_a_missing_and_a_foreign_file_are_found(ordner):
    heil, snapshot = bestand(ordner)
    datenbank = snapshot / "oeffentlich.duckdb"
    ganz = datenbank.read_bytes()
    for inhalt, was in ((ganz[:-1], f"{len(ganz) - 1} Bytes statt {len(ganz)}"), (ganz + b"x", "Bytes statt")):
        schreibe(datenbank, inhalt)
        assert was in find_mangel(snapshot).einzelheit
    datenbank.unlink()
    assert find_mangel(snapshot).einzelheit == f"{datenbank} fehlt"
    schreibe_neu = heil / "oeffentlich.duckdb.wal"  # the database would play it back
    schreibe_neu.write_bytes(b"x")
    assert "gehört nicht zum Stand" in find_mangel(heil).einzelheit


def test_f04_every_page_says_it_and_bereit_says_why(daten, ordner, caplog):
    erster, zweiter = bestand(ordner)
    kippe_bit(zweiter / "oeffentlich.duckdb", 5000)
    server = client(daten)
    hinweis = f"{nenne(zweiter.name)} ist beschädigt; gezeigt wird der Stand vom"

    for seite in ("/", f"/{GEBIET}/steckbrief", f"/{GEBIET}/daten", f"/{GEBIET}/methodik"):
        assert hinweis in server.get(seite).text, seite
    frage = {
        "output": "seite.children",
        "outputs": {"id": "seite", "property": "children"},
        "inputs": [{"id": "url", "property": "pathname", "value": f"/{GEBIET}/karte"}],
        "state": [{"id": "url", "property": "search", "value": ""}],
        "changedPropIds": ["url.pathname"],
    }
    karte = server.post("/_dash-update-component", json=frage)
    assert hinweis in json.dumps(karte.json, ensure_ascii=False)
    antwort = server.get("/bereit")
    assert (antwort.status_code, antwort.json["status"]) == (200, "eingeschraenkt")
    assert antwort.json["gebiete"] == {GEBIET: erster.name}
    assert antwort.json["stoerungen"][GEBIET].startswith(hinweis)
    zeilen = [z for z in caplog.messages if "beschädigt" in z]
    assert len(zeilen) == 1 and "oeffentlich.duckdb" in zeilen[0], "one line in the log, not one per request"


def test_f04_without_damage_nobody_is_told_anything(daten, ordner):
    server = client(daten)
    assert "stoerungsband" not in server.get(f"/{GEBIET}/daten").text
    assert server.get("/bereit").json["status"] == "bereit"


def test_f04_no_good_snapshot_left_stops_the_start_with_path_and_remedy(zeile, daten, ordner):
    for snapshot in bestand(ordner):
        kippe_bit(snapshot / "oeffentlich.duckdb", 5000)
    lauf = zeile.run(daten, "starten", "--port", "1", erwarte=1)
    assert f"Für das Gebiet »{GEBIET}« lässt sich kein Stand zeigen" in lauf.stderr
    assert str(bestand(ordner)[1] / "oeffentlich.duckdb") in lauf.stderr
    assert f"»sozialraum veroeffentlichen --gebiet {GEBIET}«" in lauf.stderr
    assert "Traceback" not in lauf.stderr


def test_f04_a_pointer_turned_to_a_broken_snapshot_keeps_the_old_one(daten, ordner, caplog):
    """Also if the old one was the later one: what is served already is known to work."""
    erster, zweiter = bestand(ordner)
    auslage = Auslage(daten)
    assert auslage()[GEBIET].ordner == zweiter
    kippe_bit(erster / "kommune.duckdb", 5000)
    set_zeiger(ordner, erster.name)

    assert auslage()[GEBIET].ordner == zweiter
    assert "gezeigt wird" in auslage()[GEBIET].hinweis
    assert len([z for z in caplog.messages if "beschädigt" in z]) == 1
    set_zeiger(ordner, zweiter.name)
    assert (auslage()[GEBIET].ordner, auslage()[GEBIET].hinweis) == (zweiter, "")


def test_f04_publishing_again_replaces_a_damaged_snapshot(zeile, drei):
    """The same numbers are not "unchanged" if what was made of them is broken."""
    assert "unverändert" in zeile.run(drei.parent, "veroeffentlichen").stdout
    kippe_bit(bestand(drei)[-1] / "oeffentlich.duckdb", 5000)
    assert "veröffentlicht" in zeile.run(drei.parent, "veroeffentlichen").stdout
    assert find_gezeigt(drei).ordner == bestand(drei)[-1]
    assert len(bestand(drei)) == 4


def test_f04_an_export_of_the_last_good_one_says_so(zeile, daten, ordner, tmp_path):
    kippe_bit(bestand(ordner)[1] / "oeffentlich.duckdb", 5000)
    lauf = zeile.run(daten, "export", "--ziel", str(tmp_path / "export"))
    assert "Achtung: Der Stand vom" in lauf.stderr and "ist beschädigt; gezeigt wird der Stand vom" in lauf.stderr


# ---------------------------------------------------------------- F05, F06: locks


def test_f05_the_second_says_that_it_waits_and_then_who_keeps_it_waiting(zeile, daten, ordner):
    with sperre(ordner):
        lauf = zeile.run(daten, "veroeffentlichen", erwarte=1, setze={"indicators.sperre": {"WARTEN": 0.1}})
    wer = rf"gesperrt von Vorgang {os.getpid()} auf »\S+« seit \d\d\.\d\d\.\d{{4}}, \d\d:\d\d Uhr \(UTC\)"
    wartet, gesperrt = lauf.stderr.split("\n", 1)
    assert re.search(wer + "; es wird bis zu 0 Sekunden gewartet", wartet)
    assert re.search(f"ändert gerade jemand anderes: {wer}", gesperrt)
    assert "wiederholen" in gesperrt
    assert len(bestand(ordner)) == 2


def test_f05_the_second_goes_on_when_the_first_is_done(zeile, daten, ordner):
    with sperre(ordner):
        zeile.beginne(daten, "zurueck")
        while "gewartet" not in zeile.fehler:
            pass
        assert read_zeiger(ordner) == bestand(ordner)[1].name
    assert zeile.ende().code == 0
    assert read_zeiger(ordner) == bestand(ordner)[0].name


def test_f06_a_stale_lock_is_taken_over_and_logged(zeile, daten, ordner):
    wer = {"vorgang": 4711, "rechner": "alt", "seit": "2024-01-01T10:00:00+00:00"}
    (ordner / ".veroeffentlichen.wer").write_text(json.dumps(wer))
    lauf = zeile.run(daten, "zurueck")
    assert "Vorgang 4711 auf »alt« seit 01.01.2024, 10:00 Uhr (UTC) war verwaist" in lauf.stderr
    assert not (ordner / ".veroeffentlichen.wer").exists()


def test_f06_damaged_notes_about_the_lock_do_not_matter(zeile, daten, ordner):
    (ordner / ".veroeffentlichen.wer").write_text("{")
    assert "einem unbekannten Vorgang" in zeile.run(daten, "zurueck").stderr


# ---------------------------------------------------------------- F07: what is needed stays


@pytest.fixture
def viele(daten, ordner):
    """Six snapshots: four older ones that are copies of the first with a name of their own."""
    for nr in range(1, 5):
        name = f"2020-01-0{nr}T000000Z_00000{nr}_{nr:012x}"
        kopiere_stand(bestand(ordner)[-2], name)
    for snapshot in bestand(ordner):
        if not snapshot.name.startswith("2020"):
            snapshot.rename(snapshot.with_name(snapshot.name.replace("_00000", "_00001")))
    set_zeiger(ordner, bestand(ordner)[-1].name)
    return [p.name for p in bestand(ordner)]


def test_f07_only_what_nobody_needs_is_removed(zeile, viele, daten, ordner):
    mappen = ordner / "mappen"
    mappen.mkdir()
    (mappen / "jugendhilfe.toml").write_text(f'titel = "Jugendhilfeausschuss"\nstand = "{viele[0]}"\n')
    (mappen / "sozial.json").write_text(json.dumps({"stand": viele[1].rpartition("_")[2], "seiten": []}))
    (mappen / "alt.json").write_text(json.dumps({"staende": ["2019-01-01T000000Z_000001_aaaaaaaaaaaa"]}))

    probe = zeile.run(daten, "aufraeumen", "--behalten", "2", "--probe").stdout
    assert "zu löschen wären 2 Stände" in probe
    assert list_snapshots(ordner) == viele, "only told"

    lauf = zeile.run(daten, "aufraeumen", "--behalten", "2").stdout
    assert list_snapshots(ordner) == [viele[0], viele[1], viele[4], viele[5]]
    assert f"bleibt  {viele[0]} (gebraucht von jugendhilfe.toml)" in lauf
    assert f"bleibt  {viele[1]} (gebraucht von sozial.json)" in lauf
    assert f"bleibt  {viele[4]} (einer der neuesten 2)" in lauf
    assert f"bleibt  {viele[5]} (wird gezeigt)" in lauf
    assert "alt.json nennt den Stand »2019-01-01T000000Z_000001_aaaaaaaaaaaa«, den es nicht gibt." in lauf


@pytest.mark.parametrize("inhalt", ["", "titel = 1", 'stand = ""', "stand = 7", "{", "staende = 'x'"])
def test_f07_a_mappe_that_cannot_be_read_stops_it(zeile, viele, daten, ordner, inhalt):
    (ordner / "mappen").mkdir()
    (ordner / "mappen" / "kaputt.toml").write_text(inhalt)
    lauf = zeile.run(daten, "aufraeumen", "--behalten", "1", erwarte=1)
    assert "kaputt.toml" in lauf.stderr and "nichts wurde gelöscht" in lauf.stderr
    assert list_snapshots(ordner) == viele


def test_f07_what_a_running_program_reads_stays_until_it_lets_go(zeile, viele, daten, ordner):
    offen = Store.open(ordner / "bestand" / viele[2], "oeffentlich")
    lauf = zeile.run(daten, "aufraeumen", "--behalten", "1").stdout
    assert list_snapshots(ordner) == [viele[2], viele[5]]
    assert f"bleibt  {viele[2]} (in Benutzung)" in lauf
    offen.close()
    zeile.run(daten, "aufraeumen", "--behalten", "1")
    assert list_snapshots(ordner) == [viele[5]]


def test_f07_the_shown_one_stays_even_if_it_is_old(zeile, viele, daten, ordner):
    set_zeiger(ordner, viele[0])
    zeile.run(daten, "aufraeumen", "--behalten", "1")
    assert list_snapshots(ordner) == [viele[0], viele[5]]
    assert "Mindestens ein Stand" in zeile.run(daten, "aufraeumen", "--behalten", "0", erwarte=1).stderr


# ---------------------------------------------------------------- withdrawn


def test_a_withdrawn_snapshot_is_gone_for_good_and_leaves_evidence(zeile, daten, ordner):
    erster, zweiter = bestand(ordner)
    gedaechtnis = abdruck(ordner / "gedaechtnis")
    auslage = Auslage(daten)
    assert auslage()[GEBIET].ordner == zweiter

    lauf = zeile.run(daten, "zurueckziehen", zweiter.name, "--grund", "Weiler war zu erraten")

    assert f"Stand {zweiter.name} ist zurückgezogen; Stand {erster.name} wird gezeigt." in lauf.stdout
    assert auslage()[GEBIET] == find_gezeigt(ordner)
    assert (find_gezeigt(ordner).ordner, find_gezeigt(ordner).hinweis) == (erster, "")
    assert not zweiter.exists() and not list(ordner.rglob(f".weg_{zweiter.name}"))
    beleg = json.loads((ordner / "zurueckgezogen" / f"{zweiter.name}.json").read_text(encoding="utf-8"))
    assert beleg["snapshot"] == zweiter.name and "oeffentlich.duckdb" in beleg["dateien"]
    eintrag = read_zurueckgezogen(ordner)[zweiter.name]
    assert eintrag["grund"] == "Weiler war zu erraten"
    assert eintrag["zurueckgezogen_am"][:2] == "20" and " auf " in eintrag["wer"]
    assert abdruck(ordner / "gedaechtnis") == gedaechtnis, "what was published stays known"

    for befehl in (["zurueck", zweiter.name], ["zurueckziehen", zweiter.name, "--grund", "noch einmal"]):
        fehler = zeile.run(daten, *befehl, erwarte=1).stderr
        assert re.search(r"wurde am \d\d\.\d\d\.\d{4} zurückgezogen: Weiler war zu erraten", fehler)
    diagnose = zeile.run(daten, "diagnose").stdout
    assert re.search(rf"2  zurückgezogen .*{zweiter.name}  \(Weiler war zu erraten\)", diagnose)
    assert re.search(rf"1  aktuell .*\d,\d MB  {erster.name}", diagnose)


def abdruck(ordner):
    return {p.name: p.read_bytes() for p in sorted(ordner.rglob("*")) if p.is_file()}


def test_what_was_withdrawn_is_not_published_again(zeile, drei):
    """Only other numbers are: here those of the second snapshot, since the delivery of the third is taken back."""
    _, zweiter, dritter = list_snapshots(drei)
    zeile.run(drei.parent, "zurueckziehen", dritter, "--grund", "falsche Datei")
    lauf = zeile.run(drei.parent, "veroeffentlichen", erwarte=1)
    assert "Genau diese Zahlen wurden zurückgezogen." in lauf.stderr and "falsche Datei" in lauf.stderr
    assert find_folge(find_neuen_namen(drei, "0" * 12, datetime.now(UTC))) == 4, "its number does not come back"
    nummer = max(int(z.split()[0]) for z in zeile.run(drei.parent, "lieferung", "liste").stdout.splitlines())
    zeile.run(drei.parent, "lieferung", "entfernen", str(nummer))
    assert "unverändert" in zeile.run(drei.parent, "veroeffentlichen").stdout
    assert read_zeiger(drei) == zweiter


def test_the_only_snapshot_is_withdrawn_only_if_nothing_shall_be_shown(zeile, daten, ordner):
    erster, zweiter = bestand(ordner)
    kopie = kopiere(zweiter, ordner / "bestand" / ".kopie")
    server = client(daten)
    zeile.run(daten, "zurueckziehen", erster.name, "--grund", "alt")
    assert read_zeiger(ordner) == zweiter.name, "the shown one was not meant"

    lauf = zeile.run(daten, "zurueckziehen", zweiter.name, "--grund", "falsch", erwarte=1)
    assert "der einzige, der gezeigt werden kann" in lauf.stderr and "--ohne-ersatz" in lauf.stderr
    assert find_gezeigt(ordner).ordner == zweiter
    assert server.get(f"/{GEBIET}/daten").status_code == 200

    zeile.run(daten, "zurueckziehen", zweiter.name, "--grund", "falsch", "--ohne-ersatz")
    assert find_gezeigt(ordner).ordner is None
    for site in (server, client(daten)):  # the one that runs, and one that is started now
        assert "Zurzeit ist nichts veröffentlicht." in site.get("/").text
        assert site.get(f"/{GEBIET}/daten").status_code == 404
        assert site.get(f"/api/v1/{GEBIET}/kennzahlen.json").status_code == 404
        assert (site.get("/bereit").status_code, site.get("/bereit").json["status"]) == (503, "leer")
    kopie.rename(ordner / "bestand" / "2026-12-01T000000Z_000003_aaaaaaaaaaaa")
    set_zeiger(ordner, "2026-12-01T000000Z_000003_aaaaaaaaaaaa")  # as the next publishing would
    assert server.get(f"/{GEBIET}/daten").status_code == 200


def test_a_withdrawn_snapshot_is_not_shown_even_if_somebody_copies_it_back(daten, ordner, zeile):
    _, zweiter = bestand(ordner)
    kopie = kopiere(zweiter, ordner / "kopie")
    zeile.run(daten, "zurueckziehen", zweiter.name, "--grund", "falsch")
    kopie.rename(zweiter)
    set_zeiger(ordner, zweiter.name)
    gezeigt = find_gezeigt(ordner)
    assert gezeigt.ordner.name != zweiter.name
    assert "wurde zurückgezogen; gezeigt wird der Stand vom" in gezeigt.hinweis


def test_without_the_list_of_withdrawn_snapshots_nothing_is_shown(zeile, daten, ordner):
    zeile.run(daten, "zurueckziehen", bestand(ordner)[0].name, "--grund", "falsch")
    (ordner / "zurueckgezogen.jsonl").write_text('{"stand": "2026-')
    lauf = zeile.run(daten, "starten", "--port", "1", erwarte=1)
    assert "Die Liste der zurückgezogenen Stände ist unlesbar" in lauf.stderr
    assert "zurueckgezogen.jsonl" in lauf.stderr and "Datensicherung" in lauf.stderr


@pytest.mark.parametrize(("angaben", "text"), [(["x", "--grund", "y"], "gibt es nicht"), ([".", "--grund", "y"], "»."),
                                               (["../..", "--grund", "y"], "gibt es nicht")])  # fmt: skip
def test_a_snapshot_that_does_not_exist_cannot_be_withdrawn(zeile, daten, ordner, angaben, text):
    assert text in zeile.run(daten, "zurueckziehen", *angaben, erwarte=1).stderr
    assert len(bestand(ordner)) == 2 and not (ordner / "zurueckgezogen.jsonl").exists()


def test_a_reason_is_needed(zeile, daten, ordner):
    assert "Der Grund ist leer" in zeile.run(daten, "zurueckziehen", "x", "--grund", " ", erwarte=1).stderr


# ---------------------------------------------------------------- F08: a switch while somebody reads


def test_f08_a_request_ends_on_the_snapshot_it_began_with(daten, ordner):
    from dashboard.anfrage import je_anfrage

    erster, zweiter = bestand(ordner)
    auslage = je_anfrage(Auslage(daten))
    with app.create_server(daten).test_request_context("/"):
        assert auslage()[GEBIET].ordner == zweiter
        set_zeiger(ordner, erster.name)
        assert auslage()[GEBIET].ordner == zweiter
    assert auslage()[GEBIET].ordner == erster


def test_f08_an_open_page_can_learn_of_a_new_snapshot(daten, ordner):
    erster, zweiter = bestand(ordner)
    server = client(daten)
    seite = server.get(f"/{GEBIET}/daten").text
    assert f'data-snapshot="{zweiter.name}"' in seite and "/assets/stand.js" in seite
    set_zeiger(ordner, erster.name)
    antwort = server.get(f"/api/v1/{GEBIET}/stand.json")
    assert antwort.headers["X-Sozialraum-Staende"] == f"{GEBIET}={erster.name}"
    assert antwort.json["stand"]["snapshot"] == erster.name


# ---------------------------------------------------------------- F09: clocks


def test_f09_the_order_is_that_of_publishing_whatever_the_clock_said(zeile, daten, ordner):
    """The second snapshot was published while the clock stood at 2099; now it is right again."""
    erster, zweiter = bestand(ordner)
    spaet = zweiter.with_name("2099-" + zweiter.name[5:])
    zweiter.rename(spaet)
    set_zeiger(ordner, spaet.name)

    zeile.run(daten, "veroeffentlichen")

    neu = read_zeiger(ordner)
    assert neu[:4] != "2099" and find_folge(neu) == 3
    assert list_snapshots(ordner) == [erster.name, spaet.name, neu]
    manifest = json.loads((ordner / "bestand" / neu / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["folge"] == 3
    zeile.run(daten, "zurueck")
    assert read_zeiger(ordner) == spaet.name
    zeile.run(daten, "zurueck")
    assert read_zeiger(ordner) == erster.name


def test_f09_snapshots_of_the_first_version_come_before_all_numbered_ones(ordner):
    name = "2030-01-01T000000Z_0123456789ab"
    shutil.copytree(bestand(ordner)[0], ordner / "bestand" / name)
    assert list_snapshots(ordner)[0] == name
    assert nenne(name) == "Der Stand vom 01.01.2030, 00:00 UTC"


# ---------------------------------------------------------------- F10: folders


@pytest.fixture
def draussen(zwei_staende):
    """A data folder that other accounts may look into; those of pytest are closed to them."""
    with tempfile.TemporaryDirectory() as ort:
        Path(ort).chmod(0o755)
        yield kopiere(zwei_staende, Path(ort) / "daten")


def fremd(ordner: Path) -> dict:
    """Another user who may look, but not write: a second account where the tests run as administrator."""
    if os.geteuid() == 0:
        return {"nutzer": 65534}
    ordner.chmod(0o555)
    return {}


@pytest.mark.parametrize("befehl", [["veroeffentlichen"], ["zurueck"], ["aufraeumen"]])
def test_f10_a_folder_of_another_owner_is_told_with_its_path(zeile, draussen, befehl):
    daten, ordner = draussen, draussen / GEBIET
    vorher = read_zeiger(ordner)
    lauf = zeile.run(daten, *befehl, erwarte=1, **fremd(ordner))
    assert "Der Datenordner lässt sich nicht lesen oder beschreiben" in lauf.stderr
    assert str(ordner) in lauf.stderr and "Besitzer" in lauf.stderr
    assert "Traceback" not in lauf.stderr
    ordner.chmod(0o755)
    assert read_zeiger(ordner) == vorher


def test_f10_a_snapshot_that_may_not_be_read_is_not_shown(zeile, draussen):
    daten, ordner = draussen, draussen / GEBIET
    rechte = fremd(ordner)
    ordner.chmod(0o755)
    for snapshot in bestand(ordner):
        (snapshot / "manifest.json").chmod(0o000)
    lauf = zeile.run(daten, "export", "--ziel", str(daten / "x"), erwarte=1, **rechte)
    assert "lässt sich kein Stand zeigen" in lauf.stderr and "Permission denied" in lauf.stderr


def test_f10_a_data_folder_closed_to_this_account_is_told(zeile, draussen):
    rechte = fremd(draussen / GEBIET)
    draussen.chmod(0o700 if rechte else 0o000)
    lauf = zeile.run(draussen, "export", "--ziel", "x", erwarte=2, **rechte)
    draussen.chmod(0o755)
    assert f"»{draussen}« lässt sich nicht lesen ('--daten'): Besitzer, Rechte?" in lauf.stderr
    eigene = draussen / "katalog"
    eigene.chmod(0o700 if rechte else 0o000)
    lauf = zeile.run(draussen, "export", "--ziel", "x", erwarte=1, **rechte)
    eigene.chmod(0o755)
    assert "Der Zugriff wurde verweigert" in lauf.stderr and str(eigene) in lauf.stderr
    assert "Besitzer" in lauf.stderr and "Traceback" not in lauf.stderr


def test_f10_a_file_where_the_folder_should_be(zeile, daten, ordner):
    shutil.rmtree(ordner / "bestand")
    (ordner / "bestand").write_text("kein Ordner")
    lauf = zeile.run(daten, "veroeffentlichen", erwarte=1)
    assert "Der Datenordner lässt sich nicht lesen oder beschreiben" in lauf.stderr
    assert "Traceback" not in lauf.stderr


# ---------------------------------------------------------------- F11: other program versions


@pytest.mark.parametrize(("unterschied", "wort"), [(1, "neueren"), (-1, "älteren")])
def test_f11_a_snapshot_of_another_program_version_is_passed_over_and_left_alone(ordner, unterschied, wort):
    erster, zweiter = bestand(ordner)
    setze_fassung(zweiter, SCHEMA_VERSION + unterschied)
    vorher = abdruck(zweiter)
    gezeigt = find_gezeigt(ordner)
    assert gezeigt.ordner == erster
    assert f"{nenne(zweiter.name)} wurde von einer {wort} Programmversion geschrieben; gezeigt wird" in gezeigt.hinweis
    assert abdruck(zweiter) == vorher


def test_f11_only_snapshots_of_another_version_stop_the_start(zeile, daten, ordner):
    for snapshot in bestand(ordner):
        setze_fassung(snapshot, SCHEMA_VERSION - 1)
    lauf = zeile.run(daten, "starten", "--port", "1", erwarte=1)
    assert "wurde von einer älteren Programmversion geschrieben" in lauf.stderr
    assert "veroeffentlichen" in lauf.stderr
    zustaende = json.loads(zeile.run(daten, "diagnose", "--json").stdout)["gebiete"][GEBIET]["staende"]
    assert [z["zustand"] for z in zustaende] == ["andere Programmversion"] * 2


# ---------------------------------------------------------------- turning back


def test_turning_back_passes_over_what_cannot_be_shown(zeile, drei):
    daten, ordner = drei.parent, drei
    erster, zweiter, _ = bestand(ordner)
    kippe_bit(zweiter / "kreis.duckdb", 5000)
    lauf = zeile.run(daten, "zurueck")
    assert read_zeiger(ordner) == erster.name
    assert f"{nenne(zweiter.name)} wird übersprungen" in lauf.stderr
    assert "ist beschädigt; er wird nicht gezeigt" in zeile.run(daten, "zurueck", zweiter.name, erwarte=1).stderr
    assert "Es gibt keinen früheren Stand" in zeile.run(daten, "zurueck", erwarte=1).stderr


# ---------------------------------------------------------------- files that somebody has open (Windows)


def test_what_is_held_open_is_tried_again_until_it_is_free(tmp_path):
    """A folder that is not empty stands in the way, as an open file does on Windows; it goes after the second try."""
    von, nach = tmp_path / "von", tmp_path / "nach"
    von.mkdir()
    nach.mkdir()
    (nach / "im Weg").touch()
    pausen = []

    def warte(sekunden):
        pausen.append(sekunden)
        if len(pausen) == 2:
            (nach / "im Weg").unlink()

    wiederhole(lambda: os.replace(von, nach), voruebergehend=lambda f: True, pausen=(0.1, 0.2, 0.4), warte=warte)
    assert (pausen, von.exists(), nach.is_dir()) == ([0.1, 0.2], False, True)


def test_after_the_last_try_the_error_is_told_and_other_errors_at_once(tmp_path):
    versuche = []
    with pytest.raises(FileNotFoundError):
        wiederhole(lambda: os.replace(tmp_path / "fehlt", tmp_path / "x"), warte=versuche.append)
    assert versuche == [], "it will not come by waiting"
    with pytest.raises(FileNotFoundError):
        wiederhole(
            lambda: os.replace(tmp_path / "fehlt", tmp_path / "x"),
            voruebergehend=lambda f: True, pausen=(1, 2), warte=versuche.append,
        )  # fmt: skip
    assert versuche == [1, 2]


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    write_ganz(tmp_path / "x", "alt")
    with pytest.raises(UnicodeEncodeError):
        write_ganz(tmp_path / "x", "neu" * 9999 + "\udc80")
    assert (tmp_path / "x").read_text() == "alt"
