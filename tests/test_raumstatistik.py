"""Moran's I, LISA and empirical Bayes against printed numbers of spdep and esda, by hand, and at their edges."""

import csv

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import box

from geodata.nachbarn import find_komponenten, find_nachbarn
from indicators import raumstatistik as raum


def gitter(hoehe: int, breite: int, *, ecken: bool = False) -> raum.Nachbarn:
    """Areas in rows and columns; `ecken`: also those that meet in a corner."""
    ort = {(z, s): z * breite + s for z in range(hoehe) for s in range(breite)}
    schritte = [(0, 1), (1, 0), *([(1, 1), (1, -1)] if ecken else [])]
    paare = [(ort[z, s], ort[z + a, s + b]) for z, s in ort for a, b in schritte if (z + a, s + b) in ort]
    return raum.build_nachbarn(*np.array(paare).T, len(ort))


# --- printed numbers ---------------------------------------------------------------------------------------------


def test_variance_of_a_small_grid():
    """3 × 3, rook, y = 1 … 9, borders count 1: VI_rand 0.0596875 (PySAL, esda documentation)."""
    m = raum.compute_moran(np.arange(1.0, 10), gitter(3, 3), zeilen=False)
    assert m.varianz == pytest.approx(0.0596875) and m.i == pytest.approx(0.5) and m.erwartet == -1 / 8


def test_moran_of_columbus_and_sids(referenz):
    """spdep `moran.test` (columbus) and esda's tests (sids2): methods, section 4."""
    c, w = lies(referenz, "columbus_old", ["CRIME"], ab=1)
    m = raum.compute_moran(c["CRIME"], w, permutationen=999)
    assert (m.i, m.varianz) == (pytest.approx(0.510951264, abs=1e-9), pytest.approx(0.008908762, abs=1e-9))
    assert m.z == pytest.approx(5.6341, abs=1e-4) and m.p_perm == pytest.approx(0.002)
    m = raum.compute_moran(c["CRIME"], w, zeilen=False)
    assert (m.i, m.varianz) == (pytest.approx(0.52063815, abs=1e-8), pytest.approx(0.00759872, abs=1e-8))
    s, w = lies(referenz, "sids2", ["SIDR74", "SID74", "BIR74"])
    assert raum.compute_moran(s["SIDR74"], w).i == pytest.approx(0.24772519320480135, abs=1e-10)


def test_empirical_bayes_of_sids_and_auckland(referenz):
    s, _ = lies(referenz, "sids2", ["SID74", "BIR74"])
    erste = raum.glaette_raten(s["SID74"], s["BIR74"]).wert[:5]
    assert erste == pytest.approx([0.0016973, 0.0017054, 0.0017731, 0.0020129, 0.0035349], abs=1e-6)
    a = lies_spalten(referenz, "auckland", ["M77_85", "Und5_81"])
    g = raum.glaette_raten(a["M77_85"], 9 * a["Und5_81"])
    assert g.varianz == pytest.approx(7.284173e-07, abs=1e-12) and g.mittel == pytest.approx(0.002633436, abs=1e-9)


def test_local_morans_add_up_to_the_global_one(referenz):
    """With row-standardised weights the mean of local I is I (Anselin 1995, esda's scaling)."""
    c, w = lies(referenz, "columbus_old", ["CRIME"], ab=1)
    lisa = raum.compute_lisa(c["CRIME"], w, permutationen=9_999)
    assert lisa.i.mean() == pytest.approx(0.510951264, abs=1e-9)


def lies_spalten(referenz, name: str, spalten: list[str]) -> dict[str, np.ndarray]:
    with (referenz / "methods" / "spatial" / f"{name}.csv").open(encoding="utf-8") as datei:
        zeilen = list(csv.DictReader(datei))
    return {s: np.array([float(z[s]) for z in zeilen]) for s in spalten}


def lies(referenz, name: str, spalten: list[str], ab: int = 0) -> tuple[dict, raum.Nachbarn]:
    werte = lies_spalten(referenz, name, spalten)
    paare = lies_spalten(referenz, f"{name}_neighbours", ["i", "j"])
    n = len(werte[spalten[0]])
    return werte, raum.build_nachbarn(paare["i"].astype(int) - ab, paare["j"].astype(int) - ab, n)


