"""Value files for the browser map: one small immutable binary file per Kennzahl, level and Gebietsstand.

Container as for the geometry: uint32 length of the JSON header (padded with blanks to a multiple of four), header,
body; all little endian, the whole compressed with gzip. Body: float32, Stichtag by Stichtag, Räume in the order of the
geometry file, Räume without geometry behind them. A missing value is a quiet NaN whose low bits say why.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd

STATUS_CODE = {"gesperrt": 1, "gesperrt_quelle": 2, "nicht_geliefert": 3, "nicht_sinnvoll": 4, "nicht_definiert": 5}
STATUS_CODE |= {"nicht_umgerechnet": 6}  # only on maps of today's Räume: cut anew too much since that Stichtag
QUIET_NAN = 0x7FC00000


def write_wertdateien(tabelle: pd.DataFrame, raeume: pd.DataFrame, kopf: dict, ziel: Path) -> dict[str, str]:
    """Write `….wert.bin` and `….grenzen.bin`.

    Args:
        tabelle: one Kennzahl, level and Gebietsstand: raum_id, stichtag, wert, unten, oben, status, and where old
            Stichtage stand on today's Räume also `umgerechnet`.
        raeume: raum_id, name, mit_geometrie of the level, in the order of `nr`.
        kopf: kennzahl, ebene, gebietsstand.

    Returns:
        art ("wert", "grenzen") → file name, which holds a hash of the content.
    """
    stichtage = sorted(tabelle["stichtag"].unique())
    zeile = tabelle["stichtag"].map({t: i for i, t in enumerate(stichtage)}).to_numpy()
    spalte = tabelle["raum_id"].map({r: i for i, r in enumerate(raeume["raum_id"])}).to_numpy()
    form = (len(stichtage), len(raeume))
    wert = np.full(form, QUIET_NAN | STATUS_CODE["nicht_geliefert"], np.uint32)
    wert[zeile, spalte] = encode_werte(tabelle["wert"].to_numpy(float), tabelle["status"].to_numpy(object))
    grenzen = np.full((2, *form), np.nan, np.float32)
    grenzen[0, zeile, spalte] = tabelle["unten"].to_numpy(float)
    grenzen[1, zeile, spalte] = tabelle["oben"].to_numpy(float)
    unsicher = np.zeros(form, bool)
    unsicher[zeile, spalte] = tabelle["status"].to_numpy(object) == "unsicher"
    kopf = {
        "version": 1,
        **kopf,
        "stichtage": [t.isoformat() for t in stichtage],
        "anzahl": len(raeume),
        "rest": raeume.loc[~raeume["mit_geometrie"], "name"].tolist(),
        "unsicher": np.flatnonzero(unsicher).tolist(),
    }
    if "umgerechnet" in tabelle:
        umgerechnet = np.zeros(form, bool)
        umgerechnet[zeile, spalte] = tabelle["umgerechnet"].to_numpy(bool)
        kopf["umgerechnet"] = np.flatnonzero(umgerechnet).tolist()
    stamm = f"{kopf['kennzahl']}_{kopf['ebene']}_{kopf['gebietsstand']}"
    return {
        "wert": write_behaelter(ziel, stamm, "wert.bin", kopf, wert.astype("<u4").tobytes()),
        "grenzen": write_behaelter(ziel, stamm, "grenzen.bin", kopf, grenzen.astype("<f4").tobytes()),
    }


def encode_werte(wert: np.ndarray, status: np.ndarray) -> np.ndarray:
    """float32 bit patterns; where the status has no value, a quiet NaN carries its code."""
    bits = wert.astype("<f4").view("<u4").copy()
    for name, code in STATUS_CODE.items():
        bits[status == name] = QUIET_NAN | code
    return bits


def write_behaelter(ziel: Path, stamm: str, endung: str, kopf: dict, rumpf: bytes) -> str:
    """Write header and body, named by their hash; the same content gives the same file."""
    text = json.dumps(kopf, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    inhalt = len(text).to_bytes(4, "little") + text + rumpf
    name = f"{stamm}_{hashlib.sha256(inhalt).hexdigest()[:12]}.{endung}"
    (ziel / name).write_bytes(gzip.compress(inhalt, 9, mtime=0))
    return name
