#!/bin/bash
# harness.sh: `lockstep run` over many scenarios and their cases: which are run, how often, in which
# order, at how many at once, compared in tables; and verdicts that are exact. Speaks TAP. LOCKSTEP
# names the program.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/tap.sh

# titles WORD...: the tests of the last TAP report were of these scenarios, in this order.
titles() {
    local got
    got=$(sed -nE 's/^# (.*), trace [0-9a-f]{32}$/\1/p' out | paste -sd '|')
    local IFS='|'
    check "... and ran: $*" [ "$got" = "$*" ]
}

# Three files in two folders; one has cases. A burst of 130 files makes V3 use a key twice.
mkdir -p many/b many/.hidden many/empty
cat >many/b/burst.yaml <<'YAML'
name: burst
description: Keys collide.
workload: [{files: 130, size: 3.5MB}]
workflow: {start_delay: 1ms, transition: 10ms}
glue: {max_concurrent_runs: 13}
catalogue: {id: F13, trigger: a, symptom: b, why: c}
violates: [S2, S3, S4, S5]
cases:
  - {name: V3, set: pipeline.builder=V3}
  - {name: V4, set: "pipeline.builder=V4  workflow.start_delay=uniform(1ms, 2ms)"}
  - name: slow start
    set: workflow.start_delay=2s
    violates: none
expect:
  - {name: keys collide, sql: "SELECT count(*) > 0 FROM manifests WHERE overwritten", case: V3}
  - {name: all arrive, sql: SELECT count(*) = 130 FROM files}
YAML
cat >many/a.yaml <<'YAML'
name: small
workload: [{files: 20, over: 10s, size: 3.5MB}]
expect: [{name: two manifests, sql: SELECT count(*) = 2 FROM manifests}]
YAML
sed 's/small/other/; s/= 2/= 3/; s/two/three/' many/a.yaml >many/c.yaml
cp many/a.yaml many/.hidden/hidden.yaml
echo 'no scenario' >many/notes.txt

# Which are run.
expect 1 run many --format tap
titles small "burst / V3" "burst / V4" "burst / slow start" other
out_has "ok 2 - burst / V3: keys collide"
out_has "ok 3 - burst / V3: all arrive"
out_has "ok 4 - burst / V3: violates exactly: S2, S3, S4, S5"
out_has "ok 8 - burst / slow start: violates exactly: nothing"
out_has "not ok 9 - other: three manifests"
out_has "# replay: lockstep run many/c.yaml --seed 1"
out_has "1..9"
expect 0 run 'many/?.yaml' many/b/ --format tap -k small -k BURST
titles small "burst / V3" "burst / V4" "burst / slow start"
expect 0 run many --format tap -k 'burst / V*'
titles "burst / V3" "burst / V4"
expect 0 run many --format tap -k 's*t'
titles "burst / slow start"
expect 0 run many --format tap --case V4
titles "burst / V4"
expect 0 run many/b/burst.yaml --format json --case V4
check "one case is one object" python3 -c "
import json
assert json.load(open('out'))['case'] == 'V4'"
expect 0 run many -k small --format json
check "a directory gives an array, whatever is in it" python3 -c "
import json
assert [r['scenario'] for r in json.load(open('out'))] == ['small']"
check "a scenario with cases on standard input" sh -c \
    "'$program' run -q - --case 'slow start' <many/b/burst.yaml"

# The example of docs/scenarios.md is as it says.
sed -n '/^```yaml$/,/^```$/p' "$top/docs/scenarios.md" | grep -v '^```' >example.yaml
expect 0 run example.yaml --format tap
titles "f13-key-collision / V3" "f13-key-collision / V4" "f13-key-collision / slow start"
check "its catalogue entry can be written" "$program" catalogue example.yaml

# Nothing to run, or not what was meant.
for nothing in many/empty "many -k nowhere" "many/a.yaml -k burst"; do
    # shellcheck disable=SC2086
    expect 2 run $nothing
    err_has "nothing selected"
    out_is_empty
