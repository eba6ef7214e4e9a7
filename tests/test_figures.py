"""Charts and small pictures: pure functions, invented numbers small enough to check by hand."""

import ast
import gzip
import json
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dashboard import figures, zahlen

DASHBOARD = Path(figures.__file__).parent


@dataclass(frozen=True)
class Bruch:
    ab: date
    wirkung: str
    grund: str = "Revision"


@dataclass(frozen=True)
class Eintrag:
    """The part of a catalogue entry a chart reads."""

    einheit: str = "%"
    stellen: int = 1
    monatlich: bool = False
    brueche: tuple = field(default=())
    stufen: tuple = ()


def reihe(werte: list, *, name="Altstadt", zuschnitt=None, ab=2018) -> pd.DataFrame:
    """One Raum, one value a year, interval ± 1; None is a missing value."""
    zahl = np.array([np.nan if w is None else w for w in werte], dtype=float)
    return pd.DataFrame(
        {
            "raum_id": name,
            "name": name,
            "stichtag": [date(ab + i, 12, 31) for i in range(len(werte))],
            "wert": zahl,
            "unten": zahl - 1,
            "oben": zahl + 1,
            "status": ["gesperrt" if w is None else "offen" for w in werte],
            "zuschnitt": zuschnitt or ["2015-01-01"] * len(werte),
        }
    )


def linien(bild):
    """Traces that are lines, not intervals."""
    return [spur for spur in bild.data if spur.name != figures.INTERVALL]


def test_a_suppressed_year_is_a_gap_in_line_and_band():
    bild = figures.zeitreihe(reihe([5.0, None, 7.0, 8.0]), Eintrag())

    assert list(linien(bild)[0].y) == [5.0, None, 7.0, 8.0]
    assert linien(bild)[0].connectgaps is False
    assert [len(spur.x) for spur in bild.data if spur.fill] == [4]  # 2020 and 2021 together: there and back


def test_the_interval_of_a_lone_point_is_an_error_bar():
    bild = figures.zeitreihe(reihe([5.0, None, 7.0, 8.0]), Eintrag())

    (balken,) = [spur for spur in bild.data if spur.name == figures.INTERVALL and not spur.fill]
    assert list(balken.y) == [4.0, 6.0]  # 5 ± 1
    assert {str(tag)[:10] for tag in balken.x} == {"2018-12-31"}


def test_the_unit_lies_flat_above_the_axis():
    bild = figures.zeitreihe(reihe([5, 6]), Eintrag())

    assert bild.layout.title.text == "Prozent"
    assert bild.layout.yaxis.title.text is None


def test_a_separating_break_cuts_the_line_a_hint_does_not():
    getrennt = figures.zeitreihe(reihe([5, 6, 7, 8]), Eintrag(brueche=(Bruch(date(2020, 1, 1), "trennt"),)))
    bemerkt = figures.zeitreihe(reihe([5, 6, 7, 8]), Eintrag(brueche=(Bruch(date(2020, 1, 1), "hinweis"),)))

    assert [list(spur.y) for spur in linien(getrennt)] == [[5, 6], [7, 8]]
    assert [list(spur.y) for spur in linien(bemerkt)] == [[5, 6, 7, 8]]
    assert [a.text for a in getrennt.layout.annotations if a.text.startswith("Bruch")] == ["Bruch 1"]
    assert [a.text for a in bemerkt.layout.annotations if a.text.startswith("Hinweis")] == ["Hinweis 1"]


def test_a_new_zuschnitt_cuts_the_line():
    bild = figures.zeitreihe(reihe([5, 6, 7], zuschnitt=["2015-01-01", "2015-01-01", "2020-01-01"]), Eintrag())

    assert [list(spur.y) for spur in linien(bild)] == [[5, 6], [7]]


