"""Plausibility rules: what stops a delivery, and what becomes a finding for the supplier.

Stops: what cannot be true whatever the world is like (parts above their whole, a negative count, an area twice).
Findings: what may be true but wants a look (a jump, an extra column).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from etl.quelle import Merkmal, Quelle, muster_regex, passt_auf, platzhalter_format
from etl.raeume import Raumbuch
from geodata.fehler import LieferungError

if TYPE_CHECKING:
    from etl.read import Lieferung

SPRUENGE = 100  # named one by one; more than anybody asks back about
ZUSTAND = {"": 0, "offen": 1, "unsicher": 1, "gesperrt_quelle": 2}  # any other status: 3
SCHLUESSEL = ["raum_id", "stichtag", "merkmal"]
PERSONEN = re.compile(
    r"(vor|nach|zu|familien|geburts|ruf)name[n]?|name,? ?vorname|vor- und nachname|geb(urts)?\.?[- ]?(datum|tag|ort)|"
    r"geb\.?|geboren( am)?|aktenzeichen|az\.?|aktennummer|fallnummer|personen(nummer|[- ]?id|kennziffer)|iban|bic|"
    r"konto(nummer)?|stra(ß|ss)e( und hausnummer)?|hausn(ummer|r\.?)|anschrift|adresse|wohnanschrift|telefon(nummer)?|"
    r"handy|mobil(nummer)?|e-?mail(-adresse)?|steuer-?(id|nummer)|(sozial|renten)?versicherungsnummer|sv-?nummer|"
    r"kunden(nummer|nr\.?)|bg-?nummer|bedarfsgemeinschaftsnummer|ausweisnummer|pass(nummer)?",
    re.I,
)


@dataclass(frozen=True)
class Befund:
    """One finding: for the command line and the list of questions to the supplier."""

    regel: str
    schwere: str  # hinweis | warnung
    text: str
    merkmal: str = ""
    ort: str = ""


# ---------------------------------------------------------------- columns


def check_spalten(namen: list[str], quelle: Quelle, ort: str) -> list[Befund]:
    """Findings about columns nobody asked for.

    Raises:
        LieferungError: columns about single persons in a source of counts. No value is ever named.
    """
    genannt = {quelle.raum.spalte, quelle.stichtag.spalte, *quelle.spalten, *quelle.datei.ausser, *quelle.datei.nur}
    genannt |= {quelle.zeilen.spalte} if quelle.zeilen else set()
    genannt |= {*quelle.lang.merkmal, quelle.lang.wert} if quelle.lang else set()
    weitere = quelle.datei.weitere
    erlaubt = (lambda n: True) if weitere == "*" else (lambda n: passt_auf(n, weitere))
    je_jahr = [muster_regex(s) for s in quelle.spalten if platzhalter_format(s)]
    fremd = [n for n in namen if n not in genannt and not any(m.fullmatch(n) for m in je_jahr)]
    person = [n for n in fremd if PERSONEN.fullmatch(n) or (n.casefold() == "name" and not erlaubt(n))]
    if person:
        raise LieferungError(
            f"Quelle »{quelle.id}«: Datenschutz – die Datei nennt einzelne Personen; nichts wurde geladen.",
            wo=f"{ort}, Spalten: {', '.join(person)}",
            tun="Die Datei aus dem Eingang löschen und beim Lieferanten Summen je Raum anfordern. Enthält »Name« nur "
            "die Namen der Räume, die Spalte im Profil unter [datei] weitere nennen.",
        )
    offen = [n for n in fremd if not erlaubt(n) and not re.fullmatch(r"Spalte \d+", n)]
    text = "Spalte(n) ohne Eintrag im Profil wurden nicht gelesen: " + ", ".join(offen) + "."
    return [Befund("spalten", "hinweis", text, ort=ort)] if offen else []


# ---------------------------------------------------------------- one delivery


def check_lieferung(lieferung: "Lieferung", quelle: Quelle, buch: Raumbuch) -> list[Befund]:
    """All rules that need nothing but the delivery itself, after corrections and computed Merkmale.

    Raises:
        LieferungError: see the single rules.
    """
    frame = lieferung.frame
    check_grenzen(lieferung, quelle)
    breit = Breit(frame)
    befunde = check_zerlegungen(breit, lieferung, quelle) + check_teile(breit, lieferung, quelle)
    return befunde + check_raumsummen(lieferung, quelle, buch) + find_kleine_werte(frame, quelle)


def ohne_doppelte(lieferung: "Lieferung", quelle: Quelle) -> list[Befund]:
    """Drops rows delivered twice with the same value.

    Raises:
        LieferungError: delivered twice with different values.
    """
    frame = lieferung.frame
    doppelt = frame.duplicated(SCHLUESSEL, keep=False).to_numpy()
    if not doppelt.any():
        return []
    verdacht = frame[doppelt]
    gleich = verdacht.duplicated([*SCHLUESSEL, "wert", "status"], keep=False)
    if not gleich.all():
        erster = verdacht[~gleich.to_numpy()].iloc[0]
        beide = verdacht[(verdacht[SCHLUESSEL] == erster[SCHLUESSEL]).all(axis=1)]
        raise LieferungError(
            f"Quelle »{quelle.id}«: Der Raum {erster.raum_id} kommt am {erster.stichtag:%d.%m.%Y} mehrfach vor, mit "
            f"verschiedenen Werten für »{_titel(quelle, erster.merkmal)}«.",
            wo=f"{lieferung.datei}, " + ", ".join(f"{_stelle(z)}: {_zahl(z.wert)}" for z in beide.itertuples()),
            tun="Beim Lieferanten klären, welche Zeile gilt, und die andere entfernen lassen.",
        )
    lieferung.frame = frame.drop_duplicates(SCHLUESSEL, ignore_index=True)
    anzahl = len(frame) - len(lieferung.frame)
    return [Befund("doppelt", "hinweis", f"{anzahl} Wert(e) standen doppelt in der Datei (gleich); einmal geladen.")]


def check_grenzen(lieferung: "Lieferung", quelle: Quelle) -> None:
    """Counts are whole and not negative; declared bounds hold."""
    frame = lieferung.frame
    wert = frame["wert"].to_numpy()
    for name in frame["merkmal"].cat.categories:
        merkmal = quelle.merkmale[name]
        unten, oben = _grenzen(merkmal)
        falsch = (wert < unten) | (wert > oben)
        ganz = merkmal.art == "anzahl" and merkmal.zeitbezug != "jahresmittel" and not merkmal.berechnet
        falsch |= (wert != np.floor(wert)) & ~np.isnan(wert) if ganz else False
        falsch &= (frame["merkmal"] == name).to_numpy()
        if falsch.any():
            zeile = frame[falsch].iloc[0]
            art = "eine negative Anzahl" if zeile.wert < 0 and merkmal.art == "anzahl" else ""
            art = art or ("keine ganze Zahl" if ganz and zeile.wert % 1 else f"nicht zwischen {unten} und {oben}")
            raise LieferungError(
                f"Quelle »{quelle.id}«: »{merkmal.titel}« ist mit {_zahl(zeile.wert)} {art}.",
                wo=f"{lieferung.datei}, {_stelle(zeile)}" + _mehr(int(falsch.sum())),
                tun="Beim Lieferanten nachfragen. Ist das Komma ein Tausenderzeichen? Dann im Profil unter [datei] "
                "dezimal und tausender anpassen."
                if "ganze" in art
                else "Beim Lieferanten nachfragen und die Datei berichtigt neu ablegen.",
            )


def _grenzen(merkmal: Merkmal) -> tuple[float, float]:
    unten = merkmal.minimum if merkmal.minimum is not None else (0 if merkmal.art == "anzahl" else -np.inf)
    return unten, merkmal.maximum if merkmal.maximum is not None else np.inf


class Breit:
    """Values by Merkmal on a common index of raum × stichtag; NaN where there is no number.

    `zustand`: 0 no row, 1 number, 2 kept secret, 3 other status.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        paar = frame["raum_id"].cat.codes.to_numpy(np.int64) << 32 | _tage(frame["stichtag"])
        self.ort, self.index = pd.factorize(paar)
        self.frame, self.anzahl = frame, len(self.index)
        self.merkmal = frame["merkmal"].cat.codes.to_numpy()
        self.namen = {name: nr for nr, name in enumerate(frame["merkmal"].cat.categories)}
        self.status = _zustand(frame)
        self.gemerkt: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def merke(self, merkmal: str, wert: np.ndarray, status: np.ndarray) -> None:
        """Add a computed Merkmal; status "" where it has no row."""
        self.gemerkt[merkmal] = wert, status

    def zeilen(self, merkmal: str) -> np.ndarray:
        """Row number of the frame per raum × stichtag; −1 where not delivered."""
        ziel = np.full(self.anzahl, -1, dtype=np.int64)
        nummern = np.flatnonzero(self.merkmal == self.namen.get(merkmal, -1))
        ziel[self.ort[nummern]] = nummern
        return ziel

    def werte(self, merkmal: str) -> tuple[np.ndarray, np.ndarray]:
        """Value and state per raum × stichtag."""
        if merkmal in self.gemerkt:
            wert, status = self.gemerkt[merkmal]
            return wert, np.array([ZUSTAND.get(s, 3) for s in status], dtype=np.int8)
        zeilen = self.zeilen(merkmal)
        da = zeilen >= 0
        wert = np.where(da, self.frame["wert"].to_numpy()[zeilen], np.nan)
        return wert, np.where(da, self.status[zeilen], 0)

    def unsicher(self, merkmal: str) -> np.ndarray:
        if merkmal in self.gemerkt:
            return self.gemerkt[merkmal][1] == "unsicher"
        zeilen = self.zeilen(merkmal)
        return (zeilen >= 0) & (self.frame["status"] == "unsicher").to_numpy()[zeilen]


