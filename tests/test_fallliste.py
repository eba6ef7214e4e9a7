"""Case lists counted by expressions, and counted again by hand."""

import calendar
from collections import Counter
from datetime import date

import pytest

from etl.gruppen import pruefe_lieferung
from etl.load import load
from geodata.fehler import KatalogError, LieferungError
from geodata.gebiet import read_gebiet
from tests.hilfe_fallliste import (
    PROFIL,
    Fall,
    alter,
    am,
    baue_fallgebiet,
    csv_text,
    ketten,
    raum,
    volle_monate,
    zufallsliste,
)  # fmt: skip
from tests.lieferungen import baue_quelle, schreibe

RAEUME = ["05999004", "05999008", "05999012", "05999-R"]


@pytest.fixture
def gebiet(tmp_path):
    return baue_fallgebiet(tmp_path / "gebiete")


@pytest.fixture
def lies(tmp_path, gebiet):
    """Count a list written from `faelle` (or a text) with the profile changed by the replacements."""

    def lies(faelle, *ersetzungen, name="hzp.csv", zeichensatz="utf-8", profil=PROFIL):
        quelle = baue_quelle(tmp_path / "quellen", *ersetzungen, profil=profil, name="hzp")
        inhalt = faelle if isinstance(faelle, str | bytes) else csv_text(faelle)
        return pruefe_lieferung(schreibe(tmp_path / "eingang" / name, inhalt, zeichensatz), quelle, gebiet)

    return lies


def werte(lieferung, merkmal, tag):
    """Values other than 0 by Raum; None where nothing was delivered."""
    frame = lieferung.frame
    teil = frame[(frame["merkmal"] == merkmal) & (frame["stichtag"] == str(tag))]
    return {r: (None if w != w else w) for r, w in zip(teil["raum_id"], teil["wert"], strict=True) if w != 0}


def texte(lieferung, regel):
    return [b.text for b in lieferung.befunde if b.regel == regel]


def fall(person="Erfunden-0001", **angaben):
    vorgabe = {"geburt": date(1940, 5, 1), "geschlecht": "w", "gemeinde": "05999004", "leistung": "amb",
               "versichert": "ja", "beginn": date(2022, 3, 1), "ende": None}  # fmt: skip
    return Fall(person, **(vorgabe | angaben))


# ---------------------------------------------------------------- against counting by hand


@pytest.mark.parametrize("same", range(6))
def test_random_lists_agree_with_counting_by_hand(lies, same):
    faelle = zufallsliste(same)
    lieferung = lies(faelle)
    for jahr in (2022, 2023):
        tag = date(jahr, 12, 31)
        da = am(faelle, tag)
        assert werte(lieferung, "hzp", tag) == Counter(map(raum, da))
        for gruppe, unten, oben in (("_u65", 0, 64), ("_65_79", 65, 79), ("_80_plus", 80, 120)):
            for sex in "mw":
                drin = [
                    f for f in da if (a := alter(f, tag)) is not None and unten <= a <= oben and f.geschlecht == sex
                ]
                assert werte(lieferung, f"hzp_alter{gruppe}_{sex}", tag) == Counter(map(raum, drin)), (gruppe, sex)
        assert werte(lieferung, "hzp_versichert_nein", tag) == Counter(raum(f) for f in da if f.versichert == "nein")
        assert werte(lieferung, "hzp_versichert_bekannt", tag) == Counter(raum(f) for f in da if f.versichert != "?")
        aeltere = [f for f in da if f.leistung == "amb" and (alter(f, tag) or 0) >= 65]
        assert werte(lieferung, "hzp_ambulant_65_plus", tag) == Counter(map(raum, aeltere))
        enden = [date(jahr, m, calendar.monthrange(jahr, m)[1]) for m in range(1, 13)]
        summe = Counter(raum(f) for ende in enden for f in am(faelle, ende))
        assert werte(lieferung, "hzp_mittel", tag) == pytest.approx({r: n / 12 for r, n in summe.items()})
        assert werte(lieferung, "hzp_monat", enden[1]) == Counter(map(raum, am(faelle, enden[1])))
        assert werte(lieferung, "hzp_zugaenge", tag) == _zugaenge(faelle, jahr)
        for gruppe, unten, oben in (("_kurz", 0, 2), ("_mittel", 3, 11), ("_lang", 12, 999)):
            assert werte(lieferung, f"hzp_enden{gruppe}", tag) == _enden(faelle, jahr, unten, oben), gruppe


