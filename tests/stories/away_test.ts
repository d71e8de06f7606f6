import assert from "node:assert/strict";
import { type Relay, startRelay } from "./relay.ts";
import { readToEnd, signUp } from "./user.ts";
import { writeAll } from "../../lib/net/splice.ts";

/** Sends a request to a user's name and returns all of the answer; the body may be refused midway. */
async function ask(
  relay: Relay,
  hostname: string,
  head: string[],
  body = new Uint8Array(0),
): Promise<{ status: string; headers: string; body: string }> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: relay.ports.hub! });
  using tls = await Deno.startTls(conn, { hostname, caCerts: [relay.ca] });
  const [line, ...fields] = head;
  const text = [`${line} HTTP/1.1`, `Host: ${hostname}`, ...fields, "\r\n"].join("\r\n");
  await writeAll(tls, new TextEncoder().encode(text));
  const answered = readToEnd(tls);
  await writeAll(tls, body).catch(() => {});
  // An interim answer may come first (RFC 9110 section 15.2).
  const answer = new TextDecoder().decode(await answered).replace(/^HTTP\/1\.1 100 .*\r\n\r\n/, "");
  const end = answer.indexOf("\r\n\r\n");
  return {
    status: answer.split(" ")[1]!,
    headers: answer.slice(0, end).toLowerCase(),
    body: answer.slice(end + 4),
  };
}

Deno.test("a user who is away is so for every method, and a program is told when to try again", async () => {
  await using relay = await startRelay();
  const { hostname } = await signUp(relay, "kaylee");
  for (const method of ["GET", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND", "REPORT"]) {
    const { status, headers, body } = await ask(relay, hostname, [
      `${method} /hook`,
      "Accept: application/json",
      ...(method === "GET" ? [] : ["Content-Length: 0"]),
    ]);
    assert.equal(status, "503", method);
    assert.match(headers, /\r\nretry-after: \d+(\r\n|$)/);
    assert.match(headers, /\r\ncontent-type: application\/problem\+json(\r\n|$)/);
    assert.equal(JSON.parse(body).status, 503);
  }
  const script = await ask(relay, hostname, ["GET /sw.js", "Sec-Fetch-Dest: serviceworker"]);
  assert.equal(script.status, "503");
  assert.doesNotMatch(script.body, /</);
  const page = await ask(relay, hostname, ["POST /form", "Sec-Fetch-Mode: navigate"]);
  assert.equal(page.status, "503");
  assert.match(page.body, /^<!DOCTYPE html>/);

  // Also who sends much before it listens gets the answer, and who asks first need not send it.
  for (const bytes of [20_000, 2_000_000]) {
    const head = ["POST /upload", `Content-Length: ${bytes}`];
    const { status } = await ask(relay, hostname, head, new Uint8Array(bytes));
    assert.equal(status, "503", `${bytes} bytes`);
  }
  const asked = await ask(relay, hostname, [
    "PUT /upload",
    "Content-Length: 2000000",
    "Expect: 100-continue",
  ]);
  assert.equal(asked.status, "503");
});
