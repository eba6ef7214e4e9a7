"""Seite »Karte«: eine Kennzahl auf der Karte, als Rangfolge, als Tabelle und erklärt.

Everything that a Stichtag changes (map, ranking, legend, table, sentence) happens in assets/ansicht.js from files that
are already there; the server is asked for the plan of a Kennzahl and for the series of the selected Räume only.
"""

from datetime import date

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update

from dashboard import bausteine, figures, zahlen
from dashboard.ansicht import MAX_RAEUME, find_ebene, find_eintrag, find_raum, find_store, read_ansicht
from dashboard.seiten import auswertung
from dashboard.seiten.herkunft import build_ueber
from indicators.bericht import saetze

PFAD, TITEL = "karte", "Karte"
NICHT_UMGERECHNET = "Der Wert ist nicht umgerechnet: Der Raum wurde zu stark neu zugeschnitten."


def layout(store, query: str = "") -> list:
    ansicht = read_ansicht(store, query)
    eintrag = store.eintrag(ansicht.kennzahl)
    return [
        html.H1(f"Karte: {store.stand.gebiet_name}", className="nur-vorlesen"),  # seen in the header and in the figure
        dcc.Store(id="ansicht", data=ansicht.als_dict()),
        dcc.Store(id="plan", data=build_plan(store, eintrag, ansicht.ebene)),
        dcc.Store(id="reihe-frage"),
        html.Div(
            [steuerung(store, eintrag, ansicht), buehne(store, eintrag, ansicht), rangfolge()], className="kartenraster"
        ),
        reihe(),
    ]


def steuerung(store, eintrag, ansicht):
    return html.Section(
        [
            html.H2("Auswahl", className="nur-vorlesen"),
            bausteine.auswahl("kennzahl", "Kennzahl", bausteine.gruppen(store.katalog()), eintrag.id, suchen=True),
            bausteine.auswahl("ebene", "Ebene", ebenen_auswahl(store, eintrag), ansicht.ebene),
            html.Div(
                bausteine.auswahl(
                    "kommune",
                    "Ausschnitt",
                    ausschnitte(store),
                    ansicht.kommune or None,
                    suchen=True,
                    leer="Ganzes Gebiet",
                ),
                id="kommune-feld",
                hidden=not ist_tief(store, ansicht.ebene),
            ),
            html.Div(id="zeit", className="zeit"),
            html.Div(id="zuschnitt-feld", className="zuschnitt-feld", hidden=True),
            html.Div(id="urteil-feld", className="zuschnitt-feld", hidden=True),
            bausteine.mehrfachauswahl(
                "raeume", f"Räume vergleichen (bis {MAX_RAEUME})", [], ansicht.raeume, hoechstens=MAX_RAEUME
            ),
            html.Div(id="chips", className="chips"),
        ],
        className="steuerung",
        **{"aria-label": "Auswahl"},
    )


def buehne(store, eintrag, ansicht):
    """The figure: one statement, map or table or explanation, legend, source."""
    karte = [
        html.Div(
            [
                html.Div(id="karte", className="karte"),
                html.Div(
                    [
                        html.Button("+", id="karte-naeher", type="button", **{"aria-label": "Karte vergrößern"}),
                        html.Button("−", id="karte-weiter", type="button", **{"aria-label": "Karte verkleinern"}),
                        html.Button("⤢", id="karte-ganz", type="button", **{"aria-label": "Ganze Karte zeigen"}),
                    ],
                    className="karte-knoepfe",
                ),
                html.Div(id="hover", className="hover", hidden=True),
                html.P(id="stichtag-gross", className="stichtag-gross"),
            ],
            className="karte-rahmen",
        ),
        html.Div(id="legende", className="legende"),
    ]
    return html.Section(
        [
            html.Div(
                [html.H2(eintrag.titel, id="figur-titel"), html.P(id="figur-unter", className="figur-unter")],
                className="titelzeile",
            ),
            html.P(id="satz", className="satz", **{"aria-live": "polite"}),
            html.Div(
                [
                    werkzeug(store, eintrag, ansicht.ebene),
                    bausteine.karte_tabelle_text(
                        "tab",
                        ansicht.tab,
                        bild_titel="Karte",
                        bild=html.Div(karte, className="bild-feld"),
                        tabelle=html.Div(id="tabelle"),
                        ueber=html.Div(build_ueber(store, eintrag), id="ueber", className="ueber"),
                    ),
                ],
                className="mit-werkzeug",
            ),
            html.P(quellenzeile(store, eintrag), id="quelle", className="quelle"),
        ],
        id="figur",
        className="figur",
        **{"aria-label": "Karte"},
    )


