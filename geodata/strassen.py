"""Addresses → Räume by a Straßenverzeichnis: street, range of house numbers, odd or even side.

The directory is a CSV of the Gebietsstand (UTF-8, semicolon): `strasse;von;bis;seite;zusatz;plz;ort;raum_id`. Only
`strasse` and `raum_id` are needed; without `von` and `bis` a line holds for the whole street. `seite` is gerade,
ungerade or alle (also empty); a letter may stand behind the number ("12a") or in `zusatz`.
"""

import csv
import re
import unicodedata
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from geodata.fehler import GebietError
from geodata.gebiet import Gebiet, Gebietsstand
from geodata.zuordnung import OHNE

GRUENDE = (
    "",
    "keine Anschrift",
    "Straße unbekannt",
    "Hausnummer fehlt oder unlesbar",
    "Hausnummer außerhalb",
    "Anschrift mehrdeutig",
)
GUT, LEER, UNBEKANNT, NUMMER_FEHLT, AUSSERHALB, MEHRDEUTIG = range(len(GRUENDE))
FELDER = ("strasse", "von", "bis", "seite", "zusatz", "plz", "ort", "raum_id")
SEITEN = {
    "": (0, 1), "alle": (0, 1), "a": (0, 1), "gerade": (0,), "g": (0,), "ungerade": (1,), "u": (1,), "beide": (0, 1),
}  # fmt: skip
ZUSAETZE = 64  # house numbers are numbered through: number · 64 + letter
NUMMER_MAX = 10_000
HAUSNUMMER = re.compile(r"0*(\d{1,4})(?!\d)\s*(?:([a-z])(?![a-z])|(\d/\d))?", re.I)
BRUECHE = {"1/4": 27, "1/3": 28, "1/2": 29, "2/3": 30, "3/4": 31}
ANSCHRIFT = re.compile(r"(.*?\D)[\s,]*?(?<!\d)(\d{1,4}(?!\d)\s*(?:[a-z](?![a-z])|\d/\d)?(?:\s*[-–/+].*)?)\s*", re.I)
UMLAUTE = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"}


# ---------------------------------------------------------------- normal forms


def normalisiere(strasse: str) -> str:
    """One spelling for all of "Goethestr.", "Goethe-Straße", "GOETHE STRASSE", "Goethestrasse"; "" for nothing."""
    text = unicodedata.normalize("NFC", strasse).casefold()
    for umlaut, ersatz in UMLAUTE.items():
        text = text.replace(umlaut, ersatz)
    text = "".join(z for z in unicodedata.normalize("NFD", text) if not unicodedata.combining(z))
    worte = re.findall(r"[a-z0-9]+\.?", text)
    return "".join(_wort(wort, nr) for nr, wort in enumerate(worte))


def _wort(wort: str, nr: int) -> str:
    kern = wort.rstrip(".")
    if kern.endswith("str"):
        return kern[:-3] + "strasse"
    if kern == "st" and wort.endswith("."):
        return "sankt"
    if kern.endswith("pl") and (wort.endswith(".") or (kern == "pl" and nr > 0)):
        return kern[:-2] + "platz"
    return kern


def lies_hausnummer(text: str) -> int:
    """Rank of a house number ("12", "12a", "12 1/2", "12-14": the first counts); OHNE if there is none."""
    treffer = HAUSNUMMER.match(text.strip())
    if not treffer or int(treffer[1]) == 0:
        return OHNE
    return int(treffer[1]) * ZUSAETZE + _zusatz((treffer[2] or treffer[3] or "").lower())


def _zusatz(text: str) -> int:
    if not text:
        return 0
    return ord(text) - ord("a") + 1 if text.isalpha() else BRUECHE.get(text, ZUSAETZE - 1)


def trenne_anschrift(text: str) -> tuple[str, str]:
    """ "Am Markt 12a" → street and house number; the number is the last one with a street before it."""
    treffer = ANSCHRIFT.fullmatch(text.strip()) or ANSCHRIFT.fullmatch(text.partition(",")[0].strip())
    return (treffer[1].strip(" ,"), treffer[2].strip()) if treffer else (text.strip(), "")


# ---------------------------------------------------------------- the directory


@dataclass(frozen=True)
class Zeile:
    """One line of the directory; `von`, `bis` are ranks of house numbers, both included."""

    nummer: int
    strasse: str
    plz: str
    ort: str
    von: int
    bis: int
    seiten: tuple[int, ...]
    raum: int


