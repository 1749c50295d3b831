"""budget.py: clients that ask for more than their share, and what they do to others.

  attack KIND ADDRESS SECONDS [UID GID]
                                 ADDRESS: the path of the control socket, or HOST:PORT; prints how many
                                 bytes were sent, or connections opened
  record SOCKET FILE             writes the time of each WATCHDOG=1 that comes
  ask SOCKET SECONDS             how long each of root's requests takes; the longest, and how many
  healthz HOST:PORT SECONDS      the same for requests of /healthz
"""
import os, select, socket, sys, time

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
        s.settimeout(5)
        s.connect((host, int(port)))
    s.setblocking(False)
    return s


def flood(address, seconds, line, reads, at_once=200):
    """Connections that send the same line as fast as it is taken; those that are closed come again."""
    conns, end, sent = [], time.monotonic() + seconds, 0
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
                    sent += s.send(line * at_once)
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
    """Connections that come and ask nothing, as many as can be had."""
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


HTTP = b"GET /v1/state HTTP/1.1\r\nHost: localhost\r\n\r\n"
KINDS = {
    "notifications": lambda a, s: flood(a, s, GET, False),
    "gets": lambda a, s: flood(a, s, GET_ID, True, 20),
    "unread": lambda a, s: flood(a, s, GET_ID, False, 20),
    "status": lambda a, s: flood(a, s, STATUS, True),
    "modules": lambda a, s: flood(a, s, MODULES, True, 5),
    "watches": lambda a, s: flood(a, s, WATCH, True, 20),
    "silent": connect_only,
    "http": lambda a, s: flood(a, s, HTTP, True, 1),
    "http-slow": lambda a, s: flood(a, s, HTTP, False, 1),
}


def record(path, file):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(path)
    os.chmod(path, 0o666)
    with open(file, "a", buffering=1) as out:
        while True:
            if b"WATCHDOG=1" in s.recv(4096).split(b"\n"):
                out.write("%.3f\n" % time.time())


def ask(address, seconds, line, is_answer):
    longest, answered, failed, end = 0.0, 0, 0, time.monotonic() + seconds
    while time.monotonic() < end:
        began, data, s = time.monotonic(), b"", None
        try:
            s = dial(address)
            s.setblocking(True)
            s.settimeout(5)
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
