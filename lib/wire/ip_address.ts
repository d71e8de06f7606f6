/** Longest text that is looked at: 45 of an address, and a zone, which is 15 on Linux. */
const MAX_CHARACTERS = 100;

/**
 * Reads an IP address from text: 4 bytes for IPv4, 16 for IPv6, nothing for any other text.
 *
 * IPv4 is four decimal numbers without leading zeros; IPv6 is RFC 4291 section 2.2 in any of its
 * spellings. A zone (`%eth0`) is dropped: it means nothing on another machine.
 */
export function parseIp(text: string): Uint8Array<ArrayBuffer> | undefined {
  // Anybody may send what is taken for one: to look for a zone in very much takes long.
  if (text.length > MAX_CHARACTERS) return undefined;
  return text.includes(":") ? parseIpv6(text.replace(/%.+$/, "")) : parseIpv4(text);
}

/** Writes an address of 4 or 16 bytes as text, IPv6 in the canonical form of RFC 5952 section 4. */
export function formatIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(i * 2));
  const run = longestZeroRun(groups);
  const hex = groups.map((group) => group.toString(16));
  // RFC 5952 section 4.2.2: a single zero group is not shortened.
  if (run.length < 2) return hex.join(":");
  return `${hex.slice(0, run.start).join(":")}::${hex.slice(run.start + run.length).join(":")}`;
}

/** A host or an address with its port, an IPv6 address in brackets (RFC 3986 section 3.2.2). */
export function withPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The 4 bytes inside an IPv4-mapped IPv6 address (`::ffff:a.b.c.d`), else the address itself. */
export function unmapIp(bytes: Uint8Array): Uint8Array {
  const mapped = bytes.length === 16 && bytes[10] === 0xff && bytes[11] === 0xff &&
    bytes.subarray(0, 10).every((byte) => byte === 0);
  return mapped ? bytes.subarray(12) : bytes;
}

/** The 16 bytes of an IPv4 address as an IPv4-mapped IPv6 one; an IPv6 address stays itself. */
export function mapIp(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 16) return bytes;
  const mapped = new Uint8Array(16);
  mapped.fill(0xff, 10, 12);
  mapped.set(bytes, 12);
  return mapped;
}

/** By hand: every visitor's address is read some times, and expressions take microseconds. */
function parseIpv4(text: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = new Uint8Array(4);
  let at = 0;
  for (let part = 0; part < 4; part++) {
    const start = at;
    let value = 0;
    for (; at < text.length; at++) {
      const digit = text.charCodeAt(at) - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    const length = at - start;
    const leadingZero = length > 1 && text[start] === "0";
    if (length < 1 || length > 3 || leadingZero || value > 255) return undefined;
    bytes[part] = value;
    if (part < 3 && text[at++] !== ".") return undefined;
  }
  return at === text.length ? bytes : undefined;
}

function parseIpv6(text: string): Uint8Array<ArrayBuffer> | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => half === "" ? [] : half.split(":"));
  const last = halves.length === 2 ? tail : head;
  if (last.at(-1)?.includes(".")) {
    const v4 = parseIpv4(last.pop()!);
    if (v4 === undefined) return undefined;
    const [a, b, c, d] = v4 as Uint8Array & [number, number, number, number];
    last.push((a << 8 | b).toString(16), (c << 8 | d).toString(16));
  }
  const given = head.length + tail.length;
  // "::" stands for at least one group.
  if (halves.length === 2 ? given > 7 : given !== 8) return undefined;
  const groups = [...head, ...Array<string>(8 - given).fill("0"), ...tail];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  const bytes = new Uint8Array(16);
  groups.forEach((group, i) => new DataView(bytes.buffer).setUint16(i * 2, parseInt(group, 16)));
  return bytes;
}

function longestZeroRun(groups: number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let length = 0;
  groups.forEach((group, i) => {
    length = group === 0 ? length + 1 : 0;
    if (length > best.length) best = { start: i + 1 - length, length };
  });
  return best;
}
