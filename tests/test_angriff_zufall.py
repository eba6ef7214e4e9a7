"""Hundreds of random hierarchical tables through the real front door, attacked as everything else.

Every day is a table of its own: a Kreis of three Kommunen and ten Quartiere, people on benefits with two ways down the
tree of Merkmale, people in need of care with two ways to add them up, random sizes from hamlet to town.
"""

from __future__ import annotations

import os
from datetime import date

import pytest

from tests.angreifer.angriff import greife_an, lies_richtig
from tests.angreifer.ausfuhr import fuehre_aus
from tests.angreifer.beobachtung import vereine
from tests.angreifer.gleichungen import Ausgabe
from tests.angreifer.katalog import read_profil, read_wissen
from tests.angreifer.pruefkreis import build_einfache, build_zufall, write_pruefkreis
from tests.angreifer.tabellen import read_export
from tests.angreifer.wahrheit import list_merkmale, read_wahrheit
from tests.conftest import Installation

PROFILE = ("kreis", "kommune", "oeffentlich")
EINFACHE, VOLLE = 100, 2  # days with inhabitants and one more table each, and days with all sums and quotes


def veroeffentliche(kreis: Installation) -> Installation:
    kreis.run("laden", "--gebiet", "pruefkreis")
    kreis.run("veroeffentlichen", "--gebiet", "pruefkreis")
    return kreis


@pytest.fixture(scope="module", params=["einfach", "voll"])
def kreis(request, tmp_path_factory) -> Installation:
    daten = tmp_path_factory.mktemp(request.param) / "daten"
    samen = int(os.environ.get("ANGREIFER_SAMEN", "1"))
    einfach = request.param == "einfach"
    write_pruefkreis(daten, build_einfache(EINFACHE, samen) if einfach else build_zufall(VOLLE, samen), zweite=True)
    return veroeffentliche(Installation(daten))


def test_no_secret_of_a_random_table_can_be_calculated(kreis, tmp_path):
    dateien = fuehre_aus(kreis.daten, tmp_path, [("pruefkreis", f) for f in PROFILE])
    intern = kreis.daten / "pruefkreis" / "intern.duckdb"
    wissen = read_wissen("pruefkreis", kreis.daten, merkmale=list_merkmale(intern))
    wahr = read_wahrheit(intern, wissen)
    sichten = {f: read_export(dateien["pruefkreis", f]) for f in PROFILE}
    ganzzahlig = 0
    for freigabe, sicht in (*sichten.items(), ("kreis", vereine(sichten.values()))):
        assert list(lies_richtig(wissen, Ausgabe(sicht, wahr))) == []
        ergebnis = greife_an(wissen, [Ausgabe(sicht, wahr)], read_profil(freigabe, kreis.daten))
        assert ergebnis.funde == [], ergebnis
        assert ergebnis.gesucht > 30 and ergebnis.gelesen > ergebnis.zellen / 6
        ganzzahlig += ergebnis.ganzzahlig
    voll = any(merkmal == "sgb2_elb" for _, merkmal, _ in wahr)
    assert voll or ganzzahlig > 10  # small patterns were asked in whole numbers too; those of full days are large


def test_what_follows_from_nothing_is_not_hidden():
    """The tables are worth the name: other seeds, other tables, many small counts, each day another one."""
    eine, andere = build_einfache(20, 1), build_einfache(20, 2)
    assert eine.keys() == andere.keys() and eine != andere
    werte = [w for tafel in eine.values() for spalte in tafel.values() for w in spalte.values()]
    assert sum(0 < w < 3 for w in werte) > len(werte) / 20
    assert len({str(t) for t in eine.values()}) == 20 and min(eine) == date(2021, 1, 1)
