"""The Regelaltersgrenze (§ 35, § 235 SGB VI): who at a year's end is still below it.

Where a register counts single years of age, the formula is exact up to the assumption that birthdays are spread evenly
over a year.
"""

from __future__ import annotations

import numpy as np


def zusatzmonate(geburtsjahr) -> np.ndarray:
    """Months beyond the 65th birthday for people born in a year [months].

    0 up to 1946, one more per year to 1958, two more per year to 1963, 24 from 1964 on.
    """
    b = np.asarray(geburtsjahr)
    erste, zweite = b - 1946, 12 + 2 * (b - 1958)
    return np.select([b <= 1946, b <= 1958, b <= 1963], [0, erste, zweite], 24)


def anteile(jahr) -> tuple[np.ndarray, np.ndarray]:
    """Shares of those aged 65 and of those aged 66 at 31.12. of a year who are below the Regelaltersgrenze (0 to 1).

    2020: .75 and 0; 2022: .917 and 0; 2023: 1 and 0; 2025: 1 and .167; from 2031 on: 1 and 1.
    """
    y = np.asarray(jahr)
    mit_65 = np.minimum(zusatzmonate(y - 65), 12) / 12
    mit_66 = np.maximum(zusatzmonate(y - 66) - 12, 0) / 12
    return mit_65, mit_66


def unter_regelaltersgrenze(bis_64, mit_65, mit_66, jahr) -> np.ndarray:
    """Population below the Regelaltersgrenze at 31.12. of a year [persons].

    Args:
        bis_64: persons aged 0 to 64 (15 to 64 for those of working age), any shape [persons].
        mit_65, mit_66: persons of exactly this age, same shape [persons].
        jahr: year of the Stichtag, a number or the same shape.

    Returns:
        Same shape; fractions, because birthdays are taken as evenly spread. A missing part (NaN) leaves NaN.
    """
    a65, a66 = anteile(jahr)
    return np.asarray(bis_64, float) + np.asarray(mit_65, float) * a65 + np.asarray(mit_66, float) * a66
