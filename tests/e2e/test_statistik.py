"""Comparison and trend as people use them: the switch on the map, the table of Räume × Kennzahlen, the sentences."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.e2e.test_dashboard import oeffne, seite  # noqa: F401


def test_the_switch_colours_the_map_by_verdict_and_the_link_keeps_it(seite, server):  # noqa: F811
    oeffne(seite, server, "/rhein_sieg/karte?kennzahl=arbeitslosenanteil&ebene=kommune&stichtag=2021-12-31")
    expect(seite.locator("#legende li").first).to_contain_text("bis unter")
    seite.get_by_label(re.compile("Auffälligkeit gegenüber dem übrigen Kreisgebiet")).check()

    expect(seite.locator("#legende")).to_contain_text("höher (ungünstiger)")
    expect(seite.locator("#satz")).to_contain_text(
        re.compile(r"Von 19 Räumen liegen \d+ über und \d+ unter dem übrigen Kreisgebiet")
    )
    siegburg = seite.locator("#rang .rang-zeile", has_text="Siegburg")
    assert "▲" in siegburg.inner_text()
    assert "mögliche Ränge 1 bis" in siegburg.get_attribute("aria-label")
    siegburg.click()
    expect(seite.locator("#satz")).to_contain_text("über dem übrigen Kreisgebiet (4,7\u00a0%)")
    expect(seite).to_have_url(re.compile("urteil=1"))
    seite.reload()
    expect(seite.locator("#legende")).to_contain_text("niedriger (günstiger)")


@pytest.mark.parametrize("breite", [1440, 320])
def test_the_table_of_raeume_and_kennzahlen_sorts_and_is_accessible(seite, server, breite):  # noqa: F811
    seite.set_viewport_size({"width": breite, "height": 900})
    oeffne(seite, server, "/flensburg/vergleich?ebene=stadtteil&thema=armut&jahr=2022")
    assert Axe().run(seite).violations_count == 0
    assert seite.evaluate("document.documentElement.scrollWidth") <= breite
    seite.locator("thead").get_by_role("link", name="Kinderarmut unter 15").click()

    expect(seite.locator("th[aria-sort=descending]")).to_contain_text("Kinderarmut")
    assert seite.locator("tbody th").first.inner_text() == "Neustadt"
    assert "▲" in seite.locator("tbody tr").first.inner_text()
    assert "außerhalb der 99,8-%-Grenzen: Neustadt" in seite.locator("img.trichter").get_attribute("alt")


def test_the_table_is_a_workbook(seite, server, tmp_path):  # noqa: F811
    import openpyxl

    oeffne(seite, server, "/flensburg/vergleich?ebene=stadtteil&thema=armut&jahr=2022")
    with seite.expect_download() as download:
        seite.get_by_role("link", name="Tabelle für Excel").click()
    download.value.save_as(tmp_path / "v.xlsx")
    zeilen = list(openpyxl.load_workbook(tmp_path / "v.xlsx")["Vergleich"].iter_rows(values_only=True))
    kopf = next(z for z in zeilen if z[0] == "Schlüssel")
    neustadt = dict(zip(kopf[2:5], next(z for z in zeilen if z[1] == "Neustadt")[2:5], strict=True))
    assert list(neustadt.values())[1:] == ["höher", "1 (1–1)"]


def test_the_sheet_says_in_sentences_what_its_signs_mean(seite, server):  # noqa: F811
    oeffne(seite, server, "/flensburg/steckbrief/FL02")
    for falte in seite.get_by_text("In Sätzen").all():
        falte.click()

    saetze = seite.locator(".saetze").all_inner_texts()
    assert any("liegt mit 21,7\u00a0% über der übrigen Stadt (11,9\u00a0%)" in s for s in saetze)
    assert any("vergleichbaren Stadtteilen" in s for s in saetze)
    expect(seite.locator(".blatt-fuss")).to_contain_text("Einen Stichprobenfehler gibt es nicht")


def test_the_land_stands_beside_the_values_of_the_kreis_and_fits_one_page(seite, server):  # noqa: F811
    oeffne(seite, server, "/rhein_sieg/steckbrief/05382")

    zeile = seite.locator("tr", has=seite.get_by_role("rowheader", name=re.compile("SGB-II-Quote")))
    expect(zeile).to_contain_text("6,9\u00a0%")
    expect(zeile).to_contain_text("10,5\u00a0%")  # Nordrhein-Westfalen 2021, INKAR: 10.49
    expect(seite.locator(".blatt-fuss")).to_contain_text("INKAR 2024 (Bundesländer)")
    assert seite.pdf(format="A4", prefer_css_page_size=True).count(b"/Type /Page\n") == 1


def test_the_table_ends_with_the_land_and_marks_the_chosen_place(seite, server):  # noqa: F811
    oeffne(seite, server, "/rhein_sieg/vergleich?ebene=kommune&thema=armut&jahr=2020&raum=05382060")

    fuss = seite.locator("tfoot tr")
    expect(fuss).to_contain_text("Nordrhein-Westfalen")
    expect(fuss.locator("td").nth(1)).to_have_text("6,3")  # 733,742 of 11,583,407
    assert seite.locator("tr.gewaehlt th").inner_text() == "Siegburg"
    assert "Nordrhein-Westfalen: 6,3" in seite.locator("img.trichter").get_attribute("alt")
    expect(seite.locator(".trichter-bild span[title^='Much: 4,3']")).to_be_visible()
    assert Axe().run(seite).violations_count == 0
    seite.get_by_label("Stichtag bis Ende").select_option("2021")  # no benchmark of the Land for that year
    seite.get_by_role("button", name="Zeigen").click()
    expect(fuss.locator("td").nth(1)).to_have_text("–")
