# Lockstep's build. `make help` lists the targets; BUILD chooses the flavour, each in its own folder.

BUILD ?= release
CC ?= gcc
OUT := build/$(BUILD)

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
        -Wswitch-enum -Wvla -Werror
CFLAGS_debug := -O0 -g3
CFLAGS_release := -O2 -g
CFLAGS_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS_coverage := -O0 -g --coverage
ifeq ($(CFLAGS_$(BUILD)),)
$(error BUILD=$(BUILD) is not one of debug, release, asan, coverage)
endif
CFLAGS += -std=c11 -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE -I. -MMD -MP $(WARN) $(CFLAGS_$(BUILD))
CFLAGS += -ffp-contract=off -fno-math-errno
LDLIBS := -llmdb -lsqlite3 -lxxhash -lyaml -ljansson -lz

SIM := $(wildcard sim/*.c)
MODEL := $(wildcard model/*/*.c)
TOOLS := $(wildcard tools/*.c)
TESTS := $(wildcard tests/test_*.c)
LIBRARY := $(patsubst %.c,$(OUT)/%.o,$(SIM) $(MODEL) $(filter-out tools/lockstep.c,$(TOOLS)))
TEST_BINARIES := $(patsubst tests/%.c,$(OUT)/tests/%,$(TESTS))
BENCH_BINARIES := $(patsubst bench/%.c,$(OUT)/bench/%,$(wildcard bench/bench_*.c))

all: $(OUT)/lockstep ## build the program (BUILD=release|debug|asan|coverage)

$(OUT)/lockstep: $(OUT)/tools/lockstep.o $(LIBRARY)
	$(CC) $(CFLAGS) -o $@ $^ $(LDLIBS)

$(OUT)/tests/%: $(OUT)/tests/%.o $(LIBRARY)
	$(CC) $(CFLAGS) -o $@ $^ -lcmocka -lm $(LDLIBS)

$(OUT)/bench/%: $(OUT)/bench/%.o $(LIBRARY)
	$(CC) $(CFLAGS) -o $@ $^ -lm $(LDLIBS)

$(OUT)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -c -o $@ $<

test: $(TEST_BINARIES) ## build and run the tests of this flavour
	@set -e; for t in $(TEST_BINARIES); do $$t; done

bench: $(BENCH_BINARIES) ## build and run the benches, each against its peers
	@set -e; for b in $(BENCH_BINARIES); do $$b; done

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

clean: ## remove everything that was built
	rm -rf build

.PHONY: all test bench help clean
.SECONDARY:
-include $(wildcard build/$(BUILD)/*/*.d build/$(BUILD)/*/*/*.d)