done
expect 2 run missing
err_has "cannot read missing: No such file or directory"
expect 2 run 'missing/*.yaml'
err_has "missing/*.yaml: fits no file"
expect 2 run many --case V33
err_has "--case: no scenario has a case 'V33' (did you mean 'V3'?)"
expect 2 run many/a.yaml --case V3
err_has "no scenario has a case 'V3'"
expect 2 run many --out run.db
err_has "go with one scenario"
expect 2 run many/b/burst.yaml --record choices
err_has "go with one scenario and one case"
expect 0 run -q many/b/burst.yaml --case V3 --record choices
expect 0 run -q many/b/burst.yaml --case V3 --replay choices
expect 4 run -q many/b/burst.yaml --case V4 --replay choices
for jobs in 0 x -1 257 ''; do
    expect 2 run many --jobs="$jobs"
    err_has "--jobs is a number from 1 to 256"
done

# --list runs nothing.
expect 0 run many --list
check "... a line for each" [ "$(wc -l <out)" -eq 5 ]
out_has "burst / slow start  F13   many/b/burst.yaml  Keys collide."
expect 0 run many --list --format json -k burst
check "... and as JSON" python3 -c "
import json
rows = json.load(open('out'))
assert [r['case'] for r in rows] == ['V3', 'V4', 'slow start'], rows
assert rows[0]['id'] == 'F13' and rows[0]['file'] == 'many/b/burst.yaml'
assert rows[0]['scenario'] == 'burst' and rows[0]['description'] == 'Keys collide.'"
expect 2 run many --list --format tap
err_has "--list writes text or json, not: tap"

# Cases: their assignments win over the file, the command line over them.
expect 0 run many/b/burst.yaml --case V4 --format json
check "... the case's assignment holds" grep -q '"overwritten": [1-9]' out
expect 1 run many/b/burst.yaml --case V3 --set workflow.start_delay=2s
out_has "FALSE violates exactly: S2, S3, S4, S5"
out_has "replay    lockstep run many/b/burst.yaml --case V3 --seed 1 --set workflow.start_delay=2s"
expect 0 run many/b/burst.yaml --case V3 --set violates=none --set workflow.start_delay=2s \
    --set 'expect.0.sql=SELECT 1'
expect 1 run many/b/burst.yaml --case 'slow start'  --set workflow.start_delay=1ms
check "... its replay command runs" sh -c "
    PATH=$(dirname "$program"):\$PATH && eval \"\$(sed -n 's/^replay *//p' out)\" >again
    [ -s out ] && cmp again out"
wrong() { # wrong FROM TO COMPLAINT: the edited file is refused
    sed "s/$1/$2/" many/b/burst.yaml >wrong.yaml
    check "... the edit is one" sh -c "! cmp -s wrong.yaml many/b/burst.yaml"
    expect 2 run wrong.yaml
    err_has "wrong.yaml:$3"
}
wrong 'builder=V3' 'builder=V33' "9:38: error: pipeline.builder: 'V33' is not one of:"
wrong 'start_delay=2s' 'start_dela=2s' "12:10: error: workflow.start_dela: unknown key"
wrong 'set: workflow' 'set: a b' "12:10: error: cases.2.set: write PATH=VALUE"
wrong '"pipeline.builder=V4 ' '"cases.0.name=V4 ' "10:22: error: cases.0.name: a case does not change"
wrong 'name: V4' 'name: V3' "10:12: error: cases.1.name: a second case of this name"
wrong 'case: V3' 'case: V33' "15:93: error: expect.0.case: no such case (did you mean 'V3'?)"
wrong 'violates: none' 'violates: [S9]' "13:16: error: cases.2.violates.0: 'S9' is not one of:"
wrong 'violates: \[S2' 'violates: [S22' "7:12: error: violates.0: 'S22' is not one of:"
wrong 'name: burst' 'name: burst\ninvariants: [S4]' "8:1: error: violates: names S4, which invariants says must hold"
sed 's/count(\*) > 0 FROM manifests/* FROM manifest/' many/b/burst.yaml >wrong.yaml
expect 2 run wrong.yaml --case V3
err_has "wrong.yaml:15:31: error: expect.0.sql: no such table: manifest"
expect 0 run -q wrong.yaml --case V4

