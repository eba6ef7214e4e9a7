"""karte.js in a real browser, under the dashboard's CSP, on the real boundaries of Flensburg.

Value of Raum i (0 … 12) at 31.12.2020: 2·i per cent, so with the edges 0, 5, 10, 15, 20, 25 it is in class ⌊2i / 5⌋.
The Stichtag before 2018 belongs to an older Gebietsstand in which the last two Stadtteile are one, »FLalt«.
"""

import re
import shutil
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pytest
import shapely
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests import hilfe_karte
from tests.hilfe_karte import WURZEL

pytestmark = pytest.mark.browser

BREITE, HOEHE, RAND = 800, 600, 10
FARBEN = ["#ffffcc", "#a1dab4", "#41b6c4", "#2c7fb8", "#253494"]
KANTEN = [0, 5, 10, 15, 20, 25]
JETZT, DAVOR, ALT = "2020-12-31", "2019-12-31", "2015-12-31"
OHNE_WERT = {(1, 4): "gesperrt", (1, 5): "nicht_geliefert", (1, 6): "nicht_definiert", (1, 7): "gesperrt_quelle"}

SEITE = f"""<!doctype html><html lang="de"><head><meta charset="utf-8"><title>Karte</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/karte.css">
<style>body {{ margin: 0; height: 2000px }} #karte {{ width: {BREITE}px; height: {HOEHE}px }}</style></head>
<body><main><div id="karte"></div><h1>Karte</h1></main>
<script src="/karte.js"></script><script src="/start.js"></script></body></html>"""

START = """
window.gewaehlt = []; window.hover = [];
window.karte = new Karte(document.getElementById('karte'), {
  onWahl: (id, additiv) => gewaehlt.push([id, additiv]),
  onHover: (eintrag) => hover.push(eintrag && eintrag.id),
});
window.spec = {
  teile: [
    {gebietsstand: '2011-01-01', geo: '/alt.bin', wert: '/alt.wert.bin', grenzen: null, stichtage: ['2015-12-31']},
    {gebietsstand: '2018-01-01', geo: '/neu.bin', wert: '/neu.wert.bin', grenzen: '/neu.grenzen.bin',
     stichtage: ['2019-12-31', '2020-12-31']},
  ],
  umrisse: {'2011-01-01': '/stadt.bin', '2018-01-01': '/stadt.bin'},
  klassen: [0, 5, 10, 15, 20, 25], farben: ['#ffffcc', '#a1dab4', '#41b6c4', '#2c7fb8', '#253494'],
  einheit: '%', stellen: 1, titel: 'Probe', stichtag: '2019-12-31',
};
window.fertig = karte.lade(spec);
"""


@pytest.fixture(scope="module")
def stadtteile() -> gpd.GeoDataFrame:
    grenzen = gpd.read_file(WURZEL / "geodata/gebiete/flensburg/2011.geojson")
    raeume = grenzen[["raum_id", "geometry"]].assign(name="Stadtteil " + grenzen["raum_id"], eltern_id="FL")
    return hilfe_karte.simplify(raeume.sort_values("raum_id", ignore_index=True))


@pytest.fixture(scope="module")
def vorlage(tmp_path_factory, stadtteile):
    """A site with the map and its files, in both Gebietsstände."""
    ziel = tmp_path_factory.mktemp("karte")
    rahmen = stadtteile.total_bounds
    alt = stadtteile.assign(raum_id=[*stadtteile["raum_id"][:-2], "FLalt", "FLalt"]).dissolve("raum_id").reset_index()
    stadt = stadtteile.dissolve("eltern_id").reset_index().assign(raum_id="FL", name="Flensburg", eltern_id=None)
    for name, raeume, stand in (
        ("neu", stadtteile, "2018-01-01"),
        ("alt", alt, "2011-01-01"),
        ("stadt", stadt, "2018-01-01"),
    ):
        hilfe_karte.write_geometrie(ziel / f"{name}.bin", raeume, ebene="stadtteil", gebietsstand=stand, rahmen=rahmen)
    werte = np.tile(2.0 * np.arange(14), (2, 1))  # 13 Stadtteile and one Rest-Raum
    werte[0] += 0.5
    hilfe_karte.write_werte(
        ziel / "neu.wert.bin",
        hilfe_karte.mit_status(werte, OHNE_WERT),
        stichtage=[DAVOR, JETZT],
        rest=["nicht zuordenbar"],
        unsicher=[14 + 8],
    )
    hilfe_karte.write_grenzen(ziel / "neu.grenzen.bin", werte - 0.5, werte + 0.5, stichtage=[DAVOR, JETZT])
    hilfe_karte.write_werte(ziel / "alt.wert.bin", np.full((1, 12), 12.0), stichtage=[ALT])
    for name in ("karte.js", "karte.css"):
        (ziel / name).write_bytes((WURZEL / "dashboard/assets" / name).read_bytes())
    (ziel / "index.html").write_text(SEITE, encoding="utf-8")
    (ziel / "start.js").write_text(START, encoding="utf-8")
    return ziel


