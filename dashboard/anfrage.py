"""One request, one state: what is asked for at its beginning holds until its end, even if a new snapshot comes."""

from collections.abc import Callable

from flask import g, has_request_context


def je_anfrage(frage: Callable[[], dict]) -> Callable[[], dict]:
    """`frage()`, but asked only once in each request; outside of requests always.

    For what is the same for everybody, such as which snapshots are shown; never for what depends on who asks.
    """
    name = f"je_anfrage_{id(frage)}"

    def antwort() -> dict:
        if not has_request_context():
            return frage()
        if name not in g:
            setattr(g, name, frage())
        return g.get(name)

    return antwort
