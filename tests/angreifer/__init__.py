"""Der Angreifer: how we check ourselves.

He has what a reader of one release profile (or of several) can get: exported tables, workbooks, answers of the
server, pages, map files, and the public catalogue with the list of Räume. He writes down every equation he can think
of, solves for the least and the greatest possible value of every hidden count, and says by which equations he got it.

He shares no code with the gate: nothing here imports `indicators` or `dashboard` (tests/test_angriff.py holds that).
The true counts stand in `wahrheit.py`; they only decide whether what he found is a find.

| file | what |
|---|---|
| katalog.py | what everybody knows: Räume, sums of Merkmale, Kennzahlen |
| beobachtung.py | what one has seen at a door: a number, a status, an order |
| tabellen.py, mappen.py, wertdateien.py, seiten.py, server.py | the doors |
| gleichungen.py | from observations and knowledge to equations |
| loesen.py | the least and the greatest possible value |
| wahrheit.py | true counts, what must stay secret, and what counts as a find |
| angriff.py | all of it for one territory, as sentences |
| spuren.py | planted numbers in any stream of bytes |
| lecks.py | leaks planted on purpose: each has to be found |
| pruefkreis.py, ausfuhr.py | an invented Kreis of random tables; several exports at once |
"""
