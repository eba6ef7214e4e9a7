"""Seite »Pflege«: Bestand, Bedarf, Größe gegen Alter, Vorausberechnung mit Band; was Modell ist, steht dabei."""

from urllib.parse import parse_qs

import pandas as pd
from dash import ClientsideFunction, Dash, Input, Output, State, html

from dashboard import bausteine, festseite, figuren_pflege, zahlen
from dashboard.ansicht import UnbekannteAngabe, find_raum, find_store
from dashboard.pflegetafeln import (
    tafel_alter,
    tafel_bedarf,
    tafel_direkt,
    tafel_geschlecht,
    tafel_kommunen,
    tafel_mix,
    tafel_probe,
    tafel_quoten,
    tafel_voraus,
    tafel_zerlegung,
)
from dashboard.seiten.karte import bruchliste
from indicators.bericht import pflegetexte

PFAD, TITEL = "pflege", "Pflege"
REIHE = "pp_pflegebeduerftige"


def check_query(store, query: str) -> None:
    """Raise UnbekannteAngabe for a Raum that this page does not have."""
    read_raum(store, query)


def read_raum(store, query: str) -> str | None:
    """The Raum of a link; without one the whole Gebiet. None where there is nothing to project."""
    raeume = list(raum_auswahl(store))
    gewuenscht = parse_qs(query.lstrip("?")).get("raum", [None])[-1]
    if gewuenscht is None:
        return raeume[0] if raeume else None
    find_raum(store, gewuenscht)
    if raeume and gewuenscht not in raeume:
        raise UnbekannteAngabe(f"Für den Raum »{gewuenscht}« gibt es keine Seite zur Pflege.")
    return gewuenscht if raeume else None


def raum_auswahl(store) -> dict[str, str]:
    """raum_id → name of the Räume with rows of a projection (hidden ones included), the whole first."""
    prognose = store.read_prognose()
    oben = store.stand.ebenen[0].id
    folge = prognose.assign(unten=prognose["ebene"] != oben).sort_values(["unten", "name"])
    return dict(zip(folge["raum_id"], folge["name"], strict=True))


def layout(store, query: str = "") -> list:
    art = store.pflege["art"]
    kopf = [
        html.H1(f"Pflege: {store.stand.gebiet_name}"),
        html.P(
            "Wie viele Menschen pflegebedürftig sind, wie viele es werden könnten, und ob das an der Zahl der Menschen "
            "oder an ihrem Alter liegt.",
            className="vorspann",
        ),
    ]
    if art == "keine":
        return [*kopf, build_leer(store)]
    if art == "quoten":
        return [*kopf, *build_quoten(store)]
    raum_id = read_raum(store, query)
    namen = raum_auswahl(store)
    auswahl = [{"value": r, "label": name} for r, name in namen.items()]
    return [
        *kopf,
        html.Section(
            [
                html.Div(
                    [
                        bausteine.auswahl("p-raum", "Kreis oder Kommune", auswahl, raum_id, suchen=True),
                        build_speichern(store),
                    ],
                    className="figur-kopf",
                )
            ],
            className="steuerung",
            **{"aria-label": "Auswahl"},
        ),
        html.Div(build_inhalt(store, raum_id), id="p-inhalt"),
    ]


def build_leer(store) -> html.Div:
    """Nothing to compute: what is missing, and which figures of care there are instead."""
    pflege = [e for e in store.katalog() if e.thema == "pflege"]
    links = [html.Li(html.A(e.titel, href=f"/{store.stand.gebiet_id}/karte?kennzahl={e.id}")) for e in pflege]
    return html.Div(
        [
            bausteine.leerzustand("Keine Vorausberechnung.", pflegetexte.fehlt_text(store.pflege)),
            *([html.H2("Kennzahlen zur Pflege"), html.Ul(links)] if links else []),
        ]
    )


def build_speichern(store):
    basis = f"/{store.stand.gebiet_id}/export/pflege"
    punkte = {".xlsx": "Tabellen für Excel (XLSX)", "_excel.csv": "CSV für Excel", "_daten.csv": "CSV für Programme"}
    liste = html.Ul([html.Li(html.A(text, href=basis + endung, download=True)) for endung, text in punkte.items()])
    return bausteine.aufklapp("Speichern", liste, klasse="speichern")


