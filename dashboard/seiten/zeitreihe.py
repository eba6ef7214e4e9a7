"""Seite »Zeitreihe«: eine Kennzahl, mehrere Räume; Brüche als Lücken mit Grund."""

from datetime import timedelta

import pandas as pd
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html

from dashboard import bausteine, festseite, figures, zahlen
from dashboard.ansicht import MAX_RAEUME, find_eintrag, find_raum, find_store, read_ansicht
from dashboard.seiten import auswertung
from dashboard.seiten.herkunft import build_ueber
from dashboard.seiten.karte import beschreibe_reihe, bruchliste, find_ganzes, quellenzeile, umrechnung

PFAD, TITEL = "zeitreihe", "Zeitreihe"


def layout(store, query: str = "") -> list:
    ansicht = read_ansicht(store, query)
    eintrag = store.eintrag(ansicht.kennzahl)
    raeume = ansicht.raeume or find_auswahl(store, eintrag)
    bild, tafel, titel, quelle, brueche = build_inhalt(store, eintrag, raeume, ansicht.baender)
    return [
        html.H1(f"Zeitreihe: {store.stand.gebiet_name}", className="nur-vorlesen"),
        html.Div(
            [
                html.Section(
                    [
                        bausteine.auswahl(
                            "z-kennzahl", "Kennzahl", bausteine.gruppen(store.katalog()), eintrag.id, suchen=True
                        ),
                        bausteine.mehrfachauswahl(
                            "z-raeume", f"Räume (bis {MAX_RAEUME})", raum_auswahl(store), raeume, hoechstens=MAX_RAEUME
                        ),
                        bausteine.schalter("z-baender", "95-%-Intervalle zeigen", ansicht.baender),
                    ],
                    className="steuerung",
                    **{"aria-label": "Auswahl"},
                ),
                html.Section(
                    [
                        html.Div(
                            [
                                html.H2(titel, id="z-titel"),
                                html.Div(
                                    bausteine.speichern_menue(store, eintrag.id, ansicht.ebene),
                                    id="z-speichern",
                                    className="werkzeug",
                                ),
                            ],
                            className="figur-kopf",
                        ),
                        bausteine.karte_tabelle_text(
                            "z-tab",
                            ansicht.tab,
                            bild_titel="Diagramm",
                            bild=[html.Div(bild, id="z-bild"), html.Div(brueche, id="z-brueche")],
                            tabelle=[dcc.Store(id="z-html", data=tafel), html.Div(id="z-tabelle")],
                            ueber=html.Div(build_ueber(store, eintrag), id="z-ueber", className="ueber"),
                        ),
                        html.P(quelle, id="z-quelle", className="quelle"),
                    ],
                    className="figur",
                    **{"aria-label": "Zeitreihe"},
                ),
            ],
            className="zweispaltig",
        ),
    ]


def find_auswahl(store, eintrag) -> list[str]:
    """Without a choice: the whole Gebiet if it has values, and the Raum with the highest newest value below it."""
    auswahl = find_ganzes(store, eintrag)
    ebene = next((e.id for e in store.stand.ebenen_gebiet[1:] if e.id in eintrag.ebenen), None)
    if ebene and eintrag.art != "anzahl":
        neueste = store.read_werte(eintrag.id, ebene, eintrag.stichtage[ebene][-1]).dropna(subset=["wert"])
        auswahl += list(neueste.nlargest(1, "wert")["raum_id"])
    return auswahl or list(store.raeume(eintrag.ebenen[0])["raum_id"][:2])


def raum_auswahl(store) -> list[dict]:
    """All Räume, grouped by level; those of earlier Gebietsstände behind today's."""
    heutige, fruehere = [], []
    for ebene in store.stand.ebenen:
        namen = {r.raum_id: r.name for r in store.raeume(ebene.eltern).itertuples()} if ebene.eltern else {}
        tief = ebene.eltern and ebene.eltern != store.stand.ebenen[0].id
        alle = store.raeume(ebene.id)
        for liste, raeume in ((heutige, alle[alle["bis"].isna()]), (fruehere, alle[alle["bis"].notna()])):
            auswahl = [{"value": r.raum_id, "label": raum_name(r, namen if tief else {})} for r in raeume.itertuples()]
            titel = ebene.titel_plural if liste is heutige else f"{ebene.titel_plural}, die es nicht mehr gibt"
            if auswahl:
                liste.append({"group": titel, "items": sorted(auswahl, key=lambda r: r["label"])})
    return heutige + fruehere


def raum_name(raum, eltern: dict[str, str]) -> str:
    """`Altstadt (Köpenick)`; a Raum of the past says until when: `Altstadt (Köpenick, bis 2020)`."""
    zusatz = [eltern[raum.eltern_id]] if raum.eltern_id in eltern else []
    zusatz += [] if pd.isna(raum.bis) else [f"bis {(raum.bis - timedelta(days=1)).year}"]
    return f"{raum.name} ({', '.join(zusatz)})" if zusatz else raum.name


