"""A page outside and a browser behind the gateway that opens it: headless Chromium with the gateway's CA in its store.

browser.py PROXY GATEWAY_CA CERT KEY HOST LINE NUMBER [ARGUMENT…]   prints what each side saw, as JSON. The browser is
started with the arguments.
"""

import asyncio
import http.server
import json
import os
import queue
import ssl
import subprocess
import sys
import tempfile
import threading

import websockets
from websockets.asyncio.server import serve

proxy, gateway_ca, cert, key, host, line, number, *arguments = sys.argv[1:]
seen = {"received": [], "heard": [], "page": None}
results = queue.Queue()
# Whether the browser asked for the page: once in some dozens of starts Chromium loses its first page ("Message 2 rejected by
# interface blink.mojom.Widget") and asks nobody for it. Such a one is started again.
asked = threading.Event()
STARTS_MAX = 3
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(cert, key)

PAGE = """<!doctype html><meta charset="utf-8"><title>Trang</title><script>
(async () => {
  const [line, number, socketPort] = %s;
  const told = {};
  const post = async (path, body) => (await fetch(path, { method: "POST", body })).status;
  try {
    told.line = await post("/chat", line);
    told.number = await post("/chat", number);
    told.again = await post("/chat", line);
    const form = new FormData();
    form.append("file", new Blob([number], { type: "text/plain" }), "phieu.txt");
    told.upload = await post("/upload", form);
    const socket = new WebSocket(`wss://${location.hostname}:${socketPort}/`);
    told.answers = [];
    told.closed = await new Promise((closed) => {
      socket.onopen = () => socket.send(line);
      socket.onmessage = (message) => { told.answers.push(message.data); socket.send(number); };
      socket.onclose = (event) => closed({ code: event.code, reason: event.reason });
    });
  } catch (error) { told.error = String(error); }
  await post("/result", JSON.stringify(told));
})();
</script>"""


class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def send(self, body, kind="text/plain"):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path != "/":
            return self.send(b"")
        asked.set()
        # Neither line stands in the page as it goes through the gateway to the browser: that way is not judged.
        self.send((PAGE % json.dumps([line, number, self.server.socket_port])).encode(), "text/html; charset=utf-8")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        self.send(b"ok")
        if self.path == "/result":
            results.put(json.loads(body))
        else:
            seen["received"].append(body)

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    def server_bind(self):
        # Not HTTPServer's, which asks DNS for our name.
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.server_address[:2]

    def finish_request(self, request, client):
        super().finish_request(context.wrap_socket(request, server_side=True), client)

    def handle_error(self, request, client):
        pass


async def answer(socket):
    try:
        async for message in socket:
            seen["heard"].append(message)
            await socket.send(message)
    except websockets.ConnectionClosed:
        pass


async def sockets(told):
    async with serve(answer, "127.0.0.1", 0, ssl=context) as server:
        told.put(server.sockets[0].getsockname()[1])
        await asyncio.Event().wait()


def start(home, turn, port):
    return subprocess.Popen(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
        + ["--disable-background-networking", "--disable-component-update", f"--user-data-dir={home}/profile{turn}"]
        + [f"--proxy-server={proxy}", "--proxy-bypass-list=<-loopback>", *arguments, f"https://{host}:{port}/"],
        env={**os.environ, "HOME": home, "XDG_DATA_HOME": f"{home}/.local/share"},
        stdout=subprocess.DEVNULL,
        stderr=open(f"{home}/said", "a"),
    )


def main():
    ports = queue.Queue()
    threading.Thread(target=lambda: asyncio.run(sockets(ports)), daemon=True).start()
    page = Server(("127.0.0.1", 0), Page)
    page.socket_port = ports.get(timeout=20)
    threading.Thread(target=page.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        for store in (".pki/nssdb", ".local/share/pki/nssdb"):
            store = os.path.join(home, store)
            os.makedirs(store)
            subprocess.run(["certutil", "-N", "-d", f"sql:{store}", "--empty-password"], check=True)
            trust = ["certutil", "-A", "-d", f"sql:{store}", "-n", "chot", "-t", "C,,", "-i", gateway_ca]
            subprocess.run(trust, check=True)
        for turn in range(STARTS_MAX):
            browser = start(home, turn, page.server_port)
            try:
                if not asked.wait(timeout=15):
                    continue
                seen["page"] = results.get(timeout=45)
                break
            except queue.Empty:
                break
            finally:
                browser.kill()
                browser.wait()
        if seen["page"] is None:
            said = open(f"{home}/said", errors="replace").read()
            sys.exit(f"the page said nothing; until then: {json.dumps(seen)}\nchromium: {said[-4000:]}")
    print(json.dumps(seen))
    # Threads of the servers are of no interest any more.
    sys.stdout.flush()
    os._exit(0)


main()
