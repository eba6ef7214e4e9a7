"""Leaks planted on purpose, in copies of what was published: each of them has to turn the attacker red."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import openpyxl

from tests.angreifer.beobachtung import Einblick, Ort, Reihe
from tests.angreifer.server import read_behaelter

Zeile = dict[str, str]


def read_zeilen(datei: Path) -> list[Zeile]:
    with datei.open(encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))


def schreibe(zeilen: list[Zeile], wo: dict[str, str], **neu: object) -> list[Zeile]:
    """A copy of a table in which the rows at one place say something else."""
    hier = [all(z[name] == wert for name, wert in wo.items()) for z in zeilen]
    assert any(hier), f"there is no row {wo}"
    return [z | {n: str(w) for n, w in neu.items()} if h else z for z, h in zip(zeilen, hier, strict=True)]


def in_mappe(inhalt: bytes, schluessel: str, tag: str, spalte: str, wert: float, *, versteckt: bool) -> bytes:
    """A copy of a workbook with a number in one cell, on the sheet itself or on a hidden copy of it."""
    buch = openpyxl.load_workbook(io.BytesIO(inhalt))
    blatt = next(b for b in buch.worksheets if _kopfzeile(b) is not None)
    if versteckt:
        blatt = buch.copy_worksheet(blatt)
        blatt.sheet_state = "veryHidden"
    kopf = _kopfzeile(blatt)
    spalten = {zelle.value: zelle.column for zelle in blatt[kopf]}
    for zeile in range(kopf + 1, blatt.max_row + 1):
        stichtag = blatt.cell(zeile, spalten["Stichtag"]).value
        if blatt.cell(zeile, spalten["Schlüssel"]).value == schluessel and f"{stichtag:%Y-%m-%d}" == tag:
            blatt.cell(zeile, spalten[spalte]).value = wert
    neu = io.BytesIO()
    buch.save(neu)
    return neu.getvalue()


def _kopfzeile(blatt) -> int | None:
    return next((z[0].row for z in blatt.iter_rows() if any(c.value == "Schlüssel" for c in z)), None)


def in_eigenschaften(inhalt: bytes, text: str) -> bytes:
    """A copy of a workbook whose properties say something more."""
    neu = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(inhalt)) as alt, zipfile.ZipFile(neu, "w") as archiv:
        for name in alt.namelist():
            teil = alt.read(name)
            if name == "docProps/core.xml":
                teil = teil.replace(b"</dc:description>", f" ({text})</dc:description>".encode())
            archiv.writestr(name, teil)
    return neu.getvalue()


def in_wertdatei(inhalt: bytes, tag: str, platz: int, wert: float, *, als_bits: bool = False) -> bytes:
    """A copy of a map file with a number at one place, or in the bits of the NaN that stands there."""
    kopf, rumpf = read_behaelter(inhalt)
    feld = np.frombuffer(rumpf, "<u4").copy().reshape(-1, len(kopf["stichtage"]), kopf["anzahl"])
    bits = np.uint32(0x7FC0_0000 | int(wert) << 4) if als_bits else np.float32(wert).view("<u4")
    feld[0, kopf["stichtage"].index(tag), platz] = bits
    laenge = int.from_bytes(_roh(inhalt)[:4], "little")
    return _roh(inhalt)[: 4 + laenge] + feld.tobytes()


def _roh(inhalt: bytes) -> bytes:
    return gzip.decompress(inhalt) if inhalt[:2] == b"\x1f\x8b" else inhalt


def sortiere(orte: Iterable[tuple[Ort, float | None]], wahr: Callable[[Ort], float]) -> Einblick:
    """A table sorted by value in which hidden ones stand at their true place."""
    reihe = sorted(orte, key=lambda paar: -(wahr(paar[0]) if paar[1] is None else paar[1]))
    return Einblick(reihen=[Reihe(tuple(reihe), "Rangfolge")])