@pytest.fixture
def ordner(vorlage, tmp_path):
    """A copy of the site that a test may damage."""
    return shutil.copytree(vorlage, tmp_path / "www")


@pytest.fixture
def offen(ordner, browser):
    """The open page and what it logged; nothing may be logged at all (CSP, errors, warnings)."""
    seite = browser.new_page(viewport={"width": 1000, "height": 800})
    meldungen, anfragen = [], []
    seite.on("console", lambda meldung: meldungen.append(meldung.text))
    seite.on("pageerror", lambda fehler: meldungen.append(str(fehler)))
    seite.on("request", lambda anfrage: anfragen.append(anfrage.url.rpartition("/")[2]))
    with hilfe_karte.serve(ordner) as url:
        seite.goto(url)
        yield SimpleNamespace(seite=seite, ordner=ordner, meldungen=meldungen, anfragen=anfragen)
        seite.close()


@pytest.fixture
def seite(offen):
    assert offen.seite.evaluate("fertig")
    offen.seite.evaluate(f"karte.zeige('{JETZT}')")
    yield offen.seite
    assert offen.meldungen == []


@pytest.fixture
def mitte(stadtteile):
    """Position of the inner point of Raum i in the element [CSS px], computed here, not asked from the map."""
    x0, y0, x1, y1 = stadtteile.total_bounds
    massstab = min((BREITE - 2 * RAND) / (x1 - x0), (HOEHE - 2 * RAND) / (y1 - y0))
    punkte = shapely.get_coordinates(shapely.point_on_surface(stadtteile.geometry.values))
    x = BREITE / 2 + (punkte[:, 0] - (x0 + x1) / 2) * massstab
    y = HOEHE / 2 - (punkte[:, 1] - (y0 + y1) / 2) * massstab
    return lambda raum: (float(x[raum]), float(y[raum]))


def pixel(seite: Page, ort, *, umkreis: int = 0) -> set[str]:
    """Colours of the coloured layer around a point, as "#rrggbb" with transparent as ""."""
    x, y = (round(wert) - umkreis for wert in ort)
    bytes_ = seite.evaluate(
        """([x, y, n]) => [...document.querySelector('.karte-flaechen').getContext('2d')
             .getImageData(x, y, n, n).data]""",
        [x, y, 2 * umkreis + 1],
    )
    rgba = np.array(bytes_).reshape(-1, 4)
    return {f"#{r:02x}{g:02x}{b:02x}" if a else "" for r, g, b, a in rgba.tolist()}


def scharf(seite: Page) -> None:
    """Wait until the layers stand still again, drawn for the present view."""
    seite.wait_for_function("() => document.querySelector('.karte-ebenen').style.transform === ''")


