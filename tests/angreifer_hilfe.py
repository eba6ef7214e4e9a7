"""An attacker who has what everybody can get: exported tables, the list of Räume and the catalogue.

Shares no code with the gate: reads CSV and TOML himself, writes down every equation he can think of and solves for
the least and greatest possible value of what is hidden. The true counts only say whether he has found something.
"""

from __future__ import annotations

import csv
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
from scipy import sparse
from scipy.optimize import linprog
from scipy.sparse.csgraph import connected_components

MIT_WERT = ("offen", "unsicher")
EPS = 1e-6

Zelle = tuple[str, str]  # (raum_id, merkmal)
# What must stay secret, its true value (NaN: the supplier's secret), the upper end the interval has to reach.
Ziel = tuple[object, float, float]


# --- public knowledge ------------------------------------------------------------------------


@dataclass(frozen=True)
class Wissen:
    """What the catalogue and the list of Räume tell: who belongs to whom, what adds up, what is set against what."""

    kinder: dict[str, list[str]]  # Raum → its parts, the Rest-Raum under the top Raum
    rest: str  # the Rest-Raum; "": there is none
    summen: list[tuple[str, list[str]]]  # Merkmal = sum of Merkmale
    teile: list[tuple[str, str]]  # part ≤ whole
    kennzahlen: dict[str, tuple[str, list[str], list[str]]]  # id → (art, zaehler, nenner)
    recht: dict[str, str]  # of the counts of persons


def read_wissen(quellen: Iterable[Path], kennzahlen: Path, gebiet: Path, stichtag: date) -> Wissen:
    """Read source profiles, catalogue entries and the Räume valid at a Stichtag.

    Args:
        quellen: the TOML profiles of the Gebiet.
        gebiet: folder with gebiet.toml and the raeume files.
    """
    merkmale = {}
    for datei in quellen:
        profil = _toml(datei)
        merkmale |= {name: profil.get("standard", {}) | angaben for name, angaben in profil["merkmale"].items()}
    wege = [(m, weg) for m, a in merkmale.items() for weg in (a.get("summe_aus"), *a.get("weitere_summen", [])) if weg]
    kinder, rest = _read_kinder(gebiet, stichtag)
    return Wissen(
        kinder=kinder,
        rest=rest,
        summen=wege,
        teile=[(m, a["teil_von"]) for m, a in merkmale.items() if a.get("teil_von") in merkmale],
        kennzahlen=dict(_read_kennzahlen(kennzahlen, set(merkmale))),
        recht={
            m: a["recht"]
            for m, a in merkmale.items()
            if a.get("art", "anzahl") == "anzahl" and a.get("recht", "keins") != "keins"
        },
    )


def _toml(datei: Path) -> dict:
    return tomllib.loads(datei.read_text(encoding="utf-8"))


def _read_kinder(gebiet: Path, stichtag: date) -> tuple[dict[str, list[str]], str]:
    angaben = _toml(gebiet / "gebiet.toml")
    staende = angaben["gebietsstand"]
    stand = ([s for s in staende if s["ab"] <= stichtag] or staende[:1])[-1]
    kinder = defaultdict(list)
    with (gebiet / stand["raeume"]).open(encoding="utf-8", newline="") as datei:
        for zeile in csv.DictReader(datei, delimiter=";"):
            kinder[zeile["eltern_id"]].append(zeile["raum_id"])
    (oberster,) = kinder.pop("")
    rest = angaben.get("rest_raum", {}).get("raum_id", "")
    if rest:
        kinder[oberster].append(rest)
    return dict(kinder), rest


def _read_kennzahlen(ordner: Path, merkmale: set[str]) -> Iterator[tuple[str, tuple[str, list[str], list[str]]]]:
    """The first version of each Kennzahl for which the Gebiet has all Merkmale."""
    for datei in sorted(ordner.glob("*.toml")):
        k = _toml(datei)
        if k["art"] == "uebernommen" or k.get("entwurf"):
            continue
        for fassung in ({}, *k.get("ersatz", [])):
            zaehler, nenner = fassung.get("zaehler", k["zaehler"]), fassung.get("nenner", k.get("nenner", []))
            if {*zaehler, *nenner} <= merkmale:
                yield datei.stem, (k["art"], zaehler, nenner)
                break


