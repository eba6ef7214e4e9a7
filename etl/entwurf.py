"""`quelle neu`: a delivered file → a commented profile to start from. What was only suspected is marked »prüfen«.

A draft never guesses silently: it says what it assumed, reads the file once on trial, and stays a draft
(`<id>.toml.entwurf`) while something is missing.
"""

import json
import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from etl.gruppen import pruefe_lieferung
from etl.quelle import Quelle, erklaere, muster_regex
from etl.spuren import FUSSNOTE, REST, SUMME, ZAHL, Spuren, Tabelle, datum_in, datumsform, lies_spuren
from etl.zahlen import OHNE_ERGEBNIS
from geodata.fehler import LieferungError, MonitoringError
from geodata.gebiet import Gebiet

ZEITNAME = re.compile(r"jahr|zeit|stichtag|time|datum|monat|stand|year|spalte \d", re.I)
RECHT = {
    "sgb2": r"sgb.?ii\b|sgb.?2|grundsicherung für arbeit|bedarfsgemein|regelleistung|jobcenter|erwerbsfähige leist",
    "sgb3": r"sgb.?iii|sgb.?3|arbeitslos",
    "sgb12": r"sgb.?xii|sgb.?12|grundsicherung|hilfe zur pflege|lebensunterhalt",
    "pflege": r"pflege",
    "hze": r"erziehung|jugendhilfe|\bhze",
    "wohngeld": r"wohngeld",
    "bevoelkerung": r"einwohner|bevölkerung|bevoelkerung|inhabitants|\bewz?\b|\bbev\b|zensus|e_e",
}
ZEICHEN = {  # DIN 55301 and the habit of the offices
    "*": ("gesperrt", "geheim gehalten"),
    ".": ("gesperrt", "unbekannt oder geheim"),
    "·": ("gesperrt", "unbekannt oder geheim"),
    "-": ("null", "genau nichts: wird als 0 gelesen"),
    "–": ("null", "genau nichts: wird als 0 gelesen (manche Ämter meinen »nicht vorhanden«)"),
    "x": ("nicht_sinnvoll", "Tabellenfach gesperrt, Aussage nicht sinnvoll"),
    "X": ("nicht_sinnvoll", "Tabellenfach gesperrt, Aussage nicht sinnvoll"),
    "...": ("nicht_geliefert", "Angabe fällt später an"),
    "…": ("nicht_geliefert", "Angabe fällt später an"),
    "/": ("nicht_geliefert", "nicht sicher genug"),
    "": ("nicht_geliefert", "leere Zelle"),
}


@dataclass
class Entwurf:
    """A drafted profile: its text, what a person must still decide, and what the trial reading said."""

    kennung: str
    text: str
    vollstaendig: bool
    hinweise: list[str]


@dataclass
class _Plan:
    """Decisions about one file, in the order of the profile; `hinweise` are the doubtful ones."""

    spalten: dict[str, str] = field(default_factory=dict)
    titel: dict[str, str] = field(default_factory=dict)
    werte: list[str] = field(default_factory=list)  # every cell of a number column, for signs and separators
    kommazahlen: set[str] = field(default_factory=set)
    weitere: list[str] = field(default_factory=list)
    blaetter: dict[str, str] = field(default_factory=dict)
    lang: tuple[list[str], str, dict[str, str]] | None = None
    zeilen: tuple[str, dict[str, str]] | None = None
    zeit: list[str] = field(default_factory=list)
    muster: str = ""
    blatt: str = "*"
    fuellen: str = ""
    hinweise: list[str] = field(default_factory=list)


def entwirf(pfad: Path, gebiet: Gebiet, kennung: str) -> Entwurf:
    """Draft the profile `kennung` for one delivered file of `gebiet`.

    Raises:
        LieferungError: no table of this territory, or data about single persons.
    """
    spuren = lies_spuren(pfad, gebiet, kennung)
    plan = _plane(pfad, spuren, gebiet, kennung)
    text = _schreibe(pfad, spuren, plan, gebiet, kennung)
    urteil, vollstaendig = _lies_zur_probe(text, pfad, gebiet, kennung)
    oben = [f"# Entwurf aus »{pfad.name}«, von »sozialraum quelle neu« geschrieben. Bitte Zeile für Zeile prüfen."]
    oben += [f"# {zeile}" for zeile in urteil]
    return Entwurf(kennung, "\n".join(oben) + "\n\n" + text, vollstaendig, [*urteil, *plan.hinweise])


