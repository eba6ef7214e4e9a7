"""Old Stichtage on today's Räume: converted after the gate, flagged, broken where too much would be apportioned."""

import csv
import gzip
import json
from datetime import date

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard import figures
from dashboard.seiten import karte, steckbrief, zeitreihe
from indicators.berechnung import Zahlen
from indicators.intervall import wilson
from indicators.umrechnung import UNBEKANNT, build_gewichte, rechne_um
from tests.hilfe_wandel import EINWOHNER_NEU, GEBIET, LEISTUNG, LEISTUNG_NEU, ZAHLEN, build_wandel

TAG, VORHER = date(2018, 12, 31), date(2017, 12, 31)


@pytest.fixture(scope="module")
def wandel(tmp_path_factory):
    """Loaded and published. Read only."""
    installation = build_wandel(tmp_path_factory.mktemp("wandel") / "daten")
    installation.run("laden", "--gebiet", "wandel")
    installation.run("veroeffentlichen", "--gebiet", "wandel")
    return installation


@pytest.fixture(scope="module")
def store(wandel):
    return wandel.store("wandel")


def umgerechnet(store, kennzahl: str, tag: date = TAG) -> dict[str, pd.Series]:
    return {z.raum_id: z for z in store.read_umgerechnete(kennzahl, "quartier", tag).itertuples()}


# --- the numbers ---


def test_whole_old_raeume_are_added_up(store):
    """W-05 = W-02 + W-03: 600 + 400 people, 60 + 40 of them on benefits, nothing apportioned."""
    quote, einwohner = umgerechnet(store, "testquote")["W-05"], umgerechnet(store, "bevoelkerung")["W-05"]

    assert (einwohner.wert, einwohner.anteil_aufgeteilt) == (1000, 0)
    assert (quote.wert, quote.zaehler, quote.nenner) == (pytest.approx(10), 100, 1000)
    assert (quote.unten, quote.oben) == pytest.approx(
        [100 * g[0] for g in wilson(np.array([100.0]), np.array([1000.0]))]
    )


def test_counts_are_converted_separately_and_then_divided(store):
    """W-10 = W-08 and 3 % of W-09: 1000 + 30 people, 100 + 3 on benefits; 30 / 1030 = 2.9 % of it are apportioned."""
    quote = umgerechnet(store, "testquote")["W-10"]

    assert (quote.zaehler, quote.nenner) == pytest.approx((103, 1030))
    assert quote.wert == pytest.approx(100 * 103 / 1030)
    assert quote.anteil_aufgeteilt == pytest.approx(30 / 1030)
    assert np.isnan(quote.unten) and np.isnan(quote.oben)  # no interval pretends that apportioned counts were counted


def test_who_lost_a_little_is_converted_too(store):
    einwohner = umgerechnet(store, "bevoelkerung")["W-09"]

    assert einwohner.wert == pytest.approx(970)
    assert einwohner.anteil_aufgeteilt == pytest.approx(30 / 970)


def test_halves_break_the_series(store):
    """W-04 was cut in two: 400 of 400 people of each half would be apportioned."""
    assert not {"W-06", "W-07"} & set(umgerechnet(store, "bevoelkerung"))
    brueche = store.read_umbrueche("bevoelkerung", ["W-07", "W-05", "W-06"])
    assert list(zip(brueche["raum_id"], brueche["bis"], brueche["anteil"], strict=True)) == [
        ("W-07", TAG, 1),
        ("W-06", TAG, 1),
    ]


def test_the_limit_is_the_territorys_own(tmp_path):
    """At 1 % even W-10 and W-09 break, at 100 % nothing does."""
    for grenze, uebrig in (("0.01", {"W-05"}), ("1.0", {"W-05", "W-06", "W-07", "W-10", "W-09"})):
        toml = GEBIET.replace("anzeige_ebene", f"bruch_ab_anteil = {grenze}\nanzeige_ebene")
        installation = build_wandel(tmp_path / grenze, gebiet=toml)
        installation.run("laden", "--gebiet", "wandel")
        installation.run("veroeffentlichen", "--gebiet", "wandel")

        assert set(umgerechnet(installation.store("wandel"), "bevoelkerung")) == uebrig


def test_a_raum_that_kept_its_shape_keeps_its_delivered_value(store):
    reihe = store.read_reihe("testquote", ["W-01", "W"])

    assert not reihe["umgerechnet"].any()
    assert "W-01" not in umgerechnet(store, "testquote")
    kreis = reihe[(reihe["raum_id"] == "W") & (reihe["stichtag"] == TAG)].iloc[0]
    assert kreis.zaehler == sum(LEISTUNG.values())  # delivered sum, not converted


