#!/usr/bin/env python3
"""mutants.py [--only WORD]... [--write]: bugs that are planted on purpose, and who sees them. Speaks TAP.

A mutant is one small change of the source, told in tests/mutants/*.txt: a line of what it does, the file, "- " what
stands there once, "+ " what stands there in the mutant ("\\n" is a line's end). The tree is copied to
build/mutants and built once; then each mutant is built there, checked by CHECKS in their order until one
complains, and taken back. A mutant that none of them sees is a hole in the tests, unless the change is none: such
ones say so in their first line, "(no change: why)", and must not be seen. --only takes the mutants with one of its words in their first line;
--write puts the table into docs/measurements.md.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

TREE = Path("build/mutants")
DOCUMENT = Path("docs/measurements.md")
BEGIN, END = "<!-- mutants -->\n", "<!-- /mutants -->\n"
SECONDS = 300  # far more than any check takes, so what takes longer is endless
BUILD = ["make", "-s", "-j2", "CFLAGS=-O1 -fno-lto -w", "LDFLAGS=-fno-lto", "OUT=build/mutant"]
PROGRAM = "build/mutant/lockstep"


def run(command):
    """Status and standard output of a command in the copied tree; status None: it is endless."""
    environment = dict(os.environ, LOCKSTEP=PROGRAM, JOBS="2")
    try:
        done = subprocess.run(command, cwd=TREE, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return None, ""
    return done.returncode, done.stdout.decode(errors="replace")


def scenarios():
    """The runs of the catalogue that do not come out as they say, and how."""
    environment = dict(os.environ)
    try:
        done = subprocess.run([PROGRAM, "run", "scenarios", "--format", "json", "-j2"], cwd=TREE, env=environment,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return "a run is endless"
    failed = [r for r in json.loads(done.stdout) if r["verdict"] != "pass"]
    if not failed:
        return None if done.returncode == 0 else f"status {done.returncode}"
    kinds = {"violates": sum(not r.get("violates", {}).get("ok", True) for r in failed),
             "expect": sum(any(not e["ok"] for e in r.get("expectations", [])) for r in failed),
             "reach": sum("runs" in r for r in failed),
             "error": sum(r["verdict"] == "error" for r in failed)}
    counts = ", ".join(f"{count} {kind}" for kind, count in kinds.items() if count)
    first = failed[0]
    return f"{len(failed)} runs ({counts}), first {first['scenario']}" + (f" / {first['case']}" if first.get("case") else "")


def tap(*command):
    """The tests of a script that fail."""
    def check():
        status, out = run(list(command))
        failed = [line for line in out.splitlines() if line.startswith("not ok")]
        if status is None:
            return "endless"
        return None if status == 0 and not failed else f"{len(failed)} tests, first: {failed[0][7:90] if failed else status}"
    return check


def units():
    """The first of the pipeline's unit tests that fails."""
    names = [f"build/mutant/tests/test_{name}" for name in UNITS]
    status, out = run([*BUILD, *names])
    if status != 0:
        return f"its tests do not compile: {out}"
    for name in names:
        status, out = run([name])
        if status != 0:
            failed = [line[13:] for line in out.splitlines() if line.startswith("[  FAILED  ] ")]
            return f"{Path(name).name}: {failed[0] if failed else status}"
    return None


# Who looks, the quickest first. What is not seen by one of them is looked at by the next.
CHECKS = [
    ("scenarios", scenarios),
    ("sweeps", tap("tests/sweeps.sh")),
    ("vectors", tap("tests/vectors.sh")),
    ("units", units),
]
UNITS = ["batcher", "claim_creation", "stream_creator", "lock", "manifest_builder", "workflow", "invariants", "goals",
         "builder_versions", "early_versions", "crash_matrix", "glue_slots", "faults"]


def read_mutants():
    mutants = []
    for path in sorted(Path("tests/mutants").glob("*.txt")):
        for block in path.read_text().strip().split("\n\n"):
            name, file, old, new = block.split("\n")
            if not old.startswith("- ") or not new.startswith("+ "):
                sys.exit(f"{path}: {name}: not a mutant")
            mutants.append((name, file, *(text[2:].replace("\\n", "\n") for text in (old, new))))
    return mutants


def copy_tree():
    """The files that git knows, as they are now; what was built there before stays."""
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], stdout=subprocess.PIPE, check=True).stdout
    for name in files.decode().splitlines():
        source, target = Path(name), TREE / name
        if source.is_file() and not (target.exists() and target.read_bytes() == source.read_bytes()):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)


def judge(mutant):
    """Plants it, asks the checks, takes it back. Who saw what; (None, None): nobody did."""
    _, file, old, new = mutant
    path = TREE / file
    text = path.read_text()
    if text.count(old) != 1:
        return "stale", f"what it replaces stands there {text.count(old)} times"
    path.write_text(text.replace(old, new))
    try:
        status, out = run([*BUILD, "all"])
        if status != 0:
            errors = [line for line in out.splitlines() if "error" in line]
            return "compiler", errors[0] if errors else out
        for name, check in CHECKS:
            seen = check()
            if seen is not None:
                return name, seen
        return None, None
    finally:
        path.write_text(text)


def write_document(rows):
    lines = ["| planted | seen by | what it saw |", "|---|---|---|"]
    lines += [f"| {name} | {who or '**nobody**'} | {what or ''} |" for name, who, what in rows]
    text = DOCUMENT.read_text()
    before, rest = text.split(BEGIN)
    DOCUMENT.write_text(before + BEGIN + "\n".join(lines) + "\n" + END + rest.split(END)[1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    mutants = [m for m in read_mutants() if not options.only or any(word in m[0] for word in options.only)]
    copy_tree()
    status, out = run([*BUILD, "all"])
    blind = status == 0 and next((f"{name}: {seen}" for name, check in CHECKS if (seen := check())), None)
    if status != 0 or blind:
        sys.exit(f"without a mutant the tree is not sound: {blind or out}")
    rows, bad = [], 0
    for number, mutant in enumerate(mutants, 1):
        begun = time.monotonic()
        who, what = judge(mutant)
        good = (who is None) == ("(no change:" in mutant[0]) and who not in ("stale", "compiler")
        bad += not good
        rows.append((mutant[0], who, what))
        print(f"{'ok' if good else 'not ok'} {number} - {mutant[0]}\n# {who}: {what}, {time.monotonic() - begun:.0f} s", flush=True)
    print(f"1..{len(mutants)}")
    if options.write:
        write_document(rows)
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
