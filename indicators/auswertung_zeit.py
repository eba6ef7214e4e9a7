"""Since when? Every value against the years before it: matrices series × Stichtage in and out.

All statistics along time use annual points: Stichtage of the same month. A series starts anew at a `trennt` break; a
Raum that was cut anew is another series. Nothing here crosses either.
"""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from indicators.feld import GEHEIM, KEINE, NR, OFFEN, ZAHLEN, Angaben, Feld, find_grund, grund_des_werts
from indicators.trend import ALPHA, PUNKTE, PUNKTE_LANG, mann_kendall, theil_sen, trend_quote, trend_wert
from indicators.vergleich import JAHRE, OHNE, differenz, pool, urteile

RICHTUNG = ("keine_aenderung", "steigend", "fallend")  # by sign: 0, 1, −1


def find_jahresfolgen(tage: list[date]) -> list[np.ndarray]:
    """Columns that make annual series: all, if every year has one Stichtag, otherwise those of each month.

    Of two Stichtage in one month of a year, the later one counts.
    """
    if len({t.year for t in tage}) == len(tage):
        return [np.arange(len(tage))]
    monate: dict[int, dict[int, int]] = {}
    for spalte, tag in enumerate(tage):
        monate.setdefault(tag.month, {})[tag.year] = spalte
    return [np.array(list(spalten.values())) for spalten in monate.values()]


def werte_reihen_aus(feld: Feld, angabe: Angaben, neu: np.ndarray) -> dict[str, np.ndarray]:
    """Difference to the Stichtag before, recent trend and mean of three years.

    Args:
        feld: the series of one level.
        neu: series of a Raum that was cut anew at some time.

    Returns:
        `vorher_spalte` (column of the Stichtag before, −1), `vorher_diff`, `vorher_unten`, `vorher_oben`,
        `vorher_urteil`, `vorher_grund`; `trend` (code in RICHTUNG), `trend_seit` (column from which on the direction
        has been the same), `trend_chi2`, `trend_grund`; `mittel_wert`, `mittel_unten`, `mittel_oben`,
        `mittel_spalte` (its first year).
    """
    form = feld.wert.shape
    ergebnis = {n: np.full(form, np.nan) for n in ("vorher_diff", "vorher_unten", "vorher_oben", "trend_chi2")}
    ergebnis |= {n: np.full(form, np.nan) for n in ("mittel_wert", "mittel_unten", "mittel_oben")}
    ergebnis |= {n: np.full(form, -1, np.int16) for n in ("vorher_spalte", "trend_seit", "mittel_spalte")}
    ergebnis |= {n: np.full(form, OHNE, np.int8) for n in ("vorher_urteil", "trend")}
    ergebnis |= {n: np.full(form, NR["kein_jahrespunkt"], np.int8) for n in ("vorher_grund", "trend_grund")}
    for spalten in find_jahresfolgen(feld.tage):
        folge = feld.teil(np.arange(form[0]), spalten)
        teil = _vorher(folge, angabe, neu) | _trend(folge, angabe, neu) | _mittel(folge, angabe)
        for name, matrix in teil.items():
            ist_spalte = matrix.dtype == np.int16
            ergebnis[name][:, spalten] = np.where(matrix >= 0, spalten[matrix], -1) if ist_spalte else matrix
    return ergebnis


def find_abschnitte(tage: list[date], trennt: tuple[date, ...]) -> np.ndarray:
    """Number of the section between separating breaks, for every Stichtag."""
    return np.array([sum(tag >= ab for ab in trennt) for tag in tage], int)


def _fehlt(status: np.ndarray, neu: np.ndarray) -> tuple:
    """Reasons why an earlier point is missing."""
    return (
        ((status == KEINE) & neu[:, None], "neuer_zuschnitt"),
        (status == KEINE, "kein_vorwert"),
        (status == GEHEIM, "bezug_gesperrt"),
        (status != OFFEN, "bezug_fehlt"),
    )


