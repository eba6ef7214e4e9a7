"""Sessions on the server: a random number in a cookie, everything else here. In memory: one process serves, nothing
personal reaches the disk, and after a restart the identity provider recognises everybody without a question."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Sitzung:
    """`inhalt` is what a login found out; `als` the role that is looked as."""

    inhalt: dict = field(default_factory=dict)
    als: str | None = None
    begonnen: float = 0.0
    zuletzt: float = 0.0


class Sitzungen:
    """Bounded and with two limits: `ruhe` seconds without a request, `hoechstens` seconds after the login.

    `uhr` counts seconds and never jumps; tests put in their own. Kept under the hash of the number: whoever reads the
    memory of the process cannot present it.
    """

    def __init__(
        self, *, ruhe: float, hoechstens: float, anzahl: int = 5000, uhr: Callable[[], float] = time.monotonic
    ) -> None:
        self._ruhe, self._hoechstens, self._anzahl, self._uhr = ruhe, hoechstens, anzahl, uhr
        self._alle: OrderedDict[str, Sitzung] = OrderedDict()
        self._schloss = threading.Lock()

    def beginne(self, *, als: str | None = None, **inhalt) -> str:
        """A new session; its number is told once."""
        nummer, jetzt = secrets.token_urlsafe(32), self._uhr()
        with self._schloss:
            self._alle[_hash(nummer)] = Sitzung(inhalt, als, jetzt, jetzt)
            while len(self._alle) > self._anzahl:
                self._alle.popitem(last=False)  # the one that rested longest
        return nummer

    def finde(self, nummer: str | None, *, zaehlt: bool = True) -> Sitzung | None:
        """The session of this number, if it is known and both limits allow.

        Args:
            zaehlt: somebody does something; False for what a page asks for by itself.
        """
        if not nummer or len(nummer) > 100:
            return None
        with self._schloss:
            sitzung = self._alle.get(schluessel := _hash(nummer))
            if sitzung is None:
                return None
            jetzt = self._uhr()
            if jetzt - sitzung.zuletzt >= self._ruhe or jetzt - sitzung.begonnen >= self._hoechstens:
                del self._alle[schluessel]
                return None
            if zaehlt:
                sitzung.zuletzt = jetzt
                self._alle.move_to_end(schluessel)
            return sitzung

    def beende(self, nummer: str | None) -> Sitzung | None:
        """Forget it; from now on the number is worth nothing."""
        with self._schloss:
            return self._alle.pop(_hash(nummer or ""), None)

    def __len__(self) -> int:
        return len(self._alle)


def _hash(nummer: str) -> str:
    return hashlib.sha256(nummer.encode("utf-8", "replace")).hexdigest()
