#!/bin/bash
# blame.sh: `lockstep blame` as a user meets it: the curve of a known case as text, JSON and a page, the same
# with any number of processes; what is no case; hostile names. Speaks TAP. LOCKSTEP names the program.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/tap.sh
scenarios=$top/scenarios

out_has() { check "... and output has: $1" grep -qE -- "$1" out; }
json() { check "... and in the JSON: $1" python3 -c "
import json
o = json.load(open('out'))
p = o['points']
assert $1"; }

# Read as XML and as HTML: every element closed, nothing loaded, no element that was not meant.
well_formed() {
    check "$1 is well-formed, and loads nothing" python3 - "$1" <<'PY'
import sys, xml.dom.minidom
from html.parser import HTMLParser

void = {'meta'}
known = {'html', 'head', 'meta', 'title', 'style', 'body', 'h1', 'h2', 'h3', 'p', 'dl', 'dt', 'dd', 'div', 'table',
         'caption', 'tr', 'th', 'td', 'svg', 'desc', 'g', 'rect', 'line', 'text', 'path', 'circle', 'polygon',
         'polyline', 'span', 'strong', 'code', 'a', 'footer'}

class Reader(HTMLParser):
    stack = []
    ids = []
    links = []
    def handle_starttag(self, tag, attributes):
        assert tag in known, tag
        for name, value in attributes:
            assert name not in ('src', 'onclick', 'onload', 'srcset'), name
            if name == 'id':
                self.ids.append(value)
            if name == 'href':
                self.links.append(value)
        if tag not in void:
            self.stack.append(tag)
    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in void:
            self.stack.pop()
    def handle_endtag(self, tag):
        assert self.stack.pop() == tag, tag

page = open(sys.argv[1], encoding='utf-8').read()
xml.dom.minidom.parseString(page)
reader = Reader()
reader.feed(page)
assert reader.stack == []
assert len(reader.ids) == len(set(reader.ids))
assert all(link[0] == '#' and link[1:] in reader.ids for link in reader.links)
assert page.count('://') == page.count('http://www.w3.org/2000/svg')
PY
}

# A frozen owner, of V3: two files, and two more while it is frozen, with a lock that lives 60 s.
cat >frozen.yaml <<'YAML'
name: frozen
description: The owner of the lock is frozen for longer than the lock lives.
pipeline: {builder: V3, max_files_per_manifest: 2, lock_ttl: 60s}
workload:
  - {files: 2}
  - {files: 2, at: 80s}
faults:
  - {stall: manifest_builder, at: MARK_FILE, occurrence: 2, by: 110s}
  - {stall: manifest_builder, at: TRACK_FILE, occurrence: 1, by: 1s}
table: {replica_lag: 0s, index_lag: 0s}
YAML

expect 0 blame frozen.yaml --property S1 --runs 100 --html page.html
out_has '^  S1 a file is in at most one started manifest$'
out_has '^It became (likely|inevitable) at 0:00:.*: stall manifest_builder\[1\.1\] at MARK_FILE by 1m50s\.$'
out_has '^ +0:00:00\.000 +[0-9.]+ %  \[0\.0, [0-9.]+\] +the beginning$'
out_has '^  without stall manifest_builder at MARK_FILE#2 by 1m50s: not violated$'
out_has '^  without stall manifest_builder at TRACK_FILE#1 by 1s: violated all the same$'
out_has '^  with lose s3 at NOTIFICATION, once: [1-4] of 4 prevents? it'
well_formed page.html
check "... and the page has the drawing, the curve and the words" \
    [ "$(grep -c '<svg' page.html)$(grep -c 'The story in words' page.html)" = 21 ]

# The command that it tells gives the same; so does any number of processes.
cp out first
eval "$program $(sed -n 's/^again *lockstep //p' first)" >out 2>err
check "the command that it tells gives the same" cmp -s first out
for jobs in 1 3; do
    expect 0 blame frozen.yaml --property S1 --runs 100 --jobs "$jobs" --html "page$jobs.html"
    check "... and the same text with $jobs" cmp -s first out
    check "... and the same page" cmp -s page.html "page$jobs.html"
done

expect 0 blame frozen.yaml --property S1 --runs 100 --format json
json "o['property'] == 'S1' and o['subject'].startswith('pipeline/input/') and o['interrupted'] is False"
json "p[0]['kind'] == 'start' and p[-1]['kind'] == 'violation' and p[-1]['share'] == 1"
json "p[o['turning']]['share'] > 0.9 and p[0]['share'] < 0.1"
json "all(q['low'] <= q['share'] <= q['high'] and q['runs'] == 100 for q in p)"
json "all(a['at'] <= b['at'] for a, b in zip(p, p[1:]))"
json "[c['violates'] for c in o['changes'][:3]] == [False, False, True]"
json "all(('S1' in c['violated']) == c['violates'] for c in o['changes'])"
expect 0 blame frozen.yaml --property S1 --runs 100 --seed 2 --kinds none --format json
json "o['kinds'] == 'none' and o['seed'] == 2 and p[o['turning']]['violating'] == 100"
expect 0 blame frozen.yaml --runs 10 --html -
check "... a page alone on standard output" [ "$(head -c 15 out)" = '<!DOCTYPE html>' ]

# A case of the lessons, in which two more builders come.
expect 0 blame "$scenarios/lessons/lock-stalled-owner.yaml" --case takeover --property S7 --runs 20 --html lesson.html
out_has 'stall manifest_builder\[1\.10\] at MARK_FILE by 1m50s  <== here$'
well_formed lesson.html

# What is no case.
expect 2 blame frozen.yaml --property L2
err_has 'violates nothing of the kind'
expect 2 blame frozen.yaml --set faults.0.by=1s
err_has 'violates nothing of the kind'
expect 2 blame frozen.yaml --property S9
err_has 'no such invariant: S9'
expect 2 blame frozen.yaml --kinds kil
err_has "did you mean 'kill'"
expect 2 blame frozen.yaml --runs 0
expect 2 blame frozen.yaml --jobs 0
expect 2 blame frozen.yaml frozen.yaml
expect 2 blame
expect 2 blame nowhere.yaml
expect 2 blame "$scenarios/lessons/lock-stalled-owner.yaml"
err_has 'which case?'
expect 2 blame frozen.yaml --format json --html -
expect 3 blame frozen.yaml --runs 1 --html nowhere/page.html
err_has 'cannot write nowhere/page.html'
expect 0 blame --help
out_has '^  stall +\* a process is frozen'

# Hostile names, in all that comes from a file.
python3 - <<'PY'
bad = '</title></text><script>alert(1)</script> & "x" \' \u202e end'
text = open('frozen.yaml').read()
text = text.replace('name: frozen', 'name: >-\n  ' + bad).replace('The owner', bad + ' The owner')
text = text.replace('- {files: 2}', '- {files: 2, prefix: "pipeline/input/<b>&/"}')
open('hostile.yaml', 'w').write(text)
PY
expect 0 blame hostile.yaml --property S1 --runs 5 --html hostile.html
well_formed hostile.html
check "... the name is there as text" grep -qF '&lt;script&gt;alert(1)' hostile.html
check "... and no hidden turn of the writing" sh -c "! grep -q $'\xe2\x80\xae' hostile.html"

# An interrupt ends in good order.
"$program" blame frozen.yaml --property S1 --runs 100000 --jobs 2 >out 2>err </dev/null &
process=$!
sleep 1
kill -INT "$process"
wait "$process"
check "an interrupt: status 130" [ $? -eq 130 ]
out_has 'interrupted: [0-9]+ of [0-9]+ points were measured'

echo "1..$number"
exit $bad
