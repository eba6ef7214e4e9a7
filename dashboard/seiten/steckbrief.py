"""Seite »Steckbrief«: ein Raum auf einem Blatt A4, verglichen mit dem übrigen Gebiet und seinesgleichen."""

from datetime import timedelta

from dash import html

from dashboard import bausteine, figures, zahlen
from dashboard.ansicht import find_raum
from dashboard.seiten import antworten, auswertung, katalogteile
from indicators.bericht import saetze

PFAD, TITEL = "steckbrief", "Steckbrief"
BEVOELKERUNG = ("bevoelkerung", "bev", "einwohner")
MAX_KENNZAHLEN = 18


def layout(store, query: str = "", raum_id: str | None = None) -> list:
    liste = katalogteile.read_zusammenstellung(store, query)
    return build_wahl(store) if raum_id is None else build_blatt(store, find_raum(store, raum_id), liste)


# --- choose ------------------------------------------------------------------------------------------------------


def build_wahl(store) -> list:
    """All Räume as links: upper levels open, Räume below a Kommune folded into it."""
    ebenen = store.stand.ebenen_gebiet
    oben = [*(ebenen[: max(1, len(ebenen) - 1)] if len(ebenen) > 2 else ebenen), *store.stand.ebenen_eigene]
    bloecke = []
    for ebene in oben:
        raeume = store.raeume_heute(ebene.id).sort_values("name")
        eltern = {r.raum_id: r.name for r in store.raeume(ebene.eltern).itertuples()} if ebene.eltern else {}
        gleich = raeume["name"].duplicated(keep=False)
        zusatz = [
            f" ({eltern[e]})" if g and e in eltern else "" for g, e in zip(gleich, raeume["eltern_id"], strict=True)
        ]
        eintraege = [html.Li([link(store, r), z]) for r, z in zip(raeume.itertuples(), zusatz, strict=True)]
        bloecke.append(
            html.Section(
                [
                    html.H2(ebene.titel_plural if len(raeume) > 1 else ebene.titel),
                    html.Ul(eintraege, className="raumliste"),
                ]
            )
        )
    if len(ebenen) > 2:
        unten = store.raeume_heute(ebenen[-1].id)
        namen = {r.raum_id: r.name for r in store.raeume(ebenen[-2].id).itertuples()}
        falten = [
            html.Details(
                [
                    html.Summary(namen.get(eltern, eltern)),
                    html.Ul([html.Li(link(store, r)) for r in g.itertuples()], className="raumliste"),
                ],
                className="falte",
            )
            for eltern, g in unten.groupby("eltern_id")
            if eltern in namen
        ]
        bloecke.append(html.Section([html.H2(ebenen[-1].titel_plural), *falten]))
    return [
        html.H1("Steckbriefe"),
        html.P(
            "Ein Raum auf einer Seite: die wichtigsten Kennzahlen im Vergleich. Zum Drucken auf A4.",
            className="vorspann",
        ),
        *bloecke,
    ]


def link(store, raum):
    return html.A(raum.name, href=f"/{store.stand.gebiet_id}/steckbrief/{raum.raum_id}")


# --- one sheet ---------------------------------------------------------------------------------------------------


def build_blatt(store, raum, liste=None) -> list:
    """One sheet: the most important Kennzahlen, or those of a Zusammenstellung."""
    profil = store.read_profil(raum.raum_id)
    ziel = f"/{store.stand.gebiet_id}/steckbrief/{raum.raum_id}"
    zeilen = find_zeilen(store, profil, liste)
    themen = build_liste(store, raum, profil, liste, zeilen) if liste else build_themen(store, raum, profil, zeilen)
    return [
        katalogteile.wahl_zusammenstellung(store, ziel, liste),
        html.Article(
            [
                build_kopf(store, raum, profil, liste),
                antworten.build(store, raum, zeilen),
                *themen,
                build_legende(store, raum, profil),
            ],
            className="blatt",
        ),
        build_kinder(store, raum),
        build_eigene(store, raum),
    ]


