"""Torkreis: three Kommunen with four Quartiere each, made so that every release profile shows something else.

SGB XII counts of 3 and 4 stand in `kreis` and `kommune` but not in `oeffentlich`; names try to be formulas.
"""

from __future__ import annotations

import os
from pathlib import Path

from filelock import FileLock

from tests.conftest import Installation
from tests.hilfe_geodata import quadrat, write_geojson
from tests.hilfe_wandel import KENNZAHL, QUELLE

KOMMUNEN = ("99001", "99002", "99003")
FORMEL = '=HYPERLINK("http://fremd.example";"Klick")'
NAMEN = {"99001": "Astadt", "99002": "Bedorf", "99003": "Cehausen", "99002-03": FORMEL, "99002-04": "@SUMME(A1)"}
QUARTIERE = tuple(f"{k}-{nr:02d}" for k in KOMMUNEN for nr in range(1, 5))
GEBIET = """name = "Torkreis"
erfunden = true
hinweis = "Torkreis: erfundene Zahlen."
anzeige_ebene = "quartier"
[[ebene]]
id = "kreis"
titel = "Kreis"
titel_plural = "Kreise"
muster = '^99$'
[[ebene]]
id = "kommune"
titel = "Kommune"
titel_plural = "Kommunen"
eltern = "kreis"
muster = '^99\\d{3}$'
[[ebene]]
id = "quartier"
titel = "Quartier"
titel_plural = "Quartiere"
eltern = "kommune"
muster = '^99\\d{3}-\\d\\d$'
[[gebietsstand]]
ab = 2015-01-01
geometrie = "grenzen.geojson"
raeume = "raeume.csv"
crs = "EPSG:25832"
quelle = "erfunden"
lizenz = "CC0 1.0"
"""
MERKMALE = {
    "tk_bev": ("bev_gesamt", "bevoelkerung", lambda nr: 900 + 37 * nr),
    "tk_sgb2": ("sgb2_lb", "sgb2", lambda nr: 20 + 7 * nr if nr % 5 else 2),
    "tk_sgb12": ("sgb12_gsa", "sgb12", lambda nr: (3, 4, 12, 4, 17, 3)[nr % 6]),
}
STICHTAGE = (2021, 2022)
VERGLEICH = """bezug;kennzahl;stichtag;wert;zaehler;nenner;quelle
Torland;testquote;31.12.2022;5,0;;;erfunden
Torland;testquote12;31.12.2022;;8;1000;erfunden
"""


