"""What a delivered file shows by itself: encoding, separator, head, key column, dates, signs. For drafting a profile.

Nothing here is used when loading; a profile states what this only suspects.
"""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from etl.dateien import FORMATE, MAPPEN, echte_art
from etl.mappen import read_mappe
from etl.parkett import read_parquet
from etl.personen import datenschutz, datums_spalten, harte_stelle, person_spalten
from etl.quelle import Quelle
from etl.read import flache_namen
from etl.zahlen import Zahlenfehler, parse_schluessel, parse_stichtag, saeubern
from geodata.fehler import LieferungError
from geodata.gebiet import Gebiet

ZEILEN = 20_000  # rows looked at
ZAHL = re.compile(r"[+\-−–]?\d{1,3}([.\u00a0\u202f ']\d{3})+(,\d+)?|[+\-−–]?\d+([.,]\d+)?")
JAHR = re.compile(r"(19|20)\d\d")
FUSSNOTE = re.compile(r"(?<=[\d ])(\d\)|[a-z]\)|[¹²³⁴⁵⁶⁷⁸⁹]\)?|\*{1,3})$")
SIGNALE = {"-", "–", ".", "...", "…", "*", "/", "x", "·"}
SUMME = re.compile(r"(insgesamt|summe|gesamt|zusammen|tot[a-z]*l|sum|alle?)\b.*", re.I)
REST = re.compile(r"(ohne|unbekannt|nicht zu(zu)?orden?bar|keine angabe|sonstige)\b.*", re.I)
EINHEIT = re.compile(r"anzahl|prozent|%|personen|eur|euro|€|1\.?000|in %|je .*|\d{1,2}|\(\d{1,2}\)", re.I)
# In this order: the more a form says, the earlier. German month names before digits.
DATUMSFORMEN = {
    "%d.%m.%Y": r"\d{1,2}\.\d{1,2}\.(19|20)\d\d",
    "%Y-%m-%d": r"(19|20)\d\d-\d\d-\d\d",
    "%d. %B %Y": r"\d{1,2}\. [A-Za-zä]{3,9} (19|20)\d\d",
    "%B %Y": r"(Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember) (19|20)\d\d",
    "%b %Y": r"(Jan|Feb|Mrz|Mär|Apr|Mai|Jun|Jul|Aug|Sep|Okt|Nov|Dez)\.? (19|20)\d\d",
    "%m/%Y": r"\d\d/(19|20)\d\d",
    "%Y-%m": r"(19|20)\d\d-\d\d",
    "%Y%m": r"(19|20)\d\d(0[1-9]|1[0-2])",
    "%Y": r"(19|20)\d\d",
}


@dataclass
class Tabelle:
    """One sheet, or the file: cleaned rows and what was found in them."""

    blatt: str
    zeilen: list[list[str]]
    kopf_ab: int = 0
    kopf_zeilen: int = 1
    einheiten: int = 0
    daten: list[list[str]] = field(default_factory=list)
    namen: list[str] = field(default_factory=list)
    schluessel: int = -1
    gefunden: list[tuple[str, str]] = field(default_factory=list)  # delivered key, raum_id
    andere: list[str] = field(default_factory=list)  # texts of the key column that are no Raum
    form: str = ""
    ueber_namen: bool = False
    luecken: bool = False

    @property
    def darueber(self) -> list[str]:
        return [t for zeile in self.zeilen[: self.kopf_ab] for t in zeile if t]

    def spalte(self, nr: int) -> list[str]:
        return [zeile[nr] if nr < len(zeile) else "" for zeile in self.daten]


@dataclass
class Spuren:
    format: str
    zeichensatz: str = "utf-8"
    trennzeichen: str = ";"
    tabellen: list[Tabelle] = field(default_factory=list)
    uebrige_blaetter: list[str] = field(default_factory=list)


