"""Callbacks: whatever is sent by hand is answered with 400 and one line, never with an error or another page."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import _create_server
from dashboard import eingaben
from tests.hilfe_zugang import frage_callback

WEG = "/_dash-update-component"
PFAD = "/torkreis/karte"
GUT = {
    "seite.children": ({"url.pathname": PFAD}, {"url.search": ""}),
    "..plan.data...ebene.data...ebene.value...ueber.children...speichern.children..": (
        {"kennzahl.value": "testquote", "ebene.value": "quartier"}, {"url.pathname": PFAD}),
    "..reihe.children...reihe-text.children...reihe-brueche.children..": (
        {"reihe-frage.data": {"kennzahl": "testquote", "raeume": ["99002", "99002-01"]}}, {"url.pathname": PFAD}),
    "..z-bild.children...z-html.data...z-titel.children...z-quelle.children...z-brueche.children"
    "...z-ueber.children...z-speichern.children..": (
        {"z-kennzahl.value": "testquote", "z-raeume.value": ["99002"], "z-baender.checked": True},
        {"url.pathname": PFAD}),
    "p-inhalt.children": ({"p-raum.value": "99002"}, {"url.pathname": "/torkreis/pflege"}),
}  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda kinder: st.lists(kinder, max_size=4) | st.dictionaries(st.text(max_size=8), kinder, max_size=4),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def client(torkreis):
    return _create_server(torkreis.daten, None, wo="").test_client()


@pytest.fixture(scope="module")
def callbacks(client) -> list[dict]:
    """Those that run on the server, as the program itself tells the browser."""
    return [c for c in client.get("/_dash-dependencies").json if not c["clientside_function"]]


def frage(ausgabe: str) -> dict:
    return frage_callback(ausgabe, *GUT[ausgabe])


def test_every_registered_callback_is_known_here_and_answers(client, callbacks):
    assert {c["output"] for c in callbacks} == set(GUT)
    for ausgabe in GUT:
        assert client.post(WEG, json=frage(ausgabe)).status_code == 200, ausgabe


def test_every_input_of_every_callback_has_a_rule(callbacks):
    for callback in callbacks:
        for feld in (*callback["inputs"], *callback["state"]):
            assert (feld["id"], feld["property"]) in eingaben.REGELN, f"{callback['output']}: {feld}"


def felder(ausgabe: str) -> list[tuple[str, int]]:
    return [
        (teil, nr) for teil, werte in zip(("inputs", "state"), GUT[ausgabe], strict=True) for nr in range(len(werte))
    ]


UNSINN = [
    {"$eq": 1}, {"kennzahl": {"x": 1}}, [["a"]], [{}], [None] * 3, ["x"] * 51, ["x" * 201],
    7, -1.5, 10**40, True, "x" * 5000,
    "\x00", "a\nb", "../../etc/passwd", "..%2f..%2fintern.duckdb", 
    "' OR 1=1 --", "<script>", "/absolut", "\u202e", [],
    {"kennzahl": "testquote", "raeume": "99002"}, {"kennzahl": "testquote", "raeume": [1]},
    {"kennzahl": None, "mehr": 1},
    "__proto__", "unbekannt", "kreis", "/nirgendwo/karte", "/torkreis/nix",
]  # fmt: skip


@pytest.mark.parametrize("ausgabe", GUT, ids=lambda a: a[:20])
def test_nonsense_in_any_place_is_400_or_a_plain_answer(client, caplog, ausgabe):
    for teil, nr in felder(ausgabe):
        for unsinn in UNSINN:
            anfrage = frage(ausgabe)
            anfrage[teil][nr]["value"] = unsinn
            caplog.clear()
            antwort = client.post(WEG, json=anfrage)
            stelle = f"{teil}[{nr}] = {str(unsinn)[:40]}"
            assert antwort.status_code in (200, 204, 400), stelle
            if antwort.status_code == 400:
                assert antwort.json["fehler"] and len(caplog.records) == 1, stelle
            assert not any(e.exc_info for e in caplog.records) and "Traceback" not in antwort.text, stelle


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_random_values_never_break_a_callback(client, data):
    ausgabe = data.draw(st.sampled_from(list(GUT)))
    teil, nr = data.draw(st.sampled_from(felder(ausgabe)))
    anfrage = frage(ausgabe)
    anfrage[teil][nr]["value"] = data.draw(JSON)
    assert client.post(WEG, json=anfrage).status_code in (200, 204, 400)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_random_shapes_never_break_a_callback(client, data):
    anfrage = frage(data.draw(st.sampled_from(list(GUT))))
    anfrage[data.draw(st.sampled_from([*anfrage, "neu"]))] = data.draw(JSON)
    assert client.post(WEG, json=anfrage).status_code in (200, 204, 400)


def veraendert(aendern) -> dict:
    anfrage = frage("..plan.data...ebene.data...ebene.value...ueber.children...speichern.children..")
    aendern(anfrage)
    return anfrage


@pytest.mark.parametrize(
    "aendern",
    [
        lambda a: a.pop("inputs"),
        lambda a: a.pop("outputs"),
        lambda a: a["inputs"].pop(),
        lambda a: a["inputs"].reverse(),
        lambda a: a["inputs"].append(a["inputs"][0]),
        lambda a: a["inputs"][0].update(id={"type": "x", "index": 1}),
        lambda a: a["inputs"][0].update(property="style"),
        lambda a: a["inputs"][0].update(mehr=1),
        lambda a: a["outputs"].pop(),
        lambda a: a["outputs"][0].update(id="seite"),
        lambda a: a.update(output=["plan.data"]),
        lambda a: a.update(output="figur.data-stand"),  # runs in the browser
        lambda a: a.update(changedPropIds=["kennzahl.value"] * 99),
        lambda a: a.update(changedPropIds=[{}]),
        lambda a: a.update(state=None),
        lambda a: a.update(background=True),
        lambda a: a.update(cancel=[{"id": "x"}]),
    ],
)
def test_another_shape_is_400(client, aendern):
    assert client.post(WEG, json=veraendert(aendern)).status_code == 400


@pytest.mark.parametrize(
    "rumpf",
    [b"null", b"0", b"[]", b'""', b"{", b"\xff\xfe", b"[" * 200_000, b'{"output":' * 20_000, b'{"output": NaN}',
     json.dumps({"output": "seite.children" * 10_000}).encode()],
    ids=str,
)  # fmt: skip
def test_bodies_that_are_no_request_are_400(client, rumpf, caplog):
    assert client.post(WEG, data=rumpf, content_type="application/json").status_code == 400
    assert len(caplog.records) == 1 and len(caplog.text) < 400


def test_forms_instead_of_json_are_400(client):
    assert client.post(WEG, data={"output": "seite.children"}).status_code == 400
