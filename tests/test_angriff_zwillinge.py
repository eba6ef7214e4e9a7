"""Two Kreise that differ only in what is hidden look the same from outside: at every door, in every byte.

Whatever a secret could show itself in (class edges, an order, the length of a bar, a finding, a checksum, the size of a
file) would tell the two apart.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.angreifer.server import Besucher
from tests.angreifer.spuren import entpacke
from tests.angreifer.wahrheit import WIE_LESER
from tests.conftest import Installation, build_kleinkreis, free_port, start_server

# 2022: Südhang 98, Weiler 12. 2023 both are hidden, together 21; nobody may see which of the two worlds he is in.
WELTEN = {"eine": (19, 2), "andere": (20, 1)}
UNGLEICH = (  # when something happened, and what is drawn or keyed by chance
    (rb"\d{4}-\d\d-\d\dT\d\d:?\d\d:?\d\d(Z|\+00:00)(_\d{6})?(_[0-9a-f]{12})?", b"STAND"),
    (rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+", b"GELADEN"),
    (rb"\b[0-9a-f]{64}\b|<code>[0-9a-f]{12}</code>", b"PRUEFSUMME"),  # keyed, see the last test
    (rb'"end_id":"[^"]*"', b""),  # of Dash, drawn anew for every page
    (rb"\b\d\d:\d\d UTC", b"UHR"),
)


@pytest.fixture(scope="module")
def welten(tmp_path_factory) -> Iterator[dict[str, Installation]]:
    with pytest.MonkeyPatch.context() as umgebung:
        umgebung.setenv("PYTHONHASHSEED", "0")  # else the order of attributes on a page is drawn by chance
        yield {name: _baue(tmp_path_factory.mktemp(name) / "daten", *werte) for name, werte in WELTEN.items()}


def _baue(daten: Path, suedhang: int, weiler: int) -> Installation:
    kreis = build_kleinkreis(daten)
    ordner = daten / "kleinkreis" / "eingang" / "kk_sgb2"
    for datei, tausche in (
        ("sgb2_2022-12.csv", {"Südhang;90": "Südhang;98", "1.235": "1.243"}),
        ("sgb2_2023-12.csv", {"Südhang;84": f"Südhang;{suedhang}", "Weiler;2": f"Weiler;{weiler}", "1.245": "1.180"}),
    ):
        text = (ordner / datei).read_text(encoding="cp1252")
        for alt, neu in tausche.items():
            assert text.count(alt) == 1
            text = text.replace(alt, neu)
        (ordner / datei).write_text(text, encoding="cp1252")
    kreis.run("laden", "--gebiet", "kleinkreis")
    kreis.run("veroeffentlichen", "--gebiet", "kleinkreis")
    return kreis


def test_every_answer_of_the_server_is_the_same(welten):
    eine, andere = (_besuche(kreis) for kreis in welten.values())
    assert {"/kleinkreis/daten", "/kleinkreis/steckbrief/99001-04", "/kleinkreis/export/alles.xlsx"} <= eine.keys()
    assert any(name.endswith(".wert.bin") for name in eine) and any("z-bild" in name for name in eine)
    assert eine.keys() == andere.keys()
    assert [name for name in eine if _gleichmache(eine[name]) != _gleichmache(andere[name])] == []


def _besuche(kreis: Installation) -> dict[str, bytes]:
    server = start_server(kreis, port=free_port(), freigabe="oeffentlich")
    try:
        besucher = Besucher(server.url)
        besucher.besuche("kleinkreis")
        weg = r"(?m)^(Date|ETag|Content-Length): .*$"  # of the time, or of the body, which is compared itself
        koepfe = {f"{name} (Kopf)": re.sub(weg, "", k).encode() for name, k in besucher.koepfe.items()}
        return besucher.antworten | koepfe
    finally:
        server.prozess.terminate()
        server.prozess.wait(timeout=10)


def _gleichmache(inhalt: bytes) -> list[bytes]:
    """The bytes, and those of everything packed in them, without what may differ."""
    teile = [teil for _, teil in entpacke(inhalt)]
    teile = teile if len(teile) == 1 else teile[1:]
    for muster, ersatz in UNGLEICH:
        teile = [re.sub(muster, ersatz, teil) for teil in teile]
    return teile


def test_every_table_of_the_snapshots_is_the_same(welten):
    eine, andere = (dict(_tabellen(kreis)) for kreis in welten.values())
    assert len(eine) > 30
    assert eine.keys() == andere.keys()
    assert [name for name in eine if eine[name] != andere[name]] == []


def _tabellen(kreis: Installation) -> Iterator[tuple[str, bytes]]:
    """Profile and table → rows as text, without what time and key of the installation put there."""
    (stand,) = (kreis.daten / "kleinkreis" / "bestand").glob("2*")
    for datei in sorted(stand.glob("*.duckdb")):
        with duckdb.connect(str(datei), read_only=True, config=WIE_LESER) as con:
            for (tabelle,) in con.execute("SELECT table_name FROM duckdb_tables() ORDER BY ALL").fetchall():
                spalten = [s for (s,) in con.execute(
                    "SELECT column_name FROM duckdb_columns() WHERE table_name = $t", {"t": tabelle}
                ).fetchall() if s not in ("geladen_am", "sha256")]  # fmt: skip
                zeilen = con.execute(f"SELECT {', '.join(spalten)} FROM {tabelle}").fetchall()  # in stored order
                yield f"{datei.stem} {tabelle}", _gleichmache(repr(zeilen).encode())
    for datei in sorted(p for p in stand.rglob("*.bin")):
        yield datei.relative_to(stand).as_posix(), datei.read_bytes()


@pytest.mark.parametrize(
    ("art", "eine", "andere"),
    [
        ("Befund", b'[("kk_sgb2", "sprung", 1)]', b"[]"),
        ("Balken", b'<i style="width:22%"></i>', b'<i style="width:23%"></i>'),
        ("Reihenfolge", b"<li>S\xc3\xbcdhang</li><li>Weiler</li>", b"<li>Weiler</li><li>S\xc3\xbcdhang</li>"),
        ("Klassengrenze", b'"klassen": [1.0, 10.0]', b'"klassen": [0.5, 10.0]'),
        ("Vorlesetext", b'<img alt="19 Personen">', b'<img alt="20 Personen">'),
        ("gepackt", gzip.compress(b"19", mtime=0), gzip.compress(b"20", mtime=0)),
    ],
)
def test_a_planted_difference_is_noticed(art, eine, andere):
    assert _gleichmache(eine) != _gleichmache(andere), art
    assert _gleichmache(b"Stand 2026-11-21T081500Z_000001_0123456789ab") == _gleichmache(b"Stand 2027-01-01T000000Z")


def test_a_checksum_confirms_no_guess(welten):
    """Whoever knows all but one number of a delivery could try them all and compare its checksum, were it a plain one.
    The deliveries of 2022 are the same in both worlds; their published checksums are not, since each is keyed."""
    pruefsummen = []
    for kreis in welten.values():
        (stand,) = (kreis.daten / "kleinkreis" / "bestand").glob("2*")
        with duckdb.connect(str(stand / "kreis.duckdb"), read_only=True, config=WIE_LESER) as con:
            summen = con.execute("SELECT datei, sha256 FROM lieferung WHERE sha256 <> ''").fetchall()
        pruefsummen.append(set(summen) | {("Stand", stand.name.rsplit("_", 1)[1])})
    assert not pruefsummen[0] & pruefsummen[1]