def build_torkreis(daten: Path) -> Installation:
    """Catalogue and deliveries, loaded and published."""
    katalog = daten / "katalog"
    ordner = katalog / "gebiete" / "torkreis"
    for teil in (ordner, katalog / "quellen", katalog / "kennzahlen"):
        teil.mkdir(parents=True)
    (ordner / "gebiet.toml").write_text(GEBIET, encoding="utf-8")
    raeume = [("99", "Torkreis", "kreis", "")]
    raeume += [(k, NAMEN[k], "kommune", "99") for k in KOMMUNEN]
    raeume += [(q, NAMEN.get(q, f"Ort {q}"), "quartier", q[:5]) for q in QUARTIERE]
    felder = [";".join(f'"{wert.replace(chr(34), chr(34) * 2)}"' for wert in zeile) for zeile in raeume]
    (ordner / "raeume.csv").write_text("\n".join(["raum_id;name;ebene;eltern_id", *felder]) + "\n", encoding="utf-8")
    flaechen = [(q, quadrat(nr % 4, nr // 4)) for nr, q in enumerate(QUARTIERE)]
    write_geojson(ordner / "grenzen.geojson", flaechen)
    for name, (merkmal, recht, zahl) in MERKMALE.items():
        profil = QUELLE.format(titel=merkmal, name=name, merkmal=merkmal, recht=recht, mehr="")
        (katalog / "quellen" / f"{name}.toml").write_text(profil.replace("wandel", "torkreis"), encoding="utf-8")
        for jahr in STICHTAGE:
            pfad = daten / "torkreis" / "eingang" / name / f"{name}_{jahr}.csv"
            pfad.parent.mkdir(parents=True, exist_ok=True)
            zeilen = [f"{q};{zahl(nr + jahr % 3)}" for nr, q in enumerate(QUARTIERE)]
            pfad.write_text("Raum;Zahl\n" + "\n".join(zeilen) + "\n", encoding="utf-8")
    (ordner / "vergleichswerte.csv").write_text(VERGLEICH, encoding="utf-8")
    (katalog / "kennzahlen" / "testquote.toml").write_text(KENNZAHL, encoding="utf-8")
    zwoelf = KENNZAHL.replace("sgb2_lb", "sgb12_gsa").replace("Testquote", "Testquote XII")
    (katalog / "kennzahlen" / "testquote12.toml").write_text(
        zwoelf.replace("reihenfolge = 1", "reihenfolge = 2"), "utf-8"
    )
    installation = Installation(daten)
    installation.run("laden", "--gebiet", "torkreis")
    installation.run("veroeffentlichen", "--gebiet", "torkreis")
    return installation


def find_torkreis(tmp_path_factory) -> Installation:
    """The published Torkreis, built once for all test processes. Read only."""
    gemeinsam = tmp_path_factory.getbasetemp()
    daten = (gemeinsam.parent if "PYTEST_XDIST_WORKER" in os.environ else gemeinsam) / "torkreis ä"
    with FileLock(f"{daten}.lock"):
        if not (daten / "gebaut").exists():
            build_torkreis(daten)
            (daten / "gebaut").touch()
    return Installation(daten)


def mit_zugang(torkreis: Installation, ordner: Path, text: str, geheimnis: str = "") -> Installation:
    """The same data with a `zugang.toml` of one's own; nothing is copied."""
    ordner.mkdir(parents=True, exist_ok=True)
    for name in ("torkreis", "katalog"):
        (ordner / name).symlink_to(torkreis.daten / name, target_is_directory=True)
    (ordner / "zugang.toml").write_text(text, encoding="utf-8")
    (ordner / "geheimnis").write_text(geheimnis, encoding="utf-8")
    (ordner / "geheimnis").chmod(0o600)
    return Installation(ordner)


ROLLEN = """
[rolle.kreis]
titel = "Fachplanung"
freigabe = "kreis"
gruppen = ["g-kreis"]
[rolle.bedorf]
titel = "Bedorf"
kommunen = ["99002"]
gruppen = ["g-bedorf"]
[rolle.cehausen]
titel = "Cehausen"
kommunen = ["99003"]
gruppen = ["g-cehausen"]
[rolle.ausschuss]
titel = "Ausschuss"
freigabe = "oeffentlich"
gruppen = ["g-ausschuss"]
[rolle.woanders]
titel = "Anderes Gebiet"
freigabe = "kreis"
gebiete = ["musterkreis"]
gruppen = ["g-woanders"]
"""
GEHEIMNIS = "0123456789abcdef0123456789abcdef-geheim"
KOPFZEILE = f"""modus = "kopfzeile"
adresse = "https://monitor.kreis.example"
ansprechstelle = "Zimmer 12, Tel. 99-12"
[kopfzeile]
vertrauen = ["127.0.0.1", "10.1.2.0/24"]
geheimnis_datei = "geheimnis"
{ROLLEN}"""
OIDC = """modus = "oidc"
adresse = "{adresse}"
ansprechstelle = "Zimmer 12, Tel. 99-12"
[oidc]
aussteller = "{aussteller}"
client_id = "sozialraum"
geheimnis_datei = "geheimnis"
ruhe_minuten = 30
hoechstens_stunden = 8
"""


# --- asking the gate -----------------------------------------------------------------------------


def als_gruppe(*gruppen: str, nutzer: str = "erika", **mehr) -> dict:
    """Request arguments as the trusted proxy sends them."""
    kopf = {"X-Remote-User": nutzer, "X-Remote-Groups": ",".join(gruppen), "X-Proxy-Secret": GEHEIMNIS}
    return {"headers": {**kopf, **mehr}, "environ_overrides": {"REMOTE_ADDR": "127.0.0.1"}}


def frage_callback(ausgabe: str, werte: dict, zustand: dict) -> dict:
    """The body of a callback request as the browser builds it."""
    outputs = [dict(zip(("id", "property"), t.rsplit(".", 1), strict=True)) for t in ausgabe.strip(".").split("...")]
    return {
        "output": ausgabe,
        "outputs": outputs if ausgabe.startswith("..") else outputs[0],
        "inputs": [
            dict(zip(("id", "property", "value"), (*k.rsplit(".", 1), v), strict=True)) for k, v in werte.items()
        ],
        "state": [
            dict(zip(("id", "property", "value"), (*k.rsplit(".", 1), v), strict=True)) for k, v in zustand.items()
        ],
        "changedPropIds": list(werte)[:1],
    }
