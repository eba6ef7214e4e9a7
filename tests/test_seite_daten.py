"""What the page »Daten« and the tab »Über diese Zahl« say: gaps with names, provenance with places, no value."""

import json
import re
from datetime import date

import pytest

from app import create_server
from dashboard.festseite import als_html
from dashboard.seiten.herkunft import herkunft_abschnitt
from dashboard.seiten.vollstaendigkeit import NICHTS, feld, gleiche_zeilen, satz, tag_feld

TAGE = [date(2022, 12, 31), date(2023, 12, 31)]


def seite(installation, pfad: str, *, erwarte: int = 200) -> str:
    antwort = create_server(installation.daten, "oeffentlich").test_client().get(pfad)
    assert antwort.status_code == erwarte
    return antwort.get_data(as_text=True)


@pytest.fixture
def mit_luecke(neuer_kleinkreis):
    """Weiler is missing in the SGB II delivery of 2022, by declaration; Südhang is kept secret by the supplier."""
    profil = neuer_kleinkreis.daten / "katalog" / "quellen" / "kk_sgb2.toml"
    profil.write_text(
        profil.read_text("utf-8").replace('null = ["-"]', 'null = ["-"]\ngesperrt = ["*"]\nunvollstaendig = true'),
        "utf-8",
    )
    datei = neuer_kleinkreis.daten / "kleinkreis" / "eingang" / "kk_sgb2" / "sgb2_2022-12.csv"
    text = datei.read_text("cp1252").replace("99001-04;Weiler;12\n", "").replace("hang;90", "hang;*")
    datei.write_text(text, "cp1252")
    neuer_kleinkreis.run("laden", "--gebiet", "kleinkreis")
    neuer_kleinkreis.run("veroeffentlichen", "--gebiet", "kleinkreis")
    return neuer_kleinkreis


def test_the_matrix_shows_gaps_and_secrets_in_words_and_leads_to_the_missing_raeume(mit_luecke):
    html = seite(mit_luecke, "/kleinkreis/daten")
    assert "3/4 1*" in html  # three of four Räume, one of them secret
    (ziel,) = re.findall(r'<a href="#(luecke-kk_sgb2[^"]*)">3/4', html)
    eintrag = re.search(rf'<li id="{ziel}">(.*?)</li>', html).group(1)
    assert "Leistungsberechtigte SGB II" in eintrag
    assert "Weiler" in eintrag
    assert "Altstadt" not in eintrag
    assert "es fehlt 1 Wert; 1 hält der Lieferant geheim" in html


def test_one_source_alone_by_its_address(mit_luecke):
    html = seite(mit_luecke, "/kleinkreis/daten?quelle=kk_bevoelkerung")
    assert 'id="quelle-kk_bevoelkerung"' in html
    assert 'id="quelle-kk_sgb2"' not in html
    assert re.search(r"<option[^>]* selected[^>]*>Einwohner nach Quartieren", html)
    seite(mit_luecke, "/kleinkreis/daten?quelle=%3Cscript%3E", erwarte=404)


def test_findings_on_the_page_are_counts(mit_luecke):
    html = seite(mit_luecke, "/kleinkreis/daten")
    abschnitt = html.split("Auffälligkeiten</h2>")[1].split("<h2>")[0]
    assert "Räume fehlen" in abschnitt
    assert "davon geklärt" in abschnitt
    assert "99001-04" not in abschnitt


def test_merkmale_that_came_alike_share_a_row():
    import pandas as pd

    tafel = pd.DataFrame(
        [(m, m.upper(), tag, 4 - (m == "c"), 4, 0) for m in "abc" for tag in TAGE],
        columns=["merkmal", "titel", "stichtag", "raeume", "erwartet", "geheim"],
    )
    zeilen = gleiche_zeilen(tafel, TAGE, jahre=False)
    assert [titel for titel, _ in zeilen] == [["A", "B"], ["C"]]
    assert satz(tafel, TAGE) == "3 Merkmale, 2 Stichtage (jeweils 31.12., 2022 bis 2023), es fehlen 2 Werte."