def lies_spuren(pfad: Path, gebiet: Gebiet, kennung: str) -> Spuren:
    """Look at one file.

    Raises:
        LieferungError: unreadable, or about single persons (no value is named).
    """
    probe = _probequelle(kennung)
    with open(pfad, "rb") as datei:
        anfang = datei.read(4096)
    art = echte_art(pfad, anfang)
    if art not in (*FORMATE, "text"):
        raise LieferungError(
            f"Die Datei ist keine Tabelle, sondern {art}.",
            wo=pfad.name,
            tun="Eine CSV-, Excel-, ODS- oder Parquet-Datei angeben.",
        )
    spuren = Spuren(art)
    if art in MAPPEN:
        befunde = []
        datei = probe.datei.model_copy(update={"format": art})
        blaetter = list(read_mappe(pfad, probe.model_copy(update={"datei": datei}), befunde))
        rohe = [(b.titel, [zeile for _, zeile in islice(b.zeilen, ZEILEN)]) for b in blaetter]
    elif art == "parquet":
        rohe = [("", [zeile for _, zeile in islice(read_parquet(pfad, probe, alle=True).zeilen, ZEILEN)])]
    else:
        rohe = [("", _lies_text(pfad, spuren))]
    for name, zeilen in rohe:
        breite = max(map(len, zeilen), default=0)
        sauber = [[*map(saeubern, zeile), *[""] * (breite - len(zeile))] for zeile in zeilen]
        _check_personen(sauber, pfad, name, probe)
        tabelle = _finde_tabelle(Tabelle(name, sauber), gebiet)
        if tabelle.schluessel >= 0:
            _check_kopf(tabelle, pfad, probe)
            spuren.tabellen.append(tabelle)
        elif name:
            spuren.uebrige_blaetter.append(name)
    if not spuren.tabellen:
        raise LieferungError(
            f"In der Datei ist kein Schlüssel des Gebiets »{gebiet.id}« zu finden.",
            wo=pfad.name + (f", Blätter: {', '.join(spuren.uebrige_blaetter)}" if spuren.uebrige_blaetter else ""),
            tun="Stimmt --gebiet? Die Datei braucht eine Spalte mit den Schlüsseln (oder Namen) der Räume.",
        )
    return spuren


def _probequelle(kennung: str) -> Quelle:
    """Lets the readers run without a profile."""
    merkmal = {"titel": "x", "einheit": "x", "recht": "sgb12"}
    return Quelle(
        id=kennung, titel="Entwurf", gebiet=["-"], herausgeber="-", lizenz="-", ebene="-",
        datei={"muster": "*"}, raum={"spalte": "x"}, stichtag={"fest": "2000-01-01"}, spalten={"x": "x"},
        merkmale={"x": merkmal},
    )  # fmt: skip


# ---------------------------------------------------------------- text


def _lies_text(pfad: Path, spuren: Spuren) -> list[list[str]]:
    roh = pfad.read_bytes()[: 8 << 20]
    spuren.zeichensatz = _zeichensatz(roh)
    text = roh.decode(spuren.zeichensatz, errors="replace").lstrip("\ufeff")
    if "\x00" in text:
        raise LieferungError("Die Datei enthält Nullzeichen und ist vermutlich beschädigt.", wo=pfad.name)
    spuren.trennzeichen = _trennzeichen(text)
    try:
        zeilen = list(islice(csv.reader(io.StringIO(text, newline=""), delimiter=spuren.trennzeichen), ZEILEN))
    except csv.Error as fehler:
        raise LieferungError("Die Datei lässt sich nicht in Zeilen zerlegen.", wo=f"{pfad.name} ({fehler})") from None
    erste = next((zeile for zeile in zeilen if any(zeile)), [""])
    if erste[0].startswith("GENESIS-Tabelle"):
        spuren.format = "genesis"
        ende = next((nr for nr, z in enumerate(zeilen) if z and z[0].startswith("__________")), len(zeilen))
        return zeilen[:ende]
    spuren.format = "genesis_flach" if erste[0] == "statistics_code" else "csv"
    return zeilen


def _zeichensatz(roh: bytes) -> str:
    if roh.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        roh.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError:
        return "cp1252" if re.search(rb"[\x80-\x9f]", roh) else "iso-8859-1"


def _trennzeichen(text: str) -> str:
    """The sign that cuts most lines into the same number (at least two) of cells."""
    zeilen = [zeile for zeile in text.splitlines()[:400] if zeile.strip()]

    def guete(zeichen: str) -> int:
        haeufig = Counter(zeile.count(zeichen) for zeile in zeilen if zeichen in zeile).most_common(1)
        return haeufig[0][1] * 10 + min(haeufig[0][0], 9) if haeufig else 0

    return max(";,\t|", key=guete)