# The verdict is exact, in both directions, in each format.
exact() { # exact STATUS VIOLATES TEXT
    expect "$1" run many/b/burst.yaml --case V3 --set "violates=$2"
    out_has "$3"
    local counted=0
    [ "$1" -eq 0 ] || counted=1
    expect "$1" run many/b/burst.yaml --case V3 --set "violates=$2" --format junit
    out_has "tests=\"3\" failures=\"$counted\" errors=\"0\""
    expect "$1" run many/b/burst.yaml --case V3 --set "violates=$2" --format json
    check "... and JSON says so" python3 -c "
import json
assert json.load(open('out'))['violates']['ok'] == ($1 == 0)"
}
exact 0 S2,S3,S4,S5 "ok    violates exactly: S2, S3, S4, S5"
exact 1 S2,S3,S4 "verdict   FAIL, violated against what the scenario says: S5"
exact 1 S2,S3,S4,S5,S7 "verdict   FAIL, not violated, against what the scenario says: S7"
exact 1 none "verdict   FAIL, violated against what the scenario says: S2, S3, S4, S5"
expect 1 run many/b/burst.yaml --case 'slow start' --set violates=S2
out_has "not violated, against what the scenario says: S2"

# Goals: of all cases of a scenario together, behind the last of them; of part of them nobody asks.
sed 's/^violates:/reach: [lock-refused, owner-died]\n&/; /^  - {name: all arrive/d' many/b/burst.yaml >goals.yaml
sed 's/owner-died/manifest-overwritten/' goals.yaml >reached.yaml
for jobs in 1 2; do
    expect 1 run goals.yaml -j $jobs --format tap
    out_has "ok 5 - burst: reaches lock-refused"
    out_has "# lock-refused was reached in 3 of 3 runs"
    out_has "not ok 6 - burst: reaches owner-died"
    out_has "# owner-died was reached in 0 of 3 runs"
    expect 0 run reached.yaml -j $jobs --format tap
    out_has "ok 6 - burst: reaches manifest-overwritten"
    out_has "# manifest-overwritten was reached in 2 of 3 runs"
    expect 1 run goals.yaml many/a.yaml -j $jobs --format tap -x
    titles "burst / V3" "burst / V4" "burst / slow start"
    expect 1 run goals.yaml -j $jobs -q
    out_is_empty
done
expect 1 run goals.yaml
out_has "verdict   FAIL, reach: owner-died was reached in 0 of 3 runs"
expect 1 run many/a.yaml goals.yaml --format junit
out_has '<testsuite name="burst" tests="2" failures="1" errors="0"'
expect 1 run goals.yaml many/a.yaml --format json
check "... in JSON, an object of all runs stands behind the last of them" python3 -c "
import json
runs = json.load(open('out'))
assert [r['scenario'] for r in runs] == ['burst'] * 4 + ['small'], runs
assert ['case' in r for r in runs] == [True] * 3 + [False, True]
assert runs[3]['verdict'] == 'fail' and runs[3]['runs'] == 3
assert [(g['goal'], g['reached'], g['ok']) for g in runs[3]['reach']] == [
    ('lock-refused', 3, True), ('owner-died', 0, False)]
assert set(runs[3]['reached']) == set(sum((r['reached'] for r in runs[:3]), []))"
for part in "--case V3" "-k V"; do
    # shellcheck disable=SC2086
    expect 0 run goals.yaml $part --format tap
    check "... and asks for no goals" sh -c "! grep -q reaches out"
