"""Erase a delivery for good: out of intern.duckdb byte by byte, out of eingang/, out of every text that quotes it.

`lieferung entfernen` takes a delivery back and can be undone; this cannot. Published snapshots are not touched: they
hold protected figures only, and other people may have cited them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etl.annahmen import schwaerze_annahmen, verwirf_wartende
from etl.bestand import abschrift, check_zustaendigkeit, gesperrt, read_bekannte
from etl.dateien import sha256_datei
from etl.quer import pruefe_quer
from geodata.fehler import LieferungError

ERSATZ = "Text gelöscht: Er nannte Werte einer endgültig gelöschten Lieferung."
VERGLEICHE = ("nachlieferung", "sprung", "gleicher_inhalt")  # rules whose findings quote an earlier delivery


@dataclass(frozen=True)
class Loeschung:
    """What goes: all deliveries of the same content, their values, and their files in eingang/."""

    nummern: tuple[int, ...]
    quellen: tuple[str, ...]
    werte: int
    dateien: tuple[Path, ...]


def find_loeschung(ziel: Path, lieferung_id: int) -> Loeschung:
    """What erasing this delivery means; nothing is changed.

    Raises:
        LieferungError: there is no such delivery.
    """
    bekannt = read_bekannte(ziel)
    treffer = bekannt[bekannt["lieferung_id"] == lieferung_id]
    if treffer.empty:
        raise LieferungError(
            f"Eine Lieferung mit der Nummer {lieferung_id} gibt es nicht.",
            wo=str(ziel),
            tun="Die Nummern zeigt »sozialraum lieferung liste«.",
        )
    summe = treffer["sha256"].iloc[0]
    gleiche = bekannt[bekannt["sha256"] == summe]
    eingang = ziel.parent / "eingang"
    dateien = [p for p in sorted(eingang.rglob("*")) if p.is_file() and sha256_datei(p) == summe]
    return Loeschung(
        tuple(int(nr) for nr in gleiche["lieferung_id"]),
        tuple(dict.fromkeys(gleiche["quelle"])),
        int(gleiche["zeilen"].sum()),
        tuple(dateien),
    )


def loesche_lieferung(ziel: Path, lieferung_id: int) -> Loeschung:
    """Erase a delivery and everything that quotes it; killed half-way, the same command goes on.

    Raises:
        LieferungError: there is no such delivery, or what remains contradicts itself; nothing is deleted then.
    """
    with gesperrt(ziel):
        loeschung = find_loeschung(ziel, lieferung_id)
        with abschrift(ziel, rein=True) as con:
            nummern = list(loeschung.nummern)
            vorher = _befunde(con)
            fremd = _schwaerze_vergleiche(con, nummern)
            _loesche(con, nummern)
            check_zustaendigkeit(con)
            pruefe_quer(con)
            schwaerze_annahmen(ziel.parent, (vorher - _befunde(con)) | fremd, ERSATZ)
            verwirf_wartende(ziel.parent)
            for datei in loeschung.dateien:  # before the database: while it lists the delivery one can try again
                _loesche_datei(datei)
    return loeschung


def _befunde(con: Any) -> set[str]:
    return {kennung for (kennung,) in con.execute("SELECT DISTINCT befund_id FROM befund").fetchall()}


def _schwaerze_vergleiche(con: Any, nummern: list[int]) -> set[str]:
    """Findings of later deliveries that compared with these lose their values; they stay listed with rule and place."""
    betroffen = """
        lieferung_id NOT IN (SELECT unnest($nummern)) AND lieferung_id > list_min($nummern)
        AND list_contains($vergleiche, regel) AND (
            merkmal IS NULL OR merkmal = ''
            OR merkmal IN (SELECT merkmal FROM termin WHERE lieferung_id IN (SELECT unnest($nummern)))
        )"""
    parameter = {"nummern": nummern, "vergleiche": list(VERGLEICHE)}
    kennungen = con.execute(f"SELECT DISTINCT befund_id FROM befund WHERE {betroffen}", parameter).fetchall()
    con.execute(
        f"UPDATE befund SET text = $ersatz, gefunden = '', erwartet = '', vorher = '' WHERE {betroffen}",
        parameter | {"ersatz": ERSATZ},
    )
    return {kennung for (kennung,) in kennungen}


def _loesche(con: Any, nummern: list[int]) -> None:
    tabellen = con.execute(
        """
        SELECT table_name FROM duckdb_columns() JOIN duckdb_tables() USING (table_name)
        WHERE column_name = 'lieferung_id' ORDER BY table_name = 'lieferung', table_name
        """
    ).fetchall()
    for (tabelle,) in tabellen:
        con.execute(f'DELETE FROM "{tabelle}" WHERE lieferung_id IN (SELECT unnest(?))', [nummern])
    con.execute("DELETE FROM profil WHERE profil_sha256 NOT IN (SELECT profil_sha256 FROM lieferung)")
    # Texts nobody refers to any more: the code stays, since new ones are counted on from their number.
    con.execute(
        """
        UPDATE wort SET text = '(gelöscht ' || code || ')'
        WHERE code NOT IN (
            SELECT raum FROM zahl UNION SELECT stand FROM zahl UNION SELECT merkmal FROM zahl
            UNION SELECT status FROM zahl UNION SELECT blatt FROM zahl UNION SELECT spalte FROM zahl
        )
        """
    )


def _loesche_datei(datei: Path) -> None:
    try:
        datei.unlink(missing_ok=True)
        if os.name == "posix":
            griff = os.open(datei.parent, os.O_RDONLY)
            os.fsync(griff)
            os.close(griff)
    except OSError as fehler:
        raise LieferungError(
            "Eine Datei im Eingang lässt sich nicht löschen; die Datenbank ist unverändert.",
            wo=f"{datei} ({fehler.strerror})",
            tun="Die Datei schließen oder die Rechte prüfen und den Befehl wiederholen.",
        ) from None
