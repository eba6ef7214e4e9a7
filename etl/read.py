"""Delivered file → long table, one row per value, every value with file, sheet, line and column.

Text first: no reader may guess a number. Each distinct text of a column is parsed once, the rest is array work.
"""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import chain, islice
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from etl.checks import Befund, check_spalten
from etl.dateien import TRENNER, Blatt, Inhalt, pruefe_datei, read_blaetter, spaltenbuchstabe
from etl.personen import PROBE, datenschutz, datums_spalten, harte_stelle, sieht_nach_daten_aus, zeige
from etl.quelle import (
    ODER,
    PLATZHALTER,
    Datei,
    Quelle,
    moegliche_namen,
    muster_regex,
    naechster_name,
    passt_auf,
    platzhalter_format,
)
from etl.raeume import AUSSEN, SUMME, UNBEKANNT, Raumbuch, Raumkenner, find_gebietsstand
from etl.stuecke import Spalte, Stueck, Ungewoehnlich, ist_schlicht, stuecke_aus_datei, stuecke_aus_zeilen, verbinde
from etl.zahlen import OHNE_ERGEBNIS, Zahl, Zahlenfehler, Zahlenformat, parse_stichtag, parse_zahl, saeubern
from geodata.fehler import LieferungError
from geodata.gebiet import Gebiet

STATUS = ("offen", "unsicher", "gesperrt_quelle", "nicht_geliefert", "nicht_sinnvoll")
VIELE_TEXTE = 1_000  # from here on whole numbers are read by the block
KOPF_SUCHE = 200  # a head further down than this is not a head
SPALTEN = ("raum_id", "stichtag", "merkmal", "wert", "status", "blatt", "zeile", "spalte")


@dataclass
class Lieferung:
    """What one file says.

    `frame`: one row per value (columns `SPALTEN`); `wert` is NaN unless `status` is offen or unsicher.
    `summen`: delivered totals in the same shape, `raum_id` = the Raum they are the total of.
    """

    quelle_id: str
    datei: str
    sha256: str
    frame: pd.DataFrame
    summen: pd.DataFrame
    befunde: list[Befund] = field(default_factory=list)
    korrigiert: list[pd.DataFrame] = field(default_factory=list)  # cells touched by corrections, see schema.sql

    @property
    def stichtage(self) -> list[date]:
        return sorted(pd.Timestamp(t).date() for t in self.frame["stichtag"].unique())


@dataclass(frozen=True)
class Kopf:
    """The head of a table, its rows made one name per column."""

    namen: list[str]
    zeile: int  # its last row
    darueber: list[str]  # texts above it
    erste: int
    daten_ab: int  # last row before the data (a row with units may follow the head)
    reihen: list[list[str]]  # the texts of each of its rows


def zahlenformat(datei: Datei) -> Zahlenformat:
    zeichen = dict.fromkeys(datei.nicht_geliefert, "nicht_geliefert") | dict.fromkeys(datei.gesperrt, "gesperrt_quelle")
    zeichen |= dict.fromkeys(datei.nicht_sinnvoll, "nicht_sinnvoll") | dict.fromkeys(datei.null, "offen")
    return Zahlenformat(datei.dezimal, datei.tausender, zeichen, datei.fussnoten, datei.unsicher_klammern)


def read_lieferung(pfad: Path, quelle: Quelle, gebiet: Gebiet, *, buch: Raumbuch | None = None) -> Lieferung:
    """Read one delivered file as its profile says; `buch` saves reading the Räume again for every file.

    Raises:
        LieferungError: the file does not say what the profile promises; nothing is guessed.
    """
    leser = read_teile(pfad, quelle, buch or Raumbuch(gebiet), lambda leser: None)
    return leser.lieferung()


def read_teile(pfad: Path, quelle: Quelle, buch: Raumbuch, nimm: "Callable[[Leser], None]") -> "Leser":
    """Read one file chunk by chunk; after each chunk `nimm` may take away what the reader holds.

    A plain file goes the quick way first. Whatever is wrong there, the careful way begins anew, with a new reader,
    and has the last word: `nimm` recognises it by `nummer`, which grows.
    """
    inhalt = pruefe_datei(pfad, quelle)
    schlicht = not (quelle.datei.fuellen or quelle.datei.luecken)
    schlicht = schlicht and ist_schlicht(pfad, inhalt.zeichensatz, quelle.datei.ende)
    for nummer, quick in enumerate([True, False] if schlicht else [False]):
        leser = Leser(pfad, quelle, buch, inhalt, schlicht=quick, nummer=nummer)
        try:
            for blatt in read_blaetter(pfad, quelle, inhalt):
                for _ in leser.read_blatt(blatt):
                    nimm(leser)
            return leser
        except (Ungewoehnlich, LieferungError):
            if not quick:
                raise
    raise AssertionError("der gründliche Weg endet mit einem Ergebnis oder einem Fehler")


