"""The rules on numbers, with sums small enough to check by hand."""

import pytest

from etl.gruppen import pruefe_lieferung
from geodata.fehler import KatalogError, LieferungError
from tests.lieferungen import GUT, PROFIL, baue_gebiet, baue_quelle, schreibe


@pytest.fixture
def pruefe(tmp_path):
    gebiet = baue_gebiet(tmp_path / "gebiete")

    def pruefe(inhalt, *profil, anhang=""):
        quelle = baue_quelle(tmp_path / "quellen", *profil, profil=PROFIL + anhang)
        return pruefe_lieferung(schreibe(tmp_path / "sgb2_2022.csv", inhalt), quelle, gebiet)

    return pruefe


def wert(lieferung, raum_id, merkmal):
    return lieferung.frame.set_index(["raum_id", "merkmal"]).loc[(raum_id, merkmal), "wert"]


GERUNDET = GUT.replace("410;300;110", "410;300;112")  # 300 + 112 = 412, two more than 410
OHNE_SUMME = GERUNDET.replace("Insgesamt;;1.742;1.287;455\n", "")


def test_rounding_is_accepted_up_to_the_declared_tolerance(pruefe):
    assert pruefe(OHNE_SUMME, ("[spalten]", "[toleranz]\nsumme = 2\n[spalten]")).befunde == []
    with pytest.raises(LieferungError, match="300 \\+ 112 = 412 statt 410"):
        pruefe(OHNE_SUMME, ("[spalten]", "[toleranz]\nsumme = 1\n[spalten]"))


def test_a_finding_instead_of_a_stop_only_by_declaration(pruefe):
    lieferung = pruefe(OHNE_SUMME, ('ebene = "kommune"', 'ebene = "kommune"\nbefund_statt_abbruch = ["summe"]'))
    (befund,) = lieferung.befunde
    assert (befund.regel, befund.schwere, befund.merkmal) == ("summe", "warnung", "sgb2_rlb")
    assert "412 statt 410 (05999008, 31.12.2022)" in befund.text
    assert "Zeile 5" in befund.ort


def test_a_subset_above_its_whole_stops(pruefe):
    ohne_summe = ('summe_aus = ["sgb2_elb", "sgb2_nef"] }', "}")
    teil = ('{ titel = "Erwerbsfähige" }', '{ titel = "Erwerbsfähige", teil_von = "sgb2_rlb" }')
    with pytest.raises(LieferungError, match="»Erwerbsfähige« \\(85\\) ist größer als »Leistungsberechtigte« \\(84\\)"):
        pruefe(GUT.replace("84;84;-", "84;85;-"), (", " + ohne_summe[0], " }"), teil)


def test_secret_parts_may_fill_the_gap_but_not_more(pruefe):
    geheim = GUT.replace("410;300;110", "410;300;*").replace("1.742;1.287;455", "1.742;1.287;*")
    assert [b.regel for b in pruefe(geheim).befunde] == []
    with pytest.raises(LieferungError, match=r"größer|ergeben nicht"):
        pruefe(geheim.replace("410;300;*", "410;411;*").replace("1.287", "1.398"))


def test_a_total_is_compared_even_when_a_part_is_secret(pruefe):
    geheim = GUT.replace("410;300;110", "*;*;*")
    assert pruefe(geheim).befunde == []  # 1.245 + 84 + 3 = 1.332 ≤ 1.742
    with pytest.raises(LieferungError, match=r"zusammen 1\.332, die Summenzeile \(05999\) sagt 1\.331"):
        pruefe(geheim.replace("Insgesamt;;1.742;1.287", "Insgesamt;;1.331;1.287"))


def test_a_one_among_secrets_is_a_finding(pruefe):
    (befund,) = pruefe(
        GUT.replace("410;300;110", "410;*;*").replace("84;84;-", "84;82;2").replace("1.287", "1.285")
    ).befunde
    assert (befund.regel, befund.schwere) == ("kleine_werte", "warnung")
    assert befund.text.startswith("1 Wert(e)")


def test_declared_bounds(pruefe):
    grenze = ('{ titel = "Erwerbsfähige" }', '{ titel = "Erwerbsfähige", maximum = 899 }')
    with pytest.raises(LieferungError, match=r"»Erwerbsfähige« ist mit 900 nicht zwischen 0 und 899"):
        pruefe(GUT, grenze)


# ---------------------------------------------------------------- declared corrections


