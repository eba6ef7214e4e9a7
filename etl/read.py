"""Delivered file → long table, one row per value, every value with file, sheet, line and column.

Text first: no reader may guess a number. Each distinct text of a column is parsed once, the rest is array work.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import chain, islice
from pathlib import Path

import numpy as np
import pandas as pd

from etl.checks import Befund, check_spalten
from etl.dateien import TRENNER, Blatt, pruefe_datei, read_blaetter, spaltenbuchstabe
from etl.quelle import Datei, Quelle, muster_regex, naechster_name, platzhalter_format
from etl.raeume import AUSSEN, SUMME, UNBEKANNT, Raumbuch, Raumkenner
from etl.zahlen import Zahl, Zahlenfehler, Zahlenformat, parse_stichtag, parse_zahl, saeubern
from geodata.fehler import LieferungError
from geodata.gebiet import Gebiet

STATUS = ("offen", "unsicher", "gesperrt_quelle", "nicht_geliefert", "nicht_sinnvoll")
STUECK = 100_000  # rows handled at once: bounds the memory of text
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

    @property
    def stichtage(self) -> list[date]:
        return sorted(pd.Timestamp(t).date() for t in self.frame["stichtag"].unique())


@dataclass(frozen=True)
class Kopf:
    namen: list[str]
    zeile: int
    darueber: list[str]


def zahlenformat(datei: Datei) -> Zahlenformat:
    zeichen = dict.fromkeys(datei.nicht_geliefert, "nicht_geliefert") | dict.fromkeys(datei.gesperrt, "gesperrt_quelle")
    zeichen |= dict.fromkeys(datei.nicht_sinnvoll, "nicht_sinnvoll") | dict.fromkeys(datei.null, "offen")
    return Zahlenformat(datei.dezimal, datei.tausender, zeichen, datei.fussnoten, datei.unsicher_klammern)


def read_lieferung(pfad: Path, quelle: Quelle, gebiet: Gebiet, *, buch: Raumbuch | None = None) -> Lieferung:
    """Read one delivered file as its profile says; `buch` saves reading the Räume again for every file.

    Raises:
        LieferungError: the file does not say what the profile promises; nothing is guessed.
    """
    inhalt = pruefe_datei(pfad, quelle)
    leser = _Leser(pfad.name, quelle, buch or Raumbuch(gebiet), inhalt.befunde)
    for blatt in read_blaetter(pfad, quelle, inhalt):
        leser.read_blatt(blatt)
    return leser.lieferung(inhalt.sha256)


class _Leser:
    """Collects the values of one file as code arrays, chunk by chunk."""

    def __init__(self, datei: str, quelle: Quelle, buch: Raumbuch, befunde: list[Befund]) -> None:
        self.datei, self.quelle, self.gebiet, self.befunde = datei, quelle, buch.gebiet, befunde
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

    # ------------------------------------------------------------ one sheet

    def read_blatt(self, blatt: Blatt) -> None:
        self.blatt = blatt
        self.blatt_code = len(self.blaetter)
        self.blaetter.append(blatt.name)
        zeilen = iter(blatt.zeilen)
        self.kopf = self._finde_kopf(zeilen)
        self._check_kopf()
        self.fester_stichtag = self._finde_stichtag()
        self.wertspalten = self._finde_wertspalten()
        self.spalten_code = self._merke_spalten()
        daten = self._datenzeilen(zeilen)
        anzahl = 0
        while stueck := list(islice(daten, STUECK)):
            anzahl += len(stueck)
            self._read_stueck(stueck)
        if not anzahl:
            raise self._fehler(
                "Unter der Kopfzeile stehen keine Daten.",
                self._ort(self.kopf.zeile),
                "Prüfen, ob die Datei vollständig ist, und neu anfordern.",
            )

    def _finde_kopf(self, zeilen: Iterator[tuple[int, list[str]]]) -> Kopf:
        angaben, anker, darueber, gesehen = self.quelle.datei, self.quelle.datei.kopf, [], []
        for nr, zeile in islice(zeilen, KOPF_SUCHE):
            texte = [saeubern(z) for z in zeile]
            gesehen.append(texte)
            if (anker in texte) if anker else any(texte):
                reihen = [texte] + [[saeubern(z) for z in w] for _, w in islice(zeilen, angaben.kopf_zeilen - 1)]
                list(islice(zeilen, angaben.einheiten_zeilen))
                return Kopf(flache_namen(reihen), nr + len(reihen) - 1, darueber)
            darueber += [t for t in texte if t]
        self._check_trennzeichen(gesehen)
        raise self._fehler(
            f"Die Kopfzeile mit »{anker}« fehlt.",
            f"{self._ort()}; die ersten Zeilen beginnen mit: {', '.join(f'»{t[0]}«' for t in gesehen[:4] if t)}",
            self._gemeint(anker or "", [t for texte in gesehen for t in texte])
            + "Die Überschrift im Profil unter [datei] kopf eintragen.",
        )

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

    def _check_kopf(self) -> None:
        """All columns the profile names are there, none twice; persons' data stop everything."""
        namen, quelle = self.kopf.namen, self.quelle
        self.befunde += check_spalten(namen, quelle, self._ort(self.kopf.zeile))
        noetig = [quelle.raum.spalte, quelle.stichtag.spalte, *quelle.datei.ausser, *quelle.datei.nur]
        noetig += [s for s in quelle.spalten if not platzhalter_format(s)]
        noetig += [quelle.zeilen.spalte] if quelle.zeilen else []
        noetig += [*quelle.lang.merkmal, quelle.lang.wert] if quelle.lang else []
        for name in filter(None, noetig):
            if name not in namen:
                if len(namen) == 1:
                    self._check_trennzeichen([namen])
                frei = [n for n in namen if n not in noetig]
                raise self._fehler(
                    f"Die Spalte »{name}« fehlt in der Lieferung.",
                    f"{self._ort(self.kopf.zeile)}, vorhanden: {', '.join(namen)}",
                    self._gemeint(name, frei) + f"Die Überschrift im Profil {quelle.id}.toml anpassen "
                    "oder die Spalte nachliefern lassen.",
                )
            if namen.count(name) > 1:
                raise self._fehler(
                    f"Die Spalte »{name}« kommt {namen.count(name)}-mal vor.",
                    self._ort(self.kopf.zeile),
                    "Klären, welche gilt, und die andere entfernen lassen.",
                )

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
                    return self._versuche(lambda t=treffer, f=form: parse_stichtag(t["stichtag"], f), self._ort())
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
            gefunden += [(t.string, ziel, parse_stichtag(t["stichtag"], form)) for t in treffer]
        return gefunden

    def _merke_spalten(self) -> dict[str, int]:
        code = {}
        for nr, name in enumerate(self.kopf.namen):
            code[name] = len(self.spalten)
            self.spalten.append(f"{spaltenbuchstabe(nr)} ({name})" if self.blatt.excel else name)
        return code

    def _datenzeilen(self, zeilen: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
        """Rows of the table itself; ends at the declared end, an empty row or a note, and looks behind it."""
        breite, ende = len(self.kopf.namen), self.quelle.datei.ende
        schluessel = self.kopf.namen.index(self.quelle.raum.spalte)
        begonnen = False
        for nr, zeile in zeilen:
            if len(zeile) != breite:
                zeile = self._richte_breite(nr, zeile, breite, ende)
            if ende and zeile[0].startswith(ende):
                break
            if not any(zeile[1:]):
                leer = not any(z.strip() for z in zeile)
                if leer and not begonnen:
                    continue
                if leer or (ende is None and not self._ist_raum(zeile[schluessel])):
                    break
            begonnen = True
            yield nr, zeile
        else:
            return
        self._check_dahinter(chain([(nr, zeile)], zeilen), schluessel)

    def _ist_raum(self, text: str) -> bool:
        try:
            return self.raeume.kennt(text)
        except Zahlenfehler:
            return True

    def _richte_breite(self, nr: int, zeile: list[str], breite: int, ende: str | None) -> list[str]:
        gefuellt = len(zeile)
        while gefuellt and not zeile[gefuellt - 1].strip():
            gefuellt -= 1
        if gefuellt <= 1 or (ende and zeile[0].startswith(ende)):
            return (zeile[:1] or [""]) + [""] * (breite - 1)
        if self.blatt.excel or gefuellt <= breite <= len(zeile):
            return zeile[:gefuellt][:breite] + [""] * (breite - gefuellt)
        raise self._fehler(
            f"Die Zeile hat {len(zeile)} Spalten, die Kopfzeile {breite}.",
            f"{self._ort(nr)}: {self.quelle.datei.trennzeichen.join(zeile)[:120]}",
            "Steht in der Zeile das Trennzeichen mitten in einem Text oder einer Zahl? Dann gehört der Text in "
            'Anführungszeichen. Ist es eine Fußnote? Dann im Profil unter [datei] ende = "…" eintragen.',
        )

    def _check_dahinter(self, zeilen: Iterator[tuple[int, list[str]]], schluessel: int) -> None:
        """A table must not go on behind its end; notes are counted."""
        notizen = 0
        for nr, zeile in zeilen:
            notizen += any(z.strip() for z in zeile)
            if len(zeile) == len(self.kopf.namen) and any(zeile[1:]) and self._ist_raum(zeile[schluessel]):
                raise self._fehler(
                    "Hinter dem Ende der Tabelle (Leerzeile, Fußnote) stehen noch Daten.",
                    f"{self._ort(nr)}: {self.quelle.datei.trennzeichen.join(zeile)[:80]}",
                    "Leerzeilen und Zwischentexte innerhalb der Tabelle entfernen lassen.",
                )
        self._zaehle("Zeile(n) unter der Tabelle (Fußnoten) wurden nicht gelesen", notizen)

    # ------------------------------------------------------------ a chunk of rows

    def _read_stueck(self, stueck: list[tuple[int, list[str]]]) -> None:
        nummern = np.fromiter((nr for nr, _ in stueck), dtype=np.int32, count=len(stueck))
        spalten = dict(zip(self.kopf.namen, zip(*(zeile for _, zeile in stueck), strict=True), strict=True))
        tabelle = {name: np.array(werte, dtype=object) for name, werte in spalten.items() if name in self._gebraucht()}
        nummern, tabelle = self._filtere(nummern, tabelle)
        raum = self._raum_codes(tabelle[self.quelle.raum.spalte], nummern)
        drin = raum != AUSSEN
        if not drin.all():
            self._zaehle("Zeile(n) außerhalb des Gebiets wurden ausgelassen", int((~drin).sum()))
            nummern, raum = nummern[drin], raum[drin]
            tabelle = {name: werte[drin] for name, werte in tabelle.items()}
        je_zeile = None if self.quelle.stichtag_in_spalten else self._stichtage(tabelle, nummern)
        for merkmal, spalte, tag in self._merkmal_spalten(tabelle, nummern):
            stichtag = np.full(len(raum), np.datetime64(tag, "s")) if je_zeile is None else je_zeile
            auswahl = (merkmal >= 0) & self._gab_es(raum, stichtag)
            voll = bool(auswahl.all())
            werte = tabelle[spalte] if voll else tabelle[spalte][auswahl]
            zeile = nummern if voll else nummern[auswahl]
            wert, status = self._zahlen(werte, zeile, spalte)
            teil = (raum, stichtag, merkmal) if voll else (raum[auswahl], stichtag[auswahl], merkmal[auswahl])
            self._lege_ab(*teil, wert, status, zeile, self.spalten_code[spalte])

    def _gab_es(self, raum: np.ndarray, stichtag: np.ndarray) -> np.ndarray:
        """Rows whose Raum exists at their Stichtag; others stop unless they are left out by declaration."""
        gueltig = self.raeume.gueltig(raum, stichtag)
        if gueltig.all() or self.quelle.raum.andere == "auslassen":
            return gueltig
        tag = pd.Timestamp(stichtag[~gueltig][0])
        fehlend = np.unique(raum[~gueltig & (stichtag == tag.to_datetime64())])
        raise self._fehler(
            f"Am {tag:%d.%m.%Y} (Gebietsstand {self.gebiet.gebietsstand_am(tag.date()).id}) gab es diese Räume nicht.",
            f"{self._ort()}: {', '.join(self.raeume.namen[code] for code in fehlend[:8])}",
            "Schlüssel und Stichtag prüfen; bei neuem Zuschnitt in gebiet.toml einen Gebietsstand anlegen.",
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

    def _filtere(self, nummern: np.ndarray, tabelle: dict[str, np.ndarray]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Rows left out by declaration (`ausser`, `nur`); counted."""
        behalten = np.ones(len(nummern), dtype=bool)
        for angabe, soll in ((self.quelle.datei.ausser, False), (self.quelle.datei.nur, True)):
            for spalte, werte in angabe.items():
                behalten &= _je_text(tabelle[spalte], lambda t, w=werte: saeubern(t) in w, bool) == soll
        if behalten.all():
            return nummern, tabelle
        self._zaehle("Zeile(n) wurden laut Profil (ausser, nur) ausgelassen", int((~behalten).sum()))
        return nummern[behalten], {name: werte[behalten] for name, werte in tabelle.items()}

    def _raum_codes(self, texte: np.ndarray, nummern: np.ndarray) -> np.ndarray:
        codes, verschieden = pd.factorize(texte)
        zeilen = nummern[_erste(codes, len(verschieden))]
        je_text = np.empty(len(verschieden), dtype=np.int32)
        unbekannt = []
        for nr, text in enumerate(verschieden):
            stelle = f"{self._ort(int(zeilen[nr]))}, Spalte »{self.quelle.raum.spalte}«"
            je_text[nr], hinweis = self._versuche(lambda t=text: self.raeume.finde(t), stelle)
            if hinweis:
                self._zaehle("Raumschlüssel wurde(n) ergänzt (führende Null, Kommazahl)", int((codes == nr).sum()))
            if je_text[nr] == UNBEKANNT:
                unbekannt.append((int(zeilen[nr]), saeubern(text)))
        if unbekannt:
            raise self._unbekannte(unbekannt)
        return je_text[codes]

    def _unbekannte(self, unbekannt: list[tuple[int, str]]) -> LieferungError:
        eins = len(unbekannt) == 1
        liste = ", ".join(f"»{text}« (Zeile {nr})" for nr, text in unbekannt[:8])
        mehr = f" und {len(unbekannt) - 8} weitere" if len(unbekannt) > 8 else ""
        return self._fehler(
            "Ein Raumschlüssel ist unbekannt." if eins else f"{len(unbekannt)} Raumschlüssel sind unbekannt.",
            f"{self._ort()}: {liste}{mehr}",
            self.raeume.rat(unbekannt[0][1]),
        )

    def _stichtage(self, tabelle: dict[str, np.ndarray], nummern: np.ndarray) -> np.ndarray:
        spalte = self.quelle.stichtag.spalte
        if spalte is None:
            return np.full(len(nummern), np.datetime64(self.fester_stichtag, "s"))
        codes, verschieden = pd.factorize(tabelle[spalte])
        zeilen = nummern[_erste(codes, len(verschieden))]
        tage = np.empty(len(verschieden), dtype="datetime64[s]")
        for nr, text in enumerate(verschieden):
            ort = f"{self._ort(int(zeilen[nr]))}, Spalte »{spalte}«"
            tage[nr] = np.datetime64(self._versuche(lambda t=text: self._stichtag(t), ort), "s")
        return tage[codes]

    def _stichtag(self, text: str) -> date:
        if self.blatt.excel and len(text) == 10 and text[4:5] == "-":  # a true date cell
            return parse_stichtag(text, "%Y-%m-%d")
        return parse_stichtag(text, self.quelle.stichtag.format)

    def _merkmal_spalten(
        self, tabelle: dict[str, np.ndarray], nummern: np.ndarray
    ) -> Iterator[tuple[np.ndarray, str, date | None]]:
        """Per value column the Merkmal code of every row (−1: not loaded), its header, its Stichtag if any."""
        quelle = self.quelle
        if lang := quelle.lang:
            namen = _verbinde([tabelle[s] for s in lang.merkmal])
            yield self._codes(namen, lang.werte, nummern, lang.auslassen, lang.merkmal), lang.wert, None
        for spalte, ziel, tag in self.wertspalten:
            if quelle.zeilen is None:
                codes = np.full(len(nummern), self.merkmal_code[ziel], dtype=np.int16)
            else:
                werte = {text: ziel + zusatz for text, zusatz in quelle.zeilen.zusatz.items()}
                codes = self._codes(tabelle[quelle.zeilen.spalte], werte, nummern, (), (quelle.zeilen.spalte,))
            yield codes, spalte, tag

    def _codes(
        self, texte: np.ndarray, werte: dict[str, str], nummern: np.ndarray, auslassen: tuple[str, ...], spalten: tuple
    ) -> np.ndarray:
        codes, verschieden = pd.factorize(texte)
        je_text = np.full(len(verschieden), -1, dtype=np.int16)
        for nr, text in enumerate(verschieden):
            name = " | ".join(saeubern(t) for t in text.split(" | "))
            if name in werte:
                je_text[nr] = self.merkmal_code[werte[name]]
            elif name in auslassen:
                self._zaehle("Zeile(n) wurden laut Profil (auslassen) ausgelassen", int((codes == nr).sum()))
            else:
                raise self._fehler(
                    f"»{name}« ist im Profil nicht beschrieben.",
                    f"{self._ort(int(nummern[np.argmax(codes == nr)]))}, Spalte »{' | '.join(spalten)}«",
                    self._gemeint(name, list(werte)) + f"Im Profil {self.quelle.id}.toml aufnehmen.",
                )
        return je_text[codes]

    def _zahlen(self, texte: np.ndarray, nummern: np.ndarray, spalte: str) -> tuple[np.ndarray, np.ndarray]:
        codes, verschieden = pd.factorize(texte)
        wert = np.empty(len(verschieden))
        status = np.empty(len(verschieden), dtype=np.int8)
        fehler = []
        for nr, text in enumerate(verschieden):
            zahl = self._parse(text)
            if isinstance(zahl, Zahlenfehler):
                fehler.append((int(nummern[np.argmax(codes == nr)]), zahl))
                continue
            wert[nr] = np.nan if zahl.wert is None else zahl.wert
            status[nr] = STATUS.index(zahl.status)
            if zahl.hinweis:
                was = {"leerzeichen": "Leerzeichen als Tausenderzeichen", "fussnote": "Fußnotenzeichen"}[zahl.hinweis]
                self._zaehle(f"Zahl(en) von {was} befreit", int((codes == nr).sum()))
        if fehler:
            raise self._zahlenfehler(fehler, spalte)
        return wert[codes], status[codes]

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

    def lieferung(self, sha256: str) -> Lieferung:
        self.befunde += [Befund("lesen", "hinweis", f"{anzahl} {was}.") for was, anzahl in self.gezaehlt.items()]
        frame, summen = self._frame(self.teile), self._frame(self.summen)
        if frame.empty:
            raise self._fehler(
                "Keine Zeile gehört zum Gebiet.", self.datei, "Prüfen, ob die Datei das richtige Gebiet enthält."
            )
        return Lieferung(self.quelle.id, self.datei, sha256, frame, summen, self.befunde)

    def _frame(self, teile: list[tuple[np.ndarray, ...]]) -> pd.DataFrame:
        leer = (np.empty(0, np.int32), np.empty(0, "datetime64[s]"), *(np.empty(0, np.int16),) * 6)
        raum, stichtag, merkmal, wert, status, blatt, zeile, spalte = (
            np.concatenate(feld) for feld in zip(*(teile or [leer]), strict=True)
        )
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


def flache_namen(reihen: list[list[str]]) -> list[str]:
    """Header rows → one name per column: "oben | unten"; empty upper cells are filled from the left.

    Columns without any text are called "Spalte 1", "Spalte 2", … by their position.
    """
    breite = max(map(len, reihen))
    gefuellt = []
    for nr, reihe in enumerate(reihen):
        reihe = reihe + [""] * (breite - len(reihe))
        if nr < len(reihen) - 1:
            for i in range(1, breite):
                reihe[i] = reihe[i] or reihe[i - 1]
        gefuellt.append(reihe)
    namen = [" | ".join(dict.fromkeys(t for t in spalte if t)) for spalte in zip(*gefuellt, strict=True)]
    while namen and not namen[-1]:
        namen.pop()
    return [name or f"Spalte {nr}" for nr, name in enumerate(namen, 1)]


def _satz(fehler: Zahlenfehler) -> str:
    return f"{str(fehler)[0].upper()}{str(fehler)[1:]}."


def _verbinde(teile: list[np.ndarray]) -> np.ndarray:
    """Columns → one text per row, joined by " | "; each combination is joined once."""
    if len(teile) == 1:
        return teile[0]
    codes, verschieden = pd.MultiIndex.from_arrays(teile).factorize()
    return np.array([" | ".join(kombination) for kombination in verschieden], dtype=object)[codes]


def _erste(codes: np.ndarray, anzahl: int) -> np.ndarray:
    """Position of the first occurrence of every code."""
    erste = np.zeros(anzahl, dtype=np.int64)
    erste[codes[::-1]] = np.arange(len(codes))[::-1]
    return erste


def _je_text(texte: np.ndarray, regel: Callable[[str], object], typ: type) -> np.ndarray:
    codes, verschieden = pd.factorize(texte)
    return np.array([regel(text) for text in verschieden], dtype=typ)[codes]


def _kategorie(codes: np.ndarray, namen: list[str]) -> pd.Categorical:
    """Categorical from codes whose names may repeat (the same header on several sheets)."""
    eindeutig = list(dict.fromkeys(namen))
    ziel = np.array([eindeutig.index(n) for n in namen] or [0], dtype=np.int32)
    return pd.Categorical.from_codes(ziel[codes] if len(codes) else codes, eindeutig)
