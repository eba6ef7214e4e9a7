"""The gate: counts of persons go in, and for every release profile comes out which of them may be seen.

One block per Stichtag (or per group of Stichtage with relations between them), together with everything earlier
publications showed of it. Profiles are solved from the most permissive to the strictest, and what one hides every
stricter one hides too, so that nobody learns more from two profiles than from the more permissive one alone. There is
no switch to go around this.
"""

from __future__ import annotations

import hashlib
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from geodata.fehler import GeheimhaltungError
from indicators import geheimhaltung
from indicators.altstand import mische
from indicators.freigabe import Freigabe
from indicators.gedaechtnis import Auflage, Gedaechtnis
from indicators.kennwerte import fasse_zusammen, zaehle
from indicators.primaer import (
    FRUEHER,
    GEGENSTUECK,
    OFFEN,
    SCHUTZ,
    UNGENUTZT,
    WEGGELASSEN,
    Frage,
    build_frage,
    find_soll,
)
from indicators.regeln import Regeln, Zeitregel, build_regeln
from indicators.relationen import SPALTEN, TRENNER, Block, build_block
from indicators.verlauf import System, build_system
from indicators.zeitrelationen import find_gruppen, verbinde

__all__ = ["EINWOHNER", "Bescheid", "Regeln", "Zeitregel", "build_regeln", "protect_zaehlung"]

EINWOHNER = ("bev_gesamt", "fs_gesamt")  # registers that tell how many people live in a Raum, in this order
VIELE_ZELLEN = 60_000  # from here a second process pays for its start
FASSUNG = 4  # changes whenever the same question may get another answer: nothing stored is reused then


@dataclass
class Bescheid:
    """What one profile may see.

    `gesperrt` lists the hidden counts: raum_id, gebietsstand, stichtag, merkmal. `zertifikat` holds figures of the
    proof, see `kennwerte`.
    """

    gesperrt: pd.DataFrame
    zertifikat: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Auftrag:
    """One block to decide: its counts and parents per Stichtag, and what was published of it before."""

    stichtage: tuple
    teile: tuple[tuple[pd.DataFrame, pd.DataFrame], ...]
    regeln: tuple[Regeln, ...]
    freigaben: list[Freigabe]
    frage: str
    auflagen: list[Auflage]
    nachtrag: tuple[Auflage, ...] = ()  # of older snapshots, not yet remembered; they stand among `auflagen` too

    def build_block(self) -> Block:
        bloecke = [
            build_block(tag, zellen, eltern=eltern, regeln=regeln)
            for tag, (zellen, eltern), regeln in zip(self.stichtage, self.teile, self.regeln, strict=True)
        ]
        return bloecke[0] if len(bloecke) == 1 else verbinde(bloecke, self.regeln[0])


def protect_zaehlung(
    zaehlung: pd.DataFrame,
    eltern: pd.DataFrame,
    regeln: Regeln,
    freigaben: list[Freigabe],
    *,
    gedaechtnis: Gedaechtnis | None = None,
    gezeigt: list[pd.DataFrame] | None = None,
    melde: Callable[[int, int, str], None] = lambda *_: None,
) -> dict[str, Bescheid]:
    """Decide every count of persons for every release profile.

    Args:
        zaehlung: counts on all levels, see `zaehlung.build_zaehlung`.
        eltern: raum_id, gebietsstand, eltern_id, hierarchie, rest, zuschnitt — every hierarchy over the same people.
        freigaben: most permissive first.
        gedaechtnis: what was published before; the new editions are noted there, the caller writes it.
        gezeigt: what older snapshots show that are not part of the memory, oldest first, see `altstand.read_gezeigt`.

    Raises:
        GeheimhaltungError: a block cannot be protected; nothing may be published then.
    """
    auftraege = build_auftraege(zaehlung, eltern, regeln, freigaben, gedaechtnis, gezeigt or [])
    auflagen: list[Auflage] = [a.auflagen[-1] for a in auftraege if _unveraendert(a)]
    zu_tun = [a for a in auftraege if not _unveraendert(a)]
    for _ in auflagen:
        melde(len(auflagen), len(auftraege), "Geheimhaltung")
    wiederverwendet = len(auflagen)
    for alte in (alte for a in zu_tun for alte in a.nachtrag):
        gedaechtnis.merke(alte)
    for neu in _alle(zu_tun):
        auflagen.append(neu)
        if gedaechtnis is not None:
            gedaechtnis.merke(neu)
        melde(len(auflagen), len(auftraege), "Geheimhaltung")
    return {f.id: _bescheid(auflagen, f, wiederverwendet) for f in freigaben}


