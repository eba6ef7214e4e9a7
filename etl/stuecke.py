"""Rows of text → chunks of columns in which every distinct text stands once.

Two ways give the same chunks: the careful one goes line by line and knows quotes, notes and ragged rows; the quick
one takes plain files (no quotes, no notes) in blocks. Whatever the quick one meets and does not expect, it leaves to
the careful one, which finds the words for it.
"""

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv

STUECK = 100_000  # rows handled at once on the careful way: bounds the memory of text
BLOCK = 16 << 20  # bytes handled at once on the quick way


class Ungewoehnlich(Exception):
    """The quick way met something that only the careful way may judge."""


@dataclass
class Spalte:
    """One column of a chunk: `texte[codes]` are its cells; every text occurs at least once."""

    codes: np.ndarray
    texte: np.ndarray

    @classmethod
    def aus(cls, zellen: np.ndarray) -> "Spalte":
        codes, texte = pd.factorize(zellen)
        return cls(codes, texte)

    def __getitem__(self, auswahl: np.ndarray) -> "Spalte":
        """The chosen rows, without the texts that only stood in others."""
        codes, da = self.codes[auswahl], np.zeros(len(self.texte), bool)
        da[codes] = True
        if da.all():
            return Spalte(codes, self.texte)
        return Spalte((np.cumsum(da) - 1)[codes], self.texte[da])

    def je_text(self, regel: Callable[[str], object], typ: type) -> np.ndarray:
        """`regel` of every cell, asked once per text."""
        return np.array([regel(text) for text in self.texte], dtype=typ)[self.codes]

    def erste(self) -> np.ndarray:
        """Row in which every text stands first."""
        erste = np.zeros(len(self.texte), dtype=np.int64)
        erste[self.codes[::-1]] = np.arange(len(self.codes))[::-1]
        return erste


@dataclass
class Stueck:
    """Some rows of a table: their line numbers and the columns somebody asked for."""

    nummern: np.ndarray
    spalten: dict[str, Spalte]

    def __getitem__(self, auswahl: np.ndarray) -> "Stueck":
        return Stueck(self.nummern[auswahl], {name: spalte[auswahl] for name, spalte in self.spalten.items()})


def verbinde(spalten: list[Spalte]) -> Spalte:
    """Columns → one whose texts are joined by " | "; each combination is joined once."""
    erste, *weitere = spalten
    for spalte in weitere:
        paare, codes = np.unique(erste.codes.astype(np.int64) * len(spalte.texte) + spalte.codes, return_inverse=True)
        links, rechts = np.divmod(paare, len(spalte.texte))
        texte = [f"{a} | {b}" for a, b in zip(erste.texte[links], spalte.texte[rechts], strict=True)]
        erste = Spalte(codes, np.array(texte, dtype=object))
    return erste


def stuecke_aus_zeilen(
    zeilen: Iterator[tuple[int, list[str]]], kopf: list[str], gebraucht: set[str]
) -> Iterator[Stueck]:
    """The careful way: numbered rows, all as wide as the head."""
    while stueck := list(islice(zeilen, STUECK)):
        nummern = np.fromiter((nr for nr, _ in stueck), dtype=np.int32, count=len(stueck))
        zellen = dict(zip(kopf, zip(*(zeile for _, zeile in stueck), strict=True), strict=True))
        yield Stueck(nummern, {n: Spalte.aus(np.array(z, dtype=object)) for n, z in zellen.items() if n in gebraucht})


def ist_schlicht(pfad: Path, zeichensatz: str, ende: str | None) -> bool:
    """May this file go the quick way? No quotes, one kind of line end, no note behind the table."""
    if zeichensatz not in ("utf-8", "utf-8-sig", "cp1252", "iso-8859-1") or ende is not None:
        return False
    wagen = paare = 0
    letztes = b""
    with open(pfad, "rb") as datei:
        while block := datei.read(BLOCK):
            if b'"' in block:
                return False
            if b"\r" in block or letztes == b"\r":
                wagen += block.count(b"\r")
                paare += block.count(b"\r\n") + (letztes == b"\r" and block[:1] == b"\n")
            letztes = block[-1:]
    return wagen == paare


def stuecke_aus_datei(
    pfad: Path, zeichensatz: str, trennzeichen: str, kopf: list[str], zeile: int, gebraucht: set[str]
) -> Iterator[Stueck]:
    """The quick way: a plain text file whose table begins behind line `zeile` and goes to the end.

    Raises:
        Ungewoehnlich: a row of another width, an empty line, bytes that are no text.
    """
    namen = [str(nr) for nr in range(len(kopf))]  # heads may repeat; positions do not
    bezeichnung = {str(kopf.index(name)): name for name in gebraucht}
    text = pa.dictionary(pa.int32(), pa.string())
    bom = len(codecs.BOM_UTF8) if _mit_bom(pfad) and zeile == 0 else 0
    try:
        with open(pfad, "rb") as datei:
            datei.seek(bom)
            leser = pacsv.open_csv(
                datei,
                read_options=pacsv.ReadOptions(
                    use_threads=True,
                    block_size=BLOCK,
                    skip_rows=zeile,
                    column_names=namen,
                    encoding={"utf-8-sig": "utf8", "utf-8": "utf8", "iso-8859-1": "latin-1"}.get(
                        zeichensatz, zeichensatz
                    ),
                ),
                parse_options=pacsv.ParseOptions(
                    delimiter=trennzeichen, quote_char=False, escape_char=False, ignore_empty_lines=False
                ),
                convert_options=pacsv.ConvertOptions(
                    column_types=dict.fromkeys(namen, text),
                    include_columns=sorted(bezeichnung, key=int),
                    strings_can_be_null=False,
                    check_utf8=True,
                ),
            )
            naechste = zeile + 1
            for block in leser:
                if block.num_rows:
                    nummern = np.arange(naechste, naechste + block.num_rows, dtype=np.int32)
                    naechste += block.num_rows
                    spalten = {bezeichnung[n]: _spalte(block.column(n)) for n in block.schema.names}
                    yield Stueck(nummern, spalten)
    except (pa.ArrowInvalid, UnicodeDecodeError) as fehler:
        raise Ungewoehnlich from fehler


def _mit_bom(pfad: Path) -> bool:
    with open(pfad, "rb") as datei:
        return datei.read(3) == codecs.BOM_UTF8


def _spalte(spalte: pa.DictionaryArray) -> Spalte:
    codes = spalte.indices.to_numpy(zero_copy_only=False)
    return Spalte(codes, np.array(spalte.dictionary.to_pylist(), dtype=object))
