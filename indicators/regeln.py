"""What the catalogue says about the counts that go through the gate: laws, how they add up, which quotes are shown."""

from __future__ import annotations

from dataclasses import dataclass, field

from etl.quelle import Merkmal

ZAEHLBAR = ("anzahl", "betrag")  # kinds of Merkmale that add up over Räume


@dataclass(frozen=True)
class Zeitregel:
    """A Merkmal made of other Stichtage of another one.

    `summe`, `mittel`: over the last `monate` months, its own included; `aenderung`: against the Stichtag `monate` ago.
    """

    merkmal: str
    teil: str
    monate: int
    art: str


@dataclass(frozen=True)
class Regeln:
    """`recht`: law behind each Merkmal. `summen`: Merkmal → the ways it adds up from others. `quoten`: (Zähler, Nenner)
    of all published quotes, each a list of Merkmale that are added. `teile`: (part, whole): nobody shows the
    difference, everybody knows it is not negative. `gezeigt`: Merkmale that stand behind a published Kennzahl; no other
    count leaves the gate. `gleich`: pairs that count the same people. `zeit`: relations between Stichtage. `betraege`:
    amounts of money → the Merkmal that counts the persons behind them, "" where nobody says; `groesste`: → the one that
    holds the largest single amount, where it is delivered. `letzter`: quotes (by
    their place) whose Nenner may be older. `aeltere_nenner`: for these, (Raum, Merkmal) → count (set per block).
    """

    recht: dict[str, str]
    summen: dict[str, list[list[str]]]
    quoten: list[tuple[list[str], list[str]]]
    teile: list[tuple[str, str]]
    gezeigt: frozenset[str]
    gleich: list[tuple[str, str]] = field(default_factory=list)
    zeit: list[Zeitregel] = field(default_factory=list)
    betraege: dict[str, str] = field(default_factory=dict)
    groesste: dict[str, str] = field(default_factory=dict)
    letzter: frozenset[int] = frozenset()
    aeltere_nenner: dict[int, dict[tuple[str, str], float]] = field(default_factory=dict)

    @property
    def differenzen(self) -> list[str]:
        return [z.merkmal for z in self.zeit if z.art == "aenderung"]


def build_regeln(merkmale: dict[str, Merkmal], fassungen: list, weitere: frozenset[str] = frozenset()) -> Regeln:
    """Rules of one Gebiet.

    Args:
        merkmale: all of its sources.
        fassungen: (Kennzahl, Fassung) of everything that is published.
        weitere: Merkmale that are shown without a Kennzahl of their own.
    """
    zaehlbar = {name: m for name, m in merkmale.items() if m.art in ZAEHLBAR}
    quoten = [(k, (list(f.zaehler), list(f.nenner))) for k, f in fassungen if k.art == "quote"]
    return Regeln(
        recht={name: m.recht for name, m in zaehlbar.items()},
        summen={name: [list(weg) for weg in m.zerlegungen] for name, m in merkmale.items() if m.zerlegungen},
        quoten=[paar for _, paar in quoten],
        teile=[(name, m.teil_von) for name, m in merkmale.items() if m.teil_von in merkmale],
        gezeigt=frozenset(m for _, f in fassungen for m in f.merkmale) | weitere,
        gleich=[(name, m.gleich) for name, m in zaehlbar.items() if m.gleich in merkmale],
        zeit=[regel for name, m in zaehlbar.items() for regel in _zeitregeln(name, m)],
        betraege={name: m.traeger or "" for name, m in zaehlbar.items() if m.art == "betrag"},
        groesste={name: m.groesster for name, m in zaehlbar.items() if m.groesster},
        letzter=frozenset(nr for nr, (k, _) in enumerate(quoten) if k.nenner_zeitpunkt == "letzter"),
    )


def _zeitregeln(name: str, merkmal: Merkmal) -> list[Zeitregel]:
    regeln = []
    if z := merkmal.zeitsumme:
        regeln.append(Zeitregel(name, z.merkmal, z.monate, z.art))
    if a := merkmal.aenderung:
        regeln.append(Zeitregel(name, a.merkmal, a.monate, "aenderung"))
    return regeln
