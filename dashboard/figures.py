"""Data → Plotly figure or SVG text. Pure: no store, no page."""

import gzip
import itertools
import json
from datetime import date, timedelta
from html import escape
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard import zahlen
from dashboard.festseite import Roh

SCHRIFT = '"Segoe UI", system-ui, -apple-system, "Noto Sans", "Liberation Sans", Arial, sans-serif'
TINTE, LEISE, LINIE, AKZENT = "#14212b", "#4a5a66", "#d5dde3", "#0b5268"

# sequential, safe for colour-blind readers, dark = high; fewer classes take a spread of it
YLGNBU = ("#ffffcc", "#a1dab4", "#41b6c4", "#2c7fb8", "#253494")
STUFEN = {1: (2,), 2: (1, 3), 3: (0, 2, 4), 4: (0, 1, 3, 4), 5: (0, 1, 2, 3, 4)}

# lines differ in colour, dash and marker: no meaning by colour alone
LINIEN = (
    ("#0b5268", "solid", "circle"),
    ("#b3541e", "dash", "square"),
    ("#6a3d9a", "dot", "diamond"),
    ("#7a5c00", "dashdot", "triangle-up"),
    ("#0072b2", "longdash", "cross"),
)
INTERVALL = "95-%-Intervall"
GRAU = ("#6b7780", "solid", "line-ns-open")


def farben(anzahl: int) -> list[str]:
    """Class colours, light to dark, for 1 to 5 classes."""
    return [YLGNBU[i] for i in STUFEN[max(1, min(anzahl, 5))]]


def graph_config() -> dict:
    """The one configuration of every chart: German, no toolbar, and nothing that uploads to the vendor's cloud."""
    return {
        "locale": "de",
        "displayModeBar": False,
        "displaylogo": False,
        "showSendToCloud": False,
        "plotlyServerURL": "",
        "responsive": True,
        "scrollZoom": False,
        "doubleClick": "reset",
    }


def leer(hoehe: int = 360) -> go.Figure:
    """A figure without data, already in the final shape."""
    return go.Figure(
        layout={
            "height": hoehe,
            "separators": ",.",
            "font": {"family": SCHRIFT, "size": 15, "color": TINTE},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "margin": {"l": 64, "r": 170, "t": 52, "b": 40},
            "showlegend": False,
            "hovermode": "closest",
            "dragmode": False,
            "xaxis": {
                "fixedrange": True,
                "showgrid": False,
                "linecolor": LEISE,
                "ticks": "outside",
                "tickcolor": LEISE,
            },
            "yaxis": {"fixedrange": True, "gridcolor": "#e6ebef", "zeroline": False, "rangemode": "tozero"},
            "hoverlabel": {"bgcolor": "#ffffff", "bordercolor": LEISE, "font": {"family": SCHRIFT, "color": TINTE}},
        }
    )