def build_inhalt(store, eintrag, raeume: list[str], baender: bool) -> tuple:
    """Chart, table (as HTML: many cells), title, source and list of breaks for one choice."""
    reihen = store.read_reihe(eintrag.id, raeume)
    titel, quelle = eintrag.titel, quellenzeile(store, eintrag)
    if reihen.empty:
        leer = bausteine.leerzustand(
            "Keine Werte.", "Für diese Räume gibt es zu dieser Kennzahl keine Angaben. Andere Räume wählen."
        )
        return leer, festseite.als_html(leer), titel, quelle, ""
    bild = bausteine.diagramm(
        "z-graph", figures.zeitreihe(reihen, eintrag, baender=baender, hoehe=480), alt=beschreibe_reihe(reihen, eintrag)
    )
    saetze = umrechnung(store, eintrag, reihen)
    tafel = festseite.als_html(html.Div([build_tabelle(reihen, eintrag), saetze]))
    return bild, tafel, titel, quelle, [trendliste(store, eintrag, raeume), bruchliste(reihen, eintrag), saetze]


def trendliste(store, eintrag, raeume: list[str]):
    """Since when, in words: recent trend and whole series of each Raum; nothing where trends are never tested."""
    zeilen = []
    for raum_id in raeume:
        ebene = store.raum(raum_id).ebene
        if ebene not in eintrag.ebenen:
            continue
        tafel = store.read_auswertung(eintrag.id, ebene, eintrag.stichtage[ebene][-1])
        abschnitte = {z.kennzahl_id: z for z in store.read_abschnitte(raum_id).itertuples()}  # the newest stays
        for z in tafel[tafel["raum_id"] == raum_id].itertuples():
            zeilen.append(auswertung.trendsaetze(eintrag, z, abschnitte.get(eintrag.id)))
    return html.Ul([html.Li(" ".join(s)) for s in zeilen if s], className="index-saetze")


def build_tabelle(reihen, eintrag):
    """Stichtage down, Räume across: value and interval in one cell, as one reads it."""
    namen = list(dict.fromkeys(reihen["raum_id"]))
    titel = dict(zip(reihen["raum_id"], reihen["name"], strict=True))
    zellen = {(z.raum_id, z.stichtag): z for z in reihen.itertuples()}
    zeilen = [
        [
            zahlen.format_stichtag(tag, monatlich=eintrag.monatlich),
            *[zelle(zellen.get((r, tag)), eintrag) for r in namen],
        ]
        for tag in sorted(set(reihen["stichtag"]))
    ]
    return bausteine.tabelle(
        ["Stichtag", *[titel[r] for r in namen]],
        zeilen,
        titel=f"{eintrag.titel} ({eintrag.einheit}), in Klammern das 95-%-Intervall"
        + ("; u = umgerechnet" if reihen["umgerechnet"].any() else ""),
    )


def zelle(zeile, eintrag) -> str:
    if zeile is None:
        return "…"
    intervall = zahlen.format_intervall(zeile.unten, zeile.oben, eintrag.stellen)
    wert = zahlen.format_wert(zeile.wert, eintrag.stellen, "", zeile.status)
    zeichen = f" {zahlen.UMGERECHNET[0]}" if zeile.umgerechnet and zahlen.hat_wert(zeile.wert) else ""
    zeichen += ", vorläufig" if zahlen.ist_vorlaeufig(zeile.hinweis) and zahlen.hat_wert(zeile.wert) else ""
    return wert + (f" ({intervall})" if intervall else "") + zeichen


def register_callbacks(app: Dash, read_stores) -> None:
    app.clientside_callback(
        ClientsideFunction("sr", "reihenLink"),
        Input("z-kennzahl", "value"),
        Input("z-raeume", "value"),
        Input("z-baender", "checked"),
        Input("z-tab", "value"),
    )

    app.clientside_callback(
        ClientsideFunction("sr", "fuelle"), Output("z-tabelle", "data-stand"), Input("z-html", "data")
    )

    @app.callback(
        Output("z-bild", "children"),
        Output("z-html", "data"),
        *[Output(f"z-{name}", "children") for name in ("titel", "quelle", "brueche", "ueber", "speichern")],
        Input("z-kennzahl", "value"),
        Input("z-raeume", "value"),
        Input("z-baender", "checked"),
        State("url", "pathname"),
        prevent_initial_call=True,
    )
    def zeichne(kennzahl, raeume, baender, pfad):
        store = find_store(read_stores(), pfad)
        eintrag = find_eintrag(store, kennzahl)
        gewaehlt = [find_raum(store, r).raum_id for r in (raeume or [])[:MAX_RAEUME]]
        ebene = store.raum(gewaehlt[0]).ebene if gewaehlt else eintrag.ebenen[0]
        return (
            *build_inhalt(store, eintrag, gewaehlt, bool(baender)),
            build_ueber(store, eintrag),
            bausteine.speichern_menue(store, eintrag.id, ebene if ebene in eintrag.ebenen else eintrag.ebenen[0]),
        )
