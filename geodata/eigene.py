"""Own areas ("Eigene Räume"): sets of Räume of one level that a planner declares, one file per Gliederung.

`daten/<gebiet>/eigene/<id>.toml` names the level of the parts and the areas. The areas of one file are disjoint and
need not cover the Gebiet; several files may overlap. Each file becomes a level `eigene_<id>`. The key of an area ends
with a print of its parts: an area that is put together anew is another Raum, so that its old and new numbers never
pass for one series and the gate reckons with both.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from geodata.fehler import GebietError, sage_befund
from geodata.gebiet import Gebiet

VORSILBE = "eigene_"
ORDNER = "eigene"
KENNUNG = r"[a-z][a-z0-9_]{0,39}"
MINDEST_TEILE = 2
TEXT_BIS = 80  # characters of a name: longer ones break every table
WORTE = {"titel", "einzahl", "beschreibung", "bausteine", "raum", "id", "name", "teile"}


class EigenerRaum(BaseModel):
    """One area: its name and the keys of the Räume it is made of."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    name: str
    teile: tuple[str, ...]


class Eigene(BaseModel):
    """One Gliederung, as its file declares it; `id` is the file name.

    `titel` names all areas ("Planungsregionen"), `einzahl` one of them, `bausteine` is the level of the parts.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    id: str
    titel: str
    einzahl: str = "Eigener Raum"
    beschreibung: str = ""
    bausteine: str
    raeume: tuple[EigenerRaum, ...] = Field(alias="raum", min_length=1)

    @property
    def ebene(self) -> str:
        """Id of the level these areas form."""
        return VORSILBE + self.id

    def schluessel(self, raum: EigenerRaum) -> str:
        """Key of an area: file, id and a print of its parts."""
        abdruck = hashlib.sha256("\n".join(sorted(set(raum.teile))).encode()).hexdigest()[:6]
        return f"{self.ebene}-{raum.id}-{abdruck}"


@dataclass(frozen=True)
class Bestand:
    """What own areas can be made of: today's Räume of a Gebiet.

    `ebenen` level id → title from top to bottom; `raeume` raum_id, name, ebene, eltern_id, rest of today;
    `frueher` key of a Raum that is no more → (its name, first day without it); `ersatz` such a key → today's names.
    """

    ebenen: dict[str, str]
    raeume: pd.DataFrame
    frueher: dict[str, tuple[str, str]] = field(default_factory=dict)
    ersatz: dict[str, list[str]] = field(default_factory=dict)

    @property
    def bausteine(self) -> tuple[str, ...]:
        """Levels areas can be made of: all with more than one Raum."""
        anzahl = self.raeume.loc[~self.raeume["rest"].astype(bool), "ebene"].value_counts()
        return tuple(e for e in self.ebenen if anzahl.get(e, 0) > 1)

    def find_blaetter(self) -> dict[str, frozenset[str]]:
        """Each Raum as the set of Räume without children it consists of, by levels; the Rest-Raum belongs to none."""
        fest = self.raeume[~self.raeume["rest"].astype(bool)]
        kinder = fest.dropna(subset=["eltern_id"]).groupby("eltern_id")["raum_id"].agg(list).to_dict()
        blaetter: dict[str, frozenset[str]] = {}

        def sammle(raum_id: str) -> frozenset[str]:
            if raum_id not in blaetter:
                unten = [sammle(kind) for kind in kinder.get(raum_id, ())]
                blaetter[raum_id] = frozenset().union(*unten) if unten else frozenset([raum_id])
            return blaetter[raum_id]

        for raum_id in fest["raum_id"]:
            sammle(raum_id)
        return blaetter


@dataclass(frozen=True)
class Datei:
    """One file as found: what it declares, or why it cannot be used."""

    id: str
    pfad: Path
    eigene: Eigene | None
    fehler: GebietError | None = None


# --- reading -----------------------------------------------------------------------------------------------------


def read_dateien(ordner: Path, bestand: Bestand) -> list[Datei]:
    """All files of a folder by name. A file with an error is there with its error: the others still count."""
    dateien = []
    for pfad in sorted(ordner.glob("*.toml")):
        try:
            dateien.append(Datei(pfad.stem, pfad, read_datei(pfad, bestand)))
        except GebietError as fehler:
            dateien.append(Datei(pfad.stem, pfad, None, fehler))
    return dateien


def read_datei(pfad: Path, bestand: Bestand) -> Eigene:
    """One checked file.

    Raises:
        GebietError: names file and key path of everything that is wrong.
    """
    try:
        text = pfad.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fehler:
        raise GebietError(
            f"Die Datei mit den eigenen Räumen lässt sich nicht lesen ({fehler}).",
            wo=str(pfad),
            tun="Pfad und Schreibweise prüfen; als UTF-8 speichern.",
        ) from None
    return parse(text, pfad.stem, bestand, wo=str(pfad))


def parse(text: str, kennung: str, bestand: Bestand, *, wo: str) -> Eigene:
    """The content of a file, checked; `wo` names it in errors."""
    try:
        inhalt = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fehler:
        raise GebietError(
            f"Eigene Räume »{kennung}«: Die Datei ist kein lesbares TOML ({fehler}).",
            wo=wo,
            tun="Die genannte Stelle berichtigen; das Handbuch zeigt ein Beispiel (Eigene Räume).",
        ) from None
    try:
        eigene = Eigene.model_validate({**inhalt, "id": kennung})
    except ValidationError as fehler:
        raise _modellfehler(fehler, kennung, wo) from None
    check(eigene, bestand, wo=wo)
    return eigene


def _modellfehler(fehler: ValidationError, kennung: str, wo: str) -> GebietError:
    befunde = fehler.errors()
    texte = [_modellbefund(befund) for befund in befunde]
    naechste = (get_close_matches(str(b["loc"][-1]), WORTE, n=1) for b in befunde if b["type"] == "extra_forbidden")
    gemeint = next((f"Gemeint »{treffer[0]}«? " for treffer in naechste if treffer), "")
    return GebietError(
        f"Eigene Räume »{kennung}«: {texte[0]}.",
        wo="; ".join([wo, *texte[1:8]]),
        tun=f"{gemeint}Erlaubt sind titel, einzahl, beschreibung, bausteine und je [[raum]] id, name, teile.",
    )


def _modellbefund(befund: dict) -> str:
    return "es ist kein Raum angegeben ([[raum]])" if befund["type"] == "too_short" else sage_befund(befund)


# --- checking ----------------------------------------------------------------------------------------------------


def check(eigene: Eigene, bestand: Bestand, *, wo: str) -> None:
    """Raises a GebietError when a Gliederung cannot be formed out of today's Räume."""
    funde = list(find_fehler(eigene, bestand))
    if not funde:
        return
    mehr = f" … und {len(funde) - 8} weitere" if len(funde) > 8 else ""
    anzahl = f" ({len(funde)} Fehler)" if len(funde) > 1 else ""
    raise GebietError(
        f"Eigene Räume »{eigene.id}«: {funde[0][1]}{anzahl}.",
        wo=f"{wo}, " + "; ".join(f"{ort}: {text}" if nr else ort for nr, (ort, text) in enumerate(funde[:8])) + mehr,
        tun="Die genannten Einträge berichtigen; »sozialraum eigene pruefen« zeigt, ob alles stimmt.",
    )