def test_nothing_delivered_is_changed(wandel, store):
    """The numbers of 2018 stand in their own Räume as before."""
    werte = store.read_werte("bevoelkerung", "quartier", TAG).set_index("raum_id")

    assert werte["wert"].to_dict() == {"W-01": 1000, "W-02": 600, "W-03": 400, "W-04": 800, "W-08": 1000, "W-09": 1000}
    assert (werte["gebietsstand"] == "2015-01-01").all()


def test_foreign_rates_are_never_converted():
    """Berlin's MSS shares have no counts behind them; nothing of them may be averaged over areas."""
    from indicators.kennzahl import read_kennzahlen
    from indicators.umrechnung import Umrechnung, build_umgerechnet

    kennzahl = read_kennzahlen()["mss_s4_kinderarmut"]
    zahlen = baue_zahlen({"A": 20.0}, merkmal="mss_s4")
    tabelle, brueche = build_umgerechnet(
        kennzahl, kennzahl.fassungen[0], Umrechnung(zahlen, pd.Series(["2015-01-01"]), zahlen.wert * 0), bruch_ab=1
    )
    assert tabelle.empty and brueche.empty


# --- secrets ---


def test_a_hidden_count_hides_what_it_would_flow_into(store):
    """2017 two people of W-02 are hidden, and with them a neighbour; W-05 = W-02 + W-03 shows nothing either."""
    for profil in ("oeffentlich", "kreis"):
        geschlossen = store.read_werte("testquote", "quartier", VORHER).set_index("raum_id")["status"]
        assert geschlossen["W-02"] == "gesperrt"
        zeile = umgerechnet(store, "testquote", VORHER)["W-05"]
        assert zeile.status == "gesperrt", profil
        assert np.isnan([zeile.wert, zeile.zaehler, zeile.unten, zeile.anteil_aufgeteilt]).all()


@pytest.mark.parametrize("profil", ["oeffentlich", "kreis"])
def test_converted_counts_are_sums_of_published_counts(wandel, profil):
    """Whoever has the export and the weight table can compute every converted count himself: it tells nothing new."""
    alles = wandel.store("wandel", profil).read_alles()
    gewichte = pd.read_csv(
        wandel.daten / "katalog" / "gebiete" / "wandel" / "umstieg.csv", sep=";", comment="#", dtype={"anteil": float}
    )
    alt = alles[~alles["umgerechnet"]].set_index(["kennzahl_id", "stichtag", "raum_id"])
    neue = alles[alles["umgerechnet"] & alles["wert"].notna()]

    assert len(neue) > 3
    for z in neue.itertuples():
        teile = gewichte[gewichte["raum_neu"] == z.raum_id]
        for spalte in ("zaehler", "nenner"):
            werte = [alt.loc[(z.kennzahl_id, z.stichtag, r), spalte] for r in teile["raum_alt"]]
            if spalte == "zaehler" or z.kennzahl_id == "testquote":
                assert getattr(z, spalte) == pytest.approx(float(np.dot(werte, teile["anteil"])))


def test_no_file_of_the_snapshot_holds_a_converted_secret(wandel):
    ordner = wandel.store("wandel")._ordner / "werte_oeffentlich"
    dateien = [d for d in ordner.glob("testquote_quartier_2020*.wert.bin") if "umgerechnet" in lies_kopf(d)[0]]
    (kopf, felder) = lies_kopf(dateien[0])

    spalte = list(EINWOHNER_NEU).index("W-05")
    werte = felder[: len(kopf["stichtage"]) * kopf["anzahl"]].reshape(len(kopf["stichtage"]), kopf["anzahl"])
    assert kopf["stichtage"] == ["2017-12-31", "2018-12-31", "2021-12-31"]
    assert werte[0, spalte] == 0x7FC00000 | 1  # gesperrt, and nothing else in its bits
    assert werte[1, spalte].view("<f4") == np.float32(10)
    assert kopf["anzahl"] + spalte in kopf["umgerechnet"]  # 2018, flagged
    assert werte[1, list(EINWOHNER_NEU).index("W-06")] == 0x7FC00000 | 6  # nicht umgerechnet
    assert werte[1, 0].view("<f4") == np.float32(12)  # W-01 as delivered …
    assert kopf["anzahl"] not in kopf["umgerechnet"]  # … and not flagged