def figur(id_: str, titel: str, satz, bild, tafel, ueber, unten="") -> html.Section:
    """A card with the three tabs; the sentence says the result."""
    return html.Section(
        [
            html.H2(titel),
            *([html.P(satz)] if satz else []),
            bausteine.karte_tabelle_text(
                f"p-{id_}",
                "bild",
                bild_titel="Diagramm",
                bild=bild,
                tabelle=roh(tafel),
                ueber=html.Div(ueber, className="ueber"),
            ),
            unten,
        ],
        className="figur abschnitt",
        **{"aria-label": titel},
    )


def roh(inhalt) -> html.Div:
    """Tables as escaped HTML that ansicht.js puts in place: as Dash components their cells would take seconds."""
    return html.Div(**{"data-html": festseite.als_html(inhalt)})


def karte(titel: str, satz, *inhalt) -> html.Section:
    """A card without a figure."""
    oben = [html.H2(titel), *([html.P(satz)] if satz else [])]
    return html.Section([*oben, roh(list(inhalt))], className="figur abschnitt")  # its table is the landmark


# --- one Raum ----------------------------------------------------------------------------------------------------


def build_inhalt(store, raum_id: str | None) -> list:
    """Everything about one Kreis or Kommune."""
    if raum_id is None:
        return [build_leer(store)]
    prognose = store.read_prognose(raum_id)
    heute = prognose[(prognose["groesse"] == "pflegebeduerftige") & (prognose["variante"] == "bestand")]
    if heute.empty or not zahlen.hat_wert(heute["wert"].iloc[0]):
        status = heute["status"].iloc[0] if len(heute) else "nicht_geliefert"
        return [bausteine.leerzustand("Keine Vorausberechnung.", pflegetexte.fehlt_text({"grund": status}))]
    ganz = heute["ebene"].iloc[0] == store.stand.ebenen[0].id
    return [
        build_ausblick(store, raum_id, prognose, heute.iloc[0]),
        build_zerlegung(store, raum_id, ganz=ganz),
        build_alter(store, raum_id, ganz=ganz),
        build_bedarf(prognose),
        build_mix(store, raum_id),
        build_vergleich(store, raum_id, ganz=ganz),
        *([build_direkt(store)] if ganz else []),
        build_probe(store, raum_id),
        karte("Annahmen und Verfahren", pflegetexte.MODELL, bausteine.merkliste(pflegetexte.verfahren(store.pflege))),
    ]


def build_ausblick(store, raum_id: str, prognose, heute) -> html.Section:
    voraus = prognose[prognose["groesse"] == "pflegebeduerftige"]
    konstant = voraus[voraus["variante"] == "konstant"]
    ziel = konstant[konstant["jahr"] <= int(heute["jahr"]) + 10].iloc[-1]
    satz = pflegetexte.satz_voraus(
        heute["name"], heute["wert"], int(heute["jahr"]), int(ziel["jahr"]), ziel["wert"], ziel["unten"], ziel["oben"]
    )
    eintrag = store.eintrag(REIHE)
    reihe = store.read_reihe(REIHE, [raum_id]) if eintrag else voraus.iloc[:0].assign(stichtag=[])
    brueche = eintrag.brueche if eintrag else ()
    bild = bausteine.diagramm("p-faecher", figuren_pflege.faecher(reihe, brueche, voraus), alt=satz)
    return figur(
        "ausblick",
        "Bestand und Ausblick",
        satz,
        bild,
        tafel_voraus(voraus),
        [html.P(pflegetexte.MODELL), bausteine.merkliste(pflegetexte.verfahren(store.pflege))],
        bruchliste(reihe, eintrag) if eintrag and len(reihe) else "",
    )


def build_zerlegung(store, raum_id: str, *, ganz: bool) -> html.Section:
    teile = store.read_zerlegung(raum_id)
    voraus, rueck = teile[teile["modell"]], teile[~teile["modell"]]
    ziel = voraus[voraus["bis"] - voraus["von"] <= 10].iloc[-1]
    satz = pflegetexte.satz_zerlegung(*(int(ziel[s]) for s in ("von", "bis")), *ziel[["gesamt", "umfang", "struktur"]])
    mehr = []
    if ganz and len(rueck):
        mehr = [
            html.P(
                "Rückblick: Was über Zahl und Alter hinausgeht, ist häufigerer Bedarf oder vollständigere Zählung. Die "
                "Umstellungen der Statistik (2017, 2019, 2021, Zensus 2022) stecken in dieser Spalte; sie lassen sich "
                "von "
                "häufigerem Bedarf nicht trennen."
            ),
            tafel_zerlegung(rueck, "Rückblick (gezählt)"),
        ]
    return karte("Größe oder Alter?", satz, tafel_zerlegung(voraus, "Ausblick bei konstanten Quoten (Modell)"), *mehr)


