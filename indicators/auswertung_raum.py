"""Compared with whom? Every value against the other Räume of the same Stichtag: matrices in, matrices out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from indicators.feld import GEHEIM, KEINE, OFFEN, UNSICHER, Angaben, Feld, Geruest, find_grund, grund_des_werts
from indicators.rang import find_sicherheit, range_mit_intervall
from indicators.vergleich import KARTE, OHNE, dobson, find_aehnliche, grenzen, ohne_teil, urteile

# What makes Räume alike; a Kennzahl that the group is made of is not compared with the group.
GRUPPE_NACH = ("anteil_65_plus", "anteil_unter_18", "sgb2_quote")
GRUPPE = 5  # Räume in a group of similar ones
GRUPPE_AB = 12  # with fewer Räume on a level, "similar" would mean nearly all
GRUPPE_MINDEST = 3  # of the group must have a value
MIT_ANTEIL = ("quote", "verhaeltnis")  # kinds whose counts can be added and subtracted
MIT_VERGLEICH = (*MIT_ANTEIL, "standardisiert")


def vergleiche(feld: Feld, geruest: Geruest, gruppe: np.ndarray, angabe: Angaben) -> dict[str, np.ndarray]:
    """Against the rest of the Gebiet (`rest`), of the parent below it (`eltern`), similar Räume (`gleiche`) and the
    declared benchmark outside (`bezug`).

    A standardised rate is compared with that of the whole Gebiet and of the whole parent: without their age groups
    nobody can take a Raum out of them. Being part of what it is compared with draws the benchmark towards the Raum, so
    a difference found is one to the rest as well.

    Args:
        gruppe: places of the similar Räume of each, see `find_gruppen`.

    Returns:
        `…_wert` (benchmark in the unit of the Kennzahl), `…_urteil` (code in vergleich.URTEIL, OHNE), `…_grund` (code
        in feld.GRUENDE) of each, `rest_streng` and `bezug_streng` (verdict at 99.8 %).
    """
    eigener = grund_des_werts(feld, angabe.art, geruest.rest[:, None])
    ergebnis, leer = {}, np.full(feld.wert.shape, np.nan)
    eltern = np.where(geruest.eltern == geruest.oberster, -1, geruest.eltern)
    if angabe.art == "standardisiert":
        masse = {
            "rest": _ganzes(feld, geruest.oberster, _find_unverortet(feld, geruest)),
            "eltern": _ganzes(feld, eltern, np.zeros(leer.shape, bool)),
            "gleiche": (leer, find_grund((True, "nicht_summierbar"), form=leer.shape)),
        }
    else:
        masse = {
            "rest": _als_mass(angabe, *_rest_des_gebiets(feld, geruest)),
            "eltern": _als_mass(angabe, *_ohne_mich(feld, eltern)),
            "gleiche": _als_mass(angabe, *_gleiche(feld, gruppe, angabe)),
        }
    masse["bezug"] = _aussen(feld, geruest, angabe)
    for name, (mass, grund) in masse.items():
        ergebnis |= _urteile_ueber(feld, eigener, mass, grund, name)
    streng = _grenzen(feld, np.s_[:, :], angabe, KARTE)
    for name in ("rest", "bezug"):
        urteil = ergebnis[f"{name}_urteil"]
        ergebnis[f"{name}_streng"] = np.where(urteil == OHNE, OHNE, urteile(*streng, masse[name][0])).astype(np.int8)
    return ergebnis


def _urteile_ueber(feld: Feld, eigener, mass, grund, name: str) -> dict[str, np.ndarray]:
    """The verdict against a benchmark `mass`, or why there is none: the own value first, then the benchmark."""
    grund = np.where((grund == 0) & np.isnan(mass), find_grund((True, "bezug_fehlt"), form=mass.shape), grund)
    grund = np.where(eigener > 0, eigener, grund).astype(np.int8)
    urteil = np.where(grund == 0, urteile(feld.unten, feld.oben, mass), OHNE).astype(np.int8)
    return {f"{name}_wert": mass, f"{name}_urteil": urteil, f"{name}_grund": grund}


def _als_mass(angabe: Angaben, x, n, grund) -> tuple[np.ndarray, np.ndarray]:
    """x/n in the unit of the Kennzahl. A share above its whole is none: the counts are of two registers."""
    sinnvoll = (n > 0) & ((x <= n) | (angabe.art == "verhaeltnis")) & (angabe.art in MIT_ANTEIL)
    return np.divide(x * angabe.pro, n, out=np.full(np.shape(x), np.nan), where=sinnvoll), grund


def _ganzes(feld: Feld, ganzes: np.ndarray, unverortet: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The standardised value of the Raum `ganzes` of each, and why there is none."""
    da = ganzes[:, None] >= 0
    status = np.where(da, feld.status[ganzes], KEINE)
    anteil = np.divide(feld.nenner, feld.nenner[ganzes], out=np.zeros(status.shape), where=feld.nenner[ganzes] > 0)
    grund = find_grund(
        (~da, "kein_bezug"),
        (status == GEHEIM, "bezug_gesperrt"),
        (status != OFFEN, "bezug_fehlt"),
        (unverortet, "unverortet"),
        (anteil > 0.5, "bezug_klein"),
        form=status.shape,
    )
    sichtbar = (status == OFFEN) & (feld.status == OFFEN)
    return np.where(sichtbar, feld.wert[ganzes], np.nan), grund


