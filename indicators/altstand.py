"""Snapshots from before there was a memory: what they show is read once and remembered like every other edition.

Of a hidden count the snapshot does not say what it was; it is taken for unchanged as long as the sums it shows agree
with today's. A Kennzahl over several Merkmale shows only their sum: they count as shown where it is still the same.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from geodata.fehler import MonitoringError
from indicators.bestand import list_snapshots
from indicators.gedaechtnis import Gedaechtnis
from indicators.manifest import read_manifest

ORT = ["stichtag", "raum_id", "gebietsstand"]
SPALTEN = [*ORT, "merkmal", "wert", "profil"]


def find_alte(ordner: Path, gedaechtnis: Gedaechtnis) -> list[str]:
    """Snapshots of `daten/<gebiet>` that the memory does not know, oldest first; damaged ones included."""
    return [name for name in list_snapshots(ordner) if not _bekannt(ordner / "bestand" / name, gedaechtnis)]


def _bekannt(snapshot: Path, gedaechtnis: Gedaechtnis) -> bool:
    if snapshot.name in gedaechtnis.nachgetragen:
        return True
    try:
        return gedaechtnis.kennt(read_manifest(snapshot).get("gedaechtnis"))
    except MonitoringError:
        return False


def read_eintraege(snapshot: Path) -> dict[str, dict]:
    """The catalogue of all profiles of a snapshot as it was then, Kennzahl id → entry; a file that cannot be read adds
    nothing."""
    eintraege: dict[str, dict] = {}
    for datei in sorted(snapshot.glob("*.duckdb")):
        try:
            with duckdb.connect(str(datei), read_only=True, config={"enable_external_access": "false"}) as con:
                zeilen = con.execute("SELECT kennzahl_id, eintrag FROM katalog").fetchall()
        except duckdb.Error:
            continue
        eintraege |= {name: json.loads(text) for name, text in zeilen}
    return eintraege


def read_gezeigt(snapshot: Path, fassungen: list, zaehlung: pd.DataFrame) -> pd.DataFrame:
    """Every count that a snapshot shows in some profile.

    Args:
        fassungen: (Kennzahl, Fassung) of today's catalogue.
        zaehlung: today's counts.

    Returns:
        Columns SPALTEN, one row per count and profile.

    Raises:
        MonitoringError: the snapshot cannot be read.
    """
    heute = zaehlung.assign(stichtag=pd.to_datetime(zaehlung["stichtag"]).dt.date)
    teile = []
    for datei in sorted(snapshot.glob("*.duckdb")):
        try:
            with duckdb.connect(str(datei), read_only=True, config={"enable_external_access": "false"}) as con:
                offen = con.execute(
                    "SELECT kennzahl_id, raum_id, gebietsstand, stichtag, zaehler, nenner FROM kennzahl "
                    "WHERE status IN ('offen', 'unsicher')"
                ).df()
        except duckdb.Error as fehler:
            raise MonitoringError(
                "Ein früherer Stand lässt sich nicht lesen; was er zeigte, muss für die Geheimhaltung bekannt sein.",
                wo=f"{datei}: {str(fehler).splitlines()[0]}",
                tun="Den Stand aus der Sicherung zurückholen. Hat ihn niemand gesehen, den Ordner löschen.",
            ) from None
        offen["stichtag"] = pd.to_datetime(offen["stichtag"]).dt.date
        for kennzahl, fassung in fassungen:
            eigene = offen[offen["kennzahl_id"] == kennzahl.id]
            for spalte, merkmale in (("zaehler", fassung.zaehler), ("nenner", fassung.nenner)):
                if len(eigene) and merkmale and eigene[spalte].notna().any():
                    teile.append(_zerlege(eigene, spalte, merkmale, heute).assign(profil=datei.stem))
    if not teile:
        return pd.DataFrame(columns=SPALTEN)
    return pd.concat(teile, ignore_index=True)[SPALTEN].drop_duplicates([*ORT, "merkmal", "profil"], ignore_index=True)


def _zerlege(eigene: pd.DataFrame, spalte: str, merkmale: tuple[str, ...], heute: pd.DataFrame) -> pd.DataFrame:
    gezeigt = eigene[[*ORT, spalte]].dropna().rename(columns={spalte: "wert"})
    if len(merkmale) == 1:
        return gezeigt.assign(merkmal=merkmale[0])
    teile = heute.loc[heute["merkmal"].isin(merkmale), [*ORT, "merkmal", "wert"]]
    summen = teile.groupby(ORT)["wert"].sum(min_count=len(merkmale)).rename("summe")
    gleich = gezeigt.merge(summen.reset_index(), on=ORT)
    gleich = gleich[np.isclose(gleich["wert"], gleich["summe"])]
    return gleich[ORT].merge(teile, on=ORT)


def mische(zellen: pd.DataFrame, gezeigt: pd.DataFrame, tag: date, recht: dict[str, str]) -> pd.DataFrame:
    """The cells of a Stichtag as they were then: today's, with what the snapshot showed in their place.

    Args:
        zellen: today's cells of the Stichtag, see `gate.Auftrag`.
        gezeigt: of the same Stichtag, see `read_gezeigt`.
    """
    damals = gezeigt.drop_duplicates(["raum_id", "gebietsstand", "merkmal"])
    schluessel = ["raum_id", "gebietsstand", "merkmal"]
    werte = damals.set_index(schluessel)["wert"].reindex(pd.MultiIndex.from_frame(zellen[schluessel])).to_numpy(float)
    gemischt = zellen.assign(wert=np.where(np.isnan(werte), zellen["wert"].to_numpy(float), werte))
    fehlt = damals[~pd.MultiIndex.from_frame(damals[schluessel]).isin(pd.MultiIndex.from_frame(zellen[schluessel]))]
    orte = zellen.drop_duplicates(["raum_id", "gebietsstand"]).drop(columns=["merkmal", "wert", "recht"])
    neue = fehlt[[*schluessel, "wert"]].merge(orte, on=["raum_id", "gebietsstand"])
    neue = neue.assign(recht=neue["merkmal"].map(recht).fillna("keins"), stichtag=tag)
    return pd.concat([gemischt, neue[neue["recht"] != "keins"][gemischt.columns]], ignore_index=True)
