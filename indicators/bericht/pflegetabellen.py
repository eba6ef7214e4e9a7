"""Tables of the care-planning report that come from the projection instead of from Kennzahlen: T2, T5, T6, T7, T16.

Every row starts like all others of the report: Schlüssel, Raum, Ebene, Stichtag (of what was counted).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pandas as pd

from indicators.bericht import texte
from indicators.bericht.mappe import Zahl, Zelle, zelle
from indicators.bericht.pflegetexte import VARIANTE
from indicators.store import Store

Zeilen = list[list[Zelle]]
WEITEN = (5, 10, 15)
BILANZ = (3, 5, 10)
ALTER = {"bev_65_79": "65–79", "bev_80_plus": "80+"}


def kopf(name: str) -> list[str]:
    return KOEPFE[name]


def fuelle(store: Store, name: str) -> Zeilen:
    """Rows of one table; empty where this Gebiet and profile have no projection."""
    return BAUER[name](store)


def _basis(store: Store) -> date | None:
    return date.fromisoformat(store.pflege["basis"]) if "basis" in store.pflege else None


def _vorn(store: Store, zeile, tag: date) -> list[Zelle]:
    return [zeile.raum_id, zeile.name, store.stand.ebene(zeile.ebene).titel, tag]


def _je_raum(tabelle: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """By Raum, the Kreis first; values only where the status opens them."""
    return dict(iter(texte.nur_offene(tabelle).groupby("raum_id", sort=False)))


def _bevoelkerung(store: Store) -> Zeilen:
    tag, prognose = _basis(store), store.read_prognose()
    zeilen = []
    for teil in _je_raum(prognose[prognose["groesse"].isin(ALTER)]).values():
        zeile = _vorn(store, next(teil.itertuples()), tag)
        for groesse in ALTER:
            je = teil[teil["groesse"] == groesse].set_index("jahr")
            heute = je.loc[tag.year]
            werte = [zelle(heute["status"], heute["wert"])]
            werte += [_wert(je, tag.year + j) for j in WEITEN]
            ziel = je["wert"].get(tag.year + 10)
            offen = pd.notna(ziel) and pd.notna(heute["wert"]) and heute["wert"] > 0
            delta = [Zahl(ziel - heute["wert"]), Zahl((ziel / heute["wert"] - 1) * 100, 1)] if offen else [None, None]
            zeile += [*werte, *delta]
        zeilen.append(zeile)
    return zeilen


def _wert(je_jahr: pd.DataFrame, jahr: int) -> Zelle:
    """The sign for "makes no sense" beyond the horizon of a Raum."""
    if jahr not in je_jahr.index:
        return texte.ZEICHEN["nicht_sinnvoll"]
    return zelle(je_jahr.loc[jahr, "status"], je_jahr.loc[jahr, "wert"])


def _alter(store: Store) -> Zeilen:
    tag = _basis(store)
    if tag is None:
        return []
    oben = store.stand.ebenen[0].id
    raeume = store.raeume_heute(oben)
    alter = pd.concat([store.read_prognose_alter(r) for r in raeume["raum_id"]], ignore_index=True)
    alter = alter[(alter["art"] == "pflege") & (alter["jahr"] == tag.year)]
    zeilen = []
    for (raum_id, von), teil in alter.groupby(["raum_id", "von"], sort=False):
        je = teil.set_index("geschlecht")
        bis = je["bis"].iloc[0]
        faelle = [je.loc[g, "pflegebeduerftige"] for g in "mw"]
        quoten = [Zahl(100 * je.loc[g, "pflegebeduerftige"] / je.loc[g, "bevoelkerung"], 1) for g in "mw"]
        text = f"{von} und älter" if pd.isna(bis) else f"{von} bis {int(bis)}"
        vorn = [raum_id, je["name"].iloc[0], store.stand.ebene(oben).titel, tag]
        zeilen.append([*vorn, text, *map(Zahl, faelle), *quoten])
    return zeilen


def _vergleich(store: Store) -> Zeilen:
    """Räume against each other at equal ages, the newest day."""
    v = store.read_pflegevergleich("pflegebeduerftige")
    v = v[v["verfahren"].isin(("indirekt", "quoten"))]
    v = v[v["stichtag"] == v["stichtag"].max()] if len(v) else v
    return [
        [
            *_vorn(store, z, z.stichtag),
            zelle(z.status, z.beobachtet),
            *[zelle(z.status, w, 2) for w in (z.roh, z.rate, z.rate_unten, z.rate_oben)],
        ]
        for z in v.itertuples()
    ]


def _schaetzung(store: Store) -> Zeilen:
    v = store.read_pflegevergleich("pflegebeduerftige")
    v = v[v["verfahren"] == "indirekt"]
    return [
        [
            *_vorn(store, z, z.stichtag),
            *[None if pd.isna(w) else Zahl(w) for w in (z.erwartet, z.erwartet_unten, z.erwartet_oben)],
            zelle(z.status, z.beobachtet),
            *[zelle(z.status, w, 2) for w in (z.verhaeltnis, z.verhaeltnis_unten, z.verhaeltnis_oben)],
        ]
        for z in v.itertuples()
    ]


def _bilanz(store: Store) -> Zeilen:
    tag, prognose = _basis(store), store.read_prognose()
    zeilen = []
    for teil in _je_raum(prognose[prognose["groesse"].isin(("plaetze", "dauerpflege_bedarf"))]).values():
        plaetze = teil[teil["groesse"] == "plaetze"].iloc[0]
        bedarf = teil[teil["groesse"] == "dauerpflege_bedarf"].set_index(["variante", "jahr"])
        zeile = [*_vorn(store, next(teil.itertuples()), tag), zelle(plaetze["status"], plaetze["wert"])]
        for wo in (("bestand", tag.year), *((v, tag.year + j) for j in BILANZ for v in ("konstant", "trend"))):
            z = bedarf.loc[wo] if wo in bedarf.index else None
            zeile.append(None if z is None else zelle(z["status"], z["wert"]))
            offen = z is not None and pd.notna(z["wert"]) and pd.notna(plaetze["wert"])
            zeile.append(Zahl(plaetze["wert"] - z["wert"]) if offen else None)
        zeilen.append(zeile)
    return zeilen


def _kopf_bilanz() -> list[str]:
    namen = ["belegbare Plätze", "Bedarf heute", "Bilanz heute"]
    for jahre in BILANZ:
        for v in ("konstant", "trend"):
            namen += [f"{was} in {jahre} Jahren, {VARIANTE[v]} (Modell)" for was in ("Bedarf", "Bilanz")]
    return namen


KOEPFE: dict[str, list[str]] = {
    "bevoelkerung": [
        name
        for alter in ALTER.values()
        for name in (
            f"{alter} heute",
            *(f"{alter} in {j} Jahren (Modell)" for j in WEITEN),
            f"{alter}: Veränderung in 10 Jahren (Modell)",
            f"{alter}: Veränderung in 10 Jahren in % (Modell)",
        )
    ],
    "alter": ["Alter", "Männer", "Frauen", "Männer je 100", "Frauen je 100"],
    "vergleich": ["Pflegebedürftige", "Pflegequote je 100", "standardisiert je 100", "Intervall von", "Intervall bis"],
    "schaetzung": [
        *("Schätzung (Modell)", "Band von (Modell)", "Band bis (Modell)", "gezählt"),
        *("gezählt zu geschätzt", "Intervall von", "Intervall bis"),
    ],
    "bilanz": _kopf_bilanz(),
}
BAUER: dict[str, Callable[[Store], Zeilen]] = {
    "bevoelkerung": _bevoelkerung,
    "alter": _alter,
    "vergleich": _vergleich,
    "schaetzung": _schaetzung,
    "bilanz": _bilanz,
}
