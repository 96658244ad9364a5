#!/bin/bash
# vectors.sh: the golden vectors of the manifest builder, one test a line; see tests/golden/README.md.
set -u
cd "$(dirname "$0")/.." || exit 1
lockstep=${LOCKSTEP:-build/release/lockstep}
given=tests/golden/vectors.jsonl
printed=$(mktemp)
trap 'rm -f "$printed"' EXIT
bad=0

"$lockstep" vectors "$given" >"$printed" 2>&1
status=$?

number=0
while IFS= read -r expected <&3; do
    IFS= read -r actual <&4 || actual="(nothing)"
    number=$((number + 1))
    what=$(sed -nE "${number}s/^\\{\"variant\":\"(V[^\"]*)\",\"machine\":\"([^\"]*)\",(.*)\\}/\\1 \\2 \\3/p" "$given")
    if [ "$actual" = "$expected" ]; then
        echo "ok $number - $what"
    else
        printf 'not ok %d - %s\n  expected %s\n  printed  %s\n' "$number" "$what" "$expected" "$actual"
        bad=1
    fi
done 3<tests/golden/vectors.expected.jsonl 4<"$printed"

check() {
    number=$((number + 1))
    if [ "$2" = "$3" ]; then
        echo "ok $number - $1"
    else
        echo "not ok $number - $1: $2 in place of $3"
        bad=1
    fi
}

check "the exit status is 0" "$status" 0
check "as many lines are printed as were given" "$(wc -l <"$printed")" "$(wc -l <"$given")"
check "M3's outcomes are M2's" "$(grep '"M3"' "$printed" | sed 's/"M3"/"M2"/')" \
    "$(grep '"M2"' "$printed" | grep -F "$(printf '10,%.0s' {1..12})")"

# rejects TEXT LINE: such a line is refused with status 2, naming file and line.
rejects() {
    local message
    message=$(printf '\n%s\n' "$2" | "$lockstep" vectors - 2>&1 >/dev/null)
    check "$1" "$? ${message%%: error:*}" "2 $3"
}

vector='"machine":"M2","max":10,"invocations":[1],"days":[0],"seconds_per_manifest":1'
rejects "an unknown version is refused" "{\"variant\":\"V9\",$vector}" "<stdin>:2"
rejects "an unknown field is refused" "{\"variant\":\"V3\",\"x\":1,$vector}" "<stdin>:2"
rejects "a field given twice is refused" "{\"variant\":\"V3\",\"variant\":\"V3\",$vector}" "<stdin>:2:25"
rejects "what is not JSON is refused" "{\"variant\" \"V3\"}" "<stdin>:2:15"
rejects "days for every invocation" "{\"variant\":\"V3\",${vector/\[0\]/[]}}" "<stdin>:2"
rejects "what is no object is refused" "[1]" "<stdin>:2"
rejects "a size of nothing is refused" "{\"variant\":\"V3\",\"size\":0,$vector}" "<stdin>:2"
rejects "events for every invocation" "{\"variant\":\"V3\",\"events\":[],$vector}" "<stdin>:2"
rejects "an unknown event is refused" "{\"variant\":\"V3\",\"events\":[\"old\"],$vector}" "<stdin>:2"
rejects "files that were not there cannot come again" \
    "{\"variant\":\"V3\",\"events\":[\"again\"],$vector}" "<stdin>:2"

exit "$bad"
