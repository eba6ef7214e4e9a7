"""The attacker who also knows that persons come in whole numbers.

Between whole numbers an interval of the linear programs may hold fewer values than it seems to: 2·a + 2·b = 6 leaves
a ∈ [0, 3], yet never 1.5. So in connected components that are small enough, every whole number a secret must be able
to have is tried (`milp`), not only the ends of its interval.

Many components need no trying: where the relations form a network (every unknown in at most two of them, signs
consistent), they are totally unimodular, and every whole number within the linear interval is possible (Heller and
Tompkins 1956; Hoffman and Kruskal 1956). This holds for components of any size.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse.csgraph import connected_components

from indicators.angreifer import EPS, OPTIMAL, UNLOESBAR, Angreifer, Fund, System, build_system
from indicators.aufgabe import Aufgabe

# Components with more unknowns are left to the linear programs, unless they are networks.
GANZ_BIS = 200
# Up to this many whole numbers between the ends of a claim all are tried; of wider ones the ends and the neighbours
# of the true value.
WERTE_BIS = 12
KNOTEN, ZEITLIMIT = 5_000, 20.0
# Programs spent on shortening one condition.
VERSUCHE = 40
# Unknowns of one program that tries several values at once.
STAPEL = 600
KEINE = np.zeros(0, int)


@dataclass(frozen=True)
class Fach:
    """A value (or everything from an end of the claim outwards) that a cell must be able to have."""

    zelle: int
    unten: float
    oben: float


@dataclass
class Ganzpruefung:
    """Integer audits of one Aufgabe. Remembers the components it has seen: most survive a repair unchanged.

    `teile`, `geprueft`: components with protected cells in the pattern audited last, and how many of them are proven
    with whole numbers.
    """

    aufgabe: Aufgabe
    teile: int = 0
    geprueft: int = 0
    _gesehen: dict[bytes, list[Fund] | None] = field(default_factory=dict)
    _unmoeglich: dict[tuple[int, Fach], bool] = field(default_factory=dict)

    def find_funde(self, system: System) -> list[Fund]:
        """Secrets that only whole numbers give away."""
        ergebnisse = [
            self._audit(system, nummer) for nummer in np.unique(system.teil[self.aufgabe.ziel[system.zellen]])
        ]
        self.teile, self.geprueft = len(ergebnisse), sum(ergebnis is not None for ergebnis in ergebnisse)
        return [fund for ergebnis in ergebnisse for fund in ergebnis or ()]

    def _audit(self, system: System, nummer: int) -> list[Fund] | None:
        """Funde of one component; None = not audited."""
        schluessel = system.zellen[system.part(nummer)[0]].tobytes()
        if schluessel not in self._gesehen:
            self._gesehen[schluessel] = self._audit_teil(_build_teil(self.aufgabe, system, nummer))
        return self._gesehen[schluessel]

    def _audit_teil(self, teil: _Teil) -> list[Fund] | None:
        if teil.ist_netz:
            return []
        if len(teil.zellen) > GANZ_BIS or not teil.ist_ganz:
            return None
        aufgabe, gefunden = self.aufgabe, {}
        # What the better informed attacker must consider possible, the other one must, too.
        bekannt = _find_wahre(aufgabe, teil)
        for i, wer in enumerate(aufgabe.angreifer):
            probe = _Probe(aufgabe, teil, wer, bekannt)
            if not probe.moeglich:
                return None
            for fach in probe.find_verschlossen(_list_faecher(aufgabe, wer, teil)):
                if fach.zelle not in gefunden and not self._is_unmoeglich(fach, i):
                    innen = np.zeros(len(aufgabe.wert), bool)
                    innen[teil.zellen] = True
                    schnitt = _shorten(aufgabe, teil, fach, wer).astype(float)
                    gefunden[fach.zelle] = Fund(fach.zelle, 1.0, schnitt, innen)
            bekannt = probe.loesungen
        return list(gefunden.values())

    def _is_unmoeglich(self, fach: Fach, i: int) -> bool:
        """Was the value ruled out without our publication? Then it cannot be claimed."""
        wer = self.aufgabe.angreifer[i]
        if wer.grundlage is None:
            return False
        if (i, fach) not in self._unmoeglich:
            aufgabe = self.aufgabe
            system = build_system(aufgabe.matrix, aufgabe.wert, wer.grundlage, aufgabe.ziel)
            nummer = system.teil[system.zellen == fach.zelle][0]
            teil = _build_teil(aufgabe, system, nummer)
            self._unmoeglich[i, fach] = _solve(aufgabe, teil, wer, fach)[1] == UNLOESBAR
        return self._unmoeglich[i, fach]


@dataclass(frozen=True)
class _Teil:
    """One component: its unknown cells, its relations a·x = b.

    `ganz`: which cells are whole numbers; `ist_ganz`: they can be, given the open cells; `ist_netz`: see `is_netz`.
    """

    zellen: np.ndarray
    zeilen: np.ndarray
    a: sparse.csr_array
    b: np.ndarray
    ganz: np.ndarray
    ist_ganz: bool
    ist_netz: bool


def _build_teil(aufgabe: Aufgabe, system: System, nummer: int) -> _Teil:
    spalten, zeilen, a = system.part(nummer)
    zellen, b = system.zellen[spalten], system.b[zeilen]
    ganz = aufgabe.ganz[zellen]
    # An open number that is not whole (a mean) tells nobody that the hidden ones are; euros need not be.
    mit_euro = a @ ~ganz > 0 if a.shape[0] else np.zeros(0, bool)
    ist_ganz = bool(np.all(mit_euro | (np.abs(b - np.round(b)) < EPS)))
    return _Teil(zellen, system.zeilen[zeilen], a, b, ganz, ist_ganz, ist_ganz and bool(ganz.all()) and is_netz(a))


def is_netz(a: sparse.csr_array) -> bool:
    """Are the relations a network: ±1, at most two per column, and the rows fall into two classes so that equal signs
    stand in different ones, opposite signs in the same? Then every square part has determinant 0 or ±1."""
    spalten = sparse.csc_array(a)
    if not len(spalten.data):
        return True
    anzahl = np.diff(spalten.indptr)
    if anzahl.max() > 2 or not np.all(np.abs(spalten.data) == 1):
        return False
    start = spalten.indptr[:-1][anzahl == 2]
    r, s, gleich = spalten.indices[start], spalten.indices[start + 1], spalten.data[start] == spalten.data[start + 1]
    # Row r in the first class is node r, in the second node r + m; a contradiction joins the two.
    m = a.shape[0]
    von, nach = np.r_[r, r + m], np.r_[np.where(gleich, s + m, s), np.where(gleich, s, s + m)]
    graph = sparse.coo_array((np.ones(len(von)), (von, nach)), shape=(2 * m, 2 * m))
    _, klasse = connected_components(graph, directed=False)
    return not np.any(klasse[:m] == klasse[m:])


def _list_faecher(aufgabe: Aufgabe, wer: Angreifer, teil: _Teil) -> list[Fach]:
    """Everything the protected cells of a component must be able to be."""
    faecher = []
    for zelle in teil.zellen[aufgabe.ziel[teil.zellen]].tolist():
        unten, oben, wert, mitte = wer.soll_unten[zelle], wer.soll_oben[zelle], aufgabe.wert[zelle], []
        if aufgabe.ganz[zelle]:
            unten, oben = np.ceil(unten - EPS), np.floor(oben + EPS)
            eng = oben - unten <= WERTE_BIS
            mitte = np.arange(unten + 1, oben) if eng else np.array([wert - 1, wert + 1])
            mitte = mitte[(mitte > unten) & (mitte < oben)]
        faecher += [Fach(zelle, wer.unten[zelle], unten), Fach(zelle, oben, wer.oben[zelle])]
        faecher += [Fach(zelle, v, v) for v in map(float, mitte)]
    return faecher


def _find_wahre(aufgabe: Aufgabe, teil: _Teil) -> np.ndarray:
    """The true counts of a component as its first solution; none where the supplier keeps some, or rounds."""
    x = aufgabe.wert[teil.zellen][None]
    stimmt = not np.isnan(x).any() and np.all(np.abs(teil.a @ x[0] - teil.b) < EPS)
    ganz = stimmt and np.all(~teil.ganz | (np.abs(x[0] - np.round(x[0])) < EPS))
    return x if ganz else x[:0]


class _Probe:
    """Tries values of one component for one attacker; every solution may open the way for others, too.

    `moeglich`: False = no whole numbers fit at all (a rounded sum): then they tell nothing.
    """

    def __init__(self, aufgabe: Aufgabe, teil: _Teil, wer: Angreifer, bekannt: np.ndarray) -> None:
        self.aufgabe, self.teil, self.wer, self.loesungen = aufgabe, teil, wer, bekannt
        self.ort = {zelle: i for i, zelle in enumerate(teil.zellen.tolist())}
        self.moeglich = len(bekannt) > 0 or self._try(None) is not None

    def _try(self, fach: Fach | None) -> np.ndarray | None:
        x, _ = _solve(self.aufgabe, self.teil, self.wer, fach)
        if x is not None:
            self.loesungen = np.vstack([self.loesungen, x])
        return x

    def find_verschlossen(self, faecher: list[Fach]) -> list[Fach]:
        """What cannot be; what stays undecided within the limits counts as closed."""
        offen, verschlossen, stapel = list(faecher), [], max(1, STAPEL // len(self.teil.zellen))
        while offen := [fach for fach in offen if not self._is_offen(fach)]:
            gruppe, offen = offen[:stapel], offen[stapel:]
            gemeinsam = _solve_stapel(self.aufgabe, self.teil, self.wer, gruppe)
            if gemeinsam is None:
                verschlossen += [fach for fach in gruppe if self._try(fach) is None]
            else:
                self.loesungen = np.vstack([self.loesungen, gemeinsam])
                verschlossen += [fach for fach in gruppe if not self._is_offen(fach)]
        return verschlossen

    def _is_offen(self, fach: Fach) -> bool:
        x = self.loesungen[:, self.ort[fach.zelle]]
        return bool(np.any((fach.unten - EPS <= x) & (x <= fach.oben + EPS)))


def _solve_stapel(aufgabe: Aufgabe, teil: _Teil, wer: Angreifer, faecher: list[Fach]) -> np.ndarray | None:
    """Whole solutions, one per Fach, as near to it as can be; None = undecided within the limits.

    Copies of the component without a common variable: many small programs cost more than one large.
    """
    k, n, z = len(faecher), len(teil.zellen), teil.zellen
    ort = {zelle: i for i, zelle in enumerate(z.tolist())}
    stellen = [i * n + ort[fach.zelle] for i, fach in enumerate(faecher)]
    wahl = sparse.coo_array((np.ones(k), (np.arange(k), stellen)), shape=(k, k * n))
    daneben = sparse.hstack([sparse.eye_array(k), -sparse.eye_array(k)])
    im_fach = sparse.hstack([wahl, daneben]).tocsr()
    bedingungen = [LinearConstraint(im_fach, [f.unten for f in faecher], [f.oben for f in faecher])]
    if len(teil.b):
        m = sparse.hstack([sparse.kron(sparse.eye_array(k), teil.a), sparse.csr_array((k * len(teil.b), 2 * k))])
        bedingungen.append(LinearConstraint(m.tocsr(), np.tile(teil.b, k), np.tile(teil.b, k)))
    null = np.zeros(2 * k)
    ergebnis = milp(
        np.r_[np.zeros(k * n), null + 1],
        integrality=np.r_[np.tile(teil.ganz, k), null],
        bounds=Bounds(np.r_[np.tile(wer.unten[z], k), null], np.r_[np.tile(wer.oben[z], k), null + np.inf]),
        constraints=bedingungen,
        options={"node_limit": KNOTEN, "time_limit": ZEITLIMIT},
    )
    return ergebnis.x[: k * n].reshape(k, n) if ergebnis.status == OPTIMAL else None


def _solve(
    aufgabe: Aufgabe,
    teil: _Teil,
    wer: Angreifer,
    fach: Fach | None = None,
    *,
    dazu: np.ndarray = KEINE,
) -> tuple[np.ndarray | None, int]:
    """Whole solution of a component with a cell in its Fach, and the solver's status.

    Args:
        dazu: open cells set free, too; their variable is the change from their true value.
    """
    z = np.r_[teil.zellen, dazu]
    fest = np.r_[np.zeros(len(teil.zellen)), aufgabe.wert[dazu]]
    unten, oben = wer.unten[z] - fest, wer.oben[z] - fest
    if fach is not None:
        hier = np.flatnonzero(teil.zellen == fach.zelle)
        unten[hier], oben[hier] = fach.unten, fach.oben
    a = sparse.hstack([teil.a, aufgabe.matrix[teil.zeilen][:, dazu]]).tocsr() if len(dazu) else teil.a
    ergebnis = milp(
        np.zeros(len(z)),
        integrality=aufgabe.ganz[z],
        bounds=Bounds(unten, oben),
        constraints=[LinearConstraint(a, teil.b, teil.b)] if len(teil.b) else [],
        options={"node_limit": KNOTEN, "time_limit": ZEITLIMIT},
    )
    return ergebnis.x, ergebnis.status


def _shorten(aufgabe: Aufgabe, teil: _Teil, fach: Fach, wer: Angreifer) -> np.ndarray:
    """Open cells of which at least one has to be hidden before the value becomes possible (bool, over all cells).

    All open cells of the relations are such a set; whatever can be set free together without opening the value is
    not needed in it. What relations elsewhere say about the freed cells is left out, which only widens.
    """
    nachbarn = np.setdiff1d(aufgabe.matrix[teil.zeilen].indices, teil.zellen)
    nachbarn = nachbarn[(aufgabe.frei | aufgabe.verdeckt)[nachbarn]]
    noetig = np.zeros(len(aufgabe.wert), bool)
    noetig[nachbarn] = True
    versuch = nachbarn[~np.isnan(aufgabe.wert[nachbarn])]
    frei, stapel = KEINE, [versuch] if len(versuch) else []
    for _ in range(VERSUCHE):
        if not stapel:
            break
        gruppe = stapel.pop()
        dazu = np.r_[frei, gruppe]
        if _solve(aufgabe, teil, wer, fach, dazu=dazu)[1] == UNLOESBAR:
            frei, noetig[gruppe] = dazu, False
        elif len(gruppe) > 1:
            stapel += np.array_split(gruppe, 2)
    return noetig
