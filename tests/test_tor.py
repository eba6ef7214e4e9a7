"""The gate with a proxy in front and without anybody: identity only from the trusted peer with the secret, one view
per role on every path, looking as others, and nothing in a cache that others read."""

import logging

import pytest
from flask import request

from app import _create_server
from geodata.fehler import MonitoringError
from tests.conftest import free_port, start_server
from tests.hilfe_zugang import GEHEIMNIS, KOPFZEILE, ROLLEN, als_gruppe, mit_zugang

WERTE = "/api/v1/torkreis/werte/testquote12/quartier.json"
SEITEN = ("karte", "zeitreihe", "steckbrief", "steckbrief/99002", "daten", "methodik")
HERKUNFT = {"Origin": "https://monitor.kreis.example"}


@pytest.fixture(scope="module")
def server(torkreis, tmp_path_factory):
    return _create_server(mit_zugang(torkreis, tmp_path_factory.mktemp("tor"), KOPFZEILE, GEHEIMNIS).daten, None, wo="")


@pytest.fixture
def client(server):
    return server.test_client()


def zaehle_offene(antwort) -> dict[str, int]:
    offene: dict[str, int] = {}
    for zeile in antwort.json["werte"]:
        offene[zeile["eltern_id"]] = offene.get(zeile["eltern_id"], 0) + (zeile["wert"] is not None)
    return offene


def test_every_role_sees_its_view(client):
    kreis, bedorf, beide, ausschuss = (
        zaehle_offene(client.get(WERTE, **als_gruppe(*g)))
        for g in (["g-kreis"], ["g-bedorf"], ["g-bedorf", "g-cehausen"], ["g-ausschuss"])
    )

    assert bedorf == ausschuss | {"99002": kreis["99002"]} != ausschuss
    assert beide == kreis | {"99001": ausschuss["99001"]} != kreis


@pytest.mark.parametrize(
    "aendern",
    [
        {"gegenueber": "192.168.7.7"},
        {"gegenueber": "10.1.3.1"},
        {"gegenueber": "::2"},
        {"gegenueber": ""},
        {"X-Proxy-Secret": GEHEIMNIS[:-1]},
        {"X-Proxy-Secret": GEHEIMNIS + "x"},
        {"X-Proxy-Secret": ""},
        {"X-Proxy-Secret": "ü€"},
        {"X-Remote-User": ""},
        {"X-Remote-User": "erika, root"},
        {"X-Remote-User": "x" * 300},
    ],
)
@pytest.mark.parametrize(
    "pfad", ["/", "/torkreis/karte", WERTE, "/_dash-layout", "/torkreis/export/alles.xlsx", "/nix"]
)
def test_a_forged_identity_is_none(client, aendern, pfad):
    frage = als_gruppe("g-kreis")
    frage["environ_overrides"]["REMOTE_ADDR"] = aendern.get("gegenueber", "127.0.0.1")
    frage["headers"].update({k: v for k, v in aendern.items() if k != "gegenueber"})

    antwort = client.get(pfad, **frage)

    assert antwort.status_code == 401
    assert "Torkreis" not in antwort.text and "99002" not in antwort.text


def test_without_the_secret_header_there_is_nobody(client):
    frage = als_gruppe("g-kreis")
    del frage["headers"]["X-Proxy-Secret"]
    assert client.get(WERTE, **frage).status_code == 401


def test_a_trusted_net_and_a_mapped_address_count(client):
    for adresse in ("10.1.2.77", "::ffff:127.0.0.1"):
        frage = als_gruppe("g-bedorf")
        frage["environ_overrides"]["REMOTE_ADDR"] = adresse
        assert client.get(WERTE, **frage).status_code == 200


