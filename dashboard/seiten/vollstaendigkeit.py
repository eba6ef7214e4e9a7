"""Teil der Seite »Daten«: Räume × Stichtage × Merkmale als Tafel je Quelle, und welche Räume fehlen.

Merkmale that came alike share a row, long series stand by year: 150 Merkmale with 120 Stichtage stay readable.
"""

from collections import Counter
from urllib.parse import parse_qs

from dash import html

from dashboard import bausteine, zahlen
from dashboard.ansicht import UnbekannteAngabe

EINZELN = 14  # more Stichtage than that are told by year
NAMEN, ZEILEN = 25, 40  # Räume and gaps named one by one; a table of all can be downloaded nowhere else, so: the newest
VOLL, LUECKE, NICHTS = "voll", "luecke", "nichts"


def tafel_abschnitt(store, query: str) -> list:
    """Filter, legend, and one matrix per source."""
    tafel, quellen = store.vollstaendigkeit(), quellen_von(store)
    if tafel.empty:
        return [bausteine.leerzustand("Keine Angaben zur Vollständigkeit.", "Der Stand nennt keine Lieferungen.")]
    gewaehlt = read_quelle(query, quellen)
    auswahl = [q for q in quellen if gewaehlt in (None, q)]
    luecken = store.luecken()
    return [
        filter_formular(store.stand.gebiet_id, quellen, gewaehlt),
        zeichenerklaerung(),
        *[
            quelle_abschnitt(store, name, quellen[name], tafel[tafel["quelle"] == name], luecken)
            for name in auswahl
            if (tafel["quelle"] == name).any()
        ],
    ]


def quellen_von(store) -> dict[str, str]:
    """id → title, in the order of the deliveries."""
    lieferungen = store.lieferungen()
    return dict(zip(lieferungen["quelle"], lieferungen["titel"], strict=True))


def read_quelle(query: str, quellen: dict[str, str]) -> str | None:
    """The chosen source; None: all.

    Raises:
        UnbekannteAngabe: there is no such source.
    """
    gewaehlt = parse_qs(query.removeprefix("?")).get("quelle", [""])[0]
    if gewaehlt and gewaehlt not in quellen:
        raise UnbekannteAngabe("Diese Quelle gibt es hier nicht.")
    return gewaehlt or None


def filter_formular(gebiet: str, quellen: dict[str, str], gewaehlt: str | None) -> html.Form:
    """A plain form: the choice is in the address, and it works without JavaScript."""
    optionen = [html.Option("alle Quellen", value="", selected=gewaehlt is None)]
    optionen += [html.Option(titel, value=name, selected=name == gewaehlt) for name, titel in quellen.items()]
    return html.Form(
        [
            html.Label("Quelle ", htmlFor="quelle-filter"),
            html.Select(optionen, id="quelle-filter", name="quelle"),
            html.Button("Zeigen", type="submit", className="knopf zart"),
        ],
        method="get",
        action=f"/{gebiet}/daten#vollstaendigkeit",
        className="filterzeile nicht-drucken",
    )


def zeichenerklaerung() -> html.Ul:
    zeichen = (
        (VOLL, "✓", "alle Räume geliefert"),
        (LUECKE, "17/19", "17 von 19 Räumen geliefert; ein Klick zeigt, welche fehlen"),
        (VOLL, "✓ 3*", "darunter 3 Werte, die der Lieferant geheim hält"),
        (VOLL, "✓ 9×", "im ganzen Jahr 9 Stichtage statt der üblichen Zahl"),
        (NICHTS, "–", "zu diesem Stichtag nicht geliefert"),
    )
    return html.Ul(
        [html.Li([html.Span(z, className=f"feld {art}"), html.Span(text)]) for art, z, text in zeichen],
        className="feldlegende",
    )


