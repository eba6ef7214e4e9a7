"""Plain-German sentences: grammar, numbers, and never more than is known."""

from datetime import date
from types import SimpleNamespace

import pytest

from indicators.deutsch import aufzaehlung, bezug_frueher, bezug_gruppe, bezug_rest, in_raum
from indicators.kennzahl import read_kennzahlen
from indicators.satz import (
    STATUS_SATZ,
    nenne_stufe,
    satz_bruch,
    satz_fehlt,
    satz_intervall,
    satz_lesart,
    satz_rang,
    satz_trend,
    satz_veraenderung,
    satz_vergleich,
    satz_wert,
)
from indicators.zahlformat import format_datum, format_wert, format_zahl

FEST = "\N{NO-BREAK SPACE}"
TAG = date(2022, 12, 31)
KENNZAHLEN = read_kennzahlen()
QUOTE, DICHTE = KENNZAHLEN["sgb2_quote"], KENNZAHLEN["hze_falldichte"]
KREIS = {"vergleich_name": "Rhein-Sieg-Kreis", "vergleich_wert": 10.5}
MONAT = SimpleNamespace(art="anzahl", einheit="Personen", stellen=0, lesart="", polaritaet="neutral", monatlich=True)


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
    ("unten", "oben", "worte"),
    [
        (11.8, 12.9, "liegt mit 12,3 % über dem Rhein-Sieg-Kreis"),
        (10.0, 13.0, "unterscheidet sich mit 12,3 % nicht deutlich vom Rhein-Sieg-Kreis"),
        (
            10.5,
            12.9,
            "unterscheidet sich mit 12,3 % nicht deutlich vom Rhein-Sieg-Kreis",
        ),  # the limit belongs to it
        (8.0, 10.4, "liegt mit 12,3 % unter dem Rhein-Sieg-Kreis"),
    ],
)
def test_comparison_asks_whether_the_interval_holds_the_other_value(unten, oben, worte):
    satz = satz_vergleich(QUOTE, "Troisdorf", 12.3, unten, oben, "offen", **KREIS)
    assert glatt(satz) == f"Troisdorf {worte} (10,5 %)."


@pytest.mark.parametrize(("wert", "worte"), [(10.54, "gleichauf mit"), (10.6, "über"), (10.4, "unter")])
def test_without_interval_the_shown_numbers_are_compared(wert, worte):
    satz = satz_vergleich(QUOTE, "Troisdorf", wert, None, None, "offen", **KREIS)
    assert f" {worte} dem Rhein-Sieg-Kreis (10,5 %)." in glatt(satz)


def test_who_has_tested_decides():
    satz = satz_vergleich(QUOTE, "Troisdorf", 12.3, 11.8, 12.9, "offen", lage="aehnlich", **KREIS)
    assert "nicht deutlich" in satz


@pytest.mark.parametrize(
    ("bezug", "worte"),
    [
        (bezug_rest("Kreis"), "über dem übrigen Kreisgebiet"),
        (bezug_rest("Stadt"), "über der übrigen Stadt"),
        (bezug_rest("Land"), "über dem übrigen Land"),
        (bezug_rest("Bezirksregion"), "über der übrigen Bezirksregion"),
        (bezug_rest("Planungsraum"), "über dem übrigen Planungsraum"),
        (bezug_rest("Etwas Eigenes"), "über dem übrigen Gebiet"),
        (bezug_frueher(date(2021, 12, 31)), "über dem Wert vom 31.12.2021"),
        (bezug_frueher(date(2021, 3, 31), monatlich=True), "über dem Wert vom März 2021"),
        (bezug_gruppe(5, "Kommunen"), "über den 5 vergleichbaren Kommunen"),
        (bezug_gruppe(4, "Stadtteile"), "über den 4 vergleichbaren Stadtteilen"),
        (bezug_gruppe(3, "Länder"), "über den 3 vergleichbaren Ländern"),
        ("Kreis Düren", "über dem Kreis Düren"),
        ("Städteregion Aachen", "über der Städteregion Aachen"),
        ("Nordrhein-Westfalen", "über Nordrhein-Westfalen"),
        ("Bezirk Mitte", "über dem Bezirk Mitte"),
    ],
)
def test_whom_it_is_compared_with_stands_in_the_right_case(bezug, worte):
    satz = satz_vergleich(QUOTE, "Siegburg", 9.8, 9.4, 10.2, "offen", vergleich_name=bezug, vergleich_wert=8.5)
    assert glatt(satz) == f"Siegburg liegt mit 9,8 % {worte} (8,5 %)."


