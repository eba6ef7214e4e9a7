"""Commands that read deliveries: check, load, look at a new file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from etl.kataloge import Quellenkatalog
from geodata.fehler import LieferungError, MonitoringError
from geodata.kommandozeile import (
    DATEN,
    PROGRAMM,
    AlsJson,
    Befehl,
    Daten,
    GebietId,
    check_vorhanden,
    fortschritt,
    gruppe,
    sage,
    zahl,
)
from geodata.protokoll import protokolliere

quelle_cli = gruppe("Quellenprofile anlegen.", no_args_is_help=True)


def laden(
    gebiet: GebietId,
    dateien: Annotated[
        list[Path] | None, typer.Argument(metavar="DATEI", help="Lieferungen; ohne Angabe alle im Ordner eingang/.")
    ] = None,
    quelle: Annotated[str | None, typer.Option("--quelle", help="Nur diese Quelle.")] = None,
    daten: Daten = DATEN,
    als_json: AlsJson = False,
) -> None:
    """Lieferungen prüfen und in die interne Datenbank laden: alles oder nichts."""
    from etl.load import load

    katalog = Quellenkatalog(daten)
    g = katalog.gebiet(gebiet)
    quellen = katalog.quellen()
    auftraege = _auftraege(quellen, g, dateien or [], quelle, daten)
    if not auftraege:
        raise LieferungError(
            f"Für »{g.name}« liegt keine Lieferung vor.",
            wo=str(daten / gebiet / "eingang"),
            tun="Dateien in den Ordner eingang/<quelle>/ legen oder im Befehl nennen.",
        )
    with fortschritt(f"Laden {g.name}") as melde:
        bericht = load(g, quellen, auftraege, daten / gebiet / "intern.duckdb", melde=melde)
    if bericht.geladen:
        protokolliere(daten, "geladen", gebiet, lieferungen=bericht.geladen)
    sage(
        f"{g.name}: {_text_geladen(bericht)}",
        als_json,
        gebiet=gebiet,
        geladen=bericht.geladen,
        dateien=[
            {"quelle": e.quelle, "datei": e.datei, "ergebnis": e.ergebnis, "werte": e.werte, "befunde": len(e.befunde)}
            for e in bericht.dateien
        ],
    )


def _text_geladen(bericht) -> str:
    """One line for all files, and a line for each one that changes what was known."""
    neu = [e for e in bericht.dateien if e.ergebnis == "geladen"]
    if not neu:
        return f"unverändert, {zahl(len(bericht.dateien), 'Lieferung ist', 'Lieferungen sind')} schon geladen."
    befunde = sum(len(e.befunde) for e in neu)
    text = f"{zahl(len(neu), 'Lieferung', 'Lieferungen')} geladen, {zahl(sum(e.werte for e in neu), 'Wert', 'Werte')}"
    text += f", {zahl(befunde, 'Befund', 'Befunde')}" + (f" (»{PROGRAMM} befunde« zeigt sie)." if befunde else ".")
    for e in neu:
        if e.geaendert:
            was = ", ".join(f"{merkmal} {anzahl}" for merkmal, anzahl in sorted(e.geaendert.items()))
            text += f"\n  Nachlieferung {e.datei}: geänderte Werte je Merkmal: {was}"
    return text


def pruefe_lieferungen(quellen: dict, gebiet, dateien: list[Path], quelle: str | None, daten: Path) -> None:
    """What loading would say about these deliveries, or about all in `eingang/`; writes nothing."""
    from etl.bestand import read_bekannte
    from etl.dateien import sha256_datei
    from etl.gruppen import pruefe_lieferung
    from etl.load import probiere

    auftraege = _auftraege(quellen, gebiet, dateien, quelle, daten)
    ziel = daten / gebiet.id / "intern.duckdb"
    bekannt = set(read_bekannte(ziel)[["quelle", "sha256"]].itertuples(index=False, name=None))
    anzahl, neue = 0, []
    with fortschritt("Prüfen") as melde:
        for nr, (q, datei) in enumerate(auftraege, start=1):
            if (q.id, sha256_datei(datei)) in bekannt:
                for befund in pruefe_lieferung(datei, q, gebiet).befunde:
                    print(f"  [{befund.schwere}] {befund.text}")
                    anzahl += 1
            else:
                neue.append((q, datei))
            melde(nr, len(auftraege), gebiet.name)
        if neue:  # as a trial, so that also what depends on earlier deliveries is seen before anything changes
            for ergebnis in probiere(gebiet, quellen, neue, ziel, melde=melde).dateien:
                for befund in ergebnis.befunde:
                    print(f"  [{befund.schwere}] {ergebnis.datei}: {befund.text}")
                    anzahl += 1
    print(f"{zahl(len(auftraege), 'Lieferung', 'Lieferungen')} in Ordnung, {zahl(anzahl, 'Befund', 'Befunde')}.")


def _auftraege(alle: dict, gebiet, dateien: list[Path], quelle_id: str | None, daten: Path) -> list:
    """(Quelle, Datei) pairs: the files named, or all of `eingang/`."""
    from etl.load import finde_dateien

    quellen = {q.id: q for q in alle.values() if gebiet.id in q.gebiet}
    if quelle_id is not None and quelle_id not in quellen:
        raise MonitoringError(
            f"Die Quelle »{quelle_id}« gibt es für »{gebiet.id}« nicht.", wo=f"vorhanden: {', '.join(quellen)}"
        )
    if dateien:
        return [
            (quellen[quelle_id] if quelle_id else _quelle_von(quellen, datei), check_vorhanden(datei))
            for datei in dateien
        ]
    eingang = finde_dateien(gebiet, quellen, daten / gebiet.id / "eingang")
    return [(q, datei) for q, datei in eingang if quelle_id in (None, q.id)]


def _quelle_von(quellen: dict, datei: Path):
    """The one profile whose file pattern fits, or whose folder the file lies in."""
    if datei.resolve().parent.name in quellen:
        return quellen[datei.resolve().parent.name]
    treffer = [q for q in quellen.values() if q.passt(datei.name)]
    if len(treffer) == 1:
        return treffer[0]
    raise LieferungError(
        "Zu welcher Quelle die Datei gehört, verrät ihr Name nicht.",
        wo=f"{datei.name} (passende Quellen: {', '.join(q.id for q in treffer) or 'keine'})",
        tun=f"»--quelle ID« angeben; vorhanden: {', '.join(quellen)}.",
    )


@quelle_cli.command("neu", cls=Befehl)
def quelle_neu(
    datei: Annotated[Path, typer.Argument(metavar="DATEI", help="Eine gelieferte Datei: CSV, Excel, ODS, Parquet.")],
    gebiet: GebietId,
    kennung: Annotated[str | None, typer.Option("--id", help="Name des Profils, Vorgabe: aus dem Dateinamen.")] = None,
    ziel: Annotated[
        Path | None, typer.Option("--ziel", help="Ordner, Vorgabe: katalog/quellen im Datenordner.")
    ] = None,
    daten: Daten = DATEN,
) -> None:
    """Eine Datei ansehen und ein kommentiertes Quellenprofil schreiben, von dem aus man anfängt."""
    from etl.entwurf import entwirf, kennung_aus, write_entwurf

    g = Quellenkatalog(daten).gebiet(gebiet)
    entwurf = entwirf(check_vorhanden(datei), g, kennung or kennung_aus(datei.name))
    print(f"geschrieben: {write_entwurf(entwurf, ziel or daten / 'katalog' / 'quellen')}")
    for hinweis in entwurf.hinweise:
        print(f"  {hinweis}")
    if not entwurf.vollstaendig:
        print("  Nach dem Ausfüllen die Endung ».entwurf« entfernen; erst dann wird das Profil benutzt.")
