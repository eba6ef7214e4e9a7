"""What a spreadsheet says besides its values: hidden rows and columns, merged cells, errors, formulas never calculated.

The value reader (calamine) shows an error and a formula without result as an empty cell, and knows nothing of what is
hidden. Each sheet is read once more as a stream; nothing in a document type definition is ever resolved.
"""

import re
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from etl.zahlen import OHNE_ERGEBNIS

ZELLEN_GRENZE = 12_000_000  # the value reader lays out the whole rectangle in memory
FEHLERNUMMER = {0: "#NULL!", 7: "#DIV/0!", 15: "#WERT!", 23: "#BEZUG!", 29: "#NAME?", 36: "#ZAHL!", 42: "#NV"}
ODS_FEHLER = re.compile(r"#[A-ZÄÖÜ0/]+[!?]?|Err:\d+")


class Bauplanfehler(ValueError):
    """The file cannot be what it says; the message is one German half-sentence."""


@dataclass
class Blattbau:
    """One sheet. Rows count from 1, columns from 0. `zellen`: texts of cells that the value reader shows empty."""

    zellen: dict[tuple[int, int], str] = field(default_factory=dict)
    zeilen_versteckt: set[int] = field(default_factory=set)
    spalten_versteckt: list[tuple[int, int]] = field(default_factory=list)  # from, to (inclusive)
    verbunden: list[tuple[int, int, int, int]] = field(default_factory=list)  # row, column, last row, last column
    hoehe: int = 0
    breite: int = 0

    def ist_versteckt(self, spalte: int) -> bool:
        return any(von <= spalte <= bis for von, bis in self.spalten_versteckt)

    def check_groesse(self) -> "Blattbau":
        if self.hoehe * self.breite > ZELLEN_GRENZE:
            raise Bauplanfehler(f"ist unzulässig groß (ein Blatt mit {self.hoehe} Zeilen und {self.breite} Spalten)")
        return self


# ---------------------------------------------------------------- XML without surprises


def lies_xml(strom, beginn: Callable, ende: Callable | None = None, text: Callable | None = None) -> None:
    """Stream through one XML part: `beginn(name without prefix, attributes without prefix)`.

    Raises:
        Bauplanfehler: not well-formed, or with a document type (the place of external entities).
    """
    leser = expat.ParserCreate()
    leser.buffer_text = True
    kurz: dict[str, str] = {}

    def lokal(name: str) -> str:
        if name not in kurz:
            kurz[name] = name.rpartition(":")[2]
        return kurz[name]

    def verweigere(*_) -> None:
        raise Bauplanfehler("enthält eine Dokumenttyp-Angabe mit möglichen Verweisen nach außen")

    leser.StartDoctypeDeclHandler = verweigere

    def erstes(name: str, angaben: dict[str, str]) -> None:
        """Without a prefix on the root there is none below, and the handlers can be called as they are."""
        if ":" in name:
            leser.StartElementHandler = lambda n, a: beginn(lokal(n), a)
            leser.EndElementHandler = (lambda n: ende(lokal(n))) if ende else None
        else:
            leser.StartElementHandler, leser.EndElementHandler = beginn, ende
        leser.StartElementHandler(name, angaben)

    leser.StartElementHandler = erstes
    if text:
        leser.CharacterDataHandler = text
    try:
        leser.ParseFile(strom)
    except (expat.ExpatError, zipfile.BadZipFile, EOFError, UnicodeError, OSError) as fehler:
        art = type(fehler).__name__
        raise Bauplanfehler(f"ist beschädigt (ein Teil ist kein gültiges XML: {art})") from None
    except Exception as fehler:  # zlib.error has no public parent
        if type(fehler).__module__ == "zlib":
            raise Bauplanfehler("ist beschädigt (lässt sich nicht auspacken)") from None
        raise


def ohne_vorsatz(angaben: dict[str, str]) -> dict[str, str]:
    return {name.rpartition(":")[2]: wert for name, wert in angaben.items()}


# ---------------------------------------------------------------- XLSX


@dataclass
class XlsxMappe:
    """Sheets of a workbook by name, as its relationships say; their parts may be called anything."""

    blaetter: dict[str, str]
    nie_gerechnet: bool  # a program wrote the file and left the calculation to Excel: a result 0 may be a stand-in


