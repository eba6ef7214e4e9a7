"""Intervals of shares and counts, against published reference values."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indicators.intervall import byar, poisson_exakt, wilson

# What is true does not depend on how busy the machine is.
ohne_uhr = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Single values: PHEindicatormethods 2.1 (OHID), testdata of phe_proportion and phe_rate; 0/20: statsmodels.
GENAU = 1e-10


@pytest.mark.parametrize(
    ("zaehler", "nenner", "unten", "oben"),
    [(65, 100, 0.5525444329687, 0.7363575174901), (0, 20, 0.0, 0.1611251581), (20, 20, 1 - 0.1611251581, 1.0)],
)
def test_wilson_published_values(zaehler, nenner, unten, oben):
    assert np.allclose(wilson(zaehler, nenner), (unten, oben), rtol=0, atol=1e-9)


def test_byar_published_values():
    assert np.allclose(byar(65), (50.1631877105, 82.8491385459), rtol=0, atol=1e-9)
    assert np.allclose(byar(1), (0.0253178080, 5.5716433909), rtol=0, atol=1e-9)  # below 10: exact


def test_no_events_still_have_an_upper_limit():
    unten, oben = byar([0.0])
    assert unten[0] == 0
    assert oben[0] == pytest.approx(-math.log(0.025))  # exact: P(no event | oben) = 2.5 %


def test_exact_limits_are_the_tails_of_the_poisson_distribution():
    unten, oben = poisson_exakt(4)

    def hoechstens(k, rate):
        return sum(math.exp(-rate) * rate**i / math.factorial(i) for i in range(k + 1))

    assert hoechstens(4, float(oben)) == pytest.approx(0.025)
    assert 1 - hoechstens(3, float(unten)) == pytest.approx(0.025)


@pytest.mark.parametrize(("zaehler", "nenner"), [(1, 0), (2, 1), (-1, 5), (math.nan, 5), (1, math.nan), (0, 0)])
def test_wilson_is_missing_where_there_is_no_share(zaehler, nenner):
    assert np.isnan(wilson([zaehler], [nenner])).all()


def test_byar_is_missing_where_there_is_no_count():
    assert np.isnan(byar([math.nan, -1.0])).all()


@ohne_uhr
@given(nenner=st.integers(1, 10**7), daten=st.data())
def test_wilson_encloses_the_share(nenner, daten):
    zaehler = daten.draw(st.integers(0, nenner))
    unten, oben = wilson(zaehler, nenner)
    assert 0 <= unten <= zaehler / nenner <= oben <= 1
    assert unten < oben


@ohne_uhr
@given(nenner=st.integers(2, 10**6), daten=st.data())
def test_wilson_rises_with_the_zaehler(nenner, daten):
    zaehler = daten.draw(st.integers(0, nenner - 1))
    unten, oben = wilson([zaehler, zaehler + 1], nenner)
    assert unten[0] < unten[1]
    assert oben[0] < oben[1]


@ohne_uhr
@given(st.integers(0, 10**6))
def test_byar_encloses_the_count_and_rises(ereignisse):
    unten, oben = byar([ereignisse, ereignisse + 1])
    assert 0 <= unten[0] <= ereignisse <= oben[0]
    assert unten[0] < unten[1]
    assert oben[0] < oben[1]


@ohne_uhr
@given(st.integers(1, 500), st.integers(1, 500))
def test_more_confidence_is_a_wider_interval(zaehler, rest):
    schmal, breit = wilson(zaehler, zaehler + rest), wilson(zaehler, zaehler + rest, sicherheit=0.998)
    assert breit[0] < schmal[0]
    assert schmal[1] < breit[1]


def read_vektoren(pfad: Path) -> list[dict[str, float | str]]:
    with pfad.open(encoding="utf-8", newline="") as datei:
        return [{k: _zahl(v) for k, v in zeile.items()} for zeile in csv.DictReader(datei)]


def _zahl(text: str) -> float | str:
    try:
        return float(text) if text else math.nan
    except ValueError:
        return text


SICHERHEITEN = {"95%": 0.95, "99.8%": 0.998}


def test_all_wilson_vectors(referenz):
    zeilen = read_vektoren(referenz / "methods/rates/wilson.csv")
    assert len(zeilen) == 6
    for z in zeilen:
        grenzen = wilson(z["x"], z["n"], sicherheit=SICHERHEITEN[z["confidence"]])
        assert np.allclose(grenzen, (z["lowercl"], z["uppercl"]), rtol=0, atol=GENAU)


def test_all_byar_vectors_from_ten_events(referenz):
    zeilen = [z for z in read_vektoren(referenz / "methods/rates/byars.csv") if z["x"] >= 10]
    assert len(zeilen) == 5
    for z in zeilen:
        grenzen = byar(z["x"], sicherheit=SICHERHEITEN[z["confidence"]])
        assert np.allclose(grenzen, (z["lowercl"], z["uppercl"]), rtol=1e-12)


@pytest.mark.parametrize("sicherheit", ["95_0", "99_8"])
def test_all_proportions_and_rates(referenz, sicherheit):
    geprueft = 0
    for datei in ("proportion", "rate"):
        for z in read_vektoren(referenz / f"methods/rates/{datei}.csv"):
            x, n, anteil = z["Numerator"], z["Denominator"], float(sicherheit.replace("_", ".")) / 100
            if datei == "rate":
                grenzen = np.array(byar(x, sicherheit=anteil)) / n
            else:
                grenzen = np.array(wilson(x, n, sicherheit=anteil))
            soll = (z[f"lower{sicherheit}cl"], z[f"upper{sicherheit}cl"])
            assert np.allclose(grenzen * z["multiplier"], soll, rtol=1e-10, equal_nan=True), z["Area"]
            geprueft += 1
    assert geprueft == 39
