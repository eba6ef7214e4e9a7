"""Which supplier delivers what: the invented figures as files, one function per source."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from etl.beispiel.musterkreis_bevoelkerung import JAHRE
from etl.beispiel.musterkreis_dateien import ERFUNDEN, strich, tausender, write_csv, write_xlsx
from etl.beispiel.musterkreis_modell import PFLEGE_JAHRE, Zahlen
from geodata.beispiel.musterkreis import KREIS
from geodata.beispiel.namen import KOMMUNEN

KOMMUNE_IDS = [f"{KREIS}{nr:03d}" for nr in range(1, len(KOMMUNEN) + 1)]
KOMMUNE_NAMEN = [k[0] for k in KOMMUNEN]


@dataclass(frozen=True)
class Zuschnitt:
    """Quartiere of every year: `schluessel[year]` of the Bausteine, `namen` of the keys."""

    schluessel: dict[int, np.ndarray]
    namen: dict[str, str]

    def je_quartier(self, zahlen: Zahlen, jahr: int) -> pd.DataFrame:
        """One row per Quartier of that year, sorted by key; one column per Merkmal."""
        spalten = {merkmal: werte[JAHRE.index(jahr)] for merkmal, werte in zahlen.items()}
        return pd.DataFrame(spalten).groupby(self.schluessel[jahr]).sum().sort_index()


# ---------------------------------------------------------------- Melderegister


MELDEREGISTER = {
    "bev_gesamt": "Einwohner", "bev_m": "männlich", "bev_w": "weiblich", "bev_0_2": "0-2", "bev_3_5": "3-5",
    "bev_6_14": "6-14", "bev_15_17": "15-17", "bev_18_20": "18-20", "bev_21_24": "21-24", "bev_25_59": "25-59",
    "bev_60_64": "60-64", "bev_65_79": "65-79", "bev_80_plus": "80 und älter",
    "bev_unter_rag": "unter Regelaltersgrenze",
    "bev_ab_rag": "ab Regelaltersgrenze", "bev_15_unter_rag": "15 bis unter Regelaltersgrenze",
    "bev_18_unter_rag": "18 bis unter Regelaltersgrenze", "bev_nichtdeutsch": "nichtdeutsch",
}  # fmt: skip


def write_melderegister(ziel: Path, zahlen: Zahlen, zuschnitt: Zuschnitt) -> None:
    """CSV in cp1252 with thousands dots, one per year; »unter Regelaltersgrenze« etc. as the statistics office cuts."""
    for jahr in JAHRE:
        tabelle = zuschnitt.je_quartier(zahlen, jahr)
        zeilen = [["Quartier", "Bezeichnung", *MELDEREGISTER.values()]]
        for schluessel, werte in zip(tabelle.index, tabelle[list(MELDEREGISTER)].to_numpy(), strict=True):
            zeilen.append([schluessel, zuschnitt.namen[schluessel], *map(tausender, werte)])
        titel = [ERFUNDEN, f"Melderegister, Bevölkerung mit alleiniger oder Hauptwohnung am 31.12.{jahr}"]
        write_csv(ziel / "mk_melderegister" / f"einwohner_{jahr}-12-31.csv", titel, zeilen)


HAUSHALTE = {
    "hh_gesamt": "HH_insgesamt", "hh_mit_kind": "HH_mit_Kind_u18", "hh_alleinerziehend": "HH_alleinerziehend",
    "hh_einpersonen_75_plus": "Alleinlebende_75plus", "bev_75_plus_privat": "Personen_75plus_privat",
}  # fmt: skip


def write_haushalte(ziel: Path, zahlen: Zahlen, zuschnitt: Zuschnitt) -> None:
    """Output of a household generator: plain CSV, UTF-8."""
    for jahr in JAHRE:
        tabelle = zuschnitt.je_quartier(zahlen, jahr)
        zeilen = [["Gebiet", *HAUSHALTE.values()]]
        zeilen += [[s, *w] for s, w in zip(tabelle.index, tabelle[list(HAUSHALTE)].to_numpy(), strict=True)]
        titel = [f"# HHGen-Ergebnis 31.12.{jahr} - erfundene Daten (Musterkreis)"]
        write_csv(ziel / "mk_haushalte" / f"hhgen_{jahr}.csv", titel, zeilen, zeichensatz="utf-8")


# ---------------------------------------------------------------- Bundesagentur


SGB2 = {
    "sgb2_lb": ("Leistungsberechtigte", "insgesamt"), "sgb2_lb_u18": (None, "unter 18 Jahren"),
    "sgb2_slb": (None, "Sonstige (SLB)"), "sgb2_rlb": ("Regelleistungsberechtigte", "insgesamt"),
    "sgb2_elb": (None, "erwerbsfähig (ELB)"), "sgb2_nef": (None, "nicht erwerbsfähig (NEF)"),
    "sgb2_nef_u15": (None, "NEF unter 15 Jahren"), "sgb2_langzeitbezug": ("darunter ELB", "im Langzeitbezug"),
    "sgb2_aufstocker": (None, "erwerbstätig"), "sgb2_bg": ("Bedarfsgemeinschaften", "insgesamt"),
    "sgb2_bg_alleinerziehend": (None, "Alleinerziehende"),
}  # fmt: skip


def write_sgb2(
    ziel: Path, zahlen: Zahlen, zuschnitt: Zuschnitt, vertausche: Callable[[pd.DataFrame, int], None]
) -> None:
    """Workbooks of the Bundesagentur: two-row head, rows of the Kommunen as subtotals, small values secret.

    `vertausche` plants the swapped columns of one year in the rows of the Quartiere.
    """
    for jahr in JAHRE:
        quartiere = zuschnitt.je_quartier(zahlen, jahr)[list(SGB2)]
        kommunen = quartiere.groupby(quartiere.index.str[:8]).sum()
        geheim = find_geheime(quartiere["sgb2_aufstocker"])
        vertausche(quartiere, jahr)
        zeilen = [
            [f"Grundsicherung für Arbeitsuchende nach Quartieren, Berichtsmonat Dezember {jahr}"],
            [ERFUNDEN],
            [],
            ["Schlüssel", "Gebiet", *(oben for oben, _ in SGB2.values())],
            [None, None, *(unten for _, unten in SGB2.values())],
            ["Insgesamt", "Musterkreis", *_zellen(kommunen.sum())],
        ]
        for kommune, name in zip(KOMMUNE_IDS, KOMMUNE_NAMEN, strict=True):
            zeilen.append([kommune, name, *_zellen(kommunen.loc[kommune])])
            for schluessel in quartiere.index[quartiere.index.str.startswith(kommune)]:
                zellen = _zellen(quartiere.loc[schluessel])
                if schluessel in geheim:
                    zellen[list(SGB2).index("sgb2_aufstocker")] = "*"
                zeilen.append([schluessel, zuschnitt.namen[schluessel], *zellen])
        zeilen += [
            [],
            ["* Zahlenwerte unter 3 und Werte, aus denen sie sich errechnen lassen, sind geheim."],
            [ERFUNDEN],
        ]
        deckblatt = ["Statistik der Bundesagentur für Arbeit (erfundenes Beispiel)", "Grundsicherung SGB II, Quartiere"]
        pfad = ziel / "mk_sgb2" / f"sgb2_quartiere_{jahr}-12.xlsx"
        write_xlsx(pfad, deckblatt, {"Tabelle 1": zeilen, "Hinweise": _hinweise()}, kopf=2)


def _hinweise() -> list[list[str]]:
    return [["Methodische Hinweise"], [ERFUNDEN], ["Schlüssel", "Zeichenerklärung"], ["-", "nichts vorhanden"]]


def _zellen(werte: pd.Series) -> list[object]:
    return [int(w) if w else "-" for w in werte]


def find_geheime(werte: pd.Series) -> set[str]:
    """Quartiere the supplier hides: 1 and 2, and where one stands alone in its Kommune the next smallest."""
    geheim = set()
    for _, teil in werte.groupby(werte.index.str[:8]):
        klein = list(teil.index[teil.between(1, 2)])
        rest = teil.drop(klein)
        if len(klein) == 1 and len(rest):
            klein.append(rest[rest > 0].idxmin())
        geheim |= set(klein)
    return geheim


ARBEITSMARKT = {
    "al_gesamt": "Arbeitslose insgesamt", "al_sgb2": "dav. Rechtskreis SGB II", "al_sgb3": "dav. Rechtskreis SGB III",
    "al_langzeit": "dar. Langzeitarbeitslose", "al_15_24": "dar. 15 bis unter 25 Jahre",
    "svb_15_unter_rag": "SvB am Wohnort",
}  # fmt: skip


def write_arbeitsmarkt(ziel: Path, zahlen: Zahlen, zuschnitt: Zuschnitt, *, doppelt: tuple[int, str]) -> None:
    """CSV of the Bundesagentur with title lines and a total; one year repeats the row of one Quartier."""
    for jahr in JAHRE:
        tabelle = zuschnitt.je_quartier(zahlen, jahr)[list(ARBEITSMARKT)]
        zeilen = [["Gebietsschlüssel", "Gebiet", *ARBEITSMARKT.values()]]
        for schluessel, werte in tabelle.iterrows():
            zeile = [schluessel, zuschnitt.namen[schluessel], *map(strich, werte)]
            zeilen += [zeile, zeile] if (jahr, schluessel) == doppelt else [zeile]
        zeilen.append(["Insgesamt", "Musterkreis", *map(strich, tabelle.sum())])
        titel = ["Arbeitsmarkt nach Quartieren", f"Stichtag: Dezember {jahr}", ERFUNDEN, ""]
        fuss = ["SvB: sozialversicherungspflichtig Beschäftigte von 15 Jahren bis zur Regelaltersgrenze", ERFUNDEN]
        write_csv(ziel / "mk_arbeitsmarkt" / f"arbeitsmarkt_{jahr}-12.csv", titel, zeilen, fuss=fuss)


def write_monate(ziel: Path, zahlen: Zahlen) -> None:
    """Monthly figures of the Kommunen, one CSV per year, UTF-8 with BOM."""
    for nr, jahr in enumerate(JAHRE):
        zeilen = [["Monat", "Gemeindeschlüssel", "Gemeinde", "Arbeitslose", "Bedarfsgemeinschaften"]]
        for monat in range(12):
            al, bg = (zahlen[m][12 * nr + monat] for m in ("al_monat", "sgb2_bg_monat"))
            kommunen = zip(KOMMUNE_IDS, KOMMUNE_NAMEN, al, bg, strict=True)
            zeilen += [[f"{jahr}-{monat + 1:02d}", k, name, tausender(a), tausender(b)] for k, name, a, b in kommunen]
        write_csv(ziel / "mk_monat" / f"monatszahlen_{jahr}.csv", [ERFUNDEN], zeilen, zeichensatz="utf-8-sig")


# ---------------------------------------------------------------- Sozialamt


SGB12 = {
    "sgb12_gsi_alter": "4. Kap. Grundsicherung im Alter", "sgb12_gsi_em": "4. Kap. Grundsicherung bei Erwerbsminderung",
    "sgb12_hlu": "3. Kap. Hilfe zum Lebensunterhalt a.v.E.", "sgb12_hzp": "7. Kap. Hilfe zur Pflege insgesamt",
    "sgb12_hzp_ambulant": "7. Kap. Hilfe zur Pflege a.v.E.", "sgb12_hzp_stationaer": "7. Kap. Hilfe zur Pflege i.E.",
}  # fmt: skip


def write_sgb12(
    ziel: Path, zahlen: Zahlen, rest: Zahlen, zuschnitt: Zuschnitt, *, nachlieferung: tuple[int, str]
) -> None:
    """Long CSV of the social welfare software; the year of the Nachlieferung first lacks cases of one Kommune."""
    for nr, jahr in enumerate(JAHRE):
        tabelle = zuschnitt.je_quartier(zahlen, jahr)[list(SGB12)]
        offen = pd.Series({m: int(rest[m][nr, 0]) for m in SGB12})
        if jahr == nachlieferung[0]:
            _write_sgb12(ziel / f"mk_sgb12/sgb12_{jahr}_korrektur.csv", jahr, tabelle, offen)
            tabelle, offen = _unvollstaendig(tabelle, offen, nachlieferung[1])
        _write_sgb12(ziel / f"mk_sgb12/sgb12_{jahr}.csv", jahr, tabelle, offen)


def _unvollstaendig(tabelle: pd.DataFrame, rest: pd.Series, kommune: str) -> tuple[pd.DataFrame, pd.Series]:
    """Two of five cases of the Kommune still stand under »nicht zuordenbar«."""
    weg = tabelle * 2 // 5
    weg.loc[~weg.index.str.startswith(kommune)] = 0
    weg["sgb12_hzp"] = weg["sgb12_hzp_ambulant"] + weg["sgb12_hzp_stationaer"]
    return tabelle - weg, rest + weg.sum()


def _write_sgb12(pfad: Path, jahr: int, tabelle: pd.DataFrame, rest: pd.Series) -> None:
    zeilen = [["Stichtag", "Leistung", "Gebietsschluessel", "Anzahl"]]
    for merkmal, leistung in SGB12.items():
        zeilen += [[f"31.12.{jahr}", leistung, s, w] for s, w in tabelle[merkmal].items()]
        zeilen.append([f"31.12.{jahr}", leistung, "nicht zuordenbar", rest[merkmal]])
    write_csv(pfad, [f"Auswertung Sozialhilfe (Fachverfahren) - {ERFUNDEN}"], zeilen)


def write_wohngeld(ziel: Path, zahlen: Zahlen, zuschnitt: Zuschnitt) -> None:
    """One workbook of the Wohngeldstelle with all years below each other."""
    zeilen = [["Wohngeldempfangende Haushalte nach Quartieren"], [ERFUNDEN], []]
    zeilen.append(["Schlüssel", "Quartier", "Stichtag", "Haushalte mit Wohngeld"])
    for jahr in JAHRE:
        for schluessel, werte in zuschnitt.je_quartier(zahlen, jahr).iterrows():
            zeilen.append([schluessel, zuschnitt.namen[schluessel], f"31.12.{jahr}", int(werte["wohngeld_haushalte"])])
    deckblatt = ["Wohngeldstelle Musterkreis", "Haushalte mit Wohngeld (reine und Mischhaushalte)"]
    write_xlsx(ziel / "mk_wohngeld" / "wohngeld_2015-2024.xlsx", deckblatt, {"Wohngeld": zeilen})


# ---------------------------------------------------------------- IT.NRW, Pflege


def write_fortschreibung(ziel: Path, zahlen: Zahlen) -> None:
    """One workbook, one sheet per year: age × sex in a merged head, a row of units, the Kreis as total."""
    blaetter = {}
    gruppen = [(f"{von}_{von + 4}", f"{von} bis unter {von + 5}") for von in range(0, 90, 5)] + [
        ("90_plus", "90 und mehr")
    ]
    for nr, jahr in enumerate(JAHRE):
        zeilen = [["Bevölkerung der Gemeinden nach Alter und Geschlecht"], [f"Stichtag 31.12.{jahr}"], [ERFUNDEN], []]
        kopf = [zelle for _, text in gruppen for zelle in (text, None)]
        zeilen.append(["Schlüssel", "Gemeinde", *kopf, "Insgesamt"])
        zeilen.append([None, None, *["männlich", "weiblich"] * len(gruppen), "zusammen"])
        zeilen.append([None, None, *["Anzahl"] * (2 * len(gruppen) + 1)])
        werte = np.array([zahlen[f"fs_{sex}_{gruppe}"][nr] for gruppe, _ in gruppen for sex in "mw"]).T
        zeilen.append([KREIS, "Musterkreis", *_mit_summe(werte.sum(0))])
        kommunen = zip(KOMMUNE_IDS, KOMMUNE_NAMEN, werte, strict=True)
        zeilen += [[schluessel, name, *_mit_summe(w)] for schluessel, name, w in kommunen]
        zeilen += [["__________"], ["Fortschreibung; ab 2022 auf Grundlage des Zensus 2022"], [ERFUNDEN]]
        blaetter[f"Bevölkerung {jahr}"] = zeilen
    deckblatt = ["Statistisches Landesamt (erfundenes Beispiel)", "Fortschreibung des Bevölkerungsstandes"]
    write_xlsx(ziel / "mk_fortschreibung" / "bevoelkerung_2015-2024.xlsx", deckblatt, blaetter, kopf=2)


def _mit_summe(werte: np.ndarray) -> list[int]:
    return [*map(int, werte), int(werte.sum())]


PFLEGE = {
    "pflegebeduerftige": ("Pflegebedürftige", "insgesamt"), "pflegebeduerftige_65_plus": (None, "65 Jahre und älter"),
    "pflegebeduerftige_80_plus": (None, "80 Jahre und älter"), "pflege_pg1": ("Pflegegrad", "1"),
    "pflege_pg2": (None, "2"), "pflege_pg3": (None, "3"), "pflege_pg4": (None, "4"), "pflege_pg5": (None, "5"),
    "pflege_pflegegeld": ("Versorgung", "nur Pflegegeld"), "pflege_ambulant": (None, "ambulante Dienste"),
    "pflege_stationaer": (None, "vollstationär"), "pflege_pg1_ohne": (None, "Pflegegrad 1 ohne Leistungen"),
    "pflege_teilstationaer": ("nachrichtlich", "teilstationär"),
}  # fmt: skip


def write_pflege(ziel: Path, zahlen: Zahlen) -> None:
    """Care statistics every two years; »...« where the statistic did not ask yet."""
    for nr, jahr in enumerate(PFLEGE_JAHRE):
        werte = np.array([zahlen[m][nr] for m in PFLEGE]).T
        zeilen = [[f"Pflegebedürftige nach Gemeinden, Dezember {jahr}"], [ERFUNDEN], []]
        zeilen.append(["Schlüssel", "Gemeinde", *(oben for oben, _ in PFLEGE.values())])
        zeilen.append([None, None, *(unten for _, unten in PFLEGE.values())])
        zeilen.append([KREIS, "Musterkreis", *_pflegezellen(werte.sum(0))])
        kommunen = zip(KOMMUNE_IDS, KOMMUNE_NAMEN, werte, strict=True)
        zeilen += [[schluessel, name, *_pflegezellen(w)] for schluessel, name, w in kommunen]
        zeilen += [[], ["... Angabe fällt in diesem Jahr nicht an: Pflegegrade ab 2017, PG 1 ohne Leistung ab 2019"]]
        zeilen += [[ERFUNDEN]]
        deckblatt = ["Pflegestatistik (erfundenes Beispiel)", f"Erhebungsjahr {jahr}"]
        write_xlsx(ziel / "mk_pflege" / f"pflege_{jahr}.xlsx", deckblatt, {"Gemeinden": zeilen}, kopf=2)


def _pflegezellen(werte: np.ndarray) -> list[object]:
    return ["..." if w < 0 else int(w) if w else "-" for w in werte]


def write_pflege_alter(ziel: Path, zahlen: Zahlen) -> None:
    """Care statistics of the Kreis by sex and age: one sheet, one row per year."""
    namen = {z: [m for m in zahlen if m.startswith(f"pflege_{z}_")] for z in "mw"}
    alter = [m.split("_")[2:] for m in namen["m"]]
    texte = [f"{a} und mehr" if b == "plus" else f"{a} bis unter {int(b) + 1}" for a, b in alter]
    zeilen = [["Pflegebedürftige nach Alter und Geschlecht"], [ERFUNDEN], []]
    zeilen.append(["Schlüssel", "Kreis", "Stichtag", "männlich", *[None] * (len(alter) - 1), "weiblich"])
    zeilen[-1] += [None] * (len(alter) - 1)
    zeilen.append([None, None, None, *texte, *texte])
    for nr, jahr in enumerate(PFLEGE_JAHRE):
        werte = [int(zahlen[m][nr]) for m in (*namen["m"], *namen["w"])]
        zeilen.append([KREIS, "Musterkreis", f"31.12.{jahr}", *werte])
    zeilen += [[], [ERFUNDEN]]
    deckblatt = ["Pflegestatistik (erfundenes Beispiel)", "Kreistabelle nach Alter und Geschlecht"]
    write_xlsx(ziel / "mk_pflege_alter" / "pflege_alter_2015-2023.xlsx", deckblatt, {"Kreis": zeilen}, kopf=2)


ANGEBOTE = {
    "plaetze_dauerpflege": "Dauerpflegeplätze (Vertrag)", "plaetze_belegbar": "davon belegbar",
    "plaetze_belegt": "davon belegt", "plaetze_kurzzeit": "Kurzzeitpflegeplätze",
    "plaetze_tagespflege": "Tagespflegeplätze", "dienste_ambulant": "Ambulante Dienste",
}  # fmt: skip


def write_angebote(ziel: Path, zahlen: Zahlen, *, verzehnfacht: tuple[int, str]) -> None:
    """The Kreis's own survey; one figure has a digit too many."""
    zeilen = [
        ["Erhebung der Pflegeangebote zum 31.12."],
        [ERFUNDEN],
        ["Jahr", "Schlüssel", "Kommune", *ANGEBOTE.values()],
    ]
    for nr, jahr in enumerate(JAHRE):
        for k, (schluessel, name) in enumerate(zip(KOMMUNE_IDS, KOMMUNE_NAMEN, strict=True)):
            werte = {m: int(zahlen[m][nr, k]) for m in ANGEBOTE}
            if (jahr, schluessel) == verzehnfacht:
                werte["plaetze_tagespflege"] *= 10
            zeilen.append([jahr, schluessel, name, *werte.values()])
    deckblatt = ["Pflege- und Sozialplanung Musterkreis", "Bestand der Angebote nach Kommunen"]
    write_xlsx(ziel / "mk_angebote" / "angebote_2015-2024.xlsx", deckblatt, {"Angebote": zeilen})


