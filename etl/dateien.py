"""Delivered files → sheets of text rows. Knows encodings, spreadsheets and disguised files; no meaning of columns."""

import codecs
import csv
import hashlib
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from etl.checks import Befund
from etl.quelle import Quelle, muster_regex
from geodata.fehler import LieferungError

BLOCK = 1 << 20
XLSX_GRENZE = 400 << 20  # bytes unpacked; a real workbook of a Kreis has a few MB
ECHTE_ART = {
    b"PK\x03\x04": "eine ZIP- oder Excel-Datei (XLSX)",
    b"\xd0\xcf\x11\xe0": "eine alte Excel-Datei (XLS) oder eine mit Kennwort geschützte Datei",
    b"%PDF": "eine PDF-Datei",
    b"{\\rtf": "ein Word-Dokument (RTF)",
}
MOJIBAKE = re.compile("Ã[\u00a4\u00b6\u00bc\u0178\u201e\u2013\u0153\u0084\u0096\u009c\u009f]|â€[“”\u0093\u0094œ]|ï»¿")
HTML = re.compile(rb"\s*(<!doctype html|<html|<table|<head)", re.I)
TRENNER = {";": "Semikolon", ",": "Komma", "\t": "Tabulator", "|": "Senkrechtstrich"}


@dataclass
class Blatt:
    """One table of text: numbered rows (1 = first line of the file or sheet)."""

    name: str  # "" for a text file
    zeilen: Iterator[tuple[int, list[str]]]
    titel: str = ""  # sheet name as delivered, for {stichtag:…}
    excel: bool = False


@dataclass
class Inhalt:
    sha256: str
    zeichensatz: str
    befunde: list[Befund] = field(default_factory=list)


def pruefe_datei(pfad: Path, quelle: Quelle) -> Inhalt:
    """One pass over the bytes: hash, true type, encoding.

    Raises:
        LieferungError: empty, disguised or wrongly encoded file.
    """
    kopf = _anfang(pfad)
    if not kopf.strip(b"\xef\xbb\xbf\xff\xfe \r\n\t\x00"):
        raise LieferungError(
            f"Quelle »{quelle.id}«: Die Datei ist leer.", wo=pfad.name, tun="Beim Lieferanten neu anfordern."
        )
    _pruefe_art(pfad, quelle, kopf)
    if quelle.datei.format == "xlsx":
        return Inhalt(sha256_datei(pfad), "")
    return _pruefe_text(pfad, quelle, kopf)


def _anfang(pfad: Path) -> bytes:
    try:
        with open(pfad, "rb") as datei:
            return datei.read(4096)
    except OSError as fehler:
        raise LieferungError(
            f"Die Datei lässt sich nicht öffnen ({fehler.strerror}).",
            wo=pfad.name,
            tun="Prüfen, ob sie noch vorhanden und nicht in Excel geöffnet ist.",
        ) from None


def _pruefe_art(pfad: Path, quelle: Quelle, kopf: bytes) -> None:
    erwartet = "Excel-Datei (XLSX)" if quelle.datei.format == "xlsx" else "Textdatei (CSV)"
    echt = next((art for zeichen, art in ECHTE_ART.items() if kopf.startswith(zeichen)), "")
    if HTML.match(kopf.removeprefix(codecs.BOM_UTF8)):
        echt = "eine HTML-Seite (vielleicht die Anmelde- oder Fehlerseite eines Portals)"
    if quelle.datei.format == "xlsx":
        echt = "" if kopf.startswith(b"PK\x03\x04") else echt or "keine Excel-Datei"
    if echt:
        raise LieferungError(
            f"Quelle »{quelle.id}«: Erwartet ist eine {erwartet}, die Datei ist aber in Wahrheit {echt}.",
            wo=pfad.name,
            tun=f"Die Datei öffnen, prüfen und als {erwartet} speichern; die Endung zu ändern genügt nicht.",
        )


def sha256_datei(pfad: Path) -> str:
    with open(pfad, "rb") as datei:
        return hashlib.file_digest(datei, "sha256").hexdigest()


