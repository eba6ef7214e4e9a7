"""Login at an OpenID Connect provider and logout: the routes, with what has to be remembered in between."""

from __future__ import annotations

import hmac
import logging
import secrets
from html import escape

from flask import Flask, Response, make_response, redirect, request

from dashboard import zugang
from dashboard.anmeldung import ist_eigener_weg
from dashboard.oidc import Anbieter, AnbieterFehler, AnmeldungAbgelehnt, Versuch
from dashboard.sitzungen import Sitzungen
from dashboard.tor import Tor

ZEIT_ZUM_ANMELDEN = 600  # seconds between leaving for the provider and coming back
NOCHMAL = '<p><a class="knopf" href="/anmelden">Erneut anmelden</a></p>'

log = logging.getLogger("sozialraum.zugang")


def install(server: Flask, tor: Tor) -> None:
    """Register the routes of a login at the provider."""
    anbieter = build_anbieter(tor)
    versuche = Sitzungen(ruhe=ZEIT_ZUM_ANMELDEN, hoechstens=ZEIT_ZUM_ANMELDEN, anzahl=1000, uhr=lambda: tor.uhr())

    @server.get("/anmelden")
    def anmelden():
        return beginne(tor, anbieter, versuche)

    @server.get("/anmelden/zurueck")
    def anmelden_zurueck():
        return komme_zurueck(tor, anbieter, versuche)

    @server.post("/abmelden")
    def abmelden():
        return melde_ab(tor, anbieter)

    @server.get("/abgemeldet")
    def abgemeldet():
        return zugang.build_meldung("Sie sind abgemeldet", "<p>Die Sitzung ist beendet.</p>" + NOCHMAL)


def build_anbieter(tor: Tor) -> Anbieter:
    oidc = tor.einstellung.oidc
    zertifikate = str(tor.daten / oidc.zertifikate_datei) if oidc.zertifikate_datei else True
    rueckweg = f"{tor.einstellung.adresse}/anmelden/zurueck"
    return Anbieter(oidc, tor.geheimnis, rueckweg, zertifikate=zertifikate, uhr=lambda: tor.wanduhr())


def beginne(tor: Tor, anbieter: Anbieter, versuche: Sitzungen):
    """Leave for the provider; what must come back is kept here, tied to this browser."""
    try:
        adresse, versuch = anbieter.beginne(neu="neu" in request.args)
    except AnbieterFehler as fehler:
        return antworte_anbieter_fehlt(fehler)
    browser = secrets.token_urlsafe(32)
    nummer = versuche.beginne(versuch=versuch, weiter=ist_eigener_weg(request.args.get("weiter", "/")), browser=browser)
    antwort = redirect(adresse)
    antwort.set_cookie(
        cookie_name(tor), f"{nummer}.{browser}", max_age=ZEIT_ZUM_ANMELDEN, httponly=True, samesite="Lax",
        secure=tor.einstellung.https, path="/",
    )  # fmt: skip
    return antwort


def cookie_name(tor: Tor) -> str:
    return "__Host-anmeldung" if tor.einstellung.https else "anmeldung"


