"""Does a new area give a small rest away? A sum minus a sum is a number, too.

A reader who knows »Nord« and the town it lies in knows the town without »Nord« as well. If that rest is only a handful
of people, no cell of it may be shown, and the new area would be all hatching: better to refuse it, with the reason.
Only sets are compared here; what is small says the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pandas as pd

from geodata.eigene import Bestand, Datei, Eigene, EigenerRaum
from geodata.gebiet import HAUPTHIERARCHIE

IstKlein = Callable[[frozenset[str]], bool]
HOECHSTENS = 4  # names in a sentence


@dataclass(frozen=True)
class Menge:
    """A Raum as the set of Räume of the lowest level it consists of."""

    name: str
    teile: frozenset[str]


@dataclass(frozen=True)
class Rest:
    """`links` and `rechts` are sums that differ by `teile`, few people only."""

    links: str
    rechts: str
    teile: frozenset[str]

    def als_text(self, namen: dict[str, str]) -> str:
        """`»A« und »B« unterscheiden sich nur um »C«; …`"""
        verb = "unterscheidet" if "»" in self.links and " und " not in self.links else "unterscheiden"
        rest = format_namen([namen.get(teil, teil) for teil in sorted(self.teile)])
        return (
            f"{self.links} {verb} sich von {self.rechts} nur um {rest}. Dort leben so wenige Menschen, dass Abziehen "
            "ihre geschützten Zahlen verriete"
        )


def find_rest(
    neu: Menge, gleiche: list[Menge], gliederungen: Iterable[list[Menge]], ist_klein: IstKlein
) -> Rest | None:
    """The first small rest that a reader of everything published would get by a difference with the new area.

    Args:
        gleiche: the areas published in the same Gliederung, disjoint from the new one.
        gliederungen: every other set of disjoint Räume that is published: levels, second geographies, own areas.
    """
    for gliederung in gliederungen:
        for rest in (*_gegen_summen(neu, gliederung), *_summe_gegen(neu, gleiche, gliederung)):
            if rest.teile and ist_klein(rest.teile):
                return rest
    return None


def _gegen_summen(neu: Menge, gliederung: list[Menge]) -> list[Rest]:
    """The new area against all Räume inside it, and against all it touches."""
    innen = [m for m in gliederung if m.teile <= neu.teile]
    beruehrt = [m for m in gliederung if m.teile & neu.teile]
    reste = []
    if innen:
        reste.append(Rest(format_namen([neu.name]), _summe(innen), neu.teile - _vereinige(innen)))
    if neu.teile <= _vereinige(beruehrt):
        reste.append(Rest(format_namen([neu.name]), _summe(beruehrt), _vereinige(beruehrt) - neu.teile))
    return reste


def _summe_gegen(neu: Menge, gleiche: list[Menge], gliederung: list[Menge]) -> list[Rest]:
    """The new area together with others of its Gliederung against single Räume."""
    alle, reste = [neu, *gleiche], []
    for raum in gliederung:
        innen = [m for m in alle if m.teile <= raum.teile]
        beruehrt = [m for m in alle if m.teile & raum.teile]
        if neu in innen:
            reste.append(Rest(_summe(innen), format_namen([raum.name]), raum.teile - _vereinige(innen)))
        if neu in beruehrt and raum.teile <= _vereinige(beruehrt):
            reste.append(Rest(_summe(beruehrt), format_namen([raum.name]), _vereinige(beruehrt) - raum.teile))
    return reste


def _vereinige(mengen: list[Menge]) -> frozenset[str]:
    return frozenset().union(*(m.teile for m in mengen))


def _summe(mengen: list[Menge]) -> str:
    return format_namen([m.name for m in mengen])


def format_namen(namen: list[str]) -> str:
    """`»A«`, `»A« und »B«`, `»A«, »B«, »C« und 3 weiteren`."""
    zitate = [f"»{name}«" for name in namen]
    if len(zitate) > HOECHSTENS:
        return f"{', '.join(zitate[: HOECHSTENS - 1])} und {len(zitate) - HOECHSTENS + 1} weiteren"
    return " und ".join([", ".join(zitate[:-1]), zitate[-1]]) if len(zitate) > 1 else zitate[0]


# --- all own areas of a Gebiet ---


@dataclass(frozen=True)
class Vorhaben:
    """What the files ask for, and every area that was ever published, each as a Gliederung of its own."""

    bestand: Bestand
    dateien: list[Datei]
    archiv: list[Eigene] = field(default_factory=list)

    @property
    def gliederungen(self) -> list[Eigene]:
        return [d.eigene for d in self.dateien if d.eigene]

    def frueher(self, heute: list[Eigene]) -> list[Eigene]:
        """What was published before and is not among these."""
        da = {e.schluessel(r) for e in heute for r in e.raeume}
        return [e for e in self.archiv if e.schluessel(e.raeume[0]) not in da]

    def als_text(self) -> str:
        """Everything that decides the result, for the hash of the inputs."""
        modelle = (*self.gliederungen, *self.frueher(self.gliederungen))
        return "\n".join([*(e.model_dump_json() for e in modelle), *(f"{d.id}: {d.fehler}" for d in self.dateien)])


@dataclass(frozen=True)
class Ablehnung:
    """One area, or a whole file, that is not published."""

    datei: str
    raum: str  # id of the area; empty: the whole file
    name: str
    grund: str


def find_zugelassene(
    vorhaben: Vorhaben, eltern: pd.DataFrame, ist_klein: IstKlein
) -> tuple[list[Eigene], list[Ablehnung]]:
    """The areas that give no small rest away, and the others with their reason.

    Areas published before come first, then file by file: each is held against all Räume of the Gebiet and all areas
    already let through.

    Args:
        eltern: raum_id, eltern_id, hierarchie of today.
        ist_klein: do so few people live in this set of Räume of the lowest level that they need protection?
    """
    bestand = vorhaben.bestand
    blaetter = bestand.find_blaetter()
    namen = dict(zip(bestand.raeume["raum_id"], bestand.raeume["name"], strict=True))
    feste = [*_ebenen(bestand, blaetter, namen), *_weitere(eltern, blaetter, namen)]
    frueher = [e for e in vorhaben.frueher(vorhaben.gliederungen) if _gibt_es(e, blaetter)]
    feste += [[_menge(e, e.raeume[0], blaetter)] for e in frueher]
    bekannt = {e.schluessel(e.raeume[0]) for e in vorhaben.archiv}
    ablehnungen = [Ablehnung(d.id, "", d.id, f"{d.fehler.was} {d.fehler.wo}") for d in vorhaben.dateien if d.fehler]
    auftraege = [(e, r) for e in vorhaben.gliederungen for r in e.raeume]
    auftraege.sort(key=lambda paar: paar[0].schluessel(paar[1]) not in bekannt)
    angenommen: dict[str, list[Menge]] = {}
    erlaubt = set()
    for eigene, raum in auftraege:
        neu = _menge(eigene, raum, blaetter)
        andere = [mengen for datei, mengen in angenommen.items() if datei != eigene.id]
        rest = find_rest(neu, angenommen.get(eigene.id, []), [*feste, *andere], ist_klein)
        if ist_klein(neu.teile):
            grund = f"In »{raum.name}« leben so wenige Menschen, dass die Geheimhaltung fast alles sperren müsste."
            ablehnungen.append(Ablehnung(eigene.id, raum.id, raum.name, grund))
        elif rest:
            ablehnungen.append(Ablehnung(eigene.id, raum.id, raum.name, rest.als_text(namen) + "."))
        else:
            angenommen.setdefault(eigene.id, []).append(neu)
            erlaubt.add(eigene.schluessel(raum))
    return nur(vorhaben.gliederungen, erlaubt), ablehnungen


def nur(dateien: list[Eigene], schluessel: set[str]) -> list[Eigene]:
    """The Gliederungen with these areas only; empty ones go."""
    teile = [
        e.model_copy(update={"raeume": tuple(r for r in e.raeume if e.schluessel(r) in schluessel)}) for e in dateien
    ]
    return [e for e in teile if e.raeume]


def _menge(eigene: Eigene, raum: EigenerRaum, blaetter: dict[str, frozenset[str]]) -> Menge:
    return Menge(raum.name, frozenset().union(*(blaetter[teil] for teil in raum.teile)))


def _gibt_es(eigene: Eigene, blaetter: dict) -> bool:
    return all(teil in blaetter for teil in eigene.raeume[0].teile)


def _ebenen(bestand: Bestand, blaetter: dict, namen: dict[str, str]) -> list[list[Menge]]:
    """All levels above the lowest; against that one nothing is left over."""
    fest = bestand.raeume[~bestand.raeume["rest"].astype(bool)]
    oben = list(bestand.ebenen)[:-1]
    return [[Menge(namen[r], blaetter[r]) for r in fest.loc[fest["ebene"] == ebene, "raum_id"]] for ebene in oben]


def _weitere(eltern: pd.DataFrame, blaetter: dict, namen: dict[str, str]) -> list[list[Menge]]:
    """Second geographies over the same Räume."""
    gruppen = []
    for _, tabelle in eltern[eltern["hierarchie"] != HAUPTHIERARCHIE].groupby("hierarchie"):
        mengen = []
        for oben, kinder in tabelle.groupby("eltern_id"):
            teile = [blaetter[kind] for kind in kinder["raum_id"] if kind in blaetter]
            mengen.append(Menge(namen.get(oben, oben), frozenset().union(*teile)))
        gruppen.append(mengen)
    return gruppen