def write_entwurf(entwurf: Entwurf, ordner: Path) -> Path:
    """Write the draft; an unfinished one under a name that no catalogue reads. Nothing is ever overwritten."""
    ziel = ordner / f"{entwurf.kennung}.toml"
    pfad = ziel if entwurf.vollstaendig else ordner / f"{entwurf.kennung}.toml.entwurf"
    for da in (ziel, pfad):
        if da.exists():
            raise MonitoringError(
                f"Das Profil »{entwurf.kennung}« gibt es schon; es bleibt, wie es ist.",
                wo=str(da),
                tun="Mit --id einen anderen Namen angeben oder die alte Datei umbenennen.",
            )
    ordner.mkdir(parents=True, exist_ok=True)
    with open(pfad, "x", encoding="utf-8", newline="\n") as datei:
        datei.write(entwurf.text)
    return pfad


def kennung_aus(name: str) -> str:
    """A file name → an id: ASCII, lower case, without dates."""
    ohne = re.sub(r"(19|20)\d\d([-_.]?\d\d){0,2}", "", name.rsplit(".", 1)[0])
    return _kurzname(ohne) or "quelle"


# ---------------------------------------------------------------- decisions


def _plane(pfad: Path, spuren: Spuren, gebiet: Gebiet, kennung: str) -> _Plan:
    plan = _Plan()
    haupt = max(spuren.tabellen, key=lambda t: len(t.gefunden))
    gleiche = [t for t in spuren.tabellen if t.namen == haupt.namen]
    if not haupt.namen:
        plan.hinweise.append("Die Datei hat keine Kopfzeile: eine ergänzen lassen, sonst sind die Spalten namenlos.")
    _fuelle(haupt, plan)
    zahlen, zeitspalten, texte = _sortiere(haupt)
    for tabelle in gleiche:
        for nr in zahlen:
            plan.werte += tabelle.spalte(nr)
    plan.kommazahlen = {haupt.namen[nr] for nr in zahlen if any(_ist_komma(t) for t in haupt.spalte(nr))}
    _finde_zeit(pfad, spuren, haupt, gleiche, zahlen, zeitspalten, plan)
    merkmale = _Namen(kennung)
    dimensionen = _dimensionen(haupt, zeitspalten, texte, zahlen, plan)
    if dimensionen and len(zahlen) == 1:
        namen = [haupt.namen[nr] for nr in dimensionen]
        paare = list(
            dict.fromkeys(" | ".join(haupt.spalte(nr)[z] for nr in dimensionen) for z in range(len(haupt.daten)))
        )
        plan.lang = (namen, haupt.namen[zahlen[0]], {paar: merkmale.neu(paar, plan) for paar in paare})
    else:
        _plane_spalten(haupt, zahlen, dimensionen, merkmale, plan)
    if plan.blaetter:
        plan.titel = {}
        plan.kommazahlen = {t.blatt for t in gleiche if any(_ist_komma(z) for nr in zahlen for z in t.spalte(nr))}
        plan.spalten = dict.fromkeys(plan.spalten, f"{kennung}_")
        plan.blaetter = {t.blatt: merkmale.neu(t.blatt, plan).removeprefix(f"{kennung}_") for t in gleiche}
    gelesen = {haupt.namen[nr] for nr in (*zahlen, *dimensionen, *zeitspalten[:1])}
    plan.weitere = [n for nr, n in enumerate(haupt.namen) if n not in gelesen and nr != haupt.schluessel]
    return plan


def _fuelle(tabelle: Tabelle, plan: _Plan) -> None:
    """A key printed once for several rows."""
    key = tabelle.schluessel
    leere = sum(1 for zeile in tabelle.daten if not zeile[key])
    if leere < len(tabelle.gefunden) or not tabelle.gefunden:
        return
    oben, daten = "", []
    for zeile in tabelle.daten:
        oben = zeile[key] or oben
        daten.append([*zeile[:key], oben, *zeile[key + 1 :]])
    tabelle.daten, tabelle.andere = daten, [t for t in tabelle.andere if t]
    plan.fuellen = tabelle.namen[key]


