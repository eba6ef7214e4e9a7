"""Tables of the page »Pflege«: rows of the store → native tables. Every modelled column says so in its head."""

import pandas as pd

from dashboard import bausteine, zahlen
from dashboard.figuren_pflege import alter_text
from indicators.bericht.pflegetexte import GROESSE, VARIANTE

VARIANTEN = ("konstant", "trend", "verschoben")


def _zahl(wert, status: str = "offen", stellen: int = 0) -> str:
    return zahlen.format_wert(wert, stellen, "", status)


def _mit_intervall(wert, unten, oben, status: str, stellen: int) -> str:
    intervall = zahlen.format_intervall(unten, oben, stellen)
    return _zahl(wert, status, stellen) + (f" ({intervall})" if intervall else "")


def _veraenderung(neu: float, alt: float) -> str:
    if not (zahlen.hat_wert(neu) and zahlen.hat_wert(alt) and alt):
        return "–"
    prozent = zahlen.format_zahl((neu / alt - 1) * 100, 1)
    return prozent if prozent.startswith("−") else f"+{prozent}"


def tafel_voraus(voraus: pd.DataFrame):
    """One row per year: counted, the variants, the band, the change of the constant one."""
    bestand = voraus[voraus["variante"] == "bestand"].iloc[0]
    jahr, wert = int(bestand["jahr"]), bestand["wert"]
    varianten = [v for v in VARIANTEN if (voraus["variante"] == v).any()]
    zeilen = [[str(jahr), _zahl(wert), *["–"] * (len(varianten) + 2)]]
    for ziel in sorted(set(voraus["jahr"]) - {jahr}):
        je = voraus[voraus["jahr"] == ziel].set_index("variante")
        k = je.loc["konstant"]
        zeilen.append(
            [
                str(int(ziel)),
                "–",
                *[_zahl(je.loc[v, "wert"], k["status"]) for v in varianten],
                zahlen.format_intervall(k["unten"], k["oben"], 0) or "–",
                _veraenderung(k["wert"], wert),
            ]
        )
    kopf = ["Jahresende", "gezählt", *[f"{VARIANTE[v]} (Modell)" for v in varianten], "Band (Modell)"]
    return bausteine.tabelle([*kopf, "konstant: Veränderung in %"], zeilen, titel="Pflegebedürftige")


def tafel_zerlegung(teile: pd.DataFrame, titel: str):
    """Change, and what it is made of [persons]."""
    spalten = {"gesamt": "Veränderung", "umfang": "durch mehr oder weniger Menschen", "struktur": "durch das Alter"}
    spalten["haeufigkeit"] = "durch häufigeren Bedarf oder vollständigere Zählung"
    if teile["modell"].all():
        spalten.pop("haeufigkeit")
    zeilen = [
        [f"{z.von} bis {z.bis}", *[zahlen.format_zahl(getattr(z, s)) for s in spalten]] for z in teile.itertuples()
    ]
    return bausteine.tabelle(["Zeitraum", *spalten.values()], zeilen, titel=titel)


def tafel_alter(bev: pd.DataFrame, jahr: int, ziel: int):
    breit = bev[bev["jahr"].isin((jahr, ziel))].pivot(index=["von", "bis"], columns=["jahr", "geschlecht"])[
        "bevoelkerung"
    ]
    zeilen = [
        [alter_text(von, bis), *[_zahl(z[(j, g)]) for j in (jahr, ziel) for g in "mw"]]
        for (von, bis), z in breit.sort_index().iterrows()
    ]
    kopf = ["Alter", f"Männer {jahr}", f"Frauen {jahr}", f"Männer {ziel} (Modell)", f"Frauen {ziel} (Modell)"]
    return bausteine.tabelle(kopf, zeilen, titel="Bevölkerung nach Alter und Geschlecht")


def tafel_quoten(pflege: pd.DataFrame):
    """People in need of the Kreis by age and sex in the newest year, with their quotas."""
    jahr = int(pflege["jahr"].max())
    breit = pflege[pflege["jahr"] == jahr].pivot(index=["von", "bis"], columns="geschlecht")
    zeilen = []
    for (von, bis), z in breit.sort_index().iterrows():
        n = [z[("pflegebeduerftige", g)] for g in "mw"]
        q = [100 * a / z[("bevoelkerung", g)] for a, g in zip(n, "mw", strict=True)]
        zeilen.append([alter_text(von, bis), *map(_zahl, n), *[_zahl(w, stellen=1) for w in q]])
    kopf = ["Alter", "Männer", "Frauen", "Männer: je 100", "Frauen: je 100"]
    return bausteine.tabelle(kopf, zeilen, titel=f"Pflegebedürftige nach Alter und Geschlecht, {jahr} (gezählt)")


