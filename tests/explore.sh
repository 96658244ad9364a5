#!/bin/bash
# explore.sh: `lockstep explore` from outside: the same report with any number of processes and after
# being killed; each command that it tells reproduces what it says; bad input. Speaks TAP. LOCKSTEP
# names the program.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/tap.sh

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
for jobs in 2 3; do
    "$program" explore small.yaml -d 2 --kinds kill -j $jobs >out 2>err
    check "... with $jobs: the same bytes" cmp one out
done
for kill_after in 0.05 0.3; do
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
expect 1 explore small.yaml --case V3 --kinds kill --state one-case
expect 2 explore small.yaml --case V7 --kinds kill --state one-case
err_has "one-case: is not of this work"
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
expect 1 explore one.yaml --bfs --kinds kill --html all.html
for words in "every world that any number of deviations leads to" "70 judged (1 + 24 + 45 by deviations)"; do
    check "... and its page has: $words" grep -qF "$words" all.html
done
expect 3 explore one.yaml --bfs --kinds kill,lose --worlds 100
out_has "stopped     there are more worlds (--worlds)"
err_has "there are more than 100 worlds; --worlds raises that"
expect 2 explore one.yaml --bfs --state all
err_has "--bfs remembers every world"

# The page: well-formed, what the report says, each run drawn once; the commands in it.
"$program" explore small.yaml --case V3 --format json --stories all >v3.json
expect 1 explore small.yaml -j 1 --html one.html
out_has "Fewest deviations, of at most 1, that violate it (. none found)"
cat >page.py <<'PYTHON'
import collections, json, re, shlex, subprocess, sys
import xml.etree.ElementTree as tree
text = open(sys.argv[1], encoding="utf-8").read()
page = tree.fromstring(text)
ids = collections.Counter(e.get("id") for e in page.iter() if e.get("id"))
assert max(ids.values()) == 1, ids
links = [e.get("href") for e in page.iter("a")]
assert len(links) > 8 and all(l[0] == "#" and l[1:] in ids for l in links), links
assert text.count("://") == text.count("http://www.w3.org/2000/svg")

# The matrix is the report.
rows = [[("".join(c.itertext()), c.find("a")) for c in row] for row in page.find(".//table").iter("tr")]
assert [r[0][0] for r in rows] == ["", "V3", "V7"], rows
least = {p["property"]: p["least"] for p in json.load(open("v3.json"))["results"][0]["properties"]}
assert [c[0] for c in rows[0][1:]] == list(least)
assert [c[0] for c in rows[1][1:]] == ["." if n is None else str(n) for n in least.values()]
assert all((c[1] is None) == (c[0] == ".") for r in rows[1:] for c in r[1:])
assert all(c[0] == "." for c in rows[2][1:])
judged = [p for p in page.iter("p") if "No run with fewer deviations violates it: 1 run judged." in (p.text or "")]
assert len(judged) == sum(n == 1 for n in least.values())

# At most three stories of a property, of which the first has a curve; a run is drawn once.
stories = [d for d in page.iter("details") if (d.get("id") or "").startswith("case-")]
runs = []
for story in stories:
    commands = [c.text for c in story.iter("code")]
    drawn = "Sequence diagram" in "".join(story.itertext())
    linked = any("The same run is drawn" in (a.text or "") for a in story.iter("a"))
    assert commands[0].startswith("lockstep run ") and drawn != linked, story.get("id")
    runs += [commands[0]] if drawn else []
    if linked:
        to = story.find(".//a").get("href")[1:]
        at = [d for d in stories if d.get("id") == to][0]
        assert at.find(".//code").text == commands[0]
assert len(runs) == len(set(runs)) > 8 and len(runs) < len(stories) <= 3 * sum(n is not None for n in least.values())
curves = [d for d in stories if "still comes in" in "".join(d.itertext())]
assert len(curves) == sum(n is not None for n in least.values())

