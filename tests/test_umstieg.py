"""Weight tables between Gebietsstände: built from areas and points, checked, chained."""

from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata.fehler import GebietError
from geodata.gebiet import Gebiet, read_gebiet, read_gebiete
from geodata.geometrie import find_zuschnitte
from geodata.umstieg import (
    build_aus_flaechen,
    build_aus_punkten,
    build_kette,
    read_umstieg,
    read_umstiege,
)
from tests.hilfe_geodata import quadrat, vier_quadrate, write_gebiet

STAENDE = {
    "2015-01-01": vier_quadrate(),
    # K01 and K02 become one; K03 is cut in two unequal parts; K04 stays
    "2020-01-01": {
        "K12": quadrat(0, 0, 2),
        "K31": quadrat(0, 1, 0.75),
        "K32": quadrat(0.75, 1, 0.25),
        "K04": quadrat(1, 1),
    },
}
UMSTIEG = 'umstieg = "umstieg.csv"\numstieg_art = "flaeche"'


def karte(flaechen: dict) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"raum_id": list(flaechen)}, geometry=list(flaechen.values()), crs="EPSG:25832")


def als_dict(tabelle: pd.DataFrame) -> dict[tuple[str, str], float]:
    return {(z.raum_alt, z.raum_neu): z.anteil for z in tabelle.itertuples()}


@pytest.fixture
def gebiet(tmp_path: Path) -> Gebiet:
    """Two Gebietsstände; the second one names a table that is not yet there."""
    write_gebiet(tmp_path / "wandel", STAENDE)
    return declare(tmp_path / "wandel", UMSTIEG)


def declare(ordner: Path, *zeilen: str) -> Gebiet:
    """Adds keys to the last [[gebietsstand]]."""
    with (ordner / "gebiet.toml").open("a", encoding="utf-8") as datei:
        datei.write("\n".join(zeilen) + "\n")
    return read_gebiet(ordner)


def write_tabelle(gebiet: Gebiet, *zeilen: str) -> Gebiet:
    text = "# Anteile der Fläche\nraum_alt;raum_neu;anteil\n" + "\n".join(zeilen) + "\n"
    (gebiet.ordner / "umstieg.csv").write_text(text, encoding="utf-8")
    return gebiet


# --- shares of land ---


def test_shares_are_parts_of_the_old_area():
    """Unit squares with answers by hand: A = [0, 2] goes half into T1 = [0, 1], B = [2, 4] half into T3 = [3, 4]."""
    alt = karte({"A": quadrat(0, 0, 2, 2), "B": quadrat(2, 0, 2, 2)})
    neu = karte({"T1": quadrat(0, 0, 1, 2), "T2": quadrat(1, 0, 2, 2), "T3": quadrat(3, 0, 1, 2)})

    anteile = build_aus_flaechen(alt, neu)

    assert als_dict(anteile) == pytest.approx(
        {("A", "T1"): 0.5, ("A", "T2"): 0.5, ("B", "T2"): 0.5, ("B", "T3"): 0.5}, abs=1e-12
    )
    einwohner = anteile["raum_alt"].map({"A": 100, "B": 200}) * anteile["anteil"]
    assert einwohner.groupby(anteile["raum_neu"]).sum().to_dict() == pytest.approx({"T1": 50, "T2": 150, "T3": 100})


def test_reference_vectors_of_tobler(referenz):
    ordner = referenz / "methods" / "crosswalk"
    alt = gpd.read_file(ordner / "simple_source.geojson").rename(columns={"src": "raum_id"})
    neu = gpd.read_file(ordner / "simple_target.geojson").rename(columns={"tgt": "raum_id"})
    soll = pd.read_csv(ordner / "simple_expected.csv").query("variable == 'pop' and target.str.len() == 2")

    anteile = build_aus_flaechen(alt, neu, splitter_m=0)  # the squares of the vectors are metres wide
    summen = anteile.assign(pop=anteile["raum_alt"].map(alt.set_index("raum_id")["pop"]) * anteile["anteil"])

    assert summen.groupby("raum_neu")["pop"].sum().to_dict() == pytest.approx(
        dict(zip(soll.target, soll.expected, strict=True))
    )


def test_a_street_wide_sliver_is_the_same_border_drawn_twice():
    alt = karte({"A": quadrat(0, 0), "B": quadrat(1, 0)})
    neu = karte({"X": quadrat(0, 0, 1.015), "Y": quadrat(1.015, 0, 0.985)})  # 15 m further east

    assert als_dict(build_aus_flaechen(alt, neu)) == {("A", "X"): 1, ("B", "Y"): 1}
    assert als_dict(build_aus_flaechen(alt, neu, splitter_m=10))["B", "X"] == pytest.approx(0.015)