def tafel_bedarf(bedarf: pd.DataFrame, bestand: float):
    varianten = [v for v in VARIANTEN if (bedarf["variante"] == v).any()]
    heute = bedarf[bedarf["variante"] == "bestand"].iloc[0]
    zeilen = [
        [
            str(int(heute["jahr"])),
            _zahl(bestand),
            *[_zahl(heute["wert"]), _zahl(bestand - heute["wert"])] * len(varianten),
        ]
    ]
    for jahr, teil in bedarf[bedarf["variante"] != "bestand"].groupby("jahr"):
        je = teil.set_index("variante")["wert"]
        werte = [x for v in varianten for x in (_zahl(je[v]), _zahl(bestand - je[v]))]
        zeilen.append([str(int(jahr)), _zahl(bestand), *werte])
    kopf = ["Jahresende", "belegbare Plätze"]
    for v in varianten:
        kopf += [f"Bedarf, {VARIANTE[v]} (Modell)", f"Bilanz, {VARIANTE[v]} (Modell)"]
    return bausteine.tabelle(kopf, zeilen, titel="Dauerpflege: Plätze und Bedarf; die erste Zeile ist gezählt")


def tafel_mix(anteile: pd.DataFrame):
    arten = list(dict.fromkeys(anteile["kennzahl_id"]))
    je = {(z.kennzahl_id, z.jahr): z for z in anteile.itertuples()}
    zeilen = []
    for jahr in sorted(set(anteile["jahr"])):
        zeile = [str(jahr)]
        for art in arten:
            z = je.get((art, jahr))
            zeile += ["…", "…"] if z is None else [_zahl(z.zaehler, z.status), _zahl(z.wert, z.status, 1)]
        zeilen.append(zeile)
    kopf = ["Jahr", *[t for a in arten for t in (GROESSE[a.replace("anteil_", "")], "in %")]]
    return bausteine.tabelle(kopf, zeilen, titel="Pflegebedürftige nach Versorgung")


def tafel_kommunen(vergleich: pd.DataFrame, *, je: str):
    """Counted against expected; a row per Kommune (`name`) or per kind of care (`groesse`)."""
    zeilen = []
    for z in vergleich.sort_values("name" if je == "name" else "groesse", key=_pflege_zuerst).itertuples():
        zeilen.append(
            [
                z.name if je == "name" else GROESSE[z.groesse],
                _zahl(z.beobachtet, z.status),
                _mit_intervall(z.erwartet, z.erwartet_unten, z.erwartet_oben, "offen", 0),
                _mit_intervall(z.verhaeltnis, z.verhaeltnis_unten, z.verhaeltnis_oben, z.status, 2),
                _zahl(z.roh, z.status, 2),
                _mit_intervall(z.rate, z.rate_unten, z.rate_oben, z.status, 2),
            ]
        )
    kopf = ["Kommune" if je == "name" else "Versorgung", "gezählt", "erwartet (Modell)", "gezählt zu erwartet"]
    return bausteine.tabelle([*kopf, "Quote je 100", "standardisiert je 100"], zeilen, titel="Gezählt und erwartet")


def _pflege_zuerst(spalte: pd.Series) -> pd.Series:
    folge = [g for g in GROESSE if g in set(spalte)]
    return spalte.map(folge.index) if folge else spalte


def tafel_direkt(reihe: pd.DataFrame):
    zeilen = [
        [
            zahlen.format_datum(z.stichtag),
            _zahl(z.roh, z.status, 2),
            _mit_intervall(z.rate, z.rate_unten, z.rate_oben, z.status, 2),
        ]
        for z in reihe.sort_values("stichtag").itertuples()
    ]
    return bausteine.tabelle(
        ["Stichtag", "Pflegequote je 100", "bei gleichem Alter je 100 (95-%-Intervall)"], zeilen, titel="Pflegequote"
    )


def tafel_probe(probe: pd.DataFrame):
    zeilen = [
        [
            GROESSE.get(z.groesse, z.groesse),
            zahlen.format_datum(z.basis),
            zahlen.format_datum(z.ziel),
            _zahl(z.vorhergesagt),
            _zahl(z.eingetreten),
            _veraenderung(z.vorhergesagt, z.eingetreten),
        ]
        for z in probe.itertuples()
    ]
    kopf = ["Größe", "gerechnet mit Zahlen bis", "für", "vorausgesagt (Modell)", "gezählt", "Abweichung in %"]
    return bausteine.tabelle(kopf, zeilen, titel="Rückprobe", zahlen_ab=3)


def tafel_geschlecht(teile):
    """Counted, expected and their ratio for men, women and both; the standardised quota."""
    breit = {g: t.set_index("raum_id") for g, t in teile.groupby("groesse")}
    zeilen = []
    for raum_id, z in breit["pflegebeduerftige"].sort_values("name").iterrows():
        zeile = [z["name"]]
        for groesse in ("pflegebeduerftige_m", "pflegebeduerftige_w", "pflegebeduerftige"):
            w = breit[groesse].loc[raum_id]
            zeile += [
                zahlen.format_wert(w["beobachtet"], 0, "", w["status"]),
                zahlen.format_wert(w["erwartet"], 0, "", w["status"]),
            ]
        zeile += [zahlen.format_wert(z[s], 2, "", z["status"]) for s in ("roh", "rate")]
        zeilen.append([*zeile, zahlen.format_intervall(z["rate_unten"], z["rate_oben"], 2)])
    kopf = ["Raum"]
    for wer in ("Männer", "Frauen", "zusammen"):
        kopf += [f"{wer}: gezählt", f"{wer}: erwartet (Modell)"]
    kopf += ["Quote je 100", "standardisiert je 100", "95-%-Intervall"]
    return bausteine.tabelle(kopf, zeilen, titel="Gezählt und mit nationalen Quoten erwartet")
