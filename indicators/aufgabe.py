"""What the disclosure control is asked: cells, relations, claims — checked, and cut into independent parts.

A block is a set of cells with the linear relations M·a = 0 that hold between them (parent − children, whole − parts,
Nenner − Zähler − complement). A cell is protected when the values an attacker must consider possible contain
[0, max(a + 1, t)].
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from geodata.fehler import GeheimhaltungError
from indicators.angreifer import (
    EPS,
    Angreifer,
    Spur,
    System,
    build_system,
    find_aussen,
    find_funde,
    find_teile,
    find_zeugen,
)

# The least a supplier's own secret is worth, even where the Kreis sets no threshold: the smallest in use anywhere.
SCHWELLE_QUELLE = 3
# A relation may miss by this much: annual means are delivered rounded.
TOLERANZ = 0.5


@dataclass(frozen=True)
class Zellen:
    """The cells of one block; arrays of equal length n. The fields with default None may be left out.

    Args:
        wert: true count; NaN = kept secret by the supplier, never open.
        schwelle: t per cell; 0 = needs no protection of its own.
        primaer: must be protected: the attacker's interval has to contain [0, max(a + 1, t)].
        sichtbar: False = virtual, never published (complement N − Z, a difference); protected too if `primaer`.
        fest: must stay open (total of the Kreis, headline figure).
        soll_unten, soll_oben: interval that must remain possible where the default does not fit (euros with a dominant
            carrier, see `dominanz.compute_soll`), in the unit of `wert`; NaN = [0, max(a + 1, t)].
        signiert: may be negative (a published difference); never needs protection of its own.
        ganz: a whole number; False = any number (euros). None = everywhere.
        unbekannt: NaN there is no supplier's sign but a number nobody has, such as N − "*": at least 0, not protected.
    """

    wert: np.ndarray
    schwelle: np.ndarray
    primaer: np.ndarray
    sichtbar: np.ndarray
    fest: np.ndarray
    soll_unten: np.ndarray | None = None
    soll_oben: np.ndarray | None = None
    signiert: np.ndarray | None = None
    ganz: np.ndarray | None = None
    unbekannt: np.ndarray | None = None


class UnschuetzbareZellenError(GeheimhaltungError):
    """`zellen` holds the indices of the cells concerned; the caller knows their names."""

    def __init__(self, was: str, zellen: np.ndarray, *, tun: str) -> None:
        self.zellen = np.asarray(zellen, dtype=int)
        liste = ", ".join(map(str, self.zellen[:20])) + (" …" if len(self.zellen) > 20 else "")
        super().__init__(was, wo=f"Zellen {liste}", tun=tun)


def find_primaer(wert: np.ndarray, schwelle: np.ndarray) -> np.ndarray:
    """Cells that need protection: 0 < a < t, and everything the supplier keeps secret (NaN)."""
    return np.isnan(wert) | ((wert > 0) & (wert < schwelle))


@dataclass(frozen=True)
class Aufgabe:
    """Checked input, arrays over n cells.

    Args:
        wert: what the attacker sees where a cell is open; NaN only where it never is.
        ziel: protected cells.
        verdeckt: hidden from the start, at no cost.
        frei: may be hidden to cover others.
        kosten: of hiding a cell; few cells first, among those the small ones.
        soll_oben: what must remain possible at least for who knows least.
        bekannt: published before; nothing can be done about them.
        verloren: protected cells of which earlier publications have told more than is allowed now.
        angreifer: who must fail, the best informed one first.
    """

    matrix: sparse.csr_array
    wert: np.ndarray
    ziel: np.ndarray
    verdeckt: np.ndarray
    frei: np.ndarray
    kosten: np.ndarray
    soll_oben: np.ndarray
    signiert: np.ndarray
    ganz: np.ndarray
    bekannt: np.ndarray
    verloren: np.ndarray
    angreifer: tuple[Angreifer, ...]


def build_aufgabe(
    zellen: Zellen, matrix: sparse.sparray, erzwungen: np.ndarray | None, vorher: np.ndarray | None
) -> Aufgabe:
    """Check the input and work out what must remain possible for whom."""
    matrix = sparse.csr_array(matrix, dtype=float, copy=True)
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    wert, n = np.asarray(zellen.wert, dtype=float), len(zellen.wert)
    unbekannt, signiert = (_oder_nie(feld, n) for feld in (zellen.unbekannt, zellen.signiert))
    ohne_zahl = np.isnan(wert)
    geheim = ohne_zahl & ~unbekannt
    noetig = (zellen.primaer & ~unbekannt) | geheim
    geheim_bisher = ohne_zahl | (np.ones(n, bool) if vorher is None else vorher)
    verdeckt = ~zellen.sichtbar | ohne_zahl | _oder_nie(erzwungen, n)
    _check_input(matrix, wert, noetig, verdeckt, zellen.fest & zellen.sichtbar & geheim_bisher, signiert)
    t = np.where(geheim, np.maximum(zellen.schwelle, SCHWELLE_QUELLE), zellen.schwelle)
    soll = _find_soll(zellen, t, wert)
    _check_soll(wert, noetig, *soll)
    ziel, von_anfang = noetig & geheim_bisher, (~zellen.sichtbar | ohne_zahl) & geheim_bisher
    angreifer = _build_angreifer(matrix, wert, ziel, geheim, t, soll, signiert, von_anfang)
    verloren = noetig & ~geheim_bisher
    if vorher is not None:
        angreifer = tuple(_limit_claims(matrix, wert, ziel, wer, geheim_bisher) for wer in angreifer)
        wer = angreifer[-1]
        verloren |= (wer.soll_unten > soll[0] + EPS) | (wer.soll_oben < soll[1] - EPS)
        # What could be derived exactly is as good as published.
        abgeleitet = ziel & (wer.soll_oben - wer.soll_unten < EPS)
        wert, ziel = np.where(abgeleitet & ohne_zahl, wer.soll_unten, wert), ziel & ~abgeleitet
        geheim_bisher &= ~abgeleitet
        angreifer = tuple(_without_claims(wer, abgeleitet) for wer in angreifer)
    verdeckt &= geheim_bisher
    return Aufgabe(
        matrix=matrix,
        wert=wert,
        ziel=ziel,
        verdeckt=verdeckt,
        frei=~verdeckt & ~ziel & ~zellen.fest & geheim_bisher,
        kosten=np.where(verdeckt, 0.0, 1 + np.log1p(np.abs(np.nan_to_num(wert)))),
        soll_oben=angreifer[-1].soll_oben,
        signiert=signiert,
        ganz=np.ones(n, bool) if zellen.ganz is None else np.asarray(zellen.ganz, bool),
        bekannt=~geheim_bisher,
        verloren=verloren,
        angreifer=angreifer,
    )


def _oder_nie(feld: np.ndarray | None, n: int) -> np.ndarray:
    return np.zeros(n, bool) if feld is None else np.asarray(feld, bool)


def _check_input(
    matrix: sparse.csr_array,
    wert: np.ndarray,
    noetig: np.ndarray,
    verdeckt: np.ndarray,
    fest: np.ndarray,
    signiert: np.ndarray,
) -> None:
    assert not (signiert & noetig).any(), "a difference needs no protection of its own"
    bekannt = np.nan_to_num(wert)
    if (negativ := np.flatnonzero((bekannt < 0) & ~signiert)).size:
        raise UnschuetzbareZellenError(
            "Eine Fallzahl ist negativ.", negativ, tun="Die Lieferung prüfen: sozialraum befunde."
        )
    vollstaendig = abs(matrix) @ np.isnan(wert) == 0
    falsch = np.flatnonzero(vollstaendig & (np.abs(matrix @ bekannt) > TOLERANZ))
    if falsch.size:
        raise UnschuetzbareZellenError(
            f"{falsch.size} Summen gehen nicht auf.",
            np.unique(matrix[falsch].indices),
            tun="Die Lieferung prüfen: sozialraum befunde. Gerundete oder verrauschte Zahlen nie als Summe führen.",
        )
    if (konflikt := np.flatnonzero(fest & (noetig | verdeckt))).size:
        raise UnschuetzbareZellenError(
            f"{konflikt.size} Werte sollen offen bleiben, müssen aber geschützt werden.",
            konflikt,
            tun="Die Werte in der Freigabe nicht als Eckzahl führen, oder das Merkmal nicht veröffentlichen.",
        )


def _find_soll(zellen: Zellen, t: np.ndarray, wert: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Interval that has to remain possible, per cell."""
    unten, oben = np.zeros(len(wert)), np.where(np.isnan(wert), t, np.fmax(wert + 1, t))
    if zellen.soll_unten is not None:
        unten = np.where(np.isnan(zellen.soll_unten), unten, np.maximum(zellen.soll_unten, 0))
    if zellen.soll_oben is not None:
        oben = np.where(np.isnan(zellen.soll_oben), oben, zellen.soll_oben)
    return unten, oben


