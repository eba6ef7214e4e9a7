"""The door: command line and WSGI entry. The only place that knows paths and environment. Importing it opens nothing.

sozialraum demo          build the example territories and show them
app:create_server()      the same dashboard for a WSGI server
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperCommand, TyperGroup

from geodata.fehler import GebietError, GeheimhaltungError, LieferungError, MonitoringError

WURZEL = Path(__file__).parent
BEISPIEL = WURZEL / "etl" / "beispiel"
PROGRAMM = "sozialraum"

# --- German command line ---------------------------------------------------------------------

HILFE_DEUTSCH = {
    "Usage:": "Aufruf:",
    "[OPTIONS]": "[OPTIONEN]",
    "COMMAND [ARGS]...": "BEFEHL [ANGABEN]...",
    "Options:": "Optionen:",
    "Commands:": "Befehle:",
    "Arguments:": "Angaben:",
    "Show this message and exit.": "Diese Hilfe zeigen.",
    "[default:": "[Vorgabe:",
    "[required]": "[nötig]",
    "default:": "Vorgabe:",
    "required": "nötig",
    "<str>": "TEXT ",
    "<int>": "ZAHL ",
    "<path>": "PFAD  ",
    " <list[Path]>": "",
}
FEHLER_DEUTSCH = (
    (r"No such option: ([^ ]+).*", r"Die Option \1 gibt es nicht."),
    (r"No such command '?([^' ]+)'?.*", r"Den Befehl »\1« gibt es nicht."),
    (r"Missing (option|argument|parameter):? '?([^'.]+)'?.*", r"Die Angabe \2 fehlt."),
    (r"Missing command.*", "Es fehlt ein Befehl."),
    (r"Got unexpected extra arguments? \((.*)\).*", r"Zu viel angegeben: \1."),
    (r"Option '?([^' ]+)'? requires an argument.*", r"Die Option \1 braucht einen Wert."),
    (r"Invalid value for (.+): path '(.*)' is not readable\.", r"»\2« lässt sich nicht lesen (\1): Besitzer, Rechte?"),
    (r"Invalid value for ([^:]+): (.*)", r"Ungültiger Wert für \1: \2"),
)


class _Deutsch:
    """Help texts of the framework in German; it offers no translation of its own."""

    def get_help(self, ctx) -> str:
        text = super().get_help(ctx)
        for englisch, deutsch in HILFE_DEUTSCH.items():
            text = text.replace(englisch, deutsch)
        return text


class Befehl(_Deutsch, TyperCommand):
    pass


class Gruppe(_Deutsch, TyperGroup):
    pass


cli = typer.Typer(
    name=PROGRAMM,
    cls=Gruppe,
    help="Sozialräumliches Monitoring: von den gelieferten Dateien zur geschützten Karte.",
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a traceback with local variables would print what is secret
)
lieferung_cli = typer.Typer(
    cls=Gruppe, help="Lieferungen ansehen und zurücknehmen.", rich_markup_mode=None, no_args_is_help=True
)
cli.add_typer(lieferung_cli, name="lieferung")
befunde_cli = typer.Typer(
    cls=Gruppe, help="Auffälligkeiten ansehen und annehmen.", rich_markup_mode=None, invoke_without_command=True
)
cli.add_typer(befunde_cli, name="befunde")
eigene_cli = typer.Typer(
    cls=Gruppe,
    help="Eigene Räume: Räume einer Ebene zu eigenen Gebieten zusammenfassen.",
    rich_markup_mode=None,
    no_args_is_help=True,
)
cli.add_typer(eigene_cli, name="eigene")
quelle_cli = typer.Typer(cls=Gruppe, help="Quellenprofile anlegen.", rich_markup_mode=None, no_args_is_help=True)
cli.add_typer(quelle_cli, name="quelle")

Daten = Annotated[
    Path, typer.Option("--daten", envvar="SOZIALRAUM_DATEN", help="Ordner mit allen Daten.", show_envvar=False)
]
GebietId = Annotated[str, typer.Option("--gebiet", help="Kennung des Gebiets, zum Beispiel rhein_sieg.")]
FreigabeId = Annotated[str, typer.Option("--freigabe", help="Freigabeprofil: oeffentlich, kommune oder kreis.")]
AlsJson = Annotated[bool, typer.Option("--json", help="Ergebnis als JSON, für Programme.")]
Port = Annotated[int, typer.Option("--port", envvar="PORT", help="Netzwerk-Port.", show_envvar=False)]
DATEN = Path("daten")


def main() -> None:
    """Run one command; expected errors become one German message and their exit code."""
    try:
        code = cli(standalone_mode=False)
    except MonitoringError as fehler:
        print(fehler, file=sys.stderr)
        sys.exit(fehler.exit_code)
    except PermissionError as fehler:
        tun = "Rechte und Besitzer prüfen oder mit --daten einen anderen Ordner nennen."
        wo = str(fehler.filename or fehler)
        print(MonitoringError("Der Zugriff wurde verweigert.", wo=wo, tun=tun), file=sys.stderr)
        sys.exit(1)
    except (KeyboardInterrupt, typer.Abort):
        print("Abgebrochen. Der bisherige Stand gilt weiter.", file=sys.stderr)
        sys.exit(130)
    except typer.BadParameter.__mro__[1] as fehler:  # every wrong use of the command line
        print(_bedienfehler(fehler), file=sys.stderr)
        sys.exit(2)
    sys.exit(code if isinstance(code, int) else 0)


def _bedienfehler(fehler) -> str:
    text = fehler.format_message()
    if text.startswith("Aufruf:"):
        return text
    for muster, deutsch in FEHLER_DEUTSCH:
        text = re.sub(f"^{muster}$", deutsch, text, flags=re.S)
    pfad = fehler.ctx.command_path if fehler.ctx else PROGRAMM
    return f"{text}\n  Abhilfe: »{pfad} --help« zeigt, was möglich ist."


# --- catalogue and places --------------------------------------------------------------------


class Katalog:
    """Shipped entries overlaid by the Kreis's own in `daten/katalog/`, read when first asked for."""

    def __init__(self, daten: Path) -> None:
        self._eigene = daten / "katalog"

    def _wurzeln(self, name: str, mitgeliefert: str) -> tuple[Path, Path]:
        return WURZEL / mitgeliefert, self._eigene / name

    def gebiete(self) -> dict:
        from geodata.gebiet import read_gebiete

        return read_gebiete(*self._wurzeln("gebiete", "geodata/gebiete"))

    def gebiet(self, gebiet_id: str):
        alle = self.gebiete()
        if gebiet_id not in alle:
            raise GebietError(
                f"Das Gebiet »{gebiet_id}« gibt es nicht.",
                wo=f"vorhanden: {', '.join(alle)}",
                tun=f"Eine der Kennungen angeben oder unter {self._eigene / 'gebiete'} ein Gebiet anlegen.",
            )
        return alle[gebiet_id]

    def quellen(self) -> dict:
        from etl.quelle import read_quellen

        return read_quellen(*self._wurzeln("quellen", "etl/quellen"))

    def kennzahlen(self) -> dict:
        from etl.quelle import build_register
        from indicators.kennzahl import check_katalog, read_kennzahlen

        kennzahlen = read_kennzahlen(*self._wurzeln("kennzahlen", "indicators/kennzahlen"))
        quellen = self.quellen()
        check_katalog(kennzahlen, {m for q in quellen.values() for m in q.merkmale}, build_register(quellen))
        return kennzahlen

    def zusammenstellungen(self) -> dict:
        from indicators.zusammenstellung import check_zusammenstellungen, read_zusammenstellungen

        listen = read_zusammenstellungen(*self._wurzeln("zusammenstellungen", "indicators/zusammenstellungen"))
        check_zusammenstellungen(listen, self.kennzahlen())
        return listen

    def indizes(self) -> dict:
        from indicators.indexkatalog import check_indizes, read_indizes

        indizes = read_indizes(*self._wurzeln("indizes", "indicators/indizes"))
        check_indizes(indizes, self.kennzahlen())
        return indizes

    def freigaben(self) -> list:
        from indicators.freigabe import read_freigaben

        return read_freigaben(*self._wurzeln("freigaben", "indicators/freigaben"))


