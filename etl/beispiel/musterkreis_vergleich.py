"""Benchmarks of the invented Musterland, with which the Musterkreis is compared: fixed numbers, no draw."""

from pathlib import Path

BEZUG = "Musterland (erfunden)"
QUELLE = "erfundene Zahlen dieses Projekts, CC0 1.0"
# Kennzahl → year → value [%]; care is counted every other year.
WERTE = {
    "sgb2_quote": dict(zip(range(2015, 2025), (9.6, 9.9, 9.9, 9.4, 9.0, 9.2, 8.8, 9.6, 9.8, 9.6), strict=True)),
    "kinderarmut_u15": dict(
        zip(range(2015, 2025), (16.1, 16.7, 16.8, 16.2, 15.5, 15.3, 14.6, 16.4, 16.6, 16.1), strict=True)
    ),
    "kinderarmut_u18": dict(
        zip(range(2015, 2025), (15.3, 15.9, 16.0, 15.5, 14.9, 14.7, 14.0, 15.8, 16.0, 15.6), strict=True)
    ),
    "pflegequote": {2015: 3.4, 2017: 4.0, 2019: 4.8, 2021: 5.7, 2023: 6.4},
}


def write_vergleichswerte(pfad: Path) -> None:
    """vergleichswerte.csv of the Musterkreis."""
    zeilen = ["bezug;kennzahl;stichtag;wert;zaehler;nenner;quelle"]
    for kennzahl, reihe in WERTE.items():
        for jahr, wert in reihe.items():
            zahl = f"{wert:.1f}".replace(".", ",")
            zeilen.append(f"{BEZUG};{kennzahl};31.12.{jahr};{zahl};;;{QUELLE}")
    pfad.write_bytes("".join(f"{zeile}\n" for zeile in zeilen).encode())
