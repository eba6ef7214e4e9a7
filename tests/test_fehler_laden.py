"""Faults while loading, one test per row of the list: F01 to F03, F05, F06, F09 to F12.

The old state must be served whatever happens, and the next run must go through as if nothing had been.
"""

import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from filelock import FileLock

import etl.bestand
from etl.bestand import SCHEMA_VERSION, frage, gesperrt, list_lieferungen
from etl.load import load
from etl.quelle import read_quelle
from geodata.fehler import KatalogError, LieferungError
from tests.lieferungen import GUT, PROFIL, baue_gebiet, baue_quelle, schreibe

WURZEL = Path(__file__).parents[1]
NEU = GUT.replace("84;84;-", "85;85;-").replace("1.742;1.287", "1.743;1.288")

LADER = """
import sys
from pathlib import Path
from etl.load import load
from etl.quelle import read_quelle
from geodata.gebiet import read_gebiet
wurzel = Path(sys.argv[1])
gebiet, quelle = read_gebiet(wurzel / "gebiete" / "test"), read_quelle(wurzel / "quellen" / "sgb2.toml")
print("los", flush=True)
load(gebiet, {"sgb2": quelle}, [(quelle, p) for p in sorted((wurzel / "eingang").iterdir())], wurzel / "intern.duckdb",
     melde=lambda done, total, text: print(text, flush=True))
print("fertig", flush=True)
"""


@pytest.fixture
def gebiet(tmp_path):
    return baue_gebiet(tmp_path / "gebiete")


@pytest.fixture
def lade(tmp_path, gebiet):
    def lade(dateien, ziel=None):
        quelle = baue_quelle(tmp_path / "quellen")
        pfade = [(quelle, schreibe(tmp_path / "eingang" / name, inhalt)) for name, inhalt in dateien.items()]
        return load(gebiet, {"sgb2": quelle}, pfade, ziel or tmp_path / "intern.duckdb")

    return lade


