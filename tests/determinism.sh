#!/bin/bash
# determinism.sh: the promise that a run is the same everywhere, kept by each build. Speaks TAP.
#
# Builds the program with gcc and clang, -O0 to -O3, one of each with sanitizers, and runs the
# scenario of 130 files in each: twice in a row, and from a recording that the first build made. Every
# report must be the first one's to the byte, trace hash included. One build then runs in other
# environments: time zone, language, processor features, under valgrind. Some builds run every small
# scenario, too, and must come to the same traces.
set -u
cd "$(dirname "$0")/.." || exit 1

scenario=scenarios/regression/130-files.yaml
matrix=build/matrix
number=0
mkdir -p "$matrix"

# check TITLE COMMAND...: one line of TAP; the command's output is shown where it fails.
check() {
    local title=$1
    shift
    number=$((number + 1))
    if "$@" >"$matrix/log" 2>&1; then
        echo "ok $number - $title"
    else
        echo "not ok $number - $title"
        grep -v "^  compile" "$matrix/log" | tail -n 20 | sed 's/^/# /'
    fi
}

build() {
    make --no-print-directory -s -j2 OUT="$1" CC="$2" BUILD="$3" CFLAGS="$4" "$1/lockstep"
}

run() {
    "$@" run "$scenario" --format json
}

# same NAME COMMAND...: the command's output is the reference's.
same() {
    local out=$matrix/$1.json
    shift
    run "$@" >"$out" && cmp "$matrix/reference.json" "$out"
}

replays() {
    "$1" run "$scenario" --replay "$matrix/choices" --format json >"$matrix/replay.json" &&
        sed 's/"seed": null/"seed": 1/' "$matrix/replay.json" | cmp "$matrix/reference.json" -
}

# The trace hash of every case of every small scenario.
traces() {
    "$1/lockstep" run scenarios/claims scenarios/incidents scenarios/lessons scenarios/regression --format json |
        grep -o '"trace_hash": "[0-9a-f]*"'
}

same_traces() {
    traces "$1" >"$matrix/traces"
    cmp "$matrix/reference.traces" "$matrix/traces"
}

reference=$matrix/gcc-O0-plain
check "gcc -O0 builds" build "$reference" gcc release "-O0 -fno-lto -g0"
check "gcc -O0 runs and is recorded" \
    "$reference/lockstep" run -q "$scenario" --record "$matrix/choices"
run "$reference/lockstep" >"$matrix/reference.json"
hash=$(sed -n 's/.*"trace_hash": "\([0-9a-f]*\)".*/\1/p' "$matrix/reference.json")
check "it has a trace hash" [ "${#hash}" -eq 32 ]
traces "$reference" >"$matrix/reference.traces"

# judge NAME FOLDER COMPILER FLAVOUR FLAGS: one build of the matrix.
judge() {
    local name=$1 out=$2
    check "$name builds" build "$out" "$3" "$4" "$5"
    check "$name: trace $hash" same "$name" "$out/lockstep"
    check "$name: again" same "$name-again" "$out/lockstep"
    check "$name: from the recording" replays "$out/lockstep"
    case $name in
    gcc-O2-plain | clang-O3-plain | *-sanitized)
        check "$name: every scenario's trace" same_traces "$out"
        ;;
    esac
}

plain="-fno-lto -g0"
judge gcc-O0-plain "$reference" gcc release "-O0 $plain"
judge gcc-O2-plain "$matrix/gcc-O2-plain" gcc release -O2 # as released, link-time optimisation included
judge gcc-O3-plain "$matrix/gcc-O3-plain" gcc release "-O3 $plain -Wno-error" # it warns of what cannot happen
judge clang-O0-plain "$matrix/clang-O0-plain" clang release "-O0 $plain"
judge clang-O3-plain "$matrix/clang-O3-plain" clang release "-O3 $plain"
judge gcc-O1-sanitized build/asan gcc asan "" # the one that all other tests use
judge clang-O2-sanitized "$matrix/clang-O2-sanitized" clang asan "-O2 -g0"

program=$matrix/gcc-O2-plain/lockstep
check "in Tokyo" same tokyo env TZ=Asia/Tokyo "$program"
check "in Turkish" same turkish env LANG=tr_TR.UTF-8 LC_ALL=tr_TR.UTF-8 "$program"
check "with an empty environment" same empty env -i "$program"
check "without FMA and AVX2" same old env GLIBC_TUNABLES=glibc.cpu.hwcaps=-FMA,-AVX2 "$program"
check "without address randomisation" same fixed setarch -R "$program"
check "under valgrind" same valgrind valgrind -q --error-exitcode=9 "$program"

echo "1..$number"
