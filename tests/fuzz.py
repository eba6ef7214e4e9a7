"""Broken deliveries by the thousand: every specimen, mutated at random by a seed, must give either exactly its numbers
or a MonitoringError. Never another exception, never a hang, never a number that does not stand in the file.

What counts as "does not stand in the file" is decided without the reader: an own, literal reading of the mutated file
(`read_gitter`) tells which cells differ from the specimen. A value may only differ from the expected one if its own
cell, its row or its column differs, and then it must be literally what the cell says. A value may only be missing if
the delivery says so in a finding, or if the mutation has hit the place where it stood.

`python -m tests.fuzz [ANZAHL] [SPECIMEN …]` runs ANZAHL mutations of each (default 10,000); `make fuzz` does that.
"""

from __future__ import annotations

import csv
import io
import multiprocessing
import queue
import random
import re
import signal
import sys
import tempfile
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

from etl.gruppen import pruefe_lieferung
from etl.quelle import Quelle, read_quelle
from etl.raeume import Raumbuch
from geodata.fehler import MonitoringError
from geodata.gebiet import read_gebiet

BELEGE = Path(__file__).parent / "belege"
FRIST = 30  # seconds; a specimen is read in a few milliseconds
GRUNDSTOCK = ("quelle.toml", "erwartet.csv")
TEXTFORMATE = ("csv", "genesis", "genesis_flach")
Gitter = dict[tuple[str, int], list[str]]  # (sheet, line) → cells
Werte = dict[tuple[str, str, str], tuple[float | None, str]]  # (raum_id, Stichtag, Merkmal) → (value, status)

ZELLTEXTE = (
    "", " ", "-", "–", ".", "x", "X", "…", "/", "*", "1.234", "1,5", "1.234,5", "1,234.5", "12 345", "12\u00a0345",
    "ca. 12",
    "(5)", "5 1)", "5²", "#NV", "#DIV/0!", "-5", "−5", "+7", "1e3", "5,38E+06", "01.03.", "1-3", "NaN", "nan", "inf", 
    "None", "NULL", "0x1F", "١٢", "1_000", "'7", "=1+1", "7.", ",7", "00", "007",
    "1'234", "12,", "12.0", "12,0", "2\u200b3", "WAHR",
    "31.12.2023", "2023-12-31", "Summe", "Insgesamt", "5;6", "5\n6", '"5"', "1 2 3", "99999999999999999999",
)  # fmt: skip


@dataclass(frozen=True)
class Beleg:
    """One delivered file with its profile and what it must say."""

    name: str
    datei: Path

    @property
    def kennung(self) -> str:
        return f"{self.name}/{self.datei.name}"


@dataclass(frozen=True)
class Ausgang:
    """What became of a mutation: `gleich`, `abgelehnt`, `wörtlich` (another number, and it stands there) or a fault."""

    art: str
    text: str = ""

    @property
    def fehler(self) -> bool:
        return self.art not in ("gleich", "abgelehnt", "wörtlich")


def list_belege() -> list[Beleg]:
    ordner = sorted(p.parent for p in BELEGE.glob("*/quelle.toml"))
    return [Beleg(o.name, p) for o in ordner for p in sorted(o.iterdir()) if p.is_file() and p.name not in GRUNDSTOCK]


# ---------------------------------------------------------------- reading with and without the product


@cache
def _profil(name: str) -> tuple[Quelle, Raumbuch]:
    quelle = read_quelle(BELEGE / name / "quelle.toml")
    return quelle, Raumbuch(read_gebiet(BELEGE / "_gebiete" / quelle.gebiet[0]))


