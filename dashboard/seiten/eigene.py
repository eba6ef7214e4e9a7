"""Seite »Eigene Räume«: was es gibt, und ein Formular, das aus Räumen einer Ebene einen neuen zusammenstellt.

Plain HTML: checking is a link (GET), so that a draft can be sent to a colleague; only taking it in is a POST. The map
and the filter beside the list of Räume are an addition by assets/eigene.js.
"""

from urllib.parse import parse_qs

from dash import html

from dashboard import bausteine, figures, zahlen
from dashboard.anlegen import find_werkstatt
from dashboard.eigene_entwurf import Entwurf, build_entwurf, find_befunde, find_einwohner, read_bestand, read_vorhandene
from dashboard.festseite import eingabe
from geodata.eigene import TEXT_BIS

PFAD, TITEL = "eigene", "Eigene Räume"
NAMEN = 12  # in one cell of the table
OFFEN_BIS = 60  # so many Räume stand open; more are folded by the Raum above them
ZUSTAND = {
    "gezeigt": ("✓", "wird gezeigt"),
    "wartet": ("…", "wartet auf das Veröffentlichen"),
    "abgelehnt": ("✗", "abgelehnt"),
}


def layout(store, query: str = "") -> list:
    werkstatt = find_werkstatt(store)
    werte = parse_qs(query.removeprefix("?"), keep_blank_values=True)
    entwurf = build_entwurf(store, werkstatt, werte)
    return [
        html.H1("Eigene Räume"),
        html.P(
            "Fassen Sie Räume zu eigenen Gebieten zusammen, etwa zu Planungsregionen oder Einzugsbereichen. Sie gehen "
            "durch dieselbe Geheimhaltung wie alle anderen Räume und erscheinen nach dem nächsten Veröffentlichen auf "
            "allen Seiten.",
            className="vorspann",
        ),
        *meldung(store, werkstatt, werte),
        abschnitt("Vorhandene eigene Räume", build_vorhandene(store, werkstatt)),
        abschnitt("Neuen Raum zusammenstellen", build_formular(store, werkstatt, entwurf), id="neu"),
        html.Script(src="/assets/eigene.js"),
    ]


def abschnitt(titel: str, inhalt: list, **mehr) -> html.Section:
    return html.Section([html.H2(titel), *inhalt], className="abschnitt", **mehr)


def meldung(store, werkstatt, werte: dict) -> list:
    """What the step before did."""
    kennung = werte.get("angelegt", [""])[0]
    if not werkstatt or kennung not in {d.id for d in werkstatt.dateien(store.stand.gebiet_id)}:
        return []
    return [
        html.Div(
            [
                html.P(html.Strong("Angelegt.")),
                html.P("Das nächste Veröffentlichen rechnet den Raum durch die Geheimhaltung und zeigt ihn dann."),
            ],
            className="meldung gut",
            role="status",
        )
    ]


# --- what there is -----------------------------------------------------------------------------------------------


def build_vorhandene(store, werkstatt) -> list:
    """One table per Gliederung: with its files for whoever may keep some, otherwise what is shown."""
    vorhandene = read_vorhandene(store, werkstatt)
    if not vorhandene:
        return [bausteine.leerzustand("Noch keine eigenen Räume.", "Stellen Sie unten den ersten zusammen.")]
    namen = dict(zip(store.raeume()["raum_id"], store.raeume()["name"], strict=True))
    bloecke = []
    for titel, zustaende in vorhandene.items():
        zeilen = [zeile(store, z, namen) for z in zustaende]
        beschreibung = next((e.beschreibung for e in store.stand.ebenen_eigene if e.titel_plural == titel), "")
        bloecke += [html.H3(titel), *([html.P(beschreibung)] if beschreibung else [])]
        kopf = ["Raum", "Besteht aus", "Zustand"]
        bloecke.append(bausteine.tabelle(kopf, zeilen, titel=titel, zahlen_ab=9, klasse="ohne-titel"))
    return bloecke


def zeile(store, z, namen: dict[str, str]) -> list:
    zeichen, wort = ZUSTAND[z.zustand]
    name = z.name or "ganze Datei"
    if z.zustand == "gezeigt":
        name = html.A(name, href=f"/{store.stand.gebiet_id}/steckbrief/{z.schluessel}")
    teile = sorted(namen.get(t, t) for t in z.teile)
    mehr = f" und {len(teile) - NAMEN} weitere" if len(teile) > NAMEN else ""
    zustand = [html.Span(f"{zeichen} {wort}", className=f"zustand-{z.zustand}")]
    if z.grund:
        zustand += [html.Br(), html.Span(z.grund, className="klein")]
    return [name, ", ".join(teile[:NAMEN]) + mehr, html.Span(zustand)]


# --- a new one ---------------------------------------------------------------------------------------------------