def _vorher(feld: Feld, angabe: Angaben, neu: np.ndarray) -> dict[str, np.ndarray]:
    abschnitt = find_abschnitte(feld.tage, angabe.trennt)
    davor = np.arange(len(feld.tage)) - 1
    zahlen = {n: np.where(davor >= 0, getattr(feld, n)[:, davor], np.nan) for n in ZAHLEN}
    status = np.where(davor >= 0, feld.status[:, davor], KEINE)
    bruch = (davor >= 0) & (abschnitt[davor] != abschnitt)
    zahlen = {n: np.where(bruch, np.nan, z) for n, z in zahlen.items()}
    d, unten, oben = differenz(feld.wert, feld.unten, feld.oben, *(zahlen[n] for n in ("wert", "unten", "oben")))
    eigener = grund_des_werts(feld, angabe.art)
    nicht_da = np.isin(eigener, [NR["kein_wert"], NR["gesperrt"]])
    grund = find_grund((bruch, "bruch"), *_fehlt(status, neu), form=d.shape)
    grund = np.where(nicht_da | (grund == 0), eigener, grund).astype(np.int8)
    return {
        "vorher_spalte": np.where(np.isfinite(d), davor, -1).astype(np.int16),
        "vorher_diff": d,
        "vorher_unten": unten,
        "vorher_oben": oben,
        "vorher_urteil": np.where(grund == 0, urteile(unten, oben, 0.0), OHNE).astype(np.int8),
        "vorher_grund": grund,
    }


def _trend(feld: Feld, angabe: Angaben, neu: np.ndarray) -> dict[str, np.ndarray]:
    """The recent trend at every Stichtag, from the five annual points up to it."""
    form = feld.wert.shape
    ergebnis = {
        "trend": np.full(form, OHNE, np.int8),
        "trend_seit": np.full(form, -1, np.int16),
        "trend_chi2": np.full(form, np.nan),
        "trend_grund": grund_des_werts(feld, angabe.art),
    }
    zu_frueh = (np.arange(form[1]) < PUNKTE - 1) & (ergebnis["trend_grund"] == 0)
    ergebnis["trend_grund"][zu_frueh] = NR["zu_wenig_punkte"]
    if form[1] < PUNKTE:
        return ergebnis
    chi2, richtung, grund = _fenster(feld, angabe, neu)
    spaet = slice(PUNKTE - 1, None)
    grund = np.where(ergebnis["trend_grund"][:, spaet] > 0, ergebnis["trend_grund"][:, spaet], grund)
    ergebnis["trend_grund"][:, spaet] = grund
    ergebnis["trend_chi2"][:, spaet] = np.where(grund == 0, chi2, np.nan)
    ergebnis["trend"][:, spaet] = np.where(grund == 0, np.where(richtung < 0, 2, richtung), OHNE)
    ergebnis["trend_seit"] = _seit(ergebnis["trend"])
    return ergebnis