def test_forwarded_headers_never_reach_the_program(server, client):
    gesehen = []
    server.before_request_funcs[None].insert(0, lambda: gesehen.append({k.lower() for k, _ in request.headers}))
    kopf = {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": "fremd", "Forwarded": "for=x", "X-Original-URL": "/x"}
    try:
        client.get("/torkreis/daten", **als_gruppe("g-kreis", **kopf))
    finally:
        server.before_request_funcs[None].pop(0)
    assert gesehen and not gesehen[0] & {k.lower() for k in (*kopf, "X-Remote-User", "X-Proxy-Secret")}


def test_a_known_person_without_a_role_is_told_whom_to_ask(client):
    for gruppen in ([], ["g-buchhaltung"], ["G-KREIS"], ["g-kreis-ehemals"]):
        antwort = client.get("/torkreis/daten", **als_gruppe(*gruppen))
        assert antwort.status_code == 403
        assert "Zimmer 12, Tel. 99-12" in antwort.text and '<html lang="de">' in antwort.text


def test_a_role_for_other_territories_sees_none_of_this_one(client):
    frage = als_gruppe("g-woanders")
    assert "Torkreis" not in client.get("/", **frage).text
    for pfad in ("/torkreis/karte", WERTE, "/torkreis/export/alles.xlsx"):
        assert client.get(pfad, **frage).status_code == 404


def test_public_paths_need_nobody_and_tell_nothing_secret(client):
    assert client.get("/gesund").status_code == 200
    assert set(client.get("/bereit").json["gebiete"]) == {"torkreis"}
    antwort = client.get("/assets/style.css?m=1")
    assert antwort.status_code == 200 and "public" in antwort.headers["Cache-Control"]
    assert client.get("/assets/../torkreis/karte").status_code in (401, 404)


def test_nothing_of_a_role_lands_in_a_shared_cache(client):
    store_name = client.get("/api/v1/torkreis/kennzahlen.json", **als_gruppe("g-bedorf")).json["stand"]["snapshot"]
    assert store_name
    pfade = ["/", *(f"/torkreis/{s}" for s in SEITEN), WERTE, "/_dash-layout", "/_dash-dependencies", "/nix"]
    for pfad in (*pfade, "/torkreis/export/alles.xlsx"):
        kopf = client.get(pfad, **als_gruppe("g-bedorf")).headers
        assert kopf["Cache-Control"] == "private, no-store" and "Cookie" in kopf["Vary"], pfad
        assert kopf["Strict-Transport-Security"] and kopf["Content-Security-Policy"], pfad


def test_value_files_are_private_and_answer_their_role_alone(client):
    namen = {}
    for gruppe in ("g-kreis", "g-bedorf", "g-cehausen", "g-ausschuss"):
        frage = {
            "output": "..plan.data...ebene.data...ebene.value...ueber.children...speichern.children..",
            "outputs": [
                {"id": i, "property": p}
                for i, p in (("plan", "data"), ("ebene", "data"), ("ebene", "value"), ("ueber", "children"),
                             ("speichern", "children"))
            ],
            "inputs": [{"id": "kennzahl", "property": "value", "value": "testquote12"},
                       {"id": "ebene", "property": "value", "value": "quartier"}],
            "state": [{"id": "url", "property": "pathname", "value": "/torkreis/karte"}],
            "changedPropIds": ["kennzahl.value"],
        }  # fmt: skip
        antwort = client.post("/_dash-update-component", json=frage, **als_gruppe(gruppe, **HERKUNFT))
        namen[gruppe] = antwort.json["response"]["plan"]["data"]["teile"][0]["wert"]
    assert len(set(namen.values())) == 4

    for gruppe in namen:
        for andere, pfad in namen.items():
            antwort = client.get(pfad, **als_gruppe(gruppe))
            assert (antwort.status_code == 200) is (gruppe == andere), (gruppe, andere)
            if gruppe == andere:
                assert antwort.headers["Cache-Control"] == "private, max-age=31536000, immutable"


def test_the_workbook_of_one_role_is_never_given_to_another(client):
    mappen = [
        client.get("/torkreis/export/alles.xlsx", **als_gruppe(g)).data for g in ("g-kreis", "g-bedorf", "g-kreis")
    ]

    assert mappen[0] == mappen[2] != mappen[1]


def test_looking_as_a_role_shows_its_pages_and_leads_back(client):
    frage = als_gruppe("g-kreis", **HERKUNFT)
    eigene, fremde = (
        zaehle_offene(client.get(WERTE, **frage)),
        zaehle_offene(client.get(WERTE, **als_gruppe("g-bedorf"))),
    )

    antwort = client.post("/ansehen-als?weiter=/torkreis/karte?kennzahl=x", data={"rolle": "bedorf"}, **frage)
    assert (antwort.status_code, antwort.location) == (303, "/torkreis/karte?kennzahl=x")
    assert zaehle_offene(client.get(WERTE, **frage)) == fremde != eigene
    assert "Zurück zur eigenen Rolle" in client.get("/torkreis/daten", **frage).text
    assert client.get(WERTE, **als_gruppe("g-kreis", nutzer="otto")).json["werte"][
        0
    ]  # the same browser, another person
    assert zaehle_offene(client.get(WERTE, **als_gruppe("g-kreis", nutzer="otto"))) == eigene
    client.post("/ansehen-als", data={"rolle": ""}, **frage)
    assert zaehle_offene(client.get(WERTE, **frage)) == eigene


def test_looking_as_a_role_is_for_the_widest_profile_alone(client):
    for gruppe, rolle in (
        ("g-bedorf", "kreis"),
        ("g-bedorf", "cehausen"),
        ("g-ausschuss", "bedorf"),
        ("g-kreis", "nix"),
    ):
        frage = als_gruppe(gruppe, **HERKUNFT)
        vorher = client.get(WERTE, **frage).json
        assert client.post("/ansehen-als", data={"rolle": rolle}, **frage).status_code == 403
        assert client.get(WERTE, **frage).json == vorher
        assert "Anzeigen als" not in client.get("/", **als_gruppe("g-bedorf")).text


@pytest.mark.parametrize("herkunft", [{}, {"Origin": "null"}, {"Origin": "https://fremd.example"},
                                      {"Origin": "http://monitor.kreis.example"},
                                      {"Origin": "https://monitor.kreis.example.fremd.example"}])  # fmt: skip
def test_a_foreign_page_cannot_change_the_role(client, herkunft):
    antwort = client.post("/ansehen-als", data={"rolle": "bedorf"}, **als_gruppe("g-kreis", **herkunft))
    assert antwort.status_code == 403 and "Set-Cookie" not in antwort.headers


@pytest.mark.parametrize(
    "weiter", ["//fremd.example", "https://fremd.example", "/\\fremd.example", "/a\nb", "javascript:1", ""]
)
def test_the_way_back_never_leads_elsewhere(client, weiter):
    frage = als_gruppe("g-kreis", **HERKUNFT)
    antwort = client.post("/ansehen-als", query_string={"weiter": weiter}, data={"rolle": "bedorf"}, **frage)
    assert antwort.location == "/"


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(client):
    antwort = client.post("/ansehen-als", data={"rolle": "bedorf"}, **als_gruppe("g-kreis", **HERKUNFT))
    teile = {t.strip().lower() for t in antwort.headers["Set-Cookie"].split(";")}

    assert {"httponly", "secure", "samesite=lax", "path=/"} <= teile
    assert antwort.headers["Set-Cookie"].startswith("__Host-sitzung=") and "domain" not in str(teile)


def test_the_header_tells_who_and_as_what(client):
    text = client.get("/", **als_gruppe("g-bedorf", nutzer="Müller <b>")).text
    assert "Müller &lt;b&gt;" in text and "Bedorf" in text and "Abmelden" not in text


def test_the_log_has_a_line_per_refusal_without_names(client, caplog):
    with caplog.at_level(logging.INFO, "sozialraum"):
        client.get("/torkreis/daten", **als_gruppe("g-fremd", nutzer="erika.mustermann"))
        frage = als_gruppe("g-kreis")
        frage["environ_overrides"]["REMOTE_ADDR"] = "192.0.2.9"
        for _ in range(3):
            client.get("/torkreis/daten", **frage)
    texte = [e.getMessage() for e in caplog.records]

    assert len([t for t in texte if "verworfen" in t]) == 1
    assert len([t for t in texte if "abgewiesen" in t]) == 4
    assert all(wort not in t for t in texte for wort in ("erika", "g-kreis", GEHEIMNIS, "/torkreis"))


# --- nobody is recognised ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lokal(torkreis, tmp_path_factory):
    daten = mit_zugang(torkreis, tmp_path_factory.mktemp("lokal"), f'modus = "keine"\n{ROLLEN}').daten
    return _create_server(daten, "kreis", wo="", nur_hier=True)


def test_the_internal_profile_is_for_this_machine_alone(torkreis, lokal):
    with pytest.raises(MonitoringError, match="nur auf diesem Rechner"):
        _create_server(torkreis.daten, "kreis", wo="")
    client = lokal.test_client()
    for host, status in (("127.0.0.1:8050", 200), ("localhost", 200), ("[::1]:8050", 200), ("fremd.example", 403),
                         ("127.0.0.1.fremd.example", 403), ("192.168.1.2", 403)):  # fmt: skip
        assert client.get(WERTE, headers={"Host": host}).status_code == status, host  # a name made to point here


def test_on_this_machine_one_may_look_as_others(lokal):
    client = lokal.test_client()
    eigene = zaehle_offene(client.get(WERTE))
    for rolle in ("bedorf", "profil_kommune", "ausschuss"):
        client.post("/ansehen-als", data={"rolle": rolle}, headers={"Origin": "http://localhost"})
        gesehen = zaehle_offene(client.get(WERTE))
        assert all(gesehen[k] <= eigene[k] for k in eigene)
    assert gesehen != eigene


def test_the_public_profile_needs_no_gate_and_may_be_cached(torkreis):
    client = _create_server(torkreis.daten, None, wo="").test_client()

    assert "Vary" not in client.get("/torkreis/daten").headers
    assert (
        client.post("/ansehen-als", data={"rolle": "kreis"}, headers={"Origin": "http://localhost"}).status_code == 403
    )
    frage = als_gruppe("g-kreis")
    assert client.get(WERTE, **frage).json == client.get(WERTE).json


def test_a_real_server_checks_the_peer_and_the_secret(torkreis, tmp_path):
    import requests

    installation = mit_zugang(torkreis, tmp_path / "d", KOPFZEILE, GEHEIMNIS)
    laeuft = start_server(installation, port=free_port(), freigabe=None)
    try:
        gut = als_gruppe("g-bedorf")["headers"]
        assert requests.get(laeuft.url + WERTE, headers=gut, timeout=30).status_code == 200
        assert requests.get(laeuft.url + WERTE, headers=gut | {"X-Proxy-Secret": "x"}, timeout=30).status_code == 401
        ohne = {k.replace("-", "_"): v for k, v in gut.items()}  # the same WSGI name, another header
        assert requests.get(laeuft.url + WERTE, headers=ohne, timeout=30).status_code == 401
    finally:
        laeuft.prozess.terminate()
        laeuft.prozess.wait(timeout=10)
