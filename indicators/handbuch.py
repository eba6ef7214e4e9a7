"""The catalogue as a methods handbook: every definition, formula, example, break, source and version, one text.

The text is Markdown in a small subset (headings, paragraphs, points, tables); DOCX and HTML are made of the same text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from html import escape
from pathlib import Path

from indicators.bericht.ablage import ersetze
from indicators.bericht.texte import LEGENDE
from indicators.deutsch import aufzaehlung
from indicators.dokumente.vorlage import Block, build_tabelle, read_bloecke
from indicators.dokumente.wort import write_docx
from indicators.indexkatalog import Index
from indicators.katalog import build_beispiel, nenner_text
from indicators.kennzahl import THEMEN, Fassung, Kennzahl
from indicators.satz import STATUS_SATZ, satz_bruch, satz_lesart
from indicators.zahlformat import format_datum, format_wert, format_zahl
from indicators.zusammenstellung import Zusammenstellung

NAME, TITEL = "methodenhandbuch", "Methodenhandbuch"
POLARITAET = {
    "belastung": "Hohe Werte stehen für höhere Belastung.",
    "entlastung": "Hohe Werte stehen für geringere Belastung.",
    "neutral": "Weder gut noch schlecht: Die Zahl beschreibt, sie bewertet nicht.",
}
ART_TEXT = (
    ("Anzahl", "gezählte Fälle oder Personen", "keines"),
    ("Quote", "Teil eines Ganzen; der Zähler ist im Nenner enthalten", "Wilson"),
    ("Verhältnis", "Fälle oder Plätze je Bezugsgröße; kann über 100 % liegen", "Byar, unter 10 Fällen exakt (Poisson)"),
    ("Veränderung", "Wert heute gegen Wert vor einigen Jahren, nie über einen Bruch hinweg", "keines"),
    (
        "standardisiert",
        "Quoten der Altersgruppen, gewichtet mit einer Standardbevölkerung; unter 10 Fällen nicht definiert",
        "Dobson",
    ),
    ("Index", "aus mehreren Kennzahlen zusammengesetzt", "keines"),
    ("übernommen", "von einer anderen Stelle fertig berechnet", "keines"),
)
VERFAHREN = (
    ("Intervall einer Quote", "Wilson, 95 %; auf der Karte 99,8 %", "Wilson (1927); PHEindicatormethods 2.1"),
    (
        "Intervall von Fällen",
        "Byar, unter 10 Fällen exakt nach Poisson",
        "Breslow und Day (1987); PHEindicatormethods 2.1",
    ),
    (
        "Direkte Standardisierung",
        "Quoten der Altersgruppen auf eine Standardbevölkerung; unter 10 Fällen nicht definiert",
        "Dobson u. a. (1991); PHEindicatormethods 2.1",
    ),
    (
        "Indirekte Standardisierung",
        "beobachtete Fälle gegen die nach Alter erwarteten; für kleine Räume",
        "Breslow und Day (1987); PHEindicatormethods 2.1",
    ),
    (
        "Vergleich",
        "mit dem Gebiet ohne den Raum selbst; höher oder niedriger nur, wenn das Intervall den Vergleichswert nicht "
        "enthält; kein Urteil bei gesperrten Werten und über Brüche hinweg",
        "Fingertips (OHID)",
    ),
    (
        "Trend",
        "die letzten fünf Jahreswerte eines Abschnitts; Richtung nur, wenn sie gesichert ist und bleibt, wenn man "
        "einen beliebigen Wert weglässt",
        "Fingertips (OHID)",
    ),
    ("Trend einer langen Reihe", "Mann-Kendall, bei kurzen Reihen exakt; Steigung nach Theil und Sen", "Sen (1968)"),
    (
        "Räumliche Muster",
        "Moran-Index und seine lokalen Anteile mit fester Startzahl und begrenzter Rate falscher Treffer",
        "Anselin (1995); Benjamini und Hochberg (1995)",
    ),
    (
        "Glättung kleiner Räume",
        "empirisches Bayes-Verfahren für Anteile; nur als Ansicht, nie ohne Kennzeichen im Export",
        "Martuzzi und Elliott (1996)",
    ),
)
EINLEITUNG = (
    "Dieses Handbuch druckt den Katalog der Kennzahlen: was gezählt wird, wodurch geteilt wird, woher die Zahlen "
    "kommen und was man beim Lesen wissen muss. Es entsteht aus den Einträgen, mit denen das Programm rechnet.\n\n"
    "Die Zahlen sind Vollerhebungen, keine Stichproben: Einen Stichprobenfehler haben sie nicht. Das 95-%-Intervall "
    "sagt, wie stark ein Wert schon durch Zufall schwanken würde, wenn sich an den Verhältnissen nichts ändert.\n\n"
    "Jede Kennzahl, die eine gesperrte Zahl braucht, ist selbst gesperrt; ebenso ihr Intervall, ihr Rang und ihr Trend."
)

OHNE_GRENZE = "keine eigene Grenze; nicht gelieferte Räume bleiben leer, Summen über sie ebenso"


@dataclass(frozen=True)
class Katalogtexte:
    """What the handbook prints: the catalogue, German titles of all Merkmale, lists and indices."""

    kennzahlen: Mapping[str, Kennzahl]
    titel: Mapping[str, str]
    zusammenstellungen: Mapping[str, Zusammenstellung]
    indizes: Mapping[str, Index]


def write_handbuch(katalog: Katalogtexte, ziel: Path, *, version: str, heute: date) -> list[Path]:
    """Write methodenhandbuch.md, .html and .docx into `ziel`; an abort leaves no half file."""
    ziel.mkdir(parents=True, exist_ok=True)
    text = build_handbuch(katalog, version=version, heute=heute)
    bloecke = list(read_bloecke(text))
    pfade = [ziel / f"{NAME}.{endung}" for endung in ("md", "html", "docx")]
    for pfad, inhalt in ((pfade[0], text), (pfade[1], build_html(bloecke))):
        with ersetze(pfad) as datei:
            datei.write(inhalt)
    write_docx(bloecke, pfade[2], titel=TITEL, fuss=f"{TITEL}, Stand {format_datum(heute)}")
    return pfade


def build_handbuch(katalog: Katalogtexte, *, version: str, heute: date) -> str:
    """The whole handbook as Markdown."""
    alle = katalog.kennzahlen.values()
    teile = [
        f"# {TITEL}",
        f"Stand {format_datum(heute)}, Programmversion {version}.",
        EINLEITUNG,
        "## Arten von Kennzahlen",
        build_tabelle(["Art", "Bedeutung", "95-%-Intervall"], [list(zeile) for zeile in ART_TEXT]),
        "## Verfahren",
        build_tabelle(["Wofür", "Wie", "Quelle"], [list(zeile) for zeile in VERFAHREN]),
        "## Zeichen und Zustände",
        build_tabelle(["Zeichen", "Bedeutung"], [list(zeile) for zeile in LEGENDE]),
        *[f"- {satz}" for satz in STATUS_SATZ.values()],
        "## Übersicht",
        _uebersicht(alle),
    ]
    for thema, titel in THEMEN.items():
        hier = [k for k in alle if k.thema == thema and not k.entwurf]
        if hier:
            teile += [f"## {titel}", *[eintrag_text(k, katalog) for k in hier]]
    teile += [*_varianten(katalog), *_listen(katalog), *_indizes(katalog), *_unbestaetigte(katalog)]
    return "\n\n".join(teile) + "\n"


def _uebersicht(kennzahlen: Iterable[Kennzahl]) -> str:
    zeilen = [[k.nr, k.titel, k.einheit, k.thema_titel, str(k.version_nr), _stand(k)] for k in kennzahlen]
    return build_tabelle(["Nummer", "Kennzahl", "Einheit", "Thema", "Version", "Stand"], zeilen)


def _stand(k: Kennzahl) -> str:
    return "Entwurf" if k.entwurf else "bestätigt" if k.bestaetigt else "noch nicht bestätigt"


# --- one Kennzahl --------------------------------------------------------------------------------


def eintrag_text(k: Kennzahl, katalog: Katalogtexte) -> str:
    """One Kennzahl with everything the catalogue says about it."""
    erste, *ersatz = k.fassungen
    mass = k.vollstaendigkeit
    angaben = [
        ("Noch nicht bestätigt", "" if k.bestaetigt else k.beleg or "Die Definition ist noch zu bestätigen."),
        ("Lesart", satz_lesart(k)),
        ("Formel", formel(k, erste, katalog.titel)),
        ("Beispiel", build_beispiel(k)),
        *[(_ersatz_name(f), _ersatz_text(k, f, katalog.titel)) for f in ersatz],
        ("Fallstricke", " ".join(k.fallstricke)),
        ("Brüche", " ".join(_bruch_text(b, katalog.titel) for b in k.bruch) or "keine"),
        (
            "Mindestvollständigkeit",
            _mindest(mass, katalog.kennzahlen)
            if mass
            else "keine eigene Grenze; nicht gelieferte Räume bleiben leer, Summen über sie ebenso",
        ),
        ("Bewertung", POLARITAET[k.polaritaet]),
        ("Rechtsgrundlage", k.rechtsgrundlage or "keine eigene"),
        ("Quelle", k.quelle),
        ("Übernommen von", f"{k.herausgeber}; nicht selbst berechnet" if k.herausgeber else ""),
        ("Nötige Lieferung", k.lieferung),
        ("Kennung", ", ".join(filter(None, (k.id, k.nr)))),
        ("Version", _version(k)),
    ]
    zeilen = [f"- **{name}:** {text}" for name, text in angaben if text]
    return f"### {k.titel}\n\n{k.definition}\n\n" + "\n".join(zeilen)


def formel(k: Kennzahl, fassung: Fassung, titel: Mapping[str, str]) -> str:
    """The formula in words: "Leistungsberechtigte ÷ Personen unter der Regelaltersgrenze × 100"."""
    namen = {**titel, **k.merkmaltitel}
    oben = " + ".join(namen.get(m, m) for m in fassung.zaehler)
    unten = nenner_text(k, fassung, namen)
    mal = "" if k.pro == 1 else f" × {format_zahl(k.pro, 0)}"
    if k.art == "veraenderung":
        return f"({oben} − {unten}) ÷ {unten}{mal}"
    if k.art == "standardisiert":
        gewichte = zip(k.gewichte, fassung.zaehler, fassung.nenner, strict=True)
        teile = [f"{format_zahl(w, 0)} × {namen.get(z, z)} ÷ {namen.get(n, n)}" for w, z, n in gewichte]
        return f"({' + '.join(teile)}) ÷ {format_zahl(sum(k.gewichte), 0)}{mal}"
    if k.art == "index":
        return "siehe Kapitel »Indizes«"
    return f"({oben}) ÷ ({unten}){mal}" if unten else oben


def _ersatz_name(fassung: Fassung) -> str:
    return "Näherung" if fassung.naeherung else "Ersatzweise"


def _ersatz_text(k: Kennzahl, fassung: Fassung, titel: Mapping[str, str]) -> str:
    teile = [formel(k, fassung, titel), fassung.hinweis, satz_lesart(fassung_angaben(k, fassung))]
    return ". ".join(t.rstrip(".") for t in teile if t) + "."


def fassung_angaben(k: Kennzahl, fassung: Fassung) -> Kennzahl:
    """The Kennzahl with the reading aid of one of its Fassungen."""
    return k.model_copy(update={"lesart": fassung.lesart})


def _bruch_text(bruch, titel: Mapping[str, str]) -> str:
    satz = satz_bruch(bruch.ab, bruch.wirkung, bruch.grund)
    return f"{satz} (Gilt nur mit »{titel.get(bruch.nur_mit[0], bruch.nur_mit[0])}«.)" if bruch.nur_mit else satz


def _mindest(mass, kennzahlen: Mapping[str, Kennzahl]) -> str:
    angabe = kennzahlen[mass.kennzahl]
    return f"{angabe.titel}: mindestens {format_wert(mass.mindestens, angabe.einheit)}, sonst kein Wert."


def _version(k: Kennzahl) -> str:
    if not k.version:
        return "1"
    teile = []
    for nr, version in enumerate(k.version):
        bis = f" bis vor dem {format_datum(k.version[nr + 1].ab)}" if nr + 1 < len(k.version) else ""
        formel_alt = f"Formel: {version.formel}." if version.formel else ""
        texte = " ".join(filter(None, (version.aenderung, version.definition, formel_alt)))
        seit = f", ab {format_datum(version.ab)}" if version.ab else ""
        teile.append(f"Version {version.nr}{seit}{bis}: {texte}".rstrip(": "))
    return " ".join(teile)


# --- chapters over several Kennzahlen ------------------------------------------------------------


def _varianten(katalog: Katalogtexte) -> list[str]:
    """Several definitions of one thing, side by side."""
    gruppen: dict[str, list[Kennzahl]] = {}
    for k in katalog.kennzahlen.values():
        if k.variante_von:
            gruppen.setdefault(k.variante_von, []).append(k)
    teile = ["## Verschiedene Definitionen derselben Sache"] if gruppen else []
    for name, liste in gruppen.items():
        zeilen = [[k.titel, k.variante, formel(k, k.fassungen[0], katalog.titel)] for k in liste]
        teile += [f"### {name.capitalize()}", build_tabelle(["Kennzahl", "Das Besondere", "Formel"], zeilen)]
    return teile


def _listen(katalog: Katalogtexte) -> list[str]:
    teile = ["## Zusammenstellungen"] if katalog.zusammenstellungen else []
    for z in katalog.zusammenstellungen.values():
        punkte = [
            f"- **{g.titel}:** {aufzaehlung([katalog.kennzahlen[name].titel for name in g.kennzahlen])}"
            for g in z.gruppe
        ]
        ersatz = [
            f"- Ersatzweise: »{katalog.kennzahlen[b].titel}« statt »{katalog.kennzahlen[a].titel}«"
            for a, b in z.ersatz.items()
        ]
        offen = [] if z.bestaetigt else [f"**Noch nicht bestätigt:** {z.beleg}"]
        teile += [f"### {z.titel}", z.beschreibung, *offen, "\n".join(punkte + ersatz)]
    return teile


def _indizes(katalog: Katalogtexte) -> list[str]:
    """Every index with its editions, indicators and weights."""
    teile = ["## Indizes"] if katalog.indizes else []
    for index in katalog.indizes.values():
        zeilen = [
            [name, format_datum(a.stichtag), teil, katalog.kennzahlen[k].titel, format_zahl(gewicht, 2)]
            for name, a in index.ausgabe.items()
            for teil, gewichte in (("Status", a.status), ("Dynamik", a.dynamik))
            for k, gewicht in gewichte.items()
        ]
        kopf = ["Ausgabe", "Stichtag", "Teil", "Kennzahl", "Gewicht"]
        teile += [f"### {index.titel}", index.beschreibung, f"Quelle: {index.quelle}.", build_tabelle(kopf, zeilen)]
    return teile


def _unbestaetigte(katalog: Katalogtexte) -> list[str]:
    """What is still to be confirmed: shown with a mark, or a draft that is not shown at all."""
    offen = [k for k in katalog.kennzahlen.values() if not k.bestaetigt or k.entwurf]
    if not offen:
        return []
    zeilen = [
        [k.nr, k.titel, "Entwurf, nicht gezeigt" if k.entwurf else "gezeigt, mit Vermerk", k.beleg] for k in offen
    ]
    entwuerfe = [eintrag_text(k, katalog) for k in offen if k.entwurf]
    return [
        "## Noch nicht bestätigt",
        "Diese Definitionen sind noch mit ihrer Quelle abzugleichen. Entwürfe rechnet das Programm nicht; die anderen "
        "zeigt es mit dem Vermerk »noch nicht bestätigt«.",
        build_tabelle(["Nummer", "Kennzahl", "Stand", "Was offen ist"], zeilen),
        *(["## Entwürfe", *entwuerfe] if entwuerfe else []),
    ]


# --- HTML ----------------------------------------------------------------------------------------

KOPF = """<!doctype html>
<html lang="de">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{titel}</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1b2a3a }}
table {{ border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto }}
th, td {{ border: 1px solid #b8c4d0; padding: .3rem .6rem; text-align: left; vertical-align: top }}
th {{ background: #e4eaf1 }} h2 {{ border-bottom: 2px solid #b8c4d0; padding-bottom: .2rem; margin-top: 2.5rem }}
</style>
</head>
<body>
<main>
"""


def build_html(bloecke: Iterable[Block]) -> str:
    """The same text as one accessible page without scripts."""
    teile, in_liste = [KOPF.format(titel=TITEL)], False
    for block in bloecke:
        if in_liste != (block.art == "punkt"):
            teile.append("</ul>\n" if in_liste else "<ul>\n")
            in_liste = not in_liste
        teile.append(_html_block(block))
    return "".join([*teile, "</ul>\n" if in_liste else "", "</main>\n</body>\n</html>\n"])


def _html_block(block: Block) -> str:
    if block.art == "tabelle":
        kopf, *zeilen = block.zeilen
        oben = "".join(f'<th scope="col">{_html_text(z)}</th>' for z in kopf)
        unten = "".join("<tr>" + "".join(f"<td>{_html_text(z)}</td>" for z in zeile) + "</tr>\n" for zeile in zeilen)
        return f"<table>\n<thead><tr>{oben}</tr></thead>\n<tbody>\n{unten}</tbody>\n</table>\n"
    name = {"titel1": "h1", "titel2": "h2", "titel3": "h3", "punkt": "li"}.get(block.art, "p")
    return f"<{name}>{_html_text(block.text)}</{name}>\n"


def _html_text(text: str) -> str:
    teile = escape(text).split("**")
    return "".join(f"<strong>{t}</strong>" if nr % 2 else t for nr, t in enumerate(teile))
