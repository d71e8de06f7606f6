/** A header or trailer field: the name in the case it came in, the value one character a byte. */
export type Field = readonly [name: string, value: string];

/**
 * Without the spaces and tabs at both ends; other white space is no such of HTTP's.
 *
 * Not by an expression: `[ \t]+$` looks at each run of blanks from each of its places, for seconds where a
 * visitor sends 60,000 of them.
 */
export function trimmed(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isBlank(value, start)) start++;
  while (start < end && isBlank(value, end - 1)) end--;
  return value.slice(start, end);
}

function isBlank(value: string, at: number): boolean {
  return value[at] === " " || value[at] === "\t";
}

/** The values of every field of this name (in lower case), in their order. */
export function valuesOf(fields: readonly Field[], name: string): string[] {
  return fields.filter(([n]) => n.toLowerCase() === name).map(([, value]) => value);
}

/** The members of a list field (RFC 9110 section 5.6.1), in lower case. */
export function listOf(fields: readonly Field[], name: string): string[] {
  return valuesOf(fields, name)
    .flatMap((value) => value.split(","))
    .map((member) => trimmed(member).toLowerCase())
    .filter((member) => member !== "");
}

/** The fields whose name (in lower case) is not dropped. */
export function without(fields: readonly Field[], drop: (name: string) => boolean): Field[] {
  return fields.filter(([name]) => !drop(name.toLowerCase()));
}

/** Fields that belong to one connection and are not passed on (RFC 9110 section 7.6.1). */
const OF_ONE_CONNECTION = new Set([
  "connection",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
]);

/** The trailers that are passed on: none of one connection, none that frames (RFC 9110 section 6.5.1). */
export function endToEndTrailers(trailers: readonly Field[]): Field[] {
  return without(endToEnd(trailers), (name) => name === "content-length");
}

/** The fields without those of this connection, be it by their name or because `Connection` says so. */
export function endToEnd(fields: readonly Field[]): Field[] {
  const named = new Set(listOf(fields, "connection"));
  return without(fields, (name) => OF_ONE_CONNECTION.has(name) || named.has(name));
}

/** The fields of an answer with a date, from which caches count how old it is (RFC 9110 section 6.6.1). */
export function dated(fields: Field[]): Field[] {
  if (valuesOf(fields, "date").length > 0) return fields;
  return [...fields, ["Date", new Date().toUTCString()]];
}
