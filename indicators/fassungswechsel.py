"""A definition published under its version number stays what it is: whoever computes otherwise raises the number.

Two editions that say "Fassung 1" must mean the same. Texts may change at any time; what decides the numbers may not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from geodata.fehler import KatalogError

if TYPE_CHECKING:
    from indicators.kennzahl import Kennzahl


def build_rechnung(k: Kennzahl) -> dict:
    """What the numbers of a Kennzahl depend on, for JSON. Whether an interval is drawn does not change them.

    The order of summands does not matter, unless each has a weight of its own.
    """
    if k.gewichte:
        gruppen = sorted(zip(k.zaehler, k.nenner, k.gewichte, strict=True))
        zaehler, nenner, gewichte = (list(teil) for teil in zip(*gruppen, strict=True))
    else:
        zaehler, nenner, gewichte = sorted(k.zaehler), sorted(k.nenner), []
    return {
        "art": k.art,
        "zaehler": zaehler,
        "nenner": nenner,
        "gewichte": gewichte,
        "pro": float(k.pro),
        "jahre": k.jahre,
        "nenner_zeitpunkt": k.nenner_zeitpunkt,
        "vollstaendigkeit": k.vollstaendigkeit.model_dump() if k.vollstaendigkeit else None,
        "ersatz": [
            {"zaehler": sorted(e.zaehler or k.zaehler), "nenner": sorted(k.nenner if e.nenner is None else e.nenner)}
            for e in k.ersatz
        ],
    }


def check_fassungen(kennzahlen: Mapping[str, Kennzahl], gezeigt: Mapping[str, dict]) -> None:
    """Refuse a Kennzahl that computes otherwise than in the snapshot that is shown, under the same version number.

    Args:
        gezeigt: Kennzahl id → entry of the catalogue of that snapshot. Older programs wrote no `rechnung` into it: then
            there is nothing to compare. What is a draft, or not confirmed now or then, may change freely.

    Raises:
        KatalogError: names the first Kennzahl, the keys that differ, and the remedy.
    """
    for k in kennzahlen.values():
        damals = gezeigt.get(k.id, {})
        vorher, heute = damals.get("rechnung"), json.loads(json.dumps(build_rechnung(k)))
        frei = k.entwurf or not k.bestaetigt or not damals.get("bestaetigt", True)
        if not vorher or frei or k.version_nr > damals["version"]:
            continue
        anders = [name for name in heute if heute[name] != vorher.get(name)]
        if anders:
            raise KatalogError(
                f"Kennzahl »{k.id}«: Die Berechnung hat sich geändert, die Fassung ist geblieben "
                f"(Fassung {k.version_nr}; anders: {', '.join(anders)}).",
                wo=f"{k.id}.toml, Schlüssel {anders[0]}: bisher {_kurz(vorher.get(anders[0]))}, "
                f"jetzt {_kurz(heute[anders[0]])}",
                tun=f"Einen neuen [[version]]-Eintrag mit Datum anlegen (nr = {damals['version'] + 1}, ab, aenderung); "
                "der bisherige behält dort seine definition (Handbuch, Kapitel 13). "
                "War die Änderung ein Versehen: zurücknehmen.",
            )


def _kurz(inhalt: object) -> str:
    text = json.dumps(inhalt, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]} …"