def _sortiere(tabelle: Tabelle) -> tuple[list[int], list[int], list[int]]:
    """Positions of number, date and text columns."""
    zahlen, zeiten, texte = [], [], []
    for nr, name in enumerate(tabelle.namen):
        zellen = [t for t in tabelle.spalte(nr) if t]
        form = datumsform(zellen)
        if nr == tabelle.schluessel or not zellen:
            continue
        if form and (form not in ("%Y", "%Y%m") or ZEITNAME.search(name)):
            zeiten.append(nr)
        elif _ist_zahlspalte(zellen) and not name.endswith("_code"):
            zahlen.append(nr)
        else:
            texte.append(nr)
    return zahlen, zeiten, texte


def _ist_zahlspalte(zellen: list[str]) -> bool:
    rest = [t for t in map(_ohne_fussnote, zellen) if not ZAHL.fullmatch(t)]
    kennung = any(re.fullmatch(r"0\d+", t) for t in zellen) or OHNE_ERGEBNIS in zellen
    return len(rest) < len(zellen) and not kennung and all(t in ZEICHEN or not t.isalnum() for t in rest)


def _ohne_fussnote(text: str) -> str:
    return FUSSNOTE.sub("", text).strip() if text not in ZEICHEN else text


def _ist_komma(text: str) -> bool:
    text = _ohne_fussnote(text)
    return bool(re.fullmatch(r"-?\d+,\d+|-?\d+\.(\d{1,2}|\d{4,})", text)) and not re.fullmatch(r".*[.,]0+", text)


def _finde_zeit(
    pfad: Path,
    spuren: Spuren,
    haupt: Tabelle,
    gleiche: list[Tabelle],
    zahlen: list[int],
    zeiten: list[int],
    plan: _Plan,
) -> None:
    """The one place of the Stichtag: head, column, sheets, title, file name; else it must be filled in."""
    plan.muster = re.sub(r"(?<!\d)(19|20)\d\d([-_]?\d\d)?(?!\d)", "*", pfad.stem) + pfad.suffix
    plan.blatt = haupt.blatt or "*"
    im_kopf = [datum_in(haupt.namen[nr]) for nr in zahlen]
    if zahlen and all(im_kopf) and len({form for _, form in im_kopf}) == 1:
        if len(gleiche) > 1:
            plan.blaetter = {t.blatt: "" for t in gleiche}
        return
    if zeiten:
        form = datumsform(haupt.spalte(zeiten[0]))
        plan.zeit = [f"spalte = {_s(haupt.namen[zeiten[0]])}", f"format = {_s(form)}"]
        return
    blaetter = [datum_in(t.blatt) for t in gleiche]
    if all(blaetter) and haupt.blatt:
        plan.blatt = Counter(muster for muster, _ in blaetter).most_common(1)[0][0]
        return
    for text in haupt.darueber:
        if (fund := datum_in(text)) and fund[1] != "%Y":
            anfang = fund[0].index("{")
            vorne = fund[0][:anfang].split()
            muster = (f"{vorne[-1]} " if vorne else "") + fund[0][anfang : fund[0].index("}") + 1]
            plan.zeit = [f"titel = {_s(muster)}"]
            return
    if fund := datum_in(re.sub(r"[_]", " ", pfad.stem)):
        muster = fund[0][: fund[0].index("{")], fund[0][fund[0].index("}") + 1 :]
        plan.muster = pfad.stem[: len(muster[0])] + fund[0][len(muster[0]) : fund[0].index("}") + 1]
        plan.muster += pfad.stem[len(pfad.stem) - len(muster[1]) :] + pfad.suffix
        return
    if fund := re.search(r"(?<!\d)(19|20)\d\d(0[1-9]|1[0-2])(?!\d)", pfad.stem):
        plan.muster = pfad.stem[: fund.start()] + "{stichtag:%Y%m}" + pfad.stem[fund.end() :] + pfad.suffix
        return
    plan.hinweise.append("Der Stichtag ist nirgends zu finden: unter [stichtag] fest = JJJJ-MM-TT eintragen.")


