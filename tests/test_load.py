import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pytest
from filelock import FileLock

import etl.bestand
from etl.bestand import entferne_lieferung, hole_lieferung_zurueck, list_lieferungen, read_befunde
from etl.load import finde_dateien, load
from etl.quelle import read_quellen
from geodata.fehler import LieferungError
from geodata.gebiet import read_gebiete
from tests.lieferungen import GUT, baue_gebiet, baue_quelle, schreibe

ETL = Path(__file__).parents[1] / "etl"


@pytest.fixture
def gebiet(tmp_path):
    return baue_gebiet(tmp_path / "gebiete")


@pytest.fixture
def lade(tmp_path, gebiet):
    """Load {file name: content} with the test profile (changed by `profil`) into one intern.duckdb."""

    def lade(dateien, *profil):
        quelle = baue_quelle(tmp_path / "quellen", *profil)
        pfade = [(quelle, schreibe(tmp_path / "eingang" / name, inhalt)) for name, inhalt in dateien.items()]
        return load(gebiet, {"sgb2": quelle}, pfade, tmp_path / "intern.duckdb")

    return lade


def gueltig(tmp_path, merkmal="sgb2_rlb"):
    sql = "SELECT stichtag, raum_id, wert FROM fallzahl_gueltig WHERE merkmal = ?"
    with duckdb.connect(str(tmp_path / "intern.duckdb"), read_only=True) as con:
        return {(str(s), r): w for s, r, w in con.execute(sql, [merkmal]).fetchall()}


def test_loading_the_same_twice_changes_nothing(lade, tmp_path):
    assert lade({"sgb2_2022.csv": GUT}).geladen == 1
    vorher = (tmp_path / "intern.duckdb").read_bytes()
    bericht = lade({"sgb2_2022.csv": GUT})
    assert bericht.text == "sgb2/sgb2_2022.csv: unverändert"
    assert (tmp_path / "intern.duckdb").read_bytes() == vorher


def test_a_changed_profile_reads_the_file_again(lade):
    lade({"sgb2_2022.csv": GUT})
    assert lade({"sgb2_2022.csv": GUT}, ('null = ["-"]', 'null = ["-", "–"]')).geladen == 1


def test_a_later_delivery_replaces_shows_the_difference_and_can_be_taken_back(lade, tmp_path):
    lade({"sgb2_2022.csv": GUT})
    neu = GUT.replace("410;300;110", "412;302;110").replace("1.742;1.287", "1.744;1.289")
    bericht = lade({"sgb2_2022_korrigiert.csv": neu})
    assert bericht.dateien[0].geaendert == {"sgb2_elb": 1, "sgb2_rlb": 1}
    assert "Nachlieferung, geänderte Werte – sgb2_elb: 1, sgb2_rlb: 1" in bericht.text
    assert gueltig(tmp_path)["2022-12-31", "05999008"] == 412

    ziel = tmp_path / "intern.duckdb"
    assert list(list_lieferungen(ziel)["gilt"]) == [False, True]
    entferne_lieferung(ziel, 2)
    assert gueltig(tmp_path)["2022-12-31", "05999008"] == 410
    assert list(list_lieferungen(ziel)["gilt"]) == [True, False]
    assert "früher zurückgenommen" in lade({"sgb2_2022_korrigiert.csv": neu}).text
    hole_lieferung_zurueck(ziel, 2)
    assert gueltig(tmp_path)["2022-12-31", "05999008"] == 412


def test_an_unknown_delivery_cannot_be_taken_back(lade, tmp_path):
    lade({"sgb2_2022.csv": GUT})
    with pytest.raises(LieferungError, match="Nummer 7 gibt es nicht"):
        entferne_lieferung(tmp_path / "intern.duckdb", 7)


@pytest.mark.parametrize("getrennt", [True, False])
def test_the_same_file_as_a_new_year_stops(lade, getrennt):
    with pytest.raises(LieferungError, match=r"identisch mit »sgb2_2022\.csv«") as fehler:
        if getrennt:
            lade({"sgb2_2022.csv": GUT})
            lade({"sgb2_2023.csv": GUT})
        else:
            lade({"sgb2_2022.csv": GUT, "sgb2_2023.csv": GUT})
    assert fehler.value.wo == "sgb2_2023.csv"


