"""Benchmark of the disclosure control: `python -m tests.bench.geheimhaltung_bench [kreis] [berlin] [klein]`.

* `kreis`: an invented annual block, 139 Quartiere and a Rest-Raum in 19 Kommunen, 47 Merkmale, complements;
  two nested profiles. Target: ≤ 4–5 s per block.
* `berlin`: 542 areas × 10 ages (× 2 sexes) in three levels, from the file that SOZIALRAUM_BERLIN names, else invented
  with the same shape. Targets: 6,193 cells ≤ 15 s, 18,579 cells ≤ 60 s.
* `klein`: small instances, hidden cells against a proven optimum. Target: ≤ 1.15.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from indicators import geheimhaltung as g
from indicators import sperrmuster
from indicators.aufgabe import build_aufgabe
from indicators.sperrmuster import find_muster
from tests.hilfe_sperren import random_block, read_sdctable, read_tiny

# Share of the inhabitants of Berlin with an invented benefit: some 350 small counts at t = 3.
ANTEIL_BERLIN = 0.02
# Merkmal → its parts; every declared way of adding up is one relation per Raum.
SUMMEN = [
    ("bev", [f"bev_{k}" for k in range(10)]),
    ("bev", ["bev_m", "bev_w"]),
    ("bev", ["bev_unter_rag", "bev_ab_rag"]),
    ("hh", ["hh_eins", "hh_mit_kind", "hh_uebrige"]),
    ("sgb2_lb", ["sgb2_rlb", "sgb2_slb"]),
    ("sgb2_rlb", ["sgb2_elb", "sgb2_nef"]),
    ("sgb2_nef", ["sgb2_nef_u15", "sgb2_nef_ue15"]),
    ("al", ["al_sgb2", "al_sgb3"]),
    ("gsi", ["gsi_alter", "gsi_em"]),
    ("hzp", ["hzp_ambulant", "hzp_stationaer"]),
]
EINZELN = [
    "bev_nichtdeutsch", "hh_alleinerziehend", "hh_75_plus", "sgb2_bg", "sgb2_bg_alleinerziehend", "sgb2_langzeit",
    "sgb2_aufstocker", "al_langzeit", "al_15_24", "svb", "hlu", "wohngeld",
]  # fmt: skip
# Share of each part in its whole, or of the whole in `bev`.
ANTEIL = {
    "hh": 0.48, "sgb2_lb": 0.07, "al": 0.03, "gsi": 0.012, "hzp": 0.004, "sgb2_slb": 0.012, "sgb2_nef": 0.28,
    "sgb2_nef_ue15": 0.04, "al_sgb3": 0.4, "gsi_em": 0.4, "hzp_ambulant": 0.3, "bev_nichtdeutsch": 0.12,
    "hh_alleinerziehend": 0.03, "hh_75_plus": 0.05, "sgb2_bg": 0.035, "sgb2_bg_alleinerziehend": 0.006,
    "sgb2_langzeit": 0.03, "sgb2_aufstocker": 0.012, "al_langzeit": 0.01, "al_15_24": 0.003, "svb": 0.4,
    "hlu": 0.0015, "wohngeld": 0.008, "bev_ab_rag": 0.22,
}  # fmt: skip
QUOTEN = [
    ("sgb2_lb", "bev_unter_rag"), ("sgb2_nef_u15", "bev_0"), ("al", "bev_unter_rag"), ("al_15_24", "bev_3"),
    ("gsi_alter", "bev_ab_rag"), ("hh_alleinerziehend", "hh_mit_kind"), ("hh_75_plus", "hh_eins"), ("sgb2_bg", "hh"),
    ("sgb2_bg_alleinerziehend", "hh_alleinerziehend"), ("sgb2_langzeit", "sgb2_elb"), ("wohngeld", "hh"),
    ("sgb2_aufstocker", "sgb2_elb"), ("al_langzeit", "al"), ("bev_nichtdeutsch", "bev"), ("hlu", "bev"),
]  # fmt: skip
STRENG = ("gsi", "hzp", "hlu")  # laws with t = 5


def kreis_block(seed: int, *, schwelle=3, streng=5, quelle_geheim=False, einwohner_log=7.6):
    """One Stichtag of an invented Kreis: cells and relations as the gate builds them.

    Args:
        quelle_geheim: the supplier delivers "*" for every small count of SGB II.
        einwohner_log: mean log population of a Quartier; 6.6 gives some 1,500 small counts.
    """
    zufall = np.random.default_rng(seed)
    kommune = np.sort(np.r_[np.arange(19), zufall.integers(0, 19, 120)])
    einwohner = np.r_[np.exp(zufall.normal(einwohner_log, 0.8, 139)).astype(int) + 50, 80]
    werte = _ziehe(zufall, einwohner)
    namen = list(werte)
    unten = np.array([werte[m] for m in namen])  # Merkmal × Quartier, the last column is the Rest-Raum
    mitte = np.array([unten[:, :139][:, kommune == k].sum(1) for k in range(19)]).T
    alles = np.hstack([unten, mitte, unten.sum(1, keepdims=True)])
    raeume = alles.shape[1]
    nr = np.arange(alles.size).reshape(alles.shape)
    teile = [(159, [*range(140, 159), 139])] + [(140 + k, np.flatnonzero(kommune == k).tolist()) for k in range(19)]
    zeilen = [(nr[m, p], nr[m, kinder]) for m in range(len(namen)) for p, kinder in teile]
    for ganz, glieder in SUMMEN:
        zeilen += [(nr[namen.index(ganz), r], nr[[namen.index(x) for x in glieder], r]) for r in range(raeume)]
    t = np.array([streng if m.startswith(STRENG) else 0 if m in ("svb",) else schwelle for m in namen])
    wert, tt = alles.ravel().astype(float), np.repeat(t, raeume)
    rest, rest_t = [], []
    for z, n in QUOTEN:
        for r in range(raeume):
            iz, i_n = nr[namen.index(z), r], nr[namen.index(n), r]
            if wert[i_n] >= wert[iz]:
                zeilen.append((i_n, np.array([iz, alles.size + len(rest)])))
                rest.append(wert[i_n] - wert[iz])
                rest_t.append(tt[iz])
    n_sichtbar = alles.size
    wert, tt = np.r_[wert, rest], np.r_[tt, rest_t]
    sichtbar = np.arange(len(wert)) < n_sichtbar
    primaer = np.where(sichtbar, g.find_primaer(wert, tt), wert < tt)
    fest = sichtbar & (np.arange(len(wert)) % raeume == raeume - 1) & ~primaer
    if quelle_geheim:
        ba = np.repeat([m.startswith("sgb2") for m in namen], raeume)
        wert[:n_sichtbar][ba & primaer[:n_sichtbar]] = np.nan
    return g.Zellen(wert, tt, primaer, sichtbar, fest), _matrix(zeilen, len(wert))


def _ziehe(zufall, einwohner) -> dict[str, np.ndarray]:
    werte = {"bev": einwohner}
    lage = np.exp(zufall.normal(0, 0.6, len(einwohner)))
    for ganz, glieder in SUMMEN:
        if ganz not in werte:
            werte[ganz] = zufall.binomial(einwohner, np.clip(ANTEIL[ganz] * lage, 0, 0.9))
        anteile = np.array([ANTEIL.get(x, np.nan) for x in glieder])
        fehlend = np.isnan(anteile)
        anteile[fehlend] = (1 - np.nansum(anteile)) / fehlend.sum()
        gezogen = np.array([zufall.multinomial(x, anteile) for x in werte[ganz]]).T
        werte.update(zip(glieder, gezogen, strict=True))
    for name in EINZELN:
        werte[name] = zufall.binomial(einwohner, np.clip(ANTEIL[name] * lage, 0, 0.9))
    return werte


def _matrix(zeilen, n: int) -> sparse.csr_array:
    i = np.repeat(np.arange(len(zeilen)), [1 + len(k) for _, k in zeilen])
    j = np.concatenate([np.r_[p, k] for p, k in zeilen])
    v = np.concatenate([np.r_[1.0, -np.ones(len(k))] for _, k in zeilen])
    return sparse.csr_array((v, (i, j)), shape=(len(zeilen), n))


def berlin_block(*, geschlecht: bool, schwelle: int = 3):
    """542 areas × 10 ages with total in three levels (20 groups of areas, city), optionally × sex with total.

    Ages from the register of Berlin (CSV with `id`, `inhabitants_age_*`; the two widest bands cut in half); of them a
    share receives a benefit, as population itself has hardly a small count. Without the file: same shape, invented.
    """
    zufall = np.random.default_rng(0)
    datei = os.environ.get("SOZIALRAUM_BERLIN")
    if datei:
        tabelle = pd.read_csv(Path(datei), dtype={"id": str}).sort_values("id")
        alter = [s for s in tabelle if s.startswith("inhabitants_age") and not s.endswith("percentage")]
        basis = tabelle[alter].to_numpy()
        breit = np.argsort(basis.sum(0))[-2:]
        haelfte = zufall.binomial(basis[:, breit], 0.5)
        basis[:, breit] -= haelfte
        basis = zufall.binomial(np.hstack([basis, haelfte]), ANTEIL_BERLIN)
    else:
        basis = zufall.poisson(np.exp(zufall.normal(3.0, 1.0, (542, 10))))
    gruppe = np.arange(len(basis)) * 20 // len(basis)
    wuerfel = basis[:, :, None]
    if geschlecht:
        m = zufall.binomial(basis, 0.5)
        wuerfel = np.stack([m, basis - m], axis=2)
    r = len(basis)
    wuerfel = np.concatenate([wuerfel, np.array([wuerfel[gruppe == k].sum(0) for k in range(20)])])
    wuerfel = np.concatenate([wuerfel, wuerfel[r:].sum(0, keepdims=True)])
    wuerfel = np.concatenate([wuerfel, wuerfel.sum(1, keepdims=True)], axis=1)
    if geschlecht:
        wuerfel = np.concatenate([wuerfel, wuerfel.sum(2, keepdims=True)], axis=2)
    nr = np.arange(wuerfel.size).reshape(wuerfel.shape)
    zeilen = []
    for a in range(wuerfel.shape[1]):
        for s in range(wuerfel.shape[2]):
            zeilen.append((nr[-1, a, s], nr[r:-1, a, s]))
            zeilen += [(nr[r + k, a, s], nr[:r, a, s][gruppe == k]) for k in range(20)]
    zeilen += [(nr[i, -1, s], nr[i, :-1, s]) for i in range(len(nr)) for s in range(wuerfel.shape[2])]
    if geschlecht:
        zeilen += [(nr[i, a, 2], nr[i, a, :2]) for i in range(len(nr)) for a in range(wuerfel.shape[1])]
    wert = wuerfel.ravel().astype(float)
    t = np.full(len(wert), schwelle)
    primaer = g.find_primaer(wert, t)
    fest = np.zeros(wuerfel.shape, bool)
    fest[-1] = True
    return g.Zellen(wert, t, primaer, np.ones(len(wert), bool), fest.ravel() & ~primaer), _matrix(zeilen, len(wert))


def _melde(name: str, zellen: g.Zellen, matrix, schutz: g.Schutz, sekunden: float) -> None:
    sichtbar, gesperrt = zellen.sichtbar, schutz.gesperrt
    belegt = sichtbar & ~(zellen.wert == 0)
    personen = np.nansum(zellen.wert[gesperrt]) / np.nansum(zellen.wert[sichtbar])
    print(
        f"{name}: {sichtbar.sum():,} cells (+{(~sichtbar).sum():,} virtual), {matrix.shape[0]:,} relations, "
        f"primary {schutz.primaer:,}, secondary {schutz.sekundaer:,}, "
        f"hidden {gesperrt[belegt].sum() / belegt.sum():.1%} of non-zero cells, {personen:.2%} of the sum; "
        f"{schutz.runden} rounds, {schutz.schnitte} cuts, {schutz.teile_ganz}/{schutz.teile} int, {sekunden:.1f} s",
        flush=True,
    )


def bench_kreis() -> None:
    for seed, geheim, log in ((0, False, 7.6), (1, True, 7.6), (2, False, 6.6), (3, True, 6.6)):
        erzwungen = None
        for profil, (schwelle, streng) in {"kreis": (3, 3), "oeffentlich": (3, 5)}.items():
            zellen, matrix = kreis_block(
                seed, schwelle=schwelle, streng=streng, quelle_geheim=geheim, einwohner_log=log
            )
            start = time.process_time()
            schutz = g.protect(zellen, matrix, erzwungen=erzwungen)
            _melde(f"kreis {seed} {profil}, »*« {geheim}", zellen, matrix, schutz, time.process_time() - start)
            erzwungen = schutz.gesperrt


def bench_berlin() -> None:
    for geschlecht in (False, True):
        for t in (3, 5):
            zellen, matrix = berlin_block(geschlecht=geschlecht, schwelle=t)
            start = time.process_time()
            schutz = g.protect(zellen, matrix)
            _melde(f"berlin t={t} sex={geschlecht}", zellen, matrix, schutz, time.process_time() - start)


def bench_klein(*, tafeln: int = 60, raumtafeln: int = 80) -> None:
    """Small instances against the proven optimum, by cost and by number of cells: as they are solved, and on the way
    of large blocks."""
    instanzen = {
        "tables": [_tafel(seed) for seed in range(tafeln)],
        "hierarchies × ages (× sex, second geography, complements)": [
            b for seed in range(300, 300 + raumtafeln) if len((b := random_block(seed))[0].wert) <= 90
        ],
    }
    if ordner := os.environ.get("SOZIALRAUM_REFERENZ"):
        instanzen["published reference tables"] = [
            read(Path(ordner) / "methods" / "sdc")[:2] for read in (read_sdctable, read_tiny)
        ]
    for name, bloecke in instanzen.items():
        zahlen = [_vergleiche(zellen, matrix) for zellen, matrix in bloecke if zellen.primaer.any()]
        z = np.array(zahlen)
        print(f"klein, {name}: {len(z)} instances, cells hidden {z[:, 0].mean():.1f} in the mean")
        for i, weg in ((1, "as solved"), (3, "large way")):
            print(
                f"  {weg}: cost {z[:, i].mean():.4f} of the optimum (worst {z[:, i].max():.3f}), "
                f"cells {z[:, i + 1].mean():.4f} (worst {z[:, i + 1].max():.3f})",
                flush=True,
            )


def _tafel(seed: int):
    zufall = np.random.default_rng(seed)
    wert = zufall.poisson(np.exp(zufall.normal(1.8, 0.9, (10 + seed % 7, 6 + seed % 3))))
    wert = np.block([[wert, wert.sum(1, keepdims=True)], [wert.sum(0, keepdims=True), wert.sum()]])
    nr = np.arange(wert.size).reshape(wert.shape)
    matrix = _matrix([(z[-1], z[:-1]) for z in nr] + [(s[-1], s[:-1]) for s in nr.T], wert.size)
    wert = wert.ravel().astype(float)
    t, letzte = np.full(len(wert), 3), np.arange(len(wert)) == len(wert) - 1
    return g.Zellen(wert, t, g.find_primaer(wert, t), np.ones(len(wert), bool), letzte), matrix


def _vergleiche(zellen: g.Zellen, matrix) -> list[float]:
    """Optimum of cells; cost and cells as shares of their optima, as solved and on the way of large blocks."""
    aufgabe = build_aufgabe(zellen, matrix, None, None)
    kosten, sichtbar = aufgabe.kosten, zellen.sichtbar
    ein_preis = replace(aufgabe, kosten=np.where(aufgabe.verdeckt, 0.0, 1.0))
    with _weg(OPTIMAL_BIS=10_000, RUNDEN_OPTIMAL=10_000, KNOTEN=1_000_000, ZEITLIMIT=600.0):
        billigste = kosten @ find_muster(aufgabe).gewaehlt
        wenigste = (find_muster(ein_preis).gewaehlt & sichtbar).sum()
    zahlen = [wenigste]
    for grenze in (sperrmuster.OPTIMAL_BIS, 0):
        with _weg(OPTIMAL_BIS=grenze):
            gesperrt = g.protect(zellen, matrix).gesperrt
        zahlen += [kosten @ gesperrt / billigste, gesperrt.sum() / wenigste]
    return zahlen


@contextmanager
def _weg(**werte):
    """Other limits of `sperrmuster` for a while."""
    vorher = {name: getattr(sperrmuster, name) for name in werte}
    try:
        for name, wert in werte.items():
            setattr(sperrmuster, name, wert)
        yield
    finally:
        for name, wert in vorher.items():
            setattr(sperrmuster, name, wert)


if __name__ == "__main__":
    for name in sys.argv[1:] or ["kreis", "berlin", "klein"]:
        {"kreis": bench_kreis, "berlin": bench_berlin, "klein": bench_klein}[name]()
