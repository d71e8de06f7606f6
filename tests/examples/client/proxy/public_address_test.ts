import assert from "node:assert/strict";
import {
  type Addresses,
  appUrl,
  publicCookie,
  publicUrl,
} from "../../../../examples/client/proxy/public_address.ts";
import { parseUpstream } from "../../../../examples/client/proxy/upstream.ts";

const HOST = "kaylee.example";

/** The addresses of a page whose app listens on `upstream`. */
function addresses(
  upstream: string,
  { host = HOST, sentHost = host }: { host?: string; sentHost?: string } = {},
): Addresses {
  return { host, sentHost, upstream: parseUpstream(upstream) };
}

const LOCAL = addresses("http://127.0.0.1:33803");

Deno.test("publicUrl() never leads a visitor to their own computer", () => {
  const own: [string, string][] = [
    // nginx and Apache, of a folder: by the address that they listen on, or the Host with their port.
    ["http://127.0.0.1:33803/docs/", "https://kaylee.example/docs/"],
    ["http://localhost:33803/docs/", "https://kaylee.example/docs/"],
    ["http://[::1]:33803/docs/", "https://kaylee.example/docs/"],
    ["http://127.0.0.1:33803", "https://kaylee.example"],
    ["http://127.0.0.1:33803?a#b", "https://kaylee.example?a#b"],
    ["HTTP://LOCALHOST:33803/A", "https://kaylee.example/A"],
    ["//127.0.0.1:33803/x", "https://kaylee.example/x"],
    ["http://kaylee.example/docs/", "https://kaylee.example/docs/"],
    ["http://kaylee.example:80/docs/", "https://kaylee.example/docs/"],
    ["http://kaylee.example:33803/docs/", "https://kaylee.example/docs/"],
    ["https://kaylee.example/a%2Fb?c=d'", "https://kaylee.example/a%2Fb?c=d'"],
    ["http://kaylee.example./x", "https://kaylee.example/x"],
    // Of apps that call themselves what they listen on: every address.
    ["http://0.0.0.0:33803/x", "https://kaylee.example/x"],
    ["http://[::]:33803/x", "https://kaylee.example/x"],
  ];
  for (const [url, expected] of own) assert.equal(publicUrl(url, LOCAL), expected, url);
  // A port that is left out is the one of the scheme.
  for (const upstream of ["http://127.0.0.1", "80", "https://localhost"]) {
    for (const url of ["http://localhost/docs/", "http://127.0.0.1/docs/"]) {
      assert.equal(publicUrl(url, addresses(upstream)), "https://kaylee.example/docs/", upstream);
    }
  }
  for (const upstream of ["http://[::1]:33803", "0.0.0.0:33803", "localhost:33803"]) {
    for (const url of ["http://127.0.0.1:33803/x", "http://[::1]:33803/x"]) {
      assert.equal(publicUrl(url, addresses(upstream)), "https://kaylee.example/x", upstream);
    }
  }
});

Deno.test("publicUrl() keeps what is another's, and what has no host", () => {
  for (
    const url of [
      "/docs/",
      "docs/",
      "?a=b",
      "#top",
      "",
      "https://login.example/?return=http://127.0.0.1:33803/",
      "http://127.0.0.1:9/another",
      "http://localhost/another",
      "http://127.0.0.1.example:33803/",
      "http://kaylee.example:81/",
      "http://kaylee.example@evil.example/",
      "mailto:kaylee@kaylee.example",
      "javascript:alert(1)",
      "http:/\\127.0.0.1:33803/",
    ]
  ) assert.equal(publicUrl(url, LOCAL), url);
});

Deno.test("publicUrl() knows an app by the name that it was given", () => {
  const nas = addresses("https://nas.local:8443", { sentHost: "nas.local:8443" });
  assert.equal(publicUrl("https://nas.local:8443/x", nas), "https://kaylee.example/x");
  assert.equal(publicUrl("https://nas.local/x", nas), "https://nas.local/x");
  const named = addresses("8000", { sentHost: "app.internal" });
  for (
    const authority of ["app.internal", "app.internal:8000", "app.internal:443", "APP.internal."]
  ) {
    assert.equal(publicUrl(`http://${authority}/x`, named), "https://kaylee.example/x");
  }
  assert.equal(publicUrl("http://app.internal:9/x", named), "http://app.internal:9/x");
  const port = addresses("8000", { host: "kaylee.example:4430" });
  assert.equal(publicUrl("http://127.0.0.1:8000/x", port), "https://kaylee.example:4430/x");
  assert.equal(publicUrl("http://kaylee.example:4430/x", port), "https://kaylee.example:4430/x");
  const socket = addresses("unix:/run/app.sock");
  assert.equal(publicUrl("http://localhost/x", socket), "https://kaylee.example/x");
});

Deno.test("appUrl() gives an app its own address of a page, and nobody else's", () => {
  const renamed = addresses("http://127.0.0.1:8000", { sentHost: "127.0.0.1:8000" });
  const urls: [string, string][] = [
    ["https://kaylee.example/a%2Fb", "http://127.0.0.1:8000/a%2Fb"],
    ["https://KAYLEE.example", "http://127.0.0.1:8000"],
    ["http://kaylee.example/", "http://kaylee.example/"],
    ["https://kaylee.example.evil.example/", "https://kaylee.example.evil.example/"],
    ["https://evil.example/", "https://evil.example/"],
    ["null", "null"],
    ["/relative", "/relative"],
  ];
  for (const [url, expected] of urls) assert.equal(appUrl(url, renamed), expected, url);
});

Deno.test("publicCookie() leaves out a domain that no browser would take", () => {
  const cookies: [string, string][] = [
    ["a=1; Domain=127.0.0.1; Path=/", "a=1; Path=/"],
    ["a=1; path=/; domain=localhost", "a=1; path=/"],
    ["a=1;Domain=.localhost;Secure", "a=1;Secure"],
    ["a=1; Domain=localhost; Path=/; Domain=127.0.0.1", "a=1; Path=/"],
    ["a=1; Domain=kaylee.example; Domain=localhost", "a=1; Domain=kaylee.example"],
    ["a=1; Domain=kaylee.example", "a=1; Domain=kaylee.example"],
    ["a=1; Path=/; HttpOnly", "a=1; Path=/; HttpOnly"],
    ["a=domain=localhost; Path=/", "a=domain=localhost; Path=/"],
  ];
  for (const [cookie, expected] of cookies) assert.equal(publicCookie(cookie, LOCAL), expected);
  const nas = addresses("https://nas.local");
  assert.equal(publicCookie("a=1; Domain=nas.local", nas), "a=1");
  const trial = addresses("8000", { host: "kaylee.glosson.localhost:4430" });
  assert.equal(publicCookie("a=1; Domain=localhost", trial), "a=1");
  const named = addresses("8000", { host: "kaylee.example:4430", sentHost: "www.app.internal:80" });
  assert.equal(publicCookie("a=1; Domain=www.app.internal; Secure", named), "a=1; Secure");
  assert.equal(publicCookie("a=1; Domain=.app.internal", named), "a=1");
  for (const kept of ["a=1; Domain=kaylee.example", "a=1; Domain=example", "a=1; Domain=other"]) {
    assert.equal(publicCookie(kept, named), kept);
  }
});
