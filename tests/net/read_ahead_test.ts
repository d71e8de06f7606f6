import assert from "node:assert/strict";
import { ReadAhead } from "../../lib/net/read_ahead.ts";
import { writeAll } from "../../lib/net/splice.ts";
import { pipe, readAll, text, utf8 } from "./pipe.ts";

Deno.test("ReadAhead keeps early bytes and returns them first, whatever the reads' size", async () => {
  for (const size of [1, 3, 4096]) {
    const [peer, conn] = pipe();
    const ahead = new ReadAhead(conn, () => assert.fail("not ended"));
    await writeAll(peer, utf8("early"));
    await writeAll(peer, utf8(" late"));
    let got = "";
    const p = new Uint8Array(size);
    while (got.length < 10) got += text(p.subarray(0, (await ahead.read(p))!));
    assert.equal(got, "early late");
  }
});

Deno.test("ReadAhead tells an end of stream and still returns it", async () => {
  const [peer, conn] = pipe();
  const ended = Promise.withResolvers<Error | undefined>();
  const ahead = new ReadAhead(conn, ended.resolve);
  await peer.closeWrite();
  assert.equal(await ended.promise, undefined);
  assert.equal((await readAll(ahead)).length, 0);
});

Deno.test("ReadAhead tells a reset by its error", async () => {
  const [peer, conn] = pipe();
  const ended = Promise.withResolvers<Error | undefined>();
  const ahead = new ReadAhead(conn, ended.resolve);
  peer.reset();
  assert.ok(await ended.promise instanceof Deno.errors.ConnectionReset);
  await assert.rejects(ahead.read(new Uint8Array(1)), Deno.errors.ConnectionReset);
});
