"""Which delivered key is which Raum, which is a total, and which lies outside."""

from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd

from etl.quelle import Quelle
from etl.zahlen import parse_schluessel, saeubern
from geodata.fehler import KatalogError
from geodata.gebiet import Gebiet, Gebietsstand

SUMME, AUSSEN, UNBEKANNT = -1, -2, -3  # codes of keys that are no Raum of the level


class Raumbuch:
    """The Räume of one Gebiet, read once for many deliveries. `tabelle`: see `Gebiet.read_raeume`."""

    def __init__(self, gebiet: Gebiet) -> None:
        self.gebiet, self.tabelle = gebiet, gebiet.read_raeume()

    @cached_property
    def kinder(self) -> dict[str, list[str]]:
        """Children of every Raum in the main hierarchy, over all Gebietsstände."""
        kinder: dict[str, dict[str, None]] = {raum_id: {} for raum_id in self.tabelle["raum_id"]}
        for raum_id, eltern in zip(self.tabelle["raum_id"], self.tabelle["eltern_id"], strict=True):
            if isinstance(eltern, str):
                kinder[eltern][raum_id] = None
        return {eltern: list(liste) for eltern, liste in kinder.items()}

    @cached_property
    def erwartet(self) -> dict[tuple[str, str], pd.Series]:
        """Keys per Gebietsstand and level, without the Rest-Raum."""
        gruppen = self.tabelle[~self.tabelle["rest"]].groupby(["gebietsstand", "ebene"], sort=False)
        return {gruppe: teil["raum_id"] for gruppe, teil in gruppen}

    @cached_property
    def rest(self) -> set[str]:
        return set(self.tabelle.loc[self.tabelle["rest"], "raum_id"])

    @cached_property
    def ebene(self) -> dict[str, str]:
        return dict(zip(self.tabelle["raum_id"], self.tabelle["ebene"], strict=True))


def find_gebietsstand(gebiet: Gebiet, quelle: Quelle, tag: date) -> Gebietsstand:
    """The Gebietsstand whose keys a source uses on a day: the one in force, or the one its profile declares."""
    return gebiet.gebietsstand_am(quelle.raum.gebietsstand or tag)


def check_gebietsstand(gebiet: Gebiet, quelle: Quelle) -> None:
    """Raises a KatalogError when a profile declares a Gebietsstand that the territory does not have."""
    fest = quelle.raum.gebietsstand
    if fest and fest not in [stand.ab for stand in gebiet.gebietsstaende]:
        raise KatalogError(
            f"Quelle »{quelle.id}«: Einen Gebietsstand ab {fest:%d.%m.%Y} hat »{gebiet.id}« nicht.",
            wo=f"{quelle.id}.toml, raum.gebietsstand",
            tun=f"Einen der vorhandenen nennen: {', '.join(stand.id for stand in gebiet.gebietsstaende)}.",
        )


