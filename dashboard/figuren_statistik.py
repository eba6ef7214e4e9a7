"""Funnel chart as SVG text. Pure: no store, no page."""

from html import escape

import numpy as np

from dashboard import zahlen
from dashboard.figures import AKZENT, LEISE, LINIE, TINTE, svg

BREITE, HOEHE = 820, 430
RAND = {"l": 64, "r": 18, "o": 16, "u": 52}
MARKEN = {True: "M{x:.1f} {o:.1f}l6 11h-12z", False: "M{x:.1f} {u:.1f}l6 -11h-12z"}  # ▲ ▼


def trichter(t, eintrag, bezug: str) -> str:
    """Values over size with the limits of chance; Räume beyond 99.8 % are labelled.

    Args:
        t: `indicators.trichter.Trichter`.
        bezug: what the size counts ("Bezugsgröße: …").
    """
    oben = max(float(t.raeume["wert"].max()), float(t.kurven["oben_95"].min()), t.mitte * 1.5)
    unten = min(float(t.raeume["wert"].min()), t.mitte * 0.6)
    tief, hoch = max(0.0, unten - 0.05 * (oben - unten)), oben + 0.08 * (oben - unten)
    n0, n1 = np.log(t.kurven["nenner"].iloc[0]), np.log(t.kurven["nenner"].iloc[-1])

    def x(n) -> float:
        return RAND["l"] + (np.log(n) - n0) / (n1 - n0) * (BREITE - RAND["l"] - RAND["r"])

    def y(w) -> float:
        anteil = (min(max(w, tief), hoch) - tief) / (hoch - tief)
        return HOEHE - RAND["u"] - anteil * (HOEHE - RAND["u"] - RAND["o"])

    teile = [
        '<g font-family="Segoe UI, system-ui, Noto Sans, Arial, sans-serif">',
        *achsen(x, y, t, tief, hoch, eintrag, bezug),
    ]
    for name, strich in (("95", "6 4"), ("998", "none")):
        for seite in ("unten", "oben"):
            punkte = " ".join(
                f"{x(n):.1f},{y(w):.1f}" for n, w in zip(t.kurven["nenner"], t.kurven[f"{seite}_{name}"], strict=True)
            )
            teile.append(f'<polyline points="{punkte}" fill="none" stroke="{LEISE}" stroke-dasharray="{strich}"/>')
    teile.append(f'<path d="M{RAND["l"]} {y(t.mitte):.1f}H{BREITE - RAND["r"]}" stroke="{AKZENT}" stroke-width="2"/>')
    teile += [punkt(z, x(z.nenner), y(z.wert)) for z in t.raeume.itertuples()]
    return svg(BREITE, HOEHE, "".join([*teile, "</g>"]))


def punkt(z, x: float, y: float) -> str:
    """A circle inside the limits, a triangle outside them; named and filled dark beyond 99.8 %."""
    if z.lage == "innen":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="#fff" stroke="{LEISE}" stroke-width="1.5"/>'
    pfad = MARKEN[z.hoch].format(x=x, o=y - 6, u=y + 6)
    voll = z.lage == "sehr_auffaellig"
    form = f'<path d="{pfad}" fill="{TINTE if voll else "#fff"}" stroke="{TINTE}" stroke-width="1.5"/>'
    if not voll:
        return form
    anker, versatz = ("end", -9) if x > BREITE - 170 else ("start", 9)
    text = f'<text x="{x + versatz:.1f}" y="{y + 4:.1f}" text-anchor="{anker}" font-size="12" fill="{TINTE}">'
    return f"{form}{text}{escape(z.name)}</text>"


def achsen(x, y, t, tief: float, hoch: float, eintrag, bezug: str):
    boden, schrift = HOEHE - RAND["u"], f'font-size="12" fill="{LEISE}"'
    for w in runde_werte(tief, hoch):
        yield f'<path d="M{RAND["l"]} {y(w):.1f}H{BREITE - RAND["r"]}" stroke="{LINIE}"/>'
        wert = zahlen.format_zahl(w, eintrag.stellen)
        yield f'<text x="{RAND["l"] - 8}" y="{y(w) + 4:.1f}" text-anchor="end" {schrift}>{wert}</text>'
    for n in np.geomspace(t.kurven["nenner"].iloc[0], t.kurven["nenner"].iloc[-1], 6)[1:-1]:
        rund = round(n, 1 - len(str(int(n))))
        text = zahlen.format_zahl(rund)
        yield f'<text x="{x(rund):.1f}" y="{boden + 18}" text-anchor="middle" {schrift}>{text}</text>'
    yield f'<text x="{BREITE / 2}" y="{HOEHE - 10}" text-anchor="middle" {schrift}>{escape(bezug)}</text>'


def runde_werte(tief: float, hoch: float) -> np.ndarray:
    """Four to nine round numbers between both."""
    schritt = 10.0 ** np.floor(np.log10((hoch - tief) / 3))
    schritt *= next(k for k in (5, 2, 1) if (hoch - tief) / (k * schritt) >= 3)
    return np.arange(np.ceil(tief / schritt), np.floor(hoch / schritt) + 1) * schritt
