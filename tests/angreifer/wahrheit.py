"""The other side of the test: true counts, and what of them must stay secret. The attacker's equations never see it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from tests.angreifer.beobachtung import MIT_WERT
from tests.angreifer.gleichungen import Wahrheit
from tests.angreifer.katalog import Stand, Wissen

EINWOHNER = ("bev_gesamt", "fs_gesamt")
# One process opens a file with one configuration: the program's.
WIE_PROGRAMM = {"enable_external_access": "false"}
WIE_LESER = {"enable_external_access": "false", "lock_configuration": "true"}


@dataclass(frozen=True)
class Ziel:
    """A secret: its unknown, true value (NaN: known to the supplier only), and the interval that must stay possible."""

    was: tuple
    wahr: float
    unten: float
    oben: float


def list_merkmale(intern: Path) -> set[str]:
    with duckdb.connect(str(intern), read_only=True, config=WIE_PROGRAMM) as con:
        return {m for (m,) in con.execute("SELECT DISTINCT merkmal FROM fallzahl_gueltig").fetchall()}


def list_tage(intern: Path) -> list[str]:
    """Stichtage, those with most counts first."""
    with duckdb.connect(str(intern), read_only=True, config=WIE_PROGRAMM) as con:
        sql = "SELECT stichtag FROM fallzahl_gueltig GROUP BY ALL ORDER BY count(*) DESC, stichtag DESC"
        return [tag.isoformat() for (tag,) in con.execute(sql).fetchall()]


def read_wahrheit(intern: Path, wissen: Wissen, tage: set[str] | None = None) -> Wahrheit:
    """Counts of persons on all levels: delivered ones, and the sums of what was delivered completely below."""
    with duckdb.connect(str(intern), read_only=True, config=WIE_PROGRAMM) as con:
        zeilen = con.execute(
            "SELECT raum_id, gebietsstand, merkmal, stichtag, wert, status FROM fallzahl_gueltig"
        ).fetchall()
    wahr: Wahrheit = {}
    for raum, stand, merkmal, stichtag, wert, status in zeilen:
        tag = stichtag.isoformat()
        if merkmal in wissen.recht and status in (*MIT_WERT, "gesperrt_quelle") and (tage is None or tag in tage):
            wahr[wissen.raum(raum, stand, tag), merkmal, tag] = wert if status in MIT_WERT else np.nan
    for merkmal, tag in {z[1:] for z in wahr}:
        for stand in wissen.staende:
            for kinder in stand.kinder.values():
                for oberster in set(kinder) - {k for teile in kinder.values() for k in teile}:
                    _summe(oberster, kinder, stand, wissen, wahr, merkmal, tag)
    return wahr


def _summe(raum: str, kinder: dict, stand: Stand, wissen: Wissen, wahr: Wahrheit, merkmal: str, tag: str):
    """Value of a Raum, from its parts where it was not delivered; None: not all of them are known."""
    zelle = (wissen.raum(raum, stand.ab, tag), merkmal, tag)
    teile = {k: _summe(k, kinder, stand, wissen, wahr, merkmal, tag) for k in kinder.get(raum, ())}
    teile = {k: wert for k, wert in teile.items() if k != wissen.rest or wert is not None}
    if zelle not in wahr and teile and None not in teile.values() and set(teile) - {wissen.rest}:
        wahr[zelle] = sum(teile.values())
    return wahr.get(zelle)


def list_ziele(wissen: Wissen, zellen: dict, wahr: Wahrheit, profil: dict) -> list[Ziel]:
    """What must stay secret under a release profile.

    A count below its threshold; any count of persons on benefits where hardly anybody lives; what is left of a
    reference group beside a published quote, zero included.

    Args:
        zellen: the unknowns of the attacker's equations.
        profil: the profile's TOML.
    """

    def t(merkmal: str) -> int:
        return profil["schwelle"].get(wissen.recht[merkmal], profil["schwelle"]["standard"])

    einwohner = _einwohner(wahr)
    oberste = {r for s in wissen.staende for k in s.kinder.values() for r in k}
    ziele = []
    for (raum, merkmal, tag), wert in wahr.items():
        leistung = wissen.recht[merkmal] != "bevoelkerung"
        einsam = leistung and einwohner.get((raum, tag), np.inf) < profil.get("einwohner_mindest", 0)
        if np.isnan(wert) and raum.partition("@")[0] not in oberste:
            ziele.append(Ziel((raum, merkmal, tag), wert, 0, t(merkmal)))
        elif wert > 0 and (wert < t(merkmal) or einsam):
            ziele.append(Ziel((raum, merkmal, tag), wert, 0, max(wert + 1, t(merkmal))))
    for was in zellen:
        if len(was) == 4 and "#" not in was[0] and (ziel := _rest(was, wissen, wahr, t)):
            ziele.append(ziel)
    return ziele


def _rest(was: tuple, wissen: Wissen, wahr: Wahrheit, t) -> Ziel | None:
    raum, kennzahl, tag, _ = was
    k = wissen.kennzahlen[kennzahl]
    if not all((raum, m, tag) in wahr for m in (*k.zaehler, *k.nenner)):
        return None  # a Nenner of an earlier Stichtag: another day's people
    rest = sum(wahr[raum, m, tag] for m in k.nenner) - sum(wahr[raum, m, tag] for m in k.zaehler)
    schwelle = t(k.zaehler[0])
    return Ziel(was, rest, 0, max(rest + 1, schwelle)) if 0 <= rest < schwelle else None


def _einwohner(wahr: Wahrheit) -> dict[tuple[str, str], float]:
    register = next((m for m in EINWOHNER if any(z[1] == m for z in wahr)), EINWOHNER[0])
    je_raum: dict[str, dict[str, float]] = defaultdict(dict)
    for (raum, merkmal, tag), wert in wahr.items():
        if merkmal == register:
            je_raum[raum][tag] = wert
    tage = {z[2] for z in wahr}
    neueste = {(r, t): max((s for s in reihe if s <= t), default=None) for r, reihe in je_raum.items() for t in tage}
    return {ort: je_raum[ort[0]][s] for ort, s in neueste.items() if s is not None}
