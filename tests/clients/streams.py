"""An HTTP/2 server outside, and clients of it behind the gateway: httpx with all lines at once, then curl line by line.

streams.py PROXY GATEWAY_CA CERT KEY HOST LINE...   prints what each side saw, as JSON.
"""

import asyncio
import json
import ssl
import subprocess
import sys

import h2.config
import h2.connection
import h2.events
import httpx

proxy, gateway_ca, cert, key, host, *lines = sys.argv[1:]
seen = {"received": [], "connections": 0, "httpx": [], "curl": []}


async def answer(reader, writer):
    """Keeps every body, and says how long it was."""
    seen["connections"] += 1
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    connection.initiate_connection()
    writer.write(connection.data_to_send())
    bodies = {}
    while data := await reader.read(65536):
        for event in connection.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                bodies[event.stream_id] = b""
            elif isinstance(event, h2.events.DataReceived):
                bodies[event.stream_id] += event.data
                connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded):
                body = bodies.pop(event.stream_id)
                seen["received"].append(body.decode())
                connection.send_headers(event.stream_id, [(":status", "200"), ("content-type", "text/plain")])
                connection.send_data(event.stream_id, str(len(body)).encode(), end_stream=True)
        writer.write(connection.data_to_send())
        await writer.drain()
    writer.close()


async def main():
    outside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    outside.load_cert_chain(cert, key)
    outside.set_alpn_protocols(["h2"])
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=outside)
    url = f"https://{host}:{server.sockets[0].getsockname()[1]}/api"
    inside = ssl.create_default_context(cafile=gateway_ca)
    inside_proxy = httpx.Proxy(proxy, ssl_context=inside if proxy.startswith("https:") else None)
    async with httpx.AsyncClient(http2=True, proxy=inside_proxy, verify=inside, timeout=45) as client:
        # The first makes the connection that the others share.
        answers = [await client.post(url, content=lines[0])]
        answers += await asyncio.gather(*(client.post(url, content=line) for line in lines[1:]))
        seen["httpx"] = [[answer.http_version, answer.status_code] for answer in answers]
    for line in lines:
        curl = ["curl", "-sS", "--http2", "--proxy", proxy, "--proxy-cacert", gateway_ca, "--cacert", gateway_ca]
        curl += ["-w", "%{http_version} %{http_code}", "-o", "/dev/null", "--noproxy", "", "--data-binary", line, url]
        said = await asyncio.to_thread(subprocess.run, curl, capture_output=True, text=True, timeout=40)
        seen["curl"].append(said.stdout or said.stderr)


asyncio.run(asyncio.wait_for(main(), 55))
print(json.dumps(seen))
