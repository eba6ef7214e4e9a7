"""Seite »Index«: Kennzahlen zu einem Index verbinden, Gewichte ändern, sehen, wie fest die Rangfolge steht.

Plain HTML with a form (GET): the whole view is the link, and nothing is computed in the browser.
"""

from __future__ import annotations

from math import isfinite

from dash import html

from dashboard import bausteine, figures, zahlen
from dashboard.festseite import eingabe
from dashboard.indexwahl import DYNAMIK, alle_stichtage, als_query, find_weggelassene, read_wahl, waehlbare
from dashboard.raumbild import build_karte, feld, rangbalken
from indicators.bericht import indexblatt
from indicators.bericht.indexblatt import dynamik_text, klasse_text, sage_labor

PFAD, TITEL = "index", "Index"
OBEN, ZEILEN, BLATTZEILEN = 15, 300, 100
STATUS = {1: "hoch", 2: "mittel", 3: "niedrig", 4: "sehr niedrig"}
DYNAMIKEN = {-1: ("positiv", "punkte"), 0: ("stabil", ""), 1: ("negativ", "streifen")}
FUENFTEL = ("niedrigstes Fünftel", "zweites Fünftel", "mittleres Fünftel", "viertes Fünftel", "höchstes Fünftel")
MAX_PLAETZE = 5  # empty places in the form beyond those in use, at most eight in all


def layout(store, query: str = "") -> list:
    wahl = read_wahl(store, query)
    kopf = [
        html.H1("Index"),
        html.P(
            "Mehrere Kennzahlen zu einem Wert verbinden, nach dem Verfahren des Berliner Monitorings Soziale "
            "Stadtentwicklung: nachvollziehbar bis zum letzten Zwischenwert, und mit der Probe anderer Gewichte.",
            className="vorspann",
        ),
    ]
    if wahl is None:
        return [
            *kopf,
            bausteine.leerzustand("Hier gibt es keinen Index.", "Unter dem ganzen Gebiet liegen keine Werte."),
        ]
    labor = store.build_labor(wahl)
    return [
        *kopf,
        html.Div(
            [
                html.Div([build_formular(store, wahl), *build_vorlagen(store, wahl)]),
                build_ergebnis(store, labor, find_weggelassene(store, query, wahl)),
            ],
            className="zweispaltig",
        ),
        *([] if labor.status.ergebnis.grund else [build_rangfolge(store, labor), build_proben(labor)]),
        build_rechenblatt(store, labor),
    ]


# --- choose ------------------------------------------------------------------------------------------------------


def build_vorlagen(store, wahl) -> list:
    """Published indices of this Gebiet, one link per edition."""
    bloecke = []
    for index in store.indizes:
        links = [
            html.Li(
                html.A(
                    f"Ausgabe {a.id}",
                    href=f"?index={index.id}&ausgabe={a.id}",
                    **({"aria-current": "true"} if (index.id, a.id) == (wahl.index, wahl.ausgabe) else {}),
                )
            )
            for a in index.ausgaben
        ]
        text = [html.Strong(index.titel), f": {index.beschreibung} Quelle: {index.quelle}."]
        bloecke.append(html.Div([html.P(text), html.Ul(links, className="raumliste")]))
    if not bloecke:
        return []
    return [html.Section([html.H2("Vorlagen"), *bloecke], className="steuerung index-vorlagen")]


def build_formular(store, wahl) -> html.Section:
    plaetze = min(wahl.HOECHSTENS, max(len(wahl.gewichte) + 2, MAX_PLAETZE))
    gewaehlt = [*wahl.gewichte, *[("", 1.0)] * (plaetze - len(wahl.gewichte))]
    eintraege = waehlbare(store, wahl.ebene)
    ebenen = [e for e in store.stand.ebenen[1:] if any(e.id in k.ebenen for k in waehlbare(store))]
    tage = alle_stichtage(store, dict(wahl.gewichte), wahl.ebene)
    vorlage = [("index", wahl.index), ("ausgabe", wahl.ausgabe)] if wahl.index else []
    return html.Section(
        [
            html.H2("Kennzahlen und Gewichte"),
            html.Form(
                [
                    *[eingabe(type="hidden", name=name, value=wert) for name, wert in vorlage],
                    html.Div(
                        [
                            wahlfeld("ebene", "Ebene", [(e.id, e.titel_plural) for e in ebenen], wahl.ebene),
                            wahlfeld(
                                "stichtag",
                                "Stichtag",
                                [(t.isoformat(), zahlen.format_datum(t)) for t in reversed(tage)],
                                wahl.stichtag.isoformat(),
                            ),
                            wahlfeld("dynamik", "Dynamik", dynamiken(wahl), str(wahl.dynamik)),
                            wahlfeld(
                                "spanne",
                                "Gewichtsprobe",
                                [(f"{100 * s:g}", f"± {100 * s:g} %") for s in wahl.SPANNEN],
                                f"{100 * wahl.spanne:g}",
                            ),
                        ],
                        className="index-felder",
                    ),
                    html.P(
                        [html.Span("Kennzahl"), html.Span("Gewicht")], className="index-kopf", **{"aria-hidden": "true"}
                    ),
                    html.Div(
                        [platz(nr, name, gewicht, eintraege) for nr, (name, gewicht) in enumerate(gewaehlt, 1)],
                        className="index-plaetze",
                    ),
                    html.P(
                        "Ein hoher Index heißt hohe Belastung. Kennzahlen, bei denen ein hoher Wert entlastet, zählen "
                        "umgekehrt; ein negatives Gewicht dreht die Richtung, 0 lässt die Kennzahl weg.",
                        className="leise",
                    ),
                    html.P(html.Button("Berechnen", type="submit", className="knopf")),
                ],
                method="get",
                action=f"/{store.stand.gebiet_id}/index",
            ),
        ],
        className="steuerung",
    )