# --- what the export shows -------------------------------------------------------------------


@dataclass
class Einblick:
    """Open counts of one Stichtag: sums of Merkmale per Raum, and quotes that are openly not a part of a whole."""

    summen: dict[tuple[str, frozenset[str]], float] = field(default_factory=dict)
    kein_teil: set[tuple[str, str]] = field(default_factory=set)  # (raum_id, kennzahl_id)


def read_export(datei: Path, wissen: Wissen, stichtag: date) -> Einblick:
    with datei.open(encoding="utf-8", newline="") as f:
        return look(csv.DictReader(f), wissen, stichtag)


def look(zeilen: Iterable[dict], wissen: Wissen, stichtag: date) -> Einblick:
    """Collect the counts behind all open rows: `zaehler` and `nenner`, single Merkmale and published sums."""
    einblick = Einblick()
    for zeile in zeilen:
        if zeile["stichtag"] != stichtag.isoformat() or zeile["kennzahl_id"] not in wissen.kennzahlen:
            continue
        if zeile["umgerechnet"] == "true":  # sums of open counts: nothing new, see test_umrechnung
            continue
        _, zaehler, nenner = wissen.kennzahlen[zeile["kennzahl_id"]]
        for spalte, merkmale in (("zaehler", zaehler), ("nenner", nenner)):
            if merkmale and zeile[spalte] and zeile["status"] in MIT_WERT:
                einblick.summen[zeile["raum_id"], frozenset(merkmale)] = float(zeile[spalte])
        if zeile["status"] == "nicht_sinnvoll":
            einblick.kein_teil.add((zeile["raum_id"], zeile["kennzahl_id"]))
    return einblick


def merge(*einblicke: Einblick) -> Einblick:
    """What somebody knows who has several exports."""
    summen = {k: w for e in einblicke for k, w in e.summen.items()}
    return Einblick(summen, set().union(*(e.kein_teil for e in einblicke)))


# --- the truth, only to know what would be a find --------------------------------------------


def read_wahrheit(intern: Path, wissen: Wissen, stichtag: date) -> dict[Zelle, float]:
    """True counts of persons on all levels; NaN where the supplier himself keeps (a part of) the count secret."""
    with duckdb.connect(str(intern), read_only=True) as con:
        zeilen = con.execute(
            "SELECT raum_id, merkmal, wert, status FROM fallzahl_gueltig WHERE stichtag = $s", {"s": stichtag}
        ).fetchall()
    wahr = {
        (raum, merkmal): wert if status in MIT_WERT else np.nan
        for raum, merkmal, wert, status in zeilen
        if merkmal in wissen.recht and status in (*MIT_WERT, "gesperrt_quelle")
    }
    for eltern in sorted(wissen.kinder, key=len, reverse=True):  # keys grow longer from level to level
        teile = defaultdict(list)
        for kind in wissen.kinder[eltern]:
            for merkmal in wissen.recht:
                if (kind, merkmal) in wahr:
                    teile[merkmal].append(kind)
        for merkmal, kinder in teile.items():
            if _alle_da(wissen, eltern, kinder):
                wahr.setdefault((eltern, merkmal), sum(wahr[kind, merkmal] for kind in kinder))
    return wahr


# --- equations -------------------------------------------------------------------------------


