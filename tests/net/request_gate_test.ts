import assert from "node:assert/strict";
import { RequestGate, type RequestGateOptions } from "../../lib/net/request_gate.ts";
import { writeAll } from "../../lib/net/splice.ts";
import { pipe, readAll, text, utf8 } from "./pipe.ts";

const GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const GIVEN = "GET / HTTP/1.1\r\nWord: w\r\nHost: x\r\n\r\n";

/** A gate, and what the server behind it reads. */
function gate(options: Partial<RequestGateOptions> = {}) {
  const [server, behind] = pipe();
  const tested = new RequestGate(server, { field: "Word: w", ...options });
  /** What has come to the server since the last call. */
  async function came(): Promise<string> {
    const chunk = new Uint8Array(64 * 1024);
    const n = await behind.read(chunk);
    return text(chunk.subarray(0, n ?? 0));
  }
  return { tested, behind, came };
}

/** Whether a promise settles without anything else happening. */
async function settles(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  promise.finally(() => settled = true);
  for (let i = 0; i < 50; i++) await undefined;
  return settled;
}

Deno.test("RequestGate gives each request the field, and passes it once the one before is answered", async () => {
  const { tested, came } = gate();
  const written = writeAll(
    tested,
    utf8(GET + GET + "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nab"),
  );
  assert.equal(await came(), GIVEN);
  assert.equal(await settles(written), false);
  tested.next();
  assert.equal(await came(), GIVEN);
  tested.next();
  assert.equal(await came(), "POST / HTTP/1.1\r\nWord: w\r\nContent-Length: 2\r\n\r\nab");
  await written;
});

Deno.test("RequestGate passes the rest of a body whose request was answered early, and waits for none", async () => {
  const { tested, came } = gate();
  await writeAll(tested, utf8("POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nab"));
  await came();
  tested.next();
  const written = writeAll(tested, utf8(`cd${GET}`));
  assert.equal(await came(), "cd");
  assert.equal(await came(), GIVEN);
  await written;
});

Deno.test("RequestGate leaves what may open a WebSocket behind other requests, once those are answered", async () => {
  const opening = "GET /ws?x HTTP/1.1\r\nHost: x\r\n\r\n";
  for (const cut of [0, 1, 6, 7, opening.length]) {
    const { tested, behind, came } = gate({ leave: ["/data", "/ws"] });
    const written = writeAll(tested, utf8(GET + opening.slice(0, cut)));
    assert.equal(await came(), GIVEN);
    assert.equal(tested.left, undefined);
    tested.next();
    await written;
    const isClear = cut >= "GET /ws".length;
    if (!isClear) await writeAll(tested, utf8(opening.slice(cut)));
    assert.equal(text(tested.left!), isClear ? opening.slice(0, cut) : opening);
    assert.equal(await behind.read(new Uint8Array(1)), null, "more came to the server");
  }
});

Deno.test("RequestGate passes on what only begins like what it would leave", async () => {
  const { tested, behind } = gate({ leave: ["/ws"] });
  for (const part of [GET, "GET ", "/w", "ild HTTP/1.1\r\n\r\n", "GET /w"]) {
    await writeAll(tested, utf8(part));
    if (part.endsWith("\r\n\r\n")) tested.next();
  }
  await tested.closeWrite();
  const wild = "GET /wild HTTP/1.1\r\nWord: w\r\n\r\n";
  assert.equal(text(await readAll(behind)), `${GIVEN}${wild}GET /w`);
});

Deno.test("RequestGate lets go of what waits when the server ends, is told to, or is closed", async () => {
  const ends: ((it: ReturnType<typeof gate>) => unknown)[] = [
    ({ tested, behind }) => {
      behind.closeWrite();
      return tested.read(new Uint8Array(10));
    },
    ({ tested }) => tested.answered(),
    ({ tested }) => tested.close(),
  ];
  for (const end of ends) {
    const it = gate();
    const written = writeAll(it.tested, utf8(GET + GET));
    assert.equal(await it.came(), GIVEN);
    await end(it);
    await written;
  }
});

Deno.test("RequestGate passes a WebSocket's bytes as they come", async () => {
  const { tested, came } = gate();
  const opening = "GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n";
  await writeAll(tested, utf8(opening + GET));
  assert.equal(await came(), opening.replace("\r\n", "\r\nWord: w\r\n") + GET);
  await writeAll(tested, utf8(GET));
  assert.equal(await came(), GET);
});

Deno.test("RequestGate that is to pass one head passes no more", async () => {
  const { tested, behind } = gate({ headOnly: true });
  await writeAll(tested, utf8(`${GET}body${GET}`));
  await writeAll(tested, utf8(GET));
  await tested.answered();
  assert.equal(text(await readAll(behind)), GIVEN);
});

Deno.test("RequestGate that passes one head tells the server of the end once that is answered", async () => {
  for (const request of [GET, "POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nabcd"]) {
    const { tested, behind, came } = gate({ headOnly: true });
    await writeAll(tested, utf8(request));
    await came();
    const ended = tested.closeWrite();
    assert.equal(await settles(ended), false, request);
    await tested.answered();
    await ended;
    assert.equal(await behind.read(new Uint8Array(1)), null);
  }
});

Deno.test("RequestGate tells the server of the end once it has answered what was asked", async () => {
  const { tested, behind, came } = gate();
  await writeAll(tested, utf8(GET));
  assert.equal(await came(), GIVEN);
  const ended = tested.closeWrite();
  assert.equal(await settles(ended), false);
  tested.next();
  await ended;
  assert.equal(await behind.read(new Uint8Array(1)), null);
});

Deno.test("RequestGate tells when the server begins to answer, or answers no more", async () => {
  const { tested, behind } = gate();
  assert.equal(await settles(tested.heard), false);
  const read = tested.read(new Uint8Array(64));
  assert.equal(await settles(tested.heard), false);
  await writeAll(behind, utf8("HTTP/1.1 200 OK\r\n\r\n"));
  await read;
  await tested.heard;

  const left = gate();
  left.tested.close();
  await left.tested.heard;
});

Deno.test("RequestGate tells the server at once of an end within a request", async () => {
  const { tested, behind, came } = gate();
  await writeAll(tested, utf8("POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nab"));
  await came();
  await tested.closeWrite();
  assert.equal(await behind.read(new Uint8Array(1)), null);
});

Deno.test("RequestGate gives a refusal without words its words, whatever room there is for them", async () => {
  const { tested, behind } = gate();
  await writeAll(tested, utf8(GET));
  await writeAll(behind, utf8("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\ndate: x\r\n\r\n"));
  const said = text(await readAll(tested));
  assert.match(said, /^HTTP\/1\.1 400 Bad Request\r\nContent-Type: application\/problem\+json\r\n/);
  const [head = "", body = ""] = said.split("\r\n\r\n");
  assert.ok(head.includes(`Content-Length: ${body.length}`));
  assert.equal(JSON.parse(body).type, "urn:glosson:problem:bad-request");
});

Deno.test("RequestGate leaves every other answer as it is", async () => {
  for (
    const answer of [
      "HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n{}",
      "HTTP/1.1 204 No Content\r\n\r\n",
      "HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n",
    ]
  ) {
    const { tested, behind } = gate();
    await writeAll(tested, utf8(GET));
    await writeAll(behind, utf8(answer));
    await behind.closeWrite();
    assert.equal(text(await readAll(tested)), answer);
  }
});