def test_a_break_outside_the_series_is_neither_drawn_nor_numbered():
    brueche = (Bruch(date(2010, 1, 1), "trennt"), Bruch(date(2019, 6, 1), "hinweis"))

    assert figures.find_brueche(reihe([5, 6, 7]), brueche) == [brueche[1]]


def test_lines_differ_without_colour_and_carry_their_name():
    viele = pd.concat([reihe([5, 6], name="A"), reihe([7, 8], name="B"), reihe([9, 9.5], name="C")])
    bild = figures.zeitreihe(viele, Eintrag(), baender=False)

    assert len({spur.line.dash for spur in bild.data}) == 3
    assert len({spur.marker.symbol for spur in bild.data}) == 3
    assert [a.text for a in bild.layout.annotations] == ["<b>A</b>", "<b>B</b>", "<b>C</b>"]
    assert bild.layout.showlegend is False


def test_names_of_equal_values_do_not_lie_on_each_other():
    versatz = figures.spread([100, 100, 100], 19)

    lagen = sorted(100 + v for v in versatz)
    assert lagen[1] - lagen[0] >= 18.9 and lagen[2] - lagen[1] >= 18.9
    assert sum(versatz) == pytest.approx(0, abs=1e-6)


def test_ticks_stand_at_the_stichtage_not_at_new_year():
    achse = figures.zeitreihe(reihe([5, 6, 7]), Eintrag()).layout.xaxis

    assert list(achse.ticktext) == ["2018", "2019", "2020"]
    assert [str(t)[:10] for t in achse.tickvals] == ["2018-12-31", "2019-12-31", "2020-12-31"]


def test_numbers_are_german_everywhere():
    bild = figures.zeitreihe(reihe([5.25, 6]), Eintrag())

    assert bild.layout.separators == ",."
    assert "5,2 %" in linien(bild)[0].text[0].replace(zahlen.FEST, " ")
    assert "31.12.2018" in linien(bild)[0].text[0]


def test_names_cannot_inject_markup():
    bild = figures.zeitreihe(reihe([5, 6], name="<b onclick=x>"), Eintrag())

    assert "<b onclick" not in linien(bild)[0].text[0]
    assert all("<b onclick" not in a.text for a in bild.layout.annotations)


def test_no_chart_offers_an_upload_or_speaks_english():
    config = figures.graph_config()

    assert config["showSendToCloud"] is False
    assert config["plotlyServerURL"] == ""
    assert config["displayModeBar"] is False
    assert config["locale"] == "de"


def test_every_graph_is_built_with_the_central_configuration():
    aufrufe = [
        (datei.name, knoten)
        for datei in DASHBOARD.rglob("*.py")
        for knoten in ast.walk(ast.parse(datei.read_text("utf-8")))
        if isinstance(knoten, ast.Call) and isinstance(knoten.func, ast.Attribute) and knoten.func.attr == "Graph"
    ]

    assert [name for name, _ in aufrufe] == ["bausteine.py"]
    assert "graph_config()" in {ast.unparse(k.value).removeprefix("figures.") for k in aufrufe[0][1].keywords}


@pytest.mark.parametrize("anzahl", [1, 2, 3, 4, 5])
def test_class_colours_get_darker(anzahl):
    def helligkeit(farbe):
        r, g, b = (int(farbe[i : i + 2], 16) for i in (1, 3, 5))
        return 0.3 * r + 0.59 * g + 0.11 * b

    farben = figures.farben(anzahl)
    assert len(farben) == anzahl
    assert sorted(farben, key=helligkeit, reverse=True) == farben


def test_sparkline_keeps_gaps_and_needs_two_values():
    tage = [date(2018 + i, 12, 31) for i in range(4)]

    assert figures.sparkline(tage, [1, None, 3, 4]).count("M") == 2  # two pieces
    assert "path" not in figures.sparkline(tage, [1, None, None, None])


