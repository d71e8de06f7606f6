import {
  encodeProxyV2,
  MAX_PROXY_HEADER_BYTES,
  parseProxyHeader,
  type SocketAddress,
} from "../../lib/wire/proxy_protocol.ts";
import { joined, mutate } from "./mutate.ts";
import { judgePrefix } from "./prefix.ts";
import type { Random } from "./random.ts";

const encoder = new TextEncoder();

function anyEnd(random: Random): SocketAddress {
  const groups = Array.from({ length: 8 }, () => random.below(0x10000).toString(16));
  const address = random.once(2)
    ? Array.from({ length: 4 }, () => random.below(256)).join(".")
    : groups.map((group) => random.once(2) ? "0" : group).join(":");
  return { address, port: random.below(0x10000) };
}

/** A header of version 1 as text, not always a right one. */
function anyV1(random: Random): Uint8Array {
  const [source, destination] = [anyEnd(random), anyEnd(random)];
  const words = [
    "PROXY",
    random.pick(["TCP4", "TCP6", "UNKNOWN"]),
    source.address,
    destination.address,
    source.port,
    destination.port,
  ];
  return encoder.encode(`${words.join(" ")}\r\n`);
}

function anyV2(random: Random): Uint8Array {
  const ends = { source: anyEnd(random), destination: anyEnd(random) };
  const header = encodeProxyV2(random.once(8) ? undefined : ends);
  const tlvs = Uint8Array.from({ length: random.below(20) }, () => random.below(256));
  header[15]! += tlvs.length;
  return joined(header, tlvs);
}

/** The bytes of a case: a header, damaged most of the time, and something behind it. */
export function proxyCase(random: Random): Uint8Array {
  const header = random.once(2) ? anyV1(random) : anyV2(random);
  const bytes = joined(header, encoder.encode("\x16\x03\x01 and so on"));
  return random.once(3) ? bytes : mutate(bytes, random, [anyV1(random), anyV2(random)]);
}

/** What is wrong with the reading of some bytes; nothing when all is well. */
export function judgeProxy(bytes: Uint8Array, random: Random): string | undefined {
  const whole = parseProxyHeader(bytes);
  const text = JSON.stringify(whole);
  const wrong = judgePrefix(parseProxyHeader, bytes, random);
  if (wrong !== undefined) return wrong;
  if (whole.state === "more") {
    return bytes.length < MAX_PROXY_HEADER_BYTES ? undefined : "it wants more than the limit";
  }
  if (whole.state === "reject") return undefined;
  const { length, addresses } = whole;
  if (length > bytes.length || length > MAX_PROXY_HEADER_BYTES) return `it has ${length} bytes`;
  if (parseProxyHeader(bytes.subarray(0, length - 1)).state !== "more") {
    return "it is complete before its end";
  }
  if (addresses === undefined) return undefined;
  const again = parseProxyHeader(encodeProxyV2(addresses));
  const same = again.state === "header" &&
    JSON.stringify(again.addresses) === JSON.stringify(addresses);
  return same ? undefined : `written again it is ${JSON.stringify(again)}, not ${text}`;
}
