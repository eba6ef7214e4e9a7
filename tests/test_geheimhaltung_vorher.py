"""What was published before cannot be taken back; what was secret then stays secret. Differences and unknown sums."""

from dataclasses import replace

import numpy as np
import pytest

from indicators.geheimhaltung import UnschuetzbareZellenError, audit, protect
from tests.hilfe_sperren import NAN, Muster, attack, claims, leaks, random_block, summen, zellen

# --- earlier publications --------------------------------------------------------------------------------------------


def test_a_published_neighbour_does_not_protect_again():
    # Last year 496 = 2 + 410 + 84 with 2 and 84 hidden. Now 410 would be dearer, but 84 was printed elsewhere since.
    z, m = zellen([496, 2, 410, 84], fest=[0]), summen(4, (0, [1, 2, 3]))
    schutz = protect(z, m, vorher=np.array([False, True, True, False]))
    assert schutz.gesperrt.tolist() == [False, True, True, False]
    assert schutz.verloren.tolist() == []


def test_what_could_be_derived_before_is_not_claimed_and_does_not_stop_publication():
    # 496 − 410 − 84 = 2 was there for everyone to see.
    z, m = zellen([496, 2, 410, 84], fest=[0]), summen(4, (0, [1, 2, 3]))
    schutz = protect(z, m, vorher=np.array([False, True, False, False]))
    assert schutz.gesperrt.tolist() == [False, True, False, False]  # still not shown
    assert schutz.verloren.tolist() == [1] and len(schutz.zelle) == 0
    with pytest.raises(UnschuetzbareZellenError):
        protect(replace(z, fest=np.array([True, False, True, True])), m)


def test_a_secret_that_was_printed_stays_unshown_and_lost():
    z, m = zellen([496, 2, 410, 84], fest=[0]), summen(4, (0, [1, 2, 3]))
    schutz = protect(z, m, vorher=np.array([False, False, True, True]))
    assert schutz.gesperrt.tolist() == [False, True, False, False]
    assert schutz.verloren.tolist() == [1]


def test_what_was_still_uncertain_stays_uncertain():
    # A + B = 2 was known: each in [0, 2]. t = 3 cannot be had any more, but neither cell may become known.
    z, m = zellen([2, 1, 1, 9, 11], fest=[4]), summen(5, (0, [1, 2]), (4, [0, 3]))
    vorher = np.array([False, True, True, True, False])
    schutz = protect(z, m, vorher=vorher)
    assert schutz.gesperrt[[1, 2]].all()
    assert schutz.verloren.tolist() == [0, 1, 2]  # the total of 2 was printed itself
    assert audit(z, m, np.array([1, 1, 0, 0, 0], bool), vorher=vorher).offenbar.tolist() == [1, 2]
    assert audit(z, m, schutz.gesperrt, vorher=vorher).offenbar.tolist() == []


def test_forced_cells_that_are_known_are_not_shown_but_protect_nobody():
    z, m = zellen([84, 1, 3, 80], fest=[0]), summen(4, (0, [1, 2, 3]))
    schutz = protect(z, m, erzwungen=np.arange(4) == 3, vorher=np.array([True, True, True, False]))
    assert schutz.gesperrt.tolist() == [False, True, True, True]


def test_a_suppliers_secret_that_followed_from_earlier_numbers():
    # 10 = * + 5 + 4: whoever read all three knows 1; we still do not print it.
    z, m = zellen([10, NAN, 5, 4, 90, 100], fest=[5]), summen(6, (0, [1, 2, 3]), (5, [0, 4]))
    schutz = protect(z, m, vorher=np.array([False, True, False, False, False, False]))
    assert schutz.gesperrt.tolist() == [False, True, False, False, False, False]
    assert schutz.verloren.tolist() == [1]


@pytest.mark.parametrize("seed", range(14))
def test_random_history_never_stops_and_nothing_new_is_learnt(seed):
    """Any cells may have been published before, leaks among them: what was possible before stays possible."""
    zufall = np.random.default_rng(seed)
    z, m = random_block(seed, Muster(geheim=0.15 if seed % 3 == 0 else 0, geschlecht=seed % 4 == 0))
    vorher = (zufall.random(len(z.wert)) < zufall.choice([0.5, 0.8, 0.95])) | np.isnan(z.wert)
    schutz = protect(z, m, vorher=vorher)

    assert schutz.gesperrt[z.primaer & z.sichtbar].all()
    ziele, soll = claims(z)
    if not len(ziele):
        return
    damals = attack(z.wert, m, vorher, ziele)
    jetzt = attack(z.wert, m, (schutz.gesperrt | ~z.sichtbar) & vorher, ziele)
    assert (jetzt[0] <= damals[0] + 1e-6).all()
    assert (jetzt[1] >= np.minimum(damals[1], soll) - 1e-6).all()
    verloren = ziele[(damals[0] > 1e-6) | (damals[1] < soll - 1e-6)]
    assert set(verloren) <= set(schutz.verloren.tolist())


