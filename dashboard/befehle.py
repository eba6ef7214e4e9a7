"""What `starten` does: serving on one address until somebody stops it."""

from __future__ import annotations

import logging

import waitress
from flask import Flask

from geodata.fehler import MonitoringError


def lausche(server: Flask, adresse: str, port: int) -> None:
    """Serve, and say where.

    Raises:
        MonitoringError: somebody else listens on that port.
    """
    zeige_protokoll()
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


def zeige_protokoll() -> None:
    """Logins and refusals on the error output, one line each; the system's journal adds who wrote them."""
    ausgabe = logging.StreamHandler()
    ausgabe.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    protokoll = logging.getLogger("sozialraum")
    protokoll.addHandler(ausgabe)
    protokoll.setLevel(logging.INFO)
    protokoll.propagate = False
