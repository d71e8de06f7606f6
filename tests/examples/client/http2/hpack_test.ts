import assert from "node:assert/strict";
import { ConnectionError } from "../../../../examples/client/http2/frames.ts";
import { HpackDecoder } from "../../../../examples/client/http2/hpack_decoder.ts";
import { encodeHeaders } from "../../../../examples/client/http2/hpack_encoder.ts";
import { decodeHuffman } from "../../../../examples/client/http2/huffman.ts";
import { STATIC_TABLE } from "../../../../examples/client/http2/static_table.ts";

const LIMIT = 65_536;

function bytes(hex: string): Uint8Array {
  return Uint8Array.fromHex(hex.replace(/\s/g, ""));
}

/** Blocks of one connection and what they say: RFC 7541, appendix C. */
const EXAMPLES: [string, [block: string, fields: [string, string][]][]][] = [
  ["C.3, requests", [
    [
      "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
      [[":method", "GET"], [":scheme", "http"], [":path", "/"], [":authority", "www.example.com"]],
    ],
    [
      "8286 84be 5808 6e6f 2d63 6163 6865",
      [
        ...[[":method", "GET"], [":scheme", "http"], [":path", "/"]] as [string, string][],
        [":authority", "www.example.com"],
        ["cache-control", "no-cache"],
      ],
    ],
  ]],
  ["C.4, requests in Huffman code", [
    [
      "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
      [[":method", "GET"], [":scheme", "http"], [":path", "/"], [":authority", "www.example.com"]],
    ],
    [
      "8286 84be 5886 a8eb 1064 9cbf",
      [
        ...[[":method", "GET"], [":scheme", "http"], [":path", "/"]] as [string, string][],
        [":authority", "www.example.com"],
        ["cache-control", "no-cache"],
      ],
    ],
    [
      "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
      [
        ...[[":method", "GET"], [":scheme", "https"], [":path", "/index.html"]] as [
          string,
          string,
        ][],
        [":authority", "www.example.com"],
        ["custom-key", "custom-value"],
      ],
    ],
  ]],
];

for (const [what, blocks] of EXAMPLES) {
  Deno.test(`HpackDecoder reads the examples of RFC 7541, ${what}`, () => {
    const decoder = new HpackDecoder(LIMIT);
    for (const [block, fields] of blocks) {
      assert.deepEqual(decoder.decode(bytes(block)), { fields, tooLarge: false });
    }
  });
}

Deno.test("HpackDecoder lets go of the oldest fields once its table is full", () => {
  const decoder = new HpackDecoder(LIMIT);
  const long = "v".repeat(2_000);
  const add = (name: string): Uint8Array => {
    const literal = encodeHeaders([[name, long]]);
    // With incremental indexing.
    literal[0] = 0x40;
    return literal;
  };
  decoder.decode(add("a"));
  decoder.decode(add("b"));
  decoder.decode(add("c"));
  assert.deepEqual(decoder.decode(Uint8Array.of(0x80 | 62)).fields, [["c", long]]);
  // Two of 2,033 bytes fit into 4,096, the third has taken the first one's place.
  assert.deepEqual(decoder.decode(Uint8Array.of(0x80 | 63)).fields, [["b", long]]);
  assert.throws(() => decoder.decode(Uint8Array.of(0x80 | 64)), ConnectionError);
});

const BROKEN: [string, string][] = [
  ["index 0", "80"],
  ["an index beyond the table", "ff80 01"],
  ["a number without an end", "ffff ffff ffff ff"],
  ["a string that is cut off", "0005 6162"],
  ["a block that ends within a field", "40"],
  ["a table larger than allowed", "3fff 7f"],
  ["a size of the table behind a field", "8220"],
  ["padding of zeros", "0081 0000"],
  ["the code for the end of a string", "0084 ffff ffff"],
];

for (const [what, block] of BROKEN) {
  Deno.test(`HpackDecoder refuses ${what}`, () => {
    assert.throws(() => new HpackDecoder(LIMIT).decode(bytes(block)), ConnectionError);
  });
}

Deno.test("HpackDecoder keeps no more than the limit, and gives up far above it", () => {
  const decoder = new HpackDecoder(1_000);
  const fields = Array.from({ length: 30 }, (_, i): [string, string] => [`f${i}`, "v".repeat(100)]);
  const { fields: kept, tooLarge } = decoder.decode(encodeHeaders(fields));
  assert.equal(tooLarge, true);
  assert.equal(kept.length, 9);
  const bomb = encodeHeaders(Array.from({ length: 300 }, () => ["f", "v".repeat(100)] as const));
  assert.throws(() => decoder.decode(bomb), /far too large/);
});

Deno.test("encodeHeaders() makes what HpackDecoder reads, whatever the bytes", () => {
  const fields: [string, string][] = [
    [":status", "200"],
    [":status", "299"],
    ["content-type", "text/html"],
    ["x-any", String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i))],
    ["x-empty", ""],
    ["x-long", "y".repeat(40_000)],
    ...STATIC_TABLE.map(([name, value]): [string, string] => [name, value]),
  ];
  assert.deepEqual(new HpackDecoder(LIMIT * 2).decode(encodeHeaders(fields)).fields, fields);
});

Deno.test("decodeHuffman() takes no more than it may", () => {
  // Five bits each, 00011.
  const eight = bytes("18c6 318c 63");
  assert.equal(decodeHuffman(eight, 8), "a".repeat(8));
  assert.equal(decodeHuffman(eight, 7), undefined);
});
