"""The gate: counts of persons go in, and for every release profile comes out which of them may be seen.

One block per Stichtag; profiles are solved from the most permissive to the strictest, and what one hides every
stricter one hides too, so that nobody learns more from two profiles than from the more permissive one alone.
There is no switch to go around this.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from geodata.fehler import GeheimhaltungError
from indicators import geheimhaltung
from indicators.freigabe import Freigabe
from indicators.relationen import Block, build_block

EINWOHNER = ("bev_gesamt", "fs_gesamt")  # registers that tell how many people live in a Raum, in this order
TRENNER = "\x1f"  # between the key of a Raum and its Gebietsstand, where both are needed to tell Räume apart
VIELE_ZELLEN = 60_000  # from here a second process pays for its start


@dataclass(frozen=True)
class Regeln:
    """What the catalogue knows about the counts: law behind each Merkmal, how they add up, which quotes are shown."""

    recht: dict[str, str]
    summen: dict[str, list[list[str]]]
    quoten: list[tuple[list[str], list[str]]]
    teile: list[tuple[str, str]]  # (part, whole): nobody shows the difference, everybody knows it is not negative
    gezeigt: frozenset[str]  # Merkmale that stand behind a published Kennzahl; no other count leaves the gate


@dataclass
class Bescheid:
    """What one profile may see.

    `gesperrt` lists the hidden counts: raum_id, gebietsstand, stichtag, merkmal. `zertifikat` holds figures of the
    proof: cells, relations, and the narrowest interval an attacker is left with for a secret (at least so wide).
    """

    gesperrt: pd.DataFrame
    zertifikat: dict = field(default_factory=dict)


def protect_zaehlung(
    zaehlung: pd.DataFrame,
    eltern: pd.DataFrame,
    regeln: Regeln,
    freigaben: list[Freigabe],
    *,
    melde: Callable[[int, int, str], None] = lambda *_: None,
) -> dict[str, Bescheid]:
    """Decide every count of persons for every release profile.

    Args:
        zaehlung: counts on all levels, see `zaehlung.build_zaehlung`.
        eltern: raum_id, gebietsstand, eltern_id, hierarchie, rest, zuschnitt — every hierarchy over the same people.
        freigaben: most permissive first.

    Raises:
        GeheimhaltungError: a block cannot be protected; nothing may be published then.
    """
    schuetzbar = zaehlung.assign(recht=zaehlung["merkmal"].map(regeln.recht).fillna("keins"))
    # A sum over parts the supplier keeps secret is known to nobody: it is no cell, its parts stand in its place.
    bekannt = schuetzbar["status"].isin(["offen", "unsicher"]) | (
        (schuetzbar["status"] == "gesperrt_quelle") & ~schuetzbar["summiert"]
    )
    schuetzbar = _mit_einwohnern(schuetzbar[bekannt & (schuetzbar["recht"] != "keins")], zaehlung)
    auftraege = [
        (stichtag, *_ein_gebietsstand(teil, eltern), regeln, freigaben)
        for stichtag, teil in schuetzbar.groupby("stichtag")
    ]
    gesperrt: dict[str, list[pd.DataFrame]] = {f.id: [] for f in freigaben}
    zahlen: dict[str, list[dict]] = {f.id: [] for f in freigaben}
    for fertig, ergebnis in enumerate(_alle(auftraege, len(schuetzbar)), start=1):
        for freigabe_id, (zellen, zertifikat) in ergebnis.items():
            gesperrt[freigabe_id].append(zellen)
            zahlen[freigabe_id].append(zertifikat)
        melde(fertig, len(auftraege), "Geheimhaltung")
    leer = pd.DataFrame(columns=["raum_id", "gebietsstand", "stichtag", "merkmal"])
    return {
        f.id: Bescheid(pd.concat([leer, *gesperrt[f.id]], ignore_index=True), _zusammen(zahlen[f.id]))
        for f in freigaben
    }


def _ein_gebietsstand(zellen: pd.DataFrame, eltern: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cells of one Stichtag and the parents of their Räume.

    Where sources use the keys of several Gebietsstände at one Stichtag, the same people are counted in two geographies:
    a Raum that was not cut anew is one Raum in both, all others are told apart by name, and each Gebietsstand becomes a
    hierarchy of its own, so that a reader who adds up in both is reckoned with.
    """
    eltern = eltern[eltern["gebietsstand"].isin(zellen["gebietsstand"].unique())]
    staende = sorted(zellen["gebietsstand"].unique())
    if len(staende) == 1:
        return zellen, eltern
    neuer = eltern[eltern["gebietsstand"] == staende[-1]].set_index("raum_id")["zuschnitt"]
    anders = eltern["zuschnitt"] != eltern["raum_id"].map(neuer)
    namen = {
        (z.raum_id, z.gebietsstand): f"{z.raum_id}{TRENNER}{z.gebietsstand}"
        for z in eltern[anders & (eltern["gebietsstand"] != staende[-1])].itertuples()
    }

    def name(raum_id: pd.Series, stand: pd.Series) -> list[str]:
        return [namen.get(ort, ort[0]) for ort in zip(raum_id, stand, strict=True)]

    return zellen.assign(raum_id=name(zellen["raum_id"], zellen["gebietsstand"])), eltern.assign(
        raum_id=name(eltern["raum_id"], eltern["gebietsstand"]),
        eltern_id=name(eltern["eltern_id"], eltern["gebietsstand"]),
        hierarchie=eltern["hierarchie"] + TRENNER + eltern["gebietsstand"],
    )