def _unveraendert(auftrag: Auftrag) -> bool:
    """The newest edition answers exactly this question: its pattern holds."""
    return bool(auftrag.auflagen) and auftrag.auflagen[-1].frage == auftrag.frage


def _bescheid(auflagen: list[Auflage], freigabe: Freigabe, wiederverwendet: int) -> Bescheid:
    leer = pd.DataFrame(columns=["raum_id", "gebietsstand", "stichtag", "merkmal"])
    teile = []
    for auflage in auflagen:
        geheim = ~np.isin(auflage.gruende[freigabe.id], [OFFEN, UNGENUTZT]) & auflage.echt
        zellen = auflage.zellen.loc[geheim, ["raum_id", "gebietsstand", "stichtag", "merkmal"]]
        teile.append(zellen.assign(raum_id=zellen["raum_id"].str.split(TRENNER).str[0]))
    gesperrt = pd.concat([leer, *teile], ignore_index=True).sort_values(list(leer.columns), ignore_index=True)
    zahlen = fasse_zusammen([a.profile[freigabe.id] for a in auflagen])
    return Bescheid(gesperrt, zahlen | {"bloecke": len(auflagen), "wiederverwendet": wiederverwendet})


# --- what there is to decide -----------------------------------------------------------------


def build_auftraege(
    zaehlung: pd.DataFrame,
    eltern: pd.DataFrame,
    regeln: Regeln,
    freigaben: list[Freigabe],
    gedaechtnis: Gedaechtnis | None = None,
    gezeigt: list[pd.DataFrame] | None = None,
) -> list[Auftrag]:
    """Every block with its question and its earlier editions; arguments as in `protect_zaehlung`."""
    zellen = _schuetzbar(zaehlung, regeln, freigaben)
    gruppen = find_gruppen(zellen, regeln, gedaechtnis.gruppen if gedaechtnis else [])
    je_tag_roh = dict(iter(zellen.groupby("stichtag")))
    je_tag = {tag: _ein_gebietsstand(teil, eltern) for tag, teil in je_tag_roh.items()}
    auftraege = []
    for tage in gruppen:
        teile = tuple(je_tag[tag] for tag in tage)
        namen = set().union(*(t["merkmal"] for t, _ in teile))
        eigene = tuple(_mit_aelteren_nennern(regeln, zellen, tag) for tag in tage)
        auflagen = gedaechtnis.auflagen(tage) if gedaechtnis else []
        frage = _hash(teile, _nur(regeln, namen), eigene, freigaben)
        alte = tuple(
            _nachtrag(je_tag_roh[tag], eltern, regeln, freigaben, stand)
            for tag in tage
            for stand in _verschiedene(gezeigt or [], tag)
        )
        auftraege.append(Auftrag(tage, teile, eigene, freigaben, frage, [*alte, *auflagen], alte))
    return auftraege


def _verschiedene(gezeigt: list[pd.DataFrame], tag: object) -> list[pd.DataFrame]:
    """What older snapshots show of a Stichtag, each state once."""
    gefunden: list[pd.DataFrame] = []
    for stand in gezeigt:
        teil = stand[stand["stichtag"] == tag].sort_values(list(stand.columns), ignore_index=True)
        if len(teil) and not any(teil.equals(anderer) for anderer in gefunden):
            gefunden.append(teil)
    return gefunden


