"""A later delivery for the same Stichtag: what it changes, told before it replaces the earlier one."""

from typing import Any

import numpy as np
import pandas as pd

from etl.befund import Befund, als_text, ortsangabe, platz
from etl.quelle import Quelle
from etl.spruenge import find_spruenge

GENANNT = 10  # changes named one by one per Merkmal


def find_aenderungen(con: Any, quelle: Quelle) -> tuple[dict[str, int], list[Befund]]:
    """What the values in `neu` (codes, see `etl.load`) change against those that count now for their Stichtage.

    Returns:
        Changed values per Merkmal; one finding per Merkmal with the largest changes, and the jumps among them.
    """
    frage = "SELECT 1 FROM sprecher WHERE quelle = $quelle AND stichtag IN (SELECT DISTINCT stichtag::DATE FROM neu)"
    if not con.execute(frage, {"quelle": quelle.id}).fetchall():
        return {}, []
    zeilen = con.execute(
        """
        WITH alt AS (
            SELECT z.raum, z.stichtag, z.merkmal, z.wert, z.status
            FROM zahl z JOIN sprecher s USING (lieferung_id, stichtag)
            WHERE s.quelle = $quelle AND stichtag IN (SELECT DISTINCT stichtag::DATE FROM neu)
        ), jetzt AS (
            SELECT raum, stichtag::DATE AS stichtag, merkmal, nullif(wert, 'NaN'::DOUBLE) AS wert, status, blatt,
                   zeile, spalte
            FROM neu WHERE stichtag::DATE IN (SELECT DISTINCT stichtag FROM alt)
        ), anders AS (
            SELECT raum, merkmal, stichtag, alt.wert AS vorher, jetzt.wert, blatt, zeile, spalte,
                   count(*) OVER (PARTITION BY merkmal) AS anzahl,
                   row_number() OVER (
                       PARTITION BY merkmal ORDER BY abs(jetzt.wert - alt.wert) DESC NULLS LAST, stichtag, raum
                   ) AS rang
            FROM alt FULL JOIN jetzt USING (raum, stichtag, merkmal)
            WHERE alt.wert IS DISTINCT FROM jetzt.wert OR alt.status IS DISTINCT FROM jetzt.status
        )
        SELECT raum.text AS raum_id, merkmal.text AS merkmal, stichtag, vorher, wert, anzahl, rang,
               coalesce(b.text, '') AS blatt, coalesce(zeile, 0)::INTEGER AS zeile, coalesce(s.text, '') AS spalte
        FROM anders JOIN wort raum ON raum.code = raum JOIN wort merkmal ON merkmal.code = merkmal
        LEFT JOIN wort b ON b.code = blatt LEFT JOIN wort s ON s.code = spalte
        WHERE rang <= $genannt OR greatest(abs(wert), abs(vorher)) >= $faktor * least(abs(wert), abs(vorher))
        ORDER BY merkmal.text, rang
        """,
        {"quelle": quelle.id, "genannt": GENANNT, "faktor": quelle.sprung.faktor},
    ).df()
    je_merkmal = zeilen[zeilen["rang"] == 1]
    geaendert = dict(zip(je_merkmal["merkmal"], je_merkmal["anzahl"].tolist(), strict=True))
    zeilen = zeilen[zeilen["merkmal"].isin(list(quelle.merkmale))]
    befunde = [_befund(teil, quelle) for _, teil in zeilen[zeilen["rang"] <= GENANNT].groupby("merkmal", sort=False)]
    paare = zeilen[zeilen["wert"].notna() & zeilen["vorher"].notna()]
    return geaendert, befunde + find_spruenge(paare, quelle, gegen=", frühere Lieferung desselben Stichtags")


def _befund(teil: pd.DataFrame, quelle: Quelle) -> Befund:
    erste, anzahl = teil.iloc[0], int(teil["anzahl"].iloc[0])
    liste = "; ".join(
        f"{z.raum_id} am {z.stichtag:%d.%m.%Y} {_oder(z.vorher)} → {_oder(z.wert)}" for z in teil.itertuples()
    )
    mehr = f" und {anzahl - len(teil)} weitere" if anzahl > len(teil) else ""
    titel = quelle.merkmale[erste.merkmal].titel
    text = f"Nachlieferung: »{titel}« ändert sich an {anzahl} Stelle{'n' if anzahl > 1 else ''}: {liste}{mehr}."
    werte = {"gefunden": _oder(erste.wert), "vorher": _oder(erste.vorher)}
    return Befund("nachlieferung", "hinweis", text, erste.merkmal, ortsangabe(erste), **platz(erste), **werte)


def _oder(wert: float) -> str:
    return "ohne Wert" if wert is None or np.isnan(wert) else als_text(wert)
