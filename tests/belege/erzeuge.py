"""Writes the delivered files of this folder and what must be read from them. Run: python -m tests.belege.erzeuge

Every file has the true form of its supplier; all numbers are invented. The expected values come from the tables here,
not from the reader.
"""

import csv
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter
import xlwt
from odfdo import Cell, Document, Row, Table

HIER = Path(__file__).parent
KOMMUNEN = {
    "05998004": "Ahausen",
    "05998008": "Bergdorf",
    "05999004": "Altstadt",
    "05999008": "Bahnhof",
    "05999012": "Weiler",
}
GEHEIM, FEHLT = "gesperrt_quelle", "nicht_geliefert"
Erwartet = tuple[str, str, str, str, float | str]  # file, raum_id, Stichtag, Merkmal, value or status


def erwarte(name: str, zeilen: Iterable[Erwartet]) -> None:
    with open(HIER / name / "erwartet.csv", "w", encoding="utf-8", newline="") as datei:
        schreiber = csv.writer(datei, delimiter=";", lineterminator="\n")
        schreiber.writerow(["datei", "raum_id", "stichtag", "merkmal", "wert", "status"])
        for *ort, wert in sorted(zeilen):
            schreiber.writerow([*ort, *(["", wert] if isinstance(wert, str) else [f"{wert:.10g}", "offen"])])


def zahl(text: object, **zeichen: float | str) -> float | str:
    """What a delivered cell means, by the table of its supplier: "*" secret, "-" nothing."""
    return zeichen.get(str(text), text) if isinstance(text, str) else text


# ---------------------------------------------------------------- BA-Statistik


def ba_blaetter() -> None:
    datei = "sgb2-gemeinden-5-0-202302-xlsx.xlsx"
    monate = {
        "Januar 2023": (
            "2023-01-31",
            [[1210, 870, 610], [84, "*", 51], [1245, 900, 640], [410, 300, 205], ["-", "-", "-"]],
        ),
        "Februar 2023": (
            "2023-02-28",
            [[1216, 868, 612], [86, 61, 52], [1239, 899, 638], ["*", 301, 206], [3, "*", "."]],
        ),
    }
    mappe = xlsxwriter.Workbook(HIER / "ba_blaetter" / datei)
    fett = mappe.add_format({"bold": True, "align": "center", "text_wrap": True})
    tausender = mappe.add_format({"num_format": "#,##0"})
    deckblatt = mappe.add_worksheet("Deckblatt")
    deckblatt.write("B4", "Tabellen")
    deckblatt.write("B6", "Leistungsberechtigte nach Gemeinden (Zahlen erfunden)")
    deckblatt.write("B9", "Erstellungsdatum: 14.06.2023")
    mappe.add_worksheet("Hinweise").write(
        "A1", "Zahlenwerte kleiner 3 und Daten, aus denen sie sich errechnen lassen, *"
    )
    hilfe = mappe.add_worksheet("Hilfstabelle")
    hilfe.write_row("A1", ["AGS", "Schicht"])
    hilfe.hide()
    erwartet = []
    for monat, (tag, werte) in monate.items():
        blatt = mappe.add_worksheet(monat)
        blatt.merge_range("A1:E1", "Strukturen der Grundsicherung SGB II", fett)
        blatt.write("A2", f"Berichtsmonat: {monat}, Daten mit einer Wartezeit von 3 Monaten")
        blatt.merge_range("A4:A5", "AGS", fett)
        blatt.merge_range("B4:B5", "Gemeinde", fett)
        blatt.merge_range("C4:D4", "Regelleistungs-\nberechtigte".replace("-\n", ""), fett)
        blatt.write("C5", "Insgesamt", fett)
        blatt.write("D5", "darunter\nerwerbsfähig", fett)
        blatt.merge_range("E4:E5", "Bedarfsgemeinschaften", fett)
        blatt.write_row("A6", ["", "", 1, 2, 3])
        zeile = 6
        for (ags, name), reihe in zip(KOMMUNEN.items(), werte, strict=True):
            blatt.write_row(zeile, 0, [ags, name])
            for spalte, wert in enumerate(reihe, 2):
                blatt.write(zeile, spalte, wert, None if isinstance(wert, str) else tausender)
            bedeutung = {"*": GEHEIM, ".": GEHEIM, "-": 0}
            for merkmal, wert in zip(("sgb2_rlb", "sgb2_elb", "sgb2_bg"), reihe, strict=True):
                erwartet.append((datei, ags, tag, merkmal, zahl(wert, **bedeutung)))
            zeile += 1
        if monat == "Januar 2023":  # the other month keeps one number of the column secret
            blatt.write_row(zeile, 0, ["Insgesamt", "", "2.949 1)", "*", 1506])
            zeile += 1
        blatt.write(zeile, 0, "Erstellungsdatum: 14.06.2023, Statistik-Service West")
        blatt.write(zeile + 1, 0, "1) vorläufig")
        blatt.write(zeile + 2, 0, "* Anonymisiert: kleiner 3 oder Rückschluss möglich.")
        blatt.merge_range(zeile + 4, 0, zeile + 4, 4, "© Statistik der Bundesagentur für Arbeit (Form)")
    mappe.close()
    erwarte("ba_blaetter", erwartet)


