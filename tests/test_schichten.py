"""One direction: geodata → etl → indicators → dashboard. The table of the architecture, without exceptions."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

WURZEL = Path(__file__).parent.parent
RAEUME = ("geodata", "etl", "indicators", "dashboard")

# room → modules of other rooms it may import; a name stands for itself and everything below it
ERLAUBT = {
    "geodata": (),
    "etl": ("geodata",),
    "indicators": ("geodata", "etl.quelle", "etl.altersgrenze"),  # what a profile says, and a formula of the law
    # geodata.eigene and .differenz form and compare sets of keys: the page checks a draft with them, without any number
    "dashboard": (
        "indicators.store",
        "indicators.bericht",
        "geodata.gebiet",
        "geodata.fehler",
        "geodata.eigene",
        "geodata.differenz",
    ),
    "app.py": RAEUME,
}

# package → places that may import it; whoever is not named here may not
NUR_IN = {
    "geopandas": ("geodata/",),
    "shapely": ("geodata/",),
    "pyproj": ("geodata/",),
    "pyogrio": ("geodata/",),
    "duckdb": (
        "etl/bestand.py",
        "etl/load.py",
        "indicators/altstand.py",  # what older snapshots showed
        "indicators/eingang.py",
        "indicators/standdateien.py",
        "indicators/store.py",
        "indicators/mischung.py",  # the view of a role over two profiles
        "indicators/frist.py",  # interrupts a query
    ),
    "authlib": ("dashboard/oidc.py",),  # the only network contact
    "joserfc": ("dashboard/oidc.py",),
    "requests": ("dashboard/oidc.py",),
    "ibis": ("etl/fallliste.py", "etl/fallzaehlung.py"),  # the connection and the expressions, nothing else
    "python_calamine": ("etl/",),
    "openpyxl": ("etl/",),
    "scipy": ("indicators/",),
    "esda": ("indicators/",),
    "matplotlib": ("indicators/",),
    "xlsxwriter": ("indicators/",),
    "docx": ("indicators/",),
    "typst": ("indicators/",),
    "dash": ("dashboard/",),
    "plotly": ("dashboard/",),
    "flask": ("dashboard/",),
    "waitress": ("dashboard/befehle.py",),
    "dash_mantine_components": ("dashboard/bausteine.py",),
    "dash_iconify": ("dashboard/bausteine.py",),
    "typer": ("app.py", "geodata/kommandozeile.py", "geodata/befehle", "etl/befehle", "indicators/befehle"),
    "rich": ("geodata/kommandozeile.py",),
}

# who may read what is secret; everybody else has what these hand on, and nothing of it leaves without the gate
GEHEIM = ("indicators/publish.py", "indicators/zertifikat.py", "indicators/eigene_pruefung.py")

# the commands of the rooms and what they are made of: nobody else leans on them, and nobody else prints
BEFEHLE = ("app.py", "geodata/kommandozeile.py", *(f"{raum}/befehle" for raum in RAEUME))


def find_module() -> list[str]:
    """Every Python file of the rooms and the door, relative to the project."""
    dateien = [pfad for raum in RAEUME for pfad in sorted((WURZEL / raum).rglob("*.py"))]
    tuer = [WURZEL / "app.py"] if (WURZEL / "app.py").exists() else []
    return [pfad.relative_to(WURZEL).as_posix() for pfad in dateien + tuer]


@cache
def _knoten(quelltext: str) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(quelltext)))


def find_importe(quelltext: str, datei: str) -> Iterator[tuple[int, str]]:
    """Line and full name of everything a file imports, also inside functions and by name at run time."""
    paket = datei.removesuffix(".py").split("/")[:-1]
    for knoten in _knoten(quelltext):
        match knoten:
            case ast.Import(names=namen):
                yield from ((knoten.lineno, name.name) for name in namen)
            case ast.ImportFrom(module=modul, names=namen, level=stufe):
                oben = paket[: len(paket) - stufe + 1] if stufe else []
                stamm = ".".join([*oben, *([modul] if modul else [])])
                yield from ((knoten.lineno, f"{stamm}.{name.name}") for name in namen)
            case ast.Call(func=ast.Attribute(attr="import_module") | ast.Name(id="import_module" | "__import__")):
                namen = [arg.value for arg in knoten.args if isinstance(arg, ast.Constant)]
                yield from ((knoten.lineno, name) for name in namen if isinstance(name, str))


def find_verstoesse(quelltext: str, datei: str) -> list[str]:
    """Imports of one file that the tables above do not allow, as "file:line name"."""
    raum = datei.split("/")[0]
    verstoesse = []
    for zeile, name in find_importe(quelltext, datei):
        ziel = name.split(".")[0]
        fremder_raum = ziel in RAEUME and ziel != raum and not _faellt_unter(name, ERLAUBT[raum])
        fremdes_paket = ziel in NUR_IN and not datei.startswith(NUR_IN[ziel])
        geheimes = name == "indicators.eingang" or (name == "indicators.eingang.read_eingang" and datei not in GEHEIM)
        if fremder_raum or fremdes_paket or geheimes or (ziel == "app" and raum != "app.py"):
            verstoesse.append(f"{datei}:{zeile} {name}")
    return verstoesse


def find_gesprochenes(quelltext: str, datei: str) -> list[str]:
    """Where a file prints or uses commands though it is none itself, as "file:line name"."""
    if datei.startswith(BEFEHLE):
        return []
    drucke = [k.lineno for k in _knoten(quelltext) if isinstance(k, ast.Name) and k.id == "print"]
    importe = [
        (zeile, name)
        for zeile, name in find_importe(quelltext, datei)
        if name.replace(".", "/").startswith(tuple(ort.removesuffix(".py") for ort in BEFEHLE[1:]))
    ]
    return [f"{datei}:{zeile} {name}" for zeile, name in [*((z, "print") for z in drucke), *importe]]


def _faellt_unter(name: str, erlaubt: tuple[str, ...]) -> bool:
    return any(name == modul or name.startswith(f"{modul}.") for modul in erlaubt)


@pytest.mark.parametrize("datei", find_module())
def test_file_imports_only_what_its_room_may(datei):
    quelltext = (WURZEL / datei).read_text(encoding="utf-8")
    assert find_verstoesse(quelltext, datei) == []
    assert find_gesprochenes(quelltext, datei) == []


@pytest.mark.parametrize(
    "zeile",
    ["print(1)", "from etl.befehle import laden", "from geodata import kommandozeile", "import etl.befehle_befunde"],
)
def test_speaking_is_found(zeile):
    assert find_gesprochenes(zeile, "etl/load.py") != []
    assert find_gesprochenes(zeile, "etl/befehle_lieferung.py") == []


def test_all_rooms_are_looked_at():
    assert {datei.split("/")[0] for datei in find_module()} >= set(RAEUME)


@pytest.mark.parametrize(
    ("datei", "zeile"),
    [
        ("geodata/gebiet.py", "import etl.load"),
        ("geodata/gebiet.py", "from indicators import store"),
        ("etl/read.py", "from indicators.store import Store"),
        ("etl/read.py", "import duckdb"),
        ("etl/load.py", "import ibis"),
        ("etl/read.py", "import geopandas as gpd"),
        ("etl/quellen/melderegister.py", "from ..load import duckdb; from ...indicators import publish"),
        ("indicators/publish.py", "from etl.load import connect"),
        ("indicators/publish.py", "from etl import load"),
        ("indicators/arten.py", "import duckdb"),
        ("indicators/arten.py", "def f():\n    import dash"),
        ("dashboard/factory.py", "import etl"),
        ("dashboard/factory.py", "from indicators.publish import publish"),
        ("dashboard/factory.py", "from indicators import publish"),
        ("dashboard/factory.py", "from geodata.geometrie import read_geometrie"),
        ("dashboard/factory.py", "import importlib\nimportlib.import_module('etl.load')"),
        ("dashboard/seiten/karte.py", "import dash_mantine_components as dmc"),
        ("dashboard/seiten/karte.py", "from app import create_server"),
        ("app.py", "import duckdb"),
        ("dashboard/factory.py", "from indicators.lesen.werte import Werte"),
        ("indicators/lesen/werte.py", "import duckdb"),
        ("indicators/standtabellen.py", "from indicators.eingang import read_eingang"),
        ("indicators/publish.py", "from indicators import eingang"),
        ("app.py", "from indicators.eingang import read_eingang"),
        ("etl/load.py", "import typer"),
        ("etl/befehle.py", "from rich.console import Console"),
        ("indicators/befehle_bericht.py", "from etl.bestand import list_lieferungen"),
    ],
)
def test_a_forbidden_import_is_found(datei, zeile):
    assert find_verstoesse(zeile, datei) != []


@pytest.mark.parametrize(
    ("datei", "zeile"),
    [
        ("geodata/geometrie.py", "import shapely\nfrom geodata.gebiet import Gebiet\nfrom . import fehler"),
        ("etl/load.py", "import duckdb\nfrom geodata.gebiet import read_gebiete"),
        ("indicators/eingang.py", "from etl.quelle import read_quellen\nfrom etl import quelle\nimport duckdb"),
        ("dashboard/factory.py", "from indicators.store import Store\nfrom indicators import bericht\nimport dash"),
        ("app.py", "from etl.load import load_lieferungen\nfrom dashboard.factory import create_app"),
    ],
)
def test_an_allowed_import_is_left_alone(datei, zeile):
    assert find_verstoesse(zeile, datei) == []
