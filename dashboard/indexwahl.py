"""The link of the index laboratory: read, checked, written back. The whole view is in the URL, because it is a form."""

from __future__ import annotations

from datetime import date
from math import isfinite
from urllib.parse import parse_qs, urlencode

from dashboard.ansicht import UnbekannteAngabe, find_eintrag
from indicators.store import Wahl

VORSCHLAG = 4  # so many Kennzahlen without a choice
DYNAMIK = (0, 1, 2, 3, 5)


def read_wahl(store, query: str) -> Wahl | None:
    """The choice of a link; what it leaves out comes from the newest index of the Gebiet, or from its first
    Kennzahlen of burden. None: this Gebiet has nothing an index could be made of.

    Raises:
        UnbekannteAngabe: Kennzahl, level, Stichtag, weight or edition that does not exist.
    """
    werte = read_felder(query)
    definition, ausgabe = find_vorlage(store, werte)
    gewichte = read_gewichte(store, werte)
    ebene = find_ebene(store, letzter(werte, "ebene"), definition, gewichte)
    if ebene is None:
        return None
    if not gewichte and ausgabe:
        ebene, gewichte = definition.ebene, dict(ausgabe.status)
    gewichte = gewichte or schlage_vor(store, ebene)
    gewichte = {name: g for name, g in gewichte.items() if ebene in find_eintrag(store, name).ebenen}
    if not any(gewichte.values()):
        gewichte = schlage_vor(store, ebene)
    if not gewichte:
        return None
    return Wahl(
        ebene=ebene,
        stichtag=find_stichtag(store, gewichte, ebene, letzter(werte, "stichtag"), ausgabe),
        gewichte=tuple(gewichte.items()),
        index=definition.id if definition else "",
        ausgabe=ausgabe.id if ausgabe else "",
        dynamik=read_dynamik(letzter(werte, "dynamik"), ausgabe),
        spanne=read_spanne(letzter(werte, "spanne")),
    )


def read_felder(query: str) -> dict[str, list[str]]:
    """The fields of a link, empty ones included; UnbekannteAngabe for more than any form sends."""
    try:
        return parse_qs(query.lstrip("?"), keep_blank_values=True, max_num_fields=60)
    except ValueError:
        raise UnbekannteAngabe("Dieser Link hat zu viele Angaben.") from None


def als_query(wahl: Wahl) -> str:
    """The part of the link after `?`; `read_wahl` reads it back."""
    teile = [("ebene", wahl.ebene), ("stichtag", wahl.stichtag.isoformat())]
    if wahl.index:
        teile += [("index", wahl.index), ("ausgabe", wahl.ausgabe)]
    for name, gewicht in wahl.gewichte:
        teile += [("kennzahl", name), ("gewicht", f"{gewicht:g}")]
    return urlencode([*teile, ("dynamik", wahl.dynamik), ("spanne", f"{100 * wahl.spanne:g}")])


def letzter(werte: dict[str, list[str]], name: str) -> str:
    return (werte.get(name) or [""])[-1].strip()


def find_vorlage(store, werte: dict) -> tuple:
    """The edition a link starts from; without a choice of Kennzahlen the newest one of the Gebiet."""
    name, ausgabe = letzter(werte, "index"), letzter(werte, "ausgabe")
    if not name:
        leer = not any(werte.get("kennzahl", [])) and not letzter(werte, "ebene")
        da = [i for i in store.indizes if i.ausgaben]
        return (da[0], da[0].ausgaben[-1]) if leer and da else (None, None)
    definition = next((i for i in store.indizes if i.id == name), None)
    treffer = next((a for a in definition.ausgaben if a.id == ausgabe), None) if definition else None
    if treffer is None:
        raise UnbekannteAngabe(f"Die Vorlage »{name} {ausgabe}« gibt es in diesem Stand nicht.")
    return definition, treffer


def find_weggelassene(store, query: str, wahl: Wahl) -> list[str]:
    """Titles of Kennzahlen that a link names, but that the level does not have."""
    namen = filter(None, read_felder(query).get("kennzahl", []))
    return [store.eintrag(name).titel for name in dict.fromkeys(namen) if name not in dict(wahl.gewichte)]


