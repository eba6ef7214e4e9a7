"""Workbook for the örtliche Planung (§ 7 APG NRW): one sheet per table, filled as far as deliveries reach."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from pathlib import Path

import pandas as pd

from indicators.bericht import pflegetabellen, texte
from indicators.bericht.ablage import ersetze
from indicators.bericht.mappe import Mappe, Zahl, Zelle, zelle
from indicators.bericht.tabellen import stand_zeilen
from indicators.store import Eintrag, Store

TITEL = "Örtliche Planung Alter und Pflege – Datenteil (§ 7 APG NRW)"
LEITKENNZAHLEN = ("pp_pflegebeduerftige", "pp_anteil_65_plus")
NICHT_GELIEFERT = texte.ZEICHEN["nicht_geliefert"]


@dataclass(frozen=True)
class Spalte:
    titel: str
    kennzahl: str
    feld: str = "wert"
    sonst: str = ""  # Kennzahl that stands in where the first has no values


@dataclass(frozen=True)
class Tabelle:
    """One table of the report as pflegeplanung.toml declares it."""

    nr: str
    blatt: str
    titel: str
    vorgesehen: str
    fehlt: str
    lieferant: str
    alle_stichtage: bool = False
    anmerkung: str = ""
    voraus: str = ""  # filled from the projection, see pflegetabellen
    spalten: tuple[Spalte, ...] = ()


@dataclass(frozen=True)
class Punkt:
    """One value of a series together with the one before it, None at its beginning."""

    wert: pd.Series
    vorher: pd.Series | None


def list_berichte() -> dict[str, Callable[[Store, Path], Path]]:
    """Name for the command line → writer."""
    return {"pflegeplanung": write_pflegeplanung}


def write_pflegeplanung(store: Store, ziel: Path) -> Path:
    """Write the workbook into the folder `ziel` and return its path; an abort leaves no half file.

    Rows are the Räume of the levels that care statistics know, see `find_ebenen`. A value without number shows its
    sign; a table without any delivery says which one is missing and who usually supplies it.
    """
    tabellen = [_waehle(store, tabelle) for tabelle in read_tabellen()]
    mappe = Mappe(f"{TITEL}: {store.stand.gebiet_name}", store.stand)
    gefuellt = {tabelle.nr: _fuelle(store, tabelle) for tabelle in tabellen}
    mappe.textblatt("Deckblatt", TITEL, [*stand_zeilen(store.stand), *_inhalt(tabellen, gefuellt), *texte.LEGENDE])
    for tabelle in tabellen:
        titel = f"{tabelle.nr} {tabelle.titel}"
        zeilen = gefuellt[tabelle.nr]
        if zeilen:
            mappe.tabelle(
                f"{tabelle.nr} {tabelle.blatt}", titel, _kopf(tabelle), zeilen, hinweise=_hinweise(store, tabelle)
            )
        else:
            mappe.satzblatt(f"{tabelle.nr} {tabelle.blatt}", titel, fehl_saetze(tabelle))
    mappe.tabelle("T19 Methoden & Quellen", "T19 Methoden und Quellen", _METHODEN_KOPF, _methoden(store, tabellen))
    ziel.mkdir(parents=True, exist_ok=True)
    pfad = ziel / f"pflegeplanung_{store.stand.gebiet_id}_{store.stand.freigabe}.xlsx"
    with ersetze(pfad, "wb") as datei:
        datei.write(mappe.in_bytes())
    return pfad


def read_tabellen() -> list[Tabelle]:
    roh = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))["tabelle"]
    return [Tabelle(**t | {"spalten": tuple(Spalte(**s) for s in t.get("spalten", ()))}) for t in roh]


def find_ebenen(store: Store) -> list[str]:
    """Levels of the report, top first: those with care statistics or official population, else the two upper ones."""
    bekannt = [e for e in map(store.eintrag, LEITKENNZAHLEN) if e]
    return list(bekannt[0].ebenen) if bekannt else [ebene.id for ebene in store.stand.ebenen_gebiet[:2]]


# --- filling one table -----------------------------------------------------------------------


def _fuelle(store: Store, tabelle: Tabelle) -> list[list[Zelle]]:
    """Rows of a table, newest Stichtag first; empty when no Kennzahl of the table has a value here."""
    if tabelle.voraus:
        return pflegetabellen.fuelle(store, tabelle.voraus)
    raeume = pd.concat([store.raeume(ebene) for ebene in find_ebenen(store)])
    eintraege = _eintraege(store, tabelle)
    punkte = {kennzahl_id: _punkte(store, kennzahl_id, list(raeume["raum_id"])) for kennzahl_id in eintraege}
    stichtage = _stichtage(tabelle, punkte)
    zeilen = []
    for stichtag in stichtage:
        for raum in raeume.itertuples():
            gefunden = {k: reihe.get((raum.raum_id, stichtag)) for k, reihe in punkte.items()}
            if any(gefunden.values()):
                werte = [_zelle(spalte, eintraege.get(spalte.kennzahl), gefunden) for spalte in tabelle.spalten]
                zeilen.append([raum.raum_id, raum.name, store.stand.ebene(raum.ebene).titel, stichtag, *werte])
    return zeilen


def _waehle(store: Store, tabelle: Tabelle) -> Tabelle:
    """The table with the Kennzahlen that have values here."""
    spalten = tuple(
        s if store.eintrag(s.kennzahl) else replace(s, kennzahl=s.sonst or s.kennzahl) for s in tabelle.spalten
    )
    return replace(tabelle, spalten=spalten)


def _eintraege(store: Store, tabelle: Tabelle) -> dict[str, Eintrag]:
    """Kennzahlen of the table that have values on the levels of the report."""
    ebenen = set(find_ebenen(store))
    eintraege = {spalte.kennzahl: store.eintrag(spalte.kennzahl) for spalte in tabelle.spalten}
    return {kennzahl_id: e for kennzahl_id, e in eintraege.items() if e and ebenen & set(e.ebenen)}


def _punkte(store: Store, kennzahl_id: str, raum_ids: list[str]) -> dict[tuple[str, date], Punkt]:
    reihen = texte.nur_offene(store.read_reihe(kennzahl_id, raum_ids))
    punkte = {}
    for raum_id, reihe in reihen.groupby("raum_id", sort=False):
        zeilen = [zeile for _, zeile in reihe.iterrows()]
        for vorher, zeile in pairwise([None, *zeilen]):
            punkte[raum_id, zeile["stichtag"]] = Punkt(zeile, vorher)
    return punkte


def _stichtage(tabelle: Tabelle, punkte: dict[str, dict[tuple[str, date], Punkt]]) -> list[date]:
    """Stichtage of the first Kennzahl that is there, newest first; the newest alone unless the table shows a series."""
    erste = next(iter(punkte.values()), {})
    stichtage = sorted({stichtag for _, stichtag in erste}, reverse=True)
    return stichtage if tabelle.alle_stichtage else stichtage[:1]


def _zelle(spalte: Spalte, eintrag: Eintrag | None, gefunden: dict[str, Punkt | None]) -> Zelle:
    punkt = gefunden.get(spalte.kennzahl)
    if eintrag is None or punkt is None:
        return NICHT_GELIEFERT
    if spalte.feld == "bruch":
        return "; ".join(f"{b.ab:%d.%m.%Y}: {b.grund}" for b in _brueche(eintrag, punkt))
    if spalte.feld.startswith("delta"):
        return _veraenderung(punkt, eintrag, prozent=spalte.feld == "delta_prozent")
    wert = punkt.wert[spalte.feld]
    if spalte.feld in ("zaehler", "nenner"):
        return zelle(punkt.wert["status"], wert, 0 if pd.isna(wert) or wert.is_integer() else 1)
    return zelle(punkt.wert["status"], wert, eintrag.stellen)


def _veraenderung(punkt: Punkt, eintrag: Eintrag, *, prozent: bool) -> Zelle:
    """Change of the Zähler to the Stichtag before, from open values only; `x` across a break or a re-cut."""
    if punkt.vorher is None:
        return None
    trennt = any(bruch.wirkung == "trennt" for bruch in _brueche(eintrag, punkt))
    if trennt or punkt.wert["zuschnitt"] != punkt.vorher["zuschnitt"]:
        return texte.ZEICHEN["nicht_sinnvoll"]
    for zeile in (punkt.wert, punkt.vorher):
        if zeile["status"] not in texte.MIT_WERT:
            return texte.ZEICHEN[zeile["status"]]
    alt, neu = punkt.vorher["zaehler"], punkt.wert["zaehler"]
    if not prozent:
        return Zahl(neu - alt)
    return Zahl((neu - alt) / alt * 100, 1) if alt else texte.ZEICHEN["nicht_definiert"]


def _brueche(eintrag: Eintrag, punkt: Punkt) -> list:
    """Breaks between the Stichtag before and this one."""
    if punkt.vorher is None:
        return []
    return [b for b in eintrag.brueche if punkt.vorher["stichtag"] < b.ab <= punkt.wert["stichtag"]]


# --- words -----------------------------------------------------------------------------------

STICHTAG = 3  # column
_METHODEN_KOPF = ("Abschnitt", "Gegenstand", "Angabe")


def _kopf(tabelle: Tabelle) -> list[str]:
    spalten = pflegetabellen.kopf(tabelle.voraus) if tabelle.voraus else [spalte.titel for spalte in tabelle.spalten]
    return ["Schlüssel", "Raum", "Ebene", "Stichtag", *spalten]


def fehl_saetze(tabelle: Tabelle) -> list[str]:
    """What stands on a sheet whose delivery is missing."""
    return [
        f"Diese Tabelle ist noch nicht gefüllt. Es fehlt diese Lieferung: {tabelle.fehlt}.",
        f"Üblicher Lieferant: {tabelle.lieferant}.",
        f"Vorgesehener Inhalt: {tabelle.vorgesehen}.",
        "Wie eine Lieferung angebunden wird, steht im Handbuch, Kapitel »Eine Quelle anbinden«.",
    ]


def _hinweise(store: Store, tabelle: Tabelle) -> list[str]:
    vorhanden = _eintraege(store, tabelle)
    fehlend = [spalte.titel for spalte in tabelle.spalten if spalte.kennzahl not in vorhanden]
    saetze = [tabelle.anmerkung] if tabelle.anmerkung else []
    if fehlend:
        saetze.append(f"Nicht geliefert: {', '.join(fehlend)}. Üblicher Lieferant: {tabelle.lieferant}.")
    saetze.append("Zeichen: . gesperrt   … nicht geliefert   x nicht sinnvoll   (12) unsicher. Quellen: Blatt T19.")
    return saetze


def _inhalt(tabellen: list[Tabelle], gefuellt: dict[str, list]) -> list[tuple[str, str]]:
    def lage(tabelle: Tabelle) -> str:
        tage = [f"{tag:%d.%m.%Y}" for tag in sorted({zeile[STICHTAG] for zeile in gefuellt[tabelle.nr]})]
        return f"Stand {', '.join(tage)}" if tage else f"Lieferung fehlt: {tabelle.fehlt}"

    inhalt = [(tabelle.nr, f"{tabelle.titel} – {lage(tabelle)}") for tabelle in tabellen]
    return [*inhalt, ("T19", "Methoden und Quellen")]


def _methoden(store: Store, tabellen: list[Tabelle]) -> list[list[Zelle]]:
    zeilen: list[list[Zelle]] = []
    for tabelle in tabellen:
        for eintrag in _eintraege(store, tabelle).values():
            zeilen += [[tabelle.nr, eintrag.titel, f"{name}: {text}"] for name, text in _angaben(eintrag) if text]
        if tabelle.anmerkung:
            zeilen.append([tabelle.nr, "Anmerkung", tabelle.anmerkung])
    zeilen += [["Quelle", quelle.titel, texte.quellen_text(quelle)] for quelle in store.stand.quellen]
    zeilen += [["Zeichen", f"Zeichen {zeichen}", text] for zeichen, text in texte.LEGENDE]
    zeilen.append(["Geheimhaltung", store.stand.freigabe_titel, texte.geheimhaltung_text(store.stand)])
    zeilen.append(["Stand", "Snapshot", f"{store.stand.snapshot}, Programmversion {store.stand.version}"])
    return zeilen


def _angaben(eintrag: Eintrag) -> list[tuple[str, str]]:
    return [
        ("Definition", eintrag.definition),
        ("Rechenweg", texte.formel(eintrag)),
        ("Quelle", eintrag.quelle),
        ("Rechtsgrundlage", eintrag.rechtsgrundlage),
        ("Näherung", eintrag.naeherung),
        ("Hinweis", eintrag.hinweis),
        ("Reihenbrüche", texte.brueche_text(eintrag)),
        ("Fassung der Definition", texte.definition_fassung(eintrag)),
    ]
