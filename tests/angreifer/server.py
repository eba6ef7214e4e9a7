"""Door: a running server. A visitor follows every link, asks every callback, and keeps every answer."""

from __future__ import annotations

import gzip
import json
import re
import urllib.error
import urllib.request
from collections import deque
from html import unescape
from urllib.parse import urldefrag

SEITE = ("seite.children",)
PLAN = ("plan.data", "ebene.data", "ebene.value", "ueber.children", "speichern.children")
KURVE = ("z-bild.children", "z-html.data", "z-titel.children", "z-quelle.children", "z-brueche.children",
         "z-ueber.children", "z-speichern.children")  # fmt: skip
REIHE = ("reihe.children", "reihe-text.children", "reihe-brueche.children")


class Besucher:
    """Somebody with a browser, or with a program. `kopf`: what he sends along, such as his identity."""

    def __init__(self, url: str, kopf: dict[str, str] | None = None) -> None:
        self.url, self._kopf = url, kopf or {}
        self.antworten: dict[str, bytes] = {}  # path, or path and question of a callback → body, unpacked
        self.koepfe: dict[str, str] = {}

    def get(self, pfad: str) -> bytes:
        if pfad not in self.antworten:
            self._frage(pfad, urllib.request.Request(self.url + pfad, headers=self._kopf))
        return self.antworten[pfad]

    def callback(self, seite: str, ausgaben: tuple[str, ...], eingaben: dict[str, object]) -> dict:
        """What the page would ask; the state of a page is its address."""
        zustand = "" if ausgaben == SEITE else seite
        ziele = [dict(zip(("id", "property"), a.rsplit(".", 1), strict=True)) for a in ausgaben]
        frage = {
            "output": f"..{'...'.join(ausgaben)}.." if len(ausgaben) > 1 else ausgaben[0],
            "outputs": ziele if len(ausgaben) > 1 else ziele[0],
            "inputs": [
                dict(zip(("id", "property"), e.rsplit(".", 1), strict=True)) | {"value": w} for e, w in eingaben.items()
            ],
            "state": [{"id": "url", "property": "search" if ausgaben == SEITE else "pathname", "value": zustand}],
            "changedPropIds": list(eingaben)[:1],
        }
        name = f"{seite} {ausgaben[0]} {json.dumps(list(eingaben.values()), ensure_ascii=False)}"
        if name not in self.antworten:
            kopf = self._kopf | {"Content-Type": "application/json"}
            url = f"{self.url}/_dash-update-component"
            self._frage(name, urllib.request.Request(url, json.dumps(frage).encode(), kopf))
        return json.loads(self.antworten[name]).get("response", {})

    def _frage(self, name: str, anfrage: urllib.request.Request) -> None:
        try:
            with urllib.request.urlopen(anfrage, timeout=60) as antwort:
                inhalt, kopf = antwort.read(), antwort.headers
        except urllib.error.HTTPError as fehler:  # a refusal is an answer too
            inhalt, kopf = fehler.read(), fehler.headers
        self.koepfe[name] = str(kopf)
        self.antworten[name] = gzip.decompress(inhalt) if kopf.get("Content-Encoding") == "gzip" else inhalt

    # --- everything ------------------------------------------------------------------------------

    def besuche(self, gebiet: str) -> dict[str, bytes]:
        """Every page, file and callback of one territory that links and menus lead to."""
        offen, gesehen = deque(["/", "/_dash-layout", "/_dash-dependencies", "/bereit", "/gesund"]), set()
        for seite in ("karte", "zeitreihe"):  # drawn by the browser: their links come with the callback
            offen.append(f"/{gebiet}/{seite}")
            self.callback(f"/{gebiet}/{seite}", SEITE, {"url.pathname": f"/{gebiet}/{seite}"})
        offen += [link for inhalt in self.antworten.values() for link in list_links(inhalt.decode("utf-8", "replace"))]
        while offen:
            pfad = offen.popleft()
            if pfad in gesehen or self._ist_programm(pfad) or not self._gehoert(pfad, gebiet):
                continue
            gesehen.add(pfad)
            inhalt = self.get(pfad)
            if inhalt[:1] in (b"<", b"{", b"["):
                offen += list_links(inhalt.decode("utf-8", "replace"))
        self.besuche_daten(gebiet)
        return self.antworten

    def _gehoert(self, pfad: str, gebiet: str) -> bool:
        return pfad.split("/")[1] in ("", gebiet, "bereit", "gesund") or f"/{gebiet}/" in pfad or pfad[:7] == "/_dash-"

    def _ist_programm(self, pfad: str) -> bool:
        """Files of the program itself are the same in every Kreis."""
        return pfad.startswith(("/_dash-component-suites/", "/assets/"))

    def besuche_daten(self, gebiet: str) -> None:
        """API, map files, and what the pages with charts ask for."""
        katalog = json.loads(self.get(f"/api/v1/{gebiet}/kennzahlen.json"))["kennzahlen"]
        for k in katalog:
            for ebene in k["ebenen"]:
                for endung in ("json", "csv"):
                    self.get(f"/api/v1/{gebiet}/werte/{k['id']}/{ebene}.{endung}")
                eingaben = {"kennzahl.value": k["id"], "ebene.value": ebene}
                plan = self.callback(f"/{gebiet}/karte", PLAN, eingaben)["plan"]["data"]
                for teil in [*plan["teile"], *([plan["heute"]] if plan["heute"] else [])]:
                    geo = self.get(teil["geo"])
                    self.get(teil["wert"])
                    self.get(teil["grenzen"])
                    self._besuche_reihen(gebiet, k["id"], read_behaelter(geo)[0]["ids"])

    def _besuche_reihen(self, gebiet: str, kennzahl: str, raeume: list[str]) -> None:
        for i in range(0, len(raeume), 4):
            frage = {"kennzahl": kennzahl, "raeume": raeume[i : i + 4]}
            self.callback(f"/{gebiet}/karte", REIHE, {"reihe-frage.data": frage})
            eingaben = {"z-kennzahl.value": kennzahl, "z-raeume.value": raeume[i : i + 4], "z-baender.checked": True}
            self.callback(f"/{gebiet}/zeitreihe", KURVE, eingaben)


def list_links(text: str) -> list[str]:
    """Addresses on this server, from attributes of HTML and from JSON."""
    text = text.replace("\\u002f", "/").replace("\\u0026", "&")  # as JSON writes them
    roh = re.findall(r"""(?:href|src|action)["']?\s*[=:]\s*["'](/[^"']*)["']""", text)
    return list(dict.fromkeys(urldefrag(unescape(pfad)).url for pfad in roh if not pfad.startswith("//")))


def read_behaelter(inhalt: bytes) -> tuple[dict, bytes]:
    """A map file: four bytes little endian with the length of the JSON head, head, body."""
    if inhalt[:2] == b"\x1f\x8b":
        inhalt = gzip.decompress(inhalt)
    laenge = int.from_bytes(inhalt[:4], "little")
    return json.loads(inhalt[4 : 4 + laenge]), inhalt[4 + laenge :]
