"""Person-level case lists → counts. Rows live in memory while they are counted and are never written anywhere.

Reading: `fallleser`. Räume: `fallorte`. Counting: `fallzaehlung`, expressions that know no engine. This module brings
them together; the connection is in memory, without spill files.
"""

import traceback
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa

from etl.befund import Befund
from etl.fallleser import Fallspalten, read_fallspalten
from etl.fallorte import Orte, ordne_zu, prozent
from etl.fallprofil import Fallliste, Feld, Zaehlung
from etl.fallzaehlung import ALTER_MAX, KEINE_GRUPPE, OFFEN, UNBEKANNT, Gruppierung, mehrfache, zaehle
from etl.quelle import Quelle, muster_regex, platzhalter_format
from etl.raeume import Raumbuch, find_gebietsstand
from etl.read import STATUS, Lieferung
from etl.zahlen import Zahlenfehler, parse_stichtag, saeubern
from geodata.fehler import LieferungError
from geodata.gebiet import Gebiet, Gebietsstand
from geodata.zuordnung import OHNE

HERKUNFT = "gezählt aus Fallliste"
CODE_LAENGE, CODE_AB = 12, 3  # an unknown code is named when it is short and at least so many persons have it
ENDLOS = np.datetime64(OFFEN, "D")
NIE = np.datetime64("NaT", "D")


def read_fallliste(pfad: Path, quelle: Quelle, gebiet: Gebiet, *, buch: Raumbuch) -> Lieferung:
    """Read one case list and count it as its profile says; every Raum without a case has 0.

    Raises:
        LieferungError: never with the content of a cell, whatever went wrong.
    """
    try:
        return _Zaehler(pfad, quelle, gebiet, buch).lieferung()
    except LieferungError:
        raise
    except Exception as fehler:  # the text of a foreign exception may quote a row
        stellen = [f"{Path(s.filename).name}:{s.lineno}" for s in traceback.extract_tb(fehler.__traceback__)]
        art = type(fehler).__name__
    raise LieferungError(
        f"Quelle »{quelle.id}«: Die Fallliste konnte nicht gezählt werden ({art}).",
        wo=f"{pfad.name}; im Programm: {', '.join(stellen[-4:])}",
        tun="Der Inhalt wird aus Gründen des Datenschutzes nicht genannt. Bitte die Stelle im Programm melden.",
    )


@dataclass(frozen=True)
class Zeitraum:
    """The time a list covers completely, and the days to count at."""

    von: date
    bis: date
    stichtag: date | None  # the one day a file speaks of

    def jahre(self) -> list[date]:
        """31 December of every year that is covered completely."""
        tage = [date(jahr, 12, 31) for jahr in range(self.von.year, self.bis.year + 1)]
        return [tag for tag in tage if date(tag.year, 1, 1) >= self.von and tag <= self.bis]

    def monate(self) -> list[date]:
        """Last day of every month that is covered completely."""
        monat = np.datetime64(self.von, "M") + (self.von.day > 1)
        tage = []
        while (ende := (monat + 1).astype("datetime64[D]") - 1) <= np.datetime64(self.bis):
            tage.append(ende.item())
            monat += 1
        return tage

    def tage(self, zaehlung: Zaehlung, liste: Fallliste) -> list[date]:
        """Days a Zählung is made at."""
        if zaehlung.zaehle == "bestand":
            return self.monate() if zaehlung.je == "monat" else [self.stichtag] if self.stichtag else self.jahresenden()
        if liste.monat and zaehlung.zaehle == "zugaenge":  # who is there in the first month may have been there before
            return [t for t in self.jahre() if date(t.year - 1, 12, 1) >= self.von]
        if liste.monat and zaehlung.zaehle == "beendigungen":
            return [t for t in self.jahre() if date(t.year + 1, 1, 31) <= self.bis]
        return self.jahre()

    def jahresenden(self) -> list[date]:
        tage = [date(jahr, 12, 31) for jahr in range(self.von.year, self.bis.year + 1)]
        return [tag for tag in tage if self.von <= tag <= self.bis]


