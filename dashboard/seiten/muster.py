"""Seite »Räumliche Muster«: liegen hohe Werte beieinander, wie ungleich ist die Verteilung, was bleibt vom Zufall?

Plain HTML with a form (GET). Everything shown was computed when the snapshot was published.
"""

from __future__ import annotations

from dash import html

from dashboard import bausteine, zahlen
from dashboard.ansicht import UnbekannteAngabe, find_eintrag
from dashboard.indexwahl import read_felder
from dashboard.raumbild import build_karte, feld

PFAD, TITEL = "muster", "Räumliche Muster"
# class of the local Moran → colour, pattern, meaning
KLASSEN = {
    "HH": ("#b35806", "streifen", "hoher Wert unter hohen Werten"),
    "NN": ("#542788", "punkte", "niedriger Wert unter niedrigen Werten"),
    "HN": ("#fdb863", "", "hoher Wert unter niedrigen Werten"),
    "NH": ("#b2abd2", "", "niedriger Wert unter hohen Werten"),
    "-": ("#f7f7f7", "", "hebt sich nicht vom Zufall ab"),
}
GRUND = {
    "insel": "ohne Nachbarn mit Wert",
    "ohne_wert": "ohne Wert",
    "zu_wenige": "zu wenige Räume",
    "konstant": "überall gleich",
    "keine_auswahl": "alle anderen sind Nachbarn",
}
ZEILEN = 300


def layout(store, query: str = "") -> list:
    kopf = [
        html.H1("Räumliche Muster"),
        html.P(
            "Liegen belastete Räume beieinander, oder ist das Bild der Karte Zufall? Und wie ungleich verteilt sich "
            "eine Gruppe über das Gebiet?",
            className="vorspann",
        ),
    ]
    if not store.mit_muster:
        leer = bausteine.leerzustand("Hier gibt es keine Muster.", "Das Gebiet hat zu wenige Räume mit Grenzen.")
        return [*kopf, leer]
    eintrag, ebene = read_wahl(store, query)
    werte, statistik = store.read_muster(eintrag.id, ebene), store.read_raumstatistik(eintrag.id, ebene)
    return [
        *kopf,
        html.Div(
            [build_formular(store, eintrag, ebene), build_ergebnis(store, eintrag, ebene, werte, statistik)],
            className="zweispaltig",
        ),
        *build_haeufungen(store, eintrag, werte),
        *build_glaettung(eintrag, werte, statistik),
        build_verfahren(statistik),
    ]


def read_wahl(store, query: str) -> tuple:
    """Kennzahl and level of the link; without a wish the status of an index, or what the territory shows first."""
    werte = {name: liste[-1] for name, liste in read_felder(query).items()}
    da = store.mit_muster
    if kennzahl := werte.get("kennzahl"):
        eintrag = find_eintrag(store, kennzahl)
        if eintrag.id not in da:
            raise UnbekannteAngabe(f"Zu »{eintrag.titel}« gibt es kein räumliches Muster.")
    else:
        wuensche = [*(i.statusindex for i in store.indizes), store.stand.vorauswahl, *da]
        eintrag = store.eintrag(next(w for w in wuensche if w in da))
    ebene = werte.get("ebene", "")
    if ebene and ebene not in {e.id for e in store.stand.ebenen}:
        raise UnbekannteAngabe(f"Die Ebene »{ebene}« gibt es in diesem Gebiet nicht.")
    ebenen = [e.id for e in store.stand.ebenen if e.id in da[eintrag.id]]
    return eintrag, ebene if ebene in ebenen else ebenen[-1]


