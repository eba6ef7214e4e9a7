"""Commands about what stands out in deliveries: show, accept, ask the supplier."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from etl.kataloge import Quellenkatalog
from geodata.fehler import LieferungError, MonitoringError
from geodata.kommandozeile import DATEN, PROGRAMM, Bedienfehler, Befehl, Daten, GebietId, gruppe, tag, zahl
from geodata.protokoll import protokolliere

befunde_cli = gruppe("Auffälligkeiten ansehen und annehmen.", invoke_without_command=True)


@befunde_cli.callback()
def befunde(
    ctx: typer.Context,
    gebiet: Annotated[str | None, typer.Option("--gebiet", help="Kennung des Gebiets.")] = None,
    offen: Annotated[bool, typer.Option("--offen", help="Nur, was noch niemand angenommen hat.")] = False,
    daten: Daten = DATEN,
) -> None:
    """Auffälligkeiten der Lieferungen, mit Ort und Wert."""
    if ctx.invoked_subcommand:
        return
    if gebiet is None:
        raise Bedienfehler("Die Angabe --gebiet fehlt.")
    _zeige_befunde(daten / Quellenkatalog(daten).gebiet(gebiet).id, nur_offene=offen)


def _zeige_befunde(ordner: Path, *, nur_offene: bool) -> None:
    """Those that stop a loading first, then those of loaded deliveries."""
    from etl.annahmen import read_annahmen, read_wartende

    angenommen, wartende, geladene = read_annahmen(ordner), read_wartende(ordner), _geladene_befunde(ordner)
    anzahl = 0
    for b in wartende:
        if b["befund_id"] not in angenommen:
            anzahl += 1
            print(f"{b['befund_id']}  [hält das Laden an] {b['quelle']}, {b['datei']}, {b['regel']}: {b['text']}")
    for b in geladene.itertuples():
        annahme = angenommen.get(b.befund_id)
        if nur_offene and (annahme or b.schwere == "hinweis"):
            continue
        anzahl += 1
        print(f"{b.befund_id}  [{b.schwere}] {b.quelle}, Lieferung {b.lieferung_id}, {b.regel}: {b.text}")
        if annahme:
            print(f"            angenommen am {tag(annahme.angenommen_am)}: {annahme.grund}")
    wort = ("offener Befund", "offene Befunde") if nur_offene else ("Befund", "Befunde")
    print(f"{zahl(anzahl, *wort)}.")


def _geladene_befunde(ordner: Path):
    import pandas as pd

    from etl.bestand import read_befunde

    return read_befunde(ordner / "intern.duckdb") if (ordner / "intern.duckdb").is_file() else pd.DataFrame()


@befunde_cli.command("annehmen", cls=Befehl)
def befunde_annehmen(
    kennungen: Annotated[list[str], typer.Argument(metavar="KENNUNG …", help="Kennungen aus »befunde«.")],
    gebiet: GebietId,
    grund: Annotated[str, typer.Option("--grund", help="Warum der Wert stimmt; wird aufgehoben.")],
    daten: Daten = DATEN,
) -> None:
    """Befunde als geklärt annehmen, mit Grund. Der Grund bleibt, auch wenn neu geladen wird."""
    from etl.annahmen import nimm_an, read_wartende
    from etl.bestand import gesperrt

    ordner = daten / Quellenkatalog(daten).gebiet(gebiet).id
    bekannt = {b.befund_id: b._asdict() for b in _geladene_befunde(ordner).itertuples(index=False)}
    bekannt |= {b["befund_id"]: b for b in read_wartende(ordner)}
    if fremd := [k for k in kennungen if k not in bekannt]:
        raise LieferungError(
            f"Einen Befund mit der Kennung »{fremd[0]}« gibt es nicht.",
            wo=str(ordner),
            tun=f"Die Kennungen zeigt »{PROGRAMM} befunde --gebiet {gebiet} --offen«.",
        )
    if not grund.strip():
        raise LieferungError(
            "Der Grund ist leer.", tun='Mit --grund "…" sagen, warum die Werte stimmen und wer das bestätigt hat.'
        )
    with gesperrt(ordner / "intern.duckdb"):
        angenommen = nimm_an(ordner, {k: bekannt[k] for k in dict.fromkeys(kennungen)}, grund)
    for annahme in angenommen:
        protokolliere(daten, "befund_angenommen", gebiet, befund=annahme.befund_id)
        print(f"Angenommen: {annahme.befund_id} – {annahme.text}")
    if any(bekannt[k]["schwere"] == "blockiert" for k in kennungen):
        print(f"Hielt der Befund das Laden an: »{PROGRAMM} laden --gebiet {gebiet}« noch einmal ausführen.")


def rueckfragen(
    gebiet: GebietId,
    ziel: Annotated[Path, typer.Option("--ziel", help="Ordner für Mappen und Mailtexte.")],
    quelle: Annotated[str | None, typer.Option("--quelle", help="Nur diese Quelle.")] = None,
    daten: Daten = DATEN,
) -> None:
    """Je Lieferant eine Mappe mit Fragen und ein Mailtext. Enthält Werte: nur für den Lieferanten."""
    from datetime import date

    from etl.rueckfragen import find_offene, write_rueckfragen

    katalog = Quellenkatalog(daten)
    g, quellen = katalog.gebiet(gebiet), katalog.quellen()
    if quelle is not None and quelle not in quellen:
        raise MonitoringError(f"Die Quelle »{quelle}« gibt es nicht.", wo=f"vorhanden: {', '.join(quellen)}")
    offene = find_offene(_geladene_befunde(daten / g.id), daten / g.id)
    if len(offene) and quelle:
        offene = offene[offene["quelle"] == quelle]
    raeume = g.read_raeume()
    namen = dict(zip(raeume["raum_id"], raeume["name"], strict=True))
    for ergebnis in write_rueckfragen(offene, quellen, ziel, gebiet=g.name, namen=namen, heute=date.today()):
        print(f"{ergebnis.quelle}: {zahl(ergebnis.fragen, 'Frage', 'Fragen')}")
        for pfad in ergebnis.dateien:
            print(f"  geschrieben: {pfad}")
    if offene.empty:
        print("Keine offenen Fragen zu geladenen Lieferungen. Eine abgelehnte Lieferung nennt ihren Fehler beim Laden.")
