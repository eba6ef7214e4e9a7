"""The Regelaltersgrenze as a denominator: the formula, its approximation, provisional values, and one register only."""

import numpy as np
import pandas as pd
import pytest

from etl.altersgrenze import anteile, unter_regelaltersgrenze, zusatzmonate
from etl.quelle import build_register, read_quelle, read_quellen
from geodata.fehler import KatalogError
from indicators.altersgrenze import fehler_des_bandes, fehler_text, regel_text
from indicators.berechnung import Zahlen, build_kennzahl
from indicators.kennzahl import ORDNER, check_katalog, read_kennzahlen
from tests.test_musterkreis import WURZEL


def test_months_beyond_65_by_year_of_birth():  # § 235 SGB VI
    assert list(zusatzmonate([1946, 1947, 1958, 1959, 1963, 1964, 1990])) == [0, 1, 12, 14, 22, 24, 24]


@pytest.mark.parametrize(
    ("jahr", "mit_65", "mit_66"),
    [
        (2011, 0, 0),
        (2020, 0.75, 0),
        (2022, 11 / 12, 0),
        (2023, 1, 0),
        (2025, 1, 2 / 12),
        (2026, 1, 4 / 12),
        (2031, 1, 1),
    ],
)
def test_share_of_the_two_years_of_age_that_count(jahr, mit_65, mit_66):
    assert anteile(jahr) == (pytest.approx(mit_65), pytest.approx(mit_66))


def test_population_below_the_limit_by_hand():
    # 31.12.2022: 10.000 + 1.200 × 11/12 + 1.100 × 0
    assert unter_regelaltersgrenze(10_000, 1_200, 1_100, 2022) == pytest.approx(11_100)
    assert np.isnan(unter_regelaltersgrenze(10_000, np.nan, 1_100, 2022))


def test_band_of_five_years_tells_its_error():
    # 65 to 69: 1.000 per year of age; 2025: 1 + 1/6 of them are missing in "under 65": 1.166,7 of 11.166,7
    assert fehler_des_bandes(10_000, 5_000, 2025) == pytest.approx(100 * 1166.6667 / 11166.6667)
    assert "rund 10,4 % zu klein" in fehler_text(10_000, 5_000, 2025)
    assert "100 % der 65-Jährigen und 17 % der 66-Jährigen" in regel_text(2025)


def test_the_delivered_denominator_of_the_musterkreis_follows_the_formula():
    from etl.beispiel.musterkreis_bevoelkerung import JAHRE, _zusatzmonate

    for jahr in JAHRE:
        assert [_zusatzmonate(jahr - a) for a in (65, 66)] == list(zusatzmonate([jahr - 65, jahr - 66]))


# --- reference date ----------------------------------------------------------------------------------------------


def zahlen(*tage: tuple[str, float, float]) -> Zahlen:
    """One Raum; NaN: not delivered."""
    index = pd.DataFrame({"raum_id": "1", "gebietsstand": "2015-01-01", "stichtag": [t for t, *_ in tage]})
    wert = pd.DataFrame({"kinder_u3_betreut": [z for _, z, _ in tage], "bev_0_2": [n for *_, n in tage]})
    status = wert.notna().replace({True: "offen", False: "nicht_geliefert"}).astype(object)
    return Zahlen(("kreis",), index.assign(ebene="kreis", rest=False), wert.astype(float), status)


def test_a_value_over_last_years_population_is_marked_provisional():
    kennzahl = read_kennzahlen()["betreuungsquote_u3"]  # nenner_zeitpunkt = "letzter"
    nan = float("nan")
    tabelle = build_kennzahl(
        kennzahl,
        kennzahl.fassungen[0],
        zahlen(("2022-12-31", 30, 100), ("2023-03-01", 33, nan), ("2023-12-31", 36, nan), ("2024-03-01", 40, nan)),
    ).set_index("stichtag")

    assert list(tabelle["wert"]) == pytest.approx([30, 33, 36, 40])
    assert tabelle.loc["2022-12-31", "hinweis"] == tabelle.loc["2023-03-01", "hinweis"] == ""  # that is the newest
    for tag in ("2023-12-31", "2024-03-01"):  # the population of 31.12.2023 will come
        assert tabelle.loc[tag, "hinweis"] == "vorläufig mit der Bezugsgruppe vom 31.12.2022"


# --- single years of age, through the door ------------------------------------------------------------------------

