"""A walk through all doors as every role, with everything somebody could try by hand: nothing of another role is told,
nothing fails with 500."""

import socket
import tempfile
from itertools import product
from urllib.parse import quote

import openpyxl
import pytest
import requests

from app import _create_server
from dashboard import wege
from indicators.store import Sicht, Store, find_aktuell
from tests.conftest import free_port, start_server
from tests.hilfe_zugang import FORMEL, GEHEIMNIS, KOPFZEILE, als_gruppe, frage_callback, mit_zugang
from tests.test_eingaben import GUT, WEG

ROLLEN = {
    "g-kreis": Sicht("kreis"),
    "g-bedorf": Sicht("oeffentlich", frozenset({"99002"})),
    "g-cehausen": Sicht("oeffentlich", frozenset({"99003"})),
    "g-ausschuss": Sicht("oeffentlich"),
}
HERKUNFT = {"Origin": "https://monitor.kreis.example"}
BOESE = [
    "..", "../", "../../intern.duckdb", "..%2f..%2fintern.duckdb", "%2e%2e/%2e%2e/zugang.toml", "....//", "/etc/passwd",
    "C:\\\\windows", "\\\\\\\\host\\\\x", "%00", "a%00b", "%0d%0aX-Neu:1", "x" * 3000,
    "werte_kreis", "kreis.duckdb", "*", "' OR 1=1--",
    "%ff%fe", "\u202e", "{{7*7}}", "${jndi:ldap://x}", "manifest.json", "geheimnis", "__proto__",
    "1e309", "NaN", "٢٠٢٣",
]  # fmt: skip


@pytest.fixture(scope="module")
def installation(torkreis, tmp_path_factory):
    return mit_zugang(torkreis, tmp_path_factory.mktemp("gang"), KOPFZEILE, GEHEIMNIS)


@pytest.fixture(scope="module")
def client(installation):
    return _create_server(installation.daten, None, wo="").test_client()


@pytest.fixture(scope="module")
def stores(torkreis):
    ordner = find_aktuell(torkreis.daten, "torkreis")
    return {g: Store.open_sicht(ordner, s) for g, s in ROLLEN.items()}


def zellen(store) -> set[tuple]:
    """Every number a view holds, with its place."""
    tafel = store.read_alles().dropna(subset=["wert"])
    return set(tafel[["kennzahl_id", "raum_id", "stichtag", "wert", "zaehler"]].itertuples(index=False, name=None))


def aus_api(client, frage: dict) -> set[tuple]:
    gefunden = set()
    for kennzahl, ebene in product(("bevoelkerung", "testquote", "testquote12"), ("kreis", "kommune", "quartier")):
        antwort = client.get(f"/api/v1/torkreis/werte/{kennzahl}/{ebene}.json", **frage)
        for z in antwort.json.get("werte", []):
            if z["wert"] is not None:
                gefunden.add((kennzahl, z["raum_id"], z["stichtag"], z["wert"], z["zaehler"]))
    return gefunden


def aus_mappe(inhalt: bytes, pfad) -> str:
    pfad.write_bytes(inhalt)
    mappe = openpyxl.load_workbook(pfad)
    return "\n".join(str(z.value) for blatt in mappe.worksheets for zeile in blatt.iter_rows() for z in zeile)


def test_the_api_tells_every_role_its_view_and_not_one_cell_more(client, stores):
    for gruppe, store in stores.items():
        soll = {(k, r, t.isoformat()[:10], w, z) for k, r, t, w, z in zellen(store)}
        ist = aus_api(client, als_gruppe(gruppe))
        assert ist == soll and len(soll) > 20, gruppe
    assert len({len(zellen(s)) for s in stores.values()}) == 4  # all four views differ


