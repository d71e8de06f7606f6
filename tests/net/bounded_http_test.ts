import assert from "node:assert/strict";
import { createLog, SILENT_LOG } from "../../lib/log.ts";
import { MAX_CONNECTIONS, serveBoundedHttp } from "../../lib/net/bounded_http.ts";
import { closeQuietly } from "../../lib/net/splice.ts";

/** A server, and how to connect to it. */
async function withServer(story: (port: number, folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  const server = serveBoundedHttp({
    name: "admin",
    hostname: "127.0.0.1",
    port: 0,
    socketPath: `${folder}/a.sock`,
    handler: (request) => new Response(`here: ${new URL(request.url).pathname}`),
    log: SILENT_LOG,
  });
  try {
    await story(server.address.port, folder);
  } finally {
    await server.stop();
    assert.deepEqual([...Deno.readDirSync(folder)], []);
    await Deno.remove(folder);
  }
}

function connect(port: number): Promise<Deno.TcpConn> {
  return Deno.connect({ hostname: "127.0.0.1", port });
}

/** Whether the other side has ended; waits for it. */
async function ends(conn: Deno.Conn): Promise<boolean> {
  return await conn.read(new Uint8Array(1)).catch(() => null) === null;
}

Deno.test("serveBoundedHttp() answers over TCP, from a socket of its owner's alone", () =>
  withServer(async (port, folder) => {
    const response = await fetch(`http://127.0.0.1:${port}/healthz?x=1`);
    assert.equal(await response.text(), "here: /healthz");
    const [entry] = Deno.readDirSync(folder);
    assert.equal((Deno.lstatSync(`${folder}/${entry!.name}`).mode ?? 0) & 0o777, 0o600);
  }));

Deno.test("serveBoundedHttp() has so many connections, and ends the one silent longest for another", () =>
  withServer(async (port) => {
    const conns: Deno.TcpConn[] = [];
    const answered = async (conn: Deno.TcpConn): Promise<void> => {
      await conn.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
      await conn.read(new Uint8Array(4096));
    };
    for (let i = 0; i < MAX_CONNECTIONS; i++) {
      conns.push(await connect(port));
      await answered(conns[i]!);
    }
    await answered(conns[0]!);
    conns.push(await connect(port));
    assert.ok(await ends(conns[1]!));
    // The others are still served.
    for (const i of [0, 2, MAX_CONNECTIONS]) await answered(conns[i]!);
    for (let i = 0; i < 200; i++) conns.push(await connect(port));
    const response = await fetch(`http://127.0.0.1:${port}/`);
    assert.equal(await response.text(), "here: /");
    conns.forEach(closeQuietly);
  }));

Deno.test("serveBoundedHttp() names the settings of a port that is taken, and leaves nothing behind", async () => {
  const folder = await Deno.makeTempDir();
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  assert.throws(() =>
    serveBoundedHttp({
      name: "admin",
      hostname: "127.0.0.1",
      port: taken.addr.port,
      socketPath: `${folder}/a.sock`,
      handler: () => new Response(),
      log: createLog({ level: "error", write() {} }),
    }), /GLOSSOND_ADMIN_PORT/);
  assert.deepEqual([...Deno.readDirSync(folder)], []);
  await Deno.remove(folder);
});