def bau_xlsx_mappe(archiv: zipfile.ZipFile) -> XlsxMappe:
    wurzel = _beziehungen(archiv, "_rels/.rels", "")
    mappe = next((ziel for art, ziel in wurzel.values() if art.endswith("/officeDocument")), "xl/workbook.xml")
    ordner, _, name = mappe.rpartition("/")
    ziele = _beziehungen(archiv, f"{ordner}/_rels/{name}.rels", ordner)
    blaetter: dict[str, str] = {}
    rechnung: list[bool] = []

    def beginn(art: str, angaben: dict[str, str]) -> None:
        if art == "sheet":
            angaben = ohne_vorsatz(angaben)
            blaetter[angaben.get("name", "")] = ziele.get(angaben.get("id", ""), ("", ""))[1]
        elif art == "calcPr":
            rechnung.append(angaben.get("fullCalcOnLoad") in ("1", "true"))

    _lies_teil(archiv, mappe, beginn)
    for art, texte in ziele.values():
        if art.endswith("/sharedStrings") and texte in archiv.NameToInfo:
            _lies_teil(archiv, texte, lambda *_: None)  # the value reader makes something of broken texts, too
    return XlsxMappe(blaetter, any(rechnung))


def _beziehungen(archiv: zipfile.ZipFile, teil: str, ordner: str) -> dict[str, tuple[str, str]]:
    """Relationship id → (kind, path inside the archive)."""
    ziele: dict[str, tuple[str, str]] = {}

    def beginn(art: str, angaben: dict[str, str]) -> None:
        if art == "Relationship" and angaben.get("TargetMode") != "External":
            ziel = angaben.get("Target", "")
            pfad = ziel.removeprefix("/") if ziel.startswith("/") else f"{ordner}/{ziel}".removeprefix("/")
            ziele[angaben.get("Id", "")] = (angaben.get("Type", ""), _ohne_punkte(pfad))

    _lies_teil(archiv, teil, beginn)
    return ziele


def _ohne_punkte(pfad: str) -> str:
    teile: list[str] = []
    for teil in pfad.split("/"):
        if teil == "..":
            teile = teile[:-1]
        elif teil not in ("", "."):
            teile.append(teil)
    return "/".join(teile)


def _lies_teil(archiv: zipfile.ZipFile, teil: str, *griffe: Callable) -> None:
    try:
        strom = archiv.open(teil)
    except (KeyError, zipfile.BadZipFile, RuntimeError):  # RuntimeError: packed in a way this Python cannot unpack
        raise Bauplanfehler(f"ist unvollständig (der Teil {teil} fehlt)") from None
    with strom:
        lies_xml(strom, *griffe)


def bau_xlsx_blatt(archiv: zipfile.ZipFile, mappe: XlsxMappe, name: str) -> Blattbau:
    leser = _XlsxBlatt(mappe.nie_gerechnet)
    teil = mappe.blaetter.get(name, "")
    if not teil.endswith(".xml"):
        return Blattbau()  # a chart sheet has no cells
    if (schlicht := _schlichtes_blatt(archiv, teil)) is not None:
        return schlicht
    _lies_teil(archiv, teil, leser.beginn, leser.ende, leser.text)
    return leser.bau.check_groesse()


# What makes a sheet more than plain values, as Excel and all writers we know spell it; anything else is read closely.
BESONDERES = re.compile(rb"<f[ />]|t=\"e\"|hidden=|<mergeCell|='|<\w+:(?:row|c|f|v)[ >]|<row [^>]*?r=\"\d*[^\d\"]")
WEIT = re.compile(rb'r="(?:[A-Z]{3}|[A-Z]*\d{6})')  # beyond column ZZ or row 99,999
RECHTS, UNTEN = re.compile(rb'r="[A-Z]{2}\d'), re.compile(rb'r="[A-Z]*\d{5}')


