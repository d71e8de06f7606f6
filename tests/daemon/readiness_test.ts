import assert from "node:assert/strict";
import { readiness } from "../../lib/daemon/readiness.ts";
import { temporaryFolder } from "../certificate/helpers.ts";

const IDENTITY = {
  names: ["glosson.test"],
  notBefore: Date.parse("2026-11-26"),
  notAfter: Date.parse("2027-02-24"),
  selfSigned: false,
};

Deno.test("readiness() is well while everything is, and the certificate good by the clock", async () => {
  await using folder = temporaryFolder();
  const well = { identity: IDENTITY, failing: [], stateDir: folder.path, now: IDENTITY.notBefore };
  const cases: [changes: Partial<typeof well>, problem: RegExp | undefined][] = [
    [{}, undefined],
    [{ now: IDENTITY.notAfter - 1 }, undefined],
    [{ now: IDENTITY.notAfter }, /^the certificate ended at .*order a new one, or set the clock$/],
    [{ now: IDENTITY.notBefore - 1 }, /^the certificate begins at .*clock; set the clock$/],
    [{ identity: { ...IDENTITY, selfSigned: true } }, /^the certificate is self-signed$/],
    [
      { stateDir: `${folder.path}/none` },
      /^the state folder cannot be written: its folder is gone;/,
    ],
  ];
  for (const [changes, problem] of cases) {
    const wrong = readiness({ ...well, ...changes }).filter(({ ok }) => !ok);
    assert.equal(wrong.length, problem === undefined ? 0 : 1);
    if (problem !== undefined) assert.match(wrong[0]!.detail!, problem);
  }
  assert.deepEqual(readiness({ ...well, failing: ["hub", "data"] })[0], {
    name: "listeners",
    ok: false,
    detail: "cannot accept on hub, data",
  });
});