def zeitreihe(
    reihen: pd.DataFrame, eintrag, *, baender: bool = True, grau: str | None = None, hoehe: int = 380
) -> go.Figure:
    """Several Räume over time: one line each, labelled at its end, broken where the numbers are not comparable.

    Args:
        reihen: rows of `store.read_reihe` (raum_id, name, stichtag, wert, unten, oben, status, zuschnitt).
        baender: draw the 95 % intervals as bands.
        grau: raum_id of the comparison (the Kreis), drawn in grey without a band.

    A missing value is a gap; so is a `trennt` break and a new Zuschnitt. Every break is a dated note. Values converted
    to today's Räume have a hollow marker.
    """
    bild = leer(hoehe)
    if reihen.empty:
        return bild
    bild.update_xaxes(type="date", range=zeitraum(reihen["stichtag"]))
    bild.update_layout(title=achsentitel(eintrag))
    bild.update_xaxes(**achsentage(sorted(set(reihen["stichtag"]))))
    namen = list(dict.fromkeys(zip(reihen["raum_id"], reihen["name"], strict=True)))
    stile = iter(LINIEN * (len(namen) // len(LINIEN) + 1))
    enden = []
    for raum_id, name in namen:
        stil = GRAU if raum_id == grau else next(stile)
        zeilen = reihen[reihen["raum_id"] == raum_id].sort_values("stichtag")
        abschnitte = split_abschnitte(zeilen, eintrag.brueche)
        if baender and raum_id != grau:
            for abschnitt in abschnitte:
                add_band(bild, abschnitt, stil[0])
        for abschnitt in abschnitte:
            add_linie(bild, abschnitt, eintrag, stil, name)
        mit_wert = zeilen.dropna(subset=["wert"])
        if len(mit_wert):
            enden.append((mit_wert["stichtag"].iloc[-1], mit_wert["wert"].iloc[-1], name, stil[0]))
    add_namen(bild, enden, eintrag.stellen, hoehe)
    add_brueche(bild, reihen, eintrag.brueche)
    if eintrag.stufen:
        bild.update_yaxes(**achse_stufen(eintrag.stufen))
    return bild


def achse_stufen(stufen) -> dict:
    """An axis of named classes: "1 hoch" to "4 sehr niedrig", never a scale between them."""
    stellen = [int(s.split(" ")[0].replace("−", "-")) for s in stufen]
    return {
        "tickvals": stellen,
        "ticktext": list(stufen),
        "range": [stellen[0] - 0.5, stellen[-1] + 0.5],
        "autorange": False,
    }


def achsentitel(eintrag) -> dict:
    """The unit, lying flat above the axis: turned text is hard to read."""
    text = {"%": "Prozent"}.get(eintrag.einheit, eintrag.einheit)
    return {"text": text, "x": 0, "xanchor": "left", "y": 1, "yanchor": "top", "pad": {"t": 4, "l": 8}} | {
        "font": {"size": 14, "color": LEISE}
    }


def achsentage(tage: list[date]) -> dict:
    """Ticks exactly at Stichtage: Plotly's own stand at New Year, where 31.12.2015 reads as 2016."""
    je_jahr = len({t.year for t in tage}) == len(tage)
    gezeigt = tage if je_jahr else [t for t in tage if t.month == 12] or tage
    schritt = -(-len(gezeigt) // 12)
    gezeigt = gezeigt[::-1][::schritt][::-1]
    return {"tickvals": gezeigt, "ticktext": [str(t.year) if je_jahr else f"{t.month}/{t.year}" for t in gezeigt]}


def zeitraum(stichtage: pd.Series) -> list[str]:
    """From the first to the last Stichtag with a little room on both sides."""
    von, bis = min(stichtage), max(stichtage)
    rand = max((bis - von) * 0.03, timedelta(days=40))
    return [(von - rand).isoformat(), (bis + rand).isoformat()]


def split_abschnitte(zeilen: pd.DataFrame, brueche) -> list[pd.DataFrame]:
    """Cut a series of one Raum where it must not be joined: separating breaks and changes of the Zuschnitt."""
    grenzen = sorted(b.ab for b in brueche if b.wirkung == "trennt")
    nummer = zeilen["stichtag"].map(lambda tag: sum(tag >= ab for ab in grenzen))
    gruppen = zeilen.groupby([nummer, zeilen["zuschnitt"]], sort=False)
    return [abschnitt for _, abschnitt in gruppen]


def add_linie(bild: go.Figure, zeilen: pd.DataFrame, eintrag, stil: tuple, name: str) -> None:
    farbe, strich, marke = stil
    texte = [
        f"<b>{escape(name)}</b><br>{zahlen.format_stichtag(z.stichtag, monatlich=eintrag.monatlich)}: "
        + zahlen.format_wert(z.wert, eintrag.stellen, eintrag.einheit, z.status)
        + (f"<br>95-%-Intervall {i}" if (i := zahlen.format_intervall(z.unten, z.oben, eintrag.stellen)) else "")
        + (f"<br>{zahlen.format_umgerechnet(z.anteil_aufgeteilt)}" if ist_umgerechnet(z) else "")
        for z in zeilen.itertuples()
    ]
    bild.add_scatter(
        x=list(zeilen["stichtag"]),
        y=[w if zahlen.hat_wert(w) else None for w in zeilen["wert"]],
        mode="lines+markers" if len(zeilen) <= 40 else "lines",
        line={"color": farbe, "dash": strich, "width": 2.5},
        marker={
            "symbol": [
                f"{marke.removesuffix('-open')}-open" if ist_umgerechnet(z) else marke for z in zeilen.itertuples()
            ],
            "size": 8,
            "color": farbe,
            "line": {"width": [2 if ist_umgerechnet(z) else 1 for z in zeilen.itertuples()], "color": farbe},
        },
        connectgaps=False,
        text=texte,
        hovertemplate="%{text}<extra></extra>",
        name=name,
    )


def ist_umgerechnet(zeile) -> bool:
    """Whether a row of `store.read_reihe` was converted to today's Räume: its marker is hollow."""
    return bool(getattr(zeile, "umgerechnet", False))


def add_band(bild: go.Figure, zeilen: pd.DataFrame, farbe: str) -> None:
    """The interval of one section: a polygon for every run without a gap, an error bar for a lone point."""
    gueltig = zeilen["unten"].notna() & zeilen["oben"].notna()
    laeufe = (gueltig != gueltig.shift()).cumsum()
    for _, lauf in zeilen[gueltig].groupby(laeufe[gueltig]):
        tage = list(lauf["stichtag"])
        if len(lauf) == 1:
            add_fehlerbalken(bild, tage[0], lauf["unten"].iloc[0], lauf["oben"].iloc[0], farbe)
            continue
        bild.add_scatter(
            x=tage + tage[::-1],
            y=list(lauf["oben"]) + list(lauf["unten"])[::-1],
            fill="toself",
            fillcolor=als_rgba(farbe, 0.14),
            line={"width": 0},
            mode="lines",
            hoverinfo="skip",
            name=INTERVALL,
        )


def add_fehlerbalken(bild: go.Figure, tag: date, unten: float, oben: float, farbe: str) -> None:
    bild.add_scatter(
        x=[tag, tag],
        y=[unten, oben],
        mode="lines+markers",
        line={"color": als_rgba(farbe, 0.6), "width": 2},
        marker={"symbol": "line-ew", "size": 12, "line": {"width": 2, "color": als_rgba(farbe, 0.6)}},
        hoverinfo="skip",
        name=INTERVALL,
    )


def als_rgba(farbe: str, deckung: float) -> str:
    r, g, b = (int(farbe[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({r},{g},{b},{deckung})"


def add_namen(bild: go.Figure, enden: list[tuple], stellen: int, hoehe: int) -> None:
    """Names at the line ends instead of a legend, pushed apart where they would overlap."""
    if not enden:
        return
    tief, hoch = wertebereich([w for spur in bild.data for w in spur.y if w is not None])
    bild.update_yaxes(range=[tief, hoch], tickformat=f",.{stellen if hoch - tief < 8 else 0}f")
    bild.update_layout(margin_r=28 + 9 * max(len(kuerze(name, 22)) for _, _, name, _ in enden))
    je_punkt = (hoch - tief) / max(hoehe - 92, 1)
    for (tag, wert, name, farbe), versatz in zip(enden, spread([e[1] / je_punkt for e in enden], 19), strict=True):
        bild.add_annotation(
            x=tag,
            y=wert,
            text=f"<b>{escape(kuerze(name, 22))}</b>",
            font={"color": farbe, "size": 14},
            showarrow=False,
            xanchor="left",
            xshift=10,
            yshift=versatz,
        )


def wertebereich(werte: list[float]) -> tuple[float, float]:
    """From zero, unless all values lie so far above it that the lines would be flat; a little room above."""
    tief, hoch = min(werte), max(werte)
    if 0 <= tief < 0.6 * hoch:
        return 0, hoch * 1.08
    rand = (hoch - tief or abs(hoch) or 1) * 0.15
    return tief - rand, hoch + rand


def spread(lagen: list[float], abstand: float) -> list[float]:
    """Shifts that bring sorted positions at least `abstand` apart, keeping their order and their middle [px]."""
    folge = np.argsort(lagen, kind="stable")
    neu = np.array(lagen, dtype=float)
    for _ in range(60):
        for a, b in itertools.pairwise(folge):
            fehlt = abstand - (neu[b] - neu[a])
            if fehlt > 1e-6:
                neu[a] -= fehlt / 2
                neu[b] += fehlt / 2
    return list(neu - np.array(lagen, dtype=float))


def kuerze(text: str, laenge: int) -> str:
    return text if len(text) <= laenge else text[: laenge - 1].rstrip() + "…"


def find_brueche(reihen: pd.DataFrame, brueche) -> list:
    """Breaks that fall between the first and the last Stichtag shown, in order; chart and list number them alike."""
    von, bis = min(reihen["stichtag"]), max(reihen["stichtag"])
    return sorted((b for b in brueche if von < b.ab <= bis), key=lambda b: b.ab)


def find_lage(reihen: pd.DataFrame, ab: date) -> date:
    """Half-way between the Stichtage before and after: a break on 1 January would hide under 31 December."""
    vorher = max(t for t in reihen["stichtag"] if t < ab)
    nachher = min(t for t in reihen["stichtag"] if t >= ab)
    return vorher + (nachher - vorher) / 2


def add_brueche(bild: go.Figure, reihen: pd.DataFrame, brueche) -> None:
    """A dotted vertical line with its reason's number; the reasons themselves stand below the figure as text."""
    for nr, bruch in enumerate(find_brueche(reihen, brueche), start=1):
        lage = find_lage(reihen, bruch.ab)
        bild.add_shape(
            type="line", x0=lage, x1=lage, y0=0, y1=1, yref="paper", line={"color": LEISE, "width": 1.5, "dash": "dot"}
        )
        bild.add_annotation(
            x=lage,
            y=1,
            yref="paper",
            yanchor="bottom",
            showarrow=False,
            text=f"Bruch {nr}" if bruch.wirkung == "trennt" else f"Hinweis {nr}",
            hovertext=escape(bruch.grund),
            font={"size": 12, "color": LEISE},
        )


# --- small SVG pictures of the profile ---------------------------------------------------------------------------


def svg_url(svg: str) -> str:
    return "data:image/svg+xml;charset=utf-8," + quote(svg, safe="/:=,;+()'!*~-._ ")


def svg(breite: int, hoehe: int, inhalt: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{breite}" height="{hoehe}" viewBox="0 0 {breite} {hoehe}">'
        f"{inhalt}</svg>"
    )


def spine(wert: float, unten: float, oben: float, *, minimum: float, median: float, maximum: float, mass: float) -> str:
    """Where a value lies between the lowest and the highest Raum of its level, as SVG.

    A bar from minimum to maximum, a tick at the median, a diamond at the benchmark `mass`, a whisker for the
    interval and a dot for the value. Missing parts (NaN) are left out.
    """
    breite, hoehe, rand = 220, 26, 9
    enden = [w for w in (minimum, maximum, wert, mass) if zahlen.hat_wert(w)]
    if len(enden) < 2 or max(enden) == min(enden):
        return svg(breite, hoehe, "")
    tief, spanne = min(enden), max(enden) - min(enden)

    def x(w):
        return rand + (min(max(w, tief), tief + spanne) - tief) / spanne * (breite - 2 * rand)

    teile = []
    if zahlen.hat_wert(minimum):
        teile.append(
            f'<rect x="{x(minimum):.1f}" y="9" width="{x(maximum) - x(minimum):.1f}" height="8" rx="4" fill="#dbe5ea"/>'
        )
        teile.append(f'<path d="M{x(median):.1f} 6v14" stroke="{LEISE}" stroke-width="2"/>')
    if zahlen.hat_wert(mass):
        teile.append(f'<path d="M{x(mass):.1f} 7l6 6-6 6-6-6z" fill="#fff" stroke="{TINTE}" stroke-width="1.5"/>')
    if zahlen.hat_wert(unten) and zahlen.hat_wert(oben):
        teile.append(f'<path d="M{x(unten):.1f} 13H{x(oben):.1f}" stroke="{AKZENT}" stroke-width="3"/>')
    if zahlen.hat_wert(wert):
        teile.append(f'<circle cx="{x(wert):.1f}" cy="13" r="6" fill="{AKZENT}" stroke="#fff" stroke-width="1.5"/>')
    return svg(breite, hoehe, "".join(teile))


def sparkline(tage: list[date], werte: list[float]) -> str:
    """A small series as SVG: gaps stay gaps, the last value is a dot. Empty without two values."""
    breite, hoehe, rand = 110, 28, 5
    punkte = [(t.toordinal(), w) if zahlen.hat_wert(w) else None for t, w in zip(tage, werte, strict=True)]
    da = [p for p in punkte if p]
    if len(da) < 2:
        return svg(breite, hoehe, "")
    (x0, x1), (y0, y1) = [(min(p[i] for p in da), max(p[i] for p in da)) for i in (0, 1)]
    spanne = (y1 - y0) or 1

    def lage(p):
        x = rand + (p[0] - x0) / max(x1 - x0, 1) * (breite - 2 * rand)
        return f"{x:.1f} {hoehe - rand - (p[1] - y0) / spanne * (hoehe - 2 * rand):.1f}"

    pfad, zug = [], False
    for p in punkte:
        if p:
            pfad.append(("L" if zug else "M") + lage(p))
        zug = bool(p)
    cx, cy = lage(da[-1]).split()
    return svg(
        breite,
        hoehe,
        f'<path d="{"".join(pfad)}" fill="none" stroke="{LEISE}" stroke-width="1.8" stroke-linejoin="round"/>'
        f'<circle cx="{cx}" cy="{cy}" r="3.5" fill="{AKZENT}"/>',
    )


def read_ringe(pfad: Path) -> tuple[dict, list[list[np.ndarray]]]:
    """Browser geometry → header and, per Raum, its rings as integer grid points (n, 2); y grows downwards."""
    roh = gzip.decompress(pfad.read_bytes())
    laenge = int(np.frombuffer(roh, "<u4", 1)[0])
    kopf = json.loads(roh[4 : 4 + laenge])
    punkte = np.array(kopf["punkte"], dtype=int)
    delta = np.frombuffer(roh, "<i2", offset=4 + laenge).astype(np.int64).reshape(2, -1).T
    starts = np.concatenate([[0], np.cumsum(punkte)[:-1]]).astype(int)
    anker = np.cumsum(delta[starts], axis=0)  # first points are relative to the first point before
    schritte = delta.copy()
    schritte[starts] = 0
    lauf = np.cumsum(schritte, axis=0)
    nr = np.repeat(np.arange(len(punkte)), punkte)
    xy = lauf - lauf[starts][nr] + anker[nr]
    ringe = np.split(xy, starts[1:])
    grenzen = np.cumsum(kopf["ringe"])
    return kopf, [ringe[b - n : b] for n, b in zip(kopf["ringe"], grenzen, strict=True)]


def lagekarte(hintergrund: Path, vordergrund: Path, raum_id: str, *, breite: int = 300) -> str:
    """Where a Raum lies: all areas of one level as a pale ground, the Raum dark on top, as SVG.

    Args:
        hintergrund, vordergrund: browser geometry files of the same grid; the second one contains `raum_id`.
    """
    kopf, grund = read_ringe(hintergrund)
    vorn, raeume = read_ringe(vordergrund)
    masse = breite / max(kopf["breite"], 1)
    flaechen = "".join(f'<path d="{svg_pfad(r, masse)}"/>' for r in grund)
    eigene = raeume[vorn["ids"].index(raum_id)] if raum_id in vorn["ids"] else []
    faktor = breite / max(vorn["breite"], 1)
    return svg(
        breite,
        max(1, round(kopf["hoehe"] * masse)),
        f'<g fill="#e3edf1" stroke="#8fa3ae" stroke-width="0.7" stroke-linejoin="round">{flaechen}</g>'
        f'<path d="{svg_pfad(eigene, faktor)}" fill="{AKZENT}" fill-rule="evenodd" stroke="#06384a"/>',
    )


def auswahlkarte(datei: Path, gewaehlt: set[str], *, breite: int = 480) -> Roh:
    """All areas of one level as inline SVG, each with its key and name; those chosen carry the class `an`."""
    kopf, raeume = read_ringe(datei)
    masse = breite / max(kopf["breite"], 1)
    hoehe = max(1, round(kopf["hoehe"] * masse))
    flaechen = "".join(
        f'<path data-raum="{escape(raum_id)}"{" class=an" if raum_id in gewaehlt else ""} d="{svg_pfad(ringe, masse)}">'
        f"<title>{escape(name)}</title></path>"
        for raum_id, name, ringe in zip(kopf["ids"], kopf["namen"], raeume, strict=True)
    )
    return Roh(f'<svg viewBox="0 0 {breite} {hoehe}" focusable="false">{flaechen}</svg>')


def svg_pfad(ringe: list[np.ndarray], masse: float) -> str:
    """Rings → SVG path; points closer than half a pixel are dropped, a small picture does not show them."""
    teile = []
    for ring in ringe:
        xy = np.round(ring * masse, 1)
        neu = np.concatenate([[True], np.abs(np.diff(xy, axis=0)).max(axis=1) >= 0.5]) if len(xy) > 1 else [True]
        xy = xy[neu]
        teile.append("M" + "L".join(f"{x:g} {y:g}" for x, y in xy) + "Z")
    return "".join(teile)