def _nachtrag(
    zellen: pd.DataFrame, eltern: pd.DataFrame, regeln: Regeln, freigaben: list[Freigabe], gezeigt: pd.DataFrame
) -> Auflage:
    """The edition of a snapshot from before there was a memory; its rules of then are not known."""
    tag = gezeigt["stichtag"].iloc[0]
    teil, seine_eltern = _ein_gebietsstand(mische(zellen, gezeigt, tag, regeln.recht), eltern)
    block = build_block(tag, teil, eltern=seine_eltern, regeln=regeln)
    orte = pd.MultiIndex.from_arrays(
        [block.zellen["raum_id"].str.split(TRENNER).str[0], block.zellen["gebietsstand"], block.zellen["merkmal"]]
    )
    rang = {f.id: f.rang for f in freigaben}
    gruende, profile = {}, {}
    for profil, offen in gezeigt.groupby("profil"):
        drin = orte.isin(pd.MultiIndex.from_frame(offen[["raum_id", "gebietsstand", "merkmal"]]))
        grund = np.where(drin, OFFEN, np.where(block.zellen["sichtbar"], SCHUTZ, UNGENUTZT))
        gruende[profil] = np.where(block.echt, grund, UNGENUTZT).astype(np.int8)
        profile[profil] = {"rang": rang.get(profil, max(rang.values())), "regeln": ""}
    return Auflage(block.stichtage, block.zellen, block.matrix, gruende, "", profile, nachgetragen=True)


def _schuetzbar(zaehlung: pd.DataFrame, regeln: Regeln, freigaben: list[Freigabe]) -> pd.DataFrame:
    """The cells of the gate: counts under a law, with a number or kept secret by the supplier."""
    zellen = zaehlung.assign(recht=zaehlung["merkmal"].map(regeln.recht).fillna("keins"))
    # A sum over parts the supplier keeps secret is known to nobody: it is no cell, its parts stand in its place.
    bekannt = zellen["status"].isin(["offen", "unsicher"]) | (
        (zellen["status"] == "gesperrt_quelle") & ~zellen["summiert"] & ~zellen["merkmal"].isin(regeln.differenzen)
    )
    gerundet = {m for f in freigaben for m in f.methode}
    drin = bekannt & (zellen["recht"] != "keins") & ~zellen["merkmal"].isin(gerundet)
    return _mit_einwohnern(zellen[drin], zaehlung)


def _mit_aelteren_nennern(regeln: Regeln, zellen: pd.DataFrame, tag: object) -> Regeln:
    """Newest earlier counts of the Nenner that may be older than their Zähler."""
    aeltere = {}
    for nummer in regeln.letzter:
        namen = regeln.quoten[nummer][1]
        frueher = zellen[zellen["merkmal"].isin(namen) & (zellen["stichtag"] < tag)].sort_values("stichtag")
        aeltere[nummer] = frueher.groupby(["raum_id", "merkmal"])["wert"].last().to_dict()
    return replace(regeln, aeltere_nenner=aeltere)


def _nur(regeln: Regeln, namen: set[str]) -> str:
    """The rules that have to do with these Merkmale, as text."""
    summen = {m: w for m, w in regeln.summen.items() if m in namen}
    quoten = sorted(map(str, (q for q in regeln.quoten if namen.issuperset(q[0]) and namen & set(q[1]))))
    teile = sorted(t for t in regeln.teile if namen.issuperset(t))
    zeit = sorted(map(str, (z for z in regeln.zeit if z.merkmal in namen)))
    gleich = sorted(g for g in regeln.gleich if namen.issuperset(g))
    betraege = {m: (t, regeln.groesste.get(m)) for m, t in regeln.betraege.items() if m in namen}
    recht = sorted((m, regeln.recht[m]) for m in namen)
    return str((recht, sorted(summen.items()), quoten, teile, sorted(regeln.gezeigt & namen), zeit, gleich, betraege))


def _hash(teile: tuple, regeln: str, eigene: tuple[Regeln, ...], freigaben: list[Freigabe]) -> str:
    """Everything the pattern of a block follows from, but what was published before."""
    summe = hashlib.sha256(f"{FASSUNG} {regeln}".encode())
    for (zellen, eltern), r in zip(teile, eigene, strict=True):
        # Not how many people live somewhere, only whether they are enough: registers are corrected every year.
        genug = {f"genug_{f.id}": zellen["einwohner"] >= f.einwohner_mindest for f in freigaben}
        spalten = zellen[[s for s in SPALTEN if s != "einwohner"]].assign(da=zellen["einwohner"].notna(), **genug)
        for df in (spalten.sort_values(["raum_id", "merkmal"]), eltern.sort_values(["hierarchie", "raum_id"])):
            summe.update(pd.util.hash_pandas_object(df.astype(str), index=False).to_numpy().tobytes())
        for nummer, werte in r.aeltere_nenner.items():
            summe.update(str((nummer, [sum(w < f.nenner_mindest for w in werte.values()) for f in freigaben])).encode())
    for f in freigaben:
        summe.update(str((f.id, f.rang, f.regeln, sorted(f.ohne.items()))).encode())
    return summe.hexdigest()[:32]


