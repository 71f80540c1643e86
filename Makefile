# Everything sets itself up: a newcomer needs python3 (≥ 3.11) with venv, and make.

PYTHON ?= python3
VENV   ?= .venv
# test: without the linters' tools, which take half of the time that an environment takes.
EXTRA  ?= dev
# Of the tests, which wait for half of their time: eight keep two processors busy.
WORKERS ?= 8
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.ready
# What the programs need, without the developers' tools; and what a release needs besides these.
RUNNING   := $(VENV)/.running
RELEASING := $(VENV)/.releasing
SITE      := $(VENV)/.site
MUTATING  := $(VENV)/.mutating
OLDEST := .venv-oldest

# For packagers; each may be given to `make install`, and must be given to `make uninstall` again.
PREFIX  ?= /usr/local
DESTDIR ?=
BINDIR  ?= $(PREFIX)/bin
LIBDIR  ?= $(PREFIX)/lib/mosh-py
MANDIR  ?= $(PREFIX)/share/man/man1
DOCDIR  ?= $(PREFIX)/share/doc/mosh-py
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR  ?= $(PREFIX)/share/zsh/site-functions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d
# Firewalls read the system's folders only, so an installation below somebody's home leaves these empty: not at all.
SYSTEM       := $(filter /usr /usr/local /opt/%,$(PREFIX))
UFWDIR       ?= $(if $(SYSTEM),/etc/ufw/applications.d)
FIREWALLDDIR ?= $(if $(filter /usr,$(PREFIX)),/usr/lib/firewalld/services,$(if $(SYSTEM),/etc/firewalld/services))
# no: without byte code, for packages that make it where they are installed.
COMPILE    ?= yes
# The Python that the programs run on; left empty, they look for one.
RUN_PYTHON ?=

ZIPAPP_PYTHONS ?= $(PYTHON)

PRODUCT := bootstrap client common server
SOURCES := $(PRODUCT) tests packaging setup.py

.PHONY: demo quick test test-oldest matrix check ci lint types audit fuzz bench soak protobuf pins deb zipapp zipapps clean
.PHONY: format install install-common install-client install-server install-mosh install-docs uninstall dists release
.DELETE_ON_ERROR:

# A session on this machine: yours when stdin is a terminal, else a scripted one over a bad link.
demo: $(RUNNING)
	@$(BIN)/python tests/demo.py

# After each change: what can be said soon, without starting anything. TESTS=tests/common runs a part of it.
quick: $(STAMP)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(RUN_SUITE) $(BIN)/python -m pytest $(COLLECTED_ONCE) -n 2 -q -m "not (system or thorough or hypothesis)" $(TESTS)

# What `quick` and `lint` say of format and of the order of imports, mended.
format: $(STAMP)
	$(BIN)/ruff check --quiet --select I --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

# The tests are collected for all workers at once: six times took as long as a twelfth of the suite.
COLLECTED_ONCE := -p tests.support.forked_workers
# With byte code, whatever the user's habit: without it each worker makes all tests anew, and each program its modules.
# SELECT='not once' leaves out those with the mark `once`.
SUITE = -m pytest $(COLLECTED_ONCE) -n $(WORKERS) --dist loadfile -q $(if $(SELECT),-m '$(SELECT)') $(TESTS)
RUN_SUITE = env -u PYTHONDONTWRITEBYTECODE

# Everything that can run here; what needs programs that are missing says so and is skipped.
test: $(STAMP)
	$(RUN_SUITE) $(BIN)/python $(SUITE)

# Those that start processes, RUNS times, four runs at once: which of them fails on a busy machine, or where FROZEN of the
# processes stand still at any time? docs/testing.md
RUNS   ?= 20
FROZEN ?= 0
.PHONY: busy
busy: $(STAMP)
	$(RUN_SUITE) $(BIN)/python -m tests.busy --runs $(RUNS) --frozen $(FROZEN) $(COLLECTED_ONCE) $(TESTS)

# The suite with the oldest of every dependency that pyproject.toml allows.
test-oldest: $(OLDEST)/.ready
	$(RUN_SUITE) $(OLDEST)/bin/python $(SUITE)