def test_a_raum_that_is_nothing_but_a_sliver_keeps_its_place():
    alt = karte({"A": quadrat(0, 0), "Gleis": quadrat(1, 0, 0.01)})
    neu = karte({"X": quadrat(0, 0, 1.01)})

    assert als_dict(build_aus_flaechen(alt, neu)) == {("A", "X"): 1, ("Gleis", "X"): 1}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(0.05, 0.95), min_size=1, max_size=5), st.lists(st.integers(0, 10_000), min_size=3, max_size=3)
)
def test_totals_are_conserved(schnitte, zahlen):
    """Whatever the new borders: three old squares, cut anew by vertical lines."""
    kanten = sorted({0.0, 3.0, *(round(3 * s, 3) for s in schnitte)})
    alt = karte({f"A{i}": quadrat(i, 0) for i in range(3)})
    neu = karte({f"N{i}": quadrat(a, 0, b - a) for i, (a, b) in enumerate(pairwise(kanten))})

    anteile = build_aus_flaechen(alt, neu)
    umgerechnet = anteile["raum_alt"].map(dict(zip(alt["raum_id"], zahlen, strict=True))) * anteile["anteil"]

    assert anteile.groupby("raum_alt")["anteil"].sum().to_numpy() == pytest.approx(np.ones(3), abs=1e-9)
    assert umgerechnet.sum() == pytest.approx(sum(zahlen), abs=1e-9 * max(1, sum(zahlen)))


# --- addresses, buildings, grid cells ---


def test_addresses_tell_where_people_live():
    """The forest takes 90 % of the area, the village 8 of 10 households."""
    alt = karte({"A": quadrat(0, 0)})
    neu = karte({"Wald": quadrat(0, 0, 0.9), "Dorf": quadrat(0.9, 0, 0.1)})
    orte = [shapely.Point(500_000 + 1000 * x, 5_700_500) for x in (0.2, 0.5, *np.linspace(0.91, 0.99, 8))]
    punkte = gpd.GeoDataFrame({"gewicht": 1.0}, geometry=orte, crs="EPSG:25832", index=range(10))

    assert als_dict(build_aus_punkten(alt, neu, punkte)) == pytest.approx({("A", "Dorf"): 0.8, ("A", "Wald"): 0.2})
    assert als_dict(build_aus_flaechen(alt, neu))["A", "Wald"] == pytest.approx(0.9)


def test_grid_cells_count_with_their_inhabitants():
    alt = karte({"A": quadrat(0, 0)})
    neu = karte({"W": quadrat(0, 0, 0.5), "O": quadrat(0.5, 0, 0.5)})
    orte = [shapely.Point(500_250, 5_700_500), shapely.Point(500_750, 5_700_500), shapely.Point(900_000, 5_700_500)]
    punkte = gpd.GeoDataFrame(
        {"gewicht": [30.0, 90.0, 500.0]}, geometry=orte, crs="EPSG:25832"
    )  # the last lies outside

    assert als_dict(build_aus_punkten(alt, neu, punkte)) == {("A", "W"): 0.25, ("A", "O"): 0.75}


# --- the command line ---


def test_the_command_writes_a_table_the_gebiet_can_read(gebiet, neuer_kleinkreis):
    installation, ziel = uebernimm(neuer_kleinkreis, gebiet), gebiet.ordner / "umstieg.csv"

    meldung = installation.run("umstieg", "--gebiet", "wandel", "--ziel", str(ziel)).stdout

    assert "4 alte Räume, davon 1 geteilt." in meldung
    tabelle = read_umstieg(gebiet, *gebiet.gebietsstaende)
    assert als_dict(tabelle) == pytest.approx(
        {("K01", "K12"): 1, ("K02", "K12"): 1, ("K03", "K31"): 0.75, ("K03", "K32"): 0.25, ("K04", "K04"): 1}
    )
    assert "nach Fläche" in ziel.read_text(encoding="utf-8").splitlines()[0]