def quelle_abschnitt(store, name: str, titel: str, tafel, luecken) -> html.Section:
    ebenen = {e.id: e.titel_plural for e in store.stand.ebenen}
    tage = sorted(set(tafel["stichtag"]))
    jahre, mehrere = len(tage) > EINZELN, tafel["ebene"].nunique() > 1
    eigene = luecken[luecken["quelle"] == name]
    gezeigte = {(z.stichtag, z.ebene) for z in eigene.head(ZEILEN).itertuples()}
    zeilen = []
    for ebene, teil in tafel.groupby("ebene", sort=False):
        alle = teil["merkmal"].nunique()
        for titel_liste, felder in gleiche_zeilen(teil, tage, jahre):
            ort = (name, ebene)
            paare = zip(felder, spalten(tage, jahre), strict=True)
            zellen = [feld_knoten(inhalt, spalte, ort, gezeigte) for inhalt, spalte in paare]
            zeilen.append([merkmal_kopf(titel_liste, alle, ebenen[ebene] if mehrere else ""), *zellen])
    kopf = ["Merkmal", *spaltenkopf(tage, jahre)]
    wo = "" if mehrere else f"{ebenen[tafel['ebene'].iloc[0]]}: "
    inhalt = [html.H3(titel, id=f"quelle-{name}"), html.P(wo + satz(tafel, tage), className="leise")]
    inhalt.append(matrix(kopf, zeilen, f"Vollständigkeit: {titel}"))
    if len(eigene):
        inhalt.append(fehlende_raeume(store, eigene, ebenen, dict(zip(tafel["merkmal"], tafel["titel"], strict=True))))
    return html.Section(inhalt, className="vollstaendigkeit")


def satz(tafel, tage: list) -> str:
    """`24 Merkmale, 10 Stichtage (jeweils 31.12., 2015 bis 2024), überall alle Räume.`"""
    merkmale = zahlen.format_anzahl(tafel["merkmal"].nunique(), "Merkmal", "Merkmale")
    stichtage = zahlen.format_anzahl(len(tage), "Stichtag", "Stichtage")
    zeit = f"({zahlen.format_datum(tage[0])})"
    if len(tage) > 1 and jahresende(tage):
        zeit = f"(jeweils 31.12., {tage[0].year} bis {tage[-1].year})"
    elif len(tage) > 1:
        zeit = f"({zahlen.format_datum(tage[0])} bis {zahlen.format_datum(tage[-1])})"
    fehlend = int((tafel["erwartet"] - tafel["raeume"]).clip(lower=0).sum())
    geheim = int(tafel["geheim"].sum())
    rest = "überall alle Räume"
    if fehlend:
        rest = f"es {'fehlt' if fehlend == 1 else 'fehlen'} {zahlen.format_anzahl(fehlend, 'Wert', 'Werte')}"
    geheim_text = f"; {zahlen.format_zahl(geheim)} hält der Lieferant geheim" if geheim else ""
    return f"{merkmale}, {stichtage} {zeit}, {rest}{geheim_text}."


def spalten(tage: list, jahre: bool) -> list:
    return sorted({t.year for t in tage}) if jahre else tage


def spaltenkopf(tage: list, jahre: bool) -> list[str]:
    """Years alone where every Stichtag is the end of one."""
    if jahre:
        return [str(jahr) for jahr in spalten(tage, jahre)]
    return [str(t.year) if jahresende(tage) else zahlen.format_datum(t) for t in tage]


def jahresende(tage: list) -> bool:
    return all((t.month, t.day) == (12, 31) for t in tage)


def gleiche_zeilen(tafel, tage: list, jahre: bool) -> list[tuple[list[str], list]]:
    """Titles of the Merkmale that look alike in every column, and what stands there; in the order of the source."""
    gruppen: dict[tuple, list[str]] = {}
    for _, teil in tafel.groupby("merkmal", sort=False):
        je_tag = {z.stichtag: (z.raeume, z.erwartet, z.geheim) for z in teil.itertuples()}
        felder = tuple(feld(je_tag, spalte, jahre) for spalte in spalten(tage, jahre))
        gruppen.setdefault(felder, []).append(teil["titel"].iloc[0])
    return [(titel, list(felder)) for felder, titel in gruppen.items()]


