"""`python -m tests.bench.fallliste_bench [person-months]`: a case list with addresses, and points in polygons.

The list is invented: one row per person and month over three years, addresses by a Straßenverzeichnis of 3,000 streets.
Points fall on 11,000 areas: the Gemeinden of the reference data if they are there, else squares of 24 corners each.
"""

import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import shapely

from etl.gruppen import pruefe_lieferung
from etl.quelle import read_quelle
from geodata.gebiet import read_gebiet
from geodata.zuordnung import Flaechen
from tests.hilfe_fallliste import baue_fallgebiet

PROFIL = """
titel = "Hilfe zur Pflege"
gebiet = ["test"]
herausgeber = "erfunden"
lizenz = "erfunden"
ebene = "kommune"
[datei]
muster = "hzp.csv"
zeichensatz = "cp1252"
[zuordnung]
strasse = "Straße"
hausnummer = "Hausnummer"
[fallliste]
person = "Fallnummer"
monat = "Monat"
geburtsdatum = "Geburtsdatum"
von = 2021-01-01
bis = 2023-12-31
[fallliste.felder.geschlecht]
spalte = "Geschlecht"
werte = { m = "_m", w = "_w" }
[fallliste.felder.leistung]
spalte = "Leistung"
werte = { amb = "_ambulant", stat = "_stationaer" }
[fallliste.felder.pflegegrad]
spalte = "Pflegegrad"
werte = { 1 = "_pg1", 2 = "_pg2", 3 = "_pg3", 4 = "_pg4", 5 = "_pg5" }
[fallliste.felder.alter]
altersgruppen = { _u65 = [0, 64], _65_79 = [65, 79], _80_plus = [80, 120] }
[[fallliste.zaehlung]]
merkmal = "hzp"
nach = ["alter", "geschlecht"]
[[fallliste.zaehlung]]
merkmal = "hzp_leistung"
nach = ["leistung", "pflegegrad"]
je = "monat"
[[fallliste.zaehlung]]
merkmal = "hzp_mittel"
zaehle = "jahresmittel"
nach = ["leistung"]
[[fallliste.zaehlung]]
merkmal = "hzp_zugaenge"
zaehle = "zugaenge"
[[fallliste.zaehlung]]
merkmal = "hzp_enden"
zaehle = "beendigungen"
[standard]
einheit = "Personen"
recht = "sgb12"
[merkmale]
"""


def write_profil(pfad: Path) -> None:
    alter = [f"hzp{a}{g}" for a in ("_u65", "_65_79", "_80_plus") for g in ("_m", "_w")]
    grade = [f"hzp_leistung{a}_pg{g}" for a in ("_ambulant", "_stationaer") for g in range(1, 6)]
    zeiten = dict.fromkeys(alter, "stichtag") | dict.fromkeys(grade, "monat")
    zeiten |= dict.fromkeys(["hzp_mittel_ambulant", "hzp_mittel_stationaer"], "jahresmittel")
    zeiten |= dict.fromkeys(["hzp_zugaenge", "hzp_enden"], "jahressumme")
    merkmale = [f'{name} = {{ titel = "{name}", zeitbezug = "{zeit}" }}' for name, zeit in zeiten.items()]
    pfad.write_text(PROFIL + "\n".join(merkmale), encoding="utf-8")


def write_strassen(ordner: Path, anzahl: int = 3_000) -> list[str]:
    """A directory with two ranges per street; one street in 50 stays out of it."""
    raeume = ("05999004", "05999008", "05999012")
    for jahr in ("2015", "2024"):
        zeilen = ["strasse;von;bis;seite;raum_id"]
        for nr in range(anzahl):
            if nr % 50:
                a, b = raeume[nr % 3], raeume[(nr + 1) % 3]
                zeilen += [
                    f"Erfundene Straße {nr} West;1;99;ungerade;{a}",
                    f"Erfundene Straße {nr} West;2;98;gerade;{b}",
                ]
        text = "\n".join(zeilen) + "\n"
        text = text.replace("05999012", "05999016") if jahr == "2024" else text
        (ordner / f"{jahr}_strassen.csv").write_text(text, encoding="utf-8")
    return [f"Erfundene Str. {nr} West" for nr in range(anzahl)]


