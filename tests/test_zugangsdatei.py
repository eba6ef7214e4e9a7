"""zugang.toml: what is missing, unknown or unsafe stops the start, in German, with file and key."""

import os

import pytest

from dashboard.zugangsdatei import read_geheimnis, read_zugang
from geodata.fehler import MonitoringError
from tests.hilfe_zugang import GEHEIMNIS, KOPFZEILE, OIDC, ROLLEN, mit_zugang

PROFILE = {"kreis": 1, "kommune": 2, "oeffentlich": 3}
OIDC_TEXT = OIDC.format(adresse="https://m.kreis.example", aussteller="https://sso.kreis.example/realms/kreis") + ROLLEN


def lies(tmp_path, text: str, profile=PROFILE):
    (tmp_path / "zugang.toml").write_text(text, encoding="utf-8")
    return read_zugang(tmp_path, profile)


def test_without_the_file_nobody_logs_in(tmp_path):
    assert read_zugang(tmp_path, PROFILE).modus == "keine"


@pytest.mark.parametrize("text", [KOPFZEILE, OIDC_TEXT, 'modus = "keine"'])
def test_complete_files_are_accepted(tmp_path, text):
    assert lies(tmp_path, text).modus in text


@pytest.mark.parametrize(
    ("alt", "neu", "ort", "was"),
    [
        ('modus = "kopfzeile"', "modus =", "zugang.toml", "kein lesbares TOML"),
        ('modus = "kopfzeile"', 'modus = "offen"', "modus", "erlaubt sind keine, kopfzeile, oidc"),
        ('modus = "kopfzeile"', 'modus = "oidc"', "oidc", "Der Abschnitt [oidc] fehlt"),
        ('modus = "kopfzeile"', 'modus = "kopfzeile"\nmodous = 1', "modous", "erlaubt sind modus, adresse"),
        ('adresse = "https://monitor.kreis.example"', "", "adresse", "fehlt"),
        ("https://monitor", "http://monitor", "adresse", "https://"),
        ("kreis.example\"", "kreis.example/pfad\"", "adresse", "ohne Pfad"),
        ('vertrauen = ["127.0.0.1", "10.1.2.0/24"]', "", "kopfzeile.vertrauen", "fehlt"),
        ('["127.0.0.1", "10.1.2.0/24"]', "[]", "kopfzeile.vertrauen", "leer"),
        ('["127.0.0.1", "10.1.2.0/24"]', '"127.0.0.1"', "kopfzeile.vertrauen", "Liste"),
        ('"10.1.2.0/24"', '"proxy.kreis.example"', "kopfzeile.vertrauen.1", "keine IP-Adresse"),
        ('"10.1.2.0/24"', '"0.0.0.0/0"', "kopfzeile.vertrauen.1", "zu groß"),
        ("[kopfzeile]", '[kopfzeile]\nnutzer = "X-Proxy-Secret"', "kopfzeile", "verschieden"),
        ("[kopfzeile]", '[kopfzeile]\nnutzer = "Nutzer Name"', "kopfzeile.nutzer", "Schreibweise"),
        ("[kopfzeile]", "[kopfzeile]\nnuter = 1", "kopfzeile.nuter", "erlaubt sind vertrauen, nutzer"),
        ('freigabe = "oeffentlich"', 'freigabe = "alles"', "rolle.ausschuss.freigabe", "gibt es nicht; vorhanden:"),
        ('kommunen = ["99002"]', "", "rolle.bedorf", "entweder »freigabe« oder »kommunen«"),
        ('kommunen = ["99002"]', 'kommunen = ["1"]\nfreigabe = "kreis"', "rolle.bedorf", "entweder"),
        ('kommunen = ["99002"]', "kommunen = 99002", "rolle.bedorf.kommunen", "Liste"),
        ('gruppen = ["g-bedorf"]', "", "rolle.bedorf.gruppen", "keine Gruppe"),
        ('gruppen = ["g-bedorf"]', 'gruppen = ["g"]\ngrupen = []', "rolle.bedorf.grupen", "erlaubt sind titel"),
        ('titel = "Bedorf"', "", "rolle.bedorf.titel", "fehlt"),
        ('titel = "Bedorf"', 'titel = "Bedorf"\nid = "kreis"', "rolle.bedorf.id", "Diesen Schlüssel gibt es nicht"),
        (ROLLEN, "", "rolle", "keine Rolle"),
        (ROLLEN, "rolle = 1", "kopfzeile.rolle", "erlaubt sind vertrauen"),
    ],
)  # fmt: skip
def test_every_mistake_names_its_key(tmp_path, alt, neu, ort, was):
    assert alt in KOPFZEILE
    with pytest.raises(MonitoringError) as fehler:
        lies(tmp_path, KOPFZEILE.replace(alt, neu, 1))

    assert was in fehler.value.was + fehler.value.wo
    assert ort in fehler.value.wo and "zugang.toml" in fehler.value.wo
    assert "Input" not in str(fehler.value) and "Value error" not in str(fehler.value)


