"""Parquet → rows of text. Numbers keep exactly the digits they have; NULL and NaN are an empty cell."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from etl.mappen import Blatt
from etl.personen import check_zeile, harte_stelle
from etl.quelle import Quelle
from geodata.fehler import LieferungError

STAPEL = 20_000  # rows unpacked at once
GRENZE = 2 << 30  # bytes unpacked that a delivery may have


def read_parquet(pfad: Path, quelle: Quelle, *, alle: bool = False) -> Blatt:
    """The one table of the file; line 1 is the head, line 2 the first row. `alle`: also numbers nobody asked for."""
    try:
        datei = pq.ParquetFile(pfad)
        groesse = sum(datei.metadata.row_group(nr).total_byte_size for nr in range(datei.num_row_groups))
        schema = datei.schema_arrow
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError):
        raise _beschaedigt(pfad, quelle) from None
    if groesse > GRENZE:
        raise LieferungError(
            f"Quelle »{quelle.id}«: Die Datei ist ausgepackt unzulässig groß ({groesse >> 20} MB).",
            wo=pfad.name,
            tun="Beim Lieferanten einen Auszug für das Gebiet anfordern.",
        )
    for feld in schema:
        if pa.types.is_nested(feld.type) or pa.types.is_binary(feld.type) or pa.types.is_large_binary(feld.type):
            raise LieferungError(
                f"Quelle »{quelle.id}«: Die Spalte »{feld.name}« enthält keine einfachen Werte ({feld.type}).",
                wo=pfad.name,
                tun="Eine Datei mit einer Zahl oder einem Text je Zelle anfordern.",
            )
    namen = list(schema.names)
    return Blatt("", _zeilen(pfad, quelle, datei, set(namen) if alle else quelle.gelesene_spalten(namen)))


def _zeilen(pfad: Path, quelle: Quelle, datei: pq.ParquetFile, gelesen: set[str]) -> Iterator[tuple[int, list[str]]]:
    namen, nummer = list(datei.schema_arrow.names), 2
    yield 1, namen
    try:
        for stapel in datei.iter_batches(STAPEL):
            paare = list(zip(namen, stapel.columns, strict=True))
            # a column of numbers that nobody reads holds nothing a person could be known by
            spalten = [
                _texte(spalte, quelle.datei.dezimal) if name in gelesen or not _ist_zahl(spalte) else [""] * len(spalte)
                for name, spalte in paare
            ]
            _check_personen(pfad, quelle, paare, spalten, nummer)
            yield from ((nummer + i, list(zeile)) for i, zeile in enumerate(zip(*spalten, strict=True)))
            nummer += len(stapel)
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError):
        raise _beschaedigt(pfad, quelle) from None


def _check_personen(pfad: Path, quelle: Quelle, paare: list, spalten: list[list[str]], erste: int) -> None:
    for nr, (_, spalte) in enumerate(paare):
        if not _ist_zahl(spalte) and harte_stelle("\t".join(set(spalten[nr]))) is not None:
            zeile = next(i for i, text in enumerate(spalten[nr]) if harte_stelle(text) is not None)
            check_zeile([reihe[zeile] for reihe in spalten], erste + zeile, pfad.name, quelle)


def _ist_zahl(spalte: pa.Array) -> bool:
    return pa.types.is_integer(spalte.type) or pa.types.is_floating(spalte.type) or pa.types.is_decimal(spalte.type)


def _texte(spalte: pa.Array, dezimal: str) -> list[str]:
    if pa.types.is_dictionary(spalte.type):
        spalte = spalte.cast(spalte.type.value_type)
    if pa.types.is_floating(spalte.type):
        werte = spalte.to_numpy(zero_copy_only=False)  # NULL becomes NaN; float32 keeps its own shortest digits
        je_wert: dict[np.floating, str] = {}
        return [je_wert[w] if w in je_wert else je_wert.setdefault(w, _kommazahl(w, dezimal)) for w in werte]
    als_text = _umwandlung(spalte.type, dezimal)
    return ["" if wert is None else als_text(wert) for wert in spalte.to_pylist()]


def _kommazahl(wert: np.floating, dezimal: str) -> str:
    if np.isnan(wert):
        return ""
    if not np.isfinite(wert):
        return str(wert)
    return str(int(wert)) if wert == np.floor(wert) else np.format_float_positional(wert).replace(".", dezimal)


def _umwandlung(art: pa.DataType, dezimal: str) -> Callable[[object], str]:
    if pa.types.is_decimal(art):
        return lambda wert: format(wert, "f").replace(".", dezimal)
    if pa.types.is_boolean(art):
        return lambda wert: "WAHR" if wert else "FALSCH"
    if pa.types.is_timestamp(art):
        return lambda wert: wert.date().isoformat() if wert.time().isoformat() == "00:00:00" else wert.isoformat()
    return str


def _beschaedigt(pfad: Path, quelle: Quelle) -> LieferungError:
    return LieferungError(
        f"Quelle »{quelle.id}«: Die Parquet-Datei ist beschädigt.",
        wo=pfad.name,
        tun="Die Datei beim Lieferanten neu anfordern.",
    )
