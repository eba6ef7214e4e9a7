"""An invented Kreis with any counts, through the real front door: one day after the other is one table after the other.

Three levels, a second geography over the same Quartiere, two ways to add up the people in need of care. The profile of
the sources says nothing about jumps between Stichtage, because random tables have nothing to do with each other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import numpy as np

KREIS, REST = "97", "97-R"
KOMMUNEN = {"97001": 3, "97002": 4, "97003": 3}  # Kommune → number of its Quartiere
QUARTIERE = [f"{k}-{nr:02d}" for k, anzahl in KOMMUNEN.items() for nr in range(1, anzahl + 1)]
BEZIRKE = {q: f"97B{1 + nr % 2}" for nr, q in enumerate(QUARTIERE)}  # cut across the Kommunen

ARTEN = ["pflege_pflegegeld", "pflege_ambulant", "pflege_stationaer", "pflege_pg1_ohne"]
GRADE = ["pflege_pg1", "pflege_pg2", "pflege_pg3", "pflege_pg4", "pflege_pg5"]
QUELLEN = {
    "pk_bevoelkerung": {"bev_gesamt": ("bevoelkerung", [["bev_unter_rag", "bev_ab_rag"]], ""),
                        "bev_unter_rag": ("bevoelkerung", [], ""), "bev_ab_rag": ("bevoelkerung", [], "")},
    "pk_sgb2": {"sgb2_lb": ("sgb2", [["sgb2_rlb", "sgb2_slb"]], "bev_unter_rag"),
                "sgb2_rlb": ("sgb2", [["sgb2_elb", "sgb2_nef"]], ""), "sgb2_slb": ("sgb2", [], ""),
                "sgb2_elb": ("sgb2", [], ""), "sgb2_nef": ("sgb2", [], ""),
                "sgb2_aufstocker": ("sgb2", [], "sgb2_elb")},
    "pk_pflege": {"pflegebeduerftige": ("pflege", [ARTEN, GRADE], "bev_gesamt"),
                  **{m: ("pflege", [], "") for m in [*ARTEN, *GRADE]}},
}  # fmt: skip
MERKMALE = [m for quelle in QUELLEN.values() for m in quelle]

Tafel = Mapping[str, Mapping[str, int | str]]  # merkmal → raum → count, or "*"


def write_pruefkreis(daten: Path, tafeln: Mapping[date, Tafel], *, zweite: bool = True) -> None:
    """Catalogue overlay and deliveries of one territory `pruefkreis`, one table per Stichtag."""
    gebiet = daten / "katalog" / "gebiete" / "pruefkreis"
    gebiet.mkdir(parents=True)
    (gebiet / "gebiet.toml").write_text(_gebiet(zweite), encoding="utf-8")
    (gebiet / "raeume.csv").write_text(_raeume(zweite), encoding="utf-8")
    (gebiet / "grenzen.geojson").write_text(json.dumps(_grenzen()), encoding="utf-8")
    (daten / "katalog" / "quellen").mkdir()
    for name, merkmale in QUELLEN.items():
        (daten / "katalog" / "quellen" / f"{name}.toml").write_text(_quelle(name, merkmale), encoding="utf-8")
    write_lieferungen(daten, tafeln)


def write_lieferungen(daten: Path, tafeln: Mapping[date, Tafel]) -> None:
    for name, merkmale in QUELLEN.items():
        ordner = daten / "pruefkreis" / "eingang" / name
        ordner.mkdir(parents=True, exist_ok=True)
        for tag, tafel in tafeln.items():
            da = [m for m in merkmale if m in tafel]
            raeume = [r for r in (*QUARTIERE, REST) if any(r in tafel[m] for m in da)]
            zeilen = [";".join(["Schluessel", *da])] if da else []
            zeilen += [";".join([r, *(str(tafel[m].get(r, "…")) for m in da)]) for r in raeume]
            if da:
                (ordner / f"{name}_{tag:%Y-%m-%d}.csv").write_text("\n".join(zeilen) + "\n", encoding="utf-8")


def build_zufall(anzahl: int, samen: int) -> dict[date, dict[str, dict[str, int]]]:
    """Random tables, one per day: small places and large ones, many small counts, some empty Quartiere."""
    zufall = np.random.default_rng(samen)
    return {date(2021, 1, 1) + timedelta(days=7 * nr): _tafel(zufall) for nr in range(anzahl)}


def build_einfache(anzahl: int, samen: int) -> dict[date, dict[str, dict[str, int]]]:
    """Random tables of inhabitants and one Merkmal: quick to publish, and by the hundred."""
    zufall = np.random.default_rng(samen)
    tafeln = {}
    for nr in range(anzahl):
        tafel = _tafel(zufall)
        namen = ("sgb2_lb",) if nr % 2 else ("pflegebeduerftige",)
        tafeln[date(2021, 1, 1) + timedelta(days=7 * nr)] = {m: tafel[m] for m in ("bev_gesamt", *namen)}
    return tafeln


def _tafel(zufall: np.random.Generator) -> dict[str, dict[str, int]]:
    n = len(QUARTIERE)
    groesse = zufall.lognormal(6.3, 0.9, n)
    haeufig = np.exp(zufall.uniform(np.log(0.001), np.log(0.12), n))  # as many rare as common
    bis_rag, ab_rag = zufall.poisson(groesse * 0.8), zufall.poisson(groesse * 0.2)
    werte = {"bev_unter_rag": bis_rag, "bev_ab_rag": ab_rag, "bev_gesamt": bis_rag + ab_rag}
    teile = {m: np.minimum(zufall.poisson(groesse * haeufig * f), bis_rag // 4)
             for m, f in (("sgb2_elb", 0.6), ("sgb2_nef", 0.3), ("sgb2_slb", 0.05))}  # fmt: skip
    rlb = teile["sgb2_elb"] + teile["sgb2_nef"]
    werte |= teile | {"sgb2_rlb": rlb, "sgb2_lb": rlb + teile["sgb2_slb"]}
    werte["sgb2_aufstocker"] = zufall.binomial(teile["sgb2_elb"], 0.2)
    pflege = np.minimum(zufall.poisson(groesse * haeufig), (bis_rag + ab_rag) // 2)
    werte["pflegebeduerftige"] = pflege
    for namen, gewichte in ((ARTEN, [0.5, 0.2, 0.2, 0.1]), (GRADE, [0.12, 0.4, 0.28, 0.14, 0.06])):
        aufteilung = np.array([zufall.multinomial(p, gewichte) for p in pflege])
        werte |= {m: aufteilung[:, nr] for nr, m in enumerate(namen)}
    tafel = {m: dict(zip(QUARTIERE, map(int, w), strict=True)) for m, w in werte.items()}
    for m in ("sgb2_elb", "sgb2_rlb", "sgb2_lb"):
        tafel[m][REST] = int(zufall.integers(0, 4)) if m == "sgb2_elb" else tafel["sgb2_elb"][REST]
    for m in ("sgb2_nef", "sgb2_slb", "sgb2_aufstocker"):
        tafel[m][REST] = 0
    return tafel


def _gebiet(zweite: bool) -> str:
    ebenen = [("kreis", "Kreis", "Kreise", "", "^97$")]
    ebenen += [("bezirk", "Bezirk", "Bezirke", "kreis", r"^97B\d$")] if zweite else []
    ebenen += [("kommune", "Kommune", "Kommunen", "kreis", r"^97\d{3}$")]
    ebenen += [("quartier", "Quartier", "Quartiere", "kommune", r"^97\d{3}-\d\d$")]
    texte = ['name = "Prüfkreis"', "erfunden = true", 'anzeige_ebene = "quartier"']
    for name, titel, plural, eltern, muster in ebenen:
        texte += ["[[ebene]]", f'id = "{name}"', f'titel = "{titel}"', f'titel_plural = "{plural}"']
        texte += [f'eltern = "{eltern}"'] if eltern else []
        texte += [f"muster = '{muster}'"]
    texte += ["[rest_raum]", f'raum_id = "{REST}"', 'name = "nicht zuordenbar"', 'ebene = "quartier"']
    texte += ["[[gebietsstand]]", "ab = 2020-01-01", 'geometrie = "grenzen.geojson"', 'raeume = "raeume.csv"']
    texte += ['crs = "EPSG:25832"', 'quelle = "erfunden"', 'lizenz = "CC0"']
    return "\n".join(texte) + "\n"


def _raeume(zweite: bool) -> str:
    zeilen = ["raum_id;name;ebene;eltern_id" + (";bezirk_id" if zweite else "")]
    ende = ";" if zweite else ""
    zeilen.append(f"{KREIS};Prüfkreis;kreis;{ende}")
    zeilen += [f"97B{nr};Bezirk {nr};bezirk;{KREIS};" for nr in (1, 2)] if zweite else []
    zeilen += [f"{k};Kommune {k[-1]};kommune;{KREIS}{ende}" for k in KOMMUNEN]
    for q in QUARTIERE:
        zeilen.append(f"{q};Quartier {q[2:]};quartier;{q[:5]}" + (f";{BEZIRKE[q]}" if zweite else ""))
    return "\n".join(zeilen) + "\n"


def _grenzen() -> dict:
    felder = []
    for nr, q in enumerate(QUARTIERE):
        x, y = 400_000 + 1000 * nr, 5_600_000
        ring = [[x, y], [x + 1000, y], [x + 1000, y + 1000], [x, y + 1000], [x, y]]
        geometrie = {"type": "Polygon", "coordinates": [ring]}
        felder.append({"type": "Feature", "properties": {"raum_id": q}, "geometry": geometrie})
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25832"}}
    return {"type": "FeatureCollection", "crs": crs, "features": felder}


def _quelle(name: str, merkmale: dict) -> str:
    texte = [f'titel = "{name}"', 'gebiet = ["pruefkreis"]', 'herausgeber = "erfunden"', 'lizenz = "CC0"',
             'hinweis = "Erfundene Zahlen"', 'ebene = "quartier"', "geheim_unter = 0", "darf_gleich_bleiben = true",
             "[sprung]", "mindestens = 1e12", "[datei]", f'muster = "{name}_{{stichtag:%Y-%m-%d}}.csv"',
             'trennzeichen = ";"', 'kopf = "Schluessel"', 'gesperrt = ["*"]', 'nicht_geliefert = ["…"]',
             f"darf_fehlen = {json.dumps(list(merkmale))}",
             "[raum]", 'spalte = "Schluessel"', f'rest = ["{REST}"]', "[spalten]"]  # fmt: skip
    texte += [f'"{m}" = "{m}"' for m in merkmale]
    for m, (recht, summen, ganzes) in merkmale.items():
        texte += [f"[merkmale.{m}]", f'titel = "{m}"', 'einheit = "Personen"', f'recht = "{recht}"']
        texte += [f"summe_aus = {json.dumps(summen[0])}"] if summen else []
        texte += [f"weitere_summen = {json.dumps(summen[1:])}"] if summen[1:] else []
        texte += [f'teil_von = "{ganzes}"'] if ganzes else []
    return "\n".join(texte) + "\n"
