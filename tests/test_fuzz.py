"""Every specimen, mutated 200 times by seed: its exact numbers or a message, see tests/fuzz.py."""

import pytest

from tests.fuzz import Vorlage, laufe, lies, list_belege, pruefe, read_gitter, read_quelle

BELEGE = list_belege()


@pytest.mark.parametrize("beleg", BELEGE, ids=lambda b: b.kennung)
def test_mutations_give_the_same_numbers_or_a_message(beleg):
    ausgaenge = list(laufe(beleg, 200))
    assert [(nr, namen, a.art, a.text) for nr, namen, a in ausgaenge if a.fehler] == []
    assert {a.art for _, _, a in ausgaenge} >= {"abgelehnt"}  # the mutations bite


def test_the_judge_accepts_only_what_stands_in_the_file(tmp_path):
    """The oracle itself: told that other numbers were expected than the file says, it must object."""
    beleg = next(b for b in BELEGE if b.name == "lang_csv")
    quelle = read_quelle(beleg.datei.with_name("quelle.toml"))
    werte, orte, _ = lies(beleg.name, beleg.datei)
    schluessel = next(s for s, (wert, _) in werte.items() if wert)
    verfaelscht = werte | {schluessel: (werte[schluessel][0] + 1, "offen")}
    vorlage = Vorlage(verfaelscht, orte, read_gitter(beleg.datei, quelle))
    assert pruefe(beleg, beleg.datei, vorlage).art == "andere Zahlen"


def test_the_judge_notices_what_has_gone(tmp_path):
    beleg = next(b for b in BELEGE if b.name == "lang_csv")
    quelle = read_quelle(beleg.datei.with_name("quelle.toml"))
    werte, orte, _ = lies(beleg.name, beleg.datei)
    mehr = {("09999999", "2023-12-31", "sgb2_rlb"): (5.0, "offen")}
    mehr_orte = dict.fromkeys(mehr, ("", 3, "anzahl"))
    mutiert = tmp_path / beleg.datei.name
    mutiert.write_bytes(beleg.datei.read_bytes() + b"\n")
    text = beleg.datei.read_text(encoding="utf-8").splitlines()
    text[-1] += " "
    mutiert.write_text("\n".join(text) + "\n", encoding="utf-8")
    vorlage = Vorlage(werte | mehr, orte | mehr_orte, read_gitter(beleg.datei, quelle))
    assert pruefe(beleg, mutiert, vorlage).art == "verschwunden"