def test_each_stichtag_has_its_gebietsstand(lade, tmp_path):
    lade({"sgb2_2022.csv": GUT, "sgb2_2024.csv": GUT.replace("05999012", "05999016")})
    with duckdb.connect(str(tmp_path / "intern.duckdb"), read_only=True) as con:
        staende = con.execute("SELECT DISTINCT stichtag, gebietsstand FROM fallzahl ORDER BY 1").fetchall()
        raum = con.execute("SELECT gebietsstand, count(*), sum(rest::INT) FROM raum GROUP BY 1 ORDER BY 1").fetchall()
    assert staende == [(date(2022, 12, 31), "2015-01-01"), (date(2024, 12, 31), "2024-01-01")]
    assert raum == [("2015-01-01", 5, 1), ("2024-01-01", 5, 1)]


def test_a_jump_against_the_year_before_is_a_finding(lade, tmp_path):
    siebenfach = GUT.replace("84;84;-", "588;588;-").replace("1.742;1.287", "2.246;1.791")
    befunde = lade({"sgb2_2021.csv": GUT, "sgb2_2022.csv": siebenfach}).dateien[1].befunde
    assert [b.text for b in befunde if b.merkmal == "sgb2_rlb"] == [
        "»Leistungsberechtigte« in 05999012: von 84 auf 588 (31.12.2022). Stimmt das?"
    ]
    tabelle = read_befunde(tmp_path / "intern.duckdb")
    assert set(tabelle["regel"]) == {"sprung"}
    assert set(tabelle["datei"]) == {"sgb2_2022.csv"}


def test_two_sources_must_not_deliver_the_same_value(gebiet, tmp_path):
    eine = baue_quelle(tmp_path / "q", name="eine")
    andere = baue_quelle(tmp_path / "q", name="andere")
    datei = schreibe(tmp_path / "sgb2_2022.csv")
    with pytest.raises(LieferungError, match="Zwei Quellen liefern denselben Wert") as fehler:
        load(gebiet, {"eine": eine, "andere": andere}, [(eine, datei), (andere, datei)], tmp_path / "intern.duckdb")
    assert "»andere« und »eine«" in fehler.value.wo
    assert not (tmp_path / "intern.duckdb").exists()


def test_files_are_found_by_folder_and_muster(gebiet, tmp_path):
    quellen = {"sgb2": baue_quelle(tmp_path / "quellen")}
    eingang = tmp_path / "eingang"
    assert finde_dateien(gebiet, quellen, eingang) == []
    for name in ("sgb2_2022.csv", "sgb2_2021.csv", ".DS_Store", "~$sgb2_2022.csv"):
        schreibe(eingang / "sgb2" / name)
    assert [p.name for _, p in finde_dateien(gebiet, quellen, eingang)] == ["sgb2_2021.csv", "sgb2_2022.csv"]

    schreibe(eingang / "sgb2" / "SGB II 2020.csv")
    with pytest.raises(LieferungError, match="Dateiname passt nicht") as fehler:
        finde_dateien(gebiet, quellen, eingang)
    assert "sgb2/SGB II 2020.csv" in fehler.value.wo
    assert "»sgb2_{stichtag:%Y}*.csv«" in fehler.value.tun


def test_a_folder_without_profile_is_named(gebiet, tmp_path):
    schreibe(tmp_path / "eingang" / "wohngeld" / "w.csv")
    with pytest.raises(LieferungError, match="»wohngeld« gibt es im Gebiet »test« kein Quellenprofil") as fehler:
        finde_dateien(gebiet, {"sgb2": baue_quelle(tmp_path / "q")}, tmp_path / "eingang")
    assert "sgb2" in fehler.value.tun


def test_a_second_loader_is_told_to_wait(lade, tmp_path, monkeypatch):
    monkeypatch.setattr(etl.bestand, "WARTEN", 0.1)
    with FileLock(str(tmp_path / "intern.duckdb.lock")), pytest.raises(LieferungError, match="Ein anderer Vorgang"):
        lade({"sgb2_2022.csv": GUT})


