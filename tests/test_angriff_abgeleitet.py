"""What is derived stands beside no hidden number: verdicts, ranks, trends, patterns and care of every release profile.

A benchmark "the Gebiet without the Raum" gives the Raum away by subtraction, a difference the value before, a mean of
three years the year between. Plain SQL on the published files; every rule is shown to bite on a planted leak.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from tests.angreifer.wahrheit import WIE_LESER

GEBIETE = ("berlin", "musterkreis")
PROFILE = ("kreis", "kommune", "oeffentlich")
EIGENES = (  # columns of `auswertung` that need the value of the Raum itself
    *("rest_wert", "rest_urteil", "rest_streng", "eltern_wert", "eltern_urteil", "gleiche_urteil"),
    *("vorher_diff", "vorher_unten", "vorher_oben", "vorher_urteil", "rang", "rang_von", "rang_bis"),
    *("trend", "trend_seit", "trend_chi2", "mittel_wert", "mittel_unten", "mittel_oben"),
)
ORT = "kennzahl_id, ebene, raum_id, gebietsstand, stichtag"
REIHE = """(SELECT kennzahl_id, raum_id, stichtag, max(wert) AS wert FROM (
    SELECT kennzahl_id, raum_id, stichtag, wert FROM kennzahl
    UNION ALL SELECT kennzahl_id, raum_id, stichtag, wert FROM kennzahl_umgerechnet) GROUP BY ALL)"""
HIER = f"auswertung a JOIN kennzahl k USING ({ORT})"


def _irgendeine(spalten: tuple[str, ...], tabelle: str) -> str:
    return " OR ".join(f"{tabelle}.{s} IS NOT NULL" for s in spalten)


ZAHLEN = ("wert", "unten", "oben")
# rule → (what breaks it, a leak that must be found)
REGELN = {
    "eigener Wert": (
        f"FROM {HIER} WHERE k.wert IS NULL AND ({_irgendeine(EIGENES, 'a')})",
        f"UPDATE auswertung SET rest_wert = 7 WHERE ({ORT}) IN (SELECT ({ORT}) FROM kennzahl WHERE wert IS NULL)",
    ),
    "Zahlen daneben": (
        f"FROM kennzahl k WHERE wert IS NULL AND ({_irgendeine(('unten', 'oben', 'zaehler', 'nenner'), 'k')})",
        "UPDATE kennzahl SET nenner = 40 WHERE wert IS NULL",
    ),
    "Eltern ohne den Raum": (
        f"""FROM {HIER} JOIN raum r USING (raum_id, gebietsstand) JOIN kennzahl e ON e.raum_id = r.eltern_id
        AND (e.kennzahl_id, e.gebietsstand, e.stichtag) = (a.kennzahl_id, a.gebietsstand, a.stichtag)
        WHERE e.wert IS NULL AND a.eltern_wert IS NOT NULL""",
        "UPDATE kennzahl SET wert = NULL WHERE ebene = 'kommune'",
    ),
    "Wert davor": (
        f"""FROM auswertung a LEFT JOIN {REIHE} v ON (v.kennzahl_id, v.raum_id, v.stichtag)
        = (a.kennzahl_id, a.raum_id, a.vorher_am) WHERE a.vorher_diff IS NOT NULL AND v.wert IS NULL""",
        """UPDATE auswertung SET vorher_diff = 1, vorher_am = v.stichtag FROM kennzahl v WHERE v.wert IS NULL
        AND (v.kennzahl_id, v.raum_id) = (auswertung.kennzahl_id, auswertung.raum_id)
        AND v.stichtag < auswertung.stichtag""",
    ),
    "Mittel dreier Jahre": (
        f"""FROM auswertung a JOIN {REIHE} v ON (v.kennzahl_id, v.raum_id) = (a.kennzahl_id, a.raum_id)
        AND month(v.stichtag) = month(a.stichtag) AND v.stichtag BETWEEN a.mittel_seit AND a.stichtag
        WHERE a.mittel_wert IS NOT NULL AND v.wert IS NULL""",
        """UPDATE auswertung SET mittel_wert = 1, mittel_seit = v.stichtag FROM kennzahl v WHERE v.wert IS NULL
        AND (v.kennzahl_id, v.raum_id, v.stichtag)
        = (auswertung.kennzahl_id, auswertung.raum_id, auswertung.stichtag)""",
    ),
    "Muster": (
        f"""FROM raum_muster m JOIN kennzahl k USING ({ORT}) WHERE k.wert IS NULL AND (m.klasse IN ('HH','NN','HN','NH')
        OR {_irgendeine(("lokal", "p", "geglaettet", "gewicht", "lokationsquotient"), "m")})""",
        f"UPDATE raum_muster SET geglaettet = 7 WHERE ({ORT}) IN (SELECT ({ORT}) FROM kennzahl WHERE wert IS NULL)",
    ),
    "Segregation": (
        """FROM raum_statistik s WHERE s.segregation IS NOT NULL AND EXISTS (FROM kennzahl k WHERE k.wert IS NULL
        AND k.status LIKE 'gesperrt%' AND (k.kennzahl_id, k.ebene, k.gebietsstand, k.stichtag)
        = (s.kennzahl_id, s.ebene, s.gebietsstand, s.stichtag))""",
        "UPDATE raum_statistik SET segregation = 0.5",
    ),
    "Vorausberechnung": (
        f"FROM prognose p WHERE status NOT IN ('offen', 'unsicher') AND ({_irgendeine(ZAHLEN, 'p')})",
        "UPDATE prognose SET status = 'gesperrt'",
    ),
    "Gezählt und erwartet": (
        """FROM pflege_vergleich WHERE status NOT IN ('offen', 'unsicher') AND
        (beobachtet IS NOT NULL OR verhaeltnis IS NOT NULL OR roh IS NOT NULL OR rate IS NOT NULL)""",
        "UPDATE pflege_vergleich SET status = 'gesperrt'",
    ),
}  # fmt: skip


def find_datei(daten: Path, gebiet: str, profil: str) -> Path:
    (datei,) = (daten / gebiet / "bestand").glob(f"2*/{profil}.duckdb")
    return datei


@pytest.mark.parametrize("gebiet", GEBIETE)
@pytest.mark.parametrize("profil", PROFILE)
def test_nothing_derived_stands_beside_a_hidden_value(beispiel, gebiet, profil):
    with duckdb.connect(str(find_datei(beispiel.daten, gebiet, profil)), read_only=True, config=WIE_LESER) as con:
        assert con.execute("SELECT count(*) FROM kennzahl WHERE wert IS NULL").fetchone()[0] > 100
        funde = {name: con.execute(f"SELECT count(*) {regel}").fetchone()[0] for name, (regel, _) in REGELN.items()}
    assert not any(funde.values()), funde


def test_every_rule_finds_its_planted_leak(beispiel, tmp_path):
    kopie = shutil.copy(find_datei(beispiel.daten, "musterkreis", "oeffentlich"), tmp_path / "kopie.duckdb")
    with duckdb.connect(str(kopie)) as con:
        for name, (regel, leck) in REGELN.items():
            con.execute("BEGIN")
            con.execute(leck)
            assert con.execute(f"SELECT count(*) {regel}").fetchone()[0] > 0, name
            con.execute("ROLLBACK")
