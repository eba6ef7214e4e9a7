"""Workbooks of the Excel family (XLSX, XLS, ODS) → sheets of text rows.

calamine reads the values of all three; what it cannot see comes from `blattbau`. Refused before anything is unpacked
or laid out: macros, passwords, damaged files, files that unpack to something monstrous, external entities.
"""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np
from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from etl.blattbau import Bauplanfehler, Blattbau, bau_ods, bau_xls, bau_xlsx_blatt, bau_xlsx_mappe
from etl.checks import Befund
from etl.gegenprobe import check_gegenprobe, oeffne_gegenprobe
from etl.personen import check_zeile
from etl.quelle import Quelle, muster_regex
from geodata.fehler import LieferungError

ARCHIV_GRENZE = 400 << 20  # bytes unpacked; a real workbook of a Kreis has a few MB
VERDACHT_AB, VERHAELTNIS = 30 << 20, 150  # real workbooks shrink by 5 to 40
DTD = re.compile(rb"<!(DOCTYPE|ENTITY)", re.I)


@dataclass
class Blatt:
    """One table of text: numbered rows (1 = first line of the file or sheet)."""

    name: str  # "" for a text file
    zeilen: Iterator[tuple[int, list[str]]]
    titel: str = ""  # sheet name as delivered, for {stichtag:…}
    excel: bool = False
    bau: Blattbau | None = None


def read_mappe(pfad: Path, quelle: Quelle, befunde: list[Befund]) -> Iterator[Blatt]:
    """The sheets the profile asks for, in the order of the workbook; the others are reported."""
    try:
        bauplan = _Bauplan(pfad, quelle)
        mappe = CalamineWorkbook.from_path(str(pfad))
        namen = _waehle(pfad, quelle, mappe, befunde)
        gegenprobe = oeffne_gegenprobe(pfad) if quelle.datei.format == "xls" else None
        for name in namen:
            bau = bauplan.blatt(name)
            zellen = mappe.get_sheet_by_name(name).to_python(skip_empty_area=False)
            if gegenprobe:
                check_gegenprobe(gegenprobe, name, zellen)
            befunde += _befunde_versteckt(name, bau, zellen, quelle)
            yield Blatt(name, _zeilen(pfad, quelle, name, zellen, bau), titel=name, excel=True, bau=bau)
    except Bauplanfehler as fehler:
        raise _ablehnung(pfad, quelle, str(fehler)) from None
    except PasswordError:
        raise _ablehnung(pfad, quelle, "ist mit einem Kennwort geschützt") from None
    except (CalamineError, OSError) as fehler:
        raise _ablehnung(pfad, quelle, "ist beschädigt", f" ({str(fehler)[:80]})") from None
    except BaseException as fehler:
        if type(fehler).__name__ == "PanicException":  # the value reader gave up; it is no ordinary exception
            raise _ablehnung(pfad, quelle, "ist beschädigt") from None
        raise


def _ablehnung(pfad: Path, quelle: Quelle, grund: str, einzelheit: str = "") -> LieferungError:
    return LieferungError(
        f"Quelle »{quelle.id}«: Die Datei {grund}.",
        wo=pfad.name + einzelheit,
        tun="In Excel öffnen, nur die gelieferten Blätter behalten, ohne Kennwort und ohne Makros "
        f"als {quelle.datei.format.upper()} speichern und neu ablegen.",
    )


class _Bauplan:
    """How the sheets of one file are built, read when asked for."""

    def __init__(self, pfad: Path, quelle: Quelle) -> None:
        self.archiv = None
        if quelle.datei.format == "xls":
            self.alle = bau_xls(pfad)
            return
        self.archiv = _oeffne_archiv(pfad)
        if quelle.datei.format == "ods":
            self.alle = bau_ods(self.archiv)
        else:
            self.mappe = bau_xlsx_mappe(self.archiv)
        self.format = quelle.datei.format

    def blatt(self, name: str) -> Blattbau:
        if self.archiv is not None and self.format == "xlsx":
            return bau_xlsx_blatt(self.archiv, self.mappe, name)
        return self.alle.get(name, Blattbau())


def _oeffne_archiv(pfad: Path) -> zipfile.ZipFile:
    try:
        archiv = zipfile.ZipFile(pfad)
        eintraege = archiv.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError):
        raise Bauplanfehler("ist beschädigt") from None
    groesse = sum(eintrag.file_size for eintrag in eintraege)
    gepackt = max(1, sum(eintrag.compress_size for eintrag in eintraege))
    if groesse > ARCHIV_GRENZE or (groesse > VERDACHT_AB and groesse / gepackt > VERHAELTNIS):
        raise Bauplanfehler(f"ist ausgepackt unzulässig groß ({groesse >> 20} MB)")
    namen = {eintrag.filename for eintrag in eintraege}
    if any(name.rpartition("/")[2].lower() == "vbaproject.bin" or name.startswith("Basic/") for name in namen):
        raise Bauplanfehler("enthält Makros")
    if "xl/workbook.bin" in namen:
        raise Bauplanfehler("ist eine binäre Arbeitsmappe (XLSB)")
    if any(eintrag.flag_bits & 1 for eintrag in eintraege) or _verschluesselt(archiv, namen):
        raise Bauplanfehler("ist mit einem Kennwort geschützt")
    for eintrag in eintraege:
        if eintrag.filename.endswith((".xml", ".rels")) and DTD.search(_anfang(archiv, eintrag)):
            raise Bauplanfehler("enthält eine Dokumenttyp-Angabe mit möglichen Verweisen nach außen")
    return archiv


