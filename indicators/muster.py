"""Spatial patterns of published Kennzahlen: clusters, smoothed shares, segregation. Runs behind the gate."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from indicators import raumstatistik as raum
from indicators import ungleichheit
from indicators.kennzahl import Kennzahl

ARTEN = ("quote", "verhaeltnis", "uebernommen", "index")  # counts follow the number of people, not the conditions
MINDEST_LISA = 30  # with fewer areas the false discovery rate finds nothing that the eye does not
WENIGE, PERMUTATIONEN_WENIGE = 200, 19_999  # so few areas need no finer p to pass the first step of the FDR
GEHEIM = ("gesperrt", "gesperrt_quelle")
SCHLUESSEL = ["kennzahl_id", "ebene", "gebietsstand", "stichtag"]


def build_muster(
    tabellen: Mapping[str, pd.DataFrame], kennzahlen: Mapping[str, Kennzahl], nachbarn: pd.DataFrame, gedacht: dict
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Patterns of every Kennzahl on every level, at its newest Stichtag.

    Args:
        tabellen: Kennzahl → its published table.
        nachbarn: gebietsstand, ebene, raum_id, nachbar_id.
        gedacht: results of equal values computed before; profiles that see the same share them.

    Returns:
        Rows of the tables `raum_muster` (one per Raum) and `raum_statistik` (one per level).
    """
    je_ebene = dict(iter(nachbarn.groupby(["gebietsstand", "ebene"], sort=False)))
    aufgaben = [
        (name, ebene, _neueste(teil))
        for name, tabelle in tabellen.items()
        if kennzahlen[name].art in ARTEN and not kennzahlen[name].stufen
        for ebene, teil in tabelle.groupby("ebene", sort=False)
    ]
    # Levels with equally many values one after the other: they share the random draws.
    aufgaben.sort(key=lambda a: (a[1], a[2]["wert"].notna().sum()))
    einzeln, gesamt = [], []
    for name, ebene, neu in aufgaben:
        stand = neu["gebietsstand"].iloc[0]
        paare = je_ebene.get((stand, ebene))
        if paare is None or len(neu) < raum.MINDEST:
            continue
        ort = {"kennzahl_id": name, "ebene": ebene, "gebietsstand": stand, "stichtag": neu["stichtag"].iloc[0]}
        raeume, statistik = _je_ebene(kennzahlen[name], neu, paare, gedacht)
        einzeln.append(raeume.assign(**ort))
        gesamt.append({**ort, **statistik})
    leer = pd.DataFrame(columns=[*SCHLUESSEL, "raum_id", "status", "klasse", *MUSTERZAHLEN])
    return pd.concat([leer, *einzeln], ignore_index=True), pd.DataFrame(gesamt, columns=[*SCHLUESSEL, *STATISTIK])


def _neueste(tabelle: pd.DataFrame) -> pd.DataFrame:
    """Rows of the newest Stichtag, and of its newest Gebietsstand."""
    neu = tabelle[tabelle["stichtag"] == tabelle["stichtag"].max()]
    return neu[neu["gebietsstand"] == neu["gebietsstand"].max()].sort_values("raum_id", ignore_index=True)


def ohne_rest(tabellen: Mapping[str, pd.DataFrame], rest) -> dict[str, pd.DataFrame]:
    """Tables without the Rest-Räume: they are no places."""
    rest = set(rest)
    return {name: t[~t["raum_id"].isin(rest)] if rest else t for name, t in tabellen.items()}


MUSTERZAHLEN = ["lokal", "p", "geglaettet", "gewicht", "lokationsquotient"]
STATISTIK = [
    "status", "n", "inseln", "ohne_wert", "moran", "erwartet", "varianz", "z", "p", "lisa_permutationen", "lisa_saat",
    "lisa_schwelle", "hoch_hoch", "niedrig_niedrig", "seg_status", "segregation", "isolation", "gini", "anteil",
    "klein", "eb_mittel", "eb_varianz",
]  # fmt: skip


