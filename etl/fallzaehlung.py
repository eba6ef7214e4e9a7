"""Cases → counts, written once as Ibis expressions that know no engine: DuckDB here, a cluster elsewhere.

Every expression takes tables and gives a table; nothing is executed and nothing is stored. A case table has one row
per spell: `person`, `rang` (unique; of two rows valid at once the higher one speaks), `beginn`, `ende` (last day;
OFFEN while it runs), `danach` (the day after), `geburt` (may be missing), `raum_0`, `raum_1`, … (one per
Gebietsstand), and one column of codes per field (a code below 0: unknown).
A table of days has `tag` and `stand`, the number of the Gebietsstand in force.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir

OFFEN = date(9999, 12, 31)
UNBEKANNT, KEINE_GRUPPE = -1, -2  # codes: not known; known, but outside all groups
ALTER_MAX = 120


@dataclass(frozen=True)
class Gruppierung:
    """What a count is split by: codes of the case table as they are, ages and durations by their classes."""

    codes: tuple[str, ...] = ()
    alter: tuple[tuple[str, tuple[tuple[int, int], ...]], ...] = ()
    dauer: tuple[tuple[str, tuple[tuple[int, int], ...]], ...] = ()
    staende: int = 1

    @property
    def namen(self) -> list[str]:
        return [*self.codes, *(name for name, _ in self.alter), *(name for name, _ in self.dauer)]


def zaehle(faelle: ir.Table, tage: ir.Table, art: str, gruppierung: Gruppierung, *, luecke_tage: int = 1) -> ir.Table:
    """Distinct persons per day, Raum and group.

    Args:
        art: `bestand` (valid on the day), `zugaenge` or `beendigungen` (in the year that ends on the day).

    Returns:
        `tag`, `raum`, one column of codes per group, `anzahl`. A person counts once per day, in one group.
    """
    waehle: dict[str, Callable[[], ir.Table]] = {
        "bestand": lambda: bestand(faelle, tage),
        "zugaenge": lambda: zugaenge(faelle, tage, luecke_tage),
        "beendigungen": lambda: beendigungen(faelle, tage, luecke_tage),
    }
    einer = waehle[art]()
    spalten = {"raum": _raum(einer, gruppierung.staende)}
    spalten |= {name: einer[name] for name in gruppierung.codes}
    spalten |= {name: _alter(einer, klassen) for name, klassen in gruppierung.alter}
    spalten |= {name: _klasse(_monate(einer.von, einer.danach), klassen) for name, klassen in gruppierung.dauer}
    tabelle = einer.select(tag=einer.tag, **spalten)
    return tabelle.group_by(["tag", *spalten]).aggregate(anzahl=tabelle.count())


def bestand(faelle: ir.Table, tage: ir.Table) -> ir.Table:
    """One row per person and day: the row that is valid then and speaks last, with `bezug`, the day of the age."""
    gueltig = faelle.join(tage, [faelle.beginn <= tage.tag, faelle.danach > tage.tag])
    letzte = gueltig.group_by(["person", "tag"]).aggregate(rang=gueltig.rang.max())
    return _mit_fall(letzte, faelle, tage, bezug="tag")


def zugaenge(faelle: ir.Table, tage: ir.Table, luecke_tage: int) -> ir.Table:
    """One row per person and year: the last beginning that does not go on from another spell."""
    mit = _mit_anfang(faelle, luecke_tage)
    anfang = mit.filter(mit.anfang == 1)
    je_jahr = anfang.join(tage, anfang.beginn.year() == tage.tag.year())
    je_jahr = je_jahr.filter(je_jahr.beginn <= je_jahr.tag)
    letzte = je_jahr.group_by(["person", "tag"]).aggregate(rang=je_jahr.rang.max())
    return _mit_fall(letzte, faelle, tage, bezug="beginn")


def beendigungen(faelle: ir.Table, tage: ir.Table, luecke_tage: int) -> ir.Table:
    """One row per person and year: the last end after which nothing follows, with `von`, the first day of the case."""
    mit = _mit_anfang(faelle, luecke_tage)
    nummeriert = mit.mutate(kette=mit.anfang.sum().over(_reihenfolge(preceding=None, following=0)))
    ketten = nummeriert.group_by(["person", "kette"]).aggregate(von=nummeriert.beginn.min(), bis=nummeriert.ende.max())
    je_jahr = ketten.join(tage, ketten.bis.year() == tage.tag.year())
    je_jahr = je_jahr.filter(je_jahr.bis <= je_jahr.tag)
    # chains of one person follow each other, so the last one has the latest of both days
    kette = je_jahr.group_by(["person", "tag"]).aggregate(von=je_jahr.von.max(), bis=je_jahr.bis.max())
    schluss = kette.join(faelle, [kette.person == faelle.person, kette.bis == faelle.ende])
    letzte = schluss.group_by(["person", "tag", "von"]).aggregate(rang=schluss.rang.max())
    return _mit_fall(letzte, faelle, tage, bezug="ende")


def mehrfache(faelle: ir.Table, tage: ir.Table, staende: int) -> ir.Table:
    """One row: persons with several rows valid on the same day (`personen`), and in several Räume (`raeume`)."""
    gueltig = faelle.join(tage, [faelle.beginn <= tage.tag, faelle.danach > tage.tag])
    gueltig = gueltig.mutate(raum=_raum(gueltig, staende))
    je_tag = gueltig.group_by(["person", "tag"]).aggregate(
        zeilen=gueltig.count(), unten=gueltig.raum.min(), oben=gueltig.raum.max()
    )
    mehr = je_tag.filter(je_tag.zeilen > 1)
    woanders = mehr.unten != mehr.oben
    return mehr.aggregate(personen=mehr.person.nunique(), raeume=mehr.person.nunique(where=woanders))


# ---------------------------------------------------------------- parts


def _reihenfolge(**rahmen: object) -> ibis.expr.builders.LegacyWindowBuilder:
    """The spells of one person in time."""
    return ibis.window(group_by="person", order_by=["beginn", ibis.desc("rang")], **rahmen)


def _mit_anfang(faelle: ir.Table, luecke_tage: int) -> ir.Table:
    """`anfang` is 1 for a spell before which there was none, or none for `luecke_tage` or more."""
    vorher = faelle.mutate(bisher=faelle.danach.max().over(_reihenfolge(preceding=(None, 1))))
    luecke = vorher.beginn.delta(vorher.bisher, unit="day") >= luecke_tage
    return vorher.mutate(anfang=(vorher.bisher.isnull() | luecke).cast("int32"))


def _mit_fall(letzte: ir.Table, faelle: ir.Table, tage: ir.Table, *, bezug: str) -> ir.Table:
    """The chosen rows with everything their case says; `bezug` becomes the day at which the age counts."""
    mit = letzte.join(faelle.drop("person"), "rang").join(tage, "tag")
    return mit.mutate(bezug=mit[bezug])


def _raum(tabelle: ir.Table, staende: int) -> ir.IntegerValue:
    """The Raum in the Gebietsstand of the day."""
    if staende == 1:
        return tabelle.raum_0
    return ibis.cases(*((tabelle.stand == nr, tabelle[f"raum_{nr}"]) for nr in range(staende)), else_=UNBEKANNT)


def _alter(tabelle: ir.Table, klassen: Iterable[tuple[int, int]]) -> ir.IntegerValue:
    """Class of the completed years of life on the day `bezug`; born on 29 February means a birthday on 1 March."""
    alter = (_ziffern(tabelle.bezug) - _ziffern(tabelle.geburt)).cast("int64") // 10_000
    moeglich = tabelle.geburt.notnull() & (_ziffern(tabelle.geburt) <= _ziffern(tabelle.bezug)) & (alter <= ALTER_MAX)
    return ibis.ifelse(moeglich, _klasse(alter, klassen), UNBEKANNT)


def _ziffern(tag: ir.DateValue) -> ir.IntegerValue:
    """20240229 for 29 February 2024: differences of such numbers, in ten thousands, are completed years."""
    return tag.year().cast("int64") * 10_000 + tag.month().cast("int64") * 100 + tag.day().cast("int64")


def _monate(von: ir.DateValue, danach: ir.DateValue) -> ir.IntegerValue:
    """Full months from `von` to the day before `danach`."""
    monate = (danach.year() - von.year()) * 12 + danach.month() - von.month()
    return monate.cast("int64") - (danach.day() < von.day()).cast("int64")


def _klasse(wert: ir.IntegerValue, klassen: Iterable[tuple[int, int]]) -> ir.IntegerValue:
    faelle = [((wert >= unten) & (wert <= oben), code) for code, (unten, oben) in enumerate(klassen)]
    return ibis.cases(*faelle, else_=KEINE_GRUPPE)
