#!/usr/bin/env python3
"""sweeps.py: every single fault at every point of every version, and docs/sweeps.md, which tells of it.

Speaks TAP: no fault of a sweep goes unstruck, no run is endless, V7 violates nothing, every other version
something, and the document is what the sweeps say. `sweeps.py LOCKSTEP --write` writes it.
"""
import json
import subprocess
import sys
from pathlib import Path

CALM = "scenarios/lessons/single-faults.yaml"
TROUBLE = "scenarios/lessons/faults-in-trouble.yaml"
VERSIONS = ["V0", "V1", "V1c", "V2", "V3", "V4", "V5", "V6", "V6e", "V6s", "V7"]
DOCUMENT = Path("docs/sweeps.md")
OCCURRENCES = "2"

HEAD = f"""# Every single fault, at every point, of every version

Made by `python3 tests/sweeps.py build/release/lockstep --write`; `make check` fails where it is not what
the program says. A sweep runs the scenario once for each point that is reached, each kind of fault that may
strike there, and each of the first {OCCURRENCES} times that the point is reached, with this one fault added, and judges the
run by all invariants ([glossary](glossary.md)):

    lockstep points {CALM} --case V3 --sweep --occurrences {OCCURRENCES}

In the first world ([{CALM.split('/')[-1]}](../{CALM})) nothing else is wrong. In the second
([{TROUBLE.split('/')[-1]}](../{TROUBLE})) ten things are wrong already, so that the calls are
reached with which a version copes; there, only V7 violates nothing to begin with.
"""


def sweep(program, scenario, version):
    command = [program, "points", scenario, "--case", version, "--sweep", "--occurrences", OCCURRENCES,
               "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{' '.join(command)}: status {done.returncode}\n{done.stderr}")
    return json.loads(done.stdout)


def short(cell):
    """What a cell of the matrix says."""
    if cell["struck"] < cell["runs"]:
        return "0!"
    if cell["violating"] == 0:
        return "ok"
    return " ".join(cell["violates"])


def matrix(result):
    """One table for the calls of processes, one for what services do."""
    places = {}
    for cell in result["cells"]:
        places.setdefault((cell["process"], cell["point"]), {})[cell["fault"]] = short(cell)
    for group in (True, False):
        rows = {place: cells for place, cells in places.items() if ("kill" in cells) == group}
        faults = []
        for cells in rows.values():
            faults += [fault for fault in cells if fault not in faults]
        if rows:
            yield "| at | " + " | ".join(faults) + " |"
            yield "|---" * (len(faults) + 1) + "|"
            for (process, point), cells in rows.items():
                yield f"| {process} {point} | " + " | ".join(cells.get(f, "-") for f in faults) + " |"
            yield ""


def unreached(results):
    """Calls of the processes that were there which no world of a version came to."""
    reached = {}
    for result in results:
        for point in result["points"]:
            if point["operation"]:
                place = (point["process"], point["point"])
                reached[place] = reached.get(place, 0) + point["reached"]
    there = {process for (process, _), count in reached.items() if count}
    return [f"{process} {point}" for (process, point), count in reached.items()
            if count == 0 and process in there]


def summary(results):
    names = list(results["V7"]["violations"])
    yield "| version | runs | that violate something | " + " | ".join(names) + " |"
    yield "|---" * (len(names) + 3) + "|"
    for version, result in results.items():
        counts = [str(result["violations"][name] or "") for name in names]
        yield f"| {version} | {result['runs']} | {result['violating']} | " + " | ".join(counts) + " |"


def document(calm, trouble):
    yield HEAD
    yield "## In a world where nothing else is wrong: runs that violate each invariant\n"
    yield from summary(calm)
    yield "\nWithout any fault: " + "; ".join(
        f"{version} {' '.join(result['without_a_fault'])}" for version, result in calm.items()
        if result["without_a_fault"]) + ". (One record for a date cannot mirror its manifests; V1 has no flush.)\n"
    yield "## In a world where much is wrong already\n"
    yield from summary(trouble)
    yield ""
    for version in VERSIONS:
        yield f"## {version}\n"
        yield from matrix(calm[version])
        missing = unreached([calm[version], trouble[version]])
        if missing:
            yield "Of these processes no call was made, in either world, at: " + ", ".join(missing) + ".\n"
    yield "## V7, in the second world\n"
    yield from matrix(trouble["V7"])


def main():
    program = sys.argv[1]
    calm = {version: sweep(program, CALM, version) for version in VERSIONS}
    trouble = {version: sweep(program, TROUBLE, version) for version in VERSIONS}
    text = "\n".join(document(calm, trouble)).rstrip("\n") + "\n"
    if "--write" in sys.argv:
        DOCUMENT.write_text(text, encoding="utf-8")
    checks = []
    for world, results in (("calm", calm), ("in trouble", trouble)):
        for version, result in results.items():
            checks.append((f"{version}, {world}: all of {result['runs']} faults strike, no run is endless",
                           result["unstruck"] == 0 and result["endless"] == 0))
    for version, result in calm.items():
        wanted = "nothing" if version == "V7" else "something"
        checks.append((f"{version} violates {wanted}", (result["violating"] == 0) == (version == "V7")))
    checks.append(("V7 violates nothing in trouble", trouble["V7"]["violating"] == 0))
    checks.append((f"{DOCUMENT} is what the sweeps say",
                   DOCUMENT.exists() and DOCUMENT.read_text(encoding="utf-8") == text))
    for number, (title, good) in enumerate(checks, 1):
        print(f"{'ok' if good else 'not ok'} {number} - {title}")
    print(f"1..{len(checks)}")
    return 0 if all(good for _, good in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
