#!/bin/bash
# sources.sh: every clause that code and tests cite is in docs/sources.md, once, and every clause there
# is cited, in the code and in a test. A family, such as DDB-TTL-*, must have a member; it cites none
# of them; a range, DDB-TTL-1 to DDB-TTL-3, cites all in between. What is left out (a fact that begins
# with "Left out:") has neither code nor test. Parameters that a clause names are fields of scenarios.
# Speaks TAP; LOCKSTEP names the program.
#
#   sources.sh          the checks
#   sources.sh --map    clause, the files that rely on it, and the tests that show it
set -u
cd "$(dirname "$0")/.." || exit 1
lockstep=${LOCKSTEP:-build/release/lockstep}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0
bad=0

# none TITLE FILE: the file is empty; its lines are what is wrong.
none() {
    number=$((number + 1))
    if [ -s "$2" ]; then
        echo "not ok $number - $1"
        sed 's/^/# /' "$2"
        bad=1
    else
        echo "ok $number - $1"
    fi
}

clause='\b(SDK|S3|SQS|ESM|LAMBDA|SFN|SNS|EVENTS|GLUE|DDB|LATENCY|PIPE)(-[A-Z0-9]+)*-([0-9]+|\*)'
code=(sim/*.[ch] model/*/*.[ch] tools/*.[ch])
mapfile -t tests < <(find tests -name "*.[ch]" -o -name "*.sh" -o -name "*.txt" | sort)

# citations FILE...: "clause file" for each citation, ranges in full, in order, each once.
citations() {
    perl -0ne '
        sub cite { print "$_[0] $ARGV\n" }
        while (/\b((?:SDK|S3|SQS|ESM|LAMBDA|SFN|SNS|EVENTS|GLUE|DDB|LATENCY|PIPE)-(?:[A-Z]+-)*)(\d+) to (?:\1)?(\d+)\b/g) { cite("$1$_") for $2 .. $3 }
        cite($&) while /'"$clause"'/g;' "$@" | sort -u
}

citations "${code[@]}" >"$work/code"
citations "${tests[@]}" | grep -v ' tests/sources.sh$' >"$work/tests"

if [ "${1-}" = --map ]; then
    sed -nE 's/^\| ([A-Z0-9]+(-[A-Z0-9]+)*-[0-9]+) \|.*/\1/p' docs/sources.md | while IFS= read -r id; do
        echo "$id"
        awk -v id="$id" '$1 == id { print "    " $2 }' "$work/code" "$work/tests"
    done
    exit
fi

cut -d ' ' -f 1 "$work/code" "$work/tests" | sort -u >"$work/cited"
grep -v '\*$' "$work/cited" >"$work/clauses"
sed -n 's/\*$//p' "$work/cited" >"$work/families"
sed -nE 's/^[^A-Za-z0-9]*([A-Z0-9]+(-[A-Z0-9]+)*-[0-9]+)\b.*/\1/p' docs/sources.md | sort >"$work/listed"
sed -nE 's/^\| ([A-Z0-9-]+) \| Left out:.*/\1/p' docs/sources.md | sort >"$work/left-out"
comm -23 <(uniq "$work/listed") "$work/left-out" >"$work/relied-on"

uniq -d "$work/listed" >"$work/wrong"
none "no clause is listed twice" "$work/wrong"

grep -vxE "$clause" "$work/listed" >"$work/wrong"
none "every clause listed belongs to a service" "$work/wrong"

comm -23 "$work/clauses" <(uniq "$work/listed") >"$work/wrong"
none "every clause cited is listed" "$work/wrong"

comm -13 <(cut -d ' ' -f 1 "$work/code" | sort -u) "$work/relied-on" >"$work/wrong"
none "every clause listed is relied on in the code" "$work/wrong"

comm -13 <(cut -d ' ' -f 1 "$work/tests" | sort -u) "$work/relied-on" >"$work/wrong"
none "every clause listed is shown by a test" "$work/wrong"

comm -12 "$work/clauses" "$work/left-out" >"$work/wrong"
none "no clause is left out and yet cited" "$work/wrong"

while IFS= read -r family; do
    grep -q "^$family" "$work/listed" || echo "$family*"
done <"$work/families" >"$work/wrong"
none "every family cited has a clause" "$work/wrong"

# Names such as `queue.duplicate`; file names and families aside.
"$lockstep" help scenario | sed -nE 's/^  ([a-z_0-9]+(\.[a-z_0-9]+)*) \(.*/\1/p' | sort -u >"$work/fields"
grep -oE '`[a-z_0-9]+(\.[a-z_0-9]+)+`' docs/sources.md | tr -d '`' | grep -vE '\.(c|py|md|json|js|ts)$' |
    sort -u | comm -23 - "$work/fields" >"$work/wrong"
none "every parameter named is a field of scenarios" "$work/wrong"

grep -E '^\| [A-Z0-9-]+ \|' docs/sources.md | grep -vE '\| [^|]*(documentation|measured|configuration|estimate|answer)[^|]*\|$' >"$work/wrong"
none "every clause says what kind of fact it is" "$work/wrong"

exit "$bad"
