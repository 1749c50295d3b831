"""release.py ADDRESS COUNT: COUNT clients read the whole state at the same time; ADDRESS is the path of the
control socket, or HOST:PORT of the http module.  Prints the length of the shortest reply.

release.py ADDRESS COUNT PATH: COUNT clients request PATH from the http module and do not read the reply.
Another client then reads the whole reply, by which time the others have got what they can take.  Prints
"held", and keeps the connections until its input ends.
"""
import socket
import sys
import threading

address, count = sys.argv[1], int(sys.argv[2])
lengths = []


def request(path, buffer=0):
    """Sends a request to the http module.  buffer: the size of the buffer for the reply; 0: the usual one."""
    host, port = address.rsplit(":", 1)
    s = socket.socket()
    if buffer:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    s.connect((host, int(port)))
    s.sendall(b"GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" % path.encode())
    s.settimeout(120)
    return s


def hold(path):
    clients = [request(path, 2048) for _ in range(count)]
    whole = request(path)
    while whole.recv(1 << 20):
        pass
    print("held", len(clients), flush=True)
    sys.stdin.read()


def read():
    if "/" in address:
        s = socket.socket(socket.AF_UNIX)
        s.connect(address)
        s.sendall(b'{"jsonrpc":"2.0","id":1,"method":"get"}\n')
        s.settimeout(120)
    else:
        s = request("/v1/state")
    length = 0
    while True:
        data = s.recv(1 << 20)
        length += len(data)
        if not data or ("/" in address and data.endswith(b"\n")):
            break
    lengths.append(length)


if len(sys.argv) > 3:
    hold(sys.argv[3])
    sys.exit()
threads = [threading.Thread(target=read) for _ in range(count)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(min(lengths) if len(lengths) == count else 0)
