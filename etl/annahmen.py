"""Accepted findings: who said when, why a finding is no mistake. One line each in daten/<gebiet>/annahmen.jsonl.

A file of its own beside intern.duckdb: it survives every loading and a database that is built anew, and a person can
read it. Findings that stop a loading wait in wartend.jsonl, since the loading has left nothing else behind.
"""

import json
import os
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime
from pathlib import Path

from etl.befund import SPERRT, Befund
from geodata.fehler import LieferungError

ANNAHMEN, WARTEND = "annahmen.jsonl", "wartend.jsonl"


@dataclass(frozen=True)
class Annahme:
    """One accepted finding; `text` says what was accepted, even when the finding itself is long gone."""

    befund_id: str
    grund: str
    angenommen_am: str  # UTC
    quelle: str
    regel: str
    merkmal: str
    text: str


def read_annahmen(ordner: Path) -> dict[str, Annahme]:
    """Accepted findings by id; the last word counts.

    Raises:
        LieferungError: a line is no accepted finding.
    """
    annahmen = {}
    for zeile, angabe in _read(ordner / ANNAHMEN):
        try:
            annahme = Annahme(**angabe)
        except TypeError:
            raise _unlesbar(ordner / ANNAHMEN, zeile) from None
        annahmen[annahme.befund_id] = annahme
    return annahmen


def nimm_an(ordner: Path, befunde: dict[str, dict], grund: str) -> list[Annahme]:
    """Keep the acceptance of some findings: id → `quelle`, `regel`, `merkmal`, `text`. Nothing is overwritten."""
    wann = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    felder = ("quelle", "regel", "merkmal", "text")
    neue = [
        Annahme(kennung, grund.strip(), wann, **{f: str(angaben[f] or "") for f in felder})
        for kennung, angaben in befunde.items()
    ]
    alle = [*(angabe for _, angabe in _read(ordner / ANNAHMEN)), *map(asdict, neue)]
    _write(ordner / ANNAHMEN, alle)
    return neue


def schwaerze_annahmen(ordner: Path, kennungen: set[str], ersatz: str) -> None:
    """Replace text and reason of some acceptances, both of which may quote values; that they were accepted stays."""
    alle = [angabe for _, angabe in _read(ordner / ANNAHMEN)]
    if any(a.get("befund_id") in kennungen for a in alle):
        schwarz = {"text": ersatz, "grund": ersatz}
        _write(ordner / ANNAHMEN, [a | schwarz if a.get("befund_id") in kennungen else a for a in alle])


def verwirf_wartende(ordner: Path) -> None:
    """Forget the findings that stopped the last loading; the next loading finds them again."""
    _write(ordner / WARTEND, [])


def read_wartende(ordner: Path) -> list[dict]:
    """Findings that stopped the last loading: fields of `Befund`, `befund_id`, `quelle`, `datei`."""
    wartende = []
    for zeile, angabe in _read(ordner / WARTEND):
        if set(angabe) != {f.name for f in fields(Befund)} | {"befund_id", "quelle", "datei"}:
            raise _unlesbar(ordner / WARTEND, zeile)
        wartende.append(angabe | {"stichtag": date.fromisoformat(angabe["stichtag"]) if angabe["stichtag"] else None})
    return wartende


def pruefe_sperrende(ordner: Path, funde: list[tuple[str, str, Befund]], *, gebiet_id: str) -> None:
    """Stop unless every blocking finding has been accepted; those that wait are kept, to be accepted or asked about.

    Args:
        funde: `quelle`, `datei` and finding of everything that is about to be loaded.

    Raises:
        LieferungError: names them, and how to accept them.
    """
    angenommen = read_annahmen(ordner)
    offen = {b.kennung(quelle): (quelle, datei, b) for quelle, datei, b in funde if b.schwere == SPERRT}
    offen = {kennung: fund for kennung, fund in offen.items() if kennung not in angenommen}
    zeilen = [
        vars(b) | {"stichtag": b.stichtag and b.stichtag.isoformat(), "befund_id": k, "quelle": q, "datei": d}
        for k, (q, d, b) in offen.items()
    ]
    _write(ordner / WARTEND, zeilen)
    if offen:
        raise _haelt_an(offen, gebiet_id)


def _haelt_an(offen: dict[str, tuple[str, str, Befund]], gebiet_id: str) -> LieferungError:
    quellen = dict.fromkeys(quelle for quelle, _, _ in offen.values())
    orte = [f"[{kennung}] {datei}: {b.text}" for kennung, (_, datei, b) in list(offen.items())[:10]]
    orte += [f"… und {len(offen) - 10} weitere (»sozialraum befunde --offen«)"] if len(offen) > 10 else []
    was = "Ein Befund hält das Laden an" if len(offen) == 1 else f"{len(offen)} Befunde halten das Laden an"
    return LieferungError(
        f"Quelle »{'«, »'.join(quellen)}«: {was}; geladen wurde nichts.",
        wo="\n           ".join(orte),
        tun=f"Beim Lieferanten nachfragen: »sozialraum rueckfragen --gebiet {gebiet_id} --ziel ORDNER« schreibt die "
        f"Liste. Stimmt der Wert doch: »sozialraum befunde annehmen {next(iter(offen))} --gebiet {gebiet_id} "
        '--grund "…"« und noch einmal laden.',
    )


def _read(pfad: Path) -> list[tuple[int, dict]]:
    if not pfad.exists():
        return []
    zeilen = []
    for nummer, text in enumerate(pfad.read_text(encoding="utf-8").splitlines(), start=1):
        if text.strip():
            try:
                zeilen.append((nummer, dict(json.loads(text))))
            except (ValueError, TypeError):
                raise _unlesbar(pfad, nummer) from None
    return zeilen


def _unlesbar(pfad: Path, zeile: int) -> LieferungError:
    return LieferungError(
        f"Die Datei {pfad.name} ist nicht lesbar.",
        wo=f"{pfad}, Zeile {zeile}",
        tun="Die Zeile aus der Datensicherung berichtigen; die Datei wird nur vom Programm geschrieben.",
    )


def _write(pfad: Path, zeilen: list[dict]) -> None:
    """Old or new, never half: written beside it, then renamed."""
    if not zeilen:
        pfad.unlink(missing_ok=True)
        return
    neu = pfad.with_name(pfad.name + ".neu")
    with open(neu, "w", encoding="utf-8") as datei:
        datei.writelines(json.dumps(zeile, ensure_ascii=False) + "\n" for zeile in zeilen)
        datei.flush()
        os.fsync(datei.fileno())
    os.replace(neu, pfad)
