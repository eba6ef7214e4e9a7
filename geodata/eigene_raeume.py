"""Own areas as Räume: which parts, which level, which parents, for every Gebietsstand that knows all their parts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from geodata.eigene import Eigene
from geodata.gebiet import Ebene


@dataclass(frozen=True)
class EigeneEbene:
    """A level of own areas, told like one of the Gebiet: `eltern` is the lowest level whose Räume hold every area."""

    id: str
    titel: str
    titel_plural: str
    eltern: str
    bausteine: str
    beschreibung: str


def build_teile(dateien: Iterable[Eigene], raeume: pd.DataFrame) -> pd.DataFrame:
    """Which Räume make up which own area, for every Gebietsstand that knows all parts of the area.

    Args:
        raeume: raum_id, gebietsstand, ebene of all Gebietsstände.

    Returns:
        raum_id (the part), gebietsstand, eigener (key of the area).
    """
    bekannt = {stand: dict(zip(t["raum_id"], t["ebene"], strict=True)) for stand, t in raeume.groupby("gebietsstand")}
    zeilen = [
        (teil, stand, eigene.schluessel(raum))
        for eigene in dateien
        for raum in eigene.raeume
        for stand, ebene_von in bekannt.items()
        if all(ebene_von.get(teil) == eigene.bausteine for teil in raum.teile)
        for teil in raum.teile
    ]
    return pd.DataFrame(zeilen, columns=["raum_id", "gebietsstand", "eigener"], dtype=str)


def build_raeume(dateien: list[Eigene], raeume: pd.DataFrame) -> pd.DataFrame:
    """The own areas as rows of the table of Räume.

    Args:
        raeume: raum_id, gebietsstand, ebene, eltern_id, rest, zuschnitt, mit_geometrie of the Räume of the Gebiet.

    Returns:
        The columns of `raeume` and `name`; `nr` counts within the level, areas without a place on the map behind. The
        shape of an area began when that of its youngest part did, or when the last of its parts came into being.
    """
    teile = build_teile(dateien, raeume).merge(raeume, on=["raum_id", "gebietsstand"])
    namen = {e.schluessel(r): (e.ebene, r.name) for e in dateien for r in e.raeume}
    oben = {e.id: e.eltern for e in build_ebenen(dateien, raeume)}
    ahnen = _ahnen(raeume)
    zeilen = []
    for (eigener, stand), teil in teile.groupby(["eigener", "gebietsstand"], sort=False):
        ebene, name = namen[eigener]
        eltern = ahnen.get((teil["raum_id"].iloc[0], stand), {}).get(oben[ebene])
        zeilen.append(
            {
                "raum_id": eigener,
                "gebietsstand": stand,
                "name": name,
                "ebene": ebene,
                "eltern_id": eltern,
                "rest": False,
                "zuschnitt": teil["zuschnitt"].max(),
                "mit_geometrie": bool(teil["mit_geometrie"].any()),
            }
        )
    eigene = pd.DataFrame(zeilen, columns=[*raeume.columns.drop("nr", errors="ignore")])
    eigene = eigene.astype({"rest": bool, "mit_geometrie": bool})
    eigene["zuschnitt"] = _ununterbrochen(eigene)
    eigene = eigene.sort_values("mit_geometrie", ascending=False, kind="stable")
    return eigene.assign(nr=eigene.groupby(["gebietsstand", "ebene"]).cumcount()).reset_index(drop=True)


def _ununterbrochen(eigene: pd.DataFrame) -> pd.Series:
    """A shape cannot have begun before the area itself appeared."""
    zuerst = eigene.groupby("raum_id")["gebietsstand"].transform("min")
    return eigene["zuschnitt"].where(eigene["zuschnitt"] >= zuerst, zuerst)


def build_ebenen(dateien: list[Eigene], raeume: pd.DataFrame) -> list[EigeneEbene]:
    """The levels of own areas, one per file; `raeume` as in `build_raeume`."""
    ahnen = _ahnen(raeume)
    heute = raeume["gebietsstand"].max()
    ebenen = []
    for eigene in dateien:
        gemeinsam: list[str] = []
        for raum in eigene.raeume:
            oben = [ahnen.get((teil, heute), {}) for teil in raum.teile]
            gleich = [e for e in oben[0] if all(o.get(e) == oben[0][e] for o in oben)]  # from below to the top
            gemeinsam = [e for e in gemeinsam if e in gleich] if gemeinsam else gleich
        ebenen.append(
            EigeneEbene(
                id=eigene.ebene,
                titel=eigene.einzahl,
                titel_plural=eigene.titel,
                eltern=gemeinsam[0],
                bausteine=eigene.bausteine,
                beschreibung=eigene.beschreibung,
            )
        )
    return ebenen


def _ahnen(raeume: pd.DataFrame) -> dict[tuple[str, str], dict[str, str]]:
    """(Raum, Gebietsstand) → level → the Raum above it on that level, from below to the top."""
    ahnen = {}
    for stand, tabelle in raeume.groupby("gebietsstand"):
        eltern = dict(zip(tabelle["raum_id"], tabelle["eltern_id"], strict=True))
        ebene_von = dict(zip(tabelle["raum_id"], tabelle["ebene"], strict=True))
        for raum_id in ebene_von:
            kette, oben = {}, eltern[raum_id]
            while isinstance(oben, str) and oben in ebene_von:
                kette[ebene_von[oben]] = oben
                oben = eltern[oben]
            ahnen[raum_id, stand] = kette
    return ahnen


def build_eltern(hierarchien: dict[str, Eigene], raeume: pd.DataFrame) -> pd.DataFrame:
    """One hierarchy each: own area ⊃ its parts, and the top Raum ⊃ the areas, all Räume in none, the Rest-Raum.

    So every sum a reader can make with own areas is a relation the gate knows, that of what they leave over as well.

    Returns:
        raum_id, gebietsstand, eltern_id, hierarchie.
    """
    zeilen = []
    for hierarchie, eigene in hierarchien.items():
        teile = build_teile([eigene], raeume)
        for stand, tabelle in raeume.groupby("gebietsstand"):
            hier = teile[teile["gebietsstand"] == stand]
            if hier.empty:
                continue
            zeilen += [(z.raum_id, stand, z.eigener, hierarchie) for z in hier.itertuples()]
            oberster = tabelle.loc[tabelle["eltern_id"].isna() & ~tabelle["rest"].astype(bool), "raum_id"].iloc[0]
            frei = tabelle[(tabelle["ebene"] == eigene.bausteine) & ~tabelle["raum_id"].isin(hier["raum_id"])]
            uebrige = [*dict.fromkeys(hier["eigener"]), *frei["raum_id"]]
            uebrige += list(tabelle.loc[tabelle["rest"].astype(bool) & ~tabelle["raum_id"].isin(uebrige), "raum_id"])
            zeilen += [(raum_id, stand, oberster, hierarchie) for raum_id in uebrige]
    return pd.DataFrame(zeilen, columns=["raum_id", "gebietsstand", "eltern_id", "hierarchie"], dtype=str)


def sortiere_ebenen(ebenen: tuple[Ebene, ...], eigene: list[EigeneEbene]) -> list[Ebene | EigeneEbene]:
    """All levels from coarse to fine: each own level before the one its parts belong to; the lowest stays last."""
    alle: list[Ebene | EigeneEbene] = []
    for ebene in ebenen:
        alle += [e for e in eigene if e.bausteine == ebene.id]
        alle.append(ebene)
    return alle
