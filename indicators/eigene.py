"""Own areas before and behind the gate: which are refused and why, and their counts as sums of their parts.

What was published once stays part of every later block (`gedaechtnis/eigene.jsonl`): whoever kept yesterday's numbers
of an area that has been removed or put together anew can still subtract them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from geodata.differenz import Ablehnung, Vorhaben, nur
from geodata.eigene import ORDNER, Bestand, Eigene, read_bestand, read_dateien
from geodata.eigene_raeume import build_eltern, build_raeume, build_teile
from geodata.gebiet import Gebiet
from indicators.freigabe import Freigabe
from indicators.gate import EINWOHNER
from indicators.platte import write_ganz
from indicators.umrechnung import fasse_zusammen
from indicators.zaehlung import summiere

ARCHIV = Path("gedaechtnis", "eigene.jsonl")
FAST_ALLE = 0.9  # so much hidden, and nobody gains by the area
OHNE_LEISTUNG = ("keins", "bevoelkerung")


def read_vorhaben(gebiet: Gebiet, ordner: Path) -> Vorhaben:
    """Files and memory of one Gebiet; `ordner` is `daten/<gebiet>`."""
    bestand = read_bestand(gebiet)
    return Vorhaben(bestand, read_dateien(ordner / ORDNER, bestand), read_archiv(ordner))


# --- memory ------------------------------------------------------------------------------------------------------


def read_archiv(ordner: Path) -> list[Eigene]:
    """Every area that was ever published, each as a Gliederung of its own, first published first."""
    pfad = ordner / ARCHIV
    zeilen = pfad.read_text(encoding="utf-8").splitlines() if pfad.is_file() else []
    return [Eigene.model_validate(json.loads(zeile)) for zeile in zeilen if zeile.strip()]


def merke(ordner: Path, gezeigt: list[Eigene]) -> None:
    """Remember the areas of a snapshot. Called before the pointer turns: a crash in between remembers too much."""
    archiv = read_archiv(ordner)
    bekannt = {e.schluessel(e.raeume[0]) for e in archiv}
    neue = [e.model_copy(update={"raeume": (r,)}) for e in gezeigt for r in e.raeume if e.schluessel(r) not in bekannt]
    if not neue:
        return
    pfad = ordner / ARCHIV
    pfad.parent.mkdir(parents=True, exist_ok=True)
    write_ganz(pfad, "".join(e.model_dump_json(by_alias=True) + "\n" for e in [*archiv, *neue]))


# --- before the gate ---------------------------------------------------------------------------------------------


def find_mindest(freigaben: list[Freigabe]) -> int:
    """A sum over fewer people than this is of no use in at least one profile."""
    return max(max(f.einwohner_mindest, *f.schwelle.values()) for f in freigaben)


def build_ist_klein(
    zaehlung: pd.DataFrame, bestand: Bestand, freigaben: list[Freigabe]
) -> Callable[[frozenset[str]], bool]:
    """Whether fewer people live in a set of Räume than the strictest profile asks for, by the newest register.

    Where no register tells how many people live in the Räume of the lowest level, nothing is called small; the gate
    still decides every cell.
    """
    mindest = find_mindest(freigaben)
    unten = list(bestand.ebenen)[-1]
    register = next((m for m in EINWOHNER if (zaehlung["merkmal"] == m).any()), EINWOHNER[0])
    zeilen = zaehlung[(zaehlung["merkmal"] == register) & (zaehlung["ebene"] == unten)]
    neueste = zeilen.sort_values("stichtag").drop_duplicates("raum_id", keep="last")
    # a number the supplier keeps secret is a small one
    zahl = dict(zip(neueste["raum_id"], neueste["wert"].fillna(0.0), strict=True))

    def ist_klein(teile: frozenset[str]) -> bool:
        bekannt = [zahl[teil] for teil in teile if teil in zahl]
        return bool(teile) and len(bekannt) == len(teile) and sum(bekannt) < mindest

    return ist_klein


@dataclass(frozen=True)
class Ergaenzt:
    """The tables of the gate with own areas: those asked for and those remembered."""

    zaehlung: pd.DataFrame
    eltern: pd.DataFrame
    raeume: pd.DataFrame  # own areas only


def ergaenze(
    zaehlung: pd.DataFrame,
    eltern: pd.DataFrame,
    raeume: pd.DataFrame,
    zugelassen: list[Eigene],
    frueher: list[Eigene],
    *,
    summierbar: set[str],
    gerundet: pd.DataFrame | None = None,
) -> Ergaenzt:
    """Counts, parents and Räume with the own areas added.

    Args:
        zaehlung: see `zaehlung.build_zaehlung`; raeume: all Räume of the Gebiet; eltern: with `rest` and `zuschnitt`.
        frueher: areas that were published before; they are counted for the gate and shown nowhere.
        gerundet: `zaehlung` as `rundung.runde_zaehlung` leaves it. Of rounded counts an own area is the sum of what its
            parts show: true sums of many overlapping areas, each rounded for itself, would close in on the true count.
    """
    alle = [*zugelassen, *frueher]
    if not alle:
        return Ergaenzt(zaehlung, eltern, raeume.iloc[:0])
    teile = build_teile(alle, raeume)
    ebene_von = {e.schluessel(r): e.ebene for e in alle for r in e.raeume}
    basis = zaehlung if gerundet is None else gerundet
    basis = basis.assign(status=basis["status"].replace("gesperrt", "gesperrt_quelle"))
    summen = summiere(basis, teile.rename(columns={"eigener": "eltern_id"}), summierbar=summierbar)
    summen = summen.assign(ebene=summen["raum_id"].map(ebene_von), rest=False, summiert=True)
    eigene = build_raeume(zugelassen, raeume) if zugelassen else raeume.iloc[:0]
    summen["eltern_id"] = summen["raum_id"].map(dict(zip(eigene["raum_id"], eigene["eltern_id"], strict=True)))
    hierarchien = {e.ebene: e for e in zugelassen} | {e.schluessel(e.raeume[0]): e for e in frueher}
    neue = build_eltern(hierarchien, raeume)
    juengster = teile.merge(raeume[["raum_id", "gebietsstand", "zuschnitt"]], on=["raum_id", "gebietsstand"])
    juengster = (
        juengster.groupby(["eigener", "gebietsstand"])["zuschnitt"].max().rename_axis(["raum_id", "gebietsstand"])
    )
    lage = pd.concat(
        [raeume[["raum_id", "gebietsstand", "rest", "zuschnitt"]], juengster.reset_index().assign(rest=False)]
    )
    neue = neue.merge(lage, on=["raum_id", "gebietsstand"])
    return Ergaenzt(
        pd.concat([zaehlung, summen[zaehlung.columns]], ignore_index=True),
        pd.concat([eltern, neue[eltern.columns]], ignore_index=True),
        eigene,
    )


def ergaenze_gewichte(
    gewichte: pd.DataFrame, eigene: list[Eigene], raeume: pd.DataFrame, eigene_raeume: pd.DataFrame
) -> pd.DataFrame:
    """Weights of `umrechnung.build_gewichte` with own areas: those of all parts together."""
    heute = raeume["gebietsstand"].max()
    teile = build_teile(eigene, raeume)
    teile = teile[teile["gebietsstand"] == heute][["raum_id", "eigener"]]
    jetzt = eigene_raeume[eigene_raeume["gebietsstand"] == heute].set_index("raum_id")
    paare = gewichte.merge(teile, on="raum_id").assign(raum_id=lambda p: p["eigener"])
    if paare.empty:
        return gewichte
    je_stand = [fasse_zusammen(teil).assign(von=von) for von, teil in paare.groupby("von")]
    neue = pd.concat(je_stand, ignore_index=True)
    neue["ebene"] = neue["raum_id"].map(jetzt["ebene"])
    neue["geaendert"] = neue["raum_id"].map(jetzt["zuschnitt"]) > neue["von"]
    return pd.concat([gewichte, neue[gewichte.columns]], ignore_index=True)


# --- behind the gate ---------------------------------------------------------------------------------------------


def find_nutzlose(
    zaehlung: pd.DataFrame,
    gesperrt: pd.DataFrame,
    zugelassen: list[Eigene],
    *,
    recht: dict[str, str],
    gezeigt: frozenset[str],
    themen: dict[str, str],
    titel: str,
) -> list[Ablehnung]:
    """Areas of which the gate would leave nearly nothing but the number of inhabitants.

    Args:
        gesperrt: hidden counts of one profile, `titel` its name.
        themen: Merkmal → title of the Thema it is shown under.
    """
    schluessel = {e.schluessel(r): (e, r) for e in zugelassen for r in e.raeume}
    zellen = zaehlung[zaehlung["raum_id"].isin(list(schluessel)) & zaehlung["merkmal"].isin(gezeigt)]
    zellen = zellen[~zellen["merkmal"].map(recht).fillna("keins").isin(OHNE_LEISTUNG)]
    zellen = zellen[zellen["status"].isin(["offen", "unsicher", "gesperrt_quelle"])]
    ort = ["raum_id", "gebietsstand", "stichtag", "merkmal"]
    geheim = pd.MultiIndex.from_frame(zellen[ort]).isin(pd.MultiIndex.from_frame(gesperrt[ort]))
    zellen = zellen.assign(geheim=geheim | (zellen["status"] == "gesperrt_quelle"), thema=zellen["merkmal"].map(themen))
    ablehnungen = []
    for raum_id, teil in zellen.groupby("raum_id"):
        if teil["geheim"].mean() < FAST_ALLE:
            continue
        eigene, raum = schluessel[raum_id]
        je_thema = teil.groupby("thema")["geheim"].mean()
        ganz = [f"»{thema}«" for thema in je_thema[je_thema >= FAST_ALLE].index]
        themen_text = f" ({'Thema' if len(ganz) == 1 else 'Themen'} {', '.join(ganz)})" if ganz else ""
        grund = (
            f"In der Fassung »{titel}« müssten fast alle Zahlen von »{raum.name}« geheim bleiben{themen_text}: "
            "Der Raum wäre leer."
        )
        ablehnungen.append(Ablehnung(eigene.id, raum.id, raum.name, grund))
    return ablehnungen


def ohne(zugelassen: list[Eigene], ablehnungen: list[Ablehnung]) -> list[Eigene]:
    """The Gliederungen without refused areas."""
    weg = {(a.datei, a.raum) for a in ablehnungen}
    return nur(zugelassen, {e.schluessel(r) for e in zugelassen for r in e.raeume if (e.id, r.id) not in weg})


def mit_ohne(freigaben: list[Freigabe], dateien: list[Eigene]) -> list[Freigabe]:
    """The profiles, where own levels leave out what the level of their parts leaves out, unless they say otherwise."""
    return [
        f.model_copy(update={"ohne": {**{e.ebene: f.ohne.get(e.bausteine, ()) for e in dateien}, **f.ohne}})
        for f in freigaben
    ]
