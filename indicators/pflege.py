"""The tables of care in a snapshot: stock, expectation, projection, what drives it, and how well it would have done.

Computed for every release profile from what the gate left, see `bedarf` and `vorausschau`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from indicators import prognose
from indicators.arten import MIT_WERT, merge_status
from indicators.bedarf import DAEMPFUNG, GEWINN, Bedarf
from indicators.berechnung import Zahlen
from indicators.intervall import byar
from indicators.pflegemodell import PLAETZE, VERSORGUNG, Pflegemodell, Tafel, find_fenster
from indicators.standardisierung import direkt, indirekt
from indicators.vorausschau import Vorausschau

ZIELE = (0, 3, 5, 10, 15)  # years ahead; beyond prognose.HORIZONT for the whole Kreis only
ABWEICHUNG = 0.1  # how far Kommunen differ from what is expected, where no counts tell it
GROESSEN = {"bev_gesamt": (0, None), "bev_65_79": (65, 79), "bev_80_plus": (80, None)}
TEXTE = ("ebene", "raum_id", "gebietsstand", "groesse", "variante", "status", "art", "geschlecht", "verfahren")
LEER = {"unten": np.nan, "oben": np.nan}
SPALTEN = {
    "prognose": ["ebene", "raum_id", "gebietsstand", "groesse", "variante", "jahr", "wert", "unten", "oben", "status"],
    "prognose_alter": [
        *("ebene", "raum_id", "gebietsstand", "art", "jahr", "geschlecht", "von", "bis"),
        *("bevoelkerung", "pflegebeduerftige", "modell"),
    ],
    "prognose_zerlegung": [
        *("ebene", "raum_id", "gebietsstand", "von", "bis"),
        *("gesamt", "umfang", "struktur", "haeufigkeit", "modell"),
    ],
    "prognose_probe": ["ebene", "raum_id", "gebietsstand", "groesse", "basis", "ziel", "vorhergesagt", "eingetreten"],
    "pflege_vergleich": [
        *("ebene", "raum_id", "gebietsstand", "stichtag", "groesse", "verfahren", "beobachtet", "erwartet"),
        *("erwartet_unten", "erwartet_oben", "verhaeltnis", "verhaeltnis_unten", "verhaeltnis_oben"),
        *("roh", "rate", "rate_unten", "rate_oben", "status"),
    ],
}


@dataclass(frozen=True)
class Pflege:
    """Tables of the snapshot by name; `angaben`: how they came about, or in `grund` (a status) why there are none."""

    tabellen: dict[str, pd.DataFrame]
    angaben: dict


def build_leer(grund: str, **angaben) -> Pflege:
    """No projection, and why."""
    return Pflege(als_tabellen({}), {"art": "keine", "grund": grund} | angaben)


def als_tabellen(zeilen: dict[str, list[dict]]) -> dict[str, pd.DataFrame]:
    """Rows by table name → all tables; those without rows are empty."""
    tabellen = {name: pd.DataFrame(zeilen.get(name, []), columns=spalten) for name, spalten in SPALTEN.items()}
    return {name: _mit_typen(tabelle) for name, tabelle in tabellen.items()}


def _mit_typen(tabelle: pd.DataFrame) -> pd.DataFrame:
    """Numbers as numbers, also where there are none; an open age group has no last age."""
    zahlen = [s for s in tabelle if s not in (*TEXTE, "bis", "jahr", "von", "modell", "stichtag", "basis", "ziel")]
    ganze = [s for s in ("bis", "jahr", "von") if s in tabelle]
    return tabelle.astype(dict.fromkeys(zahlen, float) | dict.fromkeys(ganze, "Int64"))


def build_pflege(
    modell: Pflegemodell, zahlen: Zahlen, gezeigt: frozenset[str], raeume: pd.DataFrame, ebenen: tuple[str, ...]
) -> Pflege:
    """All tables of one release profile.

    Args:
        zahlen: after the gate.
        gezeigt: Merkmale that were decided there.
        raeume: raum_id, gebietsstand, zuschnitt.
        ebenen: levels of the Gebiet, top first; the second one that has population by age has the parts.
    """
    tafel = Tafel(zahlen, gezeigt, raeume)
    oben, bev = ebenen[0], modell.bevoelkerung
    tage_bev = tafel.stichtage(bev.alle, oben)
    tage = tuple(sorted(set(tage_bev) & set(tafel.stichtage(modell.pflege.alle, oben))))
    if not tage:
        return build_leer("nicht_geliefert")
    kreis = tafel.orte(oben, tage[-1])
    fenster = find_fenster(tage_bev, jahre=prognose.SCHRITT, bis=tage[-1])
    if len(kreis) != 1 or fenster is None:
        return build_leer("nicht_geliefert")
    gebraucht = [(t, bev.alle) for t in (*fenster, tage[-1])] + [(tage[-1], (*modell.pflege.alle, "pflegebeduerftige"))]
    status = merge_status(*(tafel.lies(kreis, tag, merkmale)[1] for tag, merkmale in gebraucht))[0]
    if status not in MIT_WERT:
        return build_leer(str(status))
    bedarf = Bedarf(tafel, modell, Vorausschau(tafel, bev, ebenen, tage[-1], fenster), tage)
    zeilen = {
        "prognose": build_prognose(bedarf),
        "prognose_alter": build_alter(bedarf),
        "prognose_zerlegung": build_zerlegung(bedarf),
        "prognose_probe": build_probe(bedarf, tage_bev),
        "pflege_vergleich": build_vergleich(bedarf) + build_direkt(bedarf),
    }
    return Pflege(als_tabellen(zeilen), build_angaben(bedarf))


def build_angaben(bedarf: Bedarf) -> dict:
    return {
        "art": "voll",
        "basis": bedarf.basis.isoformat(),
        "fenster": [t.isoformat() for t in bedarf.schau.fenster],
        "steigerung": bedarf.steigerung,
        "daempfung": DAEMPFUNG,
        "gewinn": GEWINN,
        "ebene_unten": bedarf.schau.ebene_unten,
    }


def je_raum(orte: pd.DataFrame, ebene: str | None, **spalten) -> list[dict]:
    """One row per Raum; a column is an array over the Räume, or one value for all."""
    werte = {s: np.broadcast_to(np.asarray(w, object), len(orte)) for s, w in spalten.items()}
    return [
        {"ebene": ebene, "raum_id": o.raum_id, "gebietsstand": o.gebietsstand} | {s: w[i] for s, w in werte.items()}
        for i, o in enumerate(orte.itertuples())
    ]


# --- ahead -----------------------------------------------------------------------------------


def build_prognose(bedarf: Bedarf) -> list[dict]:
    """Population, people in need, places needed in homes; for the base year what was counted."""
    zeilen = []
    schau = bedarf.schau
    for jahre in ZIELE:
        jahr = bedarf.basis.year + jahre
        zeilen += _bevoelkerung(schau, jahre, jahr)
        werte = {v: bedarf.in_jahren(v, jahre) for v in bedarf.varianten}
        ganz = {v: np.array([kreis]) for v, (kreis, _) in werte.items()}
        zeilen += _pflege(bedarf, schau.kreis, schau.ebenen[0], jahr, ganz, np.array(["offen"], object))
        if jahre <= prognose.HORIZONT and len(schau.kommunen):
            teile = {v: kommunen for v, (_, kommunen) in werte.items()}
            zeilen += _pflege(bedarf, schau.kommunen, schau.ebene_unten, jahr, teile, bedarf.status)
    return zeilen


def _bevoelkerung(schau: Vorausschau, jahre: int, jahr: int) -> list[dict]:
    kreis, kommunen = schau.in_jahren(jahre)
    zeilen = []
    for groesse, (von, bis) in GROESSEN.items():
        bands = [i for i, g in enumerate(schau.gliederung.grenzen) if g >= von and (bis is None or g < bis)]
        wie = {"groesse": groesse, "variante": "modell" if jahre else "bestand", "jahr": jahr} | LEER
        zeilen += je_raum(schau.kreis, schau.ebenen[0], **wie, wert=kreis[:, bands].sum(), status="offen")
        if jahre <= prognose.HORIZONT:
            werte = kommunen[:, :, bands].sum(axis=(1, 2))
            zeilen += je_raum(schau.kommunen, schau.ebene_unten, **wie, wert=werte, status=schau.status)
    return zeilen


def _pflege(bedarf: Bedarf, orte, ebene: str, jahr: int, werte: dict[str, np.ndarray], status) -> list[dict]:
    """Need in all variants and the places in homes that follow from it; the band spans all variants and chance.

    The band stands at the variant "konstant"; it is no interval of confidence.
    """
    voraus = jahr > bedarf.basis.year
    alle = np.array(list(werte.values()))
    anzahl = bedarf.anzahl(orte, "pflegebeduerftige")[0]
    teiler = np.where(anzahl > 0, anzahl, np.nan)
    unten, oben = (grenze / teiler for grenze in byar(anzahl))
    band = {"unten": alle.min(0) * unten, "oben": alle.max(0) * oben} if voraus else LEER
    im_heim, h_status = bedarf.anzahl(orte, "pflege_stationaer")
    h_status = merge_status(status, h_status)
    anteil = np.where(np.isin(h_status, MIT_WERT), im_heim / teiler, np.nan)
    zeilen = []
    for variante, wert in werte.items() if voraus else [("bestand", alle[0])]:
        grenzen = band if variante == "konstant" else LEER
        wie = {"variante": variante, "jahr": jahr}
        zeilen += je_raum(orte, ebene, groesse="pflegebeduerftige", **wie, wert=wert, **grenzen, status=status)
        heim = {s: w * anteil for s, w in ({"wert": wert} | grenzen).items()}
        zeilen += je_raum(orte, ebene, groesse="dauerpflege_bedarf", **wie, **heim, status=h_status)
    if not voraus:
        bestand, b_status = bedarf.anzahl(orte, PLAETZE)
        wie = {"variante": "bestand", "jahr": jahr} | LEER
        zeilen += je_raum(orte, ebene, groesse="plaetze", **wie, wert=bestand, status=b_status)
    return zeilen


def build_alter(bedarf: Bedarf) -> list[dict]:
    """Population by five years of age now and ahead; people in need of the Kreis by its own, wider bands."""
    schau, zeilen = bedarf.schau, []
    for jahre in (0, 5, 10, 15):
        wann = {"art": "bevoelkerung", "jahr": bedarf.basis.year + jahre, "modell": jahre > 0}
        kreis, kommunen = schau.in_jahren(jahre)
        for s, geschlecht in enumerate("mw"):
            for nr, von in enumerate(schau.gliederung.grenzen):
                wo = {"geschlecht": geschlecht, "von": von, "bis": schau.gliederung.bis(nr)} | wann
                zeilen += je_raum(schau.kreis, schau.ebenen[0], **wo, bevoelkerung=kreis[s, nr])
                if jahre <= prognose.HORIZONT:
                    zeilen += je_raum(schau.kommunen, schau.ebene_unten, **wo, bevoelkerung=kommunen[:, s, nr])
    for tag in bedarf.tage:
        faelle, bev = bedarf.faelle(tag), bedarf.kreis_bev(tag)
        for s, geschlecht in enumerate("mw"):
            for nr, von in enumerate(bedarf.modell.pflege.grenzen):
                wo = {"art": "pflege", "jahr": tag.year, "geschlecht": geschlecht, "von": von, "modell": False}
                wo |= {"bis": bedarf.modell.pflege.bis(nr), "bevoelkerung": bev[s, nr]}
                zeilen += je_raum(schau.kreis, schau.ebenen[0], **wo, pflegebeduerftige=faelle[s, nr])
    return zeilen


def build_zerlegung(bedarf: Bedarf) -> list[dict]:
    """Of the projection (constant quotas) for every Raum; looking back for the Kreis, whose quotas are known."""
    schau, zeilen = bedarf.schau, []
    for jahre in (5, 10, 15):
        kreis, kommunen = schau.in_jahren(jahre)
        wann = {"von": bedarf.basis.year, "bis": bedarf.basis.year + jahre, "modell": True}
        teile = prognose.zerlege(bedarf.quote, bedarf.grob(schau.kreis_bev[0]), bedarf.grob(kreis))
        zeilen += je_raum(schau.kreis, schau.ebenen[0], **wann, **vars(teile))
        if jahre <= prognose.HORIZONT:
            quote = bedarf.quote[None] * bedarf.niveau[:, None, None]
            anfang, ende = bedarf.grob(schau.kommunen_bev[0]), bedarf.grob(kommunen)
            teile = prognose.zerlege(quote, anfang, ende, eingetreten=bedarf.in_jahren("konstant", jahre)[1])
            offene = {s: w[bedarf.offen] for s, w in vars(teile).items()}
            zeilen += je_raum(schau.kommunen[bedarf.offen], schau.ebene_unten, **wann, **offene)
    for vorher, nachher in zip(bedarf.tage, bedarf.tage[1:], strict=False):
        v, n = bedarf.kreis_bev(vorher), bedarf.kreis_bev(nachher)
        quote = prognose.quoten(bedarf.faelle(vorher), v)
        teile = prognose.zerlege(quote, v, n, eingetreten=bedarf.faelle(nachher).sum())
        if np.isfinite(teile.gesamt):
            wann = {"von": vorher.year, "bis": nachher.year, "modell": False}
            zeilen += je_raum(schau.kreis, schau.ebenen[0], **wann, **vars(teile))
    return zeilen


# --- side by side ----------------------------------------------------------------------------


def build_vergleich(bedarf: Bedarf) -> list[dict]:
    """Counted in the Kommunen against what the quotas of the Kreis let expect, in all and by kind of care.

    The expectation alone is the estimate for Kommunen without counts of their own ("Modell"), with its band.
    """
    schau = bedarf.schau
    faelle, ganz = bedarf.faelle(bedarf.basis).ravel(), bedarf.grob(schau.kreis_bev[0]).ravel()
    bev = bedarf.grob(schau.kommunen_bev[0]).reshape(len(schau.kommunen), ganz.size)
    gesamt = bedarf.anzahl(schau.kreis, "pflegebeduerftige")[0][0]
    zeilen = []
    for groesse in ("pflegebeduerftige", *VERSORGUNG):
        kreis, kreis_status = bedarf.anzahl(schau.kreis, groesse)
        if kreis_status[0] not in MIT_WERT or not len(schau.kommunen):
            continue
        anzahl, status = bedarf.anzahl(schau.kommunen, groesse)
        status = merge_status(schau.status, status)
        anzahl = np.where(np.isin(status, MIT_WERT), anzahl, np.nan)
        r = indirekt(anzahl, bev, faelle * kreis[0] / gesamt, ganz)
        mal = 100 * kreis[0] / ganz.sum()
        unten, oben = find_modellband(r.erwartet, r.wert)
        zeilen += je_raum(
            schau.kommunen, schau.ebene_unten, stichtag=bedarf.basis, groesse=groesse, verfahren="indirekt",
            beobachtet=anzahl, erwartet=r.erwartet, erwartet_unten=unten, erwartet_oben=oben,
            verhaeltnis=r.wert, verhaeltnis_unten=r.unten, verhaeltnis_oben=r.oben, roh=100 * anzahl / bev.sum(-1),
            rate=mal * r.wert, rate_unten=mal * r.unten, rate_oben=mal * r.oben, status=status,
        )  # fmt: skip
    return zeilen


def build_direkt(bedarf: Bedarf) -> list[dict]:
    """The Kreis in every year as if it had had the ages of the base year: directly standardised, after Dobson."""
    schau, standard = bedarf.schau, bedarf.grob(bedarf.schau.kreis_bev[0]).ravel()
    zeilen = []
    for tag in bedarf.tage:
        x, n = bedarf.faelle(tag).ravel(), bedarf.kreis_bev(tag).ravel()
        d = direkt(x, n, standard, pro=100)
        zeilen += je_raum(
            schau.kreis, schau.ebenen[0], stichtag=tag, groesse="pflegebeduerftige", verfahren="direkt",
            beobachtet=x.sum(), roh=100 * x.sum() / n.sum(), rate=d.wert, rate_unten=d.unten, rate_oben=d.oben,
            status="offen" if d.grund == "offen" else "gesperrt" if np.isnan(x).any() else "nicht_definiert",
        )  # fmt: skip
    return zeilen


def find_modellband(erwartet: np.ndarray, verhaeltnis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where 95 of 100 Kommunen lie that were estimated like this.

    Chance, and beyond it the spread of the Kommunen whose counts are known (moments; ABWEICHUNG where hardly any are).
    """
    tau2 = ABWEICHUNG**2
    bekannt = np.isfinite(verhaeltnis)
    if bekannt.sum() > 2:
        tau2 = max(0.0, float(np.mean((verhaeltnis[bekannt] - 1) ** 2) - np.mean(1 / erwartet[bekannt])))
    weite = 1.96 * np.sqrt(1 / np.where(erwartet > 0, erwartet, np.nan) + tau2)
    return erwartet * np.clip(1 - weite, 0, None), erwartet * (1 + weite)


