"""Named lists of Kennzahlen: the shipped ones, errors as recipes, and what a page makes of them."""

import csv
import io
import re

import openpyxl
import pytest

from app import create_server
from geodata.fehler import KatalogError
from indicators.kennzahl import read_kennzahlen
from indicators.zusammenstellung import check_zusammenstellungen, read_zusammenstellungen

LISTEN = read_zusammenstellungen()
EINTRAG = """\
titel = "Unsere Liste"
beschreibung = "Was wir brauchen."

[[gruppe]]
titel = "Armut"
kennzahlen = ["sgb2_quote", "kinderarmut_u15"]

[ersatz]
sgb2_quote = "sgb2_quote_inkar"
"""


def lies(ordner, alt: str = "", neu: str = "", name: str = "unsere"):
    text = EINTRAG.replace(alt, neu) if alt else EINTRAG
    assert text != EINTRAG or not alt
    (ordner / f"{name}.toml").write_text(text, encoding="utf-8")
    listen = read_zusammenstellungen(ordner)
    check_zusammenstellungen(listen, read_kennzahlen())
    return listen


def test_the_shipped_lists_name_kennzahlen_of_the_catalogue():
    check_zusammenstellungen(LISTEN, read_kennzahlen())
    assert set(LISTEN) == {"quartiersprofile_rhein_sieg", "gpa_spiegel_hzp", "gpa_spiegel_hze"}


def test_quartiersprofile_have_the_four_armutslagen():
    titel = [g.titel for g in LISTEN["quartiersprofile_rhein_sieg"].gruppe]
    assert [t[:3] for t in titel[:4]] == ["A.1", "A.2", "A.3", "A.4"]
    assert not LISTEN["quartiersprofile_rhein_sieg"].bestaetigt  # which Kennzahl belongs where is still to be confirmed


def test_both_sides_of_the_gpa_mirror_hold_cases_and_money():
    assert {"hzp_dichte", "hzp_ambulante_quote", "hzp_aufwand_je_lb"} <= set(LISTEN["gpa_spiegel_hzp"].kennzahlen)
    assert {"hze_falldichte", "hze_aufwand_je_fall", "hze_aufwand_je_ew_u21"} <= set(
        LISTEN["gpa_spiegel_hze"].kennzahlen
    )


def test_own_lists_stand_beside_and_over_the_shipped_ones(tmp_path):
    eigene = lies(tmp_path, name="gpa_spiegel_hzp")
    alle = read_zusammenstellungen(*(o for o in (tmp_path,)))
    assert alle == eigene
    assert eigene["gpa_spiegel_hzp"].kennzahlen == ("sgb2_quote", "kinderarmut_u15")


@pytest.mark.parametrize(
    ("alt", "neu", "was", "tun"),
    [
        ('titel = "Unsere Liste"\n', "", "»titel« fehlt", "Muster"),
        ('titel = "Unsere Liste"', 'titel = "U"\nfarbe = "rot"', "»farbe« ist unbekannt", "Muster"),
        ('"sgb2_quote", "kinder', '"sgb2_quotte", "kinder', "»sgb2_quotte« gibt es nicht", "»sgb2_quote«"),
        ("sgb2_quote_inkar", "sgb2_quote_inka", "»sgb2_quote_inka« gibt es nicht", "»sgb2_quote_inkar«"),
        ('"kinderarmut_u15"', '"sgb2_quote"', "steht mehrmals", "einer der Gruppen"),
        ('kennzahlen = ["sgb2_quote", "kinderarmut_u15"]', "kennzahlen = []", "passt nicht", "Muster"),
        ('"Unsere Liste"', '"Unsere Liste', "kein gültiges TOML", "Zeile"),
    ],
)
def test_errors_name_file_and_remedy(tmp_path, alt, neu, was, tun):
    with pytest.raises(KatalogError) as fehler:
        lies(tmp_path, alt, neu)
    assert "Zusammenstellung »unsere«" in fehler.value.was
    assert was in fehler.value.was
    assert "unsere.toml" in fehler.value.wo
    assert tun in fehler.value.tun


# ------------------------------------------------------------- on the page


