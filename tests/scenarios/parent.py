"""A parent proxy that asks for a password and finds every name on this machine.

Usage: parent.py [CERTIFICATE KEY]. With a certificate it speaks TLS. Prints its port, then for each CONNECT one line: the
target, and how it was answered.
"""
import base64
import socket
import socketserver
import ssl
import sys
import threading

WANTED = "Basic " + base64.b64encode(b"chot:mat-khau").decode()


TLS = None
if len(sys.argv) > 2:
    TLS = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    TLS.load_cert_chain(*sys.argv[1:3])


def pump(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
    except OSError:
        pass
    for end in (a, b):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Session(socketserver.StreamRequestHandler):
    rbufsize = 0

    def setup(self):
        if TLS:
            self.request = TLS.wrap_socket(self.request, server_side=True)
        super().setup()

    def handle(self):
        method, target, _ = self.rfile.readline().decode().split(" ")
        fields = {}
        while line := self.rfile.readline().decode().strip():
            name, value = line.split(":", 1)
            fields[name.strip().lower()] = value.strip()
        host, port = target.rsplit(":", 1)
        if method != "CONNECT" or "chot-" not in fields.get("via", ""):
            answer = 400
        elif fields.get("proxy-authorization") != WANTED:
            answer = 407
        else:
            answer = 200
        print(target, answer, flush=True)
        if answer != 200:
            self.wfile.write(f"HTTP/1.1 {answer} No\r\nContent-Length: 0\r\n\r\n".encode())
            return
        with socket.create_connection(("127.0.0.1", int(port))) as out:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            threading.Thread(target=pump, args=(out, self.request), daemon=True).start()
            pump(self.request, out)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads = True, True

    def handle_error(self, request, client_address):
        """A client that trusts no certificate of ours is no error to report."""


with Server(("127.0.0.1", 0), Session) as server:
    print(server.server_address[1], flush=True)
    server.serve_forever()
