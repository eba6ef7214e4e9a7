"""Seite »Vergleich«: alle Räume einer Ebene mit mehreren Kennzahlen nebeneinander, und der Trichter einer Kennzahl.

Plain HTML: every choice is in the address. Verdicts are those at 99.8 %, since many Räume are looked at together.
"""

from dataclasses import dataclass, replace
from datetime import date
from urllib.parse import parse_qs, urlencode

import pandas as pd
from dash import html

from dashboard import bausteine, figuren_statistik, zahlen
from dashboard.ansicht import UnbekannteAngabe
from dashboard.seiten import auswertung
from indicators.bericht.urteile import ZEICHEN

PFAD, TITEL = "vergleich", "Vergleich"
LAGEN = {"innen": "im Bereich des Zufalls", "auffaellig": "auffällig (95 %)", "sehr_auffaellig": "auffällig (99,8 %)"}


@dataclass(frozen=True)
class Wahl:
    """What the page shows; `kennzahl` has the funnel, `nach` sorts ("" = by name), `auf`: lowest first; `raum` is
    marked in table and funnel."""

    ebene: str
    thema: str
    jahr: int
    kennzahl: str = ""
    nach: str = ""
    auf: bool = False
    raum: str = ""

    @property
    def bis(self) -> date:
        return date(self.jahr, 12, 31)

    def als_query(self) -> str:
        teile = {"ebene": self.ebene, "thema": self.thema, "jahr": self.jahr}
        teile |= {"kennzahl": self.kennzahl} if self.kennzahl else {}
        teile |= {"nach": self.nach} if self.nach else {}
        teile |= {"raum": self.raum} if self.raum else {}
        return urlencode(teile | ({"auf": 1} if self.auf else {}))


def layout(store, query: str = "") -> list:
    wahl = read_wahl(store, query)
    eintraege = find_eintraege(store, wahl)
    tafel = store.read_vergleichstafel(wahl.ebene, [e.id for e in eintraege], wahl.bis)
    ebene = store.stand.ebene(wahl.ebene)
    return [
        html.H1(f"Vergleich: {ebene.titel_plural}"),
        html.P(
            f"Jeder Wert gegenüber {auswertung.rest_dativ(store)} (das Gebiet ohne den Raum selbst): ▲ höher, "
            "▼ niedriger, ● ähnlich. ▲ und ▼ stehen nur, wenn das ganze 99,8-%-Intervall auf einer Seite liegt.",
            className="vorspann",
        ),
        build_wahl(store, wahl),
        build_tafel(store, wahl, eintraege, tafel),
        build_legende(store, wahl, eintraege),
        build_speichern(store, wahl),
        build_trichter(store, wahl, eintraege),
    ]


# --- what is asked for ---------------------------------------------------------------------------


def read_wahl(store, query: str) -> Wahl:
    """Read the address; what it leaves out comes from the territory.

    Raises:
        UnbekannteAngabe: Ebene, Thema, Jahr or Kennzahl that does not exist here.
    """
    werte = {name: liste[-1] for name, liste in parse_qs(query.lstrip("?")).items()}
    ebene = werte.get("ebene") or store.stand.anzeige_ebene
    if ebene not in {e.id for e in store.stand.ebenen}:
        raise UnbekannteAngabe("Diese Ebene gibt es in diesem Gebiet nicht.")
    themen = find_themen(store, ebene)
    thema = werte.get("thema") or find_vorgabe(store, ebene, themen)
    if thema not in themen and "thema" in werte and thema not in find_themen(store, None):
        raise UnbekannteAngabe("Dieses Thema gibt es hier nicht.")
    jahre = find_jahre(store, ebene)
    jahr = werte.get("jahr", str(jahre[0]) if jahre else "1900")
    if not (jahr.isascii() and jahr.isdigit() and len(jahr) == 4) or not date.min.year < int(jahr):
        raise UnbekannteAngabe("Dieses Jahr gibt es hier nicht.")
    for name in ("kennzahl", "nach"):
        if werte.get(name) and store.eintrag(werte[name]) is None:
            raise UnbekannteAngabe("Diese Kennzahl gibt es in diesem Stand nicht.")
    raum = werte.get("raum", "")
    if raum and store.raum(raum) is None:
        raise UnbekannteAngabe("Diesen Raum gibt es in diesem Gebiet nicht.")
    weitere = {"kennzahl": werte.get("kennzahl", ""), "nach": werte.get("nach", ""), "auf": werte.get("auf") == "1"}
    return Wahl(ebene, thema, int(jahr), **weitere, raum=raum)


