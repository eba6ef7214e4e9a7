"""The dashboard as people use it: a real server over the published examples, a real browser, no network."""

import re

import openpyxl
import pytest
from axe_playwright_python.sync_playwright import Axe

SEITEN = [
    "/",
    "/flensburg/karte",
    "/rhein_sieg/karte?kennzahl=arbeitslosenanteil",
    "/musterkreis/karte?kennzahl=kinderarmut_u15&ebene=quartier&tab=tabelle",
    "/musterkreis/karte?kennzahl=kinderarmut_u15&ebene=quartier&tab=ueber",
    "/nrw/zeitreihe?kennzahl=pflegequote&raum=05382,05315",
    "/flensburg/steckbrief",
    "/flensburg/steckbrief/FL03",
    "/musterkreis/daten",
    "/musterkreis/methodik",
]


@pytest.fixture
def seite(browser, server):
    """A page at 1440 px that fails the test on any console error, page error or request to elsewhere."""
    kontext = browser.new_context(viewport={"width": 1440, "height": 900}, locale="de-DE", accept_downloads=True)
    seite = kontext.new_page()
    fehler = []
    seite.on("console", lambda m: fehler.append(m.text) if m.type == "error" else None)
    seite.on("pageerror", lambda e: fehler.append(str(e)))
    seite.on("request", lambda r: fehler.append(r.url) if not r.url.startswith((server.url, "data:", "blob:")) else None)
    seite.fehler = fehler
    yield seite
    assert not fehler
    kontext.close()


def oeffne(seite, server, pfad):
    antwort = seite.goto(server.url + pfad)
    seite.wait_for_load_state("networkidle")
    return antwort


def karte_bereit(seite):
    seite.locator("#rang .rang-zeile").first.wait_for()


def test_from_the_start_page_to_troisdorf_its_series_and_its_xlsx_in_six_actions(seite, server, tmp_path):
    seite.goto(server.url + "/")
    seite.get_by_role("link", name=re.compile("Rhein-Sieg-Kreis")).click()  # 1: the territory
    karte_bereit(seite)
    assert "/rhein_sieg/karte" in seite.url
    seite.locator("#rang .rang-zeile", has_text="Troisdorf").click()  # 2: the Kommune: map and series follow
    seite.locator("#reihe svg .legendtext, #reihe svg text", has_text="Troisdorf").first.wait_for()
    assert "Troisdorf" in seite.locator("#satz").inner_text()
    assert "raum=05382068" in seite.url
    seite.get_by_text("Speichern").first.click()  # 3: the menu
    with seite.expect_download() as download:
        seite.get_by_role("link", name=re.compile("Excel")).first.click()  # 4: the workbook
    ziel = tmp_path / download.value.suggested_filename
    download.value.save_as(ziel)
    blatt = openpyxl.load_workbook(ziel)["Daten"]
    zeilen = [[z.value for z in zeile] for zeile in blatt.iter_rows()]
    troisdorf = next(zeile for zeile in zeilen if "Troisdorf" in zeile)
    assert any(isinstance(wert, float) for wert in troisdorf)


@pytest.mark.parametrize("breite", [1440, 320])
@pytest.mark.parametrize("pfad", SEITEN)
def test_axe_finds_nothing(browser, server, pfad, breite):
    kontext = browser.new_context(viewport={"width": breite, "height": 900}, locale="de-DE", reduced_motion="reduce")
    seite = kontext.new_page()
    assert oeffne(seite, server, pfad).status == 200
    befund = Axe().run(seite)
    assert befund.violations_count == 0, befund.generate_report()
    assert seite.evaluate("document.documentElement.scrollWidth") <= breite
    kontext.close()


@pytest.mark.parametrize(
    "pfad",
    [
        "/atlantis/karte",
        "/flensburg/quatsch",
        "/flensburg/steckbrief/FL77",
        "/flensburg/karte?kennzahl=gluecksquote",
        "/flensburg/karte?raum=99999999",
        "/flensburg/export/gluecksquote_stadtteil.xlsx",
        "/geo/flensburg/..%2f..%2fintern.duckdb",
        "/werte/flensburg/manifest.json",
    ],
)
def test_what_does_not_exist_is_a_german_404(seite, server, pfad):
    antwort = seite.request.get(server.url + pfad)
    assert antwort.status == 404
    assert "gibt es" in antwort.text() or "nicht" in antwort.text()
    assert "Traceback" not in antwort.text()


