"""Segregation, isolation, Gini and location quotient: closed forms by hand, and their edges."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators import ungleichheit as u

ALLE = np.full(4, 100.0)


def test_closed_forms():
    """10, 20, 30, 40 of 100 each: IS 4/15, Gini 1/3, isolation 0.30 (methods, section 4; PySAL segregation)."""
    s = u.compute_segregation([10, 20, 30, 40], ALLE, mindestens=4)
    assert (s.status, s.n, s.klein) == ("offen", 4, True)
    assert (s.is_, s.gini) == (pytest.approx(4 / 15), pytest.approx(1 / 3))
    assert (s.isolation, s.anteil) == (pytest.approx(0.30), pytest.approx(0.25))


def test_gini_of_one_to_ten():
    assert u.gini(np.arange(1, 11)) == pytest.approx(0.30)
    assert u.gini([5, 5, 5]) == pytest.approx(0) and u.gini([0, 0, 9]) == pytest.approx(2 / 3)
    assert u.gini([]) is None and u.gini([0, 0]) is None and u.gini([-1, 2]) is None and u.gini([np.nan]) is None


def test_even_and_total_separation():
    gleich = u.compute_segregation([10, 20, 30, 40], [100, 200, 300, 400], mindestens=4)
    getrennt = u.compute_segregation([1000, 0, 0, 2000], [1000, 900, 500, 2000], mindestens=4)
    assert gleich.is_ == pytest.approx(0) and gleich.gini == pytest.approx(0)
    assert gleich.isolation == pytest.approx(gleich.anteil)
    assert getrennt.is_ == pytest.approx(1) and getrennt.gini == pytest.approx(1)
    assert getrennt.isolation == 1 and not getrennt.klein


@pytest.mark.parametrize(
    ("x", "n", "status"),
    [
        ([0, 0, 0, 0, 0], [9] * 5, "gruppe_leer"),
        ([9] * 5, [9] * 5, "rest_leer"),
        ([1, 2, 3], [9, 9, 9], "zu_wenige"),
        ([1, 2, 3, 4, 1], [9, 9, 9, 9, 0], "zu_wenige"),
        ([1, 2, 3, 4, np.nan], [9] * 5, "zu_wenige"),
    ],
)
def test_what_cannot_be_said_has_a_word(x, n, status):
    s = u.compute_segregation(x, n)
    assert s.status == status and s.is_ is None and s.gini is None and s.isolation is None


def test_location_quotient():
    wert, status = u.lokationsquotient([10, 20, 0, 5, np.nan], [100, 100, 100, 0, 50])
    assert wert[:3] == pytest.approx([1, 2, 0]) and np.isnan(wert[3:]).all()
    assert status.tolist() == ["offen", "offen", "offen", "nenner_null", "ohne_wert"]
    wert, status = u.lokationsquotient([0, 0], [10, 20])
    assert np.isnan(wert).all() and status.tolist() == ["gruppe_leer"] * 2


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(1, 90)), min_size=5, max_size=30), st.randoms())
def test_bounds_and_order(paare, zufall):
    x, n = np.array([(a, a + b) for a, b in paare], float).T
    s = u.compute_segregation(x, n)
    if s.status == "offen":
        assert -1e-12 <= s.is_ <= s.gini + 1e-9 and s.gini <= 1 + 1e-12  # the curve lies below its chord
        assert s.anteil - 1e-9 <= s.isolation <= 1
        folge = list(range(len(x)))
        zufall.shuffle(folge)
        anders = u.compute_segregation(x[folge], n[folge])
        assert (anders.is_, anders.gini) == (pytest.approx(s.is_), pytest.approx(s.gini))
