"""Findings of `topologie` as an error with a remedy, or as a hint where only noise was mended."""

import numpy as np
import pandas as pd
import shapely

from geodata.gebiet import Gebiet, Gebietsstand
from geodata.grenzdatei import format_liste, grenzfehler
from geodata.topologie import TOLERANZ_M, ZWEIFEL_M2

UNSAUBER = (
    "Die Grenzen in voller Genauigkeit anfordern oder in QGIS mit der Topologieprüfung bereinigen; nicht Fläche für "
    "Fläche vereinfachen."
)


def check_gueltig(gebiet: Gebiet, stand: Gebietsstand, funde: pd.DataFrame) -> list[str]:
    schlimm = funde[funde["zweifel_m2"] > ZWEIFEL_M2].sort_values("zweifel_m2", ascending=False, kind="stable")
    if not schlimm.empty:
        orte = [
            f"{f.raum_id}: {f.grund} bei {_ort(f)}, {_zahl(f.zweifel_m2)} m² ungewiss" for f in schlimm.itertuples()
        ]
        raise grenzfehler(
            gebiet,
            stand,
            f"{len(schlimm)} Flächen sind in sich widersprüchlich.",
            wo=format_liste(orte, trenner="; "),
            tun="In QGIS »Geometrien reparieren« ausführen, das Ergebnis an diesen Stellen ansehen und neu ablegen.",
        )
    if funde.empty:
        return []
    return [
        _hinweis(
            gebiet, stand, f"{len(funde)} Flächen ohne sichtbare Änderung repariert: {format_liste(funde.raum_id)}"
        )
    ]


def check_ueberlappungen(gebiet: Gebiet, stand: Gebietsstand, funde: pd.DataFrame) -> list[str]:
    schlimm = funde[funde["breite_m"] > TOLERANZ_M]
    if not schlimm.empty:
        orte = [
            f"{f.raum_a} und {f.raum_b} {_zahl(f.flaeche_m2)} m² (bis {_zahl(f.breite_m)} m breit) bei {_ort(f)}"
            for f in schlimm.itertuples()
        ]
        raise grenzfehler(
            gebiet,
            stand,
            f"{len(schlimm)} Paare von Räumen überlappen sich, zusammen {_zahl(schlimm['flaeche_m2'].sum())} m².",
            wo=format_liste(orte, trenner="; "),
            tun=UNSAUBER,
        )
    if funde.empty:
        return []
    text = f"{len(funde)} Überlappungen unter {_zahl(TOLERANZ_M)} m Breite geschlossen"
    return [_hinweis(gebiet, stand, f"{text} (zusammen {_zahl(funde['flaeche_m2'].sum())} m²)")]


def check_luecken(gebiet: Gebiet, stand: Gebietsstand, funde: pd.DataFrame) -> list[str]:
    enklaven = shapely.points(np.array(stand.enklaven, dtype=float).reshape(-1, 2))
    gemeint = [bool(shapely.intersects(enklaven, loch).any()) for loch in funde["geometry"]]
    schlimm = funde[(funde["breite_m"] > TOLERANZ_M) & ~np.array(gemeint, dtype=bool)]
    if not schlimm.empty:
        orte = [
            f"bei {_ort(f)} {_zahl(f.flaeche_m2)} m² (bis {_zahl(f.breite_m)} m breit) zwischen {f.nachbarn}"
            for f in schlimm.itertuples()
        ]
        erste = schlimm.iloc[0]
        raise grenzfehler(
            gebiet,
            stand,
            f"{len(schlimm)} Lücken im Gebiet, zusammen {_zahl(schlimm['flaeche_m2'].sum())} m².",
            wo=format_liste(orte, trenner="; "),
            tun=(
                f"{UNSAUBER} Ist ein Loch gemeint (See, kreisfreie Stadt im Landkreis), in gebiet.toml unter "
                f"[[gebietsstand]] eintragen: enklaven = [[{erste.x:.0f}, {erste.y:.0f}]]."
            ),
        )
    schmal = funde[funde["breite_m"] <= TOLERANZ_M]
    if schmal.empty:
        return []
    text = f"{len(schmal)} Lücken unter {_zahl(TOLERANZ_M)} m Breite geschlossen"
    return [_hinweis(gebiet, stand, f"{text} (zusammen {_zahl(schmal['flaeche_m2'].sum())} m²)")]


def _hinweis(gebiet: Gebiet, stand: Gebietsstand, text: str) -> str:
    return f"Gebiet »{gebiet.id}«, {stand.geometrie}: {text}."


def _ort(fund) -> str:
    return f"({fund.x:.0f}, {fund.y:.0f})"


def _zahl(wert: float) -> str:
    """German: 91629528.3 → "91.629.528", 0.42 → "0,42"."""
    text = f"{wert:,.0f}" if wert >= 10 else f"{wert:,.2f}".rstrip("0").rstrip(".")
    return text.translate(str.maketrans(",.", ".,"))
