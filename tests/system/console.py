#!/usr/bin/env python3
"""console.py: tests the consoles of vigild and vigilctl on a pseudo-terminal; run by console.sh.

The class Screen interprets the output like a terminal, so each check sees what a person would see.
The test does not sleep for fixed times: it waits until a text is on the screen, for PATIENCE seconds
at most.
"""
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

VIGILD, VIGILCTL, WORK = os.environ["vigild"], os.environ["vigilctl"], os.environ["work"]
CONF = WORK + "/vigil.conf"
PATIENCE = 300
ROWS, COLUMNS = 40, 200
failed = 0


def check(text, verdict, shown=""):
    global failed
    print(("ok - " if verdict else "not ok - ") + text, flush=True)
    if not verdict:
        failed += 1
        print(shown, file=sys.stderr)


class Screen:
    """The part of a terminal that the consoles use.  Rows that have left the screen at its top are kept."""

    def __init__(self):
        self.rows, self.y, self.x, self.rest = [""], 0, 0, b""
        self.columns = COLUMNS

    def put(self, c):
        if self.x == self.columns:
            self.down()
            self.x = 0
        row = self.rows[self.y].ljust(self.x)
        self.rows[self.y] = row[: self.x] + c + row[self.x + 1 :]
        self.x += 1

    def down(self):
        self.y += 1
        if self.y == len(self.rows):
            self.rows.append("")

    def escape(self, final, n):
        count = int(n) if n.isdigit() else 0
        if final == "A":
            self.y = max(0, self.y - max(1, count))
        elif final == "B":
            self.y = min(len(self.rows) - 1, self.y + max(1, count))
        elif final == "C":
            self.x = min(self.columns - 1, self.x + max(1, count))
        elif final == "D":
            self.x = max(0, min(self.x, self.columns - 1) - max(1, count))
        elif final == "G":
            self.x = max(1, count) - 1
        elif final == "K" and count == 0:
            self.rows[self.y] = self.rows[self.y][: self.x]
        elif final == "J" and count == 0:
            self.rows[self.y] = self.rows[self.y][: self.x]
            del self.rows[self.y + 1 :]
        elif final == "P":
            row = self.rows[self.y]
            self.rows[self.y] = row[: self.x] + row[self.x + max(1, count) :]
        elif final == "@":
            row = self.rows[self.y]
            self.rows[self.y] = row[: self.x] + " " * max(1, count) + row[self.x :]
        elif final not in "mhl":
            raise ValueError("ESC [ %s %s is not known here" % (n, final))

    def play(self, data):
        data, self.rest = self.rest + data, b""
        i = 0
        while i < len(data):
            c = data[i : i + 1]
            if c == b"\x1b":
                found = re.match(rb"\x1b\[([0-9;?]*)([@-~])", data[i:])
                if found is None:
                    self.rest = data[i:]
                    return
                self.escape(found[2].decode(), found[1].decode())
                i += found.end()
                continue
            if c == b"\r":
                self.x = 0
            elif c == b"\n":
                self.down()
            elif c == b"\b":
                self.x = max(0, min(self.x, self.columns - 1) - 1)
            elif c >= b" ":
                self.put(c.decode("latin-1"))
            i += 1

    def lines(self):
        """The rows down to the cursor, or to the last text below it."""
        rows = [row.rstrip() for row in self.rows]
        while len(rows) > self.y + 1 and not rows[-1]:
            rows.pop()
        return rows


