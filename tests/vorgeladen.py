"""The real command line, started a hundred times without importing a hundred times: one process has everything
imported and forks for each command. Reads one JSON order per line, answers with one JSON line.

An order may also say before which step the process kills itself. A step is everything that changes the disk: opening
a file for writing or a folder for syncing, making, renaming, removing. Nothing of the program is replaced: the
interpreter itself tells of its calls (`sys.addaudithook`), and SIGKILL asks nobody.
"""

import json
import os
import resource
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import app
import indicators.aufraeumen
import indicators.bericht.daten
import indicators.publish
import indicators.ruecknahme  # noqa: F401

SCHREIBEND = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
WO = {"os.rename": 1, "os.remove": 0, "os.rmdir": 0, "os.mkdir": 0, "os.truncate": 0}  # which argument is the place


class Schritte:
    """Counts what changes the disk below `ordner`; before step `toete_bei` the process is gone."""

    def __init__(self, ordner: str, toete_bei: int | None, liste: str) -> None:
        self._ordner, self._toete_bei, self._anzahl = ordner, toete_bei, 0
        self._griff = os.open(liste, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        sys.addaudithook(self._ereignis)

    def _ereignis(self, name: str, werte: tuple) -> None:
        if name == "open":
            pfad, modus, merkmale = werte
            if modus is None or merkmale & SCHREIBEND:  # without a mode: os.open, here a folder that is to be synced
                self._schritt("open" if merkmale & SCHREIBEND else "sync", pfad)
        elif name in WO:
            pfad = werte[WO[name]]
            in_ordner = name in ("os.remove", "os.rmdir") and werte[1] != -1  # relative to an open folder: rmtree
            self._schritt(name[3:], os.path.join(self._ordner, "…", pfad) if in_ordner else pfad)

    def _schritt(self, art: str, ort) -> None:
        if not isinstance(ort, str | os.PathLike) or not os.path.abspath(ort).startswith(self._ordner):
            return
        if self._anzahl == self._toete_bei:
            os.kill(os.getpid(), signal.SIGKILL)
        self._anzahl += 1
        os.write(self._griff, f"{art} {os.path.relpath(ort, self._ordner)}\n".encode())


def fuehre_aus(auftrag: dict) -> None:
    """In the child: become the command."""
    for nummer, datei in ((1, auftrag["stdout"]), (2, auftrag["stderr"])):
        os.dup2(os.open(datei, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666), nummer)
    sys.argv = ["sozialraum", *auftrag["angaben"]]
    os.chdir(auftrag["ort"])
    os.environ.clear()
    os.environ.update(auftrag["umgebung"])
    for modul, werte in auftrag.get("setze", {}).items():  # limits of time, so that a test need not wait for them
        for name, wert in werte.items():
            setattr(sys.modules[modul], name, wert)
    if auftrag.get("dateigroesse"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (auftrag["dateigroesse"],) * 2)
    if auftrag.get("nutzer"):
        os.setgroups([])
        os.setgid(auftrag["nutzer"])
        os.setuid(auftrag["nutzer"])
    if auftrag.get("schritte"):
        Schritte(auftrag["ordner"], auftrag.get("toete_bei"), auftrag["schritte"])
    app.main()


def main() -> None:
    for zeile in sys.stdin:
        auftrag = json.loads(zeile)
        kind = os.fork()
        if kind == 0:
            code = 1
            try:
                fuehre_aus(auftrag)
                code = 0
            except SystemExit as ende:
                code = ende.code if isinstance(ende.code, int) else 1
            except BaseException:
                import traceback

                traceback.print_exc()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(kind, 0)[1])
        print(json.dumps({"code": code}), flush=True)


if __name__ == "__main__":
    main()
