"""Looking as another role, and the way to the login where there is one."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

from flask import Flask, g, redirect, request

from dashboard import zugang
from dashboard.tor import Tor

log = logging.getLogger("sozialraum.zugang")


def install(server: Flask, tor: Tor) -> None:
    """Register the routes that the mode of this Tor needs."""

    @server.post("/ansehen-als")
    def ansehen_als():
        return wechsle(tor)

    if tor.einstellung.modus == "oidc":
        from dashboard import anmeldung_oidc  # two seconds that only this mode has to wait for

        anmeldung_oidc.install(server, tor)


def wechsle(tor: Tor):
    """Look as another role, or (empty) as oneself again; kept in the session, so a link never carries it."""
    if not zugang.kommt_von_hier(streng=True):
        return tor.weise_ab(403, "fremde Herkunft", "Anfragen von fremden Seiten werden nicht angenommen.")
    als = request.form.get("rolle", "")
    if als and als not in {r.id for r in g.wechsel}:
        return tor.weise_ab(403, "Rolle nicht erlaubt", "Als diese Rolle können Sie die Seiten nicht ansehen.")
    antwort = redirect(ist_eigener_weg(request.args.get("weiter", "/")), 303)
    if sitzung := tor.sitzungen.finde(tor.nummer):
        if sitzung.inhalt["kennung"] == g.kennung:
            sitzung.als = als or None
            log.info("ansehen als %s: %s", als or "eigene Rolle", g.zutritt.pseudonym or "lokal")
            return antwort
        tor.sitzungen.beende(tor.nummer)
    if not als:
        return antwort
    log.info("ansehen als %s: %s", als, g.zutritt.pseudonym or "lokal")
    return tor.setze_cookie(antwort, tor.sitzungen.beginne(als=als, kennung=g.kennung))


def ist_eigener_weg(weiter: str) -> str:
    """A path of this program to go on with; everything that could lead elsewhere becomes the start page."""
    gut = (
        weiter.startswith("/") and not weiter.startswith(("//", "/\\")) and weiter.isprintable() and "\\" not in weiter
    )
    teile = urlsplit(weiter) if gut and len(weiter) < 2000 else None
    fremd = teile is None or teile.netloc or teile.scheme or teile.path.startswith(("/anmelden", "/abmelden"))
    return "/" if fremd else weiter
