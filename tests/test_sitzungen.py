"""Sessions end: after rest, after their longest time, at logout, and when there are too many."""

from dashboard.sitzungen import Sitzungen


class Uhr:
    jetzt = 1000.0

    def __call__(self) -> float:
        return self.jetzt


def neu(**mehr):
    uhr = Uhr()
    return uhr, Sitzungen(**({"ruhe": 60, "hoechstens": 600} | mehr), uhr=uhr)


def test_a_session_is_found_by_its_number_alone():
    _, sitzungen = neu()
    nummer = sitzungen.beginne(wer="a")

    assert sitzungen.finde(nummer).inhalt == {"wer": "a"}
    assert len(nummer) >= 43 and nummer not in repr(sitzungen._alle)  # 256 bits, kept as their hash
    for falsch in (None, "", nummer[:-1], nummer + "x", "x" * 10_000, "ü"):
        assert sitzungen.finde(falsch) is None


def test_rest_ends_a_session_and_activity_does_not_prolong_it_for_ever():
    uhr, sitzungen = neu()
    nummer = sitzungen.beginne()
    for _ in range(11):
        uhr.jetzt += 54
        assert sitzungen.finde(nummer)
    uhr.jetzt += 54  # 648 seconds after the login, never at rest
    assert sitzungen.finde(nummer) is None
    nummer = sitzungen.beginne()
    uhr.jetzt += 60
    assert sitzungen.finde(nummer) is None and len(sitzungen) == 0


def test_what_a_page_asks_by_itself_keeps_no_session_alive():
    uhr, sitzungen = neu()
    nummer = sitzungen.beginne()
    uhr.jetzt += 40
    assert sitzungen.finde(nummer, zaehlt=False)
    uhr.jetzt += 40
    assert sitzungen.finde(nummer) is None


def test_too_many_sessions_push_out_the_one_at_rest_longest():
    uhr, sitzungen = neu(anzahl=3)
    nummern = [sitzungen.beginne() for _ in range(3)]
    uhr.jetzt += 1
    sitzungen.finde(nummern[0])
    sitzungen.beginne()
    assert [bool(sitzungen.finde(n)) for n in nummern] == [True, False, True]


def test_an_ended_session_is_gone():
    _, sitzungen = neu()
    nummer = sitzungen.beginne()
    assert sitzungen.beende(nummer) and sitzungen.finde(nummer) is None and sitzungen.beende(nummer) is None
