"""Plain routes beside the pages: map and value files, exports, the read-only API, health.

Bulk data travels here and never through a Dash callback: immutable files are answered a hundred times faster.
"""

import gzip
import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import date

import pandas as pd
from flask import Flask, Response, jsonify, request

from dashboard.ansicht import UnbekannteAngabe, find_eintrag, find_raum
from dashboard.indexwahl import read_wahl
from dashboard.seiten import antworten
from dashboard.seiten import steckbrief as seite_steckbrief
from dashboard.seiten import vergleich as seite_vergleich
from dashboard.seiten.katalogteile import read_zusammenstellung
from indicators.bericht import indexblatt as index_bericht
from indicators.bericht import pflegemappe, steckbrief, tabellen, vergleich

STAENDE = "X-Sozialraum-Staende"
EIN_JAHR = "public, max-age=31536000, immutable"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"
PFLEGE = {"pflege.xlsx": "xlsx", "pflege_excel.csv": "excel", "pflege_daten.csv": "daten"}
MAPPEN = 12  # workbooks of everything that are kept, one per Gebiet and view


def install(server: Flask, read_stores) -> None:
    """Register all routes; `read_stores` is () → {gebiet_id: Store}."""

    def find_store(gebiet: str):
        store = read_stores().get(gebiet)
        if store is None:
            raise UnbekannteAngabe(f"Ein Gebiet »{gebiet}« ist hier nicht veröffentlicht.")
        return store

    @server.get("/geo/<gebiet>/<name>")
    @server.get("/werte/<gebiet>/<name>")
    def datei(gebiet: str, name: str) -> Response:
        return answer_datei(find_store(gebiet), name)

    alles = je_stand(tabellen.write_alles_xlsx)

    @server.get("/<gebiet>/export/<name>")
    def export(gebiet: str, name: str) -> Response:
        if name == "alles.xlsx":
            store = find_store(gebiet)
            return als_download(alles(store), XLSX, f"{gebiet}_alles.xlsx")
        if name in PFLEGE:
            return answer_pflege(find_store(gebiet), name)
        if name in ("vergleich.xlsx", "vergleich.csv"):
            return answer_vergleich(find_store(gebiet), name, request.query_string.decode("utf-8", "replace"))
        return answer_export(find_store(gebiet), name, request.args.get("stichtag"))

    @server.get("/<gebiet>/export/steckbrief/<raum_id>.<endung>")
    def steckbrief(gebiet: str, raum_id: str, endung: str) -> Response:
        return answer_steckbrief(find_store(gebiet), raum_id, endung, request.query_string.decode("utf-8", "replace"))

    @server.get("/<gebiet>/export/index.<endung>")
    def indexblatt(gebiet: str, endung: str) -> Response:
        return answer_index(find_store(gebiet), request.query_string.decode("utf-8", "replace"), endung)

    @server.get("/api/v1/<gebiet>/kennzahlen.json")
    def kennzahlen(gebiet: str) -> Response:
        store = find_store(gebiet)
        return jsonify({"stand": describe_stand(store), "kennzahlen": [describe_eintrag(e) for e in store.katalog()]})

    @server.get("/api/v1/<gebiet>/werte/<kennzahl>/<ebene>.<endung>")
    def werte(gebiet: str, kennzahl: str, ebene: str, endung: str) -> Response:
        return answer_werte(find_store(gebiet), kennzahl, ebene, endung)

    @server.get("/api/v1/<gebiet>/vergleichswerte.<endung>")
    def vergleichswerte(gebiet: str, endung: str) -> Response:
        store = find_store(gebiet)
        return answer_tafel(store, store.vergleichswerte(), endung, "vergleichswerte", bezug=store.stand.bezug)

    @server.get("/api/v1/<gebiet>/herkunft/<kennzahl>.<endung>")
    def herkunft(gebiet: str, kennzahl: str, endung: str) -> Response:
        return answer_herkunft(find_store(gebiet), kennzahl, endung)

    @server.get("/gesund")
    def gesund() -> Response:
        return jsonify({"status": "gesund"})

    @server.get("/bereit")
    def bereit():
        return answer_bereit(read_stores())

    @server.get("/api/v1/<gebiet>/stand.json")
    def stand(gebiet: str) -> Response:
        return jsonify({"stand": describe_stand(find_store(gebiet))})

    @server.after_request
    def nenne_staende(antwort: Response) -> Response:
        """Open pages learn from it that there is a newer snapshot; immutable files would repeat an old answer."""
        if request.endpoint == "stand" or (request.method == "POST" and antwort.status_code < 400):
            antwort.headers[STAENDE] = " ".join(f"{g}={s.stand.snapshot}" for g, s in read_stores().items())
        return antwort


