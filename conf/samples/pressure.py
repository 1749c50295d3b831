#!/usr/bin/env python3
"""pressure.py: reports how much work waits for CPU, memory and disk, as one JSON object per line.

It is for the module exec with `mode = stream`.  It keeps running, and vigild merges each object into
the state when it arrives.  `state` is the level of the health, and `output` is its text.  Each line
must be flushed, because vigild does not see what is still in the program's buffer.
"""
import argparse
import json
import os
import time

KINDS = ("cpu", "memory", "io")


def pressure(kind):
    """Returns the percentage of the last ten seconds in which some work waited, or None."""
    try:
        with open(f"/proc/pressure/{kind}", encoding="ascii") as lines:
            fields = lines.readline().split()
    except OSError:
        return None  # the kernel does not have this file
    for field in fields:
        if field.startswith("avg10="):
            return float(field[len("avg10="):])
    return None


def report(warn):
    """Returns the object for one line."""
    load = os.getloadavg()
    values = {"load": {"1m": load[0], "5m": load[1], "15m": load[2]}}
    waits = {kind: pressure(kind) for kind in KINDS}
    known = {kind: some for kind, some in waits.items() if some is not None}
    for kind, some in waits.items():
        values[kind] = None if some is None else {"some": some}  # null removes the value
    if not known:
        values.update(state="OK", output=f"load {load[0]:.2f}; this kernel does not report pressure")
        return values
    worst = max(known, key=known.get)
    values["state"] = "WARNING" if known[worst] >= warn else "OK"
    values["output"] = f"work waits for {worst} {known[worst]:.0f} % of the time, load {load[0]:.2f}"
    return values


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--every", type=float, default=10, metavar="SECONDS")
    parser.add_argument("--warn", type=float, default=50, metavar="PERCENT")
    arguments = parser.parse_args()
    while True:
        print(json.dumps(report(arguments.warn)), flush=True)
        time.sleep(arguments.every)


if __name__ == "__main__":
    try:
        main()
    except (KeyboardInterrupt, BrokenPipeError):
        pass
