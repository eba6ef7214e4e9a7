"""intern.duckdb → gate → Kennzahlen → snapshot. The only reader of what is secret, and the only writer of snapshots.

A snapshot is a folder `bestand/<UTC time>_<hash of the inputs>/` that never changes:
one `<freigabe>.duckdb` and `werte_<freigabe>/` per release profile, `geo/`, `manifest.json`. It is built beside the
others under a temporary name, synced to disk, renamed, and only then the pointer AKTUELL.json turns to it:
a crash at any step leaves the old state served.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pandas as pd

from etl.quelle import Quelle
from geodata.fehler import KatalogError
from geodata.gebiet import Gebiet
from geodata.geometrie import find_zuschnitte, read_geometrien, write_browsergeometrie
from geodata.umstieg import ART_TEXT, read_umstiege
from indicators.berechnung import Zahlen, build_kennzahl, build_zahlen, ohne_unsinn
from indicators.eingang import Eingang, read_eingang
from indicators.freigabe import Freigabe
from indicators.gate import Bescheid, Regeln, protect_zaehlung
from indicators.herkunft import build_herkunft
from indicators.katalog import build_eintrag
from indicators.kennzahl import Fassung, Kennzahl
from indicators.klassen import build_klassen
from indicators.staende import raeume_auf, read_zeiger, set_zeiger, sperre, sync, write_manifest
from indicators.store import SCHEMA_VERSION
from indicators.umrechnung import SPALTEN as UMGERECHNET
from indicators.umrechnung import build_gewichte, build_heute, build_umgerechnet, rechne_um
from indicators.wertdatei import write_wertdateien
from indicators.zaehlung import build_zaehlung

SCHEMA = Path(__file__).with_name("schema.sql")
Melder = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Ergebnis:
    """What `publish` did: folder name of the snapshot, `neu` (False: published already), certificate per profile."""

    snapshot: str
    neu: bool
    zertifikate: dict[str, dict]


def publish(
    gebiet: Gebiet,
    quellen: dict[str, Quelle],
    kennzahlen: dict[str, Kennzahl],
    freigaben: list[Freigabe],
    ordner: Path,
    *,
    version: str,
    melde: Melder = lambda *_: None,
) -> Ergebnis:
    """Publish all release profiles of one Gebiet as one snapshot.

    Args:
        ordner: `daten/<gebiet>`, holds intern.duckdb, bestand/ and the pointer.

    Raises:
        MonitoringError: nothing is loaded, or somebody else is publishing.
        GeheimhaltungError: a table cannot be protected; nothing is published then.
    """
    with sperre(ordner):
        eingang = read_eingang(ordner / "intern.duckdb", gebiet)
        kennung = _hash(gebiet, quellen, kennzahlen, freigaben, eingang, version)
        aktuell = read_zeiger(ordner)
        if aktuell and aktuell.endswith(kennung) and (ordner / "bestand" / aktuell).is_dir():
            manifest = json.loads((ordner / "bestand" / aktuell / "manifest.json").read_text(encoding="utf-8"))
            return Ergebnis(aktuell, False, manifest["zertifikate"])
        jetzt = datetime.now(UTC).replace(microsecond=0)
        name = f"{jetzt:%Y-%m-%dT%H%M%SZ}_{kennung}"
        bau = ordner / "bestand" / f".bau_{os.getpid()}"
        raeume_auf(ordner / "bestand")
        bau.mkdir(parents=True)
        try:
            kopf = {"snapshot": name, "erstellt_am": jetzt.isoformat(), "version": version}
            zertifikate = _build(gebiet, quellen, kennzahlen, freigaben, eingang, bau, kopf, melde)
            write_manifest(bau, kopf, zertifikate)
            sync(bau)
            os.replace(bau, ordner / "bestand" / name)
        except BaseException:
            shutil.rmtree(bau, ignore_errors=True)
            raise
        set_zeiger(ordner, name)
    return Ergebnis(name, True, zertifikate)


def _hash(gebiet, quellen, kennzahlen, freigaben, eingang: Eingang, version: str) -> str:
    """Hash of the inputs. DuckDB files of equal content differ in bytes, so outputs cannot name a snapshot."""
    summe = hashlib.sha256(f"{version} {SCHEMA_VERSION}".encode())
    for datei in sorted(p for p in gebiet.ordner.rglob("*") if p.is_file()):
        summe.update(datei.read_bytes())
    eigene = [q for q in quellen.values() if gebiet.id in q.gebiet]
    for modell in (*eigene, *kennzahlen.values(), *freigaben):
        summe.update(modell.model_dump_json().encode())
    # Values, not delivery numbers: taking back a delivery and loading it again is the same state.
    for df in (eingang.fallzahl, eingang.lieferung.drop(columns="geladen_am"), eingang.befund, eingang.unsinn):
        summe.update(pd.util.hash_pandas_object(df.astype(str), index=False).to_numpy().tobytes())
    return summe.hexdigest()[:12]


# --- building --------------------------------------------------------------------------------


def _build(gebiet, quellen, kennzahlen, freigaben, eingang: Eingang, bau: Path, kopf: dict, melde: Melder) -> dict:
    merkmale = {name: m for q in quellen.values() if gebiet.id in q.gebiet for name, m in q.merkmale.items()}
    geometrien = read_geometrien(gebiet)
    raeume = _build_raeume(gebiet, geometrien)
    lage = raeume[["raum_id", "gebietsstand", "rest", "zuschnitt"]]
    eltern = gebiet.read_eltern().merge(lage, on=["raum_id", "gebietsstand"])
    gewichte = build_gewichte(read_umstiege(gebiet), raeume, tuple(e.id for e in gebiet.ebenen))
    summierbar = {name for name, m in merkmale.items() if m.art == "anzahl"}
    zaehlung = build_zaehlung(eingang.fallzahl, raeume, [e.id for e in gebiet.ebenen], summierbar=summierbar)
    fassungen = _fassungen(kennzahlen, set(eingang.fallzahl["merkmal"]))
    _check_vollstaendig(gebiet, quellen, fassungen, eingang)
    regeln = Regeln(
        recht={name: m.recht for name, m in merkmale.items() if m.art == "anzahl"},
        summen={name: [list(weg) for weg in m.zerlegungen] for name, m in merkmale.items() if m.zerlegungen},
        quoten=[(list(f.zaehler), list(f.nenner)) for k, f in fassungen if k.art == "quote"],
        teile=[(name, m.teil_von) for name, m in merkmale.items() if m.teil_von in merkmale],
        gezeigt=frozenset(m for _, f in fassungen for m in f.merkmale),
    )
    bescheide = protect_zaehlung(zaehlung, eltern, regeln, freigaben, melde=melde)
    geo = _write_geometrie(gebiet, geometrien, bau / "geo")
    titel = {name: m.titel for name, m in merkmale.items()}
    vorher = None
    for nr, freigabe in enumerate(freigaben, start=1):
        bescheid, ziel = bescheide[freigabe.id], bau / f"werte_{freigabe.id}"
        if vorher and bescheid.gesperrt.equals(bescheide[vorher].gesperrt):  # both profiles see the same
            shutil.copytree(bau / f"werte_{vorher}", ziel)
        else:
            zahlen = build_zahlen(zaehlung, bescheid.gesperrt, tuple(e.id for e in gebiet.ebenen))
            zahlen = ohne_unsinn(zahlen, eingang.unsinn)
            tabellen = _build_tabellen(zahlen, fassungen)
            umgerechnet, umbruch = _build_umgerechnet(gebiet, zahlen, gewichte, fassungen, sorted(summierbar))
            tabellen, umgerechnet = _ohne_dopplung(tabellen, umgerechnet)
            dateien = [geo, _write_werte(tabellen, raeume, ziel), _write_heute(tabellen, umgerechnet, raeume, ziel)]
        vorher = freigabe.id
        stand = _build_stand(gebiet, quellen, eingang, freigabe, bescheid, kopf)
        _write_datenbank(
            bau / f"{freigabe.id}.duckdb",
            raum=raeume,
            raum_eltern=eltern,
            kennzahl=pd.concat(tabellen.values(), ignore_index=True),
            kennzahl_umgerechnet=umgerechnet,
            umbruch=umbruch,
            katalog=_build_katalog(fassungen, titel, tabellen, merkmale),
            klasse=_build_klassen(tabellen, {k.id: k for k, _ in fassungen}),
            datei=pd.concat(dateien, ignore_index=True),
            lieferung=_build_lieferungen(eingang, quellen, mit_hash=freigabe.nur_lokal),
            vollstaendigkeit=_build_vollstaendigkeit(eingang, raeume, titel),
            luecke=eingang.luecke,
            befund_zahl=eingang.befund,
            herkunft=build_herkunft(
                fassungen,
                {name: sorted(set(t["stichtag"])) for name, t in tabellen.items()},
                eingang.woher,
                merkmale,
                quellen,
                intern=freigabe.nur_lokal,
            ),
            schutz=_build_schutz(zaehlung, bescheid, titel, regeln),
            stand=pd.DataFrame(
                {"schluessel": stand.keys(), "wert": [json.dumps(w, ensure_ascii=False) for w in stand.values()]}
            ),
        )
        melde(nr, len(freigaben), "Freigabeprofile")
    return {f.id: bescheide[f.id].zertifikat for f in freigaben}


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


def _build_stand(gebiet, quellen, eingang: Eingang, freigabe: Freigabe, bescheid: Bescheid, kopf: dict) -> dict:
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
        "ebenen": [{f: getattr(e, f) for f in ("id", "titel", "titel_plural", "eltern")} for e in gebiet.ebenen],
        "quellen": [{t: getattr(q, t) for t in texte} for q in benutzt]
        + [dict(zip(texte, ("Gebietsgrenzen", q, lizenz, q), strict=True)) for q, lizenz in karten.items()],
        "zertifikat": bescheid.zertifikat,
    }


def _build_katalog(fassungen: list, titel: dict[str, str], tabellen: dict, merkmale: dict) -> pd.DataFrame:
    zeilen = []
    for nr, (kennzahl, fassung) in enumerate(fassungen):
        if kennzahl.id in tabellen:
            monatlich = any(merkmale[m].zeitbezug == "monat" for m in fassung.zaehler if m in merkmale)
            eintrag = build_eintrag(kennzahl, fassung, titel, monatlich=monatlich)
            zeilen.append((kennzahl.id, nr, json.dumps(eintrag, ensure_ascii=False)))
    return pd.DataFrame(zeilen, columns=["kennzahl_id", "reihenfolge", "eintrag"])


def _build_klassen(tabellen: dict[str, pd.DataFrame], kennzahlen: dict[str, Kennzahl]) -> pd.DataFrame:
    zeilen = []
    for kennzahl_id, tabelle in tabellen.items():
        for ebene, teil in tabelle.groupby("ebene", sort=False):
            kanten = build_klassen(teil["wert"].to_numpy(float), art=kennzahlen[kennzahl_id].art)
            zeilen += [(kennzahl_id, ebene, i, kanten[i], kanten[i + 1]) for i in range(len(kanten) - 1)]
    return pd.DataFrame(zeilen, columns=["kennzahl_id", "ebene", "nr", "von", "bis"])


def _build_lieferungen(eingang: Eingang, quellen: dict[str, Quelle], *, mit_hash: bool) -> pd.DataFrame:
    """Deliveries in use. Outside the house without their hash: it could confirm a guess of the secret content."""
    df = eingang.lieferung if mit_hash else eingang.lieferung.assign(sha256="")
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


def _write_geometrie(gebiet: Gebiet, geometrien: dict, ziel: Path) -> pd.DataFrame:
    ziel.mkdir()
    zeilen = []
    for stand in gebiet.gebietsstaende:
        for ebene, name in write_browsergeometrie(gebiet, stand, ziel, geometrien).items():
            zeilen.append(("", ebene, stand.id, "geo", name))
    return pd.DataFrame(zeilen, columns=["kennzahl_id", "ebene", "gebietsstand", "art", "name"])


def _write_werte(tabellen: dict[str, pd.DataFrame], raeume: pd.DataFrame, ziel: Path) -> pd.DataFrame:
    ziel.mkdir()
    rest = raeume[raeume["rest"]]
    orte = {
        (ebene, stand): pd.concat([teil[~teil["rest"]].sort_values("nr"), rest[rest["gebietsstand"] == stand]])
        for (ebene, stand), teil in raeume.groupby(["ebene", "gebietsstand"])
    }
    zeilen = []
    for kennzahl_id, tabelle in tabellen.items():
        for (ebene, gebietsstand), teil in tabelle.groupby(["ebene", "gebietsstand"], sort=False):
            kopf = {"kennzahl": kennzahl_id, "ebene": ebene, "gebietsstand": gebietsstand}
            for art, name in write_wertdateien(teil, orte[ebene, gebietsstand], kopf, ziel).items():
                zeilen.append((kennzahl_id, ebene, gebietsstand, art, name))
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
            con.execute(f"INSERT INTO {name} BY NAME SELECT {_spalten(con, name)} FROM neu")
            con.unregister("neu")


def _spalten(con: duckdb.DuckDBPyConnection, tabelle: str) -> str:
    """The columns of a table; NaN of pandas becomes NULL, since a bare NaN never happens in a snapshot."""
    spalten = con.execute(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = $t ORDER BY column_index",
        {"t": tabelle},
    ).fetchall()
    return ", ".join(
        f"CASE WHEN isnan({s}) THEN NULL ELSE {s} END AS {s}" if typ == "DOUBLE" else s for s, typ in spalten
    )