# --- back-test -------------------------------------------------------------------------------


def build_probe(bedarf: Bedarf, tage_bev: list[date]) -> list[dict]:
    """What the same procedure would have said earlier, knowing nothing that came later, against what came.

    Population from the newest earlier day that has five years behind it without a break; care from every such day of
    the care statistics.
    """
    schau, zeilen = bedarf.schau, []
    anfaenge = [t for t in tage_bev if t < tage_bev[-1] and (f := _fenster(tage_bev, t)) and f[1] == t]
    for basis in anfaenge[:1]:
        frueher = Vorausschau(schau.tafel, schau.gliederung, schau.ebenen, basis, _fenster(tage_bev, basis))
        for ziel in [t for t in tage_bev if basis < t and t.year - basis.year <= prognose.SCHRITT]:
            zeilen += _probe_bevoelkerung(frueher, ziel)
    for basis in [t for t in bedarf.tage[:-1] if _fenster(tage_bev, t)]:
        frueher = Vorausschau(schau.tafel, schau.gliederung, schau.ebenen, basis, _fenster(tage_bev, basis))
        damals = Bedarf(bedarf.tafel, bedarf.modell, frueher, tuple(t for t in bedarf.tage if t <= basis))
        for ziel in [t for t in bedarf.tage if t > basis]:
            zeilen += _probe_pflege(damals, ziel)
    return [z for z in zeilen if np.isfinite(z["vorhergesagt"]) and np.isfinite(z["eingetreten"])]


