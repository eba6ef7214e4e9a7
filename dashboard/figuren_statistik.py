"""Funnel chart as SVG text. Pure: no store, no page."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

import numpy as np

from dashboard import zahlen
from dashboard.figures import AKZENT, LEISE, LINIE, TINTE, svg

BREITE, HOEHE = 820, 430
JE_ZEICHEN = 6.9  # width of a letter at 12 px, on the wide side: a name may be shorter than its place, never longer
RAND = {"l": 64, "r": 18, "o": 16, "u": 52}
MARKEN = {True: "M{x:.1f} {o:.1f}l6 11h-12z", False: "M{x:.1f} {u:.1f}l6 -11h-12z"}  # ▲ ▼


@dataclass(frozen=True)
class Punkt:
    """Where a Raum lies in the picture [% of its width and height], and what to say there."""

    links: float
    oben: float
    text: str


@dataclass(frozen=True)
class Bild:
    svg: str
    punkte: list[Punkt]


def trichter(t, eintrag, bezug: str, *, raum: str = "", aussen: tuple[str, float] | None = None) -> Bild:
    """Values over size with the limits of chance; Räume beyond 99.8 % are labelled where there is room.

    Args:
        t: `indicators.trichter.Trichter`.
        bezug: what the size counts ("Bezugsgröße: …").
        raum: key of a Raum that is marked and always labelled.
        aussen: name and value of the benchmark outside the Gebiet, drawn as a line.
    """
    oben = max(float(t.raeume["wert"].max()), float(t.kurven["oben_95"].min()), t.mitte * 1.5)
    unten = min(float(t.raeume["wert"].min()), t.mitte * 0.6)
    if aussen:
        oben, unten = max(oben, aussen[1]), min(unten, aussen[1])
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
    rechts = BREITE - RAND["r"]
    belegt: list[Kasten] = [(RAND["l"], y(t.mitte) - 1, rechts, y(t.mitte) + 1)]
    if aussen:
        teile += linie_aussen(aussen, eintrag, y(aussen[1]), belegt)
    orte = [(z, x(z.nenner), y(z.wert)) for z in t.raeume.itertuples()]
    orte.sort(key=lambda o: o[0].raum_id == raum)  # the marked one is drawn last, over all others
    teile += [punkt(z, px, py, gewaehlt=z.raum_id == raum) for z, px, py in orte]
    teile += beschrifte(orte, raum, y(t.mitte), belegt)
    hinweise = [
        Punkt(
            100 * px / BREITE,
            100 * py / HOEHE,
            f"{z.name}: {zahlen.format_wert(z.wert, eintrag.stellen, eintrag.einheit)}",
        )
        for z, px, py in orte
    ]
    return Bild(svg(BREITE, HOEHE, "".join([*teile, "</g>"])), hinweise)


def punkt(z, x: float, y: float, *, gewaehlt: bool) -> str:
    """A circle inside the limits, a triangle outside them, filled dark beyond 99.8 %; a ring around the marked one."""
    ring = (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="10" fill="none" stroke="{AKZENT}" stroke-width="2.5"/>'
        if gewaehlt
        else ""
    )
    if z.lage == "innen":
        return f'{ring}<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="#fff" stroke="{LEISE}" stroke-width="1.5"/>'
    pfad = MARKEN[z.hoch].format(x=x, o=y - 6, u=y + 6)
    voll = z.lage == "sehr_auffaellig"
    return f'{ring}<path d="{pfad}" fill="{TINTE if voll else "#fff"}" stroke="{TINTE}" stroke-width="1.5"/>'


Kasten = tuple[float, float, float, float]  # left, top, right, bottom


def beschrifte(orte: list, raum: str, mitte: float, belegt: list[Kasten]) -> list[str]:
    """Names of the marked Raum and of those beyond 99.8 %, the farthest from the middle first; a name that finds no
    free place beside its point is left out.

    Args:
        belegt: places that are taken already; those of the names are added.
    """
    marken = {z.raum_id: (px - 7, py - 7, px + 7, py + 7) for z, px, py in orte}
    wahl = [o for o in orte if o[0].raum_id == raum or o[0].lage == "sehr_auffaellig"]
    teile = []
    for z, px, py in sorted(wahl, key=lambda o: (o[0].raum_id != raum, -abs(o[2] - mitte))):
        alle = [p for p in plaetze(z.name, px, py, fett=z.raum_id == raum) if im_bild(p[1])]
        fremde = [*belegt, *(m for r, m in marken.items() if r != z.raum_id)]
        frei = [p for p in alle if not any(ueberlappt(p[1], k) for k in fremde)]
        if wohin := frei or (alle if z.raum_id == raum else []):
            teile.append(wohin[0][0])
            belegt.append(wohin[0][1])
    return teile


def plaetze(name: str, x: float, y: float, *, fett: bool) -> Iterator[tuple[str, Kasten]]:
    """Right, left, above and below of a point: the name as SVG text, and the place it takes."""
    weit = 14 if fett else 10  # outside the ring
    breite = len(name) * JE_ZEICHEN * (1.1 if fett else 1)
    schrift = f'font-size="12" fill="{TINTE}" stroke="#fff" stroke-width="3" paint-order="stroke"'
    schrift += ' font-weight="700"' if fett else ""
    for anker, tx, links, unten in (
        ("start", x + weit, x + weit, y + 4),
        ("end", x - weit, x - weit - breite, y + 4),
        ("middle", x, x - breite / 2, y - weit - 1),
        ("middle", x, x - breite / 2, y + weit + 9),
    ):
        text = f'<text x="{tx:.1f}" y="{unten:.1f}" text-anchor="{anker}" {schrift}>{escape(name)}</text>'
        yield text, (links, unten - 11, links + breite, unten + 4)


def im_bild(k: Kasten) -> bool:
    return k[0] >= RAND["l"] and k[2] <= BREITE and k[1] >= 0 and k[3] <= HOEHE - RAND["u"]


def ueberlappt(a: Kasten, b: Kasten) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def linie_aussen(aussen: tuple[str, float], eintrag, y: float, belegt: list[Kasten]) -> list[str]:
    """The benchmark outside the Gebiet, named at the left end of its line."""
    name = f"{aussen[0]} {zahlen.format_wert(aussen[1], eintrag.stellen, eintrag.einheit)}"
    belegt.append((RAND["l"], y - 16, RAND["l"] + len(name) * JE_ZEICHEN, y))
    belegt.append((RAND["l"], y - 1, BREITE, y + 1))
    strich = f'stroke="{TINTE}" stroke-width="1.5" stroke-dasharray="2 3"'
    return [
        f'<path d="M{RAND["l"]} {y:.1f}H{BREITE - RAND["r"]}" {strich}/>',
        f'<text x="{RAND["l"] + 4}" y="{y - 4:.1f}" font-size="12" fill="{TINTE}">{escape(name)}</text>',
    ]


def achsen(x, y, t, tief: float, hoch: float, eintrag, bezug: str):
    boden, schrift = HOEHE - RAND["u"], f'font-size="12" fill="{LEISE}"'
    for w in runde_werte(tief, hoch):
        yield f'<path d="M{RAND["l"]} {y(w):.1f}H{BREITE - RAND["r"]}" stroke="{LINIE}"/>'
        wert = zahlen.format_zahl(w, eintrag.stellen)
        yield f'<text x="{RAND["l"] - 8}" y="{y(w) + 4:.1f}" text-anchor="end" {schrift}>{wert}</text>'
    for n in runde_groessen(t.kurven["nenner"].iloc[0], t.kurven["nenner"].iloc[-1]):
        text = zahlen.format_zahl(n)
        yield f'<text x="{x(n):.1f}" y="{boden + 18}" text-anchor="middle" {schrift}>{text}</text>'
    yield f'<text x="{BREITE / 2}" y="{HOEHE - 10}" text-anchor="middle" {schrift}>{escape(bezug)}</text>'


def runde_groessen(von: float, bis: float) -> list[float]:
    """Round numbers between both that lie about as far apart on a logarithmic axis: 1, 2, 5, 10; closer ones where that
    gives fewer than three."""
    zehner = 10.0 ** np.arange(np.floor(np.log10(von)), np.ceil(np.log10(bis)) + 1)
    alle: list[float] = []
    for folge in ((1, 2, 5), (1, 1.5, 2, 3, 4, 5, 7)):
        alle = [float(z * k) for z in zehner for k in folge if von <= z * k <= bis]
        if len(alle) >= 3:
            break
    return alle


def runde_werte(tief: float, hoch: float) -> np.ndarray:
    """Four to nine round numbers between both."""
    schritt = 10.0 ** np.floor(np.log10((hoch - tief) / 3))
    schritt *= next(k for k in (5, 2, 1) if (hoch - tief) / (k * schritt) >= 3)
    return np.arange(np.ceil(tief / schritt), np.floor(hoch / schritt) + 1) * schritt
