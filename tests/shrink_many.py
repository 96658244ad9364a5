#!/usr/bin/env python3
"""Shrinks many random failures and tells how small they get: not a part of `make check`.

Usage: tests/shrink_many.py PROGRAM [FAILURES [BUDGET [OTHER_PROGRAM...]]]

`hunt` finds them, and keeps every deviation of each run; a random choice of them is shrunk, and the
result run again by every program (of other compilers and flavours): it must violate the same. A line
for each failure, then a table.
"""
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time

WORLD = "scenarios/exploration/three-functions.yaml"
# Two files make a batch; with one deviation no file gets into two (`explore` says so).
SMALL = """name: small
pipeline: {max_files_per_manifest: 2}
function: {reserved_concurrency: 2}
workload: [{files: 2, over: 1s}]
table: {rcu: 0, wcu: 0}
glue: {max_concurrent_runs: 30}
workflow: {start_delay: 1s}
cases:
  - {name: V3, set: pipeline.builder=V3 pipeline.machine=M2}
  - {name: V4, set: pipeline.builder=V4 pipeline.machine=M3}
"""
RUNS = 4000  # of the hunt
# World (None: the small one), case, property.
PROPERTIES = ((WORLD, "V3", "S1"), (WORLD, "V4", "L1"), (None, "V4", "S1"))


def output(program, *arguments):
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)


def violated(program, path, *arguments):
    told = output(program, "run", path, "--format", "json", *arguments)
    if told.returncode not in (0, 1):
        return None
    return {v["invariant"] for v in json.loads(told.stdout)["violations"]}


def shrink(program, path, prop, budget, small, *more):
    start = time.monotonic()
    told = output(program, "shrink", path, "--property", prop, "--budget", budget,
                  "--format", "json", "-o", small, *more)
    if told.returncode != 0:
        sys.exit(f"{path}: {told.stderr}")
    return json.loads(told.stdout), time.monotonic() - start


def failures(program, world, case, prop, count, folder):
    """Paths of scenarios that violate the property: a random choice of what a hunt finds."""
    saved = f"{folder}/{case}-{prop}-found"
    told = output(program, "hunt", world, "--case", case, "--runs", str(RUNS), "--as-found",
                  "--stories", "all", "--save", saved)
    found = sorted(name for name in os.listdir(saved) if name.startswith(f"{prop}-"))
    if len(found) < count:
        sys.exit(f"{case}: {RUNS} runs violate {prop} in {len(found)} ways: {told.stderr}")
    return [f"{saved}/{name}" for name in random.Random(1).sample(found, count)]


def check(programs, small, prop, told):
    for program in programs:
        run = output(program, "run", small)
        if run.returncode != 0 or prop not in violated(program, small):
            sys.exit(f"{program} run {small}: {run.stdout}{run.stderr}\n{told['yaml']}")


def main():
    programs = [sys.argv[1], *sys.argv[4:]]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    budget = sys.argv[3] if len(sys.argv) > 3 else "20s"
    rows = []
    with tempfile.TemporaryDirectory(prefix="lockstep-shrink-") as folder:
        small_world = f"{folder}/small.yaml"
        with open(small_world, "w", encoding="utf-8") as file:
            file.write(SMALL)
        for world, case, prop in PROPERTIES:
            told = []
            more = [] if world else ["--same-scenario"]
            for path in failures(programs[0], world or small_world, case, prop, count, folder):
                small = path + ".small"
                one, seconds = shrink(programs[0], path, prop, budget, small, *more)
                check(programs, small, prop, one)
                told.append((one, seconds))
                print(case, prop, one["before"]["deviations"], "->", one["after"]["deviations"],
                      one["certificate"]["end"], one["after"]["files"], one["runs"],
                      f"{seconds:.1f}s", " + ".join(one["story"]), flush=True)
            rows.append((case if world else f"{case}, small", prop, told))
    print("| world | property | failures | deviations before, median (most) | after, median (most) |"
          " proven minimal | files, median | events, median | runs, median | seconds, median (most) |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for case, prop, told in rows:
        def of(get, unit=""):
            values = [get(t) for t in told]
            return f"{statistics.median(values):g}{unit} ({max(values):g}{unit})"
        proven = sum(t["certificate"]["end"] == "minimal" for t, _ in told)
        print(f"| {case} | {prop} | {len(told)} | {of(lambda t: t[0]['before']['deviations'])} | "
              f"{of(lambda t: t[0]['after']['deviations'])} | {100 * proven / len(told):.0f} % | "
              f"{statistics.median(t['after']['files'] for t, _ in told):g} | "
              f"{statistics.median(t['after']['events'] for t, _ in told):g} | "
              f"{statistics.median(t['runs'] for t, _ in told):g} | "
              f"{of(lambda t: round(t[1], 2))} |")


if __name__ == "__main__":
    main()