def test_months_stand_by_year():
    monate = {date(2023, m, 28): (19, 19, 0) for m in range(1, 13)} | {date(2024, m, 28): (19, 19, 0) for m in (1, 2)}
    assert feld(monate, 2023, jahre=True) == ("voll", "✓")
    assert feld(monate, 2024, jahre=True) == ("voll", "✓ 2×")
    assert feld(monate | {date(2023, 5, 28): (18, 19, 0)}, 2023, jahre=True) == ("luecke", "1 von 12")
    assert feld(monate, 2022, jahre=True) == (NICHTS, "–")
    assert tag_feld(17, 19, 0) == ("luecke", "17/19")


def test_the_tab_tells_file_column_and_profile(kleinkreis):
    store = kleinkreis.store("kleinkreis")
    html = als_html(herkunft_abschnitt(store, store.eintrag("sgb2_quote")))
    assert "Grundsicherung für Arbeitsuchende nach Quartieren – 2 Stichtage, zuletzt" in html
    assert "sgb2_2023-12.csv" in html
    assert "»unter Regelaltersgrenze«" in html
    assert re.search(r"<code>[0-9a-f]{8}</code>", html)


def test_a_jump_and_its_acceptance_stay_in_the_house(neuer_kleinkreis):
    ordner = neuer_kleinkreis.daten / "kleinkreis" / "eingang" / "kk_sgb2"
    alt = (ordner / "sgb2_2023-12.csv").read_text("cp1252")
    (ordner / "sgb2_2023-12.csv").write_text(alt.replace(";84", ";940").replace("1.245", "2.101"), "cp1252")
    gesperrt = neuer_kleinkreis.run("laden", "--gebiet", "kleinkreis", erwarte=20).stderr
    kennung = gesperrt.split("[")[1].split("]")[0]
    neuer_kleinkreis.run("befunde", "annehmen", kennung, "--gebiet", "kleinkreis", "--grund", "Geheimer Grund 77")
    neuer_kleinkreis.run("laden", "--gebiet", "kleinkreis")
    neuer_kleinkreis.run("veroeffentlichen", "--gebiet", "kleinkreis")
    store = neuer_kleinkreis.store("kleinkreis")
    html = als_html(herkunft_abschnitt(store, store.eintrag("sgb2_quote")))
    assert "angenommen" not in html  # that a count jumped tells something about it, even if it is hidden
    assert "Geheimer Grund" not in html
    for datei in (neuer_kleinkreis.daten / "kleinkreis" / "bestand").rglob("*"):
        assert datei.is_dir() or b"Geheimer Grund" not in datei.read_bytes()
    assert "sprung" not in set(store.befunde()["regel"])
    text = neuer_kleinkreis.run("herkunft", "99001", "sgb2_quote", "31.12.2023", "--gebiet", "kleinkreis").stdout
    assert f"{kennung} (sprung), angenommen am" in text
    assert "Geheimer Grund 77" in text  # in the house it is told


def test_provenance_through_the_api(kleinkreis):
    json_text = seite(kleinkreis, "/api/v1/kleinkreis/herkunft/sgb2_quote.json")
    zeilen = json.loads(json_text)["herkunft"]
    assert {z["rolle"] for z in zeilen} == {"Zähler", "Nenner"}
    assert zeilen[0]["stichtag"] == "2023-12-31"
    csv = seite(kleinkreis, "/api/v1/kleinkreis/herkunft/sgb2_quote.csv")
    assert csv.startswith(
        "stichtag,rolle,quelle,titel,datei,blatt,spalten,vom,geladen_am,profil,korrekturen,angenommen"
    )
    seite(kleinkreis, "/api/v1/kleinkreis/herkunft/gibt_es_nicht.json", erwarte=404)
