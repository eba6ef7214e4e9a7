"""Release profiles: who sees what, with which thresholds. One TOML file each in `freigaben/`, file name = id."""

from __future__ import annotations

import hashlib
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from geodata.fehler import KatalogError

ORDNER = Path(__file__).parent / "freigaben"


class Freigabe(BaseModel):
    """Thresholds are data of the Kreis's Datenschutz and its contracts, not code.

    `rang` orders the profiles from the most permissive (1) upwards; a later one hides at least what an
    earlier one hides. `schwelle` is the minimum count per law (`recht` of a Merkmal), with `standard`.
    `ohne` leaves Merkmale out by level: what would be hidden nearly everywhere, or would force others to be hidden.
    `methode` names the Merkmale that are shown rounded to tens instead of hidden; all profiles have the same.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    titel: str
    beschreibung: str
    rang: int = Field(ge=1)
    wasserzeichen: str = ""
    nur_lokal: bool = False
    einwohner_mindest: int = Field(0, ge=0)
    nenner_mindest: int = Field(0, ge=0)
    schwelle: dict[str, int]
    ohne: dict[str, tuple[str, ...]] = {}
    methode: dict[str, Literal["runden10"]] = {}

    def schwelle_fuer(self, recht: str) -> int:
        """Smallest count that may be shown under this law [persons]."""
        return self.schwelle.get(recht, self.schwelle["standard"])

    @property
    def regeln(self) -> str:
        """Hash of what decides about a single cell; what is left out and what the profile is called do not."""
        teile = (
            sorted(self.schwelle.items()),
            self.einwohner_mindest,
            self.nenner_mindest,
            sorted(self.methode.items()),
        )
        return hashlib.sha256(str(teile).encode()).hexdigest()[:12]


def read_freigaben(*wurzeln: Path) -> list[Freigabe]:
    """All release profiles, most permissive first; later folders overlay earlier ones by id.

    Raises:
        KatalogError: names file and key.
    """
    gefunden: dict[str, Freigabe] = {}
    for wurzel in wurzeln or (ORDNER,):
        for datei in sorted(wurzel.glob("*.toml")):
            gefunden[datei.stem] = _read(datei)
    freigaben = sorted(gefunden.values(), key=lambda f: (f.rang, f.id))
    raenge = [f.rang for f in freigaben]
    if len(set(raenge)) != len(raenge):
        raise KatalogError(
            "Zwei Freigabeprofile haben denselben Rang.",
            wo=", ".join(f"{f.id}.toml: rang = {f.rang}" for f in freigaben),
            tun="Jedem Profil einen eigenen Rang geben; 1 ist das freizügigste.",
        )
    _check_methode(freigaben)
    return freigaben


def _check_methode(freigaben: list[Freigabe]) -> None:
    """A count rounded here and exact there would be known exactly: one method per Merkmal everywhere."""
    for a, b in pairwise(freigaben):
        for merkmal in sorted(set(a.methode) ^ set(b.methode)):
            gerundet, genau = (a, b) if merkmal in a.methode else (b, a)
            raise KatalogError(
                f"Das Merkmal »{merkmal}« ist in einem Profil gerundet und in einem anderen genau.",
                wo=f'{gerundet.id}.toml: methode.{merkmal} = "runden10"; {genau.id}.toml: ohne Eintrag',
                tun="In alle Freigabeprofile denselben Eintrag unter [methode] schreiben, oder in keines.",
            )


def _read(datei: Path) -> Freigabe:
    try:
        freigabe = Freigabe(id=datei.stem, **tomllib.loads(datei.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fehler:
        raise KatalogError(
            "Das Freigabeprofil ist kein lesbares TOML.",
            wo=f"{datei}: {fehler}",
            tun="Datei als UTF-8 speichern und die Stelle berichtigen.",
        ) from None
    except ValidationError as fehler:
        erster = fehler.errors()[0]
        raise KatalogError(
            f"Freigabeprofil »{datei.stem}«: {erster['msg']}.",
            wo=f"{datei}, {'.'.join(map(str, erster['loc']))}",
            tun="Die mitgelieferten Profile in indicators/freigaben/ zeigen alle erlaubten Schlüssel.",
        ) from None
    if freigabe.schwelle.get("standard", 0) < 2:
        raise KatalogError(
            f"Freigabeprofil »{datei.stem}«: Die Schwelle »standard« fehlt oder ist kleiner als 2.",
            wo=f"{datei}, schwelle.standard",
            tun="Mindestens 3 eintragen; die Geheimhaltung lässt sich nicht abschalten.",
        )
    return freigabe
