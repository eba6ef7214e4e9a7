"""The attacker bites: leaks of every kind, planted in copies of what was published, and the original beside them.

Kleinkreis 2023, 1245 persons: Altstadt 749, Bahnhof 410, hidden are Südhang 84 and Weiler 2, "not assigned" 0.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from scipy.stats import binomtest

from tests.angreifer import lecks
from tests.angreifer.angriff import Ergebnis, greife_an
from tests.angreifer.ausfuhr import fuehre_aus
from tests.angreifer.beobachtung import Einblick, Ort, Reihe, vereine
from tests.angreifer.gleichungen import Ausgabe
from tests.angreifer.katalog import Kennzahl, Stand, Wissen, read_profil, read_wissen
from tests.angreifer.mappen import list_beiwerk, read_mappe
from tests.angreifer.seiten import read_kurven, read_steckbrief
from tests.angreifer.server import KURVE, Besucher, read_behaelter
from tests.angreifer.spuren import find_spuren
from tests.angreifer.tabellen import read_csv, read_json, read_zeilen
from tests.angreifer.wahrheit import list_merkmale, read_wahrheit
from tests.angreifer.wertdateien import find_fremde_bits, read_wertdatei
from tests.conftest import free_port, start_server

TAG, STAND, QUOTE = "2023-12-31", "2020-01-01", "sgb2_quote"
ALTSTADT, BAHNHOF, SUEDHANG, WEILER, REST = "99001-01", "99001-02", "99001-03", "99001-04", "99001-R"
GEHEIM = (WEILER, "sgb2_lb", TAG)


@dataclass(frozen=True)
class Haus:
    """Everything that leaves the Kleinkreis in the profile of the Kreis, and what everybody knows."""

    zeilen: list[dict]
    besucher: Besucher
    wissen: Wissen
    wahr: dict
    profil: dict
    raeume: list[str]

    def greife_an(self, *einblicke: Einblick, wissen: Wissen | None = None) -> Ergebnis:
        return greife_an(wissen or self.wissen, [Ausgabe(vereine(einblicke), self.wahr)], self.profil)

    def antwort(self, *teile: str) -> bytes:
        """The one answer whose address has all these parts, the last one at its end."""
        namen = [n for n in self.besucher.antworten if all(t in n for t in teile) and n.endswith(teile[-1])]
        (name,) = namen
        return self.besucher.antworten[name]


@pytest.fixture(scope="module")
def haus(kleinkreis, tmp_path_factory) -> Haus:
    dateien = fuehre_aus(kleinkreis.daten, tmp_path_factory.mktemp("ausfuhr"), [("kleinkreis", "kreis")])
    server = start_server(kleinkreis, port=free_port(), freigabe="kreis")
    try:
        besucher = Besucher(server.url)
        besucher.besuche("kleinkreis")
    finally:
        server.prozess.terminate()
        server.prozess.wait(timeout=10)
    intern = kleinkreis.daten / "kleinkreis" / "intern.duckdb"
    wissen = read_wissen("kleinkreis", kleinkreis.daten, merkmale=list_merkmale(intern))
    zeilen = lecks.read_zeilen(dateien["kleinkreis", "kreis"])
    geo = next(i for n, i in besucher.antworten.items() if n.startswith("/geo/kleinkreis/quartier"))
    raeume = [*read_behaelter(geo)[0]["ids"], REST]
    profil = read_profil("kreis", kleinkreis.daten)
    return Haus(zeilen, besucher, wissen, read_wahrheit(intern, wissen), profil, raeume)


def ort(raum: str) -> dict[str, str]:
    return {"raum_id": raum, "stichtag": TAG, "kennzahl_id": QUOTE}


def findet(ergebnis: Ergebnis) -> tuple[float, float]:
    """The interval of Weiler, which has to be a find with its reasons."""
    (fund,) = [f for f in ergebnis.funde if f.ziel.was == GEHEIM]
    assert fund.gruende and fund.ziel.wahr == 2
    assert str(fund).startswith(f"{WEILER} sgb2_lb {TAG}: liegt zwischen")
    return fund.unten, fund.oben


def sieh(zeilen: list[dict]) -> Einblick:
    return read_zeilen(zeilen, "Export")


# --- the doors, as they are ----------------------------------------------------------------------


def list_einblicke(haus: Haus) -> dict[str, Einblick]:
    """What each door shows of the SGB-II-Quote of the Quartiere."""
    namen = {"Altstadt": (ALTSTADT, STAND), "Bahnhof": (BAHNHOF, STAND), "Südhang": (SUEDHANG, STAND),
             "Weiler": (WEILER, STAND)}  # fmt: skip
    kurven = [json.loads(i)["response"] for n, i in haus.besucher.antworten.items() if KURVE[0] in n and QUOTE in n]
    return {
        "Export": sieh(haus.zeilen),
        "Schnittstelle JSON": read_json(haus.antwort("/api/", f"/{QUOTE}/quartier.json"), "JSON"),
        "Schnittstelle CSV": read_csv(haus.antwort("/api/", f"/{QUOTE}/quartier.csv"), "CSV"),
        "Mappe": read_mappe(haus.antwort(f"/export/{QUOTE}_quartier.xlsx"), QUOTE),
        "Mappe mit allem": read_mappe(haus.antwort("/export/alles.xlsx")),
        "Steckbriefe": vereine(
            read_steckbrief(haus.besucher.antworten[f"/kleinkreis/steckbrief/{r}"], STAND) for r in haus.raeume[:4]
        ),
        "Zeitreihe": vereine(read_kurven(k, QUOTE, namen) for k in kurven),
        "Wertdatei": read_wertdatei(haus.antwort(f"/werte/kleinkreis/{QUOTE}_quartier", ".wert.bin"), haus.raeume),
        "Grenzendatei": read_wertdatei(haus.antwort(f"/werte/kleinkreis/{QUOTE}_quartier", "grenzen.bin"), haus.raeume),
    }


def test_every_door_shows_something_and_nothing_that_gives_a_secret_away(haus):
    einblicke = list_einblicke(haus)
    wahr_gesehen = {(Ort(ALTSTADT, STAND, TAG, QUOTE), "wert"): 749 / 3120 * 100}
    for tuer, einblick in einblicke.items():
        gesehen = [z for z in einblick.zahlen if (z.ort, z.rolle) in wahr_gesehen]
        assert gesehen or tuer == "Grenzendatei", tuer
        assert all(z.von <= wahr_gesehen[z.ort, z.rolle] + 1e-9 and
                   z.bis >= wahr_gesehen[z.ort, z.rolle] - 1e-9 for z in gesehen), tuer  # fmt: skip
        assert not {z.ort.raum for z in einblick.zahlen if z.ort.tag == TAG and z.ort.kennzahl == QUOTE} & {
            SUEDHANG,
            WEILER,
        }, tuer
        assert haus.greife_an(einblick).funde == [], tuer
    alles = haus.greife_an(*einblicke.values())
    assert alles.funde == [] and alles.gesucht == 1  # Weiler 2023


# --- single gap, rate, interval ------------------------------------------------------------------


def test_single_gap(haus):
    leck = lecks.schreibe(haus.zeilen, ort(SUEDHANG), zaehler=84)
    # 1245 − 749 − 410 − 84 = 2 in Weiler and "not assigned": at most 2, and with the number of those exactly
    assert findet(haus.greife_an(sieh(leck))) == pytest.approx((0, 2))
    leck = lecks.schreibe(leck, ort(REST), zaehler=0)
    assert findet(haus.greife_an(sieh(leck))) == pytest.approx((2, 2))


def test_rate_with_one_decimal_and_known_denominator(haus):
    """7,0 % of 1200 are 83.4 to 84.6 persons: 84. What is left of 86 is at most 2."""
    einblick = sieh(lecks.schreibe(haus.zeilen, ort(SUEDHANG), nenner=1200))
    einblick.note(Ort(SUEDHANG, STAND, TAG, QUOTE), "wert", 7.0, "Seite", rundung=0.05)
    unten, oben = findet(haus.greife_an(einblick))
    assert (unten, oben) == pytest.approx((0, 2.6))


def test_interval_that_was_left_standing(haus):
    """Nobody sees Zähler or Nenner; but 5.69 to 8.58 % around 7 % are the limits of 84 of 1200."""
    grenzen = binomtest(84, 1200).proportion_ci(0.95, method="wilson")
    leck = lecks.schreibe(haus.zeilen, ort(SUEDHANG), wert=7.0, unten=100 * grenzen.low, oben=100 * grenzen.high)
    unten, oben = findet(haus.greife_an(sieh(leck)))
    assert unten == 0 and 1.9 < oben < 2.1


# --- other doors ---------------------------------------------------------------------------------


@pytest.mark.parametrize("versteckt", [False, True], ids=["Blatt", "verstecktes Blatt"])
def test_number_in_a_workbook(haus, versteckt):
    mappe = haus.antwort(f"/export/{QUOTE}_quartier.xlsx")
    leck = lecks.in_mappe(mappe, SUEDHANG, TAG, "Zähler", 84, versteckt=versteckt)
    assert findet(haus.greife_an(sieh(haus.zeilen), read_mappe(leck, QUOTE))) == pytest.approx((0, 2))


def test_number_in_an_answer_of_the_api(haus):
    antwort = json.loads(haus.antwort("/api/", f"/{QUOTE}/quartier.json"))
    for zeile in antwort["werte"]:
        if zeile["raum_id"] == SUEDHANG and zeile["stichtag"][:10] == TAG:
            zeile["zaehler"] = 84.0
    einblick = read_json(json.dumps(antwort).encode(), "JSON")
    assert findet(haus.greife_an(sieh(haus.zeilen), einblick)) == pytest.approx((0, 2))


def test_number_in_a_map_file(haus):
    datei = haus.antwort(f"/werte/kleinkreis/{QUOTE}_quartier", ".wert.bin")
    leck = lecks.in_wertdatei(datei, TAG, haus.raeume.index(SUEDHANG), 7.0)
    zeilen = lecks.schreibe(haus.zeilen, ort(SUEDHANG), nenner=1200)  # 84 / 1200
    unten, oben = findet(haus.greife_an(sieh(zeilen), read_wertdatei(leck, haus.raeume)))
    assert (unten, oben) == pytest.approx((0, 2), abs=1e-3)
    assert find_fremde_bits(datei) == set()
    assert find_fremde_bits(lecks.in_wertdatei(datei, TAG, 3, 84, als_bits=True)) != set()


def test_dot_of_a_picture_on_a_page(haus):
    """The value is not written, but its dot is drawn between 15,8 and 24,0 %."""
    seite = haus.besucher.antworten[f"/kleinkreis/steckbrief/{ALTSTADT}"].decode()
    leck = seite.replace(f"raum={ALTSTADT}", f"raum={SUEDHANG}").replace("24,0 %", ".")
    einblick = read_steckbrief(leck.encode(), STAND)
    assert any("Punkt" in z.tuer and z.ort.raum == SUEDHANG and z.ort.kennzahl == QUOTE for z in einblick.zahlen)


def test_number_in_the_properties_of_a_file(haus):
    mappe = haus.antwort("/export/alles.xlsx")
    leck = lecks.in_eigenschaften(mappe, "Summe 7919")
    assert find_spuren(mappe, 7919) == [] and find_spuren(leck, 7919) != []
    assert "7919" in list_beiwerk(leck)["docProps/core.xml"]
    assert not any("7919" in text for text in list_beiwerk(mappe).values())


# --- order ---------------------------------------------------------------------------------------


def test_order_of_a_table(haus):
    """Sorted by number, Weiler stands between 5 and 1: then it has 1 to 5."""
    wissen = replace(haus.wissen, kennzahlen={"personen": Kennzahl("anzahl", ("sgb2_lb",), (), 1, 0, False)})
    orte = [Ort(f"X{nr}", STAND, TAG, "personen") for nr in range(4)]
    gezeigt = list(zip(orte, (749.0, 410.0, 5.0, 1.0), strict=True))
    hier = Ort(WEILER, STAND, TAG, "personen")
    einblick = lecks.sortiere([*gezeigt, (hier, None)], lambda _: 2.0)
    assert einblick.reihen[0].werte[3] == (hier, None)
    assert findet(haus.greife_an(sieh(haus.zeilen), einblick, wissen=wissen))[0] == 1
    hinten = Einblick(reihen=[Reihe((*gezeigt, (hier, None)), "Rangfolge")])  # where what is hidden belongs
    assert haus.greife_an(hinten, wissen=wissen).funde == []


# --- two editions, two roles ---------------------------------------------------------------------


def andere_nachbarn(haus: Haus) -> list[dict]:
    """Safe alone: Südhang is open and Bahnhof hidden in its place."""
    neu = lecks.schreibe(haus.zeilen, ort(SUEDHANG), zaehler=84, nenner=1200, status="offen")
    leer = dict.fromkeys(("wert", "unten", "oben", "zaehler", "nenner"), "")
    return lecks.schreibe(neu, ort(BAHNHOF), status="gesperrt", **leer)


def test_two_editions_that_hide_different_neighbours(haus):
    eine, andere = Ausgabe(sieh(haus.zeilen), haus.wahr), Ausgabe(sieh(andere_nachbarn(haus)), haus.wahr)
    for ausgabe in (eine, andere):
        assert greife_an(haus.wissen, [ausgabe], haus.profil).funde == []
    # 1245 − 749 − 410 (from the one) − 84 (from the other) = 2 with "not assigned"
    assert findet(greife_an(haus.wissen, [eine, andere], haus.profil)) == pytest.approx((0, 2))


def test_a_count_that_changed_between_two_editions_is_another_one(haus):
    """Südhang had 90 persons then: nothing follows from that for today."""
    damals = haus.wahr | {(SUEDHANG, "sgb2_lb", TAG): 90.0, (BAHNHOF, "sgb2_lb", TAG): 404.0}
    zeilen = lecks.schreibe(andere_nachbarn(haus), ort(SUEDHANG), zaehler=90)
    ausgaben = [Ausgabe(sieh(haus.zeilen), haus.wahr), Ausgabe(sieh(zeilen), damals)]
    assert greife_an(haus.wissen, ausgaben, haus.profil).funde == []


def test_two_roles_that_see_different_neighbours(haus):
    assert haus.greife_an(sieh(andere_nachbarn(haus))).funde == []
    assert findet(haus.greife_an(sieh(haus.zeilen), sieh(andere_nachbarn(haus)))) == pytest.approx((0, 2))


# --- patterns that look safe ---------------------------------------------------------------------

PROFIL = {"schwelle": {"standard": 3}}
TAG1 = "2024-12-31"


def welt(kinder: dict | None = None, **angaben) -> Wissen:
    leer = {"gebiet": "x", "rest": "", "summen": (), "teile": (), "kennzahlen": {}, "recht": {}, "geheim_unter": {}}
    kinder = {"eltern_id": kinder or {}} if not kinder or isinstance(next(iter(kinder.values())), tuple) else kinder
    return Wissen(**leer | {"staende": (Stand("2020-01-01", kinder, {}),)} | angaben)


def suche(wissen: Wissen, wahr: dict[tuple[str, str], float], offen: set[tuple[str, str]]) -> dict:
    """Cell → interval of every find, with some cells open as counts."""
    kennzahlen = {m: Kennzahl("anzahl", (m,), (), 1, 0, False) for _, m in wahr}
    wissen = replace(wissen, kennzahlen=wissen.kennzahlen | kennzahlen)
    einblick = Einblick()
    for raum, merkmal in offen:
        einblick.note(Ort(raum, "2020-01-01", TAG1, merkmal), "zaehler", wahr[raum, merkmal], "Export")
    ganze = {(r, m, TAG1): float(w) for (r, m), w in wahr.items()}
    ergebnis = greife_an(wissen, [Ausgabe(einblick, ganze)], PROFIL)
    return {f.ziel.was: (f.unten, f.oben) for f in ergebnis.funde}


def test_two_gaps_in_a_line_are_not_enough():
    """A + B = 2 with A = B = 1: each can move, so no equation gives it away; but it lies in [0, 2], and whoever knows
    that a hidden count is at least 1 has both."""
    wissen = welt({"K": ("A", "B")}, recht={"lb": "sgb2"})
    wahr = {("A", "lb"): 1, ("B", "lb"): 1, ("K", "lb"): 2}
    funde = suche(wissen, wahr, {("K", "lb")})
    assert {funde["A", "lb", TAG1], funde["B", "lb", TAG1]} == {(0, 2)}


def test_every_line_has_two_gaps_and_yet_one_follows():
    """Two blocks of four gaps and one between them: (rows 1 + 2) − (columns 1 + 2) of the first block leaves it."""
    raeume, merkmale = ("r1", "r2", "r3", "r4"), ("m1", "m2", "m3", "m4")
    wahr = {(r, m): 10 + 3 * i + j for i, r in enumerate(raeume) for j, m in enumerate(merkmale)}
    wahr["r2", "m3"] = 2
    gesperrt = {(r, m) for r in raeume[:2] for m in merkmale[:2]} | {(r, m) for r in raeume[2:] for m in merkmale[2:]}
    gesperrt |= {("r2", "m3")}
    assert all(sum(r == zeile for r, _ in gesperrt) >= 2 for zeile in raeume)
    assert all(sum(m == spalte for _, m in gesperrt) >= 2 for spalte in merkmale)
    wahr |= {(r, "m"): sum(wahr[r, m] for m in merkmale) for r in raeume}
    wahr |= {("K", m): sum(wahr[r, m] for r in raeume) for m in (*merkmale, "m")}
    wissen = welt({"K": raeume}, recht=dict.fromkeys((*merkmale, "m"), "sgb2"), summen=(("m", merkmale),))
    offen = set(wahr) - gesperrt
    assert suche(wissen, wahr, offen)["r2", "m3", TAG1] == pytest.approx((2, 2))
    assert ("r2", "m3", TAG1) not in suche(wissen, wahr, offen - {("r2", "m"), ("r3", "m"), ("K", "m")})


def test_everybody_is_poor():
    """38 of 40: whoever reads both knows that two are not."""
    quote = Kennzahl("quote", ("lb",), ("bev",), 100, 1, False)
    wissen = welt(kennzahlen={"q": quote}, recht={"lb": "sgb2", "bev": "bevoelkerung"})
    wahr = {("A", "lb"): 38, ("A", "bev"): 40}
    assert suche(wissen, wahr, set(wahr)) == {("A", "q", TAG1, "rest"): (2, 2)}
    assert suche(wissen, wahr, {("A", "bev")}) == {}


def test_a_published_sum(haus):
    """A Kennzahl that adds people on benefits to inhabitants: 802 − 800 = 2."""
    summe = Kennzahl("anzahl", ("sgb2_lb", "bev_gesamt"), (), 1, 0, False)
    wissen = replace(haus.wissen, kennzahlen=haus.wissen.kennzahlen | {"summe": summe})
    einblick = sieh(haus.zeilen)
    assert haus.greife_an(einblick, wissen=wissen).funde == []
    einblick.note(Ort(WEILER, STAND, TAG, "summe"), "zaehler", 802, "Export")
    assert findet(haus.greife_an(einblick, wissen=wissen)) == (2, 2)


def test_a_small_whole_bounds_its_part():
    """1 of 2 households: the part lies in [0, 2], which is narrower than [0, 3]."""
    wissen = welt(teile=(("allein", "hh"),), recht={"allein": "bevoelkerung", "hh": "bevoelkerung"})
    wahr = {("A", "allein"): 1, ("A", "hh"): 2}
    assert suche(wissen, wahr, {("A", "hh")})["A", "allein", TAG1] == (0, 2)


def test_a_second_geography_over_the_same_people():
    """Kommunen and Schulbezirke: each alone hides two. Together, a1 + b1 = X and a2 + b2 = Y, everything follows."""
    kinder = {"eltern_id": {"K": ("A", "B"), "A": ("a1", "a2"), "B": ("b1", "b2")},
              "schule_id": {"X": ("a1", "b1"), "Y": ("a2", "b2")}}  # fmt: skip
    wahr = dict(zip([(r, "m") for r in ("a1", "a2", "b1", "b2", "A", "B", "K", "X", "Y")],
                    (2, 18, 30, 40, 20, 70, 90, 32, 58), strict=True))  # fmt: skip
    offen = {(r, "m") for r in ("K", "A", "B", "b1")}
    wissen = welt(kinder, recht={"m": "sgb2"})
    assert suche(wissen, wahr, offen - {("b1", "m")}) == {}
    assert suche(wissen, wahr, offen - {("b1", "m")} | {("X", "m"), ("Y", "m")}) == {}
    assert suche(wissen, wahr, offen | {("X", "m")})["a1", "m", TAG1] == (2, 2)  # 32 − 30
    alleine = welt({"eltern_id": kinder["eltern_id"]}, recht={"m": "sgb2"})
    assert set(suche(alleine, wahr, offen)) <= {("a1", "m", TAG1)} and suche(alleine, wahr, {("A", "m")}) == {}


def test_an_own_area_that_leaves_one_over(tmp_path: Path, kleinkreis):
    """The planner's "Süden" is all but Weiler: 1245 − 1243 = 2."""
    daten = tmp_path / "daten"
    (daten / "kleinkreis" / "eigene").mkdir(parents=True)
    (daten / "katalog").symlink_to(kleinkreis.daten / "katalog")
    text = 'titel = "Planung"\nbausteine = "quartier"\n[[raum]]\nid = "sued"\nname = "Süden"\nteile = ['
    text += ", ".join(f'"{r}"' for r in (ALTSTADT, BAHNHOF, SUEDHANG)) + "]\n"
    (daten / "kleinkreis" / "eigene" / "planung.toml").write_text(text, encoding="utf-8")
    sued = "eigene_planung-sued-abc123"
    wissen = read_wissen("kleinkreis", daten, raeume={sued})
    wahr = read_wahrheit(kleinkreis.daten / "kleinkreis" / "intern.duckdb", wissen)
    assert wahr[sued, "sgb2_lb", TAG] == 1243
    einblick = Einblick()
    einblick.note(Ort("99001", STAND, TAG, QUOTE), "zaehler", 1245, "Export")
    profil = read_profil("kreis", daten)
    assert greife_an(wissen, [Ausgabe(einblick, wahr)], profil).funde == []
    einblick.note(Ort(sued, STAND, TAG, QUOTE), "zaehler", 1243, "Export")
    assert findet(greife_an(wissen, [Ausgabe(einblick, wahr)], profil)) == pytest.approx((0, 2))


