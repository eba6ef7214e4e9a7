"""A small territory with squares and streets, invented case lists, and a second way to count them: plain Python."""

import json
import random
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from geodata.gebiet import Gebiet, read_gebiet
from tests.lieferungen import GEBIET, RAEUME

STRASSEN = """strasse;von;bis;seite;zusatz;plz;ort;raum_id
Am Markt;;;;;;;05999004
Goethestraße;1;99;ungerade;;;;05999004
Goethestraße;2;98;gerade;;;;05999008
Lange Str.;1;12;;;;;05999008
Lange Str.;13;13;;a;;;05999012
Lange Str.;14;;;;;;05999012
"""
PROFIL = """
titel = "Hilfe zur Pflege (erfunden)"
gebiet = ["test"]
herausgeber = "Sozialamt (erfunden)"
lizenz = "erfunden"
ebene = "kommune"
[datei]
muster = "hzp*.csv"
[raum]
spalte = "Gemeinde"
[fallliste]
person = "Fallnummer"
beginn = "Beginn"
ende = "Ende"
geburtsdatum = "Geburtsdatum"
von = 2022-01-01
bis = 2023-12-31
[fallliste.felder.geschlecht]
spalte = "Geschlecht"
werte = { m = "_m", w = "_w" }
[fallliste.felder.leistung]
spalte = "Leistung"
werte = { amb = "_ambulant", stat = "_stationaer" }
[fallliste.felder.versichert]
spalte = "Versichert"
werte = { ja = "_ja", nein = "_nein" }
unbekannt = ["", "?"]
mindestens = 0.5
[fallliste.felder.alter]
altersgruppen = { _u65 = [0, 64], _65_79 = [65, 79], _80_plus = [80, 120] }
[fallliste.felder.dauer]
dauer_monate = { _kurz = [0, 2], _mittel = [3, 11], _lang = [12, 999] }
[[fallliste.zaehlung]]
merkmal = "hzp"
[[fallliste.zaehlung]]
merkmal = "hzp_alter"
nach = ["alter", "geschlecht"]
[[fallliste.zaehlung]]
merkmal = "hzp_versichert"
nach = ["versichert"]
[[fallliste.zaehlung]]
merkmal = "hzp_versichert_bekannt"
bekannt = ["versichert"]
[[fallliste.zaehlung]]
merkmal = "hzp_ambulant_65_plus"
nur = { leistung = ["_ambulant"], alter = ["_65_79", "_80_plus"] }
[[fallliste.zaehlung]]
merkmal = "hzp_mittel"
zaehle = "jahresmittel"
[[fallliste.zaehlung]]
merkmal = "hzp_monat"
je = "monat"
[[fallliste.zaehlung]]
merkmal = "hzp_zugaenge"
zaehle = "zugaenge"
[[fallliste.zaehlung]]
merkmal = "hzp_enden"
zaehle = "beendigungen"
nach = ["dauer"]
[standard]
einheit = "Personen"
recht = "sgb12"
[merkmale]
hzp = { titel = "HzP" }
hzp_alter_u65_m = { titel = "a" }
hzp_alter_u65_w = { titel = "b" }
hzp_alter_65_79_m = { titel = "c" }
hzp_alter_65_79_w = { titel = "d" }
hzp_alter_80_plus_m = { titel = "e" }
hzp_alter_80_plus_w = { titel = "f" }
hzp_versichert_ja = { titel = "g", teil_von = "hzp" }
hzp_versichert_nein = { titel = "h", teil_von = "hzp" }
hzp_versichert_bekannt = { titel = "i", teil_von = "hzp" }
hzp_ambulant_65_plus = { titel = "j", teil_von = "hzp" }
hzp_mittel = { titel = "k", zeitbezug = "jahresmittel" }
hzp_monat = { titel = "l", zeitbezug = "monat" }
hzp_zugaenge = { titel = "m", zeitbezug = "jahressumme" }
hzp_enden_kurz = { titel = "n", zeitbezug = "jahressumme" }
hzp_enden_mittel = { titel = "o", zeitbezug = "jahressumme" }
hzp_enden_lang = { titel = "p", zeitbezug = "jahressumme" }
"""
KOPF = "Fallnummer;Name;Geburtsdatum;Geschlecht;Gemeinde;Leistung;Versichert;Beginn;Ende"


def baue_fallgebiet(wurzel: Path) -> Gebiet:
    """Kreis 05999: three squares of 1 km side by side from (400000, 5600000), with streets; re-keyed in 2024."""
    ordner = wurzel / "test"
    ordner.mkdir(parents=True)
    strassen = 'lizenz = "CC0 1.0"\nstrassen = "{}_strassen.csv"'
    teile = GEBIET.split('lizenz = "CC0 1.0"')
    text = teile[0] + strassen.format(2015) + teile[1] + strassen.format(2024) + teile[2]
    (ordner / "gebiet.toml").write_text(text, encoding="utf-8")
    for jahr, dritter in ((2015, "05999012"), (2024, "05999016")):
        (ordner / f"{jahr}.csv").write_text(RAEUME.replace("05999012", dritter), encoding="utf-8")
        (ordner / f"{jahr}_strassen.csv").write_text(STRASSEN.replace("05999012", dritter), encoding="utf-8")
        schreibe_quadrate(ordner / f"{jahr}.geojson", ["05999004", "05999008", dritter])
    return read_gebiet(ordner)