def _anfang(archiv: zipfile.ZipFile, eintrag: zipfile.ZipInfo) -> bytes:
    try:
        with archiv.open(eintrag) as teil:
            return teil.read(1 << 16)
    except Exception as fehler:  # whatever keeps a part from being unpacked: the packers have no common error
        raise Bauplanfehler(f"ist beschädigt (der Teil {eintrag.filename[:60]})") from fehler


def _verschluesselt(archiv: zipfile.ZipFile, namen: set[str]) -> bool:
    liste = "META-INF/manifest.xml"
    return liste in namen and b"encryption-data" in _anfang(archiv, archiv.getinfo(liste))


def _waehle(pfad: Path, quelle: Quelle, mappe: CalamineWorkbook, befunde: list[Befund]) -> list[str]:
    """Names of the sheets to read; hidden ones only when the profile names them."""
    datei = quelle.datei
    muster = muster_regex(datei.blatt)
    gewaehlt = []
    for angabe in mappe.sheets_metadata:
        sichtbar = angabe.visible == SheetVisibleEnum.Visible
        gemeint = angabe.name in quelle.blaetter if quelle.blaetter else bool(muster.fullmatch(angabe.name))
        genannt = angabe.name == datei.blatt or angabe.name in quelle.blaetter or datei.versteckte == "lesen"
        if gemeint and (sichtbar or genannt) and angabe.typ == SheetTypeEnum.WorkSheet:
            gewaehlt.append(angabe.name)
        else:
            art = "Blatt" if sichtbar else "Ausgeblendetes Blatt"
            befunde.append(Befund("blatt", "hinweis", f"{art} »{angabe.name}« wurde nicht gelesen."))
    fehlend = [name for name in quelle.blaetter if name not in gewaehlt]
    if fehlend or not gewaehlt:
        raise LieferungError(
            f"Quelle »{quelle.id}«: Das Blatt »{fehlend[0] if fehlend else datei.blatt}« fehlt.",
            wo=f"{pfad.name}, Blätter: {', '.join(mappe.sheet_names)}",
            tun="Blatt umbenennen oder im Profil unter "
            + ("[blaetter] anpassen." if quelle.blaetter else "[datei] blatt anpassen."),
        )
    return gewaehlt


def _befunde_versteckt(name: str, bau: Blattbau, zellen: list[list], quelle: Quelle) -> list[Befund]:
    """Hidden rows and columns that hold data: a filter left on, or something the supplier did not mean to deliver."""
    zeilen = [nr for nr in sorted(bau.zeilen_versteckt) if nr <= len(zellen) and any(z != "" for z in zellen[nr - 1])]
    breite = max(map(len, zellen), default=0)
    spalten = [nr for nr in range(breite) if bau.ist_versteckt(nr) and any(z[nr] != "" for z in zellen if nr < len(z))]
    tat = "gelesen" if quelle.datei.versteckte == "lesen" else "nicht gelesen"
    befunde = []
    for art, orte in (("Zeile", list(map(str, zeilen))), ("Spalte", list(map(spaltenbuchstabe, spalten)))):
        if orte:
            liste = ", ".join(orte[:10]) + (f" und {len(orte) - 10} weitere" if len(orte) > 10 else "")
            text = f"{art}(n) {liste} im Blatt »{name}« sind ausgeblendet (oder weggefiltert) und wurden {tat}."
            befunde.append(Befund("versteckt", "warnung", text, ort=f"Blatt »{name}«"))
    return befunde


def _zeilen(
    pfad: Path, quelle: Quelle, name: str, zellen: list[list], bau: Blattbau
) -> Iterator[tuple[int, list[str]]]:
    """Numbered rows of text, without what is hidden."""
    zeigen = quelle.datei.versteckte == "lesen"
    leere_spalten = (
        [] if zeigen else [nr for von, bis in bau.spalten_versteckt for nr in range(von, min(bis, 20_000) + 1)]
    )
    ersatz: dict[int, list[tuple[int, str]]] = {}
    for (zeile, spalte), text in bau.zellen.items():
        ersatz.setdefault(zeile, []).append((spalte, text))
    for nr, zeile in enumerate(zellen, 1):
        if nr in bau.zeilen_versteckt and not zeigen:
            continue
        texte = [z if type(z) is str else als_text(z, quelle.datei.dezimal) for z in zeile]
        check_zeile(texte, nr, f"{pfad.name}, Blatt »{name}«", quelle)
        for spalte, text in ersatz.get(nr, ()):
            if spalte >= len(texte):
                texte += [""] * (spalte + 1 - len(texte))
            texte[spalte] = text
        for spalte in leere_spalten:
            if spalte < len(texte):
                texte[spalte] = ""
        yield nr, texte


def als_text(zelle: object, dezimal: str) -> str:
    """A cell as a person would type it in this source; numbers with every digit they have and not one more."""
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
            return str(int(zelle)) if zelle.is_integer() else np.format_float_positional(zelle).replace(".", dezimal)
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
