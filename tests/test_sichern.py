"""Backup and restore, as a drill: build, publish, save, destroy, restore; everything answers as before."""

import errno
import hashlib
import json
import os
import random
import re
import resource
import shutil
import signal
import stat
import subprocess
import sys
import zipfile
from contextlib import nullcontext
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

import indicators.sperre
from app import _alles_gesperrt, create_server
from etl.archiv import FASSUNG, LISTE, check_archiv
from etl.sicherung import sichere
from etl.wiederherstellung import stelle_wieder_her
from geodata.fehler import MonitoringError
from geodata.protokoll import protokolliere, read_protokoll
from indicators.mitnahme import nimm_mit
from tests.conftest import Installation

WURZEL = Path(__file__).parents[1]
AUCH = {  # written by other parts of the program or by people; none of it can be rebuilt
    "zugang.toml": 'modus = "keine"\n',
    ".versteckt": "auch das",
    "kleinkreis/annahmen.jsonl": "",
    "kleinkreis/zurueckgezogen/alt.json": "{}",
    "kleinkreis/notiz zum Gebiet ä.txt": "von Hand",
}
FLUECHTIG = ["kleinkreis/intern.duckdb.neu", "kleinkreis/bestand/.bau_1/kreis.duckdb", "kleinkreis/x.lock"]


def lege_dazu(daten: Path) -> None:
    for name, inhalt in AUCH.items():
        (daten / name).parent.mkdir(parents=True, exist_ok=True)
        (daten / name).write_text(inhalt, encoding="utf-8")
    for name in FLUECHTIG:
        (daten / name).parent.mkdir(parents=True, exist_ok=True)
        (daten / name).write_text("halb fertig")


def build_ordner(daten: Path) -> Path:
    """A data folder with the names of a real one; its files hold nothing that can be opened, and need not."""
    zufall = random.Random(4)
    for name in ("intern.duckdb", "bestand/eins/kreis.duckdb", "bestand/eins/manifest.json"):
        (daten / "kleinkreis" / name).parent.mkdir(parents=True, exist_ok=True)
        (daten / "kleinkreis" / name).write_bytes(zufall.randbytes(120_000))
    (daten / "kleinkreis" / "AKTUELL.json").write_text('{"snapshot": "eins"}')
    (daten / "kleinkreis" / "eingang" / "kk_sgb2").mkdir(parents=True)
    (daten / "kleinkreis" / "eingang" / "kk_sgb2" / "sgb2_2023-12.csv").write_text("a;b\n" * 1000)
    return daten


@pytest.fixture
def haus(tmp_path) -> Installation:
    lege_dazu(build_ordner(tmp_path / "daten"))
    return Installation(tmp_path / "daten")


@pytest.fixture(scope="module")
def archiv(tmp_path_factory) -> Path:
    """One archive for all tests that only read it."""
    ort = tmp_path_factory.mktemp("archiv")
    return sichere(build_ordner(ort / "daten"), ort / "s.zip", version="1", sperre=lambda _: nullcontext()).pfad


def antworten(installation: Installation) -> dict[str, bytes]:
    """Every page, list and value file a reader can get of the Kleinkreis, and the export of the inner profile."""
    store, klient = installation.store("kleinkreis"), create_server(installation.daten, "oeffentlich").test_client()
    pfade = ["/", "/kleinkreis/karte", "/kleinkreis/daten", "/kleinkreis/methodik", "/kleinkreis/steckbrief"]
    pfade += ["/kleinkreis/zeitreihe", "/api/v1/kleinkreis/kennzahlen.json"]
    for eintrag in store.katalog():
        pfade.append(f"/api/v1/kleinkreis/herkunft/{eintrag.id}.json")
        pfade += [f"/api/v1/kleinkreis/werte/{eintrag.id}/{ebene}.csv" for ebene in eintrag.ebenen]
    seiten = {pfad: klient.get(pfad) for pfad in pfade}
    assert {pfad: a.status_code for pfad, a in seiten.items()} == dict.fromkeys(pfade, 200)
    dateien = {p.name: p.read_bytes() for p in (store_ordner(installation) / "werte_kreis").iterdir()}
    return {pfad: ohne_zufall(a.get_data()) for pfad, a in seiten.items()} | dateien


