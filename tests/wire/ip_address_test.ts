import { deepEqual, equal, ok } from "node:assert/strict";
import process from "node:process";
import { isIPv4, isIPv6 } from "node:net";
import fc from "fast-check";
import { formatIp, mapIp, parseIp, unmapIp } from "../../lib/wire/ip_address.ts";

Deno.test("parseIp() reads what formatIp() writes, in canonical form", async (t) => {
  // RFC 5952 section 4 and its examples.
  const canonical: Record<string, string> = {
    "0.0.0.0": "0.0.0.0",
    "255.255.255.255": "255.255.255.255",
    "192.0.2.7": "192.0.2.7",
    "::": "::",
    "::1": "::1",
    "1::": "1::",
    "0:0:0:0:0:0:0:0": "::",
    "2001:0db8::0001": "2001:db8::1",
    "2001:db8:0:0:0:0:2:1": "2001:db8::2:1",
    "2001:db8::1:1:1:1:1": "2001:db8:0:1:1:1:1:1",
    "2001:0:0:1:0:0:0:1": "2001:0:0:1::1",
    "2001:db8:0:0:1:0:0:1": "2001:db8::1:0:0:1",
    "2001:DB8::AB": "2001:db8::ab",
    "1:2:3:4:5:6:7::": "1:2:3:4:5:6:7:0",
    "::2:3:4:5:6:7:8": "0:2:3:4:5:6:7:8",
    "::ffff:192.0.2.7": "::ffff:c000:207",
    "1:2:3:4:5:6:192.0.2.7": "1:2:3:4:5:6:c000:207",
    "fe80::1%eth0": "fe80::1",
  };
  for (const [text, expected] of Object.entries(canonical)) {
    await t.step(text, () => equal(formatIp(parseIp(text)!), expected));
  }
});

Deno.test("parseIp() refuses other text", async (t) => {
  const texts = [
    "",
    "a",
    "1",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.",
    ".1.2.3",
    "256.0.0.1",
    "01.2.3.4",
    "0x1.2.3.4",
    "1.2.3.4 ",
    "+1.2.3.4",
    "1e1.2.3.4",
    ":",
    ":::",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "::1::",
    ":1::2",
    "1::2:",
    "12345::",
    "g::",
    "::1.2.3.4:5",
    "1.2.3.4::",
    "::1.2.3",
    "::1.2.3.256",
    "1:2:3:4:5:6:7:1.2.3.4",
    "::1%",
    "[::1]",
    "::-1",
    ":: 1",
  ];
  for (const text of texts) await t.step(text, () => equal(parseIp(text), undefined));
});

Deno.test("parseIp() agrees with other implementations", () => {
  fc.assert(fc.property(fc.ipV4(), (text) => {
    equal(formatIp(parseIp(text)!), text);
  }));
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      equal(`[${formatIp(parseIp(text)!)}]`, new URL(`http://[${text}]`).hostname);
    }),
    { numRuns: 1000 },
  );
  const pieces = fc.array(fc.constantFrom(..."0:.a1f25"), { maxLength: 20 });
  fc.assert(
    fc.property(pieces.map((chars) => chars.join("")), (text) => {
      equal(parseIp(text)?.length, isIPv4(text) ? 4 : isIPv6(text) ? 16 : undefined);
    }),
    { numRuns: 20_000 },
  );
});

Deno.test("mapIp() and unmapIp() turn IPv4 into IPv6 and back", () => {
  const v4 = parseIp("192.0.2.7")!;
  deepEqual(mapIp(v4), parseIp("::ffff:192.0.2.7"));
  deepEqual(unmapIp(mapIp(v4)), new Uint8Array(v4));
  for (const text of ["::192.0.2.7", "::fffe:192.0.2.7", "1::ffff:192.0.2.7", "::1"]) {
    const v6 = parseIp(text)!;
    deepEqual(unmapIp(v6), v6);
    deepEqual(mapIp(v6), v6);
  }
});

Deno.test("parseIp() looks at no text that is too long for an address, which could take a second", () => {
  const began = process.cpuUsage();
  equal(parseIp(`:${"%".repeat(20_000)}\n`), undefined);
  const { user } = process.cpuUsage(began);
  ok(user < 100_000, `${user} µs`);
  ok(parseIp("fe80:1111:2222:3333:4444:5555:100.100.100.100%a-name-of-15-cha"));
});
