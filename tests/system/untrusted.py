#!/usr/bin/env python3
"""untrusted.py PLUGIN REPORT: starts vigild on a terminal, as root would, with a key in its session
keyring, and waits until the plugin that it runs as another user has written its report.

Prints a line for each thing that the plugin got and must not get.
"""
import ctypes
import os
import pty
import select
import sys
import time

vigild, conf, report = sys.argv[1:4]
libc = ctypes.CDLL(None, use_errno=True)
SYS_add_key, SYS_keyctl, JOIN, SESSION = 248, 250, 1, -3
if os.uname().machine == "x86_64":
    libc.syscall(SYS_keyctl, JOIN, None)
    libc.syscall(SYS_add_key, b"user", b"vigil-secret", b"of root", 7, SESSION)

pid, terminal = pty.fork()
if pid == 0:
    os.execv(vigild, [vigild, "-C", "-c", conf])
until = time.monotonic() + 300
shown = b""
while time.monotonic() < until and not os.path.exists(report):
    if select.select([terminal], [], [], 0.1)[0]:
        shown += os.read(terminal, 65536)
settle = time.monotonic() + 1
while time.monotonic() < settle:
    if select.select([terminal], [], [], 0.1)[0]:
        shown += os.read(terminal, 65536)
os.write(terminal, b"quit\n\x04")
while True:
    try:
        data = os.read(terminal, 65536)
    except OSError:
        break
    if not data:
        break
    shown += data
os.waitpid(pid, 0)
sys.stdout.buffer.write(shown)