def find_vorgabe(store, ebene: str, themen: dict[str, str]) -> str:
    """The Thema the page opens with: that of the first Kennzahl with verdicts, else the first one."""
    mit_urteil = (e.thema for e in store.katalog() if ebene in e.ebenen and store.hat_urteile(e.id, ebene))
    gewuenscht = store.eintrag(store.stand.vorauswahl) if store.stand.vorauswahl else None
    if gewuenscht and gewuenscht.thema in themen and store.hat_urteile(gewuenscht.id, ebene):
        return gewuenscht.thema
    return next((t for t in mit_urteil if t in themen), next(iter(themen), ""))


def find_themen(store, ebene: str | None) -> dict[str, str]:
    """Thema → title, of the Kennzahlen of a level (None: of all)."""
    return {e.thema: e.thema_titel for e in store.katalog() if (ebene is None or ebene in e.ebenen) and not e.monatlich}


def find_jahre(store, ebene: str) -> list[int]:
    """Newest first."""
    tage = {t for e in store.katalog() if not e.monatlich for t in e.stichtage.get(ebene, ())}
    return sorted({t.year for t in tage}, reverse=True)


def find_eintraege(store, wahl: Wahl) -> list:
    alle = (e for e in store.katalog() if e.thema == wahl.thema and wahl.ebene in e.ebenen and not e.monatlich)
    return [e for e in alle if min(e.stichtage[wahl.ebene]) <= wahl.bis]


def tag_von(eintrag, wahl: Wahl) -> date:
    """The Stichtag its column shows: the newest one that was asked for."""
    return max(t for t in eintrag.stichtage[wahl.ebene] if t <= wahl.bis)


def build_wahl(store, wahl: Wahl):
    """A plain form: it works without JavaScript."""

    def feld(name: str, titel: str, paare: list[tuple], gewaehlt) -> html.Div:
        optionen = [html.Option(text, value=str(wert), selected=str(wert) == str(gewaehlt)) for wert, text in paare]
        return html.Div([html.Label(titel, htmlFor=f"v-{name}"), html.Select(optionen, id=f"v-{name}", name=name)])

    ebenen = [(e.id, e.titel_plural) for e in store.stand.ebenen if find_jahre(store, e.id)]
    jahre = find_jahre(store, wahl.ebene)
    raeume = sorted(
        store.raeume(wahl.ebene)[["raum_id", "name"]].itertuples(index=False, name=None), key=lambda r: r[1]
    )
    return html.Form(
        [
            feld("ebene", "Ebene", ebenen, wahl.ebene),
            feld("thema", "Thema", list(find_themen(store, None).items()), wahl.thema),
            feld("jahr", "Stichtag bis Ende", [(j, str(j)) for j in jahre], wahl.jahr),
            feld("raum", "Hervorheben", [("", "–"), *raeume], wahl.raum),
            html.Div(html.Button("Zeigen", type="submit", className="knopf zart")),
        ],
        method="get",
        action=f"/{store.stand.gebiet_id}/vergleich",
        className="vergleich-wahl nicht-drucken",
    )


# --- table ---------------------------------------------------------------------------------------


