"""Building blocks of all pages; the only module that knows the UI toolkit.

The settings in `THEMA` and the sizes below are what axe accepts without findings; the browser tests hold them.
"""

import dash_mantine_components as dmc
from dash import dcc, html

from dashboard import figures, zahlen

PRODUKT = "Sozialraum-Monitor"
SEITEN = (
    ("karte", "Karte"),
    ("zeitreihe", "Zeitreihe"),
    ("steckbrief", "Steckbrief"),
    ("vergleich", "Vergleich"),
    ("index", "Index"),
    ("muster", "Muster"),
    ("pflege", "Pflege"),
    ("eigene", "Eigene Räume"),
    ("daten", "Daten"),
    ("methodik", "Methodik"),
)
PETROL = ["#eaf4f7", "#d2e6ec", "#a5ccd8", "#76b1c3", "#4f9ab1", "#348aa4", "#1f7f9c", "#0f6b87", "#0b5268", "#06384a"]
THEMA = {
    "colors": {"petrol": PETROL},
    "primaryColor": "petrol",
    "primaryShade": 8,
    "respectReducedMotion": True,
    "focusRing": "always",
    "fontFamily": "inherit",
    "headings": {"fontFamily": "inherit"},
    "defaultRadius": "sm",
    "black": "#14212b",
}


def huelle(*inhalt):
    """The one provider every page lives in."""
    return dmc.MantineProvider(list(inhalt), theme=THEMA, forceColorScheme="light")


# --- frame -------------------------------------------------------------------------------------------------------


def rahmen(
    stores: dict,
    store,
    aktiv: str,
    inhalt: list,
    *,
    klasse: str = "",
    daten_hinweis: str = "",
    person: list = (),
    sichtband: list = (),
):
    """Header, content, footer. `store` is None on the start page; `person` and `sichtband`: see dashboard/person.py."""
    stand = store.stand if store else None
    return html.Div(
        [
            html.A("Zum Inhalt springen", href="#inhalt", className="sprung"),
            kopf(stores, stand, aktiv, person),
            *sichtband,
            *stoerungsband([store] if store else stores.values()),
            *hinweisband(stand, daten_hinweis),
            html.Main(inhalt, id="inhalt", tabIndex="-1", className=f"inhalt {klasse}"),
            fuss(stand),
        ],
        className="rahmen",
        **({"data-gebiet": stand.gebiet_id, "data-snapshot": stand.snapshot} if stand else {}),
    )


def kopf(stores: dict, stand, aktiv: str, person: list = ()):
    rechts = []
    if stand:
        rechts = [gebietswahl(stores, stand, aktiv), freigabemarke(stand)]
    zeile = html.Div(
        [html.A(PRODUKT, href="/", className="marke"), html.Div([*rechts, *person], className="kopf-rechts")]
    )
    zeile.className = "kopf-zeile"
    return html.Header([zeile, *([navigation(stand.gebiet_id, aktiv)] if stand else [])], className="kopf")


def navigation(gebiet: str, aktiv: str):
    eintraege = []
    for name, titel in SEITEN:
        hier = {"aria-current": "page"} if name == aktiv else {}
        klasse = "mit-ansicht" if name in ("karte", "zeitreihe") else ""
        eintraege.append(html.Li(html.A(titel, href=f"/{gebiet}/{name}", className=klasse, **hier)))
    return html.Nav(html.Ul(eintraege), className="navigation", **{"aria-label": "Seiten"})


def gebietswahl(stores: dict, stand, aktiv: str):
    """Territory select: a native disclosure with links, so that it works with every keyboard and screen reader."""
    links = [
        html.Li(
            html.A(
                s.stand.gebiet_name,
                href=f"/{gebiet}/{aktiv if aktiv != 'start' else 'karte'}",
                **({"aria-current": "true"} if gebiet == stand.gebiet_id else {}),
            )
        )
        for gebiet, s in stores.items()
    ]
    return aufklapp([html.Span("Gebiet: ", className="leise"), stand.gebiet_name], html.Ul(links), klasse="gebietswahl")


def freigabemarke(stand):
    text = stand.freigabe_titel
    zusatz = stand.wasserzeichen if stand.wasserzeichen and stand.wasserzeichen != text else ""
    return html.Span(
        [html.Span("Fassung: ", className="leise"), text, *([f" · {zusatz}"] if zusatz else [])],
        className=f"marke-freigabe marke-{'offen' if stand.freigabe == 'oeffentlich' else 'intern'}",
    )


def stoerungsband(stores) -> list:
    """Why another snapshot than the newest is shown; above all else, since it changes what the numbers mean."""
    texte = list(dict.fromkeys(store.hinweis for store in stores if store.hinweis))
    if not texte:
        return []
    return [html.Section([html.P(t) for t in texte], className="stoerungsband", **{"aria-label": "Störung"})]