def _ein_gebietsstand(zellen: pd.DataFrame, eltern: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cells of one Stichtag and the parents of their Räume.

    Where sources use the keys of several Gebietsstände at one Stichtag, the same people are counted in two geographies:
    a Raum that was not cut anew is one Raum in both, all others are told apart by name, and each Gebietsstand becomes a
    hierarchy of its own, so that a reader who adds up in both is reckoned with.
    """
    eltern = eltern[eltern["gebietsstand"].isin(zellen["gebietsstand"].unique())]
    zuschnitt = eltern.drop_duplicates(["raum_id", "gebietsstand"]).set_index(["raum_id", "gebietsstand"])["zuschnitt"]
    orte = pd.MultiIndex.from_frame(zellen[["raum_id", "gebietsstand"]])
    zellen = zellen.assign(zuschnitt=zuschnitt.reindex(orte).fillna("").to_numpy())
    staende = sorted(zellen["gebietsstand"].unique())
    if len(staende) == 1:
        return zellen, eltern
    neuer = eltern[eltern["gebietsstand"] == staende[-1]].drop_duplicates("raum_id").set_index("raum_id")["zuschnitt"]
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
    """Adds `einwohner` of each Raum at the newest Stichtag not after the cell's own, else at the next one; NaN where
    nobody tells. Without a register the largest group of inhabitants that is counted stands in: there are at least as
    many."""
    register = next((m for m in EINWOHNER if (zaehlung["merkmal"] == m).any()), None)
    gezaehlt = zaehlung[zaehlung["merkmal"] == register] if register else zellen[zellen["recht"] == "bevoelkerung"]
    einwohner = gezaehlt.dropna(subset="wert").groupby(["raum_id", "stichtag"], as_index=False)["wert"].max()
    einwohner = einwohner.rename(columns={"wert": "einwohner"}).assign(stichtag=pd.to_datetime(einwohner["stichtag"]))
    einwohner = einwohner.sort_values("stichtag")
    tage = zellen.assign(tag=zellen["stichtag"], stichtag=pd.to_datetime(zellen["stichtag"])).sort_values("stichtag")
    gemischt = pd.merge_asof(tage, einwohner, on="stichtag", by="raum_id")
    danach = pd.merge_asof(tage, einwohner, on="stichtag", by="raum_id", direction="forward")["einwohner"]
    return gemischt.assign(stichtag=gemischt["tag"], einwohner=gemischt["einwohner"].fillna(danach)).drop(columns="tag")


# --- deciding --------------------------------------------------------------------------------


def _alle(auftraege: list[Auftrag]) -> Iterator[Auflage]:
    zellen = sum(len(teil) for a in auftraege for teil, _ in a.teile)
    if zellen < VIELE_ZELLEN or multiprocessing.cpu_count() < 2:
        yield from map(decide, auftraege)
        return
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(decide, auftraege)


def decide(auftrag: Auftrag) -> Auflage:
    """The pattern of one block for every profile."""
    block = auftrag.build_block()
    system = build_system(block, auftrag.auflagen, auftrag.freigaben)
    n = len(block.zellen)
    bisher = ohne = np.zeros(len(system.zellen), bool)
    gruende, profile, schutz, vorige = {}, {}, None, None
    for freigabe in auftrag.freigaben:
        frage = build_frage(system.zellen, freigabe, ohne_zuvor=ohne, alt=system.alt)
        wissen = (system.bekannt[freigabe.id], system.verborgen[freigabe.id])
        # The same question has the same answer: what protects one profile protects the next with equal rules.
        if schutz is None or not (frage.gleicht(vorige[0]) and all(map(np.array_equal, wissen, vorige[1]))):
            schutz = _protect(block.stichtage, system, freigabe, frage, bisher)
        vorige = frage, wissen
        gesperrt = schutz.gesperrt | frage.ohne
        grund = _gruende(system, frage, gesperrt, wissen[1])
        gruende[freigabe.id] = grund[:n].astype(np.int8)
        profile[freigabe.id] = {
            "rang": freigabe.rang,
            "regeln": freigabe.regeln,
            **zaehle(system, grund, schutz, block.matrix, wissen[0]),
        }
        bisher, ohne = gesperrt, frage.ohne
    return Auflage(block.stichtage, block.zellen, block.matrix, gruende, auftrag.frage, profile)


def _gruende(system: System, frage: Frage, gesperrt: np.ndarray, verborgen: np.ndarray) -> np.ndarray:
    """Why each cell is not shown; OFFEN: it is."""
    zellen = system.zellen
    gegenstueck = zellen["gegenstueck"].to_numpy(bool) & frage.primaer
    zeilen = abs(system.matrix) @ gegenstueck > 0
    neben = abs(system.matrix).T @ zeilen > 0
    grund = np.select(
        [~zellen["sichtbar"].to_numpy(bool), frage.ohne, ~gesperrt, frage.primaer, neben, verborgen],
        [UNGENUTZT, WEGGELASSEN, OFFEN, frage.grund, GEGENSTUECK, FRUEHER],
        default=SCHUTZ,
    )
    return np.where(zellen["gegenstueck"] | zellen["fix"] | system.alt, UNGENUTZT, grund)


def build_zellen(system: System, frage: Frage, fest: np.ndarray) -> geheimhaltung.Zellen:
    """The cells as the mathematics wants them."""
    zellen = system.zellen
    betrag = zellen["betrag"].to_numpy(bool)
    soll_unten, soll_oben = find_soll(zellen, frage)
    return geheimhaltung.Zellen(
        frage.wert,
        frage.schwelle,
        frage.primaer,
        frage.sichtbar,
        fest,
        soll_unten=soll_unten,
        soll_oben=soll_oben,
        signiert=zellen["signiert"].to_numpy(bool),
        ganz=~betrag & (np.isnan(frage.wert) | (frage.wert == np.round(frage.wert))),  # annual means are none
    )


def find_vorher(system: System, freigabe: Freigabe) -> np.ndarray | None:
    """What a reader does not know anyway; None: he knows nothing beforehand."""
    bekannt = system.bekannt[freigabe.id] | system.zellen["fix"].to_numpy(bool)
    return ~bekannt if bekannt.any() else None


def _protect(
    stichtage: tuple, system: System, freigabe: Freigabe, frage: Frage, bisher: np.ndarray
) -> geheimhaltung.Schutz:
    zellen = system.zellen
    erzwungen = (bisher | system.verborgen[freigabe.id]) & frage.sichtbar
    fix, vorher = zellen["fix"].to_numpy(bool), find_vorher(system, freigabe)
    spitze = zellen["spitze"].to_numpy(bool) & frage.sichtbar & ~frage.primaer & ~erzwungen & ~np.isnan(frage.wert)
    # Better a total without a number than no publication: totals stay open as long as everything else can protect.
    for fest in (spitze | fix, fix) if (spitze & ~fix).any() else (fix,):
        try:
            eingabe = build_zellen(system, frage, fest)
            return geheimhaltung.protect(eingabe, system.matrix, erzwungen=erzwungen, vorher=vorher)
        except geheimhaltung.UnschuetzbareZellenError as fehler:
            letzter = fehler
    orte = zellen.iloc[letzter.zellen[:8]]
    raise GeheimhaltungError(
        f"Profil »{freigabe.titel}«: {len(letzter.zellen)} kleine Fallzahlen lassen sich nicht schützen. {letzter.was}",
        wo=f"Stichtag {', '.join(map(str, stichtage[:3]))}: "
        + "; ".join(f"{z.raum_id.split(TRENNER)[0]} {z.merkmal}" for z in orte.itertuples()),
        tun="Das Merkmal gröber liefern lassen (größere Räume oder Altersgruppen) oder die Ebene im Profil weglassen.",
    )
