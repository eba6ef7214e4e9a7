"""Words about the tables of care that page, workbook and report share."""

from __future__ import annotations

from datetime import date

from indicators.zahlformat import format_datum, format_zahl

VARIANTE = {
    "bestand": "gezählt",
    "modell": "Modell",
    "konstant": "konstante Quoten",
    "trend": "steigende Quoten",
    "verschoben": "späterer Bedarf",
}
GROESSE = {
    "bev_gesamt": "Bevölkerung insgesamt",
    "bev_65_79": "65 bis 79 Jahre",
    "bev_80_plus": "80 Jahre und älter",
    "bev_65_plus": "65 Jahre und älter",
    "pflegebeduerftige": "Pflegebedürftige",
    "pflegebeduerftige_m": "Pflegebedürftige, Männer",
    "pflegebeduerftige_w": "Pflegebedürftige, Frauen",
    "pflegebeduerftige_konstant": "Pflegebedürftige (konstante Quoten)",
    "pflegebeduerftige_trend": "Pflegebedürftige (steigende Quoten)",
    "dauerpflege_bedarf": "Bedarf an Dauerpflegeplätzen",
    "plaetze": "belegbare Dauerpflegeplätze",
    "pflege_pflegegeld": "nur Pflegegeld",
    "pflege_ambulant": "ambulante Dienste",
    "pflege_stationaer": "vollstationär",
    "pflege_pg1_ohne": "Pflegegrad 1 ohne Leistungen",
}
ART = {
    "pflege_anteil_pflegegeld": "nur Pflegegeld",
    "pflege_anteil_ambulant": "ambulante Dienste",
    "pflege_anteil_stationaer": "vollstationär",
    "pflege_anteil_pg1_ohne": "Pflegegrad 1 ohne Leistungen",
}
MODELL = (
    "Modell: Diese Zahlen sind gerechnet, nicht gezählt. Sie sagen, was unter den genannten Annahmen folgt, nicht, was "
    "eintreten wird."
)
FEHLT = {
    "nicht_geliefert": (
        "Es fehlen Lieferungen: Pflegebedürftige nach Alter und Geschlecht auf Kreisebene (IT.NRW, Pflegestatistik "
        "22400) "
        "und die Bevölkerung nach Geschlecht und Fünfjahresgruppen für mindestens zwei Stichtage im Abstand von fünf "
        "Jahren (IT.NRW, Bevölkerungsfortschreibung 12411)."
    ),
    "gesperrt": (
        "Mindestens eine der Zahlen, auf denen die Vorausberechnung beruht, ist in dieser Fassung zum Schutz kleiner "
        "Zahlen gesperrt. Was auf einer gesperrten Zahl beruhte, wird nicht gerechnet."
    ),
    "gesperrt_quelle": (
        "Mindestens eine der Zahlen, auf denen die Vorausberechnung beruht, hat schon die liefernde Stelle gesperrt."
    ),
    "nicht_sinnvoll": "Die gelieferten Zahlen widersprechen sich; mit ihnen wird nicht gerechnet.",
}


def fehlt_text(angaben: dict) -> str:
    return FEHLT.get(angaben.get("grund", ""), FEHLT["nicht_geliefert"])


def verfahren(angaben: dict) -> list[tuple[str, str]]:
    """The assumptions of the projection as label and text."""
    if angaben.get("art") != "voll":
        return []
    basis = date.fromisoformat(angaben["basis"])
    von, bis = map(date.fromisoformat, angaben["fenster"])
    return [
        ("Ausgangspunkt", f"gezählte Werte am {format_datum(basis)}; sie werden unverändert wiedergegeben"),
        (
            "Bevölkerung",
            f"Kohortenmethode nach Hamilton und Perry: Wie sich jeder Jahrgang von {format_datum(von)} bis "
            f"{format_datum(bis)} verändert hat (Sterbefälle und Wanderung zusammen), so ändert er sich weiter. Der "
            "Zeitraum "
            "liegt ganz auf einer Seite der Zensus-Umstellung 2022. Kommunen höchstens zehn Jahre voraus, nach Alter "
            "und "
            "Geschlecht an den Kreis angepasst; der Kreis bis fünfzehn Jahre. Zwischenjahre geradlinig.",
        ),
        (
            "Konstante Quoten",
            "Die Pflegequoten je Alter und Geschlecht bleiben, wie sie am Ausgangspunkt gezählt wurden. Nur die "
            "Bevölkerung "
            "ändert sich (Status quo).",
        ),
        *_steigende(angaben),
        (
            "Späterer Bedarf",
            f"Je Kalenderjahr beginnt der Bedarf um {format_zahl(angaben['gewinn'], 1)} Jahre später: wer älter wird, "
            "bleibt "
            "auch länger ohne Pflege. Die untere Annahme.",
        ),
        (
            "Band",
            "von der niedrigsten bis zur höchsten der Annahmen, dazu der Zufall der heutigen Fallzahl (95 %). Es ist "
            "kein "
            "Konfidenzintervall: Niemand weiß, wie wahrscheinlich die Annahmen sind.",
        ),
        (
            "Kommunen",
            "Quoten des Kreises, mal dem Verhältnis von gezählten zu erwarteten Pflegebedürftigen der Kommune "
            "(indirekte "
            "Standardisierung); zusammen ergeben alle Kommunen den Kreis. Wo eine Zahl der Kommune gesperrt ist, gibt "
            "es "
            "keine Vorausberechnung.",
        ),
    ]