def lies(name: str, datei: Path) -> tuple[Werte, dict, set[str]]:
    """By the product: values, their places (sheet, line, column) and the rules of the findings."""
    quelle, buch = _profil(name)
    lieferung = pruefe_lieferung(datei, quelle, buch.gebiet, buch=buch)
    werte, orte = {}, {}
    for z in lieferung.frame.itertuples():
        if not quelle.merkmale[z.merkmal].berechnet:
            schluessel = (z.raum_id, f"{z.stichtag:%Y-%m-%d}", z.merkmal)
            werte[schluessel] = (z.wert if z.wert == z.wert else None, z.status)
            orte[schluessel] = (z.blatt, z.zeile, z.spalte)
    return werte, orte, {b.regel for b in lieferung.befunde}


def read_gitter(datei: Path, quelle: Quelle) -> Gitter | None:
    """The cells of a file as texts, read literally; None when this simple reading fails."""
    try:
        return _gitter(datei, quelle)
    except Exception:  # whatever is broken: without a picture of the file nothing may differ
        return None


def _gitter(datei: Path, quelle: Quelle) -> Gitter:
    match quelle.datei.format:
        case "xlsx":
            return dict(_xlsx(datei))
        case "xls":
            import xlrd

            mappe = xlrd.open_workbook(datei, logfile=io.StringIO())
            return {
                (blatt.name, nr + 1): [_text(z) for z in blatt.row_values(nr)]
                for blatt in mappe.sheets()
                for nr in range(blatt.nrows)
            }
        case "ods":
            return dict(_ods(datei))
        case "parquet":
            import pyarrow as pa
            import pyarrow.parquet as pq

            tabelle = pq.read_table(datei)
            # A float32 says 11.3; widened to a Python number it would say 11.300000190734863.
            spalten = [s.cast("string") if pa.types.is_float32(s.type) else s for s in tabelle.columns]
            zeilen = zip(*(s.to_pylist() for s in spalten), strict=True)
            return {("", nr): [_text(z) for z in zeile] for nr, zeile in enumerate([tabelle.column_names, *zeilen], 1)}
    roh = datei.read_bytes()
    satz = "utf-16" if roh[:2] in (b"\xff\xfe", b"\xfe\xff") else quelle.datei.zeichensatz
    text = roh.decode("utf-8-sig" if roh[:3] == b"\xef\xbb\xbf" else satz)
    gitter, leser = {}, csv.reader(io.StringIO(text, newline=""), delimiter=quelle.datei.trennzeichen)
    nr = 1
    for zeile in leser:
        gitter["", nr] = zeile
        nr = leser.line_num + 1
    return gitter


def _xlsx(datei: Path) -> Iterator[tuple[tuple[str, int], list[str]]]:
    """Sheets in the order of the workbook; a row holds its cells one after the other, gaps left out."""
    with zipfile.ZipFile(datei) as archiv:
        texte = []
        if "xl/sharedStrings.xml" in archiv.namelist():
            for eintrag in ElementTree.fromstring(archiv.read("xl/sharedStrings.xml")):
                texte.append("".join(t.text or "" for t in eintrag.findall(".//{*}t")))
        ziele = {
            b.get("Id"): b.get("Target") for b in ElementTree.fromstring(archiv.read("xl/_rels/workbook.xml.rels"))
        }
        # Namespaces may be broken, the names and references of the sheets still stand there.
        ohne = re.sub(rb"\sxmlns(:\w+)?=(\"[^\"]*\"|'[^']*')", b"", archiv.read("xl/workbook.xml"))
        blaetter = ElementTree.fromstring(re.sub(rb"(</?|\s)\w+:(?=\w)", rb"\1", ohne)).findall(".//sheet")
        for nr, blatt in enumerate(blaetter, 1):
            bezug = blatt.get("id", f"?{nr}")
            ziele.setdefault(bezug, f"worksheets/sheet{nr}.xml")
            try:
                yield from _xlsx_blatt(archiv.read(f"xl/{ziele[bezug].removeprefix('/xl/')}"), blatt, texte)
            except (KeyError, ValueError, TypeError, ElementTree.ParseError):
                continue  # a broken sheet that nobody asked for; whoever reads it is told that its lines differ


