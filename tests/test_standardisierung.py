"""Age-standardised rates against the published results of PHEindicatormethods 2.1 (`testdata`, 19 age groups)."""

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.standardisierung import direkt, indirekt

# Cases, people, cases and people of the reference by age group: PHEindicatormethods tests/testthat, "testdata_big".
FAELLE = [127, 25, 18, 21, 12, 27, 48, 27, 29, 32, 32, 34, 45, 65, 38, 68, 74, 82, 91]
MENSCHEN = [636, 558, 609, 543, 384, 594, 669, 843, 660, 576, 606, 522, 426, 273, 300, 288, 153, 123, 207]
REF_FAELLE = [
    *(10303, 2824, 0, 3615, 3641, 3490, 3789, 3213, 3031, 2771, 3089, 3490, 3595),
    *(4745, 5514, 7125, 5694, 6210, 5757),
]
REF_MENSCHEN = [
    *(50520, 57173, 60213, 54659, 44345, 50128, 62163, 67423, 62899, 55463, 60479, 49974, 44140),
    *(40888, 37239, 30819, 18136, 15325, 13918),
]
ESP2013 = [
    *(5000, 5500, 5500, 5500, 6000, 6000, 6500, 7000, 7000, 7000, 7000, 6500, 6000),
    *(5500, 5000, 4000, 2500, 1500, 1000),
]


def test_direct_rate_of_the_big_test_area():
    # methods.md §1: 10430.247991 [9717.709068, 11178.940915] per 100,000.
    rate = direkt(FAELLE, MENSCHEN, ESP2013)

    assert (rate.wert, rate.unten, rate.oben) == pytest.approx((10430.247991, 9717.709068, 11178.940915), rel=1e-9)
    assert rate.grund == "offen"


def test_indirect_ratio_of_the_big_test_area():
    # methods.md §1: 107.072329 [100.171477, 114.323329], observed 895, expected 835.88.
    rate = indirekt(895, MENSCHEN, REF_FAELLE, REF_MENSCHEN)

    assert 100 * np.array([rate.wert, rate.unten, rate.oben]) == pytest.approx([107.072329, 100.171477, 114.323329])
    assert rate.erwartet == pytest.approx(835.8835612)


def test_below_ten_cases_there_is_no_direct_rate_but_an_indirect_one():
    neun = np.zeros(19)
    neun[-3:] = 3

    assert (direkt(neun, MENSCHEN, ESP2013).grund, np.isnan(direkt(neun, MENSCHEN, ESP2013).wert)) == (
        "zu_wenig_faelle",
        True,
    )
    # expected_csv: 100.6706576523 [46.03303513, 191.10426659] per 100,000, exact limits
    rate = indirekt(9, MENSCHEN, REF_FAELLE, REF_MENSCHEN, pro=100_000)
    assert (rate.wert, rate.unten, rate.oben) == pytest.approx((100.6706576523, 46.03303513, 191.10426659), rel=1e-8)


def test_every_refusal_has_its_reason():
    faelle, menschen = np.full((3, 2), 20.0), np.full((3, 2), 100.0)
    faelle[0, 0], menschen[1, 1] = np.nan, 0

    rate = direkt(faelle, menschen, [1, 1])
    assert list(rate.grund) == ["wert_fehlt", "nenner_leer", "offen"]
    assert np.isnan(rate.wert[:2]).all() and np.isfinite(rate.wert[2])
    assert indirekt(5, [0, 0], [1, 1], [10, 10]).grund == "nenner_leer"


@given(
    st.lists(st.tuples(st.integers(5, 400), st.integers(500, 9000)), min_size=3, max_size=3), st.permutations(range(3))
)
def test_order_of_age_groups_and_scale_of_the_standard_do_not_matter(gruppen, folge):
    x, n = np.array(gruppen, float).T
    w, folge = np.array([3.0, 2.0, 1.0]), list(folge)

    rate, gemischt = direkt(x, n, w), direkt(x[folge], n[folge], 10 * w[folge])
    np.testing.assert_allclose(
        [rate.wert, rate.unten, rate.oben], [gemischt.wert, gemischt.unten, gemischt.oben], rtol=1e-9
    )
    assert 0 <= rate.unten <= rate.wert <= rate.oben


def test_equal_age_structure_gives_the_crude_rate():
    x, n = np.array([10.0, 30, 60]), np.array([1000.0, 2000, 1000])

    assert direkt(x, n, n, pro=1).wert == pytest.approx(100 / 4000)
    assert indirekt(100, n, x, n).wert == pytest.approx(1)


def test_all_vectors(referenz):
    ordner = referenz / "methods/rates"
    lies = lambda name: list(csv.DictReader((ordner / name).open()))  # noqa: E731
    eingabe = lies("dsr_input.csv")
    for soll in lies("dsr_expected.csv"):
        teil = [z for z in eingabe if z["area"] == soll["area"]]
        spalten = ([float(z[s] or 0) for z in teil] for s in ("count", "pop", "esp2013"))
        rate = direkt(*spalten, pro=10_000)
        if soll["value"]:
            ist = (rate.wert, rate.unten, rate.oben)
            assert ist == pytest.approx([float(soll[s]) for s in ("value", "lower95_0cl", "upper95_0cl")], rel=1e-7)
        else:
            assert rate.grund == "zu_wenig_faelle"


@pytest.mark.parametrize(("sicherheit", "grenzen"), [(0.95, "95_0cl"), (0.998, "99_8cl")])
def test_all_indirect_vectors(referenz, sicherheit, grenzen):
    """Rate per 100,000 and per 1,000, ratio, ratio × 100; the people are the same in all three test areas."""
    geprueft = 0
    for soll in csv.DictReader((referenz / "methods/rates/isr_expected.csv").open()):
        if not soll["area"].startswith("testdata"):
            continue
        wort, _, mal = soll["statistic"].rpartition(" ")
        pro = float(mal) if "rate" in wort else None
        rate = indirekt(float(soll["observed"]), MENSCHEN, REF_FAELLE, REF_MENSCHEN, pro=pro, sicherheit=sicherheit)
        ist = np.array([rate.wert, rate.unten, rate.oben]) * (1 if pro else float(mal))
        spalten = ("value", f"lower{grenzen}", f"upper{grenzen}")
        assert ist == pytest.approx([float(soll[s]) for s in spalten], rel=1e-9), soll["statistic"]
        geprueft += 1
    assert geprueft == 12
