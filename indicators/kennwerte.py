"""Figures of the proof: how much is hidden and why, and what is left to an attacker. Never a count of persons."""

from __future__ import annotations

import hashlib

import numpy as np
from scipy import sparse

from indicators import geheimhaltung
from indicators.primaer import GRUND_TEXT, KLEIN, LIEFERANT, OFFEN, UNGENUTZT


def zaehle(
    system, grund: np.ndarray, schutz: geheimhaltung.Schutz, matrix: sparse.csr_matrix, bekannt: np.ndarray
) -> dict:
    """Figures of one block and profile."""
    genutzt = grund != UNGENUTZT
    ebenen = system.zellen["ebene"].to_numpy(object)
    geheim = genutzt & (grund != OFFEN)
    breite = (schutz.oben - schutz.unten)[np.isfinite(schutz.oben)]
    return {
        "zellen": int(genutzt.sum()),
        "relationen": int(matrix.shape[0]),
        "relationen_hash": hash_matrix(matrix),
        "primaer": int(np.isin(grund, [KLEIN, LIEFERANT]).sum()),
        "gesperrt": int(geheim.sum()),
        "gruende": {str(g): int((grund == g).sum()) for g in GRUND_TEXT if (grund == g).any()},
        "ebenen": {e: [int((genutzt & (ebenen == e)).sum()), int((geheim & (ebenen == e)).sum())]
                   for e in dict.fromkeys(ebenen[genutzt])},
        "schmalstes": float(np.min(breite)) if len(breite) else None,
        "breitestes": float(np.max(breite)) if len(breite) else None,
        "geprueft": len(schutz.zelle),
        "verloren": len(schutz.verloren),
        "frueher_bekannt": int((bekannt & genutzt).sum()),
        "fruehere_werte": int(system.alt.sum()),
        "teile": schutz.teile,
        "ganzzahlig": schutz.teile_ganz,
    }  # fmt: skip


def hash_matrix(matrix: sparse.csr_matrix) -> str:
    """Of the relations as such: which cells, which signs."""
    m = sparse.csr_matrix(matrix)
    m.sort_indices()
    summe = hashlib.sha256(str(m.shape).encode())
    for teil in (m.indptr.astype(np.int64), m.indices.astype(np.int64), m.data.astype(float)):
        summe.update(teil.tobytes())
    return summe.hexdigest()[:16]


def fasse_zusammen(teile: list[dict]) -> dict:
    """Figures of all blocks as one certificate."""
    schmal = [t["schmalstes"] for t in teile if t["schmalstes"] is not None]
    breit = [t["breitestes"] for t in teile if t["breitestes"] is not None]
    felder = (
        "zellen",
        "relationen",
        "primaer",
        "gesperrt",
        "geprueft",
        "verloren",
        "frueher_bekannt",
        "teile",
        "ganzzahlig",
    )
    summen = {feld: sum(t[feld] for t in teile) for feld in felder}
    gruende: dict[str, int] = {}
    ebenen: dict[str, list[int]] = {}
    for t in teile:
        for grund, zahl in t["gruende"].items():
            gruende[grund] = gruende.get(grund, 0) + zahl
        for ebene, (zellen, gesperrt) in t["ebenen"].items():
            bisher = ebenen.get(ebene, [0, 0])
            ebenen[ebene] = [bisher[0] + zellen, bisher[1] + gesperrt]
    return {
        **summen,
        "relationen_hash": hashlib.sha256("".join(sorted(t["relationen_hash"] for t in teile)).encode()).hexdigest()[
            :16
        ],
        "gruende": gruende,
        "ebenen": ebenen,
        "schmalstes": min(schmal, default=None),
        "breitestes": max(breit, default=None),
    }
