"""What `sichern` and `wiederherstellen` do and say; `app.py` adds the locks of the other rooms."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from etl.kataloge import Quellenkatalog
from geodata.fehler import MonitoringError
from geodata.kommandozeile import fortschritt, megabyte, programmversion, sage, tag, zahl
from geodata.protokoll import protokolliere

Sperre = Callable[[Path], AbstractContextManager]


def sichere_daten(ziel: Path, daten: Path, als_json: bool, *, sperre: Sperre) -> None:
    """Write the archive, check it, and say what is in it."""
    from etl.sicherung import sichere

    with fortschritt("Sicherung") as melde:
        ergebnis = sichere(daten, ziel, version=programmversion(), sperre=sperre, melde=melde)
    protokolliere(daten, "gesichert", dateien=len(ergebnis.inhalt.dateien))
    groesse, anzahl = ergebnis.pfad.stat().st_size, len(ergebnis.inhalt.dateien)
    sage(
        f"Gesichert und geprüft: {ergebnis.pfad} ({zahl(anzahl, 'Datei', 'Dateien')}, {megabyte(groesse)}).\n"
        "  Die Sicherung enthält geheime Zahlen und Lieferungen und ist nicht verschlüsselt: so schützen wie den "
        f"Datenordner.{_text_falllisten(daten, list(ergebnis.inhalt.dateien))}",
        als_json,
        datei=ergebnis.pfad,
        bytes=groesse,
        dateien=anzahl,
        gebiete=ergebnis.inhalt.gebiete,
    )


def stelle_daten_her(
    datei: Path, daten: Path, als_json: bool, *, ersetzen: bool, nur_pruefen: bool, sperre: Sperre, nimm_mit: Callable
) -> None:
    """Check an archive, make a data folder of it, and say what has to be done again.

    Args:
        nimm_mit: takes along what must outlive the folder that is replaced, see `stelle_wieder_her`.
    """
    from etl.archiv import check_archiv
    from etl.wiederherstellung import stelle_wieder_her

    alt, berichte = None, ()
    with fortschritt("Sicherung") as melde:
        if nur_pruefen:
            inhalt = check_archiv(datei, melde=melde)
        else:
            ergebnis = stelle_wieder_her(datei, daten, ersetzen=ersetzen, sperre=sperre, nimm_mit=nimm_mit, melde=melde)
            inhalt, alt, berichte = ergebnis.inhalt, ergebnis.alt, ergebnis.berichte
    if not nur_pruefen:
        protokolliere(daten, "wiederhergestellt", sicherung_vom=inhalt.erstellt_am)
    text = "Die Sicherung ist unbeschädigt" if nur_pruefen else f"Wiederhergestellt: {daten}"
    text += f" ({zahl(len(inhalt.dateien), 'Datei', 'Dateien')}, gesichert am {tag(inhalt.erstellt_am)}"
    text += f" um {inhalt.erstellt_am[11:16]} Uhr UTC mit Programm {inhalt.programm})."
    for gebiet_id, stand in inhalt.gebiete.items():
        text += f"\n  {gebiet_id}: {f'Stand {stand}' if stand else 'nichts veröffentlicht'}"
    text += "".join(f"\n  {bericht}." for bericht in berichte)
    if not nur_pruefen:
        text += f"\n  Der bisherige Ordner liegt jetzt hier: {alt}" if alt else ""
        text += _text_seither(daten, inhalt.erstellt_am, mit_altem=alt is not None)
    sage(text, als_json, erstellt_am=inhalt.erstellt_am, gebiete=inhalt.gebiete, bisheriger_ordner=alt)


def _text_seither(daten: Path, seit: str, *, mit_altem: bool) -> str:
    """What happened after the backup and is undone by it: told from the record, or at least that it may be so."""
    from collections import Counter

    from geodata.protokoll import read_protokoll

    if not mit_altem:
        return (
            "\n  Was danach geladen, veröffentlicht, zurückgezogen oder gelöscht wurde, kennt die Sicherung nicht: "
            "bitte wiederholen, Zurückziehen und Löschen zuerst."
        )
    taten = ("geladen", "befund_angenommen", "lieferung_entfernt", "lieferung_geloescht", "veroeffentlicht")
    zeilen = [z for z in read_protokoll(daten) if z["zeit"] > seit and z["tat"] in taten]
    anzahl = Counter(f"{z.get('gebiet')}: {z['tat']}" for z in zeilen)
    was = "; ".join(f"{n} × {tat}" for tat, n in sorted(anzahl.items()))
    return f"\n  Seit der Sicherung geschah, was jetzt zu wiederholen ist: {was}." if was else ""


def _text_falllisten(daten: Path, dateien: list[str]) -> str:
    """A line if person-level lists lie in the archive; a catalogue that does not read must not stop a backup."""
    try:
        listen = {q.id for q in Quellenkatalog(daten).quellen().values() if q.fallliste}
    except MonitoringError:
        return ""
    anzahl = sum(teile[1] == "eingang" and teile[2] in listen for d in dateien if len(teile := d.split("/")) > 3)
    liste = zahl(anzahl, "Fallliste", "Falllisten")
    return f"\n  Darin {liste} mit Angaben zu einzelnen Personen, die im Eingang liegen." if anzahl else ""