def lies_kopf(datei):
    inhalt = gzip.decompress(datei.read_bytes())
    laenge = int.from_bytes(inhalt[:4], "little")
    return json.loads(inhalt[4 : 4 + laenge]), np.frombuffer(inhalt, "<u4", offset=4 + laenge)


# --- what people see ---


def als_text(knoten) -> str:
    """All texts of a tree of Dash components."""
    if isinstance(knoten, list | tuple):
        return " ".join(map(als_text, knoten))
    if hasattr(knoten, "children"):
        return als_text(knoten.children)
    return "" if knoten is None else str(knoten)


def test_the_series_page_flags_converted_values_and_says_why_others_begin_late(store):
    eintrag = store.eintrag("testquote")
    raeume = ["W-05", "W-10", "W-06"]
    _, tafel, _, _, saetze = zeitreihe.build_inhalt(store, eintrag, raeume, True)

    spuren = {s.name: s for s in figures.zeitreihe(store.read_reihe("testquote", raeume), eintrag).data if s.text}
    assert list(spuren["Ort W-05"].marker.symbol) == ["circle-open", "circle-open", "circle"]
    assert "umgerechnet, ganze Räume" in spuren["Ort W-05"].text[1]
    assert "10,0 (" in tafel and "10,0 u" in tafel
    text = als_text(saetze)
    assert "auf die heutigen Räume umgerechnet (nach Fläche)" in text and "höchstens 2,9 %" in text
    assert "Ort W-06: neu zugeschnitten; Werte bis 31.12.2018 sind nicht umgerechnet" in text
    assert "umgerechnet (nach Fläche)" in tafel  # below the table, too


def test_a_new_shape_under_an_old_key_shows_the_converted_value(store):
    """W-09 lost 3 % in 2020: its series tells of today's W-09, the map of 2018 of the one that was there then."""
    reihe = store.read_reihe("bevoelkerung", ["W-09"])

    assert list(reihe["wert"]) == pytest.approx([970, 970, 980])
    assert reihe["zuschnitt"].nunique() == 1
    assert store.read_werte("bevoelkerung", "quartier", TAG).set_index("raum_id").loc["W-09", "wert"] == 1000


def test_the_line_runs_on_across_the_new_shape(store):
    reihe = store.read_reihe("bevoelkerung", ["W-05"])

    assert list(reihe["wert"]) == [1000, 1000, 1010]
    assert reihe["zuschnitt"].nunique() == 1
    assert list(reihe["umgerechnet"]) == [True, True, False]


def test_the_map_offers_old_stichtage_on_todays_raeume(store):
    plan = karte.build_plan(store, store.eintrag("testquote"), "quartier")

    assert plan["heute"]["gebietsstand"] == "2020-01-01" and plan["heute_art"] == "nach Fläche"
    assert plan["heute"]["stichtage"] == ["2017-12-31", "2018-12-31", "2021-12-31"]
    assert [t["gebietsstand"] for t in plan["teile"]] == ["2015-01-01", "2020-01-01"]  # by default as they were
    assert store.datei_pfad(plan["heute"]["wert"].rsplit("/", 1)[1]).is_file()


def test_the_profile_marks_a_series_that_was_converted(store):
    blatt = als_text(steckbrief.build_blatt(store, store.raum("W-05")))

    assert " u " in f"{blatt} "
    assert "u = früher Werte auf heutige Räume umgerechnet" in blatt


def test_raeume_of_the_past_are_told_apart(store):
    gruppen = {g["group"]: [r["label"] for r in g["items"]] for g in zeitreihe.raum_auswahl(store)}

    assert gruppen["Quartiere"] == [f"Ort {r}" for r in sorted(LEISTUNG_NEU)]
    assert gruppen["Quartiere, die es nicht mehr gibt"][0] == "Ort W-02 (bis 2019)"
    assert "bestand bis 31.12.2019" in als_text(steckbrief.build_blatt(store, store.raum("W-02")))
    assert "Ort W-02" not in als_text(steckbrief.build_wahl(store))


