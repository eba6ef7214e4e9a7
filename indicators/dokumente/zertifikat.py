"""The certificate of the snapshots that are shown, in plain German; reads what the manifest holds and no more."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from indicators.dokumente.vorlage import build_tabelle
from indicators.freigabe import Freigabe
from indicators.primaer import GRUND_TEXT

# keys of the certificate every program version writes, and what they mean
BEKANNT = {
    "zellen": "Fallzahlen",
    "relationen": "Beziehungen",
    "primaer": "Zu schützen",
    "gesperrt": "Gesperrt",
    "schmalstes": "Engste Spanne",
}


def build_zertifikate(gebiete: list[tuple[str, Path | None]], freigaben: list[Freigabe]) -> str:
    """One section per Gebiet: which snapshot, checksum, and a table with a row per release profile.

    Args:
        gebiete: name, and folder of the snapshot that is shown (None: nothing is).
    """
    return "\n\n".join(_abschnitt(name, ordner, freigaben) for name, ordner in gebiete)


def _abschnitt(name: str, ordner: Path | None, freigaben: list[Freigabe]) -> str:
    if ordner is None or not (ordner / "manifest.json").is_file():
        return f"### {name}\n\nFür dieses Gebiet ist nichts veröffentlicht."
    roh = (ordner / "manifest.json").read_bytes()
    manifest = json.loads(roh)
    titel = {f.id: f.titel for f in freigaben}
    roh_je_profil = manifest.get("zertifikate") or {}
    je_profil = {titel.get(p, p): z for p, z in roh_je_profil.items() if isinstance(z, dict)}
    kopf = ["Freigabeprofil", *BEKANNT.values()]
    teile = [
        f"### {name}",
        f"Stand `{manifest['snapshot']}`, veröffentlicht mit Programm {manifest.get('version', 'unbekannt')}. "
        f"Prüfwert (SHA-256 von `manifest.json`): `{hashlib.sha256(roh).hexdigest()}`.",
        build_tabelle(kopf, [[profil, *_zeile(z)] for profil, z in je_profil.items()]),
        *(_satz(profil, z) for profil, z in je_profil.items()),
        _tafel("Gesperrt je Ebene", je_profil, "ebenen", _anteil),
        _tafel("Warum gesperrt", je_profil, "gruende", _zahl, GRUND_TEXT),
    ]
    return "\n\n".join(t for t in teile if t)


def _tafel(titel: str, je_profil: dict, schluessel: str, schreibe: Callable, namen: dict | None = None) -> str:
    """A row per level or reason, a column per profile; nothing where the program that published did not note it."""
    angaben = {p: z[schluessel] for p, z in je_profil.items() if isinstance(z.get(schluessel), dict)}
    zeilen = dict.fromkeys(k for werte in angaben.values() for k in werte)
    if not zeilen:
        return ""
    namen = {str(k): t for k, t in (namen or {}).items()}
    inhalt = [
        [namen.get(str(k), str(k).replace("_", " ").capitalize()), *(schreibe(w.get(k)) for w in angaben.values())]
        for k in zeilen
    ]
    return build_tabelle([titel, *angaben], inhalt)


def _anteil(paar: object) -> str:
    """Cells and how many of them are hidden."""
    if not (isinstance(paar, list | tuple) and len(paar) == 2 and paar[0]):
        return "–"
    anteil = f"{100 * paar[1] / paar[0]:.1f}".replace(".", ",")
    return f"{_zahl(paar[1])} von {_zahl(paar[0])} ({anteil} %)"


def _zeile(zertifikat: dict) -> list[str]:
    zellen, gesperrt = zertifikat.get("zellen"), zertifikat.get("gesperrt")
    werte = [_zahl(zertifikat.get(k)) for k in BEKANNT]
    if zellen and isinstance(gesperrt, int | float):
        werte[3] += f" ({100 * gesperrt / zellen:.1f} %)".replace(".", ",")
    if zertifikat.get("schmalstes") is None:
        werte[4] = "nichts zu schützen" if not zertifikat.get("primaer") else "–"
    return werte


def _zahl(wert: object) -> str:
    if not isinstance(wert, int | float) or isinstance(wert, bool):
        return "–"
    return f"{wert:,.0f}".replace(",", ".") if float(wert).is_integer() else f"{wert:.1f}".replace(".", ",")


def _satz(titel: str, zertifikat: dict) -> str:
    """What was proven, as a sentence a committee understands, and what could not be mended."""
    geschuetzt, gesperrt = zertifikat.get("primaer"), zertifikat.get("gesperrt")
    if not geschuetzt or not isinstance(gesperrt, int | float):
        satz = f"**{titel}:** Es gab keine Fallzahl, die geschützt werden musste." if geschuetzt == 0 else ""
    else:
        spanne, waren = zertifikat.get("schmalstes"), "Fallzahl war" if geschuetzt == 1 else "Fallzahlen waren"
        satz = (
            f"**{titel}:** {_zahl(geschuetzt)} {waren} zu schützen; damit sich keine ausrechnen lässt, sind "
            f"insgesamt {_zahl(gesperrt)} gesperrt."
        )
        if isinstance(spanne, int | float):
            satz += (
                f" Für jede geschützte Zahl bleibt selbst dem, der alles nachrechnet, eine Spanne von {_zahl(spanne)}"
            )
            satz += " oder mehr."
    if verloren := zertifikat.get("verloren"):
        satz += (
            f" Bei {_zahl(verloren)} davon haben frühere Veröffentlichungen schon mehr gezeigt, als die heutigen "
            "Schwellen erlauben; das lässt sich nicht zurückholen."
        )
    if frueher := zertifikat.get("frueher_bekannt"):
        satz += f" Mitgerechnet sind {_zahl(frueher)} Zahlen, die ein Leser aus früheren Ständen kennt."
    return satz
