"""The one gate in front of every request: who is it, and what may that person see?

Everything that reads data asks `read_stores()`; inside a request it returns what the role of this request sees, so a
page, a callback, an export or a value file cannot reach a Store of another role.

What is logged: every login, logout, change of the role looked as, and every refusal, one line each, with a pseudonym
that changes with every start of the program. No names, groups, addresses of people, pages or values.
"""

from __future__ import annotations

import hmac
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, urlsplit

from flask import Flask, Response, g, has_request_context, redirect, request

from dashboard import zugang
from dashboard.kopfzeile import ORT, Filter, Person
from dashboard.rollen import Zutritt, find_rollen, finde_sicht, list_wechsel, mit_wechsel
from dashboard.sichten import OEFFENTLICH, Sichten
from dashboard.sitzungen import Sitzungen
from dashboard.zugangsdatei import DATEI, EIGENER_RECHNER, Rolle, Zugang
from geodata.fehler import MonitoringError

OHNE_DATEN = ("/assets/", "/_dash-component-suites/")  # our scripts and those of Dash
OFFEN = (
    "gesund",
    "bereit",
    "anmelden",
    "anmelden_zurueck",
    "abmelden",
    "abgemeldet",
)  # endpoints that need no identity
VON_SELBST = ("stand",)  # pages look by themselves whether there is a newer snapshot
LOKALE_SITZUNG = 12 * 3600  # seconds that a chosen role is remembered where nobody logs in

log = logging.getLogger("sozialraum.zugang")


