"""F08 in a real browser: a page that is open when another snapshot is published says so and loads it on request."""

import pytest

from indicators.bestand import list_snapshots, set_zeiger
from tests.conftest import Installation, free_port, start_server
from tests.hilfe_staende import GEBIET, kopiere


@pytest.fixture
def laeuft(zwei_staende, tmp_path):
    installation = Installation(kopiere(zwei_staende, tmp_path / "daten"))
    server = start_server(installation, port=free_port())
    yield installation.daten / GEBIET, server.url
    server.prozess.terminate()
    server.prozess.wait(timeout=10)


def test_f08_an_open_page_offers_the_new_snapshot(browser, laeuft):
    ordner, url = laeuft
    erster, zweiter = list_snapshots(ordner)
    set_zeiger(ordner, erster)
    seite = browser.new_page()
    seite.goto(f"{url}/{GEBIET}/zeitreihe")
    seite.wait_for_selector(f'.rahmen[data-snapshot="{erster}"]')
    assert seite.locator("#neuer-stand").count() == 0

    set_zeiger(ordner, zweiter)  # as publishing does
    seite.locator("#z-baender").click()  # any question to the server
    band = seite.locator("#neuer-stand")
    band.wait_for()
    assert "Es gibt einen neuen Stand dieser Zahlen." in band.inner_text()
    assert seite.locator(".fuss").inner_text().count(erster) == 1, "what is shown stays until its reader reloads"

    band.get_by_role("button", name="Neu laden").click()
    seite.wait_for_selector(f'.rahmen[data-snapshot="{zweiter}"]')
    assert seite.locator("#neuer-stand").count() == 0
    seite.close()
