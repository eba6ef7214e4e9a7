"""No secret string: planted numbers that nobody has by chance are in no byte of anything that leaves the house.

In the Kleinkreis of 2023 Südhang has 7919 persons on benefits and Weiler 2. Südhang is hidden for Weiler's sake; its
number, its remainder and its rate are searched for in every answer of the server, in every file of the snapshot, in the
exports and in the log, as text, as bytes, packed and unpacked.
"""

from __future__ import annotations

import struct
import zipfile
from io import BytesIO
from pathlib import Path

import duckdb
import pytest

from tests.angreifer.lecks import in_eigenschaften
from tests.angreifer.server import Besucher
from tests.angreifer.spuren import find_spuren
from tests.angreifer.wahrheit import WIE_LESER
from tests.conftest import Installation, build_kleinkreis, free_port, start_server

LB, BEVOELKERUNG = 7919, 26183  # persons on benefits in Südhang, inhabitants under the age limit there
SPUREN = (LB, BEVOELKERUNG - LB)
QUOTE = LB / BEVOELKERUNG * 100


@pytest.fixture(scope="module")
def kreis(tmp_path_factory) -> Installation:
    kreis = build_kleinkreis(tmp_path_factory.mktemp("spuren") / "daten")
    eingang = kreis.daten / "kleinkreis" / "eingang"
    for jahr, suedhang, unter_rag, weiler in ((2022, 7702, 25800, 12), (2023, LB, BEVOELKERUNG, 2)):
        # Südhang is the smallest neighbour of Weiler by far: that is why it is hidden, too.
        lb = {"01;Altstadt": 37490, "02;Bahnhof": 29410, "03;Südhang": suedhang, "04;Weiler": weiler}
        bev = {"01;Altstadt": 93120, "02;Bahnhof": 82600, "03;Südhang": unter_rag, "04;Weiler": 600}
        zeilen = ["Schlüssel;Quartier;Leistungsberechtigte", *(f"99001-{q};{n}" for q, n in lb.items())]
        text = "\n".join([*zeilen, "ohne;nicht zuordenbar;-", f"Insgesamt;;{sum(lb.values())}"]) + "\n"
        (eingang / "kk_sgb2" / f"sgb2_{jahr}-12.csv").write_text(text, encoding="cp1252")
        zeilen = ["Schlüssel;Quartier;insgesamt;unter Regelaltersgrenze;ab Regelaltersgrenze"]
        zeilen += [f"99001-{q};{n + 300};{n};300" for q, n in bev.items()]
        datei = eingang / "kk_bevoelkerung" / f"einwohner_{jahr}.csv"
        datei.write_text("\n".join(zeilen) + "\n", encoding="utf-8")
    kreis.run("laden", "--gebiet", "kleinkreis")
    kreis.run("veroeffentlichen", "--gebiet", "kleinkreis")
    return kreis


def suche(streams: dict[str, bytes]) -> dict[str, list[str]]:
    funde = {}
    for name, inhalt in streams.items():
        treffer = [f for zahl in SPUREN for f in find_spuren(inhalt, zahl)]
        treffer += [name_ for name_, form in (("Quote float64", "<d"), ("Quote float32", "<f"))
                    if struct.pack(form, QUOTE) in inhalt]  # fmt: skip
        treffer += [
            text for text in (f"{QUOTE:.1f}".replace(".", ",") + " %", repr(QUOTE)[:9]) if text.encode() in inhalt
        ]
        if treffer:
            funde[name] = treffer
    return funde


