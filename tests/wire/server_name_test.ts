import { deepEqual, equal } from "node:assert/strict";
import { normalizeServerName, readServerName } from "../../lib/wire/server_name.ts";
import { bytes, type Part, vector } from "./hello_builder.ts";

/** The body of a server_name extension with the given entries. */
function list(...entries: Part[]): Uint8Array {
  return vector(2, ...entries);
}

/** An entry of a server_name list. */
function entry(name: Part, type = 0): Uint8Array {
  return bytes([type], vector(2, name));
}

/** A name of `length` characters. */
function longName(length: number): string {
  return "abcdefg.".repeat(40).slice(0, length - 1) + "x";
}

Deno.test("readServerName() brings names into one form", async (t) => {
  const cases: Record<string, string> = {
    "kaylee.example.org": "kaylee.example.org",
    "Kaylee.EXAMPLE.org": "kaylee.example.org",
    "kaylee.example.org.": "kaylee.example.org",
    "localhost": "localhost",
    "a": "a",
    "xn--bcher-kva.example": "xn--bcher-kva.example",
    "_acme.under_score.example": "_acme.under_score.example",
    "-odd-.example": "-odd-.example",
    "1.2.3.4.example": "1.2.3.4.example",
    "1.2.3": "1.2.3",
    "1.2.3.4.5": "1.2.3.4.5",
    "256.1.1.1": "256.1.1.1",
    "01.2.3.4": "01.2.3.4",
    [longName(255)]: longName(255),
  };
  for (const [given, name] of Object.entries(cases)) {
    await t.step(given, () => deepEqual(readServerName(list(entry(given))), { ok: true, name }));
  }
});

Deno.test("readServerName() takes an IP literal for no name", async (t) => {
  const literals = [
    "192.0.2.7",
    "192.0.2.7.",
    "0.0.0.0",
    "[192.0.2.7]",
    "2001:db8::1",
    "2001:DB8::1",
    "[2001:db8::1]",
    "::",
    "::1",
    "::ffff:192.0.2.7",
    "fe80::1%eth0",
    "[fe80::1%25eth0]",
  ];
  for (const literal of literals) {
    await t.step(literal, () => deepEqual(readServerName(list(entry(literal))), { ok: true }));
  }
});

Deno.test("readServerName() takes what no host can be called for a name that is nobody's", async (t) => {
  const names = [
    ".",
    "a.example..",
    "a..example",
    ".example",
    "a b.example",
    "a.example:443",
    "a.example/b",
    "*.example",
    "*",
    "<b>.example",
    "[a.example]",
    "[::1",
    "1:2:3:4:5:6:7:8:9",
    "kaylee@a.example",
    "%00.a.example",
  ];
  for (const name of names) {
    await t.step(name, () => {
      deepEqual(readServerName(list(entry(name.toUpperCase()))), { ok: true, name });
      // A Host field has to be one.
      equal(normalizeServerName(name).ok, false);
    });
  }
});

Deno.test("readServerName() refuses names that cannot be read", async (t) => {
  const names: Record<string, Part> = {
    "empty": "",
    "NUL": "a\0.example",
    "NUL at the end": "a.example\0",
    "BEL": "a\x07.example",
    "DEL": "a\x7f.example",
    "a newline": "a.example\n",
    "colour codes": "a\x1b[31m.example",
    "UTF-8": new TextEncoder().encode("ä.example"),
    "Latin-1": "\xe4.example",
    "256 bytes": longName(256),
    "4,000 bytes": longName(255).repeat(16),
  };
  for (const [what, name] of Object.entries(names)) {
    await t.step(what, () => equal(readServerName(list(entry(name))).ok, false));
  }
});

Deno.test("readServerName() wants exactly one host name", async (t) => {
  const other = entry(Uint8Array.from({ length: 24 }, (_, i) => i), 1);
  const cases: Record<string, [body: Uint8Array, name: string | undefined]> = {
    "another type behind it": [list(entry("a.example"), other), "a.example"],
    "another type before it": [list(other, entry("a.example")), "a.example"],
    "another, empty type behind it": [list(entry("a.example"), entry("", 1)), "a.example"],
    "another type alone": [list(other), undefined],
    "two names": [list(entry("a.example"), entry("www.a.example")), undefined],
    "the same name twice": [list(entry("a.example"), entry("a.example")), undefined],
    "an empty extension": [bytes([]), undefined],
    "one byte": [bytes([0]), undefined],
    "an empty list": [list(), undefined],
    "a type alone": [list([0]), undefined],
    "half a length": [list([0, 0]), undefined],
    "a list shorter than the extension": [bytes(list(entry("e")), "x"), undefined],
    "a byte behind the name": [list(entry("e"), "x"), undefined],
    "a list past the extension": [bytes([0xff, 0xff, 0xff, 0xff]), undefined],
    "a name past the list": [bytes([0, 5], [0, 0, 3], "ab"), undefined],
    "a name that ends before its list": [bytes([0, 5], [0, 0, 1], "ab"), undefined],
    "another type past the list": [list(entry("a.example"), [1, 0, 2, 0]), undefined],
  };
  for (const [what, [body, name]] of Object.entries(cases)) {
    await t.step(what, () => {
      const found = readServerName(body);
      equal(found.ok, name !== undefined);
      if (found.ok) equal(found.name, name);
    });
  }
});

Deno.test("normalizeServerName() leaves its own result as it is", () => {
  for (const name of ["A.Example.", "a-b.example", "x_y"]) {
    const once = normalizeServerName(name);
    deepEqual(once.ok && once.name !== undefined && normalizeServerName(once.name), once);
  }
});