def _dimensionen(tabelle: Tabelle, zeiten: list[int], texte: list[int], zahlen: list[int], plan: _Plan) -> list[int]:
    """Text columns that tell apart the rows of one Raum and Stichtag; none when there is one row each."""
    zeit = zeiten[:1]
    schluessel = {text for text, _ in tabelle.gefunden}
    zeilen = [nr for nr, text in enumerate(tabelle.spalte(tabelle.schluessel)) if text in schluessel]
    gewaehlt: list[int] = []

    def verschieden(spalten: list[int]) -> int:
        zellen = [tabelle.spalte(nr) for nr in (tabelle.schluessel, *zeit, *spalten)]
        return len({tuple(spalte[nr] for spalte in zellen) for nr in zeilen})

    # codes before labels: "…_code" is stable, "…_label" is not
    offen = sorted(texte, key=lambda nr: (not tabelle.namen[nr].endswith("_code"), nr))
    while verschieden(gewaehlt) < len(zeilen) and offen:
        beste = max(offen, key=lambda nr: verschieden([*gewaehlt, nr]))
        if verschieden([*gewaehlt, beste]) == verschieden(gewaehlt):
            plan.hinweise.append(
                "Räume kommen mehrfach vor, und keine Spalte sagt, worin sich die Zeilen unterscheiden."
            )
            break
        gewaehlt.append(beste)
        offen.remove(beste)
    return gewaehlt


def _plane_spalten(
    tabelle: Tabelle, zahlen: list[int], dimensionen: list[int], merkmale: "_Namen", plan: _Plan
) -> None:
    mit_datum = not plan.zeit and zahlen and all(datum_in(tabelle.namen[nr]) for nr in zahlen)
    formen = {datum_in(tabelle.namen[nr])[1] for nr in zahlen} if mit_datum else set()
    zusaetze = list(dict.fromkeys(tabelle.spalte(dimensionen[0]))) if dimensionen else []
    if len(dimensionen) > 1:
        plan.hinweise.append(
            "Mehrere Spalten unterteilen die Zeilen; [zeilen] kennt eine: die übrigen mit nur = … festlegen."
        )
    for nr in zahlen:
        name = tabelle.namen[nr]
        angabe = datum_in(name)[0] if len(formen) == 1 else name
        if angabe in plan.spalten:
            continue
        rein = re.sub(r"\s*\|?\s*\{[^}]*\}\s*\|?\s*", " ", angabe).strip() or "wert"
        if name in plan.kommazahlen:
            plan.kommazahlen.add(rein)
        plan.spalten[angabe] = merkmale.neu(rein, plan, merken=not zusaetze)
    if zusaetze:
        kurz = _Namen("")
        plan.zeilen = (
            tabelle.namen[dimensionen[0]],
            {text: f"_{kurz.neu(text, plan, merken=False)}" for text in zusaetze},
        )
        for angabe, ziel in plan.spalten.items():
            plan.titel |= {ziel + zusatz: f"{angabe}, {text}" for text, zusatz in plan.zeilen[1].items()}


class _Namen:
    """Unique ids for Merkmale out of delivered headers."""

    def __init__(self, kennung: str) -> None:
        self.vorne, self.vergeben = f"{kennung}_" if kennung else "", set()

    def neu(self, titel: str, plan: _Plan, *, merken: bool = True) -> str:
        stamm = name = self.vorne + (_kurzname(titel)[:50].strip("_") or "wert")
        nummer = 2
        while name in self.vergeben:
            name, nummer = f"{stamm}_{nummer}", nummer + 1
        self.vergeben.add(name)
        if merken:
            plan.titel[name] = titel
        return name


def _kurzname(text: str) -> str:
    text = text.lower().translate(str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "%": " prozent "}))
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", text).strip("_")


# ---------------------------------------------------------------- the text


def _schreibe(pfad: Path, spuren: Spuren, plan: _Plan, gebiet: Gebiet, kennung: str) -> str:
    haupt = max(spuren.tabellen, key=lambda t: len(t.gefunden))
    titel = " ".join(haupt.darueber[:2])[:120] or kennung
    teile = [
        f"titel = {_s(titel)}",
        f"gebiet = [{_s(gebiet.id)}]",
        'herausgeber = "bitte eintragen"  # wer die Zahlen liefert',
        'lizenz = "bitte eintragen"       # unter welcher Bedingung sie gezeigt werden dürfen',
        *_ebene(haupt, gebiet),
        "",
        *_datei(spuren, haupt, plan),
        "",
        *_raum(haupt, plan, gebiet),
    ]
    if plan.zeit:
        teile += ["", "[stichtag]", *plan.zeit]
    elif not (plan.spalten and any("{" in s for s in plan.spalten)) and "{" not in plan.muster + plan.blatt:
        teile += ["", "# [stichtag]", "# fest = JJJJ-MM-TT  # fehlt noch: Stand der Zahlen"]
    teile += ["", *_werte(plan)]
    teile += ["", *_merkmale(pfad, haupt, plan)]
    return "\n".join(teile) + "\n"


