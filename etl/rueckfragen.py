"""Questions to a supplier: one workbook with every open finding in his own file, and a mail to go with it.

Local files with delivered values: for the supplier himself and nobody else, and every file says so.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from etl.annahmen import read_annahmen, read_wartende
from etl.befund import SPERRT
from etl.quelle import Quelle

VERTRAULICH = "Intern: enthält gelieferte Werte. Nicht weitergeben außer an den Lieferanten."
SPALTEN = (  # title, width
    ("Nr.", 6), ("Datei", 26), ("Blatt", 14), ("Zeile", 8), ("Spalte", 22), ("Raum", 24), ("Stichtag", 12),
    ("Merkmal", 28), ("Gelieferter Wert", 16), ("Erwartet", 20), ("Früherer Wert", 14), ("Unsere Frage", 60),
    ("Ihre Antwort", 40), ("Dringlich", 11), ("Kennung", 13),
)  # fmt: skip
FRAGEN = {
    "sprung": "Der Wert weicht stark vom früher gelieferten ab. Ist er richtig? Wenn ja: Was ist der Grund?",
    "summe": "Die Teile ergeben zusammen nicht die Summe. Welche der Zahlen muss geändert werden?",
    "raumsumme": "Die Räume ergeben zusammen nicht die Summenzeile. Fehlt ein Raum, oder ist die Summe falsch?",
    "teil_von": "Der Wert ist größer als das Ganze, zu dem er gehört. Welche der beiden Zahlen muss geändert werden?",
    "regel": "Die Zahlen passen nicht zusammen. Welche davon muss geändert werden?",
    "gleicher_inhalt": "Die Tabelle enthält dieselben Werte wie eine frühere. Wurde versehentlich die alte geschickt?",
    "fehlende": "Für einige Räume fehlen Werte. Können Sie sie nachliefern?",
    "kleine_werte": "Einige kleine Werte stehen offen, obwohl Sie sonst kleine Werte sperren. Ist das gewollt?",
    "doppelt": "Einige Zeilen stehen doppelt in der Datei. Ist das gewollt?",
    "versteckt": "Die Datei enthält ausgeblendete Zeilen oder Spalten. Gehören sie zur Lieferung?",
    "nachlieferung": "Diese Werte haben sich gegenüber Ihrer früheren Lieferung geändert. Was ist der Grund?",
    "zuordnung": "Einige Fälle ließen sich keinem Raum zuordnen. Können Sie die Angaben berichtigen?",
}
ALLGEMEIN = "Uns ist etwas aufgefallen. Können Sie uns sagen, ob die Angabe so stimmt?"


@dataclass(frozen=True)
class Rueckfrage:
    """The files written for one supplier."""

    quelle: str
    fragen: int
    dateien: tuple[Path, ...]


def find_offene(befunde: pd.DataFrame, ordner: Path) -> pd.DataFrame:
    """Findings nobody has accepted and that are more than a hint: those of loaded deliveries and those that stop one.

    Args:
        befunde: see `etl.bestand.read_befunde`; empty if nothing has been loaded.
    """
    wartende = pd.DataFrame(read_wartende(ordner)).rename(columns={"raum": "raum_id"})
    alle = pd.concat([wartende, befunde], ignore_index=True) if len(wartende) else befunde
    if alle.empty:
        return alle
    offen = alle["schwere"].ne("hinweis") | alle["regel"].eq("nachlieferung")
    angenommen = alle["befund_id"].isin(list(read_annahmen(ordner)))
    return alle[offen & ~angenommen].drop_duplicates("befund_id").reset_index(drop=True)


def write_rueckfragen(
    offene: pd.DataFrame, quellen: dict[str, Quelle], ziel: Path, *, gebiet: str, namen: dict[str, str], heute: date
) -> list[Rueckfrage]:
    """One workbook and one mail text per source that has open questions; `namen` are those of the Räume."""
    ziel.mkdir(parents=True, exist_ok=True)
    geschrieben = []
    for quelle_id, teil in offene.groupby("quelle", sort=True) if len(offene) else []:
        quelle = quellen.get(quelle_id)
        titel, herausgeber = (quelle.titel, quelle.herausgeber) if quelle else (quelle_id, "")
        dringend = (teil["schwere"] != SPERRT).rename("spaeter")
        teil = teil.assign(spaeter=dringend).sort_values(["spaeter", "datei", "zeile"], kind="stable")
        mappe = ziel / f"rueckfragen_{quelle_id}_{heute:%Y-%m-%d}.xlsx"
        brief = mappe.with_suffix(".txt")
        teil["raum"] = [f"{r} {namen.get(r, '')}".strip() if _text(r) else "" for r in teil["raum_id"]]
        _write_mappe(mappe, teil, quelle, titel, gebiet, heute)
        brief.write_text(_mail(teil, titel, herausgeber, gebiet, heute, mappe.name), encoding="utf-8")
        geschrieben.append(Rueckfrage(quelle_id, len(teil), (mappe, brief)))
    return geschrieben


def _write_mappe(pfad: Path, teil: pd.DataFrame, quelle: Quelle | None, titel: str, gebiet: str, heute: date) -> None:
    mappe = Workbook()
    blatt = mappe.active
    blatt.title = "Rückfragen"
    blatt.append([text_zelle(f"Rückfragen zu »{titel}«, {gebiet}, Stand {heute:%d.%m.%Y}")])
    blatt.append([VERTRAULICH])
    blatt.append(["Bitte tragen Sie Ihre Antwort in die Spalte »Ihre Antwort« ein und schicken Sie die Datei zurück."])
    blatt.append([])
    blatt.append([name for name, _ in SPALTEN])
    for nummer, zeile in enumerate(teil.itertuples(), start=1):
        blatt.append([nummer, *map(text_zelle, _zeile(zeile, quelle))])
    _gestalte(blatt, len(teil))
    mappe.properties.title, mappe.properties.creator = f"Rückfragen {titel}", "Sozialraum-Monitor"
    mappe.save(pfad)


def _zeile(zeile, quelle: Quelle | None) -> Iterable:
    merkmale = quelle.merkmale if quelle else {}
    titel = merkmale[zeile.merkmal].titel if zeile.merkmal in merkmale else _text(zeile.merkmal)
    stichtag = pd.Timestamp(zeile.stichtag).strftime("%d.%m.%Y") if pd.notna(zeile.stichtag) else ""
    nummer = int(zeile.zeile) if pd.notna(zeile.zeile) and zeile.zeile else ""
    spalte = "(aus anderen Angaben berechnet)" if zeile.spalte == "berechnet" else _text(zeile.spalte)
    frage = f"{FRAGEN.get(zeile.regel, ALLGEMEIN)} {zeile.text}"
    werte = (_text(zeile.gefunden), _text(zeile.erwartet), _text(zeile.vorher))
    dringend = "ja" if zeile.schwere == SPERRT else ""
    return (
        zeile.datei, _text(zeile.blatt), nummer, spalte, zeile.raum, stichtag, titel, *werte, frage, "", dringend,
        zeile.befund_id,
    )  # fmt: skip


def _text(wert) -> str:
    return wert if isinstance(wert, str) else ""


def text_zelle(wert):
    """A text that Excel shows and never calculates; what XML cannot hold is left out."""
    if not isinstance(wert, str):
        return wert
    wert = ILLEGAL_CHARACTERS_RE.sub("", wert)
    return f"'{wert}" if wert.lstrip()[:1] in ("=", "+", "-", "@") and not _ist_zahl(wert) else wert


def _ist_zahl(wert: str) -> bool:
    return wert.lstrip("+-").replace(".", "").replace(",", "").isdecimal()


def _gestalte(blatt, anzahl: int) -> None:
    kopf = 5
    for zeile, fett in ((1, Font(bold=True, size=14)), (2, Font(bold=True, color="9C1C1C"))):
        blatt.cell(zeile, 1).font = fett
    umbruch = Alignment(wrap_text=True, vertical="top")
    for nummer, (_, breite) in enumerate(SPALTEN, start=1):
        blatt.column_dimensions[get_column_letter(nummer)].width = breite
        zelle = blatt.cell(kopf, nummer)
        zelle.font, zelle.fill, zelle.alignment = Font(bold=True), PatternFill("solid", fgColor="D2E6EC"), umbruch
    for reihe in blatt.iter_rows(min_row=kopf + 1, max_row=kopf + anzahl):
        for zelle in reihe:
            zelle.alignment = umbruch
            if isinstance(zelle.value, str):
                zelle.data_type = "s"
        reihe[12].fill = PatternFill("solid", fgColor="FFF8DC")
    blatt.auto_filter.ref = f"A{kopf}:{get_column_letter(len(SPALTEN))}{kopf + anzahl}"
    blatt.freeze_panes = blatt.cell(kopf + 1, 1)
    blatt.print_title_rows = f"{kopf}:{kopf}"
    blatt.page_setup.orientation, blatt.page_setup.fitToWidth, blatt.page_setup.fitToHeight = "landscape", 1, 0
    blatt.sheet_properties.pageSetUpPr.fitToPage = True
    blatt.oddFooter.center.text = VERTRAULICH


def _mail(teil: pd.DataFrame, titel: str, herausgeber: str, gebiet: str, heute: date, mappe: str) -> str:
    anzahl, dringend = len(teil), int((teil["schwere"] == SPERRT).sum())
    dateien = list(dict.fromkeys(teil["datei"]))
    worum = f"eine Frage zu Ihrer Lieferung »{dateien[0]}«" if anzahl == 1 else f"{anzahl} Fragen zu Ihrer Lieferung"
    saetze = [
        f"(Vor dem Absenden löschen. {VERTRAULICH})",
        "",
        f"Betreff: Rückfragen zu »{titel}« für {gebiet}",
        "",
        "Guten Tag,",
        "",
        f"vielen Dank für die Daten »{titel}«. Beim Prüfen ist uns etwas aufgefallen: Wir haben {worum}.",
    ]
    if len(dateien) > 1:
        saetze += ["Es geht um diese Dateien:", *[f"  - {name}" for name in dateien[:15]]]
        saetze += [f"  - und {len(dateien) - 15} weitere"] if len(dateien) > 15 else []
    saetze += [
        "",
        f"Die Einzelheiten stehen in der Mappe {mappe} im Anhang: je Zeile die Stelle in Ihrer Datei, der gelieferte "
        "Wert und unsere Frage. Bitte tragen Sie Ihre Antwort in die Spalte »Ihre Antwort« ein und schicken Sie die "
        "Mappe zurück. Ist ein Wert falsch, hilft uns am meisten eine berichtigte Datei mit gleichem Aufbau.",
    ]
    if dringend:
        wort = "Eine Frage ist" if dringend == 1 else f"{dringend} Fragen sind"
        saetze += ["", f"{wort} dringend: Bis zur Klärung können wir die Lieferung nicht übernehmen."]
    saetze += ["", "Freundliche Grüße", "", ""]
    return "\n".join(saetze)
