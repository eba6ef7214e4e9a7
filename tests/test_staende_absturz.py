"""Published snapshots through crashes: F01 (kill −9), F02 (power), F03 (disk full).

Whatever happens, a whole snapshot is served, the old or the new one, and the next run goes through and cleans up.
"""

import json
import signal

import pytest

from indicators.bestand import list_snapshots, read_zurueckgezogen
from indicators.manifest import find_mangel
from indicators.staende import find_gezeigt
from tests.hilfe_staende import GEBIET, kippe_bit, kopiere, read_zeiger, reste, schreibe


def staende(daten):
    return list_snapshots(daten / GEBIET)


def gezeigt(daten):
    """Name of what is shown, without a hint: it must be the one the pointer names."""
    was = find_gezeigt(daten / GEBIET)
    assert was.hinweis == ""
    return was.ordner.name


# ---------------------------------------------------------------- F01: kill −9


def test_f01_kill_9_at_every_step_of_publishing(zeile, zwei_staende, drei_staende, tmp_path):
    """While building every step leaves the same, a folder that nobody looks at: one in the middle stands for all."""
    alt, vorlage, schritte = gezeigt(zwei_staende), zwei_staende, drei_staende[1]
    umbenannt = next(n for n, s in enumerate(schritte) if s.startswith("rename bestand/2"))
    gedreht = schritte.index("rename AKTUELL.json")
    for nr in [umbenannt // 2, *range(umbenannt, gedreht + 3)]:
        daten = kopiere(vorlage, tmp_path / f"bei {nr}")
        assert zeile.run(daten, "veroeffentlichen", toete_bei=nr, erwarte=None).code == -signal.SIGKILL

        assert (gezeigt(daten) == alt) == (nr <= gedreht), schritte[nr]
        assert len(staende(daten)) == (2 if nr <= umbenannt else 3)
        assert reste(daten), "a killed run leaves at least the note of who held the lock"
        if nr == umbenannt:
            continue  # as in the middle
        danach = zeile.run(daten, "veroeffentlichen")
        assert "verwaist" in danach.stderr
        assert ("veröffentlicht" if nr <= gedreht else "unverändert") in danach.stdout
        assert gezeigt(daten) != alt
        assert len(staende(daten)) == 3, "what was finished is not built twice"
        assert reste(daten) == []


@pytest.mark.parametrize("befehl", ["zurueck", "zurueckziehen", "aufraeumen"])
def test_f01_kill_9_at_every_step_of_what_changes_snapshots(zeile, zwei_staende, tmp_path, befehl):
    """Twice the same command, the first killed: afterwards all is as if it had been given once."""
    vorlage = zwei_staende
    erster, zweiter = staende(vorlage)
    angaben = {
        "zurueck": ["zurueck", erster],
        "zurueckziehen": ["zurueckziehen", zweiter, "--grund", "falsche Lieferung"],
        "aufraeumen": ["aufraeumen", "--behalten", "1"],
    }[befehl]
    fertig = kopiere(vorlage, tmp_path / "ganz")
    schritte = zeile.run(fertig, *angaben, schritte=True).schritte
    anfang = next(n for n, s in enumerate(schritte) if s.startswith("open .veroeffentlichen.wer")) + 1
    loeschen = [n for n, s in enumerate(schritte) if "…" in s]
    for nr in [n for n in range(anfang, len(schritte)) if n not in loeschen[1:]]:
        daten = kopiere(vorlage, tmp_path / f"bei {nr}")
        assert zeile.run(daten, *angaben, toete_bei=nr, erwarte=None).code == -signal.SIGKILL

        was, weg = find_gezeigt(daten / GEBIET), read_zurueckgezogen(daten / GEBIET)
        assert find_mangel(was.ordner) is None, schritte[nr]
        assert was.ordner.name not in weg
        zeile.run(daten, *angaben, erwarte=None)
        assert (gezeigt(daten), staende(daten)) == (gezeigt(fertig), staende(fertig))
        assert set(read_zurueckgezogen(daten / GEBIET)) == set(read_zurueckgezogen(fertig / GEBIET))
        assert inhalt(daten) == inhalt(fertig)


def inhalt(daten):
    """Names of everything below, but for logs and who did what."""
    alle = (p.relative_to(daten).as_posix() for p in daten.rglob("*") if p.name != "protokoll.jsonl")
    return sorted(alle)


# ---------------------------------------------------------------- F02: power


def test_f02_everything_is_on_disk_before_the_pointer_turns(drei_staende):
    """Watched: the files of the snapshot, its folders, its name, the pointer, each synced before the next begins."""
    schritte = drei_staende[1]
    umbenannt = next(n for n, s in enumerate(schritte) if s.startswith("rename bestand/2"))
    bau = next(s for s in schritte if s.startswith("mkdir bestand/.bau")).split()[1]
    geschrieben = {s.split()[1] for s in schritte if s.startswith("open") and f"{bau}/" in s}
    ordner = {s.split()[1] for s in schritte if s.startswith("mkdir") and bau in s}
    manifest = max(n for n, s in enumerate(schritte) if s.endswith(f"{bau}/manifest.json"))
    geschlossen = next(n for n, s in enumerate(schritte) if s.endswith("manifest.json"))
    assert geschlossen < manifest < umbenannt
    synchron = {s.split()[1] for s in schritte[geschlossen + 1 : umbenannt]}
    assert geschrieben | ordner <= synchron
    assert schritte[umbenannt + 1 : umbenannt + 5] == [
        "sync bestand",
        "open .AKTUELL.json.neu",
        "rename AKTUELL.json",
        "sync .",
    ]


@pytest.mark.parametrize("schaden", ["leer", "halb", "nullen"])
@pytest.mark.parametrize("datei", ["AKTUELL.json", "manifest.json", "oeffentlich.duckdb"])
def test_f02_names_that_reached_the_disk_without_their_content(zwei_staende, tmp_path, datei, schaden):
    """The rename survived the power cut, the content did not: the last good snapshot is shown, and it is said."""
    daten = kopiere(zwei_staende, tmp_path / "daten")
    erster, zweiter = staende(daten)
    pfad = next((daten / GEBIET).rglob(f"{zweiter}/{datei}"), daten / GEBIET / datei)
    heil = pfad.read_bytes()
    schreibe(pfad, {"leer": b"", "halb": heil[: len(heil) // 2], "nullen": bytes(len(heil))}[schaden])

    was = find_gezeigt(daten / GEBIET)

    assert was.ordner.name == (zweiter if datei == "AKTUELL.json" else erster)
    assert "gezeigt wird der Stand vom" in was.hinweis
    assert datei in was.einzelheit


@pytest.mark.parametrize("rest", ["", "{", '{"snapshot": "gibt_es_nicht"}'])
def test_f02_a_pointer_that_was_not_renamed_is_none(zwei_staende, tmp_path, rest):
    daten = kopiere(zwei_staende, tmp_path / "daten")
    (daten / GEBIET / ".AKTUELL.json.neu").write_text(rest)
    assert gezeigt(daten) == gezeigt(zwei_staende)


def test_f02_publishing_again_mends_a_lost_pointer(zeile, drei_staende, tmp_path):
    daten = kopiere(drei_staende[0], tmp_path / "daten")
    (daten / GEBIET / "AKTUELL.json").write_bytes(b"\0" * 40)
    zeile.run(daten, "veroeffentlichen")
    assert gezeigt(daten) == staende(daten)[-1]
    assert len(staende(daten)) == 3


# ---------------------------------------------------------------- F03: disk full


@pytest.mark.parametrize("grenze", [500, 300_000])
def test_f03_a_full_disk_is_told_and_the_old_state_stays(zeile, zwei_staende, tmp_path, grenze):
    """No file may grow beyond the limit: the geometry, or the database in the middle of writing."""
    daten = kopiere(zwei_staende, tmp_path / "daten")
    vorher = inhalt(daten)

    lauf = zeile.run(daten, "veroeffentlichen", dateigroesse=grenze, erwarte=1)

    assert "Der Datenträger ist voll; der bisherige Stand gilt weiter." in lauf.stderr
    assert str(daten / GEBIET) in lauf.stderr and "Platz schaffen" in lauf.stderr
    assert "Traceback" not in lauf.stderr
    assert gezeigt(daten) == gezeigt(zwei_staende)
    assert inhalt(daten) == vorher


def test_f03_a_full_disk_while_turning_back(zeile, zwei_staende, tmp_path):
    daten = kopiere(zwei_staende, tmp_path / "daten")
    lauf = zeile.run(daten, "zurueckziehen", gezeigt(daten), "--grund", "x" * 300, dateigroesse=300, erwarte=1)
    assert "Der Datenträger ist voll" in lauf.stderr
    assert gezeigt(daten) == gezeigt(zwei_staende)
    assert read_zurueckgezogen(daten / GEBIET) == {}
    assert reste(daten) == []
    assert json.loads((daten / GEBIET / "AKTUELL.json").read_text())["snapshot"] == read_zeiger(zwei_staende)


def test_the_helper_of_these_tests_does_flip_a_bit(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    kippe_bit(tmp_path / "x", 1)
    assert (tmp_path / "x").read_bytes() == b"acc"