# ---------------------------------------------------------------- where the table lies


def _finde_tabelle(tabelle: Tabelle, gebiet: Gebiet) -> Tabelle:
    """Key column, head rows and data rows; `schluessel` stays −1 when no key of the territory is there."""
    raeume = gebiet.read_raeume()
    ids = set(raeume["raum_id"])
    eindeutig = raeume.drop_duplicates("raum_id")
    doppelt = eindeutig["name"].duplicated(keep=False)
    namen = dict(zip(eindeutig["name"][~doppelt], eindeutig["raum_id"][~doppelt], strict=True))
    breite = max(map(len, tabelle.zeilen), default=0)
    beste: tuple[int, int, str, bool] = (0, -1, "", False)
    for nr in range(breite):
        texte = [zeile[nr] if nr < len(zeile) else "" for zeile in tabelle.zeilen]
        for form in ("", "ars"):
            treffer = sum(_raum(text, ids, form) is not None for text in texte)
            if treffer > beste[0]:
                beste = (treffer, nr, form, False)
    if beste[0] < 2:
        for nr in range(breite):
            treffer = sum((zeile[nr] if nr < len(zeile) else "") in namen for zeile in tabelle.zeilen)
            if treffer > max(1, beste[0]):
                beste = (treffer, nr, "", True)
    if beste[0] < 2:
        return tabelle
    _, tabelle.schluessel, tabelle.form, tabelle.ueber_namen = beste
    finde = namen.get if tabelle.ueber_namen else (lambda text: _raum(text, ids, tabelle.form))
    treffer = [
        nr for nr, z in enumerate(tabelle.zeilen) if len(z) > tabelle.schluessel and finde(z[tabelle.schluessel])
    ]
    _finde_kopf(tabelle, treffer[0])
    _finde_daten(tabelle, finde, treffer)
    return tabelle


def _raum(text: str, ids: set[str], form: str) -> str | None:
    if len(text) < 2 and text not in ids:
        return None
    try:
        raum_id, _ = parse_schluessel(text, ids.__contains__, form=form)
    except Zahlenfehler:
        return None
    return raum_id if raum_id in ids else None


def _hat_zahlen(zeile: list[str], ohne: int) -> bool:
    """A cell that is a number and no year (heads carry years), or a sign in place of one."""
    zellen = [t for nr, t in enumerate(zeile) if nr != ohne and t]
    return any((ZAHL.fullmatch(t) and not JAHR.fullmatch(t)) or t in SIGNALE for t in zellen)


def _finde_kopf(tabelle: Tabelle, erste: int) -> None:
    zeilen, schluessel = tabelle.zeilen, tabelle.schluessel
    anfang = erste
    while (
        anfang
        and _hat_zahlen(zeilen[anfang - 1], schluessel)
        and not _ist_einheitenzeile(zeilen[anfang - 1], schluessel)
    ):
        anfang -= 1
    while anfang and zeilen[anfang - 1] and sum(map(bool, zeilen[anfang - 1])) <= 1:
        anfang -= 1  # headings and blank rows between head and data
        tabelle.luecken = tabelle.luecken or any(zeilen[anfang])
        if anfang and not zeilen[anfang - 1]:
            break
    ende = anfang
    if anfang and _ist_einheitenzeile(zeilen[anfang - 1], schluessel):
        anfang, tabelle.einheiten = anfang - 1, 1
        ende = anfang
    while anfang and ende - anfang < 4 and _ist_kopfzeile(zeilen[anfang - 1]):
        anfang -= 1
    tabelle.kopf_ab, tabelle.kopf_zeilen = anfang, max(1, ende - anfang)
    if ende > anfang:
        tabelle.namen = flache_namen(zeilen[anfang:ende])
        tabelle.namen += [f"Spalte {nr + 1}" for nr in range(len(tabelle.namen), schluessel + 1)]
    tabelle.daten = zeilen[ende + tabelle.einheiten :]


def _ist_kopfzeile(zeile: list[str]) -> bool:
    """Several texts, or one that does not stand where titles stand."""
    return sum(map(bool, zeile)) >= 2 or (any(zeile) and not zeile[0])