def _xlsx_blatt(xml: bytes, blatt, texte: list[str]) -> list[tuple[tuple[str, int], list[str]]]:
    zeilen = []
    for zeile in ElementTree.fromstring(xml).findall(".//{*}row"):
        zellen, orte = [], []
        for zelle in zeile:
            wert = zelle.findtext("{*}v") or "".join(t.text or "" for t in zelle.findall(".//{*}t"))
            match zelle.get("t", "n"):
                case "s" if wert.isdecimal() and int(wert) < len(texte):
                    wert = texte[int(wert)]
                case "n" if re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)(E[-+]?\d+)?", wert, re.A | re.I):
                    wert = _text(float(wert))
            zellen.append(wert)
            orte.append(zelle.get("r", ""))
        zeilen.append(((blatt.get("name"), -int(zeile.get("r"))), orte))  # where they say they are: part of the picture
        zeilen.append(((blatt.get("name"), int(zeile.get("r"))), zellen))
    return zeilen


def _ods(datei: Path) -> Iterator[tuple[tuple[str, int], list[str]]]:
    tab, text, office = (f"{{urn:oasis:names:tc:opendocument:xmlns:{n}:1.0}}" for n in ("table", "text", "office"))
    with zipfile.ZipFile(datei) as archiv:
        wurzel = ElementTree.fromstring(archiv.read("content.xml"))
    for blatt in wurzel.iter(f"{tab}table"):
        nr = 1
        for zeile in blatt.iter(f"{tab}table-row"):
            zellen = []
            for zelle in zeile:
                mal = min(int(zelle.get(f"{tab}number-columns-repeated", 1)), 100)
                inhalt = zelle.get(f"{office}value") or "".join(p for a in zelle.iter(f"{text}p") for p in a.itertext())
                zellen += [_text(float(inhalt)) if zelle.get(f"{office}value") else inhalt] * mal
            for _ in range(min(int(zeile.get(f"{tab}number-rows-repeated", 1)), 100)):
                yield (blatt.get(f"{tab}name"), nr), zellen
                nr += 1


def _text(zelle: object) -> str:
    if zelle is None:
        return ""
    if isinstance(zelle, float) and zelle.is_integer():
        return str(int(zelle))
    return str(zelle)


# ---------------------------------------------------------------- the judge


@dataclass(frozen=True)
class Vorlage:
    """The specimen itself: its values, where they stand, and its cells."""

    werte: Werte
    orte: dict
    gitter: Gitter | None


def pruefe(beleg: Beleg, mutiert: Path, vorlage: Vorlage) -> Ausgang:
    """Read a mutated file and judge the outcome."""
    quelle, _ = _profil(beleg.name)
    try:
        with _frist():
            werte, orte, regeln = lies(beleg.name, mutiert)
    except MonitoringError as fehler:
        stumm = [teil for teil in ("was", "wo", "tun") if not getattr(fehler, teil)]
        return Ausgang("ohne Rat", f"{stumm}: {fehler}") if stumm else Ausgang("abgelehnt", str(fehler.was))
    except TimeoutError:
        return Ausgang("hängt")
    except KeyboardInterrupt:
        raise
    except BaseException as fehler:  # a panic of a compiled library is no Exception
        return Ausgang("Ausnahme", f"{type(fehler).__name__}: {fehler}")
    if werte == vorlage.werte:
        return Ausgang("gleich")
    gitter = read_gitter(mutiert, quelle)
    if gitter is None or vorlage.gitter is None:
        return Ausgang("andere Zahlen", "und die Datei ist ohne das Programm nicht lesbar")
    return _vergleiche(werte, orte, regeln, vorlage, gitter, quelle)


