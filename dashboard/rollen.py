"""Who sees what: roles of a person, joined per Gebiet to one view that is still nested in `kommune` or `kreis`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dashboard.zugangsdatei import Rolle
from indicators.store import Sicht

OEFFENTLICH = "oeffentlich"
INNEN = "kommune"


@dataclass(frozen=True)
class Zutritt:
    """Somebody whom the gate has let in.

    `als` is the role whose pages are shown instead ("Anzeigen als Rolle …"); it never shows more than `rollen`.
    """

    rollen: tuple[Rolle, ...]
    name: str = ""  # shown in the header, never logged
    pseudonym: str = ""  # for the log
    als: Rolle | None = None
    darf_wechseln: bool = False
    kann_abmelden: bool = False

    @property
    def titel(self) -> str:
        return " und ".join(r.titel for r in self.rollen)


def find_rollen(rollen: dict[str, Rolle], gruppen: set[str]) -> tuple[Rolle, ...]:
    """The roles that groups of the identity provider give."""
    return tuple(r for r in rollen.values() if gruppen & set(r.gruppen))


def vereinige(rollen: tuple[Rolle, ...], gebiet: str, raum_ids: set[str], rang: dict[str, int]) -> Sicht | None:
    """What several roles show together in one Gebiet; None: nothing.

    Profiles are nested, so the most permissive profile contains the others: a role for Kommunen adds nothing to a
    profile that shows at least what `kommune` shows. Several Kommunen become one view with all of them inside.

    Args:
        raum_ids: those of this Gebiet; Kommunen that it does not have are left out.
        rang: release profile → rang, 1 is the most permissive.
    """
    hier = [r for r in rollen if not r.gebiete or gebiet in r.gebiete]
    if not hier:
        return None
    profile = [r.freigabe or OEFFENTLICH for r in hier]
    weitestes = min(profile, key=lambda p: rang[p])
    mit = [r for r in hier if raum_ids & set(r.kommunen)]
    if not mit or rang[weitestes] <= rang[INNEN]:
        return Sicht(weitestes)
    kommunen = frozenset(k for r in mit for k in r.kommunen) & raum_ids
    return Sicht(weitestes, kommunen, INNEN, titel=" und ".join(dict.fromkeys(r.titel for r in mit)))


def umfasst(weit: Sicht, eng: Sicht, rang: dict[str, int]) -> bool:
    """Whether `weit` shows at least every value that `eng` shows."""
    if rang[weit.freigabe] > rang[eng.freigabe]:
        return False
    if not eng.kommunen or rang[weit.freigabe] <= rang[eng.innen]:
        return True
    return eng.kommunen <= weit.kommunen and rang[weit.innen] <= rang[eng.innen]


def finde_sicht(zutritt: Zutritt, gebiet: str, raum_ids: set[str], rang: dict[str, int]) -> Sicht | None:
    """What is shown in one Gebiet now: the own view, or the role chosen for looking, if that is no more."""
    eigene = vereinige(zutritt.rollen, gebiet, raum_ids, rang)
    if zutritt.als is None or eigene is None:
        return eigene
    andere = vereinige((zutritt.als,), gebiet, raum_ids, rang)
    return andere if andere is None or umfasst(eigene, andere, rang) else eigene


def list_wechsel(
    zutritt: Zutritt, rollen: dict[str, Rolle], profile: dict[str, str], rang: dict[str, int]
) -> list[Rolle]:
    """The roles somebody of the widest profile may look as: all others, and the profiles that are no role yet."""
    if not zutritt.darf_wechseln:
        return []
    eigenes = min(rang[r.freigabe] for r in zutritt.rollen if r.freigabe)
    belegt = {r.freigabe for r in rollen.values()}
    dazu = [
        Rolle(id=f"profil_{p}", titel=titel, freigabe=p)
        for p, titel in profile.items()
        if rang[p] > eigenes and p not in belegt
    ]
    eigene = {r.id for r in zutritt.rollen}
    return [r for r in (*rollen.values(), *dazu) if r.id not in eigene]


def mit_wechsel(zutritt: Zutritt, als: Rolle | None, rang: dict[str, int]) -> Zutritt:
    """The same person, with the right to look as others where a role shows the widest profile."""
    darf = any(r.freigabe and rang[r.freigabe] == min(rang.values()) for r in zutritt.rollen)
    return replace(zutritt, darf_wechseln=darf, als=als if darf else None)