def komme_zurueck(tor: Tor, anbieter: Anbieter, versuche: Sitzungen):
    """The provider's answer. Every attempt counts once, so that nothing can be played back."""
    nummer, _, browser = request.cookies.get(cookie_name(tor), "").partition(".")
    gefunden = versuche.finde(nummer)
    versuche.beende(nummer)
    versuch: Versuch | None = gefunden.inhalt["versuch"] if gefunden else None
    gleich = versuch is not None and _gleich(browser, gefunden.inhalt["browser"])
    if not gleich or not _gleich(request.args.get("state", ""), versuch.state):
        return lehne_ab(tor, 400, "Anmeldung unbekannt", "Diese Anmeldung ist abgelaufen oder wurde schon benutzt.")
    if request.args.get("iss", anbieter.aussteller) != anbieter.aussteller:
        return lehne_ab(tor, 400, "anderer Aussteller", "Diese Anmeldung kommt von einem anderen Anmeldedienst.")
    if "error" in request.args or not request.args.get("code"):
        return lehne_ab(tor, 403, "Anbieter lehnt ab", "Der Anmeldedienst hat die Anmeldung nicht bestätigt.")
    try:
        angemeldet = anbieter.schliesse_ab(request.args["code"], versuch)
    except AnbieterFehler as fehler:
        return antworte_anbieter_fehlt(fehler)
    except AnmeldungAbgelehnt as fehler:
        return lehne_ab(tor, 403, f"Anmeldung ungültig: {fehler}", "Die Anmeldung ließ sich nicht bestätigen.")
    zutritt = tor.finde_zutritt(angemeldet.person)
    if not zutritt.rollen:
        anders = '<p><a class="knopf" href="/anmelden?neu=1">Mit einem anderen Konto anmelden</a></p>'
        log.warning("abgewiesen 403: keine Rolle (%s)", zutritt.pseudonym)
        return vergiss(tor, make_response(zugang.build_fehlerseite(403, tor.text_ohne_rolle(), anders), 403))
    tor.sitzungen.beende(tor.nummer)  # a number from before the login is worth nothing after it
    sitzung = tor.sitzungen.beginne(
        zutritt=zutritt, kennung=angemeldet.person.kennung, id_token=angemeldet.id_token
    )  # fmt: skip
    log.info("angemeldet: %s als %s", zutritt.pseudonym, ", ".join(r.id for r in zutritt.rollen))
    return tor.setze_cookie(vergiss(tor, redirect(gefunden.inhalt["weiter"])), sitzung)


def melde_ab(tor: Tor, anbieter: Anbieter):
    """End the session here; ending the provider's own, which other programs use too, is offered as a link."""
    if not zugang.kommt_von_hier(streng=True):
        return tor.weise_ab(403, "fremde Herkunft", "Anfragen von fremden Seiten werden nicht angenommen.")
    sitzung = tor.sitzungen.beende(tor.nummer)
    if sitzung is None:
        return tor.loesche_cookie(redirect("/abgemeldet", 303))
    log.info("abgemeldet: %s", sitzung.inhalt["zutritt"].pseudonym)
    adresse = anbieter.abmeldeadresse(sitzung.inhalt["id_token"], f"{tor.einstellung.adresse}/abgemeldet")
    mehr = "<p>Beim Anmeldedienst Ihres Hauses sind Sie weiterhin angemeldet.</p>"
    if adresse:
        mehr += f'<p><a class="knopf" href="{escape(adresse)}">Auch beim Anmeldedienst abmelden</a></p>'
    seite = zugang.build_meldung("Sie sind abgemeldet", f"<p>Die Sitzung ist beendet.</p>{mehr}{NOCHMAL}")
    antwort = tor.loesche_cookie(make_response(seite))
    antwort.headers["Clear-Site-Data"] = '"cache"'  # value files of this role lie in the browser's cache
    return antwort


def vergiss(tor: Tor, antwort: Response) -> Response:
    antwort.delete_cookie(cookie_name(tor), httponly=True, samesite="Lax", secure=tor.einstellung.https, path="/")
    return antwort


def lehne_ab(tor: Tor, status: int, warum: str, text: str) -> Response:
    log.warning("abgewiesen %s: %s", status, warum)
    return vergiss(tor, make_response(zugang.build_fehlerseite(status, text, NOCHMAL), status))


def antworte_anbieter_fehlt(fehler: AnbieterFehler):
    log.error("Anmeldedienst nicht erreichbar: %s", fehler)
    text = "Der Anmeldedienst Ihres Hauses antwortet nicht. Bitte versuchen Sie es in einigen Minuten wieder."
    return make_response(zugang.build_fehlerseite(503, text, NOCHMAL), 503, {"Retry-After": "60"})


def _gleich(a: str, b: str) -> bool:
    return hmac.compare_digest(a.encode("utf-8", "replace"), b.encode())