def _vergleiche(werte, orte, regeln, vorlage: Vorlage, gitter: Gitter, quelle: Quelle) -> Ausgang:
    geaendert = _geaenderte(vorlage.gitter, gitter)
    if not geaendert:
        return Ausgang("andere Zahlen", "obwohl jede Zelle gleich ist")
    for schluessel, zahl in werte.items():
        if vorlage.werte.get(schluessel) == zahl or orte[schluessel][1] == 0:
            continue  # as it was, or completed by declaration: judged below
        blatt, zeile, _ = orte[schluessel]
        zellen = gitter.get((blatt, zeile), [])
        if zahl == (None, "gesperrt_quelle") and "kleine_werte" in regeln and {"1", "2"} & set(zellen):
            continue  # a small number in a source that hides small numbers is hidden again, and reported
        if not any(_woertlich(text, zahl, quelle) for text in zellen):
            return Ausgang("andere Zahl", f"{schluessel}: {zahl} steht nicht in Zeile {zeile} ({zellen[:12]})")
    # What is gone must have been hit itself, or its head, or the findings say that something is missing.
    for schluessel in vorlage.werte.keys() - werte.keys():
        blatt, zeile, _ = vorlage.orte[schluessel]
        daten = min(z for b, z, _ in vorlage.orte.values() if b == blatt)
        getroffen = any(b == blatt and (abs(z) == zeile or abs(z) < daten) for b, z in geaendert) or not zeile
        blatt_weg = not any(b == blatt for b, _ in gitter)
        if not (getroffen or blatt_weg or "fehlende" in regeln):
            return Ausgang("verschwunden", f"{schluessel} aus Zeile {zeile}")
    return Ausgang("wörtlich")


def _geaenderte(original: Gitter, gitter: Gitter) -> set[tuple[str, int]]:
    """Lines whose cells differ."""
    return {ort for ort in original.keys() | gitter.keys() if _sauber(original.get(ort)) != _sauber(gitter.get(ort))}


def _sauber(zeile: list[str] | None) -> list[str]:
    texte = list(zeile or [])
    while texte and not texte[-1]:
        texte.pop()
    return texte


def _woertlich(text: str, zahl: tuple[float | None, str], quelle: Quelle) -> bool:
    """Does this cell say this value, read by the narrowest rule?"""
    datei, (wert, status) = quelle.datei, zahl
    kurz = "".join(z for z in unicodedata.normalize("NFC", text) if unicodedata.category(z) not in ("Cf",)).strip()
    zeichen = {"gesperrt_quelle": datei.gesperrt, "nicht_geliefert": datei.nicht_geliefert}
    zeichen |= {"nicht_sinnvoll": datei.nicht_sinnvoll}
    if wert is None:
        return kurz in zeichen.get(status, ())
    if wert == 0 and kurz in datei.null:
        return True
    for fussnote in sorted(datei.fussnoten, key=len, reverse=True):
        if kurz.endswith(fussnote) and kurz != fussnote:
            kurz = kurz.removesuffix(fussnote).strip()
            break
    if status == "unsicher":
        kurz = kurz.removeprefix("(").removesuffix(")").strip()
    ohne = re.sub(r"(?<=\d)[\s\u00a0\u2007\u2009\u202f]+(?=\d{3})", "", kurz, flags=re.A)
    if datei.tausender.strip():
        ohne = re.sub(rf"(?<=\d){re.escape(datei.tausender)}(?=\d{{3}}(?!\d))", "", ohne, flags=re.A)
    ohne = ohne.replace("−", "-").replace("–", "-")
    muster = (
        rf"[+-]?\d+({re.escape(datei.dezimal)}\d+)?"
        if datei.format in TEXTFORMATE
        else r"[+-]?\d+([.,]\d+)?(e[+-]?\d+)?"
    )
    genau = 1e-7 if datei.format == "parquet" else 1e-9  # a float32 has seven digits
    return bool(re.fullmatch(muster, ohne, re.A)) and abs(float(ohne.replace(",", ".")) - wert) < genau * max(
        1, abs(wert)
    )


