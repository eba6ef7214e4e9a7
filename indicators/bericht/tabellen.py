"""One view, or the whole published table, as a workbook or CSV file for people."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date
from typing import Literal

import pandas as pd

from geodata.fehler import MonitoringError
from indicators.bericht import texte
from indicators.bericht.daten import feld_text, write_csv_daten
from indicators.bericht.mappe import Mappe, Zahl, Zelle, zelle
from indicators.bericht.urteile import (
    BEWERTUNG_TEXT,
    GRUND_TEXT,
    TREND_TEXT,
    URTEIL_TEXT,
    find_bewertung,
    ist_wort,
)
from indicators.store import AUSWERTUNG, Eintrag, Stand, Store


def write_ansicht_xlsx(store: Store, kennzahl_id: str, ebene: str, stichtag: date | None = None) -> bytes:
    """Workbook of one Kennzahl on one level: Deckblatt, Daten, Metadaten; all Stichtage when none is given.

    Raises:
        MonitoringError: the snapshot does not have this Kennzahl, level or Stichtag.
    """
    eintrag, werte = _read_ansicht(store, kennzahl_id, ebene, stichtag)
    titel = f"{eintrag.titel} – {store.stand.ebene(ebene).titel_plural}"
    mappe = Mappe(titel, store.stand)
    mappe.textblatt("Deckblatt", titel, _deckblatt(store.stand, eintrag, werte))
    mappe.tabelle("Daten", titel, _kopf(store.stand, eintrag), list(_zeilen(store, eintrag, werte)))
    mappe.textblatt("Metadaten", f"Über diese Zahl: {eintrag.titel}", metadaten(store.stand, eintrag, werte))
    return mappe.in_bytes()


def write_ansicht_csv(
    store: Store, kennzahl_id: str, ebene: str, stichtag: date | None = None, art: Literal["excel", "daten"] = "excel"
) -> bytes:
    """One Kennzahl on one level as CSV.

    `excel`: `;`, decimal comma, byte order mark, signs as text, origin below the table. `daten`: the rows of
    kennzahlen_daten.csv that belong to this view, in the same columns.

    Raises:
        MonitoringError: the snapshot does not have this Kennzahl, level or Stichtag.
    """
    eintrag, werte = _read_ansicht(store, kennzahl_id, ebene, stichtag)
    datei = io.StringIO(newline="")
    if art == "daten":
        zusatz = {"gebiet": store.stand.gebiet_id, "ebene": ebene, "kennzahl_id": kennzahl_id}
        write_csv_daten(werte.assign(**zusatz), datei)
        return datei.getvalue().encode("utf-8")
    schreiber = csv.writer(datei, delimiter=";", lineterminator="\r\n")
    schreiber.writerow(_kopf(store.stand, eintrag))
    for zeile in _zeilen(store, eintrag, werte):
        schreiber.writerow([excel_text(inhalt) for inhalt in zeile])
    schreiber.writerow([])
    schreiber.writerows([f"{links}: {rechts}"] for links, rechts in _deckblatt(store.stand, eintrag, werte) if rechts)
    schreiber.writerows([f"Zeichen {zeichen}: {text}"] for zeichen, text in texte.LEGENDE)
    return datei.getvalue().encode("utf-8-sig")


def write_alles_xlsx(store: Store) -> bytes:
    """The whole published table: Deckblatt, one sheet per Thema, Metadaten, Quellen."""
    titel = f"Alle Kennzahlen – {store.stand.gebiet_name}"
    mappe = Mappe(titel, store.stand)
    mappe.textblatt("Deckblatt", titel, [*stand_zeilen(store.stand), *texte.LEGENDE])
    alles = texte.nur_offene(store.read_alles())
    for thema_titel, eintraege in _themen(store).items():
        teil = alles[alles["kennzahl_id"].isin(eintraege)]
        ort = ["Kennzahl", "Kennung", "Ebene", "Einheit", *_KOPF_RAUM]
        kopf = [*ort, "Wert", *_KOPF_WERTE, *kopf_auswertung(store.stand)]
        mappe.tabelle(thema_titel, thema_titel, kopf, list(_alles_zeilen(store, eintraege, teil)))
    mappe.tabelle("Metadaten", "Metadaten der Kennzahlen", _METADATEN_KOPF, _metadaten_zeilen(store))
    mappe.tabelle("Quellen", "Quellen und Lieferungen", _QUELLEN_KOPF, _quellen_zeilen(store))
    return mappe.in_bytes()


# --- rows ------------------------------------------------------------------------------------

_KOPF_RAUM = ("Schlüssel", "Raum", "gehört zu", "Gebietsstand", "Stichtag")
_KOPF_WERTE = ("Intervall von", "Intervall bis", "Zähler", "Nenner", "Status", "Umgerechnet", "Hinweis")
_KOPF_VERGLEICH = (
    *("Übriges Gebiet", "Gegenüber dem übrigen Gebiet (95 %)", "Gegenüber dem übrigen Gebiet (99,8 %)"),
    *("Günstiger/ungünstiger", "Ähnliche Räume", "Gegenüber ähnlichen Räumen (95 %)"),
)
_KOPF_ZEIT = (
    *("Voriger Stichtag", "Differenz", "Differenz von", "Differenz bis", "Gegenüber dem vorigen Stichtag (95 %)"),
    *("Rang (1 = höchster)", "Rang von", "Rang bis", "Räume mit Rang"),
    *("Trend (fünf Jahreswerte)", "Trend seit", "Mittel dreier Jahre", "Mittel von", "Mittel bis"),
)


def _kopf(stand: Stand, eintrag: Eintrag) -> list[str]:
    return [*_KOPF_RAUM, f"Wert ({eintrag.einheit})", *_KOPF_WERTE, *kopf_auswertung(stand)]


def kopf_auswertung(stand: Stand) -> list[str]:
    """With the benchmark outside only where the Gebiet has one."""
    b = stand.bezug
    aussen = [b, f"Gegenüber {b} (95 %)", f"Gegenüber {b} (99,8 %)"] if b else []
    return [*_KOPF_VERGLEICH, *aussen, *_KOPF_ZEIT]


def _read_ansicht(store: Store, kennzahl_id: str, ebene: str, stichtag: date | None) -> tuple[Eintrag, pd.DataFrame]:
    eintrag = store.eintrag(kennzahl_id)
    if eintrag is None:
        raise MonitoringError(
            f"Die Kennzahl »{kennzahl_id}« gibt es in diesem Stand nicht.",
            wo=f"Stand {store.stand.snapshot}, Freigabe {store.stand.freigabe}",
            tun="Eine Kennzahl aus der Auswahl der Karte nehmen.",
        )
    if ebene not in eintrag.ebenen:
        raise MonitoringError(
            f"»{eintrag.titel}« liegt für die Ebene »{ebene}« nicht vor.",
            wo=f"vorhanden: {', '.join(eintrag.ebenen)}",
            tun="Eine vorhandene Ebene wählen.",
        )
    if stichtag is not None and stichtag not in eintrag.stichtage[ebene]:
        raise MonitoringError(
            f"»{eintrag.titel}« liegt zum {stichtag:%d.%m.%Y} nicht vor.",
            wo=f"vorhanden: {', '.join(f'{tag:%d.%m.%Y}' for tag in eintrag.stichtage[ebene])}",
            tun="Einen vorhandenen Stichtag wählen.",
        )
    geliefert = store.read_werte(kennzahl_id, ebene, stichtag).assign(umgerechnet=False, anteil_aufgeteilt=float("nan"))
    ort = ["raum_id", "gebietsstand", "stichtag"]
    auswertung = store.read_auswertung(kennzahl_id, ebene, stichtag)
    geliefert = geliefert.merge(auswertung[[*ort, *AUSWERTUNG]], on=ort, how="left")
    umgerechnet = store.read_umgerechnete(kennzahl_id, ebene, stichtag)
    alle = pd.concat([geliefert, umgerechnet], ignore_index=True) if len(umgerechnet) else geliefert
    return eintrag, texte.nur_offene(alle)


def _zeilen(store: Store, eintrag: Eintrag, werte: pd.DataFrame) -> Iterator[list[Zelle]]:
    namen = _namen(store)
    for zeile in werte.itertuples():
        auswertung = auswertung_zellen(store.stand, zeile, eintrag)
        yield [*_raum_zellen(zeile, namen), *wert_zellen(zeile, eintrag), *auswertung]


def _alles_zeilen(store: Store, eintraege: dict[str, Eintrag], werte: pd.DataFrame) -> Iterator[list[Zelle]]:
    namen = _namen(store)
    ebenen = {ebene.id: ebene.titel for ebene in store.stand.ebenen}
    for zeile in werte.itertuples():
        eintrag = eintraege[zeile.kennzahl_id]
        vorspann = [eintrag.titel, eintrag.id, ebenen[zeile.ebene], eintrag.einheit]
        ort, auswertung = _raum_zellen(zeile, namen), auswertung_zellen(store.stand, zeile, eintrag)
        yield [*vorspann, *ort, *wert_zellen(zeile, eintrag), *auswertung]


def _raum_zellen(zeile, namen: dict[str, str]) -> list[Zelle]:
    gebietsstand = date.fromisoformat(zeile.gebietsstand)
    return [zeile.raum_id, zeile.name, namen.get(zeile.eltern_id, ""), gebietsstand, zeile.stichtag]


def wert_zellen(zeile, eintrag: Eintrag) -> list[Zelle]:
    werte = [zelle(zeile.status, wert, eintrag.stellen) for wert in (zeile.wert, zeile.unten, zeile.oben)]
    zahlen = [zelle(zeile.status, zahl, _stellen_anzahl(zahl)) for zahl in (zeile.zaehler, zeile.nenner)]
    herkunft = texte.umrechnung_kurz(zeile.umgerechnet, zeile.anteil_aufgeteilt)
    return [*werte, *zahlen, texte.STATUS_TEXT[zeile.status], herkunft, _text(zeile.hinweis)]


def auswertung_zellen(stand: Stand, zeile, eintrag: Eintrag) -> list[Zelle]:
    """Comparison, rank and trend of a row; where there is no verdict, the reason stands in its place."""

    def zahl(wert: float, stellen: int = eintrag.stellen) -> Zelle:
        return None if pd.isna(wert) else Zahl(float(wert), stellen)

    def urteil(name: str, wort: object) -> str:
        return (
            URTEIL_TEXT[wort]
            if ist_wort(wort)
            else f"– ({GRUND_TEXT[grund]})"
            if (grund := _text(getattr(zeile, name)))
            else ""
        )

    aussen = [
        zahl(zeile.bezug_wert),
        urteil("bezug_grund", zeile.bezug_urteil),
        urteil("bezug_grund", zeile.bezug_streng),
    ]
    return [
        zahl(zeile.rest_wert),
        urteil("rest_grund", zeile.rest_urteil),
        urteil("rest_grund", zeile.rest_streng),
        BEWERTUNG_TEXT[find_bewertung(zeile.rest_urteil, eintrag.polaritaet)],
        zahl(zeile.gleiche_wert),
        urteil("gleiche_grund", zeile.gleiche_urteil),
        *(aussen if stand.bezug else []),
        _tag(zeile.vorher_am),
        *map(zahl, (zeile.vorher_diff, zeile.vorher_unten, zeile.vorher_oben)),
        urteil("vorher_grund", zeile.vorher_urteil),
        *(zahl(rang, 0) for rang in (zeile.rang, zeile.rang_von, zeile.rang_bis, zeile.rang_anzahl)),
        TREND_TEXT[zeile.trend] if ist_wort(zeile.trend) else urteil("trend_grund", None),
        _tag(zeile.trend_seit),
        *map(zahl, (zeile.mittel_wert, zeile.mittel_unten, zeile.mittel_oben)),
    ]


def _stellen_anzahl(zahl: float) -> int:
    """Counts are whole, yearly means are not."""
    return 0 if pd.isna(zahl) or float(zahl).is_integer() else 1


def _text(inhalt: object) -> str:
    return inhalt if isinstance(inhalt, str) else ""


def _namen(store: Store) -> dict[str, str]:
    raeume = store.raeume()
    return dict(zip(raeume["raum_id"], raeume["name"], strict=True))


def _themen(store: Store) -> dict[str, dict[str, Eintrag]]:
    themen: dict[str, dict[str, Eintrag]] = {}
    for eintrag in store.katalog():
        themen.setdefault(eintrag.thema_titel, {})[eintrag.id] = eintrag
    return themen


def excel_text(inhalt: Zelle) -> str:
    """A cell as German Excel reads it from CSV: decimal comma without thousands point, day.month.year."""
    if isinstance(inhalt, Zahl):
        return f"{inhalt.wert:.{inhalt.stellen}f}".replace(".", ",")
    if isinstance(inhalt, date):
        return f"{inhalt:%d.%m.%Y}"
    return feld_text(inhalt)


# --- words about the numbers -----------------------------------------------------------------

_METADATEN_KOPF = (
    "Kennung",
    "Titel",
    "Thema",
    "Einheit",
    "Definition",
    "Zähler",
    "Nenner",
    "Rechenweg",
    "Näherung",
    "Rechtsgrundlage",
    "Quelle",
    "Reihenbrüche",
    "Fassung",
)
_QUELLEN_KOPF = (
    "Quelle",
    "Herausgeber",
    "Lizenz",
    "Nennung",
    "Datei",
    "Stichtag von",
    "Stichtag bis",
    "Prüfsumme (SHA-256)",
)


def stand_zeilen(stand: Stand) -> list[tuple[str, str]]:
    """What every cover says about the snapshot; empty texts are left out by the sheet."""
    return [
        ("Kennzeichnung", texte.kennzeichnung(stand)),
        ("Gebiet", stand.gebiet_name),
        ("Hinweis", stand.gebiet_hinweis),
        ("Freigabe", stand.freigabe_titel),
        ("Stand", stand.snapshot),
        ("Veröffentlicht am", f"{stand.erstellt_am:%d.%m.%Y}"),
        ("Programmversion", stand.version),
        ("Quellen und Lizenzen", "\n".join(texte.quellen_text(quelle) for quelle in stand.quellen)),
        ("Geheimhaltung", texte.geheimhaltung_text(stand)),
        ("Neue Zuschnitte", texte.umrechnung_text(stand)),
    ]


def _deckblatt(stand: Stand, eintrag: Eintrag, werte: pd.DataFrame) -> list[tuple[str, str]]:
    erster, letzter = werte["stichtag"].min(), werte["stichtag"].max()
    stichtage = f"{letzter:%d.%m.%Y}" if erster == letzter else f"{erster:%d.%m.%Y} bis {letzter:%d.%m.%Y}"
    return [
        ("Kennzahl", f"{eintrag.titel} ({eintrag.einheit})"),
        ("Stichtag", stichtage),
        ("Quelle der Kennzahl", eintrag.quelle),
        ("Fassung der Definition", texte.definition_fassung(eintrag)),
        *stand_zeilen(stand),
    ]


def metadaten(stand: Stand, eintrag: Eintrag, werte: pd.DataFrame) -> list[tuple[str, str]]:
    """Everything a reader needs to judge the Kennzahl, as label and text."""
    return [
        ("Kennung", eintrag.id),
        ("Einheit", eintrag.einheit),
        ("Lesart", eintrag.lesart.replace("{wert}", "…")),
        ("Definition", eintrag.definition),
        ("Zähler", eintrag.zaehler_text),
        ("Nenner", eintrag.nenner_text),
        ("Rechenweg", texte.formel(eintrag)),
        ("Beispiel", eintrag.beispiel_text),
        ("Näherung", eintrag.naeherung),
        ("Hinweis", eintrag.hinweis),
        ("Fallstricke", eintrag.fallstricke),
        ("Reihenbrüche", texte.brueche_text(eintrag)),
        ("Rechtsgrundlage", eintrag.rechtsgrundlage),
        ("Quelle", eintrag.quelle),
        ("Herausgeber des Werts", eintrag.herausgeber),
        ("Fassung der Definition", texte.definition_fassung(eintrag)),
        ("Intervall von/bis", texte.intervall_text(eintrag, mit_intervall=werte["oben"].notna().any())),
        ("Geheimhaltung", texte.geheimhaltung_text(stand)),
        *((f"Zeichen {zeichen}", text) for zeichen, text in texte.LEGENDE),
    ]


def _metadaten_zeilen(store: Store) -> list[list[Zelle]]:
    return [
        [
            e.id,
            e.titel,
            e.thema_titel,
            e.einheit,
            e.definition,
            e.zaehler_text,
            e.nenner_text,
            texte.formel(e),
            e.naeherung,
            e.rechtsgrundlage,
            e.quelle,
            texte.brueche_text(e),
            texte.definition_fassung(e),
        ]
        for e in store.katalog()
    ]


def _quellen_zeilen(store: Store) -> list[list[Zelle]]:
    """One row per delivery, then the sources without a delivery (boundaries)."""
    lieferungen = store.lieferungen()
    zeilen: list[list[Zelle]] = [
        [z.titel, z.herausgeber, z.lizenz, _text(z.hinweis), z.datei, _tag(z.von), _tag(z.bis), z.sha256]
        for z in lieferungen.itertuples()
    ]
    genannt = set(lieferungen["titel"])
    return zeilen + [
        [q.titel, q.herausgeber, q.lizenz, q.hinweis] for q in store.stand.quellen if q.titel not in genannt
    ]


def _tag(tag: object) -> date | None:
    return tag if isinstance(tag, date) and not pd.isna(tag) else None
