"""What everybody knows: which Räume make up a Raum, which Merkmale add up, what a Kennzahl sets against what.

Read from the public files themselves (TOML, CSV), not through the program.
"""

from __future__ import annotations

import csv
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

WURZEL = Path(__file__).parents[2]
MITGELIEFERT = {"gebiete": "geodata", "quellen": "etl", "kennzahlen": "indicators", "freigaben": "indicators"}
HAUPT = "eltern_id"  # the hierarchy by levels; further columns `<name>_id` are further geographies


@dataclass(frozen=True)
class Kennzahl:
    art: str
    zaehler: tuple[str, ...]
    nenner: tuple[str, ...]
    pro: float
    stellen: int
    letzter: bool  # the Nenner is the newest one known at the Stichtag


@dataclass(frozen=True)
class Stand:
    """One Gebietsstand: hierarchy → Raum → its parts. The Rest-Raum is a part of the top Raum."""

    ab: str
    kinder: dict[str, dict[str, tuple[str, ...]]]
    umstieg: dict[str, dict[str, float]]  # old Raum → {Raum of this Gebietsstand: share}


@dataclass(frozen=True)
class Wissen:
    """The public knowledge about one territory."""

    gebiet: str
    staende: tuple[Stand, ...]
    rest: str  # "": there is none
    recht: dict[str, str]  # Merkmal → law, of counts of persons
    summen: tuple[tuple[str, tuple[str, ...]], ...]
    teile: tuple[tuple[str, str], ...]  # part ≤ whole
    kennzahlen: dict[str, Kennzahl]
    geheim_unter: dict[str, int]  # Merkmal → a supplier's "*" stands for less than this

    def stand_am(self, tag: str) -> Stand:
        """The Gebietsstand that holds at a Stichtag; before the first one, the first."""
        return [s for s in self.staende if s.ab <= tag][-1] if tag >= self.staende[0].ab else self.staende[0]

    def raum(self, raum_id: str, stand: str, tag: str) -> str:
        """A name for a Raum that tells geographies of one Stichtag apart."""
        return raum_id if stand == self.stand_am(tag).ab else f"{raum_id}@{stand}"


def read_wissen(gebiet: str, daten: Path, *, merkmale: set[str] | None = None, raeume: Iterable[str] = ()) -> Wissen:
    """Read the catalogue of one territory.

    Args:
        daten: the data folder; its `katalog/` overlays what ships with the program.
        merkmale: what was delivered (the data page lists it); None: everything the sources name.
        raeume: keys that were seen; own areas among them are another geography over today's Räume.
    """
    profile = [p for p in map(_toml, _eintraege("quellen", daten)) if gebiet in p["gebiet"]]
    alle = {}
    for profil in profile:
        vorgabe = profil.get("standard", {}) | {"geheim_unter": profil.get("geheim_unter", 3)}
        alle |= {name: vorgabe | angaben for name, angaben in profil["merkmale"].items()}
    ordner = [o for w in _wurzeln("gebiete", daten) if (o := w / gebiet).is_dir()][-1]
    angaben = _toml(ordner / "gebiet.toml")
    wege = [(m, tuple(w)) for m, a in alle.items() for w in (a.get("summe_aus"), *a.get("weitere_summen", [])) if w]
    return Wissen(
        gebiet=gebiet,
        staende=_mit_eigenen(
            [_read_stand(ordner, s, angaben) for s in angaben["gebietsstand"]], daten / gebiet, raeume
        ),
        rest=angaben.get("rest_raum", {}).get("raum_id", ""),
        recht={
            m: a["recht"]
            for m, a in alle.items()
            if a.get("art", "anzahl") == "anzahl" and a.get("recht", "keins") != "keins"
        },
        summen=tuple(wege),
        teile=tuple((m, a["teil_von"]) for m, a in alle.items() if a.get("teil_von") in alle),
        kennzahlen=_read_kennzahlen(_eintraege("kennzahlen", daten), merkmale or set(alle)),
        geheim_unter={m: a["geheim_unter"] or 3 for m, a in alle.items()},
    )


def read_profil(freigabe: str, daten: Path) -> dict:
    """A release profile as its TOML says it: thresholds, minimum inhabitants."""
    return _toml({p.stem: p for p in _eintraege("freigaben", daten)}[freigabe])


