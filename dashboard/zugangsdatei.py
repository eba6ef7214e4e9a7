"""`daten/zugang.toml`: how people are recognised, which roles there are, and what each of them sees."""

from __future__ import annotations

import os
import stat
import tomllib
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from geodata.fehler import MonitoringError

DATEI = "zugang.toml"
GEHEIMNISSE = {"kopfzeile": "SOZIALRAUM_GEHEIMNIS_KOPFZEILE", "oidc": "SOZIALRAUM_GEHEIMNIS_OIDC"}
MINDESTENS = 32  # characters of the secret that proxy and program share
EIGENER_RECHNER = ("127.0.0.1", "localhost", "::1")
RAT = "Das Handbuch zeigt im Kapitel »Zugang und Rollen« vollständige Beispiele."


def _check_adresse(text: str) -> str:
    """https, or http on this machine; without a path, so that it can be compared with an Origin."""
    teile = urlsplit(text)
    sicher = teile.scheme == "https" or (teile.scheme == "http" and teile.hostname in EIGENER_RECHNER)
    if not sicher or not teile.hostname or teile.query or teile.fragment or teile.username:
        raise ValueError("Hier wird eine Adresse mit https:// erwartet.")
    return text.rstrip("/")


def _check_wurzel(text: str) -> str:
    if urlsplit(_check_adresse(text)).path.rstrip("/"):
        raise ValueError("Hier wird eine Adresse ohne Pfad erwartet, zum Beispiel https://monitor.kreis.example.")
    return text.rstrip("/")


def _check_netz(text: str) -> str:
    netz = ip_network(text, strict=False)
    if netz.prefixlen < 8:
        raise ValueError("Dieses Netz ist zu groß, um ihm zu vertrauen.")
    return str(netz)


Netz = Annotated[str, AfterValidator(_check_netz)]
Kopf = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]*$", max_length=60)]