# In roots of Debian 12, 13 and sid, each made once: `make test`, the distribution's own packages, the .deb installed, used
# and purged. As root, with debootstrap. MATRIX='--only deb bookworm' runs a part of it: docs/testing.md
matrix:
	@$(PYTHON) -m tests.matrix $(MATRIX)

# What a change is held against, without the network.
check: lint types test fuzz

# And what needs it. CI does more (.ci/run).
ci: check coverage audit

# What the tests within one process reach of the product, by package; fails below `fail_under` in pyproject.toml. What the
# numbers leave out: docs/testing.md
.PHONY: coverage
coverage: $(STAMP)
	rm -rf build/coverage && mkdir -p build/coverage
	$(RUN_SUITE) $(BIN)/coverage run -m pytest -n 2 -q -m "not (system or thorough or hypothesis)" \
		$(PRODUCT:%=tests/%) tests/world
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage json --quiet --fail-under=0
	$(BIN)/python -m tests.covered $(COVERED)
	$(BIN)/coverage report --format=total

lint: $(STAMP)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/codespell *.md docs/*.md docs/adr docs/pictures/*.md man $(PRODUCT) packaging
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive $(PRODUCT)
	grep --recursive --files-with-matches --null -E '^#! ?/(usr/)?bin/(env )?(ba)?sh' .ci $(PRODUCT) packaging | \
		xargs -0 $(BIN)/shellcheck packaging/completions/mosh.bash

# The product, its tests and what packages it. As on Linux, and as on macOS: what only one of them has is reached by a check
# that mypy understands (docs/porting.md).
types: $(STAMP)
	$(BIN)/mypy
	$(BIN)/mypy --platform darwin --cache-dir .mypy_cache/darwin

# Whether the pinned dependencies are still what they were, and without known vulnerabilities; needs the network.
audit: $(STAMP)
	$(BIN)/python -m tests.audit

# Each target for a minute, with examples that no run had before. `SECONDS=10 TARGETS=fuzz_` leaves the suite's properties.
fuzz: $(STAMP)
	$(BIN)/python -m tests.fuzz $(or $(SECONDS),60) $(TARGETS)

# Small faults put into a copy of the wire and the sync core, to see whether a test notices each. MUTATION='--seed 7
# --only mosh_common.wire.*' for the same sample, or a part: docs/testing.md
MINUTES ?= 20
.PHONY: mutation
mutation: $(MUTATING)
	$(BIN)/python -m tests.mutation --minutes $(MINUTES) $(MUTATION)

bench: $(STAMP)
	$(BIN)/python -m tests.bench

# The documents as a site that needs no other host, build/site/index.html. Fails where a link leads nowhere.
.PHONY: docs
docs: $(SITE)
	$(BIN)/python packaging/site/stage.py
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --nitpicky --conf-dir packaging/site \
		--doctree-dir build/site-cache build/site-pages build/site
	@echo "build/site/index.html is the first page."

# README's recording and chart: has the session again, and draws. PICTURES=drawing only draws. docs/pictures/README.md
.PHONY: pictures
pictures: $(STAMP)
	$(BIN)/python -m tests.pictures $(PICTURES)

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

define virtual_environment
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "mosh-py needs Python 3.11 or later; name one with: make PYTHON=/path/to/python3" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
		{ echo "Cannot make a virtual environment; on Debian: apt install python3-venv" >&2; exit 1; }
endef
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Where our packages lie, in place of the finder that setuptools has for them in an editable installation: that takes two
# thirds of the time in which a Python starts, and the tests start thousands.
PLAIN_PATHS := -c 'import pathlib, sysconfig; \
	paths = "".join(f"{pathlib.Path(name).resolve()}\n" for name in "$(PRODUCT)".split()); \
	[file.write_text(paths) for file in pathlib.Path(sysconfig.get_path("purelib")).glob("__editable__.mosh_py-*.pth")]'

# The dependencies without ourselves, whose building would double the time; and compiled where they are used.
$(RUNNING): pyproject.toml
	@echo "Once: fetching what mosh-py needs at run time into $(VENV), which takes some seconds …"
	$(virtual_environment)
	@$(BIN)/python -c 'import tomllib; \
		print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"], sep="\n")' \
		> $(VENV)/run-time.txt
	@$(PIP_INSTALL) --no-compile --requirement $(VENV)/run-time.txt
	@touch $@

# Of what the tools bring most is never loaded, and compiling all of it took a third of this; what is, is compiled then.
$(STAMP): pyproject.toml
	@echo "Once: fetching the tests' and linters' tools into $(VENV), which takes about a minute …"
	$(virtual_environment)
	@$(PIP_INSTALL) --no-compile --editable '.[$(EXTRA)]'
	@$(BIN)/python $(PLAIN_PATHS)
	@touch $@ $(RUNNING)

$(RELEASING): $(STAMP)
	@$(PIP_INSTALL) --editable '.[dev,release]'
	@$(BIN)/python $(PLAIN_PATHS)
	@touch $@

$(MUTATING): $(STAMP)
	@$(PIP_INSTALL) --editable '.[dev,mutation]'
	@$(BIN)/python $(PLAIN_PATHS)
	@touch $@

$(SITE): $(STAMP)
	@$(PIP_INSTALL) --editable '.[dev,site]'
	@touch $@

$(OLDEST)/.ready: pyproject.toml packaging/oldest.txt
	test -x $(OLDEST)/bin/python || $(PYTHON) -m venv $(OLDEST)
	$(OLDEST)/bin/python -m pip install --quiet --disable-pip-version-check --constraint packaging/oldest.txt \
		--editable '.[test]'
	@$(OLDEST)/bin/python $(PLAIN_PATHS)
	@touch $@

# Everything, or one part for a package of its own: install-common is what the other three need, install-mosh the wrapper.
# Needs python3 here, and python3 with the run-time dependencies where it is used; nothing from the index.
LAY_OUT = @$(PYTHON) -B packaging/install.py
FOLDERS = $(foreach name,DESTDIR COMPILE RUN_PYTHON PREFIX BINDIR LIBDIR MANDIR DOCDIR \
	BASHDIR ZSHDIR FISHDIR UFWDIR FIREWALLDDIR,'$(name)=$($(name))')
PARTS  := common client server mosh docs

install:
	$(LAY_OUT) install $(PARTS) $(FOLDERS)

$(PARTS:%=install-%): install-%:
	$(LAY_OUT) install $* $(FOLDERS)

# With the variables of the installation.
uninstall:
	$(LAY_OUT) uninstall $(PARTS) $(FOLDERS)

# Source distributions in dist/ and, made from these, the wheels; held against what an index asks for.
dists: $(RELEASING)
	$(BIN)/python packaging/release.py dists

# dists, the archive and, where it can be made, the .deb; checked; with SHA256SUMS and a bill of materials; the changelog
# has the version and its day first. What is left is yours: to look, to sign, to tag.
release: $(RELEASING)
	$(BIN)/python packaging/release.py release

# All three programs in one file, build/mosh.pyz, and links of their names: docs/adr/0072. With byte code for each Python in
# ZIPAPP_PYTHONS; any other from 3.11 on runs the sources in it.
zipapp:
	$(PYTHON) packaging/zipapp/build.py $(foreach python,$(ZIPAPP_PYTHONS),--python $(python))
	for command in mosh mosh-client mosh-server; do ln -sf mosh.pyz "build/$$command"; done

zipapps: zipapp

# Needs debhelper and dh-python; no git, so that a downloaded archive of the source will do. All files get one time: a
# package keeps that of a file which is older than its changelog.
deb:
	rm -rf build/deb && mkdir -p build/deb/mosh-py
	tar -c --exclude=__pycache__ --mtime="@$$(dpkg-parsechangelog -l packaging/debian/changelog -S Timestamp)" \
		Makefile README.md LICENSE CHANGELOG.md SECURITY.md pyproject.toml $(PRODUCT) docs man packaging | \
		tar -x -C build/deb/mosh-py
	cp -R build/deb/mosh-py/packaging/debian build/deb/mosh-py/debian
	cd build/deb/mosh-py && dpkg-buildpackage -us -uc -b

clean:
	rm -rf $(VENV) .venv-* build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
