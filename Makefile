# SPDX-License-Identifier: Apache-2.0
# One Makefile.  `make help` lists the targets.

ifeq ($(origin CC),default)
CC      := gcc
endif
VARIANT ?= release
B       := build/$(VARIANT)
PREFIX  ?= /usr/local
# make V=1 shows the commands.
Q       := $(if $(V),,@)
say      = $(if $(V),,@printf '  %-5s %s\n' $(1) $@)

LIBS    := zlib yaml-0.1 jansson libpcre2-8
# Loaded when they are wanted (base/library.h); those of LINKED are linked into the program of make tarball.
LINKED  := libssl libcrypto sqlite3 libzstd
LOADED  := $(LINKED) libgit2 libcurl libmicrohttpd gnutls
CFLAGS  ?= -O2 -g
override CFLAGS += -std=gnu17 -I. -MMD -MP -D_FILE_OFFSET_BITS=64 -D_GNU_SOURCE \
	-Wall -Wextra -Wpedantic -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes \
	-Wwrite-strings -Wpointer-arith -Wundef -Wformat=2 -Wno-format-truncation \
	-fno-common
# Flags that this compiler knows.
known    = $(foreach flag,$(1),$(shell $(CC) -Werror $(flag) -c -x c -o /dev/null /dev/null 2>/dev/null && echo $(flag)))
# Warnings of gcc for relevo itself, not for its tests.
STRICT  := $(call known,-Wconversion -Wcast-qual -Wduplicated-cond \
	-Wduplicated-branches -Walloca)
HARDEN  := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fPIE \
	-fno-delete-null-pointer-checks -fno-strict-overflow \
	$(call known,-fstack-clash-protection -fcf-protection=full -ftrivial-auto-var-init=zero \
	-fzero-call-used-regs=used-gpr)