class Leser:
    """Collects the values of one file as code arrays, chunk by chunk."""

    def __init__(
        self, pfad: Path, quelle: Quelle, buch: Raumbuch, inhalt: Inhalt, *, schlicht: bool, nummer: int
    ) -> None:
        self.pfad, self.datei, self.inhalt, self.schlicht, self.nummer = pfad, pfad.name, inhalt, schlicht, nummer
        self.profil = self.quelle = quelle  # `quelle` becomes the profile for the head of each sheet
        self.gebiet, self.befunde = buch.gebiet, []
        self.raeume = Raumkenner(quelle, buch)
        self.format = zahlenformat(quelle.datei)
        self.merkmale = [m for m, angabe in quelle.merkmale.items() if not angabe.berechnet]
        self.merkmal_code = {m: nr for nr, m in enumerate(self.merkmale)}
        self.blaetter: list[str] = []
        self.spalten: list[str] = []
        self.teile: list[tuple[np.ndarray, ...]] = []
        self.summen: list[tuple[np.ndarray, ...]] = []
        self.gezaehlt: dict[str, int] = {}
        self.zahlen: dict[str, Zahl | Zahlenfehler] = {}
        self.bekannte_raeume: dict[str, tuple[int, str]] = {}

    # ------------------------------------------------------------ one sheet

    def read_blatt(self, blatt: Blatt) -> Iterator[None]:
        """Reads one sheet chunk by chunk; what was read so far lies in `teile` and `summen`."""
        self.blatt = blatt
        self.blatt_code = len(self.blaetter)
        self.blaetter.append(blatt.name)
        zeilen = iter(blatt.zeilen)
        self.kopf = self._finde_kopf(zeilen)
        self.quelle = self.profil.fuer_kopf(self.kopf.namen)
        probe = list(islice(zeilen, PROBE))
        self._check_kopf([zeile for _, zeile in probe])
        zeilen = chain(probe, zeilen)
        self.fester_stichtag = self._finde_stichtag()
        self.wertspalten = self._finde_wertspalten()
        self.spalten_code = self._merke_spalten()
        anzahl = 0
        for stueck in self._stuecke(zeilen):
            anzahl += len(stueck.nummern)
            self._read_stueck(stueck)
            yield
        if not anzahl:
            raise self._fehler(
                "Unter der Kopfzeile stehen keine Daten.",
                self._ort(self.kopf.zeile),
                "Prüfen, ob die Datei vollständig ist, und neu anfordern.",
            )

    def _finde_kopf(self, zeilen: Iterator[tuple[int, list[str]]]) -> Kopf:
        angaben, darueber, gesehen = self.quelle.datei, [], []
        anker = moegliche_namen(angaben.kopf) if angaben.kopf else []
        for nr, zeile in islice(zeilen, KOPF_SUCHE):
            texte = [saeubern(z) for z in zeile]
            gesehen.append(texte)
            if any(a in texte for a in anker) if anker else any(texte):
                weitere = list(islice(zeilen, angaben.kopf_zeilen - 1))
                reihen = [texte] + [[saeubern(z) for z in w] for _, w in weitere]
                einheiten = list(islice(zeilen, angaben.einheiten_zeilen))
                letzte = [nr, *(n for n, _ in weitere)][-1]
                daten_ab = [letzte, *(n for n, _ in einheiten)][-1]
                namen = flache_namen(reihen, self._verbindungen(nr))
                return Kopf(namen, letzte, darueber, nr, daten_ab, [[t for t in r if t] for r in reihen])
            darueber += [t for t in texte if t]
        self._check_trennzeichen(gesehen)
        self._check_daten_statt_kopf(gesehen)
        anfaenge = [_anfang(t) for t in gesehen[:4] if t]
        raise self._fehler(
            f"Die Kopfzeile mit »{angaben.kopf}« fehlt." if anker else "Die Datei enthält keine Tabelle.",
            f"{self._ort()}; die ersten Zeilen beginnen mit: {', '.join(f'»{a}«' for a in anfaenge)}",
            self._gemeint(anker[0] if anker else "", [t for texte in gesehen for t in texte if not t.isdecimal()])
            + "Die Überschrift im Profil unter [datei] kopf eintragen.",
        )

    def _check_daten_statt_kopf(self, zeilen: list[list[str]]) -> None:
        """Before a row is named in a message: a list of persons without a head is never repeated."""
        if datums_spalten(zeilen) or any(harte_stelle("\t".join(zeile)) is not None for zeile in zeilen):
            raise datenschutz(self.quelle, f"{self._ort()}, Spalten mit Geburtsdaten oder Nummern von Personen")

    def _check_trennzeichen(self, gesehen: list[list[str]]) -> None:
        if self.blatt.excel or any(len(texte) > 1 for texte in gesehen):
            return
        erwartet = len(self.quelle.spalten) + 1
        haeufig = max(TRENNER, key=lambda t: sum(z[0].count(t) for z in gesehen if z))
        if any(haeufig in z[0] for z in gesehen if z) and haeufig != self.quelle.datei.trennzeichen:
            raise self._fehler(
                f"1 Spalte gefunden, erwartet mindestens {erwartet}; die Datei trennt vermutlich mit "
                f"{TRENNER[haeufig]} statt {TRENNER.get(self.quelle.datei.trennzeichen, 'dem Zeichen im Profil')}.",
                self._ort(),
                f"Im Profil unter [datei] trennzeichen = {haeufig!r} eintragen oder die Datei neu ausgeben lassen.",
            )

    def _check_kopf(self, probe: list[list[str]]) -> None:
        """All columns the profile names are there, none twice; persons' data stop everything."""
        namen, quelle = self.kopf.namen, self.quelle
        self.befunde += check_spalten(namen, quelle, self._ort(self.kopf.zeile))
        self._check_geburtsdaten(probe)
        noetig = [quelle.raum.spalte, quelle.stichtag.spalte, *quelle.datei.ausser, *quelle.datei.nur]
        noetig += [s for s in quelle.spalten if not platzhalter_format(s)] + list(quelle.datei.fuellen)
        noetig += [quelle.zeilen.spalte] if quelle.zeilen else []
        noetig += [*quelle.lang.merkmal, quelle.lang.wert] if quelle.lang else []
        for name in filter(None, noetig):
            if name not in namen:
                self._fehlende_spalte(name, [n for n in namen if n not in noetig], probe)
            if namen.count(name) > 1:
                raise self._fehler(
                    f"Die Spalte »{name}« kommt {namen.count(name)}-mal vor.",
                    self._ort(self.kopf.zeile),
                    "Klären, welche gilt, und die andere entfernen lassen.",
                )
        entfallen = [s for s in self.profil.datei.darf_fehlen if self.profil.spalten[s] not in quelle.spalten.values()]
        if entfallen:
            liste = ", ".join(f"»{s}«" for s in entfallen)
            self.befunde.append(Befund("spalten", "hinweis", f"Nicht geliefert (laut Profil möglich): {liste}."))
        self._check_verbundener_kopf(set(noetig))

    def _fehlende_spalte(self, name: str, frei: list[str], probe: list[list[str]]) -> None:
        namen = self.kopf.namen
        if len(namen) == 1:
            self._check_trennzeichen([namen])
        self._check_daten_statt_kopf([namen, *probe])
        bau = self.blatt.bau
        versteckt = [spaltenbuchstabe(von) for von, _ in bau.spalten_versteckt] if bau else []
        rat = f'Ausgeblendete Spalten (ab {", ".join(versteckt)}) werden nur mit versteckte = "lesen" gelesen. '
        vorhanden = zeige(namen, ", ") if sieht_nach_daten_aus(namen) else ", ".join(namen)
        gesucht = " oder ".join(f"»{n}«" for n in moegliche_namen(name)[1 if ODER.search(name) else 0 :])
        raise self._fehler(
            f"Die Spalte {gesucht} fehlt in der Lieferung.",
            f"{self._ort(self.kopf.zeile)}, vorhanden: {vorhanden}",
            (rat if versteckt else self._gemeint(moegliche_namen(name)[-1], frei))
            + f"Die Überschrift im Profil {self.quelle.id}.toml anpassen oder die Spalte nachliefern lassen.",
        )

    def _check_geburtsdaten(self, probe: list[list[str]]) -> None:
        """Columns nobody declared, full of days spread over years, are taken for births, whatever they are called."""
        quelle, namen = self.quelle, self.kopf.namen
        bekannt = {quelle.stichtag.spalte, *quelle.datei.ausser, *quelle.datei.nur}
        weitere = () if quelle.datei.weitere == "*" else quelle.datei.weitere
        ohne = [nr for nr, name in enumerate(namen) if name in bekannt or passt_auf(name, weitere)]
        if spalten := datums_spalten(probe, ohne):
            titel = [namen[nr] if nr < len(namen) else f"Spalte {nr + 1}" for nr in spalten]
            genannt = zeige(titel, ", ") if sieht_nach_daten_aus(namen) else ", ".join(titel)
            ort = self._ort(self.kopf.zeile)
            raise datenschutz(quelle, f"{ort}, Spalten, die wie Geburtsdaten aussehen: {genannt}")

    def _check_verbundener_kopf(self, noetig: set[str]) -> None:
        """Merged cells of the head must lie within the declared head rows, and not hide where a value belongs."""
        kopf = self.kopf
        for oben, links, unten, rechts in self.blatt.bau.verbunden if self.blatt.bau else ():
            bereich = f"{spaltenbuchstabe(links)}{oben}:{spaltenbuchstabe(rechts)}{unten}"
            if kopf.erste <= oben <= kopf.zeile < unten:
                raise self._fehler(
                    f"Verbundene Zellen ({bereich}) reichen aus der Kopfzeile in die Daten.",
                    self._ort(kopf.zeile),
                    f"Hat die Tabelle einen Kopf aus mehreren Zeilen, im Profil unter [datei] "
                    f"kopf_zeilen = {unten - kopf.erste + 1} eintragen.",
                )
            namen = [n for n in kopf.namen[links : rechts + 1] if n in noetig]
            if oben <= kopf.zeile == unten and rechts > links and namen:
                raise self._fehler(
                    f"Die Überschrift »{namen[0]}« überspannt mehrere Spalten ({bereich}); "
                    "welche Zahlen gemeint sind, ist nicht eindeutig.",
                    self._ort(kopf.zeile),
                    "Hat die Tabelle darunter eine weitere Kopfzeile, im Profil unter [datei] "
                    f"kopf_zeilen = {kopf.zeile - kopf.erste + 2} eintragen; sonst die Verbindung aufheben lassen.",
                )

    def _verbindungen(self, erste: int) -> set[tuple[int, int]]:
        """Where merged cells begin, by row of the head and column: an empty one says nothing, not "as on the left"."""
        return {(oben - erste, links) for oben, links, *_ in (self.blatt.bau.verbunden if self.blatt.bau else ())}

    def _gemeint(self, name: str, namen: list[str]) -> str:
        nahe = naechster_name(name, namen)
        return f"Gemeint »{nahe}«? " if nahe else ""

    def _finde_stichtag(self) -> date | None:
        """Stichtag of the whole sheet, from the name of file or sheet, the title or the profile."""
        angabe = self.quelle.stichtag
        if angabe.spalte or self.quelle.stichtag_in_spalten:
            return None
        if angabe.fest:
            return angabe.fest
        orte = [(self.quelle.datei.muster, [self.datei]), (self.quelle.datei.blatt, [self.blatt.titel])]
        orte += [(f"*{angabe.titel}*", self.kopf.darueber)] if angabe.titel else []
        for muster, texte in orte:
            form = platzhalter_format(muster)
            for text in texte if form else ():
                if treffer := muster_regex(muster).fullmatch(text):
                    tag = self._versuche(lambda t=treffer, f=form: parse_stichtag(t["stichtag"], f), self._ort())
                    return (pd.Timestamp(tag) + pd.DateOffset(years=angabe.jahre)).date()
        raise self._fehler(
            "Der Stichtag ist nicht zu finden.",
            f"{self._ort()}, über der Tabelle steht: {' / '.join(self.kopf.darueber) or 'nichts'}",
            "Im Profil [stichtag] titel an die Überschrift der Datei anpassen.",
        )

    def _finde_wertspalten(self) -> list[tuple[str, str, date | None]]:
        """(header, target, Stichtag or None) of every value column; "Kinder | {stichtag:%Y}" finds one per year."""
        gefunden = []
        for angabe, ziel in self.quelle.spalten.items():
            form = platzhalter_format(angabe)
            if form is None:
                gefunden.append((angabe, ziel, None))
                continue
            muster = muster_regex(angabe)
            treffer = [t for name in self.kopf.namen if (t := muster.fullmatch(name))]
            if not treffer:
                raise self._fehler(
                    f"Keine Spalte der Form »{angabe}« gefunden.",
                    f"{self._ort(self.kopf.zeile)}, vorhanden: {', '.join(self.kopf.namen)}",
                    f"Die Überschrift im Profil {self.quelle.id}.toml unter [spalten] anpassen.",
                )
            self._check_unlesbare_tage(angabe)
            if len({t.string for t in treffer}) < len(treffer):
                doppelt = next(t.string for t in treffer if self.kopf.namen.count(t.string) > 1)
                raise self._fehler(
                    f"Die Spalte »{doppelt}« kommt {self.kopf.namen.count(doppelt)}-mal vor.",
                    self._ort(self.kopf.zeile),
                    "Klären, welche gilt, und die andere entfernen oder richtig überschreiben lassen.",
                )
            for t in treffer:
                tag = self._versuche(lambda t=t, f=form: parse_stichtag(t["stichtag"], f), self._ort(self.kopf.zeile))
                gefunden.append((t.string, ziel, tag))
        zusatz = self.quelle.blaetter.get(self.blatt.titel, "")
        return [(spalte, ziel + zusatz, tag) for spalte, ziel, tag in gefunden]

    def _check_unlesbare_tage(self, angabe: str) -> None:
        """A head that has a year where the others have their date is one of them, misspelt; it must not go missing."""
        ungefaehr = re.compile(r"(.*\d{4}.*)".join(map(re.escape, PLATZHALTER.split(angabe)[::2])), re.I)
        weitere = self.quelle.datei.weitere
        for name in (n for n in self.kopf.namen if ungefaehr.fullmatch(n)):
            gelesen = any(muster_regex(s).fullmatch(name) for s in self.quelle.spalten)
            if not (gelesen or weitere == "*" or passt_auf(name, weitere)):
                raise self._fehler(
                    f"In der Überschrift »{name}« ist der Stichtag nicht lesbar; erwartet ist die Form »{angabe}«.",
                    self._ort(self.kopf.zeile),
                    "Die Überschrift berichtigen lassen. Gehört die Spalte nicht dazu, sie im Profil unter [datei] "
                    "weitere nennen.",
                )

    def _merke_spalten(self) -> dict[str, int]:
        code = {}
        for nr, name in enumerate(self.kopf.namen):
            code[name] = len(self.spalten)
            self.spalten.append(f"{spaltenbuchstabe(nr)} ({name})" if self.blatt.excel else name)
        return code

    def _datenzeilen(self, zeilen: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
        """Rows of the table itself; ends at the declared end, an empty row or a note, and looks behind it."""
        namen, datei = self.kopf.namen, self.quelle.datei
        breite, ende = len(namen), datei.ende
        schluessel = namen.index(self.quelle.raum.spalte)
        filter_ = [namen.index(name) for name in (*datei.ausser, *datei.nur)]
        fuellen, oben = [namen.index(name) for name in datei.fuellen], {}
        verbunden = self._verbundene_zeilen()
        begonnen, zwischen = False, 0
        for nr, zeile in zeilen:
            if len(zeile) != breite:
                zeile = self._richte_breite(nr, zeile, breite, ende)
            if ende and zeile[0].startswith(ende):
                break
            if datei.luecken and [t for z in zeile if (t := saeubern(z))] in self.kopf.reihen:
                continue  # the head again, on the next printed page
            if fuellen and any(z.strip() for z in zeile):
                zeile = _gefuellt(zeile, fuellen, oben)
                if not any(z.strip() for i, z in enumerate(zeile) if i not in fuellen):
                    continue  # a heading: its text now stands for the rows below
            if datei.luecken and sum(bool(z.strip()) for z in zeile) <= 1:
                zwischen += any(zeile)
                continue
            if not any(zeile[1:]):
                leer = not any(z.strip() for z in zeile)
                if leer and not begonnen:
                    continue
                if leer or (ende is None and not self._ist_raum(zeile[schluessel])):
                    break
            begonnen = True
            if nr in verbunden:
                raise self._verbunden(verbunden[nr])
            for spalte in filter_:
                if zeile[spalte] == OHNE_ERGEBNIS:
                    self._versuche(lambda: parse_zahl(OHNE_ERGEBNIS, self.format), self._ort(nr, namen[spalte]))
            yield nr, zeile
        else:
            self._zaehle("Zeile(n) mit Zwischentexten wurden nicht gelesen", zwischen)
            return
        self._zaehle("Zeile(n) mit Zwischentexten wurden nicht gelesen", zwischen)
        self._check_dahinter(chain([(nr, zeile)], zeilen), schluessel)

    def _verbundene_zeilen(self) -> dict[int, tuple[int, int, int, int]]:
        """Rows of the table that merged cells touch in a column that is read and not declared as filled."""
        bau, fuellen = self.blatt.bau, set(self.quelle.datei.fuellen)
        gelesen = {self.kopf.namen.index(name) for name in self._gebraucht() - fuellen} if bau else set()
        treffer = {}
        for bereich in bau.verbunden if bau else ():
            oben, links, unten, rechts = bereich
            if oben > self.kopf.daten_ab and unten - oben < 10_000 and gelesen & set(range(links, rechts + 1)):
                treffer |= dict.fromkeys(range(oben, unten + 1), bereich)
        return treffer

    def _verbunden(self, bereich: tuple[int, int, int, int]) -> LieferungError:
        oben, links, unten, rechts = bereich
        name = self.kopf.namen[links] if links < len(self.kopf.namen) else ""
        return self._fehler(
            "Zellen innerhalb der Tabelle sind verbunden; für welche Zeile oder Spalte der Wert gilt, ist unklar.",
            f"{self._ort()}, Zellen {spaltenbuchstabe(links)}{oben}:{spaltenbuchstabe(rechts)}{unten} (»{name}«)",
            f'Gilt der Text für alle Zeilen, im Profil unter [datei] fuellen = ["{name}"] eintragen; sonst die '
            "Verbindung in Excel aufheben lassen.",
        )

    def _ist_raum(self, text: str) -> bool:
        try:
            return self.raeume.kennt(text)
        except Zahlenfehler:
            return True

    def _nennt_raum(self, text: str) -> bool:
        try:
            return self.raeume.finde(text)[0] >= 0
        except Zahlenfehler:
            return False

    def _richte_breite(self, nr: int, zeile: list[str], breite: int, ende: str | None) -> list[str]:
        gefuellt = len(zeile)
        while gefuellt and not zeile[gefuellt - 1].strip():
            gefuellt -= 1
        # A key alone is a heading where keys stand once for several rows; anywhere else its numbers are missing.
        ueberschrift = self.blatt.excel or self.quelle.datei.fuellen
        abgeschnitten = gefuellt == 1 and not ueberschrift and self._nennt_raum(zeile[0])
        if (gefuellt <= 1 and not abgeschnitten) or (ende and zeile[0].startswith(ende)):
            return (zeile[:1] or [""]) + [""] * (breite - 1)
        if self.blatt.excel or gefuellt <= breite <= len(zeile):
            return zeile[:gefuellt][:breite] + [""] * (breite - gefuellt)
        raise self._fehler(
            f"Die Zeile hat {len(zeile)} Spalten, die Kopfzeile {breite}.",
            f"{self._ort(nr)}: {zeige(zeile, self.quelle.datei.trennzeichen)}",
            "Ist die Datei hier abgeschnitten, sie neu anfordern."
            if abgeschnitten
            else "Steht in der Zeile das Trennzeichen mitten in einem Text oder einer Zahl? Dann gehört der Text in "
            'Anführungszeichen. Ist es eine Fußnote? Dann im Profil unter [datei] ende = "…" eintragen.',
        )

    def _check_dahinter(self, zeilen: Iterator[tuple[int, list[str]]], schluessel: int) -> None:
        """A table must not go on behind its end; notes are counted."""
        notizen = 0
        for nr, zeile in zeilen:
            notizen += any(z.strip() for z in zeile)
            if len(zeile) > schluessel and any(z.strip() for z in zeile[1:]) and self._gehoert_dazu(zeile, schluessel):
                raise self._fehler(
                    "Hinter dem Ende der Tabelle (Leerzeile, Fußnote) stehen noch Daten.",
                    f"{self._ort(nr)}: {zeige(zeile, self.quelle.datei.trennzeichen)}",
                    "Leerzeilen und Zwischentexte innerhalb der Tabelle entfernen lassen, oder im Profil unter [datei] "
                    "luecken = true eintragen.",
                )
        self._zaehle("Zeile(n) unter der Tabelle (Fußnoten) wurden nicht gelesen", notizen)

    def _gehoert_dazu(self, zeile: list[str], schluessel: int) -> bool:
        """A row with a known key, or with anything like a key where unknown keys are refused."""
        text = zeile[schluessel].strip()
        if not text:
            return False
        fremd = text.isdecimal() and len(text) >= 4 and self.quelle.raum.andere == "ablehnen"
        return self._ist_raum(text) or (fremd and len(zeile) >= len(self.kopf.namen))

    # ------------------------------------------------------------ a chunk of rows

    def _stuecke(self, zeilen: Iterator[tuple[int, list[str]]]) -> Iterator[Stueck]:
        gebraucht = self._gebraucht()
        if not self.schlicht:
            yield from stuecke_aus_zeilen(self._datenzeilen(zeilen), self.kopf.namen, gebraucht)
            return
        datei = self.quelle.datei
        vor_den_daten = self.kopf.zeile + datei.einheiten_zeilen
        yield from stuecke_aus_datei(
            self.pfad, self.inhalt.zeichensatz, datei.trennzeichen, self.kopf.namen, vor_den_daten, gebraucht
        )

    def _read_stueck(self, stueck: Stueck) -> None:
        stueck = self._filtere(stueck)
        raum = self._raum_codes(stueck)
        drin = raum != AUSSEN
        if not drin.all():
            self._zaehle("Zeile(n) außerhalb des Gebiets wurden ausgelassen", int((~drin).sum()))
            stueck, raum = stueck[drin], raum[drin]
        je_zeile = None if self.quelle.stichtag_in_spalten else self._stichtage(stueck)
        for merkmal, spalte, tag in self._merkmal_spalten(stueck):
            stichtag = np.full(len(raum), np.datetime64(tag, "s")) if je_zeile is None else je_zeile
            auswahl = (merkmal >= 0) & self._gab_es(raum, stichtag)
            if auswahl.all():
                zellen, zeile, teil = stueck.spalten[spalte], stueck.nummern, (raum, stichtag, merkmal)
            else:
                zellen, zeile = stueck.spalten[spalte][auswahl], stueck.nummern[auswahl]
                teil = (raum[auswahl], stichtag[auswahl], merkmal[auswahl])
            wert, status = self._zahlen(zellen, zeile, spalte)
            self._lege_ab(*teil, wert, status, zeile, self.spalten_code[spalte])

    def _gab_es(self, raum: np.ndarray, stichtag: np.ndarray) -> np.ndarray:
        """Rows whose Raum exists at their Stichtag; others stop unless they are left out by declaration."""
        gueltig = self.raeume.gueltig(raum, stichtag)
        if gueltig.all() or self.quelle.raum.andere == "auslassen":
            return gueltig
        tag = pd.Timestamp(stichtag[~gueltig][0])
        fehlend = np.unique(raum[~gueltig & (stichtag == tag.to_datetime64())])
        raise self._fehler(
            f"Am {tag:%d.%m.%Y} (Gebietsstand {find_gebietsstand(self.gebiet, self.quelle, tag.date()).id}) gab es "
            "diese Räume nicht.",
            f"{self._ort()}: {', '.join(self.raeume.namen[code] for code in fehlend[:8])}",
            self.raeume.rat_zum_stand(fehlend),
        )

    def _gebraucht(self) -> set[str]:
        quelle = self.quelle
        namen = {
            quelle.raum.spalte,
            *quelle.datei.ausser,
            *quelle.datei.nur,
            *(name for name, _, _ in self.wertspalten),
        }
        namen |= {quelle.stichtag.spalte} if quelle.stichtag.spalte else set()
        namen |= {quelle.zeilen.spalte} if quelle.zeilen else set()
        return namen | ({*quelle.lang.merkmal, quelle.lang.wert} if quelle.lang else set())

    def _filtere(self, stueck: Stueck) -> Stueck:
        """Without the rows left out by declaration (`ausser`, `nur`); counted."""
        behalten = np.ones(len(stueck.nummern), dtype=bool)
        for angabe, soll in ((self.quelle.datei.ausser, False), (self.quelle.datei.nur, True)):
            for spalte, werte in angabe.items():
                behalten &= stueck.spalten[spalte].je_text(lambda t, w=werte: saeubern(t) in w, bool) == soll
        if behalten.all():
            return stueck
        self._zaehle("Zeile(n) wurden laut Profil (ausser, nur) ausgelassen", int((~behalten).sum()))
        return stueck[behalten]

    def _raum_codes(self, stueck: Stueck) -> np.ndarray:
        spalte = stueck.spalten[self.quelle.raum.spalte]
        if self.schlicht and not all(text.strip() for text in spalte.texte):
            raise Ungewoehnlich  # an empty row ends a table; a row without key may be a total
        zeilen = stueck.nummern[spalte.erste()]
        je_text = np.empty(len(spalte.texte), dtype=np.int32)
        unbekannt = []
        for nr, text in enumerate(spalte.texte):
            if text not in self.bekannte_raeume:
                stelle = f"{self._ort(int(zeilen[nr]))}, Spalte »{self.quelle.raum.spalte}«"
                self.bekannte_raeume[text] = self._versuche(lambda t=text: self.raeume.finde(t), stelle)
            je_text[nr], hinweis = self.bekannte_raeume[text]
            if hinweis:
                anzahl = int((spalte.codes == nr).sum())
                self._zaehle("Raumschlüssel wurde(n) ergänzt (führende Null, Kommazahl)", anzahl)
            if je_text[nr] == UNBEKANNT:
                unbekannt.append((int(zeilen[nr]), saeubern(text)))
        if unbekannt:
            raise self._unbekannte(unbekannt)
        return je_text[spalte.codes]

    def _unbekannte(self, unbekannt: list[tuple[int, str]]) -> LieferungError:
        eins = len(unbekannt) == 1
        liste = ", ".join(f"»{text}« (Zeile {nr})" for nr, text in unbekannt[:8])
        mehr = f" und {len(unbekannt) - 8} weitere" if len(unbekannt) > 8 else ""
        return self._fehler(
            "Ein Raumschlüssel ist unbekannt." if eins else f"{len(unbekannt)} Raumschlüssel sind unbekannt.",
            f"{self._ort()}: {liste}{mehr}",
            self.raeume.rat(unbekannt[0][1]),
        )

    def _stichtage(self, stueck: Stueck) -> np.ndarray:
        name = self.quelle.stichtag.spalte
        if name is None:
            return np.full(len(stueck.nummern), np.datetime64(self.fester_stichtag, "s"))
        spalte = stueck.spalten[name]
        zeilen = stueck.nummern[spalte.erste()]
        tage = np.empty(len(spalte.texte), dtype="datetime64[s]")
        for nr, text in enumerate(spalte.texte):
            ort = f"{self._ort(int(zeilen[nr]))}, Spalte »{name}«"
            tage[nr] = np.datetime64(self._versuche(lambda t=text: self._stichtag(t), ort), "s")
        return tage[spalte.codes]

    def _stichtag(self, text: str) -> date:
        if self.blatt.excel and len(text) == 10 and text[4:5] == "-":  # a true date cell
            return parse_stichtag(text, "%Y-%m-%d")
        return parse_stichtag(text, self.quelle.stichtag.format)

    def _merkmal_spalten(self, stueck: Stueck) -> Iterator[tuple[np.ndarray, str, date | None]]:
        """Per value column the Merkmal code of every row (−1: not loaded), its header, its Stichtag if any."""
        quelle = self.quelle
        if lang := quelle.lang:
            namen = verbinde([stueck.spalten[s] for s in lang.merkmal])
            yield self._codes(namen, lang.werte, stueck.nummern, lang.auslassen, lang.merkmal), lang.wert, None
        for spalte, ziel, tag in self.wertspalten:
            if quelle.zeilen is None:
                codes = np.full(len(stueck.nummern), self.merkmal_code[ziel], dtype=np.int16)
            else:
                werte = {text: ziel + zusatz for text, zusatz in quelle.zeilen.zusatz.items()}
                name = quelle.zeilen.spalte
                codes = self._codes(stueck.spalten[name], werte, stueck.nummern, (), (name,))
            yield codes, spalte, tag

    def _codes(
        self, spalte: Spalte, werte: dict[str, str], nummern: np.ndarray, auslassen: tuple[str, ...], namen: tuple
    ) -> np.ndarray:
        je_text = np.full(len(spalte.texte), -1, dtype=np.int16)
        for nr, text in enumerate(spalte.texte):
            name = " | ".join(saeubern(t) for t in text.split(" | "))
            if name in werte:
                je_text[nr] = self.merkmal_code[werte[name]]
            elif name in auslassen:
                self._zaehle("Zeile(n) wurden laut Profil (auslassen) ausgelassen", int((spalte.codes == nr).sum()))
            else:
                raise self._fehler(
                    f"»{name}« ist im Profil nicht beschrieben.",
                    f"{self._ort(int(nummern[np.argmax(spalte.codes == nr)]))}, Spalte »{' | '.join(namen)}«",
                    self._gemeint(name, list(werte)) + f"Im Profil {self.quelle.id}.toml aufnehmen.",
                )
        return je_text[spalte.codes]

    def _zahlen(self, zellen: Spalte, nummern: np.ndarray, spalte: str) -> tuple[np.ndarray, np.ndarray]:
        wert, status, offen = self._einfache_zahlen(zellen.texte)
        fehler = []
        for nr in offen:
            zahl = self._parse(zellen.texte[nr])
            if isinstance(zahl, Zahlenfehler):
                fehler.append((int(nummern[np.argmax(zellen.codes == nr)]), zahl))
                continue
            wert[nr] = np.nan if zahl.wert is None else zahl.wert
            status[nr] = STATUS.index(zahl.status)
            if zahl.hinweis:
                was = {"leerzeichen": "Leerzeichen als Tausenderzeichen", "fussnote": "Fußnotenzeichen"}[zahl.hinweis]
                self._zaehle(f"Zahl(en) von {was} befreit", int((zellen.codes == nr).sum()))
        if fehler:
            raise self._zahlenfehler(fehler, spalte)
        return wert[zellen.codes], status[zellen.codes]

    def _einfache_zahlen(self, texte: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Values and states of the texts that are plain numbers, and the positions of all others."""
        wert, status = np.empty(len(texte)), np.zeros(len(texte), dtype=np.int8)
        besondere = (*self.format.zeichen, *self.format.fussnoten)
        if len(texte) < VIELE_TEXTE or any(zeichen.isdecimal() for zeichen in besondere):
            return wert, status, np.arange(len(texte))
        alle = pa.array(texte, pa.string())
        muster = rf"^[0-9]{{1,15}}({re.escape(self.format.dezimal)}[0-9]{{1,15}})?$"
        einfach = pc.match_substring_regex(alle, muster)
        zahlen = pc.replace_substring(alle.filter(einfach), self.format.dezimal, ".").cast(pa.float64())
        ja = einfach.to_numpy(zero_copy_only=False)
        wert[ja] = zahlen.to_numpy()
        return wert, status, np.flatnonzero(~ja)

    def _parse(self, text: str) -> Zahl | Zahlenfehler:
        if text not in self.zahlen:
            if len(self.zahlen) > 1_000_000:
                self.zahlen.clear()
            try:
                self.zahlen[text] = parse_zahl(text, self.format)
            except Zahlenfehler as fehler:
                self.zahlen[text] = fehler
        return self.zahlen[text]

    def _zahlenfehler(self, fehler: list[tuple[int, Zahlenfehler]], spalte: str) -> LieferungError:
        nr, erster = fehler[0]
        ort = self._ort(nr, spalte)
        if len(fehler) > 1:
            ort += f"; ebenso Zeile {', '.join(str(n) for n, _ in fehler[1:6])}" + (" …" if len(fehler) > 6 else "")
        return self._fehler(_satz(erster), ort, erster.tun)

    def _lege_ab(self, raum, stichtag, merkmal, wert, status, zeile, spalte: int) -> None:
        blatt = np.full(len(raum), self.blatt_code, dtype=np.int16)
        teil = (raum, stichtag, merkmal, wert, status, blatt, zeile, np.full(len(raum), spalte, dtype=np.int16))
        oben = (raum == SUMME) | self.raeume.oberhalb(raum)
        if oben.any():
            self.summen.append(tuple(feld[oben] for feld in teil))
            teil = tuple(feld[~oben] for feld in teil)
        self.teile.append(teil)

    # ------------------------------------------------------------ results and messages

    @property
    def anzahl(self) -> int:
        """Values held at the moment, totals included."""
        return sum(len(teil[0]) for teil in (*self.teile, *self.summen))

    def vergiss(self) -> None:
        """Somebody has taken the values away; places and findings stay."""
        self.teile, self.summen = [], []

    def lieferung(self) -> Lieferung:
        return self.baue_lieferung(verbinde_teile(self.teile), verbinde_teile(self.summen), self.befunde_des_lesens())

    def befunde_des_lesens(self) -> list[Befund]:
        gezaehlt = [Befund("lesen", "hinweis", f"{anzahl} {was}.") for was, anzahl in self.gezaehlt.items()]
        return [*self.inhalt.befunde, *self.befunde, *gezaehlt]

    def baue_lieferung(self, teile: tuple, summen: tuple, befunde: list[Befund]) -> Lieferung:
        """Code arrays → the named values of a file, or of some of its Stichtage."""
        if not len(teile[0]):
            raise self._fehler(
                "Keine Zeile gehört zum Gebiet.", self.datei, "Prüfen, ob die Datei das richtige Gebiet enthält."
            )
        frames = (self._frame(teile), self._frame(summen))
        return Lieferung(self.profil.id, self.datei, self.inhalt.sha256, *frames, befunde)

    def _frame(self, teile: tuple[np.ndarray, ...]) -> pd.DataFrame:
        raum, stichtag, merkmal, wert, status, blatt, zeile, spalte = teile
        raum = np.where(raum == SUMME, self.raeume.oberster, raum)
        return pd.DataFrame(
            {
                "raum_id": pd.Categorical.from_codes(raum, self.raeume.namen),
                "stichtag": stichtag,
                "merkmal": pd.Categorical.from_codes(merkmal, self.merkmale),
                "wert": wert.astype(float),
                "status": pd.Categorical.from_codes(status, list(STATUS)),
                "blatt": pd.Categorical.from_codes(blatt, self.blaetter),
                "zeile": zeile,
                "spalte": _kategorie(spalte, self.spalten),
            }
        )

    def _zaehle(self, was: str, anzahl: int) -> None:
        if anzahl:
            self.gezaehlt[was] = self.gezaehlt.get(was, 0) + anzahl

    def _versuche(self, lies: Callable, ort: str):
        try:
            return lies()
        except Zahlenfehler as fehler:
            raise self._fehler(_satz(fehler), ort, fehler.tun) from None

    def _fehler(self, was: str, wo: str, tun: str) -> LieferungError:
        return LieferungError(f"Quelle »{self.quelle.id}«: {was}", wo=wo, tun=tun)

    def _ort(self, zeile: int | None = None, spalte: str | None = None) -> str:
        ort = self.datei + (f", Blatt »{self.blatt.name}«" if self.blatt.excel else "")
        if zeile and spalte and self.blatt.excel:
            return f"{ort}, Zelle {spaltenbuchstabe(self.kopf.namen.index(spalte))}{zeile} (»{spalte}«)"
        return ort + (f", Zeile {zeile}" if zeile else "") + (f", Spalte »{spalte}«" if spalte else "")


def flache_namen(reihen: list[list[str]], anfaenge: Collection[tuple[int, int]] = ()) -> list[str]:
    """Header rows → one name per column: "oben | unten"; empty upper cells are filled from the left.

    `anfaenge`: (row, column) of cells that are never filled.

    Columns without any text are called "Spalte 1", "Spalte 2", … by their position.
    """
    breite = max(map(len, reihen))
    gefuellt = []
    for nr, reihe in enumerate(reihen):
        reihe = reihe + [""] * (breite - len(reihe))
        if nr < len(reihen) - 1:
            for i in range(1, breite):
                gleiche_gruppe = all(darueber[i] == darueber[i - 1] for darueber in gefuellt)
                reihe[i] = reihe[i] or (reihe[i - 1] if gleiche_gruppe and (nr, i) not in anfaenge else "")
        gefuellt.append(reihe)
    namen = [" | ".join(dict.fromkeys(t for t in spalte if t)) for spalte in zip(*gefuellt, strict=True)]
    while namen and not namen[-1]:
        namen.pop()
    return [name or f"Spalte {nr}" for nr, name in enumerate(namen, 1)]


def _gefuellt(zeile: list[str], spalten: list[int], oben: dict[int, str]) -> list[str]:
    """The row with the last text of each of `spalten` where its own cell is empty; `oben` remembers."""
    zeile = list(zeile)
    for spalte in spalten:
        oben[spalte] = zeile[spalte] = zeile[spalte] if zeile[spalte].strip() else oben.get(spalte, "")
    return zeile


def _anfang(zeile: list[str]) -> str:
    return zeige(zeile[:1]) if sieht_nach_daten_aus(zeile) else zeile[0]


def _satz(fehler: Zahlenfehler) -> str:
    return f"{str(fehler)[0].upper()}{str(fehler)[1:]}."


def verbinde_teile(teile: list[tuple[np.ndarray, ...]]) -> tuple[np.ndarray, ...]:
    leer = (np.empty(0, np.int32), np.empty(0, "datetime64[s]"), *(np.empty(0, np.int16),) * 6)
    return tuple(np.concatenate(feld) for feld in zip(*(teile or [leer]), strict=True))


def _kategorie(codes: np.ndarray, namen: list[str]) -> pd.Categorical:
    """Categorical from codes whose names may repeat (the same header on several sheets)."""
    eindeutig = list(dict.fromkeys(namen))
    ziel = np.array([eindeutig.index(n) for n in namen] or [0], dtype=np.int32)
    return pd.Categorical.from_codes(ziel[codes] if len(codes) else codes, eindeutig)
