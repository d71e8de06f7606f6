import assert from "node:assert/strict";
import { Peeker } from "../../lib/visitor/peek.ts";
import { encodeProxyV2 } from "../../lib/wire/proxy_protocol.ts";
import { writeAll } from "../../lib/net/splice.ts";
import { bytes, extension, hello, serverName, u16 } from "../wire/hello_builder.ts";
import { pipe, utf8 } from "../net/pipe.ts";

const ADDRESSES = {
  source: { address: "192.0.2.1", port: 1234 },
  destination: { address: "198.51.100.1", port: 443 },
};

Deno.test("Peeker.hello() finds the name and keeps every byte, one byte at a time", async () => {
  const bytes = hello({ extensions: [serverName("kaylee.glosson.test")] });
  const [visitor, conn] = pipe();
  const peeker = new Peeker(conn);
  const peeked = peeker.hello();
  for (const byte of bytes) {
    await writeAll(visitor, Uint8Array.of(byte));
    await new Promise((resolve) => setTimeout(resolve));
  }
  assert.deepEqual(await peeked, { kind: "hello", serverName: "kaylee.glosson.test" });
  peeker.done();
  assert.deepEqual(peeker.bytes, bytes);
});

Deno.test("Peeker.proxyHeader() consumes the header and leaves the hello", async () => {
  const bytes = hello({ extensions: [serverName("kaylee.glosson.test")] });
  const header = encodeProxyV2(ADDRESSES);
  for (const cut of [0, 1, 15, 16, header.length, header.length + 3]) {
    const all = new Uint8Array([...header, ...bytes]);
    const [visitor, conn] = pipe();
    await writeAll(visitor, all.subarray(0, cut));
    const peeker = new Peeker(conn);
    const read = peeker.proxyHeader();
    await new Promise((resolve) => setTimeout(resolve));
    await writeAll(visitor, all.subarray(cut));
    assert.deepEqual(await read, { kind: "addresses", addresses: ADDRESSES });
    assert.equal((await peeker.hello()).kind, "hello");
    peeker.done();
    assert.deepEqual(peeker.bytes, bytes);
  }
});

Deno.test("Peeker.proxyHeader() grants a request of SOCKS4 before the header, however it is cut", async () => {
  const socks = bytes([4, 1], u16(4430), [127, 0, 0, 1], "HAProxy", [0]);
  const bytesBehind = hello({ extensions: [serverName("kaylee.glosson.test")] });
  const all = bytes(socks, encodeProxyV2(ADDRESSES), bytesBehind);
  for (const cut of [1, 8, socks.length - 1, socks.length, socks.length + 5]) {
    const [visitor, conn] = pipe();
    await writeAll(visitor, all.subarray(0, cut));
    const peeker = new Peeker(conn);
    const read = peeker.proxyHeader();
    // Not before the whole request is there, and before anything behind it is.
    if (cut < socks.length) await writeAll(visitor, all.subarray(cut, socks.length));
    const granted = new Uint8Array(16);
    assert.equal(await visitor.read(granted), 8);
    assert.deepEqual(granted.subarray(0, 2), Uint8Array.of(0, 90));
    await writeAll(visitor, all.subarray(Math.max(cut, socks.length)));
    assert.deepEqual(await read, { kind: "addresses", addresses: ADDRESSES });
    assert.equal((await peeker.hello()).kind, "hello");
    peeker.done();
    assert.deepEqual(peeker.bytes, bytesBehind);
  }
  // Once: a second request is no PROXY header.
  const [visitor, conn] = pipe();
  await writeAll(visitor, bytes(socks, socks));
  const peeker = new Peeker(conn);
  assert.equal((await peeker.proxyHeader()).kind, "bad-proxy-header");
  peeker.done();
});

Deno.test("Peeker.hello() names what is not a hello", async () => {
  const cases: [string, Uint8Array, boolean, unknown][] = [
    ["http", utf8("GET /a?b HTTP/1.1\r\nHost: X.test:80\r\n\r\n"), false, {
      kind: "http",
      method: "GET",
      target: "/a?b",
      host: "x.test",
    }],
    ["http without host", utf8("GET / HTTP/1.0\r\n\r\n"), false, {
      kind: "http",
      method: "GET",
      target: "/",
    }],
    ["nothing", new Uint8Array(0), true, { kind: "close", reason: "silent" }],
    ["half a hello", hello().subarray(0, 50), true, {
      kind: "close",
      reason: "incomplete",
    }],
  ];
  for (const [name, bytes, ends, expected] of cases) {
    const [visitor, conn] = pipe();
    if (bytes.length > 0) await writeAll(visitor, bytes);
    if (ends) await visitor.closeWrite();
    const peeker = new Peeker(conn);
    assert.deepEqual(await peeker.hello(), expected, name);
    peeker.done();
  }
  for (const garbage of ["SSH-2.0-OpenSSH\r\n", "\0\0\0\0\0\0", "\x80\x2e\x01\x03\x01"]) {
    const [visitor, conn] = pipe();
    await writeAll(visitor, Uint8Array.from(garbage, (c) => c.charCodeAt(0)));
    const peeker = new Peeker(conn);
    const peeked = await peeker.hello();
    peeker.done();
    assert.equal(peeked.kind, "reject", JSON.stringify(garbage));
  }
});

Deno.test("Peeker closes a connection that is silent for too long", async () => {
  const [, conn] = pipe();
  const peeker = new Peeker(conn, { timeoutMs: 1 });
  assert.deepEqual(await peeker.hello(), { kind: "close", reason: "late" });
  assert.equal(conn.closes, 1);
});

Deno.test("Peeker tells who said nothing from who broke off, also behind a PROXY header", async () => {
  const header = encodeProxyV2(undefined);
  const cases: [Uint8Array, "end" | "reset", unknown][] = [
    [header, "end", "silent"],
    [header, "reset", "silent"],
    [new Uint8Array([...header, 22]), "end", "incomplete"],
    [new Uint8Array([...header, 22]), "reset", "reset"],
  ];
  for (const [bytes, how, reason] of cases) {
    const [visitor, conn] = pipe();
    const peeker = new Peeker(conn);
    await writeAll(visitor, bytes);
    assert.equal((await peeker.proxyHeader()).kind, "addresses");
    const peeked = peeker.hello();
    await new Promise((resolve) => setTimeout(resolve));
    if (how === "end") await visitor.closeWrite();
    else visitor.reset();
    assert.deepEqual(await peeked, { kind: "close", reason });
    peeker.done();
  }
});

Deno.test("Peeker reads a hello of unusual size with a place for it, given back when it is done", async () => {
  const large = hello({ extensions: [extension(0xfafa, new Uint8Array(12_000))] });
  for (const hasPlace of [true, false]) {
    let held = 0;
    const takeLarge = () => {
      if (!hasPlace) return undefined;
      held++;
      return { assign: () => true, leave: () => void held-- };
    };
    const [visitor, conn] = pipe();
    await writeAll(visitor, large);
    const peeker = new Peeker(conn, { takeLarge });
    const { kind } = await peeker.hello();
    assert.equal(kind, hasPlace ? "hello" : "close");
    assert.equal(held, hasPlace ? 1 : 0);
    peeker.done();
    assert.equal(held, 0);
    if (hasPlace) assert.deepEqual(peeker.bytes, large);
  }
});
