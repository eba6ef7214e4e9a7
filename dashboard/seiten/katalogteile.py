"""What several pages say about the catalogue: versions and variants of a definition, what is missing, lists."""

from urllib.parse import parse_qs

from dash import html

from dashboard import bausteine, zahlen
from dashboard.ansicht import UnbekannteAngabe

UNBESTAETIGT = "noch nicht bestätigt"


# --- versions and variants -----------------------------------------------------------------------


def nicht_bestaetigt(eintrag):
    """The mark of a definition that its source has not confirmed yet; empty for all others."""
    if eintrag.bestaetigt:
        return ""
    return [html.Strong(f"Die Definition ist {UNBESTAETIGT}. "), eintrag.beleg]


def versionen(eintrag):
    """Which version of the definition holds, and the older ones with their texts."""
    if len(eintrag.versionen) < 2:
        return str(eintrag.version)
    return [
        html.P(f"{eintrag.version}, gültig ab {zahlen.format_datum(eintrag.versionen[-1].ab)}"),
        html.Ul([html.Li(zeile) for zeile in versionszeilen(eintrag.versionen)]),
    ]


def versionszeilen(alle) -> list[str]:
    """One line per version: what it changed, and its text if it no longer holds."""
    zeilen = []
    for nr, version in enumerate(alle):
        seit = f"Version {version.nr}" + (f", ab {zahlen.format_datum(version.ab)}" if version.ab else "")
        bis = f" bis vor dem {zahlen.format_datum(alle[nr + 1].ab)}" if nr + 1 < len(alle) else ""
        teile = (version.aenderung, version.definition, f"Formel: {version.formel}." if version.formel else "")
        zeilen.append(f"{seit}{bis}: {' '.join(filter(None, teile))}")
    return zeilen


def varianten(store, eintrag):
    """The other definitions of the same thing, side by side with what differs."""
    alle = store.varianten(eintrag) if store else ()
    if not alle:
        return ""
    basis = f"/{store.stand.gebiet_id}/methodik"
    return html.Ul([html.Li(variante(v, basis, hier=v.id == eintrag.id)) for v in alle])


def variante(eintrag, basis: str, *, hier: bool) -> list:
    if hier:
        return [html.Strong(eintrag.titel), f" (diese): {eintrag.variante}"]
    fehlt = hasattr(eintrag, "lieferung")
    name = eintrag.titel if fehlt else html.A(eintrag.titel, href=f"{basis}#{eintrag.id}")
    return [name, f": {eintrag.variante}", " (hier noch nicht berechnet)" if fehlt else ""]


# --- what is missing -----------------------------------------------------------------------------


def fehlend_abschnitt(store) -> list:
    """Kennzahlen of the standard catalogue that this Gebiet does not show yet, and the delivery each waits for."""
    fehlend = [f for f in store.fehlend if f.nr]
    if not fehlend:
        return [html.P("Alle Kennzahlen des Standardkatalogs sind berechnet.")]
    themen: dict[str, list] = {}
    for f in fehlend:
        themen.setdefault(f.thema_titel, []).append(f)
    anzahl = zahlen.format_anzahl(len(fehlend), "Kennzahl", "Kennzahlen")
    return [
        html.P(
            f"{anzahl} des Standardkatalogs {'ist' if len(fehlend) == 1 else 'sind'} hier noch nicht berechnet. "
            "Die Tabellen nennen die Lieferung, die fehlt."
        ),
        *[
            html.Details(
                [html.Summary(f"{titel} ({len(liste)})"), fehlend_tabelle(titel, liste)],
                className="falte",
            )
            for titel, liste in themen.items()
        ],
    ]


def fehlend_tabelle(titel: str, liste: list):
    zeilen = [[f.titel, f.nr, fehlt_text(f)] for f in liste]
    return bausteine.tabelle(
        ["Kennzahl", "Nummer", "Es fehlt"], zeilen, titel=f"Noch nicht berechnet: {titel}", zahlen_ab=9
    )


def fehlt_text(fehlend) -> str:
    return " ".join(filter(None, (fehlend.lieferung and f"{fehlend.lieferung.rstrip('.')}.", fehlend.grund)))


# --- lists of Kennzahlen -------------------------------------------------------------------------


def read_zusammenstellung(store, query: str):
    """The list a link asks for; None without a wish.

    Raises:
        UnbekannteAngabe: there is no such list.
    """
    wunsch = parse_qs(query.removeprefix("?")).get("zusammenstellung", [""])[0]
    if wunsch and wunsch not in store.zusammenstellungen:
        raise UnbekannteAngabe("Diese Zusammenstellung gibt es hier nicht.")
    return store.zusammenstellungen.get(wunsch)


def wahl_zusammenstellung(store, ziel: str, gewaehlt):
    """A plain form: the choice is in the address, and it works without JavaScript."""
    if not store.zusammenstellungen:
        return html.Div()
    optionen = [html.Option("wichtigste Kennzahlen", value="", selected=gewaehlt is None)]
    optionen += [html.Option(z.titel, value=z.id, selected=z == gewaehlt) for z in store.zusammenstellungen.values()]
    return html.Form(
        [
            html.Label("Zusammenstellung ", htmlFor="zusammenstellung-wahl"),
            html.Select(optionen, id="zusammenstellung-wahl", name="zusammenstellung"),
            html.Button("Zeigen", type="submit", className="knopf zart"),
        ],
        method="get",
        action=ziel,
        className="filterzeile nicht-drucken",
    )


def kopf_zusammenstellung(liste) -> html.Div:
    """What a list is for, and what is still open about it."""
    offen = [html.Strong(f"Diese Zusammenstellung ist {UNBESTAETIGT}. "), liste.beleg]
    return html.Div(
        [
            html.H2(liste.titel),
            html.P(liste.beschreibung),
            *([] if liste.bestaetigt else [html.P(offen, className="leise")]),
        ]
    )


def fehlend_liste(plaetze, gezeigt):
    """The places of a group that nothing fills here, with the delivery each waits for; `gezeigt`: ids with a value."""
    leer = [p.fehlend for p in plaetze if p.fehlend and not (p.eintrag and p.eintrag.id in gezeigt)]
    if not leer:
        return html.Div()
    return html.Ul(
        [html.Li(f"{f.titel}: hier noch nicht berechnet. Es fehlt: {fehlt_text(f)}") for f in leer], className="leise"
    )
