#!/bin/bash
# cli.sh: the program from outside: exit statuses, help, misuse, streams, files. Speaks TAP.
# LOCKSTEP names the program under test.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/tap.sh

err_is_empty() { check "... and no errors" [ ! -s err ]; }

cat >good.yaml <<'YAML'
name: good
workload: [{files: 20, over: 10s, size: 3.5MB}]
invariants: [S1, S7]
expect: [{name: two manifests, sql: SELECT count(*) = 2 FROM manifests}]
YAML
sed 's/= 2/= 3/; s/name: good/name: failing/' good.yaml >failing.yaml
sed 's/FROM manifests/FROM manifest/' good.yaml >sql.yaml
sed 's/over: 10s/over: 10/' good.yaml >bad.yaml

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
for command in run points blame schema vectors; do
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
expect 2 run --sed 3 good.yaml
err_has "--sed: no such option (did you mean 'seed'?)"
expect 2 run --seed
err_has "--seed: a value is missing: N"
for seed in x -1 1.5 18446744073709551616 ''; do
    expect 2 run --seed="$seed" good.yaml
    err_has "a seed is a whole number below 2^64"
done
expect 0 run -q --seed 18446744073709551615 good.yaml
expect 2 run --format xml good.yaml
err_has "no such format: xml"
expect 2 run --quiet=yes good.yaml
err_has "takes no value"
expect 2 run --out a.db good.yaml good.yaml
err_has "go with one scenario"
expect 2 run --record a --replay b good.yaml
err_has "exclude each other"
expect 2 schema more
err_has "takes no argument"

# What a run says by its status.
expect 0 run good.yaml
out_has "verdict   pass"
err_is_empty
expect 0 run -q good.yaml
out_is_empty
expect 1 run failing.yaml
out_has "verdict   FAIL, 1 of 1 expectations false"
out_has "replay    lockstep run failing.yaml --seed 1"
expect 1 run -q good.yaml failing.yaml
expect 2 run -q good.yaml failing.yaml bad.yaml

# Bad input, with its place.
expect 2 run bad.yaml
out_is_empty
err_has "bad.yaml:2:30: error: workload.0.over: '10' is not a duration"
expect 2 run sql.yaml
err_has "sql.yaml:4:37: error: expect.0.sql: no such table: manifest"
expect 2 run none.yaml
err_has "cannot read none.yaml: No such file or directory"
mkdir -p nothing/below/it
expect 2 run nothing
err_has "nothing selected"
: >empty.yaml
expect 2 run empty.yaml
err_has "empty.yaml: error: empty"
expect 2 run --set pipeline.lock_tll=3s good.yaml
err_has "unknown key (did you mean 'lock_ttl'?)"
expect 2 run --set function.timeout=7m good.yaml # ESM-TIMEOUT-1
err_has "is longer than queue.visibility_timeout; AWS refuses such an event source"
expect 2 run --until 5 good.yaml
err_has "until: '5' is not a duration"
expect 2 run --set 'expect.0.sql=DELETE FROM files' good.yaml
err_has "a query reads and does nothing else"
expect 2 run --set faults.0.kill=manifest_builder --set faults.0.at=NOWHERE good.yaml
err_has "faults.0.at: manifest_builder has no such point; there are COPY_TO_QUARANTINE, TRACK_FILE,"

# Standard input, assignments, the end of a run.
check "a scenario on standard input" sh -c "'$program' run -q - <good.yaml"
expect 1 run --until 3s good.yaml
out_has "After 0:00:03.000 of virtual time"
expect 0 run --set workload.0.files=30 --set 'expect.0.sql=SELECT count(*) = 3 FROM manifests' good.yaml
out_has "workload    30 files of 3.5MB"

# Formats, read by others.
expect 0 run --format json good.yaml
check "JSON is JSON" python3 -m json.tool out
expect 1 run --format json good.yaml failing.yaml
check "JSON of two is an array of two" python3 -c "
import json, sys
runs = json.load(open('out'))
assert [r['verdict'] for r in runs] == ['pass', 'fail'], runs"
expect 1 run --format junit good.yaml failing.yaml
check "JUnit is XML with the counts it says" python3 -c "
import xml.etree.ElementTree as xml
suites = xml.parse('out').getroot().findall('testsuite')
assert [s.get('name') for s in suites] == ['good', 'failing']
for s in suites:
    cases = s.findall('testcase')
    assert int(s.get('tests')) == len(cases)
    assert int(s.get('failures')) == len([c for c in cases if c.find('failure') is not None])"
expect 1 run --format tap good.yaml failing.yaml
out_has "1..6"

