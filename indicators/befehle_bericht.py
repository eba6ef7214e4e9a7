"""Commands that write files from what is published: tables, reports, handbook, documents."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geodata.fehler import MonitoringError
from geodata.kommandozeile import DATEN, PROGRAMM, Daten, FreigabeId, GebietId, programmversion, zahl
from indicators.befehle import open_gezeigt
from indicators.kataloge import Katalog

if TYPE_CHECKING:
    import pandas as pd


def export(
    gebiet: GebietId,
    ziel: Annotated[Path, typer.Option("--ziel", help="Ordner für die Dateien.")],
    freigabe: FreigabeId = "oeffentlich",
    daten: Daten = DATEN,
) -> None:
    """Alle veröffentlichten Werte als kennzahlen_daten.csv mit datapackage.json."""
    from indicators.bericht.daten import write_daten

    for pfad in write_daten(open_gezeigt(daten, gebiet, freigabe), ziel):
        print(f"geschrieben: {pfad}")


def bericht(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name des Berichts, zum Beispiel pflegeplanung.")],
    gebiet: GebietId,
    ziel: Annotated[Path, typer.Option("--ziel", help="Ordner für die Datei.")],
    freigabe: FreigabeId = "oeffentlich",
    daten: Daten = DATEN,
) -> None:
    """Eine Arbeitsmappe mit den Tabellen eines Berichts schreiben."""
    from indicators.bericht.pflegeplanung import list_berichte

    berichte = list_berichte()
    if name not in berichte:
        raise MonitoringError(f"Den Bericht »{name}« gibt es nicht.", wo=f"vorhanden: {', '.join(berichte)}")
    print(f"geschrieben: {berichte[name](open_gezeigt(daten, gebiet, freigabe), ziel)}")


def handbuch(
    ziel: Annotated[Path, typer.Option("--ziel", help="Ordner für die Dateien.")],
    daten: Daten = DATEN,
) -> None:
    """Das Methodenhandbuch aus dem Katalog schreiben: Markdown, HTML und Word."""
    from datetime import date

    from indicators.handbuch import Katalogtexte, write_handbuch

    katalog = Katalog(daten)
    texte = Katalogtexte(
        kennzahlen=katalog.kennzahlen(),
        titel={name: m.titel for q in katalog.quellen().values() for name, m in q.merkmale.items()},
        zusammenstellungen=katalog.zusammenstellungen(),
        indizes=katalog.indizes(),
    )
    for pfad in write_handbuch(texte, ziel, version=programmversion(), heute=date.today()):
        print(f"geschrieben: {pfad}")


def schreibe_dokumente(
    ziel: Path,
    gebiet: str | None,
    daten: Path,
    *,
    read_lieferungen: Callable[[Path], pd.DataFrame],
    read_zugang: Callable[[dict[str, int]], dict | None],
) -> None:
    """Write the drafts and say which fields are left to the Kreis.

    Args:
        read_lieferungen: internal database → its deliveries.
        read_zugang: release profile → rank in, what the access file says out.
    """
    from datetime import date

    from geodata.protokoll import read_protokoll
    from indicators.dokumente import Betrieb, build_werte, write_dokumente

    katalog = Katalog(daten)
    gewaehlt = [katalog.gebiet(gebiet)] if gebiet else list(katalog.gebiete().values())
    geladen = [g for g in gewaehlt if (daten / g.id / "intern.duckdb").is_file()]
    if not geladen:
        raise MonitoringError(
            "Es ist noch nichts geladen, was zu beschreiben wäre.",
            wo=str(daten.resolve()),
            tun=f"Erst »{PROGRAMM} laden«, am besten auch »{PROGRAMM} veroeffentlichen«.",
        )
    freigaben = tuple(katalog.freigaben())
    betrieb = Betrieb(
        daten=daten.resolve(),
        version=programmversion(),
        heute=date.today(),
        freigaben=freigaben,
        zugang=read_zugang({f.id: f.rang for f in freigaben}),
        protokoll=len(read_protokoll(daten)),
    )
    angaben = [
        build_angaben(g, katalog.quellen(), daten, read_lieferungen(daten / g.id / "intern.duckdb")) for g in geladen
    ]
    werte = build_werte(betrieb, angaben)
    dateien, offen = write_dokumente(ziel, werte, daten / "katalog")
    for pfad in dateien:
        print(f"geschrieben: {pfad}")
    print(f"{zahl(len(offen), 'Feld füllt', 'Felder füllt')} der Kreis aus; sie stehen in 00_offene_felder.")


def build_angaben(gebiet, quellen: dict, daten: Path, lieferungen: pd.DataFrame):
    """What the documents say about one Gebiet: numbers of things, never a value."""
    from indicators.bestand import list_snapshots, read_zurueckgezogen
    from indicators.dokumente import GebietAngaben
    from indicators.store import find_aktuell

    ordner = daten / gebiet.id
    lieferungen = lieferungen[lieferungen["entfernt_am"].isna()]["quelle"].value_counts().to_dict()
    raeume, heute = gebiet.read_raeume(), gebiet.gebietsstaende[-1].id
    je_ebene = raeume[(raeume["gebietsstand"] == heute) & ~raeume["rest"]]["ebene"].value_counts()
    eingang = {p.name: sum(d.is_file() for d in p.iterdir()) for p in (ordner / "eingang").glob("*") if p.is_dir()}
    return GebietAngaben(
        id=gebiet.id,
        name=gebiet.name,
        erfunden=gebiet.erfunden,
        ebenen=tuple(
            (e.titel if je_ebene.get(e.id) == 1 else e.titel_plural, int(je_ebene.get(e.id, 0))) for e in gebiet.ebenen
        ),
        quellen=tuple(q for q in quellen.values() if gebiet.id in q.gebiet and q.id in lieferungen),
        lieferungen={str(q): int(n) for q, n in lieferungen.items()},
        eingang=eingang,
        intern_bytes=(ordner / "intern.duckdb").stat().st_size,
        staende=len(list_snapshots(ordner)),
        zurueckgezogen=len(read_zurueckgezogen(ordner)),
        gedaechtnis=(ordner / "gedaechtnis").is_dir(),
        snapshot=find_aktuell(daten, gebiet.id),
    )


def find_veroeffentlicht(store, raum_id: str, kennzahl: str, stichtag: str):
    """Entry, row and day of an open published cell.

    Raises:
        MonitoringError: nothing of that name, or no open value: then nothing else is said.
    """
    from datetime import date, datetime

    import pandas as pd

    eintrag, raum = store.eintrag(kennzahl), store.raum(raum_id)
    if eintrag is None:
        vorhanden = ", ".join(e.id for e in store.katalog())
        raise MonitoringError(f"Die Kennzahl »{kennzahl}« ist nicht veröffentlicht.", wo=f"vorhanden: {vorhanden}")
    if raum is None:
        raise MonitoringError(f"Den Raum »{raum_id}« gibt es nicht.", tun="Den Schlüssel angeben, nicht den Namen.")
    try:
        tag = datetime.strptime(stichtag, "%d.%m.%Y").date() if "." in stichtag else date.fromisoformat(stichtag)
    except ValueError:
        tun = "So schreiben: 31.12.2023 oder 2023-12-31."
        raise MonitoringError(f"»{stichtag}« ist kein Datum.", tun=tun) from None
    werte = pd.concat([store.read_werte(kennzahl, e, tag).assign(umgerechnet=False) for e in eintrag.ebenen])
    werte = pd.concat([werte, *(store.read_umgerechnete(kennzahl, e, tag) for e in eintrag.ebenen)])
    treffer = werte[werte["raum_id"] == raum_id].sort_values("umgerechnet", kind="stable")
    if treffer.empty or treffer.iloc[-1]["status"] not in ("offen", "unsicher"):
        raise MonitoringError(
            f"Zu »{eintrag.titel}«, {raum.name}, {tag:%d.%m.%Y} ist in der Fassung »{store.stand.freigabe_titel}« kein "
            "Wert veröffentlicht.",
            tun="Die Herkunft gibt es nur für veröffentlichte Werte.",
        )
    return eintrag, next(treffer.tail(1).itertuples()), tag
