"""Method `runden10`: counts rounded to tens before anything is computed from them.

Every count is rounded for itself, sums from the true sum, so that rounded parts do not add up to their whole and nobody
can subtract. A reader is left with ±5; 0 stands for 0 to 4.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from geodata.fehler import KatalogError
from indicators.freigabe import Freigabe
from indicators.kennzahl import Fassung, Kennzahl
from indicators.regeln import Regeln

SCHRITT = 10
HINWEIS = (
    "Fallzahlen sind auf 10 gerundet ({merkmale}): 0 steht für 0 bis 4, Summen gehen nicht genau auf. "
    "Anteile sind aus den gerundeten Zahlen gerechnet."
)


def runde(wert: np.ndarray) -> np.ndarray:
    """To the nearest ten; five goes up."""
    return np.floor((np.asarray(wert, float) + SCHRITT / 2) / SCHRITT) * SCHRITT


def runde_zaehlung(zaehlung: pd.DataFrame, freigaben: list[Freigabe], regeln: Regeln) -> pd.DataFrame:
    """Counts as they may be shown: those of the method rounded, and hidden where rounding alone would tell.

    Next to a small known whole (the Nenner of a quote, the whole of a declared part) a rounded count says too much:
    "10 of 7" means five to seven, and at most two others. Such cells become `gesperrt`.
    """
    gerundet = find_gerundete(freigaben)
    if not gerundet:
        return zaehlung
    hier = zaehlung["merkmal"].isin(gerundet) & zaehlung["wert"].notna()
    neu = zaehlung.assign(wert=zaehlung["wert"].where(~hier, runde(zaehlung["wert"].to_numpy(float))))
    schwelle = (
        zaehlung["merkmal"].map(regeln.recht).fillna("keins").map(lambda r: max(f.schwelle_fuer(r) for f in freigaben))
    )
    # The remainder of the whole lies in [N − r − 4, N − r + 5]: below the threshold it would be a disclosure.
    rest = _kleinstes_ganzes(zaehlung, regeln) - neu["wert"] + SCHRITT / 2
    verraet = hier & (neu["wert"] > 0) & (rest < schwelle)
    return neu.assign(wert=neu["wert"].mask(verraet), status=neu["status"].mask(verraet, "gesperrt"))


def find_gerundete(freigaben: list[Freigabe]) -> set[str]:
    return {merkmal for f in freigaben for merkmal in f.methode}


def ohne_intervalle(fassungen: list[tuple[Kennzahl, Fassung]], freigaben: list[Freigabe]) -> list:
    """Kennzahlen of rounded counts without intervals: chance is not all that blurs them."""
    gerundet = find_gerundete(freigaben)
    return [(k.model_copy(update={"intervall": False}) if f.merkmale & gerundet else k, f) for k, f in fassungen]


def find_hinweis(merkmale: frozenset[str], freigaben: list[Freigabe], titel: dict[str, str]) -> str:
    """The sentence for a Kennzahl made of rounded counts; "": it is not."""
    namen = sorted(titel.get(m, m) for m in merkmale & find_gerundete(freigaben))
    return HINWEIS.format(merkmale=", ".join(f"»{n}«" for n in namen)) if namen else ""


def check_methode(freigaben: list[Freigabe], regeln: Regeln) -> None:
    """What adds up is rounded together: between a rounded whole and exact parts the error would be narrowed down.

    Raises:
        KatalogError: names the two Merkmale.
    """
    gerundet = find_gerundete(freigaben)
    paare = [(ganzes, teil) for ganzes, wege in regeln.summen.items() for weg in wege for teil in weg]
    paare += [(g, t) for t, g in regeln.teile] + list(regeln.gleich)
    paare += [(z.merkmal, z.teil) for z in regeln.zeit]
    for a, b in paare:
        gleiches = {regeln.recht.get(m, "keins") for m in (a, b)} & {"keins", "bevoelkerung"}
        if (a in gerundet) != (b in gerundet) and not gleiches:
            rund, genau = (a, b) if a in gerundet else (b, a)
            raise KatalogError(
                f"»{rund}« ist gerundet, »{genau}« nicht; beide hängen zusammen (Summe oder Teil).",
                wo=f"{', '.join(f'{f.id}.toml' for f in freigaben)}: [methode]",
                tun=f'Unter [methode] auch {genau} = "runden10" eintragen, oder beide streichen.',
            )


def _kleinstes_ganzes(zaehlung: pd.DataFrame, regeln: Regeln) -> np.ndarray:
    """The smallest known whole each count is part of; NaN: none."""
    ort = ["raum_id", "gebietsstand", "stichtag"]
    paare = [(z, n) for z, n in regeln.quoten] + [([t], [g]) for t, g in regeln.teile]
    kleinstes = np.full(len(zaehlung), np.nan)
    for zaehler, nenner in paare:
        stellen = zaehlung["merkmal"].isin(zaehler).to_numpy(bool)
        if not stellen.any():
            continue
        teile = zaehlung[zaehlung["merkmal"].isin(nenner)]
        summen = teile.groupby(ort)["wert"].sum(min_count=len(nenner))
        orte = pd.MultiIndex.from_frame(zaehlung.loc[stellen, ort])
        kleinstes[stellen] = np.fmin(kleinstes[stellen], summen.reindex(orte).to_numpy(float))
    return kleinstes
