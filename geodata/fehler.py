"""Errors a planner can cause, told as a recipe: what happened, where, what helps.

They live in the bottom room so that every room can raise them. A class of its own exists only where the
caller reacts differently; here that is the exit code. Bugs are not wrapped and keep their traceback.
"""


class MonitoringError(Exception):
    """Something in files, catalogues or arguments that the user can mend.

    Args:
        was: one German sentence, what is wrong, with the value found.
        wo: file, sheet, line, column or key path.
        tun: what helps, as an instruction.
    """

    exit_code = 1

    def __init__(self, was: str, *, wo: str = "", tun: str = "") -> None:
        super().__init__(was)
        self.was, self.wo, self.tun = was, wo, tun

    def __str__(self) -> str:
        zeilen = [self.was]
        if self.wo:
            zeilen.append(f"  Wo:      {self.wo}")
        if self.tun:
            zeilen.append(f"  Abhilfe: {self.tun}")
        return "\n".join(zeilen)


class GebietError(MonitoringError):
    """Boundaries, levels or keys of a territory."""

    exit_code = 10


class LieferungError(MonitoringError):
    """A delivered file does not say what its profile promises."""

    exit_code = 20


class KatalogError(MonitoringError):
    """A TOML file of the catalogue (source, indicator, release profile)."""

    exit_code = 30


class GeheimhaltungError(MonitoringError):
    """A table cannot be published safely; nothing of it is."""

    exit_code = 40


def sage_befund(befund: dict) -> str:
    """What pydantic found in a file (one of its `errors()`), as half a German sentence that begins with the place."""
    ort = ".".join(map(str, befund["loc"]))
    match befund["type"]:
        case "missing":
            return f"{ort} fehlt"
        case "extra_forbidden":
            return f"{ort} ist kein bekannter Eintrag"
    return f"{ort} hat den unzulässigen Wert »{befund['input']}«"