def build_formular(store, werkstatt, entwurf: Entwurf) -> list:
    bestand = read_bestand(store)
    gebiet = store.stand.gebiet_id
    if not bestand.bausteine:
        return [bausteine.leerzustand("Hier lässt sich nichts zusammenfassen.", "Das Gebiet hat nur einen Raum.")]
    knoepfe = [
        html.Button("Prüfen", type="submit", name="pruefen", value="1", className="knopf"),
        absenden("Als Datei speichern", f"/{gebiet}/eigene/datei"),
    ]
    if werkstatt:
        knoepfe.append(absenden("Anlegen", f"/{gebiet}/eigene/anlegen", post=True))
    formular = html.Form(
        [
            eingabe(type="hidden", name="bausteine", value=entwurf.bausteine),
            build_angaben(store, werkstatt, entwurf),
            build_raeume(store, bestand, entwurf),
            html.Div(knoepfe, className="filterzeile"),
            html.P(
                "»Als Datei speichern« gibt die Angaben als Textdatei; die Fachplanung kann sie mit "
                "»sozialraum eigene anlegen« übernehmen."
                if not werkstatt
                else "»Anlegen« übernimmt die Angaben; gezeigt wird der Raum nach dem nächsten Veröffentlichen.",
                className="leise klein",
            ),
        ],
        method="get",
        action=f"/{gebiet}/eigene#ergebnis",
        className="eigene-formular",
    )
    return [*build_ebenenwahl(store, bestand, entwurf), *build_ergebnis(store, bestand, werkstatt, entwurf), formular]


def absenden(titel: str, ziel: str, *, post: bool = False) -> html.Button:
    """A button that sends the form elsewhere than to the page itself."""
    return html.Button(
        titel, type="submit", className="knopf zart", formAction=ziel, formMethod="post" if post else "get"
    )


def build_ebenenwahl(store, bestand, entwurf: Entwurf) -> list:
    """A form of its own: another level has other Räume to tick."""
    if len(bestand.bausteine) < 2:
        return []
    plural = {e.id: e.titel_plural for e in store.stand.ebenen}
    optionen = [html.Option(plural[e], value=e, selected=e == entwurf.bausteine) for e in bestand.bausteine]
    return [
        html.Form(
            [
                html.Label("Zusammengesetzt aus ", htmlFor="bausteine-wahl"),
                html.Select(optionen, id="bausteine-wahl", name="bausteine"),
                html.Button("Räume zeigen", type="submit", className="knopf zart"),
            ],
            method="get",
            action=f"/{store.stand.gebiet_id}/eigene#neu",
            className="filterzeile",
        )
    ]


def build_angaben(store, werkstatt, entwurf: Entwurf) -> html.Fieldset:
    """Name of the area, and the Gliederung it belongs to."""
    gleiche = [e for e in entwurf.gliederungen if e.bausteine == entwurf.bausteine]
    optionen = [html.Option("neue Gliederung", value="", selected=not entwurf.gliederung)]
    optionen += [html.Option(e.titel, value=e.id, selected=e.id == entwurf.gliederung) for e in gleiche]
    felder = [textfeld("name", "Name des Raums", entwurf.name, "zum Beispiel Planungsregion Nord")]
    if gleiche:
        felder.append(
            html.Div(
                [
                    html.Label("Gehört zur Gliederung", htmlFor="gliederung"),
                    html.Select(optionen, id="gliederung", name="gliederung"),
                    html.Span("Räume einer Gliederung überschneiden sich nicht.", className="leise klein"),
                ],
                className="feldzeile",
            )
        )
    nur = "nur für eine neue Gliederung; " if gleiche else ""
    neu = "Titel der neuen Gliederung" if gleiche else "Titel der Gliederung"
    felder.append(textfeld("titel", neu, entwurf.titel, f"{nur}in der Mehrzahl, zum Beispiel Planungsregionen"))
    felder.append(textfeld("einzahl", "In der Einzahl", entwurf.einzahl, f"{nur}zum Beispiel Planungsregion"))
    return html.Fieldset([html.Legend("Name"), *felder])


def textfeld(name: str, titel: str, wert: str, hilfe: str) -> html.Div:
    return html.Div(
        [
            html.Label(titel, htmlFor=f"e-{name}"),
            eingabe(id=f"e-{name}", name=name, value=wert, maxlength=TEXT_BIS, autocomplete="off"),
            html.Span(hilfe, className="leise klein"),
        ],
        className="feldzeile",
    )


def build_raeume(store, bestand, entwurf: Entwurf) -> html.Fieldset:
    """All Räume of the level as checkboxes, grouped by the Raum above them, and the map they stand on."""
    ebene = store.stand.ebene(entwurf.bausteine)
    da = bestand.raeume[(bestand.raeume["ebene"] == ebene.id) & ~bestand.raeume["rest"].astype(bool)]
    namen = dict(zip(bestand.raeume["raum_id"], bestand.raeume["name"], strict=True))
    gewaehlt = set(entwurf.teile)
    gruppen = []
    for eltern, teil in da.groupby(da["eltern_id"].fillna(""), sort=False):
        kaesten = [kasten(z, z.raum_id in gewaehlt) for z in teil.sort_values("name").itertuples()]
        liste = html.Ul(kaesten, className="kastenliste")
        if len(da) <= OFFEN_BIS and da["eltern_id"].nunique() < 2:
            gruppen.append(liste)
            continue
        zahl = sum(r in gewaehlt for r in teil["raum_id"])
        anzahl = zahlen.format_anzahl(len(teil), ebene.titel, ebene.titel_plural)
        titel = f"{namen.get(eltern, ebene.titel_plural)} ({anzahl})"
        gruppen.append(
            html.Details([html.Summary(titel), liste], className="falte", open=bool(zahl) or len(da) <= OFFEN_BIS)
        )
    return html.Fieldset(
        [
            html.Legend(f"{ebene.titel_plural} auswählen"),
            html.Div(
                [html.Div(gruppen, className="kaesten"), build_karte(store, ebene, gewaehlt)], className="auswahl"
            ),
        ],
        className="eigene-auswahl",
    )


