"""Commands about loaded deliveries: list, take back, bring back, erase."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import typer

from geodata.fehler import MonitoringError
from geodata.kataloge import Gebietskatalog
from geodata.kommandozeile import DATEN, PROGRAMM, Befehl, Daten, GebietId, gruppe, nach_veroeffentlichen, zahl
from geodata.protokoll import protokolliere

lieferung_cli = gruppe("Lieferungen ansehen und zurücknehmen.", no_args_is_help=True)
Nummer = Annotated[int, typer.Argument(metavar="NUMMER", help="Nummer aus »lieferung liste«.")]


@lieferung_cli.command("liste", cls=Befehl)
def lieferung_liste(gebiet: GebietId, daten: Daten = DATEN) -> None:
    """Alle Lieferungen, auch ersetzte und zurückgenommene."""
    from pandas import notna

    from etl.bestand import list_lieferungen

    for z in list_lieferungen(Gebietskatalog(daten).intern(gebiet)).itertuples():
        zustand = "zurückgenommen" if notna(z.entfernt_am) else "gilt" if z.gilt else "ersetzt"
        print(f"{z.lieferung_id:>5}  {zustand:<15} {z.stichtage:<24} {z.quelle:<28} {z.datei}")


@lieferung_cli.command("entfernen", cls=Befehl)
def lieferung_entfernen(nummer: Nummer, gebiet: GebietId, daten: Daten = DATEN) -> None:
    """Eine Lieferung zurücknehmen; die vorige gilt wieder, verloren geht nichts."""
    from etl.bestand import entferne_lieferung

    entferne_lieferung(Gebietskatalog(daten).intern(gebiet), nummer)
    protokolliere(daten, "lieferung_entfernt", gebiet, lieferung=nummer)
    print(f"Lieferung {nummer} ist zurückgenommen. {nach_veroeffentlichen(gebiet)}")


@lieferung_cli.command("zurueckholen", cls=Befehl)
def lieferung_zurueckholen(nummer: Nummer, gebiet: GebietId, daten: Daten = DATEN) -> None:
    """Eine zurückgenommene Lieferung wieder gelten lassen."""
    from etl.bestand import hole_lieferung_zurueck

    hole_lieferung_zurueck(Gebietskatalog(daten).intern(gebiet), nummer)
    protokolliere(daten, "lieferung_zurueckgeholt", gebiet, lieferung=nummer)
    print(f"Lieferung {nummer} gilt wieder. {nach_veroeffentlichen(gebiet)}")


def loesche(
    daten: Path, gebiet: str, nummer: int, *, endgueltig: bool, sperre: Callable[[Path], AbstractContextManager]
) -> None:
    """Erase a delivery and say so; without `endgueltig` only say what would go.

    Args:
        sperre: keeps others from publishing from a folder.
    """
    from etl.loeschung import find_loeschung, loesche_lieferung

    ziel = Gebietskatalog(daten).intern(gebiet)
    plan = find_loeschung(ziel, nummer)
    was = f"Lieferung {', '.join(map(str, plan.nummern))} ({', '.join(plan.quellen)})"
    umfang = f"{zahl(plan.werte, 'Wert', 'Werte')}, {zahl(len(plan.dateien), 'Datei', 'Dateien')} im Eingang"
    if not endgueltig:
        raise MonitoringError(
            f"Noch ist nichts gelöscht. Endgültig gelöscht würden: {was}, {umfang}.",
            wo="\n           ".join(str(p) for p in plan.dateien) or str(ziel),
            tun="Mit »--endgueltig« wiederholen; das lässt sich nicht rückgängig machen. Nur zurücknehmen: "
            f"»{PROGRAMM} lieferung entfernen {nummer} --gebiet {gebiet}«.",
        )
    with sperre(ziel.parent):  # nobody is publishing what is about to go
        ergebnis = loesche_lieferung(ziel, nummer)
    for nr in ergebnis.nummern:
        protokolliere(daten, "lieferung_geloescht", gebiet, lieferung=nr)
    print(f"Endgültig gelöscht: {was}, {umfang}.")
    print("  Veröffentlichte Stände bleiben, auch der gezeigte; sie enthalten nur geschützte Zahlen.")
    if (ziel.parent / "gedaechtnis").is_dir():
        print("  Was davon schon veröffentlicht war, bleibt als Fallzahl im Gedächtnis (geheim): Ohne es ließen sich")
        print("  gesperrte Zahlen aus alten und neuen Ständen ausrechnen.")
    print(f"  Ohne diese Lieferung rechnet der nächste: »{PROGRAMM} veroeffentlichen --gebiet {gebiet}«.")
    print("  Sicherungen, die vorher entstanden, enthalten die Lieferung noch: nach Ihrem Löschkonzept vernichten.")
