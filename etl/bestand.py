"""intern.duckdb as a file: one writer at a time on a copy, replaced by one rename; what it holds, read only.

A crash at any step leaves the old file: nobody ever writes into the file that is in use.
"""

import errno
import json
import logging
import os
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pandas as pd
from filelock import FileLock, Timeout

from etl.befund import Befund
from etl.quer import pruefe_quer
from geodata.fehler import LieferungError

SCHEMA_VERSION = 2  # of intern.duckdb; 1: texts in every row
SCHEMA = Path(__file__).with_name("schema.sql")
WARTEN = 60.0  # seconds for another loader to finish
SPEICHER = "300MB"  # for the database while loading, however long a delivery is


@contextmanager
def gesperrt(ziel: Path) -> Iterator[None]:
    """One writer at a time, on a file of today's schema.

    Raises:
        LieferungError: as `sperre`, or `ziel` is damaged or a newer program wrote it.
    """
    with sperre(ziel):
        if read_version(ziel) not in (None, SCHEMA_VERSION):
            with abschrift(ziel):
                pass  # brought up to date in the copy
        yield


@contextmanager
def sperre(ziel: Path) -> Iterator[None]:
    """Keep every other writer away without looking into `ziel`; the lock of a dead process is free by itself, and
    whoever takes it over says so.

    Raises:
        LieferungError: somebody else keeps it, or the folder cannot be written to.
    """
    wer = ziel.with_name(ziel.name + ".wer")
    with schreibfehler(ziel):
        ziel.parent.mkdir(parents=True, exist_ok=True)
        schloss = FileLock(str(ziel) + ".lock", timeout=WARTEN)
        try:
            schloss.acquire()
        except Timeout:
            raise LieferungError(
                f"Ein anderer Vorgang lädt gerade Lieferungen in dieses Gebiet: gesperrt von {_wer_sperrt(wer)}.",
                wo=str(ziel),
                tun="Warten, bis er fertig ist, und den Befehl wiederholen.",
            ) from None
    try:
        if wer.exists():
            logging.getLogger(__name__).warning(
                "Die Sperre von %s war verwaist (Vorgang abgebrochen); sie wurde übernommen.", _wer_sperrt(wer)
            )
        with schreibfehler(ziel):
            angabe = {"vorgang": os.getpid(), "rechner": socket.gethostname(), "seit": f"{jetzt()}"}
            wer.write_text(json.dumps(angabe), encoding="utf-8")
        yield
    finally:
        wer.unlink(missing_ok=True)
        schloss.release()


def _wer_sperrt(wer: Path) -> str:
    try:
        angabe = json.loads(wer.read_text())
        return f"Vorgang {angabe['vorgang']} auf »{angabe['rechner']}« seit {angabe['seit'][:16]} Uhr (UTC)"
    except (OSError, ValueError, KeyError, TypeError):
        return "einem unbekannten Vorgang"


VOLL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
VERWEHRT = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.EISDIR)


@contextmanager
def schreibfehler(ziel: Path) -> Iterator[None]:
    """A full disk and a folder that cannot be written to, told as what they are; other errors pass as they come."""
    try:
        yield
    except (OSError, duckdb.Error) as fehler:
        text, nummer = str(fehler), getattr(fehler, "errno", None)
        if isinstance(getattr(fehler, "filename", None), str) and not _liegt_dort(fehler.filename, ziel):
            raise  # a delivery that cannot be read, not our folder
        if nummer in VOLL or any(os.strerror(n) in text for n in VOLL):
            raise LieferungError(
                "Der Datenträger ist voll; nichts wurde geändert, der bisherige Stand gilt weiter.",
                wo=str(ziel.parent),
                tun="Platz schaffen (etwa doppelt so viel, wie intern.duckdb groß ist) und den Befehl wiederholen.",
            ) from None
        if nummer in VERWEHRT or any(os.strerror(n) in text for n in VERWEHRT):
            raise LieferungError(
                "Der Datenordner lässt sich nicht beschreiben; nichts wurde geändert.",
                wo=f"{ziel.parent} ({os.strerror(nummer) if nummer else text.splitlines()[0]})",
                tun="Schreibrechte des Ordners und seinen Besitzer prüfen oder mit --daten einen anderen nennen.",
            ) from None
        raise


