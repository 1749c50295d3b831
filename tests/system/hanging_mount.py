#!/usr/bin/python3
"""hanging_mount.py MOUNTPOINT: a file system whose statfs never answers, until this program ends.

A process that calls statfs(2) on it sleeps uninterruptibly from the moment on that it was sent KILL.
Prints "ready" when it is mounted.  Ends with SIGTERM.
"""
import ctypes
import os
import struct
import sys

INIT, GETATTR, STATFS, DESTROY, INTERRUPT, FORGET, BATCH_FORGET = 26, 3, 17, 38, 36, 2, 42

mountpoint = sys.argv[1]
libc = ctypes.CDLL(None, use_errno=True)
fd = os.open("/dev/fuse", os.O_RDWR)
options = f"fd={fd},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()},allow_other"
if libc.mount(b"hanging", mountpoint.encode(), b"fuse.hanging", 6, options.encode()) != 0:
    error = ctypes.get_errno()
    sys.exit(f"cannot mount {mountpoint}: {os.strerror(error)}")
print("ready", flush=True)

def answer(unique, data=b"", error=0):
    try:
        os.write(fd, struct.pack("<IiQ", 16 + len(data), -error, unique) + data)
    except OSError:
        pass

while True:
    try:
        request = os.read(fd, 1 << 20)
    except OSError:
        break
    _length, opcode, unique, node, uid, gid, pid, _ = struct.unpack_from("<IIQQIIII", request)
    if opcode == INIT:
        answer(unique, struct.pack("<IIIIHHIIHHIIIIIIII", 7, 31, 65536, 0, 16, 16, 131072, 1, 32, 0,
                                   0, 0, 0, 0, 0, 0, 0, 0)[:64])
    elif opcode == GETATTR:
        answer(unique, struct.pack("<QII", 60, 0, 0) +
               struct.pack("<QQQQQQIIIIIIIIII", 1, 0, 0, 0, 0, 0, 0, 0, 0, 0o40755, 2, 0, 0, 0, 4096, 0))
    elif opcode in (STATFS, INTERRUPT, FORGET, BATCH_FORGET):
        pass
    else:
        answer(unique, error=38)
