"""Deliveries → intern.duckdb: everything is read and checked first, then one transaction on a copy, then one rename.

A crash at any step leaves the old file: nobody ever writes into the file that is in use.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pandas as pd

from etl.bestand import abschrift, check_zustaendigkeit, gesperrt, jetzt, read_bekannte
from etl.checks import Befund, check_fehlende, check_lieferung, find_fehlende, find_spruenge, ohne_doppelte
from etl.dateien import sha256_datei
from etl.korrekturen import korrigiere
from etl.quelle import Quelle
from etl.raeume import Raumbuch
from etl.read import Lieferung, read_lieferung
from etl.rechnen import berechne, ergaenze_fehlende, ergaenze_summen, ohne_leere
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
    with gesperrt(ziel):
        bekannt = read_bekannte(ziel)
        ergebnisse, neue = _lies_alle(gebiet, dateien, bekannt, melde)
        if neue or not ziel.exists():
            melde(len(dateien), len(dateien), "Schreiben")
            with abschrift(ziel) as con:
                _write_stammdaten(con, gebiet, quellen)
                for ergebnis, lieferung in neue:
                    _write_lieferung(con, gebiet, quellen[lieferung.quelle_id], lieferung, ergebnis)
                check_zustaendigkeit(con)
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
        [nummer, quelle.id, lieferung.datei, lieferung.sha256, quelle.sha256, jetzt(), len(lieferung.frame)],
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