def answer_bereit(stores: dict):
    """For whoever watches the server. A snapshot shown in place of a damaged one is told, but does not take the site
    down: 200 with the reason. 503 only where there is nothing to show."""
    gebiete = {gebiet: store.stand.snapshot for gebiet, store in stores.items()}
    stoerungen = {gebiet: store.hinweis for gebiet, store in stores.items() if store.hinweis}
    status = "leer" if not gebiete else "eingeschraenkt" if stoerungen else "bereit"
    return jsonify({"status": status, "gebiete": gebiete, "stoerungen": stoerungen}), 200 if gebiete else 503


def je_stand(baue: Callable) -> Callable:
    """`baue(store)`, but at most once per snapshot and view: a workbook of everything takes many seconds.

    Requests that come meanwhile wait for the first one instead of building the same again. Only the newest snapshot of
    a territory is kept.
    """
    fertig: OrderedDict[tuple[str, str], tuple[str, bytes]] = OrderedDict()
    schloss = threading.Lock()

    def lies(store) -> bytes:
        platz = (store.stand.gebiet_id, store.sicht.kennung)
        with schloss:
            if fertig.get(platz, ("",))[0] != store.stand.snapshot:
                fertig[platz] = (store.stand.snapshot, baue(store))
                while len(fertig) > MAPPEN:
                    fertig.popitem(last=False)
            fertig.move_to_end(platz)
            return fertig[platz][1]

    return lies


def install_kompression(server: Flask) -> None:
    """Compress scripts and styles, once each: the framework alone is 6 MB, 1.8 MB compressed."""
    gepackt: dict[tuple[str, int], bytes] = {}

    @server.after_request
    def packe(antwort: Response) -> Response:
        packbar = request.path.startswith(("/assets/", "/_dash-component-suites/"))
        if not packbar or antwort.status_code != 200 or "gzip" not in request.headers.get("Accept-Encoding", ""):
            return antwort
        antwort.direct_passthrough = False
        roh = antwort.get_data()
        schluessel = (request.full_path, len(roh))
        if schluessel not in gepackt and len(gepackt) < 200:  # the server's own files are far fewer
            gepackt[schluessel] = gzip.compress(roh, 6)
        if schluessel in gepackt:
            antwort.set_data(gepackt[schluessel])
            antwort.headers["Content-Encoding"] = "gzip"
            antwort.vary.add("Accept-Encoding")
        return antwort


def answer_datei(store, name: str) -> Response:
    """An immutable file of the snapshot, as it lies there: already compressed, its name carries its hash."""
    inhalt = store.datei_inhalt(name)
    if inhalt is None:
        raise UnbekannteAngabe("Diese Datei gehört nicht zum veröffentlichten Stand.")
    antwort = Response(mimetype="application/octet-stream")
    antwort.headers["Cache-Control"] = EIN_JAHR
    antwort.set_etag(name)
    if antwort.make_conditional(request).status_code != 304:
        antwort.data = inhalt
        antwort.headers["Content-Encoding"] = "gzip"
    return antwort


def read_stichtag(eintrag, ebene: str, text: str | None) -> date | None:
    """A Stichtag this Kennzahl has on this level; None without a wish."""
    if text is None:
        return None
    passend = [tag for tag in eintrag.stichtage[ebene] if tag.isoformat() == text]
    if not passend:
        raise UnbekannteAngabe(f"Den Stichtag »{text}« gibt es für diese Kennzahl nicht.")
    return passend[0]


