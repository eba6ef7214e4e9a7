"""Invented social figures of the Musterkreis, drawn from its population and the burden of each Baustein.

Every figure is a table [year, Baustein] (or [year, Kommune]) of whole numbers; sums hold exactly. One latent burden
drives benefits, unemployment and help for families; age drives care; the years carry the events planners know.
"""

import numpy as np
from numpy.random import RandomState

from etl.beispiel.musterkreis_bevoelkerung import JAHRE, Bevoelkerung
from geodata.beispiel.namen import KOMMUNEN

Zahlen = dict[str, np.ndarray]

#                          2015  2016  2017  2018  2019  2020  2021  2022  2023  2024
VERLAUF_SGB2 = np.array([1.00, 1.03, 1.02, 0.97, 0.93, 0.96, 0.92, 1.02, 1.05, 1.03])  # Corona; Ukraine 06/2022
VERLAUF_KINDER = np.array([1.00, 1.05, 1.07, 1.03, 0.99, 0.99, 0.95, 1.10, 1.12, 1.09])
VERLAUF_AL = np.array([1.00, 0.97, 0.94, 0.88, 0.86, 1.07, 0.96, 0.98, 1.05, 1.10])
VERLAUF_SGB3 = np.array([1.00, 0.98, 0.95, 0.90, 0.94, 1.32, 0.98, 0.88, 0.99, 1.10])
VERLAUF_LANGZEIT = np.array([0.43, 0.42, 0.41, 0.39, 0.37, 0.41, 0.47, 0.41, 0.39, 0.40])
VERLAUF_GSI = np.array([1.00, 1.00, 1.03, 1.04, 1.04, 1.04, 1.04, 1.16, 1.19, 1.25])
VERLAUF_HZP = np.array([1.00, 1.02, 0.98, 0.99, 1.02, 1.05, 1.09, 0.95, 0.98, 1.05])  # § 43c SGB XI from 2022 on
VERLAUF_WOHNGELD = np.array([0.72, 0.98, 0.93, 0.88, 0.84, 1.00, 0.97, 1.04, 1.88, 2.02])  # Wohngeld-Plus 2023
VERLAUF_FREMD = np.array([1.00, 1.05, 1.10, 1.14, 1.18, 1.20, 1.23, 1.42, 1.48, 1.51])


class Ziehung:
    """Whole counts around an expectation: an area's own level lasts, only a little changes by the year."""

    def __init__(self, zufall: RandomState) -> None:
        self.zufall = zufall

    def __call__(self, erwartet: np.ndarray, hoechstens: np.ndarray | None = None) -> np.ndarray:
        """`erwartet` [year, area] → whole numbers of the same shape, not above `hoechstens`."""
        eigen = 0.75 * self.zufall.normal(size=erwartet.shape[1]) + 0.35 * self.zufall.normal(size=erwartet.shape)
        mittel = erwartet * np.exp(0.55 * eigen / np.sqrt(erwartet + 1))
        zahl = np.floor(mittel.round(6) + self.zufall.uniform(size=erwartet.shape)).astype(int)
        return zahl if hoechstens is None else np.minimum(zahl, hoechstens)


def _reihe(verlauf: np.ndarray) -> np.ndarray:
    return verlauf[:, None]


def build_melderegister(bev: Bevoelkerung, ziehung: Ziehung) -> Zahlen:
    """Population register per Baustein."""
    baender = ((0, 2), (3, 5), (6, 14), (15, 17), (18, 20), (21, 24), (25, 59), (60, 64), (65, 79))
    zahlen = {
        "bev_gesamt": bev.alter(0),
        "bev_m": bev.personen[:, :, 0].sum(-1),
        "bev_w": bev.personen[:, :, 1].sum(-1),
    }
    zahlen |= {f"bev_{von}_{bis}": bev.alter(von, bis) for von, bis in baender} | {"bev_80_plus": bev.alter(80)}
    unter = bev.unter_regelaltersgrenze()
    zahlen |= {"bev_unter_rag": unter, "bev_ab_rag": zahlen["bev_gesamt"] - unter}
    zahlen |= {"bev_15_unter_rag": unter - bev.alter(0, 14), "bev_18_unter_rag": unter - bev.alter(0, 17)}
    anteil = 0.078 * np.exp(0.42 * bev.lage + 0.25 * bev.stadt - 0.15)
    zahlen["bev_nichtdeutsch"] = ziehung(zahlen["bev_gesamt"] * anteil * _reihe(VERLAUF_FREMD), zahlen["bev_gesamt"])
    return zahlen


