"""The catalogue as a snapshot keeps it: every Kennzahl with its texts as they were when it was computed."""

from __future__ import annotations

from indicators.fassungswechsel import build_rechnung
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
        "nr": kennzahl.nr,
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
        "nenner_text": nenner_text(kennzahl, fassung, titel),
        "beispiel_text": build_beispiel(kennzahl),
        "brueche": [
            {"ab": b.ab.isoformat(), "wirkung": b.wirkung, "grund": b.grund} for b in kennzahl.brueche(fassung)
        ],
        "version": kennzahl.version_nr,
        "versionen": [v.model_dump(mode="json") for v in kennzahl.version],
        "bestaetigt": kennzahl.bestaetigt,
        "beleg": kennzahl.beleg,
        "variante_von": kennzahl.variante_von,
        "variante": kennzahl.variante,
        "monatlich": monatlich,
        "stufen": list(kennzahl.stufen),
        "rechnung": build_rechnung(kennzahl),
    }


def nenner_text(kennzahl: Kennzahl, fassung: Fassung, titel: dict[str, str]) -> str:
    """The Nenner in words; of a change it is the count of some years before."""
    if kennzahl.art == "veraenderung":
        return f"{' + '.join(titel.get(m, m) for m in fassung.zaehler)} vor {kennzahl.jahre} Jahren"
    return " + ".join(titel.get(m, m) for m in fassung.nenner)


def build_beispiel(kennzahl: Kennzahl) -> str:
    """The worked example as one line of arithmetic: "84 / 1.200 × 100 = 7,0 %"."""

    def summe(merkmale: tuple[str, ...]) -> str:
        zahlen = [kennzahl.beispiel.zahlen[m] for m in merkmale]
        texte = [format_zahl(z, 0 if float(z).is_integer() else 2) for z in zahlen]
        return texte[0] if len(texte) == 1 else f"({' + '.join(texte)})"

    def bruch(zaehler: tuple[str, ...], nenner: tuple[str, ...]) -> str:
        return f"{summe(zaehler)} / {summe(nenner)}"

    ergebnis = f"{format_zahl(kennzahl.beispiel.ergebnis, kennzahl.stellen)} {kennzahl.einheit}"
    mal = "" if kennzahl.pro == 1 else f" × {format_zahl(kennzahl.pro, 0)}"
    if kennzahl.art == "veraenderung":
        vorher = tuple(map(kennzahl.vorher, kennzahl.zaehler))
        return f"({summe(kennzahl.zaehler)} − {summe(vorher)}) / {summe(vorher)}{mal} = {ergebnis}"
    if kennzahl.art == "standardisiert":
        teile = zip(kennzahl.gewichte, kennzahl.zaehler, kennzahl.nenner, strict=True)
        oben = " + ".join(f"{format_zahl(w, 0)} × {bruch((z,), (n,))}" for w, z, n in teile)
        return f"({oben}) / {format_zahl(sum(kennzahl.gewichte), 0)}{mal} = {ergebnis}"
    if not kennzahl.nenner:
        return ergebnis if len(kennzahl.zaehler) == 1 else f"{summe(kennzahl.zaehler)} = {ergebnis}"
    return f"{bruch(kennzahl.zaehler, kennzahl.nenner)}{mal} = {ergebnis}"