def ba_spalten() -> None:
    datei = "arbeitslose-zeitreihe-2023.xlsx"
    monate = {"November 2023": "2023-11-30", "Dezember 2023": "2023-12-31", "Januar 2024": "2024-01-31"}
    werte = {
        "05998004": [512, 240, 520, 244, 540, 251],
        "05998008": [31, "*", 30, 12, 33, 14],
        "05999004": [650, 301, 661, 305, 690, 318],
        "05999008": [199, 90, 201, 92, 214, 97],
        "05999012": ["-", "-", "-", "-", 4, "*"],
    }
    mappe = xlsxwriter.Workbook(HIER / "ba_spalten" / datei)
    fett = mappe.add_format({"bold": True})
    mappe.add_worksheet("Titel").write("A1", "Arbeitslose: Zeitreihe (Zahlen erfunden)")
    blatt = mappe.add_worksheet("Zeitreihe")
    blatt.write("A1", "Bestand an Arbeitslosen")
    blatt.merge_range("A3:A4", "Schlüssel", fett)
    blatt.merge_range("B3:B4", "Gebiet", fett)
    for nr, monat in enumerate(monate):
        blatt.merge_range(2, 2 + 2 * nr, 2, 3 + 2 * nr, monat, fett)
        blatt.write_row(3, 2 + 2 * nr, ["Insgesamt", "darunter Frauen"], fett)
    erwartet = []
    for zeile, (ags, reihe) in enumerate(werte.items(), 4):
        blatt.write_row(zeile, 0, [int(ags), KOMMUNEN[ags], *reihe])  # the key as a number: its zero is lost
        for nr, wert in enumerate(reihe):
            merkmal = ("sgb3_alo", "sgb3_alo_w")[nr % 2]
            erwartet.append((datei, ags, list(monate.values())[nr // 2], merkmal, zahl(wert, **{"*": GEHEIM, "-": 0})))
    blatt.write(len(werte) + 5, 0, "Quelle: Statistik der Bundesagentur für Arbeit (Form)")
    mappe.close()
    erwarte("ba_spalten", erwartet)


# ---------------------------------------------------------------- statistical offices


def regionalstatistik() -> None:
    datei = "13211-02-05-4.csv"
    kopf = """GENESIS-Tabelle: 13211-02-05-4
Arbeitslose nach ausgewählten Personengruppen sowie;;;;;
Arbeitslosenquoten - Jahresdurchschnitt -;;;;;
regionale Tiefe:;;;;;
Kreise und krfr. Städte;;;;;
Arbeitsmarktstatistik der Bundesagentur für Arbeit;;;;;
;;;Arbeitslose;Arbeitslose;Arbeitslosenquote bez. auf alle zivile Erwerbsp.
;;;;Ausländer;
;;;Anzahl;Anzahl;Prozent
"""
    fuss = """__________
Arbeitslose:
"Ergebnisse der Kreise; siehe
Erläuterungen."
"© Statistische Ämter des Bundes und der Länder (Form, Zahlen erfunden)."
Stand: 17.08.2021 / 19:38:04
"""
    werte = {
        2019: {"05": (9000, 2100, "5,5"), "05998": (4000, 900, "4,8"), "05999": (5000, 1200, "6,25")},
        2020: {"05": (9900, 2400, "6,0"), "05998": (4400, 1000, "5,2"), "05999": (5500, 1400, ".")},
    }
    namen = {"05": "  Beispielland", "05998": "      Nordkreis, Landkreis", "05999": "      Südkreis, Landkreis"}
    zeilen, erwartet = [], []
    for jahr, raeume in werte.items():
        zeilen.append(f"{jahr};DG;Deutschland;2695444;795692;5,9")
        zeilen.append(f"{jahr};01;  Anderland;92140;21506;5,8")
        zeilen.append(f"{jahr};01001;      Anderstadt, kreisfreie Stadt;-;x;.")
        for key, (alle, auslaender, quote) in raeume.items():
            zeilen.append(f"{jahr};{key};{namen[key]};{alle};{auslaender};{quote}")
            if key != "05":
                ort = (datei, key, f"{jahr}-12-31")
                zahlen = (alle, auslaender, GEHEIM if quote == "." else float(quote.replace(",", ".")))
                erwartet += [
                    (*ort, m, w) for m, w in zip(("sgb3_alo", "sgb3_alo_a", "sgb3_quote"), zahlen, strict=True)
                ]
    text = kopf + "\n".join(zeilen) + "\n" + fuss
    (HIER / "regionalstatistik" / datei).write_bytes(text.encode("iso-8859-1"))
    erwarte("regionalstatistik", erwartet)


def genesis_tabelle() -> None:
    datei = "12411-01-01-4.csv"
    werte = {
        "05": ("  Beispielland", 300_000, 147_000),
        "05998": ("      Nordkreis, Landkreis", 120_000, 59_000),
        "05998004": ("        Ahausen, Stadt", 80_000, 39_000),
        "05998008": ("        Bergdorf", 40_000, 20_000),
        "05999": ("      Südkreis, Landkreis", 180_000, 88_000),
        "05999004": ("        Altstadt, Stadt", 100_000, 49_000),
        "05999008": ("        Bahnhof", 79_990, 38_998),
        "05999012": ("        Weiler", 10, 2),
    }
    kopf = """GENESIS-Tabelle: 12411-01-01-4
Bevölkerung nach Geschlecht (Anzahl);;;;
;;Stichtag;Stichtag;Stichtag
;;31.12.2018;31.12.2018;31.12.2018
;;Insgesamt;männlich;weiblich
"""
    zeilen = ["DG;Deutschland;83019213;40966691;42052522", "032;    Andere, Stat. Region;-;-;-"]
    erwartet = []
    for key, (name, alle, maenner) in werte.items():
        frauen = alle - maenner
        zeilen.append(f"{key};{name};{alle};{maenner};{frauen if frauen else '-'}")
        tag = (datei, key, "2018-12-31")
        erwartet += [(*tag, "bev", alle), (*tag, "bev_m", maenner), (*tag, "bev_w", frauen)]
    text = (
        kopf + "\n".join(zeilen) + "\n__________\n(C)opyright (Form, Zahlen erfunden)\nStand: 21.03.2020 / 12:15:06\n"
    )
    (HIER / "genesis_tabelle" / datei).write_bytes(text.encode("iso-8859-1"))
    erwarte("genesis_tabelle", erwartet)


def genesis_flach() -> None:
    datei = "22411-0001_de_flat.csv"
    spalten = (
        "statistics_code;statistics_label;time_code;time_label;time;1_variable_code;1_variable_label;"
        "1_variable_attribute_code;1_variable_attribute_label;2_variable_code;2_variable_label;"
        "2_variable_attribute_code;2_variable_attribute_label;value;value_unit;value_variable_code;value_variable_label"
    )
    werte = {
        ("05998", "Nordkreis, Landkreis"): {"GESM": "2810", "GESW": "5120", "INSGESAMT": "7930"},
        ("05999", "Südkreis, Landkreis"): {"GESM": ".", "GESW": "6001", "INSGESAMT": "9204"},
        ("01001", "Anderstadt, Kreisfreie Stadt"): {"GESM": "-", "GESW": "/", "INSGESAMT": "12"},
    }
    namen = {"GESM": ("pflege_m", "männlich"), "GESW": ("pflege_w", "weiblich"), "INSGESAMT": ("pflege", "Insgesamt")}
    zeilen, erwartet = [spalten], []
    for (key, raum), geschlechter in werte.items():
        for code, wert in geschlechter.items():
            merkmal, titel = namen[code]
            vorne = f"22411;Pflegestatistik;STAG;Stichtag;2021-12-15;KREISE;Kreise;{key};{raum};GES;Geschlecht"
            zeilen.append(f"{vorne};{code};{titel};{wert};Anzahl;PFL010;Pflegebedürftige")
            if key.startswith("05"):
                erwartet.append((datei, key, "2021-12-15", merkmal, GEHEIM if wert == "." else int(wert)))
        zeilen.append(f"{vorne};INSGESAMT;Insgesamt;...;Anzahl;PFL020;Personal")
    (HIER / "genesis_flach" / datei).write_bytes("\r\n".join(zeilen).encode("utf-8-sig"))
    erwarte("genesis_flach", erwartet)


def it_nrw() -> None:
    datei = "einwohner_gemeinden_2022.xls"
    werte = {
        "05998004": (80_120, 39_060, 22.4),
        "05998008": (40_010, 20_000, 25.125),
        "05999004": (100_500, 49_250, "."),
        "05999008": (79_990, 39_000, 21.0),
        "05999012": (9, 9, 100),
    }
    mappe = xlwt.Workbook()
    mappe.add_sheet("Impressum").write(0, 0, "Herausgegeben vom Landesbetrieb (Form, Zahlen erfunden)")
    blatt = mappe.add_sheet("Tabelle 1")
    blatt.write(0, 0, "Bevölkerung in den Gemeinden am 31. Dezember 2022")
    blatt.write_merge(2, 3, 0, 0, "Amtliche Schlüssel\u00adnummer")
    blatt.write_merge(2, 3, 1, 1, "Gebiet")
    blatt.write_merge(2, 2, 2, 4, "Bevölkerung")
    for spalte, text in enumerate(("insgesamt", "männlich", "weiblich"), 2):
        blatt.write(3, spalte, text)
    blatt.write_merge(2, 3, 5, 5, "Anteil\n65 und älter\nin %")
    erwartet = []
    for zeile, (ags, (alle, maenner, anteil)) in enumerate(werte.items(), 4):
        frauen = alle - maenner
        reihe = [ags, KOMMUNEN[ags], alle, maenner, frauen or "–", anteil]
        for spalte, wert in enumerate(reihe):
            blatt.write(zeile, spalte, f"{wert:,}a)".replace(",", "") if (ags, spalte) == ("05999008", 2) else wert)
        ort = (datei, ags, "2022-12-31")
        erwartet += [(*ort, "bev", alle), (*ort, "bev_m", maenner), (*ort, "bev_w", frauen)]
        erwartet.append((*ort, "bev_65_anteil", GEHEIM if anteil == "." else anteil))
    blatt.write(len(werte) + 5, 0, "a) vorläufig. – Quelle: Fortschreibung auf Basis des Zensus 2011")
    mappe.save(str(HIER / "it_nrw" / datei))
    erwarte("it_nrw", erwartet)


def zensus() -> None:
    datei = "Regionaltabelle_Bevoelkerung.xlsx"
    zeilen = [
        ("00", "Deutschland", "Bund (mit Deutschen im Ausland)", 82_719_540, "–", None),
        ("00", "Deutschland", "Bund (ohne Deutsche im Ausland)", 82_711_282, 84_079_811, -1.6),
        ("05", "Beispielland", "Land", 298_000, 300_000, -0.7),
        ("05998", "Nordkreis", "Stadtkreis/kreisfreie Stadt/Landkreis", 119_000, 120_000, -0.8),
        ("059980001", "Amt Nord", "Gemeindeverband", 119_000, 120_000, None),
        ("059980001004", "Ahausen, Stadt", "Gemeinde", 79_200, 80_000, -1.0),
        ("059980001008", "Bergdorf", "Gemeinde", 39_800, 40_000, None),
        ("05999", "Südkreis", "Stadtkreis/kreisfreie Stadt/Landkreis", 179_000, 180_000, -0.6),
        ("059990004004", "Altstadt, Stadt", "Gemeinde", 100_100, 100_000, 0.1),
        ("059990008008", "Bahnhof", "Gemeinde", 78_890, 80_000, None),
        ("059990012012", "Weiler", "Gemeinde", 10, "–", None),
    ]
    mappe = xlsxwriter.Workbook(HIER / "zensus" / datei)
    mappe.add_worksheet("Titel Bevölkerung")
    mappe.add_worksheet("Impressum").write("B2", "Impressum")
    blatt = mappe.add_worksheet("Bevölkerung")
    fett = mappe.add_format({"bold": True, "text_wrap": True})
    blatt.write("A1", "Zensus 2022 - Ausgewählte Ergebnisse zur Bevölkerungszahl zum Stichtag 15. Mai 2022 ")
    blatt.write("A2", "Bevölkerung nach Zensus und Vergleich zur Bevölkerungsfortschreibung")
    fortschreibung = "Bevölkerung\nBevölkerungsfortschreibung zum 30.06.2022 auf Basis Zensus 2011**"
    titel = ["Amtlicher \nRegionalschlüssel (ARS)", "Name", "Regionalebene", "Bevölkerung\nZensus 2022*"]
    for spalte, text in enumerate(titel):
        blatt.merge_range(2, spalte, 3, spalte, text, fett)
    blatt.write(2, 4, fortschreibung, fett)
    blatt.merge_range("F3:G3", "Veränderung Zensus 2022 \nzur Fortschreibung", fett)
    blatt.write_row("F4", ["absolut", "%"], fett)
    erwartet = []
    for nr, (ars, name, ebene, zensus_, fort, prozent) in enumerate(zeilen, 4):
        blatt.write_row(nr, 0, [ars, name, ebene, zensus_, fort])
        blatt.write_formula(nr, 5, f"=D{nr + 1}-E{nr + 1}", None, "" if fort == "–" else zensus_ - fort)
        blatt.write_formula(nr, 6, f"=((D{nr + 1}-E{nr + 1})/E{nr + 1})*100", None, "" if prozent is None else prozent)
        if ebene == "Gemeinde":
            ort = (datei, ars[:5] + ars[9:], "2022-05-15")
            erwartet.append((*ort, "zensus_ewz", zensus_))
            erwartet.append((*ort, "zensus_fortschreibung", FEHLT if fort == "–" else fort))
    blatt.write(len(zeilen) + 5, 0, "* ohne im Ausland tätige Angehörige der Bundeswehr")
    mappe.close()
    erwarte("zensus", erwartet)


def pflegestatistik() -> None:
    datei = "pflege_2021_t3.xlsx"
    werte = {"Nordkreis": ((2810, 610), (5120, 1400)), "Südkreis": ((3203, 702), (6001, "·"))}
    mappe = xlsxwriter.Workbook(HIER / "pflegestatistik" / datei)
    fett = mappe.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    druck = mappe.add_format({"num_format": "#\\ ##0"})
    blatt = mappe.add_worksheet("T 3")
    blatt.merge_range("A1:D1", "Noch: 3. Pflegebedürftige am 15. Dezember 2021", fett)

    def schreibe_kopf(zeile: int) -> None:
        blatt.merge_range(zeile, 0, zeile + 1, 0, "Kreisfreie Stadt\nKreis", fett)
        blatt.merge_range(zeile, 1, zeile + 1, 1, "Geschlecht", fett)
        blatt.merge_range(zeile, 2, zeile, 3, "Pflegebedürftige", fett)
        blatt.write_row(zeile + 1, 2, ["insgesamt", "davon in Heimen"], fett)

    schreibe_kopf(2)
    blatt.write(5, 0, "Regierungsbezirk Mitte", fett)  # a heading between
    zeile, erwartet = 7, []
    for kreis, (maenner, frauen) in werte.items():
        key = {"Nordkreis": "05998", "Südkreis": "05999"}[kreis]
        heim = "·" if "·" in (maenner[1], frauen[1]) else maenner[1] + frauen[1]
        reihen = {"männlich": maenner, "weiblich": frauen, "insgesamt": (maenner[0] + frauen[0], heim)}
        blatt.merge_range(zeile, 0, zeile + 2, 0, kreis, fett)
        for nr, (geschlecht, reihe) in enumerate(reihen.items()):
            blatt.write(zeile + nr, 1, geschlecht)
            zusatz = {"männlich": "_m", "weiblich": "_w", "insgesamt": ""}[geschlecht]
            for spalte, (merkmal, wert) in enumerate(zip(("pflege", "pflege_heim"), reihe, strict=True), 2):
                text = f"{wert:,}".replace(",", " ") if merkmal == "pflege" and isinstance(wert, int) else wert
                blatt.write(zeile + nr, spalte, text, druck)
                erwartet.append((datei, key, "2021-12-31", merkmal + zusatz, GEHEIM if wert == "·" else wert))
        zeile += 4
        if kreis == "Nordkreis":  # the next printed page repeats the head
            schreibe_kopf(zeile)
            zeile += 3
    blatt.write(zeile, 0, "Beispielland", fett)
    for nr, (geschlecht, summe) in enumerate({"männlich": 6013, "weiblich": 11_121, "insgesamt": 17_134}.items()):
        blatt.write_row(zeile + nr, 1, [geschlecht, summe, "·"])
    blatt.write(zeile + 4, 0, "· Zahlenwert unbekannt oder geheim zu halten")
    mappe.close()
    erwarte("pflegestatistik", erwartet)


# ---------------------------------------------------------------- others


def kommune_ods() -> None:
    datei = "grundsicherung_2023.ods"
    werte = {
        "05998004": (612, 201),
        "05998008": (80, "-"),
        "05999004": (900, 345),
        "05999008": (300, 110),
        "05999012": ("x", 4),
    }
    dokument = Document("spreadsheet")
    dokument.body.clear()
    notizen = Table("Notizen")
    notizen.append_row(Row())
    notizen.set_value("A1", "nur intern")
    bestand = Table("Bestand")
    bestand.set_values(
        [["Grundsicherung nach Kommunen"], [], ["AGS", "Kommune", "Stand", "Alter", "Erwerbsminderung", "Quote"]]
    )
    erwartet = []
    for ags, (alter, em) in werte.items():
        zeile = Row()
        stand = Cell("31.12.2023")
        quote = Cell(2.5)
        quote.set_attribute("table:formula", "of:=[.D4]/100")
        for zelle in (Cell(ags), Cell(KOMMUNEN[ags]), stand, Cell(alter), Cell(em), quote):
            zeile.append_cell(zelle)
        bestand.append_row(zeile)
        ort = (datei, ags, "2023-12-31")
        erwartet.append((*ort, "sgb12_gsi_alter", GEHEIM if alter == "x" else alter))
        erwartet.append((*ort, "sgb12_gsi_em", 0 if em == "-" else em))
    bestand.append_row(_reihe("Zusammen", "", "31.12.2023", "x", 660))
    bestand.append_row(_reihe("Quelle: Sozialamt, eigene Auswertung"))
    dokument.body.append(bestand)
    dokument.body.append(notizen)
    dokument.save(str(HIER / "kommune_ods" / datei))
    erwarte("kommune_ods", erwartet)


def _reihe(*werte: object) -> Row:
    zeile = Row()
    for wert in werte:
        zeile.append_cell(Cell(wert) if wert != "" else Cell())
    return zeile


def ewr_matrix() -> None:
    """Five years, each in its own dialect."""
    alt, neu = ("E_65U80", "E_80U110"), ("E_E65U80", "E_E80U110")
    jahre = {"200412": alt, "200912": alt, "201212": alt, "201512": neu, "201812": neu}
    erwartet = []
    for nr, (monat, breite) in enumerate(jahre.items()):
        datei = f"EWR{monat}E_Matrix.csv"
        tabelle = {
            key: (3000 + nr * 10 + i, 1500 + nr * 5, 400 + nr, 90 + i) for i, key in enumerate(("01011101", "01011103"))
        }
        tabelle["01011102"] = (184, 104, 0, 3)
        kopf = ["ZEIT", "RAUMID", "BEZ", "E_E", "E_EM", "E_EW", "E_E00_01", *breite]
        reihen = []
        for key, (alle, maenner, aeltere, alte) in sorted(tabelle.items()):
            reihen.append([monat, key, "01", alle, maenner, alle - maenner, 9, aeltere, alte])
            zahlen = {"ewr": alle, "ewr_m": maenner, "ewr_w": alle - maenner, "ewr_65_79": aeltere, "ewr_80_plus": alte}
            erwartet += [(datei, key, f"{monat[:4]}-12-31", merkmal, wert) for merkmal, wert in zahlen.items()]
        if monat == "200912":
            summen = [sum(reihe[i] for reihe in reihen) for i in range(3, 9)]
            reihen.append([monat, "", "", *summen])
        zeilen = [";".join(map(str, reihe)) for reihe in (kopf, *reihen)]
        if monat in ("201212", "201512"):
            zeilen = [";".join(f'"{name}"' for name in kopf)]
            zeilen += [";".join([*(f'"{z}"' for z in r[:3]), *(f"{z},00" for z in r[3:])]) for r in reihen]
        enden = ["\r\n", "\r", "\r\n", "\r"] if monat == "200412" else ["\r\n"] * len(zeilen)
        text = "".join(zeile + ende for zeile, ende in zip(zeilen, enden, strict=True))
        (HIER / "ewr_matrix" / datei).write_bytes(text.encode("ascii"))
    erwarte("ewr_matrix", erwartet)


def inkar_xls() -> None:
    datei = "A_Arbeitslosigkeit.xls"
    jahre = ("2019", "2020", "2021")
    mappe = xlwt.Workbook()
    blatt = mappe.add_sheet("Daten")
    kopf = ["Kennziffer", "Raumeinheit", "Aggregat", *["Arbeitslose"] * 3, *["Arbeitslosenquote"] * 3]
    for spalte, text in enumerate(kopf):
        blatt.write(0, spalte, text)
    for spalte, jahr in enumerate((*jahre, *jahre), 3):
        blatt.write(1, spalte, jahr)
    erwartet = []
    for nr, ags in enumerate(["01001000", *KOMMUNEN]):
        reihe = [100 + 10 * nr, 101 + 10 * nr, 103 + 10 * nr, 4.25 + nr, "" if nr % 2 else 4.5, 4.3 + nr]
        for spalte, wert in enumerate([ags, KOMMUNEN.get(ags, "Anderstadt"), "Gemeinden", *reihe]):
            if wert != "":
                blatt.write(2 + nr, spalte, wert)
        for spalte, wert in enumerate(reihe if ags in KOMMUNEN else ()):
            merkmal = "inkar_alo" if spalte < 3 else "inkar_quote"
            erwartet.append((datei, ags, f"{jahre[spalte % 3]}-12-31", merkmal, FEHLT if wert == "" else wert))
    mappe.add_sheet("Metadaten").write(0, 0, "Dokumentation der exportierten Indikatoren")
    mappe.add_sheet("Quellangabe").write(0, 0, "Quelle (Zitierhinweis): INKAR (Form, Zahlen erfunden)")
    mappe.save(str(HIER / "inkar_xls" / datei))
    erwarte("inkar_xls", erwartet)


def inkar_parquet() -> None:
    datei = "sozialleistungen.parquet"
    zeilen, erwartet = [("Kreise", "05999000", "Südkreis", "2022", 71.5, 14.25, 180_000, 1.0)], []
    for nr, (ags, name) in enumerate(KOMMUNEN.items()):
        for jahr in ("2021", "2022"):
            quote = round(60.07 + nr * 1.1, 2)  # 0.07 and 0.1 have no exact binary form
            aerzte = None if jahr == "2021" and nr else 7.3 + nr
            zeilen.append(("Gemeinden", ags, name, jahr, quote, aerzte, 1000 * (nr + 1), float("nan")))
            ort = (datei, ags, f"{jahr}-12-31")
            erwartet += [(*ort, "inkar_pbg", quote), (*ort, "inkar_bev", 1000 * (nr + 1))]
            erwartet.append((*ort, "inkar_aerzte", FEHLT if aerzte is None else aerzte))
    spalten = list(zip(*zeilen, strict=True))
    namen = ["raumbezug", "kennziffer", "name", "zeitbezug", "q_PBG_bev", "q_ärzte_bev", "bev", "a_BGKind"]
    arten = [pa.string()] * 4 + [pa.float64(), pa.float32(), pa.int32(), pa.float64()]
    tabelle = pa.table([pa.array(s, art) for s, art in zip(spalten, arten, strict=True)], names=namen)
    pq.write_table(tabelle, HIER / "inkar_parquet" / datei)
    erwarte("inkar_parquet", erwartet)


def lang_csv() -> None:
    datei = "leistungen_2023.csv"
    zeilen, erwartet = ["ags;monat;leistung;anzahl"], []
    for monat, tag in {"2023-11": "2023-11-30", "2023-12": "2023-12-31"}.items():
        for nr, ags in enumerate(KOMMUNEN):
            for leistung, merkmal, wert in (("sgb2", "sgb2_rlb", 100 + nr), ("wohngeld", "wohngeld_hh", 20 + nr)):
                geheim = (monat, ags, leistung) == ("2023-12", "05999012", "wohngeld")
                zeilen.append(f"{ags};{monat};{leistung};{'*' if geheim else wert}")
                erwartet.append((datei, ags, tag, merkmal, GEHEIM if geheim else wert))
    (HIER / "lang_csv" / datei).write_bytes("\n".join(zeilen).encode() + b"\n")
    erwarte("lang_csv", erwartet)


def keck() -> None:
    datei = "keck_2023.xlsx"
    mappe = xlsxwriter.Workbook(HIER / "keck" / datei)
    mappe.add_worksheet("Anleitung").write("A1", "Ein Blatt je Indikator: Schlüssel, Name, ein Jahr je Spalte.")
    erwartet = []
    for blattname, merkmal, basis in (("SGB-II-Quote", "keck_sgb2_quote", 7.5), ("Kinder unter 6", "keck_bev_0_5", 60)):
        blatt = mappe.add_worksheet(blattname)
        blatt.write_row("A1", ["Schlüssel", "Name", 2021, 2022, 2023])
        for nr, (ags, name) in enumerate(KOMMUNEN.items(), 1):
            reihe = [basis + nr, basis + nr + 1, "x" if nr == 5 else basis + nr + 2]
            blatt.write_row(nr, 0, [ags, name, *reihe])
            for jahr, wert in zip((2021, 2022, 2023), reihe, strict=True):
                erwartet.append((datei, ags, f"{jahr}-12-31", merkmal, GEHEIM if wert == "x" else wert))
    mappe.close()
    erwarte("keck", erwartet)


ALLE = (
    ba_blaetter, ba_spalten, regionalstatistik, genesis_tabelle, genesis_flach, it_nrw, zensus, pflegestatistik,
    kommune_ods, ewr_matrix, inkar_xls, inkar_parquet, lang_csv, keck,
)  # fmt: skip

if __name__ == "__main__":
    for erzeuge in ALLE:
        erzeuge()