def schreibe_quadrate(pfad: Path, raum_ids: list[str]) -> None:
    def ring(nr: int) -> list:
        x, y = 400_000 + 1000 * nr, 5_600_000
        return [[x, y], [x + 1000, y], [x + 1000, y + 1000], [x, y + 1000], [x, y]]

    flaechen = [
        {"type": "Feature", "properties": {"raum_id": raum_id},
         "geometry": {"type": "Polygon", "coordinates": [ring(nr)]}}
        for nr, raum_id in enumerate(raum_ids)
    ]  # fmt: skip
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25832"}}
    pfad.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": flaechen}), encoding="utf-8")


@dataclass(frozen=True)
class Fall:
    """One invented row."""

    person: str
    geburt: date | None
    geschlecht: str
    gemeinde: str
    leistung: str
    versichert: str
    beginn: date
    ende: date | None

    def zeile(self) -> str:
        geburt, beginn, ende = (f"{t:%d.%m.%Y}" if t else "" for t in (self.geburt, self.beginn, self.ende))
        name = "Erfunden, Erna"
        felder = (
            self.person,
            name,
            geburt,
            self.geschlecht,
            self.gemeinde,
            self.leistung,
            self.versichert,
            beginn,
            ende,
        )
        return ";".join(felder)


def csv_text(faelle: list[Fall]) -> str:
    return "\n".join([KOPF, *(f.zeile() for f in faelle)]) + "\n"


def zufallsliste(same: int, anzahl: int = 300) -> list[Fall]:
    """Many rows per person, overlaps, chains without a gap, running cases, leap days, unknown codes."""
    zufall = random.Random(same)
    faelle = []
    while len(faelle) < anzahl:
        person = f"Erfunden-{zufall.randrange(anzahl // 4):04d}"
        geburt = zufall.choice([date(1940, 2, 29), date(1958, 12, 31), date(1959, 1, 1), date(1943, 6, 15), None])
        beginn = date(2021, 6, 1) + timedelta(days=zufall.randrange(1000))
        for _ in range(zufall.choice([1, 1, 2, 3])):
            ende = zufall.choice([None, *(beginn + timedelta(days=zufall.randrange(0, 500)) for _ in range(5))])
            faelle.append(
                Fall(person, geburt, zufall.choice("mw"), zufall.choice(["05999004", "05999008", "05999012", "", "x"]),
                     zufall.choice(["amb", "stat"]), zufall.choice(["ja", "nein", "?", "ja", "nein"]), beginn, ende)
            )  # fmt: skip
            if ende is None:
                break
            beginn = ende + timedelta(days=zufall.choice([1, 1, 2, 40, -5]))
            beginn = max(beginn, faelle[-1].beginn)
    return faelle[:anzahl]


# ---------------------------------------------------------------- counting by hand


def raum(fall: Fall) -> str:
    return fall.gemeinde if fall.gemeinde in ("05999004", "05999008", "05999012") else "05999-R"


def gilt(fall: Fall, tag: date) -> bool:
    return fall.beginn <= tag and (fall.ende is None or fall.ende >= tag)


def am(faelle: list[Fall], tag: date) -> list[Fall]:
    """The row of every person that speaks on a day: begun last; of the same day, further down."""
    letzte: dict[str, tuple[date, int, Fall]] = {}
    for nr, fall in enumerate(faelle):
        if gilt(fall, tag) and (fall.person not in letzte or (fall.beginn, nr) > letzte[fall.person][:2]):
            letzte[fall.person] = (fall.beginn, nr, fall)
    return [fall for _, _, fall in letzte.values()]


def alter(fall: Fall, tag: date) -> int | None:
    if fall.geburt is None or fall.geburt > tag:
        return None
    jahre = tag.year - fall.geburt.year
    return jahre - ((tag.month, tag.day) < (fall.geburt.month, fall.geburt.day))


def ketten(faelle: list[Fall]) -> dict[str, list[list[tuple[int, Fall]]]]:
    """Spells of every person joined while the next one begins at most a day after everything before has ended."""
    je_person: dict[str, list[tuple[int, Fall]]] = {}
    for nr, fall in enumerate(faelle):
        je_person.setdefault(fall.person, []).append((nr, fall))
    ergebnis = {}
    for person, liste in je_person.items():
        liste.sort(key=lambda paar: (paar[1].beginn, -paar[0]))
        gruppen, bis = [], None
        for paar in liste:
            ende = paar[1].ende or date(9999, 12, 30)
            if bis is None or paar[1].beginn > bis + timedelta(days=1):
                gruppen.append([])
                bis = ende
            gruppen[-1].append(paar)
            bis = max(bis, ende)
        ergebnis[person] = gruppen
    return ergebnis


def volle_monate(von: date, bis: date) -> int:
    danach = bis + timedelta(days=1)
    return (danach.year - von.year) * 12 + danach.month - von.month - (danach.day < von.day)
