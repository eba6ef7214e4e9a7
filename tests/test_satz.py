"""Plain-German sentences: grammar, numbers, and never more than is known."""

from datetime import date
from types import SimpleNamespace

import pytest

from indicators.kennzahl import read_kennzahlen
from indicators.satz import STATUS_SATZ, satz_lesart, satz_vergleich, satz_wert
from indicators.zahlformat import format_datum, format_wert, format_zahl

FEST = "\N{NO-BREAK SPACE}"
TAG = date(2022, 12, 31)
QUOTE = read_kennzahlen()["sgb2_quote"]
MONAT = SimpleNamespace(art="anzahl", einheit="Personen", stellen=0, lesart="", monatlich=True)


def glatt(text: str) -> str:
    return text.replace(FEST, " ")


@pytest.mark.parametrize(
    ("wert", "stellen", "text"),
    [
        (1234.5, 1, "1.234,5"),
        (1234567, 0, "1.234.567"),
        (0, 1, "0,0"),
        (-0.3, 1, "−0,3"),
        (-0.04, 1, "0,0"),  # a rounded zero has no sign
        (-1234.5, 0, "−1.234"),
        (float("nan"), 1, "–"),
        (None, 1, "–"),
    ],
)
def test_german_numbers(wert, stellen, text):
    assert format_zahl(wert, stellen) == text


def test_number_and_unit_stay_on_one_line():
    assert format_wert(12.34, "%", 1) == f"12,3{FEST}%"
    assert format_datum(date(2024, 3, 1)) == "01.03.2024"


def test_value_with_interval():
    satz = satz_wert(QUOTE, "Troisdorf", TAG, 12.34, 11.8, 12.9, "offen")
    assert glatt(satz) == "Troisdorf: 12,3 % am 31.12.2022 (95-%-Intervall 11,8 bis 12,9 %)."


def test_value_without_interval_and_monthly():
    satz = satz_wert(MONAT, "Bornheim", TAG, 1240, None, float("nan"), "offen")
    assert glatt(satz) == "Bornheim: 1.240 Personen im Dezember 2022."


def test_zero_is_a_value():
    assert glatt(satz_wert(QUOTE, "Weiler", TAG, 0.0, 0.0, 16.1, "offen")).startswith("Weiler: 0,0 % am")


def test_uncertain_value_says_so():
    satz = satz_wert(QUOTE, "Weiler", TAG, 8.0, None, None, "unsicher")
    assert glatt(satz) == "Weiler: 8,0 % am 31.12.2022. Der Wert ist unsicher."


def test_suppressed_value_says_why_and_shows_no_number():
    satz = satz_wert(QUOTE, "Weiler", TAG, 0.2, 0.1, 0.3, "gesperrt")  # numbers that should not even be here
    assert satz == "Weiler am 31.12.2022: Der Wert ist zum Schutz kleiner Zahlen gesperrt."


@pytest.mark.parametrize(
    "status", ["gesperrt", "gesperrt_quelle", "nicht_geliefert", "nicht_sinnvoll", "nicht_definiert"]
)
def test_every_status_has_its_own_words(status):
    satz = satz_wert(QUOTE, "Weiler", TAG, None, None, None, status)
    assert satz.endswith(STATUS_SATZ[status])
    assert len(set(STATUS_SATZ.values())) == len(STATUS_SATZ)


@pytest.mark.parametrize(
    ("unten", "oben", "lage"),
    [
        (11.8, 12.9, "über dem Vergleichswert"),
        (10.0, 13.0, "im Bereich des Vergleichswerts"),
        (10.5, 12.9, "im Bereich des Vergleichswerts"),  # the limit itself still belongs to the interval
        (8.0, 10.4, "unter dem Vergleichswert"),
    ],
)
def test_comparison_asks_whether_the_interval_holds_the_other_value(unten, oben, lage):
    satz = satz_vergleich(
        QUOTE, "Troisdorf", 12.3, unten, oben, "offen", vergleich_name="Rhein-Sieg-Kreis", vergleich_wert=10.5
    )
    assert glatt(satz) == f"Troisdorf liegt {lage} (Rhein-Sieg-Kreis: 10,5 %)."


@pytest.mark.parametrize(
    ("wert", "lage"),
    [
        (10.54, "gleichauf mit dem Vergleichswert"),
        (10.6, "über dem Vergleichswert"),
        (10.4, "unter dem Vergleichswert"),
    ],
)
def test_without_interval_the_shown_numbers_are_compared(wert, lage):
    satz = satz_vergleich(
        QUOTE, "Troisdorf", wert, None, None, "offen", vergleich_name="Rhein-Sieg-Kreis", vergleich_wert=10.5
    )
    assert glatt(satz) == f"Troisdorf liegt {lage} (Rhein-Sieg-Kreis: 10,5 %)."


def test_no_comparison_without_both_values():
    kreis = {"vergleich_name": "Rhein-Sieg-Kreis"}
    eigener = satz_vergleich(QUOTE, "Weiler", None, None, None, "gesperrt", vergleich_wert=10.5, **kreis)
    anderer = satz_vergleich(QUOTE, "Weiler", 9.0, 8.0, 10.0, "offen", vergleich_wert=float("nan"), **kreis)
    assert eigener == f"Ein Vergleich mit Rhein-Sieg-Kreis ist nicht möglich. {STATUS_SATZ['gesperrt']}"
    assert anderer == "Ein Vergleich mit Rhein-Sieg-Kreis ist nicht möglich: Dort liegt kein Wert vor."


def test_counts_are_not_compared_with_a_larger_raum():
    assert satz_vergleich(MONAT, "Weiler", 5, None, None, "offen", vergleich_name="Kreis", vergleich_wert=900) == ""


def test_reading_aid_with_and_without_a_number():
    assert "haben 7,3 Anspruch" in satz_lesart(QUOTE, 7.25001)
    assert "haben so viele Anspruch" in satz_lesart(QUOTE)
