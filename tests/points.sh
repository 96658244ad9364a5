#!/bin/bash
# points.sh: `lockstep points` as a user meets it: the list of points, and the matrix of a sweep, whose
# cells are what single runs with that fault say. Speaks TAP. LOCKSTEP names the program.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/tap.sh

out_has() { check "... and output has: $1" grep -qE -- "$1" out; }
json() { check "... and in the JSON: $1" python3 -c "
import json
o = json.load(open('out'))
assert $1"; }

cat >ten.yaml <<'YAML'
name: ten
workload: [{files: 10}]
latency: {profile: zero, queue_receive: 1s}
glue: {start_up: 0s, run_time: 2m}
bucket: {notification_delay: 0s}
function: {cold_start: 0s}
table: {replica_lag: 0s, index_lag: 0s}
YAML

# The list.
expect 0 points ten.yaml --default
out_has '^ +10  manifest_builder +TRACK_FILE +dynamodb:PutItem$'
out_has '^ +10  manifest_builder +WORK +\(waits\)$'
out_has '^ +0  manifest_builder +PUT_REPORT +s3:PutObject$'
out_has '^ +1  state_machine +START_GLUE_JOB +glue:StartJobRun$'
out_has '^ +10  s3 +NOTIFICATION +\(the service itself\)$'
expect 0 points ten.yaml --default --format json
json "[p['reached'] for p in o['points'] if p['point'] == 'MARK_FILE'] == [10] and o['seed'] is None"
expect 0 points ten.yaml --seed 7 --set pipeline.builder=V4
out_has '^ +1  manifest_builder +PUT_REPORT '

# Misuse.
expect 0 points --help
out_has '^Usage: lockstep points SCENARIO'
expect 2 points
err_has "which scenario?"
expect 2 points ten.yaml ten.yaml
err_has "one scenario, not two"
expect 2 points none.yaml
err_has "cannot read none.yaml"
expect 2 points ten.yaml --format tap
err_has "no such format: tap; there are text and json"
expect 2 points ten.yaml --kinds kill,lose_repl
err_has "no such kind of fault: lose_repl (did you mean 'lose_reply'?)"
expect 2 points ten.yaml --occurrences 0
err_has "how many occurrences?"
expect 2 points ten.yaml -j 257
err_has "how many processes?"
expect 2 points ten.yaml --seed x
err_has "a seed is a whole number below 2^64"
expect 2 points ten.yaml --set pipeline.builder=V9
err_has "'V9' is not one of"

# The matrix. Ten files in one batch: a lock's owner is refused by its own lock when the reply of an
# acquire is lost, and nobody comes after the last one. (An eleventh acquire follows the manifest.)
expect 1 points ten.yaml --default --sweep --kinds kill,lose_reply --occurrences all -j 2
cp out two
out_has '^ten, the default of each choice$'
out_has '^[0-9]+ runs, each with one fault more; without it nothing is violated$'
out_has '^ +reached  process +call +kill +kill_before +lose_reply *$'
out_has '^ +11  manifest_builder +ACQUIRE_LOCK .* 10/11 L1 *$'
out_has '^Never reached: manifest_builder COPY_TO_QUARANTINE, '
expect 1 points ten.yaml --default --sweep --kinds kill,lose_reply --occurrences all -j 1
check "one process comes to the same as two" cmp out two
expect 1 points ten.yaml --default --sweep --kinds kill,lose_reply --occurrences all --format json
json "[c for c in o['cells'] if (c['point'], c['fault']) == ('ACQUIRE_LOCK', 'lose_reply')][0]['violates'] == ['L1']"
json "o['unstruck'] == 0 and o['endless'] == 0 and o['runs'] == sum(c['runs'] for c in o['cells'])"
json "o['violations']['L1'] >= 1 and o['without_a_fault'] == []"
expect 0 points ten.yaml --default --sweep --kinds duplicate,delay --occurrences 1
out_has '^0 of [0-9]+ runs violate an invariant$'
out_has '^ +10  s3 +NOTIFICATION +ok +ok *$'
out_has '^ +10  s3 +INPUT_OBJECT +- +- *$'

# Every cell of a sweep of all kinds is what a run of the scenario with that fault says.
expect 1 points ten.yaml --default --sweep --occurrences 1 --format json
cp out matrix
expect 1 points ten.yaml --default --sweep --occurrences 1
sed -n 's/^ *[0-9]*  \([A-Z][0-9]\)  lockstep run/\1/p' out >first
check "there are some" test -s first
while read -r invariant options; do
    "$program" run $options --format json >run.json 2>err </dev/null
    check "the first run that violates $invariant does" python3 -c "
import json
assert '$invariant' in [v['invariant'] for v in json.load(open('run.json'))['violations']]"
done <first
cp matrix out
json "all(c['struck'] == c['runs'] for c in o['cells'])"
json "{c['fault'] for c in o['cells'] if c['process'] == 's3'} == {'duplicate', 'lose', 'delay', 'corrupt', 'expire'}"

# Faults of the scenario's own stay; the commands add theirs behind them.
cat >>ten.yaml <<'YAML'
faults:
  - {kill: manifest_builder, at: PUT_MANIFEST}
  - {slow: state_machine, at: TASK, by: 1s}
YAML
expect 1 points ten.yaml --seed 3 --sweep --kinds timeout --occurrences 1
out_has '^ +[0-9]+  S[0-9]  lockstep run ten.yaml --seed 3 --set faults.2.timeout='

echo "1..$number"
exit "$bad"