def feld(je_tag: dict, spalte, jahre: bool) -> tuple[str, str]:
    """Kind and text of one cell."""
    if not jahre:
        return tag_feld(*je_tag[spalte]) if spalte in je_tag else (NICHTS, "–")
    im_jahr = [w for tag, w in je_tag.items() if tag.year == spalte]
    if not im_jahr:
        return NICHTS, "–"
    ueblich = Counter(tag.year for tag in je_tag)
    geheim = sum(g for _, _, g in im_jahr)
    stern = f" {geheim}*" if geheim else ""
    luecken = sum(raeume < erwartet for raeume, erwartet, _ in im_jahr)
    anzahl = "" if len(im_jahr) == max(ueblich.values()) else f" {len(im_jahr)}×"
    return (LUECKE, f"{luecken} von {len(im_jahr)}{stern}") if luecken else (VOLL, f"✓{anzahl}{stern}")


def tag_feld(raeume: int, erwartet: int, geheim: int) -> tuple[str, str]:
    stern = f" {geheim}*" if geheim else ""
    return (VOLL, f"✓{stern}") if raeume >= erwartet else (LUECKE, f"{raeume}/{erwartet}{stern}")


def feld_knoten(inhalt: tuple[str, str], spalte, ort: tuple[str, str], gezeigte: set) -> html.Td:
    art, text = inhalt
    ziel = [s for s, e in gezeigte if e == ort[1] and (s == spalte or s.year == spalte)] if art == LUECKE else []
    knoten = html.A(text, href=f"#{anker(ort[0], max(ziel), ort[1])}") if ziel else text
    return html.Td(knoten, className=f"feld {art}")


def anker(quelle: str, stichtag, ebene: str) -> str:
    return f"luecke-{quelle}-{stichtag:%Y%m%d}-{ebene}"


def merkmal_kopf(titel: list[str], alle: int, ebene: str):
    zusatz = f", {ebene}" if ebene else ""
    if len(titel) == 1:
        return titel[0] + zusatz
    wort = f"Alle {alle} Merkmale" if len(titel) == alle else f"{len(titel)} Merkmale"
    return html.Details([html.Summary(wort + zusatz), html.Ul([html.Li(t) for t in titel])])


def matrix(kopf: list[str], zeilen: list[list], titel: str) -> html.Div:
    """Like `bausteine.tabelle`, but its cells are made and its first column stays in view."""
    reihen = [html.Tr([html.Th(z[0], scope="row"), *z[1:]]) for z in zeilen]
    return html.Div(
        html.Table(
            [
                html.Caption(titel, className="nur-vorlesen"),
                html.Thead(html.Tr([html.Th(k, scope="col") for k in kopf])),
                html.Tbody(reihen),
            ],
            className="tabelle matrix",
        ),
        className="tabelle-rahmen",
        tabIndex="0",
        role="region",
        **{"aria-label": titel},
    )


def fehlende_raeume(store, luecken, ebenen: dict[str, str], titel: dict[str, str]) -> html.Details:
    """Which Räume are missing, newest Stichtag first."""
    raeume = store.raeume()
    namen = dict(zip(raeume["raum_id"], raeume["name"], strict=True))
    punkte, gesetzt = [], set()
    for z in luecken.head(ZEILEN).itertuples():
        ziel = anker(z.quelle, z.stichtag, z.ebene)
        kennung = {} if ziel in gesetzt else {"id": ziel}
        gesetzt.add(ziel)
        was = [titel.get(m, m) for m in z.merkmale]
        merkmale = ", ".join(was[:4]) + (f" und {len(was) - 4} weitere Merkmale" if len(was) > 4 else "")
        liste = ", ".join(namen.get(r, r) for r in z.raeume[:NAMEN])
        mehr = f" und {len(z.raeume) - NAMEN} weitere" if len(z.raeume) > NAMEN else ""
        kopf = f"{zahlen.format_datum(z.stichtag)}, {ebenen.get(z.ebene, z.ebene)}, {merkmale}: "
        punkte.append(html.Li([html.Strong(kopf), liste + mehr], **kennung))
    if len(luecken) > ZEILEN:
        punkte.append(html.Li(f"… und {len(luecken) - ZEILEN} ältere Lücken"))
    kurz = len(punkte) < 4
    return html.Details([html.Summary("Welche Räume fehlen?"), html.Ul(punkte)], className="falte", open=kurz)
