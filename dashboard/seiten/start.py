"""Startseite: welches Gebiet?"""

from dash import html

from dashboard import bausteine, zahlen

TITEL = "Gebiete"


def layout(stores: dict) -> list:
    """One card per published territory."""
    karten = [html.Li(build_karte(gebiet, store)) for gebiet, store in stores.items()]
    inhalt = html.Ul(karten, className="gebietskarten")
    if not karten:
        inhalt = bausteine.leerzustand(
            "Zurzeit ist nichts veröffentlicht.",
            "Sobald ein Stand veröffentlicht ist, erscheint er hier von selbst.",
        )
    return [
        html.Div(
            [
                html.H1("Sozialräumliches Monitoring"),
                html.P(
                    "Bevölkerung, Armut, Pflege und Hilfen für Familien – kleinräumig, über die Jahre, mit geprüfter "
                    "Geheimhaltung. Wählen Sie ein Gebiet.",
                    className="vorspann",
                ),
            ],
            className="start-kopf",
        ),
        inhalt,
    ]


def find_heutige(raeume):
    """The places of today: neither the Rest-Raum nor Räume that only an older Gebietsstand knows."""
    return raeume[raeume["mit_geometrie"] & (raeume["gebietsstand"] == raeume["gebietsstand"].max())]


def build_karte(gebiet: str, store):
    stand = store.stand
    raeume = find_heutige(store.raeume())
    tage = [tag for e in store.katalog() for tage in e.stichtage.values() for tag in tage]
    anzahlen = [
        zahlen.format_anzahl(int((raeume["ebene"] == e.id).sum()), e.titel, e.titel_plural)
        for e in stand.ebenen_gebiet[1:] or stand.ebenen_gebiet  # the top level is the territory itself
    ]
    return html.A(
        [
            html.H2(stand.gebiet_name),
            *([html.Span("Erfundene Daten", className="etikett")] if stand.erfunden else []),
            html.P(" · ".join(anzahlen)),
            html.P(
                f"{zahlen.format_anzahl(len(store.katalog()), 'Kennzahl', 'Kennzahlen')}, "
                + (f"{min(tage).year} bis {max(tage).year}" if tage else "ohne Werte"),
                className="leise",
            ),
            html.Span("Zur Karte →", className="weiter", **{"aria-hidden": "true"}),
        ],
        href=f"/{gebiet}/karte",
        className="gebietskarte",
    )