def _ist_einheitenzeile(zeile: list[str], schluessel: int) -> bool:
    texte = [t for t in zeile if t]
    leer = len(zeile) <= schluessel or not zeile[schluessel]
    return bool(texte) and leer and all(EINHEIT.fullmatch(t) for t in texte)


def _finde_daten(tabelle: Tabelle, finde, treffer: list[int]) -> None:
    """Rows of the table up to its last key; what else stands in the key column is remembered."""
    letzte = treffer[-1]
    alle = tabelle.daten
    versatz = len(tabelle.zeilen) - len(alle)
    daten, leer_gesehen = [], False
    kopf = [[t for t in z if t] for z in tabelle.zeilen[tabelle.kopf_ab : tabelle.kopf_ab + tabelle.kopf_zeilen]]
    for nr, zeile in enumerate(alle):
        if nr + versatz < letzte and [t for t in zeile if t] in kopf:
            continue  # printed again on the next page
        text = zeile[tabelle.schluessel] if tabelle.schluessel < len(zeile) else ""
        voll = sum(map(bool, zeile))
        if nr + versatz > letzte and not (voll > 1 and _hat_zahlen(zeile, tabelle.schluessel)):
            break
        if voll <= 1:
            leer_gesehen = True
            continue
        tabelle.luecken = tabelle.luecken or leer_gesehen
        raum_id = finde(text)
        daten.append(zeile)
        if raum_id:
            tabelle.gefunden.append((text, raum_id))
        else:
            tabelle.andere.append(text)
    tabelle.daten = daten


# ---------------------------------------------------------------- persons


def _check_personen(zeilen: list[list[str]], pfad: Path, blatt: str, probe: Quelle) -> None:
    ort = pfad.name + (f", Blatt »{blatt}«" if blatt else "")
    if spalten := datums_spalten(zeilen):
        liste = ", ".join(f"{nr + 1}. Spalte" for nr in spalten)
        raise datenschutz(probe, f"{ort}, Spalten, die wie Geburtsdaten aussehen: {liste}")
    for nr, zeile in enumerate(zeilen, 1):
        if harte_stelle("\t".join(zeile)) is not None:
            raise datenschutz(probe, f"{ort}, Zeile {nr}")


def _check_kopf(tabelle: Tabelle, pfad: Path, probe: Quelle) -> None:
    """Headers about persons; a column »Name« must hold the names of areas, that is one name for each key."""
    ort = pfad.name + (f", Blatt »{tabelle.blatt}«" if tabelle.blatt else "")
    if spalten := person_spalten(tabelle.namen):
        raise datenschutz(probe, f"{ort}, Spalten: {', '.join(spalten)}")
    for nr, name in enumerate(tabelle.namen):
        if name.casefold() in ("name", "namen") and nr != tabelle.schluessel:
            je_schluessel: dict[str, set[str]] = {}
            for schluessel, text in zip(tabelle.spalte(tabelle.schluessel), tabelle.spalte(nr), strict=True):
                je_schluessel.setdefault(schluessel, set()).add(text)
            if any(len(texte) > 1 for schluessel, texte in je_schluessel.items() if schluessel):
                raise datenschutz(probe, f"{ort}, Spalte: {name}")


# ---------------------------------------------------------------- dates


def datumsform(texte: Iterable[str]) -> str | None:
    """The one form in which all texts are dates; None when there is none."""
    verschieden = {t for t in texte if t}
    for form, muster in DATUMSFORMEN.items():
        if verschieden and all(re.fullmatch(muster, t) for t in verschieden) and _lesbar(verschieden, form):
            return form
    return None


def _lesbar(texte: set[str], form: str) -> bool:
    try:
        return all(1950 <= parse_stichtag(text, form).year <= 2100 for text in texte)
    except Zahlenfehler:
        return False


def datum_in(text: str) -> tuple[str, str] | None:
    """(text with {stichtag:…} in place of its one date, form), or None."""
    for form, muster in DATUMSFORMEN.items():
        treffer = list(re.finditer(rf"(?<![\d.]){muster}(?!\d)", text))
        if len(treffer) == 1 and _lesbar({treffer[0].group()}, form):
            von, bis = treffer[0].span()
            return f"{text[:von]}{{stichtag:{form}}}{text[bis:]}", form
        if treffer:
            return None
    return None
