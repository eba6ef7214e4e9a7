"""The door: command line and WSGI entry. Importing it opens nothing.

Each room brings its own commands (`befehle*.py`); here are those that need several rooms, the environment and the order
of the help.

sozialraum demo          build the example territories and show them
app:create_server()      the same dashboard for a WSGI server
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from etl.befehle import laden, pruefe_lieferungen, quelle_cli
from etl.befehle_befunde import befunde_cli, rueckfragen
from etl.befehle_lieferung import Nummer, lieferung_cli, loesche
from etl.befehle_sicherung import sichere_daten, stelle_daten_her
from geodata.befehle import umstieg
from geodata.fehler import MonitoringError
from geodata.kommandozeile import (
    DATEN,
    PROGRAMM,
    AlsJson,
    Befehl,
    Daten,
    FreigabeId,
    GebietId,
    Port,
    fuehre_aus,
    gruppe,
    megabyte,
    programmversion,
    sage,
    zahl,
)
from indicators.befehle import aufraeumen, open_gezeigt, pruefe_geheimhaltung, veroeffentlichen, zurueck, zurueckziehen
from indicators.befehle_bericht import bericht, export, find_veroeffentlicht, handbuch, schreibe_dokumente
from indicators.befehle_eigene import eigene_cli, open_werkstatt
from indicators.kataloge import Katalog

WURZEL = Path(__file__).parent


def main() -> None:
    """Run the command line."""
    fuehre_aus(cli)


def demo(
    daten: Daten = DATEN,
    port: Port = 8050,
    nur_bauen: Annotated[bool, typer.Option("--nur-bauen", help="Nur bauen, nicht zeigen.")] = False,
) -> None:
    """Die Beispielgebiete bauen (beim ersten Mal bis zu drei Minuten) und zeigen."""
    from etl.beispiele import lege_ab, list_beispiele
    from indicators.store import find_aktuell

    abdruck = _abdruck()
    merker = daten / ".beispiel.json"
    gebaut = json.loads(merker.read_text(encoding="utf-8")) if merker.is_file() else {}
    for gebiet_id in list_beispiele():
        if gebaut.get(gebiet_id) == abdruck and find_aktuell(daten, gebiet_id):
            continue
        lege_ab(daten, gebiet_id)
        laden(gebiet_id, daten=daten)
        veroeffentlichen(gebiet_id, daten=daten)
        gebaut[gebiet_id] = abdruck
        merker.write_text(json.dumps(gebaut), encoding="utf-8")
    if not nur_bauen:
        starten(daten=daten, port=port)


def _abdruck() -> str:
    """Changes with the program or the example files; the same one means there is nothing to build."""
    summe = hashlib.sha256()
    for ordner in ("geodata", "etl", "indicators"):
        for datei in sorted((WURZEL / ordner).rglob("*")):
            if datei.is_file() and "__pycache__" not in datei.parts:
                summe.update(datei.relative_to(WURZEL).as_posix().encode())
                summe.update(datei.read_bytes())
    return summe.hexdigest()[:16]


def pruefen(
    dateien: Annotated[
        list[Path] | None, typer.Argument(metavar="DATEI", help="Lieferungen, die geprüft werden sollen.")
    ] = None,
    gebiet: Annotated[str | None, typer.Option("--gebiet", help="Nur dieses Gebiet.")] = None,
    quelle: Annotated[
        str | None, typer.Option("--quelle", help="Quellenprofil der Dateien, wenn der Name es nicht verrät.")
    ] = None,
    geheimhaltung: Annotated[
        bool, typer.Option("--geheimhaltung", help="Den veröffentlichten Stand gegen einen Angreifer prüfen.")
    ] = False,
    daten: Daten = DATEN,
    als_json: AlsJson = False,
) -> None:
    """Kataloge, Grenzen und Lieferungen prüfen, oder die Geheimhaltung; schreibt nichts."""
    from geodata.geometrie import check_gebiet
    from geodata.umstieg import read_umstiege
    from indicators.vergleichswerte import find_bezug, read_vergleichswerte

    katalog = Katalog(daten)
    if geheimhaltung:
        pruefe_geheimhaltung(katalog, gebiet, daten, als_json)
        return
    kennzahlen, freigaben = katalog.kennzahlen(), katalog.freigaben()
    zahlen = f"{len(kennzahlen)} Kennzahlen, {len(katalog.quellen())} Quellen, {len(freigaben)} Freigabeprofile"
    print(f"Katalog in Ordnung: {zahlen}.")
    for g in [katalog.gebiet(gebiet)] if gebiet else katalog.gebiete().values():
        hinweise = check_gebiet(g)
        read_umstiege(g)
        werte = read_vergleichswerte(g, kennzahlen)
        print(f"Gebiet »{g.id}« ({g.name}): Grenzen in Ordnung.")
        if len(werte):
            print(
                f"  {zahl(len(werte), 'Vergleichswert', 'Vergleichswerte')}, verglichen wird mit {find_bezug(werte)}."
            )
        for hinweis in hinweise:
            print(f"  Hinweis: {hinweis}")
        if gebiet:
            pruefe_lieferungen(katalog.quellen(), g, dateien or [], quelle, daten)
    if dateien and not gebiet:
        raise MonitoringError("Zu den Dateien fehlt das Gebiet.", tun="»--gebiet ID« ergänzen.")


def herkunft(
    raum: Annotated[str, typer.Argument(metavar="RAUM", help="Schlüssel des Raums.")],
    kennzahl: Annotated[str, typer.Argument(metavar="KENNZAHL", help="Kennung der Kennzahl.")],
    stichtag: Annotated[str, typer.Argument(metavar="STICHTAG", help="Zum Beispiel 31.12.2023.")],
    gebiet: GebietId,
    freigabe: FreigabeId = "kreis",
    daten: Daten = DATEN,
    als_json: AlsJson = False,
) -> None:
    """Von einem veröffentlichten Wert zurück zu Datei, Blatt, Zeile und Spalte."""
    from dataclasses import asdict

    from dashboard.zahlen import format_datum, format_wert
    from etl.herkunft import beschreibe

    store = open_gezeigt(daten, gebiet, freigabe)
    eintrag, ort, tag = find_veroeffentlicht(store, raum, kennzahl, stichtag)
    wert = format_wert(ort.wert, eintrag.stellen, eintrag.einheit, ort.status)
    teile = _herkunft_teile(Katalog(daten), gebiet, eintrag.id, ort, tag)
    zeilen = [f"{eintrag.titel}, {ort.name} ({raum}), {format_datum(tag)}: {wert}", f"Stand {store.stand.snapshot}"]
    gezeigt = set(store.lieferungen()[["datei", "geladen_am"]].itertuples(index=False, name=None))
    if {(s.datei, s.geladen_am) for _, alle in teile for h in alle for s in h.stellen} - gezeigt:
        zeilen.append("Achtung: Seit der Veröffentlichung wurde neu geladen; genannt ist, was heute gilt.")
    for titel, alle in teile:
        for h in alle:
            vom = f", vom {format_datum(h.stichtag)}" if h.stichtag and h.stichtag != tag else ""
            zeilen += [f"{titel}: {h.titel}{vom}", *beschreibe(h)]
    felder = {"wert": ort.wert, "status": ort.status, "snapshot": store.stand.snapshot}
    sage("\n".join(zeilen), als_json, **felder, herkunft={titel: [asdict(h) for h in alle] for titel, alle in teile})


def _herkunft_teile(katalog: Katalog, gebiet_id: str, kennzahl_id: str, ort, tag) -> list:
    """("Zähler" | "Nenner", [Herkunft, …]); for a converted value those of the old Räume, with their shares."""
    from etl.bestand import frage
    from etl.herkunft import find_herkunft
    from geodata.umstieg import find_alte_raeume

    ziel, kennzahl = katalog.intern(gebiet_id), katalog.kennzahlen()[kennzahl_id]
    geliefert = frage(ziel, "SELECT DISTINCT merkmal FROM termin JOIN sprecher USING (lieferung_id, stichtag)")
    fassung = kennzahl.fassung(set(geliefert["merkmal"]))
    if fassung is None:
        raise MonitoringError(
            "Die Lieferungen zu diesem Wert wurden seit der Veröffentlichung zurückgenommen.",
            tun=f"»{PROGRAMM} veroeffentlichen --gebiet {gebiet_id}« bringt beides zusammen.",
        )
    orte = [(ort.raum_id, ort.gebietsstand, "")]
    if ort.umgerechnet:
        stand, anteile = find_alte_raeume(katalog.gebiet(gebiet_id), ort.raum_id, ort.gebietsstand, tag)
        prozent = {alt: f"{100 * anteil:.1f}".replace(".", ",") for alt, anteil in anteile.items()}
        orte = [(alt, stand, f" (umgerechnet: {wert} % von {alt})") for alt, wert in prozent.items()]
    aelter = kennzahl.nenner_zeitpunkt != "gleich"
    teile = []
    for raum_id, stand, zusatz in orte:
        zaehler = find_herkunft(ziel, list(fassung.zaehler), raum_id, stand, tag)
        nenner = find_herkunft(ziel, list(fassung.nenner), raum_id, stand, tag, bis=aelter)
        teile += [(f"Zähler{zusatz}", zaehler), *([(f"Nenner{zusatz}", nenner)] if nenner else [])]
    return teile


def lieferung_loeschen(
    nummer: Nummer,
    gebiet: GebietId,
    endgueltig: Annotated[
        bool, typer.Option("--endgueltig", help="Wirklich löschen; ohne diese Angabe wird nur gesagt, was wegfiele.")
    ] = False,
    daten: Daten = DATEN,
) -> None:
    """Eine Lieferung unwiderruflich löschen: Werte, Datei im Eingang und jeden Text, der sie zitiert."""
    from indicators.sperre import sperre

    loesche(daten, gebiet, nummer, endgueltig=endgueltig, sperre=sperre)  # nobody is publishing what is about to go


def dokumente(
    ziel: Annotated[Path, typer.Option("--ziel", help="Ordner für die Dokumente.")],
    gebiet: Annotated[str | None, typer.Option("--gebiet", help="Nur dieses Gebiet; Vorgabe: alle geladenen.")] = None,
    daten: Daten = DATEN,
) -> None:
    """Datenschutzkonzept, Verzeichniseintrag, Zertifikat, DSFA-Vorprüfung und WiBA als Entwurf schreiben."""
    from dashboard.zugangsdatei import DATEI, read_zugang
    from etl.bestand import list_lieferungen

    def zugang(profile: dict[str, int]) -> dict | None:
        return read_zugang(daten, profile).model_dump() if (daten / DATEI).is_file() else None

    schreibe_dokumente(ziel, gebiet, daten, read_lieferungen=list_lieferungen, read_zugang=zugang)


def sichern(
    ziel: Annotated[Path, typer.Option("--ziel", help="Neue ZIP-Datei, oder ein Ordner für sie.")],
    daten: Daten = DATEN,
    als_json: AlsJson = False,
) -> None:
    """Alles, was sich nicht neu bauen lässt, in eine Datei sichern und sie prüfen. Die Datei ist geheim."""
    sichere_daten(ziel, daten, als_json, sperre=_alles_gesperrt)


def wiederherstellen(
    datei: Annotated[Path, typer.Argument(metavar="DATEI", help="Eine Datei, die »sichern« geschrieben hat.")],
    daten: Daten = DATEN,
    ersetzen: Annotated[
        bool, typer.Option("--ersetzen", help="Einen vorhandenen Datenordner beiseite legen (nicht löschen).")
    ] = False,
    nur_pruefen: Annotated[bool, typer.Option("--nur-pruefen", help="Nur die Sicherung prüfen.")] = False,
    als_json: AlsJson = False,
) -> None:
    """Eine Sicherung prüfen und daraus einen Datenordner machen."""
    from indicators.mitnahme import nimm_mit

    was = {"ersetzen": ersetzen, "nur_pruefen": nur_pruefen}
    stelle_daten_her(datei, daten, als_json, **was, sperre=_alles_gesperrt, nimm_mit=nimm_mit)


@contextmanager
def _alles_gesperrt(ordner: Path) -> Iterator[None]:
    """Nobody loads into or publishes from the folder of this Gebiet; its files are not looked into."""
    from etl.bestand import sperre as ladesperre
    from indicators.sperre import sperre

    with ladesperre(ordner / "intern.duckdb"), sperre(ordner):
        yield


def diagnose(daten: Daten = DATEN, als_json: AlsJson = False) -> None:
    """Versionen, Datenordner und Stände: was der Kreis-IT bei Fragen hilft."""
    import platform
    from dataclasses import asdict

    from indicators.bestand import find_zeiger
    from indicators.staende import list_zustaende

    pakete = {p: version(p) for p in ("dash", "plotly", "pandas", "duckdb", "geopandas", "shapely")}
    staende = {}
    for gebiet_id in Katalog(daten).gebiete():
        staende[gebiet_id] = {
            "geladen": (daten / gebiet_id / "intern.duckdb").is_file(),
            "aktuell": find_zeiger(daten / gebiet_id),
            "staende": [asdict(zustand) for zustand in list_zustaende(daten / gebiet_id)],
        }
    felder = {
        "version": programmversion(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "pakete": pakete,
        "daten": str(daten.resolve()),
        "gebiete": staende,
    }
    zeilen = [f"{PROGRAMM} {felder['version']}, Python {felder['python']}, {felder['system']}"]
    zeilen.append("Pakete:  " + ", ".join(f"{n} {v}" for n, v in pakete.items()))
    zeilen.append(f"Daten:   {felder['daten']}")
    for gebiet_id, s in staende.items():
        geladen = "geladen" if s["geladen"] else "nicht geladen"
        zeilen.append(f"  {gebiet_id:<14} {geladen:<14} {s['aktuell'] or 'nichts veröffentlicht'}")
        for z in s["staende"]:
            groesse = megabyte(z["bytes"]).rjust(9)
            einzelheit = f"  ({z['einzelheit']})" if z["einzelheit"] else ""
            zeilen.append(f"    {z['folge']:>5}  {z['zustand']:<22}{groesse}  {z['stand']}{einzelheit}")
    sage("\n".join(zeilen), als_json, **felder)


# --- serving ---------------------------------------------------------------------------------


def starten(
    daten: Daten = DATEN,
    freigabe: Annotated[
        str | None,
        typer.Option("--freigabe", help="Freigabeprofil für alle, wenn sich niemand anmeldet; sonst: oeffentlich."),
    ] = None,
    port: Port = 8050,
    adresse: Annotated[str, typer.Option("--adresse", help="Netzwerk-Adresse, auf der gezeigt wird.")] = "127.0.0.1",
) -> None:
    """Die Oberfläche im Browser zeigen. Beenden mit Strg+C."""
    from dashboard.befehle import lausche

    nur_hier = adresse in ("127.0.0.1", "localhost", "::1")
    server = _create_server(daten, freigabe, wo=f"--freigabe {freigabe}, --adresse {adresse}", nur_hier=nur_hier)
    lausche(server, adresse, port)


def create_server(daten: Path | None = None, freigabe: str | None = None):
    """WSGI application. Without arguments SOZIALRAUM_DATEN and SOZIALRAUM_FREIGABE decide; who may see what, is
    written in `zugang.toml`.

    Raises:
        MonitoringError: nothing published, no secret, or a profile that may only be served locally by `starten`.
    """
    daten = daten or Path(os.environ.get("SOZIALRAUM_DATEN", DATEN))
    return _create_server(daten, freigabe or os.environ.get("SOZIALRAUM_FREIGABE"), wo="SOZIALRAUM_FREIGABE")


UMGEBUNG = ("SOZIALRAUM_DATEN", "SOZIALRAUM_FREIGABE", "SOZIALRAUM_GEHEIMNIS_KOPFZEILE", "SOZIALRAUM_GEHEIMNIS_OIDC")
UMGEBUNG_TESTS = ("SOZIALRAUM_BROWSER", "SOZIALRAUM_REFERENZ", "SOZIALRAUM_TEST_DATEN", "SOZIALRAUM_BERLIN")


def _check_umgebung() -> None:
    """A mistyped setting must not be ignored: it may be the one that keeps something secret."""
    fremd = [n for n in os.environ if n.startswith("SOZIALRAUM_") and n not in UMGEBUNG + UMGEBUNG_TESTS]
    if fremd:
        raise MonitoringError(
            f"Die Einstellung {fremd[0]} gibt es nicht.",
            wo="Umgebungsvariablen",
            tun=f"Schreibweise prüfen; erlaubt sind {', '.join(UMGEBUNG)}.",
        )


def _create_server(daten: Path, freigabe: str | None, *, wo: str, nur_hier: bool = False):
    """The application with its gate.

    Args:
        freigabe: profile that everybody sees where nobody is recognised; default: the public one.
        wo: where `freigabe` was said, for the error.
        nur_hier: it will listen on this machine only.
    """
    from dashboard.anfrage import je_anfrage
    from dashboard.factory import create_app
    from dashboard.sichten import Sichten
    from dashboard.tor import Tor
    from dashboard.zugangsdatei import check_freigabe, read_geheimnis, read_zugang
    from indicators.staende import Auslage
    from indicators.store import Store

    _check_umgebung()
    katalog = Katalog(daten)
    profile = {f.id: f for f in katalog.freigaben()}
    zugang = read_zugang(daten, {f.id: f.rang for f in profile.values()})
    profil = katalog.freigabe(freigabe or "oeffentlich")
    check_freigabe(zugang, profil, gewaehlt=bool(freigabe), nur_hier=nur_hier, wo=wo)
    geheimnis = read_geheimnis(zugang, daten) if zugang.modus != "keine" else ""
    auslage = je_anfrage(Auslage(daten, pruefe=lambda ordner: Store.open(ordner, profil.id).close()))
    if not auslage():
        raise MonitoringError(
            "Es ist noch nichts veröffentlicht.",
            wo=str(daten.resolve()),
            tun="»sozialraum demo« baut die Beispiele; eigene Daten: erst »laden«, dann »veroeffentlichen«.",
        )
    titel = {f.id: f.titel for f in profile.values()}
    tor = Tor(
        zugang, Sichten(auslage), titel, profil=profil.id, nur_lokal=profil.nur_lokal, geheimnis=geheimnis, daten=daten
    )
    tor.check_rollen()
    return create_app(tor.read_stores, tor=tor, werkstatt=open_werkstatt(daten)).server


# --- the command line ------------------------------------------------------------------------

cli = gruppe(
    "Sozialräumliches Monitoring: von den gelieferten Dateien zur geschützten Karte.",
    name=PROGRAMM,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a traceback with local variables would print what is secret
)
for befehl in (
    *(demo, pruefen, laden, rueckfragen, umstieg, herkunft),
    *(veroeffentlichen, zurueck, zurueckziehen, aufraeumen, starten),
    *(export, bericht, handbuch, dokumente, sichern, wiederherstellen, diagnose),
):
    cli.command(cls=Befehl)(befehl)
lieferung_cli.command("loeschen", cls=Befehl)(lieferung_loeschen)
cli.add_typer(lieferung_cli, name="lieferung")
cli.add_typer(befunde_cli, name="befunde")
cli.add_typer(eigene_cli, name="eigene")
cli.add_typer(quelle_cli, name="quelle")


if __name__ == "__main__":
    main()
