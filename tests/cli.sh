#!/bin/bash
# cli.sh: the program from outside: exit statuses, help, misuse, streams, files. Speaks TAP.
# LOCKSTEP names the program under test.
set -u
cd "$(dirname "$0")/.." || exit 1
program=$(realpath "${LOCKSTEP:-build/release/lockstep}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0

# check TITLE CONDITION...: one line of TAP.
check() {
    local title=$1
    shift
    number=$((number + 1))
    if "$@" >/dev/null 2>"$work/why"; then
        echo "ok $number - $title"
    else
        echo "not ok $number - $title"
        sed 's/^/# /' "$work/why" "$work/out" "$work/err" 2>/dev/null | head -n 20
    fi
}

# expect STATUS ARGUMENT...: runs the program and checks its exit status; output in $work.
expect() {
    local wanted=$1 got
    shift
    "$program" "$@" >"$work/out" 2>"$work/err" </dev/null
    got=$?
    check "lockstep $* : status $wanted" [ "$got" -eq "$wanted" ]
}

out_has() { check "... and output has: $1" grep -qF -- "$1" "$work/out"; }
err_has() { check "... and errors have: $1" grep -qF -- "$1" "$work/err"; }
out_is_empty() { check "... and no output" [ ! -s "$work/out" ]; }
err_is_empty() { check "... and no errors" [ ! -s "$work/err" ]; }

good=$work/good.yaml
cat >"$good" <<'YAML'
name: good
workload: [{files: 20, over: 10s, size: 3.5MB}]
invariants: [S1, S7]
expect: [{name: two manifests, sql: SELECT count(*) = 2 FROM manifests}]
YAML
sed 's/= 2/= 3/; s/name: good/name: failing/' "$good" >"$work/failing.yaml"
sed 's/FROM manifests/FROM manifest/' "$good" >"$work/sql.yaml"
sed 's/over: 10s/over: 10/' "$good" >"$work/bad.yaml"

# Help goes to standard output with status 0; misuse to standard error with status 2.
expect 0 --help
out_has "Usage: lockstep COMMAND"
err_is_empty
expect 0 help
out_has "lockstep run scenarios/regression/130-files.yaml"
expect 0 --version
out_has "lockstep "
expect 2
out_is_empty
err_has "Usage: lockstep COMMAND"
expect 2 rum
out_is_empty
err_has "rum: no such command (did you mean 'run'?)"
for command in run schema vectors; do
    expect 0 "$command" --help
    out_has "lockstep $command"
    err_is_empty
done
expect 0 help run
out_has "--seed N"
expect 0 help scenario
out_has "max_files_per_manifest (integer, 1 to 10000; 10)"
expect 2 help scenarios
err_has "no such topic (did you mean 'scenario'?)"
expect 2 run
err_has "which scenario?"
expect 2 run --sed 3 "$good"
err_has "--sed: no such option (did you mean 'seed'?)"
expect 2 run --seed
err_has "--seed: a value is missing: N"
for seed in x -1 1.5 18446744073709551616 ''; do
    expect 2 run --seed="$seed" "$good"
    err_has "a seed is a whole number below 2^64"
done
expect 0 run -q --seed 18446744073709551615 "$good"
expect 2 run --format xml "$good"
err_has "no such format: xml"
expect 2 run --quiet=yes "$good"
err_has "takes no value"
expect 2 run --out a.db "$good" "$good"
err_has "go with one scenario"
expect 2 run --record a --replay b "$good"
err_has "exclude each other"
expect 2 schema more
err_has "takes no argument"

# What a run says by its status.
expect 0 run "$good"
out_has "verdict   pass"
err_is_empty
expect 0 run -q "$good"
out_is_empty
expect 1 run "$work/failing.yaml"
out_has "verdict   FAIL, 1 of 1 expectations false"
out_has "replay    lockstep run $work/failing.yaml --seed 1"
expect 1 run -q "$good" "$work/failing.yaml"
expect 2 run -q "$good" "$work/failing.yaml" "$work/bad.yaml"

# Bad input, with its place.
expect 2 run "$work/bad.yaml"
out_is_empty
err_has "$work/bad.yaml:2:30: error: workload.0.over: '10' is not a duration"
expect 2 run "$work/sql.yaml"
err_has "$work/sql.yaml:4:37: error: expect.0.sql: no such table: manifest"
expect 2 run "$work/none.yaml"
err_has "cannot read $work/none.yaml: No such file or directory"
expect 2 run "$work"
err_has "Is a directory"
: >"$work/empty.yaml"
expect 2 run "$work/empty.yaml"
err_has "empty.yaml: error: empty"
expect 2 run --set pipeline.lock_tll=3s "$good"
err_has "unknown key (did you mean 'lock_ttl'?)"
expect 2 run --until 5 "$good"
err_has "until: '5' is not a duration"
expect 2 run --set 'expect.0.sql=DELETE FROM files' "$good"
err_has "an expectation reads and does nothing else"
expect 2 run --set faults.0.kill=manifest_builder --set faults.0.at=NOWHERE "$good"
err_has "faults.0.at: that process makes no call at such a point"

# Standard input, assignments, the end of a run.
check "a scenario on standard input" sh -c "'$program' run -q - <'$good'"
expect 1 run --until 3s "$good"
out_has "After 0:00:03.000 of virtual time"
expect 0 run --set workload.0.files=30 --set 'expect.0.sql=SELECT count(*) = 3 FROM manifests' "$good"
out_has "workload    30 files of 3.5MB"

# Formats, read by others.
expect 0 run --format json "$good"
check "JSON is JSON" python3 -m json.tool "$work/out"
expect 1 run --format json "$good" "$work/failing.yaml"
check "JSON of two is an array of two" python3 -c "
import json, sys
runs = json.load(open('$work/out'))
assert [r['verdict'] for r in runs] == ['pass', 'fail'], runs"
expect 1 run --format junit "$good" "$work/failing.yaml"
check "JUnit is XML with the counts it says" python3 -c "
import xml.etree.ElementTree as xml
suites = xml.parse('$work/out').getroot().findall('testsuite')
assert [s.get('name') for s in suites] == ['good', 'failing']
for s in suites:
    cases = s.findall('testcase')
    assert int(s.get('tests')) == len(cases)
    assert int(s.get('failures')) == len([c for c in cases if c.find('failure') is not None])"
expect 1 run --format tap "$good" "$work/failing.yaml"
out_has "1..6"

# Files: whole or not at all.
expect 0 run -q --out "$work/run.db" "$good"
check "the database holds 20 files" python3 -c "
import sqlite3
db = sqlite3.connect('$work/run.db')
assert db.execute('SELECT count(*) FROM files').fetchone()[0] == 20
assert db.execute('SELECT verdict FROM run').fetchone()[0] == 'pass'
assert db.execute('SELECT count(*) > 100 FROM api_calls').fetchone()[0] == 1"
expect 3 run -q --out /nowhere/run.db "$good"
err_has "cannot write /nowhere/run.db"
expect 3 run -q --trace /nowhere/trace "$good"
err_has "cannot write /nowhere/trace"
expect 0 run -q --trace "$work/trace.txt" "$good"
check "the trace has many lines" sh -c "[ \$(wc -l <'$work/trace.txt') -gt 200 ]"
expect 0 run -q --trace "$work/trace.jsonl" "$good"
check "each line of the trace is JSON" python3 -c "
import json
for line in open('$work/trace.jsonl'): json.loads(line)"
check "both traces have the same events" sh -c \
    "[ \$(wc -l <'$work/trace.txt') -eq \$(wc -l <'$work/trace.jsonl') ]"
check "no temporary file is left" sh -c "! ls '$work' | grep -q tmp"
if [ -w /dev/full ]; then
    "$program" run "$good" >/dev/full 2>"$work/err"
    check "a full disk under standard output : status 3" [ $? -eq 3 ]
    err_has "No space left on device"
fi

# The same run again: same seed, same bytes; its recording; another seed, another run.
"$program" run "$good" --seed 5 >"$work/first"
"$program" run "$good" --seed 5 >"$work/second"
check "the same seed gives the same report" cmp "$work/first" "$work/second"
trace_of() { sed -n 's/^trace *//p' "$1"; }
"$program" run "$good" --seed 6 >"$work/other"
check "another seed gives another trace" [ "$(trace_of "$work/first")" != "$(trace_of "$work/other")" ]
expect 0 run -q --seed 5 --record "$work/choices" "$good"
expect 0 run --replay "$work/choices" "$good"
check "a replay gives the recorded trace" [ "$(trace_of "$work/first")" = "$(trace_of "$work/out")" ]
expect 4 run --replay "$work/choices" --set workload.0.files=21 "$good"
err_has "the run is not the recorded one"
head -n 20 "$work/choices" >"$work/cut"
expect 2 run --replay "$work/cut" "$good"
err_has "$work/cut:20: the file is not whole"
sed 's/^[0-9]* of/9999999999 of/' "$work/choices" >"$work/wrong"
expect 2 run --replay "$work/wrong" "$good"
err_has "$work/wrong:2: not a choice of this version"
expect 2 run --replay "$good" "$good"
err_has "not a file of choices"
expect 0 run --default "$good"
"$program" run "$good" --default >"$work/second"
check "the default run is the same each time" cmp "$work/out" "$work/second"

# A replay command quotes what the shell would read otherwise.
expect 1 run "$work/failing.yaml" --set "name=it's"
out_has "--set 'name=it'\\''s'"
check "the replay command runs" sh -c "
    cd / && PATH=$(dirname "$program"):\$PATH && eval \"\$(sed -n 's/^replay *//p' '$work/out')\" |
    cmp - '$work/out'"

# The schema: JSON, and it accepts what the decoder accepts.
expect 0 schema
check "the schema is JSON" python3 -m json.tool "$work/out"
check "every example scenario decodes" sh -c "
    for f in scenarios/*/*.yaml; do '$program' run -q --until 1ms \"\$f\" 2>&1 || [ \$? -eq 1 ] || exit 1; done"

# An interrupt: partial results, status 130.
sed 's/files: 20, over: 10s/files: 1000000, over: 24h/' "$good" >"$work/long.yaml"
"$program" run "$work/long.yaml" --out "$work/part.db" >"$work/out" 2>"$work/err" &
child=$!
sleep 1
kill -INT "$child"
wait "$child"
check "an interrupted run : status 130" [ $? -eq 130 ]
out_has "when it was interrupted"
check "its results are kept" test -s "$work/part.db"

echo "1..$number"