def _zugaenge(faelle, jahr):
    letzte = [
        max((kette[0] for kette in gruppen if kette[0][1].beginn.year == jahr), key=lambda p: p[1].beginn, default=None)
        for gruppen in ketten(faelle).values()
    ]
    return Counter(raum(paar[1]) for paar in letzte if paar)


def _enden(faelle, jahr, unten, oben):
    ergebnis = Counter()
    for gruppen in ketten(faelle).values():
        beendet = []
        for kette in gruppen:
            bis = max(f.ende or date(9999, 12, 30) for _, f in kette)
            if bis.year == jahr:
                beendet.append((bis, kette))
        if beendet:
            bis, kette = max(beendet, key=lambda paar: paar[0])
            if unten <= volle_monate(kette[0][1].beginn, bis) <= oben:
                _, letzter = max(((f.beginn, nr), f) for nr, f in kette if f.ende == bis)
                ergebnis[raum(letzter)] += 1
    return ergebnis


# ---------------------------------------------------------------- rules one by one


def test_a_person_with_three_rows_counts_once(lies):
    lieferung = lies([fall(), fall(), fall(beginn=date(2022, 4, 1), gemeinde="05999008")])
    assert werte(lieferung, "hzp", "2022-12-31") == {"05999008": 1}  # the row that began last
    (text,) = [t for t in texte(lieferung, "fallliste") if "mehrere gültige Zeilen" in t]
    assert text.startswith("1 Person(en)")
    assert "1 davon in verschiedenen Räumen" in text


def test_of_two_rows_begun_the_same_day_the_lower_one_speaks(lies):
    lieferung = lies([fall(gemeinde="05999008"), fall(gemeinde="05999012")])
    assert werte(lieferung, "hzp", "2022-12-31") == {"05999012": 1}


def test_the_last_day_still_counts_and_the_day_after_does_not(lies):
    lieferung = lies([fall("A", ende=date(2022, 12, 31)), fall("B", ende=date(2022, 12, 30))])
    assert werte(lieferung, "hzp", "2022-12-31") == {"05999004": 1}
    assert werte(lieferung, "hzp", "2023-12-31") == {}


@pytest.mark.parametrize(
    ("geburt", "gruppe"),
    [
        (date(1957, 12, 31), "_65_79"),  # 65 on the very day
        (date(1958, 1, 1), "_u65"),
        (date(1956, 2, 29), "_65_79"),
    ],
)
def test_age_is_exact_on_the_stichtag(lies, geburt, gruppe):
    lieferung = lies([fall(geburt=geburt)])
    assert werte(lieferung, f"hzp_alter{gruppe}_w", "2022-12-31") == {"05999004": 1}


def test_born_on_29_february_turns_65_on_1_march(lies):
    ersetzen = [("_u65 = [0, 64], _65_79 = [65, 79]", "_u65 = [0, 64], _65_79 = [65, 79]")]
    ersetzen += [('nach = ["alter", "geschlecht"]', 'nach = ["alter", "geschlecht"]\nje = "monat"')]
    zeitbezug = 'titel = "{}", zeitbezug = "monat"'
    ersetzen += [(f'titel = "{b}" }}', zeitbezug.format(b) + " }") for b in "abcdef"]
    lieferung = lies([fall(geburt=date(1958, 2, 28)), fall("B", geburt=date(1958, 3, 1))], *ersetzen)
    assert werte(lieferung, "hzp_alter_65_79_w", "2023-02-28") == {"05999004": 1}
    lieferung = lies([fall(geburt=date(1956, 2, 29), beginn=date(2020, 1, 1))], ("2022-01-01", "2021-01-01"), *ersetzen)
    assert werte(lieferung, "hzp_alter_u65_w", "2021-02-28") == {"05999004": 1}
    assert werte(lieferung, "hzp_alter_65_79_w", "2021-03-31") == {"05999004": 1}


