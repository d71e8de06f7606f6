import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Framing } from "../../../../examples/client/http/body.ts";
import { BodyWriter } from "../../../../examples/client/http/body_writer.ts";
import type { Field } from "../../../../examples/client/http/fields.ts";
import { peer } from "./peer.ts";

/** What is written of a body, one write a line. */
async function written(
  framing: Framing,
  pieces: string[],
  trailers: Field[] = [],
): Promise<string[]> {
  const lines: string[] = [];
  const conn = peer("");
  conn.write = (p) => {
    lines.push(Buffer.from(p).toString("latin1"));
    return Promise.resolve(p.length);
  };
  const writer = new BodyWriter(conn, framing);
  for (const [i, piece] of pieces.entries()) {
    await writer.write(Buffer.from(piece, "latin1"), i === 0 ? Buffer.from("HEAD\n") : undefined);
  }
  await writer.finish(trailers);
  return lines;
}

Deno.test("BodyWriter writes a body by its length, the first piece with the head", async () => {
  const length: Framing = { kind: "length", length: 5 };
  assert.deepEqual(await written(length, ["he", "", "llo"]), ["HEAD\nhe", "llo"]);
  assert.deepEqual(await written({ kind: "length", length: 0 }, [""]), ["HEAD\n"]);
});

Deno.test("BodyWriter writes chunks, and trailers behind them", async () => {
  const text = "x".repeat(26);
  assert.deepEqual(await written({ kind: "chunked" }, ["a", "", text], [["X-Sum", "7"]]), [
    "HEAD\n1\r\na\r\n",
    `1a\r\n${text}\r\n`,
    "0\r\nX-Sum: 7\r\n\r\n",
  ]);
  // A piece of nothing would be the last chunk.
  assert.deepEqual(await written({ kind: "chunked" }, [""]), ["HEAD\n", "0\r\n\r\n"]);
});

Deno.test("BodyWriter writes what ends with the connection as it comes", async () => {
  for (const kind of ["close", "none"] as const) {
    assert.deepEqual(await written({ kind }, ["a", "b"], [["X", "y"]]), ["HEAD\na", "b"]);
  }
});

Deno.test("BodyWriter lets no body be longer or shorter than was announced", async () => {
  const length: Framing = { kind: "length", length: 5 };
  await assert.rejects(written(length, ["hello!"]), /longer/);
  await assert.rejects(written(length, ["hello", "!"]), /longer/);
  await assert.rejects(written(length, ["hell"]), /1 bytes of it are missing/);
  await assert.rejects(written(length, []), /missing/);
});

Deno.test("BodyWriter writes all of a piece to who takes a byte at a time", async () => {
  const conn = peer("");
  let sent = "";
  conn.write = (p) => {
    sent += String.fromCharCode(p[0]!);
    return Promise.resolve(1);
  };
  const writer = new BodyWriter(conn, { kind: "chunked" });
  await writer.write(Buffer.from("hello"), Buffer.from("HEAD\n"));
  await writer.finish([]);
  assert.equal(sent, "HEAD\n5\r\nhello\r\n0\r\n\r\n");
});