@dataclass
class System:
    """Unknown quantities x ≥ 0 with A·x = b; quantities are cells and, behind them, the slack of inequalities."""

    matrix: sparse.csr_matrix
    rechts: np.ndarray
    bekannt: np.ndarray  # value of each quantity that is plainly readable, else NaN
    ort: dict[object, int]  # Zelle or ("luecke", raum_id, kennzahl_id) → column
    gruppe: np.ndarray  # connected component of each column

    def intervall(self, was: object) -> tuple[float, float]:
        """Least and greatest value the attacker has to consider possible."""
        stelle = self.ort[was]
        if not np.isnan(self.bekannt[stelle]):
            return self.bekannt[stelle], self.bekannt[stelle]
        spalten = np.flatnonzero((self.gruppe == self.gruppe[stelle]) & np.isnan(self.bekannt))
        teil = self.matrix[:, spalten]
        zeilen = np.flatnonzero(np.diff(teil.indptr))
        richtung = (spalten == stelle).astype(float)
        return tuple(v * self._least(v * richtung, teil[zeilen], self.rechts[zeilen]) for v in (1, -1))

    def _least(self, ziel: np.ndarray, matrix: sparse.csr_matrix, rechts: np.ndarray) -> float:
        if not matrix.shape[0]:
            return -np.inf if ziel.min() < 0 else 0.0
        ergebnis = linprog(ziel, A_eq=matrix, b_eq=rechts, bounds=(0, None), method="highs")
        if ergebnis.status == 3:  # unbounded
            return -np.inf
        assert ergebnis.status == 0, f"the attacker's equations contradict each other: {ergebnis.message}"
        return float(ergebnis.fun)


def build_system(wissen: Wissen, einblick: Einblick, wahr: dict[Zelle, float]) -> System:
    """Everything the attacker can write down about one Stichtag.

    Args:
        wahr: says which counts exist (the data page shows that too) and drops relations the data do not obey:
            who believed in them would only deceive himself.
    """
    ort: dict[object, int] = {zelle: i for i, zelle in enumerate(wahr)}
    zeilen: list[tuple[dict[int, float], float]] = []

    def note(plus: list[Zelle], minus: list[Zelle], *, genau: bool, name: object = None) -> None:
        """Sum of `plus` equals (or is at least) the sum of `minus`."""
        rest = sum(wahr[z] for z in plus) - sum(wahr[z] for z in minus)
        if (abs(rest) if genau else -rest) > EPS:
            return
        zeile: dict[int, float] = defaultdict(float)
        for vorzeichen, zellen in ((1.0, plus), (-1.0, minus)):
            for zelle in zellen:
                zeile[ort[zelle]] += vorzeichen
        if not genau:
            zeile[ort.setdefault(name or ("luecke", len(ort)), len(ort))] = -1.0
        zeilen.append((zeile, 0.0))

    for eltern, kinder in wissen.kinder.items():
        for merkmal in wissen.recht:
            da = [(kind, merkmal) for kind in kinder if (kind, merkmal) in wahr]
            if (eltern, merkmal) in wahr and da:
                note([(eltern, merkmal)], da, genau=_alle_da(wissen, eltern, [kind for kind, _ in da]))
    raeume = {raum for raum, _ in wahr}
    for raum in raeume:
        for merkmal, weg in [*wissen.summen, *((ganzes, [teil]) for teil, ganzes in wissen.teile)]:
            da = [(raum, m) for m in weg if (raum, m) in wahr]
            if (raum, merkmal) in wahr and da:
                ist_summe = (merkmal, weg) in wissen.summen
                note([(raum, merkmal)], da, genau=ist_summe and len(da) == len(weg))
        for kennzahl, (art, zaehler, nenner) in wissen.kennzahlen.items():
            z, n = [(raum, m) for m in zaehler], [(raum, m) for m in nenner]
            if art == "quote" and all(c in wahr for c in (*z, *n)) and (raum, kennzahl) not in einblick.kein_teil:
                note(n, z, genau=False, name=("luecke", raum, kennzahl))
    for links, rechts in _find_zwillinge(einblick, wahr):
        note([links], [rechts], genau=True)
    bekannt = np.full(len(ort), np.nan)
    for (raum, merkmale), wert in einblick.summen.items():
        stellen = [ort[raum, m] for m in merkmale if (raum, m) in ort]
        if len(stellen) == len(merkmale) == 1:
            bekannt[stellen[0]] = wert
        elif len(stellen) == len(merkmale):
            zeilen.append((dict.fromkeys(stellen, 1.0), wert))
    return _reduce(zeilen, bekannt, ort)


