"""Fixtures that enter by the same door as people: the command line, real files, a real server, a real browser."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

from indicators.store import Store, find_aktuell
from tests.befehle import rufe

os.environ["OPENPYXL_LXML"] = "False"  # read by openpyxl when first imported: the same bytes with and without lxml
WURZEL = Path(__file__).parent.parent
KLEINKREIS = Path(__file__).parent / "kleinkreis"


@dataclass
class Installation:
    """A data folder and the program that works on it."""

    daten: Path

    def run(self, *angaben: str, erwarte: int | None = 0) -> subprocess.CompletedProcess:
        """Run one command as a user would and check its exit code (None: do not check)."""
        ergebnis = rufe([*angaben, "--daten", str(self.daten)], self.daten)
        if erwarte is not None:
            assert ergebnis.returncode == erwarte, ergebnis.stdout + ergebnis.stderr
        return ergebnis

    def store(self, gebiet: str, freigabe: str = "oeffentlich") -> Store:
        ordner = find_aktuell(self.daten, gebiet)
        assert ordner is not None, f"{gebiet} ist nicht veröffentlicht"
        return Store.open(ordner, freigabe)


def build_kleinkreis(daten: Path) -> Installation:
    """The tiny invented territory of tests/kleinkreis as catalogue overlay and deliveries, nothing loaded yet."""
    shutil.copytree(KLEINKREIS / "katalog", daten / "katalog")
    shutil.copytree(KLEINKREIS / "eingang", daten / "kleinkreis" / "eingang")
    return Installation(daten)


@pytest.fixture
def neuer_kleinkreis(tmp_path: Path) -> Installation:
    """A Kleinkreis of one's own, with deliveries but nothing loaded."""
    return build_kleinkreis(tmp_path / "daten")


@pytest.fixture(scope="session")
def kleinkreis(tmp_path_factory) -> Installation:
    """The Kleinkreis, loaded and published. Read only: tests that change something take `neuer_kleinkreis`."""
    installation = build_kleinkreis(tmp_path_factory.mktemp("kleinkreis") / "daten")
    installation.run("laden", "--gebiet", "kleinkreis")
    installation.run("veroeffentlichen", "--gebiet", "kleinkreis")
    return installation


@pytest.fixture(scope="session")
def torkreis(tmp_path_factory) -> Installation:
    """Three Kommunen whose release profiles differ, published. Read only."""
    from tests.hilfe_zugang import find_torkreis

    return find_torkreis(tmp_path_factory)


@pytest.fixture(scope="session")
def zeile(tmp_path_factory):
    """The command line without the seconds of starting Python: for tests that give many commands."""
    from tests.hilfe_staende import befehlszeile

    with befehlszeile(tmp_path_factory.mktemp("ausgabe")) as zeile:
        yield zeile


@pytest.fixture(scope="session")
def zwei_staende(zeile, tmp_path_factory) -> Path:
    """Data folder of a Kleinkreis published twice, and a delivery loaded that is not published yet. Read only."""
    from tests.hilfe_staende import aendere, baue_staende

    daten = tmp_path_factory.mktemp("zwei staende") / "daten"
    baue_staende(zeile, daten, 2)
    aendere(daten, 7)
    zeile.run(daten, "laden")
    return daten


@pytest.fixture(scope="session")
def drei_staende(zeile, zwei_staende, tmp_path_factory) -> tuple[Path, list[str]]:
    """The same, published a third time, and every step of that run that changed the disk. Read only."""
    from tests.hilfe_staende import kopiere

    daten = kopiere(zwei_staende, tmp_path_factory.mktemp("drei staende") / "daten")
    return daten, zeile.run(daten, "veroeffentlichen", schritte=True).schritte


@pytest.fixture(scope="session")
def beispiel(tmp_path_factory) -> Installation:
    """All example territories, built by the README's command. Read only.

    Building takes minutes. Whoever works on pages only may point SOZIALRAUM_TEST_DATEN to a data folder that is
    already built (it holds `<gebiet>/AKTUELL.json`); it is used as it is and never written to.
    """
    gebaut = os.environ.get("SOZIALRAUM_TEST_DATEN")
    if gebaut and any(Path(gebaut).glob("*/AKTUELL.json")):
        return Installation(Path(gebaut))
    # Several test processes share what one of them builds.
    gemeinsam = tmp_path_factory.getbasetemp().parent if "PYTEST_XDIST_WORKER" in os.environ else None
    daten = gemeinsam / "beispiel daten ä" if gemeinsam else tmp_path_factory.mktemp("beispiel daten ä")
    daten.mkdir(exist_ok=True)
    installation = Installation(daten)
    with FileLock(f"{daten}.lock"):
        if not (daten / "gebaut").exists():
            installation.run("demo", "--nur-bauen")
            (daten / "gebaut").touch()
    return installation


@dataclass
class Server:
    url: str
    prozess: subprocess.Popen


def start_server(installation: Installation, *, port: int, freigabe: str | None = "oeffentlich") -> Server:
    """Start the real server and wait until it says where it listens. None: roles decide."""
    prozess = subprocess.Popen(
        [sys.executable, str(WURZEL / "app.py"), "starten", "--daten", str(installation.daten), "--port", str(port),
         *(["--freigabe", freigabe] if freigabe else [])],
        stdout=subprocess.PIPE, text=True, encoding="utf-8",
    )  # fmt: skip
    zeile = prozess.stdout.readline()
    assert "http://" in zeile, f"Server startet nicht: {zeile}{prozess.stdout.read()}"
    return Server(f"http://127.0.0.1:{port}", prozess)


def free_port() -> int:
    import socket

    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture(scope="session")
def server(beispiel: Installation) -> Iterator[Server]:
    """The dashboard over all example territories, profile oeffentlich."""
    laeuft = start_server(beispiel, port=free_port())
    yield laeuft
    laeuft.prozess.terminate()
    laeuft.prozess.wait(timeout=10)


@pytest.fixture(scope="session")
def snapshot_muster(beispiel: Installation) -> Store:
    return beispiel.store("musterkreis")


@pytest.fixture(scope="session")
def referenz() -> Path:
    """Folder of reference data that does not ship with the project."""
    ort = os.environ.get("SOZIALRAUM_REFERENZ")
    if not ort or not Path(ort).is_dir():
        pytest.skip("Referenzdaten fehlen: SOZIALRAUM_REFERENZ zeigt auf keinen Ordner")
    return Path(ort)


@pytest.fixture(scope="session")
def browser():
    """A real Chromium, without any network but the loopback server."""
    from playwright.sync_api import sync_playwright

    from tests.browser import ARGUMENTE, find_browser

    with sync_playwright() as playwright:
        laeuft = playwright.chromium.launch(executable_path=find_browser(), args=ARGUMENTE)
        yield laeuft
        laeuft.close()
