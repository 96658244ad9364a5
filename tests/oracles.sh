#!/bin/bash
# oracles.sh: each invariant is violated by some scenario, and held by a case close by (oracles.py). Speaks
# TAP. LOCKSTEP names the program.
cd "$(dirname "$0")/.." || exit 1
exec python3 tests/oracles.py "${LOCKSTEP:-build/release/lockstep}" scenarios
