# Lockstep's build. `make help` lists the targets. BUILD chooses the flavour and CC the compiler;
# each pair has a folder of its own under build/. CFLAGS and LDFLAGS are the user's, and come last.

BUILD ?= release
CC := $(if $(filter default,$(origin CC)),gcc,$(CC))
OUT ?= build/$(BUILD)$(if $(filter-out gcc,$(CC)),-$(notdir $(CC)))
PREFIX ?= /usr/local

# Debian packages, the only list of them. The second list is for `make bench` alone.
PACKAGES := build-essential clang libclang-rt-14-dev clang-format clang-tidy cppcheck valgrind gcovr \
            libcmocka-dev libjansson-dev liblmdb-dev libsqlite3-dev libxxhash-dev libyaml-dev \
            jq python3 zlib1g-dev
PACKAGES_BENCH := python3-simpy3 spin

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
        -Wswitch-enum -Wvla -Werror
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FLAGS_debug := -O0 -g3 -DLOCKSTEP_PARANOID
FLAGS_release := -O2 -g $(if $(filter gcc,$(notdir $(CC))),-flto=auto -ffat-lto-objects)
FLAGS_asan := -O1 -g -DLOCKSTEP_PARANOID $(SANITIZE)
FLAGS_coverage := -O0 -g --coverage
FLAGS_fuzz := -O1 -g -DLOCKSTEP_PARANOID $(SANITIZE) -fsanitize=fuzzer-no-link
ifeq ($(FLAGS_$(BUILD)),)
$(error BUILD=$(BUILD) is not one of debug, release, asan, coverage, fuzz)
endif
LANGUAGE := -std=c11 -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE -I.
FLAGS := $(LANGUAGE) -MMD -MP $(WARN) -ffp-contract=off -fno-math-errno $(FLAGS_$(BUILD)) $(CFLAGS)
LDLIBS := -Wl,--as-needed -llmdb -lsqlite3 -lxxhash -lyaml -ljansson -lz

