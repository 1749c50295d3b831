"""budget.py: clients that request more than their share, and measurements of what that does to others.

  attack KIND ADDRESS SECONDS [UID GID [FILE]]
                                 ADDRESS is the path of the control socket or the pipe, or HOST:PORT; FILE
                                 has the requests, one a line; prints the number of bytes sent or of
                                 connections opened
  record SOCKET FILE             writes the time of each WATCHDOG=1 that arrives, and how long its sender
                                 has waited for a processor so far
  ask SOCKET SECONDS             sends root's requests; prints the longest time and how many got a reply
                                 or failed
  healthz HOST:PORT SECONDS      the same with requests of /healthz
"""
import os, select, socket, struct, sys, time

COUNT = 60
GET = b'{"jsonrpc":"2.0","method":"get"}\n'
GET_ID = b'{"jsonrpc":"2.0","id":1,"method":"get"}\n'
MODULES = b'{"jsonrpc":"2.0","id":1,"method":"modules"}\n'
STATUS = b'{"jsonrpc":"2.0","id":1,"method":"status"}\n'
WATCH = b'{"jsonrpc":"2.0","id":1,"method":"watch"}\n'


def dial(address):
    if "/" in address:
        s = socket.socket(socket.AF_UNIX)
        s.connect(address)
    else:
        host, port = address.rsplit(":", 1)
        s = socket.socket()
        s.settimeout(60)
        s.connect((host, int(port)))
    s.setblocking(False)
    return s


def flood(address, seconds, line, reads, at_once=200):
    """Sends the same lines over many connections as fast as they are accepted.  Each connection begins with
    another line; closed connections are opened again."""
    conns, end, sent, turn = [], time.monotonic() + seconds, 0, 0
    lines = [line] if isinstance(line, bytes) else line
    while time.monotonic() < end:
        while len(conns) < COUNT:
            try:
                conns.append(dial(address))
            except OSError:
                break
        readable, writable, _ = select.select(conns if reads else [], conns, [], 0.1)
        for s in list(conns):
            try:
                if s in writable:
                    turn += 1
                    sent += s.send(lines[turn % len(lines)] * at_once)
                if s in readable:
                    if not s.recv(1 << 20):
                        raise OSError
            except BlockingIOError:
                pass
            except OSError:
                conns.remove(s)
                s.close()
        if not writable:
            time.sleep(0.01)
    return sent


def connect_only(address, seconds):
    """Opens as many connections as possible and sends nothing."""
    conns, opened, end = [], 0, time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            conns.append(dial(address))
            opened += 1
        except OSError:
            time.sleep(0.01)
        if len(conns) > 400:
            conns.pop(0).close()
    return opened


def pipe_flood(path, seconds, lines):
    """Writes lines into the pipe as fast as it accepts them."""
    fd = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    sent, turn, end = 0, 0, time.monotonic() + seconds
    while time.monotonic() < end:
        select.select([], [fd], [], 0.1)
        turn += 1
        try:
            sent += os.write(fd, lines[turn % len(lines)] * 20)
        except BlockingIOError:
            time.sleep(0.001)
    return sent


def refused(address, seconds):
    """Opens connections that the mode of the socket refuses, so that vigild sees none of them."""
    tries, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            dial(address).close()
            return 0
        except PermissionError:
            tries += 1
            time.sleep(0.001)
    return tries


def asked(with_id):
    """Returns the requests of the lines of FILE, which are "VERB PARAMETERS"."""
    lines = [line.rstrip("\n").partition(" ") for line in open(FILE) if line.strip()]
    form = '{"jsonrpc":"2.0",%s"method":"%s","params":%s}\n'
    return [(form % ('"id":1,' if with_id else "", verb, params)).encode() for verb, _, params in lines]


def paths():
    return [b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % line.strip().encode() for line in open(FILE)]


HTTP = b"GET /v1/state HTTP/1.1\r\nHost: localhost\r\n\r\n"
KINDS = {
    "notifications": lambda a, s: flood(a, s, GET, False),
    "gets": lambda a, s: flood(a, s, GET_ID, True, 20),
    "unread": lambda a, s: flood(a, s, GET_ID, False, 20),
    "status": lambda a, s: flood(a, s, STATUS, True),
    "modules": lambda a, s: flood(a, s, MODULES, True, 5),
    "watches": lambda a, s: flood(a, s, WATCH, True, 20),
    "silent": connect_only,
    "refused": refused,
    "requests": lambda a, s: flood(a, s, asked(True), True, 20),
    "requests-unread": lambda a, s: flood(a, s, asked(True), False, 20),
    "request-notifications": lambda a, s: flood(a, s, asked(False), True, 20),
    "pipe": lambda a, s: pipe_flood(a, s, [line.encode() for line in open(FILE)]),
    "http-paths": lambda a, s: flood(a, s, paths(), True, 1),
    "http": lambda a, s: flood(a, s, HTTP, True, 1),
    "http-slow": lambda a, s: flood(a, s, HTTP, False, 1),
}


def waited(pid):
    try:
        return int(open("/proc/%d/schedstat" % pid).read().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0


def record(path, file):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    s.bind(path)
    os.chmod(path, 0o666)
    with open(file, "a", buffering=1) as out:
        while True:
            data, ancillary, _, _ = s.recvmsg(4096, socket.CMSG_SPACE(12))
            pid = struct.unpack("iii", ancillary[0][2][:12])[0] if ancillary else 0
            if b"WATCHDOG=1" in data.split(b"\n"):
                out.write("%.3f %.3f\n" % (time.time(), waited(pid)))


def ask(address, seconds, line, is_answer):
    longest, answered, failed, end = 0.0, 0, 0, time.monotonic() + seconds
    while time.monotonic() < end:
        began, data, s = time.monotonic(), b"", None
        try:
            s = dial(address)
            s.setblocking(True)
            s.settimeout(60)
            s.sendall(line)
            while not data.endswith(b"\n"):
                more = s.recv(65536)
                if not more:
                    break
                data += more
        except OSError:
            pass
        if s:
            s.close()
        if is_answer(data):
            answered += 1
        else:
            failed += 1
        longest = max(longest, time.monotonic() - began)
        time.sleep(0.1)
    print("%.3f %d %d" % (longest, answered, failed))


verb, rest = sys.argv[1], sys.argv[2:]
FILE = rest[5] if len(rest) > 5 else None
if verb == "attack":
    if len(rest) > 3:
        os.setgroups([])
        os.setgid(int(rest[4]))
        os.setuid(int(rest[3]))
    print(KINDS[rest[0]](rest[1], float(rest[2])))
elif verb == "record":
    record(*rest)
elif verb == "ask":
    ask(rest[0], float(rest[1]), b'{"jsonrpc":"2.0","id":1,"method":"version"}\n',
        lambda data: b'"result"' in data)
elif verb == "healthz":
    ask(rest[0], float(rest[1]), b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        lambda data: data.endswith(b"ok\n"))
