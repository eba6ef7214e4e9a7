"""From what was seen and what everybody knows to equations over the counts behind them.

An unknown is a count: (raum, merkmal, tag). What is left of a reference group beside a published quote, N − Z, is an
unknown of its own, ("rest", raum, kennzahl, tag): that everybody is poor is a secret too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from tests.angreifer.beobachtung import Einblick, Ort, Zahl
from tests.angreifer.intervalle import kehre_um, ordne_ein
from tests.angreifer.katalog import HAUPT, Kennzahl, Stand, Wissen
from tests.angreifer.loesen import EPS, Zeile

Zelle = tuple[str, str, str]
Wahrheit = dict[Zelle, float]  # NaN: the supplier keeps (a part of) it secret
ZWILLINGE_AB = 5  # so many Räume with equal numbers make two Merkmale the same


@dataclass(frozen=True)
class Ausgabe:
    """One published state: what was seen of it, and the counts it was made from.

    The counts serve three gifts that only make the attacker stronger: which counts exist at all (the data page says
    so), which relations really hold (who believed in others would deceive himself), and which counts did not change
    between two editions. No number of them gets into an equation.
    """

    einblick: Einblick
    wahr: Wahrheit


def build_zeilen(wissen: Wissen, ausgaben: list[Ausgabe]) -> tuple[list[Zeile], set]:
    """All equations over all editions, and the names of all unknowns."""
    zeilen: dict[frozenset, Zeile] = {}
    lesungen: list[Zeile] = []
    zellen: set = set()
    for nr, ausgabe in enumerate(ausgaben):
        welt = Welt(wissen, ausgabe, _namen(nr, ausgabe.wahr, ausgaben[0].wahr))
        zellen |= {welt.name(z) for z in ausgabe.wahr}
        for zeile in welt.beziehungen():
            zeilen.setdefault(frozenset(zeile.faktoren.items()), zeile)
        lesungen += welt.lesungen()
    return [*zeilen.values(), *lesungen], zellen


def _namen(nr: int, wahr: Wahrheit, zuerst: Wahrheit) -> Callable[[Zelle], Zelle]:
    """A count that has changed since is another unknown."""
    anders = {z for z, wert in wahr.items() if nr and not _gleich(wert, zuerst.get(z, np.inf))}
    return lambda z: (f"{z[0]}#{nr}", *z[1:]) if z in anders else z


def _gleich(a: float, b: float) -> bool:
    return a == b or (np.isnan(a) and np.isnan(b))


class Welt:
    """One edition: its equations, with the unknowns named so that several editions fit together."""

    def __init__(self, wissen: Wissen, ausgabe: Ausgabe, name: Callable[[Zelle], Zelle]) -> None:
        self.wissen, self.einblick, self.wahr, self.name = wissen, ausgabe.einblick, ausgabe.wahr, name
        self.raeume: dict[tuple[str, str], set[str]] = defaultdict(set)  # (merkmal, tag) → Räume
        self.merkmale: dict[tuple[str, str], set[str]] = defaultdict(set)  # (raum, tag) → Merkmale
        self.tage: dict[str, list[str]] = defaultdict(list)  # merkmal → Stichtage
        self._wege: dict[str, list] = {}  # today's Raum → what it was made of in each earlier Gebietsstand
        for raum, merkmal, tag in ausgabe.wahr:
            self.raeume[merkmal, tag].add(raum)
            self.merkmale[raum, tag].add(merkmal)
        for merkmal, tag in sorted(self.raeume):
            self.tage[merkmal].append(tag)

    # --- relations everybody knows ---------------------------------------------------------------

    def beziehungen(self) -> Iterator[Zeile]:
        yield from self._raumsummen()
        yield from self._merkmalsummen()
        yield from self._quoten()
        yield from self._zwillinge()
        yield from self._gleiche_raeume()

    def _zeile(self, plus: Iterable, minus: Iterable, grund: str, *, genau: bool) -> Iterator[Zeile]:
        """Σ plus = Σ minus, or Σ plus ≥ Σ minus; nothing where it does not hold in the delivered data."""
        plus, minus = list(plus), list(minus)
        rest = sum(self.wahr[z] for z in plus) - sum(self.wahr[z] for z in minus)
        if (abs(rest) if genau else -rest) > EPS:
            return
        faktoren: dict = defaultdict(float)
        for vorzeichen, zellen in ((1.0, plus), (-1.0, minus)):
            for zelle in zellen:
                faktoren[self.name(zelle)] += vorzeichen
        yield Zeile({z: f for z, f in faktoren.items() if f}, 0.0, 0.0 if genau else np.inf, grund)

    def _raumsummen(self) -> Iterator[Zeile]:
        """A Raum is the sum of its parts, in every hierarchy of every Gebietsstand."""
        for (merkmal, tag), da in self.raeume.items():
            for stand in self.wissen.staende:
                for hierarchie, kinder in stand.kinder.items():
                    art = "" if hierarchie == HAUPT else f" ({hierarchie.removesuffix('_id')})"
                    for eltern in kinder:
                        if (name := self.wissen.raum(eltern, stand.ab, tag)) not in da:
                            continue
                        teile, alle = self._zerlege(eltern, stand, hierarchie, tag, da)
                        if teile:
                            grund = f"{name} = Summe seiner {len(teile)} Räume{art}, {merkmal} {tag}"
                            zellen = [(t, merkmal, tag) for t in teile]
                            yield from self._zeile([(name, merkmal, tag)], zellen, grund, genau=alle)

    def _zerlege(self, eltern: str, stand: Stand, hierarchie: str, tag: str, da: set) -> tuple[list[str], bool]:
        """Parts that were counted (a part that was not is replaced by its own), and whether they are all."""
        teile, alle = [], True
        for kind in stand.kinder[hierarchie].get(eltern, ()):
            if (name := self.wissen.raum(kind, stand.ab, tag)) in da:
                teile.append(name)
            elif kind != self.wissen.rest:  # without a delivery the Rest-Raum is empty
                unten, ganz = self._zerlege(kind, stand, hierarchie, tag, da)
                teile, alle = teile + unten, alle and ganz and bool(unten)
        return teile, alle

    def _merkmalsummen(self) -> Iterator[Zeile]:
        for (raum, tag), da in self.merkmale.items():
            for merkmal, weg in self.wissen.summen:
                teile = [(raum, m, tag) for m in weg if m in da]
                if merkmal in da and teile:
                    grund = f"{merkmal} = {' + '.join(weg)}, {raum} {tag}"
                    yield from self._zeile([(raum, merkmal, tag)], teile, grund, genau=len(teile) == len(weg))
            for teil, ganzes in self.wissen.teile:
                if {teil, ganzes} <= da:
                    grund = f"{teil} ≤ {ganzes}, {raum} {tag}"
                    yield from self._zeile([(raum, ganzes, tag)], [(raum, teil, tag)], grund, genau=False)

    def _quoten(self) -> Iterator[Zeile]:
        """Zähler + rest = Nenner of every quote, unless it says openly that it makes no sense."""
        for (raum, tag), da in self.merkmale.items():
            for name, k in self.wissen.kennzahlen.items():
                if k.art != "quote" or not set(k.zaehler) <= da or not self._nenner_da(k, raum, tag):
                    continue
                z, n = self.zaehler(k, raum, tag), self.nenner(k, raum, tag)
                if self._status(raum, tag, name) == "nicht_sinnvoll" or (set(z) & set(n)):
                    continue
                for zeile in self._zeile(n, z, f"{name}: Nenner = Zähler + übrige, {raum} {tag}", genau=False):
                    wer = max((self.name(c)[0] for c in (*z, *n)), key=len)  # with the mark of an edition, if any
                    zeile.faktoren[wer, name, tag, "rest"] = -1.0
                    yield Zeile(zeile.faktoren, 0.0, 0.0, zeile.grund)

    def _nenner_da(self, k: Kennzahl, raum: str, tag: str) -> bool:
        return all(c in self.wahr for c in self.nenner(k, raum, tag)) and bool(k.nenner)

    def zaehler(self, k: Kennzahl, raum: str, tag: str) -> list[Zelle]:
        return [(raum, m, tag) for m in k.zaehler]

    def nenner(self, k: Kennzahl, raum: str, tag: str) -> list[Zelle]:
        return [(raum, m, self._tag(m, tag) if k.letzter else tag) for m in k.nenner]

    def _tag(self, merkmal: str, tag: str) -> str:
        return max((t for t in self.tage[merkmal] if t <= tag), default=tag)

    def _status(self, raum: str, tag: str, kennzahl: str) -> str | None:
        raum_id, _, stand = raum.partition("@")
        return self.einblick.status.get(Ort(raum_id, stand or self.wissen.stand_am(tag).ab, tag, kennzahl))

    def _zwillinge(self) -> Iterator[Zeile]:
        """Merkmale whose open numbers are equal wherever both are open: the reader takes them for the same."""
        offen: dict[str, dict[str, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
        for zahl in self.einblick.zahlen:
            merkmale = self._merkmale(zahl)
            if len(merkmale) == 1 and zahl.von == zahl.bis and zahl.von and not zahl.ort.heute:
                raum = self.wissen.raum(zahl.ort.raum, zahl.ort.stand, zahl.ort.tag)
                offen[zahl.ort.tag][merkmale[0]][raum] = zahl.von
        for tag, spalten in offen.items():
            for a, b in _paare(spalten):
                for raum in self.raeume[a, tag] & self.raeume[b, tag]:
                    grund = f"{a} und {b} sind überall gleich, {raum} {tag}"
                    yield from self._zeile([(raum, a, tag)], [(raum, b, tag)], grund, genau=True)

    def _merkmale(self, zahl: Zahl) -> tuple[str, ...]:
        k = self.wissen.kennzahlen.get(zahl.ort.kennzahl)
        return () if k is None or zahl.rolle not in ("zaehler", "nenner") else getattr(k, zahl.rolle)

    def _gleiche_raeume(self) -> Iterator[Zeile]:
        """A Raum that goes whole into one new Raum and is all of it is the same in both geographies."""
        for stand in self.wissen.staende:
            quellen: dict[str, list] = defaultdict(list)
            for alt, ziele in stand.umstieg.items():
                for neu, anteil in ziele.items():
                    quellen[neu].append((alt, anteil))
            gleich = {liste[0][0]: neu for neu, liste in quellen.items() if len(liste) == 1 == liste[0][1]}
            aelter = [s.ab for s in self.wissen.staende if s.ab < stand.ab]
            for (merkmal, tag), da in self.raeume.items():
                for name in (n for n in da if n.partition("@")[2] in aelter):
                    if (neu := gleich.get(name.partition("@")[0])) in da:
                        zellen = [(name, merkmal, tag)], [(neu, merkmal, tag)]
                        yield from self._zeile(*zellen, f"{name} ist {neu}, {merkmal} {tag}", genau=True)

    # --- what was read at the doors --------------------------------------------------------------

    def lesungen(self) -> list[Zeile]:
        offen = {(z.ort, z.rolle) for z in self.einblick.zahlen if z.von == z.bis}
        zahlen = [*self.einblick.zahlen, *(z for reihe in self.einblick.reihen for z in ordne_ein(reihe))]
        zeilen = []
        for zahl in zahlen:
            k = self.wissen.kennzahlen.get(zahl.ort.kennzahl)
            if k is not None and {*k.zaehler, *k.nenner} & self.tage.keys():  # else nobody's secret stands behind it
                zeilen += self._heute(k, zahl) if zahl.ort.heute else self._lesung(k, zahl, offen)
        zeilen += self._intervalle(offen)
        return zeilen

    def _lesung(self, k: Kennzahl, zahl: Zahl, offen: set) -> list[Zeile]:
        """One number as a row: a count as it stands, a rate as Zähler · pro ≈ rate · Nenner."""
        raum = self.wissen.raum(zahl.ort.raum, zahl.ort.stand, zahl.ort.tag)
        z, n = self.zaehler(k, raum, zahl.ort.tag), self.nenner(k, raum, zahl.ort.tag)
        grund = f"{zahl.tuer}: {zahl.ort.kennzahl} {raum} {zahl.ort.tag} {zahl.rolle} = {_spanne(zahl)}"
        if zahl.rolle == "wert" and not n:
            zahl = zahl._replace(rolle="zaehler")
        if zahl.rolle in ("zaehler", "nenner"):
            zellen = z if zahl.rolle == "zaehler" else n
            return [Zeile(self._faktoren(zellen), zahl.von, zahl.bis, grund)] if self._alle(zellen) else []
        if zahl.rolle != "wert" or not self._alle([*z, *n]):
            return []
        if {(zahl.ort, "zaehler"), (zahl.ort, "nenner")} <= offen:
            return []  # says nothing new
        spiel = 1e-9 * max(1.0, abs(zahl.bis)) if zahl.von == zahl.bis else 0.0
        hoch = self._faktoren(z, k.pro) | self._faktoren(n, -(zahl.bis + spiel))
        tief = self._faktoren(z, k.pro) | self._faktoren(n, -(zahl.von - spiel))
        return [Zeile(hoch, -np.inf, 0.0, grund), Zeile(tief, 0.0, np.inf, grund)]

    def _intervalle(self, offen: set) -> list[Zeile]:
        """Published limits of chance tell how many persons stand behind a rate, where these are not shown."""
        je_ort: dict[Ort, dict[str, Zahl]] = defaultdict(dict)
        for zahl in self.einblick.zahlen:
            if zahl.rolle in ("wert", "unten", "oben") and (zahl.ort, "zaehler") not in offen and not zahl.ort.heute:
                je_ort[zahl.ort][zahl.rolle] = zahl
        zeilen = []
        for ort, zahlen in je_ort.items():
            k = self.wissen.kennzahlen.get(ort.kennzahl)
            if k is None or not k.nenner or len(zahlen) < 3:
                continue
            for rolle, von, bis in kehre_um(k.art, k.pro, *(zahlen[r] for r in ("wert", "unten", "oben"))):
                zeilen += self._lesung(
                    k, Zahl(ort, rolle, von, bis, f"{zahlen['oben'].tuer}, aus dem Intervall"), offen
                )
        return zeilen

    def _heute(self, k: Kennzahl, zahl: Zahl) -> list[Zeile]:
        """A converted count: Σ share · old Raum. Shares are published, so is every step between two Gebietsstände."""
        merkmale = self._merkmale(zahl)
        if zahl.ort.raum not in self._wege:
            self._wege[zahl.ort.raum] = list(self._anteile(zahl.ort.raum))
        for alt, anteile in self._wege[zahl.ort.raum]:
            namen = {r: self.wissen.raum(r, alt, zahl.ort.tag) for r in anteile}
            faktoren: dict = defaultdict(float)
            for r, w in anteile.items():
                for m in merkmale:
                    faktoren[namen[r], m, zahl.ort.tag] += w
            if not faktoren or not self._alle(faktoren):
                continue
            if abs(sum(f * self.wahr[z] for z, f in faktoren.items()) - zahl.von) > 1e-6 * max(1, abs(zahl.von)):
                continue  # not this edition of Räume
            grund = f"{zahl.tuer}, umgerechnet: {zahl.ort.kennzahl} {zahl.ort.raum} {zahl.ort.tag} = {zahl.von:g}"
            spiel = 1e-7 * max(1.0, abs(zahl.von))
            return [Zeile({self.name(z): f for z, f in faktoren.items()}, zahl.von - spiel, zahl.bis + spiel, grund)]
        return []

    def _anteile(self, raum: str) -> Iterator[tuple[str, dict[str, float]]]:
        """Gebietsstand → shares of its lowest Räume in one of today's Räume, newest first."""
        anteile = dict.fromkeys(_blaetter(self.wissen.staende[-1], raum), 1.0)
        for neuer, aelter in zip(self.wissen.staende[:0:-1], self.wissen.staende[-2::-1], strict=True):
            schritt: dict[str, float] = defaultdict(float)
            for alt, ziele in neuer.umstieg.items():
                for ziel, w in ziele.items():
                    if ziel in anteile:
                        schritt[alt] += anteile[ziel] * w
            anteile = dict(schritt)
            yield aelter.ab, anteile

    def _faktoren(self, zellen: Iterable[Zelle], faktor: float = 1.0) -> dict:
        return {self.name(z): faktor for z in zellen}

    def _alle(self, zellen: Iterable[Zelle]) -> bool:
        return all(z in self.wahr for z in zellen) and bool(zellen)


def _blaetter(stand: Stand, raum: str) -> list[str]:
    kinder = stand.kinder[HAUPT].get(raum, ())
    return [b for kind in kinder for b in _blaetter(stand, kind)] or [raum]


def _paare(spalten: dict[str, dict[str, float]]) -> Iterator[tuple[str, str]]:
    """Columns that agree wherever both have a number, and often enough to be no accident."""
    namen = sorted(spalten)
    for i, a in enumerate(namen):
        for b in namen[i + 1 :]:
            gemeinsam = spalten[a].keys() & spalten[b].keys()
            if len(gemeinsam) >= ZWILLINGE_AB and all(spalten[a][r] == spalten[b][r] for r in gemeinsam):
                yield a, b


def _spanne(zahl: Zahl) -> str:
    return f"{zahl.von:g}" if zahl.von == zahl.bis else f"{zahl.von:g} bis {zahl.bis:g}"