def find_zeilen(store, profil, liste) -> list[tuple]:
    """(title of the table, [(Eintrag, row)]) of everything a sheet shows, in its order."""
    je_kennzahl = {z.kennzahl_id: z for z in profil.itertuples() if z.kennzahl_id}
    if liste:
        gruppen = [(titel, [p.eintrag for p in plaetze if p.eintrag]) for titel, plaetze in liste.gruppen]
        return [(titel, [(e, je_kennzahl[e.id]) for e in es if e.id in je_kennzahl]) for titel, es in gruppen]
    zeilen = [(store.eintrag(name), z) for name, z in je_kennzahl.items()]
    themen: dict[str, list] = {}
    for eintrag, zeile in zeilen:
        if eintrag and not eintrag.monatlich:
            themen.setdefault(eintrag.thema_titel, []).append((eintrag, zeile))
    je_thema = verteile([len(gruppe) for gruppe in themen.values()], MAX_KENNZAHLEN)
    return [(titel, gruppe[:n]) for (titel, gruppe), n in zip(themen.items(), je_thema, strict=True)]


def build_kopf(store, raum, profil, liste=None):
    art = "Ohne Ort" if raum.rest else raum.ebene_titel
    vorbei = f", bestand bis {zahlen.format_datum(raum.bis - timedelta(days=1))}" if raum.bis else ""
    karte = f"/{store.stand.gebiet_id}/karte?ebene={raum.ebene}&raum={raum.raum_id}"
    return html.Header(
        [
            html.Div(
                [
                    html.P([art, *build_eltern(store, raum), vorbei], className="leise"),
                    html.H1(raum.name),
                    html.P(build_einwohner(store, profil), className="vorspann"),
                    html.P(
                        [
                            bausteine.knopf("Drucken", "drucken", klasse="zart"),
                            *([bausteine.link_knopf("Auf der Karte", karte)] if raum.mit_geometrie else []),
                            *speichern(store, raum, liste),
                        ],
                        className="werkzeug nicht-drucken",
                    ),
                ]
            ),
            build_lage(store, raum),
        ],
        className="blatt-kopf",
    )


def speichern(store, raum, liste) -> list:
    """The sheet as files: the same list of Kennzahlen as on the screen."""
    frage = f"?zusammenstellung={liste.id}" if liste else ""
    basis = f"/{store.stand.gebiet_id}/export/steckbrief/{raum.raum_id}"
    return [
        html.A("Excel (XLSX)", href=f"{basis}.xlsx{frage}", download=True, className="knopf zart"),
        html.A("CSV für Excel", href=f"{basis}.csv{frage}", download=True, className="knopf zart"),
    ]


def build_eltern(store, raum) -> list:
    if not raum.eltern_id or not raum.eltern_name:
        return []
    return [" in ", html.A(raum.eltern_name, href=f"/{store.stand.gebiet_id}/steckbrief/{raum.eltern_id}")]


def build_einwohner(store, profil) -> str:
    """`24.512 Menschen (31.12.2024)`, if a count of the population is published for this Raum."""
    for zeile in profil.itertuples():
        eintrag = store.eintrag(zeile.kennzahl_id)
        if eintrag.art == "anzahl" and eintrag.id.startswith(BEVOELKERUNG) and zahlen.hat_wert(zeile.wert):
            return f"{zahlen.format_zahl(zeile.wert)} Menschen ({zahlen.format_stichtag(zeile.stichtag)})"
    return ""


def build_lage(store, raum):
    """The small map: where in the Gebiet this Raum lies. Nothing for a Raum without an area."""
    if not raum.mit_geometrie:
        grund = (
            "er fasst Fälle zusammen, die sich keinem Ort zuordnen lassen."
            if raum.rest
            else "seine Grenzen liegen nicht vor."
        )
        return html.P(f"Dieser Raum hat keine Fläche auf der Karte; {grund}", className="leise lage")
    dateien = store.geometrie_dateien(raum.gebietsstand)
    vorn = dateien.get(raum.ebene)
    grund = dateien.get(find_grund(store, raum.ebene)) or vorn
    if not vorn:
        return html.Div()
    svg = figures.lagekarte(store.datei_pfad(grund), store.datei_pfad(vorn), raum.raum_id)
    return bausteine.bild(svg, f"Lage von {raum.name} in {store.stand.gebiet_name}", klasse="lage")


