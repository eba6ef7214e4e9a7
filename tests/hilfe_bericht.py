"""A tiny published snapshot written by hand, so that a test knows every number in it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import duckdb

from indicators.store import SCHEMA_VERSION, Store

SCHEMA = Path(__file__).parents[1] / "indicators" / "schema.sql"
SNAPSHOT = "2026-01-31T120000Z_0123456789ab"
GEHEIM = 4711.25  # stands in the database under a closed status: no file may ever show it
FORMELNAME = '=HYPERLINK("http://boese.example","Klick")'

_RAEUME = [  # raum_id, name, ebene, eltern_id, nr
    ("05999", "Testkreis", "kreis", None, 0),
    ("05999004", "Altdorf", "kommune", "05999", 0),
    ("05999008", FORMELNAME, "kommune", "05999", 1),
    ("05999012", "Weiler", "kommune", "05999", 2),
]


def _eintrag(kennzahl_id: str, **anders) -> dict:
    return {
        "id": kennzahl_id,
        "titel": kennzahl_id.replace("_", " ").title(),
        "kurz": kennzahl_id[:28],
        "thema": "pflege",
        "thema_titel": "Alter und Pflege",
        "art": "quote",
        "einheit": "%",
        "pro": 100,
        "stellen": 1,
        "polaritaet": "belastung",
        "lesart": "Von 100 sind es {wert}.",
        "definition": "Zähler je 100 im Nenner.",
        "rechtsgrundlage": "SGB XI",
        "quelle": "Teststatistik",
        "herausgeber": "",
        "naeherung": "",
        "hinweis": "",
        "fallstricke": "",
        "zaehler_text": "Pflegebedürftige",
        "nenner_text": "Bevölkerung",
        "beispiel_text": "30 / 1.200 × 100 = 2,5 %",
        "brueche": [],
        "monatlich": False,
        **anders,
    }


_BRUCH_2017 = {"ab": "2017-01-01", "wirkung": "trennt", "grund": "Pflegegrade lösen die Pflegestufen ab"}
_KATALOG = [
    _eintrag("pp_anteil_65_plus", thema="demografie", thema_titel="Bevölkerung", polaritaet="neutral"),
    _eintrag("pflegequote", brueche=[_BRUCH_2017]),
    _eintrag("pp_pflegebeduerftige", art="anzahl", einheit="Personen", pro=1, stellen=0, brueche=[_BRUCH_2017]),
]


def _wert(kennzahl_id: str, raum_id: str, jahr: int, zaehler: float, nenner: float, status: str = "offen") -> tuple:
    ebene = "kreis" if raum_id == "05999" else "kommune"
    wert = zaehler / nenner * 100
    tag = date(jahr, 12, 31)
    return (kennzahl_id, ebene, raum_id, "2015-01-01", tag, wert, wert - 0.5, wert + 0.5, zaehler, nenner, status, "")


def _anzahl(kennzahl_id: str, raum_id: str, jahr: int, zahl: float) -> tuple:
    return (*_wert(kennzahl_id, raum_id, jahr, 1, 1)[:5], zahl, None, None, zahl, None, "offen", "")


def _gesperrt(kennzahl_id: str, raum_id: str, jahr: int) -> tuple:
    return (*_wert(kennzahl_id, raum_id, jahr, 1, 1)[:5], *[GEHEIM] * 5, "gesperrt", "")


_KENNZAHL = [
    _wert("pp_anteil_65_plus", "05999", 2019, 700, 3000),
    _wert("pp_anteil_65_plus", "05999004", 2019, 300, 1200),
    _wert("pp_anteil_65_plus", "05999008", 2019, 250, 1100),
    _wert("pp_anteil_65_plus", "05999012", 2019, 150, 700),
    _wert("pflegequote", "05999", 2015, 100, 2900),
    _wert("pflegequote", "05999", 2017, 120, 2950),
    _wert("pflegequote", "05999", 2019, 150, 3000),
    _wert("pflegequote", "05999004", 2017, 40, 1190),
    _wert("pflegequote", "05999004", 2019, 50, 1200),
    _wert("pflegequote", "05999008", 2019, 60, 1100, "unsicher"),
    _gesperrt("pflegequote", "05999012", 2019),
    _anzahl("pp_pflegebeduerftige", "05999", 2015, 100),
    _anzahl("pp_pflegebeduerftige", "05999", 2017, 120),
    _anzahl("pp_pflegebeduerftige", "05999", 2019, 150),
    _anzahl("pp_pflegebeduerftige", "05999004", 2017, 40),
    _anzahl("pp_pflegebeduerftige", "05999004", 2019, 50),
    _gesperrt("pp_pflegebeduerftige", "05999012", 2019),
]


def write_snapshot(ordner: Path) -> Path:
    """Write `oeffentlich.duckdb` of Testkreis into `ordner`: three Kennzahlen, two of them with a closed cell."""
    stand = {
        "schema": SCHEMA_VERSION,
        "gebiet_id": "testkreis",
        "gebiet_name": "Testkreis",
        "erfunden": True,
        "gebiet_hinweis": "Alle Zahlen sind erfunden.",
        "freigabe": "oeffentlich",
        "freigabe_titel": "Öffentlich",
        "freigabe_beschreibung": "Für die Öffentlichkeit.",
        "wasserzeichen": "",
        "snapshot": SNAPSHOT,
        "erstellt_am": "2026-01-31T12:00:00+00:00",
        "version": "0.1.0",
        "anzeige_ebene": "kommune",
        "vorauswahl": None,
        "umstiege": [],
        "bruch_ab_anteil": 0.05,
        "ebenen": [
            {"id": "kreis", "titel": "Kreis", "titel_plural": "Kreise", "eltern": None},
            {"id": "kommune", "titel": "Kommune", "titel_plural": "Kommunen", "eltern": "kreis"},
        ],
        "quellen": [
            {"titel": "Teststatistik", "herausgeber": "Testamt", "lizenz": "dl-de/by-2-0", "hinweis": "© Testamt 2026"}
        ],
        "zertifikat": {},
    }
    with duckdb.connect(str(ordner / "oeffentlich.duckdb")) as con:
        con.execute(SCHEMA.read_text(encoding="utf-8"))
        con.executemany(
            "INSERT INTO raum VALUES ($1, '2015-01-01', '2015-01-01', $2, $3, $4, $5, true, false)",
            [list(r) for r in _RAEUME],
        )
        con.executemany(f"INSERT INTO kennzahl VALUES ({', '.join(['?'] * 12)})", [list(z) for z in _KENNZAHL])
        katalog = [[e["id"], nr, json.dumps(e)] for nr, e in enumerate(_KATALOG)]
        con.executemany("INSERT INTO katalog VALUES (?, ?, ?)", katalog)
        con.executemany("INSERT INTO stand VALUES (?, ?)", [[k, json.dumps(w)] for k, w in stand.items()])
        con.execute(
            "INSERT INTO lieferung VALUES ('test', 'Teststatistik', 'Testamt', 'dl-de/by-2-0', '© Testamt 2026', "
            "'test_2019.csv', 'ab12', DATE '2015-12-31', DATE '2019-12-31', TIMESTAMP '2026-01-30 08:00:00')"
        )
    return ordner


def open_snapshot(ordner: Path) -> Store:
    return Store.open(write_snapshot(ordner), "oeffentlich")
