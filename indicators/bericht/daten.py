"""The published table as open data: kennzahlen_daten.csv (RFC 4180) and its datapackage.json."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import TextIO

import pandas as pd

from indicators.bericht.ablage import ersetze
from indicators.bericht.texte import (
    AUSWERTUNG_ZAHLEN,
    LEGENDE,
    STATUS_TEXT,
    WERTSPALTEN,
    definition_fassung,
    geheimhaltung_text,
    kennzeichnung,
    nur_offene,
    quellen_text,
)
from indicators.bericht.urteile import GRUND_TEXT
from indicators.store import Eintrag, Store

_GRUENDE = "; ".join(f"{wort} = {text}" for wort, text in GRUND_TEXT.items() if wort)
_FELDER = (
    ("gebiet", "string", "Kennung des Gebiets"),
    ("ebene", "string", "Raumebene"),
    ("raum_id", "string", "Schlüssel des Raums (Text; führende Nullen gehören dazu)"),
    ("gebietsstand", "string", "Gebietsstand, in dessen Grenzen der Wert gilt (Datum seines Beginns)"),
    ("eltern_id", "string", "Schlüssel des übergeordneten Raums; leer auf der obersten Ebene"),
    ("name", "string", "Name des Raums"),
    ("stichtag", "date", "Stichtag oder letzter Tag des Zeitraums"),
    ("kennzahl_id", "string", "Kennung der Kennzahl; Erklärung unter »kennzahlen« in dieser Datei"),
    ("wert", "number", "Wert in der Einheit der Kennzahl; leer, wenn »status« nicht »offen« oder »unsicher« ist"),
    ("unten", "number", "Untere Grenze des 95-%-Intervalls; leer, wenn es keinen gibt"),
    ("oben", "number", "Obere Grenze des 95-%-Intervalls; leer, wenn es keinen gibt"),
    ("zaehler", "number", "Fallzahl im Zähler; leer bei übernommenen Werten"),
    ("nenner", "number", "Bezugszahl im Nenner; leer bei Anzahlen und übernommenen Werten"),
    ("status", "string", "; ".join(f"{wort} = {text}" for wort, text in STATUS_TEXT.items())),
    ("hinweis", "string", "Anmerkung zum einzelnen Wert"),
    ("umgerechnet", "boolean", "true: aus Fallzahlen älterer Räume auf die heutigen Räume umgerechnet"),
    ("anteil_aufgeteilt", "number", "Anteil der Zahl, der aus aufgeteilten Räumen stammt (0 bis 1); sonst leer"),
)
_URTEIL = "hoeher, niedriger oder aehnlich; leer ohne Urteil"
_FELDER_AUSWERTUNG = (
    ("rest_wert", "number", "Wert des Gebiets ohne diesen Raum: (X − x) / (N − n); leer, wenn er nicht bekannt ist"),
    ("rest_urteil", "string", f"Lage des 95-%-Intervalls zu »rest_wert«: {_URTEIL}"),
    ("rest_streng", "string", f"dasselbe mit dem 99,8-%-Intervall, für den Vergleich vieler Räume: {_URTEIL}"),
    ("rest_grund", "string", "warum es kein Urteil gibt: " + _GRUENDE),
    ("eltern_wert", "number", "Wert des übergeordneten Raums (nicht des Gebiets) ohne diesen Raum"),
    ("eltern_urteil", "string", f"Lage des 95-%-Intervalls zu »eltern_wert«: {_URTEIL}"),
    ("eltern_grund", "string", "wie »rest_grund«"),
    ("gleiche_wert", "number", "gemeinsamer Wert der ähnlichsten Räume derselben Ebene"),
    ("gleiche_urteil", "string", f"Lage des 95-%-Intervalls zu »gleiche_wert«: {_URTEIL}"),
    ("gleiche_grund", "string", "wie »rest_grund«"),
    ("bezug_wert", "number", "Vergleichswert von außerhalb des Gebiets (»bezug« in dieser Datei) zum selben Stichtag"),
    ("bezug_urteil", "string", f"Lage des 95-%-Intervalls zu »bezug_wert«: {_URTEIL}"),
    ("bezug_streng", "string", f"dasselbe mit dem 99,8-%-Intervall: {_URTEIL}"),
    ("bezug_grund", "string", "wie »rest_grund«"),
    ("vorher_am", "date", "Stichtag des vorigen Jahreswerts, mit dem verglichen wird"),
    ("vorher_diff", "number", "Wert minus voriger Wert; leer über einen trennenden Bruch oder neuen Zuschnitt hinweg"),
    ("vorher_unten", "number", "Untere Grenze des 95-%-Intervalls der Differenz"),
    ("vorher_oben", "number", "Obere Grenze des 95-%-Intervalls der Differenz"),
    ("vorher_urteil", "string", f"Lage des Intervalls der Differenz zu 0: {_URTEIL}"),
    ("vorher_grund", "string", "wie »rest_grund«"),
    ("rang", "integer", "Rang unter den Räumen der Ebene mit Wert, 1 = höchster Wert"),
    ("rang_von", "integer", "bester Rang, der mit den Zahlen vereinbar ist (alle Räume gemeinsam 95 % sicher)"),
    ("rang_bis", "integer", "letzter Rang, der mit den Zahlen vereinbar ist"),
    ("rang_anzahl", "integer", "Zahl der Räume mit Rang"),
    ("trend", "string", "steigend, fallend oder keine_aenderung über die letzten fünf Jahreswerte (99,8 %)"),
    ("trend_seit", "date", "erster Stichtag, seit dem die Richtung ohne Unterbrechung gilt"),
    ("trend_grund", "string", "warum kein Trend berechnet werden kann, wie »rest_grund«"),
    ("mittel_wert", "number", "Mittel dreier Jahre: Summe der Zähler durch Summe der Nenner"),
    ("mittel_unten", "number", "Untere Grenze des 95-%-Intervalls dieses Mittels"),
    ("mittel_oben", "number", "Obere Grenze des 95-%-Intervalls dieses Mittels"),
    ("mittel_seit", "date", "erster der drei Stichtage"),
)
_FELDER = (*_FELDER, *_FELDER_AUSWERTUNG)
SPALTEN = tuple(name for name, _, _ in _FELDER)

_LIZENZEN = {
    "dl-de/by-2-0": ("dl-de-by-2.0", "https://www.govdata.de/dl-de/by-2-0"),
    "dl-de/zero-2-0": ("dl-de-zero-2.0", "https://www.govdata.de/dl-de/zero-2-0"),
    "CC BY 3.0 DE": ("CC-BY-3.0-DE", "https://creativecommons.org/licenses/by/3.0/de/"),
    "CC BY 4.0": ("CC-BY-4.0", "https://creativecommons.org/licenses/by/4.0/"),
    "CC0 1.0": ("CC0-1.0", "https://creativecommons.org/publicdomain/zero/1.0/"),
}


def write_daten(store: Store, ziel: Path) -> list[Path]:
    """Write kennzahlen_daten.csv and datapackage.json into `ziel`; an abort leaves no half file.

    Value columns are empty unless the status is offen or unsicher. Texts that a spreadsheet would run as a
    formula start with an apostrophe.
    """
    ziel.mkdir(parents=True, exist_ok=True)
    tabelle, paket = ziel / "kennzahlen_daten.csv", ziel / "datapackage.json"
    werte = store.read_alles()
    with ersetze(tabelle) as datei:
        write_csv_daten(werte, datei)
    with ersetze(paket) as datei:
        json.dump(_datapackage(store, tabelle), datei, ensure_ascii=False, indent=2)
        datei.write("\n")
    return [tabelle, paket]


def write_csv_daten(werte: pd.DataFrame, datei: TextIO) -> None:
    """Rows of `Store.read_alles` as RFC 4180: comma, decimal point, ISO dates, CRLF, shortest exact numbers."""
    schreiber = csv.writer(datei, lineterminator="\r\n")
    schreiber.writerow(SPALTEN)
    schreiber.writerows(_zeilen(nur_offene(werte)))


def _zeilen(werte: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    zahlen, wahr = (*WERTSPALTEN, *AUSWERTUNG_ZAHLEN, "anteil_aufgeteilt"), {True: "true", False: "false"}
    spalten = [
        werte[name].map(zahl_text if name in zahlen else wahr.get if name == "umgerechnet" else feld_text)
        for name in SPALTEN
    ]
    return zip(*spalten, strict=True)


def zahl_text(wert: float) -> str:
    """Shortest text that reads back as the same number; whole numbers without `.0`, missing as empty text."""
    if pd.isna(wert):
        return ""
    return str(int(wert)) if float(wert).is_integer() else repr(float(wert))


def feld_text(inhalt: object) -> str:
    """A text field that no spreadsheet runs as a formula (`=`, `+`, `-`, `@`, tab, return first → apostrophe)."""
    text = "" if inhalt is None or inhalt is pd.NA or inhalt != inhalt else str(inhalt)
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _datapackage(store: Store, tabelle: Path) -> dict:
    """Descriptor after Frictionless »Tabular Data Package« 1.0, with the catalogue as additional property."""
    stand = store.stand
    lizenzen = _lizenzen(store)
    return {
        "profile": "tabular-data-package",
        "name": re.sub(r"[^a-z0-9._-]", "-", f"kennzahlen-{stand.gebiet_id}-{stand.freigabe}".lower()),
        "title": " – ".join(t for t in (f"Kennzahlen {stand.gebiet_name}", kennzeichnung(stand)) if t),
        "description": f"{stand.gebiet_hinweis} {geheimhaltung_text(stand)}".strip(),
        "version": stand.version,
        "created": stand.erstellt_am.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "snapshot": stand.snapshot,
        "freigabe": stand.freigabe,
        "erfunden": stand.erfunden,
        **({"licenses": lizenzen} if lizenzen else {}),  # the specification does not allow an empty list
        "sources": [{"title": quellen_text(quelle)} for quelle in stand.quellen],
        "bezug": stand.bezug,
        "vergleichswerte": _vergleichswerte(store),
        "resources": [_ressource(tabelle)],
        "kennzahlen": [_kennzahl(eintrag) for eintrag in store.katalog()],
        "zeichen": dict(LEGENDE),
    }


def _vergleichswerte(store: Store) -> list[dict]:
    """Declared benchmarks, each with its source; `bezug` is the one the columns »bezug_…« compare with."""
    felder = ("bezug", "kennzahl_id", "stichtag", "wert", "quelle")
    zeilen = store.vergleichswerte()[list(felder)].itertuples(index=False)
    return [dict(zip(felder, z, strict=True)) | {"stichtag": z.stichtag.isoformat()} for z in zeilen]


def _ressource(tabelle: Path) -> dict:
    inhalt = tabelle.read_bytes()
    return {
        "profile": "tabular-data-resource",
        "name": "kennzahlen_daten",
        "title": "Alle Kennzahlen, Räume und Stichtage",
        "path": tabelle.name,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(inhalt),
        "hash": "sha256:" + hashlib.sha256(inhalt).hexdigest(),
        "dialect": {"delimiter": ",", "lineTerminator": "\r\n", "quoteChar": '"', "doubleQuote": True},
        "schema": {
            "fields": [_feld(*feld) for feld in _FELDER],
            "missingValues": [""],
            "primaryKey": ["ebene", "raum_id", "gebietsstand", "stichtag", "kennzahl_id"],
        },
    }


def _feld(name: str, typ: str, beschreibung: str) -> dict:
    feld = {"name": name, "type": typ, "description": beschreibung}
    if typ == "date":
        feld["format"] = "%Y-%m-%d"
    if name == "status":
        feld["constraints"] = {"required": True, "enum": list(STATUS_TEXT)}
    return feld


def _lizenzen(store: Store) -> list[dict]:
    """Every licence once, in the order of the sources, with its Open Definition name where we know it."""
    lizenzen = []
    for text in dict.fromkeys(quelle.lizenz for quelle in store.stand.quellen if quelle.lizenz):
        name, pfad = _LIZENZEN.get(text, (re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-"), None))
        lizenzen.append({"name": name, "title": text} | ({"path": pfad} if pfad else {}))
    return lizenzen


def _kennzahl(eintrag: Eintrag) -> dict:
    return {
        "kennzahl_id": eintrag.id,
        "titel": eintrag.titel,
        "thema": eintrag.thema_titel,
        "art": eintrag.art,
        "einheit": eintrag.einheit,
        "definition": eintrag.definition,
        "zaehler": eintrag.zaehler_text,
        "nenner": eintrag.nenner_text,
        "pro": eintrag.pro,
        "naeherung": eintrag.naeherung,
        "rechtsgrundlage": eintrag.rechtsgrundlage,
        "quelle": eintrag.quelle,
        "fassung": definition_fassung(eintrag),
        "version": eintrag.version,
        "versionen": [
            {"nr": v.nr, "ab": v.ab.isoformat() if v.ab else None, "aenderung": v.aenderung} for v in eintrag.versionen
        ],
        "bestaetigt": eintrag.bestaetigt,
        "brueche": [{"ab": b.ab.isoformat(), "wirkung": b.wirkung, "grund": b.grund} for b in eintrag.brueche],
    }
