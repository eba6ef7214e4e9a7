"""The Regelaltersgrenze (§ 35, § 235 SGB VI) as a denominator: who at a year's end is still below it.

Where a register counts single years of age, sources compute it (`etl.altersgrenze`). Where only bands exist, the
denominator is an approximation, and its error can be told.
"""

from __future__ import annotations

import numpy as np

from etl.altersgrenze import anteile
from indicators.zahlformat import format_zahl


def fehler_des_bandes(bis_64, von_65_bis_69, jahr) -> np.ndarray:
    """How many per cent too small a denominator "under 65" is, where the next band is 65 to 69 [%].

    The band is split evenly over its five years of age: a year of age differs from the mean of its band by some per
    cent of itself, which is far below the error told here.
    """
    je_alter = np.asarray(von_65_bis_69, float) / 5
    fehlt = je_alter * sum(anteile(jahr))
    return 100 * fehlt / (np.asarray(bis_64, float) + fehlt)


def regel_text(jahr: int) -> str:
    """The rule of a year's end in one German sentence, for handbook and notes."""
    grenze = 65 + sum(anteile(jahr))
    a65, a66 = (format_zahl(100 * float(a), 0) for a in anteile(jahr))
    return (
        f"Am 31.12.{jahr} lagen die 0- bis 64-Jährigen, {a65} % der 65-Jährigen und {a66} % der 66-Jährigen unter der "
        f"Regelaltersgrenze (im Mittel {format_zahl(float(grenze), 2)} Jahre)."
    )


def fehler_text(bis_64: float, von_65_bis_69: float, jahr: int) -> str:
    """What it means for a rate that its denominator is "under 65" instead of the Regelaltersgrenze."""
    fehler = float(fehler_des_bandes(bis_64, von_65_bis_69, jahr))
    return (
        f"Näherung: Bezogen auf die unter 65-Jährigen statt auf die Menschen unter der Regelaltersgrenze; die "
        f"Bezugsgruppe ist {jahr} um rund {format_zahl(fehler, 1)} % zu klein, der Anteil im selben Maß zu hoch."
    )
