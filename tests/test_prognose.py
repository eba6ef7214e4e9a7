"""Projections: published vectors, arithmetic by hand, sums that must hold, and what a hidden count does to them."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from etl.gruppen import pruefe_lieferung
from etl.quelle import read_quelle
from geodata.gebiet import read_gebiete
from indicators import prognose
from indicators.berechnung import Zahlen
from indicators.pflege import build_pflege
from indicators.pflegemodell import FUENFJAEHRIG, find_fenster, find_gliederung, find_modell
from indicators.pflegequoten import build_quotenvergleich, read_quoten

WURZEL = Path(__file__).parent.parent
# constructed_status_quo_example.csv (methods.md § 6): population and care of the base year, population of the target
BASIS = np.array([[150000, 22000, 8000, 6000, 2500, 700], [148000, 24000, 9500, 8200, 4300, 2000]])
PFLEGE = np.array([[2700, 1430, 1040, 1320, 1000, 490], [2520, 1440, 1520, 2460, 2580, 1720]])
ZIEL = np.array([[140000, 27000, 11000, 7500, 3900, 1500], [138000, 28500, 12500, 9600, 6000, 3300]])


# --- care --------------------------------------------------------------------------------------------------------


def test_constructed_status_quo_with_its_split():
    quote = prognose.quoten(PFLEGE, BASIS)
    assert prognose.erwarte(quote, BASIS) == pytest.approx(20220, abs=1e-9)
    assert prognose.erwarte(quote, ZIEL) == pytest.approx(25342.72972972973, abs=1e-6)
    teile = prognose.zerlege(quote, BASIS, ZIEL)
    assert teile.umfang == pytest.approx(188.9719626168202, abs=1e-6)
    assert teile.struktur == pytest.approx(4933.75776711291, abs=1e-6)
    assert teile.gesamt == pytest.approx(teile.umfang + teile.struktur) and teile.haeufigkeit == 0


def test_the_reference_file_says_the_same(referenz):
    ordner = referenz / "methods" / "care"
    daten = pd.read_csv(ordner / "constructed_status_quo_example.csv")
    soll = pd.read_csv(ordner / "constructed_status_quo_expected.csv").set_index("quantity")["expected"]
    feld = {s: daten[s].to_numpy().reshape(2, 6) for s in ("pop_base", "care_base", "pop_target")}
    quote = prognose.quoten(feld["care_base"], feld["pop_base"])
    teile = prognose.zerlege(quote, feld["pop_base"], feld["pop_target"])
    assert prognose.erwarte(quote, feld["pop_target"]) == pytest.approx(soll["care_target_status_quo"], abs=1e-6)
    assert teile.umfang == pytest.approx(soll["effect_population_size"], abs=1e-6)
    assert teile.struktur == pytest.approx(soll["effect_age_sex_structure"], abs=1e-6)


def test_what_counting_adds_is_kept_apart_from_size_and_age():
    teile = prognose.zerlege(prognose.quoten(PFLEGE, BASIS), BASIS, ZIEL, eingetreten=27000)
    assert teile.haeufigkeit == pytest.approx(27000 - 25342.72972972973)
    assert teile.umfang + teile.struktur + teile.haeufigkeit == pytest.approx(teile.gesamt) == pytest.approx(6780)


def test_growth_fades_and_starts_at_one():
    assert prognose.daempfe(0.1, 0, daempfung=0.5) == 1
    assert prognose.daempfe(0.1, 2, daempfung=0.5) == pytest.approx(1.05 * 1.025)
    assert 1.05 < prognose.daempfe(0.1, 1.5, daempfung=0.5) < 1.05 * 1.025


def test_shifted_quotas_are_those_of_younger_people():
    quote = np.array([[0.0, 0.1, 0.3], [0.0, 0.2, 0.4]])
    assert prognose.verschiebe(quote, [60, 70, 80], 0) == pytest.approx(quote)
    # one year of ten between the middles: a tenth of the way back
    assert prognose.verschiebe(quote, [60, 70, 80], 1) == pytest.approx(np.array([[0, 0.09, 0.28], [0, 0.18, 0.38]]))


def test_parts_are_scaled_to_their_total():
    assert prognose.verteile([10, 30], 80) == pytest.approx([20, 60])
    assert prognose.verteile([0, 0], 80) == pytest.approx([0, 0])  # nothing to scale


# --- cohorts -----------------------------------------------------------------------------------------------------


def bevoelkerung(faktor: float = 1) -> np.ndarray:
    """[sex, 19 bands]: 100 of each, and 20 in the open group."""
    feld = np.full((2, 19), 100.0) * faktor
    feld[:, -1] = 20 * faktor
    return feld


def test_one_step_by_hand():
    alt, neu = bevoelkerung(), bevoelkerung()
    neu[:, 1:18], neu[:, 18], neu[:, 0] = 90, 30, 63
    wechsel = prognose.uebergang(alt, neu)
    assert wechsel.ccr[:, :17] == pytest.approx(np.full((2, 17), 0.9))
    assert wechsel.ccr[:, 17] == pytest.approx([30 / 120] * 2)  # two upper bands into the open one
    assert wechsel.cwr == pytest.approx([63 / (7 * 90)] * 2)  # women of 15 to 49: seven bands of 90

    voraus = prognose.schreibe_fort(neu, wechsel)
    assert voraus[0, 1] == pytest.approx(63 * 0.9) and voraus[0, 5] == pytest.approx(90 * 0.9)
    assert voraus[0, 18] == pytest.approx((90 + 30) * 30 / 120)
    muetter = 7 * 81.0  # the women who will be 15 to 49
    assert voraus[:, 0] == pytest.approx([0.1 * muetter] * 2)


def test_small_units_stay_near_the_whole_and_empty_cohorts_take_its_ratio():
    kreis = prognose.uebergang(bevoelkerung(100), bevoelkerung(100))
    alt = np.stack([bevoelkerung(0.1), bevoelkerung(10)])  # 364 and 36.400 inhabitants
    neu = alt.copy()
    neu[:, 0, 5] *= 3
    alt[:, 1, 9] = 0
    wechsel = prognose.uebergang(alt, neu, kreis=kreis)
    assert wechsel.ccr[0, 0, 4] == pytest.approx(1.3) and wechsel.ccr[1, 0, 4] == pytest.approx(3)
    assert wechsel.ccr[:, 1, 9] == pytest.approx([1, 1])  # nobody was there: as in the whole
    assert wechsel.ccr[0, 0, 17] == pytest.approx(20 / 120)  # of the very old: not raised to 0.7


def test_parts_add_up_to_the_whole_at_every_step_and_end_after_ten_years():
    zufall = np.random.default_rng(1)
    teile_alt, teile = zufall.uniform(20, 200, (4, 2, 19)), zufall.uniform(20, 200, (4, 2, 19))
    teile[:, 1, 17] = 0
    kreis = prognose.uebergang(teile_alt.sum(0), teile.sum(0))
    ganz = prognose.projiziere(teile.sum(0), kreis, 15)
    wechsel = prognose.uebergang(teile_alt, teile, kreis=kreis)
    reihe = prognose.projiziere_teile(teile, wechsel, ganz[:3])
    assert reihe.sum(axis=1) == pytest.approx(ganz[:3])
    assert reihe[0] == pytest.approx(teile)
    with pytest.raises(AssertionError):
        prognose.projiziere_teile(teile, wechsel, ganz)


def test_a_band_no_part_would_fill_is_spread_like_everybody():
    alt = np.stack([bevoelkerung(), bevoelkerung()])
    neu = alt.copy()
    neu[1, 0, 6] = 0  # of part 1 nobody was left, of part 0 all were
    jetzt = alt.copy()
    jetzt[0, 0, 5] = 0  # and now the cohort lives in part 1 alone
    kreis = prognose.uebergang(alt.sum(0), neu.sum(0))
    ganz = prognose.projiziere(jetzt.sum(0), kreis, 5)
    reihe = prognose.projiziere_teile(jetzt, prognose.uebergang(alt, neu, kreis=None), ganz)
    assert ganz[1, 0, 6] == pytest.approx(50)  # 100 of 200 stayed
    assert reihe[1, :, 0, 6].sum() == pytest.approx(50) and (reihe[1, :, 0, 6] > 20).all()


def test_between_two_steps_the_way_is_straight():
    reihe = np.array([10.0, 20.0, 40.0])
    assert [prognose.zwischen(reihe, j) for j in (0, 3, 5, 10)] == pytest.approx([10, 16, 20, 40])


# --- which deliveries allow what ---------------------------------------------------------------------------------


def test_groups_are_known_by_their_names():
    assert find_gliederung(BEV, "fs").grenzen == FUENFJAEHRIG
    assert find_gliederung([n for n in BEV if n != "fs_w_40_44"], "fs") is None  # a gap
    assert find_modell([*BEV, *namen("pflege", ["0_64", "65_plus"]), "pflegebeduerftige"]).art == "voll"
    assert find_modell(BEV) is None


def test_no_window_crosses_a_new_census_basis():
    tage = [date(j, 12, 31) for j in range(2015, 2025)]
    assert find_fenster(tage, jahre=5, bis=date(2023, 12, 31)) == (date(2016, 12, 31), date(2021, 12, 31))
    assert find_fenster(tage[3:], jahre=5, bis=date(2023, 12, 31)) is None


# --- a whole Kreis -----------------------------------------------------------------------------------------------

RAEUME = pd.DataFrame({"raum_id": ["1", "11", "12", "13"], "gebietsstand": "g", "zuschnitt": "z"})
ALT = {"0_64": 0.01, "65_79": 0.08, "80_plus": 0.4}
ORT = ["raum_id", "gebietsstand", "stichtag", "ebene", "rest"]


def namen(vorsatz: str, alter: list[str]) -> list[str]:
    return [f"{vorsatz}_{z}_{a}" for z in "mw" for a in alter]


BEV = namen("fs", [f"{a}_{a + 4 if a < 90 else 'plus'}" for a in FUENFJAEHRIG])
NACH_ALTER = namen("pflege", list(ALT))


def kreis(*, geheim: tuple[tuple[str, str], ...] = ()) -> tuple:
    """A Kreis of three Kommunen, 2016 to 2023; `geheim`: (Raum, Merkmal) hidden in 2023.

    Kommune 12 has a fifth more need than its ages let expect.
    """
    zufall = np.random.default_rng(7)
    grund = [g * zufall.uniform(0.8, 1.2, (2, 19)) * np.linspace(900, 150, 19) for g in (3, 1, 0.4)]
    orte, zeilen = [], []
    for jahr in range(2016, 2024):
        bev = [np.round(g * (1 + 0.01 * (jahr - 2016)) ** np.linspace(0, 2, 19)) for g in grund]
        faelle = [
            np.round(np.add.reduceat(b, [0, 13, 16], axis=1) * list(ALT.values()) * (1 + 0.05 * (jahr - 2016)) * mehr)
            for b, mehr in zip(bev, (1, 1.2, 1), strict=True)
        ]
        for raum, b, f in zip(("1", "11", "12", "13"), [sum(bev), *bev], [sum(faelle), *faelle], strict=True):
            zahl = np.round(f.sum() * 0.2)
            werte = dict(zip(BEV, b.ravel(), strict=True)) | {"pflegebeduerftige": f.sum(), "plaetze_belegbar": 500}
            werte |= dict.fromkeys(("pflege_stationaer", *(f"pflege_pg{i}" for i in (2, 3, 4, 5))), zahl)
            if raum == "1" and jahr % 2:
                werte |= dict(zip(NACH_ALTER, f.ravel(), strict=True))
            orte.append((raum, "g", f"{jahr}-12-31", "kreis" if raum == "1" else "kommune", False))
            zeilen.append(werte)
    index, wert = pd.DataFrame(orte, columns=ORT), pd.DataFrame(zeilen)
    status = wert.notna().replace({True: "offen", False: "nicht_geliefert"}).astype(object)
    for raum, merkmal in geheim:
        wo = (index["raum_id"] == raum) & (index["stichtag"] == "2023-12-31")
        wert.loc[wo, merkmal], status.loc[wo, merkmal] = np.nan, "gesperrt"
    modell = find_modell(set(wert))
    return modell, Zahlen(("kreis", "kommune"), index, wert, status), modell.merkmale, RAEUME, ("kreis", "kommune")


@pytest.fixture(scope="module")
def offen():
    return build_pflege(*kreis())


def werte(pflege, groesse: str, variante: str, jahr: int) -> pd.Series:
    p = pflege.tabellen["prognose"]
    hier = (p["groesse"] == groesse) & (p["variante"] == variante) & (p["jahr"] == jahr)
    return p[hier].set_index("raum_id")["wert"]


def test_the_base_year_reproduces_the_counts_exactly(offen):
    _, zahlen, *_ = kreis()
    basis = zahlen.index["stichtag"] == "2023-12-31"
    gezaehlt = dict(zip(zahlen.index["raum_id"][basis], zahlen.wert["pflegebeduerftige"][basis], strict=True))
    assert werte(offen, "pflegebeduerftige", "bestand", 2023).to_dict() == pytest.approx(gezaehlt, abs=1e-6)


@pytest.mark.parametrize("variante", ["konstant", "trend", "verschoben"])
@pytest.mark.parametrize("jahr", [2026, 2028, 2033])
def test_kommunen_add_up_to_the_kreis_in_every_variant(offen, variante, jahr):
    w = werte(offen, "pflegebeduerftige", variante, jahr)
    assert w[["11", "12", "13"]].sum() == pytest.approx(w["1"])
    bev = werte(offen, "bev_80_plus", "modell", jahr)
    assert bev[["11", "12", "13"]].sum() == pytest.approx(bev["1"])


def test_the_band_holds_all_variants_and_widens(offen):
    p = offen.tabellen["prognose"]
    p = p[(p["groesse"] == "pflegebeduerftige") & (p["raum_id"] == "12")].set_index(["variante", "jahr"])
    weiten = []
    for jahr in (2026, 2028, 2033):
        k = p.loc[("konstant", jahr)]
        for variante in ("konstant", "trend", "verschoben"):
            assert k["unten"] <= p.loc[(variante, jahr), "wert"] <= k["oben"]
        weiten.append((k["oben"] - k["unten"]) / k["wert"])
    assert weiten == sorted(weiten)


def test_kommunen_end_after_ten_years_and_the_kreis_goes_on(offen):
    p = offen.tabellen["prognose"]
    assert set(p.loc[p["jahr"] == 2038, "ebene"]) == {"kreis"}
    assert set(p.loc[p["jahr"] == 2033, "ebene"]) == {"kreis", "kommune"}


def test_growth_is_measured_on_one_side_of_the_census_only(offen):
    steigerung = offen.angaben["steigerung"]
    assert (steigerung["von"], steigerung["bis"]) == ("2017-12-31", "2021-12-31")
    # made with 5, 25 % more need than 2016: 1,25 / 1,05 in four years
    assert steigerung["rate"] == pytest.approx((1.25 / 1.05) ** 0.25 - 1, abs=2e-3)


def test_need_is_compared_at_equal_ages(offen):
    v = offen.tabellen["pflege_vergleich"]
    v = v[(v["verfahren"] == "indirekt") & (v["groesse"] == "pflegebeduerftige")].set_index("raum_id")
    assert v["erwartet"].sum() == pytest.approx(v["beobachtet"].sum())  # the Kreis itself is the measure
    assert v.loc["12", "verhaeltnis"] > 1.1 > v.loc["11", "verhaeltnis"]  # 12 was made with a fifth more
    assert (v["erwartet_unten"] < v["erwartet"]).all() and (v["verhaeltnis_unten"] < v["verhaeltnis"]).all()


def test_a_hidden_kommune_has_no_projection_and_changes_no_other(offen):
    geheim = build_pflege(*kreis(geheim=(("13", "pflegebeduerftige"),)))
    p = geheim.tabellen["prognose"]
    dreizehn = p[(p["raum_id"] == "13") & (p["groesse"] == "pflegebeduerftige")]
    assert dreizehn["wert"].isna().all() and set(dreizehn["status"]) == {"gesperrt"}
    v = geheim.tabellen["pflege_vergleich"]
    assert v.loc[v["raum_id"] == "13", ["beobachtet", "verhaeltnis", "rate"]].isna().to_numpy()[0].all()
    for variante, jahr in (("bestand", 2023), ("konstant", 2033)):
        vorher, nachher = (
            werte(offen, "pflegebeduerftige", variante, jahr),
            werte(geheim, "pflegebeduerftige", variante, jahr),
        )
        assert nachher[["1", "11", "12"]].to_dict() == pytest.approx(vorher[["1", "11", "12"]].to_dict(), rel=2e-3)
    exakt = werte(geheim, "pflegebeduerftige", "bestand", 2023)
    assert exakt["11"] == pytest.approx(werte(offen, "pflegebeduerftige", "bestand", 2023)["11"], abs=1e-6)


@pytest.mark.parametrize("merkmal", ["pflege_w_80_plus", "fs_m_90_plus", "pflegebeduerftige"])
def test_a_hidden_count_of_the_kreis_leaves_nothing_but_the_reason(merkmal):
    pflege = build_pflege(*kreis(geheim=(("1", merkmal),)))
    assert pflege.angaben == {"art": "keine", "grund": "gesperrt"}
    assert all(t.empty for t in pflege.tabellen.values())


def test_counts_that_were_not_decided_at_the_gate_are_never_read():
    modell, zahlen, gezeigt, *rest = kreis()
    with pytest.raises(AssertionError, match="not through the gate"):
        build_pflege(modell, zahlen, gezeigt - {"fs_w_85_89"}, *rest)


def test_looking_back_only_what_was_known_then_is_used(offen):
    probe = offen.tabellen["prognose_probe"]
    assert (probe["basis"] < probe["ziel"]).all()
    pflege = probe[probe["groesse"].str.startswith("pflegebeduerftige")]
    assert set(pflege["basis"]) == {date(2021, 12, 31)}  # the only day with five years without a break behind it
    ohne = kreis()
    spaeter = ohne[1].index["stichtag"] > "2021-12-31"
    ohne[1].wert.loc[spaeter & (ohne[1].index["raum_id"] != "1"), "fs_m_80_84"] *= 2  # the future does not matter
    anders = build_pflege(*ohne).tabellen["prognose_probe"]
    schluessel = ["raum_id", "groesse", "basis", "ziel"]
    a, b = (t[t["basis"] == date(2021, 12, 31)].set_index(schluessel)["vorhergesagt"] for t in (probe, anders))
    assert a.to_dict() == pytest.approx(b.to_dict())


# --- national quotas ---------------------------------------------------------------------------------------------


def test_national_quotas_put_together_to_75_and_older():
    q = read_quoten()
    # men 75+: cases over the population behind them, 1.022.289 / (566.764/.196 + 287.867/.432 + 167.658/.696)
    assert q.quote[0, 1] == pytest.approx(1_022_289 / (566_764 / 0.196 + 287_867 / 0.432 + 167_658 / 0.696))
    assert q.quote[:, 0] == pytest.approx([0.023, 0.023])
    assert (q.unten < q.quote).all() and (q.quote < q.oben).all()
    assert "dl-de/by-2-0" in q.lizenz and "Pflegegrad 1" in q.abweichung


def test_shipped_quotas_are_those_of_the_reference(referenz):
    tabelle = pd.read_csv(referenz / "methods" / "care" / "gbe_pflegequoten_deutschland_2021.csv").iloc[1:]
    q = read_quoten()
    for s, z in enumerate("mw"):
        f = {"m": "m", "w": "f"}[z]
        faelle, quote = tabelle[f"pflege_{f}"].astype(float), tabelle[f"quote_{f}_pct"].astype(float) / 100
        assert q.quote[s, 1] == pytest.approx(faelle[1:].sum() / (faelle / quote)[1:].sum())


def test_the_whole_keeps_its_own_rate_and_raeume_are_compared_with_it():
    orte = [(r, "g", "2019-12-31", e, False) for r, e in (("1", "kreis"), ("11", "kommune"), ("12", "kommune"))]
    index = pd.DataFrame(orte, columns=ORT)
    bev = np.array([[9000, 1000, 9000, 1500], [6000, 400, 6000, 600], [3000, 600, 3000, 900]], float)
    wert = pd.DataFrame(bev, columns=namen("fs", ["0_74", "75_plus"])).assign(
        pflegebeduerftige_m=[400, 200, 200], pflegebeduerftige_w=[700, 350, 350]
    )
    wert["pflegebeduerftige"] = wert["pflegebeduerftige_m"] + wert["pflegebeduerftige_w"]
    zahlen = Zahlen(("kreis", "kommune"), index, wert, wert.map(lambda _: "offen").astype(object))
    modell = find_modell(set(wert))
    assert modell.art == "quoten"
    t = build_quotenvergleich(modell, zahlen, modell.merkmale, RAEUME, ("kreis", "kommune")).tabellen[
        "pflege_vergleich"
    ]
    t = t.set_index(["raum_id", "groesse"])
    assert t.loc[("1", "pflegebeduerftige"), "rate"] == pytest.approx(t.loc[("1", "pflegebeduerftige"), "roh"])
    q = read_quoten().quote
    assert t.loc[("11", "pflegebeduerftige_m"), "erwartet"] == pytest.approx(6000 * q[0, 0] + 400 * q[0, 1])
    # as many cases, but fewer old people than in 12: more need at equal ages, though the crude rate is lower
    eins, zwei = t.loc[("11", "pflegebeduerftige")], t.loc[("12", "pflegebeduerftige")]
    assert eins["rate"] > zwei["rate"] and eins["roh"] < zwei["roh"]


# --- against published results -----------------------------------------------------------------------------------


def genesis(pfad) -> list[list[str]]:
    """Rows of a GENESIS file that start with a day."""
    text = pfad.read_bytes().decode("iso-8859-1")
    return [zeile.split(";") for zeile in text.splitlines() if zeile[2:3] == zeile[5:6] == "."]


def anzahl(text: str) -> int:
    return int(text) if text.strip().isdigit() else 0


# Wartburgkreis, Suhl, Schmalkalden-Meiningen, Sonneberg: INKAR 2024 has their borders of later reforms
REFORMIERT = {"16054", "16063", "16066", "16072"}


def test_care_rates_of_all_kreise_equal_inkar(referenz):
    """INKAR 2024, q_pfl = Pflegebedürftige / inhabitants × 100, two decimals: 1,184 of 1,193 Kreis-years."""
    ordner = referenz / "genesis"
    pflege = {(z[0], z[1].strip()): anzahl(z[4]) for z in genesis(ordner / "22411-02-03-4.csv") if z[3] == "Insgesamt"}
    bev = {(z[0], z[1].strip()): sum(map(anzahl, z[3:37])) for z in genesis(ordner / "12411-0018.csv")}
    spalten = ["raumbezug", "kennziffer", "zeitbezug", "q_pfl"]
    inkar = pd.read_parquet(referenz / "inkar" / "medizinische_und_soziale_versorgung.parquet", columns=spalten)
    inkar = inkar[(inkar["raumbezug"] == "Kreise") & inkar["q_pfl"].notna()]
    gleich, anders = 0, []
    for z in inkar.itertuples():
        ort = (f"31.12.{z.zeitbezug}", z.kennziffer[:5])
        if pflege.get(ort) and bev.get(ort):
            passt = abs(100 * pflege[ort] / bev[ort] - z.q_pfl) <= 0.005 + 1e-9
            gleich += passt
            anders += [] if passt else [ort[1]]
    assert (gleich, len(anders), set(anders)) == (1184, 9, REFORMIERT)


@pytest.mark.parametrize(
    ("gebiet", "quelle", "schluessel"), [("rhein_sieg", "rs_arbeitslose", "05382"), ("dueren", "du_inkar", "05358")]
)
def test_unemployed_of_the_kommunen_add_up_to_the_kreis(gebiet, quelle, schluessel):
    """Two publications of the same count (INKAR by Kommune, GENESIS 13211 by Kreis), yearly means: within 3."""
    kommunen, kreise = lies(gebiet, quelle), lies("nrw", "nrw_arbeitslose")
    summe = kommunen.groupby("stichtag")["wert"].sum()
    kreis = kreise[kreise["raum_id"] == schluessel].set_index("stichtag")["wert"]
    differenz = (summe - kreis).dropna()
    assert len(differenz) == 6 and (differenz.abs() <= 3).all()


def lies(gebiet: str, quelle: str) -> pd.DataFrame:
    """Unemployed of one shipped delivery, as it is loaded."""
    pfad = next((WURZEL / "etl" / "beispiel" / gebiet / quelle).iterdir())
    frame = pruefe_lieferung(
        pfad, read_quelle(WURZEL / "etl" / "quellen" / f"{quelle}.toml"), read_gebiete()[gebiet]
    ).frame
    return frame[frame["merkmal"] == "al_gesamt"]