def _mit_einwohnern(zellen: pd.DataFrame, zaehlung: pd.DataFrame) -> pd.DataFrame:
    """Adds `einwohner` of each Raum at the newest Stichtag not after the cell's own; NaN where no register tells."""
    register = next((m for m in EINWOHNER if (zaehlung["merkmal"] == m).any()), EINWOHNER[0])
    einwohner = zaehlung.loc[
        (zaehlung["merkmal"] == register) & zaehlung["wert"].notna(), ["raum_id", "stichtag", "wert"]
    ]
    einwohner = einwohner.rename(columns={"wert": "einwohner"}).assign(stichtag=pd.to_datetime(einwohner["stichtag"]))
    tage = zellen.assign(tag=zellen["stichtag"], stichtag=pd.to_datetime(zellen["stichtag"])).sort_values("stichtag")
    gemischt = pd.merge_asof(tage, einwohner.sort_values("stichtag"), on="stichtag", by="raum_id")
    return gemischt.assign(stichtag=gemischt["tag"]).drop(columns="tag")


def _alle(auftraege: list, zellen: int) -> Iterator[dict]:
    if zellen < VIELE_ZELLEN or multiprocessing.cpu_count() < 2:
        yield from map(_ein_stichtag, auftraege)
        return
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(_ein_stichtag, auftraege)


def _ein_stichtag(auftrag: tuple) -> dict[str, tuple[pd.DataFrame, dict]]:
    stichtag, teil, eltern, regeln, freigaben = auftrag
    block = build_block(
        stichtag,
        teil,
        eltern=eltern,
        summen=regeln.summen,
        quoten=regeln.quoten,
        teile=regeln.teile,
        gezeigt=regeln.gezeigt,
    )
    bisher = np.zeros(len(block.zellen), bool)
    ergebnis, schutz, vorige = {}, None, None
    for freigabe in freigaben:
        eingabe = _eingabe(block.zellen, freigabe)
        # The same question has the same answer: what protects one profile protects the next with equal rules.
        if schutz is None or not _gleiche_frage(eingabe, vorige):
            schutz = _protect(block, freigabe, bisher)
        vorige = eingabe
        gesperrt = schutz.gesperrt | _ohne(block.zellen, freigabe)
        zellen = block.zellen.loc[gesperrt, ["raum_id", "gebietsstand", "merkmal"]]
        zellen = zellen.assign(raum_id=zellen["raum_id"].str.split(TRENNER).str[0])
        ergebnis[freigabe.id] = (zellen.assign(stichtag=stichtag), _zertifikat(block, gesperrt, schutz))
        bisher = gesperrt
    return ergebnis


def _ohne(zellen: pd.DataFrame, freigabe: Freigabe) -> np.ndarray:
    """Cells the profile leaves out by level and Merkmal; the others are then protected against adding them up."""
    aus = pd.Series(False, index=zellen.index)
    for ebene, merkmale in freigabe.ohne.items():
        aus |= (zellen["ebene"] == ebene) & zellen["merkmal"].isin(merkmale)
    return (aus & ~zellen["gegenstueck"]).to_numpy(bool)