def find_ebene(store, wunsch: str, definition, gewichte: dict) -> str | None:
    """The wanted level, that of the definition, the one the territory shows first if it has all Kennzahlen, or the
    lowest one that has; None where nothing is ranked."""
    ebenen = list(dict.fromkeys(e for k in waehlbare(store) for e in k.ebenen if e != store.stand.ebenen[0].id))
    if wunsch and wunsch not in {e.id for e in store.stand.ebenen}:
        raise UnbekannteAngabe(f"Die Ebene »{wunsch}« gibt es in diesem Gebiet nicht.")
    alle = [e for e in ebenen if all(e in store.eintrag(name).ebenen for name in gewichte)]
    anzeige = store.stand.anzeige_ebene
    passend = anzeige if anzeige in alle or not alle else alle[-1]
    wuensche = (wunsch, definition.ebene if definition else "", passend)
    return next((e for e in wuensche if e in ebenen), ebenen[-1] if ebenen else None)


def waehlbare(store, ebene: str | None = None) -> list:
    """Kennzahlen an index may be made of: no counts, no series of months, no other index."""
    return [
        e
        for e in store.katalog()
        if e.art not in ("anzahl", "index") and not e.monatlich and (ebene is None or ebene in e.ebenen)
    ]


def schlage_vor(store, ebene: str) -> dict[str, float]:
    """Kennzahlen of burden in the order of the catalogue, poverty first, at their newest common year."""
    eintraege = [e for e in waehlbare(store, ebene) if e.polaritaet == "belastung"] or waehlbare(store, ebene)
    eintraege.sort(key=lambda e: (e.thema != "armut", -e.stichtage[ebene][-1].year))
    return {e.id: 1.0 for e in eintraege[:VORSCHLAG]}


def read_gewichte(store, werte: dict) -> dict[str, float]:
    """`kennzahl` and `gewicht` in pairs, as the form sends them; empty places are left out, a double one adds up."""
    namen, gewichte = werte.get("kennzahl", []), werte.get("gewicht", [])
    if len(namen) > Wahl.HOECHSTENS:
        raise UnbekannteAngabe(f"Ein Index hat höchstens {Wahl.HOECHSTENS} Kennzahlen.")
    ergebnis: dict[str, float] = {}
    for nr, name in enumerate(namen):
        if name:
            find_eintrag(store, name)
            gewicht = read_gewicht(gewichte[nr] if nr < len(gewichte) else "1")
            ergebnis[name] = ergebnis.get(name, 0.0) + gewicht
    return ergebnis


def read_gewicht(text: str) -> float:
    """`1,5` or `1.5`; empty is 1."""
    try:
        gewicht = float(text.strip().replace(",", ".") or 1)
    except ValueError:
        gewicht = float("nan")
    if not isfinite(gewicht) or abs(gewicht) > Wahl.GEWICHT_MAX:
        raise UnbekannteAngabe(f"Ein Gewicht ist eine Zahl von −{Wahl.GEWICHT_MAX:g} bis {Wahl.GEWICHT_MAX:g}.")
    return gewicht


def find_stichtag(store, gewichte: dict, ebene: str, wunsch: str, ausgabe) -> date:
    """The wanted Stichtag if a Kennzahl has it, that of the edition, or the newest that all have reached."""
    tage = alle_stichtage(store, gewichte, ebene)
    if wunsch:
        if wunsch not in {t.isoformat() for t in tage}:
            if not is_datum(wunsch):
                raise UnbekannteAngabe(f"»{wunsch[:20]}« ist kein Stichtag.")
            wunsch = max((t.isoformat() for t in tage if t.isoformat() <= wunsch), default=tage[0].isoformat())
        return date.fromisoformat(wunsch)
    if ausgabe:
        return ausgabe.stichtag
    return min(store.eintrag(name).stichtage[ebene][-1] for name in gewichte)


def is_datum(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def alle_stichtage(store, gewichte, ebene: str) -> list[date]:
    return sorted({t for name in gewichte for t in store.eintrag(name).stichtage[ebene]})


def read_dynamik(text: str, ausgabe) -> int:
    geliefert = bool(ausgabe and ausgabe.dynamik)
    if not text:
        return Wahl.GELIEFERT if geliefert else 0
    erlaubt = {str(j) for j in DYNAMIK} | {str(Wahl.GELIEFERT)}
    if text not in erlaubt:
        raise UnbekannteAngabe(f"Eine Dynamik über »{text[:20]}« Jahre gibt es hier nicht.")
    return int(text) if int(text) != Wahl.GELIEFERT or geliefert else 0


def read_spanne(text: str) -> float:
    erlaubt = {f"{100 * s:g}": s for s in Wahl.SPANNEN}
    if text and text not in erlaubt:
        raise UnbekannteAngabe(f"Die Spanne »{text[:20]}« gibt es hier nicht.")
    return erlaubt[text] if text else 0.5
