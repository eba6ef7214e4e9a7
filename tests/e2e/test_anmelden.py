"""Login, looking as a role and logout in a real browser, against a real provider; pages hold axe, without any network
but the loopback."""

import re
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.anbieter import GEHEIMNIS
from tests.conftest import free_port, start_server
from tests.hilfe_zugang import OIDC, ROLLEN, mit_zugang
from tests.test_oidc import Anbieter

pytestmark = pytest.mark.browser
BREITEN = (1280, 320)


@pytest.fixture(scope="module")
def dienst(torkreis, tmp_path_factory):
    anbieter, port = Anbieter(), free_port()
    text = OIDC.format(adresse=f"http://127.0.0.1:{port}", aussteller=anbieter.url) + ROLLEN
    laeuft = start_server(mit_zugang(torkreis, tmp_path_factory.mktemp("d"), text, GEHEIMNIS), port=port, freigabe=None)
    anbieter.stelle(rueckweg=f"{laeuft.url}/anmelden/zurueck")
    yield laeuft, anbieter
    laeuft.prozess.terminate()
    anbieter.ende()


@pytest.fixture
def seite(browser, dienst):
    kontext = browser.new_context(locale="de-DE", reduced_motion="reduce")
    seite, fremd, meldungen = kontext.new_page(), [], []
    erlaubt = {urlsplit(dienst[0].url).netloc, urlsplit(dienst[1].url).netloc}
    seite.on("request", lambda a: fremd.append(a.url) if urlsplit(a.url).netloc not in {*erlaubt, ""} else None)
    seite.on("console", lambda m: meldungen.append(m.text) if m.type == "error" and "401" not in m.text else None)
    yield seite
    kontext.close()
    assert fremd == [] and meldungen == []


def check_axe(seite) -> None:
    for breite in BREITEN:
        seite.set_viewport_size({"width": breite, "height": 900})
        funde = Axe().run(seite).response["violations"]
        assert not funde, [(f["id"], f["nodes"][0]["html"][:200]) for f in funde]
    seite.set_viewport_size({"width": BREITEN[0], "height": 900})


@pytest.mark.parametrize("name", ["karte", "daten"])  # drawn by Dash, and plain HTML
def test_a_person_of_the_kreis_logs_in_looks_as_a_kommune_and_logs_out(seite, dienst, name):
    server, anbieter = dienst
    anbieter.stelle("karla")
    seite.goto(f"{server.url}/torkreis/{name}?kennzahl=testquote12")
    seite.get_by_text("Angemeldet: Karla Kreis").click()
    check_axe(seite)
    if not seite.get_by_role("button", name="Bedorf").is_visible():
        seite.get_by_text("Angemeldet: Karla Kreis").click()
    seite.get_by_role("button", name="Bedorf").click()
    seite.wait_for_selector(".sichtband")
    assert urlsplit(seite.url).path == f"/torkreis/{name}"
    assert "Bedorf" in seite.locator(".sichtband").inner_text()
    check_axe(seite)
    seite.get_by_role("button", name="Zurück zur eigenen Rolle").click()
    seite.wait_for_selector(".sichtband", state="detached")
    seite.get_by_text("Angemeldet: Karla Kreis").click()
    seite.get_by_role("button", name="Abmelden").click()
    seite.get_by_role("heading", name="Sie sind abgemeldet").wait_for()
    check_axe(seite)


def test_a_session_that_ends_leads_back_to_the_same_view(seite, dienst):
    server, anbieter = dienst
    anbieter.stelle("bea")
    seite.goto(f"{server.url}/torkreis/karte?kennzahl=testquote&ebene=quartier&stichtag=2022-12-31")
    seite.get_by_text("Angemeldet: Bea Bedorf").wait_for()
    seite.wait_for_function("document.querySelector('#satz').textContent.length > 0")
    seite.context.clear_cookies()
    seite.evaluate("fetch('/api/v1/torkreis/kennzahlen.json')")
    seite.wait_for_url(re.compile("karte"))
    seite.get_by_text("Angemeldet: Bea Bedorf").wait_for()
    assert "kennzahl=testquote" in seite.url and seite.context.cookies()