def build_alter(store, raum_id: str, *, ganz: bool) -> html.Section:
    alter = store.read_prognose_alter(raum_id)
    bev = alter[alter["art"] == "bevoelkerung"]
    jahr, ziel = int(bev["jahr"].min()), int(bev["jahr"].max())
    summe = {j: bev.loc[(bev["jahr"] == j) & (bev["von"] >= 80), "bevoelkerung"].sum() for j in (jahr, ziel)}
    satz = (
        f"80 Jahre und älter: {zahlen.format_zahl(summe[jahr])} Menschen Ende {jahr}, "
        f"rund {pflegetexte.rund(summe[ziel])} Ende {ziel} (Modell)."
    )
    bild = bausteine.diagramm("p-pyramide", figuren_pflege.pyramide(bev, jahr, ziel), alt=satz)
    tafel = [tafel_alter(bev, jahr, ziel)]
    if ganz:
        tafel.append(tafel_quoten(alter[alter["art"] == "pflege"]))
    grenze = "Für Kommunen reicht das Verfahren zehn Jahre weit." if not ganz else ""
    ueber = [html.P(text) for name, text in pflegetexte.verfahren(store.pflege) if name == "Bevölkerung"]
    return figur("alter", "Alter der Bevölkerung", satz, bild, tafel, [*ueber, html.P(grenze)])


def build_bedarf(prognose) -> html.Section:
    """Places against need: what would be used if as many of those in need lived in homes as today."""
    titel = "Dauerpflege: Plätze und Bedarf"
    plaetze = prognose[prognose["groesse"] == "plaetze"]
    bedarf = prognose[prognose["groesse"] == "dauerpflege_bedarf"]
    if plaetze.empty or not zahlen.hat_wert(plaetze["wert"].iloc[0]) or not bedarf["wert"].notna().any():
        text = "Die Plätze der Dauerpflege oder die vollstationär Versorgten sind hier nicht geliefert oder gesperrt."
        return karte(titel, "", bausteine.leerzustand("Keine Bilanz.", text))
    bestand = float(plaetze["wert"].iloc[0])
    voraus = bedarf[bedarf["variante"] != "bestand"].assign(bilanz=lambda t: bestand - t["wert"])
    ziel = voraus[(voraus["variante"] == "konstant") & (voraus["jahr"] <= int(plaetze["jahr"].iloc[0]) + 10)].iloc[-1]
    frei = ziel["bilanz"] >= 0
    satz = (
        f"Ende {int(plaetze['jahr'].iloc[0])} gab es {zahlen.format_zahl(bestand)} belegbare Plätze. Lebt künftig "
        "derselbe Anteil der Pflegebedürftigen in Heimen und kommt kein Platz hinzu, "
        f"{'bleiben' if frei else 'fehlen'} {int(ziel['jahr'])} rund {pflegetexte.rund(abs(ziel['bilanz']))} Plätze"
        f"{' frei' if frei else ''} "
        "(konstante Quoten, Modell)."
    )
    ueber = html.P(
        "Bedarf: Pflegebedürftige der jeweiligen Annahme, mal dem heutigen Anteil vollstationär Versorgter mit "
        "Wohnort hier. "
        "Plätze: belegbare Dauerpflegeplätze am Ausgangspunkt, unverändert. Heime nehmen auch Menschen von auswärts "
        "auf und "
        "Einwohner ziehen in Heime anderswo: Für eine einzelne Kommune ist die Bilanz ein Anhaltspunkt, kein "
        "Fehlbestand."
    )
    bild = bausteine.diagramm("p-bilanz", figuren_pflege.bilanz(voraus), alt=satz)
    return figur("bedarf", titel, satz, bild, tafel_bedarf(bedarf, bestand), ueber)


