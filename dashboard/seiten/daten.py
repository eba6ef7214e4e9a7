"""Seite »Daten«: was geliefert wurde, was fehlt, was geprüft und was geschützt wurde – ohne einen gesperrten Wert."""

from dash import html

from dashboard import bausteine, zahlen
from dashboard.seiten.katalogteile import fehlend_abschnitt
from dashboard.seiten.vollstaendigkeit import tafel_abschnitt

PFAD, TITEL = "daten", "Daten"
NUR_IM_HAUS = (
    "Was an den Werten selbst auffiel (Sprünge, Summen, Regeln), steht nicht in veröffentlichten Ständen: Es könnte "
    "verraten, was gesperrt ist. Im Haus zeigt es »sozialraum befunde«."
)
VIELE, VIELE_BEFUNDE = 60, 12  # longer tables are folded away
SCHWERE = {"blockiert": "hielt das Laden an"}
REGELN = {
    "korrektur": "erklärte Korrektur",
    "fehlende": "Räume fehlen",
    "doppelt": "doppelte Zeilen",
    "lesen": "beim Lesen berichtigt",
    "spalten": "Spalten ohne Eintrag im Profil",
    "zeichensatz": "Zeichensatz umgewandelt",
    "blatt": "Blatt nicht gelesen",
    "versteckt": "ausgeblendete Zellen",
    "zuordnung": "Zuordnung zu Räumen",
    "fallliste": "Zählung der Einzelfälle",
    "vollstaendigkeit": "Angaben unvollständig",
}


def layout(store, query: str = "") -> list:
    return [
        html.H1("Daten und Prüfung"),
        html.P(
            "Woher die Zahlen kommen, wie vollständig sie sind, was aufgefallen ist und was geheim gehalten wird.",
            className="vorspann",
        ),
        abschnitt("Herunterladen", downloads(store)),
        abschnitt("Lieferungen", lieferungen(store.lieferungen())),
        abschnitt("Vollständigkeit", tafel_abschnitt(store, query), id="vollstaendigkeit"),
        abschnitt("Noch nicht berechnet", fehlend_abschnitt(store), id="fehlend"),
        abschnitt("Auffälligkeiten", befunde(store.befunde(), store.lieferungen(), store.schutz())),
        abschnitt("Geheimhaltung", schutz(store.schutz(), store.stand)),
    ]


def abschnitt(titel: str, inhalt, **mehr) -> html.Section:
    inhalt = inhalt if isinstance(inhalt, list) else [inhalt]
    return html.Section([html.H2(titel), *inhalt], className="abschnitt", **mehr)


def downloads(store) -> list:
    gebiet = store.stand.gebiet_id
    zeilen = []
    for eintrag in store.katalog():
        for ebene in (e for e in store.stand.ebenen if e.id in eintrag.ebenen):
            basis = f"/{gebiet}/export/{eintrag.id}_{ebene.id}"
            was = f"{eintrag.titel}, {ebene.titel_plural}"
            zeilen.append(
                [
                    eintrag.titel,
                    ebene.titel_plural,
                    datei("XLSX", f"{basis}.xlsx", was),
                    datei("CSV (Excel)", f"{basis}_excel.csv", was),
                    datei("CSV (Programme)", f"{basis}_daten.csv", was),
                ]
            )
    return [
        html.P(
            [
                bausteine.link_knopf("Alle Kennzahlen (XLSX)", f"/{gebiet}/export/alles.xlsx", download=True),
                html.Span(f" {bausteine.beschreibe_alles(store)}", className="leise neben-knopf"),
            ]
        ),
        html.P(
            ["Für Programme: ", html.A("Verzeichnis der Kennzahlen (JSON)", href=f"/api/v1/{gebiet}/kennzahlen.json")]
        ),
        falte(
            "Einzelne Tabellen",
            bausteine.tabelle(
                ["Kennzahl", "Ebene", "Excel", "CSV", "CSV"], zeilen, titel="Tabellen zum Herunterladen", zahlen_ab=9
            ),
        ),
    ]


def datei(titel: str, ziel: str, was: str):
    return html.A([titel, html.Span(f": {was}", className="nur-vorlesen")], href=ziel, download=True)


def falte(titel: str, inhalt):
    return html.Details([html.Summary(titel), inhalt], className="falte")


