"""Cases → Räume: by key, by coordinate, by address, in this order; what finds no place counts for the Rest-Raum."""

import re
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from etl.befund import Befund
from etl.fallleser import Fallspalten
from etl.quelle import Quelle
from etl.raeume import AUSSEN, Raumbuch, Raumkenner
from etl.zahlen import Zahlenfehler, saeubern
from geodata import strassen
from geodata.fehler import LieferungError
from geodata.gebiet import Gebietsstand
from geodata.strassen import Strassenverzeichnis
from geodata.zuordnung import OHNE, Flaechen

WEGE = ("Schlüssel", "Koordinaten", "Straßenverzeichnis")
WEITERE = ("ohne Angabe", "Schlüssel unbekannt", "außerhalb aller Flächen", "nur gröbere Ebene bekannt")
SCHLUESSEL, KOORDINATE, STRASSE, LEER, UNBEKANNT, DRAUSSEN, GROB = range(7)
ADRESSE = 6  # reasons of the Straßenverzeichnis follow: ADRESSE + position in strassen.GRUENDE
GRUENDE = [*WEGE, *WEITERE, *strassen.GRUENDE[1:]]
NENNEN_AB = 3  # persons: a street is named in a finding only when so many are unassigned in it
NENNEN = 20
STRASSENWORT = re.compile(
    r".*(stra(ss|ß)e|str\.?|weg|platz|allee|ring|gasse|ufer|damm|chaussee|hof|berg|steig|pfad|markt|wall|graben|kamp|"
    r"heide|busch|feld|park|winkel|zeile|stieg)",
    re.I,
)


@dataclass
class Orte:
    """Raum of every row per Gebietsstand (codes of `namen`; OHNE: left out) and how it was found (GRUENDE)."""

    raum: list[np.ndarray]
    grund: np.ndarray
    namen: list[str]
    befunde: list[Befund] = field(default_factory=list)


def ordne_zu(
    faelle: Fallspalten, quelle: Quelle, buch: Raumbuch, staende: list[Gebietsstand], datei: str, letzte: np.ndarray
) -> Orte:
    """Raum of every row, in every Gebietsstand that is counted in.

    Args:
        letzte: one row per person, for the rate of assigned persons.

    Raises:
        LieferungError: below the declared rate, or nowhere to put the rest.
    """
    zuordner = [_Zuordner(faelle, quelle, buch, stand, datei) for stand in staende]
    ergebnisse = [z.zuordnung() for z in zuordner]
    grund = ergebnisse[-1][1]
    orte = Orte([raum for raum, _ in ergebnisse], grund, zuordner[-1].namen)
    drin = orte.raum[-1] != OHNE
    if not drin.all():
        text = f"{int((~drin).sum())} Zeile(n) von Fällen außerhalb des Gebiets wurden laut Profil ausgelassen."
        orte.befunde.append(Befund("zuordnung", "hinweis", text))
    _check_rate(orte, grund[letzte[drin[letzte]]], quelle, buch, datei)
    orte.befunde += zuordner[-1].unbekannte_strassen(grund, letzte)
    return orte


def _check_rate(orte: Orte, grund: np.ndarray, quelle: Quelle, buch: Raumbuch, datei: str) -> None:
    """The rate is a result; below the declared one, or without a Rest-Raum, it stops the load."""
    anzahl = np.bincount(grund, minlength=len(GRUENDE))
    alle, gut = max(1, len(grund)), int(anzahl[: len(WEGE)].sum())
    wege = ", ".join(f"{name} {prozent(anzahl[nr] / alle)}" for nr, name in enumerate(WEGE) if anzahl[nr])
    offen = ", ".join(f"{name} {anzahl[nr]}" for nr, name in enumerate(GRUENDE) if nr >= len(WEGE) and anzahl[nr])
    text = f"Einem Raum zugeordnet: {prozent(gut / alle)} von {len(grund)} Personen ({wege or 'keine'})"
    text += f"; nicht zugeordnet: {offen}." if offen else "."
    mindestens = quelle.zuordnung.mindestens if quelle.zuordnung else 0
    if gut / alle < mindestens:
        raise LieferungError(
            f"Quelle »{quelle.id}«: Zu wenige Fälle finden ihren Raum; verlangt sind {prozent(mindestens)}.",
            wo=f"{datei}; {text}",
            tun="Straßenverzeichnis und Spalten unter [zuordnung] prüfen; der Rest zählte als »nicht zuordenbar«.",
        )
    if offen and buch.gebiet.rest_raum is None:
        raise LieferungError(
            f"Quelle »{quelle.id}«: Einige Fälle finden keinen Raum, und das Gebiet hat keinen Rest-Raum für sie.",
            wo=f"{datei}; {text}",
            tun="In gebiet.toml einen [rest_raum] anlegen; sonst würden die Summen zu klein.",
        )
    schwere = "warnung" if gut / alle < 0.95 else "hinweis"
    orte.befunde.insert(0, Befund("zuordnung", schwere, text))


