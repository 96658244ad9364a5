#!/usr/bin/python3
"""mm1_simpy.py CUSTOMERS: M/M/1 with load 0.9 in SimPy, the same model as bench/mm1.h.

Prints one line: customers a second of CPU time, the mean time in the system, SimPy's version.
Exit status 77 where SimPy is not installed.
"""
import random
import sys
import time

try:
    import simpy
except ImportError:
    sys.exit(77)


def arrivals(env, store, customers):
    for _ in range(customers):
        yield env.timeout(random.expovariate(0.9))
        yield store.put(env.now)


def server(env, store, totals):
    while True:
        arrived = yield store.get()
        yield env.timeout(random.expovariate(1.0))
        totals[0] += env.now - arrived
        totals[1] += 1


def main():
    customers = int(sys.argv[1])
    random.seed(1)
    env = simpy.Environment()
    store = simpy.Store(env)
    totals = [0.0, 0]
    env.process(arrivals(env, store, customers))
    env.process(server(env, store, totals))
    start = time.process_time()
    env.run()
    seconds = time.process_time() - start
    print(f"{customers / seconds:.0f} {totals[0] / totals[1]:.4f} {simpy.__version__}")


main()
