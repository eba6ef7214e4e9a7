"""The invented Musterkreis: reproducible, labelled as invented, consistent, and with the errors it promises."""

import zipfile
from datetime import date
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import load_workbook

from etl.beispiel.erzeuge_musterkreis import erzeuge
from etl.gruppen import pruefe_lieferung
from etl.load import finde_dateien, load
from etl.quelle import read_quellen
from geodata.fehler import LieferungError
from geodata.gebiet import read_gebiete
from geodata.geometrie import check_gebiet, read_geometrie

WURZEL = Path(__file__).parent.parent
GEBIET = WURZEL / "geodata" / "gebiete" / "musterkreis"
LIEFERUNGEN = WURZEL / "etl" / "beispiel" / "musterkreis"
QUELLEN = read_quellen(WURZEL / "etl" / "quellen")
DATEIEN = sorted(p for p in LIEFERUNGEN.rglob("*") if p.is_file())


MUSTERKREIS = read_gebiete()["musterkreis"]


@pytest.fixture
def gebiet():
    return MUSTERKREIS


@cache
def read(datei: str, *, korrigiert: bool = True):
    """One delivery as it is loaded; without its declared corrections if asked."""
    pfad = LIEFERUNGEN / datei
    quelle = QUELLEN[pfad.parent.name]
    return pruefe_lieferung(pfad, quelle if korrigiert else quelle.model_copy(update={"korrektur": ()}), MUSTERKREIS)


def werte(lieferung) -> pd.DataFrame:
    """Raum × Merkmal of one Stichtag."""
    return lieferung.frame.pivot(index="raum_id", columns="merkmal", values="wert")


def inhalt(pfad: Path):
    """Bytes; of a workbook its parts, since compression may differ from machine to machine."""
    if pfad.suffix != ".xlsx":
        return pfad.read_bytes()
    with zipfile.ZipFile(pfad) as archiv:
        return [(e.filename, e.date_time, archiv.read(e)) for e in archiv.infolist()]


# ---------------------------------------------------------------- files


def test_generator_reproduces_the_files(tmp_path):
    erzeuge(tmp_path)

    neu = {p.relative_to(tmp_path): inhalt(p) for p in tmp_path.rglob("*") if p.is_file()}
    eingecheckt = [*DATEIEN, *(p for p in GEBIET.iterdir() if p.name != "gebiet.toml")]
    alt = {p.relative_to(WURZEL): inhalt(p) for p in eingecheckt}
    assert sorted(neu) == sorted(alt)
    assert [str(p) for p in neu if neu[p] != alt[p]] == []


def test_every_delivery_says_that_it_is_invented(gebiet):
    assert gebiet.erfunden and "erfunden" in gebiet.hinweis
    assert len(DATEIEN) <= 90
    assert sum(p.stat().st_size for p in DATEIEN) < 4.5e6
    for pfad in DATEIEN:
        assert "erfundene Daten" in read_text(pfad), pfad.name
    for pfad in GEBIET.glob("*.geojson"):
        assert "erfundene Daten" in pfad.read_text(encoding="utf-8")[:200]


def read_text(pfad: Path) -> str:
    """All texts of a delivery: of a workbook those of the visible table too, not only of the cover."""
    if pfad.suffix != ".xlsx":
        return pfad.read_bytes().decode("utf-8" if pfad.parent.name == "mk_haushalte" else "cp1252", "replace")
    mappe = load_workbook(pfad, read_only=True)
    blaetter = [[z for zeile in blatt.iter_rows(values_only=True) for z in zeile] for blatt in mappe.worksheets]
    texte = [" ".join(z for z in blatt if isinstance(z, str)) for blatt in blaetter]
    return texte[1] if all("erfundene Daten" in text for text in texte) else ""


def test_size_of_the_boundaries():
    assert sum(p.stat().st_size for p in GEBIET.glob("*.geojson")) < 500_000


# ---------------------------------------------------------------- territory


def test_boundaries_hold_every_check_of_the_project(gebiet):
    assert check_gebiet(gebiet) == []