def test_every_raum_has_the_colour_of_its_class(seite, mitte):
    for raum in (0, 1, 2, 3, 9, 10, 11, 12):  # class ⌊2i / 5⌋, written out: 0 0 0 1 3 4 4 4
        assert pixel(seite, mitte(raum)) == {FARBEN[2 * raum // 5]}, raum


def test_a_value_on_a_class_edge_belongs_to_the_upper_class(seite):
    klassen = seite.evaluate("karte.eintraege().map(({wert, klasse}) => [wert, klasse])")

    assert [10.0, 2] not in klassen  # Raum 5 would be 10,0 %, but is not delivered
    assert [20.0, 4] in klassen
    assert seite.evaluate("[0, 4.9, 5, 20, 25, 30].map((wert) => karte.klasse(wert))") == [0, 0, 1, 4, 4, 4]


def test_outside_is_transparent(seite):
    assert pixel(seite, (3, 3)) == {""}


@pytest.mark.parametrize("raum", [4, 5, 6, 7])
def test_a_raum_without_value_is_hatched_in_grey_and_never_in_a_class_colour(seite, mitte, raum):
    farben = pixel(seite, mitte(raum), umkreis=4)

    assert len(farben) > 1
    assert not farben & set(FARBEN)
    assert all(farbe[1:3] == farbe[3:5] == farbe[5:7] for farbe in farben)


def test_an_uncertain_value_keeps_its_colour_under_a_hatch(seite, mitte):
    assert {FARBEN[3]} < pixel(seite, mitte(8), umkreis=5)


def test_hatches_differ_between_suppressed_missing_and_undefined(seite, mitte):
    dunkel = {raum: anteil_dunkel(seite, mitte(raum)) for raum in (4, 5, 6)}
    assert dunkel[5] < dunkel[4] < dunkel[6]  # dots < lines < crossed lines


def anteil_dunkel(seite: Page, ort) -> float:
    x, y = (round(wert) - 8 for wert in ort)
    rot = seite.evaluate(
        """([x, y]) => [...document.querySelector('.karte-flaechen').getContext('2d')
             .getImageData(x, y, 16, 16).data].filter((_, i) => i % 4 === 0)""",
        [x, y],
    )
    return sum(wert < 200 for wert in rot) / len(rot)


def test_status_words_come_out_of_the_nan_payload(seite):
    eintraege = seite.evaluate("karte.eintraege()")

    assert len(eintraege) == 14
    for raum in range(13):
        wort = OHNE_WERT.get((1, raum), "unsicher" if raum == 8 else "offen")
        assert eintraege[raum]["status"] == wort
        assert eintraege[raum]["wert"] == (None if (1, raum) in OHNE_WERT else 2.0 * raum)
    assert eintraege[4]["unten"] is None  # no interval may speak of a suppressed value
    rest = eintraege[13]
    assert (rest["name"], rest["rest"], rest["id"], rest["wert"]) == ("nicht zuordenbar", True, None, 26.0)


def test_intervals_arrive_after_the_first_paint(seite):
    seite.wait_for_function("() => karte.eintraege()[3].unten !== null")
    assert seite.evaluate("(({wert, unten, oben}) => [wert, unten, oben])(karte.eintraege()[3])") == [6.0, 5.5, 6.5]


def test_hover_and_click_name_the_raum_under_the_pointer(seite, mitte):
    seite.mouse.move(*mitte(2))
    seite.mouse.click(*mitte(2))
    seite.keyboard.down("Control")
    seite.mouse.click(*mitte(9))
    seite.keyboard.up("Control")
    seite.mouse.click(3, 3)

    assert seite.evaluate("hover").count("FL03") > 0
    assert seite.evaluate("gewaehlt") == [["FL03", False], ["FL10", True], [None, False]]


def test_a_new_stichtag_updates_the_hover_text_without_moving_the_pointer(seite, mitte):
    seite.mouse.move(*mitte(2))
    seite.evaluate(f"hover.length = 0, karte.zeige('{DAVOR}')")
    assert seite.evaluate("hover") == ["FL03"]


def test_selection_is_outlined_dark_on_white(seite):
    auswahl = """() => { const f = new Set(), d = document.querySelector('.karte-auswahl').getContext('2d')
      .getImageData(0, 0, 800, 600).data;
      for (let i = 0; i < d.length; i += 4) if (d[i + 3] === 255) f.add(d[i]); return [...f] }"""
    assert seite.evaluate(auswahl) == []

    seite.evaluate("karte.waehle(['FL03', 'FL10'])")

    assert {0x1A, 0xFF} <= set(seite.evaluate(auswahl))


def test_arrow_keys_walk_to_neighbours_and_enter_selects(seite, mitte):
    seite.evaluate("karte.waehle(['FL04'])")
    seite.locator(".karte-buehne").focus()
    seite.keyboard.press("ArrowRight")
    seite.keyboard.press("Enter")
    (ziel, additiv) = seite.evaluate("gewaehlt.at(-1)")

    nachbarn = seite.evaluate("karte.teil.geo.nachbarn[3].map((i) => karte.teil.geo.ids[i])")
    assert ziel in nachbarn
    assert mitte(int(ziel[2:]) - 1)[0] > mitte(3)[0]
    assert additiv is False
    seite.keyboard.press("ArrowLeft")
    seite.keyboard.press("Shift+Enter")
    assert mitte(int(seite.evaluate("gewaehlt.at(-1)[0]")[2:]) - 1)[0] < mitte(int(ziel[2:]) - 1)[0]
    assert seite.evaluate("gewaehlt.at(-1)[1]") is True


def test_every_raum_can_be_reached_by_keyboard(seite):
    erreicht = seite.evaluate(
        """() => { const gesehen = new Set([0]), offen = [0];
        while (offen.length) { const von = offen.pop(); for (const r of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
          karte.fokus = von; const ziel = karte.naechster(...r);
          if (!gesehen.has(ziel)) { gesehen.add(ziel); offen.push(ziel); } } }
        return gesehen.size }"""
    )
    assert erreicht == 13


def test_a_screen_reader_hears_name_value_interval_and_class(seite):
    seite.wait_for_function("() => karte.eintraege()[3].unten !== null")
    buehne, ansage = seite.locator(".karte-buehne"), seite.locator(".karte-ansage")
    expect(buehne).to_have_attribute("aria-label", re.compile("^Karte: Probe"))
    seite.evaluate("karte.fokussiere(3)")
    expect(ansage).to_have_text("Stadtteil FL04: 6,0\u00a0% (5,5 bis 6,5), Klasse 2 von 5")
    seite.evaluate("karte.fokussiere(4)")
    expect(ansage).to_have_text("Stadtteil FL05: gesperrt (Geheimhaltung)")


def test_escape_clears_and_plus_minus_zero_zoom(seite):
    seite.locator(".karte-buehne").focus()
    anfang = seite.evaluate("karte.sicht.s")
    seite.keyboard.press("+")
    assert seite.evaluate("karte.sicht.s") == pytest.approx(1.5 * anfang)
    seite.keyboard.press("0")
    assert seite.evaluate("karte.sicht.s") == pytest.approx(anfang)
    seite.keyboard.press("Escape")
    assert seite.evaluate("gewaehlt") == [[None, False]]


def test_an_older_stichtag_shows_its_own_gebietsstand(seite, mitte):
    assert seite.evaluate(f"karte.zeige('{ALT}')")
    seite.mouse.click(*mitte(11))
    seite.mouse.click(*mitte(12))
    assert seite.evaluate("gewaehlt") == [["FLalt", False], ["FLalt", False]]
    assert pixel(seite, mitte(12)) == {FARBEN[2]}

    seite.evaluate(f"karte.zeige('{JETZT}')")
    seite.mouse.click(*mitte(12))
    assert seite.evaluate("gewaehlt.at(-1)") == ["FL13", False]


def test_after_zooming_a_click_still_hits_the_right_raum(seite, mitte):
    seite.locator(".karte-buehne").focus()
    seite.mouse.move(*mitte(1))
    seite.mouse.wheel(0, -600)
    seite.wait_for_function("() => karte.sicht.s > karte.ganz.s * 2")
    assert seite.evaluate("(ort) => karte.raumBei(...ort)", mitte(1)) == 1  # also while the picture is still moving
    scharf(seite)
    seite.mouse.click(*mitte(1))

    assert seite.evaluate("gewaehlt") == [["FL02", False]]
    assert pixel(seite, mitte(1)) == {FARBEN[0]}


def test_a_gesture_moves_the_old_picture_within_its_own_event(seite):
    vorher = seite.evaluate(
        "karte.zoom(2), [document.querySelector('.karte-ebenen').style.transform, karte.raster.sicht === karte.sicht]"
    )
    assert vorher[0].startswith("matrix(2, 0, 0, 2")
    assert vorher[1] is False
    scharf(seite)
    assert seite.evaluate("karte.raster.sicht === karte.sicht")


def test_dragging_pans_and_is_no_click(seite, mitte):
    x, y = mitte(3)
    seite.mouse.move(x, y)
    seite.mouse.down()
    seite.mouse.move(x + 40, y + 30, steps=4)
    seite.mouse.up()
    scharf(seite)
    seite.mouse.click(x + 40, y + 30)
    assert seite.evaluate("gewaehlt") == [["FL04", False]]


def test_the_wheel_scrolls_the_page_until_the_map_has_focus(seite, mitte):
    seite.mouse.move(*mitte(3))
    seite.mouse.wheel(0, 200)
    seite.wait_for_function("() => scrollY === 200")
    assert seite.evaluate("karte.sicht.s === karte.ganz.s")


def test_passe_shows_the_given_raeume_large(seite):
    seite.evaluate("karte.passe(['FL02', 'FL01'])")
    scharf(seite)
    k = seite.evaluate(
        """() => { const {geo} = karte.teil, {s, x, y} = karte.sicht;
        return [0, 1].map((i) => [...geo.kasten.slice(4 * i, 4 * i + 4)].map((w, j) => w * s + (j % 2 ? y : x))) }"""
    )
    links, oben = min(a[0] for a in k), min(a[1] for a in k)
    rechts, unten = max(a[2] for a in k), max(a[3] for a in k)
    assert min(links, oben) >= RAND - 1
    assert max(rechts - BREITE, unten - HOEHE) <= 1 - RAND
    assert max((rechts - links) / (BREITE - 2 * RAND), (unten - oben) / (HOEHE - 2 * RAND)) == pytest.approx(1)


def test_the_map_follows_the_size_of_its_element(seite, mitte):
    seite.evaluate("document.getElementById('karte').style.width = '400px'")
    seite.wait_for_function("() => document.querySelector('.karte-flaechen').width === 400")
    x, y = seite.evaluate("((g, s) => [g.mitten[6] * s.s + s.x, g.mitten[7] * s.s + s.y])(karte.teil.geo, karte.sicht)")
    seite.mouse.click(x, y)
    assert 0 < x < 400
    assert seite.evaluate("gewaehlt") == [["FL04", False]]


def test_another_kennzahl_on_the_same_geometry_costs_no_geometry(offen):
    offen.seite.evaluate("fertig")
    offen.seite.wait_for_function("() => karte.eintraege()[3].unten !== null")
    offen.anfragen.clear()
    assert offen.seite.evaluate("karte.lade({...spec, klassen: [0, 50], farben: ['#123456']})")
    assert offen.anfragen == []
    assert offen.seite.evaluate("karte.eintraege()[3].klasse") == 0


def test_a_missing_file_is_said_in_german_and_can_be_tried_again(offen, mitte):
    werte = (offen.ordner / "neu.wert.bin").read_bytes()
    (offen.ordner / "neu.wert.bin").unlink()
    offen.seite.reload()
    meldung = offen.seite.locator(".karte-meldung")
    expect(meldung).to_contain_text("Die Karte konnte nicht geladen werden.")

    (offen.ordner / "neu.wert.bin").write_bytes(werte)
    offen.seite.get_by_role("button", name="Erneut versuchen").click()

    expect(meldung).to_be_hidden()
    assert pixel(offen.seite, mitte(0)) == {FARBEN[0]}


def test_without_intervals_the_map_stands_and_says_so(offen, mitte):
    (offen.ordner / "neu.grenzen.bin").unlink()
    offen.seite.reload()
    expect(offen.seite.locator(".karte-meldung")).to_contain_text("Intervalle konnten nicht geladen werden")
    assert pixel(offen.seite, mitte(0)) == {FARBEN[0]}


def test_the_last_of_two_quick_loads_wins(seite, mitte):
    ergebnis = seite.evaluate(
        """Promise.all([karte.lade(spec), karte.lade({...spec, farben: spec.farben.map(() => '#123456')})])"""
    )
    assert ergebnis == [False, True]
    assert pixel(seite, mitte(0)) == {"#123456"}


def test_png_has_title_and_legend_below_the_map(seite):
    breite, hoehe, art = seite.evaluate(
        """async () => { const blob = await karte.bild({titel: 'Titel', quelle: 'Quelle'});
        const bild = await createImageBitmap(blob); return [bild.width, bild.height, blob.type] }"""
    )
    legende = seite.evaluate("karte.legende().map(({text}) => text)")
    assert (breite, art) == (BREITE, "image/png")
    assert hoehe > HOEHE + 66
    assert legende[0] == "0,0 bis unter 5,0\u00a0%"
    assert legende[4] == "20,0 bis 25,0\u00a0%"
    assert "gesperrt (Geheimhaltung)" in legende


def test_named_classes_are_named_in_legend_png_and_speech(seite):
    namen = seite.evaluate(
        """() => {
            karte.spec.stufen = karte.spec.farben.map((_, i) => `${i + 1} Stufe`);
            return karte.legende().map(({text}) => text);
        }"""
    )
    assert namen[:5] == [f"{i} Stufe" for i in range(1, 6)]
    assert seite.evaluate("karte.text(karte.spec.klassen[1])") == "2 Stufe"  # an edge belongs to the upper class
    assert seite.evaluate("karte.satz(karte.eintrag(0))").endswith(" Stufe")


def test_german_numbers_and_signs(seite):
    assert seite.evaluate("[SR.zahl(1234.56, 1), SR.zahl(0, 0), SR.zahl(null), SR.prozent(9.84)]") == [
        "1.234,6",
        "0",
        "",
        "9,8\u00a0%",
    ]
    assert seite.evaluate("[SR.intervall(9.4, 10.2, 1), SR.intervall(null, null), SR.zeichen.gesperrt]") == [
        "9,4–10,2",
        "",
        ".",
    ]


def test_axe_finds_nothing(seite):
    ergebnis = Axe().run(seite)
    assert ergebnis.violations_count == 0, ergebnis.generate_report()


def test_entferne_leaves_nothing_behind(seite):
    seite.evaluate("karte.zoom(2), karte.entferne()")
    assert seite.evaluate("document.getElementById('karte').childElementCount") == 0