def build_tafel(store, wahl: Wahl, eintraege: list, tafel: pd.DataFrame):
    if tafel.empty:
        return bausteine.leerzustand("Keine Werte.", "Für diese Auswahl ist nichts veröffentlicht.")
    spalten = {e.id: {z.raum_id: z for z in tafel[tafel["kennzahl_id"] == e.id].itertuples()} for e in eintraege}
    eintraege = [e for e in eintraege if spalten[e.id]]
    kopf = [kopfzelle(store, wahl, "", store.stand.ebene(wahl.ebene).titel, "")]
    for e in eintraege:
        stichtag = zahlen.format_stichtag(next(iter(spalten[e.id].values())).stichtag)
        kopf.append(kopfzelle(store, wahl, e.id, e.kurz, f"{e.einheit} · {stichtag}"))
    namen = list(tafel.drop_duplicates("raum_id")[["raum_id", "name", "rest"]].itertuples(index=False))
    zeilen = [
        html.Tr(
            [html.Th(raumlink(store, r), scope="row"), *(zelle(e, spalten[e.id].get(r.raum_id)) for e in eintraege)],
            className="gewaehlt" if r.raum_id == wahl.raum else "",
        )
        for r in sortiere(namen, spalten.get(wahl.nach), wahl)
    ]
    titel = f"{store.stand.ebene(wahl.ebene).titel_plural}, {find_themen(store, None)[wahl.thema]}, {wahl.jahr}"
    fuss = build_fuss(store, eintraege, spalten)
    tabelle = html.Table(
        [html.Caption(titel), html.Thead(html.Tr(kopf)), html.Tbody(zeilen), *fuss], className="tabelle heiss"
    )
    rahmen = {"tabIndex": "0", "role": "region", "aria-label": titel}
    return html.Div(tabelle, className="tabelle-rahmen", **rahmen)


def build_fuss(store, eintraege: list, spalten: dict) -> list:
    """The line of the benchmark outside the Gebiet, at the Stichtag of each column; nothing where it has no value."""
    zellen = []
    for e in eintraege:
        wert = store.vergleichswert(e.id, next(iter(spalten[e.id].values())).stichtag)
        text = zahlen.format_wert(wert, e.stellen) if zahlen.hat_wert(wert) else "–"
        titel = "" if zahlen.hat_wert(wert) else auswertung.GRUENDE["kein_vergleichswert"]
        zellen.append((html.Td(text, className="zahl", title=titel), text))
    if not store.stand.bezug or all(text == "–" for _, text in zellen):
        return []
    kopf = html.Th([store.stand.bezug, html.Span("zum Vergleich", className="leise klein")], scope="row")
    return [html.Tfoot(html.Tr([kopf, *(z for z, _ in zellen)]))]


def sortiere(namen: list, spalte: dict | None, wahl: Wahl) -> list:
    """By value, places without one last; by name without a wish; what is no place at the end."""
    nach_name = sorted(namen, key=lambda r: r.name.lower(), reverse=not wahl.nach and wahl.auf)
    nach_name.sort(key=lambda r: r.rest)
    if not spalte:
        return nach_name
    mit = [r for r in nach_name if r.raum_id in spalte and zahlen.hat_wert(spalte[r.raum_id].wert)]
    mit.sort(key=lambda r: spalte[r.raum_id].wert, reverse=not wahl.auf)
    da = {r.raum_id for r in mit}
    return [*mit, *(r for r in nach_name if r.raum_id not in da)]


def kopfzelle(store, wahl: Wahl, kennzahl: str, titel: str, unter: str):
    """A column header whose link sorts; the second click turns the order."""
    aktiv = wahl.nach == kennzahl
    neu = replace(wahl, nach=kennzahl, auf=aktiv and not wahl.auf)
    absteigend = (not wahl.auf) if kennzahl else wahl.auf
    mehr = {"aria-sort": "descending" if absteigend else "ascending"} if aktiv else {}
    pfeil = (" ↓" if absteigend else " ↑") if aktiv else ""
    inhalt = [html.A(f"{titel}{pfeil}", href=f"/{store.stand.gebiet_id}/vergleich?{neu.als_query()}")]
    if unter:
        inhalt.append(html.Span(unter, className="leise klein"))
    return html.Th(inhalt, scope="col", className="zahl" if kennzahl else "", **mehr)