class Streng(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rolle(Streng):
    """What its holders see: one profile everywhere, or `kommune` in some Kommunen and `oeffentlich` elsewhere.

    With `gebiete` the role holds in these alone, and other territories are not seen at all: whoever needs them gets a
    second role.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")
    titel: str = Field(min_length=1, max_length=80)
    freigabe: str | None = None
    kommunen: tuple[str, ...] = ()
    gruppen: tuple[str, ...] = ()
    gebiete: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _eins_von_beiden(self) -> Rolle:
        if (self.freigabe is None) == (not self.kommunen):
            raise ValueError("Eine Rolle nennt entweder »freigabe« oder »kommunen«.")
        return self


class Kopfzeile(Streng):
    """A proxy in front knows the people and says so in headers."""

    vertrauen: tuple[Netz, ...] = Field(min_length=1)
    nutzer: Kopf = "X-Remote-User"
    gruppen: Kopf = "X-Remote-Groups"
    trenner: str = Field(",", min_length=1, max_length=3)
    geheimnis: Kopf = "X-Proxy-Secret"
    geheimnis_datei: str = ""

    @model_validator(mode="after")
    def _verschieden(self) -> Kopfzeile:
        if len({self.nutzer.lower(), self.gruppen.lower(), self.geheimnis.lower()}) < 3:
            raise ValueError("Die Kopfzeilen für Person, Gruppen und Geheimnis müssen verschieden heißen.")
        return self


class Oidc(Streng):
    """An identity provider that speaks OpenID Connect."""

    aussteller: Annotated[str, AfterValidator(_check_adresse)]
    client_id: str = Field(min_length=1)
    geheimnis_datei: str = ""
    gruppen_angabe: str = "groups"
    name_angabe: str = "name"
    bereiche: tuple[str, ...] = ("openid", "profile")
    ruhe_minuten: float = Field(30, gt=0, le=24 * 60)
    hoechstens_stunden: float = Field(10, gt=0, le=7 * 24)
    zertifikate_datei: str = ""
    proxy: str = ""

    @model_validator(mode="after")
    def _mit_openid(self) -> Oidc:
        if "openid" not in self.bereiche:
            raise ValueError("»bereiche« muss openid enthalten.")
        return self


class Zugang(Streng):
    modus: Literal["keine", "kopfzeile", "oidc"] = "keine"
    adresse: Annotated[str, AfterValidator(_check_wurzel)] = ""
    ansprechstelle: str = "die Stelle, die den Sozialraum-Monitor in Ihrem Haus betreut"
    rolle: dict[str, Rolle] = {}
    kopfzeile: Kopfzeile | None = None
    oidc: Oidc | None = None

    @property
    def https(self) -> bool:
        return self.adresse.startswith("https://")


def read_zugang(daten: Path, freigaben: dict[str, int]) -> Zugang:
    """Read and check `zugang.toml`; without the file nobody is recognised (`modus = "keine"`).

    Args:
        freigaben: id → rang of the release profiles.

    Raises:
        MonitoringError: names file and key.
    """
    datei = daten / DATEI
    if not datei.is_file():
        return Zugang()
    try:
        roh = tomllib.loads(datei.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fehler:
        raise MonitoringError(
            "Die Zugangsdatei ist kein lesbares TOML.",
            wo=f"{datei}: {fehler}",
            tun="Datei als UTF-8 speichern und die Stelle berichtigen.",
        ) from None
    except OSError as fehler:
        raise MonitoringError("Die Zugangsdatei ist nicht lesbar.", wo=f"{datei}: {fehler.strerror}", tun=RAT) from None
    for name, rolle in roh.get("rolle", {}).items() if isinstance(roh.get("rolle"), dict) else ():
        if isinstance(rolle, dict):
            _verlange("id" not in rolle, datei, f"rolle.{name}.id", "Diesen Schlüssel gibt es nicht.")
            rolle["id"] = name
    try:
        zugang = Zugang.model_validate(roh)
    except ValidationError as fehler:
        ort, text = _beschreibe(fehler.errors()[0])
        raise MonitoringError(f"Zugangsdatei: {text}", wo=f"{datei}, {ort}", tun=RAT) from None
    _check(zugang, datei, freigaben)
    return zugang


def _verlange(bedingung: object, datei: Path, ort: str, text: str) -> None:
    if not bedingung:
        raise MonitoringError(f"Zugangsdatei: {text}", wo=f"{datei}, {ort}", tun=RAT)


def _check(zugang: Zugang, datei: Path, freigaben: dict[str, int]) -> None:
    """What no single key can know."""
    for rolle in zugang.rolle.values():
        bekannt = f"Das Freigabeprofil »{rolle.freigabe}« gibt es nicht; vorhanden: {', '.join(freigaben)}."
        _verlange(rolle.freigabe in (None, *freigaben), datei, f"rolle.{rolle.id}.freigabe", bekannt)
        for profil in ("kommune", "oeffentlich") if rolle.kommunen else ():
            text = f"Rollen für Kommunen brauchen das Freigabeprofil »{profil}«, das es hier nicht gibt."
            _verlange(profil in freigaben, datei, f"rolle.{rolle.id}.kommunen", text)
    if zugang.modus == "keine":
        return
    _verlange(getattr(zugang, zugang.modus), datei, zugang.modus, f"Der Abschnitt [{zugang.modus}] fehlt.")
    _verlange(zugang.adresse, datei, "adresse", "Die Adresse, unter der die Seiten aufgerufen werden, fehlt.")
    ohne = [r.id for r in zugang.rolle.values() if not r.gruppen]
    _verlange(zugang.rolle, datei, "rolle", "Es ist keine Rolle angelegt; niemand käme hinein.")
    _verlange(not ohne, datei, f"rolle.{ohne[0] if ohne else ''}.gruppen", "Diese Rolle nennt keine Gruppe.")


WORTE = {
    "missing": "Diese Angabe fehlt.",
    "string_type": "Hier wird ein Text erwartet.",
    "tuple_type": "Hier wird eine Liste in eckigen Klammern erwartet.",
    "list_type": "Hier wird eine Liste in eckigen Klammern erwartet.",
    "dict_type": "Hier wird ein Abschnitt erwartet.",
    "model_type": "Hier wird ein Abschnitt erwartet.",
    "model_attributes_type": "Hier wird ein Abschnitt erwartet.",
    "string_too_short": "Diese Angabe ist leer.",
    "too_short": "Diese Liste ist leer.",
    "float_type": "Hier wird eine Zahl erwartet.",
    "float_parsing": "Hier wird eine Zahl erwartet.",
    "greater_than": "Diese Zahl ist zu klein.",
    "less_than_equal": "Diese Zahl ist zu groß.",
    "string_pattern_mismatch": "Diese Schreibweise geht nicht (Buchstaben ohne Umlaute, Ziffern, Striche).",
}


def _beschreibe(fehler: dict) -> tuple[str, str]:
    """Place and German text of the first thing pydantic found."""
    ort = ".".join(map(str, fehler["loc"])) or "oberste Ebene"
    art = fehler["type"]
    if art == "extra_forbidden":
        return ort, f"Diesen Schlüssel gibt es nicht; erlaubt sind {', '.join(_erlaubt(fehler['loc'][:-1]))}."
    if art == "literal_error":
        return ort, f"»{fehler['input']}« gibt es nicht; erlaubt sind keine, kopfzeile, oidc."
    if art == "value_error":
        text = str(fehler["ctx"]["error"])
        deutsch = text[:1].isupper() or text.startswith("»")
        return ort, text if deutsch else f"»{fehler['input']}« ist keine IP-Adresse und kein Netz."
    return ort, WORTE.get(art, "Dieser Wert passt hier nicht.")


def _erlaubt(ort: tuple) -> list[str]:
    modell = {"rolle": Rolle, "kopfzeile": Kopfzeile, "oidc": Oidc}.get(ort[0] if ort else "", Zugang)
    return [name for name in modell.model_fields if (modell, name) != (Rolle, "id")]


def check_freigabe(zugang: Zugang, profil, *, gewaehlt: bool, nur_hier: bool, wo: str) -> None:
    """May this release profile be what everybody sees?

    Args:
        gewaehlt: somebody asked for it, at `wo`.
        nur_hier: the program will listen on this machine only.

    Raises:
        MonitoringError: roles decide, or the profile may only be served locally.
    """
    if zugang.modus != "keine" and gewaehlt:
        raise MonitoringError(
            f"Im Modus »{zugang.modus}« entscheidet die Rolle, was gezeigt wird.",
            wo=wo,
            tun="Die Angabe des Freigabeprofils weglassen.",
        )
    if profil.nur_lokal and not nur_hier:
        raise MonitoringError(
            f"Das Profil »{profil.titel}« darf nur auf diesem Rechner gezeigt werden.",
            wo=wo,
            tun="»oeffentlich« wählen, das Profil auf dem eigenen Rechner mit »sozialraum starten« ansehen oder in "
            "zugang.toml eine Anmeldung einrichten.",
        )


def read_geheimnis(zugang: Zugang, daten: Path) -> str:
    """The secret of this mode, from the environment or from a file that only its owner and group may read.

    Raises:
        MonitoringError: there is none, it is too short, or others may read it. Its value is never repeated.
    """
    variable, abschnitt = GEHEIMNISSE[zugang.modus], getattr(zugang, zugang.modus)
    ort = f"{daten / DATEI}, {zugang.modus}.geheimnis_datei"
    geheimnis = os.environ.get(variable, "").strip()
    if not geheimnis and abschnitt.geheimnis_datei:
        ort = daten / abschnitt.geheimnis_datei  # an absolute path stays as it is
        geheimnis = _read_datei(ort)
    if not geheimnis:
        raise MonitoringError(
            "Das Geheimnis für die Anmeldung fehlt.",
            wo=str(ort),
            tun=f"Eine Datei nennen, in der nur das Geheimnis steht, oder {variable} setzen; es gibt keine Vorgabe.",
        )
    if zugang.modus == "kopfzeile" and len(geheimnis) < MINDESTENS:
        raise MonitoringError(
            "Das Geheimnis für die Anmeldung ist zu kurz.",
            wo=str(ort),
            tun=f"Mindestens {MINDESTENS} zufällige Zeichen, zum Beispiel aus »openssl rand -hex 32«.",
        )
    return geheimnis


def _read_datei(pfad: Path) -> str:
    try:
        rechte = pfad.stat().st_mode
        text = pfad.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise MonitoringError(
            "Die Datei mit dem Geheimnis ist nicht lesbar.", wo=str(pfad), tun="Pfad und Rechte prüfen."
        ) from None
    if os.name == "posix" and rechte & (stat.S_IRWXO | stat.S_IWGRP):
        raise MonitoringError(
            "Die Datei mit dem Geheimnis können auch andere lesen oder ändern.",
            wo=f"{pfad} (Rechte {stat.S_IMODE(rechte):o})",
            tun=f"»chmod 600 {pfad}« ausführen; Eigentümer ist das Konto, unter dem das Programm läuft.",
        )
    return text
