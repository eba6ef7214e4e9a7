"""The certificate of the disclosure control: what the gate hides, why, and what is left to an attacker.

Everything is computed anew from intern.duckdb and the memory of what was published: the pattern comes from the memory,
the numbers from the database, the attacker plays against both. No number of persons stands in the result.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from geodata.fehler import MonitoringError
from indicators import geheimhaltung
from indicators.altstand import find_alte, read_gezeigt
from indicators.bestand import find_zeiger
from indicators.eigene import read_vorhaben
from indicators.eingabe import Eingabe, Melder, build_eingabe
from indicators.eingang import read_eingang
from indicators.freigabe import Freigabe
from indicators.gate import Auftrag, build_auftraege, build_zellen, find_vorher
from indicators.gedaechtnis import Auflage, Gedaechtnis
from indicators.kennwerte import fasse_zusammen
from indicators.manifest import read_manifest
from indicators.primaer import GRUND_TEXT, OFFEN, UNGENUTZT, build_frage
from indicators.relationen import TRENNER, Block
from indicators.verlauf import build_system
from indicators.zahlformat import format_zahl

GLEICH, VERALTET, NEU = "gleich", "veraltet", "neu"


@dataclass
class Profil:
    """Figures of one release profile over all blocks; `offenbar`: secrets found, as "Stichtag Raum Merkmal"."""

    id: str
    titel: str
    rang: int
    schwelle: dict[str, int]
    einwohner_mindest: int
    nenner_mindest: int
    ohne: dict[str, tuple[str, ...]]
    methode: dict[str, str]
    zahlen: dict = field(default_factory=dict)
    offenbar: list[str] = field(default_factory=list)
    widerspruch: int = 0  # numbers the snapshot shows and the pattern hides, or that are not those of intern.duckdb


@dataclass
class Zertifikat:
    """`stand`: the snapshot that is shown. `bloecke`: how many answer today's data (`gleich`), were published from
    other data (`veraltet`), or never (`neu`)."""

    gebiet: str
    stand: str
    bloecke: dict[str, int]
    ausgaben: int
    nachgetragen: int
    ohne_gedaechtnis: list[str]
    gedaechtnis_passt: bool
    profile: list[Profil]

    @property
    def sicher(self) -> bool:
        return not any(p.offenbar or p.widerspruch for p in self.profile)

    def als_dict(self) -> dict:
        return asdict(self) | {"sicher": self.sicher}


def build_zertifikat(
    gebiet, quellen, kennzahlen, freigaben: list[Freigabe], ordner: Path, *, melde: Melder = lambda *_: None
) -> Zertifikat:
    """Audit the published state of one Gebiet.

    Args:
        ordner: `daten/<gebiet>`; nothing in it is changed.

    Raises:
        MonitoringError: nothing is published, or the memory is damaged.
    """
    name = find_zeiger(ordner)
    gedaechtnis = Gedaechtnis(ordner)
    if name is None or not gedaechtnis.ausgaben:
        raise MonitoringError(
            f"Für »{gebiet.name}« gibt es nichts zu bescheinigen.",
            wo=f"{ordner}: {'kein gezeigter Stand' if name is None else 'kein Gedächtnis der Veröffentlichungen'}",
            tun=f"»sozialraum veroeffentlichen --gebiet {gebiet.id}« ausführen.",
        )
    eingang = read_eingang(ordner / "intern.duckdb", gebiet)
    eingabe = build_eingabe(gebiet, quellen, kennzahlen, freigaben, eingang, read_vorhaben(gebiet, ordner))
    auftraege = build_auftraege(eingabe.zaehlung, eingabe.eltern, eingabe.regeln, eingabe.freigaben, gedaechtnis)
    profile = [
        Profil(f.id, f.titel, f.rang, f.schwelle, f.einwohner_mindest, f.nenner_mindest, f.ohne, dict(f.methode))
        for f in freigaben
    ]
    bloecke = {GLEICH: 0, VERALTET: 0, NEU: 0}
    teile: dict[str, list[dict]] = {f.id: [] for f in freigaben}
    for nr, auftrag in enumerate(auftraege, start=1):
        zustand = _zustand(auftrag)
        bloecke[zustand] += 1
        if zustand != NEU:
            for profil, zahlen, offenbar in pruefe_block(auftrag, frisch=zustand == GLEICH):
                teile[profil].append(zahlen)
                next(p for p in profile if p.id == profil).offenbar.extend(offenbar)
        melde(nr, len(auftraege), "Geheimhaltung")
    for profil in profile:
        profil.zahlen = fasse_zusammen(teile[profil.id])
    _vergleiche(ordner / "bestand" / name, eingabe, auftraege, profile)
    beleg = read_manifest(ordner / "bestand" / name).get("gedaechtnis")
    return Zertifikat(
        gebiet.id,
        name,
        bloecke,
        gedaechtnis.ausgaben,
        len(gedaechtnis.nachgetragen),
        find_alte(ordner, gedaechtnis),
        gedaechtnis.kennt(beleg),
        profile,
    )


def _zustand(auftrag: Auftrag) -> str:
    if not auftrag.auflagen or auftrag.auflagen[-1].nachgetragen:
        return NEU
    return GLEICH if auftrag.auflagen[-1].frage == auftrag.frage else VERALTET


def pruefe_block(auftrag: Auftrag, *, frisch: bool) -> list[tuple[str, dict, list[str]]]:
    """Play the attacker against the newest edition of a block and all before it: per profile figures and finds.

    Args:
        frisch: the numbers come from intern.duckdb, not from the memory.
    """
    auflage, fruehere = auftrag.auflagen[-1], auftrag.auflagen[:-1]
    block = auftrag.build_block() if frisch else Block(auflage.stichtage, auflage.zellen, auflage.matrix)
    freigaben = [f for f in auftrag.freigaben if f.id in auflage.gruende]
    system = build_system(block, fruehere, freigaben)
    ohne = np.zeros(len(system.zellen), bool)
    ergebnis = []
    for freigabe in freigaben:
        frage = build_frage(system.zellen, freigabe, ohne_zuvor=ohne, alt=system.alt)
        ohne = frage.ohne
        muster = _muster(auflage, block, freigabe.id)
        geheim = np.zeros(len(system.zellen), bool)
        geheim[: len(muster)] = muster
        pruefung = geheimhaltung.audit(
            build_zellen(system, frage, system.zellen["fix"].to_numpy(bool)),
            system.matrix,
            geheim,
            vorher=find_vorher(system, freigabe),
        )
        zellen = system.zellen.iloc[pruefung.offenbar]
        orte = [f"{z.stichtag} {z.raum_id.partition(TRENNER)[0]} {z.merkmal}" for z in zellen.itertuples()]
        breite = (pruefung.oben - pruefung.unten)[np.isfinite(pruefung.oben)]
        zahlen = auflage.profile[freigabe.id] | {
            "geprueft": len(pruefung.zelle),
            "teile": pruefung.teile,
            "ganzzahlig": pruefung.teile_ganz,
            "schmalstes": float(breite.min()) if len(breite) else None,
            "breitestes": float(breite.max()) if len(breite) else None,
        }
        ergebnis.append((freigabe.id, zahlen, orte))
    return ergebnis


def _muster(auflage: Auflage, block: Block, profil: str) -> np.ndarray:
    """The remembered pattern on the cells of the block; both have the same cells in the same order, or it is no use."""
    ort = ["stichtag", "raum_id", "merkmal"]
    gleich = (
        len(block.zellen) == len(auflage.zellen)
        and (block.zellen[ort].astype(str).to_numpy() == auflage.zellen[ort].astype(str).to_numpy()).all()
    )
    if not gleich:
        raise MonitoringError(
            "Das Gedächtnis nennt andere Zellen, als die internen Daten ergeben.",
            wo=", ".join(map(str, auflage.stichtage)),
            tun="Den Stand neu veröffentlichen.",
        )
    return ~np.isin(auflage.gruende[profil], [OFFEN, UNGENUTZT])


def _vergleiche(snapshot: Path, eingabe: Eingabe, auftraege: list[Auftrag], profile: list[Profil]) -> None:
    """Hold what the snapshot shows against the remembered pattern: what is open must be open there, and the same."""
    gezeigt = read_gezeigt(snapshot, eingabe.fassungen, eingabe.zaehlung)
    gerundet = {m for f in eingabe.freigaben for m in f.methode}
    gezeigt = gezeigt[~gezeigt["merkmal"].isin(gerundet) & gezeigt["merkmal"].isin(list(eingabe.regeln.recht))]
    gezeigt = gezeigt[gezeigt["merkmal"].map(eingabe.regeln.recht) != "keins"]
    offen: dict[str, dict[tuple, float]] = {p.id: {} for p in profile}
    tage = set()
    for auflage in (a.auflagen[-1] for a in auftraege if _zustand(a) != NEU):
        tage |= set(auflage.stichtage)
        z = auflage.zellen
        orte = list(zip(z["stichtag"], z["raum_id"].str.split(TRENNER).str[0], z["merkmal"], strict=True))
        werte = z["wert"].to_numpy(float)
        for profil, gruende in auflage.gruende.items():
            frei = np.flatnonzero((gruende == OFFEN) & auflage.echt)
            offen.setdefault(profil, {}).update((orte[i], werte[i]) for i in frei)
    for profil in profile:
        zeilen = gezeigt[(gezeigt["profil"] == profil.id) & gezeigt["stichtag"].isin(tage)]
        erlaubt = offen[profil.id]
        orte = zip(zeilen["stichtag"], zeilen["raum_id"], zeilen["merkmal"], strict=True)
        profil.widerspruch = sum(
            not np.isclose(erlaubt.get(ort, np.nan), wert) for ort, wert in zip(orte, zeilen["wert"], strict=True)
        )


# --- in words --------------------------------------------------------------------------------


def als_text(z: Zertifikat) -> str:
    """The certificate in plain German."""
    gesamt = sum(z.bloecke.values())
    zeilen = [f"Geheimhaltung »{z.gebiet}«, Stand {z.stand}", ""]
    zeilen.append(f"  Geprüfte Blöcke (Stichtage): {gesamt}")
    if z.bloecke[VERALTET]:
        zeilen.append(
            f"  {z.bloecke[VERALTET]} davon sind mit anderen Daten oder Regeln veröffentlicht, als heute gelten; "
            "geprüft ist, was veröffentlicht ist."
        )
    if z.bloecke[NEU]:
        zeilen.append(f"  {z.bloecke[NEU]} davon sind noch nicht veröffentlicht.")
    if not z.bloecke[VERALTET] and not z.bloecke[NEU]:
        zeilen.append("  Der veröffentlichte Stand entspricht den heutigen Daten und Regeln.")
    zeilen += [_gedaechtnis(z), ""]
    for profil in z.profile:
        zeilen += [*_profil(profil), ""]
    zeilen += [*_GRENZEN, ""]
    zeilen.append(
        "Ergebnis: Kein geschützter Wert lässt sich aus dem Gezeigten enger bestimmen als erlaubt."
        if z.sicher
        else "Ergebnis: NICHT SICHER. Nicht weitergeben, neu veröffentlichen; den Datenschutz informieren."
    )
    return "\n".join(zeilen)


def _gedaechtnis(z: Zertifikat) -> str:
    text = f"  Gedächtnis: {z.ausgaben} {'Ausgabe' if z.ausgaben == 1 else 'Ausgaben'}"
    text += f", davon aus {z.nachgetragen} älteren Ständen nachgetragen" if z.nachgetragen else ""
    text += "." if z.gedaechtnis_passt else "; der gezeigte Stand gehört NICHT dazu – neu veröffentlichen."
    if z.ohne_gedaechtnis:
        text += f" {len(z.ohne_gedaechtnis)} ältere Stände fehlen darin noch; die nächste Veröffentlichung liest sie."
    return text


def _profil(p: Profil) -> list[str]:
    z = p.zahlen
    zeilen = [f"Profil »{p.titel}« ({p.id})"]
    schwellen = ", ".join(f"{recht} {t}" for recht, t in p.schwelle.items())
    zeilen.append(f"  Mindestfallzahl: {schwellen}" + _mindest(p))
    if p.methode:
        zeilen.append(f"  Auf 10 gerundet statt gesperrt: {', '.join(p.methode)} (0 steht für 0 bis 4)")
    anteil = 100 * z["gesperrt"] / z["zellen"] if z["zellen"] else 0
    zeilen.append(f"  {_n(z['gesperrt'])} von {_n(z['zellen'])} Fallzahlen gesperrt ({format_zahl(anteil, 1)} %):")
    zeilen += [
        f"    {_n(zahl):>8}  {GRUND_TEXT[int(g)]}" for g, zahl in sorted(z["gruende"].items(), key=lambda x: -x[1])
    ]
    for ebene, (zellen, geheim) in z["ebenen"].items():
        zeilen.append(f"    Ebene {ebene}: {_n(geheim)} von {_n(zellen)} ({format_zahl(100 * geheim / zellen, 1)} %)")
    zeilen.append(f"  Gleichungen, die ein Leser kennt: {_n(z['relationen'])} (Prüfsumme {z['relationen_hash']})")
    zeilen.append(f"  Gegen den Angreifer geprüfte Geheimnisse: {_n(z['geprueft'])}")
    if z["schmalstes"] is not None:
        eng, weit = format_zahl(z["schmalstes"], 0), format_zahl(z["breitestes"], 0)
        zeilen.append(f"  Spielraum, der ihm bleibt: mindestens {eng}, nachgewiesen bis {weit} Personen")
    if z["ganzzahlig"]:
        zeilen.append(
            f"  Gruppen von Zellen: {_n(z['teile'])}, davon {_n(z['ganzzahlig'])} auch in ganzen Zahlen geprüft"
        )
    if z["verloren"]:
        zeilen.append(
            f"  {_n(z['verloren'])} Werte sind schon ohne diese Veröffentlichung enger bekannt als erlaubt "
            "(frühere Stände, zwei Zählungen derselben Personen); geschützt ist der Rest."
        )
    if p.offenbar:
        zeilen.append(f"  GEFUNDEN: {len(p.offenbar)} Geheimnis(se), zuerst {'; '.join(p.offenbar[:5])}")
    if p.widerspruch:
        zeilen.append(f"  WIDERSPRUCH: {_n(p.widerspruch)} gezeigte Zahlen sind im Muster gesperrt oder anders.")
    return zeilen


def _mindest(p: Profil) -> str:
    teile = [f"; Leistungen nur ab {p.einwohner_mindest} Einwohnern"] if p.einwohner_mindest else []
    teile += [f"; Quoten nur ab {p.nenner_mindest} Personen im Nenner"] if p.nenner_mindest else []
    return "".join(teile)


def _n(zahl: int) -> str:
    return format_zahl(zahl, 0)


_GRENZEN = (
    "Nicht erfasst:",
    "  Was Leser aus anderen Quellen wissen (eigene Akten, Veröffentlichungen anderer Stellen).",
    "  Zusammenhänge zwischen Merkmalen, die kein Profil erklärt (summe_aus, teil_von, gleich, zeitsumme, aenderung).",
    "  Werte, die schon gerundet oder verrauscht geliefert werden, und übernommene Raten anderer Herausgeber.",
    "  Dass sich ein Wert zwischen zwei Ausgaben meist nur wenig ändert.",
)
