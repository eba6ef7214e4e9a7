"""Comparison, rank and trend of published values: through the real command line, and rule by rule on a small Kreis."""

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest

from indicators.arten import Spalte, compute
from indicators.auswertung import build_angaben, build_auswertung
from indicators.feld import GRUENDE
from indicators.mischung import Sicht
from indicators.store import AUSWERTUNG, Store, find_aktuell
from indicators.vergleich import URTEIL
from indicators.vergleichswerte import find_werte
from indicators.wertdatei import read_behaelter

JAHRE = tuple(range(2014, 2024))
SCHLUESSEL = ["kennzahl_id", "ebene", "raum_id", "gebietsstand", "stichtag"]


def build_raeume(*zusatz) -> pd.DataFrame:
    """A Kreis of two Kommunen with three Quartiere each."""
    zeilen = [("K", None, "kreis"), ("A", "K", "kommune"), ("B", "K", "kommune")]
    zeilen += [(f"{k}{nr}", k, "quartier") for k in "AB" for nr in (1, 2, 3)]
    df = pd.DataFrame([*zeilen, *zusatz], columns=["raum_id", "eltern_id", "ebene"])
    return df.assign(gebietsstand="2010-01-01", zuschnitt="2010-01-01", rest=df["raum_id"] == "R")


def build_tabelle(zahlen: dict, *, art="quote", jahre=JAHRE, ebenen=None) -> pd.DataFrame:
    """raum_id → (Zähler, Nenner) of every year, None: hidden."""
    zeilen = []
    for raum_id, reihe in zahlen.items():
        for jahr, zelle in zip(jahre, reihe, strict=True):
            x, n = zelle or (0, 1)
            ebene = (ebenen or {}).get(raum_id, ("kreis", "kommune", "quartier")[0 if raum_id == "K" else len(raum_id)])
            zeilen.append((ebene, raum_id, date(jahr, 12, 31), x, n, "offen" if zelle else "gesperrt"))
    df = pd.DataFrame(zeilen, columns=["ebene", "raum_id", "stichtag", "zaehler", "nenner", "status"])
    status = df["status"].to_numpy(object)
    werte = compute(
        art, [Spalte(df["zaehler"].to_numpy(float), status)], [Spalte(df["nenner"].to_numpy(float), status)], pro=100
    )
    offen = werte.status == "offen"
    zahl = {s: df[s].where(offen).astype(float) for s in ("zaehler", "nenner")}
    return df.assign(
        kennzahl_id="q", gebietsstand="2010-01-01", wert=werte.wert, unten=werte.unten, oben=werte.oben, **zahl
    )


def werte_aus(tabelle, raeume=None, *, art="quote", trennt=(), umgerechnet=None) -> pd.DataFrame:
    eintrag = {"id": "q", "art": art, "pro": 100, "brueche": [{"ab": t, "wirkung": "trennt"} for t in trennt]}
    leer = pd.DataFrame() if umgerechnet is None else umgerechnet
    raeume = build_raeume() if raeume is None else raeume
    ergebnis = build_auswertung({"q": tabelle}, leer, raeume, build_angaben([json.dumps(eintrag)]))
    df = ergebnis["auswertung"]
    return df.assign(jahr=df["stichtag"].dt.year).set_index(["raum_id", "jahr"]).sort_index()


def kreis(steigung: int = 0) -> dict:
    """A1 has 30 %, all others 10 % of 1,000 people; A and K are sums. `steigung`: cases more every year."""
    quartiere = {f"{k}{nr}": [(100 + steigung * j, 1000) for j in range(10)] for k in "AB" for nr in (1, 2, 3)}
    quartiere["A1"] = [(300, 1000)] * 10

    def summe(namen) -> list[tuple[int, int]]:
        je_jahr = zip(*(quartiere[n] for n in namen), strict=True)
        return [(sum(x for x, _ in jahr), sum(n for _, n in jahr)) for jahr in je_jahr]

    return {"K": summe(list(quartiere)), "A": summe(["A1", "A2", "A3"]), "B": summe(["B1", "B2", "B3"]), **quartiere}


# --- compared with whom --------------------------------------------------------------------------


