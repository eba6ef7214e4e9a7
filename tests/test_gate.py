"""What a reader could add and subtract, on tables of seven Räume: the comment shows his arithmetic."""

from datetime import date

import pandas as pd
import pytest
from pydantic import ValidationError

from etl.quelle import Merkmal
from geodata.fehler import KatalogError
from indicators.freigabe import ORDNER, read_freigaben
from indicators.gate import Regeln, Zeitregel, protect_zaehlung
from indicators.rundung import check_methode, runde_zaehlung
from indicators.zaehlung import build_zaehlung

STICHTAG = date(2023, 12, 31)
RAEUME = pd.DataFrame(
    [("K", "kreis", None), ("A", "kommune", "K"), ("B", "kommune", "K"), ("C", "kommune", "K")]
    + [(f"{k}{i}", "quartier", k) for k in "ABC" for i in (1, 2)],
    columns=["raum_id", "ebene", "eltern_id"],
).assign(gebietsstand="2020-01-01", rest=False)
ELTERN = RAEUME.dropna(subset="eltern_id").assign(hierarchie="gebiet", zuschnitt="2020-01-01").drop(columns="ebene")
REST = {"B1": 7, "B2": 8, "C1": 9, "C2": 11}  # Quartiere that are the same in every table


def gesperrt(*tabellen, summen=None, teile=(), quoten=(), **mehr):
    """Hidden counts of profile `kreis` for {raum: number, "*" or "…"} per Merkmal m, n, …; `mehr`: other `Regeln`."""
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
        **mehr,
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


# --- secrets of the supplier beside a whole ---


def test_a_part_is_never_larger_than_its_whole_even_if_secret():
    """19 of 20 are counted, and the supplier's "*" fits into the last place only: it is exactly 1."""
    geheim = {"A1": "*", "A2": 40, "B1": 20, "B2": 25, "C1": 19, "C2": 30}
    alle = {"A1": 20, "A2": 120, "B1": 80, "B2": 95, "C1": 60, "C2": 80}
    rest = {"A1": 19, "A2": 20, "B1": 20, "B2": 25, "C1": 19, "C2": 30}
    quoten = [(["m", "o"], ["n"])]
    assert {"A1 n", "A1 o"} & gesperrt(geheim, alle, rest, quoten=quoten)
    assert not {"A1 n", "A1 o"} & gesperrt(geheim, alle | {"A1": 90}, rest, quoten=quoten)


# --- declared to be the same people ---


def test_two_merkmale_declared_the_same_are_hidden_together():
    """The case list says 3 where the table says "2": who sees the one knows the other."""
    tabelle = {"A1": 2, "A2": 25, **REST}
    liste = {"A1": 3, "A2": 26, "B1": 7, "B2": 8, "C1": 9, "C2": 12}
    assert "A1 n" in gesperrt(tabelle, liste, gleich=[("n", "m")])
    assert "A1 n" not in gesperrt(tabelle, liste)


# --- money ---


def test_money_of_few_persons_is_hidden_and_cannot_be_subtracted():
    geld = {"A1": 900.5, "A2": 9000, "B1": 7000, "B2": 8000, "C1": 9000, "C2": 11000}
    personen = {"A1": 2, "A2": 18, **REST}
    versteckt = gesperrt(geld, personen, betraege={"m": "n"})
    assert "A1 m" in versteckt and len({z for z in versteckt if z.endswith(" m")}) >= 2


def test_money_of_nobody_knows_how_many_is_shown_for_the_whole_only():
    geld = {"A1": 900.5, "A2": 9000, "B1": 7000, "B2": 8000, "C1": 9000, "C2": 11000}
    versteckt = gesperrt(geld, betraege={"m": ""})
    assert versteckt == {f"{r} m" for r in RAEUME["raum_id"] if r != "K"}


def test_money_that_one_provider_has_nearly_alone_is_hidden():
    """A2 pays 9000, 8500 of them to one of five: the others would know his sum. With 3000 it is shown."""
    geld = {"A1": 900, "A2": 9000, "B1": 7000, "B2": 8000, "C1": 9000, "C2": 11000}
    viele = dict.fromkeys(geld, 5)
    groesster = {r: w / 3 for r, w in geld.items()}
    regel = {"betraege": {"m": "n", "o": "n"}, "groesste": {"m": "o"}}
    assert "A2 m" not in gesperrt(geld, viele, groesster, **regel)
    assert "A2 m" in gesperrt(geld, viele, groesster | {"A2": 8500}, **regel)


