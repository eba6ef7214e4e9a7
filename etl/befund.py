"""One finding: what looks wrong, exactly where, what was expected, and how to speak of it."""

import hashlib
from dataclasses import dataclass
from datetime import date

import numpy as np

SPERRT = "blockiert"  # severity that stops the loading until somebody has accepted the finding with a reason
STELLEN = 30  # places named one by one per rule and Merkmal; more than anybody asks back about


@dataclass(frozen=True)
class Befund:
    """One finding: for the command line and the list of questions to the supplier.

    `text` may hold values: it never leaves intern.duckdb except on the command line and towards the supplier.
    """

    regel: str
    schwere: str  # hinweis | warnung | blockiert
    text: str
    merkmal: str = ""
    ort: str = ""
    raum: str = ""
    stichtag: date | None = None
    blatt: str = ""
    zeile: int = 0  # 0: in no line of the file
    spalte: str = ""
    gefunden: str = ""  # the value found, as written in texts
    erwartet: str = ""  # the expected value or range
    vorher: str = ""  # the value delivered earlier

    def kennung(self, quelle_id: str) -> str:
        """Short name of the finding, the same whenever the same content is found again.

        It depends on what was found, not on file names or loading: a file saved again keeps its accepted findings,
        another value is another finding.
        """
        inhalt = (quelle_id, self.regel, self.merkmal, self.raum, self.stichtag, self.gefunden, self.vorher)
        genau = inhalt if self.raum and self.gefunden else (*inhalt, self.text)
        return hashlib.sha256("\x1f".join(map(str, genau)).encode()).hexdigest()[:10]


def begrenzt(befunde: list[Befund], anzahl: int, was: str) -> list[Befund]:
    """The findings, and one that tells how many more there are (`anzahl` in all)."""
    if anzahl <= len(befunde):
        return befunde
    erster = befunde[0]
    text = f"Dazu {anzahl - len(befunde)} weitere {was}; einzeln genannt sind {len(befunde)}."
    return [*befunde, Befund(erster.regel, erster.schwere, text, erster.merkmal)]


# ---------------------------------------------------------------- wording


def ortsangabe(zeile) -> str:
    """Sheet, line and column of one row of a frame; a completed or computed value stands nowhere."""
    if not zeile.zeile:
        return "berechnet" if zeile.spalte == "berechnet" else "nicht in der Datei"
    blatt = f"Blatt »{zeile.blatt}«, " if isinstance(zeile.blatt, str) and zeile.blatt else ""
    return f"{blatt}Zeile {zeile.zeile}, Spalte »{zeile.spalte}«"


def platz(zeile) -> dict:
    """The same as fields of a `Befund`."""
    return {
        "raum": str(zeile.raum_id),
        "stichtag": zeile.stichtag.date() if hasattr(zeile.stichtag, "date") else zeile.stichtag,
        "blatt": str(zeile.blatt or ""),
        "zeile": int(zeile.zeile),
        "spalte": str(zeile.spalte or ""),
    }


def mehr(anzahl: int) -> str:
    return "" if anzahl <= 1 else f" und {anzahl - 1} weitere Stelle{'n' if anzahl > 2 else ''}"


def als_text(wert: float) -> str:
    if np.isnan(wert):
        return "ohne Wert"
    return f"{wert:,.0f}".replace(",", ".") if wert == int(wert) else f"{wert:.2f}".replace(".", ",")