def test_a_quartier_is_compared_with_kreis_and_kommune_without_itself():
    z = werte_aus(build_tabelle(kreis())).loc[("A1", 2023)]

    assert z["rest_wert"] == pytest.approx(100 * 500 / 5000)  # (800 − 300) / (6000 − 1000), not 800 / 6000
    assert z["eltern_wert"] == pytest.approx(100 * 200 / 2000)
    assert (z["rest_urteil"], z["rest_streng"], z["eltern_urteil"]) == ("hoeher", "hoeher", "hoeher")
    assert (z["rang"], z["rang_von"], z["rang_bis"], z["rang_anzahl"]) == (1, 1, 1, 6)


def test_the_kreis_itself_and_the_kommune_of_the_top_have_nobody_above():
    tafel = werte_aus(build_tabelle(kreis()))

    assert tafel.loc[("K", 2023), "rest_grund"] == "kein_bezug"
    assert tafel.loc[("A", 2023), "eltern_grund"] == "kein_bezug"  # the rest of the Kreis says it already
    assert tafel.loc[("A", 2023), "rest_wert"] == pytest.approx(10)


def test_no_verdict_and_no_benchmark_from_a_hidden_value():
    zahlen = kreis()
    zahlen["A1"] = [None] * 10
    tafel = werte_aus(build_tabelle(zahlen))
    eigener = tafel.loc[("A1", 2023)]

    assert eigener["rest_grund"] == eigener["vorher_grund"] == eigener["trend_grund"] == "gesperrt"
    assert eigener[["rest_wert", "eltern_wert", "vorher_diff", "rang", "mittel_wert"]].isna().all()
    assert eigener[["rest_urteil", "rest_streng", "trend"]].isna().all()
    assert tafel.loc[("A2", 2023), "rang_anzahl"] == 5

    zahlen = kreis()
    zahlen["K"] = [None] * 10
    z = werte_aus(build_tabelle(zahlen)).loc[("A1", 2023)]
    assert z["rest_grund"] == "bezug_gesperrt"
    assert pd.isna(z["rest_wert"])  # adding up the others would give it away


def test_a_rest_smaller_than_the_raum_is_no_known_number():
    zahlen = kreis()
    zahlen["A1"] = [(900, 9000)] * 10
    zahlen["K"] = [(1400, 14000)] * 10

    z = werte_aus(build_tabelle(zahlen)).loc[("A1", 2023)]
    assert (z["rest_grund"], z["rest_wert"]) == ("bezug_klein", pytest.approx(10))


def test_cases_without_a_place_are_left_out_of_the_benchmark():
    zahlen = kreis()
    zahlen["K"] = [(1000, 6000)] * 10  # 200 cases more than in all Räume together
    rest = build_tabelle({"R": [(1, 1)] * 10}, ebenen={"R": "quartier"}).assign(
        status="nicht_sinnvoll", wert=np.nan, unten=np.nan, oben=np.nan, zaehler=np.nan, nenner=np.nan
    )
    raeume = build_raeume(("R", "K", "quartier"))

    tafel = werte_aus(pd.concat([build_tabelle(zahlen), rest], ignore_index=True), raeume)
    assert tafel.loc[("A2", 2023), "rest_wert"] == pytest.approx(100 * 700 / 5000)  # 1000 − 200 − 100
    assert pd.isna(tafel.loc[("R", 2023), "rang"])

    for raum in ("A", "A3"):  # no level is completely known any more
        zahlen[raum] = [None] * 10
    tafel = werte_aus(pd.concat([build_tabelle(zahlen), rest], ignore_index=True), raeume)
    assert tafel.loc[("A2", 2023), "rest_grund"] == "unverortet"


@pytest.mark.parametrize(("art", "grund"), [("anzahl", "anzahl"), ("uebernommen", "uebernommen")])
def test_kinds_without_an_interval_have_no_verdict(art, grund):
    tabelle = build_tabelle(kreis()).assign(unten=np.nan, oben=np.nan)

    z = werte_aus(tabelle, art=art).loc[("A1", 2023)]
    assert (z["rest_grund"], z["trend_grund"]) == (grund, grund)
    assert z["vorher_diff"] == 0  # the difference is a fact, whether it is chance nobody knows


# --- since when ----------------------------------------------------------------------------------