def test_money_of_persons_must_be_told_as_money():
    with pytest.raises(ValidationError, match="betrag"):
        Merkmal(titel="Aufwand", einheit="Euro", recht="hze", art="wert")
    Merkmal(titel="Aufwand", einheit="Euro", recht="hze", art="betrag", traeger="hze_faelle")


# --- relations between Stichtage ---

MONATE = [date(2023, m, 28) for m in (1, 2, 3)]


def ueber_zeit(je_tag: dict[date, dict[str, dict[str, float]]], zeit: list[Zeitregel]) -> set[str]:
    """Hidden cells as "month Raum Merkmal" of {Stichtag: {Merkmal: {Raum: number}}}."""
    zeilen = [
        (raum, "2020-01-01", tag, merkmal, float(wert), "offen")
        for tag, merkmale in je_tag.items()
        for merkmal, tabelle in merkmale.items()
        for raum, wert in tabelle.items()
    ]
    spalten = ["raum_id", "gebietsstand", "stichtag", "merkmal", "wert", "status"]
    namen = {z[3] for z in zeilen}
    zaehlung = build_zaehlung(
        pd.DataFrame(zeilen, columns=spalten), RAEUME, ["kreis", "kommune", "quartier"], summierbar=namen
    )
    regeln = Regeln(dict.fromkeys(namen, "sgb2"), {}, [], [], frozenset(namen), zeit=zeit)
    zellen = protect_zaehlung(zaehlung, ELTERN, regeln, read_freigaben()[:1])["kreis"].gesperrt
    return {f"{z.stichtag.month} {z.raum_id} {z.merkmal}" for z in zellen.itertuples()}


GROSS = {"A1": 30, "A2": 40, "B1": 20, "B2": 25, "C1": 19, "C2": 30}


@pytest.mark.parametrize(("art", "faktor"), [("summe", 1), ("mittel", 1 / 3)])
def test_a_moving_sum_gives_no_month_away(art, faktor):
    """January of A1 is 2 and hidden; the quarter minus February and March would tell it."""
    tabellen = {tag: {"m": GROSS | ({"A1": 2} if tag.month == 1 else {})} for tag in MONATE}
    summe = {r: sum(t["m"][r] for t in tabellen.values()) for r in GROSS}
    tabellen[MONATE[2]]["n"] = {r: round(w * faktor) for r, w in summe.items()}
    versteckt = ueber_zeit(tabellen, [Zeitregel("n", "m", 3, art)])
    assert {"1 A1 m"} < versteckt and {"2 A1 m", "3 A1 m", "3 A1 n"} & versteckt
    einzeln = ueber_zeit(tabellen, [])
    assert not {"2 A1 m", "3 A1 m", "3 A1 n"} & einzeln  # each month for itself hides nothing there


def test_a_published_change_gives_no_month_away():
    """A1: 2 in January, hidden; February 30 and the change +28 are shown: 30 − 28 = 2."""
    tabellen = {tag: {"m": GROSS | ({"A1": 2} if tag.month == 1 else {})} for tag in MONATE[:2]}
    tabellen[MONATE[1]]["n"] = {r: tabellen[MONATE[1]]["m"][r] - tabellen[MONATE[0]]["m"][r] for r in GROSS}
    versteckt = ueber_zeit(tabellen, [Zeitregel("n", "m", 1, "aenderung")])
    assert "1 A1 m" in versteckt and {"2 A1 m", "2 A1 n"} & versteckt


# --- how many people live there ---


def oeffentlich(einwohner: dict[str, float], register: str = "bev_gesamt") -> set[str]:
    zeilen = [(r, "2020-01-01", STICHTAG, "m", float(w), "offen") for r, w in GROSS.items()]
    zeilen += [(r, "2020-01-01", STICHTAG, register, float(w), "offen") for r, w in einwohner.items()]
    spalten = ["raum_id", "gebietsstand", "stichtag", "merkmal", "wert", "status"]
    zaehlung = build_zaehlung(
        pd.DataFrame(zeilen, columns=spalten), RAEUME, ["kreis", "kommune", "quartier"], summierbar={"m", register}
    )
    regeln = Regeln({"m": "sgb2", register: "bevoelkerung"}, {}, [], [], frozenset({"m", register}))
    zellen = protect_zaehlung(zaehlung, ELTERN, regeln, read_freigaben())["oeffentlich"].gesperrt
    return {z.raum_id for z in zellen.itertuples() if z.merkmal == "m"}


