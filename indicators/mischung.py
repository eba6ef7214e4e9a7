"""The view of a role for single Kommunen: `kommune` inside them, `oeffentlich` everywhere else, in one database.

Why nobody learns more from it than the profile `kommune` shows: profiles are nested (what `kommune` hides,
`oeffentlich` hides too), so every cell of the mixture is hidden or open exactly as in `kommune` (inside) or, where it
differs (outside), hidden although `kommune` shows it. The open cells are a subset of those of `kommune`, whose audit
has bounded every hidden cell against a reader who knows more. All values of one role come from one snapshot. What is
not a value of a Raum (counts of hidden cells, findings, deliveries) is taken from `oeffentlich`, which anybody may see;
class edges are those of `oeffentlich`, or computed from the cells of the mixture alone; so are comparisons, ranks and
trends, since `kommune` derives them from values that this view does not show.

The rows are copied into memory instead of being asked through both files: a database that does not hold a row cannot
give it away, whatever is asked.
"""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from indicators.auswertung import build_angaben, build_auswertung
from indicators.klassen import build_klassen
from indicators.vergleichswerte import find_werte
from indicators.wertdatei import build_vergleich, mische_behaelter, pack_behaelter

JE_RAUM = ("kennzahl", "kennzahl_umgerechnet", "umbruch")  # rows of single Räume: inside or outside
# Comparisons, ranks, trends: made of values of several Räume, so they are computed anew from the values of the mixture.
ERRECHNET = ("auswertung", "abschnitt", "gleiche")
ORTE = ("raum", "raum_eltern")  # names and places, no values: of the wider profile, which may know more levels
_SCHLUESSEL = secrets.token_bytes(32)  # names of mixed files differ from process to process and cannot be computed


@dataclass(frozen=True)
class Sicht:
    """What somebody sees of one Gebiet: `freigabe` everywhere, but `innen` in these Kommunen and below."""

    freigabe: str
    kommunen: frozenset[str] = frozenset()
    innen: str = "kommune"
    titel: str = ""  # shown instead of the title of the profile

    @property
    def kennung(self) -> str:
        """Short text that tells this view from every other of the same snapshot."""
        text = "\0".join((self.freigabe, self.innen if self.kommunen else "", self.titel, *sorted(self.kommunen)))
        return f"{self.freigabe}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


@dataclass(frozen=True)
class Mischdatei:
    """A value file of the mixture: the two files it is made of (None: that profile has none) and its place."""

    innen: str | None
    aussen: str | None
    kennzahl: str
    ebene: str
    gebietsstand: str
    art: str


def verbinde(ordner: Path, sicht: Sicht) -> tuple[duckdb.DuckDBPyConnection, dict[str, Mischdatei]]:
    """Build the mixed database in memory; the files are closed again and nothing outside can be reached from it.

    Returns:
        The connection, and the value files by their new names. A file that is the same in both profiles keeps its name
        and is not listed.
    """
    con = duckdb.connect(":memory:")
    try:
        for name, profil in (("innen", sicht.innen), ("aussen", sicht.freigabe)):
            pfad = str(ordner / f"{profil}.duckdb").replace("'", "''")
            con.execute(f"ATTACH '{pfad}' AS {name} (READ_ONLY)")
        _kopiere(con, sicht)
        dateien = _mische_namen(con, sicht)
        _ergaenze_katalog(con)
        _ergaenze_klassen(con)
        _werte_aus(con)
        _schreibe_stand(con, sicht)
        con.execute("DETACH innen; DETACH aussen")
        con.execute("SET enable_external_access = false; SET lock_configuration = true")
    except BaseException:
        con.close()
        raise
    return con, dateien


def _kopiere(con: duckdb.DuckDBPyConnection, sicht: Sicht) -> None:
    """Every table, each row from the side that its Raum lies on."""
    con.execute(
        """
        CREATE TABLE drin AS
        WITH RECURSIVE teil AS (
            SELECT DISTINCT raum_id, gebietsstand FROM innen.raum WHERE list_contains($kommunen, raum_id)
            UNION
            SELECT e.raum_id, e.gebietsstand FROM innen.raum_eltern e
            JOIN teil ON e.eltern_id = teil.raum_id AND e.gebietsstand = teil.gebietsstand
        )
        SELECT * FROM teil
        """,
        {"kommunen": sorted(sicht.kommunen)},
    )
    tabellen = con.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = 'aussen' ORDER BY table_name"
    ).fetchall()
    for (tabelle,) in tabellen:
        if tabelle in JE_RAUM:
            con.execute(
                f"""
                CREATE TABLE {tabelle} AS
                SELECT * FROM innen.{tabelle} SEMI JOIN drin USING (raum_id, gebietsstand)
                UNION ALL BY NAME
                SELECT * FROM aussen.{tabelle} ANTI JOIN drin USING (raum_id, gebietsstand)
                """
            )
        else:
            seite, grenze = "innen" if tabelle in ORTE else "aussen", "LIMIT 0" if tabelle in ERRECHNET else ""
            con.execute(f"CREATE TABLE {tabelle} AS SELECT * FROM {seite}.{tabelle} {grenze}")


