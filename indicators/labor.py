"""The index laboratory: an index of one's own choice, computed from published values only, with its whole audit sheet.

What a release profile hides is missing here, too: such a Raum is not in the index, and the reason says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from indicators import index as methode
from indicators.indexbau import Mindest, Vorlage, build_vorlage

if TYPE_CHECKING:
    from indicators.store import Eintrag, IndexAusgabe, IndexEintrag, Store

GELIEFERT = -1  # `Wahl.dynamik`: the changes that the definition names
WERTE_HOECHSTENS = 2_000_000  # Räume × draws: larger Gebiete get fewer draws


@dataclass(frozen=True)
class Wahl:
    """What somebody asks for. `gewichte`: Kennzahl → weight; negative turns it round. `dynamik`: 0 none, years, or
    GELIEFERT. `spanne`: how far weights are shaken, 0.5 = up to half."""

    HOECHSTENS: ClassVar[int] = 8  # Kennzahlen
    GEWICHT_MAX: ClassVar[float] = 10.0
    GELIEFERT: ClassVar[int] = GELIEFERT
    SPANNEN: ClassVar[tuple[float, ...]] = (0.25, 0.5, 1.0)

    ebene: str
    stichtag: date
    gewichte: tuple[tuple[str, float], ...]
    index: str = ""
    ausgabe: str = ""
    dynamik: int = 0
    spanne: float = methode.SPANNE


@dataclass(frozen=True)
class Teil:
    """One indicator of an index: `faktor` is the weight with the sign of its direction."""

    eintrag: Eintrag
    gewicht: float
    faktor: float
    stichtag: date
    vorher: date | None = None  # of a change: the earlier Stichtag

    @property
    def gedreht(self) -> bool:
        return self.eintrag.polaritaet == "entlastung"


@dataclass(frozen=True)
class Rechnung:
    """One index and its input."""

    teile: tuple[Teil, ...]
    vorlage: Vorlage
    ergebnis: methode.Ergebnis


@dataclass(frozen=True)
class Labor:
    """The answer. `raeume`: one row per Raum in the order of `status.vorlage`: raum_id, name, eltern_id, grund, index,
    rang, prozent, klasse (1 to 4), rang_von, rang_bis, oben, bleibt (shares), dynamik_index, dynamik (-1 to 1), gesamt;
    NaN or "" where there is none. `rho`: Spearman with the default weights; None: these are the default weights.
    `dynamik_grund`: why there is no dynamic although one was asked for."""

    wahl: Wahl
    gebietsstand: str
    status: Rechnung
    dynamik: Rechnung | None
    dynamik_grund: str
    stabil: methode.Stabilitaet
    ohne: np.ndarray  # (n, k) ranks without each indicator
    raeume: pd.DataFrame
    rho: float | None
    rho_ohne: tuple[float, ...]  # Spearman without each indicator
    wenige: bool

    @property
    def anzahl(self) -> int:
        """Size of V."""
        return int(self.status.ergebnis.gueltig.sum())


def build_labor(store: Store, wahl: Wahl) -> Labor:
    """Compute an index of a user's choice. Kennzahlen, level and Stichtag of `wahl` exist in the snapshot."""
    definition, ausgabe = find_definition(store, wahl)
    stand = find_gebietsstand(store, wahl)
    grenzen = _grenzen(store, wahl, stand, definition, ausgabe)
    teile = [_teil(store, name, gewicht, wahl) for name, gewicht in wahl.gewichte]
    tabellen = [_lies(store, t.eintrag.id, wahl.ebene, t.stichtag, stand) for t in teile]
    status = _rechne(teile, tabellen, grenzen)
    dynamik, grund = _dynamik(store, wahl, stand, teile, tabellen, grenzen, ausgabe)
    e = status.ergebnis
    ziehungen = int(min(methode.ZIEHUNGEN, max(100, WERTE_HOECHSTENS // max(len(e.index), 1))))
    stabil = methode.stoere_gewichte(e, ziehungen=ziehungen, spanne=wahl.spanne)
    ohne = methode.lass_weg(e)
    vorgabe = dict(ausgabe.status) if ausgabe else {t.eintrag.id: 1.0 for t in teile}
    rho = None
    if {n: g for n, g in wahl.gewichte if g} != vorgabe:
        rho = methode.spearman(e.index, _vorgabe(store, wahl, stand, vorgabe, grenzen, status))
    return Labor(
        wahl=wahl,
        gebietsstand=stand,
        status=status,
        dynamik=dynamik,
        dynamik_grund=grund,
        stabil=stabil,
        ohne=ohne,
        raeume=_raeume(store, status, dynamik, stabil),
        rho=rho,
        rho_ohne=tuple(methode.spearman(e.rang, ohne[:, j]) for j in range(len(teile))),
        wenige=int(e.gueltig.sum()) < methode.MINDEST_RAEUME,
    )


def find_definition(store: Store, wahl: Wahl) -> tuple[IndexEintrag | None, IndexAusgabe | None]:
    """The definition the choice starts from; both None without one, or if level or Stichtag are others."""
    for definition in store.indizes:
        for ausgabe in definition.ausgaben:
            if (definition.id, ausgabe.id) == (wahl.index, wahl.ausgabe):
                passt = definition.ebene == wahl.ebene and ausgabe.stichtag == wahl.stichtag
                return (definition, ausgabe) if passt else (None, None)
    return None, None


def find_gebietsstand(store: Store, wahl: Wahl) -> str:
    """The newest Gebietsstand in which all Kennzahlen have values; where there is none, that of the first."""
    mengen = []
    for name, _ in wahl.gewichte:
        tag = _tag(store.eintrag(name), wahl)
        staende = set(store.read_werte(name, wahl.ebene, tag)["gebietsstand"])
        mengen.append(staende | set(store.read_umgerechnete(name, wahl.ebene, tag)["gebietsstand"]))
    gemeinsam = set.intersection(*mengen) or mengen[0]
    return max(gemeinsam)


def _tag(eintrag: Eintrag, wahl: Wahl) -> date:
    """The newest Stichtag not after the wanted one; the oldest of all where that is earlier."""
    tage = eintrag.stichtage[wahl.ebene]
    return max((t for t in tage if t <= wahl.stichtag), default=tage[0])


def _teil(store: Store, name: str, gewicht: float, wahl: Wahl) -> Teil:
    eintrag = store.eintrag(name)
    return Teil(eintrag, gewicht, -gewicht if eintrag.polaritaet == "entlastung" else gewicht, _tag(eintrag, wahl))


def _lies(store: Store, name: str, ebene: str, tag: date, stand: str) -> pd.DataFrame:
    """Values of one Stichtag on the Räume of one Gebietsstand, converted ones where none were delivered for it."""
    geliefert = store.read_werte(name, ebene, tag)
    geliefert = geliefert[geliefert["gebietsstand"] == stand]
    neu = store.read_umgerechnete(name, ebene, tag)
    neu = neu[(neu["gebietsstand"] == stand) & ~neu["raum_id"].isin(geliefert["raum_id"])]
    alle = pd.concat([geliefert, neu], ignore_index=True) if len(neu) else geliefert
    raeume = store.raeume()
    return alle[~alle["raum_id"].isin(raeume.loc[raeume["rest"], "raum_id"])]


def _grenzen(store: Store, wahl: Wahl, stand: str, definition, ausgabe) -> dict:
    """Which Räume are not valid from the start; only a definition says so."""
    if definition is None:
        return {}
    mindest, eintrag = None, store.eintrag(definition.mindest_kennzahl)
    if eintrag and wahl.stichtag in eintrag.stichtage.get(wahl.ebene, ()):
        tabelle = _lies(store, eintrag.id, wahl.ebene, wahl.stichtag, stand)
        mindest = Mindest(tabelle, definition.mindestens, eintrag.titel)
    return {"mindest": mindest, "ausreisser": ausgabe.ausreisser}


def _rechne(teile: list[Teil], tabellen: list[pd.DataFrame], grenzen: dict) -> Rechnung:
    zaehlt = [i for i, t in enumerate(teile) if t.gewicht]
    vorlage = build_vorlage(tabellen, [t.eintrag.titel for t in teile], **grenzen)
    if len(zaehlt) < len(teile):  # what has no weight keeps nobody out
        ohne = build_vorlage([tabellen[i] for i in zaehlt], [teile[i].eintrag.titel for i in zaehlt], **grenzen)
        ort = ["raum_id", "gebietsstand"]
        mit = vorlage.raeume.merge(ohne.raeume.assign(s=ohne.status, g=ohne.grund), on=ort, how="left")
        fehlt = mit["s"].isna()
        vorlage = Vorlage(
            vorlage.raeume,
            vorlage.werte,
            mit["s"].mask(fehlt, "nicht_geliefert").to_numpy(object),
            mit["g"].mask(fehlt, "kein Wert").to_numpy(object),
        )
    faktoren = np.array([t.faktor for t in teile])
    return Rechnung(tuple(teile), vorlage, methode.compute_index(vorlage.werte, faktoren, vorlage.gueltig))


def _dynamik(store, wahl, stand, teile, tabellen, grenzen, ausgabe) -> tuple[Rechnung | None, str]:
    """The same weights on the changes of the indicators; None with the reason where there is none."""
    if wahl.dynamik == 0:
        return None, ""
    neue, aenderungen = [], []
    partner = dict(zip(ausgabe.status, ausgabe.dynamik, strict=False)) if ausgabe else {}
    for teil, tabelle in zip(teile, tabellen, strict=True):
        if not teil.gewicht:
            continue
        if wahl.dynamik == GELIEFERT:
            eintrag = store.eintrag(partner.get(teil.eintrag.id, ""))
            if eintrag is None or wahl.stichtag not in eintrag.stichtage.get(wahl.ebene, ()):
                return None, f"Zu »{teil.eintrag.titel}« ist keine Veränderung geliefert."
            neue.append(Teil(eintrag, teil.gewicht, teil.gewicht, wahl.stichtag))
            aenderungen.append(_lies(store, eintrag.id, wahl.ebene, wahl.stichtag, stand))
            continue
        vorher, grund = _find_vorher(teil, wahl)
        if vorher is None:
            return None, grund
        alt = _lies(store, teil.eintrag.id, wahl.ebene, vorher, stand)
        if alt["wert"].notna().sum() < 2:
            return None, f"»{teil.eintrag.titel}«: Für {vorher:%d.%m.%Y} gibt es keine Werte auf denselben Räumen."
        neue.append(Teil(teil.eintrag, teil.gewicht, teil.faktor, teil.stichtag, vorher))
        aenderungen.append(_veraenderung(tabelle, alt))
    return _rechne(neue, aenderungen, grenzen), ""


def _find_vorher(teil: Teil, wahl: Wahl) -> tuple[date | None, str]:
    """The Stichtag so many years before, if nothing separates the two."""
    e, tag = teil.eintrag, teil.stichtag
    vorher = next(
        (t for t in e.stichtage[wahl.ebene] if (t.year, t.month) == (tag.year - wahl.dynamik, tag.month)), None
    )
    if vorher is None:
        return None, f"»{e.titel}«: Für {tag.year - wahl.dynamik} liegt kein Stichtag vor."
    for bruch in e.brueche:
        if bruch.wirkung == "trennt" and vorher < bruch.ab <= tag:
            return None, f"»{e.titel}«: Ein Bruch trennt die Reihe ({bruch.grund})."
    return vorher, ""


def _veraenderung(jetzt: pd.DataFrame, alt: pd.DataFrame) -> pd.DataFrame:
    """Difference per Raum; where one side has no value, its status says why."""
    ort = ["raum_id", "gebietsstand"]
    beide = jetzt[[*ort, "wert", "status"]].merge(
        alt[[*ort, "wert", "status"]], on=ort, how="left", suffixes=("", "_alt")
    )
    status = beide["status"].where(beide["wert"].isna(), beide["status_alt"].fillna("nicht_geliefert"))
    return beide[ort].assign(wert=beide["wert"] - beide["wert_alt"], status=status)


def _vorgabe(store, wahl, stand, vorgabe: dict, grenzen, status: Rechnung) -> np.ndarray:
    """The index with the default weights on the Räume of `status`."""
    teile = [_teil(store, name, gewicht, wahl) for name, gewicht in vorgabe.items() if store.eintrag(name)]
    tabellen = [_lies(store, t.eintrag.id, wahl.ebene, t.stichtag, stand) for t in teile]
    rechnung = _rechne(teile, tabellen, grenzen)
    werte = rechnung.vorlage.raeume.assign(wert=rechnung.ergebnis.index)
    return status.vorlage.raeume.merge(werte, on=["raum_id", "gebietsstand"], how="left")["wert"].to_numpy(float)


def _raeume(store: Store, status: Rechnung, dynamik: Rechnung | None, stabil: methode.Stabilitaet) -> pd.DataFrame:
    e = status.ergebnis
    namen = store.raeume_im_stand(status.vorlage.raeume["gebietsstand"].max() if len(status.vorlage.raeume) else "")
    df = status.vorlage.raeume.merge(namen, on=["raum_id", "gebietsstand"], how="left")
    df = df.assign(
        grund=status.vorlage.grund,
        index=e.index,
        rang=e.rang,
        prozent=e.prozent,
        klasse=methode.klassen_status(e.index),
        rang_von=stabil.rang_von,
        rang_bis=stabil.rang_bis,
        oben=stabil.oben,
        bleibt=stabil.klasse,
        dynamik_index=np.nan,
        dynamik=np.nan,
    )
    if dynamik is not None:
        werte = dynamik.vorlage.raeume.assign(d=dynamik.ergebnis.index)
        d = df[["raum_id", "gebietsstand"]].merge(werte, on=["raum_id", "gebietsstand"], how="left")["d"].to_numpy()
        df["dynamik_index"], df["dynamik"] = d, methode.klassen_dynamik(d)
    df["gesamt"] = [methode.gesamtindex(s, d) for s, d in zip(df["klasse"], df["dynamik"], strict=True)]
    return df