def test_where_nobody_tells_how_many_people_live_nothing_on_benefits_is_shown():
    genug = dict.fromkeys(GROSS, 900)
    assert oeffentlich(genug) == set()
    assert "A1" in oeffentlich(genug | {"A1": 299})
    assert "A1" in oeffentlich({r: w for r, w in genug.items() if r != "A1"})
    assert oeffentlich(genug, "bev_15_64") == set()  # no register, but at least so many live there
    assert "A1" in oeffentlich(genug | {"A1": 299}, "bev_15_64")


# --- one method per Merkmal ---


def _profile(tmp_path, methode: dict[str, str]):
    for datei in sorted(ORDNER.glob("*.toml")):
        text = datei.read_text(encoding="utf-8") + methode.get(datei.stem, "")
        (tmp_path / datei.name).write_text(text, encoding="utf-8")
    return tmp_path


def test_one_method_per_merkmal_in_all_profiles(tmp_path):
    ueberall = dict.fromkeys(("kreis", "kommune", "oeffentlich"), '\n[methode]\nm = "runden10"\n')
    assert all(f.methode == {"m": "runden10"} for f in read_freigaben(_profile(tmp_path, ueberall)))
    with pytest.raises(KatalogError) as fehler:
        read_freigaben(_profile(tmp_path, {k: v for k, v in ueberall.items() if k != "kommune"}))
    assert "kommune.toml" in str(fehler.value) and "kreis.toml" in str(fehler.value)


def _gerundet(tabelle: dict[str, float], **mehr) -> pd.DataFrame:
    freigaben = [f.model_copy(update={"methode": {"m": "runden10"}}) for f in read_freigaben()]
    zeilen = [(r, "2020-01-01", STICHTAG, "m", float(w), "offen") for r, w in tabelle.items()]
    zeilen += [(r, "2020-01-01", STICHTAG, "n", float(w), "offen") for r, w in mehr.pop("n", {}).items()]
    spalten = ["raum_id", "gebietsstand", "stichtag", "merkmal", "wert", "status"]
    df = pd.DataFrame(zeilen, columns=spalten)
    zaehlung = build_zaehlung(df, RAEUME, ["kreis", "kommune", "quartier"], summierbar={"m", "n"})
    regeln = Regeln(
        {"m": "sgb2", "n": "bevoelkerung"}, mehr.get("summen", {}), mehr.get("quoten", []), [], frozenset("mn")
    )
    assert protect_zaehlung(zaehlung, ELTERN, regeln, freigaben)["kreis"].gesperrt["merkmal"].eq("m").sum() == 0
    fertig = runde_zaehlung(zaehlung, freigaben, regeln)
    return fertig[fertig["merkmal"] == "m"].set_index("raum_id")


def test_every_count_is_rounded_for_itself_sums_from_the_true_sum():
    wert = _gerundet({"A1": 4, "A2": 4, "B1": 5, "B2": 14, "C1": 15, "C2": 100})["wert"]
    assert wert.to_dict() == {
        "A1": 0,
        "A2": 0,
        "A": 10,
        "B1": 10,
        "B2": 10,
        "B": 20,
        "C1": 20,
        "C2": 100,
        "C": 120,
        "K": 140,
    }


def test_a_rounded_count_beside_a_small_whole_is_hidden():
    """Of 7 people "10" means 5 to 7: at most two are left. Of 900, nothing follows."""
    alle = {"A1": 7, "A2": 900, "B1": 900, "B2": 900, "C1": 900, "C2": 900}
    tabelle = {"A1": 7, "A2": 9, "B1": 9, "B2": 9, "C1": 9, "C2": 9}
    status = _gerundet(tabelle, n=alle, quoten=[(["m"], ["n"])])["status"]
    assert status["A1"] == "gesperrt" and status["A2"] == "offen"


def test_what_adds_up_is_rounded_together():
    freigaben = [f.model_copy(update={"methode": {"m": "runden10"}}) for f in read_freigaben()]
    regeln = Regeln(dict.fromkeys("mno", "sgb2"), {"m": [["n", "o"]]}, [], [], frozenset("mno"))
    with pytest.raises(KatalogError, match="»m« ist gerundet, »n« nicht"):
        check_methode(freigaben, regeln)
