"""Whole persons: what the linear programs overlook, and relations for which they overlook nothing."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from indicators import ganzzahl
from indicators.ganzzahl import is_netz
from indicators.geheimhaltung import UnschuetzbareZellenError, audit, compute_intervalle, protect
from tests.hilfe_sperren import (
    NAN,
    Muster,
    impossible_counts,
    leaks,
    possible_values,
    random_block,
    summen,
    tafel,
    zellen,
)

A, B, C, S = 3, 4, 5, 6


def drei_verbuende():
    """Three overlapping associations of Gemeinden, every two of a, b, c and always s: 4 + 4 + 1 = 9.

    a + b + s = b + c + s = a + c + s = 9: whoever lowers s by two raises a, b and c by one each. So s is odd.
    """
    z = zellen([9, 9, 9, 4, 4, 4, 1, 30, 39], fest=[8])
    m = summen(9, (0, [A, B, S]), (1, [B, C, S]), (2, [A, C, S]), (8, [0, 7]))
    verdeckt = np.isin(np.arange(9), [A, B, C, S])
    return z, m, verdeckt


def test_one_of_one_and_two_is_one_although_every_interval_is_wide():
    z, m, verdeckt = drei_verbuende()
    assert compute_intervalle(z, m, verdeckt, [S]) == (0, 9)
    assert possible_values(z.wert, m, verdeckt, S) == {1, 3, 5, 7, 9}  # who knows 1 ≤ s < 3 has it
    assert leaks(z, m, verdeckt) == []  # no linear program finds it
    pruefung = audit(z, m, verdeckt)
    assert pruefung.offenbar.tolist() == [S]
    assert (pruefung.teile, pruefung.teile_ganz) == (1, 1)


def test_every_whole_number_in_between_must_be_possible_too():
    """s = 2, t = 4: [0, 4] is possible, both ends are, but only even numbers. Who knows 1 ≤ s < 4 has 2."""
    z = zellen([10, 10, 10, 4, 4, 4, 2, 30, 40], t=4, fest=[8])
    _, m, verdeckt = drei_verbuende()
    assert possible_values(z.wert, m, verdeckt, S) == {0, 2, 4, 6, 8, 10}
    assert audit(z, m, verdeckt).offenbar.tolist() == [S]


def test_a_find_of_the_integer_audit_hides_more():
    z, m, verdeckt = drei_verbuende()
    schutz = protect(z, m, erzwungen=verdeckt)
    assert (schutz.gesperrt & ~verdeckt).any()
    assert impossible_counts(z, m, schutz.gesperrt) == []
    assert schutz.teile == schutz.teile_ganz == 1


def test_the_cheapest_cell_that_helps_is_enough():
    """Hiding one association frees s; and its sister, or the total would tell it."""
    z, m, verdeckt = drei_verbuende()
    dazu = protect(z, m, erzwungen=verdeckt).gesperrt & ~verdeckt
    assert dazu.sum() == 1 and dazu[1:3].any()  # S₂ or S₃, which are in no total


def test_what_stays_odd_whatever_is_hidden_stops_publication():
    z, m, _ = drei_verbuende()
    z = replace(z, fest=np.isin(np.arange(9), [0, 1, 2, 8]))
    with pytest.raises(UnschuetzbareZellenError) as fehler:
        protect(z, m)
    assert fehler.value.zellen.tolist() == [S]


def test_what_was_odd_before_is_no_find_today():
    """The three associations were published long ago: that s is odd cannot be taken back, all else can be kept."""
    z, m, _ = drei_verbuende()
    vorher = np.ones(9, bool)
    vorher[[0, 1, 2, 8]] = False
    schutz = protect(z, m, vorher=vorher)
    assert schutz.gesperrt[S] and not schutz.gesperrt[[0, 1, 2, 8]].any()
    verdeckt = schutz.gesperrt & vorher
    assert {1, 3} <= possible_values(z.wert, m, verdeckt, S)


def test_means_tell_nothing_about_whole_numbers():
    z, m, verdeckt = drei_verbuende()
    halbe = replace(z, wert=np.array([9.5, 9.5, 9.5, 4.25, 4.25, 4.25, 1, 30, 39.5]))
    pruefung = audit(halbe, m, verdeckt)
    assert pruefung.offenbar.tolist() == [] and pruefung.teile_ganz == 0


def test_a_network_of_means_is_not_proven_with_whole_numbers():
    z, m = zellen([10.5, 1.5, 4, 5]), summen(4, (0, [1, 2, 3]))
    verdeckt = np.array([0, 1, 1, 0], bool)
    assert audit(z, m, verdeckt).teile_ganz == 0
    assert audit(replace(z, wert=np.array([10.0, 1, 4, 5])), m, verdeckt).teile_ganz == 1


def test_euros_need_not_be_whole():
    z, m, verdeckt = drei_verbuende()
    euro = replace(z, ganz=np.zeros(9, bool))
    assert audit(euro, m, verdeckt).offenbar.tolist() == []


def test_large_components_are_left_to_the_linear_programs(monkeypatch):
    monkeypatch.setattr(ganzzahl, "GANZ_BIS", 3)
    z, m, verdeckt = drei_verbuende()
    pruefung = audit(z, m, verdeckt)
    assert pruefung.offenbar.tolist() == [] and (pruefung.teile, pruefung.teile_ganz) == (1, 0)


def test_undecided_counts_as_found(monkeypatch):
    """No nodes, no answer: then nothing is safe."""
    z, m, verdeckt = drei_verbuende()
    offen = verdeckt | np.isin(np.arange(9), [0, 7])  # S₁ and its sister: s may be even
    assert audit(z, m, offen).offenbar.tolist() == []
    monkeypatch.setattr(ganzzahl, "_solve_stapel", lambda *_: None)
    monkeypatch.setattr(ganzzahl, "_solve", lambda *_, **__: (None, 1))
    assert audit(z, m, offen).offenbar.tolist() == [S]


@pytest.mark.parametrize("seed", range(4))
def test_insider_with_whole_numbers(seed):
    """With supplier's secrets no true solution is at hand; the patterns must be safe all the same."""
    z, m = random_block(seed, Muster(geheim=0.5, geschlecht=False, rest=False))
    z = replace(z, schwelle=np.where(np.isnan(z.wert), 5, z.schwelle))
    assert impossible_counts(z, m, protect(z, m).gesperrt) == []