def find_fehler(eigene: Eigene, bestand: Bestand) -> Iterator[tuple[str, str]]:
    """(key path, German finding) for everything that is wrong with a Gliederung by itself; no numbers are needed."""
    if not re.fullmatch(KENNUNG, eigene.id):
        yield "Dateiname", f"»{eigene.id}« passt nicht: Kleinbuchstaben, Ziffern und _ (höchstens 40)"
    if eigene.ebene in bestand.ebenen:
        yield "Dateiname", f"das Gebiet hat schon eine Ebene »{eigene.ebene}«"
    for ort in ("titel", "einzahl"):
        if fund := _textfehler(getattr(eigene, ort)):
            yield ort, fund
    if eigene.bausteine not in bestand.bausteine:
        yield "bausteine", f"aus »{eigene.bausteine}« lässt sich nichts bilden; möglich: {', '.join(bestand.bausteine)}"
        return
    yield from _raumfehler(eigene, bestand)


def _textfehler(text: str) -> str:
    if not text.strip():
        return "ein leerer Text"
    if len(text) > TEXT_BIS or not text.isprintable():
        return f"höchstens {TEXT_BIS} Zeichen in einer Zeile"
    return ""


def _raumfehler(eigene: Eigene, bestand: Bestand) -> Iterator[tuple[str, str]]:
    namen = {name.casefold(): name for name in bestand.raeume["name"]}
    ebene_von = dict(zip(bestand.raeume["raum_id"], bestand.raeume["ebene"], strict=True))
    name_von = dict(zip(bestand.raeume["raum_id"], bestand.raeume["name"], strict=True))
    rest = set(bestand.raeume.loc[bestand.raeume["rest"].astype(bool), "raum_id"])
    blaetter = bestand.find_blaetter()
    gleich = {menge: raum_id for raum_id, menge in blaetter.items() if ebene_von[raum_id] != eigene.bausteine}
    kennungen: set[str] = set()
    eigene_namen: set[str] = set()
    vergeben: dict[str, str] = {}
    for nr, raum in enumerate(eigene.raeume, start=1):
        ort = f"raum {nr} ({raum.name or raum.id})"
        if not re.fullmatch(KENNUNG, raum.id):
            yield f"{ort}, id", f"»{raum.id}« passt nicht: Kleinbuchstaben, Ziffern und _ (höchstens 40)"
        if raum.id in kennungen:
            yield f"{ort}, id", f"die id »{raum.id}« kommt doppelt vor"
        kennungen.add(raum.id)
        if fund := _textfehler(raum.name):
            yield f"{ort}, name", fund
        if raum.name.casefold() in namen:
            yield f"{ort}, name", f"so heißt schon ein Raum des Gebiets: »{namen[raum.name.casefold()]}«"
        if raum.name.casefold() in eigene_namen:
            yield f"{ort}, name", f"der Name »{raum.name}« kommt doppelt vor"
        eigene_namen.add(raum.name.casefold())
        gueltig = []
        for teil in raum.teile:
            if teil in rest:
                yield f"{ort}, teile", f"»{teil}« ist kein Ort, sondern sammelt, was sich nicht zuordnen lässt"
            elif teil not in ebene_von:
                yield f"{ort}, teile", _unbekannt(teil, eigene, bestand)
            elif ebene_von[teil] != eigene.bausteine:
                titel = bestand.ebenen.get(ebene_von[teil], ebene_von[teil])
                yield f"{ort}, teile", f"»{teil}« ({name_von[teil]}) gehört zur Ebene {titel}, nicht zu den Bausteinen"
            elif teil in gueltig:
                yield f"{ort}, teile", f"»{teil}« ({name_von[teil]}) ist zweimal aufgeführt"
            elif teil in vergeben:
                yield f"{ort}, teile", f"»{teil}« ({name_von[teil]}) gehört schon zu »{vergeben[teil]}«"
            else:
                gueltig.append(teil)
        vergeben |= dict.fromkeys(gueltig, raum.name)
        if len(set(raum.teile)) < MINDEST_TEILE:
            yield f"{ort}, teile", f"mindestens {MINDEST_TEILE} Räume sind nötig; ein einzelner Raum ist schon da"
        menge = frozenset().union(*(blaetter[teil] for teil in gueltig)) if gueltig else frozenset()
        if menge in gleich and len(gueltig) == len(raum.teile):
            yield f"{ort}, teile", f"das ist genau der Raum »{name_von[gleich[menge]]}«; er ist schon da"