@contextmanager
def _frist() -> Iterator[None]:
    def abbruch(*_) -> None:
        raise TimeoutError

    vorher = signal.signal(signal.SIGALRM, abbruch)
    signal.alarm(FRIST)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, vorher)


# ---------------------------------------------------------------- mutations


def mutiere(beleg: Beleg, rng: random.Random) -> tuple[str, bytes]:
    """One to three mutations of a file: their names and the new bytes."""
    quelle, _ = _profil(beleg.name)
    roh, namen = beleg.datei.read_bytes(), []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        name, tat = rng.choice(_mutationen(quelle.datei.format))
        namen.append(name)
        try:
            roh = tat(roh, rng, quelle)
        except Exception:  # a file broken by the first mutation may be beyond a second one
            namen[-1] += " (ging nicht)"
    return " + ".join(namen), roh


Tat = Callable[[bytes, random.Random, Quelle], bytes]


def _mutationen(form: str) -> list[tuple[str, Tat]]:
    byteweise = [("Bit gekippt", kippe), ("Bytes gelöscht", loesche), ("Bytes eingefügt", fuege_ein),
                 ("Stück verdoppelt", verdopple), ("abgeschnitten", schneide),
                 ("Stücke getauscht", tausche)]  # fmt: skip
    if form in TEXTFORMATE:
        zellen = [(f"Zelle {t!r}", t_) for t, t_ in (("ersetzt", ersetze_zelle),) * 6]
        gitter = [("Zeilen gemischt", mische), ("Zeile doppelt", doppelt), ("Zeile fehlt", ohne_zeile),
                  ("Leerzeile", leerzeile), ("Spalten getauscht", tausche_spalten), ("Spalte fehlt", ohne_spalte),
                  ("Spalte doppelt", doppelte_spalte), ("Überschrift verändert", veraendere_kopf),
                  ("Zellen getauscht", tausche_zellen), ("Zeile verrückt", verruecke)]  # fmt: skip
        schrift = [("Zeilenenden", zeilenenden), ("Zeichensatz", zeichensatz), ("Trennzeichen", trennzeichen),
                   ("Vorzeichen und Leerzeichen", verziere), ("Anführungszeichen", anfuehrung)]  # fmt: skip
        return byteweise + zellen + gitter + schrift
    if form in ("xlsx", "ods"):
        return byteweise[:3] + [("XML-Text", aendere_xml)] * 6 + [("XML-Zeile fehlt", ohne_xml_zeile)] * 2
    return byteweise


def _stelle(roh: bytes, rng: random.Random) -> int:
    return rng.randrange(max(1, len(roh)))


def kippe(roh: bytes, rng: random.Random, _: Quelle) -> bytes:
    neu = bytearray(roh)
    for _nr in range(rng.choice((1, 1, 4))):
        neu[_stelle(roh, rng)] ^= 1 << rng.randrange(8)
    return bytes(neu)


def loesche(roh: bytes, rng: random.Random, _: Quelle) -> bytes:
    ab = _stelle(roh, rng)
    return roh[:ab] + roh[ab + rng.choice((1, 2, 8, 40)) :]


def fuege_ein(roh: bytes, rng: random.Random, _: Quelle) -> bytes:
    ab = _stelle(roh, rng)
    neu = rng.choice((b"\n", b";", b",", b'"', b"\x00", b"\xa0", b"1", b".", b"-", b"\t", b"\xc3\xb6", b"\xff"))
    return roh[:ab] + neu * rng.choice((1, 1, 3)) + roh[ab:]


def verdopple(roh: bytes, rng: random.Random, _: Quelle) -> bytes:
    ab, laenge = _stelle(roh, rng), rng.choice((1, 5, 30, 200))
    return roh[: ab + laenge] + roh[ab : ab + laenge] + roh[ab + laenge :]


def schneide(roh: bytes, rng: random.Random, _: Quelle) -> bytes:
    return roh[: _stelle(roh, rng)]