def raumlink(store, raum):
    return html.A(raum.name, href=f"/{store.stand.gebiet_id}/steckbrief/{raum.raum_id}")


def zelle(eintrag, z):
    """Value with the sign of its verdict; colour, sign and words say the same."""
    if z is None:
        return html.Td("…", className="zahl")
    wert = zahlen.format_wert(z.wert, eintrag.stellen, "", z.status)
    wort = z.rest_streng if z.rest_streng in ZEICHEN else None
    if not zahlen.hat_wert(z.wert) or wort is None:
        grund = auswertung.GRUENDE.get(z.rest_grund, "") if isinstance(z.rest_grund, str) else ""
        return html.Td(wert, className="zahl", title=f"kein Urteil: {grund}" if grund else "")
    spanne = zahlen.format_intervall(z.unten, z.oben, eintrag.stellen)
    mass = zahlen.format_wert(z.rest_wert, eintrag.stellen, eintrag.einheit)
    titel = f"{auswertung.WORTE[wort]}; 95-%-Intervall {spanne}; übriges Gebiet {mass}"
    zeichen = html.Span(f" {ZEICHEN[wort]}", title=auswertung.WORTE[wort])
    return html.Td([wert, zeichen], className=f"zahl {auswertung.klasse(wort, eintrag.polaritaet)}", title=titel)


def build_legende(store, wahl: Wahl, eintraege: list):
    gezeigt = [e.id for e in eintraege if store.vergleichswert(e.id, tag_von(e, wahl)) is not None]
    aussen = auswertung.aussen_quellen(store, gezeigt)
    zeichen = (
        ("urteil-unguenstiger", "▲ ▼ ungünstiger als das übrige Gebiet"),
        ("urteil-guenstiger", "▲ ▼ günstiger als das übrige Gebiet"),
        ("urteil-neutral", "▲ ▼ höher oder niedriger, ohne Wertung"),
        ("urteil-aehnlich", "● ähnlich"),
    )
    return html.Div(
        [
            html.Ul(
                [html.Li(html.Span(text, className=klasse)) for klasse, text in zeichen], className="urteil-legende"
            ),
            html.P(
                "Ohne Farbe und Zeichen: kein Intervall oder kein Vergleichswert; der Grund steht in der Exportdatei."
            ),
            html.P(auswertung.INTERVALL_HINWEIS),
            *([html.P(f"Letzte Zeile: {store.stand.bezug} zum selben Stichtag. Quelle: {aussen}.")] if aussen else []),
        ],
        className="leise",
    )


def build_speichern(store, wahl: Wahl):
    basis = f"/{store.stand.gebiet_id}/export/vergleich"
    frage = urlencode({"ebene": wahl.ebene, "thema": wahl.thema, "jahr": wahl.jahr})
    return html.P(
        [
            html.A("Tabelle für Excel (XLSX)", href=f"{basis}.xlsx?{frage}", className="knopf", download=True),
            " ",
            html.A("CSV für Excel", href=f"{basis}.csv?{frage}", className="knopf zart", download=True),
        ],
        className="nicht-drucken",
    )


# --- funnel --------------------------------------------------------------------------------------


