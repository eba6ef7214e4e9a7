"""Named lists of Kennzahlen for one purpose: reads zusammenstellungen/<id>.toml, one file per list, file name = id."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from geodata.fehler import KatalogError
from indicators.kennzahl import ID_MUSTER

ORDNER = Path(__file__).parent / "zusammenstellungen"

Text = Annotated[str, Field(min_length=1)]


class _Modell(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Gruppe(_Modell):
    """Kennzahlen under one heading, in the order they are read."""

    titel: Text
    kennzahlen: Annotated[tuple[Text, ...], Field(min_length=1)]


class Zusammenstellung(_Modell):
    """`ersatz`: Kennzahl → another one that stands in its place where it is not computed.

    `bestaetigt` is False while whoever uses the list has not confirmed it; `beleg` says what is open.
    """

    id: str
    titel: Text
    beschreibung: Text
    bestaetigt: bool = True
    beleg: str = ""
    gruppe: Annotated[tuple[Gruppe, ...], Field(min_length=1)]
    ersatz: dict[Text, Text] = {}

    @property
    def kennzahlen(self) -> tuple[str, ...]:
        return tuple(name for gruppe in self.gruppe for name in gruppe.kennzahlen)


def read_zusammenstellungen(*wurzeln: Path) -> dict[str, Zusammenstellung]:
    """All lists of the given folders (default: the shipped ones) by title, later folders overlay earlier ones by id.

    Raises:
        KatalogError: unknown or missing keys, a wrong value.
    """
    dateien = {p.stem: p for wurzel in wurzeln or (ORDNER,) for p in sorted(Path(wurzel).glob("*.toml"))}
    gelesen = sorted((_read(pfad) for pfad in dateien.values()), key=lambda z: z.titel)
    return {z.id: z for z in gelesen}


def check_zusammenstellungen(listen: Mapping[str, Zusammenstellung], kennzahlen: Collection[str]) -> None:
    """Every Kennzahl of a list must be in the catalogue.

    Raises:
        KatalogError: with the nearest known name.
    """
    for liste in listen.values():
        doppelt = [name for name in liste.kennzahlen if liste.kennzahlen.count(name) > 1]
        if doppelt:
            tun = "Die Kennzahl aus einer der Gruppen nehmen."
            raise _fehler(liste.id, f"Die Kennzahl »{doppelt[0]}« steht mehrmals darin.", "gruppe.kennzahlen", tun)
        for ort, namen in (
            ("gruppe.kennzahlen", liste.kennzahlen),
            ("ersatz", (*liste.ersatz, *liste.ersatz.values())),
        ):
            for name in namen:
                if name not in kennzahlen:
                    naechste = difflib.get_close_matches(name, kennzahlen, n=1)
                    tun = f"Gemeint »{naechste[0]}«?" if naechste else "Die Kennzahl unter kennzahlen/ anlegen."
                    raise _fehler(liste.id, f"Die Kennzahl »{name}« gibt es nicht.", ort, tun)


def _read(pfad: Path) -> Zusammenstellung:
    if not ID_MUSTER.fullmatch(pfad.stem):
        tun = "Nur Kleinbuchstaben a–z, Ziffern und Unterstriche verwenden, zum Beispiel gpa_spiegel_hzp.toml."
        raise _fehler(pfad.stem, "Der Dateiname ist keine gültige Kennung.", "", tun)
    try:
        return Zusammenstellung.model_validate({**tomllib.loads(pfad.read_text(encoding="utf-8")), "id": pfad.stem})
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as fehler:
        tun = "Die Datei im Editor mit der Kodierung UTF-8 speichern und die genannte Zeile (line) prüfen."
        raise _fehler(pfad.stem, f"Die Datei ist kein gültiges TOML ({fehler}).", "", tun) from fehler
    except ValidationError as fehler:
        erster = fehler.errors()[0]
        ort = ".".join(map(str, erster["loc"]))
        was = {"extra_forbidden": f"Der Schlüssel »{ort}« ist unbekannt.", "missing": f"Die Angabe »{ort}« fehlt."}
        text = was.get(erster["type"], f"»{ort}« passt nicht: {erster['input']!r}.")
        tun = "Muster sind die mitgelieferten Zusammenstellungen."
        raise _fehler(pfad.stem, text, ort, tun) from fehler


def _fehler(name: str, was: str, schluessel: str, tun: str) -> KatalogError:
    wo = f"{name}.toml" + (f", Schlüssel {schluessel}" if schluessel else "")
    return KatalogError(f"Zusammenstellung »{name}«: {was}", wo=wo, tun=tun)
