"""Sums of money: who stands behind them, and how closely they may be estimated."""

from dataclasses import replace

import numpy as np
import pytest

from indicators.dominanz import compute_soll, find_dominanz
from indicators.geheimhaltung import UnschuetzbareZellenError, Zellen, audit, protect
from tests.hilfe_sperren import NAN, attack, summen, zellen


def test_few_carriers_or_one_large_one():
    summe = np.array([1000.0, 1000, 1000, 0, 1000, 1000])
    traeger = np.array([2, 5, 5, 0, NAN, 5])
    groesster = np.array([500.0, 850, 851, 0, 400, NAN])
    assert find_dominanz(summe, traeger, groesster, schwelle=3, anteil=0.85).tolist() == [
        True, False, True, False, True, True,
    ]  # fmt: skip


def test_width_by_the_larger_of_two_rules():
    summe, groesster = np.array([1000.0, 1000, 1000, 1000]), np.array([900.0, 600, NAN, 900])
    unten, oben = compute_soll(summe, groesster, np.array([True, True, True, False]), anteil=0.8)
    # 900/0.8 − 1000 = 125 and 10 % of 900 = 90
    assert (unten[0], oben[0]) == pytest.approx((875, 1125))
    assert (unten[1], oben[1]) == pytest.approx((940, 1060))  # 10 % of 600; 600/0.8 is less than the sum
    assert (unten[2], oben[2]) == pytest.approx((750, 1250))  # unknown: all of it one carrier's, 1000/0.8 − 1000
    assert np.isnan(unten[3]) and np.isnan(oben[3])


def test_never_below_nothing():
    unten, oben = compute_soll(np.array([100.0]), np.array([100.0]), np.array([True]), anteil=0.2)
    assert (unten[0], oben[0]) == pytest.approx((0, 500))


def haushalt() -> tuple[Zellen, object]:
    """Expenditure for three kinds of help in two Räume [thousand euros]; the first sum has one dominant carrier."""
    wert = [91.5, 40, 55, 186.5, 30, 2, 70, 102, 121.5, 42, 125, 288.5]
    summe = np.array(wert)
    primaer = np.arange(12) == 0
    unten, oben = compute_soll(summe, np.where(primaer, 90.0, 0), primaer, anteil=0.85, prozent=15)
    z = zellen(wert, t=0, primaer=[0], fest=[11])
    m = summen(
        12, (3, [0, 1, 2]), (7, [4, 5, 6]), (11, [8, 9, 10]), *[(8 + s, [s, 4 + s]) for s in range(3)], (11, [3, 7])
    )
    return replace(z, soll_unten=unten, soll_oben=oben, ganz=np.zeros(12, bool)), m


def test_a_dominated_sum_can_only_be_estimated_to_its_interval():
    z, m = haushalt()
    assert audit(z, m, np.arange(12) == 0).offenbar.tolist() == [0]
    # The cheapest rectangle has the corner 2; it cannot give way by the 14.4 that are needed (90/0.85 − 91.5).
    eng = np.isin(np.arange(12), [0, 1, 4, 5])
    assert audit(z, m, eng).offenbar.tolist() == [0]

    schutz = protect(z, m)
    unten, oben = attack(z.wert, m, schutz.gesperrt, [0])
    assert unten[0] <= z.soll_unten[0] and oben[0] >= z.soll_oben[0]
    assert not schutz.gesperrt[11]
    assert schutz.unten[0] <= z.soll_unten[0] + 1e-6 and schutz.oben[0] >= z.soll_oben[0] - 1e-6


def test_not_less_than_asked_and_not_more():
    # c + a = 105 and a + b = 12, both open: a ∈ [0, 12], so c ∈ [93, 105]. Down to 93 is enough, to 92 is not.
    m = summen(5, (0, [2, 3]), (1, [3, 4]))
    for grenze, offenbar in ((93, []), (92, [2])):
        z = zellen([105, 12, 100, 5, 7], t=0, primaer=[2], fest=[0, 1])
        soll = np.where(z.primaer, [[grenze], [104]], NAN)
        z = replace(z, soll_unten=soll[0], soll_oben=soll[1], ganz=np.zeros(5, bool))
        assert audit(z, m, np.array([0, 0, 1, 1, 1], bool)).offenbar.tolist() == offenbar


def test_an_interval_that_leaves_out_the_truth_is_a_bug():
    z, m = haushalt()
    with pytest.raises(AssertionError, match="does not contain"):
        protect(replace(z, soll_oben=np.full(12, 90.0)), m)


def test_a_fixed_margin_that_is_too_close_stops_publication():
    # 100 of 105 euros, the rest 5: nobody believes in more than 105.
    z = replace(zellen([105, 100, 5], t=0, primaer=[1], fest=[0]), soll_unten=np.array([NAN, 90, NAN]))
    z = replace(z, soll_oben=np.array([NAN, 110, NAN]), ganz=np.zeros(3, bool))
    with pytest.raises(UnschuetzbareZellenError):
        protect(z, summen(3, (0, [1, 2])))
