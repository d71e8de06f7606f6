import assert from "node:assert/strict";
import { newCode, newSecret, systemRandom } from "../../lib/wire/random_secret.ts";

Deno.test("newCode() makes codes that are one word and easy to copy", () => {
  const codes = new Set<string>();
  for (let i = 0; i < 200; i++) codes.add(newCode(systemRandom));
  assert.equal(codes.size, 200);
  for (const code of codes) assert.match(code, /^glosson-[b-df-hj-kmnp-tv-xz2-9]{12}$/);
});

Deno.test("newCode() drops bytes that would favour some characters", () => {
  const rounds = [new Uint8Array(12).fill(255), new Uint8Array(12).fill(242)];
  const code = newCode((bytes) => bytes.set(rounds.shift() ?? []));
  assert.equal(code, "glosson-999999999999");
});

Deno.test("newSecret() is base64url of 192 random bits", () => {
  assert.equal(newSecret((bytes) => bytes.fill(255)), "_".repeat(32));
  assert.notEqual(newSecret(systemRandom), newSecret(systemRandom));
});