def werkzeug(store, eintrag, ebene: str):
    """What one does with the figure, on the line of its tabs. The pair ‹ › belongs to the full screen only."""
    speichern = bausteine.speichern_menue(store, eintrag.id, ebene, bild_knopf="png")
    blaettern = [
        html.Button("‹", id="frueher", type="button", **{"aria-label": "Voriger Stichtag"}),
        html.Span(id="stelle", className="stelle"),
        html.Button("›", id="spaeter", type="button", **{"aria-label": "Nächster Stichtag"}),
    ]
    return html.Div(
        [
            html.Div(speichern, id="speichern"),
            bausteine.knopf("Link kopieren", "link-kopieren", klasse="zart klein-knopf zeichen-link"),
            html.Div(blaettern, className="blaettern"),
            bausteine.knopf("Vollbild", "vollbild", klasse="zart klein-knopf zeichen-vollbild"),
        ],
        className="werkzeug",
    )


def rangfolge():
    return html.Section(
        [
            html.H2("Rangfolge", id="rang-titel"),
            html.P(id="rang-unter", className="leise"),
            html.Div(id="rang", className="rang"),
        ],
        className="rangfolge",
        **{"aria-labelledby": "rang-titel"},
    )


def reihe():
    return html.Section(
        [
            html.H2("Entwicklung"),
            html.P(id="reihe-text", className="leise"),
            html.Div(id="reihe"),
            html.Div(id="reihe-brueche"),
        ],
        className="reihe",
    )


# --- what the browser needs to know ------------------------------------------------------------------------------


def ebenen_auswahl(store, eintrag) -> list[dict]:
    return [
        {"value": e.id, "label": e.titel_plural, "disabled": e.id not in eintrag.ebenen} for e in store.stand.ebenen
    ]


def ausschnitte(store) -> list[dict]:
    """Räume one may look into: those of the second level, if there is a level below it."""
    ebenen = store.stand.ebenen_gebiet
    if len(ebenen) < 3:
        return []
    return [{"value": r.raum_id, "label": r.name} for r in store.raeume(ebenen[1].id).itertuples() if r.mit_geometrie]


def ist_tief(store, ebene: str) -> bool:
    """Whether there is a level between this one and the whole Gebiet, so that one may look into a part of it."""
    ebenen = [e.id for e in store.stand.ebenen_gebiet]
    if ebene not in ebenen:  # own areas: only where each lies in one Raum of the second level
        return len(ebenen) > 2 and store.stand.ebene(ebene).eltern == ebenen[1]
    return ebenen.index(ebene) >= 2


def build_plan(store, eintrag, ebene: str) -> dict:
    """Everything ansicht.js needs to draw one Kennzahl on one level, for all Stichtage, without asking again.

    Returns:
        JSON: texts, class edges and colours, file URLs (`teile`, `umrisse`), `stichtage` with their German names,
        and `vergleich`: Stichtag → value of the whole Gebiet (left out where it has none).
    """
    stand = store.stand
    der_ebene = next(e for e in stand.ebenen if e.id == ebene)
    klassen = list(store.klassen(eintrag.id, ebene))
    heute = store.karten_teil_heute(eintrag.id, ebene)
    return {
        "gebiet": stand.gebiet_id,
        "kennzahl": eintrag.id,
        "ebene": ebene,
        "titel": eintrag.titel,
        "kurz": eintrag.kurz,
        "einheit": eintrag.einheit,
        "stellen": eintrag.stellen,
        "naeherung": eintrag.naeherung,
        "bestaetigt": eintrag.bestaetigt,
        "uebernommen": eintrag.herausgeber,
        "summierbar": eintrag.art == "anzahl",
        "plural": der_ebene.titel_plural,
        "einzahl": der_ebene.titel,
        "dativ": saetze.dativ_plural(der_ebene.titel_plural),
        "eigene": bool(der_ebene.bausteine),
        "eltern_titel": next((e.titel for e in stand.ebenen if e.id == der_ebene.eltern), ""),
        "namen_eltern": namen_der(store, der_ebene.eltern),
        "fokus": ist_tief(store, ebene),
        "ganzes": stand.gebiet_name,
        "testbar": store.hat_urteile(eintrag.id, ebene),
        "rest": auswertung.rest_dativ(store),
        "urteile": auswertung.URTEILE[eintrag.polaritaet],
        "gruende": auswertung.GRUENDE,
        "status_saetze": {**saetze.STATUS_SATZ, "nicht_umgerechnet": NICHT_UMGERECHNET},
        "muster": f"/{stand.gebiet_id}/muster?kennzahl={eintrag.id}&ebene={ebene}"
        if ebene in store.mit_muster.get(eintrag.id, ())
        else "",
        "hinweis": auswertung.INTERVALL_HINWEIS,
        "klassen": klassen,
        "stufen": list(eintrag.stufen) if len(eintrag.stufen) == len(klassen) - 1 else [],
        "farben": figures.farben(len(klassen) - 1),
        "stichtage": [
            [tag.isoformat(), zahlen.format_stichtag(tag, monatlich=eintrag.monatlich)]
            for tag in eintrag.stichtage[ebene]
        ],
        "vergleich": read_vergleich(store, eintrag, ebene),
        "quelle": quellenzeile(store, eintrag),
        "brueche": [[b.ab.isoformat(), b.grund] for b in eintrag.brueche if b.wirkung == "trennt"],
        "teile": [mit_adressen(stand.gebiet_id, teil) for teil in store.karten_teile(eintrag.id, ebene)],
        "heute": mit_adressen(stand.gebiet_id, heute) if heute else None,
        "heute_art": "; ".join(dict.fromkeys(u.art for u in stand.umstiege)),
        "umrisse": {g: f"/geo/{stand.gebiet_id}/{name}" for g, name in store.umrisse(ebene).items()},
    }