def hinweisband(stand, daten_hinweis: str) -> list:
    """The banner that nobody may overlook: invented data, and what the operator wants to say."""
    texte = []
    if stand and stand.erfunden:
        hinweis = stand.gebiet_hinweis or "Gebiet und Zahlen sind ein Beispiel."
        texte.append([*([] if "rfunden" in hinweis else [html.Strong("Erfundene Daten. ")]), hinweis])
    elif stand and stand.gebiet_hinweis:
        texte.append([stand.gebiet_hinweis])
    if daten_hinweis:
        texte.append([daten_hinweis])
    if not texte:
        return []
    return [html.Section([html.P(t) for t in texte], className="hinweisband", **{"aria-label": "Hinweis zu den Daten"})]


def fuss(stand):
    if stand is None:
        return html.Footer(html.P(f"{PRODUKT} · sozialräumliches Monitoring für Kreise"), className="fuss")
    quellen = list(dict.fromkeys(q.hinweis or f"{q.herausgeber}: {q.titel}" for q in stand.quellen))
    lizenzen = sorted({q.lizenz for q in stand.quellen if q.lizenz})
    return html.Footer(
        [
            html.P([html.Strong("Quellen: "), " · ".join(quellen)]),
            html.P(
                [
                    *([f"Lizenzen: {', '.join(lizenzen)} · "] if lizenzen else []),
                    f"Stand {stand.snapshot} vom {zahlen.format_zeitpunkt(stand.erstellt_am)} · ",
                    f"{PRODUKT} {stand.version}",
                ]
            ),
        ],
        className="fuss",
    )


# --- controls ----------------------------------------------------------------------------------------------------


def gruppen(eintraege) -> list[dict]:
    """Catalogue → options of a select, grouped by Thema."""
    themen: dict[str, list] = {}
    for e in eintraege:
        themen.setdefault(e.thema_titel, []).append({"value": e.id, "label": e.titel})
    return [{"group": titel, "items": items} for titel, items in themen.items()]


KOMBI = {"transitionProps": {"duration": 0}, "shadow": "md", "withinPortal": False}  # inside its landmark


def auswahl(
    id_: str, titel: str, daten: list, wert: str | None, *, suchen: bool = False, leer: str | None = None, **mehr
):
    return dmc.Select(
        id=id_,
        label=titel,
        data=daten,
        value=wert,
        searchable=suchen,
        clearable=leer is not None,
        allowDeselect=leer is not None,
        placeholder=leer,
        nothingFoundMessage="Nichts gefunden",
        maxDropdownHeight=420,
        comboboxProps=KOMBI,
        scrollAreaProps={"type": "auto"},
        clearButtonProps={"aria-label": f"{titel} leeren", "tabIndex": 0, "aria-hidden": False},
        size="md",
        **mehr,
    )


def mehrfachauswahl(id_: str, titel: str, daten: list, werte: list[str], *, hoechstens: int, **mehr):
    return dmc.MultiSelect(
        id=id_,
        label=titel,
        data=daten,
        value=werte,
        maxValues=hoechstens,
        searchable=True,
        limit=80,  # a list of 11,000 options freezes the browser; typing narrows it
        nothingFoundMessage="Nichts gefunden",
        maxDropdownHeight=360,
        comboboxProps=KOMBI,
        hidePickedOptions=True,
        size="md",
        **mehr,
    )


def schalter(id_: str, titel: str, an: bool):
    return dmc.Switch(id=id_, label=titel, checked=an, size="md")


def karte_tabelle_text(id_: str, tab: str, *, bild_titel: str, bild, tabelle, ueber):
    """Three tabs with the same content, always in this order."""
    inhalte = {"bild": (bild_titel, bild), "tabelle": ("Tabelle", tabelle), "ueber": ("Über diese Zahl", ueber)}
    return dmc.Tabs(
        [
            dmc.TabsList([dmc.TabsTab(titel, value=wert) for wert, (titel, _) in inhalte.items()]),
            *[dmc.TabsPanel(inhalt, value=wert) for wert, (_, inhalt) in inhalte.items()],
        ],
        id=id_,
        value=tab,
        keepMounted=True,
        className="reiter",
    )


def aufklapp(titel, inhalt, *, klasse: str = ""):
    """A native disclosure that floats; ansicht.js closes it on Escape and on a click elsewhere."""
    return html.Details([html.Summary(titel), html.Div(inhalt, className="klappe")], className=f"aufklapp {klasse}")


def knopf(titel: str, id_: str, *, klasse: str = ""):
    return html.Button(titel, id=id_, type="button", className=f"knopf {klasse}")


def link_knopf(titel: str, ziel: str, **mehr):
    return html.A(titel, href=ziel, className="knopf", **mehr)


# --- content -----------------------------------------------------------------------------------------------------