@dataclass(frozen=True)
class _Abschnitte:
    """Disjoint ranges, sorted by one number made of street, side and house number."""

    schluessel: dict[tuple[str, ...], int]
    anfang: np.ndarray
    ende: np.ndarray
    raum: np.ndarray
    einziger: np.ndarray  # per street the Raum in which all of it lies; OHNE: several


class Strassenverzeichnis:
    """Finds the Raum of addresses. `raum_ids[code]` is the key of the Raum."""

    def __init__(self, zeilen: list[Zeile], raum_ids: list[str], pfad: Path) -> None:
        self.zeilen, self.raum_ids, self.pfad = zeilen, raum_ids, pfad
        self.merkmale = tuple(m for m in ("plz", "ort") if any(getattr(z, m) for z in zeilen))
        self._nach: dict[tuple[str, ...], _Abschnitte] = {}
        self._abschnitte(self.merkmale, streng=True)

    @classmethod
    def read(cls, gebiet: Gebiet, stand: Gebietsstand) -> "Strassenverzeichnis":
        """The directory of a Gebietsstand.

        Raises:
            GebietError: none declared, unreadable, or lines that contradict each other.
        """
        if stand.strassen is None:
            raise GebietError(
                f"Gebiet »{gebiet.id}«: Für den Gebietsstand {stand.id} gibt es kein Straßenverzeichnis.",
                wo=str(gebiet.ordner / "gebiet.toml"),
                tun=f"Eine Datei mit den Spalten {';'.join(FELDER)} in den Ordner des Gebiets legen und unter "
                '[[gebietsstand]] strassen = "DATEI" eintragen.',
            )
        raeume = gebiet.read_raeume()
        raum_ids = list(raeume.loc[(raeume["gebietsstand"] == stand.id) & ~raeume["rest"], "raum_id"])
        pfad = gebiet.ordner / stand.strassen
        return cls(_read_zeilen(pfad, raum_ids), raum_ids, pfad)

    def finde(
        self,
        strasse: np.ndarray,
        hausnummer: np.ndarray | None = None,
        plz: np.ndarray | None = None,
        ort: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Code of the Raum per address (OHNE: none) and the reason as a position in GRUENDE.

        Args: texts as delivered, one per address; without `hausnummer` the number stands behind the street. A `plz` or
            `ort` that is not given (None or empty) does not restrict.
        """
        if hausnummer is None:
            paare = [trenne_anschrift(text) for text in strasse]
            strasse = np.array([p[0] for p in paare], dtype=object)
            hausnummer = np.array([p[1] for p in paare], dtype=object)
        nummer = _je_text(hausnummer, lies_hausnummer, np.int64)
        name = _je_text(strasse, normalisiere, object)
        leer = np.full(len(name), "", dtype=object)
        angaben = {
            "plz": leer if plz is None else _je_text(plz, _plz, object),
            "ort": leer if ort is None else _je_text(ort, normalisiere, object),
        }
        raum = np.full(len(name), OHNE, dtype=np.int32)
        grund = np.where(name == "", LEER, UNBEKANNT).astype(np.int8)
        gegeben = [angaben[m] != "" for m in self.merkmale]
        muster = np.zeros(len(name), dtype=np.int64)
        for stelle, da in enumerate(gegeben):
            muster |= da.astype(np.int64) << stelle
        for wert in np.unique(muster):
            auswahl = np.flatnonzero((muster == wert) & (name != ""))
            spalten = tuple(m for stelle, m in enumerate(self.merkmale) if wert >> stelle & 1)
            texte = [name[auswahl], *(angaben[m][auswahl] for m in spalten)]
            raum[auswahl], grund[auswahl] = self._suche(self._abschnitte(spalten), texte, nummer[auswahl])
        return raum, grund

    def _suche(self, stufen: _Abschnitte, texte: list[np.ndarray], nummer: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        strasse = np.array([stufen.schluessel.get(t, OHNE) for t in zip(*texte, strict=True)], dtype=np.int64)
        raum = np.where(strasse >= 0, stufen.einziger[strasse], OHNE)  # without a number: the street as a whole
        mit = (strasse >= 0) & (nummer >= 0)
        stelle = _ort(strasse[mit], nummer[mit] // ZUSAETZE % 2, nummer[mit])
        treffer = np.searchsorted(stufen.anfang, stelle, side="right") - 1
        drin = (treffer >= 0) & (stufen.ende[treffer] >= stelle)
        raum[mit] = np.where(drin, stufen.raum[treffer], OHNE)
        grund = np.select(
            [raum >= 0, strasse < 0, raum == -MEHRDEUTIG, nummer < 0],
            [GUT, UNBEKANNT, MEHRDEUTIG, NUMMER_FEHLT],
            AUSSERHALB,
        )
        return np.where(raum >= 0, raum, OHNE).astype(np.int32), grund.astype(np.int8)

    def _abschnitte(self, spalten: tuple[str, ...], *, streng: bool = False) -> _Abschnitte:
        """Ranges by street and the given parts of the place.

        With fewer parts than the directory has, a number may lie in several Räume (the same street in two towns).
        """
        if spalten not in self._nach:
            gruppen: dict[tuple[str, ...], list[Zeile]] = {}
            for zeile in self.zeilen:
                gruppen.setdefault((zeile.strasse, *(getattr(zeile, m) for m in spalten)), []).append(zeile)
            self._nach[spalten] = self._baue(gruppen, streng=streng)
        return self._nach[spalten]

    def _baue(self, gruppen: dict[tuple[str, ...], list[Zeile]], *, streng: bool) -> _Abschnitte:
        teile, konflikte, einziger = [], [], []
        for nr, liste in enumerate(gruppen.values()):
            raeume = {z.raum for z in liste}
            einziger.append(raeume.pop() if len(raeume) == 1 else OHNE)
            for seite in (0, 1):
                auf_seite = [z for z in liste if seite in z.seiten]
                for von, bis, raum, paar in _zerlege(auf_seite):
                    teile.append((_ort(nr, seite, von), _ort(nr, seite, bis), raum))
                    konflikte += [paar] if paar else []
        if konflikte and streng:
            raise self._widerspruch(konflikte)
        anfang, ende, raum = np.array(teile, dtype=np.int64).reshape(-1, 3).T
        return _Abschnitte(
            {schluessel: nr for nr, schluessel in enumerate(gruppen)}, anfang, ende, raum, np.array(einziger)
        )

    def _widerspruch(self, konflikte: list[tuple[Zeile, Zeile]]) -> GebietError:
        paare = list(dict.fromkeys(tuple(sorted((a.nummer, b.nummer))) for a, b in konflikte))
        orte = [f"Zeile {a} und {b}" for a, b in paare[:8]]
        mehr = f" und {len(paare) - 8} weitere" if len(paare) > 8 else ""
        return GebietError(
            f"Das Straßenverzeichnis widerspricht sich: {len(paare)} Paar(e) von Zeilen ordnen dieselbe Hausnummer "
            "zwei Räumen zu.",
            wo=f"{self.pfad.name}, {'; '.join(orte)}{mehr}",
            tun="Die Bereiche so abgrenzen, dass jede Hausnummer in genau einem liegt. Gibt es die Straße in mehreren "
            "Orten, die Spalte plz oder ort füllen.",
        )


def _ort(strasse, seite, nummer):
    """Street, side and house number as one sortable number."""
    return (strasse * 2 + seite) * (NUMMER_MAX * ZUSAETZE) + nummer


def _zerlege(zeilen: list[Zeile]) -> list[tuple[int, int, int, tuple[Zeile, Zeile] | None]]:
    """Disjoint ranges in order: from, to, Raum (−MEHRDEUTIG where two Räume claim it) and the two lines at odds."""
    zeilen = sorted(zeilen, key=lambda z: (z.von, z.bis))
    if all(a.bis < b.von for a, b in pairwise(zeilen)):
        return [(z.von, z.bis, z.raum, None) for z in zeilen]
    grenzen = sorted({z.von for z in zeilen} | {z.bis + 1 for z in zeilen})
    ergebnis = []
    for von, danach in pairwise(grenzen):
        da = [z for z in zeilen if z.von <= von <= z.bis]
        anderer = next((z for z in da if z.raum != da[0].raum), None)
        if da:
            paar = (da[0], anderer) if anderer else None
            ergebnis.append((von, danach - 1, -MEHRDEUTIG if anderer else da[0].raum, paar))
    return ergebnis


def _je_text(texte: np.ndarray, regel, typ) -> np.ndarray:
    """`regel` of every text, asked once per distinct text."""
    codes, verschieden = pd.factorize(np.asarray(texte, dtype=object))
    ergebnis = np.empty(len(verschieden), dtype=typ)
    for nr, text in enumerate(verschieden):
        ergebnis[nr] = regel(text)
    return ergebnis[codes]


def _plz(text: str) -> str:
    ziffern = text.strip().removesuffix(".0")
    return ziffern.zfill(5) if ziffern.isdecimal() else ziffern


# ---------------------------------------------------------------- reading


def _read_zeilen(pfad: Path, raum_ids: list[str]) -> list[Zeile]:
    code = {raum_id: nr for nr, raum_id in enumerate(raum_ids)}
    try:
        text = pfad.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fehler:
        raise GebietError(
            "Das Straßenverzeichnis lässt sich nicht lesen.",
            wo=f"{pfad.name} ({fehler.__class__.__name__})",
            tun="Als CSV in UTF-8 mit Semikolon in den Ordner des Gebiets legen.",
        ) from None
    leser = csv.reader(text.splitlines(), delimiter=";")
    kopf = [name.strip().casefold() for name in next(leser, [])]
    fehlend = [f for f in ("strasse", "raum_id") if f not in kopf]
    fremd = [f for f in kopf if f not in FELDER]
    if fehlend or fremd:
        raise GebietError(
            f"Im Straßenverzeichnis stimmen die Spalten nicht (es fehlen: {', '.join(fehlend) or 'keine'}; unbekannt: "
            f"{', '.join(fremd) or 'keine'}).",
            wo=f"{pfad.name}, Zeile 1",
            tun=f"Mögliche Spalten: {';'.join(FELDER)}; nötig sind strasse und raum_id.",
        )
    zeilen, fehler = [], []
    for zellen in leser:
        if not any(z.strip() for z in zellen):
            continue
        felder = dict.fromkeys(FELDER, "") | dict(zip(kopf, (z.strip() for z in zellen), strict=False))
        zeile, grund = _lies_zeile(leser.line_num, felder, code)
        fehler += [f"Zeile {leser.line_num}: {grund}"] if grund else []
        zeilen += [zeile] if zeile else []
    if fehler or not zeilen:
        mehr = f" und {len(fehler) - 8} weitere" if len(fehler) > 8 else ""
        raise GebietError(
            f"{len(fehler)} Zeile(n) des Straßenverzeichnisses sind nicht zu verstehen."
            if fehler
            else "Das Straßenverzeichnis ist leer.",
            wo=f"{pfad.name}, {'; '.join(fehler[:8]) or 'unter der Kopfzeile'}{mehr}",
            tun="Die genannten Zeilen berichtigen.",
        )
    return zeilen


def _lies_zeile(nummer: int, felder: dict[str, str], code: dict[str, int]) -> tuple[Zeile | None, str]:
    """One line, or what is wrong with it."""
    strasse = normalisiere(felder["strasse"])
    if not strasse:
        return None, "die Straße ist leer"
    if felder["raum_id"] not in code:
        return None, f"den Raum »{felder['raum_id']}« gibt es in diesem Gebietsstand nicht"
    seiten = SEITEN.get(felder["seite"].casefold())
    if seiten is None:
        return None, f"die Seite »{felder['seite']}« ist weder gerade, ungerade noch alle"
    von, bis = felder["von"], felder["bis"]
    if felder["zusatz"]:
        if not von or (bis and bis != von):
            return None, "ein Zusatz gilt nur für eine einzelne Hausnummer (von, bis gleich oder leer)"
        von = bis = von + felder["zusatz"]
    unten = lies_hausnummer(von) if von else ZUSAETZE
    oben = lies_hausnummer(bis) if bis else (NUMMER_MAX - 1) * ZUSAETZE + ZUSAETZE - 1
    if OHNE in (unten, oben):
        return None, f"»{von if unten == OHNE else bis}« ist keine Hausnummer"
    if oben % ZUSAETZE == 0:
        oben += ZUSAETZE - 1  # up to 12 means with 12a, 12b
    if unten > oben:
        return None, f"der Bereich {von} bis {bis} läuft rückwärts"
    return Zeile(
        nummer, strasse, _plz(felder["plz"]), normalisiere(felder["ort"]), unten, oben, seiten, code[felder["raum_id"]]
    ), ""
