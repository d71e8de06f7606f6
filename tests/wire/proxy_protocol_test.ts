import { deepEqual, equal, ok, throws } from "node:assert/strict";
import fc from "fast-check";
import {
  encodeProxyV2,
  MAX_PROXY_HEADER_BYTES,
  normalizeAddress,
  parseProxyHeader,
  type ProxyAddresses,
} from "../../lib/wire/proxy_protocol.ts";
import { bytes, hello, type Part, u16, vector } from "./hello_builder.ts";

const SIGNATURE = "\r\n\r\n\0\r\nQUIT\n";

/** Addresses out of `address port` texts. */
function addresses(source: string, destination: string): ProxyAddresses {
  const [from, to] = [source, destination].map((text) => {
    const [address = "", port] = text.split(" ");
    return { address, port: Number(port) };
  });
  return { source: from!, destination: to! };
}

/** A version 2 header. */
function v2(command: number, family: number, ...block: Part[]): Uint8Array<ArrayBuffer> {
  return bytes(SIGNATURE, [command, family], vector(2, ...block));
}

const V4 = addresses("192.0.2.7 50000", "198.51.100.1 443");
const V4_BLOCK = bytes([192, 0, 2, 7], [198, 51, 100, 1], u16(50_000), u16(443));

Deno.test("encodeProxyV2() writes version 2 headers", () => {
  deepEqual(encodeProxyV2(V4), v2(0x21, 0x11, V4_BLOCK));
  deepEqual(encodeProxyV2(undefined), v2(0x20, 0));
  const v6 = encodeProxyV2(addresses("2001:db8::1 1", "::2 65535"));
  const ends = [[0x20, 0x01, 0x0d, 0xb8], new Uint8Array(11), [1], new Uint8Array(15), [2]];
  deepEqual(v6, v2(0x21, 0x21, ...ends, u16(1), u16(65_535)));
});

Deno.test("encodeProxyV2() makes both addresses of one family", () => {
  const cases: [given: ProxyAddresses, length: number][] = [
    [addresses("::ffff:192.0.2.7 1", "198.51.100.1 2"), 28],
    [addresses("::ffff:192.0.2.7 1", "::ffff:198.51.100.1 2"), 28],
    [addresses("192.0.2.7 1", "2001:db8::1 2"), 52],
    [addresses("2001:db8::1 1", "192.0.2.7 2"), 52],
  ];
  for (const [given, length] of cases) {
    const header = encodeProxyV2(given);
    equal(header.length, length);
    const normal = Object.fromEntries(
      Object.entries(given).map(([end, { address, port }]) => [
        end,
        { address: normalizeAddress(address), port },
      ]),
    );
    deepEqual(parseProxyHeader(header), { state: "header", length, addresses: normal });
  }
});

Deno.test("encodeProxyV2() throws at what it cannot write", () => {
  for (const text of ["localhost 1", " 1", "[::1] 1", "1.2.3 1"]) {
    throws(() => encodeProxyV2(addresses(text, "::1 1")), TypeError);
    throws(() => encodeProxyV2(addresses("::1 1", text)), TypeError);
  }
  for (const text of ["::1 65536", "::1 -1", "::1 1.5", "::1 x"]) {
    throws(() => encodeProxyV2(addresses(text, "::1 1")), RangeError);
  }
});

Deno.test("parseProxyHeader() reads headers and leaves what follows", async (t) => {
  const tlv = bytes([0x02], vector(2, "kaylee.example.org"));
  const crc = bytes([0x03], vector(2, [1, 2, 3, 4]));
  const cases: Record<string, [header: Uint8Array, addresses: ProxyAddresses | undefined]> = {
    "v2 TCP4": [v2(0x21, 0x11, V4_BLOCK), V4],
    "v2 TCP4 with TLVs": [v2(0x21, 0x11, V4_BLOCK, tlv, crc, [0xee], vector(2)), V4],
    "v2 TCP6": [
      v2(0x21, 0x21, new Uint8Array(15), [1], new Uint8Array(15), [2], u16(3), u16(4)),
      addresses("::1 3", "::2 4"),
    ],
    "v2 TCP6 with an IPv4-mapped address": [
      v2(
        0x21,
        0x21,
        ...[new Uint8Array(10), [255, 255, 192, 0, 2, 7], new Uint8Array(15), [2], u16(3), u16(4)],
      ),
      addresses("192.0.2.7 3", "::2 4"),
    ],
    "v2 LOCAL": [v2(0x20, 0), undefined],
    "v2 LOCAL with a family and TLVs": [v2(0x20, 0x11, V4_BLOCK, tlv), undefined],
    "v2 LOCAL with an unknown family": [v2(0x20, 0xff), undefined],
    "v2 UNSPEC": [v2(0x21, 0x00, tlv), undefined],
    "v2 Unix socket": [v2(0x21, 0x31, new Uint8Array(216)), undefined],
    "v2 UDP": [v2(0x21, 0x12, V4_BLOCK), undefined],
    "v2 of the longest size": [
      v2(0x21, 0x11, V4_BLOCK, new Uint8Array(MAX_PROXY_HEADER_BYTES - 28)),
      V4,
    ],
    "v1 TCP4": [bytes("PROXY TCP4 192.0.2.7 198.51.100.1 50000 443\r\n"), V4],
    "v1 TCP6": [
      bytes("PROXY TCP6 2001:DB8::1 ::ffff:192.0.2.7 0 65535\r\n"),
      addresses("2001:db8::1 0", "192.0.2.7 65535"),
    ],
    "v1 of the longest size": [
      bytes(`PROXY TCP6 ${"ffff:".repeat(7)}ffff ${"ffff:".repeat(7)}ffff 65535 65535\r\n`),
      addresses(`${"ffff:".repeat(7)}ffff 65535`, `${"ffff:".repeat(7)}ffff 65535`),
    ],
    "v1 UNKNOWN": [bytes("PROXY UNKNOWN\r\n"), undefined],
    "v1 UNKNOWN with more": [
      bytes(`PROXY UNKNOWN ${"ffff:".repeat(7)}ffff ${"ffff:".repeat(7)}ffff 65535 65535\r\n`),
      undefined,
    ],
  };
  for (const [what, [header, told]] of Object.entries(cases)) {
    await t.step(what, () => {
      const expected = told === undefined ? {} : { addresses: told };
      const result = { state: "header", length: header.length, ...expected };
      deepEqual(parseProxyHeader(header), result);
      deepEqual(parseProxyHeader(bytes(header, hello())), result);
      for (let length = 0; length < header.length; length++) {
        deepEqual(parseProxyHeader(header.subarray(0, length)), { state: "more" });
      }
    });
  }
});