SOURCES := $(wildcard sim/*.c model/*/*.c tools/*.c)
TESTS := $(wildcard tests/test_*.c)
BENCHES := $(wildcard bench/bench_*.c)
FUZZERS := $(wildcard tests/fuzz/fuzz_*.c)
FORMATTED := $(wildcard $(foreach d,sim model/* tools tests tests/fuzz bench bench/peers,$d/*.c $d/*.h))
LIBRARY := $(patsubst %.c,$(OUT)/%.o,$(filter-out tools/lockstep.c,$(SOURCES)))
TEST_BINARIES := $(TESTS:%.c=$(OUT)/%)
SCRIPTS := $(addprefix tests/,scenarios.sh sweeps.sh cli.sh explore.sh hunt.sh harness.sh catalogue.sh oracles.sh points.sh replay.sh shrink.sh blame.sh sources.sh table.sh vectors.sh)

VERSION := 0.1.0$(shell git describe --always --dirty=+ --exclude='*' 2>/dev/null | sed 's/.*/ (&)/')

# V=1 shows the commands in full.
Q := $(if $(V),,@)

all: $(OUT)/lockstep ## build the program (BUILD=release|debug|asan|coverage, CC=gcc|clang)

$(OUT)/lockstep: $(OUT)/tools/lockstep.o $(LIBRARY)
	$(if $(V),,@echo '  link $@')
	$(Q)$(CC) $(FLAGS) -o $@ $^ $(LDFLAGS) $(LDLIBS)

$(OUT)/tests/test_%: $(OUT)/tests/test_%.o $(LIBRARY)
	$(if $(V),,@echo '  link $@')
	$(Q)$(CC) $(FLAGS) -fno-lto -o $@ $^ $(LDFLAGS) -lcmocka $(LDLIBS) -lm

$(OUT)/tests/test_table_differential: \
    $(addprefix $(OUT)/tests/,naive_value.o naive_capacity.o naive_expression.o naive_table.o \
        table_sequence.o)

$(OUT)/tests/test_lock_world: $(OUT)/tests/naive_lock.o
$(OUT)/tests/test_lock_world $(OUT)/bench/bench_state_space: $(OUT)/tests/lock_world.o

# What takes memory, so that it can be refused.
$(OUT)/tests/test_api: LDLIBS += -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc \
    -Wl,--wrap=memory_reserve,--wrap=memory_area_init,--wrap=memory_area_take

$(OUT)/bench/%: $(OUT)/bench/%.o $(LIBRARY)
	$(if $(V),,@echo '  link $@')
	$(Q)$(CC) $(FLAGS) -o $@ $^ $(LDFLAGS) $(LDLIBS) -lm

$(OUT)/tests/fuzz/fuzz_%: $(OUT)/tests/fuzz/fuzz_%.o $(LIBRARY)
	$(if $(V),,@echo '  link $@')
	$(Q)$(CC) $(FLAGS) -fsanitize=fuzzer -o $@ $^ $(LDFLAGS) $(LDLIBS)

# Rewritten only when the version changes; version.c is then built again.
$(OUT)/version: FORCE
	@mkdir -p $(@D)
	@echo '$(VERSION)' | cmp -s - $@ || echo '$(VERSION)' >$@

$(OUT)/tools/version.o: $(OUT)/version
$(OUT)/tools/version.o: FLAGS += -DLOCKSTEP_VERSION='"$(VERSION)"'

$(OUT)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(if $(V),,@echo '  compile $<')
	$(Q)$(CC) $(FLAGS) -c -o $@ $<

demo: deps ## install what is missing, build, and run a day's batch of 130 files
	@$(MAKE) --no-print-directory -s BUILD=release all
	./build/release/lockstep run scenarios/regression/130-files.yaml

check: deps ## everything: format, lint, layers, all tests with sanitizers, determinism
	@$(MAKE) --no-print-directory format-check layers
	@$(MAKE) --no-print-directory -k -j2 lint
	@$(MAKE) --no-print-directory -s -j2 BUILD=asan build-tests
	@LOCKSTEP=build/asan/lockstep tests/run.sh $(SCRIPTS) $(TESTS:%.c=build/asan/%) \
	    tests/determinism.sh

build-tests: $(TEST_BINARIES) $(OUT)/lockstep

test: build-tests ## build and run the tests of this flavour
	@LOCKSTEP=$(OUT)/lockstep tests/run.sh $(SCRIPTS) $(TEST_BINARIES)

deps: ## install the Debian packages that are missing (no network if none is)
	@tests/deps.sh $(PACKAGES)

format: ## format all sources
	clang-format -i $(FORMATTED)

format-check: ## are all sources formatted?
	@echo 'format: $(words $(FORMATTED)) files'
	$(Q)clang-format --dry-run -Werror $(FORMATTED)

# The analyzer gives a function up after so many steps: a quarter of its usual number takes half the time.
LINT_DEPTH := -Xclang -analyzer-config -Xclang max-nodes=50000

lint: $(patsubst %.c,build/lint/%.tidy,$(filter %.c,$(FORMATTED))) ## clang-tidy and cppcheck
	@echo '  cppcheck'
	$(Q)cppcheck -q -j 2 --cppcheck-build-dir=build/lint --std=c11 --inline-suppr --error-exitcode=1 \
	    --enable=warning,performance,portability -I. --suppress=internalAstError \
	    --suppress='autoVariables:tests/*' \
	    $(filter %.c,$(FORMATTED))

build/lint/%.tidy: %.c .clang-tidy $(filter %.h,$(FORMATTED))
	@mkdir -p $(@D)
	$(if $(V),,@echo '  clang-tidy $<')
	$(Q)clang-tidy --quiet $< -- $(LANGUAGE) $(LINT_DEPTH) 2>$@.log || { cat $@.log; exit 1; }
	@touch $@

layers: ## prove who includes, prints and reads the clock
	tests/layers.sh

fuzz: ## feed libFuzzer's inputs to each target of tests/fuzz for SECONDS=60
	@$(MAKE) --no-print-directory -s BUILD=fuzz CC=clang run-fuzzers

run-fuzzers: $(FUZZERS:%.c=$(OUT)/%)
	@set -e; for f in $^; do d=build/corpus/$${f##*/fuzz_}; mkdir -p $$d; \
	    $$f -max_total_time=$(or $(SECONDS),60) -timeout=5 -print_final_stats=1 \
	        -artifact_prefix=build/corpus/ \
	        -dict=tests/fuzz/$${f##*/fuzz_}.dict $$d tests/fuzz/corpus/$${f##*/fuzz_}; done

# A peer in JavaScript; without npm its bench says so.
build/peers/dynalite/installed: $(wildcard bench/peers/dynalite/*)
	@mkdir -p $(@D) && cp $^ $(@D)
	@cd $(@D) && npm install --silent --no-audit --no-fund --no-package-lock && touch installed || true

bench: $(BENCHES:%.c=$(OUT)/%) $(OUT)/lockstep build/peers/dynalite/installed ## build and run the benchmarks
	@tests/deps.sh $(PACKAGES_BENCH)
	@set -e; for b in $(BENCHES:%.c=$(OUT)/%); do echo "== $$b"; LOCKSTEP=$(OUT)/lockstep $$b; done

coverage: ## lines and branches that the tests reach: build/coverage/index.html
	@$(MAKE) --no-print-directory -s -j2 BUILD=coverage build-tests
	@find build/coverage -name '*.gcda' -delete
	@$(MAKE) --no-print-directory -s BUILD=coverage test
	gcovr --root . --filter sim/ --filter model/ --filter tools/ --object-directory build/coverage \
	    --exclude-unreachable-branches --exclude-branches-by-pattern '.*\bASSERT\(.*' \
	    --html-details build/coverage/index.html --print-summary

mutants: deps ## plant bugs in a copy of the tree, and see who sees them (minutes)
	python3 tests/mutants.py

install: all ## install under PREFIX=/usr/local (DESTDIR is respected)
	install -D -m 755 $(OUT)/lockstep $(DESTDIR)$(PREFIX)/bin/lockstep
	cd scenarios && find . -name '*.yaml' -exec install -D -m 644 {} \
	    $(DESTDIR)$(PREFIX)/share/lockstep/scenarios/{} \;

clean: ## remove everything that was built
	rm -rf build

help: ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

.PHONY: all demo check build-tests test deps format format-check lint layers fuzz run-fuzzers bench \
        coverage mutants install clean help FORCE
.SECONDARY:
-include $(wildcard $(OUT)/*/*.d $(OUT)/*/*/*.d)
