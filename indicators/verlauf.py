"""One system out of a block and everything earlier publications showed of it.

Whoever kept yesterday's edition holds both against each other. So the cells of both stand in one system:

* A count that has not changed is one unknown for both editions (the reader may take it for unchanged). Shown in any
  earlier edition it is known for ever; hidden in all of them it stays hidden.
* A count that has changed is two: today's, free to be shown or hidden, and the earlier one, which nobody shows any
  more — a known number if it was shown, an unknown whose secret stays protected if it was not.
* The relations of every edition hold between the numbers of that edition.

A reader of one profile may also have read the stricter ones; since profiles are nested, what they showed is part of
what his own showed, except where a profile is younger than the other: so all of them are asked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from indicators.freigabe import Freigabe
from indicators.gedaechtnis import Auflage
from indicators.primaer import OFFEN, UNGENUTZT, WEGGELASSEN
from indicators.relationen import TRENNER, Block, bilde_matrix

ORT = ["stichtag", "raum_id", "zuschnitt", "merkmal"]


@dataclass(frozen=True)
class System:
    """Cells of a block and, behind them, those of earlier editions that have changed since (`alt`).

    `bekannt` and `verborgen` say per profile which cells an earlier edition showed, and which ones the last edition hid
    under the same rules.
    """

    zellen: pd.DataFrame
    matrix: sparse.csr_matrix
    alt: np.ndarray
    bekannt: dict[str, np.ndarray]
    verborgen: dict[str, np.ndarray]


def build_system(block: Block, auflagen: list[Auflage], freigaben: list[Freigabe]) -> System:
    """Today's block together with its earlier editions, oldest first."""
    n = len(block.zellen)
    if not auflagen:
        leer = np.zeros(n, bool)
        return System(
            block.zellen, block.matrix, leer, {f.id: leer for f in freigaben}, {f.id: leer for f in freigaben}
        )
    sammler = _Sammler(block)
    stellen = [sammler.nimm(auflage) for auflage in reversed(auflagen)][::-1]
    zellen = pd.concat([block.zellen, *sammler.alte], ignore_index=True)
    alt = np.arange(len(zellen)) >= n
    zellen.loc[alt, "spitze"] = False
    matrix = block.matrix.copy()
    matrix.resize(matrix.shape[0], len(zellen))
    matrix = sparse.vstack([matrix, bilde_matrix(sammler.gleichungen, len(zellen))]).tocsr()
    paare = list(zip(auflagen, stellen, strict=True))
    bekannt = {f.id: _bekannt(paare, f, freigaben, len(zellen)) for f in freigaben}
    verborgen = {f.id: _verborgen(paare, f, len(zellen)) & ~bekannt[f.id] & ~alt for f in freigaben}
    return System(zellen, matrix, alt, bekannt, verborgen)


class _Sammler:
    """Unknowns and relations of earlier editions that today's block does not have."""

    def __init__(self, block: Block) -> None:
        echt, zellen = block.echt, block.zellen
        self._n = len(zellen)
        werte = zellen["wert"].to_numpy(float)
        # Where each count stands, and its number, in the oldest edition looked at so far (today's, at first).
        self._zuletzt = {ort: (i, werte[i]) for i, ort in zip(np.flatnonzero(echt), _orte(zellen[echt]), strict=True)}
        self._gesehen = {kennung for kennung, _ in _gleichungen(block.matrix, echt, np.arange(self._n))}
        self.alte: list[pd.DataFrame] = []
        self.gleichungen: list[tuple[list[int], list[float]]] = []

    def nimm(self, auflage: Auflage) -> np.ndarray:
        """Place of every cell of the edition in the system; −1 for those that only belong to known relations.

        From the newest edition to the oldest: a number that changed and came back later is another unknown, since
        nobody who does not see it can know that.
        """
        zellen, echt = auflage.zellen, auflage.echt
        stellen = np.full(len(zellen), -1)
        werte = zellen["wert"].to_numpy(float)
        neue = []
        for i, ort in zip(np.flatnonzero(echt), _orte(zellen[echt]), strict=True):
            spaeter = self._zuletzt.get(ort)
            if spaeter is None or not _gleich(spaeter[1], werte[i]):
                self._zuletzt[ort] = spaeter = (self._naechste(neue, i), werte[i])
            stellen[i] = spaeter[0]
        for kennung, (spalten, faktoren) in _gleichungen(auflage.matrix, echt, stellen):
            if kennung in self._gesehen:
                continue
            self._gesehen.add(kennung)
            for i in spalten:
                if stellen[i] < 0:
                    stellen[i] = self._naechste(neue, i)
            self.gleichungen.append((list(stellen[spalten]), list(faktoren)))
        self.alte.append(zellen.iloc[neue])
        return stellen

    def _naechste(self, neue: list[int], zelle: int) -> int:
        neue.append(zelle)
        self._n += 1
        return self._n - 1


def _orte(zellen: pd.DataFrame) -> list[tuple]:
    """What makes a count the same one in every edition: the Raum by key and shape, however the block tells it apart."""
    raum_id = zellen["raum_id"].str.split(TRENNER).str[0]
    return list(zellen.assign(raum_id=raum_id)[ORT].itertuples(index=False, name=None))


def _gleich(a: float, b: float) -> bool:
    return a == b or (np.isnan(a) and np.isnan(b))


def _gleichungen(matrix: sparse.csr_matrix, echt: np.ndarray, stellen: np.ndarray):
    """Every relation with what makes it the same as another one: its counts, and whether something is left over."""
    matrix = sparse.csr_matrix(matrix)
    for nr in range(matrix.shape[0]):
        ab, bis = matrix.indptr[nr], matrix.indptr[nr + 1]
        spalten, faktoren = matrix.indices[ab:bis], matrix.data[ab:bis]
        drin = echt[spalten]
        paare = sorted(zip(stellen[spalten[drin]].tolist(), faktoren[drin].tolist(), strict=True))
        yield (tuple(paare), bool((~drin).any())), (spalten, faktoren)


def _bekannt(paare: list, freigabe: Freigabe, freigaben: list[Freigabe], n: int) -> np.ndarray:
    """Cells that a reader of this profile may have seen: in it, or in any one that is not more permissive."""
    rang = {f.id: f.rang for f in freigaben}
    bekannt = np.zeros(n, bool)
    for auflage, stellen in paare:
        for profil, damals in auflage.profile.items():
            if rang.get(profil, damals["rang"]) >= freigabe.rang:
                gezeigt = (auflage.gruende[profil] == OFFEN) & auflage.echt
                bekannt[stellen[gezeigt]] = True
    return bekannt


def _verborgen(paare: list, freigabe: Freigabe, n: int) -> np.ndarray:
    """Cells that the last edition of each hid, if the rules of the profile are still the same."""
    verborgen = np.zeros(n, bool)
    for auflage, stellen in paare:
        if freigabe.id not in auflage.profile:
            continue
        gruende = auflage.gruende[freigabe.id]
        geheim = ~np.isin(gruende, [OFFEN, WEGGELASSEN, UNGENUTZT])
        geheim &= auflage.profile[freigabe.id]["regeln"] == freigabe.regeln
        verborgen[stellen[auflage.echt]] = geheim[auflage.echt]
    return verborgen
