"""Identity from a proxy: believed only from its address and with the shared secret, taken away from everybody else.

The headers are removed before any other code runs, so that nothing can read them by mistake.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from dashboard.zugangsdatei import Kopfzeile

ORT = "sozialraum.person"  # where in the WSGI environment the result stands
WEITERGEREICHT = ("HTTP_X_FORWARDED_", "HTTP_X_REAL_IP", "HTTP_FORWARDED", "HTTP_X_ORIGINAL_", "HTTP_X_REWRITE_")
MERKEN = 100  # peers named in the log at most

log = logging.getLogger("sozialraum.zugang")


@dataclass(frozen=True)
class Person:
    kennung: str
    gruppen: frozenset[str]
    name: str = ""


class Filter:
    """WSGI middleware: puts the Person into the environment and removes all headers that claim one."""

    def __init__(self, anwendung: Callable, einstellung: Kopfzeile | None, geheimnis: str = "") -> None:
        self._anwendung, self._einstellung, self._geheimnis = anwendung, einstellung, geheimnis
        namen = (einstellung.nutzer, einstellung.gruppen, einstellung.geheimnis) if einstellung else ()
        self._koepfe = tuple(f"HTTP_{name.upper().replace('-', '_')}" for name in namen)
        self._netze = [ip_network(n) for n in einstellung.vertrauen] if einstellung else []
        self._gemeldet: set[str] = set()

    def __call__(self, umgebung: dict, beginne: Callable) -> Iterable[bytes]:
        werte = [umgebung.pop(kopf, None) for kopf in self._koepfe]
        for kopf in [k for k in umgebung if k.startswith(WEITERGEREICHT)]:
            del umgebung[kopf]
        umgebung[ORT] = self._lies(umgebung.get("REMOTE_ADDR", ""), *werte) if self._einstellung else None
        return self._anwendung(umgebung, beginne)

    def _lies(self, gegenueber: str, nutzer: str | None, gruppen: str | None, geheimnis: str | None) -> Person | None:
        if nutzer is None and gruppen is None and geheimnis is None:
            return None
        if not self._vertraut(gegenueber, geheimnis):
            if gegenueber not in self._gemeldet and len(self._gemeldet) < MERKEN:
                self._gemeldet.add(gegenueber)
                log.warning("Kopfzeilen zur Person verworfen: %s ist kein vertrauter Proxy", gegenueber[:45])
            return None
        kennung = als_text(nutzer or "").strip()
        if not kennung or "," in kennung or len(kennung) > 200 or not kennung.isprintable():
            return None  # a comma: the header came twice, from the proxy and from somebody else
        teile = als_text(gruppen or "").split(self._einstellung.trenner)
        return Person(kennung, frozenset(g for t in teile if (g := t.strip())), kennung)

    def _vertraut(self, gegenueber: str, geheimnis: str | None) -> bool:
        """Address and secret; the secret is compared in constant time and never empty."""
        try:
            adresse = ip_address(gegenueber.split("%")[0])
        except ValueError:
            return False
        adresse = getattr(adresse, "ipv4_mapped", None) or adresse
        passt = hmac.compare_digest((geheimnis or "").encode("latin-1", "replace"), self._geheimnis.encode())
        return passt and bool(self._geheimnis) and any(adresse in netz for netz in self._netze)


def als_text(roh: str) -> str:
    """WSGI hands header bytes over as Latin-1; proxies write names in UTF-8."""
    try:
        return roh.encode("latin-1").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return roh
