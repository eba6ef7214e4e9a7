"""A draft of an own area as it travels in a link or a form: read, completed, checked against what this reader sees."""

from dataclasses import dataclass
from itertools import chain, islice

import pandas as pd

from dashboard.ansicht import UnbekannteAngabe
from geodata.differenz import Vorhaben, find_zugelassene
from geodata.eigene import Bestand, Datei, Eigene, EigenerRaum, build_kennung, find_fehler

BEVOELKERUNG = ("bevoelkerung", "bev", "einwohner")
FELD_BIS = 200  # characters; the form stops at TEXT_BIS, a key of a Raum is shorter
BEFUNDE = 20  # on one page; looking for the name that was meant takes milliseconds each


@dataclass(frozen=True)
class Entwurf:
    """`gliederung` is the id of an existing one, empty for a new one with `titel` and `einzahl`."""

    bausteine: str
    gliederung: str
    titel: str
    einzahl: str
    name: str
    teile: tuple[str, ...]
    geprueft: bool
    gliederungen: tuple[Eigene, ...]  # those the reader may extend or knows

    def als_eigene(self) -> Eigene:
        """The whole Gliederung with the new area as its last one."""
        alte = next((e for e in self.gliederungen if e.id == self.gliederung), None)
        vorhanden = alte.raeume if alte else ()
        kennung = build_kennung(self.name or "raum", {r.id for r in vorhanden})
        raum = EigenerRaum(id=kennung, name=self.name, teile=self.teile)
        if alte:
            return alte.model_copy(update={"raeume": (*vorhanden, raum)})
        return Eigene(
            id=build_kennung(self.titel or "eigene", {e.id for e in self.gliederungen}),
            titel=self.titel,
            einzahl=self.einzahl or "Eigener Raum",
            bausteine=self.bausteine,
            raeume=(raum,),
        )


@dataclass(frozen=True)
class Gezeigter:
    """An area as the page lists it, with the key of its Steckbrief."""

    name: str
    teile: tuple[str, ...]
    zustand: str
    grund: str = ""
    schluessel: str = ""


def build_entwurf(store, werkstatt, werte: dict[str, list[str]]) -> Entwurf:
    """Out of the fields of a link or a form; unknown ones are ignored, an unknown level is not.

    Raises:
        UnbekannteAngabe: there is no such level or Gliederung here, or more is told than any form sends.
    """
    bestand = read_bestand(store)
    _check_umfang(werte, hoechstens=len(bestand.raeume))
    gliederungen = tuple(read_gliederungen(store, werkstatt))
    bausteine = _eins(werte, "bausteine") or (bestand.bausteine[-1] if bestand.bausteine else "")
    if bausteine and bausteine not in bestand.bausteine:
        raise UnbekannteAngabe(f"Aus der Ebene »{bausteine}« lässt sich hier nichts bilden.")
    gliederung = _eins(werte, "gliederung")
    if gliederung and gliederung not in {e.id for e in gliederungen if e.bausteine == bausteine}:
        raise UnbekannteAngabe(f"Eine Gliederung »{gliederung}« gibt es hier nicht.")
    return Entwurf(
        bausteine=bausteine,
        gliederung=gliederung,
        titel=_eins(werte, "titel"),
        einzahl=_eins(werte, "einzahl"),
        name=_eins(werte, "name"),
        teile=tuple(dict.fromkeys(werte.get("teil", ()))),
        geprueft="pruefen" in werte,
        gliederungen=gliederungen,
    )


def _check_umfang(werte: dict[str, list[str]], *, hoechstens: int) -> None:
    """Every part is looked up and every text comes back on the page: a link written by hand must not keep a thread
    busy for minutes."""
    if sum(map(len, werte.values())) > hoechstens + 20 or any(len(w) > FELD_BIS for w in chain(*werte.values())):
        raise UnbekannteAngabe("Dieser Link hat zu viele oder zu lange Angaben.")


def _eins(werte: dict[str, list[str]], name: str) -> str:
    return " ".join(werte.get(name, [""])[-1].split())


def read_bestand(store) -> Bestand:
    """Today's Räume of the Gebiet as this reader sees them, without own areas."""
    ebenen = {e.id: e.titel for e in store.stand.ebenen_gebiet}
    raeume = store.raeume()
    heute = raeume[raeume["bis"].isna() & raeume["ebene"].isin(list(ebenen))]
    return Bestand(ebenen, heute[["raum_id", "name", "ebene", "eltern_id", "rest"]].reset_index(drop=True))