def seite(kleinkreis, pfad: str, *, erwarte: int = 200) -> str:
    antwort = create_server(kleinkreis.daten, "oeffentlich").test_client().get(pfad)
    assert antwort.status_code == erwarte
    return antwort.get_data(as_text=True)


def raum(kleinkreis) -> str:
    return kleinkreis.store("kleinkreis").raeume().iloc[0]["raum_id"]


def test_steckbrief_offers_the_lists_and_shows_the_chosen_one(kleinkreis):
    pfad = f"/kleinkreis/steckbrief/{raum(kleinkreis)}"
    html = seite(kleinkreis, f"{pfad}?zusammenstellung=quartiersprofile_rhein_sieg")
    assert re.search(r"<option[^>]* selected[^>]*>Quartiersprofile Rhein-Sieg", html)
    assert "noch nicht bestätigt" in html
    for teil in ("A.1 Armut der Bevölkerung", "A.4 Armut im Alter", "Altersaufbau"):
        assert teil in html
    assert "Mindestsicherungsquote: hier noch nicht berechnet. Es fehlt: Sozialamt" in html
    assert "A.1 Armut" not in seite(kleinkreis, pfad)


def test_the_files_of_a_steckbrief_hold_the_list_on_the_screen(kleinkreis):
    client = create_server(kleinkreis.daten, "oeffentlich").test_client()
    ort = kleinkreis.store("kleinkreis").raeume("kommune").iloc[0]["raum_id"]
    basis = f"/kleinkreis/export/steckbrief/{ort}"
    alle, liste = (
        list(csv.DictReader(io.StringIO(client.get(f"{basis}.csv{frage}").data.decode("utf-8-sig")), delimiter=";"))
        for frage in ("", "?zusammenstellung=quartiersprofile_rhein_sieg")
    )
    gezeigt = [z["Kennung"] for z in liste if z["Kennung"]]
    erlaubt = LISTEN["quartiersprofile_rhein_sieg"]
    assert gezeigt
    assert set(gezeigt) <= {*erlaubt.kennzahlen, *erlaubt.ersatz.values()}
    assert {z["Gruppe"] for z in liste if z["Kennung"]} <= {g.titel for g in erlaubt.gruppe}
    assert [z["Kennung"] for z in alle if z["Kennung"]] != gezeigt
    mappe = openpyxl.load_workbook(io.BytesIO(client.get(f"{basis}.xlsx?zusammenstellung={erlaubt.id}").data))
    assert gezeigt == [z[2] for z in mappe["Kennzahlen"].iter_rows(min_row=5, values_only=True) if z[2]]
    for falsch in (f"{basis}.pdf", f"{basis}.xlsx?zusammenstellung=gibtsnicht", "/kleinkreis/export/steckbrief/x.csv"):
        assert client.get(falsch).status_code == 404


def test_an_unknown_list_is_not_found(kleinkreis):
    pfad = f"/kleinkreis/steckbrief/{raum(kleinkreis)}?zusammenstellung="
    seite(kleinkreis, f"{pfad}%3Cscript%3E", erwarte=404)
    seite(kleinkreis, f"{pfad}gpa_spiegel", erwarte=404)


def test_methods_and_data_page_say_which_delivery_is_missing(kleinkreis):
    for pfad in ("/kleinkreis/methodik", "/kleinkreis/daten"):
        html = seite(kleinkreis, pfad)
        assert "Noch nicht berechnet" in html
        assert "Leerstandsquote" in html
        assert "Zensus 2022, Gebäude- und Wohnungszählung (100-m-Gitter oder Gemeinden)." in html
    assert "gpaNRW-Spiegel: Hilfe zur Pflege" in seite(kleinkreis, "/kleinkreis/methodik")


def test_a_list_takes_the_substitute_where_the_first_choice_is_missing(kleinkreis):
    store = kleinkreis.store("kleinkreis")
    plaetze = {p.fehlend.id: p for _, g in store.zusammenstellungen["gpa_spiegel_hzp"].gruppen for p in g if p.fehlend}
    assert plaetze["hzp_dichte"].eintrag is None
    assert plaetze["hzp_versichertenstatus_bekannt"].fehlend.titel == "Hilfe zur Pflege: Versichertenstatus bekannt"
