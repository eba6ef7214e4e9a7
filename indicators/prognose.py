"""Projections of population and of people in need of care: arrays in, arrays out.

Nothing here is a forecast. "Konstant" says what follows if only the population changes; the other variants say how far
the result moves under two declared assumptions. Arrays end with [sex, age band]; bands ascend, the last one is open.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SCHRITT = 5  # years between two points of the cohort method; also the width of its age bands
HORIZONT = 10  # years: farther ahead the cohort method must not go for small areas
KLEIN = 1_000  # inhabitants: below, the change of a cohort is bounded
GRENZEN = (0.7, 1.3)
MUETTER = slice(3, 10)  # bands 15–19 … 45–49


# --- people in need of care ------------------------------------------------------------------


def quoten(pflegebeduerftige, bevoelkerung) -> np.ndarray:
    """Share in need of care per sex and age (0 to 1); 0 where nobody lives, NaN where a number is missing."""
    p, n = np.asarray(pflegebeduerftige, float), np.asarray(bevoelkerung, float)
    quote = np.divide(p, n, out=np.zeros(np.broadcast(p, n).shape), where=n > 0)
    return np.where(np.isnan(p) | np.isnan(n), np.nan, quote)


def erwarte(quote, bevoelkerung) -> np.ndarray:
    """Status quo: P = Σ q(s,a) · N(s,a), over the last two axes [persons].

    Source: Statistische Ämter des Bundes und der Länder, Demografischer Wandel in Deutschland, Heft 2.
    """
    return (np.asarray(quote, float) * np.asarray(bevoelkerung, float)).sum(axis=(-2, -1))


@dataclass(frozen=True)
class Zerlegung:
    """Change of a number of people in need of care and what it is made of [persons]; the parts add up to `gesamt`.

    `umfang`: as many more as the population grew. `struktur`: because it is older (or more female) than before.
    `haeufigkeit`: because a person of the same sex and age is more often in need, or more often counted.
    """

    gesamt: np.ndarray
    umfang: np.ndarray
    struktur: np.ndarray
    haeufigkeit: np.ndarray


def zerlege(quote_vorher, vorher, nachher, *, eingetreten=None) -> Zerlegung:
    """Split a change after Kitagawa: size = P₀ (N₁/N₀ − 1), structure = Σ q₀ N₁ − P₀ − size, the rest is frequency.

    Args:
        quote_vorher: of the first year [sex, band].
        vorher, nachher: population of both years [..., sex, band].
        eingetreten: people in need in the second year; None where the quotas are held constant.

    Source: Kitagawa (1955).
    """
    anfang, erwartet = erwarte(quote_vorher, vorher), erwarte(quote_vorher, nachher)
    n0, n1 = (np.asarray(n, float).sum(axis=(-2, -1)) for n in (vorher, nachher))
    umfang = anfang * (np.divide(n1, n0, out=np.full(np.shape(n1), np.nan), where=n0 > 0) - 1)
    ende = erwartet if eingetreten is None else np.asarray(eingetreten, float)
    return Zerlegung(ende - anfang, umfang, erwartet - anfang - umfang, ende - erwartet)


def daempfe(rate: float, jahre: float, *, daempfung: float) -> float:
    """By what factor quotas have grown after some years, when a yearly growth fades: Π (1 + rate · daempfungⁱ).

    A part of a year counts in proportion. 1 at year 0.
    """
    ganze = int(jahre)
    faktor = float(np.prod([1 + rate * daempfung**i for i in range(1, ganze + 1)]))
    return faktor * (1 + rate * daempfung ** (ganze + 1)) ** (jahre - ganze)


def verschiebe(quote, alter, jahre_gewonnen: float) -> np.ndarray:
    """Quotas when need begins later: q(a) becomes q(a − gained years), linear between the middles of the bands.

    Args:
        quote: [sex, band].
        alter: middle age of the bands, ascending [years].

    Source: IT.NRW, Auswirkungen des demografischen Wandels (2016), Trendvariante.
    """
    wo = np.asarray(alter, float) - jahre_gewonnen
    return np.stack([np.interp(wo, alter, reihe) for reihe in np.asarray(quote, float)])


def verteile(erwartet, gesamt) -> np.ndarray:
    """Scale parts so that they add up to a known total (raking in one dimension), over the last axis.

    Parts that are all zero stay zero: there is nothing to scale.
    """
    e = np.asarray(erwartet, float)
    summe = e.sum(axis=-1, keepdims=True)
    return e * np.divide(np.asarray(gesamt, float)[..., None], summe, out=np.zeros(summe.shape), where=summe > 0)


# --- population ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Uebergang:
    """What became of the cohorts of a unit in five years.

    `ccr` [..., sex, bands − 1]: band i to band i + 1; the last one leads from the two upper bands into the open one.
    `cwr` [..., sex]: children under 5 of each sex per woman of 15 to 49.
    """

    ccr: np.ndarray
    cwr: np.ndarray


def uebergang(vorher, nachher, *, kreis: Uebergang | None = None) -> Uebergang:
    """Cohort change ratios of five years (Hamilton–Perry).

    Args:
        vorher, nachher: population five years apart [..., sex, band], bands of five years.
        kreis: of the whole area. It stands in where a cohort was empty; and in units under 1,000 inhabitants no ratio
            leaves 0.7 to 1.3 times that of the whole. (Bounds on the ratio itself would let the very old live on: of
            those over 85, half are gone after five years everywhere.)

    Source: Hamilton & Perry (1962); Swanson, Schlottmann & Schmidt (2010).
    """
    alt, neu = np.asarray(vorher, float), np.asarray(nachher, float)
    basis = np.concatenate([alt[..., :-2], (alt[..., -2] + alt[..., -1])[..., None]], axis=-1)
    ccr = _teile(neu[..., 1:], basis)
    cwr = _teile(neu[..., 0], neu[..., 1, MUETTER].sum(-1)[..., None])
    if kreis is None:
        return Uebergang(np.nan_to_num(ccr), np.nan_to_num(cwr))
    klein = neu.sum(axis=(-2, -1)) < KLEIN
    return Uebergang(_begrenze(ccr, kreis.ccr, klein[..., None, None]), _begrenze(cwr, kreis.cwr, klein[..., None]))


def schreibe_fort(bevoelkerung, wechsel: Uebergang) -> np.ndarray:
    """The same population five years later, same shape."""
    jetzt = np.asarray(bevoelkerung, float)
    basis = np.concatenate([jetzt[..., :-2], (jetzt[..., -2] + jetzt[..., -1])[..., None]], axis=-1)
    aeltere = basis * wechsel.ccr
    muetter = aeltere[..., 1, MUETTER.start - 1 : MUETTER.stop - 1].sum(-1)
    return np.concatenate([(wechsel.cwr * muetter[..., None])[..., None], aeltere], axis=-1)


def projiziere(bevoelkerung, wechsel: Uebergang, jahre: int) -> np.ndarray:
    """Population now and every five years up to `jahre` [step, ..., sex, band]."""
    reihe = [np.asarray(bevoelkerung, float)]
    for _ in range(jahre // SCHRITT):
        reihe.append(schreibe_fort(reihe[-1], wechsel))
    return np.stack(reihe)


def projiziere_teile(teile, wechsel: Uebergang, ganzes) -> np.ndarray:
    """Population of the parts of an area, at every step scaled to the area, sex by sex and band by band.

    Args:
        teile: now [part, sex, band]; they add up to the first step of `ganzes`.
        ganzes: of `projiziere` [step, sex, band]; its steps must not reach beyond HORIZONT.

    Returns:
        [step, part, sex, band].
    """
    assert (len(ganzes) - 1) * SCHRITT <= HORIZONT, "the cohort method ends after ten years"
    reihe = [np.asarray(teile, float)]
    for soll in ganzes[1:]:
        roh = schreibe_fort(reihe[-1], wechsel)
        # A band that is empty in every part but not in the whole is spread like the whole population.
        leer = (roh.sum(axis=0) == 0) & (soll > 0)
        roh = np.where(leer, roh.sum(axis=(-2, -1))[:, None, None], roh)
        reihe.append(np.moveaxis(verteile(np.moveaxis(roh, 0, -1), soll), -1, 0))
    return np.stack(reihe)


def zwischen(reihe, jahr: float) -> np.ndarray:
    """The state some years after the first step, straight between two steps of five years."""
    unten = min(int(jahr // SCHRITT), len(reihe) - 1)
    oben = min(unten + 1, len(reihe) - 1)
    gewicht = jahr / SCHRITT - unten
    return reihe[unten] * (1 - gewicht) + reihe[oben] * gewicht


def _teile(zaehler: np.ndarray, nenner: np.ndarray) -> np.ndarray:
    nenner = np.broadcast_to(nenner, zaehler.shape)
    return np.divide(zaehler, nenner, out=np.full(zaehler.shape, np.nan), where=nenner > 0)


def _begrenze(eigene: np.ndarray, kreis: np.ndarray, klein: np.ndarray) -> np.ndarray:
    ersetzt = np.where(np.isnan(eigene), kreis, eigene)
    unten, oben = GRENZEN
    return np.where(klein, np.clip(ersetzt, unten * kreis, oben * kreis), ersetzt)