GROSS = """
import sys
from pathlib import Path
from etl.load import load
from etl.quelle import read_quelle
from geodata.gebiet import read_gebiet
wurzel = Path(sys.argv[1])
gebiet, quelle = read_gebiet(wurzel / "gebiete" / "test"), read_quelle(wurzel / "gross.toml")
load(gebiet, {"gross": quelle}, [(quelle, wurzel / "gross.csv")], wurzel / "intern.duckdb",
     melde=lambda done, total, text: print(text, flush=True))
print("fertig", flush=True)
"""
GROSSES_PROFIL = """
titel = "Groß"
gebiet = ["test"]
herausgeber = "erfunden"
lizenz = "erfunden"
ebene = "kommune"
[datei]
muster = "gross.csv"
[raum]
spalte = "AGS"
[stichtag]
spalte = "Tag"
format = "%Y-%m-%d"
[spalten]
"Fälle" = "faelle"
[merkmale]
faelle = { titel = "Fälle", einheit = "Personen", recht = "keins" }
"""


@pytest.mark.parametrize("zeile", ["gross/gross.csv", "Schreiben"])
def test_kill_9_during_load_leaves_the_old_state_and_the_next_run_cleans_up(lade, gebiet, tmp_path, zeile):
    lade({"sgb2_2022.csv": GUT})
    vorher = (tmp_path / "intern.duckdb").read_bytes()
    quelle = baue_quelle(tmp_path, profil=GROSSES_PROFIL, name="gross")
    tage = (date.fromordinal(date(1900, 1, 1).toordinal() + i).isoformat() for i in range(12_000))
    inhalt = "".join(f"05999{k};{tag};{i}\n" for i, tag in enumerate(tage) for k in ("004", "008", "012"))
    schreibe(tmp_path / "gross.csv", "AGS;Tag;Fälle\n" + inhalt.replace("05999012;2024", "05999012;1024"), "utf-8")

    lader = subprocess.Popen(
        [sys.executable, "-c", GROSS, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ETL.parent
    )
    for meldung in lader.stdout:
        if meldung.strip() == zeile:
            lader.send_signal(signal.SIGKILL)
            break
    assert lader.wait(60) == -signal.SIGKILL
    assert (tmp_path / "intern.duckdb").read_bytes() == vorher

    assert load(gebiet, {"gross": quelle}, [(quelle, tmp_path / "gross.csv")], tmp_path / "intern.duckdb").geladen == 1
    assert sorted(p.name for p in tmp_path.glob("intern*")) == ["intern.duckdb", "intern.duckdb.lock"]


# ---------------------------------------------------------------- the shipped deliveries


@pytest.fixture(scope="module")
def beispiele(tmp_path_factory):
    """intern.duckdb of every example territory, loaded as `demo` does."""
    ordner, quellen, gebiete = tmp_path_factory.mktemp("daten"), read_quellen(ETL / "quellen"), read_gebiete()
    berichte = {}
    for gebiet_id in ("flensburg", "nrw", "rhein_sieg"):
        gebiet = gebiete[gebiet_id]
        dateien = finde_dateien(gebiet, quellen, ETL / "beispiel" / gebiet_id)
        berichte[gebiet_id] = load(gebiet, quellen, dateien, ordner / f"{gebiet_id}.duckdb")
    return ordner, berichte


def frage(beispiele, gebiet_id, sql):
    with duckdb.connect(str(beispiele[0] / f"{gebiet_id}.duckdb"), read_only=True) as con:
        return con.execute(sql).fetchall()


def test_flensburg_grundsicherung_2021_is_mended(beispiele):
    # Altstadt as delivered: 245 + 158 (in truth those of the Rest-Raum), mended 61 + 49 = 110 = 55 + 55
    sql = """SELECT merkmal, wert, zeile FROM fallzahl_gueltig
             WHERE stichtag = '2021-12-31' AND raum_id = '{}' AND merkmal LIKE 'sgb12_gsi%'"""
    altstadt = {m: (w, z) for m, w, z in frage(beispiele, "flensburg", sql.format("FL01"))}
    assert altstadt["sgb12_gsi_m"] == (61, 3)
    assert altstadt["sgb12_gsi_w"] == (49, 3)
    assert altstadt["sgb12_gsi"] == (110, None)
    rest = {m: w for m, w, _ in frage(beispiele, "flensburg", sql.format("FL99"))}
    assert (rest["sgb12_gsi_m"], rest["sgb12_gsi_w"], rest["sgb12_gsi"]) == (245, 158, 337 + 66)


def test_flensburg_age_groups_that_do_not_add_up_are_reported(beispiele):
    befunde = [b for e in beispiele[1]["flensburg"].dateien for b in e.befunde if b.regel == "summe"]
    assert len(befunde) == 12
    erster = next(b for b in befunde if b.raum == "FL11")
    assert "2.246 + 8.303 + 4.187 = 14.736 statt 14.740 (FL11, 31.12.2017)" in erster.text
    assert (erster.gefunden, erster.erwartet) == ("14.740", "2.246 + 8.303 + 4.187 = 14.736")


def test_nrw_totals_are_checked_and_the_pflegequote_can_be_recomputed(beispiele):
    assert frage(beispiele, "nrw", "SELECT count(DISTINCT raum_id) FROM fallzahl") == [(53,)]
    # Land Nordrhein-Westfalen 2019 as printed: 964.987, of them 358.663 men
    sql = "SELECT sum(wert)::INT FROM fallzahl_gueltig WHERE stichtag = '2019-12-31' AND merkmal = '{}'"
    assert frage(beispiele, "nrw", sql.format("pflegebeduerftige")) == [(964987,)]
    assert frage(beispiele, "nrw", sql.format("pflegebeduerftige_m")) == [(358663,)]
    ((pflege, einwohner),) = frage(
        beispiele,
        "nrw",
        "SELECT sum(wert) FILTER (merkmal = 'pflegebeduerftige'), sum(wert) FILTER (merkmal = 'fs_gesamt') "
        "FROM fallzahl_gueltig WHERE stichtag = '2019-12-31' AND raum_id = '05382'",
    )
    # INKAR publishes the same rate for the same Kreis and year
    inkar = "SELECT wert FROM fallzahl_gueltig WHERE merkmal = 'inkar_pflegequote' AND stichtag = '2019-12-31'"
    assert frage(beispiele, "rhein_sieg", inkar) == [(pytest.approx(pflege / einwohner * 100, abs=0.005),)]


def test_nrw_a_column_of_fillers_is_not_zero(beispiele):
    sql = "SELECT DISTINCT year(stichtag) FROM fallzahl_gueltig WHERE merkmal = 'pflege_teilstationaer'"
    assert frage(beispiele, "nrw", sql) == [(2015,)]


def test_rhein_sieg_is_complete(beispiele):
    sql = """SELECT merkmal, count(DISTINCT stichtag), count(*), count(*) FILTER (status <> 'offen')
             FROM fallzahl_gueltig GROUP BY 1"""
    anzahl = {m: rest for m, *rest in frage(beispiele, "rhein_sieg", sql)}
    assert anzahl["al_gesamt"] == [24, 24 * 19, 0]
    assert anzahl["bev_15_64"] == [21, 21 * 19, 0]
    assert anzahl["inkar_kinderarmut"] == [7, 2 * 19 + 7, 0]  # Kommunen 2021–2022, Kreis 2016–2022
    assert anzahl["gisd_score"] == [24, 24 * 19, 0]


def test_the_example_deliveries_stay_small(beispiele):
    groesse = sum(p.stat().st_size for g in beispiele[1] for p in (ETL / "beispiel" / g).rglob("*") if p.is_file())
    assert groesse < 1_500_000


def test_a_total_that_was_not_delivered_is_filled_from_its_parts(tmp_path):
    """Flensburg names only the parts of the unassigned: 53 erwerbsfähig + 4 unter 15 = 57 RLB in 2021."""
    gebiet = read_gebiete()["flensburg"]
    quellen = read_quellen(ETL / "quellen")
    ordner = ETL / "beispiel" / "flensburg" / "fl_sgb2"
    ziel = tmp_path / "intern.duckdb"
    load(gebiet, quellen, [(quellen["fl_sgb2"], datei) for datei in sorted(ordner.iterdir())], ziel)
    with duckdb.connect(str(ziel), read_only=True) as con:
        zeilen = con.execute(
            "SELECT wert, status, spalte FROM fallzahl_gueltig "
            "WHERE raum_id = 'FL99' AND merkmal = 'sgb2_rlb' AND stichtag = DATE '2021-12-31'"
        ).fetchall()
    assert zeilen == [(57.0, "offen", "berechnet")]