@contextmanager
def _fortschritt(titel: str) -> Iterator[Callable[[int, int, str], None]]:
    """A progress bar on a terminal, nothing in a log (the command says the result in one line)."""
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as anzeige:
        balken: dict[str, int] = {}

        def melde(fertig: int, gesamt: int, text: str) -> None:
            if text not in balken:
                balken[text] = anzeige.add_task(f"{titel}: {text}", total=gesamt)
            anzeige.update(balken[text], completed=fertig, total=gesamt)

        yield melde


def _sage(text: str, als_json: bool = False, **felder) -> None:
    print(json.dumps(felder, ensure_ascii=False, default=str) if als_json else text)


def _zahl(n: int, einzahl: str, mehrzahl: str) -> str:
    return f"{n:,}".replace(",", ".") + f" {einzahl if n == 1 else mehrzahl}"


# --- commands --------------------------------------------------------------------------------


@cli.command(cls=Befehl)
def demo(
    daten: Daten = DATEN,
    port: Port = 8050,
    nur_bauen: Annotated[bool, typer.Option("--nur-bauen", help="Nur bauen, nicht zeigen.")] = False,
) -> None:
    """Die Beispielgebiete bauen (beim ersten Mal bis zu drei Minuten) und zeigen."""
    from indicators.store import find_aktuell

    gebiete = sorted(p.name for p in BEISPIEL.iterdir() if p.is_dir() and not p.name.startswith(("_", ".")))
    abdruck = _abdruck()
    merker = daten / ".beispiel.json"
    gebaut = json.loads(merker.read_text(encoding="utf-8")) if merker.is_file() else {}
    for gebiet_id in gebiete:
        if gebaut.get(gebiet_id) == abdruck and find_aktuell(daten, gebiet_id):
            continue
        _lege_beispiel_ab(daten, gebiet_id)
        laden(gebiet_id, daten=daten)
        veroeffentlichen(gebiet_id, daten=daten)
        gebaut[gebiet_id] = abdruck
        merker.write_text(json.dumps(gebaut), encoding="utf-8")
    if not nur_bauen:
        starten(daten=daten, port=port)


def _abdruck() -> str:
    """Changes with the program or the example files; the same one means there is nothing to build."""
    summe = hashlib.sha256()
    for ordner in ("geodata", "etl", "indicators"):
        for datei in sorted((WURZEL / ordner).rglob("*")):
            if datei.is_file() and "__pycache__" not in datei.parts:
                summe.update(datei.relative_to(WURZEL).as_posix().encode())
                summe.update(datei.read_bytes())
    return summe.hexdigest()[:16]


def _lege_beispiel_ab(daten: Path, gebiet_id: str) -> None:
    eingang = daten / gebiet_id / "eingang"
    for quelle in sorted(p for p in (BEISPIEL / gebiet_id).iterdir() if p.is_dir()):
        shutil.copytree(quelle, eingang / quelle.name, dirs_exist_ok=True)


@cli.command(cls=Befehl)
def pruefen(
    dateien: Annotated[
        list[Path] | None, typer.Argument(metavar="DATEI", help="Lieferungen, die geprüft werden sollen.")
    ] = None,
    gebiet: Annotated[str | None, typer.Option("--gebiet", help="Nur dieses Gebiet.")] = None,
    quelle: Annotated[
        str | None, typer.Option("--quelle", help="Quellenprofil der Dateien, wenn der Name es nicht verrät.")
    ] = None,
    geheimhaltung: Annotated[
        bool, typer.Option("--geheimhaltung", help="Den veröffentlichten Stand gegen einen Angreifer prüfen.")
    ] = False,
    daten: Daten = DATEN,
    als_json: AlsJson = False,
) -> None:
    """Kataloge, Grenzen und Lieferungen prüfen, oder die Geheimhaltung; schreibt nichts."""
    from geodata.geometrie import check_gebiet
    from geodata.umstieg import read_umstiege
    from indicators.vergleichswerte import find_bezug, read_vergleichswerte

    katalog = Katalog(daten)
    if geheimhaltung:
        _pruefe_geheimhaltung(katalog, gebiet, daten, als_json)
        return
    kennzahlen, freigaben = katalog.kennzahlen(), katalog.freigaben()
    zahlen = f"{len(kennzahlen)} Kennzahlen, {len(katalog.quellen())} Quellen, {len(freigaben)} Freigabeprofile"
    print(f"Katalog in Ordnung: {zahlen}.")
    for g in [katalog.gebiet(gebiet)] if gebiet else katalog.gebiete().values():
        hinweise = check_gebiet(g)
        read_umstiege(g)
        werte = read_vergleichswerte(g, kennzahlen)
        print(f"Gebiet »{g.id}« ({g.name}): Grenzen in Ordnung.")
        if len(werte):
            print(
                f"  {_zahl(len(werte), 'Vergleichswert', 'Vergleichswerte')}, verglichen wird mit {find_bezug(werte)}."
            )
        for hinweis in hinweise:
            print(f"  Hinweis: {hinweis}")
        if gebiet:
            _pruefe_lieferungen(katalog, g, dateien or [], quelle, daten)
    if dateien and not gebiet:
        raise MonitoringError("Zu den Dateien fehlt das Gebiet.", tun="»--gebiet ID« ergänzen.")


def _pruefe_geheimhaltung(katalog: Katalog, gebiet_id: str | None, daten: Path, als_json: bool) -> None:
    from geodata.fehler import GeheimhaltungError
    from indicators.zertifikat import als_text, build_zertifikat

    if gebiet_id is None:
        raise MonitoringError("Zur Prüfung der Geheimhaltung fehlt das Gebiet.", tun="»--gebiet ID« ergänzen.")
    g = katalog.gebiet(gebiet_id)
    angaben = katalog.quellen(), katalog.kennzahlen(), katalog.freigaben()
    with _fortschritt(f"Prüfen {g.name}") as melde:
        zertifikat = build_zertifikat(g, *angaben, daten / gebiet_id, melde=melde)
    _sage(als_text(zertifikat), als_json, **zertifikat.als_dict())
    if not zertifikat.sicher:
        raise GeheimhaltungError("Die Geheimhaltung des gezeigten Standes hält nicht.", wo=zertifikat.stand)


def _pruefe_lieferungen(katalog: Katalog, gebiet, dateien: list[Path], quelle: str | None, daten: Path) -> None:
    from etl.bestand import read_bekannte
    from etl.dateien import sha256_datei
    from etl.gruppen import pruefe_lieferung
    from etl.load import probiere

    auftraege = _auftraege(katalog, gebiet, dateien, quelle, daten)
    ziel = daten / gebiet.id / "intern.duckdb"
    bekannt = set(read_bekannte(ziel)[["quelle", "sha256"]].itertuples(index=False, name=None))
    anzahl, neue = 0, []
    with _fortschritt("Prüfen") as melde:
        for nr, (q, datei) in enumerate(auftraege, start=1):
            if (q.id, sha256_datei(datei)) in bekannt:
                for befund in pruefe_lieferung(datei, q, gebiet).befunde:
                    print(f"  [{befund.schwere}] {befund.text}")
                    anzahl += 1
            else:
                neue.append((q, datei))
            melde(nr, len(auftraege), gebiet.name)
        if neue:  # as a trial, so that also what depends on earlier deliveries is seen before anything changes
            for ergebnis in probiere(gebiet, katalog.quellen(), neue, ziel, melde=melde).dateien:
                for befund in ergebnis.befunde:
                    print(f"  [{befund.schwere}] {ergebnis.datei}: {befund.text}")
                    anzahl += 1
    print(f"{_zahl(len(auftraege), 'Lieferung', 'Lieferungen')} in Ordnung, {_zahl(anzahl, 'Befund', 'Befunde')}.")


