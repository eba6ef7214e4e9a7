"""From a count back to the places in delivered files it was made of; never a value, only where it stands.

The values behind a published sum may be secret themselves. Places are not: file, sheet, line and column.
"""

import json
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pandas as pd

from etl.annahmen import Annahme, read_annahmen
from etl.bestand import frage


@dataclass(frozen=True)
class Stelle:
    """One cell of a delivered file that went into a count."""

    merkmal: str
    raum_id: str
    stichtag: date
    quelle: str
    lieferung_id: int
    datei: str
    sha256: str
    blatt: str
    zeile: int | None  # None: completed as 0 by the profile, stands in no line
    spalte: str
    geladen_am: datetime
    profil_sha256: str
    korrektur: str  # reason of the declared correction that touched it


@dataclass(frozen=True)
class Herkunft:
    """Everything behind one count of one Raum at one Stichtag."""

    merkmal: str
    titel: str
    stichtag: date | None  # of the count; a denominator may be older than what it divides; None: nothing found
    stellen: tuple[Stelle, ...]
    summiert: tuple[str, ...]  # lower Räume it is the sum of; empty: delivered for the Raum itself
    berechnet: tuple[str, ...]  # Merkmale it was computed from when loading
    annahmen: tuple[Annahme, ...]  # accepted findings about these cells


def find_herkunft(
    ziel: Path, merkmale: list[str], raum_id: str, gebietsstand: str, stichtag: date, *, bis: bool = False
) -> list[Herkunft]:
    """Where the counts of some Merkmale come from.

    Args:
        ziel: intern.duckdb.
        bis: the newest Stichtag that is not after `stichtag` counts (Kennzahlen with an older denominator).
    """
    fund = _Fund(ziel, gebietsstand)
    return [fund.herkunft(merkmal, raum_id, stichtag, bis=bis) for merkmal in merkmale]


class _Fund:
    """Asks the database once per Stichtag, not once per cell."""

    def __init__(self, ziel: Path, gebietsstand: str) -> None:
        self.ziel, self.stand = ziel, gebietsstand
        eltern = frage(
            ziel,
            """
            SELECT eltern_id, raum_id FROM raum_eltern WHERE gebietsstand = $stand
            QUALIFY hierarchie = 'gebiet' OR NOT bool_or(hierarchie = 'gebiet') OVER (PARTITION BY eltern_id)
            """,
            {"stand": gebietsstand},
        )
        self.kinder = eltern.groupby("eltern_id")["raum_id"].agg(list).to_dict()
        self.titel = dict(frage(ziel, "SELECT merkmal, titel FROM merkmal").itertuples(index=False, name=None))
        profile = frage(ziel, "SELECT profil_sha256, inhalt FROM profil")
        self.profile = {sha: json.loads(inhalt)["merkmale"] for sha, inhalt in profile.itertuples(index=False)}
        self.annahmen = read_annahmen(ziel.parent)
        self.tage: dict[date, dict] = {}

    def herkunft(self, merkmal: str, raum_id: str, stichtag: date, *, bis: bool) -> Herkunft:
        tag = self._letzter(merkmal, raum_id, stichtag) if bis else stichtag
        titel = self.titel.get(merkmal, merkmal)
        if tag is None:
            return Herkunft(merkmal, titel, None, (), (), (), ())
        summiert: dict[str, None] = {}
        berechnet: dict[str, None] = {}
        stellen = self._stellen(merkmal, raum_id, tag, summiert, berechnet)
        return Herkunft(merkmal, titel, tag, tuple(stellen), tuple(summiert), tuple(berechnet), self._annahmen(stellen))

    def _stellen(self, merkmal: str, raum_id: str, tag: date, summiert: dict, berechnet: dict) -> list[Stelle]:
        zelle = self._zellen(tag).get((raum_id, merkmal))
        if zelle is None:
            stellen = []
            for kind in self.kinder.get(raum_id, []):
                gefunden = self._stellen(merkmal, kind, tag, summiert, berechnet)
                if gefunden and (kind, merkmal) in self._zellen(tag):
                    summiert[kind] = None
                stellen += gefunden
            return stellen
        if zelle.spalte != "berechnet":
            zeile = None if pd.isna(zelle.zeile) else int(zelle.zeile)
            return [Stelle(**zelle._asdict() | {"zeile": zeile, "stichtag": tag})]
        angabe = self.profile.get(zelle.profil_sha256, {}).get(merkmal, {})
        teile = angabe.get("summe_aus") or angabe.get("regelaltersgrenze") or []
        berechnet.update(dict.fromkeys(teile))
        return [s for teil in teile for s in self._stellen(teil, raum_id, tag, summiert, berechnet)]

    def _zellen(self, tag: date) -> dict:
        if tag not in self.tage:
            zeilen = frage(
                self.ziel,
                """
                SELECT f.raum_id, f.merkmal, l.quelle, f.lieferung_id, l.datei, l.sha256, f.blatt, f.zeile, f.spalte,
                       l.geladen_am, l.profil_sha256, coalesce(k.grund, '') AS korrektur
                FROM fallzahl_gueltig f JOIN lieferung l USING (lieferung_id)
                LEFT JOIN (
                    SELECT lieferung_id, raum_id, stichtag, merkmal, string_agg(DISTINCT grund, '; ') AS grund
                    FROM korrigiert GROUP BY ALL
                ) k ON (k.lieferung_id, k.raum_id, k.stichtag, k.merkmal)
                     = (f.lieferung_id, f.raum_id, f.stichtag, f.merkmal)
                WHERE f.stichtag = $tag AND f.gebietsstand = $stand AND f.status <> 'nicht_geliefert'
                """,
                {"tag": tag, "stand": self.stand},
            )
            self.tage[tag] = {(z.raum_id, z.merkmal): z for z in zeilen.itertuples(index=False)}
        return self.tage[tag]

    def _letzter(self, merkmal: str, raum_id: str, stichtag: date) -> date | None:
        """The newest Stichtag, not after the given one, at which the Merkmal was delivered for the Raum or below it."""
        tage = frage(
            self.ziel,
            """
            SELECT DISTINCT stichtag FROM termin JOIN sprecher USING (lieferung_id, stichtag)
            WHERE merkmal = $merkmal AND stichtag <= $tag ORDER BY stichtag DESC
            """,
            {"merkmal": merkmal, "tag": stichtag},
        )["stichtag"]
        tage = (pd.Timestamp(tag).date() for tag in tage)
        return next((tag for tag in tage if self._stellen(merkmal, raum_id, tag, {}, {})), None)

    def _annahmen(self, stellen: list[Stelle]) -> tuple[Annahme, ...]:
        """Accepted findings about the cells, and those about their whole column or delivery."""
        if not self.annahmen or not stellen:
            return ()
        orte = pd.DataFrame([(s.lieferung_id, s.merkmal, s.raum_id, s.stichtag) for s in stellen])
        orte.columns = ["lieferung_id", "merkmal", "raum_id", "stichtag"]
        befunde = frage(
            self.ziel,
            """
            SELECT befund_id, lieferung_id, merkmal, raum_id, stichtag FROM befund WHERE list_contains($ids, befund_id)
            """,
            {"ids": list(self.annahmen)},
        )
        treffer = [b.befund_id for b in befunde.itertuples() if _betrifft(b, orte)]
        return tuple(self.annahmen[kennung] for kennung in dict.fromkeys(treffer))


