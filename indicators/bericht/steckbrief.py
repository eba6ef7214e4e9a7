"""One Raum as a file: the Kennzahlen of its Steckbrief with comparison, rank and trend, and the four answers."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from indicators.bericht import texte
from indicators.bericht.mappe import Mappe, Zelle
from indicators.bericht.tabellen import auswertung_zellen, excel_text, kopf_auswertung, stand_zeilen, wert_zellen
from indicators.store import Store

KOPF = (
    *("Gruppe", "Kennzahl", "Kennung", "Stichtag", "Einheit", "Wert"),
    *("Intervall von", "Intervall bis", "Zähler", "Nenner", "Status", "Hinweis"),
)


def write_steckbrief_xlsx(
    store: Store, raum, titel: str, gruppen: Sequence[tuple], antworten: Sequence[tuple]
) -> bytes:
    """Workbook: Deckblatt with the four answers, and one table.

    Args:
        titel: of the list of Kennzahlen; empty for the most important ones.
        gruppen: (title, [(Eintrag, row of `store.read_profil`)]) as the page shows them.
        antworten: (question, sentences).
    """
    name = _titel(raum, titel)
    mappe = Mappe(name, store.stand)
    saetze = [(frage, " ".join(teile)) for frage, teile in antworten]
    mappe.textblatt("Deckblatt", name, [*saetze, *stand_zeilen(store.stand), *texte.LEGENDE])
    mappe.tabelle("Kennzahlen", name, [*KOPF, *kopf_auswertung(store.stand)], list(_zeilen(store, raum, gruppen)))
    return mappe.in_bytes()


def write_steckbrief_csv(store: Store, raum, titel: str, gruppen: Sequence[tuple], antworten: Sequence[tuple]) -> bytes:
    """The same as CSV for German Excel: the table, below it the answers and the origin."""
    datei = io.StringIO(newline="")
    schreiber = csv.writer(datei, delimiter=";", lineterminator="\r\n")
    schreiber.writerow([*KOPF, *kopf_auswertung(store.stand)])
    schreiber.writerows([excel_text(inhalt) for inhalt in zeile] for zeile in _zeilen(store, raum, gruppen))
    schreiber.writerow([])
    schreiber.writerow([_titel(raum, titel)])
    schreiber.writerows([f"{frage} {' '.join(teile)}"] for frage, teile in antworten)
    schreiber.writerows([f"{links}: {rechts}"] for links, rechts in stand_zeilen(store.stand) if rechts)
    schreiber.writerows([f"Zeichen {zeichen}: {text}"] for zeichen, text in texte.LEGENDE)
    return datei.getvalue().encode("utf-8-sig")


def _titel(raum, titel: str) -> str:
    return f"Steckbrief {raum.name}{f' – {titel}' if titel else ''}"


def _zeilen(store: Store, raum, gruppen: Sequence[tuple]) -> Iterator[list[Zelle]]:
    offen = texte.nur_offene(store.read_profil(raum.raum_id).rename(columns={"von": "rang_anzahl"}))
    je_kennzahl = {z.kennzahl_id: z for z in offen.assign(umgerechnet=False, anteil_aufgeteilt=None).itertuples()}
    for gruppe, paare in gruppen:
        for eintrag, _ in paare:
            zeile = je_kennzahl[eintrag.id]
            wert, unten, oben, zaehler, nenner, status, _, hinweis = wert_zellen(zeile, eintrag)
            vorn = [gruppe, eintrag.titel, eintrag.id, zeile.stichtag, eintrag.einheit, wert]
            yield [
                *vorn,
                unten,
                oben,
                zaehler,
                nenner,
                status,
                hinweis,
                *auswertung_zellen(store.stand, zeile, eintrag),
            ]
