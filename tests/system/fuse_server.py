#!/usr/bin/python3
"""fuse_server.py MOUNTPOINT GONE: a minimal FUSE server, in which every name is an empty directory.

Prints "ready" when it is mounted.  It stops answering as long as the file GONE exists, like a file server that
cannot be reached.
"""
import ctypes
import os
import struct
import sys
import time

point, gone = sys.argv[1:]
fd = os.open("/dev/fuse", os.O_RDWR)
if ctypes.CDLL(None).mount(b"server", point.encode(), b"fuse", 0, b"fd=%d,rootmode=40000,user_id=0,group_id=0" % fd):
    sys.exit(1)
INIT, LOOKUP, FORGET, GETATTR, STATFS = 26, 1, 2, 3, 17

def attributes(inode):
    return struct.pack("<6Q10I", inode, 0, 0, 0, 0, 0, 0, 0, 0, 0o40755, 2, 0, 0, 0, 4096, 0)

while True:
    request = os.read(fd, 1 << 17)
    _, what, unique, inode = struct.unpack("<IIQQ", request[:24])
    while os.path.exists(gone):
        time.sleep(0.05)
    if what == INIT:
        body = struct.pack("<4I2H2I", 7, 31, 65536, 0, 0, 0, 65536, 1).ljust(64, b"\0")
    elif what == FORGET:
        continue
    elif what == LOOKUP:
        body = struct.pack("<4Q2I", 2, 0, 0, 0, 0, 0) + attributes(2)
    elif what == GETATTR:
        body = struct.pack("<Q2I", 0, 0, 0) + attributes(inode)
    elif what == STATFS:
        body = struct.pack("<5Q10I", 1000, 500, 500, 10, 5, 4096, 255, 4096, 0, 0, 0, 0, 0, 0, 0)
    else:
        os.write(fd, struct.pack("<IiQ", 16, -38, unique))
        continue
    os.write(fd, struct.pack("<IiQ", 16 + len(body), 0, unique) + body)
    if what == INIT:
        print("ready", flush=True)