SANITIZE := -fsanitize=address,undefined
ifeq ($(VARIANT),asan)
override CFLAGS += -O1 $(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
override LDFLAGS += $(SANITIZE)
else ifeq ($(VARIANT),fuzz)
override CFLAGS += -O1 $(SANITIZE),fuzzer-no-link -fno-sanitize-recover=all
override LDFLAGS += $(SANITIZE)
else ifeq ($(VARIANT),fuzzcover)
override CFLAGS += -O1 -fsanitize=fuzzer-no-link -fprofile-instr-generate -fcoverage-mapping
override LDFLAGS += -fprofile-instr-generate
else ifeq ($(VARIANT),cover)
override CFLAGS += -O0 --coverage -include tests/tools/cover.h
override LDFLAGS += --coverage
else ifeq ($(VARIANT),tsan)
override CFLAGS += -O1 -fsanitize=thread
override LDFLAGS += -fsanitize=thread
else
override CFLAGS += $(HARDEN)
override LDFLAGS += -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed
endif
ifeq ($(findstring clang,$(CC)),clang)
override CFLAGS += -Wno-unknown-warning-option
STRICT  :=
endif
ifneq ($(DEVELOPER),)
override CFLAGS += -Werror
endif
override CFLAGS += $(shell pkg-config --cflags $(LIBS) $(LOADED) 2>/dev/null)
# Of libarchive only what tar needs is taken, none of the forty libraries for other formats; where
# the static one needs those, the shared one.  make LIBARCHIVE=-larchive chooses by hand.
STATIC  := -Wl,--gc-sections -l:libarchive.a
LIBARCHIVE ?= $$(cat $(B)/libarchive)
OTHERS  := $(shell pkg-config --libs $(LIBS) 2>/dev/null)
# A static library comes before those that it needs.
LDLIBS   = $(LIBARCHIVE) $(OTHERS) -ldeflate -lm

FLOORS  := base erlang release upgrade k8s docker cmd
SRC     := $(sort $(shell find $(FLOORS) -name '*.c' 2>/dev/null))
OBJ     := $(SRC:%.c=$(B)/%.o)
LINKED_OBJ := $(patsubst %,$(B)/%.linked.o,base/openssl base/zstd upgrade/rollout/journal_sqlite)
LIB_OBJ := $(filter-out $(B)/cmd/main.o,$(OBJ))
UNIT    := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/*.c))
FUZZ    := $(patsubst tests/fuzz/%.c,$(B)/tests/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

.PHONY: all deps test test-all quick cover check layers format-check headers banned documents \
	unit cases helpers differential real-code sim hundred fanout long torture chaos otp27 otp29 asan tsan fuzz fuzz-all fuzz-long fuzz-long-all fuzz-coverage fuzz-coverage-all \
	bench demo schemas install uninstall format clean help
all: build/relevo

# The one that was asked for last, whichever is newer.
.PHONY: build/relevo
build/relevo: $(B)/relevo
	@[ "$$(readlink $@)" = $(VARIANT)/relevo ] || ln -sfn $(VARIANT)/relevo $@

# What links with all that relevo wants of libarchive, and with the libraries that come with the others.
$(B)/libarchive: $(B)/release/files/archive.o
	$(Q)nm -u $< | sed -n 's/^ *U \(archive_[a-z0-9_]*\)$$/\1/p' | \
		awk '{ print "int " $$1 "(void);"; used = used " + " $$1 "()" } \
			END { print "int main(void)\n{\n\treturn 0" used ";\n}" }' >$@.c
	$(Q)if $(CC) $(LDFLAGS) -fPIE -o $@.probe $@.c -Wl,--no-as-needed $(OTHERS) $(STATIC) 2>/dev/null; \
		then echo '$(STATIC)'; else echo '-larchive'; fi >$@

$(B)/relevo: $(OBJ) $(B)/libarchive
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(OBJ) $(LDLIBS)

$(B)/librelevo.a: $(LIB_OBJ) $(B)/libarchive
	@rm -f $@
	@$(AR) rcs $@ $(LIB_OBJ)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CFLAGS) $(STRICT) -c -o $@ $<

# Objects that carry files inside (base/embed.h) are made again when those change.
$(B)/release/project/template.o: $(wildcard release/project/template/*)
$(B)/upgrade/node/scripts/scripts.o: $(wildcard upgrade/node/scripts/*.erl)
$(B)/upgrade/rehearse/snapshot.o: $(wildcard upgrade/rehearse/*.erl)
$(B)/upgrade/rollout/setup.o: upgrade/rollout/setup.sh
$(B)/k8s/manifests.o: $(wildcard k8s/manifests/*.yaml)
$(B)/upgrade/appup/appup_protocols.o: upgrade/appup/protocols.exs
$(B)/upgrade/verdict/births_steps.o: $(wildcard upgrade/verdict/*.erl)

$(B)/tests/unit/%: tests/unit/%.c $(B)/librelevo.a
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(B)/librelevo.a -lcmocka $(LDLIBS)

# Which looks into the file itself.
$(B)/tests/unit/test_journal: LDLIBS += -lsqlite3

$(B)/tests/live/load: tests/live/load.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $<

$(B)/tests/helpers/%: tests/helpers/%.c $(B)/librelevo.a
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(B)/librelevo.a $(LDLIBS)

# For LD_PRELOAD.
KILLERS := kill_at kill_at_put skew
$(KILLERS:%=$(B)/tests/helpers/%.so): $(B)/tests/helpers/%.so: tests/helpers/%.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror -O2 -fPIC -shared -o $@ $< -ldl

# OTP's own C library, as a peer.
$(B)/tests/helpers/ei_%: LDLIBS += -lei

# Rollouts of fleets that are not there.
SIM_OBJ := $(patsubst %.c,$(B)/%.o,$(wildcard tests/sim/*.c))
$(B)/tests/sim/sim: $(SIM_OBJ) $(B)/librelevo.a
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/tests/fuzz/%: tests/fuzz/%.c $(B)/librelevo.a
	@mkdir -p $(@D)
	$(call say,FUZZ)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -fsanitize=fuzzer -o $@ $< $(B)/librelevo.a $(LDLIBS)

-include $(OBJ:.o=.d) $(LINKED_OBJ:.o=.d) $(SIM_OBJ:.o=.d) $(UNIT:=.d) $(FUZZ:=.d)

# ---- tests ----

# Installs what is missing, then goes on in a second make, which sees the new libraries.
deps:
	@tests/tools/deps

# A second make builds on all cores, unless the first one was told on how many.
CORES = --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

test: deps
	@$(MAKE) $(CORES) check
	@$(MAKE) $(CORES) test-all

# The longest one in parts; of those that run at once, the longest begin first.
UNIT_PARTS  = $(patsubst %,$(B)/tests/unit/test_verdict:%,1 2 3) $(filter-out %/test_verdict,$(UNIT))
LONG_TESTS  = $(patsubst %,tests/live/%.sh,torture rehearse commands)
# These have targets of their own.
APART       = tests/live/partitions.sh tests/live/deb.sh
SHELL_TESTS = $(LONG_TESTS) $(filter-out $(LONG_TESTS) $(APART),\
	$(sort $(wildcard tests/cases/*.sh tests/differential/*.sh tests/live/*.sh)))

# Of make kube, where what it wants was built already.
SHORT_KUBE  = $(patsubst %,tests/kube/%.sh,manifests install byhand)

test-all: all $(UNIT) $(B)/tests/live/load $(B)/tests/bench/measure $(B)/tests/sim/sim helpers
	@KUBE_IF_THERE=yes RELEVO=$(B)/relevo tests/run $(UNIT_PARTS) $(B)/tests/sim/sim $(SHELL_TESTS) $(SHORT_KUBE)

# The parts that make test leaves out.
long: all helpers
	@LONG=yes RELEVO=$(B)/relevo tests/run $(shell grep -l '^# Long: ' tests/live/*.sh)

unit: $(UNIT)
	@tests/run $(UNIT_PARTS)

# The unit tests, and the cases through the binary, with the sanitizers watching.
asan:
	@$(MAKE) $(CORES) VARIANT=asan quick

# What runs on several threads, with the thread sanitizer watching.
tsan:
	@$(MAKE) $(CORES) VARIANT=tsan build/tsan/tests/unit/test_archive build/tsan/relevo
	@RELEVO=build/tsan/relevo tests/run build/tsan/tests/unit/test_archive tests/cases/reproducible.sh tests/cases/plan.sh

# What wants no live node: while one works.  Those that take long begin first; what kills builds at
# each of their moments, or compiles simulators with faults in them, is left to make test.
SLOW_CASES = $(patsubst %,tests/cases/%.sh,durable sim_bugs)
LONG_CASES = $(patsubst %,tests/cases/%.sh,config_cache sign inspect reproducible)
QUICK      = $(LONG_CASES) $(UNIT_PARTS) $(filter-out $(SLOW_CASES) $(LONG_CASES),$(sort $(wildcard tests/cases/*.sh)))

quick: $(B)/relevo $(UNIT) helpers
	@RELEVO=$(B)/relevo tests/run $(QUICK)

# Which lines of each file the unit tests and the cases run.
cover:
	@find build/cover -name '*.gcda' -delete 2>/dev/null; \
		$(MAKE) $(CORES) VARIANT=cover CC=gcc quick
	@tests/tools/cover build/cover $(FLOORS)

cases: $(B)/relevo helpers
	@RELEVO=$(B)/relevo tests/run $(sort $(wildcard tests/cases/*.sh))

helpers: $(KILLERS:%=$(B)/tests/helpers/%.so) \
	$(patsubst tests/helpers/%.c,$(B)/tests/helpers/%,$(filter-out $(KILLERS:%=tests/helpers/%.c),$(wildcard tests/helpers/*.c)))

# A seed that breaks an invariant: make sim FIRST=SEED SEEDS=1
sim: $(B)/tests/sim/sim
	@$(B)/tests/sim/sim $(or $(FIRST),1) $(or $(SEEDS),20000)

# How often the gate `compare` is wrong (docs/targets.md): ROUNDS=2000 SEED=1
.PHONY: sim-stats
sim-stats: $(B)/tests/helpers/stats
	@$(B)/tests/helpers/stats $(or $(ROUNDS),2000) $(or $(SEED),1)

hundred: all $(B)/tests/live/load $(B)/tests/bench/measure
	@ROUNDS=$(or $(ROUNDS),100) RELEVO=$(B)/relevo TEST_TIMEOUT=1800 tests/run tests/live/hundred.sh

# NODES=8 make fanout
fanout: all helpers
	@NODES=$(or $(NODES),16) WEIGHT=$(or $(WEIGHT),30000000) RELEVO=$(B)/relevo TEST_TIMEOUT=1200 tests/run tests/live/fanout.sh

# All tests in a system of Debian's that has OTP 27 and Elixir 1.18, or OTP 29 and Elixir 1.20.
otp27: SUITE = trixie
otp29: SUITE = forky
otp27 otp29:
	@tests/tools/within $(SUITE) make --no-print-directory -j2 test-all

# N=5000 SEED=7 make differential
differential: all helpers
	@N=$(or $(N),2000) RELEVO=$(B)/relevo tests/run $(sort $(wildcard tests/differential/*.sh))

# RabbitMQ, ejabberd and Elixir's own libraries, recompiled with changes that change nothing.  And what is
# counted of a real Cowboy.
real-code: all
	@RELEVO=$(B)/relevo tests/differential/real/real.sh
	@RELEVO=$(B)/relevo tests/differential/real/cowboy.sh

# Fuzz targets are built by clang, with all of relevo instrumented.
FUZZ_SECONDS ?= 60
fuzz:
	@$(MAKE) $(CORES) CC=clang VARIANT=fuzz fuzz-all

fuzz-all: $(FUZZ)
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/run $^

# All of them by turns, until they have run that often together: make fuzz-long RUNS=30000000
fuzz-long:
	@$(MAKE) $(CORES) CC=clang VARIANT=fuzz fuzz-long-all

fuzz-long-all: $(FUZZ)
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/long $(or $(RUNS),30000000) $^

# How much each target's corpus runs through, by tests/fuzz/floors.
fuzz-coverage:
	@$(MAKE) $(CORES) CC=clang VARIANT=fuzzcover fuzz-coverage-all

fuzz-coverage-all: $(FUZZ)
	@tests/fuzz/coverage $^

# What HACKING.md and the house style promise, without running a test.
check: layers format-check headers banned documents
	@shellcheck -x $$(grep -rlE '^#!/bin/sh' .ci cmd examples release tests upgrade) \
		&& echo "shellcheck: no finding"

layers banned:
	@tests/tools/$@

format-check:
	@clang-format --dry-run -Werror $$(git ls-files '*.c' '*.h') && echo "format: as .clang-format has it"

# Every header says itself what it needs.
HEADERS := $(shell find $(FLOORS) tests/unit -name '*.h' 2>/dev/null)
headers:
	@printf '%s\n' $(HEADERS) | xargs -P "$$(nproc)" -I{} sh -c \
		'echo "#include \"{}\"" | $(CC) $(CFLAGS) -MF /dev/null -Werror -Wno-pedantic -Wno-unused-function -fsyntax-only -x c - || exit 255' \
		&& echo "headers: each compiles alone"

# What the documents say of commands, options, codes and keys is what the program knows.
documents: $(B)/relevo
	@RELEVO=$(B)/relevo tests/tools/documents

# All of tests/live/torture.sh, and relevo killed at the first 40 system calls of each step.
torture: all helpers
	@TORTURE=all TEST_TIMEOUT=7200 RELEVO=$(B)/relevo tests/run tests/live/torture.sh

# Kills at random moments, of relevo and the VM, up to four relevos at once: make chaos ROUNDS=200 SEED=7
chaos: all helpers
	@ROUNDS=$(or $(ROUNDS),200) SEED=$(SEED) TEST_TIMEOUT=14400 RELEVO=$(B)/relevo tests/run tests/live/chaos.sh
.PHONY: deploy-kills partitions
# A rollout killed at each write of its journal, in a file and in etcd.
deploy-kills: all helpers
	@KILLS=all TEST_TIMEOUT=7200 RELEVO=$(B)/relevo tests/run tests/live/deploy_kill.sh

# Half of a fleet cut off, in each stage of a rollout.
partitions: all helpers
	@PARTITIONS=all TEST_TIMEOUT=3600 RELEVO=$(B)/relevo tests/run tests/live/partitions.sh

# Kubernetes: a real API server (built the first time: minutes), and what of relevo speaks to it.
.PHONY: kube
kube: all helpers
	@tests/kube/binaries >/dev/null
	@RELEVO=$(B)/relevo tests/run $(sort $(wildcard tests/kube/*.sh))

# What befalls an operator and its pods, at once; SEED is told by the test.
.PHONY: kube-churn
kube-churn: all helpers
	@tests/kube/binaries >/dev/null
	@MINUTES=$(or $(MINUTES),60) TEST_TIMEOUT=$$(($(or $(MINUTES),60) * 60 + 1800)) RELEVO=$(B)/relevo tests/run tests/kube/churn.sh

# What relevo sbom and provenance print, by the published schemas; wants node and npm.
schemas: all
	@SCHEMAS=1 RELEVO=$(B)/relevo tests/cases/sbom.sh

demo: deps
	@$(MAKE) $(CORES) all $(B)/tests/live/load
	@RELEVO=$(B)/relevo LOAD=$(B)/tests/live/load examples/demo

.PHONY: demo-fleet
demo-fleet: deps
	@$(MAKE) $(CORES) all $(B)/tests/live/load
	@RELEVO=$(B)/relevo LOAD=$(B)/tests/live/load examples/demo-fleet

.PHONY: demo-kube
demo-kube: deps
	@$(MAKE) $(CORES) all helpers $(B)/tests/live/load
	@tests/kube/binaries >/dev/null
	@RELEVO=$(B)/relevo LOAD=$(B)/tests/live/load examples/demo-kube

$(B)/tests/bench/measure: tests/bench/measure.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $<

bench: all $(B)/tests/bench/measure helpers $(B)/tests/live/load
	@RELEVO=$(B)/relevo MEASURE=$(B)/tests/bench/measure tests/bench/run
	@RELEVO=$(B)/relevo MEASURE=$(B)/tests/bench/measure tests/bench/plan.sh
	@RELEVO=$(B)/relevo tests/bench/stage.sh
	@RELEVO=$(B)/relevo tests/bench/node.sh
	@RELEVO=$(B)/relevo tests/bench/pages.sh
	@RELEVO=$(B)/relevo tests/bench/many.sh
	@RELEVO=$(B)/relevo tests/bench/pause.sh
	@RELEVO=$(B)/relevo MEASURE=$(B)/tests/bench/measure tests/bench/fleet.sh
	@RELEVO=$(B)/relevo MEASURE=$(B)/tests/bench/measure tests/bench/image.sh
	@tests/kube/binaries >/dev/null && RELEVO=$(B)/relevo tests/bench/kube.sh

# ---- packages ----

.PHONY: deb deb-check tarball
TOLD_VERSION = $(shell tests/tools/version)
PACKED       = build/relevo-$(TOLD_VERSION)-linux-$(shell uname -m)

# A package for the Debian that this runs on, in build/deb, without what lintian calls an error.
deb: all
	@for tool in dh lintian; do command -v $$tool >/dev/null || \
		{ echo "make deb wants debhelper and lintian: apt-get install debhelper lintian" >&2; exit 1; }; done
	@version=$$(tests/tools/version) && printf 'relevo (%s) unstable; urgency=medium\n\n  * See CHANGES.md.\n\n -- %s  %s\n' \
		"$$version" "$$(sed -n 's/^Maintainer: //p' debian/control)" \
		"$$(git log -1 --format=%aD 2>/dev/null || date -R)" >debian/changelog
	@rm -rf build/deb && mkdir -p build/deb
	$(Q)DEB_RULES_REQUIRES_ROOT=no debian/rules binary >build/deb/log 2>&1 || { tail -n 30 build/deb/log >&2; exit 1; }
	$(Q)lintian --fail-on error build/deb/*.deb
	@DEB_RULES_REQUIRES_ROOT=no debian/rules clean >>build/deb/log 2>&1
	@ls build/deb/*.deb

# Of shared libraries this one wants none but those of libc, from that of Debian 12 on.
STATIC_OBJ := $(filter-out $(LINKED_OBJ:.linked.o=.o),$(OBJ)) $(LINKED_OBJ)
$(LINKED_OBJ): $(B)/%.linked.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CFLAGS) $(STRICT) -DLIBRARIES_LINKED -c -o $@ $<

$(B)/relevo-static: $(STATIC_OBJ)
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(STATIC_OBJ) -Wl,-Bstatic $(shell pkg-config --libs $(LINKED) 2>/dev/null) $(OTHERS) $(STATIC) -ldeflate -Wl,-Bdynamic -lm

# One file to unpack on any machine: the program, manual pages, completions, the licence.
tarball: $(B)/relevo-static all
	@rm -rf build/relevo-*-linux-* && $(MAKE) --no-print-directory install DESTDIR=$(PACKED) PREFIX= >/dev/null
	@strip -o $(PACKED)/bin/relevo $(B)/relevo-static && cp LICENSE $(PACKED)/share/
	@tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=go=rX,u+rw -C $(dir $(PACKED)) -c $(notdir $(PACKED)) | \
		gzip -n9 >$(PACKED).tar.gz
	@rm -rf $(PACKED) && ls $(PACKED).tar.gz

# Both, in a bare Debian 12 and a bare Debian 13; lintian's word is no matter of taste.
deb-check: deb tarball
	@TEST_TIMEOUT=1800 RELEVO=$(B)/relevo tests/run tests/live/deb.sh

# ---- the rest ----

MAN     := $(DESTDIR)$(PREFIX)/share/man
SHARE   := $(DESTDIR)$(PREFIX)/share
COMPLETIONS := $(SHARE)/bash-completion/completions/relevo $(SHARE)/zsh/site-functions/_relevo \
	$(SHARE)/fish/vendor_completions.d/relevo.fish

# The link is the plugin of kubectl.  A manual page for relevo, for each command and for each below it, and one for relevo.yaml.
install: all
	install -D -m 755 build/relevo $(DESTDIR)$(PREFIX)/bin/relevo
	ln -sf relevo $(DESTDIR)$(PREFIX)/bin/kubectl-relevo
	install -d $(MAN)/man1 $(MAN)/man5 $(dir $(COMPLETIONS))
	@page () { build/relevo help --man $$1 $$2 >"$(MAN)/man1/relevo$${1:+-$$1}$${2:+-$$2}.1"; }; \
	page && for name in $$(build/relevo help --names); do \
		page $$name || exit 1; \
		for below in $$(build/relevo help --names $$name); do page $$name $$below || exit 1; done; \
	done
	build/relevo help --man config >$(MAN)/man5/relevo.yaml.5
	build/relevo completion bash >$(word 1,$(COMPLETIONS))
	build/relevo completion zsh >$(word 2,$(COMPLETIONS))
	build/relevo completion fish >$(word 3,$(COMPLETIONS))

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/relevo $(DESTDIR)$(PREFIX)/bin/kubectl-relevo $(MAN)/man1/relevo.1 $(MAN)/man1/relevo-*.1 \
		$(MAN)/man5/relevo.yaml.5 $(COMPLETIONS)

format:
	clang-format -i $$(git ls-files '*.c' '*.h')

clean:
	rm -rf build

help:
	@echo 'make            build/relevo, optimised and hardened'
	@echo 'make demo       the example upgraded and reverted while clients talk to its 10,000 processes'
	@echo 'make demo-fleet five of them behind a front: hot with a canary, back by itself, drained and restarted'
	@echo 'make demo-kube  three of them in pods of Kubernetes: hot, back by itself, deleted, restarted'
	@echo 'make test       all tests; N=5000 makes the differential ones longer'
	@echo 'make hundred    a hundred upgrades and back on one node: nothing may be left behind'
	@echo 'make fanout     30 MB to sixteen nodes, which hand it on'
	@echo 'make sim        20000 rollouts with all that can befall them, simulated; FIRST=SEED SEEDS=N'
	@echo 'make sim-stats  false alarms and power of the gate compare, simulated'
	@echo 'make otp27      all tests with OTP 27 and Elixir 1.18, in a system of their own'
	@echo 'make otp29      all tests with OTP 29 and Elixir 1.20, in a system of their own'
	@echo 'make quick      unit tests and cases: what needs no node; a minute'
	@echo 'make check      layout, layers, headers, banned functions, documents in step, shell scripts'
	@echo 'make cover      which lines of each file the quick tests run'
	@echo 'make long       the parts of live tests that make test leaves out'
	@echo 'make torture    all that can break an upgrade, at each of its steps'
	@echo 'make chaos      up to four relevos at once, killed at random with the VM; ROUNDS=200 SEED=N'
	@echo 'make deploy-kills    a rollout killed at each write of its journal, in a file and in etcd'
	@echo 'make partitions half of a fleet cut off from relevo, in each stage of a rollout'
	@echo 'make kube-churn all that befalls an operator and its pods, at once: an hour, or MINUTES=N'
	@echo 'make kube       against a real API server of Kubernetes, which is built the first time'
	@echo 'make asan       unit tests and cases with ASan and UBSan'
	@echo 'make fuzz       every fuzz target for FUZZ_SECONDS=60'
	@echo 'make fuzz-long  all of them by turns, RUNS=30000000 times together'
	@echo 'make fuzz-coverage   whether the corpora still run through what they are for'
	@echo 'make bench      relevo beside its peers'
	@echo 'make schemas    the bill of materials and the provenance, by their published schemas (npm)'
	@echo 'make install    the program, manual pages, completions: PREFIX=/usr/local DESTDIR=; make uninstall'
	@echo 'make deb        a Debian package, in build/deb, as lintian wants it; make tarball: for any Linux'
	@echo 'make deb-check  both of them in a bare Debian 12 and a bare Debian 13'
	@echo 'make deps       install the Debian packages that all of this needs'
	@echo 'CC=clang, VARIANT=asan or tsan, DEVELOPER=1 (-Werror) and V=1 go with any of them.'
