#!/bin/bash
# replay.sh: `lockstep replay` as a user meets it: a run's story, which is that of `lockstep run`; and
# --step, driven by scripts: forward and back, breakpoints, what is shown, what is refused. Speaks TAP.
# LOCKSTEP names the program.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/tap.sh

# steps STATUS SCRIPT ARGUMENT...: the lines of SCRIPT are the commands.
steps() {
    local wanted=$1 script=$2 got
    shift 2
    printf '%b\n' "$script" | "$program" replay "$@" --step >out 2>err
    got=$?
    check "$(printf '%b' "$script" | paste -sd ';' | cut -c 1-70) : status $wanted" [ "$got" -eq "$wanted" ]
}

out_has() { check "... and output has: $1" grep -qE -- "$1" out; }
out_lacks() { check "... and output lacks: $1" not grep -qE -- "$1" out; }
json() { check "... and in the JSON: $1" python3 -c "
import json
o = json.load(open('out'))
assert $1"; }
not() { ! "$@"; }

# shown COMMAND: what the first such command of the last session gave.
shown() { awk -v command="> $1" '$0 == command { on = 1; next } /^> / { on = 0 } on' out; }

stuck=$top/scenarios/incidents/f03-dead-owner.yaml
cat >three.yaml <<'YAML'
name: three
workload: [{files: 20, over: 10s}]
faults:
  - {lose_reply: manifest_builder, at: ACQUIRE_LOCK, occurrence: 2}
  - {slow: manifest_builder, at: TRACK_FILE, occurrence: 400, by: 1s}
  - {kill: batcher, at: PUT_MANIFEST_ONCE}
YAML

# The story: of the same run, with the numbers of its events.
expect 0 replay "$stuck" --case V0
out_has '^  1 of 1 faults applied$'
out_has '^ +[0-9]+ +0:00:18\.[0-9]{3}  \* fault: kill manifest_builder\[1\.10\] at PUT_MANIFEST$'
out_has '^ +[0-9]+ +0:00:18\.[0-9]{3}    manifest_builder\[1\.10\] calls PutItem at ACQUIRE_LOCK$'
out_has '^ +[0-9]+ +0:06:18\.[0-9]{3}  ! L3 is violated: a lock blocked for longer than its life: 2026-01-30'
out_has '^    end +13:[0-9:.]+  ! S6 is violated'
check "... in the order of events" sh -c "grep -E '^ +[0-9]+ +[0-9]+:' out | awk '{ if (\$1 < n) exit 1; n = \$1 }'"
expect 0 run "$stuck" --case V0 --format json
cp out run.json
expect 0 replay "$stuck" --case V0 --format json
json "o['trace_hash'] == json.load(open('run.json'))['trace_hash'] and o['verdict'] == 'pass'"
json "o['events'] == json.load(open('run.json'))['events'] and o['violations'] == 3"
json "[s['kind'] for s in o['story']].count('fault') == 1 and o['faults_applied'] == 1"
python3 - <<'PY' >script
import json
story = [s for s in json.load(open('out'))['story'] if s['kind'] != 'fact' and s['event']]
print('\n'.join(f"goto {s['event']}\nwhere" for s in story))
PY
steps 0 "$(cat script)" "$stuck" --case V0
for finding in 'fault: kill manifest_builder' 'violation: L3' 'violation: L1'; do
    check "... and the story's events are those: $finding" [ "$(grep -c "^  $finding" out)" -eq 2 ]
done
expect 0 replay three.yaml
out_has '^  1 of 3 faults applied: manifest_builder at TRACK_FILE was reached 20 times, and not struck; batcher at PUT_MANIFEST_ONCE was not reached$'
out_has 'manifest_builder\[[0-9.]+\] calls PutItem at ACQUIRE_LOCK; the reply never reaches it$'
"$program" run three.yaml --trace run.trace -q
expect 0 replay three.yaml --trace replay.trace
check "... and the trace is that of run" cmp run.trace replay.trace
sed 's/^faults:.*/expect: [{name: none, sql: SELECT 0}]/; /^  - /d' three.yaml >none.yaml
expect 1 replay none.yaml
out_has '^  no faults$'
out_has '^verdict   FAIL$'

# To and fro: a place looks the same wherever one comes from.
forward=$(seq 1 9 560 | sed 's/.*/goto &/')
steps 0 "$forward" "$stuck" --case V0
grep -v '^> ' out >forward
steps 0 "end\n$(echo "$forward" | tac)" "$stuck" --case V0
python3 - out <<'PY' >backward
import re, sys
parts = re.split(r'^> goto .*\n', open(sys.argv[1]).read(), flags=re.M)[1:]
print(''.join(reversed(parts)), end='')
PY
check "a place is the same from before and from behind" cmp forward backward
steps 0 'end\nback\nback 4\nnext\nnext 3\nnext\nnext\nstart\nback' "$stuck" --case V0
check "... and the way leads over these" diff -u <(grep -oE '^(event [0-9]+|the (end|start))' out) - <<'WAY'
the end
event 565
event 561
event 562
event 565
the end
the end
the start
the start
WAY
steps 0 'next 7\n\n\nback\n' "$stuck" --case V0
check "an empty line is the last command again" \
    [ "$(grep -oE '^event [0-9]+' out | paste -sd ' ')" = "event 7 event 14 event 21 event 20 event 19" ]
steps 0 'goto 100\ngoto +20\ngoto -5\ngoto 0:00:18.535\ngoto 18.5s\ngoto 6m\ngoto 2026-01-30T05:06:00Z\ngoto 99999999' \
    "$stuck" --case V0
check "places by number, by step and by time" [ "$(grep -oE '^(event [0-9]+|the end)' out | paste -sd ' ')" = \
    "event 100 event 120 event 115 event 174 event 164 event 416 event 416 the end" ]

# Breakpoints, both ways.
steps 0 'break fault\nbreak violation\nbreaks\ncontinue\nc\nc\nc\nc\nreverse\nr\nr\nr\nc\ndelete 1\nbreaks\nstart\nc' \
    "$stuck" --case V0
check "breakpoints are met forward and back" diff -u <(grep -oE '^(breakpoint .*|event [0-9]+|the (end|start)|no break.*)' out) - <<'WAY'
breakpoint 1: fault
breakpoint 2: violation
breakpoint 1: fault
event 173
breakpoint 2: violation
event 423
breakpoint 2: violation
event 440
breakpoint 2: violation
the end
the end
breakpoint 2: violation
event 440
breakpoint 2: violation
event 423
breakpoint 1: fault
event 173
no breakpoint was hit before
the start
breakpoint 1: fault
event 173
the start
breakpoint 2: violation
event 423
WAY
steps 0 'break point manifest_builder.PUT_MANIFEST\nc' "$stuck" --case V0
out_has '^event 173 '
steps 0 'break point s3.NOTIFICATION\nc' "$stuck" --case V0
out_has '^event 1 '
steps 0 'break process manifest_builder[2.11]\nc\nc\nend\nreverse\nwhere' "$stuck" --case V0
out_has '^  manifest_builder\[2\.11\] at START: starts$'
check "... and its last event is its end" grep -qE '^  manifest_builder\[2\.11\] at [A-Z_]+: ends$' <(shown where)
steps 0 'break item LOCK#\nc\nc\nend\nreverse\nwhere' "$stuck" --case V0
check "... and the last write of a lock takes it away" grep -qE '^  - LOCK#manifest-2026-01-30/LOCK$' <(shown where)
steps 0 'break violation L1\nc\nbreak violation S2\ndelete 1\nc' "$stuck" --case V0
out_has '^event 440 '
out_has '^no breakpoint was hit on the way$'
steps 0 'continue\nreverse' "$stuck" --case V0
out_has '^there are no breakpoints$'

# What is shown.
steps 0 'goto 423\nlock\nprocesses\nqueue\nitems\nitems LOCK\npending 2\npending\nviolations\nfaults\ngoals\nsql SELECT count(*) AS n, min(status) FROM files' \
    "$stuck" --case V0
check "the lock's owner is dead" grep -qE 'held by invocation 10 of manifest-builder, which ended at 0:00:18\.535: killed at PUT_MANIFEST$' <(shown lock)
check "... it has expired" grep -qE '^    expired at 0:05:18\.000, 60\.[0-9]+ s ago; it has refused [0-9]+$' <(shown lock)
check "... and who asks for it is told" grep -qE '^  manifest_builder\[2\.11\] +ACQUIRE_LOCK' <(grep -A9 '^  at the lock:$' <(shown lock))
check "processes, and what is next for them" grep -qE '^  manifest_builder\[2\.11\] +ACQUIRE_LOCK +PutItem of 2026-01-30, sent .*; at 0:06:18\.[0-9]{3} it is answered; time-out 0:09:18' <(shown processes)
check "the queue" grep -qx '0 visible, 1 in flight, 0 hidden, 0 dead; 0 notifications under way' <(shown queue)
check "... and its message" grep -qE '^  in flight  received 2 times, sent 0:00:18\.500, visible again 0:12:18' <(shown queue)
check "items, a line each" [ "$(shown items | grep -c '  pending$')" -eq 20 ]
check "... an item whole" grep -qE '^      ttl: [0-9]+$' <(shown 'items LOCK')
check "what is to come" [ "$(shown 'pending 2' | wc -l)" -eq 3 ]
check "... in the order of time" sort -c -k 1,1 <(shown pending | grep -E '^  0')
check "violations so far" grep -qE '^  0:06:18\.[0-9]+  L3  2026-01-30: ' <(shown violations)
check "faults" grep -qx '  kill manifest_builder at PUT_MANIFEST: reached once, struck once' <(shown faults)
check "goals" grep -qE '^  no    L3 a lock blocks nobody' <(shown goals)
check "a query" [ "$(shown 'sql SELECT count(*) AS n, min(status) FROM files' | paste -sd '/')" = '  n | min(status)/  20 | pending' ]
steps 0 'break item LOCK#\nend\nr\nchanges\nitems LOCK\nback\nchanges' "$stuck" --case V0
check "changes: what went" grep -qE '^  - LOCK#manifest' <(shown changes)
steps 0 'goto 8\nitems\nchanges\nitems LOCK' "$stuck" --case V0
check "items: a mark at what the event changed" grep -qE '^  \* LOCK#manifest' <(shown items)
steps 0 'help' "$stuck" --case V0
out_has '^  n next       \[N\]          one event forward, or N$'

# What is wrong is told in one line, and the session goes on.
steps 2 'nxet\nb 1 2\nnext x\ngoto\ngoto nowhere\ngoto 1:2:3:4\ngoto 0:00:18.5\nbreak\nbreak pint\nbreak point PUT_MANIFEST\nbreak process nobody\nbreak violation S99\nbreak item\nbreak fault x\ndelete\ndelete 7\npending x\nprocesses nobody\nsql\nsql DELETE FROM files\nsql SELECT\nsql SELECT 1; SELECT 2\nbre\nwhere here\nnext 3' \
    "$stuck" --case V0
check "... 24 lines for 24 mistakes" [ "$(grep -c '^error: ' out)" -eq 24 ]
out_has "^error: nxet: no such command \(did you mean 'next'\?\)$"
out_has '^error: bre: which of break, breaks\?$'
out_has '^error: where takes no argument$'
out_has "^error: break at what\? .* \(did you mean 'point'\?\)$"
out_has '^error: a query reads and does nothing else$'
out_has '^event 3 '
check "... and nothing on standard error" [ ! -s err ]
printf '\001\377next\nnext' >bytes
"$program" replay "$stuck" --case V0 --step <bytes >out 2>err
check "bytes that are no text are survived" [ $? -eq 2 ]
out_has '^event 1 '

# The same script, the same bytes.
steps 0 "$forward" "$stuck" --case V0
cp out first
steps 0 "$forward" "$stuck" --case V0
check "a session gives the same bytes" cmp first out

# The example of docs/replay.md is what the program gives.
awk '/^> break violation L3$/ { on = 1 } /^```$/ { on = 0 } on' "$top/docs/replay.md" >example
(cd "$top" && grep '^> ' "$work/example" | sed 's/^> //' |
    "$program" replay scenarios/incidents/f03-dead-owner.yaml --case V0 --step) >out
check "the example of docs/replay.md" diff -u example out
check "... is one" [ "$(wc -l <example)" -gt 30 ]

# Choices that were recorded.
"$program" run three.yaml --seed 9 --record choices -q
steps 0 'end\nsql SELECT trace_hash FROM run\nstart\nend' three.yaml --replay choices
shown 'sql SELECT trace_hash FROM run' | tail -n 1 | tr -d ' ' >hash
check "recorded choices give the recorded run" grep -qF "trace $(cat hash)" choices
expect 0 replay three.yaml --replay choices
expect 4 replay three.yaml --replay choices --set workload.0.files=19
err_has 'lockstep replay: three.yaml: the run is not the recorded one'

# Misuse.
expect 2 replay
err_has 'which scenario?'
expect 2 replay three.yaml none.yaml
err_has 'one scenario at a time, not also: none.yaml'
expect 2 replay "$stuck"
err_has 'name one scenario, and a case by --case'
expect 2 replay "$stuck" --case V9
expect 2 replay three.yaml --format tap
err_has 'a story is text or json, not: tap'
expect 2 replay three.yaml --seed -1
expect 2 replay three.yaml --stpe
err_has "(did you mean 'step'?)"
expect 2 replay three.yaml --step --trace x
expect 2 replay - --step
expect 2 replay nowhere.yaml
expect 0 replay --help
out_has '^  n next '
expect 0 help replay

echo "1..$number"
exit "$bad"