def test_no_birth_date_is_unknown_and_never_an_age(lies):
    lieferung = lies([fall(geburt=None), fall("B", geburt=date(2030, 1, 1))])
    assert all(werte(lieferung, f"hzp_alter{g}_w", "2022-12-31") == {} for g in ("_u65", "_65_79", "_80_plus"))
    assert werte(lieferung, "hzp", "2022-12-31") == {"05999004": 2}
    assert any("unmöglichem Geburtsdatum" in t for t in texte(lieferung, "fallliste"))


def test_an_end_before_the_beginning_is_told_and_not_counted(lies):
    verkehrt = fall("B", beginn=date(2022, 5, 1), ende=date(2022, 4, 1))
    lieferung = lies([fall(f"A{nr}") for nr in range(200)] + [verkehrt])
    assert werte(lieferung, "hzp", "2022-12-31") == {"05999004": 200}
    assert "1 Zeile(n) enden vor ihrem Beginn; sie wurden nicht gezählt." in texte(lieferung, "fallliste")
    with pytest.raises(LieferungError, match="1 von 2 Zeilen sind nicht zu zählen"):
        lies([fall(), verkehrt])


def test_a_beginning_in_the_future_waits(lies):
    lieferung = lies([fall(), fall("B", beginn=date(2025, 1, 1))])
    assert werte(lieferung, "hzp", "2023-12-31") == {"05999004": 1}
    assert texte(lieferung, "zeit") == [
        "1 Person(en) mit einem Beginn nach dem Zeitraum der Liste; noch nicht gezählt."
    ]


def test_a_change_without_a_gap_is_neither_end_nor_entry(lies):
    kette = [
        fall(beginn=date(2021, 5, 1), ende=date(2022, 5, 31)),
        fall(beginn=date(2022, 6, 1), ende=date(2023, 4, 30)),
    ]
    lieferung = lies(kette)
    assert werte(lieferung, "hzp_zugaenge", "2022-12-31") == {}
    assert werte(lieferung, "hzp_enden_lang", "2022-12-31") == {}
    assert werte(lieferung, "hzp_enden_lang", "2023-12-31") == {"05999004": 1}  # 24 months as one case
    mit_luecke = [kette[0], fall(beginn=date(2022, 6, 2), ende=date(2023, 4, 30))]
    lieferung = lies(mit_luecke)
    assert werte(lieferung, "hzp_zugaenge", "2022-12-31") == {"05999004": 1}
    assert werte(lieferung, "hzp_enden_mittel", "2023-12-31") == {"05999004": 1}  # 10 full months
    lieferung = lies(mit_luecke, ('ende = "Ende"', 'ende = "Ende"\nluecke_tage = 2'))
    assert werte(lieferung, "hzp_zugaenge", "2022-12-31") == {}


def test_a_field_known_for_too_few_takes_its_merkmale_with_it(lies):
    lieferung = lies([fall("A", versichert="ja"), fall("B", versichert="?"), fall("C", versichert="")])
    assert werte(lieferung, "hzp_versichert_bekannt", "2022-12-31") == {"05999004": 1}  # 1 of 3 is a result
    assert "hzp_versichert_ja" not in set(lieferung.frame["merkmal"])  # not delivered by anybody
    assert "hzp_versichert_ja" not in set(lieferung.frame.loc[lieferung.frame["status"] == "offen", "merkmal"])
    assert texte(lieferung, "vollstaendigkeit")[0].startswith(
        "»versichert« ist am 31.12.2022 nur für 33,3 % bekannt, verlangt sind 50,0 %"
    )
    assert "hzp" in set(lieferung.frame["merkmal"])


def test_the_limit_itself_is_enough(lies):
    lieferung = lies([fall("A", versichert="ja"), fall("B", versichert="?")])
    assert werte(lieferung, "hzp_versichert_ja", "2022-12-31") == {"05999004": 1}