def check_ebene(eintrag, ebene: str) -> None:
    if ebene not in eintrag.ebenen:
        raise UnbekannteAngabe(f"Für die Ebene »{ebene}« hat »{eintrag.titel}« keine Werte.")


def find_export(store, name: str) -> tuple[str, str, str] | None:
    """`<kennzahl>_<ebene>` + `.xlsx`, `_excel.csv` or `_daten.csv` → (kennzahl, ebene, kind).

    Compared with what exists instead of taken apart: ids contain underscores themselves.
    """
    for eintrag in store.katalog():
        for ebene in eintrag.ebenen:
            for art, endung in (("xlsx", ".xlsx"), ("excel", "_excel.csv"), ("daten", "_daten.csv")):
                if name == f"{eintrag.id}_{ebene}{endung}":
                    return eintrag.id, ebene, art
    return None


def answer_export(store, name: str, stichtag: str | None) -> Response:
    gefunden = find_export(store, name)
    if gefunden is None:
        raise UnbekannteAngabe(f"Eine Tabelle »{name}« gibt es nicht.")
    kennzahl, ebene, art = gefunden
    tag = read_stichtag(store.eintrag(kennzahl), ebene, stichtag)
    dateiname = "_".join([store.stand.gebiet_id, *([stichtag] if stichtag else []), name])
    if art == "xlsx":
        return als_download(tabellen.write_ansicht_xlsx(store, kennzahl, ebene, tag), XLSX, dateiname)
    return als_download(tabellen.write_ansicht_csv(store, kennzahl, ebene, tag, art=art), CSV, dateiname)


def answer_pflege(store, name: str) -> Response:
    """The tables of the page »Pflege«."""
    dateiname = f"{store.stand.gebiet_id}_{name}"
    if PFLEGE[name] == "xlsx":
        return als_download(pflegemappe.write_pflege_xlsx(store), XLSX, dateiname)
    return als_download(pflegemappe.write_pflege_csv(store, PFLEGE[name]), CSV, dateiname)


def answer_index(store, query: str, endung: str) -> Response:
    """The audit sheet of an index; the link is that of its page."""
    wahl = read_wahl(store, query)
    if wahl is None or endung not in ("xlsx", "csv"):
        raise UnbekannteAngabe("Diese Tabelle gibt es nicht.")
    labor = store.build_labor(wahl)
    name = f"{store.stand.gebiet_id}_index_{wahl.ebene}_{wahl.stichtag}.{endung}"
    if endung == "xlsx":
        return als_download(index_bericht.write_index_xlsx(store, labor), XLSX, name)
    return als_download(index_bericht.write_index_csv(store, labor), CSV, name)


def answer_steckbrief(store, raum_id: str, endung: str, frage: str) -> Response:
    """The sheet of one Raum; the same list of Kennzahlen as its page, in the same address."""
    if endung not in ("xlsx", "csv"):
        raise UnbekannteAngabe("Diese Tabelle gibt es nicht.")
    raum = find_raum(store, raum_id)
    liste = read_zusammenstellung(store, frage)
    gruppen = seite_steckbrief.find_zeilen(store, store.read_profil(raum.raum_id), liste)
    saetze = antworten.sage(store, raum, gruppen)
    schreibe, mimetype = (
        (steckbrief.write_steckbrief_xlsx, XLSX) if endung == "xlsx" else (steckbrief.write_steckbrief_csv, CSV)
    )
    name = "_".join([store.stand.gebiet_id, "steckbrief", raum.raum_id, *([liste.id] if liste else [])])
    inhalt = schreibe(store, raum, liste.titel if liste else "", gruppen, saetze)
    return als_download(inhalt, mimetype, f"{name}.{endung}")


def answer_vergleich(store, name: str, frage: str) -> Response:
    """The table of the page »Vergleich«; the same address as the page."""
    wahl = seite_vergleich.read_wahl(store, frage)
    schreibe, mimetype = (
        (vergleich.write_vergleich_xlsx, XLSX) if name.endswith(".xlsx") else (vergleich.write_vergleich_csv, CSV)
    )
    kennzahlen = [e.id for e in seite_vergleich.find_eintraege(store, wahl)]
    dateiname = f"{store.stand.gebiet_id}_{wahl.ebene}_{wahl.thema}_{wahl.jahr}_{name}"
    return als_download(schreibe(store, wahl.ebene, kennzahlen, wahl.bis), mimetype, dateiname)


