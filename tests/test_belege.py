"""Delivered files in the true form of their suppliers, described by a profile alone: every value, every status."""

import csv
from pathlib import Path

import pytest

from etl.gruppen import pruefe_lieferung
from etl.quelle import read_quelle
from etl.raeume import Raumbuch
from geodata.gebiet import read_gebiet

BELEGE = Path(__file__).parent / "belege"
NAMEN = sorted(pfad.parent.name for pfad in BELEGE.glob("*/quelle.toml"))


def read_beleg(name: str):
    """Profile, territory and delivered files of one specimen."""
    quelle = read_quelle(BELEGE / name / "quelle.toml")
    gebiet = read_gebiet(BELEGE / "_gebiete" / quelle.gebiet[0])
    dateien = [p for p in sorted((BELEGE / name).iterdir()) if p.name not in ("quelle.toml", "erwartet.csv")]
    return quelle, gebiet, dateien


def read_erwartet(name: str) -> dict[tuple, tuple]:
    """(file, raum_id, Stichtag, Merkmal) → (value or None, status)."""
    with open(BELEGE / name / "erwartet.csv", encoding="utf-8", newline="") as datei:
        zeilen = csv.DictReader(datei, delimiter=";")
        return {
            (z["datei"], z["raum_id"], z["stichtag"], z["merkmal"]): (
                float(z["wert"]) if z["wert"] else None,
                z["status"],
            )
            for z in zeilen
        }


def gelesen(lieferung, quelle) -> dict[tuple, tuple]:
    eigene = {m for m, angabe in quelle.merkmale.items() if not angabe.berechnet}
    return {
        (lieferung.datei, z.raum_id, f"{z.stichtag:%Y-%m-%d}", z.merkmal): (
            z.wert if z.wert == z.wert else None,
            z.status,
        )
        for z in lieferung.frame.itertuples()
        if z.merkmal in eigene
    }


@pytest.mark.parametrize("name", NAMEN)
def test_specimen_is_read_value_by_value(name):
    quelle, gebiet, dateien = read_beleg(name)
    werte = {}
    for datei in dateien:
        assert quelle.passt(datei.name)
        werte |= gelesen(pruefe_lieferung(datei, quelle, gebiet, buch=Raumbuch(gebiet)), quelle)
    assert werte == read_erwartet(name)


# ---------------------------------------------------------------- the real files, with profiles only


WURZEL = Path(__file__).parents[1]
REFERENZ = {
    "germany/A_Arbeitslosigkeit.xls": "inkar_arbeitslose",
    "germany/A_ErwerbsfaehigeBevoelkerung.xls": "inkar_erwerbsfaehige",
    "inkar/sozialleistungen.parquet": "inkar_sozialleistungen",
    "inkar/medizinische_und_soziale_versorgung.parquet": "inkar_versorgung",
    "zensus2022/Regionaltabelle_Bevoelkerung.xlsx": "zensus2022",
    "genesis/12411-0018.csv": "nrw_bevoelkerung",
    "genesis/13211-02-05-4.csv": "nrw_arbeitslose",
    "genesis/22411-02-03-4.csv": "nrw_pflege",
    "genesis/mmelchger_12411-01-01-4.csv": "genesis_bevoelkerung",
} | {f"berlin/ewr/EWR{jahr}12E_Matrix.csv": "be_ewr" for jahr in (2008, 2012, 2015, 2018, 2020)}


def read_referenz(referenz: Path, pfad: str):
    orte = [BELEGE / "_referenz", WURZEL / "etl" / "quellen"]
    quelle = read_quelle(next(p for ort in orte if (p := ort / f"{REFERENZ[pfad]}.toml").exists()))
    gebiet = read_gebiet(WURZEL / "geodata" / "gebiete" / quelle.gebiet[0])
    return pruefe_lieferung(referenz / pfad, quelle, gebiet), quelle


def reihe(lieferung, merkmal: str) -> dict[tuple[str, int], float]:
    frame = lieferung.frame[(lieferung.frame["merkmal"] == merkmal) & lieferung.frame["wert"].notna()]
    return {(z.raum_id, z.stichtag.year): z.wert for z in frame.itertuples()}


@pytest.mark.parametrize("pfad", REFERENZ)
def test_a_real_file_loads_with_a_profile_only(referenz, pfad):
    lieferung, _ = read_referenz(referenz, pfad)
    assert len(lieferung.frame) > 18
    assert {b.schwere for b in lieferung.befunde} <= {"hinweis", "warnung"}


@pytest.mark.parametrize(
    ("pfad", "merkmal", "indikator"),
    [
        ("germany/A_Arbeitslosigkeit.xls", "inkar_alo", "arbeitslose_jahresdurchschnitt_anzahl"),
        ("germany/A_ErwerbsfaehigeBevoelkerung.xls", "inkar_bev_15_64", "bevoelkerung_15_64_anzahl"),
        ("inkar/sozialleistungen.parquet", "inkar_pbg", "inkar:q_PBG_bev"),
        ("inkar/sozialleistungen.parquet", "inkar_kinderarmut", "inkar:q_newfBGu15_bev"),
        ("inkar/medizinische_und_soziale_versorgung.parquet", "inkar_hausaerzte", "inkar:q_hausarzt_bev"),
    ],
)
def test_the_numbers_are_those_of_an_independent_extract(referenz, pfad, merkmal, indikator):
    with open(referenz / "rhein_sieg_dueren" / "derived_indikatoren_long.csv", encoding="utf-8", newline="") as datei:
        zeilen = [z for z in csv.DictReader(datei) if (z["indikator"], z["raumbezug"]) == (indikator, "Gemeinden")]
    auszug = {(z["ags"], int(z["jahr"])): float(z["wert"]) for z in zeilen if z["ags"].startswith("05382")}
    gelesene = reihe(read_referenz(referenz, pfad)[0], merkmal)
    assert auszug
    assert {k: w for k, w in gelesene.items() if k in auszug} == auszug
    assert {k: w for k, w in gelesene.items() if k[1] in {jahr for _, jahr in auszug}} == auszug


def test_zensus_equals_its_csv_edition(referenz):
    with open(
        referenz / "rhein_sieg_dueren" / "derived_zensus2022_einwohner.csv", encoding="utf-8", newline=""
    ) as datei:
        zeilen = [(z["_RS"], z["EWZ"]) for z in csv.DictReader(datei) if z["_RS"].startswith("05382")]
    ewz = {(rs[:5] + rs[9:], 2022): float(wert) for rs, wert in zeilen if len(rs) == 12}
    lieferung, _ = read_referenz(referenz, "zensus2022/Regionaltabelle_Bevoelkerung.xlsx")
    assert reihe(lieferung, "zensus_ewz") == ewz
    assert len(ewz) == 19