def _alle_da(wissen: Wissen, eltern: str, da: list[str]) -> bool:
    """A Rest-Raum without delivery is empty; any other missing part leaves only: at least the sum of the others."""
    return set(wissen.kinder[eltern]) - {wissen.rest} <= set(da)


def _find_zwillinge(einblick: Einblick, wahr: dict[Zelle, float]) -> Iterator[tuple[Zelle, Zelle]]:
    """Merkmale whose open numbers are equal in every Raum where both are open: the reader takes them for the same."""
    offen: dict[str, dict[str, float]] = defaultdict(dict)
    for (raum, merkmale), wert in einblick.summen.items():
        if len(merkmale) == 1 and wert:
            offen[next(iter(merkmale))][raum] = wert
    namen = sorted(offen)
    for i, a in enumerate(namen):
        for b in namen[i + 1 :]:
            gemeinsam = offen[a].keys() & offen[b].keys()
            if len(gemeinsam) >= 5 and all(offen[a][r] == offen[b][r] for r in gemeinsam):
                yield from (((r, a), (r, b)) for r, m in wahr if m == a and (r, b) in wahr)


def _reduce(zeilen: list, bekannt: np.ndarray, ort: dict) -> System:
    """Put the readable numbers into the equations and split what is left into connected components."""
    werte = [(i, j, w) for i, (zeile, _) in enumerate(zeilen) for j, w in zeile.items()]
    i, j, w = (np.array(s) for s in zip(*werte, strict=True))
    voll = sparse.csr_matrix((w, (i, j)), shape=(len(zeilen), len(ort)))
    lesbar = ~np.isnan(bekannt)
    rechts = np.array([r for _, r in zeilen]) - voll @ np.where(lesbar, bekannt, 0)
    matrix = sparse.csr_matrix(voll @ sparse.diags((~lesbar).astype(float)))
    matrix.eliminate_zeros()
    netz = abs(matrix).T @ abs(matrix)
    return System(matrix, rechts, bekannt, ort, connected_components(netz, directed=False)[1])


# --- finds -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fund:
    """A secret the attacker narrows down further than allowed."""

    was: object
    wahr: float
    unten: float
    oben: float
    verlangt: float


def list_ziele(wissen: Wissen, system: System, wahr: dict[Zelle, float], profil: dict) -> list[Ziel]:
    """What must stay secret under a release profile (its TOML).

    A count below its threshold; any count of persons on benefits where hardly anybody lives; what is left of a
    reference group beside a published quote, zero included ("everybody there is poor").
    """

    def t(merkmal: str) -> int:
        return profil["schwelle"].get(wissen.recht[merkmal], profil["schwelle"]["standard"])

    ziele: list[Ziel] = []
    for (raum, merkmal), wert in wahr.items():
        leistung = wissen.recht[merkmal] != "bevoelkerung"
        einsam = leistung and wahr.get((raum, "bev_gesamt"), np.inf) < profil.get("einwohner_mindest", 0)
        if np.isnan(wert) and raum not in wissen.kinder:
            ziele.append(((raum, merkmal), wert, t(merkmal)))
        elif wert > 0 and (wert < t(merkmal) or einsam):
            ziele.append(((raum, merkmal), wert, max(wert + 1, t(merkmal))))
    for was in system.ort:
        if len(was) == 3:  # the gap between Nenner and Zähler of a quote
            _, raum, kennzahl = was
            _, zaehler, nenner = wissen.kennzahlen[kennzahl]
            rest = sum(wahr[raum, m] for m in nenner) - sum(wahr[raum, m] for m in zaehler)
            if 0 <= rest < t(zaehler[0]):
                ziele.append((was, rest, max(rest + 1, t(zaehler[0]))))
    return ziele


def attack(system: System, ziele: Iterable[Ziel]) -> list[Fund]:
    """The targets whose interval does not contain [0, required]."""
    funde = []
    for was, wert, verlangt in ziele:
        unten, oben = system.intervall(was)
        if unten > EPS or oben < verlangt - EPS:
            funde.append(Fund(was, wert, unten, oben, verlangt))
    return funde
