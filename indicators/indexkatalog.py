"""Index definitions: reads indizes/<id>.toml, one file per index, file name = id; weights are data, not code."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from geodata.fehler import KatalogError
from indicators.katalogfehler import build_katalogfehler, gemeint
from indicators.kennzahl import ID_MUSTER

ORDNER = Path(__file__).parent / "indizes"

Text = Annotated[str, Field(min_length=1)]
Gewicht = Annotated[float, Field(ge=-100, le=100)]
Gewichte = dict[Text, Gewicht]


class _Modell(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Gueltig(_Modell):
    """Only Räume where this Kennzahl has at least this value are valid."""

    kennzahl: Text
    mindestens: float


class Ausgabe(_Modell):
    """One edition: a Stichtag with its own indicators, weights (Kennzahl → weight) and outliers (raum_id → why)."""

    stichtag: date
    status: Annotated[Gewichte, Field(min_length=1)]
    dynamik: Gewichte = {}
    ausreisser: dict[Text, Text] = {}

    @model_validator(mode="after")
    def _check(self):
        for feld in ("status", "dynamik"):
            gewichte = getattr(self, feld)
            if gewichte and not any(gewichte.values()):
                raise ValueError(f"{feld}: Mindestens ein Gewicht muss ungleich 0 sein.")
        return self


class Ziele(_Modell):
    """The Kennzahlen of art "index" under which the result is published."""

    statusindex: Text
    status: Text
    dynamikindex: str = ""
    dynamik: str = ""

    @property
    def namen(self) -> tuple[str, ...]:
        return tuple(n for n in (self.statusindex, self.status, self.dynamikindex, self.dynamik) if n)


class Index(_Modell):
    """A composite index of one level of one or more Gebiete."""

    id: str
    titel: Text
    gebiet: Annotated[tuple[Text, ...], Field(min_length=1)]
    ebene: Text
    quelle: Text
    beschreibung: Text
    gueltig: Gueltig | None = None
    ergebnis: Ziele
    ausgabe: Annotated[dict[Text, Ausgabe], Field(min_length=1)]

    @model_validator(mode="after")
    def _check(self):
        tage = [a.stichtag for a in self.ausgabe.values()]
        if tage != sorted(set(tage)):
            raise ValueError("ausgabe: Die Ausgaben müssen nach Stichtag geordnet sein, jeder Stichtag nur einmal.")
        if any(a.dynamik for a in self.ausgabe.values()) and not (self.ergebnis.dynamikindex and self.ergebnis.dynamik):
            raise ValueError("ergebnis: Zur Dynamik fehlen die Kennzahlen dynamikindex und dynamik.")
        return self

    @property
    def kennzahlen(self) -> frozenset[str]:
        """Every Kennzahl that goes into it."""
        eingang = {name for a in self.ausgabe.values() for name in (*a.status, *a.dynamik)}
        return frozenset(eingang | ({self.gueltig.kennzahl} if self.gueltig else set()))

    def kennzahlen_von(self, ergebnis: str) -> frozenset[str]:
        """The Kennzahlen that go into one of its results, over all editions."""
        ziele = self.ergebnis
        feld = "status" if ergebnis in (ziele.statusindex, ziele.status) else "dynamik"
        return frozenset(name for a in self.ausgabe.values() for name in getattr(a, feld))


def read_indizes(*wurzeln: Path) -> dict[str, Index]:
    """All definitions of the given folders (default: the shipped ones), later folders overlay earlier ones by id.

    Raises:
        KatalogError: unknown or missing keys, a wrong value.
    """
    dateien = {p.stem: p for wurzel in wurzeln or (ORDNER,) for p in sorted(Path(wurzel).glob("*.toml"))}
    return {name: read_index(pfad) for name, pfad in sorted(dateien.items())}


def read_index(pfad: Path) -> Index:
    """One definition; its id is the file name. Errors as in `read_indizes`."""
    if not ID_MUSTER.fullmatch(pfad.stem):
        tun = "Nur Kleinbuchstaben a–z, Ziffern und Unterstriche verwenden, zum Beispiel mss.toml."
        raise KatalogError(f"Index »{pfad.stem}«: Der Dateiname ist keine gültige Kennung.", wo=str(pfad), tun=tun)
    try:
        daten = tomllib.loads(pfad.read_text(encoding="utf-8"))
        if "id" in daten:
            tun = "Die Zeile entfernen: Kennung ist der Dateiname."
            raise KatalogError(f"Index »{pfad.stem}«: Der Schlüssel »id« ist unbekannt.", wo=str(pfad), tun=tun)
        return Index.model_validate({**daten, "id": pfad.stem})
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as fehler:
        tun = "Die Datei im Editor mit der Kodierung UTF-8 speichern und die genannte Zeile (line) prüfen."
        text = f"Index »{pfad.stem}«: Die Datei ist kein gültiges TOML ({fehler})."
        raise KatalogError(text, wo=str(pfad), tun=tun) from fehler
    except ValidationError as fehler:
        raise _katalogfehler(pfad, fehler) from fehler


def check_indizes(indizes: Mapping[str, Index], kennzahlen: Mapping[str, object]) -> None:
    """Every Kennzahl that an index uses or fills must be in the catalogue; what it fills is of art "index", and nobody
    else fills it.

    Raises:
        KatalogError: with the nearest known name.
    """
    gefuellt: dict[str, str] = {}
    for index in indizes.values():
        for name in (*sorted(index.kennzahlen), *index.ergebnis.namen):
            if name not in kennzahlen:
                raise KatalogError(
                    f"Index »{index.id}«: Die Kennzahl »{name}« gibt es nicht.",
                    wo=f"{index.id}.toml",
                    tun=gemeint(name, kennzahlen) or "Die Kennzahl unter kennzahlen/ anlegen.",
                )
        for name in index.ergebnis.namen:
            if kennzahlen[name].art != "index" or gefuellt.setdefault(name, index.id) != index.id:
                raise KatalogError(
                    f"Index »{index.id}«: »{name}« kann sein Ergebnis nicht aufnehmen.",
                    wo=f"{index.id}.toml, Schlüssel ergebnis",
                    tun='Die Kennzahl braucht art = "index" und gehört zu genau einem Index.',
                )


def ausgaben(indizes: Collection[Index]) -> frozenset[str]:
    """The Kennzahlen that are filled by indices; their Merkmal has the same name and comes from no source."""
    return frozenset(name for index in indizes for name in index.ergebnis.namen)


def _katalogfehler(pfad: Path, fehler: ValidationError) -> KatalogError:
    """A key misspelt also looks like one that is missing, so unknown ones come first."""
    erster = min(fehler.errors(), key=lambda e: e["type"] != "extra_forbidden")
    return build_katalogfehler(f"Index »{pfad.stem}«", pfad, erster, SCHLUESSEL, muster="Muster ist mss.toml")


SCHLUESSEL = {name for modell in (Index, Ausgabe, Gueltig, Ziele) for name in modell.model_fields} - {"id"}
