import assert from "node:assert/strict";
import { readChain } from "../../../lib/pki/identity.ts";
import { opensslRequest, temporaryFolder, until } from "../../certificate/helpers.ts";
import { openRelayApi } from "./api.ts";
import { BASE } from "./bench.ts";
import { startAcmeDaemon } from "./daemon.ts";
import { pollNames } from "./dns_poller.ts";
import { standsIn, writeSets, writeZone } from "./zone.ts";

const ASK_EVERY_MS = 10;
const KAYLEE = `kaylee.${BASE}`;

Deno.test("names below a user's are in the DNS while they are in the certificate, and the user's own always", async () => {
  const users = new Map([["kaylee", ""], ["zoe", ""], ["river", ""]]);
  await using daemon = await startAcmeDaemon({
    users,
    authzReuse: 100,
    prepare: ({ dns }) => writeZone(dns, BASE),
    settings: { NAMES_BELOW: "2", CERTIFICATES_PER_DAY: "20", CERTIFICATES_PER_WEEK: "6" },
  });
  const { dns } = daemon.it;
  await using folder = temporaryFolder();
  await daemon.logged("certificate in use");
  await using api = await openRelayApi(daemon);
  const token = users.get("kaylee")!;
  const request = async (labels: string[], key?: "rsa-2048") => {
    const names = [KAYLEE, ...labels.map((label) => `${label}.${KAYLEE}`)];
    const san = names.map((name) => `DNS:${name}`).join();
    return (await opensslRequest(folder.path, { san, ...(key && { key }) })).csr;
  };
  const certified = async (labels: string[], key?: "rsa-2048") => {
    const chain = await api.ready(token, await api.order(token, await request(labels, key)));
    const { names } = await readChain(chain);
    assert.deepEqual(
      names.toSorted(),
      [KAYLEE, ...labels.map((label) => `${label}.${KAYLEE}`)].sort(),
    );
  };
  const inZone = (...hosts: string[]) =>
    hosts.flatMap((host) => [`${host}. A 127.0.0.9`, `${host}. AAAA ::9`]).sort();
  const stands = (...hosts: string[]) =>
    until(
      async () => {
        const sets = await standsIn(dns, BASE, KAYLEE);
        return JSON.stringify(sets) === JSON.stringify(inZone(...hosts));
      },
      `${hosts.join(" and ")} alone in the zone`,
    );

  {
    await using poller = pollNames(dns.dnsPort, [KAYLEE], ASK_EVERY_MS);
    await certified(["app", "www"]);
    await stands(KAYLEE, `app.${KAYLEE}`, `www.${KAYLEE}`);
    await certified(["app", "www"], "rsa-2048");
    // The names of a user's certificate are that user's, and no more of them than the setting says.
    const zoe = users.get("zoe")!;
    await assert.rejects(api.order(zoe, await request(["app"])), /400 .*name only DNS:zoe\./);
    await assert.rejects(
      api.order(token, await request(["a", "b", "c"])),
      /names 3 names below kaylee\.glosson\.test: name 2 at most/,
    );

    await using below = pollNames(dns.dnsPort, [`www.${KAYLEE}`], ASK_EVERY_MS);
    await certified(["www"]);
    await stands(KAYLEE, `www.${KAYLEE}`);
    // Where the wildcard leads, they lead, too.
    await daemon.restart("SIGTERM", () => writeSets(dns, BASE, [`*.${BASE}`, "AAAA", "::8"]));
    await until(
      async () => {
        const sets = await standsIn(dns, BASE, KAYLEE);
        return sets.filter((set) => set.endsWith(" AAAA ::8")).length === 2;
      },
      "the wildcard's new address at both names",
    );
    await writeSets(dns, BASE, [`*.${BASE}`, "AAAA", "::9"]);
    await below.stop();
    assert.deepEqual(below.unanswered, []);
    // Also where the server holds them for proven, and asks for no challenge.
    await certified(["app", "www"]);
    await stands(KAYLEE, `app.${KAYLEE}`, `www.${KAYLEE}`);
    await certified([]);
    await stands(KAYLEE);
    await poller.stop();
    assert.deepEqual(poller.unanswered, []);
    assert.ok(poller.answered > 100, String(poller.answered));
  }

  // Three sets of names were new ones: of six in a week no more are one user's, others have theirs, and renewals are free.
  await certified(["www"]);
  const river = users.get("river")!;
  const rivers = async () => (await opensslRequest(folder.path, { san: `DNS:river.${BASE}` })).csr;
  await api.ready(river, await api.order(river, await rivers()));
  const waiting = await api.order(token, await request(["git"]));
  const { status, position } = await api.call("GET", `/v1/certificates/${waiting}`, { token });
  assert.deepEqual({ status, position }, { status: "pending", position: 1 });

  await api.call("DELETE", "/v1/account", { token });
  await until(async () => (await dns.rows(KAYLEE)).length === 0, "an empty zone");
  await using after = pollNames(dns.dnsPort, [KAYLEE, `www.${KAYLEE}`], ASK_EVERY_MS);
  await until(() => after.answered > 20, "answers by the wildcard");
  assert.deepEqual(after.unanswered, []);
});
