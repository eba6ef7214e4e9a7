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
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import duckdb
import pandas as pd

from etl.quelle import Quelle
from geodata.differenz import Ablehnung, find_zugelassene
from geodata.eigene import Eigene
from geodata.eigene_raeume import build_ebenen, build_raeume, sortiere_ebenen
from geodata.fehler import KatalogError
from geodata.gebiet import Gebiet
from geodata.geometrie import find_zuschnitte, read_geometrien, write_browsergeometrie
from geodata.nachbarn import find_nachbarn
from geodata.umstieg import ART_TEXT, read_umstiege
from indicators import eigene as eigene_raeume
from indicators.altstand import find_alte, read_eintraege, read_gezeigt
from indicators.auswertung import build_angaben, build_auswertung
from indicators.berechnung import Zahlen, build_kennzahl, build_zahlen, ohne_unsinn
from indicators.bestand import find_folge, find_neuen_namen, find_zeiger, set_zeiger
from indicators.eingang import Eingang, read_eingang
from indicators.fassungswechsel import check_fassungen
from indicators.freigabe import Freigabe
from indicators.gate import FASSUNG, Bescheid, Regeln, build_regeln, protect_zaehlung
from indicators.gedaechtnis import Gedaechtnis
from indicators.herkunft import build_herkunft
from indicators.indexbau import Indexwerk, build_indexwerk
from indicators.indexkatalog import Index
from indicators.katalog import build_eintrag
from indicators.kennzahl import Fassung, Kennzahl
from indicators.klassen import build_klassen
from indicators.luecken import find_fehlende
from indicators.manifest import read_manifest, write_manifest
from indicators.mischung import find_spalten
from indicators.muster import build_muster, ohne_rest
from indicators.pflege import Pflege, build_leer, build_pflege
from indicators.pflegemodell import Pflegemodell, find_modell
from indicators.pflegequoten import build_quotenvergleich
from indicators.platte import ersetze, loesche, schreibfehler, sync_baum
from indicators.regeln import ZAEHLBAR
from indicators.rundung import check_methode, find_hinweis, ohne_intervalle, runde_zaehlung
from indicators.schluessel import mac, read_schluessel
from indicators.sperre import sperre
from indicators.staende import find_fertigen, raeume_auf
from indicators.store import SCHEMA_VERSION
from indicators.umrechnung import SPALTEN as UMGERECHNET
from indicators.umrechnung import build_gewichte, build_heute, build_umgerechnet, rechne_um
from indicators.vergleichswerte import find_bezug, find_quellen, find_werte, read_vergleichswerte
from indicators.vollstaendig import blende_alle
from indicators.wertdatei import write_vergleichsdatei, write_wertdateien
from indicators.zaehlung import build_zaehlung
from indicators.zusammenstellung import Zusammenstellung

SCHEMA = Path(__file__).with_name("schema.sql")
Melder = Callable[[int, int, str], None]


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


@dataclass(frozen=True)
class Eingabe:
    """What goes into the gate, own areas included, and what the steps behind it need of the catalogue."""

    merkmale: dict
    kennzahlen: dict[str, Kennzahl]  # the whole catalogue
    fassungen: list[tuple[Kennzahl, Fassung]]
    freigaben: list[Freigabe]
    regeln: Regeln
    zaehlung: pd.DataFrame
    eltern: pd.DataFrame
    raeume: pd.DataFrame  # of the Gebiet
    eigene_raeume: pd.DataFrame
    zugelassen: list[Eigene]
    abgelehnt: list[Ablehnung]
    geometrien: dict
    pflege: Pflegemodell | None  # what care projections need and is delivered

    @property
    def summierbar(self) -> set[str]:
        return {name for name, m in self.merkmale.items() if m.art in ZAEHLBAR}