Deno.test("parseProxyHeader() refuses as soon as the bytes prove it", async (t) => {
  const cases: Record<string, [header: Uint8Array, final: number]> = {
    "a ClientHello": [hello(), 1],
    "HTTP": [bytes("GET / HTTP/1.1\r\n"), 1],
    "HTTP that begins like version 1": [bytes("POST / HTTP/1.1\r\n"), 2],
    "another signature": [bytes("\r\n\r\n\0\r\nQUIT\r"), 12],
    "version 1 in version 2's form": [v2(0x11, 0x11, V4_BLOCK), 13],
    "an unknown command": [v2(0x22, 0x11, V4_BLOCK), 13],
    "an unknown family": [v2(0x21, 0x41, V4_BLOCK), 16],
    "an unknown transport": [v2(0x21, 0x13, V4_BLOCK), 16],
    "no room for IPv4": [v2(0x21, 0x11, V4_BLOCK.subarray(1)), 16],
    "no room for IPv6": [v2(0x21, 0x21, new Uint8Array(35)), 16],
    "a version 2 header too long": [v2(0x20, 0, new Uint8Array(MAX_PROXY_HEADER_BYTES - 15)), 16],
    "the longest length": [bytes(SIGNATURE, [0x20, 0, 0xff, 0xff]), 16],
    "version 1 without an end": [bytes("PROXY UNKNOWN ".padEnd(200, "x")), 107],
    "a version 1 header of 108 bytes": [bytes("PROXY UNKNOWN ".padEnd(106, "x"), "\r\n"), 107],
    "LF without CR": [bytes("PROXY TCP4 192.0.2.7 198.51.100.1 50000 443\n"), 44],
    "lower case": [bytes("proxy TCP4 192.0.2.7 198.51.100.1 50000 443\r\n"), 1],
  };
  const lines = [
    "TCP4 192.0.2.7 198.51.100.1 50000",
    "TCP4 192.0.2.7 198.51.100.1 50000 443 ",
    "TCP4  192.0.2.7 198.51.100.1 50000 443",
    "TCP4 192.0.2.7 198.51.100.1 50000 443 x",
    "TCP4 192.0.2.7 198.51.100.1 65536 443",
    "TCP4 192.0.2.7 198.51.100.1 50000 65536",
    "TCP4 192.0.2.7 198.51.100.1 050000 443",
    "TCP4 192.0.2.7 198.51.100.1 -1 443",
    "TCP4 192.0.2.7 198.51.100.1 0x1 443",
    "TCP4 192.0.2.256 198.51.100.1 1 443",
    "TCP4 192.0.2.7 ::1 50000 443",
    "TCP4 ::ffff:192.0.2.7 ::ffff:192.0.2.7 50000 443",
    "TCP6 192.0.2.7 198.51.100.1 50000 443",
    "TCP6 ::1 1:2 50000 443",
    "TCP5 ::1 ::2 50000 443",
    "UDP4 192.0.2.7 198.51.100.1 50000 443",
    "UNKNOWNX",
    "",
  ];
  for (const line of lines) {
    const header = bytes(`PROXY ${line}\r\n`);
    cases[JSON.stringify(line)] = [header, header.length];
  }
  for (const [what, [header, final]] of Object.entries(cases)) {
    await t.step(what, () => {
      const result = parseProxyHeader(header.subarray(0, final));
      equal(result.state, "reject");
      deepEqual(parseProxyHeader(header.subarray(0, final - 1)), { state: "more" });
      equal(parseProxyHeader(header).state, "reject");
    });
  }
});

Deno.test("parseProxyHeader() reads what encodeProxyV2() writes", () => {
  const end = fc.record({
    address: fc.oneof(fc.ipV4(), fc.ipV6()),
    port: fc.integer({ min: 0, max: 65_535 }),
  });
  fc.assert(
    fc.property(end, end, (source, destination) => {
      const result = parseProxyHeader(encodeProxyV2({ source, destination }));
      ok(result.state === "header" && result.addresses !== undefined);
      const { source: from, destination: to } = result.addresses;
      deepEqual(from, { address: normalizeAddress(source.address), port: source.port });
      deepEqual(to, { address: normalizeAddress(destination.address), port: destination.port });
    }),
    { numRuns: 2000 },
  );
});

Deno.test("normalizeAddress() brings addresses into one form", () => {
  const cases: Record<string, string> = {
    "192.0.2.7": "192.0.2.7",
    "::ffff:192.0.2.7": "192.0.2.7",
    "::FFFF:C000:0207": "192.0.2.7",
    "2001:0DB8:0::1": "2001:db8::1",
    "fe80::1%lo": "fe80::1",
    "not an address": "not an address",
  };
  for (const [given, expected] of Object.entries(cases)) {
    equal(normalizeAddress(given), expected);
  }
});