def _aussen(feld: Feld, geruest: Geruest, angabe: Angaben) -> tuple[np.ndarray, np.ndarray]:
    """The declared benchmark at each Stichtag, at none but its own; only beside a value."""
    je_tag = np.array([angabe.bezug.get(tag, np.nan) for tag in feld.tage], float)
    mit_wert = np.isin(feld.status, (OFFEN, UNSICHER)) & ~geruest.rest[:, None]
    fehlt = np.broadcast_to(np.isnan(je_tag), feld.status.shape)
    return np.where(mit_wert, je_tag, np.nan), find_grund((fehlt, "kein_vergleichswert"), form=feld.status.shape)


def _grenzen(feld: Feld, ort, angabe: Angaben, sicherheit: float) -> tuple[np.ndarray, np.ndarray]:
    """Interval of the values at `ort` at another confidence, from what is published; NaN for kinds without one."""
    if angabe.art == "standardisiert":
        return dobson(*(getattr(feld, n)[ort] for n in ("wert", "oben", "zaehler")), sicherheit=sicherheit)
    if angabe.art not in MIT_ANTEIL:
        return np.full((2, *feld.wert[ort].shape), np.nan)
    return grenzen(angabe.art, feld.zaehler[ort], feld.nenner[ort], pro=angabe.pro, sicherheit=sicherheit)


