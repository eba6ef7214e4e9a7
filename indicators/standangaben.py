"""What a snapshot says about itself: what it is, what it was made of, what is missing, how much is hidden."""

from __future__ import annotations

import pandas as pd

from etl.quelle import Quelle
from geodata.umstieg import ART_TEXT
from indicators.eingabe import Eingabe
from indicators.eingang import Eingang
from indicators.freigabe import Freigabe
from indicators.gate import Bescheid, Regeln
from indicators.luecken import find_fehlende
from indicators.schluessel import mac
from indicators.store import SCHEMA_VERSION


def build_stand(gebiet, quellen, eingang: Eingang, freigabe: Freigabe, bescheid: Bescheid, kopf: dict, ebenen) -> dict:
    """Territory, profile, levels and sources, as the table `stand` keeps them."""
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


def list_fehlende(eingabe: Eingabe, quellen: dict[str, Quelle], eingang: Eingang, tabellen: dict, listen) -> list[dict]:
    """Kennzahlen of the standard catalogue and of named lists that have no value here, and why."""
    return find_fehlende(
        eingabe.kennzahlen.values(),
        gezeigt={name for name, tabelle in tabellen.items() if tabelle["wert"].notna().any()},
        auch={name for liste in listen for name in liste.kennzahlen},
        berechnet={k.id for k, _ in eingabe.fassungen},
        geliefert=set(eingang.fallzahl["merkmal"]),
        titel={name: m.titel for q in quellen.values() for name, m in q.merkmale.items()},
    )


def build_lieferungen(eingang: Eingang, quellen: dict[str, Quelle], schluessel: bytes | None) -> pd.DataFrame:
    """Deliveries in use, told apart in the house by a keyed hash: a plain one could confirm a guess of what is secret
    in them. Outside there is none."""
    df = eingang.lieferung
    df = df.assign(sha256=[mac(schluessel, s) for s in df["sha256"]] if schluessel else "")
    texte = {
        t: df["quelle"].map({q.id: getattr(q, t) for q in quellen.values()})
        for t in ("titel", "herausgeber", "lizenz", "hinweis")
    }
    return df.assign(**texte)


def build_vollstaendigkeit(eingang: Eingang, raeume: pd.DataFrame, titel: dict[str, str]) -> pd.DataFrame:
    """Räume delivered, against those expected."""
    df = eingang.vollstaendigkeit
    staende = raeume[~raeume["rest"]].groupby(["ebene", "gebietsstand"]).size()
    zahlen = [int(staende[z.ebene, z.gebietsstand]) for z in df.itertuples()]
    return df.assign(titel=df["merkmal"].map(titel), erwartet=zahlen)


def build_schutz(zaehlung: pd.DataFrame, bescheid: Bescheid, titel: dict, regeln: Regeln) -> pd.DataFrame:
    """How much of what is shown the gate hides, per Merkmal and level."""
    personen = zaehlung[zaehlung["merkmal"].map(regeln.recht).fillna("keins").ne("keins")]
    personen = personen[personen["merkmal"].isin(regeln.gezeigt)]
    ebene_von = zaehlung.drop_duplicates(["raum_id", "gebietsstand"])[["raum_id", "gebietsstand", "ebene"]]
    gesperrt = bescheid.gesperrt.merge(ebene_von, on=["raum_id", "gebietsstand"])
    schutz = personen.groupby(["merkmal", "ebene"]).size().rename("zellen").reset_index()
    schutz = schutz.merge(gesperrt.groupby(["merkmal", "ebene"]).size().rename("gesperrt").reset_index(), how="left")
    return schutz.assign(titel=schutz["merkmal"].map(titel), gesperrt=schutz["gesperrt"].fillna(0).astype(int))
