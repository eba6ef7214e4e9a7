"""What a reader could add and subtract, on tables of seven Räume: the comment shows his arithmetic."""

from datetime import date

import pandas as pd
import pytest

from indicators.freigabe import read_freigaben
from indicators.gate import Regeln, protect_zaehlung
from indicators.zaehlung import build_zaehlung

STICHTAG = date(2023, 12, 31)
RAEUME = pd.DataFrame(
    [("K", "kreis", None), ("A", "kommune", "K"), ("B", "kommune", "K"), ("C", "kommune", "K")]
    + [(f"{k}{i}", "quartier", k) for k in "ABC" for i in (1, 2)],
    columns=["raum_id", "ebene", "eltern_id"],
).assign(gebietsstand="2020-01-01", rest=False)
ELTERN = RAEUME.dropna(subset="eltern_id").assign(hierarchie="gebiet").drop(columns="ebene")
REST = {"B1": 7, "B2": 8, "C1": 9, "C2": 11}  # Quartiere that are the same in every table


def gesperrt(*tabellen, summen=None, teile=(), quoten=()):
    """Hidden counts of profile `kreis` for {raum: number, "*" or "…"} per Merkmal m, n, …"""
    zeilen = []
    for merkmal, tabelle in zip("mno", tabellen, strict=False):
        for raum, wert in tabelle.items():
            status = {"*": "gesperrt_quelle", "…": "nicht_geliefert"}.get(wert, "offen")
            zahl = float(wert) if status == "offen" else float("nan")
            zeilen.append((raum, "2020-01-01", STICHTAG, merkmal, zahl, status))
    spalten = ["raum_id", "gebietsstand", "stichtag", "merkmal", "wert", "status"]
    namen = {z[3] for z in zeilen}
    zaehlung = build_zaehlung(
        pd.DataFrame(zeilen, columns=spalten), RAEUME, ["kreis", "kommune", "quartier"], summierbar=namen
    )
    regeln = Regeln(
        recht=dict.fromkeys(namen, "sgb2"),
        summen=summen or {},
        quoten=list(quoten),
        teile=list(teile),
        gezeigt=frozenset(namen),
    )
    zellen = protect_zaehlung(zaehlung, ELTERN, regeln, read_freigaben())["kreis"].gesperrt
    return {f"{z.raum_id} {z.merkmal}" for z in zellen.itertuples()}


def test_a_small_count_takes_a_neighbour_with_it():
    versteckt = gesperrt({"A1": 2, "A2": 18, **REST})
    assert "A1 m" in versteckt and len(versteckt) >= 2  # A − A2 = 20 − 18 = 2


def test_a_secret_below_a_level_that_nobody_delivered():
    """The Kreis is delivered, the Kommune is a sum over a secret: 62 − 15 − 20 − 25 = 2, so 25 must go."""
    versteckt = gesperrt({"K": 62, "A1": "*", "A2": 25, "B1": 7, "B2": 8, "C1": 9, "C2": 11})
    assert "A2 m" in versteckt or versteckt - {"A1 m"}


def test_two_sources_that_count_the_same():
    """The monthly count of December shows the Kommune that the yearly one cannot: 27 − 25 = 2."""
    versteckt = gesperrt({"A1": "*", "A2": 25, **REST}, {"A": 27, "B": 15, "C": 20, "K": 62, **REST})
    assert {"A1 m"} < versteckt


def test_a_total_bounds_what_was_delivered_of_it():
    """One summand was not delivered, but 22 ≥ n + 20 leaves n at most 2: total or the other summand must go too."""
    ganzes = {"A1": 22, "A2": 50, "B1": 40, "B2": 45, "C1": 50, "C2": 60}
    n, o = {"A1": 2, "A2": 9, **REST}, {"A1": 20, "A2": 28, "B1": 20, "B2": 22, "C1": 24, "C2": 30}
    versteckt = gesperrt(ganzes, n, o, summen={"m": [["n", "o", "p"]]})
    assert "A1 n" in versteckt and versteckt & {"A1 m", "A1 o"}