def _zustand(frame: pd.DataFrame) -> np.ndarray:
    je_status = [ZUSTAND.get(status, 3) for status in frame["status"].cat.categories]
    return np.array(je_status, dtype=np.int8)[frame["status"].cat.codes]


def _tage(stichtag: pd.Series) -> np.ndarray:
    return stichtag.to_numpy().astype("datetime64[D]").astype(np.int64) + (1 << 30)


def check_zerlegungen(breit: Breit, lieferung: "Lieferung", quelle: Quelle) -> list[Befund]:
    """Parts add up to their whole, per Raum and Stichtag; parts kept secret may only make the open rest smaller."""
    befunde = []
    for name, merkmal in quelle.merkmale.items():
        for teile in merkmal.zerlegungen if not merkmal.berechnet else merkmal.weitere_summen:
            ganzes, zustand = breit.werte(name)
            werte = [breit.werte(teil) for teil in teile]
            offen = zustand == 1
            alle = offen & np.logical_and.reduce([z == 1 for _, z in werte])
            verdeckt = offen & np.logical_and.reduce([(z == 1) | (z == 2) for _, z in werte]) & ~alle
            summe = np.nansum([w for w, _ in werte], axis=0)
            toleranz = quelle.toleranz.summe + 1e-6
            falsch = alle & (np.abs(summe - ganzes) > toleranz) | verdeckt & (summe > ganzes + toleranz)
            if falsch.any():
                stelle = breit.zeilen(name) if not merkmal.berechnet else breit.zeilen(teile[0])
                befunde.append(_summenbefund(falsch, name, teile, werte, ganzes, stelle, lieferung, quelle))
    return befunde


