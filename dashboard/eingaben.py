"""What a callback may be told: every registered input has a rule here, everything else is refused before Dash sees it.

The controls offer only known values, but a request can be written by hand: a dict where a text belongs, a thousand
Räume, `null`, other ids. Whether a value exists in the catalogue is decided later (UnbekannteAngabe); here it is made
sure that it has the shape the callbacks are written for.
"""

from __future__ import annotations

from collections.abc import Callable

SCHLUESSEL = {"output", "outputs", "inputs", "state", "changedPropIds", "parsedChangedPropsIds"}
MAX_TEXT, MAX_LISTE = 200, 50


class FalscheEingabe(Exception):
    """The text names the place, never the value: it goes into the log."""


def text(wert: object) -> bool:
    return isinstance(wert, str) and len(wert) <= MAX_TEXT and wert.isprintable()


def text_oder_leer(wert: object) -> bool:
    return wert is None or text(wert)


def verweis(wert: object) -> bool:
    """Path or query of a page."""
    return wert is None or (isinstance(wert, str) and len(wert) <= 2000 and wert.isprintable())


def liste(wert: object) -> bool:
    return wert is None or (isinstance(wert, list) and len(wert) <= MAX_LISTE and all(map(text, wert)))


def ja_nein(wert: object) -> bool:
    return wert is None or isinstance(wert, bool)


def reihenfrage(wert: object) -> bool:
    """What the map asks for its series: {kennzahl, raeume} and the view it belongs to."""
    if not isinstance(wert, dict):
        return wert is None
    erlaubt = {"kennzahl": text, "raeume": liste}
    return set(wert) <= set(erlaubt) and all(erlaubt[name](w) for name, w in wert.items())


REGELN: dict[tuple[str, str], Callable[[object], bool]] = {
    ("url", "pathname"): verweis,
    ("url", "search"): verweis,
    ("kennzahl", "value"): text_oder_leer,
    ("ebene", "value"): text_oder_leer,
    ("reihe-frage", "data"): reihenfrage,
    ("z-kennzahl", "value"): text_oder_leer,
    ("z-raeume", "value"): liste,
    ("z-baender", "checked"): ja_nein,
    ("p-raum", "value"): text_oder_leer,
}


def check_callback(anfrage: object, callback_map: dict) -> None:
    """Compare a request with the callback it names: the same inputs, in the same order, with values of their shape.

    Raises:
        FalscheEingabe
    """
    _verlange(isinstance(anfrage, dict) and set(anfrage) <= SCHLUESSEL, "Aufbau")
    ausgabe = anfrage.get("output")
    eintrag = callback_map.get(ausgabe) if isinstance(ausgabe, str) else None
    _verlange(eintrag is not None and "callback" in eintrag, "unbekannter Callback")  # others run in the browser
    _check_werte(anfrage.get("inputs"), eintrag["inputs"], "inputs")
    _check_werte(anfrage.get("state", []), eintrag["state"], "state")
    _verlange(anfrage.get("outputs") == build_ausgaben(ausgabe), "outputs")
    bekannt = {f"{e['id']}.{e['property']}" for e in (*eintrag["inputs"], *eintrag["state"])}
    for name in ("changedPropIds", "parsedChangedPropsIds"):
        geaendert = anfrage.get(name, [])
        _verlange(isinstance(geaendert, list) and len(geaendert) <= len(bekannt), name)
        _verlange(all(isinstance(g, str) and g in bekannt for g in geaendert), name)


def build_ausgaben(ausgabe: str):
    """The outputs as the browser sends them: one dict, or a list for several (`..a.b...c.d..`)."""
    if not ausgabe.startswith(".."):
        return _zerlege(ausgabe)
    return [_zerlege(teil) for teil in ausgabe[2:-2].split("...")]


def _zerlege(name: str) -> dict:
    id_, _, eigenschaft = name.rpartition(".")
    return {"id": id_, "property": eigenschaft}


def _check_werte(gesendet: object, erwartet: list[dict], wo: str) -> None:
    _verlange(isinstance(gesendet, list) and len(gesendet) == len(erwartet), wo)
    for feld, soll in zip(gesendet, erwartet, strict=True):
        _verlange(isinstance(feld, dict) and set(feld) <= {"id", "property", "value"}, wo)
        ort = (soll["id"], soll["property"])
        _verlange((feld.get("id"), feld.get("property")) == ort, wo)
        regel = REGELN.get(ort)
        _verlange(regel is not None and regel(feld.get("value")), f"{wo} {ort[0]}.{ort[1]}")


def _verlange(bedingung: bool, wo: str) -> None:
    if not bedingung:
        raise FalscheEingabe(wo)
