"""Whoever has several roles, or talks to somebody who has another one, learns no more than `kommune` shows.

A real server with roles behind a trusted proxy: Bedorf and Cehausen see their own Kommune from within, the committee
sees what everybody may. Each looks through every door for himself, then they put together what they have.
"""

from __future__ import annotations

from itertools import combinations

import pytest

from tests.angreifer.angriff import greife_an, lies_richtig
from tests.angreifer.beobachtung import MIT_WERT, Einblick, vereine
from tests.angreifer.gleichungen import Ausgabe
from tests.angreifer.katalog import read_profil, read_wissen
from tests.angreifer.mappen import read_mappe
from tests.angreifer.server import Besucher, read_behaelter
from tests.angreifer.tabellen import read_csv, read_json
from tests.angreifer.wahrheit import list_merkmale, read_wahrheit
from tests.angreifer.wertdateien import read_wertdatei
from tests.conftest import free_port, start_server
from tests.hilfe_zugang import GEHEIMNIS, KOPFZEILE, mit_zugang

ROLLEN = ("bedorf", "cehausen", "ausschuss")


@pytest.fixture(scope="module")
def besucher(torkreis, tmp_path_factory) -> dict[str, Besucher]:
    """Role → somebody who has looked at everything he gets."""
    haus = mit_zugang(torkreis, tmp_path_factory.mktemp("rollen") / "daten", KOPFZEILE, GEHEIMNIS)
    server = start_server(haus, port=free_port(), freigabe=None)
    try:
        gaeste = {}
        for rolle in ROLLEN:
            kopf = {"X-Remote-User": rolle, "X-Remote-Groups": f"g-{rolle}", "X-Proxy-Secret": GEHEIMNIS}
            gaeste[rolle] = Besucher(server.url, kopf)
            gaeste[rolle].besuche_daten("torkreis")
            gaeste[rolle].get("/torkreis/export/testquote12_quartier.xlsx")
        return gaeste
    finally:
        server.prozess.terminate()
        server.prozess.wait(timeout=10)


@pytest.fixture(scope="module")
def einblicke(besucher) -> dict[str, Einblick]:
    return {rolle: vereine(_sieh(gast)) for rolle, gast in besucher.items()}


def _sieh(gast: Besucher) -> list[Einblick]:
    """The API, the workbooks and the map files, as one role got them."""
    einblicke, geo = [], {}
    for name, inhalt in gast.antworten.items():
        if name.startswith("/geo/"):
            kopf, _ = read_behaelter(inhalt)
            geo[kopf["ebene"]] = kopf["ids"]
    for name, inhalt in gast.antworten.items():
        if "/werte/" in name and name.endswith(".json"):
            einblicke.append(read_json(inhalt, name))
        elif name.startswith("/api/") and "/werte/" in name and name.endswith(".csv"):
            einblicke.append(read_csv(inhalt, name))
        elif name.endswith(".xlsx"):
            einblicke.append(read_mappe(inhalt, _kennzahl(name), name))
        elif name.startswith("/werte/"):
            einblicke.append(read_wertdatei(inhalt, geo[read_behaelter(inhalt)[0]["ebene"]]))
    return einblicke


def _kennzahl(name: str) -> str:
    """`/torkreis/export/testquote_quartier.xlsx` → `testquote`."""
    return name.rsplit("/", 1)[1].rsplit("_", 1)[0]


def offen(einblick: Einblick) -> set:
    return {(z.ort, z.rolle) for z in einblick.zahlen if z.rolle in ("zaehler", "nenner")}


def test_every_role_has_seen_its_own(einblicke):
    """Else nothing below could fail: each Kommune sees within itself what neither the other nor the committee sees."""
    nur = {r: offen(einblicke[r]) - offen(einblicke["ausschuss"]) for r in ("bedorf", "cehausen")}
    assert {ort.raum[:5] for ort, _ in nur["bedorf"]} == {"99002"}
    assert {ort.raum[:5] for ort, _ in nur["cehausen"]} == {"99003"}
    for einblick in einblicke.values():
        stumm = {ort for ort, status in einblick.status.items() if status not in MIT_WERT}
        assert stumm and not stumm & {z.ort for z in einblick.zahlen}


def test_nobody_calculates_a_secret_alone_or_together(einblicke, torkreis):
    intern = torkreis.daten / "torkreis" / "intern.duckdb"
    wissen = read_wissen("torkreis", torkreis.daten, merkmale=list_merkmale(intern))
    wahr = read_wahrheit(intern, wissen)
    profil = read_profil("kommune", torkreis.daten)
    for anzahl in (1, 2, 3):
        for rollen in combinations(ROLLEN, anzahl):
            ausgabe = Ausgabe(vereine(einblicke[r] for r in rollen), wahr)
            assert list(lies_richtig(wissen, ausgabe)) == [], rollen
            ergebnis = greife_an(wissen, [ausgabe], profil)
            assert ergebnis.funde == [], (rollen, ergebnis)
            assert ergebnis.gesucht > 3 and ergebnis.gelesen > 20


def test_two_roles_together_know_no_more_than_the_profile_kommune_shows(einblicke, torkreis, tmp_path):
    ziel = tmp_path / "ausfuhr"
    torkreis.run("export", "--gebiet", "torkreis", "--freigabe", "kommune", "--ziel", str(ziel))
    kommune = read_csv((ziel / "kennzahlen_daten.csv").read_bytes(), "Export")
    zusammen = vereine(einblicke.values())
    assert offen(zusammen) <= offen(kommune)
    assert offen(zusammen) > max((offen(e) for e in einblicke.values()), key=len)
