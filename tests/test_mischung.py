"""The view of a Kommune: `kommune` inside, `oeffentlich` elsewhere, everywhere the same cells, never one more."""

import gzip
import json

import duckdb
import numpy as np
import pandas as pd
import pytest

from indicators import wertdatei
from indicators.mischung import Sicht
from indicators.store import AUSWERTUNG, Store, ZuLange, find_aktuell
from tests.hilfe_zugang import QUARTIERE

INNEN = ("99002",)
SCHLUESSEL = ["kennzahl_id", "ebene", "raum_id", "gebietsstand", "stichtag"]


@pytest.fixture(scope="module")
def ordner(torkreis):
    return find_aktuell(torkreis.daten, "torkreis")


@pytest.fixture(scope="module")
def profile(ordner):
    return {p: Store.open(ordner, p) for p in ("kreis", "kommune", "oeffentlich")}


@pytest.fixture(scope="module")
def gemischt(ordner):
    return Store.open_sicht(ordner, Sicht("oeffentlich", frozenset(INNEN), titel="Bedorf"))


def zellen(store) -> pd.DataFrame:
    """The values; comparisons between Räume are another matter, see test_auswertung."""
    return store.read_alles().drop(columns=list(AUSWERTUNG)).set_index(SCHLUESSEL).sort_index()


def ist_innen(tafel: pd.DataFrame) -> np.ndarray:
    return tafel.index.get_level_values("raum_id").str.startswith("99002")


def test_every_cell_comes_from_its_side(gemischt, profile):
    misch, innen, aussen = zellen(gemischt), zellen(profile["kommune"]), zellen(profile["oeffentlich"])

    assert misch.index.equals(aussen.index) and misch.index.equals(innen.index)
    drin = ist_innen(misch)
    pd.testing.assert_frame_equal(misch[drin], innen[drin])
    pd.testing.assert_frame_equal(misch[~drin], aussen[~drin])
    assert not misch.equals(innen) and not misch.equals(aussen)  # otherwise this proves nothing


def test_no_cell_is_open_that_the_inner_profile_hides(gemischt, profile):
    misch, innen = zellen(gemischt)["wert"], zellen(profile["kommune"])["wert"]

    offen = misch.notna()
    assert innen[offen].notna().all()
    assert (innen.notna() & ~offen).any()  # and it does hide some that `kommune` shows
    pd.testing.assert_series_equal(misch[offen], innen[offen])


def test_two_kommunen_of_one_person_are_both_inside(ordner, profile):
    beide = zellen(Store.open_sicht(ordner, Sicht("oeffentlich", frozenset({"99002", "99003"}))))
    innen = zellen(profile["kommune"])
    drin = beide.index.get_level_values("raum_id").str.startswith(("99002", "99003"))

    pd.testing.assert_frame_equal(beide[drin], innen[drin])
    assert beide["status"].eq("gesperrt").sum() > innen["status"].eq("gesperrt").sum()


def read_datei(store, name: str) -> tuple[dict, bytes]:
    return wertdatei.read_behaelter(store.datei_inhalt(name))


def test_map_files_show_exactly_what_the_table_shows(gemischt):
    for eintrag in gemischt.katalog():
        for ebene in eintrag.ebenen:
            werte = gemischt.read_werte(eintrag.id, ebene)
            raeume = gemischt.raeume(ebene).sort_values(["rest", "nr"])["raum_id"].tolist()
            for teil in gemischt.karten_teile(eintrag.id, ebene):
                kopf, rumpf = read_datei(gemischt, teil["wert"])
                soll = werte.pivot(index="stichtag", columns="raum_id", values="wert").reindex(columns=raeume)
                ist = np.frombuffer(rumpf, "<f4").reshape(len(kopf["stichtage"]), kopf["anzahl"])
                np.testing.assert_allclose(ist, soll.to_numpy(float), rtol=1e-6)
                unsicher = werte.pivot(index="stichtag", columns="raum_id", values="status").reindex(columns=raeume)
                assert kopf["unsicher"] == np.flatnonzero(unsicher.to_numpy() == "unsicher").tolist()
                _, grenzen = read_datei(gemischt, teil["grenzen"])
                unten = werte.pivot(index="stichtag", columns="raum_id", values="unten").reindex(columns=raeume)
                np.testing.assert_allclose(
                    np.frombuffer(grenzen, "<f4").reshape(2, *unten.shape)[0], unten.to_numpy(float), rtol=1e-6
                )


def test_a_hidden_number_of_the_other_kommunen_is_in_no_byte_of_the_map(gemischt, profile):
    name = gemischt.karten_teile("testquote12", "quartier")[0]["wert"]
    bits = np.frombuffer(read_datei(gemischt, name)[1], "<u4").reshape(2, len(QUARTIERE))
    aussen = np.array([not q.startswith("99002") for q in QUARTIERE])
    leer = np.isnan(bits.view("<f4"))

    assert leer[:, aussen].any() and not leer[:, ~aussen].all()
    assert set(bits[leer].tolist()) <= {wertdatei.QUIET_NAN | code for code in wertdatei.STATUS_CODE.values()}