def test_the_command_counts_points_from_a_csv(gebiet, neuer_kleinkreis, tmp_path):
    punkte = tmp_path / "adressen.csv"
    orte = [(0.5, 0.5), (1.5, 0.5), (0.1, 1.5), (0.9, 1.5), (1.5, 1.5)]  # one in every old Quartier, two in K03
    zeilen = [f"{500_000 + 1000 * x:.0f};{5_700_000 + 1000 * y:.0f};{nr + 1}" for nr, (x, y) in enumerate(orte)]
    punkte.write_text("x;y;gewicht\n" + "\n".join(zeilen) + "\n", encoding="utf-8")
    ziel = gebiet.ordner / "umstieg.csv"

    uebernimm(neuer_kleinkreis, gebiet).run(
        "umstieg", "--gebiet", "wandel", "--ziel", str(ziel), "--punkte", str(punkte)
    )

    anteile = als_dict(read_umstieg(gebiet, *gebiet.gebietsstaende))
    assert anteile["K03", "K32"] == pytest.approx(4 / 7, abs=1e-6)  # weights 3 and 4
    assert "adressen.csv" in ziel.read_text(encoding="utf-8").splitlines()[0]


def test_a_raum_without_an_address_is_named_not_guessed(gebiet, neuer_kleinkreis, tmp_path):
    punkte = tmp_path / "adressen.csv"
    punkte.write_text("x;y\n500500;5700500\n", encoding="utf-8")  # only in K01

    fehler = (
        uebernimm(neuer_kleinkreis, gebiet)
        .run("umstieg", "--gebiet", "wandel", "--ziel", str(tmp_path / "u.csv"), "--punkte", str(punkte), erwarte=10)
        .stderr
    )

    assert "kein Umstieg angegeben für: K02, K03, K04" in fehler and "umstieg_fest" in fehler
    assert not (tmp_path / "u.csv").exists()


@pytest.mark.parametrize("inhalt", ["x;y\n1,5;2,5\n", "laenge;breite\n7;50\n", "", "x;y;gewicht\n1;2;-3\n"])
def test_points_that_are_none(gebiet, neuer_kleinkreis, tmp_path, inhalt):
    punkte = tmp_path / "adressen.csv"
    punkte.write_text(inhalt, encoding="utf-8")

    fehler = (
        uebernimm(neuer_kleinkreis, gebiet)
        .run("umstieg", "--gebiet", "wandel", "--ziel", str(tmp_path / "u.csv"), "--punkte", str(punkte), erwarte=10)
        .stderr
    )

    assert "Die Punkte lassen sich nicht lesen" in fehler and "x;y;gewicht" in fehler


def test_steps_that_do_not_follow_each_other(gebiet, neuer_kleinkreis, tmp_path):
    fehler = (
        uebernimm(neuer_kleinkreis, gebiet)
        .run("umstieg", "--gebiet", "wandel", "--von", "2011-01-01", "--ziel", str(tmp_path / "u.csv"), erwarte=10)
        .stderr
    )

    assert "2015-01-01 → 2020-01-01" in fehler


def uebernimm(installation, gebiet: Gebiet):
    """The territory as an entry of the Kreis's own catalogue."""
    (installation.daten / "katalog" / "gebiete" / gebiet.id).symlink_to(gebiet.ordner)
    return installation


# --- a table that does not add up ---


GUT = ["K01;K12;1", "K02;K12;1", "K03;K31;0.75", "K03;K32;0.25", "K04;K04;1"]


@pytest.mark.parametrize(
    ("zeilen", "befund"),
    [
        ([*GUT[:2], "K03;K31;0.75", "K03;K32;0.24", GUT[4]], "Anteile ergeben nicht 1: K03 (0.99)"),
        ([*GUT[:2], *GUT[3:]], "ohne Herkunft: K31"),
        (GUT[1:], "kein Umstieg angegeben für: K01"),
        ([*GUT, "K09;K04;1"], "im Gebietsstand 2015-01-01 unbekannt: K09"),
        ([*GUT[:4], "K04;K99;1"], "im Gebietsstand 2020-01-01 unbekannt: K99"),
        ([*GUT, "K04;K04;1"], "Paar doppelt: K04→K04"),
        ([*GUT[:4], "K04;K04;1.5", "K04;K12;-0.5"], "Anteil nicht größer als 0 und höchstens 1"),
        ([*GUT[:4], ";K04;1"], "Schlüssel leer"),
    ],
)
def test_a_table_that_loses_or_invents_counts_is_refused(gebiet, zeilen, befund):
    write_tabelle(gebiet, *zeilen)

    with pytest.raises(GebietError) as fehler:
        read_umstiege(gebiet)

    assert befund in fehler.value.wo and "umstieg.csv" in fehler.value.wo
    assert "zusammen 1" in fehler.value.tun