# --- differences between Stichtage -----------------------------------------------------------------------------------


def test_a_published_difference_gives_the_secret_away():
    # 2022: 410, 2023: 2 hidden with a sister, total open; "−408" says it. Cells: 2023, 2022, difference; sister, total.
    z = zellen([2, 410, -408, 90, 92], primaer=[0], fest=[1, 4])
    z = replace(z, signiert=np.arange(5) == 2)
    m = summen(5, (0, [1, 2]), (4, [0, 3]))
    assert audit(z, m, np.array([1, 0, 0, 1, 0], bool)).offenbar.tolist() == [0]
    schutz = protect(z, m)
    assert schutz.gesperrt.tolist() == [True, False, True, True, False]
    assert leaks(z, m, schutz.gesperrt) == []


def test_a_hidden_difference_may_be_negative():
    # b = a + d, b = 60 needs [0, 61]: with a = 50 open and d ≥ 0 nobody would believe in less than 50.
    z = replace(zellen([60, 50, 10], t=0, primaer=[0], fest=[1]), signiert=np.arange(3) == 2)
    assert protect(z, summen(3, (0, [1, 2]))).gesperrt.tolist() == [True, False, True]
    with pytest.raises(UnschuetzbareZellenError):
        protect(replace(z, signiert=np.zeros(3, bool)), summen(3, (0, [1, 2])))


def test_a_difference_is_never_a_secret_of_its_own():
    z = replace(zellen([6, 5, 1]), signiert=np.arange(3) == 2)
    with pytest.raises(AssertionError, match="difference"):
        protect(z, summen(3, (0, [1, 2])))


# --- what nobody knows -----------------------------------------------------------------------------------------------


def test_a_bound_on_a_suppliers_secret_is_reckoned_with():
    # Z = "*" of N = 2: Z ≤ N says at most 2, required is 3. The remainder N − "*" is known to nobody.
    nur_stern = np.arange(5) == 1
    z = replace(zellen([2, NAN, NAN, 40, 42], virtuell=[2], fest=[4]), unbekannt=np.arange(5) == 2, primaer=nur_stern)
    m = summen(5, (0, [1, 2]), (4, [0, 3]))
    assert audit(z, m, nur_stern).offenbar.tolist() == [1]
    assert not audit(z, m[[1]], nur_stern).offenbar.size  # without the relation nothing is noticed
    schutz = protect(z, m)
    assert schutz.gesperrt.tolist() == [True, True, False, True, False]
    assert leaks(z, m, schutz.gesperrt) == []


def test_the_unknown_remainder_is_no_secret_itself():
    # N = 400 open, Z = "*": the remainder lies in [398, 399] for who knows the rule, and that is all right.
    z = replace(zellen([400, NAN, NAN], t=3, primaer=[], virtuell=[2]), unbekannt=np.arange(3) == 2)
    schutz = protect(z, summen(3, (0, [1, 2])))
    assert schutz.gesperrt.tolist() == [False, True, False] and schutz.zelle.tolist() == [1]


# --- independent parts, certificate ----------------------------------------------------------------------------------


def zwei_tabellen():
    """Two tables that share nothing but a total that stays open."""
    z = zellen([100, 10, 2, 8, 90, 1, 89], fest=[0])
    return z, summen(7, (0, [1, 4]), (1, [2, 3]), (4, [5, 6]))


def test_an_open_total_separates_what_is_below_it(monkeypatch):
    z, m = zwei_tabellen()
    z = replace(z, fest=np.isin(np.arange(7), [0, 1, 4]))
    zusammen = protect(z, m)
    monkeypatch.setattr("indicators.geheimhaltung.BUENDEL", 1)
    einzeln = protect(z, m)
    assert einzeln.gesperrt.tolist() == zusammen.gesperrt.tolist() == [False, False, True, True, False, True, True]
    assert einzeln.teile == zusammen.teile == einzeln.teile_ganz == 2


def test_every_part_that_cannot_be_protected_is_named(monkeypatch):
    monkeypatch.setattr("indicators.geheimhaltung.BUENDEL", 1)
    z, m = zwei_tabellen()
    z = replace(z, fest=np.isin(np.arange(7), [0, 1, 3, 4, 6]))
    with pytest.raises(UnschuetzbareZellenError) as fehler:
        protect(z, m)
    assert sorted(fehler.value.zellen.tolist()) == [2, 5]


def test_figures_for_the_certificate():
    z, m = zwei_tabellen()
    schutz = protect(z, m)
    assert schutz.zelle.tolist() == [2, 5] and (schutz.unten == 0).all() and (schutz.oben >= 3).all()
    assert (schutz.primaer, schutz.sekundaer) == (2, int(schutz.gesperrt.sum()) - 2)
    assert schutz.teile == schutz.teile_ganz >= 1 and schutz.runden >= 1 and schutz.sekunden > 0
