# Everything sets itself up: a newcomer needs python3 (≥ 3.11) with venv, and make.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.ready
OLDEST := .venv-oldest

PREFIX  ?= /usr/local
DESTDIR ?=
LIBDIR  ?= $(PREFIX)/lib/mosh-py
MANDIR  ?= $(PREFIX)/share/man/man1

ZIPAPP_PYTHONS ?= $(PYTHON)

PRODUCT := bootstrap client common server
SOURCES := $(PRODUCT) tests

.PHONY: demo quick test test-oldest matrix check ci lint types audit fuzz bench soak protobuf pins install deb zipapp zipapps clean
.DELETE_ON_ERROR:

# A session on this machine: yours when stdin is a terminal, else a scripted one over a bad link.
demo: $(STAMP)
	@$(BIN)/python tests/demo.py

# After each change: what can be said soon, without starting anything. TESTS=tests/common runs a part of it.
quick: $(STAMP)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2 -q -m "not (system or thorough or hypothesis)" $(TESTS)

# Everything that can run here; what needs programs that are missing says so and is skipped.
test: $(STAMP)
	$(BIN)/python -m pytest -n 2 --dist loadfile -q $(TESTS)

# The same with the oldest of every dependency that pyproject.toml allows.
test-oldest: $(OLDEST)/.ready
	$(OLDEST)/bin/python -m pytest -n 2 --dist loadfile -q $(TESTS)

# In roots of Debian 12, 13 and sid, each made once: `make test`, the distribution's own packages, the .deb installed, used
# and purged. As root, with debootstrap. MATRIX='--only deb bookworm' runs a part of it: docs/testing.md
matrix:
	@$(PYTHON) -m tests.matrix $(MATRIX)

# What a change is held against, without the network.
check: lint types test fuzz

# And what needs it. CI does more (.ci/run).
ci: check audit

lint: $(STAMP)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive $(PRODUCT)

# As on Linux, and as on macOS: what only one of them has is reached by a check that mypy understands (docs/porting.md).
types: $(STAMP)
	$(BIN)/mypy
	$(BIN)/mypy --platform darwin --cache-dir .mypy_cache/darwin

# Whether the pinned dependencies are still what they were, and without known vulnerabilities; needs the network.
audit: $(STAMP)
	$(BIN)/python -m tests.audit

# Each target for a minute, with examples that no run had before.
fuzz: $(STAMP)
	$(BIN)/python -m tests.fuzz $(SECONDS)

bench: $(STAMP)
	$(BIN)/python -m tests.bench

# A long session, shortened: 10^5 keys, 10^3 sizes, 10^2 addresses, 1 GB of output. A fiftieth is among the tests.
soak: $(STAMP)
	$(BIN)/python -m tests.soak

# Writes the checked-in modules under tests/support/pb again.
protobuf:
	sh tests/support/pb/generate.sh

# Pins the newest dependencies with the hashes of all their files again: docs/adr/0020-pinned-dependencies.md
pins: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'pip-tools>=7.4'
	mkdir -p build
	$(BIN)/pip-compile --quiet --upgrade --generate-hashes --strip-extras --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links --output-file build/pins.txt pyproject.toml
	{ echo "# Written by \`make pins\`; pip install --require-hashes --requirement requirements.txt"; cat build/pins.txt; } \
		> packaging/requirements.txt

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "mosh-py needs Python 3.11 or later; name one with: make PYTHON=/path/to/python3" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
		{ echo "Cannot make a virtual environment; on Debian: apt install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

$(OLDEST)/.ready: pyproject.toml packaging/oldest.txt
	test -x $(OLDEST)/bin/python || $(PYTHON) -m venv $(OLDEST)
	$(OLDEST)/bin/python -m pip install --quiet --disable-pip-version-check --constraint packaging/oldest.txt \
		--editable '.[dev]'
	@touch $@

# For packagers: needs python3 with the five run-time dependencies on the target, nothing from the index here.
install:
	@case '$(LIBDIR)' in /*) ;; *) echo "LIBDIR must be absolute, not $(LIBDIR)" >&2; exit 1;; esac
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(LIBDIR)" "$(DESTDIR)$(MANDIR)"
	for package in bootstrap/mosh_bootstrap client/mosh_client common/mosh_common server/mosh_server; do \
		cp -R "$$package" "$(DESTDIR)$(LIBDIR)/"; \
	done
	find "$(DESTDIR)$(LIBDIR)" -name __pycache__ -type d -prune -exec rm -rf {} +
	for command in mosh mosh-client mosh-server; do \
		sed 's|@LIBDIR@|$(LIBDIR)|g' bootstrap/mosh > "$(DESTDIR)$(PREFIX)/bin/$$command"; \
		chmod 755 "$(DESTDIR)$(PREFIX)/bin/$$command"; \
	done
	install -m 644 man/mosh.1 man/mosh-client.1 man/mosh-server.1 "$(DESTDIR)$(MANDIR)/"

# All three programs in one file, build/mosh.pyz, and links of their names: docs/adr/0072. With byte code for each Python in
# ZIPAPP_PYTHONS; any other from 3.11 on runs the sources in it.
zipapp:
	$(PYTHON) packaging/zipapp/build.py $(foreach python,$(ZIPAPP_PYTHONS),--python $(python))
	for command in mosh mosh-client mosh-server; do ln -sf mosh.pyz "build/$$command"; done

zipapps: zipapp

# Needs debhelper and dh-python; no git, so that a downloaded archive of the source will do.
deb:
	rm -rf build/deb && mkdir -p build/deb/mosh-py
	tar -c --exclude=__pycache__ Makefile README.md LICENSE CHANGELOG.md $(PRODUCT) man packaging | \
		tar -x -C build/deb/mosh-py
	cp -R packaging/debian build/deb/mosh-py/debian
	cd build/deb/mosh-py && dpkg-buildpackage -us -uc -b

clean:
	rm -rf $(VENV) .venv-* build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
