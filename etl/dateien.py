"""Delivered files → tables of text rows. Knows encodings and disguised files; no meaning of columns."""

import codecs
import csv
import hashlib
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from pathlib import Path

from etl.blattbau import OLE, Bauplanfehler, ole_stroeme
from etl.checks import Befund
from etl.mappen import Blatt, read_mappe, spaltenbuchstabe
from etl.parkett import read_parquet
from etl.personen import GRUENDLICH, datenschutz, harte_stelle, ist_fallliste
from etl.quelle import Quelle
from geodata.fehler import LieferungError

__all__ = ["TRENNER", "Blatt", "Inhalt", "pruefe_datei", "read_blaetter", "sha256_datei", "spaltenbuchstabe"]

BLOCK = 1 << 20
MAPPEN = {"xlsx": "Excel-Datei (XLSX)", "xls": "alte Excel-Datei (XLS)", "ods": "OpenDocument-Tabelle (ODS)"}
FORMATE = {**MAPPEN, "parquet": "Parquet-Datei"}  # any other format is text
ECHTE_ART = {
    b"\xd0\xcf\x11\xe0": "eine alte Excel-Datei (XLS) oder eine mit Kennwort geschützte Datei",
    b"%PDF": "eine PDF-Datei",
    b"{\\rtf": "ein Word-Dokument (RTF)",
    b"\x1f\x8b": "eine gepackte Datei (GZIP)",
    b"7z\xbc\xaf": "eine gepackte Datei (7-Zip)",
    b"SQLite format 3": "eine SQLite-Datenbank",
}
MOJIBAKE = re.compile("Ã[\u00a4\u00b6\u00bc\u0178\u201e\u2013\u0153\u0084\u0096\u009c\u009f]|â€[“”\u0093\u0094œ]|ï»¿")
HTML = re.compile(rb"\s*(<!doctype html|<html|<table|<head)", re.I)
TRENNER = {";": "Semikolon", ",": "Komma", "\t": "Tabulator", "|": "Senkrechtstrich"}


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
    if quelle.datei.format in FORMATE:
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
    erwartet = FORMATE.get(quelle.datei.format, "Textdatei (CSV)")
    art = echte_art(pfad, kopf)
    if art == quelle.datei.format or (art == "text" and quelle.datei.format not in FORMATE):
        return
    beschreibung = FORMATE.get(art) or art
    if art in FORMATE:
        beschreibung = f"eine {FORMATE[art]}"
        tat = f'Im Profil unter [datei] format = "{art}" eintragen, oder die Datei als {erwartet} speichern'
    elif art == "text":
        beschreibung, tat = "eine Textdatei", f"Die Datei als {erwartet} speichern"
    else:
        tat = f"Die Datei öffnen, prüfen und ohne Kennwort als {erwartet} speichern"
    raise LieferungError(
        f"Quelle »{quelle.id}«: Erwartet ist eine {erwartet}, die Datei ist aber in Wahrheit {beschreibung}.",
        wo=pfad.name,
        tun=f"{tat}; die Endung zu ändern genügt nicht.",
    )


def echte_art(pfad: Path, kopf: bytes) -> str:
    """What the bytes are: xlsx, xls, ods, parquet, text, or a German phrase for anything else."""
    if HTML.match(kopf.removeprefix(codecs.BOM_UTF8)):
        return "eine HTML-Seite (vielleicht die Anmelde- oder Fehlerseite eines Portals)"
    if kopf.startswith(b"PK\x03\x04"):
        return _art_archiv(pfad)
    if kopf.startswith(OLE):
        return _art_ole(pfad)
    if kopf.startswith(b"PAR1"):
        return "parquet"
    if kopf.startswith(b"<?xml"):
        return "eine XML-Datei"
    return next((art for zeichen, art in ECHTE_ART.items() if kopf.startswith(zeichen)), "text")


def _art_ole(pfad: Path) -> str:
    try:
        stroeme = ole_stroeme(pfad.read_bytes())
    except Bauplanfehler:
        return "xls"  # its reader says what is wrong
    if "EncryptedPackage" in stroeme:
        return "eine mit Kennwort geschützte Excel-Datei"
    return "xls" if {"Workbook", "Book"} & set(stroeme) else "eine alte Office-Datei (etwa Word) oder eine Nachricht"


def _art_archiv(pfad: Path) -> str:
    try:
        with zipfile.ZipFile(pfad) as archiv:
            namen = set(archiv.namelist())
            art = archiv.read("mimetype")[:100] if "mimetype" in namen else b""
    except Exception:  # whatever is wrong with it, the reader of the declared format says so
        return "eine ZIP- oder Excel-Datei, die beschädigt ist"
    if any(name.startswith("xl/workbook.") for name in namen):
        return "xlsx"
    if "opendocument.spreadsheet" in art.decode("latin-1") or ("content.xml" in namen and not art):
        return "ods"
    return "eine Word-Datei (DOCX)" if "word/document.xml" in namen else "eine ZIP-Datei"


