#!/bin/bash
# hunt.sh: `lockstep hunt` as a user meets it: reports that do not depend on the number of processes,
# stories and cases that run again, what is kept of a killed hunt, misuse. Speaks TAP. LOCKSTEP names
# the program.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/tap.sh

out_has() { check "... and output has: $1" grep -qE -- "$1" out; }
out_lacks() { check "... and output lacks: $1" eval "! grep -qE -- '$1' out"; }
json() { check "... and in the JSON: $1" python3 -c "
import json
o = json.load(open('out'))
p = {q['property']: q for q in o['properties']}
assert $1"; }

cat >eight.yaml <<'YAML'
name: eight
pipeline: {builder: V3, machine: M2, max_files_per_manifest: 2}
workload: [{files: 8, over: 2s}]
function: {reserved_concurrency: 4}
mapping: {maximum_concurrency: 4}
YAML
cat >quiet.yaml <<'YAML'
name: quiet
pipeline: {builder: V7, machine: M7}
workload: [{files: 4, over: 2s}]
cases: [{name: "it's", set: workload.0.files=5}]
YAML

# The same bytes with any number of processes; 4 500 runs are more than a piece, and end in one.
expect 1 hunt eight.yaml --runs 4500 -j 1 --stories 2
cp out one
out_has '^eight, seed 1$'
out_has '^  covered     4500 runs of 4 functions, 8 files, threshold 2; time concrete, latencies nominal$'
out_has '^  S1 a file is in at most one started manifest$'
out_has '^     swarm +[0-9]+ of +[0-9]+  [0-9]+\.[0-9]{4} %  \([0-9.]+ % to [0-9.]+ %\)$'
out_has '^     guided .*\(no estimate: each learns from others\)$'
out_has '^  not violated in any run: .* \(so in less than 0\.[0-9]+ % of runs that are drawn so, 95 %\)$'
out_has '^     and [0-9]+ more stories \(--stories all\)$'
out_lacks 'runs a second'
for jobs in 3; do
    expect 1 hunt eight.yaml --runs 4500 -j $jobs --stories 2
    check "$jobs processes come to the same as one" cmp out one
done
expect 1 hunt eight.yaml --runs 300 --seed 2 --format json
json "o['runs'] == 300 and o['seed'] == 2 and sum(s['runs'] for s in p['S1']['strategies'].values()) == 300"
json "sum(s['runs'] for s in p['S1']['stories']) + p['S1']['unreduced'] == p['S1']['runs'] or len(p['S1']['stories']) == 10"
json "[len(s['deviations']) for s in p['S1']['stories']] == sorted(len(s['deviations']) for s in p['S1']['stories'])"
json "all(s['interval_ppm'][0] <= s['ppm'] <= s['interval_ppm'][1] for s in p['S1']['strategies'].values() if 'interval_ppm' in s)"

# Every story's command, and every case that is saved, violates what it says.
expect 1 hunt eight.yaml --runs 300 --stories 2 --save cases
while read -r property command; do
    command=${command#lockstep }
    eval "\"$program\" $command --format json" >run.json 2>err </dev/null
    check "$property: $(echo "$command" | cut -c 1-60)" python3 -c "
import json
assert '$property' in [v['invariant'] for v in json.load(open('run.json'))['violations']]"
done < <(awk '/^  [SLO][0-9]? / { p = $1 } /^ *lockstep run/ { sub(/^ */, ""); print p, $0 }' out)
check "there are cases" test -s cases/S1-1.yaml
for case in cases/*.yaml; do
    property=$(basename "$case" | cut -d - -f 1)
    "$program" run --default "$case" --format json >run.json 2>err </dev/null
    check "$case violates $property" python3 -c "
import json
assert '$property' in [v['invariant'] for v in json.load(open('run.json'))['violations']]"
done

# As they were found: every deviation of the run, none left out, and the run is the same.
expect 1 hunt eight.yaml --runs 300 --stories all --as-found --save whole --format json
json "o['repeats'] == 0 and all(q['unreduced'] == 0 for q in o['properties'])"
json "sum(len(s['deviations']) for s in p['S1']['stories']) > 4 * len(p['S1']['stories']) > 0"
json "all(s['strategy'] in ('swarm', 'pct', 'realistic', 'uniform') for s in p['S1']['stories'])"
whole=$(grep -lc 'occurrence' whole/S1-*.yaml | wc -l)
broken=0
for case in whole/S1-*.yaml; do
    "$program" run --default "$case" --format json | grep -q '"invariant": "S1"' || broken=$((broken + 1))
done
check "all $whole runs that violate S1 do so as cases" [ "$whole" -gt 10 -a "$broken" -eq 0 ]

# What is known of a scenario is no find.
expect 1 hunt eight.yaml --runs 200 --kinds stall --strategies uniform --set 'violates=S1,S5' --format json
json "p['S1']['known'] and not p['S4']['known']"
known=$(python3 -c "
import json
print(','.join(q['property'] for q in json.load(open('out'))['properties'] if q['runs'] > 0))")
expect 0 hunt eight.yaml --runs 200 --kinds stall --strategies uniform --set "violates=$known"
out_has '\(known: `violates` names it\)$'
out_lacks 'lockstep run'
expect 1 hunt eight.yaml --runs 200 --kinds stall --strategies uniform --set "violates=$known" --all
out_has 'lockstep run'
expect 0 hunt quiet.yaml --case "it's" --runs 100 --kinds stale
out_has '^quiet / it.s, seed 1$'
out_has '^  not violated in any run: S1, S2, S3, S4, S5, S6, S7, L1, L2, L3, L4, O, ends '

# A goal that is asked for must be reached by some run.
expect 0 hunt quiet.yaml --case "it's" --runs 100 --kinds duplicate --set reach=delivered-twice
out_has '^  ok    delivered-twice was reached in [0-9]+ of 100 runs: '
expect 1 hunt quiet.yaml --case "it's" --runs 100 --kinds stale --set reach=lease-renewed
out_has '^  FALSE lease-renewed was reached in 0 of 100 runs: '
expect 1 hunt quiet.yaml --case "it's" --runs 100 --kinds stale --set reach=lease-renewed --format json
json "o['reach'] == [{'goal': 'lease-renewed', 'reached': 0, 'runs': 100, 'ok': False}] and 'lease-renewed' not in o['reached']"

# A hunt for a time says how fast it was.
expect 1 hunt eight.yaml --for 300ms -j 2 --stories 0
out_has '^  pace        [0-9]+ runs a second on 2 processes$'

# A killed hunt is gone on with: what is kept is not made again, and the report is the same.
"$program" hunt eight.yaml --runs 9000 -j 1 --stories 2 --state kept >out 2>err </dev/null &
hunt=$!
for _ in $(seq 3000); do
    grep -aqs '^piece ' kept && break
    sleep 0.02
done
kill -9 $hunt
wait $hunt 2>/dev/null
pieces=$(grep -ac '^piece ' kept)
check "some pieces were kept, not all" [ "$pieces" -ge 1 -a "$pieces" -lt 3 ]
expect 1 hunt eight.yaml --runs 9000 -j 2 --stories 2 --state kept
cp out resumed
expect 1 hunt eight.yaml --runs 9000 -j 1 --stories 2 --state kept
check "all of it kept comes to the same" cmp out resumed
expect 1 hunt eight.yaml --runs 9000 -j 3 --stories 2
check "none of it kept comes to the same" cmp out resumed
head -c $(($(wc -c <kept) - 10)) kept >torn
expect 1 hunt eight.yaml --runs 9000 -j 2 --stories 2 --state torn
check "a torn end comes to the same" cmp out resumed
for other in "--seed 2" "--kinds kill" "--strategies pct" "--set workload.0.files=9"; do
    # shellcheck disable=SC2086
    expect 2 hunt eight.yaml --runs 100 --state kept $other
    err_has "is not of this work"
done

# An interrupt ends it in good order.
"$program" hunt eight.yaml --for 60s -j 2 --stories 1 >out 2>err </dev/null &
hunt=$!
sleep 1
kill -INT $hunt
wait $hunt
check "an interrupt gives status 130" [ $? -eq 130 ]
out_has '^  covered     [1-9][0-9]* runs of '

# Misuse.
expect 0 hunt --help
out_has '^Usage: lockstep hunt SCENARIO'
expect 2 hunt
err_has "which scenario?"
expect 2 hunt eight.yaml eight.yaml
err_has "one scenario, not two"
expect 2 hunt none.yaml
err_has "cannot read none.yaml"
expect 2 hunt quiet.yaml
err_has "which case? --case it's"
expect 2 hunt eight.yaml --runs 0
err_has "how many runs?"
expect 2 hunt eight.yaml --for 60
err_has "for how long? A time such as 60s: 60"
expect 2 hunt eight.yaml --for 60s --runs 10
err_has "either --runs or --for"
expect 2 hunt eight.yaml --strategies swarm,pc
err_has "no such strategy: pc (did you mean 'pct'?)"
expect 2 hunt eight.yaml --kinds kill,stal
err_has "no such kind of deviation: stal (did you mean 'stall'?)"
expect 2 hunt eight.yaml --format tap
err_has "no such format: tap; there are text and json"
expect 2 hunt eight.yaml -j 0
err_has "how many processes?"
expect 2 hunt eight.yaml --seed -1
err_has "a seed is a whole number below 2^64"
expect 3 hunt eight.yaml --runs 10 --save eight.yaml/cases
err_has "eight.yaml/cases: Not a directory"

echo "1..$number"
exit "$bad"