def test_exports_carry_the_flag(wandel, tmp_path):
    wandel.run("export", "--gebiet", "wandel", "--freigabe", "oeffentlich", "--ziel", str(tmp_path))
    with (tmp_path / "kennzahlen_daten.csv").open(encoding="utf-8", newline="") as datei:
        zeilen = {(z["raum_id"], z["stichtag"], z["kennzahl_id"], z["gebietsstand"]): z for z in csv.DictReader(datei)}

    neu = zeilen["W-10", "2018-12-31", "testquote", "2020-01-01"]
    assert (neu["umgerechnet"], float(neu["anteil_aufgeteilt"])) == ("true", pytest.approx(30 / 1030))
    alt = zeilen["W-02", "2018-12-31", "testquote", "2015-01-01"]
    assert (alt["umgerechnet"], alt["anteil_aufgeteilt"]) == ("false", "")
    felder = json.loads((tmp_path / "datapackage.json").read_text(encoding="utf-8"))["resources"][0]["schema"]["fields"]
    assert {"umgerechnet", "anteil_aufgeteilt"} <= {f["name"] for f in felder}


def test_the_workbook_of_a_view_carries_sign_and_sentence(store, tmp_path):
    from indicators.bericht.tabellen import write_ansicht_csv, write_ansicht_xlsx

    (tmp_path / "a.xlsx").write_bytes(write_ansicht_xlsx(store, "testquote", "quartier", TAG))
    mappe = openpyxl.load_workbook(tmp_path / "a.xlsx")
    zeilen = {
        (z[0].value, z[3].value.year): [c.value for c in z] for z in mappe["Daten"].iter_rows(min_row=5) if z[3].value
    }

    spalte = [c.value for c in mappe["Daten"][4]].index("Umgerechnet")
    assert zeilen["W-10", 2020][spalte] == "u: 2,9 % aufgeteilt"
    assert zeilen["W-05", 2020][spalte] == "u: ganze Räume"
    assert zeilen["W-02", 2015][spalte] is None
    text = " ".join(str(c.value) for z in mappe["Deckblatt"].iter_rows() for c in z)
    assert "zum 01.01.2020 nach Fläche" in text and "mehr als 5 %" in text
    assert "Zeichen u: umgerechnet" in write_ansicht_csv(store, "testquote", "quartier", TAG).decode("utf-8-sig")


# --- a source that still uses the old keys ---


SPAETER = LEISTUNG | {"W-01": 121}


def mit_alten_schluesseln(daten, *, sgb2: str):
    return build_wandel(daten, ZAHLEN | {("sw_sgb2", 2021): SPAETER}, sgb2=sgb2)


def test_old_keys_without_a_declaration_stop_with_the_list(tmp_path):
    fehler = mit_alten_schluesseln(tmp_path / "daten", sgb2="").run("laden", "--gebiet", "wandel", erwarte=20).stderr

    assert "Am 31.12.2021 (Gebietsstand 2020-01-01) gab es diese Räume nicht" in fehler
    assert all(raum in fehler for raum in ("W-02", "W-03", "W-04", "W-08"))
    assert "gebietsstand = 2015-01-01" in fehler  # what helps


def test_old_keys_by_declaration_are_converted(tmp_path):
    """Benefits of 2021 on the Räume of 2015, inhabitants on those of 2020: 100 of 1010 people in W-05."""
    installation = mit_alten_schluesseln(tmp_path / "daten", sgb2="gebietsstand = 2015-01-01")
    installation.run("laden", "--gebiet", "wandel")
    installation.run("veroeffentlichen", "--gebiet", "wandel")
    store = installation.store("wandel")

    zeile = umgerechnet(store, "testquote", date(2021, 12, 31))["W-05"]
    assert (zeile.zaehler, zeile.nenner, zeile.anteil_aufgeteilt) == (100, 1010, 0)
    assert umgerechnet(store, "testquote", date(2021, 12, 31))["W-01"].zaehler == 121
    kreis = store.read_reihe("testquote", ["W"]).set_index("stichtag").loc[date(2021, 12, 31)]
    assert (kreis.zaehler, kreis.nenner) == (sum(SPAETER.values()), sum(EINWOHNER_NEU.values()))
    alles = store.read_alles()
    schluessel = ["kennzahl_id", "ebene", "raum_id", "gebietsstand", "stichtag"]
    assert not alles.duplicated(schluessel).any()


def test_a_gebietsstand_that_does_not_exist(tmp_path):
    fehler = (
        mit_alten_schluesseln(tmp_path / "daten", sgb2="gebietsstand = 2016-01-01")
        .run("laden", "--gebiet", "wandel", erwarte=30)
        .stderr
    )

    assert "Einen Gebietsstand ab 01.01.2016 hat »wandel« nicht" in fehler and "2015-01-01, 2020-01-01" in fehler


# --- properties ---


