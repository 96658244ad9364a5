#!/usr/bin/env python3
"""Shrinks many random failures and tells how small they get: not a part of `make check`.

Usage: tests/shrink_many.py PROGRAM [FAILURES [BUDGET [OTHER_PROGRAM...]]]

Faults are drawn at points that the plain run of three functions reaches, 6 to 14 a run, until enough
runs violate each property; each such run is shrunk, and the result run again by every program (of
other compilers and flavours): it must violate the same. A line for each failure, then a table.
"""
import json
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
# World (None: the small one), case, property.
PROPERTIES = ((WORLD, "V3", "S1"), (WORLD, "V4", "L1"), (None, "V4", "S1"))
CALLS = (("kill", ""), ("yield", ", calls: 3"), ("stall", ", by: 2s"), ("stall", ", by: 179s"),
         ("stall", ", by: 100s"), ("lose_reply", ""), ("throttle", ""), ("error", ", attempts: 0"),
         ("refuse", ""), ("slow", ", by: 7s"))
DEEDS = {("s3", "NOTIFICATION"): ("delay", "duplicate", "lose"),
         ("sqs", "DELIVERY"): ("delay", "duplicate"),
         ("dynamodb", "TTL_DELETION"): ("delay",)}


def output(program, *arguments):
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)


def points_of(program, world, case):
    told = json.loads(output(program, "points", world, "--case", case, "--default", "--format",
                             "json").stdout)["points"]
    return [p for p in told if p["reached"] > 0]


def random_fault(draw, points):
    point = draw.choice(points)
    place = (point["process"], point["point"])
    occurrence = draw.randint(1, point["reached"] + point["reached"] // 4 + 1)
    if place in DEEDS:
        kind = draw.choice(DEEDS[place])
        more = f", by: {draw.choice((1, 5, 37, 600))}s" if kind == "delay" else ""
    elif point["operation"]:
        kind, more = draw.choice(CALLS)
    else:
        return None
    return f"  - {{{kind}: {place[0]}, at: {place[1]}, occurrence: {occurrence}{more}}}\n"


def random_scenario(draw, points, text):
    faults = []
    count = draw.randint(6, 14)
    while len(faults) < count:
        fault = random_fault(draw, points)
        if fault:
            faults.append(fault)
    return text + "faults:\n" + "".join(faults)


def violated(program, path, *arguments):
    told = output(program, "run", path, "--format", "json", *arguments)
    if told.returncode not in (0, 1):
        return None
    return {v["invariant"] for v in json.loads(told.stdout)["violations"]}


def shrink(program, path, case, prop, budget, small, *more):
    start = time.monotonic()
    told = output(program, "shrink", path, "--case", case, "--property", prop, "--budget", budget,
                  "--format", "json", "-o", small, *more)
    if told.returncode != 0:
        sys.exit(f"{path}: {told.stderr}")
    return json.loads(told.stdout), time.monotonic() - start


def failures(program, world, case, prop, count, folder):
    """Paths of scenarios that violate the property."""
    with open(world, encoding="utf-8") as file:
        text = file.read()
    draw = random.Random(f"{case} {prop}")
    points = points_of(program, world, case)
    while count > 0:
        path = f"{folder}/{case}-{prop}-{count}.yaml"
        with open(path, "w", encoding="utf-8") as file:
            file.write(random_scenario(draw, points, text))
        found = violated(program, path, "--case", case, "--default")
        if found and prop in found:
            count -= 1
            yield path


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
                one, seconds = shrink(programs[0], path, case, prop, budget, small, *more)
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
