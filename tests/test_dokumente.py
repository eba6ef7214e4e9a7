"""Documents for Datenschutz and IT security: what stands in them comes from the running configuration."""

import json
import re
import shutil
import zipfile
from datetime import date

import docx
import pytest
from docx.oxml.ns import qn

from etl.bestand import list_lieferungen
from geodata.fehler import KatalogError
from indicators.befehle_bericht import build_angaben
from indicators.dokumente import Betrieb, build_werte
from indicators.dokumente.vorlage import build_tabelle, fuelle, list_felder, list_vorlagen, read_antworten, read_bloecke
from indicators.freigabe import read_freigaben
from indicators.kataloge import Katalog
from tests.conftest import Installation

NAMEN = ["00_offene_felder", "01_datenschutzkonzept", "02_verzeichnis", "03_zertifikat", "04_dsfa_vorpruefung",
         "05_wiba"]  # fmt: skip


@pytest.fixture(scope="module")
def haus(kleinkreis, tmp_path_factory):
    """The Kleinkreis with a login, an answer of the Kreis, and its documents."""
    daten = tmp_path_factory.mktemp("dokumente") / "daten"
    shutil.copytree(kleinkreis.daten, daten)
    (daten / "katalog" / "dokumente.toml").write_text('verantwortlicher = "Kreis Klein | Hauptstr. 1"\n', "utf-8")
    haus = Installation(daten)
    haus.gesagt = haus.run("dokumente", "--ziel", "../papiere").stdout
    haus.papiere = daten.parent / "papiere"
    return haus


def lies(haus, name: str) -> str:
    return (haus.papiere / f"{name}.md").read_text(encoding="utf-8")


def test_all_documents_are_there_twice(haus):
    assert sorted(p.name for p in haus.papiere.iterdir()) == sorted(f"{n}.{e}" for n in NAMEN for e in ("md", "docx"))
    offen = int(re.search(r"(\d+) Felder füllt der Kreis aus", haus.gesagt)[1])
    assert len(re.findall(r"^\| ", lies(haus, "00_offene_felder"), re.M)) == offen + 2  # head and rule


@pytest.mark.parametrize("name", NAMEN)
def test_the_word_file_holds_what_the_markdown_holds(haus, name):
    """Real headings and tables in the same order, German, with head rows that screen readers find."""
    text, dokument = lies(haus, name), docx.Document(haus.papiere / f"{name}.docx")
    bloecke = list(read_bloecke(text))
    titel = [p.text for p in dokument.paragraphs if p.style.name.startswith(("Title", "Heading"))]
    assert titel == [b.text for b in bloecke if b.art.startswith("titel")]
    tabellen = [b.zeilen for b in bloecke if b.art == "tabelle"]
    ohne_zeichen = [[[re.sub(r"\*\*|`", "", z) for z in zeile] for zeile in tabelle] for tabelle in tabellen]
    assert [[[z.text for z in zeile.cells] for zeile in t.rows] for t in dokument.tables] == ohne_zeichen
    assert all(t.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None for t in dokument.tables)
    assert dokument.core_properties.language == "de-DE"
    assert dokument.core_properties.title == titel[0]
    with zipfile.ZipFile(haus.papiere / f"{name}.docx") as archiv:
        assert 'w:lang w:val="de-DE"' in re.sub(r'w:lang [^>]*?(w:val="de-DE")', r"w:lang \1",
                                                archiv.read("word/styles.xml").decode())  # fmt: skip
        assert archiv.read("word/document.xml").decode().count("[vom Kreis auszufüllen") == text.count("[vom Kreis")


def test_numbers_come_from_the_running_configuration(haus):
    konzept = lies(haus, "01_datenschutzkonzept")
    for freigabe in read_freigaben():
        assert freigabe.titel in konzept
        assert freigabe.beschreibung in konzept
    assert "| Mindestfallzahl: Sozialhilfe, Grundsicherung im Alter (SGB XII) |" in konzept
    assert "Grundsicherung für Arbeitsuchende nach Quartieren" in konzept
    assert "Leistungsberechtigte SGB II" in konzept
    assert "Kleinkreis (`kleinkreis`)" in konzept
    assert "Keine der geladenen Quellen liefert Angaben zu einzelnen Personen" in konzept

    zertifikat = lies(haus, "03_zertifikat")
    stand = haus.store("kleinkreis").stand.snapshot
    assert stand in zertifikat
    manifest = json.loads((haus.daten / "kleinkreis" / "bestand" / stand / "manifest.json").read_text("utf-8"))
    bewiesen = manifest["zertifikate"]["oeffentlich"]
    (zeile,) = [z for z in zertifikat.splitlines() if z.startswith("| Öffentlich ")]
    assert f"| {bewiesen['zellen']} | {bewiesen['relationen']} | {bewiesen['primaer']} |" in zeile


