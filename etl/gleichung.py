"""Rules as equations of Merkmale: "a * b = c", "a + b <= c". A small parser of its own; nothing is ever executed.

Gleichung := Summe ("=" | "<=" | ">=") Summe
Summe     := Produkt (("+" | "-") Produkt)*
Produkt   := Faktor (("*" | "/") Faktor)*
Faktor    := Zahl | Merkmal | "-" Faktor | "(" Summe ")"
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

ZEICHEN = re.compile(r"\s*(?:(?P<zahl>\d+(?:\.\d+)?)|(?P<name>[a-z][a-z0-9_]*)|(?P<zeichen><=|>=|[-+*/()=]))")
VERGLEICHE = ("=", "<=", ">=")
TIEFE, LAENGE = 40, 2_000  # brackets within brackets, characters: no rule needs more, no text may exhaust the stack

Baum = tuple  # ("zahl", 2.0) | ("name", "bev") | ("+", links, rechts) …


@dataclass(frozen=True)
class Gleichung:
    text: str
    links: Baum
    vergleich: str
    rechts: Baum

    @property
    def namen(self) -> tuple[str, ...]:
        """Every Merkmal once, in the order of the text."""
        return tuple(dict.fromkeys([*_namen(self.links), *_namen(self.rechts)]))

    def seiten(self, werte: Callable[[str], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Both sides of the equation; NaN where a value is missing or divided by 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            links, rechts = (np.asarray(_rechne(seite, werte), float) for seite in (self.links, self.rechts))
        return np.where(np.isfinite(links), links, np.nan), np.where(np.isfinite(rechts), rechts, np.nan)

    def verletzt(
        self, links: np.ndarray, rechts: np.ndarray, *, absolut: float = 0.0, relativ: float = 0.0
    ) -> np.ndarray:
        """Where the sides miss by more than both tolerances allow; an unknown side breaks nothing."""
        spielraum = np.maximum(absolut + 1e-6, relativ * np.maximum(np.abs(links), np.abs(rechts)))
        abstand = links - rechts
        if self.vergleich == "=":
            return np.abs(abstand) > spielraum
        return abstand > spielraum if self.vergleich == "<=" else -abstand > spielraum


@lru_cache(maxsize=512)
def read_gleichung(text: str) -> Gleichung:
    """Parse one rule.

    Raises:
        ValueError: in German, with the place.
    """
    if len(text) > LAENGE:
        raise ValueError(f"gleichung: länger als {LAENGE} Zeichen")
    leser = _Leser(text)
    links = leser.summe(0)
    vergleich = leser.nimm(*VERGLEICHE)
    if vergleich is None:
        raise leser.fehler("hier fehlt =, <= oder >=")
    gleichung = Gleichung(text, links, vergleich, leser.summe(0))
    if leser.stelle < len(leser.teile):
        raise leser.fehler("hier ist etwas zu viel")
    if not gleichung.namen:
        raise ValueError(f"gleichung »{text}«: kein Merkmal genannt")
    return gleichung


class _Leser:
    def __init__(self, text: str) -> None:
        self.text, self.teile, self.stelle, ende = text, [], 0, 0
        while ende < len(text.rstrip()):
            treffer = ZEICHEN.match(text, ende)
            if not treffer:
                raise ValueError(
                    f"gleichung »{text}«: »{text[ende:].strip()[:1]}« ist nicht erlaubt; erlaubt sind Merkmale, Zahlen "
                    "(mit Punkt), + - * / ( ) und = <= >="
                )
            self.teile.append((treffer.lastgroup, treffer.group().strip()))
            ende = treffer.end()

    def fehler(self, was: str) -> ValueError:
        hinter = f"hinter »{self.teile[self.stelle - 1][1]}«" if self.stelle else "am Anfang"
        return ValueError(f"gleichung »{self.text}«: {hinter}: {was}")

    def nimm(self, *zeichen: str) -> str | None:
        if self.stelle < len(self.teile) and self.teile[self.stelle] in [("zeichen", z) for z in zeichen]:
            self.stelle += 1
            return self.teile[self.stelle - 1][1]
        return None

    def summe(self, tiefe: int) -> Baum:
        baum = self.produkt(tiefe)
        while zeichen := self.nimm("+", "-"):
            baum = (zeichen, baum, self.produkt(tiefe))
        return baum

    def produkt(self, tiefe: int) -> Baum:
        baum = self.faktor(tiefe)
        while zeichen := self.nimm("*", "/"):
            baum = (zeichen, baum, self.faktor(tiefe))
        return baum

    def faktor(self, tiefe: int) -> Baum:
        if tiefe > TIEFE:
            raise self.fehler("zu viele Klammern")
        if self.nimm("-"):
            return ("-", ("zahl", 0.0), self.faktor(tiefe + 1))
        if self.nimm("("):
            baum = self.summe(tiefe + 1)
            if not self.nimm(")"):
                raise self.fehler("hier fehlt )")
            return baum
        if self.stelle < len(self.teile) and self.teile[self.stelle][0] != "zeichen":
            art, text = self.teile[self.stelle]
            self.stelle += 1
            return (art, float(text) if art == "zahl" else text)
        raise self.fehler("hier fehlt ein Merkmal oder eine Zahl")


def _namen(baum: Baum) -> list[str]:
    if baum[0] in ("zahl", "name"):
        return [baum[1]] if baum[0] == "name" else []
    return _namen(baum[1]) + _namen(baum[2])


def _rechne(baum: Baum, werte: Callable[[str], np.ndarray]) -> np.ndarray | float:
    if baum[0] == "zahl":
        return baum[1]
    if baum[0] == "name":
        return werte(baum[1])
    links, rechts = _rechne(baum[1], werte), _rechne(baum[2], werte)
    if baum[0] == "+":
        return links + rechts
    if baum[0] == "-":
        return links - rechts
    return links * rechts if baum[0] == "*" else np.divide(links, rechts)
