# tap.sh: what the scripts share that look at the program from outside; sourced from the top of the tree. Leaves
# the script in a temporary folder of its own. LOCKSTEP names the program.
#
# Sets: top, the tree; program; work, the folder; number, of checks so far; bad, 1 once one has failed.
# shellcheck shell=bash
top=$PWD
program=$(realpath "${LOCKSTEP:-build/release/lockstep}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
number=0
bad=0

# check TITLE CONDITION...: one line of TAP; where it fails, what it says and what the program last did.
check() {
    local title=$1
    shift
    number=$((number + 1))
    if "$@" >/dev/null 2>why; then
        echo "ok $number - $title"
    else
        echo "not ok $number - $title"
        cat why out err 2>/dev/null | head -n 30 | cut -c 1-160 | sed 's/^/# /'
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

# A text; scripts that look for patterns say so with an out_has of their own.
out_has() { check "... and output has: $1" grep -qF -- "$1" out; }
err_has() { check "... and errors have: $1" grep -qF -- "$1" err; }
out_is_empty() { check "... and no output" [ ! -s out ]; }
