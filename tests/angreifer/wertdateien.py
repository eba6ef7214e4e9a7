"""Door: the binary files behind the map. Body: float32, Stichtag by Stichtag, Räume in the order of the geometry file
and those without an area behind them; a NaN is no number, whatever its bits say about the reason."""

from __future__ import annotations

import numpy as np

from tests.angreifer.beobachtung import Einblick, Ort
from tests.angreifer.server import read_behaelter


def read_wertdatei(inhalt: bytes, raeume: list[str]) -> Einblick:
    """One `….wert.bin` or `….grenzen.bin`.

    Args:
        raeume: ids in the order of the geometry file, then those without an area.
    """
    kopf, rumpf = read_behaelter(inhalt)
    tage, n = kopf["stichtage"], kopf["anzahl"]
    felder = np.frombuffer(rumpf, "<f4").reshape(-1, len(tage), n)
    rollen = ("wert",) if len(felder) == 1 else ("unten", "oben")
    umgerechnet = set(kopf.get("umgerechnet", ()))
    einblick = Einblick()
    for rolle, feld in zip(rollen, felder, strict=True):
        for i, j in zip(*np.nonzero(~np.isnan(feld)), strict=True):
            heute = bool(i * n + j in umgerechnet)
            ort = Ort(raeume[j], kopf["gebietsstand"], tage[i], kopf["kennzahl"], heute)
            wert = float(feld[i, j])
            # Seven digits are kept: enough for any count, not for any rate.
            einblick.note(ort, rolle, wert, "Wertdatei", rundung=abs(wert) * 2**-23)
    return einblick


def find_fremde_bits(inhalt: bytes) -> set[int]:
    """What stands in the bits of numbers that are none: a reason from 0 to 15, and nothing else."""
    felder = np.frombuffer(read_behaelter(inhalt)[1], "<u4")
    stumm = felder[np.isnan(felder.view("<f4"))]
    return set((stumm & 0x803F_FFFF).tolist()) - set(range(16))
