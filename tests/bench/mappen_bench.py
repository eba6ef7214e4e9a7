"""Workbooks: seconds for a delivery of 205,200 cells as XLSX, XLS and ODS, from file to Lieferung, with program start.

`python -m tests.bench.mappen_bench`; invented figures, 10,800 Gemeinden, 19 columns.
"""

import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import xlsxwriter
import xlwt

from tests.bench.laden_bench import write_gebiet

SPALTEN = 18  # and the key: 19 cells a row, 205,200 in all
LESEN = """
import sys
from pathlib import Path
from etl.gruppen import pruefe_lieferung
from etl.quelle import read_quelle
from geodata.gebiet import read_gebiet
wurzel = Path(sys.argv[1])
datei = wurzel / f"breit.{sys.argv[2]}"
lieferung = pruefe_lieferung(datei, read_quelle(wurzel / f"breit_{sys.argv[2]}.toml"), read_gebiet(wurzel / "messland"))
assert len(lieferung.frame) == 194_400, len(lieferung.frame)
"""


def write_profil(wurzel: Path, art: str) -> None:
    teile = ['titel = "Breit"', 'gebiet = ["messland"]', 'herausgeber = "erfunden"', 'lizenz = "CC0"']
    teile += ['ebene = "gemeinde"', "[datei]", 'muster = "*"', f'format = "{art}"']
    teile += ["[raum]", 'spalte = "AGS"', "[stichtag]", "fest = 2023-12-31", "[spalten]"]
    teile += [f'"Spalte {nr}" = "m{nr:02d}"' for nr in range(SPALTEN)]
    teile += ["[standard]", 'einheit = "Personen"', 'recht = "sgb2"', "[merkmale]"]
    teile += [f'm{nr:02d} = {{ titel = "Merkmal {nr}" }}' for nr in range(SPALTEN)]
    (wurzel / f"breit_{art}.toml").write_text("\n".join(teile), encoding="utf-8")


def write_mappen(wurzel: Path, keys: list[str]) -> None:
    kopf = ["AGS", *(f"Spalte {nr}" for nr in range(SPALTEN))]
    zeilen = [
        kopf,
        *([key, *((nr * 31 + spalte * 7) % 9_973 for spalte in range(SPALTEN))] for nr, key in enumerate(keys)),
    ]
    mappe = xlsxwriter.Workbook(wurzel / "breit.xlsx")
    blatt = mappe.add_worksheet()
    alt = xlwt.Workbook()
    altes_blatt = alt.add_sheet("Tabelle1")
    for nr, zeile in enumerate(zeilen):
        blatt.write_row(nr, 0, zeile)
        for spalte, wert in enumerate(zeile):
            altes_blatt.write(nr, spalte, wert)
    mappe.close()
    alt.save(str(wurzel / "breit.xls"))
    write_ods(wurzel / "breit.ods", zeilen)


def write_ods(pfad: Path, zeilen: list[list]) -> None:
    def zelle(wert: object) -> str:
        art = (
            f'office:value-type="float" office:value="{wert}"'
            if isinstance(wert, int)
            else 'office:value-type="string"'
        )
        return f"<table:table-cell {art}><text:p>{wert}</text:p></table:table-cell>"

    namen = " ".join(f'xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"' for n in ("office", "table", "text"))
    reihen = "".join(f"<table:table-row>{''.join(map(zelle, zeile))}</table:table-row>" for zeile in zeilen)
    inhalt = f'<table:table table:name="Tabelle1">{reihen}</table:table>'
    with zipfile.ZipFile(pfad, "w", zipfile.ZIP_DEFLATED) as archiv:
        archiv.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        archiv.writestr("META-INF/manifest.xml", "<manifest/>")
        archiv.writestr(
            "content.xml",
            f"<?xml version='1.0'?><office:document-content {namen}><office:body><office:spreadsheet>{inhalt}"
            "</office:spreadsheet></office:body></office:document-content>",
        )


def rechenzeit() -> float:
    nutzung = resource.getrusage(resource.RUSAGE_CHILDREN)
    return nutzung.ru_utime + nutzung.ru_stime


def main() -> int:
    with tempfile.TemporaryDirectory() as ordner:
        wurzel = Path(ordner)
        keys = [key for key in write_gebiet(wurzel) if len(key) == 8]
        write_mappen(wurzel, keys)
        for art in ("xlsx", "xls", "ods"):
            write_profil(wurzel, art)
            beginn, vorher = time.perf_counter(), rechenzeit()
            subprocess.run([sys.executable, "-c", LESEN, str(wurzel), art], check=True)
            dauer = time.perf_counter() - beginn
            spitze = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
            groesse = (wurzel / f"breit.{art}").stat().st_size >> 10
            cpu = rechenzeit() - vorher
            print(f"{art.upper():5} 205.200 Zellen, {groesse} KB: {dauer:.2f} s (Rechenzeit {cpu:.2f} s), {spitze} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
