"""Commands about published states: make, test, show another one, withdraw, tidy up."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from geodata.fehler import GeheimhaltungError, MonitoringError
from geodata.kommandozeile import DATEN, AlsJson, Daten, GebietId, fortschritt, megabyte, programmversion, sage, zahl
from geodata.protokoll import protokolliere
from indicators.kataloge import Katalog


def veroeffentlichen(gebiet: GebietId, daten: Daten = DATEN, als_json: AlsJson = False) -> None:
    """Einen geschützten Stand für alle Freigabeprofile bauen und zeigen."""
    from indicators.publish import publish

    katalog = Katalog(daten)
    g = katalog.gebiet(gebiet)
    with fortschritt(f"Veröffentlichen {g.name}") as melde:
        ergebnis = publish(
            g,
            katalog.quellen(),
            katalog.kennzahlen(),
            katalog.freigaben(),
            daten / gebiet,
            version=programmversion(),
            indizes=katalog.indizes(),
            zusammenstellungen=katalog.zusammenstellungen(),
            melde=melde,
        )
    if ergebnis.neu:
        protokolliere(daten, "veroeffentlicht", gebiet, stand=ergebnis.snapshot)
    sage(
        _text_veroeffentlicht(g.name, ergebnis),
        als_json,
        snapshot=ergebnis.snapshot,
        neu=ergebnis.neu,
        zertifikate=ergebnis.zertifikate,
        eigene_abgelehnt=[{"datei": a.datei, "name": a.name, "grund": a.grund} for a in ergebnis.abgelehnt],
    )


def _text_veroeffentlicht(name: str, ergebnis) -> str:
    if not ergebnis.neu:
        return f"{name}: unverändert, Stand {ergebnis.snapshot} gilt weiter."
    anteile = [
        f"{profil}: {zahl(z['gesperrt'], 'von', 'von')} {zahl(z['zellen'], 'Fallzahl', 'Fallzahlen')} gesperrt"
        for profil, z in ergebnis.zertifikate.items()
    ]
    abgelehnt = [f"\n  Eigener Raum »{a.name}« nicht veröffentlicht: {a.grund}" for a in ergebnis.abgelehnt]
    return f"{name}: Stand {ergebnis.snapshot} veröffentlicht ({'; '.join(anteile)}).{''.join(abgelehnt)}"


def pruefe_geheimhaltung(katalog: Katalog, gebiet_id: str | None, daten: Path, als_json: bool) -> None:
    """The certificate of what is shown; an error if an attacker would find something."""
    from indicators.zertifikat import als_text, build_zertifikat

    if gebiet_id is None:
        raise MonitoringError("Zur Prüfung der Geheimhaltung fehlt das Gebiet.", tun="»--gebiet ID« ergänzen.")
    g = katalog.gebiet(gebiet_id)
    angaben = katalog.quellen(), katalog.kennzahlen(), katalog.freigaben()
    with fortschritt(f"Prüfen {g.name}") as melde:
        zertifikat = build_zertifikat(g, *angaben, daten / gebiet_id, melde=melde)
    sage(als_text(zertifikat), als_json, **zertifikat.als_dict())
    if not zertifikat.sicher:
        raise GeheimhaltungError("Die Geheimhaltung des gezeigten Standes hält nicht.", wo=zertifikat.stand)


def zurueck(
    gebiet: GebietId,
    snapshot: Annotated[
        str | None, typer.Argument(metavar="STAND", help="Name des Standes; ohne Angabe der vorige.")
    ] = None,
    daten: Daten = DATEN,
) -> None:
    """Einen früheren Stand wieder zeigen."""
    from indicators import staende

    g = Katalog(daten).gebiet(gebiet)
    gezeigt = staende.zurueck(daten / gebiet, snapshot)
    protokolliere(daten, "stand_zurueck", gebiet, stand=gezeigt)
    print(f"{g.name}: Stand {gezeigt} wird gezeigt.")


def zurueckziehen(
    stand: Annotated[str, typer.Argument(metavar="STAND", help="Name des Standes, wie »diagnose« ihn nennt.")],
    gebiet: GebietId,
    grund: Annotated[str, typer.Option("--grund", help="Warum; wird aufgehoben.")],
    ohne_ersatz: Annotated[
        bool, typer.Option("--ohne-ersatz", help="Auch wenn danach nichts mehr gezeigt werden kann.")
    ] = False,
    daten: Daten = DATEN,
) -> None:
    """Einen Stand für immer zurückziehen: Er wird nie wieder gezeigt, seine Dateien werden gelöscht."""
    from indicators.ruecknahme import ziehe_zurueck

    g = Katalog(daten).gebiet(gebiet)
    ergebnis = ziehe_zurueck(daten / g.id, stand, grund=grund, ohne_ersatz=ohne_ersatz)
    protokolliere(daten, "stand_zurueckgezogen", g.id, stand=stand)
    gezeigt = f"Stand {ergebnis.gezeigt} wird gezeigt" if ergebnis.gezeigt else "zurzeit wird nichts gezeigt"
    print(f"{g.name}: Stand {stand} ist zurückgezogen; {gezeigt}.")
    print(f"  Aufgehoben: {ergebnis.beleg}. Was jemand schon heruntergeladen hat, lässt sich nicht zurückholen.")
    for mappe in ergebnis.mappen:
        print(f"  Achtung: {mappe} nennt diesen Stand und lässt sich nicht mehr zeigen.")


def aufraeumen(
    gebiet: GebietId,
    behalten: Annotated[int, typer.Option("--behalten", help="So viele der neuesten Stände bleiben.")] = 5,
    probe: Annotated[bool, typer.Option("--probe", help="Nur sagen, was gelöscht würde.")] = False,
    daten: Daten = DATEN,
    als_json: AlsJson = False,
) -> None:
    """Alte Stände löschen. Was gezeigt wird, in Benutzung ist oder in einer Sitzungsmappe steht, bleibt."""
    from indicators.aufraeumen import raeume_staende_auf

    g = Katalog(daten).gebiet(gebiet)
    ergebnis = raeume_staende_auf(daten / g.id, behalten=behalten, probe=probe)
    if ergebnis.geloescht and not probe:
        protokolliere(daten, "staende_aufgeraeumt", g.id, staende=len(ergebnis.geloescht))
    was = "zu löschen wären" if probe else "gelöscht:"
    zeilen = [f"{g.name}: {was} {zahl(len(ergebnis.geloescht), 'Stand', 'Stände')}, {megabyte(ergebnis.bytes)}."]
    zeilen += [f"  {'ginge' if probe else 'weg':<7} {stand}" for stand in ergebnis.geloescht]
    zeilen += [f"  bleibt  {stand} ({warum})" for stand, warum in ergebnis.bleibt.items()]
    zeilen += [f"  Hinweis: {hinweis}" for hinweis in ergebnis.hinweise]
    felder = {"geloescht": ergebnis.geloescht, "bleibt": ergebnis.bleibt, "hinweise": ergebnis.hinweise}
    sage("\n".join(zeilen), als_json, probe=probe, bytes=ergebnis.bytes, **felder)


def open_gezeigt(daten: Path, gebiet_id: str, freigabe: str):
    """Store of what is shown of a Gebiet."""
    from indicators.staende import find_gezeigt
    from indicators.store import Store

    katalog = Katalog(daten)
    g = katalog.gebiet(gebiet_id)
    gezeigt = find_gezeigt(daten / g.id)
    if gezeigt is None or gezeigt.ordner is None:
        raise MonitoringError(
            f"Für »{g.name}« ist noch nichts veröffentlicht.",
            wo=str(daten / g.id),
            tun=f"»sozialraum veroeffentlichen --gebiet {g.id}« ausführen.",
        )
    if gezeigt.hinweis:
        print(f"Achtung: {gezeigt.hinweis}", file=sys.stderr)
    return Store.open(gezeigt.ordner, katalog.freigabe(freigabe).id)