# ---------------------------------------------------------------- Jugendamt


JUGENDHILFE = {
    "hze_faelle": "HzE Fälle", "hze_ambulant": "dar. ambulant", "hze_vollzeitpflege": "dar. § 33",
    "hze_heim": "dar. § 34", "hze_junge_volljaehrige": "§ 41", "gefaehrdungseinschaetzungen": "§ 8a Verfahren",
    "inobhutnahmen": "§§ 42, 42a", "kinder_u3_betreut": "Kinder u3 betreut",
}  # fmt: skip


def write_jugendhilfe(ziel: Path, zahlen: Zahlen, rest: Zahlen) -> None:
    """One CSV of the youth welfare software with all years; cases without an address in the Kreis at the end."""
    zeilen = [["Jahr", "Gemeinde", "Bezeichnung", *JUGENDHILFE.values()]]
    for nr, jahr in enumerate(JAHRE):
        for k, (schluessel, name) in enumerate(zip(KOMMUNE_IDS, KOMMUNE_NAMEN, strict=True)):
            zeilen.append([jahr, schluessel, name, *(zahlen[m][nr, k] for m in JUGENDHILFE)])
        zeilen.append([jahr, "ohne Zuordnung", "", *(rest[m][nr, 0] for m in JUGENDHILFE)])
    titel = [f"Jugendhilfe (Fachverfahren), Stand 31.12. - {ERFUNDEN}"]
    write_csv(ziel / "mk_jugendhilfe" / "jugendhilfe_2015-2024.csv", titel, zeilen)