def diagramm(id_: str, figure=None, *, alt: str = "", hoehe: int | None = None):
    """A Plotly chart; every chart is built here, so that none comes without the central configuration.

    `hoehe` [px] where the chart is taller than others.
    """
    stil = {"style": {"height": f"{hoehe}px"}} if hoehe else {}
    return html.Div(
        dcc.Graph(id=id_, figure=figure or figures.leer(), config=figures.graph_config(), responsive=True, **stil),
        id=f"{id_}-rahmen",
        className="diagramm",
        tabIndex="0",  # scrolls sideways on a telephone
        role="img",
        **{"aria-label": alt or "Diagramm; dieselben Werte stehen in der Tabelle."},
    )


def bild(svg: str, alt: str, *, klasse: str = ""):
    """An inline SVG as an image with its text alternative."""
    return html.Img(src=figures.svg_url(svg), alt=alt, className=klasse)


def tabelle(kopf: list[str], zeilen: list[list], *, titel: str, zahlen_ab: int = 1, klasse: str = ""):
    """A native table; its first column is the row header, columns from `zahlen_ab` on are set right."""

    def zelle(i, inhalt):
        if i == 0:
            return html.Th(inhalt, scope="row")
        klasse = ("zahl" if i >= zahlen_ab else "") + (" leer" if inhalt == "–" else "")
        karte = {"data-kopf": kopf[i]} if isinstance(kopf[i], str) else {}  # its head, where rows are cards
        return html.Td(inhalt, className=klasse.strip(), **karte)

    return html.Div(
        html.Table(
            [
                html.Caption(titel),
                html.Thead(
                    html.Tr(
                        [
                            html.Th(t, scope="col", className="zahl" if i >= zahlen_ab else "")
                            for i, t in enumerate(kopf)
                        ]
                    )
                ),
                html.Tbody([html.Tr([zelle(i, inhalt) for i, inhalt in enumerate(z)]) for z in zeilen]),
            ],
            className=f"tabelle {klasse}",
        ),
        className="tabelle-rahmen",
        tabIndex="0",
        role="region",
        **{"aria-label": titel},
    )


def merkliste(paare: list[tuple], *, klasse: str = ""):
    """Term and description; pairs without a description are left out."""
    return html.Dl(
        [teil for name, text in paare if text for teil in (html.Dt(name), html.Dd(text))],
        className=f"merkliste {klasse}",
    )


def legende_zeichen():
    """The signs of official statistics, explained."""
    paare = {}
    for status, (zeichen, text) in zahlen.ZEICHEN.items():
        paare.setdefault(zeichen, []).append(text)
        assert status
    return html.Dl(
        [
            html.Div([html.Dt(zeichen), html.Dd("; ".join(texte))])
            for zeichen, texte in [
                ("0", ["genau null, kein fehlender Wert"]),
                *paare.items(),
                ("( )", [zahlen.UNSICHER]),
                (zahlen.UMGERECHNET[0], [zahlen.UMGERECHNET[1]]),
            ]
        ],
        className="zeichen",
    )


def leerzustand(titel: str, text):
    """What stands where nothing can be shown, and what helps."""
    return html.Div([html.P(html.Strong(titel)), html.P(text)], className="leerzustand")


def beschreibe_alles(store) -> str:
    """What the workbook of everything will be, said before the click: `rund 70.000 Zeilen, …`."""
    raeume = store.raeume()
    je_ebene = raeume.loc[raeume["gebietsstand"] == raeume["gebietsstand"].max(), "ebene"].value_counts()
    zeilen = sum(len(tage) * int(je_ebene[ebene]) for e in store.katalog() for ebene, tage in e.stichtage.items())
    rund = round(zeilen, 1 - len(str(zeilen)))
    dauer = "; beim ersten Mal dauert es etwa eine halbe Minute" if zeilen > 20_000 else ""
    return f"rund {zahlen.format_zahl(rund)} Zeilen{dauer}"


def speichern_menue(store, kennzahl: str, ebene: str, *, bild_knopf: str | None = None):
    """The save menu of a figure. Links are filled with the Stichtag by ansicht.js."""
    basis = f"/{store.stand.gebiet_id}/export/{kennzahl}_{ebene}"
    punkte = [
        html.Li(html.A("Tabelle für Excel (XLSX)", href=f"{basis}.xlsx", download=True)),
        html.Li(html.A("CSV für Excel", href=f"{basis}_excel.csv", download=True)),
        html.Li(html.A("CSV für Programme", href=f"{basis}_daten.csv", download=True)),
        html.Li(
            html.A(
                ["Alle Kennzahlen (XLSX)", html.Span(beschreibe_alles(store), className="leise klein")],
                href=f"/{store.stand.gebiet_id}/export/alles.xlsx",
                download=True,
            )
        ),
    ]
    if bild_knopf:
        punkte.insert(0, html.Li(html.Button("Bild (PNG)", id=bild_knopf, type="button")))
    return aufklapp("Speichern", html.Ul(punkte), klasse="speichern")
