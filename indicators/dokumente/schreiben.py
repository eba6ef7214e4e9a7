"""Filled templates → files: every document as Markdown and as DOCX, and a list of what is still to be filled in."""

from __future__ import annotations

from pathlib import Path

from indicators.bericht.ablage import ersetze
from indicators.dokumente.vorlage import (
    VORLAGEN,
    Dokument,
    Feld,
    build_tabelle,
    fuelle,
    list_felder,
    list_vorlagen,
    read_antworten,
    read_bloecke,
)
from indicators.dokumente.wort import write_docx

LISTE = "00_offene_felder"


def write_dokumente(ziel: Path, werte: dict[str, str], katalog: Path) -> tuple[list[Path], list[Feld]]:
    """Write all documents.

    Args:
        werte: see `angaben.build_werte`.
        katalog: `daten/katalog`: own templates in dokumente/, answers in dokumente.toml.

    Returns:
        The files, and the fields nobody has answered.
    """
    vorlagen = list_vorlagen(VORLAGEN, katalog / "dokumente")
    antworten = read_antworten(katalog / "dokumente.toml", list_felder(vorlagen))
    dokumente = [fuelle(name, pfad, werte, antworten) for name, pfad in sorted(vorlagen.items())]
    offen = {f.schluessel: f for d in dokumente for f in d.offen}
    ziel.mkdir(parents=True, exist_ok=True)
    dateien = []
    for dokument in [_liste(list(offen.values()), werte, dokumente), *dokumente]:
        pfad = ziel / f"{dokument.name}.md"
        with ersetze(pfad) as datei:
            datei.write(dokument.text)
        write_docx(read_bloecke(dokument.text), pfad.with_suffix(".docx"), titel=dokument.titel, fuss=werte["fuss"])
        dateien += [pfad, pfad.with_suffix(".docx")]
    return dateien, list(offen.values())


def _liste(offen: list[Feld], werte: dict[str, str], dokumente: list[Dokument]) -> Dokument:
    """What the Kreis still has to say, with the key under which an answer survives the next run."""
    titel = {d.name: d.titel for d in dokumente}
    zeilen = [[f.frage, titel[f.dokument], f"`{f.schluessel}`"] for f in offen]
    text = (
        f"# Was der Kreis noch ausfüllt\n\n{werte['erzeugt']}\n\n"
        f"Offen sind {len(offen)} Felder. Sie lassen sich in den Dokumenten von Hand ausfüllen. Wer die Antworten "
        "stattdessen unter dem Schlüssel der letzten Spalte in die Datei `katalog/dokumente.toml` des Datenordners "
        'schreibt, zum Beispiel `verantwortlicher = "Kreis …, Straße, Ort"`, findet sie beim nächsten Erzeugen wieder '
        "vor.\n\n" + build_tabelle(["Frage", "Dokument", "Schlüssel"], zeilen)
    )
    return Dokument(LISTE, "Was der Kreis noch ausfüllt", text + "\n")
