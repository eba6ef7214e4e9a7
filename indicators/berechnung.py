"""Kennzahlen of one release profile, out of counts that have already passed the gate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd

from indicators.arten import MIT_WERT, Spalte, compute, summe
from indicators.kennzahl import Fassung, Kennzahl

VORLAEUFIG = "vorläufig"  # first word of the note of a value whose Nenner will be replaced
ORT = ["raum_id", "gebietsstand", "stichtag"]
OHNE_ZAHLEN = ("uebernommen", "veraenderung")  # kinds whose value is not Zähler by Nenner of one Stichtag


@dataclass(frozen=True)
class Zahlen:
    """Protected counts side by side: one row per Raum and Stichtag (`index`), one column per Merkmal."""

    ebenen: tuple[str, ...]  # from top to bottom
    index: pd.DataFrame  # raum_id, gebietsstand, stichtag, ebene, rest
    wert: pd.DataFrame
    status: pd.DataFrame

    @cached_property
    def gruppe(self) -> np.ndarray:
        """Number of level, Gebietsstand and Stichtag of each row: asked for every Kennzahl, worked out once."""
        return self.index.groupby(["ebene", "gebietsstand", "stichtag"], sort=False).ngroup().to_numpy()

    @cached_property
    def zeitpunkt(self) -> np.ndarray:
        """Number of Gebietsstand and Stichtag of each row."""
        return self.index.groupby(["gebietsstand", "stichtag"], sort=False).ngroup().to_numpy()

    def spalten(self, merkmale: tuple[str, ...], zeilen: np.ndarray) -> list[Spalte]:
        return [Spalte(self.wert[m].to_numpy()[zeilen], self.status[m].to_numpy()[zeilen]) for m in merkmale]


def build_zahlen(
    zaehlung: pd.DataFrame, gesperrt: pd.DataFrame, ebenen: tuple[str, ...], *, im_haus: bool = True
) -> Zahlen:
    """Set the hidden counts to `gesperrt` — their numbers are gone from here on — and pivot.

    Args:
        zaehlung: raum_id, gebietsstand, stichtag, merkmal, ebene, rest, wert, status.
        gesperrt: raum_id, gebietsstand, stichtag, merkmal of the hidden counts.
        ebenen: level ids from top to bottom.
        im_haus: what the supplier keeps secret stays marked as his, the reader shall know whom to ask. Outside it looks
            like everything hidden where we would hide it too: his sign would tell that there is somebody.
    """
    schluessel = [*ORT, "merkmal"]
    geheim = pd.MultiIndex.from_frame(zaehlung[schluessel]).isin(pd.MultiIndex.from_frame(gesperrt[schluessel]))
    seins = (zaehlung["status"] == "gesperrt_quelle") & im_haus
    status = zaehlung["status"].mask(geheim & ~seins, "gesperrt")
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
    werte = compute(
        kennzahl.art,
        zaehler,
        nenner,
        pro=kennzahl.pro,
        intervall=kennzahl.intervall,
        gewichte=kennzahl.gewichte,
    )
    # Nobody lives in the Rest-Raum: it has cases but no population, so a rate says nothing there.
    ohne_bezug = index["rest"].to_numpy(bool) & (werte.status == "nicht_geliefert") & bool(fassung.nenner)
    status = np.where(ohne_bezug, "nicht_sinnvoll", werte.status)
    offen = np.isin(status, MIT_WERT)
    tabelle = index.assign(
        wert=werte.wert,
        unten=werte.unten,
        oben=werte.oben,
        zaehler=np.where(offen, summe(zaehler).wert, np.nan) if kennzahl.art not in OHNE_ZAHLEN else np.nan,
        nenner=np.where(offen, summe(nenner).wert, np.nan) if nenner and kennzahl.art not in OHNE_ZAHLEN else np.nan,
        status=status,
        hinweis=_hinweise(kennzahl, fassung, zahlen, zeilen),
    )
    return _ohne_leeres(tabelle).drop(columns="rest")


def _zaehler_bekannt(fassung: Fassung, zahlen: Zahlen) -> pd.Series:
    """The level each row is shown on; missing where the Zähler was delivered to no Raum of its level and Stichtag.

    Räume missing among delivered ones stay in. The Rest-Raum stands on the lowest level that was delivered. Where two
    sources use the keys of two Gebietsstände at one Stichtag, each is looked at for itself.
    """
    ort, gruppe, zeitpunkt = zahlen.index, zahlen.gruppe, zahlen.zeitpunkt
    rest = ort["rest"].to_numpy(bool)
    geliefert = (zahlen.status[list(fassung.zaehler)].to_numpy(object) != "nicht_geliefert").all(axis=1)
    bekannt = _irgendeine(geliefert & ~rest, gruppe) & ~rest
    tiefe = ort["ebene"].map({ebene: nr for nr, ebene in enumerate(zahlen.ebenen)}).to_numpy(int)
    unterste = np.full(zeitpunkt.max(initial=-1) + 1, -1)
    np.maximum.at(unterste, zeitpunkt[bekannt], tiefe[bekannt])
    namen = np.array([*zahlen.ebenen, None], dtype=object)
    return pd.Series(np.where(bekannt, namen[tiefe], np.where(rest & geliefert, namen[unterste[zeitpunkt]], None)))


def _irgendeine(da: np.ndarray, gruppe: np.ndarray) -> np.ndarray:
    """For each row: is there any in its group?"""
    return np.bincount(gruppe, da, gruppe.max(initial=-1) + 1)[gruppe] > 0


def _nenner(kennzahl: Kennzahl, fassung: Fassung, zahlen: Zahlen, zeilen: np.ndarray) -> list[Spalte]:
    if kennzahl.art == "veraenderung":
        tage = [b.ab for b in kennzahl.brueche(fassung) if b.wirkung == "trennt"]
        return [_frueher(zahlen, m, zeilen, jahre=kennzahl.jahre, trennt=tage) for m in fassung.zaehler]
    if kennzahl.nenner_zeitpunkt == "gleich" or not fassung.nenner:
        return zahlen.spalten(fassung.nenner, zeilen)
    return [_letzter(zahlen, merkmal, zeilen) for merkmal in fassung.nenner]


def _hinweise(kennzahl: Kennzahl, fassung: Fassung, zahlen: Zahlen, zeilen: np.ndarray) -> str | list[str]:
    """The note of the Fassung; where an older Nenner stands in at the current edge, also that the value is provisional.

    Populations are told at the end of a year: older than the last one before the Stichtag means there will be a newer.
    """
    if kennzahl.nenner_zeitpunkt == "gleich" or not fassung.nenner:
        return fassung.hinweis
    vom = pd.concat([_find_letzten(zahlen, m, zeilen)["vom"] for m in fassung.nenner], axis=1).min(axis=1)
    tage = pd.to_datetime(zahlen.index["stichtag"]).iloc[zeilen]
    texte = []
    for tag, nenner in zip(tage, vom, strict=True):
        jahresende = tag if (tag.month, tag.day) == (12, 31) else pd.Timestamp(tag.year - 1, 12, 31)
        vorlaeufig = f"{VORLAEUFIG} mit der Bezugsgruppe vom {nenner:%d.%m.%Y}" if nenner < jahresende else ""
        texte.append(". ".join(filter(None, (fassung.hinweis, vorlaeufig))))
    return texte


def _letzter(zahlen: Zahlen, merkmal: str, zeilen: np.ndarray) -> Spalte:
    """The newest value not after each row's Stichtag, Raum by Raum."""
    treffer = _find_letzten(zahlen, merkmal, zeilen)
    return Spalte(treffer["wert"].to_numpy(float), treffer["status"].fillna("nicht_geliefert").to_numpy(object))


