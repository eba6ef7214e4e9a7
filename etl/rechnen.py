"""Completing a delivery: rows for what is missing, and Merkmale computed as sums of delivered ones."""

import numpy as np
import pandas as pd

from etl.checks import Breit
from etl.quelle import Merkmal, Quelle
from etl.read import SPALTEN, STATUS
from geodata.gebiet import Gebiet

OFFEN, UNSICHER, GESPERRT, NICHT_GELIEFERT, _ = STATUS


def ohne_leere(frame: pd.DataFrame, gebiet: Gebiet) -> pd.DataFrame:
    """Without the Merkmale that no Raum of a level has at a Stichtag: an empty column was not delivered then."""
    geliefert = frame["status"] != NICHT_GELIEFERT
    if geliefert.all():
        return frame
    ebene = frame["raum_id"].map({r: gebiet.ebene_von(r).id for r in frame["raum_id"].cat.categories})
    gruppe = geliefert.groupby([frame["stichtag"], frame["merkmal"], ebene], observed=True).transform("any")
    return frame[gruppe].reset_index(drop=True)


def ergaenze_fehlende(frame: pd.DataFrame, fehlend: pd.DataFrame, quelle: Quelle) -> pd.DataFrame:
    """Every expected value gets a row: `nicht_geliefert`, or 0 where the profile says that absence means none."""
    if fehlend.empty:
        return frame
    null = bool(quelle.lang and quelle.lang.fehlend == "null")
    return haenge_an(frame, fehlend.assign(wert=0.0 if null else np.nan, status=OFFEN if null else NICHT_GELIEFERT))


def berechne(frame: pd.DataFrame, quelle: Quelle) -> pd.DataFrame:
    """Adds the Merkmale with `berechnet = true`.

    A secret part makes the sum `gesperrt_quelle`, a missing one `nicht_geliefert`; no part, no row.
    """
    for name in quelle.rechenfolge():
        frame = haenge_an(frame, _summe(Breit(frame), name, quelle.merkmale[name]))
    return frame


def _summe(breit: Breit, name: str, merkmal: Merkmal) -> pd.DataFrame:
    teile = [breit.werte(teil) for teil in merkmal.summe_aus]
    zustand = np.array([z for _, z in teile])
    summe = np.sum([w for w, _ in teile], axis=0)
    status = np.select(
        [(zustand == 1).all(axis=0), (zustand == 2).any(axis=0)], [OFFEN, GESPERRT], NICHT_GELIEFERT
    ).astype(object)
    unsicher = np.any([breit.unsicher(teil) for teil in merkmal.summe_aus], axis=0)
    status[unsicher & (status == OFFEN)] = UNSICHER
    da = (zustand > 0).any(axis=0)
    erste = pd.Series(np.arange(len(breit.frame))).groupby(breit.ort).first().to_numpy()[da]
    orte = breit.frame[["raum_id", "stichtag"]].iloc[erste].reset_index(drop=True)
    wert = np.where(np.isin(status, (OFFEN, UNSICHER)), summe, np.nan)
    return orte.assign(merkmal=name, wert=wert[da], status=status[da], spalte="berechnet")


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
