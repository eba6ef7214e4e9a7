"""No secret string: a planted number in any stream of bytes, however it is written."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator

WORTZEICHEN = frozenset(b"0123456789.,")


def find_spuren(inhalt: bytes, zahl: int) -> list[str]:
    """In which forms a number stands in some bytes, packed ones unpacked."""
    funde = []
    for ort, stueck in entpacke(inhalt):
        funde += [f"{ort}{form}" for form in _formen(stueck, zahl)]
    return funde


def entpacke(inhalt: bytes, ort: str = "") -> Iterator[tuple[str, bytes]]:
    """The bytes themselves and everything packed in them."""
    yield ort, inhalt
    if inhalt[:2] == b"\x1f\x8b":
        yield from entpacke(gzip.decompress(inhalt), f"{ort}gzip: ")
    elif inhalt[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(inhalt)) as archiv:
            for name in archiv.namelist():
                yield from entpacke(archiv.read(name), f"{ort}{name}: ")
    elif inhalt[:8] == b"\x89PNG\r\n\x1a\n":
        yield from ((f"{ort}PNG {art}: ", text) for art, text in _png_texte(inhalt))


def _png_texte(inhalt: bytes) -> Iterator[tuple[str, bytes]]:
    stelle = 8
    while stelle + 8 <= len(inhalt):
        (laenge,), art = struct.unpack(">I", inhalt[stelle : stelle + 4]), inhalt[stelle + 4 : stelle + 8]
        daten = inhalt[stelle + 8 : stelle + 8 + laenge]
        if art in (b"tEXt", b"iTXt", b"eXIf"):
            yield art.decode(), daten
        elif art == b"zTXt":
            yield "zTXt", zlib.decompress(daten.partition(b"\0")[2][1:])
        stelle += 12 + laenge


def _formen(inhalt: bytes, zahl: int) -> Iterator[str]:
    deutsch = f"{zahl:,}".replace(",", ".")
    texte = {str(zahl), deutsch, f"{zahl:,}", f"{zahl}.0", f"{zahl},0", deutsch.replace(".", "\u00a0"),
             deutsch.replace(".", "\u202f"), deutsch.replace(".", " ")}  # fmt: skip
    for text in sorted(texte):
        for kodierung in ("utf-8", "utf-16-le"):
            if _steht(inhalt, text.encode(kodierung), breite=len("0".encode(kodierung))):
                yield f"Text »{text}« ({kodierung})"
    binaer = {"float32": "<f", "float64": "<d", "float64, groß zuerst": ">d"}
    if zahl >= 1 << 16:  # shorter whole numbers stand in any file by chance
        binaer |= {"int32": "<i", "int64": "<q", "int32, groß zuerst": ">i"}
    for name, form in binaer.items():
        if struct.pack(form, zahl) in inhalt:
            yield name


def _steht(inhalt: bytes, text: bytes, *, breite: int) -> bool:
    """Whether the text stands there as a number of its own and not within a longer one."""
    stelle = inhalt.find(text)
    while stelle >= 0:
        ende = stelle + len(text)
        davor, danach = inhalt[max(0, stelle - breite) : stelle], inhalt[ende : ende + breite]
        if not (davor[:1].isdigit() or danach[:1].isdigit()):
            return True
        stelle = inhalt.find(text, stelle + 1)
    return False
