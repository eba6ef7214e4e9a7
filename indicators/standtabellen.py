"""The tables of a snapshot that are computed from protected values."""

from __future__ import annotations

import json

import pandas as pd

from geodata.gebiet import Gebiet
from indicators.berechnung import Zahlen, build_kennzahl
from indicators.katalog import build_eintrag
from indicators.kennzahl import Kennzahl
from indicators.klassen import build_klassen
from indicators.pflege import Pflege, build_leer, build_pflege
from indicators.pflegemodell import Pflegemodell
from indicators.pflegequoten import build_quotenvergleich
from indicators.rundung import find_hinweis
from indicators.umrechnung import SPALTEN as UMGERECHNET
from indicators.umrechnung import build_umgerechnet, rechne_um


def build_tabellen(zahlen: Zahlen, fassungen: list) -> dict:
    """Kennzahl id → its table, see `berechnung.build_kennzahl`; Kennzahlen without any value are left out."""
    tabellen = {k.id: build_kennzahl(k, f, zahlen).assign(kennzahl_id=k.id) for k, f in fassungen}
    return {name: tabelle for name, tabelle in tabellen.items() if len(tabelle)}


def build_umgerechnete(
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


def ohne_dopplung(tabellen: dict[str, pd.DataFrame], umgerechnet: pd.DataFrame) -> tuple[dict, pd.DataFrame]:
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


def build_pflegetabellen(
    modell: Pflegemodell | None, zahlen: Zahlen, gezeigt: frozenset[str], raeume: pd.DataFrame, gebiet: Gebiet
) -> Pflege:
    """Care as far as its deliveries reach: projection, comparison with national quotas, or the reason for neither."""
    if modell is None:
        return build_leer("nicht_geliefert")
    baue = build_pflege if modell.art == "voll" else build_quotenvergleich
    return baue(modell, zahlen, gezeigt, raeume, tuple(e.id for e in gebiet.ebenen))


def list_stichtage(tabellen: dict[str, pd.DataFrame]) -> tuple:
    """Kennzahl and the Stichtage it has values at."""
    return tuple((name, tuple(sorted(set(tabelle["stichtag"])))) for name, tabelle in tabellen.items())


def build_katalog(fassungen: list, titel: dict[str, str], tabellen: dict, merkmale: dict, freigaben) -> pd.DataFrame:
    """The entries of the Kennzahlen that have values, as they are defined now."""
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


def build_klassentabelle(tabellen: dict[str, pd.DataFrame], kennzahlen: dict[str, Kennzahl]) -> pd.DataFrame:
    """Class edges of the map, per Kennzahl and level."""
    zeilen = []
    for kennzahl_id, tabelle in tabellen.items():
        for ebene, teil in tabelle.groupby("ebene", sort=False):
            kanten = build_klassen(teil["wert"].to_numpy(float), art=kennzahlen[kennzahl_id].art)
            zeilen += [(kennzahl_id, ebene, i, kanten[i], kanten[i + 1]) for i in range(len(kanten) - 1)]
    return pd.DataFrame(zeilen, columns=["kennzahl_id", "ebene", "nr", "von", "bis"])