def _steigende(angaben: dict) -> list[tuple[str, str]]:
    steigerung = angaben.get("steigerung")
    if not steigerung:
        return [("Steigende Quoten", "nicht gerechnet: Es gibt keine zwei Stichtage ohne Bruch dazwischen.")]
    von, bis = date.fromisoformat(steigerung["von"]), date.fromisoformat(steigerung["bis"])
    return [
        (
            "Steigende Quoten",
            f"Von {von.year} bis {bis.year} stieg der Bedarf bei gleichem Alter und Geschlecht um "
            f"{format_zahl(100 * steigerung['rate'], 1)} % im Jahr (Pflegegrad 2 bis 5; Pflegegrad 1 wurde in dieser "
            "Zeit erst "
            "nach und nach vollständig gezählt). Der Anstieg geht weiter, jedes Jahr mit "
            f"{format_zahl(100 * angaben['daempfung'], 0)} % des Vorjahres. Die obere Annahme.",
        )
    ]


def rund(wert: float) -> str:
    """A modelled number as a sentence says it: to tens, from 10,000 on to hundreds."""
    stellen = -2 if abs(wert) >= 10_000 else -1
    return format_zahl(round(wert, stellen))


def satz_voraus(name: str, heute: float, jahr: int, ziel: int, wert: float, unten: float, oben: float) -> str:
    """What follows for one Raum if only the population changes."""
    anders = (wert / heute - 1) * 100 if heute else float("nan")
    richtung = "mehr" if anders >= 0 else "weniger"
    return (
        f"{name}: Am Ende des Jahres {jahr} waren {format_zahl(heute)} Menschen pflegebedürftig. Bleiben die Quoten "
        "je Alter und "
        f"Geschlecht gleich, sind es {ziel} rund {rund(wert)}, {format_zahl(abs(anders), 0)} % {richtung} (Modell). "
        "Je nach "
        f"Annahme sind es {rund(unten)} bis {rund(oben)}."
    )


def satz_zerlegung(von: int, bis: int, gesamt: float, umfang: float, struktur: float) -> str:
    """Size against age structure, for the constant quotas."""

    def mehr(wert: float) -> str:
        return f"{rund(abs(wert))} {'mehr' if wert >= 0 else 'weniger'}"

    return (
        f"Von {von} bis {bis} sind es {mehr(gesamt)}: {mehr(umfang)}, weil die Bevölkerung "
        f"{'wächst' if umfang >= 0 else 'schrumpft'}, und {mehr(struktur)}, weil sie "
        f"{'älter' if struktur >= 0 else 'jünger'} wird (Modell)."
    )


def satz_verhaeltnis(name: str, wert: float, unten: float, oben: float, *, mass: str) -> str:
    """Counted against expected, with a verdict only where the interval allows one."""
    prozent = format_zahl(abs(wert - 1) * 100, 0)
    if unten > 1:
        lage = f"{prozent} % mehr Pflegebedürftige"
    elif oben < 1:
        lage = f"{prozent} % weniger Pflegebedürftige"
    else:
        return (
            f"{name}: Es sind so viele Pflegebedürftige, wie {mass} bei gleichem Alter und Geschlecht erwarten lässt."
        )
    return f"{name}: Es sind {lage}, als {mass} bei gleichem Alter und Geschlecht erwarten lässt."