def find_grund(store, ebene: str) -> str:
    """The level whose borders show where a Raum lies: the one above it, unless that is the whole Gebiet."""
    ebenen = [e.id for e in store.stand.ebenen_gebiet]
    if ebene not in ebenen:
        eigene = store.stand.ebene(ebene)
        return eigene.bausteine if eigene.eltern == ebenen[0] else eigene.eltern
    return ebenen[max(1, ebenen.index(ebene) - 1)] if len(ebenen) > 1 else ebene


def build_themen(store, raum, profil, zeilen) -> list:
    """One table per Thema; at most MAX_KENNZAHLEN rows in all, shared fairly between the Themen."""
    if not zeilen:
        return [bausteine.leerzustand("Noch keine Kennzahlen.", "Für diesen Raum ist nichts veröffentlicht.")]
    return [build_thema(store, raum, titel, gruppe, hat_aussen(profil)) for titel, gruppe in zeilen]


def build_liste(store, raum, profil, liste, zeilen) -> list:
    """One table per group of a Zusammenstellung; what is not there is named with its missing delivery."""
    da = set(profil["kennzahl_id"])
    bloecke = [katalogteile.kopf_zusammenstellung(liste)]
    for (titel, gruppe), (_, plaetze) in zip(zeilen, liste.gruppen, strict=True):
        ohne = [p.eintrag.titel for p in plaetze if p.eintrag and p.eintrag.id not in da]
        bloecke += [build_thema(store, raum, titel, gruppe, hat_aussen(profil))] if gruppe else [html.H2(titel)]
        if ohne:
            bloecke.append(html.P(f"Für diesen Raum ohne Wert: {', '.join(ohne)}.", className="leise"))
        bloecke.append(katalogteile.fehlend_liste(plaetze, da))
    return bloecke


def verteile(anzahlen: list[int], platz: int) -> list[int]:
    """Share `platz` rows: one after the other to each, until all are served or the sheet is full."""
    gegeben = [0] * len(anzahlen)
    while sum(gegeben) < min(platz, sum(anzahlen)):
        for i, anzahl in enumerate(anzahlen):
            if gegeben[i] < anzahl and sum(gegeben) < platz:
                gegeben[i] += 1
    return gegeben


def hat_aussen(profil) -> bool:
    """Whether this sheet has any benchmark outside the Gebiet: a column of dashes says nothing."""
    return bool(profil["bezug_wert"].notna().any())


def build_thema(store, raum, titel: str, liste: list, mit_bezug: bool):
    kopf = [
        "Kennzahl",
        "Wert",
        "95-%-Intervall",
        "Übriges Gebiet",
        "Vergleich",
        store.stand.bezug,
        "Lage in der Ebene",
        "Rang",
        "Verlauf",
    ]
    oberste = raum.ebene == store.stand.ebenen[0].id
    in_saetzen = build_saetze(store, raum, liste)
    zeilen = [build_zeile(store, raum, eintrag, zeile, oberste) for eintrag, zeile in liste]
    # The Raum at the top has no rest and no rank, but may be compared with somebody outside.
    spalten = (0, 1, 2, 5, 8) if oberste else range(len(kopf))
    spalten = [i for i in spalten if i != 5 or mit_bezug]
    kopf, zeilen = [kopf[i] for i in spalten], [[z[i] for i in spalten] for z in zeilen]
    klasse = "profil oben" if oberste else "profil mit-bezug" if mit_bezug else "profil"
    return html.Section(
        [html.H2(titel), bausteine.tabelle(kopf, zeilen, titel=f"{titel}: {raum.name}", klasse=klasse), in_saetzen]
    )


