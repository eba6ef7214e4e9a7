"""The gate in front of every request: known paths only, own origin only, safe headers, German errors.

Dash answers every unknown path with 200 and every foreign POST with data; what may pass is therefore decided here.
"""

import logging
from html import escape
from urllib.parse import urlsplit

from dash import Dash
from flask import Response, jsonify, redirect, request
from werkzeug.exceptions import HTTPException

from dashboard.ansicht import UnbekannteAngabe, find_raum, read_ansicht
from geodata.fehler import MonitoringError

MAX_ANFRAGE = 256 * 1024  # bytes; the largest callback carries a view and a few keys
CALLBACK = "/_dash-update-component"
SEITEN_MIT_ANSICHT = ("karte", "zeitreihe")

TEXTE = {
    400: ("Diese Anfrage ist unvollständig", "Die Angaben passen nicht zu diesem Programm."),
    403: ("Das ist von hier aus nicht erlaubt", "Anfragen von fremden Seiten werden nicht angenommen."),
    404: ("Diese Seite gibt es nicht", "Vielleicht ist der Link veraltet oder beim Kopieren abgeschnitten worden."),
    405: ("So lässt sich diese Seite nicht aufrufen", "Die Seite nimmt nur lesende Anfragen an."),
    413: ("Diese Anfrage ist zu groß", "Das Programm nimmt nur kleine Anfragen an."),
    500: (
        "Da ist etwas schiefgegangen",
        "Der Fehler liegt beim Programm und wurde aufgezeichnet. Ein neuer Versuch hilft manchmal.",
    ),
}

log = logging.getLogger("sozialraum.dashboard")


def install(app: Dash, read_stores, seiten: dict) -> None:
    """Put the gate in front of `app`.

    Args:
        read_stores: () → {gebiet_id: Store}; asked on every request, so that a new snapshot is served at once.
        seiten: page name → module, the pages below a territory.
    """
    server = app.server
    server.config["MAX_CONTENT_LENGTH"] = MAX_ANFRAGE
    server.before_request(lambda: check_anfrage(app, read_stores, seiten))
    server.after_request(lambda antwort: set_kopfzeilen(app, antwort))
    server.register_error_handler(Exception, answer_fehler)


def check_anfrage(app: Dash, read_stores, seiten: dict):
    """None lets the request pass; everything else is the answer."""
    if request.method == "POST":
        return check_post(app)
    if ist_seite():
        return check_seite(request.path, request.query_string.decode("utf-8", "replace"), read_stores(), seiten)
    return None


def ist_seite() -> bool:
    """Whether one of the two rules by which Dash answers any path would answer this request."""
    return request.method != "POST" and request.url_rule is not None and request.url_rule.rule in ("/", "/<path:path>")


def check_post(app: Dash):
    """Only our own pages may call back, and only callbacks that exist."""
    herkunft = request.headers.get("Origin")
    if herkunft and urlsplit(herkunft).netloc != request.host:
        return answer_json(403, "Anfragen von fremden Seiten werden nicht angenommen.")
    if (request.content_length or 0) > MAX_ANFRAGE:
        return answer_json(413, "Die Anfrage ist zu groß.")
    if request.path != CALLBACK:
        return answer_json(405, "Hier sind nur lesende Anfragen möglich.")
    anfrage = request.get_json(silent=True)
    if not isinstance(anfrage, dict) or anfrage.get("output") not in app.callback_map:
        return answer_json(400, "Diese Anfrage kennt das Programm nicht.")
    return None


def check_seite(pfad: str, query: str, stores: dict, seiten: dict):
    """Raise UnbekannteAngabe for every page path that does not exist, redirect a bare territory to its map."""
    teile = [teil for teil in pfad.split("/") if teil]
    if not teile:
        return None
    if teile[0] not in stores:
        raise UnbekannteAngabe(f"Ein Gebiet »{teile[0]}« ist hier nicht veröffentlicht.")
    if len(teile) == 1:
        return redirect(f"/{teile[0]}/karte")
    check_unterseite(stores[teile[0]], teile[1:], query, seiten)
    return None