def _find_letzten(zahlen: Zahlen, merkmal: str, zeilen: np.ndarray) -> pd.DataFrame:
    """wert, status and the day `vom` of the newest value not after each row's Stichtag; missing where there is none."""
    tag = pd.to_datetime(zahlen.index["stichtag"])
    da = (zahlen.status[merkmal] != "nicht_geliefert").to_numpy()
    rechts = pd.DataFrame(
        {
            "raum_id": zahlen.index["raum_id"],
            "tag": tag,
            "vom": tag,
            "wert": zahlen.wert[merkmal],
            "status": zahlen.status[merkmal],
        }
    )[da]
    links = pd.DataFrame({"raum_id": zahlen.index["raum_id"], "tag": tag}).iloc[zeilen].reset_index(names="zeile")
    treffer = pd.merge_asof(links.sort_values("tag"), rechts.sort_values("tag"), on="tag", by="raum_id").sort_values(
        "zeile"
    )
    return treffer.set_index("zeile").loc[links["zeile"]]


def _frueher(zahlen: Zahlen, merkmal: str, zeilen: np.ndarray, *, jahre: int, trennt: list[date]) -> Spalte:
    """The value of each row's Raum `jahre` years earlier, `nicht_geliefert` where there is none of the same shape, or
    where the series starts anew in between."""
    ort = zahlen.index[ORT].assign(stichtag=pd.to_datetime(zahlen.index["stichtag"]))
    jetzt = ort.iloc[zeilen]
    damals = jetzt["stichtag"] - pd.DateOffset(years=jahre)
    treffer = pd.MultiIndex.from_frame(ort).get_indexer(pd.MultiIndex.from_frame(jetzt.assign(stichtag=damals)))
    da = treffer >= 0
    for tag in map(pd.Timestamp, trennt):
        da &= ~((damals < tag) & (jetzt["stichtag"] >= tag)).to_numpy()
    return Spalte(
        np.where(da, zahlen.wert[merkmal].to_numpy(float)[treffer], np.nan),
        np.where(da, zahlen.status[merkmal].to_numpy(object)[treffer], "nicht_geliefert"),
    )


def _ohne_leeres(tabelle: pd.DataFrame) -> pd.DataFrame:
    """Without Stichtage at which nothing was delivered, and levels on which a profile shows nothing at all."""
    etwas = ~tabelle["status"].isin(["nicht_geliefert", "nicht_sinnvoll"])
    wert = tabelle["wert"].notna()
    bleibt = etwas.groupby([tabelle["ebene"], tabelle["gebietsstand"], tabelle["stichtag"]]).transform("any")
    return tabelle[bleibt & wert.groupby(tabelle["ebene"]).transform("any")].reset_index(drop=True)
