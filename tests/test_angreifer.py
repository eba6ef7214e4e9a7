"""The attacker test: what can be calculated from published files must not be a secret.

Works on exports, value files and snapshots as they leave the house, never on the gate's own equations. The last part
shows that the attacker bites: in a copy of an export one number too many is enough.
"""

from __future__ import annotations

import csv
import gzip
import json
import random
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pytest

from indicators.store import find_aktuell
from tests.angreifer_hilfe import (
    MIT_WERT,
    Einblick,
    Wissen,
    attack,
    build_system,
    list_ziele,
    look,
    merge,
    read_export,
    read_wahrheit,
    read_wissen,
)
from tests.conftest import KLEINKREIS, WURZEL, Installation

FREIGABEN = ("kreis", "oeffentlich")
STICHTAGE = {
    "kleinkreis": (date(2022, 12, 31), date(2023, 12, 31)),
    "musterkreis": (date(2019, 12, 31), date(2024, 12, 31)),  # the last of the old boundaries, the newest
}
STICHPROBE = 80  # attacked cells per profile and Stichtag; all of them take three times as long
STANDARD = {"schwelle": {"standard": 3}}
ZAHLENSPALTEN = ("wert", "unten", "oben", "zaehler", "nenner")
STATUS_CODE = {"gesperrt": 1, "gesperrt_quelle": 2, "nicht_geliefert": 3, "nicht_sinnvoll": 4, "nicht_definiert": 5}
STATUS_CODE["nicht_umgerechnet"] = 6


@dataclass(frozen=True)
class Fall:
    """A published Gebiet: its exports, what is known about it, and its true numbers."""

    gebiet: str
    exporte: dict[str, Path]  # release profile → kennzahlen_daten.csv
    intern: Path
    snapshot: Path

    def wissen(self, stichtag: date) -> Wissen:
        if self.gebiet == "kleinkreis":
            quellen, gebiete = (KLEINKREIS / "katalog" / "quellen").glob("*.toml"), KLEINKREIS / "katalog" / "gebiete"
        else:
            quellen, gebiete = (WURZEL / "etl" / "quellen").glob("mk_*.toml"), WURZEL / "geodata" / "gebiete"
        return read_wissen(sorted(quellen), WURZEL / "indicators" / "kennzahlen", gebiete / self.gebiet, stichtag)

    def wahrheit(self, wissen: Wissen, stichtag: date) -> dict:
        return read_wahrheit(self.intern, wissen, stichtag)

    def zeilen(self, freigabe: str) -> list[dict]:
        with self.exporte[freigabe].open(encoding="utf-8", newline="") as datei:
            return list(csv.DictReader(datei))


# One process opens a file with one configuration: the reader's, since both may have it open.
WIE_LESER = {"enable_external_access": "false", "lock_configuration": "true"}


@pytest.fixture(scope="session")
def faelle(tmp_path_factory, request) -> Callable[[str], Fall]:
    """gebiet → Fall, exported by the command line; built when first asked for."""
    fertig: dict[str, Fall] = {}

    def build(gebiet: str) -> Fall:
        installation: Installation = request.getfixturevalue("kleinkreis" if gebiet == "kleinkreis" else "beispiel")
        ziel = tmp_path_factory.mktemp(f"export_{gebiet}")
        for freigabe in FREIGABEN:
            installation.run(
                "export", "--gebiet", gebiet, "--freigabe", freigabe, "--ziel", str(ziel / freigabe)
            )  # fmt: skip
        exporte = {freigabe: ziel / freigabe / "kennzahlen_daten.csv" for freigabe in FREIGABEN}
        intern = installation.daten / gebiet / "intern.duckdb"
        return Fall(gebiet, exporte, intern, find_aktuell(installation.daten, gebiet))

    def find(gebiet: str) -> Fall:
        if gebiet not in fertig:
            fertig[gebiet] = build(gebiet)
        return fertig[gebiet]

    return find


@pytest.fixture(scope="session", params=["kleinkreis", "musterkreis"])
def fall(request, faelle) -> Fall:
    return faelle(request.param)


def read_profil(freigabe: str) -> dict:
    datei = WURZEL / "indicators" / "freigaben" / f"{freigabe}.toml"
    return tomllib.loads(datei.read_text(encoding="utf-8"))


# --- nothing can be calculated ---------------------------------------------------------------


