"""The catalogue of Kennzahlen: reads kennzahlen/<id>.toml, one file per Kennzahl, file name = id."""

import re
import tomllib
from collections.abc import Collection, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from geodata.fehler import KatalogError
from indicators.arten import Spalte, compute
from indicators.katalogfehler import build_katalogfehler, gemeint
from indicators.kennzahlregeln import find_fehler

ORDNER = Path(__file__).parent / "kennzahlen"
THEMEN = {
    "demografie": "Bevölkerung und Haushalte",
    "armut": "Einkommen, Arbeit und Grundsicherung",
    "pflege": "Alter und Pflege",
    "hze": "Kinder, Jugend und Familie",
    "wohnen": "Wohnen",
    "bildung": "Bildung",
    "gesundheit": "Gesundheit",
}
ID_MUSTER = re.compile(r"[a-z][a-z0-9_]*")

Text = Annotated[str, Field(min_length=1)]
Merkmale = tuple[Text, ...]


class _Modell(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Bruch(_Modell):
    """A break in the series: `trennt` ends a segment, `hinweis` only marks the place.

    `nur_mit`: it concerns a Fassung only if that uses one of these Merkmale; empty: it concerns all.
    """

    ab: date
    wirkung: Literal["trennt", "hinweis"]
    grund: Text
    nur_mit: Merkmale = ()


class Version(_Modell):
    """One state of the definition, from `ab` on; the first one holds from the beginning and needs no day.

    The entry itself is the newest; older ones keep their old texts.

    `nr` counts from 1. Every version but the newest keeps its `definition` (and `formel`, where that differs); every
    one but the first says what was changed.
    """

    nr: Annotated[int, Field(ge=1)]
    ab: date | None = None
    aenderung: str = ""
    definition: str = ""
    formel: str = ""


class Vollstaendigkeit(_Modell):
    """A value says nothing where another Kennzahl, which measures how complete the data are, is below `mindestens`."""

    kennzahl: Text
    mindestens: Annotated[float, Field(gt=0)]


class Ersatz(_Modell):
    """Another way to compute the Kennzahl where a Merkmal of its definition is not delivered.

    An approximation (`naeherung`) says in `hinweis` how it differs, and brings its own `lesart`: the sentence of the
    definition would not be true for its numbers.
    """

    zaehler: Merkmale | None = None
    nenner: Merkmale | None = None
    hinweis: str = ""
    naeherung: bool
    lesart: str = ""

    @model_validator(mode="after")
    def _check(self):
        if self.naeherung and not (self.hinweis and self.lesart):
            raise ValueError("hinweis: Eine Näherung braucht hinweis (worin sie abweicht) und eine eigene lesart.")
        return self


class Beispiel(_Modell):
    """Worked example: a number for every Merkmal of the definition, and the result."""

    zahlen: dict[str, float]
    ergebnis: float

    @model_validator(mode="before")
    @classmethod
    def _lies_tabelle(cls, daten):
        if not isinstance(daten, dict) or "zahlen" in daten:
            return daten
        return {"zahlen": {k: v for k, v in daten.items() if k != "ergebnis"}} | (
            {"ergebnis": daten["ergebnis"]} if "ergebnis" in daten else {}
        )


class Fassung(_Modell):
    """How a Kennzahl is computed in one Gebiet."""

    zaehler: Merkmale
    nenner: Merkmale
    lesart: str
    hinweis: str = ""
    naeherung: bool = False

    @property
    def merkmale(self) -> frozenset[str]:
        return frozenset(self.zaehler) | frozenset(self.nenner)


class Kennzahl(_Modell):
    """One entry of the catalogue. Texts are German; `lesart` may hold the placeholder {wert}."""

    id: str
    nr: str = ""  # number in the standard catalogue, "A04"; without one: an entry of a single territory or report
    titel: Text
    kurz: Annotated[str, Field(min_length=1, max_length=28)]
    thema: Literal["demografie", "armut", "pflege", "hze", "wohnen", "bildung", "gesundheit"]
    reihenfolge: int | None = None
    art: Literal["anzahl", "quote", "verhaeltnis", "uebernommen", "index", "veraenderung", "standardisiert"]
    zaehler: Annotated[Merkmale, Field(min_length=1)]
    nenner: Merkmale = ()
    pro: Annotated[float, Field(gt=0)] = 1
    einheit: Text
    stellen: Annotated[int, Field(ge=0, le=6)] = 1
    intervall: bool = True
    jahre: Annotated[int, Field(ge=1)] | None = None  # veraenderung: how far back the other value lies
    gewichte: tuple[Annotated[float, Field(gt=0)], ...] = ()  # standardisiert: one per age group
    polaritaet: Literal["belastung", "entlastung", "neutral"]
    nenner_zeitpunkt: Literal["gleich", "letzter"] = "gleich"
    rechtsgrundlage: str = ""
    quelle: Text
    herausgeber: str = ""
    lesart: Text
    definition: Text
    fallstricke: tuple[Text, ...] = ()
    entwurf: bool = False
    bestaetigt: bool = True  # False: the definition is still to be confirmed by its source; shown with a mark
    beleg: str = ""  # what it rests on while it is not confirmed
    lieferung: str = ""  # who has to deliver what, where no source brings its Merkmale yet
    merkmaltitel: dict[str, Text] = {}  # German names of Merkmale that no source brings yet
    variante_von: str = ""  # name shared by several definitions of one thing, and in `variante` what is special here
    variante: str = ""
    stufen: Merkmale = ()  # names of whole numbers one after the other, where a number stands for a class
    vollstaendigkeit: Vollstaendigkeit | None = None
    version: tuple[Version, ...] = ()
    ersatz: tuple[Ersatz, ...] = ()
    bruch: tuple[Bruch, ...] = ()
    beispiel: Beispiel

    @model_validator(mode="after")
    def _check(self):
        if fehler := find_fehler(self):
            raise ValueError(fehler)
        return self

    @property
    def thema_titel(self) -> str:
        return THEMEN[self.thema]

    @property
    def version_nr(self) -> int:
        return self.version[-1].nr if self.version else 1

    def brueche(self, fassung: Fassung) -> tuple[Bruch, ...]:
        """The breaks that concern a Fassung."""
        return tuple(b for b in self.bruch if not b.nur_mit or fassung.merkmale & set(b.nur_mit))

    @property
    def fassungen(self) -> tuple[Fassung, ...]:
        """The definition first, then its substitutes in the order of the file."""
        ersatz = (
            Fassung(
                zaehler=e.zaehler or self.zaehler,
                nenner=self.nenner if e.nenner is None else e.nenner,
                lesart=e.lesart or self.lesart,
                hinweis=e.hinweis,
                naeherung=e.naeherung,
            )
            for e in self.ersatz
        )
        return (Fassung(zaehler=self.zaehler, nenner=self.nenner, lesart=self.lesart), *ersatz)

    def fassung(self, merkmale: Collection[str]) -> Fassung | None:
        """The first version whose Merkmale are all delivered in a Gebiet; None: not computed there."""
        return next((f for f in self.fassungen if f.merkmale <= set(merkmale)), None)

    def compute(self, zahlen: Mapping[str, float]) -> float:
        """The Kennzahl of one Raum from one number per Merkmal of the definition; NaN where not defined."""

        def spalten(merkmale: Merkmale) -> list[Spalte]:
            return [Spalte(np.array([zahlen[m]], float), np.array(["offen"], object)) for m in merkmale]

        nenner = tuple(map(self.vorher, self.zaehler)) if self.art == "veraenderung" else self.nenner
        werte = compute(self.art, spalten(self.zaehler), spalten(nenner), pro=self.pro, gewichte=self.gewichte)
        return float(werte.wert[0])

    def vorher(self, merkmal: str) -> str:
        """Name of the earlier number in the example of a Kennzahl that measures change."""
        return f"{merkmal}_vor_{self.jahre}_jahren"


def read_kennzahlen(*wurzeln: Path) -> dict[str, Kennzahl]:
    """All entries of the given folders (default: the shipped catalogue), later folders overlay earlier ones by id.

    Returns:
        id → Kennzahl, ordered by Thema, `reihenfolge` (entries without one last), id.

    Raises:
        KatalogError: unknown or missing keys, a wrong value, an example that does not come out.
    """
    dateien = {p.stem: p for wurzel in wurzeln or (ORDNER,) for p in sorted(Path(wurzel).glob("*.toml"))}
    kennzahlen = [read_kennzahl(pfad) for pfad in dateien.values()]
    themen = list(THEMEN)
    kennzahlen.sort(key=lambda k: (themen.index(k.thema), k.reihenfolge is None, k.reihenfolge or 0, k.id))
    return {k.id: k for k in kennzahlen}


def read_kennzahl(pfad: Path) -> Kennzahl:
    """One entry; its id is the file name. Errors as in `read_kennzahlen`."""
    if not ID_MUSTER.fullmatch(pfad.stem):
        raise KatalogError(
            f"Kennzahl »{pfad.stem}«: Der Dateiname ist keine gültige Kennung.",
            wo=str(pfad),
            tun="Nur Kleinbuchstaben a–z, Ziffern und Unterstriche verwenden, zum Beispiel sgb2_quote.toml.",
        )
    try:
        daten = tomllib.loads(pfad.read_text(encoding="utf-8"))
        if "id" in daten:
            raise KatalogError(
                f"Kennzahl »{pfad.stem}«: Der Schlüssel »id« ist unbekannt.",
                wo=f"{pfad}, Schlüssel id",
                tun="Die Zeile entfernen: Kennung ist der Dateiname.",
            )
        return Kennzahl.model_validate({**daten, "id": pfad.stem})
    except UnicodeDecodeError as fehler:
        raise KatalogError(
            f"Kennzahl »{pfad.stem}«: Die Datei ist nicht in UTF-8 gespeichert.",
            wo=f"{pfad}, Byte {fehler.start}",
            tun="Die Datei im Editor mit der Kodierung UTF-8 speichern.",
        ) from fehler
    except tomllib.TOMLDecodeError as fehler:
        raise KatalogError(
            f"Kennzahl »{pfad.stem}«: Die Datei ist kein gültiges TOML ({fehler}).",
            wo=str(pfad),
            tun="Häufig fehlt ein Anführungszeichen oder eine Klammer in der genannten Zeile (line).",
        ) from fehler
    except ValidationError as fehler:
        raise build_katalogfehler(f"Kennzahl »{pfad.stem}«", pfad, fehler.errors()[0], SCHLUESSEL) from fehler


def check_katalog(
    kennzahlen: Mapping[str, Kennzahl],
    merkmale: Collection[str],
    register: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Every Merkmal that a Kennzahl names must stand in some source profile, or the Kennzahl says in `lieferung` who
    has to deliver it. Kennzahlen that measure how complete another one is must exist.

    Args:
        merkmale: the names of all Merkmale of all source profiles.
        register: Gebiet → Merkmal → the register its population is counted in, see `etl.quelle.build_register`. Within
            a Gebiet no quotient mixes two of them.

    Raises:
        KatalogError: with the nearest known name.
    """
    for kennzahl in kennzahlen.values():
        if kennzahl.art == "index":  # made of Kennzahlen, see indexkatalog
            continue
        for nr, fassung in enumerate(kennzahl.fassungen):
            for teil in ("zaehler", "nenner"):
                for merkmal in getattr(fassung, teil):
                    if merkmal not in merkmale and not kennzahl.lieferung:
                        stelle = teil if nr == 0 else f"ersatz.{nr - 1}.{teil}"
                        raise _unbekanntes_merkmal(kennzahl.id, merkmal, merkmale, stelle)
        mass = kennzahl.vollstaendigkeit
        if mass and mass.kennzahl not in kennzahlen:
            raise KatalogError(
                f"Kennzahl »{kennzahl.id}«: Die Kennzahl »{mass.kennzahl}« gibt es nicht.",
                wo=f"{kennzahl.id}.toml, Schlüssel vollstaendigkeit.kennzahl",
                tun=gemeint(mass.kennzahl, kennzahlen) or "Die Kennzahl anlegen, die die Vollständigkeit misst.",
            )
        for gebiet, register_von in (register or {}).items():
            _check_register(kennzahl, gebiet, register_von)


def _check_register(kennzahl: Kennzahl, gebiet: str, register_von: Mapping[str, str]) -> None:
    """Melderegister and Fortschreibung differ by some per cent: a share of one in the other is no share of anything."""
    for nr, fassung in enumerate(kennzahl.fassungen):
        gezaehlt: dict[str, str] = {}
        for merkmal in (*fassung.zaehler, *fassung.nenner):
            gezaehlt.setdefault(register_von.get(merkmal, ""), merkmal)
        gezaehlt.pop("", None)
        if len(gezaehlt) > 1:
            raise KatalogError(
                f"Kennzahl »{kennzahl.id}«: Melderegister (»{gezaehlt['melderegister']}«) und Fortschreibung "
                f"(»{gezaehlt['fortschreibung']}«) stehen in einem Quotienten.",
                wo=f"{kennzahl.id}.toml, Schlüssel {'nenner' if nr == 0 else f'ersatz.{nr - 1}'}; Gebiet {gebiet}",
                tun="Zähler und Nenner aus demselben Register nehmen; als [[ersatz]] darf das andere daneben stehen.",
            )


def _unbekanntes_merkmal(kennzahl_id: str, merkmal: str, merkmale: Collection[str], stelle: str) -> KatalogError:
    return KatalogError(
        f"Kennzahl »{kennzahl_id}«: Das Merkmal »{merkmal}« liefert keine Quelle.",
        wo=f"{kennzahl_id}.toml, Schlüssel {stelle}",
        tun=gemeint(merkmal, merkmale)
        or "Das Merkmal in einem Quellenprofil beschreiben oder mit lieferung sagen, wer es liefern muss.",
    )


SCHLUESSEL = {
    name for modell in (Kennzahl, Ersatz, Bruch, Version, Vollstaendigkeit) for name in modell.model_fields
} - {"id"}
