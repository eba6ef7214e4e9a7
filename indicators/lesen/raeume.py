"""The Räume of a snapshot: levels, parents, parts, neighbours."""

from __future__ import annotations

from functools import cached_property

import pandas as pd

from indicators.lesen.begriffe import Raum
from indicators.lesen.grund import Grund


class Raeume(Grund):
    """Places, in their newest Gebietsstand where nothing else is said."""

    @cached_property
    def _raeume(self) -> pd.DataFrame:
        return self._frage(
            """
            SELECT raum_id, name, ebene, eltern_id, gebietsstand, zuschnitt, nr, mit_geometrie, rest,
                   (SELECT min(s.gebietsstand) FROM raum s WHERE s.gebietsstand > raum.gebietsstand)::DATE AS bis
            FROM raum
            QUALIFY row_number() OVER (PARTITION BY raum_id ORDER BY gebietsstand DESC) = 1
            ORDER BY ebene, nr, raum_id
            """
        )

    def raeume(self, ebene: str | None = None) -> pd.DataFrame:
        """Every Raum in its newest Gebietsstand.

        Returns:
            raum_id, name, ebene, eltern_id, gebietsstand, zuschnitt, nr, mit_geometrie, rest, bis.

        Räume that only an older Gebietsstand knows are included: `bis` is the day from which they are no more, missing
        for those of today.
        """
        alle = self._raeume
        return (alle if ebene is None else alle[alle["ebene"] == ebene]).reset_index(drop=True)

    def raeume_heute(self, ebene: str) -> pd.DataFrame:
        """The Räume of today's Gebietsstand only, same columns as `raeume`."""
        alle = self.raeume(ebene)
        return alle[alle["bis"].isna()].reset_index(drop=True)

    def raum(self, raum_id: str) -> Raum | None:
        treffer = self._raeume[self._raeume["raum_id"] == raum_id]
        if treffer.empty:
            return None
        zeile = treffer.iloc[0]
        eltern_id = zeile["eltern_id"] if isinstance(zeile["eltern_id"], str) else None
        eltern = self._raeume[self._raeume["raum_id"] == eltern_id]
        return Raum(
            raum_id=raum_id,
            name=zeile["name"],
            ebene=zeile["ebene"],
            ebene_titel=self.stand.ebene(zeile["ebene"]).titel,
            eltern_id=eltern_id,
            eltern_name=None if eltern.empty else eltern.iloc[0]["name"],
            mit_geometrie=bool(zeile["mit_geometrie"]),
            rest=bool(zeile["rest"]),
            gebietsstand=zeile["gebietsstand"],
            bis=None if pd.isna(zeile["bis"]) else zeile["bis"],
        )

    def kinder(self, raum_id: str) -> pd.DataFrame:
        """Räume directly below this one in the newest Gebietsstand, the parts of an own area; columns as `raeume`."""
        alle = self._raeume
        neuester = alle["gebietsstand"].max()
        eigene = [e.id for e in self.stand.ebenen_eigene]
        unten = (alle["eltern_id"] == raum_id) & ~alle["ebene"].isin(eigene)
        if (alle.loc[alle["raum_id"] == raum_id, "ebene"].isin(eigene)).any():
            unten = alle["raum_id"].isin(self.teile(raum_id))
        return alle[unten & (alle["gebietsstand"] == neuester)].reset_index(drop=True)

    @cached_property
    def _eigene_teile(self) -> pd.DataFrame:
        if not self.stand.ebenen_eigene:
            return pd.DataFrame({"eigener": [], "raum_id": []}, dtype=str)
        return self._frage(
            """
            SELECT DISTINCT e.eltern_id AS eigener, e.raum_id FROM raum_eltern e JOIN raum r ON r.raum_id = e.eltern_id
            WHERE list_contains($ebenen, r.ebene) ORDER BY ALL
            """,
            {"ebenen": [e.id for e in self.stand.ebenen_eigene]},
        )

    def teile(self, eigener: str) -> list[str]:
        """The Räume an own area is made of."""
        return list(self._eigene_teile.loc[self._eigene_teile["eigener"] == eigener, "raum_id"])

    def eigene_mit(self, raum_id: str) -> pd.DataFrame:
        """The own areas a Raum is part of, columns as `raeume`."""
        treffer = self._eigene_teile.loc[self._eigene_teile["raum_id"] == raum_id, "eigener"]
        return self._raeume[self._raeume["raum_id"].isin(treffer)].reset_index(drop=True)

    def raeume_im_stand(self, gebietsstand: str) -> pd.DataFrame:
        """Räume of one Gebietsstand: raum_id, gebietsstand, name, eltern_id, ebene, nr, mit_geometrie, rest."""
        return self._frage(
            """
            SELECT raum_id, gebietsstand, name, eltern_id, ebene, nr, mit_geometrie, rest FROM raum
            WHERE gebietsstand = $stand ORDER BY ebene, nr, raum_id
            """,
            {"stand": gebietsstand},
        )

    def nachbarn(self, ebene: str, gebietsstand: str) -> pd.DataFrame:
        """Which Räume of a level border on each other: raum_id, nachbar_id, both directions, sorted."""
        return self._frage(
            """
            SELECT raum_id, nachbar_id FROM nachbar WHERE ebene = $ebene AND gebietsstand = $stand
            ORDER BY raum_id, nachbar_id
            """,
            {"ebene": ebene, "stand": gebietsstand},
        )