def _check_soll(wert: np.ndarray, noetig: np.ndarray, unten: np.ndarray, oben: np.ndarray) -> None:
    """A claim that leaves out the truth could be met by a pattern that hides nothing of it."""
    daneben = noetig & ((unten > wert + EPS) | (oben < wert - EPS))
    assert not daneben.any(), f"the interval to protect does not contain the value: cells {np.flatnonzero(daneben)}"


def _build_angreifer(matrix, wert, ziel, geheim, t, soll, signiert, von_anfang) -> tuple[Angreifer, ...]:
    """The attacker without previous knowledge and, where a supplier has kept secrets, the one who knows that "*"
    means [1, t − 1]."""
    n = len(wert)
    soll_unten, soll_oben = (np.where(ziel, ende, np.nan) for ende in soll)
    unten, oben = np.where(signiert, -np.inf, 0.0), np.full(n, np.inf)
    ahnungslos = Angreifer(unten, oben, soll_unten, soll_oben)
    if not geheim.any():
        return (ahnungslos,)
    system = build_system(matrix, wert, von_anfang, ziel)
    unten, oben = np.where(geheim, 1.0, unten), np.where(geheim, t - 1.0, oben)
    for nummer in np.unique(system.teil[geheim[system.zellen]]):
        # The supplier has also hidden larger counts under the same sign: then "*" says nothing here.
        if not system.feasible(nummer, unten, oben):
            zelle = system.zellen[system.teil == nummer]
            unten[zelle], oben[zelle] = ahnungslos.unten[zelle], np.inf
    wissend = Angreifer(unten, oben, np.maximum(soll_unten, unten), np.minimum(soll_oben, oben))
    return _limit_claims(matrix, wert, ziel, wissend, np.ones(n, bool)), ahnungslos


