"""Makes the invented Musterkreis: boundaries, Räume and ten years of deliveries. Same input, same bytes.

    python -m etl.beispiel.erzeuge_musterkreis [--ziel DIR]

Every place and every number is invented. Planted errors, so that the rules have something to find:

1. mk_sgb2, 12/2021, Quartiere of 05999016 (Engelsbroich): the columns ELB and NEF are swapped. The rows of the
   Kommune above them are right, and more people are long-term recipients than ELB at all. Declared corrections
   `wert` in the profile, each guarded by the wrong value.
2. mk_angebote, 2019, 05999003 (Wesselrath): ten times the places of Tagespflege. Declared correction `wert`.
3. mk_arbeitsmarkt, 2018: the row of 05999002-05 stands twice, with equal values.
4. mk_sgb12, 2022: sgb12_2022.csv lacks cases of 05999003 that stand under »nicht zuordenbar«; the Nachlieferung
   sgb12_2022_korrektur.csv, later by its name, replaces it.
5. mk_arbeitsmarkt, 2019, the smallest Quartier (hamlet of Erlbrück): more unemployed than inhabitants from 15 to the
   Regelaltersgrenze, two registers disagree.

Besides, as in life: »*« and »-« in mk_sgb2, »...« in mk_pflege, cases without a Raum in mk_sgb12 and mk_jugendhilfe,
another register (mk_fortschreibung) with slightly other inhabitants, a case list (mk_hzp_liste) with an unfilled
field, new Quartiere from 2020 on.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.random import RandomState

from etl.beispiel import musterkreis_lieferungen as lieferungen
from etl.beispiel import musterkreis_modell as modell
from etl.beispiel.musterkreis_bevoelkerung import JAHRE, WEILER, Bevoelkerung, build_bevoelkerung
from etl.beispiel.musterkreis_fallliste import write_fallliste
from etl.beispiel.musterkreis_vergleich import write_vergleichswerte
from geodata.beispiel.ablage import write_gebiet
from geodata.beispiel.musterkreis import Musterkreis, build_musterkreis

WURZEL = Path(__file__).parents[2]
SAAT = 2015
VERTAUSCHT = (2021, "05999016")
VERZEHNFACHT = (2019, "05999003")
DOPPELT = (2018, "05999002-05")
NACHLIEFERUNG = (2022, "05999003")
ZU_VIELE_ARBEITSLOSE = 2019


def main() -> None:
    """Write the territory and its deliveries below the project folder or `--ziel`."""
    parser = argparse.ArgumentParser(description="Erzeugt den erfundenen Musterkreis.")
    parser.add_argument("--ziel", type=Path, default=WURZEL, help="Ordner, in den geschrieben wird")
    erzeuge(parser.parse_args().ziel)


def erzeuge(ziel: Path) -> None:
    """geodata/gebiete/musterkreis/ and etl/beispiel/musterkreis/ below `ziel`."""
    zufall = RandomState(SAAT)
    musterkreis = build_musterkreis()
    bevoelkerung = build_bevoelkerung(musterkreis.bausteine, zufall)
    einwohner_2019 = bevoelkerung.alter(0)[JAHRE.index(2019)]
    ordner = ziel / "geodata" / "gebiete" / "musterkreis"
    write_gebiet(musterkreis, ordner, einwohner_2019)
    write_vergleichswerte(ordner / "vergleichswerte.csv")
    write_lieferungen(musterkreis, bevoelkerung, ziel / "etl" / "beispiel" / "musterkreis", zufall)


def write_lieferungen(musterkreis: Musterkreis, bev: Bevoelkerung, ziel: Path, zufall: RandomState) -> None:
    """All deliveries. The order of the draws is part of the result."""
    ziehung = modell.Ziehung(zufall)
    zuschnitt = build_zuschnitt(musterkreis)
    kommune = musterkreis.bausteine["kommune"].to_numpy()
    personen = modell.je_kommune(bev.personen, kommune)

    haushalte = modell.build_haushalte(bev, ziehung)
    lieferungen.write_melderegister(ziel, modell.build_melderegister(bev, ziehung), zuschnitt)
    lieferungen.write_haushalte(ziel, haushalte, zuschnitt)

    sgb2 = modell.build_sgb2(bev, haushalte, ziehung)
    lieferungen.write_sgb2(ziel, sgb2, zuschnitt, vertausche)
    arbeitsmarkt = build_widerspruch(modell.build_arbeitsmarkt(bev, ziehung), bev, kommune)
    lieferungen.write_arbeitsmarkt(ziel, arbeitsmarkt, zuschnitt, doppelt=DOPPELT)
    jahre = (modell.je_kommune(werte, kommune) for werte in (arbeitsmarkt["al_gesamt"], sgb2["sgb2_bg"]))
    lieferungen.write_monate(ziel, modell.build_monate(*jahre, zufall))

    sgb12 = modell.build_sgb12(bev, ziehung)
    rest = modell.build_sgb12_rest(sgb12, zufall)
    lieferungen.write_sgb12(ziel, sgb12, rest, zuschnitt, nachlieferung=NACHLIEFERUNG)
    lieferungen.write_wohngeld(ziel, modell.build_wohngeld(bev, haushalte, ziehung), zuschnitt)

    lieferungen.write_fortschreibung(ziel, modell.build_fortschreibung(personen, zufall))
    je_kommune, nach_alter = modell.build_pflege(personen, ziehung, zufall)
    lieferungen.write_pflege(ziel, je_kommune)
    lieferungen.write_pflege_alter(ziel, nach_alter)
    lieferungen.write_angebote(ziel, modell.build_angebote(personen, zufall), verzehnfacht=VERZEHNFACHT)

    gewicht = bev.alter(0)[0]
    lage = np.array([np.average(bev.lage[kommune == k], weights=gewicht[kommune == k]) for k in np.unique(kommune)])
    jugendhilfe = modell.build_jugendhilfe(personen, lage, ziehung)
    jugendrest = {m: np.floor(w.sum(1, keepdims=True) * 0.02).astype(int) for m, w in jugendhilfe.items()}
    jugendrest["kinder_u3_betreut"] *= 0
    lieferungen.write_jugendhilfe(ziel, jugendhilfe, jugendrest)
    write_fallliste(ziel, modell.je_kommune(sgb12["sgb12_hzp"], kommune))


def build_zuschnitt(musterkreis: Musterkreis) -> lieferungen.Zuschnitt:
    """The keys of every year: 2015 to 2019 the first Gebietsstand, then the second."""
    bausteine = musterkreis.bausteine
    schluessel = {jahr: bausteine["q2015" if jahr < 2020 else "q2020"].to_numpy() for jahr in JAHRE}
    namen = {r.raum_id: r.name for t in musterkreis.raeume.values() for r in t.itertuples(index=False)}
    return lieferungen.Zuschnitt(schluessel, namen)


def vertausche(quartiere: pd.DataFrame, jahr: int) -> None:
    """Planted error 1, in place."""
    if jahr == VERTAUSCHT[0]:
        zeilen = quartiere.index.str.startswith(VERTAUSCHT[1])
        paar = ["sgb2_elb", "sgb2_nef"]
        quartiere.loc[zeilen, paar] = quartiere.loc[zeilen, paar[::-1]].to_numpy()


def build_widerspruch(zahlen: modell.Zahlen, bev: Bevoelkerung, kommune: np.ndarray) -> modell.Zahlen:
    """Planted error 5: a shelter registers its unemployed in the hamlet, the population register does not."""
    ort = np.flatnonzero(kommune == min(WEILER))[-1]
    jahr = JAHRE.index(ZU_VIELE_ARBEITSLOSE)
    erwerbsalter = int((bev.unter_regelaltersgrenze() - bev.alter(0, 14))[jahr, ort])
    sgb2 = zahlen["al_sgb2"].copy()
    sgb2[jahr, ort] = erwerbsalter + 14
    return zahlen | {"al_sgb2": sgb2, "al_gesamt": sgb2 + zahlen["al_sgb3"]}


if __name__ == "__main__":
    main()
