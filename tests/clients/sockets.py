"""A WebSocket server outside and a client of it behind the gateway, in one process.

sockets.py PROXY GATEWAY_CA CERT KEY HOST LINE...   prints what each side saw, as JSON.
"""

import asyncio
import json
import ssl
import sys

import websockets
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

proxy, gateway_ca, cert, key, host, *lines = sys.argv[1:]
seen = {"received": [], "closed_at_server": None, "extensions": None, "answers": [], "closed": None, "ping": False}


async def answer(socket):
    try:
        async for message in socket:
            seen["received"].append(message if isinstance(message, str) else message.decode())
            await socket.send(message)
    except websockets.ConnectionClosed:
        pass
    seen["closed_at_server"] = socket.close_code


async def main():
    outside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    outside.load_cert_chain(cert, key)
    inside = ssl.create_default_context(cafile=gateway_ca)
    # Compression is offered and taken by both, unless somebody between them prevents it.
    async with serve(answer, "127.0.0.1", 0, ssl=outside) as server:
        port = server.sockets[0].getsockname()[1]
        async with connect(f"wss://{host}:{port}/chat", ssl=inside, proxy=proxy) as socket:
            seen["extensions"] = [extension.name for extension in socket.protocol.extensions]
            try:
                for line in lines:
                    # In fragments, as libraries send what is produced bit by bit.
                    await socket.send([line[: len(line) // 2], "", line[len(line) // 2 :]])
                    seen["answers"].append(await socket.recv())
                    await (await socket.ping())
                    seen["ping"] = True
                await socket.send(lines[0].encode())
                seen["answers"].append((await socket.recv()).decode())
            except websockets.ConnectionClosed as closed:
                seen["closed"] = {"code": closed.rcvd.code, "reason": closed.rcvd.reason}


asyncio.run(asyncio.wait_for(main(), 50))
print(json.dumps(seen))
