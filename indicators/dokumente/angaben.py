"""What the running configuration says about itself, as texts and tables for the templates. No delivered value."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from etl.quelle import Quelle
from indicators.dokumente.vorlage import build_tabelle
from indicators.dokumente.zertifikat import build_zertifikate
from indicators.freigabe import Freigabe

RECHT = {
    "bevoelkerung": "Einwohnerzahlen",
    "sgb2": "Grundsicherung für Arbeitsuchende (SGB II)",
    "sgb3": "Arbeitsförderung (SGB III)",
    "sgb12": "Sozialhilfe, Grundsicherung im Alter (SGB XII)",
    "pflege": "Pflege (SGB XI, Hilfe zur Pflege)",
    "hze": "Kinder- und Jugendhilfe (SGB VIII)",
    "wohngeld": "Wohngeld (WoGG)",
    "keins": "ohne Personenbezug (Kennwerte, Einrichtungen)",
}
BETROFFENE = {
    "bevoelkerung": "Einwohnerinnen und Einwohner",
    "sgb2": "Leistungsberechtigte nach dem SGB II",
    "sgb3": "Arbeitslose, Beschäftigte",
    "sgb12": "Leistungsberechtigte nach dem SGB XII",
    "pflege": "Pflegebedürftige",
    "hze": "Kinder, Jugendliche und Familien in der Jugendhilfe",
    "wohngeld": "Wohngeldhaushalte",
}
# What may come into question; whether it carries is the decision of the Kreis.
RECHTSGRUNDLAGEN = {
    "bevoelkerung": "Bundesmeldegesetz (§ 34), Landesstatistikgesetz, Statistiksatzung",
    "sgb2": "§ 35 SGB I, §§ 67 ff. SGB X, § 53 SGB II (Statistik)",
    "sgb3": "§ 35 SGB I, §§ 67 ff. SGB X, § 280 SGB III (Statistik)",
    "sgb12": "§ 35 SGB I, §§ 67 ff. SGB X, §§ 121 ff. SGB XII (Statistik)",
    "pflege": "§ 35 SGB I, §§ 67 ff. SGB X, § 109 SGB XI (Statistik), Landespflegerecht",
    "hze": "§ 35 SGB I, §§ 67 ff. SGB X, §§ 64 Abs. 3, 80 SGB VIII (Planung)",
    "wohngeld": "§ 35 SGB I, §§ 67 ff. SGB X, §§ 34 bis 36 WoGG (Statistik)",
}
GESUNDHEIT = ("pflege",)  # laws whose persons' being counted says something about their health


@dataclass(frozen=True)
class GebietAngaben:
    """One Gebiet of the data folder.

    `ebenen`: title and number of Räume; `lieferungen` and `eingang`: source → deliveries loaded, files lying there;
    `snapshot`: folder that is shown, None if nothing is.
    """

    id: str
    name: str
    erfunden: bool
    ebenen: tuple[tuple[str, int], ...]
    quellen: tuple[Quelle, ...]
    lieferungen: dict[str, int]
    eingang: dict[str, int]
    intern_bytes: int
    staende: int
    zurueckgezogen: int
    gedaechtnis: bool
    snapshot: Path | None


@dataclass(frozen=True)
class Betrieb:
    """The installation; `zugang`: contents of zugang.toml, None without the file."""

    daten: Path
    version: str
    heute: date
    freigaben: tuple[Freigabe, ...]
    zugang: dict | None
    protokoll: int


def build_werte(betrieb: Betrieb, gebiete: list[GebietAngaben]) -> dict[str, str]:
    """Name → text of everything the templates may ask for."""
    namen = ", ".join(g.name for g in gebiete)
    quellen = list({q.id: q for g in gebiete for q in g.quellen}.values())
    recht = _rechte(quellen)
    listen = [q for q in quellen if q.fallliste]
    return {
        "erzeugt": f"Erzeugt am {betrieb.heute:%d.%m.%Y} aus der laufenden Konfiguration (Programm {betrieb.version}; "
        f"{namen}).",
        "fuss": f"Sozialraum-Monitor {betrieb.version} · erzeugt am {betrieb.heute:%d.%m.%Y}",
        "version": betrieb.version,
        "gebiete": _gebiete(gebiete),
        "quellen": _quellen(gebiete),
        "falllisten": _falllisten(listen, gebiete),
        "merkmale": _merkmale(quellen),
        "rechtsgrundlagen": _rechtsgrundlagen(recht),
        "betroffene": "; ".join(BETROFFENE[r] for r in recht if r in BETROFFENE) or "keine",
        "kategorien": _kategorien(recht, listen),
        "art9": _art9(recht, listen),
        "empfaenger": _empfaenger(betrieb),
        "speicherorte": build_tabelle(["Was", "Wo", "Inhalt", "Schutzbedarf"], _speicherorte()),
        "bestand": _bestand(betrieb, gebiete),
        "freigaben": _freigaben(betrieb.freigaben),
        "zugang": _zugang(betrieb.zugang),
        "tom": build_tabelle(["Ziel", "Das Programm", "Der Kreis"], _tom()),
        "loeschung": build_tabelle(["Was", "Wie gelöscht wird", "Frist"], _loeschung()),
        "zertifikate": build_zertifikate([(g.name, g.snapshot) for g in gebiete], list(betrieb.freigaben)),
        "dsfa_kriterien": _kriterien(recht, listen),
        "dsfa_hinweis": _dsfa_hinweis(listen),
        **_wiba(),
    }


def _zahl(n: int) -> str:
    return f"{n:,}".replace(",", ".")


def _rechte(quellen: list[Quelle]) -> list[str]:
    da = {m.recht for q in quellen for m in q.merkmale.values()}
    return [r for r in RECHT if r in da]


# --- territories and sources -----------------------------------------------------------------


def _gebiete(gebiete: list[GebietAngaben]) -> str:
    zeilen = [
        [
            f"{g.name} (`{g.id}`)",
            ", ".join(f"{_zahl(anzahl)} {titel}" for titel, anzahl in g.ebenen),
            "erfundene Zahlen (Beispiel)" if g.erfunden else "Zahlen der genannten Quellen",
        ]
        for g in gebiete
    ]
    return build_tabelle(["Gebiet", "Räume", "Zahlen"], zeilen)


def form(quelle: Quelle) -> str:
    """What kind of list a source delivers."""
    if quelle.fallliste:
        return "**Fallliste: Angaben zu einzelnen Personen**"
    return "Standorte" if quelle.punkte else "Summen je Raum"


def _quellen(gebiete: list[GebietAngaben]) -> str:
    zeilen = [
        [
            q.titel,
            q.herausgeber,
            form(q),
            "; ".join(RECHT[r] for r in _rechte([q])),
            _zahl(len(q.merkmale)),
            _zahl(g.lieferungen.get(q.id, 0)) if len(gebiete) == 1 else f"{_zahl(g.lieferungen.get(q.id, 0))} ({g.id})",
        ]
        for g in gebiete
        for q in g.quellen
    ]
    kopf = ["Quelle", "Herausgeber", "Form", "Bereich", "Merkmale", "Lieferungen"]
    return build_tabelle(kopf, zeilen)


def _falllisten(listen: list[Quelle], gebiete: list[GebietAngaben]) -> str:
    if not listen:
        return "Keine der geladenen Quellen liefert Angaben zu einzelnen Personen."
    zeilen = []
    for q in listen:
        spalten = [q.raum.spalte, *q.fallliste.spalten, *(q.zuordnung.spalten if q.zuordnung else [])]
        da = sum(g.eingang.get(q.id, 0) for g in gebiete)
        gelesen = ", ".join(dict.fromkeys(s for s in spalten if s))
        zeilen.append([q.titel, gelesen, f"{_zahl(da)} {'Datei' if da == 1 else 'Dateien'}"])
    return (
        "Folgende Quellen enthalten eine Zeile je Fall oder Person. Gelesen werden nur die genannten Spalten, alle "
        "anderen (etwa Namen) nicht. Die Dateien im Eingang enthalten die Zeilen im Klartext: nach dem Laden dort "
        "löschen, das Programm braucht sie nicht mehr.\n\n"
        + build_tabelle(["Fallliste", "Gelesene Spalten", "Liegt im Eingang"], zeilen)
    )


def _merkmale(quellen: list[Quelle]) -> str:
    zeilen = [[q.titel, "; ".join(dict.fromkeys(m.titel for m in q.merkmale.values()))] for q in quellen]
    return build_tabelle(["Quelle", "Merkmale"], zeilen)


# --- law -------------------------------------------------------------------------------------


def _rechtsgrundlagen(recht: list[str]) -> str:
    zeilen = [
        [RECHT[r], RECHTSGRUNDLAGEN[r], f"[[rechtsgrundlage_{r}: Rechtsgrundlage und Nutzungsvereinbarung]]"]
        for r in recht
        if r in RECHTSGRUNDLAGEN
    ]
    if any(r in RECHTSGRUNDLAGEN and r != "bevoelkerung" for r in recht):
        weitere = ["Übermittlung von Sozialdaten für die Planung durch andere Stellen", "§ 75 SGB X"]
        zeilen.append([*weitere, "[[rechtsgrundlage_uebermittlung: betroffen ja oder nein, Genehmigung]]"])
    return build_tabelle(["Bereich", "Kommt in Betracht", "Entscheidung des Kreises"], zeilen)


def _kategorien(recht: list[str], listen: list[Quelle]) -> str:
    text = "Fallzahlen je Raum und Stichtag: " + "; ".join(RECHT[r] for r in recht if r != "keins") + "."
    text += " Kleine Fallzahlen können auf einzelne Menschen schließen lassen."
    if listen:
        text += f" Bei der Anlieferung außerdem Zeilen zu einzelnen Personen: {'; '.join(q.titel for q in listen)}."
    return text


def _art9(recht: list[str], listen: list[Quelle]) -> str:
    betroffen = [RECHT[r] for r in recht if r in GESUNDHEIT]
    if not betroffen:
        return "Unter den geladenen Merkmalen ist kein Bereich, der für sich auf die Gesundheit schließen lässt."
    mit_liste = any(r in GESUNDHEIT for r in _rechte(listen)) or any("pflege" in q.titel.lower() for q in listen)
    zusatz = "auch als Fallliste bei der Anlieferung" if mit_liste else "nur als Summen je Raum"
    return f"Kommt in Betracht: {'; '.join(betroffen)}, {zusatz}."


# --- where and how long ----------------------------------------------------------------------


def _speicherorte() -> list[list[str]]:
    ordner = "`<gebiet>/"
    return [
        ["Eingang", f"{ordner}eingang/`", "gelieferte Dateien, wie sie kamen", "**geheim**; Falllisten im Klartext"],
        ["Interne Datenbank", f"{ordner}intern.duckdb`", "Fallzahlen je Raum, ungeschützt", "**geheim**"],
        [
            "Befunde und Annahmen",
            f"{ordner}annahmen.jsonl`, `wartend.jsonl`",
            "Auffälligkeiten mit Werten, Gründe in freiem Text",
            "**geheim**",
        ],
        [
            "Gedächtnis",
            f"{ordner}gedaechtnis/`",
            "Fallzahlen aller früheren Stände, auch gesperrte, damit ein neuer Stand neben alten nichts verrät",
            "**geheim**",
        ],
        ["Eigene Räume", f"{ordner}eigene/`", "selbst abgegrenzte Räume, ohne Zahlen", "intern"],
        [
            "Stände",
            f"{ordner}bestand/`, `zurueckgezogen.jsonl`",
            "veröffentlichte, geschützte Zahlen je Profil; keine gesperrte Zahl",
            "nach Profil: intern oder öffentlich",
        ],
        [
            "Protokoll",
            "`protokoll.jsonl`",
            "Zeit, Benutzer des Betriebssystems, Handlung, Gebiet; keine Werte",
            "intern; Beschäftigtendaten",
        ],
        ["Katalog und Zugang", "`katalog/`, `zugang.toml`", "Einstellungen; Rollen und Gruppen", "intern"],
        [
            "Sitzungen",
            "nur im Arbeitsspeicher",
            "wer angemeldet ist, mit Gruppen; nur bei eingerichteter Anmeldung",
            "endet mit der Sitzung",
        ],
        [
            "Meldungen des Servers",
            "Standardausgabe, also im Protokoll des Betriebssystems",
            "Fehler und abgewiesene Anfragen, ohne Werte; Adressen fremder Rechner sind möglich",
            "intern",
        ],
        ["Datensicherung", "wohin der Kreis sie legt", "alles oben Genannte außer Sitzungen", "**geheim**"],
    ]


def _bestand(betrieb: Betrieb, gebiete: list[GebietAngaben]) -> str:
    zeilen = [
        [
            g.name,
            f"{g.intern_bytes / 1e6:.1f} MB".replace(".", ","),
            _zahl(sum(g.lieferungen.values())),
            _zahl(sum(g.eingang.values())),
            f"{_zahl(g.staende)}" + (f", dazu {g.zurueckgezogen} zurückgezogen" if g.zurueckgezogen else ""),
            g.snapshot.name[:10] if g.snapshot else "nichts",
        ]
        for g in gebiete
    ]
    kopf = ["Gebiet", "Interne Datenbank", "Lieferungen", "Dateien im Eingang", "Stände", "Gezeigt wird der Stand vom"]
    return (
        build_tabelle(kopf, zeilen)
        + f"\n\nDatenordner: `{betrieb.daten}`. Protokoll: {_zahl(betrieb.protokoll)} Zeilen."
    )


def _loeschung() -> list[list[str]]:
    befehl = "`sozialraum lieferung loeschen`"
    return [
        [
            "Falllisten im Eingang",
            "Datei nach dem Laden löschen",
            "[[frist_falllisten: Vorschlag: sofort nach erfolgreichem Laden]]",
        ],
        ["Andere Dateien im Eingang", f"{befehl} oder Datei löschen", "[[frist_eingang: Frist]]"],
        ["Werte in der internen Datenbank", befehl, "[[frist_intern: Frist, zum Beispiel Länge der Zeitreihen]]"],
        [
            "Befunde, Annahmen",
            "mit der Lieferung; freie Texte werden dabei geschwärzt",
            "wie interne Datenbank",
        ],
        [
            "Gedächtnis",
            "bleibt auch nach dem Löschen einer Lieferung, die schon veröffentlicht war: ohne es ließen sich gesperrte "
            "Zahlen aus alten und neuen Ständen ausrechnen",
            "[[frist_gedaechtnis: Vorschlag: solange das Verfahren betrieben wird]]",
        ],
        [
            "Stände",
            "`zurueckziehen` nimmt einen Stand für immer aus dem Betrieb, `aufraeumen` entfernt alte",
            "[[frist_staende: wie viele Stände oder Jahre; Zitierfähigkeit beachten]]",
        ],
        [
            "Protokoll",
            "Zeilen am Anfang der Datei entfernen",
            "[[frist_protokoll: Frist; Beteiligung der Personalvertretung geprüft]]",
        ],
        ["Meldungen des Servers", "Einstellung des Betriebssystems", "[[frist_meldungen: Frist]]"],
        [
            "Datensicherungen",
            "Datei vernichten",
            "[[frist_sicherung: Frist; auch nach dem Löschen einer Lieferung]]",
        ],
    ]


# --- protection and access -------------------------------------------------------------------


def _freigaben(freigaben: tuple[Freigabe, ...]) -> str:
    """A column per profile, a row per setting: profiles are read side by side."""
    rechte = list(dict.fromkeys(r for f in freigaben for r in f.schwelle if r != "standard"))
    zeilen = [
        ["Für wen", *(f.beschreibung for f in freigaben)],
        ["Mindestfallzahl", *(str(f.schwelle["standard"]) for f in freigaben)],
        *([f"Mindestfallzahl: {RECHT.get(r, r)}", *(str(f.schwelle_fuer(r)) for f in freigaben)] for r in rechte),
        ["Räume mit weniger Einwohnern zeigen keine Leistungszahlen", *(_ab(f.einwohner_mindest) for f in freigaben)],
        ["Anteile nur ab so vielen Personen der Bezugsgruppe", *(_ab(f.nenner_mindest) for f in freigaben)],
        ["Kleine Zahlen werden", *(_weg(f) for f in freigaben)],
        ["Wasserzeichen", *(f.wasserzeichen or "keins" for f in freigaben)],
    ]
    return build_tabelle(["Einstellung", *(f.titel for f in freigaben)], zeilen)


def _ab(grenze: int) -> str:
    return str(grenze) if grenze else "keine Grenze"


def _weg(freigabe: Freigabe) -> str:
    gerundet = ", ".join(getattr(freigabe, "methode", {}))
    return f"gesperrt; auf 10 gerundet statt gesperrt: {gerundet}" if gerundet else "gesperrt"


MODUS = {
    "keine": "Es gibt keine Anmeldung. Gezeigt wird das öffentliche Profil; interne Profile zeigt das Programm nur auf "
    "dem eigenen Rechner (127.0.0.1), ohne Zugang aus dem Netz.",
    "kopfzeile": "Ein vorgeschalteter Server des Hauses erkennt die Personen und meldet dem Programm Name und Gruppen. "
    "Das Programm glaubt das nur von festgelegten Adressen und mit einem gemeinsamen Geheimnis.",
    "oidc": "Personen melden sich beim Anmeldedienst des Hauses an (OpenID Connect). Das Programm speichert keine "
    "Kennwörter; die Sitzung liegt im Arbeitsspeicher des Servers.",
}


def _zugang(zugang: dict | None) -> str:
    modus = str((zugang or {}).get("modus", "keine"))
    text = MODUS.get(modus, f"Eingestellt ist der Zugang »{modus}«.")
    if modus == "oidc" and isinstance(angaben := zugang.get("oidc"), dict):
        ruhe, ende = angaben.get("ruhe_minuten"), angaben.get("hoechstens_stunden")
        if ruhe and ende:
            text += f" Eine Sitzung endet nach {ruhe:g} Minuten ohne Anfrage, spätestens nach {ende:g} Stunden."
    rollen = (zugang or {}).get("rolle") or {}
    if modus == "keine" or not isinstance(rollen, dict) or not rollen:
        return text
    return f"{text}\n\n" + build_tabelle(["Rolle", "Sieht", "Gruppen des Hauses", "Gebiete"], _rollen(rollen))


def _rollen(rollen: dict) -> list[list[str]]:
    zeilen = []
    for name, rolle in rollen.items():
        kommunen = ", ".join(rolle.get("kommunen") or ())
        sieht = f"Profil »{rolle.get('freigabe')}«"
        if kommunen:
            sieht = f"innerhalb von {kommunen} das Profil »kommune«, sonst »oeffentlich«"
        gruppen = ", ".join(rolle.get("gruppen") or ()) or "–"
        zeilen.append(
            [str(rolle.get("titel") or name), sieht, gruppen, ", ".join(rolle.get("gebiete") or ()) or "alle"]
        )
    return zeilen


def _empfaenger(betrieb: Betrieb) -> str:
    profile = ", ".join(f"»{f.titel}«" for f in betrieb.freigaben)
    modus = str((betrieb.zugang or {}).get("modus", "keine"))
    wer = "ohne Anmeldung: nur das öffentliche Profil" if modus == "keine" else "nach Rollen (Datenschutzkonzept, 6)"
    return f"Leser veröffentlichter, geschützter Zahlen; Profile {profile}; {wer}. [[empfaenger: Stellen nennen]]"


def _tom() -> list[list[str]]:
    return [
        [
            "Vertraulichkeit",
            "Geheimhaltung vor jeder Veröffentlichung; die Oberfläche öffnet nur geschützte Stände, nur lesend; ein "
            "Tor vor jeder Anfrage; kein Geheimnis als Vorgabe; keine Werte in Meldungen und Protokoll",
            "[[tom_vertraulichkeit: Rechte am Datenordner, Verschlüsselung der Datenträger, TLS, zweiter Faktor]]",
        ],
        [
            "Integrität",
            "Alles oder nichts beim Laden; jede Datei eines Standes mit Prüfsumme; beschädigte Stände werden nicht "
            "gezeigt; Herkunft jeder Zahl bis zur Zelle der Lieferung",
            "[[tom_integritaet: Vier-Augen-Prinzip beim Veröffentlichen, Einspielen neuer Fassungen]]",
        ],
        [
            "Verfügbarkeit, Belastbarkeit",
            "Ein Absturz an jeder Stelle lässt den alten Stand gelten; Rückkehr zu früheren Ständen; Sicherung mit "
            "Prüfung und geübter Wiederherstellung",
            "[[tom_verfuegbarkeit: Zeitplan der Sicherung, anderer Ort, Übung am …]]",
        ],
        [
            "Datensparsamkeit",
            "Summen statt Zeilen; nicht benannte Spalten bleiben ungelesen; keine Verbindung nach außen, keine "
            "Auswertung der Besuche",
            "[[tom_sparsamkeit: Lieferanten um Summen bitten, Falllisten nach dem Laden löschen]]",
        ],
        [
            "Nachvollziehbarkeit",
            "Protokoll der Handlungen; Zertifikat je Stand; Annahmen mit Grund",
            "[[tom_nachvollzug: wer das Protokoll wann durchsieht]]",
        ],
        [
            "Überprüfung",
            "Ein Angreifer-Test gehört zu jeder Fassung des Programms",
            "[[tom_pruefung: jährliche Durchsicht, Meldeweg für Vorfälle]]",
        ],
    ]


# --- impact assessment -----------------------------------------------------------------------


def _kriterien(recht: list[str], listen: list[Quelle]) -> str:
    personen = f"Falllisten: {'; '.join(q.titel for q in listen)}" if listen else "Keine Falllisten, nur Summen"
    vertraulich = [RECHT[r] for r in recht if r not in ("bevoelkerung", "keins")]
    zeilen = [
        ["1 Bewerten oder Einstufen", "Räume werden verglichen, keine Menschen"],
        ["2 Automatisierte Entscheidung mit Rechtswirkung", "Keine"],
        ["3 Systematische Überwachung", "Keine"],
        [
            "4 Vertrauliche oder höchst persönliche Daten",
            f"Sozialdaten als Fallzahlen: {'; '.join(vertraulich)}. {personen}" if vertraulich else personen,
        ],
        ["5 Großer Umfang", "Fallzahlen über alle Einwohnerinnen und Einwohner der Gebiete"],
        [
            "6 Zusammenführen von Datensätzen",
            "Fallzahlen verschiedener Quellen stehen je Raum nebeneinander; Personen werden nicht verknüpft",
        ],
        ["7 Schutzbedürftige Betroffene", "Leistungsberechtigte, Kinder, Pflegebedürftige, soweit oben genannt"],
        ["8 Neue Technik", "Statistische Geheimhaltung mit rechnerischem Nachweis; keine künstliche Intelligenz"],
        ["9 Hindern an Rechten oder Leistungen", "Nein; kein Verwaltungsvollzug"],
    ]
    felder = [[*zeile, f"[[dsfa_k{nr}: trifft zu ja oder nein]]"] for nr, zeile in enumerate(zeilen, start=1)]
    return build_tabelle(["Kriterium", "Tatsachen aus dem Programm", "Bewertung des Kreises"], felder)


def _dsfa_hinweis(listen: list[Quelle]) -> str:
    if listen:
        return (
            "**Hinweis:** Es werden Falllisten verarbeitet. Die Kriterien 4 und 7 liegen dann nahe; das spricht für "
            "eine DSFA. Entscheidend ist die Bewertung des Kreises."
        )
    return (
        "**Hinweis:** Verarbeitet werden Summen. Solange kleine Fallzahlen ungeschützt in der internen Datenbank "
        "liegen, kommen die Kriterien 4 und 7 in Betracht. Entscheidend ist die Bewertung des Kreises."
    )


def _wiba() -> dict[str, str]:
    angaben = tomllib.loads(Path(__file__).with_name("wiba.toml").read_text(encoding="utf-8"))
    zeilen = [[e["name"], e.get("programm", "–"), e["kreis"]] for e in angaben["liste"]]
    return {
        "wiba": build_tabelle(["Checkliste", "Beitrag des Programms", "Aufgabe des Kreises"], zeilen),
        "wiba_quelle": angaben["quelle"].strip(),
    }
