"""The counting expressions know no engine: the same ones on DuckDB, on SQLite, and as text for a cluster."""

import random
from datetime import date, timedelta

import ibis
import pyarrow as pa
import pytest

from etl.fallzaehlung import OFFEN, Gruppierung, mehrfache, zaehle

ALTER = ("alter", ((0, 64), (65, 79), (80, 120)))
DAUER = ("dauer", ((0, 5), (6, 11), (12, 999)))
JAHRE = [date(2021, 12, 31), date(2022, 12, 31), date(2023, 12, 31)]
ARTEN = {
    "bestand": Gruppierung(("leistung", "geschlecht"), (ALTER,), staende=2),
    "zugaenge": Gruppierung(("leistung",), (ALTER,), staende=2),
    "beendigungen": Gruppierung(("leistung",), (ALTER,), (DAUER,), staende=2),
}
DATUM = ("beginn", "ende", "danach", "geburt")
SQL_TYP = {"date32[day]": "date", "int64": "integer"}


def faelle(anzahl=800):
    """Invented spells of 200 persons."""
    zufall, zeilen = random.Random(7), []
    for nr in range(anzahl):
        beginn = date(2020, 6, 1) + timedelta(days=zufall.randrange(1200))
        ende = zufall.choice([OFFEN, *(beginn + timedelta(days=zufall.randrange(400)) for _ in range(4))])
        danach = OFFEN if ende == OFFEN else ende + timedelta(days=1)
        geburt = zufall.choice([None, date(1940, 2, 29), date(1956, 12, 31), date(1957, 1, 1), date(1990, 7, 1)])
        zeilen.append(
            {"person": zufall.randrange(200), "rang": (beginn - date(2000, 1, 1)).days * anzahl + nr, "beginn": beginn,
             "ende": ende, "danach": danach, "geburt": geburt, "raum_0": zufall.randrange(4),
             "raum_1": zufall.randrange(4), "leistung": zufall.randrange(-1, 2), "geschlecht": zufall.randrange(-1, 3)}
        )  # fmt: skip
    schema = pa.schema(
        [(n, pa.date32() if n in ("beginn", "ende", "danach", "geburt") else pa.int64()) for n in zeilen[0]]
    )
    return pa.Table.from_pylist(zeilen, schema)


def tage():
    schema = pa.schema([("tag", pa.date32()), ("stand", pa.int64())])
    return pa.Table.from_pylist([{"tag": t, "stand": int(t.year > 2021)} for t in JAHRE], schema)


@pytest.fixture(scope="module")
def auf_duckdb():
    con = ibis.duckdb.connect(":memory:")
    for name, tabelle in (("faelle", faelle()), ("tage", tage())):
        con.con.register(name, tabelle)
    yield con
    con.disconnect()


@pytest.fixture(scope="module")
def auf_sqlite():
    con = ibis.sqlite.connect()
    for name, tabelle in (("faelle", faelle()), ("tage", tage())):
        con.con.execute(
            f"CREATE TABLE {name} ({', '.join(f'{f.name} {SQL_TYP[str(f.type)]}' for f in tabelle.schema)})"
        )
        platz = ", ".join("?" * tabelle.num_columns)
        zeilen = [[str(w) if isinstance(w, date) else w for w in z.values()] for z in tabelle.to_pylist()]
        con.con.executemany(f"INSERT INTO {name} VALUES ({platz})", zeilen)
    yield con
    con.disconnect()


def ergebnis(con, ausdruck):
    zeilen = con.to_pyarrow(ausdruck(con.table("faelle"), con.table("tage"))).to_pylist()
    return sorted([str(w)[:10] for w in zeile.values()] for zeile in zeilen)


@pytest.mark.parametrize("art", ARTEN)
def test_two_engines_give_the_same_counts(auf_duckdb, auf_sqlite, art):
    def ausdruck(f, t):
        return zaehle(f, t, art, ARTEN[art], luecke_tage=3)

    eines = ergebnis(auf_duckdb, ausdruck)
    assert len(eines) > 30
    assert eines == ergebnis(auf_sqlite, ausdruck)


def test_two_engines_see_the_same_persons_twice(auf_duckdb, auf_sqlite):
    def ausdruck(f, t):
        return mehrfache(f, t.filter(t.tag == JAHRE[1]), 2)

    assert ergebnis(auf_duckdb, ausdruck) == ergebnis(auf_sqlite, ausdruck)


@pytest.mark.parametrize("dialekt", ["pyspark", "postgres", "trino"])
@pytest.mark.parametrize("art", ARTEN)
def test_the_expression_can_be_said_in_the_words_of_a_cluster(dialekt, art):
    datum = dict.fromkeys(("beginn", "ende", "danach", "geburt"), "date")
    zahlen = dict.fromkeys(("person", "rang", "raum_0", "raum_1", "leistung", "geschlecht"), "int64")
    unverbunden = ibis.table(zahlen | datum, name="faelle"), ibis.table({"tag": "date", "stand": "int64"}, name="tage")
    sql = str(ibis.to_sql(zaehle(*unverbunden, art, ARTEN[art]), dialect=dialekt))
    assert sql.lstrip().upper().startswith(("SELECT", "WITH"))
    assert "faelle" in sql