def ohne_zufall(seite: bytes) -> bytes:
    """The frame of a page carries tokens drawn anew at every start."""
    return re.sub(rb'nonce="[^"]*"|<script id="_dash-config".*?</script>', b"", seite)


def store_ordner(installation: Installation) -> Path:
    ordner = installation.daten / "kleinkreis"
    return ordner / "bestand" / json.loads((ordner / "AKTUELL.json").read_text())["snapshot"]


def abdruck(ordner: Path) -> dict[str, str]:
    """File → checksum of everything that is worth keeping."""
    alle = {p.relative_to(ordner).as_posix(): p for p in ordner.rglob("*") if p.is_file()}
    fluechtig = re.compile(r"\.(lock|sperre|wer)$|\.neu$|\.bau_|^protokoll.jsonl$")
    return {n: hashlib.sha256(p.read_bytes()).hexdigest() for n, p in alle.items() if not fluechtig.search(n)}


# ---------------------------------------------------------------- the drill


def test_the_drill(kleinkreis, tmp_path):
    shutil.copytree(kleinkreis.daten, tmp_path / "daten")
    haus = Installation(tmp_path / "daten")
    lege_dazu(haus.daten)
    vorher, dateien = antworten(haus), abdruck(haus.daten)
    herkunft = ["herkunft", "99001-02", "sgb2_quote", "31.12.2023", "--gebiet", "kleinkreis"]
    woher = haus.run(*herkunft).stdout
    (tmp_path / "platte").mkdir()

    gesagt = haus.run("sichern", "--ziel", str(tmp_path / "platte")).stdout
    (archiv,) = (tmp_path / "platte").iterdir()
    assert f"Gesichert und geprüft: {archiv}" in gesagt
    assert "geheime Zahlen" in gesagt
    assert stat.S_IMODE(archiv.stat().st_mode) == 0o600
    shutil.rmtree(haus.daten)

    neu = Installation(tmp_path / "anderswo" / "daten")
    neu.daten.parent.mkdir()
    befehl = [sys.executable, str(WURZEL / "app.py"), "wiederherstellen", str(archiv), "--daten", str(neu.daten)]
    ergebnis = subprocess.run(befehl, capture_output=True, text=True, encoding="utf-8", check=True)
    assert "Wiederhergestellt" in ergebnis.stdout
    assert "kennt die Sicherung nicht" in ergebnis.stdout
    assert "kleinkreis: Stand 20" in ergebnis.stdout

    assert abdruck(neu.daten) == dateien
    assert set(AUCH) <= set(dateien)
    assert not any((neu.daten / name).exists() for name in FLUECHTIG)
    assert antworten(neu) == vorher
    assert neu.run(*herkunft).stdout == woher
    datei = neu.daten / "kleinkreis" / "eingang" / "kk_sgb2" / "sgb2_2023-12.csv"
    datei.write_text(datei.read_text("cp1252").replace(";749", ";750").replace("1.245", "1.246"), "cp1252")
    neu.run("laden", "--gebiet", "kleinkreis")
    assert "veröffentlicht" in neu.run("veroeffentlichen", "--gebiet", "kleinkreis").stdout
    taten = [json.loads(zeile)["tat"] for zeile in (neu.daten / "protokoll.jsonl").read_text().splitlines()]
    assert taten == ["geladen", "veroeffentlicht", "wiederhergestellt", "geladen", "veroeffentlicht"]


def test_an_archive_is_never_overwritten_and_can_be_checked_alone(haus, archiv, tmp_path):
    (tmp_path / "s.zip").write_bytes(b"eine andere")
    with pytest.raises(MonitoringError, match="nie überschrieben"):
        sichere(haus.daten, tmp_path / "s.zip", version="1", sperre=_alles_gesperrt)
    assert (tmp_path / "s.zip").read_bytes() == b"eine andere"
    assert "unbeschädigt" in haus.run("wiederherstellen", str(archiv), "--nur-pruefen").stdout
    with pytest.raises(MonitoringError, match="nicht leer; nichts wurde geändert"):
        stelle_wieder_her(archiv, haus.daten, ersetzen=False, sperre=_alles_gesperrt)