def test_a_kreis_begins_its_sentence_with_an_article():
    satz = satz_vergleich(
        QUOTE, "Rhein-Sieg-Kreis", 9.8, 9.4, 10.2, "offen", vergleich_name="Nordrhein-Westfalen", vergleich_wert=11.2
    )
    assert glatt(satz) == "Der Rhein-Sieg-Kreis liegt mit 9,8 % unter Nordrhein-Westfalen (11,2 %)."


@pytest.mark.parametrize(
    ("polaritaet", "wert", "urteil"),
    [
        ("belastung", 12.3, "Das steht für eine höhere Belastung."),
        ("belastung", 8.0, "Das steht für eine geringere Belastung."),
        ("entlastung", 12.3, "Das steht für eine geringere Belastung."),
        ("entlastung", 8.0, "Das steht für eine höhere Belastung."),
        ("neutral", 12.3, "(10,5 %)."),
        ("belastung", 10.5, "(10,5 %)."),  # no difference, no verdict
    ],
)
def test_the_polarity_decides_what_a_difference_means(polaritaet, wert, urteil):
    kennzahl = QUOTE.model_copy(update={"polaritaet": polaritaet})
    satz = satz_vergleich(kennzahl, "Siegburg", wert, wert - 0.1, wert + 0.1, "offen", wertung=True, **KREIS)
    assert glatt(satz).endswith(urteil)


def test_an_uncertain_value_is_never_judged():
    satz = satz_vergleich(QUOTE, "Siegburg", 12.3, None, None, "unsicher", wertung=True, **KREIS)
    assert "Belastung" not in satz
    assert satz.endswith("Der Wert ist unsicher.")


def test_no_comparison_without_both_values():
    kreis = {"vergleich_name": bezug_rest("Kreis")}
    eigener = satz_vergleich(QUOTE, "Weiler", None, None, None, "gesperrt", vergleich_wert=10.5, **kreis)
    anderer = satz_vergleich(QUOTE, "Weiler", 9.0, 8.0, 10.0, "offen", vergleich_wert=float("nan"), **kreis)
    assert eigener == f"Ein Vergleich mit dem übrigen Kreisgebiet ist nicht möglich. {STATUS_SATZ['gesperrt']}"
    assert anderer == "Ein Vergleich mit dem übrigen Kreisgebiet ist nicht möglich: Dort liegt kein Wert vor."


def test_counts_are_not_compared_with_a_larger_raum():
    assert satz_vergleich(MONAT, "Weiler", 5, None, None, "offen", vergleich_name="Kreis", vergleich_wert=900) == ""


def test_reading_aid_with_and_without_a_number():
    assert "haben 7,3 Anspruch" in satz_lesart(QUOTE, 7.25001)
    assert "haben so viele Anspruch" in satz_lesart(QUOTE)


# ------------------------------------------------------------- change, trend, place


@pytest.mark.parametrize(
    ("alt", "neu", "worte"),
    [
        (11.0, 12.3, "um 1,3 Prozentpunkte gestiegen"),
        (12.3, 11.0, "um 1,3 Prozentpunkte gesunken"),
        (12.32, 12.28, "gleich geblieben"),  # both are shown as 12,3 %
    ],
)
def test_change_between_two_days(alt, neu, worte):
    satz = satz_veraenderung(QUOTE, "Rhein-Sieg-Kreis", alt, date(2021, 12, 31), neu, TAG)
    assert glatt(satz) == f"Im Rhein-Sieg-Kreis ist der Wert vom 31.12.2021 bis zum 31.12.2022 {worte}."


def test_change_of_cases_per_thousand_and_of_months():
    jahre = satz_veraenderung(DICHTE, "Troisdorf", 30.0, date(2021, 12, 31), 32.5, TAG)
    monate = satz_veraenderung(MONAT, "Bornheim", 1240, date(2022, 11, 30), 1239, TAG)
    assert glatt(jahre) == "In Troisdorf ist der Wert vom 31.12.2021 bis zum 31.12.2022 um 2,5 je 1.000 gestiegen."
    assert glatt(monate) == "In Bornheim ist der Wert von November 2022 bis Dezember 2022 um 1 Person gesunken."


def test_no_change_of_a_missing_value():
    assert satz_veraenderung(QUOTE, "Weiler", None, date(2021, 12, 31), 5.0, TAG) == ""


SEGMENT = {"von": date(2018, 12, 31), "bis": TAG, "stichtage": 5}


@pytest.mark.parametrize(
    ("richtung", "je_jahr", "text"),
    [
        ("steigend", 0.42, "steigt der Wert von 2018 bis 2022 (5 Stichtage), im Mittel um 0,4 Prozentpunkte je Jahr."),
        ("fallend", -1.0, "sinkt der Wert von 2018 bis 2022 (5 Stichtage), im Mittel um 1,0 Prozentpunkte je Jahr."),
        ("fallend", None, "sinkt der Wert von 2018 bis 2022 (5 Stichtage)."),
        ("steigend", 0.01, "steigt der Wert von 2018 bis 2022 (5 Stichtage)."),
        ("gleichbleibend", 0.3, "ist von 2018 bis 2022 (5 Stichtage) keine deutliche Veränderung zu erkennen."),
    ],
)
def test_trend(richtung, je_jahr, text):
    assert glatt(satz_trend(QUOTE, "Troisdorf", richtung, je_jahr=je_jahr, **SEGMENT)) == f"In Troisdorf {text}"


