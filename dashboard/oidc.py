"""OpenID Connect: authorization code with PKCE, state and nonce. The only network contact of the whole program.

Only the configured issuer is asked: discovery, keys and token endpoint must lie on its own origin, redirects are not
followed, proxies and .netrc of the environment are not used. Authlib builds the requests and checks the claims,
joserfc the signature.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from dashboard.kopfzeile import Person
from dashboard.zugangsdatei import Oidc

VERFAHREN = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]  # never "none"
WARTEN = (5, 10)  # seconds to connect and to answer
SPIEL = 60  # seconds that two clocks may differ
BESCHREIBUNG_GILT, SCHLUESSEL_GELTEN, SCHLUESSEL_PAUSE = 3600, 24 * 3600, 30  # seconds


class AnbieterFehler(Exception):
    """The identity provider cannot be reached or does not speak as agreed; the text is for the log."""


class AnmeldungAbgelehnt(Exception):
    """The answer of the provider is no valid login; the text is for the log and holds nothing personal."""


@dataclass(frozen=True)
class Versuch:
    """What a login under way must find again."""

    state: str
    nonce: str
    code_verifier: str


@dataclass(frozen=True)
class Angemeldet:
    person: Person
    id_token: str


class Anbieter:
    """The issuer of `zugang.toml`. Nothing is fetched before the first login.

    Args:
        rueckweg: where the provider sends the browser back to.
        zertifikate: file of the authorities to trust, True: those that come with the program.
        uhr: seconds since 1970.
    """

    def __init__(
        self,
        einstellung: Oidc,
        geheimnis: str,
        rueckweg: str,
        *,
        zertifikate: str | bool = True,
        uhr: Callable[[], float] = time.time,
    ) -> None:
        self._e, self._geheimnis, self._rueckweg, self._uhr = einstellung, geheimnis, rueckweg, uhr
        self._zertifikate = zertifikate
        self._schloss = threading.Lock()
        self._beschreibung: tuple[float, dict] = (float("-inf"), {})
        self._schluessel: tuple[float, KeySet | None] = (float("-inf"), None)

    @property
    def aussteller(self) -> str:
        """The issuer as it writes itself, with or without a slash at the end."""
        return self._beschreibung[1].get("issuer", self._e.aussteller)

    # --- the three steps of a login ----------------------------------------------------------

    def beginne(self, *, neu: bool = False) -> tuple[str, Versuch]:
        """Where the browser goes, and what must come back. `neu`: ask for the account even if one is known."""
        versuch = Versuch(*(secrets.token_urlsafe(n) for n in (32, 32, 48)))
        mehr = {"prompt": "select_account"} if neu else {}
        with self._sitzung() as sitzung:
            adresse, _ = sitzung.create_authorization_url(
                self.beschreibung()["authorization_endpoint"],
                state=versuch.state,
                nonce=versuch.nonce,
                code_verifier=versuch.code_verifier,
                **mehr,
            )
        return adresse, versuch

    def schliesse_ab(self, code: str, versuch: Versuch) -> Angemeldet:
        """Exchange the code and check what it bought.

        Raises:
            AnbieterFehler, AnmeldungAbgelehnt
        """
        beschreibung = self.beschreibung()
        verfahren = beschreibung.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        art = next((v for v in ("client_secret_basic", "client_secret_post") if v in verfahren), "client_secret_basic")
        with self._sitzung(token_endpoint_auth_method=art) as sitzung:
            try:
                antwort = sitzung.fetch_token(
                    beschreibung["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=versuch.code_verifier,
                    **self._verbindung(),
                )
            except requests.RequestException as fehler:
                raise AnbieterFehler(f"Token-Endpunkt: {type(fehler).__name__}") from None
            except (AuthlibBaseError, ValueError) as fehler:
                raise AnmeldungAbgelehnt(f"der Code wurde nicht eingelöst ({type(fehler).__name__})") from None
        if not isinstance(antwort.get("id_token"), str):
            raise AnmeldungAbgelehnt("die Antwort enthält kein id_token")
        angaben = self._pruefe(antwort["id_token"], versuch.nonce, antwort.get("access_token"))
        return Angemeldet(self._person(angaben), antwort["id_token"])

    def abmeldeadresse(self, id_token: str, zurueck: str) -> str | None:
        """Where the browser can end the provider's own session, if it offers that and is already known."""
        endpunkt = self._beschreibung[1].get("end_session_endpoint")
        if not isinstance(endpunkt, str) or not _ist_sicher(endpunkt):
            return None
        angaben = {"id_token_hint": id_token, "post_logout_redirect_uri": zurueck, "client_id": self._e.client_id}
        return f"{endpunkt}{'&' if '?' in endpunkt else '?'}{urlencode(angaben)}"

    # --- what the provider says about itself -------------------------------------------------

    def beschreibung(self) -> dict:
        """The discovery document, kept for an hour."""
        with self._schloss:
            geholt, inhalt = self._beschreibung
            if self._uhr() - geholt < BESCHREIBUNG_GILT:
                return inhalt
            inhalt = self._hole(f"{self._e.aussteller}/.well-known/openid-configuration")
            if inhalt.get("issuer") not in (self._e.aussteller, f"{self._e.aussteller}/"):
                raise AnbieterFehler("die Beschreibung nennt einen anderen Aussteller")
            for name in ("token_endpoint", "jwks_uri"):
                self._check_ort(inhalt.get(name), name)
            if not _ist_sicher(inhalt.get("authorization_endpoint")):
                raise AnbieterFehler("authorization_endpoint ist keine https-Adresse")
            self._beschreibung = (self._uhr(), inhalt)
            return inhalt

    def _check_ort(self, adresse: object, name: str) -> None:
        """Only the issuer's own origin is contacted."""
        gut = isinstance(adresse, str) and urlsplit(adresse)[:2] == urlsplit(self._e.aussteller)[:2]
        if not gut:
            raise AnbieterFehler(f"{name} liegt nicht beim Aussteller")

    def _hole_schluessel(self, *, frisch: bool) -> KeySet:
        """The issuer's keys, kept for a day; `frisch` asks again, but not more often than every half minute."""
        adresse = self.beschreibung()["jwks_uri"]
        with self._schloss:
            geholt, schluessel = self._schluessel
            alter = self._uhr() - geholt
            if schluessel is None or alter > (SCHLUESSEL_PAUSE if frisch else SCHLUESSEL_GELTEN):
                try:
                    schluessel = KeySet.import_key_set(self._hole(adresse))
                except (JoseError, ValueError, KeyError, TypeError) as fehler:
                    raise AnbieterFehler(f"Schlüssel unlesbar ({type(fehler).__name__})") from None
                self._schluessel = (self._uhr(), schluessel)
            return schluessel

    # --- checking ----------------------------------------------------------------------------

    def _pruefe(self, id_token: str, nonce: str, access_token: str | None) -> CodeIDToken:
        try:
            geprueft = jwt.decode(id_token, self._hole_schluessel(frisch=False), algorithms=VERFAHREN)
        except (JoseError, ValueError, TypeError):
            try:  # the provider may have changed its keys since
                geprueft = jwt.decode(id_token, self._hole_schluessel(frisch=True), algorithms=VERFAHREN)
            except (JoseError, ValueError, TypeError) as fehler:
                raise AnmeldungAbgelehnt(f"Unterschrift ungültig ({type(fehler).__name__})") from None
        angaben = CodeIDToken(
            geprueft.claims,
            geprueft.header,
            {
                "iss": {"essential": True, "value": self.beschreibung()["issuer"]},
                "aud": {"essential": True, "value": self._e.client_id},
                "sub": {"essential": True},
            },
            {"nonce": nonce, "client_id": self._e.client_id, "access_token": access_token},
        )
        try:
            angaben.validate(now=int(self._uhr()), leeway=SPIEL)
        except (JoseError, AuthlibBaseError, ValueError, TypeError, KeyError) as fehler:
            raise AnmeldungAbgelehnt(f"Angabe ungültig ({str(fehler)[:80]})") from None
        return angaben

    def _person(self, angaben: dict) -> Person:
        gruppen = find_angabe(angaben, self._e.gruppen_angabe)
        gruppen = [gruppen] if isinstance(gruppen, str) else gruppen
        gruppen = frozenset(g for g in gruppen if isinstance(g, str)) if isinstance(gruppen, list) else frozenset()
        name = find_angabe(angaben, self._e.name_angabe)
        return Person(str(angaben["sub"])[:200], gruppen, name[:80] if isinstance(name, str) else "")

    # --- the network -------------------------------------------------------------------------

    def _sitzung(self, **mehr) -> OAuth2Session:
        sitzung = OAuth2Session(
            self._e.client_id,
            self._geheimnis,
            scope=" ".join(self._e.bereiche),
            redirect_uri=self._rueckweg,
            code_challenge_method="S256",
            **mehr,
        )
        sitzung.trust_env = False
        return sitzung

    def _verbindung(self) -> dict:
        proxies = {"http": self._e.proxy, "https": self._e.proxy} if self._e.proxy else {}
        return {
            "timeout": WARTEN,
            "allow_redirects": False,
            "verify": self._zertifikate,
            "proxies": proxies,
        }

    def _hole(self, adresse: str) -> dict:
        with requests.Session() as sitzung:
            sitzung.trust_env = False
            try:
                antwort = sitzung.get(adresse, headers={"Accept": "application/json"}, **self._verbindung())
                inhalt = antwort.json() if antwort.status_code == 200 and len(antwort.content) < 1_000_000 else None
            except (requests.RequestException, OSError, ValueError) as fehler:
                raise AnbieterFehler(f"{urlsplit(adresse).path}: {type(fehler).__name__}") from None
        if not isinstance(inhalt, dict):
            raise AnbieterFehler(f"{urlsplit(adresse).path}: Antwort {antwort.status_code} ist keine Beschreibung")
        return inhalt


def find_angabe(angaben: dict, name: str) -> object:
    """A claim; `realm_access.roles` goes into nested ones, if no claim has just this name."""
    if name in angaben:
        return angaben[name]
    wert: object = angaben
    for teil in name.split("."):
        wert = wert.get(teil) if isinstance(wert, dict) else None
    return wert


def _ist_sicher(adresse: object) -> bool:
    """https, or http on this machine."""
    teile = urlsplit(adresse) if isinstance(adresse, str) else None
    return bool(teile) and (teile.scheme == "https" or teile.hostname in ("127.0.0.1", "localhost", "::1"))