done
expect 0 run goals.yaml --compare pipeline.max_files_per_manifest=10,20
expect 1 run goals.yaml -q --set reach=claim-lost
expect 0 run goals.yaml -q --set reach=none
expect 1 run many/a.yaml --set reach=owner-died --format tap
out_has "not ok 2 - small: reaches owner-died"
out_has "# replay: lockstep run many/a.yaml --seed 1 --set reach=owner-died"
expect 0 run many/a.yaml --set 'expect.0.sql=SELECT sum(reached) = 0 FROM goals' --format tap
sed 's/builder=V4/builder=V4 reach=all/' many/b/burst.yaml >wrong.yaml
expect 2 run wrong.yaml --case V4
err_has "wrong.yaml:10:42: error: reach: a case does not change what all of them reach"

# -x ends with the first that does not pass, with any number of workers.
for jobs in 1 2 4; do
    expect 1 run many/c.yaml many -x -j $jobs --format tap
    titles other
    expect 1 run many many/a.yaml -x -j$jobs --format tap
    titles small "burst / V3" "burst / V4" "burst / slow start" other
done

# Any number of workers gives the same bytes, errors included.
printf 'name: bad\nworkload: [{files: ten}]\n' >many/d.yaml
for format in text json junit tap; do
    "$program" run many "$top/scenarios/regression" -j1 --format $format >one 2>one-err
    check "$format with one worker: status 2" [ $? -eq 2 ]
    for jobs in 2 3 16; do
        "$program" run many "$top/scenarios/regression" -j $jobs --format $format >out 2>err
        check "$format with $jobs workers: status 2" [ $? -eq 2 ]
        check "... and the same bytes" cmp one out
        check "... and the same errors" cmp one-err err
    done
done
expect 2 run many --format json
check "what cannot be run is told in JSON" python3 -c "
import json
runs = json.load(open('out'))
assert [r['verdict'] for r in runs] == ['pass'] * 4 + ['fail', 'error'], runs
assert 'many/d.yaml:2:20' in runs[5]['message'], runs[5]"
expect 2 run many --format junit
check "... and in JUnit" python3 -c "
import xml.etree.ElementTree as xml
suites = xml.parse('out').getroot().findall('testsuite')
assert [s.get('name') for s in suites][-1] == 'many/d.yaml'
assert [s.get('errors') for s in suites] == ['0'] * 5 + ['1']
for s in suites:
    cases = s.findall('testcase')
    assert int(s.get('tests')) == len(cases) > 0
    assert all(c.get('file').startswith('many/') and c.get('time') == '0' for c in cases)
    assert int(s.get('failures')) == len([c for c in cases if c.find('failure') is not None])"
expect 2 run many --format tap
out_has "not ok 10 - many/d.yaml: runs"
rm many/d.yaml

