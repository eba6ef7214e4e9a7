"""Two editions together: a reader who kept the first one must not learn more from the second than is allowed.

The attacker here is a small one of its own: he writes down every number both editions show and every sum he knows, and
solves for the least and the greatest value of each hidden count. He shares no code with the gate.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from geodata.fehler import MonitoringError
from indicators.freigabe import read_freigaben
from indicators.gate import Regeln, protect_zaehlung
from indicators.gedaechtnis import Gedaechtnis
from indicators.zaehlung import build_zaehlung

STICHTAG, STAND = date(2023, 12, 31), "2020-01-01"
RAEUME = pd.DataFrame(
    [
        ("K", "kreis", None),
        *((k, "kommune", "K") for k in "ABC"),
        *((f"{k}{i}", "quartier", k) for k in "ABC" for i in "12"),
    ],
    columns=["raum_id", "ebene", "eltern_id"],
).assign(gebietsstand=STAND, rest=False)
ELTERN = RAEUME.dropna(subset="eltern_id").assign(hierarchie="gebiet", zuschnitt=STAND).drop(columns="ebene")
KINDER = {"K": ["A", "B", "C"], **{k: [f"{k}1", f"{k}2"] for k in "ABC"}}
BLAETTER = [f"{k}{i}" for k in "ABC" for i in "12"]
T = 3


def regeln(namen: str = "m") -> Regeln:
    return Regeln(recht=dict.fromkeys(namen, "sgb2"), summen={}, quoten=[], teile=[], gezeigt=frozenset(namen))


def zaehle(blaetter: dict[str, float], tag: date = STICHTAG, merkmal: str = "m") -> pd.DataFrame:
    return zaehle_alle({tag: blaetter}, merkmal)


def zaehle_alle(tabellen: dict[date, dict[str, float]], merkmal: str = "m") -> pd.DataFrame:
    zeilen = [(r, STAND, tag, merkmal, float(w), "offen") for tag, t in tabellen.items() for r, w in t.items()]
    df = pd.DataFrame(zeilen, columns=["raum_id", "gebietsstand", "stichtag", "merkmal", "wert", "status"])
    return build_zaehlung(df, RAEUME, ["kreis", "kommune", "quartier"], summierbar={merkmal})


class Kreis:
    """Publishes one edition after the other, with or without memory, and keeps what every profile showed."""

    def __init__(self, ordner, *, freigaben=None, mit_gedaechtnis: bool = True) -> None:
        self.ordner, self.mit = ordner, mit_gedaechtnis
        self.freigaben = freigaben or read_freigaben()[:1]
        self.ausgaben: list[tuple[dict, dict]] = []
        self.bescheide: dict = {}

    def publish(self, zaehlung: pd.DataFrame, regel: Regeln | None = None) -> set[str]:
        gedaechtnis = Gedaechtnis(self.ordner) if self.mit else None
        self.bescheide = protect_zaehlung(zaehlung, ELTERN, regel or regeln(), self.freigaben, gedaechtnis=gedaechtnis)
        if gedaechtnis is not None:
            gedaechtnis.schreibe()
        self.ausgaben.append((zaehlung, {f: b.gesperrt for f, b in self.bescheide.items()}))
        return set(self.bescheide[self.freigaben[0].id].gesperrt["raum_id"])

    def editionen(self, tag: date, freigabe: str) -> list[tuple[dict, set]]:
        """Numbers and hidden Räume of every edition of a Stichtag."""
        return [
            (
                dict(z.loc[z["stichtag"] == tag, ["raum_id", "wert"]].itertuples(index=False)),
                set(g[freigabe].loc[g[freigabe]["stichtag"] == tag, "raum_id"]),
            )
            for z, g in self.ausgaben
        ]

    def offenbart(self, freigabe: str = "kreis", tag: date = STICHTAG) -> set[str]:
        """Secrets whose interval is narrower than [0, max(a + 1, T)] for a reader of all editions."""
        namen: dict[tuple[str, float, int], int] = {}
        gleichungen, bekannt, seit, vorige = [], {}, {}, {}
        for nr, (werte, geheim) in enumerate(self.editionen(tag, freigabe)):
            seit |= {r: nr for r, w in werte.items() if vorige.get(r) != w}  # the edition it got this number in
            vorige = werte
            spalte = {r: namen.setdefault((r, w, seit[r]), len(namen)) for r, w in werte.items()}
            gleichungen += [(spalte[oben], [spalte[u] for u in unten]) for oben, unten in KINDER.items()]
            bekannt |= {spalte[r]: w for r, w in werte.items() if r not in geheim}
        matrix = np.zeros((len(gleichungen), len(namen)))
        for zeile, (oben, unten) in enumerate(gleichungen):
            matrix[zeile, oben] += 1
            matrix[zeile, unten] -= 1
        grenzen = [(bekannt[i], bekannt[i]) if i in bekannt else (0, None) for i in range(len(namen))]
        funde = set()
        for (raum, wert, _), stelle in namen.items():
            if 0 < wert < T and (stelle in bekannt or not _frei(matrix, grenzen, stelle, max(wert + 1, T))):
                funde.add(f"{raum}={wert:g}")
        return funde


def _frei(matrix: np.ndarray, grenzen: list, stelle: int, oben: float) -> bool:
    ziel = np.zeros(matrix.shape[1])
    ziel[stelle] = 1
    unten, hoch = (
        linprog(r * ziel, A_eq=matrix, b_eq=np.zeros(len(matrix)), bounds=grenzen, method="highs") for r in (1, -1)
    )
    return unten.fun < 1e-6 and (hoch.status == 3 or -hoch.fun > oben - 1e-6)


ERSTE = {"A1": 2, "A2": 18, "B1": 9, "B2": 30, "C1": 12, "C2": 40}


def test_nothing_changed_is_answered_from_memory(tmp_path):
    kreis = Kreis(tmp_path)
    erste = kreis.publish(zaehle(ERSTE))
    assert kreis.publish(zaehle(ERSTE)) == erste
    assert kreis.bescheide["kreis"].zertifikat["wiederverwendet"] == 1
    assert [p.name for p in (tmp_path / "gedaechtnis").iterdir()] == ["000001"]


def test_only_the_block_that_changed_is_decided_anew(tmp_path):
    kreis, tage = Kreis(tmp_path), [date(2021, 12, 31), date(2022, 12, 31), STICHTAG]
    kreis.publish(pd.concat([zaehle(ERSTE, t) for t in tage]))
    neu = pd.concat([zaehle(ERSTE, tage[0]), zaehle(ERSTE | {"B2": 31}, tage[1]), zaehle(ERSTE, tage[2])])
    kreis.publish(neu)
    assert kreis.bescheide["kreis"].zertifikat["wiederverwendet"] == 2
    assert len(pd.read_parquet(tmp_path / "gedaechtnis" / "000002" / "zellen.parquet")["stichtag"].unique()) == 1


def test_what_was_shown_stays_open_and_what_was_hidden_stays_hidden(tmp_path):
    kreis = Kreis(tmp_path)
    erste = kreis.publish(zaehle(ERSTE))
    neu = ERSTE | {"C2": 41}
    zweite = kreis.publish(zaehle(neu))
    unveraendert = set(RAEUME["raum_id"]) - {"C2", "C", "K"}
    assert zweite & unveraendert == erste & unveraendert


def test_a_raised_threshold_hides_but_does_not_block(tmp_path):
    """B1 = 4 was shown at threshold 3; at 5 it is hidden though everybody knows it, and the certificate says so."""
    tabelle = ERSTE | {"B1": 4}
    kreis = Kreis(tmp_path)
    assert "B1" not in kreis.publish(zaehle(tabelle))
    kreis.freigaben = [f.model_copy(update={"schwelle": {"standard": 5}}) for f in kreis.freigaben]
    assert "B1" in kreis.publish(zaehle(tabelle))
    assert kreis.bescheide["kreis"].zertifikat["verloren"] >= 1


def test_a_lowered_threshold_opens_again(tmp_path):
    tabelle = ERSTE | {"B1": 4}
    kreis = Kreis(tmp_path)
    kreis.freigaben = [f.model_copy(update={"schwelle": {"standard": 5}}) for f in kreis.freigaben]
    assert "B1" in kreis.publish(zaehle(tabelle))
    kreis.freigaben = read_freigaben()[:1]
    assert "B1" not in kreis.publish(zaehle(tabelle))
    assert kreis.offenbart() == set()


def test_a_new_profile_reckons_with_what_the_public_one_showed(tmp_path):
    """Kommune is younger than oeffentlich: its readers have read the public editions."""
    alle = read_freigaben()
    kreis = Kreis(tmp_path, freigaben=[alle[0], alle[2]])
    kreis.publish(zaehle(ERSTE))
    kreis.freigaben = alle
    kreis.publish(zaehle(ERSTE | {"A2": 19}))
    offen = {f: set(RAEUME["raum_id"]) - set(g["raum_id"]) for f, g in kreis.ausgaben[-1][1].items()}
    assert offen["oeffentlich"] <= offen["kommune"] <= offen["kreis"]


def _zufall(seed: int) -> list[dict]:
    """Three editions of a random table: few numbers change, small ones are common."""
    wuerfel = np.random.default_rng(seed)
    werte = wuerfel.choice([0, 1, 2, 3, 4, 6, 9, 15, 30], size=len(BLAETTER))
    ausgaben = [{r: int(w) for r, w in zip(BLAETTER, werte, strict=True)}]
    for _ in range(2):
        neu = dict(ausgaben[-1])
        for raum in wuerfel.choice(BLAETTER, size=int(wuerfel.integers(0, 4)), replace=False):
            neu[raum] = max(0, neu[raum] + int(wuerfel.integers(-3, 4)))
        ausgaben.append(neu)
    return ausgaben


TAGE = [date(1900 + nr, 12, 31) for nr in range(30)]


def _publish_zufall(kreis: Kreis, ab: int, zahl: int = len(TAGE)) -> set[str]:
    """Random tables, one per Stichtag, in three editions: everything the attacker finds."""
    tabellen = {tag: _zufall(seed) for tag, seed in zip(TAGE[:zahl], range(ab, ab + zahl), strict=True)}
    for nr in range(3):
        kreis.publish(zaehle_alle({tag: t[nr] for tag, t in tabellen.items()}))
    return {f"{tag.year}: {fund}" for tag in tabellen for fund in kreis.offenbart(tag=tag)}


@pytest.mark.parametrize("ab", [0, 30])
def test_random_editions(tmp_path, ab):
    kreis = Kreis(tmp_path)
    assert _publish_zufall(kreis, ab) == set()
    assert kreis.bescheide["kreis"].zertifikat["verloren"] == 0


def test_random_editions_leak_without_memory(tmp_path):
    """The same tables, each edition decided for itself: the attacker finds what the memory keeps from him."""
    assert len(_publish_zufall(Kreis(tmp_path, mit_gedaechtnis=False), 0, 15)) > 0


def test_damage_is_refused(tmp_path):
    kreis = Kreis(tmp_path)
    kreis.publish(zaehle(ERSTE))
    kreis.publish(zaehle(ERSTE | {"A2": 19}))
    (tmp_path / "gedaechtnis" / "000001" / "relationen.parquet").write_bytes(b"")
    with pytest.raises(MonitoringError, match="Gedächtnis"):
        kreis.publish(zaehle(ERSTE | {"A2": 20}))
    (tmp_path / "gedaechtnis" / "000001").rename(tmp_path / "weg")
    with pytest.raises(MonitoringError, match="beschädigt"):
        Gedaechtnis(tmp_path)


def test_a_crash_while_writing_leaves_no_half_edition(tmp_path):
    kreis = Kreis(tmp_path)
    kreis.publish(zaehle(ERSTE))
    rest = tmp_path / "gedaechtnis" / ".bau_000002"
    rest.mkdir()
    (rest / "zellen.parquet").write_bytes(b"half")
    kreis.publish(zaehle(ERSTE | {"A2": 19}))
    assert sorted(p.name for p in (tmp_path / "gedaechtnis").iterdir()) == ["000001", "000002"]
    assert kreis.offenbart() == set()
