import { deepEqual } from "node:assert/strict";
import { parseSocks4Request } from "../../lib/wire/socks4.ts";
import { bytes, type Part, u16 } from "./hello_builder.ts";

const LONG = "the SOCKS4 request has a user's name above 64 bytes";

/** As HAProxy sends it to 127.0.0.1:4430, `user` being its own name by default. */
function request(user: Part = "HAProxy", command = 1): Uint8Array<ArrayBuffer> {
  return bytes([4, command], u16(4430), [127, 0, 0, 1], user, [0]);
}

Deno.test("parseSocks4Request() finds the end of a request, wherever it is cut", () => {
  for (const user of ["HAProxy", "", "x".repeat(64)]) {
    const whole = request(user);
    for (let n = 0; n < whole.length; n++) {
      deepEqual(parseSocks4Request(whole.subarray(0, n)), { state: "more" }, `${user} ${n}`);
    }
    const { length } = whole;
    for (const behind of ["", "PROXY UNKNOWN\r\n", [0]]) {
      deepEqual(parseSocks4Request(bytes(whole, behind)), { state: "request", length });
    }
  }
});

Deno.test("parseSocks4Request() leaves everything else to other readers", () => {
  for (const other of ["PROXY TCP4 ", "\r\n\r\n\0", "\x16\x03\x01", [5, 1, 0], "GET / "]) {
    deepEqual(parseSocks4Request(bytes(other)), { state: "none" }, String(other));
  }
});

Deno.test("parseSocks4Request() refuses what it cannot grant, as soon as that shows", () => {
  const cases: [string, Uint8Array, string][] = [
    ["BIND", request("HAProxy", 2), "the SOCKS4 request has the command 2"],
    ["its first bytes", bytes([4, 2]), "the SOCKS4 request has the command 2"],
    ["a name without an end", bytes(request("x".repeat(65))).subarray(0, 73), LONG],
    ["a longer name with one", request("x".repeat(65)), LONG],
  ];
  for (const [what, given, detail] of cases) {
    deepEqual(parseSocks4Request(given), { state: "reject", detail }, what);
  }
});