def _betrifft(befund, orte: pd.DataFrame) -> bool:
    hier = orte["lieferung_id"] == befund.lieferung_id
    if befund.merkmal:
        hier &= orte["merkmal"].isin(befund.merkmal.split(", "))
    if befund.raum_id:
        hier &= orte["raum_id"] == befund.raum_id
    if pd.notna(befund.stichtag):
        hier &= orte["stichtag"] == pd.Timestamp(befund.stichtag).date()
    return bool(hier.any())


# ---------------------------------------------------------------- wording


def beschreibe(herkunft: Herkunft) -> list[str]:
    """Lines for a person: cells of one column stand together, with their lines as ranges."""
    if not herkunft.stellen:
        return ["  Dazu liegt keine Lieferung vor."]
    zeilen = []
    if herkunft.berechnet:
        zeilen.append(f"  berechnet beim Laden aus: {', '.join(herkunft.berechnet)}")
    if herkunft.summiert:
        zeilen.append(f"  Summe aus {len(herkunft.summiert)} Räumen: {_aufzaehlung(herkunft.summiert)}")
    gruppen: dict[tuple, list[Stelle]] = {}
    for s in herkunft.stellen:
        gruppen.setdefault((s.lieferung_id, s.blatt, s.spalte), []).append(s)
    zuletzt = None
    for (nummer, blatt, spalte), teil in gruppen.items():
        erste = teil[0]
        if nummer != zuletzt:
            zuletzt = nummer
            zeilen += [
                f"  Datei     {erste.datei}  (Quelle »{erste.quelle}«, Lieferung {nummer}, geladen am "
                f"{erste.geladen_am:%d.%m.%Y %H:%M} UTC)",
                f"  Prüfsumme {erste.sha256}",
                f"  Profil    Fassung {erste.profil_sha256[:8]}",
            ]
        nummern = [s.zeile for s in teil if s.zeile]
        wo = f"Blatt »{blatt}«, " if blatt else ""
        wo += f"Spalte »{spalte}«, {_bereiche(nummern)}" if nummern else _ohne_zeile(str(spalte))
        zeilen.append(f"  Stelle    {wo}")
        zeilen += [f"  Korrektur {grund}" for grund in dict.fromkeys(s.korrektur for s in teil if s.korrektur)]
    for a in herkunft.annahmen:
        tag = ".".join(reversed(a.angenommen_am[:10].split("-")))
        zeilen.append(f"  Befund    {a.befund_id} ({a.regel}), angenommen am {tag}: {a.grund}")
    return zeilen


def _aufzaehlung(namen: tuple[str, ...]) -> str:
    return ", ".join(namen[:8]) + (f" … und {len(namen) - 8} weitere" if len(namen) > 8 else "")


def _ohne_zeile(spalte: str) -> str:
    """Where a count comes from that stands in no line of the file."""
    return spalte if "gezählt" in spalte else "laut Profil ergänzt (0)"


def _bereiche(nummern: list[int]) -> str:
    """[4, 5, 6, 9] → "Zeilen 4–6, 9"."""
    bereiche: list[list[int]] = []
    for nr in sorted(set(nummern)):
        if bereiche and nr == bereiche[-1][1] + 1:
            bereiche[-1][1] = nr
        else:
            bereiche.append([nr, nr])
    texte = [f"{a}" if a == b else f"{a}–{b}" for a, b in bereiche]
    mehr = f" … (insgesamt {len(set(nummern))} Zeilen)" if len(texte) > 12 else ""
    return ("Zeile " if len(set(nummern)) == 1 else "Zeilen ") + ", ".join(texte[:12]) + mehr
