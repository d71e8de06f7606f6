import assert from "node:assert/strict";
import { unfitness } from "../../../lib/pki/identity.ts";
import { startRelayCertificate } from "../../../lib/certificate/relay_certificate.ts";
import { linesOf } from "../../../lib/net/lines.ts";
import { sleep } from "../../../lib/net/pause.ts";
import { recordedLog, temporaryFolder, until } from "../../certificate/helpers.ts";
import { type AcmeBench, acmeBench, BASE } from "./bench.ts";

const KILLS = 200;

/** An order takes a second, and many of them where the machine is busy: this is for one that stands still. */
const CERTIFICATE_MS = 60_000;

/** Lanes run beside each other: names and folder of their own, the servers in common. */
const LANES = 4;

const PROGRAM = new URL("renewing_program.ts", import.meta.url).pathname;

Deno.test(`kill -9 at ${KILLS} moments of an issuance: the next start is clean and valid`, async () => {
  await using it = await acmeBench();
  const found = { resumed: 0, cleaned: 0, stored: 0 };
  await Promise.all(
    Array.from({ length: LANES }, (_, lane) => runLane(it, `lane${lane}.${BASE}`, found)),
  );
  // That the kills hit orders at all, before and after the challenge was written.
  assert.ok(found.resumed > 0 && found.cleaned > 0 && found.stored > 0, JSON.stringify(found));
});

async function runLane(
  it: AcmeBench,
  base: string,
  found: { resumed: number; cleaned: number; stored: number },
): Promise<void> {
  await using folder = temporaryFolder();
  const stateDir = folder.path;
  const names = [base, `*.${base}`];
  // A little longer than an order takes here and now, so that kills hit each of its steps.
  const longestMs = 1.2 * await orderTime(it, stateDir, names);
  for (let kill = 0; kill < KILLS / LANES; kill++) {
    // Every other time there is no certificate to fall back on.
    if (kill % 2) await Deno.remove(`${stateDir}/relay.pem`).catch(() => {});
    await killedRun(it, stateDir, names, () => sleep(Math.random() * longestMs));

    const log = recordedLog();
    const authority = await it.open({
      stateDir,
      onNote: (note) => void (found.cleaned += Number(/stale .* removed$/.test(note))),
    });
    await authority.recovered;
    assert.deepEqual(await it.dns.txt(`_acme-challenge.${base}`), []);
    const relay = await startRelayCertificate({
      authority,
      names,
      stateDir,
      log,
      onChange: () => {},
      tickMs: 10,
    });
    if (!relay.current().selfSigned) found.stored++;
    await until(() => !relay.current().selfSigned, "a certificate", CERTIFICATE_MS);
    assert.equal(unfitness(relay.current(), { names, now: Date.now() }), undefined);
    await until(() => !relay.status().ordering, "the end of the order");
    // What the kill left under way is finished, not begun anew.
    await relay.renewNow();
    await relay.stop();
    assert.deepEqual(log.lines.filter(({ level }) => level === "error"), []);
    if (/order found again/.test(log.text())) found.resumed++;
    assert.deepEqual(await it.dns.txt(`_acme-challenge.${base}`), []);
    assert.deepEqual([...Deno.readDirSync(`${stateDir}/acme-orders`)], []);
    await assert.rejects(Deno.stat(`${stateDir}/relay-next.pem`), Deno.errors.NotFound);
    await authority.close();
    assert.deepEqual([...Deno.readDirSync(`${stateDir}/acme-challenges`)].map((f) => f.name), [
      "lock",
    ]);
  }
}

/** How long it takes from the start to a certificate, milliseconds. */
async function orderTime(it: AcmeBench, stateDir: string, names: string[]): Promise<number> {
  let took = 0;
  await killedRun(it, stateDir, names, async (said) => {
    const startedAt = performance.now();
    assert.equal((await said.next()).value, "renewed");
    took = performance.now() - startedAt;
  });
  return took;
}

/** Runs the program, and kills it once `until` has resolved, which may hear what it says from its start on. */
async function killedRun(
  it: AcmeBench,
  stateDir: string,
  names: string[],
  until: (said: AsyncGenerator<string>) => Promise<void>,
): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--allow-all", "--no-check", PROGRAM],
      JSON.stringify({ options: { ...it.options, stateDir }, powerDns: it.powerDns, names }),
    ],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const said = linesOf(child.stdout);
  assert.equal((await said.next()).value, "started");
  await until(said);
  child.kill("SIGKILL");
  await said.return("");
  await child.stderr.cancel();
  await child.status;
}
