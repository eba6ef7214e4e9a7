"""The page »Pflege« as planners use it: sentences, figures with their tables, exports, links, small screens."""

import csv
import io
import re

import openpyxl
import pytest
from axe_playwright_python.sync_playwright import Axe

from dashboard.pflegetafeln import VARIANTEN
from indicators.bericht.pflegetexte import VARIANTE


@pytest.fixture(scope="module")
def seite(browser, server):
    """One page for all tests of this file; it fails them on any console or page error."""
    kontext = browser.new_context(viewport={"width": 1440, "height": 900}, locale="de-DE", reduced_motion="reduce")
    seite = kontext.new_page()
    fehler = []
    seite.on("console", lambda m: fehler.append(m.text) if m.type == "error" else None)
    seite.on("pageerror", lambda e: fehler.append(str(e)))
    yield seite
    assert not fehler
    kontext.close()


def oeffne(seite, server, pfad):
    antwort = seite.goto(server.url + pfad)
    seite.locator(".js-plotly-plot .main-svg, .leerzustand").first.wait_for(state="attached")
    return antwort


def tafel(seite, titel: str) -> list[list[str]]:
    """Cells of the table with this caption, also on a tab that is not shown."""
    return seite.locator("table", has=seite.locator("caption", has_text=re.compile(f"^{titel}"))).first.evaluate(
        "t => [...t.rows].map(z => [...z.cells].map(c => c.textContent))"
    )


def zugaenglich(seite) -> None:
    """No finding of axe, and no sideways scrolling on a telephone."""
    for breite in (320, 1440):
        seite.set_viewport_size({"width": breite, "height": 900})
        befund = Axe().run(seite)
        assert befund.violations_count == 0, befund.generate_report()
        assert seite.evaluate("document.documentElement.scrollWidth") <= breite


def zahl(text: str) -> int:
    return int(text.replace(".", "").replace("−", "-"))


def test_a_planner_reads_stock_outlook_and_what_drives_it(seite, server):
    oeffne(seite, server, "/musterkreis/pflege")
    text = seite.locator("main").inner_text()
    assert re.search(r"Musterkreis: Am Ende des Jahres 2023 waren 31\.836 Menschen pflegebedürftig", text)
    assert "(Modell)" in text and "kein Konfidenzintervall" in text and "Bruch 3" in text
    kopf, erste, *rest = tafel(seite, "Pflegebedürftige$")
    assert kopf[2:5] == [f"{VARIANTE[v]} (Modell)" for v in VARIANTEN]
    assert erste[:2] == ["2023", "31.836"] and [z[0] for z in rest] == ["2026", "2028", "2033", "2038"]
    for z in rest:  # the band holds all variants
        unten, oben = map(zahl, z[5].split("–"))
        assert unten <= min(map(zahl, z[2:5])) <= max(map(zahl, z[2:5])) <= oben
    for z in tafel(seite, "Ausblick bei konstanten Quoten")[1:]:  # change = size + structure
        assert abs(zahl(z[1]) - zahl(z[2]) - zahl(z[3])) <= 1

    zugaenglich(seite)


def test_kommunen_add_up_and_each_has_its_own_page(seite, server):
    if "/musterkreis/pflege" not in seite.url:
        oeffne(seite, server, "/musterkreis/pflege")
    zeilen = tafel(seite, "Gezählt und erwartet")[1:]
    assert len(zeilen) == 19 and sum(zahl(z[1]) for z in zeilen) == 31836
    seite.get_by_label("Kreis oder Kommune").first.click()
    seite.get_by_role("option", name="Wesselrath").click()
    seite.get_by_text(re.compile("Wesselrath: Am Ende des Jahres 2023")).first.wait_for()
    assert "raum=05999003" in seite.url
    assert [z[0] for z in tafel(seite, "Pflegebedürftige$")[1:]] == ["2023", "2026", "2028", "2033"]  # ten years


def test_exports_carry_the_same_numbers_and_say_what_is_a_model(seite, server, tmp_path):
    adresse = server.url + "/musterkreis/export/pflege"
    (tmp_path / "p.xlsx").write_bytes(seite.request.get(adresse + ".xlsx").body())
    mappe = openpyxl.load_workbook(tmp_path / "p.xlsx")
    assert mappe.sheetnames[1:] == ["Vorausberechnung", "Alter", "Größe und Alter", "Gezählt und erwartet", "Rückprobe"]
    zeilen = [[z.value for z in zeile] for zeile in mappe["Vorausberechnung"].iter_rows(min_row=5)]
    heute = next(z for z in zeilen if z[0] == "05999" and z[3] == "Pflegebedürftige" and z[4] == "gezählt")
    assert heute[6] == pytest.approx(31836) and heute[9] == "gezählt"
    assert {z[9] for z in zeilen if z[3] == "Pflegebedürftige" and z[5] != "2023"} == {"Modell"}
    daten = list(csv.DictReader(io.StringIO(seite.request.get(adresse + "_daten.csv").text())))
    assert {z["modell"] for z in daten if z["variante"] == "konstant"} == {"true"}
    assert ";" in seite.request.get(adresse + "_excel.csv").text()


def test_without_care_by_age_national_quotas_are_named_and_what_is_missing(seite, server):
    oeffne(seite, server, "/nrw/pflege")
    text = seite.locator("main").inner_text()
    assert "964.987 Pflegebedürftige gezählt" in text and "Pflegegrad 1:" in text
    assert "Es fehlen Lieferungen" in text
    assert len(tafel(seite, "Gezählt und mit nationalen Quoten erwartet")) == 54  # head and 53 Kreise
    zugaenglich(seite)
    oeffne(seite, server, "/flensburg/pflege")
    assert "Keine Vorausberechnung" in seite.locator("main").inner_text()


def test_unknown_raeume_are_no_page(seite, server):
    for raum in ("99999999", "05999001-01", "<script>"):
        assert seite.request.get(f"{server.url}/musterkreis/pflege?raum={raum}").status == 404