def build_mix(store, raum_id: str) -> html.Section:
    titel = "Versorgung"
    teile = [store.read_reihe(k, [raum_id]).assign(kennzahl_id=k) for k in figuren_pflege.MIX if store.eintrag(k)]
    teile = [t for t in teile if t["wert"].notna().any()]
    if not teile:
        return karte(titel, "", bausteine.leerzustand("Keine Angaben.", "Pflegebedürftige nach Versorgungsart fehlen."))
    anteile = pd.concat(teile, ignore_index=True)
    anteile = anteile.assign(jahr=[tag.year for tag in anteile["stichtag"]])
    letzte = anteile[anteile["jahr"] == anteile["jahr"].max()].dropna(subset=["wert"])
    satz = f"{anteile['jahr'].max()}: " + ", ".join(
        f"{zahlen.format_zahl(z.wert, 1)} % {pflegetexte.ART[z.kennzahl_id]}" for z in letzte.itertuples()
    )
    eintrag = store.eintrag(teile[0]["kennzahl_id"].iloc[0])
    ueber = [html.P(eintrag.definition), html.P(f"Quelle: {eintrag.quelle}")]
    bild = bausteine.diagramm("p-mix", figuren_pflege.mix(anteile), alt=satz + ".")
    return figur("mix", titel, satz + ".", bild, tafel_mix(anteile), ueber, bruchliste(teile[0], eintrag))


def build_vergleich(store, raum_id: str, *, ganz: bool) -> html.Section:
    vergleich = store.read_pflegevergleich()
    vergleich = vergleich[vergleich["verfahren"] == "indirekt"]
    mass = f"der {store.stand.ebenen[0].titel}"
    erklaert = html.P(
        "Erwartet (Modell): die Quoten des Kreises je Alter und Geschlecht, angewandt auf die Menschen der Kommune; "
        "so ließe "
        "sich auch schätzen, wo keine Zahl geliefert wird. Standardisiert: die Quote, die der Kreis hätte, wäre der "
        "Bedarf je "
        "Alter überall wie hier. Für die Versorgungsarten ist der Anteil an den Pflegebedürftigen jedes Alters wie im "
        "Kreis "
        "angenommen. Klammern: 95-%-Intervall; bei »Erwartet« der Bereich, in dem 95 von 100 so geschätzten Kommunen "
        "liegen."
    )
    if not ganz:
        hier = vergleich[(vergleich["raum_id"] == raum_id) & vergleich["verhaeltnis"].notna()]
        eins = hier[hier["groesse"] == "pflegebeduerftige"]
        satz = ""
        if len(eins):
            z = eins.iloc[0]
            grenzen = z[["verhaeltnis", "verhaeltnis_unten", "verhaeltnis_oben"]]
            satz = pflegetexte.satz_verhaeltnis(z["name"], *grenzen, mass=mass)
        return karte("Gezählt und erwartet", satz, tafel_kommunen(hier, je="groesse"), erklaert)
    alle = vergleich[vergleich["groesse"] == "pflegebeduerftige"]
    anders = ((alle["verhaeltnis_unten"] > 1) | (alle["verhaeltnis_oben"] < 1)).sum()
    satz = (
        f"In {zahlen.format_anzahl(int(anders), 'Kommune', 'Kommunen')} von {len(alle)} liegt die Zahl der "
        "Pflegebedürftigen "
        "auch bei gleichem Alter und Geschlecht über oder unter dem, was der Kreis erwarten lässt."
    )
    return karte("Kommunen: gezählt und erwartet", satz, tafel_kommunen(alle, je="name"), erklaert)


def build_direkt(store) -> html.Section:
    reihe = store.read_pflegevergleich("pflegebeduerftige")
    reihe = reihe[reihe["verfahren"] == "direkt"]
    text = (
        "Die Pflegequote, die es in jedem Jahr gegeben hätte, wäre die Bevölkerung schon so alt gewesen wie am "
        "Ausgangspunkt "
        "(direkt standardisiert, Intervall nach Dobson). Zwischen den Jahren liegen Brüche der Statistik."
    )
    return karte("Pflegequote bei gleichem Alter", text, tafel_direkt(reihe))


