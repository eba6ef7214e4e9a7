"""`make bench`: the map against its rivals. The disclosure control has its own: tests.bench.geheimhaltung_bench."""

import sys

from tests.bench.karte_bench import main

if __name__ == "__main__":
    sys.exit(main())
