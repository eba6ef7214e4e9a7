"""intern.duckdb as a file: one writer at a time on a copy, replaced by one rename; what it holds, read only.

A crash at any step leaves the old file: nobody ever writes into the file that is in use.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pandas as pd
from filelock import FileLock, Timeout

from geodata.fehler import LieferungError

SCHEMA = Path(__file__).with_name("schema.sql")
WARTEN = 60.0  # seconds for another loader to finish


@contextmanager
def gesperrt(ziel: Path) -> Iterator[None]:
    """One writer at a time; the lock of a dead process is free by itself."""
    try:
        with FileLock(str(ziel) + ".lock", timeout=WARTEN):
            yield
    except Timeout:
        raise LieferungError(
            "Ein anderer Vorgang lädt gerade Lieferungen in dieses Gebiet.",
            wo=str(ziel),
            tun="Warten, bis er fertig ist, und den Befehl wiederholen.",
        ) from None


@contextmanager
def abschrift(ziel: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a copy of `ziel` inside one transaction; replaces `ziel` only after success."""
    entwurf = ziel.with_name(ziel.name + ".neu")
    for rest in (entwurf, entwurf.with_name(entwurf.name + ".wal")):
        rest.unlink(missing_ok=True)
    try:
        if ziel.exists():
            shutil.copyfile(ziel, entwurf)
        con = duckdb.connect(str(entwurf))
        try:
            con.execute(SCHEMA.read_text(encoding="utf-8"))
            con.execute("BEGIN")
            yield con
            con.execute("COMMIT")
            con.execute("CHECKPOINT")
        finally:
            con.close()
        _ersetze(entwurf, ziel)
    finally:
        for rest in (entwurf, entwurf.with_name(entwurf.name + ".wal")):
            rest.unlink(missing_ok=True)


def _ersetze(entwurf: Path, ziel: Path) -> None:
    """Durable before visible; on Windows a scanner may hold the file for a moment."""
    with open(entwurf, "rb+") as datei:
        os.fsync(datei.fileno())
    for versuch in range(20):
        try:
            os.replace(entwurf, ziel)
            break
        except PermissionError:
            if versuch == 19:
                raise
            time.sleep(0.1)
    if os.name == "posix":
        ordner = os.open(ziel.parent, os.O_RDONLY)
        os.fsync(ordner)
        os.close(ordner)


def check_zustaendigkeit(con: duckdb.DuckDBPyConnection) -> None:
    """One value has one source: two sources may share a Merkmal, never the same Raum and Stichtag of it."""
    doppelt = con.execute(
        """
        SELECT merkmal, stichtag, min(raum_id), min(quelle), max(quelle), count(*) OVER () AS anzahl
        FROM fallzahl_gueltig JOIN lieferung USING (lieferung_id)
        GROUP BY merkmal, stichtag, raum_id HAVING count(DISTINCT quelle) > 1
        ORDER BY ALL LIMIT 1
        """
    ).fetchall()
    if doppelt:
        merkmal, stichtag, raum_id, eine, andere, anzahl = doppelt[0]
        raise LieferungError(
            f"Zwei Quellen liefern denselben Wert: »{merkmal}« am {stichtag:%d.%m.%Y} ({anzahl} Räume und Stichtage).",
            wo=f"Quellen »{eine}« und »{andere}«, etwa Raum {raum_id}",
            tun="Entscheiden, welche Quelle gilt, und das Merkmal im Profil der anderen umbenennen oder streichen.",
        )


# ---------------------------------------------------------------- what is there


def list_lieferungen(ziel: Path) -> pd.DataFrame:
    """One row per delivery, oldest first: `lieferung_id`, `quelle`, `datei`, `stichtage` (text), `geladen_am` (UTC),
    `zeilen`, `gilt` (bool: speaks for at least one Stichtag), `entfernt_am` (missing: not taken back)."""
    return _read(
        ziel,
        """
        SELECT l.lieferung_id, l.quelle, l.datei,
               CASE WHEN min(f.stichtag) = max(f.stichtag) THEN strftime(min(f.stichtag), '%d.%m.%Y')
                    ELSE strftime(min(f.stichtag), '%d.%m.%Y') || ' bis ' || strftime(max(f.stichtag), '%d.%m.%Y')
               END AS stichtage,
               l.geladen_am, l.zeilen,
               l.lieferung_id IN (SELECT DISTINCT lieferung_id FROM fallzahl_gueltig) AS gilt, l.entfernt_am
        FROM lieferung l LEFT JOIN fallzahl f USING (lieferung_id)
        GROUP BY ALL ORDER BY l.lieferung_id
        """,
    )


def read_befunde(ziel: Path) -> pd.DataFrame:
    """Findings of the deliveries that are not taken back: `lieferung_id`, `quelle`, `datei`, `regel`, `merkmal`,
    `schwere`, `text`, `ort`. The texts may hold values: command line only."""
    return _read(
        ziel,
        """
        SELECT b.lieferung_id, b.quelle, l.datei, b.regel, b.merkmal, b.schwere, b.text, b.ort
        FROM befund b JOIN lieferung l USING (lieferung_id)
        WHERE l.entfernt_am IS NULL ORDER BY ALL
        """,
    )


def entferne_lieferung(ziel: Path, lieferung_id: int) -> None:
    """Take a delivery back; the one before it speaks again. Nothing is deleted."""
    _setze_entfernt(ziel, lieferung_id, jetzt())


def hole_lieferung_zurueck(ziel: Path, lieferung_id: int) -> None:
    """Undo `entferne_lieferung`."""
    _setze_entfernt(ziel, lieferung_id, None)


def _setze_entfernt(ziel: Path, lieferung_id: int, wann: datetime | None) -> None:
    with gesperrt(ziel):
        if lieferung_id not in set(read_bekannte(ziel)["lieferung_id"]):
            raise LieferungError(
                f"Eine Lieferung mit der Nummer {lieferung_id} gibt es nicht.",
                wo=str(ziel),
                tun="Die Nummern zeigt »sozialraum lieferung liste«.",
            )
        with abschrift(ziel) as con:
            con.execute("UPDATE lieferung SET entfernt_am = ? WHERE lieferung_id = ?", [wann, lieferung_id])
            check_zustaendigkeit(con)


def read_bekannte(ziel: Path) -> pd.DataFrame:
    if not ziel.exists():
        return pd.DataFrame(columns=["lieferung_id", "quelle", "datei", "sha256", "profil_sha256", "entfernt_am"])
    return _read(ziel, "SELECT lieferung_id, quelle, datei, sha256, profil_sha256, entfernt_am FROM lieferung")


def _read(ziel: Path, sql: str) -> pd.DataFrame:
    with duckdb.connect(str(ziel), read_only=True) as con:
        return con.execute(sql).df()


def jetzt() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
