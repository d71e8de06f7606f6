import assert from "node:assert/strict";
import { BODY_TIMEOUT_MS, createBodyReader, type ReadBody } from "../../lib/api/body.ts";
import { Problem } from "../../lib/api/problem.ts";
import { ManualClock } from "../manual_clock.ts";

const ADDRESS = "192.0.2.7";

/** A request whose body is what a test enqueues. */
function pieces(headers: Record<string, string> = {}): {
  request: Request;
  controller: ReadableByteStreamController;
  cancelled: Promise<void>;
} {
  let controller: ReadableByteStreamController;
  const cancelled = Promise.withResolvers<void>();
  const body = new ReadableStream({
    type: "bytes",
    start: (c) => void (controller = c),
    cancel: () => cancelled.resolve(),
  });
  const request = new Request("https://relay.test/", { method: "POST", body, headers });
  return { request, controller: controller!, cancelled: cancelled.promise };
}

function enqueue(controller: ReadableByteStreamController, text: string): void {
  controller.enqueue(new TextEncoder().encode(text));
}

/** The problem that a body meets. */
async function problem(read: ReturnType<ReadBody>): Promise<string> {
  return await read.then(
    (value) => `none: ${JSON.stringify(value)}`,
    (error) => error instanceof Problem ? `${error.status} ${error.code}` : String(error),
  );
}

Deno.test("readBody() puts a body in pieces of one byte together", async () => {
  const { request, controller } = pieces();
  const text = JSON.stringify({ username: "kaylee", note: "ä".repeat(9_000) });
  const read = createBodyReader()(request, ADDRESS);
  for (const byte of new TextEncoder().encode(text)) controller.enqueue(Uint8Array.of(byte));
  controller.close();
  assert.deepEqual(await read, JSON.parse(text));
});

Deno.test("readBody() takes 64 KiB and not a byte more, and reads no more than that", async () => {
  const readBody = createBodyReader();
  const send = (body: string) =>
    readBody(new Request("https://relay.test/", { method: "POST", body }), ADDRESS);
  const fits = JSON.stringify({ x: "y".repeat(65_536 - 8) });
  assert.equal(fits.length, 65_536);
  assert.deepEqual(await send(fits), JSON.parse(fits));
  assert.equal(await problem(send(`${fits} `)), "413 too-large");

  const endless = pieces();
  const read = problem(readBody(endless.request, ADDRESS));
  enqueue(endless.controller, "x".repeat(65_537));
  assert.equal(await read, "413 too-large");
  await endless.cancelled;

  const declared = pieces({ "Content-Length": "65537" });
  assert.equal(await problem(readBody(declared.request, ADDRESS)), "413 too-large");
});

Deno.test("readBody() wants an object of JSON", async () => {
  const readBody = createBodyReader();
  for (const body of ["", "{", "[]", "null", "7", '"x"', new Uint8Array([0xff])]) {
    const request = new Request("https://relay.test/", { method: "POST", body });
    assert.equal(await problem(readBody(request, ADDRESS)), "400 bad-request");
  }
  const none = new Request("https://relay.test/", { method: "POST" });
  assert.equal(await problem(readBody(none, ADDRESS)), "400 bad-request");
  const broken = pieces();
  broken.controller.error(new Error("the peer went"));
  assert.equal(await problem(readBody(broken.request, ADDRESS)), "400 bad-request");
});

Deno.test("readBody() says of a body that is encoded that it takes none", async () => {
  const readBody = createBodyReader();
  const send = (coding: string) =>
    new Request("https://relay.test/", {
      method: "POST",
      body: "{}",
      headers: { "Content-Encoding": coding },
    });
  for (const coding of ["gzip", "br", "identity, gzip", "x"]) {
    assert.equal(await problem(readBody(send(coding), ADDRESS)), "415 unsupported-encoding");
  }
  for (const coding of ["", "identity", "Identity"]) {
    assert.deepEqual(await readBody(send(coding), ADDRESS), {});
  }
});

Deno.test("readBody() gives a body up that takes too long, however it dribbles", async () => {
  const clock = new ManualClock();
  const { request, controller, cancelled } = pieces();
  const read = problem(createBodyReader({ schedule: clock.schedule })(request, ADDRESS));
  for (let ms = 0; ms < BODY_TIMEOUT_MS; ms += 1_000) {
    enqueue(controller, " ");
    clock.advance(1_000);
  }
  assert.equal(await read, "408 too-slow");
  await cancelled;
  assert.equal(clock.waiting, 0);
});

Deno.test("readBody() reads so many bodies at once, and leaves room beside one address's", async () => {
  const clock = new ManualClock();
  const readBody = createBodyReader({
    maxBodies: 4,
    addressGroups: (address) => [address],
    schedule: clock.schedule,
  });
  const bodies = [1, 2, 3, 4, 5].map(() => pieces());
  const reads = bodies.map(({ request }, i) =>
    problem(readBody(request, `192.0.2.${i > 2 ? 8 : 7}`))
  );
  // Two of the first address are half of four; then one more of another.
  assert.equal(await reads[2], "503 busy");
  assert.equal(await reads[4], "503 busy");
  for (const i of [0, 1, 3]) {
    enqueue(bodies[i]!.controller, '{"a":1}');
    bodies[i]!.controller.close();
    assert.equal(await reads[i], 'none: {"a":1}');
  }
  const request = new Request("https://relay.test/", { method: "POST", body: '{"b":2}' });
  assert.deepEqual(await readBody(request, "192.0.2.7"), { b: 2 });
  assert.equal(clock.waiting, 0);
});
