"""Login against a real OpenID Connect provider in a process of its own (tests/anbieter.py), over the network."""

import logging
import subprocess
import sys
import time
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from app import _create_server
from tests.anbieter import GEHEIMNIS, NUTZER, VERDREHT
from tests.conftest import WURZEL, free_port
from tests.hilfe_zugang import OIDC, ROLLEN, mit_zugang

HIER = "http://localhost"
WERTE = "/api/v1/torkreis/werte/testquote12/quartier.json"


class Anbieter:
    """The provider's process and its control."""

    def __init__(self) -> None:
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self.prozess = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.anbieter", str(port)],
            stdout=subprocess.PIPE, text=True, cwd=WURZEL,
        )  # fmt: skip
        assert self.prozess.stdout.readline() == "bereit\n"
        self.stelle(rueckweg=f"{HIER}/anmelden/zurueck")

    def stelle(self, nutzer: str = "karla", verdreh: str = "", **mehr) -> None:
        frage = {"nutzer": nutzer, "verdreh": verdreh, **mehr}
        assert requests.get(f"{self.url}/steuern", params=frage, timeout=20).ok

    def ende(self) -> None:
        self.prozess.terminate()
        self.prozess.wait(timeout=10)


@pytest.fixture(scope="module")
def anbieter():
    laeuft = Anbieter()
    yield laeuft
    laeuft.ende()


@pytest.fixture
def eigener_anbieter():
    """One whose keys may change."""
    laeuft = Anbieter()
    yield laeuft
    laeuft.ende()


@pytest.fixture(scope="module")
def server(torkreis, anbieter, tmp_path_factory):
    text = OIDC.format(adresse=HIER, aussteller=anbieter.url) + ROLLEN
    return _create_server(mit_zugang(torkreis, tmp_path_factory.mktemp("oidc"), text, GEHEIMNIS).daten, None, wo="")


@pytest.fixture
def tor(server):
    tor = server.extensions["tor"]
    uhren = tor.uhr, tor.wanduhr
    yield tor
    tor.uhr, tor.wanduhr = uhren


@pytest.fixture
def client(server, anbieter):
    anbieter.stelle()
    return server.test_client()


def gehe_zum_anbieter(client, weiter: str = "/torkreis/daten") -> str:
    """The browser's way to the provider; returns where the provider sends it back to."""
    antwort = client.get(weiter)
    assert antwort.status_code == 302 and antwort.location.startswith("/anmelden?weiter=")
    antwort = client.get(antwort.location)
    assert antwort.status_code == 302
    zurueck = requests.get(antwort.location, allow_redirects=False, timeout=20)
    assert zurueck.status_code == 302, zurueck.text
    return zurueck.headers["Location"].removeprefix(HIER)


def melde_an(client, weiter: str = "/torkreis/daten"):
    return client.get(gehe_zum_anbieter(client, weiter))


def verschiebe(uhr, sekunden: float):
    return lambda: uhr() + sekunden


def test_a_login_leads_to_the_page_that_was_asked_for(client, anbieter):
    for nutzer in ("karla", "bea", "beide", "oeff"):
        anbieter.stelle(nutzer)
        client.delete_cookie("sitzung")
        antwort = melde_an(client, "/torkreis/karte?kennzahl=testquote&tab=tabelle")
        assert (antwort.status_code, antwort.location) == (302, "/torkreis/karte?kennzahl=testquote&tab=tabelle")
        assert NUTZER[nutzer]["name"] in client.get("/").text
        assert client.get(WERTE).status_code == 200


def test_the_request_carries_state_nonce_and_a_challenge(client):
    frage = parse_qs(urlsplit(client.get("/anmelden").location).query)

    assert frage["code_challenge_method"] == ["S256"] and len(frage["code_challenge"][0]) == 43
    assert len(frage["state"][0]) >= 43 and len(frage["nonce"][0]) >= 43
    assert frage["response_type"] == ["code"] and frage["redirect_uri"] == [f"{HIER}/anmelden/zurueck"]
    noch_eine = parse_qs(urlsplit(client.get("/anmelden").location).query)
    assert not {noch_eine[n][0] for n in ("state", "nonce", "code_challenge")} & {v[0] for v in frage.values()}
    assert "prompt=select_account" in client.get("/anmelden?neu=1").location


@pytest.mark.parametrize("nutzer", ["fremd", "leer"])
def test_without_a_known_group_there_is_no_session(client, anbieter, nutzer):
    anbieter.stelle(nutzer)
    antwort = melde_an(client)

    assert antwort.status_code == 403 and "Zimmer 12, Tel. 99-12" in antwort.text
    assert NUTZER[nutzer]["name"] not in antwort.text
    assert client.get_cookie("sitzung") is None and client.get(WERTE).status_code == 401


