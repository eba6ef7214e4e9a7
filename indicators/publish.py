"""intern.duckdb → gate → Kennzahlen → snapshot. The only reader of what is secret, and the only writer of snapshots.

A snapshot is a folder `bestand/<UTC time>_<hash of the inputs>/` that never changes:
one `<freigabe>.duckdb` and `werte_<freigabe>/` per release profile, `geo/`, `manifest.json`. It is built beside the
others under a temporary name, synced to disk, renamed, and only then the pointer AKTUELL.json turns to it:
a crash at any step leaves the old state served.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pandas as pd

from etl.quelle import Quelle
from geodata.differenz import Ablehnung
from geodata.eigene_raeume import build_ebenen, build_raeume, sortiere_ebenen
from geodata.gebiet import Gebiet
from geodata.nachbarn import find_nachbarn
from geodata.umstieg import read_umstiege
from indicators import eigene as eigene_raeume
from indicators.altstand import read_eintraege
from indicators.auswertung import build_angaben, build_auswertung
from indicators.berechnung import build_zahlen, ohne_unsinn
from indicators.bestand import find_folge, find_neuen_namen, find_zeiger, set_zeiger
from indicators.eingabe import Eingabe, Melder, build_eingabe, entscheide, find_nutzlose
from indicators.eingang import Eingang, read_eingang
from indicators.fassungswechsel import check_fassungen
from indicators.freigabe import Freigabe
from indicators.gate import FASSUNG, Bescheid
from indicators.gedaechtnis import Gedaechtnis
from indicators.herkunft import build_herkunft
from indicators.indexbau import Indexwerk, build_indexwerk
from indicators.indexkatalog import Index
from indicators.kennzahl import Kennzahl
from indicators.manifest import read_manifest, write_manifest
from indicators.muster import build_muster, ohne_rest
from indicators.platte import ersetze, loesche, schreibfehler, sync_baum
from indicators.rundung import runde_zaehlung
from indicators.schluessel import read_schluessel
from indicators.sperre import sperre
from indicators.staende import find_fertigen, raeume_auf
from indicators.standangaben import build_lieferungen, build_schutz, build_stand, build_vollstaendigkeit, list_fehlende
from indicators.standdateien import write_datenbank, write_geometrie, write_heute, write_vergleiche, write_werte
from indicators.standtabellen import (
    build_katalog,
    build_klassentabelle,
    build_pflegetabellen,
    build_tabellen,
    build_umgerechnete,
    list_stichtage,
    ohne_dopplung,
)
from indicators.store import SCHEMA_VERSION
from indicators.umrechnung import build_gewichte
from indicators.vergleichswerte import find_bezug, find_quellen, find_werte, read_vergleichswerte
from indicators.vollstaendig import blende_alle
from indicators.zusammenstellung import Zusammenstellung


@dataclass(frozen=True)
class Ergebnis:
    """What `publish` did: folder name of the snapshot, `neu` (False: published already), certificate per profile, own
    areas that were refused."""

    snapshot: str
    neu: bool
    zertifikate: dict[str, dict]
    abgelehnt: tuple[Ablehnung, ...] = ()


def publish(
    gebiet: Gebiet,
    quellen: dict[str, Quelle],
    kennzahlen: dict[str, Kennzahl],
    freigaben: list[Freigabe],
    ordner: Path,
    *,
    version: str,
    indizes: dict[str, Index] | None = None,
    zusammenstellungen: dict[str, Zusammenstellung] | None = None,
    melde: Melder = lambda *_: None,
) -> Ergebnis:
    """Publish all release profiles of one Gebiet as one snapshot.

    Args:
        ordner: `daten/<gebiet>`, holds intern.duckdb, bestand/ and the pointer.

    Raises:
        MonitoringError: nothing is loaded, or somebody else is publishing.
        KatalogError: a Kennzahl computes otherwise than the snapshot shown, under the same version number.
        GeheimhaltungError: a table cannot be protected; nothing is published then.
    """
    with sperre(ordner), schreibfehler(ordner):
        eingang = read_eingang(ordner / "intern.duckdb", gebiet)
        vorhaben = eigene_raeume.read_vorhaben(gebiet, ordner)
        schluessel = read_schluessel(ordner.parent)
        werk = build_indexwerk(indizes or {}, gebiet.id, kennzahlen)
        listen = tuple((zusammenstellungen or {}).values())
        aussen = read_vergleichswerte(gebiet, kennzahlen)
        modelle = {**kennzahlen, **{f"index {i.id}": i for i in werk.indizes}, **{f"liste {z.id}": z for z in listen}}
        kennung = _hash(schluessel, gebiet, quellen, modelle, freigaben, eingang, vorhaben, version)
        raeume_auf(ordner / "bestand")
        if fertig := find_fertigen(ordner, kennung):
            neu = fertig != find_zeiger(ordner)
            if neu:
                set_zeiger(ordner, fertig)
            return Ergebnis(fertig, neu, read_manifest(ordner / "bestand" / fertig)["zertifikate"])
        if gezeigt := find_zeiger(ordner):
            check_fassungen(kennzahlen, read_eintraege(ordner / "bestand" / gezeigt))
        jetzt = datetime.now(UTC).replace(microsecond=0)
        name = find_neuen_namen(ordner, kennung, jetzt)
        bau = ordner / "bestand" / f".bau_{os.getpid()}"
        bau.mkdir(parents=True)
        try:
            kopf = {"snapshot": name, "folge": find_folge(name), "erstellt_am": jetzt.isoformat(), "version": version}
            eingabe = build_eingabe(gebiet, quellen, kennzahlen, freigaben, eingang, vorhaben)
            mittel = Mittel(ordner, Gedaechtnis(ordner), schluessel, melde, werk, listen, aussen)
            zertifikate, eigene, abgelehnt = _build(gebiet, quellen, eingabe, eingang, bau, kopf, mittel)
            # What must be remembered of a snapshot is written before it gets its name: with it, it may be shown.
            kopf["gedaechtnis"] = mittel.gedaechtnis.schreibe()
            eigene_raeume.merke(ordner, eigene)
            write_manifest(bau, kopf, zertifikate)
            sync_baum(bau)
            ersetze(bau, ordner / "bestand" / name)
        except BaseException:
            loesche(bau)
            raise
        set_zeiger(ordner, name)
    return Ergebnis(name, True, zertifikate, tuple(abgelehnt))


def _hash(schluessel: bytes, gebiet, quellen, kennzahlen, freigaben, eingang: Eingang, vorhaben, version: str) -> str:
    """Keyed hash of the inputs: the name of a snapshot confirms no guess of what is secret in them.

    DuckDB files of equal content differ in bytes, so outputs cannot name a snapshot.
    """
    summe = hmac.new(schluessel, f"{version} {SCHEMA_VERSION} {FASSUNG}".encode(), hashlib.sha256)
    for datei in sorted(p for p in gebiet.ordner.rglob("*") if p.is_file()):
        summe.update(datei.read_bytes())
    eigene = [q for q in quellen.values() if gebiet.id in q.gebiet]
    for modell in (*eigene, *kennzahlen.values(), *freigaben):
        summe.update(modell.model_dump_json().encode())
    summe.update(vorhaben.als_text().encode())
    # Values, not delivery numbers: taking back a delivery and loading it again is the same state.
    for df in (eingang.fallzahl, eingang.lieferung.drop(columns="geladen_am"), eingang.befund, eingang.unsinn):
        summe.update(pd.util.hash_pandas_object(df.astype(str), index=False).to_numpy().tobytes())
    return summe.hexdigest()[:12]


# --- building --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mittel:
    """What building needs beside its input: memory of earlier publications, key, progress, indices."""

    ordner: Path  # daten/<gebiet>
    gedaechtnis: Gedaechtnis
    schluessel: bytes
    melde: Melder
    werk: Indexwerk = field(default_factory=Indexwerk)
    listen: tuple[Zusammenstellung, ...] = ()
    aussen: pd.DataFrame = field(default_factory=pd.DataFrame)  # see vergleichswerte


def _build(gebiet, quellen, eingabe: Eingabe, eingang: Eingang, bau: Path, kopf: dict, mittel: Mittel) -> tuple:
    """Builds all profiles into the folder `bau`: certificates, own areas that are shown, and those that are refused."""
    merkmale, fassungen, freigaben, regeln = eingabe.merkmale, eingabe.fassungen, eingabe.freigaben, eingabe.regeln
    summierbar = eingabe.summierbar
    bescheide = entscheide(eingabe, mittel.melde, mittel.ordner, mittel.gedaechtnis)
    nutzlos = find_nutzlose(eingabe, bescheide[freigaben[0].id], freigaben[0])
    eigene, abgelehnt = eigene_raeume.ohne(eingabe.zugelassen, nutzlos), [*eingabe.abgelehnt, *nutzlos]
    ebenen = sortiere_ebenen(gebiet.ebenen, build_ebenen(eigene, eingabe.raeume))
    gezeigt = build_raeume(eigene, eingabe.raeume)
    raeume = pd.concat([eingabe.raeume, gezeigt], ignore_index=True)
    # Counts of areas published before are there for the gate only.
    zaehlung = runde_zaehlung(eingabe.zaehlung, freigaben, regeln)
    zaehlung = zaehlung[zaehlung["raum_id"].isin(raeume["raum_id"])]
    sichtbar = eingabe.eltern["raum_id"].isin(raeume["raum_id"]) & eingabe.eltern["eltern_id"].isin(raeume["raum_id"])
    eltern = eingabe.eltern[sichtbar]
    namen = tuple(e.id for e in ebenen)
    gewichte = build_gewichte(read_umstiege(gebiet), eingabe.raeume, tuple(e.id for e in gebiet.ebenen))
    gewichte = eigene_raeume.ergaenze_gewichte(gewichte, eigene, eingabe.raeume, gezeigt)
    geo = write_geometrie(gebiet, eingabe.geometrien, bau / "geo", gezeigt, eltern)
    titel = {name: m.titel for name, m in merkmale.items()}
    alle = mittel.werk.ergaenze(fassungen)
    rest = raeume.loc[raeume["rest"], "raum_id"]
    nachbarn = find_nachbarn(eingabe.geometrien)
    gedacht: dict = {}
    vorher = None

    @cache
    def herkunft(intern: bool, stichtage: tuple) -> pd.DataFrame:
        paare = [*fassungen, *mittel.werk.herkunft]
        return build_herkunft(paare, dict(stichtage), eingang.woher, merkmale, quellen, intern=intern)

    for nr, freigabe in enumerate(freigaben, start=1):
        bescheid, ziel = bescheide[freigabe.id], bau / f"werte_{freigabe.id}"
        if vorher and _sehen_gleich(freigabe, vorher, bescheide):
            shutil.copytree(bau / f"werte_{vorher.id}", ziel)
        else:
            zahlen = build_zahlen(zaehlung, bescheid.gesperrt, namen, im_haus=freigabe.nur_lokal)
            zahlen = ohne_unsinn(zahlen, eingang.unsinn)
            pflege = build_pflegetabellen(eingabe.pflege, zahlen, regeln.gezeigt, eingabe.raeume, gebiet)
            tabellen = build_tabellen(zahlen, fassungen)
            umgerechnet, umbruch = build_umgerechnete(gebiet, zahlen, gewichte, fassungen, sorted(summierbar))
            tabellen, umgerechnet = ohne_dopplung(tabellen, umgerechnet)
            tabellen, umgerechnet = blende_alle(tabellen, umgerechnet, eingabe.kennzahlen)
            tabellen |= mittel.werk.build(tabellen, {k.id: k.titel for k, _ in fassungen}, rest)
            muster, statistik = build_muster(ohne_rest(tabellen, rest), {k.id: k for k, _ in alle}, nachbarn, gedacht)
            katalog = build_katalog(alle, titel, tabellen, merkmale, freigaben)
            angaben = build_angaben(katalog["eintrag"], find_werte(mittel.aussen))
            auswertung = build_auswertung(tabellen, umgerechnet, raeume, angaben)
            dateien = [geo, write_werte(tabellen, raeume, ziel), write_heute(tabellen, umgerechnet, raeume, ziel)]
            dateien.append(write_vergleiche(auswertung["auswertung"], raeume, ziel))
        vorher = freigabe
        stand = build_stand(gebiet, quellen, eingang, freigabe, bescheid, kopf, ebenen)
        stand["bezug"] = find_bezug(mittel.aussen)
        stand["quellen"] += find_quellen(mittel.aussen)
        stand["pflege"] = pflege.angaben
        stand["einwohner_mindest"] = eigene_raeume.find_mindest(freigaben)
        stand["zusammenstellungen"] = [z.model_dump(mode="json") for z in mittel.listen]
        stand["fehlend"] = list_fehlende(eingabe, quellen, eingang, tabellen, mittel.listen)
        if nr == 1:  # reasons stay in the house
            stand["eigene_abgelehnt"] = [asdict(a) for a in abgelehnt]
        write_datenbank(
            bau / f"{freigabe.id}.duckdb",
            raum=raeume,
            raum_eltern=eltern,
            kennzahl=pd.concat(tabellen.values(), ignore_index=True),
            kennzahl_umgerechnet=umgerechnet,
            umbruch=umbruch,
            katalog=katalog,
            vergleichswert=mittel.aussen,
            **auswertung,
            **pflege.tabellen,
            klasse=build_klassentabelle(tabellen, {k.id: k for k, _ in alle}),
            indexdefinition=mittel.werk.definitionen(),
            nachbar=nachbarn,
            raum_muster=muster,
            raum_statistik=statistik,
            datei=pd.concat(dateien, ignore_index=True),
            lieferung=build_lieferungen(eingang, quellen, mittel.schluessel if freigabe.nur_lokal else None),
            vollstaendigkeit=build_vollstaendigkeit(eingang, raeume, titel),
            luecke=eingang.luecke,
            befund_zahl=eingang.befund,
            herkunft=herkunft(freigabe.nur_lokal, list_stichtage(tabellen)),
            schutz=build_schutz(zaehlung, bescheid, titel, regeln),
            stand=pd.DataFrame(
                {"schluessel": stand.keys(), "wert": [json.dumps(w, ensure_ascii=False) for w in stand.values()]}
            ),
        )
        mittel.melde(nr, len(freigaben), "Freigabeprofile")
    return {f.id: bescheide[f.id].zertifikat for f in freigaben}, eigene, abgelehnt


def _sehen_gleich(eine: Freigabe, andere: Freigabe, bescheide: dict[str, Bescheid]) -> bool:
    """Two profiles that hide the same and sign it the same need their files only once."""
    return eine.nur_lokal == andere.nur_lokal and bescheide[eine.id].gesperrt.equals(bescheide[andere.id].gesperrt)