def test_an_answer_is_put_in_everywhere_and_the_rest_stays_visible(haus):
    assert r"Kreis Klein | Hauptstr. 1" in lies(haus, "01_datenschutzkonzept").replace("\\|", "|")
    assert "Name und Anschrift des Kreises" not in lies(haus, "02_verzeichnis")
    assert "**[vom Kreis auszufüllen: Name und Erreichbarkeit]**" in lies(haus, "02_verzeichnis")
    for name in NAMEN:
        assert "{{" not in lies(haus, name)
        assert "[[" not in lies(haus, name)


def test_person_level_lists_are_named_with_the_columns_that_are_read(beispiel):
    katalog = Katalog(beispiel.daten)
    lieferungen = list_lieferungen(katalog.intern("musterkreis"))
    angaben = build_angaben(katalog.gebiet("musterkreis"), katalog.quellen(), beispiel.daten, lieferungen)
    rollen = {"weiler": {"titel": "Gemeinde Weiler", "kommunen": ("05999012",), "gruppen": ("gw",)}}
    zugang = {"modus": "oidc", "oidc": {"ruhe_minuten": 30.0, "hoechstens_stunden": 10.0}, "rolle": rollen}
    betrieb = Betrieb(beispiel.daten, "1", date(2026, 1, 2), tuple(katalog.freigaben()), zugang, 0)
    werte = build_werte(betrieb, [angaben])
    assert (
        "| Hilfe zur Pflege: Fallliste des Fachverfahrens | Gemeinde, Fallnummer, Beginn, Ende" in werte["falllisten"]
    )
    assert "Falllisten verarbeitet" in werte["dsfa_hinweis"]
    assert "nach 30 Minuten ohne Anfrage, spätestens nach 10 Stunden" in werte["zugang"]
    assert "| Gemeinde Weiler | innerhalb von 05999012 das Profil »kommune«" in werte["zugang"]
    assert "19 Kommunen" in werte["gebiete"]


def test_nothing_claims_that_all_is_lawful():
    texte = " ".join(p.read_text(encoding="utf-8") for p in list_vorlagen().values()).lower()
    for wort in ("dsgvo-konform", "rechtskonform", "rechtssicher", "bsi-konform", "zertifiziert nach"):
        assert wort not in texte
    assert "keine rechtliche prüfung" in texte


def test_mistakes_in_answers_and_own_templates_are_told(tmp_path):
    vorlagen = list_vorlagen()
    (tmp_path / "a.toml").write_text('verantwortlich = "x"', "utf-8")
    with pytest.raises(KatalogError, match="gehört zu keinem Feld"):
        read_antworten(tmp_path / "a.toml", list_felder(vorlagen))
    (tmp_path / "b.toml").write_text("verantwortlicher = 3", "utf-8")
    with pytest.raises(KatalogError, match="ist kein Text"):
        read_antworten(tmp_path / "b.toml", list_felder(vorlagen))
    eigene = tmp_path / "09_eigenes.md"
    eigene.write_text("# Eigenes\n\n{{gibt_es_nicht}}\n", "utf-8")
    with pytest.raises(KatalogError, match="verlangt einen Wert, den es nicht gibt"):
        fuelle("09_eigenes", eigene, {}, {})


def test_a_bar_in_a_cell_does_not_make_a_column():
    (block,) = read_bloecke(build_tabelle(["a", "b"], [["x | y", "z"]]))
    assert block.zeilen == (("a", "b"), ("x | y", "z"))


def test_nothing_loaded_is_told(neuer_kleinkreis):
    assert "noch nichts geladen" in neuer_kleinkreis.run("dokumente", "--ziel", "x", erwarte=1).stderr
