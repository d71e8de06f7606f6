import { equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { parseClientHello } from "../../lib/wire/client_hello.ts";
import { helloSteps } from "../../lib/wire/hello_message.ts";
import { checkCuts, readPieces, sameHello } from "./cuts.ts";
import {
  alpn,
  extension,
  hello,
  helloBody,
  message,
  records,
  serverName,
} from "./hello_builder.ts";

Deno.test("ClientHelloReader gives one answer at every pair of cuts", async (t) => {
  const hellos: Record<string, Uint8Array> = {
    "a plain hello": hello(),
    "no extension block": hello({ extensions: null }),
    "a long name": hello({ extensions: [serverName("a.".repeat(120) + "example.org")] }),
    "the name last": hello({
      extensions: [alpn("h2", "http/1.1"), extension(21, new Uint8Array(200)), serverName("a.b")],
    }),
    "many small extensions": hello({
      extensions: [
        ...Array.from({ length: 40 }, (_, i) => extension(0x1000 + i)),
        serverName("kaylee.example.org"),
      ],
    }),
    "three records already": records(message(helloBody()), [4, 77]),
  };
  for (const [what, bytes] of Object.entries(hellos)) {
    await t.step(what, () => ok(checkCuts(bytes) >= bytes.length * (bytes.length - 3) / 2));
  }
});

/** Bodies of extensions that the reader does not look into. */
const otherExtension = fc.tuple(
  fc.integer({ min: 0, max: 0xffff }).filter((type) => ![0, 16, 0xfe0d].includes(type)),
  fc.uint8Array({ maxLength: 60 }),
);

const label = fc.string({
  unit: fc.constantFrom(..."abcdefghijklmnopqrstuvwxyzABCDEF0123456789-_"),
  minLength: 1,
  maxLength: 20,
});

/** Names that end in a letter, so that none is an IP address. */
const hostName = fc.tuple(fc.array(label, { maxLength: 4 }), label)
  .map(([labels, last]) => [...labels, `${last}x`].join("."));

/** A random hello with what must be found in it. */
const anyHello = fc.record({
  name: fc.option(hostName, { nil: undefined }),
  protocols: fc.array(fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 12 }), {
    maxLength: 4,
  }),
  others: fc.uniqueArray(otherExtension, { selector: ([type]) => type, maxLength: 12 }),
  place: fc.nat(),
  sessionId: fc.uint8Array({ maxLength: 32 }),
  suites: fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 1, maxLength: 40 }),
}).map(({ name, protocols, others, place, sessionId, suites }) => {
  const extensions = others.map(([type, body]) => extension(type, body));
  const known = [
    ...name === undefined ? [] : [serverName(name)],
    ...protocols.length === 0 ? [] : [alpn(...protocols)],
  ];
  for (const one of known) extensions.splice(place % (extensions.length + 1), 0, one);
  const cipherSuites = suites.flatMap((suite) => [suite >> 8, suite & 0xff]);
  const content = message(helloBody({ sessionId, cipherSuites, extensions }));
  return { content, serverName: name?.toLowerCase(), alpn: protocols };
});

const anyCuts = fc.array(fc.nat(), { maxLength: 12 });

/** Turns random numbers into sorted, different cuts inside `length`. */
function cutsIn(length: number, numbers: number[]): number[] {
  return [...new Set(numbers.map((n) => 1 + n % (length - 1)))].sort((a, b) => a - b);
}

function pieces(content: Uint8Array, cuts: number[]): Uint8Array[] {
  return [0, ...cuts].map((from, i) => content.subarray(from, cuts[i] ?? content.length));
}

Deno.test("ClientHelloReader finds name and ALPN in any hello, cut in any way", () => {
  fc.assert(
    fc.property(anyHello, anyCuts, anyCuts, (built, recordNumbers, readNumbers) => {
      const raw = records(built.content, cutsIn(built.content.length, recordNumbers));
      const result = readPieces(pieces(raw, cutsIn(raw.length, readNumbers)));
      ok(result.state === "hello", JSON.stringify(result));
      equal(result.serverName, built.serverName);
      equal(result.alpn.join(), built.alpn.join());
      equal(result.length, raw.length);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("ClientHelloReader gives one answer to damaged hellos, cut in any way", () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
    minLength: 1,
    maxLength: 3,
  });
  fc.assert(
    fc.property(anyHello, anyCuts, damage, anyCuts, (built, recordNumbers, patches, cuts) => {
      const raw = records(built.content, cutsIn(built.content.length, recordNumbers));
      for (const [at, value] of patches) raw[at % raw.length] = value;
      const whole = parseClientHello(raw);
      const cut = readPieces(pieces(raw, cutsIn(raw.length, cuts)));
      ok(sameHello(cut, whole), `${JSON.stringify(cut)} but ${JSON.stringify(whole)}`);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("helloSteps() looks at each byte a bounded number of times", () => {
  for (const extensions of [[], Array.from({ length: 2000 }, (_, i) => extension(0x2000 + i))]) {
    const content = message(helloBody({ extensions: [...extensions, serverName("a.example")] }));
    let looks = 0;
    const counting = new Proxy(content, {
      get(target, property) {
        if (typeof property === "string" && /^\d+$/.test(property)) looks++;
        const value = Reflect.get(target, property, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const input = { bytes: counting, received: 0 };
    const steps = helloSteps(input, content.length);
    while (input.received < content.length) {
      input.received++;
      const step = steps.next();
      equal(step.done, input.received === content.length);
    }
    ok(looks <= 2 * content.length, `${looks} looks at ${content.length} bytes`);
  }
});

Deno.test("ClientHelloReader reads 64 KiB that come byte by byte", () => {
  const padding = extension(21, new Uint8Array(65_000));
  const content = message(helloBody({ extensions: [padding, serverName("a.example")] }));
  const raw = records(content, [16_384, 32_768, 49_152]);
  const result = readPieces(Array.from(raw, (byte) => Uint8Array.of(byte)));
  equal(result.state === "hello" && result.serverName, "a.example");
});
