"""Is the difference real? Since when? Compared with whom? Answered for every published value of one release profile.

Reads the published tables and nothing else: whatever a verdict rests on, the profile shows. The same functions run over
the mixed view of a role (`mischung`), so that nobody sees a verdict derived from a value he does not see.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date

import numpy as np
import pandas as pd

from indicators.auswertung_raum import build_gleiche, find_gruppen, reihe_raenge, vergleiche
from indicators.auswertung_zeit import RICHTUNG, build_abschnitte, werte_reihen_aus
from indicators.feld import GRUENDE, KEINE, Angaben, Geruest, build_feld
from indicators.vergleich import URTEIL

ORT = ["kennzahl_id", "ebene", "raum_id", "gebietsstand", "stichtag"]
ABSCHNITT = [
    "kennzahl_id",
    "ebene",
    "raum_id",
    "von",
    "bis",
    "punkte",
    "s",
    "p",
    "exakt",
    "steigung",
    "richtung",
    "grund",
]

# By the end of a column's name: what its codes mean.
WORTE = {"urteil": URTEIL, "streng": URTEIL, "grund": GRUENDE, "trend": RICHTUNG, "richtung": RICHTUNG}
TAGE = {"vorher_spalte": "vorher_am", "mittel_spalte": "mittel_seit"}
Spalten = dict[str, np.ndarray]


def build_angaben(eintraege: Iterable[str], bezug: Mapping[str, Mapping[date, float]] | None = None) -> list[Angaben]:
    """From the catalogue entries of a snapshot (JSON), so that a mixed view computes with the same definitions.

    Args:
        bezug: Kennzahl id → Stichtag → benchmark outside the Gebiet, see `vergleichswerte.find_werte`.
    """
    angaben = []
    for text in eintraege:
        e = json.loads(text)
        trennt = tuple(sorted(date.fromisoformat(b["ab"]) for b in e["brueche"] if b["wirkung"] == "trennt"))
        aussen = (bezug or {}).get(e["id"], {})
        angaben.append(Angaben(e["id"], e["art"], e["pro"], trennt, bool(e.get("jahressumme")), aussen))
    return angaben


def build_auswertung(
    tabellen: Mapping[str, pd.DataFrame], umgerechnet: pd.DataFrame, raeume: pd.DataFrame, angaben: list[Angaben]
) -> dict[str, pd.DataFrame]:
    """Comparison, rank and trend of all published values of one profile.

    Args:
        tabellen: Kennzahl id → rows of the table `kennzahl` of a snapshot.
        umgerechnet: rows of `kennzahl_umgerechnet`; they continue series backwards and get no verdict of their own.
        raeume: rows of `raum`.
        angaben: of the Kennzahlen; those without a table are left out.

    Returns:
        The tables `auswertung` (one row per row of `kennzahl`), `abschnitt` and `gleiche` of a snapshot.
    """
    geruest = Geruest(raeume)
    gruppe = find_gruppen(tabellen, geruest)
    fruehere = dict(list(umgerechnet.groupby("kennzahl_id", sort=False))) if len(umgerechnet) else {}
    dabei = [a for a in angaben if a.id in tabellen and len(tabellen[a.id])]
    auswertungen, abschnitte = [], []
    for nr, angabe in enumerate(dabei):
        auswertung, teile = werte_aus(tabellen[angabe.id], fruehere.get(angabe.id), geruest, gruppe, angabe)
        for teil in (auswertung, *teile):
            teil["kennzahl_id"] = np.full(len(teil["raum_id"]), nr, np.int16)
        auswertungen.append(auswertung)
        abschnitte += teile
    namen = {"kennzahl_id": [a.id for a in dabei], "ebene": geruest.ebenen}
    namen |= {"raum_id": geruest.raum_namen, "gebietsstand": geruest.staende}
    return {
        "auswertung": _als_tabelle(auswertungen, ORT, namen),
        "abschnitt": _als_tabelle(abschnitte, ABSCHNITT, namen),
        "gleiche": build_gleiche(gruppe, geruest),
    }


def werte_aus(
    tabelle: pd.DataFrame, umgerechnet: pd.DataFrame | None, geruest: Geruest, gruppe: np.ndarray, angabe: Angaben
) -> tuple[Spalten, list[Spalten]]:
    """One Kennzahl on all levels: its rows of `auswertung`, in the order of `tabelle`, and of `abschnitt`; words still
    as codes."""
    alle = tabelle if umgerechnet is None else pd.concat([tabelle, umgerechnet], ignore_index=True)
    spalte, tage = pd.factorize(alle["stichtag"], sort=True)
    zeile, tage = geruest.find(alle), [_tag(t) for t in tage]
    ort = zeile[: len(tabelle)], spalte[: len(tabelle)]
    feld = build_feld(tabelle, *ort, len(geruest.raum_id), tage)
    matrizen = vergleiche(feld, geruest, gruppe, angabe) | reihe_raenge(feld, geruest, angabe)
    stichtage = np.array(tage, "datetime64[s]")
    ebene = pd.Categorical(alle["ebene"], categories=geruest.ebenen).codes
    spalten = {
        "ebene": ebene[: len(tabelle)],
        "raum_id": geruest.raum_nr[ort[0]],
        "gebietsstand": geruest.stand[ort[0]],
    }
    spalten |= {"stichtag": stichtage[ort[1]]}
    spalten |= {name: matrix[ort] for name, matrix in matrizen.items()}
    je_reihe, abschnitte = _entlang_der_zeit(alle, ebene, zeile, spalte, tage, len(tabelle), geruest, angabe)
    for name, matrix in je_reihe.items():
        zahlen = matrix[geruest.reihe[ort[0]], ort[1]]
        if zahlen.dtype == np.int16:  # columns become days
            zahlen = np.where(zahlen >= 0, stichtage[zahlen], np.datetime64("NaT"))
        spalten[TAGE.get(name, name)] = zahlen
    return spalten, abschnitte


def _entlang_der_zeit(alle, ebene, zeile, spalte, tage, geliefert: int, geruest: Geruest, angabe: Angaben) -> tuple:
    """Level by level: on each, only Stichtage count at which it has any value.

    A series takes the newest Gebietsstand that has a value, and a converted one before all: as it is drawn.
    """
    neu = np.arange(len(alle)) >= geliefert
    folge = np.lexsort((geruest.stand[zeile], neu))
    reihen = build_feld(alle.iloc[folge], geruest.reihe[zeile[folge]], spalte[folge], len(geruest.reihe_raum), tage)
    je_reihe = np.full(len(geruest.reihe_raum), -1)
    je_reihe[geruest.reihe[zeile]] = ebene
    ganz: dict[str, np.ndarray] = {}
    abschnitte = []
    for nr in np.unique(ebene):
        hier = np.flatnonzero(je_reihe == nr)
        da = np.flatnonzero((reihen.status[hier] != KEINE).any(axis=0))
        teil = reihen.teil(hier, da)
        for n, matrix in werte_reihen_aus(teil, angabe, geruest.reihe_mehrfach[hier]).items():
            if matrix.dtype == np.int16:  # columns of this level → of all
                matrix = np.where(matrix >= 0, da[matrix], -1).astype(np.int16)
            ganz.setdefault(n, np.zeros(reihen.wert.shape, matrix.dtype))[np.ix_(hier, da)] = matrix
        for abschnitt in build_abschnitte(teil, angabe):
            reihe = hier[abschnitt.pop("reihe")]
            abschnitte.append({"ebene": np.full(len(reihe), nr), "raum_id": geruest.reihe_raum_nr[reihe], **abschnitt})
    return ganz, abschnitte


def _als_tabelle(teile: list[Spalten], leer: list[str], namen: dict) -> pd.DataFrame:
    """One table, built at once: adding columns one by one to 80 small ones takes ten times as long.

    Codes become words, as categories: millions of texts would take minutes to write.
    """
    if not teile:
        return pd.DataFrame(columns=leer)
    spalten = {}
    for name in list(teile[0]):
        zahlen = np.concatenate([teil.pop(name) for teil in teile])  # popped: two copies of all would not fit
        woerter = namen.get(name) if name in namen else WORTE.get(name.rsplit("_", 1)[-1])
        spalten[name] = zahlen if woerter is None else pd.Categorical.from_codes(zahlen, categories=list(woerter))
    return pd.DataFrame(spalten, copy=False)


def _tag(tag) -> date:
    return tag.date() if hasattr(tag, "date") else tag