def sha256_datei(pfad: Path) -> str:
    """Hash of the bytes; asked twice for the same state of a file (known already? what to write down?), read once."""
    zustand = pfad.stat()
    return _sha256(pfad, zustand.st_size, zustand.st_mtime_ns)


@lru_cache(maxsize=1_000)
def _sha256(pfad: Path, groesse: int, zeit: int) -> str:
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
            wo=f"{pfad.name}, Zeile {zeile}, Byte {nummer}: vermutlich {text}",
            tun='Im Profil unter [datei] zeichensatz eintragen (für Dateien aus Excel meist "cp1252"). Sind nur '
            "einzelne Zeilen betroffen, wurden zwei Dateien zusammenkopiert: neu liefern lassen.",
        )
    _pruefe_zeichen(pfad, quelle, erlaubt)
    return Inhalt(sha256_datei(pfad), "utf-8-sig" if erlaubt == "utf-8" else erlaubt, befunde)


def _unlesbar(pfad: Path, zeichensatz: str) -> tuple[int, int, str] | None:
    """Byte offset, line and meant sign of the first bytes that are not in `zeichensatz`; None when all are.

    Only the one sign: what stands around it may be a name.
    """
    if zeichensatz == "iso-8859-1":
        return None
    entschluessler = codecs.getincrementaldecoder(zeichensatz)()
    gelesen = 0
    with open(pfad, "rb") as datei:
        while True:
            block = datei.read(BLOCK)
            rest = len(entschluessler.getstate()[0])
            if block and not rest and zeichensatz != "utf-16" and block.isascii():
                gelesen += len(block)
                continue
            try:
                entschluessler.decode(block, final=not block)
            except UnicodeDecodeError as fehler:
                stelle = gelesen - rest + fehler.start
                with open(pfad, "rb") as davor:
                    zeile = 1 + davor.read(stelle).count(b"\n")
                zeichen = fehler.object[fehler.start : fehler.start + 1].decode("cp1252", "replace")
                return stelle, zeile, f"»{zeichen}«" if zeichen.isprintable() else "ein Steuerzeichen"
            if not block:
                return None
            gelesen += len(block)


def _pruefe_zeichen(pfad: Path, quelle: Quelle, zeichensatz: str) -> None:
    """Stops at marks of single persons, doubly encoded umlauts and NUL."""
    fallliste = ist_fallliste(quelle)
    for nr, text in enumerate(_texte(pfad, zeichensatz)):

        def ort(stelle: int, nr: int = nr, text: str = text) -> str:
            davor = sum(frueher.count("\n") for frueher in islice(_texte(pfad, zeichensatz), nr))
            return f"{pfad.name}, Zeile {1 + davor + text.count(chr(10), 0, stelle)}"

        if not fallliste and (stelle := harte_stelle(text, gruendlich=nr * BLOCK < GRUENDLICH)) is not None:
            raise datenschutz(quelle, ort(stelle))
        treffer = None if text.isascii() else MOJIBAKE.search(text)
        if treffer:
            raise LieferungError(
                f"Quelle »{quelle.id}«: Umlaute sind beschädigt: »{treffer.group()}« steht für einen Buchstaben.",
                wo=ort(treffer.start()),
                tun='Steht im Profil zeichensatz = "cp1252" oder "iso-8859-1", dort "utf-8" eintragen. Sonst ist '
                "schon die Datei beschädigt: beim Lieferanten neu anfordern.",
            )
        if "\x00" in text:
            raise LieferungError(
                f"Quelle »{quelle.id}«: Die Datei enthält Nullzeichen und ist vermutlich beschädigt.",
                wo=ort(text.index("\x00")),
                tun="Die Datei beim Lieferanten neu anfordern.",
            )


def _texte(pfad: Path, zeichensatz: str) -> Iterator[str]:
    """The file decoded block by block."""
    entschluessler = codecs.getincrementaldecoder(zeichensatz)()
    with open(pfad, "rb") as datei:
        while block := datei.read(BLOCK):
            yield entschluessler.decode(block)


def read_blaetter(pfad: Path, quelle: Quelle, inhalt: Inhalt) -> Iterator[Blatt]:
    """The tables of one file, one after the other."""
    if quelle.datei.format in MAPPEN:
        yield from read_mappe(pfad, quelle, inhalt.befunde)
    elif quelle.datei.format == "parquet":
        yield read_parquet(pfad, quelle)
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
