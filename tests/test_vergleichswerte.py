"""Compared with the Land; standardised rates; definitions that may not change in silence. Through the command line."""

import json
import shutil
from datetime import date

import numpy as np
import pandas as pd
import pytest
from openpyxl import load_workbook

from geodata.fehler import GebietError, KatalogError
from geodata.gebiet import read_gebiet
from indicators.bericht.tabellen import write_ansicht_csv, write_ansicht_xlsx
from indicators.bericht.urteile import satz_aussen
from indicators.bericht.vergleich import write_vergleich_csv
from indicators.fassungswechsel import build_rechnung, check_fassungen
from indicators.intervall import byar
from indicators.kennzahl import read_kennzahlen
from indicators.standardisierung import direkt
from indicators.vergleich import dobson
from indicators.vergleichswerte import read_vergleichswerte
from tests.conftest import Installation, build_kleinkreis

TAG, SPAETER = date(2022, 12, 31), date(2023, 12, 31)
KOPF = "bezug;kennzahl;stichtag;wert;zaehler;nenner;quelle"
WERTE = f"""{KOPF}
Musterland;sgb2_quote;31.12.2022;16,51;1651;10000;Landesamt, erfunden
Bund;sgb2_quote;31.12.2022;30;;;Bundesamt, erfunden
Musterland;anteil_krank;2022-12-31;9,0;;;Landesamt, erfunden
"""
# Cases of two age groups: Altstadt 310 of 3,100 and 140 of 700; Weiler has 7 in all.
FAELLE = """Schlüssel;jung;alt
99001-01;310;140
99001-02;129;52
99001-03;60;31
99001-04;3;4
"""
QUELLE = """titel = "Fälle nach Alter"
gebiet = ["kleinkreis"]
herausgeber = "erfunden"
lizenz = "CC0"
ebene = "quartier"
[datei]
muster = "faelle_{stichtag:%Y}.csv"
trennzeichen = ";"
kopf = "Schlüssel"
[raum]
spalte = "Schlüssel"
[spalten]
"jung" = "krank_jung"
"alt" = "krank_alt"
[merkmale]
krank_jung = { titel = "Kranke unter der Regelaltersgrenze", einheit = "Personen", recht = "keins" }
krank_alt = { titel = "Kranke ab der Regelaltersgrenze", einheit = "Personen", recht = "keins" }
"""
KENNZAHL = """titel = "Krankenstand, standardisiert"
kurz = "Krankenstand"
thema = "gesundheit"
art = "standardisiert"
zaehler = ["krank_jung", "krank_alt"]
nenner = ["bev_unter_rag", "bev_ab_rag"]
gewichte = [8, 2]
pro = 100
einheit = "%"
polaritaet = "belastung"
quelle = "erfunden"
lesart = "Von 100 Menschen wären {wert} krank."
definition = "Krankenstand der Altersgruppen, gewichtet."
[beispiel]
krank_jung = 10
krank_alt = 20
bev_unter_rag = 100
bev_ab_rag = 100
ergebnis = 12.0
"""


def lege_an(daten) -> Installation:
    """A Kleinkreis with benchmarks and a standardised Kennzahl, loaded and published."""
    installation = build_kleinkreis(daten)
    katalog = daten / "katalog"
    (katalog / "kennzahlen").mkdir()
    (katalog / "quellen" / "kk_faelle.toml").write_text(QUELLE, encoding="utf-8")
    (katalog / "kennzahlen" / "anteil_krank.toml").write_text(KENNZAHL, encoding="utf-8")
    (katalog / "gebiete" / "kleinkreis" / "vergleichswerte.csv").write_text(WERTE, encoding="utf-8-sig")
    eingang = daten / "kleinkreis" / "eingang" / "kk_faelle"
    eingang.mkdir()
    (eingang / "faelle_2022.csv").write_text(FAELLE, encoding="utf-8")
    installation.run("laden", "--gebiet", "kleinkreis")
    installation.run("veroeffentlichen", "--gebiet", "kleinkreis")
    return installation


@pytest.fixture(scope="module")
def kreis(tmp_path_factory) -> Installation:
    """Read only."""
    return lege_an(tmp_path_factory.mktemp("vergleich") / "daten ä")


@pytest.fixture
def eigener(kreis, tmp_path) -> Installation:
    """A copy that may be changed."""
    return Installation(shutil.copytree(kreis.daten, tmp_path / "daten"))


# --- the benchmark outside -----------------------------------------------------------------------


def tafel(installation, kennzahl, ebene="quartier", tag=TAG) -> pd.DataFrame:
    return installation.store("kleinkreis").read_auswertung(kennzahl, ebene, tag).set_index("name")