def test_everyone_being_poor_is_a_disclosure_too():
    """9 of 10: the one who is not could be told; the quote of C1 must not stand open."""
    arm = {"A1": 30, "A2": 40, "B1": 20, "B2": 25, "C1": 9, "C2": 30}
    alle = {"A1": 90, "A2": 120, "B1": 80, "B2": 95, "C1": 10, "C2": 80}
    versteckt = gesperrt(arm, alle, quoten=[(["m"], ["n"])])
    assert "C1 m" in versteckt or "C1 n" in versteckt


@pytest.mark.parametrize("wert", [0, 3, 40])
def test_what_is_not_small_stays_open(wert):
    assert gesperrt({"A1": wert, "A2": 25, **REST}) == set()


# --- two Gebietsstände at one Stichtag: a source still uses the old keys ---

ALT, NEU = "2020-01-01", "2022-01-01"


def zwei_staende(alt: dict[str, int], neu: dict[str, int]) -> set[str]:
    """Hidden cells of Merkmal m on the Räume of 2020 and n on those of 2022; A was cut anew, B and C were not."""
    neue = RAEUME[~RAEUME["raum_id"].isin(["A1", "A2"])].copy()
    neue = pd.concat(
        [neue, pd.DataFrame({"raum_id": ["A3", "A4"], "ebene": "quartier", "eltern_id": "A", "rest": False})]
    )
    raeume = pd.concat([RAEUME.assign(zuschnitt=ALT), neue.assign(gebietsstand=NEU, zuschnitt=ALT)], ignore_index=True)
    raeume.loc[raeume["raum_id"].isin(["A3", "A4"]), "zuschnitt"] = NEU
    zeilen = [
        (r, stand, STICHTAG, m, float(w), "offen")
        for stand, m, t in ((ALT, "m", alt), (NEU, "n", neu))
        for r, w in t.items()
    ]
    spalten = ["raum_id", "gebietsstand", "stichtag", "merkmal", "wert", "status"]
    zaehlung = build_zaehlung(
        pd.DataFrame(zeilen, columns=spalten), raeume, ["kreis", "kommune", "quartier"], summierbar={"m", "n"}
    )
    eltern = raeume.dropna(subset="eltern_id").assign(hierarchie="gebiet").drop(columns="ebene")
    regeln = Regeln(
        recht={"m": "sgb2", "n": "sgb2"}, summen={}, quoten=[(["m"], ["n"])], teile=[], gezeigt=frozenset("mn")
    )
    zellen = protect_zaehlung(zaehlung, eltern, regeln, read_freigaben())["kreis"].gesperrt
    assert set(zellen["gebietsstand"]) <= {ALT, NEU}
    return {f"{z.raum_id} {z.merkmal}" for z in zellen.itertuples()}


def test_a_quote_across_two_geographies_is_reckoned_with():
    """m ≤ n are published for B1, whose shape did not change: 9 of 10 people, and one is left over: 10 − 9 = 1."""
    neu = {"A3": 30, "A4": 30, "B1": 10, "B2": 40, "C1": 40, "C2": 40}
    versteckt = zwei_staende({"A1": 20, "A2": 20, "B1": 9, "B2": 20, "C1": 20, "C2": 20}, neu)
    assert "B1 m" in versteckt or "B1 n" in versteckt


def test_sums_hold_in_each_geography():
    """A1 = 2 is a secret; A = A1 + A2 in the old one, A = A3 + A4 in the new one, and K − B − C gives A in both."""
    neu = {"A3": 30, "A4": 30, "B1": 30, "B2": 40, "C1": 40, "C2": 40}
    versteckt = zwei_staende({"A1": 2, "A2": 20, "B1": 9, "B2": 20, "C1": 20, "C2": 20}, neu)
    assert "A1 m" in versteckt and len(versteckt) >= 2
    assert not {z for z in versteckt if z.endswith(" n")}  # nothing of the new geography gives it away


def test_the_difference_of_the_levels_above_is_reckoned_with():
    """B = 1 + 1 is a secret, and K − A − C = 82 − 40 − 40 = 2 would tell it, whatever the second geography adds."""
    neu = {"A3": 30, "A4": 30, "B1": 30, "B2": 40, "C1": 40, "C2": 40}
    versteckt = zwei_staende({"A1": 20, "A2": 20, "B1": 1, "B2": 1, "C1": 20, "C2": 20}, neu)
    assert "B m" in versteckt and {"A m", "C m", "K m"} & versteckt
