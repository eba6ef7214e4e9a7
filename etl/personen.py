"""Signs of data about single persons in a source of counts. What is found stops the delivery and is never repeated.

Two ways to notice: the name of a column, and what stands in it. No function here returns a delivered value.
"""

import calendar
import re
from collections.abc import Iterable
from datetime import date

from etl.quelle import Quelle
from geodata.fehler import LieferungError

PROBE = 500  # rows in which a column of birth dates must show itself
NAME = re.compile(
    r"(vor|nach|zu|familien|geburts|ruf)name[n]?|name,? ?(und )?vorname|vorname,? ?(und )?name|vor- und nachname|"
    r"name (des|der|vom|von) .*|geb(urts)?\.?[- ]?(datum|tag|ort|jahr und name|dat\.?)|geb\.?( am)?|geboren( am)?|"
    r"akten(zeichen|nummer|nr\.?)|az\.?|fall(nummer|nr\.?|[- ]?id)|personen?(nummer|nr\.?|[- ]?id|kennziffer)|iban|bic|"
    r"konto(nummer|nr\.?)?|stra(ß|ss)e( (und|u\.) haus(nummer|nr\.?))?|stra(ß|ss)e,? ?(haus)?nr\.?|str\.|"
    r"haus(nummer|[- ]?nr\.?)|anschrift|adresse|wohnanschrift|telefon(nummer)?|tel\.?(-?nr\.?)?|handy(nummer)?|"
    r"mobil(nummer|telefon)?|e-?mail(-?adresse)?|steuer-?(id|nummer)|(sozial|renten|kranken)?versicher(ung|ten)s?"
    r"(nummer|-?nr\.?)|sv-?(nummer|nr\.?)|kunden(nummer|nr\.?)|bg-?(nummer|nr\.?)|bedarfsgemeinschafts?(nummer|-?nr\.?)|"
    r"(ausweis|pass)(nummer|-?nr\.?)?",
    re.I,
)
KLAMMER = re.compile(r"\s*[(\[].*?[)\]]\s*|[\s:*]+$")
# Marks that are no number of anything.
HART = re.compile(
    r"[A-Z/](?:"
    r"(?<=\b[A-Z])[A-Z]\d{2}(?: ?\d{4}){4}(?: ?\d{1,4}){1,3}\b"  # IBAN
    r"|(?<=(?<!\d)\d{8}[A-Z])\d{3}(?!\d)"  # Versicherungsnummer: holds the birth date
    r"|(?<=(?<!\d)\d{3}[A-Z])\d{6}(?!\d)"  # Kundennummer der Bundesagentur
    r"|(?<=(?<!\d)\d{5}/)/\d{7}(?!\d)"  # Nummer der Bedarfsgemeinschaft
    r")"
)
# The same for German texts of any length: with a fixed beginning they run at a gigabyte per second.
UEBERALL = {"D": re.compile(r"DE\d{2}(?: ?\d{4}){4} ?\d{2}\b"), "/": re.compile(r"//\d{7}(?!\d)")}
GRUENDLICH = 4 << 20  # characters in which every mark is looked for; a list of persons shows itself early
DATUM = re.compile(r"(\d{1,2})\.(\d{1,2})\.((?:19|20)\d\d)|((?:19|20)\d\d)-(\d\d)-(\d\d)(?:[T ]00:00.*)?")


def person_spalten(namen: Iterable[str]) -> list[str]:
    """Headers that name something about one person; of a head of several rows every part counts."""
    return [n for n in namen if any(_nennt_person(teil) for teil in n.split(" | "))]


def _nennt_person(teil: str) -> bool:
    return bool(NAME.fullmatch(teil) or NAME.fullmatch(KLAMMER.sub("", teil)))


def harte_stelle(text: str, *, gruendlich: bool = True) -> int | None:
    """Where in a text a mark of one person stands (IBAN, Versicherungs-, Kunden-, BG-Nummer), or None."""
    moeglich = [HART] if gruendlich else [muster for anfang, muster in UEBERALL.items() if anfang in text]
    return next((treffer.start() for muster in moeglich if (treffer := muster.search(text))), None)


def check_zeile(zeile: list[str], nummer: int, ort: str, quelle: Quelle) -> None:
    """Stops at a row that holds such a mark; lists of cases are counted elsewhere and may."""
    if ist_fallliste(quelle) or harte_stelle("\t".join(zeile)) is None:
        return
    spalte = next((i for i, text in enumerate(zeile, 1) if harte_stelle(text) is not None), 1)
    raise datenschutz(quelle, f"{ort}, Zeile {nummer}, {spalte}. Spalte")


def ist_fallliste(quelle: Quelle) -> bool:
    return getattr(quelle, "fallliste", None) is not None


def datums_spalten(zeilen: list[list[str]], ohne: Iterable[int] = ()) -> list[int]:
    """Positions of columns that look like birth dates: several days, not the first or last of a month, over years."""
    breite = max(map(len, zeilen), default=0)
    gemeint = [nr for nr in range(breite) if nr not in set(ohne)]
    return [nr for nr in gemeint if _wie_geburtsdaten({z[nr] for z in zeilen if nr < len(z)})]


def _wie_geburtsdaten(texte: set[str]) -> bool:
    tage = {tag for text in texte if (tag := _tag(text.strip()))}
    mitten = {t for t in tage if t.day not in (1, calendar.monthrange(t.year, t.month)[1], 15)}
    jahre = {t.year for t in mitten}
    return len(mitten) >= 2 and max(jahre) - min(jahre) >= 2 and len(mitten) * 2 >= len(tage)


def _tag(text: str) -> date | None:
    treffer = DATUM.fullmatch(text)
    if not treffer:
        return None
    t, m, j, j2, m2, t2 = treffer.groups()
    try:
        return date(int(j or j2), int(m or m2), int(t or t2))
    except ValueError:
        return None


def zeige(zellen: Iterable[str], trenner: str = ";") -> str:
    """A delivered row for a message: keys, numbers and signs as they are; words and dates (a person's?) as "…"."""
    return trenner.join("…" if any(z.isalpha() for z in t) or _tag(t.strip()) else t.strip() for t in zellen)[:120]


def sieht_nach_daten_aus(zellen: Iterable[str]) -> bool:
    """A row with plain numbers is no head and no title (a year or a key alone may be)."""
    zahlen = [z for z in zellen if re.fullmatch(r"[\d.,]+", z.strip()) and not re.fullmatch(r"(19|20)\d\d", z.strip())]
    return len(zahlen) >= 1


def datenschutz(quelle: Quelle, ort: str) -> LieferungError:
    return LieferungError(
        f"Quelle »{quelle.id}«: Datenschutz – die Datei nennt einzelne Personen; nichts wurde geladen.",
        wo=ort,
        tun="Die Datei aus dem Eingang löschen und beim Lieferanten Summen je Raum anfordern. Sollen Einzelfälle hier "
        "gezählt werden, das Profil mit [fallliste] schreiben (Handbuch, Kapitel 14). Enthält »Name« nur "
        "die Namen der Räume oder eine Spalte mit Daten nichts über Personen, die Spalte im Profil unter [datei] "
        "weitere nennen.",
    )
