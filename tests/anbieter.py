"""A real OpenID Connect provider on the loopback, as a process of its own: idpyoidc, which shares no code with the
program under test. `python -m tests.anbieter PORT` serves until it is ended.

/steuern?nutzer=…&verdreh=…&frisch=1 says who sits in front of the browser, how the provider misbehaves (see VERDREHT)
and lets it change its keys. Everything else is the library's.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from cryptojwt.jwk.ec import new_ec_key
from cryptojwt.jwk.hmac import SYMKey
from cryptojwt.jwk.rsa import new_rsa_key
from cryptojwt.jws.jws import JWS, factory
from cryptojwt.key_bundle import KeyBundle
from cryptojwt.key_issuer import KeyIssuer
from idpyoidc.server import Server
from idpyoidc.server.configure import OPConfiguration

CLIENT, GEHEIMNIS = "sozialraum", "nur-fuer-tests-8f3b1c"
NUTZER = {
    "karla": {"name": "Karla Kreis", "groups": ["g-kreis", "g-sonstige"]},
    "bea": {"name": "Bea Bedorf", "groups": ["g-bedorf"]},
    "beide": {"name": "Bo Beide", "groups": ["g-bedorf", "g-cehausen"]},
    "oeff": {"name": "Olaf Öffentlich", "groups": ["g-ausschuss"]},
    "fremd": {"name": "Frida Fremd", "groups": ["g-buchhaltung"]},
    "leer": {"name": "Lee Leer"},
}
STEUERUNG = {"nutzer": "karla", "verdreh": ""}
SCHLUESSEL = [{"type": "RSA", "use": ["sig"]}, {"type": "EC", "crv": "P-256", "use": ["sig"]}]


def _verdreht(angaben: dict, jetzt: int) -> dict[str, dict]:
    """Faults in what the token says, signed as always."""
    return {
        "nonce": {"nonce": "eine andere Anmeldung"},
        "ohne_nonce": {"nonce": None},
        "aud": {"aud": ["ein-anderes-programm"]},
        "azp": {"aud": [CLIENT, "anderes"], "azp": "anderes"},
        "iss": {"iss": "https://fremd.example"},
        "abgelaufen": {"exp": jetzt - 3600, "iat": jetzt - 7200},
        "zukunft": {"iat": jetzt + 3600, "nbf": jetzt + 3600},
        "ohne_sub": {"sub": None},
        "gruppen_text": {"groups": "g-bedorf"},
        "gruppen_unsinn": {"groups": [{"g-kreis": 1}, 7, None]},
    }


VERDREHT = (*_verdreht({}, 0), "unterschrift", "schluessel", "alg_none", "alg_hs", "kein_id_token", "fehler_500")


def build_server(port: int) -> Server:
    ordner = Path(tempfile.mkdtemp(prefix="anbieter"))
    wurzel = f"http://127.0.0.1:{port}"
    konfiguration = {
        "issuer": wurzel,
        "httpc_params": {"verify": False},
        "preference": {"subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"]},
        "key_conf": {"private_path": str(ordner / "privat.json"), "key_defs": SCHLUESSEL, "uri_path": "jwks",
                     "public_path": str(ordner / "oeffentlich.json"), "read_only": False},
        "token_handler_args": {
            "jwks_def": {"private_path": str(ordner / "token.json"), "read_only": False,
                         "key_defs": [{"type": "oct", "bytes": 24, "use": ["enc"], "kid": "code"}]},
            "code": {"lifetime": 600},
            "token": {"class": "idpyoidc.server.token.jwt_token.JWTToken", "kwargs": {"lifetime": 3600}},
            "id_token": {"class": "idpyoidc.server.token.id_token.IDToken",
                         "kwargs": {"base_claims": {"groups": None, "name": None}}},
        },
        "cookie_handler": {"class": "idpyoidc.server.cookie_handler.CookieHandler", "kwargs": {
            "keys": {"private_path": str(ordner / "cookie.json"), "read_only": False, "key_defs": [
                {"type": "OCT", "use": ["enc"], "kid": "enc"}, {"type": "OCT", "use": ["sig"], "kid": "sig"}]}}},
        "authentication": {"anon": {"acr": "urn:oasis:names:tc:SAML:2.0:ac:classes:InternetProtocolPassword",
                                    "class": "idpyoidc.server.user_authn.user.NoAuthn", "kwargs": {"user": "karla"}}},
        "userinfo": {"class": "idpyoidc.server.user_info.UserInfo", "kwargs": {"db": NUTZER}},
        "add_on": {"pkce": {"function": "idpyoidc.server.oauth2.add_on.pkce.add_support",
                            "kwargs": {"essential": True, "code_challenge_methods": {"S256": True}}}},
        "template_dir": str(ordner),
    }  # fmt: skip
    konfiguration["endpoint"] = {
        "provider_info": {"path": ".well-known/openid-configuration",
                          "class": "idpyoidc.server.oidc.provider_config.ProviderConfiguration",
                          "kwargs": {"client_authn_method": None}},
        "authorization": {"path": "authorization", "class": "idpyoidc.server.oidc.authorization.Authorization",
                          "kwargs": {"client_authn_method": None, "response_types_supported": ["code"]}},
        "token": {"path": "token", "class": "idpyoidc.server.oidc.token.Token",
                  "kwargs": {"client_authn_method": ["client_secret_basic", "client_secret_post"]}},
        "end_session": {"path": "ende", "class": "idpyoidc.server.oidc.session.Session",
                        "kwargs": {"logout_verify_url": "verify_logout", "post_logout_uri_path": "post_logout"}},
    }  # fmt: skip
    server = Server(OPConfiguration(conf=konfiguration, base_path=str(ordner), domain="127.0.0.1", port=port))
    return server


def registriere(server: Server, rueckweg: str) -> None:
    """The program under test as a client, with exactly one way back."""
    wurzel = rueckweg.rsplit("/anmelden", 1)[0]
    server.context.cdb[CLIENT] = {
        "client_id": CLIENT,
        "client_secret": GEHEIMNIS,
        "redirect_uris": [(rueckweg, {})],
        "post_logout_redirect_uri": [(f"{wurzel}/abgemeldet", {})],
        "response_types": ["code"],
        "allowed_scopes": ["openid", "profile"],
        "token_endpoint_auth_method": "client_secret_basic",
        "id_token_signed_response_alg": "RS256",
    }
    server.context.keyjar.add_symmetric(CLIENT, GEHEIMNIS)


def wechsle_schluessel(server: Server) -> None:
    """From now on the provider signs with another key and shows only that."""
    buendel = KeyBundle()
    buendel.append(new_rsa_key(kid=f"neu{time.time_ns()}", use="sig"))
    buendel.append(new_ec_key("P-256", kid=f"auch{time.time_ns()}", use="sig"))  # signs access tokens
    for eigner in ("", server.context.issuer):
        server.context.keyjar[eigner] = KeyIssuer()
        server.context.keyjar.add_kb(eigner, buendel)


def verdrehe(server: Server, antwort: dict) -> dict:
    """The token answer with the fault that is asked for."""
    wie = STEUERUNG["verdreh"]
    if not wie:
        return antwort
    if wie == "kein_id_token":
        return {k: w for k, w in antwort.items() if k != "id_token"}
    bisher = factory(antwort["id_token"])
    kopf, angaben = dict(bisher.jwt.headers), json.loads(bisher.jwt.part[1])
    schluessel = server.context.keyjar.get_signing_key("RSA", "")
    match wie:
        case "unterschrift":
            anfang, rumpf, zeichen = antwort["id_token"].split(".")
            return antwort | {"id_token": f"{anfang}.{rumpf}.{zeichen[:-8]}AAAAAAAA"}
        case "schluessel":  # signed well, by somebody else who says it was the provider's key
            schluessel = [new_rsa_key(kid=kopf["kid"], use="sig", alg="RS256")]
        case "alg_none":
            return antwort | {"id_token": JWS(json.dumps(angaben), alg="none").sign_compact([])}
        case "alg_hs":  # the public key taken as a shared secret
            oeffentlich = server.context.keyjar.export_jwks()["keys"][0]["n"]
            return antwort | {"id_token": JWS(json.dumps(angaben), alg="HS256").sign_compact([SYMKey(k=oeffentlich)])}
        case _:
            angaben |= _verdreht(angaben, int(time.time()))[wie]
    angaben = {k: w for k, w in angaben.items() if w is not None}
    return antwort | {"id_token": JWS(json.dumps(angaben), alg="RS256").sign_compact(schluessel)}


class Antworter(BaseHTTPRequestHandler):
    server_op: Server

    def do_GET(self) -> None:
        teile = urlsplit(self.path)
        if teile.path == "/steuern":
            return self.steuere({k: v[-1] for k, v in parse_qs(teile.query, keep_blank_values=True).items()})
        if teile.path == "/jwks":
            return self.sende(200, self.server_op.context.keyjar.export_jwks())
        if teile.path == "/.well-known/openid-configuration":
            return self.endpunkt("provider_config", teile.query)
        if teile.path == "/authorization":
            return self.endpunkt("authorization", teile.query)
        return self.sende(404, {})

    def do_POST(self) -> None:
        rumpf = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if STEUERUNG["verdreh"] == "fehler_500":
            return self.sende(500, {"error": "server_error"})
        return self.endpunkt("token", rumpf) if self.path == "/token" else self.sende(404, {})

    def steuere(self, wunsch: dict) -> None:
        STEUERUNG.update({k: v for k, v in wunsch.items() if k in STEUERUNG})
        verfahren = self.server_op.context.authn_broker
        for eintrag in verfahren.db.values():
            eintrag["method"].user = STEUERUNG["nutzer"]
        if "rueckweg" in wunsch:
            registriere(self.server_op, wunsch["rueckweg"])
        if "frisch" in wunsch:
            wechsle_schluessel(self.server_op)
        self.sende(200, STEUERUNG)

    def endpunkt(self, name: str, eingabe: str) -> None:
        punkt = self.server_op.get_endpoint(name)
        kopf = {k.lower(): v for k, v in self.headers.items()}
        info = {"headers": kopf, "method": self.command, "url": self.path}
        frage = {k: v[-1] for k, v in parse_qs(eingabe).items()} if name != "provider_config" else ""
        anfrage = punkt.parse_request(frage, http_info=info)
        antwort = anfrage if "error" in anfrage else punkt.process_request(anfrage, http_info=info)
        if name == "provider_config":
            return self.sende(200, dict(antwort["response_args"]))
        if "error" in antwort:
            return self.sende(400, {"error": antwort["error"]})
        if name == "token":
            return self.sende(200, verdrehe(self.server_op, dict(antwort["response_args"])))
        fertig = punkt.do_response(request=anfrage, **antwort)
        self.send_response(302)
        self.send_header("Location", fertig["response"])
        self.end_headers()

    def sende(self, status: int, inhalt: dict) -> None:
        text = json.dumps(inhalt).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_) -> None:
        pass


def main() -> None:
    port = int(sys.argv[1])
    Antworter.server_op = build_server(port)
    lauscher = ThreadingHTTPServer(("127.0.0.1", port), Antworter)
    print("bereit", flush=True)
    lauscher.serve_forever()


if __name__ == "__main__":
    main()
