"""master.py CERTIFICATE PORTFILE: a fake Icinga 2 master for vigil's icinga module, which accepts each
result.  The file of the certificate also has its key.
"""
import http.server
import os
import ssl
import sys


class Master(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b'{"results":[{"code":200.0,"status":"Successfully processed check result."}]}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    # The TLS handshake runs in the thread of the connection, so that a client that aborts it stops no other.
    def finish_request(self, request, client_address):
        super().finish_request(context.wrap_socket(request, server_side=True), client_address)

    def handle_error(self, *_):
        pass


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1])
server = Server(("127.0.0.1", 0), Master)
with open(sys.argv[2] + ".new", "w") as file:
    print(server.server_port, file=file)
os.rename(sys.argv[2] + ".new", sys.argv[2])
server.serve_forever()
