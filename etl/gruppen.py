"""Checked values of one file, a few Stichtage at a time, so that memory stays bounded however long the file is.

Every rule about a delivery speaks about one Stichtag; only jumps look further, and they are found in the database.
A file that fits is one group. A longer one waits in temporary files of codes until its Stichtage are complete.
"""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from etl.checks import check_fehlende, check_lieferung, find_fehlende, ohne_doppelte
from etl.korrekturen import korrigiere
from etl.punkte import read_punktliste
from etl.quelle import Quelle
from etl.raeume import Raumbuch
from etl.read import Leser, Lieferung, read_lieferung, read_teile, verbinde_teile
from etl.rechnen import berechne, ergaenze_fehlende, ergaenze_summen, ohne_leere
from geodata.gebiet import Gebiet

GRUPPE = 1_500_000  # values handled at once
FELDER = ("raum", "stichtag", "merkmal", "wert", "status", "blatt", "zeile", "spalte")  # of `Leser.teile`


def pruefe_lieferung(pfad: Path, quelle: Quelle, gebiet: Gebiet, *, buch: Raumbuch | None = None) -> Lieferung:
    """Read one file as a whole and apply every rule that needs no database.

    Raises:
        LieferungError: with place and remedy.
    """
    buch = buch or Raumbuch(gebiet)
    lies = zaehlender_leser(quelle) or read_lieferung
    return pruefe(lies(pfad, quelle, gebiet, buch=buch), quelle, buch)


def zaehlender_leser(quelle: Quelle) -> Callable[..., Lieferung] | None:
    """The reader of a source whose rows are counted, not loaded; None for a table of numbers."""
    if quelle.fallliste:
        from etl.fallliste import read_fallliste  # its counting engine takes a second to import

        return read_fallliste
    return read_punktliste if quelle.punkte else None


def pruefe(lieferung: Lieferung, quelle: Quelle, buch: Raumbuch) -> Lieferung:
    """Corrected, completed and checked; `lieferung` is changed in place."""
    befunde = ohne_doppelte(lieferung, quelle)
    befunde += korrigiere(lieferung, quelle)
    lieferung.frame = ohne_leere(lieferung.frame, buch)
    fehlend = find_fehlende(lieferung.frame, buch, quelle)
    befunde += check_fehlende(fehlend, lieferung, quelle, buch)
    vollstaendig = ergaenze_summen(ergaenze_fehlende(lieferung.frame, fehlend, quelle), quelle)
    lieferung.frame = berechne(vollstaendig, quelle)
    befunde += check_lieferung(lieferung, quelle, buch)
    lieferung.befunde += befunde
    return lieferung


def pruefe_gruppen(
    pfad: Path, quelle: Quelle, buch: Raumbuch, ordner: Path, *, melde: Callable[[int], None] = lambda werte: None
) -> Iterator[Lieferung]:
    """One file in checked groups of whole Stichtage, oldest first; findings of reading come with the first.

    Args:
        ordner: where a long file may leave temporary files.
        melde: hears how many values have been read so far.
    """
    if lies := zaehlender_leser(quelle):
        yield pruefe(lies(pfad, quelle, buch.gebiet, buch=buch), quelle, buch)
        return
    with _stufe(ordner / f".{quelle.id}.stufe") as stufe:

        def nimm(leser: Leser) -> None:
            stufe.beginne(leser.nummer)
            melde(stufe.werte + leser.anzahl)
            if leser.anzahl >= GRUPPE:
                stufe.lege_ab(leser)

        leser = read_teile(pfad, quelle, buch, nimm)
        if not stufe.werte:
            yield pruefe(leser.lieferung(), quelle, buch)
            return
        stufe.lege_ab(leser)
        befunde = leser.befunde_des_lesens()
        for teile, summen in stufe.gruppen():
            yield pruefe(leser.baue_lieferung(teile, summen, befunde), quelle, buch)
            befunde = []


class _Stufe:
    """Codes of a long file, one temporary file per Stichtag, as long as the reading lasts."""

    def __init__(self, ordner: Path) -> None:
        self.ordner, self.werte, self.nummer = ordner, 0, 0
        self.je_tag: Counter[np.datetime64] = Counter()

    def beginne(self, nummer: int) -> None:
        """A new reader has started over: what the one before left is void."""
        if nummer != self.nummer:
            self.raeume_auf()
            self.werte, self.nummer = 0, nummer
            self.je_tag.clear()

    def lege_ab(self, leser: Leser) -> None:
        self.ordner.mkdir(exist_ok=True)
        for art, teile in (("werte", leser.teile), ("summen", leser.summen)):
            for teil in teile:
                tage, tag = np.unique(teil[1], return_inverse=True)
                for nr, name in enumerate(tage):
                    auswahl = slice(None) if len(tage) == 1 else tag == nr
                    with open(self._pfad(art, name), "ab") as datei:
                        for feld in teil:
                            np.save(datei, feld[auswahl])
                    self.je_tag[name] += len(teil[1][auswahl])
        self.werte += leser.anzahl
        leser.vergiss()

    def gruppen(self) -> Iterator[tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]]:
        """Values and totals of as many Stichtage as fit, oldest first."""
        gruppe: list[np.datetime64] = []
        for tag in sorted(self.je_tag):
            if gruppe and sum(self.je_tag[t] for t in gruppe) + self.je_tag[tag] > GRUPPE:
                yield self._hole("werte", gruppe), self._hole("summen", gruppe)
                gruppe = []
            gruppe.append(tag)
        yield self._hole("werte", gruppe), self._hole("summen", gruppe)

    def _hole(self, art: str, tage: list[np.datetime64]) -> tuple[np.ndarray, ...]:
        teile = []
        for pfad in (self._pfad(art, tag) for tag in tage):
            if pfad.exists():
                with open(pfad, "rb") as datei:
                    ende = pfad.stat().st_size
                    while datei.tell() < ende:
                        teile.append(tuple(np.load(datei) for _ in FELDER))
                pfad.unlink()
        return verbinde_teile(teile)

    def _pfad(self, art: str, tag: np.datetime64) -> Path:
        return self.ordner / f"{art}_{tag.astype('datetime64[D]')}"

    def raeume_auf(self) -> None:
        shutil.rmtree(self.ordner, ignore_errors=True)


@contextmanager
def _stufe(ordner: Path) -> Iterator[_Stufe]:
    stufe = _Stufe(ordner)
    stufe.raeume_auf()  # remains of a run that was killed
    try:
        yield stufe
    finally:
        stufe.raeume_auf()
