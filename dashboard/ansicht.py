"""The view: everything that decides what a page shows, small enough to be its URL."""

from dataclasses import asdict, dataclass, field
from datetime import date
from urllib.parse import parse_qs, urlencode

TABS = ("bild", "tabelle", "ueber")
MAX_RAEUME = 4


class UnbekannteAngabe(Exception):
    """The request names something that the catalogue of this release profile does not have.

    No MonitoringError: it is not the operator who can mend it. Pages answer 404, callbacks 400.
    """


@dataclass(frozen=True)
class Ansicht:
    """One view. `stichtag` and `raeume` are texts (ISO date, raum_id), because they travel as JSON and in links."""

    kennzahl: str
    ebene: str
    stichtag: str
    raeume: list[str] = field(default_factory=list)
    kommune: str = ""
    tab: str = "bild"
    baender: bool = True
    urteil: bool = False  # the map shows verdicts instead of values

    def als_dict(self) -> dict:
        return asdict(self)

    def als_query(self) -> str:
        """The part of the link after `?`; `read_ansicht` reads it back."""
        teile = {"kennzahl": self.kennzahl, "ebene": self.ebene, "stichtag": self.stichtag}
        if self.raeume:
            teile["raum"] = ",".join(self.raeume)
        if self.kommune:
            teile["kommune"] = self.kommune
        if self.tab != "bild":
            teile["tab"] = self.tab
        if not self.baender:
            teile["baender"] = "0"
        if self.urteil:
            teile["urteil"] = "1"
        return urlencode(teile, safe=",")


def find_store(stores: dict, pfad: str):
    """The Store a page path belongs to, or UnbekannteAngabe."""
    gebiet = (pfad or "").strip("/").split("/")[0]
    if gebiet not in stores:
        raise UnbekannteAngabe(f"Ein Gebiet »{gebiet}« ist hier nicht veröffentlicht.")
    return stores[gebiet]


def find_eintrag(store, kennzahl_id):
    """The catalogue entry, or UnbekannteAngabe."""
    eintrag = store.eintrag(kennzahl_id) if isinstance(kennzahl_id, str) else None
    if eintrag is None:
        raise UnbekannteAngabe(f"Die Kennzahl »{kennzahl_id}« gibt es in diesem Stand nicht.")
    return eintrag


def find_raum(store, raum_id):
    """The Raum, or UnbekannteAngabe."""
    raum = store.raum(raum_id) if isinstance(raum_id, str) else None
    if raum is None:
        raise UnbekannteAngabe(f"Den Raum »{raum_id}« gibt es in diesem Gebiet nicht.")
    return raum


def find_ebene(store, eintrag, ebene: str | None) -> str:
    """The wanted level if the Kennzahl has it, otherwise the one that shows most like the territory's own choice."""
    if ebene and ebene not in {e.id for e in store.stand.ebenen}:
        raise UnbekannteAngabe(f"Die Ebene »{ebene}« gibt es in diesem Gebiet nicht.")
    for wunsch in (ebene, store.stand.anzeige_ebene):
        if wunsch in eintrag.ebenen:
            return wunsch
    return eintrag.ebenen[-1]


def find_stichtag(eintrag, ebene: str, stichtag: str | None) -> str:
    """The newest Stichtag not after the wanted one; the newest of all without a wish."""
    tage = [tag.isoformat() for tag in eintrag.stichtage[ebene]]
    if stichtag:
        try:
            date.fromisoformat(stichtag)
        except ValueError:
            raise UnbekannteAngabe(f"»{stichtag}« ist kein Stichtag.") from None
    frueher = [tag for tag in tage if not stichtag or tag <= stichtag]
    return frueher[-1] if frueher else tage[0]


def find_vorauswahl(store):
    """The Kennzahl a page opens with."""
    return store.eintrag(store.stand.vorauswahl or "") or store.katalog()[0]


def read_ansicht(store, query: str) -> Ansicht:
    """Read a link; what it leaves out comes from the territory.

    Raises:
        UnbekannteAngabe: Kennzahl, Ebene, Raum, Kommune, Tab or Stichtag that does not exist here.
    """
    werte = {name: liste[-1] for name, liste in parse_qs(query.lstrip("?")).items()}
    eintrag = find_eintrag(store, werte["kennzahl"]) if "kennzahl" in werte else find_vorauswahl(store)
    ebene = find_ebene(store, eintrag, werte.get("ebene"))
    raeume = list(dict.fromkeys(r for r in werte.get("raum", "").split(",") if r))[:MAX_RAEUME]
    for raum_id in [*raeume, *([werte["kommune"]] if werte.get("kommune") else [])]:
        find_raum(store, raum_id)
    tab = werte.get("tab", "bild")
    if tab not in TABS:
        raise UnbekannteAngabe(f"Die Ansicht »{tab}« gibt es nicht.")
    return Ansicht(
        kennzahl=eintrag.id,
        ebene=ebene,
        stichtag=find_stichtag(eintrag, ebene, werte.get("stichtag")),
        raeume=raeume,
        kommune=werte.get("kommune", ""),
        tab=tab,
        baender=werte.get("baender") != "0",
        urteil=werte.get("urteil") == "1",
    )