def test_quartiere_are_split_and_merged_within_their_kommune(gebiet):
    alt, neu = (read_geometrie(gebiet, stand).set_index("raum_id") for stand in gebiet.gebietsstaende)

    zahl = [(t["ebene"] == "quartier").sum() for t in (alt, neu)]
    assert zahl == [150, 158]
    kommunen = alt.index[alt["ebene"] == "kommune"]
    assert len(kommunen) == 19
    verschoben = alt.geometry[kommunen].symmetric_difference(neu.geometry[kommunen].set_crs(alt.crs), align=True)
    assert verschoben.area.max() < 1
    assert 1_100e6 < alt.geometry["05999"].area < 1_200e6


def test_conversion_covers_every_old_quartier(gebiet):
    umstieg = pd.read_csv(GEBIET / "umstieg_2015_2020.csv", sep=";", dtype={"raum_alt": str, "raum_neu": str})
    raeume = gebiet.read_raeume().query("ebene == 'quartier' and not rest")

    je_stand = raeume.groupby("gebietsstand")["raum_id"].agg(set)
    assert set(umstieg["raum_alt"]) == je_stand["2015-01-01"]
    assert set(umstieg["raum_neu"]) == je_stand["2020-01-01"]
    assert umstieg.groupby("raum_alt")["anteil"].sum().round(9).eq(1).all()
    assert (umstieg["raum_alt"].str[:8] == umstieg["raum_neu"].str[:8]).all()
    assert (umstieg["anteil"] < 1).sum() == 22  # eleven Quartiere in two parts each


# ---------------------------------------------------------------- figures


def test_every_delivery_loads(gebiet):
    """All rules of the project: sums, parts, totals, completeness."""
    paare = finde_dateien(gebiet, QUELLEN, LIEFERUNGEN)

    assert len(paare) == len(DATEIEN)
    for quelle, pfad in paare:
        assert len(read(f"{quelle.id}/{pfad.name}").frame), pfad.name


def test_december_of_the_months_is_the_sum_of_the_quartiere():
    quartiere = werte(read("mk_arbeitsmarkt/arbeitsmarkt_2023-12.csv"))["al_gesamt"]
    monate = read("mk_monat/monatszahlen_2023.csv").frame

    dezember = monate[(monate["stichtag"] == "2023-12-31") & (monate["merkmal"] == "al_monat")].set_index("raum_id")
    assert dezember["wert"].to_dict() == quartiere.groupby(quartiere.index.str[:8]).sum().to_dict()


def test_fortschreibung_is_another_register():
    register = werte(read("mk_melderegister/einwohner_2023-12-31.csv"))["bev_gesamt"].sum()
    amtlich = read("mk_fortschreibung/bevoelkerung_2015-2024.xlsx").frame

    amtlich = amtlich[(amtlich["stichtag"] == "2023-12-31") & (amtlich["merkmal"] == "fs_gesamt")]["wert"].sum()
    assert amtlich != register
    assert amtlich == pytest.approx(register, rel=0.03)


def test_supplier_hides_small_values_and_one_more():
    """In no Kommune stands a single »*«: its row of the total would give it away."""
    frame = read("mk_sgb2/sgb2_quartiere_2023-12.xlsx").frame
    geheim = frame[frame["status"] == "gesperrt_quelle"]

    assert set(geheim["merkmal"]) == {"sgb2_aufstocker"}
    je_kommune = geheim["raum_id"].astype(str).str[:8].value_counts()
    assert (je_kommune >= 2).all() and je_kommune.sum() >= 2


def test_cases_without_raum_are_counted():
    sgb12 = werte(read("mk_sgb12/sgb12_2023.csv")).loc["05999-R"]

    assert sgb12["sgb12_hzp"] == sgb12["sgb12_hzp_ambulant"] + sgb12["sgb12_hzp_stationaer"] > 0


def test_most_cells_of_the_poverty_map_are_readable():
    """Counts of 10 and more need no protection of their own."""
    sgb2 = werte(read("mk_sgb2/sgb2_quartiere_2023-12.xlsx"))

    assert (sgb2["sgb2_lb"] >= 10).mean() > 0.95
    assert (sgb2["sgb2_nef_u15"] >= 10).mean() > 0.85


# ---------------------------------------------------------------- planted errors


