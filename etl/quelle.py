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
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from etl.fallprofil import Fallliste, Punktzaehlung, Zuordnung
from etl.gleichung import read_gleichung
from geodata.fehler import KatalogError

Zeichensatz = Literal["utf-8", "utf-8-sig", "cp1252", "iso-8859-1", "utf-16"]
Register = Literal["melderegister", "fortschreibung"]
Recht = Literal["bevoelkerung", "sgb2", "sgb3", "sgb12", "pflege", "hze", "wohngeld", "keins"]
PLATZHALTER = re.compile(r"\{stichtag:([^}]+)\}")
EURO = re.compile(r"€|\beuro\b|\bEUR\b", re.I)
ODER = re.compile(r"(?<! )\|(?! )")  # "E_U1|E_EU1": either header; " | " joins the rows of one head
MONATSNAME = r"(?:jan|feb|mrz|m[äa]r|apr|ma[iy]|jun|jul|aug|sep|o[kc]t|nov|de[zc])[a-zä]*\.?"  # German or English
ZIFFERN = {"%Y": r"\d{4}", "%m": r"\d{2}", "%d": r"\d{2}", "%y": r"\d{2}", "%B": MONATSNAME, "%b": MONATSNAME}


class Modell(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Zeitsumme(Modell):
    """Sum or mean of another Merkmal over the last `monate` months, the Stichtag's own included."""

    merkmal: str
    monate: int = Field(ge=2)
    art: Literal["summe", "mittel"]


class Aenderung(Modell):
    """Difference of another Merkmal to its Stichtag `monate` months ago."""

    merkmal: str
    monate: int = Field(ge=1)


class Merkmal(Modell):
    """What one delivered number counts.

    `betrag`: euros; `traeger` names the Merkmal that counts the persons (or providers) behind them, `groesster` the one
    that holds what the largest of them has. `gleich`: this Merkmal counts the same people as another one (a case list
    and a table of the same office). `aus_register` (in the profile: `register`): which of the two counts of the
    population it comes from; they differ by some per cent and never meet in one quotient.
    """

    titel: str
    einheit: str
    recht: Recht
    aus_register: Register | None = Field(None, alias="register")
    art: Literal["anzahl", "wert", "betrag"] = "anzahl"
    zeitbezug: Literal["stichtag", "monat", "jahresmittel", "jahressumme"] = "stichtag"
    summe_aus: tuple[str, ...] = ()
    weitere_summen: tuple[tuple[str, ...], ...] = ()
    teil_von: str | None = None
    berechnet: bool = False
    # berechnet: of the people aged 65 and 66 (two Merkmale) those who are still below the Regelaltersgrenze
    regelaltersgrenze: tuple[str, str] | None = None
    ergaenzen: bool = False  # where it is not delivered, but all of `summe_aus` is: their sum
    minimum: float | None = None
    maximum: float | None = None
    traeger: str | None = None
    groesster: str | None = None
    gleich: str | None = None
    zeitsumme: Zeitsumme | None = None
    aenderung: Aenderung | None = None

    @model_validator(mode="after")
    def _geschuetzt(self) -> "Merkmal":
        """Money of persons and differences must be recognised, or the gate would take them for something else."""
        if self.art == "wert" and self.recht not in ("keins", "bevoelkerung") and EURO.search(self.einheit):
            raise ValueError('Beträge, die Personen erhalten, brauchen art = "betrag" (und traeger = "…", ihre Anzahl)')
        if (self.traeger or self.groesster) and self.art != "betrag":
            raise ValueError('traeger und groesster gehören zu art = "betrag"')
        if (self.zeitsumme or self.aenderung) and self.art == "wert":
            raise ValueError('zeitsumme und aenderung gehören zu art = "anzahl" oder "betrag"')
        if self.zeitsumme and self.aenderung:
            raise ValueError("entweder zeitsumme oder aenderung angeben")
        return self

    @property
    def verweise(self) -> dict[str, str]:
        """Key path → other Merkmal of the Gebiet it names."""
        paare = {"teil_von": self.teil_von, "traeger": self.traeger, "groesster": self.groesster, "gleich": self.gleich}
        paare["zeitsumme.merkmal"] = self.zeitsumme and self.zeitsumme.merkmal
        paare["aenderung.merkmal"] = self.aenderung and self.aenderung.merkmal
        return {ort: name for ort, name in paare.items() if name}

    @property
    def teile(self) -> tuple[str, ...]:
        """What a computed Merkmal is computed from."""
        return self.summe_aus or self.regelaltersgrenze or ()

    @property
    def zerlegungen(self) -> tuple[tuple[str, ...], ...]:
        """Every list of parts that adds up to this Merkmal."""
        return ((self.summe_aus,) if self.summe_aus else ()) + self.weitere_summen


class Datei(Modell):
    """How the delivered file is built.

    Wherever a profile names a column (here, in [raum], [stichtag], [zeilen], [lang], [spalten]), "E_U1|E_EU1" accepts
    either header: names joined by a bar without blanks. A bar between blanks is a head of several rows,
    "Männer | unter 3".

    `format`: what the bytes must be; genesis (table of the statistical offices) and genesis_flach (their flat CSV) are
    text with the conventions of those offices.
    `blatt`: pattern of the sheets to read; one per Stichtag with "{stichtag:%B %Y}"; [blaetter] when each sheet holds
    another Merkmal.
    `kopf`: a text of the first head row; `kopf_zeilen` rows become one name each, "oben | unten".
    `darf_fehlen`: value columns (as written in [spalten]) that some deliveries lack.
    `fuellen`: columns in which an empty cell means "as above" (merged or printed once).
    `luecken`: blank rows, rows with a single text (headings) and the head printed again do not end the table.
    `versteckte`: what happens to hidden rows, columns and sheets with data; always reported.
    A row whose key cell is empty is a total when [raum] summen contains "".
    """

    muster: str
    format: Literal["csv", "xlsx", "xls", "ods", "parquet", "genesis", "genesis_flach", "geojson"] = "csv"
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
    darf_fehlen: tuple[str, ...] = ()
    fuellen: tuple[str, ...] = ()
    luecken: bool = False
    versteckte: Literal["auslassen", "lesen"] = "auslassen"
    unvollstaendig: bool = False

    @model_validator(mode="before")
    @classmethod
    def _genesis(cls, daten: Any) -> Any:
        """The conventions of the statistical offices; anything written in the profile wins."""
        if not isinstance(daten, dict) or daten.get("format") not in ("genesis", "genesis_flach"):
            return daten
        vorgabe: dict[str, Any] = {"null": ["-"], "gesperrt": ["."], "nicht_sinnvoll": ["x"]}
        vorgabe |= {"nicht_geliefert": ["...", "…", "/", ""]}
        if daten["format"] == "genesis":
            return vorgabe | {"zeichensatz": "iso-8859-1", "ende": "__________"} | daten
        return vorgabe | {"weitere": ["statistics_*", "time*", "*_variable_*", "value_*"]} | daten

    @model_validator(mode="after")
    def _lesbar(self) -> "Datei":
        check_platzhalter(self.muster, "datei.muster")
        check_platzhalter(self.blatt, "datei.blatt")
        return self


class RaumProfil(Modell):
    spalte: str = ""  # empty: points and case lists find their Raum otherwise
    vorsatz: str = ""
    stellen: int = 0
    rest: tuple[str, ...] = ()
    andere: Literal["ablehnen", "auslassen"] = "ablehnen"
    summen: tuple[str, ...] = ()
    ersetzen: dict[str, str] = {}
    form: Literal["", "ars"] = ""
    gebietsstand: date | None = None  # the keys are those of this Gebietsstand (its `ab`), whatever the Stichtag


class StichtagProfil(Modell):
    spalte: str | None = None
    format: str = "%Y"
    fest: date | None = None
    titel: str | None = None
    jahre: int = 0  # shift of a Stichtag taken from a name or title: −1 where a report is named after the next year


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
    sperrt_ab: float = Field(9, gt=1)  # a slipped digit is a factor of 10, give or take a year's change: stops the load


class Regel(Modell):
    """An identity or a bound between Merkmale, of this source or with others: "a * b = c", "a + b <= c"."""

    gleichung: str
    grund: str = ""  # why it must hold; stands in the question to the supplier
    toleranz: float = Field(0, ge=0)
    toleranz_relativ: float = Field(0, ge=0, lt=1)
    bei_verstoss: Literal["befund", "abbruch", "nicht_sinnvoll"] = "befund"

    @model_validator(mode="after")
    def _lesbar(self) -> "Regel":
        read_gleichung(self.gleichung)
        return self

    @property
    def namen(self) -> tuple[str, ...]:
        return read_gleichung(self.gleichung).namen


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
    raum: RaumProfil = RaumProfil()
    stichtag: StichtagProfil = StichtagProfil()
    spalten: dict[str, str] = {}
    zeilen: Zeilen | None = None
    blaetter: dict[str, str] = {}  # sheet → suffix: merkmal = target of the column + suffix of the sheet (+ of the row)
    lang: Lang | None = None
    punkte: Punktzaehlung | None = None
    fallliste: Fallliste | None = None
    zuordnung: Zuordnung | None = None
    standard: dict[str, Any] = {}
    merkmale: dict[str, Merkmal]
    toleranz: Toleranz = Toleranz()
    sprung: Sprung = Sprung()
    befund_statt_abbruch: tuple[Literal["summe", "teil_von", "raumsumme"], ...] = ()
    korrektur: tuple[Korrektur, ...] = ()
    regel: tuple[Regel, ...] = ()
    geheim_unter: int = Field(3, ge=0)  # open counts below are kept secret too where the supplier keeps any; 0: never
    darf_gleich_bleiben: bool = False  # the same values at two Stichtage are no mistake (numbers of offers)

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
        if sum(map(bool, (self.spalten, self.lang, self.punkte, self.fallliste))) != 1:
            raise ValueError("genau eins von [spalten], [lang], [punkte] und [fallliste] angeben")
        self._check_ort()
        zeit = [self.stichtag.spalte, self.stichtag.fest, self.stichtag.titel, self.stichtag_im_namen]
        zeit += [self.stichtag_in_spalten, self.fallliste and self.fallliste.von]
        if sum(bool(angabe) for angabe in zeit) != 1:
            raise ValueError("der Stichtag kommt aus genau einem Ort: [stichtag] spalte, fest, titel oder {stichtag:…}")
        if self.stichtag_in_spalten and (ohne := [s for s in self.spalten if not PLATZHALTER.search(s)]):
            raise ValueError(
                f"Überschriften mit und ohne Stichtag lassen sich nicht mischen: »{ohne[0]}« hat kein {{stichtag:…}}"
            )
        geliefert = self.gelieferte_merkmale
        eigene = {m for m, angabe in self.merkmale.items() if not angabe.berechnet}
        for name in sorted(geliefert ^ eigene):
            ort = "unter [merkmale] beschrieben" if name in geliefert else "von keiner Spalte geliefert"
            raise ValueError(
                f"Merkmal »{name}« ist nicht {ort}" if name in geliefert else f"Merkmal »{name}« wird {ort}"
            )
        for name, merkmal in self.merkmale.items():
            if merkmal.berechnet and bool(merkmal.summe_aus) == bool(merkmal.regelaltersgrenze):
                raise ValueError(f"Merkmal »{name}«: berechnet = true braucht summe_aus oder regelaltersgrenze")
            if merkmal.regelaltersgrenze and not merkmal.berechnet:
                raise ValueError(f"Merkmal »{name}«: regelaltersgrenze braucht berechnet = true")
            for teil in (t for teile in (*merkmal.zerlegungen, merkmal.teile) for t in teile):
                if teil not in self.merkmale:
                    raise ValueError(f"Merkmal »{name}«: der Teil »{teil}« ist kein Merkmal dieser Quelle")
        for name in (*self.spalten, f"{self.stichtag.titel or ''}"):
            check_platzhalter(name, "spalten" if name in self.spalten else "stichtag.titel")
        if self.blaetter and not self.spalten:
            raise ValueError("[blaetter] gehört zu [spalten]")
        if fremd := set(self.datei.darf_fehlen) - set(self.spalten):
            raise ValueError(f"datei.darf_fehlen: »{min(fremd)}« steht nicht unter [spalten]")
        for regel in self.regel:
            if not set(regel.namen) & set(self.merkmale):
                raise ValueError(f"[[regel]] »{regel.gleichung}« nennt kein Merkmal dieser Quelle")
            if regel.bei_verstoss == "nicht_sinnvoll" and regel.namen[0] not in self.merkmale:
                raise ValueError(f"[[regel]] »{regel.gleichung}«: zuerst das Merkmal dieser Quelle nennen")
        self.rechenfolge()
        return self

    def _check_ort(self) -> None:
        """Every kind of source says where its numbers belong, and only that."""
        if self.zuordnung and not self.fallliste:
            raise ValueError("[zuordnung] gehört zu einer [fallliste]")
        if (self.punkte is not None) != (self.datei.format == "geojson"):
            raise ValueError('[punkte] und format = "geojson" gehören zusammen')
        if not self.raum.spalte and not self.punkte and not (self.zuordnung and self.zuordnung.spalten):
            raise ValueError("[raum] spalte fehlt" + (" oder [zuordnung]" if self.fallliste else ""))
        if (self.fallliste or self.punkte) and self.ebene == "gemischt":
            raise ValueError("ebene: gezählt wird auf einer bestimmten Ebene")
        for name, zaehlung in (self.fallliste.merkmale() if self.fallliste else {}).items():
            merkmal = self.merkmale.get(name)
            if merkmal and merkmal.zeitbezug != zaehlung.zeitbezug:
                raise ValueError(f'Merkmal »{name}« braucht zeitbezug = "{zaehlung.zeitbezug}"')

    def rechenfolge(self) -> list[str]:
        """The computed Merkmale, parts before their wholes."""
        fertig, folge = {m for m, angabe in self.merkmale.items() if not angabe.berechnet}, []
        while len(fertig) < len(self.merkmale):
            bereit = [m for m, a in self.merkmale.items() if m not in fertig and fertig.issuperset(a.teile)]
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
        if self.fallliste:
            return set(self.fallliste.merkmale())
        if self.punkte:
            return set(self.punkte.merkmale)
        if self.lang:
            return set(self.lang.werte.values())
        zusaetze = self.zeilen.zusatz.values() if self.zeilen else [""]
        blaetter = self.blaetter.values() or [""]
        return {ziel + blatt + zusatz for ziel in self.spalten.values() for blatt in blaetter for zusatz in zusaetze}

    @cached_property
    def sha256(self) -> str:
        """Changes with every meaning of the profile, not with its comments."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    def fuer_kopf(self, namen: list[str]) -> "Quelle":
        """The profile for one delivered head: every "A|B" is the name that is there, missing `darf_fehlen` are gone.

        What fits no delivered name stays as written, so that the reader can say what is missing.
        """

        def name(angabe: str) -> str:
            return next((n for n in moegliche_namen(angabe) if _steht_in(n, namen)), angabe)

        def namen_von(angaben: dict) -> dict:
            return {name(spalte): inhalt for spalte, inhalt in angaben.items()}

        entfallen = {s for s in self.datei.darf_fehlen if not _steht_in(name(s), namen)}
        neu: dict[str, Any] = {
            "datei": self.datei.model_copy(
                update={
                    "ausser": namen_von(self.datei.ausser),
                    "nur": namen_von(self.datei.nur),
                    "fuellen": tuple(map(name, self.datei.fuellen)),
                }
            ),
            "raum": self.raum.model_copy(update={"spalte": name(self.raum.spalte)}),
            "spalten": namen_von({s: ziel for s, ziel in self.spalten.items() if s not in entfallen}),
        }
        if self.stichtag.spalte:
            neu["stichtag"] = self.stichtag.model_copy(update={"spalte": name(self.stichtag.spalte)})
        if self.zeilen:
            neu["zeilen"] = self.zeilen.model_copy(update={"spalte": name(self.zeilen.spalte)})
        if self.lang:
            spalten = {"merkmal": tuple(map(name, self.lang.merkmal)), "wert": name(self.lang.wert)}
            neu["lang"] = self.lang.model_copy(update=spalten)
        return self.model_copy(update=neu)

    def gelesene_spalten(self, namen: list[str]) -> set[str]:
        """Which of the delivered columns are read at all; the others are looked at for data about persons only."""
        hier = self.fuer_kopf(namen)
        genannt = {hier.raum.spalte, hier.stichtag.spalte, *hier.datei.ausser, *hier.datei.nur, *hier.datei.fuellen}
        genannt |= {hier.zeilen.spalte} if hier.zeilen else set()
        genannt |= {*hier.lang.merkmal, hier.lang.wert} if hier.lang else set()
        return {n for n in namen if n in genannt or any(_steht_in(spalte, [n]) for spalte in hier.spalten)}

    def passt(self, dateiname: str) -> bool:
        return muster_regex(self.datei.muster).fullmatch(dateiname) is not None


def moegliche_namen(angabe: str) -> list[str]:
    """ "E_U1|E_EU1" → both names; the text as a whole comes first: a header may contain a bar itself."""
    return list(dict.fromkeys([angabe, *ODER.split(angabe)]))


def _steht_in(angabe: str, namen: list[str]) -> bool:
    if PLATZHALTER.search(angabe):
        return any(map(muster_regex(angabe).fullmatch, namen))
    return angabe in namen


# a day written "1." has one digit, but "%Y%m%d" needs two each
def _ziffern(form: str, teil: re.Match) -> str:
    allein = not re.search(r"%\w$", form[: teil.start()]) and not form[teil.end() :].startswith("%")
    return r"\d{1,2}" if allein and teil.group() in ("%d", "%m") else ZIFFERN[teil.group()]


def check_platzhalter(muster: str, ort: str) -> None:
    for form in PLATZHALTER.findall(muster):
        if fremd := [teil for teil in re.findall(r"%.", form) if teil not in ZIFFERN]:
            raise ValueError(f"{ort}: {fremd[0]} gibt es nicht; erlaubt sind {', '.join(ZIFFERN)}")


def muster_regex(muster: str) -> re.Pattern[str]:
    """File or sheet pattern (`*` and `{stichtag:%Y-%m}`) → regular expression with the group `stichtag`."""
    teile = PLATZHALTER.split(muster)  # text, format, text, …
    regex = ""
    for nr, teil in enumerate(teile):
        if nr % 2:
            form = re.escape(teil)
            regex += "(?P<stichtag>" + re.sub(r"%\w", lambda t, f=form: _ziffern(f, t), form) + ")"
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
    check_regeln(quellen)
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
            erlaubt = ", ".join(_erlaubte_namen(fehler["loc"]))
            return (
                f"Schreibweise prüfen oder die Zeile löschen.{_vorschlag(fehler['loc'])} Erlaubt sind hier: {erlaubt}."
            )
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


def _erlaubte_namen(ort: tuple) -> list[str]:
    """What may stand where the entry at this key path stands."""
    modell: type[BaseModel] = Quelle
    for teil in ort[:-1]:
        feld = modell.model_fields.get(teil) if isinstance(teil, str) else None
        if feld is not None:  # names of Merkmale and numbers of list items lead no deeper
            modell = next((m for m in _modelle(feld.annotation)), modell)
    return sorted(feld.alias or name for name, feld in modell.model_fields.items() if name != "id")


def _modelle(angabe: Any) -> list[type[BaseModel]]:
    if isinstance(angabe, type) and issubclass(angabe, BaseModel):
        return [angabe]
    return [m for teil in get_args(angabe) for m in _modelle(teil)]


def check_regeln(quellen: dict[str, Quelle]) -> None:
    """Rules across sources name Merkmale that some source of the Gebiet delivers."""
    for quelle in quellen.values():
        bekannt = {m for q in quellen.values() if set(q.gebiet) & set(quelle.gebiet) for m in q.merkmale}
        paare = [("regel", name) for regel in quelle.regel for name in regel.namen]
        paare += [(f"merkmale.{m}.{ort}", n) for m, a in quelle.merkmale.items() for ort, n in a.verweise.items()]
        for ort, name in paare:
            if name not in bekannt:
                nahe = difflib.get_close_matches(name, sorted(bekannt), n=1)
                raise KatalogError(
                    f"Quelle »{quelle.id}«: Das Merkmal »{name}« liefert keine Quelle des Gebiets.",
                    wo=f"{quelle.id}.toml, {ort}",
                    tun="Schreibweise prüfen." + (f" Gemeint »{nahe[0]}«?" if nahe else ""),
                )


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


def build_register(quellen: dict[str, Quelle]) -> dict[str, dict[str, str]]:
    """Gebiet → Merkmal → the register its population is counted in; Merkmale without one are left out."""
    register: dict[str, dict[str, str]] = {}
    for quelle in quellen.values():
        eigene = {name: m.aus_register for name, m in quelle.merkmale.items() if m.aus_register}
        for gebiet in quelle.gebiet:
            register.setdefault(gebiet, {}).update(eigene)
    return register


def naechster_name(name: str, namen: list[str]) -> str | None:
    """The name most similar to `name`, or None when nothing is near."""
    klein = {n.casefold(): n for n in namen if n}
    treffer = difflib.get_close_matches(name.casefold(), list(klein), n=1, cutoff=0.5)
    return klein[treffer[0]] if treffer else None


def passt_auf(name: str, muster: tuple[str, ...]) -> bool:
    return any(fnmatch(name, m) for m in muster)
