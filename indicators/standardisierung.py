"""Age-standardised rates: would the Raum still differ if it had the age structure of the others? Arrays in, arrays out.

Direct standardisation puts the rates of each age group on a standard population; it needs cases by age and falls apart
in small Räume. Indirect standardisation puts the rates of a reference on the ages of the Raum and compares the cases
with those expected; it needs only the total of cases, and is the default for small Räume.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from indicators.intervall import byar

MINDEST = 10  # cases below which a directly standardised rate says nothing (Fingertips)
OFFEN, ZU_WENIG_FAELLE, NENNER_LEER, FEHLT = "offen", "zu_wenig_faelle", "nenner_leer", "wert_fehlt"


@dataclass(frozen=True)
class Standardisiert:
    """`wert`, `unten`, `oben` per `pro` (a ratio: 1 = as expected), NaN unless `grund` is "offen"; cases `beobachtet`,
    cases `erwartet` (indirect only)."""

    wert: np.ndarray
    unten: np.ndarray
    oben: np.ndarray
    grund: np.ndarray
    beobachtet: np.ndarray
    erwartet: np.ndarray


def direkt(faelle, bevoelkerung, standard, *, pro: float = 100_000, sicherheit: float = 0.95) -> Standardisiert:
    """Directly standardised rate with Dobson's interval.

    Args:
        faelle, bevoelkerung: age groups along the last axis.
        standard: weights of the age groups, any scale.

    Returns:
        One value per Raum. Not defined (`grund`): fewer than MINDEST cases, an age group without people, a missing
        number.

    Source: Dobson et al., Statistics in Medicine 10 (1991) 457–462; PHEindicatormethods 2.1 `calculate_dsr`.
    """
    x, n = np.asarray(faelle, float), np.asarray(bevoelkerung, float)
    w = np.asarray(standard, float)
    summe = x.sum(-1)
    grund = np.select(
        [np.isnan(x).any(-1) | np.isnan(n).any(-1), (n <= 0).any(-1), summe < MINDEST],
        [FEHLT, NENNER_LEER, ZU_WENIG_FAELLE],
        OFFEN,
    ).astype(object)
    n = np.where(n > 0, n, np.nan)
    rate = (w * x / n).sum(-1) / w.sum()
    varianz = ((w / n) ** 2 * x).sum(-1) / w.sum() ** 2
    unten, oben = byar(summe, sicherheit=sicherheit)
    je_fall = np.sqrt(varianz / np.where(summe > 0, summe, np.nan))
    return _blende(
        rate * pro, (rate + je_fall * (unten - summe)) * pro, (rate + je_fall * (oben - summe)) * pro, grund, summe
    )


def indirekt(
    beobachtet,
    bevoelkerung,
    referenz_faelle,
    referenz_bevoelkerung,
    *,
    pro: float | None = None,
    sicherheit: float = 0.95,
) -> Standardisiert:
    """Cases against those expected with the age-specific rates of the reference.

    Args:
        beobachtet: all cases of each Raum.
        bevoelkerung: age groups along the last axis; a group without people adds nothing.
        referenz_faelle, referenz_bevoelkerung: of the reference, one number per age group.
        pro: None gives the ratio (1 = as expected); otherwise ratio × crude rate of the reference × pro.

    Returns:
        One value per Raum with the interval of its cases (Byar, exact below 10). Not defined (`grund`): a missing
        number, nothing expected.

    Source: Breslow & Day (1987); PHEindicatormethods 2.1 `calculate_ISRatio`, `calculate_ISRate`.
    """
    o, n = np.asarray(beobachtet, float), np.asarray(bevoelkerung, float)
    rx, rn = np.asarray(referenz_faelle, float), np.asarray(referenz_bevoelkerung, float)
    erwartet = (np.divide(rx, rn, out=np.full(rn.shape, np.nan), where=rn > 0) * n).sum(-1)
    grund = np.select([np.isnan(o) | np.isnan(erwartet), erwartet <= 0], [FEHLT, NENNER_LEER], OFFEN).astype(object)
    mal = 1.0 if pro is None else rx.sum() / rn.sum() * pro
    teiler = np.where(erwartet > 0, erwartet, np.nan) / mal
    unten, oben = byar(o, sicherheit=sicherheit)
    return _blende(o / teiler, unten / teiler, oben / teiler, grund, o, erwartet)


def _blende(wert, unten, oben, grund, beobachtet, erwartet=None) -> Standardisiert:
    offen = grund == OFFEN
    zahlen = (np.where(offen, a, np.nan) for a in (wert, unten, oben))
    return Standardisiert(*zahlen, grund, beobachtet, np.full(np.shape(wert), np.nan) if erwartet is None else erwartet)
