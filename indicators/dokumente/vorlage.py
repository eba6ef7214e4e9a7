"""Templates in Markdown: what the program knows is put in, what the Kreis must decide stays a visible field.

    {{name}}              a value; alone on a line also a table or several paragraphs
    [[schluessel: Frage]] a field; answered in daten/katalog/dokumente.toml, else printed as a gap

Everything else is the small part of Markdown that `wort.py` understands: headings, paragraphs, lists, tables, bold.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from geodata.fehler import KatalogError

VORLAGEN = Path(__file__).parent / "vorlagen"
WERT = re.compile(r"\{\{(\w+)\}\}")
FELD = re.compile(r"\[\[(\w+): ([^\]]+)\]\]")
LUECKE = "[vom Kreis auszufüllen: {}]"


@dataclass(frozen=True)
class Feld:
    """A question to the Kreis and the document it first stands in."""

    schluessel: str
    frage: str
    dokument: str


@dataclass(frozen=True)
class Dokument:
    """A filled template; `offen`: the fields nobody has answered yet."""

    name: str
    titel: str
    text: str
    offen: tuple[Feld, ...] = field(default=())


def list_vorlagen(*wurzeln: Path) -> dict[str, Path]:
    """Templates by name; later folders overlay earlier ones."""
    return {p.stem: p for wurzel in wurzeln or (VORLAGEN,) for p in sorted(wurzel.glob("*.md"))}


def list_felder(vorlagen: dict[str, Path]) -> dict[str, Feld]:
    """All fields of all templates, in reading order."""
    felder: dict[str, Feld] = {}
    for name, pfad in sorted(vorlagen.items()):
        for treffer in FELD.finditer(_lies(pfad)):
            felder.setdefault(treffer[1], Feld(treffer[1], " ".join(treffer[2].split()), name))
    return felder


def read_antworten(pfad: Path, felder: dict[str, Feld]) -> dict[str, str]:
    """Answers of the Kreis: `schluessel = "Text"`, none if the file is missing.

    Raises:
        KatalogError: no TOML, or an answer to a question that no template asks.
    """
    if not pfad.is_file():
        return {}
    try:
        antworten = tomllib.loads(pfad.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fehler:
        raise KatalogError(
            "Die Angaben zu den Dokumenten sind kein lesbares TOML.",
            wo=f"{pfad}: {fehler}",
            tun="Datei als UTF-8 speichern und die Stelle berichtigen.",
        ) from None
    for schluessel, antwort in antworten.items():
        if schluessel not in felder or not isinstance(antwort, str):
            was = "ist kein Text" if schluessel in felder else "gehört zu keinem Feld"
            raise KatalogError(
                f"Die Angabe »{schluessel}« {was}.",
                wo=str(pfad),
                tun=f'So schreiben: schluessel = "Text". Vorhandene Felder: {", ".join(felder)}.',
            )
    # An answer may stand in the cell of a table: its bars are no borders.
    return {k: " ".join(v.split()).replace("|", "\\|") for k, v in antworten.items() if v.strip()}


def fuelle(name: str, pfad: Path, werte: dict[str, str], antworten: dict[str, str]) -> Dokument:
    """One template with values and answers.

    Raises:
        KatalogError: the template asks for a value that does not exist.
    """
    text, offen = _lies(pfad), {}

    def wert(treffer: re.Match) -> str:
        if treffer[1] not in werte:
            raise KatalogError(
                f"Die Vorlage »{name}« verlangt einen Wert, den es nicht gibt: {treffer[1]}.",
                wo=str(pfad),
                tun=f"Vorhanden sind {', '.join(sorted(werte))}.",
            )
        return werte[treffer[1]]

    def feld(treffer: re.Match) -> str:
        frage = " ".join(treffer[2].split())
        if treffer[1] in antworten:
            return antworten[treffer[1]]
        offen.setdefault(treffer[1], Feld(treffer[1], frage, name))
        return f"**{LUECKE.format(frage)}**"

    text = FELD.sub(feld, WERT.sub(wert, text))  # tables may hold fields, answers are never looked into
    titel = next(zeile.removeprefix("# ") for zeile in text.splitlines() if zeile.startswith("# "))
    return Dokument(name, titel, re.sub(r"\n{3,}", "\n\n", text).strip() + "\n", tuple(offen.values()))


def build_tabelle(kopf: list[str], zeilen: list[list[str]]) -> str:
    """A Markdown table; an empty one is said in words."""
    if not zeilen:
        return "Keine."

    def reihe(zellen: list[str]) -> str:
        return "| " + " | ".join(" ".join(str(z).split()).replace("|", "\\|") for z in zellen) + " |"

    return "\n".join([reihe(kopf), "|" + " --- |" * len(kopf), *map(reihe, zeilen)])


# --- blocks ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Block:
    """`art`: titel1 to titel3, absatz, punkt, tabelle; a table has rows of cells, all others one text."""

    art: str
    text: str = ""
    zeilen: tuple[tuple[str, ...], ...] = ()


def read_bloecke(text: str) -> Iterator[Block]:
    """Markdown as blocks, in order."""
    absatz: list[str] = []
    tabelle: list[tuple[str, ...]] = []
    for zeile in [*text.splitlines(), ""]:
        if tabelle and not zeile.startswith("|"):
            yield Block("tabelle", zeilen=tuple(tabelle))
            tabelle = []
        anfang = re.match(r"(#{1,3}|-) (.*)", zeile)
        if absatz and (anfang or not zeile.strip() or zeile.startswith("|")):
            yield Block(absatz[0], " ".join(absatz[1:]).replace("\\|", "|"))
            absatz = []
        if anfang and anfang[1] == "-":
            absatz = ["punkt", anfang[2]]
        elif anfang:
            yield Block(f"titel{len(anfang[1])}", anfang[2])
        elif zeile.startswith("|"):
            if not re.fullmatch(r"\|( ?-+ ?\|)+", zeile):
                tabelle.append(tuple(z.strip().replace("\\|", "|") for z in re.split(r"(?<!\\)\|", zeile)[1:-1]))
        elif zeile.strip():
            absatz = [*(absatz or ["absatz"]), zeile.strip()]


def _lies(pfad: Path) -> str:
    try:
        return pfad.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise KatalogError("Die Vorlage ist nicht als UTF-8 gespeichert.", wo=str(pfad), tun="Neu speichern.") from None
