"""Figures of the page »Pflege«: data → plotly figure, pure. Colour never stands alone: dash, pattern, place say it."""

from datetime import date
from html import escape

import pandas as pd
import plotly.graph_objects as go

from dashboard import figures, zahlen
from indicators.bericht.pflegetexte import ART, VARIANTE

FARBEN = {"konstant": "#0b5268", "trend": "#b3541e", "verschoben": "#6a3d9a"}
STRICH = {"konstant": "solid", "trend": "dash", "verschoben": "dot"}
MARKE = {"konstant": "circle", "trend": "square", "verschoben": "diamond"}
KURZ = {"konstant": "konstant", "trend": "steigend", "verschoben": "später"}  # at the ends of the lines
MIX = {
    "pflege_anteil_pflegegeld": ("#a1dab4", ""),
    "pflege_anteil_ambulant": ("#41b6c4", "/"),
    "pflege_anteil_stationaer": ("#0b5268", ""),
    "pflege_anteil_pg1_ohne": ("#e8d8a0", "x"),
}


def faecher(bestand: pd.DataFrame, brueche, voraus: pd.DataFrame, hoehe: int = 400) -> go.Figure:
    """Counted people in need, cut at breaks, and from the base year on the variants with their band.

    Args:
        bestand: rows of `store.read_reihe` of one Raum.
        brueche: breaks of that Kennzahl.
        voraus: rows of `store.read_prognose` of this Raum and groesse, base year included.
    """
    bild = figures.leer(hoehe)
    anfang = voraus[voraus["variante"] == "bestand"].dropna(subset=["wert"])
    if anfang.empty:
        return bild
    add_faecherband(bild, anfang, voraus[voraus["variante"] == "konstant"])
    for abschnitt in figures.split_abschnitte(bestand.sort_values("stichtag"), brueche) if len(bestand) else []:
        bild.add_scatter(
            x=[t.year for t in abschnitt["stichtag"]],
            y=_mit_luecken(abschnitt["wert"]),
            mode="lines+markers",
            line={"color": figures.TINTE, "width": 2.5},
            marker={"size": 8, "color": figures.TINTE},
            name="gezählt",
            hovertemplate="%{x}: %{y:,.0f} (gezählt)<extra></extra>",
        )
    enden = []
    for variante in [v for v in FARBEN if (voraus["variante"] == v).any()]:
        reihe = pd.concat([anfang, voraus[voraus["variante"] == variante]]).sort_values("jahr")
        add_variante(bild, reihe, variante)
        enden.append((int(reihe["jahr"].iloc[-1]), float(reihe["wert"].iloc[-1]), KURZ[variante], FARBEN[variante]))
    figures.add_namen(bild, enden, 0, hoehe)
    jahre = sorted({t.year for t in bestand["stichtag"]} | set(voraus["jahr"].astype(int)))
    bild.update_xaxes(tickvals=jahre, ticktext=[f"’{j % 100:02d}" for j in jahre], tickangle=0)
    bild.update_xaxes(range=[jahre[0] - 0.7, jahre[-1] + 0.7])
    add_bruchlinien(bild, bestand, brueche)
    bild.update_layout(title={**_titel("Pflegebedürftige")})
    return bild


def add_faecherband(bild: go.Figure, anfang: pd.DataFrame, konstant: pd.DataFrame) -> None:
    reihe = konstant.dropna(subset=["unten", "oben"]).sort_values("jahr")
    if reihe.empty:
        return
    start = (int(anfang["jahr"].iloc[0]), float(anfang["wert"].iloc[0]))
    jahre = [start[0], *reihe["jahr"].astype(int)]
    oben, unten = [start[1], *reihe["oben"]], [start[1], *reihe["unten"]]
    bild.add_scatter(
        x=jahre + jahre[::-1],
        y=oben + unten[::-1],
        fill="toself",
        fillcolor=figures.als_rgba(figures.AKZENT, 0.14),
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        name="Band",
    )


def add_variante(bild: go.Figure, reihe: pd.DataFrame, variante: str) -> None:
    bild.add_scatter(
        x=list(reihe["jahr"].astype(int)),
        y=_mit_luecken(reihe["wert"]),
        mode="lines+markers",
        line={"color": FARBEN[variante], "dash": STRICH[variante], "width": 2.5},
        marker={"symbol": MARKE[variante], "size": 8, "color": FARBEN[variante]},
        name=VARIANTE[variante],
        hovertemplate=f"%{{x}}: %{{y:,.0f}} ({escape(VARIANTE[variante])}, Modell)<extra></extra>",
    )


