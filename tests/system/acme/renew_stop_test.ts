import assert from "node:assert/strict";
import { until } from "../../certificate/helpers.ts";
import { BASE } from "./bench.ts";
import { startAcmeDaemon } from "./daemon.ts";
import { visitOnce } from "./visitor.ts";

const CHALLENGE = `_acme-challenge.${BASE}`;

/** From Ctrl-C to the end of the command. */
const STOP_WITHIN_MS = 1_000;

Deno.test("cert renew beside a running relay ends at Ctrl-C, and the relay's order does not", async () => {
  await using daemon = await startAcmeDaemon({ sleepS: 2 });
  const { it, ports } = daemon;
  await daemon.logged("certificate in use");
  const before = await visitOnce(ports.hub!, BASE);
  assert.match(before.issuer, /Pebble/);

  const process = daemon.spawn("cert", "renew", "--force");
  const output = process.output();
  await until(async () => (await it.dns.txt(CHALLENGE)).length > 0, "a challenge");
  const signalledAt = performance.now();
  process.kill("SIGINT");
  const { code, stdout } = await output;
  const tookMs = performance.now() - signalledAt;
  assert.equal(code, 130);
  assert.match(
    new TextDecoder().decode(stdout),
    /^= left \(why: stopped by SIGINT, while: .*hint: the relay goes on with the order\)$/m,
  );
  assert.ok(tookMs < STOP_WITHIN_MS, `${Math.round(tookMs)} ms`);

  assert.equal((await visitOnce(ports.hub!, BASE)).serial, before.serial);
  await until(
    async () => (await visitOnce(ports.hub!, BASE)).serial !== before.serial,
    "the new certificate",
    30_000,
  );
  await until(async () => (await it.dns.txt(CHALLENGE)).length === 0, "no challenge is left");
});