def build_eingabe(gebiet, quellen, kennzahlen, freigaben, eingang: Eingang, vorhaben) -> Eingabe:
    """Counts, relations and rules of one Gebiet as the gate wants them; own areas that may not be are already out."""
    merkmale = {name: m for q in quellen.values() if gebiet.id in q.gebiet for name, m in q.merkmale.items()}
    geometrien = read_geometrien(gebiet)
    raeume = _build_raeume(gebiet, geometrien)
    lage = raeume[["raum_id", "gebietsstand", "rest", "zuschnitt"]]
    eltern = gebiet.read_eltern().merge(lage, on=["raum_id", "gebietsstand"])
    summierbar = {name for name, m in merkmale.items() if m.art in ZAEHLBAR}
    ebenen = [e.id for e in gebiet.ebenen]
    zaehlung = build_zaehlung(eingang.fallzahl, raeume, ebenen, summierbar=summierbar, eltern=eltern)
    fassungen = ohne_intervalle(_fassungen(kennzahlen, set(eingang.fallzahl["merkmal"])), freigaben)
    _check_vollstaendig(gebiet, quellen, fassungen, eingang)
    pflege = find_modell(set(eingang.fallzahl["merkmal"]))
    regeln = build_regeln(merkmale, fassungen, pflege.merkmale if pflege else frozenset())
    check_methode(freigaben, regeln)
    heute = eltern[eltern["gebietsstand"] == gebiet.gebietsstaende[-1].id]
    ist_klein = eigene_raeume.build_ist_klein(zaehlung, vorhaben.bestand, freigaben)
    zugelassen, abgelehnt = find_zugelassene(vorhaben, heute, ist_klein)
    frueher = vorhaben.frueher(zugelassen)
    gerundet = runde_zaehlung(zaehlung, freigaben, regeln)
    mehr = eigene_raeume.ergaenze(
        zaehlung, eltern, raeume, zugelassen, frueher, summierbar=summierbar, gerundet=gerundet
    )
    return Eingabe(
        merkmale=merkmale,
        kennzahlen=kennzahlen,
        fassungen=fassungen,
        freigaben=eigene_raeume.mit_ohne(freigaben, [*zugelassen, *frueher]),
        regeln=regeln,
        zaehlung=mehr.zaehlung,
        eltern=mehr.eltern,
        raeume=raeume,
        eigene_raeume=mehr.raeume,
        zugelassen=zugelassen,
        abgelehnt=abgelehnt,
        geometrien=geometrien,
        pflege=pflege,
    )


def entscheide(
    eingabe: Eingabe,
    melde: Melder = lambda *_: None,
    ordner: Path | None = None,
    gedaechtnis: Gedaechtnis | None = None,
) -> dict[str, Bescheid]:
    """What every profile may see; also asked by whoever wants to know before publishing.

    Args:
        ordner: `daten/<gebiet>`: with it, everything published before is reckoned with.
        gedaechtnis: of that folder; what is new is noted there and not written.
    """
    gedaechtnis = gedaechtnis or (Gedaechtnis(ordner) if ordner else None)
    gezeigt = []
    for name in find_alte(ordner, gedaechtnis) if ordner else []:
        gezeigt.append(read_gezeigt(ordner / "bestand" / name, eingabe.fassungen, eingabe.zaehlung))
        gedaechtnis.trage_nach(name)
    return protect_zaehlung(
        eingabe.zaehlung,
        eingabe.eltern,
        eingabe.regeln,
        eingabe.freigaben,
        gedaechtnis=gedaechtnis,
        gezeigt=gezeigt,
        melde=melde,
    )