def _summenbefund(falsch, name, teile, werte, ganzes, stelle, lieferung, quelle) -> Befund:
    erste = int(np.flatnonzero(falsch)[0])
    zeile = lieferung.frame.iloc[stelle[erste]]
    rechnung = " + ".join(_zahl(w[erste]) for w, _ in werte)
    summe = _zahl(np.nansum([w[erste] for w, _ in werte]))
    titel = " + ".join(f"»{_titel(quelle, t)}«" for t in teile)
    anzahl = int(falsch.sum())
    text = (
        f"{titel} ergeben nicht »{_titel(quelle, name)}«: {rechnung} = {summe} statt {_zahl(ganzes[erste])} "
        f"({zeile.raum_id}, {zeile.stichtag:%d.%m.%Y})"
    )
    return _abbruch_oder_befund(
        "summe",
        name,
        f"{text}.",
        f"{lieferung.datei}, {_stelle(zeile)}" + _mehr(anzahl),
        "Beim Lieferanten nachfragen. Ist der Fehler bekannt und erklärt, im Profil eine [[korrektur]] eintragen; "
        'rundet die Quelle, [toleranz] summe = … oder befund_statt_abbruch = ["summe"].',
        quelle,
    )


def _abbruch_oder_befund(regel: str, merkmal: str, text: str, ort: str, tun: str, quelle: Quelle) -> Befund:
    if regel in quelle.befund_statt_abbruch:
        return Befund(regel, "warnung", text, merkmal, ort)
    raise LieferungError(f"Quelle »{quelle.id}«: {text}", wo=ort, tun=tun)


