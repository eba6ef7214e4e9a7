"""What an entry of the catalogue must keep: each rule tells the first thing that is wrong as "key: sentence"."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indicators.kennzahl import Kennzahl


def find_fehler(k: Kennzahl) -> str:
    """The first rule an entry breaks, as "key: German sentence"; empty when it keeps all."""
    regeln = (_find_bruchfehler, _find_textfehler, _find_versionsfehler, _find_beispielfehler)
    return next(filter(None, (regel(k) for regel in regeln)), "")


def _find_bruchfehler(k: Kennzahl) -> str:
    if k.art in ("quote", "verhaeltnis") and not k.nenner:
        return f"nenner: Eine Kennzahl der Art »{k.art}« braucht einen Nenner."
    if k.art in ("anzahl", "uebernommen", "index") and (k.nenner or k.pro != 1):
        return f"nenner: Eine Kennzahl der Art »{k.art}« hat weder nenner noch pro."
    if k.art == "index" and k.zaehler != (k.id,):  # filled by an index of indizes/, not by a source
        return "zaehler: Eine Kennzahl der Art »index« nennt als einziges Merkmal ihre eigene Kennung."
    if k.art == "uebernommen" and (len(k.zaehler) != 1 or not k.herausgeber):
        return "zaehler: Ein übernommener Wert hat genau ein Merkmal und nennt seinen herausgeber."
    if (k.art == "veraenderung") != bool(k.jahre) or (k.art == "veraenderung" and k.nenner):
        return "jahre: Eine Veränderung (und nur sie) nennt jahre; ihr Nenner ist der frühere Wert."
    if k.art == "standardisiert" and not len(k.zaehler) == len(k.nenner) == len(k.gewichte):
        return "gewichte: Es braucht je Altersgruppe einen Zähler, einen Nenner und ein Gewicht."
    if k.art != "standardisiert" and k.gewichte:
        return "gewichte: Gewichte gehören zur Art »standardisiert«."
    soll = {"%": 100, "je 100": 100, "je 1.000": 1000, "je 10.000": 10_000, "je 100.000": 100_000}.get(k.einheit)
    if k.art in ("quote", "verhaeltnis", "veraenderung", "standardisiert") and soll and k.pro != soll:
        return f"pro: Zur Einheit »{k.einheit}« gehört pro = {soll}."
    return ""


def _find_textfehler(k: Kennzahl) -> str:
    return "" if all(_nur_wert(f.lesart) for f in k.fassungen) else "lesart: Als Platzhalter ist nur {wert} erlaubt."


def _find_versionsfehler(k: Kennzahl) -> str:
    eigene = {m for fassung in k.fassungen for m in fassung.merkmale}
    if fremd := sorted(set(k.merkmaltitel) - eigene):
        return f"merkmaltitel: »{fremd[0]}« ist kein Merkmal dieser Kennzahl."
    if bool(k.variante_von) != bool(k.variante):
        return "variante: Wer variante_von nennt, sagt in variante, worin er abweicht."
    if [v.nr for v in k.version] != list(range(1, len(k.version) + 1)):
        return "version: Die Versionen stehen in der Reihenfolge 1, 2, 3 …"
    tage = [v.ab for v in k.version if v.ab or v.nr > 1]
    if None in tage or sorted(set(tage)) != tage:
        return "version: Jede Version gilt ab einem späteren Tag als die vor ihr."
    if not all(v.definition for v in k.version[:-1]):
        return "version: Eine abgelöste Version behält ihre definition."
    if not all(v.aenderung for v in k.version[1:]):
        return "version: Ab Version 2 sagt aenderung, was anders ist."
    return ""


def _nur_wert(lesart: str) -> bool:
    try:
        return {feld for _, feld, _, _ in string.Formatter().parse(lesart) if feld is not None} <= {"wert"}
    except ValueError:  # a single brace
        return False


def _find_beispielfehler(k: Kennzahl) -> str:
    nenner = map(k.vorher, k.zaehler) if k.art == "veraenderung" else k.nenner
    gebraucht, genannt = {*k.zaehler, *nenner}, set(k.beispiel.zahlen)
    if gebraucht != genannt:
        return f"beispiel: Es braucht genau eine Zahl je Merkmal ({', '.join(sorted(gebraucht))}) und ergebnis."
    ergebnis = k.compute(k.beispiel.zahlen)
    if not abs(ergebnis - k.beispiel.ergebnis) <= 0.5 * 10.0**-k.stellen:
        return f"beispiel.ergebnis: Gerechnet {ergebnis:.6g}, angegeben {k.beispiel.ergebnis:g}."
    return ""
