import assert from "node:assert/strict";
import { openAcmeAuthority } from "../../lib/acme/acme_authority.ts";
import { OrderPostponedError, OrderRefusedError } from "../../lib/certificate/authority.ts";
import { makeKeyAndRequest } from "../../lib/pki/keys.ts";
import { temporaryFolder } from "../certificate/helpers.ts";
import { memoryZone } from "../dns/memory_zone.ts";
import {
  dripping,
  endless,
  type HostileOptions,
  json,
  problem,
  type Spoil,
  startHostileServer,
} from "./hostile_server.ts";

const ZONE = "glosson.test";
const NAME = `kaylee.${ZONE}`;

/** Orders at a server that answers as told; resolves to the order's end. */
async function order(
  spoil: Spoil,
  more: Partial<HostileOptions> & { orderLimitMs?: number } = {},
) {
  const { orderLimitMs = 20_000, ...server } = more;
  await using folder = temporaryFolder();
  await using ca = startHostileServer({ name: NAME, spoil, ...server });
  const zone = memoryZone(ZONE);
  const authority = await openAcmeAuthority({
    ...{ stateDir: folder.path, directoryUrl: ca.directoryUrl, orderLimitMs },
    dns: zone.dns,
    dnsServers: [{ host: "192.0.2.1", port: 53 }],
    queries: {
      txt: (name) => Promise.resolve((zone.at(name).TXT ?? []).map((v) => v.replaceAll('"', ""))),
      serial: () => Promise.resolve(1),
      addresses: () => Promise.resolve([]),
    },
  });
  const { csr } = await makeKeyAndRequest([NAME]);
  try {
    const chain = await authority.issue({ csr, names: [NAME] });
    return { chain, asked: ca.asked };
  } catch (error) {
    return { error: error as Error, asked: ca.asked };
  } finally {
    await authority.close();
    // Whatever became of it, nothing of it is left in the zone.
    assert.deepEqual(zone.at(`_acme-challenge.${NAME}`), {});
  }
}

/** Spoils one path for good. */
function at(spoilt: string, answer: () => Response): Spoil {
  return (path) => path === spoilt ? answer() : undefined;
}

Deno.test("a server that answers as it should has its chain taken", async () => {
  const { chain, error } = await order(() => undefined, { chain: "the chain" });
  assert.equal(chain, "the chain", `${error?.stack}`);
});

const NO_SERVER =
  /What answers at http:\S+ is no ACME server, .*: check GLOSSOND_ACME_DIRECTORY_URL/;

const ODD: [what: string, spoil: Spoil, says: RegExp][] = [
  ["a directory that is null", at("/directory", () => json("null")), NO_SERVER],
  ["an empty directory", at("/directory", () => new Response("")), NO_SERVER],
  ["a directory of a list", at("/directory", () => json("[1]")), /no ACME server/],
  ["half a JSON", at("/directory", () => json('{"newNonce":')), /not the JSON that it is said/],
  [
    "a directory that leads to a file",
    at(
      "/directory",
      () => json('{"newNonce":"file:///etc/passwd","newOrder":"x","newAccount":"x"}'),
    ),
    /names an address that is none of HTTPS: file:\/\/\/etc\/passwd/,
  ],
  ["an order of no object", at("/new-order", () => json('"order"')), /no order as its RFC/],
  [
    "an order without a list",
    at("/new-order", () => json('{"status":"pending","finalize":"x","authorizations":7}')),
    /no order as its RFC has it: authorizations: /,
  ],
  [
    "an order of a hundred thousand names",
    at("/new-order", () =>
      json(JSON.stringify({
        ...{ status: "pending", finalize: "x" },
        authorizations: Array.from({ length: 100_000 }, () => "x"),
      }))),
    /no order as its RFC has it: authorizations: /,
  ],
  ["an order in no state", at("/order", () => json('{"status":"maybe"}')), /no order .*: status/],
  [
    "an authorization of somebody else's name",
    at("/authorization", () =>
      json(JSON.stringify({
        ...{ status: "pending", identifier: { type: "dns", value: "bank.example" } },
        challenges: [{ type: "dns-01", url: "http://x/", token: "A", status: "pending" }],
      }))),
    /wants a name proven that was not ordered/,
  ],
  [
    "an authorization without challenges",
    at("/authorization", () => json('{"status":"pending"}')),
    /no authorization as its RFC has it: identifier/,
  ],
  [
    "a challenge without a token",
    at("/authorization", () =>
      json(JSON.stringify({
        ...{ status: "pending", identifier: { type: "dns", value: NAME } },
        challenges: [{ type: "dns-01", url: "http://x/", status: "pending" }],
      }))),
    /offers no dns-01 challenge/,
  ],
  ["no nonce", at("/nonce", () => new Response("")), /Failed to get nonce/],
  ["a problem of no text", at("/new-order", () => json('{"type":[],"x":{}}')), /no order as/],
  [
    "another status than is due",
    at("/finalize", () => new Response("x".repeat(900_000), { status: 202 })),
    /answers with status 202 where 200 is due/,
  ],
  [
    "what was signed sent elsewhere",
    at("/new-order", () => Response.redirect("http://127.0.0.1:9/elsewhere", 307)),
    /The answer of the ACME server 127\.0\.0\.1:\d+ is a redirect/,
  ],
  [
    "a redirect in a circle",
    at(
      "/directory",
      () => new Response(null, { status: 302, headers: { location: "/directory" } }),
    ),
    /Cannot reach the ACME server \S+: it redirects in a circle/,
  ],
  [
    "an address that it does not take",
    at("/account", () => problem("invalidContact", 400)),
    /says: because; set GLOSSOND_ACME_EMAIL to an address that it takes/,
  ],
  [
    "a CAA record, when it signs",
    at("/finalize", () => problem("caa", 403)),
    /says: because; allow this authority with a CAA record/,
  ],
  [
    "a binding that it does not tell of before",
    at("/account", () => problem("externalAccountRequired", 403)),
    /says: because; set GLOSSOND_ACME_EAB_KID and ACME_EAB_HMAC_KEY/,
  ],
  ["a chain of a mebibyte", at("/certificate", () => new Response("x".repeat(1 << 20))), /64 KiB/],
];