class Terminal:
    def __init__(self, *argv, stderr=None, **env):
        self.master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.before = termios.tcgetattr(slave)

        def take_terminal():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        env = dict(os.environ, TERM="xterm", LC_ALL="C.UTF-8", **env)
        self.process = subprocess.Popen(
            argv, stdin=slave, stdout=slave, stderr=stderr or slave, env=env, preexec_fn=take_terminal
        )
        self.slave = slave
        self.screen = Screen()

    def narrow(self, columns):
        self.screen.columns = columns
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
        # The program reads this key after the change of size, so its echo shows that the change is known.
        self.type("x")
        self.wait(lambda: self.last() == "vigil> x")
        self.type("\x15")
        self.wait(self.ready)

    def lines(self):
        return self.screen.lines()

    def last(self):
        return self.lines()[-1]

    def read(self):
        """Shows the output that is there or comes soon.  Returns False at the end of all output."""
        if select.select([self.master], [], [], 0.05)[0]:
            try:
                self.screen.play(os.read(self.master, 65536))
            except OSError:
                return False
        return True

    def wait(self, predicate):
        until = time.monotonic() + PATIENCE
        while not predicate():
            if time.monotonic() > until:
                return False
            if not self.read():
                return predicate()
        return True

    def type(self, text):
        os.write(self.master, text.encode())

    def sees(self, what, predicate):
        verdict = self.wait(predicate)
        check(what, verdict, "\n".join(self.lines()[-ROWS:]))
        return verdict

    def shows(self, what, line):
        """Checks that the last line becomes this one."""
        return self.sees(what, lambda: self.last() == line)

    def has(self, pattern):
        return any(re.search(pattern, line) for line in self.lines())

    def ready(self):
        return self.last() == "vigil>"

    def modes_are_back(self):
        return termios.tcgetattr(self.slave)[:4] == self.before[:4]

    def ends(self, what, status=0):
        until = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < until:
            self.wait(lambda: self.process.poll() is not None or not time.sleep(0.02))
        if self.process.poll() is None:
            self.process.kill()
        check(what, self.process.wait() == status, "exit %r\n%s" % (self.process.returncode, self.last()))
        self.close()

    def close(self):
        for fd in (self.master, self.slave):
            try:
                os.close(fd)
            except OSError:
                pass


def ctl(*argv):
    return subprocess.run(
        [VIGILCTL, "-s", WORK + "/control.sock", *argv], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        timeout=PATIENCE, text=True)


def log_line(level):
    """Makes vigild log a line, and returns a pattern for it."""
    ctl("-q", "log", level)
    return r"^\S+Z notice  the log level is now %s$" % level


def edits(t, who):
    """Editing of lines, which is the same in both consoles."""
    t.sees(who + ": the prompt appears", t.ready)
    t.wait(lambda: ctl("get", "/daemons/web/service_state/value").returncode == 0)
    t.type("get /dae\t")
    t.shows(who + ": TAB completes a pointer", "vigil> get /daemons")
    t.type("\t\t")
    t.shows(who + ": TAB completes the next step of a pointer", "vigil> get /daemons/web")
    t.type("\x15expl\tw\t")
    t.shows(who + ": TAB completes a verb, then a daemon", "vigil> explain web")
    t.type("\x15re\t")
    t.sees(who + ": TAB lists the possible words",
           lambda: t.has(r"^register  reload  restart  resume$") and t.last() == "vigil> re")
    t.type("\x15get -r /vigil/version\r")
    t.sees(who + ": a verb is answered", lambda: t.lines()[-2:] == [ctl("get", "-r", "/vigil/version").stdout.strip(), "vigil>"])
    t.type("nonsense\r")
    t.sees(who + ": an unknown verb is reported", lambda: t.has("^unknown verb \"nonsense\"") and t.ready())
    t.type("\x1b[A")
    t.shows(who + ": arrow up shows the previous line", "vigil> nonsense")
    t.type("\x1b[A")
    t.shows(who + ": arrow up shows the line before the previous one", "vigil> get -r /vigil/version")
    t.type("\x1b[B\x1b[B")
    t.shows(who + ": arrow down goes back to the empty line", "vigil>")
    t.type("get /vigil/Xversion\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x7f\x05")
    t.shows(who + ": a line can be edited in its middle", "vigil> get /vigil/version")
    t.type("\x03")
    t.sees(who + ": Ctrl-C discards the line",
           lambda: t.lines()[-2:] == ["vigil> get /vigil/version^C", "vigil>"])
    before = len(t.lines())
    t.type("watch /daemons\r")
    t.sees(who + ": watch runs", lambda: t.lines()[before - 1] == "vigil> watch /daemons" and len(t.lines()) > before)
    sees_changes(t, who + ": watch prints changes", before)
    t.type("\x03")
    t.sees(who + ": Ctrl-C ends watch", t.ready)
    check(who + ": Ctrl-C does not discard output of the terminal (NOFLSH is set)",
          t.wait(lambda: termios.tcgetattr(t.slave)[3] & termios.NOFLSH))
    t.type("version\r")
    t.sees(who + ": the verb after watch is answered", lambda: re.match("vigild .*, pid", t.lines()[-2]) and t.ready())
    t.type("\x1b")
    os.kill(t.process.pid, signal.SIGWINCH)
    t.type("[A\x15")
    t.type("log info\rget -r /vigil/pid\rver")
    t.sees(who + ": lines that are typed early are executed in order", lambda: t.last() == "vigil> ver" and
           "vigil> get -r /vigil/pid" in t.lines() and "the log level is now info" in t.lines())
    t.type("\x15")
    t.sees(who + ": Ctrl-U removes a line that was typed early", t.ready)