def list_profile(daten: Path) -> list[str]:
    """Ids of the release profiles, the most permissive first."""
    profile = {p.stem: _toml(p) for p in _eintraege("freigaben", daten)}
    return sorted(profile, key=lambda name: profile[name]["rang"])


def _wurzeln(art: str, daten: Path) -> tuple[Path, Path]:
    return WURZEL / MITGELIEFERT[art] / art, daten / "katalog" / art


def _eintraege(art: str, daten: Path) -> list[Path]:
    """Files of one kind; the Kreis's own overlay the shipped ones by name."""
    return list({p.name: p for w in _wurzeln(art, daten) for p in sorted(w.glob("*.toml"))}.values())


def _toml(datei: Path) -> dict:
    return tomllib.loads(datei.read_text(encoding="utf-8"))


def _csv(datei: Path) -> list[dict]:
    with datei.open(encoding="utf-8-sig", newline="") as f:
        return list(csv.DictReader((zeile for zeile in f if not zeile.startswith("#")), delimiter=";"))


def _read_stand(ordner: Path, stand: dict, gebiet: dict) -> Stand:
    zeilen = _csv(ordner / stand["raeume"])
    kinder: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for zeile in zeilen:
        for spalte in (s for s in zeile if s.endswith("_id") and s != "raum_id"):
            if zeile[spalte]:
                kinder[spalte][zeile[spalte]].append(zeile["raum_id"])
    haupt = {z["raum_id"]: z[HAUPT] for z in zeilen}
    for hierarchie in [h for h in kinder if h != HAUPT]:  # a further geography hangs in the tree, but divides anew
        for raum in list(kinder[hierarchie]):
            kinder[HAUPT][haupt[raum]].remove(raum)
            kinder[hierarchie][haupt[raum]].append(raum)
    if "rest_raum" in gebiet:
        (oberster,) = (raum for raum, eltern in haupt.items() if not eltern)
        for hierarchie in kinder.values():
            hierarchie[oberster].append(gebiet["rest_raum"]["raum_id"])
    umstieg: dict[str, dict[str, float]] = defaultdict(dict)
    for zeile in _csv(ordner / stand["umstieg"]) if "umstieg" in stand else []:
        umstieg[zeile["raum_alt"]][zeile["raum_neu"]] = float(zeile["anteil"] or "nan")
    fest = {h: {oben: tuple(unten) for oben, unten in k.items()} for h, k in kinder.items()}
    return Stand(str(stand["ab"]), fest, dict(umstieg))


def _mit_eigenen(staende: list[Stand], ordner: Path, raeume: Iterable[str]) -> tuple[Stand, ...]:
    """Own areas of the Kreis: `eigene/<id>.toml` says which Räume make one up, its key begins with both ids."""
    kinder = dict(staende[-1].kinder)
    for datei in sorted((ordner / "eigene").glob("*.toml")):
        teile = {f"eigene_{datei.stem}-{r['id']}-": tuple(r["teile"]) for r in _toml(datei)["raum"]}
        seine = {raum: teile[a] for raum in set(raeume) for a in teile if raum.startswith(a)}
        kinder |= {f"eigene_{datei.stem}_id": seine} if seine else {}
    return (*staende[:-1], Stand(staende[-1].ab, kinder, staende[-1].umstieg))


def _read_kennzahlen(dateien: list[Path], merkmale: set[str]) -> dict[str, Kennzahl]:
    """The first version of each Kennzahl for which the territory has all Merkmale."""
    gefunden = {}
    for datei in dateien:
        k = _toml(datei)
        # A change stands only between two counts that are open themselves; it is no count, and tells nothing of others.
        if k["art"] in ("uebernommen", "veraenderung", "standardisiert") or k.get("entwurf"):
            continue
        for fassung in ({}, *k.get("ersatz", [])):
            zaehler, nenner = fassung.get("zaehler", k["zaehler"]), fassung.get("nenner", k.get("nenner", []))
            if {*zaehler, *nenner} <= merkmale:
                letzter = fassung.get("nenner_zeitpunkt", k.get("nenner_zeitpunkt", "gleich")) == "letzter"
                gefunden[datei.stem] = Kennzahl(
                    k["art"], tuple(zaehler), tuple(nenner), float(k.get("pro", 1)), k.get("stellen", 1), letzter
                )
                break
    return gefunden