def _pruefe_text(pfad: Path, quelle: Quelle, kopf: bytes) -> Inhalt:
    befunde = []
    erlaubt = quelle.datei.zeichensatz.replace("utf-8-sig", "utf-8")
    if kopf.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and erlaubt != "utf-16":
        befunde.append(
            Befund("zeichensatz", "hinweis", "Die Datei ist »Unicode-Text« (UTF-16); sie wurde umgewandelt.")
        )
        erlaubt = "utf-16"
    elif kopf.startswith(codecs.BOM_UTF8):
        erlaubt = "utf-8"
    stelle = _unlesbar(pfad, erlaubt)
    ersatz = quelle.datei.zeichensatz_ersatz
    if stelle and ersatz and _unlesbar(pfad, ersatz) is None:
        befunde.append(Befund("zeichensatz", "hinweis", f"Die Datei ist nicht in {erlaubt}, sondern in {ersatz}."))
        erlaubt, stelle = ersatz, None
    if stelle:
        nummer, zeile, text = stelle
        raise LieferungError(
            f"Quelle »{quelle.id}«: Die Umlaute der Datei sind nicht lesbar; sie ist nicht (durchgehend) in {erlaubt}.",
            wo=f"{pfad.name}, Zeile {zeile}, Byte {nummer}: {text}",
            tun='Im Profil unter [datei] zeichensatz eintragen (für Dateien aus Excel meist "cp1252"). Sind nur '
            "einzelne Zeilen betroffen, wurden zwei Dateien zusammenkopiert: neu liefern lassen.",
        )
    hash_ = _pruefe_zeichen(pfad, quelle, erlaubt)
    return Inhalt(hash_, "utf-8-sig" if erlaubt == "utf-8" else erlaubt, befunde)


def _unlesbar(pfad: Path, zeichensatz: str) -> tuple[int, int, str] | None:
    """Byte offset, line and surroundings of the first bytes that are not in `zeichensatz`; None when all are."""
    if zeichensatz == "iso-8859-1":
        return None
    entschluessler = codecs.getincrementaldecoder(zeichensatz)()
    gelesen, zeile = 0, 1
    with open(pfad, "rb") as datei:
        while True:
            block = datei.read(BLOCK)
            rest = len(entschluessler.getstate()[0])
            try:
                entschluessler.decode(block, final=not block)
            except UnicodeDecodeError as fehler:
                stelle = gelesen - rest + fehler.start
                zeile += fehler.object[: fehler.start].count(b"\n")
                umgebung = fehler.object[max(0, fehler.start - 15) : fehler.end + 15]
                return stelle, zeile, f"»{' '.join(umgebung.decode('cp1252', 'replace').split())}«"
            if not block:
                return None
            gelesen += len(block)
            zeile += block.count(b"\n")


def _pruefe_zeichen(pfad: Path, quelle: Quelle, zeichensatz: str) -> str:
    """Stops at doubly encoded umlauts and NUL; returns the hash of the bytes."""
    sha, zeile = hashlib.sha256(), 1
    entschluessler = codecs.getincrementaldecoder(zeichensatz)()
    with open(pfad, "rb") as datei:
        while block := datei.read(BLOCK):
            sha.update(block)
            text = entschluessler.decode(block)
            treffer = None if text.isascii() else MOJIBAKE.search(text)
            if treffer:
                ausschnitt = text[max(0, treffer.start() - 12) : treffer.end() + 12].splitlines()
                raise LieferungError(
                    f"Quelle »{quelle.id}«: Umlaute sind beschädigt, etwa »{max(ausschnitt, key=len).strip()}«.",
                    wo=f"{pfad.name}, Zeile {zeile + text.count(chr(10), 0, treffer.start())}",
                    tun='Steht im Profil zeichensatz = "cp1252" oder "iso-8859-1", dort "utf-8" eintragen. Sonst ist '
                    "schon die Datei beschädigt: beim Lieferanten neu anfordern.",
                )
            if "\x00" in text:
                raise LieferungError(
                    f"Quelle »{quelle.id}«: Die Datei enthält Nullzeichen und ist vermutlich beschädigt.",
                    wo=f"{pfad.name}, Zeile {zeile + text.count(chr(10), 0, text.index(chr(0)))}",
                    tun="Die Datei beim Lieferanten neu anfordern.",
                )
            zeile += text.count("\n")
    return sha.hexdigest()


def read_blaetter(pfad: Path, quelle: Quelle, inhalt: Inhalt) -> Iterator[Blatt]:
    """The tables of one file, one after the other."""
    if quelle.datei.format == "xlsx":
        yield from _read_xlsx(pfad, quelle, inhalt)
    else:
        yield Blatt("", _read_text(pfad, quelle, inhalt.zeichensatz))


def _read_text(pfad: Path, quelle: Quelle, zeichensatz: str) -> Iterator[tuple[int, list[str]]]:
    with open(pfad, encoding=zeichensatz, newline="") as datei:
        leser = csv.reader(datei, delimiter=quelle.datei.trennzeichen, strict=True)
        nummer = 1
        try:
            for zeile in leser:
                yield nummer, zeile
                nummer = leser.line_num + 1
        except csv.Error:
            raise LieferungError(
                f"Quelle »{quelle.id}«: Ein Anführungszeichen wird geöffnet und nicht (richtig) geschlossen.",
                wo=f"{pfad.name}, ab Zeile {nummer}",
                tun='Die Zeile in einem Texteditor prüfen: Ein " innerhalb eines Textes wird verdoppelt ("").',
            ) from None


# ---------------------------------------------------------------- spreadsheets