# --- LISA --------------------------------------------------------------------------------------------------------


def test_p_is_that_of_all_arrangements():
    """Ten areas in a row: every choice of two neighbours of the second area can be counted."""
    from itertools import combinations

    w, x = gitter(1, 10), np.array([9.0, 8, 7, 1, 2, 3, 4, 0, 5, 6])
    lisa = raum.compute_lisa(x, w, permutationen=99_999)
    andere = [z for i, z in enumerate(x) if i != 1]
    summen = np.array([a + b for a, b in combinations(andere, 2)])
    genau = 2 * min((summen >= x[0] + x[2]).mean(), (summen <= x[0] + x[2]).mean())
    assert lisa.p[1] == pytest.approx(genau, abs=0.004)


def test_a_corner_of_high_values_is_found_and_chance_is_not():
    werte = np.random.default_rng(1).normal(size=400)
    w = gitter(20, 20, ecken=True)
    zufall = raum.compute_lisa(werte, w)
    assert set(zufall.klasse) == {"-"} and zufall.schwelle == 0  # nothing passes the false discovery rate
    ecke = np.array([z < 5 and s < 5 for z in range(20) for s in range(20)])
    lisa = raum.compute_lisa(werte + 4 * ecke, w)
    assert (lisa.klasse[ecke] == "HH").sum() >= 20 and (lisa.klasse[~ecke] == "HH").sum() <= 4
    assert lisa.p.min() <= 2 / 99_999


def test_the_seed_makes_it_the_same_and_another_one_hardly_changes_it():
    werte, w = np.random.default_rng(2).normal(size=100).cumsum(), gitter(10, 10)
    a, b = raum.compute_lisa(werte, w, saat=1), raum.compute_lisa(werte, w, saat=1)
    anders = raum.compute_lisa(werte, w, saat=2)
    assert (a.p == b.p).all() and (a.p != anders.p).any() and np.abs(a.p - anders.p).max() < 0.01


def test_false_discovery_rate_by_hand():
    """Benjamini and Hochberg 1995, their example of fifteen p values: the four smallest pass at 5 %."""
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590,
         1.0]  # fmt: skip
    bestanden, schwelle = raum.fdr(np.array(p))
    assert bestanden.sum() == 4 and schwelle == 0.0095
    assert raum.fdr(np.array([0.05, 0.04, 0.03, 0.02, 0.01]))[1] == 0.05  # each exactly on its step
    assert raum.fdr(np.array([0.011, 0.5, 0.6, 0.7, 0.8]))[1] == 0 and raum.fdr(np.array([]))[1] == 0


# --- edges -------------------------------------------------------------------------------------------------------


def test_islands_missing_values_and_constants_have_a_word():
    w, x = gitter(1, 12), np.arange(12.0) ** 2
    x[[1, 3]] = np.nan  # leaves area 2 without a neighbour that has a value, and area 0 as well
    m, lisa = raum.compute_moran(x, w), raum.compute_lisa(x, w, permutationen=999)
    assert (m.status, m.n, m.inseln) == ("offen", 8, 2)
    assert lisa.status[:5].tolist() == ["insel", "ohne_wert", "insel", "ohne_wert", "offen"]
    assert lisa.klasse[:4].tolist() == ["", "", "", ""] and np.isnan(lisa.i[:4]).all() and np.isfinite(lisa.i[4:]).all()
    assert raum.compute_moran(np.full(12, 0.1), w).status == "konstant"
    assert set(raum.compute_lisa(np.full(12, 0.1), w).status) == {"konstant"}
    assert raum.compute_moran(np.full(12, np.nan), w).status == "zu_wenige"
    assert set(raum.compute_lisa(x[:5], gitter(1, 5)).status) == {"zu_wenige", "ohne_wert"}
    allein = raum.build_nachbarn([], [], 12)
    assert raum.compute_moran(np.arange(12.0), allein).inseln == 12