class _Zuordner:
    """Finds the Räume of one Gebietsstand."""

    def __init__(self, faelle: Fallspalten, quelle: Quelle, buch: Raumbuch, stand: Gebietsstand, datei: str) -> None:
        self.faelle, self.quelle, self.buch, self.stand, self.datei = faelle, quelle, buch, stand, datei
        # every level is known here: a finer key is lifted to the level counted on
        self.kenner = Raumkenner(quelle.model_copy(update={"ebene": "gemischt"}), buch)
        self.namen = self.kenner.namen
        self.rest = self.kenner.code.get(buch.gebiet.rest_raum.raum_id, OHNE) if buch.gebiet.rest_raum else OHNE

    def zuordnung(self) -> tuple[np.ndarray, np.ndarray]:
        zeilen = len(self.faelle.nummern)
        raum, grund = np.full(zeilen, OHNE, np.int32), np.full(zeilen, LEER, np.int8)
        for weg in (self._nach_schluessel, self._nach_koordinate, self._nach_anschrift):
            if gefunden := weg():
                neuer_raum, neuer_grund = gefunden
                offen = grund >= len(WEGE)
                # a later way replaces the reason of an earlier one unless it has nothing to say itself
                sagt_mehr = ~np.isin(neuer_grund, (LEER, ADRESSE + strassen.LEER)) & (raum != AUSSEN)
                besser = offen & ((neuer_grund < len(WEGE)) | sagt_mehr)
                raum, grund = np.where(besser, neuer_raum, raum), np.where(besser, neuer_grund, grund)
        weg = raum == AUSSEN
        raum = np.where((grund >= len(WEGE)) & ~weg, self.rest, raum)
        return np.where(weg, OHNE, raum).astype(np.int32), grund.astype(np.int8)

    def _nach_schluessel(self) -> tuple[np.ndarray, np.ndarray] | None:
        if not self.quelle.raum.spalte:
            return None
        spalte = self.faelle.spalten[self.quelle.raum.spalte]
        raum = np.full(len(spalte.texte), OHNE, np.int32)
        grund = np.full(len(spalte.texte), UNBEKANNT, np.int8)
        for nr, text in enumerate(spalte.texte):
            if not saeubern(text):
                grund[nr] = LEER
                continue
            try:
                code = self.kenner.finde(text)[0]
            except Zahlenfehler:
                continue
            if code == AUSSEN:
                raum[nr], grund[nr] = AUSSEN, UNBEKANNT
            elif code == self.rest and code >= 0:
                raum[nr], grund[nr] = code, SCHLUESSEL
            elif code >= 0:
                raum[nr], grund[nr] = self._gehoben(self.namen[code], SCHLUESSEL)
        return raum[spalte.codes], grund[spalte.codes]

    def _nach_koordinate(self) -> tuple[np.ndarray, np.ndarray] | None:
        zuordnung = self.quelle.zuordnung
        if not zuordnung or not zuordnung.x:
            return None
        x, y = (
            self.faelle.je_text(self.quelle, self.datei, s, lambda t: _koordinate(t, zuordnung.dezimal), float)
            for s in (zuordnung.x, zuordnung.y)
        )
        flaechen = Flaechen.read(self.buch.gebiet, self.stand, self.quelle.ebene)
        paar = pd.MultiIndex.from_arrays(
            [self.faelle.spalten[zuordnung.x].codes, self.faelle.spalten[zuordnung.y].codes]
        )
        codes, _ = paar.factorize()
        erste = _erste(codes)
        gefunden = flaechen.finde(x[erste], y[erste], crs=zuordnung.crs)
        ziel = np.array([self.kenner.code[r] for r in flaechen.raum_ids] + [OHNE], dtype=np.int32)
        leer = np.isnan(x[erste]) | np.isnan(y[erste])
        grund = np.where(gefunden >= 0, KOORDINATE, np.where(leer, LEER, DRAUSSEN))
        return ziel[gefunden][codes], grund[codes]

    @cached_property
    def _anschriften(self) -> tuple[np.ndarray, np.ndarray]:
        """Code of the distinct address of every row, and the first row of each."""
        zuordnung = self.quelle.zuordnung
        spalten = [s for s in (zuordnung.strasse, zuordnung.hausnummer, zuordnung.plz, zuordnung.ort) if s]
        codes = np.zeros(len(self.faelle.nummern), dtype=np.int64)
        for name in spalten:
            spalte = self.faelle.spalten[name]
            codes, _ = pd.factorize(codes * len(spalte.texte) + spalte.codes)
        return codes, _erste(codes)

    def _nach_anschrift(self) -> tuple[np.ndarray, np.ndarray] | None:
        zuordnung = self.quelle.zuordnung
        if not zuordnung or not zuordnung.strasse:
            return None
        verzeichnis = Strassenverzeichnis.read(self.buch.gebiet, self.stand)
        codes, erste = self._anschriften

        def texte(name: str | None) -> np.ndarray | None:
            return self.faelle.spalten[name].texte[self.faelle.spalten[name].codes[erste]] if name else None

        gefunden, warum = verzeichnis.finde(
            texte(zuordnung.strasse), texte(zuordnung.hausnummer), texte(zuordnung.plz), texte(zuordnung.ort)
        )
        paare = [self._gehoben(raum_id, STRASSE) for raum_id in verzeichnis.raum_ids] + [(OHNE, LEER)]
        raum, grund = (np.array(liste, dtype=np.int32) for liste in zip(*paare, strict=True))
        grund_je = np.where(gefunden >= 0, grund[gefunden], ADRESSE + warum)
        return raum[gefunden][codes], grund_je[codes]

    @cached_property
    def _eltern(self) -> dict[str, str]:
        tabelle = self.buch.tabelle[self.buch.tabelle["gebietsstand"] == self.stand.id]
        return dict(zip(tabelle["raum_id"], tabelle["eltern_id"], strict=True))

    def _gehoben(self, raum_id: str, weg: int) -> tuple[int, int]:
        """The Raum of the level counted on that holds this one, or why there is none."""
        if raum_id not in self._eltern:
            return OHNE, UNBEKANNT
        while isinstance(raum_id, str) and self.buch.ebene.get(raum_id) != self.quelle.ebene:
            raum_id = self._eltern.get(raum_id)
        return (self.kenner.code[raum_id], weg) if isinstance(raum_id, str) else (OHNE, GROB)

    def unbekannte_strassen(self, grund: np.ndarray, letzte: np.ndarray) -> list[Befund]:
        """Streets the directory lacks, with the number of persons; rare ones and what is no street only together."""
        zuordnung = self.quelle.zuordnung
        betroffen = letzte[grund[letzte] == ADRESSE + strassen.UNBEKANNT]
        if not len(betroffen):
            return []
        spalte = self.faelle.spalten[zuordnung.strasse]
        namen = [
            strassen.trenne_anschrift(t)[0] if zuordnung.hausnummer is None else saeubern(t)
            for t in spalte.texte[spalte.codes[betroffen]]
        ]
        anzahl = pd.Series(namen).value_counts()
        nennbar = [(n, int(z)) for n, z in anzahl.items() if z >= NENNEN_AB and STRASSENWORT.fullmatch(n)][:NENNEN]
        liste = ", ".join(f"{name}: {zahl}" for name, zahl in nennbar)
        uebrige = len(betroffen) - sum(zahl for _, zahl in nennbar)
        mehr = f"{uebrige} in seltenen oder nicht als Straße erkennbaren Angaben" if uebrige else ""
        text = f"Straßen, die im Straßenverzeichnis fehlen (Personen): {'; '.join(t for t in (liste, mehr) if t)}."
        return [Befund("zuordnung", "warnung", text)]


def _koordinate(text: str, dezimal: str) -> float:
    """NaN for an empty cell. Raises ValueError for anything that is no number."""
    text = saeubern(text)
    if not text:
        return np.nan
    if not re.fullmatch(rf"-?\d+({re.escape(dezimal)}\d+)?", text):
        raise ValueError
    return float(text.replace(dezimal, "."))


def _erste(codes: np.ndarray) -> np.ndarray:
    """First row of every code."""
    erste = np.zeros(int(codes.max(initial=-1)) + 1, dtype=np.int64)
    erste[codes[::-1]] = np.arange(len(codes))[::-1]
    return erste


def prozent(anteil: float) -> str:
    """German per cent, rounded down: 99,9 % is never told as all."""
    return f"{np.floor(anteil * 1000) / 10:.1f} %".replace(".", ",")
