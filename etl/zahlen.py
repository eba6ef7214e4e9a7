"""German numbers, keys and dates: text → value and status. Nothing is guessed; what is unclear is an error."""

import calendar
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

MONATE = [
    "januar",
    "februar",
    "märz",
    "april",
    "mai",
    "juni",
    "juli",
    "august",
    "september",
    "oktober",
    "november",
    "dezember",
]
MONAT = re.compile(
    r"\b(jan|feb|mrz|m[äa]r|apr|ma[iy]|jun|jul|aug|sep|o[kc]t|nov|de[zc])[a-zä]*\.?", re.I
)  # "Januar", "Jan."
UNSICHTBAR = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))  # zero-width signs, soft hyphen
LEERRAUM = re.compile(r"[\s\u00a0\u2007\u2009\u202f]+")
OHNE_ERGEBNIS = "\ufffc"  # stands in a cell whose formula was never calculated; no supplier writes it
WISSENSCHAFTLICH = re.compile(r"[+-]?\d+([.,]\d+)?[eE][+-]?\d+")
DATUM = re.compile(
    r"\d{1,2}\.\d{1,2}\.(\d{2,4})?|\d{4}-\d{2}-\d{2}(T.*)?|"
    r"\d{1,2}\. ?(Jan|Feb|Mrz|Mär|Apr|Mai|Jun|Jul|Aug|Sep|Okt|Nov|Dez)\w*|"
    r"(Jan|Feb|Mrz|Mär|Apr|Mai|Jun|Jul|Aug|Sep|Okt|Nov|Dez)[. ]+\d{2,4}"
)
EXCEL_FEHLER = re.compile(r"#(DIV/0!|NV|N/A|BEZUG!|REF!|WERT!|VALUE!|NAME\?|ZAHL!|NUM!|NULL!)", re.I)


class Zahlenfehler(ValueError):
    """A text that is no number, key or date. The message is one German half-sentence; `tun` is what helps."""

    def __init__(self, grund: str, tun: str) -> None:
        super().__init__(grund)
        self.tun = tun


@dataclass(frozen=True)
class Zahlenformat:
    """How one source writes its numbers. `zeichen` maps a sign to its status; `offen` means exactly nothing (0)."""

    dezimal: str = ","
    tausender: str = ""
    zeichen: dict[str, str] = field(default_factory=dict)
    fussnoten: tuple[str, ...] = ()
    klammern: bool = False


@dataclass(frozen=True)
class Zahl:
    """`wert` is None unless `status` is offen or unsicher; `hinweis` names a loss-free repair."""

    wert: float | None
    status: str
    hinweis: str = ""


def saeubern(text: str) -> str:
    """NFC, no invisible signs, no blanks around; inner blanks of any kind become one plain blank."""
    if text.isascii():
        return " ".join(text.split()) if text else text
    return LEERRAUM.sub(" ", unicodedata.normalize("NFC", text).translate(UNSICHTBAR)).strip()


def parse_zahl(roh: str, form: Zahlenformat) -> Zahl:
    """One delivered text.

    Raises:
        Zahlenfehler: the text is neither a number of this format nor a declared sign.
    """
    text = saeubern(roh)
    if text in form.zeichen:
        status = form.zeichen[text]
        return Zahl(0.0 if status == "offen" else None, status)
    ohne = _ohne_fussnote(text, form.fussnoten)
    hinweis = "fussnote" if ohne != text else ""
    if form.klammern and ohne.startswith("(") and ohne.endswith(")"):
        return Zahl(_lies(ohne[1:-1].strip(), form)[0], "unsicher", hinweis)
    wert, leer = _lies(ohne, form)
    return Zahl(wert, "offen", "leerzeichen" if leer else hinweis)


def _ohne_fussnote(text: str, fussnoten: tuple[str, ...]) -> str:
    for zeichen in fussnoten:
        if text.endswith(zeichen) and text != zeichen:
            return text.removesuffix(zeichen).strip()
    return text


def _lies(text: str, form: Zahlenformat) -> tuple[float, bool]:
    """Number and whether blanks grouped its thousands."""
    vorzeichen = -1 if text[:1] in "-−–" and text[1:2].isdecimal() else 1
    ziffern = text[1:] if text[:1] in "-−–+" and text else text
    if ziffern.isascii() and ziffern.isdecimal():
        return vorzeichen * float(ziffern), False
    gruppe = form.tausender if form.tausender not in ("", " ") else None
    for trenner in (gruppe, " "):
        if trenner and re.fullmatch(
            rf"\d{{1,3}}({re.escape(trenner)}\d{{3}})+({re.escape(form.dezimal)}\d+)?", ziffern
        ):
            return vorzeichen * float(ziffern.replace(trenner, "").replace(form.dezimal, ".")), trenner == " "
    if re.fullmatch(rf"\d+{re.escape(form.dezimal)}\d+", ziffern, re.A):
        return vorzeichen * float(ziffern.replace(form.dezimal, ".")), False
    raise _erklaere(text)


