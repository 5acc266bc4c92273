"""An SMTP relay with STARTTLS and AUTH, for what the small stand-in does not speak.

Usage: relay.py CERT KEY. Prints its port, then one JSON object for each mail it took.
"""
import base64
import json
import socketserver
import ssl
import sys

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])


class Session(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.replace("\n", "\r\n").encode() + b"\r\n")
        self.wfile.flush()

    def handle(self):
        tls, user, to, commands = False, None, [], []
        self.say("220 relay.example.vn ESMTP")
        while line := self.rfile.readline():
            line = line.decode("utf-8", "replace").rstrip("\r\n")
            verb = line.split(":")[0].split(" ")[0].upper()
            commands.append(verb)
            if verb == "EHLO":
                self.say("250-relay.example.vn\n250-8BITMIME\n250-SIZE 50000000\n" + ("250 AUTH PLAIN" if tls else "250 STARTTLS"))
            elif verb == "STARTTLS":
                self.say("220 2.0.0 go")
                self.request = context.wrap_socket(self.request, server_side=True)
                self.rfile, self.wfile, tls = self.request.makefile("rb"), self.request.makefile("wb"), True
            elif verb == "AUTH":
                words = line.split(" ")
                if len(words) < 3:
                    self.say("334 ")
                    words.append(self.rfile.readline().decode().strip())
                _, name, secret = base64.b64decode(words[2]).decode().split("\0")
                user = name if secret == "mat-khau" else None
                self.say("235 2.7.0 welcome" if user else "535 5.7.8 no")
            elif verb == "RCPT":
                to.append(line.split("<")[1].split(">")[0])
                self.say("250 2.1.5 OK")
            elif verb == "DATA":
                self.say("354 go")
                mail = b""
                while (part := self.rfile.readline()) not in (b".\r\n", b""):
                    mail += part[1:] if part.startswith(b".") else part
                print(json.dumps({"tls": tls, "user": user, "to": to, "commands": commands, "mail": mail.decode("utf-8", "replace")}), flush=True)
                to = []
                self.say("250 2.0.0 taken")
            elif verb == "QUIT":
                self.say("221 2.0.0 bye")
                return
            else:
                self.say("250 2.0.0 OK")


socketserver.ThreadingTCPServer.daemon_threads = True
with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as server:
    print(server.server_address[1], flush=True)
    server.serve_forever()