def flip(t):
    """Makes changes below /daemons: the service stops, and then runs again."""
    for status in ("3", "0"):
        with open(WORK + "/look.new", "w") as file:
            file.write("#!/bin/sh\nexit %s\n" % status)
        os.chmod(WORK + "/look.new", 0o755)
        os.rename(WORK + "/look.new", WORK + "/look")
        ctl("-q", "run", "web")
        value = "stopped" if status == "3" else "running"
        t.wait(lambda: ctl("get", "-r", "/daemons/web/service_state/value").stdout.strip() == value)


def sees_changes(t, what, row):
    """Makes changes until one is printed below that row.  The first ones may be lost, because the watch begins
    after its line is on the screen."""
    def printed():
        return any(re.match(r'{"revision":\d+,"time":"[^"]*","pointer":"/daemon', line) for line in t.lines()[row:])

    until = time.monotonic() + PATIENCE
    while not printed() and time.monotonic() < until:
        flip(t)
        t.read()
    t.sees(what, printed)


def suspends(t, who):
    t.type("get /vig")
    t.shows(who + ": a line is typed before Ctrl-Z", "vigil> get /vig")
    t.type("\x1a")
    _, status = os.waitpid(t.process.pid, os.WUNTRACED)
    check(who + ": Ctrl-Z suspends the program", os.WIFSTOPPED(status))
    check(who + ": Ctrl-Z restores the terminal modes", t.modes_are_back())
    t.wait(lambda: t.last() == "")
    os.killpg(t.process.pid, signal.SIGCONT)
    t.shows(who + ": the line is shown again after SIGCONT", "vigil> get /vig")
    check(who + ": the terminal modes for editing are set again after SIGCONT", t.wait(lambda: not t.modes_are_back()))
    t.type("\x15")
    t.sees(who + ": Ctrl-U removes the line after SIGCONT", t.ready)


def log_above(t):
    t.type("get /vigil/ver")
    t.shows("vigild -C: a line is typed before a log line", "vigil> get /vigil/ver")
    said = log_line("info")
    t.sees("vigild -C: a log line appears above the typed line, which stays complete", lambda: t.has(said) and t.last() == "vigil> get /vigil/ver")
    check("vigild -C: the typed line is on the screen once after a log line", sum(line == "vigil> get /vigil/ver" for line in t.lines()) == 1, "\n".join(t.lines()))
    t.type("sion\r")
    t.sees("vigild -C: the typed line can be continued after a log line", lambda: t.has(r'^"\d+\.\d+\.\d+"$') and t.ready())
    t.narrow(60)
    long = "get /vigil/" + "0123456789" * 12
    t.type(long + "\x1b[D" * 70)
    rows = ["vigil> " + long[:53], long[53:113], long[113:]]
    t.sees("vigild -C: a typed line has three rows, with the cursor in the second", lambda: t.lines()[-3:] == rows and t.screen.y == len(t.lines()) - 2)
    said = log_line("notice")[:55]
    t.sees("vigild -C: a typed line of three rows is complete below a log line", lambda: t.has(said) and t.lines()[-3:] == rows)
    check("vigild -C: a typed line of three rows is on the screen once after a log line", sum(rows[0] == line for line in t.lines()) == 1, "\n".join(t.lines()))
    t.type("\x15")
    t.sees("vigild -C: Ctrl-U removes a typed line of three rows", t.ready)
    t.narrow(COLUMNS)


def waiting(t):
    return struct.unpack("i", fcntl.ioctl(t.master, termios.FIONREAD, b"1234"))[0]