def test_mixed_files_have_names_of_their_own(gemischt, profile, ordner):
    namen = {teil["wert"] for teil in gemischt.karten_teile("testquote12", "quartier")}
    fremde = {t["wert"] for p in profile.values() for t in p.karten_teile("testquote12", "quartier")}
    andere = Store.open_sicht(ordner, Sicht("oeffentlich", frozenset({"99003"})))

    assert not namen & fremde
    assert not namen & {t["wert"] for t in andere.karten_teile("testquote12", "quartier")}
    assert not any((ordner / f"werte_{p}" / n).exists() for p in profile for n in namen)
    for store in (profile["oeffentlich"], andere):
        assert all(store.datei_inhalt(n) is None for n in namen)
    assert all(gemischt.datei_inhalt(n) is None for n in fremde)  # the differing files of the profiles themselves


def test_nothing_else_can_be_reached_from_the_mixture(gemischt, ordner):
    con = gemischt._verbindung.cursor()
    for frage in (
        f"ATTACH '{ordner}/kommune.duckdb' AS k (READ_ONLY)",
        f"SELECT * FROM read_blob('{ordner}/kommune.duckdb')",
        "SELECT * FROM innen.kennzahl",
        "SET enable_external_access = true",
    ):
        with pytest.raises(duckdb.Error):
            con.execute(frage)


def test_counts_and_findings_are_the_public_ones(gemischt, profile):
    aussen = profile["oeffentlich"]

    pd.testing.assert_frame_equal(gemischt.schutz(), aussen.schutz())
    pd.testing.assert_frame_equal(gemischt.befunde(), aussen.befunde())
    pd.testing.assert_frame_equal(gemischt.lieferungen(), aussen.lieferungen())
    assert gemischt.zertifikat == aussen.zertifikat
    assert gemischt.stand.schutz_fassung == aussen.stand.freigabe_titel
    assert gemischt.stand.freigabe_titel == "Bedorf" and gemischt.stand.wasserzeichen


def test_class_edges_hold_every_visible_value_and_no_other(gemischt, profile):
    for eintrag in gemischt.katalog():
        for ebene in eintrag.ebenen:
            werte = gemischt.read_werte(eintrag.id, ebene)["wert"].dropna()
            kanten = gemischt.klassen(eintrag.id, ebene)
            assert werte.empty or (kanten[0] <= werte.min() and werte.max() <= kanten[-1])
            oeffentlich = profile["oeffentlich"].klassen(eintrag.id, ebene)
            if oeffentlich:
                assert kanten[1:-1] == oeffentlich[1:-1]


def test_a_level_that_only_the_inner_profile_has_is_shown_inside_alone(ordner, tmp_path):
    """As if `oeffentlich` left the Quotient of the Quartiere out altogether."""
    kopie = tmp_path / "stand"
    kopie.mkdir()
    for teil in ordner.iterdir():
        if teil.name != "oeffentlich.duckdb":
            (kopie / teil.name).symlink_to(teil, target_is_directory=teil.is_dir())
    (kopie / "oeffentlich.duckdb").write_bytes((ordner / "oeffentlich.duckdb").read_bytes())
    with duckdb.connect(str(kopie / "oeffentlich.duckdb")) as con:
        for tabelle in ("kennzahl", "datei", "klasse"):
            con.execute(f"DELETE FROM {tabelle} WHERE kennzahl_id = 'testquote12' AND ebene = 'quartier'")
    store = Store.open_sicht(kopie, Sicht("oeffentlich", frozenset(INNEN)))

    werte = store.read_werte("testquote12", "quartier")
    assert set(werte["eltern_id"]) == {"99002"} and werte["wert"].notna().any()
    kanten = store.klassen("testquote12", "quartier")
    assert kanten[0] <= werte["wert"].min() and werte["wert"].max() <= kanten[-1]
    name = store.karten_teile("testquote12", "quartier")[0]["wert"]
    bits = np.frombuffer(read_datei(store, name)[1], "<u4").reshape(2, len(QUARTIERE))
    aussen = np.array([not q.startswith("99002") for q in QUARTIERE])
    assert (bits[:, aussen] == wertdatei.QUIET_NAN | wertdatei.STATUS_CODE["gesperrt"]).all()


def test_a_query_that_runs_away_is_interrupted(profile):
    store = Store.open_sicht(profile["kreis"]._ordner, Sicht("kreis"))
    store.sekunden = 0.2
    with pytest.raises(ZuLange):
        store._frage("SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE (a.range * b.range) % 7 = 3")
    store.sekunden = 20
    assert len(store.katalog()) == 3  # and the connection goes on


def test_files_of_other_lengths_are_never_mixed():
    def behaelter(anzahl):
        kopf = {"version": 1, "stichtage": ["2022-12-31"], "anzahl": anzahl, "rest": [], "unsicher": []}
        return gzip.compress(wertdatei.pack_behaelter(kopf, np.zeros(anzahl, "<f4").tobytes()))

    with pytest.raises(ValueError, match="differ"):
        wertdatei.mische_behaelter(behaelter(3), behaelter(4), np.array([True, False, False]))
    gut = wertdatei.mische_behaelter(behaelter(3), behaelter(3), np.array([True, False, False]))
    assert json.loads(gzip.decompress(gut)[4:].split(b"}")[0] + b"}")["anzahl"] == 3