def _mische_namen(con: duckdb.DuckDBPyConnection, sicht: Sicht) -> dict[str, Mischdatei]:
    """The table `datei` with names of its own wherever both profiles differ."""
    snapshot = con.execute("SELECT wert FROM aussen.stand WHERE schluessel = 'snapshot'").fetchone()[0]
    zeilen = con.execute(
        """
        WITH alle AS (
            SELECT kennzahl_id, ebene, gebietsstand, art, i.name AS innen, a.name AS aussen
            FROM innen.datei i FULL JOIN aussen.datei a USING (kennzahl_id, ebene, gebietsstand, art)
        ), da AS (
            SELECT kennzahl_id, ebene, gebietsstand FROM kennzahl
            UNION SELECT kennzahl_id, ebene, gebietsstand FROM kennzahl_umgerechnet
        )
        SELECT * FROM alle
        WHERE art = 'geo' OR aussen IS NOT NULL OR (kennzahl_id, ebene, gebietsstand) IN (FROM da)
        ORDER BY gebietsstand, kennzahl_id, ebene, art
        """
    ).fetchall()
    dateien: dict[str, Mischdatei] = {}
    con.execute("DELETE FROM datei")
    for kennzahl, ebene, gebietsstand, art, innen, aussen in zeilen:
        if art == "geo" or (innen == aussen and art != "vergleich"):
            name = innen or aussen
        else:
            text = "\0".join((snapshot, sicht.kennung, kennzahl, ebene, gebietsstand, art))
            zeichen = hmac.new(_SCHLUESSEL, text.encode(), "sha256").hexdigest()[:40]
            endung = f"{art.removesuffix('_heute')}.bin"
            name = f"{kennzahl}_{ebene}_{gebietsstand}_{zeichen}.{endung}"
            dateien[name] = Mischdatei(innen, aussen, kennzahl, ebene, gebietsstand, art)
        con.execute("INSERT INTO datei VALUES (?, ?, ?, ?, ?)", [kennzahl, ebene, gebietsstand, art, name])
    return dateien


def _ergaenze_katalog(con: duckdb.DuckDBPyConnection) -> None:
    """Kennzahlen that only the inner profile has: their definition and origin, which hold no values."""
    con.execute("INSERT INTO katalog SELECT * FROM innen.katalog i ANTI JOIN aussen.katalog a USING (kennzahl_id)")
    con.execute(
        """
        INSERT INTO herkunft BY NAME
        SELECT * FROM innen.herkunft i
        ANTI JOIN aussen.herkunft a USING (kennzahl_id, stichtag)
        SEMI JOIN kennzahl k USING (kennzahl_id, stichtag)
        """
    )


def _ergaenze_klassen(con: duckdb.DuckDBPyConnection) -> None:
    """Edges where `oeffentlich` has none, and room for inner values beyond its outer edges."""
    con.execute(
        """
        UPDATE klasse SET
            von = CASE WHEN klasse.nr = g.erste THEN least(klasse.von, g.kleinster) ELSE klasse.von END,
            bis = CASE WHEN klasse.nr = g.letzte THEN greatest(klasse.bis, g.groesster) ELSE klasse.bis END
        FROM (
            SELECT n.*, w.kleinster, w.groesster
            FROM (SELECT kennzahl_id, ebene, min(nr) AS erste, max(nr) AS letzte FROM klasse GROUP BY ALL) n
            JOIN (SELECT kennzahl_id, ebene, min(wert) AS kleinster, max(wert) AS groesster FROM kennzahl
                  WHERE wert IS NOT NULL GROUP BY ALL) w USING (kennzahl_id, ebene)
        ) g
        WHERE g.kennzahl_id = klasse.kennzahl_id AND g.ebene = klasse.ebene
        """
    )
    neue = con.execute(
        """
        SELECT k.kennzahl_id, k.ebene, any_value(c.eintrag ->> 'art'), list(k.wert)
        FROM kennzahl k JOIN katalog c USING (kennzahl_id) ANTI JOIN klasse USING (kennzahl_id, ebene)
        WHERE k.wert IS NOT NULL GROUP BY k.kennzahl_id, k.ebene
        """
    ).fetchall()
    for kennzahl, ebene, art, werte in neue:
        kanten = build_klassen(werte, art=art)
        for nr in range(len(kanten) - 1):
            con.execute("INSERT INTO klasse VALUES (?, ?, ?, ?, ?)", [kennzahl, ebene, nr, kanten[nr], kanten[nr + 1]])


