"""What a Gebiet lacks: Kennzahlen of the standard catalogue that are not computed, and the delivery each waits for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from indicators.kennzahl import Kennzahl

GESPERRT = "Geliefert, aber in dieser Fassung ist kein Wert zu zeigen."
ENTWURF = "Entwurf: Die Definition ist noch nicht bestätigt."


def find_fehlende(
    kennzahlen: Iterable[Kennzahl],
    *,
    gezeigt: Collection[str],
    auch: Collection[str] = (),
    berechnet: Collection[str],
    geliefert: Collection[str],
    titel: Mapping[str, str],
) -> list[dict]:
    """The Kennzahlen of the standard catalogue without a value here, in catalogue order.

    Args:
        gezeigt: ids with values in this profile; auch: ids that are wanted though they are not in the standard
            catalogue; berechnet: ids whose Merkmale are all delivered.
        geliefert: delivered Merkmale; titel: Merkmal → German title, of all known sources.

    Returns:
        One dict per Kennzahl: id, nr, titel, thema_titel, lieferung (who has to deliver what), grund (what stands
        in the way besides), entwurf, bestaetigt, variante_von, variante.
    """
    return [
        {
            "id": k.id,
            "nr": k.nr,
            "titel": k.titel,
            "thema_titel": k.thema_titel,
            "lieferung": "" if k.id in berechnet else lieferung_text(k, geliefert, titel),
            "grund": ENTWURF if k.entwurf else GESPERRT if k.id in berechnet else "",
            "entwurf": k.entwurf,
            "bestaetigt": k.bestaetigt,
            "variante_von": k.variante_von,
            "variante": k.variante,
        }
        for k in kennzahlen
        if (k.nr or k.id in auch) and k.id not in gezeigt
    ]


def lieferung_text(kennzahl: Kennzahl, geliefert: Collection[str], titel: Mapping[str, str]) -> str:
    """The delivery that is missing: in the words of the catalogue, otherwise the Merkmale and where they come from."""
    je_fassung = [[m for m in (*f.zaehler, *f.nenner) if m not in geliefert] for f in kennzahl.fassungen]
    wenigste = min(je_fassung, key=len)
    namen = ", ".join(dict.fromkeys(titel[m] for m in wenigste if m in titel))
    if kennzahl.lieferung:  # speaks for what no source knows yet
        return f"{kennzahl.lieferung}; außerdem: {namen}" if namen else kennzahl.lieferung
    return f"{namen} ({kennzahl.quelle})" if namen else kennzahl.quelle
