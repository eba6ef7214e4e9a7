"""Relations between Stichtage: moving sums, annual means and published changes tie their blocks together."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
from scipy import sparse

from indicators.regeln import Regeln, Zeitregel
from indicators.relationen import TOLERANZ, Block, Sammlung


def find_gruppen(zellen: pd.DataFrame, regeln: Regeln, weitere: list[tuple]) -> list[tuple]:
    """Stichtage that form one block, each group sorted.

    Args:
        zellen: stichtag, merkmal of all cells.
        weitere: groups that earlier publications have tied together.
    """
    je_merkmal = {m: sorted(set(t["stichtag"])) for m, t in zellen.groupby("merkmal")}
    gruppe = {tag: tag for tag in zellen["stichtag"].unique()}

    def wurzel(tag: object) -> object:
        while gruppe[tag] != tag:
            tag = gruppe[tag]
        return tag

    paare = [
        (tag, anderer)
        for regel in regeln.zeit
        for tag in je_merkmal.get(regel.merkmal, [])
        for anderer in find_fenster(regel, tag, je_merkmal.get(regel.teil, []))
    ]
    for stichtage in weitere:
        da = [tag for tag in stichtage if tag in gruppe]
        paare += [(da[0], tag) for tag in da[1:]]
    for a, b in paare:
        if wurzel(a) != wurzel(b):
            gruppe[max(wurzel(a), wurzel(b))] = min(wurzel(a), wurzel(b))
    gefunden: dict[object, list] = {}
    for tag in sorted(gruppe):
        gefunden.setdefault(wurzel(tag), []).append(tag)
    return [tuple(tage) for tage in gefunden.values()]


def find_fenster(regel: Zeitregel, tag: date, stichtage: list[date]) -> list[date]:
    """The Stichtage of the other Merkmal that a value at `tag` is made of."""
    if regel.art == "aenderung":
        frueher = [t for t in stichtage if _monate(tag, t) == regel.monate]
        return [tag, frueher[-1]] if frueher and tag in stichtage else []
    return [t for t in stichtage if 0 <= _monate(tag, t) < regel.monate and t <= tag]


def _monate(spaeter: date, frueher: date) -> int:
    return (spaeter.year - frueher.year) * 12 + spaeter.month - frueher.month


def verbinde(bloecke: list[Block], regeln: Regeln) -> Block:
    """One block out of those of several Stichtage, with the relations between them."""
    zellen = pd.concat([b.zellen for b in bloecke], ignore_index=True)
    matrix = sparse.block_diag([b.matrix for b in bloecke], format="csr")
    stichtage = tuple(tag for b in bloecke for tag in b.stichtage)
    # Counts come first, as in every block: what is appended below refers to them by position.
    sammlung = Sammlung(len(zellen))
    echt = zellen[~(zellen["gegenstueck"] | zellen["fix"])]
    ort = dict(
        zip(
            zip(echt["merkmal"], echt["raum_id"], echt["zuschnitt"], echt["stichtag"], strict=True),
            echt.index,
            strict=True,
        )
    )
    werte = zellen["wert"].to_numpy(float)
    for regel in regeln.zeit:
        tage = sorted(set(echt.loc[echt["merkmal"] == regel.teil, "stichtag"]))
        for stelle in echt.index[echt["merkmal"] == regel.merkmal]:
            _verknuepfe(sammlung, zellen, regel, stelle, tage, ort, werte)
    zellen, neu = sammlung.schliesse(zellen)
    matrix.resize(matrix.shape[0], len(zellen))
    return Block(stichtage, zellen, sparse.vstack([matrix, neu]).tocsr())


def _verknuepfe(sammlung, zellen: pd.DataFrame, regel: Zeitregel, stelle: int, tage: list, ort: dict, werte) -> None:
    z = zellen.loc[stelle]
    fenster = find_fenster(regel, z["stichtag"], tage)
    teile = [ort.get((regel.teil, z["raum_id"], z["zuschnitt"], tag)) for tag in fenster]
    if regel.art == "aenderung":
        if teile and None not in teile and abs(werte[stelle] - werte[teile[0]] + werte[teile[1]]) <= TOLERANZ:
            sammlung.differenz(stelle, *teile)
        return
    # In mittel only months that were delivered count; a mean is rounded, and who knows it knows the sum to a few.
    da = [t for t in teile if t is not None]
    vollstaendig = len(da) == len(teile) and len(tage) > 0 and len(da) == regel.monate
    faktor = float(regel.monate if regel.art == "mittel" else 1)
    luecke = faktor * werte[stelle] - werte[da].sum() if da else np.nan
    if not da:
        return
    if not vollstaendig:
        if not luecke < -TOLERANZ * faktor:
            sammlung.rest([stelle], da, max(np.nan_to_num(luecke), 0.0), quote=False, faktor=faktor)
    elif np.isnan(luecke):
        sammlung.gleichung(stelle, da, faktor=faktor)
    elif abs(luecke) <= TOLERANZ * max(faktor, 1):
        sammlung.gleichung(stelle, da, faktor=faktor, fix=luecke)