def build_formular(store, eintrag, ebene: str) -> html.Section:
    themen: dict[str, list] = {}
    for e in store.katalog():
        if e.id in store.mit_muster:
            themen.setdefault(e.thema_titel, []).append(html.Option(e.titel, value=e.id, selected=e.id == eintrag.id))
    gruppen = [html.Optgroup(optionen, label=titel) for titel, optionen in themen.items()]
    ebenen = [e for e in store.stand.ebenen if any(e.id in liste for liste in store.mit_muster.values())]
    stufen = [html.Option(e.titel_plural, value=e.id, selected=e.id == ebene) for e in ebenen]
    return html.Section(
        [
            html.H2("Auswahl"),
            html.Form(
                [
                    html.Div(
                        [
                            html.Div(
                                [html.Label("Kennzahl", htmlFor="m-k"), html.Select(gruppen, id="m-k", name="kennzahl")]
                            ),
                            html.Div([html.Label("Ebene", htmlFor="m-e"), html.Select(stufen, id="m-e", name="ebene")]),
                        ],
                        className="index-felder",
                    ),
                    html.P(html.Button("Zeigen", type="submit", className="knopf")),
                ],
                method="get",
                action=f"/{store.stand.gebiet_id}/muster",
            ),
        ],
        className="steuerung",
    )


def build_ergebnis(store, eintrag, ebene: str, werte, statistik) -> html.Section:
    plural = store.stand.ebene(ebene).titel_plural
    tag = zahlen.format_stichtag(statistik["stichtag"], monatlich=eintrag.monatlich)
    inhalt = [
        html.H2(f"{eintrag.titel}: {plural}, {tag}"),
        html.Ul([html.Li(s) for s in store.sage_muster(eintrag.id, ebene)], className="index-saetze"),
    ]
    dateien = store.geometrie_dateien(statistik["gebietsstand"])
    if statistik["lisa_permutationen"] and ebene in dateien:
        faerbung = {
            z.raum_id: (*KLASSEN[z.klasse][:2], f"{wert(eintrag, z)}, {KLASSEN[z.klasse][2]}")
            for z in werte.itertuples()
            if z.klasse in KLASSEN
        }
        alt = "Karte der Häufungen; die Räume stehen in der Tabelle darunter"
        bild = build_karte(store.datei_pfad(dateien[ebene]), faerbung, praefix="mu", alt=alt)
        inhalt.append(html.Div([bild, build_legende(werte)], className="index-bild"))
    quelle = (
        f"Quelle: {eintrag.quelle} · {store.stand.gebiet_name}, Stand {zahlen.format_datum(store.stand.erstellt_am)}"
    )
    karte = f"/{store.stand.gebiet_id}/karte?kennzahl={eintrag.id}&ebene={ebene}"
    inhalt.append(html.P(html.A("Die Werte selbst auf der Karte", href=karte), className="klein"))
    inhalt.append(html.P(quelle + (" · erfundene Daten" if store.stand.erfunden else ""), className="quelle"))
    return html.Section(inhalt, className="figur")


def wert(eintrag, z) -> str:
    return zahlen.format_wert(z.wert, eintrag.stellen, eintrag.einheit, z.wert_status)


def build_legende(werte):
    anzahl = werte["klasse"].value_counts()
    zeilen = [
        [html.Span([feld(farbe, bild, "mu"), f" {text}"]), str(int(anzahl.get(klasse, 0)))]
        for klasse, (farbe, bild, text) in KLASSEN.items()
    ]
    ohne = werte[~werte["klasse"].isin(KLASSEN)]["status"].value_counts()
    gruende = "; ".join(f"{GRUND.get(grund, grund)}: {n}" for grund, n in ohne.items())
    fuss = [html.P([feld("#e9edf0", "kreuz", "mu"), f" {gruende}"], className="index-ohne")] if gruende else []
    return html.Div([bausteine.tabelle(["Klasse", "Räume"], zeilen, titel="Räume und ihre Nachbarn"), *fuss])