@pytest.mark.parametrize("welcher", [0, 1], ids=["frueher", "zuletzt"])
@pytest.mark.parametrize("freigabe", FREIGABEN)
def test_no_small_count_can_be_calculated(fall, freigabe, welcher):
    stichtag = STICHTAGE[fall.gebiet][welcher]
    wissen = fall.wissen(stichtag)
    wahr = fall.wahrheit(wissen, stichtag)
    einblick = read_export(fall.exporte[freigabe], wissen, stichtag)
    system = build_system(wissen, einblick, wahr)
    ziele = list_ziele(wissen, system, wahr, read_profil(freigabe))
    random.Random(20_24).shuffle(ziele)

    assert attack(system, ziele[:STICHPROBE]) == []
    # He was not blind: he reads most of what is delivered, and every number he reads is true.
    gelesen = {z: system.bekannt[system.ort[z]] for z in wahr if not np.isnan(system.bekannt[system.ort[z]])}
    assert len(gelesen) > len(wahr) / 5
    assert all(wahr[z] == wert for z, wert in gelesen.items())


def test_there_are_secrets_to_find(faelle):
    """Else the test above could not fail."""
    fall, stichtag = faelle("musterkreis"), STICHTAGE["musterkreis"][1]
    wissen = fall.wissen(stichtag)
    wahr = fall.wahrheit(wissen, stichtag)
    system = build_system(wissen, read_export(fall.exporte["kreis"], wissen, stichtag), wahr)
    ziele = list_ziele(wissen, system, wahr, read_profil("kreis"))
    assert len(ziele) > STICHPROBE
    assert any(np.isnan(wert) for _, wert, _ in ziele)  # the supplier's own "*" among them


def test_whoever_has_both_profiles_knows_no_more_than_the_kreis(fall):
    offen = {freigabe: {} for freigabe in FREIGABEN}
    for freigabe in FREIGABEN:
        for z in fall.zeilen(freigabe):
            if z["status"] in MIT_WERT:
                offen[freigabe][z["raum_id"], z["stichtag"], z["kennzahl_id"]] = [z[s] for s in ZAHLENSPALTEN]

    assert len(offen["oeffentlich"]) > 0
    assert offen["oeffentlich"].keys() <= offen["kreis"].keys()
    assert all(offen["kreis"][ort] == zahlen for ort, zahlen in offen["oeffentlich"].items())
    for stichtag in STICHTAGE[fall.gebiet]:  # a status may tell something too ("more than all")
        wissen = fall.wissen(stichtag)
        kreis, oeffentlich = (read_export(fall.exporte[f], wissen, stichtag) for f in FREIGABEN)
        assert merge(kreis, oeffentlich) == kreis


# --- nothing secret is left in the files -----------------------------------------------------


@pytest.mark.parametrize("freigabe", FREIGABEN)
def test_a_row_without_a_value_has_no_number_at_all(fall, freigabe):
    stumm = [z for z in fall.zeilen(freigabe) if z["status"] not in MIT_WERT]
    assert any(z["status"] == "gesperrt" for z in stumm)
    assert [z for z in stumm if any(z[spalte] for spalte in ZAHLENSPALTEN)] == []