def _erklaere(text: str) -> Zahlenfehler:
    """Why this text is no number, in words a planner knows."""
    if text == "":
        return Zahlenfehler(
            "die Zelle ist leer, und das Profil sagt nicht, was das heißt",
            'Den Wert nachtragen lassen, oder im Profil unter [datei] nicht_geliefert = [""] eintragen.',
        )
    if text == OHNE_ERGEBNIS:
        return Zahlenfehler(
            "die Formel in dieser Zelle hat kein gespeichertes Ergebnis",
            "Die Datei in Excel öffnen und speichern (dabei rechnet Excel), dann neu ablegen.",
        )
    if EXCEL_FEHLER.fullmatch(text):
        return Zahlenfehler(f"»{text}« ist ein Rechenfehler aus Excel", "Die Formel in der Datei berichtigen lassen.")
    if WISSENSCHAFTLICH.fullmatch(text):
        return Zahlenfehler(
            f"»{text}« hat Excel gekürzt, die letzten Ziffern sind verloren",
            "Die Spalte im Ursprung als Zahl ohne Exponent (oder als Text) ausgeben und die Datei neu liefern lassen.",
        )
    if DATUM.fullmatch(text):
        return Zahlenfehler(
            f"»{text}« ist ein Datum, keine Zahl",
            "Excel hat die Eingabe (etwa 1-3) in ein Datum verwandelt. Die Zelle als Text formatieren, neu eintragen.",
        )
    if re.fullmatch(r"\d{1,3}([.,' ]\d{3})+([.,]\d+)?", text):
        return Zahlenfehler(
            f"»{text}« ist mehrdeutig: Tausenderzeichen oder Komma",
            "Im Profil unter [datei] dezimal und tausender so eintragen, wie die Datei sie verwendet.",
        )
    if any(z.isdigit() for z in text):
        return Zahlenfehler(
            f"»{text}« ist keine Zahl",
            "Zusätze wie »ca.« entfernen lassen; Fußnotenzeichen im Profil unter [datei] fussnoten nennen.",
        )
    return Zahlenfehler(
        f"»{text}« ist weder eine Zahl noch ein bekanntes Zeichen",
        "Bedeutung beim Lieferanten erfragen; dann im Profil unter [datei] gesperrt, null, nicht_sinnvoll oder "
        "nicht_geliefert eintragen.",
    )


# ---------------------------------------------------------------- keys


def parse_schluessel(
    roh: str, bekannt: Callable[[str], bool], *, vorsatz: str = "", stellen: int = 0, form: str = ""
) -> tuple[str, str]:
    """Delivered key → (raum_id or the cleaned unknown key, hint about a loss-free repair).

    A lost leading zero is put back only when the result is a known Raum and the text as delivered is none.

    Raises:
        Zahlenfehler: Excel has destroyed the key.
    """
    text = saeubern(roh)
    if text == OHNE_ERGEBNIS:
        raise _erklaere(text)
    if WISSENSCHAFTLICH.fullmatch(text):
        raise Zahlenfehler(
            f"der Schlüssel »{text}« wurde in Excel beschädigt, seine Ziffern sind verloren",
            "Die Schlüsselspalte im Ursprung als Text ausgeben und die Datei neu liefern lassen.",
        )
    ganz, komma, rest = text.replace(",", ".").partition(".")
    hinweis = ""
    if komma and ganz.isdecimal() and rest.strip("0") == "":
        text, hinweis = ganz, "kommazahl"
    if form == "ars" and len(text) == 12 and text.isdecimal():
        text = text[:5] + text[9:]
    if stellen and text.isdecimal():
        text = text.zfill(stellen)
    kandidat = vorsatz + text
    if not bekannt(kandidat) and text.isdecimal() and bekannt(vorsatz + "0" + text):
        return vorsatz + "0" + text, "null_ergaenzt"
    return kandidat, hinweis


# ---------------------------------------------------------------- dates


def parse_stichtag(roh: str, form: str) -> date:
    """Text in the declared form; a year means 31 December, a month its last day. `excel`, `excel1904`: serial numbers.

    Raises:
        Zahlenfehler: not of this form.
    """
    text = saeubern(roh)
    if text == OHNE_ERGEBNIS:
        raise _erklaere(text)
    if form in ("excel", "excel1904"):
        if not text.isdecimal():
            raise Zahlenfehler(f"»{text}« ist keine Datumszahl aus Excel", "Die Datumsspalte prüfen.")
        return (date(1899, 12, 30) if form == "excel" else date(1904, 1, 1)) + timedelta(days=int(text))
    lesbar, muster = text, form
    if "%B" in form or "%b" in form:
        muster = form.replace("%B", "%m").replace("%b", "%m")
        lesbar = MONAT.sub(lambda treffer: f"{_monatsnummer(treffer.group(1)):02d}", lesbar)
    try:
        tag = datetime.strptime(lesbar, muster).date()
    except ValueError:
        raise Zahlenfehler(
            f"»{text}« ist kein Stichtag der Form {_lesbare_form(form)}",
            "Den Stichtag in der Datei berichtigen lassen oder im Profil unter [stichtag] format anpassen.",
        ) from None
    if "%d" in muster:
        return tag
    monat = tag.month if "%m" in muster else 12
    return date(tag.year, monat, calendar.monthrange(tag.year, monat)[1])


def _monatsnummer(anfang: str) -> int:
    andere = {"mrz": "mär", "mar": "mär", "may": "mai", "oct": "okt", "dec": "dez"}
    anfang = andere.get(anfang.lower(), anfang.lower())
    return next(nr for nr, monat in enumerate(MONATE, 1) if monat.startswith(anfang))


def _lesbare_form(form: str) -> str:
    for kurz, lang in {"%Y": "JJJJ", "%m": "MM", "%d": "TT", "%B": "Monatsname", "%b": "Monat", "%y": "JJ"}.items():
        form = form.replace(kurz, lang)
    return f"»{form}«"
