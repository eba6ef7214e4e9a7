"""Territories: reads `gebiete/<id>/gebiet.toml` into a `Gebiet` with its levels, key patterns and Gebietsstände."""

import re
import tomllib
from datetime import date
from difflib import get_close_matches
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Literal, Self

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from geodata.fehler import GebietError, sage_befund

GEBIETE = Path(__file__).parent / "gebiete"
SPALTEN = ["raum_id", "name", "ebene", "eltern_id"]
HAUPTHIERARCHIE = "gebiet"


class _Eintrag(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Ebene(_Eintrag):
    """One level; `muster` is the regular expression its keys match in full."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    titel: str
    titel_plural: str
    muster: str
    eltern: str | None = None

    @field_validator("muster")
    @classmethod
    def _check_muster(cls, muster: str) -> str:
        try:
            re.compile(muster)
        except re.error as fehler:
            raise ValueError(f"ist kein gültiger regulärer Ausdruck ({fehler})") from None
        return muster

    def passt(self, raum_id: str) -> bool:
        """Does this key belong to the level?"""
        return re.fullmatch(self.muster, raum_id) is not None


class RestRaum(_Eintrag):
    """The Raum without geometry for cases that cannot be placed; counted in totals, child of the top Raum."""

    raum_id: str
    name: str = "nicht zuordenbar"
    ebene: str


class Schluesselkorrektur(_Eintrag):
    """A declared repair of a wrong key in delivered boundaries.

    The area around `punkt` [x, y] in the CRS of the Gebietsstand gets the key `auf`, as long as it still has `von`.
    """

    punkt: tuple[float, float]
    von: str
    auf: str
    grund: str = Field(min_length=1)


class FesterUmstieg(_Eintrag):
    """Where the counts of one old Raum go, known otherwise than by areas or points.

    `nach` is a table new Raum → share (they sum to 1), or a list of new Räume whose shares nobody knows: the counts
    of this Raum are then not converted, and the series of those new Räume break.
    """

    raum_alt: str
    nach: dict[str, float] | tuple[str, ...] = Field(min_length=1)
    grund: str = Field(min_length=1)

    @field_validator("nach")
    @classmethod
    def _check_nach(cls, nach: dict[str, float] | tuple[str, ...]) -> dict[str, float] | tuple[str, ...]:
        if isinstance(nach, dict) and (abs(sum(nach.values()) - 1) > 1e-9 or min(nach.values()) <= 0):
            raise ValueError(f"Anteile sind größer als 0 und ergeben zusammen 1, nicht {sum(nach.values()):g}")
        return nach


class Gebietsstand(_Eintrag):
    """Boundaries and Räume as they hold from `ab` on.

    `enklaven` are points [x, y] in `crs`, one inside each hole of the territory that is meant: a kreisfreie Stadt
    within its Landkreis, a lake. Every other hole wider than a sliver is an error.
    `ohne_geometrie` are Räume of the lowest level whose polygon nobody has: they have numbers, but no place on the map.
    `umstieg` is the weight table from the Gebietsstand before to this one, `umstieg_art` what its shares count,
    `umstieg_fest` what was decided by hand when it was built; see `umstieg`.
    """

    ab: date
    geometrie: str
    raeume: str
    crs: str
    schluessel: str = "raum_id"
    quelle: str
    lizenz: str
    umstieg: str | None = None
    strassen: str | None = None  # Straßenverzeichnis, see geodata/strassen.py
    umstieg_art: Literal["adressen", "einwohner", "raster", "flaeche"] | None = None
    umstieg_fest: tuple[FesterUmstieg, ...] = ()
    enklaven: tuple[tuple[float, float], ...] = ()
    ohne_geometrie: tuple[str, ...] = ()
    korrekturen: tuple[Schluesselkorrektur, ...] = Field((), alias="korrektur")

    @model_validator(mode="after")
    def _check_umstieg(self) -> Self:
        if bool(self.umstieg) != bool(self.umstieg_art):
            raise ValueError("umstieg und umstieg_art gehören zusammen: die Tabelle, und was ihre Anteile zählen")
        return self

    @property
    def id(self) -> str:
        """ISO text of `ab`."""
        return self.ab.isoformat()


class Gebiet(_Eintrag):
    """One territory. `ebenen` from top to bottom, `gebietsstaende` oldest first, `ordner` holds its files."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    name: str
    erfunden: bool = False
    hinweis: str = ""
    anzeige_ebene: str
    vorauswahl: str | None = None
    ebenen: tuple[Ebene, ...] = Field(alias="ebene", min_length=1)
    rest_raum: RestRaum | None = None
    bruch_ab_anteil: float = Field(0.05, ge=0, le=1)  # series break where more of a count than this is apportioned
    gebietsstaende: tuple[Gebietsstand, ...] = Field(alias="gebietsstand", min_length=1)
    ordner: Path

    @model_validator(mode="after")
    def _check_bezuege(self) -> Self:
        """Levels and dates must refer to each other."""
        ids = [ebene.id for ebene in self.ebenen]
        if len(set(ids)) < len(ids):
            raise ValueError("ebene: eine id kommt doppelt vor")
        for nr, ebene in enumerate(self.ebenen):
            if nr == 0 and ebene.eltern is not None:
                raise ValueError("ebene.0.eltern: die oberste Ebene hat keine Eltern")
            if nr > 0 and ebene.eltern not in ids[:nr]:
                raise ValueError(f"ebene.{nr}.eltern: »{ebene.eltern}« ist keine der Ebenen darüber ({ids[:nr]})")
        if self.anzeige_ebene not in ids:
            raise ValueError(f"anzeige_ebene: »{self.anzeige_ebene}« ist keine der Ebenen {ids}")
        if self.rest_raum and self.rest_raum.ebene != ids[-1]:
            raise ValueError(f"rest_raum.ebene: der Rest-Raum gehört zur untersten Ebene »{ids[-1]}«")
        tage = [stand.ab for stand in self.gebietsstaende]
        if any(frueher >= spaeter for frueher, spaeter in pairwise(tage)):
            raise ValueError("gebietsstand: die Gebietsstände stehen nicht in der Reihenfolge ihrer Tage `ab`")
        return self

    @property
    def unterste_ebene(self) -> Ebene:
        """The level whose polygons are delivered; all others are unions of it."""
        return self.ebenen[-1]

    def ebene(self, ebene_id: str) -> Ebene:
        """The level with this id; an unknown id is a bug of the caller (KeyError)."""
        return {ebene.id: ebene for ebene in self.ebenen}[ebene_id]

    def ebene_von(self, raum_id: str) -> Ebene | None:
        """The level a key belongs to by its pattern, Rest-Raum included; None if no pattern matches."""
        if self.rest_raum and raum_id == self.rest_raum.raum_id:
            return self.ebene(self.rest_raum.ebene)
        return next((ebene for ebene in self.ebenen if ebene.passt(raum_id)), None)

    def gebietsstand_am(self, datum: date) -> Gebietsstand:
        """The Gebietsstand in force on a day; days before the first belong to the first."""
        return next((s for s in reversed(self.gebietsstaende) if s.ab <= datum), self.gebietsstaende[0])

    def read_raeume(self) -> pd.DataFrame:
        """All Räume of all Gebietsstände in file order, the Rest-Raum last.

        Returns:
            One row per Raum and Gebietsstand: `raum_id`, `gebietsstand`, `name`, `ebene`, `eltern_id` (missing for
            the top Raum), `rest` (bool).

        Raises:
            GebietError: table unreadable, or keys, levels and parents do not fit together.
        """
        teile = [tabelle[[*SPALTEN, "gebietsstand", "rest"]] for tabelle in self._staende]
        return pd.concat(teile, ignore_index=True)[["raum_id", "gebietsstand", "name", "ebene", "eltern_id", "rest"]]

    def read_eltern(self) -> pd.DataFrame:
        """Parent of every Raum in every hierarchy; the one by levels is called "gebiet".

        A further hierarchy is a whole one: what belongs to none of its areas hangs beside them, and the areas
        themselves belong to it alone. So the children of a Raum in one hierarchy always add up to it.

        Returns:
            One row per Raum, Gebietsstand and hierarchy: `raum_id`, `gebietsstand`, `eltern_id`, `hierarchie`.
        """
        return pd.concat([_read_hierarchien(tabelle) for tabelle in self._staende], ignore_index=True)

    def find_ohne_geometrie(self, stand: Gebietsstand) -> set[str]:
        """Räume of a Gebietsstand without an area: the Rest-Raum, the declared ones, and whoever has no other parts."""
        tabelle = next(t for t in self._staende if t["gebietsstand"].iloc[0] == stand.id)
        ohne = set(stand.ohne_geometrie) | set(tabelle.loc[tabelle["rest"], "raum_id"])
        for ebene in reversed(self.ebenen[:-1]):
            kinder = tabelle[~tabelle["rest"]].dropna(subset=["eltern_id"]).groupby("eltern_id")["raum_id"].agg(set)
            oben = tabelle.loc[tabelle["ebene"] == ebene.id, "raum_id"]
            ohne |= {raum_id for raum_id in oben if raum_id in kinder.index and kinder[raum_id] <= ohne}
        return ohne

    @cached_property
    def _staende(self) -> list[pd.DataFrame]:
        """The checked tables; read once, since every delivered file asks for them."""
        return [self._read_stand(stand) for stand in self.gebietsstaende]

    def _read_stand(self, stand: Gebietsstand) -> pd.DataFrame:
        """raeume.csv of one Gebietsstand, checked, with the Rest-Raum and further hierarchies as columns."""
        pfad = self.ordner / stand.raeume
        tabelle = _read_tabelle(self, pfad)
        check_raeume(self, tabelle, pfad)
        tabelle = tabelle.assign(gebietsstand=stand.id, rest=False)
        if self.rest_raum is None:
            return tabelle
        oberster = tabelle.loc[tabelle["ebene"] == self.ebenen[0].id, "raum_id"].iloc[0]
        zeile = {**self.rest_raum.model_dump(), "eltern_id": oberster, "gebietsstand": stand.id, "rest": True}
        return pd.concat([tabelle, pd.DataFrame([zeile])], ignore_index=True)


def read_gebiete(*wurzeln: Path) -> dict[str, Gebiet]:
    """All territories below the given folders by id, default: those that ship; later folders overlay earlier ones."""
    ordner = {p.parent.name: p.parent for wurzel in wurzeln or (GEBIETE,) for p in sorted(wurzel.glob("*/gebiet.toml"))}
    return {gebiet_id: read_gebiet(pfad) for gebiet_id, pfad in sorted(ordner.items())}


def read_gebiet(ordner: Path) -> Gebiet:
    """One territory from its folder, whose name is its id.

    Raises:
        GebietError: gebiet.toml missing, not TOML, or with wrong, missing or unknown keys.
    """
    pfad = ordner / "gebiet.toml"
    try:
        inhalt = tomllib.loads(pfad.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fehler:
        raise GebietError(
            f"Gebiet »{ordner.name}«: gebiet.toml lässt sich nicht lesen ({fehler}).",
            wo=str(pfad),
            tun="Datei anlegen oder die genannte Stelle berichtigen (TOML, UTF-8).",
        ) from None
    try:
        return Gebiet.model_validate({**inhalt, "id": ordner.name, "ordner": ordner})
    except ValidationError as fehler:
        raise _toml_fehler(fehler, ordner.name, pfad) from None


MODELLE = (Gebiet, Ebene, RestRaum, Gebietsstand, Schluesselkorrektur, FesterUmstieg)
FELDER = {name for modell in MODELLE for name in modell.model_fields}
FELDER = FELDER - {"ordner", "ebenen", "gebietsstaende", "korrekturen"} | {"ebene", "gebietsstand", "korrektur"}


def _toml_fehler(fehler: ValidationError, gebiet_id: str, pfad: Path) -> GebietError:
    """The findings of pydantic in German, with key path and a suggestion for misspelt keys."""
    texte = [_toml_befund(befund) for befund in fehler.errors()]
    naechster = (get_close_matches(str(b["loc"][-1]), FELDER, n=1) for b in fehler.errors() if "extra" in b["type"])
    gemeint = next((f"Gemeint »{treffer[0]}«? " for treffer in naechster if treffer), "")
    return GebietError(
        f"Gebiet »{gebiet_id}«: {texte[0]}.",
        wo="; ".join([str(pfad), *texte[1:]]),
        tun=f"{gemeint}Den Eintrag in gebiet.toml berichtigen.",
    )


def _toml_befund(befund: dict) -> str:
    if befund["type"] == "value_error":
        return f"{'.'.join(map(str, befund['loc']))} {befund['ctx']['error']}".strip()
    return sage_befund(befund)


def _read_hierarchien(tabelle: pd.DataFrame) -> pd.DataFrame:
    """`Gebiet.read_eltern` of one Gebietsstand, from its table."""
    eltern = tabelle.dropna(subset=["eltern_id"]).set_index("raum_id")["eltern_id"].to_dict()
    spalten = [s for s in tabelle if s.endswith("_id") and s not in SPALTEN]
    weitere = {s.removesuffix("_id"): tabelle.dropna(subset=[s]) for s in spalten}
    wege = {h: dict(zip(teil["raum_id"], teil[f"{h}_id"], strict=True)) for h, teil in weitere.items()}
    koepfe = {kopf for weg in wege.values() for kopf in weg.values()}
    for hierarchie, teil in weitere.items():
        weg = wege[hierarchie]
        oben = {kopf: eltern[kopf] for kopf in set(weg.values()) if kopf in eltern}
        daneben = tabelle[tabelle["ebene"].isin(set(teil["ebene"])) & ~tabelle["raum_id"].isin(weg)]["raum_id"]
        daneben = {raum_id: _steige(raum_id, eltern, set(oben.values())) for raum_id in daneben}
        wege[hierarchie] = weg | oben | {raum_id: ziel for raum_id, ziel in daneben.items() if ziel}
    wege = {HAUPTHIERARCHIE: {r: e for r, e in eltern.items() if r not in koepfe}} | wege
    zeilen = [(raum_id, oben, hierarchie) for hierarchie, weg in wege.items() for raum_id, oben in weg.items()]
    df = pd.DataFrame(zeilen, columns=["raum_id", "eltern_id", "hierarchie"], dtype="str")
    return df.assign(gebietsstand=tabelle["gebietsstand"].iloc[0])


def _steige(raum_id: str, eltern: dict[str, str], ziele: set[str]) -> str | None:
    """The first of `ziele` above a Raum."""
    while (raum_id := eltern.get(raum_id)) and raum_id not in ziele:
        pass
    return raum_id


def _read_tabelle(gebiet: Gebiet, pfad: Path) -> pd.DataFrame:
    """raeume.csv as text; empty cells are missing values."""
    try:
        tabelle = pd.read_csv(
            pfad, sep=";", dtype="str", keep_default_na=False, na_values=[""], encoding="utf-8-sig", index_col=False
        )
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as fehler:
        raise GebietError(
            f"Gebiet »{gebiet.id}«: Die Liste der Räume lässt sich nicht lesen ({fehler}).",
            wo=str(pfad),
            tun=f"Als CSV in UTF-8 mit Semikolon und den Spalten {';'.join(SPALTEN)} ablegen.",
        ) from None
    fehlend = [spalte for spalte in SPALTEN if spalte not in tabelle]
    fremd = [spalte for spalte in tabelle if spalte not in SPALTEN and not spalte.endswith("_id")]
    if fehlend or fremd:
        raise GebietError(
            f"Gebiet »{gebiet.id}«: In der Liste der Räume stimmen die Spalten nicht "
            f"(es fehlen: {', '.join(fehlend) or 'keine'}; unbekannt: {', '.join(fremd) or 'keine'}).",
            wo=f"{pfad}, Zeile 1",
            tun=f"Spalten: {';'.join(SPALTEN)}, dazu je weiterer Hierarchie eine Spalte <hierarchie>_id.",
        )
    return tabelle


def check_raeume(gebiet: Gebiet, tabelle: pd.DataFrame, pfad: Path) -> None:
    """Raises a GebietError with the lines of the table when keys, levels or parents do not fit together."""
    befunde = find_raumfehler(gebiet, tabelle)
    if befunde.empty:
        return
    orte = [f"Zeile {b.zeile} ({b.raum_id}): {b.befund}" for b in befunde.head(8).itertuples()]
    rest = f" … und {len(befunde) - 8} weitere" if len(befunde) > 8 else ""
    raise GebietError(
        f"Gebiet »{gebiet.id}«: {len(befunde)} Fehler in der Liste der Räume.",
        wo=f"{pfad}, {'; '.join(orte)}{rest}",
        tun="Zeilen berichtigen oder in gebiet.toml unter [[ebene]] das Muster der Schlüssel anpassen.",
    )


def find_raumfehler(gebiet: Gebiet, tabelle: pd.DataFrame) -> pd.DataFrame:
    """Rows of raeume.csv that cannot be right.

    Returns:
        One row per finding: `zeile` (line in the file, header = 1), `raum_id`, `befund`. Empty means all is well.
    """
    ebene_von = dict(zip(tabelle["raum_id"], tabelle["ebene"], strict=True))
    oberste = [raum_id for raum_id, ebene in ebene_von.items() if ebene == gebiet.ebenen[0].id]
    doppelt = tabelle["raum_id"].duplicated().to_numpy()
    ebenen = {ebene.id: ebene for ebene in gebiet.ebenen}
    als_liste = tabelle.astype(object).to_numpy().tolist()  # ten thousand rows: cell by cell the frame is slow
    funde = []
    for nr, werte in enumerate(als_liste):
        zeile = dict(zip(tabelle.columns, werte, strict=True))
        texte = list(_zeilenfehler(gebiet, ebenen, zeile, ebene_von))
        if doppelt[nr]:
            texte.append("Schlüssel kommt doppelt vor")
        funde += [{"zeile": nr + 2, "raum_id": zeile["raum_id"], "befund": text} for text in texte]
    if len(oberste) != 1:
        text = f"die oberste Ebene »{gebiet.ebenen[0].id}« braucht genau einen Raum, hat aber {len(oberste)}"
        funde.append({"zeile": 1, "raum_id": ", ".join(oberste[:5]) or "–", "befund": text})
    return pd.DataFrame(funde, columns=["zeile", "raum_id", "befund"])


def _zeilenfehler(gebiet: Gebiet, ebenen: dict[str, Ebene], zeile: dict, ebene_von: dict[str, str]):
    """German findings on one row; `ebene_von` knows every Raum of the table."""
    if leer := [s for s in ("raum_id", "name", "ebene") if pd.isna(zeile[s])]:
        yield f"{', '.join(leer)} leer"
        return
    ebene = ebenen.get(zeile["ebene"])
    if ebene is None:
        yield f"Ebene »{zeile['ebene']}« ist in gebiet.toml nicht angelegt"
        return
    if not ebene.passt(zeile["raum_id"]):
        yield f"Schlüssel passt nicht zum Muster {ebene.muster} der Ebene »{ebene.id}«"
    if gebiet.rest_raum and zeile["raum_id"] == gebiet.rest_raum.raum_id:
        yield "der Rest-Raum steht in gebiet.toml, nicht in der Liste der Räume"
    eltern = None if pd.isna(zeile["eltern_id"]) else zeile["eltern_id"]
    if (ebene_von.get(eltern) if eltern else None) != ebene.eltern:
        yield f"Eltern-Raum »{eltern or ''}« ist kein Raum der Ebene »{ebene.eltern or 'keine'}« in dieser Liste"
    for spalte, wert in zeile.items():
        if spalte.endswith("_id") and spalte not in SPALTEN and not pd.isna(wert) and wert not in ebene_von:
            yield f"{spalte} »{wert}« ist kein Raum dieser Liste"
