"""Rules between sources: looked at when everything is loaded, anew whenever a delivery comes or goes.

The rules stand in the database as the profiles said at the last loading. What a rule marks as senseless is not shown,
but stays counted: two registers disagree there, and nobody knows which one is wrong.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from etl.befund import STELLEN, Befund, begrenzt, platz
from etl.checks import regeltext
from etl.gleichung import read_gleichung
from etl.quelle import Quelle, Regel
from geodata.fehler import LieferungError

ZEILEN = 1_500_000  # values looked at together


def write_regeln(con: Any, quellen: list[Quelle]) -> None:
    """The rules of all profiles of a Gebiet that cannot be decided within one delivery."""
    zeilen = [(q.id, *zeile) for q in quellen for zeile in _regeln(q)]
    con.execute("DELETE FROM regel")
    if zeilen:
        con.executemany("INSERT INTO regel VALUES (?, ?, ?, ?, ?, ?, ?)", zeilen)


def _regeln(quelle: Quelle) -> Iterator[tuple]:
    for name, merkmal in quelle.merkmale.items():
        if merkmal.teil_von and merkmal.teil_von not in quelle.merkmale:
            grund = f"»{merkmal.titel}« ist ein Teil davon"
            yield "teil_von", f"{name} <= {merkmal.teil_von}", grund, quelle.toleranz.summe, 0.0, "nicht_sinnvoll"
    for regel in quelle.regel:
        if not set(regel.namen) <= set(quelle.merkmale) or regel.bei_verstoss == "nicht_sinnvoll":
            eigene = sorted(regel.namen, key=lambda n: n not in quelle.merkmale)[0]
            assert eigene in quelle.merkmale
            werte = (regel.grund, regel.toleranz, regel.toleranz_relativ, regel.bei_verstoss)
            yield "regel", regel.gleichung, *werte


def pruefe_quer(con: Any) -> list[tuple[int, str, Befund]]:
    """Apply all rules; the findings and the senseless cells of earlier times are replaced.

    Returns:
        `lieferung_id`, `quelle` and finding.

    Raises:
        LieferungError: a rule with `bei_verstoss = "abbruch"` does not hold.
    """
    con.execute("DELETE FROM befund WHERE quer; DELETE FROM unsinn")
    regeln = con.execute("SELECT * FROM regel ORDER BY ALL").fetchall()
    titel = dict(con.execute("SELECT merkmal, titel FROM merkmal").fetchall())
    gefunden: list[tuple[int, str, Befund]] = []
    for quelle, art, gleichung, grund, toleranz, relativ, bei in regeln:
        regel = Regel(gleichung=gleichung, grund=grund, toleranz=toleranz, toleranz_relativ=relativ, bei_verstoss=bei)
        befunde, anzahl = [], 0
        for tafel, werte in _tafeln(con, regel.namen):
            neue, verletzt = _pruefe(con, regel, art, quelle, tafel, werte, titel, STELLEN - len(befunde))
            befunde, anzahl = befunde + neue, anzahl + verletzt
        if befunde:
            nummer = befunde[0][0]
            mit_rest = begrenzt([b for _, b in befunde], anzahl, "Stellen")
            gefunden += [(nr, quelle, b) for nr, b in befunde]
            gefunden += [(nummer, quelle, b) for b in mit_rest[len(befunde) :]]
    if gefunden:
        _write(con, gefunden)
    return gefunden


def _tafeln(con: Any, namen: tuple[str, ...]) -> Iterator[tuple[pd.DataFrame, dict[str, np.ndarray]]]:
    """Places (one row each: raum, stand, stichtag, and row of origin of the first Merkmal) with the values of all."""
    tage = con.execute(
        """
        SELECT stichtag, sum(werte) FROM termin JOIN sprecher USING (lieferung_id, stichtag)
        WHERE list_contains($namen, merkmal)
        GROUP BY stichtag HAVING count(DISTINCT merkmal) = len($namen) ORDER BY stichtag
        """,
        {"namen": list(namen)},
    ).fetchall()
    gruppe, gross = [], 0
    for tag, werte in tage:
        if gruppe and gross + werte > ZEILEN:
            yield _tafel(con, namen, gruppe)
            gruppe, gross = [], 0
        gruppe, gross = [*gruppe, tag], gross + werte
    if gruppe:
        yield _tafel(con, namen, gruppe)


def _tafel(con: Any, namen: tuple[str, ...], tage: list) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    zeilen = con.execute(
        """
        SELECT raum, stand, stichtag, w.text AS merkmal, wert, lieferung_id, blatt, zeile, spalte
        FROM zahl z JOIN sprecher USING (lieferung_id, stichtag) JOIN wort w ON w.code = z.merkmal
        WHERE list_contains($namen, w.text) AND stichtag IN (SELECT unnest($tage)) AND wert IS NOT NULL
        """,
        {"namen": list(namen), "tage": tage},
    ).df()
    ort, orte = pd.factorize(pd.MultiIndex.from_frame(zeilen[["raum", "stand", "stichtag"]]))
    werte, herkunft = {}, np.full(len(orte), -1)
    for name in namen:
        dieses = np.flatnonzero((zeilen["merkmal"] == name).to_numpy())
        werte[name] = np.full(len(orte), np.nan)
        werte[name][ort[dieses]] = zeilen["wert"].to_numpy()[dieses]
        herkunft[ort[dieses]] = np.where(herkunft[ort[dieses]] < 0, dieses, herkunft[ort[dieses]])
    return zeilen.iloc[herkunft].reset_index(drop=True), werte


def _pruefe(con, regel: Regel, art: str, quelle: str, tafel, werte, titel, hoechstens: int) -> tuple[list, int]:
    gleichung = read_gleichung(regel.gleichung)
    links, rechts = gleichung.seiten(werte.__getitem__)
    falsch = gleichung.verletzt(links, rechts, absolut=regel.toleranz, relativ=regel.toleranz_relativ)
    if not falsch.any():
        return [], 0
    betroffen = tafel[falsch].assign(nr=np.flatnonzero(falsch))
    con.register("betroffen", betroffen)
    orte = con.execute(
        """
        SELECT nr, raum.text AS raum_id, stand.text AS gebietsstand, stichtag, lieferung_id, b.text AS blatt,
               coalesce(zeile, 0)::INTEGER AS zeile, s.text AS spalte, datei
        FROM betroffen x JOIN wort raum ON raum.code = x.raum JOIN wort stand ON stand.code = x.stand
        JOIN wort b ON b.code = x.blatt JOIN wort s ON s.code = x.spalte JOIN lieferung USING (lieferung_id)
        ORDER BY stichtag, raum_id
        """
    ).df()
    con.unregister("betroffen")
    if regel.bei_verstoss == "nicht_sinnvoll":
        con.register("orte", orte)
        con.execute(
            "INSERT INTO unsinn SELECT raum_id, gebietsstand, stichtag::DATE, $merkmal FROM orte",
            {"merkmal": regel.namen[0]},
        )
        con.unregister("orte")
    befunde = []
    for zeile in orte.head(max(hoechstens, 1 if regel.bei_verstoss == "abbruch" else 0)).itertuples():
        hier = {name: wert[zeile.nr] for name, wert in werte.items()}
        texte = regeltext(regel, hier, links[zeile.nr], rechts[zeile.nr], zeile, lambda name: titel.get(name, name))
        if regel.bei_verstoss == "nicht_sinnvoll":
            texte["text"] += f" »{titel.get(regel.namen[0], regel.namen[0])}« wird dort nicht gezeigt."
        if regel.bei_verstoss == "abbruch":
            raise LieferungError(
                f"Quelle »{quelle}«: {texte['text']}",
                wo=f"{zeile.datei}, Zeile {zeile.zeile}, Spalte »{zeile.spalte}«",
                tun="Beim Lieferanten nachfragen. Rundet eine Quelle, in der [[regel]] toleranz angeben.",
            )
        ort = f"{zeile.datei}, Zeile {zeile.zeile}, Spalte »{zeile.spalte}«"
        befund = Befund(art, "warnung", merkmal=regel.namen[0], ort=ort, **platz(zeile), **texte)
        befunde.append((int(zeile.lieferung_id), befund))
    return befunde, len(orte)


def _write(con: Any, gefunden: list[tuple[int, str, Befund]]) -> None:
    zeilen = [
        {**vars(b), "lieferung_id": nr, "quelle": quelle, "befund_id": b.kennung(quelle)} for nr, quelle, b in gefunden
    ]
    tafel = pd.DataFrame(zeilen).drop_duplicates("befund_id")
    con.register("quere", tafel.assign(stichtag=pd.to_datetime(tafel["stichtag"])))
    con.execute(
        """
        INSERT INTO befund BY NAME
        SELECT true AS quer, raum AS raum_id, stichtag::DATE AS stichtag, * EXCLUDE (raum, stichtag) FROM quere
        """
    )
    con.unregister("quere")