def _unbekannt(teil: str, eigene: Eigene, bestand: Bestand) -> str:
    """Why a part is not there: cut anew since, or misspelt."""
    if teil in bestand.frueher:
        name, ab = bestand.frueher[teil]
        heute = bestand.ersatz.get(teil)
        statt = f"; an seine Stelle getreten: {', '.join(heute)}" if heute else ""
        return f"»{teil}« ({name}) gibt es seit dem Gebietsstand {ab} nicht mehr{statt}"
    da = bestand.raeume.loc[bestand.raeume["ebene"] == eigene.bausteine]
    namen = dict(zip(da["name"], da["raum_id"], strict=True))
    if teil in namen:
        return f"»{teil}« ist ein Name; gebraucht wird der Schlüssel »{namen[teil]}«"
    nahe = get_close_matches(teil, list(da["raum_id"]), n=1, cutoff=0.8)
    return f"»{teil}« gibt es nicht" + (f"; gemeint »{nahe[0]}«?" if nahe else "")


# --- today's Räume, and what became of older ones ----------------------------------------------------------------


def read_bestand(gebiet: Gebiet) -> Bestand:
    """What own areas of a Gebiet can be made of. The weight tables say what replaced a Raum that is no more."""
    from geodata.umstieg import read_umstiege  # shapely: not needed by pages, which only format and check

    alle = gebiet.read_raeume()
    staende = [stand.id for stand in gebiet.gebietsstaende]
    heute = alle[alle["gebietsstand"] == staende[-1]].reset_index(drop=True)
    namen = dict(zip(heute["raum_id"], heute["name"], strict=True))
    frueher: dict[str, tuple[str, str]] = {}
    for z in alle[~alle["raum_id"].isin(heute["raum_id"])].to_dict("records"):  # the newest Stand that knew it wins
        frueher[z["raum_id"]] = (z["name"], staende[staende.index(z["gebietsstand"]) + 1])
    ersatz: dict[str, list[str]] = {}
    for tabelle in read_umstiege(gebiet).values():
        for alt, teil in tabelle[tabelle["raum_alt"].isin(list(frueher))].groupby("raum_alt"):
            ersatz[str(alt)] = [f"{neu} ({namen.get(neu, neu)})" for neu in sorted(teil["raum_neu"])]
    return Bestand({e.id: e.titel for e in gebiet.ebenen}, heute.drop(columns="gebietsstand"), frueher, ersatz)


