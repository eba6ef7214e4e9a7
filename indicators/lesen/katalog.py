"""Which Kennzahlen are published, how they were defined, and which are missing."""

from __future__ import annotations

import json
from datetime import date
from functools import cached_property

from indicators.katalogsicht import Fehlend, Version, Zusammenstellung, fuelle_zusammenstellung
from indicators.lesen.begriffe import Bruch, Eintrag
from indicators.lesen.grund import Grund


class Katalog(Grund):
    """The catalogue as it was when this snapshot was computed."""

    @cached_property
    def _katalog(self) -> dict[str, Eintrag]:
        stichtage = self._frage(
            "SELECT kennzahl_id, ebene, stichtag FROM kennzahl GROUP BY ALL ORDER BY kennzahl_id, ebene, stichtag"
        )
        je_kennzahl: dict[str, dict[str, tuple[date, ...]]] = {}
        for (kennzahl_id, ebene), gruppe in stichtage.groupby(["kennzahl_id", "ebene"]):
            je_kennzahl.setdefault(kennzahl_id, {})[ebene] = tuple(gruppe["stichtag"])
        reihenfolge = [e.id for e in self.stand.ebenen]
        eintraege = {}
        zeilen = self._verbindung.cursor().execute("SELECT kennzahl_id, eintrag FROM katalog ORDER BY reihenfolge")
        for kennzahl_id, text in zeilen.fetchall():
            roh = json.loads(text)
            brueche = tuple(Bruch(date.fromisoformat(b["ab"]), b["wirkung"], b["grund"]) for b in roh.pop("brueche"))
            versionen = tuple(
                Version(**v | {"ab": date.fromisoformat(v["ab"]) if v["ab"] else None})
                for v in roh.pop("versionen", [])
            )
            roh.pop("rechnung", None)  # what the next publication compares with
            tage = je_kennzahl.get(kennzahl_id, {})
            eintraege[kennzahl_id] = Eintrag(
                **roh,
                brueche=brueche,
                versionen=versionen,
                stichtage=tage,
                ebenen=tuple(e for e in reihenfolge if e in tage),
            )
        return eintraege

    def katalog(self) -> tuple[Eintrag, ...]:
        """All Kennzahlen with values in this snapshot, in catalogue order."""
        return tuple(e for e in self._katalog.values() if e.ebenen)

    def eintrag(self, kennzahl_id: str) -> Eintrag | None:
        eintrag = self._katalog.get(kennzahl_id)
        return eintrag if eintrag and eintrag.ebenen else None

    @cached_property
    def fehlend(self) -> tuple[Fehlend, ...]:
        """Kennzahlen of the standard catalogue without a value here, in catalogue order."""
        return tuple(Fehlend(**f) for f in self._stand_roh.get("fehlend", []))

    @cached_property
    def zusammenstellungen(self) -> dict[str, Zusammenstellung]:
        """The named lists of Kennzahlen as they were when this snapshot was computed, id → list."""
        roh = self._stand_roh.get("zusammenstellungen", [])
        return {z["id"]: fuelle_zusammenstellung(z, self.eintrag, self.fehlend) for z in roh}

    def varianten(self, eintrag: Eintrag) -> tuple[Eintrag | Fehlend, ...]:
        """All definitions of the same thing, this one included, those not shown here last; empty without others."""
        if not eintrag.variante_von:
            return ()
        alle = [e for e in (*self.katalog(), *self.fehlend) if e.variante_von == eintrag.variante_von]
        return tuple(alle) if len(alle) > 1 else ()