def _ebene(tabelle: Tabelle, gebiet: Gebiet) -> list[str]:
    raeume = gebiet.read_raeume().drop_duplicates("raum_id").set_index("raum_id")["ebene"]
    anzahl = Counter(raeume[raum_id] for raum_id in {r for _, r in tabelle.gefunden})
    mehrere = [e.id for e in gebiet.ebenen if anzahl[e.id] >= 2]
    gefunden = ", ".join(f"{anzahl[e.id]} × {e.id}" for e in gebiet.ebenen if anzahl[e.id])
    ebene = "gemischt" if len(mehrere) > 1 else (mehrere or [e.id for e in gebiet.ebenen if anzahl[e.id]])[-1]
    return [f"ebene = {_s(ebene)}  # gefunden: {gefunden}"]


def _datei(spuren: Spuren, haupt: Tabelle, plan: _Plan) -> list[str]:
    zeilen = ["[datei]", f"muster = {_s(plan.muster)}  # {{stichtag:…}} steht für das Datum im Namen, * für alles"]
    if spuren.format != "csv":
        zeilen.append(f"format = {_s(spuren.format)}")
    if spuren.format == "csv":
        zeilen += [f"zeichensatz = {_s(spuren.zeichensatz)}", f"trennzeichen = {_s(spuren.trennzeichen)}"]
    if haupt.blatt and not plan.blaetter:
        zeilen.append(f"blatt = {_s(plan.blatt)}" + _uebrige(spuren, plan))
    if anker := _anker(haupt):
        zeilen.append(f"kopf = {_s(anker)}  # ein Text der (ersten) Kopfzeile")
    if haupt.kopf_zeilen > 1:
        zeilen.append(f"kopf_zeilen = {haupt.kopf_zeilen}")
    if haupt.einheiten:
        zeilen.append(f"einheiten_zeilen = {haupt.einheiten}")
    if haupt.luecken:
        zeilen.append("luecken = true  # Leerzeilen oder Zwischentitel in der Tabelle")
    if plan.fuellen:
        zeilen.append(f"fuellen = [{_s(plan.fuellen)}]  # steht einmal für mehrere Zeilen")
    zeilen += _zahlen(plan)
    if plan.weitere:
        zeilen.append(f"weitere = [{', '.join(map(_s, plan.weitere))}]  # nicht gelesen")
    return zeilen


def _uebrige(spuren: Spuren, plan: _Plan) -> str:
    muster = muster_regex(plan.blatt)
    rest = [*spuren.uebrige_blaetter, *(t.blatt for t in spuren.tabellen if not muster.fullmatch(t.blatt))]
    return f"  # weitere Blätter: {', '.join(rest)}" if rest else ""


def _anker(tabelle: Tabelle) -> str:
    """A text that stands in the first head row and nowhere above it."""
    if not tabelle.namen:
        return ""
    reihe, oben = tabelle.zeilen[tabelle.kopf_ab], set(tabelle.darueber)
    eigene = [reihe[tabelle.schluessel]] if tabelle.schluessel < len(reihe) else []
    return next((t for t in (*eigene, *reihe) if t and t not in oben), "")


