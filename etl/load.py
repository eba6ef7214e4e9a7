"""Deliveries → intern.duckdb: read, checked and written into a copy file by file; one rename makes all of it valid.

A crash at any step leaves the old file: nobody ever writes into the file that is in use.
"""

import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from etl.annahmen import ANNAHMEN, pruefe_sperrende
from etl.befund import Befund
from etl.bestand import abschrift, check_zustaendigkeit, gesperrt, jetzt, read_bekannte, write_befunde
from etl.dateien import sha256_datei
from etl.gruppen import pruefe_gruppen
from etl.nachlieferung import find_aenderungen
from etl.profilstand import find_profilstand
from etl.quelle import Quelle
from etl.quer import pruefe_quer, write_regeln
from etl.raeume import Raumbuch, find_gebietsstand
from etl.read import Lieferung
from etl.spruenge import find_gleiche, find_paare, find_spruenge
from geodata.fehler import LieferungError
from geodata.gebiet import Gebiet

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
        LieferungError: the first file that breaks a rule, or findings nobody has accepted; `ziel` is untouched then.
    """
    melde = melde or (lambda done, total, text: None)
    with gesperrt(ziel):
        ergebnisse = _was_ist_neu(gebiet, dateien, read_bekannte(ziel))
        neue = [(e, q, pfad) for e, (q, pfad) in zip(ergebnisse, dateien, strict=True) if e.ergebnis == "geladen"]
        if neue or not ziel.exists():
            with abschrift(ziel) as con:
                _write_stammdaten(con, gebiet, quellen)
                buch = Raumbuch(gebiet)
                for nr, (ergebnis, quelle, pfad) in enumerate(neue):
                    name = f"{quelle.id}/{pfad.name}"
                    melde(nr, len(neue), name)

                    def fortschritt(werte: int, nr: int = nr, name: str = name) -> None:
                        melde(nr, len(neue), f"{name}, {werte / 1e6:.1f} Mio. Werte".replace(".", ",", 1))

                    _lade_datei(con, gebiet, quelle, pfad, ergebnis, buch, ziel.parent, fortschritt)
                melde(len(neue), len(neue), "Schreiben")
                check_zustaendigkeit(con)
                for nummer, _, befund in pruefe_quer(con):
                    for ergebnis in (e for e in ergebnisse if e.lieferung_id == nummer):
                        ergebnis.befunde.append(befund)
                funde = [(e.quelle, e.datei, b) for e in ergebnisse for b in e.befunde]
                pruefe_sperrende(ziel.parent, funde, gebiet_id=gebiet.id)
        else:
            pruefe_sperrende(ziel.parent, [], gebiet_id=gebiet.id)
    return Bericht(gebiet.id, ergebnisse)


def probiere(
    gebiet: Gebiet,
    quellen: dict[str, Quelle],
    dateien: list[tuple[Quelle, Path]],
    ziel: Path,
    *,
    melde: Melder | None = None,
) -> Bericht:
    """What `load` would do, done with a copy that is thrown away: differences are seen before anything counts.

    Raises:
        LieferungError: as `load`.
    """
    with tempfile.TemporaryDirectory(prefix="sozialraum_") as ordner:
        for vorhanden in (ziel, ziel.with_name(ANNAHMEN)):
            if vorhanden.exists():
                shutil.copyfile(vorhanden, Path(ordner) / vorhanden.name)
        return load(gebiet, quellen, dateien, Path(ordner) / ziel.name, melde=melde)


def _was_ist_neu(gebiet: Gebiet, dateien: list[tuple[Quelle, Path]], bekannt: pd.DataFrame) -> list[Ergebnis]:
    ergebnisse, gelesen = [], {}
    for quelle, pfad in dateien:
        sha = sha256_datei(pfad)
        stand = find_profilstand(quelle, gebiet)
        ergebnisse.append(Ergebnis(quelle.id, pfad.name, _schon_da(quelle, stand, pfad, sha, bekannt, gelesen)))
        gelesen[quelle.id, sha] = pfad.name
    return ergebnisse


def _schon_da(quelle: Quelle, stand: str, pfad: Path, sha: str, bekannt: pd.DataFrame, gelesen: dict) -> str:
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
    if andere or (gueltig["profil_sha256"] == stand).any():
        return "unverändert"
    return "entfernt" if len(gleich) > len(gueltig) and gueltig.empty else "geladen"


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
    write_regeln(con, [q for q in quellen.values() if gebiet.id in q.gebiet])


def _lade_datei(
    con: duckdb.DuckDBPyConnection,
    gebiet: Gebiet,
    quelle: Quelle,
    pfad: Path,
    ergebnis: Ergebnis,
    buch: Raumbuch,
    ordner: Path,
    fortschritt: Callable[[int], None],
) -> None:
    """One delivery, group by group, into the draft; any error leaves the draft to be thrown away."""
    nummer = con.execute("SELECT nextval('lieferung_nr')").fetchall()[0][0]
    ergebnis.lieferung_id = nummer
    stand = find_profilstand(quelle, gebiet)
    profil = [stand, quelle.id, quelle.model_dump_json()]
    con.execute("INSERT OR IGNORE INTO profil VALUES (?, ?, ?)", profil)
    befunde: list[Befund] = []
    with ThreadPoolExecutor(1) as schreiber:  # one group is written while the next is checked
        geschrieben: Future | None = None
        letzte = None
        for lieferung in pruefe_gruppen(pfad, quelle, buch, ordner, melde=fortschritt):
            if geschrieben is None:
                con.execute(
                    "INSERT INTO lieferung VALUES (?, ?, ?, ?, ?, ?, 0, NULL)",
                    [nummer, quelle.id, lieferung.datei, lieferung.sha256, stand, jetzt()],
                )
            else:
                spruenge, letzte = geschrieben.result()
                befunde += spruenge
            ergebnis.werte += len(lieferung.frame)
            befunde += lieferung.befunde
            geschrieben = schreiber.submit(_write_gruppe, con, gebiet, quelle, lieferung, nummer, ergebnis, letzte)
        befunde += geschrieben.result()[0]
    befunde += _find_gleiche(con, nummer, quelle)
    ergebnis.befunde = list(dict.fromkeys(befunde))
    con.execute("UPDATE lieferung SET zeilen = ? WHERE lieferung_id = ?", [ergebnis.werte, nummer])
    write_befunde(con, nummer, quelle.id, ergebnis.befunde)


def _find_gleiche(con: duckdb.DuckDBPyConnection, nummer: int, quelle: Quelle) -> list[Befund]:
    neu = con.execute("SELECT * FROM abdruck WHERE lieferung_id = ?", [nummer]).df()
    andere = con.execute(
        """
        SELECT stichtag, abdruck, datei FROM abdruck JOIN sprecher s USING (lieferung_id, stichtag)
        JOIN lieferung USING (lieferung_id) WHERE s.quelle = ? ORDER BY stichtag
        """,
        [quelle.id],
    ).df()
    return find_gleiche(neu, andere, quelle)


def _write_gruppe(
    con: duckdb.DuckDBPyConnection,
    gebiet: Gebiet,
    quelle: Quelle,
    lieferung: Lieferung,
    nummer: int,
    ergebnis: Ergebnis,
    letzte: pd.DataFrame | None,
) -> tuple[list[Befund], pd.DataFrame]:
    """Values of some Stichtage.

    Args:
        letzte: newest values before them, if a group of the same delivery has left them; see `find_paare`.

    Returns:
        The findings that need what was there before, and `letzte` for the next group.
    """
    zahlen = _als_codes(con, gebiet, quelle, lieferung.frame)
    con.register("neu", zahlen)
    geaendert, aenderungen = find_aenderungen(con, quelle)
    for merkmal, anzahl in geaendert.items():
        ergebnis.geaendert[merkmal] = ergebnis.geaendert.get(merkmal, 0) + anzahl
    con.execute(
        """
        INSERT INTO zahl
        SELECT raum, stand, stichtag::DATE, merkmal, nullif(wert, 'NaN'::DOUBLE), status, $nummer, blatt,
               nullif(zeile, 0), spalte
        FROM neu
        """,
        {"nummer": nummer},
    )
    con.execute(
        """
        INSERT INTO termin
        SELECT $nummer, stichtag::DATE, text, count(*) FROM neu JOIN wort ON code = merkmal GROUP BY ALL
        """,
        {"nummer": nummer},
    )
    con.execute(
        """
        INSERT INTO abdruck
        SELECT $nummer, stichtag, bit_xor(hash(raum, merkmal, wert, status)), count(wert), approx_count_distinct(wert)
        FROM (SELECT stichtag::DATE AS stichtag, raum, merkmal, nullif(wert, 'NaN'::DOUBLE) AS wert, status FROM neu)
        GROUP BY stichtag
        """,
        {"nummer": nummer},
    )
    for korrigiert in lieferung.korrigiert:
        con.register("korrigierte", korrigiert)
        con.execute("INSERT INTO korrigiert BY NAME SELECT ? AS lieferung_id, * FROM korrigierte", [nummer])
        con.unregister("korrigierte")
    if letzte is None:
        letzte = _read_letzte(con, lieferung.stichtage[0])
    paare, letzte = find_paare(lieferung.frame, letzte, quelle)
    con.unregister("neu")
    return [*aenderungen, *find_spruenge(paare, quelle)], letzte


def _als_codes(con: duckdb.DuckDBPyConnection, gebiet: Gebiet, quelle: Quelle, frame: pd.DataFrame) -> pa.Table:
    """The frame with numbers of `wort` instead of texts; new words are added."""
    tag, tage = pd.factorize(frame["stichtag"].to_numpy())
    staende = [find_gebietsstand(gebiet, quelle, pd.Timestamp(t).date()).id for t in tage]
    texte = {text for s in ("raum_id", "merkmal", "status", "blatt", "spalte") for text in frame[s].cat.categories}
    code = _codes(con, texte | set(staende))
    spalten = {"stand": np.array([code[s] for s in staende], dtype=np.int32)[tag]}
    for spalte, name in (("raum_id", "raum"), ("merkmal",) * 2, ("status",) * 2, ("blatt",) * 2, ("spalte",) * 2):
        je_kategorie = np.array([code[text] for text in frame[spalte].cat.categories], dtype=np.int32)
        spalten[name] = je_kategorie[frame[spalte].cat.codes.to_numpy()]
    spalten |= {s: frame[s].to_numpy() for s in ("stichtag", "wert", "zeile")}
    return pa.table({name: pa.array(werte) for name, werte in spalten.items()})


def _codes(con: duckdb.DuckDBPyConnection, texte: set[str]) -> dict[str, int]:
    bekannt = dict(con.execute("SELECT text, code FROM wort").fetchall())
    fremd = sorted(texte - set(bekannt))
    neu = dict(zip(fremd, range(len(bekannt), len(bekannt) + len(fremd)), strict=True))
    if neu:
        con.register("worte", pa.table({"code": list(neu.values()), "text": list(neu)}))
        con.execute("INSERT INTO wort SELECT code, text FROM worte")
        con.unregister("worte")
    return bekannt | neu


def _read_letzte(con: duckdb.DuckDBPyConnection, vor: date) -> pd.DataFrame:
    """The newest values before a day of the Merkmale in `neu`, whoever delivered them: raum_id, merkmal, wert."""
    return con.execute(
        """
        WITH davor AS (
            SELECT code AS merkmal, max(stichtag) AS stichtag
            FROM termin JOIN sprecher USING (lieferung_id, stichtag) JOIN wort ON text = merkmal
            WHERE stichtag < $vor AND code IN (SELECT DISTINCT merkmal FROM neu)
            GROUP BY code
        )
        SELECT raum.text AS raum_id, merkmal.text AS merkmal, wert
        FROM zahl JOIN davor USING (merkmal, stichtag) JOIN sprecher USING (lieferung_id, stichtag)
        JOIN wort raum ON raum.code = zahl.raum JOIN wort merkmal ON merkmal.code = zahl.merkmal
        WHERE wert IS NOT NULL AND stichtag IN (SELECT stichtag FROM davor)
        """,
        {"vor": vor},
    ).df()
