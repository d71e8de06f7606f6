import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { encodeValue, readValue, typeNumber } from "../../lib/dns/rfc2136/rdata.ts";

/** Values as zone files have them, and their RDATA. */
const VALUES: [type: string, value: string, hex: string][] = [
  ["A", "192.0.2.1", "c0000201"],
  ["AAAA", "2001:db8::1", "20010db8000000000000000000000001"],
  ["AAAA", "::9", "00000000000000000000000000000009"],
  ["CNAME", "relay.example.", "0572656c6179076578616d706c6500"],
  ["MX", "10 mail.example.", "000a046d61696c076578616d706c6500"],
  ["MX", "0 .", "000000"],
  ["SRV", "1 2 443 a.b.", "0001000201bb0161016200"],
  ["TXT", '"v=spf1 -all"', "0b763d73706631202d616c6c"],
  ["TXT", '"a\\"b\\\\c" "\\009\\255" ""', "056122625c630209ff00"],
  ["CAA", '0 issue "ca.test; x=y"', "000569737375656361" + "2e746573743b20783d79"],
  ["CAA", '128 iodef ";"', "8005696f6465663b"],
  ["HTTPS", "\\# 10 00010000010003026832", "00010000010003026832"],
  ["TYPE65280", "\\# 0", ""],
];

for (const [type, value, hex] of VALUES) {
  Deno.test(`encodeValue() and readValue() have ${type} ${value} as ${hex}`, () => {
    assert.equal(encodeValue(type, value).toString("hex"), hex);
    assert.equal(readBack(type, Buffer.from(hex, "hex")), value);
  });
}

Deno.test("encodeValue() and readValue() keep every text", () => {
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 255 }), { minLength: 1 }), (texts) => {
    const rdata = Buffer.concat(texts.map((text) => Buffer.from([text.length, ...text])));
    assert.deepEqual(encodeValue("TXT", readBack("TXT", rdata)), rdata);
  }));
});

for (
  const [type, value] of [["A", "1.2.3"], ["CNAME", "a..b."], ["CNAME", "no-dot"], ["LUA", "x"]]
) {
  Deno.test(`encodeValue() refuses ${value} as a ${type} record`, () => {
    assert.throws(() => encodeValue(type!, value!));
  });
}

/** The value of a record of that RDATA. */
function readBack(type: string, rdata: Buffer): string {
  const message = Buffer.concat([Buffer.alloc(2), rdata]);
  message.writeUInt16BE(rdata.length);
  const record = { name: "a.test", type: typeNumber(type), ttl: 60, start: 0 };
  return readValue(message, { ...record, rdataStart: 2, rdataEnd: message.length });
}
