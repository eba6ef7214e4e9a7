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

from indicators.feld import GRUENDE

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


def write_vergleichsdatei(tabelle: pd.DataFrame, raeume: pd.DataFrame, kopf: dict, ziel: Path) -> str:
    """Write `….vergleich.bin`, see `build_vergleich`; returns its name."""
    kopf, rumpf = build_vergleich(tabelle, raeume, kopf)
    stamm = f"{kopf['kennzahl']}_{kopf['ebene']}_{kopf['gebietsstand']}"
    return write_behaelter(ziel, stamm, "vergleich.bin", kopf, rumpf)


def build_vergleich(tabelle: pd.DataFrame, raeume: pd.DataFrame, kopf: dict) -> tuple[dict, bytes]:
    """Header and body of a file of verdicts against the rest of the Gebiet, and of ranks.

    Args:
        tabelle: one Kennzahl, level and Gebietsstand of the table `auswertung`.
        raeume: as in `write_wertdateien`.

    Returns:
        Four layers of float32 like the values: benchmark (NaN: none), verdict, first and last possible rank. Verdict:
        1 similar; 2 higher, 3 lower at 95 %; 4 higher, 5 lower also at 99.8 %; 0 and below none, −n for the n-th of
        `gruende` of the header.
    """
    zeile, stichtage = pd.factorize(pd.to_datetime(tabelle["stichtag"]), sort=True)
    spalte = tabelle["raum_id"].astype(object).map({r: i for i, r in enumerate(raeume["raum_id"])}).to_numpy()
    lagen = np.full((4, len(stichtage), len(raeume)), np.nan, np.float32)
    lagen[1] = 0
    for lage, zahlen in enumerate(
        (tabelle["rest_wert"], _urteilscode(tabelle), tabelle["rang_von"], tabelle["rang_bis"])
    ):
        lagen[lage, zeile, spalte] = np.asarray(zahlen, float)
    kopf = {
        "version": 1,
        **kopf,
        "stichtage": [f"{t:%Y-%m-%d}" for t in stichtage],
        "anzahl": len(raeume),
        "gruende": list(GRUENDE),
    }
    return kopf, lagen.astype("<f4").tobytes()


def _urteilscode(tabelle: pd.DataFrame) -> np.ndarray:
    urteil, streng = (tabelle[name].astype(object).fillna("") for name in ("rest_urteil", "rest_streng"))
    code = urteil.map({"": 0, "aehnlich": 1, "hoeher": 2, "niedriger": 3}).to_numpy(float)
    grund = tabelle["rest_grund"].astype(object).map({wort: -nr for nr, wort in enumerate(GRUENDE)}).to_numpy(float)
    return np.where(code == 0, grund, np.where((code > 1) & (streng == urteil), code + 2, code))


def encode_werte(wert: np.ndarray, status: np.ndarray) -> np.ndarray:
    """float32 bit patterns; where the status has no value, a quiet NaN carries its code."""
    bits = wert.astype("<f4").view("<u4").copy()
    for name, code in STATUS_CODE.items():
        bits[status == name] = QUIET_NAN | code
    return bits


def write_behaelter(ziel: Path, stamm: str, endung: str, kopf: dict, rumpf: bytes) -> str:
    """Write header and body, named by their hash; the same content gives the same file."""
    inhalt = pack_behaelter(kopf, rumpf)
    name = f"{stamm}_{hashlib.sha256(inhalt).hexdigest()[:12]}.{endung}"
    (ziel / name).write_bytes(gzip.compress(inhalt, 9, mtime=0))
    return name


def pack_behaelter(kopf: dict, rumpf: bytes) -> bytes:
    text = json.dumps(kopf, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    return len(text).to_bytes(4, "little") + text + rumpf


def read_behaelter(gepackt: bytes) -> tuple[dict, bytes]:
    """Header and body of a file of this module."""
    inhalt = gzip.decompress(gepackt)
    laenge = int.from_bytes(inhalt[:4], "little")
    return json.loads(inhalt[4 : 4 + laenge]), inhalt[4 + laenge :]


def mische_behaelter(innen: bytes | None, aussen: bytes | None, drin: np.ndarray) -> bytes:
    """One value file out of two of the same Kennzahl, level and Gebietsstand: columns where `drin` from the first.

    A file that is missing, or a Stichtag that it lacks, is nothing its profile shows: `gesperrt`.
    """
    teile = [read_behaelter(b) if b else None for b in (innen, aussen)]
    kopf = dict(next(t for t in teile if t)[0])
    stichtage = sorted({tag for t in teile if t for tag in t[0]["stichtage"]})
    form = (len(stichtage), len(drin))
    lagen = 1 if kopf_ist_wert(teile) else 2
    leer = np.uint32(QUIET_NAN | STATUS_CODE["gesperrt"]) if lagen == 1 else np.float32("nan").view("<u4")
    rumpf = np.full((lagen, *form), leer, "<u4")
    marken = {name: np.zeros(form, bool) for name in ("unsicher", "umgerechnet") if name in kopf}
    for teil, spalten in zip(teile, (drin, ~drin), strict=True):
        if teil is None:
            continue
        eigener, daten = teil
        if eigener["anzahl"] != len(drin):
            raise ValueError("value files of one level differ in their number of Räume")
        zeilen = np.array([stichtage.index(tag) for tag in eigener["stichtage"]])
        ort = np.ix_(range(lagen), zeilen, np.flatnonzero(spalten))
        eigene_form = (len(zeilen), len(drin))
        rumpf[ort] = np.frombuffer(daten, "<u4").reshape(lagen, *eigene_form)[:, :, spalten]
        for name, marke in marken.items():
            gesetzt = np.zeros(eigene_form, bool)
            gesetzt.flat[eigener[name]] = True
            marke[np.ix_(zeilen, np.flatnonzero(spalten))] = gesetzt[:, spalten]
    kopf |= {"stichtage": stichtage, **{name: np.flatnonzero(m).tolist() for name, m in marken.items()}}
    return gzip.compress(pack_behaelter(kopf, rumpf.tobytes()), 6, mtime=0)


def kopf_ist_wert(teile: list) -> bool:
    """Whether the files hold values (one layer) or intervals (two): told by their size, the header does not say."""
    kopf, rumpf = next(t for t in teile if t)
    return len(rumpf) == 4 * len(kopf["stichtage"]) * kopf["anzahl"]
