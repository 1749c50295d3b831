#!/usr/bin/env python3
"""mounts.py: how full the file systems are, as one JSON object.

For `format = json`: the object is merged into the daemon's subtree, so that each number has an
address of its own, such as /daemons/mounts/mounts/~1var/used_percent.  `output` is what the
daemon has to say, and the exit status how things are.
"""
import argparse
import json
import os
import re
import sys


def mount_points():
    """The places where something can be written to."""
    seen = set()
    with open("/proc/self/mounts", encoding="utf-8", errors="replace") as mounts:
        for line in mounts:
            device, place, kind, options = line.split()[:4]
            if "ro" in options.split(","):
                continue  # full by nature
            place = re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), place)
            if (device.startswith("/") or kind in ("overlay", "tmpfs")) and place not in seen:
                seen.add(place)
                yield place


def look(place):
    s = os.statvfs(place)
    if s.f_blocks == 0:
        return None
    used = s.f_blocks - s.f_bfree
    return {
        "size_bytes": s.f_blocks * s.f_frsize,
        "free_bytes": s.f_bavail * s.f_frsize,
        "used_percent": round(100 * used / (used + s.f_bavail), 1) if used + s.f_bavail else 100.0,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--warn", type=float, default=80, metavar="PERCENT")
    parser.add_argument("--crit", type=float, default=95, metavar="PERCENT")
    limits = parser.parse_args()

    mounts = {}
    for place in mount_points():
        try:
            found = look(place)
        except OSError:
            continue  # it may be for others' eyes only, or just gone
        if found:
            mounts[place] = found
    if not mounts:
        print(json.dumps({"output": "no writable file system was found"}))
        return 3
    fullest = max(mounts, key=lambda place: mounts[place]["used_percent"])
    percent = mounts[fullest]["used_percent"]
    print(json.dumps({"mounts": mounts, "output": f"{fullest} is the fullest, {percent} % used"}))
    return 2 if percent >= limits.crit else 1 if percent >= limits.warn else 0


if __name__ == "__main__":
    sys.exit(main())