def find_nutzlose(eingabe: Eingabe, bescheid: Bescheid, freigabe: Freigabe) -> list[Ablehnung]:
    """Own areas of which one profile would show nearly nothing."""
    themen = {m: k.thema_titel for k, f in reversed(eingabe.fassungen) for m in f.zaehler}
    return eigene_raeume.find_nutzlose(
        eingabe.zaehlung,
        bescheid.gesperrt,
        eingabe.zugelassen,
        recht=eingabe.regeln.recht,
        gezeigt=eingabe.regeln.gezeigt,
        themen=themen,
        titel=freigabe.titel,
    )


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
    geo = _write_geometrie(gebiet, eingabe.geometrien, bau / "geo", gezeigt, eltern)
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
            tabellen = _build_tabellen(zahlen, fassungen)
            umgerechnet, umbruch = _build_umgerechnet(gebiet, zahlen, gewichte, fassungen, sorted(summierbar))
            tabellen, umgerechnet = _ohne_dopplung(tabellen, umgerechnet)
            tabellen, umgerechnet = blende_alle(tabellen, umgerechnet, eingabe.kennzahlen)
            tabellen |= mittel.werk.build(tabellen, {k.id: k.titel for k, _ in fassungen}, rest)
            muster, statistik = build_muster(ohne_rest(tabellen, rest), {k.id: k for k, _ in alle}, nachbarn, gedacht)
            katalog = _build_katalog(alle, titel, tabellen, merkmale, freigaben)
            angaben = build_angaben(katalog["eintrag"], find_werte(mittel.aussen))
            auswertung = build_auswertung(tabellen, umgerechnet, raeume, angaben)
            dateien = [geo, _write_werte(tabellen, raeume, ziel), _write_heute(tabellen, umgerechnet, raeume, ziel)]
            dateien.append(_write_vergleiche(auswertung["auswertung"], raeume, ziel))
        vorher = freigabe
        stand = _build_stand(gebiet, quellen, eingang, freigabe, bescheid, kopf, ebenen)
        stand["bezug"] = find_bezug(mittel.aussen)
        stand["quellen"] += find_quellen(mittel.aussen)
        stand["pflege"] = pflege.angaben
        stand["einwohner_mindest"] = eigene_raeume.find_mindest(freigaben)
        stand["zusammenstellungen"] = [z.model_dump(mode="json") for z in mittel.listen]
        stand["fehlend"] = _find_fehlende(eingabe, quellen, eingang, tabellen, mittel.listen)
        if nr == 1:  # reasons stay in the house
            stand["eigene_abgelehnt"] = [asdict(a) for a in abgelehnt]
        _write_datenbank(
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
            klasse=_build_klassen(tabellen, {k.id: k for k, _ in alle}),
            indexdefinition=mittel.werk.definitionen(),
            nachbar=nachbarn,
            raum_muster=muster,
            raum_statistik=statistik,
            datei=pd.concat(dateien, ignore_index=True),
            lieferung=_build_lieferungen(eingang, quellen, mittel.schluessel if freigabe.nur_lokal else None),
            vollstaendigkeit=_build_vollstaendigkeit(eingang, raeume, titel),
            luecke=eingang.luecke,
            befund_zahl=eingang.befund,
            herkunft=herkunft(freigabe.nur_lokal, _stichtage(tabellen)),
            schutz=_build_schutz(zaehlung, bescheid, titel, regeln),
            stand=pd.DataFrame(
                {"schluessel": stand.keys(), "wert": [json.dumps(w, ensure_ascii=False) for w in stand.values()]}
            ),
        )
        mittel.melde(nr, len(freigaben), "Freigabeprofile")
    return {f.id: bescheide[f.id].zertifikat for f in freigaben}, eigene, abgelehnt


def build_pflegetabellen(
    modell: Pflegemodell | None, zahlen: Zahlen, gezeigt: frozenset[str], raeume: pd.DataFrame, gebiet: Gebiet
) -> Pflege:
    """Care as far as its deliveries reach: projection, comparison with national quotas, or the reason for neither."""
    if modell is None:
        return build_leer("nicht_geliefert")
    baue = build_pflege if modell.art == "voll" else build_quotenvergleich
    return baue(modell, zahlen, gezeigt, raeume, tuple(e.id for e in gebiet.ebenen))


def _sehen_gleich(eine: Freigabe, andere: Freigabe, bescheide: dict[str, Bescheid]) -> bool:
    """Two profiles that hide the same and sign it the same need their files only once."""
    return eine.nur_lokal == andere.nur_lokal and bescheide[eine.id].gesperrt.equals(bescheide[andere.id].gesperrt)