def _auftraege(katalog: Katalog, gebiet, dateien: list[Path], quelle_id: str | None, daten: Path) -> list:
    """(Quelle, Datei) pairs: the files named, or all of `eingang/`."""
    from etl.load import finde_dateien

    quellen = {q.id: q for q in katalog.quellen().values() if gebiet.id in q.gebiet}
    if quelle_id is not None and quelle_id not in quellen:
        raise MonitoringError(
            f"Die Quelle »{quelle_id}« gibt es für »{gebiet.id}« nicht.", wo=f"vorhanden: {', '.join(quellen)}"
        )
    if dateien:
        return [
            (quellen[quelle_id] if quelle_id else _quelle_von(quellen, datei), _vorhanden(datei)) for datei in dateien
        ]
    alle = finde_dateien(gebiet, quellen, daten / gebiet.id / "eingang")
    return [(q, datei) for q, datei in alle if quelle_id in (None, q.id)]


def _vorhanden(datei: Path) -> Path:
    if not datei.is_file():
        raise LieferungError("Die Datei gibt es nicht.", wo=str(datei), tun="Pfad und Schreibweise prüfen.")
    return datei


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


@cli.command(cls=Befehl)
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

    katalog = Katalog(daten)
    g = katalog.gebiet(gebiet)
    auftraege = _auftraege(katalog, g, dateien or [], quelle, daten)
    if not auftraege:
        raise LieferungError(
            f"Für »{g.name}« liegt keine Lieferung vor.",
            wo=str(daten / gebiet / "eingang"),
            tun="Dateien in den Ordner eingang/<quelle>/ legen oder im Befehl nennen.",
        )
    with _fortschritt(f"Laden {g.name}") as melde:
        bericht = load(g, katalog.quellen(), auftraege, daten / gebiet / "intern.duckdb", melde=melde)
    if bericht.geladen:
        _protokolliere(daten, "geladen", gebiet, lieferungen=bericht.geladen)
    _sage(
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
        return f"unverändert, {_zahl(len(bericht.dateien), 'Lieferung ist', 'Lieferungen sind')} schon geladen."
    befunde = sum(len(e.befunde) for e in neu)
    text = f"{_zahl(len(neu), 'Lieferung', 'Lieferungen')} geladen, {_zahl(sum(e.werte for e in neu), 'Wert', 'Werte')}"
    text += f", {_zahl(befunde, 'Befund', 'Befunde')}" + (f" (»{PROGRAMM} befunde« zeigt sie)." if befunde else ".")
    for e in neu:
        if e.geaendert:
            was = ", ".join(f"{merkmal} {anzahl}" for merkmal, anzahl in sorted(e.geaendert.items()))
            text += f"\n  Nachlieferung {e.datei}: geänderte Werte je Merkmal: {was}"
    return text


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
        raise typer.BadParameter.__mro__[1]("Die Angabe --gebiet fehlt.")
    _zeige_befunde(daten / Katalog(daten).gebiet(gebiet).id, nur_offene=offen)


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
            print(f"            angenommen am {_tag(annahme.angenommen_am)}: {annahme.grund}")
    wort = ("offener Befund", "offene Befunde") if nur_offene else ("Befund", "Befunde")
    print(f"{_zahl(anzahl, *wort)}.")


def _tag(zeitpunkt: str) -> str:
    return ".".join(reversed(zeitpunkt[:10].split("-")))


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

    ordner = daten / Katalog(daten).gebiet(gebiet).id
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
        _protokolliere(daten, "befund_angenommen", gebiet, befund=annahme.befund_id)
        print(f"Angenommen: {annahme.befund_id} – {annahme.text}")
    if any(bekannt[k]["schwere"] == "blockiert" for k in kennungen):
        print(f"Hielt der Befund das Laden an: »{PROGRAMM} laden --gebiet {gebiet}« noch einmal ausführen.")


@cli.command(cls=Befehl)
def rueckfragen(
    gebiet: GebietId,
    ziel: Annotated[Path, typer.Option("--ziel", help="Ordner für Mappen und Mailtexte.")],
    quelle: Annotated[str | None, typer.Option("--quelle", help="Nur diese Quelle.")] = None,
    daten: Daten = DATEN,
) -> None:
    """Je Lieferant eine Mappe mit Fragen und ein Mailtext. Enthält Werte: nur für den Lieferanten."""
    from datetime import date

    from etl.rueckfragen import find_offene, write_rueckfragen

    katalog = Katalog(daten)
    g, quellen = katalog.gebiet(gebiet), katalog.quellen()
    if quelle is not None and quelle not in quellen:
        raise MonitoringError(f"Die Quelle »{quelle}« gibt es nicht.", wo=f"vorhanden: {', '.join(quellen)}")
    offene = find_offene(_geladene_befunde(daten / g.id), daten / g.id)
    if len(offene) and quelle:
        offene = offene[offene["quelle"] == quelle]
    raeume = g.read_raeume()
    namen = dict(zip(raeume["raum_id"], raeume["name"], strict=True))
    for ergebnis in write_rueckfragen(offene, quellen, ziel, gebiet=g.name, namen=namen, heute=date.today()):
        print(f"{ergebnis.quelle}: {_zahl(ergebnis.fragen, 'Frage', 'Fragen')}")
        for pfad in ergebnis.dateien:
            print(f"  geschrieben: {pfad}")
    if offene.empty:
        print("Keine offenen Fragen zu geladenen Lieferungen. Eine abgelehnte Lieferung nennt ihren Fehler beim Laden.")


@cli.command(cls=Befehl)
def umstieg(
    gebiet: GebietId,
    ziel: Annotated[Path, typer.Option("--ziel", help="CSV-Datei, die geschrieben wird.")],
    von: Annotated[str | None, typer.Option("--von", help="Alter Gebietsstand (ab), Vorgabe: der vorletzte.")] = None,
    nach: Annotated[
        str | None, typer.Option("--nach", help="Neuer Gebietsstand (ab), Vorgabe: der nach --von.")
    ] = None,
    punkte: Annotated[
        Path | None, typer.Option("--punkte", help="Adressen, Gebäude oder Rasterzellen; ohne sie zählt die Fläche.")
    ] = None,
    daten: Daten = DATEN,
) -> None:
    """Umsteigeschlüssel zwischen zwei Gebietsständen berechnen (aus Punkten oder Flächen) und als CSV ablegen."""
    from geodata.umstieg import build_datei

    print(build_datei(Katalog(daten).gebiet(gebiet), von, nach, ziel, punkte=punkte))


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

    g = Katalog(daten).gebiet(gebiet)
    entwurf = entwirf(_vorhanden(datei), g, kennung or kennung_aus(datei.name))
    print(f"geschrieben: {write_entwurf(entwurf, ziel or daten / 'katalog' / 'quellen')}")
    for hinweis in entwurf.hinweise:
        print(f"  {hinweis}")
    if not entwurf.vollstaendig:
        print("  Nach dem Ausfüllen die Endung ».entwurf« entfernen; erst dann wird das Profil benutzt.")


@cli.command(cls=Befehl)
def herkunft(
    raum: Annotated[str, typer.Argument(metavar="RAUM", help="Schlüssel des Raums.")],
    kennzahl: Annotated[str, typer.Argument(metavar="KENNZAHL", help="Kennung der Kennzahl.")],
    stichtag: Annotated[str, typer.Argument(metavar="STICHTAG", help="Zum Beispiel 31.12.2023.")],
    gebiet: GebietId,
    freigabe: FreigabeId = "kreis",
    daten: Daten = DATEN,
    als_json: AlsJson = False,
) -> None:
    """Von einem veröffentlichten Wert zurück zu Datei, Blatt, Zeile und Spalte."""
    from dataclasses import asdict

    from dashboard.zahlen import format_datum, format_wert
    from etl.herkunft import beschreibe

    store = _store(daten, gebiet, freigabe)
    eintrag, ort, tag = _veroeffentlichtes(store, raum, kennzahl, stichtag)
    wert = format_wert(ort.wert, eintrag.stellen, eintrag.einheit, ort.status)
    teile = _herkunft_teile(Katalog(daten), daten, gebiet, eintrag.id, ort, tag)
    zeilen = [f"{eintrag.titel}, {ort.name} ({raum}), {format_datum(tag)}: {wert}", f"Stand {store.stand.snapshot}"]
    gezeigt = set(store.lieferungen()[["datei", "geladen_am"]].itertuples(index=False, name=None))
    if {(s.datei, s.geladen_am) for _, alle in teile for h in alle for s in h.stellen} - gezeigt:
        zeilen.append("Achtung: Seit der Veröffentlichung wurde neu geladen; genannt ist, was heute gilt.")
    for titel, alle in teile:
        for h in alle:
            vom = f", vom {format_datum(h.stichtag)}" if h.stichtag and h.stichtag != tag else ""
            zeilen += [f"{titel}: {h.titel}{vom}", *beschreibe(h)]
    felder = {"wert": ort.wert, "status": ort.status, "snapshot": store.stand.snapshot}
    _sage("\n".join(zeilen), als_json, **felder, herkunft={titel: [asdict(h) for h in alle] for titel, alle in teile})


def _veroeffentlichtes(store, raum_id: str, kennzahl: str, stichtag: str):
    """Entry, row and day of an open published cell.

    Raises:
        MonitoringError: nothing of that name, or no open value: then nothing else is said.
    """
    from datetime import date, datetime

    import pandas as pd

    eintrag, raum = store.eintrag(kennzahl), store.raum(raum_id)
    if eintrag is None:
        vorhanden = ", ".join(e.id for e in store.katalog())
        raise MonitoringError(f"Die Kennzahl »{kennzahl}« ist nicht veröffentlicht.", wo=f"vorhanden: {vorhanden}")
    if raum is None:
        raise MonitoringError(f"Den Raum »{raum_id}« gibt es nicht.", tun="Den Schlüssel angeben, nicht den Namen.")
    try:
        tag = datetime.strptime(stichtag, "%d.%m.%Y").date() if "." in stichtag else date.fromisoformat(stichtag)
    except ValueError:
        tun = "So schreiben: 31.12.2023 oder 2023-12-31."
        raise MonitoringError(f"»{stichtag}« ist kein Datum.", tun=tun) from None
    werte = pd.concat([store.read_werte(kennzahl, e, tag).assign(umgerechnet=False) for e in eintrag.ebenen])
    werte = pd.concat([werte, *(store.read_umgerechnete(kennzahl, e, tag) for e in eintrag.ebenen)])
    treffer = werte[werte["raum_id"] == raum_id].sort_values("umgerechnet", kind="stable")
    if treffer.empty or treffer.iloc[-1]["status"] not in ("offen", "unsicher"):
        raise MonitoringError(
            f"Zu »{eintrag.titel}«, {raum.name}, {tag:%d.%m.%Y} ist in der Fassung »{store.stand.freigabe_titel}« kein "
            "Wert veröffentlicht.",
            tun="Die Herkunft gibt es nur für veröffentlichte Werte.",
        )
    return eintrag, next(treffer.tail(1).itertuples()), tag


def _herkunft_teile(katalog: Katalog, daten: Path, gebiet_id: str, kennzahl_id: str, ort, tag) -> list:
    """("Zähler" | "Nenner", [Herkunft, …]); for a converted value those of the old Räume, with their shares."""
    from etl.bestand import frage
    from etl.herkunft import find_herkunft

    ziel, kennzahl = _intern(daten, gebiet_id), katalog.kennzahlen()[kennzahl_id]
    geliefert = frage(ziel, "SELECT DISTINCT merkmal FROM termin JOIN sprecher USING (lieferung_id, stichtag)")
    fassung = kennzahl.fassung(set(geliefert["merkmal"]))
    if fassung is None:
        raise MonitoringError(
            "Die Lieferungen zu diesem Wert wurden seit der Veröffentlichung zurückgenommen.",
            tun=f"»{PROGRAMM} veroeffentlichen --gebiet {gebiet_id}« bringt beides zusammen.",
        )
    orte = [(ort.raum_id, ort.gebietsstand, "")]
    if ort.umgerechnet:
        orte = _alte_raeume(katalog.gebiet(gebiet_id), ort, tag)
    aelter = kennzahl.nenner_zeitpunkt != "gleich"
    teile = []
    for raum_id, stand, zusatz in orte:
        zaehler = find_herkunft(ziel, list(fassung.zaehler), raum_id, stand, tag)
        nenner = find_herkunft(ziel, list(fassung.nenner), raum_id, stand, tag, bis=aelter)
        teile += [(f"Zähler{zusatz}", zaehler), *([(f"Nenner{zusatz}", nenner)] if nenner else [])]
    return teile


def _alte_raeume(gebiet, ort, tag) -> list[tuple[str, str, str]]:
    """The Räume a converted value was apportioned from, with their shares."""
    from geodata.umstieg import read_umstiege

    stand = gebiet.gebietsstand_am(tag).id
    eltern = gebiet.read_eltern()
    eltern = eltern[(eltern["gebietsstand"] == ort.gebietsstand) & (eltern["hierarchie"] == "gebiet")]
    unten = {ort.raum_id}
    while neue := set(eltern.loc[eltern["eltern_id"].isin(unten), "raum_id"]) - unten:
        unten |= neue
    tabelle = read_umstiege(gebiet).get(stand)
    tabelle = tabelle[tabelle["raum_neu"].isin(unten)].groupby("raum_alt", sort=True)["anteil"].sum()
    anteil = {alt: f"{100 * wert:.1f}".replace(".", ",") for alt, wert in tabelle.items()}
    return [(alt, stand, f" (umgerechnet: {prozent} % von {alt})") for alt, prozent in anteil.items()]


@lieferung_cli.command("liste", cls=Befehl)
def lieferung_liste(gebiet: GebietId, daten: Daten = DATEN) -> None:
    """Alle Lieferungen, auch ersetzte und zurückgenommene."""
    from pandas import notna

    from etl.bestand import list_lieferungen

    for z in list_lieferungen(_intern(daten, gebiet)).itertuples():
        zustand = "zurückgenommen" if notna(z.entfernt_am) else "gilt" if z.gilt else "ersetzt"
        print(f"{z.lieferung_id:>5}  {zustand:<15} {z.stichtage:<24} {z.quelle:<28} {z.datei}")


@lieferung_cli.command("entfernen", cls=Befehl)
def lieferung_entfernen(
    nummer: Annotated[int, typer.Argument(metavar="NUMMER", help="Nummer aus »lieferung liste«.")],
    gebiet: GebietId,
    daten: Daten = DATEN,
) -> None:
    """Eine Lieferung zurücknehmen; die vorige gilt wieder, verloren geht nichts."""
    from etl.bestand import entferne_lieferung

    entferne_lieferung(_intern(daten, gebiet), nummer)
    _protokolliere(daten, "lieferung_entfernt", gebiet, lieferung=nummer)
    print(
        f"Lieferung {nummer} ist zurückgenommen. Gezeigt wird das nach »{PROGRAMM} veroeffentlichen --gebiet {gebiet}«."
    )


@lieferung_cli.command("zurueckholen", cls=Befehl)
def lieferung_zurueckholen(
    nummer: Annotated[int, typer.Argument(metavar="NUMMER", help="Nummer aus »lieferung liste«.")],
    gebiet: GebietId,
    daten: Daten = DATEN,
) -> None:
    """Eine zurückgenommene Lieferung wieder gelten lassen."""
    from etl.bestand import hole_lieferung_zurueck

    hole_lieferung_zurueck(_intern(daten, gebiet), nummer)
    _protokolliere(daten, "lieferung_zurueckgeholt", gebiet, lieferung=nummer)
    print(f"Lieferung {nummer} gilt wieder. {_NACH_VEROEFFENTLICHEN.format(gebiet)}")


@lieferung_cli.command("loeschen", cls=Befehl)
def lieferung_loeschen(
    nummer: Annotated[int, typer.Argument(metavar="NUMMER", help="Nummer aus »lieferung liste«.")],
    gebiet: GebietId,
    endgueltig: Annotated[
        bool, typer.Option("--endgueltig", help="Wirklich löschen; ohne diese Angabe wird nur gesagt, was wegfiele.")
    ] = False,
    daten: Daten = DATEN,
) -> None:
    """Eine Lieferung unwiderruflich löschen: Werte, Datei im Eingang und jeden Text, der sie zitiert."""
    from etl.loeschung import find_loeschung, loesche_lieferung
    from indicators.sperre import sperre

    ziel = _intern(daten, gebiet)
    plan = find_loeschung(ziel, nummer)
    was = f"Lieferung {', '.join(map(str, plan.nummern))} ({', '.join(plan.quellen)})"
    umfang = f"{_zahl(plan.werte, 'Wert', 'Werte')}, {_zahl(len(plan.dateien), 'Datei', 'Dateien')} im Eingang"
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
        _protokolliere(daten, "lieferung_geloescht", gebiet, lieferung=nr)
    print(f"Endgültig gelöscht: {was}, {umfang}.")
    print("  Veröffentlichte Stände bleiben, auch der gezeigte; sie enthalten nur geschützte Zahlen.")
    if (ziel.parent / "gedaechtnis").is_dir():
        print("  Was davon schon veröffentlicht war, bleibt als Fallzahl im Gedächtnis (geheim): Ohne es ließen sich")
        print("  gesperrte Zahlen aus alten und neuen Ständen ausrechnen.")
    print(f"  Ohne diese Lieferung rechnet der nächste: »{PROGRAMM} veroeffentlichen --gebiet {gebiet}«.")
    print("  Sicherungen, die vorher entstanden, enthalten die Lieferung noch: nach Ihrem Löschkonzept vernichten.")


_NACH_VEROEFFENTLICHEN = f"Gezeigt wird das nach »{PROGRAMM} veroeffentlichen --gebiet {{}}«."


def _intern(daten: Path, gebiet_id: str) -> Path:
    pfad = daten / Katalog(daten).gebiet(gebiet_id).id / "intern.duckdb"
    if not pfad.is_file():
        raise MonitoringError(
            "Es ist noch nichts geladen.", wo=str(pfad), tun=f"»{PROGRAMM} laden --gebiet {gebiet_id}« ausführen."
        )
    return pfad


# --- own areas -------------------------------------------------------------------------------

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
    ziel = _intern(daten, gebiet).parent
    befunde = _pruefe_eigene(katalog, g, ziel, eigene, tor=not schnell)
    bausteine = g.ebene(eigene.bausteine).titel_plural
    anzahl = _zahl(len(eigene.raeume), "Raum", "Räume")
    print(f"Eigene Räume »{eigene.id}« ({eigene.titel}): {anzahl} aus der Ebene {bausteine}.")
    for befund in befunde:
        urteil = f"abgelehnt. {befund.abgelehnt}" if befund.abgelehnt else "kann veröffentlicht werden."
        print(f"  {befund.name} ({_zahl(befund.teile, 'Teil', 'Teile')}): {urteil}")
        for hinweis in befund.hinweise:
            print(f"    Hinweis: {hinweis}")
    if abgelehnt := [b.name for b in befunde if b.abgelehnt]:
        anzahl = _zahl(len(abgelehnt), "Raum lässt", "Räume lassen")
        raise GeheimhaltungError(
            f"{anzahl} sich nicht veröffentlichen: {', '.join(abgelehnt)}.",
            wo=str(datei),
            tun="Räume dazunehmen oder anders zusammenfassen. Die übrigen Räume der Datei können erscheinen.",
        )


def _pruefe_eigene(katalog: Katalog, gebiet, ordner: Path, eigene, *, tor: bool) -> list:
    from indicators.eigene_pruefung import pruefe

    with _fortschritt("Eigene Räume") as melde:
        return pruefe(
            gebiet, katalog.quellen(), katalog.kennzahlen(), katalog.freigaben(), ordner, eigene, melde=melde, tor=tor
        )


@eigene_cli.command("liste", cls=Befehl)
def eigene_liste(gebiet: GebietId, daten: Daten = DATEN) -> None:
    """Alle eigenen Räume und was aus ihnen geworden ist: gezeigt, wartet oder abgelehnt."""
    zustaende = _eigene_werkstatt(daten).liste(gebiet)
    if not zustaende:
        print(f"Keine eigenen Räume. »{PROGRAMM} eigene anlegen DATEI --gebiet {gebiet}« legt welche an.")
    for z in zustaende:
        teile = _zahl(len(z.teile), "Teil", "Teile") if z.teile else ""
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
    pfad = _eigene_werkstatt(daten).lege_an(gebiet, eigene, ersetzen=ersetzen)
    anzahl = _zahl(len(eigene.raeume), "eigener Raum", "eigene Räume")
    print(f"Übernommen: {anzahl} in {pfad}. {_NACH_VEROEFFENTLICHEN.format(gebiet)}")


@eigene_cli.command("entfernen", cls=Befehl)
def eigene_entfernen(
    kennung: Annotated[str, typer.Argument(metavar="ID", help="Kennung aus »eigene liste«.")],
    gebiet: GebietId,
    daten: Daten = DATEN,
) -> None:
    """Eigene Räume zurücknehmen. Was von ihnen veröffentlicht war, bleibt bei der Geheimhaltung in Rechnung."""
    _eigene_werkstatt(daten).entferne(gebiet, kennung)
    print(f"Eigene Räume »{kennung}« sind entfernt. {_NACH_VEROEFFENTLICHEN.format(gebiet)}")


def _eigene_werkstatt(daten: Path):
    from indicators.eigene_werkstatt import Werkstatt

    katalog = Katalog(daten)
    return Werkstatt(daten, katalog.gebiet, katalog.freigaben)


@cli.command(cls=Befehl)
def veroeffentlichen(gebiet: GebietId, daten: Daten = DATEN, als_json: AlsJson = False) -> None:
    """Einen geschützten Stand für alle Freigabeprofile bauen und zeigen."""
    from indicators.publish import publish

    katalog = Katalog(daten)
    g = katalog.gebiet(gebiet)
    with _fortschritt(f"Veröffentlichen {g.name}") as melde:
        ergebnis = publish(
            g,
            katalog.quellen(),
            katalog.kennzahlen(),
            katalog.freigaben(),
            daten / gebiet,
            version=_version(),
            indizes=katalog.indizes(),
            zusammenstellungen=katalog.zusammenstellungen(),
            melde=melde,
        )
    if ergebnis.neu:
        _protokolliere(daten, "veroeffentlicht", gebiet, stand=ergebnis.snapshot)
    _sage(
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
        f"{profil}: {_zahl(z['gesperrt'], 'von', 'von')} {_zahl(z['zellen'], 'Fallzahl', 'Fallzahlen')} gesperrt"
        for profil, z in ergebnis.zertifikate.items()
    ]
    abgelehnt = [f"\n  Eigener Raum »{a.name}« nicht veröffentlicht: {a.grund}" for a in ergebnis.abgelehnt]
    return f"{name}: Stand {ergebnis.snapshot} veröffentlicht ({'; '.join(anteile)}).{''.join(abgelehnt)}"


@cli.command(cls=Befehl)
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
    _protokolliere(daten, "stand_zurueck", gebiet, stand=gezeigt)
    print(f"{g.name}: Stand {gezeigt} wird gezeigt.")


@cli.command(cls=Befehl)
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
    _protokolliere(daten, "stand_zurueckgezogen", g.id, stand=stand)
    gezeigt = f"Stand {ergebnis.gezeigt} wird gezeigt" if ergebnis.gezeigt else "zurzeit wird nichts gezeigt"
    print(f"{g.name}: Stand {stand} ist zurückgezogen; {gezeigt}.")
    print(f"  Aufgehoben: {ergebnis.beleg}. Was jemand schon heruntergeladen hat, lässt sich nicht zurückholen.")
    for mappe in ergebnis.mappen:
        print(f"  Achtung: {mappe} nennt diesen Stand und lässt sich nicht mehr zeigen.")


@cli.command(cls=Befehl)
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
        _protokolliere(daten, "staende_aufgeraeumt", g.id, staende=len(ergebnis.geloescht))
    was = "zu löschen wären" if probe else "gelöscht:"
    zeilen = [f"{g.name}: {was} {_zahl(len(ergebnis.geloescht), 'Stand', 'Stände')}, {_megabyte(ergebnis.bytes)}."]
    zeilen += [f"  {'ginge' if probe else 'weg':<7} {stand}" for stand in ergebnis.geloescht]
    zeilen += [f"  bleibt  {stand} ({warum})" for stand, warum in ergebnis.bleibt.items()]
    zeilen += [f"  Hinweis: {hinweis}" for hinweis in ergebnis.hinweise]
    felder = {"geloescht": ergebnis.geloescht, "bleibt": ergebnis.bleibt, "hinweise": ergebnis.hinweise}
    _sage("\n".join(zeilen), als_json, probe=probe, bytes=ergebnis.bytes, **felder)


@cli.command(cls=Befehl)
def starten(
    daten: Daten = DATEN,
    freigabe: Annotated[
        str | None,
        typer.Option("--freigabe", help="Freigabeprofil für alle, wenn sich niemand anmeldet; sonst: oeffentlich."),
    ] = None,
    port: Port = 8050,
    adresse: Annotated[str, typer.Option("--adresse", help="Netzwerk-Adresse, auf der gezeigt wird.")] = "127.0.0.1",
) -> None:
    """Die Oberfläche im Browser zeigen. Beenden mit Strg+C."""
    import waitress

    nur_hier = adresse in ("127.0.0.1", "localhost", "::1")
    server = _create_server(daten, freigabe, wo=f"--freigabe {freigabe}, --adresse {adresse}", nur_hier=nur_hier)
    _zeige_protokoll()
    try:
        lauscher = waitress.create_server(server, host=adresse, port=port, threads=8, ident=None, url_scheme="http")
    except OSError as fehler:
        raise MonitoringError(
            f"Port {port} ist nicht frei.",
            wo=f"{adresse}:{port} ({fehler.strerror})",
            tun=f"Einen anderen wählen: »--port {port + 1}« oder PORT={port + 1} make run.",
        ) from None
    titel = server.extensions["tor"].beschreibung
    print(f"Sozialraum-Monitor ({titel}): http://{adresse}:{port}   Beenden mit Strg+C.", flush=True)
    try:
        lauscher.run()
    finally:
        lauscher.close()


@cli.command(cls=Befehl)
def export(
    gebiet: GebietId,
    ziel: Annotated[Path, typer.Option("--ziel", help="Ordner für die Dateien.")],
    freigabe: FreigabeId = "oeffentlich",
    daten: Daten = DATEN,
) -> None:
    """Alle veröffentlichten Werte als kennzahlen_daten.csv mit datapackage.json."""
    from indicators.bericht.daten import write_daten

    for pfad in write_daten(_store(daten, gebiet, freigabe), ziel):
        print(f"geschrieben: {pfad}")


@cli.command(cls=Befehl)
def bericht(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name des Berichts, zum Beispiel pflegeplanung.")],
    gebiet: GebietId,
    ziel: Annotated[Path, typer.Option("--ziel", help="Ordner für die Datei.")],
    freigabe: FreigabeId = "oeffentlich",
    daten: Daten = DATEN,
) -> None:
    """Eine Arbeitsmappe mit den Tabellen eines Berichts schreiben."""
    from indicators.bericht.pflegeplanung import list_berichte

    berichte = list_berichte()
    if name not in berichte:
        raise MonitoringError(f"Den Bericht »{name}« gibt es nicht.", wo=f"vorhanden: {', '.join(berichte)}")
    print(f"geschrieben: {berichte[name](_store(daten, gebiet, freigabe), ziel)}")


@cli.command(cls=Befehl)
def handbuch(
    ziel: Annotated[Path, typer.Option("--ziel", help="Ordner für die Dateien.")],
    daten: Daten = DATEN,
) -> None:
    """Das Methodenhandbuch aus dem Katalog schreiben: Markdown, HTML und Word."""
    from datetime import date

    from indicators.handbuch import Katalogtexte, write_handbuch

    katalog = Katalog(daten)
    texte = Katalogtexte(
        kennzahlen=katalog.kennzahlen(),
        titel={name: m.titel for q in katalog.quellen().values() for name, m in q.merkmale.items()},
        zusammenstellungen=katalog.zusammenstellungen(),
        indizes=katalog.indizes(),
    )
    for pfad in write_handbuch(texte, ziel, version=_version(), heute=date.today()):
        print(f"geschrieben: {pfad}")


@cli.command(cls=Befehl)
def dokumente(
    ziel: Annotated[Path, typer.Option("--ziel", help="Ordner für die Dokumente.")],
    gebiet: Annotated[str | None, typer.Option("--gebiet", help="Nur dieses Gebiet; Vorgabe: alle geladenen.")] = None,
    daten: Daten = DATEN,
) -> None:
    """Datenschutzkonzept, Verzeichniseintrag, Zertifikat, DSFA-Vorprüfung und WiBA als Entwurf schreiben."""
    from datetime import date

    from dashboard.zugangsdatei import DATEI, read_zugang
    from geodata.protokoll import read_protokoll
    from indicators.dokumente import Betrieb, build_werte, write_dokumente

    katalog = Katalog(daten)
    gewaehlt = [katalog.gebiet(gebiet)] if gebiet else list(katalog.gebiete().values())
    geladen = [g for g in gewaehlt if (daten / g.id / "intern.duckdb").is_file()]
    if not geladen:
        raise MonitoringError(
            "Es ist noch nichts geladen, was zu beschreiben wäre.",
            wo=str(daten.resolve()),
            tun=f"Erst »{PROGRAMM} laden«, am besten auch »{PROGRAMM} veroeffentlichen«.",
        )
    freigaben = tuple(katalog.freigaben())
    zugang = read_zugang(daten, {f.id: f.rang for f in freigaben}) if (daten / DATEI).is_file() else None
    betrieb = Betrieb(
        daten=daten.resolve(),
        version=_version(),
        heute=date.today(),
        freigaben=freigaben,
        zugang=zugang.model_dump() if zugang else None,
        protokoll=len(read_protokoll(daten)),
    )
    werte = build_werte(betrieb, [_angaben(katalog, daten, g) for g in geladen])
    dateien, offen = write_dokumente(ziel, werte, daten / "katalog")
    for pfad in dateien:
        print(f"geschrieben: {pfad}")
    print(f"{_zahl(len(offen), 'Feld füllt', 'Felder füllt')} der Kreis aus; sie stehen in 00_offene_felder.")


def _angaben(katalog: Katalog, daten: Path, gebiet):
    """What `dokumente` says about one Gebiet: numbers of things, never a value."""
    from etl.bestand import list_lieferungen
    from indicators.bestand import list_snapshots, read_zurueckgezogen
    from indicators.dokumente import GebietAngaben
    from indicators.store import find_aktuell

    ordner = daten / gebiet.id
    lieferungen = list_lieferungen(ordner / "intern.duckdb")
    lieferungen = lieferungen[lieferungen["entfernt_am"].isna()]["quelle"].value_counts().to_dict()
    raeume, heute = gebiet.read_raeume(), gebiet.gebietsstaende[-1].id
    je_ebene = raeume[(raeume["gebietsstand"] == heute) & ~raeume["rest"]]["ebene"].value_counts()
    eingang = {p.name: sum(d.is_file() for d in p.iterdir()) for p in (ordner / "eingang").glob("*") if p.is_dir()}
    return GebietAngaben(
        id=gebiet.id,
        name=gebiet.name,
        erfunden=gebiet.erfunden,
        ebenen=tuple(
            (e.titel if je_ebene.get(e.id) == 1 else e.titel_plural, int(je_ebene.get(e.id, 0))) for e in gebiet.ebenen
        ),
        quellen=tuple(q for q in katalog.quellen().values() if gebiet.id in q.gebiet and q.id in lieferungen),
        lieferungen={str(q): int(n) for q, n in lieferungen.items()},
        eingang=eingang,
        intern_bytes=(ordner / "intern.duckdb").stat().st_size,
        staende=len(list_snapshots(ordner)),
        zurueckgezogen=len(read_zurueckgezogen(ordner)),
        gedaechtnis=(ordner / "gedaechtnis").is_dir(),
        snapshot=find_aktuell(daten, gebiet.id),
    )


@cli.command(cls=Befehl)
def sichern(
    ziel: Annotated[Path, typer.Option("--ziel", help="Neue ZIP-Datei, oder ein Ordner für sie.")],
    daten: Daten = DATEN,
    als_json: AlsJson = False,
) -> None:
    """Alles, was sich nicht neu bauen lässt, in eine Datei sichern und sie prüfen. Die Datei ist geheim."""
    from etl.sicherung import sichere

    with _fortschritt("Sicherung") as melde:
        ergebnis = sichere(daten, ziel, version=_version(), sperre=_alles_gesperrt, melde=melde)
    _protokolliere(daten, "gesichert", dateien=len(ergebnis.inhalt.dateien))
    groesse, anzahl = ergebnis.pfad.stat().st_size, len(ergebnis.inhalt.dateien)
    _sage(
        f"Gesichert und geprüft: {ergebnis.pfad} ({_zahl(anzahl, 'Datei', 'Dateien')}, {_megabyte(groesse)}).\n"
        "  Die Sicherung enthält geheime Zahlen und Lieferungen und ist nicht verschlüsselt: so schützen wie den "
        f"Datenordner.{_text_falllisten(daten, list(ergebnis.inhalt.dateien))}",
        als_json,
        datei=ergebnis.pfad,
        bytes=groesse,
        dateien=anzahl,
        gebiete=ergebnis.inhalt.gebiete,
    )


@cli.command(cls=Befehl)
def wiederherstellen(
    datei: Annotated[Path, typer.Argument(metavar="DATEI", help="Eine Datei, die »sichern« geschrieben hat.")],
    daten: Daten = DATEN,
    ersetzen: Annotated[
        bool, typer.Option("--ersetzen", help="Einen vorhandenen Datenordner beiseite legen (nicht löschen).")
    ] = False,
    nur_pruefen: Annotated[bool, typer.Option("--nur-pruefen", help="Nur die Sicherung prüfen.")] = False,
    als_json: AlsJson = False,
) -> None:
    """Eine Sicherung prüfen und daraus einen Datenordner machen."""
    from etl.archiv import check_archiv
    from etl.wiederherstellung import stelle_wieder_her
    from indicators.mitnahme import nimm_mit

    alt, berichte = None, ()
    with _fortschritt("Sicherung") as melde:
        if nur_pruefen:
            inhalt = check_archiv(datei, melde=melde)
        else:
            ergebnis = stelle_wieder_her(
                datei, daten, ersetzen=ersetzen, sperre=_alles_gesperrt, nimm_mit=nimm_mit, melde=melde
            )
            inhalt, alt, berichte = ergebnis.inhalt, ergebnis.alt, ergebnis.berichte
    if not nur_pruefen:
        _protokolliere(daten, "wiederhergestellt", sicherung_vom=inhalt.erstellt_am)
    text = "Die Sicherung ist unbeschädigt" if nur_pruefen else f"Wiederhergestellt: {daten}"
    text += f" ({_zahl(len(inhalt.dateien), 'Datei', 'Dateien')}, gesichert am {_tag(inhalt.erstellt_am)}"
    text += f" um {inhalt.erstellt_am[11:16]} Uhr UTC mit Programm {inhalt.programm})."
    for gebiet_id, stand in inhalt.gebiete.items():
        text += f"\n  {gebiet_id}: {f'Stand {stand}' if stand else 'nichts veröffentlicht'}"
    text += "".join(f"\n  {bericht}." for bericht in berichte)
    if not nur_pruefen:
        text += f"\n  Der bisherige Ordner liegt jetzt hier: {alt}" if alt else ""
        text += _text_seither(daten, inhalt.erstellt_am, mit_altem=alt is not None)
    _sage(text, als_json, erstellt_am=inhalt.erstellt_am, gebiete=inhalt.gebiete, bisheriger_ordner=alt)


def _text_seither(daten: Path, seit: str, *, mit_altem: bool) -> str:
    """What happened after the backup and is undone by it: told from the record, or at least that it may be so."""
    from collections import Counter

    from geodata.protokoll import read_protokoll

    if not mit_altem:
        return (
            "\n  Was danach geladen, veröffentlicht, zurückgezogen oder gelöscht wurde, kennt die Sicherung nicht: "
            "bitte wiederholen, Zurückziehen und Löschen zuerst."
        )
    taten = ("geladen", "befund_angenommen", "lieferung_entfernt", "lieferung_geloescht", "veroeffentlicht")
    zeilen = [z for z in read_protokoll(daten) if z["zeit"] > seit and z["tat"] in taten]
    anzahl = Counter(f"{z.get('gebiet')}: {z['tat']}" for z in zeilen)
    was = "; ".join(f"{n} × {tat}" for tat, n in sorted(anzahl.items()))
    return f"\n  Seit der Sicherung geschah, was jetzt zu wiederholen ist: {was}." if was else ""


def _text_falllisten(daten: Path, dateien: list[str]) -> str:
    """A line if person-level lists lie in the archive; a catalogue that does not read must not stop a backup."""
    try:
        listen = {q.id for q in Katalog(daten).quellen().values() if q.fallliste}
    except MonitoringError:
        return ""
    anzahl = sum(teile[1] == "eingang" and teile[2] in listen for d in dateien if len(teile := d.split("/")) > 3)
    liste = _zahl(anzahl, "Fallliste", "Falllisten")
    return f"\n  Darin {liste} mit Angaben zu einzelnen Personen, die im Eingang liegen." if anzahl else ""


def _megabyte(anzahl: int) -> str:
    return f"{anzahl / 1e6:.1f} MB".replace(".", ",")


@contextmanager
def _alles_gesperrt(ordner: Path) -> Iterator[None]:
    """Nobody loads into or publishes from the folder of this Gebiet; its files are not looked into."""
    from etl.bestand import sperre as ladesperre
    from indicators.sperre import sperre

    with ladesperre(ordner / "intern.duckdb"), sperre(ordner):
        yield


def _protokolliere(daten: Path, tat: str, gebiet: str = "", **angaben: str | int) -> None:
    from geodata.protokoll import protokolliere

    protokolliere(daten, tat, gebiet, **angaben)


@cli.command(cls=Befehl)
def diagnose(daten: Daten = DATEN, als_json: AlsJson = False) -> None:
    """Versionen, Datenordner und Stände: was der Kreis-IT bei Fragen hilft."""
    import platform
    from dataclasses import asdict

    from indicators.bestand import find_zeiger
    from indicators.staende import list_zustaende

    pakete = {p: version(p) for p in ("dash", "plotly", "pandas", "duckdb", "geopandas", "shapely")}
    staende = {}
    for gebiet_id in Katalog(daten).gebiete():
        staende[gebiet_id] = {
            "geladen": (daten / gebiet_id / "intern.duckdb").is_file(),
            "aktuell": find_zeiger(daten / gebiet_id),
            "staende": [asdict(zustand) for zustand in list_zustaende(daten / gebiet_id)],
        }
    felder = {
        "version": _version(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "pakete": pakete,
        "daten": str(daten.resolve()),
        "gebiete": staende,
    }
    zeilen = [f"{PROGRAMM} {felder['version']}, Python {felder['python']}, {felder['system']}"]
    zeilen.append("Pakete:  " + ", ".join(f"{n} {v}" for n, v in pakete.items()))
    zeilen.append(f"Daten:   {felder['daten']}")
    for gebiet_id, s in staende.items():
        geladen = "geladen" if s["geladen"] else "nicht geladen"
        zeilen.append(f"  {gebiet_id:<14} {geladen:<14} {s['aktuell'] or 'nichts veröffentlicht'}")
        for z in s["staende"]:
            groesse = _megabyte(z["bytes"]).rjust(9)
            einzelheit = f"  ({z['einzelheit']})" if z["einzelheit"] else ""
            zeilen.append(f"    {z['folge']:>5}  {z['zustand']:<22}{groesse}  {z['stand']}{einzelheit}")
    _sage("\n".join(zeilen), als_json, **felder)


# --- serving ---------------------------------------------------------------------------------


def create_server(daten: Path | None = None, freigabe: str | None = None):
    """WSGI application. Without arguments SOZIALRAUM_DATEN and SOZIALRAUM_FREIGABE decide; who may see what, is
    written in `zugang.toml`.

    Raises:
        MonitoringError: nothing published, no secret, or a profile that may only be served locally by `starten`.
    """
    daten = daten or Path(os.environ.get("SOZIALRAUM_DATEN", DATEN))
    return _create_server(daten, freigabe or os.environ.get("SOZIALRAUM_FREIGABE"), wo="SOZIALRAUM_FREIGABE")


UMGEBUNG = (
    "SOZIALRAUM_DATEN",
    "SOZIALRAUM_FREIGABE",
    "SOZIALRAUM_GEHEIMNIS_KOPFZEILE",
    "SOZIALRAUM_GEHEIMNIS_OIDC",
)
UMGEBUNG_TESTS = ("SOZIALRAUM_BROWSER", "SOZIALRAUM_REFERENZ", "SOZIALRAUM_TEST_DATEN", "SOZIALRAUM_BERLIN")


def _zeige_protokoll() -> None:
    """Logins and refusals on the error output, one line each; the system's journal adds who wrote them."""
    import logging

    ausgabe = logging.StreamHandler()
    ausgabe.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    protokoll = logging.getLogger("sozialraum")
    protokoll.addHandler(ausgabe)
    protokoll.setLevel(logging.INFO)
    protokoll.propagate = False


def _check_umgebung() -> None:
    """A mistyped setting must not be ignored: it may be the one that keeps something secret."""
    fremd = [n for n in os.environ if n.startswith("SOZIALRAUM_") and n not in UMGEBUNG + UMGEBUNG_TESTS]
    if fremd:
        raise MonitoringError(
            f"Die Einstellung {fremd[0]} gibt es nicht.",
            wo="Umgebungsvariablen",
            tun=f"Schreibweise prüfen; erlaubt sind {', '.join(UMGEBUNG)}.",
        )


def _create_server(daten: Path, freigabe: str | None, *, wo: str, nur_hier: bool = False):
    """The application with its gate.

    Args:
        freigabe: profile that everybody sees where nobody is recognised; default: the public one.
        wo: where `freigabe` was said, for the error.
        nur_hier: it will listen on this machine only.
    """
    from dashboard.anfrage import je_anfrage
    from dashboard.factory import create_app
    from dashboard.sichten import Sichten
    from dashboard.tor import Tor
    from dashboard.zugangsdatei import read_geheimnis, read_zugang
    from indicators.staende import Auslage
    from indicators.store import Store

    _check_umgebung()
    profile = {f.id: f for f in Katalog(daten).freigaben()}
    zugang = read_zugang(daten, {f.id: f.rang for f in profile.values()})
    profil = _profil(daten, freigabe or "oeffentlich")
    if zugang.modus != "keine" and freigabe:
        raise MonitoringError(
            f"Im Modus »{zugang.modus}« entscheidet die Rolle, was gezeigt wird.",
            wo=wo,
            tun="Die Angabe des Freigabeprofils weglassen.",
        )
    if profil.nur_lokal and not nur_hier:
        raise MonitoringError(
            f"Das Profil »{profil.titel}« darf nur auf diesem Rechner gezeigt werden.",
            wo=wo,
            tun="»oeffentlich« wählen, das Profil auf dem eigenen Rechner mit »sozialraum starten« ansehen oder in "
            "zugang.toml eine Anmeldung einrichten.",
        )
    geheimnis = read_geheimnis(zugang, daten) if zugang.modus != "keine" else ""
    auslage = je_anfrage(Auslage(daten, pruefe=lambda ordner: Store.open(ordner, profil.id).close()))
    if not auslage():
        raise MonitoringError(
            "Es ist noch nichts veröffentlicht.",
            wo=str(daten.resolve()),
            tun="»sozialraum demo« baut die Beispiele; eigene Daten: erst »laden«, dann »veroeffentlichen«.",
        )
    titel = {f.id: f.titel for f in profile.values()}
    tor = Tor(
        zugang, Sichten(auslage), titel, profil=profil.id, nur_lokal=profil.nur_lokal, geheimnis=geheimnis, daten=daten
    )
    if fremd := tor.check_rollen():
        raise MonitoringError(
            f"Zugangsdatei: Die Kommune »{fremd[0]}« gibt es in keinem veröffentlichten Gebiet.",
            wo=f"{daten / 'zugang.toml'}, kommunen",
            tun="Die Kennung so schreiben wie in raeume.csv des Gebiets (mit führender Null).",
        )
    return create_app(tor.read_stores, tor=tor, werkstatt=_eigene_werkstatt(daten)).server


def _profil(daten: Path, freigabe: str):
    profile = {f.id: f for f in Katalog(daten).freigaben()}
    if freigabe not in profile:
        raise MonitoringError(f"Das Freigabeprofil »{freigabe}« gibt es nicht.", wo=f"vorhanden: {', '.join(profile)}")
    return profile[freigabe]


def _store(daten: Path, gebiet_id: str, freigabe: str):
    from indicators.staende import find_gezeigt
    from indicators.store import Store

    g = Katalog(daten).gebiet(gebiet_id)
    gezeigt = find_gezeigt(daten / g.id)
    if gezeigt is None or gezeigt.ordner is None:
        raise MonitoringError(
            f"Für »{g.name}« ist noch nichts veröffentlicht.",
            wo=str(daten / g.id),
            tun=f"»sozialraum veroeffentlichen --gebiet {g.id}« ausführen.",
        )
    if gezeigt.hinweis:
        print(f"Achtung: {gezeigt.hinweis}", file=sys.stderr)
    return Store.open(gezeigt.ordner, _profil(daten, freigabe).id)


def _version() -> str:
    return version(PROGRAMM)


if __name__ == "__main__":
    main()