def check_teile(breit: Breit, lieferung: "Lieferung", quelle: Quelle) -> list[Befund]:
    """A subset is never larger than its whole (`teil_von`, and every single part of a sum)."""
    befunde = []
    paare = [(m, a.teil_von) for m, a in quelle.merkmale.items() if a.teil_von in quelle.merkmale]
    paare += [(t, m) for m, a in quelle.merkmale.items() for teile in a.zerlegungen for t in teile if not a.berechnet]
    for teil, ganzes in paare:
        (wert, _), (grenze, _) = breit.werte(teil), breit.werte(ganzes)
        falsch = wert > grenze + quelle.toleranz.summe + 1e-6
        if falsch.any():
            erste = int(np.flatnonzero(falsch)[0])
            zeile = lieferung.frame.iloc[breit.zeilen(teil)[erste]]
            text = (
                f"»{_titel(quelle, teil)}« ({_zahl(wert[erste])}) ist größer als »{_titel(quelle, ganzes)}« "
                f"({_zahl(grenze[erste])}), obwohl es ein Teil davon ist ({zeile.raum_id}, {zeile.stichtag:%d.%m.%Y})."
            )
            ort = f"{lieferung.datei}, {_stelle(zeile)}" + _mehr(int(falsch.sum()))
            tun = "Prüfen, ob Spalten vertauscht sind; sonst beim Lieferanten nachfragen."
            befunde.append(_abbruch_oder_befund("teil_von", teil, text, ort, tun, quelle))
    return befunde


def check_raumsummen(lieferung: "Lieferung", quelle: Quelle, buch: Raumbuch) -> list[Befund]:
    """Räume add up to the totals delivered with them: control rows, or the rows of the level above."""
    frame, summen = lieferung.frame, lieferung.summen
    if quelle.ebene == "gemischt":
        eltern = frame["raum_id"].isin([r for r, kinder in buch.kinder.items() if kinder])
        summen = pd.concat([summen, frame[eltern]])
    anzahl = [m for m, a in quelle.merkmale.items() if a.art == "anzahl"]
    summen = summen[summen["merkmal"].isin(anzahl) & summen["wert"].notna()]
    if summen.empty:
        return []
    ist = _summen_der_teile(frame[frame["merkmal"].isin(anzahl)], summen["raum_id"].unique(), buch)
    beide = summen.astype({"raum_id": object, "merkmal": object}).merge(ist, on=SCHLUESSEL)
    toleranz = quelle.toleranz.raeume + 1e-6
    abstand = beide["summe"] - beide["wert"]
    falsch = beide[(beide["offen"] & (abstand.abs() > toleranz)) | (abstand > toleranz)]
    if falsch.empty:
        return []
    zeile = falsch.iloc[0]
    text = (
        f"Die Räume ergeben für »{_titel(quelle, zeile.merkmal)}« am {zeile.stichtag:%d.%m.%Y} zusammen "
        f"{_zahl(zeile.summe)}, die Summenzeile ({zeile.raum_id}) sagt {_zahl(zeile.wert)}."
    )
    ort = f"{lieferung.datei}, {_stelle(zeile)}" + _mehr(len(falsch))
    tun = (
        "Prüfen, ob ein Raum fehlt oder Fälle ohne Raum dazugehören (Rest-Raum, [raum] rest); "
        "rundet die Quelle, [toleranz] raeume = … eintragen."
    )
    return [_abbruch_oder_befund("raumsumme", zeile.merkmal, text, ort, tun, quelle)]


