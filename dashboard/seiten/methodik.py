"""Seite »Methodik«: jede Kennzahl mit Definition, Formel, Beispiel, Brüchen und Quelle."""

from dash import html

from dashboard import bausteine, zahlen
from dashboard.seiten import katalogteile
from indicators.bericht.saetze import satz_bruch, satz_lesart
from indicators.bericht.texte import formel as rechenweg

PFAD, TITEL = "methodik", "Methodik"

POLARITAET = {
    "belastung": "Hohe Werte stehen für höhere Belastung.",
    "entlastung": "Hohe Werte stehen für geringere Belastung.",
    "neutral": "Weder gut noch schlecht: Die Zahl beschreibt, sie bewertet nicht.",
}
INTERVALL = (
    "Die Zahlen sind Vollerhebungen, keine Stichproben: Einen Stichprobenfehler haben sie nicht. Das 95-%-Intervall "
    "sagt etwas anderes: wie stark ein Wert schon durch Zufall schwanken würde, wenn sich an den Verhältnissen nichts "
    "ändert. In kleinen Räumen ist das viel. Liegt der Vergleichswert innerhalb des Intervalls, heißt der Unterschied "
    "hier »ähnlich« und wird nicht gedeutet."
)


def layout(store, query: str = "") -> list:
    eintraege = store.katalog()
    themen: dict[str, list] = {}
    for eintrag in eintraege:
        themen.setdefault(eintrag.thema_titel, []).append(eintrag)
    return [
        html.H1("Methodik"),
        html.P(
            "So entstehen die Zahlen: was gezählt wird, wodurch geteilt wird und was man beim Lesen wissen muss.",
            className="vorspann",
        ),
        html.Div(
            [html.Div(build_verzeichnis(themen), className="verzeichnis"), html.Div(build_text(store, themen))],
            className="mit-verzeichnis",
        ),
    ]


def build_verzeichnis(themen: dict) -> html.Nav:
    return html.Nav(
        [
            html.H2("Inhalt"),
            html.Ul(
                [
                    html.Li(html.A(titel, href=f"#{ziel}"))
                    for titel, ziel in (("Lesehilfe", "lesehilfe"), ("Zeichen", "zeichen"), ("Es fehlt", "fehlend"))
                ]
            ),
            *[
                html.Div([html.H3(titel), html.Ul([html.Li(html.A(e.titel, href=f"#{e.id}")) for e in eintraege])])
                for titel, eintraege in themen.items()
            ],
        ],
        **{"aria-label": "Inhalt der Seite"},
    )


def build_text(store, themen: dict) -> list:
    return [
        html.Section([html.H2("Lesehilfe"), html.P(INTERVALL), vergleich()], id="lesehilfe"),
        html.Section([html.H2("Zeichen"), bausteine.legende_zeichen()], id="zeichen"),
        *[
            html.Section([html.H2(titel), *[html.Article(beschreibung(e, "h3", store), id=e.id) for e in eintraege]])
            for titel, eintraege in themen.items()
        ],
        html.Section([html.H2("Noch nicht berechnet"), *katalogteile.fehlend_abschnitt(store)], id="fehlend"),
        html.Section([html.H2("Zusammenstellungen"), *zusammenstellungen(store)], id="zusammenstellungen"),
    ]


def vergleich():
    return html.P(
        "▲ über, ▼ unter, ● ähnlich: der Vergleich mit dem ganzen Gebiet. ▲ und ▼ stehen nur, wenn das ganze Intervall "
        "auf einer Seite des Vergleichswerts liegt. Wo es kein Intervall gibt (übernommene Zahlen, Altersaufbau), "
        "steht kein Zeichen: Ob ein Unterschied mehr ist als Zufall, ist dann nicht geprüft."
    )


def zusammenstellungen(store) -> list:
    """The named lists with their Kennzahlen, and what is missing in each."""
    return [
        html.Div(
            [
                html.H3(z.titel),
                html.P(z.beschreibung),
                *([] if z.bestaetigt else [html.P([html.Strong("Noch nicht bestätigt. "), z.beleg])]),
                html.Ul([html.Li(f"{titel}: {', '.join(map(platz_text, plaetze))}") for titel, plaetze in z.gruppen]),
            ]
        )
        for z in store.zusammenstellungen.values()
    ]


def platz_text(platz) -> str:
    if platz.eintrag:
        return platz.eintrag.titel + (f" (statt {platz.statt})" if platz.statt else "")
    return f"{platz.fehlend.titel} (hier noch nicht berechnet)" if platz.fehlend else "hier noch nicht berechnet"


def beschreibung(eintrag, ebene: str = "h2", store=None) -> list:
    """Everything the catalogue says about a Kennzahl; the tab »Über diese Zahl« and the handbook show the same."""
    ueberschrift = {"h2": html.H2, "h3": html.H3}[ebene]
    return [
        ueberschrift(eintrag.titel),
        html.P(eintrag.definition),
        bausteine.merkliste(
            [
                ("Hinweis zum Stand", katalogteile.nicht_bestaetigt(eintrag)),
                ("Lesart", satz_lesart(eintrag)),
                ("Formel", formel(eintrag)),
                ("Beispiel", eintrag.beispiel_text),
                ("Näherung", html.Strong(eintrag.naeherung) if eintrag.naeherung else ""),
                ("Hinweis", eintrag.hinweis if eintrag.hinweis != eintrag.naeherung else ""),
                ("Fallstricke", eintrag.fallstricke),
                ("Brüche", brueche(eintrag)),
                ("Andere Definitionen", katalogteile.varianten(store, eintrag)),
                ("Bewertung", POLARITAET.get(eintrag.polaritaet, "")),
                ("Rechtsgrundlage", eintrag.rechtsgrundlage),
                ("Quelle", eintrag.quelle),
                ("Nummer im Katalog", eintrag.nr),
                ("Version", katalogteile.versionen(eintrag)),
                (
                    "Übernommen von",
                    f"{eintrag.herausgeber}; nicht selbst berechnet, ohne Intervall" if eintrag.herausgeber else "",
                ),
            ]
        ),
    ]


def formel(eintrag):
    """Zähler over Nenner as a fraction, read aloud as a sentence."""
    if not eintrag.nenner_text:
        return eintrag.zaehler_text
    if eintrag.art in ("veraenderung", "standardisiert"):
        return rechenweg(eintrag)
    pro = zahlen.format_zahl(eintrag.pro)
    return html.Span(
        [
            html.Span(
                [
                    html.Span(eintrag.zaehler_text),
                    html.Span(" geteilt durch ", className="nur-vorlesen"),
                    html.Span(eintrag.nenner_text),
                ],
                className="bruch",
            ),
            html.Span(f" × {pro}") if eintrag.pro != 1 else "",
        ],
        className="formel",
    )


def brueche(eintrag):
    if not eintrag.brueche:
        return "keine"
    return html.Ul([html.Li(satz_bruch(b.ab, b.wirkung, b.grund)) for b in eintrag.brueche])
