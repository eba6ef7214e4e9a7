"""Verdicts, differences, similar Räume, ranks and funnels: published numbers, rules and invariances."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.intervall import wilson
from indicators.rang import find_sicherheit, range_mit_intervall
from indicators.vergleich import (
    AEHNLICH,
    HOEHER,
    NIEDRIGER,
    OHNE,
    bewerte,
    differenz,
    find_aehnliche,
    grenzen,
    ohne_teil,
    pool,
    urteile,
)

# x/m against y/n and limits of the difference: Newcombe (1998), table II, method 10.
NEWCOMBE = [
    ((56, 70), (48, 80), 0.0524, 0.3339),
    ((9, 10), (3, 10), 0.1705, 0.8090),
    ((6, 7), (2, 7), 0.0582, 0.8062),
    ((5, 56), (0, 29), -0.0381, 0.1926),
    ((0, 10), (0, 20), -0.1611, 0.2775),
    ((0, 10), (0, 10), -0.2775, 0.2775),
    ((10, 10), (0, 20), 0.6791, 1.0000),
    ((10, 10), (0, 10), 0.6075, 1.0000),
]
counts = st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(("eins", "zwei", "unten", "oben"), NEWCOMBE)
def test_difference_of_two_shares_as_newcombe_prints_it(eins, zwei, unten, oben):
    (x, m), (y, n) = eins, zwei
    d, u, o = differenz(x / m, *wilson(x, m), y / n, *wilson(y, n))

    assert d == pytest.approx(x / m - y / n)
    assert (float(u), float(o)) == pytest.approx((unten, oben), abs=5e-5)


def test_the_interval_decides_against_a_benchmark_known_exactly():
    unten, oben = wilson(65, 100)  # 0.5525…0.7364, methods.md §1

    assert list(urteile(unten, oben, [0.55, 0.56, 0.73, 0.74, np.nan])) == [HOEHER, AEHNLICH, AEHNLICH, NIEDRIGER, OHNE]
    assert urteile(np.nan, oben, 0.5) == OHNE


def test_a_map_asks_for_more_than_a_profile():
    profil = urteile(*grenzen("quote", 65, 100, pro=100, sicherheit=0.95), 54)
    karte = urteile(*grenzen("quote", 65, 100, pro=100, sicherheit=0.998), 54)

    assert (profil, karte) == (HOEHER, AEHNLICH)


def test_better_and_worse_follow_the_polarity_and_neutral_is_neither():
    assert [bewerte(u, "belastung") for u in ("hoeher", "niedriger", "aehnlich", None)] == [
        "unguenstiger",
        "guenstiger",
        "",
        "",
    ]
    assert bewerte("hoeher", "entlastung") == "guenstiger"
    assert bewerte("hoeher", "neutral") == bewerte("niedriger", "neutral") == ""


def test_the_whole_without_the_part():
    # 30 of 300 in the Raum, 100 of 1,000 in the Kreis: 70 of 700 elsewhere
    x, n = ohne_teil([30, 101, 30, np.nan], [300, 300, 1000, 300], 100, 1000)

    assert (x[0], n[0]) == (70, 700)
    assert np.isnan(x[1:]).all() and np.isnan(n[1:]).all()  # contradicting, nothing left, unknown


def test_three_years_are_summed_and_only_events_gain_certainty():
    x, n = np.array([[10.0, 20, 30]]), np.array([[100.0, 100, 400]])

    wert, unten, oben = pool("quote", x, n, pro=100, ereignisse=True)
    assert wert[0] == pytest.approx(100 * 60 / 600)  # not the mean of 10, 20 and 7.5 %
    assert (unten[0], oben[0]) == pytest.approx([100 * g for g in wilson(60, 600)])
    _, weiter, _ = pool("quote", x, n, pro=100, ereignisse=False)
    assert weiter[0] == pytest.approx(100 * wilson(20, 200)[0])
    assert weiter[0] < unten[0]
    assert np.isnan(pool("quote", [[np.nan, 1, 1]], [[9, 9, 9]], pro=100, ereignisse=True)[0])


@given(counts, st.floats(0, 1))
def test_verdicts_grow_with_the_count(teil, mass):
    x, n = teil
    weniger, mehr = (urteile(*wilson(k, n), mass) for k in (x, min(x + 1, n)))
    ordnung = {NIEDRIGER: 0, AEHNLICH: 1, HOEHER: 2}

    assert ordnung[int(weniger)] <= ordnung[int(mehr)]


@given(counts, counts)
def test_the_interval_of_a_difference_holds_it_and_stays_possible(eins, zwei):
    p, q = (k / n for k, n in (eins, zwei))
    d, unten, oben = differenz(p, *wilson(*eins), q, *wilson(*zwei))

    assert -1 - 1e-9 <= unten <= d <= oben <= 1 + 1e-9


# --- similar Räume -------------------------------------------------------------------------------


def test_the_nearest_in_units_of_spread():
    merkmale = [[10, 100], [11, 100], [10, 140], [20, 200], [21, 201], [30, np.nan]]

    gruppe = find_aehnliche(merkmale, anzahl=2)
    assert list(gruppe[0]) == [1, 2]
    assert list(gruppe[4]) == [3, 2]
    assert list(gruppe[5]) == [-1, -1]  # nothing known of one feature
    assert (find_aehnliche([[1.0], [1.0], [1.0]], anzahl=2) == -1).all()  # all alike says nothing


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=4, max_size=30))
def test_nobody_is_similar_to_himself(merkmale):
    gruppe = find_aehnliche(merkmale, anzahl=3)

    assert not (gruppe == np.arange(len(merkmale))[:, None]).any()
    assert all(len(set(zeile)) == 3 for zeile in gruppe.tolist() if -1 not in zeile)


# --- ranks ---------------------------------------------------------------------------------------


def test_ranks_that_the_intervals_allow():
    wert, unten, oben = [30.0, 20, 19, 5, np.nan], [25.0, 15, 14, 2, np.nan], [35.0, 26, 24, 8, np.nan]

    rang, von, bis = range_mit_intervall(wert, unten, oben)
    # 30 overlaps 20 only; 20 and 19 overlap each other; 5 lies below all
    assert list(rang[:4]) == [1, 2, 3, 4]
    assert list(zip(von[:4], bis[:4], strict=True)) == [(1, 2), (1, 3), (2, 3), (4, 4)]
    assert np.isnan([rang[4], von[4], bis[4]]).all()


def test_equal_values_share_a_rank_and_all_intervals_hold_together():
    assert list(range_mit_intervall([7.0, 7, 3], [6, 6, 2], [8, 8, 4])[0]) == [1, 1, 3]
    assert find_sicherheit(20) ** 20 == pytest.approx(0.95)


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(200, 4000)), min_size=2, max_size=20), st.randoms())
def test_ranks_do_not_depend_on_the_order_of_rows(teile, zufall):
    x, n = np.array(teile, float).T
    folge = list(range(len(x)))
    zufall.shuffle(folge)

    def raenge(k):
        return np.array(range_mit_intervall(x[k] / n[k], *wilson(x[k], n[k], sicherheit=find_sicherheit(len(x)))))

    rang, von, bis = raenge(list(range(len(x))))
    np.testing.assert_array_equal(raenge(folge), np.array([rang, von, bis])[:, folge])
    assert (von <= rang).all() and (rang <= bis).all() and (von >= 1).all() and (bis <= len(x)).all()