def test_unassigned_cases_count_in_the_rest_raum_and_the_rate_is_told(lies):
    lieferung = lies([fall(), fall("B", gemeinde=""), fall("C", gemeinde="05999999"), fall("D", gemeinde="05999")])
    assert werte(lieferung, "hzp", "2022-12-31") == {"05999004": 1, "05999-R": 3}
    (text,) = texte(lieferung, "zuordnung")
    assert text == (
        "Einem Raum zugeordnet: 25,0 % von 4 Personen (Schlüssel 25,0 %); nicht zugeordnet: ohne Angabe 1, "
        "Schlüssel unbekannt 1, nur gröbere Ebene bekannt 1."
    )


def test_every_raum_has_a_row_and_no_row_points_to_a_person(lies):
    frame = lies([fall()]).frame
    eines = frame[(frame["merkmal"] == "hzp") & (frame["stichtag"] == "2022-12-31")]
    assert list(eines["raum_id"]) == RAEUME
    assert set(frame["spalte"]) == {"gezählt aus Fallliste"}
    assert set(frame["zeile"]) == {0}


def test_each_stichtag_uses_the_keys_of_its_gebietsstand(lies):
    adresse = ('[raum]\nspalte = "Gemeinde"', '[zuordnung]\nstrasse = "Name"')
    kopf, *_ = csv_text([]).splitlines()
    zeile = "E1;Lange Straße 20;01.01.1940;w;;amb;ja;01.01.2022;"
    lieferung = lies(f"{kopf}\n{zeile}\n", adresse, ("bis = 2023-12-31", "bis = 2024-12-31"))
    assert werte(lieferung, "hzp", "2023-12-31") == {"05999012": 1}
    assert werte(lieferung, "hzp", "2024-12-31") == {"05999016": 1}


# ---------------------------------------------------------------- one row per person and month


MONATE = (
    ('beginn = "Beginn"\nende = "Ende"', 'monat = "Monat"'),
)  # fmt: skip


def monatsliste(*paare):
    kopf = "Fallnummer;Geburtsdatum;Geschlecht;Gemeinde;Leistung;Versichert;Monat"
    return "\n".join([kopf, *(f"{p};01.05.1940;w;05999004;amb;ja;{m}" for p, m in paare)]) + "\n"


def test_person_months_give_the_yearly_mean_and_complete_years_only(lies):
    monate = [("A", f"{m:02d}.2022") for m in range(1, 13)] + [("B", "03.2022"), ("B", "03.2022"), ("A", "01.2023")]
    with pytest.raises(LieferungError, match="enthält der Zeitraum der Liste kein volles Jahr"):
        lies(monatsliste(*monate), *MONATE, ("bis = 2023-12-31", "bis = 2022-12-31"))
    lieferung = lies(monatsliste(*monate), *MONATE)
    assert werte(lieferung, "hzp", "2022-12-31") == {"05999004": 1}
    assert werte(lieferung, "hzp_monat", "2022-03-31") == {"05999004": 2}
    assert werte(lieferung, "hzp_mittel", "2022-12-31") == {"05999004": pytest.approx(13 / 12)}
    frame = lieferung.frame
    # who came in 2022 nobody knows: the months before are not in the list; who ended in 2023 neither
    assert [str(t)[:10] for t in frame.loc[frame["merkmal"] == "hzp_zugaenge", "stichtag"].unique()] == ["2023-12-31"]
    assert [str(t)[:10] for t in frame.loc[frame["merkmal"] == "hzp_enden_kurz", "stichtag"].unique()] == ["2022-12-31"]
    assert werte(lieferung, "hzp_enden_kurz", "2022-12-31") == {"05999004": 1}


# ---------------------------------------------------------------- files


def test_a_cp1252_list_with_quotes_title_and_footer(lies):
    kopf, zeile = csv_text([fall()]).splitlines()
    text = (
        f"Auszug für den Kreis;;;\n\n{kopf}\n{zeile.replace('Erfunden, Erna', chr(34) + 'Ernä; Erfunden' + chr(34))}\n"
    )
    text += "__________\nStand: heute\n"
    lieferung = lies(text, ('muster = "hzp*.csv"', 'muster = "hzp*.csv"\nzeichensatz = "cp1252"\nende = "____"'),
                     zeichensatz="cp1252")  # fmt: skip
    assert werte(lieferung, "hzp", "2022-12-31") == {"05999004": 1}
    assert "1 weitere Spalte(n) der Fallliste wurden nicht gelesen." in texte(lieferung, "spalten")


