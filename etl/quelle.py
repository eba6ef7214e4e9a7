"""Source profiles: one TOML file says how one delivered file is built and what its columns mean.

Imports neither duckdb nor a spreadsheet reader: `indicators` may import this module.
"""

import difflib
import hashlib
import re
import tomllib
from datetime import date
from fnmatch import fnmatch, translate
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from geodata.fehler import KatalogError

Zeichensatz = Literal["utf-8", "utf-8-sig", "cp1252", "iso-8859-1", "utf-16"]
Recht = Literal["bevoelkerung", "sgb2", "sgb3", "sgb12", "pflege", "hze", "wohngeld", "keins"]
PLATZHALTER = re.compile(r"\{stichtag:([^}]+)\}")
ZIFFERN = {"%Y": r"\d{4}", "%m": r"\d{2}", "%d": r"\d{2}", "%y": r"\d{2}", "%B": r"[^\W\d_]+"}


class Modell(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Merkmal(Modell):
    """What one delivered number counts."""

    titel: str
    einheit: str
    recht: Recht
    art: Literal["anzahl", "wert"] = "anzahl"
    zeitbezug: Literal["stichtag", "monat", "jahresmittel", "jahressumme"] = "stichtag"
    summe_aus: tuple[str, ...] = ()
    weitere_summen: tuple[tuple[str, ...], ...] = ()
    teil_von: str | None = None
    berechnet: bool = False
    ergaenzen: bool = False  # where it is not delivered, but all of `summe_aus` is: their sum
    minimum: float | None = None
    maximum: float | None = None

    @property
    def zerlegungen(self) -> tuple[tuple[str, ...], ...]:
        """Every list of parts that adds up to this Merkmal."""
        return ((self.summe_aus,) if self.summe_aus else ()) + self.weitere_summen


class Datei(Modell):
    muster: str
    format: Literal["csv", "xlsx", "genesis"] = "csv"
    zeichensatz: Zeichensatz = "utf-8"
    zeichensatz_ersatz: Zeichensatz | None = None
    trennzeichen: str = ";"
    dezimal: Literal[",", "."] = ","
    tausender: Literal["", ".", ",", " ", "'"] = ""
    blatt: str = "*"
    kopf: str | None = None
    kopf_zeilen: int = Field(1, ge=1)
    einheiten_zeilen: int = Field(0, ge=0)
    ende: str | None = None
    ausser: dict[str, tuple[str, ...]] = {}
    nur: dict[str, tuple[str, ...]] = {}
    gesperrt: tuple[str, ...] = ()
    null: tuple[str, ...] = ()
    nicht_sinnvoll: tuple[str, ...] = ()
    nicht_geliefert: tuple[str, ...] = ()
    fussnoten: tuple[str, ...] = ()
    unsicher_klammern: bool = False
    weitere: tuple[str, ...] | Literal["*"] = ()
    unvollstaendig: bool = False

    @model_validator(mode="before")
    @classmethod
    def _genesis(cls, daten: Any) -> Any:
        """The conventions of the statistical offices; anything written in the profile wins."""
        if isinstance(daten, dict) and daten.get("format") == "genesis":
            vorgabe = {"zeichensatz": "iso-8859-1", "ende": "__________", "null": ["-"], "gesperrt": ["."]}
            vorgabe |= {"nicht_sinnvoll": ["x"], "nicht_geliefert": ["...", "…", "/", ""]}
            return vorgabe | daten
        return daten


class RaumProfil(Modell):
    spalte: str
    vorsatz: str = ""
    stellen: int = 0
    rest: tuple[str, ...] = ()
    andere: Literal["ablehnen", "auslassen"] = "ablehnen"
    summen: tuple[str, ...] = ()
    ersetzen: dict[str, str] = {}
    form: Literal["", "ars"] = ""


class StichtagProfil(Modell):
    spalte: str | None = None
    format: str = "%Y"
    fest: date | None = None
    titel: str | None = None


class Zeilen(Modell):
    """Rows that split a column further: merkmal = target of the column + suffix of the row."""

    spalte: str
    zusatz: dict[str, str]


class Lang(Modell):
    merkmal: tuple[str, ...]
    wert: str
    werte: dict[str, str]
    auslassen: tuple[str, ...] = ()
    fehlend: Literal["ablehnen", "null", "nicht_geliefert"] = "ablehnen"


class Toleranz(Modell):
    summe: float = Field(0, ge=0)
    raeume: float = Field(0, ge=0)


class Sprung(Modell):
    faktor: float = Field(5, gt=1)
    mindestens: float = Field(20, ge=0)


class Wann(Modell):
    stichtag: date | None = None


class Korrektur(Modell):
    """A declared repair of one known error, with the guard that must hold before it is applied."""

    tat: Literal["spalten_versetzt", "wert", "sperren", "nicht_geliefert"]
    grund: str
    wann: Wann = Wann()
    schutz: str | None = None
    merkmale: tuple[str, ...] = ()
    zeilen: int = 0
    raum: str | None = None
    merkmal: str | None = None
    von: float | str | None = None
    auf: float | str | None = None

    @model_validator(mode="after")
    def _vollstaendig(self) -> "Korrektur":
        noetig = {
            "spalten_versetzt": ("merkmale", "zeilen", "schutz"),
            "wert": ("raum", "merkmal", "von", "auf"),
            "sperren": ("raum", "merkmal", "von"),
            "nicht_geliefert": ("merkmale", "von"),
        }[self.tat]
        fehlend = [name for name in noetig if getattr(self, name) in (None, (), 0) and name not in ("von", "auf")]
        fehlend += [name for name in noetig if name in ("von", "auf") and getattr(self, name) is None]
        if fehlend:
            raise ValueError(f'tat = "{self.tat}" braucht auch: {", ".join(fehlend)}')
        return self


class Quelle(Modell):
    """One source profile; `id` is the file name."""

    id: str
    titel: str
    gebiet: tuple[str, ...]
    herausgeber: str
    lizenz: str
    hinweis: str = ""
    ebene: str
    datei: Datei
    raum: RaumProfil
    stichtag: StichtagProfil = StichtagProfil()
    spalten: dict[str, str] = {}
    zeilen: Zeilen | None = None
    lang: Lang | None = None
    standard: dict[str, Any] = {}
    merkmale: dict[str, Merkmal]
    toleranz: Toleranz = Toleranz()
    sprung: Sprung = Sprung()
    befund_statt_abbruch: tuple[Literal["summe", "teil_von", "raumsumme"], ...] = ()
    korrektur: tuple[Korrektur, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _standard(cls, daten: Any) -> Any:
        """`[standard]` holds what all Merkmale of the source share."""
        if isinstance(daten, dict) and isinstance(daten.get("merkmale"), dict) and daten.get("standard"):
            merkmale = {k: daten["standard"] | m if isinstance(m, dict) else m for k, m in daten["merkmale"].items()}
            return daten | {"merkmale": merkmale}
        return daten

    @model_validator(mode="after")
    def _in_sich_stimmig(self) -> "Quelle":
        if bool(self.spalten) == bool(self.lang):
            raise ValueError("genau eins von [spalten] und [lang] angeben")
        zeit = [self.stichtag.spalte, self.stichtag.fest, self.stichtag.titel, self.stichtag_im_namen]
        zeit.append(self.stichtag_in_spalten)
        if sum(bool(angabe) for angabe in zeit) != 1:
            raise ValueError("der Stichtag kommt aus genau einem Ort: [stichtag] spalte, fest, titel oder {stichtag:…}")
        geliefert = self.gelieferte_merkmale
        eigene = {m for m, angabe in self.merkmale.items() if not angabe.berechnet}
        for name in sorted(geliefert ^ eigene):
            ort = "unter [merkmale] beschrieben" if name in geliefert else "von keiner Spalte geliefert"
            raise ValueError(
                f"Merkmal »{name}« ist nicht {ort}" if name in geliefert else f"Merkmal »{name}« wird {ort}"
            )
        for name, merkmal in self.merkmale.items():
            if merkmal.berechnet and not merkmal.summe_aus:
                raise ValueError(f"Merkmal »{name}«: berechnet = true braucht summe_aus")
            for teil in (t for teile in merkmal.zerlegungen for t in teile):
                if teil not in self.merkmale:
                    raise ValueError(f"Merkmal »{name}«: der Teil »{teil}« ist kein Merkmal dieser Quelle")
        self.rechenfolge()
        return self

    def rechenfolge(self) -> list[str]:
        """The computed Merkmale, parts before their wholes."""
        fertig, folge = {m for m, angabe in self.merkmale.items() if not angabe.berechnet}, []
        while len(fertig) < len(self.merkmale):
            bereit = [m for m, a in self.merkmale.items() if m not in fertig and fertig.issuperset(a.summe_aus)]
            if not bereit:
                offen = ", ".join(m for m in self.merkmale if m not in fertig)
                raise ValueError(f"berechnete Merkmale verweisen im Kreis aufeinander: {offen}")
            fertig.update(bereit)
            folge += bereit
        return folge

    @property
    def stichtag_im_namen(self) -> bool:
        return bool(PLATZHALTER.search(self.datei.muster) or PLATZHALTER.search(self.datei.blatt))

    @property
    def stichtag_in_spalten(self) -> bool:
        """Headers carry the Stichtag ("Einwohner | {stichtag:%Y}"): one column per year."""
        return any(PLATZHALTER.search(name) for name in self.spalten)

    @property
    def stichtag_im_dateinamen(self) -> bool:
        return bool(PLATZHALTER.search(self.datei.muster))

    @cached_property
    def gelieferte_merkmale(self) -> set[str]:
        if self.lang:
            return set(self.lang.werte.values())
        zusaetze = self.zeilen.zusatz.values() if self.zeilen else [""]
        return {ziel + zusatz for ziel in self.spalten.values() for zusatz in zusaetze}

    @cached_property
    def sha256(self) -> str:
        """Changes with every meaning of the profile, not with its comments."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    def passt(self, dateiname: str) -> bool:
        return muster_regex(self.datei.muster).fullmatch(dateiname) is not None


def muster_regex(muster: str) -> re.Pattern[str]:
    """File or sheet pattern (`*` and `{stichtag:%Y-%m}`) → regular expression with the group `stichtag`."""
    teile = PLATZHALTER.split(muster)  # text, format, text, …
    regex = ""
    for nr, teil in enumerate(teile):
        if nr % 2:
            regex += "(?P<stichtag>" + re.sub(r"%\w", lambda t: ZIFFERN[t.group()], re.escape(teil)) + ")"
        else:
            regex += re.sub(r"^\(\?s:(.*)\)\\[zZ]$", r"\1", translate(teil), flags=re.S)
    return re.compile(regex, re.I | re.S)


def platzhalter_format(muster: str) -> str | None:
    treffer = PLATZHALTER.search(muster)
    return treffer.group(1) if treffer else None


def read_quellen(*wurzeln: Path) -> dict[str, Quelle]:
    """All source profiles below `wurzeln`; a later root replaces an earlier file of the same name.

    Raises:
        KatalogError: with file and key path.
    """
    dateien = {pfad.stem: pfad for wurzel in wurzeln for pfad in sorted(Path(wurzel).glob("*.toml"))}
    quellen = {kennung: read_quelle(pfad) for kennung, pfad in sorted(dateien.items())}
    check_merkmale(quellen)
    return quellen


def read_quelle(pfad: Path) -> Quelle:
    try:
        daten = tomllib.loads(pfad.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fehler:
        raise KatalogError(
            f"Quelle »{pfad.stem}«: Die Datei ist kein gültiges TOML.",
            wo=f"{pfad.name}: {fehler}",
            tun="Die genannte Zeile berichtigen; Texte stehen in Anführungszeichen, die Datei ist UTF-8.",
        ) from None
    try:
        return Quelle(id=pfad.stem, **daten)
    except ValidationError as fehler:
        erster = fehler.errors()[0]
        ort = ".".join(str(teil) for teil in erster["loc"])
        raise KatalogError(
            f"Quelle »{pfad.stem}«: {erklaere(erster)}", wo=f"{pfad.name}, {ort or 'ganze Datei'}", tun=abhilfe(erster)
        ) from None


def erklaere(fehler: dict) -> str:
    """pydantic's finding in German."""
    feld = str(fehler["loc"][-1]) if fehler["loc"] else ""
    match fehler["type"]:
        case "extra_forbidden":
            return f"Den Eintrag »{feld}« gibt es nicht."
        case "missing":
            return f"Der Eintrag »{feld}« fehlt."
        case "literal_error":
            return f"»{feld}« darf nicht {fehler['input']!r} sein."
        case "value_error":
            return f"{fehler['ctx']['error']}."
        case _:
            return f"»{feld}« ist nicht zulässig: {fehler['input']!r}."


def abhilfe(fehler: dict) -> str:
    match fehler["type"]:
        case "extra_forbidden":
            return "Schreibweise prüfen oder die Zeile löschen." + _vorschlag(fehler["loc"])
        case "missing":
            return "Den Eintrag ergänzen; ein Beispiel steht in jedem mitgelieferten Profil unter etl/quellen/."
        case "literal_error":
            return "Erlaubt sind: " + fehler["ctx"]["expected"].replace(" or ", " oder ") + "."
        case _:
            return "Den Eintrag an der genannten Stelle berichtigen."


def _vorschlag(ort: tuple) -> str:
    namen = {n for modell in (Quelle, Datei, RaumProfil, StichtagProfil, Lang, Merkmal) for n in modell.model_fields}
    nahe = difflib.get_close_matches(str(ort[-1]), sorted(namen), n=1)
    return f" Gemeint »{nahe[0]}«?" if nahe else ""


def check_merkmale(quellen: dict[str, Quelle]) -> None:
    """Within one Gebiet a Merkmal means one thing."""
    bekannt: dict[tuple[str, str], tuple[str, Merkmal]] = {}
    for quelle in quellen.values():
        for gebiet in quelle.gebiet:
            for name, merkmal in quelle.merkmale.items():
                andere, vorher = bekannt.setdefault((gebiet, name), (quelle.id, merkmal))
                if vorher != merkmal:
                    unterschied = [f for f in Merkmal.model_fields if getattr(vorher, f) != getattr(merkmal, f)]
                    raise KatalogError(
                        f"Merkmal »{name}« ist in zwei Quellen verschieden beschrieben.",
                        wo=f"{andere}.toml und {quelle.id}.toml, merkmale.{name}: {', '.join(unterschied)}",
                        tun="Beide Beschreibungen gleich schreiben oder dem zweiten Merkmal einen eigenen Namen geben.",
                    )


def naechster_name(name: str, namen: list[str]) -> str | None:
    """The name most similar to `name`, or None when nothing is near."""
    klein = {n.casefold(): n for n in namen if n}
    treffer = difflib.get_close_matches(name.casefold(), list(klein), n=1, cutoff=0.5)
    return klein[treffer[0]] if treffer else None


def passt_auf(name: str, muster: tuple[str, ...]) -> bool:
    return any(fnmatch(name, m) for m in muster)
