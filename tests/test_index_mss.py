"""The index by the method of the Berlin Monitoring (MSS): recomputed from the delivered indicators of five editions."""

import csv
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from geodata.fehler import KatalogError
from indicators import index
from indicators.indexbau import Mindest, build_indextabellen, build_vorlage
from indicators.indexkatalog import check_indizes, read_index, read_indizes
from indicators.kennzahl import read_kennzahlen
from tests.conftest import WURZEL

BERLIN = WURZEL / "etl" / "beispiel" / "berlin"
DATEIEN = {
    2013: "be_mss_2013/mss_2013.csv",
    2015: "be_mss_2013/mss_2015.csv",
    2017: "be_mss_2013/mss_2017.csv",
    2019: "be_mss_2019/mss_2019.csv",
    2021: "be_mss_2021/mss_2021.csv",
}
KLASSE = {"hoch": 1, "mittel": 2, "niedrig": 3, "sehr niedrig": 4, "positiv": -1, "stabil": 0, "negativ": 1}


def lies(jahr: int) -> pd.DataFrame:
    return pd.read_csv(BERLIN / DATEIEN[jahr], dtype={"plr_id": str})


def rechne(df: pd.DataFrame, art: str) -> index.Ergebnis:
    spalten = [s for s in ("S1", "S2", "S3", "S4") if s in df]
    return index.compute_index(df[[art + s[1] for s in spalten]], np.ones(len(spalten)))


# --- against published results -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mss_2021():
    return lies(2021)


@pytest.mark.parametrize(("art", "z", "feld"), [("S", "zS", "status"), ("D", "zD", "dynamic")])
def test_edition_2021_is_recomputed_to_every_class(mss_2021, art, z, feld):
    """Published with two decimals by the Senatsverwaltung: z values, sum, index, classes of 536 areas."""
    e = rechne(mss_2021, art)
    klassen = {"S": index.klassen_status, "D": index.klassen_dynamik}[art](e.index)
    gueltig = mss_2021["comment"] == "gültig"

    assert (e.gueltig == gueltig).all() and e.gueltig.sum() == 536
    assert np.nanmax(np.abs(e.z - mss_2021[[f"{z}{k}" for k in (1, 3, 4)]].to_numpy())) <= 0.0051
    assert np.nanmax(np.abs(e.summe - mss_2021[f"{feld}_sum"])) <= 0.0051
    assert np.nanmax(np.abs(e.index - mss_2021[f"{feld}_index"])) <= 0.0051
    assert (klassen[gueltig] == mss_2021.loc[gueltig, f"{feld}_label"].map(KLASSE)).all()


def test_edition_2021_has_the_published_table_of_status_and_dynamic(mss_2021):
    status = index.klassen_status(rechne(mss_2021, "S").index)
    dynamik = index.klassen_dynamik(rechne(mss_2021, "D").index)
    gesamt = [index.gesamtindex(s, d) for s, d in zip(status, dynamik, strict=True)]
    veroeffentlicht = mss_2021["SDI"].where(mss_2021["SDI"].str.len() < 5, "").str.replace("-", "−")

    assert gesamt == veroeffentlicht.tolist()


@pytest.mark.parametrize(("jahr", "v"), [(2013, 434), (2015, 435), (2017, 436), (2019, 436), (2021, 536)])
def test_every_edition_has_its_valid_set(jahr, v):
    """2,277 areas in all; status and dynamic rest on the same ones."""
    df = lies(jahr)
    for art in "SD":
        e = rechne(df, art)
        assert e.gueltig.sum() == v and (e.gueltig == df["in_index"]).all()
        assert np.nanmean(e.index) == pytest.approx(0, abs=1e-12) and np.nanstd(e.index) == pytest.approx(1)


def test_classes_of_the_earlier_editions_stay_what_they_are():
    """Counts of classes as the method gives them from the delivered indicators (methods: 2,277 of 2,277 verified)."""
    erwartet = {
        2013: ([80, 264, 52, 38], [54, 330, 50]),
        2015: ([78, 270, 49, 38], [48, 350, 37]),
        2017: ([75, 278, 41, 42], [49, 339, 48]),
        2019: ([67, 283, 47, 39], [46, 357, 33]),
        2021: ([75, 366, 46, 49], [48, 436, 52]),
    }
    for jahr, (status, dynamik) in erwartet.items():
        df = lies(jahr)
        klassen = index.klassen_status(rechne(df, "S").index)
        assert [int((klassen == k).sum()) for k in index.STATUS] == status
        klassen = index.klassen_dynamik(rechne(df, "D").index)
        assert [int((klassen == k).sum()) for k in index.DYNAMIK] == dynamik


