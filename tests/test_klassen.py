"""Class edges: round, ascending, complete, and never a class without a value."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indicators.klassen import KLASSEN, build_klassen

# What is true does not depend on how busy the machine is.
ohne_uhr = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def zaehle(werte, kanten) -> list[int]:
    """Values per class, by the rule of the map: edge[i] ≤ v < edge[i+1], the last class closed."""
    v = np.array([w for w in werte if np.isfinite(w)])
    unten, oben = np.array(kanten[:-1]), np.array(kanten[1:])
    drin = (v[:, None] >= unten) & (v[:, None] < oben)
    drin[:, -1] |= v == oben[-1]
    return drin.sum(axis=0).tolist()


def test_quotes_get_round_quintiles():
    # 0,0 … 49,9 evenly: quintiles at 10, 20, 30, 40
    assert build_klassen(np.arange(500) / 10) == (0.0, 10.0, 20.0, 30.0, 40.0, 50.0)


def test_edges_move_to_a_round_number_near_their_quantile():
    werte = np.linspace(3.13, 14.87, 200)  # quintiles 5,48 · 7,83 · 10,17 · 12,52
    assert build_klassen(werte) == (3.0, 5.0, 8.0, 10.0, 13.0, 15.0)


def test_skewed_counts_get_edges_that_fit_each_size():
    werte = np.round(np.geomspace(10, 10_000, 100))  # quintiles 40 · 158 · 631 · 2512
    assert build_klassen(werte, art="anzahl") == (10.0, 50.0, 200.0, 500.0, 2000.0, 10000.0)


def test_counts_never_get_fractional_edges():
    kanten = build_klassen([1, 2, 2, 3, 4.5, 5, 6.25, 7], art="anzahl")  # annual means may be fractional
    assert all(float(k).is_integer() for k in kanten)
    assert min(zaehle([1, 2, 2, 3, 4.5, 5, 6.25, 7], kanten)) > 0


def test_missing_values_are_left_out():
    assert build_klassen([np.nan, 0, 10, 20, np.nan, 30, 40]) == build_klassen([0, 10, 20, 30, 40])


def test_few_values_make_few_classes():
    assert build_klassen([0, 0, 0, 0, 0, 0, 1, 2], art="anzahl") == (0.0, 1.0, 2.0, 3.0)  # 0 | 1 | 2
    assert build_klassen([4.0, 4.0, 9.0]) == (4.0, 5.0, 9.0)


@pytest.mark.parametrize("wert", [0, 3, 7.3, -5, 1e9, 0.0004])
def test_a_constant_is_one_class_around_it(wert):
    unten, oben = build_klassen([wert] * 4)
    assert unten <= wert <= oben
    assert unten < oben


@pytest.mark.parametrize("leer", [[], [np.nan, np.nan]])
def test_nothing_known_makes_no_class(leer):
    assert build_klassen(leer) == ()


def test_mostly_zero_keeps_the_zeros_apart():
    werte = [0.0] * 80 + [3.3, 4.4, 5.0, 6.1]
    kanten = build_klassen(werte)
    assert kanten[0] == 0
    assert zaehle(werte, kanten)[0] == 80


def test_a_share_up_to_100_ends_at_100():
    assert build_klassen(np.linspace(61, 99.2, 50))[-1] == 100


def test_positive_values_never_start_below_zero():
    assert build_klassen([0.05, 0.9, 3.0, 8.0])[0] == 0


WERTE = st.lists(
    st.one_of(st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda x: round(x, 4)), st.just(np.nan)), max_size=80
)


@ohne_uhr
@given(WERTE, st.sampled_from(["quote", "verhaeltnis", "uebernommen"]))
def test_every_value_has_exactly_one_class_and_no_class_is_empty(werte, art):
    kanten = build_klassen(werte, art=art)
    bekannt = [w for w in werte if np.isfinite(w)]
    if not bekannt:
        assert kanten == ()
        return
    assert list(kanten) == sorted(set(kanten))
    assert 2 <= len(kanten) <= KLASSEN + 1
    anzahl = zaehle(werte, kanten)
    assert sum(anzahl) == len(bekannt)
    assert min(anzahl) > 0


@ohne_uhr
@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=80))
def test_counts_have_whole_edges_and_no_empty_class(werte):
    kanten = build_klassen(werte, art="anzahl")
    assert all(float(k).is_integer() for k in kanten)
    anzahl = zaehle(werte, kanten)
    assert (sum(anzahl), min(anzahl) > 0) == (len(werte), True)


@ohne_uhr
@given(st.lists(st.floats(0, 100).map(lambda x: round(x, 1)), min_size=40, max_size=80, unique=True))
def test_classes_of_varied_values_are_of_similar_size(werte):
    """Rounding may move an edge by a fifth of a class, plus one value on each side."""
    anzahl = zaehle(werte, build_klassen(werte))
    assert len(anzahl) == KLASSEN
    soll = len(werte) / KLASSEN
    assert max(abs(a - soll) for a in anzahl) <= 0.4 * soll + 3
