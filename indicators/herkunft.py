"""Provenance as a snapshot may hold it: per Kennzahl, Stichtag and source the file, sheet and columns, never a value.

One row per file and role, not per cell: what is true of every Raum at a Stichtag is said once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

import pandas as pd

from etl.quelle import Korrektur, Merkmal, Quelle
from indicators.kennzahl import Fassung, Kennzahl

SPALTEN = [
    "kennzahl_id", "stichtag", "rolle", "quelle", "titel", "datei", "blatt", "spalten", "vom", "geladen_am", "profil",
    "korrekturen", "angenommen",
]  # fmt: skip
EINZELN = ("wert", "sperren")  # corrections of one cell


def build_herkunft(
    fassungen: list[tuple[Kennzahl, Fassung]],
    stichtage: dict[str, list[date]],
    woher: pd.DataFrame,
    merkmale: dict[str, Merkmal],
    quellen: dict[str, Quelle],
    *,
    intern: bool,
) -> pd.DataFrame:
    """What every Kennzahl was made of.

    Args:
        stichtage: of each Kennzahl.
        woher: `quelle`, `merkmal`, `stichtag`, `datei`, `blatt`, `spalte`, `geladen_am`, `profil`, `korrekturen` (set
            of reasons), `angenommen` (number of accepted findings), one row per column of a delivery and Stichtag.
        intern: for the house itself; outside, the reason of a corrected single cell never names its numbers.

    Returns:
        Columns `SPALTEN`, sorted by Kennzahl and Stichtag.
    """
    je_merkmal: dict[str, dict[date, list[dict]]] = {}
    for zeile in woher.to_dict("records"):
        je_merkmal.setdefault(zeile["merkmal"], {}).setdefault(zeile["stichtag"], []).append(zeile)
    zeilen, je_tag = [], {}  # many Kennzahlen have the same Nenner
    for kennzahl, fassung in fassungen:
        for rolle, namen in (("Zähler", fassung.zaehler), ("Nenner", fassung.nenner)):
            geliefert = tuple(m for m in _gelieferte(namen, merkmale) if m in je_merkmal)
            if not geliefert or kennzahl.id not in stichtage:
                continue
            tage = set().union(*(je_merkmal[m] for m in geliefert))
            aelter = rolle == "Nenner" and kennzahl.nenner_zeitpunkt != "gleich"
            for tag, vom in _paare(stichtage[kennzahl.id], tage, aelter=aelter):
                if (geliefert, vom) not in je_tag:
                    teile = [zeile for m in geliefert for zeile in je_merkmal[m].get(vom, ())]
                    je_tag[geliefert, vom] = _je_datei(teile, quellen, intern=intern)
                for datei in je_tag[geliefert, vom]:
                    zeilen.append({"kennzahl_id": kennzahl.id, "stichtag": tag, "rolle": rolle, "vom": vom, **datei})
    return pd.DataFrame(zeilen, columns=SPALTEN).sort_values(["kennzahl_id", "stichtag"], kind="stable")


def _gelieferte(namen: Iterable[str], merkmale: dict[str, Merkmal]) -> list[str]:
    """Delivered Merkmale behind these: a computed one stands for its parts."""
    gefunden: dict[str, None] = {}
    for name in namen:
        merkmal = merkmale.get(name)
        teile = _gelieferte(merkmal.teile, merkmale) if merkmal and merkmal.berechnet else [name]
        gefunden |= dict.fromkeys(teile)
    return list(gefunden)


def _paare(tage: list[date], geliefert: set[date], *, aelter: bool) -> list[tuple[date, date]]:
    """Stichtag of the Kennzahl and of the counts it uses."""
    if not aelter:
        return [(tag, tag) for tag in tage if tag in geliefert]
    da = sorted(geliefert)
    return [(tag, max(d for d in da if d <= tag)) for tag in tage if da and da[0] <= tag]


def _je_datei(zeilen: list[dict], quellen: dict[str, Quelle], *, intern: bool) -> list[dict]:
    je_datei: dict[tuple, list[dict]] = {}
    for zeile in zeilen:
        je_datei.setdefault((zeile["quelle"], zeile["datei"], zeile["blatt"]), []).append(zeile)
    gruppen = []
    for (quelle, datei, blatt), teil in sorted(je_datei.items()):
        profil = quellen.get(quelle)
        gruende = dict.fromkeys(grund for zeile in teil for grund in sorted(zeile["korrekturen"]))
        if not intern and profil:
            gruende = dict.fromkeys(_ohne_zahlen(grund, profil.korrektur) for grund in gruende)
        spalten = [s for s in dict.fromkeys(z["spalte"] for z in teil) if s not in ("", "berechnet")]
        gruppen.append(
            {
                "quelle": quelle,
                "titel": profil.titel if profil else quelle,
                "datei": datei,
                "blatt": blatt,
                "spalten": ", ".join(f"»{s}«" for s in spalten[:6]) + (" …" if len(spalten) > 6 else ""),
                "geladen_am": max(z["geladen_am"] for z in teil),
                "profil": teil[0]["profil"][:8],
                "korrekturen": "; ".join(gruende),
                "angenommen": int(max(z["angenommen"] for z in teil)),
            }
        )
    return gruppen


def _ohne_zahlen(grund: str, korrekturen: Iterable[Korrektur]) -> str:
    """The reason, unless it names the number that was corrected: it may be one that is kept secret."""
    for k in korrekturen:
        if k.tat in EINZELN and k.grund == grund:
            genannt = {z.replace(".", "").replace(",", ".") for z in re.findall(r"\d[\d.,]*\d|\d", grund)}
            eigene = {f"{float(w):g}" for w in (k.von, k.auf) if isinstance(w, int | float)}
            if {f"{float(z):g}" for z in genannt if z.count(".") < 2} & eigene:
                return "Ein einzelner Wert wurde berichtigt."
    return grund