def test_a_workbook_with_true_dates(tmp_path, lies):
    from datetime import datetime

    from openpyxl import Workbook

    mappe = Workbook()
    mappe.active.append(csv_text([]).strip().split(";"))
    mappe.active.append(
        ["Erfunden-1", "x", datetime(1940, 5, 1), "w", "05999004", "amb", "ja", datetime(2022, 3, 1), None]
    )
    mappe.save(tmp_path / "mappe.xlsx")
    als_mappe = ('muster = "hzp*.csv"', 'muster = "hzp*.xlsx"\nformat = "xlsx"')
    lieferung = lies((tmp_path / "mappe.xlsx").read_bytes(), als_mappe, name="hzp.xlsx")
    assert werte(lieferung, "hzp_alter_80_plus_w", "2022-12-31") == {"05999004": 1}


def test_the_stichtag_may_stand_in_the_file_name(lies):
    ersetzen = (("von = 2022-01-01\nbis = 2023-12-31\n", ""), ('"hzp*.csv"', '"hzp_{stichtag:%Y}.csv"'))
    lieferung = lies([fall()], *ersetzen, name="hzp_2023.csv")
    assert [str(t) for t in lieferung.stichtage][-1] == "2023-12-31"
    assert len(lieferung.stichtage) == 12  # the ends of its months


def test_a_better_street_directory_counts_the_list_anew(tmp_path, gebiet):
    adresse = ('[raum]\nspalte = "Gemeinde"', '[zuordnung]\nstrasse = "Name"')
    quelle = baue_quelle(tmp_path / "quellen", adresse, profil=PROFIL, name="hzp")
    kopf, *_ = csv_text([]).splitlines()
    pfad = schreibe(tmp_path / "hzp.csv", f"{kopf}\nE1;Neuer Ring 2;01.01.1940;w;;amb;ja;01.01.2022;\n", "utf-8")

    def lade():
        neu = read_gebiet(gebiet.ordner)
        bericht = load(neu, {"hzp": quelle}, [(quelle, pfad)], tmp_path / "intern.duckdb")
        return bericht.dateien[0].ergebnis, bericht.dateien[0].geaendert.get("hzp", 0)

    assert lade() == ("geladen", 0)
    assert lade() == ("unverändert", 0)
    with open(gebiet.ordner / "2015_strassen.csv", "a", encoding="utf-8") as datei:
        datei.write("Neuer Ring;;;;;;;05999008\n")
    assert lade() == ("geladen", 4)  # two Räume at two Stichtage: out of the Rest-Raum, into 05999008
    assert lade() == ("unverändert", 0)


# ---------------------------------------------------------------- profiles


@pytest.mark.parametrize(
    ("alt", "neu", "was"),
    [
        ('nach = ["dauer"]', 'nach = ["dauert"]', "das Feld »dauert« ist unter"),
        ('merkmal = "hzp_zugaenge"', 'merkmal = "hzp_zugaenge"\nnach = ["dauer"]', "eine Dauer gibt es nur"),
        ('zeitbezug = "jahresmittel"', 'zeitbezug = "stichtag"', "»hzp_mittel« braucht zeitbezug"),
        ('hzp = { titel = "HzP" }', "", "Merkmal »hzp« ist nicht unter"),
        ("_65_79 = [65, 79]", "_65_79 = [60, 79]", "überlappen sich"),
        ('[raum]\nspalte = "Gemeinde"', "", "[raum] spalte fehlt"),
        ('leistung = ["_ambulant"]', 'leistung = ["_ambulanz"]', "»_ambulanz« gibt es im Feld »leistung« nicht"),
        ('geburtsdatum = "Geburtsdatum"', "", "altersgruppen brauchen geburtsdatum"),
        ("von = 2022-01-01", "", "von und bis gehören zusammen"),
    ],
)
def test_a_profile_that_cannot_be_meant_is_refused(tmp_path, alt, neu, was):
    with pytest.raises(KatalogError) as fehler:
        baue_quelle(tmp_path, (alt, neu), profil=PROFIL, name="hzp")
    assert was in str(fehler.value)