def als_download(inhalt: bytes, mimetype: str, dateiname: str) -> Response:
    return Response(inhalt, mimetype=mimetype, headers={"Content-Disposition": f'attachment; filename="{dateiname}"'})


def answer_werte(store, kennzahl: str, ebene: str, endung: str) -> Response:
    eintrag = find_eintrag(store, kennzahl)
    check_ebene(eintrag, ebene)
    if endung == "csv":
        inhalt = tabellen.write_ansicht_csv(store, eintrag.id, ebene, None, art="daten")
        return Response(inhalt, mimetype=CSV)
    if endung != "json":
        raise UnbekannteAngabe(f"Das Format »{endung}« gibt es nicht; möglich sind json und csv.")
    zeilen = store.read_werte(eintrag.id, ebene).to_dict("records")
    return jsonify(
        {
            "stand": describe_stand(store),
            "kennzahl": describe_eintrag(eintrag),
            "ebene": ebene,
            "werte": [{name: as_json(wert) for name, wert in zeile.items()} for zeile in zeilen],
        }
    )


def answer_herkunft(store, kennzahl: str, endung: str) -> Response:
    """Files, sheets and columns behind a Kennzahl, one row per Stichtag and file."""
    eintrag = find_eintrag(store, kennzahl)
    return answer_tafel(store, store.herkunft(eintrag.id), endung, "herkunft", kennzahl=eintrag.id)


def answer_tafel(store, tafel: pd.DataFrame, endung: str, name: str, **angaben: str) -> Response:
    """A table as JSON under `name` beside `angaben`, or as CSV."""
    if endung == "csv":
        text = tafel.map(neutral).to_csv(index=False, lineterminator="\r\n")
        teile = (store.stand.gebiet_id, angaben.get("kennzahl", ""), name)
        return als_download(text.encode(), CSV, f"{'_'.join(filter(None, teile))}.csv")
    if endung != "json":
        raise UnbekannteAngabe(f"Das Format »{endung}« gibt es nicht; möglich sind json und csv.")
    zeilen = [{spalte: as_json(wert) for spalte, wert in zeile.items()} for zeile in tafel.to_dict("records")]
    return jsonify({"stand": describe_stand(store), **angaben, name: zeilen})


def neutral(wert):
    """A text that no spreadsheet takes for a formula."""
    return f"'{wert}" if isinstance(wert, str) and wert[:1] in ("=", "+", "-", "@", "\t", "\r") else wert


def as_json(wert):
    """JSON has neither NaN nor dates."""
    if isinstance(wert, date):
        return wert.isoformat()[:10]
    if wert is None or wert is pd.NA or (isinstance(wert, float) and not math.isfinite(wert)):
        return None
    return wert


def describe_stand(store) -> dict:
    stand = store.stand
    return {
        "gebiet": stand.gebiet_id,
        "name": stand.gebiet_name,
        "erfunden": stand.erfunden,
        "freigabe": stand.freigabe,
        "snapshot": stand.snapshot,
        "erstellt_am": stand.erstellt_am.isoformat(),
        "quellen": [q.hinweis or q.titel for q in stand.quellen],
        **({"stoerung": store.hinweis} if store.hinweis else {}),
    }


def describe_eintrag(eintrag) -> dict:
    felder = "id titel thema art einheit pro stellen polaritaet lesart definition rechtsgrundlage quelle naeherung"
    return {
        **{feld: getattr(eintrag, feld) for feld in (*felder.split(), "version", "bestaetigt")},
        "ebenen": list(eintrag.ebenen),
        "stichtage": {ebene: [t.isoformat() for t in tage] for ebene, tage in eintrag.stichtage.items()},
        "brueche": [{"ab": b.ab.isoformat(), "wirkung": b.wirkung, "grund": b.grund} for b in eintrag.brueche],
    }