def tausche(roh: bytes, rng: random.Random, _: Quelle) -> bytes:
    a, b = sorted((_stelle(roh, rng), _stelle(roh, rng)))
    n = rng.choice((1, 4, 20))
    if b - a < n:
        return roh
    return roh[:a] + roh[b : b + n] + roh[a + n : b] + roh[a : a + n] + roh[b + n :]


def _zeilen(roh: bytes, quelle: Quelle) -> tuple[list[list[str]], str]:
    satz = "utf-8-sig" if roh[:3] == b"\xef\xbb\xbf" else quelle.datei.zeichensatz
    text = roh.decode(satz)
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=quelle.datei.trennzeichen)), satz


def _schreibe(zeilen: list[list[str]], satz: str, quelle: Quelle, **angaben) -> bytes:
    ziel = io.StringIO(newline="")
    angaben = {"delimiter": quelle.datei.trennzeichen, "lineterminator": "\r\n"} | angaben
    csv.writer(ziel, **angaben).writerows(zeilen)
    return ziel.getvalue().encode(satz, "replace")


def _auf_zeilen(tat: Callable[[list[list[str]], random.Random], None]) -> Tat:
    def mutation(roh: bytes, rng: random.Random, quelle: Quelle) -> bytes:
        zeilen, satz = _zeilen(roh, quelle)
        tat(zeilen, rng)
        return _schreibe(zeilen, satz, quelle)

    return mutation


def _breite(zeilen: list[list[str]]) -> int:
    return Counter(map(len, zeilen)).most_common(1)[0][0]


@_auf_zeilen
def ersetze_zelle(zeilen, rng) -> None:
    zeile = rng.choice([z for z in zeilen if len(z) > 1])
    zeile[rng.randrange(len(zeile))] = rng.choice(ZELLTEXTE)


@_auf_zeilen
def mische(zeilen, rng) -> None:
    ab = rng.randrange(len(zeilen))
    zeilen[ab:] = rng.sample(zeilen[ab:], len(zeilen) - ab)


@_auf_zeilen
def doppelt(zeilen, rng) -> None:
    zeilen.insert(rng.randrange(len(zeilen)), list(rng.choice(zeilen)))


@_auf_zeilen
def ohne_zeile(zeilen, rng) -> None:
    del zeilen[rng.randrange(len(zeilen))]


@_auf_zeilen
def leerzeile(zeilen, rng) -> None:
    zeilen.insert(rng.randrange(len(zeilen)), rng.choice(([], [""] * _breite(zeilen), [" "])))


@_auf_zeilen
def verruecke(zeilen, rng) -> None:
    zeile = rng.choice([z for z in zeilen if len(z) > 1])
    zeile.insert(rng.randrange(len(zeile)), rng.choice(("", "0")))


@_auf_zeilen
def tausche_spalten(zeilen, rng) -> None:
    breite = _breite(zeilen)
    a, b = rng.sample(range(breite), 2)
    for zeile in zeilen:
        if len(zeile) == breite:
            zeile[a], zeile[b] = zeile[b], zeile[a]


@_auf_zeilen
def ohne_spalte(zeilen, rng) -> None:
    breite = _breite(zeilen)
    weg = rng.randrange(breite)
    for zeile in zeilen:
        if len(zeile) == breite:
            del zeile[weg]


@_auf_zeilen
def doppelte_spalte(zeilen, rng) -> None:
    breite = _breite(zeilen)
    a, b = rng.randrange(breite), rng.randrange(breite + 1)
    for zeile in zeilen:
        if len(zeile) == breite:
            zeile.insert(b, zeile[a])


@_auf_zeilen
def veraendere_kopf(zeilen, rng) -> None:
    zeile = rng.choice([z for z in zeilen[:12] if any(z)])
    stelle = rng.choice([i for i, t in enumerate(zeile) if t])
    zeile[stelle] = rng.choice(
        (zeile[stelle] + " ", zeile[stelle].upper(), zeile[stelle][:-1], zeile[stelle] + "1)", "")
    )


