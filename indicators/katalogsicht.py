"""What a snapshot tells about the catalogue besides its entries: versions, what is missing, named lists."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indicators.store import Eintrag


@dataclass(frozen=True)
class Version:
    """One state of a definition; the newest has its texts in the entry, older ones keep them here."""

    nr: int
    ab: date | None
    aenderung: str
    definition: str
    formel: str


@dataclass(frozen=True)
class Fehlend:
    """A Kennzahl of the standard catalogue that this snapshot does not show: `lieferung` it waits for, or `grund`."""

    id: str
    nr: str
    titel: str
    thema_titel: str
    lieferung: str
    grund: str
    entwurf: bool
    bestaetigt: bool
    variante_von: str
    variante: str


@dataclass(frozen=True)
class Platz:
    """One place of a Zusammenstellung: what stands there (`eintrag`), or what is missing."""

    eintrag: Eintrag | None
    fehlend: Fehlend | None
    statt: str = ""  # title of the Kennzahl it stands in for


@dataclass(frozen=True)
class Zusammenstellung:
    """A named list of Kennzahlen, filled with what this snapshot has: `gruppen` are headings with their places."""

    id: str
    titel: str
    beschreibung: str
    bestaetigt: bool
    beleg: str
    gruppen: tuple[tuple[str, tuple[Platz, ...]], ...]


def fuelle_zusammenstellung(
    roh: dict, find_eintrag: Callable[[str], Eintrag | None], fehlende: Collection[Fehlend]
) -> Zusammenstellung:
    """A list as the snapshot keeps it, filled with what is there; a substitute stands where the first choice is not."""
    fehlend = {f.id: f for f in fehlende}

    def platz(name: str) -> Platz:
        eintrag, ersatz = find_eintrag(name), find_eintrag(roh["ersatz"].get(name, ""))
        if eintrag or not ersatz:
            return Platz(eintrag, fehlend.get(name))
        return Platz(ersatz, fehlend.get(name), fehlend[name].titel if name in fehlend else name)

    return Zusammenstellung(
        **{feld: roh[feld] for feld in ("id", "titel", "beschreibung", "bestaetigt", "beleg")},
        gruppen=tuple((g["titel"], tuple(map(platz, g["kennzahlen"]))) for g in roh["gruppe"]),
    )