def build_probe(store, raum_id: str) -> html.Section:
    probe = store.read_probe(raum_id)
    text = (
        "Was dasselbe Verfahren früher vorausgesagt hätte, nur mit Zahlen, die es damals schon gab. Abweichung: "
        "vorausgesagt "
        "gegen gezählt. Über die Zensus-Umstellung von 2022 hinweg enthält sie auch deren Sprung."
    )
    if probe.empty:
        return karte("Rückprobe", "Für eine Rückprobe reichen die Jahre nicht.")
    return karte("Rückprobe", text, tafel_probe(probe))


# --- national quotas ---------------------------------------------------------------------------------------------


def build_quoten(store) -> list:
    """Care by sex only: counted against national quotas, Räume against each other."""
    tabelle = store.read_pflegevergleich()
    unten = [e.id for e in store.stand.ebenen_gebiet if (tabelle["ebene"] == e.id).any()][-1]
    oben = store.stand.ebenen[0].id
    quelle = store.pflege["quoten"]
    bloecke = []
    for tag in sorted(set(tabelle["stichtag"]), reverse=True):
        hier = tabelle[tabelle["stichtag"] == tag]
        ganz = hier[(hier["ebene"] == oben) & (hier["groesse"] == "pflegebeduerftige")]
        teile = hier[hier["ebene"] == unten]
        datum = zahlen.format_datum(tag)
        satz = ""
        if len(ganz) and zahlen.hat_wert(ganz["verhaeltnis"].iloc[0]):
            z = ganz.iloc[0]
            satz = (
                f"{z['name']}, {datum}: {zahlen.format_zahl(z['beobachtet'])} Pflegebedürftige gezählt; mit den "
                "Quoten von "
                f"Deutschland {quelle['stichtag'][:4]} wären es rund {pflegetexte.rund(z['erwartet'])} (Modell)."
            )
        alle = teile[teile["groesse"] == "pflegebeduerftige"].dropna(subset=["rate"]).sort_values("rate")
        mass = float(ganz["rate"].iloc[0]) if len(ganz) else float("nan")
        bild = bausteine.diagramm(
            f"p-rang-{tag.year}",
            figuren_pflege.rangliste(alle, mass, store.stand.gebiet_name),
            alt=f"Pflegequote bei gleichem Alter und Geschlecht, {datum}, vom niedrigsten zum höchsten Wert.",
            hoehe=figuren_pflege.hoehe_rangliste(len(alle)),
        )
        ueber = [
            html.P(
                "Erwartet (Modell): Pflegequoten von Deutschland für unter 75-Jährige und ab 75-Jährige, nach "
                "Geschlecht, "
                "angewandt auf die Bevölkerung hier. Standardisierte Quote: Bedarf bei gleichem Alter und Geschlecht, "
                "so "
                "skaliert, dass das ganze Gebiet seine eigene Quote behält; mit ihr lassen sich Räume vergleichen. "
                "Nur zwei "
                "Altersgruppen: Ob jemand 76 oder 95 Jahre alt ist, gleicht das nicht aus."
            ),
            html.P([html.Strong("Pflegegrad 1: "), quelle["abweichung"]]),
            html.P(f"{quelle['titel']}. {quelle['herausgeber']}. {quelle['hinweis']}"),
        ]
        unter = html.P([html.Strong("Pflegegrad 1: "), quelle["abweichung"]], className="quelle")
        titel = f"Gezählt und erwartet am {datum}"
        bloecke.append(figur(f"quoten-{tag.year}", titel, satz, bild, tafel_geschlecht(teile), ueber, unter))
    fehlt = bausteine.leerzustand("Keine Vorausberechnung.", pflegetexte.FEHLT["nicht_geliefert"])
    return [html.Section(build_speichern(store), className="steuerung", **{"aria-label": "Speichern"}), *bloecke, fehlt]


def register_callbacks(app: Dash, read_stores) -> None:
    app.clientside_callback(ClientsideFunction("sr", "pflegeLink"), Input("p-raum", "value"))

    @app.callback(
        Output("p-inhalt", "children"),
        Input("p-raum", "value"),
        State("url", "pathname"),
        prevent_initial_call=True,
    )
    def zeige(raum_id, pfad):
        store = find_store(read_stores(), pfad)
        if raum_id is not None:
            find_raum(store, raum_id)
        return build_inhalt(store, raum_id)
