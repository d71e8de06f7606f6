import { Buffer } from "node:buffer";
import type { Field } from "../http/fields.ts";
import { STATIC_TABLE } from "./static_table.ts";

/** Index by name, and by name and value. */
const NAMES = new Map<string, number>();
const FIELDS = new Map<string, number>();
STATIC_TABLE.forEach(([name, value], i) => {
  if (!NAMES.has(name)) NAMES.set(name, i + 1);
  FIELDS.set(`${name}\n${value}`, i + 1);
});

/** Says ahead of a header block that the dynamic table has no room (RFC 7541 section 6.3). */
export const NO_TABLE = Uint8Array.of(0x20);

/**
 * A header block (RFC 7541): with the static table alone, so that it depends on none before it. What
 * that costs is some bytes an answer; what it saves is a table a visitor.
 *
 * @param fields names in lower case, values one character a byte.
 */
export function encodeHeaders(fields: readonly Field[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const [name, value] of fields) {
    const whole = FIELDS.get(`${name}\n${value}`);
    if (whole !== undefined) {
      parts.push(integer(0x80, 7, whole));
      continue;
    }
    const index = NAMES.get(name) ?? 0;
    parts.push(integer(0, 4, index));
    if (index === 0) parts.push(...string(name));
    parts.push(...string(value));
  }
  return Buffer.concat(parts);
}

function string(text: string): Uint8Array[] {
  const bytes = Buffer.from(text, "latin1");
  return [integer(0, 7, bytes.length), bytes];
}

/** A number behind the high bits of its first byte (section 5.1). */
function integer(high: number, prefix: number, value: number): Uint8Array {
  const full = (1 << prefix) - 1;
  if (value < full) return Uint8Array.of(high | value);
  const bytes = [high | full];
  for (value -= full; value >= 0x80; value = Math.floor(value / 0x80)) {
    bytes.push(value & 0x7f | 0x80);
  }
  return Uint8Array.from([...bytes, value]);
}