def _werte_aus(con: duckdb.DuckDBPyConnection) -> None:
    """Comparisons, ranks and trends of the values of the mixture, with the definitions of both profiles."""
    namen = ("kennzahl", "kennzahl_umgerechnet", "raum", "vergleichswert")
    tabellen = {name: con.execute(f"SELECT * FROM {name}").df() for name in namen}
    aussen = find_werte(tabellen["vergleichswert"])
    eintraege = con.execute("SELECT eintrag FROM katalog ORDER BY reihenfolge").fetchall()
    je_kennzahl = dict(list(tabellen["kennzahl"].groupby("kennzahl_id", sort=False)))
    neu = build_auswertung(
        je_kennzahl,
        tabellen["kennzahl_umgerechnet"],
        tabellen["raum"],
        build_angaben((e for (e,) in eintraege), aussen),
    )
    for name, tabelle in neu.items():
        con.register("neu", tabelle)
        con.execute(f"INSERT INTO {name} BY NAME SELECT {find_spalten(con, name)} FROM neu")
        con.unregister("neu")


def find_spalten(con: duckdb.DuckDBPyConnection, tabelle: str) -> str:
    """The columns of a table; NaN of pandas becomes NULL, since a bare NaN never happens in a snapshot."""
    spalten = con.execute(
        """
        SELECT column_name, data_type FROM duckdb_columns()
        WHERE table_name = $t AND database_name = current_database() ORDER BY column_index
        """,
        {"t": tabelle},
    ).fetchall()
    return ", ".join(
        f"CASE WHEN isnan({s}) THEN NULL ELSE {s} END AS {s}" if typ == "DOUBLE" else s for s, typ in spalten
    )


def _schreibe_stand(con: duckdb.DuckDBPyConnection, sicht: Sicht) -> None:
    """Title and watermark of the inner profile, and that counts of hidden cells are those of the outer one."""
    roh = {
        seite: {k: json.loads(w) for k, w in con.execute(f"SELECT schluessel, wert FROM {seite}.stand").fetchall()}
        for seite in ("innen", "aussen")
    }
    innen, aussen = roh["innen"], roh["aussen"]
    neu = {
        "freigabe": sicht.innen,
        "freigabe_titel": sicht.titel or innen["freigabe_titel"],
        "freigabe_beschreibung": innen.get("freigabe_beschreibung", ""),
        "wasserzeichen": innen["wasserzeichen"],
        "ebenen": innen["ebenen"],
        "schutz_fassung": aussen["freigabe_titel"],
    }
    for schluessel, wert in neu.items():
        con.execute("DELETE FROM stand WHERE schluessel = ?", [schluessel])
        con.execute("INSERT INTO stand VALUES (?, ?)", [schluessel, json.dumps(wert, ensure_ascii=False)])


def mische_datei(ordner: Path, sicht: Sicht, con: duckdb.DuckDBPyConnection, datei: Mischdatei) -> bytes:
    """The compressed value file: Räume inside from one file, all others from the other."""
    if datei.art == "vergleich":
        return _vergleichsdatei(con, datei)
    drin = con.execute(
        """
        SELECT d.raum_id IS NOT NULL FROM raum r LEFT JOIN drin d USING (raum_id, gebietsstand)
        WHERE r.gebietsstand = $stand AND (r.ebene = $ebene AND NOT r.rest OR r.rest)
        ORDER BY r.rest, r.nr
        """,
        {"stand": datei.gebietsstand, "ebene": datei.ebene},
    ).fetchall()
    innen, aussen = (
        (ordner / f"werte_{profil}" / name).read_bytes() if name else None
        for profil, name in ((sicht.innen, datei.innen), (sicht.freigabe, datei.aussen))
    )
    return mische_behaelter(innen, aussen, np.array([d for (d,) in drin], bool))


def _vergleichsdatei(con: duckdb.DuckDBPyConnection, datei: Mischdatei) -> bytes:
    """Verdicts and ranks of the mixture, as `publish` writes those of a profile."""
    ort = {"kennzahl": datei.kennzahl, "ebene": datei.ebene, "gebietsstand": datei.gebietsstand}
    tabelle = con.execute(
        """
        SELECT raum_id, stichtag, rest_wert, rest_urteil, rest_streng, rest_grund, rang_von, rang_bis FROM auswertung
        WHERE kennzahl_id = $kennzahl AND ebene = $ebene AND gebietsstand = $gebietsstand
        """,
        ort,
    ).df()
    raeume = con.execute(
        """
        SELECT raum_id FROM raum WHERE gebietsstand = $gebietsstand AND (ebene = $ebene AND NOT rest OR rest)
        ORDER BY rest, nr
        """,
        {"ebene": datei.ebene, "gebietsstand": datei.gebietsstand},
    ).df()
    kopf, rumpf = build_vergleich(tabelle, raeume, ort)
    return gzip.compress(pack_behaelter(kopf, rumpf), 6, mtime=0)
