// A server outside, and programs of Node behind the gateway: undici's fetch, a form with a file, and ws.
//
// programs.mjs LIBRARIES PROXY GATEWAY_CA CERT KEY HOST LINE...   prints what each side saw, as JSON.
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { createRequire } from 'node:module';

const [libraries, proxy, gatewayCa, cert, key, host, ...lines] = process.argv.slice(2);
const require = createRequire(`${libraries}/`);
const { ProxyAgent, FormData, fetch } = require('undici');
const { WebSocket, WebSocketServer } = require('ws');
const { HttpsProxyAgent } = require('https-proxy-agent');

const seen = { received: [], fetched: [], uploaded: null, heard: [], answers: [], extensions: null, closed: null };
const ca = readFileSync(gatewayCa);

const outside = https.createServer({ cert: readFileSync(cert), key: readFileSync(key) }, async (request, response) => {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  seen.received.push(Buffer.concat(pieces).toString());
  response.end('ok');
});
// Compression is offered and taken by both, unless somebody between them prevents it.
new WebSocketServer({ server: outside, perMessageDeflate: true }).on('connection', (socket) => {
  socket.on('message', (message) => {
    seen.heard.push(message.toString());
    socket.send(message.toString());
  });
});
await new Promise((listening) => outside.listen(0, '127.0.0.1', listening));
const at = `${host}:${outside.address().port}`;

const dispatcher = new ProxyAgent({ uri: proxy, requestTls: { ca } });
const post = async (path, body) => {
  const answer = await fetch(`https://${at}${path}`, { method: 'POST', body, dispatcher });
  await answer.text();
  return answer.status;
};
for (const line of lines) seen.fetched.push(await post('/chat', line));
const form = new FormData();
form.append('file', new Blob([lines.join('\n')], { type: 'text/plain' }), 'phieu.txt');
seen.uploaded = await post('/upload', form);

const socket = new WebSocket(`wss://${at}/socket`, { agent: new HttpsProxyAgent(proxy), ca });
await new Promise((done, failed) => {
  let next = 0;
  const say = () => (next < lines.length ? socket.send(lines[next++]) : socket.close(1000));
  socket.on('open', () => {
    seen.extensions = socket.extensions;
    say();
  });
  socket.on('message', (message) => {
    seen.answers.push(message.toString());
    say();
  });
  socket.on('close', (code, reason) => done((seen.closed = { code, reason: reason.toString() })));
  socket.on('error', failed);
});

process.stdout.write(JSON.stringify(seen), () => process.exit(0));
