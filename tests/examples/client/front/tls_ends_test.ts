import assert from "node:assert/strict";
import type { TlsEnd } from "../../../../examples/client/front/tls_end.ts";
import { TlsEnds } from "../../../../examples/client/front/tls_ends.ts";

const IDENTITY = { key: "key", chain: "chain" };

Deno.test("TlsEnds closes what is still being opened when it is closed", async () => {
  const opening: PromiseWithResolvers<TlsEnd>[] = [];
  const ends = new TlsEnds(() => {
    opening.push(Promise.withResolvers());
    return opening.at(-1)!.promise;
  });
  const used = [ends.use(IDENTITY), ends.useFor("blog.example.org", IDENTITY)];
  ends.close();
  let closed = 0;
  const end: TlsEnd = { port: 1, use: () => {}, close: () => void closed++ };
  for (const each of opening) each.resolve(end);
  await Promise.all(used);
  assert.equal(closed, 2);
});
