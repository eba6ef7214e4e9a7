"""The four questions of a committee on top of a Steckbrief, and the index that answers the last one."""

from __future__ import annotations

import threading
from collections import OrderedDict

from dash import html

from dashboard.indexwahl import als_query, read_wahl
from indicators.bericht.antworten import GEWICHT, UNGEPRUEFT, sage_antworten

HALTEN = 12  # indices that are kept: one per Gebiet, view and level
_FERTIG: OrderedDict[tuple, tuple] = OrderedDict()
_SCHLOSS = threading.Lock()


def build(store, raum, gruppen: list[tuple]):
    """Question and answer; `gruppen` as the Steckbrief shows them."""
    teile = []
    for frage, saetze in sage(store, raum, gruppen):
        weiter = []
        if frage == GEWICHT:
            ziel = f"/{store.stand.gebiet_id}/index?{als_query(find_labor(store, raum.ebene).wahl)}"
            weiter = [" ", html.A("Andere Gewichte ausprobieren", href=ziel, className="nicht-drucken")]
        teile += [html.Dt(frage), html.Dd([*map(satz, saetze), *weiter])]
    if not teile:
        return html.Div()
    return html.Div([html.H2("Vier Fragen"), html.Dl(teile)], className="antworten")


def satz(text: str):
    """What cannot be tested is not printed: a sheet has one page, and its legend says the same."""
    return html.Span(f"{text} ", className="ungeprueft" if text.startswith(UNGEPRUEFT) else None)


def sage(store, raum, gruppen: list[tuple]) -> list[tuple[str, list[str]]]:
    """What a sheet with these Kennzahlen answers, for the page and for its files."""
    zeilen = [paar for _, paare in gruppen for paar in paare]
    return sage_antworten(store, raum, zeilen, find_labor(store, raum.ebene))


def find_labor(store, ebene: str):
    """The index of a level: the published one, else the one the laboratory opens with. None at the top and where there
    is nothing to weight. Kept, since it takes about a second and is the same for all Räume of the level."""
    if ebene == store.stand.ebenen[0].id:
        return None
    platz = (store.stand.gebiet_id, store.sicht.kennung, ebene)
    with _SCHLOSS:
        if _FERTIG.get(platz, ("",))[0] != store.stand.snapshot:
            _FERTIG[platz] = (store.stand.snapshot, build_labor(store, ebene))
            while len(_FERTIG) > HALTEN:
                _FERTIG.popitem(last=False)
        _FERTIG.move_to_end(platz)
        return _FERTIG[platz][1]


def build_labor(store, ebene: str):
    for link in ("", f"ebene={ebene}"):
        wahl = read_wahl(store, link)
        if wahl is not None and wahl.ebene == ebene:
            return store.build_labor(wahl) if len(wahl.gewichte) > 1 else None
    return None