def _fenster(feld: Feld, angabe: Angaben, neu: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """χ², direction and reason for each window of five points."""

    def gleite(matrix: np.ndarray) -> np.ndarray:
        return sliding_window_view(matrix, PUNKTE, axis=-1)

    jahre = gleite(np.array([t.year + (t.month - 1) / 12 for t in feld.tage]))
    status = gleite(feld.status)
    abschnitt = gleite(find_abschnitte(feld.tage, angabe.trennt))
    with np.errstate(invalid="ignore", divide="ignore"):
        if angabe.art == "quote":
            chi2, _, richtung = trend_quote(gleite(feld.zaehler), gleite(feld.nenner), jahre)
        else:
            chi2, _, richtung = trend_wert(*(gleite(getattr(feld, n)) for n in ("wert", "unten", "oben")), jahre)
    grund = find_grund(
        ((abschnitt[:, 0] != abschnitt[:, -1]), "bruch"),
        ((status == KEINE).any(-1) & neu[:, None], "neuer_zuschnitt"),
        ((status == GEHEIM).any(-1), "wert_gesperrt"),
        ((status != OFFEN).any(-1), "wert_fehlt"),
        (np.isnan(chi2), "randwert"),
        form=chi2.shape,
    )
    return chi2, richtung, grund


def _seit(trend: np.ndarray) -> np.ndarray:
    """Column of the first of the five points of the first window of an unbroken run of one direction."""
    seit = np.full(trend.shape, -1, np.int16)
    for t in range(PUNKTE - 1, trend.shape[1]):
        gerichtet = trend[:, t] > 0
        weiter = gerichtet & (trend[:, t - 1] == trend[:, t])
        seit[:, t] = np.where(weiter, seit[:, t - 1], np.where(gerichtet, t - PUNKTE + 1, -1))
    return seit


def _mittel(feld: Feld, angabe: Angaben) -> dict[str, np.ndarray]:
    """Mean of the last three annual points, within one section."""
    form = feld.wert.shape
    ergebnis = {f"mittel_{n}": np.full(form, np.nan) for n in ("wert", "unten", "oben")}
    ergebnis["mittel_spalte"] = np.full(form, -1, np.int16)
    if angabe.art not in ("quote", "verhaeltnis") or form[1] < JAHRE:
        return ergebnis
    abschnitt = find_abschnitte(feld.tage, angabe.trennt)
    ganz = (abschnitt[JAHRE - 1 :] == abschnitt[: 1 - JAHRE]) & np.array(
        [b.year - a.year == JAHRE - 1 for a, b in zip(feld.tage, feld.tage[JAHRE - 1 :], strict=False)]
    )
    offen = sliding_window_view(feld.status == OFFEN, JAHRE, axis=-1).all(-1) & ganz
    counts = (sliding_window_view(getattr(feld, n), JAHRE, axis=-1) for n in ("zaehler", "nenner"))
    x, n = (np.where(offen[..., None], c, np.nan) for c in counts)
    drei = pool(angabe.art, x, n, pro=angabe.pro, ereignisse=angabe.jahressumme)
    mit_intervall = np.isfinite(feld.unten[:, JAHRE - 1 :])
    for name, zahlen in zip(("wert", "unten", "oben"), drei, strict=True):
        sichtbar = True if name == "wert" else mit_intervall
        ergebnis[f"mittel_{name}"][:, JAHRE - 1 :] = np.where(sichtbar, zahlen, np.nan)
    ergebnis["mittel_spalte"][:, JAHRE - 1 :] = np.where(offen, np.arange(form[1] - JAHRE + 1), -1)
    return ergebnis


def build_abschnitte(feld: Feld, angabe: Angaben) -> list[dict[str, np.ndarray]]:
    """Mann–Kendall and Theil–Sen for each series between two breaks, at the annual points of its last Stichtag.

    Returns:
        For each section the columns, one row per series with a value: reihe (row of `feld`), von, bis, punkte, s, p,
        exakt, steigung (per year), richtung (code in RICHTUNG, OHNE), grund (code in feld.GRUENDE).
    """
    spalten = next(s for s in find_jahresfolgen(feld.tage) if len(feld.tage) - 1 in s)
    nummern = find_abschnitte([feld.tage[i] for i in spalten], angabe.trennt)
    teile = []
    for nummer in np.unique(nummern):
        hier = spalten[nummern == nummer]
        wert = np.where(feld.status[:, hier] == OFFEN, feld.wert[:, hier], np.nan)
        zeilen = np.flatnonzero(np.isfinite(wert).any(axis=1))
        if len(zeilen):
            teile.append({"reihe": zeilen, **_abschnitt(wert[zeilen], [feld.tage[i] for i in hier])})
    return teile


def _abschnitt(wert: np.ndarray, tage: list[date]) -> dict[str, np.ndarray]:
    da = np.isfinite(wert)
    s, p, exakt, punkte = mann_kendall(wert)
    lang = punkte >= PUNKTE_LANG
    richtung = np.where(p < ALPHA, np.where(s > 0, 1, np.where(s < 0, 2, 0)), 0)
    stichtage = np.array(tage, "datetime64[s]")
    return {
        "von": stichtage[da.argmax(axis=1)],
        "bis": stichtage[da.shape[1] - 1 - da[:, ::-1].argmax(axis=1)],
        "punkte": punkte,
        "s": s,
        "p": p,
        "exakt": exakt,
        "steigung": theil_sen(wert, np.array([t.year + (t.month - 1) / 12 for t in tage])),
        "richtung": np.where(lang, richtung, OHNE).astype(np.int8),
        "grund": np.where(lang, 0, NR["zu_wenig_punkte"]).astype(np.int8),
    }