def _limit_claims(matrix, wert, ziel, wer: Angreifer, verdeckt: np.ndarray) -> Angreifer:
    """What follows without our publication cannot be claimed: from the supplier's signs alone ("*" = "*" + "*" means
    2 = 1 + 1), or from what was published before (`verdeckt`: what was not)."""
    system, spur = build_system(matrix, wert, verdeckt, ziel), Spur(len(wert))
    wer = _cut_claims(wer, system)
    find_zeugen(system, wer, spur)
    if kaputt := [fund.zelle for fund in find_funde(matrix, wert, system, wer, spur) if fund.gewinn is None]:
        raise_widerspruch(kaputt)
    return replace(
        wer,
        soll_unten=np.maximum(wer.soll_unten, spur.unten),
        soll_oben=np.minimum(wer.soll_oben, spur.oben),
        grundlage=verdeckt.copy(),
    )


def _cut_claims(wer: Angreifer, system: System) -> Angreifer:
    """Without the part of the claims that single relations rule out already. Where both ends would pass each other the
    relations contradict each other: the exact programs shall name the place."""
    unten, oben, z = wer.soll_unten.copy(), wer.soll_oben.copy(), system.zellen
    aussen_unten, aussen_oben = find_aussen(system, wer)
    gut = aussen_unten <= aussen_oben + EPS
    unten[z] = np.where(gut, np.maximum(unten[z], aussen_unten), unten[z])
    oben[z] = np.where(gut, np.minimum(oben[z], aussen_oben), oben[z])
    return replace(wer, soll_unten=unten, soll_oben=oben)


def _without_claims(wer: Angreifer, zellen: np.ndarray) -> Angreifer:
    return replace(
        wer,
        soll_unten=np.where(zellen, np.nan, wer.soll_unten),
        soll_oben=np.where(zellen, np.nan, wer.soll_oben),
        grundlage=wer.grundlage & ~zellen,
    )


def raise_widerspruch(zellen: list[int]) -> None:
    raise UnschuetzbareZellenError(
        "Die offenen Zahlen widersprechen den Summen.",
        np.unique(zellen),
        tun="Die Lieferung prüfen: sozialraum befunde.",
    )


def split_aufgabe(aufgabe: Aufgabe, mindestens: int) -> list[tuple[np.ndarray, Aufgabe]]:
    """Independent parts with something to protect: no relation joins cells of two of them that may be unknown.

    Small ones are put together until they have `mindestens` cells.

    Returns:
        Per part the indices of its cells and the Aufgabe over them; open cells of its relations belong to it, too.
    """
    lose = np.flatnonzero(aufgabe.verdeckt | aufgabe.frei | aufgabe.ziel)
    teil, teil_zeile = find_teile(aufgabe.matrix[:, lose])
    anzahl = max(teil.max(initial=-1), teil_zeile.max(initial=-1)) + 1
    groesse = np.bincount(teil, minlength=anzahl)
    groesse[np.bincount(teil, aufgabe.ziel[lose], minlength=anzahl) == 0] = 0
    buendel = np.where(groesse > 0, (np.cumsum(groesse) - groesse) // mindestens, -1)
    # A number nobody may hide stands alone in its row of the graph.
    kennt_zeile = buendel[teil_zeile]
    return [
        _take(aufgabe, lose[buendel[teil] == nummer], np.flatnonzero(kennt_zeile == nummer))
        for nummer in np.unique(buendel[buendel >= 0])
    ]


def _take(aufgabe: Aufgabe, lose: np.ndarray, zeilen: np.ndarray) -> tuple[np.ndarray, Aufgabe]:
    zellen = np.union1d(lose, np.unique(aufgabe.matrix[zeilen].indices)).astype(int)

    def waehle(feld):
        return feld[zellen]

    namen = ("wert", "ziel", "verdeckt", "frei", "kosten", "soll_oben", "signiert", "ganz", "bekannt", "verloren")
    angreifer = tuple(
        Angreifer(
            *(waehle(feld) for feld in (wer.unten, wer.oben, wer.soll_unten, wer.soll_oben)),
            grundlage=None if wer.grundlage is None else waehle(wer.grundlage),
        )
        for wer in aufgabe.angreifer
    )
    felder = {name: waehle(getattr(aufgabe, name)) for name in namen}
    return zellen, Aufgabe(matrix=aufgabe.matrix[zeilen][:, zellen].tocsr(), angreifer=angreifer, **felder)
