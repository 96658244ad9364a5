#!/bin/bash
# explore.sh: `lockstep explore` from outside: the same report with any number of processes and after
# being killed; each command that it tells reproduces what it says; bad input. Speaks TAP. LOCKSTEP
# names the program.
set -u
cd "$(dirname "$0")/.." || exit 1
top=$PWD
program=$(realpath "${LOCKSTEP:-build/release/lockstep}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
number=0
bad=0

# check TITLE CONDITION...: one line of TAP.
check() {
    local title=$1
    shift
    number=$((number + 1))
    if "$@" >/dev/null 2>why; then
        echo "ok $number - $title"
    else
        echo "not ok $number - $title"
        sed 's/^/# /' why out err 2>/dev/null | head -n 30
        bad=1
    fi
}

# expect STATUS ARGUMENT...: runs the program and checks its exit status; output in out and err.
expect() {
    local wanted=$1 got
    shift
    "$program" "$@" >out 2>err </dev/null
    got=$?
    check "lockstep $* : status $wanted" [ "$got" -eq "$wanted" ]
}

out_has() { check "... and output has: $1" grep -qF -- "$1" out; }
err_has() { check "... and errors have: $1" grep -qF -- "$1" err; }

cat >small.yaml <<'YAML'
name: small
workload: [{files: 6, over: 6s, size: 3.5MB}]
pipeline: {max_files_per_manifest: 3}
function: {reserved_concurrency: 2}
mapping: {maximum_concurrency: 2}
table: {rcu: 0, wcu: 0}
cases:
  - {name: V3, set: pipeline.builder=V3}
  - {name: V7, set: pipeline.builder=V7 pipeline.machine=M7, violates: none}
YAML

# What is told.
expect 1 explore small.yaml
out_has "covered     every run with at most 1 deviation of: kill, reorder, stall, lose"
out_has "2 functions, 6 files, threshold 3; time concrete, latencies nominal"
out_has "S1 a file is in at most one started manifest"
out_has "Fewest deviations, of at most 1, that violate it (. none found)"
expect 0 explore small.yaml --case V7
out_has "no violation found of S1, S2, S3, S4, S5, S6, S7, L1, L2, L3, L4, O, ends"
expect 0 explore small.yaml --case V3 --deviations 0
out_has "runs        1 judged (1 by deviations)"
expect 0 explore small.yaml --case V3 --set 'violates=S1,S2,S3,S4,S5,S6,L1,L3,L4'

# Goals: which were reached by some run; one that is asked for must be.
expect 1 explore small.yaml --case V7 --set reach=owner-died
out_has "  FALSE owner-died was reached in 0 of "
out_has "  unreached   lock-refused, "
expect 1 explore small.yaml --case V3 --set 'violates=S1,S2,S3,S4,S5,S6,L1,L3,L4' --set reach=breaker-opened
expect 0 explore small.yaml --case V3 --set 'violates=S1,S2,S3,S4,S5,S6,L1,L3,L4' --set reach=owner-died
out_has "  ok    owner-died was reached in "

# Every story's command gives the violation, and each deviation strikes.
"$program" explore small.yaml --case V3 --format json --stories all >stories.json
cat >stories.py <<'PYTHON'
import json, os, shlex, subprocess, sys
result = json.load(open("stories.json"))["results"][0]
told = 0
for property_ in result["properties"]:
    for story in property_["stories"]:
        command = shlex.split(story["command"])
        assert command[:2] == ["lockstep", "run"], command
        out = subprocess.run([sys.argv[1], "run", "--format", "json"] + command[2:],
                             capture_output=True, text=True)
        report = json.loads(out.stdout)
        violated = {v["invariant"] for v in report["violations"]}
        assert property_["property"] in violated, (story, violated)
        assert len(report["deviations"]) == len(story["deviations"]) == 1, report["deviations"]
        told += 1
assert told > 20, told
PYTHON
check "every story's command tells the same violation" python3 stories.py "$program"

# Any number of processes, again, and what the journal holds: the same bytes.
"$program" explore small.yaml -d 2 --kinds kill -j 1 >one 2>err
check "two deviations with one process: status 1" [ $? -eq 1 ]
for jobs in 1 2 3; do
    "$program" explore small.yaml -d 2 --kinds kill -j $jobs >out 2>err
    check "... with $jobs: the same bytes" cmp one out
done
for kill_after in 0.05 0.2 0.5; do
    rm -f state
    setsid "$program" explore small.yaml -d 2 --kinds kill -j 2 --state state >out 2>err &
    explorer=$!
    sleep $kill_after
    kill -KILL -- -$explorer 2>/dev/null
    wait $explorer 2>/dev/null
    "$program" explore small.yaml -d 2 --kinds kill -j 2 --state state >out 2>err
    check "killed after $kill_after s and taken up again: the same bytes" cmp one out
done
printf 'piece 1.2.0 999 torn' >>state
"$program" explore small.yaml -d 2 --kinds kill --state state >out 2>err
check "... with a torn end: the same bytes" cmp one out
"$program" explore small.yaml -d 2 --kinds kill --state state >out 2>err
check "... and it was cut off" cmp one out
expect 2 explore small.yaml -d 2 --kinds stall --state state
err_has "state: is not of this work"
cp small.yaml not-a-journal
expect 2 explore small.yaml --state not-a-journal
check "... and it is as it was" cmp small.yaml not-a-journal
expect 3 explore small.yaml --state missing/state
err_has "missing/state"

# All worlds of a small scenario: complete when there is no new one; up to a number of deviations the
# stories are those of the search that is bounded by it.
cp "$top/scenarios/exploration/one-file.yaml" one.yaml
expect 1 explore one.yaml --bfs --kinds kill
out_has "covered     every world that any number of deviations leads to, of: kill"
out_has "runs        70 judged (1 + 24 + 45 by deviations)"
"$program" explore one.yaml -d 4 --kinds kill >bounded 2>err
check "as many runs as with four deviations" grep -qF "runs        70 judged (1 + 24 + 45 + 0 + 0 by" bounded
"$program" explore one.yaml --bfs --kinds kill,lose --format json --stories all >all.json
"$program" explore one.yaml -d 3 --kinds kill,lose --format json --stories all >bounded.json
check "the same stories as with three deviations, and larger ones" python3 -c "
import json
def stories(path):
    return {(p['property'], tuple(s['deviations'])) for p in json.load(open(path))['results'][0]['properties']
            for s in p['stories'] if len(s['deviations']) <= 3}
assert stories('all.json') == stories('bounded.json') and len(stories('all.json')) > 20
told = json.load(open('all.json'))['results'][0]
assert told['complete'] and told['deviations'] is None"
expect 3 explore one.yaml --bfs --kinds kill,lose --worlds 100
out_has "stopped     there are more worlds (--worlds)"
err_has "there are more than 100 worlds; --worlds raises that"
expect 2 explore one.yaml --bfs --state all
err_has "--bfs remembers every world"

# Worlds that do not fit are told.
expect 1 explore small.yaml --case V3 --worlds 1
out_has "more did not fit (--worlds)"
expect 1 explore small.yaml --case V3 --no-fingerprints
check "... without them nothing is said of worlds" sh -c "! grep -q 'worlds' out"

# An interrupt: a report of what was done.
"$program" explore "$top/scenarios/exploration/three-functions.yaml" -d 3 --case V3 >out 2>err &
explorer=$!
sleep 2
kill -INT $explorer
wait $explorer
check "interrupted : status 130" [ $? -eq 130 ]
out_has "covered     not every run"
out_has "stopped     after"

# Bad input.
expect 2 explore
err_has "which scenario?"
expect 2 explore small.yaml small.yaml
err_has "one scenario, not two"
expect 2 explore missing.yaml
err_has "cannot read missing.yaml"
expect 2 explore small.yaml --case V33
err_has "no such case"
expect 2 explore small.yaml --deviations 9
err_has "how many deviations? 0 to 8"
expect 2 explore small.yaml --kinds kill,reordr
err_has "no such kind of deviation: reordr (did you mean 'reorder'?)"
expect 2 explore small.yaml --set pipeline.builder=V33
err_has "'V33' is not one of"
expect 2 explore small.yaml --format xml
expect 2 explore small.yaml --stories few
expect 2 explore small.yaml --jobs 0
expect 2 explore small.yaml --worlds 0
expect 0 explore --help
out_has "Kinds of deviations:"

echo "1..$number"
exit "$bad"