@pytest.mark.parametrize("wie", [w for w in VERDREHT if w != "gruppen_text"])
def test_a_provider_that_misbehaves_lets_nobody_in(client, anbieter, caplog, wie):
    anbieter.stelle(verdreh=wie)
    antwort = melde_an(client)

    assert antwort.status_code == (503 if wie == "fehler_500" else 403)
    assert client.get_cookie("sitzung") is None and client.get(WERTE).status_code == 401
    assert "Traceback" not in antwort.text and not any(e.exc_info for e in caplog.records)


def test_a_single_group_may_be_a_text(client, anbieter):
    anbieter.stelle(verdreh="gruppen_text")
    assert melde_an(client).status_code == 302
    assert "Bedorf" in client.get("/").text


def test_what_was_tampered_with_on_the_way_back_is_refused(client):
    gut = gehe_zum_anbieter(client)
    teile = {k: v[0] for k, v in parse_qs(urlsplit(gut).query).items()}
    for aendern in ({"state": "x"}, {"state": teile["state"][:-1]}, {"state": ""}, {"iss": "https://fremd.example"},
                    {"code": ""}, {"code": "x"}, {"code": teile["code"][:-4] + "AAAA"},
                    {"error": "access_denied"}):  # fmt: skip
        gehe_zum_anbieter(client)
        frage = {k: v[0] for k, v in parse_qs(urlsplit(gehe_zum_anbieter(client)).query).items()}
        frage |= aendern
        antwort = client.get("/anmelden/zurueck", query_string=frage)
        assert antwort.status_code in (400, 403), aendern
        assert client.get_cookie("sitzung") is None
    assert client.get(gut).status_code == 400  # every attempt is tied to the latest start in this browser


def test_a_code_counts_once(client, server):
    zurueck = gehe_zum_anbieter(client)
    versuch = client.get_cookie("anmeldung").value
    assert client.get(zurueck).status_code == 302

    assert client.get(zurueck).status_code == 400
    client.set_cookie("anmeldung", versuch)
    assert client.get(zurueck).status_code == 400  # also with everything the browser knew
    andere = server.test_client()
    gehe_zum_anbieter(andere)
    assert andere.get(zurueck).status_code == 400  # caught on the way and opened in another browser
    assert andere.get_cookie("sitzung") is None


def test_a_stolen_code_with_a_state_of_ones_own_fails_at_the_provider(client, server):
    code = parse_qs(urlsplit(gehe_zum_anbieter(client)).query)["code"][0]
    andere = server.test_client()
    frage = {k: v[0] for k, v in parse_qs(urlsplit(gehe_zum_anbieter(andere)).query).items()}

    assert andere.get("/anmelden/zurueck", query_string=frage | {"code": code}).status_code == 403  # PKCE


def test_the_login_changes_the_number_of_the_session(client, anbieter):
    client.set_cookie("sitzung", "vom-angreifer-gesetzt")
    melde_an(client)
    erste = client.get_cookie("sitzung").value
    assert erste != "vom-angreifer-gesetzt"
    anbieter.stelle("bea")
    zurueck = requests.get(client.get("/anmelden").location, allow_redirects=False, timeout=20)
    client.get(zurueck.headers["Location"].removeprefix(HIER))
    zweite = client.get_cookie("sitzung").value
    assert zweite != erste and "Bea Bedorf" in client.get("/").text
    client.set_cookie("sitzung", erste)
    assert client.get(WERTE).status_code == 401


def test_a_session_ends_by_rest_and_by_its_longest_time(client, tor):
    melde_an(client)
    for minuten in (29, 58, 87):
        tor.uhr = verschiebe(tor.uhr, 29 * 60)
        assert client.get(WERTE).status_code == 200, minuten
    tor.uhr = verschiebe(tor.uhr, 31 * 60)
    antwort = client.get(WERTE)
    assert antwort.status_code == 401 and "nicht mehr angemeldet" in antwort.json["fehler"]
    melde_an(client)
    for _ in range(16):
        tor.uhr = verschiebe(tor.uhr, 29 * 60)
        client.get(WERTE)
    tor.uhr = verschiebe(tor.uhr, 17 * 60)  # eight hours and a minute
    assert client.get(WERTE).status_code == 401
    assert client.get("/torkreis/karte").location == "/anmelden?weiter=/torkreis/karte"


def test_looking_for_a_newer_snapshot_keeps_nobody_logged_in(client, tor):
    melde_an(client)
    tor.uhr = verschiebe(tor.uhr, 20 * 60)
    assert client.get("/api/v1/torkreis/stand.json").status_code == 200
    tor.uhr = verschiebe(tor.uhr, 20 * 60)
    assert client.get(WERTE).status_code == 401