def test_the_same_number_under_another_name():
    """Two columns that agree in five Räume: the hidden one of the sixth stands in the other."""
    raeume = tuple("ABCDEF")
    wahr = {(r, m): w for r, w in zip(raeume, (10, 20, 30, 40, 50, 2), strict=True) for m in ("jahr", "dezember")}
    wahr |= {("K", m): 152 for m in ("jahr", "dezember")}
    wissen = welt({"K": raeume}, recht={"jahr": "sgb3", "dezember": "sgb3"})
    offen = {(r, m) for r, m in wahr if r not in ("E", "F", "K") or (r == "E" and m == "dezember") or r == "K"}
    assert ("F", "jahr", TAG1) not in suche(
        wissen, wahr, offen - {("E", "dezember")} - {("K", "jahr"), ("K", "dezember")}
    )
    funde = suche(wissen, wahr, offen | {("F", "dezember")})
    assert funde["F", "jahr", TAG1] == (2, 2)


def test_whole_numbers_tell_more_than_fractions():
    """40,0 % of at most 14 persons: 2 of 5 or 4 of 10, but never 5 of 12.5. Who needs [0, 5] has [0, 4]."""
    quote = Kennzahl("quote", ("z",), ("n",), 100, 1, False)
    gesamt = Kennzahl("anzahl", ("g",), (), 1, 0, False)
    recht = {"z": "sgb12", "n": "bevoelkerung", "g": "bevoelkerung"}
    wissen = welt(kennzahlen={"q": quote, "g": gesamt}, recht=recht, teile=(("n", "g"),))
    wahr = {("A", "z", TAG1): 4.0, ("A", "n", TAG1): 10.0, ("A", "g", TAG1): 14.0}
    einblick = Einblick()
    einblick.note(Ort("A", "2020-01-01", TAG1, "g"), "zaehler", 14.0, "Export")
    profil = {"schwelle": {"standard": 3, "sgb12": 5}}
    assert greife_an(wissen, [Ausgabe(einblick, wahr)], profil).funde == []
    einblick.note(Ort("A", "2020-01-01", TAG1, "q"), "wert", 40.0, "Seite", rundung=0.05)
    (fund,) = greife_an(wissen, [Ausgabe(einblick, wahr)], profil).funde
    assert (fund.ziel.was, fund.oben) == (("A", "z", TAG1), 4) and "nur ganze Zahlen" in fund.gruende