def test_what_is_replaced_is_moved_aside_not_deleted(haus, archiv, tmp_path):
    alt = abdruck(haus.daten)
    ergebnis = stelle_wieder_her(archiv, haus.daten, ersetzen=True, sperre=_alles_gesperrt)
    assert abdruck(ergebnis.alt) == alt
    assert ergebnis.alt.name.startswith("daten.vorher_20")
    assert "notiz zum Gebiet ä.txt" not in {p.name for p in haus.daten.rglob("*")}
    assert {p.name for p in tmp_path.iterdir()} == {"daten", ergebnis.alt.name}


def test_a_damaged_database_can_be_saved_and_replaced(haus, archiv, tmp_path):
    """Whoever needs the backup most has a folder that no longer opens."""
    (haus.daten / "kleinkreis" / "intern.duckdb").write_bytes(b"kaputt")
    (haus.daten / "kleinkreis" / "AKTUELL.json").write_bytes(b"{")
    sichere(haus.daten, tmp_path / "kaputt.zip", version="1", sperre=_alles_gesperrt)
    stelle_wieder_her(archiv, haus.daten, ersetzen=True, sperre=_alles_gesperrt)
    assert (haus.daten / "kleinkreis" / "intern.duckdb").stat().st_size == 120_000


@pytest.mark.parametrize("ziel", ["daten/s.zip", "daten", "gibt/es/nicht.zip"])
def test_a_place_that_will_not_do_is_refused(haus, tmp_path, ziel):
    with pytest.raises(MonitoringError, match=r"nicht im Datenordner|Den Ordner gibt es nicht"):
        sichere(haus.daten, tmp_path / ziel, version="1", sperre=_alles_gesperrt)


def test_links_are_followed_once(haus, tmp_path):
    """A delivery folder may be a link to a network drive; a link back to the data folder is no endless tale."""
    netz = tmp_path / "netz"
    shutil.move(haus.daten / "kleinkreis" / "eingang", netz)
    (haus.daten / "kleinkreis" / "eingang").symlink_to(netz)
    (haus.daten / "kleinkreis" / "zurueck").symlink_to(haus.daten / "kleinkreis")
    inhalt = sichere(haus.daten, tmp_path / "s.zip", version="1", sperre=_alles_gesperrt).inhalt
    assert sum("sgb2_2023-12.csv" in name for name in inhalt.dateien) == 1


def test_withdrawals_memory_and_record_survive_an_older_backup(haus, tmp_path):
    """Saved, then published, withdrawn, deleted; the backup must not bring the withdrawn back nor forget what was."""
    gebiet, noetig = haus.daten / "kleinkreis", ("zellen.parquet", "relationen.parquet")
    archiv = tmp_path / "s.zip"

    def merke(ordner: str, inhalt: bytes) -> None:
        (gebiet / "gedaechtnis" / ordner).mkdir(parents=True)
        for name in noetig:
            (gebiet / "gedaechtnis" / ordner / name).write_bytes(inhalt)
        (gebiet / "gedaechtnis" / ordner / "stand.json").write_text(json.dumps({"nr": int(ordner), "bloecke": []}))

    merke("000001", b"eins")
    protokolliere(haus.daten, "veroeffentlicht", "kleinkreis", stand="eins")
    sichere(haus.daten, archiv, version="1", sperre=_alles_gesperrt)
    merke("000002", b"zwei")
    (gebiet / "zurueckgezogen.jsonl").write_text('{"stand": "eins", "grund": "falsch"}\n')
    (gebiet / "zurueckgezogen" / "eins.json").write_text("{}")
    zeile = {"zeit": "2999-01-01T00:00:00Z", "wer": "x", "tat": "lieferung_geloescht", "gebiet": "kleinkreis"}
    with (haus.daten / "protokoll.jsonl").open("a") as datei:
        datei.write(json.dumps(zeile) + "\n")

    gesagt = haus.run("wiederherstellen", str(archiv), "--ersetzen").stdout
    assert "kleinkreis: 1 neuere zurückgezogene Stände übernommen" in gesagt
    assert "kleinkreis: 1 neuere Ausgaben im Gedächtnis übernommen" in gesagt
    assert "1 × kleinkreis: lieferung_geloescht" in gesagt
    assert '"eins"' in (gebiet / "zurueckgezogen.jsonl").read_text()
    assert (gebiet / "zurueckgezogen" / "eins.json").is_file()
    assert [p.name for p in sorted((gebiet / "gedaechtnis").iterdir())] == ["000001", "000002"]
    assert (gebiet / "gedaechtnis" / "000002" / "zellen.parquet").read_bytes() == b"zwei"
    taten = [z["tat"] for z in read_protokoll(haus.daten)]
    assert taten == ["veroeffentlicht", "lieferung_geloescht", "wiederhergestellt"]


