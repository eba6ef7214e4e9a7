"""The parts of a source profile that describe points, case lists and how cases find their Raum."""

from datetime import date
from itertools import pairwise, product
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Zaehlart = Literal["bestand", "jahresmittel", "zugaenge", "beendigungen"]
ZEITBEZUG = {"jahresmittel": "jahresmittel", "zugaenge": "jahressumme", "beendigungen": "jahressumme"}


class _Modell(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Punktzaehlung(_Modell):
    """[punkte]: a GeoJSON of places. `anzahl` is the Merkmal of their number, `summen` maps attribute → Merkmal."""

    anzahl: str | None = None
    summen: dict[str, str] = {}
    crs: str | None = None

    @property
    def merkmale(self) -> list[str]:
        return [*([self.anzahl] if self.anzahl else []), *self.summen.values()]


class Zuordnung(_Modell):
    """[zuordnung]: the columns that say where a case lives, asked after the key of [raum].

    Coordinates come before the address. Below the share `mindestens` of assigned persons nothing is loaded.
    """

    strasse: str | None = None
    hausnummer: str | None = None  # missing: the number stands behind the street, in the same column
    plz: str | None = None
    ort: str | None = None
    x: str | None = None
    y: str | None = None
    crs: str | None = None
    dezimal: Literal[",", "."] = ","
    mindestens: float = Field(0, ge=0, le=1)

    @model_validator(mode="after")
    def _vollstaendig(self) -> "Zuordnung":
        if bool(self.x) != bool(self.y) or bool(self.x) != bool(self.crs):
            raise ValueError("Koordinaten brauchen x, y und crs")
        if (self.hausnummer or self.plz or self.ort) and not self.strasse:
            raise ValueError("hausnummer, plz und ort brauchen auch strasse")
        return self

    @property
    def spalten(self) -> list[str]:
        return [s for s in (self.strasse, self.hausnummer, self.plz, self.ort, self.x, self.y) if s]


class Feld(_Modell):
    """One property of a case, split into groups; each group adds its suffix to the name of a Merkmal.

    A column with codes (`werte`: code → suffix), the age at the day counted (`altersgruppen`: suffix → from, to, both
    included), or the length of an ended case in full months (`dauer_monate`, likewise). Below the share `mindestens`
    of persons for whom it is known, the Merkmale that rest on it are not delivered.
    """

    spalte: str | None = None
    werte: dict[str, str] = {}
    unbekannt: tuple[str, ...] = ("",)
    altersgruppen: dict[str, tuple[int, int]] = {}
    dauer_monate: dict[str, tuple[int, int]] = {}
    mindestens: float = Field(0, ge=0, le=1)

    @model_validator(mode="after")
    def _eindeutig(self) -> "Feld":
        if bool(self.werte) + bool(self.altersgruppen) + bool(self.dauer_monate) != 1:
            raise ValueError("genau eins von werte, altersgruppen und dauer_monate angeben")
        if bool(self.spalte) != bool(self.werte):
            raise ValueError("spalte und werte gehören zusammen")
        grenzen = sorted(self.klassen.values())
        if any(unten > oben for unten, oben in grenzen) or any(a[1] >= b[0] for a, b in pairwise(grenzen)):
            raise ValueError("die Gruppen überlappen sich, oder ein Anfang liegt hinter seinem Ende")
        if doppelt := set(self.werte) & set(self.unbekannt):
            raise ValueError(f"»{min(doppelt)}« steht unter werte und unter unbekannt")
        return self

    @property
    def klassen(self) -> dict[str, tuple[int, int]]:
        return self.altersgruppen or self.dauer_monate

    @property
    def gruppen(self) -> list[str]:
        """The suffixes; their position is the code of the group."""
        return list(dict.fromkeys([*self.werte.values(), *self.klassen]))


class Zaehlung(_Modell):
    """One rule that turns cases into Merkmale: `merkmal` plus one suffix per field of `nach`.

    `nur` keeps groups of a field (field → suffixes), `bekannt` the persons for whom a field is known at all.
    """

    merkmal: str
    zaehle: Zaehlart = "bestand"
    je: Literal["jahr", "monat"] = "jahr"
    nach: tuple[str, ...] = ()
    nur: dict[str, tuple[str, ...]] = {}
    bekannt: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _moeglich(self) -> "Zaehlung":
        if self.je == "monat" and self.zaehle != "bestand":
            raise ValueError('je = "monat" gibt es nur für zaehle = "bestand"')
        return self

    @property
    def felder(self) -> list[str]:
        """Fields this Zählung looks at."""
        return list(dict.fromkeys([*self.nach, *self.nur, *self.bekannt]))

    @property
    def zeitbezug(self) -> str:
        return ZEITBEZUG.get(self.zaehle, "monat" if self.je == "monat" else "stichtag")

    def merkmale(self, felder: dict[str, Feld]) -> dict[tuple[str, ...], str]:
        """Groups of the fields `nach` → Merkmal."""
        gruppen = [felder[name].gruppen for name in self.nach]
        return {kombination: self.merkmal + "".join(kombination) for kombination in product(*gruppen)}


class Fallliste(_Modell):
    """[fallliste]: one row per case (`beginn`, `ende`) or per person and month (`monat`). Other columns stay unread.

    `von`, `bis`: the time the list covers completely; missing: the year of the Stichtag in the file name.
    `offen`: what stands in `ende` while a case runs. Spells of one person that follow each other within `luecke_tage`
    are one case. More than the share `fehlerhaft` of rows without person or ending before they begin stop the load.
    """

    person: str
    beginn: str | None = None
    ende: str | None = None
    monat: str | None = None
    geburtsdatum: str | None = None
    datum: str = "%d.%m.%Y"
    monat_format: str = "%m.%Y"
    offen: tuple[str, ...] = ("",)
    von: date | None = None
    bis: date | None = None
    luecke_tage: int = Field(1, ge=1)
    fehlerhaft: float = Field(0.01, ge=0, le=1)
    felder: dict[str, Feld] = {}
    zaehlung: tuple[Zaehlung, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _in_sich_stimmig(self) -> "Fallliste":
        if bool(self.monat) == bool(self.beginn) or bool(self.beginn) != bool(self.ende):
            raise ValueError("entweder beginn und ende angeben oder monat")
        if bool(self.von) != bool(self.bis) or (self.von and self.von > self.bis):
            raise ValueError("von und bis gehören zusammen, von zuerst")
        for name, feld in self.felder.items():
            if feld.altersgruppen and not self.geburtsdatum:
                raise ValueError(f"felder.{name}: altersgruppen brauchen geburtsdatum")
        for zaehlung in self.zaehlung:
            self._check_zaehlung(zaehlung)
        namen = [m for z in self.zaehlung for m in z.merkmale(self.felder).values()]
        if doppelt := [m for m in namen if namen.count(m) > 1]:
            raise ValueError(f"zwei Zählungen ergeben das Merkmal »{doppelt[0]}«")
        return self

    def _check_zaehlung(self, zaehlung: Zaehlung) -> None:
        ort = f"zaehlung »{zaehlung.merkmal}«"
        for name in zaehlung.felder:
            if name not in self.felder:
                raise ValueError(f"{ort}: das Feld »{name}« ist unter [fallliste.felder] nicht beschrieben")
            if self.felder[name].dauer_monate and zaehlung.zaehle != "beendigungen":
                raise ValueError(f'{ort}: eine Dauer gibt es nur für zaehle = "beendigungen"')
        for name, gruppen in zaehlung.nur.items():
            if fremd := set(gruppen) - set(self.felder[name].gruppen):
                raise ValueError(f"{ort}: die Gruppe »{min(fremd)}« gibt es im Feld »{name}« nicht")

    @property
    def spalten(self) -> list[str]:
        """Columns of the delivery that are read, besides those of place."""
        eigene = [self.person, self.beginn, self.ende, self.monat, self.geburtsdatum]
        return list(dict.fromkeys(s for s in [*eigene, *(f.spalte for f in self.felder.values())] if s))

    def merkmale(self) -> dict[str, Zaehlung]:
        return {m: zaehlung for zaehlung in self.zaehlung for m in zaehlung.merkmale(self.felder).values()}