def _ohne_mich(feld: Feld, ganzes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Counts of the Raum `ganzes` without each Raum, and why there are none."""
    da = ganzes[:, None] >= 0
    status = np.where(da, feld.status[ganzes], KEINE)
    gx, gn = (np.where(da, getattr(feld, name)[ganzes], np.nan) for name in ("zaehler", "nenner"))
    x, n = ohne_teil(feld.zaehler, feld.nenner, gx, gn)
    grund = find_grund(
        (~da, "kein_bezug"),
        (status == GEHEIM, "bezug_gesperrt"),
        (status != OFFEN, "bezug_fehlt"),
        (n < feld.nenner, "bezug_klein"),  # nothing that may count as exactly known
        form=status.shape,
    )
    return np.where(status == OFFEN, x, np.nan), np.where(status == OFFEN, n, np.nan), grund


def _rest_des_gebiets(feld: Feld, geruest: Geruest) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The whole Gebiet without each Raum.

    Where cases lie in no Raum ("nicht zuordenbar"), the Gebiet has more cases than its Räume together, and against its
    rest all Räume would look low: those cases are left out. How many they are tells any level whose Räume are all
    known and make up the Gebiet; where there is none, there is no benchmark.
    """
    x, n, grund = _ohne_mich(feld, geruest.oberster)
    unverortet = _find_unverortet(feld, geruest)
    if not unverortet.any():
        return x, n, grund
    ohne_ort = _ohne_ort(feld, geruest)[geruest.stand]
    x = np.where(unverortet, x - ohne_ort, x)
    ohne = find_grund((True, "unverortet"), form=x.shape)
    return x, n, np.where(unverortet & (grund == 0) & np.isnan(ohne_ort), ohne, grund).astype(np.int8)


def _find_unverortet(feld: Feld, geruest: Geruest) -> np.ndarray:
    """Where cases of the Gebiet lie in no Raum."""
    unverortet = np.zeros((geruest.stand.max() + 1, len(feld.tage)), bool)
    np.logical_or.at(unverortet, geruest.stand[geruest.rest], feld.status[geruest.rest] != KEINE)
    return unverortet[geruest.stand] & (geruest.oberster >= 0)[:, None]


def _ohne_ort(feld: Feld, geruest: Geruest) -> np.ndarray:
    """Cases that lie in no Raum, Gebietsstand × Stichtag: those of the Gebiet less those of a whole level; NaN where
    no level is completely open."""
    orte, da = ~geruest.rest, geruest.oberster >= 0
    eigen = np.zeros(geruest.gruppe.max() + 1, bool)
    eigen[geruest.gruppe[geruest.eigen]] = True
    form = (geruest.gruppe.max() + 1, len(feld.tage))
    summen = []
    for zahl in (np.nan_to_num(feld.zaehler), np.nan_to_num(feld.nenner), (feld.status != OFFEN).astype(float)):
        summe = np.zeros(form)
        np.add.at(summe, geruest.gruppe[orte], zahl[orte])
        summen.append(summe[geruest.gruppe])
    ganzes_x, ganzes_n = (
        np.where(da[:, None], getattr(feld, z)[geruest.oberster], np.nan) for z in ("zaehler", "nenner")
    )
    # Own areas need not make up the Gebiet, and whoever adds some shall not change what is said of the others.
    ganz = (summen[2] == 0) & (np.abs(summen[1] - ganzes_n) < 0.5) & ~eigen[geruest.gruppe][:, None]
    ohne_ort = np.full((geruest.stand.max() + 1, len(feld.tage)), np.nan)
    for zeile in np.flatnonzero(ganz.any(axis=1)):
        stand = geruest.stand[zeile]
        ohne_ort[stand] = np.where(ganz[zeile], (ganzes_x - summen[0])[zeile], ohne_ort[stand])
    return ohne_ort


def _gleiche(feld: Feld, gruppe: np.ndarray, angabe: Angaben) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pooled counts of the similar Räume that have an open value."""
    x, n = np.zeros(feld.wert.shape), np.zeros(feld.wert.shape)
    anzahl = np.zeros(feld.wert.shape, int)
    for mitglied in gruppe.T:
        da = (mitglied[:, None] >= 0) & (feld.status[mitglied] == OFFEN)
        x += np.where(da, feld.zaehler[mitglied], 0)
        n += np.where(da, feld.nenner[mitglied], 0)
        anzahl += da
    grund = find_grund(
        (angabe.id in GRUPPE_NACH, "bildet_gruppe"),
        (gruppe[:, :1] < 0, "keine_gruppe"),
        (anzahl < GRUPPE_MINDEST, "bezug_fehlt"),
        form=feld.wert.shape,
    )
    return np.where(grund == 0, x, np.nan), np.where(grund == 0, n, np.nan), grund


def find_gruppen(tabellen: dict[str, pd.DataFrame], geruest: Geruest) -> np.ndarray:
    """The similar Räume of each, on its level and in its Gebietsstand, by their newest published values.

    Returns:
        Places, nearest first, GRUPPE columns; −1 where a value is missing or there are too few Räume.
    """
    gruppe = np.full((len(geruest.raum_id), GRUPPE), -1)
    spalten = [_neueste(tabellen[name], geruest) for name in GRUPPE_NACH if name in tabellen]
    for nr in range(geruest.gruppe.max() + 1 if len(spalten) > 1 else 0):
        hier = np.flatnonzero((geruest.gruppe == nr) & ~geruest.rest)
        # A value that a whole level lacks says nothing about who is alike there.
        merkmale = [s[hier] for s in spalten if np.isfinite(s[hier]).any()]
        if len(hier) >= GRUPPE_AB and len(merkmale) > 1:
            nahe = find_aehnliche(np.column_stack(merkmale), anzahl=GRUPPE)
            gruppe[hier] = np.where(nahe >= 0, hier[nahe], -1)
    return gruppe


def _neueste(tabelle: pd.DataFrame, geruest: Geruest) -> np.ndarray:
    """The value of every Raum at the newest Stichtag of its level and Gebietsstand; NaN unless it is open."""
    werte = np.full(len(geruest.raum_id), np.nan)
    neueste = tabelle.groupby(["ebene", "gebietsstand"])["stichtag"].transform("max")
    jetzt = tabelle[(tabelle["stichtag"] == neueste) & (tabelle["status"] == "offen")]
    werte[geruest.find(jetzt)] = jetzt["wert"].to_numpy(float)
    return werte


def build_gleiche(gruppe: np.ndarray, geruest: Geruest) -> pd.DataFrame:
    """The table `gleiche`: raum_id, gebietsstand, nr (1 = most similar), gleicher_id."""
    zeile, spalte = np.nonzero(gruppe >= 0)
    return pd.DataFrame(
        {
            "raum_id": geruest.raum_id[zeile],
            "gebietsstand": geruest.gebietsstand[zeile],
            "nr": spalte + 1,
            "gleicher_id": geruest.raum_id[gruppe[zeile, spalte]],
        }
    )


def reihe_raenge(feld: Feld, geruest: Geruest, angabe: Angaben) -> dict[str, np.ndarray]:
    """Rank among the Räume of the level (1 = highest), the ranks it may have, and how many are ranked."""
    namen = ("rang", "rang_von", "rang_bis", "rang_anzahl")
    ergebnis = {name: np.full(feld.wert.shape, np.nan) for name in namen}
    orte = (feld.status != KEINE).any(axis=1) & ~geruest.rest
    for nr in np.unique(geruest.gruppe[orte]):
        hier = np.flatnonzero(orte & (geruest.gruppe == nr))
        wert = feld.wert[hier]
        anzahl = np.isfinite(wert).sum(axis=0)
        unten, oben = _gemeinsame_grenzen(feld, hier, anzahl, angabe)
        for t in np.flatnonzero(anzahl > 1):
            drei = range_mit_intervall(wert[:, t], unten[:, t], oben[:, t])
            for name, zahlen in zip(namen, (*drei, np.where(np.isfinite(wert[:, t]), anzahl[t], np.nan)), strict=True):
                ergebnis[name][hier, t] = zahlen
    return ergebnis


def _gemeinsame_grenzen(feld: Feld, hier: np.ndarray, anzahl: np.ndarray, angabe: Angaben) -> tuple:
    """Intervals that hold jointly for all Räume of a column; NaN where the value has none."""
    unten, oben = np.full((2, len(hier), len(feld.tage)), np.nan)
    if angabe.art not in MIT_VERGLEICH:
        return unten, oben
    mit = np.isfinite(feld.unten[hier])
    for n in np.unique(anzahl[anzahl > 1]):
        spalten = np.flatnonzero(anzahl == n)
        ort = np.ix_(hier, spalten)
        sicherheit = find_sicherheit(int(n))
        grenze = _grenzen(feld, ort, angabe, sicherheit)
        unten[:, spalten], oben[:, spalten] = (np.where(mit[:, spalten], g, np.nan) for g in grenze)
    return unten, oben