def test_values_are_compared_with_the_first_place_of_the_file(kreis):
    df = tafel(kreis, "sgb2_quote")

    assert df.loc[["Altstadt", "Bahnhof"], "bezug_wert"].tolist() == pytest.approx([16.51, 16.51])  # 1,651 of 10,000
    # Altstadt: 731 of 3,100 = 23.6 %, Weiler 2.9 %: above and below also at 99.8 %
    assert df.loc["Altstadt", ["bezug_urteil", "bezug_streng"]].tolist() == ["hoeher", "hoeher"]
    assert df.loc["Südhang", "bezug_urteil"] == "niedriger"
    assert kreis.store("kleinkreis").stand.bezug == "Musterland"
    # The whole Gebiet, too: 1,235 of 7,480 = 16.51 %, with which nobody inside could compare it
    stadt = tafel(kreis, "sgb2_quote", "kommune").loc["Kleinstadt"]
    assert (stadt["rest_grund"], stadt["bezug_grund"], stadt["bezug_urteil"]) == ("kein_bezug", "", "aehnlich")


def test_a_stichtag_without_benchmark_says_so_and_a_hidden_value_stays_hidden(kreis):
    df = tafel(kreis, "sgb2_quote", tag=SPAETER)

    assert df["bezug_wert"].isna().all() and df["bezug_urteil"].isna().all()
    assert df.loc[df["status"] == "offen", "bezug_grund"].eq("kein_vergleichswert").all()
    assert df.loc[df["status"] == "gesperrt", "bezug_grund"].eq("gesperrt").all()
    assert (df["status"] == "gesperrt").any()


def test_sentences_and_exports_name_the_place(kreis, tmp_path):
    store = kreis.store("kleinkreis")
    eintrag = store.eintrag("sgb2_quote")
    zeilen = {z.name: z for z in store.read_auswertung("sgb2_quote", "quartier", TAG).itertuples()}

    assert satz_aussen(store, eintrag, zeilen["Altstadt"]) == (
        "Altstadt liegt mit 23,6\u00a0% über dem Wert von Musterland (16,5\u00a0%). "
        "Das steht für eine höhere Belastung."
    )
    (tmp_path / "a.xlsx").write_bytes(write_ansicht_xlsx(store, "sgb2_quote", "quartier", TAG))
    reihen = list(load_workbook(tmp_path / "a.xlsx")["Daten"].iter_rows(values_only=True))
    kopf = next(r for r in reihen if r[0] == "Schlüssel")
    altstadt = dict(zip(kopf, next(r for r in reihen if r[1] == "Altstadt"), strict=True))
    assert altstadt["Musterland"] == pytest.approx(16.51)
    assert (altstadt["Gegenüber Musterland (95 %)"], altstadt["Gegenüber Musterland (99,8 %)"]) == ("höher", "höher")
    assert "Vergleichswerte Musterland" in write_ansicht_csv(store, "sgb2_quote", "quartier", TAG).decode("utf-8-sig")
    kreis.run("export", "--gebiet", "kleinkreis", "--freigabe", "oeffentlich", "--ziel", str(tmp_path))
    paket = json.loads(next(tmp_path.rglob("datapackage.json")).read_text(encoding="utf-8"))
    assert paket["bezug"] == "Musterland" and len(paket["vergleichswerte"]) == 3
    daten = pd.read_csv(next(tmp_path.rglob("kennzahlen_daten.csv")))
    da = daten[daten["bezug_wert"].notna()]
    assert set(da["kennzahl_id"]) == {"sgb2_quote", "anteil_krank"} and set(da["stichtag"]) == {"2022-12-31"}


def test_the_table_of_all_raeume_ends_with_the_place(kreis):
    tabelle = write_vergleich_csv(kreis.store("kleinkreis"), "quartier", ["sgb2_quote", "anteil_krank"], TAG)

    zeilen = [z.split(";") for z in tabelle.decode("utf-8-sig").splitlines()]
    (land,) = [z for z in zeilen if z[1:2] == ["Musterland (zum Vergleich)"]]
    assert land[2:] == ["16,5", "", "", "9,0", "", ""]


def test_the_api_tells_all_declared_benchmarks(kreis):
    from app import _create_server

    antwort = (
        _create_server(kreis.daten, "oeffentlich", wo="").test_client().get("/api/v1/kleinkreis/vergleichswerte.json")
    )
    assert antwort.json["bezug"] == "Musterland"
    bund = antwort.json["vergleichswerte"][1]
    assert (bund["bezug"], bund["kennzahl_id"], bund["stichtag"]) == ("Bund", "sgb2_quote", "2022-12-31")
    assert (bund["wert"], bund["zaehler"], bund["quelle"]) == (30, None, "Bundesamt, erfunden")


