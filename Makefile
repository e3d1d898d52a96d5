# Needs python3 and make. Everything else is installed into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run crash test check fmt lock clean

run: $(VENV)/run
	@exec $(BIN)/python -m cgportal.run

# SQLite always; PostgreSQL at the same time when TEST_DATABASE_URL names a server that may be filled and emptied, but
# for what no database changes (forms, words, rights, and all that is seen in a browser) or what starts its own.
ON_SQLITE_ONLY := customergauge simulator nemesis \
  $(addprefix test_,$(addsuffix .py,accessibility fuzz kill_at_every_step roles hardening environment compose reliability \
  signin run many_machines database_restarts)) \
  $(addprefix entry/test_,$(addsuffix .py,batch_text correct fields form prefill reasons script text views warnings)) \
  $(addprefix history/test_,$(addsuffix .py,attention detail health_page)) \
  $(addprefix admin/test_,$(addsuffix .py,fields lists))
# On SQLite the folders, of which each tests a part, beside the files, which test the whole: much of it waits for a disk,
# a browser or another process.
test: $(VENV)/dev
	@logs=$$(mktemp -d); \
	if [ -n "$$TEST_DATABASE_URL" ]; then \
	  DATABASE_URL="$$TEST_DATABASE_URL" $(BIN)/python -m pytest -m "not browser or both" \
	    $(ON_SQLITE_ONLY:%=--ignore tests/%) >$$logs/postgresql 2>&1 & postgresql=$$!; \
	else echo "not run on PostgreSQL: TEST_DATABASE_URL is not set (see docs/developer.md)"; fi; \
	$(BIN)/python -m pytest tests/*/ >$$logs/parts 2>&1 & parts=$$!; \
	$(BIN)/python -m pytest tests/test_*.py; failed=$$?; \
	wait $$parts || failed=1; echo "the parts (tests/*/):"; cat $$logs/parts; \
	if [ -n "$$postgresql" ]; then wait $$postgresql || failed=1; echo "on PostgreSQL:"; cat $$logs/postgresql; fi; \
	rm -r $$logs; exit $$failed

# Kills the worker at its 1st, 2nd, … step until a run gets through; a part of `make test`.
crash: $(VENV)/dev
	$(BIN)/python -m pytest tests/test_kill_at_every_step.py

# Web and workers under attack for so long, by this seed; on a PostgreSQL of its own if it is installed.
.PHONY: nemesis
SECONDS ?= 60
SEED ?= 1
nemesis: $(VENV)/dev
	$(BIN)/python -m tests.nemesis --seconds $(SECONDS) --seed $(SEED)

check: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.manage makemigrations --check --dry-run
	$(BIN)/python -m tests.manage check --deploy --fail-level WARNING

fmt: $(VENV)/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# New versions: change requirements*.in, then this.
lock: $(VENV)/dev
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header -q requirements.in -o requirements.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header -q -c requirements.txt requirements-dev.in -o requirements-dev.txt

# The pictures in docs/images, from a portal of its own; needs Chromium.
.PHONY: screenshots
screenshots: $(VENV)/dev
	$(BIN)/python docs/take_screenshots.py

clean:
	rm -rf $(VENV) var

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV) || { echo "python3 has no venv module: install it (Debian: apt install python3-venv)."; exit 1; }

$(VENV)/run: requirements.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --disable-pip-version-check -q --require-hashes -r requirements.txt
	@touch $@

$(VENV)/dev: requirements-dev.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --disable-pip-version-check -q --require-hashes -r requirements-dev.txt
	@touch $@ $(VENV)/run