def add_bruchlinien(bild: go.Figure, bestand: pd.DataFrame, brueche) -> None:
    """As in a time series: a numbered dotted line; the reasons stand below as text."""
    if bestand.empty:
        return
    for nr, bruch in enumerate(figures.find_brueche(bestand, brueche), start=1):
        x = _als_jahr(figures.find_lage(bestand, bruch.ab))
        bild.add_shape(
            type="line",
            x0=x,
            x1=x,
            y0=0,
            y1=1,
            yref="paper",
            line={"color": figures.LEISE, "width": 1.5, "dash": "dot"},
        )
        bild.add_annotation(
            x=x, y=1, yref="paper", yanchor="bottom", showarrow=False, text=f"Bruch {nr}",
            hovertext=escape(bruch.grund), font={"size": 12, "color": figures.LEISE},
        )  # fmt: skip


def pyramide(alter: pd.DataFrame, jahr: int, ziel: int, hoehe: int = 520) -> go.Figure:
    """Men left, women right: the base year as bars, the projected year as an outline on top.

    Args:
        alter: rows of `store.read_prognose_alter` with art "bevoelkerung".
    """
    bild = figures.leer(hoehe)
    bild.update_layout(barmode="overlay", bargap=0.08, margin={"l": 70, "r": 20, "t": 52, "b": 44})
    for geschlecht, seite, farbe in (("m", -1, "#41b6c4"), ("w", 1, "#0b5268")):
        for wann, offen in ((jahr, False), (ziel, True)):
            teil = alter[(alter["jahr"] == wann) & (alter["geschlecht"] == geschlecht)].sort_values("von")
            wer = "Männer" if geschlecht == "m" else "Frauen"
            bild.add_bar(
                y=[alter_text(z.von, z.bis) for z in teil.itertuples()],
                x=list(seite * teil["bevoelkerung"]),
                orientation="h",
                marker={
                    "color": "rgba(0,0,0,0)" if offen else figures.als_rgba(farbe, 0.75),
                    "line": {"width": 2 if offen else 0, "color": "#b3541e"},
                },
                customdata=list(teil["bevoelkerung"].round()),
                hovertemplate=f"%{{y}}: %{{customdata:,.0f}} {wer} {wann}{' (Modell)' if offen else ''}<extra></extra>",
                name=f"{wer} {wann}",
            )
    groesste = float(alter.loc[alter["jahr"].isin((jahr, ziel)), "bevoelkerung"].max())
    marken = _marken(groesste)
    bild.update_xaxes(
        tickvals=[-m for m in marken[:0:-1]] + marken,
        ticktext=[zahlen.format_zahl(m) for m in marken[:0:-1]] + [zahlen.format_zahl(m) for m in marken],
        range=[-groesste * 1.08, groesste * 1.08],
        gridcolor="#e6ebef",
        showgrid=True,
    )
    bild.update_yaxes(tickfont={"size": 12}, showgrid=False)
    bild.update_layout(title=_titel(f"Männer ◀ ▶ Frauen · Fläche {jahr}, Umriss {ziel} (Modell)"))
    return bild


def bilanz(tabelle: pd.DataFrame, hoehe: int = 340) -> go.Figure:
    """Places minus need per year and variant: above zero a surplus, below a lack.

    Args:
        tabelle: rows jahr, variante, bilanz.
    """
    bild = figures.leer(hoehe)
    bild.update_layout(barmode="group", margin={"l": 64, "r": 20, "t": 52, "b": 60}, showlegend=True)
    bild.update_layout(legend={"orientation": "h", "y": -0.16, "x": 0})
    for variante in [v for v in FARBEN if (tabelle["variante"] == v).any()]:
        teil = tabelle[tabelle["variante"] == variante].sort_values("jahr")
        bild.add_bar(
            x=[str(int(j)) for j in teil["jahr"]],
            y=_mit_luecken(teil["bilanz"]),
            text=[zahlen.format_zahl(b) for b in teil["bilanz"]],
            textposition="outside",
            cliponaxis=False,
            marker={
                "color": figures.als_rgba(FARBEN[variante], 0.8),
                "pattern": {"shape": {"konstant": "", "trend": "/", "verschoben": "."}[variante], "fgcolor": "#ffffff"},
                "line": {"width": 1, "color": FARBEN[variante]},
            },
            name=VARIANTE[variante],
            hovertemplate=f"%{{x}}: %{{y:,.0f}} Plätze ({escape(VARIANTE[variante])}, Modell)<extra></extra>",
        )
    bild.update_yaxes(zeroline=True, zerolinecolor=figures.TINTE, zerolinewidth=2, rangemode="normal")
    bild.update_layout(title=_titel("Plätze minus Bedarf (Modell)"))
    return bild


