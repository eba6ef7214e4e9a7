"""The page »Eigene Räume« in a real browser: put together, check, save, take in; and who may not."""

import re
import tomllib
import urllib.request
from urllib.error import HTTPError
from urllib.parse import urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from app import create_server
from tests.conftest import build_kleinkreis, free_port, start_server
from tests.hilfe_staende import befehlszeile

NORD = urlencode(
    [
        ("bausteine", "quartier"),
        ("name", "Nord"),
        ("titel", "Regionen"),
        ("teil", "99001-01"),
        ("teil", "99001-02"),
        ("pruefen", "1"),
    ]
)


@pytest.fixture(scope="module")
def haus(tmp_path_factory):
    """A Kleinkreis of one's own with the profile for the house, as a planner runs it on the own machine."""
    installation = build_kleinkreis(tmp_path_factory.mktemp("eigene") / "daten")
    with befehlszeile(tmp_path_factory.mktemp("zeile")) as zeile:
        zeile.run(installation.daten, "laden")
        zeile.run(installation.daten, "veroeffentlichen")
        laeuft = start_server(installation, port=free_port(), freigabe="kreis")
        yield laeuft, installation, zeile
        laeuft.prozess.terminate()
        laeuft.prozess.wait(timeout=10)


@pytest.fixture
def seite(browser):
    kontext = browser.new_context(viewport={"width": 1440, "height": 900}, locale="de-DE", accept_downloads=True)
    seite, fehler = kontext.new_page(), []
    seite.on("console", lambda m: fehler.append(m.text) if m.type == "error" else None)
    seite.on("pageerror", lambda e: fehler.append(str(e)))
    yield seite
    assert not fehler
    kontext.close()


def dateien(haus) -> list[str]:
    ordner = haus[1].daten / "kleinkreis" / "eigene"
    return sorted(p.name for p in ordner.glob("*.toml"))


def test_a_planner_puts_an_area_together_checks_it_saves_it_and_takes_it_in(haus, seite, tmp_path):
    seite.goto(haus[0].url + "/kleinkreis/eigene")
    seite.get_by_label("Name des Raums").fill("Nord & Mitte")
    seite.get_by_label("Titel der Gliederung").fill("Regionen")
    seite.get_by_label("Altstadt").check()
    seite.locator('.auswahlkarte [data-raum="99001-02"]').click()  # the map ticks the box
    expect(seite.get_by_label("Bahnhof")).to_be_checked()
    expect(seite.locator(".eigene-auswahl [role=status]")).to_have_text("2 von 4 ausgewählt")
    seite.get_by_role("button", name="Prüfen").click()

    ergebnis = seite.locator("#ergebnis")
    expect(ergebnis).to_contain_text("»Nord & Mitte« lässt sich bilden")
    expect(ergebnis).to_contain_text("6.960")  # 3,830 + 3,130 people
    expect(ergebnis).to_contain_text("Südhang, Weiler")  # what it touches
    with seite.expect_download() as download:
        seite.get_by_role("button", name="Als Datei speichern").click()
    download.value.save_as(tmp_path / "regionen.toml")
    inhalt = tomllib.loads((tmp_path / "regionen.toml").read_text(encoding="utf-8"))
    assert (download.value.suggested_filename, inhalt["titel"]) == ("regionen.toml", "Regionen")
    assert inhalt["raum"] == [{"id": "nord_mitte", "name": "Nord & Mitte", "teile": ["99001-01", "99001-02"]}]
    assert dateien(haus) == []

    seite.get_by_role("button", name="Anlegen").click()
    expect(seite.locator(".meldung.gut")).to_contain_text("Angelegt")
    expect(seite.get_by_role("row", name=re.compile("Nord & Mitte"))).to_contain_text("wartet auf das Veröffentlichen")
    assert dateien(haus) == ["regionen.toml"]

    haus[2].run(haus[1].daten, "veroeffentlichen")
    seite.goto(haus[0].url + "/kleinkreis/eigene")
    seite.get_by_role("link", name="Nord & Mitte").click()
    expect(seite.locator("h1")).to_have_text("Nord & Mitte")
    seite.goto(haus[0].url + "/kleinkreis/karte?kennzahl=sgb2_quote&ebene=eigene_regionen")
    expect(seite.locator("#rang .rang-zeile")).to_contain_text(["Nord & Mitte"])