def wahlfeld(name: str, titel: str, werte: list[tuple[str, str]], gewaehlt: str):
    optionen = [html.Option(text, value=wert, selected=wert == gewaehlt) for wert, text in werte]
    return html.Div([html.Label(titel, htmlFor=f"i-{name}"), html.Select(optionen, id=f"i-{name}", name=name)])


def dynamiken(wahl) -> list[tuple[str, str]]:
    geliefert = [(str(wahl.GELIEFERT), "wie geliefert")] if wahl.index else []
    jahre = [
        (str(j), "keine" if j == 0 else f"Veränderung in {zahlen.format_anzahl(j, 'Jahr', 'Jahren')}") for j in DYNAMIK
    ]
    return [*geliefert, *jahre]


def platz(nr: int, name: str, gewicht: float, eintraege: list):
    """One indicator: what, and how much it counts."""
    themen: dict[str, list] = {}
    for e in eintraege:
        pfeil = " (zählt umgekehrt)" if e.polaritaet == "entlastung" else ""
        themen.setdefault(e.thema_titel, []).append(html.Option(e.titel + pfeil, value=e.id, selected=e.id == name))
    gruppen = [html.Optgroup(optionen, label=titel) for titel, optionen in themen.items()]
    return html.Div(
        [
            html.Label(f"Kennzahl {nr}", htmlFor=f"i-k{nr}", className="nur-vorlesen"),
            html.Select([html.Option("–", value="", selected=not name), *gruppen], id=f"i-k{nr}", name="kennzahl"),
            html.Label(f"Gewicht {nr}", htmlFor=f"i-g{nr}", className="nur-vorlesen"),
            eingabe(
                type="number", id=f"i-g{nr}", name="gewicht", value=f"{gewicht:g}", min="-10", max="10", step="any"
            ),
        ],
        className="index-platz",
    )


# --- result ------------------------------------------------------------------------------------------------------


def build_ergebnis(store, labor, weggelassen: list[str]) -> html.Section:
    ebene = store.stand.ebene(labor.wahl.ebene)
    saetze = sage_labor(labor, ebene.titel_plural)
    saetze += [f"Nicht dabei, weil es sie auf dieser Ebene nicht gibt: {titel}." for titel in weggelassen]
    inhalt = [html.H2("Ergebnis"), html.Ul([html.Li(s) for s in saetze], className="index-saetze")]
    if not labor.status.ergebnis.grund:
        inhalt.append(html.Div([build_bild(store, labor), build_legende(labor)], className="index-bild"))
    if labor.wahl.index and labor.wahl.ebene in store.mit_muster.get(find_statusindex(store, labor), ()):
        ziel = f"/{store.stand.gebiet_id}/muster?kennzahl={find_statusindex(store, labor)}&ebene={labor.wahl.ebene}"
        inhalt.append(html.P(html.A("Liegen die belasteten Räume beieinander? Räumliche Muster", href=ziel)))
    inhalt.append(html.P(quellen(store, labor), className="quelle"))
    return html.Section(inhalt, className="figur", id="ergebnis")


def find_statusindex(store, labor) -> str:
    return next(i.statusindex for i in store.indizes if i.id == labor.wahl.index)


def quellen(store, labor) -> str:
    teile = list(dict.fromkeys(t.eintrag.quelle for t in labor.status.teile))
    erfunden = " · erfundene Daten" if store.stand.erfunden else ""
    return (
        f"Eigene Berechnung aus: {'; '.join(teile)} · {store.stand.gebiet_name}, "
        f"Stand {zahlen.format_datum(store.stand.erstellt_am)}{erfunden}"
    )