class Tor:
    """The gate of one running program.

    Args:
        profile: release profile → title, ordered by rang, the most permissive first.
        profil: the profile shown where nobody is recognised (`modus = "keine"`).
        nur_lokal: that profile may only be seen on this machine.
        geheimnis: shared with the proxy (`kopfzeile`) or the provider (`oidc`).
        daten: paths in the configuration that are not absolute start here.

    `uhr` (monotonic seconds, for the limits of sessions) and `wanduhr` (seconds since 1970, for tokens and keys) may
    be replaced at any time: tests let hours pass that way.
    """

    def __init__(
        self,
        einstellung: Zugang,
        sichten: Sichten,
        profile: dict[str, str],
        *,
        profil: str = "oeffentlich",
        nur_lokal: bool = False,
        geheimnis: str = "",
        daten: Path = Path(),
    ) -> None:
        self.einstellung, self._sichten, self._profile = einstellung, sichten, profile
        self._rang = {name: nr for nr, name in enumerate(profile, start=1)}
        self._nur_lokal = nur_lokal
        self._lokal = Rolle(id=f"profil_{profil}", titel=profile[profil], freigabe=profil)
        self.privat = einstellung.modus != "keine" or nur_lokal
        self._cookie = "__Host-sitzung" if einstellung.https else "sitzung"
        self._salz = secrets.token_bytes(32)
        grenzen = (LOKALE_SITZUNG, LOKALE_SITZUNG)
        if einstellung.modus == "oidc":
            grenzen = (einstellung.oidc.ruhe_minuten * 60, einstellung.oidc.hoechstens_stunden * 3600)
        self.uhr: Callable[[], float] = time.monotonic
        self.wanduhr: Callable[[], float] = time.time
        self.daten, self.geheimnis = daten, geheimnis
        self.sitzungen = Sitzungen(ruhe=grenzen[0], hoechstens=grenzen[1], uhr=lambda: self.uhr())

    @property
    def beschreibung(self) -> str:
        """For the line that the start prints."""
        anmeldung = {"kopfzeile": "Anmeldung über den Webserver", "oidc": "Anmeldung mit OpenID Connect"}
        return anmeldung.get(self.einstellung.modus, self._lokal.titel)

    def install(self, server: Flask) -> None:
        """Before anything else is registered on this server."""
        kopfzeile = self.einstellung.kopfzeile if self.einstellung.modus == "kopfzeile" else None
        server.wsgi_app = Filter(server.wsgi_app, kopfzeile, self.geheimnis)
        server.before_request(self.pruefe)
        server.extensions["tor"] = self

    # --- the gate ----------------------------------------------------------------------------

    def pruefe(self) -> Response | tuple | None:
        """None lets the request pass, with `g.zutritt`; everything else is the answer."""
        g.zutritt, g.privat, g.https, g.adresse = None, self.privat, self.einstellung.https, self.einstellung.adresse
        if _ist_offen():
            return None
        if self._nur_lokal and urlsplit(f"//{request.host}").hostname not in EIGENER_RECHNER:
            return self.weise_ab(403, "Rechnername", "Diese Fassung ist nur auf diesem Rechner zu sehen.")
        match self.einstellung.modus:
            case "kopfzeile":
                return self._pruefe_kopfzeile()
            case "oidc":
                return self._pruefe_sitzung()
            case _:
                return self._lass_ein(Zutritt((self._lokal,)), "lokal")

    def _pruefe_kopfzeile(self):
        person: Person | None = request.environ.get(ORT)
        if person is None:
            hinweis = f"Die Seiten sind nur mit Anmeldung unter {self.einstellung.adresse} zu erreichen."
            return self.weise_ab(401, "keine Person", hinweis)
        return self._lass_ein(self.finde_zutritt(person), person.kennung)

    def _pruefe_sitzung(self):
        sitzung = self.sitzungen.finde(self.nummer, zaehlt=request.endpoint not in VON_SELBST)
        if sitzung is not None:
            return self._lass_ein(replace(sitzung.inhalt["zutritt"], kann_abmelden=True), sitzung.inhalt["kennung"])
        # Only what somebody goes to leads to the provider; pictures and scripts that a page asks for do not.
        if zugang.ist_seite() and request.headers.get("Sec-Fetch-Dest", "document") == "document":
            return redirect(f"/anmelden?weiter={quote(request.full_path.rstrip('?'), safe='/')}")
        return self.weise_ab(401, "keine Sitzung", "Sie sind nicht oder nicht mehr angemeldet.")

    def finde_zutritt(self, person: Person) -> Zutritt:
        """What the groups of a person give; without a role `rollen` is empty."""
        rollen = find_rollen(self.einstellung.rolle, set(person.gruppen))
        return Zutritt(rollen, person.name, self.pseudonym(person.kennung))

    def _lass_ein(self, zutritt: Zutritt, kennung: str):
        if not zutritt.rollen:
            return self.weise_ab(403, "keine Rolle", self.text_ohne_rolle(), wer=zutritt.pseudonym)
        sitzung = self.sitzungen.finde(self.nummer, zaehlt=False)
        als = sitzung.als if sitzung and sitzung.inhalt["kennung"] == kennung else None
        wechsel = {r.id: r for r in self.wechsel(zutritt)} if als else {}
        g.zutritt = mit_wechsel(zutritt, wechsel.get(als), self._rang)
        g.wechsel = self.wechsel(zutritt)
        g.kennung = kennung
        return None

    def wechsel(self, zutritt: Zutritt) -> list[Rolle]:
        """The roles that this person may look as."""
        return list_wechsel(mit_wechsel(zutritt, None, self._rang), self.einstellung.rolle, self._profile, self._rang)

    def text_ohne_rolle(self) -> str:
        return (
            "Ihr Konto gehört zu keiner Gruppe, die diese Seiten sehen darf. Bitte wenden Sie sich an: "
            f"{self.einstellung.ansprechstelle}."
        )

    def weise_ab(self, status: int, warum: str, text: str, *, wer: str = ""):
        """Refuse, with one line in the log."""
        log.warning("abgewiesen %s: %s%s", status, warum, f" ({wer})" if wer else "")
        return zugang.answer(status, text)

    # --- what a request sees -----------------------------------------------------------------

    def read_stores(self) -> dict:
        """Gebiet → Store of the present request; outside of one, and for open paths, the public view."""
        if not has_request_context():
            return self._sichten.stores(lambda gebiet, raum_ids: OEFFENTLICH)
        if "stores" not in g:
            zutritt = g.get("zutritt")
            if zutritt is None:
                g.stores = self._sichten.stores(lambda gebiet, raum_ids: OEFFENTLICH)
            else:
                g.stores = self._sichten.stores(lambda gebiet, ids: finde_sicht(zutritt, gebiet, ids, self._rang))
        return g.stores

    def check_rollen(self) -> None:
        """Is every Kommune of the configuration one of a published Gebiet?

        Raises:
            MonitoringError: one is not.
        """
        bekannt: set[str] = set()

        def merke(gebiet: str, raum_ids: frozenset[str]) -> None:
            bekannt.update(raum_ids)

        self._sichten.stores(merke)
        if fremd := sorted({k for r in self.einstellung.rolle.values() for k in r.kommunen} - bekannt):
            raise MonitoringError(
                f"Zugangsdatei: Die Kommune »{fremd[0]}« gibt es in keinem veröffentlichten Gebiet.",
                wo=f"{self.daten / DATEI}, kommunen",
                tun="Die Kennung so schreiben wie in raeume.csv des Gebiets (mit führender Null).",
            )

    # --- sessions ----------------------------------------------------------------------------

    @property
    def nummer(self) -> str | None:
        return request.cookies.get(self._cookie)

    def setze_cookie(self, antwort: Response, nummer: str) -> Response:
        """A cookie for this browser session only; scripts and other sites never see it."""
        antwort.set_cookie(self._cookie, nummer, httponly=True, samesite="Lax", secure=self.einstellung.https, path="/")
        return antwort

    def loesche_cookie(self, antwort: Response) -> Response:
        antwort.delete_cookie(self._cookie, httponly=True, samesite="Lax", secure=self.einstellung.https, path="/")
        return antwort

    def pseudonym(self, kennung: str) -> str:
        """Tells lines of the log apart that belong to one person; cannot be computed back without this process."""
        return hmac.new(self._salz, kennung.encode("utf-8", "replace"), "sha256").hexdigest()[:10]


def _ist_offen() -> bool:
    """Scripts and styles, health and the way in: by the rule that would answer, not by how the path is written."""
    regel = request.url_rule
    return regel is not None and (request.endpoint in OFFEN or regel.rule.startswith(OHNE_DATEN))


def aktueller_zutritt() -> Zutritt | None:
    """Who asks in the present request; None where the program runs without a gate."""
    return g.get("zutritt") if has_request_context() else None