def stands_still(t):
    """The output of the terminal is not read; this does not delay the daemons."""
    t.type("get\r" * 500 + "watch\r")
    until = time.monotonic() + PATIENCE
    before = int(ctl("get", "/runs/web/ticks").stdout)
    while int(ctl("get", "/runs/web/ticks").stdout) < before + 5 and time.monotonic() < until:
        time.sleep(0.05)
    check("vigild -C: a terminal whose output is not read delays no daemon", time.monotonic() < until)
    until = time.monotonic() + PATIENCE
    while waiting(t) < 1024 and time.monotonic() < until:
        time.sleep(0.05)
    check("vigild -C: at least 1024 bytes wait in a terminal whose output is not read", waiting(t) >= 1024,
          "only %d bytes were waiting" % waiting(t))
    t.sees("vigild -C: the console continues when its output is read again", lambda: t.last() == "" and "vigil> watch" in t.lines())
    t.type("\x03")
    t.sees("vigild -C: Ctrl-C ends watch after the output is read again", t.ready)


def vigild_console():
    t = Terminal(VIGILD, "-C", "-c", CONF)
    t.sees("vigild -C: the daemons are up", lambda: t.has("vigil .* is up with 1 daemon") and t.ready())
    edits(t, "vigild -C")
    log_above(t)
    suspends(t, "vigild -C")
    stands_still(t)
    many_watches(t)
    t.type("\x04")
    t.sees("vigild -C: Ctrl-D stops vigild", lambda: t.has("notice  stopped$"))
    t.wait(t.modes_are_back)
    check("vigild -C: Ctrl-D restores the terminal modes", t.modes_are_back())
    t.ends("vigild -C: Ctrl-D makes vigild exit with 0")
    for word in "quit", "exit":
        t = Terminal(VIGILD, "-C", "-c", CONF)
        t.sees("vigild -C: the prompt appears before quit or exit", t.ready)
        t.type(word + "\r")
        t.ends(word + " stops vigild -C")
    t = Terminal(VIGILD, "-C", "-c", CONF)
    t.sees("vigild -C: the prompt appears before watch", t.ready)
    t.type("watch\r")
    t.sees("vigild -C: watch runs before the terminal is closed", lambda: t.has("^vigil> watch"))
    os.close(t.slave)
    os.close(t.master)
    t.ends("vigild -C: vigild stops when its terminal is closed")


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as file:
        return [int(word) for word in file.read().split()]


def console_of(vigild):
    """Returns the pid of the child that is the console of vigild; other children may be commands of daemons."""
    for pid in children(vigild):
        with open("/proc/%d/cmdline" % pid, "rb") as file:
            if b"vigil-console" in file.read():
                return pid
    return 0


def session_is_empty(leader):
    """Whether no process of that session is left.  Zombies do not count."""
    for name in os.listdir("/proc"):
        try:
            with open("/proc/%s/stat" % name) as file:
                words = file.read().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue
        if int(words[3]) == leader and words[0] != "Z":
            return False
    return True


def open_prompt(what, *argv, stderr=None):
    t = Terminal(*argv, stderr=stderr)
    t.sees(what + ": the prompt appears", lambda: t.ready() and not t.modes_are_back())
    return t


def ends_well(t, what, status):
    """Checks that the process ends with this status, restores the terminal modes and leaves no process behind."""
    t.wait(lambda: t.process.poll() is not None)
    check(what + ": the terminal modes are restored", t.wait(t.modes_are_back))
    check(what + ": no process is left", t.wait(lambda: session_is_empty(t.process.pid)))
    t.ends(what + ": the exit status is %d" % status, status)


def ends_of_vigild_console():
    for signo, text in (signal.SIGKILL, "9"), (signal.SIGSEGV, "11"):
        what = "vigild -C whose console is ended by signal " + text
        t = open_prompt(what, VIGILD, "-C", "-c", CONF)
        os.kill(console_of(t.process.pid), signo)
        t.sees(what + " logs the signal", lambda: t.has("error   the console was killed by signal " + text))
        ends_well(t, what, 1)
    what = "vigild -C that gets SIGTERM"
    t = open_prompt(what, VIGILD, "-C", "-c", CONF)
    t.process.terminate()
    t.sees(what + " stops", lambda: t.has("notice  stopped$"))
    ends_well(t, what, 0)
    what = "vigild -C that gets SIGTERM while its console is stopped"
    t = open_prompt(what, VIGILD, "-C", "-c", CONF)
    os.kill(console_of(t.process.pid), signal.SIGSTOP)
    t.process.terminate()
    ends_well(t, what, 0)
    what = "vigild -C whose console gets SIGTERM"
    t = open_prompt(what, VIGILD, "-C", "-c", CONF)
    os.kill(console_of(t.process.pid), signal.SIGTERM)
    ends_well(t, what, 0)
    what = "vigild -C that is killed"
    t = open_prompt(what, VIGILD, "-C", "-c", CONF)
    t.process.kill()
    ends_well(t, what, -signal.SIGKILL)
    what = "vigild -C with a watch that gets SIGTERM"
    t = open_prompt(what, VIGILD, "-C", "-c", CONF)
    t.type("watch\r")
    t.sees(what + ": watch runs", lambda: t.has("^vigil> watch"))
    t.process.terminate()
    ends_well(t, what, 0)


