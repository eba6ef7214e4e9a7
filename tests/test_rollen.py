"""Roles of a person become one view per Gebiet: nested, never wider than the widest role, and looking never widens."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.rollen import Zutritt, find_rollen, finde_sicht, list_wechsel, mit_wechsel, umfasst, vereinige
from dashboard.zugangsdatei import Rolle
from indicators.store import Sicht

RANG = {"kreis": 1, "kommune": 2, "oeffentlich": 3}
TITEL = {"kreis": "Kreis", "kommune": "Kommune", "oeffentlich": "Öffentlich"}
KOMMUNEN = ("a", "b", "c")
IDS = {*KOMMUNEN, "a-1", "kreis"}


def rolle(id_: str, **mehr) -> Rolle:
    return Rolle(id=id_, titel=id_.title(), **mehr)


KREIS, OEFF = rolle("kreis", freigabe="kreis"), rolle("oeff", freigabe="oeffentlich")
A, B = rolle("a", kommunen=("a",)), rolle("b", kommunen=("b",))
ROLLEN = st.lists(
    st.one_of(
        st.sampled_from(list(RANG)).map(lambda p: rolle("p", freigabe=p)),
        st.lists(st.sampled_from([*KOMMUNEN, "fremd"]), min_size=1).map(lambda k: rolle("k", kommunen=tuple(k))),
        st.sampled_from(list(RANG)).map(lambda p: rolle("g", freigabe=p, gebiete=("woanders",))),
    ),
    max_size=4,
).map(tuple)


def offen(sicht: Sicht | None) -> dict[str, int]:
    """What a view shows, as one number per place: how permissive it is there."""
    if sicht is None:
        return {}
    innen = RANG[sicht.innen] if sicht.kommunen else 9
    return {ort: min(RANG[sicht.freigabe], innen if ort in sicht.kommunen else 9) for ort in (*KOMMUNEN, "rest")}


def einzeln(rolle_: Rolle) -> dict[str, int]:
    if rolle_.gebiete:
        return {}
    return {
        o: RANG[rolle_.freigabe] if rolle_.freigabe else 2 if o in rolle_.kommunen else 3 for o in (*KOMMUNEN, "rest")
    }


@pytest.mark.parametrize(
    ("rollen", "erwartet"),
    [
        ((), None),
        ((OEFF,), Sicht("oeffentlich")),
        ((A,), Sicht("oeffentlich", frozenset("a"), titel="A")),
        ((A, B), Sicht("oeffentlich", frozenset("ab"), titel="A und B")),
        ((A, OEFF), Sicht("oeffentlich", frozenset("a"), titel="A")),
        ((A, KREIS), Sicht("kreis")),
        ((A, rolle("alle", freigabe="kommune")), Sicht("kommune")),
        ((rolle("z", kommunen=("fremd",)),), Sicht("oeffentlich")),
        ((rolle("w", freigabe="kreis", gebiete=("woanders",)),), None),
        ((rolle("w", freigabe="kreis", gebiete=("hier",)), A), Sicht("kreis")),
    ],
)  # fmt: skip
def test_several_roles_become_one_view(rollen, erwartet):
    assert vereinige(rollen, "hier", IDS, RANG) == erwartet


@given(ROLLEN)
def test_the_union_shows_in_every_place_what_the_best_role_shows_there(rollen):
    gezeigt = offen(vereinige(rollen, "hier", IDS, RANG))

    for ort in (*KOMMUNEN, "rest"):
        assert gezeigt.get(ort) == min((einzeln(r)[ort] for r in rollen if einzeln(r)), default=None)


@given(ROLLEN, ROLLEN)
def test_contained_means_shows_less_everywhere(links, rechts):
    weit, eng = vereinige(links, "hier", IDS, RANG), vereinige(rechts, "hier", IDS, RANG)
    if weit and eng and umfasst(weit, eng, RANG):
        assert all(offen(weit)[ort] <= offen(eng)[ort] for ort in offen(eng))


@given(ROLLEN, ROLLEN)
def test_looking_as_a_role_never_widens(eigene, andere):
    for als in (*andere, None):
        eigen = offen(finde_sicht(Zutritt(eigene), "hier", IDS, RANG))
        gesehen = offen(finde_sicht(Zutritt(eigene, als=als), "hier", IDS, RANG))
        assert all(ort in eigen and eigen[ort] <= rang for ort, rang in gesehen.items())


def test_only_the_widest_profile_may_look_as_others():
    alle = {r.id: r for r in (KREIS, A, B, OEFF)}
    for eigene, darf in (((KREIS,), True), ((A,), False), ((OEFF,), False), ((A, KREIS), True)):
        zutritt = mit_wechsel(Zutritt(eigene), A, RANG)
        assert zutritt.darf_wechseln is darf and zutritt.als == (A if darf else None)
        assert bool(list_wechsel(zutritt, alle, TITEL, RANG)) is darf
    ids = [r.id for r in list_wechsel(mit_wechsel(Zutritt((KREIS,)), None, RANG), alle, TITEL, RANG)]
    assert ids == ["a", "b", "oeff", "profil_kommune"]  # the public profile is a role already


def test_groups_give_roles_and_nothing_else_does():
    alle = {"a": rolle("a", kommunen=("a",), gruppen=("g-a",)), "b": rolle("b", kommunen=("b",), gruppen=("g-b", "g"))}

    assert find_rollen(alle, {"g-a"}) == (alle["a"],)
    assert find_rollen(alle, {"g", "x"}) == (alle["b"],)
    for gruppen in (set(), {"a"}, {"G-A"}, {"g-a "}, {""}):
        assert find_rollen(alle, gruppen) == ()


def test_every_view_has_a_key_of_its_own():
    sichten = [
        Sicht(p, frozenset(k), titel=t)
        for p, k, t in product(("oeffentlich", "kreis"), ((), ("a",), ("a", "b"), ("ab",)), ("", "T"))
    ]
    assert len({s.kennung for s in sichten}) == len(sichten)