# --- networks --------------------------------------------------------------------------------------------------------


def test_a_table_is_a_network_and_three_dimensions_are_none():
    zeilen_spalten = tafel(3, 4).toarray()[:, np.isin(np.arange(20), [0, 1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 13])]
    assert is_netz(sparse.csr_array(zeilen_spalten))
    wuerfel = np.arange(8).reshape(2, 2, 2)
    m = np.array([[(wuerfel.take(k, axis=d) == i).any() for i in range(8)] for d in range(3) for k in range(2)])
    assert not is_netz(sparse.csr_array(m.astype(float)))  # three ones per column


def test_odd_circle_and_factors_are_no_network():
    assert not is_netz(sparse.csr_array([[1.0, 1, 0], [0, 1, 1], [1, 0, 1]]))  # determinant 2
    assert is_netz(sparse.csr_array([[1.0, -1, 0], [0, 1, -1], [1, 0, -1]]))
    assert not is_netz(sparse.csr_array([[2.0, 1]]))
    assert is_netz(sparse.csr_array((0, 3)))


@pytest.mark.parametrize("seed", range(40))
def test_every_square_part_of_a_network_has_determinant_0_or_1(seed):
    zufall = np.random.default_rng(seed)
    a = zufall.choice([-1.0, 0, 0, 1], (4, 5))
    if is_netz(sparse.csr_array(a)):
        for k in (2, 3, 4):
            for _ in range(40):
                teil = a[np.ix_(zufall.choice(4, k, replace=False), zufall.choice(5, k, replace=False))]
                assert round(abs(np.linalg.det(teil)), 6) in (0, 1)


def test_a_network_of_any_size_is_proven_with_whole_numbers():
    wert = np.random.default_rng(1).poisson(4, (20, 14))
    wert = np.block([[wert, wert.sum(1, keepdims=True)], [wert.sum(0, keepdims=True), wert.sum()]]).ravel()
    raender = [*range(14, 315, 15), *range(300, 315)]
    schutz = protect(zellen(wert, fest=raender), tafel(20, 14))
    assert schutz.teile > 0 and schutz.teile_ganz == schutz.teile
    assert schutz.gesperrt.sum() > 30


def test_who_hides_behind_a_secret_sign_has_no_true_solution():
    z, m = zellen([4, NAN, NAN, 0, 50, 54], fest=[5]), summen(6, (0, [1, 2, 3]), (5, [0, 4]))
    assert impossible_counts(z, m, protect(z, m).gesperrt) == []
