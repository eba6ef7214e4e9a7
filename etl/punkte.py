"""Places with coordinates (care homes, schools) → number and sum of an attribute per Raum."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from etl.befund import Befund
from etl.checks import check_spalten
from etl.dateien import sha256_datei
from etl.quelle import Quelle, muster_regex, naechster_name, platzhalter_format
from etl.raeume import Raumbuch, find_gebietsstand
from etl.read import STATUS, Lieferung, zahlenformat
from etl.zahlen import Zahlenfehler, parse_stichtag, parse_zahl, saeubern
from geodata.fehler import GebietError, LieferungError
from geodata.gebiet import Gebiet
from geodata.zuordnung import OHNE, Flaechen, Punkte, read_feldnamen, read_punkte


def read_punktliste(pfad: Path, quelle: Quelle, gebiet: Gebiet, *, buch: Raumbuch) -> Lieferung:
    """Read one file of points and count it per Raum of the source's level; every Raum without a point has 0.

    Points outside all Räume count for the Rest-Raum, or are left out with `[raum] andere = "auslassen"`.

    Raises:
        LieferungError: file, attributes or numbers are not what the profile says.
    """
    befunde = _check_felder(pfad, quelle)
    angaben = quelle.datei
    spalten = list(dict.fromkeys([*quelle.punkte.summen, *angaben.ausser, *angaben.nur, *_stichtag_spalte(quelle)]))
    try:
        punkte = read_punkte(pfad, spalten, quelle.punkte.crs)
    except GebietError as fehler:
        raise LieferungError(f"Quelle »{quelle.id}«: {fehler.was}", wo=fehler.wo, tun=fehler.tun) from None
    behalten = _auswahl(punkte.tabelle, quelle)
    if not behalten.all():
        text = f"{int((~behalten).sum())} Punkt(e) wurden laut Profil (ausser, nur) ausgelassen."
        befunde.append(Befund("lesen", "hinweis", text))
    tage = _stichtage(pfad, quelle, punkte.tabelle)
    werte = {ziel: _zahlen(pfad, quelle, punkte.tabelle, spalte) for spalte, ziel in quelle.punkte.summen.items()}
    teile = []
    for tag in sorted(set(tage[behalten])):
        auswahl = behalten & (tage == tag)
        raum, namen = _raeume(quelle, gebiet, punkte, auswahl, tag, befunde, pfad)
        teile += _zaehle(quelle, tag, raum, namen, {ziel: wert[auswahl] for ziel, wert in werte.items()})
    if not teile:
        raise _fehler(quelle, "Kein Punkt ist übrig geblieben.", pfad.name, "Im Profil ausser und nur prüfen.")
    frame = _frame(pd.concat(teile, ignore_index=True), quelle, buch)
    return Lieferung(quelle.id, pfad.name, sha256_datei(pfad), frame, frame.iloc[:0].copy(), befunde)


def _check_felder(pfad: Path, quelle: Quelle) -> list[Befund]:
    try:
        namen = read_feldnamen(pfad)
    except GebietError as fehler:
        raise LieferungError(f"Quelle »{quelle.id}«: {fehler.was}", wo=fehler.wo, tun=fehler.tun) from None
    genannt = {*quelle.punkte.summen, *quelle.datei.ausser, *quelle.datei.nur, *_stichtag_spalte(quelle)}
    for name in sorted(genannt - set(namen)):
        nahe = naechster_name(name, namen)
        raise _fehler(
            quelle,
            f"Das Attribut »{name}« fehlt in der Lieferung.",
            f"{pfad.name}, vorhanden: {', '.join(namen)}",
            (f"Gemeint »{nahe}«? " if nahe else "") + f"Den Namen im Profil {quelle.id}.toml anpassen.",
        )
    return check_spalten([n for n in namen if n not in genannt], quelle, pfad.name)


def _stichtag_spalte(quelle: Quelle) -> list[str]:
    return [quelle.stichtag.spalte] if quelle.stichtag.spalte else []


def _auswahl(tabelle: pd.DataFrame, quelle: Quelle) -> np.ndarray:
    """Points kept by `ausser` and `nur`."""
    behalten = np.ones(len(tabelle), dtype=bool)
    for angabe, soll in ((quelle.datei.ausser, False), (quelle.datei.nur, True)):
        for spalte, texte in angabe.items():
            behalten &= np.array([_text(z) in texte for z in tabelle[spalte]]) == soll
    return behalten


def _stichtage(pfad: Path, quelle: Quelle, tabelle: pd.DataFrame) -> np.ndarray:
    """Stichtag per point."""
    angabe = quelle.stichtag
    if angabe.spalte:
        texte = [_text(z) for z in tabelle[angabe.spalte]]
        return np.array([_versuche(quelle, pfad, nr, lambda t=t: _datum(quelle, t)) for nr, t in enumerate(texte, 1)])
    if angabe.fest:
        return np.full(len(tabelle), angabe.fest, dtype=object)
    treffer = muster_regex(quelle.datei.muster).fullmatch(pfad.name)
    if not treffer or "stichtag" not in treffer.groupdict():
        raise _fehler(
            quelle,
            "Der Stichtag ist nicht zu finden.",
            pfad.name,
            "Die Datei wie im Profil unter [datei] muster nennen.",
        )
    tag = _versuche(
        quelle, pfad, 0, lambda: parse_stichtag(treffer["stichtag"], platzhalter_format(quelle.datei.muster))
    )
    return np.full(len(tabelle), tag, dtype=object)


def _datum(quelle: Quelle, text: str) -> date:
    return parse_stichtag(text, quelle.stichtag.format)


def _zahlen(pfad: Path, quelle: Quelle, tabelle: pd.DataFrame, spalte: str) -> np.ndarray:
    """Numbers of an attribute; NaN where the profile says that nothing was delivered."""
    form = zahlenformat(quelle.datei)

    def lies(zelle: object) -> float:
        if isinstance(zelle, int | float | np.number) and not pd.isna(zelle):
            return float(zelle)
        zahl = parse_zahl(_text(zelle), form)
        return np.nan if zahl.wert is None else zahl.wert

    zellen = enumerate(tabelle[spalte], 1)
    return np.array([_versuche(quelle, pfad, nr, lambda z=z: lies(z), spalte) for nr, z in zellen], dtype=float)


def _versuche(quelle: Quelle, pfad: Path, nr: int, lies, spalte: str = ""):
    try:
        return lies()
    except Zahlenfehler as fehler:
        ort = pfad.name + (f", Punkt {nr}" if nr else "") + (f", Attribut »{spalte}«" if spalte else "")
        raise _fehler(quelle, f"{str(fehler)[0].upper()}{str(fehler)[1:]}.", ort, fehler.tun) from None


def _text(zelle: object) -> str:
    if zelle is None or (isinstance(zelle, float) and np.isnan(zelle)) or zelle is pd.NA:
        return ""
    return saeubern(str(int(zelle)) if isinstance(zelle, float) and zelle.is_integer() else str(zelle))


def _raeume(
    quelle: Quelle, gebiet: Gebiet, punkte: Punkte, auswahl: np.ndarray, tag: date, befunde: list[Befund], pfad: Path
) -> tuple[np.ndarray, list[str]]:
    """Code of the Raum of every chosen point (−1: left out) and the keys the codes stand for."""
    flaechen = Flaechen.read(gebiet, find_gebietsstand(gebiet, quelle, tag), quelle.ebene)
    raum = flaechen.finde(punkte.x[auswahl], punkte.y[auswahl], crs=punkte.crs)
    namen = list(flaechen.raum_ids)
    draussen = int((raum == OHNE).sum())
    if draussen == len(raum):
        raise _fehler(
            quelle,
            "Kein einziger Punkt liegt im Gebiet.",
            f"{pfad.name}, Koordinatensystem {punkte.crs.to_string()}",
            "Das Koordinatensystem prüfen (crs unter [punkte]), und ob die Datei zum Gebiet gehört.",
        )
    if draussen and quelle.raum.andere == "auslassen":
        befunde.append(Befund("zuordnung", "hinweis", f"{draussen} Punkt(e) außerhalb des Gebiets wurden ausgelassen."))
    elif draussen and gebiet.rest_raum is None:
        raise _fehler(
            quelle,
            f"{draussen} von {len(raum)} Punkten liegen in keinem Raum.",
            pfad.name,
            "In gebiet.toml einen [rest_raum] anlegen, der sie aufnimmt; oder im Profil unter [raum] "
            'andere = "auslassen" eintragen, wenn die Datei mehr als das Gebiet enthält.',
        )
    elif gebiet.rest_raum is not None:
        raum = np.where(raum == OHNE, len(namen), raum)
        namen.append(gebiet.rest_raum.raum_id)
        if draussen:
            text = f"{draussen} von {len(raum)} Punkten liegen in keinem Raum und zählen als »{gebiet.rest_raum.name}«."
            befunde.append(Befund("zuordnung", "warnung", text))
    return raum, namen


def _zaehle(
    quelle: Quelle, tag: date, raum: np.ndarray, namen: list[str], werte: dict[str, np.ndarray]
) -> list[pd.DataFrame]:
    """One table per Merkmal. A Raum in which a number is missing has no sum."""
    drin = raum != OHNE
    gezaehlt = {quelle.punkte.anzahl: np.ones(len(raum))} if quelle.punkte.anzahl else {}
    teile = []
    for merkmal, wert in (gezaehlt | werte).items():
        summe = np.bincount(raum[drin], np.nan_to_num(wert[drin]), minlength=len(namen))
        luecke = np.bincount(raum[drin], np.isnan(wert[drin]), minlength=len(namen)) > 0
        spalte = next(
            (f"Summe von {s}" for s, ziel in quelle.punkte.summen.items() if ziel == merkmal), "Anzahl der Punkte"
        )
        teile.append(
            pd.DataFrame(
                {
                    "raum_id": namen,
                    "stichtag": np.datetime64(tag, "s"),
                    "merkmal": merkmal,
                    "wert": np.where(luecke, np.nan, summe),
                    "status": np.where(luecke, "nicht_geliefert", "offen"),
                    "spalte": spalte,
                }
            )
        )
    return teile


def _frame(tabelle: pd.DataFrame, quelle: Quelle, buch: Raumbuch) -> pd.DataFrame:
    """The shape every delivery has; Räume that have no polygon are missing and named by the usual rule."""
    namen = list(dict.fromkeys(buch.tabelle["raum_id"]))
    return pd.DataFrame(
        {
            "raum_id": pd.Categorical(tabelle["raum_id"], namen),
            "stichtag": tabelle["stichtag"].astype("datetime64[s]"),
            "merkmal": pd.Categorical(tabelle["merkmal"], [m for m, a in quelle.merkmale.items() if not a.berechnet]),
            "wert": tabelle["wert"].astype(float),
            "status": pd.Categorical(tabelle["status"], list(STATUS)),
            "blatt": pd.Categorical([""] * len(tabelle)),
            "zeile": np.zeros(len(tabelle), dtype=np.int32),
            "spalte": pd.Categorical(tabelle["spalte"]),
        }
    )


def _fehler(quelle: Quelle, was: str, wo: str, tun: str) -> LieferungError:
    return LieferungError(f"Quelle »{quelle.id}«: {was}", wo=wo, tun=tun)
