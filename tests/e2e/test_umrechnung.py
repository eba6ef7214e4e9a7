"""The map of an old Stichtag: in the Räume of its time, or converted to today's, in a real browser."""

import pytest

from tests.conftest import free_port, start_server
from tests.hilfe_wandel import build_wandel

pytestmark = pytest.mark.browser
ADRESSE = "/wandel/karte?kennzahl=bevoelkerung&ebene=quartier&stichtag=2018-12-31"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    installation = build_wandel(tmp_path_factory.mktemp("wandel") / "daten")
    installation.run("laden", "--gebiet", "wandel")
    installation.run("veroeffentlichen", "--gebiet", "wandel")
    laeuft = start_server(installation, port=free_port())
    yield laeuft
    laeuft.prozess.terminate()
    laeuft.prozess.wait(timeout=10)


@pytest.fixture
def seite(browser, server):
    kontext = browser.new_context(viewport={"width": 1440, "height": 900}, locale="de-DE", reduced_motion="reduce")
    seite = kontext.new_page()
    fehler = []
    seite.on("pageerror", lambda f: fehler.append(str(f)))
    seite.goto(server.url + ADRESSE)
    seite.locator("#legende li").first.wait_for(state="attached")
    yield seite
    kontext.close()
    assert fehler == []


def zeilen(seite) -> dict[str, str]:
    """Name → value as the ranking shows it."""
    paare = seite.locator(".rang-zeile").evaluate_all(
        "zeilen => zeilen.map(z => [z.querySelector('.name').textContent, z.querySelector('.wert').textContent])"
    )
    return {name: wert.replace("\N{NO-BREAK SPACE}", " ") for name, wert in paare}


def test_the_map_begins_in_the_raeume_of_its_time(seite):
    assert zeilen(seite)["Ort W-02"] == "600 Personen"
    assert "u" not in "".join(wert.split(" ")[-1] for wert in zeilen(seite).values())


def test_one_box_brings_an_old_stichtag_to_todays_raeume(seite):
    seite.locator("#auf-heute").check()
    seite.get_by_text("auf die heutigen Räume umgerechnet (nach Fläche; Zeichen: u)").wait_for()

    assert zeilen(seite) == {
        "Ort W-01": "1.000 Personen",  # kept its shape
        "Ort W-05": "1.000 Personen u",
        "Ort W-10": "1.030 Personen u",
        "Ort W-09": "970 Personen u",
        "Ort W-06": "x",
        "Ort W-07": "x",
    }
    assert seite.get_by_text("nicht umgerechnet (zu stark neu zugeschnitten)").count() >= 1

    seite.get_by_role("tab", name="Tabelle").click()
    seite.locator("#tabelle caption", has_text="u = umgerechnet (nach Fläche)").wait_for()
    assert seite.locator("#tabelle td", has_text="1.030 u").count() == 1

    seite.get_by_role("tab", name="Karte").click()
    seite.locator("#auf-heute").uncheck()
    seite.locator(".rang-zeile", has_text="Ort W-02").wait_for()


def test_where_nothing_is_converted_there_is_no_box(seite, server):
    seite.goto(server.url + "/wandel/karte?kennzahl=bevoelkerung&ebene=kreis")
    seite.locator("#legende li").first.wait_for(state="attached")

    assert seite.locator("#zuschnitt-feld").is_hidden()
