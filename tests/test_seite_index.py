"""The index laboratory and spatial patterns where few areas exist and some are secret: Torkreis."""

import csv
import io

import openpyxl
import pytest

from app import _create_server
from tests.hilfe_zugang import FORMEL


@pytest.fixture(scope="module")
def client(torkreis):
    return _create_server(torkreis.daten, None, wo="").test_client()


@pytest.fixture(scope="module")
def kennzahlen(torkreis) -> list:
    return [e for e in torkreis.store("torkreis").katalog() if "quartier" in e.ebenen and e.art == "quote"]


def test_what_is_secret_is_not_in_the_index_and_says_so(torkreis, client, kennzahlen):
    """Twelve Quartiere; the index is made of what the profile shows, nothing is put in the place of the rest."""
    store = torkreis.store("torkreis")
    werte = {e.id: store.read_werte(e.id, "quartier", e.stichtage["quartier"][-1]) for e in kennzahlen}
    geheim = set().union(*(set(w.loc[w["wert"].isna(), "raum_id"]) for w in werte.values()))
    assert geheim, "Torkreis hides something"
    link = "&".join(f"kennzahl={e.id}" for e in kennzahlen)
    zeilen = list(csv.DictReader(io.StringIO(client.get(f"/torkreis/export/index.csv?ebene=quartier&{link}").text)))

    assert {z["Schlüssel"] for z in zeilen if z["nicht bewertet, weil"]} == geheim
    for zeile in zeilen:
        if zeile["Schlüssel"] in geheim:
            assert "geheim gehalten" in zeile["nicht bewertet, weil"]
            assert zeile["Rang"] == zeile["Index Status"] == zeile["Summe Status"] == ""


def test_few_areas_get_a_rank_and_no_class(client, kennzahlen):
    seite = client.get(f"/torkreis/index?ebene=quartier&kennzahl={kennzahlen[0].id}").text
    oben = seite.split("<h2>Rechenblatt")[0]
    assert "zu wenige Räume (unter 30)" in oben and "Fünftel" in oben and "sehr niedrig" not in oben
    assert "Mit nur einer Kennzahl entscheiden die Gewichte nichts." in oben


def test_what_cannot_be_computed_is_told_in_a_sentence(client):
    """Both quotes together are open in a single Quartier."""
    seite = client.get("/torkreis/index").text
    assert "Weniger als zwei Räume haben zu allen Kennzahlen einen Wert" in seite


def test_names_that_are_formulas_stay_text(client, kennzahlen):
    link = f"ebene=quartier&kennzahl={kennzahlen[0].id}"
    csv_text = client.get(f"/torkreis/export/index.csv?{link}").text
    namen = [z["Raum"] for z in csv.DictReader(io.StringIO(csv_text))]
    assert f"'{FORMEL}" in namen and FORMEL not in namen
    blatt = openpyxl.load_workbook(io.BytesIO(client.get(f"/torkreis/export/index.xlsx?{link}").data))["Rechenblatt"]
    zellen = [z for zeile in blatt.iter_rows() for z in zeile if z.value == FORMEL]
    assert zellen and all(z.data_type == "s" for z in zellen)
    assert "&quot;Klick&quot;" in client.get(f"/torkreis/index?{link}").text


def test_patterns_of_few_areas_and_hidden_cells_say_what_cannot_be_said(torkreis, client, kennzahlen):
    store = torkreis.store("torkreis")
    s = store.read_raumstatistik(kennzahlen[0].id, "quartier")
    assert (s["status"], s["moran"], s["lisa_permutationen"]) == ("zu_wenige", None, 0)
    assert "weniger als 8 Räume mit Wert und Nachbarn" in client.get("/torkreis/muster").text
    for e in kennzahlen:
        werte = store.read_werte(e.id, "quartier", e.stichtage["quartier"][-1])
        s = store.read_raumstatistik(e.id, "quartier")
        assert s["ohne_wert"] == werte["wert"].isna().sum()
        if werte["status"].eq("gesperrt").any():
            assert s["seg_status"] == "gesperrt" and s["segregation"] is None and s["isolation"] is None
            muster = store.read_muster(e.id, "quartier").set_index("raum_id")
            hier = muster.index.isin(werte.loc[werte["wert"].isna(), "raum_id"])
            assert muster.loc[hier, ["geglaettet", "gewicht", "lokal", "lokationsquotient"]].isna().all(axis=None)
            assert muster["lokationsquotient"].isna().all()


@pytest.mark.parametrize("pfad", ["/torkreis/index?" + "kennzahl=&gewicht=&" * 40, "/torkreis/index?" + "a=b&" * 70])
def test_a_link_too_long_is_no_error_of_the_program(client, pfad):
    assert client.get(pfad).status_code in (200, 404)
