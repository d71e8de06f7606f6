import assert from "node:assert/strict";
import { alertRecord } from "../../../../lib/wire/alert.ts";
import { writeAll } from "../../../../lib/net/splice.ts";
import { VISITOR_LIMITS } from "../../../../examples/client/front/limits.ts";
import { alpn, extension, hello, serverName, u16, vector } from "../../../wire/hello_builder.ts";
import { type Fronted, fronted } from "./fronted.ts";
import { challenge, DOMAIN } from "./challenge.ts";

/** Groups of a key share (RFC 9846 section 4.3.7). */
const X25519 = 0x001d;
const P256 = 0x0017;

/** An order-2 point and one of order 8: whatever they are multiplied with is 0 (RFC 7748 section 6.1). */
const ZERO = new Uint8Array(32);
const ORDER_8 = Uint8Array.fromHex(
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
);

const OFFERS = {
  /** TLS 1.3 and 1.2. */
  versions: extension(43, vector(1, u16(0x0304), u16(0x0303))),
  /** ecdsa_secp256r1_sha256 and rsa_pss_rsae_sha256. */
  signatures: extension(13, vector(2, u16(0x0403), u16(0x0804))),
};

/** TLS_AES_128_GCM_SHA256. */
const SUITES = u16(0x1301);

const NAMED = [serverName(DOMAIN), alpn("acme-tls/1")];

/** What an authority asks with. */
function asked(...extensions: Uint8Array[]): Uint8Array {
  const { versions, signatures } = OFFERS;
  return hello({
    cipherSuites: SUITES,
    extensions: [...NAMED, versions, signatures, ...extensions],
  });
}

/** A share of the group that everybody has; the point is the group's base. */
const SHARE = extension(51, vector(2, u16(X25519), vector(2, [9], new Uint8Array(31))));

function keyShare(group: number, key: Uint8Array): Uint8Array {
  return extension(51, vector(2, u16(group), vector(2, key)));
}

/** A front that proves a domain, and takes nobody's word for anything. */
function proving(use: (fronted: Fronted) => Promise<void>): Promise<void> {
  return fronted(() => () => Promise.reject(new Error("unasked")), async (fronted) => {
    fronted.front.domains.prove(DOMAIN, await challenge());
    await use(fronted);
    assert.ok(await fronted.empty());
    assert.deepEqual(fronted.lines.filter((line) => !/ debug /.test(line)), []);
  });
}

async function readAll(conn: Deno.Conn): Promise<Uint8Array> {
  return new Uint8Array(await new Response(conn.readable).arrayBuffer());
}

Deno.test("Front answers a key share that is of no use with handshake_failure, in a debug line", () =>
  proving(async ({ connect, lines }) => {
    for (
      const [what, sent] of Object.entries({
        "no share": asked(),
        "an empty list": asked(extension(51, vector(2))),
        "no list": asked(extension(51)),
        "another group": asked(keyShare(0x0019, new Uint8Array(133))),
        "a short point": asked(keyShare(X25519, new Uint8Array(31).fill(9))),
        "a point of order 2": asked(keyShare(X25519, ZERO)),
        "a point of order 8": asked(keyShare(X25519, ORDER_8)),
        "a point off the curve": asked(keyShare(P256, new Uint8Array(65).fill(4))),
        "no version": hello({
          cipherSuites: SUITES,
          extensions: [...NAMED, OFFERS.signatures, SHARE],
        }),
        "TLS 1.2 alone": hello({
          cipherSuites: SUITES,
          extensions: [...NAMED, extension(43, vector(1, u16(0x0303))), OFFERS.signatures, SHARE],
        }),
        "no signature of ours": hello({
          cipherSuites: SUITES,
          extensions: [...NAMED, OFFERS.versions, extension(13, vector(2, u16(0x0804))), SHARE],
        }),
        "no cipher suite of ours": hello({
          cipherSuites: u16(0x1302),
          extensions: [...NAMED, OFFERS.versions, OFFERS.signatures, SHARE],
        }),
        "a share longer than its list": asked(
          extension(51, vector(2, u16(X25519), u16(500), [1, 2])),
        ),
      })
    ) {
      const conn = await connect();
      await writeAll(conn, sent);
      assert.deepEqual(await readAll(conn), alertRecord("handshakeFailure"), what);
    }
    assert.equal(lines.filter((line) => /A visitor's handshake broke/.test(line)).length, 13);
  }));

Deno.test("Front gives an authority no longer for a proof than a visitor for a handshake", () =>
  proving(async ({ connect, clock, changes, front, empty }) => {
    // One says half a hello and no more, one reads nothing and stays, one sends without an end.
    const [half, silent, talking] = [await connect(), await connect(), await connect()];
    await writeAll(half, asked(SHARE).subarray(0, 60));
    await writeAll(silent, asked(SHARE));
    await writeAll(talking, asked(SHARE));
    const flight = new Uint8Array(1);
    for (const conn of [silent, talking]) assert.equal(await conn.read(flight), 1);
    await writeAll(talking, new Uint8Array(100_000));
    await changes.until(() => front.connections === 3);
    clock.advance(VISITOR_LIMITS.handshake - 1);
    assert.equal(front.connections, 3);
    clock.advance(1);
    assert.ok(await empty());
  }));

Deno.test("Front proves a domain to a thousand at once, one byte at a time among them", () =>
  proving(async ({ connect }) => {
    const flights = await Promise.all(Array.from({ length: 1_000 }, async (_, i) => {
      const conn = await connect();
      const sent = asked(SHARE);
      if (i % 100 === 0) { for (const byte of sent) await writeAll(conn, Uint8Array.of(byte)); }
      else await writeAll(conn, sent);
      await conn.closeWrite();
      return await readAll(conn);
    }));
    // A ServerHello, its change_cipher_spec, and what is encrypted.
    const types = flights.map((flight) => [flight[0], flight[5], flight[5 + u16At(flight, 3)]]);
    assert.deepEqual(new Set(types.map(String)), new Set(["22,2,20"]));
  }));

function u16At(bytes: Uint8Array, at: number): number {
  return bytes[at]! << 8 | bytes[at + 1]!;
}