def mit_adressen(gebiet: str, teil: dict) -> dict:
    """File names → URLs."""
    neu = {"gebietsstand": teil["gebietsstand"], "stichtage": [als_iso(t) for t in teil["stichtage"]]}
    neu["geo"] = f"/geo/{gebiet}/{teil['geo']}"
    neu["wert"] = f"/werte/{gebiet}/{teil['wert']}"
    for art in ("grenzen", "vergleich"):
        neu[art] = f"/werte/{gebiet}/{teil[art]}" if teil.get(art) else None
    return neu


def als_iso(tag) -> str:
    return tag.isoformat() if isinstance(tag, date) else str(tag)


def namen_der(store, ebene: str | None) -> dict[str, str]:
    """raum_id → name of one level; empty above the top."""
    if not ebene:
        return {}
    raeume = store.raeume(ebene)
    return dict(zip(raeume["raum_id"], raeume["name"], strict=True))


def read_vergleich(store, eintrag, ebene: str) -> dict[str, float]:
    """Stichtag → value of the whole Gebiet; empty for the top level itself and where the Gebiet has none."""
    oberste = store.stand.ebenen[0].id
    if ebene == oberste or oberste not in eintrag.ebenen:
        return {}
    werte = store.read_werte(eintrag.id, oberste)
    return {z.stichtag.isoformat()[:10]: float(z.wert) for z in werte.itertuples() if zahlen.hat_wert(z.wert)}


def quellenzeile(store, eintrag) -> str:
    teile = [f"Quelle: {eintrag.quelle}"] if eintrag.quelle else []
    if eintrag.herausgeber:
        teile.append(f"übernommen von {eintrag.herausgeber}")
    teile.append(f"{store.stand.gebiet_name}, Stand {zahlen.format_datum(store.stand.erstellt_am)}")
    if store.stand.erfunden:
        teile.append("erfundene Daten")
    return " · ".join(teile)


# --- callbacks ---------------------------------------------------------------------------------------------------


def register_callbacks(app: Dash, read_stores) -> None:
    app.clientside_callback(
        ClientsideFunction("sr", "zeige"),
        Output("figur", "data-stand"),
        Input("ansicht", "data"),
        Input("plan", "data"),
    )
    app.clientside_callback(
        ClientsideFunction("sr", "lies"),
        Output("ansicht", "data"),
        *[Input(name, "value") for name in ("kennzahl", "ebene", "kommune", "raeume", "tab")],
        prevent_initial_call=True,
    )

    @app.callback(
        Output("plan", "data"),
        Output("ebene", "data"),
        Output("ebene", "value"),
        Output("ueber", "children"),
        Output("speichern", "children"),
        Input("kennzahl", "value"),
        Input("ebene", "value"),
        State("url", "pathname"),
        prevent_initial_call=True,
    )
    def waehle(kennzahl, ebene, pfad):
        return answer_wahl(find_store(read_stores(), pfad), kennzahl, ebene)

    @app.callback(
        Output("reihe", "children"),
        Output("reihe-text", "children"),
        Output("reihe-brueche", "children"),
        Input("reihe-frage", "data"),
        State("url", "pathname"),
        prevent_initial_call=True,
    )
    def zeichne_reihe(frage, pfad):
        if not frage:
            return no_update, no_update, no_update
        return build_reihe(find_store(read_stores(), pfad), frage.get("kennzahl"), frage.get("raeume"))


def answer_wahl(store, kennzahl, ebene):
    eintrag = find_eintrag(store, kennzahl)
    ebene = find_ebene(store, eintrag, ebene)
    return (
        build_plan(store, eintrag, ebene),
        ebenen_auswahl(store, eintrag),
        ebene,
        build_ueber(store, eintrag),
        bausteine.speichern_menue(store, eintrag.id, ebene, bild_knopf="png"),
    )


