import assert from "node:assert/strict";
import { unfitness } from "../../../lib/pki/identity.ts";
import { startRelayCertificate } from "../../../lib/certificate/relay_certificate.ts";
import { recordedLog, temporaryFolder, until } from "../../certificate/helpers.ts";
import { type AcmeBench, acmeBench, BASE } from "./bench.ts";

const KILLS = 200;

/** An order takes a second, and many of them where the machine is busy: this is for one that stands still. */
const CERTIFICATE_MS = 60_000;

/** Lanes run beside each other: names and folder of their own, the servers in common. */
const LANES = 4;

/** Longer than an order takes here, so that kills hit each of its steps. */
const LONGEST_RUN_MS = 400;

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
  for (let kill = 0; kill < KILLS / LANES; kill++) {
    // Every other time there is no certificate to fall back on.
    if (kill % 2) await Deno.remove(`${stateDir}/relay.pem`).catch(() => {});
    await killedRun(it, stateDir, names);

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

async function killedRun(it: AcmeBench, stateDir: string, names: string[]): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--allow-all", "--no-check", PROGRAM],
      JSON.stringify({ options: { ...it.options, stateDir }, powerDns: it.powerDns, names }),
    ],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  assert.equal(new TextDecoder().decode(value), "started\n");
  await new Promise((resolve) => setTimeout(resolve, Math.random() * LONGEST_RUN_MS));
  child.kill("SIGKILL");
  await reader.cancel();
  await child.stderr.cancel();
  await child.status;
}