class _Zaehler:
    """One list on its way from text to counts."""

    def __init__(self, pfad: Path, quelle: Quelle, gebiet: Gebiet, buch: Raumbuch) -> None:
        self.pfad, self.quelle, self.gebiet, self.buch = pfad, quelle, gebiet, buch
        self.liste: Fallliste = quelle.fallliste
        self.befunde: list[Befund] = []
        self.zeitraum = self._finde_zeitraum()
        self.tage = {z.merkmal: self._tage(z) for z in self.liste.zaehlung}
        alle = sorted({t for tage in self.tage.values() for t in tage})
        self.staende: list[Gebietsstand] = list({s.id: s for s in map(self._stand, alle)}.values())

    def lieferung(self) -> Lieferung:
        """Read, prepare, count."""
        spalten = read_fallspalten(self.pfad, self.quelle)
        self.befunde += spalten.befunde
        faelle, orte = self._bereite_vor(spalten)
        sha = spalten.sha256
        del spalten
        frame = self._frame(self._zaehle(faelle), orte)
        return Lieferung(self.quelle.id, self.pfad.name, sha, frame, frame.iloc[:0].copy(), self.befunde)

    # ------------------------------------------------------------ time

    def _finde_zeitraum(self) -> Zeitraum:
        if self.liste.von:
            return Zeitraum(self.liste.von, self.liste.bis, None)
        tag = self.quelle.stichtag.fest
        if tag is None:
            treffer = muster_regex(self.quelle.datei.muster).fullmatch(self.pfad.name)
            form = platzhalter_format(self.quelle.datei.muster)
            if not treffer or not form:
                raise self._fehler(
                    "Der Stichtag ist nicht zu finden.", "", "Die Datei nennen wie im Profil unter [datei] muster."
                )
            try:
                tag = parse_stichtag(treffer["stichtag"], form)
            except Zahlenfehler as fehler:
                raise self._fehler(f"Der Stichtag im Dateinamen stimmt nicht: {fehler}.", "", fehler.tun) from None
        return Zeitraum(date(tag.year, 1, 1), tag, tag)

    def _tage(self, zaehlung: Zaehlung) -> list[date]:
        tage = self.zeitraum.tage(zaehlung, self.liste)
        if tage:
            return tage
        vorher = " Monatslisten brauchen dafür auch den Monat davor oder danach." if self.liste.monat else ""
        raise self._fehler(
            f"Für »{zaehlung.merkmal}« ({zaehlung.zaehle}) enthält der Zeitraum der Liste kein volles Jahr.{vorher}",
            f"Zeitraum {self.zeitraum.von:%d.%m.%Y} bis {self.zeitraum.bis:%d.%m.%Y}",
            "Im Profil unter [fallliste] von und bis anpassen oder die Zählung streichen.",
        )

    def _stand(self, tag: date) -> Gebietsstand:
        return find_gebietsstand(self.gebiet, self.quelle, tag)

    # ------------------------------------------------------------ rows

    def _bereite_vor(self, spalten: Fallspalten) -> tuple[pa.Table, Orte]:
        """The case table of `fallzaehlung`, without a single text."""
        zeilen = len(spalten.nummern)
        if not zeilen:
            raise self._fehler("Unter der Kopfzeile stehen keine Daten.", "", "Die Datei neu anfordern.")
        beginn, ende = self._spannen(spalten)
        gut = self._auswahl(spalten, beginn, ende)
        person = spalten.spalten[self.liste.person].codes
        tage = beginn.astype(np.int64)
        rang = (tage - tage.min()) * zeilen + np.arange(zeilen)  # began later; of the same day: stands further down
        orte = ordne_zu(spalten, self.quelle, self.buch, self.staende, self.pfad.name, _letzte(person, rang, gut))
        self.befunde += orte.befunde
        gut &= orte.raum[-1] != OHNE
        danach = np.where(ende == ENDLOS, ENDLOS, ende + 1)
        tabelle = {"person": person, "rang": rang, "beginn": beginn, "ende": ende, "danach": danach}
        tabelle["geburt"] = self._geburt(spalten, beginn)
        tabelle |= {f"raum_{nr}": raum for nr, raum in enumerate(orte.raum)}
        tabelle |= {n: self._codes(spalten, n, f, gut) for n, f in self.liste.felder.items() if f.spalte}
        spaeter = len(np.unique(person[gut & (beginn > np.datetime64(self.zeitraum.bis))]))
        if spaeter:
            self._hinweis(
                "zeit", f"{spaeter} Person(en) mit einem Beginn nach dem Zeitraum der Liste; noch nicht gezählt."
            )
        return pa.table({name: pa.array(werte if gut.all() else werte[gut]) for name, werte in tabelle.items()}), orte

    def _spannen(self, spalten: Fallspalten) -> tuple[np.ndarray, np.ndarray]:
        """First and last day of every row; ENDLOS while it runs."""
        if self.liste.monat:
            ende = self._lies(spalten, self.liste.monat, self._monatsende)
            return ende.astype("datetime64[M]").astype("datetime64[D]"), ende
        beginn = self._lies(spalten, self.liste.beginn, self._tag)
        offen = {saeubern(t) for t in self.liste.offen}
        ende = self._lies(spalten, self.liste.ende, lambda t: ENDLOS if saeubern(t) in offen else self._tag(t))
        return beginn, ende

    def _lies(self, spalten: Fallspalten, spalte: str, regel) -> np.ndarray:
        return spalten.je_text(self.quelle, self.pfad.name, spalte, regel, "datetime64[D]")

    def _tag(self, text: str) -> np.datetime64:
        """A day in the declared form, or as a true date cell. Raises ValueError."""
        text = saeubern(text)
        form = "%Y-%m-%d" if len(text) == 10 and text[4] == "-" == text[7] else self.liste.datum
        return np.datetime64(datetime.strptime(text, form).date(), "D")

    def _monatsende(self, text: str) -> np.datetime64:
        text = saeubern(text)
        if len(text) == 10 and text[4] == "-" == text[7]:
            text, form = text[:7], "%Y-%m"
        else:
            form = self.liste.monat_format
        return np.datetime64(parse_stichtag(text, form), "D")

    def _auswahl(self, spalten: Fallspalten, beginn: np.ndarray, ende: np.ndarray) -> np.ndarray:
        """Rows that can be counted; the others are told, and too many of them stop the load."""
        gut = np.ones(len(beginn), dtype=bool)
        for angabe, soll in ((self.quelle.datei.ausser, False), (self.quelle.datei.nur, True)):
            for name, texte in angabe.items():
                gut &= spalten.spalten[name].je_text(lambda t, w=texte: saeubern(t) in w, bool) == soll
        if not gut.all():
            self._hinweis("lesen", f"{int((~gut).sum())} Zeile(n) wurden laut Profil (ausser, nur) ausgelassen.")
        person = spalten.spalten[self.liste.person]
        ohne = person.je_text(lambda t: not saeubern(t), bool) & gut
        verkehrt = (ende < beginn) & gut
        for was, falsch in (("ohne Kennung der Person", ohne), ("enden vor ihrem Beginn", verkehrt)):
            if falsch.any():
                text = f"{int(falsch.sum())} Zeile(n) {was}; sie wurden nicht gezählt."
                self.befunde.append(Befund("fallliste", "warnung", text))
        unbrauchbar = ohne | verkehrt
        if unbrauchbar.sum() > self.liste.fehlerhaft * max(1, gut.sum()):
            nummern = spalten.nummern[unbrauchbar]
            raise self._fehler(
                f"{len(nummern)} von {int(gut.sum())} Zeilen sind nicht zu zählen (ohne Kennung der Person oder "
                f"Ende vor Beginn); erlaubt sind {prozent(self.liste.fehlerhaft)}.",
                f"Zeile {', '.join(map(str, nummern[:5]))}" + (" …" if len(nummern) > 5 else ""),
                "Beim Lieferanten nachfragen. Ist das bekannt, im Profil unter [fallliste] fehlerhaft anpassen.",
            )
        gut &= ~unbrauchbar
        if not gut.any():
            raise self._fehler("Keine Zeile ist zu zählen.", "", "Im Profil ausser und nur prüfen.")
        return gut

    def _geburt(self, spalten: Fallspalten, beginn: np.ndarray) -> np.ndarray:
        if not self.liste.geburtsdatum:
            return np.full(len(beginn), NIE)
        leer = {saeubern(t) for f in self.liste.felder.values() if f.altersgruppen for t in f.unbekannt}
        geburt = self._lies(spalten, self.liste.geburtsdatum, lambda t: NIE if saeubern(t) in leer else self._tag(t))
        unmoeglich = (geburt > np.datetime64(self.zeitraum.bis)) | (
            geburt < beginn - np.timedelta64((ALTER_MAX + 1) * 366, "D")
        )
        if unmoeglich.any():
            text = f"{int(unmoeglich.sum())} Zeile(n) mit unmöglichem Geburtsdatum; das Alter gilt als unbekannt."
            self.befunde.append(Befund("fallliste", "warnung", text))
            geburt = np.where(unmoeglich, NIE, geburt)
        return geburt

    def _codes(self, spalten: Fallspalten, name: str, feld: Feld, gut: np.ndarray) -> np.ndarray:
        """Groups of one field by row; a code nobody described stops."""
        spalte = spalten.spalten[feld.spalte]
        bekannt = {saeubern(code): feld.gruppen.index(gruppe) for code, gruppe in feld.werte.items()}
        bekannt |= {saeubern(t): UNBEKANNT for t in feld.unbekannt}
        codes = np.array([bekannt.get(saeubern(t), KEINE_GRUPPE) for t in spalte.texte], dtype=np.int16)
        vorhanden = np.zeros(len(codes), dtype=bool)
        vorhanden[spalte.codes[gut]] = True
        fremd = [int(nr) for nr in np.flatnonzero((codes == KEINE_GRUPPE) & vorhanden)]
        if fremd:
            raise spalten.fehler(self.quelle, self.pfad.name, feld.spalte, fremd, self._nennbar(spalten, spalte, fremd))
        return codes[spalte.codes]

    def _nennbar(self, spalten: Fallspalten, spalte, fremd: list[int]) -> str:
        """The unknown code, when it is surely one: short, no date, and several persons have it."""
        personen = spalten.spalten[self.liste.person].codes
        for nr in fremd:
            text = saeubern(spalte.texte[nr])
            haeufig = len(np.unique(personen[spalte.codes == nr])) >= CODE_AB
            if haeufig and 0 < len(text) <= CODE_LAENGE and not any(z.isdecimal() and text.count(".") for z in text):
                return f"Der Code »{text}«"
        return "Ein Code"

    # ------------------------------------------------------------ counts

    def _zaehle(self, faelle: pa.Table) -> dict[str, pd.DataFrame]:
        """Counts by kind: `tag`, `raum`, one column of codes per field, `anzahl`."""
        con = ibis.duckdb.connect(":memory:", temp_directory="")
        try:
            con.raw_sql("SET enable_external_access = false; SET enable_progress_bar = false")
            con.con.register("faelle", faelle)
            tabelle, ergebnis = con.table("faelle"), {}
            for art, zaehlungen in self._nach_art().items():
                tage = self._tagetabelle(con, art, [t for z in zaehlungen for t in self._zaehltage(z)])
                ausdruck = zaehle(tabelle, tage, art, self._gruppierung(zaehlungen), luecke_tage=self.liste.luecke_tage)
                ergebnis[art] = con.to_pyarrow(ausdruck).to_pandas()
                if art == "bestand":
                    letzter = max(t for z in zaehlungen for t in self._zaehltage(z))
                    am_letzten = mehrfache(tabelle, tage.filter(tage.tag == letzter), len(self.staende))
                    self._melde_mehrfache(letzter, con.to_pyarrow(am_letzten).to_pylist()[0])
        finally:
            con.disconnect()
        return ergebnis

    def _nach_art(self) -> dict[str, list[Zaehlung]]:
        arten: dict[str, list[Zaehlung]] = {}
        for zaehlung in self.liste.zaehlung:
            arten.setdefault("bestand" if zaehlung.zaehle == "jahresmittel" else zaehlung.zaehle, []).append(zaehlung)
        return arten

    def _zaehltage(self, zaehlung: Zaehlung) -> list[date]:
        """Days to count at: a yearly mean asks for every end of a month."""
        tage = self.tage[zaehlung.merkmal]
        if zaehlung.zaehle != "jahresmittel":
            return tage
        return [t for t in self.zeitraum.monate() if t.year in {tag.year for tag in tage}]

    def _tagetabelle(self, con, art: str, tage: list[date]):
        tage = sorted(set(tage))
        nummer = {stand.id: nr for nr, stand in enumerate(self.staende)}
        staende = [nummer.get(self._stand(tag).id, len(self.staende) - 1) for tag in tage]
        con.con.register(
            f"tage_{art}", pa.table({"tag": pa.array(tage, pa.date32()), "stand": pa.array(staende, pa.int32())})
        )
        return con.table(f"tage_{art}")

    def _gruppierung(self, zaehlungen: list[Zaehlung]) -> Gruppierung:
        namen = dict.fromkeys(name for z in zaehlungen for name in z.felder)
        felder = {name: self.liste.felder[name] for name in namen}
        return Gruppierung(
            codes=tuple(n for n, f in felder.items() if f.werte),
            alter=tuple((n, tuple(f.altersgruppen.values())) for n, f in felder.items() if f.altersgruppen),
            dauer=tuple((n, tuple(f.dauer_monate.values())) for n, f in felder.items() if f.dauer_monate),
            staende=len(self.staende),
        )

    def _melde_mehrfache(self, tag: date, zahl: dict[str, int]) -> None:
        if zahl["personen"]:
            text = (
                f"{zahl['personen']} Person(en) haben am {tag:%d.%m.%Y} mehrere gültige Zeilen, {zahl['raeume'] or 0} "
                "davon in verschiedenen Räumen; gezählt ist je Person die zuletzt begonnene (bei gleichem Beginn die "
                "untere)."
            )
            self.befunde.append(Befund("fallliste", "hinweis", text))

    # ------------------------------------------------------------ values

    def _frame(self, gezaehlt: dict[str, pd.DataFrame], orte: Orte) -> pd.DataFrame:
        teile = []
        je_tag = {art: dict(list(wuerfel.groupby("tag"))) for art, wuerfel in gezaehlt.items()}
        leer = {art: wuerfel.iloc[:0] for art, wuerfel in gezaehlt.items()}
        for zaehlung in self.liste.zaehlung:
            art = "bestand" if zaehlung.zaehle == "jahresmittel" else zaehlung.zaehle
            for tag in self.tage[zaehlung.merkmal]:
                mittel = zaehlung.zaehle == "jahresmittel"
                zeiten = [t for t in self._zaehltage(zaehlung) if t.year == tag.year] if mittel else [tag]
                wuerfel = pd.concat([je_tag[art].get(t, leer[art]) for t in zeiten])
                teile += self._werte(zaehlung, wuerfel, tag, len(zeiten), orte)
        tabelle = pd.concat(teile, ignore_index=True)
        return pd.DataFrame(
            {
                "raum_id": pd.Categorical.from_codes(tabelle["raum"].astype(np.int32), orte.namen),
                "stichtag": tabelle["stichtag"].astype("datetime64[s]"),
                "merkmal": pd.Categorical(
                    tabelle["merkmal"], [m for m, a in self.quelle.merkmale.items() if not a.berechnet]
                ),
                "wert": tabelle["wert"].astype(float),
                "status": pd.Categorical(tabelle["status"], list(STATUS)),
                "blatt": pd.Categorical([""] * len(tabelle)),
                "zeile": np.zeros(len(tabelle), dtype=np.int32),
                "spalte": pd.Categorical([HERKUNFT] * len(tabelle)),
            }
        )

    def _werte(self, zaehlung: Zaehlung, teil: pd.DataFrame, tag: date, zeiten: int, orte: Orte) -> list[pd.DataFrame]:
        """One table per Merkmal of a Zählung at one day; every Raum of the level has a row.

        Args:
            teil: counts at this day, or of the `zeiten` days of which the value is the mean.
        """
        gesperrt = self._unvollstaendig(zaehlung, teil, tag)
        for name in zaehlung.bekannt:
            teil = teil[teil[name] != UNBEKANNT]
        for name, gruppen in zaehlung.nur.items():
            teil = teil[teil[name].isin([self.liste.felder[name].gruppen.index(g) for g in gruppen])]
        raeume = self._raeume(tag, orte)
        teile = []
        for kombination, merkmal in zaehlung.merkmale(self.liste.felder).items():
            auswahl = teil
            for name, gruppe in zip(zaehlung.nach, kombination, strict=True):
                auswahl = auswahl[auswahl[name] == self.liste.felder[name].gruppen.index(gruppe)]
            summe = np.bincount(auswahl["raum"].astype(np.int64), auswahl["anzahl"], minlength=len(orte.namen))[raeume]
            teile.append(
                pd.DataFrame(
                    {
                        "raum": raeume,
                        "stichtag": np.datetime64(tag, "s"),
                        "merkmal": merkmal,
                        "wert": np.nan if gesperrt else summe / zeiten,
                        "status": "nicht_geliefert" if gesperrt else "offen",
                    }
                )
            )
        return teile

    def _raeume(self, tag: date, orte: Orte) -> np.ndarray:
        """Codes of the Räume of the level at this day, the Rest-Raum last."""
        tabelle = self.buch.tabelle[self.buch.tabelle["gebietsstand"] == self._stand(tag).id]
        ids = tabelle.loc[(tabelle["ebene"] == self.quelle.ebene) & ~tabelle["rest"], "raum_id"].tolist()
        code = {raum_id: nr for nr, raum_id in enumerate(orte.namen)}
        return np.array([code[r] for r in [*ids, *tabelle.loc[tabelle["rest"], "raum_id"]]], dtype=np.int64)

    def _unvollstaendig(self, zaehlung: Zaehlung, teil: pd.DataFrame, tag: date) -> bool:
        """Is a field this Zählung rests on known for too few? Told either way."""
        zu_wenig = False
        for name in dict.fromkeys([*zaehlung.nach, *zaehlung.nur]):
            feld = self.liste.felder[name]
            basis = teil
            for anderes, gruppen in zaehlung.nur.items():
                if anderes != name:
                    nummern = [self.liste.felder[anderes].gruppen.index(g) for g in gruppen]
                    basis = basis[basis[anderes].isin(nummern)]
            for anderes in zaehlung.bekannt:
                basis = basis[basis[anderes] != UNBEKANNT] if anderes != name else basis
            alle, bekannt = basis["anzahl"].sum(), basis.loc[basis[name] != UNBEKANNT, "anzahl"].sum()
            if alle and bekannt < feld.mindestens * alle:
                zu_wenig = True
                text = (
                    f"»{name}« ist am {tag:%d.%m.%Y} nur für {prozent(bekannt / alle)} bekannt, verlangt sind "
                    f"{prozent(feld.mindestens)}; was darauf beruht, gilt als nicht geliefert."
                )
                self.befunde.append(Befund("vollstaendigkeit", "warnung", text, zaehlung.merkmal))
        return zu_wenig

    # ------------------------------------------------------------ messages

    def _hinweis(self, regel: str, text: str) -> None:
        self.befunde.append(Befund(regel, "hinweis", text))

    def _fehler(self, was: str, wo: str, tun: str) -> LieferungError:
        ort = ", ".join(t for t in (self.pfad.name, wo) if t)
        return LieferungError(f"Quelle »{self.quelle.id}«: {was}", wo=ort, tun=tun)


def _letzte(person: np.ndarray, rang: np.ndarray, gut: np.ndarray) -> np.ndarray:
    """The row of every person that speaks last."""
    zeilen = np.flatnonzero(gut)
    folge = zeilen[np.argsort(rang[zeilen], kind="stable")]
    letzte = np.full(int(person.max(initial=0)) + 1, -1, dtype=np.int64)
    letzte[person[folge]] = folge  # of several assignments to one place the last one stays
    return letzte[letzte >= 0]