def ends_of_vigilctl_console():
    what = "vigilctl console that is killed"
    t = open_prompt(what, VIGILCTL, "-c", CONF, "console")
    t.process.kill()
    ends_well(t, what, -signal.SIGKILL)


def where_it_runs():
    with open(WORK + "/err", "w") as err:
        t = open_prompt("vigild -C", VIGILD, "-C", "-c", CONF, stderr=err)
    console = console_of(t.process.pid)
    check("vigild -C: the console is a separate process", console > 0)
    check("vigild -C: the console is in the session of vigild", os.getsid(console) == t.process.pid)
    check("vigild -C: the console is in the process group of vigild, which gets the signals of keys", os.getpgid(console) == t.process.pid)
    with open("/proc/%d/maps" % t.process.pid) as file:
        check("vigild -C: vigild itself does not load libedit", "libedit" not in file.read())
    with open("/proc/%d/maps" % console) as file:
        check("vigild -C: the console loads libedit", "libedit" in file.read())
    log_line("info")
    with open(WORK + "/err") as file:
        check("vigild -C: the log is written to standard error if that is not the terminal",
              t.wait(lambda: file.seek(0) == 0 and "the log level is now info" in file.read()))
    check("vigild -C: a log on another standard error is not on the terminal", not t.has("the log level is now info"))
    t.type("\x04")
    ends_well(t, "vigild -C with another standard error, after Ctrl-D", 0)


def stopped_console():
    """A stopped console: vigild does not wait for it, and the console reports how many lines were lost."""
    what = "vigild -C with a stopped console"
    t = open_prompt(what, VIGILD, "-C", "-c", CONF)
    t.type("watch /daemons\r")
    sees_changes(t, what + ": watch prints changes", len(t.lines()))
    console = console_of(t.process.pid)
    os.kill(console, signal.SIGSTOP)
    flood = subprocess.Popen([VIGILCTL, "-q", "-s", WORK + "/control.sock", "console"], stdin=subprocess.PIPE, text=True)
    before = int(ctl("get", "/runs/web/ticks").stdout)
    flood.communicate("log info\nlog notice\n" * 7000)
    check(what + ": another console is answered", flood.returncode == 0)
    until = time.monotonic() + PATIENCE
    while int(ctl("get", "/runs/web/ticks").stdout) < before + 5 and time.monotonic() < until:
        time.sleep(0.05)
    check(what + ": the daemons still tick", time.monotonic() < until)
    os.kill(console, signal.SIGCONT)
    said = log_line("info")
    t.wait(lambda: t.has(said))
    until = time.monotonic() + PATIENCE
    while not t.has("^.\\d+ lines were lost") and time.monotonic() < until:
        log_line("info")
        t.read()
    check(what + ": lost lines are counted", t.has(r"^\(\d+ lines were lost, because the console did not read them in time\)$"))
    t.type("\x03")
    t.sees(what + ": watch runs until Ctrl-C", t.ready)
    t.type("get -r /vigil/pid\r")
    t.sees(what + ": the verb after watch is answered", lambda: t.lines()[-2] == str(t.process.pid) and t.ready())
    t.type("\x04")
    ends_well(t, what, 0)


def many_watches(t):
    """Each Ctrl-C ends a watch in vigild, too, so any number of watches can follow each other."""
    for _ in range(40):
        row = len(t.lines())
        t.type("watch /nothing\r")
        t.wait(lambda: t.last() == "" and len(t.lines()) > row)
        t.type("\x03")
        t.wait(t.ready)
    t.type("watch /daemons\r")
    sees_changes(t, "vigild -C: a watch prints changes after forty others", len(t.lines()))
    t.type("\x03")
    t.sees("vigild -C: Ctrl-C ends a watch after forty others", t.ready)


