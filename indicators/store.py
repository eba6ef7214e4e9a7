"""The only reader of snapshots: one release profile of one published snapshot of one Gebiet.

A snapshot holds no suppressed number, so whatever is asked here may be shown. Nothing here writes.
All DataFrames are sorted as promised and carry a plain index; value columns are NaN unless the
status is `offen` or `unsicher`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

import duckdb
import pandas as pd

from geodata.fehler import MonitoringError
from indicators.frist import SEKUNDEN, frist
from indicators.frist import ZuLange as ZuLange  # what a caller may have to catch
from indicators.katalogsicht import Fehlend, Version, Zusammenstellung, fuelle_zusammenstellung
from indicators.labor import Labor, build_labor
from indicators.labor import Wahl as Wahl  # what a page asks with
from indicators.mischung import Mischdatei, Sicht, mische_datei, verbinde
from indicators.muster_saetze import sage_muster
from indicators.sperre import belege
from indicators.trichter import Trichter, build_trichter

SCHEMA_VERSION = 5

# Comparison, rank and trend as exports carry them; see read_auswertung.
AUSWERTUNG = (
    *("rest_wert", "rest_urteil", "rest_streng", "rest_grund", "eltern_wert", "eltern_urteil", "eltern_grund"),
    *("gleiche_wert", "gleiche_urteil", "gleiche_grund"),
    *("bezug_wert", "bezug_urteil", "bezug_streng", "bezug_grund"),
    *("vorher_am", "vorher_diff", "vorher_unten", "vorher_oben", "vorher_urteil", "vorher_grund"),
    *("rang", "rang_von", "rang_bis", "rang_anzahl", "trend", "trend_seit", "trend_grund"),
    *("mittel_wert", "mittel_unten", "mittel_oben", "mittel_seit"),
)
_GELIEFERT = "false AS umgerechnet, CAST(NULL AS DOUBLE) AS anteil_aufgeteilt"
_UMGERECHNET = "true AS umgerechnet, k.anteil AS anteil_aufgeteilt"
_WERTE = """
    k.raum_id, r.name, r.eltern_id, k.gebietsstand, k.stichtag, k.wert, k.unten, k.oben, k.zaehler, k.nenner,
    k.status, k.hinweis"""


@dataclass(frozen=True)
class StandEbene:
    """A level; own areas name the level of their parts (`bausteine`), those of the Gebiet none."""

    id: str
    titel: str
    titel_plural: str
    eltern: str | None
    bausteine: str = ""
    beschreibung: str = ""


@dataclass(frozen=True)
class QuellenHinweis:
    """Attribution of one source, as its licence asks for it."""

    titel: str
    herausgeber: str
    lizenz: str
    hinweis: str


@dataclass(frozen=True)
class Umstieg:
    """From `ab` on Räume are cut anew; older counts can be converted, with shares of `art` ("nach Fläche")."""

    ab: date
    art: str


@dataclass(frozen=True)
class Stand:
    """What this snapshot is: territory, release profile, origin."""

    gebiet_id: str
    gebiet_name: str
    erfunden: bool
    gebiet_hinweis: str
    freigabe: str
    freigabe_titel: str
    wasserzeichen: str
    snapshot: str
    erstellt_am: datetime
    version: str
    anzeige_ebene: str
    vorauswahl: str | None
    umstiege: tuple[Umstieg, ...]
    bruch_ab_anteil: float
    ebenen: tuple[StandEbene, ...]
    quellen: tuple[QuellenHinweis, ...]
    bezug: str = ""  # whom outside the Gebiet values are compared with: "Nordrhein-Westfalen"; empty: nobody declared
    schutz_fassung: str = ""  # a mixed view counts hidden cells as the profile of this title does

    @property
    def ebenen_gebiet(self) -> tuple[StandEbene, ...]:
        """Levels without own areas."""
        return tuple(e for e in self.ebenen if not e.bausteine)

    @property
    def ebenen_eigene(self) -> tuple[StandEbene, ...]:
        """Levels of own areas."""
        return tuple(e for e in self.ebenen if e.bausteine)

    def ebene(self, ebene_id: str) -> StandEbene:
        return next(e for e in self.ebenen if e.id == ebene_id)


@dataclass(frozen=True)
class Bruch:
    ab: date
    wirkung: str  # "trennt": no line, difference or trend across it; "hinweis": a mark with a reason
    grund: str


@dataclass(frozen=True)
class Eintrag:
    """A Kennzahl as it was defined when this snapshot was computed."""

    id: str
    titel: str
    kurz: str
    thema: str
    thema_titel: str
    art: str
    einheit: str
    pro: float
    stellen: int
    polaritaet: str
    lesart: str
    definition: str
    rechtsgrundlage: str
    quelle: str
    herausgeber: str
    naeherung: str
    hinweis: str
    fallstricke: str
    zaehler_text: str
    nenner_text: str
    beispiel_text: str
    brueche: tuple[Bruch, ...]
    ebenen: tuple[str, ...]
    stichtage: dict[str, tuple[date, ...]]
    monatlich: bool
    nr: str = ""
    version: int = 1
    versionen: tuple[Version, ...] = ()
    bestaetigt: bool = True
    beleg: str = ""  # what a definition rests on while it is not confirmed
    variante_von: str = ""  # shared by several definitions of one thing; `variante` tells what is special here
    variante: str = ""
    jahressumme: bool = False  # counts of a year, not of a day
    stufen: list[str] | tuple[str, ...] = ()  # names of the map classes, where a number stands for one


@dataclass(frozen=True)
class IndexAusgabe:
    """One edition of an index: Kennzahl → weight for status and dynamic; raum_id → why it is left out."""

    id: str
    stichtag: date
    status: dict[str, float]
    dynamik: dict[str, float]
    ausreisser: dict[str, str]


@dataclass(frozen=True)
class IndexEintrag:
    """An index as it was defined when this snapshot was computed; Räume below `mindestens` are not valid."""

    id: str
    titel: str
    ebene: str
    quelle: str
    beschreibung: str
    mindest_kennzahl: str
    mindestens: float
    statusindex: str
    ausgaben: tuple[IndexAusgabe, ...]


@dataclass(frozen=True)
class Raum:
    raum_id: str
    name: str
    ebene: str
    ebene_titel: str
    eltern_id: str | None
    eltern_name: str | None
    mit_geometrie: bool
    rest: bool
    gebietsstand: str  # the newest that knows it
    bis: date | None  # the day from which this Raum exists no more; None: it exists today


def _find_datei(snapshot_ordner: Path, freigabe: str) -> Path:
    datei = snapshot_ordner / f"{freigabe}.duckdb"
    if not datei.is_file():
        vorhanden = ", ".join(sorted(p.stem for p in snapshot_ordner.glob("*.duckdb"))) or "keines"
        raise MonitoringError(
            f"Das Freigabeprofil »{freigabe}« ist in diesem Stand nicht veröffentlicht.",
            wo=f"{snapshot_ordner} (vorhanden: {vorhanden})",
            tun="Ein vorhandenes Profil wählen oder »sozialraum veroeffentlichen« ausführen.",
        )
    return datei


class Store:
    """Read access to `<freigabe>.duckdb` of one snapshot folder. Safe for several threads."""

    sekunden = SEKUNDEN  # the longest any query may take
    hinweis = ""  # set by whoever serves it: why this snapshot is shown and not the newest; stands on every page

    def __init__(
        self,
        ordner: Path,
        verbindung: duckdb.DuckDBPyConnection,
        sicht: Sicht,
        mischdateien: dict[str, Mischdatei] | None = None,
    ) -> None:
        self._ordner = ordner
        self._belegt = belege(ordner)  # until this Store is gone, nobody removes the snapshot
        self._verbindung = verbindung
        self.sicht = sicht
        self._mischdateien = mischdateien or {}

    @classmethod
    def open(cls, snapshot_ordner: Path, freigabe: str) -> Store:
        """Open a published snapshot; `staende.find_gezeigt` says which one may be shown.

        Raises:
            MonitoringError: the profile is not part of the snapshot, or another version wrote it.
        """
        return cls.open_sicht(snapshot_ordner, Sicht(freigabe))

    @classmethod
    def open_sicht(cls, snapshot_ordner: Path, sicht: Sicht) -> Store:
        """Open what a role sees of a published snapshot: one profile, or a mixture of two (see `mischung`).

        Raises:
            MonitoringError: as `open`.
        """
        profile = (sicht.freigabe, sicht.innen) if sicht.kommunen else (sicht.freigabe,)
        dateien = [_find_datei(snapshot_ordner, profil) for profil in profile]
        if sicht.kommunen:
            cls.open(snapshot_ordner, sicht.freigabe).close()  # of this version of the program?
            verbindung, mischdateien = verbinde(snapshot_ordner, sicht)
        else:
            schutz = {"enable_external_access": "false", "lock_configuration": "true"}
            verbindung, mischdateien = duckdb.connect(str(dateien[0]), read_only=True, config=schutz), {}
        store = cls(snapshot_ordner, verbindung, sicht, mischdateien)
        if store._stand_roh.get("schema") != SCHEMA_VERSION:
            verbindung.close()
            raise MonitoringError(
                "Dieser Stand wurde von einer anderen Programmversion geschrieben.",
                wo=str(dateien[0]),
                tun="»sozialraum veroeffentlichen« mit dieser Version erneut ausführen.",
            )
        return store

    def close(self) -> None:
        self._verbindung.close()
        if self._belegt:
            self._belegt.close()

    def _frage(self, sql: str, parameter: dict | None = None) -> pd.DataFrame:
        cursor = self._verbindung.cursor()
        with frist(cursor, self.sekunden):
            df = cursor.execute(sql, parameter or {}).df()
        for spalte in ("stichtag", "von", "bis", "vom", "vorher_am", "trend_seit", "mittel_seit"):
            if spalte in df and str(df[spalte].dtype).startswith("datetime"):
                df[spalte] = df[spalte].dt.date
        return df

    @cached_property
    def _stand_roh(self) -> dict:
        zeilen = self._verbindung.cursor().execute("SELECT schluessel, wert FROM stand").fetchall()
        return {schluessel: json.loads(wert) for schluessel, wert in zeilen}

    @cached_property
    def stand(self) -> Stand:
        roh = self._stand_roh
        felder = {
            name: roh[name]
            for name in Stand.__dataclass_fields__
            if name not in ("erstellt_am", "ebenen", "quellen", "umstiege") and name in roh
        }
        return Stand(
            **felder,
            erstellt_am=datetime.fromisoformat(roh["erstellt_am"]),
            umstiege=tuple(Umstieg(date.fromisoformat(u["ab"]), u["art"]) for u in roh["umstiege"]),
            ebenen=tuple(StandEbene(**e) for e in roh["ebenen"]),
            quellen=tuple(QuellenHinweis(**q) for q in roh["quellen"]),
        )

    @property
    def zertifikat(self) -> dict:
        """How many counts there are and how many are hidden; the rest of the certificate stays in the house."""
        return self._stand_roh["zertifikat"]

    @property
    def ist_weiteste(self) -> bool:
        """Is this the most permissive profile, for the whole Gebiet?"""
        return "eigene_abgelehnt" in self._stand_roh and not self.sicht.kommunen

    @property
    def einwohner_mindest(self) -> float:
        """Sums over fewer people than this give nothing but hatching: the largest minimum of all profiles."""
        return float(self._stand_roh.get("einwohner_mindest", 0))

    @property
    def eigene_abgelehnt(self) -> list[dict]:
        """Own areas that were refused when this snapshot was built: datei, raum, name, grund; the most permissive
        profile only."""
        return self._stand_roh.get("eigene_abgelehnt", [])

    # --- catalogue ---------------------------------------------------------------------------

    @cached_property
    def _katalog(self) -> dict[str, Eintrag]:
        stichtage = self._frage(
            "SELECT kennzahl_id, ebene, stichtag FROM kennzahl GROUP BY ALL ORDER BY kennzahl_id, ebene, stichtag"
        )
        je_kennzahl: dict[str, dict[str, tuple[date, ...]]] = {}
        for (kennzahl_id, ebene), gruppe in stichtage.groupby(["kennzahl_id", "ebene"]):
            je_kennzahl.setdefault(kennzahl_id, {})[ebene] = tuple(gruppe["stichtag"])
        reihenfolge = [e.id for e in self.stand.ebenen]
        eintraege = {}
        zeilen = self._verbindung.cursor().execute("SELECT kennzahl_id, eintrag FROM katalog ORDER BY reihenfolge")
        for kennzahl_id, text in zeilen.fetchall():
            roh = json.loads(text)
            brueche = tuple(Bruch(date.fromisoformat(b["ab"]), b["wirkung"], b["grund"]) for b in roh.pop("brueche"))
            versionen = tuple(
                Version(**v | {"ab": date.fromisoformat(v["ab"]) if v["ab"] else None})
                for v in roh.pop("versionen", [])
            )
            roh.pop("rechnung", None)  # what the next publication compares with
            tage = je_kennzahl.get(kennzahl_id, {})
            eintraege[kennzahl_id] = Eintrag(
                **roh,
                brueche=brueche,
                versionen=versionen,
                stichtage=tage,
                ebenen=tuple(e for e in reihenfolge if e in tage),
            )
        return eintraege

    def katalog(self) -> tuple[Eintrag, ...]:
        """All Kennzahlen with values in this snapshot, in catalogue order."""
        return tuple(e for e in self._katalog.values() if e.ebenen)

    def eintrag(self, kennzahl_id: str) -> Eintrag | None:
        eintrag = self._katalog.get(kennzahl_id)
        return eintrag if eintrag and eintrag.ebenen else None

    @cached_property
    def fehlend(self) -> tuple[Fehlend, ...]:
        """Kennzahlen of the standard catalogue without a value here, in catalogue order."""
        return tuple(Fehlend(**f) for f in self._stand_roh.get("fehlend", []))

    @cached_property
    def zusammenstellungen(self) -> dict[str, Zusammenstellung]:
        """The named lists of Kennzahlen as they were when this snapshot was computed, id → list."""
        roh = self._stand_roh.get("zusammenstellungen", [])
        return {z["id"]: fuelle_zusammenstellung(z, self.eintrag, self.fehlend) for z in roh}

    def varianten(self, eintrag: Eintrag) -> tuple[Eintrag | Fehlend, ...]:
        """All definitions of the same thing, this one included, those not shown here last; empty without others."""
        if not eintrag.variante_von:
            return ()
        alle = [e for e in (*self.katalog(), *self.fehlend) if e.variante_von == eintrag.variante_von]
        return tuple(alle) if len(alle) > 1 else ()

    # --- Räume -------------------------------------------------------------------------------

    @cached_property
    def _raeume(self) -> pd.DataFrame:
        return self._frage(
            """
            SELECT raum_id, name, ebene, eltern_id, gebietsstand, zuschnitt, nr, mit_geometrie, rest,
                   (SELECT min(s.gebietsstand) FROM raum s WHERE s.gebietsstand > raum.gebietsstand)::DATE AS bis
            FROM raum
            QUALIFY row_number() OVER (PARTITION BY raum_id ORDER BY gebietsstand DESC) = 1
            ORDER BY ebene, nr, raum_id
            """
        )

    def raeume(self, ebene: str | None = None) -> pd.DataFrame:
        """Every Raum in its newest Gebietsstand.

        Returns:
            raum_id, name, ebene, eltern_id, gebietsstand, zuschnitt, nr, mit_geometrie, rest, bis.

        Räume that only an older Gebietsstand knows are included: `bis` is the day from which they are no more, missing
        for those of today.
        """
        alle = self._raeume
        return (alle if ebene is None else alle[alle["ebene"] == ebene]).reset_index(drop=True)

    def raeume_heute(self, ebene: str) -> pd.DataFrame:
        """The Räume of today's Gebietsstand only, same columns as `raeume`."""
        alle = self.raeume(ebene)
        return alle[alle["bis"].isna()].reset_index(drop=True)

    def raum(self, raum_id: str) -> Raum | None:
        treffer = self._raeume[self._raeume["raum_id"] == raum_id]
        if treffer.empty:
            return None
        zeile = treffer.iloc[0]
        eltern_id = zeile["eltern_id"] if isinstance(zeile["eltern_id"], str) else None
        eltern = self._raeume[self._raeume["raum_id"] == eltern_id]
        return Raum(
            raum_id=raum_id,
            name=zeile["name"],
            ebene=zeile["ebene"],
            ebene_titel=self.stand.ebene(zeile["ebene"]).titel,
            eltern_id=eltern_id,
            eltern_name=None if eltern.empty else eltern.iloc[0]["name"],
            mit_geometrie=bool(zeile["mit_geometrie"]),
            rest=bool(zeile["rest"]),
            gebietsstand=zeile["gebietsstand"],
            bis=None if pd.isna(zeile["bis"]) else zeile["bis"],
        )

    def kinder(self, raum_id: str) -> pd.DataFrame:
        """Räume directly below this one in the newest Gebietsstand, the parts of an own area; columns as `raeume`."""
        alle = self._raeume
        neuester = alle["gebietsstand"].max()
        eigene = [e.id for e in self.stand.ebenen_eigene]
        unten = (alle["eltern_id"] == raum_id) & ~alle["ebene"].isin(eigene)
        if (alle.loc[alle["raum_id"] == raum_id, "ebene"].isin(eigene)).any():
            unten = alle["raum_id"].isin(self.teile(raum_id))
        return alle[unten & (alle["gebietsstand"] == neuester)].reset_index(drop=True)

    @cached_property
    def _eigene_teile(self) -> pd.DataFrame:
        if not self.stand.ebenen_eigene:
            return pd.DataFrame({"eigener": [], "raum_id": []}, dtype=str)
        return self._frage(
            """
            SELECT DISTINCT e.eltern_id AS eigener, e.raum_id FROM raum_eltern e JOIN raum r ON r.raum_id = e.eltern_id
            WHERE list_contains($ebenen, r.ebene) ORDER BY ALL
            """,
            {"ebenen": [e.id for e in self.stand.ebenen_eigene]},
        )

    def teile(self, eigener: str) -> list[str]:
        """The Räume an own area is made of."""
        return list(self._eigene_teile.loc[self._eigene_teile["eigener"] == eigener, "raum_id"])

    def eigene_mit(self, raum_id: str) -> pd.DataFrame:
        """The own areas a Raum is part of, columns as `raeume`."""
        treffer = self._eigene_teile.loc[self._eigene_teile["raum_id"] == raum_id, "eigener"]
        return self._raeume[self._raeume["raum_id"].isin(treffer)].reset_index(drop=True)

    # --- values ------------------------------------------------------------------------------

    def read_werte(self, kennzahl_id: str, ebene: str, stichtag: date | None = None) -> pd.DataFrame:
        """One Kennzahl on one level, one row per Raum and Stichtag, sorted by Stichtag and position.

        Returns:
            raum_id, name, eltern_id, gebietsstand, stichtag, wert, unten, oben (unit of the Kennzahl),
            zaehler, nenner (counts), status, hinweis.
        """
        return self._frage(
            f"""
            SELECT {_WERTE}
            FROM kennzahl k JOIN raum r USING (raum_id, gebietsstand)
            WHERE k.kennzahl_id = $kennzahl_id AND k.ebene = $ebene
              AND ($stichtag IS NULL OR k.stichtag = $stichtag)
            ORDER BY k.stichtag, NOT r.mit_geometrie, r.nr, k.raum_id
            """,
            {"kennzahl_id": kennzahl_id, "ebene": ebene, "stichtag": stichtag},
        )

    def read_reihe(self, kennzahl_id: str, raum_ids: list[str]) -> pd.DataFrame:
        """Time series of several Räume (any level): columns of `read_werte` plus `zuschnitt`, `ebene`, and for values
        converted to today's Räume `umgerechnet` with `anteil_aufgeteilt` (0 to 1: how much was apportioned).

        Sorted by the given order of Räume, then Stichtag. A line may only connect rows of one `zuschnitt`. A converted
        value stands in place of the one delivered for another shape under the same key.
        """
        return self._frage(
            f"""
            WITH alle AS (
                SELECT {_WERTE}, {_GELIEFERT}, r.zuschnitt, k.ebene
                FROM kennzahl k JOIN raum r USING (raum_id, gebietsstand)
                WHERE k.kennzahl_id = $kennzahl_id AND list_contains($raeume, k.raum_id)
                UNION ALL
                SELECT {_WERTE}, {_UMGERECHNET}, r.zuschnitt, k.ebene
                FROM kennzahl_umgerechnet k JOIN raum r USING (raum_id, gebietsstand)
                WHERE k.kennzahl_id = $kennzahl_id AND list_contains($raeume, k.raum_id)
            )
            SELECT * FROM alle
            QUALIFY row_number() OVER (PARTITION BY raum_id, stichtag ORDER BY umgerechnet DESC, gebietsstand DESC) = 1
            ORDER BY list_position($raeume, raum_id), stichtag
            """,
            {"kennzahl_id": kennzahl_id, "raeume": list(raum_ids)},
        )

    def read_umbrueche(self, kennzahl_id: str, raum_ids: list[str]) -> pd.DataFrame:
        """Where series of today's Räume are not continued backwards, because too much would have to be apportioned.

        Returns:
            raum_id, name, bis (last Stichtag before the break), anteil (0 to 1; NaN: the share is unknown), sorted by
            the given order of Räume.
        """
        return self._frage(
            """
            SELECT u.raum_id, r.name, u.bis, u.anteil
            FROM umbruch u JOIN raum r USING (raum_id, gebietsstand)
            WHERE u.kennzahl_id = $kennzahl_id AND list_contains($raeume, u.raum_id)
            ORDER BY list_position($raeume, u.raum_id)
            """,
            {"kennzahl_id": kennzahl_id, "raeume": list(raum_ids)},
        )

    def read_umgerechnete(self, kennzahl_id: str, ebene: str, stichtag: date | None = None) -> pd.DataFrame:
        """Values of old Stichtage on today's Räume that were cut anew since: columns of `read_werte` plus
        `umgerechnet` and `anteil_aufgeteilt`, see `read_reihe`."""
        return self._frage(
            f"""
            SELECT {_WERTE}, {_UMGERECHNET}
            FROM kennzahl_umgerechnet k JOIN raum r USING (raum_id, gebietsstand)
            WHERE k.kennzahl_id = $kennzahl_id AND k.ebene = $ebene AND ($stichtag IS NULL OR k.stichtag = $stichtag)
            ORDER BY k.stichtag, NOT r.mit_geometrie, r.nr, k.raum_id
            """,
            {"kennzahl_id": kennzahl_id, "ebene": ebene, "stichtag": stichtag},
        )

    def read_profil(self, raum_id: str) -> pd.DataFrame:
        """Newest value of every Kennzahl for one Raum, with its place among the Räume of its level.

        Returns:
            One row per Kennzahl in catalogue order: kennzahl_id, stichtag, wert, unten, oben, zaehler, nenner, status,
            hinweis, rang (1 = highest) among `von` Räume of the level with a value at that Stichtag,
            ganzes_eltern_wert and oberster_wert at the same Stichtag, ebene_min, ebene_median, ebene_max, name, and
            comparison, rank interval and trend as in `read_auswertung`.
            A Rest-Raum is no place: it has no rank, and nobody is ranked or measured against it.
        """
        return self._frage(
            """
            WITH mein AS (
                SELECT * FROM kennzahl WHERE raum_id = $raum_id
                QUALIFY row_number() OVER (PARTITION BY kennzahl_id ORDER BY stichtag DESC, gebietsstand DESC) = 1
            ), ebene AS (
                SELECT k.kennzahl_id, k.stichtag, k.raum_id, k.wert,
                       rank() OVER (PARTITION BY k.kennzahl_id ORDER BY k.wert DESC) AS rang
                FROM kennzahl k
                JOIN mein m ON (k.kennzahl_id, k.ebene, k.stichtag) = (m.kennzahl_id, m.ebene, m.stichtag)
                JOIN raum r ON r.raum_id = k.raum_id AND r.gebietsstand = k.gebietsstand
                WHERE k.wert IS NOT NULL AND NOT r.rest
            ), streuung AS (
                SELECT kennzahl_id, count(*) AS von, min(wert) AS ebene_min, median(wert) AS ebene_median,
                       max(wert) AS ebene_max
                FROM ebene GROUP BY kennzahl_id
            ), eltern AS (
                SELECT k.kennzahl_id, k.wert
                FROM kennzahl k JOIN mein m ON k.kennzahl_id = m.kennzahl_id AND k.stichtag = m.stichtag
                JOIN raum r ON r.raum_id = m.raum_id AND r.gebietsstand = m.gebietsstand
                WHERE k.raum_id = r.eltern_id
            ), oberster AS (
                SELECT k.kennzahl_id, any_value(k.wert) AS wert
                FROM kennzahl k JOIN mein m ON k.kennzahl_id = m.kennzahl_id AND k.stichtag = m.stichtag
                WHERE k.ebene = $oberste_ebene
                GROUP BY k.kennzahl_id
            )
            SELECT m.kennzahl_id, m.stichtag, m.wert, m.unten, m.oben, m.zaehler, m.nenner, m.status, m.hinweis,
                   e.rang, s.von, eltern.wert AS ganzes_eltern_wert, oberster.wert AS oberster_wert,
                   s.ebene_min, s.ebene_median, s.ebene_max,
                   mr.name, a.* EXCLUDE (kennzahl_id, ebene, raum_id, gebietsstand, stichtag, rang, rang_anzahl)
            FROM mein m
            JOIN katalog c USING (kennzahl_id)
            JOIN raum mr ON mr.raum_id = m.raum_id AND mr.gebietsstand = m.gebietsstand
            LEFT JOIN auswertung a ON (a.kennzahl_id, a.ebene, a.raum_id, a.gebietsstand, a.stichtag)
                = (m.kennzahl_id, m.ebene, m.raum_id, m.gebietsstand, m.stichtag)
            LEFT JOIN streuung s USING (kennzahl_id)
            LEFT JOIN ebene e ON e.kennzahl_id = m.kennzahl_id AND e.raum_id = m.raum_id
            LEFT JOIN eltern ON eltern.kennzahl_id = m.kennzahl_id
            LEFT JOIN oberster ON oberster.kennzahl_id = m.kennzahl_id
            ORDER BY c.reihenfolge
            """,
            {"raum_id": raum_id, "oberste_ebene": self.stand.ebenen[0].id},
        )

    # --- comparison, rank, trend -------------------------------------------------------------

    def read_auswertung(self, kennzahl_id: str, ebene: str, stichtag: date | None = None) -> pd.DataFrame:
        """Is the difference real, for every value of one Kennzahl on one level; order and Räume of `read_werte`.

        Returns:
            raum_id, name, gebietsstand, stichtag, wert, unten, oben, zaehler, nenner, status, rest, and, each with its
            reason where there is none (a word of `feld.GRUENDE`): `rest_…` against the Gebiet without the Raum
            (`rest_streng`: verdict at 99.8 %), `eltern_…` against its parent without it, `gleiche_…` against similar
            Räume, `bezug_…` against the benchmark outside (`bezug_streng`: 99.8 %), `vorher_…` against the Stichtag
            before (difference with interval), `trend…` of the last five annual points, `rang` (1 = highest) of
            `rang_anzahl` with the ranks it may have, `mittel_…` of three years.
            Verdicts are `hoeher`, `niedriger`, `aehnlich`; trends `steigend`, `fallend`, `keine_aenderung`.
        """
        return self._frage(
            """
            SELECT r.name, k.wert, k.unten, k.oben, k.zaehler, k.nenner, k.status, r.rest,
                   a.* EXCLUDE (kennzahl_id, ebene)
            FROM auswertung a JOIN kennzahl k USING (kennzahl_id, ebene, raum_id, gebietsstand, stichtag)
            JOIN raum r USING (raum_id, gebietsstand)
            WHERE a.kennzahl_id = $kennzahl_id AND a.ebene = $ebene AND ($stichtag IS NULL OR a.stichtag = $stichtag)
            ORDER BY a.stichtag, NOT r.mit_geometrie, r.nr, a.raum_id
            """,
            {"kennzahl_id": kennzahl_id, "ebene": ebene, "stichtag": stichtag},
        )

    def read_vergleichstafel(self, ebene: str, kennzahlen: list[str], bis: date) -> pd.DataFrame:
        """Several Kennzahlen of all Räume of a level, each at its newest Stichtag not after `bis`.

        Returns:
            Columns of `read_auswertung` plus kennzahl_id and eltern_id, by the given order of Kennzahlen, then Räume.
        """
        return self._frage(
            """
            SELECT r.name, r.eltern_id, r.rest, k.wert, k.unten, k.oben, k.zaehler, k.nenner, k.status,
                   a.* EXCLUDE (ebene, gebietsstand)
            FROM auswertung a JOIN kennzahl k USING (kennzahl_id, ebene, raum_id, gebietsstand, stichtag)
            JOIN raum r USING (raum_id, gebietsstand)
            WHERE a.ebene = $ebene AND list_contains($kennzahlen, a.kennzahl_id) AND a.stichtag <= $bis
            QUALIFY a.stichtag = max(a.stichtag) OVER (PARTITION BY a.kennzahl_id)
                AND row_number() OVER (PARTITION BY a.kennzahl_id, a.raum_id, a.stichtag ORDER BY gebietsstand DESC) = 1
            ORDER BY list_position($kennzahlen, a.kennzahl_id), NOT r.mit_geometrie, r.nr, a.raum_id
            """,
            {"ebene": ebene, "kennzahlen": list(kennzahlen), "bis": bis},
        )

    def read_abschnitte(self, raum_id: str) -> pd.DataFrame:
        """Long trends of one Raum, one row per Kennzahl and section between two breaks, in catalogue order.

        Returns:
            kennzahl_id, von, bis, punkte, s and p (Mann–Kendall; `exakt`: not approximated), steigung (Theil–Sen, unit
            of the Kennzahl per year), richtung (missing: `grund` says why).
        """
        return self._frage(
            """
            SELECT kennzahl_id, a.von::DATE AS von, a.bis::DATE AS bis, punkte, s, p, exakt, steigung, richtung, grund
            FROM abschnitt a JOIN katalog USING (kennzahl_id)
            WHERE raum_id = $raum_id ORDER BY reihenfolge, a.von
            """,
            {"raum_id": raum_id},
        )

    def gleiche(self, raum_id: str) -> pd.DataFrame:
        """The Räume most similar to this one, nearest first: raum_id, name; empty where there is no group."""
        return self._frage(
            """
            SELECT g.gleicher_id AS raum_id, r.name
            FROM gleiche g JOIN raum r ON r.raum_id = g.gleicher_id AND r.gebietsstand = g.gebietsstand
            WHERE g.raum_id = $raum_id
            QUALIFY g.gebietsstand = max(g.gebietsstand) OVER ()
            ORDER BY g.nr
            """,
            {"raum_id": raum_id},
        )

    def vergleichswerte(self) -> pd.DataFrame:
        """Declared benchmarks outside the Gebiet: bezug, kennzahl_id, stichtag, wert, zaehler, nenner, quelle, in the
        order of the file; values are compared with those of `stand.bezug`."""
        return self._frage(
            "SELECT bezug, kennzahl_id, stichtag, wert, zaehler, nenner, quelle FROM vergleichswert ORDER BY nr"
        )

    def vergleichswert(self, kennzahl_id: str, stichtag: date) -> float | None:
        """The benchmark of `stand.bezug`; None where none is declared for this Stichtag."""
        return self._bezugswerte.get((kennzahl_id, stichtag))

    def hat_vergleichswerte(self, kennzahl_id: str) -> bool:
        """Whether there is a benchmark of `stand.bezug` for any Stichtag."""
        return any(name == kennzahl_id for name, _ in self._bezugswerte)

    @cached_property
    def _bezugswerte(self) -> dict[tuple[str, date], float]:
        alle = self.vergleichswerte()
        erster = alle[alle["bezug"] == self.stand.bezug]
        return {(z.kennzahl_id, z.stichtag): z.wert for z in erster.itertuples()}

    def hat_urteile(self, kennzahl_id: str, ebene: str) -> bool:
        """Whether any Raum of this level is compared with the rest of the Gebiet."""
        frage = """
            SELECT 1 FROM auswertung
            WHERE kennzahl_id = $kennzahl_id AND ebene = $ebene AND rest_urteil IS NOT NULL LIMIT 1
            """
        return len(self._frage(frage, {"kennzahl_id": kennzahl_id, "ebene": ebene})) > 0

    def read_trichter(self, kennzahl_id: str, ebene: str, stichtag: date) -> Trichter | None:
        """Funnel of one Kennzahl on one level: how far from the common value chance reaches, by size.

        None where there is nothing to test: no interval, or fewer than three Räume with a value.
        """
        return build_trichter(self.read_auswertung(kennzahl_id, ebene, stichtag), self._katalog[kennzahl_id])

    def read_alles(self) -> pd.DataFrame:
        """The whole published table, one row per Kennzahl, Raum and Stichtag, columns of kennzahlen_daten.csv.

        Old Stichtage on today's Räume stand behind all others of their Kennzahl, with `umgerechnet` and without
        comparison, rank and trend (AUSWERTUNG).
        """
        spalten = """
            $gebiet AS gebiet, k.ebene, k.raum_id, k.gebietsstand, r.eltern_id, r.name, k.stichtag, k.kennzahl_id,
            k.wert, k.unten, k.oben, k.zaehler, k.nenner, k.status, k.hinweis"""
        auswertung = ", ".join(f"a.{name}" for name in AUSWERTUNG)
        return self._frage(
            f"""
            WITH alle AS (
                SELECT {spalten}, {_GELIEFERT}, {auswertung}, c.reihenfolge, r.mit_geometrie, r.nr
                FROM kennzahl k JOIN raum r USING (raum_id, gebietsstand) JOIN katalog c USING (kennzahl_id)
                LEFT JOIN auswertung a ON (a.kennzahl_id, a.ebene, a.raum_id, a.gebietsstand, a.stichtag)
                    = (k.kennzahl_id, k.ebene, k.raum_id, k.gebietsstand, k.stichtag)
                UNION ALL BY NAME
                SELECT {spalten}, {_UMGERECHNET}, c.reihenfolge, r.mit_geometrie, r.nr
                FROM kennzahl_umgerechnet k
                JOIN raum r USING (raum_id, gebietsstand) JOIN katalog c USING (kennzahl_id)
            )
            SELECT * EXCLUDE (reihenfolge, mit_geometrie, nr) FROM alle
            ORDER BY reihenfolge, ebene, umgerechnet, stichtag, NOT mit_geometrie, nr, raum_id
            """,
            {"gebiet": self.stand.gebiet_id},
        )

    # --- index and spatial patterns ----------------------------------------------------------

    @cached_property
    def indizes(self) -> tuple[IndexEintrag, ...]:
        """Indices whose result is published here, with all their editions, oldest first."""
        zeilen = self._verbindung.cursor().execute("SELECT eintrag FROM indexdefinition ORDER BY index_id").fetchall()
        gefunden = []
        for (text,) in zeilen:
            roh = json.loads(text)
            ausgaben = tuple(
                IndexAusgabe(**a | {"stichtag": date.fromisoformat(a["stichtag"])}) for a in roh.pop("ausgaben")
            )
            index = IndexEintrag(**roh, ausgaben=ausgaben)
            if eintrag := self.eintrag(index.statusindex):
                da = tuple(a for a in ausgaben if a.stichtag in eintrag.stichtage[index.ebene])
                gefunden.append(replace(index, ausgaben=da))
        return tuple(gefunden)

    def build_labor(self, wahl: Wahl) -> Labor:
        """An index of one's own choice, computed from the published values; see `labor.build_labor`."""
        return build_labor(self, wahl)

    def raeume_im_stand(self, gebietsstand: str) -> pd.DataFrame:
        """Räume of one Gebietsstand: raum_id, gebietsstand, name, eltern_id, ebene, nr, mit_geometrie, rest."""
        return self._frage(
            """
            SELECT raum_id, gebietsstand, name, eltern_id, ebene, nr, mit_geometrie, rest FROM raum
            WHERE gebietsstand = $stand ORDER BY ebene, nr, raum_id
            """,
            {"stand": gebietsstand},
        )

    def read_muster(self, kennzahl_id: str, ebene: str) -> pd.DataFrame:
        """Spatial pattern of one Kennzahl on one level at its newest Stichtag, one row per Raum in map order.

        Returns:
            raum_id, name, eltern_id, gebietsstand, stichtag, wert, zaehler, nenner, wert_status (of the value), status
            ("offen", or why there is no cluster class), klasse (HH, NN, HN, NH; "-" does not pass the false discovery
            rate), lokal (local Moran), p, geglaettet with gewicht (share of the Raum's own value, 0 to 1),
            lokationsquotient. Empty where nothing was computed. A smoothed value is never shown without `gewicht`.
        """
        return self._frage(
            """
            SELECT m.raum_id, r.name, r.eltern_id, m.gebietsstand, m.stichtag, k.wert, k.zaehler, k.nenner,
                   k.status AS wert_status, m.status, m.klasse, m.lokal, m.p, m.geglaettet, m.gewicht,
                   m.lokationsquotient
            FROM raum_muster m JOIN raum r USING (raum_id, gebietsstand)
            JOIN kennzahl k ON (k.kennzahl_id, k.ebene, k.raum_id, k.gebietsstand, k.stichtag)
                = (m.kennzahl_id, m.ebene, m.raum_id, m.gebietsstand, m.stichtag)
            WHERE m.kennzahl_id = $kennzahl_id AND m.ebene = $ebene
            ORDER BY NOT r.mit_geometrie, r.nr, m.raum_id
            """,
            {"kennzahl_id": kennzahl_id, "ebene": ebene},
        )

    def read_raumstatistik(self, kennzahl_id: str, ebene: str) -> dict | None:
        """Moran's I, number of clusters and segregation of one Kennzahl on one level (columns of the table
        `raum_statistik`, numbers None where there are none); None where nothing was computed."""
        df = self._frage(
            "SELECT * FROM raum_statistik WHERE kennzahl_id = $kennzahl_id AND ebene = $ebene",
            {"kennzahl_id": kennzahl_id, "ebene": ebene},
        )
        if df.empty:
            return None
        return {k: None if w is None or w is pd.NA or w != w else w for k, w in df.iloc[0].items()}

    def nachbarn(self, ebene: str, gebietsstand: str) -> pd.DataFrame:
        """Which Räume of a level border on each other: raum_id, nachbar_id, both directions, sorted."""
        return self._frage(
            """
            SELECT raum_id, nachbar_id FROM nachbar WHERE ebene = $ebene AND gebietsstand = $stand
            ORDER BY raum_id, nachbar_id
            """,
            {"ebene": ebene, "stand": gebietsstand},
        )

    def sage_muster(self, kennzahl_id: str, ebene: str) -> list[str]:
        """The spatial pattern in German sentences; empty where nothing was computed."""
        statistik = self.read_raumstatistik(kennzahl_id, ebene)
        return sage_muster(statistik) if statistik else []

    @cached_property
    def mit_muster(self) -> dict[str, tuple[str, ...]]:
        """Kennzahl → levels with a spatial pattern."""
        df = self._frage("SELECT kennzahl_id, ebene FROM raum_statistik ORDER BY kennzahl_id, ebene")
        return {k: tuple(teil["ebene"]) for k, teil in df.groupby("kennzahl_id", sort=False)}

    # --- care --------------------------------------------------------------------------------

    @property
    def pflege(self) -> dict:
        """How the tables of care came about; `art`: "voll", "quoten" or "keine" with `grund` (a status)."""
        return self._stand_roh.get("pflege", {"art": "keine", "grund": "nicht_geliefert"})

    def _read_pflege(self, tabelle: str, raum_id: str | None, folge: str) -> pd.DataFrame:
        return self._frage(
            f"""
            SELECT t.*, r.name FROM {tabelle} t JOIN raum r USING (raum_id, gebietsstand)
            WHERE $raum_id IS NULL OR t.raum_id = $raum_id
            ORDER BY {folge}, NOT r.mit_geometrie, r.nr, t.raum_id
            """,
            {"raum_id": raum_id},
        )

    def read_prognose(self, raum_id: str | None = None) -> pd.DataFrame:
        """Population, people in need and places in homes, now and ahead (all but the base year is a model).

        Returns:
            ebene, raum_id, gebietsstand, groesse, variante, jahr, wert, unten, oben (band), status, name; sorted by
            groesse, variante, jahr. Numbers are NaN unless the status is `offen` or `unsicher`.
        """
        return self._read_pflege("prognose", raum_id, "t.groesse, t.variante, t.jahr")

    def read_prognose_alter(self, raum_id: str) -> pd.DataFrame:
        """One Raum by sex and age: art ("bevoelkerung" in five-year groups, "pflege" of the Kreis), jahr, geschlecht,
        von, bis (NaN: open), bevoelkerung, pflegebeduerftige, modell."""
        return self._read_pflege("prognose_alter", raum_id, "t.art, t.jahr, t.geschlecht, t.von")

    def read_zerlegung(self, raum_id: str | None = None) -> pd.DataFrame:
        """What changes of the people in need are made of: von, bis (years), gesamt, umfang, struktur, haeufigkeit
        [persons], modell (ahead) or not (looking back)."""
        return self._read_pflege("prognose_zerlegung", raum_id, "t.modell, t.von, t.bis")

    def read_probe(self, raum_id: str | None = None) -> pd.DataFrame:
        """What the same procedure would have said earlier: groesse, basis, ziel (days), vorhergesagt, eingetreten."""
        df = self._read_pflege("prognose_probe", raum_id, "t.groesse, t.basis, t.ziel")
        return df.assign(basis=pd.to_datetime(df["basis"]).dt.date, ziel=pd.to_datetime(df["ziel"]).dt.date)

    def read_pflegevergleich(self, groesse: str | None = None) -> pd.DataFrame:
        """Counted against expected, one row per Raum, day, groesse and verfahren ("indirekt", "direkt", "quoten"):
        beobachtet, erwartet (a model, with its band), verhaeltnis (1 = as expected), roh and rate per 100, status."""
        df = self._read_pflege("pflege_vergleich", None, "t.verfahren, t.groesse, t.stichtag")
        return (df if groesse is None else df[df["groesse"] == groesse]).reset_index(drop=True)

    # --- map ---------------------------------------------------------------------------------

    def klassen(self, kennzahl_id: str, ebene: str) -> tuple[float, ...]:
        """Class edges, ascending, fixed over all Stichtage; class i holds edge[i] ≤ wert < edge[i+1]."""
        df = self._frage(
            "SELECT von, bis FROM klasse WHERE kennzahl_id = $kennzahl_id AND ebene = $ebene ORDER BY nr",
            {"kennzahl_id": kennzahl_id, "ebene": ebene},
        )
        return () if df.empty else (*df["von"].tolist(), float(df["bis"].iloc[-1]))

    @cached_property
    def _dateien(self) -> pd.DataFrame:
        return self._frage("SELECT kennzahl_id, ebene, gebietsstand, art, name FROM datei ORDER BY gebietsstand")

    def karten_teile(self, kennzahl_id: str, ebene: str) -> list[dict]:
        """One dict per Gebietsstand, oldest first: gebietsstand, geo, wert, grenzen, vergleich (file names; the last is
        missing where nothing is compared), stichtage (ISO)."""
        d = self._dateien[self._dateien["ebene"] == ebene]
        geo = d[d["art"] == "geo"].set_index("gebietsstand")["name"]
        werte = d[(d["kennzahl_id"] == kennzahl_id) & d["art"].isin(["wert", "grenzen", "vergleich"])]
        tage = self._frage(
            """
            SELECT gebietsstand, stichtag FROM kennzahl WHERE kennzahl_id = $kennzahl_id AND ebene = $ebene
            GROUP BY ALL ORDER BY ALL
            """,
            {"kennzahl_id": kennzahl_id, "ebene": ebene},
        )
        return [
            {
                "gebietsstand": stand,
                "geo": geo[stand],
                "wert": teil.loc[teil["art"] == "wert", "name"].iloc[0],
                "grenzen": teil.loc[teil["art"] == "grenzen", "name"].iloc[0],
                "vergleich": next(iter(teil.loc[teil["art"] == "vergleich", "name"]), None),
                "stichtage": [t.isoformat() for t in tage.loc[tage["gebietsstand"] == stand, "stichtag"]],
            }
            for stand, teil in werte.groupby("gebietsstand")
            if stand in geo.index
        ]

    def geometrie_dateien(self, gebietsstand: str) -> dict[str, str]:
        """Level → name of its geometry file in one Gebietsstand."""
        d = self._dateien[(self._dateien["art"] == "geo") & (self._dateien["gebietsstand"] == gebietsstand)]
        return dict(zip(d["ebene"], d["name"], strict=True))

    def karten_teil_heute(self, kennzahl_id: str, ebene: str) -> dict | None:
        """All Stichtage on today's Räume, shape as one of `karten_teile`; None where nothing is converted."""
        d = self._dateien
        namen = d[(d["kennzahl_id"] == kennzahl_id) & (d["ebene"] == ebene)].set_index("art")["name"]
        if "wert_heute" not in namen:
            return None
        stand = self._raeume["gebietsstand"].max()
        geo = d[(d["art"] == "geo") & (d["ebene"] == ebene) & (d["gebietsstand"] == stand)]["name"].iloc[0]
        tage = [t.isoformat() for t in self._katalog[kennzahl_id].stichtage[ebene]]
        heute = {"wert": namen["wert_heute"], "grenzen": namen["grenzen_heute"]}
        return {"gebietsstand": stand, "geo": geo, **heute, "stichtage": tage}

    def umrisse(self, ebene: str) -> dict[str, str]:
        """Geometry file of the level above, per Gebietsstand; empty for the top level."""
        eltern = self.stand.ebene(ebene).eltern
        d = self._dateien
        d = d[(d["art"] == "geo") & (d["ebene"] == eltern)]
        return dict(zip(d["gebietsstand"], d["name"], strict=True))

    def datei_inhalt(self, name: str) -> bytes | None:
        """A browser file of this view, compressed; None for every name that this view does not list."""
        if (misch := self._mischdateien.get(name)) is not None:
            return mische_datei(self._ordner, self.sicht, self._verbindung.cursor(), misch)
        pfad = self.datei_pfad(name)
        return pfad.read_bytes() if pfad else None

    def datei_pfad(self, name: str) -> Path | None:
        """Path of a browser file of this snapshot; None for every name the view does not list or that is mixed."""
        if name in self._mischdateien:
            return None
        treffer = self._dateien[self._dateien["name"] == name]
        if treffer.empty:
            return None
        if treffer.iloc[0]["art"] == "geo":
            return self._ordner / "geo" / name
        return self._ordner / f"werte_{self.sicht.freigabe}" / name

    # --- about the data ----------------------------------------------------------------------

    def lieferungen(self) -> pd.DataFrame:
        """Deliveries in use: quelle, titel, herausgeber, lizenz, hinweis, datei, sha256, von, bis, geladen_am."""
        return self._frage("SELECT * FROM lieferung ORDER BY quelle, von, datei")

    def vollstaendigkeit(self) -> pd.DataFrame:
        """Räume delivered against expected: quelle, merkmal, titel, stichtag, ebene, raeume, erwartet, geheim."""
        return self._frage("SELECT * FROM vollstaendigkeit ORDER BY quelle, merkmal, stichtag")

    def luecken(self) -> pd.DataFrame:
        """Räume that were not delivered: quelle, stichtag, ebene, merkmale (list), raeume (list of raum_id)."""
        return self._frage("SELECT * FROM luecke ORDER BY quelle, stichtag DESC, ebene, len(raeume) DESC, merkmale")

    def herkunft(self, kennzahl_id: str) -> pd.DataFrame:
        """What a Kennzahl was made of, newest first: stichtag, rolle (Zähler, Nenner), quelle, titel, datei, blatt,
        spalten, vom (Stichtag of the counts), geladen_am, profil, korrekturen, angenommen (findings)."""
        return self._frage(
            """
            SELECT * EXCLUDE (kennzahl_id) FROM herkunft WHERE kennzahl_id = $kennzahl_id
            ORDER BY stichtag DESC, rolle DESC, quelle, datei, blatt
            """,
            {"kennzahl_id": kennzahl_id},
        )

    def befunde(self) -> pd.DataFrame:
        """Findings as counts, never with values: quelle, regel, merkmal, schwere, anzahl, angenommen."""
        return self._frage("SELECT * FROM befund_zahl ORDER BY schwere DESC, quelle, regel, merkmal")

    def schutz(self) -> pd.DataFrame:
        """How much the gate hides: merkmal, titel, ebene, zellen, gesperrt."""
        return self._frage("SELECT * FROM schutz ORDER BY merkmal, ebene")


def find_aktuell(daten: Path, gebiet_id: str) -> Path | None:
    """Folder of the snapshot that AKTUELL.json points to, unchecked; None when nothing is published."""
    zeiger = daten / gebiet_id / "AKTUELL.json"
    if not zeiger.is_file():
        return None
    name = json.loads(zeiger.read_text(encoding="utf-8"))["snapshot"]
    ordner = daten / gebiet_id / "bestand" / (name or "")
    return ordner if name and ordner.is_dir() else None