def baue_zahlen(werte: dict[str, float], *, merkmal: str = "m", status: dict[str, str] | None = None) -> Zahlen:
    index = pd.DataFrame(
        {"raum_id": list(werte), "gebietsstand": "2015-01-01", "stichtag": TAG, "ebene": "q", "rest": False}
    )
    wert = pd.DataFrame({merkmal: list(werte.values())}, dtype=float)
    stati = pd.DataFrame({merkmal: [(status or {}).get(r, "offen") for r in werte]}, dtype=object)
    return Zahlen(("k", "q"), index, wert.where(stati.isin(["offen", "unsicher"])), stati)


def baue_gewichte(paare: list[tuple[str, str, float]]) -> pd.DataFrame:
    neue = sorted({neu for _, neu, _ in paare})
    raeume = pd.DataFrame(
        [("k", "2020-01-01", "k", None, False, "2020-01-01")]
        + [(r, "2020-01-01", "q", "k", False, "2020-01-01") for r in neue],
        columns=["raum_id", "gebietsstand", "ebene", "eltern_id", "rest", "zuschnitt"],
    )
    tabelle = pd.DataFrame(paare, columns=["raum_alt", "raum_neu", "anteil"])
    return build_gewichte({"2015-01-01": tabelle}, raeume, ("k", "q"))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.floats(0, 1e6), min_size=2, max_size=8),
    st.lists(st.lists(st.floats(0.001, 1), min_size=3, max_size=3), min_size=8, max_size=8),
)
def test_totals_survive_the_conversion(werte, roh):
    alte = {f"A{i}": wert for i, wert in enumerate(werte)}
    paare = [(r, f"N{j}", a / sum(roh[i])) for i, r in enumerate(alte) for j, a in enumerate(roh[i])]

    neu = rechne_um(baue_zahlen(alte), baue_gewichte(paare), "2020-01-01", ["m"]).zahlen

    unten, oben = (neu.wert.loc[neu.index["ebene"] == ebene, "m"].sum() for ebene in ("q", "k"))
    assert unten == pytest.approx(sum(werte), rel=1e-9, abs=1e-9)
    assert oben == pytest.approx(sum(werte), rel=1e-9, abs=1e-9)


def test_shares_that_meet_again_on_the_level_above_are_whole_there():
    """A half to N0, half to N1, both in k: nothing is apportioned in k, all of it below."""
    neu = rechne_um(baue_zahlen({"A": 10}), baue_gewichte([("A", "N0", 0.5), ("A", "N1", 0.5)]), "2020-01-01", ["m"])
    anteil = dict(zip(neu.zahlen.index["raum_id"], neu.anteile["m"], strict=True))

    assert anteil == {"N0": 1, "N1": 1, "k": 0}


def test_an_unknown_share_is_larger_than_every_limit():
    neu = rechne_um(
        baue_zahlen({"A": 10}), baue_gewichte([("A", "N0", np.nan), ("A", "N1", np.nan)]), "2020-01-01", ["m"]
    )

    assert list(neu.anteile["m"][neu.zahlen.index["ebene"] == "q"]) == [UNBEKANNT, UNBEKANNT]
    assert list(neu.zahlen.wert["m"][neu.zahlen.index["ebene"] == "k"]) == [10]  # both halves lie in k


@pytest.mark.parametrize(
    ("status", "erwartet"),
    [
        ({"B": "unsicher"}, "unsicher"),
        ({"B": "nicht_geliefert"}, "nicht_geliefert"),
        ({"A": "nicht_geliefert", "B": "gesperrt_quelle"}, "gesperrt_quelle"),
        ({"A": "gesperrt_quelle", "B": "gesperrt"}, "gesperrt"),
    ],
)
def test_the_strictest_status_of_all_parts_decides(status, erwartet):
    zahlen = baue_zahlen({"A": 10, "B": 20}, status=status)
    neu = rechne_um(zahlen, baue_gewichte([("A", "N", 1), ("B", "N", 1)]), "2020-01-01", ["m"]).zahlen

    assert list(neu.status["m"]) == [erwartet, erwartet]
    assert neu.wert["m"].notna().all() == (erwartet == "unsicher")


def test_an_old_raum_without_a_row_makes_no_zero():
    neu = rechne_um(baue_zahlen({"A": 10}), baue_gewichte([("A", "N", 1), ("B", "N", 1)]), "2020-01-01", ["m"]).zahlen

    assert set(neu.status["m"]) == {"nicht_geliefert"} and neu.wert["m"].isna().all()
