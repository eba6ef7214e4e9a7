"""Funnel limits: how far from the common value may a Raum of this size lie by chance? Arrays in, arrays out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

STUFEN = (0.95, 0.998)
PUNKTE = 60  # of a curve
MINDEST = 3  # Räume


@dataclass(frozen=True)
class Trichter:
    """`raeume`: raum_id, name, nenner, wert and place (`innen`, `auffaellig` beyond 95 %, `sehr_auffaellig` beyond
    99.8 %); `kurven`: nenner, unten_95, oben_95, unten_998, oben_998; `mitte`: common value. Unit of the Kennzahl."""

    raeume: pd.DataFrame
    kurven: pd.DataFrame
    mitte: float


def build_trichter(werte: pd.DataFrame, angabe) -> Trichter | None:
    """Funnel of published values.

    Args:
        werte: raum_id, name, zaehler, nenner, wert, unten, rest of one Kennzahl, level and Stichtag.
        angabe: has `art` and `pro`.

    Returns:
        None if the Kennzahl has no intervals or fewer than MINDEST Räume are open.
    """
    offen = werte[werte["unten"].notna() & ~werte["rest"].astype(bool) & (werte["nenner"] > 0)]
    if angabe.art not in ("quote", "verhaeltnis") or len(offen) < MINDEST:
        return None
    mitte = float(offen["zaehler"].sum() / offen["nenner"].sum())

    def grenzen(nenner) -> dict[str, np.ndarray]:
        kurven = {}
        for stufe, name in zip(STUFEN, ("95", "998"), strict=True):
            if angabe.art == "quote":
                unten, oben = grenzen_quote(nenner, mitte, sicherheit=stufe)
            else:
                unten, oben = (g * mitte for g in grenzen_verhaeltnis(np.asarray(nenner) * mitte, sicherheit=stufe))
            kurven |= {f"unten_{name}": unten * angabe.pro, f"oben_{name}": oben * angabe.pro}
        return kurven

    kleinster, groesster = offen["nenner"].min(), offen["nenner"].max()
    nenner = np.geomspace(kleinster * 0.8, groesster * 1.1, PUNKTE)
    eigene = grenzen(offen["nenner"].to_numpy(float))
    wert = offen["wert"].to_numpy(float)
    lage = np.full(len(offen), "innen", object)
    for name, wort in (("95", "auffaellig"), ("998", "sehr_auffaellig")):
        lage[(wert < eigene[f"unten_{name}"]) | (wert > eigene[f"oben_{name}"])] = wort
    raeume = offen[["raum_id", "name", "nenner", "wert"]].assign(lage=lage, hoch=wert > mitte * angabe.pro)
    kurven = pd.DataFrame({"nenner": nenner, **grenzen(nenner)})
    return Trichter(raeume.reset_index(drop=True), kurven, mitte * angabe.pro)


def grenzen_quote(nenner, mitte: float, *, sicherheit: float) -> tuple[np.ndarray, np.ndarray]:
    """Limits for shares around the common share `mitte` (0…1) for populations `nenner`.

    The score limits of the binomial distribution: those observed shares whose own Wilson interval just touches
    `mitte`. So a Raum lies outside exactly when the verdict against `mitte` at this confidence is not `aehnlich`.
    Clipped to 0…1; NaN for populations without people and a `mitte` outside 0…1.

    Source: Spiegelhalter, Statistics in Medicine 24 (2005) 1185–1202.
    """
    n = np.asarray(nenner, float)
    z = stats.norm.ppf((1 + sicherheit) / 2)
    weite = (
        z * np.sqrt(mitte * (1 - mitte) / np.where(n > 0, n, np.nan)) if 0 <= mitte <= 1 else np.full(n.shape, np.nan)
    )
    return np.clip(mitte - weite, 0, 1), np.clip(mitte + weite, 0, 1)


def grenzen_verhaeltnis(erwartet, *, sicherheit: float) -> tuple[np.ndarray, np.ndarray]:
    """Limits for observed/expected around 1 for `erwartet` cases: the numbers of cases O whose exact Poisson interval
    just touches the expected number.

    Args:
        erwartet: expected cases = Nenner × common rate; multiplied with the common rate, the limits are rates.

    Returns:
        Lower and upper ratio. O counts as continuous between whole cases; the lower limit is 0 where even no case at
        all would be no surprise. NaN where nothing is expected.

    Source: PHEindicatormethods 2.1 `phe_funnels` states the same relation as expected cases for whole O:
    χ²⁻¹(1−p; 2O+2)/2 and χ²⁻¹(p; 2O)/2.
    """
    e = np.asarray(erwartet, float)
    e = np.where(e > 0, e, np.nan)
    rand = (1 - sicherheit) / 2
    hoechstens = e + 12 * np.sqrt(e) + 40
    unten = _halbiere(lambda o: stats.chi2.sf(2 * e, 2 * o + 2) < rand, hoechstens)
    oben = _halbiere(lambda o: stats.chi2.cdf(2 * e, 2 * o) > rand, hoechstens)
    return unten / e, oben / e


def _halbiere(zu_klein, hoechstens: np.ndarray) -> np.ndarray:
    """The smallest O ≥ 0 that is no longer `zu_klein`."""
    unten, oben = np.zeros_like(hoechstens), hoechstens
    for _ in range(60):
        mitte = (unten + oben) / 2
        weiter = zu_klein(mitte)
        unten, oben = np.where(weiter, mitte, unten), np.where(weiter, oben, mitte)
    return np.where(oben < 1e-9, 0.0, oben)