def build_trichter(store, wahl: Wahl, eintraege: list):
    """Whose difference is more than its size explains."""
    moegliche = [e for e in eintraege if e.art in ("quote", "verhaeltnis") and store.hat_urteile(e.id, wahl.ebene)]
    eintrag = next((e for e in moegliche if e.id == wahl.kennzahl), moegliche[0] if moegliche else None)
    if eintrag is None:
        return html.Div()
    tag = tag_von(eintrag, wahl)
    trichter = store.read_trichter(eintrag.id, wahl.ebene, tag)
    links = [
        html.Li(
            html.A(
                e.titel, href=f"/{store.stand.gebiet_id}/vergleich?{replace(wahl, kennzahl=e.id).als_query()}#trichter"
            )
        )
        for e in moegliche
        if e.id != eintrag.id
    ]
    wahlliste = [bausteine.aufklapp("Andere Kennzahl", html.Ul(links))] if links else []
    if trichter is None:
        inhalt = [html.P("Zu wenige Räume mit Wert für einen Trichter.")]
    else:
        mass = store.vergleichswert(eintrag.id, tag)
        inhalt = trichter_inhalt(trichter, eintrag, wahl.raum, (store.stand.bezug, mass) if mass else None)
    titel = f"Trichter: {eintrag.titel}, {zahlen.format_stichtag(tag)}"
    return html.Section([html.H2(titel, id="trichter"), *wahlliste, *inhalt], className="abschnitt")


def trichter_inhalt(trichter, eintrag, raum: str, aussen: tuple[str, float] | None) -> list:
    bezug = f"Größe der Bezugsgruppe: {eintrag.nenner_text}"
    weit = trichter.raeume[trichter.raeume["lage"] == "sehr_auffaellig"]
    mitte = zahlen.format_wert(trichter.mitte, eintrag.stellen, eintrag.einheit)
    alt = (
        f"Trichterdiagramm: {len(trichter.raeume)} Räume, gemeinsamer Wert {mitte}; "
        f"außerhalb der 99,8-%-Grenzen: {', '.join(weit['name']) or 'keiner'}."
    )
    if aussen:
        alt += f" {aussen[0]}: {zahlen.format_wert(aussen[1], eintrag.stellen, eintrag.einheit)}."
    bild = figuren_statistik.trichter(trichter, eintrag, bezug, raum=raum, aussen=aussen)
    zeilen = [
        [r.name, zahlen.format_zahl(r.nenner), zahlen.format_zahl(r.wert, eintrag.stellen), lage(r)]
        for r in trichter.raeume.sort_values("wert", ascending=False).itertuples()
    ]
    kopf = ["Raum", "Bezugsgruppe", f"Wert ({eintrag.einheit})", "Lage"]
    return [
        html.P(
            f"Kleine Räume schwanken stärker. Waagerecht der gemeinsame Wert aller Räume ({mitte}); gestrichelt die "
            "95-%-Grenzen, durchgezogen die 99,8-%-Grenzen: So weit liegt ein Raum dieser Größe durch Zufall daneben. "
            "Beschriftet ist, wer außerhalb der 99,8-%-Grenzen liegt, soweit Platz ist; alle Namen zeigt der "
            "Mauszeiger und die Tabelle."
        ),
        html.Div(
            html.Div(
                [bausteine.bild(bild.svg, alt, klasse="trichter"), *map(zeiger, bild.punkte)], className="trichter-bild"
            ),
            className="trichter-rahmen",
            tabIndex="0",
            role="region",
            **{"aria-label": f"Trichter {eintrag.titel}"},
        ),
        html.Details(
            [html.Summary("Als Tabelle"), bausteine.tabelle(kopf, zeilen, titel=f"Trichter {eintrag.titel}")],
            className="falte",
        ),
    ]


def zeiger(punkt):
    """A place over the picture that tells the mouse what lies there; the table tells it everybody else."""
    ort = {"left": f"{punkt.links:.2f}%", "top": f"{punkt.oben:.2f}%"}
    return html.Span(title=punkt.text, style=ort, **{"aria-hidden": "true"})


def lage(zeile) -> str:
    if zeile.lage == "innen":
        return LAGEN["innen"]
    return f"{'▲ höher' if zeile.hoch else '▼ niedriger'}, {LAGEN[zeile.lage]}"