# A curve is what its command gives, and so is what is said of it.
for story in curves[:3]:
    command = shlex.split([c.text for c in story.iter("code")][1])
    out = subprocess.run([sys.argv[2]] + command[1:] + ["--format", "json"], capture_output=True, text=True).stdout
    blame = json.loads(out)
    verdict = [p.text for p in story.iter("p") if (p.text or "").endswith("prevented it:")][0]
    assert verdict.startswith(blame["verdict"] + " "), (verdict, blame["verdict"])
    shares = ["".join(row[3].itertext()) for row in story.iter("tr") if len(row) == 5][1:]
    assert shares == ["%.1f %%" % (100 * p["share"]) for p in blame["points"]], shares
PYTHON
check "the page is well-formed, and says what the report says" python3 page.py one.html "$program"
expect 1 explore one.yaml --kinds kill -j 1 --html one.html
expect 1 explore one.yaml --kinds kill -j 2 --html two.html
check "... with two processes: the same bytes" cmp one.html two.html
expect 1 explore one.yaml --kinds kill -j 2 --html -
check "... on standard output: the same bytes" cmp one.html out
expect 2 explore small.yaml --format json --html -
expect 3 explore small.yaml --html missing/page.html
err_has "cannot write missing/page.html"
check "... in one line, and before the search" [ "$(wc -l <err)$(wc -c <out)" = 10 ]
check "... and no page is left half written" sh -c "! ls ./*.tmp 2>/dev/null | grep ."

# Worlds that do not fit are told.
expect 1 explore small.yaml --case V3 --worlds 1
out_has "more did not fit (--worlds)"
expect 1 explore small.yaml --case V3 --no-fingerprints
check "... without them nothing is said of worlds" sh -c "! grep -q 'worlds' out"

# Runs for which there is no room are told in the page: what was not judged, what cannot be drawn.
expect 1 explore small.yaml --case V3 --set limits.events=10 --html page.html
out_has "the simulation's room was too small"
check "... and the page has it" grep -qF "<td class=\"unknown\">?</td>" page.html
check "... and claims nothing" sh -c "! grep -qE 'class=\"good\"|No run with fewer' page.html"
check "... and what was not drawn" grep -qF "Not drawn: out of room for pending events" page.html

# An interrupt: a report of what was done.
"$program" explore "$top/scenarios/exploration/three-functions.yaml" -d 3 --case V3 >out 2>err &
explorer=$!
sleep 2
kill -INT $explorer
wait $explorer
check "interrupted : status 130" [ $? -eq 130 ]
out_has "covered     not every run"
out_has "stopped     after"

# The page then: of a case that was finished, one that was not, and one that was not begun.
sed 's/{name: V7,/{name: long, set: pipeline.builder=V3 workload.0.files=150}\n  - {name: V7,/' small.yaml >long.yaml
"$program" explore long.yaml --state long-state --html stopped.html >out 2>err &
explorer=$!
for _ in $(seq 600); do
    grep -q '^piece 2\.' long-state 2>/dev/null && break
    sleep 0.2
done
kill -INT $explorer
wait $explorer
check "interrupted in the second case : status 130" [ $? -eq 130 ]
cat >stopped.py <<'PYTHON'
import xml.etree.ElementTree as tree
text = open("stopped.html", encoding="utf-8").read()
page = tree.fromstring(text)
rows = {r[0].text: {"".join(c.itertext()) for c in r[1:]} for r in page.find(".//table").iter("tr")}
assert rows["V3"] == {"0", "1", "."} or rows["V3"] == {"1", "."}, rows
assert rows["V7"] == {"?"} and "?" in rows["long"] and "." not in rows["long"], rows
assert "<dt>stopped</dt><dd>1 of 3 searches were finished</dd>" in text
assert text.count("Stopped: the search did not come to it.") == 1
assert text.count("Stopped: not every event was measured.") > 4
assert "still comes in" not in text and "Sequence diagram" in text
end = text.index('<h2 id="case-2">')
assert "No run with fewer" in text[:end] and "No run with fewer" not in text[end:]
assert text[end:].count("<dt>stopped</dt><dd>after ") == 1
PYTHON
check "... and the page says what was not done" python3 stopped.py

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