# An expectation that reads the calls has them kept.
sed '/^expect:/,$d' good.yaml >calls.yaml
cat >>calls.yaml <<'EOF'
expect:
  - {name: calls are kept, sql: "SELECT count(*) > 0 FROM api_calls WHERE point = 'PUT_MANIFEST'"}
EOF
expect 0 run -q calls.yaml

# The table can be kept, and a run begins with an empty one.
expect 0 run -q --table table good.yaml
check "the table is there" test -s table/data.mdb
expect 2 run -q --table table good.yaml
err_has "table: holds a table of"
expect 3 run -q --table /nowhere/table good.yaml
err_has "/nowhere/table: cannot make the directory"

# Files: whole or not at all.
expect 0 run -q --out run.db good.yaml
check "the database holds 20 files" python3 -c "
import sqlite3
db = sqlite3.connect('run.db')
assert db.execute('SELECT count(*) FROM files').fetchone()[0] == 20
assert db.execute('SELECT verdict FROM run').fetchone()[0] == 'pass'
assert db.execute('SELECT count(*) > 100 FROM api_calls').fetchone()[0] == 1"
expect 3 run -q --out /nowhere/run.db good.yaml
err_has "cannot write /nowhere/run.db"
expect 3 run -q --trace /nowhere/trace good.yaml
err_has "cannot write /nowhere/trace"
expect 0 run -q --trace trace.txt good.yaml
check "the trace has many lines" sh -c "[ \$(wc -l <trace.txt) -gt 200 ]"
expect 0 run -q --trace trace.jsonl good.yaml
check "each line of the trace is JSON" python3 -c "
import json
for line in open('trace.jsonl'): json.loads(line)"
check "both traces have the same events" sh -c \
    "[ -s trace.txt ] && [ \$(wc -l <trace.txt) -eq \$(wc -l <trace.jsonl) ]"
check "no temporary file is left" sh -c "! ls | grep -q tmp"
if [ -w /dev/full ]; then
    "$program" run good.yaml >/dev/full 2>err
    check "a full disk under standard output : status 3" [ $? -eq 3 ]
    err_has "No space left on device"
fi

# The same run again: same seed, same bytes; its recording; another seed, another run.
"$program" run good.yaml --seed 5 >first
"$program" run good.yaml --seed 5 >second
check "the same seed gives the same report" cmp first second
trace_of() { sed -n 's/^trace *//p' "$1"; }
"$program" run good.yaml --seed 6 >other
check "another seed gives another trace" [ "$(trace_of "first")" != "$(trace_of "other")" ]
expect 0 run -q --seed 5 --record choices good.yaml
expect 0 run --replay choices good.yaml
check "there is a trace" [ -n "$(trace_of first)" ]
check "a replay gives the recorded trace" [ "$(trace_of "first")" = "$(trace_of "out")" ]
expect 4 run --replay choices --set workload.0.files=21 good.yaml
err_has "the run is not the recorded one"
head -n 20 choices >short
expect 2 run --replay short good.yaml
err_has "short:20: the file is not whole"
sed 's/^[0-9]* of/9999999999 of/' choices >wrong
expect 2 run --replay wrong good.yaml
err_has "wrong:2: not a choice of this version"
expect 2 run --replay good.yaml good.yaml
err_has "not a file of choices"
expect 0 run --default good.yaml
"$program" run good.yaml --default >second
check "the default run is the same each time" cmp out second

# A replay command quotes what the shell would read otherwise.
expect 1 run failing.yaml --set "name=it's"
out_has "--set 'name=it'\\''s'"
check "the replay command runs" sh -c "
    PATH=$(dirname "$program"):\$PATH && eval \"\$(sed -n 's/^replay *//p' out)\" >again
    [ -s out ] && cmp again out"

# The schema: JSON, and it accepts what the decoder accepts.
expect 0 schema
check "the schema is JSON" python3 -m json.tool out
check "every example scenario decodes" sh -c "
    for f in $top/scenarios/*/*.yaml; do '$program' run -q --until 1ms \"\$f\" 2>&1 || [ \$? -eq 1 ] || exit 1; done"

# An interrupt: partial results, status 130.
sed 's/files: 20, over: 10s/files: 1000000, over: 24h/' good.yaml >long.yaml
"$program" run long.yaml --out part.db >out 2>err &
child=$!
sleep 1
kill -INT "$child"
wait "$child"
check "an interrupted run : status 130" [ $? -eq 130 ]
out_has "when it was interrupted"
check "its results are kept" test -s part.db

echo "1..$number"
