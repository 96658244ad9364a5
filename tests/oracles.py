#!/usr/bin/env python3
"""oracles.py PROGRAM PATH...: can each invariant be violated, and can it hold? Speaks TAP.

A judge that never speaks and one that always does are both worth nothing. For each invariant there must be runs in
which it is violated, as their scenario says (an exact verdict), and, of the same scenarios, runs in which nothing
but the version, the lock or one figure is another, that say it is not, and are right. Told are the scenarios of both
kinds, and those in which the deed is never near without being done.
"""
import json
import subprocess
import sys

INVARIANTS = ["S1", "S2", "S3", "S4", "S5", "S6", "S7", "L1", "L2", "L3", "L4", "O"]


def exact_runs(program, paths):
    """The runs that say what they violate and violate just that; how many say so and do not."""
    text = subprocess.run([program, "run", *paths, "--format", "json"], stdout=subprocess.PIPE, check=False).stdout
    runs = [r for r in json.loads(text) if "case" in r]
    told = [r for r in runs if r["verdict"] == "error" or r["violates"]["said"] is not None]
    exact = [r for r in told if r["verdict"] != "error" and r["violates"]["ok"]]
    return exact, len(told) - len(exact)


def judge(invariant, runs):
    """Runs that violate it, runs of the same scenarios that do not, and scenarios that have none of the latter."""
    violating = [r for r in runs if invariant in r["violates"]["found"]]
    files = {r["file"] for r in violating}
    holding = [r for r in runs if r["file"] in files and invariant not in r["violates"]["found"]]
    return violating, holding, sorted(files - {r["file"] for r in holding})


def plural(count, noun):
    return f"{count} {noun}{'' if count == 1 else 's'}"


def main():
    program, *paths = sys.argv[1:]
    runs, wrong = exact_runs(program, paths)
    bad = wrong > 0 or not runs
    print(f"{'not ok' if bad else 'ok'} 1 - {plural(len(runs), 'run')} violate exactly what they say, {wrong} do not")
    for number, invariant in enumerate(INVARIANTS, 2):
        violating, holding, lone = judge(invariant, runs)
        good = bool(violating and holding)
        bad |= not good
        files = len({r["file"] for r in violating})
        print(f"{'ok' if good else 'not ok'} {number} - {invariant}: violated in {plural(len(violating), 'run')} "
              f"of {plural(files, 'scenario')}, held in {len(holding)} others of them")
        print("# " + " ".join(sorted({r["scenario"] for r in violating})))
        for file in lone:
            print(f"# no case of {file} holds it")
    print(f"1..{len(INVARIANTS) + 1}")
    return bad


if __name__ == "__main__":
    sys.exit(main())
