"""Plausibility rules: what stops a delivery, and what becomes a finding for the supplier.

Stops: what cannot be true whatever the world is like (parts above their whole, a negative count, an area twice).
Findings: what may be true but wants a look (a jump, an extra column).
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from etl.befund import STELLEN, Befund, als_text, begrenzt, mehr, ortsangabe, platz
from etl.gleichung import read_gleichung
from etl.personen import datenschutz, person_spalten
from etl.quelle import Merkmal, Quelle, Regel, muster_regex, passt_auf, platzhalter_format
from etl.raeume import Raumbuch, find_gebietsstand
from geodata.fehler import LieferungError

if TYPE_CHECKING:
    from etl.read import Lieferung

ZUSTAND = {"": 0, "offen": 1, "unsicher": 1, "gesperrt_quelle": 2}  # any other status: 3
SCHLUESSEL = ["raum_id", "stichtag", "merkmal"]


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
    person = person_spalten(fremd)
    person += [n for n in fremd if n.casefold() == "name" and not erlaubt(n)]
    if person:
        raise datenschutz(quelle, f"{ort}, Spalten: {', '.join(person)}")
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
    befunde += check_raumsummen(lieferung, quelle, buch) + check_regeln(breit, lieferung, quelle)
    return befunde + sperre_kleine_werte(lieferung, quelle)


def ohne_doppelte(lieferung: "Lieferung", quelle: Quelle) -> list[Befund]:
    """Drops rows delivered twice with the same value.

    Raises:
        LieferungError: delivered twice with different values.
    """
    frame = lieferung.frame
    codes = Codes(frame)
    if codes.alle_verschieden():
        return []
    doppelt = frame.duplicated(SCHLUESSEL, keep=False).to_numpy()
    verdacht = frame[doppelt]
    gleich = verdacht.duplicated([*SCHLUESSEL, "wert", "status"], keep=False)
    if not gleich.all():
        erster = verdacht[~gleich.to_numpy()].iloc[0]
        beide = verdacht[(verdacht[SCHLUESSEL] == erster[SCHLUESSEL]).all(axis=1)]
        raise LieferungError(
            f"Quelle »{quelle.id}«: Der Raum {erster.raum_id} kommt am {erster.stichtag:%d.%m.%Y} mehrfach vor, mit "
            f"verschiedenen Werten für »{_titel(quelle, erster.merkmal)}«.",
            wo=f"{lieferung.datei}, " + ", ".join(f"{ortsangabe(z)}: {als_text(z.wert)}" for z in beide.itertuples()),
            tun="Beim Lieferanten klären, welche Zeile gilt, und die andere entfernen lassen.",
        )
    lieferung.frame = frame.drop_duplicates(SCHLUESSEL, ignore_index=True)
    anzahl = len(frame) - len(lieferung.frame)
    return [Befund("doppelt", "hinweis", f"{anzahl} Wert(e) standen doppelt in der Datei (gleich); einmal geladen.")]


def check_grenzen(lieferung: "Lieferung", quelle: Quelle) -> None:
    """Counts are whole and not negative; declared bounds hold."""
    frame = lieferung.frame
    wert, code = frame["wert"].to_numpy(), frame["merkmal"].cat.codes.to_numpy()
    merkmale = [quelle.merkmale[name] for name in frame["merkmal"].cat.categories]
    unten, oben = np.array([_grenzen(m) for m in merkmale]).T
    ganz = np.array([m.art == "anzahl" and m.zeitbezug != "jahresmittel" and not m.berechnet for m in merkmale])
    falsch = (wert < unten[code]) | (wert > oben[code]) | (ganz[code] & (wert != np.floor(wert)) & ~np.isnan(wert))
    if not falsch.any():
        return
    betroffen = falsch & (code == code[falsch].min())
    zeile = frame[betroffen].iloc[0]
    merkmal = quelle.merkmale[zeile.merkmal]
    krumm = merkmal.art == "anzahl" and zeile.wert % 1 and zeile.wert >= 0
    art = "eine negative Anzahl" if zeile.wert < 0 and merkmal.art == "anzahl" else ""
    art = art or ("keine ganze Zahl" if krumm else "nicht zwischen {} und {}".format(*_grenzen(merkmal)))
    raise LieferungError(
        f"Quelle »{quelle.id}«: »{merkmal.titel}« ist mit {als_text(zeile.wert)} {art}.",
        wo=f"{lieferung.datei}, {ortsangabe(zeile)}" + mehr(int(betroffen.sum())),
        tun="Beim Lieferanten nachfragen. Ist das Komma ein Tausenderzeichen? Dann im Profil unter [datei] "
        "dezimal und tausender anpassen."
        if krumm
        else "Beim Lieferanten nachfragen und die Datei berichtigt neu ablegen.",
    )


def _grenzen(merkmal: Merkmal) -> tuple[float, float]:
    gezaehlt = merkmal.art in ("anzahl", "betrag") and not merkmal.aenderung
    unten = merkmal.minimum if merkmal.minimum is not None else (0 if gezaehlt else -np.inf)
    return unten, merkmal.maximum if merkmal.maximum is not None else np.inf


class Codes:
    """A frame as code arrays: `raum` and `merkmal` are its category codes, `tag` counts the Stichtage `tage`."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.raum, self.merkmal = (frame[s].cat.codes.to_numpy() for s in ("raum_id", "merkmal"))
        self.tag, self.tage = pd.factorize(frame["stichtag"].to_numpy())
        # plain arrays: single items of a text index are slow
        self.raeume, self.merkmale = (frame[s].cat.categories.to_numpy(object) for s in ("raum_id", "merkmal"))

    def je_raum(self, regel: Callable[[str], object], typ: type) -> np.ndarray:
        """`regel` of every Raum that may occur, by code."""
        return np.array([regel(raum_id) for raum_id in self.raeume], dtype=typ)

    def wuerfel(self, gruppe: np.ndarray) -> np.ndarray:
        """One number per (group of Räume, Stichtag, Merkmal); `teile` takes it apart again."""
        return (gruppe.astype(np.int64) * len(self.tage) + self.tag) * len(self.merkmale) + self.merkmal

    def alle_verschieden(self) -> bool:
        """Is there no second value for the same Raum, Stichtag and Merkmal?"""
        nummer, groesse = self.wuerfel(self.raum), len(self.raeume) * len(self.tage) * len(self.merkmale)
        if groesse > 8 * len(nummer) + 1_000_000:
            return len(pd.unique(nummer)) == len(nummer)
        da = np.zeros(groesse, bool)
        da[nummer] = True
        return np.count_nonzero(da) == len(nummer)

    def zerlege(self, nummer: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Codes of group, Stichtag and Merkmal of each number of the Würfel."""
        rest, merkmal = np.divmod(nummer, len(self.merkmale))
        return *np.divmod(rest, len(self.tage)), merkmal

    def teile(self, nummer: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Group, Stichtag and Merkmal of each number."""
        gruppe, tag, merkmal = self.zerlege(nummer)
        return gruppe, self.tage[tag], self.merkmale[merkmal]


class Breit:
    """Values by Merkmal on a common index of raum × stichtag; NaN where there is no number.

    `zustand`: 0 no row, 1 number, 2 kept secret, 3 other status.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        paar = frame["raum_id"].cat.codes.to_numpy(np.int64) << 32 | _tage(frame["stichtag"])
        self.ort, self.index = pd.factorize(paar)
        self.frame, self.anzahl = frame, len(self.index)
        merkmal = frame["merkmal"].cat.codes.to_numpy()
        self.folge = np.argsort(merkmal, kind="stable")
        self.grenzen = np.searchsorted(merkmal[self.folge], np.arange(len(frame["merkmal"].cat.categories) + 1))
        self.wert = frame["wert"].to_numpy()
        self.namen = {name: nr for nr, name in enumerate(frame["merkmal"].cat.categories)}
        self.status = _zustand(frame)
        self.gemerkt: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self.gelesen: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def merke(self, merkmal: str, wert: np.ndarray, status: np.ndarray) -> None:
        """Add a computed Merkmal; status "" where it has no row."""
        self.gemerkt[merkmal] = wert, status

    def zeilen(self, merkmal: str) -> np.ndarray:
        """Row number of the frame per raum × stichtag; −1 where not delivered."""
        ziel = np.full(self.anzahl, -1, dtype=np.int64)
        if merkmal in self.namen:
            nr = self.namen[merkmal]
            nummern = self.folge[self.grenzen[nr] : self.grenzen[nr + 1]]
            ziel[self.ort[nummern]] = nummern
        return ziel

    def werte(self, merkmal: str) -> tuple[np.ndarray, np.ndarray]:
        """Value and state per raum × stichtag."""
        if merkmal in self.gemerkt:
            wert, status = self.gemerkt[merkmal]
            return wert, np.array([ZUSTAND.get(s, 3) for s in status], dtype=np.int8)
        if merkmal not in self.gelesen:
            zeilen = self.zeilen(merkmal)
            da = zeilen >= 0
            wert = np.where(da, self.wert[zeilen], np.nan)
            self.gelesen[merkmal] = wert, np.where(da, self.status[zeilen], np.int8(0))
        return self.gelesen[merkmal]

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
                befunde += _summenbefunde(falsch, name, teile, werte, ganzes, stelle, lieferung, quelle)
    return befunde


def _summenbefunde(falsch, name, teile, werte, ganzes, stelle, lieferung, quelle) -> list[Befund]:
    titel = " + ".join(f"»{_titel(quelle, t)}«" for t in teile)

    def befund(nr: int, ort: str) -> Befund:
        zeile = lieferung.frame.iloc[stelle[nr]]
        rechnung = " + ".join(als_text(w[nr]) for w, _ in werte)
        summe = als_text(np.nansum([w[nr] for w, _ in werte]))
        text = (
            f"{titel} ergeben nicht »{_titel(quelle, name)}«: {rechnung} = {summe} statt {als_text(ganzes[nr])} "
            f"({zeile.raum_id}, {zeile.stichtag:%d.%m.%Y})."
        )
        ort = f"{lieferung.datei}, {ortsangabe(zeile)}{ort}"
        mehr_dazu = {"gefunden": als_text(ganzes[nr]), "erwartet": f"{rechnung} = {summe}"}
        return Befund("summe", "warnung", text, name, ort, **platz(zeile), **mehr_dazu)

    tun = (
        "Beim Lieferanten nachfragen. Ist der Fehler bekannt und erklärt, im Profil eine [[korrektur]] eintragen; "
        'rundet die Quelle, [toleranz] summe = … oder befund_statt_abbruch = ["summe"].'
    )
    return _abbruch_oder_befunde(np.flatnonzero(falsch), befund, tun, quelle)


def _abbruch_oder_befunde(
    stellen: np.ndarray, befund: Callable[[int, str], Befund], tun: str, quelle: Quelle, *, abbruch: bool | None = None
) -> list[Befund]:
    """One finding per place, the first ones by name; or the end of the loading, told by the first."""
    erster = befund(int(stellen[0]), mehr(len(stellen)))
    if erster.regel not in quelle.befund_statt_abbruch if abbruch is None else abbruch:
        raise LieferungError(f"Quelle »{quelle.id}«: {erster.text}", wo=erster.ort, tun=tun)
    genannt = [befund(int(nr), "") for nr in stellen[:STELLEN]]
    return begrenzt(genannt, len(stellen), "Stellen")


def check_teile(breit: Breit, lieferung: "Lieferung", quelle: Quelle) -> list[Befund]:
    """A subset is never larger than its whole (`teil_von`, and every single part of a sum)."""
    befunde = []
    paare = [(m, a.teil_von) for m, a in quelle.merkmale.items() if a.teil_von in quelle.merkmale]
    paare += [(t, m) for m, a in quelle.merkmale.items() for teile in a.zerlegungen for t in teile if not a.berechnet]
    for teil, ganzes in paare:
        (wert, _), (grenze, _) = breit.werte(teil), breit.werte(ganzes)
        falsch = wert > grenze + quelle.toleranz.summe + 1e-6
        if falsch.any():
            befunde += _teilbefunde(falsch, teil, ganzes, wert, grenze, breit.zeilen(teil), lieferung, quelle)
    return befunde


def _teilbefunde(falsch, teil, ganzes, wert, grenze, stelle, lieferung, quelle) -> list[Befund]:
    def befund(nr: int, ort: str) -> Befund:
        zeile = lieferung.frame.iloc[stelle[nr]]
        text = (
            f"»{_titel(quelle, teil)}« ({als_text(wert[nr])}) ist größer als »{_titel(quelle, ganzes)}« "
            f"({als_text(grenze[nr])}), obwohl es ein Teil davon ist ({zeile.raum_id}, {zeile.stichtag:%d.%m.%Y})."
        )
        mehr_dazu = {"gefunden": als_text(wert[nr]), "erwartet": f"höchstens {als_text(grenze[nr])}"}
        ort = f"{lieferung.datei}, {ortsangabe(zeile)}{ort}"
        return Befund("teil_von", "warnung", text, teil, ort, **platz(zeile), **mehr_dazu)

    tun = "Prüfen, ob Spalten vertauscht sind; sonst beim Lieferanten nachfragen."
    return _abbruch_oder_befunde(np.flatnonzero(falsch), befund, tun, quelle)


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
    beide = _mit_summe_der_teile(summen, frame, buch)
    toleranz = quelle.toleranz.raeume + 1e-6
    abstand = beide["summe"] - beide["wert"]
    falsch = beide[(beide["offen"] & (abstand.abs() > toleranz)) | (abstand > toleranz)]
    if falsch.empty:
        return []

    def befund(nr: int, ort: str) -> Befund:
        zeile = falsch.iloc[nr]
        text = (
            f"Die Räume ergeben für »{_titel(quelle, zeile.merkmal)}« am {zeile.stichtag:%d.%m.%Y} zusammen "
            f"{als_text(zeile.summe)}, die Summenzeile ({zeile.raum_id}) sagt {als_text(zeile.wert)}."
        )
        mehr_dazu = {"gefunden": als_text(zeile.wert), "erwartet": als_text(zeile.summe)}
        ort = f"{lieferung.datei}, {ortsangabe(zeile)}{ort}"
        return Befund("raumsumme", "warnung", text, zeile.merkmal, ort, **platz(zeile), **mehr_dazu)

    tun = (
        "Prüfen, ob ein Raum fehlt oder Fälle ohne Raum dazugehören (Rest-Raum, [raum] rest); "
        "rundet die Quelle, [toleranz] raeume = … eintragen."
    )
    return _abbruch_oder_befunde(np.arange(len(falsch)), befund, tun, quelle)


def _mit_summe_der_teile(summen: pd.DataFrame, frame: pd.DataFrame, buch: Raumbuch) -> pd.DataFrame:
    """Delivered totals beside the sum of the nearest delivered Räume below; without those that have none below.

    Returns:
        The columns of `summen` and `summe`, `offen` (bool: no part is without value).
    """
    codes = Codes(frame)
    geliefert = set(codes.raeume[np.unique(codes.raum)])
    eltern = {raum_id: nr for nr, raum_id in enumerate(summen["raum_id"].unique())}
    ganze: dict[str, list[int]] = {}  # part → every whole it counts for (Regierungsbezirk and Land)
    for raum_id, nr in eltern.items():
        for teil in _geliefert_unter(raum_id, buch.kinder, geliefert):
            ganze.setdefault(teil, []).append(nr)
    laenge = len(eltern) * len(codes.tage) * len(codes.merkmale)
    summe, teile, verdeckt = np.zeros(laenge), np.zeros(laenge, int), np.zeros(laenge, int)
    offen, wert = _zustand(frame) == 1, np.nan_to_num(frame["wert"].to_numpy())
    for nr in range(max(map(len, ganze.values()), default=0)):
        ziel = codes.je_raum(lambda r, nr=nr: ganze[r][nr] if len(ganze.get(r, ())) > nr else -1, np.int64)[codes.raum]
        dabei = ziel >= 0
        nummer = codes.wuerfel(ziel)[dabei]
        summe += np.bincount(nummer, wert[dabei], laenge)
        teile += np.bincount(nummer, minlength=laenge)
        verdeckt += np.bincount(nummer[~offen[dabei]], minlength=laenge)
    tag = pd.Index(codes.tage).get_indexer(summen["stichtag"])
    merkmal = pd.Index(codes.merkmale).get_indexer(summen["merkmal"].astype(object))
    gruppe = summen["raum_id"].astype(object).map(eltern).to_numpy(np.int64)
    stelle = (gruppe * len(codes.tage) + tag) * len(codes.merkmale) + merkmal
    da = (tag >= 0) & (merkmal >= 0)
    da[da] = teile[stelle[da]] > 0
    return summen[da].assign(summe=summe[stelle[da]], offen=verdeckt[stelle[da]] == 0)


def _geliefert_unter(raum_id: str, kinder: dict[str, list[str]], geliefert: set[str]) -> list[str]:
    """The nearest delivered Räume below one Raum, no branch counted twice."""
    liste = []
    for kind in kinder[raum_id]:
        liste += [kind] if kind in geliefert else _geliefert_unter(kind, kinder, geliefert)
    return liste


def check_regeln(breit: Breit, lieferung: "Lieferung", quelle: Quelle) -> list[Befund]:
    """`[[regel]]` whose Merkmale all belong to this source; the others are for `etl.quer`, when all is loaded.

    So are those that take a value from view: what is not shown must still be counted.
    """
    befunde = []
    for regel in quelle.regel:
        if not set(regel.namen) <= set(quelle.merkmale) or regel.bei_verstoss == "nicht_sinnvoll":
            continue
        gleichung = read_gleichung(regel.gleichung)
        links, rechts = gleichung.seiten(lambda name: breit.werte(name)[0])
        falsch = gleichung.verletzt(links, rechts, absolut=regel.toleranz, relativ=regel.toleranz_relativ)
        if falsch.any():
            befunde += _regelbefunde(regel, falsch, links, rechts, breit, lieferung, quelle)
    return befunde


def _regelbefunde(regel: Regel, falsch, links, rechts, breit: Breit, lieferung, quelle: Quelle) -> list[Befund]:
    stelle = breit.zeilen(regel.namen[0])

    def befund(nr: int, ort: str) -> Befund:
        zeile = lieferung.frame.iloc[stelle[nr]]
        werte = {name: breit.werte(name)[0][nr] for name in regel.namen}
        ort = f"{lieferung.datei}, {ortsangabe(zeile)}{ort}"
        texte = regeltext(regel, werte, links[nr], rechts[nr], zeile, lambda name: _titel(quelle, name))
        return Befund("regel", "warnung", merkmal=regel.namen[0], ort=ort, **platz(zeile), **texte)

    tun = "Beim Lieferanten nachfragen. Rundet die Quelle, in der [[regel]] toleranz oder toleranz_relativ angeben."
    nummern = np.flatnonzero(falsch)
    return _abbruch_oder_befunde(nummern, befund, tun, quelle, abbruch=regel.bei_verstoss == "abbruch")


def regeltext(regel: Regel, werte: dict[str, float], links, rechts, zeile, titel: Callable[[str], str]) -> dict:
    """Text, found and expected value of one place where a `[[regel]]` does not hold."""
    zahlen = ", ".join(f"»{titel(name)}« {als_text(wert)}" for name, wert in werte.items())
    vergleich = read_gleichung(regel.gleichung).vergleich
    grund = f" {regel.grund.rstrip('.')}." if regel.grund else ""
    text = (
        f"Die Regel »{regel.gleichung}« geht nicht auf ({zeile.raum_id}, {zeile.stichtag:%d.%m.%Y}): links "
        f"{als_text(links)}, rechts {als_text(rechts)} ({zahlen}).{grund}"
    )
    wort = {"=": "", "<=": "höchstens ", ">=": "mindestens "}[vergleich]
    return {"text": text, "gefunden": als_text(links), "erwartet": wort + als_text(rechts)}


def sperre_kleine_werte(lieferung: "Lieferung", quelle: Quelle) -> list[Befund]:
    """1 or 2 in a source that keeps values secret: its own suppression has a hole, and we close it.

    What is taken away here is unknown to everything behind: the gate treats it like any other secret of the supplier.
    """
    frame = lieferung.frame
    if not quelle.geheim_unter or not (frame["status"] == "gesperrt_quelle").any():
        return []
    merkmale = [quelle.merkmale[name] for name in frame["merkmal"].cat.categories]
    personen = np.array([m.art == "anzahl" and m.recht != "keins" for m in merkmale])
    wert = frame["wert"].to_numpy()
    klein = personen[frame["merkmal"].cat.codes.to_numpy()] & (wert >= 1) & (wert < quelle.geheim_unter)
    if not klein.any():
        return []
    lieferung.frame = _ohne_wert(frame, np.flatnonzero(klein), "gesperrt_quelle")
    erste = frame[klein].iloc[0]
    text = (
        f"{int(klein.sum())} Wert(e) unter {quelle.geheim_unter} standen offen, obwohl die Quelle sonst kleine Werte "
        "geheim hält; sie wurden wieder gesperrt. Ist das gewollt, im Profil geheim_unter = 0 eintragen."
    )
    ort = f"{lieferung.datei}, {ortsangabe(erste)}{mehr(int(klein.sum()))}"
    return [Befund("kleine_werte", "warnung", text, ort=ort)]


def _ohne_wert(frame: pd.DataFrame, zeilen: np.ndarray, status: str) -> pd.DataFrame:
    """The frame with no number but a status in some rows; the delivered file still has it."""
    wert = frame["wert"].to_numpy(copy=True)
    wert[zeilen] = np.nan
    spalte = frame["status"]
    if status not in spalte.cat.categories:
        spalte = spalte.cat.add_categories([status])
    codes = spalte.cat.codes.to_numpy(copy=True)
    codes[zeilen] = spalte.cat.categories.get_loc(status)
    return frame.assign(wert=wert, status=pd.Categorical.from_codes(codes, dtype=spalte.dtype))


# ---------------------------------------------------------------- completeness


def find_fehlende(frame: pd.DataFrame, buch: Raumbuch, quelle: Quelle) -> pd.DataFrame:
    """Values one expects and does not find: every Raum of a level for which a Merkmal was delivered at that Stichtag.

    Returns:
        One row per missing value: `raum_id`, `stichtag`, `merkmal`. The Rest-Raum is never expected.
    """
    codes = Codes(frame)
    ebenen = [e.id for e in buch.gebiet.ebenen]
    stufe = codes.je_raum(lambda r: -1 if r in buch.rest else ebenen.index(buch.ebene[r]), np.int64)[codes.raum]
    dabei = np.flatnonzero(stufe >= 0)
    nummer = codes.wuerfel(stufe)[dabei]
    alle = np.bincount(nummer, minlength=1)
    gruppen = np.flatnonzero(alle)
    anzahl = alle[gruppen]
    staende = [find_gebietsstand(buch.gebiet, quelle, pd.Timestamp(t).date()).id for t in codes.tage]
    stufen, tage, _ = codes.zerlege(gruppen)
    orte = [(staende[tag], ebenen[nr]) for nr, tag in zip(stufen, tage, strict=True)]
    soll = {ort: len(buch.erwartet[ort]) for ort in set(orte)}
    fehlend = []
    for stelle in np.flatnonzero(anzahl < np.array([soll[ort] for ort in orte], dtype=int)):
        da = codes.raeume[codes.raum[dabei[nummer == gruppen[stelle]]]]
        erwartet = buch.erwartet[orte[stelle]]
        _, stichtag, merkmal = codes.teile(gruppen[stelle : stelle + 1])
        luecke = erwartet[~erwartet.isin(da)]
        fehlend.append(pd.DataFrame({"raum_id": luecke, "stichtag": stichtag[0], "merkmal": merkmal[0]}))
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


def _titel(quelle: Quelle, merkmal: str) -> str:
    return quelle.merkmale[merkmal].titel
