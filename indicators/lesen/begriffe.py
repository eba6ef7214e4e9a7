"""What a Store answers with, besides tables: a snapshot, its levels and sources, Kennzahlen, indices, Räume."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from indicators.katalogsicht import Version


@dataclass(frozen=True)
class StandEbene:
    """A level; own areas name the level of their parts (`bausteine`), those of the Gebiet none."""

    id: str
    titel: str
    titel_plural: str
    eltern: str | None
    bausteine: str = ""
    beschreibung: str = ""


@dataclass(frozen=True)
class QuellenHinweis:
    """Attribution of one source, as its licence asks for it."""

    titel: str
    herausgeber: str
    lizenz: str
    hinweis: str


@dataclass(frozen=True)
class Umstieg:
    """From `ab` on Räume are cut anew; older counts can be converted, with shares of `art` ("nach Fläche")."""

    ab: date
    art: str


@dataclass(frozen=True)
class Stand:
    """What this snapshot is: territory, release profile, origin."""

    gebiet_id: str
    gebiet_name: str
    erfunden: bool
    gebiet_hinweis: str
    freigabe: str
    freigabe_titel: str
    wasserzeichen: str
    snapshot: str
    erstellt_am: datetime
    version: str
    anzeige_ebene: str
    vorauswahl: str | None
    umstiege: tuple[Umstieg, ...]
    bruch_ab_anteil: float
    ebenen: tuple[StandEbene, ...]
    quellen: tuple[QuellenHinweis, ...]
    bezug: str = ""  # whom outside the Gebiet values are compared with: "Nordrhein-Westfalen"; empty: nobody declared
    schutz_fassung: str = ""  # a mixed view counts hidden cells as the profile of this title does

    @property
    def ebenen_gebiet(self) -> tuple[StandEbene, ...]:
        """Levels without own areas."""
        return tuple(e for e in self.ebenen if not e.bausteine)

    @property
    def ebenen_eigene(self) -> tuple[StandEbene, ...]:
        """Levels of own areas."""
        return tuple(e for e in self.ebenen if e.bausteine)

    def ebene(self, ebene_id: str) -> StandEbene:
        return next(e for e in self.ebenen if e.id == ebene_id)


@dataclass(frozen=True)
class Bruch:
    ab: date
    wirkung: str  # "trennt": no line, difference or trend across it; "hinweis": a mark with a reason
    grund: str


@dataclass(frozen=True)
class Eintrag:
    """A Kennzahl as it was defined when this snapshot was computed."""

    id: str
    titel: str
    kurz: str
    thema: str
    thema_titel: str
    art: str
    einheit: str
    pro: float
    stellen: int
    polaritaet: str
    lesart: str
    definition: str
    rechtsgrundlage: str
    quelle: str
    herausgeber: str
    naeherung: str
    hinweis: str
    fallstricke: str
    zaehler_text: str
    nenner_text: str
    beispiel_text: str
    brueche: tuple[Bruch, ...]
    ebenen: tuple[str, ...]
    stichtage: dict[str, tuple[date, ...]]
    monatlich: bool
    nr: str = ""
    version: int = 1
    versionen: tuple[Version, ...] = ()
    bestaetigt: bool = True
    beleg: str = ""  # what a definition rests on while it is not confirmed
    variante_von: str = ""  # shared by several definitions of one thing; `variante` tells what is special here
    variante: str = ""
    jahressumme: bool = False  # counts of a year, not of a day
    stufen: list[str] | tuple[str, ...] = ()  # names of the map classes, where a number stands for one


@dataclass(frozen=True)
class IndexAusgabe:
    """One edition of an index: Kennzahl → weight for status and dynamic; raum_id → why it is left out."""

    id: str
    stichtag: date
    status: dict[str, float]
    dynamik: dict[str, float]
    ausreisser: dict[str, str]


@dataclass(frozen=True)
class IndexEintrag:
    """An index as it was defined when this snapshot was computed; Räume below `mindestens` are not valid."""

    id: str
    titel: str
    ebene: str
    quelle: str
    beschreibung: str
    mindest_kennzahl: str
    mindestens: float
    statusindex: str
    ausgaben: tuple[IndexAusgabe, ...]


@dataclass(frozen=True)
class Raum:
    raum_id: str
    name: str
    ebene: str
    ebene_titel: str
    eltern_id: str | None
    eltern_name: str | None
    mit_geometrie: bool
    rest: bool
    gebietsstand: str  # the newest that knows it
    bis: date | None  # the day from which this Raum exists no more; None: it exists today