EINZELJAHRE = """
"bis 64" = "bev_0_64"
"65" = "bev_65"
"66" = "bev_66"
[standard]
einheit = "Personen"
recht = "bevoelkerung"
[merkmale]
bev_0_64 = { titel = "Einwohner bis 64" }
bev_65 = { titel = "Einwohner von 65 Jahren" }
bev_66 = { titel = "Einwohner von 66 Jahren" }
[merkmale.bev_65_bis_rag]
titel = "Einwohner von 65 Jahren bis unter die Regelaltersgrenze"
berechnet = true
regelaltersgrenze = ["bev_65", "bev_66"]
[merkmale.bev_unter_rag]
titel = "Einwohner unter der Regelaltersgrenze"
berechnet = true
summe_aus = ["bev_0_64", "bev_65_bis_rag"]
"""


def test_a_register_with_single_years_gives_the_denominator_by_the_formula(neuer_kleinkreis):
    profil = neuer_kleinkreis.daten / "katalog/quellen/kk_bevoelkerung.toml"
    kopf = profil.read_text(encoding="utf-8").partition('"insgesamt"')[0]
    profil.write_text(kopf + EINZELJAHRE, encoding="utf-8")
    eingang = neuer_kleinkreis.daten / "kleinkreis/eingang/kk_bevoelkerung"
    for jahr, mit_66 in ((2022, 47), (2023, 49)):
        zeilen = [
            f"99001-01;Altstadt;3.000;50;{mit_66}",
            "99001-02;Bahnhof;2.500;40;40",
            "99001-03;Südhang;1.150;30;25",
        ]
        text = "\n".join(["Schlüssel;Quartier;bis 64;65;66", *zeilen, "99001-04;Weiler;580;11;9"]) + "\n"
        (eingang / f"einwohner_{jahr}.csv").write_text(text, encoding="utf-8")
    neuer_kleinkreis.run("laden", "--gebiet", "kleinkreis")
    neuer_kleinkreis.run("veroeffentlichen", "--gebiet", "kleinkreis")

    werte = neuer_kleinkreis.store("kleinkreis").read_werte("sgb2_quote", "quartier")
    nenner = {z.stichtag.year: z.nenner for z in werte[werte["name"] == "Altstadt"].itertuples()}
    # Born 1957: 11 months beyond the 65th birthday, born 1958: 12; born 1956 and 1957 are past the limit at 66.
    assert nenner == {2022: 3000 + round(50 * 11 / 12), 2023: 3000 + 50}

    wo = neuer_kleinkreis.run("herkunft", "--gebiet", "kleinkreis", "99001-01", "sgb2_quote", "2022-12-31").stdout
    assert all(f"Spalte »{spalte}«" in wo for spalte in ("bis 64", "65", "66")), wo


def test_a_rule_without_its_ages_is_refused(tmp_path):
    pfad = tmp_path / "x.toml"
    kopf = (WURZEL / "tests/kleinkreis/katalog/quellen/kk_bevoelkerung.toml").read_text(encoding="utf-8")
    for falsch, meldung in (
        ('["bev_65", "bev_67"]', "der Teil »bev_67« ist kein Merkmal"),
        ('["bev_65", "bev_66"]\nsumme_aus = ["bev_65"]', "braucht summe_aus oder regelaltersgrenze"),
    ):
        text = EINZELJAHRE.replace('["bev_65", "bev_66"]', falsch)
        pfad.write_text(kopf.partition('"insgesamt"')[0] + text, encoding="utf-8")
        with pytest.raises(KatalogError, match=meldung):
            read_quelle(pfad)


# --- one register ------------------------------------------------------------------------------------------------

MISCHUNG = """
titel = "Gemischt"
kurz = "Gemischt"
thema = "demografie"
art = "quote"
zaehler = ["bev_65_plus"]
nenner = ["fs_gesamt"]
pro = 100
einheit = "%"
polaritaet = "neutral"
quelle = "x"
lesart = "{wert}"
definition = "x"
[beispiel]
bev_65_plus = 1
fs_gesamt = 10
ergebnis = 10
"""


def test_melderegister_and_fortschreibung_never_meet_in_one_quotient(tmp_path):
    quellen = read_quellen(WURZEL / "etl" / "quellen")
    merkmale = {m for q in quellen.values() for m in q.merkmale}
    check_katalog(read_kennzahlen(ORDNER), merkmale, build_register(quellen))
    (tmp_path / "gemischt.toml").write_text(MISCHUNG, encoding="utf-8")

    with pytest.raises(
        KatalogError, match=r"Melderegister \(»bev_65_plus«\) und Fortschreibung \(»fs_gesamt«\)"
    ) as fehler:
        check_katalog(read_kennzahlen(tmp_path), merkmale, build_register(quellen))
    assert "musterkreis" in fehler.value.wo


def test_every_population_source_says_which_register_it_is():
    quellen = read_quellen(WURZEL / "etl" / "quellen")
    ohne = {
        q.id
        for q in quellen.values()
        for name, m in q.merkmale.items()
        if name.startswith(("bev_", "fs_", "ewr_")) and m.aus_register is None
    }
    assert ohne == set()
