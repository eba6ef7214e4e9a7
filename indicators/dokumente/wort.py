"""Blocks → DOCX: A4, German, real headings, tables with repeated head rows, gaps marked so that nobody misses them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import docx
from docx.document import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_COLOR_INDEX
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from docx.table import Table
from docx.text.paragraph import Paragraph

from indicators.bericht.ablage import ersetze
from indicators.dokumente.vorlage import Block

SCHRIFT, DUNKEL, KOPFFARBE = "Arial", RGBColor(0x1B, 0x2A, 0x3A), "E4EAF1"
TEILE = re.compile(r"(\*\*.+?\*\*|`.+?`)")
BREITE, ZEICHEN, RAND = Cm(17), Cm(0.19), Cm(0.5)  # of a page, a letter, the margins of a cell


def write_docx(bloecke: Iterable[Block], pfad: Path, *, titel: str, fuss: str) -> None:
    """Write one document; an existing one is replaced only by a complete one.

    Args:
        fuss: stands on every page before the page number.
    """
    dokument = docx.Document()
    _richte_ein(dokument, titel, fuss)
    for block in bloecke:
        if block.art == "titel1":
            dokument.add_paragraph(block.text, style="Title")
        elif block.art.startswith("titel"):
            dokument.add_heading(block.text, level=int(block.art[-1]) - 1)
        elif block.art == "tabelle":
            _tabelle(dokument, block)
        else:
            _setze(dokument.add_paragraph(style="List Bullet" if block.art == "punkt" else None), block.text)
    with ersetze(pfad, "wb") as datei:
        dokument.save(datei)


def _richte_ein(dokument: Document, titel: str, fuss: str) -> None:
    eigenschaften = dokument.core_properties
    eigenschaften.title, eigenschaften.language, eigenschaften.author = titel, "de-DE", "Sozialraum-Monitor"
    eigenschaften.comments = ""
    seite = dokument.sections[0]
    seite.page_width, seite.page_height = Cm(21), Cm(29.7)
    seite.left_margin = seite.right_margin = seite.top_margin = seite.bottom_margin = Cm(2)
    for name, punkte in (
        ("Normal", 10),
        ("Title", 20),
        ("Heading 1", 14),
        ("Heading 2", 11.5),
        ("List Bullet", 10),
        ("Footer", 8),
    ):
        stil = dokument.styles[name]
        stil.font.name, stil.font.size = SCHRIFT, Pt(punkte)
        stil.paragraph_format.space_after = Pt(5)
        fonts = stil.element.get_or_add_rPr().get_or_add_rFonts()
        for art in ("ascii", "hAnsi", "cs", "eastAsia"):
            fonts.set(qn(f"w:{art}"), SCHRIFT)
            fonts.attrib.pop(qn(f"w:{art}Theme"), None)
        if name == "Title" or name.startswith("Heading"):
            stil.font.color.rgb, stil.font.bold = DUNKEL, True
            stil.paragraph_format.keep_with_next = True
    _setze_sprache(dokument)
    zeile = seite.footer.paragraphs[0]
    zeile.add_run(f"{fuss} · Seite ")
    _seitenzahl(zeile, "PAGE")
    zeile.add_run(" von ")
    _seitenzahl(zeile, "NUMPAGES")


def _setze_sprache(dokument: Document) -> None:
    """Screen readers and the spelling check take the language from the defaults of all styles."""
    vorgabe = dokument.styles.element.find(qn("w:docDefaults")).find(qn("w:rPrDefault")).find(qn("w:rPr"))
    sprache = vorgabe.find(qn("w:lang"))
    if sprache is None:
        sprache = OxmlElement("w:lang")
        vorgabe.append(sprache)
    sprache.set(qn("w:val"), "de-DE")


def _seitenzahl(zeile: Paragraph, art: str) -> None:
    for typ, text in (("begin", None), (None, art), ("end", None)):
        element = OxmlElement("w:fldChar" if typ else "w:instrText")
        if typ:
            element.set(qn("w:fldCharType"), typ)
        else:
            element.text = text
        zeile.add_run()._r.append(element)


def _tabelle(dokument: Document, block: Block) -> None:
    kopf, *zeilen = block.zeilen
    tabelle = dokument.add_table(rows=1, cols=len(kopf), style="Table Grid")
    tabelle.alignment, tabelle.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    for zelle, text in zip(tabelle.rows[0].cells, kopf, strict=True):
        _zelle(zelle, f"**{text}**", farbe=KOPFFARBE)
    _wiederhole_kopf(tabelle)
    for zeile in zeilen:
        neue = tabelle.add_row()
        _halte_zusammen(neue)
        for zelle, text in zip(neue.cells, zeile, strict=True):
            _zelle(zelle, text)
    for spalte, breite in zip(tabelle.columns, _breiten(block.zeilen), strict=True):
        spalte.width = breite  # one program reads the width of the column, another that of every cell
        for zelle in spalte.cells:
            zelle.width = breite
    dokument.add_paragraph().paragraph_format.space_after = Pt(2)


def _breiten(zeilen: tuple[tuple[str, ...], ...]) -> list[int]:
    """No column narrower than its longest word; what is left goes where the most text stands."""
    spalten = list(zip(*zeilen, strict=True))
    woerter = [max((len(w) for text in spalte for w in re.split(r"[ /]", text)), default=1) for spalte in spalten]
    kappen = range(24, 0, -1)  # where not all words fit, the longest are broken, never a short one
    noetig = next(
        n for k in kappen if sum(n := [ZEICHEN * min(wort, k) + RAND for wort in woerter]) <= BREITE or k == 1
    )
    mengen = [(sum(map(len, spalte)) / len(spalte)) ** 0.7 for spalte in spalten]
    frei = max(BREITE - sum(noetig), 0)
    breiten = [mindest + frei * menge / sum(mengen) for mindest, menge in zip(noetig, mengen, strict=True)]
    return [int(BREITE * breite / sum(breiten)) for breite in breiten]


def _zelle(zelle, text: str, *, farbe: str = "") -> None:
    absatz = zelle.paragraphs[0]
    absatz.paragraph_format.space_after = Pt(1)
    _setze(absatz, text, punkte=9)
    if farbe:
        flaeche = OxmlElement("w:shd")
        flaeche.set(qn("w:val"), "clear")
        flaeche.set(qn("w:fill"), farbe)
        zelle._tc.get_or_add_tcPr().append(flaeche)


def _wiederhole_kopf(tabelle: Table) -> None:
    """Marks the first row as head: repeated on every page, and read out with every cell."""
    tabelle.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))


def _halte_zusammen(zeile) -> None:
    zeile._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))


def _setze(absatz: Paragraph, text: str, *, punkte: float | None = None) -> None:
    for teil in filter(None, TEILE.split(text)):
        fett, code = teil.startswith("**"), teil.startswith("`")
        inhalt = teil[2:-2] if fett else teil[1:-1] if code else teil
        lauf = absatz.add_run(inhalt)
        lauf.bold = fett or None
        if punkte:
            lauf.font.size = Pt(punkte)
        if code:
            lauf.font.name = "Courier New"
        if inhalt.startswith("[vom Kreis auszufüllen"):
            lauf.font.highlight_color = WD_COLOR_INDEX.YELLOW
