import assert from "node:assert/strict";
import type { Field } from "../../../../examples/client/http/fields.ts";
import { requestFields } from "../../../../examples/client/proxy/request_fields.ts";
import { parseUpstream } from "../../../../examples/client/proxy/upstream.ts";

const ADDRESS = "203.0.113.9";

/** What an app gets of a visitor's fields. */
function seen(
  fields: Field[],
  { sentHost = "kaylee.example", address = ADDRESS as string | null, upgrades = false } = {},
): Field[] {
  const addresses = { host: "kaylee.example", sentHost, upstream: parseUpstream("8000") };
  return requestFields({ fields, upgrades }, { kind: "none" }, addresses, address ?? undefined);
}

/** What the client says by itself of a visitor whose address it knows. */
const OWN: Field[] = [
  ["X-Forwarded-For", ADDRESS],
  ["X-Real-IP", ADDRESS],
  ["X-Forwarded-Host", "kaylee.example"],
  ["X-Forwarded-Proto", "https"],
];

Deno.test("requestFields() passes fields on as they were sent, and tells of the visitor", () => {
  const fields: Field[] = [["User-AGENT", "curl/8"], ["cookie", "a=1; b=2"], ["X-A", ""], [
    "x-a",
    "\xc3\xa9",
  ]];
  assert.deepEqual(seen(fields), [
    ["Host", "kaylee.example"],
    ...fields,
    ...OWN,
    ["Connection", "close"],
  ]);
});

Deno.test("requestFields() says nothing of a visitor whose address is not known", () => {
  const fields: Field[] = [["X-Forwarded-For", "192.0.2.1"], ["X-Real-IP", "192.0.2.1"]];
  assert.deepEqual(seen(fields, { address: null }), [
    ["Host", "kaylee.example"],
    ["X-Forwarded-Host", "kaylee.example"],
    ["X-Forwarded-Proto", "https"],
    ["Connection", "close"],
  ]);
  assert.ok(
    seen([], { address: "2001:db8::1" }).some(([name, value]) =>
      name === "X-Forwarded-For" && value === "2001:db8::1"
    ),
  );
});

Deno.test("requestFields() drops what a visitor says in the place of a proxy", () => {
  const claims = [
    "Forwarded",
    "Via",
    "Proxy",
    "X-Forwarded",
    "X-Forwarded-For",
    "x-forwarded-port",
    "X-Forwarded-Prefix",
    "X-FORWARDED-SSL",
    "X-Real-IP",
    "X-Client-IP",
    "X-Cluster-Client-IP",
    "True-Client-IP",
    "CF-Connecting-IP",
    "CF-Connecting-IPv6",
    "Fastly-Client-IP",
    "Client-IP",
    "WL-Proxy-Client-IP",
    "Forwarded-For",
    "X-Glosson-Anything",
    "X_Forwarded_For",
    "X_Real_IP",
    "any_underscore",
    "Host",
  ];
  const fields = claims.map((name): Field => [name, "192.0.2.1"]);
  assert.deepEqual(seen(fields), [["Host", "kaylee.example"], ...OWN, ["Connection", "close"]]);
  // Names that only look like them.
  const others: Field[] = [["X-Forward", "1"], ["Viaduct", "2"], ["Client-IPs", "3"]];
  assert.deepEqual(seen(others).slice(1, 4), others);
});

Deno.test("requestFields() drops what belongs to the visitor's connection", () => {
  const fields: Field[] = [
    ["Connection", "keep-alive, X-Hop"],
    ["Keep-Alive", "1"],
    ["X-Hop", "1"],
    ["Transfer-Encoding", "chunked"],
    ["Proxy-Authorization", "x"],
  ];
  assert.deepEqual(seen(fields), [["Host", "kaylee.example"], ...OWN, ["Connection", "close"]]);
});

Deno.test("requestFields() does not let Connection name what the client says itself", () => {
  const said = seen([["Connection", "X-Forwarded-For, Host, X-Forwarded-Proto"]]);
  assert.deepEqual(said, [["Host", "kaylee.example"], ...OWN, ["Connection", "close"]]);
});