def test_a_memory_that_went_another_way_is_numbered_on(tmp_path):
    """Restored, published, restored again: both second editions were seen, both are remembered."""
    for wo, inhalte in (("alt", b"ab"), ("neu", b"ac")):
        for nr, inhalt in enumerate(inhalte, start=1):
            ort = tmp_path / wo / "kleinkreis" / "gedaechtnis" / f"{nr:06d}"
            ort.mkdir(parents=True)
            (ort / "zellen.parquet").write_bytes(bytes([inhalt]))
            (ort / "stand.json").write_text(json.dumps({"nr": nr}))
    (tmp_path / "alt" / "kleinkreis" / "zurueckgezogen.jsonl").write_text("{unlesbar")
    berichte = nimm_mit(tmp_path / "alt", tmp_path / "neu")
    ordner = tmp_path / "neu" / "kleinkreis" / "gedaechtnis"
    assert [(p.name, (p / "zellen.parquet").read_bytes()) for p in sorted(ordner.iterdir())] == [
        ("000001", b"a"), ("000002", b"c"), ("000003", b"b")
    ]  # fmt: skip
    assert json.loads((ordner / "000003" / "stand.json").read_text())["nr"] == 3
    assert "unlesbar, nicht übernommen" in berichte[0]


# ---------------------------------------------------------------- damaged and forged archives