@pytest.mark.parametrize("freigabe", FREIGABEN)
def test_the_snapshot_holds_no_number_where_the_status_allows_none(fall, freigabe):
    with duckdb.connect(str(fall.snapshot / f"{freigabe}.duckdb"), read_only=True, config=WIE_LESER) as con:
        tabellen = {t for (t,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        gesperrt, mit_zahl = con.execute(
            """
            SELECT count(*), count(coalesce(wert, unten, oben, zaehler, nenner))
            FROM (SELECT * FROM kennzahl UNION ALL BY NAME SELECT * FROM kennzahl_umgerechnet)
            WHERE status NOT IN ('offen', 'unsicher')
            """
        ).fetchone()
    assert "fallzahl" not in tabellen
    assert gesperrt > 0
    assert mit_zahl == 0


@pytest.mark.parametrize("freigabe", FREIGABEN)
def test_the_map_files_hold_no_number_where_the_status_allows_none(fall, freigabe):
    erlaubt = read_erlaubt(fall.snapshot / f"{freigabe}.duckdb")
    geprueft = 0
    for datei in sorted((fall.snapshot / f"werte_{freigabe}").iterdir()):
        kopf, rumpf = read_behaelter(datei)
        ort = kopf["kennzahl"], kopf["ebene"], "heute" if "umgerechnet" in kopf else kopf["gebietsstand"]
        felder = np.frombuffer(rumpf, "<u4").reshape(-1, len(kopf["stichtage"]), kopf["anzahl"])
        for feld in felder:
            for tag, zeile in zip(kopf["stichtage"], feld, strict=True):
                zahlen = ~np.isnan(zeile.view("<f4"))
                assert zahlen.sum() <= erlaubt.get((*ort, tag), 0), datei.name
        if datei.name.endswith(".wert.bin"):  # a NaN says why, and carries nothing else in its bits
            nan = felder[np.isnan(felder.view("<f4"))]
            assert set((nan & 0x003F_FFFF).tolist()) <= set(STATUS_CODE.values()), datei.name
            geprueft += int((nan & 0x003F_FFFF == STATUS_CODE["gesperrt"]).sum())
        else:
            assert set(felder[np.isnan(felder.view("<f4"))].tolist()) <= {0x7FC0_0000}, datei.name
    assert geprueft > 0


def read_behaelter(datei: Path) -> tuple[dict, bytes]:
    inhalt = gzip.decompress(datei.read_bytes())
    laenge = int.from_bytes(inhalt[:4], "little")
    return json.loads(inhalt[4 : 4 + laenge]), inhalt[4 + laenge :]


def read_erlaubt(datenbank: Path) -> dict[tuple[str, str, str, str], int]:
    """How many Räume may show a number, per Kennzahl, level, Gebietsstand and Stichtag."""
    with duckdb.connect(str(datenbank), read_only=True, config=WIE_LESER) as con:
        zeilen = con.execute(
            """
            SELECT kennzahl_id, ebene, gebietsstand, stichtag, count(*)
            FROM kennzahl WHERE status IN ('offen', 'unsicher') GROUP BY ALL
            UNION ALL
            SELECT kennzahl_id, ebene, 'heute', stichtag, count(DISTINCT raum_id)
            FROM (SELECT * FROM kennzahl UNION ALL BY NAME SELECT * FROM kennzahl_umgerechnet)
            WHERE status IN ('offen', 'unsicher') GROUP BY ALL
            """
        ).fetchall()
    return {(k, e, g, s.isoformat()): n for k, e, g, s, n in zeilen}


# --- the attacker bites ----------------------------------------------------------------------

WEILER, SUEDHANG, BAHNHOF = "99001-04", "99001-03", "99001-02"  # 2, 84 and 410 of 1245 persons in 2023
TAG = STICHTAGE["kleinkreis"][1]


@pytest.fixture(scope="session")
def klein(faelle) -> Fall:
    return faelle("kleinkreis")


def with_leak(zeilen: list[dict], raum_id: str, kennzahl: str, **zahlen: str) -> list[dict]:
    """A copy of an export in which one row says other numbers, or is added."""
    ort = {"raum_id": raum_id, "stichtag": TAG.isoformat(), "kennzahl_id": kennzahl}
    andere = [z for z in zeilen if any(z[s] != wert for s, wert in ort.items())]
    leer = dict.fromkeys(zeilen[0], "")
    return [*andere, leer | ort | {"status": "offen"} | zahlen]


def find_all(fall: Fall, *exporte: list[dict], wissen: Wissen | None = None) -> dict:
    """Cell → interval of all finds in exports of the Kleinkreis for 2023."""
    wissen = wissen or fall.wissen(TAG)
    wahr = fall.wahrheit(wissen, TAG)
    system = build_system(wissen, merge(*(look(zeilen, wissen, TAG) for zeilen in exporte)), wahr)
    funde = attack(system, list_ziele(wissen, system, wahr, read_profil("kreis")))
    return {fund.was: (fund.unten, fund.oben) for fund in funde}


def test_one_open_neighbour_too_many_gives_the_secret_away(klein):
    leck = with_leak(klein.zeilen("kreis"), SUEDHANG, "sgb2_quote", zaehler="84")
    # 1245 − 749 − 410 − 84 = 2 in Weiler and "not assigned": at most 2, and with the number of those exactly
    assert find_all(klein, leck)[WEILER, "sgb2_lb"] == pytest.approx((0, 2))
    leck = with_leak(leck, "99001-R", "sgb2_quote", zaehler="0")
    assert find_all(klein, leck)[WEILER, "sgb2_lb"] == pytest.approx((2, 2))


def test_a_published_sum_gives_the_secret_away(klein):
    wissen = klein.wissen(TAG)
    wissen = replace(wissen, kennzahlen=wissen.kennzahlen | {"summe": ("anzahl", ["sgb2_lb", "bev_gesamt"], [])})
    leck = with_leak(klein.zeilen("kreis"), WEILER, "summe", zaehler="802")
    # 802 − 800 inhabitants = 2
    assert find_all(klein, leck, wissen=wissen)[WEILER, "sgb2_lb"] == pytest.approx((2, 2))


def test_two_editions_that_hide_different_neighbours_give_the_secret_away(klein):
    """Each edition is safe alone; why nothing may be chosen anew that was published before."""
    eine = klein.zeilen("kreis")
    andere = with_leak(eine, SUEDHANG, "sgb2_quote", zaehler="84")
    andere = with_leak(andere, BAHNHOF, "sgb2_quote", status="gesperrt")
    assert find_all(klein, eine) == find_all(klein, andere) == {}
    # 1245 − 749 − 410 (from the one) − 84 (from the other) = 2 with "not assigned"
    assert find_all(klein, eine, andere)[WEILER, "sgb2_lb"] == pytest.approx((0, 2))


def welt(**angaben) -> Wissen:
    leer = {"kinder": {}, "rest": "", "summen": [], "teile": [], "kennzahlen": {}, "recht": {}}
    return Wissen(**leer | angaben)


def test_two_gaps_in_a_line_are_not_enough():
    """A + B = 2 with A = B = 1: each lies in [0, 2], and whoever knows that one of them is at least 1 has both."""
    wissen = welt(kinder={"K": ["A", "B"]}, recht={"lb": "sgb2"})
    wahr = {("A", "lb"): 1.0, ("B", "lb"): 1.0, ("K", "lb"): 2.0}
    system = build_system(wissen, Einblick({("K", frozenset({"lb"})): 2.0}), wahr)
    funde = attack(system, list_ziele(wissen, system, wahr, STANDARD))
    assert {(f.was, f.unten, f.oben) for f in funde} >= {(("A", "lb"), 0, 2), (("B", "lb"), 0, 2)}


def test_that_everybody_is_poor_is_a_secret_too():
    """38 of 40: whoever reads both knows that two are not."""
    wissen = welt(kennzahlen={"q": ("quote", ["lb"], ["bev"])}, recht={"lb": "sgb2", "bev": "bevoelkerung"})
    wahr = {("A", "lb"): 38.0, ("A", "bev"): 40.0}
    nenner, zaehler = ("A", frozenset({"bev"})), ("A", frozenset({"lb"}))

    def funde(einblick):
        system = build_system(wissen, einblick, wahr)
        return [(f.unten, f.oben) for f in attack(system, list_ziele(wissen, system, wahr, STANDARD))]

    assert funde(Einblick({nenner: 40.0, zaehler: 38.0})) == [(2, 2)]
    assert funde(Einblick({nenner: 40.0})) == []


def test_a_small_whole_bounds_its_part():
    """1 of 2 households: the part lies in [0, 2], which is narrower than [0, 3]."""
    wissen = welt(teile=[("hh_allein", "hh")], recht={"hh_allein": "bevoelkerung", "hh": "bevoelkerung"})
    wahr = {("A", "hh_allein"): 1.0, ("A", "hh"): 2.0}
    system = build_system(wissen, Einblick({("A", frozenset({"hh"})): 2.0}), wahr)
    ziele = list_ziele(wissen, system, wahr, STANDARD)
    assert [f.oben for f in attack(system, ziele) if f.was == ("A", "hh_allein")] == [2]


def test_the_same_number_under_another_name_is_noticed(faelle):
    """The monthly series of December is the Stichtag of the year: equal wherever both are open."""
    fall, stichtag = faelle("musterkreis"), STICHTAGE["musterkreis"][1]
    wissen = fall.wissen(stichtag)
    wahr = fall.wahrheit(wissen, stichtag)
    einblick = read_export(fall.exporte["kreis"], wissen, stichtag)
    kommune = next(r for r, m in wahr if m == "al_monat" and (r, frozenset({"al_gesamt"})) in einblick.summen)
    del einblick.summen[kommune, frozenset({"al_gesamt"})]

    system = build_system(wissen, einblick, wahr)
    assert system.intervall((kommune, "al_gesamt")) == pytest.approx((wahr[kommune, "al_gesamt"],) * 2)