def _read_xlsx(pfad: Path, quelle: Quelle, inhalt: Inhalt) -> Iterator[Blatt]:
    _pruefe_archiv(pfad, quelle)
    try:
        mappe = CalamineWorkbook.from_path(str(pfad))
    except (CalamineError, OSError) as fehler:
        raise LieferungError(
            f"Quelle »{quelle.id}«: Die Excel-Datei ist beschädigt oder geschützt.",
            wo=f"{pfad.name} ({fehler})",
            tun="In Excel öffnen, ohne Kennwort als XLSX speichern und neu ablegen.",
        ) from None
    muster = muster_regex(quelle.datei.blatt)
    gewaehlt = []
    for angabe in mappe.sheets_metadata:
        sichtbar = angabe.visible == SheetVisibleEnum.Visible
        if muster.fullmatch(angabe.name) and (sichtbar or quelle.datei.blatt == angabe.name):
            gewaehlt.append(angabe.name)
        else:
            art = "Blatt" if sichtbar else "Ausgeblendetes Blatt"
            inhalt.befunde.append(Befund("blatt", "hinweis", f"{art} »{angabe.name}« wurde nicht gelesen."))
    if not gewaehlt:
        raise LieferungError(
            f"Quelle »{quelle.id}«: Das Blatt »{quelle.datei.blatt}« fehlt.",
            wo=f"{pfad.name}, Blätter: {', '.join(mappe.sheet_names)}",
            tun="Blatt umbenennen oder im Profil unter [datei] blatt anpassen.",
        )
    for name in gewaehlt:
        _pruefe_formeln(pfad, quelle, mappe.sheet_names.index(name), name)
        zeilen = mappe.get_sheet_by_name(name).to_python(skip_empty_area=False)
        texte = ((nr, [_als_text(z, quelle.datei.dezimal) for z in zeile]) for nr, zeile in enumerate(zeilen, 1))
        yield Blatt(name, texte, titel=name, excel=True)


def _pruefe_archiv(pfad: Path, quelle: Quelle) -> None:
    try:
        with zipfile.ZipFile(pfad) as archiv:
            groesse = sum(eintrag.file_size for eintrag in archiv.infolist())
            tabelle = "xl/workbook.xml" in archiv.namelist() or "xl/workbook.bin" in archiv.namelist()
    except (zipfile.BadZipFile, OSError):
        groesse, tabelle = 0, False
    if not tabelle or groesse > XLSX_GRENZE:
        grund = "ist ausgepackt unzulässig groß" if groesse > XLSX_GRENZE else "ist beschädigt oder keine Excel-Datei"
        raise LieferungError(
            f"Quelle »{quelle.id}«: Die Datei {grund}.",
            wo=pfad.name,
            tun="In Excel öffnen, nur die gelieferten Blätter behalten, als XLSX speichern und neu ablegen.",
        )


def _pruefe_formeln(pfad: Path, quelle: Quelle, nummer: int, name: str) -> None:
    """A formula that was never calculated has no value in the file; readers would see an empty cell."""
    with zipfile.ZipFile(pfad) as archiv:
        blaetter = sorted(
            (n for n in archiv.namelist() if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", n)),
            key=lambda n: int(re.findall(r"\d+", n)[-1]),
        )
        if nummer >= len(blaetter):
            return
        text = archiv.read(blaetter[nummer]).decode("utf-8", "replace")
    for zelle in re.finditer(r'<c r="([A-Z]+\d+)"[^>]*>(.*?)</c>', text, re.S) if "<f" in text else ():
        if "<f" in zelle[2] and not re.search(r"<v>[^<]", zelle[2]):
            raise LieferungError(
                f"Quelle »{quelle.id}«: Eine Formel hat kein gespeichertes Ergebnis.",
                wo=f"{pfad.name}, Blatt »{name}«, Zelle {zelle[1]}",
                tun="Die Datei in Excel öffnen und speichern, dann neu ablegen.",
            )


def _als_text(zelle: object, dezimal: str) -> str:
    """A spreadsheet cell as a person would type it in this source."""
    match zelle:
        case str():
            return zelle
        case None:
            return ""
        case bool():
            return "WAHR" if zelle else "FALSCH"
        case int():
            return str(zelle)
        case float():
            return str(int(zelle)) if zelle.is_integer() else repr(zelle).replace(".", dezimal)
        case datetime():
            return zelle.date().isoformat() if zelle.time() == time(0) else zelle.isoformat()
        case date() | time() | timedelta():
            return str(zelle)
    raise AssertionError(f"unbekannte Zellart {type(zelle)}")


def spaltenbuchstabe(spalte: int) -> str:
    buchstaben = ""
    spalte += 1
    while spalte:
        spalte, rest = divmod(spalte - 1, 26)
        buchstaben = chr(65 + rest) + buchstaben
    return buchstaben
