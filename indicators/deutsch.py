"""German grammar for sentences about numbers: cases, articles, singular and plural. Pure functions on texts."""

from dataclasses import dataclass
from datetime import date

from indicators.zahlformat import FEST, format_datum, format_wert, format_zahl

MONATE = (
    *("Januar", "Februar", "März", "April", "Mai", "Juni"),
    *("Juli", "August", "September", "Oktober", "November", "Dezember"),
)
EINZAHL = {
    "Bedarfsgemeinschaften": "Bedarfsgemeinschaft",
    "Einrichtungen": "Einrichtung",
    "Einwohner": "Einwohner",
    "Fälle": "Fall",
    "Haushalte": "Haushalt",
    "Kinder": "Kind",
    "Personen": "Person",
    "Plätze": "Platz",
    "Prozentpunkte": "Prozentpunkt",
    "Punkte": "Punkt",
    "Stichtage": "Stichtag",
    "Wohnungen": "Wohnung",
}
# gender of a level by the end of its title; the first that fits
GESCHLECHT = (
    *(("kreis", "m"), ("bezirk", "m"), ("raum", "m"), ("teil", "m"), ("ort", "m"), ("block", "m")),
    *(("stadt", "f"), ("kommune", "f"), ("gemeinde", "f"), ("region", "f"), ("schaft", "f"), ("zone", "f")),
    *(("land", "n"), ("quartier", "n"), ("gebiet", "n"), ("viertel", "n"), ("dorf", "n")),
)
ARTIKEL = {"m": ("der", "dem"), "f": ("die", "der"), "n": ("das", "dem")}


@dataclass(frozen=True)
class Bezug:
    """Whom a value is compared with, in the cases that sentences need: "das übrige Kreisgebiet", "dem übrigen …"."""

    nominativ: str
    dativ: str


def bezug_raum(name: str) -> Bezug:
    """A Raum by its name; a Kreis, Bezirk or Städteregion carries its article: "der Rhein-Sieg-Kreis", "Troisdorf"."""
    erstes = name.split(" ")[0].lower()
    if name.lower().endswith(("kreis", "bezirk")) or erstes in ("kreis", "bezirk", "regierungsbezirk", "landkreis"):
        return Bezug(f"der {name}", f"dem {name}")
    if erstes in ("städteregion", "region", "stadt", "gemeinde"):
        return Bezug(f"die {name}", f"der {name}")
    return Bezug(name, name)


def bezug_rest(titel: str) -> Bezug:
    """What remains of a Raum without one of its parts, by the title of its level: "die übrige Stadt"."""
    if titel == "Kreis":
        return Bezug("das übrige Kreisgebiet", "dem übrigen Kreisgebiet")
    geschlecht = next((g for ende, g in GESCHLECHT if titel.lower().endswith(ende)), None)
    if not geschlecht:
        return Bezug("das übrige Gebiet", "dem übrigen Gebiet")
    der, dem = ARTIKEL[geschlecht]
    return Bezug(f"{der} übrige {titel}", f"{dem} übrigen {titel}")


def bezug_aussen(name: str) -> Bezug:
    """A place outside the Gebiet: "der Wert von Nordrhein-Westfalen", "dem Wert von Nordrhein-Westfalen"."""
    return Bezug(f"der Wert von {name}", f"dem Wert von {name}")


def bezug_gruppe(anzahl: int, plural: str) -> Bezug:
    """A group of similar Räume: "die 5 vergleichbaren Kommunen", "den 5 vergleichbaren Kommunen"."""
    return Bezug(f"die {anzahl} vergleichbaren {plural}", f"den {anzahl} vergleichbaren {dativ_plural(plural)}")


def bezug_frueher(stichtag: date, *, monatlich: bool = False) -> Bezug:
    """An earlier value of the same Raum: "der Wert vom 31.12.2021", for months "der Wert vom Dezember 2021"."""
    vom = f"{MONATE[stichtag.month - 1]} {stichtag.year}" if monatlich else format_datum(stichtag)
    return Bezug(f"der Wert vom {vom}", f"dem Wert vom {vom}")


def dativ_plural(plural: str) -> str:
    return plural if plural.endswith(("n", "s")) else f"{plural}n"


def in_raum(name: str) -> str:
    """ "in Troisdorf", "im Rhein-Sieg-Kreis", "in der Städteregion Aachen"."""
    dativ = bezug_raum(name).dativ
    return f"im {name}" if dativ.startswith("dem ") else f"in {dativ}"


def von(bezug: Bezug) -> str:
    """ "vom übrigen Kreisgebiet", "von der übrigen Stadt", "von Troisdorf"."""
    return f"vom {bezug.dativ[4:]}" if bezug.dativ.startswith("dem ") else f"von {bezug.dativ}"


def gross(text: str) -> str:
    """The beginning of a sentence."""
    return text[:1].upper() + text[1:]


def format_anzahl(anzahl: int, plural: str) -> str:
    """ "1 Person", "1.240 Personen"."""
    return f"{format_zahl(anzahl)}{FEST}{EINZAHL.get(plural, plural) if anzahl == 1 else plural}"


def format_menge(wert: float, einheit: str, stellen: int) -> str:
    """A value with its unit; a count of one stands in the singular."""
    if stellen == 0 and einheit in EINZAHL and abs(round(wert)) == 1:
        einheit = EINZAHL[einheit]
    return format_wert(wert, einheit, stellen)


def format_abstand(differenz: float, einheit: str, stellen: int) -> str:
    """The size of a difference, without sign; between per cents it is counted in Prozentpunkten."""
    return format_menge(abs(differenz), "Prozentpunkte" if einheit == "%" else einheit, stellen)


def format_zeitpunkt(stichtag: date, *, monatlich: bool = False) -> str:
    """ "am 31.12.2022", for monthly series "im Dezember 2022"."""
    return f"im {MONATE[stichtag.month - 1]} {stichtag.year}" if monatlich else f"am {format_datum(stichtag)}"


def aufzaehlung(teile: list[str]) -> str:
    """ "A", "A und B", "A, B und C"."""
    return teile[0] if len(teile) == 1 else f"{', '.join(teile[:-1])} und {teile[-1]}" if teile else ""