def test_a_login_that_takes_too_long_has_to_start_again(client, tor):
    zurueck = gehe_zum_anbieter(client)
    tor.uhr = verschiebe(tor.uhr, 601)
    assert client.get(zurueck).status_code == 400


def test_after_the_logout_the_old_cookie_is_worth_nothing(client):
    melde_an(client)
    alt = client.get_cookie("sitzung").value
    for herkunft in ({}, {"Origin": "https://fremd.example"}, {"Origin": "null"}):
        assert client.post("/abmelden", headers=herkunft).status_code == 403
    assert client.get("/abmelden").status_code in (404, 405) and client.get(WERTE).status_code == 200

    antwort = client.post("/abmelden", headers={"Origin": HIER})
    assert antwort.status_code == 200 and "abgemeldet" in antwort.text
    assert "post_logout_redirect_uri" in antwort.text and antwort.headers["Clear-Site-Data"] == '"cache"'
    client.set_cookie("sitzung", alt)
    assert client.get(WERTE).status_code == 401
    assert client.get("/torkreis/daten").location.startswith("/anmelden")
    assert client.post("/abmelden", headers={"Origin": HIER}).status_code == 303  # twice does no harm


def test_new_keys_of_the_provider_are_fetched_but_not_at_every_forgery(torkreis, eigener_anbieter, tmp_path):
    anbieter = eigener_anbieter
    text = OIDC.format(adresse=HIER, aussteller=anbieter.url) + ROLLEN
    server = _create_server(mit_zugang(torkreis, tmp_path / "d", text, GEHEIMNIS).daten, None, wo="")
    client, jetzt = server.test_client(), time.time()
    anbieter.stelle()
    server.extensions["tor"].wanduhr = lambda: jetzt
    assert melde_an(client).status_code == 302
    client.delete_cookie("sitzung")
    anbieter.stelle(frisch="1")
    assert melde_an(client).status_code == 403  # asked a moment ago: forgeries could make us ask for ever
    server.extensions["tor"].wanduhr = lambda: jetzt + 31
    assert melde_an(client).status_code == 302


def test_identity_headers_mean_nothing_here(client):
    for name in ("X-Remote-User", "Remote-User", "X-Forwarded-User", "Authorization"):
        assert client.get(WERTE, headers={name: "karla"}).status_code == 401


def test_the_log_holds_pseudonyms_alone(client, anbieter, caplog):
    with caplog.at_level(logging.INFO, "sozialraum"):
        melde_an(client)
        client.post("/abmelden", headers={"Origin": HIER})
        anbieter.stelle("fremd")
        melde_an(client)
    texte = [e.getMessage() for e in caplog.records if e.name == "sozialraum.zugang"]

    assert len(texte) == 3 and "angemeldet" in texte[0] and "abgemeldet" in texte[1] and "keine Rolle" in texte[2]
    pseudonym = texte[0].split(":")[1].split()[0]
    assert pseudonym in texte[1] and pseudonym not in texte[2]
    for wort in ("arla", "Frida", "g-kreis", GEHEIMNIS, "code", "eyJ"):
        assert not any(wort in t for t in texte), wort


def test_a_provider_that_is_away_gives_a_german_503(torkreis, tmp_path):
    text = OIDC.format(adresse=HIER, aussteller=f"http://127.0.0.1:{free_port()}") + ROLLEN
    client = _create_server(mit_zugang(torkreis, tmp_path / "d", text, GEHEIMNIS).daten, None, wo="").test_client()

    antwort = client.get("/anmelden")
    assert antwort.status_code == 503 and antwort.headers["Retry-After"]
    assert "Anmeldedienst Ihres Hauses antwortet nicht" in antwort.text


def test_only_the_issuer_is_contacted(torkreis, anbieter, tmp_path):
    """A provider whose documents point elsewhere is not followed."""
    from dashboard.oidc import Anbieter as Unserer
    from dashboard.oidc import AnbieterFehler
    from dashboard.zugangsdatei import Oidc

    unserer = Unserer(Oidc(aussteller=anbieter.url, client_id="sozialraum"), GEHEIMNIS, f"{HIER}/anmelden/zurueck")
    for fremd in ("https://fremd.example/token", anbieter.url.replace("127.0.0.1", "localhost"), "", None):
        with pytest.raises(AnbieterFehler, match="nicht beim Aussteller"):
            unserer._check_ort(fremd, "token_endpoint")
    with pytest.raises(AnbieterFehler, match="anderen Aussteller"):
        anders = anbieter.url.replace("127.0.0.1", "localhost")
        Unserer(Oidc(aussteller=anders, client_id="x"), "g", HIER).beschreibung()