@_auf_zeilen
def tausche_zellen(zeilen, rng) -> None:
    a, b = rng.choice([z for z in zeilen if len(z) > 1]), rng.choice([z for z in zeilen if len(z) > 1])
    i, j = rng.randrange(len(a)), rng.randrange(len(b))
    a[i], b[j] = b[j], a[i]


def zeilenenden(roh: bytes, rng: random.Random, _: Quelle) -> bytes:
    neu = rng.choice((b"\n", b"\r\n", b"\r"))
    if rng.random() < 0.3:  # one line only
        teile = roh.split(b"\n")
        nr = rng.randrange(len(teile))
        teile[nr] = teile[nr].rstrip(b"\r") + (b"\r" if teile[nr].endswith(b"\r") is False else b"")
        return b"\n".join(teile)
    return roh.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", neu)


def zeichensatz(roh: bytes, rng: random.Random, quelle: Quelle) -> bytes:
    text = roh.decode("utf-8-sig" if roh[:3] == b"\xef\xbb\xbf" else quelle.datei.zeichensatz)
    return text.encode(
        rng.choice(("utf-8", "utf-8-sig", "cp1252", "iso-8859-1", "utf-16", "utf-16-le", "cp850")), "replace"
    )


def trennzeichen(roh: bytes, rng: random.Random, quelle: Quelle) -> bytes:
    alt = quelle.datei.trennzeichen.encode()
    if rng.random() < 0.5:
        return roh.replace(alt, rng.choice((b",", b"\t", b"|", b" ")))
    return roh.replace(b"\n", alt + b"\n")  # Excel writes empty columns to the right


def verziere(roh: bytes, rng: random.Random, quelle: Quelle) -> bytes:
    zeilen, satz = _zeilen(roh, quelle)
    rand = rng.choice((" ", "\u00a0", "\u200b", "\u00ad", "\t"))
    for zeile in zeilen:
        if len(zeile) > 1 and rng.random() < 0.3:
            stelle = rng.randrange(len(zeile))
            zeile[stelle] = rng.choice((zeile[stelle] + rand, rand + zeile[stelle]))
    return _schreibe(zeilen, satz, quelle)


def anfuehrung(roh: bytes, rng: random.Random, quelle: Quelle) -> bytes:
    zeilen, satz = _zeilen(roh, quelle)
    return _schreibe(zeilen, satz, quelle, quoting=rng.choice((csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC)))


def _auf_xml(roh: bytes, rng: random.Random, tat: Callable[[str], str]) -> bytes:
    """Change one sheet (or the shared texts) inside a workbook and pack it again, with right checksums."""
    with zipfile.ZipFile(io.BytesIO(roh)) as alt:
        inhalt = {eintrag.filename: alt.read(eintrag) for eintrag in alt.infolist()}
    moeglich = [
        n for n in inhalt if re.search(r"worksheets/sheet\d+\.xml|sharedStrings\.xml|content\.xml|workbook\.xml", n)
    ]
    name = rng.choice(moeglich)
    inhalt[name] = tat(inhalt[name].decode("utf-8")).encode("utf-8")
    ziel = io.BytesIO()
    with zipfile.ZipFile(ziel, "w", zipfile.ZIP_DEFLATED) as neu:
        for eintrag, daten in inhalt.items():
            neu.writestr(eintrag, daten)
    return ziel.getvalue()


def aendere_xml(roh: bytes, rng: random.Random, _: Quelle) -> bytes:
    def tat(xml: str) -> str:
        stellen = list(re.finditer(r">([^<>]+)<|(?:office:value|r|t|s|name|hidden|state)=\"([^\"]*)\"", xml))
        treffer = rng.choice(stellen)
        gruppe = 1 if treffer[1] is not None else 2
        neu = rng.choice((*(t for t in ZELLTEXTE if not set(t) & set('<>&"')), treffer[gruppe] + "0", "1", "A1", "B7"))
        return xml[: treffer.start(gruppe)] + neu + xml[treffer.end(gruppe) :]

    return _auf_xml(roh, rng, tat)