@pytest.mark.parametrize("gruppe", [g for g in ROLLEN if g != "g-kreis"])
def test_no_door_shows_a_cell_that_only_others_see(client, stores, gruppe, tmp_path):
    """Pages, exports, callbacks: the sentence with a hidden count, written as each of them would write it."""
    frage = als_gruppe(gruppe, **HERKUNFT)
    fehlt = {(k, r) for k, r, *_ in zellen(stores["g-kreis"]) - zellen(stores[gruppe])}
    assert fehlt
    zeilen = client.get("/torkreis/export/testquote12_quartier_daten.csv", **frage).text.splitlines()[1:]
    offen = {z.split(",")[2] for z in zeilen if ",gesperrt," not in z}
    gesperrt = {z.split(",")[2] for z in zeilen if ",gesperrt," in z}
    assert gesperrt == {r for k, r in fehlt if k == "testquote12" and "-" in r}, gruppe
    assert offen
    for raum in sorted({r for _, r in fehlt})[:2]:
        seite = client.get(f"/torkreis/steckbrief/{raum}", **frage).text
        andere = client.get(f"/torkreis/steckbrief/{raum}", **als_gruppe("g-kreis")).text
        assert seite != andere
        for ausgabe, eingaben in (
            ("..reihe.children...reihe-text.children...reihe-brueche.children..",
             {"reihe-frage.data": {"kennzahl": "testquote12", "raeume": [raum]}}),
            ("..z-bild.children...z-html.data...z-titel.children...z-quelle.children...z-brueche.children"
             "...z-ueber.children...z-speichern.children..",
             {"z-kennzahl.value": "testquote12", "z-raeume.value": [raum], "z-baender.checked": True}),
        ):  # fmt: skip
            rumpf = frage_callback(ausgabe, eingaben, {"url.pathname": "/torkreis/karte"})
            eigene, fremde = (
                client.post(WEG, json=rumpf, **als_gruppe(g, **HERKUNFT)).text for g in (gruppe, "g-kreis")
            )
            assert eigene != fremde
    mappe = aus_mappe(client.get("/torkreis/export/alles.xlsx", **frage).data, tmp_path / "m.xlsx")
    fremde = aus_mappe(client.get("/torkreis/export/alles.xlsx", **als_gruppe("g-kreis")).data, tmp_path / "k.xlsx")
    assert mappe != fremde


@pytest.mark.parametrize("gruppe", ROLLEN)
def test_every_door_with_everything_in_every_place(client, gruppe, caplog):
    frage = als_gruppe(gruppe, **HERKUNFT)
    formen = [
        "/{}", "/{}/karte", "/torkreis/{}", "/torkreis/steckbrief/{}", "/torkreis/export/{}", "/geo/torkreis/{}",
        "/werte/torkreis/{}", "/werte/{}/x", "/api/v1/{}/kennzahlen.json", "/api/v1/torkreis/werte/{}/quartier.json",
        "/api/v1/torkreis/werte/testquote/{}.json", "/api/v1/torkreis/werte/testquote/quartier.{}",
        "/api/v1/torkreis/herkunft/{}.json", "/assets/{}", "/_dash-component-suites/dash/{}",
        "/torkreis/karte?kennzahl={}", "/torkreis/karte?raum={}", "/torkreis/karte?ebene={}",
        "/torkreis/karte?stichtag={}", "/torkreis/karte?kommune={}", "/torkreis/daten?quelle={}",
        "/torkreis/daten?{}=1",
        "/torkreis/vergleich?ebene={}", "/torkreis/vergleich?thema={}", "/torkreis/vergleich?jahr={}",
        "/torkreis/vergleich?nach={}", "/torkreis/index?kennzahl=testquote&gewicht={}", "/torkreis/index?kennzahl={}",
        "/torkreis/index?index={}&ausgabe={}", "/torkreis/index?stichtag={}", "/torkreis/index?spanne={}",
        "/torkreis/muster?kennzahl={}", "/torkreis/muster?ebene={}", "/torkreis/pflege?raum={}",
        "/torkreis/eigene?bausteine={}", "/torkreis/eigene?gliederung={}", "/torkreis/eigene?teil={}&pruefen=1",
        "/torkreis/eigene?name={}&titel={}&pruefen=1", "/torkreis/eigene/datei?name={}",
        "/torkreis/steckbrief/99002?zusammenstellung={}", "/torkreis/export/index.{}",
        "/torkreis/export/index.csv?kennzahl=testquote&gewicht={}", "/torkreis/export/vergleich.csv?jahr={}",
        "/torkreis/export/testquote_quartier.xlsx?stichtag={}", "/anmelden?weiter={}", "/?rolle={}",
    ]  # fmt: skip
    schritt = 5 if gruppe == "g-bedorf" else 17  # no divisor of their numbers: every form and every text comes up
    for form, boese in list(product(formen, BOESE))[::schritt]:
        for text in {boese, quote(boese, safe="")}:
            antwort = client.get(form.replace("{}", text), **frage)
            assert antwort.status_code in (200, 302, 303, 304, 400, 404), (form, boese[:30], antwort.status_code)
            assert "Traceback" not in antwort.text[:5000] and "X-Neu" not in antwort.headers
            assert "CREATE TABLE" not in antwort.text and GEHEIMNIS not in antwort.text
    assert not any(e.exc_info for e in caplog.records)


