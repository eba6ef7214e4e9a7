"""Deliveries → intern.duckdb: everything is read and checked first, then one transaction on a copy, then one rename.

A crash at any step leaves the old file: nobody ever writes into the file that is in use.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pandas as pd
from filelock import FileLock, Timeout

from etl.checks import Befund, check_fehlende, check_lieferung, find_fehlende, find_spruenge, ohne_doppelte
from etl.dateien import sha256_datei
from etl.korrekturen import korrigiere
from etl.quelle import Quelle
from etl.raeume import Raumbuch
from etl.read import Lieferung, read_lieferung
from etl.rechnen import berechne, ergaenze_fehlende, ergaenze_summen, ohne_leere
from geodata.fehler import LieferungError
from geodata.gebiet import Gebiet

SCHEMA = Path(__file__).with_name("schema.sql")
WARTEN = 60.0  # seconds for another loader to finish

Melder = Callable[[int, int, str], None]


@dataclass
class Ergebnis:
    """What became of one file: `geladen`, `unverändert` or `entfernt` (taken back earlier, not loaded again)."""

    quelle: str
    datei: str
    ergebnis: str
    werte: int = 0
    lieferung_id: int | None = None
    geaendert: dict[str, int] = field(default_factory=dict)
    befunde: list[Befund] = field(default_factory=list)

    @property
    def text(self) -> str:
        if self.ergebnis == "unverändert":
            return f"{self.quelle}/{self.datei}: unverändert"
        if self.ergebnis == "entfernt":
            return f"{self.quelle}/{self.datei}: früher zurückgenommen, nicht wieder geladen"
        zeilen = [f"{self.quelle}/{self.datei}: {self.werte:,} Werte geladen".replace(",", ".")]
        if self.geaendert:
            was = ", ".join(f"{merkmal}: {anzahl}" for merkmal, anzahl in sorted(self.geaendert.items()))
            zeilen.append(f"  Nachlieferung, geänderte Werte – {was}")
        zeilen += [f"  {'Hinweis' if b.schwere == 'hinweis' else 'Warnung'}: {b.text}" for b in self.befunde]
        return "\n".join(zeilen)


@dataclass
class Bericht:
    gebiet: str
    dateien: list[Ergebnis]

    @property
    def geladen(self) -> int:
        return sum(e.ergebnis == "geladen" for e in self.dateien)

    @property
    def text(self) -> str:
        return "\n".join(e.text for e in self.dateien) or "Keine Lieferungen gefunden."


# ---------------------------------------------------------------- files


def finde_dateien(gebiet: Gebiet, quellen: dict[str, Quelle], eingang: Path) -> list[tuple[Quelle, Path]]:
    """Files in eingang/<quelle>/ with their profile, in the order in which they are loaded.

    Raises:
        LieferungError: a folder without profile, or a file whose name matches none.
    """
    paare = []
    for ordner in sorted(p for p in eingang.iterdir() if p.is_dir()) if eingang.is_dir() else []:
        quelle = quellen.get(ordner.name)
        if quelle is None or gebiet.id not in quelle.gebiet:
            eigene = ", ".join(q.id for q in quellen.values() if gebiet.id in q.gebiet)
            raise LieferungError(
                f"Für den Ordner »{ordner.name}« gibt es im Gebiet »{gebiet.id}« kein Quellenprofil.",
                wo=str(ordner),
                tun=f"Ordner wie eine Quelle benennen ({eigene or 'noch keine'}) oder ein Profil anlegen.",
            )
        for datei in sorted(p for p in ordner.iterdir() if p.is_file() and not p.name.startswith((".", "~$"))):
            if not quelle.passt(datei.name):
                raise LieferungError(
                    f"Quelle »{quelle.id}«: Der Dateiname passt nicht zum Profil.",
                    wo=f"{ordner.name}/{datei.name}",
                    tun=f"Erwartet wird »{quelle.datei.muster}«: Datei umbenennen oder in den richtigen Ordner legen.",
                )
            paare.append((quelle, datei))
    return paare


def pruefe_lieferung(pfad: Path, quelle: Quelle, gebiet: Gebiet, *, buch: Raumbuch | None = None) -> Lieferung:
    """Read one file and apply every rule that needs no database.

    Raises:
        LieferungError: with place and remedy.
    """
    buch = buch or Raumbuch(gebiet)
    lieferung = read_lieferung(pfad, quelle, gebiet, buch=buch)
    befunde = ohne_doppelte(lieferung, quelle)
    befunde += korrigiere(lieferung, quelle)
    lieferung.frame = ohne_leere(lieferung.frame, buch)
    fehlend = find_fehlende(lieferung.frame, buch)
    befunde += check_fehlende(fehlend, lieferung, quelle, buch)
    vollstaendig = ergaenze_summen(ergaenze_fehlende(lieferung.frame, fehlend, quelle), quelle)
    lieferung.frame = berechne(vollstaendig, quelle)
    befunde += check_lieferung(lieferung, quelle, buch)
    lieferung.befunde += befunde
    return lieferung


# ---------------------------------------------------------------- loading


def load(
    gebiet: Gebiet,
    quellen: dict[str, Quelle],
    dateien: list[tuple[Quelle, Path]],
    ziel: Path,
    *,
    melde: Melder | None = None,
) -> Bericht:
    """Load delivered files into `ziel` (intern.duckdb), all or none; the same content twice is "unverändert".

    Raises:
        LieferungError: the first file that breaks a rule; `ziel` is untouched then.
    """
    melde = melde or (lambda done, total, text: None)
    ziel.parent.mkdir(parents=True, exist_ok=True)
    with _gesperrt(ziel):
        bekannt = _read_bekannte(ziel)
        ergebnisse, neue = _lies_alle(gebiet, dateien, bekannt, melde)
        if neue or not ziel.exists():
            melde(len(dateien), len(dateien), "Schreiben")
            with _abschrift(ziel) as con:
                _write_stammdaten(con, gebiet, quellen)
                for ergebnis, lieferung in neue:
                    _write_lieferung(con, gebiet, quellen[lieferung.quelle_id], lieferung, ergebnis)
                _check_zustaendigkeit(con)
    return Bericht(gebiet.id, ergebnisse)


def _lies_alle(
    gebiet: Gebiet, dateien: list[tuple[Quelle, Path]], bekannt: pd.DataFrame, melde: Melder
) -> tuple[list[Ergebnis], list[tuple[Ergebnis, Lieferung]]]:
    ergebnisse, neue, buch = [], [], Raumbuch(gebiet)
    gelesen: dict[tuple[str, str], str] = {}
    for nr, (quelle, pfad) in enumerate(dateien):
        melde(nr, len(dateien), f"{quelle.id}/{pfad.name}")
        sha = sha256_datei(pfad)
        ergebnis = Ergebnis(quelle.id, pfad.name, _schon_da(quelle, pfad, sha, bekannt, gelesen))
        gelesen[quelle.id, sha] = pfad.name
        ergebnisse.append(ergebnis)
        if ergebnis.ergebnis == "geladen":
            lieferung = pruefe_lieferung(pfad, quelle, gebiet, buch=buch)
            ergebnis.werte, ergebnis.befunde = len(lieferung.frame), lieferung.befunde
            neue.append((ergebnis, lieferung))
    return ergebnisse, neue


def _schon_da(quelle: Quelle, pfad: Path, sha: str, bekannt: pd.DataFrame, gelesen: dict) -> str:
    """Has this content been loaded before, and under which name?"""
    gleich = bekannt[(bekannt["quelle"] == quelle.id) & (bekannt["sha256"] == sha)]
    gueltig = gleich[gleich["entfernt_am"].isna()]
    namen = [*gueltig["datei"], *([gelesen[quelle.id, sha]] if (quelle.id, sha) in gelesen else [])]
    andere = [name for name in namen if name != pfad.name]
    if andere and quelle.stichtag_im_dateinamen:
        raise LieferungError(
            f"Quelle »{quelle.id}«: Der Inhalt ist identisch mit »{andere[0]}«.",
            wo=pfad.name,
            tun="Vermutlich wurde dieselbe Datei unter neuem Namen abgelegt. Die richtige Datei anfordern.",
        )
    if andere or (gueltig["profil_sha256"] == quelle.sha256).any():
        return "unverändert"
    return "entfernt" if len(gleich) > len(gueltig) and gueltig.empty else "geladen"


@contextmanager
def _gesperrt(ziel: Path) -> Iterator[None]:
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
def _abschrift(ziel: Path) -> Iterator[duckdb.DuckDBPyConnection]:
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


def _write_stammdaten(con: duckdb.DuckDBPyConnection, gebiet: Gebiet, quellen: dict[str, Quelle]) -> None:
    """Räume, parents and Merkmale as the catalogues say today."""
    merkmale = {m: a for q in quellen.values() if gebiet.id in q.gebiet for m, a in q.merkmale.items()}
    con.execute("DELETE FROM raum; DELETE FROM raum_eltern; DELETE FROM merkmal")
    con.register("raeume", gebiet.read_raeume())
    con.register("eltern", gebiet.read_eltern())
    con.execute("INSERT INTO raum SELECT raum_id, gebietsstand, name, ebene, rest FROM raeume")
    con.execute("INSERT INTO raum_eltern SELECT raum_id, gebietsstand, eltern_id, hierarchie FROM eltern")
    con.executemany(
        "INSERT INTO merkmal VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                m,
                a.titel,
                a.einheit,
                a.recht,
                a.art,
                a.zeitbezug,
                list(a.summe_aus),
                a.teil_von,
                [list(teile) for teile in a.weitere_summen],
            )
            for m, a in merkmale.items()
        ],
    )


def _write_lieferung(
    con: duckdb.DuckDBPyConnection, gebiet: Gebiet, quelle: Quelle, lieferung: Lieferung, ergebnis: Ergebnis
) -> None:
    nummer = con.execute("SELECT nextval('lieferung_nr')").fetchall()[0][0]
    staende = {tag: gebiet.gebietsstand_am(tag).id for tag in lieferung.stichtage}
    con.register("neu", lieferung.frame)
    con.register("staende", pd.DataFrame({"stichtag": pd.to_datetime(list(staende)), "stand": list(staende.values())}))
    ergebnis.lieferung_id = nummer
    ergebnis.geaendert = _zaehle_aenderungen(con, quelle)
    con.execute(
        "INSERT INTO lieferung VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
        [nummer, quelle.id, lieferung.datei, lieferung.sha256, quelle.sha256, _jetzt(), len(lieferung.frame)],
    )
    con.execute(
        """
        INSERT INTO fallzahl
        SELECT raum_id::TEXT, stand, neu.stichtag::DATE, merkmal::TEXT, nullif(wert, 'NaN'::DOUBLE), status::TEXT,
               $nummer, blatt::TEXT, nullif(zeile, 0), spalte::TEXT
        FROM neu JOIN staende ON staende.stichtag::DATE = neu.stichtag::DATE
        """,
        {"nummer": nummer},
    )
    ergebnis.befunde += find_spruenge(_read_vorher(con, nummer), quelle)
    if ergebnis.befunde:
        con.register("befunde", pd.DataFrame([vars(b) for b in ergebnis.befunde]))
        con.execute(
            "INSERT INTO befund SELECT $nummer, $quelle, regel, merkmal, schwere, text, ort FROM befunde",
            {"nummer": nummer, "quelle": quelle.id},
        )


def _zaehle_aenderungen(con: duckdb.DuckDBPyConnection, quelle: Quelle) -> dict[str, int]:
    """Values that differ from what counted so far for the same Stichtage of this source, per Merkmal."""
    zeilen = con.execute(
        """
        WITH alt AS (
            SELECT f.raum_id, f.stichtag, f.merkmal, f.wert, f.status
            FROM fallzahl_gueltig f JOIN lieferung USING (lieferung_id)
            WHERE quelle = $quelle AND stichtag IN (SELECT DISTINCT stichtag::DATE FROM neu)
        ), jetzt AS (
            SELECT raum_id::TEXT AS raum_id, stichtag::DATE AS stichtag, merkmal::TEXT AS merkmal,
                   nullif(wert, 'NaN'::DOUBLE) AS wert, status::TEXT AS status
            FROM neu WHERE stichtag::DATE IN (SELECT DISTINCT stichtag FROM alt)
        )
        SELECT merkmal, count(*)
        FROM alt FULL JOIN jetzt USING (raum_id, stichtag, merkmal)
        WHERE alt.wert IS DISTINCT FROM jetzt.wert OR alt.status IS DISTINCT FROM jetzt.status
        GROUP BY merkmal ORDER BY merkmal
        """,
        {"quelle": quelle.id},
    ).fetchall()
    return dict(zeilen)


def _read_vorher(con: duckdb.DuckDBPyConnection, nummer: int) -> pd.DataFrame:
    """Values of one delivery beside those of the Stichtag before; only pairs that differ by half or more."""
    return con.execute(
        """
        WITH reihe AS (
            SELECT raum_id, merkmal, stichtag, wert, lieferung_id,
                   lag(wert) OVER (PARTITION BY merkmal, raum_id ORDER BY stichtag) AS vorher
            FROM fallzahl_gueltig
            WHERE wert IS NOT NULL AND merkmal IN (SELECT DISTINCT merkmal FROM fallzahl WHERE lieferung_id = $nummer)
        )
        SELECT raum_id, merkmal, stichtag, wert, vorher
        FROM reihe
        WHERE lieferung_id = $nummer AND abs(wert - vorher) >= 0.5 * least(abs(wert), abs(vorher)) AND wert <> vorher
        ORDER BY merkmal, raum_id, stichtag
        """,
        {"nummer": nummer},
    ).df()


def _check_zustaendigkeit(con: duckdb.DuckDBPyConnection) -> None:
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
    _setze_entfernt(ziel, lieferung_id, _jetzt())


def hole_lieferung_zurueck(ziel: Path, lieferung_id: int) -> None:
    """Undo `entferne_lieferung`."""
    _setze_entfernt(ziel, lieferung_id, None)


def _setze_entfernt(ziel: Path, lieferung_id: int, wann: datetime | None) -> None:
    with _gesperrt(ziel):
        if lieferung_id not in set(_read_bekannte(ziel)["lieferung_id"]):
            raise LieferungError(
                f"Eine Lieferung mit der Nummer {lieferung_id} gibt es nicht.",
                wo=str(ziel),
                tun="Die Nummern zeigt »sozialraum lieferung liste«.",
            )
        with _abschrift(ziel) as con:
            con.execute("UPDATE lieferung SET entfernt_am = ? WHERE lieferung_id = ?", [wann, lieferung_id])
            _check_zustaendigkeit(con)


def _read_bekannte(ziel: Path) -> pd.DataFrame:
    if not ziel.exists():
        return pd.DataFrame(columns=["lieferung_id", "quelle", "datei", "sha256", "profil_sha256", "entfernt_am"])
    return _read(ziel, "SELECT lieferung_id, quelle, datei, sha256, profil_sha256, entfernt_am FROM lieferung")


def _read(ziel: Path, sql: str) -> pd.DataFrame:
    with duckdb.connect(str(ziel), read_only=True) as con:
        return con.execute(sql).df()


def _jetzt() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
