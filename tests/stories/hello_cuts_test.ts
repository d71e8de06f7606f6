import assert from "node:assert/strict";
import { startRelay } from "./relay.ts";
import { connectControl, dialData, type Message, readJoin, signUp } from "./user.ts";
import { fragments } from "../wire/cuts.ts";
import { records } from "../wire/hello_builder.ts";
import { readRecordings } from "../wire/recording.ts";
import { writeAll } from "../../lib/net/splice.ts";

/** Recorded hellos for kaylee.example.org, see tests/wire/corpus. */
const CLIENTS = [
  "openssl-default",
  "curl-default",
  "chromium-default",
  "firefox-default",
  "python-default",
  "node-default",
];

/** Visitors under way at once. */
const AT_ONCE = 24;

Deno.test("real clients' hellos cut at every byte, into segments and into records, reach the user unchanged", async () => {
  await using relay = await startRelay({
    settings: { BASE_DOMAIN: "example.org", LOG_LEVEL: "info" },
  });
  await using kaylee = await connectControl(relay, await signUp(relay, "kaylee"));
  /** Who waits for a data connection, by the visitor's port. */
  const waiting = new Map<number, (message: Message) => void>();
  const announcing = (async () => {
    while (true) {
      const message = await kaylee.next("connect");
      waiting.get(message.visitor.port)?.(message);
    }
  })().catch(() => {});

  /** Sends the parts one by one and checks that the client gets just their bytes. */
  async function visit(parts: Uint8Array[], what: string): Promise<void> {
    using visitor = await Deno.connect({ hostname: "127.0.0.1", port: relay.ports.hub! });
    visitor.setNoDelay(true);
    const announced = Promise.withResolvers<Message>();
    waiting.set(visitor.localAddr.port, announced.resolve);
    for (const part of parts) {
      await writeAll(visitor, part);
      await new Promise((resolve) => setTimeout(resolve));
    }
    const { ticket } = await announced.promise;
    waiting.delete(visitor.localAddr.port);
    using client = await dialData(relay, ticket);
    const { rest } = await readJoin(client);
    const sent = parts.flatMap((part) => [...part]);
    const got = [...rest];
    const p = new Uint8Array(4096);
    while (got.length < sent.length) {
      const n = await client.read(p);
      assert.notEqual(n, null, what);
      got.push(...p.subarray(0, n!));
    }
    assert.deepEqual(got, sent, what);
  }

  const cases: [Uint8Array[], string][] = [];
  for (const { name, bytes } of readRecordings().filter((r) => CLIENTS.includes(r.name))) {
    const message = fragments(bytes);
    for (let cut = 1; cut < bytes.length; cut++) {
      cases.push([[bytes.subarray(0, cut), bytes.subarray(cut)], `${name}, segment cut ${cut}`]);
    }
    for (let cut = 1; cut < message.length; cut++) {
      cases.push([[records(message, [cut])], `${name}, record cut ${cut}`]);
    }
  }
  let next = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (next < cases.length) await visit(...cases[next++]!);
    }),
  );
  assert.ok(cases.length > 8_000);
  await kaylee[Symbol.asyncDispose]();
  await announcing;
});
