"""Values whose data are too incomplete are not shown: another Kennzahl measures how complete they are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from indicators.arten import MIT_WERT
from indicators.kennzahl import Kennzahl
from indicators.zahlformat import format_wert

ORT = ["raum_id", "gebietsstand", "stichtag"]
ZAHLEN = ["wert", "unten", "oben", "zaehler", "nenner"]


def blende_unvollstaendige(tabelle: pd.DataFrame, mass: pd.DataFrame, *, mindestens: float, text: str) -> pd.DataFrame:
    """The table of one Kennzahl without the values whose data are too incomplete.

    Both tables passed the gate. Where the completeness itself is hidden or missing, nobody can see that the value is
    good enough: it takes over that status. Below the minimum it is `nicht_sinnvoll`, and the hint says why.

    Args:
        tabelle, mass: rows of `berechnung.build_kennzahl`.
        mindestens: least completeness [unit of `mass`]; text: hint of a value that is below.
    """
    if tabelle.empty:
        return tabelle
    dazu = tabelle[ORT].merge(mass[[*ORT, "wert", "status"]], on=ORT, how="left")
    wie = dazu["status"].fillna("nicht_geliefert").to_numpy(object)
    bekannt = np.isin(wie, MIT_WERT)
    hat = tabelle["status"].isin(MIT_WERT).to_numpy()
    wenig = hat & bekannt & (dazu["wert"] < mindestens).to_numpy()
    status = np.select([wenig, hat & ~bekannt], ["nicht_sinnvoll", wie], tabelle["status"].to_numpy(object))
    weg = hat & (wenig | ~bekannt)
    return tabelle.assign(
        **{spalte: tabelle[spalte].mask(weg) for spalte in ZAHLEN},
        status=status.astype(object),
        hinweis=np.where(wenig, text, tabelle["hinweis"]),
    )


def blende_alle(
    tabellen: dict[str, pd.DataFrame], umgerechnet: pd.DataFrame, kennzahlen: Mapping[str, Kennzahl]
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """`blende_unvollstaendige` for all Kennzahlen that ask for it, delivered and converted values alike.

    Args:
        kennzahlen: the whole catalogue; a completeness that is not computed here hides what depends on it.
    """
    for kennzahl in (k for k in kennzahlen.values() if k.vollstaendigkeit):
        mass_id, grenze = kennzahl.vollstaendigkeit.kennzahl, kennzahl.vollstaendigkeit.mindestens
        angabe = kennzahlen[mass_id]
        wie = {
            "mindestens": grenze,
            "text": f"{angabe.titel}: unter {format_wert(grenze, angabe.einheit)}, deshalb kein Wert",
        }
        hier = (umgerechnet["kennzahl_id"] == kennzahl.id).to_numpy()
        massstab = umgerechnet[umgerechnet["kennzahl_id"] == mass_id]
        mass = pd.concat([t for t in (tabellen.get(mass_id), massstab) if t is not None and len(t)] or [massstab])
        mass = mass.drop_duplicates(ORT)
        if kennzahl.id in tabellen:
            tabellen[kennzahl.id] = blende_unvollstaendige(tabellen[kennzahl.id], mass, **wie)
        if hier.any():
            neu = blende_unvollstaendige(umgerechnet[hier], mass, **wie)
            umgerechnet = pd.concat([umgerechnet[~hier], neu], ignore_index=True)
    return tabellen, umgerechnet
