"""A time limit for queries: whoever asks too much is interrupted, so that the others are still answered."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

SEKUNDEN = 20.0  # the slowest query of any page takes a tenth of a second


class ZuLange(Exception):
    """A query took longer than its limit. No MonitoringError: it is the request that can be made smaller."""


@contextmanager
def frist(cursor: duckdb.DuckDBPyConnection, sekunden: float) -> Iterator[None]:
    """Interrupt `cursor` after this time.

    Raises:
        ZuLange: the limit was reached, also when the query came to its end just then.
    """
    beginn = time.monotonic()
    wecker = threading.Timer(sekunden, cursor.interrupt)
    wecker.daemon = True
    wecker.start()
    try:
        yield
    except duckdb.InterruptException:
        raise ZuLange from None
    finally:
        wecker.cancel()
    if time.monotonic() - beginn > sekunden:
        raise ZuLange
