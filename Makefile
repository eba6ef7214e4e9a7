# Two commands: "make run" shows the examples, "make test" checks everything. Both set up what they need.
PORT ?= 8050
PY := .venv/bin/python

.PHONY: run test bench fuzz lint clean
.DELETE_ON_ERROR:

run: .venv/laufzeit
	@PORT=$(PORT) $(PY) app.py demo

test: .venv/test
	@$(PY) -m tests.browser
	@$(PY) -m ruff check --quiet .
	@$(PY) -m pytest -q -n 2 --dist loadfile

bench: .venv/bench
	@$(PY) -m tests.browser
	@$(PY) -m tests.bench

fuzz: .venv/test
	@$(PY) -m tests.fuzz $(ANZAHL)

lint: .venv/test
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

.venv/laufzeit: requirements.txt pyproject.toml
	@sh .ci/umgebung requirements.txt
	@touch $@

.venv/test: requirements-test.txt pyproject.toml
	@sh .ci/umgebung requirements-test.txt
	@touch $@ .venv/laufzeit

.venv/bench: requirements-bench.txt pyproject.toml
	@sh .ci/umgebung requirements-bench.txt
	@touch $@ .venv/test .venv/laufzeit

clean:
	rm -rf .venv daten
