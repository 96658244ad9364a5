#!/bin/bash
# scenarios.sh: every scenario passes in each of its cases, and can fail (falsify.py); some fail when a
# field is set that makes one expectation false; the variants that their comments tell of come out as
# told. Speaks TAP. LOCKSTEP names the program.
set -u
cd "$(dirname "$0")/.." || exit 1
lockstep=${LOCKSTEP:-build/release/lockstep}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0
bad=0

# exits TITLE STATUS ARGUMENT...: a run ends with that status.
exits() {
    local title=$1 wanted=$2 got
    shift 2
    "$lockstep" run "$@" >"$work/out" 2>"$work/err" </dev/null
    got=$?
    number=$((number + 1))
    if [ "$got" -eq "$wanted" ]; then
        echo "ok $number - $title"
    else
        echo "not ok $number - $title: status $got in place of $wanted"
        tail -n 20 "$work/out" "$work/err" | sed 's/^/# /'
        bad=1
    fi
}

# says TEXT: the last run's output has it.
says() {
    number=$((number + 1))
    if grep -qF -- "$1" "$work/out" "$work/err"; then
        echo "ok $number - ... and says $1"
    else
        echo "not ok $number - ... and says $1"
        sed 's/^/# /' "$work/out" "$work/err"
        bad=1
    fi
}

# adopt TITLE COMMAND...: the command's TAP, numbered on; it must end with status 0.
adopt() {
    local title=$1 line status
    shift
    "$@" >"$work/tap" 2>"$work/err" </dev/null
    status=$?
    while IFS= read -r line; do
        case $line in
        'ok '* | 'not ok '*)
            number=$((number + 1))
            echo "${line%%ok *}ok $number - ${line#* - }"
            ;;
        '#'*) echo "$line" ;;
        esac
    done <"$work/tap"
    number=$((number + 1))
    if [ "$status" -eq 0 ]; then
        echo "ok $number - $title"
    else
        echo "not ok $number - $title: status $status"
        sed 's/^/# /' "$work/err"
        bad=1
    fi
}

adopt "all scenarios pass" "$lockstep" run scenarios --format tap
adopt "all scenarios can fail" python3 tests/falsify.py "$lockstep" scenarios
adopt "docs/locks.md is what runs give" python3 tests/locks.py "$lockstep"

# One that cannot fail is found out, whichever demand it is that always holds.
cat >"$work/idle.yaml" <<'YAML'
name: idle
workload: [{files: 20, over: 10s}]
expect: [{name: one is one, sql: SELECT 1}]
YAML
sed '$d' "$work/idle.yaml" >"$work/mute.yaml"
sed 's/SELECT 1/SELECT count(*) = 2 FROM manifests/' "$work/idle.yaml" >"$work/sound.yaml"
for name in idle mute sound; do
    number=$((number + 1))
    python3 tests/falsify.py "$lockstep" "$work/$name.yaml" >"$work/out" 2>&1
    status=$?
    if [ "$status" -eq "$([ $name = sound ] && echo 0 || echo 1)" ]; then
        echo "ok $number - $name: falsify.py ends with status $status"
    else
        echo "not ok $number - $name: falsify.py ends with status $status"
        sed 's/^/# /' "$work/out"
        bad=1
    fi
done

# What falsifies one expectation, of some.
declare -A falsified=(
    [130-files]=workload.0.files=129
    [130-files-burst]=workflow.start_delay=2s
    [130-files-completed]=pipeline.machine=M2
    [glue-slots]=glue.max_concurrent_runs=4
    [orphan-flush]=workload.1.date=2026-01-29
    [threshold-not-reached]=workload.0.files=10
    [saturated-table]=table.throttling=none
    [two-dates]=workload.1.date=2026-01-30
    [recovery-v0]=pipeline.builder=V2
    [recovery-v3]=pipeline.builder=V0
)
for name in "${!falsified[@]}"; do
    exits "$name fails with ${falsified[$name]}" 1 -q scenarios/*/"$name.yaml" \
        --set "${falsified[$name]}"
done
exits "f01-poison-manifest fails with V4" 1 -q scenarios/incidents/f01-poison-manifest.yaml \
    --case V3-M1 --set pipeline.builder=V4

for time in 50s 120s 300s; do
    exits "glue-slots passes with runs of $time" 0 -q scenarios/regression/glue-slots.yaml \
        --set "glue.run_time=$time"
done

burst=scenarios/regression/130-files-burst.yaml
exits "executions that start after 2 s: no key is overwritten" 1 "$burst" --format json \
    --set workflow.start_delay=2s
says '"manifests": {"created": 13, "objects": 13, "overwritten": 0, "records": 13}'
exits "executions that never start: the date stops after one manifest" 1 "$burst" --format json \
    --set workflow.never_starts=true
says '"pending": 120, "manifested": 10,'
says '"manifests": {"created": 1, "objects": 1, "overwritten": 0, "records": 1}'

# 1307 = 186 * 7 + 5
exits "1307 files, 7 a manifest" 1 scenarios/regression/130-files.yaml --format json \
    --set pipeline.max_files_per_manifest=7 --set workload.0.files=1307 --set workload.0.over=1h
says '"pending": 5, "manifested": 1302,'
says '"manifests": {"created": 186, "objects": 186, "overwritten": 0, "records": 186}'

printf 'name: broken\nworkload:\n  - {files: 10.5, over: 60s}\n' >"$work/broken.yaml"
exits "a tenth of a file is refused" 2 "$work/broken.yaml"
says "$work/broken.yaml:3:13: error:"
printf 'name: broken\nworkload: [{files: 1}\n' >"$work/broken.yaml"
exits "what is not YAML is refused" 2 "$work/broken.yaml"
says "$work/broken.yaml:3:1: error:"
exits "a scenario that does not exist is refused" 2 "$work/missing.yaml"

exit "$bad"
