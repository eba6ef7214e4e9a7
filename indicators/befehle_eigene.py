"""Commands about own areas."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geodata.fehler import GeheimhaltungError
from geodata.kommandozeile import (
    DATEN,
    PROGRAMM,
    Befehl,
    Daten,
    GebietId,
    fortschritt,
    gruppe,
    nach_veroeffentlichen,
    zahl,
)
from indicators.kataloge import Katalog

eigene_cli = gruppe("Eigene Räume: Räume einer Ebene zu eigenen Gebieten zusammenfassen.", no_args_is_help=True)
EigeneDatei = Annotated[
    Path, typer.Argument(metavar="DATEI", help="TOML-Datei mit eigenen Räumen; ihr Name ist die Kennung.")
]


@eigene_cli.command("pruefen", cls=Befehl)
def eigene_pruefen(
    datei: EigeneDatei,
    gebiet: GebietId,
    schnell: Annotated[
        bool, typer.Option("--schnell", help="Ohne die Geheimhaltung zu rechnen; sie entscheidet beim Veröffentlichen.")
    ] = False,
    daten: Daten = DATEN,
) -> None:
    """Prüfen, ob sich eigene Räume bilden und veröffentlichen lassen; schreibt nichts."""
    from geodata.eigene import read_bestand, read_datei

    katalog = Katalog(daten)
    g = katalog.gebiet(gebiet)
    bestand = read_bestand(g)
    eigene = read_datei(datei, bestand)
    ziel = katalog.intern(gebiet).parent
    befunde = _pruefe_eigene(katalog, g, ziel, eigene, tor=not schnell)
    bausteine = g.ebene(eigene.bausteine).titel_plural
    anzahl = zahl(len(eigene.raeume), "Raum", "Räume")
    print(f"Eigene Räume »{eigene.id}« ({eigene.titel}): {anzahl} aus der Ebene {bausteine}.")
    for befund in befunde:
        urteil = f"abgelehnt. {befund.abgelehnt}" if befund.abgelehnt else "kann veröffentlicht werden."
        print(f"  {befund.name} ({zahl(befund.teile, 'Teil', 'Teile')}): {urteil}")
        for hinweis in befund.hinweise:
            print(f"    Hinweis: {hinweis}")
    if abgelehnt := [b.name for b in befunde if b.abgelehnt]:
        anzahl = zahl(len(abgelehnt), "Raum lässt", "Räume lassen")
        raise GeheimhaltungError(
            f"{anzahl} sich nicht veröffentlichen: {', '.join(abgelehnt)}.",
            wo=str(datei),
            tun="Räume dazunehmen oder anders zusammenfassen. Die übrigen Räume der Datei können erscheinen.",
        )


def _pruefe_eigene(katalog: Katalog, gebiet, ordner: Path, eigene, *, tor: bool) -> list:
    from indicators.eigene_pruefung import pruefe

    with fortschritt("Eigene Räume") as melde:
        return pruefe(
            gebiet, katalog.quellen(), katalog.kennzahlen(), katalog.freigaben(), ordner, eigene, melde=melde, tor=tor
        )


@eigene_cli.command("liste", cls=Befehl)
def eigene_liste(gebiet: GebietId, daten: Daten = DATEN) -> None:
    """Alle eigenen Räume und was aus ihnen geworden ist: gezeigt, wartet oder abgelehnt."""
    zustaende = open_werkstatt(daten).liste(gebiet)
    if not zustaende:
        print(f"Keine eigenen Räume. »{PROGRAMM} eigene anlegen DATEI --gebiet {gebiet}« legt welche an.")
    for z in zustaende:
        teile = zahl(len(z.teile), "Teil", "Teile") if z.teile else ""
        print(f"{z.datei:<24} {z.zustand:<10} {z.name or '(ganze Datei)':<32} {teile}")
        if z.grund:
            print("    " + z.grund.replace("\n", "\n    "))


@eigene_cli.command("anlegen", cls=Befehl)
def eigene_anlegen(
    datei: EigeneDatei,
    gebiet: GebietId,
    ersetzen: Annotated[bool, typer.Option("--ersetzen", help="Vorhandene mit derselben Kennung ersetzen.")] = False,
    daten: Daten = DATEN,
) -> None:
    """Eigene Räume übernehmen; das nächste Veröffentlichen nimmt sie mit."""
    from geodata.eigene import read_bestand, read_datei

    eigene = read_datei(datei, read_bestand(Katalog(daten).gebiet(gebiet)))
    pfad = open_werkstatt(daten).lege_an(gebiet, eigene, ersetzen=ersetzen)
    anzahl = zahl(len(eigene.raeume), "eigener Raum", "eigene Räume")
    print(f"Übernommen: {anzahl} in {pfad}. {nach_veroeffentlichen(gebiet)}")


@eigene_cli.command("entfernen", cls=Befehl)
def eigene_entfernen(
    kennung: Annotated[str, typer.Argument(metavar="ID", help="Kennung aus »eigene liste«.")],
    gebiet: GebietId,
    daten: Daten = DATEN,
) -> None:
    """Eigene Räume zurücknehmen. Was von ihnen veröffentlicht war, bleibt bei der Geheimhaltung in Rechnung."""
    open_werkstatt(daten).entferne(gebiet, kennung)
    print(f"Eigene Räume »{kennung}« sind entfernt. {nach_veroeffentlichen(gebiet)}")


def open_werkstatt(daten: Path):
    """Where own areas are kept, of all Gebiete."""
    from indicators.eigene_werkstatt import Werkstatt

    katalog = Katalog(daten)
    return Werkstatt(daten, katalog.gebiet, katalog.freigaben)