def test_a_draft_of_more_than_a_form_sends_is_refused_before_it_is_looked_at(client):
    """Looking up what each of ten thousand unknown parts was meant to be kept a thread busy for a minute."""
    frage = als_gruppe("g-bedorf")
    viele = "&".join(f"teil=99002-{nr:05d}" for nr in range(2000))
    for zusatz in (viele, f"name={'x' * 5000}", "teil=" + "9" * 5000, "&".join(f"x{nr}=1" for nr in range(2000))):
        for pfad in ("/torkreis/eigene", "/torkreis/eigene/datei"):
            assert client.get(f"{pfad}?bausteine=quartier&titel=T&pruefen=1&{zusatz}", **frage).status_code == 404
    formular = {"name": "N", "titel": "T", "teil": [f"99002-{nr:05d}" for nr in range(2000)]}
    antwort = client.post("/torkreis/eigene/anlegen", data=formular, **als_gruppe("g-kreis", **HERKUNFT))
    assert antwort.status_code == 404  # and not 303 to an address of 30 kB
    alle = "&".join(f"teil=9900{k}-{nr:02d}" for k in (1, 2, 3) for nr in range(5, 15))
    seite = client.get(f"/torkreis/eigene?bausteine=quartier&titel=T&name=N&pruefen=1&{alle}", **frage)
    assert seite.status_code == 200 and 0 < seite.text.count("gibt es nicht") <= 20


def test_names_of_value_files_of_other_roles_are_unknown(client, stores):
    namen = {g: {t[a] for t in s.karten_teile("testquote12", "quartier") for a in ("wert", "grenzen")}
             for g, s in stores.items()}  # fmt: skip
    for gruppe, (andere, dateien) in product(ROLLEN, namen.items()):
        for name in dateien - namen[gruppe]:
            for weg in ("werte", "geo"):
                assert client.get(f"/{weg}/torkreis/{name}", **als_gruppe(gruppe)).status_code == 404, (gruppe, andere)


@pytest.mark.parametrize("methode", ["put", "delete", "patch", "post", "options", "trace"])
def test_other_methods_change_and_tell_nothing(client, methode):
    for pfad in (
        "/",
        "/torkreis/karte",
        "/torkreis/export/alles.xlsx",
        "/werte/torkreis/x",
        "/_dash-layout",
        "/gesund",
    ):
        ohne = client.open(pfad, method=methode.upper(), headers={"Origin": "https://monitor.kreis.example"})
        mit = client.open(pfad, method=methode.upper(), **als_gruppe("g-bedorf", **HERKUNFT))
        assert ohne.status_code in (200, 401, 405) and mit.status_code in (200, 404, 405), (methode, pfad)
        assert "Torkreis" not in ohne.text
        if mit.status_code == 200:
            assert methode == "options" and not mit.data


