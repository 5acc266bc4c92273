"""Web servers outside, in a network of their own: HTTP on port 80, HTTPS on port 443, something mute on UDP 443.

Usage: outside.py CERT KEY ADDRESS…. Prints "ready", then one JSON line for each request it got.
"""
import http.server
import json
import socket
import socketserver
import ssl
import sys
import threading

cert, key, *addresses = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(cert, key)
telling = threading.Lock()


def tell(what):
    """A line, whole, however many threads tell."""
    with telling:
        print(json.dumps(what), flush=True)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        got = {"host": self.headers["host"], "path": self.path, "body": body.decode(), "at": self.server.name}
        tell(got)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    do_GET = do_POST = answer

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    def __init__(self, address, port):
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.name = f"{address} {port}"
        super().__init__((address, port), Handler)

    def server_bind(self):
        # Not HTTPServer's, which asks DNS for our name.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]

    def finish_request(self, request, client):
        if self.server_address[1] == 443:
            request = context.wrap_socket(request, server_side=True)
        super().finish_request(request, client)

    def handle_error(self, request, client):
        pass


def listen(datagrams, address):
    while True:
        datagrams.recvfrom(2048)
        tell({"datagram": address})


for address in addresses:
    for port in (80, 443):
        threading.Thread(target=Server(address, port).serve_forever, daemon=True).start()
    datagrams = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind((address, 443))
    threading.Thread(target=listen, args=(datagrams, address), daemon=True).start()
print("ready", flush=True)
threading.Event().wait()
