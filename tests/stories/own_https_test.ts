import assert from "node:assert/strict";
import { exchangeRaw, type RawTarget } from "./raw_https.ts";
import { BASE, type Relay, startRelay } from "./relay.ts";

const RELAY = `relay.${BASE}`;
const PAGES: RawTarget = { listener: "hub", serverName: BASE };
const CONTROL: RawTarget = { listener: "hub", serverName: RELAY };

/** Asks for a page of the relay's own, whose connection may stay open. */
async function ask(relay: Relay, target: RawTarget, head: string, method = "GET") {
  const options = { count: 1, head: method === "HEAD" };
  const [answer] = await exchangeRaw(relay, target, [`${method} ${head}\r\n\r\n`], options);
  assert.ok(answer, head);
  return answer;
}

Deno.test("browsers are told to use https at the relay's own names, and at no user's", async () => {
  await using relay = await startRelay({ settings: { PUBLIC_PORT: "443" } });
  const local: RawTarget = { listener: "control", serverName: "localhost" };
  const named = (label: string): RawTarget => ({ listener: "hub", serverName: `${label}.${BASE}` });
  const cases: [RawTarget, string, number, boolean][] = [
    [PAGES, `/ HTTP/1.1\r\nHost: ${BASE}`, 200, true],
    [PAGES, `/nothing HTTP/1.1\r\nHost: ${BASE}`, 404, true],
    [CONTROL, `/v1/relay HTTP/1.1\r\nHost: ${RELAY}`, 200, true],
    [CONTROL, `/v1/account HTTP/1.1\r\nHost: ${RELAY}`, 401, true],
    [named("nobody"), `/ HTTP/1.1\r\nHost: nobody.${BASE}`, 404, false],
    // Else nothing else on this machine could be shown in the clear any more.
    [local, "/v1/relay HTTP/1.1\r\nHost: localhost", 200, false],
  ];
  for (const [target, head, status, strict] of cases) {
    const { status: got, headers } = await ask(relay, target, head);
    assert.equal(got, status, head);
    const expected = strict ? "max-age=31536000" : null;
    assert.equal(headers.get("Strict-Transport-Security"), expected, head);
  }
});

Deno.test("a relay on another port than 443 leaves the rest of its host alone", async () => {
  await using relay = await startRelay();
  for (const [target, host] of [[PAGES, BASE], [CONTROL, RELAY]] as const) {
    const { headers } = await ask(relay, target, `/v1/relay HTTP/1.1\r\nHost: ${host}`);
    assert.equal(headers.get("Strict-Transport-Security"), null);
  }
});

Deno.test("HEAD tells the length and the type that GET has, on pages and API", async () => {
  await using relay = await startRelay();
  const cases: [RawTarget, string][] = [
    [PAGES, `/ HTTP/1.1\r\nHost: ${BASE}`],
    [PAGES, `/nothing HTTP/1.1\r\nHost: ${BASE}`],
    [PAGES, `/robots.txt HTTP/1.1\r\nHost: ${BASE}`],
    [PAGES, `/ HTTP/1.1\r\nHost: nobody.${BASE}`],
    [CONTROL, `/v1/relay HTTP/1.1\r\nHost: ${RELAY}`],
    [CONTROL, `/ HTTP/1.1\r\nHost: ${RELAY}\r\nAccept: text/html`],
    [CONTROL, `/v1/openapi.json HTTP/1.1\r\nHost: ${RELAY}`],
    [CONTROL, `/v1/account HTTP/1.1\r\nHost: ${RELAY}`],
    [CONTROL, `/v1/nothing HTTP/1.1\r\nHost: ${RELAY}`],
  ];
  for (const [target, head] of cases) {
    const whole = await ask(relay, target, head);
    const empty = await ask(relay, target, head, "HEAD");
    assert.equal(empty.status, whole.status, head);
    assert.ok(whole.body.length > 0, head);
    for (const name of ["Content-Length", "Content-Type"]) {
      assert.equal(empty.headers.get(name), whole.headers.get(name), `${name} of ${head}`);
    }
  }
});

Deno.test("HTTP/1.0 without a Host gets its connection's page; HTTP/1.1 without one gets 400", async () => {
  await using relay = await startRelay();
  const cases: [RawTarget, string, number][] = [
    [PAGES, "/ HTTP/1.0", 200],
    [PAGES, `/ HTTP/1.0\r\nHost: ${BASE}`, 200],
    [{ ...PAGES, alpn: ["http/1.0"] }, `/ HTTP/1.0\r\nHost: ${BASE}`, 200],
    [PAGES, `/ HTTP/1.0\r\nHost: nobody.${BASE}`, 421],
    [{ listener: "hub", serverName: `nobody.${BASE}` }, "/ HTTP/1.0", 404],
    [{ listener: "pages", serverName: "127.0.0.1" }, "/ HTTP/1.0", 421],
    [PAGES, "/ HTTP/1.1", 400],
    [PAGES, "/ HTTP/1.1\r\nHost:", 400],
    // The API is asked for by its name only.
    [CONTROL, "/v1/relay HTTP/1.0", 421],
    [CONTROL, `/v1/relay HTTP/1.0\r\nHost: ${RELAY}`, 200],
    [CONTROL, "/v1/relay HTTP/1.1", 400],
  ];
  for (const [target, head, status] of cases) {
    const what = `${head} for ${target.serverName}`;
    assert.equal((await ask(relay, target, head)).status, status, what);
  }
});

Deno.test("people find a page at each of the relay's names, with the operator's words", async () => {
  await using relay = await startRelay({
    settings: {
      INSTALL_COMMAND: "pipx install glosson",
      CLIENT_COMMAND: "glosson",
      CLIENT_URL: "https://example.org/client",
      SOURCE_URL: "https://example.org/relay",
      PROFILES_NAME: "example.org",
      PROFILES_URL: "https://example.org/people",
      CREDIT: "Thanks to all.",
    },
  });
  const base = `${BASE}:${relay.ports.hub}`;
  const page = async (target: RawTarget, host: string, accept: string) => {
    const field = `Accept: ${accept}`;
    const { status, headers, body } = await ask(
      relay,
      target,
      `/ HTTP/1.1\r\nHost: ${host}\r\n${field}`,
    );
    return {
      status,
      type: headers.get("Content-Type") ?? "",
      text: body.replace(/<\/?span>/g, ""),
    };
  };
  const landing = await page(PAGES, BASE, "text/html");
  for (
    const part of [
      "<code>pipx install glosson</code>",
      `<code>glosson setup --relay https://${base}</code>`,
      `<a href="https://example.org/client">`,
      `<a href="https://example.org/relay">`,
      `<a href="https://example.org/people">example.org</a>`,
      "Thanks to all.",
    ]
  ) assert.ok(landing.text.includes(part), part);

  const door = await page(CONTROL, RELAY, "text/html");
  assert.deepEqual([door.status, door.type], [200, "text/html; charset=UTF-8"]);
  assert.match(door.text, /door for programs/);
  const program = await page(CONTROL, RELAY, "*/*");
  assert.deepEqual([program.status, program.type], [404, "application/problem+json"]);

  // Names that nobody can have.
  for (const label of ["k", "xn--bcher-kva", "my_page"]) {
    const host = `${label}.${BASE}`;
    const unknown = await page({ listener: "hub", serverName: host }, host, "text/html");
    assert.equal(unknown.status, 404, label);
    assert.match(unknown.text, /Nobody lives here</);
  }
});
