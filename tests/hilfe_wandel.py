"""Wandel: a territory whose Räume were cut anew in 2020, small enough to convert by hand.

2015   W-01  W-02  W-03  W-04  W-08    W-09        one square kilometre each, in a row
2020   W-01  [-- W-05 --] W-06 W-07  W-10  W-09    W-05 = W-02 + W-03, W-04 in halves, W-10 takes 3 % of W-09
"""

from pathlib import Path

from shapely import Polygon

from tests.conftest import Installation
from tests.hilfe_geodata import quadrat, write_geojson

ALT = {f"W-0{nr}": quadrat(i, 0) for i, nr in enumerate((1, 2, 3, 4, 8, 9))}
NEU = {
    "W-01": quadrat(0, 0),
    "W-05": quadrat(1, 0, 2),
    "W-06": quadrat(3, 0, 0.5),
    "W-07": quadrat(3.5, 0, 0.5),
    "W-10": quadrat(4, 0, 1.03),
    "W-09": quadrat(5.03, 0, 0.97),
}
GEBIET = """name = "Wandel"
erfunden = true
hinweis = "Wandel: erfundene Zahlen."
anzeige_ebene = "quartier"
[[ebene]]
id = "kreis"
titel = "Kreis"
titel_plural = "Kreise"
muster = '^W$'
[[ebene]]
id = "quartier"
titel = "Quartier"
titel_plural = "Quartiere"
eltern = "kreis"
muster = '^W-\\d\\d$'
[[gebietsstand]]
ab = 2015-01-01
geometrie = "2015.geojson"
raeume = "2015.csv"
crs = "EPSG:25832"
quelle = "erfunden"
lizenz = "CC0 1.0"
[[gebietsstand]]
ab = 2020-01-01
geometrie = "2020.geojson"
raeume = "2020.csv"
umstieg = "umstieg.csv"
umstieg_art = "flaeche"
crs = "EPSG:25832"
quelle = "erfunden"
lizenz = "CC0 1.0"
"""
QUELLE = """titel = "{titel}"
gebiet = ["wandel"]
herausgeber = "erfunden"
lizenz = "CC0 1.0"
ebene = "quartier"
[datei]
muster = "{name}_{{stichtag:%Y}}.csv"
kopf = "Raum"
[raum]
spalte = "Raum"
{mehr}
[spalten]
"Zahl" = "{merkmal}"
[merkmale.{merkmal}]
titel = "{titel}"
einheit = "Personen"
recht = "{recht}"
"""
KENNZAHL = """titel = "Testquote"
kurz = "Testquote"
thema = "armut"
reihenfolge = 1
art = "quote"
zaehler = ["sgb2_lb"]
nenner = ["bev_gesamt"]
pro = 100
einheit = "%"
polaritaet = "belastung"
quelle = "erfunden"
lesart = "Von 100 Menschen beziehen {wert} Leistungen."
definition = "Leistungsberechtigte je 100 Einwohner."
[beispiel]
sgb2_lb = 10
bev_gesamt = 100
ergebnis = 10.0
"""
EINWOHNER = {"W-01": 1000, "W-02": 600, "W-03": 400, "W-04": 800, "W-08": 1000, "W-09": 1000}
LEISTUNG = {"W-01": 120, "W-02": 60, "W-03": 40, "W-04": 80, "W-08": 100, "W-09": 100}
EINWOHNER_NEU = {"W-01": 1000, "W-05": 1010, "W-06": 500, "W-07": 310, "W-10": 1020, "W-09": 980}
LEISTUNG_NEU = {"W-01": 115, "W-05": 99, "W-06": 50, "W-07": 31, "W-10": 102, "W-09": 98}
ZAHLEN = {
    ("sw_bev", 2017): EINWOHNER | {"W-01": 990},
    ("sw_sgb2", 2017): LEISTUNG | {"W-02": 2},  # below every threshold: hidden, and a neighbour with it
    ("sw_bev", 2018): EINWOHNER,
    ("sw_sgb2", 2018): LEISTUNG,
    ("sw_bev", 2021): EINWOHNER_NEU,
    ("sw_sgb2", 2021): LEISTUNG_NEU,
}


def build_wandel(daten: Path, zahlen: dict = ZAHLEN, *, gebiet: str = GEBIET, sgb2: str = "") -> Installation:
    """Catalogue overlay and deliveries of Wandel; the weight table is built by the command.

    Args:
        sgb2: more keys of [raum] in the profile of the benefits.
    """
    katalog = daten / "katalog"
    ordner = katalog / "gebiete" / "wandel"
    for teil in (ordner, katalog / "quellen", katalog / "kennzahlen"):
        teil.mkdir(parents=True)
    (ordner / "gebiet.toml").write_text(gebiet, encoding="utf-8")
    _write_stand(ordner, "2015", ALT)
    _write_stand(ordner, "2020", NEU)
    for name, merkmal, recht, mehr in (
        ("sw_bev", "bev_gesamt", "bevoelkerung", ""),
        ("sw_sgb2", "sgb2_lb", "sgb2", sgb2),
    ):
        profil = QUELLE.format(titel=merkmal, name=name, merkmal=merkmal, recht=recht, mehr=mehr)
        (katalog / "quellen" / f"{name}.toml").write_text(profil, encoding="utf-8")
    (katalog / "kennzahlen" / "testquote.toml").write_text(KENNZAHL, encoding="utf-8")
    for (name, jahr), werte in zahlen.items():
        pfad = daten / "wandel" / "eingang" / name / f"{name}_{jahr}.csv"
        pfad.parent.mkdir(parents=True, exist_ok=True)
        zeilen = [f"{raum};{zahl}" for raum, zahl in werte.items()]
        pfad.write_text("Raum;Zahl\n" + "\n".join(zeilen) + "\n", encoding="utf-8")
    installation = Installation(daten)
    installation.run("umstieg", "--gebiet", "wandel", "--ziel", str(ordner / "umstieg.csv"))
    return installation


def _write_stand(ordner: Path, jahr: str, flaechen: dict[str, Polygon]) -> None:
    zeilen = ["raum_id;name;ebene;eltern_id", "W;Wandel;kreis;", *(f"{r};Ort {r};quartier;W" for r in flaechen)]
    (ordner / f"{jahr}.csv").write_text("\n".join(zeilen) + "\n", encoding="utf-8")
    write_geojson(ordner / f"{jahr}.geojson", list(flaechen.items()))
