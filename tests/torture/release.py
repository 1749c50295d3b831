"""release.py ADDRESS COUNT: COUNT clients read the whole state at the same time; ADDRESS is the path of the
control socket, or HOST:PORT of the http module.  Prints the length of the shortest reply.
"""
import socket
import sys
import threading

address, count = sys.argv[1], int(sys.argv[2])
lengths = []


def read():
    if "/" in address:
        s = socket.socket(socket.AF_UNIX)
        s.connect(address)
        s.sendall(b'{"jsonrpc":"2.0","id":1,"method":"get"}\n')
    else:
        host, port = address.rsplit(":", 1)
        s = socket.create_connection((host, int(port)))
        s.sendall(b"GET /v1/state HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    s.settimeout(120)
    length = 0
    while True:
        data = s.recv(1 << 20)
        length += len(data)
        if not data or ("/" in address and data.endswith(b"\n")):
            break
    lengths.append(length)


threads = [threading.Thread(target=read) for _ in range(count)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(min(lengths) if len(lengths) == count else 0)