def starte(tmp_path, *, vorher=None):
    return subprocess.Popen(
        [sys.executable, "-c", LADER, str(tmp_path)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=WURZEL, preexec_fn=vorher,
    )  # fmt: skip


def weiler(tmp_path):
    """Stichtag → benefits in Weiler."""
    sql = "SELECT stichtag, wert FROM fallzahl_gueltig WHERE raum_id = '05999012' AND merkmal = 'sgb2_rlb' ORDER BY 1"
    tafel = frage(tmp_path / "intern.duckdb", sql)
    return dict(zip(tafel["stichtag"].dt.year, tafel["wert"], strict=True))


def reste(tmp_path):
    return sorted(p.name for p in tmp_path.iterdir() if p.name.startswith((".", "intern")))


# ---------------------------------------------------------------- F01 to F03: cut off in the middle


def test_f01_kill_9_at_every_step_serves_the_old_state(lade, tmp_path):
    """Killed at random instants of a load, from its first line to after its last: old or new, never anything else."""
    lade({"sgb2_2021.csv": GUT})
    alt = (tmp_path / "intern.duckdb").read_bytes()
    schreibe(tmp_path / "eingang" / "sgb2_2022.csv", NEU)
    lauf = starte(tmp_path)
    lauf.stdout.readline()
    anfang = time.monotonic()
    assert lauf.wait(60) == 0
    dauer = time.monotonic() - anfang
    zufall, getoetet = random.Random(1), 0
    for nr in range(12):
        (tmp_path / "intern.duckdb").write_bytes(alt)
        lauf = starte(tmp_path)
        lauf.stdout.readline()
        try:
            lauf.wait((nr + zufall.random()) / 11 * dauer)
        except subprocess.TimeoutExpired:
            lauf.send_signal(signal.SIGKILL)
        getoetet += lauf.wait(60) == -signal.SIGKILL
        assert weiler(tmp_path) in ({2021: 84}, {2021: 84, 2022: 85})
    assert getoetet > 3

    lade({"sgb2_2021.csv": GUT, "sgb2_2022.csv": NEU})  # the next run cleans up
    assert weiler(tmp_path) == {2021: 84, 2022: 85}
    assert reste(tmp_path) == ["intern.duckdb", "intern.duckdb.lock"]


@pytest.mark.parametrize("zeile", ["sgb2/sgb2_2022.csv", "Schreiben"])
def test_f01_kill_9_after_each_progress_line(lade, tmp_path, zeile):
    lade({"sgb2_2021.csv": GUT})
    schreibe(tmp_path / "eingang" / "sgb2_2022.csv", NEU)
    lauf = starte(tmp_path)
    for meldung in lauf.stdout:
        if meldung.strip() == zeile:
            lauf.send_signal(signal.SIGKILL)
            break
    lauf.wait(60)
    assert weiler(tmp_path)[2021] == 84
    lade({"sgb2_2021.csv": GUT, "sgb2_2022.csv": NEU})
    assert weiler(tmp_path) == {2021: 84, 2022: 85}


@pytest.mark.parametrize("rest", ["ganz", "halb", "leer"])
def test_f02_a_draft_left_by_a_power_cut_is_never_taken_for_the_state(lade, tmp_path, rest):
    """Before the rename reached the disk: the old file and a draft beside it, whole, cut off or empty."""
    lade({"sgb2_2021.csv": GUT})
    ziel, entwurf = tmp_path / "intern.duckdb", tmp_path / "intern.duckdb.neu"
    ganz = ziel.read_bytes()
    entwurf.write_bytes({"ganz": ganz, "halb": ganz[: len(ganz) // 2], "leer": b""}[rest])
    (tmp_path / "intern.duckdb.neu.wal").write_bytes(b"halb geschrieben")
    assert weiler(tmp_path) == {2021: 84}
    lade({"sgb2_2021.csv": GUT, "sgb2_2022.csv": NEU})
    assert weiler(tmp_path) == {2021: 84, 2022: 85}
    assert reste(tmp_path) == ["intern.duckdb", "intern.duckdb.lock"]


def test_f02_the_draft_of_a_first_load_is_thrown_away(lade, tmp_path):
    """Nothing had been loaded yet when the power went: what the draft holds was never told to anybody."""
    lade({"sgb2_2021.csv": GUT})
    (tmp_path / "intern.duckdb").rename(tmp_path / "intern.duckdb.neu")
    lade({"sgb2_2022.csv": NEU})
    assert weiler(tmp_path) == {2022: 85}


def test_f02_the_draft_is_on_disk_before_it_becomes_the_state(lade, tmp_path, monkeypatch):
    """Watched, not replaced: first the content of the draft, then the rename, then the folder that names it."""
    folge, fsync, replace = [], os.fsync, os.replace

    def sieh_fsync(nummer):
        folge.append("fsync " + Path(os.readlink(f"/proc/self/fd/{nummer}")).name)
        return fsync(nummer)

    def sieh_replace(alt, neu):
        folge.append(f"replace {Path(alt).name} {Path(neu).name}")
        return replace(alt, neu)

    monkeypatch.setattr(os, "fsync", sieh_fsync)
    monkeypatch.setattr(os, "replace", sieh_replace)
    lade({"sgb2_2021.csv": GUT})
    assert folge[-3:] == [
        "fsync intern.duckdb.neu",
        "replace intern.duckdb.neu intern.duckdb",
        f"fsync {tmp_path.name}",
    ]


@pytest.mark.parametrize("mehr", [0, 300_000])
def test_f03_a_full_disk_is_told_and_the_old_state_stays(lade, tmp_path, mehr):
    """No file may grow beyond a limit: the copy breaks off at once, or the database in the middle of writing."""
    lade({"sgb2_2021.csv": GUT})
    alt = (tmp_path / "intern.duckdb").read_bytes()
    schreibe(tmp_path / "eingang" / "sgb2_2022.csv", NEU)
    grenze = len(alt) // 2 + mehr if not mehr else len(alt) + mehr

    lauf = starte(tmp_path, vorher=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (grenze, grenze)))
    _, fehler = lauf.communicate(timeout=60)
    assert lauf.returncode != 0
    assert "Der Datenträger ist voll; nichts wurde geändert" in fehler
    assert (tmp_path / "intern.duckdb").read_bytes() == alt
    assert reste(tmp_path) == ["intern.duckdb", "intern.duckdb.lock"]
    lade({"sgb2_2021.csv": GUT, "sgb2_2022.csv": NEU})
    assert weiler(tmp_path) == {2021: 84, 2022: 85}


# ---------------------------------------------------------------- F05, F06: locks


def test_f05_the_second_waits_and_is_told_who_holds_the_lock(lade, tmp_path, monkeypatch):
    monkeypatch.setattr(etl.bestand, "WARTEN", 0.1)
    with gesperrt(tmp_path / "intern.duckdb"):
        lauf = subprocess.run(
            [sys.executable, "-c", LADER.replace("wurzel = ", "import etl.bestand as b; b.WARTEN = 0.1\nwurzel = "),
             str(_vorbereitet(tmp_path))],
            capture_output=True, text=True, cwd=WURZEL, timeout=60,
        )  # fmt: skip
    assert re.search(rf"gesperrt von Vorgang {os.getpid()} auf »\S+« seit \d{{4}}-\d\d-\d\d \d\d:\d\d Uhr", lauf.stderr)
    assert "wiederholen" in lauf.stderr
    assert lade({"sgb2_2021.csv": GUT}).geladen == 1


def _vorbereitet(tmp_path):
    baue_quelle(tmp_path / "quellen")
    schreibe(tmp_path / "eingang" / "sgb2_2021.csv", GUT)
    return tmp_path


def test_f05_the_second_goes_on_when_the_first_is_done(lade, tmp_path):
    _vorbereitet(tmp_path)
    laeufe = [starte(tmp_path), starte(tmp_path)]
    assert [lauf.wait(60) for lauf in laeufe] == [0, 0]
    assert len(list_lieferungen(tmp_path / "intern.duckdb")) == 1  # the second found everything there already


def test_f06_a_stale_lock_is_taken_over_and_logged(lade, tmp_path, caplog):
    (tmp_path / "intern.duckdb.lock").write_text("")
    wer = '{"vorgang": 4711, "rechner": "alt", "seit": "2024-01-01 10:00:00"}'
    (tmp_path / "intern.duckdb.wer").write_text(wer)
    assert lade({"sgb2_2021.csv": GUT}).geladen == 1
    assert "Vorgang 4711 auf »alt« seit 2024-01-01 10:00 Uhr (UTC) war verwaist" in caplog.text
    assert reste(tmp_path) == ["intern.duckdb", "intern.duckdb.lock"]


def test_f06_damaged_notes_about_the_lock_do_not_matter(lade, tmp_path, caplog):
    (tmp_path / "intern.duckdb.wer").write_text("{")
    assert lade({"sgb2_2021.csv": GUT}).geladen == 1
    assert "einem unbekannten Vorgang" in caplog.text


# ---------------------------------------------------------------- F09: clocks


def test_f09_the_later_delivery_counts_even_if_the_clock_went_back(lade, tmp_path):
    lade({"sgb2_2021.csv": GUT})
    with duckdb.connect(str(tmp_path / "intern.duckdb")) as con:
        con.execute("UPDATE lieferung SET geladen_am = TIMESTAMP '2099-01-01'")  # loaded while the clock was wrong
    lade({"sgb2_2021_neu.csv": NEU})
    liste = list_lieferungen(tmp_path / "intern.duckdb")
    assert liste["geladen_am"].is_monotonic_decreasing
    assert list(liste["gilt"]) == [False, True]
    assert weiler(tmp_path) == {2021: 85}
    assert abs((liste["geladen_am"].iloc[1] - datetime.now(etl.bestand.UTC).replace(tzinfo=None)).total_seconds()) < 600


# ---------------------------------------------------------------- F10: folders


def test_f10_a_file_where_the_folder_should_be(neuer_kleinkreis):
    ordner = neuer_kleinkreis.daten / "kleinkreis"
    eingang = neuer_kleinkreis.daten / "woanders"
    shutil.move(ordner / "eingang", eingang)
    shutil.rmtree(ordner)
    ordner.write_text("kein Ordner")
    dateien = [str(p) for p in sorted(eingang.rglob("*.csv"))]
    lauf = neuer_kleinkreis.run("laden", "--gebiet", "kleinkreis", *dateien, erwarte=20)
    assert "Der Datenordner lässt sich nicht beschreiben" in lauf.stderr
    assert str(ordner) in lauf.stderr
    assert "Schreibrechte" in lauf.stderr
    assert "Traceback" not in lauf.stderr


def test_f10_a_folder_without_the_right_to_write(lade, tmp_path):
    ordner = tmp_path / "daten"
    ordner.mkdir()
    ordner.chmod(0o555)
    try:
        (ordner / "probe").touch()
    except PermissionError:
        with pytest.raises(LieferungError, match="Der Datenordner lässt sich nicht beschreiben") as fehler:
            lade({"sgb2_2021.csv": GUT}, ordner / "intern.duckdb")
        assert str(ordner) in fehler.value.wo
    else:  # the administrator may write everywhere
        assert lade({"sgb2_2021.csv": GUT}, ordner / "intern.duckdb").geladen == 1


def test_f10_a_missing_folder_is_named_at_the_start(tmp_path):
    lauf = subprocess.run(
        [sys.executable, str(WURZEL / "app.py"), "starten", "--daten", str(tmp_path / "gibt es nicht"), "--port", "1"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert lauf.returncode == 1
    assert "gibt es nicht" in lauf.stderr
    assert "laden" in lauf.stderr


# ---------------------------------------------------------------- F11: other program versions


ALT = (Path(__file__).parent / "intern_fassung_1.sql").read_text(encoding="utf-8")


def alte_datenbank(pfad):
    """As the first version wrote it: texts in every row, no fingerprints, no schema version."""
    with duckdb.connect(str(pfad)) as con:
        con.execute(ALT)
        con.execute(
            "INSERT INTO lieferung VALUES (1, 'sgb2', 'sgb2_2021.csv', 'x', 'y', TIMESTAMP '2022-01-01', 2, NULL)"
        )
        con.execute("SELECT nextval('lieferung_nr')")
        con.execute(
            """
            INSERT INTO fallzahl VALUES
            ('05999012', '2015-01-01', '2021-12-31', 'sgb2_rlb', 84, 'offen', 1, '', 6, 'Leistungsberechtigte'),
            ('05999008', '2015-01-01', '2021-12-31', 'sgb2_rlb', NULL, 'gesperrt_quelle', 1, '', 5, 'LB')
            """
        )
        con.execute("INSERT INTO befund VALUES (1, 'sgb2', 'sprung', 'sgb2_rlb', 'warnung', 'Stimmt das?', 'Zeile 6')")
    return pfad.read_bytes()


def test_f11_an_older_database_is_migrated_in_a_copy_and_loses_nothing(lade, tmp_path):
    alt = alte_datenbank(tmp_path / "intern.duckdb")
    with pytest.raises(LieferungError, match="älteren Programmversion") as fehler:
        list_lieferungen(tmp_path / "intern.duckdb")
    assert "laden" in fehler.value.tun
    assert (tmp_path / "intern.duckdb").read_bytes() == alt  # reading changes nothing

    lade({"sgb2_2022.csv": NEU})
    assert weiler(tmp_path) == {2021: 84, 2022: 85}
    geheim = "SELECT status, zeile, spalte FROM fallzahl_gueltig WHERE raum_id = '05999008' AND year(stichtag) = 2021"
    assert frage(tmp_path / "intern.duckdb", geheim).iloc[0].tolist() == ["gesperrt_quelle", 5, "LB"]
    kennung = frage(tmp_path / "intern.duckdb", "SELECT befund_id, text FROM befund WHERE lieferung_id = 1")
    assert kennung["text"].tolist() == ["Stimmt das?"]
    assert kennung["befund_id"].str.len().tolist() == [10]
    assert frage(tmp_path / "intern.duckdb", "SELECT version FROM fassung")["version"].tolist() == [SCHEMA_VERSION]
    assert list(list_lieferungen(tmp_path / "intern.duckdb")["lieferung_id"]) == [1, 2]


def test_f11_a_newer_database_is_refused_with_a_sentence(lade, tmp_path):
    lade({"sgb2_2021.csv": GUT})
    with duckdb.connect(str(tmp_path / "intern.duckdb")) as con:
        con.execute("UPDATE fassung SET version = version + 1")
    neuer = (tmp_path / "intern.duckdb").read_bytes()
    with pytest.raises(LieferungError, match="von einer neueren Programmversion") as fehler:
        lade({"sgb2_2022.csv": NEU})
    assert "aktualisieren" in fehler.value.tun
    assert (tmp_path / "intern.duckdb").read_bytes() == neuer


def test_f11_a_damaged_database_is_named(lade, tmp_path):
    lade({"sgb2_2021.csv": GUT})
    ganz = (tmp_path / "intern.duckdb").read_bytes()
    (tmp_path / "intern.duckdb").write_bytes(b"kein DuckDB" * 2000)
    with pytest.raises(LieferungError, match="beschädigt") as fehler:
        lade({"sgb2_2022.csv": NEU})
    assert "Datensicherung" in fehler.value.tun
    (tmp_path / "intern.duckdb").write_bytes(ganz)
    assert lade({"sgb2_2022.csv": NEU}).geladen == 1


def test_f11_publishing_refuses_an_older_database(neuer_kleinkreis):
    alte_datenbank(neuer_kleinkreis.daten / "kleinkreis" / "intern.duckdb")
    lauf = neuer_kleinkreis.run("veroeffentlichen", "--gebiet", "kleinkreis", erwarte=1)
    assert "älteren Programmversion" in lauf.stderr
    assert "»sozialraum laden --gebiet kleinkreis«" in lauf.stderr


# ---------------------------------------------------------------- F12: configuration


def test_f12_an_unknown_key_names_the_allowed_ones(tmp_path):
    with pytest.raises(KatalogError, match="Den Eintrag »tolleranz« gibt es nicht") as fehler:
        baue_quelle(tmp_path, profil=PROFIL + "\n[tolleranz]\nsumme = 1\n")
    assert "Gemeint »toleranz«?" in fehler.value.tun
    assert "Erlaubt sind hier: befund_statt_abbruch, " in fehler.value.tun
    with pytest.raises(KatalogError) as fehler:
        baue_quelle(tmp_path, profil=PROFIL + "\n[sprung]\nfaktro = 3\n")
    assert fehler.value.wo == "sgb2.toml, sprung.faktro"
    assert fehler.value.tun.endswith("Erlaubt sind hier: faktor, mindestens, sperrt_ab.")


def test_f12_a_missing_key_is_named(tmp_path):
    (tmp_path / "sgb2.toml").write_text(PROFIL.replace('herausgeber = "Jobcenter"\n', ""), encoding="utf-8")
    with pytest.raises(KatalogError, match="Der Eintrag »herausgeber« fehlt"):
        read_quelle(tmp_path / "sgb2.toml")


def test_f12_an_unknown_release_profile_stops_the_start(neuer_kleinkreis):
    lauf = neuer_kleinkreis.run("starten", "--freigabe", "geheim", erwarte=1)
    assert "»geheim« gibt es nicht" in lauf.stderr
    assert "kreis, kommune, oeffentlich" in lauf.stderr


def test_f12_an_unknown_setting_stops_the_start(tmp_path):
    umgebung = os.environ | {"SOZIALRAUM_FREIGAEB": "kreis"}
    lauf = subprocess.run(
        [sys.executable, "-c", "import app; app.create_server()"],
        capture_output=True, text=True, cwd=WURZEL, env=umgebung, timeout=60,
    )  # fmt: skip
    assert lauf.returncode == 1
    assert "SOZIALRAUM_FREIGAEB" in lauf.stderr
    assert "SOZIALRAUM_DATEN, SOZIALRAUM_FREIGABE" in lauf.stderr


def test_the_lock_file_itself_is_ours(tmp_path):
    """The same lock as before: an older program that still runs is waited for."""
    with gesperrt(tmp_path / "intern.duckdb"), pytest.raises(Exception, match="could not be acquired"):
        FileLock(str(tmp_path / "intern.duckdb.lock"), timeout=0).acquire()