for (const [what, spoil, says] of ODD) {
  Deno.test(`an order ends with its cause at ${what}`, async () => {
    const { error } = await order(spoil);
    assert.match(error!.message, says);
    assert.ok(error!.message.length < 700, "no more is quoted than a line has room for");
    assert.doesNotMatch(error!.message, /Cannot read properties|is not a function|not iterable/);
  });
}

Deno.test("an order takes no more of a body without an end than its bound", async () => {
  for (const bytes of [32, 64 * 1024]) {
    const body = endless(bytes);
    const { error, asked } = await order(at("/new-order", body.response));
    assert.match(error!.message, /The answer of the ACME server \S+ is longer than 1024 KiB/);
    // What the sockets and the runtimes hold besides.
    assert.ok(body.taken() < 16 << 20, `${body.taken()} bytes went out`);
    assert.equal(asked.filter((path) => path === "/new-order").length, 1, "asked once");
  }
});

Deno.test("an order ends in time whatever takes its time", async () => {
  const slow: Record<string, Spoil> = {
    "a drip": at("/order", () => dripping(50)),
    "silence": (path) => path === "/order" ? new Promise(() => {}) : undefined,
    "processing for ever": at("/order", () =>
      json(JSON.stringify({
        ...{ status: "processing", authorizations: [], finalize: "x" },
      }))),
    "never a nonce that is good": at("/new-order", () => problem("badNonce", 400)),
    "silence about an account": (path) =>
      path === "/new-order"
        ? problem("unauthorized", 403)
        : path === "/account/1"
        ? new Promise(() => {})
        : undefined,
    "busy for ever": at("/order", () => new Response("", { status: 503 })),
  };
  await Promise.all(
    Object.entries(slow).map(async ([what, spoil]) => {
      const began = performance.now();
      const { error } = await order(spoil, { orderLimitMs: 1_500 });
      const tookMs = performance.now() - began;
      assert.ok(tookMs < 10_000, `${what}: ${tookMs} ms`);
      assert.match(
        error!.message,
        /has not ended after|took none of 41 nonces|says: because/,
        what,
      );
    }),
  );
});

Deno.test("an order does not wait for centuries, and quotes no novels", async () => {
  const novel = { detail: "x".repeat(800_000), subproblems: [{ detail: "y".repeat(100_000) }] };
  const late = { "retry-after": "9".repeat(40) };
  const limited = await order(at("/new-order", () => problem("rateLimited", 429, novel, late)));
  assert.ok(limited.error instanceof OrderPostponedError);
  assert.ok(limited.error.until - Date.now() <= 7 * 86_400_000);
  assert.ok(limited.error.message.length < 700);
  const refused = await order(at("/new-order", () => problem("rejectedIdentifier", 400, novel)));
  assert.ok(refused.error instanceof OrderRefusedError);
  assert.ok(refused.error.message.length < 700);
});
