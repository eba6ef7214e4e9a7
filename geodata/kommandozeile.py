"""What every command is made of: the framework's words in German, options, progress, errors, plain answers.

In the bottom room like the errors, because every room brings its own commands (`befehle*.py`); `app.py` puts them
together. Nothing here knows what a command does.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperCommand, TyperGroup

from geodata.fehler import LieferungError, MonitoringError

PROGRAMM = "sozialraum"

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


def gruppe(hilfe: str, **angaben) -> typer.Typer:
    """An empty group of commands."""
    return typer.Typer(cls=Gruppe, help=hilfe, rich_markup_mode=None, **angaben)


# --- options that many commands have -----------------------------------------------------------

Daten = Annotated[
    Path, typer.Option("--daten", envvar="SOZIALRAUM_DATEN", help="Ordner mit allen Daten.", show_envvar=False)
]
GebietId = Annotated[str, typer.Option("--gebiet", help="Kennung des Gebiets, zum Beispiel rhein_sieg.")]
FreigabeId = Annotated[str, typer.Option("--freigabe", help="Freigabeprofil: oeffentlich, kommune oder kreis.")]
AlsJson = Annotated[bool, typer.Option("--json", help="Ergebnis als JSON, für Programme.")]
Port = Annotated[int, typer.Option("--port", envvar="PORT", help="Netzwerk-Port.", show_envvar=False)]
DATEN = Path("daten")
Bedienfehler = typer.BadParameter.__mro__[1]  # every wrong use of the command line


def fuehre_aus(cli: typer.Typer) -> None:
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
    except Bedienfehler as fehler:
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


# --- answers ------------------------------------------------------------------------------------


@contextmanager
def fortschritt(titel: str) -> Iterator[Callable[[int, int, str], None]]:
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


def sage(text: str, als_json: bool = False, **felder) -> None:
    """The answer of a command: for people, or as JSON for programs."""
    print(json.dumps(felder, ensure_ascii=False, default=str) if als_json else text)


def zahl(n: int, einzahl: str, mehrzahl: str) -> str:
    """ "1.234 Werte", "1 Wert"."""
    return f"{n:,}".replace(",", ".") + f" {einzahl if n == 1 else mehrzahl}"


def tag(zeitpunkt: str) -> str:
    """The day of a time in ISO, as it is written here: 31.12.2023."""
    return ".".join(reversed(zeitpunkt[:10].split("-")))


def megabyte(anzahl: int) -> str:
    return f"{anzahl / 1e6:.1f} MB".replace(".", ",")


def nach_veroeffentlichen(gebiet_id: str) -> str:
    """What still has to be done after a change of what is loaded."""
    return f"Gezeigt wird das nach »{PROGRAMM} veroeffentlichen --gebiet {gebiet_id}«."


def check_vorhanden(datei: Path) -> Path:
    """The file, if there is one."""
    if not datei.is_file():
        raise LieferungError("Die Datei gibt es nicht.", wo=str(datei), tun="Pfad und Schreibweise prüfen.")
    return datei


def programmversion() -> str:
    return version(PROGRAMM)
