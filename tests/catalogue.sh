#!/bin/bash
# catalogue.sh: `lockstep catalogue`: the document is what the scenarios tell, each id once, none
# missing; and docs/failures.md is that document. Speaks TAP. LOCKSTEP names the program.
#
# COMPLETE below says whether every id of F1 to F62 and C1 to C34 must have its scenario.
set -u
cd "$(dirname "$0")/.." || exit 1
COMPLETE=yes
top=$PWD
program=$(realpath "${LOCKSTEP:-build/release/lockstep}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0
bad=0

# check TITLE CONDITION...: one line of TAP.
check() {
    local title=$1
    shift
    number=$((number + 1))
    if "$@" >/dev/null 2>"$work/why"; then
        echo "ok $number - $title"
    else
        echo "not ok $number - $title"
        sed 's/^/# /' "$work/why" "$work/out" "$work/err" 2>/dev/null | head -n 30
        bad=1
    fi
}

# expect STATUS ARGUMENT...: runs `lockstep catalogue`.
expect() {
    local wanted=$1 got
    shift
    "$program" catalogue "$@" >"$work/out" 2>"$work/err" </dev/null
    got=$?
    check "lockstep catalogue $* : status $wanted" [ "$got" -eq "$wanted" ]
}

out_has() { check "... and output has: $1" grep -qF -- "$1" "$work/out"; }
err_has() { check "... and errors have: $1" grep -qF -- "$1" "$work/err"; }

# The document of the scenarios that there are.
if [ "$COMPLETE" = yes ]; then
    expect 0 scenarios --check docs/failures.md --complete
else
    expect 0 scenarios --check docs/failures.md
fi

# A whole catalogue of one's own: 62 failures, 34 claims, and a scenario that is in none.
cd "$work" || exit 1
mkdir own
entry() { # entry ID LINE...: a scenario of this id
    local id=$1
    shift
    {
        printf 'name: %s-x\nworkload: [{files: 1}]\nviolates: none\ncatalogue:\n  id: %s\n' "$id" "$id"
        printf '  %s\n' "$@"
    } >"own/$id.yaml"
}
for i in $(seq 62); do entry "F$i" "trigger: a | b" "symptom: <c>" "why: d"; done
for i in $(seq 34); do entry "C$i" "claim: e" "verdict: contradicted" "why: f"; done
printf 'name: none\nworkload: [{files: 1}]\n' >own/none.yaml
cat >own/F13.yaml <<'YAML'
name: f13-keys
description: >-
  Two lines
  of text.
workload: [{files: 1}]
violates: [S2, S4]
catalogue:
  id: F13
  trigger: t
  symptom: s
  why: w
  fixed_by: a clock that ticks
  assumption: |
    much
cases:
  - {name: V3, set: pipeline.builder=V3}
  - {name: V7, set: pipeline.builder=V7 pipeline.machine=M7, violates: none}
  - {name: V5, set: pipeline.builder=V5, violates: [S5]}
YAML
expect 0 own --complete -o whole.md
expect 0 own --complete --check whole.md
expect 0 own
check "... and the same on standard output" cmp out whole.md
out_has "| F13 | f13-keys | S2, S4, S5 | V7 |"
out_has "| C34 | C34-x | nothing |  |"
out_has "| S5 | a file's rows are put out once | F13 |"
out_has "| S6 | a manifest's record tells how its execution stands |  |"
out_has "### F13: f13-keys"
out_has "**Shows.** Two lines of text."
out_has "**Fixed by.** a clock that ticks"
out_has "**Assumed.** much"
out_has "| V7 | \`pipeline.builder=V7 pipeline.machine=M7\` | nothing |"
out_has "| V5 | \`pipeline.builder=V5\` | S5 |"
out_has "lockstep run own/F13.yaml"
out_has "**Trigger.** a \\| b"
out_has "**Symptom.** \\<c\\>"
out_has "**Verdict.** contradicted"
out_has "**Violates.** nothing"
check "... an entry for each id, in order" sh -c "
    sed -nE 's/^### ([FC][0-9]+):.*/\1/p' out >ids
    { seq -f F%g 62; seq -f C%g 34; } | cmp - ids"

# What differs is told.
sed 's/a clock that ticks/a clock that tocks/' whole.md >old.md
expect 1 own --check old.md
err_has "  is     **Fixed by.** a clock that tocks"
err_has "  due    **Fixed by.** a clock that ticks"
err_has "old.md is not what the scenarios tell, in 1 lines"
head -n 40 whole.md >short.md
expect 1 own --check short.md
: >empty.md
expect 1 own --check empty.md
expect 2 own --check missing.md
err_has "cannot read missing.md"

# An id that is missing, doubled or unknown; a text that is missing.
rm own/F62.yaml
expect 1 own --complete
err_has "F62: no scenario has this id"
expect 0 own
cp own/F61.yaml own/again.yaml
expect 2 own
err_has "own/again.yaml: catalogue.id: a second F61, after own/F61.yaml"
rm own/again.yaml
for id in F63 F0 F01 C35 X1 F 13 F1x F100; do
    entry "$id" "why: w" "trigger: t" "symptom: s"
    expect 2 own
    err_has "'$id' is not one of F1 to F62, C1 to C34"
    rm "own/$id.yaml"
done
entry F62 "trigger: t" "why: w"
expect 2 own
err_has "own/F62.yaml: catalogue.symptom: missing"
entry F62 "symptom: t" "why: w"
expect 2 own
err_has "own/F62.yaml: catalogue.trigger: missing"
entry F62 "symptom: t" "trigger: t"
expect 2 own
err_has "own/F62.yaml: catalogue.why: missing"
rm own/F62.yaml
entry C34 "why: w" "claim: c"
expect 2 own
err_has "own/C34.yaml: catalogue.verdict: missing"
entry C34 "why: w" "verdict: upheld"
expect 2 own
err_has "own/C34.yaml: catalogue.claim: missing"
entry C34 "why: [w]"
expect 2 own
err_has "own/C34.yaml:6:8: error: catalogue.why: wants a value (text), not a list"
expect 2
err_has "no scenario; give a directory"
expect 2 nowhere/*.yaml
err_has "fits no file"
expect 2 own -o a --check b
err_has "exclude each other"
expect 0 --help
out_has "lockstep catalogue scenarios --check docs/failures.md --complete"
cd "$top" || exit 1

echo "1..$number"
exit "$bad"