def _check_vollstaendig(gebiet: Gebiet, quellen: dict[str, Quelle], fassungen: list, eingang: Eingang) -> None:
    """Nothing to show, or a source without a name under its figures: both are left from a draft."""
    if not fassungen:
        raise KatalogError(
            "Keine Kennzahl passt zu den geladenen Merkmalen.",
            wo=f"{gebiet.id}: {', '.join(sorted(set(eingang.fallzahl['merkmal']))[:8])}",
            tun="Die Merkmale im Profil so nennen wie im Katalog (Handbuch, Kapitel 15) oder eine Kennzahl anlegen.",
        )
    for quelle in (quellen[q] for q in dict.fromkeys(eingang.lieferung["quelle"])):
        if offen := [f for f in ("titel", "herausgeber", "lizenz") if getattr(quelle, f).strip() == "bitte eintragen"]:
            raise KatalogError(
                f"Quelle »{quelle.id}«: {' und '.join(offen)} steht noch auf »bitte eintragen«.",
                wo=f"{quelle.id}.toml",
                tun="Eintragen, wer die Zahlen liefert und unter welcher Bedingung sie gezeigt werden dürfen.",
            )


def _fassungen(kennzahlen: dict[str, Kennzahl], merkmale: set[str]) -> list[tuple[Kennzahl, Fassung]]:
    """The Kennzahlen this Gebiet has the Merkmale for, drafts left out."""
    paare = [(k, k.fassung(merkmale)) for k in kennzahlen.values() if not k.entwurf]
    return [(k, f) for k, f in paare if f is not None]


def _build_raeume(gebiet: Gebiet, geometrien: dict) -> pd.DataFrame:
    """All Räume with `mit_geometrie`, `nr` (place in the geometry file, Räume without an area behind), `zuschnitt`."""
    raeume = gebiet.read_raeume()
    flaechig = {(stand, raum_id) for stand, tabelle in geometrien.items() for raum_id in tabelle["raum_id"]}
    orte = zip(raeume["gebietsstand"], raeume["raum_id"], strict=True)
    raeume = raeume.assign(mit_geometrie=[ort in flaechig for ort in orte])
    raeume = raeume.sort_values(["mit_geometrie", "rest"], ascending=[False, True], kind="stable")
    raeume["nr"] = raeume.groupby(["gebietsstand", "ebene"]).cumcount()
    zuschnitte = find_zuschnitte(gebiet, geometrien)
    raeume = raeume.merge(zuschnitte, on=["raum_id", "gebietsstand"], how="left")
    raeume["zuschnitt"] = raeume["zuschnitt"].fillna(gebiet.gebietsstaende[0].id)
    return raeume


def _build_tabellen(zahlen: Zahlen, fassungen: list) -> dict:
    """Kennzahl id → its table, see `berechnung.build_kennzahl`; Kennzahlen without any value are left out."""
    tabellen = {k.id: build_kennzahl(k, f, zahlen).assign(kennzahl_id=k.id) for k, f in fassungen}
    return {name: tabelle for name, tabelle in tabellen.items() if len(tabelle)}


