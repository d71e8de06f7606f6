import assert from "node:assert/strict";
import * as hosts from "../../lib/config/hosts.ts";
import * as values from "../../lib/config/values.ts";

/** Checks what a parser makes of texts: a value, or where the message is to match, none. */
function check<T>(parse: (text: string) => T, cases: [text: string, expected: T | RegExp][]): void {
  for (const [text, expected] of cases) {
    if (expected instanceof RegExp) assert.throws(() => parse(text), expected, text);
    else assert.deepEqual(parse(text), expected, text);
  }
}

Deno.test("host() takes host names and addresses, and nothing else", () => {
  check(hosts.host, [
    ["127.0.0.1", "127.0.0.1"],
    ["::", "::"],
    ["[::1]", "::1"],
    [" Relay.Example.org. ", "Relay.Example.org."],
    ["pdns_1", "pdns_1"],
    ["127.0.0.1:4430", /its port has a setting of its own/],
    ["relay.example.org:9000", /its port has a setting of its own/],
    ...["", "*", "-x", "a..b", "..", "0", "127.1", "999.1.1.1", "010.0.0.1", ":::", "fe80::1%lo"]
      .map((text): [string, RegExp] => [text, /not a host name or an IP address/]),
  ]);
  check(hosts.publicHost, [
    ["192.0.2.1", "192.0.2.1"],
    ["0.0.0.0", /stands for every address/],
    ["[::]", /stands for every address/],
  ]);
  check(hosts.relayId, [
    [" Relay-2.example ", "relay-2.example"],
    ...["", "-x", "a b", "relay_2", "r".repeat(41)]
      .map((text): [string, RegExp] => [text, /write at most 40 letters, digits, dots and/]),
  ]);
  check(values.hostPort, [
    ["[::1]:53", { host: "::1", port: 53 }],
    ["localhost:8443", { host: "localhost", port: 8443 }],
    ...["a b:1", "@:1", "[:::]:1", "999.1.1.1:1"]
      .map((text): [string, RegExp] => [text, /write it as host:port/]),
  ]);
});

Deno.test("what pages say is one line, and may be nothing where that is meant", () => {
  check(values.line, [[" Thanks. ", "Thanks."], ["", ""], ["one\ntwo", /write it as one line/]]);
  check(values.commandLine, [
    ["pip install 'x'", "pip install 'x'"],
    [" ", /is empty/],
    ["one\ttwo", /write it as one line/],
  ]);
  check(values.orNone(values.url), [
    ["", undefined],
    [" ", undefined],
    ["https://example.org/x", "https://example.org/x"],
    ["javascript:alert(1)", /not a URL/],
  ]);
});

Deno.test("domain() takes what has room for the names below it, and is no address", () => {
  const long = `${"a.".repeat(86)}b`;
  assert.equal(long.length, 173);
  check(hosts.domain, [
    [" Glosson.Example.ORG. ", "glosson.example.org"],
    ["xn--bcher-kva.example", "xn--bcher-kva.example"],
    [long, long],
    [`c${long}`, /has 174 characters/],
    ...["1.2.3.4", "example.123", "localhost", "example.org..", "bücher.example", "*.example.org"]
      .map((text): [string, RegExp] => [text, /not a domain name/]),
  ]);
});

Deno.test("email() takes one address without more around it", () => {
  check(hosts.email, [
    [" ops+tls@example.org ", "ops+tls@example.org"],
    ...[
      ...["ops", "@example.org", "ops@localhost", "mailto:ops@example.org", "ops@example.org?a=b"],
      ...["a@example.org, b@example.org", "Ops <ops@example.org>", "öps@example.org", "ops@-x.org"],
    ].map((text): [string, RegExp] => [text, /not a mail address/]),
  ]);
});

Deno.test("url() keeps an address as it is, apiRoot() takes PowerDNS's with its path or without", () => {
  check(values.url, [["https://acme.example/dir/", "https://acme.example/dir/"]]);
  const server = "/api/v1/servers/localhost";
  for (
    const path of [
      "",
      "/",
      "/api",
      "/api/",
      "/api/v1",
      "/api/v1/",
      "/api/v1/servers",
      server,
      `${server}/`,
    ]
  ) {
    assert.equal(values.apiRoot(`http://127.0.0.1:8081${path}`), "http://127.0.0.1:8081");
  }
  check(values.apiRoot, [
    ["https://example.org/pdns/", "https://example.org/pdns"],
    ["http://127.0.0.1:8081/?x", /without what begins with \? or #/],
    ["http://127.0.0.1:8081/#x", /without what begins with/],
  ]);
});

Deno.test("path() takes no path that only a shell completes", () => {
  check(values.path, [
    ["./a b/~", "./a b/~"],
    ["~/state", /only a shell replaces/],
    ["$HOME/state", /only a shell replaces/],
  ]);
});

Deno.test("bytes() takes sizes as people write them", () => {
  const none = /no number of bytes; write it as 500M or 20G/;
  check(values.bytes, [
    ["0", 0],
    ["300", 300],
    ["2k", 2048],
    [" 5MiB ", 5 * 2 ** 20],
    ["20G", 20 * 2 ** 30],
    ["1T", 2 ** 40],
    ...["", "G", "-1", "1.5G", "1X", "9999999999999T"]
      .map((text): [string, RegExp] => [text, none]),
  ]);
});

Deno.test("programOrUrl() takes a path or a URL, and repeats nothing of another", () => {
  check(values.programOrUrl, [
    [" /etc/glossond/on_trouble.py ", "/etc/glossond/on_trouble.py"],
    ["./on_trouble.py", "./on_trouble.py"],
    ["https://user:pass@hooks.example/x?token=y", "https://user:pass@hooks.example/x?token=y"],
    ...["secret-word", "", "//host/x", "ftp://secret-word/x", "https://", "http:///secret-word"]
      .map((
        text,
      ): [string, RegExp] => [text, /^TypeError: is neither a path .* nor a URL; write [^"]*$/]),
  ]);
});

Deno.test("base64UrlSecret() takes both alphabets, and repeats nothing of another text", () => {
  check(values.base64UrlSecret, [
    [" ab-_cd== ", "ab-_cd"],
    ["ab+/", "ab-_"],
    ...["secret word", "", "abcde", "=="]
      .map((
        text,
      ): [string, RegExp] => [text, /^TypeError: is not base64url; write the key as [^"]*$/]),
  ]);
});