def read_gliederungen(store, werkstatt) -> list[Eigene]:
    """The Gliederungen there are: all files for whoever keeps them, otherwise those shown."""
    if werkstatt:
        return [d.eigene for d in werkstatt.dateien(store.stand.gebiet_id) if d.eigene]
    gezeigte = []
    for ebene in store.stand.ebenen_eigene:
        raeume = [
            EigenerRaum(id=z.raum_id.split("-")[1], name=z.name, teile=tuple(store.teile(z.raum_id)))
            for z in store.raeume(ebene.id).itertuples()
        ]
        if raeume:
            gezeigte.append(
                Eigene(
                    id=ebene.id.removeprefix("eigene_"),
                    titel=ebene.titel_plural,
                    einzahl=ebene.titel,
                    beschreibung=ebene.beschreibung,
                    bausteine=ebene.bausteine,
                    raeume=tuple(raeume),
                )
            )
    return gezeigte


def read_vorhandene(store, werkstatt) -> dict[str, list[Gezeigter]]:
    """Title of the Gliederung → its areas, with what became of them."""
    gruppen: dict[str, list[Gezeigter]] = {}
    if not werkstatt:
        for eigene in read_gliederungen(store, None):
            for raum in eigene.raeume:
                neu = Gezeigter(raum.name, raum.teile, "gezeigt", schluessel=eigene.schluessel(raum))
                gruppen.setdefault(eigene.titel, []).append(neu)
        return gruppen
    for z in werkstatt.liste(store.stand.gebiet_id):
        neu = Gezeigter(z.name, z.teile, z.zustand, z.grund, z.schluessel)
        gruppen.setdefault(z.titel, []).append(neu)
    return gruppen


# --- checking ----------------------------------------------------------------------------------------------------


def find_befunde(store, bestand: Bestand, entwurf: Entwurf) -> list[str]:
    """German sentences on everything that stands against the draft, by what this reader may know."""
    eigene = entwurf.als_eigene()
    neu = eigene.raeume[-1]
    fehler = (_satz(ort, text, len(eigene.raeume)) for ort, text in find_fehler(eigene, bestand))
    if fehler := list(islice(filter(None, fehler), BEFUNDE)):
        return fehler
    andere = [Datei(e.id, None, e) for e in entwurf.gliederungen if e.id != eigene.id]
    # What is there comes first: it is the draft that has to give way.
    archiv = [e.model_copy(update={"raeume": (r,)}) for e in entwurf.gliederungen for r in e.raeume]
    vorhaben = Vorhaben(bestand, [*andere, Datei(eigene.id, None, eigene)], archiv)
    leer = pd.DataFrame(columns=["raum_id", "eltern_id", "hierarchie"])
    _, ablehnungen = find_zugelassene(vorhaben, leer, build_ist_klein(store, bestand))
    return [a.grund for a in ablehnungen if (a.datei, a.raum) == (eigene.id, neu.id)]


def _satz(ort: str, text: str, nr: int) -> str:
    """A finding on the new area or its Gliederung as a sentence; findings on older areas are not the draft's."""
    if ort.startswith("raum ") and not ort.startswith(f"raum {nr} "):
        return ""
    feld = ort.split(", ")[-1] if ort.startswith("raum ") else ort
    titel = {"name": "Name des Raums", "titel": "Titel der Gliederung", "einzahl": "Einzahl", "teile": "Auswahl"}
    return f"{titel.get(feld, feld)}: {text}."


def build_ist_klein(store, bestand: Bestand):
    """Whether so few people live in a set of Räume that they need protection, by published numbers alone."""
    einwohner, _ = find_einwohner(store, list(bestand.ebenen)[-1])

    def ist_klein(teile: frozenset[str]) -> bool:
        if not teile or not teile <= set(einwohner):
            return False
        # a hidden number of inhabitants is a small one
        return sum(einwohner[t] if einwohner[t] == einwohner[t] else 0 for t in teile) < store.einwohner_mindest

    return ist_klein


def find_einwohner(store, ebene: str) -> tuple[dict[str, float], object]:
    """raum_id → inhabitants at the newest Stichtag of the level (NaN: hidden), and that Stichtag; empty if unknown."""
    for eintrag in store.katalog():
        if eintrag.art == "anzahl" and eintrag.id.startswith(BEVOELKERUNG) and ebene in eintrag.ebenen:
            tag = eintrag.stichtage[ebene][-1]
            werte = store.read_werte(eintrag.id, ebene, tag)
            return dict(zip(werte["raum_id"], werte["wert"].astype(float), strict=True)), tag
    return {}, None