def build_zeile(store, raum, eintrag, z, oberste: bool) -> list:
    basis = f"/{store.stand.gebiet_id}/karte?kennzahl={eintrag.id}&ebene={raum.ebene}&raum={raum.raum_id}"
    mass = z.rest_wert
    name = [html.A(eintrag.titel, href=basis), html.Span(untertitel(eintrag, z), className="leise klein")]
    wert = saetze.nenne_stufe(eintrag, z.wert) or zahlen.format_wert(
        z.wert, eintrag.stellen, eintrag.einheit, z.status
    ).replace(zahlen.FEST, " ", 1)  # a long unit goes on the next line
    if not zahlen.hat_wert(z.wert):
        wert = html.Span([f"{wert} ", html.Span(zahlen.KURZ.get(z.status, ""), className="leise klein")])
    return [
        html.Span(name, className="kennzahl-name"),
        wert,
        zahlen.format_intervall(z.unten, z.oben, eintrag.stellen) or "–",
        zahlen.format_wert(mass, eintrag.stellen, eintrag.einheit) if zahlen.hat_wert(mass) else "–",
        auswertung.urteil(z.rest_urteil, z.rest_grund, eintrag.polaritaet),
        auswertung.aussen(store, eintrag, z),
        build_lagebild(eintrag, z, mass, store.stand.ebene(raum.ebene).titel_plural) if raum.mit_geometrie else "–",
        "–" if eintrag.stufen else auswertung.rang(z.rang, z.rang_von, z.rang_bis, z.von),
        html.Span([build_verlauf(store, eintrag, raum), auswertung.trend(z)], className="verlauf-trend"),
    ]


def untertitel(eintrag, z) -> str:
    teile = [zahlen.format_stichtag(z.stichtag, monatlich=eintrag.monatlich)]
    if eintrag.naeherung:
        teile.append("Näherung")
    if zahlen.ist_vorlaeufig(z.hinweis):
        teile.append("vorläufig")
    if not eintrag.bestaetigt:
        teile.append(katalogteile.UNBESTAETIGT)
    if eintrag.herausgeber:
        teile.append(kuerzel(eintrag.herausgeber))
    return " · ".join(teile)


def kuerzel(name: str) -> str:
    """ "Bundesinstitut für … (BBSR)" → "BBSR": the full name stands on the map and in the Methodik."""
    return name.rsplit("(", 1)[1].rstrip(")") if name.endswith(")") and "(" in name else name


def build_lagebild(eintrag, z, mass, plural: str):
    if not (zahlen.hat_wert(z.ebene_min) and zahlen.hat_wert(z.ebene_max)):
        return "–"
    svg = figures.spine(
        z.wert, z.unten, z.oben, minimum=z.ebene_min, median=z.ebene_median, maximum=z.ebene_max, mass=mass
    )
    alt = (
        f"{plural}: von {zahlen.format_zahl(z.ebene_min, eintrag.stellen)} "
        f"bis {zahlen.format_zahl(z.ebene_max, eintrag.stellen)}, "
        f"mittlerer Wert {zahlen.format_zahl(z.ebene_median, eintrag.stellen)}"
    )
    return bausteine.bild(svg, alt, klasse="spine")


def build_saetze(store, raum, liste: list):
    """The same in sentences: compared with whom, since when, is it real."""
    gruppe = store.gleiche(raum.raum_id)
    plural = store.stand.ebene(raum.ebene).titel_plural
    abschnitte = {z.kennzahl_id: z for z in store.read_abschnitte(raum.raum_id).itertuples()}  # the newest stays
    absaetze = []
    for eintrag, z in liste:
        if teile := auswertung.saetze(store, eintrag, z, len(gruppe), plural, abschnitte.get(eintrag.id)):
            absaetze += [html.Dt(eintrag.titel), html.Dd(" ".join(teile))]
    if not absaetze:
        return ""
    return html.Details([html.Summary("In Sätzen"), html.Dl(absaetze, className="saetze")], className="falte")


