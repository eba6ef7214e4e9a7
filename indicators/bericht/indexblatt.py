"""The audit sheet of an index: every value that went in, every step, as a workbook or CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import numpy as np

from indicators.bericht import texte
from indicators.bericht.mappe import Mappe, Zahl, Zelle
from indicators.bericht.tabellen import stand_zeilen
from indicators.labor import Labor, Rechnung
from indicators.labor_saetze import dynamik_text, klasse_text, sage_labor
from indicators.labor_saetze import prozent as prozent  # for the page
from indicators.store import Store
from indicators.zahlformat import format_datum, format_zahl

VERFAHREN = (
    "Jeder Wert wird über die bewerteten Räume standardisiert: z = (Wert − Mittelwert) ÷ Standardabweichung der "
    "Grundgesamtheit. Die z-Werte werden mit ihren Gewichten addiert, die Summe wird noch einmal standardisiert. "
    "Klassen des Status in Standardabweichungen: hoch unter −1, mittel bis 1, niedrig bis 1,5, sehr niedrig darüber; "
    "der Dynamik: positiv unter −1, stabil bis 1, negativ darüber (Verfahren des Berliner Monitorings Soziale "
    "Stadtentwicklung, Indikatorenheft 2021, Seiten 41 bis 45)."
)


def write_index_xlsx(store: Store, labor: Labor) -> bytes:
    """Workbook: Deckblatt (sentences, weights), Rechenblatt (all Räume), Kennwerte (means and deviations)."""
    titel = f"Index – {store.stand.gebiet_name}, {store.stand.ebene(labor.wahl.ebene).titel_plural}"
    mappe = Mappe(titel, store.stand)
    mappe.textblatt("Deckblatt", titel, _deckblatt(store, labor))
    mappe.tabelle("Rechenblatt", titel, kopf(labor), list(zeilen(labor)))
    mappe.tabelle(
        "Kennwerte", "Mittelwerte und Streuungen über die bewerteten Räume", KENNWERTE, list(kennwerte(labor))
    )
    return mappe.in_bytes()


def write_index_csv(store: Store, labor: Labor) -> bytes:
    """The Rechenblatt for programs: comma, decimal point, empty where there is no value."""
    datei = io.StringIO(newline="")
    schreiber = csv.writer(datei, lineterminator="\r\n")
    schreiber.writerow(kopf(labor))
    for zeile in zeilen(labor):
        schreiber.writerow([repr(float(z.wert)) if isinstance(z, Zahl) else texte_ohne_formel(z) for z in zeile])
    return datei.getvalue().encode("utf-8")


def texte_ohne_formel(inhalt: Zelle) -> str:
    """A text that no spreadsheet takes for a formula."""
    text = "" if inhalt is None else str(inhalt)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def kopf(labor: Labor) -> list[str]:
    def spalten(rechnung: Rechnung, art: str) -> list[str]:
        titel = [t.eintrag.titel if t.vorher is None else f"{t.eintrag.titel}, Veränderung" for t in rechnung.teile]
        return [*titel, *(f"z: {t}" for t in titel), f"Summe {art}", f"Index {art}", f"Klasse {art}"]

    dynamik = spalten(labor.dynamik, "Dynamik") if labor.dynamik else []
    return [
        *("Schlüssel", "Raum", "Rang", "Perzentil"),
        *spalten(labor.status, "Status"),
        *dynamik,
        *("Rang von (5 %)", "Rang bis (95 %)", "unter den Höchsten (Anteil)", "bleibt in der Klasse (Anteil)"),
        *(f"Rang ohne {t.eintrag.titel}" for t in labor.status.teile),
        *("Gesamtindex", "nicht bewertet, weil"),
    ]


def zeilen(labor: Labor) -> Iterator[list[Zelle]]:
    """One row per Raum, highest index first, those that are not valid last."""
    d, dynamik = labor.raeume, labor.dynamik
    ort = {}
    if dynamik:
        ort = {r: i for i, r in enumerate(dynamik.vorlage.raeume["raum_id"])}
    for i in d.sort_values(["rang", "raum_id"], na_position="last").index:
        z = d.loc[i]
        teile: list[Zelle] = [z["raum_id"], z["name"], _zahl(z["rang"], 0), _zahl(z["prozent"], 1)]
        teile += _schritte(labor.status, i, klasse_text(labor, z["klasse"]))
        if dynamik:
            teile += _schritte(dynamik, ort.get(z["raum_id"]), dynamik_text(labor, z["dynamik"]))
        gueltig = z["grund"] == ""
        teile += [_zahl(z["rang_von"], 0), _zahl(z["rang_bis"], 0)]
        teile += [_zahl(z["oben"], 3) if gueltig else None, _zahl(z["bleibt"], 3) if gueltig else None]
        teile += [_zahl(w, 0) for w in labor.ohne[i]]
        yield [*teile, z["gesamt"] if not labor.wenige else "", z["grund"]]


def _schritte(r: Rechnung, i: int | None, klasse: str) -> list[Zelle]:
    if i is None:
        return [None] * (2 * len(r.teile) + 3)
    werte = [_zahl(w, t.eintrag.stellen + 2) for w, t in zip(r.vorlage.werte[i], r.teile, strict=True)]
    schritte = [*r.ergebnis.z[i], r.ergebnis.summe[i], r.ergebnis.index[i]]
    return [*werte, *(_zahl(w, 4) for w in schritte), klasse]


def _zahl(wert: float, stellen: int) -> Zahl | None:
    return Zahl(float(wert), stellen) if wert is not None and np.isfinite(wert) else None


KENNWERTE = ("Größe", "Gewicht", "gedreht", "Stichtag", "verglichen mit", "Mittelwert", "Standardabweichung", "Räume")


def kennwerte(labor: Labor) -> Iterator[list[Zelle]]:
    for art, r in (("Status", labor.status), ("Dynamik", labor.dynamik)):
        if r is None:
            continue
        e = r.ergebnis
        n = Zahl(int(e.gueltig.sum()), 0)
        for k, t in enumerate(r.teile):
            gedreht = "ja" if t.gedreht else "nein"
            werte = [_zahl(e.mittel[k], 6), _zahl(e.streuung[k], 6)]
            yield [f"{art}: {t.eintrag.titel}", Zahl(t.gewicht, 2), gedreht, t.stichtag, t.vorher, *werte, n]
        werte = [_zahl(e.summe_mittel, 6), _zahl(e.summe_streuung, 6)]
        yield [f"{art}: Summe der z-Werte", None, "", None, None, *werte, n]


def _deckblatt(store: Store, labor: Labor) -> list[tuple[str, str]]:
    w = labor.wahl
    gewichte = "; ".join(
        f"{t.eintrag.titel} ({format_datum(t.stichtag)}): {format_zahl(t.gewicht, 2)}" for t in labor.status.teile
    )
    return [
        ("Kennzahlen und Gewichte", gewichte),
        ("Stichtag", format_datum(w.stichtag)),
        *(
            (f"Ergebnis {i}", satz)
            for i, satz in enumerate(sage_labor(labor, store.stand.ebene(w.ebene).titel_plural), 1)
        ),
        ("Verfahren", VERFAHREN),
        (
            "Gewichtsprobe",
            f"{format_zahl(labor.stabil.ziehungen)} Ziehungen, Spanne {format_zahl(100 * w.spanne)} %, Startwert des "
            f"Zufalls {labor.stabil.saat}",
        ),
        ("Geheimhaltung", texte.geheimhaltung_text(store.stand)),
        *stand_zeilen(store.stand),
    ]
