"""The methods handbook prints the whole catalogue: definition, formula, example, break, source, version."""

import re
from html.parser import HTMLParser

import docx
import pytest

from indicators.kennzahl import read_kennzahlen
from indicators.zahlformat import format_datum
from tests.conftest import Installation

KENNZAHLEN = read_kennzahlen()


@pytest.fixture(scope="module")
def dateien(tmp_path_factory):
    ziel = tmp_path_factory.mktemp("handbuch")
    Installation(tmp_path_factory.mktemp("daten")).run("handbuch", "--ziel", str(ziel))  # needs nothing loaded
    return {p.suffix: p for p in ziel.iterdir()}


@pytest.fixture(scope="module")
def text(dateien) -> str:
    return dateien[".md"].read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def artikel(text) -> dict[str, str]:
    """Title → everything printed under it."""
    teile = re.split(r"^### ", text, flags=re.M)[1:]
    return {t.split("\n")[0]: re.split(r"^## ", t, flags=re.M)[0] for t in teile}


@pytest.mark.parametrize("kennzahl", KENNZAHLEN.values(), ids=lambda k: k.id)
def test_every_kennzahl_is_printed_whole(artikel, kennzahl):
    hier = artikel[kennzahl.titel]
    assert kennzahl.definition in hier
    for angabe in (
        "Lesart",
        "Formel",
        "Beispiel",
        "Brüche",
        "Mindestvollständigkeit",
        "Bewertung",
        "Quelle",
        "Version",
    ):
        assert f"- **{angabe}:** " in hier, angabe
    for teil in (*kennzahl.fallstricke, kennzahl.quelle, kennzahl.rechtsgrundlage, kennzahl.lieferung):
        assert teil in hier
    for bruch in kennzahl.bruch:
        assert format_datum(bruch.ab) in hier
        assert bruch.grund in hier
    for fassung in kennzahl.fassungen[1:]:
        assert fassung.hinweis.rstrip(".") in hier


@pytest.mark.parametrize("kennzahl", KENNZAHLEN.values(), ids=lambda k: k.id)
def test_formulas_are_words_not_identifiers(artikel, kennzahl):
    formel = re.search(r"\*\*Formel:\*\* (.*)", artikel[kennzahl.titel])[1]
    assert not re.search(r"\b[a-z]+_[a-z0-9_]+\b", formel)


def test_a_formula_and_its_example(artikel):
    hier = artikel["SGB-II-Quote"]
    formel = "(Leistungsberechtigte nach dem SGB II) ÷ (Personen unter der Regelaltersgrenze) × 100"
    assert f"- **Formel:** {formel}\n" in hier
    assert "84 / 1.200 × 100 = 7,0" in hier


def test_both_versions_of_a_changed_definition_are_printed(artikel):
    hier = artikel["Hilfe zur Pflege ohne Pflegeversicherung"]
    alt, neu = KENNZAHLEN["hzp_ohne_pflegeversicherung"].version
    assert f"Version 1 bis vor dem {format_datum(neu.ab)}: {alt.definition}" in hier
    assert f"Version 2, ab {format_datum(neu.ab)}: {neu.aenderung}" in hier


def test_definitions_of_kinderarmut_stand_side_by_side(artikel):
    zeilen = [z for z in artikel["Kinderarmut"].splitlines() if z.startswith("| Kinder")]
    assert len(zeilen) == 3


def test_drafts_and_unconfirmed_ones_are_listed(text):
    liste = text.split("## Noch nicht bestätigt")[1].split("## Entwürfe")[0]
    assert liste.count("Entwurf, nicht gezeigt") == 15
    assert liste.count("gezeigt, mit Vermerk") == 19


def test_lists_and_indices_are_printed(artikel):
    assert (
        "A.1 Armut der Bevölkerung:** SGB-II-Quote und Mindestsicherungsquote" in artikel["Quartiersprofile Rhein-Sieg"]
    )
    assert "| 2021 | 31.12.2020 | Status |" in artikel["Monitoring Soziale Stadtentwicklung (MSS)"]


def test_word_and_html_say_the_same(dateien, text):
    titel = set(re.findall(r"^#{2,3} (.*)$", text, flags=re.M))
    wort = docx.Document(str(dateien[".docx"]))
    assert {p.text for p in wort.paragraphs if p.style.name.startswith("Heading")} == titel

    class Leser(HTMLParser):
        offen, gefunden, stapel = "", set(), []

        def handle_starttag(self, tag, attrs):
            if tag not in ("meta", "br"):
                self.stapel.append(tag)

        def handle_endtag(self, tag):
            assert self.stapel.pop() == tag

        def handle_data(self, data):
            if self.stapel and self.stapel[-1] in ("h2", "h3"):
                self.gefunden.add(data)

    leser = Leser()
    leser.feed(dateien[".html"].read_text(encoding="utf-8"))
    assert leser.stapel == []
    assert leser.gefunden == titel