@pytest.mark.parametrize(
    ("zeile", "grund"),
    [
        ("L;sgb2_qote;31.12.2022;9;;;Q", "diese Kennzahl gibt es nicht; gemeint »sgb2_quote«?"),
        ("L;sgb2_quote;31.02.2022;9;;;Q", "»31.02.2022« ist kein Datum"),
        ("L;sgb2_quote;31.12.2022;9;;;", "quelle fehlt"),
        ("L;sgb2_quote;31.12.2022;9.4;;;Q", "wert »9.4« ist keine Zahl"),
        ("L;sgb2_quote;31.12.2022;9,4;93;1000;Q", "widerspricht zaehler und nenner: gerechnet 9,30 %"),
        ("L;sgb2_quote;31.12.2022;9,4;93;;Q", "zaehler und nenner gehören zusammen"),
        ("L;sgb2_quote;31.12.2022;;;;Q", "es fehlt die Zahl"),
        ("L;sgb2_quote;31.12.2022;;2000;1.000;Q", "passen nicht zusammen"),
        ("L;sgb2_quote;31.12.2022;101;;;Q", "ist nicht möglich"),
        ("L;bevoelkerung;31.12.2022;1000;;;Q", "Art »anzahl« wird nicht"),
        ("L;anteil_krank;31.12.2022;;1;10;Q", "gehört nur der wert"),
    ],
)
def test_the_check_names_the_line_and_what_is_wrong(zeile, grund, tmp_path, kreis):
    ordner = shutil.copytree(kreis.daten / "katalog" / "gebiete" / "kleinkreis", tmp_path / "kleinkreis")
    (ordner / "vergleichswerte.csv").write_text(f"{KOPF}\n{zeile}\n", encoding="utf-8")
    alle = read_kennzahlen() | read_kennzahlen(kreis.daten / "katalog" / "kennzahlen")
    with pytest.raises(GebietError) as fehler:
        read_vergleichswerte(read_gebiet(ordner), alle)
    assert "Zeile 2 (L" in str(fehler.value) and grund in str(fehler.value)


def test_pruefen_and_publishing_refuse_wrong_benchmarks(eigener):
    assert (
        "3 Vergleichswerte, verglichen wird mit Musterland" in eigener.run("pruefen", "--gebiet", "kleinkreis").stdout
    )
    pfad = eigener.daten / "katalog" / "gebiete" / "kleinkreis" / "vergleichswerte.csv"
    pfad.write_text(f"{WERTE}Musterland;sgb2_quote;2022-12-31;17;;;Q\n", encoding="utf-8")
    for befehl in ("pruefen", "veroeffentlichen"):
        fehler = eigener.run(befehl, "--gebiet", "kleinkreis", erwarte=10).stderr
        assert "vergleichswerte.csv, Zeile 5 (Musterland, sgb2_quote): steht schon in Zeile 2" in fehler
    pfad.write_text(f"{KOPF.replace('quelle', 'herkunft')}\n", encoding="utf-8")
    fehler = eigener.run("pruefen", "--gebiet", "kleinkreis", erwarte=10).stderr
    assert "es fehlen: quelle; unbekannt: herkunft" in fehler


# --- standardised rates --------------------------------------------------------------------------


def test_a_standardised_rate_is_compared_with_that_of_the_whole_gebiet(kreis):
    df = tafel(kreis, "anteil_krank")
    stadt = tafel(kreis, "anteil_krank", "kommune").loc["Kleinstadt"]

    # 0.8 · 310/3,100 + 0.2 · 140/700 = 12 %
    assert df.loc["Altstadt", "wert"] == pytest.approx(12)
    assert df.loc["Altstadt", "rest_wert"] == pytest.approx(stadt["wert"])
    assert df.loc["Altstadt", ["rest_urteil", "rest_streng", "bezug_urteil"]].tolist() == ["hoeher"] * 3
    assert df.loc["Bahnhof", "rest_urteil"] == "niedriger"
    assert df.loc["Altstadt", "gleiche_grund"] == "nicht_summierbar"
    assert df.loc["Altstadt", ["rang", "rang_von", "rang_bis"]].tolist() == [1, 1, 1]


def test_under_ten_cases_there_is_no_value_and_the_reason_is_said(kreis):
    weiler = tafel(kreis, "anteil_krank").loc["Weiler"]

    assert (weiler["status"], weiler["rest_grund"], weiler["bezug_grund"]) == (
        "nicht_definiert",
        "zu_wenig_faelle",
        "zu_wenig_faelle",
    )
    assert pd.isna(weiler["rest_urteil"]) and pd.isna(weiler["bezug_wert"])