def test_a_flipped_bit_is_found_or_harmless(archiv, tmp_path):
    """Every flip is refused, except in fields nobody reads (dates, system): then the contents are the same."""
    heil, soll = archiv.read_bytes(), check_archiv(archiv).dateien
    kaputt, gefunden = tmp_path / "s.zip", 0
    stellen = range(7, len(heil), len(heil) // 300)
    for stelle in stellen:
        bytes_ = bytearray(heil)
        bytes_[stelle] ^= 1 << stelle % 8
        kaputt.write_bytes(bytes_)
        try:
            assert check_archiv(kaputt).dateien == soll
        except MonitoringError:
            gefunden += 1
    assert gefunden > 0.9 * len(stellen)


@pytest.mark.parametrize("anteil", [0, 0.3, 0.9, 0.999])
def test_an_archive_cut_short_is_refused_and_nothing_is_touched(archiv, haus, tmp_path, anteil):
    kurz, vorher = tmp_path / "kurz.zip", abdruck(haus.daten)
    kurz.write_bytes(archiv.read_bytes()[: int(anteil * archiv.stat().st_size)])
    fehler = haus.run("wiederherstellen", str(kurz), "--ersetzen", erwarte=1).stderr if anteil == 0.9 else None
    with pytest.raises(MonitoringError, match="beschädigt oder unvollständig"):
        stelle_wieder_her(kurz, haus.daten, ersetzen=True, sperre=_alles_gesperrt)
    assert fehler is None or "nichts wurde geändert" in fehler
    assert abdruck(haus.daten) == vorher
    assert {p.name for p in tmp_path.iterdir()} == {"daten", "kurz.zip"}


def faelsche(archiv: Path, ziel: Path, mehr: dict, *, liste=lambda liste: liste) -> Path:
    """The archive with further entries (name or ZipInfo → bytes) that its list knows, and a changed list."""
    with zipfile.ZipFile(archiv) as alt, zipfile.ZipFile(ziel, "w", zipfile.ZIP_DEFLATED) as neu:
        angaben = json.loads(alt.read(LISTE))
        for eintrag in alt.infolist():
            if eintrag.filename != LISTE:
                neu.writestr(eintrag, alt.read(eintrag))
        for eintrag, inhalt in mehr.items():
            name = getattr(eintrag, "filename", eintrag).removeprefix("daten/")
            summe = hashlib.sha256(inhalt).hexdigest()
            angaben["dateien"][name] = {"groesse": len(inhalt), "sha256": summe, "modus": 0o600, "geaendert": 0}
            neu.writestr(eintrag, inhalt)
        neu.writestr(LISTE, json.dumps(liste(angaben)))
    return ziel


def verknuepfung(name: str) -> zipfile.ZipInfo:
    eintrag = zipfile.ZipInfo(name)
    eintrag.external_attr = (stat.S_IFLNK | 0o777) << 16
    return eintrag


@pytest.mark.parametrize(
    "eintrag",
    ["daten/../../boese", "/boese", "daten//boese", "daten/..\\..\\boese", "boese", "daten/./boese", "daten/a\nb",
     verknuepfung("daten/boese")],
    ids=str,
)  # fmt: skip
def test_an_entry_that_would_leave_the_folder_is_refused(archiv, tmp_path, eintrag):
    falsch = faelsche(archiv, tmp_path / "s.zip", {eintrag: b"../../../etc/passwd"})
    with pytest.raises(MonitoringError, match="wird nicht entpackt"):
        stelle_wieder_her(falsch, tmp_path / "a" / "daten", ersetzen=False, sperre=_alles_gesperrt)
    assert {p.name for p in tmp_path.iterdir()} == {"s.zip"}


def test_a_bomb_is_refused_before_it_unpacks(archiv, tmp_path):
    falsch = faelsche(archiv, tmp_path / "s.zip", {f"daten/{nr}": bytes(75_000_000) for nr in range(3)})
    assert falsch.stat().st_size < 1_000_000
    with pytest.raises(MonitoringError, match="wird nicht entpackt"):
        check_archiv(falsch)


def test_what_the_list_does_not_say_is_refused(archiv, tmp_path):
    fremd = faelsche(archiv, tmp_path / "f.zip", {"daten/neu": b"x"}, liste=lambda d: d | {"dateien": {}})
    with pytest.raises(MonitoringError, match="passen nicht zusammen"):
        check_archiv(fremd)

    def andere_summe(angaben):
        angaben["dateien"]["neu"]["sha256"] = "0" * 64
        return angaben

    with pytest.raises(MonitoringError, match="Prüfsumme falsch"):
        check_archiv(faelsche(archiv, tmp_path / "g.zip", {"daten/neu": b"x"}, liste=andere_summe))


def test_versions(archiv, tmp_path):
    """A newer archive is refused with a sentence; what an older program adds or lacks besides does not matter."""
    neuer = faelsche(archiv, tmp_path / "n.zip", {}, liste=lambda d: d | {"fassung": FASSUNG + 1})
    with pytest.raises(MonitoringError, match="neueren Programmversion"):
        check_archiv(neuer)
    anders = faelsche(archiv, tmp_path / "a.zip", {}, liste=lambda d: d | {"programm": "0.0.1", "unbekannt": 1})
    assert check_archiv(anders).programm == "0.0.1"
    ohne = faelsche(archiv, tmp_path / "o.zip", {}, liste=lambda d: {k: w for k, w in d.items() if k != "dateien"})
    with pytest.raises(MonitoringError, match="keine Sicherung dieses Programms"):
        check_archiv(ohne)


# ---------------------------------------------------------------- killed, full, in use

LAUF = """
import os, signal, sys
from pathlib import Path
from app import _alles_gesperrt
from etl.sicherung import sichere
from etl.wiederherstellung import stelle_wieder_her
was, wann, eins, zwei = sys.argv[1:]
def melde(fertig, gesamt, text):
    if text == wann and fertig > gesamt / 3:
        os.kill(os.getpid(), signal.SIGKILL)
if wann == "umbenennen":  # after the old folder went aside, before the new one came
    echt, namen = os.rename, []
    os.rename = lambda a, b: os.kill(os.getpid(), signal.SIGKILL) if namen else (namen.append(a), echt(a, b))
if was == "sichern":
    sichere(Path(eins), Path(zwei), version="1", sperre=_alles_gesperrt, melde=melde)
else:
    stelle_wieder_her(Path(eins), Path(zwei), ersetzen=True, sperre=_alles_gesperrt, melde=melde)
"""


def starte(*angaben, vorher=None) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", LAUF, *map(str, angaben)],
        capture_output=True, text=True, encoding="utf-8", cwd=WURZEL, preexec_fn=vorher,
    )  # fmt: skip