@pytest.mark.parametrize("inhalt", [None, "a;b\n1;2\n", "raum_alt;raum_neu;anteil\nK01;K12;halb\n"])
def test_a_table_that_cannot_be_read_says_how_to_get_one(gebiet, inhalt):
    if inhalt:
        (gebiet.ordner / "umstieg.csv").write_text(inhalt, encoding="utf-8")

    with pytest.raises(GebietError) as fehler:
        read_umstiege(gebiet)

    assert "sozialraum umstieg --gebiet wandel --von 2015-01-01 --nach 2020-01-01" in fehler.value.tun


def test_a_table_needs_to_say_what_it_counts(tmp_path):
    write_gebiet(tmp_path / "wandel", STAENDE)

    with pytest.raises(GebietError, match="umstieg und umstieg_art gehören zusammen"):
        declare(tmp_path / "wandel", 'umstieg = "umstieg.csv"')


def test_the_check_of_a_territory_reads_its_tables(gebiet, neuer_kleinkreis):
    write_tabelle(gebiet, *GUT[1:])

    fehler = uebernimm(neuer_kleinkreis, gebiet).run("pruefen", "--gebiet", "wandel", erwarte=10).stderr

    assert "kein Umstieg angegeben für: K01" in fehler


# --- what is known otherwise, and what nobody knows ---


def test_declared_shares_replace_the_computed_ones(gebiet, neuer_kleinkreis):
    gebiet = declare(
        gebiet.ordner,
        "[[gebietsstand.umstieg_fest]]",
        'raum_alt = "K03"',
        'nach = { "K31" = 0.4, "K32" = 0.6 }',
        'grund = "Zählung der Stadt"',
    )
    uebernimm(neuer_kleinkreis, gebiet).run(
        "umstieg", "--gebiet", "wandel", "--ziel", str(gebiet.ordner / "umstieg.csv")
    )

    assert als_dict(read_umstieg(gebiet, *gebiet.gebietsstaende))["K03", "K32"] == 0.6


def test_unknown_shares_stay_unknown(gebiet, neuer_kleinkreis):
    zeilen = ("[[gebietsstand.umstieg_fest]]", 'raum_alt = "K03"', 'nach = ["K31", "K32"]', 'grund = "Waldflächen"')
    gebiet = declare(gebiet.ordner, *zeilen)
    meldung = (
        uebernimm(neuer_kleinkreis, gebiet)
        .run("umstieg", "--gebiet", "wandel", "--ziel", str(gebiet.ordner / "umstieg.csv"))
        .stdout
    )

    assert "1 mit unbekannten Anteilen" in meldung
    assert np.isnan(als_dict(read_umstieg(gebiet, *gebiet.gebietsstaende))["K03", "K31"])


def test_declared_shares_must_sum_to_one(gebiet):
    with pytest.raises(GebietError, match=r"ergeben zusammen 1, nicht 0.9|zusammen 1, nicht 0.9"):
        declare(
            gebiet.ordner,
            "[[gebietsstand.umstieg_fest]]",
            'raum_alt = "K03"',
            'nach = { "K31" = 0.4, "K32" = 0.5 }',
            'grund = "Zählung"',
        )


def test_a_declared_change_that_no_polygon_shows_breaks_the_series(tmp_path):
    """K03 gave houses to K04 without a new drawing: both have a new shape, K01, K02 and the Kreis do not."""
    write_gebiet(tmp_path / "wandel", {"2015-01-01": vier_quadrate(), "2020-01-01": vier_quadrate()})
    gebiet = declare(
        tmp_path / "wandel",
        "[[gebietsstand.umstieg_fest]]",
        'raum_alt = "K03"',
        'nach = ["K03", "K04"]',
        'grund = "Umzug eines Neubaugebiets"',
    )

    zuschnitte = find_zuschnitte(gebiet).set_index(["raum_id", "gebietsstand"])["zuschnitt"]

    neu = {
        raum_id for raum_id in ("K", "K01", "K02", "K03", "K04") if zuschnitte[raum_id, "2020-01-01"] == "2020-01-01"
    }
    assert neu == {"K03", "K04"}


# --- chains ---


