"""The four questions of a committee about one Raum, answered in sentences: is the difference real, since when, compared
with whom, would another weighting turn the ranking around. The same on the Steckbrief and in its files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from indicators.arten import MIT_WERT
from indicators.bericht.urteile import GRUND_TEXT, find_bewertung, ist_wort
from indicators.deutsch import (
    aufzaehlung,
    bezug_aussen,
    bezug_gruppe,
    bezug_raum,
    bezug_rest,
    dativ_plural,
    format_menge,
    von,
)
from indicators.labor_saetze import prozent
from indicators.satz import nenne_stufe
from indicators.zahlformat import format_datum, format_zahl

if TYPE_CHECKING:
    from indicators.labor import Labor
    from indicators.store import Store

ECHT, SEIT, WER, GEWICHT = (
    "Ist der Unterschied echt?",
    "Seit wann?",
    "Verglichen mit wem?",
    "Dreht eine andere Gewichtung die Rangfolge um?",
)
UNGEPRUEFT = "Nicht prüfbar sind"
NAMEN = 6  # in one sentence
GRUPPE_NACH = "Anteil der Menschen ab 65 und unter 18 Jahren und SGB-II-Quote, soweit vorhanden"
LAGEN = (  # (verdict, what it means) → the words before the list
    (("hoeher", "unguenstiger"), "Höher und ungünstiger"),
    (("niedriger", "unguenstiger"), "Niedriger und ungünstiger"),
    (("hoeher", "guenstiger"), "Höher und günstiger"),
    (("niedriger", "guenstiger"), "Niedriger und günstiger"),
    (("hoeher", ""), "Höher"),
    (("niedriger", ""), "Niedriger"),
)
OHNE = {  # what is never tested, for a list
    "uebernommen": "Werte, die andere Stellen ohne ihre Fallzahlen liefern",
    "ohne_intervall": "Werte ohne Intervall, etwa Altersanteile und Indizes",
    "anzahl": "reine Anzahlen, die mit der Größe des Raums wachsen",
}
HAEUFUNG = {  # cluster class → what it says about the Raum
    "HH": "Der Raum liegt in einer Häufung hoher Werte, und das ist mehr, als der Zufall erklärt",
    "NN": "Der Raum liegt in einer Häufung niedriger Werte, und das ist mehr, als der Zufall erklärt",
    "HN": "Ein hoher Wert zwischen niedrigen Nachbarn, und das ist mehr, als der Zufall erklärt",
    "NH": "Ein niedriger Wert zwischen hohen Nachbarn, und das ist mehr, als der Zufall erklärt",
    "-": "Zusammen mit seinen Nachbarn hebt sich der Raum nicht vom Zufall ab",
}
FEST, BEWEGLICH = 0.05, 0.2  # how much of the whole ranking a Raum moves through


def sage_antworten(store: Store, raum, zeilen: Sequence[tuple], labor: Labor | None) -> list[tuple[str, list[str]]]:
    """Question and sentences, in the order people ask them; questions that make no sense here are left out.

    Args:
        raum: what `store.raum` returns.
        zeilen: (Eintrag, row of `store.read_profil`) of what the sheet shows.
        labor: the index of the level; None where there is none.
    """
    zeilen = [(e, z) for e, z in zeilen if z.status in MIT_WERT]
    if raum.rest or not zeilen:
        return []
    oben = raum.ebene == store.stand.ebenen[0].id  # nothing else belongs to the Gebiet: only the outside is left
    antworten = [
        (ECHT, sage_oben(store, raum, zeilen) if oben else sage_echt(store, raum, zeilen)),
        (SEIT, sage_seit(store, raum, zeilen)),
        (WER, [] if oben else [*sage_wer(store, raum, zeilen), *sage_aussen(store, zeilen)]),
    ]
    if labor is not None:
        antworten.append((GEWICHT, sage_gewicht(store, raum, labor)))
    return [(frage, saetze) for frage, saetze in antworten if saetze]


def sage_echt(store: Store, raum, zeilen: Sequence[tuple]) -> list[str]:
    """Which Kennzahlen differ from the rest of the Gebiet by more than chance."""
    geprueft = [(e, z) for e, z in zeilen if ist_wort(z.rest_urteil)]
    verschieden = [(e, z) for e, z in geprueft if z.rest_urteil != "aehnlich"]
    ohne = _sage_ungeprueft(zeilen)
    if not geprueft:
        ort = [s for e, _ in zeilen if e.art == "index" and (s := _sage_haeufung(store, raum, e))]
        kopf = "Einzelne Werte lassen sich hier nicht prüfen." if ort else "Das lässt sich hier nicht prüfen."
        return [*ort, f"{kopf} {ohne}".strip()]
    bezug = von(bezug_rest(store.stand.ebenen[0].titel))
    saetze = [_sage_kopf(bezug_raum(raum.name).nominativ, len(verschieden), len(geprueft), bezug)]
    for lage, worte in LAGEN:
        treffer = [
            (e, z) for e, z in verschieden if (z.rest_urteil, find_bewertung(z.rest_urteil, e.polaritaet)) == lage
        ]
        if treffer:
            saetze.append(f"{worte}: {_liste([_gegenueber(e, z, z.rest_wert) for e, z in treffer])}.")
    if aehnlich := [e.kurz for e, z in geprueft if z.rest_urteil == "aehnlich"]:
        saetze.append(f"Kann Zufall sein: {_liste(aehnlich)}.")
    return [*saetze, *filter(None, [ohne])]


def sage_oben(store: Store, raum, zeilen: Sequence[tuple]) -> list[str]:
    """The whole Gebiet has no rest; it can only be held against somebody outside."""
    bezug = store.stand.bezug
    geprueft, verschieden = _aussen(zeilen)
    if not geprueft:
        grund = (
            f"und von {bezug} fehlt der Wert zum neuesten Stichtag" if bezug else "und niemand außerhalb ist angegeben"
        )
        return [f"Das lässt sich hier nicht prüfen: Das ganze Gebiet hat kein Übriges, {grund}."]
    kopf = _sage_kopf(bezug_raum(raum.name).nominativ, len(verschieden), len(geprueft), von(bezug_aussen(bezug)))
    return [kopf, *_sage_richtungen(verschieden)]


def sage_aussen(store: Store, zeilen: Sequence[tuple]) -> list[str]:
    """Which Kennzahlen differ from the benchmark outside the Gebiet; nothing where none is declared."""
    geprueft, verschieden = _aussen(zeilen)
    if not geprueft:
        return []
    wie_viele = (
        f"{len(verschieden)} von {len(geprueft)} prüfbaren Kennzahlen" if verschieden else "Keine prüfbare Kennzahl"
    )
    verb = "unterscheiden" if len(verschieden) > 1 else "unterscheidet"
    kopf = f"Außerhalb mit {store.stand.bezug}: {wie_viele} {verb} sich mehr, als der Zufall erklärt."
    return [kopf, *_sage_richtungen(verschieden)]


def _aussen(zeilen: Sequence[tuple]) -> tuple[list[tuple], list[tuple]]:
    """Those with a verdict against the benchmark outside, and those of them that differ."""
    geprueft = [(e, z) for e, z in zeilen if ist_wort(z.bezug_urteil)]
    return geprueft, [(e, z) for e, z in geprueft if z.bezug_urteil != "aehnlich"]


def _sage_richtungen(verschieden: Sequence[tuple]) -> list[str]:
    saetze = []
    for richtung, worte in (("hoeher", "Höher"), ("niedriger", "Niedriger")):
        if treffer := [(e, z) for e, z in verschieden if z.bezug_urteil == richtung]:
            saetze.append(f"{worte}: {_liste([_gegenueber(e, z, z.bezug_wert) for e, z in treffer])}.")
    return saetze


def _sage_haeufung(store: Store, raum, eintrag) -> str:
    """Whether a Raum stands out together with its neighbours: the test an index has, since it has no interval."""
    if raum.ebene not in store.mit_muster.get(eintrag.id, ()):
        return ""
    muster = store.read_muster(eintrag.id, raum.ebene)
    treffer = muster[(muster["raum_id"] == raum.raum_id) & (muster["status"] == "offen")]
    if treffer.empty:
        return ""
    z = treffer.iloc[0]
    wert = format_menge(z.wert, eintrag.einheit, eintrag.stellen)
    return f"{eintrag.kurz} ({wert}): {HAEUFUNG.get(z.klasse, HAEUFUNG['-'])}."


def _sage_kopf(name: str, verschieden: int, geprueft: int, bezug: str) -> str:
    """ "Ja, bei 2 von 7 prüfbaren Kennzahlen: …"; one alone is spoken of in the singular."""
    if geprueft == 1:
        wort, wie = ("Ja", "mehr") if verschieden else ("Nein", "nicht mehr")
        return (
            f"{wort}: Bei der einen prüfbaren Kennzahl unterscheidet sich {name} {bezug} {wie}, als der Zufall erklärt."
        )
    if not verschieden:
        return (
            f"Nein: Bei keiner der {geprueft} prüfbaren Kennzahlen unterscheidet sich {name} {bezug} mehr, als der "
            "Zufall erklärt."
        )
    return (
        f"Ja, bei {verschieden} von {geprueft} prüfbaren Kennzahlen unterscheidet sich {name} {bezug} mehr, als der "
        "Zufall erklärt."
    )


def _gegenueber(eintrag, z, mass: float) -> str:
    wert, mass = (format_menge(w, eintrag.einheit, eintrag.stellen) for w in (z.wert, mass))
    return f"{eintrag.kurz} ({wert} gegenüber {mass})"


def _sage_ungeprueft(zeilen: Sequence[tuple]) -> str:
    """How many Kennzahlen cannot be tested, and why."""
    gruende: dict[str, int] = {}
    for _, z in zeilen:
        if not ist_wort(z.rest_urteil) and ist_wort(z.rest_grund):
            gruende[z.rest_grund] = gruende.get(z.rest_grund, 0) + 1
    if not gruende:
        return ""
    teile = [
        f"{OHNE.get(grund) or f'Werte ohne Vergleich, denn {GRUND_TEXT[grund]}'} ({n})" for grund, n in gruende.items()
    ]
    return f"{UNGEPRUEFT} {aufzaehlung(teile)}."


def sage_seit(store: Store, raum, zeilen: Sequence[tuple]) -> list[str]:
    """Where the recent five years go, since when, and how long a named class has lasted."""
    saetze = []
    for richtung, worte in (("steigend", "Steigt"), ("fallend", "Sinkt")):
        namen = [
            f"{e.kurz} seit {z.trend_seit.year}" if not pd.isna(z.trend_seit) else e.kurz
            for e, z in zeilen
            if z.trend == richtung
        ]
        if namen:
            saetze.append(f"{worte}: {_liste(namen)}.")
    if gleich := [e.kurz for e, z in zeilen if z.trend == "keine_aenderung"]:
        saetze.append(f"Keine deutliche Veränderung in den letzten fünf Jahreswerten: {_liste(gleich)}.")
    saetze += filter(None, (_sage_klasse(store, raum, e, z) for e, z in zeilen if e.stufen))
    if kurz := [e.kurz for e, z in zeilen if z.trend_grund == "zu_wenig_punkte"]:
        saetze.append(f"Für einen Trend gibt es noch zu wenige Stichtage: {_liste(kurz)}.")
    return saetze or ["Ein Trend lässt sich hier nicht prüfen: Er braucht fünf Jahreswerte mit Fallzahlen."]


def _sage_klasse(store: Store, raum, eintrag, z) -> str:
    """How long a Kennzahl with named classes has stood where it stands, back to the last separating break."""
    reihe = store.read_reihe(eintrag.id, [raum.raum_id])
    reihe = reihe[reihe["zuschnitt"] == reihe["zuschnitt"].iloc[-1]] if len(reihe) else reihe
    trennt = max((b.ab for b in eintrag.brueche if b.wirkung == "trennt"), default=None)
    folge = [
        (pd.Timestamp(r.stichtag).date(), r.wert)
        for r in reihe.itertuples()
        if np.isfinite(r.wert) and (trennt is None or pd.Timestamp(r.stichtag).date() >= trennt)
    ]
    if not folge:
        return ""
    seit = folge[-1][0]
    for tag, wert in reversed(folge):
        if wert != folge[-1][1]:
            break
        seit = tag
    name = nenne_stufe(eintrag, folge[-1][1])
    erste = " (so weit reichen die vergleichbaren Werte zurück)" if seit == folge[0][0] else ""
    return f"{eintrag.kurz}: »{name}« seit dem {format_datum(seit)}{erste}."


def sage_wer(store: Store, raum, zeilen: Sequence[tuple]) -> list[str]:
    """Whom the values are held against, and whether similar Räume give another answer."""
    ebene = store.stand.ebene(raum.ebene)
    anzahl = max((int(z.von) for _, z in zeilen if not pd.isna(z.von)), default=0)
    alle = f"{format_zahl(anzahl)} {dativ_plural(ebene.titel_plural)}"
    if not any(ist_wort(z.rest_urteil) for _, z in zeilen):
        return [f"Nur über den Rang unter den {alle}."]
    saetze = [
        f"Mit {bezug_rest(store.stand.ebenen[0].titel).dativ} (Gebiet ohne {raum.name} selbst); der Rang gilt unter "
        f"den {alle}."
    ]
    gleiche = list(store.gleiche(raum.raum_id)["name"])
    if not gleiche:
        return saetze
    gruppe = bezug_gruppe(len(gleiche), ebene.titel_plural)
    saetze.append(f"Dazu mit {gruppe.dativ} {aufzaehlung(gleiche)} (ähnlich nach: {GRUPPE_NACH}).")
    anders = [
        f"{e.kurz} ({'höher' if z.gleiche_urteil == 'hoeher' else 'niedriger'})"
        for e, z in zeilen
        if ist_wort(z.gleiche_urteil) and z.gleiche_urteil != "aehnlich"
    ]
    geprueft = any(ist_wort(z.gleiche_urteil) for _, z in zeilen)
    if anders:
        saetze.append(f"Von ihnen deutlich verschieden: {_liste(anders)}.")
    elif geprueft:
        saetze.append("Von ihnen unterscheidet sich keine prüfbare Kennzahl deutlich.")
    return saetze


def sage_gewicht(store: Store, raum, labor: Labor) -> list[str]:
    """How far this Raum moves in the ranking of an index when its weights are shaken."""
    treffer = labor.raeume[labor.raeume["raum_id"] == raum.raum_id]
    titel = [f"»{t.eintrag.kurz}«" for t in labor.status.teile]
    if labor.status.ergebnis.grund or treffer.empty or len(titel) < 2:
        return []
    z = treffer.iloc[0]
    name = next((i.titel for i in store.indizes if i.id == labor.wahl.index), "")
    gleich = len({abs(g) for _, g in labor.wahl.gewichte}) == 1
    aus = f"aus {aufzaehlung(titel)}{', gleich gewichtet' if gleich else ''}, {format_datum(labor.wahl.stichtag)}"
    womit = f"Im Index »{name}« ({aus})" if name else f"In einem Index {aus},"
    if z.grund:
        return [f"{womit.rstrip(',')} ist {raum.name} nicht bewertet: {z.grund}."]
    weite = int(z.rang_bis) - int(z.rang_von)
    wort = "Nein" if weite <= max(1, FEST * labor.anzahl) else "Kaum" if weite <= BEWEGLICH * labor.anzahl else "Ja"
    platz = (
        f"zwischen Platz {int(z.rang_von)} und {int(z.rang_bis)}"
        if weite
        else f"unverändert auf Platz {int(z.rang_von)}"
    )
    saetze = [
        f"{wort}. {womit} steht {raum.name} auf Platz {int(z.rang)} von {labor.anzahl} (Platz 1 = höchster Index). "
        f"Wird jedes Gewicht zufällig um bis zu {format_zahl(100 * labor.wahl.spanne)} % größer oder kleiner, steht "
        f"{raum.name} in 90 von 100 Fällen {platz}."
    ]
    if not labor.wenige and np.isfinite(z.bleibt):
        saetze.append(f"Die Klasse des Status bleibt in {prozent(z.bleibt)} der Fälle dieselbe.")
    return saetze


def _liste(namen: list[str]) -> str:
    """Up to NAMEN names, then how many more."""
    mehr = len(namen) - NAMEN
    text = aufzaehlung(namen) if mehr <= 0 else aufzaehlung([*namen[:NAMEN], f"{format_zahl(mehr)} weitere"])
    return text.removesuffix(".")  # an abbreviation at the end: the full stop follows
