"""Old Stichtage on today's Räume: counts that passed the gate, moved with the weight tables of `geodata.umstieg`.

Counts are converted, never rates: numerator and denominator each for itself, divided afterwards. A converted count is a
sum of published counts with published weights, so it tells nobody anything new; where one of them is hidden, so is the
result. What a converted value rests on says its `anteil`: the share of the count that was apportioned instead of known.
Of an old Raum that goes into a new one with weight w, min(w, 1 − w) is apportioned: nothing of a whole one, a tenth of
one that keeps nine tenths, and all that a new Raum gets from a tenth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from indicators.arten import MIT_WERT, RANGFOLGE
from indicators.berechnung import OHNE_ZAHLEN, Zahlen, build_kennzahl
from indicators.kennzahl import Fassung, Kennzahl

GANZ = 1e-9  # smaller shares come from whole old Räume only
UNBEKANNT = np.inf  # anteil where a weight is unknown: larger than every limit
SPALTEN = [
    *(
        "ebene",
        "raum_id",
        "gebietsstand",
        "stichtag",
        "wert",
        "unten",
        "oben",
        "zaehler",
        "nenner",
        "status",
        "hinweis",
    ),
    "anteil",
]
BRUCH = ["raum_id", "ebene", "bis", "anteil"]


@dataclass(frozen=True)
class Umrechnung:
    """Converted counts, row by row with the old Gebietsstand (`von`) and the apportioned share of each count.

    `anteile` has the columns of `zahlen.wert`: 0 for whole old Räume, `UNBEKANNT`, NaN where there is no open count.
    """

    zahlen: Zahlen
    von: pd.Series
    anteile: pd.DataFrame


def build_gewichte(umstiege: dict[str, pd.DataFrame], raeume: pd.DataFrame, ebenen: tuple[str, ...]) -> pd.DataFrame:
    """Weights from the lowest level of every old Gebietsstand to today's Räume of all levels.

    Args:
        umstiege: see `geodata.umstieg.read_umstiege`.
        raeume: raum_id, gebietsstand, ebene, eltern_id, rest, zuschnitt of all Gebietsstände.
        ebenen: level ids from top to bottom.

    Returns:
        von (old Gebietsstand), raum_alt, raum_id, ebene, anteil (NaN: unknown), geaendert (cut anew since `von`).
    """
    heute = raeume[(raeume["gebietsstand"] == raeume["gebietsstand"].max()) & ~raeume["rest"].astype(bool)]
    eltern, zuschnitt = (heute.set_index("raum_id")[spalte] for spalte in ("eltern_id", "zuschnitt"))
    teile = []
    for von, tabelle in umstiege.items():
        paare = tabelle.rename(columns={"raum_neu": "raum_id"})
        for ebene in reversed(ebenen):
            paare = fasse_zusammen(paare)
            teile.append(paare.assign(von=von, ebene=ebene, geaendert=paare["raum_id"].map(zuschnitt) > von))
            paare = paare.assign(raum_id=paare["raum_id"].map(eltern)).dropna(subset=["raum_id"])
    spalten = ["von", "raum_alt", "raum_id", "ebene", "anteil", "geaendert"]
    return pd.concat(teile, ignore_index=True)[spalten] if teile else pd.DataFrame(columns=spalten)


def fasse_zusammen(paare: pd.DataFrame) -> pd.DataFrame:
    """One row per pair; an old Raum with one target only goes there whole, even if shares below it are unknown."""
    summen = paare.groupby(["raum_alt", "raum_id"])["anteil"].agg(lambda a: a.sum(skipna=False)).reset_index()
    allein = ~summen["raum_alt"].duplicated(keep=False)
    return summen.assign(anteil=summen["anteil"].mask(allein, 1.0))


def rechne_um(zahlen: Zahlen, gewichte: pd.DataFrame, gebietsstand: str, merkmale: list[str]) -> Umrechnung:
    """The counts of old Stichtage on today's Räume, for every Raum that was cut anew since.

    Where a source still uses old keys for a Stichtag of today's Gebietsstand, all Räume are converted, and what was
    delivered for them directly stands beside it.

    Args:
        zahlen: protected counts, as the gate left them.
        gebietsstand: id of the newest one, its first day.
        merkmale: those that are counts.
    """
    alt = zahlen.index[(zahlen.index["ebene"] == zahlen.ebenen[-1]) & ~zahlen.index["rest"].astype(bool)]
    merkmale = [m for m in merkmale if m in zahlen.wert]
    orte, werte, status, anteile = [], [], [], []
    for (von, stichtag), zeilen in alt.groupby(["gebietsstand", "stichtag"]):
        verspaetet = str(stichtag) >= gebietsstand
        eigene = gewichte[(gewichte["von"] == von) & (gewichte["geaendert"].astype(bool) | verspaetet)]
        if eigene.empty:
            continue
        ziele = eigene[["raum_id", "ebene"]].drop_duplicates("raum_id", ignore_index=True)
        w = _matrix(eigene, ziele, zeilen["raum_id"])
        teil = _wende_an(w, *(t.loc[zeilen.index, merkmale].to_numpy() for t in (zahlen.wert, zahlen.status)))
        ort = ziele.assign(gebietsstand=gebietsstand, stichtag=stichtag, rest=False, von=von)
        if verspaetet:
            teil = _ergaenze(zahlen, ort, merkmale, *teil)
        for liste, inhalt in zip((orte, werte, status, anteile), (ort, *teil), strict=True):
            liste.append(inhalt)
    index = pd.concat([zahlen.index.iloc[:0].assign(von=""), *orte], ignore_index=True)
    leer = np.zeros((0, len(merkmale)))
    wert, status_, anteil = (
        pd.DataFrame(np.concatenate([leer, *teile]), columns=merkmale) for teile in (werte, status, anteile)
    )
    neu = Zahlen(zahlen.ebenen, index[list(zahlen.index.columns)], wert.astype(float), status_.astype(object))
    return Umrechnung(neu, index["von"], anteil.astype(float))


def _matrix(gewichte: pd.DataFrame, ziele: pd.DataFrame, alte: pd.Series) -> np.ndarray:
    """Weights as new × (old Räume, and one column for old Räume without a row); 0: no part, NaN: unknown part."""
    zeile = gewichte["raum_id"].map(pd.Series(ziele.index, index=ziele["raum_id"])).to_numpy()
    spalte = gewichte["raum_alt"].map(pd.Series(range(len(alte)), index=alte)).fillna(len(alte)).to_numpy(int)
    w = np.zeros((len(ziele), len(alte) + 1))
    np.add.at(w, (zeile, spalte), gewichte["anteil"].to_numpy(float))
    return w


def _wende_an(w: np.ndarray, wert: np.ndarray, status: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sums, the strictest status of all parts, and the apportioned share; each new Räume × Merkmale."""
    wert = np.vstack([np.nan_to_num(wert.astype(float)), np.zeros(wert.shape[1])])
    status = np.vstack([status, np.full(status.shape[1], "nicht_geliefert", object)])
    unbekannt, teil = np.isnan(w), np.nan_to_num(w)
    beteiligt = ((teil > 0) | unbekannt).astype(float)
    gemeinsam = np.full((len(w), wert.shape[1]), RANGFOLGE[-1], dtype=object)
    vorhanden = set(status.ravel())
    for wort in (wort for wort in reversed(RANGFOLGE[:-1]) if wort in vorhanden):  # the strictest is set last
        gemeinsam[beteiligt @ (status == wort).astype(float) > 0] = wort
    offen, summe = np.isin(gemeinsam, MIT_WERT), teil @ wert
    anteil = np.divide(np.minimum(teil, 1 - teil) @ wert, summe, out=np.zeros_like(summe), where=summe > 0)
    anteil[unbekannt.any(axis=1)] = UNBEKANNT
    return np.where(offen, summe, np.nan), gemeinsam, np.where(offen, anteil, np.nan)


