#!/bin/bash
# layers.sh: proves by grep who may know whom. Arrows point one way: tools -> model -> sim.
#
#   - sim/ includes nothing of model/, tools/, tests/ or bench/; model/ nothing of the last three
#   - below tools/, nothing prints, exits, reads the clock, the environment or the locale, or draws
#     random numbers of the C library; but for sim/assert.c, which reports a bug and stops
#   - below tools/, nothing is computed in floating point
#   - each library's header is included in one file
#   - each file is on the map, docs/architecture.md
# Comments do not count: the preprocessor strips them first.
set -u
cd "$(dirname "$0")/.." || exit 1

broken=0
rules=0

# The code of a file without comments and string literals, one "file:line" in front of each line.
code() {
    gcc -fpreprocessed -dD -E "$1" 2>/dev/null |
        sed -E 's/"(\\.|[^"\\])*"/""/g; /^# /d' | sed "s|^|$1: |"
}

# rule TEXT PATTERN FILE...: no file's code matches.
rule() {
    local text=$1 pattern=$2 file
    shift 2
    rules=$((rules + 1))
    for file in "$@"; do
        if code "$file" | grep -nE "$pattern"; then
            echo "layers: $file breaks: $text" >&2
            broken=1
        fi
    done
}

# includes TEXT PATTERN FILE...: no file includes what matches.
includes() {
    local text=$1 pattern=$2
    shift 2
    rules=$((rules + 1))
    if grep -nE "^[[:space:]]*#[[:space:]]*include[[:space:]]*[\"<]($pattern)" "$@" /dev/null; then
        echo "layers: breaks: $text" >&2
        broken=1
    fi
}

shopt -s nullglob
sim=(sim/*.[ch])
model=(model/*/*.[ch])
below=("${sim[@]}" "${model[@]}")
all=("${below[@]}" tools/*.[ch])
quiet=()
for file in "${below[@]}"; do
    [ "$file" = sim/assert.c ] || quiet+=("$file")
done

includes "sim includes only sim" '(model|tools|tests|bench)/' "${sim[@]}"
includes "model includes only sim and model" '(tools|tests|bench)/' "${model[@]}"
includes "DynamoDB knows neither the other services nor the pipeline" 'model/(aws|pipeline|search|api)/' model/dynamodb/*.[ch]
includes "the API knows tables and nothing that is simulated around them" 'model/(aws|pipeline|search)/' model/api/*.[ch]
includes "what is simulated does not go through the API" 'model/api/' model/aws/*.[ch] model/pipeline/*.[ch]
includes "what is simulated knows of no search" 'model/search/' model/aws/*.[ch] model/pipeline/*.[ch]
includes "AWS knows no pipeline" 'model/(pipeline|search)/' model/aws/*.[ch]
includes "sim knows no library but xxHash" '(lmdb|sqlite3|yaml|jansson|zlib)\.h' "${sim[@]}"
includes "no libm below tools" '(math|fenv|complex|tgmath)\.h' "${below[@]}"
rule "only tools prints" '\b(v?f?printf|v?dprintf|puts|fputs|putchar|fputc|putc|perror)[[:space:]]*\(' \
    "${quiet[@]}"
rule "only tools ends the program" '\b(exit|_exit|quick_exit|abort|raise|kill)[[:space:]]*\(' "${quiet[@]}"
rule "only tools reads the clock" \
    '\b(time|clock|clock_gettime|gettimeofday|timespec_get|localtime|gmtime|mktime)[[:space:]]*\(' \
    "${quiet[@]}"
rule "only tools reads the environment" '\b(secure_)?getenv[[:space:]]*\(|\bsetlocale[[:space:]]*\(' \
    "${quiet[@]}"
rule "chance comes through choose()" '\b(rand|rand_r|srand|random|srandom|[dlm]rand48|getrandom)[[:space:]]*\(' \
    "${quiet[@]}"
rule "no floating point below tools" '\b(float|double|_Complex)\b' "${quiet[@]}"

for header in lmdb sqlite3 xxhash yaml jansson zlib; do
    rules=$((rules + 1))
    mapfile -t files < <(grep -lE "^[[:space:]]*#[[:space:]]*include[[:space:]]*<$header\.h>" "${all[@]}")
    if [ "${#files[@]}" -gt 1 ]; then
        echo "layers: <$header.h> is included in ${files[*]}; one file wraps a library" >&2
        broken=1
    fi
done

rules=$((rules + 1))
for file in sim/*.c model/*/*.c tools/*.c; do
    name=$(basename "$file" .c)
    if ! grep -qE "\`$name(\.c)?\`" docs/architecture.md; then
        echo "layers: $file is not on the map in docs/architecture.md" >&2
        broken=1
    fi
done

[ "$broken" -eq 0 ] && echo "layers: $rules rules hold in ${#all[@]} files"
exit "$broken"
