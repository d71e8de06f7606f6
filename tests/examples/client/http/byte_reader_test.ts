import assert from "node:assert/strict";
import { ByteReader } from "../../../../examples/client/http/byte_reader.ts";
import { MalformedHead } from "../../../../examples/client/http/head.ts";
import { latin1, peer } from "./peer.ts";

/** Texts that begin with a head, the head of each, and what is behind it. */
const HEADS: [string, string, string][] = [
  ["GET / HTTP/1.1\r\nHost: x\r\n\r\nrest", "GET / HTTP/1.1\r\nHost: x", "rest"],
  ["GET / HTTP/1.1\nHost: x\n\nrest", "GET / HTTP/1.1\nHost: x", "rest"],
  ["a\r\nb\n\r\nrest", "a\r\nb", "rest"],
  ["a\nb\r\n\nrest", "a\nb", "rest"],
  ["\r\n\n\r\na\r\n\r\n", "a", ""],
  ["a\r\n\r\n\r\nb", "a", "\r\nb"],
  ["a\rb\r\n\r\n", "a\rb", ""],
  ["a\r\n\rb\r\n\r\nc", "a\r\n\rb", "c"],
  ["\x00\xff\r\n\r\n\x80", "\x00\xff", "\x80"],
];

for (const [text, head, rest] of HEADS) {
  Deno.test(`ByteReader.head() reads ${JSON.stringify(head)} however it is cut`, async () => {
    for (let step = 1; step <= text.length; step++) {
      const reader = new ByteReader(peer(text, step));
      let first = 0;
      assert.equal(await reader.head(1000, { onFirst: () => first++ }), head);
      assert.equal(first, 1);
      let behind = latin1(reader.rest());
      for (let piece; (piece = await reader.some(3)) !== null;) behind += latin1(piece);
      assert.equal(behind, rest);
    }
  });
}

Deno.test("ByteReader.head() is null where nothing came, or nothing but empty lines", async () => {
  for (const text of ["", "\r\n", "\n\n\r\n"]) {
    const never = (): void => assert.fail("there is no first byte");
    assert.equal(await new ByteReader(peer(text, 1)).head(10, { onFirst: never }), null);
  }
});

Deno.test("ByteReader.head() rejects where the connection ends within it", async () => {
  for (const text of ["G", "GET / HTTP/1.1\r\n", "a\r\nb\r\n\r"]) {
    await assert.rejects(new ByteReader(peer(text, 2)).head(100), /ended in it/);
  }
});

Deno.test("ByteReader.head() takes as many bytes as it may, and not one more", async () => {
  for (const end of ["\r\n\r\n", "\n\n"]) {
    const head = "x".repeat(100 - end.length);
    for (const step of [1, 2, 3, 7, 99, 100, 101, 1000]) {
      assert.equal(await new ByteReader(peer(`${head}${end}rest`, step)).head(100), head);
      const longer = new ByteReader(peer(`${head}x${end}rest`, step));
      await assert.rejects(longer.head(100), (error) => (error as MalformedHead).status === 431);
    }
  }
  const endless = peer("x".repeat(1_000_000), 1);
  await assert.rejects(new ByteReader(endless).head(100), MalformedHead);
  assert.equal(endless.reads, 100);
});

Deno.test("ByteReader.line() reads lines however they are cut, and no longer ones", async () => {
  const text = "one\r\n\r\ntwo\nthree\r\r\n";
  for (let step = 1; step <= text.length; step++) {
    const reader = new ByteReader(peer(text, step));
    const lines = [];
    for (let i = 0; i < 4; i++) lines.push(await reader.line(10));
    assert.deepEqual(lines, ["one", "", "two", "three\r"]);
    await assert.rejects(reader.line(10), /ended/);
  }
  assert.equal(await new ByteReader(peer("12345\n", 1)).line(5), "12345");
  await assert.rejects(new ByteReader(peer("123456\n", 1)).line(5), MalformedHead);
  await assert.rejects(new ByteReader(peer("1234567")).line(5), MalformedHead);
});

Deno.test("ByteReader.hasLine() tells whether a line can be had without waiting", async () => {
  const reader = new ByteReader(peer("ab\ncd", 2));
  await reader.some(1);
  assert.equal(reader.hasLine(), false);
  assert.equal(await reader.line(10), "b");
  assert.equal(reader.hasLine(), false);
});

Deno.test("ByteReader keeps what is behind, whatever is asked of it, in any order", async () => {
  const text = "head\r\n\r\nline\r\n0123456789line\nhead: 2\n\n" + "z".repeat(100_000);
  for (const step of [1, 2, 3, 5, 8, 100, Infinity]) {
    const reader = new ByteReader(peer(text, step));
    assert.equal(await reader.head(100), "head");
    assert.equal(await reader.line(100), "line");
    let digits = "";
    while (digits.length < 10) digits += latin1(await reader.some(10 - digits.length));
    assert.equal(digits, "0123456789");
    assert.equal(await reader.line(100), "line");
    reader.relax();
    assert.equal(await reader.head(100), "head: 2");
    let length = reader.rest().length;
    for (let piece; (piece = await reader.some(70_000)) !== null;) {
      assert.ok(piece.length <= 70_000 && piece.every((byte) => byte === 0x7a));
      length += piece.length;
    }
    assert.equal(length, 100_000);
    assert.equal(reader.kept, 0);
  }
});

Deno.test("ByteReader reads large runs in few reads, and waits with little memory", async () => {
  const conn = peer("x".repeat(8 * 1024 * 1024));
  const reader = new ByteReader(conn);
  while (await reader.some(256 * 1024) !== null);
  assert.ok(conn.reads < 50, `${conn.reads} reads`);
  let room = 0;
  const waiting = new ByteReader({
    read(p) {
      room = p.length;
      return Promise.resolve(null);
    },
  });
  await waiting.head(100);
  assert.ok(room <= 4096, `${room} bytes wait`);
});

Deno.test("ByteReader gives bytes of which slice() makes a copy that lasts", async () => {
  const reader = new ByteReader(peer("abcabc" + "x".repeat(9_000), 3));
  const copies = [await reader.some(3), await reader.exactly(3)].map((bytes) => bytes!.slice());
  while (await reader.some(3) !== null);
  assert.deepEqual(copies.map(latin1), ["abc", "abc"]);
});