@pytest.mark.parametrize("wann", ["Sichern", "Prüfen"])
def test_kill_9_while_saving_leaves_no_archive_and_the_next_run_cleans_up(haus, tmp_path, wann):
    ort, vorher = tmp_path / "platte", abdruck(haus.daten)
    ort.mkdir()
    assert starte("sichern", wann, haus.daten, ort / "s.zip").returncode == -signal.SIGKILL
    (rest,) = ort.iterdir()
    assert rest.name.endswith(".teil")
    assert stat.S_IMODE(rest.stat().st_mode) == 0o600  # secret even half-written

    sichere(haus.daten, ort / "t.zip", version="1", sperre=_alles_gesperrt)
    assert [p.name for p in ort.iterdir()] == ["t.zip"]
    assert abdruck(haus.daten) == vorher


@pytest.mark.parametrize("wann", ["Prüfen", "Wiederherstellen", "umbenennen"])
def test_kill_9_while_restoring_loses_nothing(haus, archiv, tmp_path, wann):
    vorher = abdruck(haus.daten)
    assert starte("wiederherstellen", wann, archiv, haus.daten).returncode == -signal.SIGKILL
    alt = haus.daten if wann != "umbenennen" else next(tmp_path.glob("daten.vorher_*"))
    assert abdruck(alt) == vorher

    stelle_wieder_her(archiv, haus.daten, ersetzen=True, sperre=_alles_gesperrt)
    assert set(abdruck(haus.daten)) == set(check_archiv(archiv).dateien) - {"protokoll.jsonl"}
    assert any(abdruck(p) == vorher for p in tmp_path.glob("daten.vorher_*"))
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


@pytest.mark.parametrize("was", ["sichern", "wiederherstellen"])
def test_a_full_disk_is_told(haus, archiv, tmp_path, was):
    """No file may grow beyond 40 kB: the archive breaks off, the unpacked database too."""
    ziel, vorher = tmp_path / "s.zip", abdruck(haus.daten)
    angaben = (haus.daten, ziel) if was == "sichern" else (archiv, haus.daten)
    lauf = starte(was, "", *angaben, vorher=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000)))
    assert re.search("Der Datenträger ist voll|Der Platz reicht nicht", lauf.stderr), lauf.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["daten"]
    assert abdruck(haus.daten) == vorher


def test_a_folder_nobody_may_write_to_is_told(haus, tmp_path, monkeypatch):
    def verwehrt(pfad, *_, **__):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(pfad))

    monkeypatch.setattr(os, "open", verwehrt)
    with pytest.raises(MonitoringError, match=r"lässt sich nicht schreiben|nicht beschreiben"):
        sichere(haus.daten, tmp_path / "s.zip", version="1", sperre=lambda _: nullcontext())


def test_publishers_and_loaders_wait_while_their_files_are_read(haus, tmp_path):
    ordner, gesehen = haus.daten / "kleinkreis", []
    namen = (".veroeffentlichen.sperre", "intern.duckdb.lock")

    def melde(fertig, gesamt, text):
        gesehen.append((text, tuple(ist_frei(ordner / name) for name in namen)))

    sichere(haus.daten, tmp_path / "s.zip", version="1", sperre=_alles_gesperrt, melde=melde)
    assert ("Sichern", (False, False)) in gesehen
    assert {frei for text, frei in gesehen if text == "Prüfen"} == {(True, True)}


def ist_frei(sperre: Path) -> bool:
    try:
        with FileLock(sperre, timeout=0):
            return True
    except Timeout:
        return False


def test_saving_and_restoring_wait_for_a_publisher_and_name_it(haus, archiv, tmp_path, monkeypatch):
    monkeypatch.setattr(indicators.sperre, "WARTEN", 0.05)
    vorher = abdruck(haus.daten)
    with indicators.sperre.sperre(haus.daten / "kleinkreis"):
        with pytest.raises(MonitoringError, match="gesperrt von Vorgang"):
            sichere(haus.daten, tmp_path / "s.zip", version="1", sperre=_alles_gesperrt)
        with pytest.raises(MonitoringError, match="gesperrt von Vorgang"):
            stelle_wieder_her(archiv, haus.daten, ersetzen=True, sperre=_alles_gesperrt)
    assert abdruck(haus.daten) == vorher
    assert [p.name for p in tmp_path.iterdir()] == ["daten"]
