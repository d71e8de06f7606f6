import assert from "node:assert/strict";
import { readAuthorization, readDirectory, readRenewalInfo } from "../../lib/acme/objects.ts";

const DIRECTORY = { newNonce: "https://ca.test/nonce", newOrder: "https://ca.test/order" };

Deno.test("readDirectory() takes a directory whatever it says besides, and no identity that is no name", () => {
  const { meta } = readDirectory({
    ...DIRECTORY,
    meta: {
      termsOfService: 7,
      caaIdentities: ["ca.example.", "", "a_b.example", 7, "ca.example"],
      externalAccountRequired: "yes",
      profiles: { classic: { description: "for all" } },
    },
  });
  assert.deepEqual(meta?.caaIdentities, ["ca.example"]);
  assert.deepEqual(Object.keys(meta?.profiles ?? {}), ["classic"]);
  assert.equal(meta?.termsOfService, undefined);
  assert.equal(meta?.externalAccountRequired, undefined);
  for (const meta of [null, 7, "text", [], { caaIdentities: "ca.example", profiles: [7] }]) {
    const read = readDirectory({ ...DIRECTORY, renewalInfo: 7, meta });
    assert.equal(read.newOrder, DIRECTORY.newOrder);
    assert.equal(read.renewalInfo, undefined);
    assert.equal(read.meta?.caaIdentities, undefined);
  }
  assert.throws(() => readDirectory({ newOrder: DIRECTORY.newOrder }), /directory .*: newNonce/);
});

Deno.test("readAuthorization() takes a challenge whose token is odd as one without", () => {
  const challenge = { url: "https://ca.test/1", status: "pending" };
  const { challenges } = readAuthorization({
    ...{ status: "pending", identifier: { type: "dns", value: "kaylee.glosson.test" } },
    challenges: [
      { ...challenge, type: "odd-01", token: { a: 1 } },
      { ...challenge, type: "odd-02", token: "../x" },
      { ...challenge, type: "dns-01", token: "good" },
    ],
  });
  assert.deepEqual(challenges.map(({ token }) => token), [undefined, undefined, "good"]);
});

Deno.test("readRenewalInfo() does without an explanation that is too long", () => {
  const suggestedWindow = { start: "2026-01-01T00:00:00Z", end: "2026-01-02T00:00:00Z" };
  const explanationURL = `https://ca.test/${"x".repeat(2048)}`;
  assert.equal(readRenewalInfo({ suggestedWindow, explanationURL }).explanationURL, undefined);
});
