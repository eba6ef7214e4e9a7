"""The catalogue of Kennzahlen: reads kennzahlen/<id>.toml, one file per Kennzahl, file name = id."""

import difflib
import re
import string
import tomllib
from collections.abc import Collection, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from geodata.fehler import KatalogError
from indicators.arten import Spalte, compute

ORDNER = Path(__file__).parent / "kennzahlen"
THEMEN = {
    "demografie": "Bevölkerung und Haushalte",
    "armut": "Einkommen, Arbeit und Grundsicherung",
    "pflege": "Alter und Pflege",
    "hze": "Kinder, Jugend und Familie",
    "wohnen": "Wohnen",
}
ID_MUSTER = re.compile(r"[a-z][a-z0-9_]*")

Text = Annotated[str, Field(min_length=1)]
Merkmale = tuple[Text, ...]


class _Modell(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Bruch(_Modell):
    """A break in the series: `trennt` ends a segment, `hinweis` only marks the place."""

    ab: date
    wirkung: Literal["trennt", "hinweis"]
    grund: Text


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
    titel: Text
    kurz: Annotated[str, Field(min_length=1, max_length=28)]
    thema: Literal["demografie", "armut", "pflege", "hze", "wohnen"]
    reihenfolge: int | None = None
    art: Literal["anzahl", "quote", "verhaeltnis", "uebernommen"]
    zaehler: Annotated[Merkmale, Field(min_length=1)]
    nenner: Merkmale = ()
    pro: Annotated[float, Field(gt=0)] = 1
    einheit: Text
    stellen: Annotated[int, Field(ge=0, le=6)] = 1
    intervall: bool = True
    polaritaet: Literal["belastung", "entlastung", "neutral"]
    nenner_zeitpunkt: Literal["gleich", "letzter"] = "gleich"
    rechtsgrundlage: str = ""
    quelle: Text
    herausgeber: str = ""
    lesart: Text
    definition: Text
    fallstricke: tuple[Text, ...] = ()
    entwurf: bool = False
    ersatz: tuple[Ersatz, ...] = ()
    bruch: tuple[Bruch, ...] = ()
    beispiel: Beispiel

    @model_validator(mode="after")
    def _check(self):
        for fehler in (_find_bruchfehler(self), _find_textfehler(self), _find_beispielfehler(self)):
            if fehler:
                raise ValueError(fehler)
        return self

    @property
    def thema_titel(self) -> str:
        return THEMEN[self.thema]

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

        return float(compute(self.art, spalten(self.zaehler), spalten(self.nenner), pro=self.pro).wert[0])


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
        raise _katalogfehler(pfad, fehler) from fehler


def check_katalog(kennzahlen: Mapping[str, Kennzahl], merkmale: Collection[str]) -> None:
    """Every Merkmal that a Kennzahl names must stand in some source profile.

    Args:
        merkmale: the names of all Merkmale of all source profiles.

    Raises:
        KatalogError: with the nearest known name.
    """
    for kennzahl in kennzahlen.values():
        for nr, fassung in enumerate(kennzahl.fassungen):
            for teil in ("zaehler", "nenner"):
                for merkmal in getattr(fassung, teil):
                    if merkmal not in merkmale:
                        stelle = teil if nr == 0 else f"ersatz.{nr - 1}.{teil}"
                        raise _unbekanntes_merkmal(kennzahl.id, merkmal, merkmale, stelle)


def _unbekanntes_merkmal(kennzahl_id: str, merkmal: str, merkmale: Collection[str], stelle: str) -> KatalogError:
    return KatalogError(
        f"Kennzahl »{kennzahl_id}«: Das Merkmal »{merkmal}« liefert keine Quelle.",
        wo=f"{kennzahl_id}.toml, Schlüssel {stelle}",
        tun=_gemeint(merkmal, merkmale) or "Das Merkmal in einem Quellenprofil unter [merkmale] beschreiben.",
    )


def _find_bruchfehler(k: Kennzahl) -> str:
    if k.art in ("quote", "verhaeltnis") and not k.nenner:
        return f"nenner: Eine Kennzahl der Art »{k.art}« braucht einen Nenner."
    if k.art in ("anzahl", "uebernommen") and (k.nenner or k.pro != 1):
        return f"nenner: Eine Kennzahl der Art »{k.art}« hat weder nenner noch pro."
    if k.art == "uebernommen" and (len(k.zaehler) != 1 or not k.herausgeber):
        return "zaehler: Ein übernommener Wert hat genau ein Merkmal und nennt seinen herausgeber."
    soll = {"%": 100, "je 100": 100, "je 1.000": 1000, "je 10.000": 10_000, "je 100.000": 100_000}.get(k.einheit)
    if k.art in ("quote", "verhaeltnis") and soll and k.pro != soll:
        return f"pro: Zur Einheit »{k.einheit}« gehört pro = {soll}."
    return ""


def _find_textfehler(k: Kennzahl) -> str:
    return "" if all(_nur_wert(f.lesart) for f in k.fassungen) else "lesart: Als Platzhalter ist nur {wert} erlaubt."


def _nur_wert(lesart: str) -> bool:
    try:
        return {feld for _, feld, _, _ in string.Formatter().parse(lesart) if feld is not None} <= {"wert"}
    except ValueError:  # a single brace
        return False


def _find_beispielfehler(k: Kennzahl) -> str:
    gebraucht, genannt = set(k.zaehler) | set(k.nenner), set(k.beispiel.zahlen)
    if gebraucht != genannt:
        return f"beispiel: Es braucht genau eine Zahl je Merkmal ({', '.join(sorted(gebraucht))}) und ergebnis."
    ergebnis = k.compute(k.beispiel.zahlen)
    if not abs(ergebnis - k.beispiel.ergebnis) <= 0.5 * 10.0**-k.stellen:
        return f"beispiel.ergebnis: Gerechnet {ergebnis:.6g}, angegeben {k.beispiel.ergebnis:g}."
    return ""


def _katalogfehler(pfad: Path, fehler: ValidationError) -> KatalogError:
    """The first error of pydantic, told in German with file and key path."""
    erster = fehler.errors()[0]
    ort = ".".join(str(teil) for teil in erster["loc"])
    match erster["type"]:
        case "extra_forbidden":
            was = f"Der Schlüssel »{ort}« ist unbekannt."
            tun = _gemeint(str(erster["loc"][-1]), SCHLUESSEL) or "Den Schlüssel entfernen."
        case "missing":
            was, tun = f"Die Angabe »{ort}« fehlt.", "Die Angabe ergänzen; Muster sind die anderen Einträge."
        case "value_error":
            stelle, _, was = str(erster["ctx"]["error"]).partition(": ")
            ort, tun = f"{ort}.{stelle}".strip("."), "Den Eintrag berichtigen."
        case "literal_error":
            was = f"»{ort}« darf nicht {erster['input']!r} sein."
            tun = "Erlaubt sind: " + erster["ctx"]["expected"].replace("'", "").replace(" or ", " oder ") + "."
        case art:
            was = f"»{ort}« passt nicht: {erster['input']!r}."
            tun = next((text for anfang, text in ERWARTET.items() if art.startswith(anfang)), "Den Wert berichtigen.")
    return KatalogError(f"Kennzahl »{pfad.stem}«: {was}", wo=f"{pfad}, Schlüssel {ort}", tun=tun)


def _gemeint(name: str, namen: Collection[str]) -> str:
    naechste = difflib.get_close_matches(name, namen, n=1)
    return f"Gemeint »{naechste[0]}«?" if naechste else ""


SCHLUESSEL = {name for modell in (Kennzahl, Ersatz, Bruch) for name in modell.model_fields} - {"id"}
ERWARTET = {  # pydantic's error types, by their beginning
    "bool": "Erwartet: true oder false, ohne Anführungszeichen.",
    "date": "Erwartet: ein Datum wie 2016-01-01, ohne Anführungszeichen.",
    "float": "Erwartet: eine Zahl mit Punkt, ohne Anführungszeichen.",
    "int": "Erwartet: eine ganze Zahl, ohne Anführungszeichen.",
    "string_too_long": "Den Text kürzen; kurz hat höchstens 28 Zeichen.",
    "string": "Erwartet: ein Text in Anführungszeichen.",
    "tuple": 'Erwartet: eine Liste wie ["sgb2_elb", "sgb2_nef"].',
    "too_short": "Mindestens einen Eintrag nennen.",
}