def write_liste(pfad: Path, zeilen: int, strassen: list[str]) -> None:
    """Persons stay for a year on average; sorted by month, as a yearly export is."""
    zufall = np.random.default_rng(1)
    personen = zeilen // 12
    fest = {
        "geburt": np.datetime64("1925-01-01") + zufall.integers(0, 25_000, personen),
        "sex": zufall.choice(["m", "w"], personen),
        "strasse": zufall.integers(0, len(strassen), personen),
        "nummer": zufall.integers(1, 100, personen),
        "anfang": zufall.integers(0, 25, personen),
    }
    geburt = np.array([f"{t.day:02d}.{t.month:02d}.{t.year}" for t in fest["geburt"].astype(object)])
    with open(pfad, "w", encoding="cp1252", newline="") as datei:
        datei.write("Fallnummer;Name;Geburtsdatum;Geschlecht;Straße;Hausnummer;Leistung;Pflegegrad;Monat\r\n")
        for monat in range(36):
            da = np.flatnonzero((fest["anfang"] <= monat) & (monat < fest["anfang"] + 12))
            leistung, grad = zufall.choice(["amb", "stat"], len(da)), zufall.integers(1, 6, len(da))
            text = f"{monat % 12 + 1:02d}.{2021 + monat // 12}"
            datei.writelines(
                f"Erfunden-{p:07d};Erfunden;{geburt[p]};{fest['sex'][p]};{strassen[fest['strasse'][p]]};"
                f"{fest['nummer'][p]};{wie};{pg};{text}\r\n"
                for p, wie, pg in zip(da, leistung, grad, strict=True)
            )


def miss_liste(zeilen: int) -> None:
    with tempfile.TemporaryDirectory() as ordner:
        wurzel = Path(ordner)
        gebiet = baue_fallgebiet(wurzel / "gebiete")
        strassen = write_strassen(gebiet.ordner)
        write_profil(wurzel / "hzp.toml")
        pfad = wurzel / "hzp.csv"
        write_liste(pfad, zeilen, strassen)
        gebiet, quelle = read_gebiet(gebiet.ordner), read_quelle(wurzel / "hzp.toml")
        vorher = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        start = time.perf_counter()
        lieferung = pruefe_lieferung(pfad, quelle, gebiet)
        dauer = time.perf_counter() - start
        spitze = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        with open(pfad, "rb") as datei:
            gelesen = sum(block.count(b"\n") for block in iter(lambda: datei.read(1 << 20), b"")) - 1
        print(
            f"Fallliste: {gelesen:,} Personenmonate ({pfad.stat().st_size >> 20} MB) in {dauer:.1f} s, "
            f"{len(lieferung.frame):,} Werte; Spitze {spitze} MB (vor dem Zählen {vorher} MB)"
        )
        for befund in lieferung.befunde:
            print("  ", befund.text[:160])


def lies_flaechen() -> Flaechen:
    vg250 = Path(os.environ.get("SOZIALRAUM_REFERENZ", "")) / "germany" / "VG250_GEM.shp"
    if vg250.is_file():
        import geopandas as gpd

        tabelle = gpd.read_file(vg250).to_crs("EPSG:25832")
        return Flaechen([str(nr) for nr in range(len(tabelle))], tabelle.geometry.to_numpy(), tabelle.crs)
    x, y = np.meshgrid(np.arange(105) * 6_000.0 + 300_000, np.arange(105) * 6_000.0 + 5_300_000)
    quadrate = shapely.segmentize(shapely.box(x, y, x + 6_000, y + 6_000).ravel(), 1_000)
    return Flaechen([str(nr) for nr in range(len(quadrate))], quadrate, "EPSG:25832")


def miss_punkte(anzahl: int = 2_000_000) -> None:
    flaechen = lies_flaechen()
    grenzen, zufall = shapely.total_bounds(flaechen.polygone), np.random.default_rng(2)
    x, y = zufall.uniform(grenzen[0], grenzen[2], anzahl), zufall.uniform(grenzen[1], grenzen[3], anzahl)
    start = time.perf_counter()
    codes = flaechen.finde(x, y)
    dauer = time.perf_counter() - start
    print(
        f"Punkte: {anzahl:,} gegen {len(flaechen.raum_ids):,} Flächen in {dauer:.2f} s = {anzahl / dauer:,.0f} je "
        f"Sekunde; {(codes >= 0).mean():.1%} getroffen"
    )


def main() -> None:
    miss_punkte()
    miss_liste(int(sys.argv[1]) if len(sys.argv) > 1 else 5_000_000)


if __name__ == "__main__":
    main()