def tabelle(*paare: tuple[str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(paare, columns=["raum_alt", "raum_neu", "anteil"])


def test_a_chain_multiplies_and_adds():
    """A: half to M, half to N; M goes whole to X, N a fifth to X: 0.5 · 1 + 0.5 · 0.2 = 0.6."""
    kette = build_kette(
        tabelle(("A", "M", 0.5), ("A", "N", 0.5)), tabelle(("M", "X", 1), ("N", "X", 0.2), ("N", "Y", 0.8))
    )

    assert als_dict(kette) == pytest.approx({("A", "X"): 0.6, ("A", "Y"): 0.4})


def test_an_unknown_share_spoils_only_what_it_touches():
    kette = build_kette(
        tabelle(("A", "M", np.nan), ("A", "N", np.nan), ("B", "N", 1)), tabelle(("M", "X", 1), ("N", "Y", 1))
    )

    anteile = als_dict(kette)
    assert np.isnan(anteile["A", "X"]) and np.isnan(anteile["A", "Y"]) and anteile["B", "Y"] == 1


def test_an_unknown_share_is_healed_where_the_parts_meet_again():
    kette = build_kette(tabelle(("A", "M", np.nan), ("A", "N", np.nan)), tabelle(("M", "X", 1), ("N", "X", 1)))

    assert als_dict(kette) == {("A", "X"): 1}


def test_a_missing_step_ends_the_chain(gebiet):
    """2010 → 2015 is declared, 2015 → 2020 is not: nothing old can reach 2020."""
    text = (gebiet.ordner / "gebiet.toml").read_text(encoding="utf-8").replace(UMSTIEG, "")
    erster, zweiter, dritter = text.partition("\n[[gebietsstand]]")
    (gebiet.ordner / "gebiet.toml").write_text(erster + zweiter + dritter, encoding="utf-8")

    assert read_umstiege(read_gebiet(gebiet.ordner)) == {}


# --- the territories that ship ---


def test_berlin_goes_from_447_to_542_in_two_steps():
    gebiet = read_gebiete()["berlin"]
    umstiege = read_umstiege(gebiet)

    assert {von: t["raum_alt"].nunique() for von, t in umstiege.items()} == {"2019-01-01": 448, "2006-08-01": 447}
    assert all(t["raum_neu"].nunique() == 542 for t in umstiege.values())
    for t in umstiege.values():
        bekannt = t[t.groupby("raum_alt")["anteil"].transform(lambda a: a.notna().all())]
        assert bekannt.groupby("raum_alt")["anteil"].sum().to_numpy() == pytest.approx(1, abs=1e-9)
    assert als_dict(umstiege["2019-01-01"])["09041403", "09401433"] == 1  # declared: it has no polygon
    assert np.isnan(als_dict(umstiege["2006-08-01"])["09041301", "09401433"])  # Allende II before it was cut off
    assert {stand.umstieg_art for stand in gebiet.gebietsstaende[1:]} == {"flaeche"}


def test_berlins_tables_are_what_the_command_builds(neuer_kleinkreis, tmp_path):
    gebiet = read_gebiete()["berlin"]
    for alt, neu in pairwise(gebiet.gebietsstaende):
        ziel = tmp_path / neu.umstieg
        neuer_kleinkreis.run("umstieg", "--gebiet", "berlin", "--von", alt.id, "--nach", neu.id, "--ziel", str(ziel))

        assert ziel.read_text(encoding="utf-8") == (gebiet.ordner / neu.umstieg).read_text(encoding="utf-8")


def test_area_weights_come_close_where_little_is_apportioned_and_miss_elsewhere(referenz):
    """The number of inhabitants on 31.12.2020 moved to the Räume of 2021 against the count of 31.12.2021."""
    einwohner = {
        jahr: pd.read_csv(next((referenz / "berlin" / "bevoelkerung").glob(f"*-{jahr}-*.csv")), dtype={"id": str})
        .set_index("id")["inhabitants"] for jahr in (2020, 2021)
    }  # fmt: skip
    t = read_umstiege(read_gebiete()["berlin"])["2019-01-01"]
    t = t.assign(zahl=t["anteil"] * t["raum_alt"].map(einwohner[2020]))
    t["verteilt"] = np.minimum(t["anteil"], 1 - t["anteil"]) * t["raum_alt"].map(einwohner[2020])
    summen = t.groupby("raum_neu")[["zahl", "verteilt"]].sum()
    fehler = (summen["zahl"] / einwohner[2021] - 1).abs()
    wenig = summen["verteilt"] <= 0.05 * summen["zahl"]

    assert summen["zahl"].sum() == pytest.approx(3_769_962, abs=1e-6)  # all inhabitants of 2020, no one lost
    assert fehler[wenig].median() < 0.015 and fehler[~wenig].median() > 0.1