def _schlichtes_blatt(archiv: zipfile.ZipFile, teil: str) -> Blattbau | None:
    """A sheet of plain values and harmless size, told several times quicker; None when it must be read closely.

    Harmless: no cell beyond ZZ9999 or Z99999, so at most 7 million in the rectangle.
    """
    tabelle = rechts = unten = False
    rest = b""
    try:
        with archiv.open(teil) as strom:
            while block := strom.read(1 << 20):
                block = rest + block
                rechts, unten = rechts or bool(RECHTS.search(block)), unten or bool(UNTEN.search(block))
                if (rechts and unten) or BESONDERES.search(block) or WEIT.search(block):
                    return None
                tabelle = tabelle or b"<sheetData" in block
                rest = block[-50:]
    except Exception:  # whatever is wrong with the archive, the close reading finds the words for it
        return None
    return Blattbau() if tabelle else None


class _XlsxBlatt:
    """Handlers of one sheet part. Hot: a few hundred thousand calls; attributes are looked at only where needed."""

    def __init__(self, nie_gerechnet: bool) -> None:
        self.bau, self.nie_gerechnet = Blattbau(), nie_gerechnet
        self.spalten: dict[str, int] = {}
        self.zeile = self.spalte = 0
        self.art = ""
        self.formel = self.voll = False
        self.wert: list[str] | None = None

    def beginn(self, name: str, angaben: dict[str, str]) -> None:
        if name == "c":
            ort = angaben.get("r")
            self.spalte = self._spalte(ort) if ort else self.spalte + 1
            self.art, self.formel, self.voll = angaben.get("t", ""), False, False
            if self.art == "e":
                self.wert = []
        elif name == "v" or name == "is":
            self._miss()
            if self.formel:
                self.wert = []
        elif name == "f":
            self.formel = True
            self._miss()
        elif name == "row":
            nummer = angaben.get("r")
            if nummer and not nummer.isdecimal():
                raise Bauplanfehler(f"ist beschädigt (eine Zeile trägt die Nummer »{nummer[:12]}«)")
            self.zeile = int(nummer) if nummer else self.zeile + 1
            self.spalte = -1
            if angaben.get("hidden") in ("1", "true"):
                self.bau.zeilen_versteckt.add(self.zeile)
        elif name == "col":
            if angaben.get("hidden") in ("1", "true"):
                self.bau.spalten_versteckt.append((_ganz(angaben.get("min")) - 1, _ganz(angaben.get("max")) - 1))
        elif name == "mergeCell":
            self._verbinde(angaben.get("ref", ""))

    def ende(self, name: str) -> None:
        if name != "c" or not (self.formel or self.art == "e"):
            return
        wert = "".join(self.wert or ()).strip()
        self.wert = None
        if self.art == "e":
            self.bau.zellen[self.zeile, self.spalte] = wert or "#WERT!"
        elif (not wert and self.art != "str") or (self.nie_gerechnet and wert == "0"):
            self.bau.zellen[self.zeile, self.spalte] = OHNE_ERGEBNIS

    def text(self, text: str) -> None:
        if self.wert is not None:
            self.wert.append(text)

    def _miss(self) -> None:
        if self.zeile > self.bau.hoehe:
            self.bau.hoehe = self.zeile
        if self.spalte >= self.bau.breite:
            self.bau.breite = self.spalte + 1

    def _spalte(self, ort: str) -> int:
        buchstaben = ort.rstrip("0123456789")
        if buchstaben not in self.spalten:
            self.spalten[buchstaben] = spaltennummer(buchstaben)
        return self.spalten[buchstaben]

    def _verbinde(self, bereich: str) -> None:
        treffer = re.fullmatch(r"\$?([A-Z]+)\$?(\d+):\$?([A-Z]+)\$?(\d+)", bereich)
        if treffer:
            links, oben, rechts, unten = treffer.groups()
            self.bau.verbunden.append((int(oben), spaltennummer(links), int(unten), spaltennummer(rechts)))


def spaltennummer(buchstaben: str) -> int:
    """ "A" → 0."""
    nummer = 0
    for zeichen in buchstaben.replace("$", "")[:4]:
        if not "A" <= zeichen <= "Z":
            raise Bauplanfehler("ist beschädigt (eine Zelle ist unlesbar)")
        nummer = nummer * 26 + ord(zeichen) - 64
    return nummer - 1


