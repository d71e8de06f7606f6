// A visitor of an echo server with npm ws: node ws_visitor.mjs URL
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { WebSocket } from "ws";
import { same, test } from "./cases.mjs";

const url = process.argv[2].replace(/^http/, "ws");

async function open(path = "/", protocols = [], options = {}) {
  const socket = new WebSocket(url + path, protocols, options);
  socket.messages = [];
  socket.on("message", (data, binary) => socket.messages.push(binary ? data : data.toString()));
  await once(socket, "open");
  return socket;
}

async function closed(socket) {
  const [code, reason] = await once(socket, "close");
  return [code, reason.toString()];
}

async function echo(socket, message) {
  socket.send(message);
  const [data, binary] = await once(socket, "message");
  return binary ? data : data.toString();
}

for (
  const [size, compress] of [
    [0, true],
    [1, true],
    [125, false],
    [126, false],
    [65_535, false],
    [65_536, true],
    [16_777_216, false],
    [68_157_440, false],
  ]
) {
  await test(`binary of ${size} bytes${compress ? ", compressed" : ""}`, async () => {
    const socket = await open("/", [], { perMessageDeflate: compress });
    const sent = randomBytes(size);
    const back = await echo(socket, sent);
    same(Buffer.compare(sent, back), 0);
    socket.close();
    await closed(socket);
  });
}

await test("text in many scripts", async () => {
  const socket = await open();
  same(await echo(socket, "κόσμε 日本 🎉 \u0000"), "κόσμε 日本 🎉 \u0000");
  socket.close();
});

await test("a message in 1,000 fragments", async () => {
  const socket = await open("/", [], { perMessageDeflate: false });
  for (let i = 0; i < 1000; i++) socket.send(`${i};`, { fin: i === 999 });
  const [data] = await once(socket, "message");
  same(data.toString(), Array.from({ length: 1000 }, (_, i) => `${i};`).join(""));
  socket.close();
});

await test("2,000 messages keep their order", async () => {
  const socket = await open();
  for (let i = 0; i < 2000; i++) socket.send(String(i));
  while (socket.messages.length < 2000) await once(socket, "message");
  same(socket.messages.every((message, i) => message === String(i)), true);
  socket.close();
});

await test("ping and pong with content", async () => {
  const socket = await open();
  socket.ping("are you there");
  const [data] = await once(socket, "pong");
  same(data.toString(), "are you there");
  socket.close();
});

await test("the first of two protocols", async () => {
  const socket = await open("/", ["chat.v2", "chat.v1"]);
  same(socket.protocol, "chat.v2");
  socket.close();
});

for (const code of [1000, 1001, 1003, 1007, 1008, 1009, 1011, 1012, 1013, 3000, 3999, 4000, 4999]) {
  await test(`the server closes with ${code}`, async () => {
    const socket = new WebSocket(`${url}/close/${code}`);
    same(await closed(socket), [code, "as asked"]);
  });
  await test(`the visitor closes with ${code}`, async () => {
    const socket = await open();
    socket.close(code, "my wish");
    same(await closed(socket), [code, "my wish"]);
  });
}

await test("the server drops the connection: 1006", async () => {
  const socket = new WebSocket(`${url}/drop`);
  same((await closed(socket))[0], 1006);
});

await test("50 sockets at once", async () => {
  const sockets = await Promise.all(Array.from({ length: 50 }, () => open()));
  const echoes = await Promise.all(sockets.map((socket, i) => echo(socket, `n${i}`)));
  same(echoes, sockets.map((_, i) => `n${i}`));
  for (const socket of sockets) socket.close();
});
process.exit(0);