def _summen_der_teile(frame: pd.DataFrame, eltern: Iterable[str], buch: Raumbuch) -> pd.DataFrame:
    """Sum of the nearest delivered Räume below each of `eltern`.

    Returns:
        `raum_id` (of the whole), `stichtag`, `merkmal`, `summe`, `offen` (bool: no part is without value).
    """
    geliefert = set(frame["raum_id"].unique())
    ganze: dict[str, list[str]] = {}  # part → every whole it counts for (Regierungsbezirk and Land)
    for raum_id in eltern:
        for teil in _geliefert_unter(raum_id, buch.kinder, geliefert):
            ganze.setdefault(teil, []).append(raum_id)
    offen = _zustand(frame) == 1
    ergebnis = []
    for nr in range(max(map(len, ganze.values()), default=0)):
        ziel = {teil: liste[nr] for teil, liste in ganze.items() if nr < len(liste)}
        eltern_id = frame["raum_id"].astype(object).map(ziel)
        gruppe = frame.assign(raum_id=eltern_id, offen=offen).groupby(SCHLUESSEL, observed=True)
        ergebnis.append(pd.DataFrame({"summe": gruppe["wert"].sum(), "offen": gruppe["offen"].all()}).reset_index())
    leer = pd.DataFrame(columns=[*SCHLUESSEL, "summe", "offen"])
    return pd.concat(ergebnis, ignore_index=True).astype({"merkmal": object}) if ergebnis else leer


def _geliefert_unter(raum_id: str, kinder: dict[str, list[str]], geliefert: set[str]) -> list[str]:
    """The nearest delivered Räume below one Raum, no branch counted twice."""
    liste = []
    for kind in kinder[raum_id]:
        liste += [kind] if kind in geliefert else _geliefert_unter(kind, kinder, geliefert)
    return liste


def find_kleine_werte(frame: pd.DataFrame, quelle: Quelle) -> list[Befund]:
    """1 or 2 in a source that keeps values secret: its own suppression has a hole."""
    geheim = (frame["status"] == "gesperrt_quelle").to_numpy()
    if not geheim.any():
        return []
    personen = frame["merkmal"].isin(
        [m for m, a in quelle.merkmale.items() if a.art == "anzahl" and a.recht != "keins"]
    )
    klein = personen.to_numpy() & frame["wert"].isin([1, 2]).to_numpy()
    text = f"{int(klein.sum())} Wert(e) 1 oder 2 stehen offen, obwohl die Quelle sonst kleine Werte geheim hält."
    return [Befund("kleine_werte", "warnung", text)] if klein.any() else []


# ---------------------------------------------------------------- completeness


def find_fehlende(frame: pd.DataFrame, buch: Raumbuch) -> pd.DataFrame:
    """Values one expects and does not find: every Raum of a level for which a Merkmal was delivered at that Stichtag.

    Returns:
        One row per missing value: `raum_id`, `stichtag`, `merkmal`. The Rest-Raum is never expected.
    """
    staende = {t: buch.gebiet.gebietsstand_am(t.date()).id for t in frame["stichtag"].unique()}
    ebene = frame["raum_id"].astype(object).map({r: buch.ebene[r] for r in buch.ebene if r not in buch.rest})
    gruppen = frame.groupby(["stichtag", ebene, "merkmal"], observed=True, sort=False)
    fehlend = []
    for (stichtag, stufe, merkmal), anzahl in gruppen.size().items():
        erwartet = buch.erwartet[staende[stichtag], stufe]
        if anzahl < len(erwartet):
            da = frame.loc[(frame["stichtag"] == stichtag) & (frame["merkmal"] == merkmal), "raum_id"]
            luecke = erwartet[~erwartet.isin(da)]
            fehlend.append(pd.DataFrame({"raum_id": luecke, "stichtag": stichtag, "merkmal": merkmal}))
    leer = pd.DataFrame({"raum_id": [], "stichtag": pd.to_datetime([]), "merkmal": []})
    return pd.concat(fehlend, ignore_index=True) if fehlend else leer