def plain(what, *env):
    """The prompt without editing of lines."""
    t = Terminal("/usr/bin/env", *env, VIGILD, "-C", "-c", CONF)
    t.sees(what + " the prompt is plain, and standard error says so", lambda: t.has("^vigild: the prompt has no line editing: ") and t.ready())
    t.wait(lambda: t.has("vigil .* is up with 1 daemon") and t.ready())
    t.type("get -r /vigil/version\n")
    t.sees(what + " verbs are answered", lambda: t.has(r"^\d+\.\d+\.\d+$") and t.ready())
    said = log_line("info")
    t.sees(what + " a log line is on a separate line", lambda: t.has(said) and t.ready())
    t.type("get /vig")
    t.shows(what + " a line is typed before Ctrl-C", "vigil> get /vig")
    t.type("\x03")
    t.sees(what + " Ctrl-C discards the line", lambda: t.last() == "vigil>" and t.has(r"^vigil> get /vig\^C$"))
    t.type("watch\n")
    t.sees(what + " watch runs", lambda: t.has("^vigil> watch$"))
    t.type("\x03")
    t.sees(what + " Ctrl-C ends watch", t.ready)
    t.type("\x04")
    t.wait(lambda: t.process.poll() is not None)
    check(what + " the terminal modes are restored", t.modes_are_back())
    t.ends(what + " Ctrl-D stops vigild")


def start_vigild():
    vigild = subprocess.Popen([VIGILD, "-c", CONF], stderr=open(WORK + "/log", "a"))
    until = time.monotonic() + PATIENCE
    while ctl("-q", "version").returncode != 0 and time.monotonic() < until:
        time.sleep(0.05)
    return vigild


def stop_vigild(vigild):
    vigild.terminate()
    vigild.wait()


def vigilctl_console():
    t = Terminal(VIGILCTL, "-c", CONF, "console")
    t.sees("vigilctl console starts without vigild, and says so", lambda: t.has("^vigild cannot be reached yet") and t.ready())
    t.type("version\r")
    t.sees("vigilctl console: a verb reports that vigild cannot be reached", lambda: t.has("^vigild cannot be reached at /") and t.ready())
    vigild = start_vigild()
    try:
        edits(t, "vigilctl console")
        suspends(t, "vigilctl console")
        t.type("get /vigil/ver")
        t.shows("vigilctl console: a line is typed before vigild stops", "vigil> get /vigil/ver")
        stop_vigild(vigild)
        t.sees("vigilctl console: the end of vigild is reported above the typed line", lambda: t.has("^vigild has closed the connection; ") and t.last() == "vigil> get /vigil/ver")
        vigild = start_vigild()
        t.type("sion\r")
        t.sees("vigilctl console: the typed verb is answered over a new connection", lambda: t.has("^connected to vigild again$") and t.has(r'^"\d+\.\d+\.\d+"$') and t.ready())
        row = len(t.lines())
        t.type("watch /daemons\r")
        sees_changes(t, "vigilctl console: a watch over the new connection prints changes", row)
        stop_vigild(vigild)
        t.sees("vigilctl console: watch ends when vigild stops", lambda: t.has("^vigild has closed the connection$") and t.ready())
        vigild = start_vigild()
        t.type("\x04")
        t.ends("vigilctl console: Ctrl-D ends the console")
        check("vigilctl console: vigild still runs after Ctrl-D", ctl("version").returncode == 0)
        t = Terminal(VIGILCTL, "-c", CONF, "console")
        t.sees("vigilctl console: the prompt appears before SIGTERM", t.ready)
        t.process.terminate()
        t.wait(lambda: t.process.poll() is not None)
        check("vigilctl console: SIGTERM restores the terminal modes", t.modes_are_back())
        t.ends("vigilctl console: SIGTERM ends the console", -signal.SIGTERM)
    finally:
        stop_vigild(vigild)


if os.environ["with_libedit"] == "yes":
    vigild_console()
    where_it_runs()
    ends_of_vigild_console()
    stopped_console()
    vigilctl_console()
    ends_of_vigilctl_console()
else:
    plain("vigild -C without libedit:")
plain("vigild -C on a dumb terminal:", "TERM=dumb")
sys.exit(failed > 0)
