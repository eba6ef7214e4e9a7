"""What was published so far: every block in every edition, with its numbers, its relations and who could see what.

`daten/<gebiet>/gedaechtnis/<nr>/` holds the blocks that one publication has changed and is never written again:
`zellen.parquet`, `relationen.parquet`, `stand.json`. It is as secret as intern.duckdb. It is written before a snapshot
becomes visible: an edition nobody saw may be remembered (that only hides more), none that was seen is ever forgotten,
also when its snapshot is withdrawn or deleted.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from geodata.fehler import MonitoringError
from indicators.platte import ersetze, loesche, sync_baum

ORDNER = "gedaechtnis"
FASSUNG = 1
GRUND = "grund_"  # columns of zellen.parquet: why each profile did not show a cell
_DATEIEN = ("zellen.parquet", "relationen.parquet", "stand.json")


@dataclass(frozen=True)
class Auflage:
    """A block as it was published once.

    `zellen` and `matrix` as in `relationen.Block`; `gruende`: per profile why a cell was not shown (see `primaer`;
    0: it was). `frage`: hash of everything that led to this pattern. `profile`: id → rang, regeln (hash of its rules),
    figures of the certificate. `nachgetragen`: rebuilt from a snapshot that is older than the memory.
    """

    stichtage: tuple
    zellen: pd.DataFrame
    matrix: sparse.csr_matrix
    gruende: dict[str, np.ndarray]
    frage: str
    profile: dict[str, dict]
    nachgetragen: bool = False

    @property
    def echt(self) -> np.ndarray:
        return ~(self.zellen["gegenstueck"] | self.zellen["fix"]).to_numpy(bool)


class Gedaechtnis:
    """Memory of one Gebiet. Reading is lazy; what is noted (`merke`) is written by `schreibe`, all at once."""

    def __init__(self, ordner: Path) -> None:
        """`ordner`: `daten/<gebiet>`."""
        self._ordner = ordner / ORDNER
        self._staende = [_read_stand(p) for p in _find_ausgaben(self._ordner)]
        self._neue: list[Auflage] = []
        self._nachtrag: list[str] = []
        self._gelesen: dict[int, tuple[pd.DataFrame, pd.DataFrame]] = {}

    @property
    def ausgaben(self) -> int:
        """Number of the last edition that is on disk; 0: nothing is remembered."""
        return self._staende[-1]["nr"] if self._staende else 0

    @property
    def gruppen(self) -> list[tuple]:
        """Stichtage that some edition has tied together."""
        bloecke = [_tage(b) for s in self._staende for b in s["bloecke"]]
        return [tage for tage in bloecke if len(tage) > 1]

    @property
    def stichtage(self) -> set:
        return {tag for s in self._staende for b in s["bloecke"] for tag in _tage(b)}

    def auflagen(self, stichtage: tuple) -> list[Auflage]:
        """Every edition that has to do with these Stichtage, oldest first."""
        gesucht = set(stichtage)
        gefunden = [
            self._lies(stand, nr)
            for stand in self._staende
            for nr, block in enumerate(stand["bloecke"])
            if gesucht & set(_tage(block))
        ]
        return sorted(gefunden, key=lambda auflage: not auflage.nachgetragen)

    def merke(self, auflage: Auflage) -> None:
        self._neue.append(auflage)

    @property
    def nachgetragen(self) -> set[str]:
        """Snapshots from before there was a memory that have been read and noted."""
        return {name for stand in self._staende for name in stand.get("nachgetragen", [])}

    def trage_nach(self, snapshot: str) -> None:
        self._nachtrag.append(snapshot)

    def kennt(self, beleg: dict | None) -> bool:
        """Whether the snapshot with this entry in its manifest is part of this memory."""
        if not beleg or not self._staende:
            return False
        return beleg.get("kennung") == self._staende[0]["kennung"] and beleg.get("ausgabe", 0) <= self.ausgaben

    def schreibe(self) -> dict:
        """Put what was noted on disk. Call under the lock, before the snapshot becomes visible.

        Returns:
            the entry for the manifest, see `kennt`.
        """
        if self._neue or self._nachtrag or not self._staende:  # also where there is nothing to protect: it is known
            nummer = self.ausgaben + 1
            kennung = self._staende[0]["kennung"] if self._staende else secrets.token_hex(8)
            self._ordner.mkdir(parents=True, exist_ok=True)
            for rest in self._ordner.glob(".bau_*"):
                loesche(rest)
            bau = self._ordner / f".bau_{nummer:06d}"
            bau.mkdir()
            stand = _write(bau, self._neue, {"nr": nummer, "kennung": kennung, "nachgetragen": self._nachtrag})
            sync_baum(bau)
            ersetze(bau, self._ordner / f"{nummer:06d}")
            self._staende.append(stand | {"pfad": self._ordner / f"{nummer:06d}"})
            self._neue, self._nachtrag = [], []
        return {"kennung": self._staende[0]["kennung"], "ausgabe": self.ausgaben}

    def _lies(self, stand: dict, nr: int) -> Auflage:
        if stand["nr"] not in self._gelesen:
            try:
                self._gelesen[stand["nr"]] = tuple(pd.read_parquet(stand["pfad"] / d) for d in _DATEIEN[:2])
            except (OSError, ValueError) as fehler:
                raise _beschaedigt(stand["pfad"], fehler) from None
        zellen, relationen = self._gelesen[stand["nr"]]
        block = stand["bloecke"][nr]
        eigene = zellen[zellen["block"] == nr].reset_index(drop=True)
        if len(eigene) != block["zellen"]:
            raise _beschaedigt(stand["pfad"], "unvollständig")
        eigene = eigene.assign(stichtag=pd.to_datetime(eigene["stichtag"]).dt.date)
        r = relationen[relationen["block"] == nr]
        form = (block["relationen"], len(eigene))
        gruende = {p: eigene[f"{GRUND}{p}"].to_numpy(int) for p in block["profile"]}
        spalten = [s for s in eigene.columns if s != "block" and not s.startswith(GRUND)]
        matrix = sparse.csr_matrix((r["faktor"].to_numpy(float), (r["zeile"], r["zelle"])), shape=form)
        return Auflage(
            _tage(block), eigene[spalten], matrix, gruende, block["frage"], block["profile"], block["nachgetragen"]
        )


def _tage(block: dict) -> tuple:
    return tuple(pd.Timestamp(t).date() for t in block["stichtage"])


def _find_ausgaben(ordner: Path) -> list[Path]:
    ausgaben = sorted(p for p in ordner.glob("[0-9]*") if p.is_dir()) if ordner.is_dir() else []
    for nummer, pfad in enumerate(ausgaben, start=1):
        if pfad.name != f"{nummer:06d}":
            raise _beschaedigt(ordner / f"{nummer:06d}", "fehlt")
    return ausgaben


def _read_stand(pfad: Path) -> dict:
    try:
        stand = json.loads((pfad / "stand.json").read_text(encoding="utf-8"))
        fehlt = [d for d in _DATEIEN if not (pfad / d).is_file()]
    except (OSError, ValueError) as fehler:
        raise _beschaedigt(pfad, fehler) from None
    if fehlt:
        raise _beschaedigt(pfad, f"{fehlt[0]} fehlt")
    if stand["fassung"] != FASSUNG:
        raise MonitoringError(
            "Das Gedächtnis früherer Veröffentlichungen stammt von einer anderen Programmversion.",
            wo=f"{pfad} (Fassung {stand['fassung']}, erwartet {FASSUNG})",
            tun="Das Programm aktualisieren. Die Dateien bleiben unverändert.",
        )
    return stand | {"pfad": pfad}


def _beschaedigt(pfad: Path, grund: object) -> MonitoringError:
    return MonitoringError(
        "Das Gedächtnis früherer Veröffentlichungen ist beschädigt; ohne es könnte ein neuer Stand Geheimes verraten.",
        wo=f"{pfad}: {grund}",
        tun="Den Ordner gedaechtnis/ aus der letzten Sicherung zurückholen (»sozialraum wiederherstellen«).",
    )


def _write(bau: Path, auflagen: list[Auflage], kopf: dict) -> dict:
    zellen, relationen, bloecke = [pd.DataFrame({"block": []})], [pd.DataFrame({"block": []})], []
    for nr, auflage in enumerate(auflagen):
        gruende = {f"{GRUND}{p}": werte.astype(np.int8) for p, werte in auflage.gruende.items()}
        zellen.append(auflage.zellen.assign(block=nr, stichtag=auflage.zellen["stichtag"].astype(str), **gruende))
        m = auflage.matrix.tocoo()
        relationen.append(pd.DataFrame({"block": nr, "zeile": m.row, "zelle": m.col, "faktor": m.data}))
        bloecke.append(
            {
                "stichtage": [str(t) for t in auflage.stichtage],
                "zellen": len(auflage.zellen),
                "relationen": auflage.matrix.shape[0],
                "frage": auflage.frage,
                "profile": auflage.profile,
                "nachgetragen": auflage.nachgetragen,
            }
        )
    pd.concat(zellen, ignore_index=True).to_parquet(bau / _DATEIEN[0], index=False)
    pd.concat(relationen, ignore_index=True).to_parquet(bau / _DATEIEN[1], index=False)
    stand = {"fassung": FASSUNG, **kopf, "bloecke": bloecke}
    (bau / _DATEIEN[2]).write_text(json.dumps(stand, ensure_ascii=False), encoding="utf-8")
    return stand
