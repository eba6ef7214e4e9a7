"""A small territory, a source profile and its delivery, small enough to check by hand."""

from pathlib import Path

from etl.quelle import Quelle, read_quelle
from geodata.gebiet import Gebiet, read_gebiet

GEBIET = """
name = "Kreis Test"
erfunden = true
anzeige_ebene = "kommune"
[[ebene]]
id = "kreis"
titel = "Kreis"
titel_plural = "Kreise"
muster = '^05999$'
[[ebene]]
id = "kommune"
titel = "Kommune"
titel_plural = "Kommunen"
eltern = "kreis"
muster = '^05999\\d{3}$'
[rest_raum]
raum_id = "05999-R"
name = "nicht zuordenbar"
ebene = "kommune"
[[gebietsstand]]
ab = 2015-01-01
geometrie = "2015.geojson"
crs = "EPSG:25832"
raeume = "2015.csv"
quelle = "erfunden"
lizenz = "CC0 1.0"
[[gebietsstand]]
ab = 2024-01-01
geometrie = "2024.geojson"
crs = "EPSG:25832"
raeume = "2024.csv"
quelle = "erfunden"
lizenz = "CC0 1.0"
"""
RAEUME = """raum_id;name;ebene;eltern_id
05999;Kreis Test;kreis;
05999004;Altstadt;kommune;05999
05999008;Bahnhof;kommune;05999
05999012;Weiler;kommune;05999
"""
PROFIL = """
titel = "Leistungsberechtigte nach Kommunen"
gebiet = ["test"]
herausgeber = "Jobcenter"
lizenz = "erfunden"
ebene = "kommune"
[datei]
muster = "sgb2_{stichtag:%Y}*.csv"
zeichensatz = "cp1252"
tausender = "."
kopf = "Schlüssel"
null = ["-"]
gesperrt = ["*"]
nicht_sinnvoll = ["x"]
nicht_geliefert = ["..."]
weitere = ["Name"]
[raum]
spalte = "Schlüssel"
rest = ["ohne"]
summen = ["Insgesamt"]
[spalten]
"Leistungsberechtigte" = "sgb2_rlb"
"erwerbsfähig" = "sgb2_elb"
"nicht erwerbsfähig" = "sgb2_nef"
[standard]
einheit = "Personen"
recht = "sgb2"
[merkmale]
sgb2_rlb = { titel = "Leistungsberechtigte", summe_aus = ["sgb2_elb", "sgb2_nef"] }
sgb2_elb = { titel = "Erwerbsfähige" }
sgb2_nef = { titel = "Nicht Erwerbsfähige" }
"""
GUT = """Leistungsberechtigte im Kreis Test

Schlüssel;Name;Leistungsberechtigte;erwerbsfähig;nicht erwerbsfähig
05999004;Altstadt;1.245;900;345
05999008;Bahnhof;410;300;110
05999012;Weiler;84;84;-
ohne;nicht zuordenbar;3;3;0
Insgesamt;;1.742;1.287;455
"""


def baue_gebiet(wurzel: Path) -> Gebiet:
    """Kreis 05999 with three Kommunen; from 2024 on the third has another key."""
    ordner = wurzel / "test"
    ordner.mkdir(parents=True)
    (ordner / "gebiet.toml").write_text(GEBIET, encoding="utf-8")
    (ordner / "2015.csv").write_text(RAEUME, encoding="utf-8")
    (ordner / "2024.csv").write_text(RAEUME.replace("05999012", "05999016"), encoding="utf-8")
    return read_gebiet(ordner)


def baue_quelle(wurzel: Path, *ersetzungen: tuple[str, str], profil: str = PROFIL, name: str = "sgb2") -> Quelle:
    """The profile with texts replaced; each text must occur."""
    for alt, neu in ersetzungen:
        assert alt in profil, alt
        profil = profil.replace(alt, neu)
    wurzel.mkdir(parents=True, exist_ok=True)
    pfad = wurzel / f"{name}.toml"
    pfad.write_text(profil, encoding="utf-8")
    return read_quelle(pfad)


def schreibe(pfad: Path, inhalt: str | bytes = GUT, zeichensatz: str = "cp1252") -> Path:
    pfad.parent.mkdir(parents=True, exist_ok=True)
    pfad.write_bytes(inhalt if isinstance(inhalt, bytes) else inhalt.encode(zeichensatz))
    return pfad
