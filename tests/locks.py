"""locks.py PROGRAM [--write]: the tables of docs/locks.md are what runs give. Speaks TAP.

Each table stands between a line `<!-- runs: NAME -->` and the next blank line. They are made anew from
runs and compared; --write puts them there.
"""
import glob
import json
import os
import sqlite3
import subprocess
import sys
import tempfile

PAGE = "docs/locks.md"
FORMS = ["strict", "takeover", "none", "fencing", "lease", "claim"]
VERSIONS = ["V6", "V7"]
QUIET = "scenarios/regression/130-files.yaml"
BURST = "scenarios/regression/130-files-burst.yaml"


def row(cells):
    return "| " + " | ".join(cells) + " |"


def table(head, rows):
    return "\n".join([row(head), "|" + "---|" * len(head)] + [row(r) for r in rows])


def ask(program, arguments, sql):
    """The rows of a query of one run's results."""
    with tempfile.TemporaryDirectory() as folder:
        results = os.path.join(folder, "run.db")
        done = subprocess.run([program, "run", *arguments, "--quiet", "--out", results])
        if done.returncode > 1:
            sys.exit(f"{' '.join(arguments)}: status {done.returncode}")
        database = sqlite3.connect(results)
        rows = database.execute(sql).fetchall()
        database.close()
        return rows


def laboratory():
    return sorted(glob.glob("scenarios/lessons/lock-*.yaml"))


def title(path):
    return os.path.basename(path)[len("lock-"):-len(".yaml")].replace("-", " ")


def broken(program):
    """Fault by form: the invariants that are violated."""
    text = subprocess.run([program, "run", *laboratory(), "--format", "json"],
                          stdout=subprocess.PIPE).stdout
    found = {(r["file"], r["case"]): " ".join(r["violates"]["found"]) or "-" for r in json.loads(text) if "case" in r}
    rows = [[title(f)] + [found[f, form] for form in FORMS + VERSIONS] for f in laboratory()]
    return table(["fault"] + FORMS + VERSIONS, rows)


def waits(program):
    """Fault by form: the longest wait of a file that was processed, and what became of the others. Fewer
    than ten pending files are no batch, and not told."""
    sql = """SELECT (SELECT CAST(round(max(manifested_at - arrived_at)) AS INTEGER) FROM files WHERE outputs > 0),
                    sum(status = 'manifested' AND outputs = 0), sum(status = 'pending'), sum(outputs > 1)
             FROM files"""
    rows = []
    for path in laboratory():
        cells = [title(path)]
        for form in FORMS + VERSIONS:
            (seconds, lost, pending, doubled), = ask(program, [path, "--case", form], sql)
            parts = [] if seconds is None else [f"{seconds} s"]
            parts += [f"{n} {word}" for n, word in ((lost, "lost"), (pending if pending >= 10 else 0, "left"),
                                                    (doubled, "twice")) if n]
            cells.append(", ".join(parts))
        rows.append(cells)
    return table(["fault"] + FORMS + VERSIONS, rows)


def costs(program, path):
    """What 130 files cost under each form."""
    sql = """SELECT printf('%d', (SELECT made FROM table_requests)),
                    printf('%.0f', read_units + index_read_units), printf('%.0f', write_units + index_write_units),
                    printf('%.0f', 1000 * (SELECT avg(ended_at - started_at) FROM invocations
                                            WHERE function LIKE '%builder%')),
                    printf('%.1f', (SELECT avg(manifested_at - arrived_at) FROM files)),
                    printf('%.1f', (SELECT max(manifested_at - arrived_at) FROM files)),
                    (SELECT coalesce(group_concat(i, ' '), '-')
                     FROM (SELECT DISTINCT invariant AS i FROM violations ORDER BY i))
             FROM run"""
    sets = {form: ["pipeline.builder=V4", "pipeline.machine=M3", "pipeline.lock=" + form] for form in FORMS}
    sets.update({"V6": ["pipeline.builder=V6", "pipeline.machine=M3"],
                 "V7": ["pipeline.builder=V7", "pipeline.machine=M7"]})
    rows = []
    for name, assignments in sets.items():
        arguments = [path] + [word for one in assignments for word in ("--set", one)]
        rows.append([name] + list(ask(program, arguments, sql)[0]))
    return table(["form", "requests", "RCU", "WCU", "invocation, ms", "mean wait, s", "longest, s", "violated"], rows)


def main():
    program = sys.argv[1]
    made = {"what breaks what": broken(program), "waits": waits(program),
            "quiet": costs(program, QUIET), "burst": costs(program, BURST)}
    with open(PAGE) as file:
        page = file.read()
    bad = 0
    for number, (name, due) in enumerate(made.items(), 1):
        mark = f"<!-- runs: {name} -->\n"
        before, _, rest = page.partition(mark)
        there, _, after = rest.partition("\n\n")
        same = there == due
        if "--write" in sys.argv:
            page = before + mark + due + "\n\n" + after
        else:
            bad |= not same
            print(f"{'ok' if same else 'not ok'} {number} - {PAGE}: {name}")
    if "--write" in sys.argv:
        with open(PAGE, "w") as file:
            file.write(page)
    else:
        if bad:
            print("# to put the tables there: python3 tests/locks.py PROGRAM --write")
        print(f"1..{len(made)}")
    return bad


if __name__ == "__main__":
    sys.exit(main())
