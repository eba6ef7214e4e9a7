"""What goes into the gate, and what it decides: counts, relations and rules of one Gebiet, own areas included.

`publish` builds snapshots from it; who wants to know before publishing (own areas, the certificate) asks the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from etl.quelle import Quelle
from geodata.differenz import Ablehnung, find_zugelassene
from geodata.eigene import Eigene
from geodata.fehler import KatalogError
from geodata.gebiet import Gebiet
from geodata.geometrie import find_zuschnitte, read_geometrien
from indicators import eigene as eigene_raeume
from indicators.altstand import find_alte, read_gezeigt
from indicators.eingang import Eingang
from indicators.freigabe import Freigabe
from indicators.gate import Bescheid, Regeln, build_regeln, protect_zaehlung
from indicators.gedaechtnis import Gedaechtnis
from indicators.kennzahl import Fassung, Kennzahl
from indicators.pflegemodell import Pflegemodell, find_modell
from indicators.regeln import ZAEHLBAR
from indicators.rundung import check_methode, ohne_intervalle, runde_zaehlung
from indicators.zaehlung import build_zaehlung

Melder = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Eingabe:
    """What goes into the gate, own areas included, and what the steps behind it need of the catalogue."""

    merkmale: dict
    kennzahlen: dict[str, Kennzahl]  # the whole catalogue
    fassungen: list[tuple[Kennzahl, Fassung]]
    freigaben: list[Freigabe]
    regeln: Regeln
    zaehlung: pd.DataFrame
    eltern: pd.DataFrame
    raeume: pd.DataFrame  # of the Gebiet
    eigene_raeume: pd.DataFrame
    zugelassen: list[Eigene]
    abgelehnt: list[Ablehnung]
    geometrien: dict
    pflege: Pflegemodell | None  # what care projections need and is delivered

    @property
    def summierbar(self) -> set[str]:
        return {name for name, m in self.merkmale.items() if m.art in ZAEHLBAR}


def build_eingabe(gebiet, quellen, kennzahlen, freigaben, eingang: Eingang, vorhaben) -> Eingabe:
    """Counts, relations and rules of one Gebiet as the gate wants them; own areas that may not be are already out."""
    merkmale = {name: m for q in quellen.values() if gebiet.id in q.gebiet for name, m in q.merkmale.items()}
    geometrien = read_geometrien(gebiet)
    raeume = _build_raeume(gebiet, geometrien)
    lage = raeume[["raum_id", "gebietsstand", "rest", "zuschnitt"]]
    eltern = gebiet.read_eltern().merge(lage, on=["raum_id", "gebietsstand"])
    summierbar = {name for name, m in merkmale.items() if m.art in ZAEHLBAR}
    ebenen = [e.id for e in gebiet.ebenen]
    zaehlung = build_zaehlung(eingang.fallzahl, raeume, ebenen, summierbar=summierbar, eltern=eltern)
    fassungen = ohne_intervalle(_fassungen(kennzahlen, set(eingang.fallzahl["merkmal"])), freigaben)
    _check_vollstaendig(gebiet, quellen, fassungen, eingang)
    pflege = find_modell(set(eingang.fallzahl["merkmal"]))
    regeln = build_regeln(merkmale, fassungen, pflege.merkmale if pflege else frozenset())
    check_methode(freigaben, regeln)
    heute = eltern[eltern["gebietsstand"] == gebiet.gebietsstaende[-1].id]
    ist_klein = eigene_raeume.build_ist_klein(zaehlung, vorhaben.bestand, freigaben)
    zugelassen, abgelehnt = find_zugelassene(vorhaben, heute, ist_klein)
    frueher = vorhaben.frueher(zugelassen)
    gerundet = runde_zaehlung(zaehlung, freigaben, regeln)
    mehr = eigene_raeume.ergaenze(
        zaehlung, eltern, raeume, zugelassen, frueher, summierbar=summierbar, gerundet=gerundet
    )
    return Eingabe(
        merkmale=merkmale,
        kennzahlen=kennzahlen,
        fassungen=fassungen,
        freigaben=eigene_raeume.mit_ohne(freigaben, [*zugelassen, *frueher]),
        regeln=regeln,
        zaehlung=mehr.zaehlung,
        eltern=mehr.eltern,
        raeume=raeume,
        eigene_raeume=mehr.raeume,
        zugelassen=zugelassen,
        abgelehnt=abgelehnt,
        geometrien=geometrien,
        pflege=pflege,
    )


def entscheide(
    eingabe: Eingabe,
    melde: Melder = lambda *_: None,
    ordner: Path | None = None,
    gedaechtnis: Gedaechtnis | None = None,
) -> dict[str, Bescheid]:
    """What every profile may see; also asked by whoever wants to know before publishing.

    Args:
        ordner: `daten/<gebiet>`: with it, everything published before is reckoned with.
        gedaechtnis: of that folder; what is new is noted there and not written.
    """
    gedaechtnis = gedaechtnis or (Gedaechtnis(ordner) if ordner else None)
    gezeigt = []
    for name in find_alte(ordner, gedaechtnis) if ordner else []:
        gezeigt.append(read_gezeigt(ordner / "bestand" / name, eingabe.fassungen, eingabe.zaehlung))
        gedaechtnis.trage_nach(name)
    return protect_zaehlung(
        eingabe.zaehlung,
        eingabe.eltern,
        eingabe.regeln,
        eingabe.freigaben,
        gedaechtnis=gedaechtnis,
        gezeigt=gezeigt,
        melde=melde,
    )


def find_nutzlose(eingabe: Eingabe, bescheid: Bescheid, freigabe: Freigabe) -> list[Ablehnung]:
    """Own areas of which one profile would show nearly nothing."""
    themen = {m: k.thema_titel for k, f in reversed(eingabe.fassungen) for m in f.zaehler}
    return eigene_raeume.find_nutzlose(
        eingabe.zaehlung,
        bescheid.gesperrt,
        eingabe.zugelassen,
        recht=eingabe.regeln.recht,
        gezeigt=eingabe.regeln.gezeigt,
        themen=themen,
        titel=freigabe.titel,
    )


def _check_vollstaendig(gebiet: Gebiet, quellen: dict[str, Quelle], fassungen: list, eingang: Eingang) -> None:
    """Nothing to show, or a source without a name under its figures: both are left from a draft."""
    if not fassungen:
        raise KatalogError(
            "Keine Kennzahl passt zu den geladenen Merkmalen.",
            wo=f"{gebiet.id}: {', '.join(sorted(set(eingang.fallzahl['merkmal']))[:8])}",
            tun="Die Merkmale im Profil so nennen wie im Katalog (Handbuch, Kapitel 15) oder eine Kennzahl anlegen.",
        )
    for quelle in (quellen[q] for q in dict.fromkeys(eingang.lieferung["quelle"])):
        if offen := [f for f in ("titel", "herausgeber", "lizenz") if getattr(quelle, f).strip() == "bitte eintragen"]:
            raise KatalogError(
                f"Quelle »{quelle.id}«: {' und '.join(offen)} steht noch auf »bitte eintragen«.",
                wo=f"{quelle.id}.toml",
                tun="Eintragen, wer die Zahlen liefert und unter welcher Bedingung sie gezeigt werden dürfen.",
            )


def _fassungen(kennzahlen: dict[str, Kennzahl], merkmale: set[str]) -> list[tuple[Kennzahl, Fassung]]:
    """The Kennzahlen this Gebiet has the Merkmale for, drafts left out."""
    paare = [(k, k.fassung(merkmale)) for k in kennzahlen.values() if not k.entwurf]
    return [(k, f) for k, f in paare if f is not None]


def _build_raeume(gebiet: Gebiet, geometrien: dict) -> pd.DataFrame:
    """All Räume with `mit_geometrie`, `nr` (place in the geometry file, Räume without an area behind), `zuschnitt`."""
    raeume = gebiet.read_raeume()
    flaechig = {(stand, raum_id) for stand, tabelle in geometrien.items() for raum_id in tabelle["raum_id"]}
    orte = zip(raeume["gebietsstand"], raeume["raum_id"], strict=True)
    raeume = raeume.assign(mit_geometrie=[ort in flaechig for ort in orte])
    raeume = raeume.sort_values(["mit_geometrie", "rest"], ascending=[False, True], kind="stable")
    raeume["nr"] = raeume.groupby(["gebietsstand", "ebene"]).cumcount()
    zuschnitte = find_zuschnitte(gebiet, geometrien)
    raeume = raeume.merge(zuschnitte, on=["raum_id", "gebietsstand"], how="left")
    raeume["zuschnitt"] = raeume["zuschnitt"].fillna(gebiet.gebietsstaende[0].id)
    return raeume
