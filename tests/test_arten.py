"""The rules of each kind of Kennzahl: values, intervals and above all statuses."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indicators.arten import RANGFOLGE, Spalte, compute, summe

# What is true does not depend on how busy the machine is.
ohne_uhr = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def spalte(*werte, status=None) -> Spalte:
    """Counts; None becomes NaN. Without `status` everything is offen."""
    zahlen = np.array([np.nan if w is None else w for w in werte], float)
    return Spalte(zahlen, np.array(status or ["offen"] * len(werte), object))


def test_quote_with_wilson_interval_per_cent():
    werte = compute("quote", [spalte(65, 0)], [spalte(100, 20)], pro=100)
    assert werte.wert == pytest.approx([65, 0])
    assert werte.unten == pytest.approx([55.25444329688797, 0])  # PHEindicatormethods, Area4
    assert werte.oben == pytest.approx([73.63575175690247, 16.11251581])
    assert list(werte.status) == ["offen", "offen"]  # zero is a value


def test_verhaeltnis_with_byar_interval_may_exceed_its_nenner():
    werte = compute("verhaeltnis", [spalte(65, 250)], [spalte(100, 220)], pro=1000)
    assert werte.wert == pytest.approx([650, 1136.3636363636])
    assert werte.unten == pytest.approx([501.63187710459, 999.8494738533])
    assert werte.oben == pytest.approx([828.4913854594, 1286.3114487456])
    assert list(werte.status) == ["offen", "offen"]


def test_quote_above_its_whole_is_not_a_number():
    werte = compute("quote", [spalte(7, 7)], [spalte(6, 7)], pro=100)
    assert list(werte.status) == ["nicht_sinnvoll", "offen"]
    assert np.isnan([werte.wert[0], werte.unten[0], werte.oben[0]]).all()
    assert werte.wert[1] == pytest.approx(100)


@pytest.mark.parametrize("art", ["quote", "verhaeltnis"])
def test_empty_reference_group_is_not_defined(art):
    werte = compute(art, [spalte(0, 3)], [spalte(0, 0)], pro=100)
    assert list(werte.status) == ["nicht_definiert", "nicht_definiert"]
    assert np.isnan(werte.wert).all()


def test_summands_are_added_before_dividing():
    werte = compute("quote", [spalte(12), spalte(6)], [spalte(50), spalte(40)], pro=100)
    assert werte.wert == pytest.approx([20])  # (12 + 6) / (50 + 40)


def test_a_suppressed_summand_suppresses_the_whole():
    geheim = spalte(2, 5, status=["gesperrt", "offen"])
    werte = compute("quote", [spalte(80, 80), geheim], [spalte(1000, 1000)], pro=100)
    assert list(werte.status) == ["gesperrt", "offen"]
    assert np.isnan([werte.wert[0], werte.unten[0], werte.oben[0]]).all()  # even though a number was passed in


def test_a_suppressed_nenner_suppresses_the_quote():
    werte = compute("quote", [spalte(3)], [spalte(9, status=["gesperrt"])], pro=100)
    assert list(werte.status) == ["gesperrt"]
    assert np.isnan(werte.wert[0])


@pytest.mark.parametrize(
    ("eins", "zwei", "ergebnis"),
    [
        ("gesperrt", "gesperrt_quelle", "gesperrt"),
        ("gesperrt_quelle", "nicht_geliefert", "gesperrt_quelle"),
        ("nicht_geliefert", "nicht_sinnvoll", "nicht_geliefert"),
        ("nicht_sinnvoll", "unsicher", "nicht_sinnvoll"),
        ("unsicher", "offen", "unsicher"),
    ],
)
def test_the_stronger_status_wins_in_both_places(eins, zwei, ergebnis):
    a, b = spalte(1, 1, status=[eins, zwei]), spalte(2, 2, status=[zwei, eins])
    assert list(summe([a, b]).status) == [ergebnis] * 2
    assert list(compute("quote", [a], [b], pro=100).status) == [ergebnis] * 2


def test_an_uncertain_count_gives_a_value_without_interval():
    werte = compute("quote", [spalte(30, status=["unsicher"])], [spalte(120)], pro=100)
    assert werte.wert == pytest.approx([25])
    assert np.isnan([werte.unten[0], werte.oben[0]]).all()


@pytest.mark.parametrize("art", ["anzahl", "uebernommen"])
def test_counts_and_foreign_rates_pass_through_without_interval(art):
    werte = compute(art, [spalte(12.5, None, status=["offen", "gesperrt_quelle"])])
    assert werte.wert[0] == 12.5
    assert np.isnan(werte.wert[1])
    assert np.isnan(np.concatenate([werte.unten, werte.oben])).all()
    assert list(werte.status) == ["offen", "gesperrt_quelle"]


def test_no_interval_where_the_catalogue_says_so():
    werte = compute("verhaeltnis", [spalte(81)], [spalte(450)], pro=100, intervall=False)
    assert werte.wert == pytest.approx([18])
    assert np.isnan([werte.unten[0], werte.oben[0]]).all()


def test_an_unknown_status_word_is_a_bug():
    with pytest.raises(AssertionError, match="geheim"):
        summe([spalte(1, status=["geheim"])])


ZELLE = st.tuples(st.integers(0, 5000), st.integers(0, 5000), st.sampled_from(RANGFOLGE), st.sampled_from(RANGFOLGE))


@ohne_uhr
@given(st.lists(ZELLE, min_size=1, max_size=20), st.sampled_from(["quote", "verhaeltnis"]))
def test_numbers_only_with_a_status_that_allows_them(zellen, art):
    x, n, status_x, status_n = map(list, zip(*zellen, strict=True))
    werte = compute(art, [spalte(*x, status=status_x)], [spalte(*n, status=status_n)], pro=100)

    mit_wert = np.isin(werte.status, ["offen", "unsicher"])
    assert (np.isfinite(werte.wert) == mit_wert).all()
    assert (np.isfinite(werte.unten) == (werte.status == "offen")).all()
    offen = werte.status == "offen"
    assert (werte.unten[offen] <= werte.wert[offen]).all()
    assert (werte.wert[offen] <= werte.oben[offen]).all()
    assert (werte.unten[offen] >= 0).all()
    if art == "quote":
        assert (werte.oben[offen] <= 100 + 1e-9).all()
