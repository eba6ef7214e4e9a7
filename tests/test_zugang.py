"""The gate, on a real published snapshot: what does not exist is 404, what is foreign is refused, nothing leaks."""

import gzip
import html
import json
from concurrent.futures import ThreadPoolExecutor

import dash
import pytest

from dashboard import ansicht, factory, festseite, wege

CALLBACK = "/_dash-update-component"


@pytest.fixture(scope="module")
def store(kleinkreis):
    return kleinkreis.store("kleinkreis")


@pytest.fixture(scope="module")
def app(store):
    return factory.create_app({"kleinkreis": store})


@pytest.fixture(scope="module")
def client(app):
    return app.server.test_client()


@pytest.fixture(scope="module")
def eintrag(store):
    return store.katalog()[0]


def ask_seite(client, pfad: str, suche: str = "", **mehr):
    """Ask for a page as the browser does: through the callback that builds it."""
    frage = {
        "output": "seite.children",
        "outputs": {"id": "seite", "property": "children"},
        "inputs": [{"id": "url", "property": "pathname", "value": pfad}],
        "state": [{"id": "url", "property": "search", "value": suche}],
        "changedPropIds": ["url.pathname"],
    }
    return client.post(CALLBACK, json=frage, **mehr)


@pytest.mark.parametrize("seite", ["karte", "zeitreihe", "steckbrief", "daten", "methodik"])
def test_every_page_answers_and_is_german(client, seite):
    antwort = client.get(f"/kleinkreis/{seite}")

    assert antwort.status_code == 200
    assert '<html lang="de">' in antwort.text
    assert "Loading..." not in antwort.text
    assert "– Kleinkreis – Sozialraum-Monitor</title>" in antwort.text
    if seite in factory.LEBENDIG:
        assert ask_seite(client, f"/kleinkreis/{seite}").status_code == 200
    else:
        assert "<h1>" in antwort.text and "<script>" not in antwort.text


def test_every_raum_has_a_steckbrief(client, store):
    for raum_id in store.raeume()["raum_id"]:
        name = html.escape(store.raum(raum_id).name)
        antwort = client.get(f"/kleinkreis/steckbrief/{raum_id}")
        assert antwort.status_code == 200
        assert f"<h1>{name}</h1>" in antwort.text


def test_a_bare_territory_leads_to_its_map(client):
    antwort = client.get("/kleinkreis")

    assert (antwort.status_code, antwort.location) == (302, "/kleinkreis/karte")


@pytest.mark.parametrize(
    "pfad",
    [
        "/nirgendwo/karte",
        "/kleinkreis/nix",
        "/kleinkreis/karte/nix",
        "/kleinkreis/steckbrief/99999",
        "/kleinkreis/karte?kennzahl=nix",
        "/kleinkreis/karte?raum=99999",
        "/kleinkreis/karte?ebene=planet",
        "/kleinkreis/karte?stichtag=gestern",
        "/kleinkreis/karte?tab=nix",
        "/kleinkreis/zeitreihe?kennzahl=nix",
        "/kleinkreis/export/nix.xlsx",
        "/kleinkreis/export/..%2F..%2Fapp.py",
        "/geo/kleinkreis/nix.bin",
        "/geo/kleinkreis/..%2Fmanifest.json",
        "/geo/nirgendwo/nix.bin",
        "/api/v1/nirgendwo/kennzahlen.json",
        "/api/v1/kleinkreis/werte/nix/kreis.json",
        "/assets/nix.js",
        "/_dash-nix",
    ],
)
def test_what_does_not_exist_is_404_without_a_stack_trace(client, pfad):
    antwort = client.get(pfad)

    assert antwort.status_code == 404
    assert "Traceback" not in antwort.text
    if not pfad.startswith(("/api/", "/_dash")):
        assert '<html lang="de">' in antwort.text


def test_markup_in_a_path_is_shown_as_text(client):
    assert "<script>alert" not in client.get("/kleinkreis/karte?kennzahl=<script>alert(1)</script>").text