# A worker that is killed is an internal error of its scenario, and of no other.
cat >long.yaml <<'YAML'
name: long
workload: [{files: 3000000, over: 24h, size: 3.5MB}]
YAML
"$program" run many/a.yaml long.yaml many/a.yaml -j 2 --format tap >out 2>err &
parent=$!
victim=
for _ in $(seq 100); do
    sleep 0.1
    children=$(cat "/proc/$parent/task/$parent/children" 2>/dev/null)
    # shellcheck disable=SC2086
    set -- $children
    [ $# -eq 1 ] && victim=$1 && break
done
check "one worker is left, with the long one" [ -n "$victim" ]
[ -n "$victim" ] && kill -KILL "$victim"
wait "$parent"
check "a worker that is killed : status 3" [ $? -eq 3 ]
err_has "lockstep run: long.yaml: internal error: its process ended by signal 9"
out_has "not ok 2 - long: runs"
out_has "ok 3 - small: two manifests"

# An interrupt ends all of them, and what was under way is told.
"$program" run long.yaml long.yaml many -j 2 --format tap >out 2>err &
parent=$!
sleep 1
kill -TERM "$parent"
wait "$parent"
check "interrupted workers : status 130" [ $? -eq 130 ]
titles long long

# --compare: one table, whatever the verdicts.
expect 0 run many/c.yaml --compare pipeline.lock=strict,takeover --compare workload.0.files=10,200
check "... a line for each variant and one above" [ "$(wc -l <out)" -eq 5 ]
expect 0 run many/c.yaml --compare pipeline.lock=strict,takeover \
    --compare workload.0.files=10,200 --format csv -j 2
check "... and as CSV" python3 -c "
import csv
rows = list(csv.DictReader(open('out')))
assert [(r['pipeline.lock'], r['workload.0.files'], r['manifests']) for r in rows] == [
    ('strict', '10', '1'), ('strict', '200', '20'), ('takeover', '10', '1'), ('takeover', '200', '20')]
assert [r['verdict'] for r in rows] == ['fail'] * 4 and float(rows[1]['simulated_seconds']) > 10"
expect 0 run many/b/burst.yaml --format json -k V3 -k slow \
    --compare "pipeline.builder=V3,V4+workflow.start_delay=uniform(2s, 3s)+pipeline.machine=M1"
check "... and as JSON, with cases, and assignments that go together" python3 -c "
import json
rows = json.load(open('out'))
assert [(r['scenario'], r['pipeline.builder'][:2], r['violated']) for r in rows] == [
    ('burst / V3', 'V3', 'S2, S3, S4, S5'), ('burst / V3', 'V4', rows[1]['violated']),
    ('burst / slow start', 'V3', ''), ('burst / slow start', 'V4', rows[3]['violated'])], rows
assert rows[1]['simulated_seconds'] != rows[0]['simulated_seconds']
assert set(r['verdict'] for r in rows) == {'pass', 'fail'}"
expect 2 run many/c.yaml --compare pipeline.lock=strict,strikt
check "... the others are in the table all the same" grep -q '^other .* 3 *20 ' <(sed 's/fail/3 20 /' out)
err_has "'strikt' is not one of"
for list in pipeline.lock =strict pipeline.lock= pipeline.lock=strict,,none "a b=3"; do
    expect 2 run many/c.yaml --compare "$list"
    err_has "--compare: "
done
expect 2 run many/c.yaml --compare pipeline.lock=none --format tap
err_has "--compare writes text, json or csv, not: tap"
expect 2 run many/c.yaml --format csv
err_has "csv goes with --compare"

# --explain tells how it came about, in each format.
expect 0 run many/b/burst.yaml --case V3 --explain
out_has "What happened:"
out_has "was overwritten by another of the same key: manifests/2026-01-30/"
expect 0 run many/b/burst.yaml --case V3 --explain --format json
check "... in JSON, with the facts" python3 -c "
import json
e = json.load(open('out'))['explanation']
assert e['invariant'] == 'S2' and len(e['facts']) > 3 and e['ending'], e"
expect 0 run many/b/burst.yaml --case V3 --explain --format tap
out_has "# In the end: "
expect 0 run many/b/burst.yaml --case 'slow start' --explain
check "... of a clean run there is nothing to tell" sh -c "! grep -q 'What happened' out"

# Progress is for terminals.
expect 1 run many -j 2 -q
check "... none where errors go to a file" [ ! -s err ]
python3 -c "
import os, pty, sys
def read(fd):
    data = os.read(fd, 1 << 16)
    open('seen', 'ab').write(data)
    return data
sys.exit(os.waitstatus_to_exitcode(pty.spawn([sys.argv[1], 'run', 'many', '-j', '2'], read)))" \
    "$program" >/dev/null 2>&1 </dev/null
check "... on a terminal, how many were run" grep -q '3 of 5 run, 0 did not pass' seen

echo "1..$number"
exit "$bad"
