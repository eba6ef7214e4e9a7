"""The one case list of the Musterkreis: Hilfe zur Pflege 2024, every person visibly invented."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
from numpy.random import RandomState

from etl.beispiel.musterkreis_bevoelkerung import JAHRE
from etl.beispiel.musterkreis_dateien import ERFUNDEN, write_csv
from etl.beispiel.musterkreis_lieferungen import KOMMUNE_IDS

SAAT = 2024  # of its own: the other deliveries must not change with this one
JAHR = 2024
KOPF = ["Fallnummer", "Name", "Geburtsdatum", "Geschlecht", "Gemeinde", "Versichertenstatus", "Beginn", "Ende"]
VERSICHERT = (("ja", 0.86), ("nein", 0.07), ("", 0.07))  # the field is no duty: 93 % filled
GEMEINDE_FEHLT, ZWEI_ZEILEN, BEENDET = 0.02, 0.08, 0.15


def write_fallliste(ziel: Path, faelle: np.ndarray) -> None:
    """One row per spell; some persons have two rows that follow each other, some cases ended during the year.

    Args:
        faelle: persons with Hilfe zur Pflege [year, Kommune]; the list holds nearly as many, it is another register.
    """
    zufall, zeilen = RandomState(SAAT), []
    for kommune, anzahl in zip(KOMMUNE_IDS, faelle[JAHRE.index(JAHR)], strict=True):
        for _ in range(zufall.poisson(0.94 * anzahl)):
            zeilen += _person(len(zeilen), kommune, zufall)
    titel = [f"Auszug Hilfe zur Pflege {JAHR} - {ERFUNDEN}"]
    write_csv(ziel / "mk_hzp_liste" / f"hzp_faelle_{JAHR}.csv", titel, [KOPF, *zeilen])


def _person(nummer: int, kommune: str, zufall: RandomState) -> list[list[str]]:
    geburt = date(JAHR, 7, 1) - timedelta(days=int(zufall.normal(79, 11) * 365.25))
    status = zufall.choice([s for s, _ in VERSICHERT], p=[p for _, p in VERSICHERT])
    ort = "" if zufall.random_sample() < GEMEINDE_FEHLT else kommune
    beginn = date(JAHR, 11, 1) - timedelta(days=int(zufall.exponential(900)))
    anfang = [f"Erfunden-{nummer:05d}", f"Erfunden, Person {nummer}", f"{geburt:%d.%m.%Y}", zufall.choice(["m", "w"])]

    def zeile(von: date, bis: date | None) -> list[str]:
        return [*anfang, ort, status, f"{von:%d.%m.%Y}", f"{bis:%d.%m.%Y}" if bis else ""]

    if zufall.random_sample() < BEENDET:
        return [zeile(beginn, max(beginn, date(JAHR, 1, 1)) + timedelta(days=int(zufall.randint(0, 60))))]
    if zufall.random_sample() < ZWEI_ZEILEN and beginn < date(JAHR, 6, 1):
        return [zeile(beginn, date(JAHR, 6, 30)), zeile(date(JAHR, 7, 1), None)]
    return [zeile(beginn, None)]