def _ergaenze(zahlen: Zahlen, ort: pd.DataFrame, merkmale: list[str], wert, status, anteil) -> tuple:
    """Counts delivered for today's Räume at the same Stichtag, beside those that had to be converted."""
    schluessel = ["raum_id", "gebietsstand", "stichtag"]
    stelle = pd.MultiIndex.from_frame(zahlen.index[schluessel]).get_indexer(pd.MultiIndex.from_frame(ort[schluessel]))
    direkt = np.where((stelle >= 0)[:, None], zahlen.status[merkmale].to_numpy(object)[stelle], "nicht_geliefert")
    nimm = direkt != "nicht_geliefert"
    wert = np.where(nimm, zahlen.wert[merkmale].to_numpy(float)[stelle], wert)
    anteil = np.where(nimm, np.where(np.isin(direkt, MIT_WERT), 0.0, np.nan), anteil)
    return wert, np.where(nimm, direkt, status).astype(object), anteil


def build_umgerechnet(
    kennzahl: Kennzahl, fassung: Fassung, umrechnung: Umrechnung, *, bruch_ab: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One Kennzahl for old Stichtage on today's Räume.

    Args:
        bruch_ab: where a larger share is apportioned at any Stichtag of an old Gebietsstand, the series of that Raum
            breaks: it has no converted values up to then.

    Returns:
        The table of `build_kennzahl` plus `anteil` (0 to 1; the largest of all Merkmale of the value), without
        intervals unless whole old Räume were added up. And the breaks: raum_id, ebene, bis (last Stichtag that is not
        converted), anteil (the largest found; NaN: unknown).
    """
    zahlen, brueche = umrechnung.zahlen, pd.DataFrame(columns=BRUCH)
    if kennzahl.art in OHNE_ZAHLEN or not fassung.merkmale <= set(umrechnung.anteile) or zahlen.index.empty:
        return pd.DataFrame(), brueche
    if (zahlen.status[list(fassung.zaehler)].to_numpy() == "nicht_geliefert").any(axis=1).all():
        return pd.DataFrame(), brueche  # nothing below the levels that kept their shape
    tabelle = build_kennzahl(kennzahl, fassung, zahlen)
    if tabelle.empty:
        return tabelle, brueche
    tabelle = tabelle.merge(_anteile(kennzahl, fassung, umrechnung), on=["raum_id", "stichtag"], how="left")
    tabelle, brueche = _ohne_brueche(tabelle, bruch_ab)
    exakt = (tabelle["anteil"] <= GANZ).to_numpy()
    grenzen = {spalte: tabelle[spalte].where(exakt) for spalte in ("unten", "oben")}
    anteil = tabelle["anteil"].where(tabelle["wert"].notna())  # of a hidden count not even the share is told
    return tabelle.assign(**grenzen, anteil=anteil).drop(columns="von"), brueche


def _anteile(kennzahl: Kennzahl, fassung: Fassung, umrechnung: Umrechnung) -> pd.DataFrame:
    """raum_id, stichtag, von and the largest apportioned share of all Merkmale behind the value."""
    ort = umrechnung.zahlen.index[["raum_id", "stichtag"]].assign(von=umrechnung.von)
    oben = umrechnung.anteile[list(fassung.zaehler)].max(axis=1)
    unten = umrechnung.anteile[list(fassung.nenner)].max(axis=1) if fassung.nenner else oben
    if kennzahl.nenner_zeitpunkt == "letzter":  # the Nenner may be that of any earlier Stichtag: its worst counts
        unten = unten.groupby(ort["raum_id"]).transform("max")
    return ort.assign(anteil=np.fmax(oben, unten)).drop_duplicates(["raum_id", "stichtag"])


def _ohne_brueche(tabelle: pd.DataFrame, bruch_ab: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Without the Räume of old Gebietsstände of which too much is apportioned, and everything before them."""
    zuviel = tabelle[tabelle["anteil"] > bruch_ab + GANZ]
    letzter = zuviel.groupby("raum_id")["von"].max()
    weg = (tabelle["von"] <= tabelle["raum_id"].map(letzter).fillna("")).to_numpy(bool)
    gruppen = tabelle[weg].groupby(["raum_id", "ebene"], as_index=False)
    brueche = gruppen.agg(bis=("stichtag", "max"), anteil=("anteil", "max"))
    brueche["anteil"] = brueche["anteil"].mask(np.isinf(brueche["anteil"].astype(float)))
    return tabelle[~weg].reset_index(drop=True), brueche[BRUCH]


def build_heute(tabelle: pd.DataFrame, umgerechnet: pd.DataFrame, orte: pd.DataFrame) -> pd.DataFrame:
    """All Stichtage of one Kennzahl on today's Räume of one level, for a map that keeps its borders.

    Args:
        tabelle, umgerechnet: rows of this Kennzahl and level, delivered and converted.
        orte: raum_id, gebietsstand, zuschnitt of today's Räume.

    Returns:
        raum_id, stichtag, wert, unten, oben, status, umgerechnet. Räume that kept their shape have their delivered
        values; where a series breaks the status is `nicht_umgerechnet`.
    """
    spalten = ["raum_id", "stichtag", "wert", "unten", "oben", "status"]
    # A Raum that is not there today gets a date behind all others.
    zuschnitt = tabelle["raum_id"].map(orte.set_index("raum_id")["zuschnitt"]).astype(object).fillna("9999").astype(str)
    eigene = tabelle.loc[tabelle["gebietsstand"].astype(str) >= zuschnitt, spalten].assign(umgerechnet=False)
    alle = pd.concat([eigene, umgerechnet[spalten].assign(umgerechnet=umgerechnet["wert"].notna())], ignore_index=True)
    alte = sorted(tabelle.loc[tabelle["gebietsstand"] < orte["gebietsstand"].iloc[0], "stichtag"].unique())
    soll = pd.MultiIndex.from_product([orte.loc[~orte["rest"], "raum_id"], alte], names=["raum_id", "stichtag"])
    fehlt = soll.difference(pd.MultiIndex.from_frame(alle[["raum_id", "stichtag"]])).to_frame(index=False)
    leer = dict.fromkeys(("wert", "unten", "oben"), np.nan)
    neue = fehlt.assign(**leer, status="nicht_umgerechnet", umgerechnet=False)
    return pd.concat([alle, neue], ignore_index=True) if len(neue) else alle