def _je_ebene(kennzahl: Kennzahl, tabelle: pd.DataFrame, paare: pd.DataFrame, gedacht: dict):
    werte = tabelle["wert"].to_numpy(float)
    ort = {r: i for i, r in enumerate(tabelle["raum_id"])}
    i, j = paare["raum_id"].map(ort), paare["nachbar_id"].map(ort)
    da = (i.notna() & j.notna()).to_numpy()
    grenzen = raum.build_nachbarn(i[da].to_numpy(int), j[da].to_numpy(int), len(tabelle))
    platz = (grenzen.ziel.tobytes(), werte.tobytes())
    if platz not in gedacht:
        gedacht[platz] = raum.compute_moran(werte, grenzen), _lisa(werte, grenzen)
    moran, lisa = gedacht[platz]
    glatt, seg, lq = _anteile(kennzahl, tabelle)
    raeume = pd.DataFrame(
        {
            "raum_id": tabelle["raum_id"],
            "status": "zu_wenige" if lisa is None else lisa.status,
            "klasse": "" if lisa is None else lisa.klasse,
            "lokal": np.nan if lisa is None else lisa.i,
            "p": np.nan if lisa is None else lisa.p,
            "geglaettet": np.nan if glatt is None else glatt.wert * kennzahl.pro,
            "gewicht": np.nan if glatt is None else glatt.gewicht,
            "lokationsquotient": lq,
        }
    )
    statistik = {
        "status": moran.status,
        "n": moran.n,
        "inseln": moran.inseln,
        "ohne_wert": int((~np.isfinite(werte)).sum()),
        "moran": moran.i,
        "erwartet": moran.erwartet,
        "varianz": moran.varianz,
        "z": moran.z,
        "p": moran.p,
        "lisa_permutationen": lisa.permutationen if lisa else 0,
        "lisa_saat": lisa.saat if lisa else 0,
        "lisa_schwelle": lisa.schwelle if lisa else None,
        "hoch_hoch": int((lisa.klasse == "HH").sum()) if lisa else 0,
        "niedrig_niedrig": int((lisa.klasse == "NN").sum()) if lisa else 0,
        "seg_status": seg.status,
        "segregation": seg.is_,
        "isolation": seg.isolation,
        "gini": seg.gini,
        "anteil": seg.anteil,
        "klein": seg.klein,
        "eb_mittel": glatt.mittel * kennzahl.pro if glatt else None,
        "eb_varianz": glatt.varianz if glatt else None,
    }
    return raeume, statistik


def _lisa(werte: np.ndarray, grenzen: raum.Nachbarn) -> raum.Lisa | None:
    n = int(np.isfinite(werte).sum())
    if n < MINDEST_LISA:
        return None
    return raum.compute_lisa(werte, grenzen, permutationen=raum.PERMUTATIONEN if n > WENIGE else PERMUTATIONEN_WENIGE)


def _anteile(kennzahl: Kennzahl, tabelle: pd.DataFrame):
    """Smoothing, segregation and location quotients: for parts of a whole with counts behind them.

    A city with hidden Räume is not described: the sum of the visible rest is none.
    """
    leer = np.full(len(tabelle), np.nan)
    x, n = tabelle["zaehler"].to_numpy(float), tabelle["nenner"].to_numpy(float)
    if kennzahl.art != "quote" or not np.isfinite(n).any():
        return None, ungleichheit.Segregation("kein_anteil", 0), leer
    glatt = raum.glaette_anteile(x, n)
    if tabelle["status"].isin(GEHEIM).any():
        return glatt, ungleichheit.Segregation("gesperrt", int(np.isfinite(x).sum())), leer
    if tabelle["status"].isin(("nicht_geliefert", "nicht_sinnvoll")).any():
        return glatt, ungleichheit.Segregation("unvollstaendig", int(np.isfinite(x).sum())), leer
    return glatt, ungleichheit.compute_segregation(x, n), ungleichheit.lokationsquotient(x, n)[0]