def test_a_steady_rise_is_a_trend_since_its_first_year():
    tafel = werte_aus(build_tabelle(kreis(steigung=25)))

    z = tafel.loc[("B1", 2023)]
    assert (z["trend"], z["trend_seit"].year) == ("steigend", 2014)
    assert z["vorher_diff"] == pytest.approx(2.5)
    assert (z["vorher_am"].year, z["vorher_urteil"]) == (2022, "aehnlich")  # one year alone could be chance
    assert tafel.loc[("B1", 2017), "trend_grund"] == "zu_wenig_punkte"
    assert tafel.loc[("A1", 2023), "trend"] == "keine_aenderung"


def test_nothing_crosses_a_break():
    tafel = werte_aus(build_tabelle(kreis(steigung=25)), trennt=("2019-01-01",))

    assert tafel.loc[("B1", 2019), ["vorher_grund", "trend_grund"]].tolist() == ["bruch", "bruch"]
    assert pd.isna(tafel.loc[("B1", 2019), "vorher_diff"]) and pd.isna(tafel.loc[("B1", 2020), "mittel_wert"])
    assert tafel.loc[("B1", 2022), "trend_grund"] == "bruch"
    assert tafel.loc[("B1", 2023), "trend_seit"].year == 2019
    assert tafel.loc[("B1", 2021), "mittel_wert"] == pytest.approx(100 * (225 + 250 + 275) / 3000)


def test_nothing_crosses_a_new_shape_but_converted_values_continue_the_series():
    alt, neu = build_raeume(), build_raeume().assign(gebietsstand="2019-01-01")
    neu.loc[neu["raum_id"] == "B1", "zuschnitt"] = "2019-01-01"
    raeume, tabelle = pd.concat([alt, neu], ignore_index=True), build_tabelle(kreis(steigung=25))
    tabelle.loc[pd.to_datetime(tabelle["stichtag"]).dt.year >= 2019, "gebietsstand"] = "2019-01-01"

    tafel = werte_aus(tabelle, raeume)
    assert tafel.loc[("B1", 2019), "vorher_grund"] == tafel.loc[("B1", 2021), "trend_grund"] == "neuer_zuschnitt"
    assert tafel.loc[("B2", 2019), "vorher_diff"] == pytest.approx(2.5)  # its shape has stayed

    frueher = tabelle[(tabelle["raum_id"] == "B1") & (tabelle["gebietsstand"] == "2010-01-01")]
    frueher = frueher.assign(gebietsstand="2019-01-01")
    tafel = werte_aus(tabelle, raeume, umgerechnet=frueher)
    assert tafel.loc[("B1", 2019), "vorher_diff"] == pytest.approx(2.5)
    assert tafel.loc[("B1", 2021), "trend"] == "steigend"


def test_a_missing_year_makes_no_trend_and_says_so():
    zahlen = kreis(steigung=25)
    zahlen["B1"][7] = None

    tafel = werte_aus(build_tabelle(zahlen))
    assert tafel.loc[("B1", 2023), "trend_grund"] == "wert_gesperrt"
    assert tafel.loc[("B1", 2022), "vorher_grund"] == "bezug_gesperrt"


def test_the_order_of_rows_does_not_matter():
    tabelle = build_tabelle(kreis(steigung=25))
    gemischt = tabelle.sample(frac=1, random_state=3)

    pd.testing.assert_frame_equal(werte_aus(tabelle), werte_aus(gemischt), check_categorical=False)


def test_every_word_is_known():
    df = werte_aus(build_tabelle(kreis(steigung=25)), trennt=("2019-01-01",))

    for name in (n for n in AUSWERTUNG if n.endswith(("_urteil", "_streng"))):
        assert set(df[name].dropna()) <= set(URTEIL)
    for name in (n for n in AUSWERTUNG if n.endswith("_grund")):
        assert set(df[name]) <= set(GRUENDE)
        urteil = df[name.replace("_grund", "_urteil") if name != "trend_grund" else "trend"]
        assert (urteil.isna() == (df[name] != "")).all()  # a verdict or a reason, never both, never none


# --- through the real door -----------------------------------------------------------------------


