"""Own areas: files, commands, the gate on the Kleinkreis, and the attacks by subtraction that must be refused.

Quartiere of the Kleinkreis 2023: Altstadt 749, Bahnhof 410, Südhang 84, Weiler 2 of 1,245 (Weiler, and Südhang to cover
it, are hidden); people: 3,830, 3,130, 1,500, 800.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from dashboard.figures import read_ringe
from geodata.eigene import Eigene, EigenerRaum, build_kennung, format_toml, parse, read_bestand, read_datei
from geodata.fehler import GebietError
from geodata.gebiet import read_gebiet
from indicators.eigene import ergaenze, read_archiv, read_vorhaben
from indicators.store import Store, find_aktuell
from tests.conftest import KLEINKREIS, build_kleinkreis
from tests.hilfe_staende import Befehlszeile, befehlszeile
from tests.hilfe_wandel import build_wandel

FREIGABEN = ("kreis", "kommune", "oeffentlich")
REGIONEN = """titel = "Planungsregionen"
einzahl = "Planungsregion"
beschreibung = "Wie in der Jugendhilfeplanung."
bausteine = "quartier"
[[raum]]
id = "mitte"
name = "Mitte"
teile = ["99001-01", "99001-02"]
[[raum]]
id = "rand"
name = "Rand"
teile = ["99001-03", "99001-04"]
"""
RING = """titel = "Ringe"
bausteine = "quartier"
[[raum]]
id = "innen"
name = "Innen"
teile = ["99001-01", "99001-02", "99001-03"]
"""


def eine(name: str, *teile: str, titel: str = "Ringe") -> str:
    liste = ", ".join(f'"{t}"' for t in teile)
    return f'titel = "{titel}"\nbausteine = "quartier"\n[[raum]]\nid = "a"\nname = "{name}"\nteile = [{liste}]\n'


# --- one file ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bestand():
    return read_bestand(read_gebiet(KLEINKREIS / "katalog" / "gebiete" / "kleinkreis"))


def test_a_file_is_read_and_written_back_as_the_same(bestand, tmp_path):
    pfad = tmp_path / "regionen.toml"
    pfad.write_text(REGIONEN, encoding="utf-8")
    eigene = read_datei(pfad, bestand)

    assert [(r.name, r.teile) for r in eigene.raeume][1] == ("Rand", ("99001-03", "99001-04"))
    boese = eigene.model_copy(update={"titel": 'Süd "und" \\ Nord'})
    assert parse(format_toml(boese), "regionen", bestand, wo="") == boese


@pytest.mark.parametrize(
    ("alt", "neu", "erwartet"),
    [
        ("99001-04", "99001-44", "»99001-44« gibt es nicht; gemeint »99001-04«?"),
        ("99001-04", "Weiler", "»Weiler« ist ein Name; gebraucht wird der Schlüssel »99001-04«"),
        ("99001-04", "99001-03", "»99001-03« (Südhang) ist zweimal aufgeführt"),
        ("99001-04", "99001-01", "»99001-01« (Altstadt) gehört schon zu »Mitte«"),
        ("99001-04", "99001-R", "sammelt, was sich nicht zuordnen lässt"),
        ("99001-04", "99001", "gehört zur Ebene Kommune, nicht zu den Bausteinen"),
        (', "99001-04"', "", "mindestens 2 Räume sind nötig"),
        ('name = "Rand"', 'name = "weiler"', "so heißt schon ein Raum des Gebiets: »Weiler«"),
        ('name = "Rand"', 'name = "Mitte"', "der Name »Mitte« kommt doppelt vor"),
        ('name = "Rand"', 'name = ""', "raum 2 (rand), name"),
        ('id = "rand"', 'id = "mitte"', "die id »mitte« kommt doppelt vor"),
        ('id = "rand"', 'id = "../rand"', "»../rand« passt nicht"),
        ('"quartier"', '"kommune"', "aus »kommune« lässt sich nichts bilden; möglich: quartier"),
        ("bausteine", "baustein", "Gemeint »bausteine«?"),
        ('titel = "Planungsregionen"', "", "titel fehlt"),
        ("[[raum]]", "[[raum]", "kein lesbares TOML"),
        ('"99001-01", "99001-02"]', '"99001-01", "99001-02", "99001-03", "99001-04"]', "genau der Raum »Kleinstadt«"),
    ],
)
def test_what_cannot_be_is_told_with_file_and_key(bestand, tmp_path, alt, neu, erwartet):
    assert alt in REGIONEN
    pfad = tmp_path / "regionen.toml"
    pfad.write_text(REGIONEN.replace(alt, neu, 1), encoding="utf-8")
    with pytest.raises(GebietError) as fehler:
        read_datei(pfad, bestand)
    assert erwartet in str(fehler.value)
    assert "regionen.toml" in str(fehler.value)


def test_a_file_name_becomes_part_of_links_and_may_not_be_anything(bestand):
    with pytest.raises(GebietError, match="Dateiname"):
        parse(REGIONEN, "Regionen 2", bestand, wo="x")


def test_other_parts_are_another_raum(bestand):
    vorher = parse(REGIONEN, "regionen", bestand, wo="")
    nachher = parse(RING, "regionen", bestand, wo="")
    umbenannt = parse(REGIONEN.replace('"Rand"', '"Saum"').replace('99001-03", "99001-04', '99001-04", "99001-03'),
                      "regionen", bestand, wo="")  # fmt: skip
    assert vorher.schluessel(vorher.raeume[1]) == umbenannt.schluessel(umbenannt.raeume[1])
    gleiche_id = nachher.raeume[0].model_copy(update={"id": "mitte"})
    assert vorher.schluessel(vorher.raeume[0]) != nachher.schluessel(gleiche_id)


def test_names_become_ids():
    assert build_kennung("Süd/Mitte – Große Straße") == "sued_mitte_grosse_strasse"
    assert build_kennung("Nord", {"nord", "nord_2"}) == "nord_3"
    assert re.fullmatch("[a-z][a-z0-9_]*", build_kennung("2. Ring"))


# --- through the gate ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def zeile(tmp_path_factory) -> Iterator[Befehlszeile]:
    with befehlszeile(tmp_path_factory.mktemp("zeile")) as laeuft:
        yield laeuft


def lege_hin(daten: Path, name: str, text: str) -> None:
    ordner = daten / "kleinkreis" / "eigene"
    ordner.mkdir(exist_ok=True)
    (ordner / f"{name}.toml").write_text(text, encoding="utf-8")


def veroeffentliche(zeile: Befehlszeile, daten: Path):
    return zeile.run(daten, "veroeffentlichen")


@pytest.fixture(scope="module")
def geladen(zeile, tmp_path_factory) -> Path:
    """The Kleinkreis loaded and published without own areas. Read only."""
    daten = build_kleinkreis(tmp_path_factory.mktemp("eigene") / "daten").daten
    zeile.run(daten, "laden")
    veroeffentliche(zeile, daten)
    return daten


@pytest.fixture(scope="module")
def eigener(zeile, geladen, tmp_path_factory) -> Path:
    """The same with two Gliederungen that overlap, published. Read only."""
    daten = tmp_path_factory.mktemp("eigene") / "daten"
    shutil.copytree(geladen, daten)
    for name, text in (("regionen", REGIONEN), ("ringe", RING)):
        datei = daten / f"{name}.toml"
        datei.write_text(text, encoding="utf-8")
        assert "Übernommen" in zeile.run(daten, "eigene", "anlegen", str(datei)).stdout
    assert "wartet" in zeile.run(daten, "eigene", "liste").stdout
    veroeffentliche(zeile, daten)
    return daten


@pytest.fixture
def kopie(geladen, tmp_path) -> Path:
    shutil.copytree(geladen, tmp_path / "daten")
    return tmp_path / "daten"


def stand(daten: Path, freigabe: str = "kreis") -> Store:
    return Store.open(find_aktuell(daten, "kleinkreis"), freigabe)


def werte(daten: Path, ebene: str, freigabe: str = "kreis") -> pd.DataFrame:
    tabelle = stand(daten, freigabe).read_werte("sgb2_quote", ebene)
    return tabelle.assign(jahr=[t.year for t in tabelle["stichtag"]]).set_index(["name", "jahr"])


@pytest.mark.parametrize("freigabe", FREIGABEN)
def test_an_own_area_is_the_sum_of_its_parts(eigener, freigabe):
    regionen = werte(eigener, "eigene_regionen", freigabe)
    assert regionen.loc[("Mitte", 2023), "zaehler"] == 749 + 410
    assert regionen.loc[("Mitte", 2023), "nenner"] == 3120 + 2600
    assert regionen.loc[("Rand", 2023), "zaehler"] == 84 + 2  # both parts are hidden, their sum gives nothing away


@pytest.mark.parametrize("freigabe", FREIGABEN)
def test_an_area_that_leaves_two_cases_over_is_hidden(eigener, freigabe):
    ringe = werte(eigener, "eigene_ringe", freigabe)
    assert ringe.loc[("Innen", 2023), "status"] == "gesperrt"  # 1,245 − 1,243 = 2 in Weiler
    assert pd.isna(ringe.loc[("Innen", 2023), "zaehler"])
    assert ringe.loc[("Innen", 2022), "zaehler"] == 731 + 402 + 90  # 1,235 − 1,223 = 12 in Weiler, which are shown


@pytest.mark.parametrize("freigabe", FREIGABEN)
def test_own_areas_neither_open_nor_hide_what_was_published(geladen, eigener, freigabe):
    schluessel = ["kennzahl_id", "ebene", "raum_id", "gebietsstand", "stichtag"]
    vorher, nachher = (stand(d, freigabe).read_alles().set_index(schluessel).sort_index() for d in (geladen, eigener))
    alte = nachher[~nachher.index.get_level_values("ebene").str.startswith("eigene_")]
    pd.testing.assert_frame_equal(vorher, alte)
    assert len(nachher) > len(vorher)


def test_they_are_a_level_of_every_page_and_file(eigener):
    store = stand(eigener)
    assert [e.id for e in store.stand.ebenen] == ["kommune", "eigene_regionen", "eigene_ringe", "quartier"]
    assert store.eintrag("sgb2_quote").ebenen == ("kommune", "eigene_regionen", "eigene_ringe", "quartier")
    raum = store.raum(store.raeume("eigene_regionen")["raum_id"].iloc[0])
    assert (raum.name, raum.ebene_titel, raum.eltern_name) == ("Mitte", "Planungsregion", "Kleinstadt")
    assert list(store.kinder(raum.raum_id)["name"]) == ["Altstadt", "Bahnhof"]
    assert list(store.kinder("99001")["name"]) == ["Altstadt", "Bahnhof", "Südhang", "Weiler", "nicht zuordenbar"]
    assert list(store.eigene_mit("99001-03")["name"]) == ["Rand", "Innen"]
    teil = store.karten_teile("sgb2_quote", "eigene_regionen")[0]
    assert store.datei_pfad(teil["geo"]).is_file()
    assert store.datei_pfad(teil["wert"]).is_file()
    alles = store.read_alles()
    assert set(alles.loc[alles["ebene"] == "eigene_ringe", "name"]) == {"Innen"}


def test_the_map_file_is_the_union_of_the_parts(eigener):
    store = stand(eigener)
    kopf, _ = read_ringe(store.datei_pfad(store.geometrie_dateien("2020-01-01")["eigene_regionen"]))
    assert kopf["namen"] == ["Mitte", "Rand"]
    assert kopf["nachbarn"] == [[1], [0]]


def test_the_list_says_what_became_of_them(zeile, eigener):
    liste = zeile.run(eigener, "eigene", "liste").stdout
    assert len(re.findall("gezeigt", liste)) == 3


def test_publishing_again_changes_nothing(zeile, eigener):
    assert "unverändert" in veroeffentliche(zeile, eigener).stdout


# --- refused -------------------------------------------------------------------------------------


def mit_mindest(daten: Path, einwohner: int) -> None:
    """The public profile asks for so many inhabitants."""
    ziel = daten / "katalog" / "freigaben"
    ziel.mkdir(parents=True, exist_ok=True)
    profil = (Path(__file__).parent.parent / "indicators" / "freigaben" / "oeffentlich.toml").read_text("utf-8")
    (ziel / "oeffentlich.toml").write_text(
        profil.replace("einwohner_mindest = 300", f"einwohner_mindest = {einwohner}"), encoding="utf-8"
    )


def test_an_area_that_lacks_only_a_small_place_is_refused_and_the_others_appear(zeile, kopie):
    mit_mindest(kopie, 1000)  # Weiler: 800
    lege_hin(kopie, "regionen", REGIONEN)
    lege_hin(kopie, "ringe", RING)
    lege_hin(kopie, "kaputt", RING.replace("99001-03", "99001-33"))
    lauf = zeile.run(kopie, "eigene", "pruefen", str(kopie / "kleinkreis/eigene/ringe.toml"), erwarte=40)
    grund = "»Innen« unterscheidet sich von »Kleinstadt« nur um »Weiler«"
    assert grund in lauf.stdout
    assert "800" not in lauf.stdout + lauf.stderr  # the reason is told in words

    ausgabe = veroeffentliche(zeile, kopie).stdout
    assert grund in ausgabe
    assert "»99001-33« gibt es nicht" in ausgabe  # a file that cannot be read stops nobody
    assert [e.id for e in stand(kopie).stand.ebenen_eigene] == ["eigene_regionen"]
    liste = zeile.run(kopie, "eigene", "liste").stdout
    assert "abgelehnt" in liste
    assert grund in liste
    for freigabe in ("kommune", "oeffentlich"):  # reasons stay in the house
        assert stand(kopie, freigabe).eigene_abgelehnt == []
        assert b"unterscheidet" not in (find_aktuell(kopie, "kleinkreis") / f"{freigabe}.duckdb").read_bytes()


def test_an_area_removed_still_counts_as_known(zeile, kopie):
    mit_mindest(kopie, 1000)
    lege_hin(kopie, "aussen", eine("Außen", "99001-02", "99001-03", "99001-04", titel="Außen"))
    veroeffentliche(zeile, kopie)
    assert "entfernt" in zeile.run(kopie, "eigene", "entfernen", "aussen").stdout
    lege_hin(kopie, "hang", eine("Hang", "99001-02", "99001-03"))  # Außen − Hang = Weiler

    assert "»Hang« unterscheidet sich von »Außen« nur um »Weiler«" in veroeffentliche(zeile, kopie).stdout
    assert not stand(kopie).stand.ebenen_eigene
    assert [e.raeume[0].name for e in read_archiv(kopie / "kleinkreis")] == ["Außen"]


def test_an_area_of_which_nothing_would_be_left_is_refused(zeile, kopie):
    """At a threshold of 200 all but Altstadt and Bahnhof is small: the gate would hide Rand for good."""
    ziel = kopie / "katalog" / "freigaben"
    ziel.mkdir(parents=True)
    for freigabe in FREIGABEN:
        profil = (Path(__file__).parent.parent / "indicators" / "freigaben" / f"{freigabe}.toml").read_text("utf-8")
        (ziel / f"{freigabe}.toml").write_text(re.sub("standard = 3", "standard = 200", profil), encoding="utf-8")
    shutil.rmtree(kopie / "kleinkreis" / "bestand")
    shutil.rmtree(kopie / "kleinkreis" / "gedaechtnis")
    (kopie / "kleinkreis" / "AKTUELL.json").unlink()
    lege_hin(kopie, "regionen", REGIONEN)

    ausgabe = veroeffentliche(zeile, kopie).stdout
    assert "»Rand« nicht veröffentlicht: In der Fassung »Kreis (intern)« müssten fast alle Zahlen" in ausgabe
    assert "(Thema »Einkommen, Arbeit und Grundsicherung«)" in ausgabe
    assert "Rand" not in set(stand(kopie).raeume()["name"])


def test_nobody_replaces_a_file_by_accident(zeile, kopie):
    datei = kopie / "regionen.toml"
    datei.write_text(REGIONEN, encoding="utf-8")
    angaben = ("eigene", "anlegen", str(datei))
    zeile.run(kopie, *angaben)
    datei.write_text(REGIONEN.replace("Rand", "Saum"), encoding="utf-8")
    assert "gibt es schon" in zeile.run(kopie, *angaben, erwarte=10).stderr
    zeile.run(kopie, *angaben, "--ersetzen")
    datei.write_text(RING.replace("99001-03", "99001-33"), encoding="utf-8")
    assert "raum 1 (Innen), teile" in zeile.run(kopie, *angaben, "--ersetzen", erwarte=10).stderr
    assert "Saum" in (kopie / "kleinkreis" / "eigene" / "regionen.toml").read_text("utf-8")
    assert "gibt es nicht" in zeile.run(
        kopie, "eigene", "entfernen", "region", erwarte=10
    ).stderr  # fmt: skip


def test_every_published_area_is_remembered_once(eigener):
    zeilen = (eigener / "kleinkreis" / "gedaechtnis" / "eigene.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(z)["raum"][0]["name"] for z in zeilen] == ["Mitte", "Rand", "Innen"]
    gebiet = read_gebiet(KLEINKREIS / "katalog" / "gebiete" / "kleinkreis")
    vorhaben = read_vorhaben(gebiet, eigener / "kleinkreis")
    assert vorhaben.frueher(vorhaben.gliederungen) == []
    assert [e.raeume[0].name for e in vorhaben.frueher(vorhaben.gliederungen[1:])] == ["Mitte", "Rand"]


def test_of_rounded_counts_an_own_area_is_the_sum_of_what_its_parts_show():
    """44 + 44 are shown as 40 + 40; 90 for their sum would tell that both are rather 44 than 40."""
    raeume = pd.DataFrame(
        {
            "raum_id": ["K", "a", "b"], "gebietsstand": "2020", "name": ["K", "a", "b"], "ebene": ["k", "q", "q"],
            "eltern_id": [None, "K", "K"], "rest": False, "zuschnitt": "2020", "mit_geometrie": True, "nr": [0, 0, 1],
        }
    )  # fmt: skip
    zaehlung = pd.DataFrame(
        {
            "raum_id": ["a", "b"], "gebietsstand": "2020", "stichtag": "2020-12-31", "merkmal": "x",
            "wert": [44.0, 44.0], "status": "offen", "ebene": "q", "eltern_id": "K", "rest": False, "summiert": False,
        }
    )  # fmt: skip
    eltern = pd.DataFrame(columns=["raum_id", "gebietsstand", "eltern_id", "hierarchie", "rest", "zuschnitt"])
    eigene = Eigene(id="e", titel="E", bausteine="q", raeume=(EigenerRaum(id="r", name="R", teile=("a", "b")),))
    gerundet = zaehlung.assign(wert=40.0)

    def summe(gerundet: pd.DataFrame) -> pd.Series:
        mehr = ergaenze(zaehlung, eltern, raeume, [eigene], [], summierbar={"x"}, gerundet=gerundet)
        return mehr.zaehlung.set_index("ebene").loc["eigene_e"]

    assert summe(gerundet)["wert"] == 80
    geheim = gerundet.assign(wert=[float("nan"), 40.0], status=["gesperrt", "offen"])
    assert pd.isna(summe(geheim)["wert"])


# --- Räume cut anew ------------------------------------------------------------------------------


WESTEN = """titel = "Hälften"
bausteine = "quartier"
[[raum]]
id = "west"
name = "Westen"
teile = ["W-01", "W-05"]
"""


@pytest.fixture(scope="module")
def wandel(tmp_path_factory):
    """Räume that were cut anew in 2020, with an own area made of today's. Read only."""
    installation = build_wandel(tmp_path_factory.mktemp("wandel") / "daten")
    (installation.daten / "wandel" / "eigene").mkdir()
    (installation.daten / "wandel" / "eigene" / "haelften.toml").write_text(WESTEN, encoding="utf-8")
    installation.run("laden", "--gebiet", "wandel")
    installation.run("veroeffentlichen", "--gebiet", "wandel")
    return installation


def test_a_part_that_was_cut_anew_is_named_with_what_replaced_it(wandel):
    bestand = read_bestand(read_gebiet(wandel.daten / "katalog" / "gebiete" / "wandel"))
    with pytest.raises(GebietError) as fehler:
        parse(WESTEN.replace("W-05", "W-02"), "haelften", bestand, wo="haelften.toml")
    erwartet = "»W-02« (Ort W-02) gibt es seit dem Gebietsstand 2020-01-01 nicht mehr; an seine Stelle getreten: W-05"
    assert erwartet in str(fehler.value)


def test_old_years_of_an_own_area_are_converted_like_those_of_any_other(wandel):
    store = wandel.store("wandel", "kreis")
    westen = store.raeume("eigene_haelften")["raum_id"].iloc[0]
    reihe = store.read_reihe("testquote", [westen])
    jahre = {(z.stichtag.year, z.umgerechnet): z.zaehler for z in reihe.itertuples()}
    assert jahre[2021, False] == 115 + 99
    assert jahre[2018, True] == 120 + 60 + 40  # W-01, and W-05 = W-02 + W-03
