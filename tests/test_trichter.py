"""Funnel limits: the published table, and that they say the same as the intervals."""

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.intervall import byar, wilson
from indicators.trichter import grenzen_quote, grenzen_verhaeltnis
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
