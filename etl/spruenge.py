"""Values against those delivered before: jumps, and the same content under another Stichtag.

A slipped digit, a thousands separator read as a comma, a column of another year: a factor of 10 and more stops the
loading until somebody has accepted the finding with a reason. Smaller jumps are questions.
"""

from itertools import pairwise

import numpy as np
import pandas as pd

from etl.befund import SPERRT, Befund, als_text, ortsangabe, platz
from etl.quelle import Quelle

SPRUENGE = 100  # named one by one; more than anybody asks back about
EINZELN = 5  # a whole column that jumps is one finding, not one per Raum
KLEIN = 5  # below, a tenfold count is a handful of people more, not a slipped digit
GLEICH_AB = 12  # so many numbers, and half as many different ones, are never the same twice by chance


def find_paare(frame: pd.DataFrame, letzte: pd.DataFrame, quelle: Quelle) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Values beside those of the Stichtag before, same Raum and Merkmal; only pairs far apart (`find_spruenge`).

    Args:
        frame: values of a delivery, of one or more Stichtage.
        letzte: the newest values before the first of them: `raum_id`, `merkmal`, `wert`.

    Returns:
        `raum_id`, `merkmal`, `stichtag`, `wert`, `blatt`, `zeile`, `spalte`, `vorher`; and what is `letzte` for the
        Stichtage that follow.
    """
    raeume, merkmale = frame["raum_id"].cat.categories, frame["merkmal"].cat.categories
    platz_nr = frame["raum_id"].cat.codes.to_numpy(np.int64) * len(merkmale) + frame["merkmal"].cat.codes.to_numpy()
    vorher = np.full(len(raeume) * len(merkmale), np.nan)
    raum, merkmal = (_stellen_in(k, letzte[s]) for k, s in ((raeume, "raum_id"), (merkmale, "merkmal")))
    da = (raum >= 0) & (merkmal >= 0)
    vorher[raum[da] * len(merkmale) + merkmal[da]] = letzte["wert"].to_numpy(float)[da]
    wert = frame["wert"].to_numpy()
    tag, tage = pd.factorize(frame["stichtag"].to_numpy(), sort=True)
    folge = np.argsort(tag.astype(np.int16) if len(tage) < 32_000 else tag, kind="stable")
    grenzen = np.searchsorted(tag[folge], np.arange(len(tage) + 1))
    stellen, davor = [], []
    for anfang, ende in pairwise(grenzen):
        zeilen = folge[anfang:ende]
        zeilen = zeilen[~np.isnan(wert[zeilen])]
        alt, neu = vorher[platz_nr[zeilen]], wert[zeilen]
        anders = _ist_sprung(np.maximum(neu, alt), np.minimum(neu, alt), quelle)
        if anders.any():
            stellen.append(zeilen[anders])
            davor.append(alt[anders])
        vorher[platz_nr[zeilen]] = neu
    alle = np.concatenate([np.empty(0, np.int64), *stellen])
    spalten = ["raum_id", "merkmal", "stichtag", "wert", "blatt", "zeile", "spalte"]
    texte = dict.fromkeys(["raum_id", "merkmal", "blatt", "spalte"], object)
    paare = frame.iloc[alle][spalten].astype(texte).assign(vorher=np.concatenate([np.empty(0), *davor]))
    da = np.flatnonzero(~np.isnan(vorher))
    raum, merkmal = np.divmod(da, len(merkmale))
    letzte = pd.DataFrame(
        {
            "raum_id": pd.Categorical.from_codes(raum, raeume),
            "merkmal": pd.Categorical.from_codes(merkmal, merkmale),
            "wert": vorher[da],
        }
    )
    return paare.sort_values(["merkmal", "raum_id", "stichtag"], ignore_index=True), letzte


def _stellen_in(kategorien: pd.Index, texte: pd.Series) -> np.ndarray:
    """Position of every text among the categories, −1: not there; asked once per text."""
    codes, verschieden = pd.factorize(texte)
    return kategorien.get_indexer(verschieden.astype(object))[codes] if len(texte) else np.empty(0, np.int64)


def _ist_sprung(gross: np.ndarray, klein: np.ndarray, quelle: Quelle) -> np.ndarray:
    """Whether two values are apart by the declared factor and difference; an unknown value is no jump."""
    profil = quelle.sprung
    return (gross - klein >= profil.mindestens) & (gross >= min(profil.faktor, profil.sperrt_ab) * klein)


def find_spruenge(paare: pd.DataFrame, quelle: Quelle, *, gegen: str = "") -> list[Befund]:
    """Values that rise or fall by a factor: often a slipped digit or column.

    Args:
        paare: one row per value, see `find_paare` (`vorher` missing: none).
        gegen: against what, if not the Stichtag before.
    """
    gross, klein = paare[["wert", "vorher"]].max(axis=1), paare[["wert", "vorher"]].min(axis=1)
    profil = quelle.sprung
    auffaellig = paare["vorher"].notna() & (gross - klein >= profil.mindestens)
    sperrt = auffaellig & (klein >= KLEIN) & (gross >= profil.sperrt_ab * klein)
    sprung = auffaellig & ~sperrt & (gross >= profil.faktor * klein)
    mal = gross / klein.clip(lower=1)
    befunde = [b for _, teil in paare[sperrt].groupby(["merkmal", "stichtag"]) for b in _sperrend(teil, quelle, gegen)]
    treffer = paare.assign(mal=mal)[sprung]
    groesste = treffer.nlargest(SPRUENGE, "mal").sort_values(["merkmal", "raum_id", "stichtag"])
    befunde += [_sprung(z, quelle, "warnung", gegen) for z in groesste.itertuples()]
    if len(treffer) > SPRUENGE:
        text = f"Dazu {len(treffer) - SPRUENGE} weitere Sprünge; genannt sind die {SPRUENGE} größten."
        befunde.append(Befund("sprung", "warnung", text))
    return befunde


def _sprung(zeile, quelle: Quelle, schwere: str, gegen: str) -> Befund:
    titel, faktor = quelle.merkmale[zeile.merkmal].titel, quelle.sprung.faktor
    text = (
        f"»{titel}« in {zeile.raum_id}: von {als_text(zeile.vorher)} auf {als_text(zeile.wert)} "
        f"({zeile.stichtag:%d.%m.%Y}{gegen}). Stimmt das?"
    )
    spanne = f"{als_text(round(zeile.vorher / faktor))} bis {als_text(round(zeile.vorher * faktor))}"
    werte = {"gefunden": als_text(zeile.wert), "vorher": als_text(zeile.vorher), "erwartet": spanne}
    return Befund("sprung", schwere, text, zeile.merkmal, ortsangabe(zeile), **platz(zeile), **werte)


def _sperrend(teil: pd.DataFrame, quelle: Quelle, gegen: str) -> list[Befund]:
    """Jumps of one Merkmal at one Stichtag that stop the loading."""
    teil = teil.sort_values("raum_id")
    einzeln = [_sprung(z, quelle, SPERRT, gegen) for z in teil.itertuples()]
    if len(einzeln) <= EINZELN:
        return einzeln
    erster, erste = einzeln[0], teil.iloc[0]
    text = (
        f"»{quelle.merkmale[erste.merkmal].titel}« am {erste.stichtag:%d.%m.%Y}: {len(teil)} Räume sind auf das "
        f"{quelle.sprung.sperrt_ab:g}-Fache und mehr gestiegen oder gefallen{gegen}, etwa {erste.raum_id} von "
        f"{als_text(erste.vorher)} auf {als_text(erste.wert)}. Falsche Einheit oder Spalte?"
    )
    alle = "; ".join(f"{z.raum_id} {als_text(z.vorher)} → {als_text(z.wert)}" for z in teil.itertuples())
    return [Befund("sprung", SPERRT, text, erste.merkmal, erster.ort, stichtag=erster.stichtag, gefunden=alle)]


def find_gleiche(neu: pd.DataFrame, andere: pd.DataFrame, quelle: Quelle) -> list[Befund]:
    """The same values under another Stichtag of the same source: last year's table delivered again.

    Args:
        neu: Stichtage of this delivery: `stichtag`, `abdruck` (of all values, whatever their order), `werte`
            (numbers), `verschiedene` (different numbers).
        andere: all Stichtage of the source that count: `stichtag`, `abdruck`, `datei`.
    """
    if quelle.darf_gleich_bleiben or neu.empty:
        return []
    befunde = []
    reich = neu[(neu["werte"] >= GLEICH_AB) & (neu["verschiedene"] * 2 >= GLEICH_AB)]
    for z in reich.itertuples():
        gleich = andere[(andere["abdruck"] == z.abdruck) & (andere["stichtag"] < z.stichtag)]
        if len(gleich):
            frueher = gleich.iloc[-1]
            text = (
                f"Alle {z.werte} Werte zum {z.stichtag:%d.%m.%Y} sind dieselben wie zum {frueher.stichtag:%d.%m.%Y} "
                f"({frueher.datei}). Vermutlich wurde die alte Tabelle noch einmal geliefert."
            )
            tag = z.stichtag.date() if hasattr(z.stichtag, "date") else z.stichtag
            mehr_dazu = {"stichtag": tag, "erwartet": "andere Werte", "vorher": f"{frueher.stichtag:%d.%m.%Y}"}
            befunde.append(Befund("gleicher_inhalt", SPERRT, text, gefunden=f"{z.werte} gleiche Werte", **mehr_dazu))
    return befunde
