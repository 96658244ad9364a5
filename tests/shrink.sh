#!/bin/bash
# shrink.sh: `lockstep shrink` from outside: incidents of the catalogue made small; each case passes
# as a scenario and violates what it says; the same bytes again, with any number of processes; bad
# input. Speaks TAP. LOCKSTEP names the program.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/tap.sh

json() { jq -r "$1" <out; }

# shrinks PROPERTY DEVIATIONS FILES ARGUMENT...: to at most so many; the case does what it says.
shrinks() {
    local property=$1 deviations=$2 files=$3
    shift 3
    expect 0 shrink "$@" --property "$property" --format json -o small.yaml
    check "... to $deviations deviations" [ "$(json .after.deviations)" -le "$deviations" ]
    check "... and $files files" [ "$(json .after.files)" -le "$files" ]
    check "... proven to be the fewest" [ "$(json .certificate.end)" = minimal ]
    check "... of which the story tells" \
        [ "$(json '.story | length')" -eq "$(json .after.deviations)" ]
    check "... and the file is the case" [ "$(json .yaml)" = "$(cat small.yaml)" ]
    expect 0 run small.yaml --format json
    check "... and violates $property" \
        [ "$(json "[.violations[].invariant] | index(\"$property\") != null")" = true ]
    check "... as it says" \
        [ "$(sed -n 's/^violates: \[\(.*\)\]$/\1/p' small.yaml)" = \
        "$(json '[.violations[].invariant] | unique | join(", ")')" ]
    check "... without draws" [ "$(json .seed)" = null ]
    expect 0 run small.yaml --default
}

lessons=$top/scenarios/lessons
incidents=$top/scenarios/incidents
shrinks S1 1 2 "$lessons/lock-stalled-owner.yaml" --case takeover
shrinks S7 1 2 "$lessons/lock-stalled-owner.yaml" --case fencing
shrinks L3 1 20 "$incidents/f03-dead-owner.yaml" --case V0
shrinks L1 1 10 "$lessons/lock-stalled-owner.yaml" --case V6

# Two are needed, and another kind would do.
cat >two.yaml <<'YAML'
name: two
pipeline: {builder: V4, machine: M3, max_files_per_manifest: 2}
function: {reserved_concurrency: 2}
workload: [{files: 2, over: 1s, size: 3.5MB}]
table: {rcu: 0, wcu: 0}
workflow: {start_delay: 1s}
glue: {max_concurrent_runs: 30}
faults:
  - {throttle: manifest_builder, at: PUT_MANIFEST, occurrence: 1}
  - {error: manifest_builder, at: MARK_FILE, occurrence: 1, attempts: 0}
  - {kill: manifest_builder, at: RELEASE_LOCK, of: 2.1, occurrence: 1}
YAML
shrinks S1 2 2 two.yaml --same-scenario
check 'the scenario stays' grep -qxF 'workload:' small.yaml
check '... file for file' grep -qxF '  - {files: 2, over: 1s}' small.yaml

# The same bytes.
expect 0 shrink two.yaml --property S1 --same-scenario -j 1
cp out once
expect 0 shrink two.yaml --property S1 --same-scenario -j 3
check 'the same with three processes' cmp once out
out_has "minimal: no run with 1 deviation of explore's kinds, or like those above, violates S1"
expect 0 shrink two.yaml --property S1 -o -
check 'the case alone' [ "$(head -c 14 out)" = '# S1 is violat' ]
cp out small.yaml
expect 0 shrink small.yaml --property S1 -o -
check 'what is small stays' cmp <(grep -v '^#' small.yaml) <(grep -v '^#' out)

# Without the time, it says so.
expect 0 shrink two.yaml --property S1 --budget 0s --format json
check 'nothing is dropped' [ "$(json .after.deviations)" -eq 3 ]
check '... which is told' [ "$(json '.certificate.end, .ended_by_budget' | tr '\n' ' ')" = 'stopped true ' ]

# Refused.
expect 2 shrink
err_has 'which scenario?'
expect 2 shrink two.yaml --property S9
err_has 'no such invariant: S9'
expect 2 shrink two.yaml --property L2
err_has 'L2 is not violated in the plain schedule (run --default), but S1'
expect 2 shrink two.yaml --set faults.0.occurrence=100 --set faults.1.occurrence=100 --set faults.2.occurrence=100
err_has 'nothing is violated in the plain schedule'
expect 2 shrink "$lessons/lock-stalled-owner.yaml"
err_has 'which case? --case'
expect 2 shrink two.yaml --budget soon
err_has 'how long? Write 30s'
expect 2 shrink two.yaml --jobs 0
expect 2 shrink missing.yaml
expect 0 shrink --help
out_has 'lockstep shrink found.yaml --property S1'

echo "1..$number"
exit $bad