def _komma_gruppen(texte: Iterable[str]) -> list[str]:
    """Numbers whose comma groups thousands: "5,210" beside "612". Three decimals everywhere are decimals."""
    ohne = [_ohne_fussnote(t) for t in texte]
    gruppen = [t for t in ohne if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", t)]
    nachkomma = any(re.fullmatch(r"-?\d+,(\d{1,2}|\d{4,})", t) for t in ohne)
    return gruppen if any(re.fullmatch(r"-?[1-9]\d*", t) for t in ohne) and not nachkomma else []


def _zahlen(plan: _Plan) -> list[str]:
    """Separators, footnotes and signs, each with its reason."""
    texte = {t for t in plan.werte if t}
    punkte = [t for t in texte if re.fullmatch(r"-?\d{1,3}(\.\d{3})+(,\d+)?", _ohne_fussnote(t))]
    kommas = _komma_gruppen(texte)
    dezimalpunkt = any(re.fullmatch(r"-?\d+\.(\d{1,2}|\d{4,})", _ohne_fussnote(t)) for t in texte)
    zeilen = []
    if kommas:
        zeilen.append('dezimal = "."')
        zeilen.append(f'tausender = ","  # prüfen: »{min(kommas)}« gilt als {min(kommas).replace(",", "")}')
        plan.hinweise.append("Das Komma wird als Tausenderzeichen gelesen; beim Lieferanten bestätigen lassen.")
    elif dezimalpunkt:
        zeilen.append('dezimal = "."')
    elif punkte:
        zeilen.append(f'tausender = "."  # prüfen: »{min(punkte)}« gilt als {min(punkte).replace(".", "")}')
    fussnoten = sorted({m.group() for t in texte if t not in ZEICHEN and (m := FUSSNOTE.search(t))})
    if fussnoten:
        zeilen.append(f"fussnoten = [{', '.join(map(_s, fussnoten))}]  # prüfen")
    offen = {_ohne_fussnote(t) for t in plan.werte}
    zeichen = sorted(t for t in offen if not ZAHL.fullmatch(t))
    je_art: dict[str, list[str]] = {}
    for text in zeichen:
        je_art.setdefault(ZEICHEN[text][0] if text in ZEICHEN else "?", []).append(text)
    for art, liste in je_art.items():
        if art == "?":
            plan.hinweise.append(f"Unbekannte Zeichen in Zahlenspalten: {', '.join(liste[:5])}. Bedeutung erfragen.")
            zeilen.append(f"# unbekannt, bitte zuordnen: {', '.join(map(_s, liste[:10]))}")
            continue
        gruende = "; ".join(f"{_s(t)}: {ZEICHEN[t][1]}" for t in liste)
        zeilen.append(f"{art} = [{', '.join(map(_s, liste))}]  # prüfen: {gruende}")
        if "–" in liste or "-" in liste:
            plan.hinweise.append("Der Strich wird als 0 gelesen; beim Lieferanten bestätigen lassen.")
    return zeilen


def _raum(tabelle: Tabelle, plan: _Plan, gebiet: Gebiet) -> list[str]:
    spalte = tabelle.namen[tabelle.schluessel] if tabelle.schluessel < len(tabelle.namen) else "bitte eintragen"
    zeilen = ["[raum]", f"spalte = {_s(spalte)}"]
    if tabelle.form:
        zeilen.append(f"form = {_s(tabelle.form)}  # zwölfstelliger Regionalschlüssel")
    if tabelle.ueber_namen:
        paare = ", ".join(f"{_s(text)} = {_s(raum_id)}" for text, raum_id in dict(tabelle.gefunden).items())
        zeilen.append(f"ersetzen = {{ {paare} }}  # die Datei nennt nur Namen: jeden prüfen")
        plan.hinweise.append("Die Räume sind nur mit Namen genannt; die Zuordnung unter [raum] ersetzen prüfen.")
    andere = list(dict.fromkeys(tabelle.andere))
    oben = gebiet.read_raeume().iloc[0]["name"]
    summen = [t for t in andere if t == "" or SUMME.fullmatch(t) or t == oben]
    rest = [t for t in andere if REST.fullmatch(t) and t not in summen]
    fremd = [t for t in andere if t not in summen and t not in rest]
    if summen:
        zeilen.append(f"summen = [{', '.join(map(_s, summen))}]  # Summenzeilen: geprüft, nicht geladen")
    if rest and gebiet.rest_raum:
        zeilen.append(f"rest = [{', '.join(map(_s, rest))}]  # Fälle ohne Raum")
    elif rest:
        plan.hinweise.append(f"Zeilen ohne Raum ({', '.join(rest[:3])}), aber das Gebiet hat keinen [rest_raum].")
        fremd += rest
    if fremd:
        namen = ", ".join(f"»{t}«" for t in fremd[:3]) + (" …" if len(fremd) > 3 else "")
        if any(not any(z.isdecimal() for z in t) for t in fremd):
            zeilen.append(f"# Ist eine davon die Summe aller Räume? Dann summen = [{_s(fremd[0])}] statt »auslassen«.")
        zeilen.append(f'andere = "auslassen"  # prüfen: {len(fremd)} Schlüssel liegen außerhalb des Gebiets: {namen}')
        plan.hinweise.append(f"{len(fremd)} Schlüssel ({namen}) gehören nicht zum Gebiet und werden ausgelassen.")
    return zeilen


def _werte(plan: _Plan) -> list[str]:
    if plan.lang:
        namen, wert, werte = plan.lang
        return [
            "# Eine Zeile je Wert: links, was in der Datei steht, rechts der eigene Name.",
            "[lang]",
            f"merkmal = [{', '.join(map(_s, namen))}]",
            f"wert = {_s(wert)}",
            "",
            "[lang.werte]",
            *(f"{_s(text)} = {_s(ziel)}" for text, ziel in werte.items()),
        ]
    zeilen = [
        "# Links die Überschrift in der Datei, rechts der eigene Name; was nicht gebraucht wird, löschen.",
        "[spalten]",
    ]
    zeilen += [f"{_s(angabe)} = {_s(ziel)}" for angabe, ziel in plan.spalten.items()]
    if plan.blaetter:
        zeilen += ["", "# Der Name eines Blatts wird an das Ziel der Spalten gehängt.", "[blaetter]"]
        zeilen += [f"{_s(blatt)} = {_s(zusatz)}" for blatt, zusatz in plan.blaetter.items()]
    if plan.zeilen:
        spalte, zusaetze = plan.zeilen
        zeilen += ["", "# Die Zeilen eines Raums unterteilen jede Spalte weiter.", "[zeilen]", f"spalte = {_s(spalte)}"]
        zeilen += ["zusatz = { " + ", ".join(f"{_s(t)} = {_s(z)}" for t, z in zusaetze.items()) + " }"]
    return zeilen


def _merkmale(pfad: Path, tabelle: Tabelle, plan: _Plan) -> list[str]:
    zeilen = [
        "# prüfen: recht bestimmt den Schutz kleiner Zahlen; im Zweifel steht hier das strengste (sgb12).",
        "[merkmale]",
    ]
    gruppiert = bool(_komma_gruppen(plan.werte))
    umfeld = " ".join([pfad.stem, *tabelle.darueber, tabelle.blatt])
    for name, titel in plan.titel.items():
        recht = _recht(titel) or _recht(umfeld) or "sgb12"
        komma = titel in plan.kommazahlen or (plan.lang is not None and bool(plan.kommazahlen))
        komma &= not gruppiert
        art = ', art = "wert"' if komma or re.search(r"quote|anteil|%|je 1", titel, re.I) else ""
        einheit = "%" if re.search(r"%|quote|anteil|prozent", titel, re.I) else "bitte prüfen" if art else "Personen"
        zeilen.append(f"{name} = {{ titel = {_s(titel)}, einheit = {_s(einheit)}, recht = {_s(recht)}{art} }}")
    return zeilen


def _recht(text: str) -> str:
    return next((recht for recht, muster in RECHT.items() if re.search(muster, text, re.I)), "")


def _s(text: object) -> str:
    """A TOML string; JSON writes the same for everything a header may hold."""
    return json.dumps(str(text), ensure_ascii=False).replace("\x7f", "\\u007f")


# ---------------------------------------------------------------- does it read?


def _lies_zur_probe(text: str, pfad: Path, gebiet: Gebiet, kennung: str) -> tuple[list[str], bool]:
    """Lines for the top of the draft, and whether it is a profile at all."""
    try:
        quelle = Quelle(id=kennung, **tomllib.loads(text))
    except ValidationError as fehler:
        return [f"Noch unvollständig: {erklaere(fehler.errors()[0])}"], False
    try:
        lieferung = pruefe_lieferung(pfad, quelle, gebiet)
    except LieferungError as fehler:
        if "Datenschutz" in fehler.was:
            raise
        return ["Beim Probelesen: " + " ".join(str(fehler).split())[:400]], True
    werte = f"{len(lieferung.frame):,}".replace(",", ".")
    tage = ", ".join(f"{tag:%d.%m.%Y}" for tag in lieferung.stichtage[:4]) + (
        " …" if len(lieferung.stichtage) > 4 else ""
    )
    return [f"Probegelesen: {werte} Werte, Stichtage {tage}, {len(lieferung.befunde)} Befund(e)."], True