def build_haeufungen(store, eintrag, werte) -> list:
    """The Räume that stand out, by class; the names that the map cannot show."""
    offen = werte[werte["klasse"].isin(("HH", "NN", "HN", "NH"))]
    if offen.empty:
        return []
    eltern = dict(zip(store.raeume()["raum_id"], store.raeume()["name"], strict=True))
    folge = {k: nr for nr, k in enumerate(KLASSEN)}
    offen = offen.assign(folge=offen["klasse"].map(folge)).sort_values(["folge", "eltern_id", "name"])
    zeilen = [
        [
            html.A(z.name, href=f"/{store.stand.gebiet_id}/steckbrief/{z.raum_id}"),
            eltern.get(z.eltern_id, ""),
            KLASSEN[z.klasse][2],
            wert(eintrag, z),
            "< 0,001" if z.p < 0.001 else zahlen.format_zahl(z.p, 3),
        ]
        for z in offen.head(ZEILEN).itertuples()
    ]
    tafel = bausteine.tabelle(
        ["Raum", "liegt in", "Klasse", "Wert", "Zufall (p)"],
        zeilen,
        titel="Räume in Häufungen und Ausreißer",
        zahlen_ab=3,
    )
    return [html.Section([html.H2("Welche Räume das sind"), tafel], className="abschnitt")]


def build_glaettung(eintrag, werte, statistik) -> list:
    """Smoothed shares, always beside what they were made of; they stand on this page only and in no file."""
    glatt = werte[werte["geglaettet"].notna()]
    if glatt.empty:
        return []
    glatt = glatt.assign(abstand=(glatt["wert"] - glatt["geglaettet"]).abs()).sort_values("abstand", ascending=False)
    zeilen = [
        [
            z.name,
            wert(eintrag, z),
            html.Em(f"{zahlen.format_wert(z.geglaettet, eintrag.stellen, eintrag.einheit)} (geglättet)"),
            f"{zahlen.format_zahl(100 * z.gewicht)} %",
            zahlen.format_zahl(z.nenner) if zahlen.hat_wert(z.nenner) else "–",
        ]
        for z in glatt.head(ZEILEN).itertuples()
    ]
    mittel = zahlen.format_wert(statistik["eb_mittel"], eintrag.stellen, eintrag.einheit)
    kopf = ["Raum", "Wert", "geglätteter Wert", "Gewicht des eigenen Werts", "Bezugsgruppe"]
    tafel = bausteine.tabelle(kopf, zeilen, titel="Geglättete Werte, die größten Änderungen zuerst")
    return [
        html.Section(
            [
                html.H2("Geglättete Werte"),
                html.P(
                    "In kleinen Räumen schwankt ein Anteil schon durch wenige Fälle. Geglättete Werte sind zum Mittel "
                    f"aller Räume ({mittel}) hin verschoben, umso mehr, je kleiner die Bezugsgruppe ist. Das Gewicht "
                    "sagt, wie viel vom eigenen Wert bleibt. Geglättete Werte sind ein Modell: Sie stehen nur hier "
                    "und in keiner Datei zum Herunterladen."
                ),
                html.Details([html.Summary("Geglättete Werte zeigen"), tafel], className="falte"),
            ],
            className="abschnitt",
        )
    ]


def build_verfahren(s: dict) -> html.Section:
    text = (
        "Nachbarn sind Räume, die sich berühren; jeder Nachbar zählt gleich. Der Moran-Koeffizient misst, wie "
        "sehr sich Nachbarn ähneln (0 = zufällig verteilt, 1 = größtmögliche Ähnlichkeit). p sagt, wie oft der Zufall "
        "allein ein mindestens so deutliches Muster ergäbe: 0,005 heißt in 5 von 1.000 Fällen. "
    )
    if s["lisa_permutationen"]:
        text += (
            f"Häufungen: lokaler Moran-Koeffizient, {zahlen.format_zahl(s['lisa_permutationen'])} zufällige "
            f"Anordnungen der Nachbarn (Startwert {s['lisa_saat']}), Falschfunde auf 5 % begrenzt (Benjamini und "
            "Hochberg). "
        )
    text += "Geglättet wird mit dem empirischen Bayes-Verfahren für Anteile (Martuzzi und Elliott 1996)."
    return html.Section([html.H2("Verfahren"), html.P(text, className="leise")], className="abschnitt")