def test_spine_places_the_value_between_lowest_and_highest():
    svg = figures.spine(15, 14, 16, minimum=10, median=12, maximum=20, mass=float("nan"))

    assert 'cx="110.0"' in svg  # half-way between 10 and 20: the middle of 220
    assert "circle" not in figures.spine(*[float("nan")] * 3, minimum=1, median=2, maximum=3, mass=2)


def write_geometrie(pfad: Path) -> Path:
    """Two Räume: a square of 10 with a hole of 2, and a triangle, in the browser format."""
    ringe = [[(0, 0), (10, 0), (10, 10), (0, 10)], [(4, 4), (6, 4), (6, 6), (4, 6)], [(20, 0), (30, 0), (30, 10)]]
    dx, dy, erste = [], [], (0, 0)
    for ring in ringe:
        vorher = erste
        for punkt in ring:
            dx.append(punkt[0] - vorher[0])
            dy.append(punkt[1] - vorher[1])
            vorher = punkt
        erste = ring[0]
    kopf = {"breite": 30, "hoehe": 10, "ids": ["a", "b"], "ringe": [2, 1], "punkte": [4, 4, 3]}
    text = json.dumps(kopf).encode()
    text += b" " * (-len(text) % 4)
    koerper = np.array(dx, "<i2").tobytes() + np.array(dy, "<i2").tobytes()
    pfad.write_bytes(gzip.compress(np.uint32(len(text)).tobytes() + text + koerper))
    return pfad


def test_browser_geometry_is_read_back_ring_by_ring(tmp_path):
    kopf, raeume = figures.read_ringe(write_geometrie(tmp_path / "x.bin"))

    assert kopf["ids"] == ["a", "b"]
    assert raeume[0][1].tolist() == [[4, 4], [6, 4], [6, 6], [4, 6]]
    assert raeume[1][0].tolist() == [[20, 0], [30, 0], [30, 10]]


def test_lagekarte_draws_the_raum_on_top(tmp_path):
    datei = write_geometrie(tmp_path / "x.bin")

    svg = figures.lagekarte(datei, datei, "b", breite=300)
    assert svg.count("<path") == 3  # two in the ground, one on top
    assert 'd="M200 0L300 0L300 100Z"' in svg


def test_numbers_are_written_as_official_statistics_write_them():
    fest = zahlen.FEST
    assert zahlen.format_zahl(1234.5, 1) == "1.234,5"
    assert zahlen.format_zahl(-0.04, 1) == "0,0"
    assert zahlen.format_zahl(-3, 0) == "−3"
    assert zahlen.format_wert(12.34, 1, "%") == f"12,3{fest}%"
    assert zahlen.format_wert(12.34, 1, "je 1.000") == f"12,3{fest}je{fest}1.000"
    assert zahlen.format_wert(0, 1, "%") == f"0,0{fest}%"
    assert zahlen.format_wert(12.34, 1, "%", "unsicher") == f"(12,3{fest}%)"
    assert zahlen.format_wert(float("nan"), 1, "%", "gesperrt") == "."
    assert zahlen.format_wert(None, 1, "%", "nicht_geliefert") == "…"
    assert zahlen.format_intervall(9.44, 10.2, 1) == "9,4–10,2"
    assert zahlen.format_stichtag(date(2024, 3, 31), monatlich=True) == "März 2024"


@pytest.mark.parametrize(
    ("unten", "oben", "mass", "erwartet"),
    [(9.4, 10.2, 8.0, "über"), (9.4, 10.2, 11.0, "unter"), (9.4, 10.2, 10.0, "ähnlich"), (None, None, 9.0, "")],
)
def test_comparison_is_decided_by_the_interval(unten, oben, mass, erwartet):
    assert zahlen.vergleiche(9.8, unten, oben, mass)[1] == erwartet


def test_nothing_to_compare_is_said_with_nothing():
    assert zahlen.vergleiche(float("nan"), None, None, 8.0) == ("", "")
    assert zahlen.vergleiche(9.8, 9.4, 10.2, None) == ("", "")
