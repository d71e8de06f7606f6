import assert from "node:assert/strict";
import type { Duplex } from "../../../../lib/net/splice.ts";
import type { Body } from "../../../../examples/client/http/body.ts";
import { Upload } from "../../../../examples/client/proxy/upload.ts";

/** What is written to an app of an upload, write by write. */
async function written(body: Body): Promise<string[]> {
  const writes: string[] = [];
  const conn = {
    write(bytes: Uint8Array): Promise<number> {
      writes.push(new TextDecoder().decode(bytes));
      return Promise.resolve(bytes.length);
    },
  } as Duplex;
  await new Upload({
    ...{ conn, body, head: new TextEncoder().encode("head ") },
    framing: { kind: "length", length: 6 },
    onAppsTurn() {},
    onVisitorsTurn() {},
  }).send();
  return writes;
}

/** A body in two pieces, the first of which is there at once, or is to be waited for. */
function twoPieces(ready: boolean): Body {
  const pieces = ["abc", "def"].map((text) => new TextEncoder().encode(text));
  return {
    ...{ length: 6, trailers: [], ready },
    get ended() {
      return pieces.length === 0;
    },
    read: () => Promise.resolve(pieces.shift() ?? null),
  };
}

Deno.test("Upload sends what is there of a body together with its head, and waits for none", async () => {
  assert.deepEqual(await written(twoPieces(true)), ["head abc", "def"]);
  assert.deepEqual(await written(twoPieces(false)), ["head ", "abc", "def"]);
});