def test_swapped_columns_are_found_and_corrected():
    datei = "mk_sgb2/sgb2_quartiere_2021-12.xlsx"

    with pytest.raises(LieferungError, match="Teil davon"):
        read(datei, korrigiert=False)
    lieferung = read(datei)
    korrekturen = [b for b in lieferung.befunde if b.regel == "korrektur"]
    assert len(korrekturen) == 8  # four Quartiere, two columns
    engelsbroich = werte(lieferung).filter(like="05999016-", axis="index")
    assert (engelsbroich["sgb2_elb"] > engelsbroich["sgb2_langzeitbezug"]).all()


def test_figure_with_a_digit_too_many_is_found_and_corrected(gebiet, tmp_path):
    def find_spruenge(name: str, quelle) -> list[str]:
        pfad = LIEFERUNGEN / "mk_angebote" / "angebote_2015-2024.xlsx"
        bericht = load(gebiet, {quelle.id: quelle}, [(quelle, pfad)], tmp_path / name)
        befunde = bericht.dateien[0].befunde
        return [b.text for b in befunde if b.regel == "sprung" and "05999003" in b.text and "Tagespflege" in b.text]

    quelle = QUELLEN["mk_angebote"]
    with pytest.raises(LieferungError, match="2 Befunde halten das Laden an") as fehler:  # up and down again
        find_spruenge("roh.duckdb", quelle.model_copy(update={"korrektur": ()}))
    assert "»Tagespflegeplätze« in 05999003: von 42 auf 420" in fehler.value.wo
    assert find_spruenge("gut.duckdb", quelle) == []


def test_repeated_row_counts_once():
    doppelt = read("mk_arbeitsmarkt/arbeitsmarkt_2018-12.csv")

    assert [b.text for b in doppelt.befunde if b.regel == "doppelt"] == [
        "6 Wert(e) standen doppelt in der Datei (gleich); einmal geladen."
    ]
    assert not [b for b in read("mk_arbeitsmarkt/arbeitsmarkt_2017-12.csv").befunde if b.regel == "doppelt"]


def test_late_delivery_follows_the_first_and_moves_cases(gebiet):
    namen = [pfad.name for quelle, pfad in finde_dateien(gebiet, QUELLEN, LIEFERUNGEN) if quelle.id == "mk_sgb12"]
    erste, zweite = (read(f"mk_sgb12/{n}") for n in ("sgb12_2022.csv", "sgb12_2022_korrektur.csv"))

    assert namen.index("sgb12_2022_korrektur.csv") == namen.index("sgb12_2022.csv") + 1
    assert erste.stichtage == zweite.stichtage == [date(2022, 12, 31)]
    vorher, nachher = werte(erste), werte(zweite)
    assert (vorher.sum() == nachher.sum()).all()
    anders = nachher.index[(vorher != nachher).any(axis=1)]
    assert set(anders.str[:8]) == {"05999003", "05999-R"}


def test_two_registers_disagree_in_exactly_one_cell():
    orte = []
    for jahr in range(2015, 2025):
        al = werte(read(f"mk_arbeitsmarkt/arbeitsmarkt_{jahr}-12.csv"))["al_gesamt"]
        bev = werte(read(f"mk_melderegister/einwohner_{jahr}-12-31.csv"))["bev_15_unter_rag"]
        orte += [(raum_id, jahr) for raum_id in al.index if al[raum_id] > bev[raum_id]]

    assert orte == [("05999001-23", 2019)]


def test_the_case_list_is_invented_and_counts_persons_not_rows():
    zeilen = (LIEFERUNGEN / "mk_hzp_liste" / "hzp_faelle_2024.csv").read_text(encoding="cp1252").splitlines()[2:]
    faelle = [zeile.split(";") for zeile in zeilen]
    assert all(f[0].startswith("Erfunden-") and f[1].startswith("Erfunden, ") for f in faelle)
    laufend = {f[0]: f for f in faelle if not f[7]}  # the end of the year lies behind every other end
    assert len(laufend) < len({f[0] for f in faelle}) < len(faelle)

    kreis = read("mk_hzp_liste/hzp_faelle_2024.csv").frame.groupby("merkmal", observed=True)["wert"].sum()
    assert kreis["hzp_liste"] == len(laufend)
    assert kreis["hzp_liste_status_bekannt"] == sum(f[5] != "" for f in laufend.values())
    assert kreis["hzp_liste_unversichert"] == sum(f[5] == "nein" for f in laufend.values())