def test_what_does_not_work_is_told_before_anything_is_written(haus, seite):
    seite.goto(f"{haus[0].url}/kleinkreis/eigene?{NORD.replace('Nord', 'Weiler')}")
    expect(seite.locator("#ergebnis")).to_contain_text("so heißt schon ein Raum des Gebiets")
    expect(seite.get_by_label("Altstadt")).to_be_checked()  # nothing has to be filled in twice
    vorher = dateien(haus)
    seite.get_by_role("button", name="Anlegen").click()
    expect(seite.locator("#ergebnis")).to_contain_text("So geht es noch nicht")
    assert dateien(haus) == vorher


def test_the_form_works_with_the_keyboard_and_without_scripts(haus, browser):
    kontext = browser.new_context(java_script_enabled=False, locale="de-DE")
    seite = kontext.new_page()
    seite.goto(haus[0].url + "/kleinkreis/eigene")
    seite.get_by_label("Name des Raums").fill("Tal")
    seite.get_by_label("Südhang").press("Space")
    seite.get_by_label("Weiler").press("Space")
    seite.get_by_label("Name des Raums").press("Enter")
    assert "Südhang, Weiler" in seite.locator("#ergebnis").inner_text()
    kontext.close()


@pytest.mark.parametrize("breite", [1440, 320])
def test_axe_finds_nothing(haus, browser, breite):
    kontext = browser.new_context(viewport={"width": breite, "height": 900}, locale="de-DE", reduced_motion="reduce")
    seite = kontext.new_page()
    assert seite.goto(f"{haus[0].url}/kleinkreis/eigene?{NORD}").status == 200
    befund = Axe().run(seite)
    assert befund.violations_count == 0, befund.generate_report()
    assert seite.evaluate("document.documentElement.scrollWidth") <= breite
    kontext.close()


@pytest.mark.parametrize("herkunft", ["http://fremd.example", "null", None])
def test_another_page_cannot_take_an_area_in(haus, herkunft):
    kopf = {} if herkunft is None else {"Origin": herkunft}
    vorher = dateien(haus)
    frage = urllib.request.Request(
        haus[0].url + "/kleinkreis/eigene/anlegen", data=NORD.replace("Nord", "Fremd").encode(), headers=kopf
    )
    with pytest.raises(HTTPError) as fehler:
        urllib.request.urlopen(frage)
    assert fehler.value.code == 403
    assert dateien(haus) == vorher


@pytest.mark.parametrize("frage", ["bausteine=kommune", "bausteine=../quartier", "gliederung=gibt_es_nicht"])
def test_unknown_levels_and_files_are_not_found(haus, frage):
    with pytest.raises(HTTPError) as fehler:
        urllib.request.urlopen(f"{haus[0].url}/kleinkreis/eigene?{frage}")
    assert fehler.value.code == 404
    assert "Traceback" not in fehler.value.read().decode()


def test_a_reader_of_the_public_version_may_put_together_but_not_take_in(haus):
    leser, vorher = create_server(haus[1].daten).test_client(), dateien(haus)
    text = leser.get(f"/kleinkreis/eigene?{NORD.replace('Nord', 'Norden')}").get_data(as_text=True)
    assert "lässt sich bilden" in text
    assert "eigene/datei" in text
    assert "eigene/anlegen" not in text
    antwort = leser.post(
        "/kleinkreis/eigene/anlegen",
        data=NORD.replace("Nord", "Norden"),
        content_type="application/x-www-form-urlencoded",
        headers={"Origin": "http://localhost"},
    )
    assert antwort.status_code == 403
    assert dateien(haus) == vorher