def build_verlauf(store, eintrag, raum):
    """Sparkline since the last separating break or new shape: before it the numbers say something else."""
    reihe = store.read_reihe(eintrag.id, [raum.raum_id])
    if len(reihe):
        reihe = reihe[reihe["zuschnitt"] == reihe["zuschnitt"].iloc[-1]]
    trennend = [b.ab for b in eintrag.brueche if b.wirkung == "trennt"]
    if trennend:
        reihe = reihe[reihe["stichtag"] >= max(trennend)] if (reihe["stichtag"] >= max(trennend)).any() else reihe
    mit_wert = reihe.dropna(subset=["wert"])
    if len(mit_wert) < 2:
        return "–"
    erste, letzte = mit_wert.iloc[0], mit_wert.iloc[-1]
    alt = (
        f"von {zahlen.format_zahl(erste.wert, eintrag.stellen)} ({erste.stichtag.year}) "
        f"auf {zahlen.format_zahl(letzte.wert, eintrag.stellen)} ({letzte.stichtag.year})"
    )
    umgerechnet = mit_wert.loc[mit_wert["umgerechnet"], "stichtag"]
    bild = figures.sparkline(list(reihe["stichtag"]), list(reihe["wert"]))
    if umgerechnet.empty:
        return bausteine.bild(bild, alt, klasse="verlauf")
    alt += f", bis {umgerechnet.max().year} umgerechnet"
    zeichen = html.Abbr("u", title=zahlen.UMGERECHNET[1])
    return html.Span([bausteine.bild(bild, alt, klasse="verlauf"), zeichen], className="verlauf-zeichen")


def build_legende(store, raum, profil):
    return html.Footer(
        [
            html.P(
                f"Vergleich mit dem übrigen Gebiet ({store.stand.gebiet_name} ohne diesen Raum): ▲ höher, ▼ niedriger, "
                "● ähnlich; ▲ und ▼ nur, wenn das ganze 95-%-Intervall auf einer Seite liegt; ohne Intervall kein "
                "Urteil. Lage in der Ebene: Balken vom niedrigsten zum höchsten Raum, Strich = mittlerer Raum, "
                "Punkt = dieser Raum mit Intervall, Raute = übriges Gebiet. Rang 1 = höchster Wert, in Klammern die "
                "Ränge, die mit den Zahlen vereinbar sind. ↗ ↘ → Trend der letzten fünf Jahreswerte."
            ),
            html.P(auswertung.INTERVALL_HINWEIS),
            *build_aussen(store, profil),
            *build_gruppe(store, raum),
            html.P(
                "Zeichen: ».« geheim gehalten, »…« nicht geliefert, »x« nicht sinnvoll, ( ) unsicher"
                + (", u = früher Werte auf heutige Räume umgerechnet. " if store.stand.umstiege else ". ")
                + f"Stand {store.stand.snapshot}."
            ),
        ],
        className="blatt-fuss leise",
    )


def build_aussen(store, profil) -> list:
    """What the column of the benchmark outside says, and who says so."""
    if not hat_aussen(profil):
        return []
    quellen = auswertung.aussen_quellen(store, profil.loc[profil["bezug_wert"].notna(), "kennzahl_id"])
    text = "Vergleichswert zum selben Stichtag, als genau bekannt angenommen; ohne Angabe, wo es keinen gibt."
    return [html.P(f"{store.stand.bezug}: {text} Quelle: {quellen}.")]


def build_gruppe(store, raum) -> list:
    """Whom "similar" means."""
    namen = list(store.gleiche(raum.raum_id)["name"])
    text = f"Vergleichbare Räume nach {auswertung.GRUPPE_NACH}: {', '.join(namen)}."
    return [html.P(text)] if namen else []


def build_kinder(store, raum):
    kinder = store.kinder(raum.raum_id)
    if kinder.empty:
        return html.Div()
    titel = {e.id: e.titel_plural for e in store.stand.ebenen}[kinder["ebene"].iloc[0]]
    return html.Section(
        [
            html.H2(f"{titel} in {raum.name}"),
            html.Ul([html.Li(link(store, r)) for r in kinder.sort_values("name").itertuples()], className="raumliste"),
        ],
        className="abschnitt nicht-drucken",
    )


def build_eigene(store, raum):
    """The own areas this Raum is part of."""
    eigene = store.eigene_mit(raum.raum_id)
    if eigene.empty:
        return html.Div()
    titel = {e.id: e.titel for e in store.stand.ebenen_eigene}
    eintraege = [html.Li([link(store, r), f" ({titel[r.ebene]})"]) for r in eigene.itertuples()]
    return html.Section(
        [html.H2("Gehört zu"), html.Ul(eintraege, className="raumliste")], className="abschnitt nicht-drucken"
    )