def test_parameters_that_name_a_role_or_profile_mean_nothing(client):
    pfad = "/api/v1/torkreis/werte/testquote12/quartier.json"
    soll = client.get(pfad, **als_gruppe("g-bedorf")).json
    for zusatz in ("?rolle=kreis", "?freigabe=kreis", "?als=kreis", "?gruppen=g-kreis", "?X-Remote-Groups=g-kreis"):
        assert client.get(pfad + zusatz, **als_gruppe("g-bedorf")).json == soll
    for kopf in ("X-Role", "X-Remote-Group", "X-Forwarded-Groups", "Remote-Groups", "Cookie", "X-Freigabe"):
        assert client.get(pfad, **als_gruppe("g-bedorf", **{kopf: "g-kreis"})).json == soll
    client.set_cookie("__Host-sitzung", "kreis", domain="localhost")
    assert client.get(pfad, **als_gruppe("g-bedorf")).json == soll


def test_the_role_somebody_looks_as_goes_with_the_person_not_with_the_cookie(client, installation):
    """A session of the Kreis, replayed by somebody of a Kommune, gives that person nothing."""
    kreis = client.application.test_client()
    antwort = kreis.post("/ansehen-als", data={"rolle": "cehausen"}, **als_gruppe("g-kreis", **HERKUNFT))
    nummer = antwort.headers["Set-Cookie"].split("=", 1)[1].split(";")[0]
    pfad = "/api/v1/torkreis/werte/testquote12/quartier.json"
    andere = client.application.test_client()
    soll = andere.get(pfad, **als_gruppe("g-bedorf", nutzer="bea")).json
    ist = andere.get(pfad, **als_gruppe("g-bedorf", nutzer="bea", Cookie=f"__Host-sitzung={nummer}"))
    assert ist.json == soll
    assert andere.get(pfad, headers={"Cookie": f"__Host-sitzung={nummer}"}).status_code == 401


def test_a_role_taken_away_is_gone_with_the_next_request(client):
    """Who looked as Cehausen and is no longer of the Kreis sees neither; the old cookie changes nothing."""
    kreis = client.application.test_client()
    antwort = kreis.post("/ansehen-als", data={"rolle": "cehausen"}, **als_gruppe("g-kreis", **HERKUNFT))
    nummer = antwort.headers["Set-Cookie"].split("=", 1)[1].split(";")[0]
    pfad = "/api/v1/torkreis/werte/testquote12/quartier.json"
    andere = client.application.test_client()
    soll = andere.get(pfad, **als_gruppe("g-ausschuss", nutzer="bea")).json
    ist = andere.get(pfad, **als_gruppe("g-ausschuss", Cookie=f"__Host-sitzung={nummer}"))
    assert ist.json == soll
    assert andere.get(pfad, **als_gruppe("g-nichts", Cookie=f"__Host-sitzung={nummer}")).status_code == 403


def test_callbacks_about_other_kommunen_give_their_public_cells_alone(client):
    """The other Kommune's id is no secret; its inner values are."""
    for ausgabe in GUT:
        for gruppe in ("g-bedorf", "g-ausschuss"):
            rumpf = frage_callback(ausgabe, *GUT[ausgabe])
            antwort = client.post(WEG, json=rumpf, **als_gruppe(gruppe, **HERKUNFT))
            assert antwort.status_code == 200 and antwort.headers["Cache-Control"] == "private, no-store"
            ohne = client.post(WEG, json=rumpf, headers=HERKUNFT)
            assert ohne.status_code == 401 and "99002" not in ohne.text