def check_unterseite(store, teile: list[str], query: str, seiten: dict) -> None:
    name, *rest = teile
    if name not in seiten or len(rest) > (1 if name == "steckbrief" else 0):
        raise UnbekannteAngabe(f"Die Seite »{'/'.join(teile)}« gibt es nicht.")
    if rest:
        find_raum(store, rest[0])
    if name in SEITEN_MIT_ANSICHT:
        read_ansicht(store, query)


def find_csp(app: Dash) -> str:
    """The content security policy; only Dash's own inline scripts may run, by their hashes.

    Computed once, on the first answer: by then all callbacks are registered.
    """
    if "csp" not in app.server.extensions:
        hashes = " ".join(f"'{h}'" if not h.startswith("'") else h for h in app.csp_hashes())
        app.server.extensions["csp"] = (
            f"default-src 'self'; script-src 'self' {hashes}; style-src 'self' 'unsafe-inline'; "
            "img-src 'self' data: blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; "
            "form-action 'self'; frame-ancestors 'none'"
        )
    return app.server.extensions["csp"]


def set_kopfzeilen(app: Dash, antwort: Response) -> Response:
    kopf = antwort.headers
    kopf["Content-Security-Policy"] = find_csp(app)
    kopf["X-Content-Type-Options"] = "nosniff"
    kopf["X-Frame-Options"] = "DENY"
    kopf["Referrer-Policy"] = "same-origin"
    kopf["Cross-Origin-Opener-Policy"] = "same-origin"
    kopf["Cross-Origin-Resource-Policy"] = "same-origin"
    kopf["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), fullscreen=(self)"
    if request.path.startswith("/assets/") and "m" in request.args and antwort.status_code == 200:
        kopf["Cache-Control"] = "public, max-age=31536000, immutable"  # `m` changes with the file
    kopf.setdefault("Cache-Control", "no-cache")
    return antwort


def answer_fehler(fehler: Exception):
    """Every error as a German page, or as JSON where a program asked. Bugs keep their traceback in the log."""
    if isinstance(fehler, UnbekannteAngabe):
        status = 400 if request.path == CALLBACK else 404
        return answer(status, str(fehler))
    if isinstance(fehler, HTTPException) and fehler.code:
        return fehler if fehler.code < 400 else answer(fehler.code)
    if type(fehler).__module__.startswith("dash.") and request.path.startswith("/_dash-"):
        return answer(404)  # Dash reports a wrong script name or component as an exception of its own
    log.exception("Fehler bei %s", request.path)
    return answer(500, fehler.was if isinstance(fehler, MonitoringError) else "")


def answer(status: int, text: str = ""):
    if request.path.startswith(("/_dash-", "/api/")):
        return answer_json(status, text or TEXTE.get(status, TEXTE[400])[0])
    return build_fehlerseite(status, text), status


def answer_json(status: int, text: str):
    return jsonify({"fehler": text}), status


def build_fehlerseite(status: int, text: str = "") -> str:
    """A complete HTML page that needs nothing but the stylesheet."""
    titel, hilfe = TEXTE.get(status, TEXTE[400])
    return f"""<!DOCTYPE html>
<html lang="de">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{titel} – Sozialraum-Monitor</title>
<link rel="stylesheet" href="/assets/style.css">
</head>
<body class="fehlerseite">
<header class="kopf"><div class="kopf-zeile"><a class="marke" href="/">Sozialraum-Monitor</a></div></header>
<main class="fehler-inhalt" id="inhalt">
<p class="fehler-zahl">Fehler {status}</p>
<h1>{titel}</h1>
<p class="fehler-text">{escape(text)}</p>
<p>{hilfe}</p>
<p><a class="knopf" href="/">Zur Übersicht der Gebiete</a></p>
</main>
</body>
</html>"""
