#!/bin/bash
# run.sh PROGRAM...: runs test programs, shows one line for each and ends with "N passed, M failed".
#
# JOBS of them run at a time, as many as there are processors unless told. Reads cmocka's closing
# lines and TAP ("ok 1 - ..."). What crashes, ends with a status other than 0 though nothing failed,
# or runs no test at all, counts as a failure. The logs stay in build/logs.
set -u

logs=build/logs
mkdir -p "$logs"
rm -f "$logs"/*.count

# Sum of the numbers in the lines of $2 that match the pattern $1.
sum() {
    sed -nE "s/^$1\$/\\1/p" "$2" | awk '{ n += $1 } END { print n + 0 }'
}

count() {
    grep -cE "$1" "$2" || true
}

# run PROGRAM: its line, at once; the numbers for the sum go to a file of its own.
run() {
    local program=$1 name log start status took good bad note=
    name=$(basename "$program")
    log=$logs/$name.log
    start=$(date +%s%N)
    case $program in */*) ;; *) program=./$program ;; esac
    "$program" >"$log" 2>&1 </dev/null
    status=$?
    took=$((($(date +%s%N) - start) / 1000000))
    good=$(($(sum '\[  PASSED  \] ([0-9]+) test\(s\)\.' "$log") + $(count '^ok [0-9]+' "$log")))
    bad=$(($(sum '\[  FAILED  \] ([0-9]+) test\(s\), listed below:' "$log") + \
        $(count '^not ok [0-9]+' "$log")))
    if [ "$bad" -eq 0 ] && [ "$status" -ne 0 ]; then
        bad=1
        note="  ended with status $status"
    elif [ "$good" -eq 0 ] && [ "$bad" -eq 0 ]; then
        bad=1
        note="  ran no test"
    fi
    echo "$good $bad" >"$logs/$name.count"
    {
        printf '%-28s %4d passed %3d failed %7d ms%s\n' "$name" "$good" "$bad" "$took" "$note"
        if [ "$bad" -gt 0 ]; then
            grep -vE '^\[ RUN      \]|^\[       OK \]|^ok ' "$log" | tail -n 60 | sed 's/^/    /'
        fi
    } >"$log.shown"
    cat "$log.shown"
    rm "$log.shown"
}

running=0
for program in "$@"; do
    if [ "$running" -ge "${JOBS:-$(nproc)}" ]; then
        wait -n
        running=$((running - 1))
    fi
    run "$program" &
    running=$((running + 1))
done
wait

# A program without its numbers was never seen to its end.
closing=$(cat "$logs"/*.count 2>/dev/null | awk -v programs=$# '
    { good += $1; bad += $2; n++ }
    END { bad += programs - n; if (good + bad == 0) bad = 1; print good + 0 " passed, " bad " failed" }')
echo "$closing" | tee "$logs/closing"
[ "${closing##*, }" = "0 failed" ]