def test_where_all_others_are_neighbours_there_is_nothing_to_draw():
    n = 9
    alle = raum.build_nachbarn(*np.array([(i, j) for i in range(n) for j in range(i)]).T, n)
    lisa = raum.compute_lisa(np.arange(9.0), alle, permutationen=99)
    assert set(lisa.status) == {"keine_auswahl"} and np.isnan(lisa.p).all()
    stern = raum.build_nachbarn(np.zeros(n - 1, int), np.arange(1, n), n)  # one in the middle
    lisa = raum.compute_lisa(np.arange(9.0), stern, permutationen=99)
    assert lisa.status.tolist() == ["keine_auswahl", *["offen"] * 8]


def test_zero_denominators_and_missing_counts_do_not_spoil_the_rest():
    """esda's Empirical_Bayes gives nothing but NaN then."""
    voll = raum.glaette_anteile([5, 30, 2], [100, 200, 50])
    g = raum.glaette_anteile([5, 0, 30, np.nan, 2], [100, 0, 200, 10, 50])
    assert g.status.tolist() == ["offen", "nenner_null", "offen", "ohne_wert", "offen"]
    assert g.wert[[0, 2, 4]] == pytest.approx(voll.wert) and np.isnan(g.wert[[1, 3]]).all()
    leer = raum.glaette_anteile([0, 0], [0, 0])
    assert leer.status.tolist() == ["nenner_null"] * 2 and np.isnan(leer.wert).all()


def test_no_difference_beyond_chance_leaves_only_the_mean():
    g = raum.glaette_anteile([10, 10, 10], [100, 100, 100])
    assert g.gewicht.tolist() == [0, 0, 0] and g.wert == pytest.approx([0.1, 0.1, 0.1])
    assert raum.glaette_anteile([100, 50], [100, 50]).wert == pytest.approx([1, 1])  # everybody
    assert raum.glaette_anteile([0, 0], [100, 50]).wert == pytest.approx([0, 0])


def test_binomial_form_by_hand():
    """b = 0.15; s² = 0.0025; n̄ = 100; A = (100·0.0025 − 0.1275)/99 = 0.0012373737; θ₁ = 0.15 − 0.05 · A/(b(1−b)/100 +
    A·99/100) = 0.1255."""
    g = raum.glaette_anteile([10, 20], [100, 100])
    assert g.mittel == pytest.approx(0.15) and g.varianz == pytest.approx((0.25 - 0.1275) / 99)
    assert g.gewicht == pytest.approx([0.49494949, 0.49494949]) and g.wert == pytest.approx([0.12525253, 0.17474747])


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=2, max_size=30))
def test_smoothed_shares_lie_between_their_own_and_the_mean(paare):
    n = np.array([a + b for a, b in paare], float)
    x = np.array([a for a, _ in paare], float)
    g = raum.glaette_anteile(x, n)
    da = g.status == "offen"
    if da.any():
        anteil = x[da] / n[da]
        assert ((g.gewicht[da] >= 0) & (g.gewicht[da] <= 1 + 1e-12)).all()
        assert (np.minimum(anteil, g.mittel) - 1e-9 <= g.wert[da]).all()
        assert (g.wert[da] <= np.maximum(anteil, g.mittel) + 1e-9).all()


# --- neighbours --------------------------------------------------------------------------------------------------


def test_neighbours_touch_in_a_border_or_a_corner_and_an_enclave_has_none():
    flaechen = {
        "A": box(0, 0, 100, 100),
        "B": box(100.5, 0, 200, 100),  # half a metre of gap is drawing, not distance
        "C": box(100, 100, 200, 200),  # a corner with A, a border with B
        "D": box(300, 0, 400, 100),  # a hundred metres away
    }
    gdf = gpd.GeoDataFrame(
        {"raum_id": list(flaechen), "ebene": "quartier"}, geometry=list(flaechen.values()), crs="EPSG:25832"
    )
    paare = find_nachbarn({"2020": gdf})
    je = {(z.raum_id, z.nachbar_id) for z in paare.itertuples()}
    assert je == {(a, b) for a in "ABC" for b in "ABC" if a != b}
    assert find_komponenten(list("ABCD"), paare).tolist() == [0, 0, 0, 1]
