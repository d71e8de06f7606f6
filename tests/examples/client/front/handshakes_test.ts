import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { connect as connectSocket, type Socket } from "node:net";
import { VISITOR_LIMITS } from "../../../../examples/client/front/limits.ts";
import { siteHandler } from "../../../../examples/client/front/site.ts";
import { writeAll } from "../../../../lib/net/splice.ts";
import { cutRecords, fragments } from "../../../wire/cuts.ts";
import { readRecordings } from "../../../wire/recording.ts";
import type { ManualClock } from "../../../manual_clock.ts";
import { HttpExchange } from "../http_exchange.ts";
import { type Fronted, fronted as frontedHandler, HOSTNAME } from "./fronted.ts";
import { program } from "./programs.ts";

const HELLOS = new Map(readRecordings().map(({ name, bytes }) => [name, bytes]));

/**
 * Runs a test beside a visitor who is there before it, and must be served within and after it: `others`
 * sees to that, and that nobody else is left.
 */
function fronted(
  use: (fronted: Fronted, others: () => Promise<void>) => Promise<void>,
): Promise<void> {
  return frontedHandler(() => siteHandler(() => new Response("here")), async (world) => {
    const other = new HttpExchange(await world.visit());
    async function others(): Promise<void> {
      const alone = world.changes.until(() => world.front.connections <= 1);
      await inTime(alone, world.clock);
      assert.equal((await other.get("/")).body, "here");
    }
    await others();
    await use(world, others);
    await others();
    assert.equal((await new HttpExchange(await world.visit()).get("/")).body, "here");
  });
}

/** The runtime's TLS does not look at the version first where nothing else fits either. */
const TOO_OLD = /alert number (?:70|40)\n/;

/** Hellos that no server can agree with, as `openssl s_client` makes them, and what it is told. */
const DISAGREE: [string, string[], RegExp][] = [
  ["a protocol that is not HTTP", ["-alpn", "foo"], /no application protocol.*alert number 120/s],
  [
    "TLS 1.1 only",
    ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
    TOO_OLD,
  ],
  [
    "TLS 1.0 only",
    ["-tls1", "-cipher", "ALL:@SECLEVEL=0"],
    TOO_OLD,
  ],
  ["no common group", ["-groups", "ffdhe2048"], /alert handshake failure.*alert number 40/s],
  [
    "no common cipher",
    ["-tls1_2", "-cipher", "AES128-SHA"],
    /alert handshake failure.*alert number 40/s,
  ],
  [
    "a cipher for another kind of key",
    ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"],
    /alert handshake failure.*alert number 40/s,
  ],
  [
    "no common signature",
    ["-tls1_3", "-sigalgs", "RSA-PSS+SHA256"],
    /alert handshake failure.*alert number 40/s,
  ],
];

for (const [what, args, alert] of DISAGREE) {
  Deno.test(`Front sends an alert to a visitor with ${what}, and others go on`, () =>
    fronted(async ({ port }) => {
      for (let i = 0; i < 5; i++) {
        const { text, code } = await program("openssl", [
          ...["s_client", "-connect", `127.0.0.1:${port}`, "-servername", HOSTNAME, ...args],
        ]);
        assert.match(text, alert);
        assert.equal(code, 1);
      }
    }));
}

/** What may come in the segment of a good hello, behind it. */
const BEHIND: [string, ArrayLike<number> | string][] = [
  ["a fatal alert", [0x15, 3, 1, 0, 2, 2, 0x30]],
  ["a warning", [0x15, 3, 1, 0, 2, 1, 0]],
  ["a torn alert", [0x15, 3, 1, 0, 2]],
  ["plain text", "GET / HTTP/1.1\r\n\r\n"],
  ["a second hello", [...HELLOS.get("openssl-default")!]],
  ["application data", [0x17, 3, 3, 0, 4, 1, 2, 3, 4]],
  ["a record that is too long", [0x16, 3, 3, 0xff, 0xff, 1, 2, 3, 4]],
  ["a record of nothing", [0x16, 3, 3, 0, 0]],
  ["a record of no kind", [0x63, 3, 3, 0, 1, 0]],
  ["NULs", "\0".repeat(1000)],
  ["a change of cipher", [0x14, 3, 3, 0, 1, 1]],
];

/** Waits for what may take the front a limit of time to bring about. */
async function inTime(done: Promise<unknown>, clock: ManualClock): Promise<void> {
  let over = false;
  done.then(() => over = true);
  while (true) {
    await new Promise((look) => setTimeout(look, 5));
    if (over) return;
    clock.advance(VISITOR_LIMITS.linger);
  }
}

/** The end of a connection, however it comes. */
function ended(conn: Deno.Conn): Promise<unknown> {
  return new Response(conn.readable).arrayBuffer().catch(() => {});
}

for (const [what, behind] of BEHIND) {
  Deno.test(`Front survives ${what} in the segment of a good hello`, () =>
    fronted(async ({ connect, clock }, others) => {
      const tail = typeof behind === "string" ? Buffer.from(behind) : Uint8Array.from(behind);
      for (const name of ["openssl-default", "openssl-tls12", "chromium-default"]) {
        const conn = await connect();
        await writeAll(conn, Uint8Array.of(...HELLOS.get(name)!, ...tail));
        await conn.closeWrite();
        const first = new Uint8Array(1);
        await conn.read(first);
        // A flight of the server's, or an alert.
        assert.ok(first[0] === 0x16 || first[0] === 0x15, `${name}: ${first[0]}`);
        await inTime(ended(conn), clock);
        await others();

        const left = await connect();
        await writeAll(left, Uint8Array.of(...HELLOS.get(name)!, ...tail));
        left.close();
        await others();
      }
    }));
}

Deno.test("Front survives every recorded hello, whole, cut off, in pieces and with a reset", () =>
  fronted(async ({ connect, port, clock }, others) => {
    for (const hello of HELLOS.values()) {
      for (const length of [hello.length, hello.length - 1, 6, 5, 1]) {
        const conn = await connect();
        await writeAll(conn, hello.subarray(0, length));
        conn.close();
      }
      const socket = await dial(port);
      socket.write(hello);
      socket.resetAndDestroy();
      const conn = await connect();
      await writeAll(conn, cutRecords(fragments(hello), 1, 4, 50));
      await conn.closeWrite();
      await inTime(ended(conn), clock);
      await others();
    }
  }));

function dial(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket({ host: "127.0.0.1", port }, () => resolve(socket));
    socket.on("error", reject);
  });
}
