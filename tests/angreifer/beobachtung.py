"""What somebody has seen at a door: numbers (exact or rounded), statuses, and Räume in the order of their values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

MIT_WERT = ("offen", "unsicher")


class Ort(NamedTuple):
    """One value of a Kennzahl. `tag` is an ISO date; `heute` marks counts converted to today's Räume."""

    raum: str
    stand: str
    tag: str
    kennzahl: str
    heute: bool = False


class Zahl(NamedTuple):
    """A number seen: the true one lies in [von, bis] (equal: seen exactly). `rolle` as in the exported table."""

    ort: Ort
    rolle: str  # wert, unten, oben, zaehler, nenner
    von: float
    bis: float
    tuer: str


class Reihe(NamedTuple):
    """Räume in the order of a table that is sorted by value, highest first; None: the value is not shown."""

    werte: tuple[tuple[Ort, float | None], ...]
    tuer: str


@dataclass
class Einblick:
    """Everything seen: numbers, the status of each value, and tables that are sorted by value."""

    zahlen: list[Zahl] = field(default_factory=list)
    status: dict[Ort, str] = field(default_factory=dict)
    reihen: list[Reihe] = field(default_factory=list)

    def note(self, ort: Ort, rolle: str, wert: float, tuer: str, *, rundung: float = 0.0) -> None:
        self.zahlen.append(Zahl(ort, rolle, wert - rundung, wert + rundung, tuer))


def vereine(einblicke: Iterable[Einblick]) -> Einblick:
    """What somebody knows who has been at several doors, has several roles or several editions."""
    alles = Einblick()
    for einblick in einblicke:
        alles.zahlen += einblick.zahlen
        alles.reihen += einblick.reihen
        for ort, status in einblick.status.items():
            if alles.status.get(ort) not in MIT_WERT:
                alles.status[ort] = status
    return alles
