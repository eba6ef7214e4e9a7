"""The attacker test: what can be calculated from what leaves the house must not be a secret.

All example territories and release profiles, from the exported tables; `python -m tests.angreifer DATEN` does the same
for every Stichtag and every secret. tests/test_angriff_lecks.py shows that the attacker bites.
"""

from __future__ import annotations

import ast
import csv
import json
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

import pytest

from tests.angreifer.angriff import Ergebnis, greife_an, lies_richtig
from tests.angreifer.ausfuhr import fuehre_aus
from tests.angreifer.beobachtung import MIT_WERT, Einblick, vereine
from tests.angreifer.gleichungen import Ausgabe
from tests.angreifer.katalog import list_profile, read_profil, read_wissen
from tests.angreifer.server import read_behaelter
from tests.angreifer.tabellen import read_export
from tests.angreifer.wahrheit import list_merkmale, list_tage, read_wahrheit
from tests.angreifer.wertdateien import find_fremde_bits, read_wertdatei

GEBIETE = ("flensburg", "rhein_sieg", "dueren", "nrw", "berlin", "musterkreis")
MUSTERTAGE = ("2019-12-31", "2024-12-31")  # the last of the old boundaries, the newest
STICHPROBE = 40  # attacked secrets per profile and Stichtag of the Musterkreis
PAKET = Path(__file__).parent / "angreifer"


class Lage:
    """The published example territories: exports, what everybody knows, and the true counts."""

    def __init__(self, daten: Path, ziel: Path, gebiete: tuple[str, ...]) -> None:
        self.daten = daten
        self.profile = [f for f in list_profile(daten) if list((daten / gebiete[0]).glob(f"bestand/*/{f}.duckdb"))]
        paare = [(g, f) for g in gebiete for f in self.profile_von(g)]
        self._dateien = fuehre_aus(daten, ziel, paare)

    def profile_von(self, gebiet: str) -> list[str]:
        """All of the Musterkreis; of the others the widest and the narrowest."""
        return self.profile if gebiet == "musterkreis" else [self.profile[0], self.profile[-1]]

    def einblick(self, gebiet: str, freigabe: str, tage: set[str]) -> Einblick:
        return read_export(self._dateien[gebiet, freigabe], tage=tage)

    def datei(self, gebiet: str, freigabe: str) -> Path:
        return self._dateien[gebiet, freigabe]

    def tage(self, gebiet: str) -> set[str]:
        return set(MUSTERTAGE[1:] if gebiet == "musterkreis" else list_tage(self._intern(gebiet))[:2])

    def greife_an(self, gebiet: str, einblick: Einblick, freigabe: str, tage: set[str], **mehr) -> Ergebnis:
        wissen = read_wissen(gebiet, self.daten, merkmale=list_merkmale(self._intern(gebiet)))
        ausgabe = Ausgabe(einblick, read_wahrheit(self._intern(gebiet), wissen, tage))
        assert list(lies_richtig(wissen, ausgabe)) == []  # every number he reads is true
        return greife_an(wissen, [ausgabe], read_profil(freigabe, self.daten), **mehr)

    def _intern(self, gebiet: str) -> Path:
        return self.daten / gebiet / "intern.duckdb"


@pytest.fixture(scope="module")
def lage(beispiel, tmp_path_factory) -> Lage:
    return Lage(beispiel.daten, tmp_path_factory.mktemp("ausfuhr"), GEBIETE)


@pytest.mark.parametrize("gebiet", GEBIETE[:-1])
def test_no_secret_of_a_real_territory_can_be_calculated(lage, gebiet):
    tage = lage.tage(gebiet)
    for freigabe in lage.profile_von(gebiet):
        ergebnis = lage.greife_an(gebiet, lage.einblick(gebiet, freigabe, tage), freigabe, tage)
        assert ergebnis.funde == [], ergebnis


@pytest.mark.parametrize(
    ("freigabe", "tag"), [("kreis", MUSTERTAGE[1]), ("oeffentlich", MUSTERTAGE[0]), ("oeffentlich", MUSTERTAGE[1])]
)
def test_no_secret_of_the_musterkreis_can_be_calculated(lage, freigabe, tag):
    einblick = lage.einblick("musterkreis", freigabe, {tag})
    ergebnis = lage.greife_an("musterkreis", einblick, freigabe, {tag}, hoechstens=STICHPROBE)
    assert ergebnis.funde == [], ergebnis
    # There were secrets to find, and he was not blind.
    assert ergebnis.gesucht == STICHPROBE
    assert ergebnis.gelesen > ergebnis.zellen / 3