def ohne_xml_zeile(roh: bytes, rng: random.Random, _: Quelle) -> bytes:
    def tat(xml: str) -> str:
        treffer = rng.choice(
            list(re.finditer(r"<(row|c|table:table-row|table:table-cell)\b[^>]*?(/>|>.*?</\1>)", xml, re.S))
        )
        return (
            xml[: treffer.start()] + xml[treffer.end() :] * 1
            if rng.random() < 0.5
            else xml.replace(treffer[0], treffer[0] * 2, 1)
        )

    return _auf_xml(roh, rng, tat)


# ---------------------------------------------------------------- runs


def laufe(beleg: Beleg, anzahl: int, saat: int = 0) -> Iterator[tuple[int, str, Ausgang]]:
    """(seed, names of the mutations, outcome) of `anzahl` mutations; a seed repeats its mutation."""
    quelle, _ = _profil(beleg.name)
    werte, orte, _ = lies(beleg.name, beleg.datei)
    vorlage = Vorlage(werte, orte, read_gitter(beleg.datei, quelle))
    with tempfile.TemporaryDirectory() as ordner:
        ziel = Path(ordner) / beleg.datei.name
        for nr in range(saat, saat + anzahl):
            namen, roh = mutiere(beleg, random.Random(f"{beleg.kennung} {nr}"))
            ziel.write_bytes(roh)
            yield nr, namen, pruefe(beleg, ziel, vorlage)


def main(angaben: list[str]) -> int:
    anzahl = int(angaben[0]) if angaben else 10_000
    belege = [b for b in list_belege() if not angaben[1:] or b.name in angaben[1:]]
    schlecht = 0
    for beleg in belege:
        # A process of its own: whatever kills it belongs to this specimen.
        ergebnis = multiprocessing.get_context("spawn").Queue()
        prozess = multiprocessing.get_context("spawn").Process(target=_ein_beleg, args=(beleg, anzahl, ergebnis))
        prozess.start()
        ausgaenge = _hole(ergebnis, prozess)
        prozess.join()
        fehler = sum(n for art, n in ausgaenge.items() if Ausgang(art).fehler)
        schlecht += fehler
        print(f"{beleg.kennung}: {', '.join(f'{art} {n}' for art, n in ausgaenge.most_common())}", flush=True)
    print(f"{len(belege)} Belege × {anzahl} Mutationen: {schlecht} Fehler")
    return 1 if schlecht else 0


def _ein_beleg(beleg: Beleg, anzahl: int, ergebnis) -> None:
    ausgaenge: Counter[str] = Counter()
    for nr, namen, ausgang in laufe(beleg, anzahl):
        ausgaenge[ausgang.art] += 1
        if ausgang.fehler:
            print(f"  {beleg.kennung} Saat {nr} ({namen}): {ausgang.art} – {ausgang.text}", flush=True)
        if (nr + 1) % 20 == 0 or nr + 1 == anzahl:
            ergebnis.put((nr + 1, ausgaenge))
    ergebnis.put(None)


def _hole(ergebnis, prozess) -> Counter[str]:
    """Counts of one process; if it dies, what it had reported, and the fault."""
    letzte: Counter[str] = Counter()
    gesehen = 0
    while True:
        try:
            stand = ergebnis.get(timeout=1)
        except queue.Empty:
            if prozess.is_alive():
                continue
            print(f"  nach Saat {gesehen} ist der Prozess abgestürzt ({prozess.exitcode})", flush=True)
            return letzte + Counter({"Absturz": 1})
        if stand is None:
            return letzte
        gesehen, letzte = stand


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