def _eingabe(zellen: pd.DataFrame, freigabe: Freigabe) -> tuple[np.ndarray, ...]:
    """What a profile asks of the cells: value, threshold, primary or not, visible or not."""
    wert = zellen["wert"].to_numpy(float)
    sichtbar = zellen["sichtbar"].to_numpy(bool) & ~_ohne(zellen, freigabe)
    schwelle = zellen["recht"].map(freigabe.schwelle_fuer).to_numpy(float)
    return wert, schwelle, _find_primaer(zellen, freigabe, wert, schwelle), sichtbar


def _gleiche_frage(a: tuple[np.ndarray, ...], b: tuple[np.ndarray, ...]) -> bool:
    return all(np.array_equal(x, y, equal_nan=x.dtype == float) for x, y in zip(a, b, strict=True))


def _protect(block: Block, freigabe: Freigabe, bisher: np.ndarray) -> geheimhaltung.Schutz:
    zellen = block.zellen
    wert, schwelle, primaer, sichtbar = _eingabe(zellen, freigabe)
    oberste = (zellen["spitze"] & sichtbar).to_numpy() & ~primaer & ~bisher & ~np.isnan(wert)
    # Better a total without a number than no publication: totals stay open as long as everything else can protect.
    for fest in (oberste, np.zeros(len(wert), bool)) if oberste.any() else (oberste,):
        try:
            eingabe = geheimhaltung.Zellen(wert, schwelle, primaer, sichtbar, fest)
            return geheimhaltung.protect(eingabe, block.matrix, erzwungen=bisher & sichtbar)
        except geheimhaltung.UnschuetzbareZellenError as fehler:
            letzter = fehler
    orte = zellen.iloc[letzter.zellen[:8]]
    raise GeheimhaltungError(
        f"Profil »{freigabe.titel}«: {len(letzter.zellen)} kleine Fallzahlen lassen sich nicht schützen.",
        wo=f"Stichtag {block.stichtag}: " + "; ".join(f"{z.raum_id} {z.merkmal}" for z in orte.itertuples()),
        tun="Das Merkmal gröber liefern lassen (größere Räume oder Altersgruppen) oder die Ebene im Profil weglassen.",
    )


def _find_primaer(zellen: pd.DataFrame, freigabe: Freigabe, wert: np.ndarray, schwelle: np.ndarray) -> np.ndarray:
    """Which cells need protection of their own.

    A count below the threshold or kept secret by the supplier; the Gegenstück of a quote below it, zero included
    ("all of them"); a count of persons on benefits where hardly anybody lives or the reference group is too small.
    """
    klein = geheimhaltung.find_primaer(wert, schwelle)
    leistung = zellen["sichtbar"] & (zellen["recht"] != "bevoelkerung") & (zellen["wert"] != 0)
    wenige = (zellen["einwohner"] < freigabe.einwohner_mindest) | (zellen["nenner_wert"] < freigabe.nenner_mindest)
    # What is left of a whole beside a declared part is no group that anybody reports: it only bounds the part.
    gegenstueck = (zellen["quote"] & (wert < schwelle)).to_numpy(bool)
    return np.where(zellen["gegenstueck"], gegenstueck, klein | (leistung & wenige).to_numpy(bool))


def _zertifikat(block: Block, gesperrt: np.ndarray, schutz: geheimhaltung.Schutz) -> dict:
    sichtbar = block.zellen["sichtbar"].to_numpy(bool)
    breite = (schutz.oben - schutz.unten)[np.isfinite(schutz.oben)]
    return {
        "zellen": int(sichtbar.sum()),
        "relationen": int(block.matrix.shape[0]),
        "primaer": int(schutz.primaer),
        "gesperrt": int((gesperrt & sichtbar).sum()),
        "schmalstes": float(np.min(breite)) if len(breite) else None,
    }


def _zusammen(teile: list[dict]) -> dict:
    """Figures of all Stichtage as one certificate."""
    schmal = [t["schmalstes"] for t in teile if t["schmalstes"] is not None]
    summen = {feld: sum(t[feld] for t in teile) for feld in ("zellen", "relationen", "primaer", "gesperrt")}
    return {**summen, "schmalstes": min(schmal, default=None)}
