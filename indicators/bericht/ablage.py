"""Putting a finished file in its place: whoever looks sees the old one or the new one, never half of one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def ersetze(pfad: Path, modus: str = "w") -> Iterator[IO]:
    """Open a file (`w`: UTF-8 text, `wb`: bytes) that replaces `pfad` only once it is complete and on the disk."""
    vorlaeufig = pfad.with_name(f".{pfad.name}.{os.getpid()}.teil")
    textart = {} if "b" in modus else {"encoding": "utf-8", "newline": ""}
    try:
        with vorlaeufig.open(modus, **textart) as datei:
            yield datei
            datei.flush()
            os.fsync(datei.fileno())
        vorlaeufig.replace(pfad)
    finally:
        vorlaeufig.unlink(missing_ok=True)
