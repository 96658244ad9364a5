"""falsify.py PROGRAM PATH...: can the scenarios fail at all? Speaks TAP.

Each is run with some fields changed (a "mutation": another version of the pipeline, files of a
refused size, a job that fails, ...), then with others. What a case of a scenario demands must have been seen false
under one of them: what it says is violated, at least one of its expectations if it has any, and one
of its required invariants if it says nothing else. With --all, mutations go on until every single
demand has been false, and those that never were are told; some cannot be, such as that no manifest
mixes dates.
"""
import json
import subprocess
import sys

# The quicker to run and the likelier to do, the earlier. What cannot be set in a scenario is an error of that run and no more.
MUTATIONS = [
    ["pipeline.builder=V0", "pipeline.machine=M0", "function.timeout=1s"],
    ["workload.0.size=1B"],
    ["pipeline.builder=V3", "pipeline.machine=M1", "glue.failure=100%"],
    ["pipeline.builder=V4", "pipeline.machine=M2", "workload.0.files=1"],
    ["pipeline.builder=V2", "pipeline.machine=none"],
    ["pipeline.builder=V1c", "workload.0.files=137"],
    ["pipeline.start_configured=false"],
    ["table.rcu=1", "table.wcu=1", "table.burst=1s"],
    ["glue.max_concurrent_runs=1", "glue.run_time=600s"],
    ["bucket.notification_duplicate=100%", "queue.duplicate=100%"],
    ["pipeline.builder=V5", "pipeline.machine=M3", "workflow.never_starts=true"],
    ["pipeline.builder=V7", "pipeline.machine=M7"],
]


def runs(program, files, sets):
    """The runs of the files as `lockstep run --format json` tells them, those that went wrong left out."""
    command = [program, "run", *files, "--format", "json"]
    for one in sets:
        command += ["--set", one]
    text = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    told = json.loads(text)
    told = told if isinstance(told, list) else [told]
    return {(r["file"], r["case"]): r for r in told if r["verdict"] != "error" and "case" in r}


def demands(run):
    """What the run was asked for, and whether it is so."""
    asked = {("expect", e["name"]): e["ok"] for e in run["expectations"]}
    if run["violates"]["said"] is not None:
        asked[("violates", ", ".join(run["violates"]["said"]) or "nothing")] = run["violates"]["ok"]
    asked |= {("reach", g["goal"]): g["ok"] for g in run.get("reach", [])}
    if not asked:
        asked[("invariants", "")] = run["verdict"] == "pass"
    return asked


def enough(asked, falsified):
    """Whether each kind of demand was false once."""
    return {kind for kind, _ in asked} == {kind for kind, _ in falsified}


def main():
    arguments = sys.argv[1:]
    every = "--all" in arguments
    program, *paths = [a for a in arguments if a != "--all"]
    first = runs(program, paths, [])
    asked = {unit: demands(run) for unit, run in first.items()}
    false = {unit: set() for unit in first}
    for sets in MUTATIONS:
        left = {f for (f, c) in first
                if (len(false[f, c]) < len(asked[f, c]) if every else not enough(asked[f, c], false[f, c]))}
        if not left:
            break
        for unit, run in runs(program, sorted(left), sets).items():
            false[unit] |= {d for d, ok in demands(run).items() if not ok and d in asked[unit]}
    bad = 0
    for number, unit in enumerate(sorted(first, key=lambda u: (u[0], u[1] or "")), 1):
        name = first[unit]["scenario"] + (f" / {unit[1]}" if unit[1] else "")
        good = len(asked[unit]) > 0 and enough(asked[unit], false[unit])
        bad |= not good
        print(f"{'ok' if good else 'not ok'} {number} - {name} can fail")
        for kind, what in sorted(set(asked[unit]) - false[unit]) if every or not good else []:
            print(f"# never false: {kind} {what}")
        if not asked[unit]:
            print("# it demands nothing")
    print(f"1..{len(first)}")
    return bad or not first


if __name__ == "__main__":
    sys.exit(main())
