"""CONNECT over HTTP/2 to the proxy over TLS: one connection, a stream for each of the credentials.

tunnels.py PORT CA TARGET CREDENTIALS…   `-` gives none. Prints status and challenges of each answer, as JSON.
"""

import json
import socket
import ssl
import sys

import h2.config
import h2.connection
import h2.events

port, ca, target, *credentials = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
context.set_alpn_protocols(["h2"])
tls = context.wrap_socket(socket.create_connection(("127.0.0.1", int(port))), server_hostname="proxy.example.vn")
connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
connection.initiate_connection()


def answer(given):
    stream = connection.get_next_available_stream_id()
    head = [(":method", "CONNECT"), (":authority", target)]
    connection.send_headers(stream, head + ([] if given == "-" else [("proxy-authorization", given)]))
    while True:
        tls.sendall(connection.data_to_send())
        received = tls.recv(65536)
        if not received:
            sys.exit("the proxy ended the connection")
        for event in connection.receive_data(received):
            if isinstance(event, h2.events.ResponseReceived) and event.stream_id == stream:
                challenges = [value.split(" ")[0] for name, value in event.headers if name == "proxy-authenticate"]
                return [int(dict(event.headers)[":status"]), challenges]


print(json.dumps([answer(given) for given in credentials]))