def test_no_trend_says_why():
    satz = satz_trend(QUOTE, "Kreis Düren", "nicht_berechenbar", grund="es liegen nur 3 Stichtage vor, nötig sind 5")
    assert satz == "Im Kreis Düren kann kein Trend berechnet werden: es liegen nur 3 Stichtage vor, nötig sind 5."
    assert satz_trend(QUOTE, "Weiler", "") == "In Weiler kann kein Trend berechnet werden."


def test_place_with_its_uncertainty():
    satz = satz_rang("Troisdorf", 3.0, 19.0, unten=2, oben=6, plural="Kommunen")
    assert satz == (
        "Troisdorf: Platz 3 von 19 Kommunen (Platz 1 = höchster Wert); mit 95 % Sicherheit zwischen Platz 2 und 6."
    )
    assert satz_rang("Weiler", 1, 19) == "Weiler: Platz 1 von 19 (Platz 1 = höchster Wert)."
    assert satz_rang("Weiler", 1, 19, unten=1, oben=1).endswith("mit 95 % Sicherheit genau dieser Platz.")


def test_no_place_for_a_hidden_value():
    satz = satz_rang("Weiler", None, 19, unten=1, oben=4, status="gesperrt")
    assert satz == f"Weiler: kein Platz in der Reihenfolge. {STATUS_SATZ['gesperrt']}"
    assert not any(ziffer in satz for ziffer in "0123456789")


def test_what_the_interval_of_a_full_count_means():
    satz = satz_intervall(QUOTE, 11.8, 12.9)
    assert "zwischen 11,8 und 12,9 %" in glatt(satz)
    assert "Stichprobenfehler" in satz
    assert satz_intervall(QUOTE, None, 12.9) == ""


@pytest.mark.parametrize("kennzahl", KENNZAHLEN.values(), ids=lambda k: k.id)
def test_every_break_reads_as_a_sentence(kennzahl):
    for bruch in kennzahl.bruch:
        satz = satz_bruch(bruch.ab, bruch.wirkung, bruch.grund)
        assert satz.count(": ") >= 1
        assert satz.endswith(".")
        assert not satz.endswith("..")


def test_a_missing_delivery_is_named():
    satz = satz_fehlt("Leerstandsquote", "Zensus 2022: Gebäude- und Wohnungszählung nach Stadtteilen.")
    assert satz == (
        "»Leerstandsquote« ist hier noch nicht berechnet. "
        "Es fehlt: Zensus 2022: Gebäude- und Wohnungszählung nach Stadtteilen."
    )


@pytest.mark.parametrize(
    ("name", "wo"),
    [
        ("Troisdorf", "in Troisdorf"),
        ("Rhein-Sieg-Kreis", "im Rhein-Sieg-Kreis"),
        ("Kreis Düren", "im Kreis Düren"),
        ("Städteregion Aachen", "in der Städteregion Aachen"),
        ("Nordrhein-Westfalen", "in Nordrhein-Westfalen"),
    ],
)
def test_where(name, wo):
    assert in_raum(name) == wo


def test_one_is_singular():
    assert glatt(satz_wert(MONAT, "Weiler", TAG, 1.0, None, None, "offen")) == "Weiler: 1 Person im Dezember 2022."
    assert [aufzaehlung(list(t)) for t in ("", "A", "AB", "ABC")] == ["", "A", "A und B", "A, B und C"]


def test_a_number_that_stands_for_a_class_is_spoken_by_its_name():
    status, dynamik = KENNZAHLEN["mss_status"], KENNZAHLEN["mss_dynamik"]
    assert [nenne_stufe(status, w) for w in (1, 4, 5, None)] == ["1 hoch", "4 sehr niedrig", "", ""]
    assert nenne_stufe(dynamik, -1) == "−1 positiv"
    assert nenne_stufe(QUOTE, 1) == ""
    assert satz_wert(status, "Donaustraße", TAG, 3, None, None, "offen") == "Donaustraße: 3 niedrig am 31.12.2022."
    wechsel = satz_veraenderung(status, "Donaustraße", 2, date(2020, 12, 31), 3, TAG)
    assert wechsel == (
        "Donaustraße hat vom 31.12.2020 bis zum 31.12.2022 die Klasse gewechselt: von »2 mittel« zu »3 niedrig«."
    )