def test_the_year_slider_asks_the_server_for_nothing(seite, server):
    oeffne(seite, server, "/rhein_sieg/karte?kennzahl=arbeitslosenanteil")
    karte_bereit(seite)
    vorher = seite.locator("#stichtag-text").inner_text()
    anfragen = []
    seite.on("request", lambda r: anfragen.append(r.url))
    seite.locator("#stichtag").focus()
    seite.keyboard.press("ArrowLeft")
    seite.wait_for_function("t => document.getElementById('stichtag-text').textContent !== t", arg=vorher)
    assert not anfragen


def test_a_link_reopens_exactly_the_view(seite, server):
    pfad = "/musterkreis/karte?kennzahl=sgb2_quote&ebene=kommune&stichtag=2020-12-31"
    oeffne(seite, server, pfad)
    karte_bereit(seite)
    seite.locator("#rang .rang-zeile").nth(2).click()
    seite.wait_for_function("location.search.includes('raum=')")
    satz, adresse = seite.locator("#satz").inner_text(), seite.url
    oeffne(seite, server, adresse.removeprefix(server.url))
    karte_bereit(seite)
    seite.wait_for_function("t => document.getElementById('satz').textContent === t", arg=satz)
    assert seite.locator("#stichtag-text").inner_text() == "31.12.2020"


def test_keyboard_chooses_on_the_map(seite, server):
    oeffne(seite, server, "/flensburg/karte")
    karte_bereit(seite)
    seite.locator("#karte [tabindex='0'], #karte[tabindex='0']").first.focus()
    seite.keyboard.press("ArrowRight")
    seite.keyboard.press("Enter")
    seite.wait_for_function("location.search.includes('raum=FL')")
    seite.keyboard.press("Escape")
    seite.wait_for_function("!location.search.includes('raum=')")


def test_full_screen_shows_one_statement_and_obeys_the_arrow_keys(seite, server):
    oeffne(seite, server, "/rhein_sieg/karte?kennzahl=arbeitslosenanteil")
    karte_bereit(seite)
    seite.get_by_role("button", name="Vollbild").click()
    seite.locator("#figur.vollbild").wait_for()
    vorher = seite.locator("#stichtag-gross").inner_text()
    seite.keyboard.press("ArrowLeft")
    seite.wait_for_function("t => document.getElementById('stichtag-gross').textContent !== t", arg=vorher)
    kleinste = seite.evaluate(
        """() => Math.min(...[...document.querySelectorAll('#figur *')].filter((e) => e.offsetParent
             && [...e.childNodes].some((k) => k.nodeType === 3 && k.textContent.trim()))
             .map((e) => parseFloat(getComputedStyle(e).fontSize) / innerWidth * 100))"""
    )
    assert kleinste >= 1.9  # vw: readable at 6 m on a picture 2 m wide
    seite.keyboard.press("Escape")
    seite.wait_for_function("!document.getElementById('figur').classList.contains('vollbild')")


@pytest.mark.parametrize("gebiet", ["flensburg", "musterkreis"])
def test_invented_data_is_labelled_on_every_page(seite, server, gebiet):
    for name in ("karte", "zeitreihe", "daten", "methodik", "steckbrief"):
        oeffne(seite, server, f"/{gebiet}/{name}")
        seite.locator("footer, #fuss").first.wait_for()
        assert ("erfunden" in seite.locator("body").inner_text().lower()) == (gebiet == "musterkreis")


def test_no_figure_offers_the_cloud(seite, server):
    oeffne(seite, server, "/nrw/zeitreihe?kennzahl=pflegequote&raum=05382")
    seite.locator(".js-plotly-plot").first.wait_for()
    assert seite.locator("[data-title*='hare'], [data-title*='loud']").count() == 0
