"""Case lists: delivered file → columns of codes. Only declared columns are kept, and no message repeats a cell."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path

import numpy as np

from etl.befund import Befund
from etl.dateien import pruefe_datei, read_blaetter
from etl.mappen import Blatt
from etl.quelle import Quelle, naechster_name
from etl.read import KOPF_SUCHE, flache_namen
from etl.stuecke import Spalte, Stueck, Ungewoehnlich, ist_schlicht, stuecke_aus_datei, stuecke_aus_zeilen
from etl.zahlen import saeubern
from geodata.fehler import LieferungError

STELLE = re.compile(r"\b(Zeile|Byte|Blatt|Zelle) (\d+|[A-Z]{1,3}\d+)\b")
GENANNT = 5  # lines named in one message
GRUENDE = (  # what a reader may have found, told without the text it found it in
    ("Umlaute sind beschädigt", "Umlaute sind beschädigt (doppelt umgewandelt)."),
    ("Umlaute der Datei sind nicht lesbar", "Der Zeichensatz stimmt nicht."),
    ("Nullzeichen", "Die Datei enthält Nullzeichen und ist vermutlich beschädigt."),
    ("Anführungszeichen", "Ein Anführungszeichen wird geöffnet und nicht (richtig) geschlossen."),
    ("ist leer", "Die Datei ist leer."),
    ("Kennwort", "Die Datei ist mit einem Kennwort geschützt."),
    ("Makros", "Die Datei enthält Makros."),
    ("Erwartet ist", "Die Datei hat ein anderes Format, als im Profil steht."),
    ("Formel", "Eine Formel hat kein gespeichertes Ergebnis."),
    ("fehlt", "Ein Blatt fehlt."),
    ("beschädigt", "Die Datei ist beschädigt."),
)


@dataclass
class Fallspalten:
    """Declared columns as codes; `nummern` are the lines they stood in, for messages only."""

    spalten: dict[str, Spalte]
    nummern: np.ndarray
    sha256: str
    befunde: list[Befund] = field(default_factory=list)

    def je_text(
        self, quelle: Quelle, datei: str, spalte: str, regel: Callable[[str], object], typ: object
    ) -> np.ndarray:
        """`regel` of every cell, asked once per text; a ValueError of the rule stops with column and line.

        Raises:
            LieferungError: without the text.
        """
        werte, falsch = np.empty(len(self.spalten[spalte].texte), dtype=typ), []
        for nr, text in enumerate(self.spalten[spalte].texte):
            try:
                werte[nr] = regel(text)
            except ValueError:
                falsch.append(nr)
        if falsch:
            raise self.fehler(quelle, datei, spalte, falsch)
        return werte[self.spalten[spalte].codes]

    def fehler(self, quelle: Quelle, datei: str, spalte: str, texte: list[int], genannt: str = "") -> LieferungError:
        """Cells that are not what the profile says, by line."""
        zeilen = self.nummern[np.isin(self.spalten[spalte].codes, texte)]
        ort = ", ".join(map(str, zeilen[:GENANNT])) + (
            f" und {len(zeilen) - GENANNT} weitere" * (len(zeilen) > GENANNT)
        )
        was = f"{genannt} ist im Profil nicht beschrieben" if genannt else "Eine Angabe ist nicht zu verstehen"
        return LieferungError(
            f"Quelle »{quelle.id}«: {was} (Spalte »{spalte}«).",
            wo=f"{datei}, Zeile {ort}; der Inhalt wird aus Gründen des Datenschutzes nicht wiederholt",
            tun=f"Die Zeilen in der Datei ansehen und berichtigen lassen, oder die Form der Spalte im Profil "
            f'{quelle.id}.toml unter [fallliste] anpassen, etwa datum = "%d/%m/%Y".',
        )


def read_fallspalten(pfad: Path, quelle: Quelle) -> Fallspalten:
    """The declared columns of one list; all others are dropped while their line is taken apart.

    Raises:
        LieferungError: with line and column, never with content.
    """
    gebraucht = find_gebraucht(quelle)
    with ohne_inhalt(pfad, quelle):
        inhalt = pruefe_datei(pfad, quelle)
        if ist_schlicht(pfad, inhalt.zeichensatz, quelle.datei.ende):
            try:
                blatt = next(iter(read_blaetter(pfad, quelle, inhalt)))
                kopf, zeile = _finde_kopf(blatt, iter(blatt.zeilen), pfad, quelle, gebraucht)
                trenner = quelle.datei.trennzeichen
                stuecke = stuecke_aus_datei(pfad, inhalt.zeichensatz, trenner, kopf, zeile, set(gebraucht))
                return _sammle(stuecke, kopf, gebraucht, inhalt.sha256, inhalt.befunde)
            except Ungewoehnlich:
                pass  # the careful way knows what to say
        namen: list[str] = []
        stuecke = _gruendlich(pfad, quelle, read_blaetter(pfad, quelle, inhalt), gebraucht, namen)
        return _sammle(stuecke, namen, gebraucht, inhalt.sha256, inhalt.befunde)


def find_gebraucht(quelle: Quelle) -> list[str]:
    """Every column the profile of a case list names."""
    raum = [quelle.raum.spalte] if quelle.raum.spalte else []
    ort = quelle.zuordnung.spalten if quelle.zuordnung else []
    return list(dict.fromkeys([*quelle.fallliste.spalten, *raum, *ort, *quelle.datei.ausser, *quelle.datei.nur]))


@contextmanager
def ohne_inhalt(pfad: Path, quelle: Quelle) -> Iterator[None]:
    """Errors of the general readers, reduced to what is wrong and where: they may quote the file."""
    try:
        yield
    except _EigenerFehler as fehler:
        raise LieferungError(fehler.was, wo=fehler.wo, tun=fehler.tun) from None
    except LieferungError as fehler:
        grund = next((satz for zeichen, satz in GRUENDE if zeichen in fehler.was), "Die Datei ist nicht zu lesen.")
        stellen = [" ".join(treffer) for treffer in STELLE.findall(fehler.wo.replace(pfad.name, ""))]
        raise LieferungError(
            f"Quelle »{quelle.id}«: {grund}",
            wo=", ".join([pfad.name, *stellen]),
            tun="Die Datei an der genannten Stelle ansehen und im Profil unter [datei] format, zeichensatz und "
            "trennzeichen prüfen; sonst beim Lieferanten neu anfordern.",
        ) from None


class _EigenerFehler(LieferungError):
    """Written here, so known to hold no content."""


def _fehler(quelle: Quelle, was: str, wo: str, tun: str) -> _EigenerFehler:
    return _EigenerFehler(f"Quelle »{quelle.id}«: {was}", wo=wo, tun=tun)


def _sammle(
    stuecke: Iterator[Stueck], kopf: list[str], gebraucht: list[str], sha: str, befunde: list[Befund]
) -> Fallspalten:
    """Chunks → whole columns with one list of texts each."""
    texte = {name: defaultdict(count().__next__) for name in gebraucht}  # a new text gets the next code
    codes: dict[str, list[np.ndarray]] = {name: [] for name in gebraucht}
    nummern = [np.empty(0, dtype=np.int32)]
    for stueck in stuecke:
        nummern.append(stueck.nummern)
        for name in gebraucht:
            spalte = stueck.spalten[name]
            neu = np.fromiter(map(texte[name].__getitem__, spalte.texte), np.int32, len(spalte.texte))
            codes[name].append(neu[spalte.codes])
    uebrig = len(set(kopf) - set(gebraucht))
    if uebrig:
        text = f"{uebrig} weitere Spalte(n) der Fallliste wurden nicht gelesen."
        befunde = [*befunde, Befund("spalten", "hinweis", text)]
    spalten = {
        name: Spalte(
            np.concatenate([np.empty(0, np.int32), *codes.pop(name)]), np.array(list(texte.pop(name)), dtype=object)
        )
        for name in gebraucht
    }
    return Fallspalten(spalten, np.concatenate(nummern), sha, befunde)


def _gruendlich(
    pfad: Path, quelle: Quelle, blaetter: Iterator[Blatt], gebraucht: list[str], namen: list[str]
) -> Iterator[Stueck]:
    """Row by row: quotes, notes, workbooks. `namen` takes up the headers."""
    for blatt in blaetter:
        zeilen = iter(blatt.zeilen)
        kopf, _ = _finde_kopf(blatt, zeilen, pfad, quelle, gebraucht)
        namen += kopf
        yield from stuecke_aus_zeilen(_datenzeilen(zeilen, len(kopf), blatt, pfad, quelle), kopf, set(gebraucht))


def _finde_kopf(
    blatt: Blatt, zeilen: Iterator[tuple[int, list[str]]], pfad: Path, quelle: Quelle, gebraucht: list[str]
) -> tuple[list[str], int]:
    """Headers and the line in which they end; the head is the row that holds the anchor."""
    anker = quelle.datei.kopf or quelle.fallliste.person
    for nr, zeile in islice(zeilen, KOPF_SUCHE):
        texte = [saeubern(zelle) for zelle in zeile]
        if anker in texte:
            weitere = [[saeubern(z) for z in w] for _, w in islice(zeilen, quelle.datei.kopf_zeilen - 1)]
            kopf = flache_namen([texte, *weitere])
            _check_kopf(kopf, f"{_ort(pfad, blatt)}, Zeile {nr}", quelle, gebraucht)
            return kopf, nr + quelle.datei.kopf_zeilen - 1
    raise _fehler(
        quelle,
        f"Die Kopfzeile mit »{anker}« fehlt.",
        f"{_ort(pfad, blatt)}, Zeile 1 bis {KOPF_SUCHE}",
        "Überschriften und Trennzeichen der Datei ansehen und im Profil eintragen, genau wie sie dort stehen.",
    )


def _check_kopf(kopf: list[str], ort: str, quelle: Quelle, gebraucht: list[str]) -> None:
    for name in gebraucht:
        if kopf.count(name) != 1:
            sicher = 2 * sum(n in kopf for n in gebraucht) > len(gebraucht)  # a head, not a row that looks like one
            nahe = naechster_name(name, [n for n in kopf if n not in gebraucht]) if sicher else None
            was = "fehlt in der Lieferung" if name not in kopf else f"kommt {kopf.count(name)}-mal vor"
            raise _fehler(
                quelle,
                f"Die Spalte »{name}« {was}.",
                ort,
                (f"Gemeint »{nahe}«? " if nahe and name not in kopf else "")
                + f"Den Namen im Profil {quelle.id}.toml anpassen oder die Spalte nachliefern lassen.",
            )


def _datenzeilen(
    zeilen: Iterator[tuple[int, list[str]]], breite: int, blatt: Blatt, pfad: Path, quelle: Quelle
) -> Iterator[tuple[int, list[str]]]:
    ende = quelle.datei.ende
    for nr, zeile in zeilen:
        if ende and zeile and zeile[0].startswith(ende):
            return
        while zeile and not zeile[-1].strip():
            zeile.pop()
        if not zeile:
            continue
        if len(zeile) > breite or (len(zeile) == 1 < breite):
            raise _fehler(
                quelle,
                f"Die Zeile hat {len(zeile)} gefüllte Spalten, die Kopfzeile {breite}.",
                f"{_ort(pfad, blatt)}, Zeile {nr}",
                "Steht das Trennzeichen mitten in einem Text? Dann gehört der Text in Anführungszeichen. Ist es eine "
                'Fußnote? Dann im Profil unter [datei] ende = "…" eintragen.',
            )
        yield nr, zeile + [""] * (breite - len(zeile))


def _ort(pfad: Path, blatt: Blatt) -> str:
    return pfad.name + (f", Blatt »{blatt.name}«" if blatt.excel else "")
