"""Recent trend, Mann–Kendall, Theil–Sen: published numbers, scipy as an independent calculation, invariances."""

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from indicators.trend import FAELLT, GLEICH, STEIGT, kendall_exakt, mann_kendall, theil_sen, trend_quote, trend_wert

# Counts, denominators, first year: TrendMarkerCalculatorTest.cs of ukhsa-collaboration/fingertips-open (MIT).
FINGERTIPS = {
    "TrendData_1": ([621, 599, 556, 535, 447], [3454, 3195, 3256, 3227, 3121], FAELLT),
    "TrendData_2": ([2157, 2090, 2194, 2134.81, 2094], [3454, 3195, 3256, 3152, 3062], STEIGT),
    "TrendData_3": ([8116, 8145, 8222, 8506, 8728], [91530, 91773, 92088, 92238, 92665.89], STEIGT),
    "TrendData_5": ([5405, 5500, 5435, 5480, 5315], [18095, 18170, 18005, 17890, 17860], GLEICH),
    "TrendData_5a": ([22435, 22445, 21365, 20955, 19055], [65880, 67900, 68705, 69835, 70910], FAELLT),
}
JAHRE = np.arange(2010, 2015)


@pytest.mark.parametrize("name", FINGERTIPS)
def test_directions_of_fingertips(name):
    zaehler, nenner, richtung = FINGERTIPS[name]

    assert trend_quote(zaehler, nenner, JAHRE)[2] == richtung


def test_chi_square_for_trend_as_r_computes_it():
    # R documentation of prop.trend.test: smokers 83, 90, 129, 70 of 86, 93, 136, 82: X-squared = 8.2249, df = 1.
    chi2, _, _ = trend_quote([83, 90, 129, 70], [86, 93, 136, 82], np.arange(4))

    assert chi2 == pytest.approx(8.2249, abs=5e-5)


def test_weighted_slope_equals_the_regression_of_numpy():
    wert, weite, jahr = np.array([10, 11, 13, 13.5, 16]), np.array([1, 2, 1, 1.5, 1]), JAHRE
    sigma = weite / stats.norm.ppf(0.975)

    chi2, steigung, richtung = trend_wert(wert, wert - weite, wert + weite, jahr)
    koeffizient, kovarianz = np.polyfit(jahr - 2012, wert, 1, w=1 / sigma, cov="unscaled")

    assert steigung == pytest.approx(koeffizient[0])
    assert chi2 == pytest.approx(koeffizient[0] ** 2 / kovarianz[0, 0])
    assert richtung == STEIGT


def test_one_outlier_makes_no_trend():
    # Only the last point is high: without it the slope turns.
    zaehler = [500, 490, 480, 470, 900]

    chi2, _, richtung = trend_quote(zaehler, [5000] * 5, JAHRE)
    assert chi2 > 9.5495
    assert richtung == GLEICH


def test_a_share_of_zero_or_one_and_a_missing_number_cannot_be_computed():
    chi2, steigung, richtung = trend_quote(
        [[0, 5, 6, 7, 8], [9, 9, 9, 9, 10], [np.nan, 5, 6, 7, 8]], [[10] * 5] * 3, JAHRE
    )

    assert np.isnan(chi2).all() and np.isnan(steigung).all()
    assert (richtung == GLEICH).all()


def test_years_count_with_their_gaps():
    zaehler, nenner = FINGERTIPS["TrendData_1"][:2]

    dicht, luecke = (trend_quote(zaehler, nenner, jahre)[1] for jahre in (JAHRE, [2008, 2011, 2012, 2013, 2014]))
    assert dicht != luecke


@given(st.permutations(range(5)))
def test_the_order_of_the_points_does_not_matter(folge):
    folge = list(folge)
    zaehler, nenner, _ = FINGERTIPS["TrendData_1"]

    gemischt = trend_quote(np.array(zaehler)[folge], np.array(nenner)[folge], JAHRE[folge])
    np.testing.assert_allclose(gemischt, trend_quote(zaehler, nenner, JAHRE))


@given(st.lists(st.integers(1, 99), min_size=5, max_size=5))
def test_turning_the_share_around_turns_the_trend_around(zaehler):
    x = np.array(zaehler)
    chi2, steigung, richtung = trend_quote(x, [100] * 5, JAHRE)
    chi2_gegen, steigung_gegen, richtung_gegen = trend_quote(100 - x, [100] * 5, JAHRE)

    assert chi2_gegen == pytest.approx(chi2, abs=1e-9)
    assert steigung_gegen == pytest.approx(-steigung, abs=1e-9)
    assert richtung_gegen == -richtung


# --- Mann–Kendall and Theil–Sen ------------------------------------------------------------------


def test_five_rising_points_are_exactly_two_of_120_orders():
    # methods.md §6: exact two-sided 0.016667; the normal approximation would say 0.0275.
    s, p, exakt, anzahl = mann_kendall([1.0, 2, 3, 4, 5])

    assert (s, anzahl, bool(exakt)) == (10, 5, True)
    assert p == pytest.approx(2 / 120)


def test_four_points_never_reach_five_per_cent():
    assert kendall_exakt(4).min() == pytest.approx(2 / 24)


@pytest.mark.parametrize("n", range(3, 10))
def test_exact_p_equals_scipy(n):
    zufall = np.random.default_rng(n)
    for _ in range(20):
        x = zufall.permutation(n).astype(float)
        erwartet = stats.kendalltau(np.arange(n), x, method="exact").pvalue
        assert mann_kendall(x)[1] == pytest.approx(erwartet)


def test_missing_years_are_left_out_and_ties_are_not_exact():
    ohne = mann_kendall([1.0, 2, 4, 3, 6, 5, 8, 7, 9])
    mit = mann_kendall([1.0, 2, np.nan, 4, 3, 6, 5, 8, 7, np.nan, 9])

    assert [float(a) for a in ohne] == [float(a) for a in mit]
    assert not mann_kendall([1.0, 1, 2, 3, 4])[2]


def test_theil_sen_equals_scipy_and_ignores_an_outlier():
    jahr, x = np.arange(2000, 2011), np.array([1.0, 2, 3, 4, 50, 6, 7, 8, 9, 10, 11])

    assert theil_sen(x, jahr) == pytest.approx(stats.theilslopes(x, jahr).slope) == 1
    assert np.isnan(theil_sen([np.nan, 3], [0, 1]))


def test_long_series_of_the_reference(referenz):
    ordner = referenz / "methods/trend"
    with (ordner / "mann_kendall_arbitrary_1d.csv").open() as datei:
        x = np.array([float(z["y"] or "nan") for z in csv.DictReader(datei)])
    with (ordner / "mann_kendall_expected.csv").open() as datei:
        soll = {z["quantity"]: float(z["expected"]) for z in csv.DictReader(datei)}

    s, p, _, _ = mann_kendall(x)
    assert s == soll["original_test.s"]
    assert p == pytest.approx(soll["original_test.p"], rel=1e-9)
    assert theil_sen(x, np.arange(len(x))) == pytest.approx(soll["sens_slope.slope"], rel=1e-9)