@pytest.mark.parametrize(
    ("alt", "neu", "ort"),
    [
        ("https://sso", "http://sso", "oidc.aussteller"),
        ("ruhe_minuten = 30", "ruhe_minuten = 0", "oidc.ruhe_minuten"),
        ("hoechstens_stunden = 8", 'hoechstens_stunden = "lange"', "oidc.hoechstens_stunden"),
        ("hoechstens_stunden = 8", 'bereiche = ["profile"]', "oidc"),
        ('client_id = "sozialraum"', "", "oidc.client_id"),
    ],
)
def test_mistakes_of_the_provider_section(tmp_path, alt, neu, ort):
    assert alt in OIDC_TEXT
    with pytest.raises(MonitoringError) as fehler:
        lies(tmp_path, OIDC_TEXT.replace(alt, neu, 1))
    assert ort in fehler.value.wo


def test_a_role_for_kommunen_needs_its_profile(tmp_path):
    with pytest.raises(MonitoringError, match="»kommune«"):
        lies(tmp_path, KOPFZEILE, {"kreis": 1, "oeffentlich": 3})


def test_there_is_no_default_secret(tmp_path, monkeypatch):
    zugang = lies(tmp_path, KOPFZEILE)
    datei = tmp_path / "geheimnis"
    for inhalt, was in ((None, "nicht lesbar"), ("", "fehlt"), ("kurz", "zu kurz")):
        if inhalt is not None:
            datei.write_text(inhalt)
            datei.chmod(0o600)
        with pytest.raises(MonitoringError, match=was):
            read_geheimnis(zugang, tmp_path)
    datei.write_text(f"{GEHEIMNIS}\n")
    assert read_geheimnis(zugang, tmp_path) == GEHEIMNIS
    monkeypatch.setenv("SOZIALRAUM_GEHEIMNIS_KOPFZEILE", "aus-der-umgebung-" * 3)
    assert read_geheimnis(zugang, tmp_path).startswith("aus-der-umgebung")


def test_a_secret_that_others_may_read_is_refused(tmp_path):
    zugang = lies(tmp_path, KOPFZEILE)
    datei = tmp_path / "geheimnis"
    datei.write_text(GEHEIMNIS)
    for rechte in (0o644, 0o604, 0o660, 0o622):
        datei.chmod(rechte)
        if os.name == "posix":
            with pytest.raises(MonitoringError, match="auch andere lesen oder ändern") as fehler:
                read_geheimnis(zugang, tmp_path)
            assert GEHEIMNIS not in str(fehler.value)
    datei.chmod(0o640)  # owner root, readable for the group of the service
    assert read_geheimnis(zugang, tmp_path) == GEHEIMNIS


@pytest.mark.parametrize(
    ("text", "geheimnis", "angaben", "was"),
    [
        (KOPFZEILE, "", [], "Das Geheimnis für die Anmeldung fehlt"),
        (KOPFZEILE, GEHEIMNIS, ["--freigabe", "kreis"], "entscheidet die Rolle"),
        (KOPFZEILE.replace("99002", "99009"), GEHEIMNIS, [], "Die Kommune »99009« gibt es in keinem"),
        ('modus = "keine"\nschluessel = 1', "", [], "Diesen Schlüssel gibt es nicht"),
    ],
)  # fmt: skip
def test_the_start_refuses(torkreis, tmp_path, text, geheimnis, angaben, was):
    ergebnis = mit_zugang(torkreis, tmp_path / "d", text, geheimnis).run("starten", *angaben, erwarte=1)

    assert was in ergebnis.stderr
    assert "Traceback" not in ergebnis.stderr and (not geheimnis or geheimnis not in ergebnis.stderr)
