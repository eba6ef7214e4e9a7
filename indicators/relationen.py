"""What a reader can add and subtract: the cells of one Stichtag and every linear relation between them.

The relations are public knowledge (which Quartiere make a Kommune, which ages make a total), so the gate has
to assume that an attacker uses all of them at once:

* Raum = sum of its parts, per Merkmal (all hierarchies, the Rest-Raum included),
* Merkmal = sum of its parts, per Raum (every declared way to add it up),
* Zähler + Gegenstück = Nenner for every quote that is published, and part + remainder = whole where a Merkmal is
  declared part of another. The Gegenstück is never shown, but can be computed: "everyone in this Quartier is
  poor" is a disclosure too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

TOLERANZ = 0.5  # counts are whole: a relation that misses by more does not hold in the delivered data


@dataclass(frozen=True)
class Block:
    """Cells of one Stichtag, position by position, with their relations `matrix @ wert == 0`.

    `zellen` has one row per cell: raum_id, gebietsstand, ebene, merkmal, rest, recht, einwohner, wert, spitze (Raum of
    the top level), nenner_wert (reference group of the smallest quote the cell is Zähler of; NaN: none), sichtbar
    (stands behind a published Kennzahl), gegenstueck (N − Z: never shown, appended behind all others) and quote (the
    Gegenstück of a published quote).
    """

    stichtag: object
    zellen: pd.DataFrame
    matrix: sparse.csr_matrix


def build_block(
    stichtag: object,
    zaehlung: pd.DataFrame,
    *,
    eltern: pd.DataFrame,
    summen: dict[str, list[list[str]]],
    quoten: list[tuple[list[str], list[str]]],
    teile: list[tuple[str, str]],
    gezeigt: frozenset[str],
) -> Block:
    """Cells and relations of one Stichtag.

    Args:
        zaehlung: counts of persons with a value or kept secret by the supplier, one row per Raum and Merkmal:
            raum_id, gebietsstand, ebene, merkmal, rest, recht, einwohner, wert.
        eltern: raum_id, eltern_id, hierarchie, rest of the Gebietsstand of this Stichtag.
        summen: Merkmal → the ways it adds up from other Merkmale.
        quoten: (Zähler, Nenner) of all published quotes, each a list of Merkmale that are added.
        teile: (part, whole) Merkmale as the sources declare them.
        gezeigt: Merkmale that stand behind a published Kennzahl.
    """
    spalten = ["raum_id", "gebietsstand", "ebene", "merkmal", "rest", "recht", "einwohner", "wert"]
    zellen = zaehlung[spalten].reset_index(drop=True).assign(gegenstueck=False, quote=False)
    zellen["sichtbar"] = zellen["merkmal"].isin(gezeigt)
    zellen["spitze"] = ~zellen["raum_id"].isin(eltern["raum_id"])
    ort = pd.Series(zellen.index, index=pd.MultiIndex.from_frame(zellen[["raum_id", "merkmal"]])).to_dict()
    werte = zellen["wert"].to_numpy(float)
    gleichungen: list[tuple[list[int], list[float]]] = []
    gleichungen += _raum_summen(zellen, eltern, ort)
    gleichungen += _merkmal_summen(zellen, summen, ort)
    gleichungen = [g for g in gleichungen if _gilt(g, werte)]
    paare = [(z, n, True) for z, n in quoten]
    paare += [([z], [n], False) for z, n in teile if ([z], [n]) not in quoten]
    gegenstuecke, mit_gegenstueck, nenner_wert = _gegenstuecke(zellen, paare, ort, werte)
    zellen["nenner_wert"] = nenner_wert
    zellen = pd.concat([zellen, gegenstuecke], ignore_index=True)
    return Block(stichtag, zellen, _matrix(gleichungen + mit_gegenstueck, len(zellen)))


def _raum_summen(zellen: pd.DataFrame, eltern: pd.DataFrame, ort: dict) -> list:
    gleichungen = []
    da = zellen.merge(eltern[["raum_id", "eltern_id", "hierarchie"]], on="raum_id")
    erwartet = eltern[~eltern["rest"]].groupby(["eltern_id", "hierarchie"]).size().to_dict()
    for (eltern_id, hierarchie, merkmal), teile in da.groupby(["eltern_id", "hierarchie", "merkmal"], sort=False):
        oben = ort.get((eltern_id, merkmal))
        if oben is None or (~teile["rest"]).sum() != erwartet.get((eltern_id, hierarchie)):
            continue
        stellen = [ort[raum_id, merkmal] for raum_id in teile["raum_id"]]
        gleichungen.append(([oben, *stellen], [1.0] + [-1.0] * len(stellen)))
    return gleichungen


def _merkmal_summen(zellen: pd.DataFrame, summen: dict[str, list[list[str]]], ort: dict) -> list:
    gleichungen = []
    raeume = zellen["raum_id"].unique()
    for merkmal, wege in summen.items():
        for weg in wege:
            for raum_id in raeume:
                stellen = [ort.get((raum_id, m)) for m in (merkmal, *weg)]
                if None not in stellen:
                    gleichungen.append((stellen, [1.0] + [-1.0] * len(weg)))
    return gleichungen


def _gegenstuecke(zellen: pd.DataFrame, paare: list, ort: dict, werte: np.ndarray) -> tuple:
    """Cells N − Z, their equations, and per visible cell the smallest reference group it is set against."""
    zeilen, gleichungen = [], []
    nenner_wert = np.full(len(zellen), np.nan)
    raeume = zellen.drop_duplicates("raum_id").set_index("raum_id")[["gebietsstand", "ebene", "rest", "einwohner"]]
    recht = zellen.drop_duplicates("merkmal").set_index("merkmal")["recht"]
    naechste = len(zellen)
    for zaehler, nenner, ist_quote in paare:
        for raum_id in raeume.index:
            z = [ort.get((raum_id, m)) for m in zaehler]
            n = [ort.get((raum_id, m)) for m in nenner]
            if None in z or None in n:
                continue
            ganzes = werte[n].sum()
            for stelle in z if ist_quote else ():
                nenner_wert[stelle] = np.fmin(nenner_wert[stelle], ganzes)
            rest = ganzes - werte[z].sum()
            if not rest >= 0 or set(z) & set(n):  # unknown, or the registers disagree: no relation to use
                continue
            name = "+".join(nenner) + "−" + "+".join(zaehler)
            zeilen.append((raum_id, name, recht[zaehler[0]], rest, ist_quote))
            gleichungen.append(([*n, *z, naechste], [1.0] * len(n) + [-1.0] * len(z) + [-1.0]))
            naechste += 1
    neu = pd.DataFrame(zeilen, columns=["raum_id", "merkmal", "recht", "wert", "quote"])
    neu = neu.join(raeume, on="raum_id").assign(gegenstueck=True, sichtbar=False, spitze=False, nenner_wert=np.nan)
    return neu, gleichungen, nenner_wert


def _gilt(gleichung: tuple[list[int], list[float]], werte: np.ndarray) -> bool:
    """Does the relation hold in the data? A secret member leaves it open; a rounded source may break it."""
    stellen, faktoren = gleichung
    summe = float(np.dot(werte[stellen], faktoren))
    return np.isnan(summe) or abs(summe) <= TOLERANZ


def _matrix(gleichungen: list[tuple[list[int], list[float]]], n: int) -> sparse.csr_matrix:
    zeilen = np.repeat(np.arange(len(gleichungen)), [len(stellen) for stellen, _ in gleichungen])
    spalten = np.concatenate([np.asarray(s, int) for s, _ in gleichungen]) if gleichungen else np.zeros(0, int)
    faktoren = np.concatenate([np.asarray(f) for _, f in gleichungen]) if gleichungen else np.zeros(0)
    return sparse.csr_matrix((faktoren, (zeilen, spalten)), shape=(len(gleichungen), n))