def test_whoever_has_several_profiles_knows_no_more_than_the_most_permissive_one_shows(lage):
    """Then whatever two readers put together has been attacked above already."""
    tage = lage.tage("musterkreis")
    sichten = [lage.einblick("musterkreis", f, tage) for f in lage.profile]
    assert len(sichten) >= 2
    for weiter, enger in pairwise(sichten):
        assert 0 < len(set(enger.zahlen)) <= len(set(weiter.zahlen))
        assert set(enger.zahlen) <= set(weiter.zahlen)
        offen = {ort for ort, status in enger.status.items() if status in MIT_WERT}
        assert offen <= {ort for ort, status in weiter.status.items() if status in MIT_WERT}
    assert set(vereine(sichten).zahlen) == set(sichten[0].zahlen)


# --- nothing secret is left in the files ---------------------------------------------------------


def test_a_row_without_a_value_has_no_number_at_all(lage):
    for freigabe in lage.profile:
        einblick = lage.einblick("musterkreis", freigabe, lage.tage("musterkreis"))
        stumm = {ort for ort, status in einblick.status.items() if status not in MIT_WERT}
        assert stumm and len(stumm) < len(einblick.status)
        assert [z for z in einblick.zahlen if z.ort in stumm] == []


def test_the_map_files_show_what_the_export_shows(lage):
    """Every number of every file stands open in the export too, and a NaN carries a reason and nothing else."""
    (stand,) = [p for p in (lage.daten / "musterkreis" / "bestand").glob("2*") if p.name == _aktuell(lage)]
    for freigabe in ("kreis", "oeffentlich"):
        offen = _offen(lage, freigabe)
        dateien = [p.read_bytes() for p in sorted((stand / f"werte_{freigabe}").glob("*.wert.bin"))]
        assert len(dateien) > 100
        for inhalt in dateien:
            kopf, _ = read_behaelter(inhalt)
            gesehen = Counter(z.ort.tag for z in read_wertdatei(inhalt, [""] * kopf["anzahl"]).zahlen)
            erlaubt = offen[kopf["kennzahl"], kopf["ebene"], "umgerechnet" in kopf or kopf["gebietsstand"]]
            assert all(anzahl <= erlaubt[tag] for tag, anzahl in gesehen.items()), kopf
            assert find_fremde_bits(inhalt) == set(), kopf


def _aktuell(lage: Lage) -> str:
    return json.loads((lage.daten / "musterkreis" / "AKTUELL.json").read_text(encoding="utf-8"))["snapshot"]


def _offen(lage: Lage, freigabe: str) -> dict[tuple, Counter]:
    """Kennzahl, level, Gebietsstand (True: on today's Räume) → Stichtag → Räume with a number in the export."""
    offen: dict[tuple, Counter] = defaultdict(Counter)
    with lage.datei("musterkreis", freigabe).open(encoding="utf-8", newline="") as f:
        for z in csv.DictReader(f):
            if z["status"] in MIT_WERT:
                offen[z["kennzahl_id"], z["ebene"], True][z["stichtag"]] += 1
                if z["umgerechnet"] == "false":
                    offen[z["kennzahl_id"], z["ebene"], z["gebietsstand"]][z["stichtag"]] += 1
    return offen


def test_the_attacker_shares_no_code_with_the_program():
    """He knows neither the gate nor the dashboard, not even by a detour."""
    dateien = sorted(PAKET.glob("*.py"))
    assert len(dateien) > 8
    for datei in dateien:
        importe = set()
        for knoten in ast.walk(ast.parse(datei.read_text(encoding="utf-8"))):
            if isinstance(knoten, ast.Import):
                importe |= {name.name for name in knoten.names}
            elif isinstance(knoten, ast.ImportFrom):
                importe.add(knoten.module)
        fremd = {i for i in importe if i.split(".")[0] in ("indicators", "dashboard", "geodata", "etl")}
        assert fremd == set(), datei.name
        eigene = {i for i in importe if i.startswith("tests.")}
        assert all(i.startswith("tests.angreifer.") for i in eigene), datei.name
