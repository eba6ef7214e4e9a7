"""What decides over the numbers of a delivery besides its file: the profile, and the files it finds Räume with."""

import hashlib

from etl.dateien import sha256_datei
from etl.quelle import Quelle
from geodata.gebiet import Gebiet


def find_profilstand(quelle: Quelle, gebiet: Gebiet) -> str:
    """Changes with the profile; for addresses also with the Straßenverzeichnis, for coordinates with the boundaries.

    A case list is counted anew after a street was added: that is what the list of unknown streets is for.
    """
    zuordnung = quelle.zuordnung
    namen = [s.geometrie for s in gebiet.gebietsstaende if quelle.punkte or (zuordnung and zuordnung.x)]
    namen += [s.strassen for s in gebiet.gebietsstaende if zuordnung and zuordnung.strasse and s.strassen]
    if not namen:
        return quelle.sha256
    dateien = [gebiet.ordner / name for name in dict.fromkeys(namen)]
    teile = [quelle.sha256, *(sha256_datei(datei) for datei in dateien if datei.is_file())]
    return hashlib.sha256(" ".join(teile).encode()).hexdigest()
