"""The tables of the page »Pflege« as a workbook and as CSV: every modelled number says that it is one."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date
from typing import Literal

import pandas as pd

from indicators.bericht import texte
from indicators.bericht.daten import feld_text, zahl_text
from indicators.bericht.mappe import Mappe, Zahl, Zelle, zelle
from indicators.bericht.pflegetexte import GROESSE, MODELL, VARIANTE, fehlt_text, verfahren
from indicators.bericht.tabellen import stand_zeilen
from indicators.store import Store

TITEL = "Pflege: Bestand, Bedarf und Vorausberechnung"
VERFAHREN = {
    "indirekt": "indirekt (Quoten des Kreises)",
    "direkt": "direkt (Alter des Ausgangspunkts)",
    "quoten": "nationale Quoten",
}
_RAUM = ("Schlüssel", "Raum", "Ebene")
_PROGNOSE = (*_RAUM, "Größe", "Annahme", "Jahresende", "Wert", "Band von", "Band bis", "Art der Zahl", "Status")
_ALTER = (
    *_RAUM,
    "Jahresende",
    "Geschlecht",
    "Alter von",
    "Alter bis",
    "Bevölkerung",
    "Pflegebedürftige",
    "Art der Zahl",
)
_ZERLEGUNG = (
    *(*_RAUM, "von", "bis", "Veränderung", "durch mehr oder weniger Menschen", "durch das Alter"),
    *("durch häufigeren Bedarf oder vollständigere Zählung", "Art der Zahl"),
)
_VERGLEICH = (
    *(*_RAUM, "Stichtag", "Größe", "Verfahren", "gezählt", "erwartet (Modell)", "Bereich von", "Bereich bis"),
    *("gezählt zu erwartet", "Intervall von", "Intervall bis", "Quote je 100", "standardisiert je 100"),
    *("Intervall von ", "Intervall bis ", "Status"),
)
_PROBE = (*_RAUM, "Größe", "gerechnet mit Zahlen bis", "für", "vorausgesagt (Modell)", "gezählt", "Abweichung in %")


def write_pflege_xlsx(store: Store) -> bytes:
    """Deckblatt with the assumptions, then one sheet per table; a table without rows is left out."""
    mappe = Mappe(f"{TITEL}: {store.stand.gebiet_name}", store.stand)
    mappe.textblatt("Deckblatt", TITEL, _deckblatt(store))
    for name, kopf, zeilen in _blaetter(store):
        if zeilen:
            mappe.tabelle(name, name, kopf, zeilen, hinweise=[MODELL])
    return mappe.in_bytes()


def write_pflege_csv(store: Store, art: Literal["excel", "daten"]) -> bytes:
    """`excel`: all tables one below the other as German Excel reads them, origin at the end. `daten`: the projection
    alone, RFC 4180, one row per Raum, groesse, variante and year."""
    datei = io.StringIO(newline="")
    if art == "daten":
        _write_daten(store, datei)
        return datei.getvalue().encode("utf-8")
    schreiber = csv.writer(datei, delimiter=";", lineterminator="\r\n")
    for name, kopf, zeilen in _blaetter(store):
        if zeilen:
            schreiber.writerows([[name], kopf, *([_excel_text(z) for z in zeile] for zeile in zeilen), []])
    schreiber.writerows([f"{links}: {rechts}"] for links, rechts in _deckblatt(store) if rechts)
    return datei.getvalue().encode("utf-8-sig")


def _write_daten(store: Store, datei: io.StringIO) -> None:
    spalten = (
        "ebene",
        "raum_id",
        "gebietsstand",
        "name",
        "groesse",
        "variante",
        "jahr",
        "wert",
        "unten",
        "oben",
        "status",
    )
    tabelle = texte.nur_offene(store.read_prognose())
    schreiber = csv.writer(datei, lineterminator="\r\n")
    schreiber.writerow([*spalten, "modell"])
    zahlen = ("wert", "unten", "oben")
    for zeile in tabelle.to_dict("records"):
        werte = [zahl_text(zeile[s]) if s in zahlen else feld_text(zeile[s]) for s in spalten]
        schreiber.writerow([*werte, "false" if zeile["variante"] == "bestand" else "true"])


def _deckblatt(store: Store) -> list[tuple[str, str]]:
    angaben = store.pflege
    quoten = angaben.get("quoten")
    return [
        ("Modell", MODELL),
        *verfahren(angaben),
        *([("Vorausberechnung", fehlt_text(angaben))] if angaben["art"] != "voll" else []),
        *([("Nationale Quoten", f"{quoten['titel']}. {quoten['hinweis']}. {quoten['abweichung']}")] if quoten else []),
        *stand_zeilen(store.stand),
        *((f"Zeichen {zeichen}", text) for zeichen, text in texte.LEGENDE),
    ]


def _blaetter(store: Store) -> Iterator[tuple[str, tuple[str, ...], list[list[Zelle]]]]:
    yield "Vorausberechnung", _PROGNOSE, _prognose(store)
    yield "Alter", _ALTER, _alter(store)
    yield "Größe und Alter", _ZERLEGUNG, _zerlegung(store)
    yield "Gezählt und erwartet", _VERGLEICH, _vergleich(store)
    yield "Rückprobe", _PROBE, _probe(store)


def _raum(store: Store, zeile) -> list[Zelle]:
    return [zeile.raum_id, zeile.name, store.stand.ebene(zeile.ebene).titel]


def _prognose(store: Store) -> list[list[Zelle]]:
    tabelle = texte.nur_offene(store.read_prognose())
    return [
        [
            *_raum(store, z),
            GROESSE[z.groesse],
            VARIANTE[z.variante],
            str(z.jahr),
            *[zelle(z.status, wert) for wert in (z.wert, z.unten, z.oben)],
            _art(z.variante != "bestand"),
            texte.STATUS_TEXT[z.status],
        ]
        for z in tabelle.itertuples()
    ]


def _alter(store: Store) -> list[list[Zelle]]:
    raeume = dict.fromkeys(store.read_prognose()["raum_id"])
    tabelle = pd.concat([store.read_prognose_alter(r) for r in raeume]) if raeume else pd.DataFrame()
    return [
        [
            *_raum(store, z),
            str(z.jahr),
            {"m": "männlich", "w": "weiblich"}[z.geschlecht],
            Zahl(z.von),
            None if pd.isna(z.bis) else Zahl(z.bis),
            _oder_zeichen(z.bevoelkerung),
            None if z.art == "bevoelkerung" else _oder_zeichen(z.pflegebeduerftige),
            _art(z.modell),
        ]
        for z in tabelle.itertuples()
    ]


def _zerlegung(store: Store) -> list[list[Zelle]]:
    return [
        [
            *_raum(store, z),
            str(z.von),
            str(z.bis),
            *[Zahl(w) for w in (z.gesamt, z.umfang, z.struktur, z.haeufigkeit)],
            _art(z.modell),
        ]
        for z in store.read_zerlegung().itertuples()
    ]


def _vergleich(store: Store) -> list[list[Zelle]]:
    zeilen = []
    for z in store.read_pflegevergleich().itertuples():
        mit = [zelle(z.status, w, n) for w, n in _stellen(z)]
        modell = [None if pd.isna(w) else Zahl(w) for w in (z.erwartet, z.erwartet_unten, z.erwartet_oben)]
        wie = [z.stichtag, GROESSE[z.groesse], VERFAHREN[z.verfahren]]
        zeilen.append([*_raum(store, z), *wie, mit[0], *modell, *mit[1:], texte.STATUS_TEXT[z.status]])
    return zeilen


def _stellen(z) -> list[tuple[float, int]]:
    """Values of a comparison with their decimal places."""
    ganze, zwei = [z.beobachtet], [z.verhaeltnis, z.verhaeltnis_unten, z.verhaeltnis_oben]
    zwei += [z.roh, z.rate, z.rate_unten, z.rate_oben]
    return [*((w, 0) for w in ganze), *((w, 2) for w in zwei)]


def _probe(store: Store) -> list[list[Zelle]]:
    return [
        [
            *_raum(store, z),
            GROESSE[z.groesse],
            z.basis,
            z.ziel,
            Zahl(z.vorhergesagt),
            Zahl(z.eingetreten),
            Zahl((z.vorhergesagt / z.eingetreten - 1) * 100, 1) if z.eingetreten else texte.ZEICHEN["nicht_definiert"],
        ]
        for z in store.read_probe().itertuples()
    ]


def _art(modell: bool) -> str:
    return "Modell" if modell else "gezählt"


def _oder_zeichen(wert: float) -> Zelle:
    return texte.ZEICHEN["gesperrt"] if pd.isna(wert) else Zahl(wert)


def _excel_text(inhalt: Zelle) -> str:
    if isinstance(inhalt, Zahl):
        return f"{inhalt.wert:.{inhalt.stellen}f}".replace(".", ",")
    return f"{inhalt:%d.%m.%Y}" if isinstance(inhalt, date) else feld_text(inhalt)
