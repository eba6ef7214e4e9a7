"""Kinds of Kennzahlen: the kind carries the rules. Arrays in, arrays out; one bad cell never stops a Kreis.

| Art         | value                  | interval               | Zähler > Nenner  |
|-------------|------------------------|------------------------|------------------|
| anzahl      | Zähler                 | none                   | –                |
| quote       | part of a whole        | Wilson                 | `nicht_sinnvoll` |
| verhaeltnis | cases per reference    | Byar / exact, optional | allowed          |
| uebernommen | published by another   | none                   | –                |
| veraenderung | change since n years  | none                   | allowed          |
| standardisiert | sum of weighted rates | Dobson               | allowed          |
| index       | made of Kennzahlen     | none                   | –                |
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from indicators.intervall import byar, wilson
from indicators.standardisierung import direkt

ARTEN = ("anzahl", "quote", "verhaeltnis", "uebernommen", "index", "veraenderung", "standardisiert")
MIT_WERT = ("offen", "unsicher")
# The first one met decides. Secrecy first: a cell must never look better known than its most secret part.
RANGFOLGE = ("gesperrt", "gesperrt_quelle", "nicht_geliefert", "nicht_sinnvoll", "nicht_definiert", "unsicher", "offen")


@dataclass(frozen=True)
class Spalte:
    """Counts with their status, one per Raum and Stichtag.

    `wert` is a float and only meaningful where `status` is "offen" or "unsicher"; elsewhere it is ignored.
    """

    wert: np.ndarray
    status: np.ndarray


@dataclass(frozen=True)
class Werte:
    """A computed Kennzahl: `wert`, `unten`, `oben` in its unit, NaN where there is none, and the `status`."""

    wert: np.ndarray
    unten: np.ndarray
    oben: np.ndarray
    status: np.ndarray


def merge_status(*status: np.ndarray) -> np.ndarray:
    """The most secret, then the least known status of each cell, see RANGFOLGE."""
    raenge = [_raenge(spalte) for spalte in status]
    return np.array(RANGFOLGE, dtype=object)[np.minimum.reduce(raenge)]


def _raenge(status: np.ndarray) -> np.ndarray:
    raenge = np.full(len(status), -1)
    for nr, wort in enumerate(RANGFOLGE):
        raenge[np.asarray(status, object) == wort] = nr
    assert (raenge >= 0).all(), f"unknown status word: {set(status) - set(RANGFOLGE)}"
    return raenge


def summe(spalten: Sequence[Spalte]) -> Spalte:
    """Sum of the summands of a Zähler or Nenner. A part without a value leaves the sum without one."""
    status = merge_status(*(spalte.status for spalte in spalten))
    wert = np.sum([np.asarray(spalte.wert, float) for spalte in spalten], axis=0)
    return Spalte(np.where(np.isin(status, MIT_WERT), wert, np.nan), status)


def compute(
    art: str,
    zaehler: Sequence[Spalte],
    nenner: Sequence[Spalte] = (),
    *,
    pro: float = 1,
    intervall: bool = True,
    gewichte: Sequence[float] = (),
) -> Werte:
    """Compute one Kennzahl for many Räume and Stichtage.

    Args:
        art: one of ARTEN.
        zaehler: the summands of the Zähler, arrays of equal length and order.
        nenner: the summands of the Nenner, same order; empty for `anzahl` and `uebernommen`.
        pro: 100 gives per cent, 1000 per thousand.
        intervall: False where chance has no part in the numbers (places, services, age structure).
        gewichte: standard population of `standardisiert`, one per summand of Zähler and Nenner.

    Returns:
        Same order. Nenner 0 is `nicht_definiert`. Only cells that are `offen` carry an interval: the count of an
        `unsicher` cell is itself an estimate, and an interval around it would promise too much.
    """
    if art == "standardisiert":
        return standardisiert(zaehler, nenner, gewichte, pro=pro, intervall=intervall)
    oben = summe(zaehler)
    if art == "veraenderung":
        return veraenderung(oben, summe(nenner), pro=pro)
    if art == "quote":
        return quote(oben, summe(nenner), pro=pro, intervall=intervall)
    if art == "verhaeltnis":
        return verhaeltnis(oben, summe(nenner), pro=pro, intervall=intervall)
    return _werte(oben.wert, None, oben.status)


def quote(zaehler: Spalte, nenner: Spalte, *, pro: float = 100, intervall: bool = True) -> Werte:
    """Share of a subset in its population, with its 95 % Wilson interval.

    A Zähler above its Nenner (two registers disagree) is `nicht_sinnvoll`, never a number above 100 %.
    """
    status = _status_bruch(zaehler, nenner)
    mit_wert = np.isin(status, MIT_WERT)
    status = np.where(mit_wert & (zaehler.wert > nenner.wert), "nicht_sinnvoll", status).astype(object)
    grenzen = wilson(zaehler.wert, nenner.wert) if intervall else None
    return _werte(_teile(zaehler.wert, nenner.wert), grenzen, status, pro=pro)


def verhaeltnis(zaehler: Spalte, nenner: Spalte, *, pro: float = 1, intervall: bool = True) -> Werte:
    """Cases per unit of a reference group, with the 95 % interval of the cases (Byar, exact below 10).

    The Zähler may exceed the Nenner. The Nenner counts as known exactly.
    """
    status = _status_bruch(zaehler, nenner)
    grenzen = [_teile(grenze, nenner.wert) for grenze in byar(zaehler.wert)] if intervall else None
    return _werte(_teile(zaehler.wert, nenner.wert), grenzen, status, pro=pro)


def veraenderung(jetzt: Spalte, vorher: Spalte, *, pro: float = 100) -> Werte:
    """Change of a count against an earlier one, as a share of the earlier; negative where it became less.

    The status is that of the less known of both counts; an earlier count of 0 is `nicht_definiert`.
    """
    status = _status_bruch(jetzt, vorher)
    return _werte(_teile(jetzt.wert - vorher.wert, vorher.wert), None, status, pro=pro)


def standardisiert(
    zaehler: Sequence[Spalte],
    nenner: Sequence[Spalte],
    gewichte: Sequence[float],
    *,
    pro: float = 1,
    intervall: bool = True,
) -> Werte:
    """Directly standardised rate, see `standardisierung.direkt`; the summands are the age groups.

    Too few cases, or an age group without people, are `nicht_definiert`.
    """
    status = merge_status(*(s.status for s in (*zaehler, *nenner)))
    faelle, bevoelkerung = (np.array([np.asarray(s.wert, float) for s in teil]).T for teil in (zaehler, nenner))
    ergebnis = direkt(faelle, bevoelkerung, gewichte, pro=1)
    unklar = np.isin(status, MIT_WERT) & (ergebnis.grund != "offen")
    status = np.where(unklar, "nicht_definiert", status).astype(object)
    grenzen = (ergebnis.unten, ergebnis.oben) if intervall else None
    return _werte(ergebnis.wert, grenzen, status, pro=pro)


def _status_bruch(zaehler: Spalte, nenner: Spalte) -> np.ndarray:
    status = merge_status(zaehler.status, nenner.status)
    return np.where(np.isin(status, MIT_WERT) & (nenner.wert == 0), "nicht_definiert", status).astype(object)


def _teile(zaehler: np.ndarray, nenner: np.ndarray) -> np.ndarray:
    return np.divide(zaehler, nenner, out=np.full(len(nenner), np.nan), where=nenner > 0)


def _werte(wert, grenzen, status, *, pro: float = 1) -> Werte:
    """Blank every number its status does not allow; scale the rest."""
    leer = np.full(len(wert), np.nan)
    unten, oben = (leer, leer) if grenzen is None else grenzen
    mit_wert, offen = np.isin(status, MIT_WERT), status == "offen"
    return Werte(
        np.where(mit_wert, wert * pro, np.nan),
        np.where(offen, unten * pro, np.nan),
        np.where(offen, oben * pro, np.nan),
        status,
    )
