"""Measures a map page in headless Chromium, the same way for every page.

First map: from the start of the navigation (empty cache) to the second animation frame after a canvas shows a twentieth
of its area in colour. Change: from the key press on the time control to the second animation frame after the picture of
the canvas has changed. Bytes: `encodedDataLength` of everything loaded, plus the frames of web sockets.
"""

from __future__ import annotations

import base64
import statistics
from dataclasses import dataclass, field

from playwright.sync_api import Browser, Page

# Runs before the page's own scripts. WebGL canvases keep their picture, or nobody could look at it.
BEOBACHTER = """(() => {
  const flaechen = [], hole = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (art, wahl) {
    if (/webgl/.test(art)) wahl = {...wahl, preserveDrawingBuffer: true};
    if (!flaechen.includes(this)) flaechen.push(this);
    return hole.call(this, art, wahl);
  };
  const klein = new OffscreenCanvas(96, 96).getContext('2d', {willReadFrequently: true});
  const schau = () => {
    klein.clearRect(0, 0, 96, 96);
    for (const f of flaechen) if (f.isConnected && f.width > 250 && f.height > 250) klein.drawImage(f, 0, 0, 96, 96);
    const pixel = klein.getImageData(0, 0, 96, 96).data;
    let summe = 0, bunt = 0;
    for (let i = 0; i < pixel.length; i += 4) {
      const [r, g, b] = [pixel[i], pixel[i + 1], pixel[i + 2]];
      summe = (summe * 31 + r * 65536 + g * 256 + b) | 0;
      if (Math.max(r, g, b) - Math.min(r, g, b) > 24) bunt++;
    }
    return {summe, bunt: bunt / (96 * 96)};
  };
  const bild = () => new Promise((weiter) => requestAnimationFrame(weiter));
  window.__messe = {karte: null, wechsel: null};
  (async () => {
    while (true) {
      await bild();
      if (schau().bunt > 0.05) break;
    }
    await bild(); await bild();
    window.__messe.karte = performance.now();
  })();
  window.__scharf = () => {
    const vorher = schau().summe;
    window.__messe.wechsel = null;
    addEventListener('keydown', async () => {
      const start = performance.now();
      do await bild(); while (schau().summe === vorher);
      await bild(); await bild();
      window.__messe.wechsel = performance.now() - start;
    }, {capture: true, once: true});
  };
  window.__ruhe = async (bilder) => {
    for (let gleich = 0, alt = null; gleich < bilder; gleich++) {
      await bild();
      const {summe} = schau();
      if (summe !== alt) gleich = 0;
      alt = summe;
    }
  };
})()"""


@dataclass
class Ergebnis:
    """Medians of one page: milliseconds and bytes."""

    name: str
    erste_karte: list[float] = field(default_factory=list)
    wechsel: list[float] = field(default_factory=list)
    bytes_erste: list[int] = field(default_factory=list)
    bytes_wechsel: list[int] = field(default_factory=list)

    def median(self, was: str) -> float:
        return statistics.median(getattr(self, was))


class Zaehler:
    """Bytes that came over the wire."""

    def __init__(self, seite: Page) -> None:
        self.bytes = 0
        sitzung = seite.context.new_cdp_session(seite)
        sitzung.send("Network.enable")
        sitzung.on("Network.loadingFinished", lambda e: self._plus(e["encodedDataLength"]))
        sitzung.on("Network.webSocketFrameReceived", lambda e: self._plus(self._rahmen(e["response"])))

    def _plus(self, menge: float) -> None:
        self.bytes += int(menge)

    @staticmethod
    def _rahmen(rahmen: dict) -> int:
        daten = rahmen["payloadData"]
        return len(base64.b64decode(daten)) if rahmen["opcode"] == 2 else len(daten.encode())


def miss(browser: Browser, name: str, url: str, regler: str, *, aufrufe: int = 3, wechsel: int = 5) -> Ergebnis:
    """Open the page `aufrufe` times with an empty cache and change the year `wechsel` times each.

    Args:
        regler: CSS selector of the control that moves by one year on the right arrow key.
    """
    ergebnis = Ergebnis(name)
    for _ in range(aufrufe):
        kontext = browser.new_context(viewport={"width": 1440, "height": 1000})
        seite = kontext.new_page()
        seite.set_default_timeout(300_000)
        seite.add_init_script(BEOBACHTER)
        zaehler = Zaehler(seite)
        seite.goto(url, wait_until="commit")
        ergebnis.erste_karte.append(_warte(seite, "karte"))
        seite.evaluate("__ruhe(40)")
        ergebnis.bytes_erste.append(zaehler.bytes)
        seite.locator(regler).first.focus()
        for _ in range(wechsel):
            vorher = zaehler.bytes
            seite.evaluate("__scharf()")
            seite.keyboard.press("ArrowRight")
            ergebnis.wechsel.append(_warte(seite, "wechsel"))
            seite.evaluate("__ruhe(20)")
            ergebnis.bytes_wechsel.append(zaehler.bytes - vorher)
        kontext.close()
    return ergebnis


def _warte(seite: Page, was: str) -> float:
    return seite.wait_for_function(f"() => __messe.{was}").json_value()
