"""Finds the browser the tests drive; installs Debian's Chromium where none is found and it may."""

import os
import shutil
import subprocess
import sys

NAMEN = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "msedge")
ARGUMENTE = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_browser() -> str | None:
    """Path of an installed Chromium, Chrome or Edge; SOZIALRAUM_BROWSER wins."""
    return os.environ.get("SOZIALRAUM_BROWSER") or next((p for p in map(shutil.which, NAMEN) if p), None)


def main() -> int:
    if find_browser():
        return 0
    darf = hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get")
    if darf:
        print("Kein Chromium, Chrome oder Edge gefunden: installiere Debians chromium …", flush=True)
        umgebung = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], env=umgebung, check=False)
        befehl = ["apt-get", "install", "-y", "-qq", "chromium"]
        subprocess.run(befehl, env=umgebung, stdout=subprocess.DEVNULL, check=False)
    if find_browser():
        return 0
    print(
        "Für die Browsertests fehlt Chromium, Chrome oder Edge.\n"
        "  Abhilfe: sudo apt-get install chromium – oder SOZIALRAUM_BROWSER auf ein Programm setzen.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
