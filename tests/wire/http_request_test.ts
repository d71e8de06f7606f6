import { deepEqual, equal, ok } from "node:assert/strict";
import process from "node:process";
import fc from "fast-check";
import {
  HttpRequestReader,
  type HttpResult,
  MAX_HTTP_HEAD_BYTES,
  parseHttpRequest,
} from "../../lib/wire/http_request.ts";
import { bytes, hello } from "./hello_builder.ts";

const HOST = "Host: kaylee.example.org\r\n";

/** Reads a head given as text. */
function parse(head: string): HttpResult {
  return parseHttpRequest(bytes(head));
}

Deno.test("parseHttpRequest() reads method, target, host and port", async (t) => {
  type Found = Omit<HttpResult & { state: "request" }, "state">;
  const cases: Record<string, Found> = {
    "GET /a?b HTTP/1.1\r\nHost: Kaylee.Example.Org:80\r\nAccept: */*\r\n\r\n": {
      method: "GET",
      target: "/a?b",
      host: "kaylee.example.org",
      port: 80,
    },
    "POST / HTTP/1.1\r\nContent-Length: 4\r\nHOST:a.example.\r\n\r\nbody": {
      method: "POST",
      target: "/",
      host: "a.example",
    },
    "GET / HTTP/1.0\r\n\r\n": { method: "GET", target: "/" },
    "GET / HTTP/1.0\n\n": { method: "GET", target: "/" },
    "GET / HTTP/1.1\nHost: a.example\n\n": { method: "GET", target: "/", host: "a.example" },
    "GET / HTTP/1.1\r\nHost:\r\n\r\n": { method: "GET", target: "/" },
    "GET / HTTP/1.1\r\nHost: a.example:\r\n\r\n": {
      method: "GET",
      target: "/",
      host: "a.example",
    },
    "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n": {
      method: "GET",
      target: "/",
      host: "127.0.0.1",
      port: 8080,
    },
    "GET / HTTP/1.1\r\nHost: [2001:DB8::0:1]:65535\r\n\r\n": {
      method: "GET",
      target: "/",
      host: "[2001:db8::1]",
      port: 65_535,
    },
    "GET http://a.example/x?y HTTP/1.1\r\nHost: b.example:8080\r\n\r\n": {
      method: "GET",
      target: "/x?y",
      host: "a.example",
    },
    "GET HTTP://A.example:81 HTTP/1.1\r\nHost: b.example\r\n\r\n": {
      method: "GET",
      target: "/",
      host: "a.example",
      port: 81,
    },
    "GET http://a.example?q HTTP/1.0\r\n\r\n": {
      method: "GET",
      target: "/?q",
      host: "a.example",
    },
    "OPTIONS * HTTP/1.1\r\nHost: a.example\r\n\r\n": {
      method: "OPTIONS",
      target: "/",
      host: "a.example",
    },
    "M-SEARCH //evil.example/%0d%0a HTTP/1.1\r\nHost: a.example\r\n\r\n": {
      method: "M-SEARCH",
      target: "//evil.example/%0d%0a",
      host: "a.example",
    },
    "GET /caf\xc3\xa9/\xc3\xa0?\xe4 HTTP/1.1\r\nHost: a.example\r\n\r\n": {
      method: "GET",
      target: "/caf%C3%A9/%C3%A0?%E4",
      host: "a.example",
    },
    "GET http://a.example#b HTTP/1.1\r\nHost: a.example\r\n\r\n": {
      method: "GET",
      target: "/#b",
      host: "a.example",
    },
    "GET /a#b HTTP/1.1\r\nHost: a.example\r\n\r\n": {
      method: "GET",
      target: "/a#b",
      host: "a.example",
    },
    "GET / HTTP/1.1\r\nHost: a.example\r\nEmpty:\r\nTab:\tx\ty \r\n\r\n": {
      method: "GET",
      target: "/",
      host: "a.example",
    },
  };
  for (const [head, found] of Object.entries(cases)) {
    await t.step(
      JSON.stringify(head),
      () => deepEqual(parse(head), { state: "request", ...found }),
    );
  }
});