class Raumkenner:
    """Knows which delivered key is which Raum, which is a total and which lies outside."""

    def __init__(self, quelle: Quelle, buch: Raumbuch) -> None:
        gebiet, tabelle = buch.gebiet, buch.tabelle
        self.tabelle = tabelle
        check_gebietsstand(gebiet, quelle)
        self.quelle, self.profil, self.gebiet = quelle, quelle.raum, gebiet
        self.namen = list(dict.fromkeys(tabelle["raum_id"]))
        self.code = {raum_id: nr for nr, raum_id in enumerate(self.namen)}
        ebenen = [e.id for e in gebiet.ebenen]
        stufe = {raum_id: ebenen.index(ebene) for raum_id, ebene in buch.ebene.items()}
        eigene = None if quelle.ebene == "gemischt" else ebenen.index(quelle.ebene)
        self.oben = np.array([eigene is not None and stufe[r] < eigene for r in self.namen] + [False])
        self.unten = {r for r in self.namen if eigene is not None and stufe[r] > eigene}
        if gebiet.rest_raum:  # stands for what lies nowhere, on whatever level a source counts
            self.unten.discard(gebiet.rest_raum.raum_id)
        self.oberster = self.code[tabelle.loc[tabelle["ebene"] == ebenen[0], "raum_id"].iloc[0]]
        je_stand = {stand: set(t["raum_id"]) for stand, t in tabelle.groupby("gebietsstand", sort=False)}
        self.staende = list(je_stand)
        # one row per Gebietsstand; the last column stands for SUMME (−1), which exists always
        self.gibt_es = np.array([[name in da for name in self.namen] + [True] for da in je_stand.values()])

    def finde(self, roh: str) -> tuple[int, str]:
        """Code of the Raum, SUMME, AUSSEN or UNBEKANNT, and a hint about a repair."""
        text, profil = saeubern(roh), self.profil
        if text in profil.summen:
            return SUMME, ""
        if text in profil.rest and self.gebiet.rest_raum:
            return self.code[self.gebiet.rest_raum.raum_id], ""
        text = profil.ersetzen.get(text, text)
        if text in self.code and text not in self.unten:
            return self.code[text], ""
        raum_id, hinweis = parse_schluessel(
            text, self.bekannt, vorsatz=profil.vorsatz, stellen=profil.stellen, form=profil.form
        )
        if self.bekannt(raum_id):
            return self.code[raum_id], hinweis
        return (AUSSEN if profil.andere == "auslassen" else UNBEKANNT), ""

    def bekannt(self, raum_id: str) -> bool:
        return raum_id in self.code and raum_id not in self.unten

    def rat_zum_stand(self, raum: np.ndarray) -> str:
        """What helps when these Räume do not exist at their Stichtag."""
        andere = [self.staende[nr] for nr, da in enumerate(self.gibt_es) if da[raum].all()]
        if andere:
            return (
                f"Die Schlüssel sind die des Gebietsstands {andere[-1]}. Liefert die Quelle bewusst so, im "
                f"Profil unter [raum] gebietsstand = {andere[-1]} eintragen; sonst die Datei mit den heutigen "
                "Schlüsseln anfordern."
            )
        return "Schlüssel und Stichtag prüfen; bei neuem Zuschnitt in gebiet.toml einen Gebietsstand anlegen."

    def kennt(self, roh: str) -> bool:
        return self.finde(roh)[0] >= SUMME

    def oberhalb(self, raum: np.ndarray) -> np.ndarray:
        """Räume of a level above the one of the source: their rows are totals."""
        return self.oben[raum]

    def gueltig(self, raum: np.ndarray, stichtag: np.ndarray) -> np.ndarray:
        """Rows whose Raum exists at their Stichtag."""
        if len(self.staende) == 1:
            return np.ones(len(raum), dtype=bool)
        codes, tage = pd.factorize(stichtag)
        gemeint = [find_gebietsstand(self.gebiet, self.quelle, pd.Timestamp(t).date()).id for t in tage]
        stand = np.array([self.staende.index(stand_id) for stand_id in gemeint])
        return self.gibt_es[stand[codes], raum]

    def rat(self, text: str) -> str:
        if text.replace(" ", "") in self.code:
            return "Der Schlüssel enthält Leerzeichen: in der Datei entfernen lassen."
        if text.isdecimal() and len(text) == 12:
            return 'Das ist ein 12-stelliger Regionalschlüssel: im Profil unter [raum] form = "ars" eintragen.'
        if text.isdecimal() and len(text) == 9:
            return (
                "Das ist der 9-stellige Schlüssel eines Gemeindeverbands; gebraucht wird der der Gemeinde (8-stellig)."
            )
        if gleichnamig := sorted(set(self.tabelle.loc[self.tabelle["name"] == text, "raum_id"])):
            if len(gleichnamig) > 1:
                return f"»{text}« heißen mehrere Räume ({', '.join(gleichnamig)}): Schlüssel statt Namen anfordern."
            return (
                "Die Datei nennt Namen statt Schlüssel. Schlüssel anfordern, oder im Profil unter [raum] jeden Namen "
                f'zuordnen: ersetzen = {{ "{text}" = "{gleichnamig[0]}", … }}.'
            )
        if not any(zeichen.isdecimal() for zeichen in text):
            return (
                f"Ist »{text}« eine Summenzeile, im Profil unter [raum] summen eintragen; sind es Fälle ohne Raum, "
                "unter [raum] rest."
            )
        return (
            f"Tippfehler? Neuer Zuschnitt? Dann für »{self.gebiet.id}« in gebiet.toml einen Gebietsstand anlegen. "
            'Deckt die Datei mehr als das Gebiet ab, im Profil unter [raum] andere = "auslassen" eintragen.'
        )
