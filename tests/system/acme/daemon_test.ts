import assert from "node:assert/strict";
import { dataPreface } from "../../../lib/wire/messages.ts";
import { parseProxyHeader } from "../../../lib/wire/proxy_protocol.ts";
import { until } from "../../certificate/helpers.ts";
import { BASE } from "./bench.ts";
import { type ControlLink, openControlLink } from "./control_link.ts";
import { type AcmeDaemon, startAcmeDaemon } from "./daemon.ts";
import { type Seen, visitOnce } from "./visitor.ts";

const CONNECT_EVERY_MS = 20;
const LOAD = 200;

Deno.test("an empty state folder: self-signed, then ACME, and every connection is served", async () => {
  await using daemon = await startAcmeDaemon({ sleepS: 3 });
  const visits: Promise<Seen>[] = [];
  const timer = setInterval(
    () => visits.push(visitOnce(daemon.ports.hub!, BASE)),
    CONNECT_EVERY_MS,
  );
  try {
    await daemon.logged("certificate in use");
    await new Promise((resolve) => setTimeout(resolve, 1000));
  } finally {
    clearInterval(timer);
  }
  const seen = await Promise.all(visits);
  assert.ok(seen.length > 50, String(seen.length));
  for (const { status } of seen) assert.equal(status, "HTTP/1.1 200 OK");
  const kinds = seen.map(({ issuer }) => /Pebble/.test(issuer) ? "acme" : issuer);
  const own = "glossond, waiting for its certificate";
  assert.deepEqual([...new Set(kinds)], [own, "acme"]);
  // A visit that began before the swap may end after one that began behind it, not the reverse.
  assert.ok(kinds.lastIndexOf(own) - kinds.indexOf("acme") < 5);

  const check = await daemon.glossond("cert", "check", "--json");
  assert.equal(check.code, 0, check.stdout + check.stderr);
  const report = JSON.parse(check.stdout);
  assert.equal(report.served, "yes");
  assert.deepEqual(report.names.toSorted(), [`*.${BASE}`, BASE]);
});

Deno.test(`renewal under load: ${LOAD} WebSockets and ${LOAD} spliced streams survive it`, async () => {
  const users = new Map(Array.from({ length: LOAD }, (_, i) => [`user${i}`, ""]));
  await using daemon = await startAcmeDaemon({
    users,
    settings: { MAX_VISITORS_PER_USER: "1000", MAX_VISITORS_PER_ADDRESS: "5000" },
  });
  const { ports } = daemon;
  await daemon.logged("certificate in use");
  const before = await visitOnce(ports.hub!, BASE);

  const ca = await daemon.it.pebble.root();
  const links = await Promise.all(
    [...users.values()].map((token) => openControlLink(ports.hub!, `relay.${BASE}`, { token, ca })),
  );
  const streams = await openStreams(daemon, links[0]!);
  for (const { exchange } of streams) await exchange("before");

  const renew = await daemon.glossond("cert", "renew", "--force");
  assert.equal(renew.code, 0, renew.stdout + renew.stderr);
  assert.match(renew.stdout, /^= renewed/m);
  let after = before;
  await until(async () => {
    after = await visitOnce(ports.hub!, BASE);
    return after.serial !== before.serial;
  }, "the new certificate in new handshakes");
  assert.match(after.issuer, /Pebble/);
  assert.notEqual((await visitOnce(ports.control!, `relay.${BASE}`)).serial, before.serial);

  // Each old connection still carries messages both ways.
  await Promise.all(links.map(async (link) => {
    link.send({ type: "pool", size: 1 });
    await link.next("tickets");
  }));
  await Promise.all(streams.map(({ exchange }) => exchange("after")));
  assert.ok(links.every(({ isOpen }) => isOpen()));

  for (const { close } of [...streams, ...links]) close();
});

/** A visitor's stream and the client's end of it. */
interface Stream {
  /** Sends a line each way and checks that it arrives. */
  exchange(line: string): Promise<void>;
  close(): void;
}

/** Has visitors come to the first user, whose client joins each of them. */
async function openStreams(daemon: AcmeDaemon, link: ControlLink): Promise<Stream[]> {
  const hello = await clientHello(`user0.${BASE}`);
  const streams: Stream[] = [];
  for (let i = 0; i < LOAD; i++) {
    const visitor = await Deno.connect({ hostname: "127.0.0.1", port: daemon.ports.hub! });
    await visitor.write(hello);
    const { ticket } = await link.next("connect");
    const client = await Deno.connect({ hostname: "127.0.0.1", port: daemon.ports.data! });
    await client.write(dataPreface(String(ticket)));
    const header = await readAtLeast(client, 16 + hello.length, (bytes) => {
      const parsed = parseProxyHeader(bytes);
      return parsed.state === "header" && bytes.length >= parsed.length + hello.length;
    });
    assert.deepEqual(header.slice(-hello.length), hello);
    streams.push({
      async exchange(line): Promise<void> {
        const bytes = new TextEncoder().encode(line);
        for (const [from, to] of [[visitor, client], [client, visitor]] as const) {
          await from.write(bytes);
          const got = await readAtLeast(to, bytes.length, (all) => all.length >= bytes.length);
          assert.equal(new TextDecoder().decode(got), line);
        }
      },
      close(): void {
        visitor.close();
        client.close();
      },
    });
  }
  return streams;
}

async function readAtLeast(
  conn: Deno.Conn,
  atLeast: number,
  done: (bytes: Uint8Array) => boolean,
): Promise<Uint8Array> {
  let bytes = new Uint8Array(0);
  const chunk = new Uint8Array(16 * 1024);
  while (bytes.length < atLeast || !done(bytes)) {
    const n = await conn.read(chunk);
    if (n === null) throw new Error(`The stream ended after ${bytes.length} bytes`);
    bytes = Uint8Array.from([...bytes, ...chunk.subarray(0, n)]);
  }
  return bytes;
}

/** A real ClientHello for a name: what Deno's own TLS sends first. */
async function clientHello(hostname: string): Promise<Uint8Array> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const tcp = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  const accepted = await listener.accept();
  const client = await Deno.startTls(tcp, { hostname });
  const handshake = client.handshake().catch(() => {});
  const hello = await readAtLeast(
    accepted,
    100,
    (bytes) => bytes.length >= 5 + bytes[3]! * 256 + bytes[4]!,
  );
  accepted.close();
  await handshake;
  client.close();
  return hello;
}
