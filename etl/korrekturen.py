"""Declared corrections of known errors. Each has a guard: it stops when the supplier has corrected the file."""

import numpy as np
import pandas as pd

from etl.befund import Befund
from etl.checks import Breit
from etl.quelle import Korrektur, Quelle
from etl.read import STATUS, Lieferung
from geodata.fehler import LieferungError

INHALT = ["wert", "status", "blatt", "zeile", "spalte"]  # what moves with a value: its origin goes along


def korrigiere(lieferung: Lieferung, quelle: Quelle) -> list[Befund]:
    """Apply the corrections of the profile that concern this delivery.

    Raises:
        LieferungError: a guard does not hold; nobody may correct what is no longer wrong.
    """
    befunde = []
    for nr, korrektur in enumerate(quelle.korrektur, start=1):
        betroffen = [t for t in lieferung.stichtage if korrektur.wann.stichtag in (None, t)]
        taten = {"spalten_versetzt": _verschiebe, "nicht_geliefert": _streiche, "wert": _ersetze, "sperren": _ersetze}
        tat = taten[korrektur.tat]
        for tag in betroffen:
            tat(lieferung, quelle, korrektur, (lieferung.frame["stichtag"] == pd.Timestamp(tag)).to_numpy())
            lieferung.korrigiert.append(_betroffene(lieferung.frame, korrektur, tag, nr))
            text = f"Korrektur angewandt ({tag:%d.%m.%Y}): {korrektur.grund}"
            merkmale = korrektur.merkmal or ", ".join(korrektur.merkmale)
            befunde.append(Befund("korrektur", "hinweis", text, merkmale, stichtag=tag))
    return befunde


def _betroffene(frame: pd.DataFrame, korrektur: Korrektur, tag, nr: int) -> pd.DataFrame:
    """The cells a correction has touched: `raum_id`, `stichtag`, `merkmal`, `nr`, `tat`, `grund`."""
    merkmale = {*korrektur.merkmale, korrektur.merkmal}
    hier = (frame["stichtag"] == pd.Timestamp(tag)) & frame["merkmal"].isin(merkmale)
    if korrektur.raum:
        hier &= frame["raum_id"] == korrektur.raum
    zellen = frame.loc[hier, ["raum_id", "merkmal"]].astype(object)
    return zellen.assign(stichtag=tag, nr=nr, tat=korrektur.tat, grund=korrektur.grund)


def _verschiebe(lieferung: Lieferung, quelle: Quelle, korrektur: Korrektur, am_tag: np.ndarray) -> None:
    """`zeilen = 1`: the values of these Merkmale stand one row too low; the last row's value stands in the first."""
    if not _verletzt(lieferung.frame[am_tag], korrektur.schutz).any():
        raise _hinfaellig(lieferung, quelle, korrektur, "Die Werte stimmen schon ohne die Korrektur.")
    frame = lieferung.frame.copy()
    for merkmal in korrektur.merkmale:
        stellen = np.flatnonzero(am_tag & (frame["merkmal"] == merkmal).to_numpy())
        stellen = stellen[np.argsort(frame["zeile"].to_numpy()[stellen], kind="stable")]
        for spalte in INHALT:
            frame.iloc[stellen, frame.columns.get_loc(spalte)] = np.roll(frame[spalte].iloc[stellen], -korrektur.zeilen)
    if _verletzt(frame[am_tag], korrektur.schutz).any():
        raise _hinfaellig(lieferung, quelle, korrektur, "Auch nach der Korrektur gehen die Summen nicht auf.")
    lieferung.frame = frame


def _verletzt(frame: pd.DataFrame, gleichung: str) -> np.ndarray:
    """Räume where the equation "a + b = c + d" of Merkmale does not hold; unknown values break nothing."""
    breit = Breit(frame.reset_index(drop=True))
    links, rechts = (
        np.sum([breit.werte(m.strip())[0] for m in seite.split("+")], axis=0) for seite in gleichung.split("=")
    )
    return np.abs(links - rechts) > 1e-6


def _ersetze(lieferung: Lieferung, quelle: Quelle, korrektur: Korrektur, am_tag: np.ndarray) -> None:
    """One wrong number: replaced (`wert`) or kept secret (`sperren`), only while the wrong one is still delivered."""
    frame = lieferung.frame
    stelle = am_tag & (frame["merkmal"] == korrektur.merkmal) & (frame["raum_id"] == korrektur.raum)
    if not stelle.any() or frame.loc[stelle, "wert"].iloc[0] != korrektur.von:
        geliefert = frame.loc[stelle, "wert"].iloc[0] if stelle.any() else "nichts"
        raise _hinfaellig(lieferung, quelle, korrektur, f"Erwartet war {korrektur.von}, geliefert ist {geliefert}.")
    lieferung.frame = frame = frame.copy()
    frame.loc[stelle, "wert"] = np.nan if korrektur.tat == "sperren" else float(korrektur.auf)
    frame.loc[stelle, "status"] = STATUS[2] if korrektur.tat == "sperren" else STATUS[0]


def _streiche(lieferung: Lieferung, quelle: Quelle, korrektur: Korrektur, am_tag: np.ndarray) -> None:
    """A column that holds the same filler (`von`) everywhere was not counted at that Stichtag."""
    for gehoert in ("frame", "summen"):
        frame = getattr(lieferung, gehoert).copy()
        weg = (
            frame["merkmal"].isin(korrektur.merkmale) & frame["stichtag"].isin(lieferung.frame["stichtag"][am_tag])
        ).to_numpy()
        if (frame.loc[weg, "wert"] != korrektur.von).any():
            raise _hinfaellig(lieferung, quelle, korrektur, f"Nicht alle Werte sind {korrektur.von}.")
        frame.loc[weg, "wert"], frame.loc[weg, "status"] = np.nan, STATUS[3]
        setattr(lieferung, gehoert, frame)


def _hinfaellig(lieferung: Lieferung, quelle: Quelle, korrektur: Korrektur, grund: str) -> LieferungError:
    return LieferungError(
        f"Quelle »{quelle.id}«: Die Korrektur »{korrektur.tat}« passt nicht mehr zur Lieferung. {grund}",
        wo=f"{lieferung.datei}; Korrektur: {korrektur.grund}",
        tun=f"Hat der Lieferant berichtigt? Dann die [[korrektur]] im Profil {quelle.id}.toml löschen.",
    )
