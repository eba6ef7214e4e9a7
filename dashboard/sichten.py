"""Stores by view: opened when first asked for, few at a time, replaced when another snapshot is shown."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from pathlib import Path

from geodata.fehler import MonitoringError
from indicators.store import Sicht, Store

OEFFENTLICH = Sicht("oeffentlich")
HOECHSTENS = 32  # views kept open; a mixed one of a large Kreis takes some 20 MB

log = logging.getLogger("sozialraum.dashboard")


class Sichten:
    """What is published, as each view shows it.

    Requests under way keep the Store they began with; it closes when the last of them lets go.

    Args:
        auslage: () → {gebiet: what is shown of it, with `ordner` and `hinweis`}.
    """

    def __init__(self, auslage: Callable[[], dict], *, hoechstens: int = HOECHSTENS) -> None:
        self._auslage, self._hoechstens, self._schloss = auslage, hoechstens, threading.Lock()
        self._offen: OrderedDict[tuple[str, str], tuple[Path, Store | None]] = OrderedDict()
        self._im_bau: defaultdict[tuple[str, str], threading.Lock] = defaultdict(threading.Lock)
        self._raum_ids: dict[str, tuple[Path, frozenset[str]]] = {}

    def stores(self, waehle: Callable[[str, frozenset[str]], Sicht | None]) -> dict[str, Store]:
        """Gebiet → Store of the view that `waehle(gebiet, raum_ids)` names; Gebiete without one are left out."""
        gefunden = {}
        for gebiet, gezeigt in sorted(self._auslage().items()):
            if gezeigt.ordner and (sicht := waehle(gebiet, self._raeume(gebiet, gezeigt))) is not None:
                gefunden[gebiet] = self._store(gebiet, gezeigt, sicht)
        return {gebiet: store for gebiet, store in gefunden.items() if store is not None}

    def _raeume(self, gebiet: str, gezeigt) -> frozenset[str]:
        """raum_id of every Raum; the profile `oeffentlich` is enough to know where a Kommune belongs."""
        ordner, raum_ids = self._raum_ids.get(gebiet, (None, frozenset()))
        if ordner != gezeigt.ordner:
            store = self._store(gebiet, gezeigt, OEFFENTLICH)
            raum_ids = frozenset(store.raeume()["raum_id"] if store else ())
            self._raum_ids[gebiet] = (gezeigt.ordner, raum_ids)
        return raum_ids

    def _store(self, gebiet: str, gezeigt, sicht: Sicht) -> Store | None:
        """None where this snapshot does not have the view: fail closed, told in the log once."""
        platz = (gebiet, sicht.kennung)
        with self._schloss:
            im_bau = self._im_bau[platz]
        with im_bau:  # a mixed view takes seconds: only those wait who asked for the same one
            with self._schloss:
                ordner, store = self._offen.get(platz, (None, None))
            if ordner != gezeigt.ordner:
                store = _oeffne(gezeigt.ordner, sicht)
            with self._schloss:
                self._offen[platz] = (gezeigt.ordner, store)
                self._offen.move_to_end(platz)
                while len(self._offen) > self._hoechstens:
                    self._offen.popitem(last=False)
        if store is not None:
            store.hinweis = gezeigt.hinweis
        return store


def _oeffne(ordner: Path, sicht: Sicht) -> Store | None:
    try:
        return Store.open_sicht(ordner, sicht)
    except MonitoringError as fehler:
        log.error("Eine Sicht lässt sich nicht öffnen: %s (%s)", fehler.was, fehler.wo)
        return None
