#!/bin/bash
# sweeps.sh: every single fault at every point of every version (sweeps.py). Speaks TAP. LOCKSTEP names
# the program.
cd "$(dirname "$0")/.." || exit 1
exec python3 tests/sweeps.py "${LOCKSTEP:-build/release/lockstep}"
