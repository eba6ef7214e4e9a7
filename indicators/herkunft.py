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
    je_merkmal = dict(iter(woher.groupby("merkmal", sort=False)))
    zeilen, je_tag = [], {}  # many Kennzahlen have the same Nenner
    for kennzahl, fassung in fassungen:
        for rolle, namen in (("Zähler", fassung.zaehler), ("Nenner", fassung.nenner)):
            geliefert = tuple(m for m in _gelieferte(namen, merkmale) if m in je_merkmal)
            teile = [je_merkmal[m] for m in geliefert]
            if not teile or kennzahl.id not in stichtage:
                continue
            alle = pd.concat(teile)
            aelter = rolle == "Nenner" and kennzahl.nenner_zeitpunkt != "gleich"
            for tag, vom in _paare(stichtage[kennzahl.id], alle["stichtag"], aelter=aelter):
                if (geliefert, vom) not in je_tag:
                    je_tag[geliefert, vom] = _je_datei(alle[alle["stichtag"] == vom], quellen, intern=intern)
                for datei in je_tag[geliefert, vom]:
                    zeilen.append({"kennzahl_id": kennzahl.id, "stichtag": tag, "rolle": rolle, "vom": vom, **datei})
    return pd.DataFrame(zeilen, columns=SPALTEN).sort_values(["kennzahl_id", "stichtag"], kind="stable")


def _gelieferte(namen: Iterable[str], merkmale: dict[str, Merkmal]) -> list[str]:
    """Delivered Merkmale behind these: a computed one stands for its parts."""
    gefunden: dict[str, None] = {}
    for name in namen:
        merkmal = merkmale.get(name)
        teile = _gelieferte(merkmal.summe_aus, merkmale) if merkmal and merkmal.berechnet else [name]
        gefunden |= dict.fromkeys(teile)
    return list(gefunden)


def _paare(tage: list[date], geliefert: pd.Series, *, aelter: bool) -> list[tuple[date, date]]:
    """Stichtag of the Kennzahl and of the counts it uses."""
    da = sorted(set(geliefert))
    if not aelter:
        return [(tag, tag) for tag in tage if tag in set(da)]
    return [(tag, max(d for d in da if d <= tag)) for tag in tage if da and da[0] <= tag]


def _je_datei(zeilen: pd.DataFrame, quellen: dict[str, Quelle], *, intern: bool) -> list[dict]:
    gruppen = []
    for (quelle, datei, blatt), teil in zeilen.groupby(["quelle", "datei", "blatt"], sort=True):
        profil = quellen.get(quelle)
        gruende = dict.fromkeys(grund for gruende in teil["korrekturen"] for grund in sorted(gruende))
        if not intern and profil:
            gruende = dict.fromkeys(_ohne_zahlen(grund, profil.korrektur) for grund in gruende)
        spalten = [s for s in dict.fromkeys(teil["spalte"]) if s not in ("", "berechnet")]
        gruppen.append(
            {
                "quelle": quelle,
                "titel": profil.titel if profil else quelle,
                "datei": datei,
                "blatt": blatt,
                "spalten": ", ".join(f"»{s}«" for s in spalten[:6]) + (" …" if len(spalten) > 6 else ""),
                "geladen_am": teil["geladen_am"].max(),
                "profil": teil["profil"].iloc[0][:8],
                "korrekturen": "; ".join(gruende),
                "angenommen": int(teil["angenommen"].max()),
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
