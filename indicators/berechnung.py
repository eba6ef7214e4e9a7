"""Kennzahlen of one release profile, out of counts that have already passed the gate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from indicators.arten import MIT_WERT, Spalte, compute, summe
from indicators.kennzahl import Fassung, Kennzahl

ORT = ["raum_id", "gebietsstand", "stichtag"]


@dataclass(frozen=True)
class Zahlen:
    """Protected counts side by side: one row per Raum and Stichtag (`index`), one column per Merkmal."""

    ebenen: tuple[str, ...]  # from top to bottom
    index: pd.DataFrame  # raum_id, gebietsstand, stichtag, ebene, rest
    wert: pd.DataFrame
    status: pd.DataFrame

    def spalten(self, merkmale: tuple[str, ...], zeilen: np.ndarray) -> list[Spalte]:
        return [Spalte(self.wert[m].to_numpy()[zeilen], self.status[m].to_numpy()[zeilen]) for m in merkmale]


def build_zahlen(zaehlung: pd.DataFrame, gesperrt: pd.DataFrame, ebenen: tuple[str, ...]) -> Zahlen:
    """Set the hidden counts to `gesperrt` — their numbers are gone from here on — and pivot.

    Args:
        zaehlung: raum_id, gebietsstand, stichtag, merkmal, ebene, rest, wert, status.
        gesperrt: raum_id, gebietsstand, stichtag, merkmal of the hidden counts.
        ebenen: level ids from top to bottom.
    """
    schluessel = [*ORT, "merkmal"]
    geheim = pd.MultiIndex.from_frame(zaehlung[schluessel]).isin(pd.MultiIndex.from_frame(gesperrt[schluessel]))
    # What the supplier keeps secret stays marked as his: the reader shall know whom to ask.
    status = zaehlung["status"].mask(geheim & (zaehlung["status"] != "gesperrt_quelle"), "gesperrt")
    offen = zaehlung.assign(status=status, wert=zaehlung["wert"].where(status.isin(MIT_WERT)))
    breit = offen.pivot(index=[*ORT, "ebene", "rest"], columns="merkmal", values=["wert", "status"])
    wert = breit["wert"].astype(float)
    return Zahlen(
        ebenen=ebenen,
        index=wert.index.to_frame(index=False),
        wert=wert.reset_index(drop=True),
        status=breit["status"].fillna("nicht_geliefert").astype(object).reset_index(drop=True),
    )


def ohne_unsinn(zahlen: Zahlen, unsinn: pd.DataFrame) -> Zahlen:
    """Cells that contradict another source are not shown. They come here after the gate and after all sums: what is
    only senseless in one Raum still counts in the Kreis, and a secret beside it stays protected.

    Args:
        unsinn: raum_id, gebietsstand, stichtag, merkmal.
    """
    wert, status = zahlen.wert.copy(), zahlen.status.copy()
    ort = pd.MultiIndex.from_frame(zahlen.index[ORT])
    for merkmal, teil in unsinn.groupby("merkmal"):
        if merkmal in wert:
            hier = ort.isin(pd.MultiIndex.from_frame(teil[ORT])) & status[merkmal].isin(MIT_WERT).to_numpy()
            wert.loc[hier, merkmal], status.loc[hier, merkmal] = np.nan, "nicht_sinnvoll"
    return Zahlen(zahlen.ebenen, zahlen.index, wert, status)


def build_kennzahl(kennzahl: Kennzahl, fassung: Fassung, zahlen: Zahlen) -> pd.DataFrame:
    """One Kennzahl for every Raum and Stichtag of every level on which its Zähler is known.

    Returns:
        raum_id, gebietsstand, stichtag, ebene, wert, unten, oben, zaehler, nenner, status, hinweis. Numbers are NaN
        unless the status is `offen` or `unsicher`. Stichtage at which a level has no value at all are left out.
    """
    ebenen = _zaehler_bekannt(fassung, zahlen)
    zeilen = np.flatnonzero(ebenen.notna())
    index = zahlen.index.iloc[zeilen].assign(ebene=ebenen.iloc[zeilen]).reset_index(drop=True)
    zaehler = zahlen.spalten(fassung.zaehler, zeilen)
    nenner = _nenner(kennzahl, fassung, zahlen, zeilen)
    werte = compute(kennzahl.art, zaehler, nenner, pro=kennzahl.pro, intervall=kennzahl.intervall)
    # Nobody lives in the Rest-Raum: it has cases but no population, so a rate says nothing there.
    ohne_bezug = index["rest"].to_numpy(bool) & (werte.status == "nicht_geliefert") & bool(fassung.nenner)
    status = np.where(ohne_bezug, "nicht_sinnvoll", werte.status)
    offen = np.isin(status, MIT_WERT)
    tabelle = index.assign(
        wert=werte.wert,
        unten=werte.unten,
        oben=werte.oben,
        zaehler=np.where(offen, summe(zaehler).wert, np.nan) if kennzahl.art != "uebernommen" else np.nan,
        nenner=np.where(offen, summe(nenner).wert, np.nan) if nenner else np.nan,
        status=status,
        hinweis=fassung.hinweis,
    )
    return _ohne_leeres(tabelle).drop(columns="rest")


def _zaehler_bekannt(fassung: Fassung, zahlen: Zahlen) -> pd.Series:
    """The level each row is shown on; missing where the Zähler was delivered to no Raum of its level and Stichtag.

    Räume missing among delivered ones stay in. The Rest-Raum stands on the lowest level that was delivered. Where two
    sources use the keys of two Gebietsstände at one Stichtag, each is looked at for itself.
    """
    ort = zahlen.index
    rest = ort["rest"].astype(bool)
    geliefert = (zahlen.status[list(fassung.zaehler)] != "nicht_geliefert").all(axis=1)
    bekannt = (geliefert & ~rest).groupby([ort["ebene"], ort["gebietsstand"], ort["stichtag"]]).transform("any")
    ebenen = ort["ebene"].where(bekannt & ~rest)
    je_stand = ["gebietsstand", "stichtag"]
    tiefe = ort[bekannt & ~rest].groupby(je_stand)["ebene"]
    unterste = tiefe.agg(lambda gruppe: max(gruppe.unique(), key=zahlen.ebenen.index)).rename("unterste")
    return ebenen.mask(rest & geliefert, ort[je_stand].join(unterste, on=je_stand)["unterste"])


def _nenner(kennzahl: Kennzahl, fassung: Fassung, zahlen: Zahlen, zeilen: np.ndarray) -> list[Spalte]:
    if kennzahl.nenner_zeitpunkt == "gleich" or not fassung.nenner:
        return zahlen.spalten(fassung.nenner, zeilen)
    return [_letzter(zahlen, merkmal, zeilen) for merkmal in fassung.nenner]


def _letzter(zahlen: Zahlen, merkmal: str, zeilen: np.ndarray) -> Spalte:
    """The newest value not after each row's Stichtag, Raum by Raum."""
    tag = pd.to_datetime(zahlen.index["stichtag"])
    da = (zahlen.status[merkmal] != "nicht_geliefert").to_numpy()
    rechts = pd.DataFrame(
        {"raum_id": zahlen.index["raum_id"], "tag": tag, "wert": zahlen.wert[merkmal], "status": zahlen.status[merkmal]}
    )[da]
    links = pd.DataFrame({"raum_id": zahlen.index["raum_id"], "tag": tag}).iloc[zeilen].reset_index(names="zeile")
    treffer = pd.merge_asof(links.sort_values("tag"), rechts.sort_values("tag"), on="tag", by="raum_id").sort_values(
        "zeile"
    )
    treffer = treffer.set_index("zeile").loc[links["zeile"]]
    return Spalte(treffer["wert"].to_numpy(float), treffer["status"].fillna("nicht_geliefert").to_numpy(object))


def _ohne_leeres(tabelle: pd.DataFrame) -> pd.DataFrame:
    """Without Stichtage at which nothing was delivered, and levels on which a profile shows nothing at all."""
    etwas = ~tabelle["status"].isin(["nicht_geliefert", "nicht_sinnvoll"])
    wert = tabelle["wert"].notna()
    bleibt = etwas.groupby([tabelle["ebene"], tabelle["gebietsstand"], tabelle["stichtag"]]).transform("any")
    return tabelle[bleibt & wert.groupby(tabelle["ebene"]).transform("any")].reset_index(drop=True)