Deno.test("parseHttpRequest() calls a wrong request bad", async (t) => {
  const cases: Record<string, string> = {
    "no Host in HTTP/1.1": "GET / HTTP/1.1\r\n\r\n",
    "Host twice": `GET / HTTP/1.1\r\n${HOST}${HOST}\r\n`,
    "Host twice in different case": `GET / HTTP/1.1\r\n${HOST}hOST: b.example\r\n\r\n`,
    "Host twice in HTTP/1.0": `GET / HTTP/1.0\r\n${HOST}${HOST}\r\n`,
    "a folded field": `GET / HTTP/1.1\r\n${HOST}X: y\r\n z\r\n\r\n`,
    "a space before the colon": "GET / HTTP/1.1\r\nHost : a.example\r\n\r\n",
    "a field without a colon": `GET / HTTP/1.1\r\n${HOST}X\r\n\r\n`,
    "a field of one character": "GET / HTTP/1.0\r\nX\n\r\n",
    "a field without a name": `GET / HTTP/1.1\r\n${HOST}: x\r\n\r\n`,
    "a bare CR in a field": `GET / HTTP/1.1\r\n${HOST}X: y\rHost: b\r\n\r\n`,
    "a bare CR in the target": `GET /\rX HTTP/1.1\r\n${HOST}\r\n`,
    "CR CR LF": `GET / HTTP/1.1\r\nHost: a.example\r\r\n\r\n`,
    "NUL in a field": `GET / HTTP/1.1\r\n${HOST}X: \0\r\n\r\n`,
    "a vertical tab behind the host": "GET / HTTP/1.1\r\nHost: a.example\x0b\r\n\r\n",
    "NUL in the target": `GET /\0 HTTP/1.1\r\n${HOST}\r\n`,
    "a space in the target": `GET /a b HTTP/1.1\r\n${HOST}\r\n`,
    "an empty target": `GET  HTTP/1.1\r\n${HOST}\r\n`,
    "a relative target": `GET a HTTP/1.1\r\n${HOST}\r\n`,
    "* with GET": `GET * HTTP/1.1\r\n${HOST}\r\n`,
    "CONNECT": `CONNECT a.example:443 HTTP/1.1\r\n${HOST}\r\n`,
    "another scheme": `GET ftp://a.example/ HTTP/1.1\r\n${HOST}\r\n`,
    "a target without a host": `GET http:///x HTTP/1.1\r\n${HOST}\r\n`,
    "a user in the target": `GET http://u@a.example/ HTTP/1.1\r\n${HOST}\r\n`,
    "a wrong Host beside a good target": "GET http://a.example/ HTTP/1.1\r\nHost: b c\r\n\r\n",
    "markup as Host": "GET / HTTP/1.1\r\nHost: <b>\r\n\r\n",
    "a path as Host": "GET / HTTP/1.1\r\nHost: a.example/x\r\n\r\n",
    "a list as Host": "GET / HTTP/1.1\r\nHost: a.example, b.example\r\n\r\n",
    "a port too large": "GET / HTTP/1.1\r\nHost: a.example:65536\r\n\r\n",
    "a port of letters": "GET / HTTP/1.1\r\nHost: a.example:http\r\n\r\n",
    "a negative port": "GET / HTTP/1.1\r\nHost: a.example:-1\r\n\r\n",
    "only a port": "GET / HTTP/1.1\r\nHost: :80\r\n\r\n",
    "IPv6 without brackets": "GET / HTTP/1.1\r\nHost: ::1\r\n\r\n",
    "a name in brackets": "GET / HTTP/1.1\r\nHost: [a.example]\r\n\r\n",
    "HTTP/0.9": "GET /\r\n",
    "HTTP/1.2": `GET / HTTP/1.2\r\n${HOST}\r\n`,
    "HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP in lower case": `GET / http/1.1\r\n${HOST}\r\n`,
  };
  for (const [what, head] of Object.entries(cases)) {
    await t.step(what, () => deepEqual(parse(head), { state: "bad" }));
  }
});

Deno.test("parseHttpRequest() tells a head that is too large", async (t) => {
  const cases: Record<string, string> = {
    "a head without end": "GET / HTTP/1.1\r\n" + "X: y\r\n".repeat(6000),
    "a request line without end": "GET /" + "a".repeat(MAX_HTTP_HEAD_BYTES),
    "32 KiB of a request line": "GET /".padEnd(MAX_HTTP_HEAD_BYTES, "a"),
    "32 KiB of a head": `GET / HTTP/1.1\r\n${HOST}X: `.padEnd(MAX_HTTP_HEAD_BYTES, "x"),
    "a head of 32 KiB and a byte": `GET / HTTP/1.1\r\n${HOST}X: `.padEnd(
      MAX_HTTP_HEAD_BYTES - 3,
      "x",
    ) + "\r\n\r\n",
  };
  for (const [what, head] of Object.entries(cases)) {
    await t.step(what, () => deepEqual(parse(head), { state: "large" }));
  }
});

Deno.test("parseHttpRequest() reads a head of 32 KiB", () => {
  const head = `GET / HTTP/1.1\r\n${HOST}X: `.padEnd(MAX_HTTP_HEAD_BYTES - 4, "x") + "\r\n\r\n";
  equal(head.length, MAX_HTTP_HEAD_BYTES);
  equal(parse(head).state, "request");
});

Deno.test("parseHttpRequest() reads a method of 32 characters", () => {
  equal(parse(`${"M".repeat(32)} / HTTP/1.0\r\n\r\n`).state, "request");
  deepEqual(parse(`${"M".repeat(33)} / HTTP/1.0\r\n\r\n`), { state: "no" });
});