def test_the_published_kleinkreis_compares_with_its_rest(kleinkreis):
    store = kleinkreis.store("kleinkreis")
    df = store.read_auswertung("sgb2_quote", "quartier", date(2022, 12, 31)).set_index("name")

    # Altstadt 731 of 3,100; the Kreis 1,235 of 7,480: elsewhere 504 of 4,380
    assert df.loc["Altstadt", "rest_wert"] == pytest.approx(100 * 504 / 4380)
    assert (df.loc["Altstadt", "rest_urteil"], df.loc["Weiler", "rest_urteil"]) == ("hoeher", "niedriger")
    spaeter = store.read_auswertung("sgb2_quote", "quartier", date(2023, 12, 31)).set_index("name")
    gesperrt = spaeter[spaeter["status"] == "gesperrt"]
    assert len(gesperrt) >= 2
    zahlen = [n for n in AUSWERTUNG if n.endswith(("_wert", "_diff", "_unten", "_oben")) or n == "rang"]
    assert gesperrt[zahlen].isna().all(axis=None)


@pytest.fixture(scope="module")
def ordner(torkreis):
    return find_aktuell(torkreis.daten, "torkreis")


@pytest.fixture(scope="module")
def gemischt(ordner):
    return Store.open_sicht(ordner, Sicht("oeffentlich", frozenset({"99002"}), titel="Bedorf"))


def test_a_role_sees_no_verdict_that_rests_on_a_value_it_does_not_see(ordner, gemischt):
    kommune = Store.open(ordner, "kommune")
    misch, innen = (s.read_alles().set_index(SCHLUESSEL).sort_index() for s in (gemischt, kommune))
    drin = misch.index.get_level_values("raum_id").str.startswith("99002")

    # Ranks of the inner Räume count only what the role sees: the profile `kommune` ranks more.
    assert (misch.loc[drin, "rang_anzahl"] < innen.loc[drin, "rang_anzahl"]).any()
    # Everything equals what is computed from the visible values alone.
    tabelle = gemischt._frage("SELECT * FROM kennzahl")
    je = dict(list(tabelle.groupby("kennzahl_id")))
    eintraege = gemischt._frage("SELECT eintrag FROM katalog")["eintrag"]
    angaben = build_angaben(eintraege, find_werte(gemischt._frage("SELECT * FROM vergleichswert")))
    neu = build_auswertung(je, pd.DataFrame(), gemischt._frage("SELECT * FROM raum"), angaben)
    neu = neu["auswertung"].assign(stichtag=lambda d: d["stichtag"].dt.date)
    neu = neu.astype(dict.fromkeys(SCHLUESSEL[:4], object)).set_index(SCHLUESSEL).sort_index()
    assert misch.loc[drin, "bezug_urteil"].notna().any()
    for name in AUSWERTUNG:
        links, rechts = misch[name], neu[name].reindex(misch.index)
        if name.endswith(("_am", "_seit")):
            links, rechts = pd.to_datetime(links), pd.to_datetime(rechts)
        gleich = (links.astype(object) == rechts.astype(object)) | (links.isna() & rechts.isna())
        if links.dtype.kind == "f":
            gleich |= np.isclose(links.astype(float), rechts.astype(float))
        assert gleich.all(), name


def test_the_map_file_of_a_role_says_the_same_as_its_table(gemischt):
    (teil,) = gemischt.karten_teile("testquote12", "quartier")
    kopf, rumpf = read_behaelter(gemischt.datei_inhalt(teil["vergleich"]))
    lagen = np.frombuffer(rumpf, "<f4").reshape(4, len(kopf["stichtage"]), kopf["anzahl"])
    tafel = gemischt.read_auswertung("testquote12", "quartier")

    for nr, tag in enumerate(kopf["stichtage"]):
        zeilen = tafel[tafel["stichtag"].astype(str) == tag].reset_index(drop=True)
        np.testing.assert_allclose(lagen[0, nr, : len(zeilen)], zeilen["rest_wert"], rtol=1e-6)
        ohne = zeilen["rest_urteil"].isna().to_numpy()
        assert ((lagen[1, nr, : len(zeilen)] <= 0) == ohne).all()
        gruende = [kopf["gruende"][int(-c)] for c in lagen[1, nr, : len(zeilen)][ohne]]
        assert gruende == zeilen.loc[ohne, "rest_grund"].tolist()
