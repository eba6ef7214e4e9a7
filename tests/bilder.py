"""The pictures of the documentation from a running server: `python -m tests.bilder http://127.0.0.1:8050 [name …]`.

Writes docs/bilder/<seite>_<gebiet>_<breite>.png: the first screen at 1440 and 1920 px, up to 3,000 px at 320.
"""

import io
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser import ARGUMENTE, find_browser

try:
    from PIL import Image
except ImportError:  # comes with the benchmarks only; without it the files are three times as large
    Image = None

ZIEL = Path(__file__).parent.parent / "docs" / "bilder"
HOEHEN = {1440: 900, 1920: 1080, 320: 800}
ALLE = tuple(HOEHEN)
STEHT = """async () => {
    const bild = () => new Promise((r) => requestAnimationFrame(r));
    for (let vorher = "", gleich = 0; gleich < 20; ) {
        await bild();
        const jetzt = [...document.querySelectorAll(".js-plotly-plot")].map((g) => g.innerHTML.length).join();
        gleich = jetzt === vorher ? gleich + 1 : 0;
        vorher = jetzt;
    }
}"""
LAENGSTE = 3000  # px; a phone shows longer pages too, but nobody looks at a longer picture
QUARTIER = "kennzahl=kinderarmut_u15&ebene=quartier&raum=05999001-01"

# file name without its width → path, widths
BILDER = {
    "start_alle": ("/", ALLE),
    "karte_musterkreis": (f"/musterkreis/karte?{QUARTIER}", ALLE),
    "karte_flensburg": ("/flensburg/karte", (1440,)),
    "karte_rhein_sieg": ("/rhein_sieg/karte", (1440,)),
    "karte_nrw": ("/nrw/karte", (1440,)),
    "karte_berlin": ("/berlin/karte", ALLE),
    "karte_dueren": ("/dueren/karte", (1440,)),
    "karte_klassen_berlin": ("/berlin/karte?kennzahl=mss_status&raum=08100314", (1440,)),
    "karte_auffaellig_musterkreis": (f"/musterkreis/karte?{QUARTIER}&urteil=1", (1440,)),
    "vollbild_musterkreis": (f"/musterkreis/karte?{QUARTIER}", (1920,)),
    "tabelle_musterkreis": (f"/musterkreis/karte?{QUARTIER}&tab=tabelle", (1440,)),
    "ueber_musterkreis": (f"/musterkreis/karte?{QUARTIER}&tab=ueber", (1440,)),
    "zeitreihe_musterkreis": ("/musterkreis/zeitreihe?kennzahl=kinderarmut_u15&raum=05999,05999001", ALLE),
    "steckbrief_auswahl_musterkreis": ("/musterkreis/steckbrief", ALLE),
    "steckbrief_musterkreis": ("/musterkreis/steckbrief/05999001-01", (1440, 320)),
    "steckbrief_kommune_musterkreis": ("/musterkreis/steckbrief/05999001", ALLE),
    "steckbrief_rhein_sieg": ("/rhein_sieg/steckbrief/05382060", (1440,)),
    "steckbrief_flensburg": ("/flensburg/steckbrief/FL01", (1440,)),
    "steckbrief_berlin": ("/berlin/steckbrief/08100314", (1440,)),
    "vergleich_rhein_sieg": ("/rhein_sieg/vergleich", ALLE),
    "index_berlin": ("/berlin/index", ALLE),
    "muster_berlin": ("/berlin/muster", ALLE),
    "pflege_musterkreis": ("/musterkreis/pflege", ALLE),
    "eigene_musterkreis": ("/musterkreis/eigene", ALLE),
    "daten_musterkreis": ("/musterkreis/daten", ALLE),
    "methodik_musterkreis": ("/musterkreis/methodik", ALLE),
    "fehler_404": ("/musterkreis/gibt-es-nicht", ALLE),
}


def oeffne(seite: Page, adresse: str, *, vollbild: bool) -> None:
    """Open a page and wait until its figure stands."""
    antwort = seite.goto(adresse)
    if antwort is None or antwort.status >= 500:
        sys.exit(f"{adresse}: Antwort {antwort and antwort.status}, davon wird kein Bild gemacht.")
    seite.locator("h1").first.wait_for(state="attached")  # of the page itself, not of its empty frame
    seite.wait_for_load_state("networkidle")
    if any(f"/{name}" in adresse for name in ("karte", "zeitreihe", "pflege")):
        seite.locator(".js-plotly-plot .main-svg").first.wait_for(state="attached")
    if "/karte" in adresse:
        seite.locator("#legende li").first.wait_for(state="attached")
    if vollbild:
        seite.locator("#vollbild").click()
        seite.locator("#figur.vollbild").wait_for()
    seite.evaluate(STEHT)
    seite.wait_for_load_state("networkidle")


def verkleinere(png: bytes) -> bytes:
    """256 colours are enough for a screen of flat ones."""
    if Image is None:
        return png
    ausgabe = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(
        ausgabe, "PNG", optimize=True
    )
    return ausgabe.getvalue()


def main(url: str, namen: list[str]) -> int:
    ZIEL.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=ARGUMENTE)
        for name, (pfad, breiten) in ((n, b) for n, b in BILDER.items() if not namen or n in namen):
            for breite in breiten:
                fenster = {"width": breite, "height": HOEHEN[breite]}
                kontext = browser.new_context(viewport=fenster, locale="de-DE", reduced_motion="reduce")
                seite = kontext.new_page()
                oeffne(seite, url.rstrip("/") + pfad, vollbild=name.startswith("vollbild"))
                ziel = ZIEL / f"{name}_{breite}.png"
                hoehe = HOEHEN[breite] if breite > 1000 else min(LAENGSTE, seite.evaluate("document.body.scrollHeight"))
                seite.set_viewport_size({"width": breite, "height": hoehe})
                seite.evaluate(STEHT)  # a chart draws itself anew for the new height
                ziel.write_bytes(verkleinere(seite.screenshot()))
                print(f"{ziel.name}  {ziel.stat().st_size // 1024} kB", flush=True)
                kontext.close()
        browser.close()
    return 0


if __name__ == "__main__":
    if len(sys.argv) < 2 or set(sys.argv[2:]) - BILDER.keys():
        sys.exit(
            f"Aufruf: python -m tests.bilder URL [{' | '.join(BILDER)}]   (URL zum Beispiel http://127.0.0.1:8050)"
        )
    sys.exit(main(sys.argv[1], sys.argv[2:]))
