#!/bin/bash
# run.sh PROGRAM...: runs test programs, shows one line for each and ends with "N passed, M failed".
#
# Reads cmocka's closing lines and TAP ("ok 1 - ..."). What crashes, ends with a status other than 0
# though nothing failed, or runs no test at all, counts as a failure. The logs stay in build/logs.
set -u

logs=build/logs
mkdir -p "$logs"
passed=0
failed=0

# Sum of the numbers in the lines of $2 that match the pattern $1.
sum() {
    sed -nE "s/^$1\$/\\1/p" "$2" | awk '{ n += $1 } END { print n + 0 }'
}

count() {
    grep -cE "$1" "$2" || true
}

for program in "$@"; do
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
    note=
    if [ "$bad" -eq 0 ] && [ "$status" -ne 0 ]; then
        bad=1
        note="  ended with status $status"
    elif [ "$good" -eq 0 ] && [ "$bad" -eq 0 ]; then
        bad=1
        note="  ran no test"
    fi
    printf '%-28s %4d passed %3d failed %7d ms%s\n' "$name" "$good" "$bad" "$took" "$note"
    if [ "$bad" -gt 0 ]; then
        grep -vE '^\[ RUN      \]|^\[       OK \]|^ok ' "$log" | tail -n 60 | sed 's/^/    /'
    fi
    passed=$((passed + good))
    failed=$((failed + bad))
done

if [ "$passed" -eq 0 ] && [ "$failed" -eq 0 ]; then
    failed=1
fi
echo "$passed passed, $failed failed" | tee "$logs/closing"
[ "$failed" -eq 0 ]
