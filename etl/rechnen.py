"""Completing a delivery: rows for what is missing, and Merkmale computed from delivered ones."""

import numpy as np
import pandas as pd

from etl.altersgrenze import anteile
from etl.checks import Breit, Codes
from etl.quelle import Quelle
from etl.raeume import Raumbuch
from etl.read import SPALTEN, STATUS

OFFEN, UNSICHER, GESPERRT, NICHT_GELIEFERT, _ = STATUS


def ohne_leere(frame: pd.DataFrame, buch: Raumbuch) -> pd.DataFrame:
    """Without the Merkmale that no Raum of a level has at a Stichtag: an empty column was not delivered then."""
    geliefert = frame["status"] != NICHT_GELIEFERT
    if geliefert.all():
        return frame
    codes = Codes(frame)
    ebenen = [e.id for e in buch.gebiet.ebenen]
    nummer = codes.wuerfel(codes.je_raum(lambda r: ebenen.index(buch.ebene[r]), np.int64)[codes.raum])
    da = np.bincount(nummer, geliefert.to_numpy())[nummer] > 0
    return frame if da.all() else frame[da].reset_index(drop=True)


def ergaenze_fehlende(frame: pd.DataFrame, fehlend: pd.DataFrame, quelle: Quelle) -> pd.DataFrame:
    """Every expected value gets a row: `nicht_geliefert`, or 0 where the profile says that absence means none."""
    if fehlend.empty:
        return frame
    null = bool(quelle.lang and quelle.lang.fehlend == "null")
    return haenge_an(frame, fehlend.assign(wert=0.0 if null else np.nan, status=OFFEN if null else NICHT_GELIEFERT))


def berechne(frame: pd.DataFrame, quelle: Quelle) -> pd.DataFrame:
    """Adds the Merkmale with `berechnet = true`.

    A secret part makes the result `gesperrt_quelle`, a missing one `nicht_geliefert`; no part, no row. Shares of people
    are rounded to whole ones, so that sums of them stay sums of people.
    """
    if not any(merkmal.berechnet for merkmal in quelle.merkmale.values()):
        return frame
    breit, neu = Breit(frame), []
    erste = np.zeros(breit.anzahl, dtype=np.int64)
    erste[breit.ort[::-1]] = np.arange(len(frame))[::-1]
    orte = frame[["raum_id", "stichtag"]].iloc[erste].reset_index(drop=True)
    for name in quelle.rechenfolge():
        merkmal = quelle.merkmale[name]
        anteil = np.array(anteile(orte["stichtag"].dt.year.to_numpy())) if merkmal.regelaltersgrenze else None
        wert, status = _summe(breit, merkmal.teile, anteil)
        breit.merke(name, wert, status)
        da = status != ""
        neu.append(orte[da].assign(merkmal=name, wert=wert[da], status=status[da], spalte="berechnet"))
    return haenge_an(frame, pd.concat(neu, ignore_index=True)) if neu else frame


def ergaenze_summen(frame: pd.DataFrame, quelle: Quelle) -> pd.DataFrame:
    """Fills a Merkmal with `ergaenzen = true` where it was not delivered, but all its parts were."""
    for name, merkmal in quelle.merkmale.items():
        if not merkmal.ergaenzen:
            continue
        breit = Breit(frame)
        wert, status = _summe(breit, merkmal.summe_aus)
        fehlt = ((frame["merkmal"] == name) & (frame["status"] == NICHT_GELIEFERT)).to_numpy()
        zeilen = np.flatnonzero(fehlt & (status == OFFEN)[breit.ort])
        if not len(zeilen):
            continue
        neu = frame.iloc[zeilen][["raum_id", "stichtag", "merkmal"]].astype({"raum_id": object, "merkmal": object})
        neu = neu.assign(wert=wert[breit.ort[zeilen]], status=OFFEN, spalte="berechnet")
        frame = haenge_an(frame.drop(index=frame.index[zeilen]).reset_index(drop=True), neu)
    return frame


def _summe(breit: Breit, namen: tuple[str, ...], anteil: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Value and status per raum × stichtag; status "" where no part was delivered. `anteil`: of each part, rounded."""
    teile = [breit.werte(teil) for teil in namen]
    zustand = np.array([z for _, z in teile])
    unsicher = np.any([breit.unsicher(teil) for teil in namen], axis=0)
    da, alle, geheim = (zustand > 0).any(axis=0), (zustand == 1).all(axis=0), (zustand == 2).any(axis=0)
    auswahl = [~da, alle & unsicher, alle, geheim]
    status = np.select(auswahl, ["", UNSICHER, OFFEN, GESPERRT], NICHT_GELIEFERT).astype(object)
    werte = np.array([w for w, _ in teile])
    summe = werte.sum(axis=0) if anteil is None else np.rint((werte * anteil).sum(axis=0))
    return np.where(alle, summe, np.nan), status


def haenge_an(frame: pd.DataFrame, neu: pd.DataFrame) -> pd.DataFrame:
    """Append rows, keeping the compact category columns; no line number means: not in the file."""
    if neu.empty:
        return frame
    neu = neu.assign(**{s: v for s, v in {"blatt": "", "zeile": 0, "spalte": ""}.items() if s not in neu})[
        list(SPALTEN)
    ]
    neu["zeile"] = neu["zeile"].astype("int32")
    neu["stichtag"] = neu["stichtag"].astype(frame["stichtag"].dtype)
    for spalte in ("raum_id", "merkmal", "status", "blatt", "spalte"):
        kategorien = frame[spalte].cat.categories
        zusaetzlich = [k for k in dict.fromkeys(neu[spalte].astype(object)) if k not in kategorien]
        alle = [*kategorien, *zusaetzlich]
        frame = frame.assign(**{spalte: frame[spalte].cat.set_categories(alle)})
        neu[spalte] = pd.Categorical(neu[spalte].astype(object), categories=alle)
    return pd.concat([frame, neu], ignore_index=True)
