"""The four questions on a Steckbrief: every sentence against the numbers it was made of."""

import re

import numpy as np
import pandas as pd
import pytest

from dashboard.indexwahl import read_wahl
from indicators.bericht import antworten
from indicators.bericht.antworten import ECHT, GEWICHT, SEIT, WER, sage_antworten


@pytest.fixture(scope="module")
def stores(beispiel):
    return {g: beispiel.store(g, "kreis") for g in ("rhein_sieg", "flensburg", "berlin", "musterkreis")}


def frage(store, raum_id: str, *, mit_index: bool = True) -> tuple[dict[str, str], pd.DataFrame]:
    """The answers for one Raum, and the rows they rest on."""
    raum, profil = store.raum(raum_id), store.read_profil(raum_id)
    wahl = read_wahl(store, f"ebene={raum.ebene}" if raum.ebene != "planungsraum" else "") if mit_index else None
    labor = store.build_labor(wahl) if wahl else None
    zeilen = [(store.eintrag(z.kennzahl_id), z) for z in profil.itertuples()]
    saetze = sage_antworten(store, raum, zeilen, labor)
    return {f: " ".join(s).replace("\u00a0", " ") for f, s in saetze}, profil.set_index("kennzahl_id")


def test_siegburg_differs_and_since_when(stores):
    saetze, profil = frage(stores["rhein_sieg"], "05382060")
    assert profil.loc["arbeitslosenanteil", "rest_urteil"] == "hoeher"  # 6,6 to 7,2 against 4,7
    assert "vom übrigen Kreisgebiet mehr, als der Zufall erklärt" in saetze[ECHT]
    assert "Höher und ungünstiger: Arbeitslosenanteil (6,9 % gegenüber 4,7 %)." in saetze[ECHT]
    assert f"({(profil['rest_grund'] == 'uebernommen').sum()})" in saetze[ECHT]
    assert saetze[SEIT].startswith("Steigt: Arbeitslosenanteil seit 2017.")
    assert "der Rang gilt unter den 19 Kommunen" in saetze[WER]


def test_whoever_is_declared_outside_is_compared_with_too(stores):
    kreis, kommune = (
        stores["musterkreis"].raeume().query("ebene == @ebene and not rest")["raum_id"].iloc[0]
        for ebene in ("kreis", "kommune")
    )
    saetze, profil = frage(stores["musterkreis"], kreis, mit_index=False)
    geprueft = profil["bezug_urteil"].dropna()
    verschieden = (geprueft != "aehnlich").sum()
    kopf = f"Ja, bei {verschieden} von {len(geprueft)} prüfbaren Kennzahlen unterscheidet sich der Musterkreis vom Wert"
    assert saetze[ECHT].startswith(f"{kopf} von Musterland (erfunden) mehr") and WER not in saetze
    hoeher = profil.index[profil["bezug_urteil"] == "hoeher"]
    liste = re.search(r"Höher: (.*?)\.(?: Niedriger|$)", saetze[ECHT]).group(1)
    assert liste.count("gegenüber") == len(hoeher) > 0
    assert "Außerhalb mit Musterland (erfunden): " in frage(stores["musterkreis"], kommune)[0][WER]

    oben = frage(stores["rhein_sieg"], "05382", mit_index=False)[0]
    assert "von Nordrhein-Westfalen fehlt der Wert zum neuesten Stichtag" in oben[ECHT]


def test_what_may_be_chance_is_called_so_in_flensburg(stores):
    saetze, profil = frage(stores["flensburg"], "FL01")
    gleich = profil.index[profil["rest_urteil"] == "aehnlich"]
    moeglich = re.search(r"Kann Zufall sein: (.*?)\. Nicht", saetze[ECHT]).group(1)
    assert re.split(", | und ", moeglich) == [
        stores["flensburg"].eintrag(k).kurz.removesuffix(".")
        if k == gleich[-1]
        else stores["flensburg"].eintrag(k).kurz
        for k in gleich
    ]
    geprueft = profil["rest_urteil"].isin(("hoeher", "niedriger", "aehnlich")).sum()
    assert f"Ja, bei {geprueft - len(gleich)} von {geprueft} prüfbaren" in saetze[ECHT]


def test_the_place_under_other_weights_is_that_of_the_laboratory(stores):
    store = stores["berlin"]
    labor = store.build_labor(read_wahl(store, ""))
    z = labor.raeume.set_index("raum_id").loc["08100314"]
    saetze, _ = frage(store, "08100314")
    assert f"auf Platz {int(z.rang)} von {labor.anzahl}" in saetze[GEWICHT]
    assert f"zwischen Platz {int(z.rang_von)} und {int(z.rang_bis)}" in saetze[GEWICHT]
    assert saetze[GEWICHT].startswith("Nein.")  # 6 of 536 places
    assert "Status-Klasse (MSS): »3 niedrig« seit dem 31.12.2020" in saetze[SEIT]


def test_a_suppressed_value_and_a_raum_without_place_answer_nothing(stores):
    store = stores["flensburg"]
    raum, profil = store.raum("FL01"), store.read_profil("FL01")
    gesperrt = [(store.eintrag(z.kennzahl_id), z._replace(status="gesperrt", wert=np.nan)) for z in profil.itertuples()]
    assert sage_antworten(store, raum, gesperrt, None) == []
    assert GEWICHT not in frage(store, "FL01", mit_index=False)[0]
    rest = store.raeume()[store.raeume()["rest"]].iloc[0]
    zeilen = [(store.eintrag(z.kennzahl_id), z) for z in store.read_profil(rest["raum_id"]).itertuples()]
    assert sage_antworten(store, store.raum(rest["raum_id"]), zeilen, None) == []


def test_long_lists_end_with_how_many_more():
    assert antworten._liste(["A", "B Erwerbsmind."]) == "A und B Erwerbsmind"
    assert antworten._liste(list("ABCDEFGHI")) == "A, B, C, D, E, F und 3 weitere"