Deno.test("requestFields() keeps an upgrade, and that trailers are taken", () => {
  const upgrade: Field[] = [["Connection", "keep-alive, Upgrade"], ["Upgrade", "websocket"]];
  assert.deepEqual(seen(upgrade, { upgrades: true }).slice(-2), [
    ["Connection", "Upgrade"],
    ["Upgrade", "websocket"],
  ]);
  assert.deepEqual(seen(upgrade).slice(-1), [["Connection", "close"]]);
  assert.deepEqual(seen([["TE", "trailers, deflate"]]).slice(-2), [
    ["Connection", "close, TE"],
    ["TE", "trailers"],
  ]);
});

Deno.test("requestFields() says how the body is framed once", () => {
  const fields: Field[] = [["content-length", "7"], ["Content-Length", "7"]];
  const addresses = { host: "x", sentHost: "x", upstream: parseUpstream("8000") };
  const said = requestFields({ fields, upgrades: false }, { kind: "chunked" }, addresses, ADDRESS);
  assert.deepEqual(said.filter(([name]) => /content-length|transfer-encoding/i.test(name)), [
    ["Transfer-Encoding", "chunked"],
  ]);
});

Deno.test("requestFields() tells an app that is told its own address of no other", () => {
  const fields: Field[] = [["Origin", "https://kaylee.example"], ["X-Forwarded-Host", "evil"]];
  const named = (sentHost: string): Field[] =>
    seen(fields, { sentHost }).filter(([name]) =>
      /^(?:origin|host|x-forwarded-(?:host|proto))$/i.test(name)
    );
  assert.deepEqual(named("127.0.0.1:8000"), [
    ["Host", "127.0.0.1:8000"],
    ["Origin", "http://127.0.0.1:8000"],
  ]);
  assert.deepEqual(named("KAYLEE.example"), [
    ["Host", "KAYLEE.example"],
    ["Origin", "https://kaylee.example"],
    ["X-Forwarded-Host", "kaylee.example"],
    ["X-Forwarded-Proto", "https"],
  ]);
});

Deno.test("requestFields() translates Origin and Referer only where Host is another", () => {
  const fields: Field[] = [["Origin", "https://kaylee.example"], [
    "Referer",
    "https://kaylee.example/a?b",
  ]];
  assert.deepEqual(seen(fields).slice(1, 3), fields);
  assert.deepEqual(seen(fields, { sentHost: "127.0.0.1:8000" }).slice(0, 3), [
    ["Host", "127.0.0.1:8000"],
    ["Origin", "http://127.0.0.1:8000"],
    ["Referer", "http://127.0.0.1:8000/a?b"],
  ]);
  const others: Field[] = [["Origin", "https://evil.example"], [
    "Referer",
    "https://evil.example/",
  ]];
  assert.deepEqual(seen(others, { sentHost: "127.0.0.1:8000" }).slice(1, 3), others);
});

Deno.test("requestFields() gives WebDAV servers the address that they know", () => {
  const fields: Field[] = [
    ["Destination", "https://kaylee.example/b%20c"],
    ["If", "<https://kaylee.example/a> (<urn:lock>) <https://other.example/> (x)"],
  ];
  assert.deepEqual(seen(fields).slice(1, 3), [
    ["Destination", "http://kaylee.example/b%20c"],
    ["If", "<http://kaylee.example/a> (<urn:lock>) <https://other.example/> (x)"],
  ]);
});

Deno.test("requestFields() says same-origin of the page's own Origin, where nothing is said", () => {
  const site = (fields: Field[]): Field[] =>
    seen(fields).filter(([name]) => name.toLowerCase() === "sec-fetch-site");
  assert.deepEqual(site([["Origin", "https://KAYLEE.example"]]), [[
    "Sec-Fetch-Site",
    "same-origin",
  ]]);
  assert.deepEqual(site([["Origin", "https://evil.example"]]), []);
  assert.deepEqual(site([["Origin", "http://kaylee.example"]]), []);
  assert.deepEqual(site([["Origin", "null"]]), []);
  assert.deepEqual(site([]), []);
  const said: Field = ["Sec-Fetch-Site", "cross-site"];
  assert.deepEqual(site([["Origin", "https://kaylee.example"], said]), [said]);
});

Deno.test("requestFields() takes no longer for an If of many tags that do not end", () => {
  const field: Field = ["If", "<https:".repeat(40_000)];
  const begin = performance.now();
  assert.deepEqual(seen([field])[1], field);
  // Some milliseconds; looking for the end of each tag behind all that follow takes ten seconds.
  assert.ok(performance.now() - begin < 1_000);
});
