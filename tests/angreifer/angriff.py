"""The whole attack on one territory: equations, intervals, and what was found as sentences."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tests.angreifer.beobachtung import Einblick
from tests.angreifer.gleichungen import Ausgabe, build_zeilen
from tests.angreifer.katalog import Wissen
from tests.angreifer.loesen import EPS, System, build_system
from tests.angreifer.wahrheit import Ziel, list_ziele


@dataclass(frozen=True)
class Fund:
    """A secret that can be narrowed down further than allowed, and the equations that did it."""

    ziel: Ziel
    unten: float
    oben: float
    gruende: tuple[str, ...]

    def __str__(self) -> str:
        wo = " ".join(self.ziel.was)
        kopf = f"{wo}: liegt zwischen {self.unten:g} und {self.oben:g}, verlangt ist mindestens "
        kopf += f"[{self.ziel.unten:g}, {self.ziel.oben:g}] (wahr: {self.ziel.wahr:g})"
        return "\n    ".join([kopf, *self.gruende[:12]])


@dataclass(frozen=True)
class Ergebnis:
    """What an attack came to. `gelesen`: counts he reads plainly; `gesucht`: secrets he went for."""

    funde: list[Fund]
    gesucht: int
    gelesen: int
    zellen: int
    gleichungen: int
    ganzzahlig: int

    def __str__(self) -> str:
        kopf = (
            f"{self.zellen} Fallzahlen, {self.gelesen} lesbar, {self.gleichungen} Gleichungen, {self.gesucht} "
            f"Geheimnisse angegriffen ({self.ganzzahlig} auch ganzzahlig): {len(self.funde)} Funde"
        )
        return "\n".join([kopf, *(f"  {fund}" for fund in self.funde[:20])])


def greife_an(
    wissen: Wissen, ausgaben: list[Ausgabe], profil: dict, *, hoechstens: int | None = None, samen: int = 1
) -> Ergebnis:
    """Attack everything seen, once knowing nothing about a supplier's "*", once knowing that it stands for a few.

    Args:
        ausgaben: the newest first.
        profil: the most permissive release profile among what was seen: what it hides must stay hidden.
        hoechstens: so many secrets, drawn by `samen`; None: all.
    """
    zeilen, namen = build_zeilen(wissen, ausgaben)
    wahr = ausgaben[0].wahr
    ahnungslos = build_system(zeilen, sorted(namen))
    ziele = sorted(list_ziele(wissen, ahnungslos.ort, wahr, profil), key=lambda z: z.was)
    random.Random(samen).shuffle(ziele)
    ziele = ziele[:hoechstens]
    sterne = _sterne(wissen, wahr)
    funde, ganzzahlig, nur_zeichen = [], 0, None
    for grenzen in ({}, sterne) if sterne else ({},):
        system = ahnungslos.mit_grenzen(grenzen) if grenzen else ahnungslos
        for ziel in ziele:
            fund, ganz = _pruefe(system, ziel)
            if fund and grenzen:
                nur_zeichen = nur_zeichen or _nur_zeichen(wissen, wahr, grenzen)
                for zeichen in nur_zeichen:
                    fund, ganz = _pruefe(system, _hoechstens(ziel, zeichen)) if fund else (None, ganz)
            ganzzahlig += ganz
            funde += [fund] if fund else []
    gelesen = sum(not np.isnan(ahnungslos.bekannt[ahnungslos.ort[z]]) for z in namen)
    return Ergebnis(funde, len(ziele), gelesen, len(namen), len(zeilen), ganzzahlig)


def _sterne(wissen: Wissen, wahr: dict) -> dict:
    """What a supplier's own "*" stands for: at least one, less than his threshold. A sum over some is no "*"."""
    oben = {raum for s in wissen.staende for kinder in s.kinder.values() for raum in kinder}
    sterne = (z for z, wert in wahr.items() if np.isnan(wert) and z[0].partition("@")[0] not in oben)
    return {z: (1.0, wissen.geheim_unter[z[1]] - 1.0) for z in sterne}


def _nur_zeichen(wissen: Wissen, wahr: dict, grenzen: dict) -> list[System]:
    """Systems of somebody who has seen nothing but a supplier's signs: within each Raum (quick), then everywhere."""
    zeilen, namen = build_zeilen(wissen, [Ausgabe(Einblick(), wahr)])
    hier = [z for z in zeilen if len({zelle[0] for zelle in z.faktoren}) == 1]
    return [build_system(teil, sorted(namen)).mit_grenzen(grenzen) for teil in (hier, zeilen)]


def _hoechstens(ziel: Ziel, zeichen: System) -> Ziel:
    """What the supplier's signs tell all by themselves cannot be kept secret any more ("*" = "*" + "*": 2 = 1 + 1)."""
    if ziel.was not in zeichen.ort:
        return ziel
    unten, oben = zeichen.intervall(ziel.was, mindestens=(ziel.unten, ziel.oben))
    return Ziel(ziel.was, ziel.wahr, max(ziel.unten, unten), min(ziel.oben, oben))


def _pruefe(system: System, ziel: Ziel) -> tuple[Fund | None, bool]:
    """A find, if there is one, and whether whole numbers were asked for too."""
    unten, oben = system.intervall(ziel.was, mindestens=(ziel.unten, ziel.oben))
    if unten > ziel.unten + EPS or oben < ziel.oben - EPS:
        gruende = system.gruende(ziel.was)
        return Fund(ziel, *system.intervall(ziel.was), tuple(gruende)), False
    ganz = system.ganzzahlig(ziel.was)
    if ganz and (ganz[0] > ziel.unten + EPS or ganz[1] < ziel.oben - EPS):
        return Fund(ziel, *ganz, ("nur ganze Zahlen", *system.gruende(ziel.was))), True
    return None, ganz is not None


def lies_richtig(wissen: Wissen, ausgabe: Ausgabe) -> Iterable[str]:
    """Numbers he reads that are not the true ones: then he, or the export, is mistaken."""
    zeilen, namen = build_zeilen(wissen, [ausgabe])
    system = build_system(zeilen, namen)
    yield from system.widersprueche
    for zelle in namen:
        gelesen = system.bekannt[system.ort[zelle]]
        if not np.isnan(gelesen) and abs(gelesen - ausgabe.wahr[zelle]) > EPS:
            yield f"{' '.join(zelle)}: gelesen {gelesen:g}, wahr {ausgabe.wahr[zelle]:g}"