def _build_umgerechnet(
    gebiet: Gebiet, zahlen: Zahlen, gewichte: pd.DataFrame, fassungen: list, merkmale: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Old Stichtage on today's Räume, and where the series break instead; both of all Kennzahlen."""
    heute = gebiet.gebietsstaende[-1].id
    umrechnung = rechne_um(zahlen, gewichte, heute, merkmale)
    werte, brueche = [], []
    for kennzahl, fassung in fassungen:
        tabelle, bruch = build_umgerechnet(kennzahl, fassung, umrechnung, bruch_ab=gebiet.bruch_ab_anteil)
        werte.append(tabelle.assign(kennzahl_id=kennzahl.id))
        brueche.append(bruch.assign(kennzahl_id=kennzahl.id, gebietsstand=heute))
    if not fassungen:
        return pd.DataFrame(columns=["kennzahl_id", *UMGERECHNET]), pd.DataFrame(columns=["kennzahl_id"])
    leer = pd.DataFrame(columns=["kennzahl_id", *UMGERECHNET])
    return pd.concat([leer, *(w for w in werte if len(w))], ignore_index=True), pd.concat(brueche, ignore_index=True)


def _ohne_dopplung(tabellen: dict[str, pd.DataFrame], umgerechnet: pd.DataFrame) -> tuple[dict, pd.DataFrame]:
    """One value per Raum and Stichtag where a source used old keys: delivered before converted before missing."""
    schluessel = ["kennzahl_id", "raum_id", "gebietsstand", "stichtag"]
    neu = pd.MultiIndex.from_frame(umgerechnet[schluessel])
    da = []
    for name, tabelle in tabellen.items():
        doppelt = pd.MultiIndex.from_frame(tabelle[schluessel]).isin(neu)
        leer = tabelle["status"] == "nicht_geliefert"
        da.append(tabelle.loc[doppelt & ~leer, schluessel])
        tabellen[name] = tabelle[~(doppelt & leer)].reset_index(drop=True) if doppelt.any() else tabelle
    weg = neu.isin(pd.MultiIndex.from_frame(pd.concat(da))) if da else []
    return tabellen, umgerechnet[~weg].reset_index(drop=True) if len(weg) else umgerechnet


def _build_stand(gebiet, quellen, eingang: Eingang, freigabe: Freigabe, bescheid: Bescheid, kopf: dict, ebenen) -> dict:
    benutzt = [quellen[q] for q in dict.fromkeys(eingang.lieferung["quelle"])]
    texte = ("titel", "herausgeber", "lizenz", "hinweis")
    karten = {s.quelle: s.lizenz for s in gebiet.gebietsstaende}
    return {
        **kopf,
        "schema": SCHEMA_VERSION,
        "gebiet_id": gebiet.id,
        "gebiet_name": gebiet.name,
        "erfunden": gebiet.erfunden,
        "gebiet_hinweis": gebiet.hinweis,
        "freigabe": freigabe.id,
        "freigabe_titel": freigabe.titel,
        "freigabe_beschreibung": freigabe.beschreibung,
        "wasserzeichen": freigabe.wasserzeichen,
        "anzeige_ebene": gebiet.anzeige_ebene,
        "vorauswahl": gebiet.vorauswahl,
        "umstiege": [
            {"ab": stand.id, "art": ART_TEXT[stand.umstieg_art]} for stand in gebiet.gebietsstaende if stand.umstieg_art
        ],
        "bruch_ab_anteil": gebiet.bruch_ab_anteil,
        "ebenen": [
            {f: getattr(e, f, "") for f in ("id", "titel", "titel_plural", "eltern", "bausteine", "beschreibung")}
            for e in ebenen
        ],
        "quellen": [{t: getattr(q, t) for t in texte} for q in benutzt]
        + [dict(zip(texte, ("Gebietsgrenzen", q, lizenz, q), strict=True)) for q, lizenz in karten.items()],
        # How many are hidden for which reason narrows down the hidden ones: that stays in the manifest, in the house.
        "zertifikat": {feld: bescheid.zertifikat[feld] for feld in ("zellen", "gesperrt")},
    }


def _find_fehlende(
    eingabe: Eingabe, quellen: dict[str, Quelle], eingang: Eingang, tabellen: dict, listen
) -> list[dict]:
    return find_fehlende(
        eingabe.kennzahlen.values(),
        gezeigt={name for name, tabelle in tabellen.items() if tabelle["wert"].notna().any()},
        auch={name for liste in listen for name in liste.kennzahlen},
        berechnet={k.id for k, _ in eingabe.fassungen},
        geliefert=set(eingang.fallzahl["merkmal"]),
        titel={name: m.titel for q in quellen.values() for name, m in q.merkmale.items()},
    )


def _stichtage(tabellen: dict[str, pd.DataFrame]) -> tuple:
    """Kennzahl and the Stichtage it has values at."""
    return tuple((name, tuple(sorted(set(tabelle["stichtag"])))) for name, tabelle in tabellen.items())


def _build_katalog(fassungen: list, titel: dict[str, str], tabellen: dict, merkmale: dict, freigaben) -> pd.DataFrame:
    zeilen = []
    for nr, (kennzahl, fassung) in enumerate(fassungen):
        if kennzahl.id in tabellen:
            monatlich = any(merkmale[m].zeitbezug == "monat" for m in fassung.zaehler if m in merkmale)
            eintrag = build_eintrag(kennzahl, fassung, titel, monatlich=monatlich)
            zeitbezug = {merkmale[m].zeitbezug for m in fassung.zaehler if m in merkmale}
            eintrag["jahressumme"] = zeitbezug == {"jahressumme"}
            if hinweis := find_hinweis(fassung.merkmale, freigaben, titel):  # an approximation, as every page says it
                eintrag |= {"naeherung": " ".join(filter(None, (eintrag["naeherung"], hinweis)))}
            zeilen.append((kennzahl.id, nr, json.dumps(eintrag, ensure_ascii=False)))
    return pd.DataFrame(zeilen, columns=["kennzahl_id", "reihenfolge", "eintrag"])


def _build_klassen(tabellen: dict[str, pd.DataFrame], kennzahlen: dict[str, Kennzahl]) -> pd.DataFrame:
    zeilen = []
    for kennzahl_id, tabelle in tabellen.items():
        for ebene, teil in tabelle.groupby("ebene", sort=False):
            kanten = build_klassen(teil["wert"].to_numpy(float), art=kennzahlen[kennzahl_id].art)
            zeilen += [(kennzahl_id, ebene, i, kanten[i], kanten[i + 1]) for i in range(len(kanten) - 1)]
    return pd.DataFrame(zeilen, columns=["kennzahl_id", "ebene", "nr", "von", "bis"])


def _build_lieferungen(eingang: Eingang, quellen: dict[str, Quelle], schluessel: bytes | None) -> pd.DataFrame:
    """Deliveries in use, told apart in the house by a keyed hash: a plain one could confirm a guess of what is secret
    in them. Outside there is none."""
    df = eingang.lieferung
    df = df.assign(sha256=[mac(schluessel, s) for s in df["sha256"]] if schluessel else "")
    texte = {
        t: df["quelle"].map({q.id: getattr(q, t) for q in quellen.values()})
        for t in ("titel", "herausgeber", "lizenz", "hinweis")
    }
    return df.assign(**texte)


def _build_vollstaendigkeit(eingang: Eingang, raeume: pd.DataFrame, titel: dict[str, str]) -> pd.DataFrame:
    df = eingang.vollstaendigkeit
    staende = raeume[~raeume["rest"]].groupby(["ebene", "gebietsstand"]).size()
    zahlen = [int(staende[z.ebene, z.gebietsstand]) for z in df.itertuples()]
    return df.assign(titel=df["merkmal"].map(titel), erwartet=zahlen)


def _build_schutz(zaehlung: pd.DataFrame, bescheid: Bescheid, titel: dict, regeln: Regeln) -> pd.DataFrame:
    """How much of what is shown the gate hides, per Merkmal and level."""
    personen = zaehlung[zaehlung["merkmal"].map(regeln.recht).fillna("keins").ne("keins")]
    personen = personen[personen["merkmal"].isin(regeln.gezeigt)]
    ebene_von = zaehlung.drop_duplicates(["raum_id", "gebietsstand"])[["raum_id", "gebietsstand", "ebene"]]
    gesperrt = bescheid.gesperrt.merge(ebene_von, on=["raum_id", "gebietsstand"])
    schutz = personen.groupby(["merkmal", "ebene"]).size().rename("zellen").reset_index()
    schutz = schutz.merge(gesperrt.groupby(["merkmal", "ebene"]).size().rename("gesperrt").reset_index(), how="left")
    return schutz.assign(titel=schutz["merkmal"].map(titel), gesperrt=schutz["gesperrt"].fillna(0).astype(int))


# --- writing ---------------------------------------------------------------------------------


def _write_geometrie(gebiet: Gebiet, geometrien: dict, ziel: Path, eigene: pd.DataFrame, eltern) -> pd.DataFrame:
    ziel.mkdir()
    zeilen = []
    for stand in gebiet.gebietsstaende:
        for ebene, name in write_browsergeometrie(gebiet, stand, ziel, geometrien, eigene, eltern).items():
            zeilen.append(("", ebene, stand.id, "geo", name))
    return pd.DataFrame(zeilen, columns=["kennzahl_id", "ebene", "gebietsstand", "art", "name"])


def _write_werte(tabellen: dict[str, pd.DataFrame], raeume: pd.DataFrame, ziel: Path) -> pd.DataFrame:
    ziel.mkdir()
    orte, zeilen = _orte(raeume), []
    for kennzahl_id, tabelle in tabellen.items():
        for (ebene, gebietsstand), teil in tabelle.groupby(["ebene", "gebietsstand"], sort=False):
            kopf = {"kennzahl": kennzahl_id, "ebene": ebene, "gebietsstand": gebietsstand}
            for art, name in write_wertdateien(teil, orte[ebene, gebietsstand], kopf, ziel).items():
                zeilen.append((kennzahl_id, ebene, gebietsstand, art, name))
    return pd.DataFrame(zeilen, columns=["kennzahl_id", "ebene", "gebietsstand", "art", "name"])


def _orte(raeume: pd.DataFrame) -> dict[tuple[str, str], pd.DataFrame]:
    """Level and Gebietsstand → its Räume in the order of the geometry file, Rest-Räume last."""
    rest = raeume[raeume["rest"]]
    return {
        (ebene, stand): pd.concat([teil[~teil["rest"]].sort_values("nr"), rest[rest["gebietsstand"] == stand]])
        for (ebene, stand), teil in raeume.groupby(["ebene", "gebietsstand"])
    }


def _write_vergleiche(auswertung: pd.DataFrame, raeume: pd.DataFrame, ziel: Path) -> pd.DataFrame:
    """Verdicts and ranks for the map, one file beside each value file."""
    orte, zeilen = _orte(raeume), []
    schluessel = ["kennzahl_id", "ebene", "gebietsstand"]
    for (kennzahl_id, ebene, gebietsstand), teil in auswertung.groupby(schluessel, sort=False, observed=True):
        kopf = {"kennzahl": kennzahl_id, "ebene": ebene, "gebietsstand": gebietsstand}
        name = write_vergleichsdatei(teil, orte[ebene, gebietsstand], kopf, ziel)
        zeilen.append((kennzahl_id, ebene, gebietsstand, "vergleich", name))
    return pd.DataFrame(zeilen, columns=["kennzahl_id", "ebene", "gebietsstand", "art", "name"])


def _write_heute(
    tabellen: dict[str, pd.DataFrame], umgerechnet: pd.DataFrame, raeume: pd.DataFrame, ziel: Path
) -> pd.DataFrame:
    """Value files of all Stichtage on today's Räume, where there are converted values."""
    heute = raeume[raeume["gebietsstand"] == raeume["gebietsstand"].max()]
    zeilen = []
    for (kennzahl_id, ebene), neue in umgerechnet.groupby(["kennzahl_id", "ebene"], sort=False):
        orte = pd.concat([heute[(heute["ebene"] == ebene) & ~heute["rest"]].sort_values("nr"), heute[heute["rest"]]])
        tabelle = build_heute(tabellen[kennzahl_id][lambda t, e=ebene: t["ebene"] == e], neue, orte)
        kopf = {"kennzahl": kennzahl_id, "ebene": ebene, "gebietsstand": heute["gebietsstand"].iloc[0]}
        for art, name in write_wertdateien(tabelle, orte, kopf, ziel).items():
            zeilen.append((kennzahl_id, ebene, kopf["gebietsstand"], f"{art}_heute", name))
    return pd.DataFrame(zeilen, columns=["kennzahl_id", "ebene", "gebietsstand", "art", "name"])


def _write_datenbank(pfad: Path, **tabellen: pd.DataFrame) -> None:
    with duckdb.connect(str(pfad)) as con:
        con.execute(SCHEMA.read_text(encoding="utf-8"))
        for name, df in tabellen.items():
            con.register("neu", df)
            con.execute(f"INSERT INTO {name} BY NAME SELECT {find_spalten(con, name)} FROM neu")
            con.unregister("neu")
        con.execute("CHECKPOINT")  # closing would do it too, but say nothing if the disk is full
