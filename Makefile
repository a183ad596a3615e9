# make run | test | check | stop | bench | campaign | screens | acts | permissions | pictures | translations
PYTHON ?= python3
PORT ?= 8000
export PORT
PY := .venv/bin/python
RUN := requirements.txt
DEV := requirements.txt requirements-dev.txt
# Settings that a production would have, for Django's own check of them.
PRODUCTION := QQOPS_ENV=production DEBUG=0 ALLOWED_HOSTS=qqops.example DATABASE_URL=postgresql://app@db.example/qqops \
	ALERT_EMAIL=oncall@qqops.example EMAIL_URL=smtp+tls://mail.qqops.example:587 \
	SECRET_KEY=$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(60))') \
	QQOPS_SEAL_KEYS=k1:$$($(PY) -c 'from qqops.crypto.seal import new_key; print(new_key())') \
	QQOPS_CHECKPOINT_KEY=c1:$$($(PY) -c 'from qqops.crypto.seal import new_key; print(new_key())')

.PHONY: run test check stop bench campaign screens acts permissions pictures translations dev browser

run:
	@$(PYTHON) -m qqops.boot.preflight --port $(RUN)
	@$(PY) -m qqops.boot.translations compile
	@$(PY) -m qqops.boot.serve

dev:
	@$(PYTHON) -m qqops.boot.preflight $(DEV)
	@$(PY) -m qqops.boot.translations compile

browser: dev
	@$(PY) -m tests.chromium

test: browser
	$(PY) -m pytest -n auto --maxprocesses 8 --dist worksteal $(ARGS)

check: dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m bandit -q -c pyproject.toml -r qqops accounts enforcement appeals manage.py
	$(PY) -m tests.advisories
	.venv/bin/lint-imports
	$(PY) manage.py makemigrations --check --dry-run
	$(PY) -m tests.locks
	$(PY) -m qqops.boot.translations check
	$(PRODUCTION) $(PY) manage.py check --deploy --fail-level WARNING

stop:
	@$(PY) -m qqops.boot.database

bench: dev
	$(PY) -m tests.benchmarks $(ARGS)

campaign: browser
	QQOPS_CAMPAIGN=full $(PY) -m pytest -n auto --maxprocesses 8 -m campaign $(ARGS)

screens: browser
	QQOPS_SCREENS=$(CURDIR)/.screens $(PY) -m pytest -n auto --maxprocesses 8 tests/browser tests/pressing/test_acts.py \
		-k "zh-hans-light or en-dark" $(ARGS)

acts: browser
	$(PY) -m pytest -q -n 0 tests/doors/regenerate.py

permissions: browser
	$(PY) -m pytest -q -n 0 tests/permissions/regenerate.py

pictures: browser
	QQOPS_PICTURES=new $(PY) -m pytest -q -n 0 tests/browser/test_roles.py

translations: dev
	$(PY) -m qqops.boot.translations update
