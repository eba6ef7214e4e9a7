"""Change over five years, completeness, missing deliveries: computed from protected values only."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from indicators.arten import Spalte, standardisiert, veraenderung
from indicators.berechnung import Zahlen, build_kennzahl
from indicators.kennzahl import read_kennzahlen
from indicators.luecken import ENTWURF, GESPERRT, find_fehlende
from indicators.vollstaendig import blende_alle

KENNZAHLEN = read_kennzahlen()
WACHSTUM, HZP = KENNZAHLEN["bevoelkerungsentwicklung_5j"], KENNZAHLEN["hzp_ohne_pflegeversicherung"]
BEKANNT = "hzp_versichertenstatus_bekannt"


def spalte(*werte, status=None) -> Spalte:
    return Spalte(np.array(werte, float), np.array(status or ["offen"] * len(werte), object))


# ------------------------------------------------------------- change


def zahlen(merkmal: str, *zeilen: tuple) -> Zahlen:
    """Rows raum_id, year, number, status."""
    index = pd.DataFrame(
        [(raum, "2010-01-01", date(jahr, 12, 31), "kommune", False) for raum, jahr, *_ in zeilen],
        columns=["raum_id", "gebietsstand", "stichtag", "ebene", "rest"],
    )
    wert = pd.DataFrame({merkmal: [float(z[2]) for z in zeilen]})
    status = pd.DataFrame({merkmal: [z[3] if len(z) > 3 else "offen" for z in zeilen]}, dtype=object)
    return Zahlen(("kommune",), index, wert, status)


def wachstum(merkmal: str, *zeilen: tuple) -> pd.DataFrame:
    fassung = WACHSTUM.fassung({merkmal})
    return build_kennzahl(WACHSTUM, fassung, zahlen(merkmal, *zeilen)).set_index(["raum_id", "stichtag"])


def test_growth_is_the_difference_by_the_earlier_count():
    tabelle = wachstum("bev_gesamt", ("a", 2014, 1200), ("a", 2019, 1260), ("b", 2014, 1000), ("b", 2019, 950))
    assert tabelle.loc[("a", date(2019, 12, 31)), "wert"] == pytest.approx(60 / 1200 * 100)
    assert tabelle.loc[("b", date(2019, 12, 31)), "wert"] == pytest.approx(-5)
    assert tabelle["zaehler"].isna().all()  # no count of one day stands behind it


def test_a_hidden_count_hides_the_growth_from_and_to_it():
    tabelle = wachstum(
        "bev_gesamt",
        *(("a", 2014, np.nan, "gesperrt"), ("a", 2019, 1260)),
        *(("b", 2014, 1000), ("b", 2019, np.nan, "gesperrt_quelle")),
        *(("c", 2014, 1000), ("c", 2019, 1100)),
    )
    heute = tabelle.xs(date(2019, 12, 31), level="stichtag")
    assert heute["status"].to_dict() == {"a": "gesperrt", "b": "gesperrt_quelle", "c": "offen"}
    assert heute["wert"].isna().tolist() == [True, True, False]


def test_growth_never_crosses_a_new_base_of_the_fortschreibung():
    reihe = [("a", jahr, 1000 + jahr) for jahr in (2014, 2019, 2021, 2024)]
    tage = [t.year for _, t in wachstum("fs_gesamt", *reihe, ("a", 2016, 1000)).index]
    assert tage == [2019, 2021]  # 2024 against 2019 would cross the Zensus of 2022
    assert [t.year for _, t in wachstum("bev_gesamt", *reihe).index] == [2019, 2024]  # the register has no such base


def test_growth_from_nothing_is_not_defined():
    werte = veraenderung(spalte(5, 5), spalte(0, 4))
    assert werte.status.tolist() == ["nicht_definiert", "offen"]
    assert werte.wert[1] == pytest.approx(25)


def test_a_standardised_rate_needs_ten_cases_and_people_in_every_group():
    faelle = [spalte(4, 5, 5, 5, status=["offen", "offen", "offen", "gesperrt"]), spalte(5, 5, 5, 5)]
    leute = [spalte(100, 100, 0, 100), spalte(100, 100, 100, 100)]
    werte = standardisiert(faelle, leute, (1, 3), pro=100)
    assert werte.status.tolist() == ["nicht_definiert", "offen", "nicht_definiert", "gesperrt"]
    assert werte.wert[1] == pytest.approx((1 * 5 + 3 * 5) / 4)  # both groups have 5 of 100
    assert werte.unten[1] < werte.wert[1] < werte.oben[1]
    assert np.isnan(werte.wert[[0, 2, 3]]).all()


# ------------------------------------------------------------- completeness


def tabelle(kennzahl_id: str, *zeilen: tuple) -> pd.DataFrame:
    """Rows raum_id, value, status."""
    return pd.DataFrame(
        [(raum, "2010-01-01", date(2023, 12, 31), w, w, w, 4.0, 50.0, s, "", kennzahl_id) for raum, w, s in zeilen],
        columns=[
            *("raum_id", "gebietsstand", "stichtag", "wert", "unten", "oben", "zaehler", "nenner", "status"),
            *("hinweis", "kennzahl_id"),
        ],
    )


LEER = tabelle(HZP.id).astype({"kennzahl_id": object})


def test_too_incomplete_data_give_no_value():
    alle = {
        HZP.id: tabelle(HZP.id, ("voll", 8.0, "offen"), ("knapp", 8.0, "offen"), ("wenig", 8.0, "offen")),
        BEKANNT: tabelle(BEKANNT, ("voll", 97.0, "offen"), ("knapp", 90.0, "offen"), ("wenig", 89.9, "offen")),
    }
    werte = blende_alle(alle, LEER, KENNZAHLEN)[0][HZP.id].set_index("raum_id")
    assert werte["status"].to_dict() == {"voll": "offen", "knapp": "offen", "wenig": "nicht_sinnvoll"}
    assert werte.loc["wenig", ["wert", "unten", "oben", "zaehler", "nenner"]].isna().all()
    assert "Versichertenstatus bekannt: unter 90" in werte.loc["wenig", "hinweis"]
    assert werte.loc["voll", "hinweis"] == ""


def test_a_completeness_nobody_sees_hides_the_value_too():
    alle = {
        HZP.id: tabelle(HZP.id, ("a", 8.0, "offen"), ("b", 8.0, "offen"), ("c", np.nan, "gesperrt")),
        BEKANNT: tabelle(BEKANNT, ("a", np.nan, "gesperrt"), ("c", 99.0, "offen")),
    }
    werte = blende_alle(alle, LEER, KENNZAHLEN)[0][HZP.id].set_index("raum_id")
    assert werte["status"].to_dict() == {"a": "gesperrt", "b": "nicht_geliefert", "c": "gesperrt"}
    assert werte["wert"].isna().all()


def test_converted_values_are_held_against_it_as_well():
    umgerechnet = pd.concat(
        [tabelle(HZP.id, ("alt", 8.0, "offen")), tabelle(BEKANNT, ("alt", 50.0, "offen"))], ignore_index=True
    )
    _, neu = blende_alle({}, umgerechnet, KENNZAHLEN)
    assert neu.set_index("kennzahl_id")["status"].to_dict() == {HZP.id: "nicht_sinnvoll", BEKANNT: "offen"}


# ------------------------------------------------------------- what is missing


def fehlende(geliefert: set[str], *, gezeigt: set[str] = frozenset(), auch: set[str] = frozenset()) -> dict[str, dict]:
    titel = {
        "sgb2_rlb": "Regelleistungsberechtigte",
        "sgb12_hlu": "Hilfe zum Lebensunterhalt",
        "sgb12_hzp": "Hilfe zur Pflege",
        "bev_65_plus": "Personen ab 65 Jahren",
    }
    berechnet = {k.id for k in KENNZAHLEN.values() if k.fassung(geliefert) and not k.entwurf}
    liste = find_fehlende(
        KENNZAHLEN.values(), gezeigt=gezeigt, auch=auch, berechnet=berechnet, geliefert=geliefert, titel=titel
    )
    return {f["id"]: f for f in liste}


def test_the_missing_delivery_is_named_with_everything_that_is_missing():
    text = fehlende({"sgb2_rlb", "sgb12_gsi_alter", "sgb12_gsi_em", "bev_gesamt"})["mindestsicherungsquote"][
        "lieferung"
    ]
    assert text.startswith("Sozialamt: ")
    assert text.endswith("; außerdem: Hilfe zum Lebensunterhalt")


def test_delivered_merkmale_are_not_asked_for_again():
    assert fehlende({"bev_65_plus"})["hzp_dichte"]["lieferung"].startswith("Hilfe zur Pflege (")
    assert fehlende(set())["hzp_dichte"]["lieferung"].startswith("Hilfe zur Pflege, Personen ab 65 Jahren (")
    assert "bevoelkerung" not in fehlende({"bev_gesamt"}, gezeigt={"bevoelkerung"})


def test_a_kennzahl_that_is_wholly_hidden_asks_for_no_delivery():
    eintrag = fehlende({"bev_gesamt"})["bevoelkerung"]
    assert (eintrag["lieferung"], eintrag["grund"]) == ("", GESPERRT)


def test_only_the_standard_catalogue_is_missed_unless_a_list_asks():
    assert BEKANNT not in fehlende(set())
    assert BEKANNT in fehlende(set(), auch={BEKANNT})
    assert not any(name.endswith("_inkar") or name.startswith("pp_") for name in fehlende(set()))
    assert fehlende(set())["wanderungssaldo"]["grund"] == ENTWURF
