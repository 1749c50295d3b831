#!/usr/bin/env python3
"""terminal.py MODE VIGILD CONF WAIT [COMMAND]...: runs vigild on a separate terminal.

MODE is `foreground` (vigild and its log on the terminal), `console` (vigild -C, with each COMMAND typed at its
prompt) or `background` (started as by a shell with `&`, on a terminal that stops background processes that
write to it).  WAIT is a shell command that succeeds when the programs have done their work.

Standard output gets the output of the terminal.  Standard error gets a line for each error: vigild was
stopped, or the terminal was given to another process group.
"""
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time

mode, vigild, conf, wait = sys.argv[1:5]
commands = sys.argv[5:]
command = [vigild] + (["-C"] if mode == "console" else []) + ["-c", conf]
said = set()


def complain(text):
    if text not in said:
        said.add(text)
        os.write(2, (text + "\n").encode())


def lead():
    """Acts as the shell: runs vigild as a background job, and reports if the job is stopped."""
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    settings = termios.tcgetattr(0)
    settings[3] |= termios.TOSTOP
    termios.tcsetattr(0, termios.TCSANOW, settings)
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        os.execv(command[0], command)
    signal.signal(signal.SIGTERM, lambda *_: os.kill(job, signal.SIGTERM))
    while True:
        _, status = os.waitpid(job, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            os._exit(0)
        os.write(1, b"JOB STOPPED BY %d" % os.WSTOPSIG(status))
        os.kill(job, signal.SIGKILL)


shown_by_vigild = b""
pid, terminal = pty.fork()
if pid == 0:
    os.environ["TERM"] = "xterm"
    if mode == "background":
        lead()
    os.execv(command[0], command)
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))


def turn(seconds):
    """Reads the terminal for so many seconds; False: the terminal is closed."""
    global shown_by_vigild
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if select.select([terminal], [], [], 0.05)[0]:
            try:
                data = os.read(terminal, 65536)
            except OSError:
                return False
            if not data:
                return False
            shown_by_vigild += data
        if b"JOB STOPPED" in shown_by_vigild:
            complain("vigild was stopped as it wrote to the terminal from the background")
        ended, status = os.waitpid(pid, os.WNOHANG | os.WUNTRACED)
        if ended and os.WIFSTOPPED(status):
            complain("vigild was stopped by signal %d" % os.WSTOPSIG(status))
            os.kill(pid, signal.SIGCONT)
        elif ended:
            complain("vigild exited")
            return False
        if os.tcgetpgrp(terminal) != pid:
            complain("the terminal was given to another process group")
    return True


def settle():
    """Waits until half a second passes without output, for at most 10 s."""
    for _ in range(20):
        before = len(shown_by_vigild)
        if not turn(0.5) or len(shown_by_vigild) == before:
            return


until = time.monotonic() + 400
happened = False
while not happened and time.monotonic() < until and turn(0.2):
    happened = subprocess.run(["sh", "-c", wait], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0
if not happened:
    complain("the programs did not do their work in time")
settle()
for line in commands:
    os.write(terminal, line.encode() + b"\n")
    settle()
if mode == "console":
    os.write(terminal, b"quit\n")
try:
    os.kill(pid, signal.SIGTERM)
except ProcessLookupError:
    pass
until = time.monotonic() + 300
try:
    while time.monotonic() < until:
        if select.select([terminal], [], [], 0.1)[0]:
            data = os.read(terminal, 65536)
            if not data:
                break
            shown_by_vigild += data
except OSError:
    pass
try:
    os.waitpid(pid, 0)
except ChildProcessError:
    pass
sys.stdout.buffer.write(shown_by_vigild)