def build_bild(store, labor):
    """The map: colour for the status, pattern for the dynamic; nothing where the level has no areas."""
    dateien = store.geometrie_dateien(labor.gebietsstand)
    if labor.wahl.ebene not in dateien:
        return html.Div()
    farben = figures.farben(5 if labor.wenige else 4)
    faerbung = {}
    for z in labor.raeume[labor.raeume["grund"] == ""].itertuples():
        klasse = find_fuenftel(z.prozent) if labor.wenige else int(z.klasse) - 1
        bild = DYNAMIKEN[int(z.dynamik)][1] if isfinite(z.dynamik) and not labor.wenige else ""
        faerbung[z.raum_id] = (farben[klasse], bild, sage_raum(labor, z))
    alt = "Karte des Index; alle Werte stehen in der Rangfolge und im Rechenblatt"
    return build_karte(store.datei_pfad(dateien[labor.wahl.ebene]), faerbung, praefix="ix", alt=alt)


def find_fuenftel(prozent: float) -> int:
    return min(4, int(prozent // 20))


def sage_raum(labor, z) -> str:
    text = f"Rang {int(z.rang)}, Index {zahlen.format_zahl(z.index, 2)}"
    if klasse := klasse_text(labor, z.klasse):
        text += f", Status {klasse}"
    if dynamik := dynamik_text(labor, z.dynamik):
        text += f", Dynamik {dynamik}"
    return text


def build_legende(labor):
    """The 4 × 3 table with the number of Räume in each field; fifths where there are too few for classes."""
    d = labor.raeume[labor.raeume["grund"] == ""]
    ohne = html.P(
        [feld("#e9edf0", "kreuz", "ix"), f" nicht bewertet: {len(labor.raeume) - len(d)}"], className="index-ohne"
    )
    if labor.wenige:
        farben = figures.farben(5)
        fuenftel = [find_fuenftel(p) for p in d["prozent"]]
        zeilen = [
            [html.Span([feld(farben[i], "", "ix"), f" {text}"]), str(fuenftel.count(i))]
            for i, text in reversed(list(enumerate(FUENFTEL)))
        ]
        hinweis = html.P(
            "Für Klassen sind es zu wenige Räume (unter 30): gezeigt wird die Rangfolge.", className="leise"
        )
        return html.Div([bausteine.tabelle(["Rang", "Räume"], zeilen, titel="Lage in der Rangfolge"), hinweis, ohne])
    farben = figures.farben(4)
    spalten = DYNAMIKEN if labor.dynamik and not labor.dynamik.ergebnis.grund else {0: ("Räume", "")}
    zeilen = []
    for klasse, text in STATUS.items():
        in_klasse = d[d["klasse"] == klasse]
        anzahl = [len(in_klasse[in_klasse["dynamik"] == w]) if len(spalten) > 1 else len(in_klasse) for w in spalten]
        felder = [
            html.Span([feld(farben[klasse - 1], bild, "ix"), f" {n}"])
            for n, (_, bild) in zip(anzahl, spalten.values(), strict=True)
        ]
        zeilen.append([f"{klasse} {text}", *felder])
    kopf = ["Status", *[html.Span([html.Span("Dynamik ", className="nur-vorlesen"), t]) for t, _ in spalten.values()]]
    titel = "Räume nach Status und Dynamik" if len(spalten) > 1 else "Räume nach Status"
    return html.Div([bausteine.tabelle(kopf, zeilen, titel=titel), ohne])


def build_rangfolge(store, labor) -> html.Section:
    """Highest first; how far each would move with other weights stands as a bar and in words."""
    sortiert = labor.raeume[labor.raeume["grund"] == ""].sort_values(["rang", "raum_id"])
    oben, rest = sortiert.head(OBEN), sortiert.iloc[OBEN:ZEILEN]
    s = labor.stabil
    inhalt = [
        html.H2("Rangfolge"),
        html.P(
            f"Balken: Plätze, die ein Raum in 90 von 100 Fällen einnimmt, wenn jedes Gewicht zufällig um bis zu "
            f"{zahlen.format_zahl(100 * s.spanne)} % größer oder kleiner wird. Punkt: sein Platz mit den "
            "gewählten Gewichten.",
            className="leise",
        ),
        rangtafel(store, labor, oben, "Die höchsten Werte des Index"),
    ]
    if len(rest):
        titel = f"Weitere {len(rest)} Räume"
        inhalt.append(html.Details([html.Summary(titel), rangtafel(store, labor, rest, titel)], className="falte"))
    return html.Section(inhalt, className="abschnitt")


def rangtafel(store, labor, raeume, titel: str):
    s, n = labor.stabil, labor.anzahl
    orte = store.raeume()[store.raeume()["ebene"] != store.stand.ebenen[0].id]  # all lie in the whole Gebiet
    eltern = dict(zip(orte["raum_id"], orte["name"], strict=True))
    kopf = [
        "Raum",
        "Rang",
        "Index",
        "Status",
        "Dynamik",
        "Ränge bei anderen Gewichten",
        f"unter den {s.spitze} höchsten",
    ]
    achse = (raeume["rang_von"].min(), raeume["rang_bis"].max())
    zeilen = []
    for z in raeume.itertuples():
        spanne = f"{int(z.rang_von)} bis {int(z.rang_bis)}" if z.rang_bis > z.rang_von else str(int(z.rang_von))
        name = html.A(z.name, href=f"/{store.stand.gebiet_id}/steckbrief/{z.raum_id}")
        zeilen.append(
            [
                html.Span([name, html.Span(f" {eltern.get(z.eltern_id, '')}", className="leise klein")]),
                f"{int(z.rang)} von {n}",
                zahlen.format_zahl(z.index, 2),
                klasse_text(labor, z.klasse) or "–",
                dynamik_text(labor, z.dynamik) or "–",
                html.Span(
                    [rangbalken(z.rang, z.rang_von, z.rang_bis, achse), html.Span(spanne)], className="rang-spanne"
                ),
                indexblatt.prozent(z.oben),
            ]
        )
    spalten = [0, 1, 2, *([] if labor.wenige else [3]), *([4] if labor.dynamik and not labor.wenige else []), 5, 6]
    return bausteine.tabelle(
        [kopf[i] for i in spalten], [[z[i] for i in spalten] for z in zeilen], titel=titel, zahlen_ab=1
    )


def build_proben(labor) -> html.Section:
    """What each indicator decides: the order without it."""
    e, zeilen = labor.status.ergebnis, []
    spitze = labor.raeume["rang"] <= labor.stabil.spitze
    for k, t in enumerate(labor.status.teile):
        rho = labor.rho_ohne[k]
        bleiben = int((labor.ohne[spitze.to_numpy(), k] <= labor.stabil.spitze).sum())
        zeilen.append(
            [
                t.eintrag.titel + (" (zählt umgekehrt)" if t.gedreht else ""),
                zahlen.format_zahl(t.gewicht, 2),
                zahlen.format_datum(t.stichtag),
                f"{zahlen.format_zahl(e.mittel[k], t.eintrag.stellen + 1)} {t.eintrag.einheit}",
                zahlen.format_zahl(e.streuung[k], t.eintrag.stellen + 1),
                zahlen.format_zahl(rho, 3) if isfinite(rho) else "–",
                f"{bleiben} von {int(spitze.sum())}" if isfinite(rho) else "–",
            ]
        )
    kopf = [
        *("Kennzahl", "Gewicht", "Stichtag", "Mittel der Räume", "Streuung", "Rangkorrelation ohne sie"),
        f"der {labor.stabil.spitze} höchsten bleiben",
    ]
    return html.Section(
        [
            html.H2("Was jede Kennzahl entscheidet"),
            bausteine.tabelle(kopf, zeilen, titel="Die Rangfolge ohne je eine Kennzahl"),
        ],
        className="abschnitt",
    )


def build_rechenblatt(store, labor) -> html.Section:
    basis = f"/{store.stand.gebiet_id}/export/index"
    query = als_query(labor.wahl)
    zeilen = [list(map(zelle, zeile)) for zeile, _ in zip(indexblatt.zeilen(labor), range(BLATTZEILEN), strict=False)]
    kopf = indexblatt.kopf(labor)
    # the name first: it is the row header
    tafel = bausteine.tabelle(
        [kopf[1], kopf[0], *kopf[2:]],
        [[z[1], z[0], *z[2:]] for z in zeilen],
        titel="Rechenblatt: jeder Wert und jeder Zwischenschritt",
        zahlen_ab=2,
    )
    mehr = (
        f" Gezeigt sind die ersten {BLATTZEILEN} Räume, alle stehen in den Dateien."
        if len(labor.raeume) > BLATTZEILEN
        else ""
    )
    return html.Section(
        [
            html.H2("Rechenblatt"),
            html.P(indexblatt.VERFAHREN + mehr),
            html.P(
                [
                    bausteine.link_knopf("Rechenblatt (XLSX)", f"{basis}.xlsx?{query}", download=True),
                    " ",
                    bausteine.link_knopf("CSV für Programme", f"{basis}.csv?{query}", download=True),
                ],
                className="werkzeug",
            ),
            html.Details([html.Summary("Rechenblatt ansehen"), tafel], className="falte"),
        ],
        className="abschnitt",
    )


def zelle(inhalt) -> str:
    if inhalt is None:
        return "–"
    if hasattr(inhalt, "wert"):
        return zahlen.format_zahl(inhalt.wert, inhalt.stellen)
    return str(inhalt)
