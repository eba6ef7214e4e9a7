"""From published values to an index: which Räume are valid and why not, and the values of the index as Kennzahlen.

Runs behind the gate, for each release profile by itself: what a profile does not show is not in its index either.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from indicators import index as methode
from indicators.arten import MIT_WERT, merge_status
from indicators.indexkatalog import Ausgabe, Index
from indicators.kennzahl import THEMEN, Fassung, Kennzahl
from indicators.zahlformat import format_zahl

ORT = ["raum_id", "gebietsstand"]
GRUND = {
    "gesperrt": "geheim gehalten",
    "gesperrt_quelle": "von der Quelle gesperrt",
    "nicht_geliefert": "nicht geliefert",
    "nicht_sinnvoll": "nicht sinnvoll",
    "nicht_definiert": "nicht definiert",
}
WENIGE = f"Weniger als {methode.MINDEST_RAEUME} Räume: Rang statt Klasse."


@dataclass(frozen=True)
class Vorlage:
    """The input of an index: n Räume, k indicators. `grund` says why a Raum is not valid, "" for valid ones."""

    raeume: pd.DataFrame  # raum_id, gebietsstand
    werte: np.ndarray  # (n, k) float, NaN where there is none
    status: np.ndarray  # (n,) status word of an area outside of V, "offen" inside
    grund: np.ndarray  # (n,) text

    @property
    def gueltig(self) -> np.ndarray:
        return self.grund == ""


@dataclass(frozen=True)
class Mindest:
    """Räume below this value are not valid; `tabelle` as in `build_vorlage`."""

    tabelle: pd.DataFrame
    wert: float
    text: str  # what is below, for people


def build_vorlage(
    tabellen: Sequence[pd.DataFrame],
    titel: Sequence[str],
    *,
    mindest: Mindest | None = None,
    ausreisser: Mapping[str, str] | None = None,
) -> Vorlage:
    """Put the indicators side by side.

    Args:
        tabellen: one per indicator: raum_id, gebietsstand, wert, status; every Raum at most once. Never a Rest-Raum.
        titel: of the indicators, same order.
        ausreisser: raum_id → why it is left out.

    Returns:
        All Räume that any indicator knows, sorted by raum_id. Left out first: declared outliers and Räume that are too
        small say nothing about secrets; then whoever lacks a value, with the most secret status of its parts.
    """
    ausreisser = ausreisser or {}
    raeume = pd.concat([t[ORT] for t in tabellen]).drop_duplicates().sort_values(ORT, ignore_index=True)
    spalten = [raeume.merge(t[[*ORT, "wert", "status"]], on=ORT, how="left") for t in tabellen]
    status = [s["status"].fillna("nicht_geliefert").to_numpy(object) for s in spalten]
    werte = np.column_stack([s["wert"].to_numpy(float) for s in spalten])
    werte[~np.isin(np.column_stack(status), MIT_WERT)] = np.nan
    gesamt = merge_status(*status)
    fehlt = ~np.isin(gesamt, MIT_WERT)
    grund = np.full(len(raeume), "", object)
    for i in np.flatnonzero(fehlt):
        teil = next(k for k, s in enumerate(status) if s[i] == gesamt[i])
        grund[i] = f"{titel[teil]}: {GRUND[gesamt[i]]}"
    if mindest is not None:
        masse = raeume.merge(mindest.tabelle[[*ORT, "wert"]], on=ORT, how="left")["wert"].to_numpy(float)
        klein = masse < mindest.wert
        gesamt, grund = _setze(gesamt, grund, klein, f"{mindest.text} unter {format_zahl(mindest.wert, 0)}")
    for raum_id, warum in ausreisser.items():
        hier = raeume["raum_id"].to_numpy() == raum_id
        gesamt, grund = _setze(gesamt, grund, hier, f"Ausreißer: {warum}")
    return Vorlage(raeume, werte, np.where(grund == "", "offen", gesamt).astype(object), grund)


def _setze(status: np.ndarray, grund: np.ndarray, wo: np.ndarray, text: str) -> tuple[np.ndarray, np.ndarray]:
    return np.where(wo, "nicht_sinnvoll", status).astype(object), np.where(wo, text, grund).astype(object)


def build_indextabellen(
    indizes: Sequence[Index], tabellen: Mapping[str, pd.DataFrame], titel: Mapping[str, str], rest: frozenset[str]
) -> dict[str, pd.DataFrame]:
    """All indices of one release profile.

    Args:
        tabellen: Kennzahl → its published table, as `berechnung.build_kennzahl` gives it.
        titel: Kennzahl → its title.
        rest: raum_id of the Rest-Räume, which are no places.

    Returns:
        Kennzahl of art "index" → table of the same columns; editions without all their indicators are left out.
    """
    teile: dict[str, list[pd.DataFrame]] = {}
    for index in indizes:
        for ausgabe in index.ausgabe.values():
            for name, tabelle in _build_ausgabe(index, ausgabe, tabellen, titel, rest).items():
                teile.setdefault(name, []).append(tabelle)
    return {name: pd.concat(liste, ignore_index=True).assign(kennzahl_id=name) for name, liste in teile.items()}


def _build_ausgabe(
    index: Index, ausgabe: Ausgabe, tabellen: Mapping[str, pd.DataFrame], titel: Mapping[str, str], rest: frozenset[str]
) -> dict[str, pd.DataFrame]:
    def lies(name: str) -> pd.DataFrame:
        t = tabellen.get(name)
        if t is None:
            return pd.DataFrame(columns=[*ORT, "wert", "status"])
        hier = (t["ebene"] == index.ebene) & (t["stichtag"] == ausgabe.stichtag) & ~t["raum_id"].isin(rest)
        return t[hier]

    mindest = None
    if g := index.gueltig:
        mindest = Mindest(lies(g.kennzahl), g.mindestens, titel.get(g.kennzahl, g.kennzahl))
    ziele, ergebnis = index.ergebnis, {}
    for gewichte, ziel, ziel_klasse, klassen in (
        (ausgabe.status, ziele.statusindex, ziele.status, methode.klassen_status),
        (ausgabe.dynamik, ziele.dynamikindex, ziele.dynamik, methode.klassen_dynamik),
    ):
        eingang = [lies(name) for name in gewichte]
        if not gewichte or any(t.empty for t in eingang):
            continue
        namen = [titel.get(name, name) for name in gewichte]
        vorlage = build_vorlage(eingang, namen, mindest=mindest, ausreisser=ausgabe.ausreisser)
        e = methode.compute_index(vorlage.werte, list(gewichte.values()), vorlage.gueltig)
        wenige = e.gueltig.sum() < methode.MINDEST_RAEUME
        ergebnis[ziel] = als_tabelle(vorlage, e.index, index.ebene, ausgabe)
        leer = np.full(len(e.index), np.nan)
        klasse = leer if wenige else klassen(e.index)
        ergebnis[ziel_klasse] = als_tabelle(vorlage, klasse, index.ebene, ausgabe, WENIGE if wenige else "")
    return ergebnis


def als_tabelle(vorlage: Vorlage, werte: np.ndarray, ebene: str, ausgabe: Ausgabe, hinweis: str = "") -> pd.DataFrame:
    """Columns of `berechnung.build_kennzahl`; a valid Raum without a value is `nicht_definiert`."""
    status = np.where(vorlage.gueltig & ~np.isfinite(werte), "nicht_definiert", vorlage.status)
    leer = np.nan
    return vorlage.raeume.assign(
        stichtag=ausgabe.stichtag,
        ebene=ebene,
        wert=werte,
        unten=leer,
        oben=leer,
        zaehler=leer,
        nenner=leer,
        status=status,
        hinweis=np.where(vorlage.gueltig, hinweis, vorlage.grund),
    )


def describe_index(index: Index) -> dict:
    """JSON form of `store.IndexEintrag`: the definition as it was when computed."""
    return {
        "id": index.id,
        "titel": index.titel,
        "ebene": index.ebene,
        "quelle": index.quelle,
        "beschreibung": index.beschreibung,
        "mindest_kennzahl": index.gueltig.kennzahl if index.gueltig else "",
        "mindestens": index.gueltig.mindestens if index.gueltig else 0.0,
        "statusindex": index.ergebnis.statusindex,
        "ausgaben": [
            {
                "id": name,
                "stichtag": a.stichtag.isoformat(),
                "status": a.status,
                "dynamik": a.dynamik,
                "ausreisser": a.ausreisser,
            }
            for name, a in index.ausgabe.items()
        ],
    }


def katalogfolge(kennzahl: Kennzahl) -> tuple:
    """Sort key of the catalogue, see `kennzahl.read_kennzahlen`."""
    return list(THEMEN).index(kennzahl.thema), kennzahl.reihenfolge is None, kennzahl.reihenfolge or 0, kennzahl.id


@dataclass(frozen=True)
class Indexwerk:
    """The indices of one Gebiet and the Kennzahlen they fill, with what publishing needs of both.

    `fassungen`: as the catalogue tells it, made of no Merkmal. `herkunft`: with the Merkmale that go in, for the places
    in delivered files.
    """

    indizes: tuple[Index, ...] = ()
    fassungen: tuple[tuple[Kennzahl, Fassung], ...] = ()
    herkunft: tuple[tuple[Kennzahl, Fassung], ...] = ()

    def build(self, tabellen: Mapping[str, pd.DataFrame], titel: Mapping[str, str], rest) -> dict[str, pd.DataFrame]:
        """See `build_indextabellen`; Kennzahlen without any value are left out."""
        gefuellt = build_indextabellen(self.indizes, tabellen, titel, frozenset(rest))
        gezeigt = {k.id for k, _ in self.fassungen}
        return {name: t for name, t in gefuellt.items() if name in gezeigt and t["wert"].notna().any()}

    def ergaenze(self, fassungen: Sequence[tuple[Kennzahl, Fassung]]) -> list[tuple[Kennzahl, Fassung]]:
        """The Kennzahlen of the sources with those of the indices among them, in catalogue order."""
        return sorted([*fassungen, *self.fassungen], key=lambda paar: katalogfolge(paar[0]))

    def definitionen(self) -> pd.DataFrame:
        """Rows of the table `indexdefinition`."""
        zeilen = [(i.id, json.dumps(describe_index(i), ensure_ascii=False)) for i in self.indizes]
        return pd.DataFrame(zeilen, columns=["index_id", "eintrag"])


def build_indexwerk(indizes: Mapping[str, Index], gebiet_id: str, kennzahlen: Mapping[str, Kennzahl]) -> Indexwerk:
    """The part of the catalogue of indices that belongs to a Gebiet; drafts are not filled."""
    eigene = tuple(i for i in indizes.values() if gebiet_id in i.gebiet)
    fassungen, herkunft = [], []
    for name, kennzahl in kennzahlen.items():
        index = next((i for i in eigene if name in i.ergebnis.namen), None)
        if index is None or kennzahl.entwurf:
            continue
        eingang = [kennzahlen[k] for k in sorted(index.kennzahlen_von(name))]
        merkmale = tuple(dict.fromkeys(m for k in eingang for m in (*k.zaehler, *k.nenner)))
        fassungen.append((kennzahl, Fassung(zaehler=(), nenner=(), lesart=kennzahl.lesart)))
        herkunft.append((kennzahl, Fassung(zaehler=merkmale, nenner=(), lesart=kennzahl.lesart)))
    return Indexwerk(eigene, tuple(fassungen), tuple(herkunft))