Deno.test("parseHttpRequest() tells other protocols from HTTP", async (t) => {
  const cases: Record<string, Uint8Array> = {
    "TLS": hello(),
    "SSLv2": bytes([0x80, 0x2e, 1, 0, 2]),
    "zeros": new Uint8Array(10),
    "SSH": bytes("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"),
    "SSH without a comment": bytes("SSH-2.0-x\r\n"),
    "SMTP": bytes("EHLO a.example\r\n"),
    "a space": bytes(" / HTTP/1.1"),
    "a line end": bytes("\r\n"),
    "a word without end": bytes("A".repeat(33)),
    "PROXY version 2": bytes("\r\n\r\n\0\r\nQUIT\n"),
    "a method that is no token": bytes("GE(T / HTTP/1.1\r\n"),
    "a byte above ASCII": bytes("GET\xe4 /"),
  };
  for (const [what, head] of Object.entries(cases)) {
    await t.step(what, () => deepEqual(parseHttpRequest(head), { state: "no" }));
  }
});

Deno.test("parseHttpRequest() asks for more until the head is complete", () => {
  const head = `GET /path HTTP/1.1\r\n${HOST}\r\n`;
  for (let length = 0; length < head.length; length++) {
    deepEqual(parse(head.slice(0, length)), { state: "more" });
  }
  equal(parse(head).state, "request");
  equal(parse(head + "anything").state, "request");
});

Deno.test("HttpRequestReader reads pieces as parseHttpRequest() reads the whole", () => {
  const start = fc.constantFrom("", "GET / HTTP/1.1\r\n", "GET http://b.example/ HTTP/1.0\n");
  const part = fc.constantFrom(...[
    HOST,
    "Host: b",
    "a: ",
    "x",
    " ",
    "é",
    "\r",
    "\n",
    "\r\n",
    "\r\n\r\n",
  ]);
  const cuts = fc.array(fc.nat(20));
  fc.assert(fc.property(start, fc.array(part, { maxLength: 9 }), cuts, (start, parts, cuts) => {
    const whole = bytes(start, ...parts);
    const reader = new HttpRequestReader();
    for (let end = 0, i = 0; end < whole.length; i++) {
      end = Math.min(whole.length, end + (cuts[i] ?? 0) + 1);
      const expected = parseHttpRequest(whole.subarray(0, end));
      deepEqual(reader.push(whole.subarray(0, end)), expected);
      if (expected.state !== "more") return;
    }
  }));
});

Deno.test("HttpRequestReader takes time in proportion to what comes, however little at once", () => {
  const head = bytes(`GET /${"a".repeat(16_000)} HTTP/1.1\r\n`, "a:\n".repeat(4_000), HOST, "\r\n");
  const reader = new HttpRequestReader();
  const began = process.cpuUsage();
  for (let end = 1; end < head.length; end++) {
    equal(reader.push(head.subarray(0, end)).state, "more");
  }
  const { user } = process.cpuUsage(began);
  equal(reader.push(head).state, "request");
  // To read all of it for each byte takes seconds.
  ok(user < 1_000_000, `${user} µs`);
});

Deno.test("parseHttpRequest() never lets a target or host break out of a header", () => {
  const piece = fc.constantFrom(
    ...["GET", " ", "/", "HTTP/1.1", "\r\n", "\n", "\r", "Host", ":", "a.example", "http://"],
    ...["\t", "\0", "[", "]", "::1", "%0d", "?", "#", "@", "\x7f", "\xff", "*", ",", "80"],
  );
  const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
  let requests = 0;
  fc.assert(
    fc.property(text, text, text, (target, host, rest) => {
      const head = bytes(`GET /${target} HTTP/1.1\r\nHost: ${host}\r\n${rest}\r\n\r\n`);
      const result = parseHttpRequest(head);
      if (result.state !== "request") return;
      requests++;
      ok(/^\/[!-~]*$/.test(result.target), result.target);
      ok(/^([a-z0-9._-]+|\[[0-9a-f:]+\])?$/.test(result.host ?? ""), `${result.host}`);
      const url = new URL(`https://${result.host ?? "x"}${result.target}`);
      equal(url.username + url.password, "");
    }),
    { numRuns: 20_000 },
  );
  ok(requests > 100, `only ${requests} requests were made`);
});

Deno.test("parseHttpRequest() is final once it is not more", () => {
  const head = fc.array(
    fc.constantFrom("GET ", "/", " HTTP/1.1", "\r\n", "\n", "Host: a.b", ":", "x", " "),
    { maxLength: 14 },
  ).map((pieces) => pieces.join(""));
  fc.assert(
    fc.property(head, (text) => {
      const final = parse(text);
      for (let length = 0; length < text.length; length++) {
        const early = parse(text.slice(0, length));
        if (early.state !== "more") deepEqual(early, final);
      }
    }),
    { numRuns: 3000 },
  );
});