# --- writing -----------------------------------------------------------------------------------------------------


def format_toml(eigene: Eigene) -> str:
    """A file that `parse` reads back as the same."""
    zeilen = ["# Eigene Räume: siehe Handbuch, »Eigene Räume«. Teile sind Schlüssel der Ebene unter »bausteine«."]
    for name in ("titel", "einzahl", "beschreibung", "bausteine"):
        zeilen.append(f"{name} = {_text(getattr(eigene, name))}")
    for raum in eigene.raeume:
        zeilen += ["", "[[raum]]", f"id = {_text(raum.id)}", f"name = {_text(raum.name)}"]
        zeilen += ["teile = [", *(f"    {_text(teil)}," for teil in raum.teile), "]"]
    return "\n".join(zeilen) + "\n"


def _text(wert: str) -> str:
    """A TOML basic string; the escapes of JSON are a subset of TOML's."""
    return json.dumps(wert, ensure_ascii=False).replace("\x7f", "\\u007f")


UMLAUTE = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def build_kennung(name: str, vergeben: Iterable[str] = ()) -> str:
    """An id out of a German name: `Süd/Mitte` → `sued_mitte`; never one of `vergeben`."""
    kern = re.sub(r"[^a-z0-9]+", "_", name.casefold().translate(UMLAUTE)).strip("_")[:36].strip("_")
    kern = kern if re.match("[a-z]", kern) else f"r_{kern}".strip("_")
    vergeben, nr, kennung = set(vergeben), 2, kern
    while kennung in vergeben:
        kennung, nr = f"{kern}_{nr}", nr + 1
    return kennung


def lege_ab(ordner: Path, eigene: Eigene) -> Path:
    """Write a checked Gliederung as `<id>.toml` into the folder, whole or not at all; an older one is replaced."""
    ordner.mkdir(parents=True, exist_ok=True)
    ziel, neu = ordner / f"{eigene.id}.toml", ordner / f".{eigene.id}.neu"
    neu.write_text(format_toml(eigene), encoding="utf-8", newline="\n")
    neu.replace(ziel)
    return ziel