def test_a_foreign_page_may_not_call_back(client):
    seite = "/kleinkreis/karte"
    assert ask_seite(client, seite, headers={"Origin": "https://fremd.example"}).status_code == 403
    assert ask_seite(client, seite, headers={"Origin": "null"}).status_code == 403
    assert ask_seite(client, seite, headers={"Origin": "http://localhost"}).status_code == 200


@pytest.mark.parametrize(
    ("pfad", "suche"),
    [("/nirgendwo/karte", ""), ("/kleinkreis/nix", ""), ("/kleinkreis/karte", "?kennzahl=nix"), ("/kleinkreis", "")],
)
def test_a_callback_with_unknown_values_is_400_json(client, pfad, suche):
    antwort = ask_seite(client, pfad, suche)

    assert antwort.status_code == 400
    assert antwort.json["fehler"]


@pytest.mark.parametrize("inhalt", [b"", b"[]", b"{", b'{"output": "nix.children"}'])
def test_a_callback_that_nobody_registered_is_400(client, inhalt):
    assert client.post(CALLBACK, data=inhalt, content_type="application/json").status_code == 400


def test_a_huge_callback_is_refused(client):
    antwort = client.post(CALLBACK, data=b" " * 300_000, content_type="application/json")

    assert antwort.status_code == 413


def test_posting_anywhere_else_is_refused(client):
    assert client.post("/kleinkreis/karte").status_code == 405


@pytest.mark.parametrize("pfad", ["/", "/kleinkreis/karte", "/nix", "/gesund", "/assets/style.css", "/_dash-layout"])
def test_every_answer_carries_the_security_headers(client, pfad):
    kopf = client.get(pfad).headers

    regeln = dict(teil.strip().split(" ", 1) for teil in kopf["Content-Security-Policy"].split(";"))
    assert regeln["default-src"] == "'self'"
    assert "unsafe" not in regeln["script-src"]
    assert regeln["frame-ancestors"] == "'none'"
    assert kopf["X-Content-Type-Options"] == "nosniff"
    assert kopf["Referrer-Policy"] == "same-origin"


def test_nothing_is_loaded_from_elsewhere(client):
    seite = client.get("/kleinkreis/karte").text

    assert "http://" not in seite.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in seite


def test_map_files_are_compressed_and_kept_for_a_year(client, store, eintrag):
    name = store.karten_teile(eintrag.id, eintrag.ebenen[-1])[0]["wert"]
    antwort = client.get(f"/werte/kleinkreis/{name}")

    assert antwort.headers["Content-Encoding"] == "gzip"
    assert antwort.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    laenge = int.from_bytes(gzip.decompress(antwort.data)[:4], "little")
    assert json.loads(gzip.decompress(antwort.data)[4 : 4 + laenge])["kennzahl"] == eintrag.id
    nochmal = client.get(f"/werte/kleinkreis/{name}", headers={"If-None-Match": antwort.headers["ETag"]})
    assert (nochmal.status_code, nochmal.data) == (304, b"")


def test_downloads_carry_their_type_and_name(client, eintrag):
    basis = f"/kleinkreis/export/{eintrag.id}_{eintrag.ebenen[-1]}"

    assert client.get(f"{basis}.xlsx").data[:2] == b"PK"
    assert client.get("/kleinkreis/export/alles.xlsx").data[:2] == b"PK"
    assert client.get(f"{basis}_excel.csv").data.startswith(b"\xef\xbb\xbf")
    assert client.get(f"{basis}_daten.csv").text.startswith("gebiet")
    assert f"kleinkreis_{eintrag.id}" in client.get(f"{basis}_daten.csv").headers["Content-Disposition"]


def test_the_workbook_of_everything_is_built_once_per_snapshot(store):
    gebaut = []

    def baue(stand) -> bytes:
        gebaut.append(stand)
        return b"PK"

    alles = wege.je_stand(baue)
    with ThreadPoolExecutor(4) as gleichzeitig:
        assert list(gleichzeitig.map(alles, [store] * 4)) == [b"PK"] * 4
    assert gebaut == [store]