def mix(anteile: pd.DataFrame, hoehe: int = 300) -> go.Figure:
    """Kinds of care in per cent, one stacked bar per year.

    Args:
        anteile: rows kennzahl_id, jahr, wert [%]; missing kinds are NaN.
    """
    bild = figures.leer(hoehe)
    bild.update_layout(barmode="stack", margin={"l": 56, "r": 20, "t": 20, "b": 90}, showlegend=True)
    bild.update_layout(legend={"orientation": "h", "y": -0.16, "x": 0, "traceorder": "normal"})
    for kennzahl, (farbe, muster) in MIX.items():
        teil = anteile[anteile["kennzahl_id"] == kennzahl].sort_values("jahr")
        if teil["wert"].notna().any():
            bild.add_bar(
                y=[str(int(j)) for j in teil["jahr"]],
                x=_mit_luecken(teil["wert"]),
                orientation="h",
                marker={
                    "color": farbe,
                    "pattern": {"shape": muster, "fgcolor": "#33424d"},
                    "line": {"width": 1, "color": "#ffffff"},
                },
                name=ART[kennzahl],
                hovertemplate=f"%{{y}}: %{{x:.1f}} % {escape(ART[kennzahl])}<extra></extra>",
            )
    bild.update_xaxes(range=[0, 100], ticksuffix=" %")
    bild.update_yaxes(showgrid=False, type="category", autorange="reversed")
    return bild


def hoehe_rangliste(anzahl: int) -> int:
    """Room for a line of text per Raum [px]."""
    return 110 + 19 * max(anzahl, 4)


def rangliste(raeume: pd.DataFrame, mass: float, ganzes: str) -> go.Figure:
    """Standardised rates with their intervals, lowest first; a line where the whole lies.

    Args:
        raeume: rows name, rate, rate_unten, rate_oben, sorted by rate.
    """
    bild = figures.leer(hoehe_rangliste(len(raeume)))
    bild.update_layout(margin={"l": 210, "r": 20, "t": 52, "b": 40})
    namen = [figures.kuerze(n, 28) for n in raeume["name"]]
    bild.add_scatter(
        x=list(raeume["rate"]),
        y=namen,
        mode="markers",
        marker={"size": 9, "color": figures.AKZENT},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": list(raeume["rate_oben"] - raeume["rate"]),
            "arrayminus": list(raeume["rate"] - raeume["rate_unten"]),
            "color": figures.LEISE,
            "thickness": 2,
            "width": 4,
        },
        hovertemplate="%{y}: %{x:.2f} je 100<extra></extra>",
        name="standardisiert",
    )
    if zahlen.hat_wert(mass):
        bild.add_vline(x=mass, line={"color": figures.TINTE, "width": 1.5, "dash": "dot"})
        bild.add_annotation(x=mass, y=1, yref="paper", yanchor="bottom", text=escape(ganzes), showarrow=False)
    bild.update_xaxes(ticksuffix="", showgrid=True, gridcolor="#e6ebef")
    bild.update_yaxes(showgrid=False, tickfont={"size": 12}, rangemode="normal")
    bild.update_layout(title=_titel("je 100, bei gleichem Alter und Geschlecht"))
    return bild


def alter_text(von: int, bis) -> str:
    """`65–69`, `90 und älter`."""
    return f"{int(von)}–{int(bis)}" if zahlen.hat_wert(bis) else f"{int(von)} und älter"


def _titel(text: str) -> dict:
    return {"text": text, "x": 0, "xanchor": "left", "y": 1, "yanchor": "top", "pad": {"t": 4, "l": 8}} | {
        "font": {"size": 14, "color": figures.LEISE}
    }


def _als_jahr(tag: date) -> float:
    """Where a day lies on an axis on which a year stands for its 31 December."""
    return tag.year - 1 + tag.timetuple().tm_yday / 365


def _mit_luecken(werte: pd.Series) -> list:
    return [float(w) if zahlen.hat_wert(w) else None for w in werte]


def _marken(groesste: float) -> list[float]:
    """0 and two or three round numbers up to `groesste`."""
    schritt = 10 ** (len(str(int(max(groesste, 1)))) - 1)
    while groesste / schritt < 2:
        schritt /= 2
    while groesste / schritt > 4:
        schritt *= 2
    return [i * schritt for i in range(int(groesste // schritt) + 1)]
