"""What is wrong with an entry of the catalogue, in words that help to mend it."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from pathlib import Path

from geodata.fehler import KatalogError

ERWARTET = {  # pydantic's error types, by their beginning
    "bool": "Erwartet: true oder false, ohne Anführungszeichen.",
    "date": "Erwartet: ein Datum wie 2016-01-01, ohne Anführungszeichen.",
    "float": "Erwartet: eine Zahl mit Punkt, ohne Anführungszeichen.",
    "int": "Erwartet: eine ganze Zahl, ohne Anführungszeichen.",
    "string_too_long": "Den Text kürzen; kurz hat höchstens 28 Zeichen.",
    "string": "Erwartet: ein Text in Anführungszeichen.",
    "tuple": 'Erwartet: eine Liste wie ["sgb2_elb", "sgb2_nef"].',
    "too_short": "Mindestens einen Eintrag nennen.",
}


def build_katalogfehler(
    wer: str, pfad: Path, befund: dict, schluessel: Collection[str], *, muster: str = "Muster sind die anderen Einträge"
) -> KatalogError:
    """One error of pydantic, told in German with file and key path.

    Args:
        wer: the entry, "Kennzahl »x«".
        befund: one of `ValidationError.errors()`.
        schluessel: the keys there are, for a guess what was meant.
        muster: where to look how it is done.
    """
    ort = ".".join(str(teil) for teil in befund["loc"])
    match befund["type"]:
        case "extra_forbidden":
            was = f"Der Schlüssel »{ort}« ist unbekannt."
            tun = gemeint(str(befund["loc"][-1]), schluessel) or "Den Schlüssel entfernen."
        case "missing":
            was, tun = f"Die Angabe »{ort}« fehlt.", f"Die Angabe ergänzen; {muster}."
        case "value_error":
            stelle, _, was = str(befund["ctx"]["error"]).partition(": ")
            ort, tun = f"{ort}.{stelle}".strip("."), "Den Eintrag berichtigen."
        case "literal_error":
            was = f"»{ort}« darf nicht {befund['input']!r} sein."
            tun = "Erlaubt sind: " + befund["ctx"]["expected"].replace("'", "").replace(" or ", " oder ") + "."
        case art:
            was = f"»{ort}« passt nicht: {befund['input']!r}."
            tun = next((text for anfang, text in ERWARTET.items() if art.startswith(anfang)), "Den Wert berichtigen.")
    return KatalogError(f"{wer}: {was}", wo=f"{pfad}, Schlüssel {ort}", tun=tun)


def gemeint(name: str, namen: Collection[str]) -> str:
    """A question after the name that is most like this one; empty where none is."""
    naechste = difflib.get_close_matches(name, namen, n=1)
    return f"Gemeint »{naechste[0]}«?" if naechste else ""