def test_the_workbook_of_everything_is_announced_before_the_click(client):
    assert "Zeilen" in client.get("/kleinkreis/daten").text.split("alles.xlsx")[1][:200]


def test_a_download_of_one_stichtag_holds_only_that(client, eintrag):
    ebene = eintrag.ebenen[-1]
    tag = eintrag.stichtage[ebene][-1].isoformat()
    basis = f"/kleinkreis/export/{eintrag.id}_{ebene}_daten.csv"

    zeilen = client.get(f"{basis}?stichtag={tag}").text.splitlines()[1:]
    assert zeilen and all(tag in zeile for zeile in zeilen)
    assert client.get(f"{basis}?stichtag=1999-12-31").status_code == 404


def test_the_api_shows_what_the_store_shows_and_no_nan(client, store, eintrag):
    ebene = eintrag.ebenen[-1]
    antwort = client.get(f"/api/v1/kleinkreis/werte/{eintrag.id}/{ebene}.json")

    werte = json.loads(antwort.text, parse_constant=lambda zeichen: pytest.fail(f"{zeichen} ist kein JSON"))["werte"]
    assert len(werte) == len(store.read_werte(eintrag.id, ebene))
    assert all(zeile["wert"] is None for zeile in werte if zeile["status"] not in ("offen", "unsicher"))
    ids = [e["id"] for e in client.get("/api/v1/kleinkreis/kennzahlen.json").json["kennzahlen"]]
    assert ids == [e.id for e in store.katalog()]


def test_health_tells_the_snapshot(client, store):
    assert client.get("/gesund").json == {"status": "gesund"}
    assert client.get("/bereit").json["gebiete"] == {"kleinkreis": store.stand.snapshot}


def test_without_a_snapshot_the_start_page_helps():
    client = factory.create_app({}).server.test_client()

    assert client.get("/bereit").status_code == 503
    assert "nichts veröffentlicht" in client.get("/").text


def test_a_new_snapshot_is_served_without_a_restart(store):
    stores = {}
    client = factory.create_app(lambda: stores).server.test_client()

    assert client.get("/kleinkreis/karte").status_code == 404
    stores["kleinkreis"] = store
    assert client.get("/kleinkreis/karte").status_code == 200


def test_a_bug_is_a_german_page_without_details(store, caplog):
    def kaputt():
        raise ValueError("geheim 4711")

    client = factory.create_app(kaputt).server.test_client()
    antwort = client.get("/kleinkreis/karte")

    assert antwort.status_code == 500
    assert "geheim 4711" not in antwort.text
    assert "schiefgegangen" in antwort.text
    client.get("/kleinkreis/karte%0a2026-11-21 angemeldet: chef")
    assert not any("\n" in e.getMessage() for e in caplog.records)  # nobody writes lines of his own into the log


def test_a_link_reopens_exactly_its_view(store, eintrag):
    ebene = eintrag.ebenen[-1]
    raeume = list(store.raeume(ebene)["raum_id"][:2])
    vorher = ansicht.Ansicht(
        eintrag.id, ebene, eintrag.stichtage[ebene][0].isoformat(), raeume, tab="tabelle", baender=False
    )

    assert ansicht.read_ansicht(store, f"?{vorher.als_query()}") == vorher


def test_plain_pages_escape_every_text_and_attribute():
    link = dash.html.A("x", href='"><script>', title="a & b")
    seite = dash.html.P(["<b>", link, dash.html.Img(src="y")], hidden=True)

    assert festseite.als_html(seite) == (
        '<p hidden>&lt;b&gt;<a href="&quot;&gt;&lt;script&gt;" title="a &amp; b">x</a><img src="y"></p>'
    )
    with pytest.raises(TypeError):
        festseite.als_html(dash.dcc.Store(id="x"))