def check_fehlende(fehlend: pd.DataFrame, lieferung: "Lieferung", quelle: Quelle, buch: Raumbuch) -> list[Befund]:
    """Raises unless the profile declares that the delivery may be incomplete."""
    if fehlend.empty:
        return []
    namen = buch.tabelle.drop_duplicates("raum_id", keep="last").set_index("raum_id")["name"]
    erste = fehlend.iloc[0]
    gleich = fehlend[(fehlend["stichtag"] == erste.stichtag) & (fehlend["merkmal"] == erste.merkmal)]
    liste = ", ".join(f"{r} {namen[r]}" for r in gleich["raum_id"][:8]) + (" …" if len(gleich) > 8 else "")
    lang_fehlt = quelle.lang.fehlend if quelle.lang else "ablehnen"
    wort = "Raum fehlt" if len(gleich) == 1 else "Räume fehlen"
    text = f"{len(gleich)} {wort} am {erste.stichtag:%d.%m.%Y} für »{_titel(quelle, erste.merkmal)}«: {liste}"
    if quelle.datei.unvollstaendig or lang_fehlt != "ablehnen":
        als = "Null" if lang_fehlt == "null" else "»nicht geliefert«"
        gesamt = f"{len(fehlend)} Wert(e) fehlen und gelten laut Profil als {als}; zuerst: {text}."
        return [Befund("fehlende", "hinweis" if lang_fehlt == "null" else "warnung", gesamt)]
    raise LieferungError(
        f"Quelle »{quelle.id}«: {text}.",
        wo=lieferung.datei,
        tun="Die fehlenden Räume nachliefern lassen. Ist die Lücke gewollt, im Profil unter [datei] "
        "unvollstaendig = true eintragen; die Werte gelten dann als »nicht geliefert«.",
    )


# ---------------------------------------------------------------- against earlier deliveries


def find_spruenge(paare: pd.DataFrame, quelle: Quelle) -> list[Befund]:
    """Values that rise or fall by a factor against the Stichtag before: often a slipped digit or column.

    Args:
        paare: one row per value of the delivery: `raum_id`, `merkmal`, `stichtag`, `wert`, `vorher` (value at the
            Stichtag before; missing: none).
    """
    gross, klein = paare[["wert", "vorher"]].max(axis=1), paare[["wert", "vorher"]].min(axis=1)
    faktor, mindestens = quelle.sprung.faktor, quelle.sprung.mindestens
    sprung = paare["vorher"].notna() & (gross >= faktor * klein) & (gross - klein >= mindestens)
    treffer = paare.assign(mal=gross / klein.clip(lower=1))[sprung]
    groesste = treffer.nlargest(SPRUENGE, "mal").sort_values(["merkmal", "raum_id", "stichtag"])
    befunde = [
        Befund(
            "sprung",
            "warnung",
            f"»{_titel(quelle, z.merkmal)}« in {z.raum_id}: von {_zahl(z.vorher)} auf {_zahl(z.wert)} "
            f"({z.stichtag:%d.%m.%Y}). Stimmt das?",
            z.merkmal,
        )
        for z in groesste.itertuples()
    ]
    if len(treffer) > SPRUENGE:
        text = f"Dazu {len(treffer) - SPRUENGE} weitere Sprünge; genannt sind die {SPRUENGE} größten."
        befunde.append(Befund("sprung", "warnung", text))
    return befunde


# ---------------------------------------------------------------- wording


def _titel(quelle: Quelle, merkmal: str) -> str:
    return quelle.merkmale[merkmal].titel


def _stelle(zeile) -> str:
    blatt = f"Blatt »{zeile.blatt}«, " if isinstance(zeile.blatt, str) and zeile.blatt else ""
    return f"{blatt}Zeile {zeile.zeile}, Spalte »{zeile.spalte}«"


def _mehr(anzahl: int) -> str:
    return "" if anzahl <= 1 else f" und {anzahl - 1} weitere Stelle{'n' if anzahl > 2 else ''}"


def _zahl(wert: float) -> str:
    if np.isnan(wert):
        return "ohne Wert"
    return f"{wert:,.0f}".replace(",", ".") if wert == int(wert) else f"{wert:.2f}".replace(".", ",")