def _fenster(tage: list[date], bis: date) -> tuple[date, date] | None:
    return find_fenster(tage, jahre=prognose.SCHRITT, bis=bis)


def _probe_bevoelkerung(frueher: Vorausschau, ziel: date) -> list[dict]:
    kreis, kommunen = frueher.in_jahren(ziel.year - frueher.basis.year)
    zeilen = []
    for groesse, von in (("bev_gesamt", 0), ("bev_65_plus", 65), ("bev_80_plus", 80)):
        bands = [i for i, g in enumerate(frueher.gliederung.grenzen) if g >= von]
        wann = {"groesse": groesse, "basis": frueher.basis, "ziel": ziel}
        orte = ((frueher.kreis, frueher.ebenen[0], kreis[None]), (frueher.kommunen, frueher.ebene_unten, kommunen))
        for raeume, ebene, voraus in orte:
            ist = frueher.lies(raeume, ziel)[0][:, :, bands].sum(axis=(1, 2))
            soll = voraus[:, :, bands].sum(axis=(1, 2))
            zeilen += je_raum(raeume, ebene, **wann, vorhergesagt=soll, eingetreten=ist)
    return zeilen


def _probe_pflege(damals: Bedarf, ziel: date) -> list[dict]:
    schau, zeilen = damals.schau, []
    for variante in [v for v in damals.varianten if v != "verschoben"]:
        kreis, kommunen = damals.in_jahren(variante, ziel.year - damals.basis.year)
        wann = {"groesse": f"pflegebeduerftige_{variante}", "basis": damals.basis, "ziel": ziel}
        for raeume, ebene, voraus in (
            (schau.kreis, schau.ebenen[0], kreis),
            (schau.kommunen, schau.ebene_unten, kommunen),
        ):
            ist = damals.anzahl(raeume, "pflegebeduerftige", tag=ziel)[0]
            zeilen += je_raum(raeume, ebene, **wann, vorhergesagt=voraus, eingetreten=ist)
    return zeilen
