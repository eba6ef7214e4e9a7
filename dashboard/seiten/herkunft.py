"""Der Reiter »Über diese Zahl«: was sie bedeutet, aus welchen Dateien sie entstand, was daran berichtigt wurde."""

from dash import html

from dashboard import bausteine, zahlen
from dashboard.seiten.methodik import beschreibung

GEZEIGT = 12  # newest rows; all of them are a download


def build_ueber(store, eintrag) -> list:
    return [*beschreibung(eintrag, "h3", store), *herkunft_abschnitt(store, eintrag)]


def herkunft_abschnitt(store, eintrag) -> list:
    """What a Kennzahl was made of, per source; nothing here is a value."""
    tafel = store.herkunft(eintrag.id)
    if tafel.empty:
        return []
    adresse = f"/api/v1/{store.stand.gebiet_id}/herkunft/{eintrag.id}.csv"
    return [
        html.H4("Woher die Zahlen kommen"),
        html.Ul([quelle_zeile(titel, teil, eintrag) for titel, teil in tafel.groupby("titel", sort=False)]),
        *hinweise(tafel),
        html.Details(
            [
                html.Summary("Dateien, Blätter und Spalten"),
                dateien(tafel, eintrag),
                html.P(html.A("Alle Stichtage (CSV)", href=adresse, download=True)),
            ],
            className="falte",
        ),
    ]


def quelle_zeile(titel: str, tafel, eintrag) -> html.Li:
    """`Zähler: Grundsicherung … – 10 Stichtage, zuletzt sgb2_2023-12.csv, geladen am 21.11.2026`"""
    rollen = " und ".join(dict.fromkeys(tafel["rolle"]))
    neueste = tafel.iloc[0]
    tage = zahlen.format_anzahl(tafel["stichtag"].nunique(), "Stichtag", "Stichtage")
    vom = "" if neueste.vom == neueste.stichtag else f", Stand {stichtag(neueste.vom, eintrag)}"
    return html.Li(
        [
            html.Strong(f"{rollen}: "),
            f"{titel} – {tage}, zuletzt ",
            html.Span(neueste.datei, className="dateiname"),
            f"{vom}, geladen am {zahlen.format_datum(neueste.geladen_am)}",
        ]
    )


def hinweise(tafel) -> list:
    punkte = []
    for grund, teil in tafel[tafel["korrekturen"] != ""].groupby("korrekturen", sort=False):
        tage = ", ".join(zahlen.format_datum(t) for t in sorted(set(teil["stichtag"])))
        punkte.append(html.Li([html.Strong(f"Berichtigt ({tage}): "), grund]))
    if anzahl := int(tafel["angenommen"].sum()):
        text = zahlen.format_anzahl(anzahl, "Auffälligkeit wurde", "Auffälligkeiten wurden")
        punkte.append(html.Li(f"{text} mit dem Lieferanten geklärt und angenommen."))
    return [html.Ul(punkte)] if punkte else []


def dateien(tafel, eintrag):
    zeilen = [
        [
            stichtag(z.stichtag, eintrag),
            z.rolle,
            z.datei,
            ", ".join(teil for teil in (f"Blatt »{z.blatt}«" if z.blatt else "", z.spalten) if teil) or "–",
            zahlen.format_datum(z.geladen_am),
            html.Code(z.profil),
        ]
        for z in tafel.head(GEZEIGT).itertuples()
    ]
    kopf = ["Stichtag", "für", "Datei", "Blatt und Spalte", "geladen", "Profilfassung"]
    mehr = f", die neuesten {GEZEIGT} von {len(tafel)}" if len(tafel) > GEZEIGT else ""
    return bausteine.tabelle(kopf, zeilen, titel=f"Dateien hinter »{eintrag.titel}«{mehr}", zahlen_ab=9)


def stichtag(tag, eintrag) -> str:
    return zahlen.format_stichtag(tag, monatlich=eintrag.monatlich)