def test_reference_files_say_the_same(referenz):
    for jahr, datei in DATEIEN.items():
        fremd = referenz / "berlin" / "mss" / f"mss_{jahr}.csv"
        with fremd.open(encoding="utf-8") as a, (BERLIN / datei).open(encoding="utf-8") as b:
            assert list(csv.DictReader(a)) == list(csv.DictReader(b))


# --- the method --------------------------------------------------------------------------------------------------


def test_population_deviation_and_standardised_sum_by_hand():
    """1, 2, 3: deviation √(2/3); with 3, 2, 1 turned round by its weight both add up."""
    e = index.compute_index([[1, 3], [2, 2], [3, 1]], [1, -1])
    assert e.z[0] == pytest.approx([-1.2247448714, 1.2247448714])
    assert e.summe == pytest.approx([-2.4494897428, 0, 2.4494897428])
    assert e.index == pytest.approx([-1.2247448714, 0, 1.2247448714])
    assert e.rang.tolist() == [3, 2, 1] and e.prozent.tolist() == [0, 50, 100]


def test_borders_belong_where_the_method_says():
    """hoch: x < −1; mittel: −1 ≤ x ≤ 1; niedrig: 1 < x ≤ 1,5; sehr niedrig: x > 1,5 (Indikatorenheft 2021, p. 43)."""
    x = np.array([-1.01, -1, 1, 1.0001, 1.5, 1.5001, np.nan])
    assert index.klassen_status(x)[:-1].tolist() == [1, 2, 2, 3, 3, 4] and np.isnan(index.klassen_status(x)[-1])
    assert index.klassen_dynamik(x)[:-1].tolist() == [-1, 0, 0, 1, 1, 1]
    assert index.gesamtindex(4, -1) == "4+" and index.gesamtindex(1, 0) == "1+/−" and index.gesamtindex(1, np.nan) == ""


def test_a_missing_value_keeps_an_area_out_and_changes_nothing_else():
    voll = index.compute_index([[1, 5], [2, 9], [4, 4]], [1, 1])
    mit_luecke = index.compute_index([[1, 5], [2, 9], [np.nan, 3], [4, 4]], [1, 1])
    assert np.isnan(mit_luecke.index[2]) and not mit_luecke.gueltig[2]
    assert np.delete(mit_luecke.index, 2) == pytest.approx(voll.index)


@pytest.mark.parametrize(
    ("werte", "gewichte", "grund", "stelle"),
    [
        ([[1, 5], [2, 5]], [1, 1], "konstant", 1),
        ([[1, 2], [2, 4]], [1, -1], "konstant", -1),  # both cancel each other
        ([[1, 2]], [1, 1], "zu_wenige", -1),
        ([[1, 2], [3, 4]], [0, 0], "zu_wenige", -1),
        ([[np.nan, 2], [3, 4]], [1, 1], "zu_wenige", -1),
    ],
)
def test_an_index_that_cannot_be_says_why(werte, gewichte, grund, stelle):
    e = index.compute_index(werte, gewichte)
    assert (e.grund, e.stelle) == (grund, stelle)
    assert np.isnan(e.index).all() and np.isnan(index.stoere_gewichte(e).rang_von).all()
    assert np.isnan(index.lass_weg(e)).all()


def test_an_indicator_without_weight_is_not_looked_at():
    e = index.compute_index([[1, np.nan], [2, 7], [5, 7]], [1, 0])
    assert e.gueltig.all() and e.rang.tolist() == [3, 2, 1]


@given(arrays(float, (9, 3), elements=st.integers(0, 50)), st.permutations(range(9)))
def test_order_of_areas_and_unit_of_indicators_change_nothing(werte, folge):
    e, anders = (
        index.compute_index(werte, [1, 2, 1]),
        index.compute_index(werte[list(folge)] * [3, 1, 7] + 4, [1, 2, 1]),
    )
    assert e.grund == anders.grund
    assert anders.index == pytest.approx(e.index[list(folge)], nan_ok=True, abs=1e-9)


