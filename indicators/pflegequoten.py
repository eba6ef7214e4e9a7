"""Where care is not delivered by age: what national quotas let expect for the population of each Kreis.

Two age groups are enough for what GENESIS tells of a Kreis (under 75, 75 and older); the finer national quotas are put
together with the national population that stands behind them.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from indicators.arten import MIT_WERT, merge_status
from indicators.berechnung import Zahlen
from indicators.intervall import byar
from indicators.pflege import Pflege, als_tabellen, je_raum
from indicators.pflegemodell import NACH_GESCHLECHT, Pflegemodell, Tafel, fasse

DATEI = Path(__file__).parent / "prognosen" / "pflegequoten_deutschland_2021.toml"
GRENZEN = (0, 75)
PFLEGEGRADE = date(2017, 1, 1)  # before, another notion of need


@dataclass(frozen=True)
class Quotentafel:
    """National quotas with their origin; `quote` and its rounding bounds [sex, band of `grenzen`] (0 to 1)."""

    titel: str
    herausgeber: str
    lizenz: str
    hinweis: str
    abweichung: str
    stichtag: date
    quote: np.ndarray
    unten: np.ndarray
    oben: np.ndarray


@cache
def read_quoten() -> Quotentafel:
    """The shipped table, put together to GRENZEN. Cases over the population that quotas and cases tell.

    The published quotas have one decimal: the bounds say what that leaves open.
    """
    roh = tomllib.loads(DATEI.read_text(encoding="utf-8"))
    gruppen = roh.pop("gruppe")
    von = tuple(g["von"] for g in gruppen)
    faelle = np.array([[g[f"pflege_{z}"] for g in gruppen] for z in "mw"], float)
    quote = np.array([[g[f"quote_{z}"] for g in gruppen] for z in "mw"]) / 100

    def gesamt(verschoben: float) -> np.ndarray:
        return fasse(faelle, von, GRENZEN) / fasse(faelle / (quote + verschoben), von, GRENZEN)

    return Quotentafel(**roh, quote=gesamt(0), unten=gesamt(-0.0005), oben=gesamt(0.0005))


def build_quotenvergleich(
    modell: Pflegemodell, zahlen: Zahlen, gezeigt: frozenset[str], raeume: pd.DataFrame, ebenen: tuple[str, ...]
) -> Pflege:
    """Counted against expected by national quotas, by sex, for every level and day of the care statistics since 2017.

    `rate` compares the Räume with each other: need at equal ages, scaled so that the whole Gebiet keeps its own rate.
    """
    tafel, quoten = Tafel(zahlen, gezeigt, raeume), read_quoten()
    zeilen = []
    for ebene in ebenen:
        for tag in tafel.stichtage({*modell.bevoelkerung.alle, *NACH_GESCHLECHT}, ebene):
            if tag >= PFLEGEGRADE:
                zeilen += _ein_tag(tafel, modell, quoten, ebene, tag, oben=ebenen[0])
    angaben = {
        "art": "quoten" if zeilen else "keine",
        "quoten": {
            "stichtag": quoten.stichtag.isoformat(),
            **{f: getattr(quoten, f) for f in ("titel", "herausgeber", "lizenz", "hinweis", "abweichung")},
        },
    }
    return Pflege(als_tabellen({"pflege_vergleich": zeilen}), angaben if zeilen else angaben | {"grund": "gesperrt"})


def _ein_tag(tafel: Tafel, modell: Pflegemodell, quoten: Quotentafel, ebene: str, tag: date, *, oben: str) -> list:
    orte = tafel.orte(ebene, tag)
    ganz = _lies(tafel, modell, quoten, tafel.orte(oben, tag), tag)
    hier = _lies(tafel, modell, quoten, orte, tag)
    zeilen = []
    for s, groesse in enumerate((*NACH_GESCHLECHT, "pflegebeduerftige")):
        o, e, n = (x[:, s] for x in (hier.faelle, hier.erwartet, hier.bev))
        unten, oben_ = byar(o)
        # need at equal ages against the whole Gebiet, times its rate
        mal = 100 * ganz.erwartet[:, s].sum() / ganz.bev[:, s].sum()
        zeilen += je_raum(
            orte, ebene, stichtag=tag, groesse=groesse, verfahren="quoten", beobachtet=o, erwartet=e,
            erwartet_unten=hier.unten[:, s], erwartet_oben=hier.oben[:, s],
            verhaeltnis=o / e, verhaeltnis_unten=unten / e, verhaeltnis_oben=oben_ / e, roh=100 * o / n,
            rate=mal * o / e, rate_unten=mal * unten / e, rate_oben=mal * oben_ / e, status=hier.status,
        )  # fmt: skip
    return zeilen


@dataclass(frozen=True)
class _Zahlen:
    faelle: np.ndarray  # [Raum, (men, women, both)], NaN where hidden
    bev: np.ndarray
    erwartet: np.ndarray
    unten: np.ndarray
    oben: np.ndarray
    status: np.ndarray


def _lies(tafel: Tafel, modell: Pflegemodell, quoten: Quotentafel, orte: pd.DataFrame, tag: date) -> _Zahlen:
    bev, b_status = tafel.lies(orte, tag, modell.bevoelkerung.alle)
    faelle, f_status = tafel.lies(orte, tag, NACH_GESCHLECHT)
    status = merge_status(b_status, f_status)
    da = np.isin(status, MIT_WERT)[:, None]
    grob = fasse(bev.reshape(len(orte), 2, -1), modell.bevoelkerung.grenzen, GRENZEN)
    je_geschlecht = [(q * grob).sum(axis=-1) for q in (quoten.quote, quoten.unten, quoten.oben)]

    def mit_summe(werte: np.ndarray) -> np.ndarray:
        return np.where(da, np.column_stack([werte, werte.sum(1)]), np.nan)

    return _Zahlen(mit_summe(faelle), mit_summe(grob.sum(-1)), *map(mit_summe, je_geschlecht), status)
