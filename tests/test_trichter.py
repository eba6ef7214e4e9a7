"""Funnel limits: the published table, and that they say the same as the intervals."""

import csv
import itertools
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import figuren_statistik
from indicators.intervall import byar, wilson
from indicators.trichter import Trichter, build_trichter, grenzen_quote, grenzen_verhaeltnis
from indicators.vergleich import AEHNLICH, urteile

counts = st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_funnel_limits_of_the_published_table():
    # PHEindicatormethods 2.1, funnel_prop_outputs: average 80.642448 %, population 4 and 5
    unten, oben = grenzen_quote([4, 5], 0.80642448, sicherheit=0.95)

    assert 100 * unten == pytest.approx([41.923356, 46.011039], abs=1e-5)
    assert list(oben) == [1, 1]
    assert 100 * grenzen_quote([5], 0.80642448, sicherheit=0.998)[0] == pytest.approx([26.039864], abs=1e-5)


@given(counts, st.floats(0.001, 0.999))
def test_outside_the_funnel_means_an_interval_that_misses_the_average(teil, mitte):
    x, n = teil
    unten, oben = grenzen_quote(n, mitte, sicherheit=0.95)
    ausserhalb = not unten - 1e-9 <= x / n <= oben + 1e-9

    assert ausserhalb <= (urteile(*wilson(x, n), mitte) != AEHNLICH)


def test_ratio_limits_touch_the_exact_interval():
    # 5 observed cases: exact limits 1.623486 and 11.668332 (PHEindicatormethods 2.1, rate per 100)
    assert grenzen_verhaeltnis(11.668332079322669, sicherheit=0.95)[0] * 11.668332079322669 == pytest.approx(
        5, abs=1e-6
    )
    assert grenzen_verhaeltnis(1.62348639011842, sicherheit=0.95)[1] * 1.62348639011842 == pytest.approx(5, abs=1e-6)
    assert byar(5)[0] == pytest.approx(1.62348639011842)
    assert list(grenzen_verhaeltnis([0.0, 1.0], sicherheit=0.95)[0][1:]) == [0]


def test_all_funnel_vectors(referenz):
    with (referenz / "methods/rates/funnel_prop_outputs.csv").open() as datei:
        zeilen = [{k: float(w) for k, w in z.items()} for z in csv.DictReader(datei)]
    n, mitte = [z["Population"] for z in zeilen], zeilen[0]["Baseline"] / 100
    for sicherheit, name in ((0.95, "2s0025"), (0.998, "3s0001")):
        for grenze, seite in zip(grenzen_quote(n, mitte, sicherheit=sicherheit), ("Lower", "Upper"), strict=True):
            np.testing.assert_allclose(100 * grenze, [z[f"{seite}{name}limit"] for z in zeilen], rtol=2e-5, atol=1e-5)


def trichter_mit(namen: list[str]) -> Trichter:
    """Räume of about the same size, far above and far below the common 10 %, two of them inside the limits."""
    anteile = [
        0.10,
        0.101,
        *(0.2 + 0.002 * (i % 5) if i % 2 else 0.04 - 0.002 * (i % 5) for i in range(len(namen) - 2)),
    ]
    nenner = np.array([2000 + 60 * i for i in range(len(namen))], float)
    zaehler = np.array(anteile) * nenner
    unten, _ = wilson(zaehler, nenner)
    werte = {"raum_id": [f"r{i}" for i in range(len(namen))], "name": namen, "zaehler": zaehler, "nenner": nenner}
    werte = pd.DataFrame(werte | {"wert": zaehler / nenner * 100, "unten": unten, "rest": False})
    return build_trichter(werte, SimpleNamespace(art="quote", pro=100))


def test_names_in_the_picture_do_not_overlap(browser):
    namen = [f"Ort mit langem Namen {i}" for i in range(40)]
    eintrag = SimpleNamespace(stellen=1, einheit="%")
    bild = figuren_statistik.trichter(trichter_mit(namen), eintrag, "Menschen", raum="r0", aussen=("Musterland", 12.0))
    seite = browser.new_page()
    seite.set_content(bild.svg)
    kaesten = seite.evaluate(
        """() => [...document.querySelectorAll("text")].map((t) => {
            const k = t.getBBox(); return [t.textContent, k.x, k.y + 2, k.x + k.width, k.y + k.height - 2]; })"""
    )
    seite.close()

    orte = {text: kasten for text, *kasten in kaesten}
    gezeigt = [text for text in orte if text in namen]
    assert "Ort mit langem Namen 0" in gezeigt  # the chosen one lies inside the limits and is named all the same
    assert "Ort mit langem Namen 1" not in gezeigt  # inside, and not chosen
    assert 5 <= len(gezeigt) < 39 and len(orte) == len(kaesten)
    paare = itertools.combinations([*gezeigt, next(t for t in orte if t.startswith("Musterland"))], 2)
    assert not [p for p in paare if figuren_statistik.ueberlappt(*(orte[t] for t in p))]
    assert [p.text for p in bild.punkte if p.text.startswith("Ort mit langem Namen 39:")]  # hover names all
    assert len(bild.punkte) == 40


@pytest.mark.parametrize(("von", "bis"), [(1200, 45_000), (300, 900), (4000, 9000)])
def test_sizes_on_the_axis_are_round_and_apart(von, bis):
    groessen = figuren_statistik.runde_groessen(von, bis)

    assert 3 <= len(groessen) <= 8 and all(von <= g <= bis for g in groessen)
    assert np.diff(np.log10(groessen)).min() > 0.09