def lies_tabellen(datei: Path) -> dict[str, bytes]:
    """Every table of a database as text."""
    with duckdb.connect(str(datei), read_only=True, config=WIE_LESER) as con:
        namen = [name for (name,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        return {name: repr(con.execute(f"SELECT * FROM {name}").fetchall()).encode() for name in namen}


def test_the_planted_numbers_were_loaded_and_are_hidden(kreis):
    """Else nothing below could fail."""
    assert suche(lies_tabellen(kreis.daten / "kleinkreis" / "intern.duckdb"))
    ziel = kreis.daten / "ausfuhr"
    kreis.run("export", "--gebiet", "kleinkreis", "--freigabe", "kreis", "--ziel", str(ziel))
    zeilen = (ziel / "kennzahlen_daten.csv").read_text(encoding="utf-8").splitlines()
    assert sum("99001-03" in z and "2023-12-31,sgb2_quote" in z and ",gesperrt," in z for z in zeilen) == 1
    assert suche({p.name: p.read_bytes() for p in ziel.iterdir()}) == {}


def test_no_file_of_the_snapshot_holds_them(kreis):
    (stand,) = (kreis.daten / "kleinkreis" / "bestand").glob("2*")
    dateien = {p.relative_to(stand).as_posix(): p.read_bytes() for p in stand.rglob("*") if p.is_file()}
    assert {"kreis.duckdb", "oeffentlich.duckdb", "manifest.json"} <= dateien.keys()
    assert suche(dateien) == {}
    for datei in stand.glob("*.duckdb"):  # compressed in a way of their own: their rows count as well as their bytes
        assert suche(lies_tabellen(datei)) == {}


@pytest.fixture(scope="module")
def besuch(kreis) -> tuple[dict[str, bytes], str]:
    """All answers of a server with the most permissive profile, and what it wrote into its log."""
    server = start_server(kreis, port=free_port(), freigabe="kreis")
    try:
        besucher = Besucher(server.url)
        besucher.besuche("kleinkreis")
        for frage in ("?kennzahl=gibtesnicht", "?raum=99001-03", "?raum=../../intern.duckdb", "?stichtag=2023-13-45"):
            besucher.get(f"/kleinkreis/karte{frage}")  # errors talk too
    finally:
        server.prozess.terminate()
        log = server.prozess.communicate(timeout=10)[0]
    return besucher.antworten | {f"{n} (Kopf)": k.encode() for n, k in besucher.koepfe.items()}, log


def test_no_answer_and_no_log_of_the_server_holds_them(besuch):
    antworten, log = besuch
    assert len(antworten) > 120
    assert suche(antworten | {"Protokoll": log.encode()}) == {}


# --- the search bites ----------------------------------------------------------------------------


def pack(name: str, inhalt: bytes) -> bytes:
    puffer = BytesIO()
    with zipfile.ZipFile(puffer, "w", zipfile.ZIP_DEFLATED) as archiv:
        archiv.writestr(name, inhalt)
    return puffer.getvalue()


@pytest.mark.parametrize(
    "inhalt",
    [
        b"<td>7.919</td>",
        b"aria-label='S\xc3\xbcdhang: 7919 Personen'",
        b'{"zaehler":7919.0}',
        "7.919".encode("utf-16-le"),
        struct.pack("<f", 7919),
        b"\0" + struct.pack("<d", 7919) + b"\0",
        struct.pack("<d", QUOTE),
        pack("xl/sharedStrings.xml", b"<t>7919</t>"),
        pack("xl/media/bild.bin", struct.pack("<f", 7919)),
        f"{BEVOELKERUNG - LB:,}".replace(",", ".").encode(),
    ],
)
def test_a_planted_number_is_found(inhalt):
    assert suche({"x": inhalt})


def test_other_numbers_are_left_alone():
    assert suche({"x": b"179190 79.19 27919 7919123 2026-11-21T07:09:19"}) == {}


def test_a_number_in_the_properties_of_a_workbook_is_found(besuch):
    mappe = besuch[0]["/kleinkreis/export/alles.xlsx"]
    assert suche({"x": mappe}) == {}
    assert suche({"x": in_eigenschaften(mappe, f"Summe {LB}")})


def test_the_command_line_says_nothing_of_them(kreis: Installation):
    ausgaben = [
        kreis.run("veroeffentlichen", "--gebiet", "kleinkreis"),
        kreis.run("herkunft", "--gebiet", "kleinkreis", "99001-03", "sgb2_quote", "2023-12-31", erwarte=None),
    ]
    assert suche({str(nr): (a.stdout + a.stderr).encode() for nr, a in enumerate(ausgaben)}) == {}
