"""Seite »Methodik«: jede Kennzahl mit Definition, Formel, Beispiel, Brüchen und Quelle."""

from dash import html

from dashboard import bausteine, zahlen

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
            [html.Div(build_verzeichnis(themen), className="verzeichnis"), html.Div(build_text(themen))],
            className="mit-verzeichnis",
        ),
    ]


def build_verzeichnis(themen: dict) -> html.Nav:
    return html.Nav(
        [
            html.H2("Inhalt"),
            html.Ul([html.Li(html.A("Lesehilfe", href="#lesehilfe")), html.Li(html.A("Zeichen", href="#zeichen"))]),
            *[
                html.Div([html.H3(titel), html.Ul([html.Li(html.A(e.titel, href=f"#{e.id}")) for e in eintraege])])
                for titel, eintraege in themen.items()
            ],
        ],
        **{"aria-label": "Inhalt der Seite"},
    )


def build_text(themen: dict) -> list:
    return [
        html.Section([html.H2("Lesehilfe"), html.P(INTERVALL), vergleich()], id="lesehilfe"),
        html.Section([html.H2("Zeichen"), bausteine.legende_zeichen()], id="zeichen"),
        *[
            html.Section([html.H2(titel), *[html.Article(beschreibung(e, "h3"), id=e.id) for e in eintraege]])
            for titel, eintraege in themen.items()
        ],
    ]


def vergleich():
    return html.P(
        "▲ über, ▼ unter, ● ähnlich: der Vergleich mit dem ganzen Gebiet. ▲ und ▼ stehen nur, wenn das ganze Intervall "
        "auf einer Seite des Vergleichswerts liegt. Wo es kein Intervall gibt (übernommene Zahlen, Altersaufbau), "
        "steht kein Zeichen: Ob ein Unterschied mehr ist als Zufall, ist dann nicht geprüft."
    )


def beschreibung(eintrag, ebene: str = "h2") -> list:
    """Everything the catalogue says about a Kennzahl; the tab »Über diese Zahl« and the handbook show the same."""
    ueberschrift = {"h2": html.H2, "h3": html.H3}[ebene]
    return [
        ueberschrift(eintrag.titel),
        html.P(eintrag.definition),
        bausteine.merkliste(
            [
                ("Lesart", eintrag.lesart.replace("{wert}", "…")),
                ("Formel", formel(eintrag)),
                ("Beispiel", eintrag.beispiel_text),
                ("Näherung", html.Strong(eintrag.naeherung) if eintrag.naeherung else ""),
                ("Hinweis", eintrag.hinweis),
                ("Fallstricke", eintrag.fallstricke),
                ("Brüche", brueche(eintrag)),
                ("Bewertung", POLARITAET.get(eintrag.polaritaet, "")),
                ("Rechtsgrundlage", eintrag.rechtsgrundlage),
                ("Quelle", eintrag.quelle),
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
    wirkung = {"trennt": "vorher und nachher nicht vergleichbar", "hinweis": "Vergleich mit Vorsicht"}
    return html.Ul(
        [
            html.Li(f"ab {zahlen.format_datum(b.ab)}: {b.grund} ({wirkung.get(b.wirkung, b.wirkung)})")
            for b in eintrag.brueche
        ]
    )