def build_reihe(store, kennzahl, raeume) -> tuple:
    """The series of the selected Räume, with the whole Gebiet in grey; alone, when none is selected."""
    eintrag = find_eintrag(store, kennzahl)
    gewaehlt = [find_raum(store, r).raum_id for r in (raeume or [])[:MAX_RAEUME]]
    ganzes = find_ganzes(store, eintrag)
    reihen = store.read_reihe(eintrag.id, list(dict.fromkeys([*gewaehlt, *ganzes])))
    if reihen["wert"].isna().all():
        return (
            bausteine.leerzustand("Keine Zeitreihe.", "Wählen Sie einen Raum auf der Karte oder in der Rangfolge."),
            "",
            "",
        )
    zaehlt = eintrag.art == "anzahl" and gewaehlt
    if zaehlt:  # a count of the whole Gebiet would press the lines of its Räume flat
        reihen = reihen[reihen["raum_id"].isin(gewaehlt)]
    bild = figures.zeitreihe(reihen, eintrag, grau=ganzes[0] if ganzes and gewaehlt else None)
    text = f"{eintrag.titel}: {', '.join(dict.fromkeys(reihen['name']))}"
    if not gewaehlt:
        text += ". Räume auf der Karte anklicken, um sie zu vergleichen."
    return (
        bausteine.diagramm("reihe-bild", bild, alt=beschreibe_reihe(reihen, eintrag)),
        text,
        [bruchliste(reihen, eintrag), umrechnung(store, eintrag, reihen)],
    )


def find_ganzes(store, eintrag) -> list[str]:
    """raum_id of the whole Gebiet, if the Kennzahl has a value for it."""
    oberste = store.stand.ebenen[0].id
    return list(store.raeume(oberste)["raum_id"][:1]) if oberste in eintrag.ebenen else []


def beschreibe_reihe(reihen, eintrag) -> str:
    """Text alternative: first and last value of every line."""
    saetze = []
    for name, zeilen in reihen.dropna(subset=["wert"]).groupby("name", sort=False):
        erste, letzte = zeilen.iloc[0], zeilen.iloc[-1]
        saetze.append(
            f"{name}: {zahlen.format_wert(erste.wert, eintrag.stellen, eintrag.einheit)} am "
            f"{zahlen.format_stichtag(erste.stichtag, monatlich=eintrag.monatlich)}, "
            f"{zahlen.format_wert(letzte.wert, eintrag.stellen, eintrag.einheit)} am "
            f"{zahlen.format_stichtag(letzte.stichtag, monatlich=eintrag.monatlich)}"
        )
    return f"Liniendiagramm {eintrag.titel}. {'; '.join(saetze)}."


def umrechnung(store, eintrag, reihen):
    """What converted values in a series rest on, and why other series do not reach further back."""
    saetze = []
    umgerechnet = reihen[reihen["umgerechnet"] & reihen["wert"].notna()]
    if len(umgerechnet):
        arten = "; ".join(dict.fromkeys(u.art for u in store.stand.umstiege))
        meist = umgerechnet["anteil_aufgeteilt"].max()
        saetze.append(
            f"Hohle Zeichen (in der Tabelle: u): auf die heutigen Räume umgerechnet ({arten}), Zähler und Nenner "
            f"getrennt; davon aufgeteilt höchstens {zahlen.format_zahl(100 * meist, 1)} %."
            if meist > zahlen.GANZ
            else f"Hohle Zeichen (in der Tabelle: u): auf die heutigen Räume umgerechnet ({arten}); es wurden nur "
            "ganze frühere Räume zusammengezählt."
        )
    for bruch in store.read_umbrueche(eintrag.id, list(dict.fromkeys(reihen["raum_id"]))).itertuples():
        warum = (
            f"{zahlen.format_zahl(100 * bruch.anteil, 0)} % der Zahl wären nur aufgeteilt"
            if zahlen.hat_wert(bruch.anteil)
            else "welcher Anteil früherer Räume dazugehört, ist nicht bekannt"
        )
        saetze.append(
            f"{bruch.name}: neu zugeschnitten; Werte bis {zahlen.format_datum(bruch.bis)} sind nicht umgerechnet, "
            f"denn {warum}."
        )
    return html.Ul([html.Li(satz) for satz in saetze], className="bruchliste") if saetze else ""


def bruchliste(reihen, eintrag):
    """The reasons of the numbered breaks in the chart."""
    brueche = figures.find_brueche(reihen, eintrag.brueche)
    if not brueche:
        return ""
    return html.Ul(
        [
            html.Li(
                f"{'Bruch' if b.wirkung == 'trennt' else 'Hinweis'} {nr}, ab {zahlen.format_datum(b.ab)}: {b.grund}"
                + (" (vorher und nachher nicht vergleichbar)" if b.wirkung == "trennt" else "")
            )
            for nr, b in enumerate(brueche, start=1)
        ],
        className="bruchliste",
    )