VERSETZT = """Schlüssel;Name;Leistungsberechtigte;erwerbsfähig;nicht erwerbsfähig
05999004;Altstadt;1.245;3;0
05999008;Bahnhof;410;900;345
05999012;Weiler;84;300;110
ohne;nicht zuordenbar;3;84;-
"""  # both parts stand one row too low; the first row holds the last one's
KORREKTUR = """
[[korrektur]]
wann = { stichtag = 2022-12-31 }
tat = "spalten_versetzt"
merkmale = ["sgb2_elb", "sgb2_nef"]
zeilen = 1
grund = "Die Teile stehen eine Zeile zu tief."
schutz = "sgb2_rlb = sgb2_elb + sgb2_nef"
"""


def test_shifted_columns_are_found_and_mended(pruefe):
    with pytest.raises(LieferungError, match="ergeben nicht »Leistungsberechtigte«"):
        pruefe(VERSETZT)
    lieferung = pruefe(VERSETZT, anhang=KORREKTUR)
    assert wert(lieferung, "05999004", "sgb2_elb") == 900
    assert wert(lieferung, "05999-R", "sgb2_elb") == 3
    assert lieferung.befunde[0].text == "Korrektur angewandt (31.12.2022): Die Teile stehen eine Zeile zu tief."
    zelle = lieferung.frame.set_index(["raum_id", "merkmal"]).loc[("05999004", "sgb2_elb")]
    assert (zelle.zeile, zelle.spalte) == (3, "erwerbsfähig")  # where the 900 really stands


@pytest.mark.parametrize(
    ("inhalt", "grund"),
    [(GUT, "stimmen schon ohne"), (VERSETZT.replace("84;300", "85;300"), "Auch nach der Korrektur")],
)
def test_a_correction_stops_when_it_no_longer_fits(pruefe, inhalt, grund):
    with pytest.raises(LieferungError, match=grund) as fehler:
        pruefe(inhalt, anhang=KORREKTUR)
    assert "löschen" in fehler.value.tun


WERT = """
[[korrektur]]
tat = "wert"
raum = "05999012"
merkmal = "sgb2_nef"
von = 48
auf = 0
grund = "Zahlendreher, bestätigt am 03.02.2023."
"""


def test_one_wrong_number_is_replaced_while_it_is_delivered(pruefe):
    assert wert(pruefe(GUT.replace("84;84;-", "84;84;48"), anhang=WERT), "05999012", "sgb2_nef") == 0
    with pytest.raises(LieferungError, match=r"Erwartet war 48\.0, geliefert ist 0\.0"):
        pruefe(GUT, anhang=WERT)


def test_one_number_is_kept_secret(pruefe):
    sperren = WERT.replace('"wert"', '"sperren"').replace("von = 48\nauf = 0", "von = 0")
    lieferung = pruefe(GUT, anhang=sperren)
    zelle = lieferung.frame.set_index(["raum_id", "merkmal"]).loc[("05999012", "sgb2_nef")]
    assert zelle.status == "gesperrt_quelle"
    assert zelle.wert != zelle.wert


def test_a_filler_column_was_not_counted(pruefe):
    streichen = """
[[korrektur]]
tat = "nicht_geliefert"
merkmale = ["sgb2_nef"]
von = 0
grund = "Wird nicht mehr erhoben."
"""
    leer = "\n".join(z.rsplit(";", 1)[0] + ";-" if z[:3] in ("059", "ohn", "Ins") else z for z in GUT.splitlines())
    assert "sgb2_nef" not in set(pruefe(leer, anhang=streichen).frame["merkmal"])
    with pytest.raises(LieferungError, match=r"Nicht alle Werte sind 0\.0"):
        pruefe(GUT, anhang=streichen)


def test_computed_merkmale_must_not_refer_in_a_circle(pruefe):
    kreis = "".join(
        f'{ganz} = {{ titel = "X", berechnet = true, summe_aus = ["{teil}"] }}\n' for ganz, teil in ("ab", "ba")
    )
    with pytest.raises(KatalogError, match="verweisen im Kreis aufeinander: a, b"):
        pruefe(GUT, anhang=kreis)


def test_a_sum_with_a_secret_part_is_secret_and_with_a_missing_part_not_delivered(pruefe):
    summe = 'x = { titel = "X", berechnet = true, summe_aus = ["sgb2_elb", "sgb2_nef"] }\n'
    inhalt = (
        GUT.replace("410;300;110", "410;300;*")
        .replace("84;84;-", "84;84;...")
        .replace("Insgesamt;;1.742;1.287;455\n", "")
    )
    status = pruefe(inhalt, anhang=summe).frame.set_index(["raum_id", "merkmal"])["status"]
    assert status["05999004", "x"] == "offen"
    assert status["05999008", "x"] == "gesperrt_quelle"
    assert status["05999012", "x"] == "nicht_geliefert"
