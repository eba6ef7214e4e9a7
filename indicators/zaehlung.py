"""Counts on every level: what was delivered, and sums over the level below where nothing was delivered.

Sums include the Rest-Raum ("nicht zuordenbar"), so totals stay right. A sum over an incomplete level is
never the sum of the visible rest: it takes the status of what is missing.
"""

from __future__ import annotations

import pandas as pd

SCHLUESSEL = ["raum_id", "gebietsstand", "stichtag", "merkmal"]
MIT_WERT = ("offen", "unsicher")


def build_zaehlung(
    fallzahl: pd.DataFrame,
    raeume: pd.DataFrame,
    ebenen: list[str],
    *,
    summierbar: set[str],
    eltern: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Delivered values plus the sums of all higher levels.

    Args:
        fallzahl: raum_id, gebietsstand, stichtag, merkmal, wert (NaN unless the status has a value), status.
        raeume: raum_id, gebietsstand, ebene, eltern_id, rest — one row per Raum and Gebietsstand.
        ebenen: level ids from top to bottom.
        summierbar: Merkmale that are counts; published rates are never summed.
        eltern: raum_id, gebietsstand, eltern_id, hierarchie of every hierarchy, where there are several. The areas of a
            further one (Bezirke beside Kommunen) are sums of their own parts and no part of another sum.

    Returns:
        One row per Raum, Stichtag and Merkmal: the columns of `fallzahl` plus `ebene`, `eltern_id`, `rest` and
        `summiert` (True where the value is a sum made here).
    """
    art = raeume[["raum_id", "gebietsstand", "ebene", "eltern_id", "rest"]]
    koepfe, teile_daneben = _weitere(eltern)
    art = art.assign(eltern_id=art["eltern_id"].mask(art["raum_id"].isin(koepfe)))
    # The Rest-Raum belongs to the top Raum, whatever its level: it joins the sum there and nowhere else.
    alle = fallzahl.merge(art, on=["raum_id", "gebietsstand"], how="inner").assign(summiert=False)
    ebene_von = raeume.drop_duplicates("raum_id").set_index("raum_id")["ebene"]
    for ebene in reversed(ebenen[:-1]):
        teile = alle[alle["merkmal"].isin(summierbar) & (alle["eltern_id"].map(ebene_von) == ebene)]
        alle = _ergaenze(alle, _summen(teile, art), art)
    if koepfe:
        alle = _ergaenze(alle, summiere(alle, teile_daneben, summierbar=summierbar), art)
    return alle


def _weitere(eltern: pd.DataFrame | None) -> tuple[set[str], pd.DataFrame | None]:
    """The areas that belong to a further hierarchy alone, and their parts."""
    if eltern is None:
        return set(), None
    haupt = eltern["hierarchie"] == "gebiet"
    koepfe = set(eltern.loc[~haupt, "raum_id"]) - set(eltern.loc[haupt, "raum_id"])
    return koepfe, eltern.loc[~haupt & eltern["eltern_id"].isin(koepfe), ["raum_id", "gebietsstand", "eltern_id"]]


def _ergaenze(alle: pd.DataFrame, summen: pd.DataFrame, art: pd.DataFrame) -> pd.DataFrame:
    """With the sums of what was not delivered itself."""
    da = pd.MultiIndex.from_frame(alle[SCHLUESSEL])
    neu = summen[~pd.MultiIndex.from_frame(summen[SCHLUESSEL]).isin(da)]
    if neu.empty:
        return alle
    neu = neu.merge(art, on=["raum_id", "gebietsstand"], how="inner").assign(summiert=True)
    return pd.concat([alle, neu], ignore_index=True)


def summiere(zaehlung: pd.DataFrame, teile: pd.DataFrame, *, summierbar: set[str]) -> pd.DataFrame:
    """Counts of areas that are no level of the Gebiet, as sums of what `build_zaehlung` returned for their parts.

    Args:
        teile: raum_id (the part), gebietsstand, eltern_id (the area); a Raum may be part of several.

    Returns:
        raum_id, gebietsstand, stichtag, merkmal, wert, status.
    """
    eigene = zaehlung[zaehlung["merkmal"].isin(summierbar)].drop(columns="eltern_id")
    return _summen(eigene.merge(teile, on=["raum_id", "gebietsstand"]), teile.assign(rest=False))


def _summen(teile: pd.DataFrame, raeume: pd.DataFrame) -> pd.DataFrame:
    """Sums of children by parent; one row per parent, Stichtag and Merkmal with the worst status of its children."""
    if teile.empty:
        return pd.DataFrame(columns=[*SCHLUESSEL, "wert", "status"])
    erwartet = raeume[~raeume["rest"]].groupby(["eltern_id", "gebietsstand"]).size().rename("erwartet")
    eigene = teile.assign(
        fest=~teile["rest"],
        hat=teile["status"].isin(MIT_WERT),
        unsicher=teile["status"] == "unsicher",
        geheim=teile["status"] == "gesperrt_quelle",
        unsinn=teile["status"] == "nicht_sinnvoll",
    )
    je_eltern = eigene.groupby(["eltern_id", "gebietsstand", "stichtag", "merkmal"], sort=False).agg(
        wert=("wert", "sum"),
        zahl=("fest", "sum"),
        alle_da=("hat", "all"),
        unsicher=("unsicher", "any"),
        geheim=("geheim", "any"),
        unsinn=("unsinn", "any"),
    )
    je_eltern = je_eltern.reset_index().merge(erwartet.reset_index(), on=["eltern_id", "gebietsstand"], how="left")
    vollzaehlig = je_eltern["alle_da"] & (je_eltern["zahl"] == je_eltern["erwartet"])
    status = pd.Series("nicht_geliefert", index=je_eltern.index)
    status[je_eltern["unsinn"]] = "nicht_sinnvoll"
    status[je_eltern["geheim"]] = "gesperrt_quelle"
    status[vollzaehlig] = "offen"
    status[vollzaehlig & je_eltern["unsicher"]] = "unsicher"
    return pd.DataFrame(
        {
            "raum_id": je_eltern["eltern_id"],
            "gebietsstand": je_eltern["gebietsstand"],
            "stichtag": je_eltern["stichtag"],
            "merkmal": je_eltern["merkmal"],
            "wert": je_eltern["wert"].where(vollzaehlig),
            "status": status,
        }
    )