def kasten(raum, an: bool) -> html.Li:
    feld = eingabe(type="checkbox", id=f"t-{raum.raum_id}", name="teil", value=raum.raum_id, checked=an)
    return html.Li([feld, html.Label(raum.name, htmlFor=f"t-{raum.raum_id}")])


def build_karte(store, ebene, gewaehlt: set[str]):
    """The small map; assets/eigene.js makes its areas clickable. The list says the same."""
    name = store.geometrie_dateien(store.raeume()["gebietsstand"].max()).get(ebene.id)
    pfad = store.datei_pfad(name) if name else None
    if pfad is None:
        return html.Div()
    return html.Div(figures.auswahlkarte(pfad, gewaehlt), className="auswahlkarte", **{"aria-hidden": "true"})


# --- the result of checking --------------------------------------------------------------------------------------


def build_ergebnis(store, bestand, werkstatt, entwurf: Entwurf) -> list:
    if not entwurf.geprueft:
        return []
    befunde = find_befunde(store, bestand, entwurf)
    if befunde:
        inhalt = [
            html.P(html.Strong("So geht es noch nicht:")),
            html.Ul([html.Li(text) for text in befunde]),
        ]
    else:
        inhalt = [
            html.P(html.Strong(f"✓ »{entwurf.name}« lässt sich bilden.")),
            html.P("Welche Zahlen gezeigt werden können, entscheidet die Geheimhaltung beim Veröffentlichen."),
        ]
    klasse = "meldung schlecht" if befunde else "meldung gut"
    inhalt.append(bausteine.merkliste(list(beschreibe(store, bestand, entwurf))))
    return [html.Div(inhalt, id="ergebnis", className=klasse, role="status", tabIndex="-1")]


def beschreibe(store, bestand, entwurf: Entwurf):
    """Size, inhabitants and surroundings of the draft, as far as they are published."""
    ebene = store.stand.ebene(entwurf.bausteine)
    da = bestand.raeume.set_index("raum_id")["name"]
    teile = [t for t in entwurf.teile if t in da.index]
    if not teile:
        return
    namen = sorted(da[t] for t in teile)
    mehr = f" und {len(namen) - NAMEN} weitere" if len(namen) > NAMEN else ""
    zahl = zahlen.format_anzahl(len(teile), ebene.titel, ebene.titel_plural)
    yield "Besteht aus", f"{zahl}: {', '.join(namen[:NAMEN])}{mehr}"
    einwohner, tag = find_einwohner(store, ebene.id)
    if einwohner:
        bekannt = [einwohner.get(t) for t in teile]
        offen = all(zahlen.hat_wert(w) for w in bekannt)
        summe = (
            f"{zahlen.format_zahl(sum(bekannt))} ({zahlen.format_stichtag(tag)})"
            if offen
            else "nicht vollständig gezeigt"
        )
        yield "Einwohner", summe
    nachbarn, stuecke = find_umgebung(store, ebene.id, teile)
    if stuecke > 1:
        yield "Zusammenhang", f"Der Raum besteht aus {stuecke} getrennten Stücken. Das ist erlaubt."
    if nachbarn:
        grenzt = sorted(da[n] for n in nachbarn if n in da.index)
        rest = f" und {len(grenzt) - NAMEN} weitere" if len(grenzt) > NAMEN else ""
        yield "Grenzt an", ", ".join(grenzt[:NAMEN]) + rest


def find_umgebung(store, ebene: str, teile: list[str]) -> tuple[set[str], int]:
    """Räume that touch the draft, and of how many separate pieces it consists; (nothing, 0) without a map."""
    name = store.geometrie_dateien(store.raeume()["gebietsstand"].max()).get(ebene)
    pfad = store.datei_pfad(name) if name else None
    if pfad is None:
        return set(), 0
    kopf, _ = figures.read_ringe(pfad)
    ids, drin = kopf["ids"], set(teile)
    nachbarn = {raum_id: {ids[n] for n in liste} for raum_id, liste in zip(ids, kopf["nachbarn"], strict=True)}
    offen, stuecke = drin & set(ids), 0
    while offen:
        stuecke, rand = stuecke + 1, {offen.pop()}
        while rand:
            rand = set().union(*(nachbarn[r] for r in rand)) & offen
            offen -= rand
    return set().union(*(nachbarn[r] for r in drin & set(ids)), set()) - drin, stuecke