def test_names_that_are_formulas_stay_text(client, tmp_path):
    frage = als_gruppe("g-kreis")
    for pfad in ("testquote_quartier.xlsx", "alles.xlsx"):
        (tmp_path / "m.xlsx").write_bytes(client.get(f"/torkreis/export/{pfad}", **frage).data)
        zellen = [z for b in openpyxl.load_workbook(tmp_path / "m.xlsx").worksheets for r in b.iter_rows() for z in r]
        assert not any(z.data_type == "f" or z.hyperlink for z in zellen)
        assert any(z.value and FORMEL in str(z.value) for z in zellen)
    csvs = [f"/torkreis/export/testquote_quartier_{a}.csv" for a in ("excel", "daten")]
    for pfad in (*csvs, "/api/v1/torkreis/werte/testquote/quartier.csv"):
        text = client.get(pfad, **frage).text
        assert "HYPERLINK" in text and "'=HYPERLINK" in text and "'@SUMME" in text
        assert not any(feld.strip('"').startswith(("=HYP", "@SUM")) for z in text.splitlines() for feld in z.split(";"))
    seite = client.get("/torkreis/steckbrief/99002-03", **frage).text
    assert "=HYPERLINK(&quot;" in seite


def test_a_request_that_takes_too_long_is_a_german_503(installation):
    """Every query of this view has taken too long as soon as it begins."""
    server = _create_server(installation.daten, None, wo="")
    client, frage = server.test_client(), als_gruppe("g-kreis")
    assert client.get("/torkreis/steckbrief/99002", **frage).status_code == 200
    for _, store in server.extensions["tor"]._sichten._offen.values():
        store.sekunden = 1e-9
    for pfad in ("/torkreis/steckbrief/99002", "/api/v1/torkreis/werte/testquote/quartier.json"):
        antwort = client.get(pfad, **frage)
        assert antwort.status_code == 503
        assert "zu lange gedauert" in (antwort.json["fehler"] if antwort.is_json else antwort.text)
        assert "Traceback" not in antwort.text


def test_a_client_that_leaves_in_the_middle_leaves_nothing_behind(installation, tmp_path, monkeypatch):
    ablage = tmp_path / "ablage"
    ablage.mkdir()
    monkeypatch.setenv("TMPDIR", str(ablage))
    laeuft = start_server(installation, port=free_port(), freigabe=None)
    vorher = {p for p in installation.daten.rglob("*") if p.is_file()}
    try:
        kopf = als_gruppe("g-kreis")["headers"]
        zeilen = "".join(f"{k}: {v}\r\n" for k, v in kopf.items())
        for pfad in ("/torkreis/export/alles.xlsx", "/torkreis/export/testquote_quartier.xlsx") * 3:
            with socket.create_connection(("127.0.0.1", int(laeuft.url.rsplit(":", 1)[1])), timeout=30) as leitung:
                leitung.sendall(f"GET {pfad} HTTP/1.1\r\nHost: x\r\n{zeilen}\r\n".encode())
        antwort = requests.get(f"{laeuft.url}/torkreis/export/alles.xlsx", headers=kopf, timeout=60)
        assert antwort.content[:2] == b"PK"
        assert list(ablage.iterdir()) == [] and tempfile.gettempdir()
        assert {p for p in installation.daten.rglob("*") if p.is_file()} == vorher
    finally:
        laeuft.prozess.terminate()
        laeuft.prozess.wait(timeout=10)


def test_only_so_many_workbooks_are_kept(stores):
    class Blatt:
        def __init__(self, nr):
            self.stand, self.sicht = stores["g-kreis"].stand, Sicht("kreis", titel=str(nr))

    gebaut = []
    alles = wege.je_stand(lambda s: gebaut.append(s) or b"PK")
    alle = [Blatt(nr) for nr in range(wege.MAPPEN + 1)]
    for blatt in (*alle, alle[-1], alle[0]):
        alles(blatt)
    assert len(gebaut) == len(alle) + 1  # the last was still there, the first was not
