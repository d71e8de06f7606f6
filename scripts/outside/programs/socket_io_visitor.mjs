// A visitor of that chat: node socket_io_visitor.mjs URL
import { once } from "node:events";
import { io } from "socket.io-client";
import { same, test } from "./cases.mjs";

const url = process.argv[2];

async function open(options = {}, path = "") {
  const socket = io(url + path, { forceNew: true, reconnection: false, ...options });
  await new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("connect_error", reject);
  });
  return socket;
}

for (const transports of [["polling"], ["websocket"], ["polling", "websocket"]]) {
  const by = transports.join(" to ");
  await test(`${by}: everybody hears`, async () => {
    const [a, b] = await Promise.all([open({ transports }), open({ transports })]);
    const heard = new Promise((resolve) => b.once("said", resolve));
    a.emit("say", "hello");
    same(await heard, "hello");
    a.close();
    b.close();
  });
  await test(`${by}: a mebibyte of bytes comes back`, async () => {
    const socket = await open({ transports });
    const sent = Buffer.alloc(1024 * 1024, 7);
    const back = await socket.emitWithAck("ask", sent);
    same(Buffer.compare(sent, back), 0);
    socket.close();
  });
}

await test("the transport becomes WebSocket", async () => {
  const socket = await open();
  if (socket.io.engine.transport.name !== "websocket") {
    await new Promise((resolve) => socket.io.engine.once("upgrade", resolve));
  }
  same(socket.io.engine.transport.name, "websocket");
  socket.close();
});

await test("a namespace with auth", async () => {
  const socket = io(`${url}/room`, { auth: { name: "kaylee" }, forceNew: true });
  same(await new Promise((resolve) => socket.once("welcome", resolve)), "kaylee");
  socket.close();
});

await test("pings go on for five seconds", async () => {
  const socket = await open({ transports: ["websocket"] });
  let pings = 0;
  socket.io.on("ping", () => pings++);
  while (pings < 4) await once(socket.io.engine, "packet").catch(() => {});
  socket.close();
});
process.exit(0);
