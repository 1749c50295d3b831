#!/usr/bin/env python3
"""pressure.py: how much work waits for processor, memory and disk, a JSON object a line.

For `mode = stream`: it runs on, and each line is merged into the daemon's subtree when it comes.
`state` and `output` are the daemon's health and its words.  Each line is flushed; what a
program keeps back in a buffer nobody sees.
"""
import argparse
import json
import os
import time

KINDS = ("cpu", "memory", "io")


def pressure(kind):
    """The share of the last ten seconds in which some work waited, in percent; None: unknown."""
    try:
        with open(f"/proc/pressure/{kind}", encoding="ascii") as lines:
            fields = lines.readline().split()
    except OSError:
        return None  # the kernel was built or started without it
    for field in fields:
        if field.startswith("avg10="):
            return float(field[len("avg10="):])
    return None


def look(warn):
    load = os.getloadavg()
    said = {"load": {"1m": load[0], "5m": load[1], "15m": load[2]}}
    waits = {kind: pressure(kind) for kind in KINDS}
    known = {kind: some for kind, some in waits.items() if some is not None}
    for kind, some in waits.items():
        said[kind] = None if some is None else {"some": some}  # null removes
    if not known:
        said.update(state="OK", output=f"load {load[0]:.2f}; this kernel reports no pressure")
        return said
    worst = max(known, key=known.get)
    said["state"] = "WARNING" if known[worst] >= warn else "OK"
    said["output"] = f"work waits for {worst} {known[worst]:.0f} % of the time, load {load[0]:.2f}"
    return said


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--every", type=float, default=10, metavar="SECONDS")
    parser.add_argument("--warn", type=float, default=50, metavar="PERCENT")
    arguments = parser.parse_args()
    while True:
        print(json.dumps(look(arguments.warn)), flush=True)
        time.sleep(arguments.every)


if __name__ == "__main__":
    try:
        main()
    except (KeyboardInterrupt, BrokenPipeError):
        pass