def _ganz(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 9 else 1


# ---------------------------------------------------------------- ODS


def bau_ods(archiv: zipfile.ZipFile) -> dict[str, Blattbau]:
    """All sheets of an OpenDocument table by name."""
    leser = _Ods()
    _lies_teil(archiv, "content.xml", leser.beginn, leser.ende, leser.text)
    return {name: bau.check_groesse() for name, bau in leser.blaetter.items()}


class _Ods:
    def __init__(self) -> None:
        self.blaetter: dict[str, Blattbau] = {}
        self.tiefe = 0  # tables may lie inside cells
        self.zeile = self.spalte = 0
        self.versteckte_gruppen: list[bool] = []
        self.zelle: tuple[dict[str, str], int] | None = None
        self.inhalt: list[str] = []

    def beginn(self, name: str, angaben: dict[str, str]) -> None:
        if name == "table" and "table:name" in angaben:
            self.tiefe += 1
            if self.tiefe == 1:
                self.bau = self.blaetter.setdefault(angaben["table:name"], Blattbau())
                self.zeile, self.spalten = 1, 0
        if self.tiefe != 1:
            return
        if name == "table-column":
            anzahl = _ganz(angaben.get("table:number-columns-repeated"))
            if angaben.get("table:visibility", "visible") != "visible":
                self.bau.spalten_versteckt.append((self.spalten, self.spalten + anzahl - 1))
            self.spalten += anzahl
        elif name == "table-row-group":
            self.versteckte_gruppen.append(angaben.get("table:display") == "false")
        elif name == "table-row":
            self.wiederholt = _ganz(angaben.get("table:number-rows-repeated"))
            self.spalte = 0
            self.zeile_versteckt = angaben.get("table:visibility", "visible") != "visible" or any(
                self.versteckte_gruppen
            )
        elif name in ("table-cell", "covered-table-cell"):
            self.zelle, self.inhalt = (angaben, _ganz(angaben.get("table:number-columns-repeated"))), []

    def ende(self, name: str) -> None:
        if name == "table" and self.tiefe:
            self.tiefe -= 1
        if self.tiefe != 1:
            return
        if name in ("table-cell", "covered-table-cell") and self.zelle:
            self._zelle(*self.zelle)
            self.zelle = None
        elif name == "table-row":
            if self.zeile_versteckt and self.wiederholt <= 10_000:
                self.bau.zeilen_versteckt.update(range(self.zeile, self.zeile + self.wiederholt))
            self.zeile += self.wiederholt
        elif name == "table-row-group" and self.versteckte_gruppen:
            self.versteckte_gruppen.pop()

    def text(self, text: str) -> None:
        if self.zelle and len(self.inhalt) < 20:
            self.inhalt.append(text)

    def _zelle(self, angaben: dict[str, str], anzahl: int) -> None:
        art = angaben.get("office:value-type")
        formel = "table:formula" in angaben
        if art or formel:
            self.bau.hoehe = max(self.bau.hoehe, self.zeile + self.wiederholt - 1)
            self.bau.breite = max(self.bau.breite, self.spalte + anzahl)
            self.bau.check_groesse()
        text = "".join(self.inhalt).strip()
        ersatz = ""
        if formel and (not art or (art != "string" and not _ods_wert(angaben))):
            ersatz = OHNE_ERGEBNIS
        elif angaben.get("calcext:value-type") == "error" or (formel and ODS_FEHLER.fullmatch(text)):
            ersatz = text if text.startswith("#") else "#WERT!"
        if ersatz:
            for zeile in range(self.zeile, self.zeile + self.wiederholt):
                self.bau.zellen.update({(zeile, self.spalte + i): ersatz for i in range(anzahl)})
        breit = _ganz(angaben.get("table:number-columns-spanned"))
        hoch = _ganz(angaben.get("table:number-rows-spanned"))
        if breit > 1 or hoch > 1:
            self.bau.verbunden.append((self.zeile, self.spalte, self.zeile + hoch - 1, self.spalte + breit - 1))
        self.spalte += anzahl


def _ods_wert(angaben: dict[str, str]) -> bool:
    return any(
        f"office:{name}" in angaben for name in ("value", "date-value", "time-value", "boolean-value", "string-value")
    )


# ---------------------------------------------------------------- XLS (BIFF8 inside an OLE container)

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
FREI, ENDE = 0xFFFFFFFF, 0xFFFFFFFE
BIFF_LAENGEN = {0x203: 14, 0x27E: 10, 0xFD: 10, 0x205: 8, 0x201: 6}  # NUMBER, RK, LABELSST, BOOLERR, BLANK
BIFF_ZELLEN = (0x06, 0x27E, 0xBD, 0xBE, 0x201, 0x203, 0x204, 0x205, 0xFD)  # FORMULA, RK, MULRK, … LABELSST


def ole_stroeme(daten: bytes) -> dict[str, tuple[int, int]]:
    """Names of the streams and storages of an OLE container → (first sector, size)."""
    try:
        groesse = 1 << struct.unpack_from("<H", daten, 30)[0]
        verzeichnis = _ole_kette(daten, struct.unpack_from("<I", daten, 48)[0], groesse)
        eintraege = {}
        for ab in range(0, len(verzeichnis) - 127, 128):
            laenge = struct.unpack_from("<H", verzeichnis, ab + 64)[0]
            name = verzeichnis[ab : ab + max(0, min(laenge, 64) - 2)].decode("utf-16-le", "replace")
            if name:
                eintraege[name] = struct.unpack_from("<II", verzeichnis, ab + 116)
        return eintraege
    except (struct.error, IndexError, OverflowError, MemoryError):
        raise Bauplanfehler("ist beschädigt (der Aufbau der Datei ist unlesbar)") from None


def _ole_kette(daten: bytes, sektor: int, groesse: int) -> bytes:
    """The bytes of a chain of sectors; a chain that bites its tail is damaged."""
    if not 64 <= groesse <= 1 << 16:
        raise Bauplanfehler("ist beschädigt (der Aufbau der Datei ist unlesbar)")
    je = groesse // 4
    fat_sektoren = [s for s in struct.unpack_from("<109I", daten, 76) if s < ENDE - 1]
    naechster, gesehen = struct.unpack_from("<I", daten, 68)[0], 0
    while naechster < ENDE - 1 and gesehen < 10_000:
        block = struct.unpack_from(f"<{je}I", daten, (naechster + 1) * groesse)
        fat_sektoren += [s for s in block[:-1] if s < ENDE - 1]
        naechster, gesehen = block[-1], gesehen + 1
    teile, schritte = [], 0
    while sektor < ENDE - 1:
        teile.append(daten[(sektor + 1) * groesse : (sektor + 2) * groesse])
        stelle = fat_sektoren[sektor // je]
        sektor = struct.unpack_from("<I", daten, (stelle + 1) * groesse + 4 * (sektor % je))[0]
        schritte += 1
        if schritte > len(daten) // groesse + 1:
            raise Bauplanfehler("ist beschädigt (der Aufbau der Datei ist unlesbar)")
    return b"".join(teile)


def bau_xls(pfad: Path) -> dict[str, Blattbau]:
    """All sheets of an old Excel file by name.

    Raises:
        Bauplanfehler: protected, with macros, damaged.
    """
    daten = pfad.read_bytes()
    stroeme = ole_stroeme(daten)
    if "EncryptedPackage" in stroeme:
        raise Bauplanfehler("ist mit einem Kennwort geschützt")
    if "_VBA_PROJECT_CUR" in stroeme:
        raise Bauplanfehler("enthält Makros")
    name = next((n for n in ("Workbook", "Book") if n in stroeme), "")
    if not name:
        raise Bauplanfehler("ist keine Excel-Datei (vielleicht ein Word-Dokument oder eine Nachricht)")
    ab, laenge = stroeme[name]
    try:
        klein = laenge < struct.unpack_from("<I", daten, 56)[0]
        groesse = 1 << struct.unpack_from("<H", daten, 30)[0]
        strom = b"" if klein else _ole_kette(daten, ab, groesse)[:laenge]
        return _bau_biff(strom)
    except (struct.error, IndexError, OverflowError):
        raise Bauplanfehler("ist beschädigt (der Aufbau der Datei ist unlesbar)") from None


def _bau_biff(strom: bytes) -> dict[str, Blattbau]:
    blaetter: dict[str, Blattbau] = {}
    anfaenge: dict[int, str] = {}
    bau: Blattbau | None = None
    stelle = tiefe = 0
    while stelle + 4 <= len(strom):
        art, laenge = struct.unpack_from("<HH", strom, stelle)
        tiefe += (art == 0x809) - (art == 0x0A)  # BOF, EOF: a sheet without end has lost records
        satz = strom[stelle + 4 : stelle + 4 + laenge]
        if art == 0x2F:
            raise Bauplanfehler("ist mit einem Kennwort geschützt")
        if art == 0x85 and len(satz) >= 8:  # BOUNDSHEET: where a sheet begins and what it is called
            breit = satz[7] & 1
            roh = satz[8 : 8 + satz[6] * (1 + breit)]
            anfaenge[struct.unpack_from("<I", satz)[0]] = roh.decode("utf-16-le" if breit else "latin-1", "replace")
        elif art == 0x809 and stelle in anfaenge:  # BOF
            bau = blaetter.setdefault(anfaenge.pop(stelle), Blattbau())
        elif satz:
            _check_biff_ort(art, satz)
            if bau is not None:
                _biff_satz(art, satz, bau)
        stelle += 4 + laenge
    if anfaenge or tiefe:  # a sheet that begins where none begins: the value reader would take anything for cells
        raise Bauplanfehler("ist beschädigt (der Aufbau der Datei ist unlesbar)")
    return blaetter


def _check_biff_ort(art: int, satz: bytes) -> None:
    """Places no sheet of this format has; the value reader would lay out memory for them and die."""
    if art == 0x200:  # DIMENSIONS
        oben, unten, links, rechts = struct.unpack_from("<2I2H", satz)
        unmoeglich = unten > 65_536 or rechts > 256 or oben > unten or links > rechts
    elif art in BIFF_ZELLEN:
        unmoeglich = struct.unpack_from("<H", satz, 2)[0] > 255 or len(satz) != BIFF_LAENGEN.get(art, len(satz))
        if art == 0x203 and not unmoeglich:
            zahl = abs(struct.unpack_from("<d", satz, 6)[0])
            unmoeglich = not (zahl == 0 or 1e-100 < zahl < 1e100)  # bytes that were no number before
    else:
        return
    if unmoeglich:
        raise Bauplanfehler("ist beschädigt (eine Zelle ist unlesbar)")


def _biff_satz(art: int, satz: bytes, bau: Blattbau) -> None:
    if art == 0x208:  # ROW
        if satz[12] & 0x20:
            bau.zeilen_versteckt.add(struct.unpack_from("<H", satz)[0] + 1)
    elif art == 0x7D:  # COLINFO
        von, bis, _, _, schalter = struct.unpack_from("<5H", satz)
        if schalter & 1:
            bau.spalten_versteckt.append((von, bis))
    elif art == 0xE5:  # MERGEDCELLS
        for nr in range(struct.unpack_from("<H", satz)[0]):
            oben, unten, links, rechts = struct.unpack_from("<4H", satz, 2 + 8 * nr)
            bau.verbunden.append((oben + 1, links, unten + 1, rechts))
    elif art == 0x205 and satz[7]:  # BOOLERR with an error
        zeile, spalte = struct.unpack_from("<2H", satz)
        bau.zellen[zeile + 1, spalte] = FEHLERNUMMER.get(satz[6], "#WERT!")
    elif art == 0x06:  # FORMULA
        zeile, spalte = struct.unpack_from("<2H", satz)
        ergebnis, schalter = satz[6:14], struct.unpack_from("<H", satz, 14)[0]
        if ergebnis[6:8] == b"\xff\xff":
            if ergebnis[0] == 2:
                bau.zellen[zeile + 1, spalte] = FEHLERNUMMER.get(ergebnis[2], "#WERT!")
            elif ergebnis[0] == 3 and schalter & 2:
                bau.zellen[zeile + 1, spalte] = OHNE_ERGEBNIS
        elif schalter & 2 and ergebnis == bytes(8):  # to be calculated on load, 0 stands in
            bau.zellen[zeile + 1, spalte] = OHNE_ERGEBNIS