# --- how much the weights decide ---------------------------------------------------------------------------------


def test_shaken_weights_are_the_same_every_time_and_stay_in_their_bounds(mss_2021):
    e = rechne(mss_2021, "S")
    a, b = index.stoere_gewichte(e), index.stoere_gewichte(e)
    assert (a.oben == b.oben).all() and (a.rho == b.rho).all() and len(a.rho) == 1000
    v = e.gueltig
    assert (a.rang_von[v] <= a.rang_bis[v]).all() and (a.oben[v] <= 1).all() and (a.oben[~v] == 0).all()
    assert a.oben.sum() == pytest.approx(5)  # five places in every draw
    spitze = np.nanargmin(e.rang)
    assert mss_2021.loc[spitze, "name"] == "Schulenburgpark" and a.oben[spitze] == 1


def test_correlation_of_draws_is_spearmans(mss_2021):
    """Against scipy, which ranks ties itself."""
    from scipy.stats import spearmanr

    e = rechne(mss_2021, "S")
    v, faktor = e.gueltig, np.random.default_rng(index.SAAT).uniform(0.5, 1.5, (20, 3))
    rho = index.stoere_gewichte(e, ziehungen=20).rho
    assert rho == pytest.approx([spearmanr(e.summe[v], e.z[v] @ f).statistic for f in faktor])
    assert index.spearman([1, 2, 2, 5], [3, 1, 1, 0]) == pytest.approx(spearmanr([1, 2, 2, 5], [3, 1, 1, 0]).statistic)


def test_an_area_that_leads_everywhere_leads_whatever_the_weights():
    e = index.compute_index([[9, 9, 9], [1, 5, 2], [5, 1, 3], [2, 3, 1]], [1, 1, 1])
    s = index.stoere_gewichte(e, spitze=1, spanne=1.0)
    assert s.oben[0] == 1 and s.rang_bis[0] == 1 and s.rang_bis[1:].max() > s.rang_von[1:].min()


def test_ranks_without_one_indicator_are_those_of_an_index_of_the_others():
    werte = np.array([[9.0, 1, 4], [1, 5, 2], [5, 4, 3], [2, 3, 1]])
    ohne = index.lass_weg(index.compute_index(werte, [1, 2, 1]))
    for k in range(3):
        andere = [j for j in range(3) if j != k]
        assert ohne[:, k].tolist() == index.compute_index(werte[:, andere], np.array([1, 2, 1])[andere]).rang.tolist()


# --- from published values to an index ---------------------------------------------------------------------------


def tabelle(werte: dict, **mehr) -> pd.DataFrame:
    zeilen = [(r, "2021", w if isinstance(w, float | int) else np.nan, "offen" if isinstance(w, float | int) else w)
              for r, w in werte.items()]  # fmt: skip
    return pd.DataFrame(zeilen, columns=["raum_id", "gebietsstand", "wert", "status"]).assign(**mehr)


def test_every_area_outside_says_why():
    a = tabelle({"A": 1, "B": 2, "C": "gesperrt", "D": 4, "E": "gesperrt_quelle", "F": 6})
    b = tabelle({"A": 1, "B": 2, "C": 3, "D": 4, "E": "gesperrt", "G": 7})
    mindest = Mindest(tabelle({"A": 500, "B": 299, "D": 300, "E": 400}), 300, "Einwohner")
    v = build_vorlage([a, b], ["Eins", "Zwei"], mindest=mindest, ausreisser={"D": "Gewerbegebiet"})

    assert dict(zip(v.raeume["raum_id"], v.grund, strict=True)) == {
        "A": "",
        "B": "Einwohner unter 300",
        "C": "Eins: geheim gehalten",
        "D": "Ausreißer: Gewerbegebiet",
        "E": "Zwei: geheim gehalten",  # never better known than its most secret part
        "F": "Zwei: nicht geliefert",
        "G": "Eins: nicht geliefert",
    }
    assert v.status.tolist() == [
        *("offen", "nicht_sinnvoll", "gesperrt", "nicht_sinnvoll", "gesperrt", "nicht_geliefert", "nicht_geliefert")
    ]


