"""What would happen to own areas: asked before anything is published, answered in words and shares, never in counts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from geodata.differenz import Ablehnung, Vorhaben
from geodata.eigene import ORDNER, Bestand, Datei, Eigene
from geodata.gebiet import Gebiet
from indicators.eigene import read_vorhaben
from indicators.eingabe import Eingabe, Melder, build_eingabe, entscheide, find_nutzlose
from indicators.eingang import read_eingang
from indicators.store import Store

GEZEIGT, WARTET, ABGELEHNT = "gezeigt", "wartet", "abgelehnt"


@dataclass(frozen=True)
class Befund:
    """One area: `abgelehnt` says why it would not be published, `hinweise` what some profiles would not show of it."""

    name: str
    teile: int
    abgelehnt: str = ""
    hinweise: tuple[str, ...] = ()


def pruefe(
    gebiet: Gebiet, quellen, kennzahlen, freigaben, ordner: Path, neu: Eigene, *, melde: Melder, tor: bool = True
) -> list[Befund]:
    """Try one Gliederung, in place of an older one of the same id, beside all others.

    Args:
        ordner: `daten/<gebiet>`; nothing in it is changed.
        tor: go through the disclosure control as well; it takes as long as publishing.
    """
    vorhaben = _mit(read_vorhaben(gebiet, ordner), neu, ordner)
    eingang = read_eingang(ordner / "intern.duckdb", gebiet)
    eingabe = build_eingabe(gebiet, quellen, kennzahlen, freigaben, eingang, vorhaben)
    gruende = {(a.datei, a.raum): a.grund for a in eingabe.abgelehnt}
    hinweise: dict[str, list[str]] = {}
    if tor and any(e.id == neu.id for e in eingabe.zugelassen):
        for nr, je_profil in enumerate(_je_profil(eingabe, ordner, melde)):
            for a in (a for a in je_profil if a.datei == neu.id):
                if nr == 0:
                    gruende.setdefault((a.datei, a.raum), a.grund)
                else:
                    hinweise.setdefault(a.raum, []).append(a.grund)
    return [
        Befund(r.name, len(r.teile), gruende.get((neu.id, r.id), ""), tuple(hinweise.get(r.id, ()))) for r in neu.raeume
    ]


def _mit(vorhaben: Vorhaben, neu: Eigene, ordner: Path) -> Vorhaben:
    andere = [d for d in vorhaben.dateien if d.id != neu.id]
    return replace(vorhaben, dateien=[*andere, Datei(neu.id, ordner / ORDNER / f"{neu.id}.toml", neu)])


def _je_profil(eingabe: Eingabe, ordner: Path, melde: Melder) -> list[list[Ablehnung]]:
    """What each profile would leave empty, most permissive first; nothing is noted in the memory."""
    bescheide = entscheide(eingabe, melde, ordner)
    return [find_nutzlose(eingabe, bescheide[f.id], f) for f in eingabe.freigaben]


@dataclass(frozen=True)
class Zustand:
    """One area of one file and what became of it; `raum` is None where the whole file cannot be used."""

    datei: str
    titel: str
    raum: str | None
    name: str
    teile: tuple[str, ...]
    zustand: str
    grund: str = ""
    schluessel: str = ""


def list_zustaende(bestand: Bestand, dateien: list[Datei], store: Store | None) -> list[Zustand]:
    """All areas of all files against the snapshot that is shown; `store` is that of the most permissive profile."""
    gezeigt = set(store.raeume()["raum_id"]) if store else set()
    abgelehnt = {(a["datei"], a["raum"]): a["grund"] for a in store.eigene_abgelehnt} if store else {}
    zustaende = []
    for datei in dateien:
        if datei.eigene is None:
            zustaende.append(Zustand(datei.id, datei.id, None, "", (), ABGELEHNT, str(datei.fehler)))
            continue
        for raum in datei.eigene.raeume:
            grund = abgelehnt.get((datei.id, raum.id), "")
            schluessel = datei.eigene.schluessel(raum)
            zustand = GEZEIGT if schluessel in gezeigt else ABGELEHNT if grund else WARTET
            grund = grund if zustand == ABGELEHNT else ""
            zustaende.append(
                Zustand(datei.id, datei.eigene.titel, raum.id, raum.name, raum.teile, zustand, grund, schluessel)
            )
    return zustaende
