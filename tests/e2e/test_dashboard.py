"""The dashboard as people use it: a real server over the published examples, a real browser, no network."""

import re

import openpyxl
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

SEITEN = [
    "/",
    "/flensburg/karte",
    "/rhein_sieg/karte?kennzahl=arbeitslosenanteil",
    "/musterkreis/karte?kennzahl=kinderarmut_u15&ebene=quartier&tab=tabelle",
    "/musterkreis/karte?kennzahl=kinderarmut_u15&ebene=quartier&tab=ueber",
    "/nrw/zeitreihe?kennzahl=pflegequote&raum=05382,05315",
    "/flensburg/steckbrief",
    "/flensburg/steckbrief/FL03",
    "/berlin/index",
    "/musterkreis/index?ebene=quartier",
    "/berlin/muster",
    "/musterkreis/eigene",
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
    seite.on(
        "request", lambda r: fehler.append(r.url) if not r.url.startswith((server.url, "data:", "blob:")) else None
    )
    seite.fehler = fehler
    yield seite
    assert not fehler
    kontext.close()


def oeffne(seite, server, pfad):
    antwort = seite.goto(server.url + pfad)
    seite.wait_for_load_state("networkidle")
    seite.locator("main h1").wait_for(state="attached")  # a busy machine is idle on the network before Dash has drawn
    if "/karte" in pfad:
        seite.locator("#legende li").first.wait_for(state="attached")
    if "/zeitreihe" in pfad:
        seite.locator(".js-plotly-plot .main-svg").first.wait_for(state="attached")
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


def test_only_places_of_today_are_counted_and_ranked(seite, server):
    oeffne(seite, server, "/")
    assert "158 Quartiere" in seite.locator("main").inner_text()  # neither the Rest-Raum nor 17 older Quartiere
    oeffne(seite, server, "/flensburg/karte?kennzahl=arbeitslose&ebene=stadtteil")
    karte_bereit(seite)
    assert "13 Stadtteile" in seite.locator("#figur-unter").inner_text()
    rest = seite.locator("#rang .rang-zeile").last  # »nicht zuordenbar« has 46 Arbeitslose, but is no place
    assert "nicht zuordenbar" in rest.inner_text()
    assert rest.locator(".nr").inner_text() == ""
    oeffne(seite, server, "/flensburg/steckbrief/FL03")
    assert "von 13" in seite.locator(".profil").first.inner_text()
    assert "von 14" not in seite.locator("main").inner_text()


def test_a_rate_without_interval_is_not_marked_as_tested(seite, server):
    oeffne(seite, server, "/rhein_sieg/karte?kennzahl=kinderarmut_inkar")
    karte_bereit(seite)
    assert "ohne Intervall" in seite.locator("#legende").inner_text()
    assert not re.search("[▲▼●]", seite.locator("#rang").inner_text())


def test_map_legend_and_ranking_share_the_first_screen(seite, server):
    oeffne(seite, server, "/musterkreis/karte?kennzahl=kinderarmut_u15&ebene=quartier")
    karte_bereit(seite)
    karte, legende = seite.locator("#karte").bounding_box(), seite.locator("#legende ul").bounding_box()
    assert karte["height"] >= 560
    assert legende["y"] + legende["height"] <= 900  # the window of this fixture
    assert seite.locator("#rang .rang-zeile").first.bounding_box()["y"] < 300


def test_other_weights_turn_the_index_and_the_link_brings_it_back(seite, server, tmp_path):
    oeffne(seite, server, "/berlin/index")
    assert seite.locator("svg.raumbild path").count() >= 542
    seite.get_by_label("Gewicht 1", exact=True).fill("5")
    seite.get_by_label("Kennzahl 4", exact=True).select_option("mss_k03_altersarmut")
    seite.get_by_role("button", name="Berechnen").click()
    seite.wait_for_url(re.compile("gewicht=5"))
    assert "Die Rangfolge" in seite.locator(".index-saetze").inner_text()
    assert "Altersarmut" in seite.locator("main").inner_text()
    vorher, link = seite.locator(".index-saetze").inner_text(), seite.url
    with seite.expect_download() as download:
        seite.get_by_role("link", name="Rechenblatt (XLSX)").click()
    ziel = tmp_path / "index.xlsx"
    download.value.save_as(ziel)
    assert "Altersarmut (MSS)" in [
        z.value for zeile in openpyxl.load_workbook(ziel)["Rechenblatt"].iter_rows() for z in zeile
    ]
    seite.goto(link)
    assert seite.locator(".index-saetze").inner_text() == vorher
    seite.get_by_role("link", name=re.compile("Räumliche Muster")).click()
    assert "Ähnliche Werte liegen beieinander" in seite.locator(".index-saetze").inner_text()


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
    expect(seite.locator("#reihe .js-plotly-plot")).to_be_visible()
    vorher = seite.locator("#stichtag-text").inner_text()
    adresse, anfragen = seite.url, []
    seite.on("request", lambda r: anfragen.append(r.url))
    seite.locator("#stichtag").focus()
    seite.keyboard.press("ArrowLeft")
    expect(seite.locator("#stichtag-text")).not_to_have_text(vorher)
    expect(seite).not_to_have_url(adresse)  # the last thing a change does is to write the link
    assert not anfragen


def test_a_link_reopens_exactly_the_view(seite, server):
    pfad = "/musterkreis/karte?kennzahl=sgb2_quote&ebene=kommune&stichtag=2020-12-31"
    oeffne(seite, server, pfad)
    karte_bereit(seite)
    seite.locator("#rang .rang-zeile").nth(2).click()
    expect(seite).to_have_url(re.compile("raum="))
    satz, adresse = seite.locator("#satz").inner_text(), seite.url
    oeffne(seite, server, adresse.removeprefix(server.url))
    karte_bereit(seite)
    expect(seite.locator("#satz")).to_have_text(satz)
    assert seite.locator("#stichtag-text").inner_text() == "31.12.2020"


def test_keyboard_chooses_on_the_map(seite, server):
    oeffne(seite, server, "/flensburg/karte")
    karte_bereit(seite)
    seite.locator("#karte [tabindex='0'], #karte[tabindex='0']").first.focus()
    seite.keyboard.press("ArrowRight")
    seite.keyboard.press("Enter")
    expect(seite).to_have_url(re.compile("raum=FL"))
    seite.keyboard.press("Escape")
    expect(seite).not_to_have_url(re.compile("raum="))


def test_full_screen_shows_one_statement_and_obeys_the_arrow_keys(seite, server):
    oeffne(seite, server, "/rhein_sieg/karte?kennzahl=arbeitslosenanteil")
    karte_bereit(seite)
    seite.get_by_role("button", name="Vollbild").click()
    seite.locator("#figur.vollbild").wait_for()
    vorher = seite.locator("#stichtag-gross").inner_text()
    anzahl = int(seite.locator("#stelle").inner_text().split(" / ")[1])
    assert seite.locator("#stelle").inner_text() == f"{anzahl} / {anzahl}"
    seite.keyboard.press("ArrowLeft")
    expect(seite.locator("#stichtag-gross")).not_to_have_text(vorher)
    assert seite.locator("#stelle").inner_text() == f"{anzahl - 1} / {anzahl}"
    sichtbar = [k.inner_text() for k in seite.locator("#figur button:visible").all()]
    assert sichtbar == ["‹", "›", "Vollbild beenden"]
    kleinste = seite.evaluate(
        """() => Math.min(...[...document.querySelectorAll('#figur *')].filter((e) => e.offsetParent
             && [...e.childNodes].some((k) => k.nodeType === 3 && k.textContent.trim()))
             .map((e) => parseFloat(getComputedStyle(e).fontSize) / innerWidth * 100))"""
    )
    assert kleinste >= 1.9  # vw: readable at 6 m on a picture 2 m wide
    seite.keyboard.press("Escape")
    expect(seite.locator("#figur")).not_to_have_class(re.compile("vollbild"))


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