def test_below_thirty_areas_there_is_an_index_but_no_class():
    definition = replace_ausgabe(read_indizes()["mss"])
    eingang = {
        name: tabelle({f"R{i:02d}": float(i + nr) ** 2 for i in range(12)}, ebene="planungsraum", stichtag=TAG)
        for nr, name in enumerate(definition.kennzahlen - {"mss_einwohner"})
    }
    ergebnis = build_indextabellen([definition], eingang, {}, frozenset({"R11"}))
    assert ergebnis["mss_statusindex"]["wert"].notna().sum() == 11  # without the Rest-Raum
    klasse = ergebnis["mss_status"]
    assert klasse["wert"].isna().all() and set(klasse["status"]) == {"nicht_definiert"}
    assert klasse["hinweis"].str.contains("Weniger als 30 Räume").all()


TAG = date(2020, 12, 31)


def replace_ausgabe(definition):
    """Only the edition of 2021."""
    return definition.model_copy(update={"ausgabe": {"2021": definition.ausgabe["2021"]}})


# --- the catalogue -----------------------------------------------------------------------------------------------


def test_the_shipped_definition_names_five_editions_and_known_kennzahlen():
    indizes = read_indizes()
    check_indizes(indizes, read_kennzahlen())
    mss = indizes["mss"]
    assert list(mss.ausgabe) == ["2013", "2015", "2017", "2019", "2021"]
    assert [len(a.status) for a in mss.ausgabe.values()] == [4, 4, 4, 3, 3]
    assert mss.gueltig.mindestens == 300 and "10100205" in mss.ausgabe["2021"].ausreisser


@pytest.mark.parametrize(
    ("alt", "neu", "teil"),
    [
        ('ebene = "planungsraum"', 'ebne = "planungsraum"', "Gemeint »ebene«?"),
        ("stichtag = 2012-12-31", 'stichtag = "gestern"', "Erwartet: ein Datum"),
        ("stichtag = 2012-12-31", "stichtag = 2022-12-31", "nach Stichtag geordnet"),
        ('dynamikindex = "mss_dynamikindex"', "", "fehlen die Kennzahlen"),
        ("mss_s1_arbeitslosigkeit = 1", 'mss_s1_arbeitslosigkeit = "viel"', "Erwartet: eine Zahl"),
        ("titel = ", "id = 'x'\ntitel = ", "Kennung ist der Dateiname"),
        ("[gueltig]", "[gueltig", "kein gültiges TOML"),
    ],
)
def test_a_wrong_definition_is_told_with_its_cure(tmp_path, alt, neu, teil):
    text = (WURZEL / "indicators" / "indizes" / "mss.toml").read_text(encoding="utf-8")
    assert alt in text
    (tmp_path / "mss.toml").write_text(text.replace(alt, neu, 1), encoding="utf-8")
    with pytest.raises(KatalogError) as fehler:
        read_index(tmp_path / "mss.toml")
    assert teil in str(fehler.value) and "mss.toml" in str(fehler.value)


def test_an_index_fills_only_kennzahlen_of_its_kind():
    mss, kennzahlen = read_indizes()["mss"], read_kennzahlen()
    falsch = mss.model_copy(update={"ergebnis": mss.ergebnis.model_copy(update={"status": "pflegequote"})})
    with pytest.raises(KatalogError, match="kann sein Ergebnis nicht aufnehmen"):
        check_indizes({"mss": falsch}, kennzahlen)
    with pytest.raises(KatalogError, match="gibt es nicht"):
        check_indizes({"mss": mss}, {k: v for k, v in kennzahlen.items() if k != "mss_d1_arbeitslosigkeit"})
    with pytest.raises(KatalogError, match="kann sein Ergebnis"):
        check_indizes({"mss": mss, "zwei": mss.model_copy(update={"id": "zwei"})}, kennzahlen)


def test_stability_survives_a_result_without_areas():
    e = replace(index.compute_index([[1.0], [2]], [1]), gueltig=np.array([True, True]))
    assert index.stoere_gewichte(e, ziehungen=10).oben.tolist() == [1, 1]