def build_haushalte(bev: Bevoelkerung, ziehung: Ziehung) -> Zahlen:
    """Households as HHGen estimates them from the register."""
    groesse = np.clip(2.22 - 0.22 * bev.stadt - 0.04 * bev.lage, 1.7, 2.6)
    haushalte = ziehung(bev.alter(0) / groesse)
    mit_kind = ziehung(bev.alter(0, 17) / 1.66, haushalte)
    allein = ziehung(mit_kind * np.clip(0.175 + 0.045 * bev.lage, 0.07, 0.42), mit_kind)
    privat = ziehung(bev.alter(75) * 0.93, bev.alter(75))
    einzeln = ziehung(privat * np.clip(0.39 + 0.03 * bev.stadt + 0.01 * bev.lage, 0.3, 0.5), privat)
    return {
        "hh_gesamt": haushalte,
        "hh_mit_kind": mit_kind,
        "hh_alleinerziehend": allein,
        "bev_75_plus_privat": privat,
        "hh_einpersonen_75_plus": einzeln,
    }


def build_sgb2(bev: Bevoelkerung, hh: Zahlen, ziehung: Ziehung) -> Zahlen:
    """Grundsicherung für Arbeitsuchende: LB = RLB + SLB, RLB = ELB + NEF."""
    quote = np.clip(0.062 * np.exp(0.58 * bev.lage - 0.12), 0.014, 0.27)
    kinder, unter = bev.alter(0, 14), bev.unter_regelaltersgrenze()
    nef_u15 = ziehung(kinder * quote * 1.75 * _reihe(VERLAUF_KINDER), kinder)
    nef = nef_u15 + ziehung(nef_u15 * 0.12)
    elb = ziehung((unter - kinder) * quote * 0.93 * _reihe(VERLAUF_SGB2), (unter - kinder) * 2 // 3)
    slb = ziehung(elb * 0.10)
    slb[slb < 3] = 0  # and more than in life: a secret difference LB − RLB would hide the headline figure
    jugend = np.minimum(ziehung(bev.alter(15, 17) * quote * 1.35 * _reihe(VERLAUF_KINDER)), bev.alter(15, 17))
    bg = ziehung(elb * 0.735, elb)
    langzeit = np.array([0.66, 0.65, 0.64, 0.65, 0.66, 0.66, 0.68, 0.61, 0.60, 0.63])
    return {
        "sgb2_lb": elb + nef + slb,
        "sgb2_rlb": elb + nef,
        "sgb2_elb": elb,
        "sgb2_nef": nef,
        "sgb2_slb": slb,
        "sgb2_nef_u15": nef_u15,
        "sgb2_lb_u18": nef_u15 + np.minimum(jugend, elb),
        "sgb2_bg": bg,
        "sgb2_bg_alleinerziehend": ziehung(bg * 0.185, np.minimum(bg, hh["hh_alleinerziehend"])),
        "sgb2_langzeitbezug": ziehung(elb * _reihe(langzeit), elb),
        "sgb2_aufstocker": ziehung(elb * 0.235, elb),
    }


def build_arbeitsmarkt(bev: Bevoelkerung, ziehung: Ziehung) -> Zahlen:
    """Unemployed = SGB II + SGB III; employees subject to social insurance at their home."""
    alter = bev.unter_regelaltersgrenze() - bev.alter(0, 14)
    sgb2 = ziehung(alter * 0.0245 * np.exp(0.55 * bev.lage - 0.12) * _reihe(VERLAUF_AL), alter // 4)
    sgb3 = ziehung(alter * 0.0135 * np.exp(0.15 * bev.lage) * _reihe(VERLAUF_SGB3), alter // 10)
    gesamt = sgb2 + sgb3
    beschaeftigt = 0.568 - 0.022 * bev.lage + _reihe(np.linspace(0, 0.045, len(JAHRE)))
    jung = np.minimum(gesamt, bev.alter(15, 24))
    return {
        "al_gesamt": gesamt,
        "al_sgb2": sgb2,
        "al_sgb3": sgb3,
        "al_langzeit": ziehung(gesamt * _reihe(VERLAUF_LANGZEIT), gesamt),
        "al_15_24": ziehung(gesamt * 0.097, jung),
        "svb_15_unter_rag": ziehung(alter * beschaeftigt, alter - jung),
    }


def build_sgb12(bev: Bevoelkerung, ziehung: Ziehung) -> Zahlen:
    """Sozialhilfe per Baustein; HzP = outside + inside institutions."""
    unter = bev.unter_regelaltersgrenze()
    ab, erwachsen = bev.alter(0) - unter, unter - bev.alter(0, 17)
    arm = np.exp(0.48 * bev.lage - 0.1)
    ambulant = ziehung(bev.alter(65) * 0.0048 * arm * _reihe(VERLAUF_HZP))
    heim = ziehung(bev.alter(80) * 0.052 * np.exp(0.2 * bev.lage) * _reihe(VERLAUF_HZP))
    return {
        "sgb12_gsi_alter": ziehung(ab * 0.033 * arm * _reihe(VERLAUF_GSI), ab),
        "sgb12_gsi_em": ziehung(erwachsen * 0.0115 * arm * _reihe(np.linspace(1, 1.06, len(JAHRE))), erwachsen),
        "sgb12_hlu": ziehung(bev.alter(0) * 0.0042 * arm),
        "sgb12_hzp": ambulant + heim,
        "sgb12_hzp_ambulant": ambulant,
        "sgb12_hzp_stationaer": heim,
    }


def build_sgb12_rest(sgb12: Zahlen, zufall: RandomState) -> Zahlen:
    """Cases that no address in the Kreis can be found for [year, 1]: 2 to 4 per cent, more for homes outside."""
    anteil = {"sgb12_hzp_stationaer": 0.10}
    rest = {
        m: np.floor(w.sum(1, keepdims=True) * anteil.get(m, 0.03) * zufall.uniform(0.8, 1.2, (len(JAHRE), 1))).astype(
            int
        )
        for m, w in sgb12.items()
    }
    return rest | {"sgb12_hzp": rest["sgb12_hzp_ambulant"] + rest["sgb12_hzp_stationaer"]}


def build_wohngeld(bev: Bevoelkerung, hh: Zahlen, ziehung: Ziehung) -> Zahlen:
    """Households with Wohngeld."""
    erwartet = hh["hh_gesamt"] * 0.0172 * np.exp(0.33 * bev.lage) * _reihe(VERLAUF_WOHNGELD)
    return {"wohngeld_haushalte": ziehung(erwartet, hh["hh_gesamt"])}


# ---------------------------------------------------------------- per Kommune


def je_kommune(werte: np.ndarray, kommune: np.ndarray) -> np.ndarray:
    """[year, Baustein, …] → [year, Kommune, …]."""
    return np.stack([werte[:, kommune == nr].sum(axis=1) for nr in range(1, len(KOMMUNEN) + 1)], axis=1)


def build_monate(al: np.ndarray, bg: np.ndarray, zufall: RandomState) -> Zahlen:
    """120 months [month, Kommune]; every December is the year end of the yearly sources, winter is higher."""
    jahreszeit = np.array([1.05, 1.05, 1.03, 1.00, 0.98, 0.97, 1.00, 1.01, 0.98, 0.96, 0.97, 1.0])
    monate = np.arange(-11, len(JAHRE) * 12 - 11)  # 0 = December 2015
    punkte = np.arange(len(JAHRE)) * 12

    def reihe(werte: np.ndarray, saison: np.ndarray) -> np.ndarray:
        glatt = np.stack([np.interp(monate, punkte, w) for w in werte.T], axis=1)
        rauschen = 1 + 0.012 * zufall.normal(size=glatt.shape)
        zahl = np.floor((glatt * np.tile(saison, len(JAHRE))[:, None] * rauschen).round(6) + 0.5).astype(int)
        zahl[11::12] = werte
        return zahl

    corona = reihe(al, jahreszeit)
    fruehjahr_2020 = slice(63, 71)  # April to November 2020
    corona[fruehjahr_2020] = np.floor(corona[fruehjahr_2020] * 1.13 + 0.5).astype(int)
    return {"al_monat": corona, "sgb2_bg_monat": reihe(bg, np.ones(12))}


def build_fortschreibung(personen: np.ndarray, zufall: RandomState) -> Zahlen:
    """Official population of the Kommunen in 5-year groups; another register, so a little different [year, Kommune].

    Args:
        personen: population register [year, Kommune, sex, age].
    """
    abweichung = 1 + zufall.normal(0, 0.004, (1, *personen.shape[1:3])) - 0.004
    abweichung = abweichung + 0.0006 * zufall.normal(size=(len(JAHRE), *personen.shape[1:3]))
    abweichung[list(JAHRE).index(2022) :] -= 0.011  # new basis: Zensus 2022
    zahlen = {}
    for sex, zeichen in enumerate("mw"):
        for von in range(0, 95, 5):
            name = f"fs_{zeichen}_90_plus" if von == 90 else f"fs_{zeichen}_{von}_{von + 4}"
            gruppe = personen[:, :, sex, von : 101 if von == 90 else von + 5].sum(-1)
            zahlen[name] = np.floor((gruppe * abweichung[:, :, sex]).round(6) + 0.5).astype(int)
    return zahlen


PFLEGE_JAHRE = (2015, 2017, 2019, 2021, 2023)
PFLEGEQUOTEN = {(0, 64): 0.0085, (65, 74): 0.038, (75, 79): 0.082, (80, 84): 0.19, (85, 89): 0.40, (90, 100): 0.68}
VERLAUF_PFLEGE = {2015: 0.98, 2017: 1.14, 2019: 1.35, 2021: 1.62, 2023: 1.82}
GRADE = {2017: (0.05, 0.45, 0.29, 0.15, 0.06), 2019: (0.11, 0.43, 0.28, 0.13, 0.05)}
GRADE |= {2021: (0.145, 0.41, 0.275, 0.12, 0.05), 2023: (0.16, 0.40, 0.275, 0.12, 0.045)}


PFLEGE_ALTER = ((0, 64), (65, 69), (70, 74), (75, 79), (80, 84), (85, 89), (90, 100))
# need at an age against the mean of its group: men, women
PFLEGE_GESCHLECHT = {0: (1.05, 0.95), 65: (0.76, 0.70), 70: (1.32, 1.28), 75: (0.90, 1.08), 80: (0.82, 1.12)}
PFLEGE_GESCHLECHT |= {85: (0.80, 1.10), 90: (0.85, 1.05)}


def build_pflege(personen: np.ndarray, ziehung: Ziehung, zufall: RandomState) -> tuple[Zahlen, Zahlen]:
    """People in need of care in odd years [5, Kommune], −1 where the statistic did not ask yet; and by sex and age for
    the whole Kreis [5].

    pflegebeduerftige = PG 1…5 (from 2017) = Pflegegeld + ambulant + stationär + PG1 ohne Leistung (from 2019).
    """
    jahre = [JAHRE.index(j) for j in PFLEGE_JAHRE]
    faktor = np.array(list(VERLAUF_PFLEGE.values()))[:, None] * np.exp(zufall.normal(0, 0.05, (1, len(KOMMUNEN))))
    menschen = personen[jahre]
    personen = menschen.sum(2)
    alter = {}
    for (von, bis), quote in PFLEGEQUOTEN.items():
        gruppe = personen[:, :, von : bis + 1].sum(-1)
        alter[von] = ziehung(gruppe * np.minimum(quote * faktor, 0.9), gruppe)
    gesamt = sum(alter.values())
    zahlen = {"pflegebeduerftige": gesamt, "pflegebeduerftige_65_plus": gesamt - alter[0]}
    zahlen["pflegebeduerftige_80_plus"] = alter[80] + alter[85] + alter[90]
    grade = np.array([GRADE.get(j, GRADE[2017]) for j in PFLEGE_JAHRE])
    teile = _teile(gesamt, grade, zufall)
    for nr in range(5):
        zahlen[f"pflege_pg{nr + 1}"] = np.where(np.array(PFLEGE_JAHRE)[:, None] < 2017, -1, teile[nr])
    arten = np.array([(0.48, 0.22, 0.30, 0), (0.51, 0.22, 0.27, 0), (0.51, 0.22, 0.22, 0.05)])
    arten = np.vstack([arten, [(0.52, 0.205, 0.185, 0.09), (0.535, 0.20, 0.165, 0.10)]])
    teile = _teile(gesamt, arten, zufall)
    ohne = np.minimum(teile[3], np.maximum(zahlen["pflege_pg1"], 0))
    teile[0] += teile[3] - ohne
    zahlen |= {"pflege_pflegegeld": teile[0], "pflege_ambulant": teile[1], "pflege_stationaer": teile[2]}
    zahlen["pflege_pg1_ohne"] = np.where(np.array(PFLEGE_JAHRE)[:, None] < 2019, -1, ohne)
    zahlen["pflege_teilstationaer"] = ziehung(gesamt * np.array([0.024, 0.027, 0.031, 0.026, 0.031])[:, None])
    return zahlen, _nach_alter({von: werte.sum(1) for von, werte in alter.items()}, menschen)


def _nach_alter(alter: dict[int, np.ndarray], menschen: np.ndarray) -> Zahlen:
    """Whole numbers of every age group of the Kreis, shared out to finer ages and sexes; no chance, no draw.

    Args:
        alter: first age of a group of PFLEGEQUOTEN → people in need [5].
        menschen: [5, Kommune, sex, age].
    """
    zahlen = {}
    for (von, bis), _ in PFLEGEQUOTEN.items():
        felder = [(f"pflege_{z}_{a}_{'plus' if b == 100 else b}", sex, a, b)
                  for a, b in PFLEGE_ALTER if von <= a <= bis for sex, z in enumerate("mw")]  # fmt: skip
        gewicht = np.array(
            [menschen[:, :, s, a : b + 1].sum((1, 2)) * PFLEGE_GESCHLECHT[a][s] for _, s, a, b in felder]
        )
        anteil = (gewicht / gewicht.sum(0) * alter[von]).round(6)
        teile = np.floor(anteil).astype(int)
        for jahr, fehlt in enumerate(alter[von] - teile.sum(0)):  # the largest remainders get what is left
            teile[np.argsort(-(anteil - teile)[:, jahr], kind="stable")[:fehlt], jahr] += 1
        zahlen |= {name: teil for (name, *_), teil in zip(felder, teile, strict=True)}
    return zahlen


def _teile(gesamt: np.ndarray, anteile: np.ndarray, zufall: RandomState) -> list[np.ndarray]:
    """Split whole numbers [year, area] by shares [year, part]; the parts sum up to the whole."""
    rest, offen, teile = gesamt.copy(), np.ones(len(gesamt)), []
    for nr in range(anteile.shape[1] - 1):
        quote = np.clip(anteile[:, nr] / offen, 0, 1)[:, None] * np.exp(zufall.normal(0, 0.04, (1, gesamt.shape[1])))
        teil = np.minimum(np.floor((rest * quote).round(6) + 0.5).astype(int), rest)
        teile.append(teil)
        rest, offen = rest - teil, offen - anteile[:, nr]
    return [*teile, rest]


def build_angebote(personen: np.ndarray, zufall: RandomState) -> Zahlen:
    """Places and services of the Kreis's own survey [year, Kommune]; new homes open in steps."""
    alt = personen[:, :, :, 80:].sum((2, 3))
    haeuser = np.maximum(1, np.round(alt[0] * zufall.uniform(0.14, 0.21, len(KOMMUNEN)) / 78)).astype(int)
    neu = np.cumsum(zufall.uniform(size=alt.shape) < 0.05, axis=0)
    dauer = np.round(haeuser * zufall.uniform(68, 84, len(KOMMUNEN))).astype(int) + neu * 60
    belegbar = np.floor((dauer * np.linspace(0.985, 0.945, len(JAHRE))[:, None]).round(6)).astype(int)
    belegung = np.array([0.94, 0.94, 0.95, 0.95, 0.96, 0.90, 0.89, 0.91, 0.93, 0.95])[:, None]
    belegt = np.floor((belegbar * np.minimum(belegung + zufall.normal(0, 0.015, alt.shape), 0.995)).round(6)).astype(
        int
    )
    tages = np.cumsum(zufall.uniform(size=alt.shape) < 0.16, axis=0) + (haeuser > 2)
    return {
        "plaetze_dauerpflege": dauer,
        "plaetze_belegbar": belegbar,
        "plaetze_belegt": belegt,
        "plaetze_kurzzeit": np.broadcast_to((haeuser // 2) * 7, alt.shape) + 6 * (neu > 0),
        "plaetze_tagespflege": tages * 14,
        "dienste_ambulant": np.maximum(1, np.round(alt / 520)).astype(int) + (alt > 1500),
    }


def build_jugendhilfe(personen: np.ndarray, lage: np.ndarray, ziehung: Ziehung) -> Zahlen:
    """Help for families per Kommune [year, Kommune]; `lage` is the burden of the Kommunen."""
    u21, u18 = personen[:, :, :, :21].sum((2, 3)), personen[:, :, :, :18].sum((2, 3))
    u3, erwachsen = personen[:, :, :, :3].sum((2, 3)), personen[:, :, :, 18:21].sum((2, 3))
    arm = np.exp(0.4 * lage)
    wachstum = np.array([1.0, 1.06, 1.08, 1.10, 1.13, 1.12, 1.15, 1.18, 1.23, 1.27])[:, None]
    uma = np.array([1.10, 1.22, 1.12, 1.04, 1.0, 0.98, 0.98, 1.08, 1.16, 1.18])[:, None]
    ambulant = ziehung(u21 * 0.0185 * arm * wachstum)
    pflege = ziehung(u21 * 0.0052 * arm)
    heim = ziehung(u21 * 0.0058 * arm * uma)
    volljaehrig = np.array([0.010, 0.011, 0.0115, 0.0115, 0.012, 0.012, 0.0135, 0.0145, 0.015, 0.0155])[:, None]
    betreut = np.array([0.235, 0.245, 0.255, 0.265, 0.275, 0.27, 0.28, 0.29, 0.30, 0.31])[:, None]
    return {
        "hze_faelle": ambulant + pflege + heim + ziehung(u21 * 0.0035 * arm),
        "hze_ambulant": ambulant,
        "hze_vollzeitpflege": pflege,
        "hze_heim": heim,
        "hze_junge_volljaehrige": ziehung(erwachsen * volljaehrig * arm, erwachsen),
        "gefaehrdungseinschaetzungen": ziehung(u18 * 0.0095 * arm * np.linspace(1, 1.75, len(JAHRE))[:, None]),
        "inobhutnahmen": ziehung(u18 * 0.0031 * arm * uma),
        "kinder_u3_betreut": ziehung(u3 * betreut, u3),
    }
