import assert from "node:assert/strict";
import { createPowerDns } from "../../../lib/dns/power_dns.ts";
import { makeKeyAndRequest } from "../../../lib/pki/keys.ts";
import { until } from "../../certificate/helpers.ts";
import { memoryStore } from "../../store/helpers.ts";
import { acmeBench, BASE, putTxt } from "./bench.ts";
import { writeZone } from "./zone.ts";

const NAME = `kaylee.${BASE}`;
const RECORD = `_acme-challenge.${NAME}`;

/** An authority that looks after names often, and gives a server that is away up soon. */
async function keepingBench() {
  const it = await acmeBench();
  await writeZone(it.dns, BASE);
  const { store } = memoryStore();
  const claimed = new Set([NAME]);
  const authority = await it.open({
    dns: createPowerDns({ ...it.powerDns, retryForMs: 200 }),
    names: {
      baseDomain: BASE,
      store: store.names,
      claimed: () => Promise.resolve(claimed),
      isClaimed: (name) => Promise.resolve(claimed.has(name)),
      lookEveryMs: 100,
    },
  });
  return { ...it, authority, claimed };
}

Deno.test("a challenge that could not be removed goes as soon as its server is back, and the name with it", async () => {
  await using it = await keepingBench();
  const { authority, claimed, dns } = it;
  authority.names!.start();
  const { csr } = await makeKeyAndRequest([NAME]);
  const steps: string[] = [];
  let away: Promise<void> | undefined;
  await authority.issue({
    csr,
    names: [NAME],
    onStep(step) {
      steps.push(step);
      if (step === "names proven") away = dns.stop();
    },
  });
  await away;
  assert.ok(steps.includes("challenge not removed yet"), steps.join());
  claimed.delete(NAME);
  await authority.names!.settle(NAME);

  await dns.restart();
  assert.equal((await dns.txt(RECORD)).length, 1);
  await until(async () => (await dns.rows(NAME)).length === 0, "nothing of the name in the zone");
});

Deno.test("what a process that is gone left in the DNS goes though no other one starts", async () => {
  await using it = await keepingBench();
  const { authority, dns, stateDir } = it;
  await authority.recovered;
  await putTxt(dns, RECORD, ["left", "somebody else's"]);
  await Deno.writeTextFile(`${stateDir}/acme-challenges/gone.log`, `+ ${RECORD} left\n`);
  authority.names!.start();
  await until(
    async () => `${await dns.txt(RECORD)}` === "somebody else's",
    "the other value alone",
  );
});