def lieferungen(tafel):
    """One row per source; the single files are folded away."""
    if tafel.empty:
        return bausteine.leerzustand("Keine Lieferungen verzeichnet.", "Der Stand nennt keine Dateien.")
    zeilen = [
        [
            titel,
            g["herausgeber"].iloc[0],
            zahlen.format_zahl(len(g)),
            spanne(g["von"].min(), g["bis"].max()),
            zahlen.format_datum(g["geladen_am"].max()),
        ]
        for titel, g in tafel.groupby("titel", sort=False)
    ]
    dateien = [
        [z.datei, spanne(z.von, z.bis), zahlen.format_datum(z.geladen_am), html.Code(z.sha256[:12] or "–")]
        for z in tafel.itertuples()
    ]
    return [
        bausteine.tabelle(
            ["Quelle", "Herausgeber", "Dateien", "Zeitraum", "zuletzt geladen"],
            zeilen,
            titel="Quellen dieses Stands",
            zahlen_ab=2,
        ),
        falte(
            f"Alle {zahlen.format_anzahl(len(dateien), 'Datei', 'Dateien')}",
            bausteine.tabelle(
                ["Datei", "Zeitraum", "geladen", "Prüfsumme"], dateien, titel="Gelieferte Dateien", zahlen_ab=9
            ),
        ),
    ]


def spanne(von, bis) -> str:
    """`31.12.2015 – 31.12.2024`; a single day once; empty when unknown."""
    if von is None or von != von:
        return ""
    return zahlen.format_datum(von) if von == bis else f"{zahlen.format_datum(von)} – {zahlen.format_datum(bis)}"


def befunde(tafel, lieferungen, schutz):
    """Findings about the form of deliveries; those about values would tell something of hidden ones."""
    if tafel.empty:
        return html.P(f"An der Form der Lieferungen ist nichts aufgefallen. {NUR_IM_HAUS}")
    quellen = dict(zip(lieferungen["quelle"], lieferungen["titel"], strict=True))
    merkmale = dict(zip(schutz["merkmal"], schutz["titel"], strict=True))
    zeilen = [
        [
            quellen.get(z.quelle, z.quelle),
            REGELN.get(z.regel, str(z.regel).replace("_", " ")),
            ", ".join(merkmale.get(m, m) for m in str(z.merkmal or "").split(", ") if m),
            SCHWERE.get(z.schwere, z.schwere),
            zahlen.format_zahl(z.anzahl),
            zahlen.format_zahl(z.angenommen) if z.angenommen else "–",
        ]
        for z in tafel.itertuples()
    ]
    inhalt = bausteine.tabelle(
        ["Quelle", "Prüfung", "Merkmal", "Schwere", "Anzahl", "davon geklärt"],
        zeilen,
        titel="Auffälligkeiten je Prüfung, ohne Werte",
        zahlen_ab=4,
    )
    anzahl = zahlen.format_anzahl(int(tafel["anzahl"].sum()), "Auffälligkeit", "Auffälligkeiten")
    gefaltet = falte(f"{anzahl} in {len(zeilen)} Gruppen", inhalt) if len(zeilen) > VIELE_BEFUNDE else inhalt
    return html.Div([gefaltet, html.P(NUR_IM_HAUS, className="leise")])


def schutz(tafel, stand):
    """How many cells are kept secret, and where; never which values."""
    zellen, gesperrt = int(tafel["zellen"].sum()), int(tafel["gesperrt"].sum())
    anteil_text = f" ({zahlen.format_wert(100 * gesperrt / zellen, 1, '%')})" if gesperrt else ""
    titel = stand.schutz_fassung or stand.freigabe_titel  # counts of a mixed view are those of its outer profile
    einleitung = html.P(
        f"Fassung »{titel}«: {zahlen.format_zahl(gesperrt)} von {zahlen.format_zahl(zellen)} "
        f"Feldern{anteil_text} sind gesperrt. "
        "Kleine Zahlen und alles, woraus sie sich errechnen ließen, stehen nicht in dieser Fassung – auch nicht "
        "verborgen in Karte, Export oder Schnittstelle."
        + (f" In Ihrer Fassung »{stand.freigabe_titel}« ist ein Teil davon sichtbar." if stand.schutz_fassung else "")
    )
    namen = {e.id: e.titel_plural for e in stand.ebenen}
    zeilen = [
        [
            z.titel,
            namen.get(z.ebene, z.ebene),
            *map(zahlen.format_zahl, (z.zellen, z.gesperrt)),
            prozent(z.gesperrt, z.zellen),
        ]
        for z in tafel[tafel["gesperrt"] > 0].itertuples()
    ]
    if not zeilen:
        return einleitung
    kopf = ["Merkmal", "Ebene", "Felder", "gesperrt", "Anteil"]
    inhalt = bausteine.tabelle(kopf, zeilen, titel="Merkmale mit gesperrten Feldern", zahlen_ab=2)
    return [einleitung, falte(f"Alle {len(zeilen)} Zeilen", inhalt) if len(zeilen) > VIELE else inhalt]


def prozent(teil: int, ganzes: int) -> str:
    return zahlen.format_wert(100 * teil / max(ganzes, 1), 1, "%")