def _liegt_dort(datei: str, ziel: Path) -> bool:
    ordner, ort = ziel.parent.resolve(), Path(datei).resolve()
    return ort == ordner or (ordner in ort.parents and "eingang" not in ort.relative_to(ordner).parts)


@contextmanager
def abschrift(ziel: Path, *, rein: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a copy of `ziel` inside one transaction; replaces `ziel` only after success.

    Args:
        rein: written anew at the end, so that nothing of what was deleted is left in unused parts of the file.
    """
    entwurf = ziel.with_name(ziel.name + ".neu")
    for rest in (entwurf, entwurf.with_name(f"rein.{entwurf.name}")):
        _wirf_weg(rest)  # what a run that was killed has left
    try:
        with schreibfehler(ziel):
            if ziel.exists():
                shutil.copyfile(ziel, entwurf)
            con = duckdb.connect(str(entwurf), config={"memory_limit": SPEICHER})
            try:
                _bringe_auf_stand(con, ziel)
                yield con
                con.execute("CHECKPOINT")
            finally:
                con.close()
            if rein:
                _schreibe_neu(entwurf)
            _ersetze(entwurf, ziel)
    finally:
        _wirf_weg(entwurf)


def _schreibe_neu(entwurf: Path) -> None:
    """Only what counts goes into the new file; VACUUM leaves deleted texts where they were (measured, duckdb 2.0)."""
    rein = entwurf.with_name(f"rein.{entwurf.name}")
    _wirf_weg(rein)
    try:
        with duckdb.connect(str(rein), config={"memory_limit": SPEICHER}) as con:
            con.execute(f"ATTACH '{str(entwurf).replace(chr(39), chr(39) * 2)}' AS alt (READ_ONLY)")
            (heisst,) = con.execute("SELECT current_database()").fetchall()[0]
            con.execute(f'COPY FROM DATABASE alt TO "{heisst}"')
            con.execute("DETACH alt")
            con.execute("CHECKPOINT")
        os.replace(rein, entwurf)
    finally:
        _wirf_weg(rein)


def _wirf_weg(entwurf: Path) -> None:
    for rest in (entwurf, entwurf.with_name(entwurf.name + ".wal")):
        rest.unlink(missing_ok=True)
    shutil.rmtree(entwurf.with_name(entwurf.name + ".tmp"), ignore_errors=True)


# ---------------------------------------------------------------- older and newer program versions


def read_version(ziel: Path) -> int | None:
    """Schema version of intern.duckdb; None: there is none yet.

    Raises:
        LieferungError: the file is damaged, or a newer program wrote it.
    """
    if not ziel.exists():
        return None
    try:
        with duckdb.connect(str(ziel), read_only=True) as con:
            return _version(con, ziel)
    except (duckdb.IOException, duckdb.SerializationException) as fehler:
        if not isinstance(fehler, duckdb.SerializationException) and "lock" in str(fehler):
            raise
        raise LieferungError(
            "Die interne Datenbank ist beschädigt oder stammt von einem neueren Programm.",
            wo=f"{ziel} ({str(fehler).splitlines()[0]})",
            tun="Die Datei aus der Datensicherung zurückholen oder umbenennen und alle Lieferungen neu laden.",
        ) from None


def _version(con: duckdb.DuckDBPyConnection, ziel: Path) -> int:
    if not con.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'fassung'").fetchall():
        return 1
    version = con.execute("SELECT coalesce(max(version), $heute) FROM fassung", {"heute": SCHEMA_VERSION}).fetchall()
    if version[0][0] > SCHEMA_VERSION:
        raise LieferungError(
            "Die interne Datenbank wurde von einer neueren Programmversion geschrieben.",
            wo=f"{ziel} (Fassung {version[0][0]}, dieses Programm kennt {SCHEMA_VERSION})",
            tun="Das Programm aktualisieren. Die Datei bleibt unverändert.",
        )
    return version[0][0]


def _bringe_auf_stand(con: duckdb.DuckDBPyConnection, ziel: Path) -> None:
    """Create or migrate the tables, in a copy that nobody reads yet."""
    leer = not con.execute("SELECT 1 FROM duckdb_tables()").fetchall()
    alt = not leer and _version(con, ziel) < SCHEMA_VERSION
    if alt:
        con.execute("BEGIN")
        for (sicht,) in con.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall():
            con.execute(f'DROP VIEW "{sicht}"')
        con.execute("ALTER TABLE IF EXISTS fallzahl RENAME TO fallzahl_alt")
    con.execute(SCHEMA.read_text(encoding="utf-8"))
    if alt:
        con.execute(UMZUG)
        con.execute("COMMIT")
    if leer or alt:
        con.execute("DELETE FROM fassung; INSERT INTO fassung VALUES ($version)", {"version": SCHEMA_VERSION})


UMZUG = """
ALTER TABLE befund ADD COLUMN IF NOT EXISTS befund_id TEXT;
ALTER TABLE befund ADD COLUMN IF NOT EXISTS raum_id TEXT;
ALTER TABLE befund ADD COLUMN IF NOT EXISTS stichtag DATE;
ALTER TABLE befund ADD COLUMN IF NOT EXISTS blatt TEXT;
ALTER TABLE befund ADD COLUMN IF NOT EXISTS zeile INTEGER;
ALTER TABLE befund ADD COLUMN IF NOT EXISTS spalte TEXT;
ALTER TABLE befund ADD COLUMN IF NOT EXISTS gefunden TEXT;
ALTER TABLE befund ADD COLUMN IF NOT EXISTS erwartet TEXT;
ALTER TABLE befund ADD COLUMN IF NOT EXISTS vorher TEXT;
ALTER TABLE befund ADD COLUMN IF NOT EXISTS quer BOOLEAN;
UPDATE befund SET befund_id = left(md5(concat_ws('|', quelle, regel, merkmal, text)), 10), quer = false
WHERE befund_id IS NULL;
CREATE TABLE IF NOT EXISTS fallzahl_alt AS SELECT * FROM fallzahl LIMIT 0;
INSERT INTO wort
SELECT (SELECT count(*) FROM wort) + row_number() OVER (ORDER BY text) - 1, text
FROM (SELECT DISTINCT coalesce(text, '') AS text FROM (
    SELECT DISTINCT raum_id AS text FROM fallzahl_alt UNION SELECT DISTINCT gebietsstand FROM fallzahl_alt
    UNION SELECT DISTINCT merkmal FROM fallzahl_alt UNION SELECT DISTINCT status FROM fallzahl_alt
    UNION SELECT DISTINCT blatt FROM fallzahl_alt UNION SELECT DISTINCT spalte FROM fallzahl_alt))
WHERE text NOT IN (SELECT text FROM wort);
INSERT INTO zahl
SELECT raum.code, stand.code, f.stichtag, merkmal.code, f.wert, status.code, f.lieferung_id, blatt.code, f.zeile,
       spalte.code
FROM fallzahl_alt f
JOIN wort raum ON raum.text = f.raum_id
JOIN wort stand ON stand.text = f.gebietsstand
JOIN wort merkmal ON merkmal.text = f.merkmal
JOIN wort status ON status.text = f.status
JOIN wort blatt ON blatt.text = coalesce(f.blatt, '')
JOIN wort spalte ON spalte.text = coalesce(f.spalte, '');
INSERT INTO termin SELECT lieferung_id, stichtag, merkmal, count(*) FROM fallzahl_alt GROUP BY ALL;
DROP TABLE fallzahl_alt;
INSERT INTO abdruck
SELECT lieferung_id, stichtag, bit_xor(hash(raum, merkmal, wert, status)), count(wert), count(DISTINCT wert)
FROM zahl GROUP BY lieferung_id, stichtag
"""


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
        WITH geteilt AS (  -- few: sources that share a Merkmal at the same Stichtag
            SELECT t.merkmal, t.stichtag
            FROM termin t JOIN sprecher s USING (lieferung_id, stichtag)
            GROUP BY ALL HAVING count(DISTINCT quelle) > 1
        )
        SELECT merkmal, stichtag, min(raum_id), min(quelle), max(quelle), count(*) OVER () AS anzahl
        FROM fallzahl_gueltig JOIN geteilt USING (merkmal, stichtag) JOIN lieferung USING (lieferung_id)
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
    return frage(
        ziel,
        """
        SELECT l.lieferung_id, l.quelle, l.datei,
               CASE WHEN min(t.stichtag) = max(t.stichtag) THEN strftime(min(t.stichtag), '%d.%m.%Y')
                    ELSE strftime(min(t.stichtag), '%d.%m.%Y') || ' bis ' || strftime(max(t.stichtag), '%d.%m.%Y')
               END AS stichtage,
               l.geladen_am, l.zeilen,
               l.lieferung_id IN (SELECT lieferung_id FROM sprecher) AS gilt, l.entfernt_am
        FROM lieferung l LEFT JOIN termin t USING (lieferung_id)
        GROUP BY ALL ORDER BY l.lieferung_id
        """,
    )


def read_befunde(ziel: Path) -> pd.DataFrame:
    """Findings of the deliveries that speak for at least one Stichtag, one row each: `lieferung_id`, `quelle`, `datei`,
    `regel`, `merkmal`, `schwere`, `text`, `ort`, `befund_id` and the single fields of `Befund`. The texts may hold
    values: command line only."""
    return frage(
        ziel,
        """
        SELECT b.lieferung_id, b.quelle, l.datei, b.regel, b.merkmal, b.schwere, b.text, b.ort, b.befund_id,
               b.raum_id, b.stichtag, b.blatt, b.zeile, b.spalte, b.gefunden, b.erwartet, b.vorher
        FROM befund b JOIN lieferung l USING (lieferung_id)
        WHERE l.lieferung_id IN (SELECT lieferung_id FROM sprecher)
        ORDER BY ALL
        """,
    )


def write_befunde(con: duckdb.DuckDBPyConnection, nummer: int, quelle_id: str, befunde: list[Befund]) -> None:
    """Add the findings of one delivery, each once."""
    if not befunde:
        return
    zeilen = {b.kennung(quelle_id): vars(b) for b in befunde}
    tafel = pd.DataFrame(zeilen.values()).assign(befund_id=list(zeilen))
    con.register("befunde", tafel.assign(stichtag=pd.to_datetime(tafel["stichtag"])))
    con.execute(
        """
        INSERT INTO befund BY NAME
        SELECT $nummer AS lieferung_id, $quelle AS quelle, false AS quer, raum AS raum_id, stichtag::DATE AS stichtag,
               * EXCLUDE (raum, stichtag)
        FROM befunde
        """,
        {"nummer": nummer, "quelle": quelle_id},
    )
    con.unregister("befunde")


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
            pruefe_quer(con)


def read_bekannte(ziel: Path) -> pd.DataFrame:
    if not ziel.exists():
        felder = ["lieferung_id", "quelle", "datei", "sha256", "profil_sha256", "zeilen", "entfernt_am"]
        return pd.DataFrame(columns=felder)
    return frage(ziel, "SELECT lieferung_id, quelle, datei, sha256, profil_sha256, zeilen, entfernt_am FROM lieferung")


def frage(ziel: Path, sql: str, parameter: dict | None = None) -> pd.DataFrame:
    """Ask intern.duckdb, read only.

    Raises:
        LieferungError: an older or newer program wrote it.
    """
    if read_version(ziel) != SCHEMA_VERSION:
        raise LieferungError(
            "Die interne Datenbank stammt von einer älteren Programmversion.",
            wo=str(ziel),
            tun="»sozialraum laden« bringt sie auf den heutigen Stand; dabei geht nichts verloren.",
        )
    with duckdb.connect(str(ziel), read_only=True, config={"enable_external_access": "false"}) as con:
        return con.execute(sql, parameter or {}).df()


def jetzt() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
