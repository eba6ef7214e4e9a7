"""The catalogue as a snapshot keeps it: every Kennzahl with its texts as they were when it was computed."""

from __future__ import annotations

from indicators.kennzahl import Fassung, Kennzahl
from indicators.zahlformat import format_zahl


def build_eintrag(kennzahl: Kennzahl, fassung: Fassung, titel: dict[str, str], *, monatlich: bool) -> dict:
    """JSON form of `store.Eintrag` (without Ebenen and Stichtage, which the values tell).

    Args:
        fassung: how the Kennzahl is computed in this Gebiet.
        titel: Merkmal → German title.
        monatlich: its Stichtage are months.
    """
    return {
        "id": kennzahl.id,
        "titel": kennzahl.titel,
        "kurz": kennzahl.kurz,
        "thema": kennzahl.thema,
        "thema_titel": kennzahl.thema_titel,
        "art": kennzahl.art,
        "einheit": kennzahl.einheit,
        "pro": kennzahl.pro,
        "stellen": kennzahl.stellen,
        "polaritaet": kennzahl.polaritaet,
        "lesart": fassung.lesart,
        "definition": kennzahl.definition,
        "rechtsgrundlage": kennzahl.rechtsgrundlage,
        "quelle": kennzahl.quelle,
        "herausgeber": kennzahl.herausgeber,
        "naeherung": fassung.hinweis if fassung.naeherung else "",
        "hinweis": fassung.hinweis,
        "fallstricke": " ".join(kennzahl.fallstricke),
        "zaehler_text": " + ".join(titel.get(m, m) for m in fassung.zaehler),
        "nenner_text": " + ".join(titel.get(m, m) for m in fassung.nenner),
        "beispiel_text": _beispiel(kennzahl),
        "brueche": [{"ab": b.ab.isoformat(), "wirkung": b.wirkung, "grund": b.grund} for b in kennzahl.bruch],
        "monatlich": monatlich,
    }


def _beispiel(kennzahl: Kennzahl) -> str:
    """The worked example as one line of arithmetic: "84 / 1.200 × 100 = 7,0 %"."""

    def summe(merkmale: tuple[str, ...]) -> str:
        zahlen = [kennzahl.beispiel.zahlen[m] for m in merkmale]
        texte = [format_zahl(z, 0 if float(z).is_integer() else 2) for z in zahlen]
        return texte[0] if len(texte) == 1 else f"({' + '.join(texte)})"

    ergebnis = f"{format_zahl(kennzahl.beispiel.ergebnis, kennzahl.stellen)} {kennzahl.einheit}"
    if not kennzahl.nenner:
        return ergebnis if len(kennzahl.zaehler) == 1 else f"{summe(kennzahl.zaehler)} = {ergebnis}"
    mal = "" if kennzahl.pro == 1 else f" × {format_zahl(kennzahl.pro, 0)}"
    return f"{summe(kennzahl.zaehler)} / {summe(kennzahl.nenner)}{mal} = {ergebnis}"
