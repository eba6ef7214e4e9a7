"""Räume × Kennzahlen of one level as a file: values with verdicts against the rest of the Gebiet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date

import pandas as pd

from indicators.bericht import texte
from indicators.bericht.mappe import Mappe, Zahl, Zelle, zelle
from indicators.bericht.tabellen import excel_text, stand_zeilen
from indicators.bericht.urteile import GRUND_TEXT, INTERVALL_HINWEIS, URTEIL_TEXT, ist_wort
from indicators.store import Eintrag, Store

HINWEIS = "Urteil: Lage des 99,8-%-Intervalls zum Wert des Gebiets ohne den Raum selbst."


def write_vergleich_xlsx(store: Store, ebene: str, kennzahlen: Sequence[str], bis: date) -> bytes:
    """Workbook: Deckblatt and one table, three columns per Kennzahl (value, verdict, possible ranks)."""
    titel = _titel(store, ebene, bis)
    mappe = Mappe(titel, store.stand)
    mappe.textblatt(
        "Deckblatt", titel, [*stand_zeilen(store.stand), ("Urteil", HINWEIS), ("Intervall", INTERVALL_HINWEIS)]
    )
    kopf, zeilen = _tafel(store, ebene, kennzahlen, bis)
    mappe.tabelle("Vergleich", titel, kopf, zeilen, hinweise=[HINWEIS])
    return mappe.in_bytes()


def write_vergleich_csv(store: Store, ebene: str, kennzahlen: Sequence[str], bis: date) -> bytes:
    """The same table as CSV for German Excel."""
    datei = io.StringIO(newline="")
    schreiber = csv.writer(datei, delimiter=";", lineterminator="\r\n")
    kopf, zeilen = _tafel(store, ebene, kennzahlen, bis)
    schreiber.writerow(kopf)
    schreiber.writerows([excel_text(inhalt) for inhalt in zeile] for zeile in zeilen)
    schreiber.writerow([])
    schreiber.writerow([HINWEIS])
    schreiber.writerows([f"{links}: {rechts}"] for links, rechts in stand_zeilen(store.stand) if rechts)
    schreiber.writerows([f"Zeichen {zeichen}: {text}"] for zeichen, text in texte.LEGENDE)
    return datei.getvalue().encode("utf-8-sig")


def _titel(store: Store, ebene: str, bis: date) -> str:
    return f"Vergleich – {store.stand.ebene(ebene).titel_plural} – {bis.year}"


def _tafel(store: Store, ebene: str, kennzahlen: Sequence[str], bis: date) -> tuple[list[str], list[list[Zelle]]]:
    tafel = texte.nur_offene(store.read_vergleichstafel(ebene, list(kennzahlen), bis))
    kopf, spalten, aussen = ["Schlüssel", "Raum"], [], []
    for kennzahl_id, teil in tafel.groupby("kennzahl_id", sort=False):
        eintrag = store.eintrag(kennzahl_id)
        kopf += [f"{eintrag.titel} ({eintrag.einheit}) {teil['stichtag'].iloc[0]:%d.%m.%Y}", "Urteil", "Rang (möglich)"]
        wert = store.vergleichswert(kennzahl_id, teil["stichtag"].iloc[0])
        aussen += ["" if wert is None else Zahl(wert, eintrag.stellen), "", ""]
        spalten.append({z.raum_id: list(_zellen(z, eintrag)) for z in teil.itertuples()})
    namen = tafel.drop_duplicates("raum_id")[["raum_id", "name"]]
    zeilen = [
        [r.raum_id, r.name, *(inhalt for spalte in spalten for inhalt in spalte.get(r.raum_id, ["…", "", ""]))]
        for r in namen.itertuples()
    ]
    if any(isinstance(inhalt, Zahl) for inhalt in aussen):
        zeilen.append(["", f"{store.stand.bezug} (zum Vergleich)", *aussen])
    return kopf, zeilen


def _zellen(zeile, eintrag: Eintrag) -> Iterator[Zelle]:
    yield zelle(zeile.status, zeile.wert, eintrag.stellen)
    ohne = "" if eintrag.art == "anzahl" else f"– ({GRUND_TEXT[zeile.rest_grund]})"
    yield URTEIL_TEXT[zeile.rest_streng] if ist_wort(zeile.rest_streng) else ohne
    mit_rang = not pd.isna(zeile.rang_von)
    yield f"{int(zeile.rang)} ({int(zeile.rang_von)}–{int(zeile.rang_bis)})" if mit_rang else ""