@pytest.mark.parametrize("sicherheit", [0.95, 0.998])
def test_dobson_from_published_limits_equals_dobson_from_age_groups(sicherheit):
    faelle, menschen = np.array([[310, 140], [6, 5], [60, 31]]), np.array([[3100, 700], [600, 200], [1190, 310]])
    voll = direkt(faelle, menschen, [8, 2], pro=100)

    unten, oben = dobson(voll.wert, voll.oben, faelle.sum(1), sicherheit=sicherheit)
    genau = direkt(faelle, menschen, [8, 2], pro=100, sicherheit=sicherheit)
    np.testing.assert_allclose(unten, genau.unten)
    np.testing.assert_allclose(oben, genau.oben)
    # One age group is a plain rate: its limits are Byar's.
    einfach = direkt([[40]], [[1000]], [1], pro=100)
    unten, oben = dobson(einfach.wert, einfach.oben, [40], sicherheit=sicherheit)
    np.testing.assert_allclose([unten[0], oben[0]], np.array(byar(40, sicherheit=sicherheit)) / 10)


# --- definitions that may not change in silence --------------------------------------------------


def test_another_computation_needs_another_version(eigener):
    pfad = eigener.daten / "katalog" / "kennzahlen" / "anteil_krank.toml"
    anders = KENNZAHL.replace("gewichte = [8, 2]", "gewichte = [7, 3]").replace("= 12.0", "= 13.0")
    pfad.write_text(anders, encoding="utf-8")
    vorher = eigener.store("kleinkreis").stand.snapshot

    fehler = eigener.run("veroeffentlichen", "--gebiet", "kleinkreis", erwarte=30).stderr
    assert "Kennzahl »anteil_krank«: Die Berechnung hat sich geändert, die Fassung ist geblieben" in fehler
    assert "anteil_krank.toml, Schlüssel gewichte: bisher [2.0, 8.0], jetzt [3.0, 7.0]" in fehler
    assert "Einen neuen [[version]]-Eintrag mit Datum anlegen (nr = 2" in fehler
    assert eigener.store("kleinkreis").stand.snapshot == vorher

    version = '[[version]]\nnr = 1\ndefinition = "Gewichte 8 und 2."\n[[version]]\nnr = 2\nab = 2024-01-01\n'
    pfad.write_text(anders.replace("[beispiel]", f'{version}aenderung = "Gewichte 7 und 3."\n[beispiel]'), "utf-8")
    eigener.run("veroeffentlichen", "--gebiet", "kleinkreis")
    neu = tafel(eigener, "anteil_krank").loc["Altstadt", "wert"]
    assert neu == pytest.approx(13)  # 0.7 · 10 % + 0.3 · 20 %


def test_texts_drafts_and_what_is_not_confirmed_may_change(eigener):
    pfad = eigener.daten / "katalog" / "kennzahlen" / "anteil_krank.toml"
    anders = KENNZAHL.replace("[8, 2]", "[7, 3]").replace("= 12.0", "= 13.0").replace("der Altersgruppen", "nach Alter")
    pfad.write_text(f'bestaetigt = false\nbeleg = "noch offen"\n{anders}', encoding="utf-8")
    eigener.run("veroeffentlichen", "--gebiet", "kleinkreis")

    k = read_kennzahlen(pfad.parent)["anteil_krank"].model_copy(update={"bestaetigt": True})
    gezeigt = {"version": 1, "bestaetigt": True, "rechnung": build_rechnung(k)}
    check_fassungen({k.id: k.model_copy(update={"definition": "Anders gesagt."})}, {k.id: gezeigt})
    gedreht = k.model_copy(update={"pro": 1000})
    check_fassungen({k.id: gedreht.model_copy(update={"entwurf": True})}, {k.id: gezeigt})
    check_fassungen({k.id: gedreht}, {k.id: gezeigt | {"bestaetigt": False}})
    with pytest.raises(KatalogError, match="anders: pro"):
        check_fassungen({k.id: gedreht}, {k.id: gezeigt})


def test_a_snapshot_of_an_older_program_is_nothing_to_compare_with():
    alle = read_kennzahlen()
    check_fassungen(alle, {"sgb2_quote": {"version": 1, "bestaetigt": True}})


def test_the_order_of_summands_is_no_change_unless_they_have_weights():
    k = read_kennzahlen()["pflegequote_standardisiert"]
    gedreht = {f: tuple(reversed(getattr(k, f))) for f in ("zaehler", "nenner", "gewichte")}

    assert build_rechnung(k.model_copy(update=gedreht)) == build_rechnung(k)
    assert build_rechnung(k.model_copy(update={"gewichte": gedreht["gewichte"]})) != build_rechnung(k)
