"""Completing a delivery: rows for what is missing, and Merkmale computed as sums of delivered ones."""

import numpy as np
import pandas as pd

from etl.checks import Breit
from etl.quelle import Merkmal, Quelle
from etl.read import SPALTEN, STATUS

OFFEN, UNSICHER, GESPERRT, NICHT_GELIEFERT, _ = STATUS


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
    for name, merkmal in _der_reihe_nach(quelle.merkmale):
        frame = haenge_an(frame, _summe(Breit(frame), name, merkmal))
    return frame


def _der_reihe_nach(merkmale: dict[str, Merkmal]) -> list[tuple[str, Merkmal]]:
    """Computed Merkmale, parts before their wholes."""
    fertig, reihe = {m for m, angabe in merkmale.items() if not angabe.berechnet}, []
    while len(fertig) < len(merkmale):
        bereit = [m for m in merkmale if m not in fertig and fertig.issuperset(merkmale[m].summe_aus)]
        assert bereit, "read_quelle refuses circles"
        fertig.update(bereit)
        reihe += [(m, merkmale[m]) for m in bereit]
    return reihe


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
    neu = neu.assign(**{s: v for s, v in {"blatt": "", "zeile": 0, "spalte": ""}.items() if s not in neu})[list(SPALTEN)]
    neu["zeile"] = neu["zeile"].astype("int32")
    neu["stichtag"] = neu["stichtag"].astype(frame["stichtag"].dtype)
    for spalte in ("raum_id", "merkmal", "status", "blatt", "spalte"):
        kategorien = frame[spalte].cat.categories
        zusaetzlich = [k for k in dict.fromkeys(neu[spalte].astype(object)) if k not in kategorien]
        alle = [*kategorien, *zusaetzlich]
        frame = frame.assign(**{spalte: frame[spalte].cat.set_categories(alle)})
        neu[spalte] = pd.Categorical(neu[spalte].astype(object), categories=alle)
    return pd.concat([frame, neu], ignore_index=True)
